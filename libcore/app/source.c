/* source: a URL's message and section, checked. */
#include "app/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/flight.h"
#include "msg/header.h"

static int url_fault(const struct url *u, const char *what, struct fault *f)
{
	struct buf b;

	buf_init(&b, URL_MAX);
	url_build(&b, u);
	fault_set(f, FAULT_DATA, "%s: %s", what, buf_str(&b));
	buf_free(&b);
	return -1;
}

/* The looks of a flight. Each message is asked for once, however many of the URLs are of it, and what comes belongs to the message that it names: some servers answer several commands at once. */
struct looks {
	struct flight flight;
	const struct url *u;
	struct source *s;
	size_t n;
	bool over[FLIGHT_MAX];
	uint32_t header; /* the message whose header section is coming, or 0 */
	bool keep;       /* the structures */
};

/* Whether look i waits for answers about the message. */
static bool waits(const struct looks *k, size_t i, uint32_t uid)
{
	return k->u[i].uid == uid && !k->over[i];
}

/* The first look at the message of look i. */
static bool is_first(const struct looks *k, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (k->u[j].uid == k->u[i].uid)
			return false;
	return true;
}

static bool wants_header(const struct looks *k, uint32_t uid)
{
	for (size_t i = 0; i < k->n; i++)
		if (waits(k, i, uid) && k->s[i].read_header)
			return true;
	return false;
}

/* UID FETCH n (UID RFC822.SIZE BODYSTRUCTURE [BODY.PEEK[HEADER]]): what the message is made of. */
static int send_look(struct looks *k, size_t i, struct fault *f)
{
	uint32_t uid = k->u[i].uid;
	struct imap_cmd c;

	imap_cmd_init(&c, k->flight.imap, "UID FETCH");
	imap_uid(&c, uid);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "RFC822.SIZE");
	imap_atom(&c, "BODYSTRUCTURE");
	if (wants_header(k, uid))
		imap_section(&c, "BODY.PEEK", "HEADER", 0, 0);
	imap_list_end(&c);
	return flight_send(&k->flight, &c, (int)i, f);
}

static bool has_eight(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x80)
			return true;
	return false;
}

/* Octets of the header. */
static void take_header(struct source *s, const char *p, size_t n)
{
	if (s->header != NULL)
		buf_put(s->header, p, n);
	s->eight = s->eight || has_eight(p, n);
}

/* The message that is being told of; a server may say its UID (0: not yet) behind the section. */
static uint32_t message(struct looks *k, uint32_t uid)
{
	return uid != 0 ? uid : k->u[flight_current(&k->flight)->kind].uid;
}

/* A header that comes again is passed over. */
static void begin_header(struct looks *k, uint32_t uid)
{
	k->header = 0;
	for (size_t i = 0; i < k->n; i++)
		if (waits(k, i, uid) && k->s[i].read_header && !k->s[i].has_header) {
			k->s[i].has_header = true;
			k->header = uid;
		}
}

static void take_data(struct looks *k, const char *p, size_t n)
{
	for (size_t i = 0; k->header != 0 && i < k->n; i++)
		if (waits(k, i, k->header) && k->s[i].read_header)
			take_header(&k->s[i], p, n);
}

static int take_structure(struct looks *k, const struct fetch_event *e, struct fault *f)
{
	for (size_t i = 0; i < k->n; i++) {
		struct source *s = &k->s[i];

		if (!waits(k, i, e->uid) || s->structure.n > 0)
			continue;
		s->octets = e->size;
		if (structure_parse(&s->structure, e->bodystructure, f) == -1)
			return -1;
	}
	return 0;
}

static int take_event(struct looks *k, const struct event *ev, struct fault *f)
{
	if (ev->kind == EV_SECTION && strcasecmp(ev->section.section, "HEADER") == 0)
		begin_header(k, message(k, ev->section.uid));
	else if (ev->kind == EV_SECTION || ev->kind == EV_SECTION_END)
		k->header = 0;
	else if (ev->kind == EV_SECTION_DATA)
		take_data(k, ev->data, ev->len);
	if (ev->kind == EV_FETCH && ev->fetch.uid != 0 && (ev->fetch.has & FETCH_BODYSTRUCTURE))
		return take_structure(k, &ev->fetch, f);
	return 0;
}

static void note_encodings(struct source *s)
{
	size_t first = (size_t)(s->part - s->structure.part);

	for (size_t i = first; i < s->structure.n; i++) {
		const struct part *p = &s->structure.part[i];

		if (i > first && !s->whole && p->depth <= s->part->depth)
			break;
		if (p->encoding != NULL && strcmp(p->encoding, "8bit") == 0)
			s->eight = true;
		if (p->encoding != NULL && strcmp(p->encoding, "binary") == 0)
			s->binary = true;
	}
}

static bool ends_in_specifier(const char *section)
{
	const char *dot = strrchr(section, '.');
	const char *last = dot != NULL ? dot + 1 : section;

	return strcasecmp(last, "MIME") == 0 || strcasecmp(last, "HEADER") == 0 ||
	    strcasecmp(last, "TEXT") == 0;
}

/* BODYSTRUCTURE knows the octets of a part that is no multipart; for the rest the message's own size is the bound. */
static void note_octets(struct source *s, const struct url *u)
{
	s->bound = u->section != NULL;
	if (u->section != NULL && !s->whole && !s->part->multipart &&
	    !ends_in_specifier(u->section)) {
		s->octets = s->part->octets;
		s->bound = false;
	}
	if (u->has_partial && u->partial_length > 0 && u->partial_length < s->octets) {
		s->octets = u->partial_length;
		s->bound = true;
	}
}

/* The part that the URL names, and what it is like. */
static int find_part(const struct url *u, struct source *s, struct fault *f)
{
	s->part = structure_find(&s->structure, u->section != NULL ? u->section : "", &s->whole);
	if (s->part == NULL)
		return url_fault(u, "no such section", f);
	note_encodings(s);
	note_octets(s, u);
	return 0;
}

static int finish(struct looks *k, size_t i, struct fault *f)
{
	const struct url *u = &k->u[i];
	struct source *s = &k->s[i];

	k->over[i] = true;
	if (s->structure.n == 0)
		return url_fault(u, "no such message", f);
	if (s->read_header && !s->has_header)
		return url_fault(u, "the server does not give the header", f);
	if (s->header != NULL && buf_failed(s->header))
		return fault_set(
		    f, FAULT_PROTOCOL, "the header is over %zu octets", s->header->max);
	if (find_part(u, s, f) == -1)
		return -1;
	if (!k->keep)
		source_free(s);
	return 0;
}

/* The answer is complete, for all looks at that message. */
static int end_look(struct looks *k, const struct flight_cmd *done, struct fault *f)
{
	uint32_t uid = k->u[done->kind].uid;

	if (done->why.cls != FAULT_NONE) {
		*f = done->why;
		return -1;
	}
	for (size_t i = (size_t)done->kind; i < k->n; i++)
		if (waits(k, i, uid) && finish(k, i, f) == -1)
			return -1;
	return 0;
}

static int take_looks(struct looks *k, struct fault *f)
{
	struct flight_cmd *done;
	struct event ev;
	int r;

	while ((r = flight_next(&k->flight, &ev, &done, f)) == 1)
		if ((done != NULL ? end_look(k, done, f) : take_event(k, &ev, f)) == -1)
			return -1;
	return r;
}

/* Opens the mailbox of all n and asks, in one flight. */
static int look_flight(
    struct imap_line *l, struct url *u, struct source *s, size_t n, bool keep, struct fault *f)
{
	struct looks k = {.u = u, .s = s, .n = n, .keep = keep};
	uint32_t opening;

	flight_init(&k.flight, l->imap);
	if (imap_line_select_begin(l, u->mailbox, !s->write, u->uidvalidity, &opening, f) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (is_first(&k, i) && send_look(&k, i, f) == -1)
			return -1;
	if (imap_line_select_end(l, u->mailbox, !s->write, u->uidvalidity, opening, f) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		u[i].uidvalidity = l->mailbox.uidvalidity;
	return take_looks(&k, f);
}

/* How many of the n go with the first. */
static size_t same_mailbox(const struct url *u, const struct source *s, size_t n)
{
	size_t i = 1;

	while (i < n && i < FLIGHT_MAX && s[i].write == s->write &&
	    u[i].uidvalidity == u->uidvalidity && strcmp(u[i].mailbox, u->mailbox) == 0)
		i++;
	return i;
}

static int look_all(
    struct imap_line *l, struct url *u, struct source *s, size_t n, bool keep, struct fault *f)
{
	for (size_t i = 0; i < n; i++) {
		s[i] = (struct source){.write = s[i].write,
		    .read_header = s[i].read_header || s[i].header != NULL,
		    .header = s[i].header};
		if (u[i].mailbox == NULL || u[i].uid == 0)
			return url_fault(&u[i], "the URL names no message", f);
	}
	for (size_t i = 0, some; i < n; i += some) {
		some = same_mailbox(&u[i], &s[i], n - i);
		if (look_flight(l, &u[i], &s[i], some, keep, f) == 0)
			continue;
		for (size_t k = 0; k < some; k++)
			source_free(&s[i + k]);
		return -1;
	}
	return 0;
}

int source_look(struct imap_line *l, struct url *u, struct source *s, struct fault *f)
{
	return look_all(l, u, s, 1, true, f);
}

int source_look_all(struct imap_line *l, struct url *u, struct source *s, size_t n, struct fault *f)
{
	return look_all(l, u, s, n, false, f);
}

void source_free(struct source *s)
{
	structure_free(&s->structure);
	s->part = NULL;
}

uint32_t source_fetch(struct imap_line *l, const struct url *u, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "UID FETCH");
	imap_uid(&c, u->uid);
	imap_list(&c);
	imap_section(&c, "BODY.PEEK", u->section != NULL ? u->section : "", u->partial_offset,
	    u->has_partial && u->partial_length == 0 ? UINT32_MAX : u->partial_length);
	imap_list_end(&c);
	return imap_send(l->imap, &c, f);
}

/* One small section into memory. */
static int fetch_small(
    struct imap_line *l, uint32_t uid, const char *section, struct buf *out, struct fault *f)
{
	struct url u = {.uid = uid};
	struct event ev;
	bool found = false;
	int r;

	u.section = strdup(section);
	uint32_t tag = u.section == NULL ? 0 : source_fetch(l, &u, f);
	free(u.section);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1) {
		if (ev.kind == EV_SECTION)
			found = !ev.section.nil;
		if (ev.kind == EV_SECTION_DATA)
			buf_put(out, ev.data, ev.len);
	}
	if (r == -1)
		return -1;
	if (!found)
		return fault_set(f, FAULT_DATA, "the server does not give section %s", section);
	if (buf_failed(out))
		return fault_set(
		    f, FAULT_PROTOCOL, "section %s is over %zu octets", section, out->max);
	return 0;
}

/* Content-Length is a mailbox format's, and true for nothing but the message that it stands in. */
static bool is_mime_field(const struct field *f)
{
	return f->namelen > 8 && strncasecmp(f->name, "Content-", 8) == 0 &&
	    !field_is(f, "Content-Length");
}

int source_mime_header(struct imap_line *l, uint32_t uid, const char *section,
    const struct part *part, struct buf *out, struct fault *f)
{
	char name[RESPONSE_SECTION_MAX];
	struct buf raw;
	bool typed = false;
	int r;

	if ((size_t)snprintf(name, sizeof(name), "%s.MIME", section) >= sizeof(name))
		return fault_set(f, FAULT_DATA, "a section specifier that is too long");
	buf_init(&raw, HEADER_SECTION_MAX);
	r = fetch_small(l, uid, name, &raw, f);
	if (r == 0) {
		struct header h = {.text = buf_str(&raw), .len = raw.len};
		struct field field;
		size_t pos = 0;

		/* Some servers give the whole header of the message here: From and Received must not leak into the part. */
		while (header_next(&h, &pos, &field)) {
			if (!is_mime_field(&field))
				continue;
			buf_put(out, field.raw, field.rawlen);
			typed = typed || field_is(&field, "Content-Type");
		}
		/* In a multipart/digest the default is message/rfc822 (RFC 2046 section 5.1.5), where we put it it is text/plain. */
		if (!typed && strcmp(part->type, "text") != 0)
			buf_printf(out, "Content-Type: %s/%s\r\n", part->type, part->subtype);
		buf_puts(out, "\r\n");
	}
	buf_free(&raw);
	return r;
}
