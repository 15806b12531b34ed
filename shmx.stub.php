<?php

/**
 * @generate-class-entries
 * @undocumentable
 */

/**
 * No room. Nothing was changed.
 * @var int
 * @cvalue SHMX_E_FULL
 */
const SHMX_E_FULL = UNKNOWN;
/**
 * Another writer kept the segment for longer than shmx.lock_timeout. It is alive, for a dead one is taken over from; once
 * the segment is deleted nobody can tell.
 * @var int
 * @cvalue SHMX_E_TIMEOUT
 */
const SHMX_E_TIMEOUT = UNKNOWN;
/**
 * What stands in the segment cannot be: somebody has scribbled over it. Also a value that cannot be unserialized, since this
 * script lacks an enum that it holds, or its objects are nested too deeply.
 * @var int
 * @cvalue SHMX_E_DAMAGED
 */
const SHMX_E_DAMAGED = UNKNOWN;
/**
 * The segment holds something else: bytes, variables or a queue.
 * @var int
 * @cvalue SHMX_E_KIND
 */
const SHMX_E_KIND = UNKNOWN;
/**
 * As many handles as shmx.writers allowed when the segment was made have written to it, or locked, sent or received, or read
 * under the lock where writers overtook them, and each keeps its place until it is closed or its process ends.
 * @var int
 * @cvalue SHMX_E_WRITERS
 */
const SHMX_E_WRITERS = UNKNOWN;
/**
 * This script holds the segment's lock, through another handle or while it waits for a message or for room, and would wait
 * for itself.
 * @var int
 * @cvalue SHMX_E_DEADLOCK
 */
const SHMX_E_DEADLOCK = UNKNOWN;
/**
 * The segment was deleted while this call waited, or before it had to, and the wait would have no end.
 * @var int
 * @cvalue SHMX_E_DELETED
 */
const SHMX_E_DELETED = UNKNOWN;
/**
 * The variable is not of the type that the call works on.
 * @var int
 * @cvalue SHMX_E_TYPE
 */
const SHMX_E_TYPE = UNKNOWN;
/**
 * More than this segment could hold if it were empty. Nothing was changed.
 * @var int
 * @cvalue SHMX_E_TOO_LARGE
 */
const SHMX_E_TOO_LARGE = UNKNOWN;
/**
 * The value holds an object or a reference, or arrays more than 512 deep, and another user may write to the segment or the
 * script forbade to revive it: see shmx_allow_objects().
 * @var int
 * @cvalue SHMX_E_UNTRUSTED
 */
const SHMX_E_UNTRUSTED = UNKNOWN;
/**
 * A time to live: never expires, but may be dropped when room is needed.
 * @var int
 * @cvalue ZEND_LONG_MAX
 */
const SHMX_EVICTABLE = UNKNOWN;

/**
 * An open segment. It is closed when the last reference to it goes, or by shmx_close().
 *
 * @strict-properties
 * @not-serializable
 */
final class Shmx
{
}

/**
 * A call on an open segment could not keep its promise. getCode() is one of the SHMX_E_* constants.
 *
 * Every function throws Error for a segment that was closed.
 */
final class ShmxException extends RuntimeException
{
}

/**
 * Opens a shared memory segment, or creates it.
 *
 * @param int $key a System V key, as from ftok(): -2^31 to 2^31 - 1. 0 (IPC_PRIVATE) makes a new segment each time, which
 *     only this process and the children that inherit the handle can use; by its id it is no secret from who has the
 *     permissions. -1, which ftok() returns when it fails, is a key like any other.
 * @param string $mode "a" read only; "w" read and write; "c" read and write, created if it is not there; "n" create, and
 *     fail if it is there
 * @param int $permissions of a new segment, as for chmod(), of which the read and write bits count; what is there keeps its
 *     own
 * @param int $size bytes for use. With "c" and "n" more than 0; an existing segment must be at least as large. "a" and
 *     "w" take the segment as it is.
 * @return Shmx|false false with a warning when the system refuses, or when the segment is not shmx's
 * @throws ValueError for a key, mode or size out of range
 */
function shmx_open(int $key, string $mode, int $permissions, int $size): Shmx|false {}

/**
 * Reads bytes, all of one moment: a write that goes on meanwhile is seen whole or not at all. Takes no lock, but where
 * writers overtake it again and again: then it waits for the lock, if it may write.
 *
 * @param int $offset 0 to shmx_size()
 * @param int $size bytes to read; 0 reads to the end
 * @return string exactly that many bytes. A warning names the range when a process died in a write of more than 4,096
 *     bytes and left it half-written.
 * @throws ValueError for a range outside the segment
 * @throws ShmxException SHMX_E_KIND, SHMX_E_DAMAGED, SHMX_E_TIMEOUT
 */
function shmx_read(Shmx $shmx, int $offset, int $size): string {}

/**
 * Writes bytes, under the segment's lock. Up to 4,096 bytes are written whole or not at all, even if the process is
 * killed half-way; of more, a kill may leave a part, and who reads it is warned.
 *
 * @param string $data as much of it is written as fits behind $offset
 * @param int $offset 0 to shmx_size()
 * @return int bytes written
 * @throws ValueError for an offset outside the segment
 * @throws Error for a segment opened with "a"
 * @throws ShmxException SHMX_E_KIND, SHMX_E_TIMEOUT, SHMX_E_WRITERS, SHMX_E_DEADLOCK, SHMX_E_DELETED, SHMX_E_DAMAGED
 */
function shmx_write(Shmx $shmx, string $data, int $offset): int {}

/** The bytes for use: what was asked for when the segment was made. */
function shmx_size(Shmx $shmx): int {}

/**
 * Removes the segment from the system. Who has it open may go on; its memory goes when the last one closes it.
 *
 * @return bool false with a warning when the system refuses: only the owner, the creator and root may. True again on a
 *     second call.
 */
function shmx_delete(Shmx $shmx): bool {}

/** Detaches the segment. Every later use of the handle throws Error. Gives back a lock that the handle holds. */
function shmx_close(Shmx $shmx): void {}

/**
 * Keeps all other writers out until shmx_unlock(), over any number of calls; readers go on. Locks of one handle nest.
 * Whatever ends the process, the lock ends with it, and at the latest with the last reference to the handle or with the
 * request. A forked child does not hold its parent's.
 *
 * @param float $timeout seconds to wait; 0 does not wait, negative waits for ever
 * @return bool false when the time is over, or when a signal came that pcntl_async_signals() handles, or another extension
 *     interrupts PHP, as sampling profilers do: then the wait may be begun again
 * @throws TypeError for a bool as $timeout, which sem_acquire() takes and means something else by
 * @throws ValueError for NAN
 * @throws Error for a segment opened with "a"
 * @throws ShmxException SHMX_E_DEADLOCK, SHMX_E_WRITERS, SHMX_E_DAMAGED; SHMX_E_DELETED where the wait has no end, the
 *     segment is deleted, so that nobody can tell whether its holder lives, and one holder has had it for
 *     shmx.lock_timeout
 */
function shmx_lock(Shmx $shmx, float $timeout = -1): bool {}

/**
 * Gives back one shmx_lock().
 *
 * @return bool always true
 * @throws Error when this handle, in this process, holds no lock
 */
function shmx_unlock(Shmx $shmx): bool {}

/**
 * What the kernel and the segment's header say.
 *
 * @return array<string, mixed> key, shmid, semid (null once the segment is deleted, or its semaphores alone are gone),
 *     kind ("blank", "bytes", "variables", "queue" or "unknown"), size (bytes for use), permissions, owner and group
 *     (ids), attached (how many
 *     times: each open handle, and each again in every forked process that has it), created and
 *     last_write (seconds since 1970; last_write null before the first), writes (of a queue: messages sent),
 *     recoveries (locks taken over from dead processes), torn_writes, torn (list of [offset, size]), writers (how many
 *     may write at once), writers_in_use (null once the segment is deleted), format_version, deleted. Of a segment of
 *     variables also entries (those that have expired and were not met since included), capacity (bytes for records),
 *     bytes_used, bytes_live, permanent_bytes (of variables with $ttl 0), hits, misses, evictions (dropped for room),
 *     second_rounds (spared because they were read), expired,
 *     moved_bytes (copied to make room). Of a queue also pending, sent, received, capacity (bytes for messages),
 *     bytes_used, receivers_waiting, senders_waiting. Where the kernel tells this process nothing of the segment any more,
 *     because its permissions or the process's user have changed: key, semid, permissions, owner, group, attached,
 *     writers_in_use and deleted null
 * @throws ShmxException SHMX_E_DAMAGED when its header is not shmx's any more
 */
function shmx_info(Shmx $shmx): array {}

/**
 * Every shmx segment of this machine (of this IPC namespace) that this process may read, as far as it has its semaphores:
 * not one that was deleted and is still open somewhere.
 *
 * @return list<array<string, mixed>> of each: key, shmid, semid, kind (null where it cannot be read or is damaged), size,
 *     permissions, owner, group, attached, created (when it was made, or its owner or permissions were changed last)
 */
function shmx_list(): array {}

/**
 * Stores a value under a key, replacing what is there. Readers see the old value or the new one, never neither.
 *
 * @param string|int $key any bytes, up to 64 KiB; as with PHP's arrays, 5 and "5" are the same key
 * @param mixed $value anything that serialize() takes; null, booleans, numbers, strings and arrays of these need no
 *     serializing
 * @param int $ttl 0 keeps it until it is removed; otherwise it is a cache entry for that many seconds, or for as long as
 *     there is room (SHMX_EVICTABLE), and may be dropped earlier when room is needed: oldest first, but what was read
 *     since it was written, by a handle that may write, is spared for one more round as far as there is room
 * @return bool always true
 * @throws ValueError for a key that is too long or a negative $ttl
 * @throws Error for a segment opened with "a"
 * @throws Throwable what serialize() throws for the value, as for a closure
 * @throws ShmxException SHMX_E_FULL and SHMX_E_TOO_LARGE, both leaving the old value; SHMX_E_KIND, SHMX_E_TIMEOUT,
 *     SHMX_E_WRITERS, SHMX_E_DEADLOCK, SHMX_E_DELETED, SHMX_E_DAMAGED
 */
function shmx_put_var(Shmx $shmx, string|int $key, mixed $value, int $ttl = 0): bool {}

/**
 * Stores a value under a key if there is none. Of many processes that add the same key at once, one succeeds.
 *
 * @return bool false when there is a value already, which stays. Parameters and errors as for shmx_put_var().
 */
function shmx_add_var(Shmx $shmx, string|int $key, mixed $value, int $ttl = 0): bool {}

/**
 * Reads the value stored under a key, or gives $default. Takes no lock, but where writers overtake it again and again: then
 * it waits for the lock, if it may write.
 *
 * @throws ValueError for a key that is too long
 * @throws ShmxException SHMX_E_KIND, SHMX_E_DAMAGED; SHMX_E_TIMEOUT when writers overtake it without an end, and what a
 *     wait for the lock may end with: SHMX_E_WRITERS, SHMX_E_DEADLOCK;
 *     SHMX_E_UNTRUSTED for a value with an object or a reference in it that another user may have put there: see
 *     shmx_allow_objects(). And what the __unserialize() or __wakeup() of an object throws. Classes are autoloaded, and an
 *     object without its class is a __PHP_Incomplete_Class, as with unserialize()
 */
function shmx_get_var(Shmx $shmx, string|int $key, mixed $default = null): mixed {}

/**
 * Says whether values with objects or references in them are revived when they are read through this handle.
 *
 * Unserializing a value makes objects of whatever classes it names, with all that their __unserialize(), __wakeup() and
 * __destruct() do, so what another user may have put there is not unserialized: unless this call allows it, shmx_get_var()
 * and shmx_receive() throw SHMX_E_UNTRUSTED for such values where anybody but this process's effective user and root may
 * write to the segment - its owner, its creator, its group, or all. The kernel is asked at each such value. Values of null,
 * booleans, numbers, strings and arrays of these are read in any case; all others go through serialize() and are refused:
 * those with an object, an enum, a resource or a shared reference anywhere in them, and arrays more than 512 deep or with a
 * string of 4 GiB. The idea is that of unserialize()'s allowed_classes.
 *
 * @param bool $allow true: always, because every user that may write is trusted as much as the script itself; false:
 *     never, even from a segment of one's own
 * @throws Error for a closed segment
 */
function shmx_allow_objects(Shmx $shmx, bool $allow = true): void {}

/**
 * Whether a value, null included, is stored under a key.
 *
 * @throws ValueError for a key that is too long
 * @throws ShmxException SHMX_E_KIND, SHMX_E_DAMAGED, SHMX_E_TIMEOUT
 */
function shmx_has_var(Shmx $shmx, string|int $key): bool {}

/** Removes what is stored under a key. Returns false when there was nothing. Errors as for shmx_put_var(). */
function shmx_remove_var(Shmx $shmx, string|int $key): bool {}

/**
 * Adds $step to an int, as one step that no other process can come between.
 *
 * @param int $step may be negative
 * @param int $ttl of a variable that this call makes; one that is there keeps its own
 * @return int the new value; of a variable that was not there, $step
 * @throws ShmxException SHMX_E_TYPE when it is no int; otherwise as shmx_put_var()
 * @throws ArithmeticError when the sum is no int; the variable stays as it is
 */
function shmx_inc_var(Shmx $shmx, string|int $key, int $step = 1, int $ttl = 0): int {}

/**
 * Stores $new under a key if $expected is stored there now, as one step that no other process can come between. Keeps the
 * time to live.
 *
 * @param mixed $expected compared as by ===; where what is stored has objects or references in it, both by what serialize()
 *     makes of them
 * @return bool false when something else, or nothing, is stored. Errors as for shmx_put_var().
 */
function shmx_cas_var(Shmx $shmx, string|int $key, mixed $expected, mixed $new): bool {}

/**
 * The keys that are there, each once, in no certain order. While others write, each key that is there all the while is among
 * them, and one that is looked up later may be gone.
 *
 * @return list<string|int>
 * @throws ShmxException SHMX_E_KIND, SHMX_E_TIMEOUT, SHMX_E_WRITERS, SHMX_E_DEADLOCK, SHMX_E_DAMAGED
 */
function shmx_keys(Shmx $shmx): array {}

/**
 * Removes every variable, at once and for all. On a segment whose variables are damaged it makes a new beginning.
 * Errors as for shmx_put_var().
 */
function shmx_clear(Shmx $shmx): void {}

/**
 * Sends a message: appends it to the queue. A process that is killed in here leaves the message whole or not at all.
 *
 * @param mixed $message anything that shmx_put_var() takes
 * @param float $timeout seconds to wait for room; 0 does not wait, negative waits for ever. For others that are in a call on
 *     the queue it waits in any case, at most for shmx.lock_timeout or for a shorter $timeout above 0
 * @return bool false when there was no room in time, or when a signal or a profiler interrupts, as in shmx_lock()
 * @throws TypeError for a bool as $timeout
 * @throws ValueError for NAN
 * @throws Error for a segment opened with "a"
 * @throws ShmxException SHMX_E_TOO_LARGE at once when it could never fit; SHMX_E_DELETED when the segment is deleted under
 *     the wait; SHMX_E_DEADLOCK when it would wait under this handle's own shmx_lock(); SHMX_E_KIND, SHMX_E_TIMEOUT,
 *     SHMX_E_WRITERS, SHMX_E_DAMAGED
 */
function shmx_send(Shmx $shmx, mixed $message, float $timeout = 0): bool {}

/**
 * Receives the oldest message. Each message goes to one receiver. A receiver that is killed loses at most the message
 * that it was taking; a message that its class refuses, or that is no value for a typed property, is gone too.
 *
 * @param mixed $message the message, or null when there is none
 * @param float $timeout seconds to wait for one; otherwise as for shmx_send()
 * @return bool false when none came in time, or when a signal or a profiler interrupts, as in shmx_lock()
 * @throws TypeError, ValueError, Error as shmx_send() does
 * @throws ShmxException as shmx_send() does, but never SHMX_E_TOO_LARGE; SHMX_E_UNTRUSTED for one with an object or a
 *     reference in it that another user may have sent (see shmx_allow_objects()): that message is gone. SHMX_E_FULL when
 *     there is no memory for it
 */
function shmx_receive(Shmx $shmx, mixed &$message, float $timeout = -1): bool {}

/**
 * How many messages are waiting to be received.
 *
 * @throws ShmxException SHMX_E_KIND, SHMX_E_DAMAGED
 */
function shmx_pending(Shmx $shmx): int {}
