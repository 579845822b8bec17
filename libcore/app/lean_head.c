/* lean_head: the header of a part, and what stands in the place of one that is left. */
#include <string.h>
#include <strings.h>

#include "app/lean_impl.h"
#include "base/digest.h"
#include "msg/text.h"
#include "msg/word.h"

/* Of a part that is left, in this order. */
static const char *const kept[] = {"Content-Type", "Content-ID", "Content-Transfer-Encoding",
    "Content-Description", "Content-Disposition"};
enum { NKEPT = sizeof(kept) / sizeof(kept[0]) };

static bool is_content(const struct field *f)
{
	return f->namelen > 8 && strncasecmp(f->name, "Content-", 8) == 0;
}

/* What a mailbox format or an old client counted is wrong now, and the mark is ours alone. */
static bool is_untrue(const struct field *f)
{
	return field_is(f, "Content-Length") || field_is(f, "Lines") || field_is(f, LEAN_FIELD);
}

/* The field as it stands; its line is ended where the header was cut. */
static void put_raw(struct buf *out, const struct field *f)
{
	buf_put(out, f->raw, f->rawlen);
	if (f->rawlen == 0 || f->raw[f->rawlen - 1] != '\n')
		buf_puts(out, "\r\n");
}

static bool is_token(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || strchr("()<>@,;:\\\"/[]?=", *s) != NULL)
			return false;
	return true;
}

static void put_type(struct buf *out, const struct part *p)
{
	bool tokens = is_token(p->type) && is_token(p->subtype);

	buf_printf(out, "Content-Type: %s/%s", tokens ? p->type : "application",
	    tokens ? p->subtype : "octet-stream");
	if (p->multipart && p->boundary != NULL)
		param_put(out, "boundary", p->boundary);
	if (p->charset != NULL)
		param_put(out, "charset", p->charset);
	if (p->name != NULL)
		param_put(out, "name", p->name);
	buf_puts(out, "\r\n");
}

static void put_encoding(struct buf *out, const struct part *p)
{
	if (!p->multipart && p->encoding != NULL && is_token(p->encoding) &&
	    strcmp(p->encoding, "7bit") != 0)
		buf_printf(out, "Content-Transfer-Encoding: %s\r\n", p->encoding);
}

/* ---- a part that stays on the server */

/* RFC 2017 section 3.1: words of at most 40 characters; whoever reads it drops the blanks. */
static void put_url(struct buf *out, const char *url)
{
	size_t n = strlen(url);

	buf_puts(out, "\tURL=\"");
	for (size_t at = 0; at < n; at += LEAN_URL_WORD) {
		size_t word = n - at < LEAN_URL_WORD ? n - at : LEAN_URL_WORD;

		if (at > 0)
			buf_puts(out, "\r\n\t ");
		buf_put(out, url + at, word);
	}
	buf_putc(out, '"');
}

static int build_url(const struct lean *m, const struct part *p, struct buf *out, struct fault *f)
{
	struct url u = *m->u;
	char root[] = "TEXT";

	u.section = p->section[0] != '\0' ? p->section : root;
	url_build(out, &u);
	return buf_failed(out) ? fault_set(f, FAULT_DATA, "a URL that is too long") : 0;
}

/* RFC 2046 section 5.2.3.1: the size without the transfer encoding. */
static uint64_t decoded_size(const struct part *p, uint64_t octets)
{
	enum { LINE = 78, LINE_OCTETS = 57 };

	if (p->encoding == NULL || strcmp(p->encoding, "base64") != 0)
		return octets;
	return octets / LINE * LINE_OCTETS + octets % LINE / 4 * 3;
}

/* RFC 2046 section 5.2.3 demands one: the same part gets the same one each time. */
static void put_content_id(const struct lean *m, const char *url, struct buf *out)
{
	unsigned char sha256[DIGEST_LEN];
	const char *host = m->u->host != NULL ? m->u->host : "localhost";
	struct digest d;

	digest_init(&d);
	digest_add(&d, url, strlen(url));
	digest_end(&d, sha256);
	buf_puts(out, "Content-ID: <");
	for (int i = 0; i < 16; i++)
		buf_printf(out, "%02x", sha256[i]);
	buf_putc(out, '@');
	for (; *host != '\0'; host++)
		buf_putc(out, text_is_alnum(*host) || *host == '.' ? *host : '-');
	buf_puts(out, ">\r\n");
}

static bool has_value(const struct field *f)
{
	for (size_t i = 0; i < f->valuelen; i++)
		if (!text_is_space(f->value[i]))
			return true;
	return false;
}

/* The phantom header: of the encapsulated message, whose body is elsewhere. */
static void put_phantom(const struct lean *m, const struct part *p, const struct header *raw,
    const char *url, struct buf *out)
{
	struct field f;

	for (int i = 0; i < NKEPT; i++) {
		if (header_find(raw, kept[i], &f) && has_value(&f))
			put_raw(out, &f);
		else if (i == 0)
			put_type(out, p);
		else if (i == 1)
			put_content_id(m, url, out);
		else if (i == 2)
			put_encoding(out, p);
	}
}

static int put_external(
    const struct lean *m, size_t i, const struct header *raw, struct buf *out, struct fault *f)
{
	const struct part *p = &m->s.part[i];
	struct buf url;

	buf_init(&url, URL_MAX);
	if (build_url(m, p, &url, f) == -1) {
		buf_free(&url);
		return -1;
	}
	buf_puts(out, "Content-Type: message/external-body; access-type=URL;\r\n");
	put_url(out, buf_str(&url));
	if (m->part[i].size > 0)
		buf_printf(
		    out, ";\r\n\tsize=%llu", (unsigned long long)decoded_size(p, m->part[i].size));
	buf_puts(out, "\r\n\r\n");
	put_phantom(m, p, raw, buf_str(&url), out);
	buf_puts(out, "\r\n");
	buf_free(&url);
	return 0;
}

/* ---- headers */

/* Whether a reader of this Content-Type comes to the boundary that will be written. */
static bool has_boundary(const struct field *f, const struct part *p)
{
	struct buf text, boundary;
	bool same;

	buf_init(&text, HEADER_SECTION_MAX);
	buf_init(&boundary, HEADER_SECTION_MAX);
	field_unfold(&text, f);
	same = strncasecmp(buf_str(&text), "multipart/", 10) == 0 &&
	    param_get(&boundary, buf_str(&text), text.len, "boundary") == 0 &&
	    strcmp(buf_str(&boundary), p->boundary) == 0;
	buf_free(&text);
	buf_free(&boundary);
	return same;
}

static bool is_identity(const struct field *f)
{
	struct buf text;
	bool is;

	buf_init(&text, HEADER_SECTION_MAX);
	field_unfold(&text, f);
	is = strcasecmp(buf_str(&text), "7bit") == 0 || strcasecmp(buf_str(&text), "8bit") == 0 ||
	    strcasecmp(buf_str(&text), "binary") == 0;
	buf_free(&text);
	return is;
}

/* The Content-* fields of a part that comes, or is opened. One type, and for a multipart the one that is true. What is missing, because the server
 * did not give the header, is what BODYSTRUCTURE says. */
static void put_content_fields(
    const struct lean *m, size_t i, const struct header *raw, struct buf *out)
{
	const struct part *p = &m->s.part[i];
	bool open = m->part[i].mode == LEAN_OPEN && p->multipart, typed = false;
	struct field f, encoding;
	size_t pos = 0;

	while (header_next(raw, &pos, &f)) {
		bool type = field_is(&f, "Content-Type");

		if (!is_content(&f) || is_untrue(&f) || (type && typed))
			continue;
		if (open && field_is(&f, "Content-Transfer-Encoding") && !is_identity(&f))
			continue;
		if (type && open && !has_boundary(&f, p))
			continue;
		put_raw(out, &f);
		typed = typed || type;
	}
	if (!typed && (open || strcmp(p->type, "text") != 0))
		put_type(out, p);
	if (!header_find(raw, "Content-Transfer-Encoding", &encoding))
		put_encoding(out, p);
}

static void put_message_fields(const struct header *raw, bool left, struct buf *out)
{
	struct field f;
	size_t pos = 0;
	bool versioned = false;

	while (header_next(raw, &pos, &f)) {
		if (is_content(&f) || is_untrue(&f))
			continue;
		put_raw(out, &f);
		versioned = versioned || field_is(&f, "MIME-Version");
	}
	if (left && !versioned)
		buf_puts(out, "MIME-Version: 1.0\r\n");
}

int lean_head(
    const struct lean *m, size_t i, const struct header *raw, struct buf *out, struct fault *f)
{
	bool left = m->part[i].mode == LEAN_LEAVE;

	if (i == 0)
		buf_printf(out, LEAN_FIELD ": %u\r\n", m->left);
	if (lean_is_message(m, i))
		put_message_fields(raw, left, out);
	if (left) {
		if (put_external(m, i, raw, out, f) == -1)
			return -1;
	} else {
		put_content_fields(m, i, raw, out);
		buf_puts(out, "\r\n");
	}
	return buf_failed(out)
	    ? fault_set(f, FAULT_TEMP, "out of memory, or a header over %d octets", LEAN_OUT_MAX)
	    : 0;
}
