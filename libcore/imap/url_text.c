#include "imap/url_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"

static bool is_alnum(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* uchar, without pct-encoded */
static bool is_uchar(char c)
{
	return is_alnum(c) || one_of(c, "-._~!$'()*+,");
}

void url_escape(struct buf *out, const char *s, size_t n, const char *also)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if ((is_uchar(s[i]) && s[i] != '+') || one_of(s[i], also)) {
			buf_putc(out, s[i]);
		} else {
			const char escape[] = {'%', hex[c >> 4], hex[c & 15]};
			buf_put(out, escape, sizeof(escape));
		}
	}
}

void url_upper(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
}

int url_scan_fail(struct url_scan *p, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	/* The URL itself stays out of the message: it may carry a token that opens a mailbox. */
	return fault_set(p->f, FAULT_DATA, "not an IMAP URL: octet %zu: %s", p->at + 1, why);
}

size_t url_scan_find(const struct url_scan *p, const char *set)
{
	size_t i = p->at;

	while (i < p->n && !one_of(p->s[i], set))
		i++;
	return i;
}

bool url_scan_at_key(const struct url_scan *p, size_t at, const char *key)
{
	size_t len = strlen(key);

	return at <= p->n && p->n - at >= len && strncasecmp(p->s + at, key, len) == 0;
}

bool url_scan_key(struct url_scan *p, const char *key)
{
	size_t at = p->at + (p->at < p->n && p->s[p->at] == '/');

	if (!url_scan_at_key(p, at, key))
		return false;
	p->at = at + strlen(key);
	return true;
}

static int scan_escape(struct url_scan *p, size_t end, struct buf *out)
{
	if (end - p->at < 3 || enc_hex_value(p->s[p->at + 1]) < 0 ||
	    enc_hex_value(p->s[p->at + 2]) < 0)
		return url_scan_fail(p, "%% without two hexadecimal digits");
	char c = (char)(enc_hex_value(p->s[p->at + 1]) << 4 | enc_hex_value(p->s[p->at + 2]));
	if (c == '\0' || c == '\r' || c == '\n')
		return url_scan_fail(p, "an escaped NUL, CR or LF");
	buf_putc(out, c);
	p->at += 3;
	return 0;
}

static bool stands_for_itself(
    const struct url_scan *p, const struct url_component *component, char c)
{
	if (is_uchar(c) || one_of(c, component->also))
		return true;
	return p->human &&
	    (c == ' ' || (unsigned char)c >= 0x80 || one_of(c, component->human_also));
}

static int scan_octets(
    struct url_scan *p, size_t end, const struct url_component *component, struct buf *out)
{
	while (p->at < end) {
		char c = p->s[p->at];
		if (c == '%') {
			if (scan_escape(p, end, out) != 0)
				return -1;
		} else if (stands_for_itself(p, component, c)) {
			buf_putc(out, c);
			p->at++;
		} else {
			return url_scan_fail(p,
			    "a character that has to be written %%%02X in the %s", (unsigned char)c,
			    component->name);
		}
	}
	return 0;
}

int url_scan_text(struct url_scan *p, size_t end, const struct url_component *component, char **out)
{
	size_t begin = p->at;
	struct buf text;

	buf_init(&text, URL_MAX);
	if (scan_octets(p, end, component, &text) != 0) {
		buf_free(&text);
		return -1;
	}
	bool usable = text.len > 0 && enc_is_utf8(text.data, text.len);
	*out = usable ? buf_steal(&text) : NULL;
	buf_free(&text);
	if (*out != NULL)
		return 0;
	p->at = begin;
	return usable ? fault_set(p->f, FAULT_TEMP, "out of memory")
		      : url_scan_fail(p, "the %s is empty or not UTF-8", component->name);
}
