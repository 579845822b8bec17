/* decode(encode(x)) is x, but for what encoding says that it evens out, whole and in pieces. The first octet is the width, its lowest
 * bit DelSp. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "msg/flow.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static size_t marks(const char *s, size_t n, size_t *used)
{
	size_t depth = 0, i = 0;

	while (i < n && s[i] == '>') {
		depth++;
		i++;
		if (n - i > 1 && s[i] == ' ' && s[i + 1] == '>')
			i++;
	}
	if (depth > 0 && i < n && s[i] == ' ')
		i++;
	*used = i;
	return depth;
}

/* Marks without blanks between them, one blank behind, none at the end. */
static void put_even(struct buf *out, const char *s, size_t n)
{
	size_t used, depth = marks(s, n, &used);

	s += used;
	n -= used;
	if (n != 3 || memcmp(s, "-- ", 3) != 0)
		while (n > 0 && s[n - 1] == ' ')
			n--;
	for (size_t i = 0; i < depth; i++)
		buf_putc(out, '>');
	if (depth > 0 && n > 0)
		buf_putc(out, ' ');
	buf_put(out, s, n);
}

static void even_out(struct buf *out, const char *s, size_t n)
{
	while (n > 0) {
		size_t len = 0;

		while (len < n && s[len] != '\r' && s[len] != '\n')
			len++;
		put_even(out, s, len);
		for (; len < n && (s[len] == '\r' || s[len] == '\n'); len++)
			buf_putc(out, s[len]);
		s += len;
		n -= len;
	}
}

/* As a stream, in pieces of `step` octets. */
static void encode(
    struct buf *out, const char *s, size_t n, unsigned width, bool delsp, size_t step)
{
	struct flow_encoder e;

	flow_encoder_init(&e, width, delsp, FLOW_KEEP);
	flow_encoder_look(&e, s, n);
	while (n > 0) {
		size_t used = flow_encoder_feed(&e, out, s, n < step ? n : step);

		s += used;
		n -= used;
	}
	flow_encoder_end(&e, out);
}

static void decode(struct buf *out, const char *s, size_t n, bool delsp, size_t step)
{
	struct flow_decoder d;

	flow_decoder_init(&d, delsp, FLOW_KEEP);
	for (; n > step; n -= step, s += step)
		flow_decoder_feed(&d, out, s, step);
	flow_decoder_feed(&d, out, s, n);
	flow_decoder_end(&d, out);
}

static void must_be_same(const struct buf *a, const struct buf *b)
{
	must(a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}

/* Text of ours, whole and in pieces. */
static void there_and_back(const char *p, size_t n, unsigned width, bool delsp)
{
	struct buf flowed, slowly, back, want;

	buf_init(&flowed, SIZE_MAX);
	buf_init(&slowly, SIZE_MAX);
	buf_init(&back, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	encode(&flowed, p, n, width, delsp, SIZE_MAX);
	encode(&slowly, p, n, width, delsp, 1 + width % 5);
	must_be_same(&flowed, &slowly);
	decode(&back, buf_str(&flowed), flowed.len, delsp, SIZE_MAX);
	even_out(&want, p, n);
	must_be_same(&back, &want);
	buf_free(&flowed);
	buf_free(&slowly);
	buf_free(&back);
	buf_free(&want);
}

/* Text of others: whole and in pieces it is the same, and it does not grow out of bounds. */
static void from_others(const char *p, size_t n, size_t step, bool delsp)
{
	struct buf whole, slowly;

	buf_init(&whole, SIZE_MAX);
	buf_init(&slowly, SIZE_MAX);
	decode(&whole, p, n, delsp, SIZE_MAX);
	decode(&slowly, p, n, delsp, step);
	must_be_same(&whole, &slowly);
	must(whole.len <= 2 * n);
	buf_free(&whole);
	buf_free(&slowly);
}

/* For mail: CRLF and no other CR or LF. */
static void for_mail(const char *p, size_t n, unsigned width, bool delsp)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	flow_encode(&b, p, n, width, delsp);
	for (size_t i = 0; i < b.len; i++) {
		must(b.data[i] != '\n' || (i > 0 && b.data[i - 1] == '\r'));
		must(b.data[i] != '\r' || (i + 1 < b.len && b.data[i + 1] == '\n'));
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	const char *p = (const char *)data + 1;
	bool delsp = (data[0] & 1) != 0;
	unsigned width = data[0] >> 1;

	there_and_back(p, n - 1, width, delsp);
	for_mail(p, n - 1, width, delsp);
	from_others(p, n - 1, 1 + width % 5, delsp);
	return 0;
}
