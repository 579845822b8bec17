#include "base/enc.h"

#include "base/utf8.h"
#include "unit.h"

enum { LIMIT = 1 << 20 };

static struct buf fresh(void)
{
	struct buf b;

	buf_init(&b, LIMIT);
	return b;
}

static const struct {
	const char *plain, *coded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

TEST(enc_base64_has_the_vectors_of_rfc_4648)
{
	struct buf b = fresh();

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		buf_reset(&b);
		enc_base64(&b, vectors[i].plain, strlen(vectors[i].plain));
		CHECK_STR(buf_str(&b), vectors[i].coded);
		buf_reset(&b);
		CHECK_INT(enc_base64_decode(&b, vectors[i].coded, strlen(vectors[i].coded)), 0);
		CHECK_STR(buf_str(&b), vectors[i].plain);
	}
	buf_free(&b);
}

TEST(enc_base64_decode_is_strict)
{
	static const char *const bad[] = {"Z", "Zg",
	    "Zg=", "Zg===", "====", "=Zg=", "Z===", "Zh==", "Zm9=", "Zm9v ", "Zm9v\n", "Zm-v",
	    "Zm_v", "Zg==Zg==", "Zm8=Zm8=", "Zm9v=", "Zm\xc3\xb6"};
	struct buf b = fresh();

	buf_puts(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(enc_base64_decode(&b, bad[i], strlen(bad[i])), -1);
		CHECK_STR(buf_str(&b), "kept");
	}
	CHECK_INT(enc_base64_decode(&b, "Zm\0v", 4), -1);
	CHECK_INT(enc_base64_decode(&b, "\0\0\0\0", 4), -1);
	buf_free(&b);
}

TEST(enc_base64_respects_the_limit)
{
	struct buf b;

	buf_init(&b, 4);
	enc_base64(&b, "abcd", 4);
	CHECK(buf_failed(&b) && b.len == 0);
	buf_reset(&b);
	CHECK_INT(enc_base64_decode(&b, "Zm9vYmFy", 8), -1);
	buf_reset(&b);
	enc_base64(&b, "abc", 3);
	CHECK(!buf_failed(&b) && b.len == 4);
	buf_free(&b);
}

TEST(enc_base64_mime_breaks_lines)
{
	struct buf b = fresh();
	char zeroes[115] = {0};

	enc_base64_mime(&b, zeroes, 0);
	CHECK_INT(b.len, 0);
	enc_base64_mime(&b, zeroes, 57);
	CHECK_INT(b.len, 78);
	CHECK_STR(buf_str(&b) + 76, "\r\n");
	buf_reset(&b);
	enc_base64_mime(&b, zeroes, 115);
	CHECK_INT(b.len, 78 + 78 + 6);
	CHECK_STR(buf_str(&b) + 156, "AA==\r\n");
	buf_free(&b);
}

/* A decoder for pieces gives the same for every cut. */
static void check_stream(
    void (*stream)(struct enc_decoder *, struct buf *, const char *, size_t, bool), const char *in,
    const char *expected)
{
	size_t n = strlen(in);

	for (size_t cut = 0; cut <= n; cut++) {
		struct buf b = fresh();
		struct enc_decoder d = {0};
		stream(&d, &b, in, cut, false);
		stream(&d, &b, in + cut, n - cut, true);
		CHECK_STR(buf_str(&b), expected);
		buf_reset(&b);
		for (size_t i = 0; i < n; i++)
			stream(&d, &b, in + i, 1, false);
		stream(&d, &b, "", 0, true);
		CHECK_STR(buf_str(&b), expected);
		buf_free(&b);
	}
}

TEST(enc_base64_stream_is_lenient)
{
	check_stream(enc_base64_stream, "Zm9v\r\nYmFy\r\n", "foobar");
	check_stream(enc_base64_stream, "  Zm9!v-Y_mFy", "foobar");
	check_stream(enc_base64_stream, "Zm9vYg==", "foob");
	check_stream(enc_base64_stream, "Zm9vYmE=\r\n\r\n-- list", "fooba");
	check_stream(enc_base64_stream, "Zm9vYg", "foob");
	check_stream(enc_base64_stream, "Zm9vYmE", "fooba");
	check_stream(enc_base64_stream, "Zm9vY", "foo");
	check_stream(enc_base64_stream, "=Zm9v", "");
}

static void check_qp(const char *in, const char *expected)
{
	struct buf b = fresh();

	enc_qp(&b, in, strlen(in));
	CHECK_STR(buf_str(&b), expected);
	buf_free(&b);
}

TEST(enc_qp_escapes_what_must_be)
{
	check_qp("", "");
	check_qp("a=b", "a=3Db");
	check_qp("caf\xc3\xa9\n", "caf=C3=A9\r\n");
	check_qp("x \ny\t\r\n z", "x=20\r\ny=09\r\n z");
	check_qp("end ", "end=20");
	check_qp("end\t", "end=09");
	check_qp(" \n", "=20\r\n");
	check_qp("\x01\x7f\r", "=01=7F=0D");
	check_qp("a\rb", "a=0Db");
	check_qp(".\n.a\n..\n", "=2E\r\n.a\r\n..\r\n");
	check_qp(".", "=2E");
	check_qp("From me\nFrom\n From x", "=46rom me\r\nFrom\r\n From x");
}

TEST(enc_qp_lines_have_76_characters)
{
	char line[400];
	struct buf b = fresh();

	memset(line, 'x', sizeof(line));
	enc_qp(&b, line, 76);
	CHECK_INT(b.len, 76);
	buf_reset(&b);
	enc_qp(&b, line, 77);
	CHECK_INT(b.len, 75 + 3 + 2);
	for (size_t pad = 60; pad < 90; pad++) {
		memset(line, 'x', sizeof(line));
		memcpy(line + pad, "=\xff . From \t", 12);
		buf_reset(&b);
		enc_qp(&b, line, sizeof(line));
		const char *s = buf_str(&b);
		while (*s != '\0') {
			size_t n = strcspn(s, "\r");
			CHECK(n <= 76);
			CHECK(s[n] == '\0' || s[n - 1] == '=');
			s += n + (s[n] == '\0' ? 0 : 2);
		}
		struct buf back = fresh();
		struct enc_decoder d = {0};
		enc_qp_stream(&d, &back, b.data, b.len, true);
		CHECK_MEM(back.data, back.len, line, sizeof(line));
		buf_free(&back);
	}
	buf_free(&b);
}

/* A soft line break must not make a line that the escapes are there to prevent. */
TEST(enc_qp_looks_at_lines_after_soft_breaks)
{
	char line[100];

	memset(line, 'x', sizeof(line));
	memcpy(line + 75, ".x", sizeof(".x"));
	line[76] = '\0';
	char expected[100];
	memcpy(expected, line, 77);
	check_qp(line, expected);
	memcpy(line + 75, "From here", sizeof("From here"));
	memset(expected, 'x', 75);
	memcpy(expected + 75, "=\r\n=46rom here", sizeof("=\r\n=46rom here"));
	check_qp(line, expected);
}

TEST(enc_qp_stream_is_lenient)
{
	check_stream(enc_qp_stream, "a=3Db=3db", "a=b=b");
	check_stream(enc_qp_stream, "soft=\r\nbreak=\nhere= \t\r\nand=", "softbreakhereand");
	check_stream(enc_qp_stream, "blank \t \r\nx \ny\t", "blank\r\nx\ny");
	check_stream(enc_qp_stream, "a = b =zz =4", "a = b =zz =4");
	check_stream(enc_qp_stream, "==3D", "==");
	check_stream(enc_qp_stream, "=\rx \ry", "=\rx \ry");
	check_stream(enc_qp_stream, "= =41", "= A");
	check_stream(enc_qp_stream, "=4=41", "=4A");
	check_stream(enc_qp_stream, "=\r", "");
	check_stream(enc_qp_stream, "x= ", "x");
	check_stream(enc_qp_stream, "caf\xc3\xa9", "caf\xc3\xa9");
}

TEST(enc_qp_stream_holds_back_a_limited_run)
{
	static char blanks[10000];
	struct enc_decoder d = {0};
	struct buf b = fresh();

	memset(blanks, ' ', sizeof(blanks));
	enc_qp_stream(&d, &b, blanks, sizeof(blanks), false);
	CHECK(d.nheld <= sizeof(d.held));
	enc_qp_stream(&d, &b, "x", 1, true);
	CHECK_INT(b.len, sizeof(blanks) + 1);
	buf_reset(&b);
	enc_qp_stream(&d, &b, "=", 1, false);
	enc_qp_stream(&d, &b, blanks, sizeof(blanks), false);
	enc_qp_stream(&d, &b, "x", 1, true);
	CHECK_INT(b.len, sizeof(blanks) + 2);
	buf_free(&b);
}

TEST(enc_is_utf8_knows_rfc_3629)
{
	static const char *const good[] = {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
	    "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z",
	    "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
	    "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
	    "\xf8\x88\x80\x80\x80", "\xff", "\xfe", "a\xc3"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(enc_is_utf8(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!enc_is_utf8(bad[i], strlen(bad[i])));
	CHECK(enc_is_utf8("a\0b", 3));
	CHECK(!enc_is_utf8("\xc3\xa9", 1));
}

TEST(utf8_puts_what_it_reads)
{
	for (uint32_t cp = 0; cp <= 0x110000; cp++) {
		char c[UTF8_MAX];
		uint32_t back = 0;
		size_t n = utf8_put(c, cp);
		bool scalar = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
		if (scalar != (n > 0) || (scalar && (utf8_next(c, n, &back) != n || back != cp)))
			CHECK(!"utf8_put and utf8_next agree");
	}
}

TEST(enc_safe_leaves_no_control_character)
{
	struct buf b = fresh();

	static const char in[] =
	    "a\tb\r\n\\ \x1b[0m \x7f \xc2\x85 \xe2\x80\xae\xe2\x80\xac \xe2\x80\xa8 \xff\xc3\xbc\0!";
	enc_safe(&b, in, sizeof(in) - 1);
	CHECK_STR(buf_str(&b),
	    "a\\tb\\r\\n\\\\ \\033[0m \\177 \\302\\205 \\342\\200\\256\\342\\200\\254 \\342\\200\\250 "
	    "\\377\xc3\xbc\\000!");
	buf_free(&b);
}

TEST(enc_json_is_json)
{
	struct buf b = fresh();

	enc_json(&b, "", 0);
	CHECK_STR(buf_str(&b), "\"\"");
	buf_reset(&b);
	static const char in[] =
	    "\"\\/\b\f\n\r\t\x01\0\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xac\xc3\xbc\xff\xed\xa0\x80";
	enc_json(&b, in, sizeof(in) - 1);
	CHECK_STR(buf_str(&b),
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u0000\\u007f\\u009b\\u202e\\u202c\xc3\xbc"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_free(&b);
}

UNIT_MAIN
