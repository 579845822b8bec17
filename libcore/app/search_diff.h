/*
 * search_diff: what one set has that another has not, range by range. Pure.
 */
#ifndef LM_APP_SEARCH_DIFF_H
#define LM_APP_SEARCH_DIFF_H

#include <stdbool.h>

#include "imap/set.h"

struct search_diff {
	const struct set *a, *b; /* borrowed */
	size_t i, k;
	uint32_t
	    from; /* of the present range of a, what is before this is done; 0: it is not begun */
};

void search_diff_init(struct search_diff *d, const struct set *a, const struct set *b);
/* The next range of UIDs that are in a and not in b, in ascending order. False: there is none. */
bool search_diff_next(struct search_diff *d, uint32_t *lo, uint32_t *hi);

#endif
