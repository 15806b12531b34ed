/*
 * See vars_support.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vars_support.h"

#include <sys/sem.h>

#include "shmx_racing.h"

static int semaphore_sets[64];
static int semaphore_set_count;
static pid_t owner;

static void remove_semaphore_sets(void)
{
	if (getpid() == owner) {
		for (int i = 0; i < semaphore_set_count; i++) {
			semctl(semaphore_sets[i], 0, IPC_RMID);
		}
	}
}

void open_segment(shmx_segment *segment, size_t size)
{
	shmx_open_options options = {
		.key = IPC_PRIVATE,
		.mode = 'n',
		.permissions = 0600,
		.size = size,
		.tokens = 63,
		.lock_timeout = 10 * SECOND,
		.recover = shmx_vars_recover,
	};

	if (owner == 0) {
		owner = getpid();
		atexit(remove_semaphore_sets);
		shmx_guard_watch_forks();
	}
	assert_int_equal(shmx_segment_open(segment, &options), SHMX_OK);
	shmctl(segment->id, IPC_RMID, NULL);
	assert_true(shmx_guard_find_semaphores(segment));
	if (semaphore_set_count < 64) {
		semaphore_sets[semaphore_set_count++] = segment->semaphores;
	}
}

void close_segment(shmx_segment *segment)
{
	int semaphores = segment->semaphores;

	shmx_segment_close(segment);
	for (int i = 0; i < semaphore_set_count; i++) {
		if (semaphore_sets[i] == semaphores) {
			semctl(semaphores, 0, IPC_RMID);
			semaphore_sets[i] = semaphore_sets[--semaphore_set_count];
			return;
		}
	}
}

void open_again(shmx_segment *segment, const shmx_segment *other, bool read_only)
{
	*segment = *other;
	segment->header = shmat(other->id, NULL, read_only ? SHM_RDONLY : 0);
	assert_ptr_not_equal(segment->header, (void *) -1);
	segment->payload = (unsigned char *) segment->header + SHMX_HEADER_SIZE;
	segment->read_only = read_only;
	segment->token = 0;
	segment->depth = 0;
	segment->next_claimed = NULL;
	segment->claimed_link = NULL;
}

uint64_t next_number(uint64_t *state)
{
	uint64_t number = (*state += UINT64_C(0x9e3779b97f4a7c15));

	number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
	return number ^ (number >> 31);
}

uint64_t php_hash(const void *bytes, size_t length)
{
	uint64_t hash = 5381;

	for (size_t i = 0; i < length; i++) {
		hash = hash * 33 + ((const unsigned char *) bytes)[i];
	}
	return hash | UINT64_C(0x8000000000000000);
}

void make_key(test_key *key, uint64_t number)
{
	int length = snprintf(key->text, sizeof(key->text), "key:%llu", (unsigned long long) number);

	key->key = (shmx_key){ key->text, (size_t) length, php_hash(key->text, (size_t) length) };
}

shmx_key text_key(const char *text)
{
	return (shmx_key){ text, strlen(text), php_hash(text, strlen(text)) };
}

static uint64_t sum_over(const unsigned char *bytes, size_t length)
{
	uint64_t sum = length;

	for (size_t i = 0; i < length; i++) {
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	}
	return sum;
}

void make_value(unsigned char *bytes, size_t length, uint64_t number, uint64_t version)
{
	uint64_t sum;

	for (size_t i = 16; i < length - 8; i++) {
		bytes[i] = (unsigned char) (number * 31 + version * 7 + i);
	}
	memcpy(bytes, &number, 8);
	memcpy(bytes + 8, &version, 8);
	sum = sum_over(bytes, length - 8);
	memcpy(bytes + length - 8, &sum, 8);
}

bool is_value(const unsigned char *bytes, size_t length, uint64_t number, uint64_t *version)
{
	uint64_t sum, stored;

	if (length < 24) {
		return false;
	}
	sum = sum_over(bytes, length - 8);
	memcpy(version, bytes + 8, 8);
	memcpy(&stored, bytes + length - 8, 8);
	return stored == sum && memcmp(bytes, &number, 8) == 0;
}

shmx_status get_copy(shmx_segment *segment, const shmx_key *key, unsigned char *bytes, size_t *length, uint8_t *type)
{
	shmx_found found;
	size_t room = *length;

	for (;;) {
		shmx_status status = shmx_vars_find(segment, key, &found);

		if (status != SHMX_OK) {
			return status;
		}
		*length = found.length;
		*type = found.type;
		if (found.type == SHMX_VALUE_INT || found.type == SHMX_VALUE_FLOAT) {
			memcpy(bytes, &found.number, 8);
		} else if (found.length > 0) {
			shmx_racing_copy(bytes, found.bytes, found.length < room ? found.length : room);
		}
		if (shmx_vars_still_valid(segment, &found)) {
			return SHMX_OK;
		}
	}
}

shmx_status get_int(shmx_segment *segment, const shmx_key *key, int64_t *value)
{
	shmx_found found;
	shmx_status status = shmx_vars_find(segment, key, &found);

	if (status == SHMX_OK) {
		*value = found.type == SHMX_VALUE_INT ? (int64_t) found.number : found.type;
	}
	return status;
}

shmx_status put_bytes(shmx_segment *segment, const shmx_key *key, const void *bytes, size_t length, int64_t ttl)
{
	shmx_value value = { 6, bytes, length };

	return shmx_vars_put(segment, key, &value, ttl, false, NULL);
}

shmx_status put_int(shmx_segment *segment, const shmx_key *key, int64_t number, int64_t ttl)
{
	shmx_value value = { SHMX_VALUE_INT, &number, sizeof(number) };

	return shmx_vars_put(segment, key, &value, ttl, false, NULL);
}

void assert_sound_at(shmx_segment *segment, const char *file, int line)
{
	const char *broken;
	shmx_status status = shmx_vars_check(segment, &broken);

	if (status != SHMX_OK) {
		print_error("status %d, broken: %s\n", (int) status, broken == NULL ? "nothing" : broken);
		_fail(file, line);
	}
}

static int64_t standing_at;
static int64_t (*real_clock)(void);

static int64_t standing_clock(void)
{
	return standing_at;
}

void set_clock(int64_t nanoseconds)
{
	if (real_clock == NULL) {
		real_clock = shmx_vars_clock;
	}
	standing_at = nanoseconds;
	shmx_vars_clock = nanoseconds == 0 ? real_clock : standing_clock;
}

unsigned long from_environment(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoul(text, NULL, 10);
}
