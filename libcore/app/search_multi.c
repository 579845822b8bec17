/* search_multi: many mailboxes by one command (RFC 7377). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/search_impl.h"
#include "imap/utf7.h"

/*
 * Of a mailbox without a hit, without rights, or that is not there, the server says nothing. So STATUS rides along: it tells the ones
 * from the others, and has the UIDVALIDITY that a URL with a count of 0 needs.
 */
struct source {
	uint32_t status; /* tag */
	uint32_t uidvalidity;
	bool failed;
	struct fault why;
	uint64_t count;
};

struct multi {
	struct search *s;
	struct search_target *target;
	size_t n;
	struct source *source;
	struct search_printer printer;
	const struct search_target *printing; /* the one that the printer is set to */
	char tag[SEARCH_TAG_MAX];
	bool printed;
};

static bool same_name(const struct search_target *t, const char *wire, size_t n)
{
	const char *name = t->url.mailbox;
	struct buf utf8;
	bool same;

	if (n == 5 && strncasecmp(wire, "INBOX", 5) == 0)
		return strcasecmp(name, "INBOX") == 0;
	if (n == strlen(name) && memcmp(wire, name, n) == 0)
		return true;
	buf_init(&utf8, URL_MAX);
	same = utf7_decode(&utf8, wire, n) == 0 && strcmp(buf_str(&utf8), name) == 0;
	buf_free(&utf8);
	return same;
}

/* Its index, or n. */
static size_t find(const struct multi *m, const char *wire, size_t len)
{
	size_t i = 0;

	while (i < m->n && !same_name(&m->target[i], wire, len))
		i++;
	return i;
}

/* The server may refuse a command that names a mailbox twice. */
static bool has_twins(const struct search_target *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (same_name(&t[k], t[i].url.mailbox, strlen(t[i].url.mailbox)))
				return true;
	return false;
}

static int send_status(struct multi *m, struct imap *imap, struct fault *f)
{
	for (size_t i = 0; i < m->n; i++) {
		struct imap_cmd c;

		imap_cmd_init(&c, imap, "STATUS");
		imap_mailbox(&c, m->target[i].url.mailbox);
		imap_list(&c);
		imap_atom(&c, "UIDVALIDITY");
		imap_list_end(&c);
		m->source[i].status = imap_send(imap, &c, f);
		if (m->source[i].status == 0)
			return -1;
	}
	return 0;
}

static uint32_t send_search(
    struct multi *m, struct imap *imap, const struct search_plan *p, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, imap, "ESEARCH");
	imap_atom(&c, "IN");
	imap_list(&c);
	imap_atom(&c, "mailboxes");
	imap_list(&c);
	for (size_t i = 0; i < m->n; i++)
		imap_mailbox(&c, m->target[i].url.mailbox);
	imap_list_end(&c);
	imap_list_end(&c);
	imap_atom(&c, "RETURN");
	imap_list(&c);
	imap_atom(&c, search_return_word(m->s->request->give));
	imap_list_end(&c);
	search_put_program(m->s, &c, p);
	return imap_send(imap, &c, f);
}

static void fail(struct source *source, const struct fault *why)
{
	if (source->failed)
		return;
	source->failed = true;
	source->why = *why;
}

/* What is known of the mailbox's UIDVALIDITY, against what was asked for and what was known before. */
static void note_uidvalidity(struct multi *m, size_t i, uint32_t uidvalidity)
{
	uint32_t want = m->target[i].url.uidvalidity;
	struct fault why;

	if (uidvalidity == 0)
		fault_set(&why, FAULT_PROTOCOL, "the server gives no UIDVALIDITY");
	else if (want != 0 && want != uidvalidity)
		fault_set(&why, FAULT_DATA, "stale URL: its UIDVALIDITY is %u now, not %u",
		    uidvalidity, want);
	else if (m->source[i].uidvalidity != 0 && m->source[i].uidvalidity != uidvalidity)
		fault_set(&why, FAULT_TEMP, "its UIDVALIDITY changed meanwhile");
	else {
		m->source[i].uidvalidity = uidvalidity;
		return;
	}
	fail(&m->source[i], &why);
}

/* Whose a piece of the result is: its index, or n when it is nobody's. */
static size_t whose(struct multi *m, const char *tag, const char *mailbox, uint32_t uidvalidity)
{
	size_t i;

	if (tag == NULL || strcmp(tag, m->tag) != 0 || mailbox == NULL)
		return m->n;
	i = find(m, mailbox, strlen(mailbox));
	if (i == m->n)
		return i;
	note_uidvalidity(m, i, uidvalidity);
	return m->source[i].failed ? m->n : i;
}

static int aim(struct multi *m, size_t i, struct fault *f)
{
	struct url u = m->target[i].url;

	m->printed = true;
	if (m->printing == &m->target[i])
		return 0;
	u.uidvalidity = m->source[i].uidvalidity;
	m->printing = &m->target[i];
	return search_printer_mailbox(&m->printer, &u, f);
}

static int take_set(struct multi *m, const struct set_event *e, struct fault *f)
{
	struct search_result r;
	size_t i;

	if (e->source != SET_ESEARCH_ALL)
		return 0;
	i = whose(m, e->tag, e->mailbox, e->uidvalidity);
	if (i == m->n)
		return 0;
	if (!e->uid)
		return fault_set(f, FAULT_PROTOCOL, "ESEARCH without UID");
	search_result_init(&r, SEARCH_USE_PRINT);
	r.printer = &m->printer;
	return aim(m, i, f) == -1 ? -1 : search_result_set(&r, e->text, e->len, f);
}

static int take_esearch(struct multi *m, const struct esearch_event *e, struct fault *f)
{
	enum search_return give = m->s->request->give;
	unsigned has = give == SEARCH_MIN ? ESEARCH_MIN : ESEARCH_MAX;
	uint32_t uid = give == SEARCH_MIN ? e->min : e->max;
	size_t i = whose(m, e->tag, e->mailbox, e->uidvalidity);

	if (i == m->n || give == SEARCH_ALL)
		return 0;
	if (give == SEARCH_COUNT) {
		m->source[i].count = (e->has & ESEARCH_COUNT) != 0 ? e->count : 0;
		return 0;
	}
	if ((e->has & has) == 0 || uid == 0)
		return 0;
	return aim(m, i, f) == -1 ? -1 : search_print_range(&m->printer, uid, uid, f);
}

static void take_status(struct multi *m, const struct status_event *e)
{
	size_t i = find(m, e->mailbox, e->mailbox_len);

	if (i < m->n)
		note_uidvalidity(m, i, (e->has & STATUS_UIDVALIDITY) != 0 ? e->uidvalidity : 0);
}

static void take_tagged(struct multi *m, const struct event *ev)
{
	struct fault why;

	if (ev->cond == COND_OK)
		return;
	imap_refusal(ev, ev->name, &why);
	for (size_t i = 0; i < m->n; i++)
		if (m->source[i].status == ev->num)
			fail(&m->source[i], &why);
}

static int take(struct multi *m, const struct event *ev, struct fault *f)
{
	switch (ev->kind) {
	case EV_SET:
		return take_set(m, &ev->set, f);
	case EV_ESEARCH:
		return take_esearch(m, &ev->esearch, f);
	case EV_MAILBOX_STATUS:
		take_status(m, &ev->status);
		return 0;
	case EV_TAGGED:
		take_tagged(m, ev);
		return 0;
	default:
		return 0;
	}
}

/* What is left to say once all answers are in. */
static int report(struct multi *m, struct fault *f)
{
	for (size_t i = 0; i < m->n; i++) {
		struct url u = m->target[i].url;

		if (m->source[i].failed) {
			search_failed(m->s, &m->target[i], &m->source[i].why);
			continue;
		}
		u.uidvalidity = m->source[i].uidvalidity;
		if (m->s->request->give == SEARCH_COUNT &&
		    search_print_count(m->s, &u, m->source[i].count, f) == -1)
			return -1;
	}
	return 0;
}

/* RFC 7377 section 2.4: OK, but not all of it. */
static void note_limit(struct multi *m, const struct event *ev)
{
	struct fault why;

	if (ev->code != CODE_LIMIT)
		return;
	fault_set(&why, FAULT_REFUSED, "the server stopped at its limit: the result is not whole");
	tool_failed(m->s->tool, NULL, &why);
}

/* An answer to one of ours, and so the login is over. */
static bool is_answer(const struct event *ev)
{
	return ev->kind == EV_SET || ev->kind == EV_ESEARCH || ev->kind == EV_MAILBOX_STATUS ||
	    ev->kind == EV_TAGGED;
}

static int run(struct multi *m, struct imap *imap, struct search_plan *p, struct fault *f)
{
	struct event ev;
	uint32_t tag;
	int r;

	if (send_status(m, imap, f) == -1 || (tag = send_search(m, imap, p, f)) == 0)
		return -1;
	search_tag(tag, m->tag);
	while ((r = imap_until(imap, tag, &ev, f)) == 1) {
		int stale = is_answer(&ev) ? search_plan_settle(m->s, imap, p, f) : 0;

		if (stale != 0)
			return stale == -1 || search_drain(imap, tag, f) == -1 ? -1 : 1;
		if (take(m, &ev, f) == -1)
			return -1;
	}
	if (r == -1 && ev.kind == EV_TAGGED && !m->printed) {
		tool_note(m->s->tool, "search: %s: a mailbox at a time", f->msg);
		return 1;
	}
	if (r == -1)
		return -1;
	note_limit(m, &ev);
	return report(m, f);
}

int search_multi(struct search *s, struct imap_line *l, struct search_target *t, size_t n,
    struct search_plan *p, struct fault *f)
{
	struct multi m = {.s = s, .target = t, .n = n};
	int r;

	if (n < 2 || has_twins(t, n))
		return 1;
	m.source = calloc(n, sizeof(*m.source));
	if (m.source == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	search_printer_init(&m.printer, s, NULL);
	r = run(&m, l->imap, p, f);
	search_printer_free(&m.printer);
	free(m.source);
	return r;
}
