/*
 * Floor 1: raw bytes.
 *
 * Writers hold the guard and make the sequence number odd while they store. Readers take no lock: they copy and look
 * whether the number moved.
 *
 * A write of up to SHMX_JOURNAL_SIZE bytes goes into the journal first. Once `stamp` names the odd number it is going to
 * use, the write is committed: whoever meets it unfinished can finish it, and a reader that finds the number odd reads
 * through it, taking the written range from the journal and the rest from the payload, neither of which changes while
 * the number stands. So a reader never waits for a small write, whether its writer lives or not.
 *
 * A larger write is only announced. A reader of other bytes reads past it; a reader of these bytes waits. If its writer
 * dies, the range is torn, and stays in the table of torn ranges until writes have covered it.
 *
 * Nothing here allocates, and no offset or length from the segment is used before it is checked against the mapping.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shmx_bytes.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#include "shmx_crash.h"
#include "shmx_guard.h"
#include "shmx_racing.h"
#include "shmx_sequence.h"

/* Rounds of a reader that keeps losing: first at once, then giving the processor away, then asleep. Nanoseconds. */
#define SHMX_READ_SPINS 64
#define SHMX_READ_YIELDS 256
#define SHMX_READ_PAUSE 50000
/* How long a reader loses before it queues at the guard, where it may. */
#define SHMX_READ_QUEUE INT64_C(100000)
/* How long it queues before it looks again: the guard may be held by somebody who does not write at all. */
#define SHMX_READ_QUEUED INT64_C(10000000)
/* How long one sequence number must stand before a reader asks whether its writer lives: nanoseconds. */
#define SHMX_READ_PATIENCE INT64_C(5000000)

/* Half-open, in bytes into the payload. */
typedef struct {
	uint64_t begin;
	uint64_t end;
} range;

static inline bool ranges_meet(range a, range b)
{
	return a.begin < b.end && b.begin < a.end;
}

static inline bool range_is_empty(range a)
{
	return a.begin >= a.end;
}

/*
 * The end first: who takes an entry into use stores its end last, and who gives it up stores its end as 0. Acquire, paired
 * with the releases in store_torn() and cover_torn_entry(): a reader that sees an entry shortened finds the rest of it
 * when it looks through the table once more. What a scribbler put beyond the payload is cut off: nobody could read or
 * write those bytes, and no write would ever clear them.
 */
static range load_torn(const shmx_segment *segment, const shmx_torn_range *entry)
{
	uint64_t end = atomic_load_explicit((_Atomic uint64_t *) &entry->end, memory_order_acquire);

	return (range){
		atomic_load_explicit((_Atomic uint64_t *) &entry->begin, memory_order_acquire),
		end < segment->payload_size ? end : segment->payload_size,
	};
}

static uint32_t torn_count(const shmx_segment *segment)
{
	uint32_t count = atomic_load_explicit(&segment->header->write.torn_count, memory_order_relaxed);

	return count < SHMX_TORN_RANGES ? count : SHMX_TORN_RANGES;
}

static void report_torn(shmx_torn *torn, range found)
{
	/* Of a payload without a byte none is torn. */
	if (!torn->found && !range_is_empty(found)) {
		torn->found = true;
		torn->begin = found.begin;
		torn->end = found.end;
	}
}

/* Notes the first torn range that `wanted` touches outside `covered`, which is being written at this moment. */
static void find_torn(const shmx_segment *segment, range wanted, range covered, shmx_torn *torn)
{
	uint32_t count = torn_count(segment);

	for (uint32_t i = 0; i < count; i++) {
		range entry = load_torn(segment, &segment->header->torn[i]);
		range before = { entry.begin, entry.end < covered.begin ? entry.end : covered.begin };
		range after = { entry.begin > covered.end ? entry.begin : covered.end, entry.end };

		if (range_is_empty(entry)) {
			continue;
		}
		if (range_is_empty(covered) ? ranges_meet(entry, wanted)
									: (!range_is_empty(before) && ranges_meet(before, wanted))
					|| (!range_is_empty(after) && ranges_meet(after, wanted))) {
			report_torn(torn, entry);
		}
	}
}

/*
 * The table is changed one word at a time, in an order that leaves no byte of a torn range uncovered after any store,
 * and every change can be done twice: recovery does it again.
 */
static void store_torn(shmx_torn_range *entry, range value)
{
	atomic_store_explicit(&entry->end, 0, memory_order_relaxed);
	SHMX_CRASH_POINT("torn: entry emptied");
	atomic_store_explicit(&entry->begin, value.begin, memory_order_release);
	SHMX_CRASH_POINT("torn: begin stored");
	atomic_store_explicit(&entry->end, value.end, memory_order_release);
	SHMX_CRASH_POINT("torn: end stored");
}

static shmx_torn_range *free_torn_entry(shmx_segment *segment)
{
	uint32_t count = torn_count(segment);

	for (uint32_t i = 0; i < count; i++) {
		if (range_is_empty(load_torn(segment, &segment->header->torn[i]))) {
			return &segment->header->torn[i];
		}
	}
	if (count == SHMX_TORN_RANGES) {
		return NULL;
	}
	atomic_store_explicit(&segment->header->write.torn_count, count + 1, memory_order_relaxed);
	SHMX_CRASH_POINT("torn: table lengthened");
	return &segment->header->torn[count];
}

static shmx_torn_range *find_torn_entry(shmx_segment *segment, range wanted)
{
	uint32_t count = torn_count(segment);

	for (uint32_t i = 0; i < count; i++) {
		range entry = load_torn(segment, &segment->header->torn[i]);

		if (entry.begin == wanted.begin && entry.end == wanted.end) {
			return &segment->header->torn[i];
		}
	}
	return NULL;
}

static bool is_in_torn(const shmx_segment *segment, range wanted)
{
	uint32_t count = torn_count(segment);

	for (uint32_t i = 0; i < count; i++) {
		range entry = load_torn(segment, &segment->header->torn[i]);

		if (entry.begin <= wanted.begin && wanted.end <= entry.end) {
			return true;
		}
	}
	return false;
}

/* Puts a range into the table; where that is full, the first entry grows to take it in, and what lies between. */
static void add_torn(shmx_segment *segment, range added)
{
	shmx_torn_range *entry;
	range grown;

	if (is_in_torn(segment, added)) {
		return;
	}
	entry = free_torn_entry(segment);
	if (entry != NULL) {
		store_torn(entry, added);
		return;
	}
	entry = &segment->header->torn[0];
	grown = load_torn(segment, entry);
	if (added.begin < grown.begin) {
		atomic_store_explicit(&entry->begin, added.begin, memory_order_relaxed);
	}
	SHMX_CRASH_POINT("torn: grown downwards");
	if (added.end > grown.end) {
		atomic_store_explicit(&entry->end, added.end, memory_order_relaxed);
	}
	SHMX_CRASH_POINT("torn: grown upwards");
}

static void cover_torn_entry(shmx_segment *segment, shmx_torn_range *entry, range written)
{
	range torn = load_torn(segment, entry);

	if (range_is_empty(torn) || !ranges_meet(torn, written)) {
		return;
	}
	if (written.begin <= torn.begin && torn.end <= written.end) {
		atomic_store_explicit(&entry->end, 0, memory_order_relaxed);
		return;
	}
	if (written.begin <= torn.begin) {
		atomic_store_explicit(&entry->begin, written.end, memory_order_relaxed);
		return;
	}
	if (written.end < torn.end) {
		range rest = { written.end, torn.end };
		shmx_torn_range *free_entry = find_torn_entry(segment, rest);

		/* A recoverer finds the rest that a dead one has put there already. */
		if (free_entry == NULL) {
			free_entry = free_torn_entry(segment);
			/* No room for two pieces: it stays in one, and warns of more than it must. */
			if (free_entry == NULL) {
				return;
			}
			store_torn(free_entry, rest);
		}
		SHMX_CRASH_POINT("torn: split");
	}
	/* Release: who sees it shortened sees the rest. */
	atomic_store_explicit(&entry->end, written.begin, memory_order_release);
}

/* Takes what was just written out of the table, and shortens the table when its last entries are unused. */
static void cover_torn(shmx_segment *segment, range written)
{
	uint32_t count;

	for (uint32_t i = 0; i < torn_count(segment); i++) {
		cover_torn_entry(segment, &segment->header->torn[i], written);
		SHMX_CRASH_POINT("torn: covered");
	}
	count = torn_count(segment);
	while (count > 0 && range_is_empty(load_torn(segment, &segment->header->torn[count - 1]))) {
		count--;
	}
	atomic_store_explicit(&segment->header->write.torn_count, count, memory_order_relaxed);
	SHMX_CRASH_POINT("torn: table shortened");
}

size_t shmx_bytes_torn_ranges(shmx_segment *segment, shmx_torn ranges[SHMX_TORN_RANGES])
{
	uint32_t count = torn_count(segment);
	size_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		range entry = load_torn(segment, &segment->header->torn[i]);

		if (!range_is_empty(entry)) {
			ranges[found++] = (shmx_torn){ true, entry.begin, entry.end };
		}
	}
	return found;
}

/* Copies the part of `written` that lies in `wanted` from the journal over what was copied from the payload. */
static void overlay(const shmx_segment *segment, range wanted, range written, unsigned char *into)
{
	range common = {
		wanted.begin > written.begin ? wanted.begin : written.begin,
		wanted.end < written.end ? wanted.end : written.end,
	};

	if (!range_is_empty(common)) {
		shmx_racing_copy(into + (common.begin - wanted.begin),
			segment->header->journal + (common.begin - written.begin), common.end - common.begin);
	}
}

/* The write that `odd` belongs to. False when it is not described, or described as something that cannot be. */
static bool load_write(const shmx_segment *segment, uint64_t odd, range *written)
{
	shmx_write_line *line = &segment->header->write;
	uint64_t offset, length;

	/* Acquire: pairs with the release of the stamp, so offset, length and journal are those of this write. */
	if (atomic_load_explicit(&line->stamp, memory_order_acquire) != odd) {
		return false;
	}
	offset = atomic_load_explicit(&line->offset, memory_order_relaxed);
	length = atomic_load_explicit(&line->length, memory_order_relaxed);
	if (!shmx_segment_contains(segment, offset, length)) {
		return false;
	}
	*written = (range){ offset, offset + length };
	return true;
}

/* The number is odd: reads through or past the write under way. False when the bytes must wait for it. */
static bool read_through(shmx_segment *segment, uint64_t odd, range wanted, unsigned char *into, shmx_torn *torn)
{
	range written;
	bool journaled;

	if (!load_write(segment, odd, &written)) {
		return false;
	}
	journaled = written.end - written.begin <= SHMX_JOURNAL_SIZE;
	if (!journaled && ranges_meet(wanted, written)) {
		return false;
	}
	shmx_racing_copy(into, segment->payload + wanted.begin, wanted.end - wanted.begin);
	if (journaled) {
		overlay(segment, wanted, written, into);
	}
	torn->found = false;
	if (torn_count(segment) > 0) {
		find_torn(segment, wanted, written, torn);
		if (!torn->found) {
			/* The writer may be splitting a range. It adds before it takes away, so the second look finds what it moved. */
			find_torn(segment, wanted, written, torn);
		}
	}
	return shmx_sequence_read_valid(&segment->header->write.sequence, odd);
}

/* One try. `seen` is the number it was made under. */
static inline bool try_read(shmx_segment *segment, range wanted, unsigned char *into, shmx_torn *torn, uint64_t *seen)
{
	uint64_t number = shmx_sequence_read_begin(&segment->header->write.sequence);

	*seen = number;
	if (number & 1) {
		return read_through(segment, number, wanted, into, torn);
	}
	shmx_racing_copy(into, segment->payload + wanted.begin, wanted.end - wanted.begin);
	torn->found = false;
	if (torn_count(segment) > 0) {
		find_torn(segment, wanted, (range){ 0, 0 }, torn);
	}
	return shmx_sequence_read_valid(&segment->header->write.sequence, number);
}

/* As the guard's owner: nobody writes. */
static shmx_status read_guarded(shmx_segment *segment, range wanted, unsigned char *into, shmx_torn *torn)
{
	uint64_t seen;

	/* Another kind's header is none of our business to repair. */
	if (shmx_segment_kind(segment) > SHMX_KIND_BYTES) {
		return SHMX_E_KIND;
	}
	/* A free guard with a write under way is what a scribbler leaves. */
	shmx_bytes_recover(segment);
	return try_read(segment, wanted, into, torn, &seen) ? SHMX_OK : SHMX_E_DAMAGED;
}

/*
 * A dead writer's large write stands in the way of a handle that may not repair: the bytes as they are, told as torn.
 * False when the number moved, so that somebody else has repaired.
 */
static bool read_abandoned(shmx_segment *segment, uint64_t odd, range wanted, unsigned char *into, shmx_torn *torn)
{
	range written;

	shmx_racing_copy(into, segment->payload + wanted.begin, wanted.end - wanted.begin);
	torn->found = false;
	if (load_write(segment, odd, &written)) {
		report_torn(torn, written);
	} else {
		/* Nothing says what was being written, so anything may be torn. */
		report_torn(torn, (range){ 0, segment->payload_size });
	}
	return shmx_sequence_read_valid(&segment->header->write.sequence, odd);
}

/* Waits the longer the more rounds were lost. */
static void back_off(unsigned int round)
{
	struct timespec pause = { .tv_sec = 0, .tv_nsec = SHMX_READ_PAUSE };

	if (round < SHMX_READ_SPINS) {
		return;
	}
	if (round < SHMX_READ_YIELDS) {
		sched_yield();
	} else {
		nanosleep(&pause, NULL);
	}
}

/* Waits for the guard. False when it was not to be had, and `*status` says why not. */
static bool read_queued(
	shmx_segment *segment, int64_t timeout, range wanted, unsigned char *into, shmx_torn *torn, shmx_status *status)
{
	*status = shmx_guard_take(segment, timeout);
	if (*status != SHMX_OK) {
		return false;
	}
	*status = read_guarded(segment, wanted, into, torn);
	shmx_guard_release(segment);
	return true;
}

/* The time is over, and it may have been none: what a dead writer left is no reason to give up. */
static shmx_status read_at_last(
	shmx_segment *segment, uint64_t seen, range wanted, unsigned char *into, shmx_torn *torn)
{
	shmx_status status;

	/* A handle that may not write is refused the guard. */
	if (read_queued(segment, 0, wanted, into, torn, &status)) {
		return status;
	}
	if ((seen & 1) && shmx_guard_abandoned(segment) && read_abandoned(segment, seen, wanted, into, torn)) {
		return SHMX_OK;
	}
	return SHMX_E_TIMEOUT;
}

static shmx_status read_slowly(shmx_segment *segment, range wanted, unsigned char *into, shmx_torn *torn)
{
	int64_t now = shmx_clock_monotonic();
	int64_t deadline = now + segment->lock_timeout;
	int64_t losing_since = now;
	int64_t standing_since = now;
	uint64_t standing = 0;
	bool may_queue = !segment->read_only;

	for (unsigned int round = 0;; round++) {
		uint64_t seen;

		if (try_read(segment, wanted, into, torn, &seen)) {
			return SHMX_OK;
		}
		if (may_queue && now - losing_since > SHMX_READ_QUEUE) {
			shmx_status status;

			if (read_queued(segment, SHMX_READ_QUEUED, wanted, into, torn, &status)) {
				return status;
			}
			/* Anything but time, for want of a token say: goes on without. */
			may_queue = status == SHMX_E_TIMEOUT;
			losing_since = shmx_clock_monotonic();
		}
		back_off(round);
		now = shmx_clock_monotonic();
		if (seen != standing) {
			standing = seen;
			standing_since = now;
		} else if (!may_queue && (seen & 1) && now - standing_since > SHMX_READ_PATIENCE) {
			/* Who may queue repairs instead, however long it was kept from the processor before it got to that. */
			if (shmx_guard_abandoned(segment) && read_abandoned(segment, seen, wanted, into, torn)) {
				return SHMX_OK;
			}
			standing_since = now;
		}
		/* Without any time, as often as can be tried at once: writers that overtake are not waited for. */
		if (now > deadline && (round >= SHMX_READ_SPINS || now - deadline > SHMX_READ_QUEUE)) {
			return read_at_last(segment, seen, wanted, into, torn);
		}
	}
}

shmx_status shmx_bytes_read(shmx_segment *segment, uint64_t offset, void *into, size_t length, shmx_torn *torn)
{
	range wanted = { offset, offset + length };
	shmx_status status = shmx_segment_check(segment);
	uint64_t seen;

	torn->found = false;
	if (status != SHMX_OK) {
		return status;
	}
	if (!try_read(segment, wanted, into, torn, &seen)) {
		status = read_slowly(segment, wanted, into, torn);
		if (status != SHMX_OK) {
			return status;
		}
	}
	/* After the copy: a segment that became another kind meanwhile was no bytes for this reader. */
	return shmx_segment_kind(segment) <= SHMX_KIND_BYTES ? SHMX_OK : SHMX_E_KIND;
}

/* Announces a write; with the stamp stored, a journaled one is committed. */
static void describe_write(shmx_segment *segment, uint64_t odd, range written, const void *from, bool journaled)
{
	shmx_write_line *line = &segment->header->write;

	/* Keeps these stores after the last write's even number: a reader still on that write must see the number move. */
	atomic_thread_fence(memory_order_release);
	if (journaled) {
		memcpy(segment->header->journal, from, written.end - written.begin);
		SHMX_CRASH_POINT("bytes: journal written");
	}
	atomic_store_explicit(&line->offset, written.begin, memory_order_relaxed);
	SHMX_CRASH_POINT("bytes: offset stored");
	atomic_store_explicit(&line->length, written.end - written.begin, memory_order_relaxed);
	SHMX_CRASH_POINT("bytes: described");
	/* Release: whoever sees the stamp sees the description and the journal. Pairs with load_write(). */
	atomic_store_explicit(&line->stamp, odd, memory_order_release);
	SHMX_CRASH_POINT("bytes: committed");
}

static void store_payload(shmx_segment *segment, range written, const unsigned char *from)
{
	uint64_t length = written.end - written.begin;
#ifdef SHMX_CRASH_POINTS
	uint64_t half = length / 2;

	memcpy(segment->payload + written.begin, from, half);
	SHMX_CRASH_POINT("bytes: half copied");
	memcpy(segment->payload + written.begin + half, from + half, length - half);
#else
	memcpy(segment->payload + written.begin, from, length);
#endif
}

/* From the odd number to the even one. `from` may be the journal: recovery ends a write in the same words. */
static void perform_write(shmx_segment *segment, uint64_t odd, range written, const unsigned char *from)
{
	_Atomic uint64_t *sequence = &segment->header->write.sequence;

	shmx_sequence_write_begin(sequence, odd);
	if (written.end - written.begin > SHMX_JOURNAL_SIZE) {
		/* memcpy stores large blocks past the cache on x86, and such stores heed only a full fence. */
		atomic_thread_fence(memory_order_seq_cst);
	}
	SHMX_CRASH_POINT("bytes: odd");
	store_payload(segment, written, from);
	SHMX_CRASH_POINT("bytes: copied");
	if (torn_count(segment) > 0) {
		cover_torn(segment, written);
	}
	shmx_sequence_write_end(sequence, odd);
	SHMX_CRASH_POINT("bytes: even");
}

shmx_status shmx_bytes_write(shmx_segment *segment, uint64_t offset, const void *from, size_t length)
{
	range written = { offset, offset + length };
	shmx_status status = shmx_segment_check(segment);
	uint64_t number;

	if (status != SHMX_OK || length == 0) {
		return status;
	}
	status = shmx_guard_take(segment, segment->lock_timeout);
	if (status != SHMX_OK) {
		return status;
	}
	status = shmx_segment_become(segment, SHMX_KIND_BYTES, NULL);
	if (status == SHMX_OK) {
		number = atomic_load_explicit(&segment->header->write.sequence, memory_order_relaxed);
		if (number & 1) {
			shmx_bytes_recover(segment);
			number = atomic_load_explicit(&segment->header->write.sequence, memory_order_relaxed);
		}
		describe_write(segment, number + 1, written, from, length <= SHMX_JOURNAL_SIZE);
		perform_write(segment, number + 1, written, from);
		atomic_store_explicit(
			&segment->header->counters.last_write_at, shmx_clock_wall_seconds(), memory_order_relaxed);
	}
	shmx_guard_release(segment);
	return status;
}

void shmx_bytes_recover(shmx_segment *segment)
{
	shmx_write_line *line = &segment->header->write;
	uint64_t number = atomic_load_explicit(&line->sequence, memory_order_relaxed);
	uint64_t odd = number | 1;
	range written;

	if (!load_write(segment, odd, &written)) {
		/* Not described, or wrongly: the stamp must not pass for the next write's. */
		if (atomic_load_explicit(&line->stamp, memory_order_relaxed) == odd) {
			atomic_store_explicit(&line->stamp, 0, memory_order_relaxed);
		}
	} else if (written.end - written.begin <= SHMX_JOURNAL_SIZE) {
		perform_write(segment, odd, written, segment->header->journal);
		return;
	} else if (number == odd) {
		add_torn(segment, written);
		SHMX_CRASH_POINT("recover: marked torn");
		atomic_fetch_add_explicit(&segment->header->counters.torn_writes, 1, memory_order_relaxed);
	} else {
		/* Announced, but not one byte was stored. */
		atomic_store_explicit(&line->stamp, 0, memory_order_relaxed);
	}
	if (number == odd) {
		shmx_sequence_write_end(&line->sequence, odd);
	}
	SHMX_CRASH_POINT("recover: even");
}
