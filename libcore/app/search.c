/* search: mailboxes in flights. */
#include "app/search.h"

#include <stdlib.h>

#include "app/search_impl.h"

/* The commands of one mailbox in a flight. */
struct leg {
	uint32_t opening; /* 0: open already */
	uint32_t searching;
	uint32_t fetching; /* 0: none */
	bool again;        /* "$" was not to be had: to be searched anew without */
};

/* URLs are ASCII, and a fault's message is safe already. */
void search_failed(struct search *s, const struct search_target *t, const struct fault *why)
{
	struct buf url;

	buf_init(&url, URL_MAX);
	url_build(&url, &t->url);
	fprintf(s->tool->err, "%s: %s: %s\n", s->tool->name, buf_str(&url), why->msg);
	buf_free(&url);
	tool_failed(s->tool, NULL, &(struct fault){.cls = why->cls});
}

int search_drain(struct imap *imap, uint32_t tag, struct fault *f)
{
	struct event ev;
	int r;

	if (tag == 0)
		return 0;
	do
		r = imap_until(imap, tag, &ev, f);
	while (r == 1);
	return r == -1 && ev.kind != EV_TAGGED ? -1 : 0;
}

/* The next mailbox is opened, also if it is the one that is open. */
static void forget_mailbox(struct imap_line *l)
{
	free(l->selected);
	l->selected = NULL;
}

static struct search_slice slice_of(const struct search_request *q)
{
	return (struct search_slice){q->first, q->last, q->from_end};
}

static int begin(struct search *s, struct imap_line *l, const struct search_target *t,
    const struct search_plan *p, struct leg *leg, struct fault *f)
{
	const struct search_request *q = s->request;
	const struct search_slice slice = slice_of(q);

	*leg = (struct leg){0};
	if (imap_line_select_begin(l, t->url.mailbox, true, t->url.uidvalidity, &leg->opening, f) ==
	    -1)
		return -1;
	leg->searching =
	    search_send(s, l->imap, p, p->count_first ? SEARCH_COUNT : q->give, &slice, f);
	if (leg->searching == 0)
		return -1;
	if (p->save && !p->count_first)
		leg->fetching = search_fields_send(s, l->imap, "$", f);
	return p->save && !p->count_first && leg->fetching == 0 ? -1 : 0;
}

/* What comes of the numbers as they stream in. */
static enum search_use use_of(const struct search_request *q, const struct search_plan *p)
{
	if (q->give != SEARCH_ALL || p->save)
		return SEARCH_USE_NOTHING;
	return q->nfield > 0 ? SEARCH_USE_SPOOL : SEARCH_USE_PRINT;
}

/* ---- the end of a search */

static int print_edge(struct search_printer *pr, struct imap_line *l, const struct search_result *r,
    const struct search_plan *p, struct fault *f)
{
	const struct search_request *q = pr->s->request;
	bool low = q->give == SEARCH_MIN, asked = p->sort ? p->esort : p->esearch;
	uint32_t uid = low ? r->min : r->max;
	struct spool spool;
	int result;

	if (!asked && p->sort)
		uid = low ? r->first : r->last;
	else if (!asked)
		uid = low ? r->lowest : r->highest;
	if (uid == 0)
		return 0;
	if (q->nfield == 0)
		return search_print_range(pr, uid, uid, f);
	spool_init(&spool);
	result = spool_put(&spool, uid, uid, 0, f);
	if (result == 0)
		result = search_fields_spool(pr, l->imap, &spool, false, f);
	spool_free(&spool);
	return result;
}

static int count_of(
    const struct search_result *r, const struct search_plan *p, uint64_t *n, struct fault *f)
{
	if (p->esearch && !r->has_count)
		return fault_set(f, FAULT_PROTOCOL, "no COUNT where COUNT was asked for");
	*n = p->esearch ? r->count : r->seen;
	return 0;
}

/* All that the result still wants, once its search is done. */
static int conclude(struct search_printer *pr, struct imap_line *l, const struct search_target *t,
    struct search_result *r, const struct search_plan *p, struct fault *f)
{
	const struct search_request *q = pr->s->request;
	uint64_t n = 0;

	switch (q->give) {
	case SEARCH_COUNT:
		return count_of(r, p, &n, f) == -1 ? -1 : search_print_count(pr->s, &t->url, n, f);
	case SEARCH_MIN:
	case SEARCH_MAX:
		return print_edge(pr, l, r, p, f);
	default:
		break;
	}
	if (p->partial && r->seen > (uint64_t)q->last - q->first + 1)
		return fault_set(f, FAULT_PROTOCOL, "PARTIAL with more than was asked for");
	if (r->use != SEARCH_USE_SPOOL)
		return 0;
	return search_fields_spool(pr, l->imap, r->spool, p->sort, f);
}

/* Positions from the end as positions from the beginning. False: there are none. */
static bool from_beginning(const struct search_request *q, uint64_t n, struct search_slice *slice)
{
	if (q->first > n)
		return false;
	*slice = (struct search_slice){.last = (uint32_t)(n - q->first + 1),
	    .first = q->last > n ? 1 : (uint32_t)(n - q->last + 1)};
	return true;
}

static void set_positions(
    struct search_result *r, const struct search_plan *p, const struct search_slice *slice)
{
	if (p->partial)
		r->to = (uint64_t)slice->last - slice->first + 1;
	if (!p->cut)
		return;
	r->from = slice->first;
	r->to = slice->last;
}

/* The first search only counted; now for those that are wanted. */
static int second_search(struct search_printer *pr, struct imap_line *l, struct search_result *r,
    const struct search_plan *p, struct event *ev, struct fault *f)
{
	struct search_slice slice;
	uint64_t n = 0;
	uint32_t tag;

	if (count_of(r, p, &n, f) == -1)
		return -1;
	r->seen = 0;
	if (!from_beginning(pr->s->request, n, &slice))
		return 0;
	r->use = use_of(pr->s->request, p);
	set_positions(r, p, &slice);
	tag = search_send(pr->s, l->imap, p, SEARCH_ALL, &slice, f);
	return tag == 0 ? -1 : search_result_read(r, l->imap, tag, p, ev, f);
}

/* ---- a leg's end */

/* The server does not want to, but the connection goes on. */
static bool is_refusal(const struct imap *imap, const struct fault *f)
{
	return imap_alive(imap) &&
	    (f->cls == FAULT_REFUSED || f->cls == FAULT_DATA || f->cls == FAULT_TEMP);
}

/* The mailbox is open and its UIDVALIDITY known. 0, or -1 with *refused when only this mailbox is concerned. */
static int read_leg(struct search_printer *pr, struct imap_line *l, struct search_target *t,
    const struct search_plan *p, struct leg *leg, bool *refused, struct fault *f)
{
	const struct search_request *q = pr->s->request;
	const struct search_slice slice = slice_of(q);
	struct search_result r;
	struct spool spool;
	struct event ev = {0};
	int result;

	spool_init(&spool);
	search_result_init(&r, p->count_first ? SEARCH_USE_NOTHING : use_of(q, p));
	r.printer = pr;
	r.spool = &spool;
	if (!p->count_first)
		set_positions(&r, p, &slice);
	result = search_result_read(&r, l->imap, leg->searching, p, &ev, f);
	if (result == 0 && p->count_first)
		result = second_search(pr, l, &r, p, &ev, f);
	*refused = result == -1 && ev.kind == EV_TAGGED && imap_alive(l->imap);
	leg->again = *refused && p->save && ev.code == CODE_NOTSAVED;
	if (result == 0 && leg->fetching != 0) {
		result = search_fields_read(pr, l->imap, leg->fetching, f);
		leg->fetching = 0;
	} else if (result == 0) {
		result = conclude(pr, l, t, &r, p, f);
	}
	spool_free(&spool);
	*refused = *refused || (result == -1 && is_refusal(l->imap, f));
	return result;
}

/* What the leg brings counts for nothing. */
static int skip(struct imap_line *l, const struct leg *leg, struct fault *f)
{
	if (search_drain(l->imap, leg->searching, f) == -1)
		return -1;
	return search_drain(l->imap, leg->fetching, f);
}

/* The mailbox is open: reads, prints. A mailbox that fails is reported here. -1: everything is over. */
static int bring(struct search *s, struct imap_line *l, struct search_target *t,
    const struct search_plan *p, struct leg *leg, struct fault *f)
{
	struct search_printer pr;
	bool refused = false;
	int r;

	t->url.uidvalidity = l->mailbox.uidvalidity;
	search_printer_init(&pr, s, NULL);
	r = search_printer_mailbox(&pr, &t->url, f);
	if (r == 0)
		r = read_leg(&pr, l, t, p, leg, &refused, f);
	search_printer_free(&pr);
	if (r == 0 || !refused)
		return r;
	if (!leg->again)
		search_failed(s, t, f);
	return search_drain(l->imap, leg->fetching, f);
}

/* 0, also when the mailbox cannot be searched; 1: the plan is another now; -1: everything is over. */
static int finish(struct search *s, struct imap_line *l, struct search_target *t,
    struct search_plan *p, struct leg *leg, struct fault *f)
{
	struct fault why;
	int r, opened;

	/* The line knows of one mailbox at a time: the one of the leg before is not open any more. */
	if (leg->opening != 0)
		forget_mailbox(l);
	opened =
	    imap_line_select_end(l, t->url.mailbox, true, t->url.uidvalidity, leg->opening, &why);
	if (opened == -1 && (!imap_alive(l->imap) || why.cls == FAULT_PROTOCOL)) {
		*f = why;
		return -1;
	}
	r = search_plan_settle(s, l->imap, p, f);
	if (r == 0 && opened == 0)
		return bring(s, l, t, p, leg, f);
	if (r == 0)
		search_failed(s, t, &why);
	if (r == -1)
		return -1;
	return skip(l, leg, f) == -1 ? -1 : r;
}

static int one(struct search *s, struct imap_line *l, struct search_target *t,
    struct search_plan *p, struct fault *f)
{
	struct leg leg;

	return begin(s, l, t, p, &leg, f) == -1 ? -1 : finish(s, l, t, p, &leg, f);
}

/* Those that were not saved, without SEARCHRES. */
static int again(struct search *s, struct imap_line *l, struct search_target *t, size_t n,
    const struct leg *leg, const struct search_plan *p, struct fault *f)
{
	struct search_plan plain = *p;

	plain.save = false;
	for (size_t i = 0; i < n; i++) {
		if (!leg[i].again)
			continue;
		tool_note(s->tool,
		    "search: %s: the result was not saved: fields by a command of their own",
		    t[i].url.mailbox);
		if (one(s, l, &t[i], &plain, f) == -1)
			return -1;
	}
	return 0;
}

/* Those behind the first: what was asked of them was asked by an old plan. */
static int skip_others(struct imap_line *l, const struct leg *leg, size_t n, struct fault *f)
{
	for (size_t i = 1; i < n; i++)
		if (search_drain(l->imap, leg[i].opening, f) == -1 || skip(l, &leg[i], f) == -1)
			return -1;
	forget_mailbox(l);
	return 1;
}

/* 0; 1: nothing was printed, and the plan is another now; -1. */
static int flight(struct search *s, struct imap_line *l, struct search_target *t, size_t n,
    struct search_plan *p, struct fault *f)
{
	struct leg leg[SEARCH_FLIGHT_MAX];

	for (size_t i = 0; i < n; i++) {
		/* Searches of one mailbox may run side by side and be answered in any order: an EXAMINE keeps them apart. */
		if (i > 0)
			forget_mailbox(l);
		if (begin(s, l, &t[i], p, &leg[i], f) == -1)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		int r = finish(s, l, &t[i], p, &leg[i], f);

		if (r == -1)
			return fault_while(f, "%s", t[i].url.mailbox);
		if (r == 1)
			return skip_others(l, leg, n, f);
	}
	return again(s, l, t, n, leg, p, f);
}

int search_run(
    struct search *s, struct imap_line *l, struct search_target *t, size_t n, struct fault *f)
{
	struct search_plan p;
	size_t at = 0;

	if (search_plan(s, l->imap, n, &p, f) == -1)
		return -1;
	while (at < n) {
		size_t most = p.alone ? 1 : SEARCH_FLIGHT_MAX, k = n - at < most ? n - at : most;
		bool multi = p.multi && !p.no_multi;
		int r =
		    multi ? search_multi(s, l, t + at, k, &p, f) : flight(s, l, t + at, k, &p, f);

		if (r == -1)
			return -1;
		if (r == 0)
			at += k;
		else if (multi)
			p.no_multi = true;
	}
	return 0;
}
