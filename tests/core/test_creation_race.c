/*
 * shmx-flavour: release asan crash
 *
 * Fifty processes open the same new key at once, again and again: one segment with one set comes of it, everybody has it,
 * nobody fails, nothing is left over. Then the same with the process that creates it killed half-way: at every labelled
 * point where those are compiled in, at any instant otherwise.
 *
 * SHMX_TEST_RACES is how many times; the default is a thousand, and less where everything is slower.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core_support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shmx_bytes.h"
#include "shmx_crash.h"
#include "shmx_guard.h"

#define RACERS 50
#define SIZE 5000

#if defined(SHMX_CRASH_POINTS) || defined(__SANITIZE_ADDRESS__)
#define RACES 150
#else
#define RACES 1000
#endif
#define KILLED_RACES ((number_from("SHMX_TEST_RACES", 0) / 10 + 80) / (slowness() > 1 ? 4 : 1))

typedef struct {
	shmx_status status;
	int error;
	int id;
	int semaphores;
	size_t size;
	int64_t took;
	bool saw_all;
} result;

typedef struct {
	pthread_barrier_t start, opened, done;
	key_t key;
	bool over;
	uint64_t round;
	int64_t head_start; /* the racers', for the victim: nanoseconds */
	result results[RACERS];
	char label[64];
	_Atomic int victim_ready;
	_Atomic int victim_go;
} board;

static board *shared;
static int untagged;
static int64_t longest;
/* Races in which an open took longer than it may, and how many of them a busy machine may have made. */
static unsigned long late, late_by_chance;

static void write_mine(shmx_segment *segment, int index)
{
	uint64_t value = shared->round * RACERS + (uint64_t) index + 1;

	if (shmx_bytes_write(segment, (uint64_t) index * 8, &value, 8) != SHMX_OK) {
		shared->results[index].status = SHMX_E_TIMEOUT;
	}
}

static bool sees_all(shmx_segment *segment)
{
	uint64_t values[RACERS];
	shmx_torn torn;

	if (shmx_bytes_read(segment, 0, values, sizeof(values), &torn) != SHMX_OK || torn.found) {
		return false;
	}
	for (uint64_t i = 0; i < RACERS; i++) {
		if (values[i] != shared->round * RACERS + i + 1) {
			return false;
		}
	}
	return true;
}

static int race(void *context)
{
	int index = (int) (intptr_t) context;
	result *mine = &shared->results[index];

	for (;;) {
		shmx_segment segment;
		shmx_open_options options;
		int64_t begun;

		pthread_barrier_wait(&shared->start);
		if (shared->over) {
			return 0;
		}
		if (shared->head_start > 0) {
			sleep_for(shared->head_start);
		}
		options = options_for(shared->key, 'c', SIZE);
		begun = shmx_clock_monotonic();
		mine->status = shmx_segment_open(&segment, &options);
		mine->took = shmx_clock_monotonic() - begun;
		mine->error = errno;
		if (mine->status == SHMX_OK) {
			write_mine(&segment, index);
			mine->id = segment.id;
			mine->size = segment.payload_size;
			mine->semaphores = shmx_guard_find_semaphores(&segment) ? segment.semaphores : -1;
		}
		pthread_barrier_wait(&shared->opened);
		mine->saw_all = mine->status == SHMX_OK && sees_all(&segment);
		shmx_segment_close(&segment);
		pthread_barrier_wait(&shared->done);
	}
}

static pid_t racers[RACERS];

static void make_barrier(pthread_barrier_t *barrier)
{
	pthread_barrierattr_t attributes;

	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	assert_int_equal(pthread_barrier_init(barrier, &attributes, RACERS + 1), 0);
	pthread_barrierattr_destroy(&attributes);
}

static int start_racers(void **state)
{
	(void) state;
	shared = shared_memory(sizeof(*shared));
	make_barrier(&shared->start);
	make_barrier(&shared->opened);
	make_barrier(&shared->done);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = start_child(race, (void *) (intptr_t) i);
	}
	return 0;
}

static int end_racers(void **state)
{
	(void) state;
	if (shared->key != 0) {
		destroy_key(shared->key);
	}
	for (int i = 0; i < RACERS; i++) {
		kill_child(racers[i]);
	}
	return 0;
}

static void finish_racers(void)
{
	shared->over = true;
	pthread_barrier_wait(&shared->start);
	for (int i = 0; i < RACERS; i++) {
		int status = 0;

		assert_int_equal(waitpid(racers[i], &status, 0), racers[i]);
		assert_true(exited_well(status));
		racers[i] = start_child(race, (void *) (intptr_t) i);
	}
	shared->over = false;
}

/* Between the barriers: what came of it, as the racers and as the kernel have it. */
static void assert_agreed(void)
{
	const result *first = &shared->results[0];
	bool was_late = false;

	for (int i = 0; i < RACERS; i++) {
		const result *each = &shared->results[i];

		if (each->status != SHMX_OK) {
			fail_msg("racer %d failed with %d: %s", i, (int) each->status, strerror(each->error));
		}
		assert_int_equal(each->id, first->id);
		assert_int_equal(each->size, SIZE);
		assert_int_not_equal(each->semaphores, -1);
		assert_int_equal(each->semaphores, first->semaphores);
		longest = each->took > longest ? each->took : longest;
		was_late = was_late || each->took >= LONGEST_STALL;
	}
	late += was_late;
	assert_true(late <= late_by_chance);
	if (program_is_isolated()) {
		assert_int_equal(segments_in_kernel(), 1);
		/* Those that lost remove their set at once, and the winner what the dead have labelled. */
		assert_in_range(sets_in_kernel(), 1, 1 + untagged);
	}
}

static void take_away(void)
{
	destroy_key(shared->key);
	pthread_barrier_wait(&shared->done);
	for (int i = 0; i < RACERS; i++) {
		assert_true(shared->results[i].saw_all);
	}
	shared->key = 0;
}

static void begin_races(unsigned long races)
{
	longest = 0;
	late = 0;
	late_by_chance = 1 + races / 200;
}

static void fifty_that_open_one_new_key_agree(void **state)
{
	unsigned long races = number_from("SHMX_TEST_RACES", RACES) / (unsigned long) slowness();
	int64_t begun = shmx_clock_monotonic();

	(void) state;
	begin_races(races);
	for (unsigned long i = 0; i < races; i++) {
		shared->key = unused_key();
		shared->round++;
		pthread_barrier_wait(&shared->start);
		pthread_barrier_wait(&shared->opened);
		assert_agreed();
		take_away();
	}
	finish_racers();
	print_message("# %lu races of %d in %lld ms; the longest open took %lld us\n", races, RACERS,
		(long long) ((shmx_clock_monotonic() - begun) / MILLISECONDS), (long long) longest / 1000);
	if (program_is_isolated()) {
		assert_int_equal(segments_in_kernel(), 0);
		assert_int_equal(sets_in_kernel(), 0);
	}
}

/* Opens like the others, and dies in it. */
static int be_the_victim(void *context)
{
	shmx_segment segment;
	shmx_open_options options = options_for(shared->key, 'c', SIZE);

#ifdef SHMX_CRASH_POINTS
	shmx_crash_report_to(shared->label, sizeof(shared->label));
	shmx_crash_arm(1 + (unsigned long) (uintptr_t) context % 8);
#else
	(void) context;
#endif
	atomic_store(&shared->victim_ready, 1);
	while (!atomic_load(&shared->victim_go)) {
	}
	if (shmx_segment_open(&segment, &options) != SHMX_OK) {
		return 1;
	}
	shmx_segment_close(&segment);
	return 0;
}

static void the_creator_may_be_killed_while_fifty_wait(void **state)
{
	unsigned long races = KILLED_RACES, killed = 0, fewest = slowness() > 1 ? 0 : races / 10;
	uint64_t random = 1234567;
	int64_t begun = shmx_clock_monotonic();
	unsigned long i;

	(void) state;
	begin_races(races);
	/* On a busy machine most victims come to their end before this process can kill them. */
	for (i = 0; i < races || (killed <= fewest && shmx_clock_monotonic() - begun < 2 * PATIENCE); i++) {
		pid_t victim;
		int status;

		shared->key = unused_key();
		shared->round++;
		shared->head_start = (int64_t) (next_random(&random) % 5) * 50000;
		strcpy(shared->label, "none");
		atomic_store(&shared->victim_ready, 0);
		atomic_store(&shared->victim_go, 0);
		victim = start_child(be_the_victim, (void *) (uintptr_t) i);
		assert_true(await_value(&shared->victim_ready, 1));
		atomic_store(&shared->victim_go, 1);
#ifndef SHMX_CRASH_POINTS
		if (i % 2) {
			/* Creating takes some 200 microseconds. */
			struct timespec instant = { .tv_nsec = (long) (next_random(&random) % 200000) };

			nanosleep(&instant, NULL);
			kill(victim, SIGKILL);
		}
#endif
		pthread_barrier_wait(&shared->start);
#ifndef SHMX_CRASH_POINTS
		kill(victim, SIGKILL);
#endif
		status = reap(victim);
		killed += WIFSIGNALED(status);
		assert_true(WIFSIGNALED(status) || exited_well(status));
		/* Without labels any of the dead may have been at that point. */
#ifdef SHMX_CRASH_POINTS
		untagged += strcmp(shared->label, "create: semaphores made") == 0;
#else
		untagged += WIFSIGNALED(status);
#endif
		pthread_barrier_wait(&shared->opened);
		assert_agreed();
		take_away();
	}
	shared->head_start = 0;
	finish_racers();
	print_message("# %lu races with %lu creators killed in %lld ms; the longest open took %lld ms\n", i, killed,
		(long long) ((shmx_clock_monotonic() - begun) / MILLISECONDS), (long long) (longest / MILLISECONDS));
	assert_true(killed > fewest);
#ifndef __SANITIZE_ADDRESS__
	/* Waiting for the unlabelled ones to be old enough is not worth it in every flavour. */
	if (program_is_isolated()) {
		sleep_for(3100 * MILLISECONDS);
		shmx_segment_sweep();
		assert_int_equal(segments_in_kernel(), 0);
		assert_int_equal(sets_in_kernel(), 0);
	}
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifty_that_open_one_new_key_agree),
		cmocka_unit_test(the_creator_may_be_killed_while_fifty_wait),
	};

	begin_program(200 + (unsigned int) number_from("SHMX_TEST_RACES", 0) / 20);
	return cmocka_run_group_tests(tests, start_racers, end_racers);
}
