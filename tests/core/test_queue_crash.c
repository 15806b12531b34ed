/*
 * The queue: a sender or a receiver dies at every labelled point of every call, awake, asleep and while it repairs. The
 * others go on within the time promised: nothing is lost or doubled but the one message in the dead one's hands.
 *
 * shmx-flavour: crash
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "queue_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shmx_crash.h"

#define SIZE 1024
#define ACTOR 1000     /* the number of the message that the dying one sends */
#define BYSTANDER 2000 /* and of those that another one waits to send */
#define LABELS 128

static shmx_segment segment;

typedef struct {
	char label[64];
	_Atomic uint64_t got[64]; /* what the bystander received */
	_Atomic int got_count;
} board;

static board *shared;
static char labels[LABELS][64];
static int label_count;

static void note_label(const char *label)
{
	for (int i = 0; i < label_count; i++) {
		if (strcmp(labels[i], label) == 0) {
			return;
		}
	}
	assert_true(label_count < LABELS);
	strcpy(labels[label_count++], label);
}

static bool was_met(const char *label)
{
	for (int i = 0; i < label_count; i++) {
		if (strcmp(labels[i], label) == 0) {
			return true;
		}
	}
	return false;
}

/* --- the one who dies, and the one who sleeps beside it ----------------------------------------- */

typedef struct {
	unsigned long point;
	bool sends;
	size_t length;
} actor;

static int act(void *context)
{
	const actor *dying = context;
	uint64_t number;
	shmx_status status;

	/* It has its token before its points count: whether it is refused one first, a point more, depends on its process's number. */
	if (shmx_guard_take(&segment, PATIENCE) != SHMX_OK) {
		return 2;
	}
	shmx_guard_release(&segment);
	shmx_crash_report_to(shared->label, sizeof(shared->label));
	shmx_crash_arm(dying->point);
	if (dying->sends) {
		status = send_number(&segment, ACTOR, dying->length, SHMX_WAIT_FOR_EVER);
	} else {
		status = receive_any(&segment, &number, NULL, SHMX_WAIT_FOR_EVER);
	}
	shmx_crash_arm(0);
	shmx_segment_close(&segment);
	return status == SHMX_OK ? 0 : 1;
}

static int receive_for_ever(void *context)
{
	uint64_t number;

	(void) context;
	while (receive_any(&segment, &number, NULL, SHMX_WAIT_FOR_EVER) == SHMX_OK) {
		atomic_store(&shared->got[atomic_load(&shared->got_count)], number);
		atomic_fetch_add(&shared->got_count, 1);
	}
	return 1;
}

static int send_two(void *context)
{
	size_t length = *(size_t *) context;

	for (uint64_t i = 0; i < 2; i++) {
		if (send_number(&segment, BYSTANDER + i, length, SHMX_WAIT_FOR_EVER) != SHMX_OK) {
			return 1;
		}
	}
	shmx_segment_close(&segment);
	return 0;
}

/* True if it died at its point; false if it came to its end alive. */
static bool died(pid_t child)
{
	int status = reap(child);

	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return false;
	}
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	note_label(shared->label);
	return true;
}

static bool is_dead(pid_t child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t) child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

/* Waits until it sleeps on that semaphore or is gone. */
static void await_sleep_or_end(pid_t child, int member, int sleepers)
{
	int64_t begun = shmx_clock_monotonic();

	while (!is_dead(child) && count_sleepers(&segment, member) < sleepers) {
		assert_true(shmx_clock_monotonic() - begun < PATIENCE);
		sleep_for(50000);
	}
}

/* Somebody dies repairing, at each point of it, before anybody else looks. */
static int repair(void *context)
{
	shmx_crash_report_to(shared->label, sizeof(shared->label));
	shmx_crash_arm(*(unsigned long *) context);
	if (shmx_guard_take(&segment, SECONDS) != SHMX_OK) {
		return 1;
	}
	shmx_crash_arm(0);
	shmx_guard_release(&segment);
	shmx_segment_close(&segment);
	return 0;
}

static void die_repairing(unsigned long rounds)
{
	for (unsigned long point = 1; point <= rounds; point++) {
		if (!died(start_child(repair, &point))) {
			return;
		}
	}
}

/* --- what must hold ----------------------------------------------------------------------------- */

/* Takes all messages out; each must follow in the list, and `doubtful` may be missing. Returns whether it was there. */
static bool drain_and_compare(const uint64_t *expected, int count, uint64_t doubtful)
{
	bool seen = false;
	int next = 0;
	uint64_t number;

	assert_sound_queue(&segment);
	while (receive_number(&segment, &number, NULL, 0) == SHMX_OK) {
		if (next < count && expected[next] == doubtful && number != doubtful) {
			next++;
		}
		assert_true(next < count);
		assert_int_equal(number, expected[next]);
		seen = seen || number == doubtful;
		next++;
	}
	if (next < count && expected[next] == doubtful) {
		next++;
	}
	assert_int_equal(next, count);
	return seen;
}

/* The counts, and that a queue that was left empty works as ever, whatever the sizes. */
static void check_afterwards(void)
{
	shmx_queue_figures figures;
	uint64_t number;

	assert_sound_queue(&segment);
	assert_int_equal(shmx_queue_info(&segment, &figures), SHMX_OK);
	assert_int_equal(figures.pending, 0);
	assert_int_equal(figures.sent, figures.received);
	assert_int_equal(figures.bytes_used, 0);
	for (uint64_t i = 0; i < 40; i++) {
		assert_int_equal(send_number(&segment, 1 + i, 8 + i * 24, 0), SHMX_OK);
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
		assert_int_equal(number, 1 + i);
	}
	assert_at_rest(&segment);
}

/* What stands in the queue before: `skipped` messages that are gone already, then `count` numbered from 1. */
typedef struct {
	uint64_t skipped;
	uint64_t count;
	size_t length;
} beginning;

static void begin(const beginning *start)
{
	uint64_t number;

	create_segment(&segment, SIZE);
	memset(shared, 0, sizeof(*shared));
	for (uint64_t i = 0; i < start->skipped; i++) {
		assert_int_equal(send_number(&segment, 500, 56, 0), SHMX_OK);
		if (i > 0) {
			/* One stays, so that the window is not rewound but moves on. */
			assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
		}
	}
	for (uint64_t i = 1; i <= start->count; i++) {
		assert_int_equal(send_number(&segment, i, start->length, 0), SHMX_OK);
	}
	if (start->skipped > 0) {
		assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_OK);
	}
}

static void end(void)
{
	destroy_segment(&segment);
}

/* --- awake, with nobody asleep ------------------------------------------------------------------ */

static uint64_t pending_before_and_after_recovery(void)
{
	shmx_queue_figures before, after;
	uint64_t pending;

	assert_int_equal(shmx_queue_pending(&segment, &pending), SHMX_OK);
	assert_int_equal(shmx_queue_info(&segment, &before), SHMX_OK);
	assert_int_equal(shmx_guard_take(&segment, LONGEST_STALL), SHMX_OK);
	shmx_guard_release(&segment);
	assert_int_equal(shmx_queue_info(&segment, &after), SHMX_OK);
	assert_int_equal(before.sent, after.sent);
	assert_int_equal(before.received, after.received);
	assert_int_equal(pending, after.pending);
	assert_int_equal(before.pending, after.pending);
	return pending;
}

static void send_everywhere(const beginning *start, size_t length, unsigned long repairs)
{
	actor dying = { .sends = true, .length = length };
	bool goes_on = true;

	for (dying.point = 1; goes_on; dying.point++) {
		uint64_t expected[32];
		uint64_t pending;

		begin(start);
		goes_on = died(start_child(act, &dying));
		die_repairing(repairs);
		for (uint64_t i = 0; i < start->count; i++) {
			expected[i] = i + 1;
		}
		expected[start->count] = ACTOR;
		/* Nobody has to notice the death: not who only looks, nor the next one to come. */
		pending = pending_before_and_after_recovery();
		if (drain_and_compare(expected, (int) start->count + 1, goes_on ? ACTOR : 0)) {
			assert_int_equal(pending, start->count + 1);
		} else if (shmx_segment_kind(&segment) == SHMX_KIND_QUEUE) {
			assert_int_equal(pending, goes_on ? start->count : start->count + 1);
		}
		check_afterwards();
		end();
	}
	assert_true(dying.point > 6);
}

static void a_sender_dies(void **state)
{
	static const beginning starts[] = {
		{ 0, 0, 0 },   /* onto a blank segment */
		{ 0, 3, 56 },  /* behind others */
		{ 8, 2, 56 },  /* into a new lap, past the end of the ring */
		{ 3, 0, 56 },  /* into an empty queue, which is rewound */
		{ 10, 0, 56 }, /* the same near the end of the ring */
	};

	(void) state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		for (unsigned long repairs = 0; repairs < 12; repairs += 11) {
			send_everywhere(&starts[i], 8, repairs);
			send_everywhere(&starts[i], 200, repairs);
		}
	}
}

/* A message longer than the place where the rewound window stood: it used to leave a queue that was refused for ever. */
static void a_sender_dies_with_a_long_message_in_a_rewound_queue(void **state)
{
	static const beginning start = { 1, 0, 56 };

	(void) state;
	send_everywhere(&start, 900, 0);
	assert_true(was_met("queue: head published") && was_met("queue: tail rewound"));
}

static void receive_everywhere(const beginning *start, unsigned long repairs)
{
	actor dying = { .sends = false };
	bool goes_on = true;

	for (dying.point = 1; goes_on; dying.point++) {
		uint64_t expected[32];
		uint64_t pending;

		begin(start);
		goes_on = died(start_child(act, &dying));
		die_repairing(repairs);
		for (uint64_t i = 0; i < start->count; i++) {
			expected[i] = i + 1;
		}
		pending = pending_before_and_after_recovery();
		/* The one it was taking may be gone; no other. */
		if (goes_on) {
			bool gone = pending == start->count - 1;

			assert_true(gone || pending == start->count);
			drain_and_compare(expected + gone, (int) pending, 0);
		} else {
			drain_and_compare(expected + 1, (int) start->count - 1, 0);
		}
		check_afterwards();
		end();
	}
	assert_true(dying.point > 4);
}

static void a_receiver_dies(void **state)
{
	static const beginning starts[] = { { 0, 1, 56 }, { 0, 3, 56 }, { 8, 4, 56 }, { 9, 1, 56 }, { 0, 2, 400 } };

	(void) state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		receive_everywhere(&starts[i], 0);
		receive_everywhere(&starts[i], 11);
	}
}

/* --- with somebody asleep ----------------------------------------------------------------------- */

/* Waits until the bystander has so many messages, as long as anybody may be held up. */
static void await_got(int count)
{
	int64_t begun = shmx_clock_monotonic();

	while (atomic_load(&shared->got_count) < count) {
		assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
		sleep_for(50000);
	}
}

/* A sender dies while a receiver sleeps: a message that is in the queue is received, and the next one is in any case. */
static void a_sender_dies_before_a_sleeping_receiver(void **state)
{
	static const beginning start = { 2, 0, 56 };
	actor dying = { .sends = true, .length = 100 };
	bool goes_on = true;

	(void) state;
	for (dying.point = 1; goes_on; dying.point++) {
		pid_t bystander;
		int64_t begun = shmx_clock_monotonic();
		uint64_t pending = 1;
		int before;

		begin(&start);
		bystander = start_child(receive_for_ever, NULL);
		await_sleepers(&segment, SHMX_SEM_FILLED, 1);
		goes_on = died(start_child(act, &dying));
		begun = shmx_clock_monotonic();
		/* Nobody but the bystander may be needed to bring the queue in order. */
		while (shmx_queue_pending(&segment, &pending) == SHMX_OK && pending > 0) {
			assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
			sleep_for(50000);
		}
		if (!goes_on) {
			await_got(1);
		}
		assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
		await_got(1);
		begun = shmx_clock_monotonic();
		while (atomic_load(&shared->got[atomic_load(&shared->got_count) - 1]) != 1) {
			assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
			sleep_for(50000);
		}
		before = atomic_load(&shared->got_count);
		assert_true(before == 1 || (before == 2 && atomic_load(&shared->got[0]) == ACTOR));
		await_sleepers(&segment, SHMX_SEM_FILLED, 1);
		kill_child(bystander);
		check_afterwards();
		end();
	}
	assert_true(was_met("queue: receiver owed") && was_met("queue: receiver to be woken"));
}

/* A receiver dies while a sender sleeps for want of room. */
static void a_receiver_dies_before_a_sleeping_sender(void **state)
{
	static const beginning starts[] = { { 0, 1, 900 }, { 0, 2, 450 } };

	(void) state;
	for (int i = 0; i < 2; i++) {
		actor dying = { .sends = false };
		bool goes_on = true;

		for (dying.point = 1; goes_on; dying.point++) {
			pid_t bystander;
			uint64_t expected[] = { 1, 2, BYSTANDER, BYSTANDER + 1 };
			uint64_t number;
			size_t length = starts[i].length;
			bool first = true;
			int next = 0;

			begin(&starts[i]);
			if (i == 0) {
				expected[1] = BYSTANDER;
				expected[2] = BYSTANDER + 1;
			}
			bystander = start_child(send_two, &length);
			await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
			goes_on = died(start_child(act, &dying));
			/* Whoever asks next, at once, gets the messages in order, each within the time promised. */
			while (next < (i == 0 ? 3 : 4)) {
				assert_int_equal(receive_number(&segment, &number, NULL, LONGEST_STALL), SHMX_OK);
				if (first && number != 1) {
					next++;
				}
				first = false;
				assert_int_equal(number, expected[next++]);
			}
			assert_true(exited_well(reap(bystander)));
			assert_int_equal(receive_number(&segment, &number, NULL, 0), SHMX_NO_MESSAGE);
			check_afterwards();
			end();
		}
	}
	assert_true(was_met("queue: senders owed") && was_met("queue: senders to be woken"));
}

/*
 * The last message is gone and with it the receiver; nobody receives any more. The sleeping sender finds the room by
 * itself. (It was left asleep when the wake-up came after the store of tail and nobody's death woke anybody.)
 */
static void a_sleeping_sender_notices_room_that_a_dead_receiver_left(void **state)
{
	static const beginning start = { 0, 1, 900 };
	actor dying = { .sends = false };
	bool goes_on = true;

	(void) state;
	for (dying.point = 1; goes_on; dying.point++) {
		size_t length = 450;
		pid_t bystander;
		int64_t begun;

		begin(&start);
		bystander = start_child(send_two, &length);
		await_sleepers(&segment, SHMX_SEM_DRAINED, 1);
		goes_on = died(start_child(act, &dying));
		begun = shmx_clock_monotonic();
		/* Either the message is still there, or both of the sender's go in. */
		for (;;) {
			uint64_t head, tail;
			int sleepers = count_sleepers(&segment, SHMX_SEM_DRAINED);

			if (is_dead(bystander)) {
				break;
			}
			head = atomic_load(&root_of(&segment)->log.head);
			tail = atomic_load(&root_of(&segment)->log.tail);
			if (sleepers == 1 && head - tail == shmx_record_size(0, 900)) {
				break;
			}
			assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
			sleep_for(50000);
		}
		kill(bystander, SIGKILL);
		reap(bystander);
		end();
	}
}

/* A receiver dies on its way to sleep, asleep, or with a wake-up in its hands; another one sleeps behind it. */
static void a_receiver_dies_waiting(void **state)
{
	static const beginning start = { 2, 0, 56 };
	actor dying = { .sends = false };
	bool goes_on = true;

	(void) state;
	for (dying.point = 1; goes_on; dying.point++) {
		pid_t child, bystander;
		uint64_t pending;
		int64_t begun;
		int count;

		begin(&start);
		child = start_child(act, &dying);
		await_sleep_or_end(child, SHMX_SEM_FILLED, 1);
		bystander = start_child(receive_for_ever, NULL);
		await_sleepers(&segment, SHMX_SEM_FILLED, is_dead(child) ? 1 : 2);
		assert_int_equal(send_number(&segment, 1, 8, 0), SHMX_OK);
		begun = shmx_clock_monotonic();
		do {
			assert_int_equal(shmx_queue_pending(&segment, &pending), SHMX_OK);
			assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
			sleep_for(50000);
		} while (pending > 0);
		/* At most the first is gone with the dead. The second and third find the bystander. */
		sleep_for(MILLISECONDS);
		if (!is_dead(child)) {
			assert_int_equal(send_number(&segment, 2, 8, 0), SHMX_OK);
		}
		goes_on = died(child);
		assert_int_equal(send_number(&segment, 3, 8, 0), SHMX_OK);
		begun = shmx_clock_monotonic();
		while ((count = atomic_load(&shared->got_count)) == 0 || atomic_load(&shared->got[count - 1]) != 3) {
			assert_true(shmx_clock_monotonic() - begun < LONGEST_STALL);
			sleep_for(50000);
		}
		for (int i = 1; i < count; i++) {
			assert_true(atomic_load(&shared->got[i - 1]) < atomic_load(&shared->got[i]));
		}
		kill_child(bystander);
		check_afterwards();
		end();
	}
	assert_true(was_met("queue: receiver counted") && was_met("queue: receiver awake"));
}

static void a_sender_dies_waiting(void **state)
{
	static const beginning start = { 0, 2, 450 };
	actor dying = { .sends = true, .length = 450 };
	bool goes_on = true;

	(void) state;
	for (dying.point = 1; goes_on; dying.point++) {
		size_t length = 450;
		pid_t child, bystander;
		uint64_t number, last = 0;
		int actors = 0, bystanders = 0;

		begin(&start);
		child = start_child(act, &dying);
		await_sleep_or_end(child, SHMX_SEM_DRAINED, 1);
		bystander = start_child(send_two, &length);
		await_sleepers(&segment, SHMX_SEM_DRAINED, is_dead(child) ? 1 : 2);
		for (int i = 0; bystanders < 2; i++) {
			assert_true(i < 5);
			assert_int_equal(receive_number(&segment, &number, NULL, LONGEST_STALL), SHMX_OK);
			actors += number == ACTOR;
			bystanders += number >= BYSTANDER;
			assert_true(number != last);
			last = number;
		}
		/* The one who dies may come last: there is room for it, so it comes to its end by itself. */
		goes_on = died(child);
		assert_int_equal(shmx_guard_take(&segment, LONGEST_STALL), SHMX_OK);
		shmx_guard_release(&segment);
		if (receive_number(&segment, &number, NULL, 0) == SHMX_OK) {
			assert_int_equal(number, ACTOR);
			actors++;
		}
		assert_true(goes_on ? actors <= 1 : actors == 1);
		assert_true(exited_well(reap(bystander)));
		check_afterwards();
		end();
	}
	assert_true(was_met("queue: sender counted") && was_met("queue: sender awake"));
}

/* Every label that stands in the source was where somebody died. */
static void every_label_was_met(void **state)
{
	static const char *const of_the_log[] = {
		"log: record header written",
		"log: key written",
		"log: value written",
		"log: end of lap stored",
	};

	(void) state;
	assert_true(check_labels("shmx_queue.c", was_met) >= 20);
	for (size_t i = 0; i < sizeof(of_the_log) / sizeof(of_the_log[0]); i++) {
		assert_true(was_met(of_the_log[i]));
	}
	assert_true(was_met("guard: taken over") && was_met("guard: recovered"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sender_dies),
		cmocka_unit_test(a_sender_dies_with_a_long_message_in_a_rewound_queue),
		cmocka_unit_test(a_receiver_dies),
		cmocka_unit_test(a_sender_dies_before_a_sleeping_receiver),
		cmocka_unit_test(a_receiver_dies_before_a_sleeping_sender),
		cmocka_unit_test(a_sleeping_sender_notices_room_that_a_dead_receiver_left),
		cmocka_unit_test(a_receiver_dies_waiting),
		cmocka_unit_test(a_sender_dies_waiting),
		cmocka_unit_test(every_label_was_met),
	};

	begin_program(90);
	shared = shared_memory(sizeof(*shared));
	return cmocka_run_group_tests_name("the queue, dying", tests, NULL, NULL);
}
