#include "smtp/reply.h"

#include <string.h>

#include "base/enc.h"
#include "base/num.h"

enum { TEXT_MAX = REPLY_LINE_MAX * REPLY_LINES_MAX };

void reply_init(struct reply *r)
{
	*r = (struct reply){0};
	buf_init(&r->text, TEXT_MAX);
	/* One more than a line: its LF, which tells that the line ended within the limit. */
	buf_init(&r->line, REPLY_LINE_MAX + 1);
}

void reply_free(struct reply *r)
{
	buf_free(&r->text);
	buf_free(&r->line);
}

static void start_anew(struct reply *r)
{
	r->code = 0;
	r->enhanced = false;
	memset(r->status, 0, sizeof(r->status));
	r->lines = 0;
	r->complete = false;
	buf_reset(&r->text);
	buf_reset(&r->line);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The three digits of RFC 5321 section 4.2; 0 when they are not there. */
static int parse_code(const char *s, size_t n)
{
	if (n < 3 || s[0] < '2' || s[0] > '5' || !is_digit(s[1]) || !is_digit(s[2]))
		return 0;
	return (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
}

/* One number of a status code, ended by `end` or the end of the text. 0 octets: none is there. */
static size_t parse_number(const char *s, size_t n, char end, unsigned *out)
{
	uint32_t value;
	size_t len = 0;

	while (len < n && len < 4 && is_digit(s[len]))
		len++;
	if (len == 0 || len > 3 || (len < n ? s[len] != end : end != ' '))
		return 0;
	if (num_u32(s, len, &value) == -1)
		return 0;
	*out = value;
	return len < n ? len + 1 : len;
}

/* "5.1.1 " of RFC 2034 at the front of a text: its length with the blank, or 0. */
static size_t parse_status(const char *s, size_t n, int code, unsigned status[3])
{
	static const char ends[3] = {'.', '.', ' '};
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		size_t len = parse_number(s + at, n - at, ends[i], &status[i]);
		if (len == 0)
			return 0;
		at += len;
	}
	/* Its class repeats the reply's; 3yz replies have none, their text may be base64. */
	return (int)status[0] == code / 100 && code / 100 != 3 ? at : 0;
}

static void take_text(struct reply *r, const char *s, size_t n)
{
	unsigned status[3] = {0};
	size_t skip = parse_status(s, n, r->code, status);

	if (skip > 0 && r->lines == 0) {
		r->enhanced = true;
		memcpy(r->status, status, sizeof(status));
	}
	if (r->lines > 0)
		buf_putc(&r->text, '\n');
	buf_put(&r->text, s + skip, n - skip);
}

/* One line without its line end. 1: it was the last of its reply. */
static int take_line(struct reply *r, const char *s, size_t n, struct fault *f)
{
	int code = parse_code(s, n);
	char sep = n > 3 ? s[3] : ' ';

	if (code == 0 || (sep != ' ' && sep != '-'))
		return fault_set(
		    f, FAULT_PROTOCOL, "not an SMTP reply: \"%.*s\"", n < 80 ? (int)n : 80, s);
	if (r->lines > 0 && code != r->code)
		return fault_set(
		    f, FAULT_PROTOCOL, "one reply with two codes: %d and %d", r->code, code);
	if (r->lines == REPLY_LINES_MAX)
		return fault_set(
		    f, FAULT_PROTOCOL, "a reply of more than %d lines", REPLY_LINES_MAX);
	r->code = code;
	take_text(r, n > 4 ? s + 4 : "", n > 4 ? n - 4 : 0);
	if (buf_failed(&r->text))
		return fault_set(f, FAULT_TEMP, "no memory for an SMTP reply");
	r->lines++;
	return sep == ' ';
}

static int end_line(struct reply *r, struct fault *f)
{
	size_t n = r->line.len - 1; /* the LF */
	int last;

	if (memchr(r->line.data, '\0', n))
		return fault_set(f, FAULT_PROTOCOL, "an SMTP reply with a NUL in it");
	if (n > 0 && r->line.data[n - 1] == '\r')
		n--;
	last = take_line(r, r->line.data, n, f);
	buf_reset(&r->line);
	if (last == 1)
		r->complete = true;
	return last;
}

/* Up to and with the next LF into the line; how many octets that was. */
static size_t gather(struct reply *r, const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	size_t len = lf ? (size_t)(lf - p) + 1 : n;

	buf_put(&r->line, p, len);
	return len;
}

int reply_feed(struct reply *r, const char *p, size_t n, size_t *used, struct fault *f)
{
	*used = 0;
	if (r->complete)
		start_anew(r);
	while (*used < n) {
		*used += gather(r, p + *used, n - *used);
		if (buf_failed(&r->line))
			return fault_set(f, FAULT_PROTOCOL, "a reply line of more than %d octets",
			    REPLY_LINE_MAX);
		if (p[*used - 1] != '\n')
			return 0;
		int last = end_line(r, f);
		if (last != 0)
			return last;
	}
	return 0;
}

enum fault_class reply_class(const struct reply *r)
{
	switch (r->code) {
	case 530:
	case 534:
	case 535:
	case 538:
		return FAULT_AUTH;
	default:
		break;
	}
	if (r->code >= 500)
		return FAULT_REFUSED;
	return r->code >= 400 ? FAULT_TEMP : FAULT_NONE;
}

/* Code, status and text, as one line that is not yet safe. */
static void compose(const struct reply *r, struct buf *out)
{
	buf_printf(out, "%d", r->code);
	if (r->enhanced)
		buf_printf(out, " %u.%u.%u", r->status[0], r->status[1], r->status[2]);
	if (r->text.len > 0)
		buf_putc(out, ' ');
	for (size_t i = 0; i < r->text.len; i++) {
		if (r->text.data[i] == '\n')
			buf_puts(out, "; ");
		else
			buf_putc(out, r->text.data[i]);
	}
}

void reply_show(const struct reply *r, char *out, size_t n)
{
	char one[ENC_SAFE_MAX];
	struct buf all;
	size_t at = 0, len = 0, size;

	buf_init(&all, 2 * TEXT_MAX);
	compose(r, &all);
	while (at < all.len) {
		at += enc_safe_one(one, &size, all.data + at, all.len - at);
		if (n == 0 || size >= n - len)
			break;
		memcpy(out + len, one, size);
		len += size;
	}
	if (n > 0)
		out[len] = '\0';
	buf_free(&all);
}

int reply_fault(const struct reply *r, struct fault *f, const char *what)
{
	char text[FAULT_MSG_MAX];
	enum fault_class cls = reply_class(r);

	reply_show(r, text, sizeof(text));
	/* The server said yes where only a no makes sense. */
	if (cls == FAULT_NONE)
		cls = FAULT_PROTOCOL;
	return fault_set(f, cls, "%s: %s", what, text);
}
