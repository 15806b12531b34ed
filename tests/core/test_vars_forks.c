/*
 * Named variables between processes: readers that take no lock while writers replace, remove, move and evict; counters
 * that come out exact; and a killer among the writers.
 *
 * SHMX_FORKS_SECONDS sets how long each of the long tests runs, SHMX_FORKS_COUNTS how high each process counts.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "vars_support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#define STILL 40  /* permanent variables that nobody changes: they are moved, and no more */
#define OWNED 16  /* permanent variables that one writer each replaces */
#define SHAPED 16 /* variables that one writer each removes and stores again */
#define CACHED 500
#define FIRST_OWNED 1000
#define FIRST_SHAPED 2000
#define FIRST_CACHED 3000
#define WRITERS 3
#define READERS 3
#define LARGEST 3000

typedef struct {
	_Atomic int stop;
	_Atomic int wrong; /* a process that saw something it must not says so here */
	char what[200];
	_Atomic uint64_t reads;
	_Atomic uint64_t writes;
	_Atomic uint64_t walks;
	_Atomic uint64_t doubles;     /* walks that met a key twice */
	_Atomic uint64_t undisturbed; /* walks that say that they did not */
	/* By key: the version being stored, and the last whose call returned. */
	_Atomic uint64_t begun[OWNED];
	_Atomic uint64_t done[OWNED];
} shared_state;

static shared_state *shared;
static shmx_segment segment;

static int64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * SECOND + now.tv_nsec;
}

static void wrong(const char *what, uint64_t number, uint64_t a, uint64_t b)
{
	if (atomic_exchange(&shared->wrong, 1) == 0) {
		snprintf(shared->what, sizeof(shared->what), "%s: key %llu, %llu, %llu", what, (unsigned long long) number,
			(unsigned long long) a, (unsigned long long) b);
	}
	atomic_store(&shared->stop, 1);
	_exit(1);
}

static pid_t start(void (*work)(uint64_t), uint64_t number)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(number);
		_exit(0);
	}
	return child;
}

static int set_up(void **state)
{
	(void) state;
	memset(shared, 0, sizeof(*shared));
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	close_segment(&segment);
	return 0;
}

/* --- counting --------------------------------------------------------------------------------- */

static unsigned long counts;

static void count_up(uint64_t number)
{
	shmx_key key = text_key("counter"), mine = text_key("mine");
	int64_t result;

	(void) number;
	for (unsigned long i = 0; i < counts; i++) {
		if (shmx_vars_increment(&segment, &key, 1, 0, &result, NULL) != SHMX_OK) {
			wrong("increment failed", i, 0, 0);
		}
		if (i % 64 == 0 && put_bytes(&segment, &mine, "something that moves the log on", 31, 0) != SHMX_OK) {
			wrong("put failed", i, 0, 0);
		}
	}
}

static void test_counters_are_exact(void **state)
{
	shmx_key key = text_key("counter");
	int64_t result = 0;

	(void) state;
	counts = from_environment("SHMX_FORKS_COUNTS", 100000);
	open_segment(&segment, 10000);
	for (uint64_t i = 0; i < 8; i++) {
		start(count_up, i);
	}
	while (wait(NULL) > 0) {
	}
	assert_string_equal(shared->what, "");
	assert_int_equal(get_int(&segment, &key, &result), SHMX_OK);
	assert_int_equal(result, 8 * counts);
	assert_sound(&segment);
}

/* The same by hand, with compare-and-swap on a string. */
static void swap_up(uint64_t number)
{
	shmx_key key = text_key("swapped");

	(void) number;
	for (unsigned long i = 0; i < counts / 10;) {
		unsigned char bytes[24];
		shmx_value value = { 6, bytes, sizeof(bytes) };
		shmx_found found;
		uint64_t version;
		shmx_status status = shmx_vars_find(&segment, &key, &found);

		if (status != SHMX_OK || found.length != sizeof(bytes)) {
			wrong("missing", 0, status, i);
		}
		memcpy(bytes, found.bytes, sizeof(bytes));
		if (!shmx_vars_still_valid(&segment, &found)) {
			continue;
		}
		if (!is_value(bytes, sizeof(bytes), 7, &version)) {
			wrong("torn", 0, i, 0);
		}
		make_value(bytes, sizeof(bytes), 7, version + 1);
		i += shmx_vars_replace_if(&segment, &key, &found, &value, NULL) == SHMX_OK;
	}
}

static void test_swaps_are_exact(void **state)
{
	shmx_key key = text_key("swapped");
	unsigned char bytes[24];
	size_t length = sizeof(bytes);
	uint64_t version;
	uint8_t type;

	(void) state;
	counts = from_environment("SHMX_FORKS_COUNTS", 100000);
	open_segment(&segment, 3000);
	make_value(bytes, sizeof(bytes), 7, 0);
	put_bytes(&segment, &key, bytes, sizeof(bytes), 0);
	for (uint64_t i = 0; i < 4; i++) {
		start(swap_up, i);
	}
	while (wait(NULL) > 0) {
	}
	assert_string_equal(shared->what, "");
	assert_int_equal(get_copy(&segment, &key, bytes, &length, &type), SHMX_OK);
	assert_true(is_value(bytes, length, 7, &version));
	assert_int_equal(version, 4 * (counts / 10));
	assert_sound(&segment);
}

/* --- churn ------------------------------------------------------------------------------------ */

static void put_version(uint64_t number, size_t length, uint64_t version, int64_t ttl)
{
	unsigned char bytes[LARGEST];
	test_key key;
	shmx_status status;

	make_key(&key, number);
	make_value(bytes, length, number, version);
	status = put_bytes(&segment, &key.key, bytes, length, ttl);
	if (status != SHMX_OK) {
		wrong("put failed", number, status, length);
	}
}

static void write_owned(uint64_t number, uint64_t *random)
{
	uint64_t version = atomic_load(&shared->done[number]) + 1;

	/* After a death the version that was begun may stand. */
	if (version <= atomic_load(&shared->begun[number])) {
		version = atomic_load(&shared->begun[number]) + 1;
	}
	atomic_store(&shared->begun[number], version);
	put_version(FIRST_OWNED + number, 24 + next_number(random) % 200, version, 0);
	atomic_store(&shared->done[number], version);
}

static void write_on(uint64_t writer)
{
	uint64_t random = writer + (uint64_t) nanoseconds();
	uint64_t writes = 0;
	test_key key;

	while (!atomic_load(&shared->stop)) {
		uint64_t number = next_number(&random);

		switch (number >> 32 & 7) {
			case 0:
			case 1:
			case 2:
				write_owned(number % (OWNED / WRITERS) * WRITERS + writer, &random);
				break;
			case 3:
				put_version(FIRST_SHAPED + number % (SHAPED / WRITERS) * WRITERS + writer, 24 + number % 300, 1, 0);
				break;
			case 4:
				make_key(&key, FIRST_SHAPED + number % (SHAPED / WRITERS) * WRITERS + writer);
				shmx_vars_remove(&segment, &key.key);
				break;
			case 5:
				put_version(
					FIRST_CACHED + number % CACHED, 24 + number % LARGEST * (number % 50 == 0) * 9 / 10, 1, 1000);
				break;
			default:
				put_version(FIRST_CACHED + number % CACHED, 24 + number % 100, 1, SHMX_TTL_EVICTABLE);
				break;
		}
		writes++;
	}
	atomic_fetch_add(&shared->writes, writes);
}

/* What a variable must be, as a reader meets it. Returns its version, or 0. */
static uint64_t read_one(shmx_segment *reader, uint64_t number, bool must_be_there)
{
	unsigned char bytes[LARGEST];
	size_t length = sizeof(bytes);
	uint64_t version = 0;
	uint8_t type;
	test_key key;
	shmx_status status;

	make_key(&key, number);
	status = get_copy(reader, &key.key, bytes, &length, &type);
	if (status == SHMX_NOT_FOUND && !must_be_there) {
		return 0;
	}
	if (status != SHMX_OK) {
		wrong("not found", number, status, 0);
	}
	if (length > sizeof(bytes) || !is_value(bytes, length, number, &version)) {
		wrong("torn or another's", number, length, 0);
	}
	return version;
}

/* Every variable that is there all the while is met by a walk. */
static void walk_once(shmx_segment *reader)
{
	static unsigned char name[SHMX_RECORD_MAX_KEY];
	bool met[STILL + OWNED] = { false }, twice = false;
	shmx_vars_cursor cursor = { 0 };
	size_t length;
	shmx_status status;

	while ((status = shmx_vars_next(reader, &cursor, name, &length)) == SHMX_OK) {
		char text[32] = { 0 };
		uint64_t number;

		if (length >= sizeof(text) || length < 5) {
			wrong("no such key", length, 0, 0);
		}
		memcpy(text, name, length);
		number = strtoull(text + 4, NULL, 10);
		if (number >= FIRST_OWNED && number < FIRST_OWNED + OWNED) {
			number += STILL - FIRST_OWNED;
		} else if (number >= STILL) {
			continue;
		}
		twice |= met[number];
		met[number] = true;
	}
	if (twice && !cursor.doubles) {
		wrong("met twice by a walk that does not say so", 0, 0, 0);
	}
	if (twice) {
		atomic_fetch_add(&shared->doubles, 1);
	} else if (!cursor.doubles) {
		atomic_fetch_add(&shared->undisturbed, 1);
	}
	if (status == SHMX_E_TIMEOUT) {
		return;
	}
	if (status != SHMX_NOT_FOUND) {
		wrong("walk", status, 0, 0);
	}
	for (uint64_t i = 0; i < STILL + OWNED; i++) {
		if (!met[i]) {
			wrong("not met by a walk", i, 0, 0);
		}
	}
	atomic_fetch_add(&shared->walks, 1);
}

static void read_on(uint64_t reader_number)
{
	uint64_t random = reader_number + 99;
	uint64_t seen[OWNED] = { 0 };
	uint64_t reads = 0;
	shmx_segment reader = segment;

	if (reader_number % 2 == 1) {
		open_again(&reader, &segment, true);
	}
	while (!atomic_load(&shared->stop)) {
		uint64_t number = next_number(&random);
		uint64_t owned = number % OWNED;
		uint64_t version = read_one(&reader, FIRST_OWNED + owned, true);

		if (version < seen[owned]) {
			wrong("older than before", FIRST_OWNED + owned, seen[owned], version);
		}
		seen[owned] = version;
		read_one(&reader, number % STILL, true);
		read_one(&reader, FIRST_SHAPED + number % SHAPED, false);
		read_one(&reader, FIRST_CACHED + number % CACHED, false);
		read_one(&reader, FIRST_CACHED + number % 20, false);
		reads += 5;
		if (number >> 32 << 32 == 0 || reads % 1000 == 0) {
			walk_once(&reader);
		}
	}
	atomic_fetch_add(&shared->reads, reads);
}

static void fill(size_t size)
{
	open_segment(&segment, size);
	for (uint64_t i = 0; i < STILL; i++) {
		put_version(i, 24 + i * 5, 1, 0);
	}
	for (uint64_t i = 0; i < OWNED; i++) {
		put_version(FIRST_OWNED + i, 100, 0, 0);
	}
}

static void churn(size_t size, int64_t duration)
{
	pid_t children[READERS + WRITERS];
	int count = 0;
	int64_t end = nanoseconds() + duration;

	fill(size);
	for (uint64_t i = 0; i < READERS; i++) {
		children[count++] = start(read_on, i);
	}
	for (uint64_t i = 0; i < WRITERS; i++) {
		children[count++] = start(write_on, i);
	}
	while (nanoseconds() < end && !atomic_load(&shared->stop)) {
		usleep(10000);
	}
	atomic_store(&shared->stop, 1);
	for (int i = 0; i < count; i++) {
		waitpid(children[i], NULL, 0);
	}
	assert_string_equal(shared->what, "");
	assert_sound(&segment);
	print_message("%zu bytes: %llu reads, %llu walks (%llu met a key twice, %llu cannot have), %llu writes\n", size,
		(unsigned long long) shared->reads, (unsigned long long) shared->walks, (unsigned long long) shared->doubles,
		(unsigned long long) shared->undisturbed, (unsigned long long) shared->writes);
}

static void test_churn_in_little_room(void **state)
{
	(void) state;
	churn(64000, (int64_t) from_environment("SHMX_FORKS_SECONDS", 3) * SECOND);
}

static void test_churn_in_much_room(void **state)
{
	(void) state;
	churn(1 << 20, (int64_t) from_environment("SHMX_FORKS_SECONDS", 3) * SECOND);
}

/* --- the storm -------------------------------------------------------------------------------- */

static void check_owned(void)
{
	for (uint64_t i = 0; i < OWNED; i++) {
		uint64_t version = read_one(&segment, FIRST_OWNED + i, true);

		if (version != atomic_load(&shared->done[i]) && version != atomic_load(&shared->begun[i])) {
			wrong("neither old nor new", FIRST_OWNED + i, atomic_load(&shared->begun[i]), version);
		}
	}
	for (uint64_t i = 0; i < STILL; i++) {
		read_one(&segment, i, true);
	}
}

static void test_storm(void **state)
{
	pid_t writers[WRITERS], readers[2];
	uint64_t random = 5, kills = 0;
	int64_t end = nanoseconds() + (int64_t) from_environment("SHMX_FORKS_SECONDS", 3) * SECOND;

	(void) state;
	fill(64000);
	readers[0] = start(read_on, 0);
	readers[1] = start(read_on, 1);
	for (uint64_t i = 0; i < WRITERS; i++) {
		writers[i] = start(write_on, i);
	}
	while (nanoseconds() < end && !atomic_load(&shared->stop)) {
		uint64_t victim = next_number(&random) % WRITERS;

		usleep((useconds_t) (next_number(&random) % 4000));
		kill(writers[victim], SIGKILL);
		waitpid(writers[victim], NULL, 0);
		kills++;
		if (kills % 50 == 0) {
			assert_sound(&segment);
		}
		writers[victim] = start(write_on, victim);
	}
	atomic_store(&shared->stop, 1);
	for (int i = 0; i < WRITERS; i++) {
		waitpid(writers[i], NULL, 0);
	}
	waitpid(readers[0], NULL, 0);
	waitpid(readers[1], NULL, 0);
	assert_string_equal(shared->what, "");
	assert_sound(&segment);
	check_owned();
	print_message("%llu kills, %llu recoveries, %llu reads\n", (unsigned long long) kills,
		(unsigned long long) atomic_load(&segment.header->counters.recoveries), (unsigned long long) shared->reads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counters_are_exact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_swaps_are_exact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_churn_in_little_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_churn_in_much_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_storm, set_up, tear_down),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? 1 : cmocka_run_group_tests_name("variables between processes", tests, NULL, NULL);
}
