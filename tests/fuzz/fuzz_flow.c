/* decode(encode(x)) is x, but for what encoding says that it evens out; lines keep the width where
 * they have a place to break. The first octet is the width, its lowest bit DelSp. */
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

/* Marks without blanks between them, one blank behind, none at the end of a line. */
static void put_even(struct buf *out, const char *s, size_t n)
{
	size_t used, depth = marks(s, n, &used);

	s += used;
	n -= used;
	if (n != 3 || memcmp(s, "-- ", 3) != 0)
		while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
			n--;
	for (size_t i = 0; i < depth; i++)
		buf_putc(out, '>');
	if (depth > 0 && n > 0)
		buf_putc(out, ' ');
	buf_put(out, s, n);
	buf_putc(out, '\n');
}

static void even_out(struct buf *out, const char *s, size_t n)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\r' && s[i] != '\n')
			continue;
		put_even(out, s + start, i - start);
		i += n - i > 1 && s[i] == '\r' && s[i + 1] == '\n';
		start = i + 1;
	}
	if (start < n)
		put_even(out, s + start, n - start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf flowed, back, want;

	if (n == 0)
		return 0;
	const char *p = (const char *)data + 1;
	bool delsp = (data[0] & 1) != 0;
	buf_init(&flowed, SIZE_MAX);
	buf_init(&back, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	flow_encode(&flowed, p, n - 1, data[0] >> 1, delsp);
	flow_decode(&back, buf_str(&flowed), flowed.len, delsp);
	even_out(&want, p, n - 1);
	must(
	    back.len == want.len && (back.len == 0 || memcmp(back.data, want.data, back.len) == 0));
	for (size_t i = 0; i < flowed.len; i++) {
		must(flowed.data[i] != '\n' || (i > 0 && flowed.data[i - 1] == '\r'));
		must(flowed.data[i] != '\r' || flowed.data[i + 1] == '\n');
	}
	/* Text of others. */
	buf_reset(&back);
	flow_decode(&back, p, n - 1, delsp);
	must(back.len <= 2 * n);
	buf_free(&flowed);
	buf_free(&back);
	buf_free(&want);
	return 0;
}
