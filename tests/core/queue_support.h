/*
 * What the tests of the queue share: messages that carry a number and prove themselves, and a look at who sleeps.
 */
#ifndef SHMX_TESTS_QUEUE_SUPPORT_H
#define SHMX_TESTS_QUEUE_SUPPORT_H

#include "core_support.h"

#include "shmx_guard.h"
#include "shmx_queue.h"

#define SMALLEST_MESSAGE sizeof(uint64_t)

/* Sends `length` bytes (SMALLEST_MESSAGE to 64 KiB) that carry `number`. */
shmx_status send_number(shmx_segment *segment, uint64_t number, size_t length, int64_t timeout);

/* Receives one; `length` may be NULL. Fails the test when the bytes are not those that were sent. */
shmx_status receive_number(shmx_segment *segment, uint64_t *number, size_t *length, int64_t timeout);

/* As receive_number(), for children: 0 stands for a message that is not as it was sent. */
shmx_status receive_any(shmx_segment *segment, uint64_t *number, size_t *length, int64_t timeout);

/* Sends messages with numbers from `first` until one has no room; returns how many. */
uint64_t fill(shmx_segment *segment, uint64_t first, size_t length);

/* How many are asleep, as the kernel says: SHMX_SEM_FILLED or SHMX_SEM_DRAINED. */
int count_sleepers(shmx_segment *segment, int member);

/* Waits until so many are; fails the test when PATIENCE is at its end. */
void await_sleepers(shmx_segment *segment, int member, int count);

/* Fails the test, naming what is broken. */
#define assert_sound_queue(segment) assert_sound_queue_at(segment, __FILE__, __LINE__)
void assert_sound_queue_at(shmx_segment *segment, const char *file, int line);

shmx_queue_root *root_of(const shmx_segment *segment);

#endif
