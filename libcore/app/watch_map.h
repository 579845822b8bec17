/*
 * watch_map: message sequence numbers to UIDs (RFC 9051 section 2.3.1.2), for servers without QRESYNC, which name what is gone by its number only. Kept
 * as ranges, so that a mailbox of a million messages may cost a few octets. Pure.
 */
#ifndef LM_APP_WATCH_MAP_H
#define LM_APP_WATCH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imap/set.h"

enum { MAP_RANGES_MAX = 32768 }; /* 256 KiB */

struct watch_map {
	struct set set; /* all UIDs */
	bool broken;    /* it did not fit, or does not tally: no number is known any more */
};

void map_init(struct watch_map *m);
void map_free(struct watch_map *m);
/* Empties it. */
void map_clear(struct watch_map *m);
/* UIDs lo to hi are there. */
void map_add(struct watch_map *m, uint32_t lo, uint32_t hi);
/* The UIDs of a piece of a set. */
void map_parse(struct watch_map *m, const char *text, size_t n);
uint64_t map_count(const struct watch_map *m);
/* The UID of message `num` (from 1), or 0. */
uint32_t map_uid(const struct watch_map *m, uint32_t num);
/* Message `num` is gone: its UID, or 0 when it was not known; then the map is broken. */
uint32_t map_expunge(struct watch_map *m, uint32_t num);
/* Appends to `gone` the UIDs of `before` that `after` has not. -1: one of the maps is broken, or `gone` is full. */
int map_gone(const struct watch_map *before, const struct watch_map *after, struct set *gone);

#endif
