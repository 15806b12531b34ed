/*
 * shmx-flavour: crash
 *
 * A process dies at every labelled point of floors 0 and 1, and so does the process that repairs after it, and the one
 * after that. Each time the others must go on soon, read all or nothing, be told of what is torn, and leave nothing behind
 * in the kernel. The same points once more for a process that is only stopped. The last test asks whether any label that
 * stands in the sources was never reached.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core_support.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shmx_bytes.h"
#include "shmx_crash.h"
#include "shmx_guard.h"

#define SIZE 65536
/* Where those who come after a death write, to prove that they can. */
#define FAR (SIZE - 64)
#define FAR_LENGTH 32
#define MOST_POINTS 200
#define MOST_LABELS 100

typedef struct {
	uint64_t begin, end;
} span;

/* One act that may end anywhere, and the world it is done in. */
typedef struct {
	const char *name;
	uint64_t offset; /* what the act writes */
	size_t length;
	uint32_t tokens;
	span torn[SHMX_TORN_RANGES + 1]; /* torn before the act, up to the first empty one */
	span
		left_by_dead; /* a large write that was under way when the act began, its guard held: to be repaired by the act */
	bool inexact;     /* the table is full: more than what is torn may be told */
	bool locked;      /* within a lock of two writes: the act's and one far away */
} scenario;

static const scenario scenarios[] = {
	{ .name = "a byte", .offset = 100, .length = 1, .tokens = 63 },
	{ .name = "4,096 bytes", .offset = 12345, .length = 4096, .tokens = 63 },
	{ .name = "4,096 bytes, one token for all", .offset = 12345, .length = 4096, .tokens = 1 },
	{ .name = "4,097 bytes", .offset = 12345, .length = 4097, .tokens = 63 },
	{ .name = "30,000 bytes, one token for all", .offset = 1, .length = 30000, .tokens = 1 },
	{ .name = "into the middle of torn bytes",
		.offset = 15000,
		.length = 100,
		.tokens = 63,
		.torn = { { 10000, 20000 } } },
	{ .name = "over all of one torn range and the ends of two",
		.offset = 15000,
		.length = 4096,
		.tokens = 63,
		.torn = { { 9000, 15100 }, { 15500, 17000 }, { 19000, 25000 } } },
	{ .name = "much over half of what is torn",
		.offset = 15000,
		.length = 8000,
		.tokens = 63,
		.torn = { { 10000, 20000 } } },
	{ .name = "after a dead large write",
		.offset = 5000,
		.length = 10,
		.tokens = 63,
		.left_by_dead = { 20000, 26000 } },
	{ .name = "into a dead large write",
		.offset = 23000,
		.length = 10,
		.tokens = 63,
		.left_by_dead = { 20000, 26000 } },
	{ .name = "into the middle with the table full but for one",
		.offset = 15000,
		.length = 100,
		.tokens = 2,
		.torn = { { 10000, 20000 }, { 21000, 26000 }, { 27000, 32000 }, { 33000, 38000 }, { 39000, 44000 },
			{ 45000, 50000 }, { 51000, 56000 } } },
	{ .name = "after a dead large write with the table full",
		.offset = 60000,
		.length = 100,
		.tokens = 2,
		.torn = { { 12000, 17000 }, { 18000, 23000 }, { 24000, 29000 }, { 30000, 35000 }, { 36000, 41000 },
			{ 42000, 47000 }, { 48000, 53000 }, { 54000, 59000 } },
		.left_by_dead = { 3000, 9000 },
		.inexact = true },
	{ .name = "two writes in a lock", .offset = 500, .length = 2000, .tokens = 63, .locked = true },
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

typedef struct {
	char label[64];
	_Atomic int go;
	_Atomic int ready;
} board;

static board *shared;
static const scenario *now;
static key_t key;
static unsigned char old_bytes[SIZE], new_bytes[SIZE], found[SIZE], pattern[SIZE];
static unsigned char far_bytes[FAR_LENGTH];

static char reached[MOST_LABELS][64];
static size_t reached_count;
static unsigned long deaths;
static int64_t longest;

static bool was_met(const char *label)
{
	for (size_t i = 0; i < reached_count; i++) {
		if (strcmp(reached[i], label) == 0) {
			return true;
		}
	}
	return false;
}

static void note_label(void)
{
	if (was_met(shared->label)) {
		return;
	}
	assert_true(reached_count < MOST_LABELS);
	memcpy(reached[reached_count++], shared->label, sizeof(shared->label));
}

/* The time since `begun`, which a death must not lengthen beyond the promise. */
static void assert_soon(int64_t begun)
{
	int64_t took = shmx_clock_monotonic() - begun;

	longest = took > longest ? took : longest;
	if (took > LONGEST_STALL) {
		fail_msg("%lld ms after \"%s\"", (long long) (took / MILLISECONDS), shared->label);
	}
}

typedef struct {
	child_body body;
	void *context;
	unsigned long point;
	int cause;
} armed_body;

static int run_armed(void *context)
{
	armed_body *armed = context;

	shmx_crash_report_to(shared->label, sizeof(shared->label));
	shmx_crash_by(armed->cause);
	shmx_crash_arm(armed->point);
	return armed->body(armed->context);
}

/* Whether the child died at its n-th point. Anything but that and success is a failure. */
static bool dies(child_body body, void *context, unsigned long point)
{
	armed_body armed = { body, context, point, SIGKILL };
	int status;

	strcpy(shared->label, "none");
	status = reap(start_child(run_armed, &armed));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		note_label();
		deaths++;
		return true;
	}
	if (!exited_well(status)) {
		fail_msg(
			"%s: a child that should have survived ended with %d", now != NULL ? now->name : "?", WEXITSTATUS(status));
	}
	return false;
}

/* The child if it stopped at its n-th point, or 0 if it came through. */
static pid_t stops(child_body body, void *context, unsigned long point)
{
	armed_body armed = { body, context, point, SIGSTOP };
	pid_t child = start_child(run_armed, &armed);
	int status = 0;

	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	if (WIFSTOPPED(status)) {
		return child;
	}
	assert_true(exited_well(status));
	return 0;
}

static shmx_status open_key(shmx_segment *segment, char mode)
{
	shmx_open_options options = options_for(key, mode, mode == 'c' || mode == 'n' ? SIZE : 0);

	options.tokens = now != NULL ? now->tokens : 63;
	return shmx_segment_open(segment, &options);
}

/* --- bytes ---------------------------------------------------------------------------------------- */

static int act(void *context)
{
	shmx_segment segment;

	(void) context;
	if (open_key(&segment, 'w') != SHMX_OK) {
		return 1;
	}
	if (now->locked && shmx_guard_take(&segment, SECONDS) != SHMX_OK) {
		return 2;
	}
	if (shmx_bytes_write(&segment, now->offset, pattern + now->offset, now->length) != SHMX_OK) {
		return 3;
	}
	if (now->locked) {
		if (shmx_bytes_write(&segment, FAR, far_bytes, FAR_LENGTH) != SHMX_OK) {
			return 4;
		}
		shmx_guard_release(&segment);
	}
	shmx_segment_close(&segment);
	return 0;
}

/* What anybody does who comes later. Says so if the dead hold it up. */
static int repair(void *context)
{
	shmx_segment segment;
	int64_t begun = shmx_clock_monotonic();

	(void) context;
	if (open_key(&segment, 'w') != SHMX_OK) {
		return 11;
	}
	if (shmx_bytes_write(&segment, FAR, far_bytes, FAR_LENGTH) != SHMX_OK) {
		return 12;
	}
	shmx_segment_close(&segment);
	return shmx_clock_monotonic() - begun < LONGEST_STALL ? 0 : 13;
}

static void set_up_world(const scenario *which)
{
	static unsigned char base[SIZE];
	shmx_segment segment;
	shmx_open_options options;

	now = which;
	key = unused_key();
	options = options_for(key, 'n', SIZE);
	options.tokens = which->tokens;
	assert_int_equal(shmx_segment_open(&segment, &options), SHMX_OK);
	fill_pattern(base, SIZE, 1);
	fill_pattern(pattern, SIZE, 2);
	fill_pattern(far_bytes, FAR_LENGTH, 3);
	memset(base + FAR, 0, SIZE - FAR);
	/* Straight into the payload, so that the kind is still to be decided where nothing else decides it. */
	memcpy(segment.payload, base, SIZE);
	for (size_t i = 0; i < SHMX_TORN_RANGES && which->torn[i].end > 0; i++) {
		span torn = which->torn[i];

		assert_int_equal(shmx_guard_take(&segment, 0), SHMX_OK);
		assert_int_equal(shmx_segment_become(&segment, SHMX_KIND_BYTES, NULL), SHMX_OK);
		forge_write(&segment, torn.begin, base + torn.begin, torn.end - torn.begin, 0);
		shmx_bytes_recover(&segment);
		shmx_guard_release(&segment);
	}
	if (which->left_by_dead.end > 0) {
		span left = which->left_by_dead;

		if (which->tokens == 1) {
			shmx_guard_forget(&segment);
		}
		die_in_write(&segment, left.begin, pattern + left.begin, left.end - left.begin, 1000);
	}
	memcpy(old_bytes, segment.payload, SIZE);
	memcpy(new_bytes, old_bytes, SIZE);
	memcpy(new_bytes + which->offset, pattern + which->offset, which->length);
	shmx_segment_close(&segment);
}

/* Reads, soon, and tells whether the bytes were told as torn. */
static shmx_torn read_soon(shmx_segment *segment, uint64_t offset, size_t length)
{
	int64_t begun = shmx_clock_monotonic();
	shmx_torn torn;

	assert_int_equal(shmx_bytes_read(segment, offset, found, length, &torn), SHMX_OK);
	assert_soon(begun);
	return torn;
}

typedef enum {
	STATE_OLD,
	STATE_NEW,
	STATE_TORN
} write_state;

/* Whether a byte outside what the act writes must be told as torn. */
static bool was_torn(uint64_t at)
{
	for (size_t i = 0; i < SHMX_TORN_RANGES && now->torn[i].end > 0; i++) {
		if (now->torn[i].begin <= at && at < now->torn[i].end) {
			return true;
		}
	}
	return now->left_by_dead.begin <= at && at < now->left_by_dead.end;
}

/* The bytes in [begin, end), at which nobody has written, are as they were, and told as they should be. */
static void assert_untouched(shmx_segment *segment, uint64_t begin, uint64_t end)
{
	for (uint64_t at = begin; at < end;) {
		uint64_t stop = at;
		shmx_torn torn;

		while (stop < end && was_torn(stop) == was_torn(at)) {
			stop++;
		}
		torn = read_soon(segment, at, stop - at);
		assert_memory_equal(found, old_bytes + at, stop - at);
		if (was_torn(at)) {
			assert_true(torn.found);
			assert_true(read_soon(segment, at, 1).found);
			assert_true(read_soon(segment, stop - 1, 1).found);
		} else if (!now->inexact && torn.found) {
			fail_msg("%s: [%llu, %llu) is told as torn for [%llu, %llu) after \"%s\"", now->name,
				(unsigned long long) torn.begin, (unsigned long long) torn.end, (unsigned long long) at,
				(unsigned long long) stop, shared->label);
		}
		at = stop;
	}
}

/* All of the act's write, nothing of it, or told as torn; and everything else as it was. */
static write_state look(shmx_segment *segment)
{
	uint64_t begin = now->offset, end = begin + now->length;
	bool touches_torn = false;
	write_state state;
	shmx_torn torn;

	assert_untouched(segment, 0, begin);
	assert_untouched(segment, end, FAR);
	for (uint64_t at = begin; at < end; at++) {
		touches_torn = touches_torn || was_torn(at);
	}
	torn = read_soon(segment, begin, now->length);
	if (now->length > SHMX_JOURNAL_SIZE && torn.found && (touches_torn || (torn.begin == begin && torn.end == end))) {
		state = STATE_TORN;
		if (touches_torn && memcmp(found, old_bytes + begin, now->length) == 0) {
			state = STATE_OLD;
		}
	} else if (memcmp(found, new_bytes + begin, now->length) == 0) {
		state = STATE_NEW;
		assert_true(!torn.found || now->inexact);
	} else {
		assert_memory_equal(found, old_bytes + begin, now->length);
		state = STATE_OLD;
		assert_int_equal(torn.found, touches_torn || (now->inexact && torn.found));
	}
	/* Those who came later wrote this, or did not get so far. */
	torn = read_soon(segment, FAR, FAR_LENGTH);
	assert_false(torn.found);
	if (memcmp(found, far_bytes, FAR_LENGTH) != 0) {
		assert_memory_equal(found, old_bytes + FAR, FAR_LENGTH);
	}
	return state;
}

static void assert_nothing_left(int allowed_sets)
{
	shmx_segment_sweep();
	if (program_is_isolated()) {
		assert_int_equal(segments_in_kernel(), 0);
		assert_in_range(sets_in_kernel(), 0, allowed_sets);
	}
}

/* After deaths, or none: the next ones read, write, and find all in order; then the world is taken away. */
static void assert_goes_on(bool survived)
{
	shmx_segment segment, reader;
	write_state first, second;
	int64_t begun = shmx_clock_monotonic();
	uint32_t in_use, total;

	assert_int_equal(open_key(&reader, 'a'), SHMX_OK);
	assert_soon(begun);
	first = look(&reader);

	begun = shmx_clock_monotonic();
	assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&segment, FAR, far_bytes, FAR_LENGTH), SHMX_OK);
	assert_soon(begun);
	second = look(&segment);
	assert_int_equal(look(&reader), second);
	/* What somebody has seen does not go away again. */
	assert_true(first != STATE_NEW || second == STATE_NEW);
	assert_true(!survived || second == STATE_NEW);
	assert_at_rest(&segment);
	assert_true(shmx_guard_tokens(&segment, &in_use, &total));
	assert_int_equal(in_use, 1);

	/* Writing it all clears it all. */
	assert_int_equal(shmx_bytes_write(&segment, 0, pattern, SIZE), SHMX_OK);
	assert_false(read_soon(&reader, 0, SIZE).found);
	assert_memory_equal(found, pattern, SIZE);
	assert_int_equal(atomic_load(&segment.header->write.torn_count), 0);

	assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
	shmx_segment_close(&segment);
	shmx_segment_close(&reader);
	assert_nothing_left(0);
}

static void a_write_may_be_killed_at_every_point(void **state)
{
	(void) state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		bool died = true;

		for (unsigned long point = 1; died; point++) {
			assert_true(point < MOST_POINTS);
			set_up_world(&scenarios[i]);
			died = dies(act, NULL, point);
			assert_goes_on(!died);
		}
	}
}

/* By default every point of the second with a quarter of the first's, in turn; SHMX_TEST_THOROUGH=1 takes all pairs. */
static void whoever_repairs_may_be_killed_at_every_point_too(void **state)
{
	unsigned long stride = number_from("SHMX_TEST_THOROUGH", 0) ? 1 : 4;

	(void) state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		bool died = true;

		for (unsigned long point = 1; died; point++) {
			bool second_died = true;

			for (unsigned long second = 1 + (point + i) % stride; second_died && died; second += stride) {
				assert_true(second < MOST_POINTS);
				set_up_world(&scenarios[i]);
				died = dies(act, NULL, point);
				second_died = dies(repair, NULL, second);
				assert_goes_on(!died);
			}
		}
	}
}

/* Three dead in a row: every point of the first, every point of the second, and a wandering one of the third and fourth. */
static void and_so_may_the_next_ones(void **state)
{
	uint64_t random = 2463534242u;

	(void) state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		for (int round = 0; round < (number_from("SHMX_TEST_THOROUGH", 0) ? 500 : 25); round++) {
			bool died;

			set_up_world(&scenarios[i]);
			died = dies(act, NULL, 1 + next_random(&random) % 18);
			for (int j = 0; j < 4; j++) {
				dies(repair, NULL, 1 + next_random(&random) % 24);
			}
			assert_goes_on(!died);
		}
	}
}

/* Stopped is not dead: nobody robs it, readers of little do not wait, and it ends its work when it is continued. */
static void a_write_may_be_stopped_at_every_point(void **state)
{
	(void) state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		pid_t child = -1;

		for (unsigned long point = 1; child != 0; point++) {
			shmx_segment segment, reader;
			shmx_status status;
			uint64_t recoveries;

			assert_true(point < MOST_POINTS);
			set_up_world(&scenarios[i]);
			assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
			assert_int_equal(open_key(&reader, 'a'), SHMX_OK);
			child = stops(act, NULL, point);
			recoveries = atomic_load(&segment.header->counters.recoveries);
			if (now->length <= SHMX_JOURNAL_SIZE && now->left_by_dead.end == 0) {
				look(&reader);
			}
			segment.lock_timeout = 12 * MILLISECONDS;
			status = shmx_bytes_write(&segment, FAR, far_bytes, FAR_LENGTH);
			if (status != SHMX_E_TIMEOUT && !(status == SHMX_E_WRITERS && now->tokens == 1)) {
				assert_int_equal(status, SHMX_OK);
			}
			if (child != 0) {
				/* Stopped before it had a token, it needs the only one that there may be. */
				shmx_guard_forget(&segment);
				kill(child, SIGCONT);
				assert_true(exited_well(reap(child)));
			}
			/* Only the one that died before the act began is recovered from. */
			assert_true(
				atomic_load(&segment.header->counters.recoveries) - recoveries <= (now->left_by_dead.end > 0 ? 1 : 0));
			shmx_segment_close(&segment);
			shmx_segment_close(&reader);
			assert_goes_on(true);
		}
	}
}

/* --- the guard, with somebody waiting --------------------------------------------------------------- */

static int wait_for_guard(void *context)
{
	shmx_segment segment;

	(void) context;
	if (open_key(&segment, 'w') != SHMX_OK) {
		return 1;
	}
	atomic_store(&shared->ready, 1);
	if (shmx_guard_take(&segment, PATIENCE) != SHMX_OK) {
		return 2;
	}
	shmx_segment_close(&segment);
	return 0;
}

/* Holds until somebody sleeps at the gate, then releases. */
static int release_to_a_waiter(void *context)
{
	shmx_segment segment;
	int64_t begun = shmx_clock_monotonic();

	(void) context;
	if (open_key(&segment, 'w') != SHMX_OK || shmx_guard_take(&segment, SECONDS) != SHMX_OK) {
		return 1;
	}
	atomic_store(&shared->go, 1);
	while ((atomic_load(&segment.header->guard) & UINT64_C(0x10000)) == 0) {
		if (shmx_clock_monotonic() - begun > PATIENCE) {
			return 2;
		}
		sleep_for(200000);
	}
	shmx_guard_release(&segment);
	shmx_segment_close(&segment);
	return 0;
}

/* Stops where it has found the owner dead; then it goes on, and must have the guard in the end. */
static int take_from_the_dead(void *context)
{
	shmx_segment segment;

	if (open_key(&segment, 'w') != SHMX_OK) {
		return 1;
	}
	shmx_crash_by(SIGSTOP);
	shmx_crash_arm_label("guard: owner found dead");
	if (shmx_guard_take(&segment, *(const int64_t *) context) != SHMX_OK) {
		return 2;
	}
	shmx_crash_arm_label(NULL);
	atomic_fetch_add(&shared->ready, 1);
	shmx_guard_release(&segment);
	shmx_segment_close(&segment);
	return 0;
}

/*
 * Between finding an owner dead and taking its guard, another waiter may mark the guard, which takes nothing over, or be
 * faster and take it. With one token for all it is the dead owner's own token that comes with the guard. A mark takes it
 * away from nobody, also not from one that does not wait.
 */
static void who_is_overtaken_at_a_dead_owners_guard_goes_on(void **state)
{
	(void) state;
	for (int i = 0; i < 4; i++) {
		bool one_token = i == 2;
		bool taken = i == 1;
		int64_t timeout = i == 3 ? 0 : PATIENCE;
		scenario world = { .offset = 100, .length = 1, .tokens = one_token ? 1 : 63, .left_by_dead = { 20000, 26000 } };
		shmx_segment segment;
		pid_t waiter;

		set_up_world(&world);
		atomic_store(&shared->ready, 0);
		assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
		waiter = start_child(take_from_the_dead, &timeout);
		await_stop(waiter);
		if (taken) {
			assert_int_equal(shmx_guard_take(&segment, 0), SHMX_OK);
		} else {
			atomic_fetch_or(&segment.header->guard, UINT64_C(0x10000));
		}
		kill(waiter, SIGCONT);
		if (taken) {
			sleep_for(30 * MILLISECONDS);
			assert_int_equal(atomic_load(&shared->ready), 0);
			assert_int_equal(guard_owner(&segment), segment.token);
			shmx_guard_release(&segment);
		}
		assert_true(exited_well(reap(waiter)));
		assert_int_equal(atomic_load(&shared->ready), 1);
		assert_int_equal(atomic_load(&segment.header->counters.recoveries), 1);
		assert_at_rest(&segment);
		shmx_segment_close(&segment);
		destroy_key(key);
		now = NULL;
	}
}

/* Stops between finding the key and looking at what it names. */
static int open_what_goes_away(void *context)
{
	shmx_open_options options = options_for(key, *(char *) context, 100);
	shmx_segment segment;
	shmx_status status;

	shmx_crash_by(SIGSTOP);
	shmx_crash_arm_label("open: found");
	status = shmx_segment_open(&segment, &options);
	shmx_crash_arm_label(NULL);
	if (status != SHMX_OK) {
		return segment.header == NULL && status == SHMX_E_GET && errno == ENOENT ? 1 : 2;
	}
	shmx_bytes_write(&segment, 0, "new", 3);
	shmx_segment_close(&segment);
	return 0;
}

/* The key is looked up once more: who may create makes a new segment, who may not is told that there is none. */
static void a_deletion_in_the_middle_of_an_open_is_like_one_before_it(void **state)
{
	static char modes[] = { 'c', 'w', 'a' };

	(void) state;
	for (size_t i = 0; i < sizeof(modes); i++) {
		shmx_segment segment;
		pid_t child;

		key = unused_key();
		now = NULL;
		/* Nobody has it attached, so the deletion is the end of it. */
		assert_int_equal(open_key(&segment, 'n'), SHMX_OK);
		shmx_segment_close(&segment);
		child = start_child(open_what_goes_away, &modes[i]);
		await_stop(child);
		assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
		assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
		shmx_segment_close(&segment);
		kill(child, SIGCONT);
		assert_int_equal(WEXITSTATUS(reap(child)), modes[i] == 'c' ? 0 : 1);
		if (modes[i] == 'c') {
			assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
			assert_int_equal(segment.payload_size, 100);
			assert_memory_equal(segment.payload, "new", 3);
			shmx_segment_close(&segment);
		}
		destroy_key(key);
	}
}

static void a_waiter_goes_on_wherever_the_owner_ends(void **state)
{
	static const int causes[] = { SIGKILL, SIGSTOP };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		bool ended = true;

		for (unsigned long point = 4; ended; point++) {
			armed_body armed = { release_to_a_waiter, NULL, point, causes[i] };
			int64_t begun;
			pid_t owner, waiter;
			int status;

			assert_true(point < MOST_POINTS);
			set_up_world(&scenarios[0]);
			atomic_store(&shared->go, 0);
			atomic_store(&shared->ready, 0);
			owner = start_child(run_armed, &armed);
			assert_true(await_value(&shared->go, 1));
			waiter = start_child(wait_for_guard, NULL);
			assert_int_equal(waitpid(owner, &status, WUNTRACED), owner);
			begun = shmx_clock_monotonic();
			ended = !WIFEXITED(status);
			assert_true(ended || exited_well(status));
			if (WIFSIGNALED(status)) {
				note_label();
				deaths++;
			}
			/* Stopped while it still holds the guard, it is waited for. */
			if (WIFSTOPPED(status) && strcmp(shared->label, "guard: about to release") == 0) {
				sleep_for(30 * MILLISECONDS);
				assert_int_equal(waitpid(waiter, NULL, WNOHANG), 0);
				begun = shmx_clock_monotonic();
				kill(owner, SIGCONT);
				assert_true(exited_well(reap(owner)));
				owner = 0;
			}
			assert_true(exited_well(reap(waiter)));
			assert_soon(begun);
			if (WIFSTOPPED(status) && owner != 0) {
				kill(owner, SIGCONT);
				assert_true(exited_well(reap(owner)));
			}
			destroy_key(key);
			assert_nothing_left(0);
		}
	}
}

static bool is_gone(pid_t child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t) child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

/* Waits until the child is gone, or so many sleep at the gate. */
static void await_end_or_sleepers(const shmx_segment *segment, pid_t child, int sleepers)
{
	int64_t begun = shmx_clock_monotonic();

	while (!is_gone(child) && semctl(segment->semaphores, SHMX_SEM_GATE, GETNCNT) < sleepers) {
		assert_true(shmx_clock_monotonic() - begun < PATIENCE);
		sleep_for(50000);
	}
}

/* On its way to sleep, and with the only wake-up in its hands: who sleeps behind it goes on. */
static void a_waiter_may_be_killed_at_every_point(void **state)
{
	armed_body armed = { wait_for_guard, NULL, 1, SIGKILL };
	bool died = true;

	(void) state;
	for (armed.point = 1; died; armed.point++) {
		shmx_segment segment;
		pid_t waiter, next;
		int64_t begun;
		int status;

		assert_true(armed.point < MOST_POINTS);
		set_up_world(&scenarios[0]);
		assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
		assert_int_equal(shmx_guard_take(&segment, 0), SHMX_OK);
		waiter = start_child(run_armed, &armed);
		await_end_or_sleepers(&segment, waiter, 1);
		next = start_child(wait_for_guard, NULL);
		await_end_or_sleepers(&segment, next, is_gone(waiter) ? 1 : 2);
		begun = shmx_clock_monotonic();
		shmx_guard_release(&segment);
		status = reap(waiter);
		died = WIFSIGNALED(status);
		if (died) {
			note_label();
			deaths++;
		} else {
			assert_true(exited_well(status));
		}
		assert_true(exited_well(reap(next)));
		assert_soon(begun);
		/* The second may have been the first to have it; then the one that died had it last. */
		assert_int_equal(shmx_guard_take(&segment, PATIENCE), SHMX_OK);
		shmx_guard_release(&segment);
		assert_at_rest(&segment);
		shmx_segment_close(&segment);
		destroy_key(key);
		assert_nothing_left(0);
	}
}

/* --- creation ----------------------------------------------------------------------------------------- */

static int create_and_use(void *context)
{
	shmx_segment segment;
	shmx_torn torn;

	(void) context;
	if (open_key(&segment, 'c') != SHMX_OK) {
		return 1;
	}
	if (shmx_bytes_write(&segment, 10, "child", 5) != SHMX_OK
		|| shmx_bytes_read(&segment, 10, found, 5, &torn) != SHMX_OK || memcmp(found, "child", 5) != 0) {
		return 2;
	}
	shmx_segment_close(&segment);
	return 0;
}

static int untagged;

/* Whoever comes next has a good segment soon, and so has the one after that, and it is the same. */
static void assert_creation_goes_on(void)
{
	shmx_segment segment, second;
	struct shmid_ds status;
	int64_t begun = shmx_clock_monotonic();
	shmx_torn torn;

	assert_int_equal(open_key(&segment, 'c'), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&segment, 0, "first", 5), SHMX_OK);
	assert_soon(begun);
	begun = shmx_clock_monotonic();
	assert_int_equal(open_key(&second, 'c'), SHMX_OK);
	assert_soon(begun);
	assert_int_equal(second.id, segment.id);
	assert_int_equal(second.payload_size, SIZE);
	assert_int_equal(shmx_bytes_read(&second, 0, found, 5, &torn), SHMX_OK);
	assert_memory_equal(found, "first", 5);
	assert_int_equal(shmx_bytes_write(&second, 0, "third", 5), SHMX_OK);
	assert_int_equal(shmx_bytes_read(&segment, 0, found, 5, &torn), SHMX_OK);
	assert_memory_equal(found, "third", 5);
	assert_true(shmx_guard_find_semaphores(&segment));
	assert_true(shmx_guard_find_semaphores(&second));
	assert_int_equal(second.semaphores, segment.semaphores);
	assert_int_equal(shmx_segment_stat(&segment, &status), SHMX_OK);
	assert_int_equal(status.shm_perm.mode & 0666, 0600);
	assert_at_rest(&segment);
	assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
	shmx_segment_close(&segment);
	shmx_segment_close(&second);
}

static void count_untagged(void)
{
	untagged += strcmp(shared->label, "create: semaphores made") == 0;
}

/* A set without tags may be somebody's who is slow: it goes after two seconds, the kernel counting whole ones. */
static void assert_untagged_sets_go(void)
{
	assert_nothing_left(untagged);
	sleep_for(3100 * MILLISECONDS);
	assert_nothing_left(0);
	untagged = 0;
}

static void a_creator_may_be_killed_at_every_point(void **state)
{
	bool died = true;

	(void) state;
	now = NULL;
	for (unsigned long point = 1; died; point++) {
		assert_true(point < MOST_POINTS);
		key = unused_key();
		died = dies(create_and_use, NULL, point);
		count_untagged();
		assert_creation_goes_on();
		assert_nothing_left(untagged);
	}
	/* The untagged ones go at the end of the next test. */
}

static void who_finishes_for_a_dead_creator_may_be_killed_too(void **state)
{
	unsigned long stride = number_from("SHMX_TEST_THOROUGH", 0) ? 1 : 2;
	uint64_t random = 31;

	(void) state;
	now = NULL;
	for (unsigned long point = 1; point <= 6; point++) {
		bool died = true;

		for (unsigned long second = 1 + point % stride; died; second += stride) {
			assert_true(second < MOST_POINTS);
			key = unused_key();
			assert_true(dies(create_and_use, NULL, point));
			count_untagged();
			died = dies(create_and_use, NULL, second);
			count_untagged();
			if (second % 3 == 0) {
				dies(create_and_use, NULL, 1 + next_random(&random) % 8);
				count_untagged();
			}
			assert_creation_goes_on();
			assert_nothing_left(untagged);
		}
	}
	assert_untagged_sets_go();
}

static int only_create(void *context)
{
	shmx_segment segment;

	(void) context;
	if (open_key(&segment, 'c') != SHMX_OK) {
		return 1;
	}
	shmx_segment_close(&segment);
	return 0;
}

/* Somebody else finishes what the stopped creator began, and deletes it: the creator's open does not fail for that. */
static void a_creators_segment_may_be_deleted_at_every_point(void **state)
{
	pid_t child = -1;

	(void) state;
	now = NULL;
	for (unsigned long point = 1; child != 0; point++) {
		shmx_segment segment;

		assert_true(point < MOST_POINTS);
		key = unused_key();
		child = stops(only_create, NULL, point);
		assert_int_equal(open_key(&segment, 'c'), SHMX_OK);
		assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
		shmx_segment_close(&segment);
		if (child != 0) {
			kill(child, SIGCONT);
			assert_true(exited_well(reap(child)));
		}
		assert_creation_goes_on();
		assert_nothing_left(0);
	}
}

static void limit_memory(rlim_t size)
{
	const struct rlimit limit = { size, RLIM_INFINITY };

	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

/* The only token is taken, so it is refused; when it looks why, there are no semaphores any more. It stays, as all do. */
static void a_segment_may_be_deleted_when_a_writer_was_refused(void **state)
{
	static const scenario one_token = { .name = "one token", .offset = 100, .length = 5, .tokens = 1 };
	shmx_segment segment;
	shmx_torn torn;
	pid_t child;

	(void) state;
	set_up_world(&one_token);
	assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&segment, 0, "first", 5), SHMX_OK);
	for (unsigned long point = 1;; point++) {
		child = stops(act, NULL, point);
		assert_int_not_equal(child, 0);
		if (strcmp(shared->label, "guard: writer refused") == 0) {
			break;
		}
		kill_child(child);
	}
	note_label();
	assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
	kill(child, SIGCONT);
	assert_true(exited_well(reap(child)));
	assert_int_equal(shmx_bytes_read(&segment, now->offset, found, now->length, &torn), SHMX_OK);
	assert_memory_equal(found, pattern + now->offset, now->length);
	shmx_segment_close(&segment);
	assert_nothing_left(0);
	now = NULL;
}

static int create_without_room_to_attach(void *context)
{
	shmx_segment segment;
	shmx_status status;
	int error;

	(void) context;
	limit_memory(1);
	status = open_key(&segment, 'c');
	error = errno;
	limit_memory(RLIM_INFINITY);
	return status == SHMX_E_ATTACH && error == ENOMEM ? 0 : 1;
}

/* qemu-user only says that it does. */
static bool memory_can_be_limited(void)
{
	void *memory;

	limit_memory(1);
	memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	limit_memory(RLIM_INFINITY);
	return memory == MAP_FAILED;
}

/* What a creator has made and cannot use is its own to take away, unless somebody else has finished it meanwhile. */
static void a_creator_that_cannot_attach_leaves_what_others_have_finished(void **state)
{
	shmx_segment segment;
	shmx_torn torn;
	pid_t child;
	int id;

	(void) state;
	if (!memory_can_be_limited()) {
		skip();
	}
	now = NULL;
	key = unused_key();
	assert_int_equal(stops(create_without_room_to_attach, NULL, MOST_POINTS), 0);
	assert_int_equal(shmget(key, 0, 0), -1);

	child = stops(create_without_room_to_attach, NULL, 1);
	assert_int_not_equal(child, 0);
	assert_string_equal(shared->label, "create: segment made");
	assert_int_equal(open_key(&segment, 'c'), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&segment, 0, "other", 5), SHMX_OK);
	id = segment.id;
	shmx_segment_close(&segment);
	kill(child, SIGCONT);
	assert_true(exited_well(reap(child)));
	assert_int_equal(shmget(key, 0, 0), id);
	assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
	assert_int_equal(shmx_bytes_read(&segment, 0, found, 5, &torn), SHMX_OK);
	assert_memory_equal(found, "other", 5);
	assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
	shmx_segment_close(&segment);
	assert_nothing_left(0);
}

static void a_creator_may_be_stopped_at_every_point(void **state)
{
	pid_t child = -1;

	(void) state;
	now = NULL;
	for (unsigned long point = 1; child != 0; point++) {
		shmx_segment segment;
		shmx_status status;
		int64_t begun;
		shmx_torn torn;

		assert_true(point < MOST_POINTS);
		key = unused_key();
		child = stops(create_and_use, NULL, point);
		begun = shmx_clock_monotonic();
		assert_int_equal(open_key(&segment, 'c'), SHMX_OK);
		assert_soon(begun);
		segment.lock_timeout = 20 * MILLISECONDS;
		status = shmx_bytes_write(&segment, 0, "other", 5);
		assert_true(status == SHMX_OK || status == SHMX_E_TIMEOUT);
		if (child != 0) {
			kill(child, SIGCONT);
			assert_true(exited_well(reap(child)));
		}
		/* What the late creator wrote went into the same segment, under the same guard. */
		assert_int_equal(shmx_bytes_read(&segment, 10, found, 5, &torn), SHMX_OK);
		assert_memory_equal(found, "child", 5);
		assert_int_equal(atomic_load(&segment.header->counters.recoveries), 0);
		shmx_segment_close(&segment);
		assert_creation_goes_on();
		assert_nothing_left(0);
	}
}

/* Stopped for so long that others take its unlabelled set for a dead one's: the segment has a living set all the same. */
static void a_creator_may_be_stopped_until_its_semaphores_are_swept(void **state)
{
	shmx_segment segment;
	unsigned long point = 0;
	pid_t child;

	(void) state;
	now = NULL;
	do {
		key = unused_key();
		child = stops(create_and_use, NULL, ++point);
		assert_int_not_equal(child, 0);
		if (strcmp(shared->label, "create: semaphores made") != 0) {
			kill_child(child);
			destroy_key(key);
		}
	} while (strcmp(shared->label, "create: semaphores made") != 0);
	sleep_for(3100 * MILLISECONDS);
	assert_true(shmx_segment_sweep() >= 1);
	kill(child, SIGCONT);
	assert_true(exited_well(reap(child)));
	assert_int_equal(open_key(&segment, 'w'), SHMX_OK);
	assert_at_rest(&segment);
	shmx_segment_close(&segment);
	assert_creation_goes_on();
	assert_nothing_left(0);
}

/* --- delete -------------------------------------------------------------------------------------------- */

static int open_and_delete(void *context)
{
	shmx_segment segment;

	(void) context;
	if (open_key(&segment, 'w') != SHMX_OK || shmx_segment_delete(&segment) != SHMX_OK) {
		return 1;
	}
	shmx_segment_close(&segment);
	return 0;
}

static void a_deletion_may_be_killed_or_stopped_at_every_point(void **state)
{
	static const int causes[] = { SIGKILL, SIGSTOP };

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		bool ended = true;

		/* The first is in its open, before it deletes anything. */
		for (unsigned long point = 2; ended; point++) {
			shmx_segment attached, fresh;
			int64_t begun;
			pid_t child = 0;
			shmx_torn torn;
			int id;

			assert_true(point < MOST_POINTS);
			now = NULL;
			key = unused_key();
			assert_int_equal(open_key(&attached, 'c'), SHMX_OK);
			assert_int_equal(shmx_bytes_write(&attached, 0, "kept!", 5), SHMX_OK);
			id = attached.id;
			if (causes[i] == SIGKILL) {
				ended = dies(open_and_delete, NULL, point);
			} else {
				child = stops(open_and_delete, NULL, point);
				ended = child != 0;
			}
			/* Who is attached goes on, and the key is free for a new segment with semaphores of its own. */
			begun = shmx_clock_monotonic();
			assert_int_equal(shmx_bytes_write(&attached, 100, "still", 5), SHMX_OK);
			assert_int_equal(shmx_bytes_read(&attached, 0, found, 5, &torn), SHMX_OK);
			assert_memory_equal(found, "kept!", 5);
			assert_int_equal(open_key(&fresh, 'c'), SHMX_OK);
			assert_soon(begun);
			assert_int_not_equal(fresh.id, id);
			assert_int_equal(shmx_bytes_write(&fresh, 0, "fresh", 5), SHMX_OK);
			assert_int_equal(shmx_bytes_write(&attached, 100, "again", 5), SHMX_OK);
			if (child != 0) {
				kill(child, SIGCONT);
				assert_true(exited_well(reap(child)));
			}
			assert_at_rest(&fresh);
			shmx_segment_close(&attached);
			assert_int_equal(shmx_segment_delete(&fresh), SHMX_OK);
			shmx_segment_close(&fresh);
			assert_nothing_left(0);
		}
	}
}

/* --- all of them ---------------------------------------------------------------------------------------- */

static void every_label_in_the_sources_was_reached(void **state)
{
	size_t labels = check_labels("shmx_segment.c", was_met) + check_labels("shmx_guard.c", was_met)
		+ check_labels("shmx_bytes.c", was_met);

	(void) state;
	print_message("# %lu deaths at %zu labels; the longest anybody waited: %lld ms\n", deaths, labels,
		(long long) (longest / MILLISECONDS));
	assert_true(labels > 20);
}

static int tear_down(void **state)
{
	(void) state;
	destroy_key(key);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_write_may_be_killed_at_every_point),
		TEST(whoever_repairs_may_be_killed_at_every_point_too),
		TEST(and_so_may_the_next_ones),
		TEST(a_write_may_be_stopped_at_every_point),
		TEST(who_is_overtaken_at_a_dead_owners_guard_goes_on),
		TEST(a_deletion_in_the_middle_of_an_open_is_like_one_before_it),
		TEST(a_waiter_goes_on_wherever_the_owner_ends),
		TEST(a_waiter_may_be_killed_at_every_point),
		TEST(a_creator_may_be_killed_at_every_point),
		TEST(who_finishes_for_a_dead_creator_may_be_killed_too),
		TEST(a_creator_may_be_stopped_at_every_point),
		TEST(a_creators_segment_may_be_deleted_at_every_point),
		TEST(a_segment_may_be_deleted_when_a_writer_was_refused),
		TEST(a_creator_that_cannot_attach_leaves_what_others_have_finished),
		TEST(a_creator_may_be_stopped_until_its_semaphores_are_swept),
		TEST(a_deletion_may_be_killed_or_stopped_at_every_point),
		TEST(every_label_in_the_sources_was_reached),
	};

	begin_program(number_from("SHMX_TEST_THOROUGH", 0) ? 1200 : 240);
	shared = shared_memory(sizeof(*shared));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
