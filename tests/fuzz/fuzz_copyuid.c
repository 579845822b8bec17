/* "FROM TO": what is believed of a COPYUID pairs messages that were asked for with as many others, each once; told again it changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/copyuid.h"

enum { MAX = 64 };

static void check(struct copyuid *c, const struct set *asked)
{
	struct set to;

	set_init(&to, MAX);
	if (c->n > MAX || c->n != set_count(&c->from) || c->n != set_count(&c->to))
		abort();
	for (size_t i = 0; i < c->n; i++) {
		const struct copyuid_pair *p = &c->pair[i];

		if (i > 0 && c->pair[i - 1].from >= p->from)
			abort();
		if (!set_has(asked, p->from) || p->to == 0 || set_has(&to, p->to))
			abort();
		if (set_add(&to, p->to, p->to) != 0 || copyuid_find(c, p->from) != p->to)
			abort();
	}
	set_free(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1), *to;
	struct copyuid c;
	struct fault f;
	struct set asked;

	if (text == NULL)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	to = strchr(text, ' ');
	set_init(&asked, MAX);
	if (to != NULL && set_add(&asked, 1, 50) == 0 && set_add(&asked, 100, 120) == 0 &&
	    copyuid_init(&c, MAX, &f) == 0) {
		*to++ = '\0';
		if (copyuid_add(&c, 1, text, to, &asked, &f) == 0) {
			size_t had = c.n;

			check(&c, &asked);
			if (copyuid_add(&c, 1, text, to, &asked, &f) != 0 || c.n != had)
				abort();
		} else if (c.n != 0 || c.from.n != 0 || c.to.n != 0 || f.msg[0] == '\0') {
			abort();
		}
		copyuid_free(&c);
	}
	set_free(&asked);
	free(text);
	return 0;
}
