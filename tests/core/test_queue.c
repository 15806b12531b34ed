/*
 * The contract of shmx_queue.h: order, room, waiting and waking, by plain calls and against a plain model.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "queue_support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shmx_bytes.h"

/* For the middle of several: who is not woken, or does not look at the clock, sleeps for two seconds. */
#define TOLERANCE (100 * MILLISECONDS * slowness())
#define RECORD(length) shmx_record_size(0, length)

static shmx_segment segment;

typedef struct {
	_Atomic int ready;
	_Atomic int go;
	_Atomic int stop;
	_Atomic int64_t at;
	_Atomic int64_t longest;
	_Atomic uint64_t count;
	_Atomic uint64_t sum;
	_Atomic uint8_t seen[200000];
} board;

static board *shared;

static int set_up(void **state)
{
	(void) state;
	if (shared == NULL) {
		shared = shared_memory(sizeof(*shared));
	}
	memset(shared, 0, sizeof(*shared));
	create_segment(&segment, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	destroy_segment(&segment);
	return 0;
}

static void create_again(size_t size)
{
	destroy_segment(&segment);
	create_segment(&segment, size);
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* The one that so many are shorter than. */
static int64_t at_rank(int64_t *times, size_t count, size_t rank)
{
	qsort(times, count, sizeof(*times), compare_times);
	return times[rank];
}

/*
 * How long sleepers took to wake. A tenth of them had a processor at once, or nobody is woken who does not look by itself
 * now and then; half of them had one before long.
 */
static void assert_mostly_soon(int64_t *times, size_t count)
{
	assert_true(at_rank(times, count, count / 10) < MILLISECONDS);
	assert_true(at_rank(times, count, count / 2) < TOLERANCE);
}

/* --- order and room ---------------------------------------------------------------------------- */

static void messages_come_out_in_order(void **state)
{
	uint64_t number;
	size_t length;

	(void) state;
	for (uint64_t i = 1; i <= 20; i++) {
		assert_int_equal(send_number(&segment, i, SMALLEST_MESSAGE + i * 3, 0), SHMX_OK);
	}
	for (uint64_t i = 1; i <= 20; i++) {
		assert_int_equal(receive_number(&segment, &number, &length, 0), SHMX_OK);
		assert_int_equal(number, i);
		assert_int_equal(length, SMALLEST_MESSAGE + i * 3);
	}
	assert_int_equal(receive_number(&segment, &number, &length, 0), SHMX_NO_MESSAGE);
}

static void a_message_may_be_empty(void **state)
{
	unsigned char byte = 7;
	shmx_message message = { .bytes = &byte, .capacity = 1 };

	(void) state;
	assert_int_equal(shmx_queue_send(&segment, 9, NULL, 0, 0, NULL), SHMX_OK);
	assert_int_equal(shmx_queue_receive(&segment, &message, 0), SHMX_OK);
	assert_int_equal(message.type, 9);
	assert_int_equal(message.length, 0);
	assert_int_equal(byte, 7);
	assert_false(message.allocated);
}

static void a_large_message_brings_its_own_memory(void **state)
{
	unsigned char small[8], *large = malloc(3000);
	shmx_message message = { .bytes = small, .capacity = sizeof(small) };

	(void) state;
	fill_pattern(large, 3000, 5);
	assert_int_equal(shmx_queue_send(&segment, 9, large, 3000, 0, NULL), SHMX_OK);
	assert_int_equal(shmx_queue_receive(&segment, &message, 0), SHMX_OK);
	assert_int_equal(message.length, 3000);
	assert_true(message.allocated && message.bytes != small);
	assert_memory_equal(message.bytes, large, 3000);
	shmx_message_free(&message);
	assert_false(message.allocated);
	free(large);
}

static void what_can_never_fit_is_refused_at_once(void **state)
{
	shmx_queue_room room;
	unsigned char *bytes = calloc(1, 5000);
	uint64_t number;

	(void) state;
	assert_int_equal(shmx_queue_send(&segment, 1, bytes, 4096 - 32 + 1, SHMX_WAIT_FOR_EVER, &room), SHMX_E_TOO_LARGE);
	assert_int_equal(room.needed, RECORD(4065));
	assert_int_equal(room.available, 4096);
	assert_int_equal(shmx_queue_send(&segment, 1, bytes, SIZE_MAX, SHMX_WAIT_FOR_EVER, &room), SHMX_E_TOO_LARGE);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_BLANK);
	/* What just fits does, from wherever the queue stands. */
	for (uint64_t i = 1; i < 50; i++) {
		assert_int_equal(send_number(&segment, i, 4064, 0), SHMX_OK);
		assert_int_equal(send_number(&segment, i, 8, 0), SHMX_E_FULL);
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
		assert_int_equal(send_number(&segment, 99, 8 * i, 0), SHMX_OK);
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	}
	free(bytes);
}

static void a_full_queue_takes_more_when_it_is_read(void **state)
{
	uint64_t number, count = fill(&segment, 1, 64);

	(void) state;
	assert_int_equal(count, 4096 / RECORD(64));
	for (uint64_t i = 1; i < 1000; i++) {
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
		assert_int_equal(number, i);
		assert_int_equal(send_number(&segment, i + count, 64, 0), SHMX_OK);
	}
	assert_sound_queue(&segment);
}

static void segments_of_any_size_hold_what_they_can(void **state)
{
	uint64_t number;

	(void) state;
	for (size_t size = 1; size < 200; size++) {
		size_t room = size & ~(size_t) 7;

		create_again(size);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_NO_MESSAGE);
		}
		for (size_t length = 8; length < 200; length += 4) {
			shmx_status expected = RECORD(length) <= room ? SHMX_OK : SHMX_E_TOO_LARGE;

			assert_int_equal(send_number(&segment, length, length, SHMX_WAIT_FOR_EVER), expected);
			if (expected == SHMX_OK) {
				assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
				assert_int_equal(number, length);
			}
		}
		assert_sound_queue(&segment);
	}
}

/* The model: a list of the lengths that are in the queue. Numbers are consecutive. */
static void run_beside_a_model(size_t size, size_t largest, unsigned int steps, uint64_t random)
{
	static size_t lengths[4096];
	uint64_t first = 1, next = 1, number, used = 0;
	size_t length;

	create_again(size);
	for (unsigned int step = 0; step < steps; step++) {
		/* Now it rather fills, now it rather drains. */
		bool sends = next_random(&random) % 8 < (step / 500 % 2 ? 5 : 3);

		if (sends) {
			shmx_status status;

			length = SMALLEST_MESSAGE + next_random(&random) % (largest - SMALLEST_MESSAGE + 1);
			status = send_number(&segment, next, length, 0);
			if (status == SHMX_E_FULL) {
				/* At most the largest record lies idle at the end of the ring, and as much of the gap is too small. */
				assert_true(first != next);
				assert_true(used + 2 * RECORD(largest) + RECORD(length) > (size & ~(size_t) 7));
				continue;
			}
			assert_int_equal(status, SHMX_OK);
			lengths[next % 4096] = length;
			used += RECORD(length);
			next++;
		} else {
			shmx_status status = receive_number(&segment, &number, &length, 0);

			assert_int_equal(status, first == next ? SHMX_NO_MESSAGE : SHMX_OK);
			if (status == SHMX_OK) {
				assert_int_equal(number, first);
				assert_int_equal(length, lengths[first % 4096]);
				used -= RECORD(length);
				first++;
			}
		}
		if (step % 97 == 0) {
			shmx_queue_figures figures;

			assert_sound_queue(&segment);
			assert_int_equal(shmx_queue_info(&segment, &figures), SHMX_OK);
			assert_int_equal(figures.pending, next - first);
			assert_int_equal(figures.sent, next - 1);
			assert_int_equal(figures.received, first - 1);
			assert_int_equal(figures.bytes_used, used);
			assert_int_equal(shmx_queue_pending(&segment, &number), SHMX_OK);
			assert_int_equal(number, next - first);
		}
	}
	/* Beyond several laps, or the test shows nothing. */
	assert_true(next > 4 * size / largest);
}

static void any_sequence_of_sizes_agrees_with_a_plain_list(void **state)
{
	(void) state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		run_beside_a_model(4096, 200, 20000, seed);
		run_beside_a_model(4096 + 8 * seed, 4096 - 32, 10000, seed);
		run_beside_a_model(100 + seed, 40, 10000, seed);
		run_beside_a_model(65536, 3000, 10000, seed);
	}
}

/* An empty queue begins anew at the start of its ring, and each time costs as many offsets as the ring has bytes. */
static void a_queue_that_keeps_up_is_sparing_with_offsets(void **state)
{
	shmx_log_root *root;
	uint64_t number, begun, bytes = 0;
	size_t length;

	(void) state;
	create_again(1 << 20);
	root = (shmx_log_root *) (void *) segment.header->root;
	assert_int_equal(send_number(&segment, 1, SMALLEST_MESSAGE, 0), SHMX_OK);
	begun = atomic_load(&root->head);
	for (uint64_t i = 1; i <= 20000; i++) {
		assert_int_equal(receive_number(&segment, &number, &length, 0), SHMX_OK);
		assert_int_equal(send_number(&segment, i, SMALLEST_MESSAGE + i % 50, 0), SHMX_OK);
		bytes += RECORD(SMALLEST_MESSAGE + i % 50);
	}
	assert_true(atomic_load(&root->head) - begun < bytes * 34);
	/* Such a window is no writer's: what would come after it has no offset. */
	atomic_store(&root->head, SHMX_LOG_LAST + 1);
	atomic_store(&root->tail, SHMX_LOG_LAST + 1);
	assert_int_equal(send_number(&segment, 1, SMALLEST_MESSAGE, 0), SHMX_E_DAMAGED);
	assert_int_equal(receive_number(&segment, &number, &length, 0), SHMX_E_DAMAGED);
}

static int pass_one_message_on(void *unused)
{
	uint64_t number = 0;

	(void) unused;
	for (;;) {
		if (receive_number(&segment, &number, NULL, 0) != SHMX_OK
			|| send_number(&segment, number, SMALLEST_MESSAGE, 0) != SHMX_OK) {
			return 1;
		}
	}
}

/* However many come and go while they are counted. */
static void no_more_are_pending_than_there_ever_were(void **state)
{
	uint64_t pending, most = 0;
	pid_t child;

	(void) state;
	assert_int_equal(send_number(&segment, 1, SMALLEST_MESSAGE, 0), SHMX_OK);
	child = start_child(pass_one_message_on, NULL);
	for (int64_t end = shmx_clock_monotonic() + SECONDS; shmx_clock_monotonic() < end;) {
		assert_int_equal(shmx_queue_pending(&segment, &pending), SHMX_OK);
		most = pending > most ? pending : most;
	}
	kill_child(child);
	assert_int_equal(most, 1);
}

static void blank_and_other_kinds(void **state)
{
	shmx_segment reader;
	shmx_queue_figures figures;
	uint64_t number;

	(void) state;
	assert_int_equal(shmx_queue_pending(&segment, &number), SHMX_OK);
	assert_int_equal(number, 0);
	assert_int_equal(shmx_queue_info(&segment, &figures), SHMX_OK);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_BLANK);
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_NO_MESSAGE);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_QUEUE);
	open_other(&reader, &segment, 'a');
	assert_int_equal(send_number(&reader, 1, 8, 0), SHMX_E_READ_ONLY);
	assert_int_equal(receive_number(&reader, &number, NULL, 0), SHMX_E_READ_ONLY);
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	assert_int_equal(shmx_queue_pending(&reader, &number), SHMX_OK);
	assert_int_equal(number, 1);
	assert_int_equal(shmx_queue_info(&reader, &figures), SHMX_OK);
	assert_int_equal(figures.pending, 1);
	shmx_segment_close(&reader);

	create_again(4096);
	assert_int_equal(shmx_bytes_write(&segment, 0, "a", 1), SHMX_OK);
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_E_KIND);
	assert_int_equal(send_number(&segment, 1, 5000, 0), SHMX_E_KIND);
	assert_int_equal(receive_number(&segment, &number, NULL, SHMX_WAIT_FOR_EVER), SHMX_E_KIND);
	assert_int_equal(shmx_queue_pending(&segment, &number), SHMX_E_KIND);
	assert_int_equal(shmx_queue_info(&segment, &figures), SHMX_E_KIND);
}

/* --- waiting ----------------------------------------------------------------------------------- */

static void timeouts_are_kept(void **state)
{
	int64_t late[9], begun;
	uint64_t number;

	(void) state;
	for (int i = 0; i < 9; i++) {
		begun = shmx_clock_monotonic();
		assert_int_equal(receive_number(&segment, &number, NULL, 20 * MILLISECONDS), SHMX_NO_MESSAGE);
		late[i] = shmx_clock_monotonic() - begun - 20 * MILLISECONDS;
		assert_true(late[i] >= 0);
	}
	assert_true(at_rank(late, 9, 4) < TOLERANCE);
	fill(&segment, 1, 100);
	for (int i = 0; i < 9; i++) {
		begun = shmx_clock_monotonic();
		assert_int_equal(send_number(&segment, 1, 100, 20 * MILLISECONDS), SHMX_E_FULL);
		late[i] = shmx_clock_monotonic() - begun - 20 * MILLISECONDS;
		assert_true(late[i] >= 0);
	}
	assert_true(at_rank(late, 9, 4) < TOLERANCE);
	assert_int_equal(atomic_load(&root_of(&segment)->receivers_waiting), 0);
}

/* The quickest of some calls tells: the others may have waited for a processor. */
static void zero_does_not_wait(void **state)
{
	int64_t took[9];
	uint64_t number;

	(void) state;
	for (int i = 0; i < 9; i++) {
		int64_t begun = shmx_clock_monotonic();

		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_NO_MESSAGE);
		took[i] = shmx_clock_monotonic() - begun;
	}
	assert_true(at_rank(took, 9, 0) < MILLISECONDS);
	fill(&segment, 1, 100);
	for (int i = 0; i < 9; i++) {
		int64_t begun = shmx_clock_monotonic();

		assert_int_equal(send_number(&segment, 1, 100, 0), SHMX_E_FULL);
		took[i] = shmx_clock_monotonic() - begun;
	}
	assert_true(at_rank(took, 9, 0) < MILLISECONDS);
	assert_int_equal(atomic_load(&root_of(&segment)->senders_waiting), 0);
}

static int hold_the_guard(void *context)
{
	(void) context;
	if (shmx_guard_take(&segment, SECONDS) != SHMX_OK) {
		return 1;
	}
	atomic_store(&shared->ready, 1);
	for (;;) {
		pause();
	}
}

/* Another process has the lock for long: the caller's own timeout still holds. */
static void a_lock_elsewhere_does_not_stretch_a_timeout(void **state)
{
	int64_t late[9], begun;
	uint64_t number;
	pid_t child;

	(void) state;
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	child = start_child(hold_the_guard, NULL);
	assert_true(await_value(&shared->ready, 1));
	for (int i = 0; i < 9; i++) {
		begun = shmx_clock_monotonic();
		assert_int_equal(receive_number(&segment, &number, NULL, 20 * MILLISECONDS), SHMX_NO_MESSAGE);
		assert_int_equal(send_number(&segment, 1, 100, 20 * MILLISECONDS), SHMX_E_FULL);
		late[i] = shmx_clock_monotonic() - begun - 40 * MILLISECONDS;
	}
	assert_true(at_rank(late, 9, 4) < 2 * TOLERANCE);
	/* Who says 0 does not wait for messages, but for the lock, like every other call. */
	segment.lock_timeout = 30 * MILLISECONDS;
	begun = shmx_clock_monotonic();
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_E_TIMEOUT);
	assert_int_equal(send_number(&segment, 1, 8, SECONDS), SHMX_E_TIMEOUT);
	assert_true(shmx_clock_monotonic() - begun >= 60 * MILLISECONDS);
	kill_child(child);
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
}

static int answer_numbers(void *context)
{
	shmx_segment *answers = context;
	uint64_t number;

	for (;;) {
		if (receive_any(&segment, &number, NULL, SHMX_WAIT_FOR_EVER) != SHMX_OK || number == 0) {
			return 1;
		}
		atomic_store(&shared->at, shmx_clock_monotonic());
		if (send_number(answers, number, 8, SHMX_WAIT_FOR_EVER) != SHMX_OK) {
			return 2;
		}
	}
}

static void a_sleeping_receiver_wakes_within_a_millisecond(void **state)
{
	static int64_t took[300];
	shmx_segment answers;
	uint64_t number;
	pid_t child;

	(void) state;
	create_segment(&answers, 4096);
	child = start_child(answer_numbers, &answers);
	for (uint64_t i = 1; i <= 300; i++) {
		int64_t begun;

		await_sleepers(&segment, SHMX_SEM_FILLED, 1);
		begun = shmx_clock_monotonic();
		assert_int_equal(send_number(&segment, i, 8, 0), SHMX_OK);
		assert_int_equal(receive_number(&answers, &number, NULL, PATIENCE), SHMX_OK);
		assert_int_equal(number, i);
		took[i - 1] = atomic_load(&shared->at) - begun;
	}
	kill_child(child);
	destroy_segment(&answers);
	assert_mostly_soon(took, 300);
}

static int send_for_ever(void *context)
{
	for (uint64_t i = *(uint64_t *) context;; i++) {
		if (send_number(&segment, i, 2000, SHMX_WAIT_FOR_EVER) != SHMX_OK) {
			return 1;
		}
		atomic_store(&shared->at, shmx_clock_monotonic());
	}
}

static void a_sleeping_sender_wakes_within_a_millisecond(void **state)
{
	static int64_t took[300];
	uint64_t first = 1, number;
	pid_t child = start_child(send_for_ever, &first);

	(void) state;
	for (uint64_t i = 1; i <= 300; i++) {
		int64_t begun;

		await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
		begun = shmx_clock_monotonic();
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
		assert_int_equal(number, i);
		await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
		took[i - 1] = atomic_load(&shared->at) - begun;
	}
	kill_child(child);
	assert_mostly_soon(took, 300);
}

typedef struct {
	uint64_t number;
	size_t length;
} one_message;

static int send_one(void *context)
{
	const one_message *message = context;

	return send_number(&segment, message->number, message->length, SHMX_WAIT_FOR_EVER) == SHMX_OK ? 0 : 1;
}

/* The larger one comes first and must not keep the smaller one asleep, nor be forgotten. */
static void room_wakes_the_senders_that_it_is_enough_for(void **state)
{
	one_message large = { 1000, 4000 }, small = { 1001, 100 };
	uint64_t count = fill(&segment, 1, 100), number;
	pid_t first, second;
	int64_t begun;

	(void) state;
	first = start_child(send_one, &large);
	await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
	second = start_child(send_one, &small);
	await_sleepers(&segment, SHMX_SEM_DRAINED, 2);
	begun = shmx_clock_monotonic();
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	assert_true(exited_well(reap(second)));
	assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
	await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
	for (uint64_t i = 2; i <= count; i++) {
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
		assert_int_equal(number, i);
	}
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	assert_int_equal(number, 1001);
	assert_true(exited_well(reap(first)));
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	assert_int_equal(number, 1000);
	assert_int_equal(count_sleepers(&segment, SHMX_SEM_DRAINED), 0);
}

/* Room that is too little for the smallest wakes nobody. */
static void too_little_room_wakes_nobody(void **state)
{
	one_message large = { 1000, 4000 };
	uint64_t count = fill(&segment, 1, 100), number;
	pid_t child = start_child(send_one, &large);
	int turn;

	(void) state;
	await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
	turn = semctl(segment.semaphores, SHMX_SEM_DRAINED, GETVAL);
	for (uint64_t i = 1; i < count; i++) {
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	}
	assert_int_equal(semctl(segment.semaphores, SHMX_SEM_DRAINED, GETVAL), turn);
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	assert_true(exited_well(reap(child)));
}

/* A small sender that is on its way to sleep when the room comes: nobody else takes its wake-up. */
static int send_sizes(void *context)
{
	size_t length = *(size_t *) context;
	int64_t begun, took;

	for (uint64_t i = 1; !atomic_load(&shared->stop); i++) {
		begun = shmx_clock_monotonic();
		if (send_number(&segment, i, length, SHMX_WAIT_FOR_EVER) != SHMX_OK) {
			return 1;
		}
		took = shmx_clock_monotonic() - begun;
		if (length < 1000 && took > atomic_load(&shared->longest)) {
			atomic_store(&shared->longest, took);
		}
		atomic_fetch_add(&shared->count, 1);
	}
	/* An end without this is a death to the others, and wakes them. */
	shmx_segment_close(&segment);
	return 0;
}

static void senders_do_not_take_each_others_room(void **state)
{
	size_t lengths[] = { 40, 400, 1500, 4000 };
	pid_t children[4];
	int64_t begun = shmx_clock_monotonic();
	uint64_t number;
	int status;

	(void) state;
	for (int i = 0; i < 4; i++) {
		children[i] = start_child(send_sizes, &lengths[i]);
	}
	while (shmx_clock_monotonic() - begun < 800 * MILLISECONDS || atomic_load(&shared->count) <= 100) {
		assert_int_equal(receive_number(&segment, &number, NULL, PATIENCE), SHMX_OK);
	}
	/* Each comes to the end of its last message, too, or it is asleep though there is room. */
	atomic_store(&shared->stop, 1);
	for (int i = 0; i < 4; i++) {
		while (waitpid(children[i], &status, WNOHANG) == 0) {
			receive_number(&segment, &number, NULL, MILLISECONDS);
		}
		assert_true(exited_well(status));
	}
	assert_true(atomic_load(&shared->longest) < LONGEST_STALL);
	assert_sound_queue(&segment);
}

/* The semaphore of the senders counts to 16,000 and begins again; hand-overs beyond that go on as before. */
static void the_senders_semaphore_begins_again(void **state)
{
	uint64_t first = 1, number;
	pid_t child;
	struct sembuf near_the_end = { SHMX_SEM_DRAINED, 14900, 0 };
	int64_t longest = 0;
	bool began_again = false;

	(void) state;
	fill(&segment, 1, 2000);
	assert_int_equal(semop(segment.semaphores, &near_the_end, 1), 0);
	child = start_child(send_for_ever, &first);
	for (int i = 0; i < 3000; i++) {
		int64_t begun = shmx_clock_monotonic();

		assert_int_equal(receive_number(&segment, &number, NULL, PATIENCE), SHMX_OK);
		if (shmx_clock_monotonic() - begun > longest) {
			longest = shmx_clock_monotonic() - begun;
		}
		await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
		began_again = began_again || semctl(segment.semaphores, SHMX_SEM_DRAINED, GETVAL) < 14900;
	}
	kill_child(child);
	assert_true(began_again);
	assert_true(longest < LONGEST_STALL);
}

/* A sender that sleeps in the last stretch of the count looks by itself before long, and begins the count again. */
static void the_last_stretch_of_the_senders_count_is_not_slept_through(void **state)
{
	union semctl_argument last = { .value = 15500 };
	one_message large = { 1000, 4000 };
	uint64_t count = fill(&segment, 1, 100), number;
	int64_t begun = shmx_clock_monotonic();
	pid_t child;

	(void) state;
	assert_int_equal(semctl(segment.semaphores, SHMX_SEM_DRAINED, SETVAL, last), 0);
	child = start_child(send_one, &large);
	/* Some milliseconds; it would sleep for two seconds otherwise. */
	while (semctl(segment.semaphores, SHMX_SEM_DRAINED, GETVAL) != 0) {
		assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
		sleep_for(100000);
	}
	await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
	for (uint64_t i = 0; i < count; i++) {
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	}
	assert_true(exited_well(reap(child)));
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	assert_int_equal(number, large.number);
}

#define TOO_MUCH ((size_t) 4 << 20)

/* Has no memory for a large message: the smallest limit that lets what is there be. */
static int receive_without_memory(void *context)
{
	unsigned char small[64];
	shmx_message message = { .bytes = small, .capacity = sizeof(small) };
	FILE *file = fopen("/proc/self/statm", "r");
	struct rlimit limit = { 0, 0 };
	unsigned long pages;
	shmx_status status;

	(void) context;
	if (file == NULL || fscanf(file, "%lu", &pages) != 1) {
		return 1;
	}
	fclose(file);
	limit.rlim_cur = limit.rlim_max = pages * (unsigned long) sysconf(_SC_PAGESIZE) + TOO_MUCH / 4;
	if (setrlimit(RLIMIT_AS, &limit) != 0) {
		return 2;
	}
	status = shmx_queue_receive(&segment, &message, SHMX_WAIT_FOR_EVER);
	shmx_segment_close(&segment);
	return status == SHMX_E_FULL && message.length == TOO_MUCH && !message.allocated ? 0 : 3;
}

/* Long enough to be found asleep by who looks. */
#define SHORT_WAIT SECONDS

static int wait_in_vain(void *context);
static int wait_shortly(void *context);

/* The message stays, and so does its wake-up, which goes to the next who sleeps. */
static void who_has_no_memory_for_a_message_leaves_it_to_others(void **state)
{
	unsigned char *bytes;
	pid_t poor, rich;
	int64_t begun;

	(void) state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	/* Nor can valgrind live within such a limit. */
	if (slowness() > 10) {
		skip();
	}
	create_again(2 * TOO_MUCH);
	bytes = calloc(1, TOO_MUCH);
	assert_non_null(bytes);
	poor = start_child(receive_without_memory, NULL);
	await_sleepers(&segment, SHMX_SEM_FILLED, 1);
	rich = start_child(wait_in_vain, NULL);
	await_sleepers(&segment, SHMX_SEM_FILLED, 2);
	begun = shmx_clock_monotonic();
	assert_int_equal(shmx_queue_send(&segment, 7, bytes, TOO_MUCH, 0, NULL), SHMX_OK);
	free(bytes);
	assert_true(exited_well(reap(poor)));
	assert_true(exited_well(reap(rich)));
	/* Who is not woken looks by itself after two seconds. */
	assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
	assert_sound_queue(&segment);
}

/* The time of a sleeper runs out while somebody has the lock: one last look is not worth waiting for. */
static void a_lock_taken_during_the_sleep_does_not_stretch_it(void **state)
{
	int64_t begun;
	pid_t child;

	(void) state;
	child = start_child(wait_shortly, NULL);
	await_sleepers(&segment, SHMX_SEM_FILLED, 1);
	begun = shmx_clock_monotonic();
	assert_int_equal(shmx_guard_take(&segment, SECONDS), SHMX_OK);
	assert_true(exited_well(reap(child)));
	assert_true(shmx_clock_monotonic() - begun < SHORT_WAIT + segment.lock_timeout / 2);
	shmx_guard_release(&segment);
}

static void an_identity_scribbled_over_is_noticed_by_every_call(void **state)
{
	shmx_queue_figures figures;
	shmx_segment fresh;
	uint64_t number;

	(void) state;
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	open_other(&fresh, &segment, 'w');
	fresh.checked = false;
	atomic_store(&segment.header->identity.magic, SHMX_MAGIC + 1);
	assert_int_equal(send_number(&fresh, 2, 8, 0), SHMX_E_DAMAGED);
	assert_int_equal(receive_any(&fresh, &number, NULL, 0), SHMX_E_DAMAGED);
	assert_int_equal(shmx_queue_pending(&fresh, &number), SHMX_E_DAMAGED);
	assert_int_equal(number, 0);
	assert_int_equal(shmx_queue_info(&fresh, &figures), SHMX_E_DAMAGED);
	assert_int_equal(figures.sent, 0);
	atomic_store(&segment.header->identity.magic, SHMX_MAGIC);
	assert_int_equal(receive_number(&fresh, &number, NULL, 0), SHMX_OK);
	shmx_segment_close(&fresh);
}

/* Aligned and within the ring, but too near to its end for a message to begin there. */
static void a_tail_where_no_message_can_stand_is_damage(void **state)
{
	const char *broken;
	uint64_t number;

	(void) state;
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	atomic_store(&root_of(&segment)->log.tail, 8192 + 4096 - 8);
	atomic_store(&root_of(&segment)->log.head, 8192 + 4096);
	assert_int_equal(receive_any(&segment, &number, NULL, 0), SHMX_E_DAMAGED);
	assert_int_equal(atomic_load(&root_of(&segment)->received), 0);
	assert_int_equal(shmx_queue_check(&segment, &broken), SHMX_E_DAMAGED);
	assert_string_equal(broken, "a record cannot be");
}

static void a_handle_for_reading_cannot_check(void **state)
{
	shmx_segment reader;
	const char *broken;

	(void) state;
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	open_other(&reader, &segment, 'a');
	assert_int_equal(shmx_queue_check(&reader, &broken), SHMX_E_READ_ONLY);
	assert_null(broken);
	shmx_segment_close(&reader);
}

static int wait_in_vain(void *context)
{
	uint64_t number;

	(void) context;
	if (receive_any(&segment, &number, NULL, SHMX_WAIT_FOR_EVER) != SHMX_OK) {
		return 1;
	}
	/* An end without this is a death to the others, and wakes one of them. */
	shmx_segment_close(&segment);
	return 0;
}

/* Receivers that died asleep cost the others a few wake-ups, once. */
static void the_dead_do_not_stay_counted(void **state)
{
	pid_t children[20], child;
	shmx_segment answers;
	uint64_t number;

	(void) state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++) {
			children[i] = start_child(wait_in_vain, NULL);
		}
		await_sleepers(&segment, SHMX_SEM_FILLED, 20);
		for (int i = 0; i < 20; i++) {
			kill_child(children[i]);
		}
	}
	/* As when they all die before one of them wakes for nothing and puts the count right. */
	atomic_fetch_add(&root_of(&segment)->receivers_waiting, 60);
	create_segment(&answers, 4096);
	child = start_child(answer_numbers, &answers);
	for (uint64_t i = 1; i <= 200; i++) {
		assert_int_equal(send_number(&segment, i, 8, 0), SHMX_OK);
		assert_int_equal(receive_number(&answers, &number, NULL, PATIENCE), SHMX_OK);
	}
	await_sleepers(&segment, SHMX_SEM_FILLED, 1);
	/* Two processes live. */
	assert_true(atomic_load(&root_of(&segment)->receivers_waiting) <= 2);
	assert_true(semctl(segment.semaphores, SHMX_SEM_FILLED, GETVAL) <= 2);
	kill_child(child);
	destroy_segment(&answers);
}

static void each_message_wakes_one(void **state)
{
	pid_t children[8];

	(void) state;
	for (int i = 0; i < 8; i++) {
		children[i] = start_child(wait_in_vain, NULL);
	}
	await_sleepers(&segment, SHMX_SEM_FILLED, 8);
	for (uint64_t i = 1; i <= 8; i++) {
		assert_int_equal(send_number(&segment, i, 8, 0), SHMX_OK);
		await_sleepers(&segment, SHMX_SEM_FILLED, 8 - (int) i);
	}
	for (int i = 0; i < 8; i++) {
		assert_true(exited_well(reap(children[i])));
	}
	assert_int_equal(atomic_load(&root_of(&segment)->receivers_waiting), 0);
	assert_int_equal(semctl(segment.semaphores, SHMX_SEM_FILLED, GETVAL), 0);
}

/* A receiver that is stopped is not asleep: what comes meanwhile is the others'. */
static void a_stopped_receiver_holds_nobody_up(void **state)
{
	pid_t stopped = start_child(wait_in_vain, NULL), other;
	int64_t begun;

	(void) state;
	await_sleepers(&segment, SHMX_SEM_FILLED, 1);
	kill(stopped, SIGSTOP);
	await_stop(stopped);
	other = start_child(wait_in_vain, NULL);
	await_sleepers(&segment, SHMX_SEM_FILLED, 1);
	begun = shmx_clock_monotonic();
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	assert_true(exited_well(reap(other)));
	assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
	assert_int_equal(send_number(&segment, 2, 8, 0), SHMX_OK);
	kill(stopped, SIGCONT);
	assert_true(exited_well(reap(stopped)));
}

static int wait_shortly(void *context)
{
	uint64_t number;
	shmx_status status = receive_any(&segment, &number, NULL, SHORT_WAIT);

	(void) context;
	shmx_segment_close(&segment);
	return status == SHMX_NO_MESSAGE ? 0 : 1;
}

/* Woken and out of time at once: the wake-up is not left for somebody who has nothing to do with it. */
static void who_gives_up_takes_its_wake_up_along(void **state)
{
	pid_t child = start_child(wait_shortly, NULL);
	uint64_t number;

	(void) state;
	await_sleepers(&segment, SHMX_SEM_FILLED, 1);
	kill(child, SIGSTOP);
	await_stop(child);
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	sleep_for(SHORT_WAIT + 100 * MILLISECONDS);
	kill(child, SIGCONT);
	assert_true(exited_well(reap(child)));
	assert_int_equal(atomic_load(&root_of(&segment)->receivers_waiting), 0);
	assert_int_equal(semctl(segment.semaphores, SHMX_SEM_FILLED, GETVAL), 0);
}

static int wait_until_deleted(void *context)
{
	uint64_t number;
	shmx_status status = *(int *) context == SHMX_SEM_FILLED ? receive_any(&segment, &number, NULL, SHMX_WAIT_FOR_EVER)
															 : send_number(&segment, 1, 4000, SHMX_WAIT_FOR_EVER);

	return status == SHMX_E_DELETED ? 0 : 1;
}

static void deletion_ends_every_wait(void **state)
{
	int members[] = { SHMX_SEM_FILLED, SHMX_SEM_DRAINED };
	uint64_t number;

	(void) state;
	for (int i = 0; i < 2; i++) {
		pid_t child;
		int64_t begun;

		create_again(4096);
		if (members[i] == SHMX_SEM_DRAINED) {
			fill(&segment, 1, 100);
		}
		child = start_child(wait_until_deleted, &members[i]);
		await_sleepers(&segment, members[i], 1);
		begun = shmx_clock_monotonic();
		assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
		assert_true(exited_well(reap(child)));
		assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
		/* Nothing can be waited for any more; the rest goes on. */
		while (receive_number(&segment, &number, NULL, 0) == SHMX_OK) {
		}
		assert_int_equal(receive_number(&segment, &number, NULL, SECONDS), SHMX_E_DELETED);
		assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
		assert_int_equal(receive_number(&segment, &number, NULL, SHMX_WAIT_FOR_EVER), SHMX_OK);
		fill(&segment, 1, 100);
		assert_int_equal(send_number(&segment, 1, 100, SHMX_WAIT_FOR_EVER), SHMX_E_DELETED);
	}
}

static void a_wait_under_ones_own_lock_is_refused(void **state)
{
	shmx_segment other;
	uint64_t number;

	(void) state;
	assert_int_equal(shmx_guard_take(&segment, 0), SHMX_OK);
	segment.explicit_depth++;
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_NO_MESSAGE);
	assert_int_equal(receive_number(&segment, &number, NULL, SHMX_WAIT_FOR_EVER), SHMX_E_DEADLOCK);
	assert_int_equal(send_number(&segment, 1, 8, SHMX_WAIT_FOR_EVER), SHMX_OK);
	assert_int_equal(receive_number(&segment, &number, NULL, SHMX_WAIT_FOR_EVER), SHMX_OK);
	fill(&segment, 1, 100);
	assert_int_equal(send_number(&segment, 1, 100, SECONDS), SHMX_E_DEADLOCK);
	open_other(&other, &segment, 'w');
	assert_int_equal(receive_number(&other, &number, NULL, 0), SHMX_E_DEADLOCK);
	segment.explicit_depth--;
	shmx_guard_release(&segment);
	assert_int_equal(receive_number(&other, &number, NULL, 0), SHMX_OK);
	shmx_segment_close(&other);
	assert_int_equal(atomic_load(&root_of(&segment)->receivers_waiting), 0);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void) number;
	signals++;
}

static int signal_soon(void *context)
{
	(void) context;
	sleep_for(30 * MILLISECONDS);
	atomic_store(&shared->at, shmx_clock_monotonic());
	kill(getppid(), SIGUSR1);
	return 0;
}

static bool signal_came(void)
{
	return signals > 0;
}

static void a_signal_that_is_waited_for_ends_the_wait(void **state)
{
	struct sigaction action = { .sa_handler = count_signal };
	int64_t begun, ended;
	uint64_t number;
	pid_t signaller;

	(void) state;
	sigaction(SIGUSR1, &action, NULL);
	signals = 0;
	segment.interrupted = signal_came;
	signaller = start_child(signal_soon, NULL);
	assert_int_equal(receive_number(&segment, &number, NULL, SHMX_WAIT_FOR_EVER), SHMX_INTERRUPTED);
	ended = shmx_clock_monotonic();
	reap(signaller);
	assert_true(ended - atomic_load(&shared->at) < LONGEST_STALL);
	assert_int_equal(atomic_load(&root_of(&segment)->receivers_waiting), 0);
	fill(&segment, 1, 100);
	signals = 0;
	signaller = start_child(signal_soon, NULL);
	assert_int_equal(send_number(&segment, 1, 100, SHMX_WAIT_FOR_EVER), SHMX_INTERRUPTED);
	reap(signaller);
	/* One that came just before: nothing would end the sleep. What can be done at once is done. */
	assert_int_equal(receive_number(&segment, &number, NULL, SHMX_WAIT_FOR_EVER), SHMX_OK);
	assert_int_equal(send_number(&segment, 1, 100, SHMX_WAIT_FOR_EVER), SHMX_OK);
	begun = shmx_clock_monotonic();
	assert_int_equal(send_number(&segment, 1, 100, SHMX_WAIT_FOR_EVER), SHMX_INTERRUPTED);
	while (receive_number(&segment, &number, NULL, 0) == SHMX_OK) {
	}
	assert_int_equal(receive_number(&segment, &number, NULL, SHMX_WAIT_FOR_EVER), SHMX_INTERRUPTED);
	assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
	/* Without anybody to ask, signals do not end a wait. */
	segment.interrupted = NULL;
	signaller = start_child(signal_soon, NULL);
	begun = shmx_clock_monotonic();
	assert_int_equal(receive_number(&segment, &number, NULL, 80 * MILLISECONDS), SHMX_NO_MESSAGE);
	assert_true(shmx_clock_monotonic() - begun >= 80 * MILLISECONDS);
	reap(signaller);
}

/* --- many at once ------------------------------------------------------------------------------ */

#define STRESS_SENDERS 4
#define STRESS_RECEIVERS 4
#define STRESS_EACH 20000

static int send_its_share(void *context)
{
	uint64_t sender = *(uint64_t *) context, random = sender + 1;

	for (uint64_t i = 0; i < STRESS_EACH; i++) {
		size_t length = SMALLEST_MESSAGE + next_random(&random) % 300;

		if (send_number(&segment, (sender * STRESS_EACH + i) + 1, length, PATIENCE) != SHMX_OK) {
			return 1;
		}
	}
	return 0;
}

static int receive_any_share(void *context)
{
	uint64_t last[STRESS_SENDERS] = { 0 };

	(void) context;
	for (;;) {
		uint64_t number;
		int64_t begun = shmx_clock_monotonic();
		shmx_status status = receive_any(&segment, &number, NULL, PATIENCE);
		int64_t took = shmx_clock_monotonic() - begun;

		if (status != SHMX_OK || number == 0) {
			return 1;
		}
		if (took > atomic_load(&shared->longest)) {
			atomic_store(&shared->longest, took);
		}
		if (number > STRESS_SENDERS * STRESS_EACH) {
			return 0;
		}
		/* What one receiver gets of one sender comes in the sender's order. */
		if (number <= last[(number - 1) / STRESS_EACH] || atomic_fetch_add(&shared->seen[number], 1) != 0) {
			return 2;
		}
		last[(number - 1) / STRESS_EACH] = number;
	}
}

static void every_message_reaches_one_receiver_in_order(void **state)
{
	pid_t senders[STRESS_SENDERS], receivers[STRESS_RECEIVERS];
	uint64_t ids[STRESS_SENDERS];

	(void) state;
	for (int i = 0; i < STRESS_RECEIVERS; i++) {
		receivers[i] = start_child(receive_any_share, NULL);
	}
	for (uint64_t i = 0; i < STRESS_SENDERS; i++) {
		ids[i] = i;
		senders[i] = start_child(send_its_share, &ids[i]);
	}
	for (int i = 0; i < STRESS_SENDERS; i++) {
		assert_true(exited_well(reap(senders[i])));
	}
	for (uint64_t i = 0; i < STRESS_RECEIVERS; i++) {
		assert_int_equal(send_number(&segment, STRESS_SENDERS * STRESS_EACH + 1 + i, 8, PATIENCE), SHMX_OK);
	}
	for (int i = 0; i < STRESS_RECEIVERS; i++) {
		assert_true(exited_well(reap(receivers[i])));
	}
	for (uint64_t i = 1; i <= STRESS_SENDERS * STRESS_EACH; i++) {
		assert_int_equal(shared->seen[i], 1);
	}
	assert_true(atomic_load(&shared->longest) < LONGEST_STALL);
	assert_sound_queue(&segment);
	assert_at_rest(&segment);
}

/* As PHP's threads have it: each its own handle. */
static void *thread_sends(void *context)
{
	shmx_segment handle;
	uint64_t first = *(uint64_t *) context;

	open_other(&handle, &segment, 'w');
	for (uint64_t i = 0; i < 5000; i++) {
		if (send_number(&handle, first + i, 50, SHMX_WAIT_FOR_EVER) != SHMX_OK) {
			atomic_fetch_add(&shared->stop, 1);
		}
	}
	shmx_segment_close(&handle);
	return NULL;
}

static void *thread_receives(void *context)
{
	shmx_segment handle;

	(void) context;
	open_other(&handle, &segment, 'w');
	for (int i = 0; i < 5000; i++) {
		uint64_t number;

		if (receive_any(&handle, &number, NULL, SHMX_WAIT_FOR_EVER) != SHMX_OK || number == 0
			|| atomic_fetch_add(&shared->seen[number], 1) != 0) {
			atomic_fetch_add(&shared->stop, 1);
		}
	}
	shmx_segment_close(&handle);
	return NULL;
}

static void threads_with_handles_of_their_own(void **state)
{
	pthread_t threads[4];
	uint64_t firsts[2] = { 1, 5001 };

	(void) state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, thread_sends, &firsts[i]), 0);
		assert_int_equal(pthread_create(&threads[2 + i], NULL, thread_receives, NULL), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_int_equal(atomic_load(&shared->stop), 0);
	for (int i = 1; i <= 10000; i++) {
		assert_int_equal(shared->seen[i], 1);
	}
	assert_sound_queue(&segment);
}

/* A handle that waits for nothing is carried through a fork: the child is counted, and wakes, on its own. */
static void a_forked_child_waits_on_its_own(void **state)
{
	uint64_t number;
	pid_t child;

	(void) state;
	assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	child = start_child(wait_in_vain, NULL);
	await_sleepers(&segment, SHMX_SEM_FILLED, 1);
	assert_int_equal(semctl(segment.semaphores, SHMX_SEM_LIVING, GETVAL), 2);
	assert_int_equal(send_number(&segment, 2, 8, 0), SHMX_OK);
	assert_true(exited_well(reap(child)));
	assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_NO_MESSAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_come_out_in_order),
		TEST(a_message_may_be_empty),
		TEST(a_large_message_brings_its_own_memory),
		TEST(what_can_never_fit_is_refused_at_once),
		TEST(a_full_queue_takes_more_when_it_is_read),
		TEST(segments_of_any_size_hold_what_they_can),
		TEST(any_sequence_of_sizes_agrees_with_a_plain_list),
		TEST(a_queue_that_keeps_up_is_sparing_with_offsets),
		TEST(no_more_are_pending_than_there_ever_were),
		TEST(blank_and_other_kinds),
		TEST(timeouts_are_kept),
		TEST(zero_does_not_wait),
		TEST(a_lock_elsewhere_does_not_stretch_a_timeout),
		TEST(a_sleeping_receiver_wakes_within_a_millisecond),
		TEST(a_sleeping_sender_wakes_within_a_millisecond),
		TEST(room_wakes_the_senders_that_it_is_enough_for),
		TEST(too_little_room_wakes_nobody),
		TEST(senders_do_not_take_each_others_room),
		TEST(the_senders_semaphore_begins_again),
		TEST(the_last_stretch_of_the_senders_count_is_not_slept_through),
		TEST(who_has_no_memory_for_a_message_leaves_it_to_others),
		TEST(a_lock_taken_during_the_sleep_does_not_stretch_it),
		TEST(an_identity_scribbled_over_is_noticed_by_every_call),
		TEST(a_tail_where_no_message_can_stand_is_damage),
		TEST(a_handle_for_reading_cannot_check),
		TEST(the_dead_do_not_stay_counted),
		TEST(each_message_wakes_one),
		TEST(a_stopped_receiver_holds_nobody_up),
		TEST(who_gives_up_takes_its_wake_up_along),
		TEST(deletion_ends_every_wait),
		TEST(a_wait_under_ones_own_lock_is_refused),
		TEST(a_signal_that_is_waited_for_ends_the_wait),
		TEST(every_message_reaches_one_receiver_in_order),
		TEST(threads_with_handles_of_their_own),
		TEST(a_forked_child_waits_on_its_own),
	};

	begin_program(90);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
