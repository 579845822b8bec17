/* Encoders give back what they took, decoders do not care how input is cut, safe text is safe. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/fault.h"

typedef void stream(struct enc_decoder *, struct buf *, const char *, size_t, bool);

static struct buf room_for(size_t n)
{
	struct buf b;

	buf_init(&b, 8 * n + 64);
	return b;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool is(const struct buf *b, const char *s, size_t n)
{
	return !b->failed && b->len == n && (n == 0 || memcmp(b->data, s, n) == 0);
}

static void check_base64(const char *s, size_t n)
{
	struct buf coded = room_for(n), back = room_for(n);
	struct enc_decoder d = {0};

	enc_base64(&coded, s, n);
	must(enc_base64_decode(&back, coded.data, coded.len) == 0 && is(&back, s, n));
	buf_reset(&coded);
	buf_reset(&back);
	enc_base64_mime(&coded, s, n);
	enc_base64_stream(&d, &back, coded.data, coded.len, true);
	must(is(&back, s, n));
	buf_reset(&back);
	if (enc_base64_decode(&back, s, n) == 0) {
		buf_reset(&coded);
		enc_base64(&coded, back.data, back.len);
		must(is(&coded, s, n));
	}
	buf_free(&coded);
	buf_free(&back);
}

/* The text with CRLF line ends, which is what quoted-printable carries. */
static void to_crlf(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n' && (i == 0 || s[i - 1] != '\r'))
			buf_putc(out, '\r');
		buf_putc(out, s[i]);
	}
}

static void check_lines(const struct buf *b)
{
	size_t column = 0;

	for (size_t i = 0; i < b->len; i++) {
		char c = b->data[i];
		must(c == '\r' || c == '\n' || c == '\t' || (c >= ' ' && c <= '~'));
		column = c == '\n' ? 0 : column + (c != '\r');
		must(column <= 76);
	}
}

static void check_qp(const char *s, size_t n)
{
	struct buf coded = room_for(n), back = room_for(n), crlf = room_for(n);
	struct enc_decoder d = {0};

	enc_qp(&coded, s, n);
	check_lines(&coded);
	enc_qp_stream(&d, &back, coded.data, coded.len, true);
	to_crlf(&crlf, s, n);
	must(is(&back, crlf.data, crlf.len));
	buf_free(&coded);
	buf_free(&back);
	buf_free(&crlf);
}

static void check_cuts(stream *decode, const char *s, size_t n)
{
	struct buf whole = room_for(n), cut = room_for(n);
	struct enc_decoder d = {0};
	size_t step = n > 0 ? 1 + (unsigned char)s[0] % 7 : 1;

	decode(&d, &whole, s, n, true);
	for (size_t i = 0; i < n; i += step)
		decode(&d, &cut, s + i, n - i < step ? n - i : step, false);
	decode(&d, &cut, NULL, 0, true);
	must(is(&cut, whole.data, whole.len));
	must(whole.len <= n);
	buf_free(&whole);
	buf_free(&cut);
}

static void check_safe(const char *s, size_t n)
{
	struct buf safe = room_for(n), json = room_for(n);
	struct fault f;

	enc_safe(&safe, s, n);
	enc_json(&json, s, n);
	must(!safe.failed && !json.failed);
	must(enc_is_utf8(safe.data, safe.len) && enc_is_utf8(json.data, json.len));
	for (size_t i = 0; i < safe.len; i++)
		must((unsigned char)safe.data[i] >= ' ' && safe.data[i] != 0x7f);
	for (size_t i = 0; i < json.len; i++)
		must((unsigned char)json.data[i] >= ' ' && json.data[i] != 0x7f);
	fault_set(&f, FAULT_DATA, "%.*s", (int)n, s);
	for (const char *c = f.msg; *c != '\0'; c++)
		must((unsigned char)*c >= ' ' && *c != 0x7f);
	must(enc_is_utf8(f.msg, strlen(f.msg)));
	buf_free(&safe);
	buf_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = (const char *)data;

	if (n > 1 << 16)
		return -1;
	check_base64(s, n);
	check_qp(s, n);
	check_cuts(enc_base64_stream, s, n);
	check_cuts(enc_qp_stream, s, n);
	check_safe(s, n);
	return 0;
}
