#include "base/enc.h"
#include "base/utf8.h"
#include "msg/text.h"
#include "msg/word.h"
#include "msg/word_impl.h"

enum {
	PAYLOAD = 75 - 12,       /* a word without "=?utf-8?Q?" and "?=" */
	FIRST_PAYLOAD = 60 - 12, /* stands on the line of the field's name */
	RUN_MAX = 900,           /* a word that is longer could not be folded */
};

/* Those that stand for themselves in a phrase, the strictest place. */
static bool is_q_safe(char c)
{
	return text_is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

static size_t q_cost(const char *s, size_t n)
{
	size_t cost = 0;

	for (size_t i = 0; i < n; i++)
		cost += is_q_safe(s[i]) || s[i] == ' ' ? 1 : 3;
	return cost;
}

static void put_q(struct buf *out, const char *s, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		const char escape[] = {'=', digits[c >> 4], digits[c & 15]};

		if (is_q_safe(s[i]))
			buf_putc(out, s[i]);
		else if (c == ' ')
			buf_putc(out, '_');
		else
			buf_put(out, escape, sizeof(escape));
	}
}

/* How many octets of s, whole characters, fit a word of which `payload` is left; at least one. */
static size_t fitting(const char *s, size_t n, size_t payload, bool q)
{
	size_t used = 0, cost = 0;
	uint32_t cp;

	while (used < n) {
		size_t len = utf8_next(s + used, n - used, &cp);

		if (len == 0)
			len = 1;
		cost = q ? cost + q_cost(s + used, len) : (used + len + 2) / 3 * 4;
		if (cost > payload && used > 0)
			break;
		used += len;
	}
	return used;
}

void word_encode_all(struct buf *out, const char *s, size_t n)
{
	bool q = q_cost(s, n) <= (n + 2) / 3 * 4;
	size_t payload = FIRST_PAYLOAD;

	while (n > 0) {
		size_t len = fitting(s, n, payload, q);

		if (payload == PAYLOAD)
			buf_putc(out, ' ');
		buf_puts(out, q ? "=?utf-8?Q?" : "=?utf-8?B?");
		if (q)
			put_q(out, s, len);
		else
			enc_base64(out, s, len);
		buf_puts(out, "?=");
		payload = PAYLOAD;
		s += len;
		n -= len;
	}
}

static bool needs_encoding(const char *s, size_t n)
{
	return text_is_eight(s, n) || text_looks_encoded(s, n) || n > RUN_MAX;
}

static size_t word_end(const char *s, size_t n, size_t i)
{
	while (i < n && s[i] != ' ')
		i++;
	return i;
}

/* From the first word that needs encoding to the last: the words around them stay readable. */
static void find_range(const char *s, size_t n, size_t *from, size_t *to)
{
	*from = *to = 0;
	for (size_t i = 0; i < n; i++) {
		size_t end = word_end(s, n, i);

		if (needs_encoding(s + i, end - i)) {
			*from = *to == 0 ? i : *from;
			*to = end;
		}
		i = end;
	}
}

void word_encode(struct buf *out, const char *s, size_t n)
{
	struct buf clean;
	size_t from, to;

	/* A Latin-1 octet becomes two. */
	buf_init(&clean, n > SIZE_MAX / 2 ? SIZE_MAX : 2 * n);
	text_put(&clean, s, n);
	if (buf_failed(&clean))
		out->failed = true;
	const char *p = buf_str(&clean);
	find_range(p, clean.len, &from, &to);
	buf_put(out, p, from);
	if (to > from)
		word_encode_all(out, p + from, to - from);
	buf_put(out, p + to, clean.len - to);
	buf_free(&clean);
}
