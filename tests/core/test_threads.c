/*
 * shmx-flavour: release asan tsan
 *
 * Threads instead of processes, each with a handle of its own, so that a race detector can watch: as ZTS PHP does it.
 *
 * What readers without a lock do to bytes that may be changing is excused where it is done, in shmx_racing.h, and nothing
 * else is.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shmx_bytes.h"
#include "shmx_guard.h"

#define WRITERS 3
#define READERS 3
#define PLACES 4
#define LARGE_AT 32768
#define LARGE 20000

static shmx_segment segment;
static _Atomic int stop;
static _Atomic uint64_t writes, reads;
/* Not atomic on purpose: the guard alone keeps it whole, and the detector sees whether it does. */
static uint64_t guarded[2];

/* All at one address: a detector takes two mappings of the same memory for two memories. */
static void open_mine(shmx_segment *handle, char mode)
{
	shmx_open_options options = options_for(segment.key, mode, 0);

	options.lock_timeout = 20 * SECONDS;
	if (shmx_segment_open(handle, &options) != SHMX_OK) {
		abort();
	}
	shmdt(handle->header);
	handle->header = segment.header;
	handle->payload = segment.payload;
}

static void close_mine(shmx_segment *handle)
{
	shmx_guard_forget(handle);
	handle->header = NULL;
}

static void *write_uniform(void *context)
{
	unsigned char bytes[LARGE];
	uint64_t random = (uint64_t) (uintptr_t) context * 7919 + 1;
	uintptr_t failed = 0;
	shmx_segment mine;

	open_mine(&mine, 'w');
	while (!atomic_load(&stop) && !failed) {
		uint64_t choice = next_random(&random);
		uint64_t place = choice % PLACES;
		bool large = (choice >> 8) % 16 == 0;

		memset(bytes, (int) (choice >> 32), sizeof(bytes));
		if ((choice >> 16) % 8 == 0) {
			failed = shmx_guard_take(&mine, 20 * SECONDS) != SHMX_OK || guarded[0] != guarded[1];
			guarded[0]++;
			guarded[1]++;
			shmx_guard_release(&mine);
		} else {
			failed = shmx_bytes_write(
						 &mine, large ? LARGE_AT : place * 8000, bytes, large ? LARGE : (size_t) 1024 << (place % 3))
				!= SHMX_OK;
		}
		if ((choice >> 24) % 64 == 0) {
			close_mine(&mine);
			open_mine(&mine, 'w');
		}
		atomic_fetch_add(&writes, 1);
	}
	close_mine(&mine);
	return (void *) failed;
}

static void *read_uniform(void *context)
{
	unsigned char bytes[LARGE];
	uint64_t random = (uint64_t) (uintptr_t) context * 104729 + 3;
	uintptr_t failed = 0;
	shmx_segment mine;

	open_mine(&mine, (uintptr_t) context % 2 ? 'a' : 'w');
	while (!atomic_load(&stop) && !failed) {
		uint64_t place = next_random(&random) % (PLACES + 1);
		size_t length = place == PLACES ? LARGE : (size_t) 1024 << (place % 3);
		shmx_torn torn;

		if (shmx_bytes_read(&mine, place == PLACES ? LARGE_AT : place * 8000, bytes, length, &torn) != SHMX_OK
			|| torn.found) {
			failed = 1;
		} else if (memcmp(bytes, bytes + 1, length - 1) != 0) {
			failed = 2;
		}
		atomic_fetch_add(&reads, 1);
	}
	close_mine(&mine);
	return (void *) failed;
}

static void threads_with_handles_of_their_own_share_a_segment(void **state)
{
	pthread_t threads[WRITERS + READERS];
	uint32_t in_use, total;

	(void) state;
	create_segment(&segment, 65536);
	for (uintptr_t i = 0; i < WRITERS + READERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? write_uniform : read_uniform, (void *) i), 0);
	}
	sleep_for(2 * stress_time());
	atomic_store(&stop, 1);
	for (int i = 0; i < WRITERS + READERS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_int_equal((uintptr_t) result, 0);
	}
	print_message("# %llu writes, %llu reads\n", (unsigned long long) atomic_load(&writes),
		(unsigned long long) atomic_load(&reads));
	assert_true(atomic_load(&writes) > 100);
	assert_true(atomic_load(&reads) > 100);
	assert_int_equal(guarded[0], guarded[1]);
	assert_true(shmx_guard_tokens(&segment, &in_use, &total));
	assert_int_equal(in_use, 0);
	assert_int_equal(atomic_load(&segment.header->counters.recoveries), 0);
	assert_int_equal(atomic_load(&segment.header->counters.torn_writes), 0);
	assert_at_rest(&segment);
}

static key_t contested;

static void *open_at_once(void *context)
{
	shmx_segment mine;
	shmx_open_options options = options_for(contested, 'c', 5000);
	int id;

	(void) context;
	if (shmx_segment_open(&mine, &options) != SHMX_OK) {
		return (void *) (uintptr_t) -1;
	}
	id = shmx_bytes_write(&mine, 0, "x", 1) == SHMX_OK ? mine.id : -1;
	shmx_segment_close(&mine);
	return (void *) (uintptr_t) id;
}

static void threads_that_create_the_same_segment_agree(void **state)
{
	(void) state;
	for (int round = 0; round < 50; round++) {
		pthread_t threads[6];
		void *first = NULL;

		contested = unused_key();
		for (int i = 0; i < 6; i++) {
			assert_int_equal(pthread_create(&threads[i], NULL, open_at_once, NULL), 0);
		}
		for (int i = 0; i < 6; i++) {
			void *id;

			pthread_join(threads[i], &id);
			first = i == 0 ? id : first;
			assert_ptr_equal(id, first);
			assert_int_not_equal((intptr_t) id, -1);
		}
		destroy_key(contested);
	}
}

static int tear_down(void **state)
{
	(void) state;
	destroy_segment(&segment);
	if (program_is_isolated()) {
		assert_int_equal(segments_in_kernel(), 0);
		assert_int_equal(sets_in_kernel(), 0);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(threads_with_handles_of_their_own_share_a_segment, tear_down),
		cmocka_unit_test_teardown(threads_that_create_the_same_segment_agree, tear_down),
	};

	begin_program(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
