/* Whatever is decoded is clean UTF-8; text and parameters come back from their encoded forms, through
 * a header as well. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "msg/header.h"
#include "msg/text.h"
#include "msg/word.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_clean(const struct buf *b)
{
	must(!buf_failed(b) && enc_is_utf8(b->data, b->len));
	for (size_t i = 0; i < b->len; i++)
		must((unsigned char)b->data[i] >= ' ' && b->data[i] != 0x7f);
}

static bool same(const struct buf *b, const char *s, size_t n)
{
	return b->len == n && (n == 0 || memcmp(b->data, s, n) == 0);
}

static void check_header(struct buf *encoded, const char *text, size_t n)
{
	struct buf b, value, back;
	struct fault f;
	struct field field;

	buf_init(&b, SIZE_MAX);
	buf_init(&value, SIZE_MAX);
	buf_init(&back, SIZE_MAX);
	must(header_put(&b, "Subject", buf_str(encoded), &f) == 0);
	struct header h = {.text = b.data, .len = b.len};
	must(header_find(&h, "Subject", &field) && field.rawlen == b.len);
	field_unfold(&value, &field);
	word_decode(&back, buf_str(&value), value.len);
	text_trim(&text, &n);
	must(same(&back, text, n));
	buf_free(&b);
	buf_free(&value);
	buf_free(&back);
}

static void check_text(const struct buf *clean)
{
	struct buf encoded, back;

	buf_init(&encoded, SIZE_MAX);
	buf_init(&back, SIZE_MAX);
	word_encode(&encoded, clean->data, clean->len);
	must(!text_is_eight(buf_str(&encoded), encoded.len));
	word_decode(&back, buf_str(&encoded), encoded.len);
	must(same(&back, clean->data, clean->len));
	check_header(&encoded, clean->data, clean->len);
	buf_free(&encoded);
	buf_free(&back);
}

static void check_param(struct buf *clean)
{
	struct buf field, back;
	struct fault f;

	buf_init(&field, SIZE_MAX);
	buf_init(&back, SIZE_MAX);
	buf_puts(&field, "attachment; size=3");
	param_put(&field, "filename", buf_str(clean));
	param_put(&field, "x", "y");
	must(param_get(&back, field.data, field.len, "FileName") == 0);
	must(same(&back, clean->data, clean->len));
	buf_reset(&back);
	must(param_get(&back, field.data, field.len, "x") == 0 && same(&back, "y", 1));
	buf_reset(&back);
	must(header_put(&back, "Content-Disposition", buf_str(&field), &f) == 0);
	buf_free(&field);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct buf b;

	if (n > 8000)
		return 0;
	buf_init(&b, SIZE_MAX);
	word_decode(&b, p, n);
	check_clean(&b);
	check_text(&b);
	buf_reset(&b);
	if (param_get(&b, p, n, "name") == -1)
		must(b.len == 0);
	check_clean(&b);
	buf_reset(&b);
	text_put(&b, p, n);
	check_clean(&b);
	check_text(&b);
	check_param(&b);
	buf_free(&b);
	return 0;
}
