/*
 * Floor 0: the guard.
 *
 * One 64-bit word in the segment is the lock:
 *
 *	bits 0..15	the owner's token, 0 when free
 *	bit 16		contended: somebody may be asleep at the gate
 *	bits 17..63	tenure: a number that grows with every take
 *
 * The tenure makes each holding of the guard a word that never comes back. Without it, a waiter that found owner 7 dead
 * could be overtaken by a new process that claims token 7, repairs, and takes the guard for itself: the waiter's
 * compare-and-swap would then rob a living owner.
 *
 * Tokens are semaphores claimed with SEM_UNDO, so the kernel takes them back when the process dies, however it dies. The
 * claim leaves more undo behind, +1 on the gate and on the two semaphores of the queue: a death wakes a sleeper at once,
 * whatever wake-up died with it. This file never sleeps without a bound.
 *
 * It relies on the kernel's undo and on compare-and-swap. It never trusts the word: a token out of range is a dead owner.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shmx_guard.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/sem.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "shmx_crash.h"
#include "shmx_segment.h"

#define SHMX_OWNER_MASK UINT64_C(0xffff)
#define SHMX_CONTENDED UINT64_C(0x10000)
#define SHMX_TENURE_SHIFT 17
/* What word_tenure() never says. */
#define SHMX_NO_TENURE UINT64_MAX

/* How long a waiter sleeps before it looks whether the owner lives: nanoseconds. */
#define SHMX_SLEEP INT64_C(10000000)
/* A guarded write takes some 20 nanoseconds, so this outlasts a few, and is far cheaper than a sleep. */
#define SHMX_SPINS 100
/* Without semaphores: yields before each pause, and the pause in nanoseconds. */
#define SHMX_YIELDS 50
#define SHMX_PAUSE 50000
/* How long a set is taken for the segment's own without asking it: nanoseconds. */
#define SHMX_SEMAPHORES_TRUSTED INT64_C(100000000)
/* Deaths that no sleeper consumed add up where a death wakes; a semaphore that is full would refuse new tokens. */
#define SHMX_DRAIN 16000

/* What a death posts to. */
static const unsigned short death_posts[] = { SHMX_SEM_GATE, SHMX_SEM_FILLED, SHMX_SEM_DRAINED };
#define SHMX_DEATH_POSTS (sizeof(death_posts) / sizeof(death_posts[0]))

unsigned long shmx_fork_generation;

/* This process's handles that hold a token: to notice a thread that would wait for itself. */
static shmx_segment *claimed;
static pthread_mutex_t claimed_lock = PTHREAD_MUTEX_INITIALIZER;

static void before_fork(void)
{
	pthread_mutex_lock(&claimed_lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&claimed_lock);
}

/* Undo is not inherited: the tokens, and a guard that is held, are the parent's. */
static void after_fork_in_child(void)
{
	shmx_fork_generation++;
	claimed = NULL;
	pthread_mutex_unlock(&claimed_lock);
}

static int fork_handlers_error = ENOMEM;

static void register_fork_handlers(void)
{
	fork_handlers_error = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

bool shmx_guard_watch_forks(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_fork_handlers);
	return fork_handlers_error == 0;
}

static inline uint32_t word_owner(uint64_t word)
{
	return (uint32_t) (word & SHMX_OWNER_MASK);
}

static inline uint64_t word_tenure(uint64_t word)
{
	return word & ~SHMX_CONTENDED;
}

/* The word of the holding that follows `word`. */
static inline uint64_t word_taken(uint64_t word, uint32_t token, bool contended)
{
	uint64_t tenure = (word >> SHMX_TENURE_SHIFT) + 1;

	return (tenure << SHMX_TENURE_SHIFT) | (contended ? SHMX_CONTENDED : 0) | token;
}

static inline uint64_t word_freed(uint64_t word)
{
	return word & ~(SHMX_CONTENDED | SHMX_OWNER_MASK);
}

static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield");
#endif
}

static bool semaphores_are_gone(int error)
{
	return error == EIDRM || error == EINVAL;
}

shmx_status shmx_guard_refusal(int error)
{
	return error == EACCES ? SHMX_E_WRITERS : SHMX_E_DELETED;
}

int shmx_guard_operate(int semaphores, struct sembuf *operations, size_t count)
{
	int result;

	do {
		result = semop(semaphores, operations, count);
	} while (result == -1 && errno == EINTR);
	return result;
}

/* Whether a set says, by its own semaphores, that it is this segment's. */
static bool bears_tags(int semaphores, int segment_id)
{
	return semctl(semaphores, SHMX_SEM_TAG, GETVAL) == SHMX_SEM_TAG_VALUE + ((segment_id >> 30) & 1)
		&& semctl(semaphores, SHMX_SEM_ID_LOW, GETVAL) == (segment_id & 0x7fff)
		&& semctl(semaphores, SHMX_SEM_ID_HIGH, GETVAL) == ((segment_id >> 15) & 0x7fff);
}

/* Lets go of a set that can be asked and is not ours. One that cannot be asked does nothing for us either. */
static void look_whose_set(shmx_segment *segment)
{
	if (!bears_tags(segment->semaphores, segment->id) && semctl(segment->semaphores, SHMX_SEM_TAG, GETVAL) != -1) {
		segment->semaphores = -1;
	}
}

int shmx_guard_semaphores(shmx_segment *segment)
{
	int64_t now;

	if (segment->semaphores == -1) {
		return -1;
	}
	now = shmx_clock_monotonic();
	if (now - segment->semaphores_seen > SHMX_SEMAPHORES_TRUSTED) {
		look_whose_set(segment);
		segment->semaphores_seen = now;
	}
	return segment->semaphores;
}

bool shmx_guard_verify_semaphores(shmx_segment *segment)
{
	return shmx_guard_find_semaphores(segment) && bears_tags(segment->semaphores, segment->id);
}

bool shmx_guard_find_semaphores(shmx_segment *segment)
{
	/* Acquire: pairs with the publishing compare-and-swap. */
	uint64_t published = atomic_load_explicit(&segment->header->identity.published, memory_order_acquire);
	int semaphores = shmx_published_semaphores(published);

	if (shmx_guard_semaphores(segment) != -1) {
		return true;
	}
	/* A hostile header could name anybody's set: only one whose tags name this segment is ours. */
	if (published == 0 || !bears_tags(semaphores, segment->id)) {
		return false;
	}
	segment->semaphores = semaphores;
	return true;
}

static uint32_t token_count(const shmx_segment *segment)
{
	uint32_t tokens =
		shmx_published_tokens(atomic_load_explicit(&segment->header->identity.published, memory_order_relaxed));

	return tokens < SHMX_MAX_TOKENS ? tokens : SHMX_MAX_TOKENS;
}

bool shmx_guard_tokens(shmx_segment *segment, uint32_t *in_use, uint32_t *total)
{
	int living;

	*total = token_count(segment);
	*in_use = 0;
	if (!shmx_guard_find_semaphores(segment)) {
		return false;
	}
	living = semctl(segment->semaphores, SHMX_SEM_LIVING, GETVAL);
	if (living == -1) {
		return false;
	}
	*in_use = (uint32_t) living;
	return true;
}

static bool is_claimed_here(const shmx_segment *segment, uint32_t token)
{
	for (const shmx_segment *other = claimed; other != NULL; other = other->next_claimed) {
		if (other->id == segment->id && other->token == token) {
			return true;
		}
	}
	return false;
}

/* Since Linux 4.17. Before, GETPID gave the number that the process has in its own namespace. */
static bool kernel_translates_pids(void)
{
	struct utsname name;
	unsigned int major, minor;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2
		&& (major > 4 || (major == 4 && minor >= 17));
}

/*
 * Whether a claimed token was claimed by a program that this very process ran before it called exec. The kernel keeps undo
 * across exec, so the token looks alive for as long as the process is, and nobody has it: its semaphore was last changed by
 * this process, and no handle in here has it. With claimed_lock held.
 */
static bool is_left_by_exec(const shmx_segment *segment, uint32_t token)
{
	return !is_claimed_here(segment, token)
		&& semctl(segment->semaphores, (int) (SHMX_SEM_TOKENS + token), GETPID) == getpid()
		&& semctl(segment->semaphores, (int) (SHMX_SEM_TOKENS + token), GETVAL) == 1 && kernel_translates_pids();
}

typedef enum {
	OWNER_ALIVE,
	OWNER_DEAD,
	OWNER_UNKNOWN
} owner_state;

/* What the set says whose number the handle knows. */
static owner_state ask_about_owner(const shmx_segment *segment, uint32_t token)
{
	int value;
	bool left;

	if (token == SHMX_TOKEN_ANONYMOUS) {
		/* Only who found the set gone takes the guard without a name: while it is there, a scribbler stored this. */
		return semctl(segment->semaphores, SHMX_SEM_TAG, GETVAL) == -1 ? OWNER_UNKNOWN : OWNER_DEAD;
	}
	if (token > token_count(segment)) {
		return OWNER_DEAD;
	}
	value = semctl(segment->semaphores, (int) (SHMX_SEM_TOKENS + token), GETVAL);
	if (value == -1) {
		return OWNER_UNKNOWN;
	}
	if (value == 0) {
		return OWNER_DEAD;
	}
	pthread_mutex_lock(&claimed_lock);
	left = is_left_by_exec(segment, token);
	pthread_mutex_unlock(&claimed_lock);
	return left ? OWNER_DEAD : OWNER_ALIVE;
}

/*
 * After a deletion the kernel gives the set's number to another one some day, which says nothing of our owner: then there is
 * no set any more. Tags that are right afterwards vouch for what was said before, since a set of ours that is gone does not
 * come back.
 */
static owner_state look_at_owner(shmx_segment *segment, uint32_t token)
{
	owner_state state;

	if (segment->semaphores == -1) {
		return OWNER_UNKNOWN;
	}
	state = ask_about_owner(segment, token);
	look_whose_set(segment);
	return segment->semaphores == -1 ? OWNER_UNKNOWN : state;
}

bool shmx_guard_at_rest(const shmx_segment *segment)
{
	if (shmx_guard_held(segment)) {
		return true;
	}
	/*
	 * Acquire: pairs with the release in shmx_guard_release() and release_contended(). Whose work the caller has seen took the
	 * guard before it, so a word without an owner is of a release that came after that work.
	 */
	return word_owner(atomic_load_explicit(&segment->header->guard, memory_order_acquire)) == 0;
}

bool shmx_guard_abandoned(shmx_segment *segment)
{
	uint64_t word = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);

	if (word_owner(word) == 0) {
		return true;
	}
	if (!shmx_guard_find_semaphores(segment) || look_at_owner(segment, word_owner(word)) != OWNER_DEAD) {
		return false;
	}
	/* The tenure did not change while we looked, so it is its owner that is dead. */
	return word_tenure(atomic_load_explicit(&segment->header->guard, memory_order_relaxed)) == word_tenure(word);
}

/* With claimed_lock held, as the next. */
static void list_claimed(shmx_segment *segment)
{
	segment->thread = pthread_self();
	segment->next_claimed = claimed;
	segment->claimed_link = &claimed;
	if (claimed != NULL) {
		claimed->claimed_link = &segment->next_claimed;
	}
	claimed = segment;
}

static void unlist_claimed(shmx_segment *segment)
{
	if (segment->claimed_link != NULL) {
		*segment->claimed_link = segment->next_claimed;
		if (segment->next_claimed != NULL) {
			segment->next_claimed->claimed_link = segment->claimed_link;
		}
		segment->claimed_link = NULL;
	}
}

/* Whether the holding that `word` names is another handle of this very thread, which could never give it back. */
static bool held_by_this_thread(const shmx_segment *segment, uint64_t word)
{
	bool found = false;

	pthread_mutex_lock(&claimed_lock);
	for (const shmx_segment *other = claimed; other != NULL && !found; other = other->next_claimed) {
		/* The thread first: the rest of another thread's handle is not ours to look at. */
		found = pthread_equal(other->thread, pthread_self()) && other != segment && other->id == segment->id
			&& other->depth > 0 && word_tenure(other->guard_word) == word_tenure(word);
	}
	pthread_mutex_unlock(&claimed_lock);
	return found;
}

/* After a fork, in the child: token and guard stayed with the parent, whose list this handle is no longer in. */
static void forget_parent(shmx_segment *segment)
{
	segment->token = 0;
	segment->depth = 0;
	segment->explicit_depth = 0;
	segment->claimed_link = NULL;
	segment->fork_generation = shmx_fork_generation;
}

static void hold(shmx_segment *segment, uint64_t word)
{
	segment->guard_word = word;
	segment->depth = 1;
}

/*
 * Makes a dead owner's guard ours and repairs what it left. False when somebody else was faster. What the dead owner
 * stored is visible here: it died, and the kernel's lock around its undo and around our look at its token lies between.
 */
static bool take_over(shmx_segment *segment, uint64_t word)
{
	uint64_t mine = word_taken(word, segment->token, true);

	SHMX_CRASH_POINT("guard: owner found dead");
	/* Acquire: the stores of earlier owners, which released the guard, are visible to the repair. */
	if (!atomic_compare_exchange_strong_explicit(
			&segment->header->guard, &word, mine, memory_order_acq_rel, memory_order_relaxed)) {
		return false;
	}
	hold(segment, mine);
	SHMX_CRASH_POINT("guard: taken over");
	if (segment->recover != NULL) {
		segment->recover(segment);
	}
	SHMX_CRASH_POINT("guard: recovered");
	/* Relaxed: a figure for people, and the guard is ours. */
	atomic_fetch_add_explicit(&segment->header->counters.recoveries, 1, memory_order_relaxed);
	return true;
}

#define SHMX_TAG_OPERATIONS (3 * 3)

/* The operations that succeed only on this segment's own set: each tag is taken down by its value and must then be 0. */
static size_t tag_operations(struct sembuf *operations, int segment_id)
{
	const int tags[][2] = {
		{ SHMX_SEM_TAG, SHMX_SEM_TAG_VALUE + ((segment_id >> 30) & 1) },
		{ SHMX_SEM_ID_LOW, segment_id & 0x7fff },
		{ SHMX_SEM_ID_HIGH, (segment_id >> 15) & 0x7fff },
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		unsigned short member = (unsigned short) tags[i][0];
		short value = (short) tags[i][1];

		if (value != 0) {
			operations[count++] = (struct sembuf){ member, (short) -value, IPC_NOWAIT };
		}
		operations[count++] = (struct sembuf){ member, 0, IPC_NOWAIT };
		if (value != 0) {
			operations[count++] = (struct sembuf){ member, value, IPC_NOWAIT };
		}
	}
	return count;
}

/* One system call that verifies the set, claims the token if it is free, and arranges what a death does. */
static int claim(const shmx_segment *segment, int semaphores, uint32_t token)
{
	unsigned short member = (unsigned short) (SHMX_SEM_TOKENS + token);
	struct sembuf operations[SHMX_TAG_OPERATIONS + 3 + 2 * SHMX_DEATH_POSTS];
	size_t count = tag_operations(operations, segment->id);

	operations[count++] = (struct sembuf){ member, 0, IPC_NOWAIT };
	operations[count++] = (struct sembuf){ member, 1, SEM_UNDO | IPC_NOWAIT };
	operations[count++] = (struct sembuf){ SHMX_SEM_LIVING, 1, SEM_UNDO | IPC_NOWAIT };
	for (size_t i = 0; i < SHMX_DEATH_POSTS; i++) {
		operations[count++] = (struct sembuf){ death_posts[i], 1, IPC_NOWAIT };
		operations[count++] = (struct sembuf){ death_posts[i], -1, SEM_UNDO | IPC_NOWAIT };
	}
	return shmx_guard_operate(semaphores, operations, count);
}

static void drain(int semaphores)
{
	for (size_t i = 0; i < SHMX_DEATH_POSTS; i++) {
		struct sembuf operation = { death_posts[i], -SHMX_DRAIN, IPC_NOWAIT };

		shmx_guard_operate(semaphores, &operation, 1);
	}
}

/* Only of our own set: the number may be another's by now. */
static void unclaim(const shmx_segment *segment)
{
	struct sembuf operations[SHMX_TAG_OPERATIONS + 2 + 2 * SHMX_DEATH_POSTS];
	size_t count = tag_operations(operations, segment->id);

	operations[count++] =
		(struct sembuf){ (unsigned short) (SHMX_SEM_TOKENS + segment->token), -1, SEM_UNDO | IPC_NOWAIT };
	operations[count++] = (struct sembuf){ SHMX_SEM_LIVING, -1, SEM_UNDO | IPC_NOWAIT };
	for (size_t i = 0; i < SHMX_DEATH_POSTS; i++) {
		operations[count++] = (struct sembuf){ death_posts[i], 1, SEM_UNDO | IPC_NOWAIT };
		operations[count++] = (struct sembuf){ death_posts[i], -1, IPC_NOWAIT };
	}
	if (shmx_guard_operate(segment->semaphores, operations, count) != 0 && errno == ERANGE) {
		drain(segment->semaphores);
		shmx_guard_operate(segment->semaphores, operations, count);
	}
}

/* SHMX_E_WRITERS: this one is taken. */
static shmx_status claim_one(shmx_segment *segment, int semaphores, uint32_t token)
{
	int result = claim(segment, semaphores, token);

	if (result != 0 && errno == ERANGE) {
		drain(semaphores);
		result = claim(segment, semaphores, token);
	}
	if (result == 0) {
		segment->semaphores = semaphores;
		segment->token = token;
		return SHMX_OK;
	}
	if (semaphores_are_gone(errno)) {
		return SHMX_E_DELETED;
	}
	return errno == EFBIG ? SHMX_E_DAMAGED : SHMX_E_WRITERS;
}

/* Tries every token once, from a place that differs between processes. With claimed_lock held. */
static shmx_status claim_any(shmx_segment *segment, int semaphores, uint32_t tokens)
{
	uint32_t start = (uint32_t) getpid() * UINT32_C(2654435761) >> 7;

	for (uint32_t i = 0; i < tokens; i++) {
		uint32_t token = (start + i) % tokens + 1;
		shmx_status status = claim_one(segment, semaphores, token);

		if (status != SHMX_E_WRITERS || errno != EAGAIN) {
			return status;
		}
		errno = 0;
		if (i == 0) {
			SHMX_CRASH_POINT("guard: writer refused");
			/* It may also mean that the set is not this segment's. */
			if (!shmx_guard_find_semaphores(segment)) {
				return semaphores_are_gone(errno) ? SHMX_E_DELETED : SHMX_E_DAMAGED;
			}
		}
		if (is_left_by_exec(segment, token)) {
			segment->token = token;
			unclaim(segment);
			segment->token = 0;
			if (claim_one(segment, semaphores, token) == SHMX_OK) {
				return SHMX_OK;
			}
		}
	}
	return SHMX_E_WRITERS;
}

/*
 * The guard names a token that is ours while we hold nothing: the one who held both is dead, and to everybody else it now
 * seems to live. True when the guard is ours, repaired.
 */
static bool take_from_predecessor(shmx_segment *segment, uint64_t word)
{
	return segment->token != SHMX_TOKEN_ANONYMOUS && word_owner(word) == segment->token && take_over(segment, word);
}

/*
 * Looks whether a claimed token came with a dead owner's guard. Not once: a waiter that sets the contended bit between our
 * load and our compare-and-swap must not make us believe that somebody else has taken over.
 */
static void inherit(shmx_segment *segment)
{
	unsigned int tries = 0;
	uint64_t word;

	do {
		word = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);
		if (take_from_predecessor(segment, word)) {
			shmx_guard_release(segment);
			return;
		}
		/* Only a scribbler changes the word so often; take_contended() knows what to do with it, and has a deadline. */
	} while (segment->token != SHMX_TOKEN_ANONYMOUS && word_owner(word) == segment->token && ++tries < SHMX_SPINS);
}

/* Whether the kernel knows nothing of a segment that we have attached: this process has gone to another IPC namespace. */
static bool is_out_of_sight(const shmx_segment *segment)
{
	struct shmid_ds status;

	if (shmx_segment_stat(segment, &status) != SHMX_OK) {
		return semaphores_are_gone(errno);
	}
	return status.shm_nattch == 0;
}

static shmx_status claim_token(shmx_segment *segment)
{
	/* Acquire: pairs with the publishing compare-and-swap. */
	uint64_t published = atomic_load_explicit(&segment->header->identity.published, memory_order_acquire);
	shmx_status status;

	if (published == 0) {
		return SHMX_E_DAMAGED;
	}
	pthread_mutex_lock(&claimed_lock);
	status = claim_any(segment, shmx_published_semaphores(published), token_count(segment));
	if (status == SHMX_E_DELETED && !is_out_of_sight(segment)) {
		/* No semaphores, for nobody, so nobody can tell who lives: take part without a name. */
		segment->semaphores = -1;
		segment->token = SHMX_TOKEN_ANONYMOUS;
		status = SHMX_OK;
	}
	if (status == SHMX_OK) {
		list_claimed(segment);
	}
	pthread_mutex_unlock(&claimed_lock);
	if (status != SHMX_OK) {
		return status;
	}
	SHMX_CRASH_POINT("guard: token claimed");
	inherit(segment);
	return SHMX_OK;
}

/* Whatever ended the sleep, the caller looks at the guard again. False when there is nothing to sleep at any more. */
static bool sleep_at_gate(shmx_segment *segment, int64_t nanoseconds)
{
	struct sembuf operation = { SHMX_SEM_GATE, -1, 0 };
	struct timespec limit = { .tv_sec = 0, .tv_nsec = (long) nanoseconds };
	int semaphores = shmx_guard_semaphores(segment);

	if (semaphores == -1) {
		return false;
	}
	if (semtimedop(semaphores, &operation, 1, &limit) == 0) {
		SHMX_CRASH_POINT("guard: let through the gate");
		return true;
	}
	return errno == EAGAIN || errno == EINTR;
}

/* Lets one sleeper through. A gate that is open already needs no second post. */
static void open_gate(shmx_segment *segment)
{
	int semaphores = shmx_guard_semaphores(segment);
	struct sembuf operations[] = {
		{ SHMX_SEM_GATE, 0, IPC_NOWAIT },
		{ SHMX_SEM_GATE, 1, IPC_NOWAIT },
	};

	if (semaphores != -1) {
		shmx_guard_operate(semaphores, operations, sizeof(operations) / sizeof(operations[0]));
	}
}

static bool take_free(shmx_segment *segment, uint64_t word, bool contended)
{
	uint64_t mine = word_taken(word, segment->token, contended);

	/* Acquire: pairs with the release in shmx_guard_release(), so the last owner's stores are visible. */
	if (!atomic_compare_exchange_strong_explicit(
			&segment->header->guard, &word, mine, memory_order_acquire, memory_order_relaxed)) {
		return false;
	}
	hold(segment, mine);
	return true;
}

static bool spin_for_guard(shmx_segment *segment)
{
	for (int i = 0; i < SHMX_SPINS; i++) {
		uint64_t word = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);

		if (word_owner(word) == 0 && take_free(segment, word, false)) {
			return true;
		}
		spin_pause();
	}
	return false;
}

/* Without semaphores there is nothing to sleep at. */
static void pause_without_semaphores(unsigned int round)
{
	struct timespec pause = { .tv_sec = 0, .tv_nsec = SHMX_PAUSE };

	if (round % SHMX_YIELDS != 0) {
		sched_yield();
	} else {
		nanosleep(&pause, NULL);
	}
}

typedef struct {
	bool endless;
	int64_t deadline; /* of an endless wait: for the holding of the tenure `doubted`, and no other */
	uint64_t doubted;
	shmx_status hopeless; /* what an endless wait ends with then */
	unsigned int round;
} guard_wait;

static int64_t remaining_time(const guard_wait *wait, uint64_t word)
{
	if (wait->endless && wait->doubted != word_tenure(word)) {
		return SHMX_SLEEP;
	}
	return wait->deadline - shmx_clock_monotonic();
}

/*
 * Without semaphores nobody can tell whether the owner lives, and a dead one would be waited for without an end. So each
 * holding is given as long as a write would give it.
 */
static void doubt(guard_wait *wait, const shmx_segment *segment, uint64_t word)
{
	wait->hopeless = segment->semaphores != -1 ? shmx_guard_refusal(errno) : SHMX_E_DELETED;
	if (wait->endless && segment->lock_timeout >= 0 && wait->doubted != word_tenure(word)) {
		wait->doubted = word_tenure(word);
		wait->deadline = shmx_clock_monotonic() + segment->lock_timeout;
	}
}

/* Waits for the holding that `word` names to end, or finds its owner dead. SHMX_OK: look at the guard again. */
static shmx_status wait_at_gate(shmx_segment *segment, guard_wait *wait, int64_t remaining, uint64_t word)
{
	if (!sleep_at_gate(segment, remaining < SHMX_SLEEP ? remaining : SHMX_SLEEP)) {
		doubt(wait, segment, word);
		pause_without_semaphores(wait->round);
	}
	wait->round++;
	/* After every sleep: a signal that came between two of them has interrupted neither. */
	return segment->interrupted != NULL && segment->interrupted() ? SHMX_INTERRUPTED : SHMX_OK;
}

/*
 * Whether the holding that `word` names goes on, and its owner is dead, and we have it now. Not once, as in inherit(): a
 * waiter that sets the contended bit under our hands has not taken over.
 */
static bool take_from_dead(shmx_segment *segment, uint64_t word)
{
	for (unsigned int tries = 0; tries < SHMX_SPINS; tries++) {
		uint64_t now = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);

		if (word_tenure(now) != word_tenure(word) || word_owner(now) == 0
			|| look_at_owner(segment, word_owner(now)) != OWNER_DEAD) {
			break;
		}
		if (take_over(segment, now)) {
			return true;
		}
	}
	return false;
}

static shmx_status take_contended(shmx_segment *segment, int64_t timeout)
{
	uint64_t word = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);
	guard_wait wait = { .endless = timeout < 0, .doubted = SHMX_NO_TENURE, .hopeless = SHMX_E_TIMEOUT };
	bool slept = false;

	if (held_by_this_thread(segment, word)) {
		return SHMX_E_DEADLOCK;
	}
	if (spin_for_guard(segment)) {
		return SHMX_OK;
	}
	if (!wait.endless) {
		wait.deadline = shmx_clock_monotonic() + timeout;
	}
	for (;;) {
		int64_t remaining;
		shmx_status status;

		word = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);
		/* Who has slept cannot know whether others still do, so it passes the wake-up on when it is done. */
		if (word_owner(word) == 0 ? take_free(segment, word, slept) : take_from_predecessor(segment, word)) {
			return SHMX_OK;
		}
		/* Also where the word only changes under our hands: somebody may be scribbling on it without an end. */
		remaining = remaining_time(&wait, word);
		if (remaining <= 0) {
			if (take_from_dead(segment, word)) {
				return SHMX_OK;
			}
			return wait.endless ? wait.hopeless : SHMX_E_TIMEOUT;
		}
		if (word_owner(word) == 0) {
			continue;
		}
		/* Relaxed: the bit only tells the owner to open the gate; a sleep that misses it ends by itself. */
		if ((word & SHMX_CONTENDED) == 0
			&& !atomic_compare_exchange_strong_explicit(
				&segment->header->guard, &word, word | SHMX_CONTENDED, memory_order_relaxed, memory_order_relaxed)) {
			continue;
		}
		SHMX_CRASH_POINT("guard: marked contended");
		status = wait_at_gate(segment, &wait, remaining, word);
		slept = true;
		if (take_from_dead(segment, word)) {
			return SHMX_OK;
		}
		if (status != SHMX_OK) {
			return status;
		}
	}
}

shmx_status shmx_guard_take(shmx_segment *segment, int64_t timeout)
{
	uint64_t word;

	if (segment->fork_generation != shmx_fork_generation) {
		forget_parent(segment);
	}
	if (segment->depth > 0) {
		segment->depth++;
		return SHMX_OK;
	}
	if (segment->read_only) {
		return SHMX_E_READ_ONLY;
	}
	if (segment->token == 0) {
		shmx_status status = claim_token(segment);

		if (status != SHMX_OK) {
			return status;
		}
	}
	word = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);
	if (word_owner(word) == 0 && take_free(segment, word, false)) {
		SHMX_CRASH_POINT("guard: taken");
		return SHMX_OK;
	}
	return take_contended(segment, timeout);
}

/* A waiter has set the contended bit, or somebody has scribbled on the word. */
static void release_contended(shmx_segment *segment)
{
	uint64_t word = atomic_load_explicit(&segment->header->guard, memory_order_relaxed);

	while (word_tenure(word) == word_tenure(segment->guard_word)) {
		/* Release: as in shmx_guard_release(). */
		if (atomic_compare_exchange_weak_explicit(
				&segment->header->guard, &word, word_freed(word), memory_order_release, memory_order_relaxed)) {
			SHMX_CRASH_POINT("guard: released, gate not open");
			open_gate(segment);
			return;
		}
	}
}

void shmx_guard_release(shmx_segment *segment)
{
	uint64_t word = segment->guard_word;

	if (!shmx_guard_held(segment) || --segment->depth > 0) {
		return;
	}
	SHMX_CRASH_POINT("guard: about to release");
	if ((word & SHMX_CONTENDED) == 0
		/* Release: all that was stored under the guard is visible to the next owner. Pairs with take_free(). */
		&& atomic_compare_exchange_strong_explicit(
			&segment->header->guard, &word, word_freed(word), memory_order_release, memory_order_relaxed)) {
		SHMX_CRASH_POINT("guard: released");
		return;
	}
	release_contended(segment);
}

bool shmx_guard_held(const shmx_segment *segment)
{
	return segment->depth > 0 && segment->fork_generation == shmx_fork_generation;
}

void shmx_guard_forget(shmx_segment *segment)
{
	if (segment->fork_generation != shmx_fork_generation) {
		forget_parent(segment);
		return;
	}
	if (segment->depth > 0) {
		segment->depth = 1;
		segment->explicit_depth = 0;
		shmx_guard_release(segment);
	}
	if (segment->token != 0) {
		/* Both under one lock: no thread is to take the token for one that an earlier program left. */
		pthread_mutex_lock(&claimed_lock);
		unlist_claimed(segment);
		if (segment->token != SHMX_TOKEN_ANONYMOUS) {
			unclaim(segment);
		}
		segment->token = 0;
		pthread_mutex_unlock(&claimed_lock);
	}
}
