#include "msg/preview.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "base/utf8.h"
#include "msg/charset.h"
#include "msg/text.h"

enum { NAME_MAX_OCTETS = 16, REFERENCE_MAX = 12 };

/* ---- to UTF-8, a line after the other */

static void to_utf8(struct buf *out, const char *p, size_t n, const char *name, bool html)
{
	struct charset c;

	if (name == NULL || charset_open(&c, name, strlen(name)) == -1)
		c.kind = CHARSET_NATIVE;
	while (n > 0) {
		size_t end, len = text_line(p, n, &end);

		if (html || len == 0 || p[0] != '>')
			charset_put(out, &c, p, len);
		buf_putc(out, ' ');
		p += len + end;
		n -= len + end;
	}
	charset_close(&c);
}

/* ---- HTML to text */

/* Text that is being read. */
struct reader {
	const char *p;
	size_t n;
};

static void skip(struct reader *r, size_t n)
{
	if (n > r->n)
		n = r->n;
	r->p += n;
	r->n -= n;
}

/* Behind the next `what`, in any case, or to the end. */
static void skip_behind(struct reader *r, const char *what)
{
	size_t len = strlen(what);

	while (r->n >= len && strncasecmp(r->p, what, len) != 0)
		skip(r, 1);
	skip(r, r->n >= len ? len : r->n);
}

static bool is_one_of(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcasecmp(*names, name) == 0)
			return true;
	return false;
}

static void tag_name(struct reader *r, char name[static NAME_MAX_OCTETS])
{
	size_t len = 0;

	while (len < r->n && len < NAME_MAX_OCTETS - 1 && text_is_alnum(r->p[len]))
		len++;
	memcpy(name, r->p, len);
	name[len] = '\0';
	skip(r, len);
}

/* r is behind "<". What a tag parts, a blank parts too. */
static void take_tag(struct reader *r, struct buf *out)
{
	static const char *const hidden[] = {"head", "style", "script", "title", NULL};
	static const char *const within[] = {"a", "abbr", "b", "big", "code", "em", "font", "i",
	    "s", "small", "span", "strong", "sub", "sup", "tt", "u", NULL};
	char name[NAME_MAX_OCTETS], end[NAME_MAX_OCTETS + 2];
	bool closing = r->n > 0 && r->p[0] == '/';

	if (r->n >= 3 && memcmp(r->p, "!--", 3) == 0) {
		skip_behind(r, "-->");
		return;
	}
	skip(r, closing);
	tag_name(r, name);
	skip_behind(r, ">");
	if (!closing && is_one_of(hidden, name)) {
		end[0] = '<';
		end[1] = '/';
		memcpy(end + 2, name, strlen(name) + 1);
		skip_behind(r, end);
		skip_behind(r, ">");
	}
	if (!is_one_of(within, name))
		buf_putc(out, ' ');
}

/* The character that "#233" or "#xE9" stands for; 0: none. */
static uint32_t number_of(const char *text)
{
	bool hex = text[1] == 'x' || text[1] == 'X';
	uint32_t cp = 0;

	for (const char *p = text + 1 + hex; *p != '\0'; p++) {
		int digit = enc_hex_value(*p);

		if (digit == -1 || (!hex && digit > 9))
			return 0;
		cp = cp * (hex ? 16 : 10) + (uint32_t)digit;
		if (cp > 0x10ffff)
			return 0;
	}
	return cp;
}

static uint32_t named(const char *text)
{
	static const struct {
		const char *name;
		uint32_t cp;
	} names[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''},
	    {"nbsp", ' '}, {"auml", 0xe4}, {"ouml", 0xf6}, {"uuml", 0xfc}, {"Auml", 0xc4},
	    {"Ouml", 0xd6}, {"Uuml", 0xdc}, {"szlig", 0xdf}, {"eacute", 0xe9}, {"egrave", 0xe8},
	    {"agrave", 0xe0}, {"ccedil", 0xe7}, {"ntilde", 0xf1}, {"ndash", 0x2013},
	    {"mdash", 0x2014}, {"hellip", 0x2026}, {"rsquo", 0x2019}, {"lsquo", 0x2018},
	    {"rdquo", 0x201d}, {"ldquo", 0x201c}, {"euro", 0x20ac}, {"copy", 0xa9}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].cp;
	return 0;
}

/* r is at "&". What is no reference that we know stays as it is. */
static void take_reference(struct reader *r, struct buf *out)
{
	char text[REFERENCE_MAX], character[UTF8_MAX];
	uint32_t cp = 0;
	size_t len = 0;

	while (len + 1 < r->n && len < sizeof(text) - 1 &&
	    (text_is_alnum(r->p[len + 1]) || (len == 0 && r->p[1] == '#'))) {
		text[len] = r->p[len + 1];
		len++;
	}
	text[len] = '\0';
	if (len + 1 < r->n && r->p[len + 1] == ';' && len > 0)
		cp = text[0] == '#' ? number_of(text) : named(text);
	size_t octets = cp == 0 || utf8_is_unsafe(cp) ? 0 : utf8_put(character, cp);
	if (octets == 0) {
		buf_putc(out, '&');
		skip(r, 1);
		return;
	}
	buf_put(out, character, octets);
	skip(r, len + 2);
}

static void strip_html(struct buf *out, const char *p, size_t n)
{
	struct reader r = {p, n};

	while (r.n > 0) {
		if (*r.p == '<') {
			skip(&r, 1);
			take_tag(&r, out);
		} else if (*r.p == '&') {
			take_reference(&r, out);
		} else {
			buf_putc(out, *r.p);
			skip(&r, 1);
		}
	}
}

/* ---- to a line */

static bool is_blank(uint32_t cp)
{
	return cp == ' ' || cp == '\t' || cp == 0xa0 || cp == 0x3000;
}

static void put_line(struct buf *out, const char *p, size_t n)
{
	bool blank = false;
	size_t begin = out->len;

	for (unsigned count = 0; n > 0 && count < PREVIEW_CHARACTERS;) {
		uint32_t cp = 0;
		size_t len = utf8_next(p, n, &cp);

		if (len == 0)
			len = 1;
		else if (is_blank(cp))
			blank = out->len > begin;
		else if (!utf8_is_unsafe(cp)) {
			count += blank;
			if (blank && count < PREVIEW_CHARACTERS)
				buf_putc(out, ' ');
			blank = false;
			if (count++ < PREVIEW_CHARACTERS)
				buf_put(out, p, len);
		}
		p += len;
		n -= len;
	}
}

void preview_text(struct buf *out, const char *p, size_t n, const char *charset, bool html)
{
	struct buf text, plain;

	/* A character has at most four octets, and an octet may become U+FFFD. */
	buf_init(&text, 4 * n + 64);
	buf_init(&plain, 4 * n + 64);
	to_utf8(&text, p, n, charset, html);
	if (html)
		strip_html(&plain, buf_str(&text), text.len);
	if (!html || buf_failed(&plain))
		put_line(out, buf_str(&text), text.len);
	else
		put_line(out, buf_str(&plain), plain.len);
	buf_free(&text);
	buf_free(&plain);
}
