/* A preview is one line of clean UTF-8 of at most 200 characters, whatever the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/utf8.h"
#include "msg/preview.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const struct buf *b)
{
	const char *p = b->data;
	size_t n = b->len, count = 0;

	must(!buf_failed(b) && (n == 0 || (p[0] != ' ' && p[n - 1] != ' ')));
	while (n > 0) {
		uint32_t cp = 0;
		size_t len = utf8_next(p, n, &cp);

		must(len > 0 && !utf8_is_unsafe(cp));
		p += len;
		n -= len;
		count++;
	}
	must(count <= PREVIEW_CHARACTERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const charsets[] = {
	    "utf-8", "iso-8859-1", "iso-2022-jp", "utf-16", NULL, "x-none", "gb18030", "utf-7"};
	struct buf b;

	if (n < 1 || n > 20000)
		return 0;
	buf_init(&b, 4096);
	preview_text(&b, (const char *)data + 1, n - 1, charsets[data[0] % 8], (data[0] & 8) != 0);
	check(&b);
	buf_free(&b);
	return 0;
}
