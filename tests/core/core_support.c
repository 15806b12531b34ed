/*
 * See core_support.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core_support.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shmx_bytes.h"
#include "shmx_guard.h"
#include "shmx_kind.h"

static bool isolated;
static pid_t program;

static key_t first_key;
static key_t last_key;

static void remove_set(int segment_id, int semaphores, const struct shmid_ds *status, void *context)
{
	(void) status;
	if (segment_id == *(int *) context) {
		semctl(semaphores, 0, IPC_RMID);
	}
}

void destroy_key(key_t key)
{
	int id = shmget(key, 0, 0);

	if (id != -1) {
		shmx_segment_each(remove_set, &id);
		shmctl(id, IPC_RMID, NULL);
	}
}

static void remove_everything(void)
{
	if (getpid() != program) {
		return;
	}
	for (key_t key = first_key; key < last_key; key++) {
		destroy_key(key);
	}
	shmx_segment_sweep();
}

static void end_program(int number)
{
	static const char message[] = "\nBail out! The test program took too long, or was told to end\n";

	if (getpid() == program) {
		if (write(STDOUT_FILENO, message, sizeof(message) - 1) < 0) {
			_exit(97);
		}
		remove_everything();
	}
	_exit(96 + (number == SIGALRM));
}

bool begin_program(unsigned int limit)
{
	struct sigaction action = { .sa_handler = end_program };

	program = getpid();
	isolated = unshare(CLONE_NEWIPC) == 0;
	first_key = last_key = 0x53480000 + (key_t) (program & 0xff) * 0x10000;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	alarm((limit + (unsigned int) (stress_time() / SECONDS) * 5) * (unsigned int) slowness());
	atexit(remove_everything);
	shmx_guard_watch_forks();
	return isolated;
}

bool program_is_isolated(void)
{
	return isolated;
}

key_t unused_key(void)
{
	do {
		last_key++;
	} while (shmget(last_key - 1, 0, 0) != -1 || errno != ENOENT);
	return last_key - 1;
}

shmx_open_options options_for(key_t key, char mode, size_t size)
{
	return (shmx_open_options){
		.key = key,
		.mode = mode,
		.permissions = 0600,
		.size = size,
		.tokens = 63,
		.lock_timeout = 10 * SECONDS * slowness(),
		.recover = shmx_kind_recover,
	};
}

void create_segment(shmx_segment *segment, size_t size)
{
	shmx_open_options options = options_for(unused_key(), 'n', size);

	assert_int_equal(shmx_segment_open(segment, &options), SHMX_OK);
}

void open_other(shmx_segment *segment, const shmx_segment *other, char mode)
{
	shmx_open_options options = options_for(other->key, mode, 0);

	assert_int_equal(shmx_segment_open(segment, &options), SHMX_OK);
	assert_int_equal(segment->id, other->id);
}

void destroy_segment(shmx_segment *segment)
{
	if (segment->header != NULL) {
		destroy_key(segment->key);
		shmx_segment_close(segment);
	}
}

int segments_in_kernel(void)
{
	struct shm_info info;

	return shmctl(0, SHM_INFO, (struct shmid_ds *) &info) == -1 ? -1 : info.used_ids;
}

int sets_in_kernel(void)
{
	struct seminfo info;
	union semctl_argument argument = { .info = &info };

	return semctl(0, 0, SEM_INFO, argument) == -1 ? -1 : info.semusz;
}

pid_t start_child(child_body body, void *context)
{
	pid_t parent = getpid();
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent) {
			_exit(98);
		}
		_exit(body(context));
	}
	assert_true(child > 0);
	return child;
}

int reap(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) == -1) {
		assert_int_equal(errno, EINTR);
	}
	return status;
}

void kill_child(pid_t child)
{
	kill(child, SIGKILL);
	reap(child);
}

void await_stop(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
}

bool exited_well(int wait_status)
{
	return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

bool await_value(const _Atomic int *word, int value)
{
	int64_t begun = shmx_clock_monotonic();

	while (atomic_load((_Atomic int *) word) != value) {
		if (shmx_clock_monotonic() - begun > PATIENCE) {
			return false;
		}
		sched_yield();
	}
	return true;
}

bool await_more(const _Atomic uint64_t *word, uint64_t least)
{
	int64_t begun = shmx_clock_monotonic();

	while (atomic_load((_Atomic uint64_t *) word) <= least) {
		if (shmx_clock_monotonic() - begun > PATIENCE) {
			return false;
		}
		sleep_for(MILLISECONDS);
	}
	return true;
}

void sleep_for(int64_t nanoseconds)
{
	struct timespec pause = { .tv_sec = nanoseconds / SECONDS, .tv_nsec = (long) (nanoseconds % SECONDS) };

	while (nanosleep(&pause, &pause) == -1 && errno == EINTR) {
	}
}

/* xorshift64*: the same numbers each time. */
uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

unsigned long number_from(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text != NULL && *text != '\0' ? strtoul(text, NULL, 10) : otherwise;
}

int slowness(void)
{
#ifdef SHMX_COVERAGE
	return 4;
#else
	const char *preloaded = getenv("LD_PRELOAD");

	return (int) number_from(
		"SHMX_TEST_SLOWNESS", preloaded != NULL && strstr(preloaded, "vgpreload") != NULL ? 20 : 1);
#endif
}

int64_t stress_time(void)
{
	return (int64_t) number_from("SHMX_TEST_STRESS", 600) * MILLISECONDS;
}

void fill_pattern(unsigned char *bytes, size_t length, uint32_t seed)
{
	for (size_t i = 0; i < length; i++) {
		bytes[i] = (unsigned char) ((i * 7 + 1) ^ (seed * UINT32_C(2654435761) >> ((i & 3) * 8)));
	}
}

uint32_t guard_owner(const shmx_segment *segment)
{
	return (uint32_t) atomic_load(&segment->header->guard) & 0xffff;
}

void assert_at_rest(shmx_segment *segment)
{
	unsigned short values[SHMX_SEM_FIRST_TOKEN + 4096];
	union semctl_argument argument = { .values = values };
	uint32_t in_use, total;

	assert_int_equal(guard_owner(segment), 0);
	assert_int_equal(atomic_load(&segment->header->write.sequence) & 1, 0);
	assert_true(shmx_guard_tokens(segment, &in_use, &total));
	assert_true(total <= 4096);
	assert_int_equal(semctl(segment->semaphores, 0, GETALL, argument), 0);
	assert_int_equal(values[SHMX_SEM_TAG], SHMX_SEM_TAG_VALUE + ((segment->id >> 30) & 1));
	assert_int_equal(values[SHMX_SEM_ID_LOW], segment->id & 0x7fff);
	assert_int_equal(values[SHMX_SEM_ID_HIGH], (segment->id >> 15) & 0x7fff);
	assert_int_equal(values[SHMX_SEM_LIVING], in_use);
	assert_int_equal(values[SHMX_SEM_TOKENS], 0);
	for (uint32_t token = 1; token <= total; token++) {
		assert_true(values[SHMX_SEM_TOKENS + token] <= 1);
	}
}

void forge_write(shmx_segment *segment, uint64_t offset, const unsigned char *from, uint64_t length, uint64_t copied)
{
	shmx_write_line *line = &segment->header->write;
	uint64_t odd = atomic_load(&line->sequence) + 1;

	if (length <= SHMX_JOURNAL_SIZE) {
		memcpy(segment->header->journal, from, length);
	}
	atomic_store(&line->offset, offset);
	atomic_store(&line->length, length);
	atomic_store(&line->stamp, odd);
	atomic_store(&line->sequence, odd);
	memcpy(segment->payload + offset, from, copied);
}

typedef struct {
	shmx_segment handle;
	uint64_t offset, length, copied;
	const unsigned char *from;
} forged;

static int forge_and_die(void *context)
{
	forged *write = context;
	shmx_segment *segment = &write->handle;

	if (shmx_guard_take(segment, SECONDS) != SHMX_OK
		|| shmx_segment_become(segment, SHMX_KIND_BYTES, NULL) != SHMX_OK) {
		return 1;
	}
	forge_write(segment, write->offset, write->from, write->length, write->copied);
	raise(SIGKILL);
	return 2;
}

void die_in_write(
	const shmx_segment *segment, uint64_t offset, const unsigned char *from, uint64_t length, uint64_t copied)
{
	forged write = { .handle = *segment, .offset = offset, .length = length, .copied = copied, .from = from };
	int status = reap(start_child(forge_and_die, &write));

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

size_t check_labels(const char *source, bool (*was_met)(const char *label))
{
	static const char here[] = __FILE__;
	char text[4096];
	size_t count = 0;
	bool all = true;
	FILE *file;

	snprintf(text, sizeof(text), "%.*s%s", (int) (sizeof(here) - sizeof("tests/core/core_support.c")), here, source);
	file = fopen(text, "r");
	if (file == NULL) {
		fail_msg("%s is not to be found from here", source);
	}
	while (fgets(text, sizeof(text), file) != NULL) {
		char *label = strstr(text, "SHMX_CRASH_POINT(\"");

		if (label == NULL) {
			continue;
		}
		label += strlen("SHMX_CRASH_POINT(\"");
		*strchr(label, '"') = '\0';
		count++;
		if (!was_met(label)) {
			print_error("nobody died at \"%s\" in %s\n", label, source);
			all = false;
		}
	}
	fclose(file);
	assert_true(all);
	return count;
}
