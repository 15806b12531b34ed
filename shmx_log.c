/*
 * Floor 1: the log. See shmx_log.h.
 *
 * This file knows where records stand, not what they mean. It relies on the guard for everything it stores, and trusts
 * nothing it loads: shmx_log_load() refuses a window that cannot be, and each size is checked against the window again
 * before a record is believed. It never allocates and never waits.
 */
#include "shmx_log.h"

#include "shmx_crash.h"

/*
 * memcpy may store blocks from some size on past the cache; on x86 such stores heed only a full fence, and these must
 * not overtake the store of tail that made room for them. Far below any size at which a memcpy does so.
 */
#define SHMX_LOG_LARGE 4096u

void shmx_log_prepare(const shmx_log *log)
{
	uint64_t first = shmx_log_first(log);

	/* Relaxed: the kind is published after this, with release, and nobody looks before. */
	atomic_store_explicit(&log->root->lap_end, 0, memory_order_relaxed);
	atomic_store_explicit(&log->root->head, first, memory_order_relaxed);
	atomic_store_explicit(&log->root->tail, first, memory_order_relaxed);
}

bool shmx_log_load(const shmx_log *log, shmx_log_window *window)
{
	uint64_t tail_position, head_position;

	/* Relaxed: the guard orders these words between writers. */
	window->tail = atomic_load_explicit(&log->root->tail, memory_order_relaxed);
	window->head = atomic_load_explicit(&log->root->head, memory_order_relaxed);
	window->lap_end = atomic_load_explicit(&log->root->lap_end, memory_order_relaxed);
	tail_position = shmx_log_position(log, window->tail);
	head_position = shmx_log_position(log, window->head);
	if (((window->tail | window->head) & 7) != 0 || tail_position > log->size || head_position > log->size
		|| window->tail < shmx_log_first(log) || window->tail > window->head || window->head > SHMX_LOG_LAST) {
		return false;
	}
	if (!shmx_log_wrapped(log, window)) {
		return true;
	}
	/* Head is one lap ahead, and tail's lap ends at tail or behind it. */
	if ((window->head & ~log->mask) != shmx_log_next_lap(log, window->tail)
		|| (window->lap_end & ~log->mask) != (window->tail & ~log->mask) || (window->lap_end & 7) != 0
		|| shmx_log_position(log, window->lap_end) > log->size || window->lap_end < window->tail) {
		return false;
	}
	/* A writer that took an empty window to the next lap died between its stores of head and of tail. */
	if (window->tail == window->lap_end) {
		window->tail = shmx_log_next_lap(log, window->tail);
		return true;
	}
	/* Head has not caught up with tail. */
	return head_position <= tail_position;
}

void shmx_log_rewind(const shmx_log *log, shmx_log_window *window)
{
	if (window->tail == window->head && shmx_log_position(log, window->head) != 0) {
		window->lap_end = window->head;
		window->head = shmx_log_next_lap(log, window->head);
		window->tail = window->head;
	}
}

/*
 * Before bytes are written where records stood, whichever process passed tail over them: whoever reads one of the new bytes
 * sees that tail. Pairs with the fence in shmx_log_passed(). Large ones may be stored past the cache, which heeds no less
 * than a full fence.
 */
static void before_overwriting(uint64_t size)
{
	if (size >= SHMX_LOG_LARGE) {
		atomic_thread_fence(memory_order_seq_cst);
	} else {
		atomic_thread_fence(memory_order_release);
	}
}

void shmx_log_write(const shmx_log *log, uint64_t offset, uint64_t link, int64_t expiry, uint64_t name, uint64_t form,
	const void *key, const void *value)
{
	shmx_record *record = (shmx_record *) (void *) (log->base + shmx_log_position(log, offset));
	uint64_t key_length = shmx_record_key_length(name);
	uint64_t value_length = shmx_record_value_length(form);

	before_overwriting(key_length + value_length);
	/* Relaxed: whoever links the record does it with release. Atomic: a reader of the record that stood here may look. */
	atomic_store_explicit(&record->link, link, memory_order_relaxed);
	atomic_store_explicit(&record->expiry, expiry, memory_order_relaxed);
	atomic_store_explicit(&record->name, name, memory_order_relaxed);
	atomic_store_explicit(&record->form, form, memory_order_relaxed);
	SHMX_CRASH_POINT("log: record header written");
	if (key_length > 0) {
		memcpy(shmx_record_key(record), key, key_length);
	}
	SHMX_CRASH_POINT("log: key written");
	if (value_length > 0) {
		memcpy(shmx_record_value(record, key_length), value, value_length);
	}
	SHMX_CRASH_POINT("log: value written");
}

void shmx_log_copy(const shmx_log *log, uint64_t offset, uint64_t from, uint64_t size, uint64_t link)
{
	shmx_record *record = (shmx_record *) (void *) (log->base + shmx_log_position(log, offset));
	unsigned char *source = log->base + shmx_log_position(log, from);

	before_overwriting(size);
	memcpy(record, source, size);
	/* Relaxed: whoever links the record does it with release. */
	atomic_store_explicit(&record->link, link, memory_order_relaxed);
	SHMX_CRASH_POINT("log: record copied");
}

void shmx_log_publish(const shmx_log *log, const shmx_log_window *window)
{
	/* Relaxed: only the guard's owner stores it. */
	if (atomic_load_explicit(&log->root->lap_end, memory_order_relaxed) != window->lap_end) {
		/*
		 * A walk that stands where a lap ends and loads the new word with an old head reads on, beyond its lap. The fence has
		 * it see a tail that has passed what it reads, though another process stored that: the guard came from there.
		 */
		atomic_thread_fence(memory_order_release);
	}
	/* Relaxed: without a head in the next lap nobody looks at it; the release below carries it. */
	atomic_store_explicit(&log->root->lap_end, window->lap_end, memory_order_relaxed);
	SHMX_CRASH_POINT("log: end of lap stored");
	/* Release: a walk without the guard that loads head (acquire) sees whole records below it. */
	atomic_store_explicit(&log->root->head, window->head, memory_order_release);
}

void shmx_log_pass(const shmx_log *log, const shmx_log_window *window)
{
	/* Release: a reader that finds a chain's end here (acquire) sees the link to what was moved from below. */
	atomic_store_explicit(&log->root->tail, window->tail, memory_order_release);
	/* Keeps the next record's bytes after the store of tail; pairs with the fence in shmx_log_passed(). */
	atomic_thread_fence(memory_order_release);
}
