/* flow_decode: format=flowed to plain text. */
#include <string.h>

#include "msg/flow_impl.h"

void flow_decoder_init(struct flow_decoder *d, bool delsp, enum flow_ends ends)
{
	*d = (struct flow_decoder){.delsp = delsp, .ends = ends};
}

/* The paragraph that was open ends where it is; the marks of this line, which were held back, come. */
static void close_paragraph(struct flow_decoder *d, struct buf *out)
{
	char *to;

	d->open = false;
	d->lead = d->depth > 0;
	flow_put_end(out, d->ends, d->open_end);
	to = buf_room(out, d->depth);
	if (to == NULL)
		return;
	memset(to, '>', d->depth);
	out->len += d->depth;
}

static void take_mark(struct flow_decoder *d, struct buf *out)
{
	d->depth++;
	if (!d->open)
		buf_putc(out, '>');
	else if (d->depth > d->open_depth)
		close_paragraph(d, out);
}

/* RFC 3676 section 4.5: a change of depth ends a paragraph. */
static void end_marks(struct flow_decoder *d, struct buf *out)
{
	d->text = true;
	d->lead = !d->open && d->depth > 0;
	if (d->open && d->depth != d->open_depth)
		close_paragraph(d, out);
}

static void put_text(struct flow_decoder *d, struct buf *out, const char *s, size_t n)
{
	if (d->lead)
		buf_putc(out, ' ');
	d->lead = false;
	buf_put(out, s, n);
}

/* What was held back was text and not a signature. */
static void put_held(struct flow_decoder *d, struct buf *out)
{
	size_t n = d->signature;

	d->signature = 0;
	d->content = true;
	d->blank = n == sizeof(flow_signature);
	if (n > 0)
		put_text(d, out, flow_signature, n - d->blank);
}

static void reset_line(struct flow_decoder *d)
{
	d->depth = 0;
	d->text = d->content = d->stuffed = d->lead = d->blank = false;
	d->signature = 0;
}

/* RFC 3676 section 4.3: in a line that is not quoted it is not stuffed, either. */
static bool is_signature(const struct flow_decoder *d)
{
	return d->signature == sizeof(flow_signature) && (d->depth > 0 || !d->stuffed);
}

static void end_line(struct flow_decoder *d, struct buf *out, enum flow_end end)
{
	bool flowed = false;

	if (!d->text)
		end_marks(d, out);
	if (is_signature(d)) {
		if (d->open)
			close_paragraph(d, out);
		put_text(d, out, flow_signature, sizeof(flow_signature));
	} else if (!d->content) {
		put_held(d, out);
	}
	if (d->blank) {
		flowed = true;
		put_text(d, out, " ", !d->delsp);
	}
	d->open = flowed && d->depth <= FLOW_DEPTH_MAX;
	d->open_depth = d->depth;
	d->open_end = end;
	if (!d->open)
		flow_put_end(out, d->ends, end);
	reset_line(d);
}

/* One octet at the front of a line; false when it is the first one of what can no more be marks, stuffing or a signature. */
static bool take_front(struct flow_decoder *d, struct buf *out, char c)
{
	if (!d->text && c == '>') {
		take_mark(d, out);
		return true;
	}
	if (!d->text) {
		end_marks(d, out);
		d->stuffed = c == ' ';
		if (d->stuffed)
			return true;
	}
	if (d->signature < sizeof(flow_signature) && c == flow_signature[d->signature]) {
		d->signature++;
		return true;
	}
	put_held(d, out);
	return false;
}

/* Everything up to the line's end. Returns how many octets. */
static size_t take_content(struct flow_decoder *d, struct buf *out, const char *s, size_t n)
{
	size_t len = 0;

	while (len < n && s[len] != '\n' && s[len] != '\r')
		len++;
	if (d->blank)
		put_text(d, out, " ", 1);
	d->blank = s[len - 1] == ' ';
	put_text(d, out, s, len - d->blank);
	return len;
}

void flow_decoder_feed(struct flow_decoder *d, struct buf *out, const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		enum flow_end end;
		size_t taken = flow_line_end(&d->cr, s[i], &end);

		i += taken;
		if (end != FLOW_END_NONE)
			end_line(d, out, end);
		else if (taken == 0 && !d->content && take_front(d, out, s[i]))
			i++;
		else if (taken == 0)
			i += take_content(d, out, s + i, n - i);
	}
}

void flow_decoder_end(struct flow_decoder *d, struct buf *out)
{
	if (d->cr)
		end_line(d, out, FLOW_END_CR);
	else if (d->text || d->depth > 0)
		end_line(d, out, FLOW_END_NONE);
	/* Nothing comes to join a line that flowed. */
	if (d->open)
		flow_put_end(out, d->ends, d->open_end);
	flow_decoder_init(d, d->delsp, d->ends);
}

void flow_decode(struct buf *out, const char *s, size_t n, bool delsp)
{
	struct flow_decoder d;

	flow_decoder_init(&d, delsp, FLOW_LF);
	flow_decoder_feed(&d, out, s, n);
	flow_decoder_end(&d, out);
}
