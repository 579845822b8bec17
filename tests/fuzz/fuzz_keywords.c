/* A file of keywords gives each keyword one letter and each letter one keyword, or nothing at all. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/maildir_keywords.h"

static unsigned check_letters(struct keywords *k)
{
	unsigned n = 0;

	for (int i = 0; i < KEYWORDS_MAX; i++) {
		uint32_t bit = 1U << (MAILDIR_LETTER + i);

		if (memchr(k->name[i], '\0', sizeof(k->name[i])) == NULL)
			abort();
		if (k->name[i][0] == '\0') {
			if (keywords_name(k, bit) != NULL)
				abort();
			continue;
		}
		n++;
		if (keywords_find(k, k->name[i]) != bit || keywords_add(k, k->name[i]) != bit ||
		    strcmp(keywords_name(k, bit), k->name[i]) != 0 || k->changed)
			abort();
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n > 0 ? n : 1);
	struct fault f = {0};
	struct keywords k;
	unsigned count;
	int r;

	if (text == NULL)
		return 0;
	if (n > 0)
		memcpy(text, data, n);
	r = keywords_parse(&k, text, n, &f);
	count = check_letters(&k);
	if (r == -1 && (f.cls != FAULT_DATA || count > 0))
		abort();
	if (r == 0 && (n > 0) != (count > 0))
		abort();
	free(text);
	return 0;
}
