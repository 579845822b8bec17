/* flow_encode: plain text to format=flowed. */
#include <string.h>

#include "msg/flow_impl.h"

enum {
	FROM_LEN = 5, /* "From " */
	/* The least that a line must have room for: less, and it might not hold one character with what belongs to it. */
	ROOM_MIN = 5,
};

void flow_encoder_init(struct flow_encoder *e, unsigned width, bool delsp, enum flow_ends ends)
{
	memset(e, 0, sizeof(*e));
	e->width = width < FLOW_WIDTH_MAX ? width : FLOW_WIDTH_MAX;
	e->delsp = delsp;
	e->ends = ends;
	e->soft = FLOW_END_LF;
}

void flow_encoder_look(struct flow_encoder *e, const char *s, size_t n)
{
	const char *lf = n > 0 ? memchr(s, '\n', n) : NULL;

	if (lf != NULL)
		e->soft = lf > s && lf[-1] == '\r' ? FLOW_END_CRLF : FLOW_END_LF;
}

/* Octets that go on with a character of UTF-8. */
static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* RFC 3676 section 4.4: what would be taken for a quote mark, for stuffing, or munged on its way. Quoted lines are all stuffed: readers without format=flowed like a blank behind the marks. */
static bool needs_stuffing(const struct flow_encoder *e)
{
	return e->nheld > 0 &&
	    (e->depth > 0 || e->held[0] == ' ' || e->held[0] == '>' ||
		(e->nheld >= FROM_LEN && memcmp(e->held, "From ", FROM_LEN) == 0));
}

/* How many characters of a line stuffing takes. The prefix of quoted lines has it already. */
static size_t stuffing(const struct flow_encoder *e)
{
	return e->depth == 0 && needs_stuffing(e);
}

/* Marks and stuffing; a paragraph's first marks went out when they were read. */
static void put_prefix(const struct flow_encoder *e, struct buf *out)
{
	char *marks = e->continued ? buf_room(out, e->depth) : NULL;

	if (marks != NULL) {
		memset(marks, '>', e->depth);
		out->len += e->depth;
	}
	if (needs_stuffing(e))
		buf_putc(out, ' ');
}

static void put_soft_end(struct flow_encoder *e, struct buf *out)
{
	flow_put_end(out, e->ends, e->soft);
	e->continued = true;
}

static void drop_held(struct flow_encoder *e, size_t n)
{
	e->nheld -= n;
	memmove(e->held, e->held + n, e->nheld);
	e->chars = 0;
	for (size_t i = 0; i < e->nheld; i++)
		e->chars += !continues(e->held[i]);
}

/* The longest beginning of what is held that a line has room for, in whole characters. */
static size_t fitting(const struct flow_encoder *e, size_t room)
{
	size_t n = 0, chars = 0;

	for (size_t i = 0; i < e->nheld && i <= e->octets; i++) {
		if (continues(e->held[i]))
			continue;
		n = i;
		if (chars++ == room)
			break;
	}
	/* Octets that never end a character are no text: anywhere, then. */
	return n > 0 ? n : e->octets;
}

/* Whether a line may end behind the blank that is n octets from its start: "-- " would become a signature's line. */
static bool may_break(const struct flow_encoder *e, size_t n)
{
	return e->held[n - 1] == ' ' &&
	    (n != sizeof(flow_signature) || memcmp(e->held, flow_signature, n) != 0);
}

/* With the blank that DelSp adds, a line would become a signature's, or one that is munged. */
static bool looks_special(const struct flow_encoder *e, size_t n)
{
	return (n == 2 && memcmp(e->held, "--", 2) == 0) ||
	    (n == 4 && memcmp(e->held, "From", 4) == 0);
}

/* Where the line that is held, which is too long, is to be broken; 0: at the next blank that comes. */
static size_t find_break(const struct flow_encoder *e)
{
	size_t fit = fitting(e, e->room - e->delsp - stuffing(e));

	for (size_t n = fit; n > 0; n--)
		if (may_break(e, n))
			return n;
	if (e->delsp)
		return fit > 1 && looks_special(e, fit) ? fit - 1 : fit;
	for (size_t n = fit + 1; n <= e->nheld; n++)
		if (may_break(e, n))
			return n;
	return 0;
}

/* What is held begins its line; the rest of it passes through. */
static void begin_passing(struct flow_encoder *e, struct buf *out)
{
	put_prefix(e, out);
	buf_put(out, e->held, e->nheld);
	e->passing = true;
	e->nheld = e->chars = 0;
}

static void break_line(struct flow_encoder *e, struct buf *out)
{
	size_t n = find_break(e);

	if (n == 0) {
		begin_passing(e, out);
		return;
	}
	put_prefix(e, out);
	buf_put(out, e->held, n);
	if (e->delsp)
		buf_putc(out, ' ');
	put_soft_end(e, out);
	drop_held(e, n);
}

static bool is_too_long(const struct flow_encoder *e)
{
	return e->chars + stuffing(e) > e->room || e->nheld > e->octets;
}

/* One octet of the paragraph; after a blank more is sure to come. */
static void put_octet(struct flow_encoder *e, struct buf *out, char c)
{
	if (e->passing) {
		buf_putc(out, c);
		if (c == ' ' && !e->unbroken) {
			put_soft_end(e, out);
			e->passing = false;
		}
		return;
	}
	e->held[e->nheld++] = c;
	e->chars += !continues(c);
	if (e->unbroken) {
		if (e->nheld == FROM_LEN)
			begin_passing(e, out);
		return;
	}
	while (!e->passing && is_too_long(e))
		break_line(e, out);
}

static void begin_text(struct flow_encoder *e)
{
	size_t prefix = e->depth > 0 ? e->depth + 1 : 0;

	e->text = true;
	/* Where marks take half of the line, breaking would repeat them for each word. */
	e->unbroken = prefix > e->width / 2 || e->width - prefix < ROOM_MIN;
	if (e->unbroken)
		return;
	e->room = e->width - prefix;
	/* The stuffing, the blank of DelSp. */
	e->octets = FLOW_WIDTH_MAX - prefix - 2;
}

/* Quote marks: ">> text", and "> > text" as other programs write it. False when the text begins. */
static bool take_mark(struct flow_encoder *e, struct buf *out, char c)
{
	if (c == '>') {
		e->depth++;
		e->blank = false;
		buf_putc(out, '>');
		return true;
	}
	if (c == ' ' && e->depth > 0 && !e->blank) {
		e->blank = true;
		return true;
	}
	begin_text(e);
	return false;
}

static void end_line(struct flow_encoder *e, struct buf *out, enum flow_end end)
{
	bool signature = !e->continued && e->nheld == 2 && e->blanks == 1 &&
	    memcmp(e->held, flow_signature, 2) == 0;

	if (e->nheld > 0)
		put_prefix(e, out);
	buf_put(out, e->held, e->nheld);
	if (signature)
		buf_putc(out, ' ');
	flow_put_end(out, e->ends, end);
	if (end == FLOW_END_LF || end == FLOW_END_CRLF)
		e->soft = end;
	e->depth = e->nheld = e->chars = 0;
	e->blanks = 0;
	e->text = e->blank = e->continued = e->passing = false;
}

/* Whether the blanks that are due are all written, and there is room for more. */
static bool put_blanks(struct flow_encoder *e, struct buf *out, size_t start)
{
	while (e->blanks > 0) {
		if (out->len - start >= FLOW_PIECE_MAX)
			return false;
		e->blanks--;
		put_octet(e, out, ' ');
	}
	return out->len - start < FLOW_PIECE_MAX;
}

size_t flow_encoder_feed(struct flow_encoder *e, struct buf *out, const char *s, size_t n)
{
	size_t i = 0, start = out->len;

	while (i < n) {
		enum flow_end end;
		size_t taken = flow_line_end(&e->cr, s[i], &end);

		i += taken;
		if (end != FLOW_END_NONE) {
			end_line(e, out, end);
			continue;
		}
		if (taken > 0)
			continue;
		if (e->text || !take_mark(e, out, s[i])) {
			if (s[i] == ' ')
				e->blanks++;
			else if (put_blanks(e, out, start))
				put_octet(e, out, s[i]);
			else
				return i;
		}
		i++;
	}
	return i;
}

void flow_encoder_end(struct flow_encoder *e, struct buf *out)
{
	if (e->cr)
		end_line(e, out, FLOW_END_CR);
	else if (e->text || e->depth > 0)
		end_line(e, out, FLOW_END_NONE);
	flow_encoder_init(e, (unsigned)e->width, e->delsp, e->ends);
}

void flow_encode(struct buf *out, const char *s, size_t n, unsigned width, bool delsp)
{
	struct flow_encoder e;

	flow_encoder_init(&e, width, delsp, FLOW_CRLF);
	while (n > 0) {
		size_t used = flow_encoder_feed(&e, out, s, n);

		s += used;
		n -= used;
	}
	flow_encoder_end(&e, out);
}
