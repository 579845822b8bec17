#include <string.h>

#include "msg/flow.h"
#include "msg/text.h"

/* One line, without its end, its quote marks and the blank that stuffed it. */
struct line {
	const char *s;
	size_t n;
	size_t depth;
	bool flowed;
	bool signature;
};

static struct line read_line(const char *s, size_t n)
{
	struct line l = {.s = s, .n = n};

	while (l.depth < n && s[l.depth] == '>')
		l.depth++;
	l.s += l.depth;
	l.n -= l.depth;
	if (l.n > 0 && l.s[0] == ' ') {
		l.s++;
		l.n--;
	}
	l.signature = l.n == 3 && memcmp(l.s, "-- ", 3) == 0;
	l.flowed = l.n > 0 && l.s[l.n - 1] == ' ' && !l.signature;
	return l;
}

/* The marks before the first line of a paragraph. */
static void put_marks(struct buf *out, const struct line *l)
{
	char *to = buf_room(out, l->depth);

	if (to == NULL)
		return;
	memset(to, '>', l->depth);
	out->len += l->depth;
	if (l->depth > 0 && l->n > 0)
		buf_putc(out, ' ');
}

void flow_decode(struct buf *out, const char *s, size_t n, bool delsp)
{
	bool open = false; /* the last line flowed */
	size_t depth = 0;

	while (n > 0) {
		size_t end, len = text_line(s, n, &end);
		struct line l = read_line(s, len);

		/* RFC 3676 section 4.5: a change of depth ends a paragraph, as a signature does. */
		if (open && (l.depth != depth || l.signature)) {
			buf_putc(out, '\n');
			open = false;
		}
		if (!open)
			put_marks(out, &l);
		buf_put(out, l.s, l.n - (l.flowed && delsp));
		if (!l.flowed)
			buf_putc(out, '\n');
		open = l.flowed;
		depth = l.depth;
		s += len + end;
		n -= len + end;
	}
	if (open)
		buf_putc(out, '\n');
}
