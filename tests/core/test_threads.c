/*
 * shmx-flavour: release asan tsan
 *
 * Threads instead of processes, each with a handle of its own, so that a race detector can watch: as ZTS PHP does it.
 *
 * What readers without a lock do to bytes that may be changing is excused where it is done, in shmx_racing.h, and nothing
 * else is. Excused reads would hide that what they lead to was never released, so the tests at the end watch those, too,
 * over memory that is written once.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "queue_support.h"
#include "vars_support.h"

#include <pthread.h>

#include "shmx_bytes.h"
#include "shmx_racing.h"

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

/* Relaxed, as all that the threads share but what is tested: an order of the test's own would hide one that is missing. */
static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static bool goes_on(void)
{
	return !atomic_load_explicit(&stop, memory_order_relaxed);
}

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

/* All have ended when a test fails: what fails may take the segment away. The first result that is not NULL. */
static void *join_all(const pthread_t *threads, int total)
{
	void *first = NULL;

	for (int i = 0; i < total; i++) {
		void *result;

		pthread_join(threads[i], &result);
		first = first != NULL ? first : result;
	}
	return first;
}

static void *write_uniform(void *context)
{
	unsigned char bytes[LARGE];
	uint64_t random = (uint64_t) (uintptr_t) context * 7919 + 1;
	const char *wrong = NULL;
	shmx_segment mine;

	open_mine(&mine, 'w');
	while (goes_on() && wrong == NULL) {
		uint64_t choice = next_random(&random);
		uint64_t place = choice % PLACES;
		bool large = (choice >> 8) % 16 == 0;

		memset(bytes, (int) (choice >> 32), sizeof(bytes));
		if ((choice >> 16) % 8 == 0) {
			if (shmx_guard_take(&mine, 20 * SECONDS) != SHMX_OK || guarded[0] != guarded[1]) {
				wrong = "the guard was not had, or by two";
			}
			guarded[0]++;
			guarded[1]++;
			shmx_guard_release(&mine);
		} else if (shmx_bytes_write(
					   &mine, large ? LARGE_AT : place * 8000, bytes, large ? LARGE : (size_t) 1024 << (place % 3))
			!= SHMX_OK) {
			wrong = "a write failed";
		}
		if ((choice >> 24) % 64 == 0) {
			close_mine(&mine);
			open_mine(&mine, 'w');
		}
		count(&writes);
	}
	close_mine(&mine);
	return (void *) (uintptr_t) wrong;
}

static void *read_uniform(void *context)
{
	unsigned char bytes[LARGE];
	uint64_t random = (uint64_t) (uintptr_t) context * 104729 + 3;
	const char *wrong = NULL;
	shmx_segment mine;

	open_mine(&mine, (uintptr_t) context % 2 ? 'a' : 'w');
	while (goes_on() && wrong == NULL) {
		uint64_t place = next_random(&random) % (PLACES + 1);
		size_t length = place == PLACES ? LARGE : (size_t) 1024 << (place % 3);
		shmx_torn torn;

		if (shmx_bytes_read(&mine, place == PLACES ? LARGE_AT : place * 8000, bytes, length, &torn) != SHMX_OK
			|| torn.found) {
			wrong = "a read failed";
		} else if (memcmp(bytes, bytes + 1, length - 1) != 0) {
			wrong = "bytes of two writes are mixed";
		}
		count(&reads);
	}
	close_mine(&mine);
	return (void *) (uintptr_t) wrong;
}

static void fail_if(const char *wrong)
{
	if (wrong != NULL) {
		fail_msg("%s", wrong);
	}
}

/* In small pieces: for as long as the whole process has no processor, only one of them goes by. */
static void let_them_run(int64_t nanoseconds)
{
	for (int64_t i = 0; i < nanoseconds / (10 * MILLISECONDS); i++) {
		sleep_for(10 * MILLISECONDS);
	}
}

/* Writers with numbers from 0 and readers with those that follow, which are told to stop after so many nanoseconds. */
static void run_threads(void *(*writer)(void *), void *(*reader)(void *), int64_t nanoseconds)
{
	pthread_t threads[WRITERS + READERS];

	atomic_store(&stop, 0);
	atomic_store(&writes, 0);
	atomic_store(&reads, 0);
	for (uintptr_t i = 0; i < WRITERS + READERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? writer : reader, (void *) i), 0);
	}
	let_them_run(nanoseconds);
	atomic_store(&stop, 1);
	fail_if(join_all(threads, WRITERS + READERS));
}

static void threads_with_handles_of_their_own_share_a_segment(void **state)
{
	uint32_t in_use, total;

	(void) state;
	create_segment(&segment, 65536);
	run_threads(write_uniform, read_uniform, 2 * stress_time());
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

/* --- variables -------------------------------------------------------------------------------- */

#define STILL 20  /* permanent variables that nobody changes: they are moved, and no more */
#define OWNED 9   /* permanent variables that one writer each replaces */
#define SHAPED 9  /* variables that one writer each removes and stores again */
#define CACHED 40 /* cache entries of 4 KiB and less that anybody stores */
#define FIRST_OWNED 1000
#define FIRST_SHAPED 2000
#define FIRST_CACHED 3000
#define CACHED_LARGEST 4096

static bool clears;
static _Atomic uint64_t counted, swapped, walked, cleared;

/* Each returns what went wrong, or NULL. */
static const char *put_version(shmx_segment *mine, uint64_t number, size_t length, uint64_t version, int64_t ttl)
{
	unsigned char bytes[CACHED_LARGEST];
	test_key key;

	make_key(&key, number);
	make_value(bytes, length, number, version);
	return put_bytes(mine, &key.key, bytes, length, ttl) == SHMX_OK ? NULL : "a put failed";
}

static const char *count_up(shmx_segment *mine)
{
	shmx_key key = text_key("counter");
	int64_t result;

	if (shmx_vars_increment(mine, &key, 1, 0, &result, NULL) != SHMX_OK) {
		return "an increment failed";
	}
	count(&counted);
	return NULL;
}

/* Counts by compare-and-swap on a string. */
static const char *swap_up(shmx_segment *mine)
{
	unsigned char bytes[24];
	shmx_key key = text_key("swapped");
	shmx_value value = { 6, bytes, sizeof(bytes) };
	shmx_found found;
	uint64_t version;
	shmx_status status = shmx_vars_find(mine, &key, &found);

	if (status != SHMX_OK) {
		return status == SHMX_NOT_FOUND && clears ? NULL : "what is swapped is gone";
	}
	shmx_racing_copy(bytes, found.bytes, found.length < sizeof(bytes) ? found.length : sizeof(bytes));
	if (!shmx_vars_still_valid(mine, &found)) {
		return NULL;
	}
	if (!is_value(bytes, found.length, 7, &version)) {
		return "what is swapped is torn";
	}
	make_value(bytes, sizeof(bytes), 7, version + 1);
	status = shmx_vars_replace_if(mine, &key, &found, &value, NULL);
	if (status == SHMX_OK) {
		count(&swapped);
	}
	return status == SHMX_OK || status == SHMX_NOT_FOUND ? NULL : "a swap failed";
}

static const char *clear(shmx_segment *mine)
{
	if (shmx_vars_clear(mine) != SHMX_OK) {
		return "clearing failed";
	}
	count(&cleared);
	return NULL;
}

static const char *remove_shaped(shmx_segment *mine, uint64_t number)
{
	shmx_status status;
	test_key key;

	make_key(&key, number);
	status = shmx_vars_remove(mine, &key.key);
	return status == SHMX_OK || status == SHMX_NOT_FOUND ? NULL : "a removal failed";
}

static const char *change_one(shmx_segment *mine, uint64_t writer, uint64_t *random, uint64_t *version)
{
	uint64_t choice = next_number(random);
	uint64_t number = choice >> 32;
	uint64_t own = number % (OWNED / WRITERS) * WRITERS + writer;

	switch (choice % 16) {
		case 0:
		case 1:
		case 2:
			return put_version(mine, FIRST_OWNED + own, 24 + (choice >> 8) % 200, ++*version, 0);
		case 3:
		case 4:
			return put_version(mine, FIRST_SHAPED + own, 24 + (choice >> 8) % 300, 1, 0);
		case 5:
			return remove_shaped(mine, FIRST_SHAPED + own);
		case 6:
			return put_version(mine, FIRST_CACHED + number % CACHED, CACHED_LARGEST, 1, 1000);
		case 7:
		case 8:
			return count_up(mine);
		case 9:
		case 10:
			return swap_up(mine);
		case 11:
			return clears && (choice >> 8) % 16 == 0 ? clear(mine) : NULL;
		default:
			return put_version(mine, FIRST_CACHED + number % CACHED, 24 + (choice >> 8) % 100, 1, SHMX_TTL_EVICTABLE);
	}
}

static void *change_variables(void *context)
{
	uint64_t random = (uint64_t) (uintptr_t) context + 1;
	uint64_t version = 1;
	const char *wrong = NULL;
	shmx_segment mine;

	open_mine(&mine, 'w');
	while (goes_on() && wrong == NULL) {
		wrong = change_one(&mine, (uint64_t) (uintptr_t) context, &random, &version);
		count(&writes);
	}
	close_mine(&mine);
	return (void *) (uintptr_t) wrong;
}

static const char *read_one(shmx_segment *mine, uint64_t number, bool must_be_there, uint64_t *version)
{
	unsigned char bytes[CACHED_LARGEST];
	size_t length = sizeof(bytes);
	uint8_t type;
	test_key key;
	shmx_status status;

	*version = 0;
	make_key(&key, number);
	status = get_copy(mine, &key.key, bytes, &length, &type);
	if (status == SHMX_NOT_FOUND && (clears || !must_be_there)) {
		return NULL;
	}
	if (status != SHMX_OK) {
		return "a variable is not found";
	}
	return length <= sizeof(bytes) && is_value(bytes, length, number, version) ? NULL : "a value is torn, or another's";
}

static const char *walk_once(shmx_segment *mine)
{
	static _Thread_local unsigned char name[SHMX_RECORD_MAX_KEY];
	bool met[STILL] = { false }, twice = false;
	shmx_vars_cursor cursor = { 0 };
	size_t length;
	shmx_status status;

	while ((status = shmx_vars_next(mine, &cursor, name, &length)) == SHMX_OK) {
		char text[32] = { 0 };

		if (length < 5 || length >= sizeof(text)) {
			return "a walk meets a key that nobody stored";
		}
		memcpy(text, name, length);
		if (strncmp(text, "key:", 4) == 0 && strtoull(text + 4, NULL, 10) < STILL) {
			twice |= met[strtoull(text + 4, NULL, 10)];
			met[strtoull(text + 4, NULL, 10)] = true;
		}
	}
	if (twice && !cursor.doubles) {
		return "a walk meets a variable twice and does not say so";
	}
	count(&walked);
	if (status == SHMX_E_TIMEOUT || clears) {
		return NULL;
	}
	for (int i = 0; i < STILL; i++) {
		if (!met[i]) {
			return "a walk misses a variable";
		}
	}
	return status == SHMX_NOT_FOUND ? NULL : "a walk failed";
}

static void *read_variables(void *context)
{
	uint64_t random = (uint64_t) (uintptr_t) context + 99;
	uint64_t seen[OWNED] = { 0 };
	shmx_key counter = text_key("counter");
	const char *wrong = NULL;
	shmx_segment mine;

	open_mine(&mine, (uintptr_t) context % 2 ? 'a' : 'w');
	while (goes_on() && wrong == NULL) {
		uint64_t number = next_number(&random);
		uint64_t owned = number % OWNED;
		uint64_t version;
		int64_t value;

		wrong = read_one(&mine, FIRST_OWNED + owned, true, &version);
		if (wrong == NULL && version != 0 && version < seen[owned]) {
			wrong = "a value is older than before";
		}
		seen[owned] = version > seen[owned] ? version : seen[owned];
		wrong = wrong != NULL ? wrong : read_one(&mine, number % STILL, true, &version);
		wrong = wrong != NULL ? wrong : read_one(&mine, FIRST_SHAPED + number % SHAPED, false, &version);
		wrong = wrong != NULL ? wrong : read_one(&mine, FIRST_CACHED + number % CACHED, false, &version);
		if (wrong == NULL && get_int(&mine, &counter, &value) != SHMX_OK) {
			wrong = clears ? NULL : "the counter is gone";
		}
		if (wrong == NULL && (number >> 32) % 64 == 0) {
			wrong = walk_once(&mine);
		}
		count(&reads);
	}
	close_mine(&mine);
	return (void *) (uintptr_t) wrong;
}

/* In a log so small that it goes round all the time. */
static void share_variables(void)
{
	shmx_key counter = text_key("counter"), swap = text_key("swapped");
	unsigned char bytes[24];
	shmx_vars_figures figures;

	create_segment(&segment, 40000);
	for (uint64_t i = 0; i < STILL; i++) {
		assert_null(put_version(&segment, i, 24 + i * 5, 1, 0));
	}
	for (uint64_t i = 0; i < OWNED; i++) {
		assert_null(put_version(&segment, FIRST_OWNED + i, 100, 1, 0));
	}
	make_value(bytes, sizeof(bytes), 7, 0);
	assert_int_equal(put_int(&segment, &counter, 0, 0), SHMX_OK);
	assert_int_equal(put_bytes(&segment, &swap, bytes, sizeof(bytes), 0), SHMX_OK);
	atomic_store(&counted, 0);
	atomic_store(&swapped, 0);
	atomic_store(&walked, 0);
	run_threads(change_variables, read_variables, 2 * stress_time());
	assert_sound(&segment);
	assert_int_equal(shmx_vars_info(&segment, &figures), SHMX_OK);
	print_message("# %llu writes, %llu reads, %llu walks, %llu bytes moved\n",
		(unsigned long long) atomic_load(&writes), (unsigned long long) atomic_load(&reads),
		(unsigned long long) atomic_load(&walked), (unsigned long long) figures.moved_bytes);
	assert_true(figures.evictions > 0);
}

static void variables_are_whole_and_counters_exact(void **state)
{
	shmx_key counter = text_key("counter"), swap = text_key("swapped");
	unsigned char bytes[24];
	size_t length = sizeof(bytes);
	uint64_t version;
	int64_t value;
	uint8_t type;

	(void) state;
	clears = false;
	share_variables();
	assert_int_equal(get_int(&segment, &counter, &value), SHMX_OK);
	assert_int_equal(value, atomic_load(&counted));
	assert_int_equal(get_copy(&segment, &swap, bytes, &length, &type), SHMX_OK);
	assert_true(is_value(bytes, length, 7, &version));
	assert_int_equal(version, atomic_load(&swapped));
	assert_true(value > 0 && version > 0);
}

static void variables_are_whole_while_others_clear(void **state)
{
	(void) state;
	clears = true;
	share_variables();
	assert_true(atomic_load(&cleared) > 0);
}

/* --- the queue -------------------------------------------------------------------------------- */

#define SENDERS 2
#define RECEIVERS 2
#define LONGEST_MESSAGE 6000
#define MOST_MESSAGES 200000

static _Atomic uint64_t sent[SENDERS], received;
static _Atomic int senders_done;
static _Atomic unsigned char arrived[SENDERS][MOST_MESSAGES + 1];

static void *send_on(void *context)
{
	uintptr_t sender = (uintptr_t) context;
	uint64_t random = sender + 1;
	const char *wrong = NULL;
	shmx_segment mine;

	open_mine(&mine, 'w');
	for (uint64_t number = 1; goes_on() && wrong == NULL && number <= MOST_MESSAGES; number++) {
		uint64_t choice = next_number(&random);
		size_t length = SMALLEST_MESSAGE + (choice % 8 == 0 ? (choice >> 8) % LONGEST_MESSAGE : (choice >> 8) % 100);

		if (send_number(&mine, (uint64_t) sender << 32 | number, length, 20 * SECONDS) != SHMX_OK) {
			wrong = "sending failed";
		} else {
			count(&sent[sender]);
		}
	}
	close_mine(&mine);
	atomic_fetch_add(&senders_done, 1);
	return (void *) (uintptr_t) wrong;
}

/* Until nothing comes any more after the last sender has ended. */
static void *receive_on(void *context)
{
	uint64_t last[SENDERS] = { 0 };
	const char *wrong = NULL;
	shmx_segment mine;

	(void) context;
	open_mine(&mine, 'w');
	while (wrong == NULL) {
		bool all_sent = atomic_load(&senders_done) == SENDERS;
		uint64_t number, sender;
		shmx_status status = receive_any(&mine, &number, NULL, 50 * MILLISECONDS);

		if (status == SHMX_NO_MESSAGE && all_sent) {
			break;
		}
		if (status == SHMX_NO_MESSAGE) {
			continue;
		}
		sender = number >> 32;
		number &= UINT32_MAX;
		if (status != SHMX_OK || number == 0 || sender >= SENDERS || number > MOST_MESSAGES) {
			wrong = "a message is not as it was sent";
		} else if (number <= last[sender]) {
			wrong = "a message came after a later one";
		} else if (atomic_fetch_add_explicit(&arrived[sender][number], 1, memory_order_relaxed) != 0) {
			wrong = "a message came twice";
		} else {
			last[sender] = number;
			count(&received);
		}
	}
	close_mine(&mine);
	return (void *) (uintptr_t) wrong;
}

static void each_message_is_received_once_and_in_order(void **state)
{
	pthread_t threads[SENDERS + RECEIVERS];

	(void) state;
	atomic_store(&stop, 0);
	create_segment(&segment, 16384);
	for (uintptr_t i = 0; i < SENDERS + RECEIVERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, i < SENDERS ? send_on : receive_on, (void *) i), 0);
	}
	let_them_run(2 * stress_time());
	atomic_store(&stop, 1);
	fail_if(join_all(threads, SENDERS + RECEIVERS));
	assert_sound_queue(&segment);
	print_message("# %llu messages\n", (unsigned long long) atomic_load(&received));
	assert_true(sent[0] > 0 && sent[1] > 0);
	assert_int_equal(sent[0] + sent[1], atomic_load(&received));
	assert_at_rest(&segment);
}

/* --- what is written once --------------------------------------------------------------------- */

#define ONCE 3000
#define ONCE_LENGTH 64

/*
 * How far each writer is. Relaxed, between fences, which gcc's detector does not follow: it orders the two sides in truth
 * and not in the detector's eyes, which then knows of no order but that of the protocol under test.
 */
static _Atomic uint64_t written[WRITERS];

static void tell_written(uint64_t writer, uint64_t count)
{
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&written[writer], count, memory_order_relaxed);
}

static uint64_t ask_written(uint64_t writer)
{
	uint64_t count = atomic_load_explicit(&written[writer], memory_order_relaxed);

	atomic_thread_fence(memory_order_acquire);
	return count;
}

static void *write_once(void *context)
{
	uint64_t writer = (uint64_t) (uintptr_t) context;
	unsigned char bytes[ONCE_LENGTH];
	shmx_segment mine;

	open_mine(&mine, 'w');
	for (uint64_t i = 0; i < ONCE; i++) {
		uint64_t number = i * WRITERS + writer;

		make_value(bytes, sizeof(bytes), number, 1);
		if (shmx_bytes_write(&mine, number * ONCE_LENGTH, bytes, sizeof(bytes)) != SHMX_OK) {
			close_mine(&mine);
			return (void *) (uintptr_t) "a write failed";
		}
		tell_written(writer, i + 1);
	}
	close_mine(&mine);
	return NULL;
}

static void *put_once(void *context)
{
	uint64_t writer = (uint64_t) (uintptr_t) context;
	const char *wrong = NULL;
	shmx_segment mine;

	open_mine(&mine, 'w');
	for (uint64_t i = 0; i < ONCE && wrong == NULL; i++) {
		wrong = put_version(&mine, i * WRITERS + writer, ONCE_LENGTH, 1, 0);
		tell_written(writer, i + 1);
	}
	close_mine(&mine);
	return (void *) (uintptr_t) wrong;
}

/* What is told to be there, picked anew each time; NULL when nothing is yet. */
static const char *read_some(
	shmx_segment *mine, uint64_t *random, const char *(*read_number)(shmx_segment *mine, uint64_t number))
{
	uint64_t choice = next_number(random);
	uint64_t writer = choice % WRITERS;
	uint64_t count = ask_written(writer);

	return count == 0 ? NULL : read_number(mine, (choice >> 32) % count * WRITERS + writer);
}

static const char *read_bytes(shmx_segment *mine, uint64_t number)
{
	unsigned char bytes[ONCE_LENGTH];
	uint64_t version;
	shmx_torn torn;

	if (shmx_bytes_read(mine, number * ONCE_LENGTH, bytes, sizeof(bytes), &torn) != SHMX_OK || torn.found) {
		return "a read failed";
	}
	return is_value(bytes, sizeof(bytes), number, &version) ? NULL : "bytes are not what was written";
}

static const char *read_variable(shmx_segment *mine, uint64_t number)
{
	uint64_t version;

	return number % 500 == 0 ? walk_once(mine) : read_one(mine, number, true, &version);
}

static bool all_written(void)
{
	bool all = true;

	for (uint64_t i = 0; i < WRITERS; i++) {
		all = all && ask_written(i) == ONCE;
	}
	return all;
}

static void *read_until_written(void *context, const char *(*read_number)(shmx_segment *mine, uint64_t number))
{
	uint64_t random = (uint64_t) (uintptr_t) context + 7;
	const char *wrong = NULL;
	shmx_segment mine;

	open_mine(&mine, (uintptr_t) context % 2 ? 'a' : 'w');
	for (int i = 0; wrong == NULL && (i < ONCE || !all_written()); i++) {
		wrong = read_some(&mine, &random, read_number);
	}
	close_mine(&mine);
	return (void *) (uintptr_t) wrong;
}

static void *read_bytes_on(void *context)
{
	return read_until_written(context, read_bytes);
}

static void *read_variables_on(void *context)
{
	return read_until_written(context, read_variable);
}

static void watch_all(bool watched)
{
#ifdef SHMX_UNWATCHED
	shmx_racing_watched = watched;
#else
	(void) watched;
#endif
}

/* Every read is watched, for nothing is stored over what is read. */
static void read_what_is_written_once(size_t size, void *(*writer)(void *), void *(*reader)(void *) )
{
	for (int i = 0; i < WRITERS; i++) {
		atomic_store(&written[i], 0);
	}
	create_segment(&segment, size);
	watch_all(true);
	run_threads(writer, reader, 0);
	watch_all(false);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(atomic_load(&written[i]), ONCE);
	}
}

static void bytes_that_are_read_were_released(void **state)
{
	(void) state;
	read_what_is_written_once(ONCE * WRITERS * ONCE_LENGTH, write_once, read_bytes_on);
}

static void variables_that_are_found_were_released(void **state)
{
	(void) state;
	clears = true;
	read_what_is_written_once(ONCE * WRITERS * 256, put_once, read_variables_on);
	assert_sound(&segment);
}

/* --- creation --------------------------------------------------------------------------------- */

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
		cmocka_unit_test_teardown(variables_are_whole_and_counters_exact, tear_down),
		cmocka_unit_test_teardown(variables_are_whole_while_others_clear, tear_down),
		cmocka_unit_test_teardown(each_message_is_received_once_and_in_order, tear_down),
		cmocka_unit_test_teardown(bytes_that_are_read_were_released, tear_down),
		cmocka_unit_test_teardown(variables_that_are_found_were_released, tear_down),
		cmocka_unit_test_teardown(threads_that_create_the_same_segment_agree, tear_down),
	};

	begin_program(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
