/*
 * What a reader without a lock does to bytes that a writer may be storing at that very moment: it copies them, compares
 * them, loads words of them, and throws away what it got if the sequence number or tail moved.
 *
 * By C's rules that is a race, and it is meant. A race detector must be told, and is told here and nowhere else: under
 * ThreadSanitizer these accesses are left out of what it watches, so what they race with is not reported, and everything
 * else is. Elsewhere they are memcpy, memcmp and an atomic load, and nothing is left of this file.
 *
 * Where a test knows that nothing is stored over what is read, it sets shmx_racing_watched. Then they are accesses like
 * all others, and a missing release or acquire is found.
 */
#ifndef SHMX_RACING_H
#define SHMX_RACING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_THREAD__)
#define SHMX_UNWATCHED __attribute__((no_sanitize("thread"), noinline, unused))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
/* clang's no_sanitize leaves atomics watched. */
#define SHMX_UNWATCHED __attribute__((disable_sanitizer_instrumentation, noinline, unused))
#endif
#endif

#ifdef SHMX_UNWATCHED

/* One for the whole program. Set before the threads begin. */
__attribute__((weak)) bool shmx_racing_watched;

/* By bytes, and volatile, so that no compiler makes a call of it: memcpy and memcmp are watched wherever they are called. */
SHMX_UNWATCHED static void shmx_unwatched_copy(void *into, const void *from, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		((unsigned char *) into)[i] = ((const volatile unsigned char *) from)[i];
	}
}

SHMX_UNWATCHED static bool shmx_unwatched_equal(const void *racing, const void *own, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (((const volatile unsigned char *) racing)[i] != ((const unsigned char *) own)[i]) {
			return false;
		}
	}
	return true;
}

/* With the strongest order that a load of racing bytes has. */
SHMX_UNWATCHED static uint64_t shmx_unwatched_load(const void *word)
{
	return atomic_load_explicit((_Atomic uint64_t *) word, memory_order_acquire);
}

#define SHMX_RACING_LOAD(word, order) \
	(shmx_racing_watched ? atomic_load_explicit(word, order) : (__typeof__(*(word) + 0)) shmx_unwatched_load(word))

#else

#define SHMX_RACING_LOAD(word, order) atomic_load_explicit(word, order)

#endif

static inline void shmx_racing_copy(void *into, const void *from, size_t length)
{
#ifdef SHMX_UNWATCHED
	if (!shmx_racing_watched) {
		shmx_unwatched_copy(into, from, length);
		return;
	}
#endif
	memcpy(into, from, length);
}

/* Whether the bytes at `racing` are those at `own`, which nobody else stores to. */
static inline bool shmx_racing_equal(const void *racing, const void *own, size_t length)
{
#ifdef SHMX_UNWATCHED
	if (!shmx_racing_watched) {
		return shmx_unwatched_equal(racing, own, length);
	}
#endif
	return memcmp(racing, own, length) == 0;
}

#endif
