/*
 * Floor 1: raw bytes that are never read torn.
 */
#ifndef SHMX_BYTES_H
#define SHMX_BYTES_H

#include "shmx_segment.h"

/* A range of the payload that a dead writer left half-written, as a reader met it. */
typedef struct {
	bool found;
	uint64_t begin; /* bytes into the payload */
	uint64_t end;   /* one past the last */
} shmx_torn;

/*
 * Copies [offset, offset + length) into `into`, all of one moment: no write is seen in part. The range must lie in the
 * payload. `torn` tells of the first torn range that the bytes touch. Takes no lock unless writers keep getting in the
 * way for long, and then only through a handle that may write. Errors: SHMX_E_KIND, SHMX_E_DAMAGED, SHMX_E_TIMEOUT.
 */
shmx_status shmx_bytes_read(shmx_segment *segment, uint64_t offset, void *into, size_t length, shmx_torn *torn);

/*
 * Writes [offset, offset + length), which must lie in the payload, under the guard. Up to SHMX_JOURNAL_SIZE bytes it is
 * all or nothing whatever dies; beyond that a death leaves the range marked as torn. Errors: those of shmx_guard_take(),
 * SHMX_E_KIND.
 */
shmx_status shmx_bytes_write(shmx_segment *segment, uint64_t offset, const void *from, size_t length);

/* Finishes or marks what a dead writer began. The guard must be held. */
void shmx_bytes_recover(shmx_segment *segment);

/* Writes since the segment was made: each moves the sequence number by two. */
static inline uint64_t shmx_bytes_writes(const shmx_segment *segment)
{
	return atomic_load_explicit(&segment->header->write.sequence, memory_order_relaxed) / 2;
}

/* The torn ranges as they stand, at most SHMX_TORN_RANGES; returns how many. */
size_t shmx_bytes_torn_ranges(shmx_segment *segment, shmx_torn ranges[SHMX_TORN_RANGES]);

#endif
