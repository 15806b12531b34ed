/*
 * Floor 0: the guard, which serialises the writers of a segment and outlives any of them.
 *
 * The lock is one word in the segment, taken by a compare-and-swap. What the kernel alone can know, who is still alive,
 * is in the semaphores: each writing handle holds a *token*, a semaphore that the kernel takes back when its process
 * dies. A waiter that finds the owner's token back at zero takes the guard over and repairs. docs/concurrency.md argues
 * every step.
 */
#ifndef SHMX_GUARD_H
#define SHMX_GUARD_H

#include "shmx_segment.h"

#define SHMX_WAIT_FOR_EVER INT64_C(-1)

/*
 * Takes the guard, waiting at most `timeout` nanoseconds (0: not at all; SHMX_WAIT_FOR_EVER). Nested takes by the same
 * handle count. Repairs first what a dead owner left. Errors: SHMX_E_READ_ONLY, SHMX_E_TIMEOUT, SHMX_E_WRITERS,
 * SHMX_E_DEADLOCK, SHMX_E_DAMAGED, SHMX_INTERRUPTED; SHMX_E_DELETED where a wait without an end has waited for one holding
 * for the segment's lock_timeout and the semaphores are gone, which would tell whether its owner lives.
 */
shmx_status shmx_guard_take(shmx_segment *segment, int64_t timeout);

/* Gives one take back; the last one frees the guard and wakes a waiter. */
void shmx_guard_release(shmx_segment *segment);

/* Whether this handle, in this process, holds the guard. */
bool shmx_guard_held(const shmx_segment *segment);

/*
 * For readers: whether nobody else holds the guard, alive or dead. Of every work under the guard that the caller has seen a
 * part of by an acquire load before, it then sees the whole.
 */
bool shmx_guard_at_rest(const shmx_segment *segment);

/*
 * For readers: whether the guard is held by somebody who is dead, or by nobody. False where that cannot be known. Takes
 * a system call.
 */
bool shmx_guard_abandoned(shmx_segment *segment);

/* Gives everything back: the guard, the token. For closing. */
void shmx_guard_forget(shmx_segment *segment);

/* Verifies that the set named in the header is this segment's own; fills segment->semaphores. */
bool shmx_guard_find_semaphores(shmx_segment *segment);

/* Whether segment->semaphores is this segment's own at this moment: for who would remove it. */
bool shmx_guard_verify_semaphores(shmx_segment *segment);

/*
 * The set's id for a sleep or a post, -1 when there is none. When a segment has been deleted, its set's id will be another
 * set's some day, so the set is asked whose it is when that was last done 0.1 s ago. (Until an id comes back, the kernel
 * gives out 65,536 others, and since Linux 5.2 some 4 million: that takes longer.)
 */
int shmx_guard_semaphores(shmx_segment *segment);

/*
 * What an error of a call on the semaphores means to who cannot go on without them. A process that has changed its user may
 * not be allowed what it was allowed when it opened the segment: SHMX_E_WRITERS. Else they are gone: SHMX_E_DELETED.
 */
shmx_status shmx_guard_refusal(int error);

/* semop(2) that a signal does not end. */
struct sembuf;
int shmx_guard_operate(int semaphores, struct sembuf *operations, size_t count);

/* How many tokens living processes hold, and how many there are; false when the set is gone. */
bool shmx_guard_tokens(shmx_segment *segment, uint32_t *in_use, uint32_t *total);

/* Counts forks, so that a handle copied into a child knows that its token stayed with the parent. */
extern unsigned long shmx_fork_generation;
/*
 * Has forks counted from now on; more calls do nothing. False when that cannot be had: a child would take its parent's locks
 * for its own. To be called before there are threads; shmx_segment_open() calls it for those who have none.
 */
bool shmx_guard_watch_forks(void);

#endif
