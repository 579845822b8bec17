/* copyuid: two sets, walked side by side. */
#include "app/copyuid.h"

#include <stdlib.h>
#include <string.h>

int copyuid_init(struct copyuid *c, size_t max, struct fault *f)
{
	*c = (struct copyuid){.max = max};
	set_init(&c->from, max);
	set_init(&c->to, max);
	c->pair = calloc(max, sizeof(c->pair[0]));
	return c->pair == NULL ? fault_set(f, FAULT_TEMP, "out of memory") : 0;
}

void copyuid_free(struct copyuid *c)
{
	free(c->pair);
	set_free(&c->from);
	set_free(&c->to);
	*c = (struct copyuid){0};
}

/* One of the two sets, number by number. */
struct walk {
	struct set_walk text;
	uint32_t next, last; /* of the range; next 0: none */
};

/* 1 with the number, 0 at the end, -1 malformed. */
static int step(struct walk *w, uint32_t *uid)
{
	uint32_t a, b;
	int r;

	if (w->next == 0) {
		r = set_walk_next(&w->text, &a, &b);
		if (r != 1)
			return r;
		w->next = a < b ? a : b;
		w->last = a < b ? b : a;
	}
	*uid = w->next;
	w->next = w->next == w->last ? 0 : w->next + 1;
	return 1;
}

static int lies(struct fault *f, const char *what)
{
	return fault_set(f, FAULT_PROTOCOL, "COPYUID that cannot be true: %s", what);
}

static int by_from(const void *a, const void *b)
{
	const struct copyuid_pair *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

uint32_t copyuid_find(struct copyuid *c, uint32_t from)
{
	struct copyuid_pair key = {.from = from};
	const struct copyuid_pair *found;

	if (c->n == 0)
		return 0;
	found = bsearch(&key, c->pair, c->n, sizeof(key), by_from);
	return found != NULL ? found->to : 0;
}

/* A pair of which neither side was told before. */
static int add_new(
    struct copyuid *c, struct copyuid_pair p, const struct set *asked, size_t *n, struct fault *f)
{
	if (!set_has(asked, p.from) || p.from == UINT32_MAX || p.to == UINT32_MAX)
		return lies(f, "a message that was not asked for");
	if (set_has(&c->from, p.from) || set_has(&c->to, p.to) || *n == c->max)
		return lies(f, "a message twice");
	if (set_add(&c->from, p.from, p.from) == -1 || set_add(&c->to, p.to, p.to) == -1)
		return fault_set(f, FAULT_TEMP, "out of memory");
	c->pair[(*n)++] = p;
	return 0;
}

static int pair_up(struct copyuid *c, const char *from, const char *to, const struct set *asked,
    size_t *n, struct fault *f)
{
	struct walk a = {.text = {from, strlen(from)}}, b = {.text = {to, strlen(to)}};

	for (;;) {
		struct copyuid_pair p = {0};
		int x = step(&a, &p.from), y = step(&b, &p.to);

		if (x == -1 || y == -1)
			return lies(f, "no sets");
		if (x != y)
			return lies(f, "sets of different sizes");
		if (x == 0)
			return 0;
		if (copyuid_find(c, p.from) == p.to)
			continue;
		if (add_new(c, p, asked, n, f) == -1)
			return -1;
	}
}

/* What was told in this call is forgotten. */
static void take_back(struct copyuid *c)
{
	set_free(&c->from);
	set_free(&c->to);
	for (size_t i = 0; i < c->n; i++) {
		set_add(&c->from, c->pair[i].from, c->pair[i].from);
		set_add(&c->to, c->pair[i].to, c->pair[i].to);
	}
}

int copyuid_add(struct copyuid *c, uint32_t uidvalidity, const char *from, const char *to,
    const struct set *asked, struct fault *f)
{
	size_t n = c->n;

	if (uidvalidity == 0 || (c->uidvalidity != 0 && c->uidvalidity != uidvalidity))
		return lies(f, "another UIDVALIDITY");
	if (pair_up(c, from, to, asked, &n, f) == -1) {
		take_back(c);
		return -1;
	}
	c->uidvalidity = uidvalidity;
	c->n = n;
	qsort(c->pair, n, sizeof(c->pair[0]), by_from);
	return 0;
}
