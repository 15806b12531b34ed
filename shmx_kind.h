/*
 * Floor 2: the table of kinds. A new kind is a new file and a line here.
 */
#ifndef SHMX_KIND_H
#define SHMX_KIND_H

#include "shmx_segment.h"

typedef struct {
	const char *name;                       /* as shmx_info() shows it */
	void (*recover)(shmx_segment *segment); /* repairs what a dead writer left; guard held; repeatable */
} shmx_kind_operations;

/* NULL when `kind` is no kind. */
const shmx_kind_operations *shmx_kind_find(uint32_t kind);

/* The shmx_recover_hook of every segment: repairs by kind. */
void shmx_kind_recover(shmx_segment *segment);

#endif
