/*
 * libFuzzer target for the header: the input is calls on a segment, deaths of its writers, and strokes over all that
 * stands in front of the payload: identity, guard, write line, torn table, counters, root and journal. Whatever stands
 * there, every call returns in time, answers what it may answer, touches nothing outside the segment and no semaphore of
 * anybody else's. And as long as nothing was scribbled, what is read is what was written, deaths or not. Needs no PHP;
 * build.sh says how it is built.
 *
 * The handles are on plain memory, so that AddressSanitizer knows where it ends. Its header is that of a segment that
 * the kernel does have: so there are a real semaphore set to claim tokens from, a token whose owner is dead, and a
 * segment to open and delete. All that is in an IPC namespace of the process's own, which nothing outlives. Where there
 * is none to be had, nothing is made at all, and the segment is one whose semaphores are gone.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

#include "shmx_bytes.h"
#include "shmx_guard.h"
#include "shmx_kind.h"
#include "shmx_queue.h"
#include "shmx_vars.h"
#include "tests/core/fake_segment.h"
#include "tests/fuzz/input.h"

#define KEY 0x53484d58
/* One for each handle, and one for the dead. */
#define TOKENS 4u
/* Each call may take system calls and a sleep or two: more of them and slow inputs would pass for endless ones. */
#define CALLS 64
#define PATIENT_CALLS 3
#define PATIENCE INT64_C(8000000)
/* Of one call, on a machine that is busy with other things: nanoseconds. */
#define TIME_LIMIT INT64_C(10000000000)
#define BYSTANDER_MEMBERS 40

typedef struct {
	uint64_t begin;
	uint64_t end;
} range;

/* What the payload holds, by all that was done to it. */
typedef struct {
	unsigned char *bytes;
	bool *torn; /* a byte of no known value, which must be told of */
} image;

typedef struct {
	source from;
	size_t size;       /* of the payload */
	shmx_segment made; /* in the kernel; closed where there is no namespace for it */
	int set;           /* its semaphores */
	bool deleted;      /* segment and set are not both there any more */
	shmx_segment one;  /* two handles on memory of ours */
	shmx_segment other;
	shmx_header *memory;
	unsigned char identity[sizeof(shmx_identity)]; /* as no call may change it */
	int patient_calls;
	bool plain;      /* nothing was scribbled, so the images hold */
	bool torn_write; /* a large write of a dead writer may stand in the way of readers */
	unsigned char pattern;
	image before; /* without the write that a dead writer has committed and nobody has begun */
	image now;
} world;

static bool isolated;
static int bystander = -1;
static bool wants_interrupt;

static bool interrupt(void)
{
	return wants_interrupt;
}

/* A macro, so that what is found says what it is. */
#define expect(is_so) ((is_so) ? (void) 0 : give_up(#is_so, __LINE__))

static void give_up(const char *what, int line)
{
	fprintf(stderr, "fuzz_header.c:%d: not so: %s\n", line, what);
	abort();
}

static range take_range(world *w)
{
	uint64_t begin = take(&w->from, 2) % (w->size + 1);
	uint64_t length = take(&w->from, 1);

	if (length >= 128) {
		length = length << 8 | take(&w->from, 1);
	}
	length %= w->size - begin + 1;
	return (range){ begin, begin + length };
}

/* --- the segment --- */

static void open_handle(world *w, shmx_segment *segment, bool read_only)
{
	memset(segment, 0, sizeof(*segment));
	segment->header = w->memory;
	segment->payload = (unsigned char *) w->memory + SHMX_HEADER_SIZE;
	segment->payload_size = w->size;
	segment->id = w->made.id;
	segment->key = KEY;
	segment->read_only = read_only;
	segment->semaphores = -1;
	segment->fork_generation = shmx_fork_generation;
	segment->recover = shmx_kind_recover;
	segment->interrupted = interrupt;
}

static shmx_open_options options(const world *w, char mode)
{
	return (shmx_open_options){
		.key = KEY,
		.mode = mode,
		.permissions = 0600,
		.size = mode == 'n' ? w->size : 0,
		.tokens = TOKENS,
		.recover = shmx_kind_recover,
		.interrupted = interrupt,
	};
}

static void make_header(world *w)
{
	shmx_identity *identity = &w->memory->identity;

	if (isolated) {
		shmx_open_options wanted = options(w, 'n');

		expect(shmx_segment_open(&w->made, &wanted) == SHMX_OK && shmx_guard_find_semaphores(&w->made));
		w->set = w->made.semaphores;
		memcpy(w->memory, w->made.header, SHMX_HEADER_SIZE);
		return;
	}
	w->made.id = -1;
	w->set = -1;
	w->deleted = true;
	atomic_store(&identity->magic, SHMX_MAGIC);
	atomic_store(&identity->version, SHMX_FORMAT_VERSION);
	atomic_store(&identity->byte_order, SHMX_BYTE_ORDER);
	atomic_store(&identity->header_size, SHMX_HEADER_SIZE);
	atomic_store(&identity->payload_size, w->size);
	/* No set of the machine has the tags of this one, whether there is a set of that id or not. */
	atomic_store(&identity->published, shmx_published_pack(0x7fffffff, TOKENS));
}

static void make_world(world *w, const uint8_t *data, size_t size)
{
	static const size_t sizes[] = { 0, 8, 100, 1001, 4096, 6000, 20000, 60000 };

	memset(w, 0, sizeof(*w));
	w->from = (source){ data, data + size };
	w->size = sizes[take(&w->from, 1) % 8];
	w->plain = true;
	w->patient_calls = PATIENT_CALLS;
	w->memory = make_fake_memory(w->size);
	w->before = (image){ calloc(w->size + 1, 1), calloc(w->size + 1, sizeof(bool)) };
	w->now = (image){ calloc(w->size + 1, 1), calloc(w->size + 1, sizeof(bool)) };
	expect(w->before.bytes && w->before.torn && w->now.bytes && w->now.torn);
	make_header(w);
	memcpy(w->identity, &w->memory->identity, sizeof(w->identity));
	open_handle(w, &w->one, false);
	open_handle(w, &w->other, false);
	wants_interrupt = false;
}

static void check_nothing_is_left(void)
{
	struct shm_info segments;
	struct seminfo sets;
	unsigned short values[BYSTANDER_MEMBERS];

	shmctl(0, SHM_INFO, (struct shmid_ds *) (void *) &segments);
	semctl(0, 0, SEM_INFO, &sets);
	expect(segments.used_ids == 0 && sets.semusz == 1);
	expect(semctl(bystander, 0, GETALL, values) == 0);
	for (int i = 0; i < BYSTANDER_MEMBERS; i++) {
		expect(values[i] == 7);
	}
}

static void end_world(world *w)
{
	/* Memory that the kernel knows nothing of: detaching it does nothing. */
	shmx_segment_close(&w->one);
	shmx_segment_close(&w->other);
	if (isolated) {
		shmctl(w->made.id, IPC_RMID, NULL);
		semctl(w->set, 0, IPC_RMID);
		w->made.token = 0;
		shmx_segment_close(&w->made);
		check_nothing_is_left();
	}
	free(w->memory);
	free(w->before.bytes);
	free(w->before.torn);
	free(w->now.bytes);
	free(w->now.torn);
}

/* --- what must hold --- */

/* What shmx_guard_take() may answer. */
static bool is_of_the_guard(shmx_status status)
{
	return status == SHMX_OK || status == SHMX_E_READ_ONLY || status == SHMX_E_TIMEOUT || status == SHMX_E_WRITERS
		|| status == SHMX_E_DEADLOCK || status == SHMX_E_DAMAGED || status == SHMX_INTERRUPTED;
}

/* And what it must answer while nothing is scribbled. Before the call. */
static shmx_status answer_of_the_guard(const world *w, const shmx_segment *segment)
{
	const shmx_segment *rival = segment == &w->one ? &w->other : &w->one;

	if (segment->depth > 0) {
		return SHMX_OK;
	}
	if (segment->read_only) {
		return SHMX_E_READ_ONLY;
	}
	return rival->depth > 0 ? SHMX_E_DEADLOCK : SHMX_OK;
}

static bool identity_is_good(const world *w)
{
	const shmx_identity *identity = &w->memory->identity;

	return atomic_load(&identity->published) != 0 && atomic_load(&identity->magic) == SHMX_MAGIC
		&& atomic_load(&identity->version) == SHMX_FORMAT_VERSION
		&& atomic_load(&identity->byte_order) == SHMX_BYTE_ORDER
		&& atomic_load(&identity->header_size) == SHMX_HEADER_SIZE && atomic_load(&identity->payload_size) == w->size;
}

static bool agrees(const image *with, range read, const unsigned char *bytes, const shmx_torn *torn)
{
	for (uint64_t i = read.begin; i < read.end; i++) {
		if (with->torn[i] ? !torn->found : with->bytes[i] != bytes[i - read.begin]) {
			return false;
		}
	}
	return true;
}

static void fill_image(image *which, range written, const unsigned char *bytes)
{
	if (written.begin < written.end) {
		memcpy(which->bytes + written.begin, bytes, written.end - written.begin);
		memset(which->torn + written.begin, 0, (written.end - written.begin) * sizeof(bool));
	}
}

/* Somebody has had the guard, and so has finished what the dead left. */
static void settle(world *w)
{
	memcpy(w->before.bytes, w->now.bytes, w->size);
	memcpy(w->before.torn, w->now.torn, w->size * sizeof(bool));
	w->torn_write = false;
}

static void check_torn(const world *w, const shmx_torn *torn)
{
	expect(torn->begin < torn->end && torn->end <= w->size);
}

static int living(const shmx_segment *segment, int set)
{
	if (segment->token == 0 || segment->token == SHMX_TOKEN_ANONYMOUS) {
		return 0;
	}
	expect(segment->semaphores == set && segment->token <= TOKENS);
	return 1;
}

/* After every call. */
static void check_surroundings(const world *w)
{
	expect(memcmp(w->identity, &w->memory->identity, sizeof(w->identity)) == 0);
	if (!w->deleted) {
		expect(semctl(w->set, SHMX_SEM_LIVING, GETVAL) == living(&w->one, w->set) + living(&w->other, w->set));
		expect(semctl(w->set, SHMX_SEM_TAG, GETVAL) == SHMX_SEM_TAG_VALUE + ((w->made.id >> 30) & 1));
	}
}

/* --- calls --- */

static unsigned char *new_bytes(world *w, range written)
{
	unsigned char *bytes = malloc(written.end - written.begin);

	w->pattern++;
	for (uint64_t i = 0; i < written.end - written.begin; i++) {
		bytes[i] = (unsigned char) (w->pattern + i * 7);
	}
	return bytes;
}

static void read_bytes(world *w, shmx_segment *segment)
{
	range wanted = take_range(w);
	unsigned char *into = malloc(wanted.end - wanted.begin);
	shmx_torn torn;
	shmx_status status = shmx_bytes_read(segment, wanted.begin, into, wanted.end - wanted.begin, &torn);

	expect(status == SHMX_OK || status == SHMX_E_KIND || status == SHMX_E_DAMAGED || status == SHMX_E_TIMEOUT);
	if (status == SHMX_OK && torn.found) {
		check_torn(w, &torn);
	}
	if (w->plain) {
		expect(status == SHMX_OK ? agrees(&w->before, wanted, into, &torn) || agrees(&w->now, wanted, into, &torn)
								 : status == SHMX_E_TIMEOUT && w->torn_write);
	}
	free(into);
}

static void write_bytes(world *w, shmx_segment *segment)
{
	range written = take_range(w);
	unsigned char *bytes = new_bytes(w, written);
	shmx_status answer = written.begin < written.end ? answer_of_the_guard(w, segment) : SHMX_OK;
	shmx_status status = shmx_bytes_write(segment, written.begin, bytes, written.end - written.begin);

	expect(is_of_the_guard(status) || status == SHMX_E_KIND);
	expect(!w->plain || status == answer);
	if (status == SHMX_OK && written.begin < written.end) {
		expect(memcmp(segment->payload + written.begin, bytes, written.end - written.begin) == 0);
		settle(w);
		fill_image(&w->now, written, bytes);
		fill_image(&w->before, written, bytes);
	}
	free(bytes);
}

static void lock(world *w, shmx_segment *segment, bool repair)
{
	shmx_status answer = answer_of_the_guard(w, segment);
	shmx_status status = shmx_guard_take(segment, segment->lock_timeout);

	expect(is_of_the_guard(status));
	expect(!w->plain || status == answer);
	if (status != SHMX_OK) {
		return;
	}
	expect(shmx_guard_held(segment));
	settle(w);
	if (repair) {
		shmx_kind_recover(segment);
		expect(!w->plain || (atomic_load(&w->memory->write.sequence) & 1) == 0);
		shmx_segment_note_write(segment);
		shmx_guard_release(segment);
	}
}

static void unlock(shmx_segment *segment)
{
	if (segment->depth > 0) {
		shmx_guard_release(segment);
	}
}

static void look(world *w, shmx_segment *segment)
{
	shmx_torn ranges[SHMX_TORN_RANGES];
	size_t count = shmx_bytes_torn_ranges(segment, ranges);
	uint32_t in_use, total;
	bool abandoned = shmx_guard_abandoned(segment);
	bool counted = shmx_guard_tokens(segment, &in_use, &total);

	expect(count <= SHMX_TORN_RANGES);
	for (size_t i = 0; i < count; i++) {
		expect(ranges[i].found);
		check_torn(w, &ranges[i]);
	}
	expect(total <= SHMX_MAX_TOKENS && (counted ? in_use <= TOKENS : in_use == 0));
	expect(!w->plain || !abandoned || (w->one.depth == 0 && w->other.depth == 0));
	shmx_kind_find(shmx_segment_kind(segment));
	shmx_bytes_writes(segment);
	expect((shmx_segment_check(segment) == SHMX_OK) == (segment->checked || identity_is_good(w)));
}

/* What another kind makes of the header. Its own statuses are of those that PHP code may see. */
static void use_as_another_kind(world *w, shmx_segment *segment, unsigned int what)
{
	shmx_key key = { "k", 1, 5 };
	shmx_value value = { 6, "value", 5 };
	shmx_found found = { 0 };
	shmx_vars_figures vars;
	shmx_queue_figures queue;
	shmx_message message = { 0 };
	const char *broken;
	uint64_t pending;
	shmx_status status;

	switch (what % 8) {
		case 0:
			status = shmx_vars_put(segment, &key, &value, 0, false, NULL);
			break;
		case 1:
			status = shmx_vars_find(segment, &key, &found);
			break;
		case 2:
			status = shmx_vars_info(segment, &vars);
			break;
		case 3:
			status = shmx_vars_check(segment, &broken);
			break;
		case 4:
			status = shmx_queue_send(segment, 6, "message", 7, 0, NULL);
			break;
		case 5:
			status = shmx_queue_receive(segment, &message, 0);
			shmx_message_free(&message);
			break;
		case 6:
			status = shmx_queue_info(segment, &queue);
			if (status == SHMX_OK) {
				status = shmx_queue_pending(segment, &pending);
			}
			break;
		default:
			status = shmx_queue_check(segment, &broken);
			break;
	}
	expect(status < SHMX_E_GET || status >= SHMX_INTERRUPTED);
	w->plain &= shmx_segment_kind(segment) <= SHMX_KIND_BYTES;
	if (w->plain) {
		/* They may have had the guard; nobody says. */
		lock(w, segment, true);
	}
}

static void reopen(world *w, shmx_segment *segment)
{
	uint64_t how = take(&w->from, 1);

	shmx_segment_close(segment);
	open_handle(w, segment, how & 1);
	wants_interrupt = how & 2;
}

/* --- what the dead leave --- */

static uint32_t dead_token(world *w)
{
	uint32_t token = (uint32_t) take(&w->from, 1);

	do {
		token = token % TOKENS + 1;
	} while (token == w->one.token || token == w->other.token);
	return token;
}

/* A writer dies in a write of bytes, at a place of the input's choice, as docs/format.md has the steps. */
static void die(world *w)
{
	shmx_write_line *line = &w->memory->write;
	range written = take_range(w);
	uint64_t length = written.end - written.begin;
	uint64_t place = take(&w->from, 1);
	unsigned char *bytes;
	uint64_t odd;

	if (w->deleted || w->one.depth > 0 || w->other.depth > 0 || length == 0) {
		return;
	}
	/* Whoever wrote last had the guard, and left nothing undone. */
	w->one.read_only = false;
	lock(w, &w->one, true);
	if (w->one.depth > 0) {
		return;
	}
	bytes = new_bytes(w, written);
	odd = atomic_load(&line->sequence) | 1;
	atomic_store(&w->memory->guard, (atomic_load(&w->memory->guard) & ~UINT64_C(0x1ffff)) + 0x20000 + dead_token(w));
	atomic_store(&line->kind, SHMX_KIND_BYTES);
	if (length <= SHMX_JOURNAL_SIZE) {
		memcpy(w->memory->journal, bytes, length);
	}
	atomic_store(&line->offset, written.begin);
	atomic_store(&line->length, length);
	if (place > 40) {
		atomic_store(&line->stamp, odd);
		if (length <= SHMX_JOURNAL_SIZE) {
			fill_image(&w->now, written, bytes);
		}
	}
	if (place > 80) {
		atomic_store(&line->sequence, odd);
		memcpy(w->one.payload + written.begin, bytes, length * (place - 80) / 175);
		if (length <= SHMX_JOURNAL_SIZE) {
			fill_image(&w->before, written, bytes);
		} else {
			memset(w->before.torn + written.begin, 1, length * sizeof(bool));
			memset(w->now.torn + written.begin, 1, length * sizeof(bool));
			w->torn_write = true;
		}
	}
	free(bytes);
}

/* --- strokes --- */

/* A word, in full or by a little. */
static void stroke(world *w, size_t place)
{
	unsigned char *at = (unsigned char *) w->memory + place;
	uint64_t how = take(&w->from, 1);
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	if (how == 0) {
		word = take(&w->from, 8);
	} else if (how == 1) {
		word = word << 32 | word >> 32;
	} else {
		word += how - 128;
	}
	memcpy(at, &word, sizeof(word));
}

/* Words that a stroke would hardly hit on. */
static void forge(world *w)
{
	const int sets[] = { w->set, bystander, 0x7fffffff };
	uint64_t how = take(&w->from, 1);
	uint64_t sequence = atomic_load(&w->memory->write.sequence);

	if (how & 1) {
		atomic_store(&w->memory->write.sequence, how & 2 ? sequence | 1 : sequence & ~UINT64_C(1));
		atomic_store(&w->memory->write.stamp, sequence | 1);
		if (how & 4) {
			/* Of bytes of which the last may not be there. */
			atomic_store(&w->memory->write.offset, w->size - take(&w->from, 1));
			atomic_store(&w->memory->write.length, take(&w->from, 2));
		}
		return;
	}
	atomic_store(&w->memory->identity.published,
		shmx_published_pack(
			how >> 2 < 3 ? sets[how >> 2] : (int) take(&w->from, 4), how & 2 ? TOKENS : (uint32_t) take(&w->from, 2)));
}

static void scribble(world *w, unsigned int what)
{
	if (what == 0) {
		/* All that stands before the root. */
		stroke(w, take(&w->from, 1) * 8 % (offsetof(shmx_header, torn) + sizeof(w->memory->torn)));
	} else if (what == 1) {
		stroke(w, take(&w->from, 2) % ((SHMX_HEADER_SIZE + w->size) / 8) * 8);
	} else {
		forge(w);
	}
	w->plain = false;
	memcpy(w->identity, &w->memory->identity, sizeof(w->identity));
}

/* --- the segment that the kernel has --- */

static void ignore_segment(int segment_id, int semaphores, const struct shmid_ds *status, void *context)
{
	(void) semaphores;
	(void) status;
	*(bool *) context |= segment_id != -1;
}

/* Its header becomes what ours is; opening it must find out what is wrong. */
static void open_for_real(world *w)
{
	uint64_t how = take(&w->from, 1);
	shmx_open_options wanted = options(w, how & 1 ? 'a' : 'w');
	bool good = identity_is_good(w);
	shmx_segment opened;
	shmx_status status;
	unsigned char byte = 0;
	shmx_torn torn;
	uint32_t kind;
	int set;
	bool seen = false;

	if (w->deleted) {
		return;
	}
	memcpy(w->made.header, w->memory, SHMX_HEADER_SIZE);
	expect(shmx_segment_peek(w->made.id, &kind, &set) == good);
	expect(shmx_segment_each(ignore_segment, &seen) == 1 && seen);
	status = shmx_segment_open(&opened, &wanted);
	expect(status == SHMX_OK || status == SHMX_E_FOREIGN || status == SHMX_E_VERSION || status == SHMX_E_HEADER);
	expect(!good || status == SHMX_OK);
	if (status != SHMX_OK) {
		expect(opened.header == NULL);
		return;
	}
	expect((shmx_segment_check(&opened) == SHMX_OK) == good);
	if (w->size > 0) {
		status = shmx_bytes_read(&opened, w->size - 1, &byte, 1, &torn);
		expect(status == SHMX_OK || status == SHMX_E_KIND || status == SHMX_E_DAMAGED || status == SHMX_E_TIMEOUT);
		status = shmx_bytes_write(&opened, w->size - 1, &byte, 1);
		expect(is_of_the_guard(status) || status == SHMX_E_KIND);
	}
	shmx_segment_close(&opened);
}

/* As often as one likes: it is there until the last has detached it. */
static void delete_it(world *w, shmx_segment *segment)
{
	if (isolated) {
		expect(shmx_segment_delete(segment) == SHMX_OK);
		w->deleted = true;
		w->plain = false;
	}
}

/* --- */

static void make_a_call(world *w)
{
	unsigned int what = (unsigned int) take(&w->from, 1);
	shmx_segment *segment = what & 128 ? &w->other : &w->one;

	segment->lock_timeout = 0;
	if (what & 64 && w->patient_calls > 0) {
		w->patient_calls--;
		segment->lock_timeout = PATIENCE;
	}
	what &= 63;
	if (what < 12) {
		read_bytes(w, segment);
	} else if (what < 22) {
		write_bytes(w, segment);
	} else if (what < 26) {
		lock(w, segment, what & 1);
	} else if (what < 28) {
		unlock(segment);
	} else if (what < 31) {
		look(w, segment);
	} else if (what < 33) {
		reopen(w, segment);
	} else if (what < 42) {
		die(w);
	} else if (what < 51) {
		scribble(w, what % 3);
	} else if (what < 53) {
		open_for_real(w);
	} else if (what < 54) {
		delete_it(w, segment);
	} else {
		use_as_another_kind(w, segment, what);
	}
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	unsigned short values[BYSTANDER_MEMBERS];

	(void) count;
	(void) arguments;
	isolated = unshare(CLONE_NEWIPC) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0;
	if (isolated) {
		bystander = semget(IPC_PRIVATE, BYSTANDER_MEMBERS, IPC_CREAT | 0600);
		for (int i = 0; i < BYSTANDER_MEMBERS; i++) {
			values[i] = 7;
		}
		expect(bystander != -1 && semctl(bystander, 0, SETALL, values) == 0);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	world w;

	make_world(&w, data, size);
	for (int i = 0; i < CALLS && w.from.at < w.from.end; i++) {
		int64_t begun = shmx_clock_monotonic();

		make_a_call(&w);
		expect(shmx_clock_monotonic() - begun < TIME_LIMIT);
		check_surroundings(&w);
	}
	end_world(&w);
	return 0;
}
