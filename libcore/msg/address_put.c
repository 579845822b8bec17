#include <string.h>

#include "msg/address.h"
#include "msg/fold.h"
#include "msg/header.h"
#include "msg/text.h"
#include "msg/word_impl.h"

enum { RUN_MAX = 200 }; /* a longer word in a name could not be folded well */

static bool is_phrase(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != ' ' && !text_is_atext(s[i]))
			return false;
	/* What a reader would trim or join must be in quotes. */
	return s[0] != ' ' && s[n - 1] != ' ' && memmem(s, n, "  ", 2) == NULL;
}

static void put_quoted(struct buf *out, const char *s, size_t n)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, s[i]);
	}
	buf_putc(out, '"');
}

/* True when there is a name. */
static bool put_name(struct buf *out, const char *name)
{
	struct buf clean;
	bool any;

	buf_init(&clean, SIZE_MAX);
	text_put(&clean, name, strlen(name));
	const char *s = buf_str(&clean);
	size_t n = clean.len;
	any = n > 0;
	if (buf_failed(&clean))
		out->failed = true;
	else if (text_is_eight(s, n) || text_looks_encoded(s, n) ||
	    text_longest_run(s, n) > RUN_MAX)
		word_encode_all(out, s, n);
	else if (any && is_phrase(s, n))
		buf_put(out, s, n);
	else if (any)
		put_quoted(out, s, n);
	buf_free(&clean);
	return any;
}

void address_format(struct buf *out, const struct address *a)
{
	bool name = put_name(out, a->name);

	if (name)
		buf_puts(out, " <");
	text_put(out, a->spec, strlen(a->spec));
	if (name)
		buf_putc(out, '>');
}

/* One address on the line where `column` is, or on the next. */
static size_t put_folded(struct buf *out, const char *s, size_t n, bool first, size_t column)
{
	if (!first && column + 1 + n > FOLD_WIDTH) {
		buf_puts(out, "\r\n");
		column = 0;
	}
	buf_putc(out, ' ');
	return fold_put(out, s, n, column + 1);
}

int address_put(
    struct buf *out, const char *field, const struct address *a, size_t n, struct fault *f)
{
	size_t column = strlen(field) + 1;
	struct buf one;

	for (size_t i = 0; i < n; i++)
		if (address_check(a[i].spec, true, NULL, f) == -1)
			return -1;
	if (strcspn(field, ": \t\r\n") + 1 != column || column == 1)
		return fault_set(f, FAULT_DATA, "\"%s\" is no name for a header field", field);
	buf_init(&one, SIZE_MAX);
	buf_puts(out, field);
	buf_putc(out, ':');
	for (size_t i = 0; i < n; i++) {
		buf_reset(&one);
		address_format(&one, &a[i]);
		if (i + 1 < n)
			buf_putc(&one, ',');
		column = put_folded(out, buf_str(&one), one.len, i == 0, column);
	}
	buf_puts(out, "\r\n");
	bool failed = buf_failed(out) || buf_failed(&one);
	buf_free(&one);
	return failed ? fault_set(f, FAULT_DATA, "the header field %s is too long", field) : 0;
}
