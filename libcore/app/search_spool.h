/*
 * search_spool: ranges of UIDs put by, in their order, so that memory does not grow with them: the first few in memory, the
 * others in a temporary file that has no name.
 */
#ifndef LM_APP_SEARCH_SPOOL_H
#define LM_APP_SEARCH_SPOOL_H

#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"

enum {
	SPOOL_MEMORY = 2048,         /* ranges held in memory */
	SPOOL_MAX = 8 * 1024 * 1024, /* ranges in all: 96 MiB in the file */
};

struct spool_range {
	uint32_t lo, hi;
	uint32_t mark; /* the caller's */
};

struct spool {
	struct spool_range *memory;
	FILE *file;
	size_t n, at;
};

void spool_init(struct spool *s);
void spool_free(struct spool *s);
/* Empty again; the memory and the file stay. */
void spool_reset(struct spool *s);
/* Joins what follows on the last one with the same mark, while that is in memory. -1: FAULT_PROTOCOL past SPOOL_MAX, FAULT_IO, FAULT_TEMP. */
int spool_put(struct spool *s, uint32_t lo, uint32_t hi, uint32_t mark, struct fault *f);
/* From the beginning: 1 with the next one, 0 at the end, -1 FAULT_IO. After the first call nothing may be put. */
int spool_next(struct spool *s, struct spool_range *r, struct fault *f);
/* To be read from the beginning again. */
void spool_rewind(struct spool *s);

#endif
