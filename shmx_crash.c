/*
 * The bookkeeping behind labelled crash points. Empty unless SHMX_CRASH_POINTS is defined, which only test builds do.
 */
#include "shmx_crash.h"

#ifdef SHMX_CRASH_POINTS

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static unsigned long armed_at;
static const char *armed_label;
static unsigned long passed;
static char *report;
static unsigned long report_size;
static int sent = SIGKILL;

void shmx_crash_arm(unsigned long n)
{
	armed_at = n;
	armed_label = NULL;
	passed = 0;
}

void shmx_crash_arm_label(const char *label)
{
	armed_at = 0;
	armed_label = label;
	passed = 0;
}

void shmx_crash_report_to(char *buffer, unsigned long size)
{
	report = buffer;
	report_size = size;
}

void shmx_crash_by(int cause)
{
	sent = cause;
}

void shmx_crash_point(const char *label)
{
	passed++;
	if (passed != armed_at && (armed_label == NULL || strcmp(label, armed_label) != 0)) {
		return;
	}
	if (report != NULL && report_size > 0) {
		strncpy(report, label, report_size - 1);
		report[report_size - 1] = '\0';
	}
	/* Who is only stopped is not stopped there again. */
	armed_label = NULL;
	kill(getpid(), sent);
	while (sent == SIGKILL) {
		pause();
	}
}

#else

/* A translation unit must declare something. */
typedef int shmx_crash_points_are_off;

#endif
