/*
 * The log and the variables: shmx_log.[ch], shmx_vars.c. A reader without a lock beside a writer that appends, replaces,
 * removes, moves, drops, clears, passes tail and writes over what was passed.
 *
 * Two keys share a bucket, so they are one chain. A is permanent: it is moved when tail reaches it. B is a cache entry:
 * it is moved or dropped. The ring has SLOTS records of one size, so it wraps after SLOTS records and bytes are used again
 * at once. The writer (the guard lets in one at a time) may die between any two stores; the next one recovers from the
 * intent, and may die of it.
 *
 * What is true is what a look-up at this moment would find. After each store that could change that, it must still be
 * the old or the new of the call under way, for each key; and what a reader finds must have been true at one moment of
 * its look. So a key that is there is never missed, and no reader takes another key's bytes for its own.
 *
 * Records are of one size: laps that end early are in lap.pml; the search for a place and the reserve for moving are
 * arithmetic that shmx_log.h does under the guard, and test_log.c tests. Counts, size classes, marks of readers, values in
 * place (one store), time: left out, because no link depends on them. The intent is one step before its task: nobody looks
 * at it until that is set.
 *
 * Spin lets all processes see all stores in one order: this finds what a death or an interleaving breaks, and never an
 * acquire or a release that is missing. docs/concurrency.md argues those.
 *
 * Variants: OPS, DEATHS, WALK (shmx_vars_next() in place of shmx_vars_find()). Breaks: NO_BUCKET_CHECK, NO_TAIL_CHECK,
 * NO_LAST_CHECK, NO_PUBLISH, UNLINK_FIRST, NO_INTENT, PASS_FIRST, NO_RECEDE, NO_LOOK_AT_GUARD, GUARD_FIRST.
 */
#ifndef OPS
#define OPS 3
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#define SLOTS 4
#define A 0
#define B 1
#define ABSENT 0
#define SLOT(offset) ((offset) % SLOTS)

#define FITS (window_head - window_tail < SLOTS)
/* A record that must be moved has no place. The room test of the code sees to it that this is never so; here, it is full. */
#define STUCK (!FITS && !out_of_use[SLOT(window_tail)] && key[SLOT(window_tail)] == A)

/* The ring; of a value, two halves. */
/* Two records stand already, in one chain: A has the value 1, and B, the newer one, has 2. */
byte link[SLOTS] = { 0, SLOTS, 0, 0 };
byte key[SLOTS] = { A, B, 0, 0 };
byte half[SLOTS] = { 1, 2, 0, 0 };
byte other_half[SLOTS] = { 1, 2, 0, 0 };
bool out_of_use[SLOTS];
byte bucket = SLOTS + 1;
byte tail = SLOTS, head = SLOTS + 2;

/* The intent. */
#define NOWHERE 255
#define THE_BUCKET 254
bool task;
byte intent_head, intent_tail, intent_link, intent_unlink_place, intent_unlink, intent_mark;

bool dead;
bool owned;	/* the guard has an owner, living or dead */
byte ops, deaths;

/* What is true: of each key, what a look-up finds now, and what the call under way may leave. */
byte now[2] = { 1, 2 };
byte before[2] = { 1, 2 };
byte after[2] = { 1, 2 };

/* Of the reader: the key it looks for, and as bits the values that were true since it began. */
byte wanted = 2;
short allowed;
bool was_absent;	/* A was, at some moment of a walk */

hidden byte at, each;

/* After a store: looks both keys up, and holds that against the call under way. */
inline see()
{
	each = A;
	do
	:: each <= B ->
		at = bucket;
		do
		:: at >= tail && key[SLOT(at)] != each -> at = link[SLOT(at)]
		:: else -> break
		od;
		now[each] = (at >= tail -> half[SLOT(at)] : ABSENT);
		assert(now[each] == before[each] || now[each] == after[each] || (each == B && now[B] == ABSENT));
		if
		:: wanted == each -> allowed = allowed | (1 << now[each])
		:: else
		fi;
		each++
	:: else -> break
	od;
	was_absent = was_absent || now[A] == ABSENT
}

/* perform(): the words that the intent names. Can be done twice. */
inline perform()
{
#ifdef PASS_FIRST
	atomic { tail = intent_tail; see() }
#endif
	head = intent_head;
#ifndef UNLINK_FIRST
	if
	:: intent_link != NOWHERE -> atomic { bucket = intent_link; see() }
	:: else
	fi;
#endif
	if
	:: intent_unlink_place == THE_BUCKET -> atomic { bucket = intent_unlink; see() }
	:: intent_unlink_place < THE_BUCKET -> atomic { link[SLOT(intent_unlink_place)] = intent_unlink; see() }
	:: else
	fi;
#ifdef UNLINK_FIRST
	if
	:: intent_link != NOWHERE -> atomic { bucket = intent_link; see() }
	:: else
	fi;
#endif
	if
	:: intent_mark != NOWHERE -> out_of_use[SLOT(intent_mark)] = true
	:: else
	fi;
	atomic { tail = intent_tail; see() }
	task = false
}

/* commit(): write_intent(), perform(), disarm() */
inline commit(link_value, unlink_place, unlink_value, mark)
{
	atomic {
		intent_head = window_head;
		intent_tail = window_tail;
		intent_link = link_value;
		intent_unlink_place = unlink_place;
		intent_unlink = unlink_value;
		intent_mark = mark
	}
#ifndef NO_INTENT
	task = true;
#endif
	perform()
}

/* locate(): where `what` stands, and what leads there. */
inline locate()
{
	atomic {
		place = THE_BUCKET;
		spot = bucket;
		do
		:: spot >= window_tail && key[SLOT(spot)] != what -> place = spot; spot = link[SLOT(spot)]
		:: else -> break
		od
	}
}

/* shmx_log_write() at window_head */
inline append()
{
	link[SLOT(window_head)] = (spot >= window_tail && place == THE_BUCKET -> link[SLOT(spot)] : bucket);
	key[SLOT(window_head)] = what;
	out_of_use[SLOT(window_head)] = false;
	half[SLOT(window_head)] = value;
	other_half[SLOT(window_head)] = value;
	window_head++
}

/* shmx_log_copy(): a memcpy, and then the link */
inline copy_oldest()
{
	link[SLOT(window_head)] = link[SLOT(window_tail)];
	key[SLOT(window_head)] = key[SLOT(window_tail)];
	out_of_use[SLOT(window_head)] = false;
	half[SLOT(window_head)] = half[SLOT(window_tail)];
	other_half[SLOT(window_head)] = other_half[SLOT(window_tail)];
	link[SLOT(window_head)] = (bucket == window_tail -> 0 : bucket)
}

/* move_oldest(). Where bytes are used again that were only given up here, tail is told first. */
inline move_oldest()
{
#ifndef NO_PUBLISH
	if
	:: window_head - tail >= SLOTS -> commit(NOWHERE, NOWHERE, 0, NOWHERE)
	:: else
	fi;
#endif
	copy_oldest();
	atomic { window_tail++; window_head++ }
	commit(window_head - 1, NOWHERE, 0, NOWHERE)
}

/* pass_oldest() */
inline pass_oldest()
{
	if
	:: out_of_use[SLOT(window_tail)] -> atomic { window_tail++; pending = true }
	:: !out_of_use[SLOT(window_tail)] && key[SLOT(window_tail)] == B -> atomic { window_tail++; pending = true }
	:: !out_of_use[SLOT(window_tail)] && FITS -> move_oldest(); pending = false
	fi
}

active proctype writer()
{
	byte window_head, window_tail, spot, place, what, value;
	bool pending, more;

born:
	{
		/* shmx_vars_recover() */
		if
		:: task -> perform()
		:: else
		fi;
		owned = false;
	end:
		do
		:: atomic {
				ops < OPS ->
				ops++;
				owned = true;
				value = ops + 2;
				window_head = head;
				window_tail = tail;
				before[A] = now[A]; after[A] = now[A];
				before[B] = now[B]; after[B] = now[B];
				more = true
			};
			if
			:: what = A
			:: what = B
			:: goto remove
			:: goto clear
			fi;
			/* put_at(), make_room(): until there is room, and one record further at most */
			after[what] = value;
			do
			:: STUCK -> after[what] = before[what]; goto called
			:: !FITS && !STUCK -> pass_oldest()
			:: atomic { FITS && more && window_head > window_tail + 1 -> more = false }; pass_oldest()
			:: FITS -> break
			od;
			if
			:: pending -> commit(NOWHERE, NOWHERE, 0, NOWHERE); pending = false
			:: else
			fi;
			locate();
			append();
			if
			:: spot < window_tail -> commit(window_head - 1, NOWHERE, 0, NOWHERE)
			:: spot >= window_tail && place == THE_BUCKET -> commit(window_head - 1, NOWHERE, 0, spot)
			:: spot >= window_tail && place != THE_BUCKET ->
				commit(window_head - 1, place, link[SLOT(spot)], spot)
			fi;
			goto called;

		remove:
			/* shmx_vars_remove(), of B */
			atomic { what = B; after[B] = ABSENT };
			locate();
			if
			:: spot >= window_tail -> commit(NOWHERE, place, link[SLOT(spot)], spot)
			:: else
			fi;
			goto called;

		clear:
			/* clear_all() */
			atomic { after[A] = ABSENT; after[B] = ABSENT; window_tail = window_head }
			commit(NOWHERE, NOWHERE, 0, NOWHERE);

		called:
			atomic {
				assert(now[A] == after[A] && (now[B] == after[B] || now[B] == ABSENT));
				spot = 0; place = 0; what = 0; value = 0; window_head = 0; window_tail = 0; more = false
			}
			owned = false
		od
	} unless {
		dead
	};
	atomic {
		dead = false; spot = 0; place = 0; what = 0; value = 0; window_head = 0; window_tail = 0;
		pending = false; more = false;
		goto born
	}
}

active proctype killer()
{
end:	do
	:: atomic { !dead && ops > 0 && deaths < DEATHS -> deaths++; dead = true }
	od
}

#ifndef WALK
/* shmx_vars_find(): look_once(), look_closer(); then the caller reads in place, and shmx_vars_still_valid() */
active proctype reader()
{
	byte first, window, offset, next, found;

again:
	atomic {
		if
		:: wanted = A
		:: wanted = B
		fi;
		allowed = 1 << now[wanted]
	}
retry:
	atomic { first = bucket; offset = first; found = 0; next = 0 }
	window = tail;
	do
	:: offset < window -> break
	:: offset >= window ->
		next = link[SLOT(offset)];
		if
		:: key[SLOT(offset)] == wanted ->
			found = half[SLOT(offset)];
#ifndef NO_TAIL_CHECK
			atomic {
				if
				:: offset < tail -> goto retry
				:: else
				fi
			}
#endif
			atomic { next = other_half[SLOT(offset)]; first = 0; window = 0 }
			atomic {
				if
#ifndef NO_LAST_CHECK
				:: offset < tail -> goto retry
#endif
				:: else
				fi;
				assert(next == found && (allowed & (1 << found)));
				goto done
			}
		:: else
		fi;
		atomic {
			window = tail;
			if
#ifndef NO_TAIL_CHECK
			:: offset < window -> goto retry
#endif
			:: else
			fi;
			/* Else it would be told that the segment is damaged. */
			assert(next < offset);
			offset = next;
			next = 0
		}
	od;
	atomic {
		if
#ifndef NO_BUCKET_CHECK
		:: bucket != first -> goto retry
#endif
		:: else
		fi;
		assert(allowed & (1 << ABSENT))
	}
done:
	atomic { first = 0; window = 0; offset = 0; next = 0; found = 0; wanted = 2; allowed = 0; goto again }
}
#else
/* follow_head(), with shmx_guard_at_rest(): whether a key may be met twice, the caller must know. */
inline follow_head()
{
#ifdef GUARD_FIRST
	rests = !owned;
#endif
	seen = head;
	if
	:: end == 0 ->
#ifdef NO_LOOK_AT_GUARD
		rests = true;
#elif !defined(GUARD_FIRST)
		rests = !owned;
#endif
		doubles = !rests
	:: end != 0 -> doubles = doubles || seen != end
	fi;
	atomic { end = seen; seen = 0; rests = false }
}

/*
 * A walk with shmx_vars_next(): catch_up(), take_down(). A is met, unless it was not there for a moment; and no key is met
 * twice, unless the walk says that this may be.
 */
active proctype walker()
{
	byte next, end, window, name, seen;
	bool met, met_b, twice, doubles, rests, unused;

again:
	atomic {
		was_absent = (now[A] == ABSENT);
		met = false; met_b = false; twice = false; doubles = false; next = 0; end = 0
	}
	do
	::	atomic {
			window = tail;
			if
			:: next < window -> next = window
			:: else -> window = 0
			fi
		}
		if
		:: window != 0 -> window = 0; follow_head()
		:: else
		fi;
		if
		:: next >= end -> break
		:: else
		fi;
		unused = out_of_use[SLOT(next)];
		name = key[SLOT(next)];
		atomic {
			if
			:: next >= tail ->
				next++;
				if
				:: !unused && name == A -> twice = twice || met; met = true
				:: !unused && name == B -> twice = twice || met_b; met_b = true
				:: unused
				fi
			:: else -> unused = false
			fi
		}
#ifndef NO_RECEDE
		if
		:: unused -> follow_head()
		:: else
		fi;
#endif
		atomic { unused = false; name = 0 }
	od;
	assert(met || was_absent);
	assert(!twice || doubles);
	goto again
}
#endif
