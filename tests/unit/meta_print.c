#include "app/meta_print.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/enc.h"
#include "unit.h"

enum { LIMIT = 8 << 20 };

/* What is written of a value. */
static void print(struct buf *out, enum meta_form form, const char *value, size_t n)
{
	const struct meta_value v = {.entry = "/private/a\tb", .value = value, .len = n};
	struct fault f = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	REQUIRE(file != NULL);
	CHECK_INT(meta_print(file, form, "imap://h/\"", &v, &f), 0);
	fclose(file);
	buf_put(out, text, len);
	free(text);
}

static void prints(enum meta_form form, const char *value, size_t n, const char *want)
{
	struct buf b;

	buf_init(&b, LIMIT);
	print(&b, form, value, n);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

TEST(meta_print_forms)
{
	prints(
	    META_RECORD, "a\0b\n\xc3\xa4", 6, "imap://h/\"\t/private/a\\tb\ta\\000b\\n\xc3\xa4\n");
	prints(META_JSON, "a\0b\n\xc3\xa4", 6,
	    "{\"url\":\"imap://h/\\\"\",\"entry\":\"/private/a\\tb\",\"value\":\"a\\u0000b\\n\xc3\xa4\"}\n");
	prints(META_JSON, "\xff\xfe", 2,
	    "{\"url\":\"imap://h/\\\"\",\"entry\":\"/private/a\\tb\",\"base64\":\"//4=\"}\n");
	prints(META_RAW, "as\r\nit is", 9, "as\r\nit is");
	prints(META_RECORD, "", 0, "imap://h/\"\t/private/a\\tb\t\n");
	prints(META_RAW, "", 0, "");
}

/* In pieces it is the same as whole, wherever a character lies across the end of a piece. */
static void large(const char *unit, size_t before, size_t count)
{
	struct buf value, got, want;

	buf_init(&value, LIMIT);
	buf_init(&got, LIMIT);
	buf_init(&want, LIMIT);
	for (size_t i = 0; i < before; i++)
		buf_putc(&value, 'x');
	for (size_t i = 0; i < count; i++)
		buf_puts(&value, unit);
	print(&got, META_RECORD, value.data, value.len);
	buf_puts(&want, "imap://h/\"\t/private/a\\tb\t");
	enc_safe(&want, value.data, value.len);
	buf_putc(&want, '\n');
	CHECK_MEM(got.data, got.len, want.data, want.len);
	buf_reset(&got);
	buf_reset(&want);
	print(&got, META_JSON, value.data, value.len);
	buf_puts(&want, "{\"url\":\"imap://h/\\\"\",\"entry\":\"/private/a\\tb\",");
	if (enc_is_utf8(value.data, value.len)) {
		buf_puts(&want, "\"value\":");
		enc_json(&want, value.data, value.len);
	} else {
		buf_puts(&want, "\"base64\":\"");
		enc_base64(&want, value.data, value.len);
		buf_putc(&want, '"');
	}
	buf_puts(&want, "}\n");
	CHECK_MEM(got.data, got.len, want.data, want.len);
	buf_free(&value);
	buf_free(&got);
	buf_free(&want);
}

TEST(meta_print_pieces)
{
	static const char *const unit[] = {"a", "\xc3\xa4", "\xe6\x97\xa5", "\xf0\x9f\x8d\x8b",
	    "\xff", "\x80", "\xf0\x9f\x8d", "\x01"};

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		for (size_t before = 0; before < 5; before++)
			large(unit[i], before, 5000);
}

TEST(meta_print_says_what_failed)
{
	const struct meta_value v = {.entry = "/private/a", .value = "x", .len = 1};
	struct fault f = {0};
	FILE *full = fopen("/dev/full", "w");

	REQUIRE(full != NULL);
	setbuf(full, NULL);
	CHECK_INT(meta_print(full, META_RECORD, "imap://h/", &v, &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	fclose(full);
}

UNIT_MAIN
