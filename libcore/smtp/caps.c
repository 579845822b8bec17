#include "smtp/caps.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

/* A word of an EHLO line; the line is cut off as words are taken. */
struct word {
	const char *s;
	size_t n;
};

static bool next_word(const char **line, const char *end, const char *separators, struct word *w)
{
	const char *p = *line;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	w->s = p;
	while (p < end && !strchr(separators, *p))
		p++;
	w->n = (size_t)(p - w->s);
	*line = p;
	return w->n > 0;
}

static bool is(const struct word *w, const char *keyword)
{
	return w->n == strlen(keyword) && strncasecmp(w->s, keyword, w->n) == 0;
}

/* Appends whole words only: half a mechanism's name would be another mechanism. */
static void add_word(char *to, size_t size, const struct word *w)
{
	size_t len = strlen(to), blank = len > 0;

	if (w->n + blank >= size - len)
		return;
	snprintf(to + len, size - len, "%s%.*s", blank ? " " : "", (int)w->n, w->s);
}

static void parse_auth(struct smtp_caps *c, const char *p, const char *end)
{
	struct word w;

	while (next_word(&p, end, " \t", &w))
		add_word(c->auth, sizeof(c->auth), &w);
}

static void parse_burl(struct smtp_caps *c, const char *p, const char *end)
{
	static const char scheme[] = "imap://";
	struct word w;

	c->burl = true;
	while (next_word(&p, end, " \t", &w)) {
		if (is(&w, "imap"))
			c->burl_imap = true;
		if (w.n > strlen(scheme) && strncasecmp(w.s, scheme, strlen(scheme)) == 0 &&
		    c->burl_url[0] == '\0')
			add_word(c->burl_url, sizeof(c->burl_url), &w);
	}
}

static void parse_size(struct smtp_caps *c, const char *p, const char *end)
{
	struct word w;

	c->size = true;
	if (next_word(&p, end, " \t", &w) && num_u63(w.s, w.n, &c->size_max) == -1)
		c->size_max = 0;
}

static void parse_flag(struct smtp_caps *c, const struct word *w)
{
	const struct {
		const char *keyword;
		bool *flag;
	} flags[] = {
	    {"8BITMIME", &c->eightbitmime}, {"BINARYMIME", &c->binarymime},
	    {"CHUNKING", &c->chunking}, {"DSN", &c->dsn}, {"ENHANCEDSTATUSCODES", &c->enhanced},
	    {"PIPECONNECT", &c->pipeconnect}, {"PIPELINING", &c->pipelining},
	    {"REQUIRETLS", &c->requiretls}, {"SMTPUTF8", &c->smtputf8}, {"STARTTLS", &c->starttls},
	    {"VRFY", &c->vrfy}, {"X_PIPE_CONNECT", &c->pipeconnect}, /* Exim before 4.94 */
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (is(w, flags[i].keyword))
			*flags[i].flag = true;
	}
}

static void parse_line(struct smtp_caps *c, const char *p, const char *end)
{
	struct word w;

	/* "AUTH=LOGIN" is how servers spoke to a client of 1997, and some still do. */
	if (!next_word(&p, end, " \t=", &w))
		return;
	if (p < end && *p == '=') {
		if (!is(&w, "AUTH"))
			return;
		p++;
	}
	if (is(&w, "AUTH"))
		parse_auth(c, p, end);
	else if (is(&w, "BURL"))
		parse_burl(c, p, end);
	else if (is(&w, "SIZE"))
		parse_size(c, p, end);
	else
		parse_flag(c, &w);
}

/* EHLO lines are printable ASCII; what is not, is no keyword that we know, and shall not be remembered. */
static bool is_clean(const char *p, const char *end)
{
	for (; p < end; p++) {
		if ((*p < ' ' && *p != '\t') || *p > '~')
			return false;
	}
	return true;
}

static void keep_line(struct smtp_caps *c, const char *p, const char *end)
{
	size_t len = strlen(c->ehlo), n = (size_t)(end - p);

	if (n + 2 > sizeof(c->ehlo) - len)
		return;
	snprintf(c->ehlo + len, sizeof(c->ehlo) - len, "%s%.*s", len > 0 ? "\n" : "", (int)n, p);
}

void smtp_caps_parse(struct smtp_caps *c, const char *lines)
{
	memset(c, 0, sizeof(*c));
	while (*lines != '\0') {
		const char *end = lines + strcspn(lines, "\n");
		const char *stop = end > lines && end[-1] == '\r' ? end - 1 : end;
		if (stop > lines && is_clean(lines, stop)) {
			parse_line(c, lines, stop);
			keep_line(c, lines, stop);
		}
		lines = *end == '\n' ? end + 1 : end;
	}
}
