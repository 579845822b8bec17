/*
 * lean_try: the second flight. Answers come in the order of the commands, but nothing says that a command's tagged reply comes before the answer to the next one: Dovecot sends the
 * replies late. So it is the sections that are waited for, and the replies only tell what will not come.
 */
#include <string.h>

#include "app/lean_impl.h"

struct
try {
	struct lean *m;
	struct delivery *d;
	struct buf head; /* a MIME header as it comes */
	struct buf out;
	size_t next;   /* step to be written */
	size_t sent;   /* steps before it are sent, or need not be */
	size_t flying; /* commands without a reply */
	enum lean_outcome outcome;
	/* What is coming, of step `next`. */
	bool coming, nil, bad;
	uint64_t got;
	struct lean_scan scan;
	struct fault *f;
};

static void fail(struct try *t, enum lean_outcome outcome)
{
	if (outcome > t->outcome)
		t->outcome = outcome;
}

/* ---- writing */

static void put(struct try *t, const char *p, size_t n)
{
	if (t->outcome == LEAN_DONE && delivery_write(t->d, p, n, t->f) == -1)
		fail(t, LEAN_FAILED);
}

static void put_boundary(struct try *t, size_t part, enum lean_kind kind)
{
	put(t, "\r\n", kind == LEAN_FIRST ? 0 : 2);
	put(t, "--", 2);
	put(t, t->m->s.part[part].boundary, strlen(t->m->s.part[part].boundary));
	put(t, "--", kind == LEAN_CLOSE ? 2 : 0);
	put(t, "\r\n", 2);
}

static void put_head(struct try *t, size_t part, struct buf *raw)
{
	struct header h = {.text = buf_str(raw), .len = raw->len};

	if (t->outcome != LEAN_DONE)
		return;
	buf_reset(&t->out);
	if (lean_head(t->m, part, &h, &t->out, t->f) == -1)
		fail(t, LEAN_FAILED);
	else
		put(t, t->out.data, t->out.len);
}

/* ---- what came of a step */

/* What is said to have octets and comes without is not there: a server's error is no reason to lose it. */
static void end_step(struct try *t)
{
	const struct lean_step *st = &t->m->step[t->next++];

	if (st->kind == LEAN_HEAD) {
		put_head(t, st->part, &t->head);
	} else if (t->bad || t->nil || lean_scan(&t->scan, NULL, 0) ||
	    (t->got == 0 && t->m->s.part[st->part].octets > 0)) {
		t->m->part[st->part].leave = true;
		fail(t, LEAN_AGAIN);
	}
	t->coming = false;
}

static void begin_step(struct try *t, bool nil)
{
	t->coming = true;
	t->nil = nil;
	t->bad = false;
	t->got = 0;
	buf_reset(&t->head);
	lean_scan_begin(&t->scan, t->m, t->m->step[t->next].part);
}

static void miss_step(struct try *t)
{
	begin_step(t, true);
	end_step(t);
}

/* Step `next`, if it does not have to be waited for. */
static bool write_step(struct try *t)
{
	const struct lean_step *st = &t->m->step[t->next];

	if (st->refused) {
		miss_step(t);
		return true;
	}
	if (st->tag != 0)
		return false;
	if (st->kind == LEAN_HEAD)
		put_head(t, st->part, &t->m->header);
	else
		put_boundary(t, st->part, st->kind);
	t->next++;
	return true;
}

static void write_ready(struct try *t)
{
	while (!t->coming && t->next < t->sent && write_step(t))
		continue;
}

/* ---- what comes */

static uint64_t limit_of(const struct lean *m, size_t part)
{
	const struct part *p = &m->s.part[part];
	uint64_t limit = m->max_part;

	if (p->multipart || p->message)
		limit = m->size > limit ? m->size : limit;
	return limit;
}

/* The step that a section answers, from `next` on; `sent` for none. */
static size_t answered(const struct try *t, const struct event *ev)
{
	char name[RESPONSE_SECTION_MAX];

	for (size_t i = t->next; i < t->sent; i++) {
		const struct lean_step *st = &t->m->step[i];

		if (st->tag != 0 && lean_is_section(t->m, ev, lean_section(t->m, st, name)))
			return i;
	}
	return t->sent;
}

/* An answer to a later command: the ones before will not be answered any more. */
static void take_section(struct try *t, const struct event *ev)
{
	size_t step = answered(t, ev);

	if (t->coming || step == t->sent)
		return;
	while (t->next < step)
		if (!write_step(t))
			miss_step(t);
	t->m->step[step].came = true;
	begin_step(t, ev->section.nil);
}

static void take_data(struct try *t, const char *p, size_t n)
{
	const struct lean_step *st = &t->m->step[t->next];

	if (st->kind == LEAN_HEAD) {
		lean_put_some(&t->head, p, n);
		return;
	}
	t->got += n;
	t->bad = t->bad || t->got > limit_of(t->m, st->part) || lean_scan(&t->scan, p, n);
	if (!t->bad)
		put(t, p, n);
}

static struct lean_step *step_of(const struct try *t, uint32_t tag)
{
	for (size_t i = 0; i < t->sent; i++)
		if (t->m->step[i].tag == tag)
			return &t->m->step[i];
	return NULL;
}

static void take_reply(struct try *t, const struct event *ev)
{
	struct lean_step *st = step_of(t, ev->num);

	if (st == NULL)
		return;
	t->flying--;
	if (st->came)
		return;
	if (ev->cond == COND_OK || lean_says_gone(ev))
		fail(t, LEAN_GONE);
	st->refused = true;
}

static void take(struct try *t, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SECTION:
		take_section(t, ev);
		break;
	case EV_SECTION_DATA:
		if (t->coming)
			take_data(t, ev->data, ev->len);
		break;
	case EV_SECTION_END:
		if (t->coming)
			end_step(t);
		break;
	case EV_TAGGED:
		take_reply(t, ev);
		break;
	default:
		break;
	}
}

/* ---- */

static uint32_t send_section(const struct lean *m, const char *section, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->l->imap, "UID FETCH");
	imap_uid(&c, m->u->uid);
	imap_list(&c);
	imap_section(&c, "BODY.PEEK", section, 0, 0);
	imap_list_end(&c);
	return imap_send(m->l->imap, &c, f);
}

/* Sends ahead, but not for a try that has failed. */
static void send_ahead(struct try *t)
{
	char name[RESPONSE_SECTION_MAX];

	while (t->sent < t->m->nstep && t->flying < LEAN_AHEAD && t->outcome < LEAN_GONE) {
		struct lean_step *st = &t->m->step[t->sent];
		const char *section = lean_section(t->m, st, name);

		if (section != NULL) {
			st->tag = send_section(t->m, section, t->f);
			if (st->tag == 0) {
				fail(t, LEAN_FAILED);
				return;
			}
			t->flying++;
		}
		t->sent++;
	}
}

/* Also when it has failed, all that was asked for is pulled: nobody else knows what it is. */
static void run(struct try *t)
{
	struct event ev;
	struct fault why;

	send_ahead(t);
	write_ready(t);
	while (t->flying > 0) {
		if (imap_next(t->m->l->imap, -1, &ev, &why) == -1) {
			*t->f = why;
			fail(t, LEAN_FAILED);
			return;
		}
		take(t, &ev);
		send_ahead(t);
		write_ready(t);
	}
}

enum lean_outcome lean_try(struct lean *m, struct delivery *d, struct fault *f)
{
	struct try t = {.m = m, .d = d, .f = f};

	buf_init(&t.head, LEAN_MIME_MAX);
	buf_init(&t.out, LEAN_OUT_MAX);
	run(&t);
	buf_free(&t.head);
	buf_free(&t.out);
	return t.outcome;
}
