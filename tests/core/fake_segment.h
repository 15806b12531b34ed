/*
 * Memory of this process's own in place of a segment, exactly as large as it is, so that sanitizers know where it ends.
 * Its guard is held for ever, so no word of it makes anybody wait. For the C tests and the fuzzers.
 */
#ifndef SHMX_TESTS_FAKE_SEGMENT_H
#define SHMX_TESTS_FAKE_SEGMENT_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shmx_guard.h"

/* A header of zeroes and so many bytes of payload behind it. free() them. */
static inline shmx_header *make_fake_memory(size_t payload)
{
	void *memory;

	/* Not aligned_alloc, which wants a rounded size. */
	if (posix_memalign(&memory, SHMX_CACHE_LINE, SHMX_HEADER_SIZE + payload) != 0) {
		abort();
	}
	memset(memory, 0, SHMX_HEADER_SIZE + payload);
	return memory;
}

static inline void make_fake_segment(shmx_segment *segment, size_t payload)
{
	memset(segment, 0, sizeof(*segment));
	segment->header = make_fake_memory(payload);
	segment->payload = (unsigned char *) segment->header + SHMX_HEADER_SIZE;
	segment->payload_size = payload;
	segment->checked = true;
	segment->semaphores = -1;
	segment->token = 1;
	segment->depth = 1;
	segment->fork_generation = shmx_fork_generation;
	segment->thread = pthread_self();
}

#endif
