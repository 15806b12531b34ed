/*
 * Floor 2: a queue, first in first out, on the log.
 *
 * A message is a record without a key. Sending appends one and publishes head; receiving copies the oldest and passes
 * tail. Each is one store, so a death leaves a message whole in the queue, or not in it at all. Who finds nothing to do
 * sleeps on a semaphore until the other side wakes it; nobody polls.
 */
#ifndef SHMX_QUEUE_H
#define SHMX_QUEUE_H

#include "shmx_log.h"
#include "shmx_segment.h"

/*
 * A message as it comes out. `bytes` begins as memory of the caller's, `capacity` bytes of it, and is replaced by memory
 * from malloc when a message is larger: shmx_message_free() gives that back.
 */
typedef struct {
	uint8_t type; /* the codec's */
	unsigned char *bytes;
	size_t length;
	size_t capacity;
	bool allocated;
} shmx_message;

void shmx_message_free(shmx_message *message);

/* What a message that was refused for good asked for: bytes of log. */
typedef struct {
	uint64_t needed;
	uint64_t available;
} shmx_queue_room;

/*
 * Sends. Without room it waits at most `timeout` nanoseconds (0: not at all; SHMX_WAIT_FOR_EVER). The guard is waited
 * for as long as the segment's lock_timeout says, but not beyond a `timeout` that is not 0. SHMX_E_FULL: the time is over.
 * SHMX_E_TOO_LARGE: it could not be held even alone; `room`, which may be NULL, says why. SHMX_E_DEADLOCK: it would have to
 * wait under a lock of this handle's own. SHMX_E_DELETED: the segment went away under the wait.
 * SHMX_INTERRUPTED: a signal ended the wait. SHMX_E_KIND, SHMX_E_DAMAGED, and what shmx_guard_take() answers.
 */
shmx_status shmx_queue_send(
	shmx_segment *segment, uint8_t type, const void *bytes, size_t length, int64_t timeout, shmx_queue_room *room);

/* Receives the oldest message, waiting as above. SHMX_NO_MESSAGE: the time is over. SHMX_E_FULL: no memory for it. */
shmx_status shmx_queue_receive(shmx_segment *segment, shmx_message *message, int64_t timeout);

typedef struct {
	uint64_t pending;           /* messages sent and not received */
	uint64_t sent;              /* ever */
	uint64_t received;          /* ever */
	uint64_t capacity;          /* bytes of log */
	uint64_t bytes_used;        /* of them */
	uint64_t receivers_waiting; /* asleep at this moment, as the kernel counts them */
	uint64_t senders_waiting;
} shmx_queue_figures;

/* How many messages are sent and not received, without a lock. SHMX_OK, also on a blank segment; SHMX_E_KIND. */
shmx_status shmx_queue_pending(shmx_segment *segment, uint64_t *pending);

/* The figures as they stand, without a lock; takes system calls. SHMX_OK, also on a blank segment; SHMX_E_KIND. */
shmx_status shmx_queue_info(shmx_segment *segment, shmx_queue_figures *figures);

/* Walks the queue under the guard. SHMX_OK, or SHMX_E_DAMAGED with `broken` naming what does not hold. For tests. */
shmx_status shmx_queue_check(shmx_segment *segment, const char **broken);

/* Finishes what a dead sender or receiver began; the kind's recover hook. The guard must be held. Repeatable. */
void shmx_queue_recover(shmx_segment *segment);

/*
 * The root of a queue segment. A record's link holds its message's number, from 1. `intended_head` and `intended_sent`
 * are stored before head is published, `sent` after it: head itself says whether the intent came true. The same for
 * receiving, with tail.
 */
typedef struct {
	shmx_log_root log;
	_Atomic uint64_t sent;
	_Atomic uint64_t intended_head;
	_Atomic uint64_t intended_sent;
	uint64_t reserved_for_sending[5];
	_Atomic uint64_t received;
	_Atomic uint64_t intended_tail;
	_Atomic uint64_t intended_received;
	uint64_t reserved_for_receiving[5];
	_Atomic uint64_t receivers_waiting; /* at least those asleep for whom no post is under way */
	_Atomic uint64_t senders_waiting;   /* that went to sleep since all were woken last */
	_Atomic uint64_t senders_need;      /* the smallest record that one of them wants to append; bytes */
	uint64_t reserved_for_waiting[5];
} shmx_queue_root;

_Static_assert(offsetof(shmx_queue_root, sent) == 192, "format: sent");
_Static_assert(offsetof(shmx_queue_root, received) == 256, "format: received");
_Static_assert(offsetof(shmx_queue_root, receivers_waiting) == 320, "format: waiting");
_Static_assert(sizeof(shmx_queue_root) <= SHMX_ROOT_SIZE, "format: the root fits");

#endif
