/*
 * See queue_support.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "queue_support.h"

#include <string.h>
#include <sys/sem.h>

#define LARGEST 65536

static void make_bytes(unsigned char *bytes, size_t length, uint64_t number)
{
	memcpy(bytes, &number, SMALLEST_MESSAGE);
	fill_pattern(bytes + SMALLEST_MESSAGE, length - SMALLEST_MESSAGE, (uint32_t) number);
}

shmx_status send_number(shmx_segment *segment, uint64_t number, size_t length, int64_t timeout)
{
	unsigned char bytes[LARGEST];

	make_bytes(bytes, length, number);
	return shmx_queue_send(segment, (uint8_t) (1 + number % 200), bytes, length, timeout, NULL);
}

shmx_status receive_any(shmx_segment *segment, uint64_t *number, size_t *length, int64_t timeout)
{
	unsigned char small[64], expected[LARGEST];
	shmx_message message = { .bytes = small, .capacity = sizeof(small) };
	shmx_status status = shmx_queue_receive(segment, &message, timeout);

	*number = 0;
	if (status == SHMX_OK && message.length >= SMALLEST_MESSAGE && message.length <= LARGEST) {
		uint64_t claimed;

		memcpy(&claimed, message.bytes, SMALLEST_MESSAGE);
		make_bytes(expected, message.length, claimed);
		if (memcmp(message.bytes, expected, message.length) == 0 && message.type == 1 + claimed % 200) {
			*number = claimed;
		}
		if (length != NULL) {
			*length = message.length;
		}
	}
	shmx_message_free(&message);
	return status;
}

shmx_status receive_number(shmx_segment *segment, uint64_t *number, size_t *length, int64_t timeout)
{
	shmx_status status = receive_any(segment, number, length, timeout);

	if (status == SHMX_OK) {
		assert_true(*number != 0);
	}
	return status;
}

uint64_t fill(shmx_segment *segment, uint64_t first, size_t length)
{
	uint64_t count = 0;
	shmx_status status;

	while ((status = send_number(segment, first + count, length, 0)) == SHMX_OK) {
		count++;
	}
	assert_int_equal(status, SHMX_E_FULL);
	return count;
}

int count_sleepers(shmx_segment *segment, int member)
{
	assert_true(shmx_guard_find_semaphores(segment));
	return semctl(segment->semaphores, member, GETNCNT);
}

void await_sleepers(shmx_segment *segment, int member, int count)
{
	int64_t begun = shmx_clock_monotonic();

	while (count_sleepers(segment, member) != count) {
		assert_true(shmx_clock_monotonic() - begun < PATIENCE);
		sleep_for(100000);
	}
}

void assert_sound_queue_at(shmx_segment *segment, const char *file, int line)
{
	const char *broken;
	shmx_status status = shmx_queue_check(segment, &broken);

	if (status != SHMX_OK) {
		print_error("status %d, broken: %s\n", (int) status, broken == NULL ? "nothing" : broken);
		_fail(file, line);
	}
}

shmx_queue_root *root_of(const shmx_segment *segment)
{
	return (shmx_queue_root *) (void *) segment->header->root;
}
