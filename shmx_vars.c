/*
 * Floor 2: named variables. See shmx_vars.h, and docs/log.md for the argument behind every order of stores.
 *
 * A writer holds the guard, works on local copies of the window and the counts, and makes a change visible in one way
 * only: commit() writes down the words that the change will leave, arms the note, stores them, disarms it. Recovery
 * stores them again. What is not in a note is either one store that is right by itself (a number replaced in place) or
 * lies beyond head where nobody looks.
 *
 * Nothing loaded from the segment is believed: offsets must lie in the window and fall along a chain, sizes must fit in
 * front of head, places must lie in the payload. A writer that finds otherwise says so in the root, and writers refuse
 * until the segment is cleared. Nothing here allocates.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shmx_vars.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "shmx_crash.h"
#include "shmx_guard.h"
#include "shmx_racing.h"

#define SHMX_NANOSECONDS INT64_C(1000000000)

/* Expiry as a record holds it: these two, or the moment at which it is over. */
#define SHMX_EXPIRY_NEVER INT64_C(0)
#define SHMX_EXPIRY_EVICTABLE INT64_MAX

/*
 * A put looks at no more than this many times its own bytes at tail beyond what it must: the pace of the cleaning. The
 * sixteenth of the log that permanent records must leave (SHMX_VARS_SLACK) is gained back in a lap at that pace with as
 * much again to spare.
 */
#define SHMX_VARS_PACE 32u
#define SHMX_VARS_SLACK 16u

/*
 * How many bytes of entries that were read may be spared for each byte that was given up; how much of the log's size may
 * be saved up of that; and how many times its own bytes one put spares at most.
 */
#define SHMX_VARS_SPARE 4u
#define SHMX_VARS_SPARE_SAVED 8u
#define SHMX_VARS_SPARE_AT_ONCE 32u

/*
 * Conflicts with writers after which a reader lets others run; after which it gives up if it has waited as long as for the
 * guard, for a scribbler's chain may be as long as the log; and after which it gives up in any case.
 */
#define SHMX_VARS_PATIENCE 64u
#define SHMX_VARS_TIMED 3u
#define SHMX_VARS_ATTEMPTS 100000u

/* Laps of the log by which the end of a walk over the keys may recede before it is told to take the guard. */
#define SHMX_VARS_WALK_LAPS 4u

/* Every put copies the counts three times: without a loop, if the compiler can. */
#if defined(__GNUC__) || defined(__clang__)
#define SHMX_UNROLLED _Pragma("GCC unroll 8")
#else
#define SHMX_UNROLLED
#endif

/* Where everything lies: made for each call, from the kernel's sizes. */
typedef struct {
	shmx_segment *segment;
	shmx_vars_root *root;
	shmx_vars_group *groups;
	uint64_t group_count;
	shmx_log log;
	/* A writer's own copies, below. */
	shmx_log_window window;
	uint64_t published_tail;
	uint64_t counts[SHMX_VARS_COUNTS];
	int64_t now; /* 0 until the clock was asked */
} shmx_vars;

/* A key ready for comparing. */
typedef struct {
	const void *bytes;
	size_t length;
	uint64_t name;
} shmx_vars_name;

/* Where a key's record is, or would be linked. */
typedef struct {
	_Atomic uint64_t *bucket;
	uint64_t first;          /* what the bucket holds */
	shmx_record *record;     /* NULL: the key is not there, and what follows is not set */
	_Atomic uint64_t *place; /* the word that leads to the record: the bucket, or the link of a newer one */
	uint64_t offset;
	uint64_t size;
	uint64_t form;
	uint64_t link;
	int64_t expiry;
} shmx_vars_spot;

/* What commit() stores beside window and counts. */
typedef struct {
	uint64_t task;
	uint64_t link_place;
	uint64_t link_value;
	uint64_t unlink_place;
	uint64_t unlink_value;
	uint64_t mark_place;
	uint64_t mark_value;
	uint64_t smaller_class;
	uint64_t smaller_count;
	uint64_t larger_class;
	uint64_t larger_count;
} shmx_vars_change;

static const shmx_vars_change no_change = {
	.task = SHMX_VARS_TASK_CHANGE,
	.link_place = SHMX_VARS_NO_PLACE,
	.unlink_place = SHMX_VARS_NO_PLACE,
	.mark_place = SHMX_VARS_NO_PLACE,
	.smaller_class = SHMX_VARS_CLASSES,
	.larger_class = SHMX_VARS_CLASSES,
};

static int64_t to_nanoseconds(struct timespec time)
{
	return (int64_t) time.tv_sec * SHMX_NANOSECONDS + time.tv_nsec;
}

/*
 * CLOCK_BOOTTIME, good to a tick of a few milliseconds. The coarse clock is read in a fraction of its time and moves with
 * every tick; as long as it stands, so does what was read before.
 */
static int64_t clock_boottime(void)
{
	static _Thread_local int64_t tick, at_tick;
	struct timespec now;
	int64_t coarse;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	coarse = to_nanoseconds(now);
	if (coarse != tick) {
		clock_gettime(CLOCK_BOOTTIME, &now);
		at_tick = to_nanoseconds(now);
		tick = coarse;
	}
	return at_tick;
}

int64_t (*shmx_vars_clock)(void) = clock_boottime;

/* A segment too small for an index and a log has neither, and log.size is 0. */
static inline void look_at(shmx_vars *vars, shmx_segment *segment)
{
	uint64_t payload = segment->payload_size;
	uint64_t groups = payload / SHMX_VARS_BYTES_PER_GROUP;
	uint64_t index;

	if (groups == 0) {
		groups = payload >= sizeof(shmx_vars_group) + SHMX_RECORD_HEADER;
	}
	index = groups * sizeof(shmx_vars_group);
	vars->segment = segment;
	vars->root = (shmx_vars_root *) (void *) segment->header->root;
	vars->groups = (shmx_vars_group *) (void *) segment->payload;
	vars->group_count = groups;
	shmx_log_view(&vars->log, &vars->root->log, segment->payload + index, groups == 0 ? 0 : payload - index);
}

/*
 * PHP's string hash changes its low bits most and an integer key is no hash at all, so both are spread over 32 bits. 31
 * bits go in: a 32-bit PHP's hashes agree with a 64-bit one's in those.
 */
static inline uint32_t mix(uint64_t hash)
{
	uint64_t mixed = (hash & UINT64_C(0x7fffffff)) * UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t) (mixed >> 32);
}

static inline shmx_vars_name name_of(const shmx_key *key)
{
	return (shmx_vars_name){ key->bytes, key->length, shmx_record_name(key->length, mix(key->hash)) };
}

static inline shmx_vars_group *group_of(const shmx_vars *vars, uint32_t hash, unsigned int *slot)
{
	uint64_t spread = hash * vars->group_count;

	*slot = (unsigned int) (((spread & UINT32_MAX) * SHMX_VARS_GROUP_BUCKETS) >> 32);
	return &vars->groups[spread >> 32];
}

static inline _Atomic uint64_t *bucket_of(const shmx_vars *vars, uint32_t hash)
{
	unsigned int slot;
	shmx_vars_group *group = group_of(vars, hash, &slot);

	return &group->bucket[slot];
}

static inline unsigned char touched_bit(uint32_t hash)
{
	return (unsigned char) (1u << (hash & 7));
}

static int64_t now(shmx_vars *vars)
{
	if (vars->now == 0) {
		vars->now = shmx_vars_clock();
	}
	return vars->now;
}

static inline bool is_over(shmx_vars *vars, int64_t expiry)
{
	return expiry != SHMX_EXPIRY_NEVER && expiry != SHMX_EXPIRY_EVICTABLE && expiry <= now(vars);
}

static int64_t expiry_of(shmx_vars *vars, int64_t ttl)
{
	int64_t begun;

	if (ttl == SHMX_TTL_PERMANENT) {
		return SHMX_EXPIRY_NEVER;
	}
	if (ttl == SHMX_TTL_EVICTABLE) {
		return SHMX_EXPIRY_EVICTABLE;
	}
	if (ttl < 0) {
		/* Misuse that the face refuses; here it is over before it begins, and never by chance what "never" is. */
		return 1;
	}
	begun = now(vars);
	/* Three hundred years from now is never, but not by name. */
	if (ttl > (SHMX_EXPIRY_EVICTABLE - 1 - begun) / SHMX_NANOSECONDS) {
		return SHMX_EXPIRY_EVICTABLE - 1;
	}
	return begun + ttl * SHMX_NANOSECONDS;
}

/* --- size classes ----------------------------------------------------------------------------- */

/* Sizes are counted in eights of bytes; up to 15 of them each has a class of its own. */
static unsigned int class_of(uint64_t size)
{
	uint64_t units = size / 8;
	unsigned int power;

	if (units < 8) {
		return (unsigned int) units;
	}
	power = 63u - (unsigned int) __builtin_clzll(units) - 3u;
	return power * 8 + (unsigned int) (units >> power);
}

/* The largest size of a class. */
static uint64_t class_bound(uint64_t class)
{
	if (class < 16) {
		return class * 8;
	}
	return (((class % 8 + 9) << (class / 8 - 1)) - 1) * 8;
}

/* No permanent record is larger than this. */
static uint64_t largest_permanent(const shmx_vars *vars)
{
	return vars->counts[SHMX_VARS_LARGEST] == 0 ? 0 : class_bound(vars->counts[SHMX_VARS_LARGEST] - 1);
}

static uint32_t class_count(const shmx_vars *vars, unsigned int class)
{
	/* Relaxed, as all that follows without a word: the guard orders it between writers, and only they look. */
	return atomic_load_explicit(&vars->root->classes[class], memory_order_relaxed);
}

/* A permanent record of `smaller` bytes goes and one of `larger` bytes comes; 0 is none. */
static void change_classes(shmx_vars *vars, shmx_vars_change *change, uint64_t smaller, uint64_t larger)
{
	unsigned int going = smaller == 0 ? SHMX_VARS_CLASSES : class_of(smaller);
	unsigned int coming = larger == 0 ? SHMX_VARS_CLASSES : class_of(larger);
	uint64_t largest = vars->counts[SHMX_VARS_LARGEST];

	if (going == coming) {
		return;
	}
	if (coming < SHMX_VARS_CLASSES) {
		change->larger_class = coming;
		change->larger_count = class_count(vars, coming) + 1u;
		if (largest < coming + 1) {
			largest = coming + 1;
		}
	}
	if (going < SHMX_VARS_CLASSES) {
		change->smaller_class = going;
		change->smaller_count = class_count(vars, going) - 1u;
		if (change->smaller_count == 0 && largest == going + 1) {
			do {
				largest--;
			} while (largest > 0 && largest != coming + 1 && class_count(vars, (unsigned int) largest - 1) == 0);
		}
	}
	vars->counts[SHMX_VARS_LARGEST] = largest;
}

/* --- the intent ------------------------------------------------------------------------------- */

static uint64_t place_of(const shmx_vars *vars, const _Atomic uint64_t *word)
{
	return (uint64_t) ((const unsigned char *) word - vars->segment->payload);
}

static _Atomic uint64_t *word_at(const shmx_vars *vars, uint64_t place)
{
	return (_Atomic uint64_t *) (void *) (vars->segment->payload + place);
}

static inline void store(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static inline uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit((_Atomic uint64_t *) word, memory_order_relaxed);
}

/*
 * What a dead writer stored, its heir sees whole: what a process has executed reaches memory whether it lives or not. So
 * against death only the order in which the compiler puts the stores matters.
 */
static inline void in_this_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static void write_intent(shmx_vars *vars, const shmx_vars_change *change)
{
	shmx_vars_intent *intent = &vars->root->intent;

	in_this_order();
	store(&intent->head, vars->window.head);
	store(&intent->lap_end, vars->window.lap_end);
	store(&intent->tail, vars->window.tail);
	store(&intent->link_place, change->link_place);
	store(&intent->link_value, change->link_value);
	store(&intent->unlink_place, change->unlink_place);
	store(&intent->unlink_value, change->unlink_value);
	store(&intent->mark_place, change->mark_place);
	store(&intent->mark_value, change->mark_value);
	store(&intent->smaller_class, change->smaller_class);
	store(&intent->smaller_count, change->smaller_count);
	store(&intent->larger_class, change->larger_class);
	store(&intent->larger_count, change->larger_count);
	SHMX_UNROLLED
	for (int i = 0; i < SHMX_VARS_COUNTS; i++) {
		store(&intent->counts[i], vars->counts[i]);
	}
	SHMX_CRASH_POINT("vars: intent written");
	in_this_order();
	store(&intent->task, change->task);
	in_this_order();
	SHMX_CRASH_POINT("vars: intent armed");
}

static void empty_classes(shmx_vars *vars)
{
	for (unsigned int i = 0; i < SHMX_VARS_CLASSES; i++) {
		atomic_store_explicit(&vars->root->classes[i], 0, memory_order_relaxed);
	}
	SHMX_CRASH_POINT("vars: classes emptied");
}

/* Tail is stored first, so that no bucket leads anywhere while the rest is made. */
static void empty_index(shmx_vars *vars)
{
	shmx_log_pass(&vars->log, &vars->window);
	SHMX_CRASH_POINT("vars: tail beyond everything");
	for (uint64_t i = 0; i < vars->group_count; i++) {
		for (unsigned int slot = 0; slot < SHMX_VARS_GROUP_BUCKETS; slot++) {
			store(&vars->groups[i].bucket[slot], 0);
		}
	}
	store(&vars->root->credit, vars->log.size / SHMX_VARS_SPARE_SAVED);
	store(&vars->root->damaged, 0);
	SHMX_CRASH_POINT("vars: index emptied");
}

static void store_counts(shmx_vars *vars, const shmx_vars_change *change)
{
	/* Without a time for reading them together: whoever shows figures takes each as it is. */
	SHMX_UNROLLED
	for (int i = 0; i < SHMX_VARS_COUNTS; i++) {
		store(&vars->root->counts[i], vars->counts[i]);
	}
	SHMX_CRASH_POINT("vars: counts stored");
	if (change->smaller_class < SHMX_VARS_CLASSES) {
		atomic_store_explicit(
			&vars->root->classes[change->smaller_class], (uint32_t) change->smaller_count, memory_order_relaxed);
		SHMX_CRASH_POINT("vars: smaller class stored");
	}
	if (change->larger_class < SHMX_VARS_CLASSES) {
		atomic_store_explicit(
			&vars->root->classes[change->larger_class], (uint32_t) change->larger_count, memory_order_relaxed);
		SHMX_CRASH_POINT("vars: larger class stored");
	}
}

/* Can be done twice, from anywhere in its middle. */
static void perform(shmx_vars *vars, const shmx_vars_change *change)
{
	if (change->task != SHMX_VARS_TASK_CHANGE) {
		empty_classes(vars);
	}
	if (change->task == SHMX_VARS_TASK_RESET) {
		empty_index(vars);
	}
	store_counts(vars, change);
	shmx_log_publish(&vars->log, &vars->window);
	SHMX_CRASH_POINT("vars: head published");
	if (change->link_place != SHMX_VARS_NO_PLACE) {
		/* Release: a reader that comes by this bucket (acquire) sees the whole record. */
		atomic_store_explicit(word_at(vars, change->link_place), change->link_value, memory_order_release);
		SHMX_CRASH_POINT("vars: linked");
	}
	if (change->unlink_place != SHMX_VARS_NO_PLACE) {
		/* Release: a reader that misses the old record by this link (acquire) sees that the bucket has changed. */
		atomic_store_explicit(word_at(vars, change->unlink_place), change->unlink_value, memory_order_release);
		SHMX_CRASH_POINT("vars: unlinked");
	}
	if (change->mark_place != SHMX_VARS_NO_PLACE) {
		/* Release: a walk over the keys that skips the old record (acquire) sees a head beyond the new one. */
		atomic_store_explicit(word_at(vars, change->mark_place), change->mark_value, memory_order_release);
		SHMX_CRASH_POINT("vars: marked dead");
	}
	if (vars->window.tail != vars->published_tail) {
		shmx_log_pass(&vars->log, &vars->window);
		vars->published_tail = vars->window.tail;
		SHMX_CRASH_POINT("vars: tail passed");
	}
}

static void disarm(shmx_vars *vars)
{
	in_this_order();
	store(&vars->root->intent.task, SHMX_VARS_TASK_NONE);
	in_this_order();
	SHMX_CRASH_POINT("vars: intent disarmed");
}

static void commit(shmx_vars *vars, const shmx_vars_change *change)
{
	write_intent(vars, change);
	perform(vars, change);
	disarm(vars);
}

static bool is_place(const shmx_vars *vars, uint64_t place)
{
	return place == SHMX_VARS_NO_PLACE
		|| ((place & 7) == 0 && shmx_segment_contains(vars->segment, place, sizeof(uint64_t)));
}

/* False when the intent cannot be a writer's. */
static bool read_intent(shmx_vars *vars, shmx_vars_change *change)
{
	const shmx_vars_intent *intent = &vars->root->intent;

	change->task = load(&intent->task);
	vars->window.head = load(&intent->head);
	vars->window.lap_end = load(&intent->lap_end);
	vars->window.tail = load(&intent->tail);
	change->link_place = load(&intent->link_place);
	change->link_value = load(&intent->link_value);
	change->unlink_place = load(&intent->unlink_place);
	change->unlink_value = load(&intent->unlink_value);
	change->mark_place = load(&intent->mark_place);
	change->mark_value = load(&intent->mark_value);
	change->smaller_class = load(&intent->smaller_class);
	change->smaller_count = load(&intent->smaller_count);
	change->larger_class = load(&intent->larger_class);
	change->larger_count = load(&intent->larger_count);
	SHMX_UNROLLED
	for (int i = 0; i < SHMX_VARS_COUNTS; i++) {
		vars->counts[i] = load(&intent->counts[i]);
	}
	return change->task <= SHMX_VARS_TASK_RESET && is_place(vars, change->link_place)
		&& is_place(vars, change->unlink_place) && is_place(vars, change->mark_place);
}

void shmx_vars_recover(shmx_segment *segment)
{
	shmx_vars vars;
	shmx_vars_change change;

	if (shmx_segment_kind(segment) != SHMX_KIND_VARIABLES) {
		return;
	}
	look_at(&vars, segment);
	if (vars.log.size == 0 || load(&vars.root->intent.task) == SHMX_VARS_TASK_NONE) {
		return;
	}
	if (!read_intent(&vars, &change)) {
		store(&vars.root->damaged, 1);
		disarm(&vars);
		return;
	}
	SHMX_CRASH_POINT("vars: recovery begun");
	vars.published_tail = load(&vars.root->log.tail);
	perform(&vars, &change);
	disarm(&vars);
}

/* --- entering as a writer --------------------------------------------------------------------- */

static shmx_status damaged(shmx_vars *vars)
{
	store(&vars->root->damaged, 1);
	return SHMX_E_DAMAGED;
}

static shmx_status prepare(shmx_segment *segment)
{
	shmx_vars vars;

	/* The index of a blank segment is zero already, as is the root. */
	look_at(&vars, segment);
	store(&vars.root->credit, vars.log.size / SHMX_VARS_SPARE_SAVED);
	shmx_log_prepare(&vars.log);
	return SHMX_OK;
}

/* The first thing in every call: the identity, and where everything lies. */
static shmx_status begin(shmx_vars *vars, shmx_segment *segment)
{
	shmx_status status = shmx_segment_check(segment);

	if (status == SHMX_OK) {
		look_at(vars, segment);
		vars->now = 0;
	}
	return status;
}

/* With the guard held: what every change must know. SHMX_E_DAMAGED when it cannot be. */
static shmx_status load_window(shmx_vars *vars)
{
	/* A task with the guard free is what a scribbler leaves: not to be mistaken for the next writer's. */
	if (load(&vars->root->intent.task) != SHMX_VARS_TASK_NONE) {
		return damaged(vars);
	}
	if (vars->log.size == 0 || load(&vars->root->damaged) != 0 || !shmx_log_load(&vars->log, &vars->window)) {
		return SHMX_E_DAMAGED;
	}
	vars->published_tail = load(&vars->root->log.tail);
	return SHMX_OK;
}

/* What every change but one in place must know as well. */
static shmx_status load_counts(shmx_vars *vars)
{
	SHMX_UNROLLED
	for (int i = 0; i < SHMX_VARS_COUNTS; i++) {
		vars->counts[i] = load(&vars->root->counts[i]);
	}
	if (vars->counts[SHMX_VARS_LIVE_BYTES] > shmx_log_used(&vars->log, &vars->window)
		|| vars->counts[SHMX_VARS_PERMANENT_BYTES] > vars->counts[SHMX_VARS_LIVE_BYTES]
		|| vars->counts[SHMX_VARS_LARGEST] > SHMX_VARS_CLASSES) {
		return damaged(vars);
	}
	return SHMX_OK;
}

/*
 * After begin(): takes the guard and loads the window. With `make` a blank segment becomes one of variables; without, it
 * has none. The guard is held only after SHMX_OK.
 */
static shmx_status enter(shmx_vars *vars, bool make)
{
	shmx_segment *segment = vars->segment;
	shmx_status status = shmx_guard_take(segment, segment->lock_timeout);
	uint32_t kind;

	if (status != SHMX_OK) {
		return status;
	}
	kind = shmx_segment_kind(segment);
	if (kind != SHMX_KIND_VARIABLES) {
		if (!make && kind == SHMX_KIND_BLANK) {
			status = SHMX_NOT_FOUND;
		} else {
			status = shmx_segment_become(segment, SHMX_KIND_VARIABLES, prepare);
		}
	}
	if (status == SHMX_OK) {
		status = load_window(vars);
	}
	if (status != SHMX_OK) {
		shmx_guard_release(segment);
	}
	return status;
}

/* Gives the guard back after a call that writes, and has written if the status is SHMX_OK. */
static shmx_status leave(shmx_vars *vars, shmx_status status)
{
	if (status == SHMX_OK) {
		shmx_segment_note_write(vars->segment);
	}
	shmx_guard_release(vars->segment);
	return status;
}

/* --- finding, as a writer --------------------------------------------------------------------- */

/*
 * Takes down what stands at `offset`, which bears the name. Each word is loaded once: what was checked is what is used,
 * though somebody scribbles.
 */
static bool describe(const shmx_vars *vars, shmx_vars_spot *spot, shmx_record *record, uint64_t offset, uint64_t name)
{
	spot->offset = offset;
	spot->form = load(&record->form);
	spot->link = load(&record->link);
	spot->expiry = atomic_load_explicit(&record->expiry, memory_order_relaxed);
	spot->size = shmx_log_size_of(&vars->log, &vars->window, offset, name, spot->form);
	return spot->size != 0 && spot->link < offset;
}

/* SHMX_OK whether the key is there or not: spot->record tells. */
static shmx_status locate(shmx_vars *vars, const shmx_vars_name *name, shmx_vars_spot *spot)
{
	_Atomic uint64_t *place = bucket_of(vars, shmx_record_hash(name->name));
	uint64_t offset = load(place);

	spot->bucket = place;
	spot->first = offset;
	spot->record = NULL;
	if (offset >= vars->window.head) {
		return damaged(vars);
	}
	while (offset >= vars->window.tail) {
		shmx_record *record = shmx_log_at(&vars->log, offset);
		uint64_t link;

		if (record == NULL) {
			return damaged(vars);
		}
		if (load(&record->name) == name->name) {
			if (!describe(vars, spot, record, offset, name->name)) {
				return damaged(vars);
			}
			if (name->length == 0 || memcmp(shmx_record_key(record), name->bytes, name->length) == 0) {
				spot->record = record;
				spot->place = place;
				return SHMX_OK;
			}
		}
		link = load(&record->link);
		if (link >= offset) {
			return damaged(vars);
		}
		place = &record->link;
		offset = link;
	}
	return SHMX_OK;
}

/* --- room ------------------------------------------------------------------------------------- */

/* Bytes that would be free if a record were appended now. */
typedef struct {
	uint64_t all;
	uint64_t unlost; /* without those lost at the end of a lap, which come back when tail has passed it */
} shmx_vars_rest;

static bool append_would_leave(const shmx_vars *vars, uint64_t size, shmx_vars_rest *rest)
{
	shmx_log_window after = vars->window;
	uint64_t offset = shmx_log_place(&vars->log, &after, size);

	if (offset == SHMX_LOG_NOWHERE) {
		return false;
	}
	shmx_log_extend(&vars->log, &after, offset, size);
	rest->all = vars->log.size - shmx_log_used(&vars->log, &after);
	rest->unlost = rest->all - shmx_log_lost(&vars->log, &after);
	return true;
}

/*
 * Whether a record of `size` bytes has a place and leaves what moving needs: with the largest permanent record `largest`
 * bytes, one such in a piece, and two of them once the bytes lost at the end of a lap are back.
 */
static bool fits(const shmx_vars *vars, uint64_t size, uint64_t largest)
{
	shmx_vars_rest rest;

	return append_would_leave(vars, size, &rest) && rest.all >= 2 * largest && rest.unlost >= largest;
}

static void drop_oldest(shmx_vars *vars, uint64_t size, int why)
{
	vars->counts[SHMX_VARS_ENTRIES]--;
	vars->counts[SHMX_VARS_LIVE_BYTES] -= size;
	vars->counts[why]++;
	vars->window.tail = shmx_log_after(&vars->log, &vars->window, vars->window.tail, size);
}

/* What was given up since the last commit still stands for readers: nothing may be written there before they are told. */
static void publish_before_reuse(shmx_vars *vars, uint64_t to, uint64_t size)
{
	shmx_log_window standing = vars->window;

	standing.tail = vars->published_tail;
	if (shmx_log_place(&vars->log, &standing, size) != to) {
		commit(vars, &no_change);
	}
}

/* Copies the record at tail to head, links the copy and passes the original, which ends its chain. */
static shmx_status move_oldest(shmx_vars *vars, uint32_t hash, uint64_t size)
{
	uint64_t from = vars->window.tail;
	uint64_t to = shmx_log_place(&vars->log, &vars->window, size);
	_Atomic uint64_t *bucket = bucket_of(vars, hash);
	uint64_t first = load(bucket);
	shmx_vars_change change = no_change;

	/* The chain must lead to it, and there must be room: the room test saw to that, if it was told the truth. */
	if (to == SHMX_LOG_NOWHERE || first < from || first >= vars->window.head) {
		return damaged(vars);
	}
	publish_before_reuse(vars, to, size);
	shmx_log_copy(&vars->log, to, from, size, first == from ? 0 : first);
	vars->window.tail = shmx_log_after(&vars->log, &vars->window, from, size);
	shmx_log_extend(&vars->log, &vars->window, to, size);
	vars->counts[SHMX_VARS_MOVED_BYTES] += size;
	change.link_place = place_of(vars, bucket);
	change.link_value = to;
	commit(vars, &change);
	return SHMX_OK;
}

/* What one call of make_room() has done so far. */
typedef struct {
	uint64_t need;
	uint64_t largest;
	uint64_t looked_at; /* bytes */
	uint64_t spared;    /* bytes */
	uint64_t credit;
	bool pending; /* window and counts are ahead of the header */
} shmx_vars_cleaning;

/*
 * Whether a cache entry at tail was read since it was written and may have another round. Uses the mark up. One put spares
 * only in its first lap: readers set the mark again as they like, and what is met again must go, or the lap has no end.
 */
static bool may_stay(shmx_vars *vars, shmx_vars_cleaning *cleaning, uint32_t hash, uint64_t size)
{
	unsigned int slot;
	shmx_vars_group *group = group_of(vars, hash, &slot);
	unsigned char bits = atomic_load_explicit(&group->touched[slot], memory_order_relaxed);

	if ((bits & touched_bit(hash)) == 0) {
		return false;
	}
	/* A reader's mark that gets lost here is a hint less. */
	atomic_store_explicit(&group->touched[slot], (unsigned char) (bits & ~touched_bit(hash)), memory_order_relaxed);
	if (cleaning->credit < size || cleaning->looked_at > vars->log.size
		|| (cleaning->spared > 0 && cleaning->spared + size > SHMX_VARS_SPARE_AT_ONCE * cleaning->need)) {
		return false;
	}
	return fits(vars, size, cleaning->largest);
}

static void earn_credit(const shmx_vars *vars, shmx_vars_cleaning *cleaning, uint64_t gained)
{
	uint64_t most = vars->log.size / SHMX_VARS_SPARE_SAVED;

	cleaning->credit += SHMX_VARS_SPARE * gained;
	if (cleaning->credit > most) {
		cleaning->credit = most;
	}
}

/* Gives up, or moves, the oldest record. */
static shmx_status pass_oldest(shmx_vars *vars, shmx_vars_cleaning *cleaning)
{
	uint64_t tail = vars->window.tail;
	shmx_record *record = shmx_log_at(&vars->log, tail);
	uint64_t name, form, size;
	uint32_t hash;
	int64_t expiry;

	if (record == NULL) {
		return damaged(vars);
	}
	name = load(&record->name);
	form = load(&record->form);
	size = shmx_log_size_of(&vars->log, &vars->window, tail, name, form);
	if (size == 0) {
		return damaged(vars);
	}
	hash = shmx_record_hash(name);
	expiry = atomic_load_explicit(&record->expiry, memory_order_relaxed);
	cleaning->looked_at += size;
	cleaning->pending = true;
	if ((form & SHMX_RECORD_DEAD) != 0) {
		vars->window.tail = shmx_log_after(&vars->log, &vars->window, tail, size);
		return SHMX_OK;
	}
	if (expiry == SHMX_EXPIRY_NEVER) {
		cleaning->pending = false;
		return move_oldest(vars, hash, size);
	}
	if (is_over(vars, expiry)) {
		drop_oldest(vars, size, SHMX_VARS_EXPIRED);
	} else if (may_stay(vars, cleaning, hash, size)) {
		cleaning->credit -= size;
		cleaning->spared += size;
		cleaning->pending = false;
		vars->counts[SHMX_VARS_SECOND_ROUNDS]++;
		return move_oldest(vars, hash, size);
	} else {
		drop_oldest(vars, size, SHMX_VARS_EVICTIONS);
	}
	earn_credit(vars, cleaning, size);
	return SHMX_OK;
}

/*
 * Whether there is nothing but permanent records in the window, and no bytes would be lost beside them if `size` were
 * appended now, so that going on would gain nothing.
 */
static bool is_clean(const shmx_vars *vars, uint64_t size)
{
	shmx_vars_rest rest;

	return shmx_log_used(&vars->log, &vars->window) <= vars->counts[SHMX_VARS_PERMANENT_BYTES]
		&& append_would_leave(vars, size, &rest) && rest.all == rest.unlost;
}

/*
 * Whether a record of `size` bytes fits and leaves, beyond what moving needs, the `reserve` and a `margin`. The bytes that
 * are lost at the end of a lap are no reserve: a large cache entry may lose many, and they come back only behind what
 * stands there.
 */
static bool keeps_ahead(const shmx_vars *vars, uint64_t size, uint64_t largest, uint64_t reserve, uint64_t margin)
{
	shmx_vars_rest rest;

	return append_would_leave(vars, size, &rest) && rest.all >= 2 * largest + reserve + margin
		&& rest.unlost >= 2 * largest + reserve;
}

/*
 * Makes room for a record of `need` bytes. The room test has said that there can be. It stops as early as there is room
 * and the pace is kept; so that no later put finds nothing but permanent records before it, it works ahead: the more of
 * them there are, the more room is kept free.
 */
static shmx_status make_room(shmx_vars *vars, uint64_t need, uint64_t largest)
{
	uint64_t ahead = vars->counts[SHMX_VARS_PERMANENT_BYTES] / SHMX_VARS_PACE;
	uint64_t pace = SHMX_VARS_PACE * need < vars->log.size ? SHMX_VARS_PACE * need : vars->log.size;
	uint64_t margin = 8 * need < vars->log.size / 64 ? 8 * need : vars->log.size / 64;
	shmx_vars_cleaning cleaning = { need, largest, 0, 0, 0, false };
	shmx_status status = SHMX_OK;

	if (keeps_ahead(vars, need, largest, ahead, margin)) {
		return SHMX_OK;
	}
	cleaning.credit = load(&vars->root->credit);
	while (status == SHMX_OK) {
		bool enough =
			keeps_ahead(vars, need, largest, ahead, 2 * margin) || cleaning.looked_at >= pace || is_clean(vars, need);

		if (enough && fits(vars, need, largest)) {
			break;
		}
		if (vars->window.tail == vars->window.head) {
			/* Out of its lap first: a walk over the keys must know where that lap ends for as long as tail is there. */
			if (cleaning.pending) {
				commit(vars, &no_change);
			}
			shmx_log_rewind(&vars->log, &vars->window);
			cleaning.pending = true;
			status = fits(vars, need, largest) ? SHMX_OK : damaged(vars);
			break;
		}
		/* Three times round: what was not spared was dropped, then what was, and then the room came in one piece. */
		status = cleaning.looked_at > 4 * vars->log.size ? damaged(vars) : pass_oldest(vars, &cleaning);
	}
	store(&vars->root->credit, cleaning.credit);
	if (status == SHMX_OK && cleaning.pending) {
		commit(vars, &no_change);
	}
	return status;
}

static uint64_t less(uint64_t from, uint64_t by)
{
	return from > by ? from - by : 0;
}

/* What permanent records must leave free, when the largest is `largest` bytes. */
static uint64_t permanent_slack(const shmx_vars *vars, uint64_t largest)
{
	uint64_t slack = vars->log.size / SHMX_VARS_SLACK;

	return 2 * largest + (largest > slack ? largest : slack);
}

/* The largest permanent record that an empty segment takes: about a quarter of the log, as its class has it. */
static uint64_t largest_ever(const shmx_vars *vars)
{
	for (unsigned int i = class_of(vars->log.size); i > 0; i--) {
		uint64_t bound = class_bound(i);
		uint64_t size = less(vars->log.size, permanent_slack(vars, bound));

		if (size > class_bound(i - 1)) {
			return size < bound ? size : bound;
		}
	}
	return 0;
}

/* Whether a record of this size could be stored in an empty segment. */
static bool can_ever_fit(const shmx_vars *vars, uint64_t size, bool permanent, shmx_room *room)
{
	uint64_t log_size = vars->log.size;
	bool possible = size <= log_size;

	if (permanent && possible) {
		possible = size + permanent_slack(vars, class_bound(class_of(size))) <= log_size;
	}
	if (!possible && room != NULL) {
		*room = (shmx_room){ size, permanent ? largest_ever(vars) : log_size };
	}
	return possible;
}

/*
 * Whether room can be made. Two conditions: the old record stays until the new one is linked, so for a moment there is
 * room for both and for moving; and for good, permanent records leave their slack.
 */
static bool can_fit(
	shmx_vars *vars, uint64_t size, bool permanent, uint64_t replaced, uint64_t largest, shmx_room *room)
{
	uint64_t held = vars->counts[SHMX_VARS_PERMANENT_BYTES];
	uint64_t available = less(vars->log.size, held + 2 * largest);

	if (permanent) {
		uint64_t for_good = less(vars->log.size, less(held, replaced) + permanent_slack(vars, largest));

		available = for_good < available ? for_good : available;
	}
	if (size > available && room != NULL) {
		*room = (shmx_room){ size, available };
	}
	return size <= available;
}

/* --- storing ---------------------------------------------------------------------------------- */

/* What is to be stored, with its key. */
typedef struct {
	shmx_vars_name name;
	uint64_t form;
	int64_t expiry;
	uint64_t size;
	const void *bytes;
} shmx_vars_item;

static bool is_word(uint64_t form)
{
	uint8_t type = shmx_record_type(form);

	return (type == SHMX_VALUE_INT || type == SHMX_VALUE_FLOAT) && shmx_record_value_length(form) == sizeof(uint64_t);
}

static bool is_bare(uint64_t form)
{
	return shmx_record_type(form) <= SHMX_VALUE_TRUE && shmx_record_value_length(form) == 0;
}

static _Atomic uint64_t *number_of(shmx_record *record, uint64_t key_length)
{
	return (_Atomic uint64_t *) (void *) shmx_record_value(record, key_length);
}

/* A cache entry that is written to in place counts as read: it is as fresh as one that was written anew. */
static void touch(shmx_vars *vars, uint32_t hash)
{
	unsigned int slot;
	shmx_vars_group *group = group_of(vars, hash, &slot);
	unsigned char bits = atomic_load_explicit(&group->touched[slot], memory_order_relaxed);

	/* Relaxed, and no read-modify-write: of two marks set at once one may be lost, and is only a hint. */
	if ((bits & touched_bit(hash)) == 0) {
		atomic_store_explicit(&group->touched[slot], (unsigned char) (bits | touched_bit(hash)), memory_order_relaxed);
	}
}

static void forget_touch(shmx_vars *vars, uint32_t hash)
{
	unsigned int slot;
	shmx_vars_group *group = group_of(vars, hash, &slot);
	unsigned char bits = atomic_load_explicit(&group->touched[slot], memory_order_relaxed);

	if ((bits & touched_bit(hash)) != 0) {
		atomic_store_explicit(&group->touched[slot], (unsigned char) (bits & ~touched_bit(hash)), memory_order_relaxed);
	}
}

/* One store that is right by itself, if the value allows it. A reader has the old one or the new one. */
static bool replace_in_place(shmx_vars *vars, const shmx_vars_spot *spot, const shmx_vars_item *item)
{
	uint64_t number;

	if (spot->expiry != item->expiry) {
		return false;
	}
	if (is_word(item->form) && spot->form == item->form) {
		memcpy(&number, item->bytes, sizeof(number));
		SHMX_CRASH_POINT("vars: about to store a number");
		/* Release, though it publishes nothing but itself: what a process did before it stored is done. */
		atomic_store_explicit(number_of(spot->record, item->name.length), number, memory_order_release);
		SHMX_CRASH_POINT("vars: number stored");
	} else if (is_bare(item->form) && is_bare(spot->form)) {
		atomic_store_explicit(&spot->record->form, item->form, memory_order_release);
		SHMX_CRASH_POINT("vars: type stored");
	} else {
		return false;
	}
	if (item->expiry != SHMX_EXPIRY_NEVER) {
		touch(vars, shmx_record_hash(item->name.name));
	}
	return true;
}

static void count_replaced(shmx_vars *vars, const shmx_vars_spot *spot, shmx_vars_change *change)
{
	if (spot->place != spot->bucket) {
		change->unlink_place = place_of(vars, spot->place);
		change->unlink_value = spot->link;
	}
	change->mark_place = place_of(vars, &spot->record->form);
	change->mark_value = spot->form | SHMX_RECORD_DEAD;
	vars->counts[SHMX_VARS_ENTRIES]--;
	vars->counts[SHMX_VARS_LIVE_BYTES] -= spot->size;
	if (spot->expiry == SHMX_EXPIRY_NEVER) {
		vars->counts[SHMX_VARS_PERMANENT_BYTES] -= spot->size;
	} else if (is_over(vars, spot->expiry)) {
		vars->counts[SHMX_VARS_EXPIRED]++;
	}
}

static uint64_t permanent_size(const shmx_vars_spot *spot)
{
	return spot->record != NULL && spot->expiry == SHMX_EXPIRY_NEVER ? spot->size : 0;
}

/* Appends the item and makes it the key's record. There is room. */
static void append(shmx_vars *vars, const shmx_vars_spot *spot, const shmx_vars_item *item)
{
	uint64_t offset = shmx_log_place(&vars->log, &vars->window, item->size);
	bool permanent = item->expiry == SHMX_EXPIRY_NEVER;
	shmx_vars_change change = no_change;
	uint64_t link = spot->first;

	/* The newest of its chain is replaced by the bucket's one store; any other is unlinked after it. */
	if (spot->record != NULL && spot->place == spot->bucket) {
		link = spot->link;
	}
	shmx_log_write(&vars->log, offset, link, item->expiry, item->name.name, item->form, item->name.bytes, item->bytes);
	shmx_log_extend(&vars->log, &vars->window, offset, item->size);
	change.link_place = place_of(vars, spot->bucket);
	change.link_value = offset;
	if (spot->record != NULL) {
		count_replaced(vars, spot, &change);
	}
	vars->counts[SHMX_VARS_ENTRIES]++;
	vars->counts[SHMX_VARS_LIVE_BYTES] += item->size;
	if (permanent) {
		vars->counts[SHMX_VARS_PERMANENT_BYTES] += item->size;
	} else {
		forget_touch(vars, shmx_record_hash(item->name.name));
	}
	change_classes(vars, &change, permanent_size(spot), permanent ? item->size : 0);
	commit(vars, &change);
}

/* Stores the item over what `spot` says is there. The room test comes first, and what it refuses changes nothing. */
static shmx_status put_at(shmx_vars *vars, shmx_vars_spot *spot, const shmx_vars_item *item, shmx_room *room)
{
	bool permanent = item->expiry == SHMX_EXPIRY_NEVER;
	uint64_t tail = vars->window.tail;
	uint64_t head = vars->window.head;
	shmx_status status = load_counts(vars);
	uint64_t largest;

	if (status != SHMX_OK) {
		return status;
	}
	largest = largest_permanent(vars);
	if (permanent && class_bound(class_of(item->size)) > largest) {
		largest = class_bound(class_of(item->size));
	}
	if (!can_fit(vars, item->size, permanent, permanent_size(spot), largest, room)) {
		return can_ever_fit(vars, item->size, permanent, room) ? SHMX_E_FULL : SHMX_E_TOO_LARGE;
	}
	status = make_room(vars, item->size, largest);
	if (status == SHMX_OK && (vars->window.tail != tail || vars->window.head != head)) {
		status = locate(vars, &item->name, spot);
	}
	if (status == SHMX_OK) {
		append(vars, spot, item);
	}
	return status;
}

/*
 * The first half of each call that stores: begin(), and all of the item but its expiry. What can never be stored must not
 * make a blank segment one of variables, so that is found out here; otherwise the room test finds it out.
 */
static shmx_status begin_item(shmx_vars *vars, shmx_segment *segment, const shmx_key *key, const shmx_value *value,
	bool permanent, shmx_vars_item *item, shmx_room *room)
{
	shmx_status status = begin(vars, segment);

	if (status != SHMX_OK) {
		return status;
	}
	if (!shmx_record_may_hold(key->length, value->length)) {
		if (room != NULL) {
			*room = (shmx_room){ SHMX_RECORD_HEADER + key->length + value->length, 0 };
		}
		return SHMX_E_TOO_LARGE;
	}
	item->name = name_of(key);
	item->form = shmx_record_form(value->type, value->length);
	item->size = shmx_record_size(key->length, value->length);
	item->bytes = value->bytes;
	if (shmx_segment_kind(segment) == SHMX_KIND_BLANK && !can_ever_fit(vars, item->size, permanent, room)) {
		return SHMX_E_TOO_LARGE;
	}
	return SHMX_OK;
}

shmx_status shmx_vars_put(shmx_segment *segment, const shmx_key *key, const shmx_value *value, int64_t ttl,
	bool only_if_absent, shmx_room *room)
{
	shmx_vars vars;
	shmx_vars_spot spot;
	shmx_vars_item item;
	shmx_status status = begin_item(&vars, segment, key, value, ttl == SHMX_TTL_PERMANENT, &item, room);

	if (status == SHMX_OK) {
		status = enter(&vars, true);
	}
	if (status != SHMX_OK) {
		return status;
	}
	item.expiry = expiry_of(&vars, ttl);
	status = locate(&vars, &item.name, &spot);
	if (status == SHMX_OK && spot.record != NULL && !is_over(&vars, spot.expiry)) {
		if (only_if_absent) {
			return leave(&vars, SHMX_NOT_FOUND);
		}
		if (replace_in_place(&vars, &spot, &item)) {
			return leave(&vars, SHMX_OK);
		}
	}
	if (status == SHMX_OK) {
		status = put_at(&vars, &spot, &item, room);
	}
	return leave(&vars, status);
}

/* Whether the record is the very one that was found, with the very value. */
static bool is_unchanged(const shmx_vars_spot *spot, const shmx_vars_name *name, const shmx_found *found)
{
	if (spot->record == NULL || spot->offset != found->offset || shmx_record_type(spot->form) != found->type
		|| shmx_record_value_length(spot->form) != found->length) {
		return false;
	}
	return !is_word(spot->form) || load(number_of(spot->record, name->length)) == found->number;
}

shmx_status shmx_vars_replace_if(
	shmx_segment *segment, const shmx_key *key, const shmx_found *found, const shmx_value *value, shmx_room *room)
{
	shmx_vars vars;
	shmx_vars_spot spot;
	shmx_vars_item item;
	shmx_status status = begin_item(&vars, segment, key, value, false, &item, room);

	if (status == SHMX_OK) {
		status = enter(&vars, false);
	}
	if (status != SHMX_OK) {
		return status;
	}
	status = locate(&vars, &item.name, &spot);
	if (status == SHMX_OK && (!is_unchanged(&spot, &item.name, found) || is_over(&vars, spot.expiry))) {
		status = SHMX_NOT_FOUND;
	}
	if (status == SHMX_OK) {
		item.expiry = spot.expiry;
		if (!replace_in_place(&vars, &spot, &item)) {
			status = put_at(&vars, &spot, &item, room);
		}
	}
	return leave(&vars, status);
}

/* Adds to an INT in place. */
static shmx_status add_to(
	shmx_vars *vars, const shmx_vars_spot *spot, const shmx_vars_item *item, int64_t step, int64_t *result)
{
	_Atomic uint64_t *word = number_of(spot->record, item->name.length);
	int64_t value;
	intptr_t sum; /* as wide as PHP's int: a sum that this process could not return is none */

	*result = 0;
	if (shmx_record_type(spot->form) != SHMX_VALUE_INT || !is_word(spot->form)) {
		return SHMX_E_TYPE;
	}
	value = (int64_t) load(word);
	if (__builtin_add_overflow(value, step, &sum)) {
		*result = value;
		return SHMX_E_TYPE;
	}
	SHMX_CRASH_POINT("vars: about to store a sum");
	/* Release, as in replace_in_place(). */
	atomic_store_explicit(word, (uint64_t) (int64_t) sum, memory_order_release);
	SHMX_CRASH_POINT("vars: sum stored");
	if (spot->expiry != SHMX_EXPIRY_NEVER) {
		touch(vars, shmx_record_hash(item->name.name));
	}
	*result = sum;
	return SHMX_OK;
}

shmx_status shmx_vars_increment(
	shmx_segment *segment, const shmx_key *key, int64_t step, int64_t ttl, int64_t *result, shmx_room *room)
{
	const shmx_value value = { SHMX_VALUE_INT, &step, sizeof(step) };
	shmx_vars vars;
	shmx_vars_spot spot;
	shmx_vars_item item;
	shmx_status status = begin_item(&vars, segment, key, &value, ttl == SHMX_TTL_PERMANENT, &item, room);

	if (status == SHMX_OK) {
		status = enter(&vars, true);
	}
	if (status != SHMX_OK) {
		return status;
	}
	status = locate(&vars, &item.name, &spot);
	if (status == SHMX_OK && spot.record != NULL && !is_over(&vars, spot.expiry)) {
		status = add_to(&vars, &spot, &item, step, result);
	} else if (status == SHMX_OK) {
		item.expiry = expiry_of(&vars, ttl);
		status = put_at(&vars, &spot, &item, room);
		*result = step;
	}
	return leave(&vars, status);
}

shmx_status shmx_vars_remove(shmx_segment *segment, const shmx_key *key)
{
	const shmx_vars_name name = name_of(key);
	shmx_vars_change change = no_change;
	shmx_vars vars;
	shmx_vars_spot spot;
	shmx_status status;

	if (key->length > SHMX_RECORD_MAX_KEY) {
		return SHMX_NOT_FOUND;
	}
	status = begin(&vars, segment);
	if (status == SHMX_OK) {
		status = enter(&vars, false);
	}
	if (status != SHMX_OK) {
		return status;
	}
	status = locate(&vars, &name, &spot);
	if (status == SHMX_OK) {
		status = spot.record == NULL ? SHMX_NOT_FOUND : load_counts(&vars);
	}
	if (status != SHMX_OK) {
		return leave(&vars, status);
	}
	count_replaced(&vars, &spot, &change);
	change.unlink_place = place_of(&vars, spot.place);
	change.unlink_value = spot.link;
	change_classes(&vars, &change, permanent_size(&spot), 0);
	commit(&vars, &change);
	return leave(&vars, is_over(&vars, spot.expiry) ? SHMX_NOT_FOUND : SHMX_OK);
}

/* --- clearing --------------------------------------------------------------------------------- */

/* Where a log begins again that cannot be believed: behind everything readers may still look at, if that is known. */
static void begin_again(shmx_vars *vars)
{
	uint64_t head = load(&vars->root->log.head);
	uint64_t tail = load(&vars->root->log.tail);
	uint64_t latest = head > tail ? head : tail;

	/* So far along that it can only be scribbled: half of all offsets are used up. */
	if (latest < shmx_log_first(&vars->log) || latest > SHMX_LOG_LAST / 2) {
		latest = 0;
	}
	vars->window.head = shmx_log_next_lap(&vars->log, latest);
	vars->window.tail = vars->window.head;
	vars->window.lap_end = 0;
}

static void clear_all(shmx_vars *vars, bool is_sound)
{
	shmx_vars_change change = no_change;

	change.task = is_sound ? SHMX_VARS_TASK_CLEAR : SHMX_VARS_TASK_RESET;
	if (is_sound) {
		/* Where the next record goes, make_room() sees to. */
		vars->window.tail = vars->window.head;
	} else {
		begin_again(vars);
		vars->published_tail = load(&vars->root->log.tail);
	}
	vars->counts[SHMX_VARS_ENTRIES] = 0;
	vars->counts[SHMX_VARS_LIVE_BYTES] = 0;
	vars->counts[SHMX_VARS_PERMANENT_BYTES] = 0;
	vars->counts[SHMX_VARS_LARGEST] = 0;
	commit(vars, &change);
}

shmx_status shmx_vars_clear(shmx_segment *segment)
{
	shmx_vars vars;
	shmx_status status = begin(&vars, segment);
	bool is_sound;

	/* Of a damaged segment no count is loaded, and all are stored: none may be what stood on this process's stack. */
	memset(vars.counts, 0, sizeof(vars.counts));
	if (status == SHMX_OK) {
		status = shmx_guard_take(segment, segment->lock_timeout);
	}
	if (status != SHMX_OK) {
		return status;
	}
	switch (shmx_segment_kind(segment)) {
		case SHMX_KIND_BLANK:
			return leave(&vars, SHMX_OK);
		case SHMX_KIND_VARIABLES:
			break;
		default:
			return leave(&vars, SHMX_E_KIND);
	}
	if (vars.log.size == 0) {
		return leave(&vars, SHMX_E_DAMAGED);
	}
	is_sound = load_window(&vars) == SHMX_OK && load_counts(&vars) == SHMX_OK;
	clear_all(&vars, is_sound);
	return leave(&vars, SHMX_OK);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void count_lookup(const shmx_vars *vars, bool hit)
{
#if defined(__GLIBC__)
	unsigned int processor = (unsigned int) sched_getcpu();
#else
	unsigned int processor = (unsigned int) getpid();
#endif
	/* Neighbouring processors get lines that are not fetched as a pair. */
	shmx_vars_stripe *stripe = &vars->root->stripes[(processor * 2 + processor / 4 % 2) % SHMX_VARS_STRIPES];

	/* Relaxed: a figure for people. */
	atomic_fetch_add_explicit(hit ? &stripe->hits : &stripe->misses, 1, memory_order_relaxed);
}

typedef enum {
	LOOK_FOUND,
	LOOK_ABSENT,
	LOOK_AGAIN,
	LOOK_DAMAGED
} look_result;

/* The record at `offset` bears the name: compares the key and takes down what stands there. */
static look_result look_closer(shmx_vars *vars, shmx_record *record, uint64_t offset, const shmx_vars_name *name,
	shmx_found *found, int64_t *expiry)
{
	/* Acquire on the record's words is not needed: they were stored before the release that led here. */
	uint64_t form = SHMX_RACING_LOAD(&record->form, memory_order_relaxed);
	bool same;

	*expiry = SHMX_RACING_LOAD(&record->expiry, memory_order_relaxed);
	if (shmx_log_claimed_size(&vars->log, offset, name->name, form) == 0) {
		return shmx_log_passed(&vars->log, offset) ? LOOK_AGAIN : LOOK_DAMAGED;
	}
	same = name->length == 0 || shmx_racing_equal(shmx_record_key(record), name->bytes, name->length);
	found->type = shmx_record_type(form);
	found->bytes = shmx_record_value(record, name->length);
	found->length = shmx_record_value_length(form);
	/* In one piece; pairs with the store in replace_in_place(). */
	found->number = is_word(form) ? SHMX_RACING_LOAD(number_of(record, name->length), memory_order_relaxed) : 0;
	found->offset = offset;
	if (shmx_log_passed(&vars->log, offset)) {
		return LOOK_AGAIN;
	}
	return same ? LOOK_FOUND : LOOK_ABSENT;
}

/*
 * One walk along the key's chain. A link is followed only if the record it was read from still stood afterwards, so every
 * link followed was a true one. The key was absent at some moment of the walk if the bucket did not change: whatever is
 * linked anew, by a put or by a move, changes the bucket before anything older is unlinked or passed.
 */
static look_result look_once(shmx_vars *vars, const shmx_vars_name *name, shmx_found *found, int64_t *expiry)
{
	_Atomic uint64_t *bucket = bucket_of(vars, shmx_record_hash(name->name));
	/* Acquire: pairs with the release of the bucket in perform(). */
	uint64_t first = atomic_load_explicit(bucket, memory_order_acquire);
	/* Acquire: pairs with the release in shmx_log_pass(), so that a bucket changed by a move is seen below. */
	uint64_t tail = atomic_load_explicit(&vars->root->log.tail, memory_order_acquire);
	uint64_t offset = first;
	uint64_t left = vars->log.size / SHMX_RECORD_HEADER;

	while (offset >= tail) {
		shmx_record *record = shmx_log_at(&vars->log, offset);
		uint64_t link;

		/* All that were met still stand, so there are no more of them than the ring holds: else somebody scribbles. */
		if (record == NULL || left-- == 0) {
			return LOOK_DAMAGED;
		}
		/* Acquire: pairs with the release of an unlinking in perform(). */
		link = SHMX_RACING_LOAD(&record->link, memory_order_acquire);
		if (SHMX_RACING_LOAD(&record->name, memory_order_relaxed) == name->name) {
			look_result result = look_closer(vars, record, offset, name, found, expiry);

			if (result != LOOK_ABSENT) {
				return result;
			}
		}
		/* Keeps the loads above before that of tail; pairs with the fences of shmx_log.c. */
		atomic_thread_fence(memory_order_acquire);
		tail = atomic_load_explicit(&vars->root->log.tail, memory_order_acquire);
		if (offset < tail) {
			return LOOK_AGAIN;
		}
		if (link >= offset) {
			return LOOK_DAMAGED;
		}
		offset = link;
	}
	return atomic_load_explicit(bucket, memory_order_relaxed) == first ? LOOK_ABSENT : LOOK_AGAIN;
}

static shmx_status look(shmx_vars *vars, const shmx_vars_name *name, shmx_found *found, int64_t *expiry)
{
	const int64_t timeout = vars->segment->lock_timeout;
	int64_t deadline = 0;

	for (unsigned int attempt = 0; attempt < SHMX_VARS_ATTEMPTS; attempt++) {
		switch (look_once(vars, name, found, expiry)) {
			case LOOK_FOUND:
				return SHMX_OK;
			case LOOK_ABSENT:
				return SHMX_NOT_FOUND;
			case LOOK_DAMAGED:
				return SHMX_E_DAMAGED;
			default:
				break;
		}
		if (attempt == 0 && timeout >= 0) {
			deadline = shmx_clock_monotonic() + timeout;
		} else if (attempt >= SHMX_VARS_TIMED && timeout >= 0 && shmx_clock_monotonic() > deadline) {
			break;
		}
		if (attempt > SHMX_VARS_PATIENCE) {
			sched_yield();
		}
	}
	return SHMX_E_TIMEOUT;
}

shmx_status shmx_vars_find(shmx_segment *segment, const shmx_key *key, shmx_found *found)
{
	const shmx_vars_name name = name_of(key);
	shmx_vars vars;
	shmx_status status = shmx_segment_check(segment);
	uint32_t kind;
	int64_t expiry;

	if (status != SHMX_OK) {
		return status;
	}
	kind = shmx_segment_kind(segment);
	if (kind != SHMX_KIND_VARIABLES) {
		return kind == SHMX_KIND_BLANK ? SHMX_NOT_FOUND : SHMX_E_KIND;
	}
	look_at(&vars, segment);
	if (vars.log.size == 0 || key->length > SHMX_RECORD_MAX_KEY) {
		return SHMX_NOT_FOUND;
	}
	vars.now = 0;
	status = look(&vars, &name, found, &expiry);
	if (status == SHMX_OK && expiry != SHMX_EXPIRY_NEVER) {
		if (is_over(&vars, expiry)) {
			status = SHMX_NOT_FOUND;
		} else if (!segment->read_only) {
			touch(&vars, shmx_record_hash(name.name));
		}
	}
	if (!segment->read_only && (status == SHMX_OK || status == SHMX_NOT_FOUND)) {
		count_lookup(&vars, status == SHMX_OK);
	}
	return status;
}

bool shmx_vars_still_valid(const shmx_segment *segment, const shmx_found *found)
{
	const shmx_vars_root *root = (const shmx_vars_root *) (const void *) segment->header->root;

	/* Keeps the caller's reads before the load; pairs with the fences of shmx_log.c. */
	atomic_thread_fence(memory_order_acquire);
	return found->offset >= load(&root->log.tail);
}

/* --- walking over the keys -------------------------------------------------------------------- */

/* Acquire: pairs with the release in shmx_log_publish(), so that records below it are whole. */
static uint64_t load_head(const shmx_vars *vars)
{
	return atomic_load_explicit(&vars->root->log.head, memory_order_acquire);
}

/*
 * Takes the walk's end to head. Below the first end each key lives once: whoever stored there has also marked what that
 * replaces, if the guard is at rest when head has been seen. Beyond it a key may live that has been met.
 */
static void follow_head(const shmx_vars *vars, shmx_vars_cursor *cursor)
{
	uint64_t head = load_head(vars);

	if (cursor->end == 0) {
		cursor->doubles = !shmx_guard_at_rest(vars->segment);
	} else if (cursor->end != head) {
		cursor->doubles = true;
	}
	cursor->end = head;
}

/* Brings the cursor back into the window, if tail has passed it. What was passed and lives on was moved to head. */
static void catch_up(const shmx_vars *vars, shmx_vars_cursor *cursor)
{
	/* Acquire: pairs with the release in shmx_log_pass(), so that head is beyond what was moved. */
	uint64_t tail = atomic_load_explicit(&vars->root->log.tail, memory_order_acquire);

	if (cursor->next < tail) {
		cursor->next = tail;
		follow_head(vars, cursor);
		if (cursor->limit == 0) {
			cursor->limit = cursor->end + SHMX_VARS_WALK_LAPS * (vars->log.mask + 1);
		}
	}
}

/* Whether the cursor stands where a lap's records end; then it is taken to the next one's. */
static bool turn(const shmx_vars *vars, shmx_vars_cursor *cursor)
{
	uint64_t head = load_head(vars);

	/* Relaxed: of the lap before head's, and head was loaded with acquire. */
	if ((head & ~vars->log.mask) <= (cursor->next & ~vars->log.mask)
		|| cursor->next != load(&vars->root->log.lap_end)) {
		return false;
	}
	cursor->next = shmx_log_next_lap(&vars->log, cursor->next);
	return true;
}

/* Takes the record at the cursor down, if it lives. LOOK_ABSENT: it does not; the cursor is past it in either case. */
static look_result take_down(shmx_vars *vars, shmx_vars_cursor *cursor, unsigned char *key, size_t *length)
{
	uint64_t offset = cursor->next;
	shmx_record *record = shmx_log_at(&vars->log, offset);
	uint64_t name, form, size;
	int64_t expiry;

	if (record == NULL) {
		return shmx_log_passed(&vars->log, offset) ? LOOK_AGAIN : LOOK_DAMAGED;
	}
	/* Acquire: pairs with the release of the mark in perform(). */
	form = SHMX_RACING_LOAD(&record->form, memory_order_acquire);
	name = SHMX_RACING_LOAD(&record->name, memory_order_relaxed);
	expiry = SHMX_RACING_LOAD(&record->expiry, memory_order_relaxed);
	size = shmx_log_claimed_size(&vars->log, offset, name, form);
	if (size != 0) {
		*length = shmx_record_key_length(name);
		shmx_racing_copy(key, shmx_record_key(record), *length);
	}
	if (shmx_log_passed(&vars->log, offset)) {
		return LOOK_AGAIN;
	}
	if (size == 0) {
		return LOOK_DAMAGED;
	}
	cursor->next = offset + size;
	cursor->work += size - SHMX_RECORD_HEADER;
	if ((form & SHMX_RECORD_DEAD) != 0) {
		/* It may have been replaced after the walk began: what replaced it must be met. */
		follow_head(vars, cursor);
		return LOOK_ABSENT;
	}
	vars->now = cursor->now;
	return is_over(vars, expiry) ? LOOK_ABSENT : LOOK_FOUND;
}

shmx_status shmx_vars_next(shmx_segment *segment, shmx_vars_cursor *cursor, unsigned char *key, size_t *length)
{
	shmx_vars vars;
	shmx_status status = shmx_segment_check(segment);
	uint32_t kind = status == SHMX_OK ? shmx_segment_kind(segment) : 0;

	if (status != SHMX_OK || kind != SHMX_KIND_VARIABLES) {
		return status != SHMX_OK ? status : kind == SHMX_KIND_BLANK ? SHMX_NOT_FOUND : SHMX_E_KIND;
	}
	look_at(&vars, segment);
	if (vars.log.size == 0) {
		return SHMX_NOT_FOUND;
	}
	if (cursor->now == 0) {
		cursor->now = shmx_vars_clock();
	}
	for (;;) {
		catch_up(&vars, cursor);
		if (cursor->next >= cursor->end) {
			return SHMX_NOT_FOUND;
		}
		/* Each look counts at least as the smallest record: tail may move without an end, too. */
		cursor->work += SHMX_RECORD_HEADER;
		if (cursor->next >= cursor->limit || cursor->work > 2 * SHMX_VARS_WALK_LAPS * (vars.log.mask + 1)) {
			return SHMX_E_TIMEOUT;
		}
		if (turn(&vars, cursor)) {
			continue;
		}
		switch (take_down(&vars, cursor, key, length)) {
			case LOOK_FOUND:
				return SHMX_OK;
			case LOOK_DAMAGED:
				return SHMX_E_DAMAGED;
			default:
				break;
		}
	}
}

/* --- figures ---------------------------------------------------------------------------------- */

shmx_status shmx_vars_info(shmx_segment *segment, shmx_vars_figures *figures)
{
	shmx_vars vars;
	shmx_status status = shmx_segment_check(segment);
	uint32_t kind = status == SHMX_OK ? shmx_segment_kind(segment) : 0;

	memset(figures, 0, sizeof(*figures));
	if (status != SHMX_OK || (kind != SHMX_KIND_VARIABLES && kind != SHMX_KIND_BLANK)) {
		return status != SHMX_OK ? status : SHMX_E_KIND;
	}
	look_at(&vars, segment);
	figures->capacity = vars.log.size;
	figures->buckets = vars.group_count * SHMX_VARS_GROUP_BUCKETS;
	if (kind == SHMX_KIND_BLANK || vars.log.size == 0) {
		return SHMX_OK;
	}
	/* Relaxed, here and below: each figure for itself. */
	if (shmx_log_load(&vars.log, &vars.window)) {
		figures->bytes_used = shmx_log_used(&vars.log, &vars.window);
	}
	figures->entries = load(&vars.root->counts[SHMX_VARS_ENTRIES]);
	figures->bytes_live = load(&vars.root->counts[SHMX_VARS_LIVE_BYTES]);
	figures->permanent_bytes = load(&vars.root->counts[SHMX_VARS_PERMANENT_BYTES]);
	figures->moved_bytes = load(&vars.root->counts[SHMX_VARS_MOVED_BYTES]);
	figures->evictions = load(&vars.root->counts[SHMX_VARS_EVICTIONS]);
	figures->second_rounds = load(&vars.root->counts[SHMX_VARS_SECOND_ROUNDS]);
	figures->expired = load(&vars.root->counts[SHMX_VARS_EXPIRED]);
	for (unsigned int i = 0; i < SHMX_VARS_STRIPES; i++) {
		figures->hits += load(&vars.root->stripes[i].hits);
		figures->misses += load(&vars.root->stripes[i].misses);
	}
	return SHMX_OK;
}

/* --- the full walk ---------------------------------------------------------------------------- */

/* What a walk has counted, and what it found wrong first. */
typedef struct {
	uint64_t entries;
	uint64_t live_bytes;
	uint64_t permanent_bytes;
	uint64_t used;
	uint32_t classes[SHMX_VARS_CLASSES];
	const char *broken;
} shmx_vars_census;

static bool expect(shmx_vars_census *census, bool holds, const char *invariant)
{
	if (!holds && census->broken == NULL) {
		census->broken = invariant;
	}
	return holds;
}

/* That the record is what its own key leads to: linked, and nothing newer in its chain with the same key. */
static void check_reachable(shmx_vars *vars, shmx_vars_census *census, uint64_t offset, uint64_t name)
{
	shmx_record *record = shmx_log_at(&vars->log, offset);
	shmx_vars_name key = { shmx_record_key(record), shmx_record_key_length(name), name };
	shmx_vars_spot spot;

	if (expect(census, locate(vars, &key, &spot) == SHMX_OK, "a chain can be followed")) {
		expect(census, spot.record != NULL && spot.offset == offset,
			"a record that is not dead is what its own key leads to");
	}
}

/* Returns the record's size, or 0. */
static uint64_t check_record(shmx_vars *vars, shmx_vars_census *census, uint64_t offset)
{
	shmx_record *record = shmx_log_at(&vars->log, offset);
	uint64_t name = record == NULL ? 0 : load(&record->name);
	uint64_t form = record == NULL ? 0 : load(&record->form);
	uint64_t size = record == NULL ? 0 : shmx_log_size_of(&vars->log, &vars->window, offset, name, form);

	if (!expect(census, size != 0, "the log is records from tail to head")) {
		return 0;
	}
	census->used += size;
	if ((form & SHMX_RECORD_DEAD) != 0) {
		return size;
	}
	census->entries++;
	census->live_bytes += size;
	if (atomic_load_explicit(&record->expiry, memory_order_relaxed) == SHMX_EXPIRY_NEVER) {
		census->permanent_bytes += size;
		census->classes[class_of(size)]++;
	}
	check_reachable(vars, census, offset, name);
	return size;
}

static void check_log(shmx_vars *vars, shmx_vars_census *census)
{
	uint64_t offset = vars->window.tail;

	while (offset != vars->window.head && census->broken == NULL) {
		uint64_t size = check_record(vars, census, offset);

		if (size == 0) {
			return;
		}
		offset = shmx_log_after(&vars->log, &vars->window, offset, size);
	}
}

static void check_bucket(shmx_vars *vars, shmx_vars_census *census, _Atomic uint64_t *bucket, uint64_t *linked)
{
	uint64_t offset = load(bucket);

	expect(census, offset < vars->window.head, "a bucket leads into the window");
	while (offset >= vars->window.tail && census->broken == NULL) {
		shmx_record *record = shmx_log_at(&vars->log, offset);

		if (!expect(census, record != NULL, "a link leads to a record")) {
			return;
		}
		expect(census, (load(&record->form) & SHMX_RECORD_DEAD) == 0, "no chain leads to a dead record");
		expect(
			census, bucket_of(vars, shmx_record_hash(load(&record->name))) == bucket, "a record is in its own chain");
		expect(census, load(&record->link) < offset, "offsets fall along a chain");
		++*linked;
		offset = load(&record->link);
	}
}

static void check_counts(shmx_vars *vars, shmx_vars_census *census, uint64_t linked)
{
	uint64_t largest = SHMX_VARS_CLASSES;
	uint64_t left = vars->log.size - census->used;
	uint64_t bound;

	expect(census, linked == census->entries, "as many records are linked as are not dead");
	expect(census, vars->counts[SHMX_VARS_ENTRIES] == census->entries, "the header counts the entries");
	expect(census, vars->counts[SHMX_VARS_LIVE_BYTES] == census->live_bytes, "the header counts the live bytes");
	expect(census, vars->counts[SHMX_VARS_PERMANENT_BYTES] == census->permanent_bytes,
		"the header counts permanent bytes");
	expect(census, shmx_log_used(&vars->log, &vars->window) == census->used, "the window holds records and no gaps");
	while (largest > 0 && census->classes[largest - 1] == 0) {
		largest--;
	}
	expect(census, vars->counts[SHMX_VARS_LARGEST] == largest, "the header knows the largest permanent record");
	for (unsigned int i = 0; i < SHMX_VARS_CLASSES; i++) {
		expect(census, class_count(vars, i) == census->classes[i], "the header counts each size class");
	}
	bound = largest_permanent(vars);
	expect(census, left >= 2 * bound && left - shmx_log_lost(&vars->log, &vars->window) >= bound,
		"there is room to move the largest permanent record");
	expect(census,
		census->permanent_bytes == 0 || census->permanent_bytes + permanent_slack(vars, bound) <= vars->log.size,
		"permanent records leave their slack");
}

shmx_status shmx_vars_check(shmx_segment *segment, const char **broken)
{
	shmx_vars vars;
	shmx_vars_census census;
	uint64_t linked = 0;
	shmx_status status = begin(&vars, segment);

	*broken = NULL;
	if (status == SHMX_OK) {
		status = enter(&vars, false);
	}
	if (status == SHMX_OK && load_counts(&vars) != SHMX_OK) {
		status = leave(&vars, SHMX_E_DAMAGED);
	}
	if (status != SHMX_OK) {
		if (status == SHMX_E_DAMAGED) {
			*broken = "window and counts can be";
		}
		return status == SHMX_NOT_FOUND ? SHMX_OK : status;
	}
	memset(&census, 0, sizeof(census));
	check_log(&vars, &census);
	for (uint64_t i = 0; i < vars.group_count && census.broken == NULL; i++) {
		for (unsigned int slot = 0; slot < SHMX_VARS_GROUP_BUCKETS; slot++) {
			check_bucket(&vars, &census, &vars.groups[i].bucket[slot], &linked);
		}
	}
	if (census.broken == NULL) {
		check_counts(&vars, &census, linked);
	}
	*broken = census.broken;
	shmx_guard_release(segment);
	return census.broken == NULL ? SHMX_OK : SHMX_E_DAMAGED;
}
