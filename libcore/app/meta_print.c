/* meta_print: values of any size and any octets. */
#include "app/meta_print.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"

enum {
	PIECE = 4080, /* octets of a value that are written at once: a multiple of 3, for base64 */
	PIECE_TEXT_MAX = 8 * PIECE,
};

enum form { FORM_SAFE, FORM_JSON, FORM_BASE64 };

static int put(FILE *out, const char *s, size_t n, struct fault *f)
{
	return fwrite(s, 1, n, out) == n ? 0 : fault_errno(f, FAULT_IO, "standard output");
}

/* The next piece of a text, in whole characters where it has any. */
static size_t next_piece(const char *s, size_t n)
{
	size_t len = PIECE;

	if (n <= PIECE)
		return n;
	for (int i = 0; i < 3 && ((unsigned char)s[len] & 0xc0) == 0x80; i++)
		len--;
	return len;
}

static int put_piece(
    FILE *out, struct buf *b, const char *s, size_t n, enum form form, struct fault *f)
{
	buf_reset(b);
	if (form == FORM_SAFE)
		enc_safe(b, s, n);
	else if (form == FORM_JSON)
		enc_json(b, s, n);
	else
		enc_base64(b, s, n);
	if (buf_failed(b))
		return fault_set(f, FAULT_TEMP, "out of memory");
	/* The quotes of a JSON string are around all of it, not around a piece. */
	if (form == FORM_JSON)
		return put(out, b->data + 1, b->len - 2, f);
	return put(out, b->data, b->len, f);
}

static int put_octets(FILE *out, const char *s, size_t n, enum form form, struct fault *f)
{
	struct buf b;
	int r = 0;

	buf_init(&b, PIECE_TEXT_MAX);
	while (n > 0 && r == 0) {
		size_t len = form != FORM_BASE64 ? next_piece(s, n) : n < PIECE ? n : PIECE;

		r = put_piece(out, &b, s, len, form, f);
		s += len;
		n -= len;
	}
	buf_free(&b);
	return r;
}

static int put_text(FILE *out, const char *s, struct fault *f)
{
	return put(out, s, strlen(s), f);
}

static int put_record(FILE *out, const char *url, const struct meta_value *v, struct fault *f)
{
	if (put_octets(out, url, strlen(url), FORM_SAFE, f) == -1 || put_text(out, "\t", f) == -1 ||
	    put_octets(out, v->entry, strlen(v->entry), FORM_SAFE, f) == -1 ||
	    put_text(out, "\t", f) == -1 || put_octets(out, v->value, v->len, FORM_SAFE, f) == -1)
		return -1;
	return put_text(out, "\n", f);
}

static int put_object(FILE *out, const char *url, const struct meta_value *v, struct fault *f)
{
	bool text = enc_is_utf8(v->value, v->len);

	if (put_text(out, "{\"url\":\"", f) == -1 ||
	    put_octets(out, url, strlen(url), FORM_JSON, f) == -1 ||
	    put_text(out, "\",\"entry\":\"", f) == -1 ||
	    put_octets(out, v->entry, strlen(v->entry), FORM_JSON, f) == -1 ||
	    put_text(out, text ? "\",\"value\":\"" : "\",\"base64\":\"", f) == -1 ||
	    put_octets(out, v->value, v->len, text ? FORM_JSON : FORM_BASE64, f) == -1)
		return -1;
	return put_text(out, "\"}\n", f);
}

int meta_print(
    FILE *out, enum meta_form form, const char *url, const struct meta_value *v, struct fault *f)
{
	switch (form) {
	case META_RECORD:
		return put_record(out, url, v, f);
	case META_JSON:
		return put_object(out, url, v, f);
	default:
		return put(out, v->value, v->len, f);
	}
}
