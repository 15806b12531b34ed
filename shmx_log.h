/*
 * Floor 1: the log, a ring of typed records that serves variables and queue alike.
 *
 * Records are written beyond `head` and given up from `tail`; the bytes between are the live window. An *offset* is
 * logical: the lap counts in its high bits, the position in the ring stands in its low ones, so offsets only grow, no
 * division is needed, and nothing is ever mistaken for something older. A record never straddles the end of the ring: a
 * lap ends early, at `lap_end`, and the next record opens the next lap.
 *
 * Everything here but shmx_log_passed() and the reading of records needs the guard. What a record means, who links it
 * and who may be moved is the business of the floor above. docs/log.md argues every order of stores.
 */
#ifndef SHMX_LOG_H
#define SHMX_LOG_H

#include <stdbool.h>
#include <string.h>

#include "shmx_format.h"

/*
 * What stands before a record's key. `name` holds what two keys must share to be the same, so that one comparison
 * refuses almost every other; `form` holds what must be known before the value is touched. The key follows, then the
 * value, each padded to a multiple of 8.
 */
typedef struct {
	_Atomic uint64_t link;  /* the floor above: variables chain the next older record of the bucket here */
	_Atomic int64_t expiry; /* the floor above: nanoseconds of CLOCK_BOOTTIME, or its own special values */
	_Atomic uint64_t name;  /* the key's length << 32 | its hash */
	_Atomic uint64_t form;  /* the value's length << 16 | flags << 8 | type */
} shmx_record;

#define SHMX_RECORD_HEADER ((uint64_t) sizeof(shmx_record))
#define SHMX_RECORD_DEAD UINT64_C(0x0100) /* flag: out of use; only its space is still taken */
#define SHMX_RECORD_MAX_KEY UINT64_C(65536)
#define SHMX_RECORD_MAX_VALUE ((UINT64_C(1) << 47) - 1)

_Static_assert(sizeof(shmx_record) == 32, "format: record header");
_Static_assert(offsetof(shmx_record, expiry) == 8, "format: expiry");
_Static_assert(offsetof(shmx_record, name) == 16, "format: name");
_Static_assert(offsetof(shmx_record, form) == 24, "format: form");

/*
 * The log's words in the header. Readers load `tail` for every record they look at, so it shares neither its line nor
 * the line's neighbour (processors fetch lines in pairs) with what writers store at every append.
 */
typedef struct {
	_Atomic uint64_t tail; /* the oldest record that still stands */
	uint64_t reserved_for_tail[15];
	_Atomic uint64_t head;    /* where the newest record ends */
	_Atomic uint64_t lap_end; /* where the records of the lap before head's end; else meaningless */
	uint64_t reserved_for_head[6];
} shmx_log_root;

_Static_assert(offsetof(shmx_log_root, tail) == 0, "format: tail");
_Static_assert(offsetof(shmx_log_root, head) == 128, "format: head");
_Static_assert(offsetof(shmx_log_root, lap_end) == 136, "format: end of the lap");
_Static_assert(sizeof(shmx_log_root) == 192, "format: log root");

/* Where a log lies. Made anew for each call from sizes that the kernel vouches for, never from the segment's words. */
typedef struct {
	shmx_log_root *root;
	unsigned char *base;
	uint64_t size; /* bytes of ring, a multiple of 8 */
	uint64_t mask; /* of an offset's position bits; larger than `size`, so that position `size` is one too */
} shmx_log;

/* The window as a writer sees it: loaded and checked once, changed locally, then published. */
typedef struct {
	uint64_t tail;
	uint64_t head;
	uint64_t lap_end; /* with tail and head in different laps: where tail's lap ends */
} shmx_log_window;

#define SHMX_LOG_NOWHERE UINT64_MAX

/* The view of a log whose ring is the `bytes` at `base` (aligned to 8; at most 2^47; less than 8 hold nothing). */
static inline void shmx_log_view(shmx_log *log, shmx_log_root *root, unsigned char *base, uint64_t bytes)
{
	log->root = root;
	log->base = base;
	log->size = bytes & ~UINT64_C(7);
	log->mask = (UINT64_C(2) << (63 - __builtin_clzll(log->size | 7))) - 1;
}

static inline uint64_t shmx_log_position(const shmx_log *log, uint64_t offset)
{
	return offset & log->mask;
}

/* The first offset of the lap after `offset`'s. */
static inline uint64_t shmx_log_next_lap(const shmx_log *log, uint64_t offset)
{
	return (offset | log->mask) + 1;
}

/* The first offset a log ever uses. Everything below it, and so zeroed memory, is below tail. */
static inline uint64_t shmx_log_first(const shmx_log *log)
{
	return log->mask + 1;
}

/*
 * No window reaches further, and so no offset ever wraps: what stands beyond was scribbled. A lap is at most twice the
 * ring, and none is begun for less than a sixteenth of it, so it takes 2^58 bytes of records to come here.
 */
#define SHMX_LOG_LAST (UINT64_MAX / 2)

/* Whether a record may have a key and a value of these lengths, in bytes. */
static inline bool shmx_record_may_hold(uint64_t key_length, uint64_t value_length)
{
	return key_length <= SHMX_RECORD_MAX_KEY && value_length <= SHMX_RECORD_MAX_VALUE;
}

/* Bytes of ring that a record takes. shmx_record_may_hold() must say that there may be such a record. */
static inline uint64_t shmx_record_size(uint64_t key_length, uint64_t value_length)
{
	return SHMX_RECORD_HEADER + ((key_length + 7) & ~UINT64_C(7)) + ((value_length + 7) & ~UINT64_C(7));
}

static inline uint64_t shmx_record_name(uint64_t key_length, uint32_t hash)
{
	return key_length << 32 | hash;
}
static inline uint64_t shmx_record_form(uint8_t type, uint64_t value_length)
{
	return value_length << 16 | type;
}
static inline uint64_t shmx_record_key_length(uint64_t name)
{
	return name >> 32;
}
static inline uint32_t shmx_record_hash(uint64_t name)
{
	return (uint32_t) name;
}
static inline uint64_t shmx_record_value_length(uint64_t form)
{
	return form >> 16;
}
static inline uint8_t shmx_record_type(uint64_t form)
{
	return (uint8_t) form;
}

static inline unsigned char *shmx_record_key(shmx_record *record)
{
	return (unsigned char *) record + SHMX_RECORD_HEADER;
}
static inline unsigned char *shmx_record_value(shmx_record *record, uint64_t key_length)
{
	return (unsigned char *) record + SHMX_RECORD_HEADER + ((key_length + 7) & ~UINT64_C(7));
}

/* The record at `offset`, or NULL where no record header can stand. Whether one does, the caller must know. */
static inline shmx_record *shmx_log_at(const shmx_log *log, uint64_t offset)
{
	uint64_t position = offset & log->mask;

	if ((position & 7) != 0 || position > log->size || log->size - position < SHMX_RECORD_HEADER) {
		return NULL;
	}
	return (shmx_record *) (void *) (log->base + position);
}

/*
 * The size of a record at `offset` that claims this name and form, or 0 when no record of that size can stand there.
 * After it, key and value may be touched.
 */
static inline uint64_t shmx_log_claimed_size(const shmx_log *log, uint64_t offset, uint64_t name, uint64_t form)
{
	uint64_t key_length = shmx_record_key_length(name);
	uint64_t value_length = shmx_record_value_length(form);
	uint64_t size;

	if (!shmx_record_may_hold(key_length, value_length)) {
		return 0;
	}
	size = shmx_record_size(key_length, value_length);
	return size <= log->size - (offset & log->mask) ? size : 0;
}

/*
 * For a reader without a lock: whether tail has passed `offset`, so that what was read there may be another record's.
 * The fence keeps the reads before the load; it pairs with those in shmx_log_pass() and before a record is written.
 */
static inline bool shmx_log_passed(const shmx_log *log, uint64_t offset)
{
	atomic_thread_fence(memory_order_acquire);
	return offset < atomic_load_explicit(&log->root->tail, memory_order_relaxed);
}

/* Makes an empty log of zeroed memory. Repeatable while nothing was appended. */
void shmx_log_prepare(const shmx_log *log);

/* Loads the window. False when it cannot be one, and the segment is damaged. */
bool shmx_log_load(const shmx_log *log, shmx_log_window *window);

static inline bool shmx_log_wrapped(const shmx_log *log, const shmx_log_window *window)
{
	return (window->head & ~log->mask) != (window->tail & ~log->mask);
}

/* The offset at which the records of tail's lap end. */
static inline uint64_t shmx_log_end_of_tail_lap(const shmx_log *log, const shmx_log_window *window)
{
	return shmx_log_wrapped(log, window) ? window->lap_end : window->head;
}

/* Bytes that the window's records take. */
static inline uint64_t shmx_log_used(const shmx_log *log, const shmx_log_window *window)
{
	uint64_t used = shmx_log_end_of_tail_lap(log, window) - window->tail;

	return shmx_log_wrapped(log, window) ? used + shmx_log_position(log, window->head) : used;
}

/* Bytes at the end of tail's lap that nothing can use before tail has passed them. */
static inline uint64_t shmx_log_lost(const shmx_log *log, const shmx_log_window *window)
{
	return shmx_log_wrapped(log, window) ? log->size - shmx_log_position(log, window->lap_end) : 0;
}

/* Where the next record of `size` bytes goes, or SHMX_LOG_NOWHERE. `size` is what shmx_record_size() says. */
static inline uint64_t shmx_log_place(const shmx_log *log, const shmx_log_window *window, uint64_t size)
{
	uint64_t head_position = shmx_log_position(log, window->head);
	uint64_t tail_position = shmx_log_position(log, window->tail);

	if (shmx_log_wrapped(log, window)) {
		return tail_position - head_position >= size ? window->head : SHMX_LOG_NOWHERE;
	}
	if (log->size - head_position >= size) {
		return window->head;
	}
	return tail_position >= size ? shmx_log_next_lap(log, window->head) : SHMX_LOG_NOWHERE;
}

/* Counts a record written at `offset`, which shmx_log_place() named, into the window. Local. */
static inline void shmx_log_extend(const shmx_log *log, shmx_log_window *window, uint64_t offset, uint64_t size)
{
	if ((offset & ~log->mask) != (window->head & ~log->mask)) {
		window->lap_end = window->head;
	}
	window->head = offset + size;
	if (window->tail == window->lap_end && shmx_log_wrapped(log, window)) {
		window->tail = shmx_log_next_lap(log, window->tail);
	}
}

/* Where the record after the one of `size` bytes at `offset` begins: head, when that was the newest. */
static inline uint64_t shmx_log_after(
	const shmx_log *log, const shmx_log_window *window, uint64_t offset, uint64_t size)
{
	uint64_t next = offset + size;

	if (next == window->lap_end && (window->head & ~log->mask) != (offset & ~log->mask)) {
		return shmx_log_next_lap(log, offset);
	}
	return next;
}

/*
 * The size of a record at `offset`, an offset of the window, that claims this name and form; 0 when no such record can
 * stand there, and the segment is damaged.
 */
static inline uint64_t shmx_log_size_of(
	const shmx_log *log, const shmx_log_window *window, uint64_t offset, uint64_t name, uint64_t form)
{
	uint64_t end = (offset & ~log->mask) == (window->head & ~log->mask) ? window->head : window->lap_end;
	uint64_t size;

	if (shmx_log_at(log, offset) == NULL || offset >= end) {
		return 0;
	}
	size = shmx_log_claimed_size(log, offset, name, form);
	return size <= end - offset ? size : 0;
}

/* The same for what stands at `offset` now. Whoever needs name or form as well loads them itself, once. */
static inline uint64_t shmx_log_size_at(const shmx_log *log, const shmx_log_window *window, uint64_t offset)
{
	shmx_record *record = shmx_log_at(log, offset);

	if (record == NULL) {
		return 0;
	}
	return shmx_log_size_of(log, window, offset, atomic_load_explicit(&record->name, memory_order_relaxed),
		atomic_load_explicit(&record->form, memory_order_relaxed));
}

/*
 * An empty window is taken to the start of a lap, where the most room is. Local. Not for every record: each time costs a
 * lap of offsets. And not in one publication with a tail that comes from the lap before: `lap_end` is that lap's until tail
 * is out of it.
 */
void shmx_log_rewind(const shmx_log *log, shmx_log_window *window);

/*
 * Writes a record where shmx_log_place() said. Nobody can see it before head is published and something links it: a
 * death in here leaves nothing. `value` may be NULL when `value_length` is 0, and so may `key`.
 */
void shmx_log_write(const shmx_log *log, uint64_t offset, uint64_t link, int64_t expiry, uint64_t name, uint64_t form,
	const void *key, const void *value);

/* Copies the `size` bytes of a whole record at `from` to `offset`, where shmx_log_place() said, with another link. */
void shmx_log_copy(const shmx_log *log, uint64_t offset, uint64_t from, uint64_t size, uint64_t link);

/* Publishes the window's head. One store decides; the store of lap_end before it means nothing until then. */
void shmx_log_publish(const shmx_log *log, const shmx_log_window *window);

/* Publishes the window's tail: only after it may the bytes below be written again. */
void shmx_log_pass(const shmx_log *log, const shmx_log_window *window);

#endif
