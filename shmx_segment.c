/*
 * Floor 0: System V segments with a shmx header.
 *
 * A thin layer on shmget, shmat and shmctl that adds what those leave to their callers: a header that says what the
 * segment is, and a creation that any number of processes may race for and any of them may die in. It relies on the
 * kernel for sizes and owners and believes nothing that stands in the segment.
 *
 * How a segment comes to be. The process whose shmget(IPC_EXCL) wins makes it with a mode whose execute bits are the
 * pattern SHMX_FORMING, which System V gives no meaning and which nobody asks for. It stores the identity, makes the
 * semaphore set, publishes the set's id with one compare-and-swap and last gives the segment the mode that was asked
 * for. Whoever finds an unpublished header under that mode waits a little and then does the same steps itself: the
 * identity is the same from everybody, and the compare-and-swap lets one set win. So nobody has to know whether the
 * creator is alive, and an all-zero segment that shmx did not make is told from one that it has just begun.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shmx_segment.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

#include "shmx_crash.h"
#include "shmx_guard.h"

#define SHMX_EXECUTE_BITS 0111
/* Of a segment: not finished yet. Of a semaphore set: made by shmx. */
#define SHMX_FORMING 0001
#define SHMX_OURS 0010

/* How long to leave a creator alone before doing its work: it needs some 200 microseconds when it gets a processor. */
#define SHMX_CREATOR_GRACE INT64_C(50000000)
#define SHMX_CREATOR_POLL INT64_C(100000)
/* How long a handle that may not write waits for a creator. */
#define SHMX_CREATOR_TIMEOUT INT64_C(2000000000)
/* A set without tags that is older than this has lost its maker: seconds, and the kernel counts whole ones. */
#define SHMX_UNTAGGED_AGE 2
/* A key may be deleted and made again while it is being opened; so often in a row is no accident. */
#define SHMX_OPEN_ATTEMPTS 1000
/* Fewer tokens than this are not worth a segment: the kernel is out of semaphores. */
#define SHMX_FEWEST_TOKENS 15u

/* glibc leaves this to the caller; see semctl(2). */
union shmx_semaphore_argument {
	int value;
	struct semid_ds *status;
	unsigned short *values;
	struct seminfo *info;
};

int64_t shmx_clock_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t shmx_clock_wall_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (int64_t) now.tv_sec;
}

/*
 * Segments whose identity this process has already seen to be good, so that opening one again need not touch its memory:
 * the page fault is a third of the cost of opening. A hash of the kernel's own data names them, so a recycled id does not
 * match. The first use of each handle looks at the identity all the same: shmx_segment_check().
 */
#define SHMX_KNOWN_SEGMENTS 64
static _Atomic uint64_t known_segments[SHMX_KNOWN_SEGMENTS];

static uint64_t segment_fingerprint(int id, const struct shmid_ds *status)
{
	/* Spread before the next is mixed in: ids and seconds both count up, and would cancel each other out. */
	uint64_t hash = (uint64_t) (unsigned int) id * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ (hash >> 32) ^ (uint64_t) status->shm_ctime) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ (hash >> 32) ^ (uint64_t) status->shm_segsz) * UINT64_C(0xc4ceb9fe1a85ec53);
	hash = (hash ^ (hash >> 32) ^ (uint64_t) (unsigned int) status->shm_cpid) * UINT64_C(0xff51afd7ed558ccd);
	return hash | 1;
}

static _Atomic uint64_t *known_slot(uint64_t fingerprint)
{
	return &known_segments[(fingerprint >> 32) % SHMX_KNOWN_SEGMENTS];
}

/* Relaxed throughout: the word is its own message and guards no other. */
static bool segment_is_known(uint64_t fingerprint)
{
	return atomic_load_explicit(known_slot(fingerprint), memory_order_relaxed) == fingerprint;
}

static void remember_segment(uint64_t fingerprint)
{
	atomic_store_explicit(known_slot(fingerprint), fingerprint, memory_order_relaxed);
}

/* Call only on a header that is published: the acquire load of `published` makes the rest visible. */
static shmx_status check_identity(const shmx_segment *segment)
{
	const shmx_identity *identity = &segment->header->identity;

	if (atomic_load_explicit(&identity->magic, memory_order_relaxed) != SHMX_MAGIC) {
		return SHMX_E_FOREIGN;
	}
	if (atomic_load_explicit(&identity->version, memory_order_relaxed) != SHMX_FORMAT_VERSION) {
		return SHMX_E_VERSION;
	}
	if (atomic_load_explicit(&identity->byte_order, memory_order_relaxed) != SHMX_BYTE_ORDER
		|| atomic_load_explicit(&identity->header_size, memory_order_relaxed) != SHMX_HEADER_SIZE
		|| atomic_load_explicit(&identity->payload_size, memory_order_relaxed) != segment->payload_size) {
		return SHMX_E_HEADER;
	}
	return SHMX_OK;
}

/* Acquire: pairs with the compare-and-swap in format(), so the identity is visible to who sees it published. */
static uint64_t load_published(const shmx_segment *segment)
{
	return atomic_load_explicit(&segment->header->identity.published, memory_order_acquire);
}

shmx_status shmx_segment_check_slow(shmx_segment *segment)
{
	if (load_published(segment) == 0 || check_identity(segment) != SHMX_OK) {
		return SHMX_E_DAMAGED;
	}
	segment->checked = true;
	return SHMX_OK;
}

static void store_identity(shmx_segment *segment)
{
	shmx_identity *identity = &segment->header->identity;

	/* Relaxed: nobody reads these before `published`, whose compare-and-swap releases them. */
	atomic_store_explicit(&identity->magic, SHMX_MAGIC, memory_order_relaxed);
	SHMX_CRASH_POINT("create: magic stored");
	atomic_store_explicit(&identity->version, SHMX_FORMAT_VERSION, memory_order_relaxed);
	atomic_store_explicit(&identity->byte_order, SHMX_BYTE_ORDER, memory_order_relaxed);
	atomic_store_explicit(&identity->header_size, SHMX_HEADER_SIZE, memory_order_relaxed);
	atomic_store_explicit(&identity->payload_size, segment->payload_size, memory_order_relaxed);
	atomic_store_explicit(&identity->created_at, shmx_clock_wall_seconds(), memory_order_relaxed);
	SHMX_CRASH_POINT("create: identity stored");
}

static short tag_value(int id)
{
	return (short) (SHMX_SEM_TAG_VALUE + ((id >> 30) & 1));
}

static void remove_semaphores(int semaphores)
{
	int saved = errno;

	semctl(semaphores, 0, IPC_RMID);
	errno = saved;
}

/* Makes the set with as many of the wanted tokens as the kernel grants. Returns its id, or -1 with errno. */
static int allocate_semaphores(unsigned int mode, uint32_t *tokens)
{
	for (;;) {
		int semaphores =
			semget(IPC_PRIVATE, (int) (SHMX_SEM_FIRST_TOKEN + *tokens), IPC_CREAT | SHMX_OURS | (int) (mode & 0666));

		if (semaphores != -1) {
			return semaphores;
		}
		/* EINVAL: more than SEMMSL in one set. ENOSPC: the machine's total, or its number of sets, is reached. */
		if ((errno != EINVAL && errno != ENOSPC) || *tokens / 2 < SHMX_FEWEST_TOKENS) {
			return -1;
		}
		*tokens /= 2;
	}
}

/*
 * Gives the set its tags and, where the segment belongs to somebody else, that owner. False with errno; EAGAIN when
 * somebody has condemned the set meanwhile, taking its maker for dead: see condemn().
 */
static bool label_semaphores(int semaphores, int id, const struct shmid_ds *status)
{
	union shmx_semaphore_argument argument;
	struct semid_ds set;
	/* An addition of 0 would wait for 0, which is what an unlabelled set has there. */
	struct sembuf operations[] = {
		{ SHMX_SEM_TAG, 0, IPC_NOWAIT },
		{ SHMX_SEM_TAG, tag_value(id), IPC_NOWAIT },
		{ SHMX_SEM_ID_LOW, (short) (id & 0x7fff), IPC_NOWAIT },
		{ SHMX_SEM_ID_HIGH, (short) ((id >> 15) & 0x7fff), IPC_NOWAIT },
	};
	bool done = semop(semaphores, operations, sizeof(operations) / sizeof(operations[0])) == 0;

	if (!done || (status->shm_perm.uid == geteuid() && status->shm_perm.gid == getegid())) {
		return done;
	}
	/* Finishing another's segment: user and group must be able to use the set. Failing is no worse than not trying. */
	argument.status = &set;
	if (semctl(semaphores, 0, IPC_STAT, argument) == 0) {
		set.sem_perm.uid = status->shm_perm.uid;
		set.sem_perm.gid = status->shm_perm.gid;
		semctl(semaphores, 0, IPC_SET, argument);
	}
	return true;
}

static int make_semaphores(const struct shmid_ds *status, int id, uint32_t *tokens)
{
	uint32_t wanted = *tokens;
	int semaphores = allocate_semaphores(status->shm_perm.mode, tokens);

	if (semaphores == -1 && errno == ENOSPC && shmx_segment_sweep() > 0) {
		*tokens = wanted;
		semaphores = allocate_semaphores(status->shm_perm.mode, tokens);
	}
	if (semaphores == -1) {
		return -1;
	}
	SHMX_CRASH_POINT("create: semaphores made");
	if (!label_semaphores(semaphores, id, status)) {
		int saved = errno;

		remove_semaphores(semaphores);
		/* Stopped for so long before the tags that somebody swept the set away as a dead maker's: begin again. */
		if (saved == EAGAIN || saved == EIDRM || saved == EINVAL) {
			*tokens = wanted;
			return make_semaphores(status, id, tokens);
		}
		errno = saved;
		return -1;
	}
	SHMX_CRASH_POINT("create: semaphores tagged");
	return semaphores;
}

/* Replaces the forming mode by `permissions`. Only the owner may; others leave the pattern, which does no harm any more. */
static void finish_mode(shmx_segment *segment, struct shmid_ds *status, int permissions)
{
	status->shm_perm.mode = (unsigned short) (permissions & 0777);
	shmctl(segment->id, IPC_SET, status);
}

static size_t sweep(int segment_id, int keep);

/*
 * Does, or does once more, all that stands between shmget and a usable segment. `permissions` are those that the segment
 * shall end up with. SHMX_OK also when another process was faster.
 */
static shmx_status format(shmx_segment *segment, struct shmid_ds *status, int permissions, uint32_t tokens)
{
	uint64_t unpublished = 0;
	int semaphores;

	store_identity(segment);
	semaphores = make_semaphores(status, segment->id, &tokens);
	if (semaphores == -1) {
		return load_published(segment) != 0 ? SHMX_OK : SHMX_E_SEMAPHORES;
	}
	/* Release: the identity goes before it. Acquire on failure: the winner's identity is ours to read. */
	if (!atomic_compare_exchange_strong_explicit(&segment->header->identity.published, &unpublished,
			shmx_published_pack(semaphores, tokens), memory_order_acq_rel, memory_order_acquire)) {
		remove_semaphores(semaphores);
		return SHMX_OK;
	}
	SHMX_CRASH_POINT("create: published");
	finish_mode(segment, status, permissions);
	SHMX_CRASH_POINT("create: mode finished");
	/* What an earlier creator of this very segment made and died over, and what dead segments left. */
	sweep(segment->id, semaphores);
	return SHMX_OK;
}

static void sleep_nanoseconds(int64_t nanoseconds)
{
	struct timespec pause = { .tv_sec = 0, .tv_nsec = (long) nanoseconds };

	nanosleep(&pause, NULL);
}

/* A second, writable mapping for a handle that has none: to finish what a creator died over. */
static shmx_status format_through_writable(const shmx_segment *segment, struct shmid_ds *status, uint32_t tokens)
{
	shmx_segment writable = *segment;
	shmx_status result;

	writable.header = shmat(segment->id, NULL, 0);
	if (writable.header == (void *) -1) {
		return SHMX_E_UNFINISHED;
	}
	result = format(&writable, status, status->shm_perm.mode & 0666, tokens);
	shmdt(writable.header);
	return result;
}

/*
 * Whoever waits for a creator keeps its segment alive though the creator could not make it and has removed it: that would
 * be finished, and be nobody else's.
 */
static shmx_status look_whether_removed(shmx_segment *segment)
{
	struct shmid_ds now;

	if (shmx_segment_stat(segment, &now) == SHMX_OK) {
		if ((now.shm_perm.mode & SHM_DEST) == 0) {
			return SHMX_OK;
		}
		if (shmx_guard_find_semaphores(segment)) {
			remove_semaphores(segment->semaphores);
			segment->semaphores = -1;
		}
		errno = EIDRM;
	}
	return SHMX_E_STAT;
}

/* The header is not published: waits for its creator, and replaces it if need be. Refuses what shmx did not begin. */
static shmx_status await_creator(shmx_segment *segment, struct shmid_ds *status, uint32_t tokens)
{
	uint64_t magic = atomic_load_explicit(&segment->header->identity.magic, memory_order_relaxed);
	int64_t begun = shmx_clock_monotonic();
	shmx_status result = SHMX_E_UNFINISHED;

	if ((status->shm_perm.mode & SHMX_EXECUTE_BITS) != SHMX_FORMING || (magic != 0 && magic != SHMX_MAGIC)) {
		/* The creator may have finished between our two looks. */
		if (load_published(segment) != 0) {
			return SHMX_OK;
		}
		return magic == SHMX_MAGIC ? SHMX_E_HEADER : SHMX_E_FOREIGN;
	}
	while (load_published(segment) == 0) {
		int64_t waited = shmx_clock_monotonic() - begun;

		if (waited > SHMX_CREATOR_GRACE && result != SHMX_OK) {
			result = segment->read_only ? format_through_writable(segment, status, tokens)
										: format(segment, status, status->shm_perm.mode & 0666, tokens);
			if (result != SHMX_OK && result != SHMX_E_UNFINISHED) {
				return result;
			}
		}
		if (waited > SHMX_CREATOR_TIMEOUT) {
			result = look_whether_removed(segment);
			return result == SHMX_OK ? SHMX_E_UNFINISHED : result;
		}
		sleep_nanoseconds(SHMX_CREATOR_POLL);
	}
	return look_whether_removed(segment);
}

static shmx_status validate(shmx_segment *segment, struct shmid_ds *status, uint32_t tokens)
{
	uint64_t fingerprint = segment_fingerprint(segment->id, status);
	shmx_status result;

	if (segment_is_known(fingerprint)) {
		return SHMX_OK;
	}
	if (load_published(segment) == 0) {
		result = await_creator(segment, status, tokens);
		if (result != SHMX_OK) {
			return result;
		}
	}
	result = check_identity(segment);
	if (result == SHMX_OK) {
		segment->checked = true;
		remember_segment(fingerprint);
	}
	return result;
}

shmx_status shmx_segment_stat(const shmx_segment *segment, struct shmid_ds *status)
{
	return shmctl(segment->id, IPC_STAT, status) == 0 ? SHMX_OK : SHMX_E_STAT;
}

/*
 * As whom the kernel shows each user that a process's user namespace has no number for (user_namespaces(7)), unless
 * /proc/sys/kernel/overflowuid was changed.
 */
#define SHMX_OVERFLOW_USER 65534u

/* Only where the namespace is the machine's own is a user 65534 one user: its one line maps every number to itself. */
static bool overflow_user_is_one_user(void)
{
	unsigned int inside = 1, outside = 1, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (map == NULL) {
		return false;
	}
	if (fscanf(map, "%u %u %u", &inside, &outside, &count) != 3) {
		count = 0;
	}
	fclose(map);
	return inside == 0 && outside == 0 && count == UINT32_MAX;
}

/* Root may write anywhere, to this process's own memory too. */
static bool is_foreign(uid_t user)
{
	return user != 0 && (user != geteuid() || (user == SHMX_OVERFLOW_USER && !overflow_user_is_one_user()));
}

bool shmx_segment_has_foreign_writers(const shmx_segment *segment)
{
	struct shmid_ds status;

	if (shmx_segment_stat(segment, &status) != SHMX_OK) {
		return true;
	}
	return is_foreign(status.shm_perm.uid) || is_foreign(status.shm_perm.cuid) || (status.shm_perm.mode & 0022) != 0;
}

static void detach(shmx_segment *segment)
{
	int saved = errno;

	if (segment->header != NULL) {
		shmdt(segment->header);
		segment->header = NULL;
		segment->payload = NULL;
	}
	errno = saved;
}

/* Learns the size from the kernel and maps the segment. */
static shmx_status attach(shmx_segment *segment, struct shmid_ds *status)
{
	void *address;

	if (shmx_segment_stat(segment, status) != SHMX_OK) {
		return SHMX_E_STAT;
	}
	if ((size_t) status->shm_segsz < SHMX_HEADER_SIZE) {
		return SHMX_E_FOREIGN;
	}
	address = shmat(segment->id, NULL, segment->read_only ? SHM_RDONLY : 0);
	if (address == (void *) -1) {
		return SHMX_E_ATTACH;
	}
	segment->header = address;
	segment->payload = (unsigned char *) address + SHMX_HEADER_SIZE;
	segment->payload_size = (size_t) status->shm_segsz - SHMX_HEADER_SIZE;
	return SHMX_OK;
}

static shmx_status open_existing(shmx_segment *segment, const shmx_open_options *options)
{
	struct shmid_ds status;
	shmx_status result;

	SHMX_CRASH_POINT("open: found");
	result = attach(segment, &status);
	if (result == SHMX_OK) {
		result = validate(segment, &status, options->tokens);
	}
	if (result != SHMX_OK) {
		detach(segment);
	}
	return result;
}

/*
 * Whether others have finished the segment that this call has made and failed to finish, or may be about to: who is attached
 * now, or was while we could not be.
 */
static bool others_came(const shmx_segment *segment)
{
	struct shmid_ds status;

	if (shmx_segment_stat(segment, &status) != SHMX_OK) {
		return false;
	}
	return segment->header == NULL ? status.shm_atime != 0 : status.shm_nattch > 1;
}

/* The segment is this call's own: whatever goes wrong, it is taken away again, unless others have come upon it. */
static shmx_status open_created(shmx_segment *segment, const shmx_open_options *options)
{
	struct shmid_ds status;
	shmx_status result;

	SHMX_CRASH_POINT("create: segment made");
	result = attach(segment, &status);
	if (result == SHMX_OK) {
		SHMX_CRASH_POINT("create: attached");
		result = format(segment, &status, options->permissions, options->tokens);
	}
	if (result != SHMX_OK) {
		int saved = errno;
		bool left = others_came(segment);

		/* Only then: who was attached until that look may have finished it before. */
		if (segment->header == NULL || load_published(segment) == 0) {
			detach(segment);
			if (!left) {
				shmctl(segment->id, IPC_RMID, NULL);
			}
			errno = saved;
			return result;
		}
	}
	segment->checked = true;
	return SHMX_OK;
}

static void initialise(shmx_segment *segment, const shmx_open_options *options)
{
	memset(segment, 0, sizeof(*segment));
	segment->id = -1;
	segment->semaphores = -1;
	segment->key = options->key;
	segment->read_only = options->mode == 'a';
	segment->lock_timeout = options->lock_timeout;
	segment->recover = options->recover;
	segment->interrupted = options->interrupted;
	segment->fork_generation = shmx_fork_generation;
}

/*
 * Whether others did something between two of our calls, so that the open must begin again: somebody created the key, or
 * deleted the segment. Even one that this process has made and not yet formatted: whoever waits for it for long finishes
 * it, uses it, and may delete it.
 */
static bool overtaken(shmx_status status, char mode)
{
	if (status == SHMX_E_GET) {
		return errno == EEXIST && mode == 'c';
	}
	return (status == SHMX_E_STAT || status == SHMX_E_ATTACH) && (errno == EIDRM || errno == EINVAL);
}

static shmx_status try_open(shmx_segment *segment, const shmx_open_options *options)
{
	bool may_create = options->mode == 'c' || options->mode == 'n';
	size_t total = may_create ? options->size + SHMX_HEADER_SIZE : 0;

	if (options->mode != 'n' && options->key != IPC_PRIVATE) {
		/* No permissions: they are a new segment's. What an existing one allows, shmat(2) asks by the mode. */
		segment->id = shmget(options->key, total, 0);
		if (segment->id != -1) {
			return open_existing(segment, options);
		}
	} else {
		/* What shmget says to a private key without a size, and to a key that is not there. */
		errno = may_create ? ENOENT : EINVAL;
	}
	if (errno != ENOENT || !may_create) {
		return SHMX_E_GET;
	}
	segment->id = shmget(options->key, total, IPC_CREAT | IPC_EXCL | (options->permissions & 0666) | SHMX_FORMING);
	return segment->id != -1 ? open_created(segment, options) : SHMX_E_GET;
}

shmx_status shmx_segment_open(shmx_segment *segment, const shmx_open_options *options)
{
	shmx_status status = SHMX_E_GET;
	bool again = true;

	/* Before the first token: whoever forks later must not share it with the child. */
	shmx_guard_watch_forks();
	initialise(segment, options);
	if (options->size > SIZE_MAX - SHMX_HEADER_SIZE) {
		errno = EINVAL;
		return SHMX_E_GET;
	}
	for (int attempt = 0; attempt < SHMX_OPEN_ATTEMPTS && again; attempt++) {
		status = try_open(segment, options);
		again = overtaken(status, options->mode);
	}
	return status;
}

void shmx_segment_close(shmx_segment *segment)
{
	if (segment->header == NULL) {
		return;
	}
	shmx_guard_forget(segment);
	detach(segment);
}

/*
 * Who has the segment open goes on without the semaphores, which alone tell the dead from the living. So what is left of the
 * dead is repaired before, as far as nobody has to be waited for.
 */
static void settle(shmx_segment *segment)
{
	if (!segment->read_only && !shmx_guard_at_rest(segment) && shmx_guard_take(segment, 0) == SHMX_OK) {
		shmx_guard_release(segment);
	}
}

shmx_status shmx_segment_delete(shmx_segment *segment)
{
	bool own_semaphores;

	settle(segment);
	/* Somebody may have deleted the segment before, and the kernel given the number of its set to another. */
	own_semaphores = shmx_guard_verify_semaphores(segment);
	/*
	 * The segment first: a set that is left without a segment is swept by the next creation, while a segment without its
	 * set would never again know who is alive.
	 */
	if (shmctl(segment->id, IPC_RMID, NULL) != 0) {
		return SHMX_E_REMOVE;
	}
	SHMX_CRASH_POINT("delete: segment removed");
	if (own_semaphores) {
		remove_semaphores(segment->semaphores);
	}
	return SHMX_OK;
}

shmx_status shmx_segment_become(shmx_segment *segment, shmx_kind kind, shmx_status (*prepare)(shmx_segment *segment))
{
	_Atomic uint32_t *stored = &segment->header->write.kind;
	/* Relaxed: only the guard's owner stores the kind, and the guard is ours. */
	uint32_t now = atomic_load_explicit(stored, memory_order_relaxed);

	if (now == (uint32_t) kind) {
		return SHMX_OK;
	}
	if (now != SHMX_KIND_BLANK) {
		return SHMX_E_KIND;
	}
	if (prepare != NULL) {
		shmx_status status = prepare(segment);

		if (status != SHMX_OK) {
			return status;
		}
	}
	SHMX_CRASH_POINT("kind: prepared");
	/* Release: a reader that sees the kind sees what prepare laid out. Pairs with shmx_segment_kind(). */
	atomic_store_explicit(stored, (uint32_t) kind, memory_order_release);
	/*
	 * Keeps all that will be stored in the payload behind the kind: who has read some of it as bytes sees that they are
	 * none. Pairs with the acquire fence in shmx_sequence_read_valid().
	 */
	atomic_thread_fence(memory_order_release);
	SHMX_CRASH_POINT("kind: stored");
	return SHMX_OK;
}

/* The id of the segment that a set is tagged with, or -1 for a set without shmx's tags. */
static int tagged_segment(int semaphores)
{
	int tag = semctl(semaphores, SHMX_SEM_TAG, GETVAL);
	int low = semctl(semaphores, SHMX_SEM_ID_LOW, GETVAL);
	int high = semctl(semaphores, SHMX_SEM_ID_HIGH, GETVAL);

	if ((tag != SHMX_SEM_TAG_VALUE && tag != SHMX_SEM_TAG_VALUE + 1) || low == -1 || high == -1) {
		return -1;
	}
	return ((tag - SHMX_SEM_TAG_VALUE) << 30) | (high << 15) | low;
}

typedef bool (*set_visitor)(int semaphores, const struct semid_ds *set, void *context);

/* Calls `visit` for every semaphore set that looks like shmx's and that this process may read; counts its yeses. */
static size_t each_set(set_visitor visit, void *context)
{
	struct semid_ds set;
	struct seminfo info;
	union shmx_semaphore_argument argument;
	size_t count = 0;
	int highest;

	argument.info = &info;
	highest = semctl(0, 0, SEM_INFO, argument);
	argument.status = &set;
	for (int index = 0; index <= highest; index++) {
		int semaphores = semctl(index, 0, SEM_STAT, argument);

		if (semaphores != -1 && set.sem_perm.__key == IPC_PRIVATE
			&& (set.sem_perm.mode & SHMX_EXECUTE_BITS) == SHMX_OURS && set.sem_nsems > SHMX_SEM_FIRST_TOKEN
			&& visit(semaphores, &set, context)) {
			count++;
		}
	}
	return count;
}

typedef struct {
	int segment_id; /* a segment whose only good set is `keep`; -1: none */
	int keep;
	time_t now;
} sweep_context;

/* What a condemned set's tag holds. */
#define SHMX_CONDEMNED 1

/*
 * An untagged set whose maker seems to be dead is marked before it is removed: a maker that was only stopped finds the
 * mark when it wants to label its set, and the kernel lets one of the two win.
 */
static bool condemn(int semaphores)
{
	struct sembuf operations[] = {
		{ SHMX_SEM_TAG, 0, IPC_NOWAIT },
		{ SHMX_SEM_TAG, SHMX_CONDEMNED, IPC_NOWAIT },
	};

	return semop(semaphores, operations, 2) == 0;
}

/* Whether a set without shmx's tags is one that a maker left behind. */
static bool maker_is_gone(int semaphores, const struct semid_ds *set, time_t now)
{
	if (semctl(semaphores, SHMX_SEM_TAG, GETVAL) == SHMX_CONDEMNED) {
		return true;
	}
	return set->sem_otime == 0 && now - set->sem_ctime >= SHMX_UNTAGGED_AGE && condemn(semaphores);
}

/* Whether the set serves nobody: its segment is gone, or has another set, or its maker died before it could say. */
static bool sweep_set(int semaphores, const struct semid_ds *set, void *context)
{
	const sweep_context *sweep_for = context;
	int id = tagged_segment(semaphores);
	struct shmid_ds status;

	if (id == -1) {
		if (!maker_is_gone(semaphores, set, sweep_for->now)) {
			return false;
		}
	} else if (id == sweep_for->segment_id) {
		if (semaphores == sweep_for->keep) {
			return false;
		}
	} else if (shmctl(id, IPC_STAT, &status) == 0 || (errno != EINVAL && errno != EIDRM)) {
		return false;
	}
	return semctl(semaphores, 0, IPC_RMID) == 0;
}

static size_t sweep(int segment_id, int keep)
{
	sweep_context context = { .segment_id = segment_id, .keep = keep, .now = time(NULL) };
	int saved = errno;
	size_t count = each_set(sweep_set, &context);

	errno = saved;
	return count;
}

size_t shmx_segment_sweep(void)
{
	return sweep(-1, -1);
}

typedef struct {
	shmx_segment_visitor visit;
	void *context;
} list_context;

static bool list_set(int semaphores, const struct semid_ds *set, void *context)
{
	const list_context *list = context;
	int id = tagged_segment(semaphores);
	struct shmid_ds status;

	(void) set;
	if (id == -1 || shmctl(id, IPC_STAT, &status) != 0 || (size_t) status.shm_segsz < SHMX_HEADER_SIZE) {
		return false;
	}
	list->visit(id, semaphores, &status, list->context);
	return true;
}

size_t shmx_segment_each(shmx_segment_visitor visit, void *context)
{
	list_context list = { .visit = visit, .context = context };

	return each_set(list_set, &list);
}

bool shmx_segment_peek(int segment_id, uint32_t *kind, int *semaphores)
{
	shmx_segment segment = { .id = segment_id, .read_only = true };
	struct shmid_ds status;
	bool good;

	if (attach(&segment, &status) != SHMX_OK) {
		return false;
	}
	good = load_published(&segment) != 0 && check_identity(&segment) == SHMX_OK;
	if (good) {
		*kind = shmx_segment_kind(&segment);
		*semaphores = shmx_published_semaphores(load_published(&segment));
	}
	detach(&segment);
	return good;
}
