/*
 * The queue in memory that somebody scribbles over: any answer will do, but each call comes back, and soon, and touches
 * nothing outside the segment. Meant for ASan.
 */
#include "queue_support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>

#define SIZE 4096 /* to the end of a page: what lies behind is nobody's */
#define CALLS_A_ROUND 12

static shmx_segment segment;

/* Values that checks are about. */
static uint64_t nasty(uint64_t *random)
{
	static const uint64_t values[] = { 0, 1, 7, 8, 32, 4064, 4088, 4095, 4096, 8192, 12288, UINT32_MAX, UINT64_MAX,
		UINT64_MAX - 7, INT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 48, (UINT64_C(1) << 47) - 1 };
	uint64_t number = next_random(random);

	return number % 3 == 0 ? number >> (number % 61) : values[number % (sizeof(values) / sizeof(values[0]))];
}

static void scribble(uint64_t *random)
{
	unsigned char *root = (unsigned char *) root_of(&segment);
	uint64_t value = nasty(random);
	uint64_t choice = next_random(random);

	switch (choice % 5) {
		case 0: /* a word of the root */
			memcpy(root + (choice >> 8) % (sizeof(shmx_queue_root) / 8) * 8, &value, 8);
			break;
		case 1: /* one that decides where things stand */
			((_Atomic uint64_t *[]){ &root_of(&segment)->log.tail, &root_of(&segment)->log.head,
				&root_of(&segment)->log.lap_end })[(choice >> 8) % 3][0] = value;
			break;
		case 2: /* the same, but near to what is right */
			((_Atomic uint64_t *[]){ &root_of(&segment)->log.tail, &root_of(&segment)->log.head,
				&root_of(&segment)->log.lap_end })[(choice >> 8) % 3][0] += (choice >> 16) % 64 - 32;
			break;
		case 3: /* a word of a record */
			memcpy(segment.payload + (choice >> 8) % (SIZE / 8) * 8, &value, 8);
			break;
		default: /* any byte */
			root[(choice >> 8) % sizeof(shmx_queue_root)] = (unsigned char) (choice >> 40);
			break;
	}
}

static bool is_an_answer(shmx_status status)
{
	return status == SHMX_OK || status == SHMX_E_FULL || status == SHMX_NO_MESSAGE || status == SHMX_E_DAMAGED
		|| status == SHMX_E_TOO_LARGE || status == SHMX_E_KIND;
}

static void call_something(uint64_t *random)
{
	static unsigned char bytes[SIZE];
	unsigned char small[64];
	shmx_message message = { .bytes = small, .capacity = sizeof(small) };
	shmx_queue_figures figures;
	const char *broken;
	uint64_t pending, choice = next_random(random);
	/* A short wait now and then: the words about sleepers are scribbled over as well. */
	int64_t timeout = choice >> 8 & 63 ? 0 : 20000;

	switch (choice % 6) {
		case 0:
		case 1:
			assert_true(is_an_answer(
				shmx_queue_send(&segment, 6, bytes, (choice >> 16) % (choice & 64 ? 100 : SIZE), timeout, NULL)));
			break;
		case 2:
		case 3: {
			shmx_status status = shmx_queue_receive(&segment, &message, timeout);

			assert_true(is_an_answer(status));
			if (status == SHMX_OK) {
				assert_true(message.length <= message.capacity && message.length <= SIZE);
				/* All of it is there to be read. */
				for (size_t i = 0; i < message.length; i++) {
					bytes[0] ^= message.bytes[i];
				}
			}
			shmx_message_free(&message);
			break;
		}
		case 4:
			assert_true(is_an_answer(shmx_queue_info(&segment, &figures)));
			assert_true(is_an_answer(shmx_queue_pending(&segment, &pending)));
			break;
		default:
			assert_true(is_an_answer(shmx_queue_check(&segment, &broken)));
			assert_int_equal(shmx_guard_take(&segment, SECONDS), SHMX_OK);
			shmx_queue_recover(&segment);
			shmx_guard_release(&segment);
			break;
	}
}

static void begin_again(void)
{
	struct sembuf drain;

	for (unsigned short member = SHMX_SEM_FILLED; member <= SHMX_SEM_DRAINED; member++) {
		int value = shmx_guard_find_semaphores(&segment) ? semctl(segment.semaphores, member, GETVAL) : 0;

		drain = (struct sembuf){ member, (short) -value, IPC_NOWAIT };
		if (value > 0) {
			semop(segment.semaphores, &drain, 1);
		}
	}
	memset(root_of(&segment), 0, sizeof(shmx_queue_root));
	atomic_store(&segment.header->write.kind, SHMX_KIND_BLANK);
}

static void every_call_comes_back(void **state)
{
	uint64_t random = number_from("SHMX_SEED", 1), rounds = number_from("SHMX_ROUNDS", 20000);
	unsigned int late = 0;

	(void) state;
	create_segment(&segment, SIZE);
	for (uint64_t round = 0; round < rounds; round++) {
		begin_again();
		for (int i = 0; i < CALLS_A_ROUND; i++) {
			int64_t begun = shmx_clock_monotonic();

			if (i > 2 && next_random(&random) % 2 == 0) {
				scribble(&random);
			}
			call_something(&random);
			late += shmx_clock_monotonic() - begun >= LONGEST_STALL;
		}
	}
	destroy_segment(&segment);
	assert_true(late <= LATE_BY_CHANCE);
}

static int scribble_for_ever(void *context)
{
	uint64_t random = 99;

	while (context != NULL) {
		scribble(&random);
	}
	return 1;
}

/* What is checked must be what is used: it changes in between. */
static void memory_that_changes_under_the_calls(void **state)
{
	uint64_t random = 5;
	int64_t begun = shmx_clock_monotonic();
	pid_t child;

	(void) state;
	create_segment(&segment, SIZE);
	child = start_child(scribble_for_ever, &segment);
	while (shmx_clock_monotonic() - begun < SECONDS) {
		begin_again();
		for (int i = 0; i < 100; i++) {
			call_something(&random);
		}
	}
	kill_child(child);
	destroy_segment(&segment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_comes_back),
		cmocka_unit_test(memory_that_changes_under_the_calls),
	};

	begin_program(120);
	return cmocka_run_group_tests_name("the queue, scribbled over", tests, NULL, NULL);
}
