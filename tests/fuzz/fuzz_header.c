/* Fields lie within their section and one behind the other; what is written comes back, in one field. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "msg/header.h"
#include "msg/text.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_lines(const struct buf *b)
{
	size_t column = 0;

	for (size_t i = 0; i < b->len; i++) {
		must(b->data[i] != '\n' || (i > 0 && b->data[i - 1] == '\r'));
		must(b->data[i] != '\r' || (i + 1 < b->len && b->data[i + 1] == '\n'));
		column = b->data[i] == '\n' ? 0 : column + (b->data[i] != '\r');
		must(column <= 998);
	}
}

/* An unfolded value folds, and unfolds to itself. */
static void check_put(struct buf *value)
{
	struct buf b, back;
	struct fault f = {0};
	struct field field;
	size_t pos = 0;

	buf_init(&b, SIZE_MAX);
	buf_init(&back, SIZE_MAX);
	if (header_put(&b, "X-Field", buf_str(value), &f) == 0) {
		struct header h = {.text = b.data, .len = b.len};
		check_lines(&b);
		must(header_next(&h, &pos, &field) && field_is(&field, "x-field"));
		must(field.rawlen == b.len && header_length(b.data, b.len) == b.len);
		field_unfold(&back, &field);
		must(back.len == value->len &&
		    memcmp(buf_str(&back), buf_str(value), back.len) == 0);
	} else {
		must(f.cls == FAULT_DATA && b.len == 0);
		must(!enc_is_utf8(value->data, value->len) ||
		    text_longest_run(value->data, value->len) >= 998);
	}
	buf_free(&b);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	size_t len = header_length(p, n), pos = 0;
	struct header h = {.text = p, .len = len};
	const char *last = p;
	struct field f;
	struct buf value;

	must(len <= n);
	buf_init(&value, SIZE_MAX);
	while (header_next(&h, &pos, &f)) {
		must(f.raw >= last && f.raw + f.rawlen <= p + len && f.raw + f.rawlen == p + pos);
		must(f.name == f.raw && f.namelen > 0 && f.namelen <= HEADER_NAME_MAX);
		must(f.value > f.name && f.value + f.valuelen <= f.raw + f.rawlen);
		last = f.raw + f.rawlen;
		buf_reset(&value);
		field_unfold(&value, &f);
		must(value.len <= f.valuelen && strlen(buf_str(&value)) == value.len);
		check_put(&value);
	}
	buf_free(&value);
	return 0;
}
