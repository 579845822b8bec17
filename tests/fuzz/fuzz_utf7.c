/* What decodes has no other spelling, and what encodes comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "imap/utf7.h"

typedef int convert(struct buf *, const char *, size_t);

/* Where `there` takes s, `back` must give s again. */
static bool check(convert *there, convert *back, const char *s, size_t n, struct buf *out)
{
	struct buf again;

	buf_init(&again, 8 * n + 16);
	buf_reset(out);
	if (there(out, s, n) != 0)
		return false;
	if (back(&again, out->data, out->len) != 0 || again.len != n)
		abort();
	if (n > 0 && memcmp(again.data, s, n) != 0)
		abort();
	buf_free(&again);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = (const char *)data;
	struct buf out;

	buf_init(&out, 8 * n + 16);
	if (check(utf7_decode, utf7_encode, s, n, &out) && !enc_is_utf8(out.data, out.len))
		abort();
	bool text = enc_is_utf8(s, n) && (n == 0 || memchr(s, '\0', n) == NULL);
	if (check(utf7_encode, utf7_decode, s, n, &out) != text)
		abort();
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] < ' ' || out.data[i] > '~')
			abort();
	buf_free(&out);
	return 0;
}
