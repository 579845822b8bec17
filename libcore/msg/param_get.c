#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "msg/charset.h"
#include "msg/text.h"
#include "msg/word.h"

enum { SECTIONS_MAX = 512 };

/* One value, as it stands there. */
struct raw {
	const char *s; /* NULL: none */
	size_t n;
	bool quoted;   /* without its quotes, with its escapes */
	bool extended; /* percent-encoded */
};

/* All that a field says about one parameter, in the ways that RFC 2045 and RFC 2231 have for it. */
struct found {
	struct raw plain, whole;
	struct raw section[SECTIONS_MAX];
};

/* The field value and how far it was read. */
struct scan {
	const char *s;
	size_t n, at;
};

/* Behind a comment, or a quoted string, that begins at s->at; nested comments are counted. */
static void skip_comment(struct scan *s)
{
	size_t depth = 0;

	for (; s->at < s->n; s->at++) {
		char c = s->s[s->at];

		if (c == '\\')
			s->at += s->n - s->at > 1;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			break;
	}
	s->at += s->at < s->n;
}

static void skip_quoted(struct scan *s)
{
	for (s->at++; s->at < s->n && s->s[s->at] != '"'; s->at++)
		if (s->s[s->at] == '\\')
			s->at += s->n - s->at > 1;
	s->at += s->at < s->n;
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->n && (text_is_space(s->s[s->at]) || s->s[s->at] == '('))
		if (s->s[s->at] == '(')
			skip_comment(s);
		else
			s->at++;
}

/* Behind the next ";" that is in no quotes and no comment. */
static void skip_to_next(struct scan *s)
{
	while (s->at < s->n && s->s[s->at] != ';')
		if (s->s[s->at] == '(')
			skip_comment(s);
		else if (s->s[s->at] == '"')
			skip_quoted(s);
		else
			s->at++;
	s->at += s->at < s->n;
}

static void read_value(struct scan *s, struct raw *r)
{
	size_t start;

	skip_blanks(s);
	start = s->at;
	*r = (struct raw){.s = s->s + start};
	if (start < s->n && s->s[start] == '"') {
		skip_quoted(s);
		r->s++;
		r->quoted = true;
		r->n = s->at - start - 1;
		if (r->n > 0 && s->s[s->at - 1] == '"')
			r->n--;
		return;
	}
	/* Many senders leave the quotes away where blanks ask for them. */
	while (s->at < s->n && s->s[s->at] != ';' &&
	    !(s->s[s->at] == '(' && s->at > start && text_is_space(s->s[s->at - 1])))
		s->at++;
	r->n = s->at - start;
	text_trim(&r->s, &r->n);
}

/* Where the value of a parameter called `name`, with `rest` behind the name in the field, belongs;
 * NULL when it is another parameter. Sets *extended. */
static struct raw *place(struct found *f, const char *rest, size_t n, bool *extended)
{
	uint32_t section;

	*extended = n > 0 && rest[n - 1] == '*';
	if (n == 0)
		return &f->plain;
	if (n == 1 && *extended)
		return &f->whole;
	n -= *extended;
	if (rest[0] != '*' || num_u32(rest + 1, n - 1, &section) == -1 || section >= SECTIONS_MAX)
		return NULL;
	return &f->section[section];
}

static void read_parameter(struct scan *s, const char *name, struct found *f)
{
	size_t len = strlen(name), start, n;
	bool extended;

	skip_blanks(s);
	start = s->at;
	while (s->at < s->n && strchr("=;( \t\r\n\"", s->s[s->at]) == NULL)
		s->at++;
	n = s->at - start;
	skip_blanks(s);
	if (s->at == s->n || s->s[s->at] != '=' || n < len ||
	    strncasecmp(s->s + start, name, len) != 0)
		return;
	struct raw *r = place(f, s->s + start + len, n - len, &extended);
	if (r == NULL || r->s != NULL)
		return;
	s->at++;
	read_value(s, r);
	r->extended = extended;
}

static void put_unquoted(struct buf *out, const struct raw *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->quoted && r->s[i] == '\\' && i + 1 < r->n)
			i++;
		buf_putc(out, r->s[i]);
	}
}

static void put_octets(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%' && n - i > 2 && text_hex(s[i + 1]) >= 0 &&
		    text_hex(s[i + 2]) >= 0) {
			buf_putc(out, (char)(text_hex(s[i + 1]) << 4 | text_hex(s[i + 2])));
			i += 2;
		} else {
			buf_putc(out, s[i]);
		}
	}
}

/* "charset'language'" in front of the first extended value: opens the charset and goes behind it. */
static void take_charset(struct charset *c, const char **s, size_t *n)
{
	const char *charset_end = memchr(*s, '\'', *n);
	const char *language_end = NULL;

	if (charset_end != NULL)
		language_end = memchr(charset_end + 1, '\'', *n - (size_t)(charset_end + 1 - *s));
	if (language_end == NULL)
		return;
	charset_open(c, *s, (size_t)(charset_end - *s));
	*n -= (size_t)(language_end + 1 - *s);
	*s = language_end + 1;
}

static void put_extended(struct buf *octets, struct charset *c, const struct raw *r, bool first)
{
	const char *s = r->s;
	size_t n = r->n;

	if (!r->extended) {
		put_unquoted(octets, r);
		return;
	}
	if (first)
		take_charset(c, &s, &n);
	put_octets(octets, s, n);
}

static void put_converted(struct buf *out, const struct raw *r, size_t n)
{
	struct charset charset = {.kind = CHARSET_NONE};
	struct buf octets;

	buf_init(&octets, SIZE_MAX);
	for (size_t i = 0; i < n && r[i].s != NULL; i++)
		put_extended(&octets, &charset, &r[i], i == 0);
	if (buf_failed(&octets))
		out->failed = true;
	/* Without a charset, or of one that nobody knows, it is what most senders use. */
	if (charset.kind == CHARSET_NONE)
		text_put(out, buf_str(&octets), octets.len);
	else
		charset_put(out, &charset, buf_str(&octets), octets.len);
	charset_close(&charset);
	buf_free(&octets);
}

static void put_plain(struct buf *out, const struct raw *r)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	put_unquoted(&text, r);
	if (buf_failed(&text))
		out->failed = true;
	/* RFC 2047 section 5 forbids encoded words here, and too many senders write them. */
	word_decode(out, buf_str(&text), text.len);
	buf_free(&text);
}

int param_get(struct buf *out, const char *value, size_t n, const char *name)
{
	struct scan s = {.s = value, .n = n};
	struct found f = {0};

	for (skip_to_next(&s); s.at < n; skip_to_next(&s))
		read_parameter(&s, name, &f);
	if (f.whole.s != NULL)
		put_converted(out, &f.whole, 1);
	else if (f.section[0].s != NULL)
		put_converted(out, f.section, SECTIONS_MAX);
	else if (f.plain.s != NULL)
		put_plain(out, &f.plain);
	else
		return -1;
	return 0;
}
