/*
 * The contract of shmx_bytes.h: reads of one moment, writes that are all or nothing, torn ranges told exactly, and a
 * header full of nonsense that does no harm.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core_support.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shmx_bytes.h"
#include "shmx_guard.h"

#define SIZE 65536

static shmx_segment segment, reader;
static unsigned char data[SIZE], found[SIZE];

static int set_up(void **state)
{
	(void) state;
	create_segment(&segment, SIZE);
	open_other(&reader, &segment, 'a');
	fill_pattern(data, sizeof(data), 1);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	shmx_segment_close(&reader);
	destroy_segment(&segment);
	if (program_is_isolated()) {
		shmx_segment_sweep();
		assert_int_equal(segments_in_kernel(), 0);
		assert_int_equal(sets_in_kernel(), 0);
	}
	return 0;
}

static void write_at(uint64_t offset, const void *from, size_t length)
{
	assert_int_equal(shmx_bytes_write(&segment, offset, from, length), SHMX_OK);
}

static void assert_reads(shmx_segment *through, uint64_t offset, const unsigned char *expected, size_t length)
{
	shmx_torn torn;

	memset(found, 0xee, length);
	assert_int_equal(shmx_bytes_read(through, offset, found, length, &torn), SHMX_OK);
	assert_false(torn.found);
	assert_memory_equal(found, expected, length);
}

static void what_is_written_is_read(void **state)
{
	static const size_t lengths[] = { 1, 7, 64, 4095, 4096, 4097, 8192, 30000 };

	(void) state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const uint64_t offsets[] = { 0, 1, 4095, SIZE - lengths[i] };

		for (size_t j = 0; j < sizeof(offsets) / sizeof(offsets[0]); j++) {
			fill_pattern(data, lengths[i], (uint32_t) (i * 10 + j));
			write_at(offsets[j], data, lengths[i]);
			assert_reads(&segment, offsets[j], data, lengths[i]);
			assert_reads(&reader, offsets[j], data, lengths[i]);
		}
	}
	assert_int_equal(shmx_bytes_writes(&segment), 8 * 4);
	assert_in_range(shmx_clock_wall_seconds() - atomic_load(&segment.header->counters.last_write_at), 0, 5);
	assert_at_rest(&segment);
}

static void a_write_changes_its_range_and_no_other_byte(void **state)
{
	unsigned char expected[SIZE];

	(void) state;
	memset(expected, 0, sizeof(expected));
	for (size_t length = 1; length <= 5000; length = length * 3 + 1) {
		fill_pattern(data, length, (uint32_t) length);
		memcpy(expected + 100 + length, data, length);
		write_at(100 + length, data, length);
		assert_reads(&reader, 0, expected, SIZE);
	}
}

static void writing_nothing_changes_nothing(void **state)
{
	(void) state;
	write_at(0, "", 0);
	write_at(SIZE, "", 0);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_BLANK);
	assert_int_equal(shmx_bytes_writes(&segment), 0);
	assert_reads(&segment, SIZE, data, 0);
}

static void another_kind_is_neither_read_nor_written_nor_repaired(void **state)
{
	unsigned char byte;
	shmx_torn torn;
	uint64_t odd;

	(void) state;
	atomic_store(&segment.header->write.kind, SHMX_KIND_VARIABLES);
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_E_KIND);
	assert_int_equal(shmx_bytes_read(&reader, 0, &byte, 1, &torn), SHMX_E_KIND);
	assert_int_equal(segment.payload[0], 0);
	assert_int_equal(guard_owner(&segment), 0);

	/* Not even when the words that are bytes' own look like a write that wants finishing. */
	segment.lock_timeout = 50 * MILLISECONDS;
	assert_int_equal(shmx_guard_take(&segment, SECONDS), SHMX_OK);
	forge_write(&segment, 0, data, 5000, 0);
	shmx_guard_release(&segment);
	odd = atomic_load(&segment.header->write.sequence);
	assert_int_equal(shmx_bytes_read(&segment, 0, &byte, 1, &torn), SHMX_E_KIND);
	assert_int_equal(atomic_load(&segment.header->write.sequence), odd);
	assert_int_equal(atomic_load(&segment.header->write.torn_count), 0);
}

/* For every position of a read against a write under way: all new where the write is committed, and the rest as it was. */
static void a_read_goes_through_a_journaled_write_under_way(void **state)
{
	static unsigned char before[SIZE], after[SIZE];
	static const uint64_t lengths[] = { 1, 2, 50, 4096 };
	shmx_torn torn;

	(void) state;
	fill_pattern(before, sizeof(before), 2);
	write_at(0, before, sizeof(before));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint64_t length = lengths[i];

		for (uint64_t copied = 0; copied <= length; copied += length < 4 ? 1 : length / 3) {
			fill_pattern(data, length, 3 + (uint32_t) copied);
			memcpy(after, before, sizeof(after));
			memcpy(after + 1000, data, length);
			die_in_write(&segment, 1000, data, length, copied);
			for (uint64_t at = 950; at < 1060 + length; at += at < 1060 || at > 940 + length ? 1 : 97) {
				for (uint64_t size = 0; size < 130; size += 13) {
					assert_int_equal(shmx_bytes_read(&reader, at, found, size, &torn), SHMX_OK);
					assert_false(torn.found);
					assert_memory_equal(found, after + at, size);
				}
			}
			assert_reads(&reader, 0, after, SIZE);
			/* Nobody has repaired anything: that was a reader that may not. */
			assert_int_equal(atomic_load(&segment.header->write.sequence) & 1, 1);
			memcpy(before, after, sizeof(before));
			write_at(SIZE - 1, before + SIZE - 1, 1);
			assert_at_rest(&segment);
			assert_reads(&reader, 0, after, SIZE);
		}
	}
	assert_int_equal(atomic_load(&segment.header->counters.torn_writes), 0);
}

static void assert_torn(uint64_t offset, size_t length, uint64_t begin, uint64_t end)
{
	shmx_segment *const handles[] = { &segment, &reader };

	for (size_t i = 0; i < 2; i++) {
		shmx_torn torn;

		assert_int_equal(shmx_bytes_read(handles[i], offset, found, length, &torn), SHMX_OK);
		assert_true(torn.found);
		assert_int_equal(torn.begin, begin);
		assert_int_equal(torn.end, end);
	}
}

static void assert_whole(uint64_t offset, size_t length)
{
	assert_reads(&segment, offset, segment.payload + offset, length);
	assert_reads(&reader, offset, segment.payload + offset, length);
}

static void a_dead_large_write_is_told_to_the_byte(void **state)
{
	shmx_torn ranges[SHMX_TORN_RANGES];
	shmx_torn torn;
	int64_t begun, quickest = INT64_MAX;

	(void) state;
	write_at(0, data, 100);
	die_in_write(&segment, 5000, data, 4097, 2000);

	/* A handle that may not repair reads other bytes at once, and these ones as they are, with the range. */
	for (int i = 0; i < 5; i++) {
		begun = shmx_clock_monotonic();
		assert_reads(&reader, 0, data, 100);
		assert_reads(&reader, 4000, segment.payload + 4000, 1000);
		quickest = shmx_clock_monotonic() - begun < quickest ? shmx_clock_monotonic() - begun : quickest;
	}
	assert_true(quickest < 2 * MILLISECONDS);
	begun = shmx_clock_monotonic();
	assert_int_equal(shmx_bytes_read(&reader, 4999, found, 2, &torn), SHMX_OK);
	assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
	assert_true(torn.found);
	assert_int_equal(torn.begin, 5000);
	assert_int_equal(torn.end, 9097);
	assert_int_equal(atomic_load(&segment.header->write.sequence) & 1, 1);

	/* One that may repairs first. */
	begun = shmx_clock_monotonic();
	assert_int_equal(shmx_bytes_read(&segment, 9096, found, 1, &torn), SHMX_OK);
	assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
	assert_true(torn.found);
	assert_int_equal(torn.begin, 5000);
	assert_int_equal(torn.end, 9097);
	assert_at_rest(&segment);

	assert_torn(5000, 1, 5000, 9097);
	assert_torn(9096, 1000, 5000, 9097);
	assert_torn(0, SIZE, 5000, 9097);
	assert_whole(0, 5000);
	assert_whole(9097, SIZE - 9097);
	assert_int_equal(shmx_bytes_torn_ranges(&segment, ranges), 1);
	assert_int_equal(atomic_load(&segment.header->counters.torn_writes), 1);
}

/* They used to time out, and go on doing so, until somebody wrote. */
static void a_dead_large_write_holds_up_no_reader_however_little_it_waits(void **state)
{
	static const int64_t timeouts[] = { 0, 1000, 90000, MILLISECONDS, 4 * MILLISECONDS };
	shmx_torn torn;

	(void) state;
	write_at(0, data, 100);
	for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
		die_in_write(&segment, 5000, data, 4097, 2000);
		reader.lock_timeout = segment.lock_timeout = timeouts[i];
		assert_int_equal(shmx_bytes_read(&reader, 5000, found, 1, &torn), SHMX_OK);
		assert_true(torn.found);
		assert_int_equal(atomic_load(&segment.header->write.sequence) & 1, 1);
		assert_int_equal(shmx_bytes_read(&segment, 5000, found, 1, &torn), SHMX_OK);
		assert_true(torn.found);
		assert_int_equal(atomic_load(&segment.header->counters.torn_writes), i + 1);
		assert_at_rest(&segment);
		segment.lock_timeout = 10 * SECONDS;
		write_at(5000, data, 4097);
	}
}

/* What a reader calls between two tries takes long, as it may on a busy machine. */
static bool kept_from_the_processor;

int sched_yield(void)
{
	if (kept_from_the_processor) {
		sleep_for(10 * MILLISECONDS);
	}
	return (int) syscall(SYS_sched_yield);
}

/* It used to leave the repair to others, as one must that may not write. */
static void a_reader_that_is_kept_from_the_processor_repairs_all_the_same(void **state)
{
	shmx_torn torn;
	shmx_status status;

	(void) state;
	write_at(0, data, 100);
	die_in_write(&segment, 5000, data, 4097, 2000);
	kept_from_the_processor = true;
	status = shmx_bytes_read(&segment, 9096, found, 1, &torn);
	kept_from_the_processor = false;
	assert_int_equal(status, SHMX_OK);
	assert_true(torn.found);
	assert_at_rest(&segment);
	assert_int_equal(atomic_load(&segment.header->counters.torn_writes), 1);
}

static void writes_clear_what_they_cover(void **state)
{
	shmx_torn ranges[SHMX_TORN_RANGES];

	(void) state;
	write_at(0, data, 1);
	die_in_write(&segment, 10000, data, 10000, 1);
	write_at(9000, data, 1001);
	assert_torn(0, SIZE, 10001, 20000);
	write_at(19999, data, 10);
	assert_torn(0, SIZE, 10001, 19999);
	write_at(15000, data, 100);
	assert_int_equal(shmx_bytes_torn_ranges(&segment, ranges), 2);
	assert_whole(15000, 100);
	assert_torn(14999, 1, 10001, 15000);
	assert_torn(15100, 1, 15100, 19999);
	assert_torn(14999, 200, 10001, 15000);
	write_at(10001, data, 4999);
	assert_whole(0, 15100);
	write_at(15000, data, 5000);
	assert_whole(0, SIZE);
	assert_int_equal(shmx_bytes_torn_ranges(&segment, ranges), 0);
	assert_int_equal(atomic_load(&segment.header->write.torn_count), 0);
}

/* As a writer's death does it, without the process: the tests of the table need thousands. */
static void tear(uint64_t offset, uint64_t length)
{
	assert_int_equal(shmx_guard_take(&segment, SECONDS), SHMX_OK);
	forge_write(&segment, offset, data, length, length / 2);
	shmx_bytes_recover(&segment);
	shmx_guard_release(&segment);
}

static void a_full_table_merges_and_loses_nothing(void **state)
{
	shmx_torn ranges[SHMX_TORN_RANGES];

	(void) state;
	write_at(0, data, 1);
	for (uint64_t i = 0; i < SHMX_TORN_RANGES; i++) {
		tear(5000 + i * 6000, 4100);
	}
	assert_int_equal(shmx_bytes_torn_ranges(&segment, ranges), SHMX_TORN_RANGES);
	/* Torn twice is torn once. */
	tear(5000, 4100);
	assert_int_equal(atomic_load(&segment.header->counters.torn_writes), SHMX_TORN_RANGES + 1);
	/* One more: the first entry takes it in, with what lies between. */
	tear(54000, 5000);
	assert_torn(58999, 1, 5000, 59000);
	assert_whole(59000, 1);
	assert_whole(0, 5000);
	tear(100, 4200);
	assert_torn(100, 1, 100, 59000);
	/* No entry for a second piece: it stays torn as a whole, which warns of too much and of nothing too little. */
	write_at(20000, data, 10);
	assert_torn(20005, 1, 100, 59000);
	/* Writing everything clears everything. */
	write_at(0, data, SIZE);
	assert_whole(0, SIZE);
	assert_int_equal(atomic_load(&segment.header->write.torn_count), 0);
}

/* Against a model with a flag for each byte: no torn byte is ever untold; while the table has room, no whole one is told. */
static void the_table_agrees_with_a_flag_for_each_byte(void **state)
{
	static unsigned char torn_bytes[SIZE];
	uint64_t random = 88172645463325252u;
	bool exact = true;
	int exact_steps = 0;

	(void) state;
	write_at(0, data, 1);
	for (int step = 0; step < 20000; step++) {
		uint64_t tears = next_random(&random) % 4;
		uint64_t length = tears == 0 ? 4097 + next_random(&random) % 4000 : 1 + next_random(&random) % 9000;
		uint64_t offset = next_random(&random) % (SIZE - length);
		shmx_torn ranges[SHMX_TORN_RANGES];
		size_t count;
		uint64_t last = 0;

		if (tears == 0) {
			tear(offset, length);
			memset(torn_bytes + offset, 1, length);
		} else {
			write_at(offset, data, length);
			memset(torn_bytes + offset, 0, length);
		}
		count = shmx_bytes_torn_ranges(&segment, ranges);
		if (count == 0) {
			assert_null(memchr(torn_bytes, 1, SIZE));
			exact = true;
		}
		exact = exact && count < SHMX_TORN_RANGES;
		exact_steps += exact;
		for (size_t i = 0; i < count; i++) {
			assert_true(ranges[i].begin < ranges[i].end && ranges[i].end <= SIZE);
			if (exact) {
				assert_null(memchr(torn_bytes + ranges[i].begin, 0, ranges[i].end - ranges[i].begin));
			}
		}
		/* Every torn byte lies in some range: walk from one torn byte to the next outside all ranges. */
		while (last < SIZE) {
			unsigned char *next = memchr(torn_bytes + last, 1, SIZE - last);
			bool covered = false;

			if (next == NULL) {
				break;
			}
			last = (uint64_t) (next - torn_bytes);
			for (size_t i = 0; i < count && !covered; i++) {
				if (ranges[i].begin <= last && last < ranges[i].end) {
					last = ranges[i].end;
					covered = true;
				}
			}
			assert_true(covered);
		}
		if (step % 500 == 499) {
			write_at(0, data, SIZE);
			memset(torn_bytes, 0, sizeof(torn_bytes));
		}
	}
	/* The model would prove little if the table were full all the time. */
	assert_true(exact_steps > 1000);
}

typedef struct {
	_Atomic int stop;
	_Atomic int failed;
	_Atomic uint64_t rounds;
	_Atomic uint64_t told;
} shared_progress;

static shared_progress *progress;

/* Makes the first 3,000 bytes torn and then writes into their middle, for ever. */
static int tear_and_split(void *context)
{
	shmx_header *header = segment.header;

	(void) context;
	while (!atomic_load(&progress->stop)) {
		uint64_t number;

		if (shmx_guard_take(&segment, SECONDS) != SHMX_OK) {
			return 1;
		}
		number = atomic_load(&header->write.sequence);
		atomic_store(&header->write.sequence, number + 1);
		atomic_thread_fence(memory_order_seq_cst);
		for (int i = 0; i < 3; i++) {
			atomic_store(&header->torn[i].end, 0);
		}
		/* In the second entry, so that the rest may also land before it. */
		atomic_store(&header->torn[number % 4 < 2].begin, 0);
		atomic_store(&header->torn[number % 4 < 2].end, 3000);
		atomic_store(&header->write.torn_count, 2);
		atomic_store(&header->write.sequence, number + 2);
		shmx_guard_release(&segment);
		if (shmx_bytes_write(&segment, 1000, data, 8) != SHMX_OK) {
			return 2;
		}
		atomic_fetch_add(&progress->rounds, 1);
	}
	return 0;
}

static void a_range_being_split_stays_told(void **state)
{
	int64_t until = shmx_clock_monotonic() + stress_time();
	shmx_torn torn;
	uint64_t reads = 0, untold = 0;
	pid_t child;

	(void) state;
	write_at(0, data, 1);
	tear(0, 5000);
	progress = shared_memory(sizeof(*progress));
	child = start_child(tear_and_split, NULL);
	while (atomic_load(&progress->rounds) == 0) {
		sleep_for(MILLISECONDS);
	}
	while (shmx_clock_monotonic() < until || atomic_load(&progress->rounds) <= 100) {
		for (int i = 0; i < 1000; i++) {
			assert_int_equal(shmx_bytes_read(&reader, 2000, found, 8, &torn), SHMX_OK);
			untold += !torn.found;
			reads++;
		}
	}
	atomic_store(&progress->stop, 1);
	assert_true(exited_well(reap(child)));
	print_message("# %llu reads, %llu splits, %llu untold\n", (unsigned long long) reads,
		(unsigned long long) atomic_load(&progress->rounds), (unsigned long long) untold);
	assert_int_equal(untold, 0);
}

static int stop_in_large_write(void *context)
{
	(void) context;
	if (shmx_guard_take(&segment, SECONDS) != SHMX_OK) {
		return 1;
	}
	shmx_segment_become(&segment, SHMX_KIND_BYTES, NULL);
	forge_write(&segment, 8192, data, 8192, 4000);
	raise(SIGSTOP);
	memcpy(segment.payload + 8192, data, 8192);
	atomic_fetch_add(&segment.header->write.sequence, 1);
	shmx_guard_release(&segment);
	return 0;
}

/* Stopped is not dead: who needs these bytes waits, and gives up in time; who needs others does not notice. */
static void a_stopped_writer_of_much_holds_up_only_its_bytes(void **state)
{
	int64_t begun, took, quickest = INT64_MAX;
	shmx_torn torn;
	pid_t child = start_child(stop_in_large_write, NULL);

	(void) state;
	await_stop(child);
	segment.lock_timeout = reader.lock_timeout = 100 * MILLISECONDS;
	for (int i = 0; i < 5; i++) {
		begun = shmx_clock_monotonic();
		assert_reads(&reader, 0, segment.payload, 8192);
		assert_reads(&segment, 16384, segment.payload + 16384, 1000);
		quickest = shmx_clock_monotonic() - begun < quickest ? shmx_clock_monotonic() - begun : quickest;
	}
	assert_true(quickest < 5 * MILLISECONDS);
	for (int i = 0; i < 2; i++) {
		begun = shmx_clock_monotonic();
		assert_int_equal(shmx_bytes_read(i ? &segment : &reader, 16383, found, 1, &torn), SHMX_E_TIMEOUT);
		took = shmx_clock_monotonic() - begun;
		assert_in_range(took, 100 * MILLISECONDS, 100 * MILLISECONDS + LONGEST_STALL);
	}
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_E_TIMEOUT);
	kill(child, SIGCONT);
	segment.lock_timeout = reader.lock_timeout = 10 * SECONDS;
	assert_int_equal(shmx_bytes_read(&segment, 8192, found, 8192, &torn), SHMX_OK);
	assert_true(exited_well(reap(child)));
	assert_false(torn.found);
	assert_memory_equal(found, data, 8192);
	assert_int_equal(atomic_load(&segment.header->counters.torn_writes), 0);
	assert_int_equal(atomic_load(&segment.header->counters.recoveries), 0);
}

/* Ends its write in good time, and keeps the lock until told. */
static int write_and_keep_the_lock(void *context)
{
	(void) context;
	if (shmx_guard_take(&segment, SECONDS) != SHMX_OK) {
		return 1;
	}
	shmx_segment_become(&segment, SHMX_KIND_BYTES, NULL);
	forge_write(&segment, 8192, data, 8192, 8192);
	atomic_store(&progress->rounds, 1);
	sleep_for(60 * MILLISECONDS);
	atomic_fetch_add(&segment.header->write.sequence, 1);
	while (!atomic_load(&progress->stop)) {
		sleep_for(MILLISECONDS);
	}
	shmx_guard_release(&segment);
	return 0;
}

/* The reader lost against a long write and queued; then the writer sits in its lock and writes nothing. */
static void an_idle_lock_does_not_hold_up_a_reader_that_queued(void **state)
{
	shmx_status status;
	shmx_torn torn;
	int64_t took;
	bool kept;
	pid_t child;

	(void) state;
	progress = shared_memory(sizeof(*progress));
	child = start_child(write_and_keep_the_lock, NULL);
	while (atomic_load(&progress->rounds) == 0) {
		sleep_for(MILLISECONDS);
	}
	took = shmx_clock_monotonic();
	status = shmx_bytes_read(&segment, 8192, found, 8192, &torn);
	took = shmx_clock_monotonic() - took;
	kept = guard_owner(&segment) != 0;
	atomic_store(&progress->stop, 1);
	assert_true(exited_well(reap(child)));
	assert_int_equal(status, SHMX_OK);
	assert_false(torn.found);
	assert_memory_equal(found, data, 8192);
	assert_true(kept);
	/* Not for as long as it may wait for the lock. */
	assert_true(took < segment.lock_timeout / 2);
}

#define PLACES 4
#define LARGE_AT 32768
#define LARGE 20000

/* A value is uniform: its every byte says who wrote it. */
static int write_uniform(void *context)
{
	unsigned char bytes[LARGE];
	uint64_t random = (uint64_t) (uintptr_t) context * 7919 + 1;

	shmx_guard_forget(&segment);
	while (!atomic_load(&progress->stop)) {
		uint64_t place = next_random(&random) % PLACES;
		bool large = next_random(&random) % 16 == 0;

		memset(bytes, (int) next_random(&random), sizeof(bytes));
		if (shmx_bytes_write(&segment, large ? LARGE_AT : place * 8000, bytes, large ? LARGE : 1024 << (place % 3))
			!= SHMX_OK) {
			return 1;
		}
		atomic_fetch_add(&progress->rounds, 1);
	}
	return 0;
}

static int read_uniform(void *context)
{
	uint64_t random = (uint64_t) (uintptr_t) context * 104729 + 3;
	shmx_segment *through = (uintptr_t) context % 2 ? &segment : &reader;

	while (!atomic_load(&progress->stop)) {
		uint64_t place = next_random(&random) % (PLACES + 1);
		size_t length = place == PLACES ? LARGE : (size_t) 1024 << (place % 3);
		shmx_torn torn;

		if (shmx_bytes_read(through, place == PLACES ? LARGE_AT : place * 8000, found, length, &torn) != SHMX_OK
			|| torn.found) {
			return 1;
		}
		if (memcmp(found, found + 1, length - 1) != 0) {
			return 2;
		}
		atomic_fetch_add(&progress->told, 1);
	}
	return 0;
}

static void readers_among_writers_see_whole_values(void **state)
{
	pid_t children[5];

	(void) state;
	progress = shared_memory(sizeof(*progress));
	for (uintptr_t i = 0; i < 5; i++) {
		children[i] = start_child(i < 3 ? write_uniform : read_uniform, (void *) i);
	}
	sleep_for(stress_time());
	await_more(&progress->told, 100);
	atomic_store(&progress->stop, 1);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(WEXITSTATUS(reap(children[i])), 0);
	}
	print_message("# %llu writes, %llu reads\n", (unsigned long long) atomic_load(&progress->rounds),
		(unsigned long long) atomic_load(&progress->told));
	assert_true(atomic_load(&progress->told) > 100);
	assert_at_rest(&segment);
	assert_int_equal(atomic_load(&segment.header->counters.recoveries), 0);
}

/* What a scribbler leaves: a write under way of bytes that are not there. */
static void describe_beyond_the_payload(void)
{
	shmx_write_line *line = &segment.header->write;
	uint64_t odd = atomic_load(&line->sequence) + 1;

	memset(segment.header->journal, 0xee, SHMX_JOURNAL_SIZE);
	atomic_store(&line->offset, SIZE - 5);
	atomic_store(&line->length, 10);
	atomic_store(&line->stamp, odd);
	atomic_store(&line->sequence, odd);
}

static void a_write_described_beyond_the_payload_is_nobodys(void **state)
{
	shmx_torn ranges[SHMX_TORN_RANGES], torn;

	(void) state;
	write_at(0, data, 100);
	describe_beyond_the_payload();
	/* Who may not repair is told that anything may be torn. */
	assert_int_equal(shmx_bytes_read(&reader, 0, found, 100, &torn), SHMX_OK);
	assert_memory_equal(found, data, 100);
	assert_true(torn.found);
	assert_int_equal(torn.begin, 0);
	assert_int_equal(torn.end, SIZE);
	/* The next writer drops it: nothing of it is written, nothing is torn, and no later write can be taken for it. */
	write_at(200, data + 200, 5000);
	assert_reads(&reader, 0, data, 100);
	assert_reads(&reader, 200, data + 200, 5000);
	assert_int_equal(shmx_bytes_torn_ranges(&segment, ranges), 0);
	describe_beyond_the_payload();
	assert_int_equal(shmx_guard_take(&segment, 0), SHMX_OK);
	shmx_bytes_recover(&segment);
	shmx_guard_release(&segment);
	assert_int_equal(atomic_load(&segment.header->write.stamp), 0);
	for (size_t i = SIZE - 10; i < SIZE; i++) {
		assert_int_equal(segment.payload[i], 0);
	}
	assert_at_rest(&segment);
}

/* Told as they stood, they were ranges that no call takes, and that no write could clear. */
static void torn_ranges_beyond_the_payload_are_cut_off(void **state)
{
	static const uint64_t ranges_there[][2] = {
		{ SIZE - 10, UINT64_MAX },
		{ SIZE, SIZE + 10 },
		{ UINT64_MAX - 1, UINT64_MAX },
		{ 5, SIZE + 1 },
	};
	shmx_torn ranges[SHMX_TORN_RANGES];

	(void) state;
	write_at(0, data, SIZE);
	for (size_t i = 0; i < 4; i++) {
		atomic_store(&segment.header->torn[i].begin, ranges_there[i][0]);
		atomic_store(&segment.header->torn[i].end, ranges_there[i][1]);
	}
	atomic_store(&segment.header->write.torn_count, 4);
	assert_int_equal(shmx_bytes_torn_ranges(&segment, ranges), 2);
	assert_int_equal(ranges[0].begin, SIZE - 10);
	assert_int_equal(ranges[0].end, SIZE);
	assert_int_equal(ranges[1].begin, 5);
	assert_int_equal(ranges[1].end, SIZE);
	assert_torn(SIZE - 2, 2, SIZE - 10, SIZE);
	write_at(0, data, SIZE);
	assert_int_equal(shmx_bytes_torn_ranges(&segment, ranges), 0);
	assert_reads(&reader, 0, data, SIZE);
}

/* Every call on a header with this in it: any answer that the interface knows, soon, and nothing outside the payload. */
static void use_everything(void)
{
	shmx_torn ranges[SHMX_TORN_RANGES];
	shmx_segment late;
	shmx_torn torn;
	uint32_t in_use, total;
	shmx_open_options options = options_for(segment.key, 'w', 0);
	shmx_status status;

	segment.lock_timeout = reader.lock_timeout = options.lock_timeout = 12 * MILLISECONDS;
	shmx_bytes_read(&reader, 0, found, SIZE, &torn);
	shmx_bytes_read(&segment, SIZE - 5, found, 5, &torn);
	shmx_bytes_write(&segment, 10, data, 100);
	shmx_bytes_write(&segment, 20000, data, 6000);
	shmx_bytes_torn_ranges(&segment, ranges);
	shmx_guard_tokens(&segment, &in_use, &total);
	shmx_guard_abandoned(&segment);
	status = shmx_segment_open(&late, &options);
	if (status == SHMX_OK) {
		shmx_bytes_write(&late, 300, data, 3000);
		shmx_bytes_read(&late, 0, found, SIZE, &torn);
		shmx_segment_close(&late);
	} else {
		assert_null(late.header);
	}
}

static void no_value_in_the_header_does_harm(void **state)
{
	static const uint64_t values[] = { 0, 1, 2, 63, 64, 65, 0x7fff, 0xffff, 0x10000, 0x10001, 0x1ffff, SIZE - 1, SIZE,
		SIZE + 1, UINT64_C(0x80000000), UINT64_C(0xffffffff), UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2,
		UINT64_C(0x8000000000000001), UINT64_C(0x0000004000000001) };
	uint64_t random = 7;
	int64_t longest = 0;
	static shmx_header good;

	(void) state;
	write_at(0, data, 100);
	tear(5000, 5000);
	memcpy((void *) &good, (void *) segment.header, sizeof(good));
	for (size_t field = 0; field < offsetof(shmx_header, reserved); field += 8) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]) + 4; i++) {
			_Atomic uint64_t *word = (_Atomic uint64_t *) ((unsigned char *) segment.header + field);
			uint64_t value = i < sizeof(values) / sizeof(values[0]) ? values[i] : next_random(&random);
			int64_t took;
			int late = 0;

			do {
				int64_t begun = shmx_clock_monotonic();

				/* Both halves where a word holds two. */
				atomic_store(word, i % 2 ? value : (value & UINT64_C(0xffffffff)) | (atomic_load(word) << 32));
				use_everything();
				took = shmx_clock_monotonic() - begun;
				longest = took > longest ? took : longest;
				memcpy((void *) segment.header, (void *) &good, sizeof(good));
			} while (took > SECONDS * slowness() && ++late <= LATE_BY_CHANCE);
			if (late > LATE_BY_CHANCE) {
				fail_msg(
					"%lld ms with %llx at %zu", (long long) (took / MILLISECONDS), (unsigned long long) value, field);
			}
		}
	}
	print_message("# the longest took %lld ms\n", (long long) (longest / MILLISECONDS));
	/* And it works again. */
	segment.lock_timeout = SECONDS;
	write_at(0, data, 4096);
	assert_reads(&reader, 0, data, 4096);
}

/* Some other process is scribbling while all this goes on. */
static int scribble(void *context)
{
	uint64_t random = 99;

	(void) context;
	while (!atomic_load(&progress->stop)) {
		uint64_t number = next_random(&random);
		size_t at = (number >> 8) % (number % 3 ? 384 : SHMX_HEADER_SIZE);

		((volatile unsigned char *) segment.header)[at] = (unsigned char) number;
		if (number % 64 == 0) {
			sleep_for(50000);
		}
	}
	return 0;
}

static void a_header_that_changes_all_the_time_does_no_harm(void **state)
{
	int64_t until = shmx_clock_monotonic() + stress_time();
	int64_t longest = 0;
	pid_t child;

	(void) state;
	write_at(0, data, 100);
	progress = shared_memory(sizeof(*progress));
	child = start_child(scribble, NULL);
	while (shmx_clock_monotonic() < until) {
		int64_t begun = shmx_clock_monotonic();

		use_everything();
		begun = shmx_clock_monotonic() - begun;
		longest = begun > longest ? begun : longest;
	}
	atomic_store(&progress->stop, 1);
	assert_true(exited_well(reap(child)));
	print_message("# the longest took %lld ms\n", (long long) (longest / MILLISECONDS));
	/* Some milliseconds in truth; this only tells it from no end. */
	assert_true(longest < 10 * SECONDS * slowness());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(a_write_changes_its_range_and_no_other_byte),
		TEST(writing_nothing_changes_nothing),
		TEST(another_kind_is_neither_read_nor_written_nor_repaired),
		TEST(a_read_goes_through_a_journaled_write_under_way),
		TEST(a_dead_large_write_is_told_to_the_byte),
		TEST(a_dead_large_write_holds_up_no_reader_however_little_it_waits),
		TEST(a_reader_that_is_kept_from_the_processor_repairs_all_the_same),
		TEST(writes_clear_what_they_cover),
		TEST(a_full_table_merges_and_loses_nothing),
		TEST(the_table_agrees_with_a_flag_for_each_byte),
		TEST(a_range_being_split_stays_told),
		TEST(a_stopped_writer_of_much_holds_up_only_its_bytes),
		TEST(an_idle_lock_does_not_hold_up_a_reader_that_queued),
		TEST(readers_among_writers_see_whole_values),
		TEST(a_write_described_beyond_the_payload_is_nobodys),
		TEST(torn_ranges_beyond_the_payload_are_cut_off),
		TEST(no_value_in_the_header_does_harm),
		TEST(a_header_that_changes_all_the_time_does_no_harm),
	};

	begin_program(90);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
