#include <string.h>

#include "base/enc.h"

enum {
	MIME_LINE = 57, /* octets that make one line of 76 characters */
	NOT_A_DIGIT = 64,
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encoded_len(size_t n)
{
	return (n / 3 + (n % 3 != 0)) * 4;
}

static char *encode_group(char *to, const unsigned char *p, size_t n)
{
	uint32_t v = (uint32_t)p[0] << 16;

	if (n > 1)
		v |= (uint32_t)p[1] << 8;
	if (n > 2)
		v |= p[2];
	*to++ = alphabet[v >> 18];
	*to++ = alphabet[v >> 12 & 63];
	*to++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
	*to++ = n > 2 ? alphabet[v & 63] : '=';
	return to;
}

static char *encode(char *to, const unsigned char *p, size_t n)
{
	for (; n > 3; n -= 3, p += 3)
		to = encode_group(to, p, 3);
	return n > 0 ? encode_group(to, p, n) : to;
}

void enc_base64(struct buf *out, const void *p, size_t n)
{
	/* A length whose encoding has no length: let the buffer refuse it. */
	size_t len = n > SIZE_MAX / 2 ? SIZE_MAX : encoded_len(n);
	char *to = buf_room(out, len);

	if (to == NULL)
		return;
	encode(to, p, n);
	out->len += len;
}

void enc_base64_mime(struct buf *out, const void *p, size_t n)
{
	const unsigned char *from = p;
	size_t lines = n / MIME_LINE + (n % MIME_LINE != 0);
	size_t len = n > SIZE_MAX / 2 ? SIZE_MAX : encoded_len(n) + 2 * lines;
	char *to = buf_room(out, len);

	if (to == NULL)
		return;
	while (n > 0) {
		size_t line = n < MIME_LINE ? n : MIME_LINE;
		to = encode(to, from, line);
		*to++ = '\r';
		*to++ = '\n';
		from += line;
		n -= line;
	}
	out->len += len;
}

static unsigned digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0' + 52);
	return c == '+' ? 62 : c == '/' ? 63 : NOT_A_DIGIT;
}

/* The 1 to 3 octets of one group; 0 when it is not one. A group with padding must be the last, and
 * the bits that the padding leaves over must be 0: each octet string has one encoding only. */
static size_t decode_group(unsigned char out[static 3], const char *s, bool last)
{
	size_t n = !last || s[3] != '=' ? 3 : s[2] != '=' ? 2 : 1;
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		unsigned d = i > n ? 0 : digit(s[i]);
		if (d == NOT_A_DIGIT)
			return 0;
		v = v << 6 | d;
	}
	out[0] = (unsigned char)(v >> 16);
	out[1] = (unsigned char)(v >> 8);
	out[2] = (unsigned char)v;
	return (n < 3 && out[n] != 0) || (n < 2 && out[2] != 0) ? 0 : n;
}

int enc_base64_decode(struct buf *out, const char *s, size_t n)
{
	if (n % 4 != 0)
		return -1;
	unsigned char *to = (unsigned char *)buf_room(out, n / 4 * 3);
	if (to == NULL)
		return -1;
	size_t len = 0;
	for (size_t i = 0; i < n; i += 4) {
		size_t got = decode_group(to + len, s + i, i + 4 == n);
		if (got == 0)
			return -1;
		len += got;
	}
	out->len += len;
	return 0;
}

/* What is left of a group at the end: 12 bits hold one octet, 18 hold two. */
static void flush(struct enc_decoder *d, struct buf *out)
{
	if (d->nbits >= 12)
		buf_putc(out, (char)(d->bits >> (d->nbits - 8)));
	if (d->nbits == 18)
		buf_putc(out, (char)(d->bits >> 2));
	d->nbits = 0;
}

static void take(struct enc_decoder *d, struct buf *out, unsigned v)
{
	d->bits = (d->bits << 6 | v) & 0xffffff;
	d->nbits += 6;
	if (d->nbits < 24)
		return;
	const char group[] = {(char)(d->bits >> 16), (char)(d->bits >> 8), (char)d->bits};
	buf_put(out, group, sizeof(group));
	d->nbits = 0;
}

void enc_base64_stream(struct enc_decoder *d, struct buf *out, const char *s, size_t n, bool last)
{
	for (size_t i = 0; i < n && !d->done; i++) {
		unsigned v = digit(s[i]);
		if (v != NOT_A_DIGIT)
			take(d, out, v);
		else if (s[i] == '=')
			d->done = true;
	}
	if (d->done || last)
		flush(d, out);
	if (last)
		*d = (struct enc_decoder){0};
}
