#include "app/watch_map.h"

#include <stdlib.h>
#include <string.h>

void map_init(struct watch_map *m)
{
	set_init(&m->set, MAP_RANGES_MAX);
	m->broken = false;
}

void map_free(struct watch_map *m)
{
	set_free(&m->set);
}

void map_clear(struct watch_map *m)
{
	set_free(&m->set);
	map_init(m);
}

void map_add(struct watch_map *m, uint32_t lo, uint32_t hi)
{
	if (set_add(&m->set, lo, hi) == -1)
		m->broken = true;
}

void map_parse(struct watch_map *m, const char *text, size_t n)
{
	if (set_parse(&m->set, text, n) == -1)
		m->broken = true;
}

uint64_t map_count(const struct watch_map *m)
{
	return set_count(&m->set);
}

/* The range that message `num` is in, and its UID. */
static size_t find(const struct watch_map *m, uint32_t num, uint32_t *uid)
{
	uint64_t left = num;

	if (m->broken || num == 0)
		return m->set.n;
	for (size_t i = 0; i < m->set.n; i++) {
		const struct set_range *r = &m->set.r[i];
		uint64_t n = (uint64_t)r->hi - r->lo + 1;

		if (left <= n) {
			*uid = r->lo + (uint32_t)(left - 1);
			return i;
		}
		left -= n;
	}
	return m->set.n;
}

uint32_t map_uid(const struct watch_map *m, uint32_t num)
{
	uint32_t uid = 0;

	find(m, num, &uid);
	return uid;
}

/* Takes the UID out of range i; one in the middle makes two of it. */
static void take_out(struct watch_map *m, size_t i, uint32_t uid)
{
	struct set_range *r = &m->set.r[i];
	uint32_t hi = r->hi;

	if (uid == r->lo && uid == hi) {
		m->set.n--;
		memmove(r, r + 1, (m->set.n - i) * sizeof(*r));
	} else if (uid == r->lo) {
		r->lo++;
	} else {
		r->hi = uid - 1;
		if (uid < hi)
			map_add(m, uid + 1, hi);
	}
}

uint32_t map_expunge(struct watch_map *m, uint32_t num)
{
	uint32_t uid = 0;
	size_t i = find(m, num, &uid);

	if (i == m->set.n) {
		m->broken = true;
		return 0;
	}
	take_out(m, i, uid);
	return uid;
}

/* What of lo to hi is not in `after`, from its range *k on. */
static int add_missing(
    uint32_t lo, uint32_t hi, const struct set *after, size_t *k, struct set *gone)
{
	uint64_t at = lo;

	while (*k < after->n && after->r[*k].hi < lo)
		(*k)++;
	for (size_t i = *k; at <= hi; i++) {
		bool covered = i < after->n && after->r[i].lo <= hi;
		uint64_t end = covered ? after->r[i].lo : (uint64_t)hi + 1;

		if (end > at && set_add(gone, (uint32_t)at, (uint32_t)(end - 1)) == -1)
			return -1;
		if (!covered)
			return 0;
		at = (uint64_t)after->r[i].hi + 1;
	}
	return 0;
}

int map_gone(const struct watch_map *before, const struct watch_map *after, struct set *gone)
{
	size_t k = 0;

	if (before->broken || after->broken)
		return -1;
	for (size_t i = 0; i < before->set.n; i++)
		if (add_missing(before->set.r[i].lo, before->set.r[i].hi, &after->set, &k, gone) ==
		    -1)
			return -1;
	return 0;
}
