/* outgoing: header, recipients, content. */
#include "app/outgoing.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "imap/url.h"
#include "msg/date.h"
#include "msg/header.h"

void outgoing_init(struct outgoing *o)
{
	*o = (struct outgoing){.content = CONTENT_7BIT};
	assembly_init(&o->assembly);
	buf_init(&o->header, HEADER_SECTION_MAX);
}

void outgoing_free(struct outgoing *o)
{
	assembly_free(&o->assembly);
	buf_free(&o->header);
	addresses_free(&o->rcpt);
}

static bool has_bare_lf(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] == '\n' && (i == 0 || b->data[i - 1] != '\r'))
			return true;
	return false;
}

/* Reads the header section out of what is local at the beginning. It is complete when something of the body follows, or nothing at all. */
static int read_header(struct outgoing *o, struct fault *f)
{
	struct buf head;
	size_t n;

	buf_init(&head, HEADER_SECTION_MAX);
	if (assembly_head(&o->assembly, &head, HEADER_SECTION_MAX, f) == -1) {
		buf_free(&head);
		return -1;
	}
	n = header_fields_length(buf_str(&head), head.len);
	buf_put(&o->header, head.data, n);
	o->header_len = n;
	o->complete_header = n < head.len ||
	    (n >= 4 && memcmp(head.data + n - 4, "\r\n\r\n", 4) == 0) ||
	    (!o->has_url && head.len < HEADER_SECTION_MAX);
	buf_free(&head);
	if (n == HEADER_SECTION_MAX)
		return fault_set(f, FAULT_DATA, "the header is over %d octets", HEADER_SECTION_MAX);
	if (has_bare_lf(&o->header))
		return fault_set(f, FAULT_DATA,
		    "the assembly's header has line ends without CR: see lm-assembly(7)");
	return 0;
}

/* Somebody forgot --assembly: as a message it would be rubbish. */
static int check_kind(int spool, struct fault *f)
{
	char head[8];
	ssize_t n = pread(spool, head, sizeof(head), 0);

	if (n > 0 && assembly_is(head, (size_t)n))
		return fault_set(f, FAULT_DATA, "the input is an assembly: give --assembly");
	return 0;
}

int outgoing_message(struct outgoing *o, int fd, bool dot, struct fault *f)
{
	uint64_t octets;
	int spool = assembly_spool(f);

	if (spool == -1)
		return -1;
	if (assembly_normalise(fd, spool, dot, &octets, &o->content, f) == -1 ||
	    check_kind(spool, f) == -1) {
		close(spool);
		return -1;
	}
	if (assembly_adopt(&o->assembly, spool, octets, f) == -1)
		return -1;
	if (octets == 0)
		return fault_set(f, FAULT_DATA, "an empty message");
	return read_header(o, f);
}

int outgoing_assembly(struct outgoing *o, int fd, struct fault *f)
{
	if (assembly_read(&o->assembly, fd, f) == -1)
		return -1;
	o->has_url = assembly_has_url(&o->assembly);
	return read_header(o, f);
}

int outgoing_url(struct outgoing *o, const char *url, struct fault *f)
{
	struct url u;
	bool authorised;

	if (url_parse(&u, url, strlen(url), f) == -1)
		return -1;
	authorised = u.token != NULL;
	url_free(&u);
	if (!authorised)
		return fault_set(f, FAULT_DATA, "not an authorised URL, see lm-genurl(1): %s", url);
	o->has_url = true;
	return assembly_url(&o->assembly, url, 0, f);
}

static int add_one(struct outgoing *o, struct address *one, const char *domain, struct fault *f)
{
	char whole[ADDRESS_MAX + 1];

	if (strrchr(one->spec, '@') == NULL && domain != NULL && *domain != '\0') {
		if ((size_t)snprintf(whole, sizeof(whole), "%s@%s", one->spec, domain) >=
		    sizeof(whole))
			return fault_set(
			    f, FAULT_DATA, "an address that is too long: %s", one->spec);
		strlcpy(one->spec, whole, sizeof(one->spec));
	}
	if (address_check(one->spec, true, NULL, f) == -1)
		return -1;
	if (addresses_has(&o->rcpt, one->spec))
		return 0;
	return addresses_put(&o->rcpt, one, f);
}

static int add_list(
    struct outgoing *o, const char *s, size_t n, const char *domain, struct fault *f)
{
	struct address one;
	size_t pos = 0;
	int r;

	while ((r = address_next(s, n, &pos, true, &one, f)) == 1)
		if (add_one(o, &one, domain, f) == -1)
			return -1;
	return r;
}

int outgoing_recipient(struct outgoing *o, const char *text, const char *domain, struct fault *f)
{
	if (strpbrk(text, "\r\n") != NULL)
		return fault_set(f, FAULT_DATA, "a recipient with a line end: %s", text);
	return add_list(o, text, strlen(text), domain, f);
}

static int add_fields(struct outgoing *o, const struct header *h, const char *prefix,
    const char *domain, bool *any, struct fault *f)
{
	static const char *const names[] = {"To", "Cc", "Bcc"};
	struct field field;
	size_t pos = 0;

	while (header_next(h, &pos, &field)) {
		for (size_t i = 0; i < 3; i++) {
			char name[16];

			snprintf(name, sizeof(name), "%s%s", prefix, names[i]);
			if (!field_is(&field, name))
				continue;
			*any = true;
			if (add_list(o, field.value, field.valuelen, domain, f) == -1)
				return fault_while(f, "%s", name);
		}
	}
	return 0;
}

int outgoing_recipients(
    struct outgoing *o, const struct header *h, const char *domain, struct fault *f)
{
	bool resent = false, any = false;

	if (add_fields(o, h, "Resent-", domain, &resent, f) == -1)
		return -1;
	if (resent)
		return 0;
	return add_fields(o, h, "", domain, &any, f);
}

int outgoing_complete(struct outgoing *o, const struct address *from, struct fault *f)
{
	struct header h = {.text = buf_str(&o->header), .len = o->header.len};
	struct field field;
	struct buf out;
	char date[DATE_LEN], id[COMPOSE_ID_LEN];
	size_t pos = 0;

	if (!o->complete_header)
		return 0;
	buf_init(&out, HEADER_SECTION_MAX);
	if (!header_find(&h, "From", &field) && address_put(&out, "From", from, 1, f) == -1) {
		buf_free(&out);
		return -1;
	}
	if (!header_find(&h, "Date", &field)) {
		date_format(time(NULL), date);
		buf_printf(&out, "Date: %s\r\n", date);
	}
	if (!header_find(&h, "Message-ID", &field)) {
		compose_message_id(id, from->spec);
		buf_printf(&out, "Message-ID: %s\r\n", id);
	}
	while (header_next(&h, &pos, &field)) {
		/* Return-Path is the last server's to write (RFC 5321 section 4.4). */
		if (field_is(&field, "Bcc") || field_is(&field, "Resent-Bcc") ||
		    field_is(&field, "Return-Path"))
			continue;
		buf_put(&out, field.raw, field.rawlen);
	}
	buf_puts(&out, "\r\n");
	if (buf_failed(&out)) {
		buf_free(&out);
		return fault_set(f, FAULT_DATA, "the header is over %d octets", HEADER_SECTION_MAX);
	}
	o->edited = out.len != o->header.len || memcmp(out.data, o->header.data, out.len) != 0;
	buf_free(&o->header);
	o->header = out;
	return 0;
}

int outgoing_seal(struct outgoing *o, struct fault *f)
{
	if (!o->edited)
		return 0;
	if (assembly_replace_head(&o->assembly, o->header_len, o->header.data, o->header.len, f) ==
	    -1)
		return -1;
	o->edited = false;
	o->header_len = o->header.len;
	return 0;
}

int outgoing_scan(struct outgoing *o, struct fault *f)
{
	struct content_scan scan = {0};
	char octets[16384];

	for (size_t i = 0; i < o->assembly.n; i++) {
		const struct piece *p = &o->assembly.piece[i];
		uint64_t at = 0;
		ssize_t n;

		if (p->kind == PIECE_URL)
			continue;
		while ((n = assembly_octets(&o->assembly, p, at, octets, sizeof(octets), f)) > 0) {
			content_feed(&scan, octets, (size_t)n);
			at += (uint64_t)n;
		}
		if (n == -1)
			return -1;
	}
	o->content = content_result(&scan);
	return 0;
}

void outgoing_author(const struct outgoing *o, char *spec, size_t n)
{
	struct header h = {.text = o->header.data, .len = o->header.len};
	struct address a;
	struct fault ignored;
	struct field field;
	size_t pos = 0;

	*spec = '\0';
	if (o->header.len == 0 ||
	    (!header_find(&h, "Resent-From", &field) && !header_find(&h, "From", &field)))
		return;
	if (address_next(field.value, field.valuelen, &pos, true, &a, &ignored) == 1)
		strlcpy(spec, a.spec, n);
}
