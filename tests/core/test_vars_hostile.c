/*
 * Named variables in memory that somebody scribbles over: every call returns, with a status, and reads nothing outside
 * the segment. Worth most under AddressSanitizer.
 *
 * SHMX_HOSTILE_ROUNDS sets how many scribbled images are tried, SHMX_HOSTILE_SECONDS how long a scribbler runs beside.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fake_segment.h"
#include "vars_support.h"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

static uint64_t random_state;

static uint64_t below(uint64_t bound)
{
	return bound == 0 ? 0 : next_number(&random_state) % bound;
}

static void expect_status(shmx_status status)
{
	switch (status) {
		case SHMX_OK:
		case SHMX_NOT_FOUND:
		case SHMX_E_FULL:
		case SHMX_E_TOO_LARGE:
		case SHMX_E_DAMAGED:
		case SHMX_E_KIND:
		case SHMX_E_TYPE:
		case SHMX_E_TIMEOUT:
			break;
		default:
			print_error("status %d\n", (int) status);
			fail();
	}
}

/* Touches every byte that a find says is the value's. */
static void read_value(shmx_segment *segment, const shmx_key *key, shmx_found *found)
{
	volatile unsigned char sum = 0;
	shmx_status status = shmx_vars_find(segment, key, found);

	expect_status(status);
	if (status != SHMX_OK) {
		return;
	}
	assert_true(found->bytes >= segment->payload);
	assert_true(found->length <= (size_t) (segment->payload + segment->payload_size - found->bytes));
	for (size_t i = 0; i < found->length; i++) {
		sum = (unsigned char) (sum + found->bytes[i]);
	}
	shmx_vars_still_valid(segment, found);
}

static void walk(shmx_segment *segment)
{
	static unsigned char name[SHMX_RECORD_MAX_KEY];
	shmx_vars_cursor cursor = { 0 };
	size_t length;
	shmx_status status;
	int steps = 0;

	do {
		status = shmx_vars_next(segment, &cursor, name, &length);
		expect_status(status);
		assert_true(status != SHMX_OK || length <= sizeof(name));
	} while (status == SHMX_OK && ++steps < 1000000);
}

static void make_a_call(shmx_segment *segment)
{
	static unsigned char bytes[3000];
	static const int64_t ttls[] = { 0, 0, 10, SHMX_TTL_EVICTABLE };
	shmx_value value = { 6, bytes, below(8) ? below(100) : below(sizeof(bytes)) };
	int64_t ttl = ttls[below(4)];
	int64_t number = (int64_t) below(1000);
	shmx_found found = { 0 };
	shmx_vars_figures figures;
	const char *broken;
	test_key key;

	if (below(3) == 0) {
		value = (shmx_value){ SHMX_VALUE_INT, &number, 8 };
	}
	make_key(&key, below(60));
	switch (below(16)) {
		case 0:
		case 1:
		case 2:
		case 3:
			expect_status(shmx_vars_put(segment, &key.key, &value, ttl, below(4) == 0, NULL));
			break;
		case 4:
			expect_status(shmx_vars_increment(segment, &key.key, 1, ttl, &number, NULL));
			break;
		case 5:
			expect_status(shmx_vars_remove(segment, &key.key));
			break;
		case 6:
			read_value(segment, &key.key, &found);
			expect_status(shmx_vars_replace_if(segment, &key.key, &found, &value, NULL));
			break;
		case 7:
			walk(segment);
			break;
		case 8:
			expect_status(shmx_vars_check(segment, &broken));
			break;
		case 9:
			expect_status(shmx_vars_info(segment, &figures));
			break;
		case 10:
			if (segment->depth > 0) {
				shmx_vars_recover(segment);
			}
			break;
		case 11:
			if (below(20) == 0) {
				expect_status(shmx_vars_clear(segment));
			}
			break;
		default:
			read_value(segment, &key.key, &found);
			break;
	}
}

/* One word or a few bytes somewhere, often where it matters most; often a value that nearly fits. */
static void scribble(shmx_segment *segment)
{
	shmx_vars_root *root = (shmx_vars_root *) (void *) segment->header->root;
	unsigned char *place;
	uint64_t word;

	switch (below(6)) {
		case 0:
			place = segment->header->root + below(SHMX_ROOT_SIZE / 8) * 8;
			break;
		case 1:
			place = (unsigned char *) &root->log + (below(2) ? 0 : 128 + below(2) * 8);
			break;
		case 2:
			place = (unsigned char *) &root->intent + below(sizeof(root->intent) / 8) * 8;
			break;
		case 3:
			place = segment->payload + below(segment->payload_size / 8 / 8) * 8;
			break;
		default:
			place = segment->payload + below(segment->payload_size / 8) * 8;
			break;
	}
	switch (below(5)) {
		case 0:
			word = next_number(&random_state);
			break;
		case 1:
			word = below(10);
			break;
		case 2:
			word = atomic_load(&root->log.head) + below(4096) - 2048;
			break;
		case 3:
			memcpy(&word, segment->payload + below(segment->payload_size / 8) * 8, 8);
			break;
		default:
			memcpy(&word, place, 8);
			word ^= UINT64_C(1) << below(64);
			break;
	}
	memcpy(place, &word, 8);
}

static void use_and_scribble(size_t payload, unsigned long rounds)
{
	shmx_segment segment;
	test_key key;

	make_fake_segment(&segment, payload);
	for (unsigned long round = 0; round < rounds; round++) {
		uint64_t strokes = 1 + below(below(4) ? 3 : 40);

		for (int i = 0; i < 60; i++) {
			make_a_call(&segment);
		}
		for (uint64_t i = 0; i < strokes; i++) {
			scribble(&segment);
		}
		for (int i = 0; i < 60; i++) {
			make_a_call(&segment);
			if (below(10) == 0) {
				scribble(&segment);
			}
		}
		/* Clearing makes it good again, whatever happened. A scribbler is told so only if a writer met the damage. */
		atomic_store(&((shmx_vars_root *) (void *) segment.header->root)->damaged, 1);
		atomic_store(&segment.header->write.kind, SHMX_KIND_VARIABLES);
		assert_int_equal(shmx_vars_clear(&segment), SHMX_OK);
		assert_sound(&segment);
		make_key(&key, 1);
		expect_status(put_int(&segment, &key.key, 1, 0));
		assert_sound(&segment);
	}
	free(segment.header);
}

static void test_scribbled_images(void **state)
{
	unsigned long rounds = from_environment("SHMX_HOSTILE_ROUNDS", 4000);

	(void) state;
	random_state = from_environment("SHMX_HOSTILE_SEED", 1);
	alarm((unsigned int) (60 + rounds / 100));
	use_and_scribble(600, rounds);
	use_and_scribble(3000, rounds);
	use_and_scribble(20000, rounds);
	use_and_scribble(200000, rounds / 20);
	alarm(0);
}

/* Noise instead of an image. */
static void test_random_memory(void **state)
{
	unsigned long rounds = from_environment("SHMX_HOSTILE_ROUNDS", 4000) / 4;

	(void) state;
	random_state = from_environment("SHMX_HOSTILE_SEED", 1) + 1000;
	alarm((unsigned int) (60 + rounds / 100));
	for (unsigned long round = 0; round < rounds; round++) {
		shmx_segment segment;

		make_fake_segment(&segment, 64 + below(5000));
		for (size_t i = 0; i + 8 <= segment.payload_size; i += 8) {
			uint64_t word = below(3) ? below(10000) : next_number(&random_state);

			memcpy(segment.payload + i, &word, 8);
		}
		for (size_t i = 0; i < SHMX_ROOT_SIZE; i += 8) {
			uint64_t word = below(3) ? below(10000) & ~UINT64_C(7) : next_number(&random_state);

			memcpy(segment.header->root + i, &word, 8);
		}
		atomic_store(&segment.header->write.kind, SHMX_KIND_VARIABLES);
		for (int i = 0; i < 40; i++) {
			make_a_call(&segment);
		}
		free(segment.header);
	}
	alarm(0);
}

static void scribble_on(shmx_segment *segment)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		scribble(segment);
		for (volatile int i = 0; i < 300; i++) {
		}
	}
}

/* The memory changes while the calls run. */
static void test_a_scribbler_beside(void **state)
{
	shmx_segment segment;
	time_t end = time(NULL) + (time_t) from_environment("SHMX_HOSTILE_SECONDS", 3);
	pid_t child;

	(void) state;
	random_state = from_environment("SHMX_HOSTILE_SEED", 1) + 2000;
	open_segment(&segment, 20000);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		scribble_on(&segment);
	}
	alarm(120);
	while (time(NULL) < end) {
		for (int i = 0; i < 1000; i++) {
			make_a_call(&segment);
		}
		expect_status(shmx_vars_clear(&segment));
	}
	alarm(0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close_segment(&segment);
}

/* Fills the log with records of no key, each linked to the one before it. Returns how many. */
static uint64_t fill_with_one_chain(shmx_segment *segment, uint64_t first)
{
	const uint64_t index = segment->payload_size / SHMX_VARS_BYTES_PER_GROUP * sizeof(shmx_vars_group);
	const uint64_t count = (segment->payload_size - index) / sizeof(shmx_record) - 1;
	shmx_vars_root *root = (shmx_vars_root *) (void *) segment->header->root;
	shmx_record *records = (shmx_record *) (void *) (segment->payload + index);

	for (uint64_t i = 0; i < count; i++) {
		atomic_store(&records[i].link, i == 0 ? 0 : first + (i - 1) * sizeof(shmx_record));
		atomic_store(&records[i].name, UINT64_C(1) << 32 | 77);
		atomic_store(&records[i].form, 1);
	}
	atomic_store(&root->log.head, first + count * sizeof(shmx_record));
	return count;
}

/* A chain as long as the log, whose bucket changes during every walk, holds a look-up up for a few walks and no more. */
static void test_a_long_chain_that_changes(void **state)
{
	shmx_segment segment;
	test_key key;
	shmx_found found;
	_Atomic uint64_t *bucket;
	uint64_t first, count;
	int64_t one_walk;
	int late = 0;
	pid_t child;

	(void) state;
	open_segment(&segment, 16u << 20);
	segment.lock_timeout = 20000000;
	make_key(&key, 1);
	assert_int_equal(put_int(&segment, &key.key, 1, 0), SHMX_OK);
	for (bucket = (_Atomic uint64_t *) (void *) segment.payload; atomic_load(bucket) == 0; bucket++) {
	}
	first = atomic_load(bucket);
	count = fill_with_one_chain(&segment, first);
	atomic_store(bucket, first + (count - 1) * sizeof(shmx_record));
	one_walk = shmx_clock_monotonic();
	assert_int_equal(shmx_vars_find(&segment, &key.key, &found), SHMX_NOT_FOUND);
	one_walk = shmx_clock_monotonic() - one_walk;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (uint64_t i = 1;; i = i % 1000 + 1) {
			atomic_store(bucket, first + (count - 1 - i) * sizeof(shmx_record));
		}
	}
	alarm(300);
	while (atomic_load(bucket) == first + (count - 1) * sizeof(shmx_record)) {
	}
	for (int i = 0; i < 5; i++) {
		int64_t begun = shmx_clock_monotonic();

		expect_status(shmx_vars_find(&segment, &key.key, &found));
		/* As long as the lock may be waited for, and some walks: more than one, where others take the processor. */
		late += shmx_clock_monotonic() - begun >= segment.lock_timeout + 10 * one_walk + 250000000;
	}
	/* Whom the machine gives no processor is late by chance, and not three times. */
	assert_true(late < 3);
	alarm(0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close_segment(&segment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scribbled_images),
		cmocka_unit_test(test_random_memory),
		cmocka_unit_test(test_a_scribbler_beside),
		cmocka_unit_test(test_a_long_chain_that_changes),
	};

	return cmocka_run_group_tests_name("variables in hostile memory", tests, NULL, NULL);
}
