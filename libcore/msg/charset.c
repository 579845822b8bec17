#include "msg/charset.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "msg/text.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static bool is_called(const char *name, size_t n, const char *what)
{
	return n == strlen(what) && strncasecmp(name, what, n) == 0;
}

/* iconv_open(3) takes more than names: "//TRANSLIT", and in some libraries paths and "" for the
 * locale's charset. */
static bool is_name(const char *name, size_t n)
{
	if (n == 0 || n >= CHARSET_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!text_is_alnum(name[i]) && (name[i] == '\0' || !strchr("-_.:+()", name[i])))
			return false;
	return true;
}

int charset_open(struct charset *c, const char *name, size_t n)
{
	char text[CHARSET_NAME_MAX];

	c->kind = CHARSET_NONE;
	if (!is_name(name, n))
		return -1;
	if (is_called(name, n, "utf-8") || is_called(name, n, "utf8") ||
	    is_called(name, n, "us-ascii")) {
		c->kind = CHARSET_NATIVE;
		return 0;
	}
	memcpy(text, name, n);
	text[n] = '\0';
	c->cd = iconv_open("UTF-8", text);
	/* The error value of iconv_open(3) is a number made a pointer. */
	if (c->cd == (iconv_t)-1) // NOLINT(performance-no-int-to-ptr)
		return -1;
	c->kind = CHARSET_ICONV;
	return 0;
}

void charset_close(struct charset *c)
{
	if (c->kind == CHARSET_ICONV)
		iconv_close(c->cd);
	c->kind = CHARSET_NONE;
}

static void put_native(struct buf *out, const char *s, size_t n)
{
	uint32_t cp;

	while (n > 0) {
		size_t good = 0, len;

		while ((len = utf8_next(s + good, n - good, &cp)) > 0)
			good += len;
		text_put(out, s, good);
		s += good;
		n -= good;
		if (n > 0) {
			buf_puts(out, replacement);
			s++;
			n--;
		}
	}
}

/* Converts as much as fits a small array; returns how many octets of s it took. */
static size_t put_some(struct buf *out, iconv_t cd, char *s, size_t n)
{
	char text[1024];
	char *from = s, *to = text;
	size_t left = n, room = sizeof(text);
	bool failed = iconv(cd, &from, &left, &to, &room) == (size_t)-1;
	bool stuck = failed && errno != E2BIG;
	bool cut = failed && errno == EINVAL;

	text_put(out, text, sizeof(text) - room);
	/* Too little room for one character is no such thing, but would go round for ever. */
	if (!stuck && left < n)
		return n - left;
	buf_puts(out, replacement);
	/* Cut short: nothing comes after the last character. */
	return cut ? n : n - left + 1;
}

static void flush_state(struct buf *out, iconv_t cd)
{
	char text[64];
	char *to = text;
	size_t room = sizeof(text);

	if (iconv(cd, NULL, NULL, &to, &room) != (size_t)-1)
		text_put(out, text, sizeof(text) - room);
}

void charset_put(struct buf *out, const struct charset *c, const char *s, size_t n)
{
	if (c->kind != CHARSET_ICONV) {
		put_native(out, s, n);
		return;
	}
	iconv(c->cd, NULL, NULL, NULL, NULL);
	/* iconv(3) takes a pointer to char, and writes nothing through it. */
	union {
		const char *in;
		char *arg;
	} p = {s};
	while (n > 0 && !buf_failed(out)) {
		size_t took = put_some(out, c->cd, p.arg, n);

		p.arg += took;
		n -= took;
	}
	flush_state(out, c->cd);
}
