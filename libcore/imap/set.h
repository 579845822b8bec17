/*
 * set: sequence sets and UID sets (sequence-set, uid-set of RFC 9051 section 9): "1:3,7,12:*".
 * Kept as sorted, merged ranges, never expanded. "*" is UINT32_MAX here.
 */
#ifndef LM_IMAP_SET_H
#define LM_IMAP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct set_range {
	uint32_t lo, hi; /* lo <= hi, both at least 1 */
};
struct set {
	struct set_range *r; /* owned, sorted, no two touching */
	size_t n, cap;
	size_t max; /* ranges at most */
};

enum { SET_MAX_RANGES = 524288 }; /* 4 MiB */

/* An empty set of at most max_ranges (and SET_MAX_RANGES) ranges. Allocates nothing. */
void set_init(struct set *s, size_t max_ranges);
void set_free(struct set *s);
/* Adds lo to hi (or hi to lo). 0, or -1 with nothing changed when full or out of memory, or for 0.
 * Adding in ascending order is O(1), in any other order O(n). */
int set_add(struct set *s, uint32_t lo, uint32_t hi);
/* Adds what is in `which` and not in `without`; neither may be `s`. 0, or -1 as set_add(), with a part added. */
int set_add_without(struct set *s, const struct set *which, const struct set *without);
bool set_has(const struct set *s, uint32_t x);
uint64_t set_count(const struct set *s);
/* Adds what the n octets say, one range at least; a range may be given backwards (RFC 9051: "4:2" is
 * "2:4"). -1: malformed, and nothing was changed; or full, and the set holds a part of it. The cost is
 * O(n log n) in any order. */
int set_parse(struct set *s, const char *p, size_t n);
/* Appends the set; nothing for an empty one, which IMAP has no words for. */
void set_format(struct buf *out, const struct set *s);

/* Walks a set's text in its own order without holding it: UIDs in COPYUID pair up by position. */
struct set_walk {
	const char *p;
	size_t n;
};
/* 1 with the next range (lo > hi is possible: given backwards), 0 at the end, -1 malformed (a
 * comma at the end included). */
int set_walk_next(struct set_walk *w, uint32_t *lo, uint32_t *hi);

#endif
