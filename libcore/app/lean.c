/* lean: the two flights, and what comes of them. */
#include "app/lean.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/lean_impl.h"
#include "app/source.h"
#include "base/num.h"

/* One section that comes in, and nothing else. */
struct coming {
	const char *section; /* asked for */
	bool mine;           /* what comes is of it */
	bool came, nil;
};

/* ---- the first flight */

static uint32_t send_look(const struct lean *m, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->l->imap, "UID FETCH");
	imap_uid(&c, m->u->uid);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "RFC822.SIZE");
	if (!m->stub)
		imap_atom(&c, "BODYSTRUCTURE");
	imap_section(&c, "BODY.PEEK", "HEADER", 0, 0);
	imap_list_end(&c);
	return imap_send(m->l->imap, &c, f);
}

bool lean_is_section(const struct lean *m, const struct event *ev, const char *section)
{
	return strcasecmp(ev->section.item, "BODY") == 0 &&
	    strcasecmp(ev->section.section, section) == 0 &&
	    (ev->section.uid == 0 || ev->section.uid == m->u->uid);
}

/* Follows the events of one section: true for a piece of it. */
static bool is_piece(const struct lean *m, struct coming *c, const struct event *ev)
{
	if (ev->kind == EV_SECTION) {
		c->mine = !c->came && lean_is_section(m, ev, c->section);
		c->came = c->came || c->mine;
		c->nil = c->nil || (c->mine && ev->section.nil);
	}
	if (ev->kind == EV_SECTION_END)
		c->mine = false;
	return ev->kind == EV_SECTION_DATA && c->mine;
}

/* As much of it as there is room for. */
void lean_put_some(struct buf *b, const char *p, size_t n)
{
	buf_put(b, p, n < b->max - b->len ? n : b->max - b->len);
}

/* A message that is expunged under our hands is no fault: RFC 5530, RFC 2180 section 4.1. */
bool lean_says_gone(const struct event *ev)
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
	uint32_t tag = send_look(m, f);
	struct event ev;
	struct fault why;
	int r, failed = 0;

	if (tag == 0)
		return -1;
	while ((r = imap_until(m->l->imap, tag, &ev, &why)) == 1) {
		if (is_piece(m, &header, &ev))
			lean_put_some(&m->header, ev.data, ev.len);
		/* One that has neither is somebody's change of flags. */
		if (ev.kind == EV_FETCH && ev.fetch.uid == m->u->uid && m->s.n == 0 &&
		    failed == 0 && (header.came || (ev.fetch.has & FETCH_BODYSTRUCTURE) != 0))
			failed = note_structure(m, &ev, f);
	}
	if (r == -1 && imap_alive(m->l->imap) && lean_says_gone(&ev))
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
	struct url u = {.uid = m->u->uid};
	uint32_t tag = source_fetch(m->l, &u, f);
	struct event ev;
	struct fault why;
	int r, failed = 0;

	if (tag == 0)
		return -1;
	while ((r = imap_until(m->l->imap, tag, &ev, &why)) == 1)
		if (is_piece(m, &whole, &ev) && failed == 0)
			failed = delivery_write(d, ev.data, ev.len, f);
	if (r == -1 && imap_alive(m->l->imap) && lean_says_gone(&ev))
		return 1;
	if (r == -1)
		*f = why;
	if (r == -1 || failed == -1)
		return -1;
	return !whole.came || whole.nil;
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
	enum lean_outcome outcome = LEAN_AGAIN;

	for (int try = m->stub ? 2 : 0; try < 3 && outcome == LEAN_AGAIN; try++) {
		if (try > 0 && !m->stub && begin_anew(d, f) == -1)
			return -1;
		if (try == 2 && lean_plan_opaque(m, f) == -1)
			return -1;
		if (lean_plan(m, f) == -1)
			return -1;
		if (m->left == 0)
			return fetch_whole(m, d, f);
		outcome = lean_try(m, d, f);
	}
	return outcome == LEAN_DONE ? 0 : outcome == LEAN_GONE ? 1 : -1;
}

static int fetch_lean(struct lean *m, struct delivery *d, unsigned *left, struct fault *f)
{
	int r;

	buf_init(&m->header, HEADER_SECTION_MAX);
	r = look(m, f);
	if (r == 0)
		r = fetch_parts(m, d, f);
	*left = m->left;
	lean_plan_free(m);
	buf_free(&m->header);
	return r;
}

int lean_fetch(struct imap_line *l, const struct url *u, uint64_t max_part, struct delivery *d,
    unsigned *left, struct fault *f)
{
	struct lean m = {.l = l, .u = u, .max_part = max_part};

	return fetch_lean(&m, d, left, f);
}

int lean_stub(
    struct imap_line *l, const struct url *u, struct delivery *d, unsigned *left, struct fault *f)
{
	struct lean m = {.l = l, .u = u, .stub = true};

	return fetch_lean(&m, d, left, f);
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
