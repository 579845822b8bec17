/* lean: the two flights, and what comes of them. */
#include "app/lean.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/lean_impl.h"
#include "base/num.h"

/* How a try ended. */
enum outcome {
	DONE,
	AGAIN, /* some parts are to be left that were not */
	GONE,  /* the message */
	FAILED,
};

/* One part that comes in. */
struct coming {
	const char *section; /* asked for */
	bool mine;           /* what comes is of it */
	bool came, nil;
	uint64_t got;
};

struct
try {
	struct lean *m;
	struct delivery *d;
	struct buf head; /* a MIME header as it comes */
	struct buf out;
	enum outcome outcome;
	struct fault *f;
};

/* ---- the first flight */

static uint32_t send_section(const struct lean *m, const char *section, bool look, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->l->imap, "UID FETCH");
	imap_uid(&c, m->u->uid);
	imap_list(&c);
	if (look) {
		imap_atom(&c, "UID");
		imap_atom(&c, "RFC822.SIZE");
		imap_atom(&c, "BODYSTRUCTURE");
	}
	imap_section(&c, "BODY.PEEK", section, 0, 0);
	imap_list_end(&c);
	return imap_send(m->l->imap, &c, f);
}

/* Follows the events of one section: true for a piece of it. */
static bool is_piece(const struct lean *m, struct coming *c, const struct event *ev)
{
	if (ev->kind == EV_SECTION) {
		c->mine = !c->came && strcasecmp(ev->section.item, "BODY") == 0 &&
		    strcasecmp(ev->section.section, c->section) == 0 &&
		    (ev->section.uid == 0 || ev->section.uid == m->u->uid);
		c->came = c->came || c->mine;
		c->nil = c->nil || (c->mine && ev->section.nil);
	}
	if (ev->kind == EV_SECTION_END)
		c->mine = false;
	if (ev->kind != EV_SECTION_DATA || !c->mine)
		return false;
	c->got += ev->len;
	return true;
}

/* As much of it as there is room for. */
static void put_some(struct buf *b, const char *p, size_t n)
{
	buf_put(b, p, n < b->max - b->len ? n : b->max - b->len);
}

/* A message that is expunged under our hands is no fault: RFC 5530, RFC 2180 section 4.1. */
static bool says_gone(const struct event *ev)
{
	return ev->kind == EV_TAGGED &&
	    (ev->code == CODE_EXPUNGEISSUED || ev->code == CODE_NONEXISTENT);
}

static int note_structure(struct lean *m, const struct event *ev, struct fault *f)
{
	struct fault ignored;

	m->size = ev->fetch.has & FETCH_SIZE ? ev->fetch.size : 0;
	if ((ev->fetch.has & FETCH_BODYSTRUCTURE) != 0 &&
	    structure_parse(&m->s, ev->fetch.bodystructure, &ignored) == 0)
		return 0;
	return lean_plan_opaque(m, f);
}

/* 0, 1: there is no such message, -1. */
static int look(struct lean *m, struct fault *f)
{
	struct coming header = {.section = "HEADER"};
	uint32_t tag = send_section(m, "HEADER", true, f);
	struct event ev;
	struct fault why;
	int r, failed = 0;

	if (tag == 0)
		return -1;
	while ((r = imap_until(m->l->imap, tag, &ev, &why)) == 1) {
		if (is_piece(m, &header, &ev))
			put_some(&m->header, ev.data, ev.len);
		/* One that has neither is somebody's change of flags. */
		if (ev.kind == EV_FETCH && ev.fetch.uid == m->u->uid && m->s.n == 0 &&
		    failed == 0 && (header.came || (ev.fetch.has & FETCH_BODYSTRUCTURE) != 0))
			failed = note_structure(m, &ev, f);
	}
	if (r == -1 && imap_alive(m->l->imap) && says_gone(&ev))
		return 1;
	if (r == -1)
		*f = why;
	if (r == -1 || failed == -1)
		return -1;
	if (m->s.n > 0 && !header.came)
		return fault_set(f, FAULT_PROTOCOL, "the server gives no header");
	return m->s.n == 0;
}

/* ---- all of it */

static int fetch_whole(struct lean *m, struct delivery *d, struct fault *f)
{
	struct coming whole = {.section = ""};
	uint32_t tag = send_section(m, "", false, f);
	struct event ev;
	struct fault why;
	int r, failed = 0;

	if (tag == 0)
		return -1;
	while ((r = imap_until(m->l->imap, tag, &ev, &why)) == 1)
		if (is_piece(m, &whole, &ev) && failed == 0)
			failed = delivery_write(d, ev.data, ev.len, f);
	if (r == -1 && imap_alive(m->l->imap) && says_gone(&ev))
		return 1;
	if (r == -1)
		*f = why;
	if (r == -1 || failed == -1)
		return -1;
	return !whole.came || whole.nil;
}

/* ---- the second flight */

static void fail(struct try *t, enum outcome outcome)
{
	if (outcome > t->outcome)
		t->outcome = outcome;
}

static void put(struct try *t, const char *p, size_t n)
{
	if (t->outcome == DONE && delivery_write(t->d, p, n, t->f) == -1)
		fail(t, FAILED);
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

	if (t->outcome != DONE)
		return;
	buf_reset(&t->out);
	if (lean_head(t->m, part, &h, &t->out, t->f) == -1)
		fail(t, FAILED);
	else
		put(t, t->out.data, t->out.len);
}

/* The part is to be left in the next try. */
static void leave(struct try *t, size_t part)
{
	t->m->part[part].leave = true;
	fail(t, AGAIN);
}

static uint64_t limit_of(const struct lean *m, size_t part)
{
	const struct part *p = &m->s.part[part];
	uint64_t limit = m->max_part;

	if (p->multipart || p->message)
		limit = m->size > limit ? m->size : limit;
	return limit;
}

/* Pulls what was asked for with st. -1: the line is lost. */
static int pull(struct try *t, const struct lean_step *st, struct coming *c)
{
	const struct lean *m = t->m;
	struct lean_scan scan;
	struct event ev;
	struct fault why;
	bool bad = false;
	int r;

	lean_scan_begin(&scan, m, st->part);
	while ((r = imap_until(m->l->imap, st->tag, &ev, &why)) == 1) {
		if (!is_piece(m, c, &ev) || bad)
			continue;
		if (st->kind == LEAN_HEAD) {
			put_some(&t->head, ev.data, ev.len);
			continue;
		}
		bad = c->got > limit_of(m, st->part) || lean_scan(&scan, ev.data, ev.len);
		if (!bad)
			put(t, ev.data, ev.len);
	}
	if (bad || (st->kind == LEAN_BODY && lean_scan(&scan, NULL, 0)))
		leave(t, st->part);
	if (r == 0)
		return 0;
	if (!imap_alive(m->l->imap)) {
		*t->f = why;
		fail(t, FAILED);
		return -1;
	}
	c->nil = true;
	if (says_gone(&ev))
		fail(t, GONE);
	return 0;
}

/* What is said to have octets and comes without is not there: a server's error is no reason to lose it. */
static int receive(struct try *t, const struct lean_step *st)
{
	char name[RESPONSE_SECTION_MAX];
	struct coming c = {.section = lean_section(t->m, st, name)};

	buf_reset(&t->head);
	if (pull(t, st, &c) == -1)
		return -1;
	if (!c.came && !c.nil)
		fail(t, GONE);
	else if (st->kind == LEAN_HEAD)
		put_head(t, st->part, &t->head);
	else if (c.nil || (c.got == 0 && t->m->s.part[st->part].octets > 0))
		leave(t, st->part);
	return 0;
}

/* Sends ahead, but not for a try that has failed. */
static void send_ahead(struct try *t, size_t *next, size_t *flying)
{
	struct lean *m = t->m;
	char name[RESPONSE_SECTION_MAX];

	while (*next < m->nstep && *flying < LEAN_AHEAD && t->outcome < GONE) {
		struct lean_step *st = &m->step[*next];
		const char *section = lean_section(m, st, name);

		if (section != NULL) {
			st->tag = send_section(m, section, false, t->f);
			if (st->tag == 0) {
				fail(t, FAILED);
				return;
			}
			++*flying;
		}
		++*next;
	}
}

/* Also when it has failed, all that was asked for is pulled: nobody else knows what it is. */
static void run(struct try *t)
{
	struct lean *m = t->m;
	size_t next = 0, flying = 0;

	for (size_t i = 0; i < m->nstep; i++) {
		const struct lean_step *st = &m->step[i];

		send_ahead(t, &next, &flying);
		if (i >= next)
			break;
		if (st->tag != 0) {
			flying--;
			if (receive(t, st) == -1)
				break;
		} else if (st->kind == LEAN_HEAD) {
			put_head(t, st->part, &m->header);
		} else {
			put_boundary(t, st->part, st->kind);
		}
	}
}

static enum outcome attempt(struct lean *m, struct delivery *d, struct fault *f)
{
	struct try t = {.m = m, .d = d, .f = f};

	buf_init(&t.head, LEAN_MIME_MAX);
	buf_init(&t.out, LEAN_OUT_MAX);
	run(&t);
	buf_free(&t.head);
	buf_free(&t.out);
	return t.outcome;
}

static int begin_anew(struct delivery *d, struct fault *f)
{
	const struct maildir *to = d->m;
	unsigned how = d->how;

	delivery_abort(d);
	return delivery_begin(d, to, how, f);
}

/* The first try takes the server at its word, the second leaves what broke it, the third leaves all. */
static int fetch_parts(struct lean *m, struct delivery *d, struct fault *f)
{
	enum outcome outcome = AGAIN;

	for (int try = 0; try < 3 && outcome == AGAIN; try++) {
		if (try > 0 && begin_anew(d, f) == -1)
			return -1;
		if (try == 2 && lean_plan_opaque(m, f) == -1)
			return -1;
		if (lean_plan(m, f) == -1)
			return -1;
		if (m->left == 0)
			return fetch_whole(m, d, f);
		outcome = attempt(m, d, f);
	}
	return outcome == DONE ? 0 : outcome == GONE ? 1 : -1;
}

int lean_fetch(struct imap_line *l, const struct url *u, uint64_t max_part, struct delivery *d,
    unsigned *left, struct fault *f)
{
	struct lean m = {.l = l, .u = u, .max_part = max_part};
	int r;

	buf_init(&m.header, HEADER_SECTION_MAX);
	r = look(&m, f);
	if (r == 0)
		r = fetch_parts(&m, d, f);
	*left = m.left;
	lean_plan_free(&m);
	buf_free(&m.header);
	return r;
}

/* ---- */

/* The header section, or HEADER_SECTION_MAX octets of it. */
static int read_header(int fd, struct buf *b, struct fault *f)
{
	enum { PIECE = 4096 };

	while (b->len < b->max) {
		size_t room = b->max - b->len < PIECE ? b->max - b->len : PIECE;
		char *to = buf_room(b, room);
		ssize_t n = to != NULL ? pread(fd, to, room, (off_t)b->len) : 0;

		if (to == NULL)
			return fault_set(f, FAULT_TEMP, "out of memory");
		if (n == -1)
			return fault_errno(f, FAULT_IO, "cannot read a message");
		size_t from = b->len > 0 ? b->len - 1 : 0;
		b->len += (size_t)n;
		if (n == 0 || memmem(b->data + from, b->len - from, "\n\n", 2) != NULL)
			break;
	}
	return 0;
}

int lean_is(int fd, struct fault *f)
{
	struct buf b;
	struct header h;
	struct field field;
	uint32_t left;
	int r;

	buf_init(&b, HEADER_SECTION_MAX);
	r = read_header(fd, &b, f);
	h = (struct header){.text = buf_str(&b), .len = b.len};
	if (r == 0 && header_find(&h, LEAN_FIELD, &field)) {
		while (field.valuelen > 0 && field.value[0] == ' ') {
			field.value++;
			field.valuelen--;
		}
		r = num_nz32(field.value, field.valuelen, &left) == 0;
	}
	buf_free(&b);
	return r;
}
