/*
 * The guard: shmx_guard.c. Who may own it, who may take it from whom, and who sleeps how long.
 *
 * Writers claim a token, take the guard, write, release, and may close and claim again. Any of them may die between any
 * two steps (a new process then takes its place, and may claim the same token) or be stopped for ever.
 *
 * One step here is one atomic operation or one system call there: the kernel does all operations of a semop, and all of
 * a death's undo, under the lock of the set.
 *
 * Tenures. The code counts takes in 47 bits, so a number never comes back. Here a take picks the smallest number that
 * nobody remembers: tenures are only compared for being equal, so nobody can tell the difference, and writers may go on
 * for ever in finitely many states.
 *
 * Left out: spins (one more of the same try), take_contended()'s own look for its token (inherit() leaves it nothing to
 * find), nested takes (no shared word changes), forks (a child is a new process), signals (a sleep that ends early, as by
 * its time), a process that dies with several handles (deaths one after the other), deletion (of a set that is gone, or
 * that is another's by its tags, nothing is believed, so nobody is ever found dead), the drain of a full gate, exec (a
 * process that became another program has no undo: is_left_by_exec() takes it for dead, and unclaims its token for it, so
 * to the others it is a death; test_guard.c has it), shmx_guard_at_rest() (log.pml).
 *
 * Spin lets all processes see all stores in one order: this finds what a death or an interleaving breaks, and never an
 * acquire or a release that is missing. docs/concurrency.md argues those.
 *
 * Variants: WRITERS, DEATHS (no bound without), STOPS, ROUNDS (takes of each process; no end without), PATIENT (nobody
 * gives up), NO_TIMEOUT (a sleep has no bound). Breaks: NO_TENURE, NO_DEATH_POST, NO_RECOVERY, NO_LOOK, LATE_LOAD,
 * INHERIT_ONCE (the code as it was when this model was made: a guard named a living process that did not hold it).
 */
#ifndef WRITERS
#define WRITERS 3
#endif
#ifndef STOPS
#define STOPS 0
#endif

/* The word: owner's token in bits 0 and 1, contended in bit 2, tenure above. */
#define OWNER(word) ((word) & 3)
#define CONTENDED 4
#define TENURE(word) ((word) >> 3)
#define HOLDING(word) ((word) & ~CONTENDED)	/* word_tenure(): the owner counts, too */
#define FREED(word) ((word) & ~7)

byte guard;
byte gate;
bool living[4];		/* the token semaphores, by token; there is no token 0 */

/* Of each process, where all can see it because its death resets it. */
byte token[WRITERS];
byte word[WRITERS];	/* the word last loaded */
byte held[WRITERS];	/* guard_word; not 0 while it holds the guard */
bool dead[WRITERS];	/* killed, and its successor is not born yet */
bool stopped[WRITERS];
#ifdef LIVENESS
bool waits[WRITERS];	/* is in take_contended() */
#define WAITS(yes) waits[me] = yes
#else
#define WAITS(yes) skip
#endif

/* What is true, as nobody in the program can know it. */
#define NOBODY 0
#define THE_DEAD 99
byte owner;		/* NOBODY, THE_DEAD, or 1 + the process's number */
bool dirty;		/* the last owner died before it released, and nobody has repaired since */
byte deaths, stops;

hidden byte number, each, used;

/* word_taken(): a number that no process remembers. */
inline next_tenure()
{
	number = 0;
#ifndef NO_TENURE
	used = 1;
	each = 0;
	do
	:: each < WRITERS ->
		used = used | (1 << TENURE(word[each])) | (1 << TENURE(held[each]));
		each++
	:: else -> break
	od;
	do
	:: used & (1 << number) -> number++
	:: else -> break
	od
#endif
}

/* The compare-and-swap of take_free() and take_over(), from the word last loaded. */
inline take(contended, from_dead)
{
	d_step {
		if
		:: guard == word[me] ->
			assert(owner == NOBODY || (from_dead && owner == THE_DEAD));
			assert(from_dead || !dirty);
			next_tenure();
			guard = (number << 3) | contended | token[me];
			held[me] = guard;
			owner = me + 1
		:: else
		fi;
		word[me] = 0
	}
}

/* The compare-and-swap that frees it, from `expected`. */
inline free(expected)
{
	d_step {
		if
		:: guard == expected ->
			assert(owner == me + 1 && !dirty);
			owner = NOBODY;
			guard = FREED(guard);
			held[me] = 0
		:: else
		fi;
		word[me] = 0
	}
}

active [WRITERS] proctype writer()
{
	byte me = _pid;
	byte slept;	/* CONTENDED once it has slept */
	bool inherited;
#ifdef ROUNDS
	byte rounds;
#endif

born:
	{
		skip;
	unborn:
		/* claim(): any token that is free */
		if
		:: atomic { !living[1] -> living[1] = true; token[me] = 1 }
		:: atomic { !living[2] -> living[2] = true; token[me] = 2 }
#if WRITERS > 2
		:: atomic { !living[3] -> living[3] = true; token[me] = 3 }
#endif
		fi;
		/* inherit(): if the guard names the token, a dead owner had it before */
	inherit:
		atomic {
			word[me] = guard;
			if
			:: OWNER(word[me]) == token[me] -> inherited = true; goto take_over
			:: else -> word[me] = 0
			fi
		}
	idle:
#ifdef ROUNDS
		if
		:: rounds == ROUNDS -> goto end_done
		:: else -> rounds++
		fi;
#endif
		/* shmx_guard_take(): the load and the compare-and-swap of the first try */
		atomic {
			word[me] = guard;
			if
			:: OWNER(word[me]) == 0 -> skip
			:: else -> WAITS(true); goto look
			fi
		}
		atomic {
			take(0, false);
			if
			:: held[me] != 0 -> goto owned
			:: else -> WAITS(true)
			fi
		}

		/* take_contended(), from the head of its loop */
	look:
		atomic {
			word[me] = guard;
			if
			:: OWNER(word[me]) == 0 -> skip
			:: OWNER(word[me]) != 0 && !(word[me] & CONTENDED) -> goto mark
			:: OWNER(word[me]) != 0 && (word[me] & CONTENDED) -> goto asleep
#ifndef PATIENT
			:: OWNER(word[me]) != 0 -> goto same	/* no time left: the last look, without a sleep */
#endif
			fi
		}
		atomic {
			take(slept, false);
			if
			:: held[me] != 0 -> WAITS(false); goto owned
			:: else -> goto look
			fi
		}
	mark:
		atomic {
			if
			:: guard == word[me] -> guard = guard | CONTENDED
			:: else -> goto look
			fi
		}
		/* sleep_at_gate() */
	asleep:
		if
		:: atomic { gate > 0 -> gate--; slept = CONTENDED }
#ifndef NO_TIMEOUT
		:: slept = CONTENDED
#endif
		fi;
		/* take_from_dead(): whether it is the same holding */
	same:
		atomic {
			if
			:: HOLDING(guard) == HOLDING(word[me]) -> word[me] = guard
			:: else -> goto no_luck
			fi
		}
		/* look_at_owner() */
#ifndef NO_LOOK
		atomic {
			if
			:: living[OWNER(word[me])] -> goto no_luck
			:: else
			fi
		}
#endif
#ifdef LATE_LOAD
		word[me] = guard;
#endif
	take_over:
		atomic {
			take(CONTENDED, true);
			if
			:: held[me] != 0 -> WAITS(false); goto repair
			:: else -> goto no_luck
			fi
		}
	no_luck:
		atomic {
			word[me] = 0;
			if
			/* A waiter may have set the contended bit, so the word is looked at again. */
			:: inherited -> inherited = false;
#ifdef INHERIT_ONCE
				goto idle
#else
				goto inherit
#endif
			:: !inherited -> goto look
#ifndef PATIENT
			:: !inherited -> slept = 0; WAITS(false); goto idle	/* SHMX_E_TIMEOUT; and another call */
#endif
			fi
		}

	repair:
		/* The hook of the kind. What it does in steps is in the other models. */
#ifndef NO_RECOVERY
		dirty = false;
#else
		skip;
#endif
	owned:
		/* shmx_guard_release() */
		atomic {
			slept = 0;
			inherited = false;
			if
			:: !(held[me] & CONTENDED) ->
				free(held[me]);
				if
				:: held[me] == 0 -> goto released
				:: else
				fi
			:: else
			fi
		}
		/* release_contended() */
		do
		:: word[me] = guard;
			atomic {
				assert(HOLDING(word[me]) == HOLDING(held[me]));
				free(word[me]);
				if
				:: held[me] == 0 -> break
				:: else
				fi
			}
		od;
		/* open_gate() */
		atomic {
			if
			:: gate == 0 -> gate = 1
			:: else
			fi
		}
	released:
		if
		:: goto idle
		/* shmx_guard_forget(), unclaim() */
		:: atomic { living[token[me]] = false; token[me] = 0; goto unborn }
		fi;
	end_done:
		false
	} unless {
		dead[me] || stopped[me]
	};
	/* Stopped: it moves no more. Dead: the kernel has undone, and another process begins, or none. */
end_stopped:
	atomic {
		dead[me] -> dead[me] = false;
		slept = 0;
		inherited = false;
		if
		:: goto born
		:: true
		fi
	}
}

/* The kernel's undo for a process that was killed: its token goes down, and the gate goes up. */
inline undo(victim)
{
	dead[victim] = true;
	living[token[victim]] = false;
#ifndef NO_DEATH_POST
	/* A gate that lets everybody through is open enough. */
	if
	:: gate < WRITERS -> gate++
	:: else
	fi;
#endif
	token[victim] = 0;
	word[victim] = 0;
	held[victim] = 0;
#ifdef LIVENESS
	waits[victim] = false;
#endif
	stopped[victim] = false;
	if
	:: owner == victim + 1 -> owner = THE_DEAD; dirty = true
	:: else
	fi
}

inline stop(victim)
{
	stopped[victim] = true;
#ifdef LIVENESS
	waits[victim] = false
#endif
}

#ifdef DEATHS
#define MAY_DIE(victim) (token[victim] != 0 && deaths < DEATHS) -> deaths++
#else
#define MAY_DIE(victim) (token[victim] != 0) -> skip
#endif
#define MAY_STOP(victim) (token[victim] != 0 && !stopped[victim] && stops < STOPS) -> stops++

/* Kills and stops whom it likes, when it likes. */
active proctype killer()
{
end:	do
	:: d_step { MAY_DIE(0); undo(0) }
	:: d_step { MAY_DIE(1); undo(1) }
#if WRITERS > 2
	:: d_step { MAY_DIE(2); undo(2) }
#endif
#if STOPS > 0
	:: d_step { MAY_STOP(0); stop(0) }
	:: d_step { MAY_STOP(1); stop(1) }
#if WRITERS > 2
	:: d_step { MAY_STOP(2); stop(2) }
#endif
#endif
	od
}

#ifdef LIVENESS
/* For two writers. Who is stopped between claiming a dead owner's token and inheriting keeps the guard, as an owner does. */
#define STOPPED_HEIR(process) (stopped[process] && token[process] == OWNER(guard))
#define OWNED (owner != NOBODY && (owner != THE_DEAD || STOPPED_HEIR(0) || STOPPED_HEIR(1)))

/* The guard is never free or a dead owner's for ever while somebody waits for it. */
ltl taken { [] <> (OWNED || !(waits[0] || waits[1])) }
#endif
