/* search_plan: which rungs the server has, and the commands for them. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "app/search_impl.h"

static bool offers(const struct imap *imap, const char *capability)
{
	return imap_has(imap, capability) || imap_has(imap, "IMAP4rev2");
}

static int plan_sort(
    const struct search *s, const struct imap *imap, struct search_plan *p, struct fault *f)
{
	if (s->request->sort.n == 0)
		return 0;
	if (!imap_has(imap, "SORT"))
		return fault_set(f, FAULT_REFUSED,
		    "the server does not offer SORT: -s is not to be had here (RFC 5256)");
	if (s->request->sort.display && !imap_has(imap, "SORT=DISPLAY"))
		return fault_set(f, FAULT_REFUSED,
		    "the server does not offer SORT=DISPLAY: it cannot sort by displayfrom or displayto "
		    "(RFC 5957)");
	p->sort = s->request->give != SEARCH_COUNT;
	p->esort = imap_has(imap, "ESORT") || imap_has(imap, "CONTEXT=SORT");
	return 0;
}

/* PARTIAL of RFC 5267 counts from the beginning only, that of RFC 9394 does not sort. */
static void plan_slice(const struct search *s, const struct imap *imap, struct search_plan *p)
{
	bool modern = imap_has(imap, "PARTIAL") && p->esearch && !p->sort;
	const char *context = p->sort ? "CONTEXT=SORT" : "CONTEXT=SEARCH";

	if (s->request->first == 0)
		return;
	p->partial = modern || (imap_has(imap, context) && (p->sort ? p->esort : p->esearch));
	p->cut = !p->partial;
	p->count_first = s->request->from_end && !modern;
}

int search_plan(const struct search *s, const struct imap *imap, size_t ntargets,
    struct search_plan *p, struct fault *f)
{
	const struct search_request *q = s->request;

	*p = (struct search_plan){.esearch = offers(imap, "ESEARCH"),
	    .within = imap_has(imap, "WITHIN"),
	    .targets = ntargets};
	if (plan_sort(s, imap, p, f) == -1)
		return -1;
	plan_slice(s, imap, p);
	/* What "$" is after SAVE and PARTIAL together was said only in RFC 9394. */
	p->save = q->nfield > 0 && p->esearch && offers(imap, "SEARCHRES") && !p->sort && !p->cut &&
	    !(p->partial && !imap_has(imap, "PARTIAL"));
	p->multi = ntargets > 1 && imap_has(imap, "MULTISEARCH") && p->esearch && !p->sort &&
	    q->nfield == 0 && q->first == 0;
	p->alone = p->count_first || (q->nfield > 0 && !p->save);
	return 0;
}

static const char *word_of(bool yes, const char *rung, const char *next)
{
	return yes ? rung : next;
}

void search_plan_note(const struct search *s, const struct search_plan *p)
{
	const struct search_request *q = s->request;

	if (p->multi)
		tool_note(s->tool, "search: by MULTISEARCH");
	else if (p->sort)
		tool_note(s->tool, "search: by %s", word_of(p->esort, "ESORT", "SORT"));
	else
		tool_note(s->tool, "search: by %s", word_of(p->esearch, "ESEARCH", "SEARCH"));
	if (q->keys->ages && !p->within)
		tool_warn(s->tool,
		    "the server does not offer WITHIN: younger and older go by whole days");
	if (q->first != 0)
		tool_note(s->tool, "search: -l is cut %s%s",
		    word_of(p->partial, "by the server (PARTIAL)", "here: no PARTIAL"),
		    p->count_first ? ", counted first" : "");
	if (q->nfield > 0)
		tool_note(s->tool, "search: fields %s",
		    word_of(
			p->save, "in the same flight (SEARCHRES)", "by a command of their own"));
}

int search_plan_settle(
    const struct search *s, const struct imap *imap, struct search_plan *p, struct fault *f)
{
	struct search_plan now;
	bool same;

	if (p->settled)
		return 0;
	if (search_plan(s, imap, p->targets, &now, f) == -1)
		return -1;
	same = memcmp(&now, p, offsetof(struct search_plan, settled)) == 0;
	now.no_multi = p->no_multi;
	now.settled = true;
	*p = now;
	if (!same)
		tool_note(s->tool, "search: the server does not offer the same as last time");
	search_plan_note(s, p);
	return same ? 0 : 1;
}

/* ---- the command */

const char *search_return_word(enum search_return give)
{
	static const char *const words[] = {[SEARCH_ALL] = "ALL",
	    [SEARCH_COUNT] = "COUNT",
	    [SEARCH_MIN] = "MIN",
	    [SEARCH_MAX] = "MAX"};

	return words[give];
}

static void put_slice(struct imap_cmd *c, const struct search_slice *slice)
{
	const char *sign = slice->from_end ? "-" : "";
	char text[40];

	snprintf(text, sizeof(text), "%s%u:%s%u", sign, slice->first, sign, slice->last);
	imap_atom(c, "PARTIAL");
	imap_atom(c, text);
}

/* SAVE alone keeps the set to the server, which is what is wanted where "$" stands for it. */
static void put_return(struct imap_cmd *c, const struct search_plan *p, enum search_return give,
    const struct search_slice *slice)
{
	bool save = p->save && give != SEARCH_COUNT;

	imap_atom(c, "RETURN");
	imap_list(c);
	if (save)
		imap_atom(c, "SAVE");
	if (p->update)
		imap_atom(c, "UPDATE");
	if (p->partial && give == SEARCH_ALL)
		put_slice(c, slice);
	else if (!save || give != SEARCH_ALL)
		imap_atom(c, search_return_word(give));
	imap_list_end(c);
}

static void put_sort(struct imap_cmd *c, const struct search_sort *sort)
{
	imap_list(c);
	for (size_t i = 0; i < sort->n; i++) {
		if (sort->reverse[i])
			imap_atom(c, "REVERSE");
		imap_atom(c, sort->key[i]);
	}
	imap_list_end(c);
}

void search_put_program(const struct search *s, struct imap_cmd *c, const struct search_plan *p)
{
	/* Where UTF-8 is spoken, SEARCH may not name a charset (RFC 6855 section 3). */
	if (s->request->keys->utf8 && !c->utf8) {
		imap_atom(c, "CHARSET");
		imap_atom(c, "UTF-8");
	}
	search_key_put(c, s->request->keys, p->within, s->request->now);
}

uint32_t search_send(const struct search *s, struct imap *imap, const struct search_plan *p,
    enum search_return give, const struct search_slice *slice, struct fault *f)
{
	bool sort = p->sort && give != SEARCH_COUNT;
	struct imap_cmd c;

	imap_cmd_init(&c, imap, sort ? "UID SORT" : "UID SEARCH");
	if (sort ? p->esort : p->esearch)
		put_return(&c, p, give, slice);
	if (!sort) {
		search_put_program(s, &c, p);
		return imap_send(imap, &c, f);
	}
	put_sort(&c, &s->request->sort);
	imap_atom(&c, s->request->keys->utf8 ? "UTF-8" : "US-ASCII");
	search_key_put(&c, s->request->keys, p->within, s->request->now);
	return imap_send(imap, &c, f);
}
