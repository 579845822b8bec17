#include <string.h>

#include "base/utf8.h"
#include "msg/text.h"
#include "msg/word.h"

enum {
	QUOTED_MAX = 200, /* longer values go out in sections: a line has 998 octets at most */
	SECTION_MAX = 54, /* "; filename*0*=utf-8''" and this fit a line of 76 */
};

static bool is_token_char(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* attribute-char of RFC 2231 section 7. */
static bool is_attribute_char(char c)
{
	return is_token_char(c) && c != '*' && c != '\'' && c != '%';
}

static bool is_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_token_char(s[i]))
			return false;
	return n > 0;
}

static void put_quoted(struct buf *out, const char *s, size_t n)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, s[i]);
	}
	buf_putc(out, '"');
}

static void put_percent(struct buf *out, const char *s, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		const char escape[] = {'%', digits[c >> 4], digits[c & 15]};

		if (is_attribute_char(s[i]))
			buf_putc(out, s[i]);
		else
			buf_put(out, escape, sizeof(escape));
	}
}

/* How many octets of s, whole characters, fit one section; at least one. */
static size_t section_length(const char *s, size_t n)
{
	size_t used = 0, cost = 0;
	uint32_t cp;

	while (used < n) {
		size_t len = utf8_next(s + used, n - used, &cp);

		if (len == 0)
			len = 1;
		cost += len == 1 && is_attribute_char(s[used]) ? 1 : 3 * len;
		if (cost > SECTION_MAX && used > 0)
			break;
		used += len;
	}
	return used;
}

static void put_extended(struct buf *out, const char *name, const char *s, size_t n)
{
	size_t len = section_length(s, n);

	if (len == n) {
		buf_printf(out, "; %s*=utf-8''", name);
		put_percent(out, s, n);
		return;
	}
	for (unsigned section = 0; n > 0; section++) {
		buf_printf(out, "; %s*%u*=%s", name, section, section == 0 ? "utf-8''" : "");
		put_percent(out, s, len);
		s += len;
		n -= len;
		len = section_length(s, n);
	}
}

void param_put(struct buf *out, const char *name, const char *value)
{
	struct buf clean;

	buf_init(&clean, 2 * strlen(value));
	text_put(&clean, value, strlen(value));
	if (buf_failed(&clean))
		out->failed = true;
	const char *s = buf_str(&clean);
	size_t n = clean.len;
	/* A quoted string that looks like an encoded word would be decoded by many. */
	if (n > QUOTED_MAX || text_is_eight(s, n) || text_looks_encoded(s, n)) {
		put_extended(out, name, s, n);
	} else {
		buf_printf(out, "; %s=", name);
		if (is_token(s, n))
			buf_put(out, s, n);
		else
			put_quoted(out, s, n);
	}
	buf_free(&clean);
}
