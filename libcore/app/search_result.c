/* search_result: the numbers of a result, as they stream in. */
#include <stdio.h>
#include <string.h>

#include "app/search_impl.h"
#include "imap/set.h"

void search_tag(uint32_t tag, char out[static SEARCH_TAG_MAX])
{
	/* As flow.c writes it. */
	snprintf(out, SEARCH_TAG_MAX, "a%u", tag);
}

void search_result_init(struct search_result *r, enum search_use use)
{
	*r = (struct search_result){.use = use, .from = 1, .to = UINT64_MAX};
}

static int use_range(struct search_result *r, uint32_t lo, uint32_t hi, struct fault *f)
{
	switch (r->use) {
	case SEARCH_USE_PRINT:
		return search_print_range(r->printer, lo, hi, f);
	case SEARCH_USE_SPOOL:
		return spool_put(r->spool, lo, hi, 0, f);
	default:
		return 0;
	}
}

static void note_edges(struct search_result *r, uint32_t lo, uint32_t hi)
{
	if (r->first == 0)
		r->first = r->lowest = lo;
	r->last = hi;
	if (lo < r->lowest)
		r->lowest = lo;
	if (hi > r->highest)
		r->highest = hi;
}

/* The part of lo to hi whose positions are wanted; the first of them has position seen + 1. */
static int take_range(struct search_result *r, uint32_t lo, uint32_t hi, struct fault *f)
{
	uint64_t before = r->seen, n = (uint64_t)hi - lo + 1;

	note_edges(r, lo, hi);
	r->seen += n;
	if (before + n < r->from || before >= r->to)
		return 0;
	if (before + 1 < r->from)
		lo += (uint32_t)(r->from - before - 1);
	if (before + n > r->to)
		hi -= (uint32_t)(before + n - r->to);
	return use_range(r, lo, hi, f);
}

int search_result_set(struct search_result *r, const char *text, size_t n, struct fault *f)
{
	struct set_walk w = {text, n};
	uint32_t lo, hi;
	int more;

	if (r->all != NULL && !r->overflow && set_parse(r->all, text, n) == -1) {
		r->overflow = true;
		set_free(r->all);
	}
	while ((more = set_walk_next(&w, &lo, &hi)) == 1)
		if (take_range(r, lo < hi ? lo : hi, lo < hi ? hi : lo, f) == -1)
			return -1;
	return more == 0 ? 0 : fault_set(f, FAULT_PROTOCOL, "a malformed set of numbers");
}

static bool is_ours(const char *tag, const char *name)
{
	return tag == NULL || strcmp(tag, name) == 0;
}

static int message_numbers(struct fault *f)
{
	return fault_set(f, FAULT_PROTOCOL, "ESEARCH without UID where UIDs were asked for");
}

static int take_set(struct search_result *r, const char *name, const struct search_plan *p,
    const struct set_event *e, struct fault *f)
{
	bool plain = e->source == SET_SEARCH || e->source == SET_SORT;

	if (!plain && e->source != SET_ESEARCH_ALL && e->source != SET_ESEARCH_PARTIAL)
		return 0;
	if (!plain && (!is_ours(e->tag, name) || e->mailbox != NULL))
		return 0;
	if (!plain && !e->uid)
		return message_numbers(f);
	if (plain && p->partial)
		return fault_set(f, FAULT_PROTOCOL, "SEARCH or SORT where ESEARCH was asked for");
	return search_result_set(r, e->text, e->len, f);
}

static int take_esearch(
    struct search_result *r, const char *name, const struct esearch_event *e, struct fault *f)
{
	if (!is_ours(e->tag, name) || e->mailbox != NULL)
		return 0;
	if ((e->has & (ESEARCH_MIN | ESEARCH_MAX)) != 0 && !e->uid)
		return message_numbers(f);
	r->has_count = r->has_count || (e->has & ESEARCH_COUNT) != 0;
	r->count = (e->has & ESEARCH_COUNT) != 0 ? e->count : r->count;
	r->min = (e->has & ESEARCH_MIN) != 0 ? e->min : r->min;
	r->max = (e->has & ESEARCH_MAX) != 0 ? e->max : r->max;
	return 0;
}

int search_result_take(struct search_result *r, const char *tag, const struct search_plan *p,
    const struct event *ev, struct fault *f)
{
	if (ev->kind == EV_SET)
		return take_set(r, tag, p, &ev->set, f);
	if (ev->kind == EV_ESEARCH)
		return take_esearch(r, tag, &ev->esearch, f);
	if (ev->kind == EV_STATUS && ev->code == CODE_NOUPDATE)
		r->refused_update = true;
	return 0;
}

int search_result_read(struct search_result *r, struct imap *imap, uint32_t tag,
    const struct search_plan *p, struct event *ev, struct fault *f)
{
	char name[SEARCH_TAG_MAX];
	int more;

	search_tag(tag, name);
	while ((more = imap_until(imap, tag, ev, f)) == 1)
		if (search_result_take(r, name, p, ev, f) == -1) {
			ev->kind = EV_NONE;
			return -1;
		}
	if (more == 0 && ev->code == CODE_NOUPDATE)
		r->refused_update = true;
	return more;
}
