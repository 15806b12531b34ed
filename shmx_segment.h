/*
 * Floor 0: a System V segment with a shmx header, attached to this process.
 *
 * Plain C: no PHP. A shmx_segment is one handle; two handles on the same segment, in one process or two, know nothing of
 * each other but what stands in the segment. A handle is used by one thread at a time.
 */
#ifndef SHMX_SEGMENT_H
#define SHMX_SEGMENT_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/types.h>

#include "shmx_format.h"
#include "shmx_status.h"

typedef struct shmx_segment shmx_segment;

/* What the floors above do when a dead writer's guard is inherited; see shmx_kind.h. Called with the guard held. */
typedef void (*shmx_recover_hook)(shmx_segment *segment);

/* True when a signal's handler is waiting to run and a wait should end with SHMX_INTERRUPTED. */
typedef bool (*shmx_interrupt_check)(void);

struct shmx_segment {
	shmx_header *header; /* NULL: closed */
	unsigned char *payload;
	size_t payload_size; /* from the kernel's size, never from the header */
	int id;              /* the kernel's id of the segment */
	key_t key;
	bool read_only; /* attached with SHM_RDONLY: a store would fault */
	bool checked;   /* this handle has seen a valid identity: shmx_segment_check() */

	/* The guard's part: shmx_guard.c alone changes these. */
	int semaphores;                /* the set's id once it is verified, else -1 */
	int64_t semaphores_seen;       /* when it was last looked at whose set that is: CLOCK_MONOTONIC, ns */
	uint32_t token;                /* 0: none claimed yet */
	uint32_t depth;                /* nested takes of the guard by this handle */
	uint32_t explicit_depth;       /* how many of them are shmx_lock() calls */
	uint64_t guard_word;           /* the word this handle put into the guard, while depth > 0 */
	unsigned long fork_generation; /* the process that `token` and `depth` belong to */
	pthread_t thread;              /* whose handle this is: set with the token */
	shmx_segment *next_claimed;    /* this process's handles that hold a token */
	shmx_segment **claimed_link;   /* the pointer that points here; NULL while not in the list */

	/* Set by whoever opens, may be changed between calls. */
	int64_t lock_timeout; /* nanoseconds an implicit take of the guard may wait */
	shmx_recover_hook recover;
	shmx_interrupt_check interrupted; /* may be NULL */
};

typedef struct {
	key_t key;
	char mode;            /* 'a', 'w', 'c' or 'n', as ext/shmop */
	int permissions;      /* only the low nine bits count */
	size_t size;          /* bytes of payload wanted; 0 with 'a' and 'w' means any */
	uint32_t tokens;      /* writers at once, if this call creates: 1 to SHMX_MAX_TOKENS */
	int64_t lock_timeout; /* nanoseconds */
	shmx_recover_hook recover;
	shmx_interrupt_check interrupted;
} shmx_open_options;

/*
 * Opens or creates. On anything but SHMX_OK `segment` is closed, errno is set where the status names a system call, and
 * nothing that this call made is left in the kernel, unless others were opening it at that time: then a segment may be left
 * that the next opener of no greater size finishes.
 */
shmx_status shmx_segment_open(shmx_segment *segment, const shmx_open_options *options);

/* Gives the token back, releases the guard if it is held, detaches. Fine on a closed handle. */
void shmx_segment_close(shmx_segment *segment);

/*
 * Marks the segment for removal and removes its semaphore set. Who is attached may go on; see shmx_guard.h. What a dead
 * writer left is repaired before, if this handle may write. SHMX_OK, or SHMX_E_REMOVE with errno.
 */
shmx_status shmx_segment_delete(shmx_segment *segment);

/* Verifies the identity once for each handle. SHMX_OK or SHMX_E_DAMAGED. Every floor-1 call begins with it. */
shmx_status shmx_segment_check_slow(shmx_segment *segment);
static inline shmx_status shmx_segment_check(shmx_segment *segment)
{
	return segment->checked ? SHMX_OK : shmx_segment_check_slow(segment);
}

/* The kind as stored now; a number that is no kind comes out as it stands. */
static inline uint32_t shmx_segment_kind(const shmx_segment *segment)
{
	return atomic_load_explicit(&segment->header->write.kind, memory_order_acquire);
}

/*
 * Makes sure that the segment is of `kind`, turning a blank one into it. The guard must be held. `prepare`, if any, runs
 * on a blank segment before the kind is published and lays out what the kind needs; it must be repeatable, since its
 * process may die in it.
 */
shmx_status shmx_segment_become(shmx_segment *segment, shmx_kind kind, shmx_status (*prepare)(shmx_segment *segment));

/* Whether [offset, offset + length) lies in the payload; no sum can overflow. */
static inline bool shmx_segment_contains(const shmx_segment *segment, uint64_t offset, uint64_t length)
{
	return offset <= segment->payload_size && length <= segment->payload_size - offset;
}

/* What the kernel says of the segment. SHMX_OK or SHMX_E_STAT. */
shmx_status shmx_segment_stat(const shmx_segment *segment, struct shmid_ds *status);

/*
 * Whether a user other than this process's effective one and root may write to the segment, as the kernel has it now: its
 * owner or its creator, who may change the permissions too, its group, or everybody. True where the kernel does not say.
 */
bool shmx_segment_has_foreign_writers(const shmx_segment *segment);

/* Seconds since 1970, good to a few milliseconds, and cheap. */
int64_t shmx_clock_wall_seconds(void);
/* Nanoseconds of a clock that nobody can set. */
int64_t shmx_clock_monotonic(void);

/* Counts a write for the figures people see. The guard must be held; relaxed, for nobody acts on them. */
static inline void shmx_segment_note_write(shmx_segment *segment)
{
	shmx_counters *counters = &segment->header->counters;
	uint64_t writes = atomic_load_explicit(&counters->writes, memory_order_relaxed);

	atomic_store_explicit(&counters->writes, writes + 1, memory_order_relaxed);
	atomic_store_explicit(&counters->last_write_at, shmx_clock_wall_seconds(), memory_order_relaxed);
}

/*
 * Calls `visit` for each shmx segment of this IPC namespace that this process may look at: those whose semaphore set it
 * may read. Returns how many there were.
 */
typedef void (*shmx_segment_visitor)(int segment_id, int semaphores, const struct shmid_ds *status, void *context);
size_t shmx_segment_each(shmx_segment_visitor visit, void *context);

/*
 * The kind and the semaphore set of a segment that is not open here. False where this process may not read it, or shmx
 * did not make it.
 */
bool shmx_segment_peek(int segment_id, uint32_t *kind, int *semaphores);

/* Removes semaphore sets whose segment is gone, and sets that a process died over while making them. Returns how many. */
size_t shmx_segment_sweep(void);

#endif
