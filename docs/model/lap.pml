/*
 * The laps of the log: shmx_log.[ch], and of shmx_vars.c make_room(), clear_all() and shmx_vars_next(). A walk over the
 * keys, without a lock, beside a writer that appends records of one and two places, drops, clears, and begins new laps.
 * The writer may die between any two stores; the next one recovers from the intent, and may die of it.
 *
 * The walk must never take for a record what is none: the rest of a lap, the middle of a record, or what an earlier lap
 * left. log.pml, where all records are of one size and laps end where the ring does, asks what keys a walk meets.
 *
 * An offset is LAP for each lap, and the place in it; the ring has SIZE places, and its end is a place, too.
 *
 * Left out: the index, permanent records and moves, what a record holds (log.pml); counts, time.
 *
 * Spin lets all processes see all stores in one order: this finds what a death or an interleaving breaks, and never an
 * acquire, a release or a fence that is missing, as the one before lap_end once was. docs/concurrency.md argues those.
 *
 * Variants: OPS, DEATHS. Break: REWIND_AT_ONCE, in make_room() and in clear_all(), as the code once did.
 */
#ifndef OPS
#define OPS 4
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#define LAP 4
#define SIZE 3
#define PLACE(offset) ((offset) % LAP)
#define LAP_OF(offset) ((offset) / LAP)
#define NEXT_LAP(offset) ((LAP_OF(offset) + 1) * LAP)
#define NOWHERE 255
#define WRAPPED (LAP_OF(window_head) != LAP_OF(window_tail))

/* What stands at each place: a record's size, 0 in its middle, and the lap it was written in. */
byte size[SIZE] = { 0, 0, 0 };
byte lap[SIZE] = { 0, 0, 0 };
byte tail = LAP, head = LAP, lap_end;

bool task;
byte intended_tail, intended_head, intended_lap_end;

bool dead;
byte ops, deaths;

/* perform(), of which the rest is in log.pml */
inline perform()
{
	lap_end = intended_lap_end;
	head = intended_head;
	tail = intended_tail;
	task = false
}

inline commit()
{
	atomic { intended_tail = window_tail; intended_head = window_head; intended_lap_end = window_lap_end }
	task = true;
	perform()
}

/* shmx_log_load() */
inline load()
{
	window_tail = tail;
	window_head = head;
	window_lap_end = lap_end;
	if
	:: WRAPPED && window_tail == window_lap_end -> window_tail = NEXT_LAP(window_tail)
	:: else
	fi
}

/* shmx_log_place() */
inline find_place()
{
	place = NOWHERE;
	if
	:: WRAPPED && PLACE(window_tail) >= PLACE(window_head) + need -> place = window_head
	:: !WRAPPED && SIZE >= PLACE(window_head) + need -> place = window_head
	:: !WRAPPED && SIZE < PLACE(window_head) + need && PLACE(window_tail) >= need -> place = NEXT_LAP(window_head)
	:: else
	fi
}

/* shmx_log_rewind(), of an empty window */
inline rewind()
{
	if
	:: window_tail == window_head && PLACE(window_head) != 0 ->
		window_lap_end = window_head;
		window_head = NEXT_LAP(window_head);
		window_tail = window_head
	:: else
	fi
}

/* shmx_log_write() and shmx_log_extend() */
inline append()
{
	atomic { size[PLACE(place)] = need; lap[PLACE(place)] = LAP_OF(place) }
	if
	:: need == 2 -> size[PLACE(place) + 1] = 0
	:: else
	fi;
	atomic {
		if
		:: LAP_OF(place) != LAP_OF(window_head) -> window_lap_end = window_head
		:: else
		fi;
		window_head = place + need;
		if
		:: window_tail == window_lap_end && WRAPPED -> window_tail = NEXT_LAP(window_tail)
		:: else
		fi
	}
}

/* drop_oldest(), with shmx_log_after() */
inline drop_oldest()
{
	window_tail = window_tail + size[PLACE(window_tail)];
	if
	:: window_tail == window_lap_end && WRAPPED -> window_tail = NEXT_LAP(window_tail)
	:: else
	fi;
	pending = true
}

active proctype writer()
{
	byte window_tail, window_head, window_lap_end, need, place;
	bool pending;

born:
	{
		/* shmx_vars_recover() */
		if
		:: task -> perform()
		:: else
		fi;
	end:
		do
		:: atomic {
				ops < OPS ->
				ops++;
				load();
				if
				:: need = 1
				:: need = 2
				:: goto clear
				fi
			};
			/* make_room() */
			do
			:: atomic {
					find_place();
					if
					:: place != NOWHERE -> break
					:: place == NOWHERE && window_tail != window_head -> drop_oldest()
					:: else
					fi
				}
				if
				:: place == NOWHERE && window_tail == window_head ->
#ifndef REWIND_AT_ONCE
					if
					:: pending -> commit()
					:: else
					fi;
#endif
					atomic { rewind(); pending = true }
				:: else
				fi
			/* One record more than it must. */
			:: atomic { window_tail != window_head && !pending -> drop_oldest() }
			od;
			if
			:: pending -> commit()
			:: else
			fi;
			atomic { find_place(); assert(place != NOWHERE) }
			append();
			commit();
			goto called;

		clear:
			atomic {
				window_tail = window_head;
#ifdef REWIND_AT_ONCE
				rewind()
#endif
			}
			commit();

		called:
			atomic { window_tail = 0; window_head = 0; window_lap_end = 0; need = 0; place = 0; pending = false }
		od
	} unless {
		dead
	};
	atomic {
		dead = false; window_tail = 0; window_head = 0; window_lap_end = 0; need = 0; place = 0; pending = false;
		goto born
	}
}

active proctype killer()
{
end:	do
	:: atomic { !dead && ops > 0 && deaths < DEATHS -> deaths++; dead = true }
	od
}

/* shmx_vars_next(): catch_up(), turn(), take_down() */
active proctype walker()
{
	byte next, end, seen, seen_lap;

again:
	atomic { next = 0; end = 0 }
	do
	::	atomic {
			seen = tail;
			if
			:: next < seen -> next = seen
			:: else -> seen = 0
			fi
		}
		if
		:: seen != 0 -> atomic { end = head; seen = 0 }
		:: else
		fi;
		if
		:: next >= end -> break
		:: else
		fi;
		seen = head;
		atomic {
			if
			:: LAP_OF(seen) > LAP_OF(next) && next == lap_end -> next = NEXT_LAP(next); seen = 0
			:: else -> seen = 1
			fi
		}
		if
		:: seen == 0
		:: else ->
			atomic {
				if
				:: PLACE(next) < SIZE -> seen = size[PLACE(next)]; seen_lap = lap[PLACE(next)]
				:: else -> seen = 0
				fi
			}
			atomic {
				if
				:: next < tail
				:: else ->
					/* Else it would be told that the segment is damaged, or of a key that is not there. */
					assert(seen != 0 && seen_lap == LAP_OF(next));
					next = next + seen;
					/* Behind a dead record. */
					if
					:: end = head
					:: true
					fi
				fi;
				seen = 0; seen_lap = 0
			}
		fi
	od;
	goto again
}
