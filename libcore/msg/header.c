#include "msg/header.h"

#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "msg/fold.h"
#include "msg/text.h"

/* The length of the line at p, its line end included. */
static size_t line_length(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);

	return lf == NULL ? n : (size_t)(lf - p) + 1;
}

static bool is_empty_line(const char *p, size_t len)
{
	return (len == 1 && p[0] == '\n') || (len == 2 && p[0] == '\r' && p[1] == '\n');
}

size_t header_length(const char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t len = line_length(p + at, n - at);

		at += len;
		if (is_empty_line(p + at - len, len))
			break;
	}
	return at;
}

/* A line that begins with a field name and a colon, obsolete blanks between them allowed (RFC 5322
 * section 4.5): sets the name and returns where the value begins; 0 for any other line. */
static size_t field_name(const char *p, size_t len, struct field *f)
{
	size_t i = 0;

	while (i < len && i <= HEADER_NAME_MAX && text_is_ftext(p[i]))
		i++;
	if (i == 0 || i > HEADER_NAME_MAX)
		return 0;
	f->name = p;
	f->namelen = i;
	while (i < len && text_is_blank(p[i]))
		i++;
	return i < len && p[i] == ':' ? i + 1 : 0;
}

/* The length of a line with the lines that continue it. */
static size_t folded_length(const char *p, size_t n)
{
	size_t len = line_length(p, n);

	while (len < n && text_is_blank(p[len]))
		len += line_length(p + len, n - len);
	return len;
}

static void set_field(struct field *f, const char *p, size_t len, size_t value)
{
	f->raw = p;
	f->rawlen = len;
	if (len > value && p[len - 1] == '\n')
		len--;
	if (len > value && p[len - 1] == '\r')
		len--;
	f->value = p + value;
	f->valuelen = len - value;
}

size_t header_fields_length(const char *p, size_t n)
{
	struct field f;
	size_t at = 0;

	while (at < n) {
		size_t len = folded_length(p + at, n - at);
		size_t first = line_length(p + at, len);

		if (is_empty_line(p + at, first))
			return at + first;
		if (field_name(p + at, len, &f) == 0)
			break;
		at += len;
	}
	return at;
}

bool header_next(const struct header *h, size_t *pos, struct field *f)
{
	while (*pos < h->len) {
		const char *p = h->text + *pos;
		size_t len = folded_length(p, h->len - *pos);

		if (is_empty_line(p, line_length(p, len)))
			break;
		*pos += len;
		size_t value = field_name(p, len, f);
		if (value > 0) {
			set_field(f, p, len, value);
			return true;
		}
	}
	*pos = h->len;
	return false;
}

bool field_is(const struct field *f, const char *name)
{
	return strlen(name) == f->namelen && strncasecmp(name, f->name, f->namelen) == 0;
}

bool header_find(const struct header *h, const char *name, struct field *f)
{
	size_t pos = 0;

	while (header_next(h, &pos, f))
		if (field_is(f, name))
			return true;
	return false;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= ' ' && c != 0x7f;
}

static bool is_word_char(char c)
{
	return is_plain(c) && c != ' ';
}

void field_unfold(struct buf *out, const struct field *f)
{
	const char *s = f->value;
	size_t n = f->valuelen;

	/* A blank behind which only controls stand is an outer one too. */
	for (; n > 0 && !is_word_char(s[0]); n--)
		s++;
	while (n > 0 && !is_word_char(s[n - 1]))
		n--;
	while (n > 0) {
		size_t run = 0;

		while (run < n && is_plain(s[run]))
			run++;
		buf_put(out, s, run);
		if (run < n && s[run] == '\t')
			buf_putc(out, ' ');
		run += run < n;
		s += run;
		n -= run;
	}
}

static int check_value(const char *name, const char *value, struct fault *f)
{
	size_t n = strlen(value);

	if (strpbrk(value, "\r\n") != NULL)
		return fault_set(f, FAULT_DATA, "the header field %s holds a line end", name);
	if (!enc_is_utf8(value, n))
		return fault_set(f, FAULT_DATA, "the header field %s is not UTF-8", name);
	if (text_longest_run(value, n) >= FOLD_LINE_MAX)
		return fault_set(f, FAULT_DATA, "the header field %s has a word over %d octets",
		    name, FOLD_LINE_MAX - 1);
	return 0;
}

/* Most readers like the first word on the first line, so that only what must is folded before: an
 * encoded word that would make the line too long for RFC 2047, a word that would be over the limit. */
static bool folds_first(const char *s, size_t n, size_t column)
{
	size_t word = 0;

	while (word < n && !text_is_blank(s[word]))
		word++;
	if (column + 1 + word > FOLD_LINE_MAX)
		return true;
	return column + 1 + word > FOLD_WIDTH && n > 1 && s[0] == '=' && s[1] == '?';
}

int header_put(struct buf *out, const char *name, const char *value, struct fault *f)
{
	size_t n = strlen(value), column = strlen(name) + 1;

	if (fold_check_name(name, f) == -1 || check_value(name, value, f) == -1)
		return -1;
	text_trim(&value, &n);
	buf_puts(out, name);
	buf_putc(out, ':');
	if (folds_first(value, n, column)) {
		buf_puts(out, "\r\n");
		column = 0;
	}
	buf_putc(out, ' ');
	fold_put(out, value, n, column + 1);
	buf_puts(out, "\r\n");
	if (buf_failed(out))
		return fault_set(f, FAULT_DATA, "the header is too long");
	return 0;
}
