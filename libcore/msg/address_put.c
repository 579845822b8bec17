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

/* "spec" or "<spec>", with the comma if another follows. */
static void put_spec(struct buf *out, const struct address *a, bool name, bool comma)
{
	if (name)
		buf_putc(out, '<');
	text_put(out, a->spec, strlen(a->spec));
	if (name)
		buf_putc(out, '>');
	if (comma)
		buf_putc(out, ',');
}

void address_format(struct buf *out, const struct address *a)
{
	bool name = put_name(out, a->name);

	if (name)
		buf_putc(out, ' ');
	put_spec(out, a, name, false);
}

/* A line's end and a blank, or the blank only. */
static size_t put_gap(struct buf *out, bool fold, size_t column)
{
	buf_puts(out, fold ? "\r\n " : " ");
	return fold ? 1 : column + 1;
}

/*
 * One address on the line where `column` is, or on the next. A name may take more than a line. Blanks
 * in a quoted local part are no place to fold: few would take the address then.
 */
static size_t put_folded(
    struct buf *out, const struct address *a, bool first, bool comma, size_t column)
{
	struct buf name, spec;
	bool any;

	buf_init(&name, SIZE_MAX);
	buf_init(&spec, SIZE_MAX);
	any = put_name(&name, a->name);
	put_spec(&spec, a, any, comma);
	if (buf_failed(&name) || buf_failed(&spec))
		out->failed = true;
	column =
	    put_gap(out, !first && column + 1 + name.len + any + spec.len > FOLD_WIDTH, column);
	if (any) {
		column = fold_put(out, buf_str(&name), name.len, column);
		column = put_gap(out, column + 1 + spec.len > FOLD_WIDTH, column);
	}
	buf_put(out, buf_str(&spec), spec.len);
	column += spec.len;
	buf_free(&name);
	buf_free(&spec);
	return column;
}

int address_put(
    struct buf *out, const char *field, const struct address *a, size_t n, struct fault *f)
{
	size_t column = strlen(field) + 1;

	for (size_t i = 0; i < n; i++)
		if (address_check(a[i].spec, true, NULL, f) == -1)
			return -1;
	if (fold_check_name(field, f) == -1)
		return -1;
	buf_puts(out, field);
	buf_putc(out, ':');
	for (size_t i = 0; i < n; i++)
		column = put_folded(out, &a[i], i == 0, i + 1 < n, column);
	buf_puts(out, "\r\n");
	if (buf_failed(out))
		return fault_set(f, FAULT_DATA, "the header field %s is too long", field);
	return 0;
}
