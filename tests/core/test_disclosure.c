/*
 * Nothing of a process's own memory gets into a segment but what the process stores there: before each call the stack
 * below it is filled with bytes that nothing else has, and afterwards they are looked for in the whole segment. First as
 * calls should find it, then with each word of the header damaged.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_segment.h"
#include "shmx_bytes.h"
#include "shmx_queue.h"
#include "shmx_vars.h"

/* More than any call uses. */
#define STACK 16384
#define CANARY 0xc5
/* So much of it together is no accident: bytes. */
#define FOUND 4
#define SIZE 20000

static unsigned char stored[6000];

static __attribute__((noinline)) void dirty_the_stack(void)
{
	volatile unsigned char below[STACK];

	memset((void *) below, CANARY, sizeof(below));
	__asm__ volatile("" : : "r"(below) : "memory");
}

static bool canary_is_in(const void *memory, size_t size)
{
	static const unsigned char canary[FOUND] = { CANARY, CANARY, CANARY, CANARY };

	return memmem(memory, size, canary, sizeof(canary)) != NULL;
}

/* With something behind the call: as a jump it would run where this function's own variables were. */
#define DIRTY(call) \
	do { \
		dirty_the_stack(); \
		(void) (call); \
		__asm__ volatile("" : : : "memory"); \
	} while (0)

static shmx_key number_key(char *text, int number)
{
	size_t length = (size_t) sprintf(text, "key %d", number);

	return (shmx_key){ text, length, (uint64_t) number * 31 };
}

static void use_variables(shmx_segment *segment, int rounds)
{
	static const int64_t ttls[] = { 0, SHMX_TTL_EVICTABLE, 10 };

	for (int i = 0; i < rounds; i++) {
		char text[32];
		shmx_key key = number_key(text, i % 40);
		shmx_value value = { 6, stored, (size_t) (i * 37) % 700 };
		shmx_value number = { SHMX_VALUE_INT, &(int64_t){ i }, 8 };
		shmx_found found = { 0 };
		shmx_room room;
		int64_t sum;

		DIRTY(shmx_vars_put(segment, &key, i % 5 ? &value : &number, ttls[i % 3], i % 7 == 0, &room));
		DIRTY(shmx_vars_increment(segment, &key, 1, 0, &sum, &room));
		DIRTY(shmx_vars_find(segment, &key, &found));
		if (found.type != 0) {
			DIRTY(shmx_vars_replace_if(segment, &key, &found, &value, &room));
		}
		if (i % 4 == 0) {
			DIRTY(shmx_vars_remove(segment, &key));
		}
	}
	DIRTY(shmx_guard_take(segment, 0));
	DIRTY(shmx_vars_recover(segment));
	DIRTY(shmx_guard_release(segment));
	DIRTY(shmx_vars_clear(segment));
}

static void use_queue(shmx_segment *segment, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		unsigned char small[1024];
		shmx_message message = { .bytes = small, .capacity = sizeof(small) };
		shmx_queue_room room;

		DIRTY(shmx_queue_send(segment, 6, stored, (size_t) (i * 37) % 700, 0, &room));
		DIRTY(shmx_queue_send(segment, 6, stored, (size_t) i % 9, 0, &room));
		DIRTY(shmx_queue_receive(segment, &message, 0));
		shmx_message_free(&message);
	}
	DIRTY(shmx_guard_take(segment, 0));
	DIRTY(shmx_queue_recover(segment));
	DIRTY(shmx_guard_release(segment));
}

static void use_bytes(shmx_segment *segment, int rounds)
{
	static unsigned char read[100];

	for (int i = 0; i < rounds; i++) {
		shmx_torn torn;

		DIRTY(shmx_bytes_write(segment, (uint64_t) (i * 97) % (SIZE - 6000), stored, (size_t) (i * 211) % 6000));
		DIRTY(shmx_bytes_read(segment, (uint64_t) (i * 97) % (SIZE - 100), read, sizeof(read), &torn));
	}
	DIRTY(shmx_guard_take(segment, 0));
	DIRTY(shmx_bytes_recover(segment));
	DIRTY(shmx_guard_release(segment));
}

typedef void (*user)(shmx_segment *segment, int rounds);
static const user users[] = { use_variables, use_queue, use_bytes };
#define USERS (sizeof(users) / sizeof(users[0]))

static void calls_on_a_good_segment_store_nothing_else(void **state)
{
	(void) state;
	for (size_t i = 0; i < USERS; i++) {
		shmx_open_options options = options_for(unused_key(), 'n', SIZE);
		shmx_segment segment = { 0 };

		dirty_the_stack();
		assert_int_equal(shmx_segment_open(&segment, &options), SHMX_OK);
		users[i](&segment, 1000);
		assert_false(canary_is_in(segment.header, SHMX_HEADER_SIZE + SIZE));
		destroy_segment(&segment);
	}
}

static void calls_on_a_damaged_segment_store_nothing_else(void **state)
{
	static const uint64_t values[] = { 0, 1, 7, 4096, UINT64_C(0xffffffff), UINT64_MAX, UINT64_MAX - 7 };
	static unsigned char good[SHMX_HEADER_SIZE + SIZE];
	size_t damaged = 0;

	(void) state;
	for (size_t i = 0; i < USERS; i++) {
		shmx_segment segment;

		make_fake_segment(&segment, SIZE);
		users[i](&segment, 100);
		memcpy(good, (void *) segment.header, sizeof(good));
		for (size_t word = 64; word < offsetof(shmx_header, root) + SHMX_ROOT_SIZE; word += 8) {
			for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
				memcpy((unsigned char *) segment.header + word, &values[j], 8);
				users[i](&segment, 3);
				if (canary_is_in(segment.header, sizeof(good))) {
					fail_msg("kind %zu, with %llx at %zu", i, (unsigned long long) values[j], word);
				}
				memcpy((void *) segment.header, good, sizeof(good));
				damaged++;
			}
		}
		free(segment.header);
	}
	print_message("# %zu times damaged\n", damaged);
}

/* So that a test that cannot find anything is noticed. */
static void what_is_stored_of_the_stack_would_be_found(void **state)
{
	unsigned char of_the_stack[100];
	shmx_segment segment;

	(void) state;
	make_fake_segment(&segment, SIZE);
	memset(of_the_stack, CANARY, sizeof(of_the_stack));
	assert_int_equal(shmx_bytes_write(&segment, 5, of_the_stack, FOUND), SHMX_OK);
	assert_true(canary_is_in(segment.header, SHMX_HEADER_SIZE + SIZE));
	free(segment.header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_stored_of_the_stack_would_be_found),
		cmocka_unit_test(calls_on_a_good_segment_store_nothing_else),
		cmocka_unit_test(calls_on_a_damaged_segment_store_nothing_else),
	};

	begin_program(120);
	memset(stored, 'x', sizeof(stored));
	return cmocka_run_group_tests_name("nothing of the process's own", tests, NULL, NULL);
}
