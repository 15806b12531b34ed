/*
 * Floor 2: the queue. See shmx_queue.h.
 *
 * All words of the root are stored under the guard. A message comes to be by one store, of head, and is gone by one, of
 * tail; what stands before and after only keeps the counts.
 *
 * Sleeping. Whoever finds nothing to do says so in a word before it gives the guard back, and sleeps on a semaphore. The
 * other side looks at the word while it has the guard, and posts when it has given it back, so that who wakes finds it
 * free. A process may die anywhere in between: the claim of its token left an undo that lets one receiver and all senders
 * through (shmx_guard.c), and they look for themselves. So the order of store and post does not matter here.
 *
 * - Receivers take 1 from a semaphore: each message wakes one of them. Their word counts them, and is lowered by who
 *   posts. Posts and count together may be more than there are sleepers, which costs a wake-up for nothing, never less.
 * - Senders differ in what they need, so room is offered to all of them: they wait until a semaphore that only grows is
 *   larger than it was when they looked. Nobody can take that from another who is still on its way to sleep.
 *
 * It relies on the guard and the log, and allocates only where a received message does not fit into the caller's memory,
 * with the guard released.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shmx_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sem.h>
#include <time.h>

#include "shmx_crash.h"
#include "shmx_guard.h"

/*
 * No sleep is longer, in nanoseconds. Nothing depends on it while everybody keeps to the rules; it bounds what a process
 * that is stopped between its stores and its post, or one that scribbles over the words, can do to the rest.
 */
#define SHMX_QUEUE_SLEEP INT64_C(2000000000)

/* How long a look that comes when the time is over may wait for the guard, in nanoseconds. */
#define SHMX_QUEUE_LAST_LOOK INT64_C(2000000)

/*
 * The semaphore of the senders is taken back to 0 when it reaches this, which by then nobody waits for to be exceeded; a
 * semaphore holds 32,767. Who looked at it in the last stretch before that and was overtaken on its way to sleep would
 * sleep through: it does not sleep long.
 */
#define SHMX_QUEUE_TURNS 16000
#define SHMX_QUEUE_LAST_TURNS 1000
#define SHMX_QUEUE_SHORT_SLEEP INT64_C(10000000)

/*
 * A queue that is empty begins at the start of its ring again, so that a few messages at a time stay in the processor's
 * cache: once they have taken this part of it, for each time costs a lap of offsets.
 */
#define SHMX_QUEUE_REWIND 16
/* How often the messages are counted anew when some are received meanwhile. */
#define SHMX_QUEUE_LOOKS 64

static shmx_queue_root *queue_root(const shmx_segment *segment)
{
	return (shmx_queue_root *) (void *) segment->header->root;
}

static void view_log(const shmx_segment *segment, shmx_log *log)
{
	shmx_log_view(log, &queue_root(segment)->log, segment->payload, segment->payload_size);
}

/* Relaxed: the guard orders these words between those who store them, and the rest look only for people. */
static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit((_Atomic uint64_t *) word, memory_order_relaxed);
}

static void store(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

/*
 * Release: who loads it (acquire) and then `sent` finds this message counted there. Its sender had the guard before us, or
 * died and we have counted it.
 */
static void store_received(shmx_queue_root *root, uint64_t number)
{
	atomic_store_explicit(&root->received, number, memory_order_release);
}

/* Compilers may not reorder the stores of a protocol that a death can cut anywhere; processors do not matter to it. */
static void step(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/* Where a message of `size` bytes goes, or SHMX_LOG_NOWHERE. */
static uint64_t find_place(const shmx_log *log, shmx_log_window *window, uint64_t size)
{
	if (shmx_log_position(log, window->head) >= log->size / SHMX_QUEUE_REWIND
		|| shmx_log_place(log, window, size) == SHMX_LOG_NOWHERE) {
		/* Only if it is empty. */
		shmx_log_rewind(log, window);
	}
	return shmx_log_place(log, window, size);
}

static shmx_status prepare(shmx_segment *segment)
{
	shmx_log log;

	view_log(segment, &log);
	shmx_log_prepare(&log);
	store(&queue_root(segment)->senders_need, UINT64_MAX);
	return SHMX_OK;
}

void shmx_message_free(shmx_message *message)
{
	if (message->allocated) {
		free(message->bytes);
		message->allocated = false;
	}
}

static bool make_room_in(shmx_message *message, size_t length)
{
	unsigned char *bytes = malloc(length);

	if (bytes == NULL) {
		return false;
	}
	shmx_message_free(message);
	message->bytes = bytes;
	message->capacity = length;
	message->allocated = true;
	return true;
}

/* Refused only where the semaphore is so far up that nobody can be asleep. */
static void post(shmx_segment *segment, unsigned short member, short count)
{
	struct sembuf operation = { member, count, IPC_NOWAIT };
	int semaphores = shmx_guard_semaphores(segment);

	if (semaphores != -1) {
		shmx_guard_operate(semaphores, &operation, 1);
	}
}

/* One side's wait. `over` says what the caller hears when the time is over. */
typedef struct {
	shmx_segment *segment;
	int64_t deadline;
	int64_t patience; /* how long the guard may be waited for; shorter than lock_timeout only by the deadline */
	bool may_wait;
	shmx_status ended; /* SHMX_OK while the wait may go on */
	shmx_status over;

	/* A receiver's. */
	bool counted;      /* in the count of sleepers, as far as this wait knows */
	bool woken;        /* has taken a post and not yet looked at the queue */
	bool woken_before; /* and found nothing */

	/* A sender's. */
	short turn; /* the semaphore's value when there was no room */
} queue_wait;

static queue_wait begin_wait(shmx_segment *segment, int64_t timeout, shmx_status over)
{
	queue_wait wait = { .segment = segment, .may_wait = timeout != 0, .ended = SHMX_OK, .over = over };

	wait.deadline = INT64_MAX;
	wait.patience = segment->lock_timeout;
	if (timeout > 0) {
		int64_t now = shmx_clock_monotonic();

		wait.deadline = timeout < INT64_MAX - now ? now + timeout : INT64_MAX;
		if (wait.patience < 0 || timeout < wait.patience) {
			wait.patience = timeout;
		}
	}
	return wait;
}

/* Takes the guard. A wait whose time ends while somebody else has it is over like any other. */
static shmx_status take_guard(const queue_wait *wait)
{
	shmx_status status = shmx_guard_take(wait->segment, wait->patience);

	if (status != SHMX_E_TIMEOUT) {
		return status;
	}
	if (wait->ended != SHMX_OK) {
		return wait->ended;
	}
	return wait->patience != wait->segment->lock_timeout ? wait->over : status;
}

/* With the guard held and nothing to do: whether to go to sleep. */
static shmx_status may_sleep(const queue_wait *wait)
{
	if (wait->ended != SHMX_OK) {
		return wait->ended;
	}
	if (!wait->may_wait) {
		return wait->over;
	}
	if (wait->segment->explicit_depth > 0) {
		return SHMX_E_DEADLOCK;
	}
	return wait->segment->semaphores == -1 ? SHMX_E_DELETED : SHMX_OK;
}

static void look_at_clock(queue_wait *wait)
{
	int64_t remaining;

	if (wait->deadline == INT64_MAX) {
		return;
	}
	remaining = wait->deadline - shmx_clock_monotonic();
	if (remaining <= 0) {
		wait->ended = wait->over;
		remaining = SHMX_QUEUE_LAST_LOOK;
	}
	wait->patience = wait->segment->lock_timeout;
	if (wait->patience < 0 || remaining < wait->patience) {
		wait->patience = remaining;
	}
}

static bool is_interrupted(const queue_wait *wait)
{
	return wait->segment->interrupted != NULL && wait->segment->interrupted();
}

/*
 * Sleeps once, `longest` nanoseconds at most. True when the operations were done; else the wait may have ended. The caller
 * looks at the queue again in any case.
 */
static bool sleep_once(queue_wait *wait, struct sembuf *operations, size_t count, int64_t longest)
{
	int64_t remaining = wait->deadline == INT64_MAX ? longest : wait->deadline - shmx_clock_monotonic();
	struct timespec limit;
	bool done = false;

	if (remaining > longest) {
		remaining = longest;
	}
	/* A signal that came before the sleep does not end it; its handler must not wait for the sleep's end. */
	if (remaining > 0 && !is_interrupted(wait)) {
		limit = (struct timespec){ .tv_sec = remaining / 1000000000, .tv_nsec = remaining % 1000000000 };
		done = semtimedop(shmx_guard_semaphores(wait->segment), operations, count, &limit) == 0;
		if (!done && errno != EAGAIN && errno != EINTR) {
			wait->ended = shmx_guard_refusal(errno);
			return false;
		}
	}
	look_at_clock(wait);
	if (wait->ended == SHMX_OK && is_interrupted(wait)) {
		wait->ended = SHMX_INTERRUPTED;
	}
	return done;
}

/*
 * With the guard held: this receiver is going to sleep. Those that died asleep are counted still; who was woken for
 * nothing takes the count back to what it can be at most, so a death costs the others a wake-up or two and no more.
 */
static void enter_receivers(queue_wait *wait)
{
	_Atomic uint64_t *word = &queue_root(wait->segment)->receivers_waiting;
	uint64_t waiting = load(word);

	if (wait->counted) {
		return;
	}
	waiting = waiting < SHMX_MAX_TOKENS ? waiting + 1 : SHMX_MAX_TOKENS;
	if (wait->woken_before) {
		int living = semctl(wait->segment->semaphores, SHMX_SEM_LIVING, GETVAL);

		if (living > 0 && waiting > (uint64_t) living) {
			waiting = (uint64_t) living;
		}
	}
	store(word, waiting);
	wait->counted = true;
	SHMX_CRASH_POINT("queue: receiver counted");
}

/* With the guard held: this receiver sleeps no more. If it is not counted any more, there is a post for it. */
static void leave_receivers(queue_wait *wait)
{
	_Atomic uint64_t *word = &queue_root(wait->segment)->receivers_waiting;
	uint64_t waiting = load(word);

	if (!wait->counted) {
		return;
	}
	wait->counted = false;
	if (waiting > 0) {
		store(word, waiting - 1);
	} else {
		post(wait->segment, SHMX_SEM_FILLED, -1);
	}
}

static void sleep_for_message(queue_wait *wait)
{
	struct sembuf operation = { SHMX_SEM_FILLED, -1, 0 };

	if (sleep_once(wait, &operation, 1, SHMX_QUEUE_SLEEP)) {
		wait->woken = true;
		SHMX_CRASH_POINT("queue: receiver awake");
	}
}

/* A receiver that was woken gives up without a look: the message is another's to take. */
static void hand_on(const queue_wait *wait)
{
	if (wait->woken) {
		post(wait->segment, SHMX_SEM_FILLED, 1);
	}
}

/* With the guard held: this sender is going to sleep, until there is room for what it needs. */
static shmx_status enter_senders(queue_wait *wait, uint64_t need)
{
	shmx_queue_root *root = queue_root(wait->segment);
	uint64_t waiting = load(&root->senders_waiting);
	int turn = semctl(wait->segment->semaphores, SHMX_SEM_DRAINED, GETVAL);

	if (turn == -1) {
		return shmx_guard_refusal(errno);
	}
	if (turn >= SHMX_QUEUE_TURNS) {
		post(wait->segment, SHMX_SEM_DRAINED, (short) -turn);
		turn = 0;
	}
	wait->turn = (short) turn;
	/* The need first: a sender counted without it would be passed by. */
	if (waiting == 0 || need < load(&root->senders_need)) {
		store(&root->senders_need, need);
		SHMX_CRASH_POINT("queue: need stored");
	}
	step();
	store(&root->senders_waiting, waiting < SHMX_MAX_TOKENS ? waiting + 1 : SHMX_MAX_TOKENS);
	SHMX_CRASH_POINT("queue: sender counted");
	return SHMX_OK;
}

static void sleep_for_room(queue_wait *wait)
{
	short target = (short) (wait->turn + 1);
	struct sembuf operations[] = { { SHMX_SEM_DRAINED, (short) -target, 0 }, { SHMX_SEM_DRAINED, target, 0 } };
	bool is_last = wait->turn >= SHMX_QUEUE_TURNS - SHMX_QUEUE_LAST_TURNS;

	if (sleep_once(wait, operations, 2, is_last ? SHMX_QUEUE_SHORT_SLEEP : SHMX_QUEUE_SLEEP)) {
		SHMX_CRASH_POINT("queue: sender awake");
	} else if (is_last && wait->ended == SHMX_OK) {
		/* Nobody is to sleep briefly again and again: everybody looks, and the next one counts from 0. */
		post(wait->segment, SHMX_SEM_DRAINED, SHMX_QUEUE_TURNS);
	}
}

/* With the guard held, after a message was sent: whether a receiver is to be woken for it. */
static bool owe_receiver(shmx_queue_root *root)
{
	uint64_t waiting = load(&root->receivers_waiting);

	if (waiting == 0) {
		return false;
	}
	store(&root->receivers_waiting, waiting - 1);
	SHMX_CRASH_POINT("queue: receiver owed");
	return true;
}

/*
 * With the guard held, after a message was taken: whether the senders are to be woken, because the smallest of what they
 * want to send has room now. Each of them looks again; who is not lucky says again what it needs.
 */
static bool owe_senders(shmx_queue_root *root, const shmx_log *log, shmx_log_window window)
{
	if (load(&root->senders_waiting) == 0) {
		return false;
	}
	if (find_place(log, &window, load(&root->senders_need)) == SHMX_LOG_NOWHERE) {
		return false;
	}
	/* With 0 here the next sender that waits replaces the need. */
	store(&root->senders_waiting, 0);
	SHMX_CRASH_POINT("queue: senders owed");
	return true;
}

/* Appends and publishes, at an offset that has room. */
static void append(shmx_segment *segment, const shmx_log *log, shmx_log_window window, uint64_t offset, uint8_t type,
	const void *bytes, size_t length)
{
	shmx_queue_root *root = queue_root(segment);
	uint64_t number = load(&root->sent) + 1;

	shmx_log_write(log, offset, number, 0, shmx_record_name(0, 0), shmx_record_form(type, length), NULL, bytes);
	shmx_log_extend(log, &window, offset, shmx_record_size(0, length));
	/* The head first: with the old one, `intended_sent` would seem to have come true. */
	/* Release: whoever sees it without the guard sees that all before were counted. */
	atomic_store_explicit(&root->intended_head, window.head, memory_order_release);
	step();
	SHMX_CRASH_POINT("queue: head intended");
	/* Release: whoever sees it without the guard sees the intended head. */
	atomic_store_explicit(&root->intended_sent, number, memory_order_release);
	step();
	SHMX_CRASH_POINT("queue: send intended");
	shmx_log_publish(log, &window);
	SHMX_CRASH_POINT("queue: head published");
	/* The line of tail is the receivers'. */
	if (load(&log->root->tail) != window.tail) {
		shmx_log_pass(log, &window);
		SHMX_CRASH_POINT("queue: tail rewound");
	}
	store(&root->sent, number);
	SHMX_CRASH_POINT("queue: sent");
}

/* One try, with the guard held. SHMX_E_FULL: no room now. `post_filled`: a receiver is to be woken. */
static shmx_status try_send(shmx_segment *segment, uint8_t type, const void *bytes, size_t length, bool *post_filled)
{
	uint64_t size = shmx_record_size(0, length);
	shmx_status status = shmx_segment_become(segment, SHMX_KIND_QUEUE, prepare);
	shmx_log_window window;
	shmx_log log;
	uint64_t offset;

	if (status != SHMX_OK) {
		return status;
	}
	view_log(segment, &log);
	if (!shmx_log_load(&log, &window)) {
		return SHMX_E_DAMAGED;
	}
	offset = find_place(&log, &window, size);
	if (offset == SHMX_LOG_NOWHERE) {
		return SHMX_E_FULL;
	}
	append(segment, &log, window, offset, type, bytes, length);
	*post_filled = owe_receiver(queue_root(segment));
	shmx_segment_note_write(segment);
	return SHMX_OK;
}

/* Whether a message of this length could stand in the queue alone. */
static bool could_ever_fit(const shmx_segment *segment, size_t length, shmx_queue_room *room)
{
	uint64_t capacity = (uint64_t) segment->payload_size & ~UINT64_C(7);
	uint64_t needed = shmx_record_may_hold(0, length) ? shmx_record_size(0, length) : (uint64_t) length;

	if (room != NULL) {
		room->needed = needed;
		room->available = capacity;
	}
	return needed <= capacity;
}

shmx_status shmx_queue_send(
	shmx_segment *segment, uint8_t type, const void *bytes, size_t length, int64_t timeout, shmx_queue_room *room)
{
	queue_wait wait = begin_wait(segment, timeout, SHMX_E_FULL);
	shmx_status status = shmx_segment_check(segment);

	if (status != SHMX_OK) {
		return status;
	}
	if (segment->read_only) {
		return SHMX_E_READ_ONLY;
	}
	if (!could_ever_fit(segment, length, room)) {
		uint32_t kind = shmx_segment_kind(segment);

		return kind == SHMX_KIND_QUEUE || kind == SHMX_KIND_BLANK ? SHMX_E_TOO_LARGE : SHMX_E_KIND;
	}
	for (;;) {
		bool post_filled = false;
		bool sleep = false;

		status = take_guard(&wait);
		if (status != SHMX_OK) {
			return status;
		}
		status = try_send(segment, type, bytes, length, &post_filled);
		if (status == SHMX_E_FULL) {
			status = may_sleep(&wait);
			if (status == SHMX_OK) {
				status = enter_senders(&wait, shmx_record_size(0, length));
				sleep = status == SHMX_OK;
			}
		}
		shmx_guard_release(segment);
		if (post_filled) {
			SHMX_CRASH_POINT("queue: receiver to be woken");
			post(segment, SHMX_SEM_FILLED, 1);
			SHMX_CRASH_POINT("queue: receiver woken");
		}
		if (!sleep) {
			return status;
		}
		sleep_for_room(&wait);
	}
}

/*
 * Takes the oldest message, with the guard held. SHMX_NO_MESSAGE; SHMX_E_FULL: it needs message->length bytes of memory.
 * `post_drained`: the senders are to be woken.
 */
static shmx_status take_message(shmx_segment *segment, shmx_message *message, bool *post_drained)
{
	shmx_queue_root *root = queue_root(segment);
	uint64_t number = load(&root->received) + 1;
	shmx_log_window window;
	shmx_log log;
	shmx_record *record;
	uint64_t size, form;

	view_log(segment, &log);
	if (!shmx_log_load(&log, &window)) {
		return SHMX_E_DAMAGED;
	}
	if (window.tail == window.head) {
		return SHMX_NO_MESSAGE;
	}
	record = shmx_log_at(&log, window.tail);
	if (record == NULL) {
		return SHMX_E_DAMAGED;
	}
	/* Loaded once: a hostile writer may change it between the check and the copy. */
	form = load(&record->form);
	size = shmx_log_size_of(&log, &window, window.tail, load(&record->name), form);
	if (size == 0) {
		return SHMX_E_DAMAGED;
	}
	message->type = shmx_record_type(form);
	message->length = (size_t) shmx_record_value_length(form);
	if (message->length > message->capacity) {
		return SHMX_E_FULL;
	}
	/* An empty one needs no memory, and memcpy() takes no NULL. */
	if (message->length > 0) {
		memcpy(message->bytes, shmx_record_value(record, 0), message->length);
	}
	window.tail = shmx_log_after(&log, &window, window.tail, size);
	/* Release: as for intended_head in append(). */
	atomic_store_explicit(&root->intended_tail, window.tail, memory_order_release);
	step();
	SHMX_CRASH_POINT("queue: tail intended");
	/* Release: whoever sees it without the guard sees the intended tail. */
	atomic_store_explicit(&root->intended_received, number, memory_order_release);
	step();
	SHMX_CRASH_POINT("queue: receipt intended");
	shmx_log_pass(&log, &window);
	SHMX_CRASH_POINT("queue: tail passed");
	store_received(root, number);
	SHMX_CRASH_POINT("queue: received");
	*post_drained = owe_senders(root, &log, window);
	return SHMX_OK;
}

static shmx_status try_receive(shmx_segment *segment, shmx_message *message, bool *post_drained)
{
	uint32_t kind = shmx_segment_kind(segment);

	if (kind == SHMX_KIND_BLANK) {
		/* A receiver may come before the first sender, and must be found asleep by it. */
		shmx_status status = shmx_segment_become(segment, SHMX_KIND_QUEUE, prepare);

		return status == SHMX_OK ? SHMX_NO_MESSAGE : status;
	}
	return kind == SHMX_KIND_QUEUE ? take_message(segment, message, post_drained) : SHMX_E_KIND;
}

/* With the guard held, after a try: whether to sleep, and the count of sleepers as it is then. */
static bool settle_receiver(queue_wait *wait, shmx_status *status)
{
	if (wait->woken) {
		/* Who posted has lowered the count. */
		wait->woken = false;
		wait->counted = false;
		wait->woken_before = true;
	}
	if (*status == SHMX_NO_MESSAGE) {
		*status = may_sleep(wait);
		if (*status == SHMX_OK) {
			enter_receivers(wait);
			return true;
		}
	}
	leave_receivers(wait);
	return false;
}

shmx_status shmx_queue_receive(shmx_segment *segment, shmx_message *message, int64_t timeout)
{
	queue_wait wait = begin_wait(segment, timeout, SHMX_NO_MESSAGE);
	shmx_status status = shmx_segment_check(segment);

	if (status != SHMX_OK) {
		return status;
	}
	if (segment->read_only) {
		return SHMX_E_READ_ONLY;
	}
	for (;;) {
		bool post_drained = false;
		bool sleep;

		status = take_guard(&wait);
		if (status != SHMX_OK) {
			hand_on(&wait);
			return status;
		}
		status = try_receive(segment, message, &post_drained);
		if (status == SHMX_E_FULL) {
			shmx_guard_release(segment);
			if (!make_room_in(message, message->length)) {
				hand_on(&wait);
				return SHMX_E_FULL;
			}
			continue;
		}
		sleep = settle_receiver(&wait, &status);
		shmx_guard_release(segment);
		if (post_drained) {
			SHMX_CRASH_POINT("queue: senders to be woken");
			post(segment, SHMX_SEM_DRAINED, 1);
			SHMX_CRASH_POINT("queue: senders woken");
		}
		if (!sleep) {
			return status;
		}
		sleep_for_message(&wait);
	}
}

/*
 * Counts without the guard, as recovery would leave them: a process may have died between the store of tail, or head, and
 * that of the count. The next count is stored behind the intended place and before the place itself. So what is loaded
 * between the two, in the reverse order, is the count that goes with the place, if they are equal; if they are not, that of
 * the last message was stored.
 */
static uint64_t count_received(const shmx_queue_root *root)
{
	/* Acquire: pairs with the release in shmx_log_pass(), so that no more seem received than are found sent later. */
	uint64_t tail = atomic_load_explicit(&root->log.tail, memory_order_acquire);
	/* Acquire: pairs with the release in take_message(). */
	uint64_t received = atomic_load_explicit(&root->intended_received, memory_order_acquire);

	/* Acquire, twice: pairs with the releases in take_message() and store_received(). */
	if (atomic_load_explicit(&root->intended_tail, memory_order_acquire) == tail) {
		return received;
	}
	return atomic_load_explicit(&root->received, memory_order_acquire);
}

static uint64_t count_sent(const shmx_queue_root *root)
{
	/* Acquire: pairs with the release in shmx_log_publish(). */
	uint64_t head = atomic_load_explicit(&root->log.head, memory_order_acquire);
	/* Acquire, twice: pairs with the releases in append(). */
	uint64_t sent = atomic_load_explicit(&root->intended_sent, memory_order_acquire);

	if (atomic_load_explicit(&root->intended_head, memory_order_acquire) == head) {
		return sent;
	}
	/* Acquire: count_messages() looks at what was received again after this. */
	return atomic_load_explicit(&root->sent, memory_order_acquire);
}

/*
 * What was received never becomes less, so what is the same before and behind the count of those sent was so with it, and
 * the difference is of one moment. Receivers that overtake every look make it larger than it was. Only a scribbler makes
 * more received than sent.
 */
static void count_messages(const shmx_queue_root *root, shmx_queue_figures *figures)
{
	unsigned int looks = 0;
	uint64_t before;

	figures->received = count_received(root);
	do {
		before = figures->received;
		figures->sent = count_sent(root);
		figures->received = count_received(root);
	} while (figures->received != before && ++looks < SHMX_QUEUE_LOOKS);
	figures->pending = figures->sent > figures->received ? figures->sent - figures->received : 0;
}

shmx_status shmx_queue_pending(shmx_segment *segment, uint64_t *pending)
{
	shmx_status status = shmx_segment_check(segment);
	shmx_queue_figures figures;

	*pending = 0;
	if (status != SHMX_OK) {
		return status;
	}
	if (shmx_segment_kind(segment) != SHMX_KIND_QUEUE) {
		return shmx_segment_kind(segment) == SHMX_KIND_BLANK ? SHMX_OK : SHMX_E_KIND;
	}
	count_messages(queue_root(segment), &figures);
	*pending = figures.pending;
	return SHMX_OK;
}

/* How many are asleep on a semaphore, which the kernel knows; 0 where it cannot be asked. */
static uint64_t count_asleep(shmx_segment *segment, int member)
{
	int asleep = shmx_guard_find_semaphores(segment) ? semctl(segment->semaphores, member, GETNCNT) : -1;

	return asleep > 0 ? (uint64_t) asleep : 0;
}

shmx_status shmx_queue_info(shmx_segment *segment, shmx_queue_figures *figures)
{
	shmx_status status = shmx_segment_check(segment);
	shmx_log_window window;
	shmx_log log;

	*figures = (shmx_queue_figures){ 0 };
	if (status != SHMX_OK) {
		return status;
	}
	if (shmx_segment_kind(segment) != SHMX_KIND_QUEUE) {
		return shmx_segment_kind(segment) == SHMX_KIND_BLANK ? SHMX_OK : SHMX_E_KIND;
	}
	view_log(segment, &log);
	count_messages(queue_root(segment), figures);
	figures->capacity = log.size;
	figures->receivers_waiting = count_asleep(segment, SHMX_SEM_FILLED);
	figures->senders_waiting = count_asleep(segment, SHMX_SEM_DRAINED);
	if (shmx_log_load(&log, &window)) {
		figures->bytes_used = shmx_log_used(&log, &window);
	}
	return SHMX_OK;
}

/* Walks from tail to head; every message must bear the next number. */
static const char *find_broken(shmx_segment *segment, const shmx_log *log)
{
	const shmx_queue_root *root = queue_root(segment);
	uint64_t number = load(&root->received);
	shmx_log_window window;

	if (!shmx_log_load(log, &window)) {
		return "the window cannot be";
	}
	for (uint64_t offset = window.tail; offset != window.head;) {
		uint64_t size = shmx_log_size_at(log, &window, offset);

		if (size == 0) {
			return "a record cannot be";
		}
		if (load(&shmx_log_at(log, offset)->link) != ++number) {
			return "a message's number is not the next";
		}
		offset = shmx_log_after(log, &window, offset, size);
	}
	return number == load(&root->sent) ? NULL : "the count of messages sent is not the last number";
}

shmx_status shmx_queue_check(shmx_segment *segment, const char **broken)
{
	shmx_status status = shmx_guard_take(segment, segment->lock_timeout);
	shmx_log log;

	*broken = NULL;
	if (status != SHMX_OK) {
		return status;
	}
	if (shmx_segment_kind(segment) == SHMX_KIND_QUEUE) {
		view_log(segment, &log);
		*broken = find_broken(segment, &log);
	}
	shmx_guard_release(segment);
	return *broken == NULL ? SHMX_OK : SHMX_E_DAMAGED;
}

void shmx_queue_recover(shmx_segment *segment)
{
	shmx_queue_root *root = queue_root(segment);
	shmx_log log;

	view_log(segment, &log);
	/* Offsets only grow: head is the intended one only if that very message was published. */
	if (load(&log.root->head) == load(&root->intended_head)) {
		store(&root->sent, load(&root->intended_sent));
	}
	SHMX_CRASH_POINT("queue: sent recovered");
	if (load(&log.root->tail) == load(&root->intended_tail)) {
		store_received(root, load(&root->intended_received));
	}
	SHMX_CRASH_POINT("queue: received recovered");
}
