/*
 * Floor 2: the table of kinds.
 */
#include "shmx_kind.h"

#include "shmx_bytes.h"
#include "shmx_queue.h"
#include "shmx_vars.h"

static void recover_nothing(shmx_segment *segment)
{
	(void) segment;
}

static const shmx_kind_operations kinds[] = {
	[SHMX_KIND_BLANK] = { "blank", recover_nothing },
	[SHMX_KIND_BYTES] = { "bytes", shmx_bytes_recover },
	[SHMX_KIND_VARIABLES] = { "variables", shmx_vars_recover },
	[SHMX_KIND_QUEUE] = { "queue", shmx_queue_recover },
};

const shmx_kind_operations *shmx_kind_find(uint32_t kind)
{
	return kind < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[kind] : NULL;
}

void shmx_kind_recover(shmx_segment *segment)
{
	const shmx_kind_operations *kind = shmx_kind_find(shmx_segment_kind(segment));

	if (kind != NULL) {
		kind->recover(segment);
	}
}
