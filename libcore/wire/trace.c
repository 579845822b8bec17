#include "wire/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/num.h"
#include "base/whole.h"

enum {
	LINE = 512, /* characters of a line that are shown */
	TAIL =
	    32, /* octets at the end of a line that can announce a literal: "~{9223372036854775807+}\r\n" */
	SHOWN_MAX = 4 * LINE + 256,
};

/* One direction. */
struct side {
	char text[LINE];
	size_t len;
	bool cut;         /* the line is longer than text */
	uint64_t hidden;  /* octets not shown that belong here and are not written down yet */
	char what[32];    /* of the hidden octets; may be empty */
	uint64_t literal; /* octets of a literal that are still to come */
	bool is_chunk;    /* the literal is a chunk of BDAT: a new line begins right behind it */
	char tail[TAIL];
	size_t ntail;
};

struct trace {
	int fd;
	char *name;
	struct side side[2]; /* down, up */
};

struct trace *trace_new(int fd, const char *name)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->fd = fd;
	t->name = strdup(name);
	if (t->name == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

static void show(const struct trace *t, char direction, const char *text, size_t n, bool cut)
{
	struct buf line;

	buf_init(&line, SHOWN_MAX + strlen(t->name));
	buf_printf(&line, "%s%c ", t->name, direction);
	enc_safe(&line, text, n);
	buf_puts(&line, cut ? "...\n" : "\n");
	if (!buf_failed(&line))
		/* A trace that cannot be written is no reason to stop. */
		(void)write_whole(t->fd, line.data, line.len);
	buf_free(&line);
}

static void add_text(struct side *s, const char *p, size_t n)
{
	size_t fits = n < LINE - s->len ? n : LINE - s->len;

	memcpy(s->text + s->len, p, fits);
	s->len += fits;
	s->cut = s->cut || fits < n;
}

/* Writes down the octets that were hidden so far. */
static void add_hidden(struct side *s)
{
	char mark[80];
	int n;

	if (s->hidden == 0)
		return;
	n = snprintf(mark, sizeof(mark), "[%s%s%" PRIu64 " octet%s]", s->what,
	    s->what[0] != '\0' ? ", " : "", s->hidden, s->hidden == 1 ? "" : "s");
	add_text(s, mark, (size_t)n);
	s->hidden = 0;
}

static void hide(struct side *s, uint64_t n, const char *what)
{
	char name[sizeof(s->what)];

	snprintf(name, sizeof(name), "%s", what == NULL ? "" : what);
	if (strcmp(name, s->what) != 0) {
		add_hidden(s);
		memcpy(s->what, name, sizeof(name));
	}
	s->hidden += n;
}

/* The line is at its end. What the other direction has begun came before it. */
static void end_line(struct trace *t, bool up)
{
	struct side *s = &t->side[up];

	add_hidden(s);
	if (s->len > 0 && s->text[s->len - 1] == '\r')
		s->len--;
	show(t, up ? '>' : '<', s->text, s->len, s->cut);
	s->len = 0;
	s->cut = false;
}

static void settle(struct trace *t, bool up)
{
	if (t->side[up].len > 0 || t->side[up].hidden > 0)
		end_line(t, up);
}

static void keep_tail(struct side *s, const char *p, size_t n)
{
	size_t keep = n < TAIL ? TAIL - n : 0;

	if (n > TAIL) {
		p += n - TAIL;
		n = TAIL;
	}
	if (keep > s->ntail)
		keep = s->ntail;
	memmove(s->tail, s->tail + s->ntail - keep, keep);
	memcpy(s->tail + keep, p, n);
	s->ntail = keep + n;
}

/* The size in "{310}", "{310+}" or "{310-}" at the end of the line, else 0: a literal follows. */
static uint64_t announced(const struct side *s)
{
	size_t n = s->ntail, end;
	uint64_t size;

	while (n > 0 && (s->tail[n - 1] == '\n' || s->tail[n - 1] == '\r'))
		n--;
	if (n == 0 || s->tail[--n] != '}')
		return 0;
	if (n > 0 && (s->tail[n - 1] == '+' || s->tail[n - 1] == '-'))
		n--;
	for (end = n; n > 0 && s->tail[n - 1] != '{'; n--)
		continue;
	return n > 0 && num_u63(s->tail + n, end - n, &size) == 0 ? size : 0;
}

/* The size in "BDAT 310 LAST" (RFC 3030), else 0. */
static uint64_t chunk(const struct side *s)
{
	uint64_t size;
	size_t n = 5;

	if (s->len < 6 || strncasecmp(s->text, "BDAT ", 5) != 0)
		return 0;
	while (n < s->len && s->text[n] >= '0' && s->text[n] <= '9')
		n++;
	return num_u63(s->text + 5, n - 5, &size) == 0 ? size : 0;
}

/* n octets of the literal, if there is one, are hidden now. */
static void pass_literal(struct trace *t, bool up, size_t n)
{
	struct side *s = &t->side[up];

	if (s->literal == 0)
		return;
	s->literal -= s->literal < n ? s->literal : n;
	if (s->literal == 0 && s->is_chunk)
		end_line(t, up);
}

static size_t take_literal(struct trace *t, bool up, size_t n)
{
	struct side *s = &t->side[up];
	size_t some = s->literal < n ? (size_t)s->literal : n;

	hide(s, some, NULL);
	pass_literal(t, up, some);
	return some;
}

static size_t take_text(struct trace *t, bool up, const char *p, size_t n)
{
	struct side *s = &t->side[up];
	const char *lf = memchr(p, '\n', n);
	size_t len = lf == NULL ? n : (size_t)(lf - p);

	add_hidden(s);
	add_text(s, p, len);
	keep_tail(s, p, len);
	if (lf == NULL)
		return n;
	s->literal = announced(s);
	s->is_chunk = s->literal == 0 && up && (s->literal = chunk(s)) > 0;
	s->ntail = 0;
	end_line(t, up);
	return len + 1;
}

void trace_octets(struct trace *t, bool up, const void *p, size_t n)
{
	const char *from = p;

	/* What we say is put whole, so a line of ours that has not ended yet waits for nothing. */
	if (!up && n > 0)
		settle(t, true);
	while (n > 0) {
		size_t used =
		    t->side[up].literal > 0 ? take_literal(t, up, n) : take_text(t, up, from, n);
		from += used;
		n -= used;
	}
}

void trace_hidden(struct trace *t, bool up, size_t n, const char *what)
{
	struct side *s = &t->side[up];

	if (n == 0)
		return;
	hide(s, n, what);
	/* A secret may be, or be in, a literal that was announced. */
	pass_literal(t, up, n);
	s->ntail = 0;
}

void trace_note(struct trace *t, const char *fmt, ...)
{
	char text[LINE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	settle(t, true);
	settle(t, false);
	show(t, '-', text, strnlen(text, sizeof(text)), (size_t)n >= sizeof(text));
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	settle(t, true);
	settle(t, false);
	free(t->name);
	free(t);
}
