/* mailboxes_match: patterns of mailbox names. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "app/mailboxes.h"

/* How many octets at the front of the name are INBOX, in whatever case (RFC 9051 section 5.1). */
static size_t inbox_octets(const char *name, char delimiter)
{
	if (strncasecmp(name, "INBOX", 5) != 0)
		return 0;
	return name[5] == '\0' || (delimiter != '\0' && name[5] == delimiter) ? 5 : 0;
}

struct subject {
	const char *name;
	size_t inbox;
	char delimiter;
};

static bool same(const struct subject *s, char c, size_t at)
{
	return at < s->inbox ? toupper((unsigned char)c) == toupper((unsigned char)s->name[at])
			     : c == s->name[at];
}

/* Where to go on when the pattern does not fit: the last "*" and, behind it, the last "%", each with the octet up to which it reaches. An
 * earlier one need not be tried: what a "*" could not reach, no other before it could, and a "%" cannot pass the delimiter that stopped the one behind it. */
struct retreat {
	const char *star, *percent;
	size_t star_at, percent_at;
};

static bool step_back(const struct subject *s, struct retreat *r, const char **p, size_t *at)
{
	if (r->percent != NULL && s->name[r->percent_at] != '\0' &&
	    (s->delimiter == '\0' || s->name[r->percent_at] != s->delimiter)) {
		*p = r->percent;
		*at = ++r->percent_at;
		return true;
	}
	r->percent = NULL;
	if (r->star == NULL || s->name[r->star_at] == '\0')
		return false;
	*p = r->star;
	*at = ++r->star_at;
	return true;
}

/* The n octets of a pattern. */
static bool match(const char *pattern, size_t n, const struct subject *s)
{
	const char *p = pattern, *end = pattern + n;
	struct retreat r = {0};
	size_t at = 0;

	for (;;) {
		if (p < end && *p == '*') {
			r = (struct retreat){.star = ++p, .star_at = at};
		} else if (p < end && *p == '%') {
			r.percent = ++p;
			r.percent_at = at;
		} else if (p < end && s->name[at] != '\0' && same(s, *p, at)) {
			p++;
			at++;
		} else if (p == end && s->name[at] == '\0') {
			return true;
		} else if (!step_back(s, &r, &p, &at)) {
			return false;
		}
	}
}

static struct subject subject_of(const char *name, char delimiter)
{
	return (struct subject){name, inbox_octets(name, delimiter), delimiter};
}

bool mailboxes_pattern(const char *pattern, const char *name, char delimiter)
{
	struct subject s = subject_of(name, delimiter);

	return match(pattern, strlen(pattern), &s);
}

/* The next pattern of a list, unquoted, in `out` (cut at its end: a longer one matches nothing that has a name's length). False: no more. */
struct word {
	bool except;
	size_t n;
	char text[MAILBOXES_NAME_MAX + 1];
};

static void put(struct word *w, char c)
{
	if (w->n < sizeof(w->text))
		w->text[w->n++] = c;
}

/* The length of a pattern's text up to the blank behind it. */
static size_t take_word(struct word *w, const char *s)
{
	bool quoted = false;
	size_t i = 0;

	for (; s[i] != '\0' && (quoted || (s[i] != ' ' && s[i] != '\t')); i++) {
		if (s[i] == '"')
			quoted = !quoted;
		else if (quoted && s[i] == '\\' && s[i + 1] != '\0')
			put(w, s[++i]);
		else
			put(w, s[i]);
	}
	return i;
}

static bool next_word(const char **s, struct word *w)
{
	*s += strspn(*s, " \t");
	if (**s == '\0')
		return false;
	w->except = **s == '!';
	w->n = 0;
	*s += w->except;
	*s += take_word(w, *s);
	return true;
}

bool mailboxes_match(const char *patterns, const char *name, char delimiter)
{
	struct subject s = subject_of(name, delimiter);
	const char *p = patterns != NULL ? patterns : "";
	bool in = true, first = true;
	struct word w;

	while (next_word(&p, &w)) {
		if (first)
			in = w.except;
		first = false;
		if (match(w.text, w.n, &s))
			in = !w.except;
	}
	return in;
}
