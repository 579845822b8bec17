#include <string.h>

#include "base/enc.h"
#include "msg/address.h"
#include "msg/text.h"
#include "msg/word.h"

/*
 * Words are read before it is known what they are: a display name, the name of a group, or a local
 * part. So both are collected: the words as text, and as the local part that they would be.
 */
struct scan {
	const char *s;
	size_t n, at;
	struct buf name;            /* as it stands there, quotes and comments gone */
	struct buf local;           /* content of the local part, or of the domain */
	bool no_local;              /* two words without a dot between: a name only */
	bool after_word;            /* the last token was a word */
	bool any;                   /* there was a token */
	size_t comment, commentlen; /* the last comment, without its brackets */
	const char *wrong;          /* what is malformed */
};

static char peek(const struct scan *s)
{
	return s->at < s->n ? s->s[s->at] : '\0';
}

/* Behind the comment at s->at: nested ones are counted, so that depth costs nothing. */
static bool skip_comment(struct scan *s)
{
	size_t depth = 0, start = s->at + 1;

	for (; s->at < s->n; s->at++) {
		char c = s->s[s->at];

		if (c == '\\' && s->n - s->at > 1)
			s->at++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			break;
	}
	if (s->at == s->n) {
		s->wrong = "a comment without an end";
		return false;
	}
	s->comment = start;
	s->commentlen = s->at - start;
	s->at++;
	return true;
}

static bool skip_cfws(struct scan *s)
{
	size_t start = s->at;

	while (s->at < s->n && (text_is_space(s->s[s->at]) || s->s[s->at] == '('))
		if (s->s[s->at] != '(')
			s->at++;
		else if (!skip_comment(s))
			return false;
	/* What was left out parts the words of a name. */
	if (s->at > start && s->name.len > 0)
		buf_putc(&s->name, ' ');
	return true;
}

/* After a word that was no dot: the local part ends here, or it is none. */
static void begin_word(struct scan *s)
{
	s->no_local = s->no_local || s->after_word;
	s->after_word = true;
	s->any = true;
}

static bool read_quoted(struct scan *s)
{
	begin_word(s);
	for (s->at++; s->at < s->n && s->s[s->at] != '"'; s->at++) {
		if (s->s[s->at] == '\\' && s->n - s->at > 1)
			s->at++;
		buf_putc(&s->name, s->s[s->at]);
		buf_putc(&s->local, s->s[s->at]);
	}
	if (s->at == s->n) {
		s->wrong = "a quoted string without an end";
		return false;
	}
	s->at++;
	return true;
}

static void read_atom(struct scan *s)
{
	size_t start = s->at;

	begin_word(s);
	while (s->at < s->n && text_is_atext(s->s[s->at]))
		s->at++;
	buf_put(&s->name, s->s + start, s->at - start);
	buf_put(&s->local, s->s + start, s->at - start);
}

/* A dot joins words; "[" and "]" are no words, but stand in the names of mailing lists. */
static void read_special(struct scan *s)
{
	char c = s->s[s->at++];

	s->any = true;
	s->after_word = false;
	s->no_local = s->no_local || c != '.';
	buf_putc(&s->name, c);
	buf_putc(&s->local, c);
}

static void forget_words(struct scan *s)
{
	buf_reset(&s->name);
	buf_reset(&s->local);
	s->no_local = s->after_word = s->any = false;
	s->commentlen = 0;
}

/* Words up to the next character that is no part of them. */
static bool read_words(struct scan *s)
{
	forget_words(s);
	while (skip_cfws(s)) {
		char c = peek(s);

		if (s->at == s->n)
			return true;
		if (c == '"') {
			if (!read_quoted(s))
				return false;
		} else if (text_is_atext(c)) {
			read_atom(s);
		} else if (c == '.' || c == '[' || c == ']') {
			read_special(s);
		} else {
			return true;
		}
	}
	return false;
}

static bool is_dot_atom(const char *s, size_t n)
{
	if (n == 0 || s[0] == '.' || s[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '.' ? s[i + 1] == '.' : !text_is_atext(s[i]))
			return false;
	return true;
}

static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return true;
	return false;
}

/* The local part as SMTP wants it: a dot-atom, or a quoted string where it is none. */
static bool put_local(struct scan *s, struct buf *spec)
{
	const char *p = buf_str(&s->local);
	size_t n = s->local.len;

	if (s->no_local || !s->any || has_control(p, n)) {
		s->wrong = s->any ? "a local part that is none" : "a missing local part";
		return false;
	}
	if (is_dot_atom(p, n)) {
		buf_put(spec, p, n);
		return true;
	}
	buf_putc(spec, '"');
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"' || p[i] == '\\')
			buf_putc(spec, '\\');
		buf_putc(spec, p[i]);
	}
	buf_putc(spec, '"');
	return true;
}

static bool read_literal(struct scan *s, struct buf *spec)
{
	size_t start = s->at;

	do
		s->at++;
	while (s->at < s->n && s->s[s->at] > ' ' && s->s[s->at] != 0x7f &&
	    strchr("[]\\", s->s[s->at]) == NULL);
	if (peek(s) != ']') {
		s->wrong = "a malformed domain literal";
		return false;
	}
	s->at++;
	buf_put(spec, s->s + start, s->at - start);
	return skip_cfws(s);
}

/* domain, at s->at behind the "@"; blanks and comments around its dots are obsolete, and go. */
static bool read_domain(struct scan *s, struct buf *spec)
{
	size_t start = spec->len;

	if (!skip_cfws(s))
		return false;
	if (peek(s) == '[')
		return read_literal(s, spec);
	for (;;) {
		size_t atom = s->at;

		while (text_is_atext(peek(s)))
			s->at++;
		buf_put(spec, s->s + atom, s->at - atom);
		if (!skip_cfws(s))
			return false;
		if (peek(s) != '.')
			break;
		buf_putc(spec, '.');
		s->at++;
		if (!skip_cfws(s))
			return false;
	}
	if (buf_failed(spec) || is_dot_atom(spec->data + start, spec->len - start))
		return true;
	s->wrong = "a malformed domain";
	return false;
}

/* The words that were read are a local part, and "@" comes next. */
static bool read_spec(struct scan *s, struct buf *spec)
{
	if (!put_local(s, spec))
		return false;
	buf_putc(spec, '@');
	s->at++;
	return read_domain(s, spec);
}

/* obs-route, "@a,@b:", says how mail was to travel once, and is to be ignored. */
static bool skip_route(struct scan *s)
{
	if (!skip_cfws(s))
		return false;
	if (peek(s) != '@')
		return true;
	while (s->at < s->n && peek(s) != ':' && peek(s) != '>')
		if (peek(s) != '(')
			s->at++;
		else if (!skip_comment(s))
			return false;
	if (peek(s) != ':') {
		s->wrong = "a malformed route";
		return false;
	}
	s->at++;
	return true;
}

static bool read_angle(struct scan *s, bool bare, struct buf *spec)
{
	bool good;

	s->at++;
	if (!skip_route(s) || !read_words(s))
		return false;
	if (peek(s) == '@')
		good = read_spec(s, spec);
	else
		good = bare && put_local(s, spec);
	if (!good || peek(s) != '>') {
		if (s->wrong == NULL)
			s->wrong = "a malformed address";
		return false;
	}
	s->at++;
	return skip_cfws(s);
}

static void set_name(struct address *out, const char *raw, size_t n)
{
	struct buf name;

	buf_init(&name, SIZE_MAX);
	word_decode(&name, raw, n);
	const char *p = buf_str(&name);
	size_t len = name.failed ? 0 : name.len;
	text_trim(&p, &len);
	if (len > ADDRESS_NAME_MAX)
		for (len = ADDRESS_NAME_MAX; len > 0 && (p[len] & 0xc0) == 0x80;)
			len--;
	text_trim(&p, &len);
	memcpy(out->name, p, len);
	out->name[len] = '\0';
	buf_free(&name);
}

/* "alice@example.org (Alice)": before display names there were comments. */
static void name_from_comment(const struct scan *s, struct address *out)
{
	struct buf text;

	buf_init(&text, s->commentlen);
	for (size_t i = 0; i < s->commentlen; i++) {
		const char *p = s->s + s->comment + i;

		i += *p == '\\' && i + 1 < s->commentlen;
		buf_putc(&text, s->s[s->comment + i]);
	}
	set_name(out, buf_str(&text), text.len);
	buf_free(&text);
}

static bool at_end(const struct scan *s)
{
	return s->at == s->n || s->s[s->at] == ',' || s->s[s->at] == ';';
}

/* The words that were read, from `start`, begin a mailbox. */
static bool read_mailbox(
    struct scan *s, size_t start, bool bare, struct address *out, struct buf *spec)
{
	out->name[0] = '\0';
	if (peek(s) == '@') {
		if (!read_spec(s, spec))
			return false;
		/* "alice@example.org <alice@example.org>": what seemed an address was a name. */
		if (peek(s) == '<') {
			set_name(out, s->s + start, s->at - start);
			buf_reset(spec);
			return read_angle(s, bare, spec);
		}
		return true;
	}
	if (peek(s) == '<') {
		set_name(out, buf_str(&s->name), s->name.len);
		return read_angle(s, bare, spec);
	}
	if (at_end(s) && bare)
		return put_local(s, spec);
	s->wrong = at_end(s) ? "an address without a domain" : "an unexpected character";
	return false;
}

static bool read_element(struct scan *s, size_t start, bool bare, struct address *out)
{
	struct buf spec;
	bool good;

	buf_init(&spec, ADDRESS_MAX);
	good = read_mailbox(s, start, bare, out, &spec);
	if (good && !at_end(s)) {
		s->wrong = "more than an address";
		good = false;
	}
	if (good && (buf_failed(&spec) || !enc_is_utf8(buf_str(&spec), spec.len))) {
		s->wrong = buf_failed(&spec) ? "an address that is too long" : "no UTF-8";
		good = false;
	}
	if (good) {
		memcpy(out->spec, buf_str(&spec), spec.len + 1);
		if (out->name[0] == '\0')
			name_from_comment(s, out);
		s->at += s->at < s->n;
	}
	buf_free(&spec);
	return good;
}

/* Goes to the words of the next mailbox: past commas, the names of groups and the ends of groups. */
static bool find_element(struct scan *s, size_t *start)
{
	for (;; s->at++) {
		*start = s->at;
		if (!read_words(s))
			return false;
		char c = peek(s);
		if (s->at == s->n || !((s->any && c == ':') || (!s->any && (c == ',' || c == ';'))))
			return true;
	}
}

int address_next(
    const char *s, size_t n, size_t *pos, bool bare, struct address *out, struct fault *f)
{
	struct scan scan = {.s = s, .n = n, .at = *pos};
	size_t start = 0;
	int r;

	buf_init(&scan.name, SIZE_MAX);
	buf_init(&scan.local, SIZE_MAX);
	if (!find_element(&scan, &start))
		r = -1;
	else if (scan.at == n && !scan.any)
		r = 0;
	else
		r = read_element(&scan, start, bare, out) ? 1 : -1;
	buf_free(&scan.name);
	buf_free(&scan.local);
	if (r == -1)
		return fault_set(f, FAULT_DATA, "%s, near \"%.*s\"", scan.wrong,
		    n - start < 40 ? (int)(n - start) : 40, s + start);
	*pos = scan.at;
	return r;
}
