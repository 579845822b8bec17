#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg/assembly_impl.h"
#include "msg/octets.h"

enum { CHUNK = 65536, MBOX_FROM = 5 };

/* How much of the input came, and what of it is still held back. */
struct copy {
	int in, out;
	bool dot;
	bool cr;       /* a CR ended the last line: a LF that follows belongs to it */
	bool held_dot; /* a "." began the line, and may be all of it */
	bool skipping; /* in the mbox "From " line */
	bool done;
	uint64_t octets;
	struct content_scan scan;
	size_t used;
	char from[CHUNK];
	char to[CHUNK];
};

static ssize_t read_some(int fd, char *to, size_t n, struct fault *f)
{
	ssize_t r;

	do
		r = read(fd, to, n);
	while (r == -1 && errno == EINTR);
	if (r == -1)
		return fault_errno(f, FAULT_IO, "cannot read the message");
	return r;
}

static int flush(struct copy *c, struct fault *f)
{
	if (assembly_write_all(c->out, c->to, c->used, f) == -1)
		return -1;
	c->octets += c->used;
	c->used = 0;
	return 0;
}

static int put(struct copy *c, const char *p, size_t n, struct fault *f)
{
	content_feed_line(&c->scan, p, n);
	while (n > 0) {
		size_t room = sizeof(c->to) - c->used;
		size_t len = n < room ? n : room;

		memcpy(c->to + c->used, p, len);
		c->used += len;
		p += len;
		n -= len;
		if (c->used == sizeof(c->to) && flush(c, f) == -1)
			return -1;
	}
	return 0;
}

static int put_line_end(struct copy *c, struct fault *f)
{
	if (sizeof(c->to) - c->used < 2 && flush(c, f) == -1)
		return -1;
	c->to[c->used++] = '\r';
	c->to[c->used++] = '\n';
	c->scan.column = 0;
	return 0;
}

/* Octets of one line, without a line end. */
static int take_text(struct copy *c, const char *p, size_t n, struct fault *f)
{
	if (n == 0)
		return 0;
	c->cr = false;
	if (c->skipping)
		return 0;
	if (c->held_dot) {
		c->held_dot = false;
		if (put(c, ".", 1, f) == -1)
			return -1;
	} else if (c->dot && c->scan.column == 0 && p[0] == '.') {
		c->held_dot = true;
		return take_text(c, p + 1, n - 1, f);
	}
	return put(c, p, n, f);
}

static int take_line_end(struct copy *c, char end, struct fault *f)
{
	bool second = c->cr && end == '\n';

	c->cr = end == '\r';
	if (second)
		return 0;
	if (c->held_dot) {
		c->done = true;
		return 0;
	}
	if (c->skipping) {
		c->skipping = false;
		return 0;
	}
	return put_line_end(c, f);
}

/* The next `what` at or behind p, looked for once only: `known` is where the last look found it. */
static const char *next(const char *known, const char *p, const char *end, char what)
{
	if (known != NULL && known >= p)
		return known;
	known = memchr(p, what, (size_t)(end - p));
	return known == NULL ? end : known;
}

static int take_chunk(struct copy *c, size_t n, struct fault *f)
{
	const char *p = c->from, *end = p + n, *cr = NULL, *lf = NULL;

	while (p < end && !c->done) {
		cr = next(cr, p, end, '\r');
		lf = next(lf, p, end, '\n');
		const char *stop = cr < lf ? cr : lf;

		if (take_text(c, p, (size_t)(stop - p), f) == -1)
			return -1;
		if (stop == end)
			break;
		if (take_line_end(c, *stop, f) == -1)
			return -1;
		p = stop + 1;
	}
	return 0;
}

/* The first chunk has as much as it takes to know an mbox line, or all. */
static ssize_t read_first(struct copy *c, struct fault *f)
{
	size_t have = 0;
	ssize_t n = 1;

	while (have < MBOX_FROM && n > 0) {
		n = read_some(c->in, c->from + have, sizeof(c->from) - have, f);
		if (n == -1)
			return -1;
		have += (size_t)n;
	}
	c->skipping = have >= MBOX_FROM && memcmp(c->from, "From ", MBOX_FROM) == 0;
	return (ssize_t)have;
}

static int copy(struct copy *c, struct fault *f)
{
	ssize_t n = read_first(c, f);

	while (n > 0 && !c->done) {
		if (take_chunk(c, (size_t)n, f) == -1)
			return -1;
		if (!c->done)
			n = read_some(c->in, c->from, sizeof(c->from), f);
	}
	if (n == -1 || (c->scan.column > 0 && put_line_end(c, f) == -1))
		return -1;
	return flush(c, f);
}

int assembly_normalise(
    int in, int out, bool dot, uint64_t *octets, enum content *kind, struct fault *f)
{
	struct copy *c = malloc(sizeof(*c));
	int r;

	if (c == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	memset(c, 0, offsetof(struct copy, from));
	c->in = in;
	c->out = out;
	c->dot = dot;
	r = copy(c, f);
	if (r == 0) {
		*octets = c->octets;
		*kind = content_result(&c->scan);
	}
	free(c);
	return r;
}
