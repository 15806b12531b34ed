/*
 * The contract of shmx_segment.h: what open, delete, sweep and the identity promise, one by one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core_support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shmx_bytes.h"
#include "shmx_guard.h"

#define NOBODY 65533
#define OVERFLOW_USER 65534
/* What shmx_segment.c gives a segment that is not finished, and every set. */
#define FORMING 0001
#define OURS 0010

static shmx_segment segment, other;
static int raw_id = -1, raw_set = -1;

static int set_up(void **state)
{
	(void) state;
	memset(&segment, 0, sizeof(segment));
	memset(&other, 0, sizeof(other));
	raw_id = raw_set = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	destroy_segment(&other);
	destroy_segment(&segment);
	if (raw_id != -1) {
		shmctl(raw_id, IPC_RMID, NULL);
	}
	if (raw_set != -1) {
		semctl(raw_set, 0, IPC_RMID);
	}
	if (program_is_isolated()) {
		shmx_segment_sweep();
		assert_int_equal(segments_in_kernel(), 0);
		assert_int_equal(sets_in_kernel(), 0);
	}
	return 0;
}

static shmx_status open_key(shmx_segment *handle, key_t key, char mode, size_t size)
{
	shmx_open_options options = options_for(key, mode, size);

	return shmx_segment_open(handle, &options);
}

static void has_the_size_that_was_asked_for_and_reads_as_zero(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000 };

	(void) state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		create_segment(&segment, sizes[i]);
		assert_int_equal(segment.payload_size, sizes[i]);
		assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_BLANK);
		for (size_t at = 0; at < sizes[i]; at++) {
			assert_int_equal(segment.payload[at], 0);
		}
		destroy_segment(&segment);
	}
}

static void is_published_labelled_and_given_its_mode(void **state)
{
	static const int modes[] = { 0600, 0666, 0640, 0777, 0711, 0601 };

	(void) state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		shmx_open_options options = options_for(unused_key(), 'c', 10);
		struct shmid_ds status;
		struct semid_ds set;
		union semctl_argument argument = { .status = &set };
		uint32_t in_use, total;

		options.permissions = modes[i];
		options.tokens = 40 + (uint32_t) i;
		assert_int_equal(shmx_segment_open(&segment, &options), SHMX_OK);
		assert_int_equal(shmx_segment_stat(&segment, &status), SHMX_OK);
		assert_int_equal(status.shm_perm.mode & 0777, modes[i]);
		assert_int_equal(status.shm_segsz, 10 + SHMX_HEADER_SIZE);
		assert_true(shmx_guard_tokens(&segment, &in_use, &total));
		assert_int_equal(in_use, 0);
		assert_int_equal(total, options.tokens);
		assert_at_rest(&segment);
		assert_int_equal(semctl(segment.semaphores, 0, IPC_STAT, argument), 0);
		assert_int_equal(set.sem_perm.mode & 0666, modes[i] & 0666);
		assert_int_equal(set.sem_perm.__key, IPC_PRIVATE);
		assert_int_equal(atomic_load(&segment.header->identity.version), SHMX_FORMAT_VERSION);
		assert_in_range(shmx_clock_wall_seconds() - atomic_load(&segment.header->identity.created_at), 0, 5);
		destroy_segment(&segment);
	}
}

static void modes_are_those_of_shmop(void **state)
{
	key_t key = unused_key();

	(void) state;
	assert_int_equal(open_key(&segment, key, 'w', 0), SHMX_E_GET);
	assert_int_equal(errno, ENOENT);
	assert_null(segment.header);
	assert_int_equal(open_key(&segment, key, 'a', 0), SHMX_E_GET);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(open_key(&segment, key, 'c', 100), SHMX_OK);
	assert_int_equal(open_key(&other, key, 'n', 100), SHMX_E_GET);
	assert_int_equal(errno, EEXIST);
	assert_null(other.header);
	assert_int_equal(open_key(&other, key, 'c', 101), SHMX_E_GET);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(open_key(&other, key, 'c', 50), SHMX_OK);
	assert_int_equal(other.payload_size, 100);
	assert_int_equal(other.id, segment.id);
	shmx_segment_close(&other);
	/* Attaching takes the segment as it is, whatever size is named. */
	assert_int_equal(open_key(&other, key, 'w', 5000), SHMX_OK);
	assert_int_equal(other.payload_size, 100);
	shmx_segment_close(&other);
	assert_int_equal(open_key(&other, key, 'a', 5000), SHMX_OK);
	assert_true(other.read_only);
	assert_int_equal(other.payload_size, 100);
}

static void private_segments_are_made_and_never_found(void **state)
{
	(void) state;
	assert_int_equal(open_key(&segment, IPC_PRIVATE, 'c', 10), SHMX_OK);
	raw_id = segment.id;
	assert_true(shmx_guard_find_semaphores(&segment));
	raw_set = segment.semaphores;
	assert_int_equal(open_key(&other, IPC_PRIVATE, 'a', 0), SHMX_E_GET);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(open_key(&other, IPC_PRIVATE, 'w', 0), SHMX_E_GET);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(open_key(&other, IPC_PRIVATE, 'n', 10), SHMX_OK);
	assert_int_not_equal(other.id, segment.id);
	assert_int_equal(shmx_segment_delete(&other), SHMX_OK);
	shmx_segment_close(&other);
	shmx_segment_close(&segment);
}

static void a_size_that_overflows_is_refused(void **state)
{
	(void) state;
	assert_int_equal(open_key(&segment, unused_key(), 'c', SIZE_MAX), SHMX_E_GET);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(open_key(&segment, unused_key(), 'n', SIZE_MAX - SHMX_HEADER_SIZE + 1), SHMX_E_GET);
	assert_int_equal(errno, EINVAL);
	assert_int_not_equal(open_key(&segment, unused_key(), 'n', SIZE_MAX - SHMX_HEADER_SIZE), SHMX_OK);
	assert_null(segment.header);
}

/* A segment that shmx did not make, with these first bytes. */
static key_t make_raw(size_t size, int mode, const void *content, size_t length)
{
	key_t key = unused_key();
	void *memory;

	raw_id = shmget(key, size, IPC_CREAT | IPC_EXCL | mode);
	assert_int_not_equal(raw_id, -1);
	memory = shmat(raw_id, NULL, 0);
	memcpy(memory, content, length);
	shmdt(memory);
	return key;
}

/* Every mode refuses with `expected`, leaves nothing attached, makes no set and changes no byte. */
static void assert_refused(key_t key, size_t size, shmx_status expected)
{
	static const char modes[] = { 'a', 'w', 'c' };
	int sets = sets_in_kernel();
	static unsigned char before[32768];
	unsigned char *now = shmat(raw_id, NULL, SHM_RDONLY);
	struct shmid_ds status;

	assert_true(size <= sizeof(before));
	memcpy(before, now, size);
	for (size_t i = 0; i < sizeof(modes); i++) {
		int64_t begun = shmx_clock_monotonic();

		/* To "c" a segment smaller than a header is too small before it is anything else. */
		if (modes[i] == 'c' && size < SHMX_HEADER_SIZE) {
			continue;
		}
		assert_int_equal(open_key(&segment, key, modes[i], 0), expected);
		assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
		assert_null(segment.header);
	}
	assert_memory_equal(now, before, size);
	shmdt(now);
	assert_int_equal(shmctl(raw_id, IPC_STAT, &status), 0);
	assert_int_equal(status.shm_nattch, 0);
	if (program_is_isolated()) {
		assert_int_equal(sets_in_kernel(), sets);
	}
	shmctl(raw_id, IPC_RMID, NULL);
	raw_id = -1;
}

static void foreign_segments_are_refused_and_left_alone(void **state)
{
	static const size_t sizes[] = { 1, 63, 4096, 8191, 8192, 8193, 20000 };
	unsigned char text[8192];
	uint64_t random = 42;

	(void) state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t length = sizes[i] < sizeof(text) ? sizes[i] : sizeof(text);

		assert_refused(make_raw(sizes[i], 0600, "", 0), sizes[i], SHMX_E_FOREIGN);
		assert_refused(make_raw(sizes[i], 0777, "", 0), sizes[i], SHMX_E_FOREIGN);
		assert_refused(make_raw(sizes[i], 0600, text, length), sizes[i], SHMX_E_FOREIGN);
		/* Even one that happens to have the mode of an unfinished segment, once it holds something. */
		assert_refused(make_raw(sizes[i], 0600 | FORMING, text, length), sizes[i], SHMX_E_FOREIGN);
	}
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			text[i] = (unsigned char) next_random(&random);
		}
		assert_refused(make_raw(10000, 0600, text, sizeof(text)), 10000, SHMX_E_FOREIGN);
	}
}

/* A good header, taken from a real segment of this size. */
static void copy_good_header(shmx_header *header, size_t size)
{
	create_segment(&segment, size);
	memcpy((void *) header, (void *) segment.header, sizeof(*header));
	destroy_segment(&segment);
}

static void headers_that_cannot_be_are_refused_by_their_own_status(void **state)
{
	static shmx_header good, bad;

	(void) state;
	copy_good_header(&good, 1000);
	raw_id = -1;

	/* Truncated, and grown: the kernel's size is right, the header's wrong. */
	assert_refused(make_raw(SHMX_HEADER_SIZE + 999, 0600, &good, sizeof(good)), sizeof(good), SHMX_E_HEADER);
	assert_refused(make_raw(SHMX_HEADER_SIZE + 1001, 0600, &good, sizeof(good)), sizeof(good), SHMX_E_HEADER);
	assert_refused(make_raw(SHMX_HEADER_SIZE, 0600, &good, sizeof(good)), sizeof(good), SHMX_E_HEADER);
	assert_refused(make_raw(SHMX_HEADER_SIZE - 1, 0600, &good, sizeof(good) - 1), sizeof(good) - 1, SHMX_E_FOREIGN);

	memcpy((void *) &bad, (void *) &good, sizeof(bad));
	atomic_store(&bad.identity.version, SHMX_FORMAT_VERSION + 1);
	assert_refused(make_raw(SHMX_HEADER_SIZE + 1000, 0600, &bad, sizeof(bad)), sizeof(bad), SHMX_E_VERSION);
	atomic_store(&bad.identity.version, 0);
	assert_refused(make_raw(SHMX_HEADER_SIZE + 1000, 0600, &bad, sizeof(bad)), sizeof(bad), SHMX_E_VERSION);

	memcpy((void *) &bad, (void *) &good, sizeof(bad));
	atomic_store(&bad.identity.byte_order, UINT32_C(0x04030201));
	assert_refused(make_raw(SHMX_HEADER_SIZE + 1000, 0600, &bad, sizeof(bad)), sizeof(bad), SHMX_E_HEADER);

	memcpy((void *) &bad, (void *) &good, sizeof(bad));
	atomic_store(&bad.identity.header_size, 4096);
	assert_refused(make_raw(SHMX_HEADER_SIZE + 1000, 0600, &bad, sizeof(bad)), sizeof(bad), SHMX_E_HEADER);

	memcpy((void *) &bad, (void *) &good, sizeof(bad));
	atomic_store(&bad.identity.payload_size, UINT64_MAX);
	assert_refused(make_raw(SHMX_HEADER_SIZE + 1000, 0600, &bad, sizeof(bad)), sizeof(bad), SHMX_E_HEADER);

	/* Not published, and not in the making either. */
	memcpy((void *) &bad, (void *) &good, sizeof(bad));
	atomic_store(&bad.identity.published, 0);
	assert_refused(make_raw(SHMX_HEADER_SIZE + 1000, 0600, &bad, sizeof(bad)), sizeof(bad), SHMX_E_HEADER);
}

static void an_identity_scribbled_over_is_noticed_by_every_new_handle(void **state)
{
	unsigned char byte;
	shmx_torn torn;

	(void) state;
	create_segment(&segment, 100);
	open_other(&other, &segment, 'w');
	shmx_segment_close(&other);
	atomic_store(&segment.header->identity.payload_size, 101);
	/* This process has seen the segment to be good, so opening does not look again: the first use does. */
	if (open_key(&other, segment.key, 'w', 0) == SHMX_OK) {
		assert_int_equal(shmx_bytes_read(&other, 0, &byte, 1, &torn), SHMX_E_DAMAGED);
		assert_int_equal(shmx_bytes_write(&other, 0, "x", 1), SHMX_E_DAMAGED);
		assert_int_equal(shmx_segment_check(&other), SHMX_E_DAMAGED);
	}
	assert_int_equal(segment.payload[0], 0);
}

/* Waits for the next second, if need be for the one after, so that it is an even one. */
static time_t await_second(bool even)
{
	time_t begun = time(NULL), now;

	do {
		sleep_for(MILLISECONDS);
		now = time(NULL);
	} while (now == begun || (even && now % 2 != 0));
	return now;
}

/*
 * A process remembers which segments it has found to be good, by id, time, size and creator. Once a number made in an even
 * second and the next number, made in the next second, looked the same to it: it took a foreign segment for its own.
 */
static void a_new_segment_is_not_taken_for_another_that_was_good(void **state)
{
	time_t second;
	key_t key;
	int made;

	(void) state;
	do {
		second = await_second(true);
		do {
			destroy_segment(&segment);
			create_segment(&segment, 1000);
		} while (segment.id % 2 == 0);
		open_other(&other, &segment, 'w');
		shmx_segment_close(&other);
		await_second(false);
		key = make_raw(SHMX_HEADER_SIZE + 1000, 0600, "", 0);
		made = raw_id;
		assert_int_equal(open_key(&other, key, 'w', 0), SHMX_E_FOREIGN);
		shmctl(raw_id, IPC_RMID, NULL);
		raw_id = -1;
		/* Somebody else may have made a segment in between, or the machine have slept. */
	} while (program_is_isolated() && (made != segment.id + 1 || time(NULL) != second + 1));
}

static bool become_nobody(void)
{
	return setgid(NOBODY) == 0 && setuid(NOBODY) == 0;
}

static int open_as_nobody(void *context)
{
	key_t key = *(key_t *) context;
	unsigned char byte;
	shmx_torn torn;

	if (!become_nobody()) {
		return 99;
	}
	/* 0600: nothing. */
	if (open_key(&other, key, 'a', 0) == SHMX_OK || errno != EACCES || other.header != NULL) {
		return 1;
	}
	if (open_key(&other, key, 'w', 0) == SHMX_OK || errno != EACCES) {
		return 2;
	}
	/* 0644: to be read, and no more. */
	if (open_key(&other, key + 1, 'w', 0) == SHMX_OK || errno != EACCES) {
		return 3;
	}
	if (open_key(&other, key + 1, 'a', 0) != SHMX_OK || shmx_bytes_read(&other, 0, &byte, 1, &torn) != SHMX_OK
		|| byte != 'x') {
		return 4;
	}
	if (shmx_segment_delete(&other) != SHMX_E_REMOVE || errno != EPERM) {
		return 5;
	}
	shmx_segment_close(&other);
	return 0;
}

static void permissions_are_the_kernels(void **state)
{
	shmx_open_options options;
	key_t key = unused_key();

	(void) state;
	if (geteuid() != 0) {
		skip();
	}
	options = options_for(key, 'n', 10);
	assert_int_equal(shmx_segment_open(&segment, &options), SHMX_OK);
	options.key = unused_key();
	assert_int_equal(options.key, key + 1);
	options.permissions = 0644;
	assert_int_equal(shmx_segment_open(&other, &options), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&other, 0, "x", 1), SHMX_OK);
	assert_int_equal(WEXITSTATUS(reap(start_child(open_as_nobody, &key))), 0);
	/* What nobody tried in vain has taken nothing away. */
	assert_at_rest(&other);
	assert_at_rest(&segment);
}

#define FAULTED 77

static void end_at_fault(int number)
{
	(void) number;
	_exit(FAULTED);
}

static int store_past_everything(void *context)
{
	shmx_segment *reading = context;

	/* Not the default action: sanitizers and valgrind would have much to say. */
	signal(SIGSEGV, end_at_fault);
	*(volatile unsigned char *) reading->payload = 'y';
	return 0;
}

static void a_read_only_mapping_cannot_be_written_to(void **state)
{
	shmx_open_options options;
	int status;

	(void) state;
	options = options_for(unused_key(), 'n', 10);
	assert_int_equal(shmx_segment_open(&segment, &options), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
	options.mode = 'a';
	assert_int_equal(shmx_segment_open(&other, &options), SHMX_OK);
	/* Nor does the kernel give it the right afterwards. */
	assert_int_equal(mprotect(other.header, SHMX_HEADER_SIZE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	status = reap(start_child(store_past_everything, &other));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FAULTED);
	assert_int_equal(segment.payload[0], 'x');
	/* The same store through the other handle is none that the kernel minds. */
	assert_true(exited_well(reap(start_child(store_past_everything, &segment))));
	assert_int_equal(segment.payload[0], 'y');
}

static int try_the_semaphores_as_nobody(void *context)
{
	union semctl_argument one = { .value = 1 };
	struct sembuf post = { SHMX_SEM_GATE, 1, IPC_NOWAIT };
	uint32_t in_use, total;

	if (!become_nobody()) {
		return 99;
	}
	if (open_key(&other, *(key_t *) context, 'a', 0) != SHMX_OK) {
		return 1;
	}
	if (!shmx_guard_tokens(&other, &in_use, &total) || in_use != 1) {
		return 2;
	}
	if (semctl(other.semaphores, SHMX_SEM_TOKENS + 1, SETVAL, one) != -1 || errno != EACCES) {
		return 3;
	}
	if (semop(other.semaphores, &post, 1) != -1 || errno != EACCES) {
		return 4;
	}
	if (semctl(other.semaphores, 0, IPC_RMID) != -1 || errno != EPERM) {
		return 5;
	}
	return 0;
}

static void who_may_only_read_watches_the_semaphores_and_changes_none(void **state)
{
	shmx_open_options options = options_for(unused_key(), 'n', 10);

	(void) state;
	if (geteuid() != 0) {
		skip();
	}
	options.permissions = 0644;
	assert_int_equal(shmx_segment_open(&segment, &options), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
	assert_int_equal(WEXITSTATUS(reap(start_child(try_the_semaphores_as_nobody, &options.key))), 0);
	assert_at_rest(&segment);
}

/* Reads a segment of which it knows no more than the id. */
static int read_by_id(void *context)
{
	struct shmid_ds status;
	unsigned char *memory;

	shmx_segment_close(&segment);
	memory = shmat(*(int *) context, NULL, SHM_RDONLY);
	if (memory == (void *) -1) {
		/* valgrind's shmat has another error. */
		return shmctl(*(int *) context, IPC_STAT, &status) != 0 ? errno : 254;
	}
	return memory[SHMX_HEADER_SIZE] == 'x' ? 0 : 255;
}

static int read_by_id_as_nobody(void *context)
{
	return become_nobody() ? read_by_id(context) : 99;
}

static void a_segment_without_a_key_is_reached_by_its_id_and_permissions(void **state)
{
	shmx_open_options options = options_for(IPC_PRIVATE, 'n', 10);

	(void) state;
	for (int mode = 0600; mode <= 0644; mode += 044) {
		options.permissions = mode;
		assert_int_equal(shmx_segment_open(&segment, &options), SHMX_OK);
		raw_id = segment.id;
		assert_true(shmx_guard_find_semaphores(&segment));
		raw_set = segment.semaphores;
		assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
		assert_int_equal(WEXITSTATUS(reap(start_child(read_by_id, &raw_id))), 0);
		if (geteuid() == 0) {
			assert_int_equal(WEXITSTATUS(reap(start_child(read_by_id_as_nobody, &raw_id))), mode == 0600 ? EACCES : 0);
		}
		assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
		shmx_segment_close(&segment);
	}
}

static void set_mode_and_owner(mode_t mode, uid_t owner)
{
	struct shmid_ds status;

	assert_int_equal(shmx_segment_stat(&segment, &status), SHMX_OK);
	status.shm_perm.mode = mode;
	status.shm_perm.uid = owner;
	assert_int_equal(shmctl(segment.id, IPC_SET, &status), 0);
}

/* Permissions and users change while a segment is open. */
static void who_else_may_write_is_asked_of_the_kernel_each_time(void **state)
{
	const mode_t private_modes[] = { 0600, 0640, 0644, 0400 };
	const mode_t shared_modes[] = { 0620, 0602, 0660, 0666 };

	(void) state;
	create_segment(&segment, 10);
	for (size_t i = 0; i < sizeof(private_modes) / sizeof(private_modes[0]); i++) {
		set_mode_and_owner(private_modes[i], geteuid());
		assert_false(shmx_segment_has_foreign_writers(&segment));
		set_mode_and_owner(shared_modes[i], geteuid());
		assert_true(shmx_segment_has_foreign_writers(&segment));
	}
	if (geteuid() == 0) {
		set_mode_and_owner(0600, NOBODY);
		assert_true(shmx_segment_has_foreign_writers(&segment));
		/* Who made it may change it, whoever owns it, so root's is root's for every user. */
		assert_int_equal(seteuid(NOBODY), 0);
		assert_false(shmx_segment_has_foreign_writers(&segment));
		assert_int_equal(seteuid(0), 0);
	}
	set_mode_and_owner(0600, geteuid());
	assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
	assert_false(shmx_segment_has_foreign_writers(&segment));
	segment.id = -1;
	assert_true(shmx_segment_has_foreign_writers(&segment));
}

static int make_as_nobody(void *context)
{
	if (!become_nobody()) {
		return 99;
	}
	return open_key(&other, *(key_t *) context, 'n', 10) != SHMX_OK;
}

/* The owner may give a segment away; who created it keeps the right to set its permissions. */
static void a_segment_that_another_user_created_stays_his(void **state)
{
	struct shmid_ds status;
	key_t key = unused_key();

	(void) state;
	if (geteuid() != 0) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(reap(start_child(make_as_nobody, &key))), 0);
	assert_int_equal(open_key(&segment, key, 'w', 0), SHMX_OK);
	set_mode_and_owner(0600, 0);
	assert_int_equal(shmx_segment_stat(&segment, &status), SHMX_OK);
	assert_int_equal(status.shm_perm.uid, 0);
	assert_int_equal(status.shm_perm.cuid, NOBODY);
	assert_true(shmx_segment_has_foreign_writers(&segment));
}

#define NO_NAMESPACE 96

static bool users_are_the_machines(void)
{
	unsigned int count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (map == NULL) {
		return false;
	}
	if (fscanf(map, " 0 0 %u", &count) != 1) {
		count = 0;
	}
	fclose(map);
	return count == UINT32_MAX;
}

/* 0 when `other` is not trusted there. */
static int trust_in_a_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER) != 0) {
		return NO_NAMESPACE;
	}
	return geteuid() != OVERFLOW_USER || !shmx_segment_has_foreign_writers(&other);
}

/* In a user namespace the kernel shows every user without a number there as one, this process among them. */
static int look_into_a_segment_as_unmapped(void *context)
{
	if (!become_nobody() || open_key(&other, *(key_t *) context, 'a', 0) != SHMX_OK) {
		return 99;
	}
	if (!shmx_segment_has_foreign_writers(&other)) {
		return 1;
	}
	return trust_in_a_user_namespace();
}

/* Outside of one, that number is a user like others. */
static int make_as_overflow_user(void *context)
{
	if (setgid(OVERFLOW_USER) != 0 || setuid(OVERFLOW_USER) != 0
		|| open_key(&other, *(key_t *) context, 'n', 10) != SHMX_OK) {
		return 99;
	}
	if (shmx_segment_has_foreign_writers(&other)) {
		return 1;
	}
	return trust_in_a_user_namespace();
}

static int make_for_all_to_read(void *context)
{
	shmx_open_options options = options_for(*(key_t *) context, 'n', 10);

	options.permissions = 0644;
	return setgid(1) != 0 || setuid(1) != 0 || shmx_segment_open(&other, &options) != SHMX_OK;
}

static void a_user_namespace_makes_nobody_of_others_the_same_user(void **state)
{
	key_t key = unused_key();
	int made, seen;

	(void) state;
	if (geteuid() != 0 || !users_are_the_machines()) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(reap(start_child(make_for_all_to_read, &key))), 0);
	seen = WEXITSTATUS(reap(start_child(look_into_a_segment_as_unmapped, &key)));
	destroy_key(key);
	made = WEXITSTATUS(reap(start_child(make_as_overflow_user, &key)));
	destroy_key(key);
	if (seen == NO_NAMESPACE && made == NO_NAMESPACE) {
		skip();
	}
	assert_int_equal(seen, 0);
	assert_int_equal(made, 0);
}

static void set_limit(const char *name, const char *value)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	file = open(path, O_WRONLY);
	if (file == -1 || write(file, value, strlen(value)) != (ssize_t) strlen(value)) {
		fail_msg("%s cannot be set", path);
	}
	close(file);
}

static void a_kernel_out_of_segments_or_semaphores_leaves_nothing_behind(void **state)
{
	uint32_t in_use, total;

	(void) state;
	if (!program_is_isolated()) {
		skip();
	}
	set_limit("shmmni", "0");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 10), SHMX_E_GET);
	assert_int_equal(errno, ENOSPC);
	set_limit("shmmni", "4096");

	set_limit("shmall", "2");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 8192), SHMX_E_GET);
	assert_int_equal(errno, ENOSPC);
	set_limit("shmall", "18446744073692774399");

	set_limit("shmmax", "9000");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 8192), SHMX_E_GET);
	assert_int_equal(errno, EINVAL);
	set_limit("shmmax", "18446744073692774399");

	set_limit("sem", "32000 1024000000 500 0");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 10), SHMX_E_SEMAPHORES);
	assert_int_equal(errno, ENOSPC);
	assert_null(segment.header);
	assert_int_equal(segments_in_kernel(), 0);

	/* Fewer tokens where the kernel grants fewer; none at all below what is worth it. */
	set_limit("sem", "64 1024000000 500 100");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 10), SHMX_OK);
	assert_true(shmx_guard_tokens(&segment, &in_use, &total));
	assert_int_equal(total, 31);
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
	destroy_segment(&segment);
	set_limit("sem", "16 1024000000 500 100");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 10), SHMX_E_SEMAPHORES);
	assert_int_equal(segments_in_kernel(), 0);

	/* Too few operations in one call to label a set with. */
	set_limit("sem", "32000 1024000000 3 100");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 10), SHMX_E_SEMAPHORES);
	assert_int_equal(errno, E2BIG);
	assert_null(segment.header);
	assert_int_equal(segments_in_kernel(), 0);
	assert_int_equal(sets_in_kernel(), 0);

	/* One set allowed, and a dead segment has it: it is swept, and the creation succeeds. */
	set_limit("sem", "32000 1024000000 500 1");
	assert_int_equal(open_key(&segment, unused_key(), 'c', 10), SHMX_OK);
	shmctl(segment.id, IPC_RMID, NULL);
	shmx_segment_close(&segment);
	assert_int_equal(sets_in_kernel(), 1);
	assert_int_equal(open_key(&segment, unused_key(), 'c', 10), SHMX_OK);
	assert_int_equal(sets_in_kernel(), 1);
	set_limit("sem", "32000 1024000000 500 32000");
}

static void what_a_creator_left_unfinished_is_finished_by_whoever_opens(void **state)
{
	static const char modes[] = { 'w', 'c', 'a' };
	const uint64_t magic = SHMX_MAGIC;
	int64_t begun, quickest;

	(void) state;
	for (size_t i = 0; i < sizeof(modes); i++) {
		for (size_t length = 0; length <= 8; length += 8) {
			key_t key = make_raw(SHMX_HEADER_SIZE + 77, 0640 | FORMING, &magic, length);
			struct shmid_ds status;

			quickest = INT64_MAX;
			begun = shmx_clock_monotonic();
			assert_int_equal(open_key(&segment, key, modes[i], 0), SHMX_OK);
			assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
			assert_int_equal(segment.id, raw_id);
			assert_int_equal(segment.payload_size, 77);
			assert_int_equal(shmx_segment_stat(&segment, &status), SHMX_OK);
			assert_int_equal(status.shm_perm.mode & 0777, 0640);
			/* Finished once: the next finds it ready and has the same set. */
			for (int tries = 0; tries < 5; tries++) {
				shmx_segment_close(&other);
				begun = shmx_clock_monotonic();
				assert_int_equal(open_key(&other, key, 'w', 0), SHMX_OK);
				begun = shmx_clock_monotonic() - begun;
				quickest = begun < quickest ? begun : quickest;
			}
			assert_true(quickest < 20 * MILLISECONDS);
			assert_true(shmx_guard_find_semaphores(&segment));
			assert_true(shmx_guard_find_semaphores(&other));
			assert_int_equal(other.semaphores, segment.semaphores);
			assert_int_equal(shmx_bytes_write(&other, 0, "x", 1), SHMX_OK);
			assert_int_equal(segment.payload[0], 'x');
			shmx_segment_close(&other);
			destroy_segment(&segment);
			raw_id = -1;
		}
	}
}

/* Nobody is told that a segment is good for as long as nobody can finish it; later somebody can. */
static void what_cannot_be_finished_for_want_of_semaphores_waits_for_the_next(void **state)
{
	static const char modes[] = { 'w', 'a' };

	(void) state;
	if (!program_is_isolated()) {
		skip();
	}
	for (size_t i = 0; i < sizeof(modes); i++) {
		key_t key = make_raw(SHMX_HEADER_SIZE + 77, 0600 | FORMING, "", 0);

		set_limit("sem", "32000 1024000000 500 0");
		assert_int_equal(open_key(&segment, key, modes[i], 0), SHMX_E_SEMAPHORES);
		assert_int_equal(errno, ENOSPC);
		assert_null(segment.header);
		set_limit("sem", "32000 1024000000 500 32000");
		assert_int_equal(open_key(&segment, key, 'w', 0), SHMX_OK);
		assert_int_equal(segment.id, raw_id);
		assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
		assert_at_rest(&segment);
		destroy_segment(&segment);
		raw_id = -1;
	}
}

static int begin_as_nobody(void *context)
{
	if (!become_nobody()) {
		return 99;
	}
	return shmget(*(key_t *) context, SHMX_HEADER_SIZE + 10, IPC_CREAT | IPC_EXCL | 0600 | FORMING) == -1;
}

static int use_as_nobody(void *context)
{
	if (!become_nobody()) {
		return 99;
	}
	if (open_key(&other, *(key_t *) context, 'w', 0) != SHMX_OK) {
		return 1;
	}
	return shmx_bytes_write(&other, 0, "x", 1) != SHMX_OK || other.token == SHMX_TOKEN_ANONYMOUS ? 2 : 0;
}

static void root_makes_the_semaphores_for_whom_the_segment_belongs_to(void **state)
{
	union semctl_argument argument;
	struct semid_ds set;
	key_t key = unused_key();

	(void) state;
	if (geteuid() != 0) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(reap(start_child(begin_as_nobody, &key))), 0);
	raw_id = shmget(key, 0, 0);
	assert_int_equal(open_key(&segment, key, 'w', 0), SHMX_OK);
	assert_true(shmx_guard_find_semaphores(&segment));
	argument.status = &set;
	assert_int_equal(semctl(segment.semaphores, 0, IPC_STAT, argument), 0);
	assert_int_equal(set.sem_perm.uid, NOBODY);
	assert_int_equal(set.sem_perm.gid, NOBODY);
	assert_int_equal(WEXITSTATUS(reap(start_child(use_as_nobody, &key))), 0);
	assert_int_equal(segment.payload[0], 'x');
	destroy_segment(&segment);
	raw_id = -1;
}

static int read_unfinished(void *context)
{
	if (!become_nobody()) {
		return 99;
	}
	return open_key(&other, *(key_t *) context, 'a', 0);
}

static void who_may_not_finish_it_says_so_after_a_while(void **state)
{
	key_t key;
	int64_t begun = shmx_clock_monotonic();

	(void) state;
	if (geteuid() != 0) {
		skip();
	}
	key = make_raw(SHMX_HEADER_SIZE + 1, 0644 | FORMING, "", 0);
	assert_int_equal(WEXITSTATUS(reap(start_child(read_unfinished, &key))), SHMX_E_UNFINISHED);
	assert_in_range(shmx_clock_monotonic() - begun, 1 * SECONDS, PATIENCE);
}

static int open_what_is_removed(void *context)
{
	key_t key = *(key_t *) context;
	bool same;

	if (open_key(&other, key, 'c', 10) != SHMX_OK) {
		return 1;
	}
	same = shmget(key, 0, 0) == other.id;
	destroy_segment(&other);
	return same ? 0 : 2;
}

/* Who waits for a creator that gives up must not finish what nobody else can open any more. */
static void a_creators_segment_that_it_removes_is_not_finished(void **state)
{
	key_t key = make_raw(SHMX_HEADER_SIZE + 10, 0600 | FORMING, "", 0);
	pid_t child = start_child(open_what_is_removed, &key);
	struct shmid_ds status;

	(void) state;
	for (int i = 0; i < 5000 * slowness(); i++) {
		assert_int_equal(shmctl(raw_id, IPC_STAT, &status), 0);
		if (status.shm_nattch == 1) {
			break;
		}
		sleep_for(MILLISECONDS / 10);
	}
	assert_int_equal(shmctl(raw_id, IPC_RMID, NULL), 0);
	raw_id = -1;
	assert_int_equal(WEXITSTATUS(reap(child)), 0);
}

static void after_delete_the_attached_go_on_and_the_key_is_free(void **state)
{
	unsigned char bytes[3];
	shmx_torn torn;
	int set, id;

	(void) state;
	create_segment(&segment, 100);
	assert_int_equal(shmx_bytes_write(&segment, 0, "one", 3), SHMX_OK);
	open_other(&other, &segment, 'w');
	assert_true(shmx_guard_find_semaphores(&segment));
	set = segment.semaphores;
	id = segment.id;
	assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);
	assert_int_equal(semctl(set, 0, GETVAL), -1);
	assert_int_equal(shmx_segment_delete(&segment), SHMX_OK);

	assert_int_equal(shmx_bytes_read(&other, 0, bytes, 3, &torn), SHMX_OK);
	assert_memory_equal(bytes, "one", 3);
	assert_int_equal(shmx_bytes_write(&other, 0, "two", 3), SHMX_OK);
	assert_int_equal(shmx_bytes_write(&segment, 10, "six", 3), SHMX_OK);
	assert_int_equal(shmx_bytes_read(&segment, 0, bytes, 3, &torn), SHMX_OK);
	assert_memory_equal(bytes, "two", 3);
	shmx_segment_close(&other);

	assert_int_equal(open_key(&other, segment.key, 'w', 0), SHMX_E_GET);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(open_key(&other, segment.key, 'c', 5), SHMX_OK);
	assert_int_not_equal(other.id, id);
	assert_int_equal(other.payload_size, 5);
}

static void a_segment_marked_by_ipcrm_is_deleted_with_its_set(void **state)
{
	(void) state;
	create_segment(&segment, 10);
	open_other(&other, &segment, 'w');
	shmctl(segment.id, IPC_RMID, NULL);
	shmx_segment_close(&segment);
	/* Still attached through `other`: the kernel knows the id. */
	assert_int_equal(shmx_segment_delete(&other), SHMX_OK);
	shmx_segment_close(&other);
}

static int make_set(int mode)
{
	raw_set = semget(IPC_PRIVATE, SHMX_SEM_FIRST_TOKEN + 15, IPC_CREAT | mode);
	assert_int_not_equal(raw_set, -1);
	return raw_set;
}

static void sweeping_takes_orphans_and_nothing_else(void **state)
{
	union semctl_argument argument = { .value = SHMX_SEM_TAG_VALUE };
	int set, foreign;

	(void) state;
	if (!program_is_isolated()) {
		skip();
	}
	/* A living segment's set stays. */
	create_segment(&segment, 10);
	assert_int_equal(shmx_segment_sweep(), 0);
	assert_at_rest(&segment);
	/* So does that of a segment that is marked for removal but has users. */
	set = segment.semaphores;
	shmctl(segment.id, IPC_RMID, NULL);
	assert_int_equal(shmx_segment_sweep(), 0);
	assert_int_not_equal(semctl(set, 0, GETVAL), -1);
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
	shmx_segment_close(&segment);
	assert_int_equal(shmx_segment_sweep(), 1);
	assert_int_equal(semctl(set, 0, GETVAL), -1);
	assert_int_equal(shmx_segment_sweep(), 0);

	/* Somebody else's set, even one with our tag in it: the mode tells. */
	set = make_set(0600);
	assert_int_equal(semctl(set, SHMX_SEM_TAG, SETVAL, argument), 0);
	foreign = set;
	/* Our mode, a tag that is not ours. */
	set = make_set(0600 | OURS);
	argument.value = 77;
	assert_int_equal(semctl(set, SHMX_SEM_TAG, SETVAL, argument), 0);
	assert_int_equal(shmx_segment_sweep(), 0);
	semctl(set, 0, IPC_RMID);
	/* Without a tag its maker may still be at work; after two seconds it is not. */
	set = make_set(0600 | OURS);
	assert_int_equal(shmx_segment_sweep(), 0);
	sleep_for(3100 * MILLISECONDS);
	assert_int_equal(shmx_segment_sweep(), 1);
	assert_int_equal(semctl(foreign, SHMX_SEM_TAG, GETVAL), SHMX_SEM_TAG_VALUE);
	raw_set = foreign;
}

/* Makes a segment and removes it as ipcrm does, its set left behind. */
static int leave_a_set(void *context)
{
	shmx_open_options options = options_for(unused_key(), 'n', 10);

	if (*(uid_t *) context != 0 && !become_nobody()) {
		return 99;
	}
	/* What everybody may write to, not everybody may remove. */
	options.permissions = 0666;
	return shmx_segment_open(&other, &options) != SHMX_OK || shmctl(other.id, IPC_RMID, NULL) != 0;
}

/* Every creation sweeps, as far as the kernel lets its user. */
static void sets_of_others_are_swept_by_root_alone(void **state)
{
	uid_t root = 0, nobody = NOBODY;

	(void) state;
	if (geteuid() != 0 || !program_is_isolated()) {
		skip();
	}
	assert_true(exited_well(reap(start_child(leave_a_set, &root))));
	assert_int_equal(sets_in_kernel(), 1);
	assert_true(exited_well(reap(start_child(leave_a_set, &nobody))));
	assert_int_equal(sets_in_kernel(), 2);
	/* Its own of before, and not root's. */
	assert_true(exited_well(reap(start_child(leave_a_set, &nobody))));
	assert_int_equal(sets_in_kernel(), 2);
	create_segment(&segment, 10);
	assert_int_equal(sets_in_kernel(), 1);
}

typedef struct {
	int id;
	int seen;
	int semaphores;
} looked_for;

static void look_for(int segment_id, int semaphores, const struct shmid_ds *status, void *context)
{
	looked_for *look = context;

	if (segment_id == look->id) {
		look->seen++;
		look->semaphores = semaphores;
		assert_int_equal(status->shm_segsz, SHMX_HEADER_SIZE + 10);
	}
}

static void listing_shows_each_segment_once(void **state)
{
	looked_for look;
	uint32_t kind = 99;
	int semaphores = -1;

	(void) state;
	create_segment(&segment, 10);
	create_segment(&other, 20);
	look = (looked_for){ .id = segment.id };
	assert_true(shmx_segment_each(look_for, &look) >= 2);
	assert_int_equal(look.seen, 1);
	assert_true(shmx_guard_find_semaphores(&segment));
	assert_int_equal(look.semaphores, segment.semaphores);
	assert_true(shmx_segment_peek(segment.id, &kind, &semaphores));
	assert_int_equal(kind, SHMX_KIND_BLANK);
	assert_int_equal(semaphores, segment.semaphores);
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
	assert_true(shmx_segment_peek(segment.id, &kind, &semaphores));
	assert_int_equal(kind, SHMX_KIND_BYTES);
	make_raw(9000, 0600, "", 0);
	assert_false(shmx_segment_peek(raw_id, &kind, &semaphores));
	assert_false(shmx_segment_peek(-1, &kind, &semaphores));
}

static void a_set_whose_segment_is_gone_is_not_listed(void **state)
{
	looked_for look;

	(void) state;
	create_segment(&segment, 10);
	look = (looked_for){ .id = segment.id };
	assert_true(shmx_guard_find_semaphores(&segment));
	raw_set = segment.semaphores;
	shmctl(segment.id, IPC_RMID, NULL);
	shmx_segment_close(&segment);
	shmx_segment_each(look_for, &look);
	assert_int_equal(look.seen, 0);
	assert_int_not_equal(semctl(raw_set, 0, GETVAL), -1);
}

/*
 * A second creator that was stopped after tagging its set, and then killed: its set is there until the segment goes, and
 * whoever lists can tell it from the segment's own.
 */
static void a_set_made_in_vain_is_told_from_the_segments_own(void **state)
{
	union semctl_argument argument;
	looked_for look;
	uint32_t kind;
	int set, semaphores = -1;

	(void) state;
	create_segment(&segment, 10);
	assert_true(shmx_guard_find_semaphores(&segment));
	set = make_set(0600 | OURS);
	argument.value = SHMX_SEM_TAG_VALUE + ((segment.id >> 30) & 1);
	assert_int_equal(semctl(set, SHMX_SEM_TAG, SETVAL, argument), 0);
	argument.value = segment.id & 0x7fff;
	assert_int_equal(semctl(set, SHMX_SEM_ID_LOW, SETVAL, argument), 0);
	argument.value = (segment.id >> 15) & 0x7fff;
	assert_int_equal(semctl(set, SHMX_SEM_ID_HIGH, SETVAL, argument), 0);
	look = (looked_for){ .id = segment.id };
	shmx_segment_each(look_for, &look);
	assert_int_equal(look.seen, 2);
	assert_true(shmx_segment_peek(segment.id, &kind, &semaphores));
	assert_int_equal(semaphores, segment.semaphores);
	/* Once the segment is gone, both are swept. */
	shmctl(segment.id, IPC_RMID, NULL);
	shmx_segment_close(&segment);
	assert_int_equal(shmx_segment_sweep(), 2);
	assert_int_equal(semctl(set, 0, GETVAL), -1);
	raw_set = -1;
}

static void a_condemned_set_is_swept(void **state)
{
	union semctl_argument argument = { .value = 1 };

	(void) state;
	make_set(0600 | OURS);
	assert_int_equal(semctl(raw_set, SHMX_SEM_TAG, SETVAL, argument), 0);
	/* Condemned by a sweeper that died before it could remove it: the next one does, however young it is. */
	assert_int_equal(shmx_segment_sweep(), 1);
	raw_set = -1;
}

static unsigned int prepared;

static shmx_status prepare_well(shmx_segment *handle)
{
	prepared++;
	handle->header->root[0] = 42;
	return SHMX_OK;
}

static shmx_status prepare_badly(shmx_segment *handle)
{
	(void) handle;
	prepared++;
	return SHMX_E_FULL;
}

static void a_segment_becomes_one_kind_for_good(void **state)
{
	(void) state;
	prepared = 0;
	create_segment(&segment, 10);
	assert_int_equal(shmx_guard_take(&segment, SECONDS), SHMX_OK);
	assert_int_equal(shmx_segment_become(&segment, SHMX_KIND_QUEUE, prepare_badly), SHMX_E_FULL);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_BLANK);
	assert_int_equal(shmx_segment_become(&segment, SHMX_KIND_QUEUE, prepare_well), SHMX_OK);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_QUEUE);
	assert_int_equal(shmx_segment_become(&segment, SHMX_KIND_QUEUE, prepare_badly), SHMX_OK);
	assert_int_equal(prepared, 2);
	assert_int_equal(shmx_segment_become(&segment, SHMX_KIND_BYTES, prepare_well), SHMX_E_KIND);
	assert_int_equal(shmx_segment_kind(&segment), SHMX_KIND_QUEUE);
	atomic_store(&segment.header->write.kind, 12345);
	assert_int_equal(shmx_segment_kind(&segment), 12345);
	assert_int_equal(shmx_segment_become(&segment, SHMX_KIND_BYTES, NULL), SHMX_E_KIND);
	shmx_guard_release(&segment);
}

static void no_range_overflows(void **state)
{
	shmx_segment handle = { .payload_size = 100 };

	(void) state;
	assert_true(shmx_segment_contains(&handle, 0, 100));
	assert_true(shmx_segment_contains(&handle, 100, 0));
	assert_true(shmx_segment_contains(&handle, 99, 1));
	assert_false(shmx_segment_contains(&handle, 0, 101));
	assert_false(shmx_segment_contains(&handle, 101, 0));
	assert_false(shmx_segment_contains(&handle, 99, 2));
	assert_false(shmx_segment_contains(&handle, 1, UINT64_MAX));
	assert_false(shmx_segment_contains(&handle, UINT64_MAX, 1));
	assert_false(shmx_segment_contains(&handle, UINT64_MAX, UINT64_MAX));
}

static void closing_twice_and_closing_nothing_is_fine(void **state)
{
	shmx_segment never_opened = { 0 };

	(void) state;
	shmx_segment_close(&never_opened);
	create_segment(&segment, 10);
	open_other(&other, &segment, 'w');
	shmx_segment_close(&other);
	shmx_segment_close(&other);
	assert_null(other.header);
	assert_int_equal(shmx_bytes_write(&segment, 0, "x", 1), SHMX_OK);
}

static int delete_and_create(void *context)
{
	key_t key = *(key_t *) context;
	int64_t until = shmx_clock_monotonic() + stress_time();

	while (shmx_clock_monotonic() < until) {
		if (open_key(&other, key, 'c', 64) != SHMX_OK) {
			return 1;
		}
		if (shmx_segment_delete(&other) != SHMX_OK && errno != EINVAL && errno != EIDRM) {
			return 2;
		}
		shmx_segment_close(&other);
	}
	return 0;
}

static void opening_against_a_stream_of_deletions_never_fails(void **state)
{
	key_t key = unused_key();
	pid_t children[3];

	(void) state;
	for (int i = 0; i < 3; i++) {
		children[i] = start_child(delete_and_create, &key);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(WEXITSTATUS(reap(children[i])), 0);
	}
	destroy_key(key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(has_the_size_that_was_asked_for_and_reads_as_zero),
		TEST(is_published_labelled_and_given_its_mode),
		TEST(modes_are_those_of_shmop),
		TEST(private_segments_are_made_and_never_found),
		TEST(a_size_that_overflows_is_refused),
		TEST(foreign_segments_are_refused_and_left_alone),
		TEST(headers_that_cannot_be_are_refused_by_their_own_status),
		TEST(an_identity_scribbled_over_is_noticed_by_every_new_handle),
		TEST(a_new_segment_is_not_taken_for_another_that_was_good),
		TEST(permissions_are_the_kernels),
		TEST(a_read_only_mapping_cannot_be_written_to),
		TEST(who_may_only_read_watches_the_semaphores_and_changes_none),
		TEST(a_segment_without_a_key_is_reached_by_its_id_and_permissions),
		TEST(who_else_may_write_is_asked_of_the_kernel_each_time),
		TEST(a_segment_that_another_user_created_stays_his),
		TEST(a_user_namespace_makes_nobody_of_others_the_same_user),
		TEST(a_kernel_out_of_segments_or_semaphores_leaves_nothing_behind),
		TEST(what_a_creator_left_unfinished_is_finished_by_whoever_opens),
		TEST(what_cannot_be_finished_for_want_of_semaphores_waits_for_the_next),
		TEST(root_makes_the_semaphores_for_whom_the_segment_belongs_to),
		TEST(who_may_not_finish_it_says_so_after_a_while),
		TEST(a_creators_segment_that_it_removes_is_not_finished),
		TEST(after_delete_the_attached_go_on_and_the_key_is_free),
		TEST(a_segment_marked_by_ipcrm_is_deleted_with_its_set),
		TEST(sweeping_takes_orphans_and_nothing_else),
		TEST(sets_of_others_are_swept_by_root_alone),
		TEST(listing_shows_each_segment_once),
		TEST(a_set_whose_segment_is_gone_is_not_listed),
		TEST(a_set_made_in_vain_is_told_from_the_segments_own),
		TEST(a_condemned_set_is_swept),
		TEST(a_segment_becomes_one_kind_for_good),
		TEST(no_range_overflows),
		TEST(closing_twice_and_closing_nothing_is_fine),
		TEST(opening_against_a_stream_of_deletions_never_fails),
	};

	begin_program(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
