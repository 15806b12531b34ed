/*
 * The queue: shmx_queue.c. Messages, the counts, and who sleeps and who wakes whom.
 *
 * Senders send MESSAGES each, then stop; receivers receive for ever, or until a call's time was over. Any of them may die between any two stores, posts or
 * sleeps. Who takes the guard after a death recovers first, and may die of it, too (guard.pml shows that the guard does
 * this).
 *
 * Nobody sleeps with a bound here: the code says that nothing depends on its two seconds. When no process can move, no
 * receiver may be asleep while there is a message, and no sender while there is room for what it wants to send.
 *
 * The log is counts of messages and of room: where a record stands is the log's business. All that the queue needs of
 * shmx_log_place() is that what is smaller fits wherever something larger does.
 *
 * Left out: processes that are stopped (only the bounded sleep helps those who wait for their posts), the semaphore of
 * the senders going back to 0 after 16,000 posts (short sleeps bound that), messages larger than the receiver's memory
 * (the guard is released, and taken again), deletion, signals (a sleep that ends early).
 *
 * Spin lets all processes see all stores in one order: this finds what a death or an interleaving breaks, and never an
 * acquire or a release that is missing. docs/concurrency.md argues those.
 *
 * Variants: SENDERS, RECEIVERS, MESSAGES, CAPACITY, DEATHS, GIVE_UPS (calls whose time is over), LOOKS (somebody counts without
 * the guard). Breaks: NO_DEATH_POST, SENT_FIRST, LATE_TURN, NO_HAND_ON, COUNTED_ONLY, INTENDED_AT_FIRST,
 * ONE_LOOK.
 */
#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef RECEIVERS
#define RECEIVERS 2
#endif
#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef GIVE_UPS
#define GIVE_UPS 1
#endif
#define PROCESSES (SENDERS + RECEIVERS)	/* senders have the first numbers */
#define IS_SENDER(process) ((process) < SENDERS)

/* The ring holds two units; the messages of the first sender take one each, those of the others two. */
#ifndef CAPACITY
#define CAPACITY 2
#endif
#define SIZE(sender) ((sender) == 0 -> 1 : 2)
#define NO_NEED 99

/* The root. Head and tail count messages, so they are the numbers of the newest and of the last received. */
byte head, tail, sent, received;
byte intended_head, intended_sent, intended_tail, intended_received;
byte receivers_waiting, senders_waiting, senders_need = NO_NEED;
byte ring[CAPACITY];	/* the message: sender * MESSAGES + which */
byte used;		/* what the window says about room */

/* The semaphores. */
byte filled, drained, living;

/* The guard, as guard.pml leaves it. */
#define FREE 0
#define THE_DEAD 99
byte guard;

bool dead[PROCESSES];
bool claimed[PROCESSES];	/* has a token; who has none has never touched the segment */
bool asleep[PROCESSES];
byte deaths, give_ups;

/* What is true. */
bool published[SENDERS * MESSAGES];
bool taken[SENDERS * MESSAGES];

inline take_guard()
{
	if
	:: atomic { guard == FREE -> guard = me + 1 }
	:: atomic { guard == THE_DEAD -> guard = me + 1 }
		/* shmx_queue_recover() */
		d_step {
			if
			:: head == intended_head -> sent = intended_sent
			:: else
			fi
		}
		d_step {
			if
			:: tail == intended_tail -> received = intended_received
			:: else
			fi
		}
	fi
}

inline release_guard()
{
	assert(guard == me + 1 && sent == head && received == tail);
	guard = FREE
}

/* append(), owe_receiver() */
inline append()
{
	atomic {
		used + SIZE(me) <= CAPACITY ->
		assert(!published[message] && sent == head);
		/* The record, beyond head, where nobody looks. */
		ring[head % CAPACITY] = message;
#ifdef SENT_FIRST
		intended_sent = sent + 1
	}
	intended_head = head + 1;
#else
		intended_head = head + 1
	}
	intended_sent = sent + 1;
#endif
	d_step {
		head++;
		used = used + SIZE(me);
		published[message] = true
	}
	sent = head;
	atomic {
		if
		:: receivers_waiting > 0 -> receivers_waiting--; owes = true
		:: else
		fi
	}
}

/* enter_senders(): the semaphore is looked at while the guard is held. */
inline enter_senders()
{
#ifndef LATE_TURN
	turn = drained;
#endif
	atomic {
		if
		:: senders_waiting == 0 || SIZE(me) < senders_need -> senders_need = SIZE(me)
		:: else
		fi
	}
	atomic { senders_waiting++; sleeps = true }
}

active [SENDERS] proctype sender()
{
	byte me = _pid;
	byte message = _pid * MESSAGES;
	byte turn;
	bool owes, sleeps, ended;

	{
		atomic { claimed[me] = true; living++ }	/* claim() */
		do
		:: message == (me + 1) * MESSAGES -> break
		:: else ->
			take_guard();
			if
			:: append()
			:: used + SIZE(me) > CAPACITY && !ended -> enter_senders()
			:: used + SIZE(me) > CAPACITY && ended	/* SHMX_E_FULL */
			fi;
			atomic {
				release_guard();
				if
				:: sleeps -> sleeps = false; asleep[me] = true
				:: !sleeps && !owes && !published[message] -> ended = false	/* the call has failed; it calls again */
				:: !sleeps && !owes && published[message] -> message++; ended = false
				:: owes
				fi
			}
			if
			:: atomic { owes -> filled++; owes = false; message++; ended = false }	/* post() */
			:: !owes && !asleep[me]
			:: !owes && asleep[me] ->
				/* sleep_for_room(): until there were more posts than when it looked */
#ifdef LATE_TURN
				turn = drained;
#endif
end_asleep:			if
				:: atomic { drained > turn -> asleep[me] = false; turn = 0 }
				:: atomic { give_ups < GIVE_UPS -> give_ups++; ended = true; asleep[me] = false; turn = 0 }
				fi
			fi
		od;
		/* unclaim() takes back what a death would post. */
		atomic { claimed[me] = false; living-- }
	} unless {
		dead[me]
	}
}

/* take_message(), owe_senders() */
inline take_message()
{
	atomic { tail != head -> assert(received == tail); intended_tail = tail + 1 }
	intended_received = received + 1;
	d_step {
		/* The message is in this receiver's hands now. */
		message = ring[tail % CAPACITY];
		assert(published[message] && !taken[message]);
		taken[message] = true;
		used = used - SIZE(message / MESSAGES);
		tail++;
		message = 0
	}
	received = tail;
	atomic {
		if
		:: senders_waiting > 0 && used + senders_need <= CAPACITY -> senders_waiting = 0; owes = true
		:: else
		fi
	}
}

/* enter_receivers() */
inline enter_receivers()
{
	atomic {
		if
		:: woken -> woken = false; counted = false; woken_before = true
		:: else
		fi;
		if
		:: !counted && woken_before && receivers_waiting + 1 > living -> receivers_waiting = living
		:: !counted && !(woken_before && receivers_waiting + 1 > living) -> receivers_waiting++
		:: counted
		fi;
		counted = true;
		sleeps = true
	}
}

/* leave_receivers(): who has lowered the count posts; or it has died, and its undo has posted. */
inline leave_receivers()
{
	atomic {
		if
		:: counted && !woken && receivers_waiting > 0 -> receivers_waiting--
		:: counted && !woken && receivers_waiting == 0 && filled > 0 -> filled--
		:: else
		fi;
		counted = false
	}
}

active [RECEIVERS] proctype receiver()
{
	byte me = _pid;
	byte message;
	bool owes, counted, woken, woken_before, ended, sleeps;

born:
	{
		atomic { claimed[me] = true; living++ }	/* claim() */
	call:
		atomic { counted = false; woken = false; woken_before = false; ended = false };
	look:
		if
		:: take_guard()
		/* Somebody else has it for longer than this call may wait: hand_on() */
		:: atomic {
			(woken || ended) && give_ups < GIVE_UPS && guard != FREE && guard != THE_DEAD ->
			give_ups++;
			if
#ifndef NO_HAND_ON
			:: woken -> filled++
#endif
			:: else
			fi;
			goto failed
		}
		fi;
		/* take_message(), then settle_receiver() */
		if
		:: take_message();
			leave_receivers()
		:: tail == head && ended -> leave_receivers()
		:: tail == head && !ended -> enter_receivers()
		fi;
		atomic {
			release_guard();
			if
			:: sleeps -> sleeps = false; asleep[me] = true; goto end_asleep
			:: !sleeps && !owes && !ended -> goto call
			:: !sleeps && !owes && ended -> goto failed
			:: owes
			fi
		}
		atomic { drained++; owes = false; goto call }	/* post() */
		/* sleep_for_message() */
end_asleep:	if
		:: atomic { filled > 0 -> filled--; woken = true; asleep[me] = false }
		:: atomic { give_ups < GIVE_UPS -> give_ups++; ended = true; asleep[me] = false }
		fi;
		goto look;
	failed:
		/* The time was over: it may call again, or not. */
		if
		:: goto call
		:: atomic { claimed[me] = false; living--; goto left }
		fi
	} unless {
		dead[me]
	};
	atomic {
		owes = false;
		sleeps = false;
		/* Another process takes its place, or none. */
		if
		:: dead[me] = false; goto born
		:: true
		fi
	}
left:
	skip
}

/* The kernel's undo: it lets one receiver and all senders through. */
inline undo(victim)
{
	claimed[victim] && deaths < DEATHS ->
	deaths++;
	claimed[victim] = false;
	dead[victim] = true;
	asleep[victim] = false;
	living--;
#ifndef NO_DEATH_POST
	filled++;
	drained++;
#endif
	if
	:: guard == victim + 1 -> guard = THE_DEAD
	:: else
	fi
}

active proctype killer()
{
	do
	:: d_step { undo(0) }
	:: d_step { undo(1) }
#if PROCESSES > 2
	:: d_step { undo(2) }
#endif
#if PROCESSES > 3
	:: d_step { undo(3) }
#endif
#if PROCESSES > 4
	:: d_step { undo(4) }
#endif
	:: break
	od
}

#define SLEEPS_IN_VAIN(process) (asleep[process] && \
	(IS_SENDER(process) -> used + SIZE(process) <= CAPACITY : head != tail))

/* When nothing moves any more. */
active proctype judge()
{
	timeout ->
	assert(!SLEEPS_IN_VAIN(0));
	assert(!SLEEPS_IN_VAIN(1));
#if PROCESSES > 2
	assert(!SLEEPS_IN_VAIN(2));
#endif
#if PROCESSES > 3
	assert(!SLEEPS_IN_VAIN(3));
#endif
#if PROCESSES > 4
	assert(!SLEEPS_IN_VAIN(4))
#endif
}

#ifdef LOOKS
#ifdef COUNTED_ONLY
#define IS_INTENDED false
#else
#define IS_INTENDED (intended_at == at)
#endif

/* count_received() */
inline look_received()
{
	atomic { at = tail; before = tail };
#ifdef INTENDED_AT_FIRST
	intended_at = intended_tail;
	count = intended_received;
#else
	count = intended_received;
	intended_at = intended_tail;
#endif
	if
	:: IS_INTENDED
	:: !IS_INTENDED -> count = received
	fi;
	assert(before <= count && count <= tail)
}

/*
 * count_messages(): what was so at one moment of each look, though nobody recover after a death. The messages of one sender
 * take one unit of room each, so more of them are never pending.
 */
active proctype looker()
{
	byte at, intended_at, count, before, first;

	look_received();
	first = count;
	atomic { at = head; before = head };
#ifdef INTENDED_AT_FIRST
	intended_at = intended_head;
	count = intended_sent;
#else
	count = intended_sent;
	intended_at = intended_head;
#endif
	if
	:: IS_INTENDED
	:: !IS_INTENDED -> count = sent
	fi;
	assert(before <= count && count <= head);
#if SENDERS == 1 && MESSAGES > CAPACITY
	byte both = count;
#ifndef ONE_LOOK
	look_received();
#else
	count = first;
#endif
	assert(count != first || both - first <= CAPACITY)
#endif
}
#endif
