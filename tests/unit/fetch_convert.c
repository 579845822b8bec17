#include "app/fetch_convert.h"

#include <stdlib.h>

#include "unit.h"

/* The command that asks for it, or the fault. */
static void asks(const char *text, const char *want)
{
	struct conversion *c = calloc(1, sizeof(*c));
	struct fault f = {0};
	struct imap_cmd cmd;

	REQUIRE(c != NULL);
	if (conversion_parse(c, text, &f) == -1) {
		CHECK_STR(f.msg, want);
		CHECK_INT(f.cls, FAULT_USAGE);
	} else {
		conversion_put(c, &cmd, NULL, 7, "2", 0, 0);
		CHECK_INT(cmd.fault.cls, FAULT_NONE);
		CHECK_STR(buf_str(&cmd.text), want);
		imap_cmd_free(&cmd);
	}
	free(c);
}

TEST(conversion_of_a_type_and_parameters)
{
	asks("application/pdf", "UID CONVERT 7 (\"application/pdf\") BINARY[2]");
	asks(
	    "image/jpeg;width=320", "UID CONVERT 7 (\"image/jpeg\" (\"pix-x\" \"320\")) BINARY[2]");
	asks(" image/jpeg ; Width = 320 ;\theight=240;depth=8 ",
	    "UID CONVERT 7 (\"image/jpeg\" (\"pix-x\" \"320\" \"pix-y\" \"240\" \"depth\" \"8\")) "
	    "BINARY[2]");
	asks("a/b;x=\"1;2 \\\"3\\\\\";y=z",
	    "UID CONVERT 7 (\"a/b\" (\"x\" \"1;2 \\\"3\\\\\" \"y\" \"z\")) BINARY[2]");
	asks("a/b;x=\"\"", "UID CONVERT 7 (\"a/b\" (\"x\" \"\")) BINARY[2]");
	asks("a/b;x=1=2", "UID CONVERT 7 (\"a/b\" (\"x\" \"1=2\")) BINARY[2]");
}

TEST(conversion_to_text_names_a_charset)
{
	asks("text/plain", "UID CONVERT 7 (\"text/plain\" (\"charset\" \"utf-8\")) BINARY[2]");
	asks("TEXT/html;unknown-character-replacement=?",
	    "UID CONVERT 7 (\"TEXT/html\" (\"unknown-character-replacement\" \"?\" \"charset\" "
	    "\"utf-8\")) BINARY[2]");
	asks("text/plain;Charset=iso-8859-1",
	    "UID CONVERT 7 (\"text/plain\" (\"Charset\" \"iso-8859-1\")) BINARY[2]");
}

TEST(conversion_that_is_none)
{
	static const char *const bad[] = {
	    "", " ", "text", "text/", "/plain", "text/plain/x", "a b/c", "a/b c", "a/\"b\""};
	static const char *const bad_params[] = {"a/b;", "a/b;x", "a/b;x=", "a/b;=1", "a/b;x=1;",
	    "a/b;;x=1", "a/b;x=\"1", "a/b;x=\"1\\", "a/b;x=\"1\"2", "a/b;x y=1", "a/b,c",
	    "a/b;x= "};
	char want[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conversion *c = calloc(1, sizeof(*c));
		struct fault f = {0};

		REQUIRE(c != NULL);
		CHECK_INT(conversion_parse(c, bad[i], &f), -1);
		CHECK_INT(f.cls, FAULT_USAGE);
		free(c);
	}
	for (size_t i = 0; i < sizeof(bad_params) / sizeof(bad_params[0]); i++) {
		snprintf(want, sizeof(want), "no \"; name=value\" behind the media type: %s",
		    bad_params[i]);
		asks(bad_params[i], want);
	}
}

TEST(conversion_has_limits)
{
	struct conversion *c = calloc(1, sizeof(*c));
	struct fault f = {0};
	struct buf b;

	REQUIRE(c != NULL);
	buf_init(&b, 1 << 20);
	buf_puts(&b, "a/b");
	for (int i = 0; i < CONVERSION_PARAMS_MAX; i++)
		buf_printf(&b, ";p%d=1", i);
	CHECK_INT(conversion_parse(c, buf_str(&b), &f), 0);
	CHECK_INT(c->n, CONVERSION_PARAMS_MAX);
	buf_puts(&b, ";q=1");
	CHECK_INT(conversion_parse(c, buf_str(&b), &f), -1);
	CHECK_STR(f.msg, "more than 32 parameters of a conversion");
	buf_reset(&b);
	buf_puts(&b, "a/b;x=");
	while (b.len < CONVERSION_TEXT_MAX)
		buf_putc(&b, 'y');
	CHECK_INT(conversion_parse(c, buf_str(&b), &f), 0);
	CHECK_INT(strlen(c->value[0]), CONVERSION_TEXT_MAX - 6);
	buf_putc(&b, 'y');
	CHECK_INT(conversion_parse(c, buf_str(&b), &f), -1);
	buf_free(&b);
	free(c);
}

TEST(conversion_with_a_range)
{
	struct conversion *c = calloc(1, sizeof(*c));
	struct fault f = {0};
	struct imap_cmd cmd;

	REQUIRE(c != NULL);
	CHECK_INT(conversion_parse(c, "image/png", &f), 0);
	conversion_put(c, &cmd, NULL, 100, "", 2000, 1000);
	CHECK_STR(buf_str(&cmd.text), "UID CONVERT 100 (\"image/png\") BINARY[]<2000.1000>");
	imap_cmd_free(&cmd);
	free(c);
}

/* The fault that a CONVERTED response carries; "" for none. */
static void converted(const char *items, enum fault_class cls, const char *want)
{
	struct fault f = {0};
	struct response_parser *r = response_new(&f);
	struct event ev = {0};
	struct buf b;
	size_t at = 0, used;

	REQUIRE(r != NULL);
	buf_init(&b, RESPONSE_MAX);
	buf_printf(&b, "* 2 CONVERTED (TAG \"a1\") (%s)\r\n", items);
	while (at < b.len && ev.kind != EV_CONVERTED &&
	    response_feed(r, b.data + at, b.len - at, &used, &ev, &f) == 0)
		at += used;
	CHECK_INT(ev.kind, EV_CONVERTED);
	CHECK_INT(conversion_error(&ev, &f), cls == FAULT_NONE ? 0 : -1);
	CHECK_INT(f.cls, cls);
	CHECK_STR(f.msg, want);
	response_free(r);
	buf_free(&b);
}

TEST(conversion_error_says_why)
{
	converted("UID 7 BINARY[3] {2}\r\nhi", FAULT_NONE, "");
	converted("UID 7 BINARY[3] NIL", FAULT_NONE, "");
	converted("UID 7 BINARY[3] (ERROR \"Source text has non us-ascii\" BADPARAMETERS "
		  "\"text/html\" \"text/plain\" (\"charset\" \"us-ascii\"))",
	    FAULT_REFUSED, "not converted: Source text has non us-ascii (BADPARAMETERS)");
	converted("BINARY[3] (ERROR \"CHARSET must be specified\" MISSINGPARAMETERS (CHARSET))",
	    FAULT_REFUSED, "not converted: CHARSET must be specified (MISSINGPARAMETERS)");
	converted(
	    "BINARY[3] (ERROR \"busy\" TEMPFAIL 5)", FAULT_TEMP, "not converted: busy (TEMPFAIL)");
	converted("BINARY[9] (ERROR \"no such part\" BADPARAMETERS NIL \"a/b\")", FAULT_DATA,
	    "not converted: no such part (BADPARAMETERS)");
	converted("BINARY[3] (ERROR)", FAULT_REFUSED, "not converted:  ()");
	converted("BINARY[3] (ERROR (x) (y))", FAULT_REFUSED, "not converted:  ()");
	converted(
	    "BINARY[3] (ERROR \"\x1b[31m\" x)", FAULT_REFUSED, "not converted: \\033[31m (x)");
}

UNIT_MAIN
