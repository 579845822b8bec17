#include "msg/text.h"

#include <string.h>

#include "base/utf8.h"

static void put_char(struct buf *out, const char *s, size_t len, uint32_t cp)
{
	if (cp == '\t')
		buf_putc(out, ' ');
	else if (cp >= 0x20 && (cp < 0x7f || cp >= 0xa0))
		buf_put(out, s, len);
}

/* The length of the printable ASCII at s, which goes out in one piece. */
static size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f)
		i++;
	return i;
}

void text_put(struct buf *out, const char *s, size_t n)
{
	char latin1[UTF8_MAX];
	uint32_t cp = 0;

	for (size_t i = 0; i < n;) {
		size_t len = plain_run(s + i, n - i);

		if (len > 0) {
			buf_put(out, s + i, len);
			i += len;
			continue;
		}
		len = utf8_next(s + i, n - i, &cp);
		if (len > 0) {
			put_char(out, s + i, len, cp);
			i += len;
			continue;
		}
		cp = (unsigned char)s[i++];
		put_char(out, latin1, utf8_put(latin1, cp), cp);
	}
}

bool text_is_eight(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80)
			return true;
	return false;
}

size_t text_longest_run(const char *s, size_t n)
{
	size_t run = 0, longest = 0;

	for (size_t i = 0; i < n; i++) {
		run = text_is_blank(s[i]) ? 0 : run + 1;
		if (run > longest)
			longest = run;
	}
	return longest;
}

bool text_looks_encoded(const char *s, size_t n)
{
	return memmem(s, n, "=?", 2) != NULL;
}

bool text_is_atext(char c)
{
	return (unsigned char)c >= 0x80 || text_is_alnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

int text_hex(char c)
{
	if (text_is_digit(c))
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void text_trim(const char **s, size_t *n)
{
	while (*n > 0 && text_is_space((*s)[0])) {
		(*s)++;
		(*n)--;
	}
	while (*n > 0 && text_is_space((*s)[*n - 1]))
		(*n)--;
}

size_t text_line(const char *s, size_t n, size_t *end)
{
	size_t i = 0;

	while (i < n && s[i] != '\n' && s[i] != '\r')
		i++;
	*end = i == n ? 0 : n - i > 1 && s[i] == '\r' && s[i + 1] == '\n' ? 2 : 1;
	return i;
}
