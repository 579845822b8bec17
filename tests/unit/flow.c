#include "msg/flow.h"

#include <stdlib.h>

#include "unit.h"

enum { LIMIT = 16 << 20 };

static void encodes(const char *s, unsigned width, bool delsp, const char *want)
{
	struct buf b;

	buf_init(&b, LIMIT);
	flow_encode(&b, s, strlen(s), width, delsp);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

static void decodes(const char *s, bool delsp, const char *want)
{
	struct buf b;

	buf_init(&b, LIMIT);
	flow_decode(&b, s, strlen(s), delsp);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

TEST(flow_encode_breaks_after_blanks)
{
	encodes("", 20, false, "");
	encodes("\n", 20, false, "\r\n");
	encodes("short", 20, false, "short\r\n");
	encodes("short\r\nlines\n", 20, false, "short\r\nlines\r\n");
	encodes("old\rmac\r", 20, false, "old\r\nmac\r\n");
	encodes(
	    "one two three four five six", 12, false, "one two \r\nthree four \r\nfive six\r\n");
	encodes("exactlytwelv", 12, false, "exactlytwelv\r\n");
	encodes("elevenelev x", 11, false, "elevenelev \r\nx\r\n");
	encodes("averylongwordindeed and more", 10, false, "averylongwordindeed \r\nand more\r\n");
	encodes("averylongwordindeed", 10, false, "averylongwordindeed\r\n");
}

TEST(flow_encode_lets_nothing_flow_by_accident)
{
	encodes("one  \ntwo\t \nthree", 72, false, "one\r\ntwo\r\nthree\r\n");
	encodes("   \n", 72, false, "\r\n");
	encodes("> \n>\n", 72, false, ">\r\n>\r\n");
}

TEST(flow_encode_stuffs)
{
	encodes(" a", 72, false, "  a\r\n");
	encodes("From here", 72, false, " From here\r\n");
	encodes("Fromage", 72, false, "Fromage\r\n");
	encodes("aaaa bbbb > cccc", 10, false, "aaaa bbbb \r\n > cccc\r\n");
	encodes("aaaaaaaa From bbb", 10, false, "aaaaaaaa \r\n From bbb\r\n");
	encodes("aaaaaaaa  b c d e", 10, false, "aaaaaaaa  \r\nb c d e\r\n");
	encodes("aaaaaaaaa  b c d", 10, false, "aaaaaaaaa \r\n  b c d\r\n");
}

TEST(flow_encode_quotes)
{
	encodes("> one two three four", 11, false, "> one two \r\n> three \r\n> four\r\n");
	encodes(">one", 72, false, "> one\r\n");
	encodes("> > one\n>> two\n>  > three", 72, false, ">> one\r\n>> two\r\n>  > three\r\n");
	encodes("> aaaa bbbb > cccc", 12, false, "> aaaa bbbb \r\n> > cccc\r\n");
}

TEST(flow_encode_keeps_signatures)
{
	encodes("text\n-- \nme", 72, false, "text\r\n-- \r\nme\r\n");
	encodes("> -- \n", 72, false, "> -- \r\n");
	encodes("--  \n--\n", 72, false, "--\r\n--\r\n");
	/* No line becomes one by being broken. */
	encodes("-- aaaaaaaa bbb", 10, false, "-- aaaaaaaa \r\nbbb\r\n");
	encodes("aaaaaaaa -- bbbbbbbb", 10, false, "aaaaaaaa \r\n-- bbbbbbbb\r\n");
	encodes("--\xf0\x9f\x8d\x8b\xf0\x9f\x8d\x8b", 6, true,
	    "--\xf0\x9f\x8d\x8b \r\n\xf0\x9f\x8d\x8b\r\n");
}

TEST(flow_encode_with_delsp_breaks_anywhere)
{
	encodes("one two three", 10, true, "one two  \r\nthree\r\n");
	encodes("averylongwordindeed", 10, true, "averylong \r\nwordindeed\r\n");
	encodes("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac", 10, true,
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \r\n\xe6\x97\xa5\xe6\x9c\xac\r\n");
}

TEST(flow_decode_joins_flowed_lines)
{
	decodes("", false, "");
	decodes("one \r\ntwo \r\nthree\r\nfour\r\n", false, "one two three\nfour\n");
	decodes("one \ntwo", false, "one two\n");
	decodes("one ", false, "one \n");
	decodes("one \r\n\r\ntwo\r\n", false, "one \ntwo\n");
	decodes(
	    "  stuffed\r\n From here\r\n >no quote\r\n", false, " stuffed\nFrom here\n>no quote\n");
}

TEST(flow_decode_follows_quotes)
{
	decodes("> one \r\n> two\r\n", false, "> one two\n");
	decodes(">one \r\n>two\r\n", false, "> one two\n");
	decodes(">> one\r\n> two\r\nthree\r\n", false, ">> one\n> two\nthree\n");
	decodes("> one \r\ntwo\r\n", false, "> one \ntwo\n");
	decodes("one \r\n> two\r\n", false, "one \n> two\n");
	decodes(">\r\n>>\r\n", false, ">\n>>\n");
	decodes("> > one\r\n", false, "> > one\n");
}

TEST(flow_decode_never_joins_signatures)
{
	decodes("one \r\n-- \r\nme\r\n", false, "one \n-- \nme\n");
	decodes("> one \r\n> -- \r\n", false, "> one \n> -- \n");
	decodes("--  \r\nme\r\n", false, "--  me\n");
}

TEST(flow_decode_with_delsp_takes_the_blank_away)
{
	decodes("very \r\nlong\r\n", true, "verylong\n");
	decodes("one  \r\ntwo\r\n", true, "one two\n");
	decodes("-- \r\nme \r\n", true, "-- \nme\n");
}

static void round_trip(const char *s, unsigned width, bool delsp)
{
	struct buf b, back;

	buf_init(&b, LIMIT);
	buf_init(&back, LIMIT);
	flow_encode(&b, s, strlen(s), width, delsp);
	flow_decode(&back, buf_str(&b), b.len, delsp);
	CHECK_STR(buf_str(&back), s);
	buf_free(&b);
	buf_free(&back);
}

TEST(flow_encode_is_undone_by_flow_decode)
{
	const char *text =
	    "A first paragraph that is long enough for some lines, and has  two blanks.\n"
	    "\n"
	    " An indented one, > with an angle, and From some people far away - --  x\n"
	    ">> A quoted one that is long enough to be broken, > with an angle as well.\n"
	    ">\n"
	    "> \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n"
	    "-- \n"
	    "The signature\n";

	for (unsigned width = 0; width < 100; width++) {
		round_trip(text, width, false);
		round_trip(text, width, true);
	}
}

TEST(flow_encode_keeps_the_width)
{
	const char *text = "Short words go on and on, so that each line can be full but never over "
			   "what it may have; > angles and  blanks  and From come too.";

	for (unsigned width = 10; width < 80; width++)
		for (int delsp = 0; delsp < 2; delsp++) {
			struct buf b;
			size_t column = 0;

			buf_init(&b, LIMIT);
			flow_encode(&b, text, strlen(text), width, delsp);
			for (size_t i = 0; i < b.len; i++) {
				column = b.data[i] == '\n' ? 0 : column + (b.data[i] != '\r');
				CHECK(column <= width);
			}
			buf_free(&b);
		}
}

static void repeated(const char *s, bool delsp)
{
	struct buf in, out, back;

	buf_init(&in, LIMIT);
	buf_init(&out, LIMIT);
	buf_init(&back, LIMIT);
	while (in.len < LIMIT / 16)
		buf_puts(&in, s);
	flow_encode(&out, in.data, in.len, 72, delsp);
	flow_decode(&back, out.data, out.len, delsp);
	CHECK(!buf_failed(&out) && !buf_failed(&back));
	buf_free(&in);
	buf_free(&out);
	buf_free(&back);
}

TEST(flow_is_linear)
{
	static const char *const hostile[] = {">", "> ", " ", "-- ", "a", "a ", ">\n", "> a ", "\r",
	    "\xff", "-", "From ", ">>>>>>>>>>>>>>>>>>>>>>>>>>>>>> a a a a a a a a a a a a a a\n"};

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		repeated(hostile[i], false);
		repeated(hostile[i], true);
	}
}

TEST(flow_many_marks_do_not_multiply)
{
	struct buf in, out;

	buf_init(&in, LIMIT);
	buf_init(&out, LIMIT);
	for (size_t i = 0; i < LIMIT / 32; i++)
		buf_putc(&in, '>');
	for (size_t i = 0; i < LIMIT / 32; i++)
		buf_puts(&in, " a");
	flow_encode(&out, in.data, in.len, 72, true);
	CHECK(out.len < in.len + 16);
	buf_free(&in);
	buf_free(&out);
}

UNIT_MAIN
