#include <string.h>

#include "base/enc.h"

enum { LINE = 76 }; /* characters of a line, with its soft line break */

static const char upper_hex[] = "0123456789ABCDEF";

/* The length of the line end at s: CRLF, LF, or the end of the text; -1 when there is none. */
static int line_end(const char *s, size_t n)
{
	if (n == 0)
		return 0;
	if (s[0] == '\n')
		return 1;
	return n > 1 && s[0] == '\r' && s[1] == '\n' ? 2 : -1;
}

/* Whether the character at s may not stand for itself. `first`: it begins a line of the output. */
static bool needs_escape(const char *s, size_t n, bool first)
{
	bool at_end = line_end(s + 1, n - 1) >= 0;

	if (s[0] == ' ' || s[0] == '\t')
		return at_end;
	if (s[0] < '!' || s[0] > '~' || s[0] == '=')
		return true;
	if (!first)
		return false;
	return (s[0] == '.' && at_end) || (n >= 5 && memcmp(s, "From ", 5) == 0);
}

/* Appends one character of a line, after a soft line break if it does not fit; returns the column. */
static size_t put_char(struct buf *out, const char *s, size_t n, size_t column)
{
	bool escape = needs_escape(s, n, column == 0);
	size_t room = line_end(s + 1, n - 1) >= 0 ? LINE : LINE - 1;

	if (column + (escape ? 3 : 1) > room) {
		buf_put(out, "=\r\n", 3);
		column = 0;
		escape = needs_escape(s, n, true);
	}
	if (!escape) {
		buf_putc(out, s[0]);
		return column + 1;
	}
	unsigned char c = (unsigned char)s[0];
	const char hex[] = {'=', upper_hex[c >> 4], upper_hex[c & 15]};
	buf_put(out, hex, sizeof(hex));
	return column + sizeof(hex);
}

void enc_qp(struct buf *out, const char *s, size_t n)
{
	size_t column = 0;

	for (size_t i = 0; i < n;) {
		int end = line_end(s + i, n - i);
		if (end > 0) {
			buf_put(out, "\r\n", 2);
			column = 0;
			i += (size_t)end;
		} else {
			column = put_char(out, s + i, n - i, column);
			i++;
		}
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void release(struct enc_decoder *d, struct buf *out)
{
	buf_put(out, d->held, d->nheld);
	d->nheld = 0;
}

static void hold(struct enc_decoder *d, struct buf *out, char c)
{
	/* A line this long is not quoted-printable: what is held is text then. */
	if (d->nheld == sizeof(d->held))
		release(d, out);
	d->held[d->nheld++] = c;
}

/* What is held begins with "=": the next character completes the escape ("=3D", "=", blanks, line
 * end), continues it, or shows that it was none. False: c is still to be looked at. */
static bool in_escape(struct enc_decoder *d, struct buf *out, char c)
{
	char back = d->held[d->nheld - 1];

	if (c == '\n' && (d->nheld == 1 || is_blank(back) || back == '\r')) {
		d->nheld = 0;
		return true;
	}
	if (d->nheld == 2 && enc_hex_value(back) >= 0 && enc_hex_value(c) >= 0) {
		buf_putc(out, (char)(enc_hex_value(back) << 4 | enc_hex_value(c)));
		d->nheld = 0;
		return true;
	}
	if ((d->nheld == 1 && enc_hex_value(c) >= 0) ||
	    ((d->nheld == 1 || is_blank(back)) && (is_blank(c) || c == '\r'))) {
		hold(d, out, c);
		return true;
	}
	release(d, out);
	return false;
}

/* What is held are blanks, and perhaps a CR: a line end behind them takes the blanks away. */
static bool in_blanks(struct enc_decoder *d, struct buf *out, char c)
{
	bool cr = d->held[d->nheld - 1] == '\r';

	if (c == '\n') {
		d->nheld = 0;
		buf_puts(out, cr ? "\r\n" : "\n");
		return true;
	}
	if (!cr && (is_blank(c) || c == '\r')) {
		hold(d, out, c);
		return true;
	}
	release(d, out);
	return false;
}

static void take(struct enc_decoder *d, struct buf *out, char c)
{
	if (d->nheld > 0 && (d->held[0] == '=' ? in_escape : in_blanks)(d, out, c))
		return;
	if (c == '=' || is_blank(c))
		hold(d, out, c);
	else
		buf_putc(out, c);
}

static void finish(struct enc_decoder *d, struct buf *out)
{
	char back = d->nheld > 0 ? d->held[d->nheld - 1] : '\0';
	bool soft_break = d->nheld > 0 && d->held[0] == '=' && enc_hex_value(back) < 0;

	/* The end of the text ends its last line too. */
	if (!soft_break && !is_blank(back))
		release(d, out);
	*d = (struct enc_decoder){0};
}

void enc_qp_stream(struct enc_decoder *d, struct buf *out, const char *s, size_t n, bool last)
{
	for (size_t i = 0; i < n; i++)
		take(d, out, s[i]);
	if (last)
		finish(d, out);
}
