/* Decoding in pieces gives what decoding at once gives, and a range is a range of that. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "msg/decode.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

struct range {
	uint64_t offset, length;
};

static void decode(struct buf *out, enum decode_kind kind, const char *p, size_t n, size_t piece,
    const struct range *range)
{
	struct decode d;
	const char *o;
	size_t len;

	decode_init(&d, kind, range->offset, range->length);
	for (size_t at = 0; at < n; at += piece) {
		len = decode_feed(&d, p + at, n - at < piece ? n - at : piece, &o);
		buf_put(out, o, len);
	}
	len = decode_end(&d, &o);
	must(!buf_failed(&d.out));
	buf_put(out, o, len);
	decode_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole, some;
	struct range all = {0, 0}, range;
	enum decode_kind kind;
	size_t piece;

	if (n < 4 || n > 8000)
		return 0;
	kind = (enum decode_kind)(data[0] % 4);
	piece = (size_t)data[1] + 1;
	range = (struct range){data[2], data[3]};
	data += 4;
	n -= 4;
	buf_init(&whole, SIZE_MAX);
	buf_init(&some, SIZE_MAX);
	decode(&whole, kind, (const char *)data, n, DECODE_PIECE, &all);
	must(whole.len <= n);
	decode(&some, kind, (const char *)data, n, piece, &range);
	size_t from = range.offset < whole.len ? (size_t)range.offset : whole.len;
	size_t len = whole.len - from;
	if (range.length > 0 && range.length < len)
		len = (size_t)range.length;
	must(some.len == len && (len == 0 || memcmp(some.data, whole.data + from, len) == 0));
	buf_free(&whole);
	buf_free(&some);
	return 0;
}
