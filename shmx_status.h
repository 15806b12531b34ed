/*
 * What a call below PHP can answer.
 *
 * Errors travel upwards as this one enum; only shmx.c turns them into warnings and exceptions, in one table. The numbers
 * of the codes that PHP code can see (SHMX_E_* constants, ShmxException::getCode()) are part of the interface.
 */
#ifndef SHMX_STATUS_H
#define SHMX_STATUS_H

typedef enum {
	SHMX_OK = 0,

	/* Thrown as ShmxException, with these very codes. */
	SHMX_E_FULL = 1,       /* no room: nothing was changed */
	SHMX_E_TIMEOUT = 2,    /* the guard was not had in time; its owner is alive, or nobody can tell any more */
	SHMX_E_DAMAGED = 3,    /* what stands in the segment cannot be: somebody scribbled over it */
	SHMX_E_KIND = 4,       /* the segment is of another kind */
	SHMX_E_WRITERS = 5,    /* every writer token is taken */
	SHMX_E_DEADLOCK = 6,   /* this very thread holds the guard through another handle */
	SHMX_E_DELETED = 7,    /* the segment was deleted, and what was asked needs its semaphores */
	SHMX_E_TYPE = 8,       /* the variable is not of the type the call works on */
	SHMX_E_TOO_LARGE = 9,  /* more than this segment could ever hold */
	SHMX_E_UNTRUSTED = 10, /* the value holds an object, and another user may have put it there */

	/* Misuse, which the face turns into Error or ValueError. */
	SHMX_E_READ_ONLY = 32,
	SHMX_E_NOT_LOCKED,

	/* Only from opening and deleting: a warning and false. errno or the segment's details say more. */
	SHMX_E_GET = 64,   /* shmget(2) */
	SHMX_E_STAT,       /* shmctl(2) IPC_STAT */
	SHMX_E_ATTACH,     /* shmat(2) */
	SHMX_E_SEMAPHORES, /* semget(2) or semctl(2) while creating */
	SHMX_E_FOREIGN,    /* a segment that shmx did not make */
	SHMX_E_VERSION,    /* a format version this build does not know */
	SHMX_E_HEADER,     /* a shmx header that contradicts itself or the kernel */
	SHMX_E_UNFINISHED, /* its creator has not finished it and this handle may not */
	SHMX_E_REMOVE,     /* shmctl(2) IPC_RMID */

	/* Never an error to the user: a wait that a signal ended, a thing that is not there. */
	SHMX_INTERRUPTED = 96,
	SHMX_NOT_FOUND,
	SHMX_NO_MESSAGE
} shmx_status;

#endif
