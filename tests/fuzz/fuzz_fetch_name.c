/* Whatever an attachment is called, its file's name is one of a plain, visible file in the directory. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/fetch_file.h"
#include "base/enc.h"
#include "base/utf8.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const char *name)
{
	size_t n = strlen(name);

	must(n > 0 && n <= FILE_NAME_OCTETS && enc_is_utf8(name, n));
	must(name[0] != '.' && name[0] != '-' && name[0] != ' ');
	must(strpbrk(name, "/\\") == NULL);
	while (n > 0) {
		uint32_t cp = 0;
		size_t len = utf8_next(name, n, &cp);

		must(len > 0 && !utf8_is_unsafe(cp));
		name += len;
		n -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char name[FILE_NAME_OCTETS + 1], again[FILE_NAME_OCTETS + 1];
	char *wanted = strndup((const char *)data, n);
	struct buf numbered;

	must(wanted != NULL);
	file_name(name, wanted, "2.1", "image", "png");
	check(name);
	file_name(again, name, "2.1", "image", "png");
	/* A name that was cut may end in what is trimmed. */
	must(strlen(name) == FILE_NAME_OCTETS || strlen(again) <= strlen(name));
	check(again);
	buf_init(&numbered, 4096);
	file_numbered(&numbered, name, 4294967295U);
	must(
	    !buf_failed(&numbered) && numbered.len <= 255 && strcmp(buf_str(&numbered), name) != 0);
	buf_free(&numbered);
	free(wanted);
	return 0;
}
