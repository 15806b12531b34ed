/*
 * Labelled crash points: places where a process may die that a test must be able to choose.
 *
 * In an ordinary build SHMX_CRASH_POINT is nothing. With SHMX_CRASH_POINTS defined, a process that asked for it kills
 * itself with SIGKILL, as abruptly as the kernel's out-of-memory killer would, at the n-th point it passes. The idea is
 * SQLite's: simulate every crash instead of hoping to meet it.
 */
#ifndef SHMX_CRASH_H
#define SHMX_CRASH_H

#ifdef SHMX_CRASH_POINTS
/* Dies here if the countdown is done; remembers the label in any case. */
void shmx_crash_point(const char *label);
/* The n-th point from now on (1 is the next) is the last thing this process does; 0 disarms and restarts the count. */
void shmx_crash_arm(unsigned long n);
/* Dies at the first point of this label; NULL disarms. */
void shmx_crash_arm_label(const char *label);
/* What to die of: SIGKILL, unless told otherwise. After SIGSTOP the process goes on from there when it is continued. */
void shmx_crash_by(int cause);
/* Where to note the label before dying: memory of at least `size` bytes that the parent can read, or NULL. */
void shmx_crash_report_to(char *buffer, unsigned long size);
#define SHMX_CRASH_POINT(label) shmx_crash_point(label)
#else
#define SHMX_CRASH_POINT(label) ((void) 0)
#endif

#endif
