#include "imap/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { FIRST_CAP = 16 };

void set_init(struct set *s, size_t max_ranges)
{
	*s = (struct set){.max = max_ranges < SET_MAX_RANGES ? max_ranges : SET_MAX_RANGES};
}

void set_free(struct set *s)
{
	free(s->r);
	set_init(s, s->max);
}

static int make_room(struct set *s, size_t max)
{
	if (s->r != NULL && s->n < s->cap)
		return 0;
	size_t cap = s->cap == 0 ? FIRST_CAP : s->cap * 2;
	if (s->n >= max || s->cap > SIZE_MAX / 2 / sizeof(*s->r))
		return -1;
	cap = cap < max ? cap : max;
	struct set_range *r = realloc(s->r, cap * sizeof(*r));
	if (r == NULL)
		return -1;
	s->r = r;
	s->cap = cap;
	return 0;
}

/* Whether a range that begins at lo overlaps or touches one that ends at hi and begins no later. */
static bool joins(uint32_t hi, uint32_t lo)
{
	return lo <= hi || lo - hi == 1;
}

/* The first range that x overlaps, touches or lies before. */
static size_t find(const struct set *s, uint32_t x)
{
	size_t lo = 0, hi = s->n;

	if (s->n > 0 && !joins(s->r[s->n - 1].hi, x))
		return s->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (joins(s->r[mid].hi, x))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static int insert(struct set *s, size_t at, struct set_range range)
{
	if (s->n >= s->max || make_room(s, s->max) != 0)
		return -1;
	memmove(s->r + at + 1, s->r + at, (s->n - at) * sizeof(*s->r));
	s->r[at] = range;
	s->n++;
	return 0;
}

static struct set_range ordered(uint32_t a, uint32_t b)
{
	return a < b ? (struct set_range){a, b} : (struct set_range){b, a};
}

int set_add(struct set *s, uint32_t lo, uint32_t hi)
{
	struct set_range range = ordered(lo, hi);

	if (range.lo == 0)
		return -1;
	size_t at = find(s, range.lo), end = at;
	while (end < s->n && joins(range.hi, s->r[end].lo))
		end++;
	if (end == at)
		return insert(s, at, range);
	/* Ranges at..end-1 become one. */
	if (s->r[at].lo < range.lo)
		range.lo = s->r[at].lo;
	if (s->r[end - 1].hi > range.hi)
		range.hi = s->r[end - 1].hi;
	s->r[at] = range;
	memmove(s->r + at + 1, s->r + end, (s->n - end) * sizeof(*s->r));
	s->n -= end - at - 1;
	return 0;
}

static int add_range_without(struct set *s, struct set_range range, const struct set *without)
{
	uint64_t from = range.lo;

	for (size_t i = find(without, range.lo); i < without->n; i++) {
		const struct set_range *out = &without->r[i];

		if (out->lo > range.hi)
			break;
		if (out->lo > from && set_add(s, (uint32_t)from, out->lo - 1) == -1)
			return -1;
		if (out->hi >= from)
			from = (uint64_t)out->hi + 1;
	}
	return from <= range.hi ? set_add(s, (uint32_t)from, range.hi) : 0;
}

int set_add_without(struct set *s, const struct set *which, const struct set *without)
{
	for (size_t i = 0; i < which->n; i++)
		if (add_range_without(s, which->r[i], without) == -1)
			return -1;
	return 0;
}

bool set_has(const struct set *s, uint32_t x)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->r[mid].hi < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && s->r[lo].lo <= x;
}

uint64_t set_count(const struct set *s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->n; i++)
		count += (uint64_t)s->r[i].hi - s->r[i].lo + 1;
	return count;
}

static int compare(const void *a, const void *b)
{
	const struct set_range *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Sorts and joins. False when more than max ranges are left. */
static bool settle(struct set *s)
{
	size_t n = 0;

	if (s->r == NULL)
		return true;
	qsort(s->r, s->n, sizeof(*s->r), compare);
	for (size_t i = 0; i < s->n; i++) {
		struct set_range next = s->r[i];
		if (n == 0 || !joins(s->r[n - 1].hi, next.lo))
			s->r[n++] = next;
		else if (s->r[n - 1].hi < next.hi)
			s->r[n - 1].hi = next.hi;
	}
	s->n = n < s->max ? n : s->max;
	return n <= s->max;
}

/*
 * set_add() in any order costs a memmove(3) each, which a server could make us pay for half a million
 * times. So what a text brings out of order goes to the end, with room for half as many ranges again
 * as the set may have, and is sorted in when that room is full, or at the end.
 */
static int append(struct set *s, struct set_range range, bool *sorted)
{
	struct set_range *last = s->n > 0 ? s->r + s->n - 1 : NULL;
	bool behind = last == NULL || range.lo >= last->lo;

	if (last != NULL && behind && joins(last->hi, range.lo)) {
		last->hi = last->hi < range.hi ? range.hi : last->hi;
		return 0;
	}
	*sorted = *sorted && behind;
	size_t room = s->max + s->max / 2 + 1;
	if (s->n == room) {
		if (!settle(s))
			return -1;
		*sorted = true;
		return append(s, range, sorted);
	}
	if (make_room(s, room) != 0)
		return -1;
	s->r[s->n++] = range;
	return 0;
}

static bool well_formed(const char *p, size_t n)
{
	struct set_walk w = {p, n};
	uint32_t lo, hi;
	int more = n > 0 ? 1 : -1;

	while (more == 1)
		more = set_walk_next(&w, &lo, &hi);
	return more == 0;
}

int set_parse(struct set *s, const char *p, size_t n)
{
	struct set_walk w = {p, n};
	uint32_t lo, hi;
	bool sorted = true, fits = true;

	if (!well_formed(p, n))
		return -1;
	while (fits && set_walk_next(&w, &lo, &hi) == 1)
		fits = append(s, ordered(lo, hi), &sorted) == 0;
	if (!sorted || s->n > s->max)
		fits = settle(s) && fits;
	return fits ? 0 : -1;
}

static void put_number(struct buf *out, uint32_t x)
{
	if (x == UINT32_MAX)
		buf_putc(out, '*');
	else
		buf_printf(out, "%u", (unsigned)x);
}

void set_format(struct buf *out, const struct set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_number(out, s->r[i].lo);
		if (s->r[i].lo == s->r[i].hi)
			continue;
		buf_putc(out, ':');
		put_number(out, s->r[i].hi);
	}
}

/* seq-number */
static int take_number(struct set_walk *w, uint32_t *out)
{
	size_t len = 0;

	if (w->n > 0 && w->p[0] == '*') {
		*out = UINT32_MAX;
		len = 1;
	} else {
		while (len < w->n && w->p[len] >= '0' && w->p[len] <= '9')
			len++;
		if (num_nz32(w->p, len, out) != 0)
			return -1;
	}
	w->p += len;
	w->n -= len;
	return 0;
}

static bool take(struct set_walk *w, char c)
{
	if (w->n == 0 || w->p[0] != c)
		return false;
	w->p++;
	w->n--;
	return true;
}

int set_walk_next(struct set_walk *w, uint32_t *lo, uint32_t *hi)
{
	if (w->n == 0)
		return 0;
	if (take_number(w, lo) != 0)
		return -1;
	*hi = *lo;
	if (take(w, ':') && take_number(w, hi) != 0)
		return -1;
	if (w->n == 0)
		return 1;
	return take(w, ',') && w->n > 0 ? 1 : -1;
}
