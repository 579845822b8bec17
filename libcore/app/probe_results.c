/* probe_results: results that are kept, cut, sorted or gathered by the server: SEARCHRES (RFC 5182), ESORT (RFC
 * 5267), PARTIAL (RFC 9394), MULTISEARCH (RFC 7377). */
#include <string.h>

#include "app/probe_impl.h"

enum { RANGES_MAX = 1024 };

/* `name` RETURN (OPTION [ARGUMENT]) */
static void start(
    struct imap_cmd *c, const struct imap *s, const char *name, const char *option, const char *arg)
{
	imap_cmd_init(c, s, name);
	imap_atom(c, "RETURN");
	imap_list(c);
	imap_atom(c, option);
	if (arg != NULL)
		imap_atom(c, arg);
	imap_list_end(c);
}

static void put_subject(struct imap_cmd *c, const char *text)
{
	imap_atom(c, "SUBJECT");
	imap_string(c, text, strlen(text));
}

/* ---- SEARCHRES */

/* FETCH of "$" tells of `uid` and of nothing else. */
static int fetch_saved(struct probe *p, uint32_t uid, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	size_t ours = 0, others = 0;
	int r;

	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_atom(&c, "$");
	imap_list(&c);
	imap_atom(&c, "RFC822.SIZE");
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		if (ev.kind != EV_FETCH || (ev.fetch.has & FETCH_SIZE) == 0)
			continue;
		ours += ev.fetch.uid == uid;
		others += ev.fetch.uid != uid;
	}
	if (r == 0 && (ours == 0 || others > 0))
		return probe_wrong(
		    f, "UID FETCH $: %s", others > 0 ? "another message" : "nothing");
	return r;
}

int probe_searchres(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	uint32_t uid;

	if (probe_append(p, p->mailbox, "probe-searchres", NULL, &uid, f) == -1)
		return -1;
	start(&c, p->line->imap, "UID SEARCH", "SAVE", NULL);
	put_subject(&c, "probe-searchres");
	if (imap_run(p->line->imap, &c, NULL, f) == -1 || fetch_saved(p, uid, f) == -1)
		return -1;
	return probe_detail(p, "SAVE, and $ in a FETCH");
}

/* ---- ESORT and PARTIAL */

/* The first numbers that the set `source` has, in its order; *n of them, at most `max`. */
static int numbers(struct probe *p, struct imap_cmd *c, enum set_source source, uint32_t *out,
    size_t max, size_t *n, struct fault *f)
{
	struct event ev;
	uint32_t tag = imap_send(p->line->imap, c, f);
	int r;

	*n = 0;
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		struct set_walk w = {ev.set.text, ev.set.len};
		uint32_t lo, hi;

		if (ev.kind != EV_SET || ev.set.source != source)
			continue;
		while (*n < max && set_walk_next(&w, &lo, &hi) == 1) {
			out[(*n)++] = lo;
			if (hi != lo && *n < max)
				out[(*n)++] = hi;
		}
	}
	return r;
}

int probe_esort(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	uint32_t a, b, got[3];
	size_t n;

	if (probe_append(p, p->mailbox, "probe-esort A", NULL, &a, f) == -1 ||
	    probe_append(p, p->mailbox, "probe-esort B", NULL, &b, f) == -1)
		return -1;
	start(&c, p->line->imap, "UID SORT", "ALL", NULL);
	imap_list(&c);
	imap_atom(&c, "REVERSE");
	imap_atom(&c, "SUBJECT");
	imap_list_end(&c);
	imap_atom(&c, "UTF-8");
	put_subject(&c, "probe-esort");
	if (numbers(p, &c, SET_ESEARCH_ALL, got, 3, &n, f) == -1)
		return -1;
	if (n != 2 || got[0] != b || got[1] != a)
		return probe_wrong(
		    f, "UID SORT RETURN (ALL): %s", n == 0 ? "no ESEARCH" : "the order is wrong");
	return probe_detail(p, "RETURN (ALL), REVERSE SUBJECT");
}

/* The one message at `place` of all is `uid`. */
static int at_place(struct probe *p, const char *place, uint32_t uid, struct fault *f)
{
	struct imap_cmd c;
	uint32_t got[2];
	size_t n;

	start(&c, p->line->imap, "UID SEARCH", "PARTIAL", place);
	imap_atom(&c, "ALL");
	if (numbers(p, &c, SET_ESEARCH_PARTIAL, got, 2, &n, f) == -1)
		return -1;
	if (n != 1 || got[0] != uid)
		return probe_wrong(f, "UID SEARCH RETURN (PARTIAL %s): %s", place,
		    n == 1 ? "another message" : "not one message");
	return 0;
}

int probe_partial(struct probe *p, struct fault *f)
{
	struct set all;
	uint32_t newest;
	int r = -1;

	if (probe_append(p, p->mailbox, "partial", NULL, &newest, f) == -1)
		return -1;
	if (probe_search(p->line, "ALL", NULL, &all, f) == 0 && all.n > 0 &&
	    at_place(p, "1:1", all.r[0].lo, f) == 0)
		r = at_place(p, "-1:-1", newest, f);
	set_free(&all);
	return r == -1 ? -1 : probe_detail(p, "1:1 and -1:-1");
}

/* ---- MULTISEARCH */

/* What one search of both scratch mailboxes found. */
struct found {
	bool first, second, elsewhere, unmarked;
};

static void take_found(const struct probe *p, const struct esearch_event *e, struct found *seen)
{
	if (e->mailbox == NULL || e->uidvalidity == 0)
		seen->unmarked = true;
	else if (probe_is_mailbox(e->mailbox, strlen(e->mailbox), p->mailbox))
		seen->first = e->uidvalidity == p->uidvalidity;
	else if (probe_is_mailbox(e->mailbox, strlen(e->mailbox), p->second))
		seen->second = true;
	else
		seen->elsewhere = true;
}

static int search_both(struct probe *p, struct found *seen, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	imap_cmd_init(&c, p->line->imap, "ESEARCH");
	imap_atom(&c, "IN");
	imap_list(&c);
	imap_atom(&c, "mailboxes");
	imap_list(&c);
	imap_mailbox(&c, p->mailbox);
	imap_mailbox(&c, p->second);
	imap_list_end(&c);
	imap_list_end(&c);
	imap_atom(&c, "RETURN");
	imap_list(&c);
	imap_atom(&c, "ALL");
	imap_list_end(&c);
	put_subject(&c, "probe-multi");

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_ESEARCH)
			take_found(p, &ev.esearch, seen);
	return r;
}

int probe_multisearch(struct probe *p, struct fault *f)
{
	struct found seen = {0};
	uint32_t uid;

	if (probe_append(p, p->mailbox, "probe-multi", NULL, &uid, f) == -1 ||
	    probe_append(p, p->second, "probe-multi", NULL, &uid, f) == -1 ||
	    search_both(p, &seen, f) == -1)
		return -1;
	if (seen.unmarked)
		return probe_wrong(f, "ESEARCH: a result without mailbox or UIDVALIDITY");
	if (!seen.first || !seen.second || seen.elsewhere)
		return probe_wrong(f, "ESEARCH: not the two mailboxes that were asked for");
	return probe_detail(p, "two mailboxes in one search");
}
