#include "imap/utf7.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(uint32_t cp)
{
	return cp >= 0x20 && cp <= 0x7e;
}

/* The bits of a shift that have not yet made a base64 digit, at most 5 between units. */
struct shift {
	bool open;
	uint32_t bits;
	unsigned nbits;
};

static void put_unit(struct shift *sh, struct buf *out, uint32_t unit)
{
	sh->bits = (sh->bits & 0x3f) << 16 | unit;
	for (sh->nbits += 16; sh->nbits >= 6; sh->nbits -= 6)
		buf_putc(out, alphabet[sh->bits >> (sh->nbits - 6) & 0x3f]);
}

static void close_shift(struct shift *sh, struct buf *out)
{
	if (!sh->open)
		return;
	if (sh->nbits > 0)
		buf_putc(out, alphabet[sh->bits << (6 - sh->nbits) & 0x3f]);
	buf_putc(out, '-');
	*sh = (struct shift){0};
}

static void encode_char(struct shift *sh, struct buf *out, uint32_t cp)
{
	if (is_direct(cp)) {
		close_shift(sh, out);
		buf_putc(out, (char)cp);
		if (cp == '&')
			buf_putc(out, '-');
		return;
	}
	if (!sh->open)
		buf_putc(out, '&');
	sh->open = true;
	if (cp < 0x10000) {
		put_unit(sh, out, cp);
	} else {
		put_unit(sh, out, 0xd800 + ((cp - 0x10000) >> 10));
		put_unit(sh, out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
	}
}

int utf7_encode(struct buf *out, const char *s, size_t n)
{
	struct shift sh = {0};
	size_t before = out->len, at = 0;

	while (at < n) {
		uint32_t cp;
		size_t len = utf8_next(s + at, n - at, &cp);
		if (len == 0 || cp == 0)
			break;
		encode_char(&sh, out, cp);
		at += len;
	}
	close_shift(&sh, out);
	if (at == n && !buf_failed(out))
		return 0;
	out->len = before;
	return -1;
}

/* UTF-16 from base64 digits to UTF-8; `high` holds the first half of a surrogate pair. */
struct unshift {
	uint32_t bits, high;
	unsigned nbits;
};

static int take_unit(struct unshift *un, struct buf *out, uint32_t unit)
{
	char c[UTF8_MAX];
	bool low = unit >= 0xdc00 && unit <= 0xdfff;

	if (low != (un->high != 0))
		return -1;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		un->high = unit;
		return 0;
	}
	uint32_t cp = low ? 0x10000 + ((un->high - 0xd800) << 10) + (unit - 0xdc00) : unit;
	un->high = 0;
	if (is_direct(cp) || cp == 0)
		return -1;
	buf_put(out, c, utf8_put(c, cp));
	return 0;
}

static int take_digit(struct unshift *un, struct buf *out, uint32_t digit)
{
	un->bits = un->bits << 6 | digit;
	un->nbits += 6;
	if (un->nbits < 16)
		return 0;
	un->nbits -= 16;
	uint32_t unit = un->bits >> un->nbits & 0xffff;
	un->bits &= (UINT32_C(1) << un->nbits) - 1;
	return take_unit(un, out, unit);
}

/* Decodes what is between "&" and "-"; returns the digits used, or 0 when it is no shift. */
static size_t decode_shift(struct buf *out, const char *s, size_t n)
{
	struct unshift un = {0};
	size_t i = 0;

	for (; i < n && s[i] != '-'; i++) {
		const char *digit = s[i] == '\0' ? NULL : strchr(alphabet, s[i]);
		if (digit == NULL || take_digit(&un, out, (uint32_t)(digit - alphabet)) != 0)
			return 0;
	}
	/* A digit more than needed, or one with stray bits, would be a second spelling of the name. */
	bool whole = un.high == 0 && un.nbits < 6 && un.bits == 0;
	return i < n && whole ? i : 0;
}

/* The octets of s used for one step: a character, "&-" or a whole shift; 0 when malformed. */
static size_t decode_step(struct buf *out, const char *s, size_t n, bool after_shift)
{
	if (!is_direct((unsigned char)s[0]))
		return 0;
	if (s[0] != '&') {
		buf_putc(out, s[0]);
		return 1;
	}
	if (n > 1 && s[1] == '-') {
		buf_putc(out, '&');
		return 2;
	}
	/* RFC 3501 section 5.1.3 forbids to close a shift and open the next one at once. */
	size_t len = after_shift ? 0 : decode_shift(out, s + 1, n - 1);
	return len > 0 ? len + 2 : 0;
}

int utf7_decode(struct buf *out, const char *s, size_t n)
{
	size_t before = out->len, at = 0;
	bool after_shift = false;

	while (at < n) {
		size_t len = decode_step(out, s + at, n - at, after_shift);
		if (len == 0)
			break;
		after_shift = len > 2;
		at += len;
	}
	if (at == n && !buf_failed(out))
		return 0;
	out->len = before;
	return -1;
}
