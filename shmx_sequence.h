/*
 * The sequence protocol: how a reader without a lock knows that no write touched what it copied.
 *
 * The number is odd while a write is under way. A reader loads it, copies, loads it again: equal means that the copy is
 * of one moment. Only the guard's owner stores it. (The protocol is the seqlock of Linux; the wording of the four steps
 * follows Concurrency Kit's ck_sequence. That readers may use the journal to read *through* an odd number is shmx's.)
 */
#ifndef SHMX_SEQUENCE_H
#define SHMX_SEQUENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Acquire: the copy that follows must not be taken before this load. Pairs with the release in write_end. */
static inline uint64_t shmx_sequence_read_begin(const _Atomic uint64_t *sequence)
{
	return atomic_load_explicit((_Atomic uint64_t *) sequence, memory_order_acquire);
}

/* The fence keeps the copy before the second load; it pairs with the fence in write_begin. */
static inline bool shmx_sequence_read_valid(const _Atomic uint64_t *sequence, uint64_t begun_at)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit((_Atomic uint64_t *) sequence, memory_order_relaxed) == begun_at;
}

/*
 * Release: who sees the odd number sees the description of the write that was stored before it. The fence keeps every
 * store of the write after the odd number: a reader that sees new bytes sees a new number too.
 */
static inline void shmx_sequence_write_begin(_Atomic uint64_t *sequence, uint64_t odd)
{
	atomic_store_explicit(sequence, odd, memory_order_release);
	atomic_thread_fence(memory_order_release);
}

/* Release: whoever sees the even number sees the whole write. Pairs with the acquire in read_begin. */
static inline void shmx_sequence_write_end(_Atomic uint64_t *sequence, uint64_t odd)
{
	atomic_store_explicit(sequence, odd + 1, memory_order_release);
}

#endif
