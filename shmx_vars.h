/*
 * Floor 2: named variables, an index of buckets over the log.
 *
 * Readers take no lock and store nothing into the log; they work through a read-only mapping. Writers take the guard
 * and leave an intent in the header before they change a link or a count, so that whoever inherits the guard finishes
 * what they began by repeating a handful of stores. A variable without a time to live is never dropped; one with a time
 * to live is a cache entry and gives way, oldest first, when room is needed. docs/log.md argues every step.
 *
 * Lengths are in bytes. A key is any bytes, none included, up to SHMX_RECORD_MAX_KEY; two keys are the same when length
 * and bytes are, so a number and its text must be brought to one form before they come here. `hash` is the caller's own
 * hash of the key: only its low 31 bits count, and they are mixed before use.
 */
#ifndef SHMX_VARS_H
#define SHMX_VARS_H

#include "shmx_log.h"
#include "shmx_segment.h"

/*
 * A value's type is the codec's; this floor treats these apart. The first three carry no bytes, the two numbers carry 8,
 * and among types of the same length here a value is replaced in place by one store.
 */
enum {
	SHMX_VALUE_NULL = 1,
	SHMX_VALUE_FALSE = 2,
	SHMX_VALUE_TRUE = 3,
	SHMX_VALUE_INT = 4,
	SHMX_VALUE_FLOAT = 5
};

/* Time to live, in seconds. */
#define SHMX_TTL_PERMANENT INT64_C(0)
#define SHMX_TTL_EVICTABLE INT64_MAX /* never expires, may be dropped */

typedef struct {
	uint8_t type;      /* 1 to 255 */
	const void *bytes; /* may be NULL when length is 0; outside the segment */
	size_t length;
} shmx_value;

/* A key as every call takes it. */
typedef struct {
	const void *bytes; /* may be NULL when length is 0 */
	size_t length;
	uint64_t hash;
} shmx_key;

/* What a put that was refused for room asked for. */
typedef struct {
	uint64_t needed;    /* bytes that the record takes */
	uint64_t available; /* bytes that such a record could take */
} shmx_room;

/*
 * A variable as a reader found it. `bytes` points into the log: what is read there counts only if
 * shmx_vars_still_valid() says so afterwards. `type`, `length` and `number` were loaded once and are consistent.
 */
typedef struct {
	uint8_t type;
	const unsigned char *bytes;
	size_t length;
	uint64_t number; /* the value of an INT or FLOAT, loaded in one piece; else 0 */
	uint64_t offset; /* of the record: with `number` and `type` the proof that nothing was stored since */
} shmx_found;

/*
 * Stores a value under a key, replacing what is there, or with `only_if_absent` only if nothing is. `ttl` is in seconds
 * and not negative. A value of the same scalar kind with the same expiry is replaced in place, everything else by a new
 * record. Returns SHMX_OK; SHMX_NOT_FOUND when `only_if_absent` found a variable and left it; SHMX_E_FULL, SHMX_E_TOO_LARGE
 * (no such record could ever be stored here) with `room` filled, if it is not NULL, and nothing changed; SHMX_E_KIND,
 * SHMX_E_DAMAGED, and what shmx_guard_take() answers. Takes the guard.
 */
shmx_status shmx_vars_put(shmx_segment *segment, const shmx_key *key, const shmx_value *value, int64_t ttl,
	bool only_if_absent, shmx_room *room);

/*
 * Finds a variable, without a lock. SHMX_OK, SHMX_NOT_FOUND, SHMX_E_KIND, SHMX_E_DAMAGED; SHMX_E_TIMEOUT only if writers
 * got in the way several times in a row for as long as the segment's lock_timeout, or many thousand times. Counts a hit or
 * a miss and remembers that the variable was read, unless the mapping is read-only.
 */
shmx_status shmx_vars_find(shmx_segment *segment, const shmx_key *key, shmx_found *found);

/* Whether what was read through found->bytes was the found value throughout. If not, find again. */
bool shmx_vars_still_valid(const shmx_segment *segment, const shmx_found *found);

/*
 * Compare-and-swap: the caller has compared; this replaces the value if nothing at all was stored under the key since
 * `found` was, and keeps the expiry. SHMX_OK; SHMX_NOT_FOUND when something was, or the variable is gone, or its record
 * was moved (find and compare again); otherwise as shmx_vars_put(). Takes the guard.
 */
shmx_status shmx_vars_replace_if(
	shmx_segment *segment, const shmx_key *key, const shmx_found *found, const shmx_value *value, shmx_room *room);

/*
 * Adds `step` to an INT, whose expiry stays; makes it with the value `step` and `ttl` if it is absent. `result` is the
 * new value. SHMX_E_TYPE, nothing changed: it is no INT, and `result` is 0; or the sum is none, and `result` is the value
 * as it stands, which then is not 0. Otherwise as shmx_vars_put(). Takes the guard.
 */
shmx_status shmx_vars_increment(
	shmx_segment *segment, const shmx_key *key, int64_t step, int64_t ttl, int64_t *result, shmx_room *room);

/* SHMX_OK, SHMX_NOT_FOUND, SHMX_E_KIND, SHMX_E_DAMAGED, and what shmx_guard_take() answers. Takes the guard. */
shmx_status shmx_vars_remove(shmx_segment *segment, const shmx_key *key);

/*
 * Removes every variable in a bounded time that does not depend on their number. A segment in which damage was found is
 * laid out anew, which takes time for every bucket, and is usable again. Statuses as above. Takes the guard.
 */
shmx_status shmx_vars_clear(shmx_segment *segment);

/*
 * A walk over the keys, without a lock. Zero the cursor to begin. Each variable that is there all the while is met at
 * least once, one that is stored or moved meanwhile perhaps twice: `doubles` says whether that may have been.
 */
typedef struct {
	uint64_t next;  /* where to look next; 0 before the first */
	uint64_t end;   /* where to stop */
	uint64_t limit; /* what `end` may grow to while writers go on */
	uint64_t work;  /* bytes of records walked over; also bounds the keys */
	int64_t now;
	bool doubles; /* whether a key may have been met twice, and the caller should look */
} shmx_vars_cursor;

/*
 * Copies the next key into `key`, which has room for SHMX_RECORD_MAX_KEY bytes. SHMX_OK; SHMX_NOT_FOUND at the end;
 * SHMX_E_KIND; SHMX_E_DAMAGED; SHMX_E_TIMEOUT when writers kept overtaking the walk: take the guard around it.
 */
shmx_status shmx_vars_next(shmx_segment *segment, shmx_vars_cursor *cursor, unsigned char *key, size_t *length);

typedef struct {
	uint64_t entries;  /* those included whose time is over and that nobody has met since */
	uint64_t capacity; /* bytes of log */
	uint64_t buckets;
	uint64_t bytes_used;      /* bytes of log between tail and head */
	uint64_t bytes_live;      /* those of them that belong to variables */
	uint64_t permanent_bytes; /* those of them that are never dropped */
	uint64_t hits;
	uint64_t misses;
	uint64_t evictions;     /* dropped for room before their time */
	uint64_t second_rounds; /* spared because they were read */
	uint64_t expired;       /* dropped or replaced after their time */
	uint64_t moved_bytes;   /* copied from tail to head */
} shmx_vars_figures;

/* The figures as they stand, without a lock: each is right, together they may be of different moments. */
shmx_status shmx_vars_info(shmx_segment *segment, shmx_vars_figures *figures);

/*
 * Walks everything under the guard and verifies that it is as a writer leaves it. SHMX_OK, or SHMX_E_DAMAGED with
 * `broken` naming the first invariant that does not hold. For tests; time for every bucket and every record.
 */
shmx_status shmx_vars_check(shmx_segment *segment, const char **broken);

/* Finishes what a dead writer began; the kind's recover hook. The guard must be held. Bounded time; repeatable. */
void shmx_vars_recover(shmx_segment *segment);

/* Nanoseconds of a clock that nobody sets and that counts suspended time. Tests may put their own here. */
extern int64_t (*shmx_vars_clock)(void);

/*
 * The root of a variables segment, in shmx_header.root: the log's words, then what writers alone touch, then what readers
 * count in.
 */

enum {
	SHMX_VARS_ENTRIES,
	SHMX_VARS_LIVE_BYTES,
	SHMX_VARS_PERMANENT_BYTES,
	SHMX_VARS_LARGEST, /* 1 + the highest size class that holds a permanent record; 0 without any */
	SHMX_VARS_MOVED_BYTES,
	SHMX_VARS_EVICTIONS,
	SHMX_VARS_SECOND_ROUNDS,
	SHMX_VARS_EXPIRED,
	SHMX_VARS_COUNTS
};

/*
 * What the guard's owner is about to change, complete enough to be done again: absolute values, no differences. A place
 * is the distance of a word from the start of the payload, or SHMX_VARS_NO_PLACE.
 */
typedef struct {
	_Atomic uint64_t task; /* SHMX_VARS_TASK_... */
	_Atomic uint64_t head;
	_Atomic uint64_t lap_end;
	_Atomic uint64_t tail;
	_Atomic uint64_t link_place; /* the bucket */
	_Atomic uint64_t link_value;
	_Atomic uint64_t unlink_place; /* the word that led to the record replaced or removed */
	_Atomic uint64_t unlink_value;
	_Atomic uint64_t mark_place; /* that record's form */
	_Atomic uint64_t mark_value;
	_Atomic uint64_t smaller_class; /* the size class of permanent records that loses one, and its new count */
	_Atomic uint64_t smaller_count;
	_Atomic uint64_t larger_class; /* the one that gains one */
	_Atomic uint64_t larger_count;
	_Atomic uint64_t counts[SHMX_VARS_COUNTS];
	uint64_t reserved[2];
} shmx_vars_intent;

enum {
	SHMX_VARS_TASK_NONE = 0, /* nothing to repeat */
	SHMX_VARS_TASK_CHANGE = 1,
	SHMX_VARS_TASK_CLEAR = 2, /* a change, and no size class holds anything */
	SHMX_VARS_TASK_RESET = 3  /* a clear, and every bucket is emptied */
};

#define SHMX_VARS_NO_PLACE UINT64_MAX

/* Permanent records are counted by size, eight classes to each doubling: the largest tells how much room moving needs. */
#define SHMX_VARS_CLASSES 416u

/* Readers count hits and misses here, each processor in a line of its own. */
#define SHMX_VARS_STRIPES 8u

typedef struct {
	_Atomic uint64_t hits;
	_Atomic uint64_t misses;
	uint64_t reserved[6];
} shmx_vars_stripe;

typedef struct {
	shmx_log_root log;
	_Atomic uint64_t counts[SHMX_VARS_COUNTS];
	shmx_vars_intent intent;
	_Atomic uint64_t damaged; /* a writer has met what cannot be */
	_Atomic uint64_t credit;  /* bytes that may be moved as second rounds */
	uint64_t reserved[6];
	shmx_vars_stripe stripes[SHMX_VARS_STRIPES];
	_Atomic uint32_t classes[SHMX_VARS_CLASSES];
} shmx_vars_root;

_Static_assert(offsetof(shmx_vars_root, counts) == 192, "format: counts");
_Static_assert(offsetof(shmx_vars_root, intent) == 256, "format: intent");
_Static_assert(sizeof(shmx_vars_intent) == 192, "format: size of the intent");
_Static_assert(offsetof(shmx_vars_root, damaged) == 448, "format: damaged");
_Static_assert(offsetof(shmx_vars_root, stripes) == 512, "format: stripes");
_Static_assert(offsetof(shmx_vars_root, classes) == 1024, "format: size classes");
_Static_assert(sizeof(shmx_vars_root) <= SHMX_ROOT_SIZE, "format: the root fits");

/*
 * The index, at the start of the payload. One line holds seven buckets and their touched bits, so that a look-up costs one
 * cache miss for the index. A bucket is the offset of its newest record; below tail means none. A touched bit says that a
 * cache entry of that bucket was read: readers set it and may lose it, for it is a hint.
 */
#define SHMX_VARS_GROUP_BUCKETS 7u

typedef struct {
	_Atomic uint64_t bucket[SHMX_VARS_GROUP_BUCKETS];
	_Atomic unsigned char touched[8]; /* by bucket; the last is unused */
} shmx_vars_group;

_Static_assert(sizeof(shmx_vars_group) == SHMX_CACHE_LINE, "format: a group is a line");

/* One group for each so many bytes of payload: a bucket to 64 bytes of log, an eighth of the payload in all. */
#define SHMX_VARS_BYTES_PER_GROUP 512u

#endif
