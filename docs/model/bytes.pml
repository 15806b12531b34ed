/*
 * Bytes: shmx_bytes.c and shmx_sequence.h. The sequence, the stamp, the journal, the payload, the torn table.
 *
 * One writer at a time, as the guard has it: it writes small and large ranges of three cells, and may die between any
 * two stores; the next one recovers, and may die of it as well. A reader that takes the guard recovers in one step: it
 * runs the same function, so its death there leaves what a writer's does. One reader reads
 * without a lock: by an even number, through an odd one, under the guard, or past a dead writer.
 *
 * What is true is kept aside as the list of states the payload was in, one for each write: a small one counts from its
 * odd number, a large one from its even number, and one that died in between has torn its range. A read is right if, at
 * one moment of it, each of its cells was what the copy says; or was torn, and the reader was told; and it is told so
 * only if one of them was torn, or if the table was too small once to say it more exactly.
 *
 * Whether a write is large is a flag beside its length here, so that both kinds can be of any size. One cell is what one
 * store writes. Left out: other kinds' segments, offsets that a scribbler left, time.
 *
 * Spin lets all processes see all stores in one order: this finds what a death or an interleaving breaks, and never an
 * acquire or a release that is missing. docs/concurrency.md argues those.
 *
 * Variants: WRITES, DEATHS, RANGES (how many the torn table holds; with 1 it is full after the first). Breaks: NO_CHECK,
 * NO_OVERLAY, EARLY_STAMP, NO_MARK, ONE_LOOK, NO_RECOVERY, CUT_FIRST, NO_GROWTH, CUT_WHEN_FULL.
 */
#ifndef WRITES
#define WRITES 2
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#define CELLS 3
#ifndef RANGES
#define RANGES 2
#endif
#define TORN 99

byte sequence, stamp;
byte offset, length;	/* of the write; with LARGE it is not in the journal */
#define LARGE 128
#define BEGIN offset
#define END (offset + (length & ~LARGE))
byte journal[CELLS], payload[CELLS];
byte torn_count, torn_begin[RANGES], torn_end[RANGES];

#define FREE 0
#define WRITER 1
#define READER 2
#define THE_DEAD 99
byte guard;
bool dead;
byte writes, deaths;

/* What is true: the states of the payload, and the last write that made one. */
byte truth[(WRITES + 1) * CELLS];
byte moment, settled;
bool was_full;	/* the torn table: it may warn of more than it must */

hidden byte at, made;

/* The write of this odd number has taken effect on the cells from..to - 1. */
inline settle(number, from, to, what)
{
	if
	:: settled != number ->
		settled = number;
		moment++;
		at = 0;
		do
		:: at < CELLS ->
			if
			:: at >= from && at < to -> truth[moment * CELLS + at] = what
			:: else -> truth[moment * CELLS + at] = truth[(moment - 1) * CELLS + at]
			fi;
			at++
		:: else -> break
		od
	:: else
	fi
}

/* store_torn() */
inline store_torn(entry, from, to)
{
	torn_end[entry] = 0;
	torn_begin[entry] = from;
	torn_end[entry] = to
}

/* free_torn_entry(), find_torn_entry(): only the guard's owner changes the table, so looking at it is one step. */
inline find_entry(from, to)
{
	d_step {
		entry = 0;
		do
		:: entry < torn_count && !(torn_begin[entry] == from && torn_end[entry] == to) -> entry++
		:: else -> break
		od;
		there = (entry < torn_count);
		if
		:: !there ->
			entry = 0;
			do
			:: entry < torn_count && torn_begin[entry] < torn_end[entry] -> entry++
			:: else -> break
			od
		:: else
		fi
	}
	if
	:: entry == torn_count && entry < RANGES -> torn_count = entry + 1
	:: else
	fi
}

/* cover_torn(), cover_torn_entry() */
inline cover_torn(from, to)
{
	i = 0;
	do
	:: i < torn_count ->
		if
		:: torn_begin[i] >= torn_end[i] || torn_end[i] <= from || torn_begin[i] >= to
		:: torn_begin[i] < torn_end[i] && from <= torn_begin[i] && torn_end[i] <= to -> torn_end[i] = 0
		:: from <= torn_begin[i] && torn_begin[i] < to && to < torn_end[i] -> torn_begin[i] = to
		:: torn_begin[i] < from && from < torn_end[i] ->
			if
			:: to < torn_end[i] ->
#ifdef CUT_FIRST
				cut = torn_end[i];
				torn_end[i] = from;
				find_entry(to, cut);
				store_torn(entry, to, cut);
				cut = 0
#else
				find_entry(to, torn_end[i]);
				if
				:: there -> torn_end[i] = from
				:: !there && entry < RANGES -> store_torn(entry, to, torn_end[i]); torn_end[i] = from
				/* No room for two pieces: it stays in one. */
				:: !there && entry == RANGES -> was_full = true
#ifdef CUT_WHEN_FULL
					; torn_end[i] = from
#endif
				fi
#endif
			:: else -> torn_end[i] = from
			fi
		fi;
		i++
	:: else -> break
	od;
	atomic {
		i = torn_count;
		do
		:: i > 0 && torn_begin[i - 1] >= torn_end[i - 1] -> i--
		:: else -> break
		od
	}
	atomic { torn_count = i; i = 0; entry = 0; there = false }
}

/* perform_write(): from the odd number to the even one. With a `value` of 0 the bytes are taken from the journal. */
inline perform_write()
{
	d_step {
		sequence = odd;
		made = (value == 0 -> writes : value);
		if
		:: !(length & LARGE) -> settle(odd, BEGIN, END, made)
		:: else
		fi
	}
	i = BEGIN;
	do
	:: atomic { i < END -> payload[i] = (value == 0 -> journal[i] : value); i++ }
	:: atomic { i == END -> break }
	od;
	if
	:: torn_count > 0 -> cover_torn(BEGIN, END)
	:: else -> i = 0
	fi;
	atomic {
		sequence = odd + 1;
		made = (value == 0 -> writes : value);
		settle(odd, BEGIN, END, made);
		odd = 0
	}
}

/* shmx_bytes_recover(). The recoverer of a small write has its bytes from the journal. */
inline recover()
{
	if
	:: stamp != (sequence | 1) ->
		if
		:: sequence & 1 -> sequence = sequence + 1
		:: else
		fi
	:: stamp == (sequence | 1) && !(length & LARGE) ->
		odd = sequence | 1;
		perform_write()
	:: stamp == (sequence | 1) && (length & LARGE) && (sequence & 1) ->
#ifndef NO_MARK
		/* add_torn(), is_in_torn() */
		d_step {
			i = 0;
			do
			:: i < torn_count && !(torn_begin[i] <= BEGIN && END <= torn_end[i]) -> i++
			:: else -> break
			od
		}
		if
		:: i == torn_count ->
			d_step {
				i = 0;
				do
				:: i < torn_count && torn_begin[i] < torn_end[i] -> i++
				:: else -> break
				od;
				entry = i
			}
			if
			:: entry < RANGES ->
				if
				:: entry == torn_count -> torn_count = entry + 1
				:: else
				fi;
				store_torn(entry, BEGIN, END)
			:: else ->
				/* The first entry grows to take it in. */
				was_full = true;
#ifndef NO_GROWTH
				if
				:: BEGIN < torn_begin[0] -> torn_begin[0] = BEGIN
				:: else
				fi;
				if
				:: END > torn_end[0] -> torn_end[0] = END
				:: else
				fi
#endif
			fi
		:: else
		fi;
		d_step { i = 0; entry = 0 }
#endif
		sequence = sequence + 1
	:: stamp == (sequence | 1) && (length & LARGE) && !(sequence & 1) -> stamp = 0
	fi
}

/* describe_write() */
inline describe(from, to, size)
{
	d_step {
		writes++;
		value = writes
	}
#ifdef EARLY_STAMP
	offset = from;
	length = size;
	stamp = sequence + 1;
#endif
	if
	:: !(size & LARGE) ->
		i = from;
		do
		:: atomic { i < to -> journal[i] = value; i++ }
		:: atomic { i == to -> i = 0; break }
		od
	:: else
	fi;
	offset = from;
	length = size;
	stamp = sequence + 1
}

active proctype writer()
{
	byte value, i, entry, cut, odd;
	bool there;

born:
	{
		do
		:: atomic { guard == FREE && writes < WRITES -> guard = WRITER };
			if
			:: describe(0, 2, 2)
			:: describe(1, 2, 1)
			:: describe(0, 3, 3)
			:: describe(0, 3, 3 + LARGE)
			:: describe(2, 3, 1 + LARGE)
			fi;
			odd = sequence + 1;
			perform_write();
			atomic { value = 0; guard = FREE }
		:: atomic { guard == THE_DEAD -> guard = WRITER };
#ifndef NO_RECOVERY
			recover();
#endif
			guard = FREE
		od
	} unless {
		dead
	};
	atomic { dead = false; value = 0; i = 0; entry = 0; cut = 0; odd = 0; there = false; goto born }
}

/* A writer dies. If its write was large and under way, its range is torn from now on. */
active proctype killer()
{
end:	do
	:: d_step {
		guard == WRITER && !dead && deaths < DEATHS ->
		deaths++;
		dead = true;
		guard = THE_DEAD;
		if
		:: (sequence & 1) && stamp == sequence && (length & LARGE) -> settle(sequence, BEGIN, END, TORN)
		:: else
		fi
	}
	od
}

/* find_torn(): notes a torn cell from..to - 1 outside the range that is being written. */
inline find_torn(from, to)
{
	count = torn_count;
	i = 0;
	do
	:: i < count ->
		last = torn_end[i];
		atomic {
			first = torn_begin[i];
			at = from;
			do
			:: at < to ->
				told = told || (at >= first && at < last && !(at >= written_begin && at < written_end));
				at++
			:: else -> break
			od;
			first = 0;
			last = 0;
			i++
		}
	:: else -> atomic { i = 0; count = 0; break }
	od
}

inline copy_payload()
{
	i = begin;
	do
	:: atomic { i < end -> copy[i] = payload[i]; i++ }
	:: atomic { i == end -> i = 0; break }
	od
}

/* try_read(), read_through(). Goes on at `failed` without a result. */
inline try_read()
{
	atomic { number = sequence; told = false; written_begin = 0; written_end = 0 }
	if
	:: number & 1 ->
		/* load_write() */
		atomic {
			if
			:: stamp != number -> goto failed
			:: else
			fi
		}
		written_begin = offset;
		atomic {
			size = length;
			written_end = written_begin + (size & ~LARGE);
			if
			:: (size & LARGE) && begin < written_end && written_begin < end -> goto failed
			:: else
			fi
		}
		copy_payload();
#ifndef NO_OVERLAY
		if
		:: !(size & LARGE) ->
			i = (begin > written_begin -> begin : written_begin);
			do
			:: atomic { i < end && i < written_end -> copy[i] = journal[i]; i++ }
			:: atomic { i >= end || i >= written_end -> i = 0; break }
			od
		:: else
		fi;
#endif
		if
		:: torn_count > 0 ->
			find_torn(begin, end);
#ifndef ONE_LOOK
			if
			:: !told -> find_torn(begin, end)
			:: else
			fi
#endif
		:: else
		fi
	:: else ->
		copy_payload();
		if
		:: torn_count > 0 -> find_torn(begin, end)
		:: else
		fi
	fi;
	atomic {
		if
#ifdef NO_CHECK
		:: true
#else
		:: sequence == number
#endif
		:: else -> goto failed
		fi
	}
}

/* Whether there was a moment since `since` at which all this was so. */
inline judge()
{
	d_step {
		right = false;
		number = since;
		do
		:: number <= moment && !right ->
			right = true;
			size = 0;
			at = begin;
			do
			:: at < end ->
				if
				:: truth[number * CELLS + at] == TORN -> size = 1; right = right && told
				:: else -> right = right && copy[at] == truth[number * CELLS + at]
				fi;
				at++
			:: else -> break
			od;
			/* Not told of what is not so. */
			right = right && (!told || size == 1 || was_full);
			number++
		:: else -> break
		od;
		assert(right);
		right = false; number = 0; size = 0; told = false; written_begin = 0; written_end = 0; since = 0;
		copy[0] = 0; copy[1] = 0; copy[2] = 0; begin = 0; end = 0
	}
}

active proctype reader()
{
	byte begin, end, since, number, size, written_begin, written_end, count, first, last, i;
	byte value, entry, cut, odd;
	bool told, right, there;
	byte copy[CELLS];

again:
	atomic {
		if
		:: begin = 0; end = 3
		:: begin = 1; end = 3
		:: begin = 0; end = 2
		fi;
		since = moment
	}
retry:
	try_read();
	judge();
	goto again;

failed:
	atomic { i = 0; size = 0; written_begin = 0; written_end = 0; told = false }
	if
	:: goto retry
	/* read_guarded(); recovery first, if the owner has died */
	:: if
		:: atomic { guard == FREE -> guard = READER }
		:: atomic { guard == THE_DEAD -> guard = READER }
#ifndef NO_RECOVERY
			atomic { told = false; recover() }
#endif
		fi;
		goto guarded
	/* read_abandoned(), after shmx_guard_abandoned() */
	:: (number & 1) && (guard == FREE || guard == THE_DEAD) ->
		copy_payload();
		told = true;
		atomic {
			if
			:: sequence == number
			:: else -> goto failed
			fi
		}
		judge();
		goto again
	fi;

guarded:
	atomic {
		assert(!(sequence & 1));
		number = begin;
		do
		:: number < end -> copy[number] = payload[number]; number++
		:: else -> break
		od;
		number = 0;
		count = torn_count;
		find_torn(begin, end);
		judge();
		guard = FREE;
		goto again
	}
}
