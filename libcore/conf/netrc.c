#include "conf/netrc.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct scan {
	const char *p, *end;
	unsigned line;
	struct buf word; /* the one read last */
	struct fault *f;
};

/* What an entry has said so far, as far as it matters to us. */
struct entry {
	bool host;       /* it is for our host */
	bool login;      /* its login is not somebody else's */
	struct buf *out; /* its password */
	bool has_password;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* True at the start of a line, blanks aside. */
static bool skip_space(struct scan *s)
{
	bool fresh = s->line == 0;

	s->line += fresh;
	while (s->p < s->end && is_space(*s->p)) {
		if (*s->p++ == '\n') {
			s->line++;
			fresh = true;
		}
	}
	return fresh;
}

static void skip_line(struct scan *s)
{
	const char *end = memchr(s->p, '\n', (size_t)(s->end - s->p));

	s->p = end != NULL ? end : s->end;
}

static int bad(struct scan *s, const char *what)
{
	return fault_set(s->f, FAULT_CONFIG, "line %u: %s", s->line, what);
}

static int read_word(struct scan *s)
{
	bool quoted = *s->p == '"';

	s->p += quoted;
	while (s->p < s->end && (quoted ? *s->p != '"' && *s->p != '\n' : !is_space(*s->p))) {
		if (*s->p == '\\' && s->p + 1 < s->end && s->p[1] != '\n')
			s->p++;
		buf_putc(&s->word, *s->p++);
	}
	if (quoted && (s->p == s->end || *s->p != '"'))
		return bad(s, "a quote that does not end");
	s->p += quoted;
	return 1;
}

/* 1: a word; 0: the end; -1. */
static int next_word(struct scan *s)
{
	buf_reset(&s->word);
	while (skip_space(s) && s->p < s->end && *s->p == '#')
		skip_line(s);
	if (s->p == s->end)
		return 0;
	if (read_word(s) == -1)
		return -1;
	if (buf_failed(&s->word))
		return bad(s, "a word that is too long");
	if (s->word.len > 0 && memchr(s->word.data, '\0', s->word.len) != NULL)
		return bad(s, "NUL");
	return 1;
}

static int read_value(struct scan *s)
{
	int r = next_word(s);

	return r == 0 ? bad(s, "a value is missing at the end") : r;
}

/* To the first empty line. */
static void skip_macro(struct scan *s)
{
	skip_line(s);
	while (s->p < s->end) {
		s->p++;
		s->line++;
		if (s->p == s->end || *s->p == '\n' || *s->p == '\r')
			return;
		skip_line(s);
	}
}

static bool word_is(struct scan *s, const char *what)
{
	return strcmp(buf_str(&s->word), what) == 0;
}

static void begin(struct entry *e, bool host)
{
	buf_wipe(e->out);
	*e = (struct entry){.host = host, .login = true, .out = e->out};
}

static bool complete(const struct entry *e)
{
	return e->host && e->login && e->has_password;
}

/* The word that was read, and its value. */
static int take(struct scan *s, struct entry *e, const char *user)
{
	bool login = word_is(s, "login"), password = word_is(s, "password");

	if (!login && !password && !word_is(s, "account") && !word_is(s, "port") &&
	    !word_is(s, "macdef"))
		return 0;
	bool macro = word_is(s, "macdef");
	if (read_value(s) == -1)
		return -1;
	if (macro)
		skip_macro(s);
	if (login)
		e->login = strcmp(buf_str(&s->word), user) == 0;
	if (password) {
		buf_wipe(e->out);
		buf_put(e->out, s->word.data, s->word.len);
		e->has_password = true;
	}
	return 0;
}

static int find(struct scan *s, const char *host, const char *user, struct entry *e)
{
	int r;

	while ((r = next_word(s)) == 1) {
		bool machine = word_is(s, "machine");

		if ((machine || word_is(s, "default")) && complete(e))
			return 1;
		if (machine && read_value(s) == -1)
			return -1;
		if (machine)
			begin(e, strcasecmp(buf_str(&s->word), host) == 0);
		else if (word_is(s, "default"))
			begin(e, true);
		else if (take(s, e, user) == -1)
			return -1;
	}
	return r == 0 ? complete(e) : -1;
}

int netrc_find(const char *text, size_t n, const char *host, const char *user, struct buf *password,
    struct fault *f)
{
	struct scan s = {.p = text, .end = text + n, .f = f};
	struct entry e = {.out = password};
	int r;

	buf_init(&s.word, NETRC_WORD_MAX);
	r = find(&s, host, user, &e);
	if (r == 1 && buf_failed(password))
		r = bad(&s, "the password is too long");
	if (r != 1)
		buf_wipe(password);
	buf_wipe(&s.word);
	return r;
}
