/* A set that parses is sorted and joined, has what its text names, and comes back from its own text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "imap/set.h"

enum { MAX = 64 };

static void check_order(const struct set *s)
{
	if (s->n > MAX)
		abort();
	for (size_t i = 0; i < s->n; i++) {
		if (s->r[i].lo == 0 || s->r[i].lo > s->r[i].hi)
			abort();
		if (i > 0 && (uint64_t)s->r[i - 1].hi + 1 >= s->r[i].lo)
			abort();
	}
}

/* The same set, made range by range; where that fits, it is the same. */
static void check_members(const struct set *s, const char *p, size_t n)
{
	struct set_walk w = {p, n};
	struct set added;
	uint32_t lo, hi;
	bool full = false;

	set_init(&added, MAX);
	while (set_walk_next(&w, &lo, &hi) == 1) {
		if (!set_has(s, lo) || !set_has(s, hi) ||
		    !set_has(s, lo / 2 + hi / 2 + (lo & hi & 1)))
			abort();
		full = set_add(&added, lo, hi) != 0 || full;
	}
	check_order(&added);
	if (!full && (added.n != s->n || memcmp(added.r, s->r, s->n * sizeof(*s->r)) != 0))
		abort();
	set_free(&added);
}

static void check_text(const struct set *s)
{
	struct set again;
	struct buf text;

	buf_init(&text, 1 << 16);
	set_init(&again, MAX);
	set_format(&text, s);
	if (set_parse(&again, text.data, text.len) != 0 || again.n != s->n)
		abort();
	if (memcmp(again.r, s->r, s->n * sizeof(*s->r)) != 0 || set_count(&again) != set_count(s))
		abort();
	set_free(&again);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct set s;

	set_init(&s, MAX);
	if (set_parse(&s, p, n) == 0) {
		check_members(&s, p, n);
		check_text(&s);
		if (set_parse(&s, p, n) != 0)
			abort();
	}
	check_order(&s);
	set_free(&s);
	return 0;
}
