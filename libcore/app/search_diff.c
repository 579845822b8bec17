/* search_diff: the difference of two sets. */
#include "app/search_diff.h"

void search_diff_init(struct search_diff *d, const struct set *a, const struct set *b)
{
	*d = (struct search_diff){.a = a, .b = b};
}

/* Done with what is before x in the present range of a. */
static void advance(struct search_diff *d, uint32_t hi)
{
	if (hi >= d->a->r[d->i].hi) {
		d->i++;
		d->from = 0;
	} else {
		d->from = hi + 1;
	}
}

bool search_diff_next(struct search_diff *d, uint32_t *lo, uint32_t *hi)
{
	while (d->i < d->a->n) {
		const struct set_range *a = &d->a->r[d->i];
		uint32_t from = d->from == 0 ? a->lo : d->from;

		while (d->k < d->b->n && d->b->r[d->k].hi < from)
			d->k++;

		const struct set_range *b = d->k < d->b->n ? &d->b->r[d->k] : NULL;
		if (b != NULL && b->lo <= from) {
			advance(d, b->hi);
			continue;
		}
		*lo = from;
		*hi = b != NULL && b->lo <= a->hi ? b->lo - 1 : a->hi;
		advance(d, *hi);
		return true;
	}
	return false;
}
