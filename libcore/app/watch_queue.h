/*
 * watch_queue: events on their way to whoever reads them, in bounded memory. Pure.
 */
#ifndef LM_APP_WATCH_QUEUE_H
#define LM_APP_WATCH_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
	WATCH_QUEUE_MAX = 512 * 1024, /* octets of all that wait */
	WATCH_FIELDS = 8,             /* of one record */
};

struct watch_queue {
	struct buf data;
	size_t at; /* where the first record begins */
	size_t n;  /* records */
};

void watch_queue_init(struct watch_queue *q);
void watch_queue_free(struct watch_queue *q);
/* Takes a copy of the n fields (at least one; NULL counts as ""). 0, or -1 with nothing changed: no room. */
int watch_queue_add(struct watch_queue *q, const char *const *field, size_t n);
/* The first record's fields (valid until the next call) and how many; 0: there is none. */
size_t watch_queue_first(const struct watch_queue *q, const char *field[static WATCH_FIELDS]);
/* Drops the first record. */
void watch_queue_drop(struct watch_queue *q);
/* Less than half of the room is taken. */
bool watch_queue_is_low(const struct watch_queue *q);

#endif
