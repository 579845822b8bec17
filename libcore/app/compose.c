/* compose: header, note, and the parts by URL. */
#include "app/compose.h"

#include <bsd/stdlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/source.h"
#include "base/enc.h"
#include "msg/date.h"
#include "msg/flow.h"
#include "msg/header.h"
#include "msg/word.h"

enum {
	TEXT_MAX = 16 * 1024 * 1024, /* of what we write ourselves; a note may be long */
	REFERENCES_MAX = 4096,
	FLOW_WIDTH = 72,
	LINE_OCTETS_MAX = 998, /* RFC 5322 section 2.1.1 */
	WHOLE_MAX = 64,        /* messages that are looked at together */
};

bool addresses_has(const struct addresses *l, const char *spec)
{
	const char *at = strrchr(spec, '@');
	size_t local = at != NULL ? (size_t)(at - spec) : strlen(spec);

	for (size_t i = 0; i < l->n; i++)
		if (strncmp(l->a[i].spec, spec, local) == 0 &&
		    strcasecmp(l->a[i].spec + local, spec + local) == 0)
			return true;
	return false;
}

int addresses_put(struct addresses *l, const struct address *one, struct fault *f)
{
	if (l->n == COMPOSE_ADDRESSES_MAX)
		return fault_set(f, FAULT_USAGE, "more than %d addresses", COMPOSE_ADDRESSES_MAX);
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 8 : 2 * l->cap;
		struct address *a = reallocarray(l->a, cap, sizeof(*a));

		if (a == NULL)
			return fault_set(f, FAULT_TEMP, "out of memory");
		l->a = a;
		l->cap = cap;
	}
	l->a[l->n++] = *one;
	return 0;
}

int addresses_add(struct addresses *l, const char *text, struct fault *f)
{
	struct address one;
	size_t pos = 0;
	int r;

	if (strpbrk(text, "\r\n") != NULL)
		return fault_set(f, FAULT_DATA, "an address with a line end: %s", text);
	while ((r = address_next(text, strlen(text), &pos, false, &one, f)) == 1)
		if (address_check(one.spec, false, NULL, f) == -1 ||
		    addresses_put(l, &one, f) == -1)
			return -1;
	return r;
}

void addresses_free(struct addresses *l)
{
	free(l->a);
	*l = (struct addresses){0};
}

/* What the header needs of the first original. */
struct original {
	struct buf subject;    /* UTF-8 */
	struct buf references; /* message identifiers, blanks between */
};

static void take_field(const struct header *h, const char *name, struct buf *out)
{
	struct field field;

	if (header_find(h, name, &field))
		field_unfold(out, &field);
}

/* The identifiers of a field, blanks between; only identifiers, whatever else stands there. */
static void add_identifiers(struct buf *out, const char *s)
{
	while ((s = strchr(s, '<')) != NULL) {
		size_t n = strcspn(s, "> \t");

		if (s[n] != '>') {
			s++;
			continue;
		}
		if (out->len > 0)
			buf_putc(out, ' ');
		buf_put(out, s, n + 1);
		s += n + 1;
	}
}

/* When there are too many, the first stays and those after it go: what is near keeps the thread together. */
static void shorten(struct buf *references)
{
	while (references->len > REFERENCES_MAX) {
		char *first = memchr(references->data, ' ', references->len);
		size_t at =
		    first == NULL ? references->len : (size_t)(first - references->data) + 1;
		char *second = at < references->len
		    ? memchr(references->data + at, ' ', references->len - at)
		    : NULL;

		if (second == NULL) {
			buf_reset(references);
			return;
		}
		size_t end = (size_t)(second - references->data) + 1;
		memmove(references->data + at, references->data + end, references->len - end);
		references->len -= end - at;
	}
}

/* References and then the message's own Message-ID (RFC 5322 section 3.6.4). */
static void read_original(struct buf *raw, struct original *o)
{
	struct header h = {.text = buf_str(raw), .len = raw->len};
	struct buf field;

	buf_init(&field, HEADER_SECTION_MAX);
	take_field(&h, "References", &field);
	if (field.len == 0)
		take_field(&h, "In-Reply-To", &field);
	buf_putc(&field, ' ');
	take_field(&h, "Message-ID", &field);
	add_identifiers(&o->references, buf_str(&field));
	shorten(&o->references);
	buf_reset(&field);
	take_field(&h, "Subject", &field);
	word_decode(&o->subject, buf_str(&field), field.len);
	buf_free(&field);
}

static void random_hex(char *out, size_t octets)
{
	unsigned char r[32];

	arc4random_buf(r, octets);
	for (size_t i = 0; i < octets; i++)
		snprintf(out + 2 * i, 3, "%02x", r[i]);
}

/* "Fwd: " once, however often it was forwarded. */
static void forward_subject(struct buf *out, const char *original)
{
	if (strncasecmp(original, "Fwd:", 4) != 0 && strncasecmp(original, "Fw:", 3) != 0)
		buf_puts(out, "Fwd: ");
	buf_puts(out, original);
}

static int put_subject(
    struct buf *out, const struct forward *w, struct original *o, struct fault *f)
{
	struct buf text, encoded;
	int r;

	buf_init(&text, HEADER_SECTION_MAX);
	buf_init(&encoded, HEADER_SECTION_MAX);
	if (w->subject != NULL)
		buf_puts(&text, w->subject);
	else
		forward_subject(&text, buf_str(&o->subject));
	if (!enc_is_utf8(buf_str(&text), text.len))
		r = fault_set(f, FAULT_DATA, "the subject is not UTF-8");
	else if (strpbrk(buf_str(&text), "\r\n") != NULL)
		r = fault_set(f, FAULT_DATA, "the subject holds a line end");
	else {
		word_encode(&encoded, buf_str(&text), text.len);
		r = header_put(out, "Subject", buf_str(&encoded), f);
	}
	buf_free(&text);
	buf_free(&encoded);
	return r;
}

static int put_list(struct buf *out, const char *name, const struct addresses *l, struct fault *f)
{
	return l->n == 0 ? 0 : address_put(out, name, l->a, l->n, f);
}

void compose_message_id(char out[COMPOSE_ID_LEN], const char *from)
{
	const char *at = strrchr(from, '@');
	char random[33];

	random_hex(random, 16);
	snprintf(out, COMPOSE_ID_LEN, "<%s@%s>", random,
	    at != NULL && at[1] != '\0' ? at + 1 : "localhost");
}

static int put_header(struct buf *out, const struct forward *w, struct original *o, bool bcc_header,
    const char *boundary, const struct composed *c, struct fault *f)
{
	char date[DATE_LEN];

	date_format(time(NULL), date);
	if (header_put(out, "Date", date, f) == -1 ||
	    address_put(out, "From", &w->from, 1, f) == -1 ||
	    put_list(out, "To", &w->to, f) == -1 || put_list(out, "Cc", &w->cc, f) == -1 ||
	    (bcc_header && put_list(out, "Bcc", &w->bcc, f) == -1) ||
	    put_subject(out, w, o, f) == -1 ||
	    header_put(out, "Message-ID", c->message_id, f) == -1)
		return -1;
	if (o->references.len > 0 &&
	    header_put(out, "References", buf_str(&o->references), f) == -1)
		return -1;
	buf_puts(out, "MIME-Version: 1.0\r\n");
	buf_printf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n", boundary);
	if (c->eight || c->binary)
		buf_printf(out, "Content-Transfer-Encoding: %s\r\n", c->binary ? "binary" : "8bit");
	buf_puts(out, "\r\n");
	return 0;
}

static bool has_long_line(const struct buf *b)
{
	size_t column = 0;

	for (size_t i = 0; i < b->len; i++) {
		column = b->data[i] == '\n' ? 0 : column + 1;
		if (column > LINE_OCTETS_MAX)
			return true;
	}
	return false;
}

/* The note as text/plain; format=flowed (RFC 3676), as profile section 6 asks of clients. */
static int put_note(struct buf *out, const char *note, const char *boundary, struct fault *f)
{
	struct buf flowed;

	if (!enc_is_utf8(note, strlen(note)))
		return fault_set(f, FAULT_DATA, "the note is not UTF-8");
	buf_init(&flowed, TEXT_MAX);
	flow_encode(&flowed, note, strlen(note), FLOW_WIDTH, false);
	buf_printf(out, "--%s\r\nContent-Type: text/plain; charset=%s; format=flowed\r\n", boundary,
	    enc_is_ascii(note) ? "us-ascii" : "utf-8");
	if (enc_is_ascii(note) && !has_long_line(&flowed)) {
		buf_puts(out, "\r\n");
		buf_put(out, flowed.data, flowed.len);
	} else {
		buf_puts(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		enc_qp(out, buf_str(&flowed), flowed.len);
	}
	if (buf_failed(&flowed))
		fault_set(f, FAULT_DATA, "the note is over %d octets", TEXT_MAX);
	bool failed = buf_failed(&flowed);
	buf_free(&flowed);
	return failed ? -1 : 0;
}

/* The message being composed: text waits in `text` until the next URL. */
struct composing {
	struct imap_line *l;
	const struct forward *w;
	struct composed *out;
	struct buf text;
	struct buf header; /* of the first original */
	bool have_header;
	bool write; /* flags will be set: open for writing */
	char boundary[64];
	struct fault *f;
};

static int flush_text(struct composing *c)
{
	int r = 0;

	if (buf_failed(&c->text))
		return fault_set(c->f, FAULT_DATA, "more than %d octets of text", TEXT_MAX);
	if (c->text.len > 0)
		r = assembly_text(&c->out->assembly, c->text.data, c->text.len, c->f);
	buf_reset(&c->text);
	return r;
}

static int add_url(struct composing *c, const struct url *u, const char *section, uint64_t octets)
{
	struct url part = {0};
	struct buf b;
	int r = -1;

	if (flush_text(c) == -1 || url_copy(&part, u, c->f) == -1)
		return -1;
	free(part.section);
	part.section = section == NULL ? NULL : strdup(section);
	buf_init(&b, URL_MAX);
	url_build(&b, &part);
	if (section != NULL && part.section == NULL)
		fault_set(c->f, FAULT_TEMP, "out of memory");
	else
		r = assembly_url(&c->out->assembly, buf_str(&b), octets, c->f);
	buf_free(&b);
	url_free(&part);
	return r;
}

static void note_needs(struct composed *out, const struct source *s)
{
	out->eight = out->eight || s->eight;
	out->binary = out->binary || s->binary;
}

static int add_whole(struct composing *c, const struct url *u, const struct source *s)
{
	const char *encoding = s->binary ? "binary" : s->eight ? "8bit" : "7bit";

	buf_printf(&c->text,
	    "\r\n--%s\r\nContent-Type: message/rfc822\r\nContent-Disposition: inline\r\n"
	    "Content-Transfer-Encoding: %s\r\n\r\n",
	    c->boundary, encoding);
	return add_url(c, u, NULL, s->octets);
}

/* What is asked of the next original: of the first the header is kept, of all it is looked at. */
static struct source look_for(struct composing *c)
{
	struct source s = {
	    .write = c->write, .read_header = true, .header = c->have_header ? NULL : &c->header};

	c->have_header = true;
	return s;
}

/* One part with the MIME header that it has in the original. */
static int add_part(struct composing *c, struct url *u, const char *section)
{
	struct source s = look_for(c);
	struct url part = {0};
	int r = -1;

	if (url_copy(&part, u, c->f) == -1)
		return -1;
	if (part.section != section) {
		free(part.section);
		part.section = strdup(section);
	}
	if (part.section == NULL) {
		fault_set(c->f, FAULT_TEMP, "out of memory");
	} else if (source_look(c->l, &part, &s, c->f) == 0) {
		if (s.whole || strpbrk(section, "MHTmht") != NULL) {
			fault_set(c->f, FAULT_DATA, "only parts can be forwarded, not section %s",
			    section);
		} else {
			note_needs(c->out, &s);
			buf_printf(&c->text, "\r\n--%s\r\n", c->boundary);
			r = source_mime_header(c->l, part.uid, section, s.part, &c->text, c->f);
		}
		if (r == 0)
			r = add_url(c, &part, section, s.octets);
		source_free(&s);
	}
	url_free(&part);
	return r;
}

/* How many of the n URLs, up to the first other one, are of whole messages that are to be forwarded so. */
static size_t count_whole(const struct composing *c, const struct url *u, size_t n)
{
	size_t i = 0;

	while (i < n && i < WHOLE_MAX && c->w->nsection == 0 && u[i].section == NULL)
		i++;
	return i;
}

static int add_whole_ones(struct composing *c, struct url *u, size_t n)
{
	struct source s[WHOLE_MAX];
	int r;

	for (size_t i = 0; i < n; i++)
		s[i] = look_for(c);
	r = source_look_all(c->l, u, s, n, c->f);
	for (size_t i = 0; i < n && r == 0; i++) {
		note_needs(c->out, &s[i]);
		r = add_whole(c, &u[i], &s[i]);
	}
	return r;
}

/* The parts that the URL names, or those that are wanted of every message. */
static int add_parts(struct composing *c, struct url *u)
{
	int r = 0;

	if (u->section != NULL)
		return add_part(c, u, u->section);
	for (size_t i = 0; i < c->w->nsection && r == 0; i++)
		r = add_part(c, u, c->w->section[i]);
	return r;
}

static int add_messages(struct composing *c, struct url *u, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t whole = count_whole(c, &u[i], n - i);
		int r = whole > 0 ? add_whole_ones(c, &u[i], whole) : add_parts(c, &u[i]);

		if (r == -1)
			return -1;
		i += whole > 0 ? whole : 1;
	}
	return 0;
}

/* The header comes first but depends on all the parts (8bit, binary): the parts are put together apart and follow it. */
static int compose(
    struct composing *c, struct url *urls, size_t n, struct original *o, bool bcc_header)
{
	struct composed *out = c->out;
	struct buf head;
	size_t first = out->assembly.n;
	int r;

	buf_init(&head, TEXT_MAX);
	r = add_messages(c, urls, n);
	if (r == 0) {
		buf_printf(&c->text, "\r\n--%s--\r\n", c->boundary);
		r = flush_text(c);
	}
	read_original(&c->header, o);
	if (r == 0)
		r = put_header(&head, c->w, o, bcc_header, c->boundary, out, c->f);
	if (r == 0 && c->w->note[0] != '\0')
		r = put_note(&head, c->w->note, c->boundary, c->f);
	if (r == 0 && buf_failed(&head))
		r = fault_set(c->f, FAULT_DATA, "more than %d octets of text", TEXT_MAX);
	if (r == 0)
		r = assembly_text(&out->assembly, head.data, head.len, c->f);
	buf_free(&head);
	if (r == -1)
		return -1;

	struct piece *p = out->assembly.piece;
	struct piece header = p[out->assembly.n - 1];
	memmove(p + first + 1, p + first, (out->assembly.n - 1 - first) * sizeof(*p));
	p[first] = header;
	return 0;
}

/* The sender's and everybody's addresses: does one of them need SMTPUTF8? */
static bool needs_utf8(const struct forward *w)
{
	const struct addresses *lists[] = {&w->to, &w->cc, &w->bcc};

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			if (!enc_is_ascii(lists[i]->a[k].spec))
				return true;
	return !enc_is_ascii(w->from.spec);
}

int compose_forward(struct imap_line *l, const struct forward *w, struct url *urls, size_t n,
    bool bcc_header, struct composed *out, struct fault *f)
{
	struct composing c = {.l = l, .w = w, .out = out, .write = !bcc_header, .f = f};
	struct original o;
	char random[33];
	int r;

	*out = (struct composed){.utf8 = needs_utf8(w)};
	assembly_init(&out->assembly);
	buf_init(&c.text, TEXT_MAX);
	buf_init(&c.header, HEADER_SECTION_MAX);
	buf_init(&o.subject, HEADER_SECTION_MAX);
	buf_init(&o.references, HEADER_SECTION_MAX);
	random_hex(random, 16);
	snprintf(c.boundary, sizeof(c.boundary), "=_%s", random);
	compose_message_id(out->message_id, w->from.spec);
	r = compose(&c, urls, n, &o, bcc_header);
	if (r == 0)
		out->octets = assembly_size(&out->assembly);
	else
		composed_free(out);
	buf_free(&c.text);
	buf_free(&c.header);
	buf_free(&o.subject);
	buf_free(&o.references);
	return r;
}

void composed_free(struct composed *c)
{
	assembly_free(&c->assembly);
}
