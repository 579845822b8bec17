#include <string.h>

#include "base/utf8.h"
#include "msg/flow.h"
#include "msg/text.h"

/* One paragraph and how it is to be broken. */
struct paragraph {
	const char *s;
	size_t n;
	size_t depth; /* of quotes */
	size_t width; /* for what stands behind the quote marks and the stuffed blank */
	bool delsp;
};

static bool is_signature(const char *s, size_t n)
{
	return n == 3 && memcmp(s, "-- ", 3) == 0;
}

/* RFC 3676 section 4.4: what would be taken for a quote mark, for stuffing, or munged on its way. */
static bool needs_stuffing(const char *s, size_t n)
{
	return n > 0 && (s[0] == ' ' || s[0] == '>' || (n >= 5 && memcmp(s, "From ", 5) == 0));
}

static void put_line(struct buf *out, const struct paragraph *p, size_t n, bool flowed)
{
	char *marks = buf_room(out, p->depth);

	if (marks != NULL) {
		memset(marks, '>', p->depth);
		out->len += p->depth;
	}
	/* Readers without format=flowed like a blank behind the marks, and stuffing takes it away. */
	if (n > 0 && (p->depth > 0 || needs_stuffing(p->s, p->n)))
		buf_putc(out, ' ');
	buf_put(out, p->s, n);
	if (flowed && p->delsp)
		buf_putc(out, ' ');
	buf_puts(out, "\r\n");
}

/* Whether a line may end after the first n octets. "-- " would become a signature's line. */
static bool may_break(const struct paragraph *p, size_t n)
{
	return p->s[n - 1] == ' ' && !is_signature(p->s, n);
}

/* Between two characters: the last place up to `room`, but at least one character. */
static size_t break_anywhere(const struct paragraph *p, size_t room)
{
	size_t used = 0;
	uint32_t cp;

	while (used < p->n) {
		size_t len = utf8_next(p->s + used, p->n - used, &cp);
		/* With the blank that DelSp takes away this would be a signature's line. */
		bool never = used == 2 && memcmp(p->s, "--", 2) == 0;

		if (len == 0)
			len = 1;
		if (used > 0 && used + len > room && !never)
			break;
		used += len;
	}
	return used;
}

/* How much of the paragraph, which is longer than a line, the next line takes. */
static size_t next_break(const struct paragraph *p)
{
	size_t room = p->width - p->delsp - needs_stuffing(p->s, p->n) * (p->depth == 0);

	for (size_t n = room; n > 0; n--)
		if (may_break(p, n))
			return n;
	if (p->delsp)
		return break_anywhere(p, room);
	for (size_t n = room + 1; n < p->n; n++)
		if (may_break(p, n))
			return n;
	return p->n;
}

static bool fits(const struct paragraph *p)
{
	return p->n + needs_stuffing(p->s, p->n) * (p->depth == 0) <= p->width;
}

static void put_paragraph(struct buf *out, struct paragraph *p)
{
	while (p->width > 0 && !fits(p)) {
		size_t n = next_break(p);

		if (n >= p->n)
			break;
		put_line(out, p, n, true);
		p->s += n;
		p->n -= n;
	}
	put_line(out, p, p->n, false);
}

/* Quote marks: ">> text", and "> > text" as other programs write it. Returns how many octets. */
static size_t read_marks(const char *s, size_t n, size_t *depth)
{
	size_t i = 0;

	for (*depth = 0; i < n && s[i] == '>'; i++) {
		(*depth)++;
		i += n - i > 2 && s[i + 1] == ' ' && s[i + 2] == '>';
	}
	return i + (i > 0 && i < n && s[i] == ' ');
}

static void encode_line(struct buf *out, const char *s, size_t n, unsigned width, bool delsp)
{
	struct paragraph p = {.delsp = delsp};
	size_t marks = read_marks(s, n, &p.depth);

	p.s = s + marks;
	p.n = n - marks;
	if (!is_signature(p.s, p.n))
		while (p.n > 0 && text_is_blank(p.s[p.n - 1]))
			p.n--;
	else
		width = 0;
	/* Where marks take half of the line, breaking would repeat them for each word. */
	size_t prefix = p.depth > 0 ? p.depth + 1 : 0;
	p.width = prefix <= width / 2 && width - prefix > 4 ? width - prefix : 0;
	put_paragraph(out, &p);
}

void flow_encode(struct buf *out, const char *s, size_t n, unsigned width, bool delsp)
{
	while (n > 0) {
		size_t end, len = text_line(s, n, &end);

		encode_line(out, s, len, width, delsp);
		s += len + end;
		n -= len + end;
	}
}
