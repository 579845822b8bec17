/* source: a URL's message and section, checked. */
#include "app/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* UID FETCH n (UID RFC822.SIZE BODYSTRUCTURE [BODY.PEEK[HEADER]]): what the message is made of. */
static uint32_t send_look(
    struct imap_line *l, const struct url *u, const struct source *s, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "UID FETCH");
	imap_uid(&c, u->uid);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "RFC822.SIZE");
	imap_atom(&c, "BODYSTRUCTURE");
	if (s->header != NULL)
		imap_section(&c, "BODY.PEEK", "HEADER", 0, 0);
	imap_list_end(&c);
	return imap_send(l->imap, &c, f);
}

static bool has_eight(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x80)
			return true;
	return false;
}

static int take_look(struct imap_line *l, uint32_t tag, const struct url *u, struct source *s,
    uint64_t *size, struct fault *f)
{
	struct event ev;
	bool found = false, header = false;
	int r;

	while ((r = imap_until(l->imap, tag, &ev, f)) == 1) {
		if (ev.kind == EV_SECTION)
			header = s->header != NULL && strcasecmp(ev.section.section, "HEADER") == 0;
		if (ev.kind == EV_SECTION_DATA && header) {
			buf_put(s->header, ev.data, ev.len);
			s->eight = s->eight || has_eight(ev.data, ev.len);
		}
		if (ev.kind != EV_FETCH || ev.fetch.uid != u->uid || found ||
		    (ev.fetch.has & FETCH_BODYSTRUCTURE) == 0)
			continue;
		if (structure_parse(&s->structure, ev.fetch.bodystructure, f) == -1)
			return -1;
		*size = ev.fetch.size;
		found = true;
	}
	if (r == 0 && !found)
		return url_fault(u, "no such message", f);
	if (r == 0 && s->header != NULL && buf_failed(s->header))
		return fault_set(
		    f, FAULT_PROTOCOL, "the header is over %zu octets", s->header->max);
	return r;
}

/* Opens the mailbox and asks, in one flight. */
static int open_and_look(
    struct imap_line *l, struct url *u, struct source *s, uint64_t *size, struct fault *f)
{
	uint32_t opening, looking;

	if (imap_line_select_begin(l, u->mailbox, !s->write, u->uidvalidity, &opening, f) == -1)
		return -1;
	looking = send_look(l, u, s, f);
	if (looking == 0 ||
	    imap_line_select_end(l, u->mailbox, !s->write, u->uidvalidity, opening, f) == -1)
		return -1;
	u->uidvalidity = l->mailbox.uidvalidity;
	return take_look(l, looking, u, s, size, f);
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
static void note_octets(struct source *s, const struct url *u, uint64_t size)
{
	s->octets = size;
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

int source_look(struct imap_line *l, struct url *u, struct source *s, struct fault *f)
{
	uint64_t size = 0;

	*s = (struct source){.write = s->write, .header = s->header};
	if (u->mailbox == NULL || u->uid == 0)
		return url_fault(u, "the URL names no message", f);
	if (open_and_look(l, u, s, &size, f) == -1) {
		source_free(s);
		return -1;
	}
	s->part = structure_find(&s->structure, u->section != NULL ? u->section : "", &s->whole);
	if (s->part == NULL) {
		source_free(s);
		return url_fault(u, "no such section", f);
	}
	note_encodings(s);
	note_octets(s, u, size);
	return 0;
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
