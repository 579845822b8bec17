#include <string.h>

#include "base/enc.h"
#include "base/utf8.h"

int enc_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool enc_is_utf8(const char *s, size_t n)
{
	uint32_t cp;

	while (n > 0) {
		size_t len = utf8_next(s, n, &cp);
		if (len == 0)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

/* \n, \r and \t, as vis(3) writes them with VIS_CSTYLE, the rest as with VIS_OCTAL. */
static size_t escape_octet(char *out, char c)
{
	unsigned char x = (unsigned char)c;

	out[0] = '\\';
	if (c == '\n' || c == '\r' || c == '\t') {
		out[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
		return 2;
	}
	out[1] = (char)('0' + (x >> 6));
	out[2] = (char)('0' + (x >> 3 & 7));
	out[3] = (char)('0' + (x & 7));
	return 4;
}

size_t enc_safe_one(char out[static ENC_SAFE_MAX], size_t *outlen, const char *s, size_t n)
{
	uint32_t cp;
	size_t len = utf8_next(s, n, &cp), used = len > 0 ? len : 1, at = 0;

	if (len > 0 && !utf8_is_unsafe(cp)) {
		memcpy(out, s, len);
		*outlen = len;
		return len;
	}
	for (size_t i = 0; i < used; i++)
		at += escape_octet(out + at, s[i]);
	*outlen = at;
	return used;
}

bool enc_is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

void enc_safe(struct buf *out, const char *s, size_t n)
{
	while (n > 0) {
		char one[ENC_SAFE_MAX];
		size_t len, used = enc_safe_one(one, &len, s, n);
		if (s[0] == '\\')
			buf_putc(out, '\\');
		buf_put(out, one, len);
		s += used;
		n -= used;
	}
}

static void json_escape(struct buf *out, uint32_t cp)
{
	static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = cp > 0 && cp < 0x80 ? strchr(names, (int)cp) : NULL;

	if (at != NULL)
		buf_printf(out, "\\%c", letters[at - names]);
	else
		buf_printf(out, "\\u%04x", (unsigned)cp);
}

void enc_json(struct buf *out, const char *s, size_t n)
{
	buf_putc(out, '"');
	while (n > 0) {
		uint32_t cp;
		size_t len = utf8_next(s, n, &cp);
		if (len == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (cp == '"' || cp == '\\' || utf8_is_unsafe(cp))
			json_escape(out, cp);
		else
			buf_put(out, s, len);
		s += len > 0 ? len : 1;
		n -= len > 0 ? len : 1;
	}
	buf_putc(out, '"');
}
