/*
 * The header of a segment: the only description of what lies where.
 *
 * Every process of the machine that opens the segment reads and writes these bytes, so a change here is a change of
 * SHMX_FORMAT_VERSION, and docs/format.md changes with it. Nothing found here may be trusted: another process may have
 * scribbled over it. Fields that several processes touch are atomics; each sits with the fields that are hot for the same
 * party, and parties do not share a cache line.
 */
#ifndef SHMX_FORMAT_H
#define SHMX_FORMAT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SHMX_FORMAT_VERSION 1u

/* Not text, not the start of any executable, and spoiled by a transfer that changes line ends (as PNG's). */
#define SHMX_MAGIC UINT64_C(0x0a1a0a0d584d4853)

/* Read as another number by a machine of the other byte order. */
#define SHMX_BYTE_ORDER UINT32_C(0x01020304)

/* Two pages: the fields, then the journal's data. The payload begins on a page of its own. */
#define SHMX_HEADER_SIZE 8192u

/* A write up to this size survives its writer's death whole or not at all; a pipe promises the same for PIPE_BUF. */
#define SHMX_JOURNAL_SIZE 4096u

#define SHMX_ROOT_SIZE 3072u
#define SHMX_TORN_RANGES 8u
#define SHMX_CACHE_LINE 64u

/* What the segment is for. The first write decides, for good. */
typedef enum {
	SHMX_KIND_BLANK = 0,
	SHMX_KIND_BYTES = 1,
	SHMX_KIND_VARIABLES = 2,
	SHMX_KIND_QUEUE = 3
} shmx_kind;

/*
 * Written while the segment is made, then constant. Two processes that finish the same segment at once store the same
 * values here; only `published` differs between them, and one compare-and-swap settles it.
 */
typedef struct {
	_Atomic uint64_t magic;
	_Atomic uint32_t version;
	_Atomic uint32_t byte_order;
	_Atomic uint64_t header_size;
	_Atomic uint64_t payload_size;
	_Atomic uint64_t published; /* 0, or the semaphore set and its tokens: shmx_published_pack() */
	_Atomic int64_t created_at; /* seconds since 1970 */
	uint64_t reserved[2];
} shmx_identity;

/*
 * The line that every reader of bytes loads: the sequence number, and what the write that makes it odd is about to do.
 * `stamp` names the odd sequence number that the description belongs to, so an old description needs no clearing.
 */
typedef struct {
	_Atomic uint64_t sequence;   /* odd while a write is under way */
	_Atomic uint32_t kind;       /* shmx_kind */
	_Atomic uint32_t torn_count; /* entries of `torn` that may be in use, counted from the first */
	_Atomic uint64_t stamp;
	_Atomic uint64_t offset; /* bytes into the payload */
	_Atomic uint64_t length; /* at most SHMX_JOURNAL_SIZE: the data is in the journal; more: it is not */
	uint64_t reserved[2];
} shmx_write_line;

/* A range of payload bytes that a dead writer left half-written: [begin, end), unused when begin >= end. */
typedef struct {
	_Atomic uint64_t begin;
	_Atomic uint64_t end;
} shmx_torn_range;

typedef struct {
	_Atomic uint64_t writes;
	_Atomic uint64_t recoveries;
	_Atomic uint64_t torn_writes;  /* large writes whose writer died */
	_Atomic int64_t last_write_at; /* seconds since 1970, 0 before the first */
	uint64_t reserved[4];
} shmx_counters;

typedef struct {
	_Alignas(SHMX_CACHE_LINE) shmx_identity identity;
	_Alignas(SHMX_CACHE_LINE) shmx_write_line write;
	_Alignas(SHMX_CACHE_LINE) _Atomic uint64_t guard; /* shmx_guard.c */
	_Alignas(SHMX_CACHE_LINE) shmx_counters counters;
	_Alignas(SHMX_CACHE_LINE) shmx_torn_range torn[SHMX_TORN_RANGES];
	unsigned char reserved[640];
	_Alignas(SHMX_CACHE_LINE) unsigned char root[SHMX_ROOT_SIZE]; /* the kind's own */
	_Alignas(SHMX_CACHE_LINE) unsigned char journal[SHMX_JOURNAL_SIZE];
} shmx_header;

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free to work between processes");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "32-bit atomics must be lock-free to work between processes");
_Static_assert(sizeof(_Atomic uint64_t) == 8 && sizeof(_Atomic uint32_t) == 4, "an atomic is as large as its value");
_Static_assert(offsetof(shmx_header, identity) == 0, "format: identity");
_Static_assert(offsetof(shmx_identity, version) == 8, "format: version");
_Static_assert(offsetof(shmx_identity, byte_order) == 12, "format: byte order");
_Static_assert(offsetof(shmx_identity, header_size) == 16, "format: header size");
_Static_assert(offsetof(shmx_identity, payload_size) == 24, "format: payload size");
_Static_assert(offsetof(shmx_identity, published) == 32, "format: published");
_Static_assert(offsetof(shmx_identity, created_at) == 40, "format: creation time");
_Static_assert(offsetof(shmx_header, write) == 64, "format: write line");
_Static_assert(offsetof(shmx_write_line, kind) == 8, "format: kind");
_Static_assert(offsetof(shmx_write_line, torn_count) == 12, "format: torn count");
_Static_assert(offsetof(shmx_write_line, stamp) == 16, "format: stamp");
_Static_assert(offsetof(shmx_write_line, offset) == 24, "format: journal offset");
_Static_assert(offsetof(shmx_write_line, length) == 32, "format: journal length");
_Static_assert(offsetof(shmx_header, guard) == 128, "format: guard");
_Static_assert(offsetof(shmx_header, counters) == 192, "format: counters");
_Static_assert(offsetof(shmx_counters, recoveries) == 8, "format: recoveries");
_Static_assert(offsetof(shmx_counters, torn_writes) == 16, "format: torn writes");
_Static_assert(offsetof(shmx_counters, last_write_at) == 24, "format: last write");
_Static_assert(offsetof(shmx_header, torn) == 256, "format: torn ranges");
_Static_assert(offsetof(shmx_header, root) == 1024, "format: root");
_Static_assert(offsetof(shmx_header, journal) == 4096, "format: journal");
_Static_assert(sizeof(shmx_header) == SHMX_HEADER_SIZE, "format: header size");

/*
 * `published` holds what a process must know to take part, in one word so that one compare-and-swap decides between two
 * processes that both made a set: bits 0..30 the semaphore set's id, bit 31 always set, bits 32..47 the tokens in it.
 */
static inline uint64_t shmx_published_pack(int semaphores, uint32_t tokens)
{
	return (uint64_t) (uint32_t) semaphores | UINT64_C(0x80000000) | ((uint64_t) tokens << 32);
}
static inline int shmx_published_semaphores(uint64_t published)
{
	return (int) (published & UINT64_C(0x7fffffff));
}
static inline uint32_t shmx_published_tokens(uint64_t published)
{
	return (uint32_t) (published >> 32) & 0xffffu;
}

/* The semaphore set: what each member is. Tags tell a shmx set, and whose it is, from any other. */
enum {
	SHMX_SEM_GATE = 0,    /* a process that waits for the guard sleeps here; 1 lets one through */
	SHMX_SEM_FILLED = 1,  /* a receiver that waits for a message sleeps here; 1 lets one through */
	SHMX_SEM_DRAINED = 2, /* senders that wait for room sleep here until it is larger than it was */
	SHMX_SEM_TAG = 3,     /* SHMX_SEM_TAG_VALUE, plus one where bit 30 of the segment's id is set */
	SHMX_SEM_ID_LOW = 4,  /* bits 0..14 of the segment's id: a semaphore holds at most 32,767 */
	SHMX_SEM_ID_HIGH = 5, /* bits 15..29 */
	SHMX_SEM_LIVING = 6,  /* how many tokens living processes hold */
	SHMX_SEM_TOKENS = 7   /* token n, from 1, is semaphore SHMX_SEM_TOKENS + n: 1 while a living process holds it */
};
#define SHMX_SEM_FIRST_TOKEN (SHMX_SEM_TOKENS + 1)
#define SHMX_SEM_TAG_VALUE 21320 /* "SH" */

#define SHMX_MAX_TOKENS 32000u       /* Linux's own limit for one set (SEMMSL) */
#define SHMX_TOKEN_ANONYMOUS 0xffffu /* a writer after the semaphores are gone: nobody can tell whether it lives */

#endif
