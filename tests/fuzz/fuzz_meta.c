/* METADATA, as it comes off the wire: names are strings, values are where their lengths say, and what is below an entry is longer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/meta.h"
#include "base/buf.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const struct meta_value *v)
{
	struct fault f = {0};
	size_t n = strlen(v->entry);

	must(n <= RESPONSE_STRING_MAX && v->len <= RESPONSE_STRING_MAX);
	must(v->value != NULL || v->len == 0);
	/* Each octet is there to be read, and a NUL behind the last. */
	const char *odd = v->len > 0 ? memchr(v->value, '\n', v->len) : NULL;
	must(odd == NULL || (size_t)(odd - v->value) < v->len);
	must(v->value == NULL || v->value[v->len] == '\0');
	for (enum meta_depth d = META_HERE; d <= META_BELOW; d++)
		must(meta_is_asked(v->entry, d, v->entry));
	must(!meta_is_asked("/private", META_BELOW, v->entry) || n >= 8);
	if (meta_check(v->entry, false, &f) == 0)
		must(meta_is_asked("/private", META_BELOW, v->entry) ||
		    meta_is_asked("/shared", META_BELOW, v->entry));
}

static void feed(const char *p, size_t n, const char *mailbox)
{
	struct fault f = {0};
	struct response_parser *r = response_new(&f);
	struct meta_walk w;
	struct meta_value v;
	struct event ev;
	size_t used;

	must(r != NULL);
	while (n > 0 && response_feed(r, p, n, &used, &ev, &f) == 0) {
		if (meta_walk_begin(&w, &ev, mailbox))
			while (meta_walk_next(&w, &v, &f) == 1)
				check(&v);
		p += used;
		n -= used;
	}
	must(f.cls == FAULT_NONE || f.cls == FAULT_PROTOCOL);
	response_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf b;

	buf_init(&b, RESPONSE_MAX);
	buf_puts(&b, "* METADATA ");
	buf_put(&b, data, n);
	buf_puts(&b, "\r\n");
	feed(b.data, b.len, "INBOX");
	feed(b.data, b.len, "Entwürfe");
	feed(b.data, b.len, NULL);
	buf_free(&b);
	return 0;
}
