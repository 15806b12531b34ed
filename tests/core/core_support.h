/*
 * What the tests of floors 0 and 1 share: System V objects that vanish whatever happens to the test, children that end
 * with their parent, clocks, and a look at the header as a dead process would have left it.
 */
#ifndef SHMX_TESTS_CORE_SUPPORT_H
#define SHMX_TESTS_CORE_SUPPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <sys/types.h>

#include "shmx_segment.h"

#define MILLISECONDS INT64_C(1000000)
#define SECONDS INT64_C(1000000000)

/*
 * Nobody's death holds anybody else up for longer. In truth that is some milliseconds, and a storm asks for 250; but a machine
 * that is busy keeps a process from its processor for a second and more, which proves nothing. What is to be found costs
 * two seconds at least: a lost wake-up in the queue (SHMX_QUEUE_SLEEP), a creator that is waited for
 * (SHMX_CREATOR_TIMEOUT); or a lock timeout, which is longer.
 */
#define LONGEST_STALL (1500 * MILLISECONDS * slowness())

/* Where much is done one after the other: so many that took longer than LONGEST_STALL had no processor, or may have. */
#define LATE_BY_CHANCE 2

/* How long to wait for what must come, late or not, so that a test comes to an end. */
#define PATIENCE (30 * SECONDS * slowness())

/*
 * 1, or 20 under valgrind, which also lets one thread run at a time and as long as it likes, or 4 where every process
 * writes its counts to files when it ends. SHMX_TEST_SLOWNESS says it where a program cannot find out, under an emulator
 * for one.
 */
int slowness(void);

union semctl_argument {
	int value;
	struct semid_ds *status;
	unsigned short *values;
	struct seminfo *info;
};

/*
 * First thing in main(): an IPC namespace of its own where that is permitted, a limit in seconds for the whole program,
 * removal of all that is left at exit. Tells whether the namespace is its own.
 */
bool begin_program(unsigned int limit);
bool program_is_isolated(void);

/* A key that nothing has; what is made under it goes at exit at the latest. */
key_t unused_key(void);

/* The mode and size, all permissions for the owner, 63 tokens, a lock timeout of 10 s, recovery by kind. */
shmx_open_options options_for(key_t key, char mode, size_t size);

/* Makes a segment under a key of its own; asserts that it works. */
void create_segment(shmx_segment *segment, size_t size);
/* One more handle, with 'a' or 'w', on the segment that this one has. */
void open_other(shmx_segment *segment, const shmx_segment *other, char mode);
/* Removes the segment and its set, closes. Fine after shmx_segment_delete(), and on a closed handle. */
void destroy_segment(shmx_segment *segment);
/* By key, for tests that have no handle. */
void destroy_key(key_t key);

/* How many of them the whole namespace has; only where it is the program's own. */
int segments_in_kernel(void);
int sets_in_kernel(void);

/* A process that ends with its parent. `body` returns the exit status. */
typedef int (*child_body)(void *context);
pid_t start_child(child_body body, void *context);
/* The wait status of its end. */
int reap(pid_t child);
/* SIGKILL, and waits until it is gone. */
void kill_child(pid_t child);
/* Waits until the child has stopped itself. */
void await_stop(pid_t child);
bool exited_well(int wait_status);

/* Zeroed memory that forked children share. */
void *shared_memory(size_t size);

/* Waits until the word has the value; false when PATIENCE is at its end. */
bool await_value(const _Atomic int *word, int value);
/* The same, for a number that grows: until it is larger than that. */
bool await_more(const _Atomic uint64_t *word, uint64_t least);

void sleep_for(int64_t nanoseconds);
uint64_t next_random(uint64_t *state);
/* How long a test that looks for races goes on: SHMX_TEST_STRESS in milliseconds, or 600. */
int64_t stress_time(void);
unsigned long number_from(const char *variable, unsigned long otherwise);

/* Bytes that tell which writing they come from: every position depends on `seed`. */
void fill_pattern(unsigned char *bytes, size_t length, uint32_t seed);

uint32_t guard_owner(const shmx_segment *segment);
/* Nobody has the guard, nobody is in a write, the set is as it should be: gate 0 or more, tags, no token above 1. */
void assert_at_rest(shmx_segment *segment);

/*
 * What a writer leaves that was killed after `copied` bytes of its write of [offset, offset + length). The guard must be
 * this handle's.
 */
void forge_write(shmx_segment *segment, uint64_t offset, const unsigned char *from, uint64_t length, uint64_t copied);

/* A child that takes the guard, forges that, and dies by SIGKILL. */
void die_in_write(
	const shmx_segment *segment, uint64_t offset, const unsigned char *from, uint64_t length, uint64_t copied);

/* Asserts of every crash point in a source that somebody died there. Returns how many the source has. */
size_t check_labels(const char *source, bool (*was_met)(const char *label));

#endif
