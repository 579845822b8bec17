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
	encodes("one  \ntwo\t \nthree\t", 72, false, "one\r\ntwo\t\r\nthree\t\r\n");
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
	encodes("-- aaaaaa", 5, true, "-- a \r\naaaaa\r\n");
}

TEST(flow_encode_with_delsp_breaks_anywhere)
{
	encodes("one two three", 10, true, "one two  \r\nthree\r\n");
	encodes("averylongwordindeed", 10, true, "averylong \r\nwordindeed\r\n");
	/* No line becomes one that is munged on its way: "From ". */
	encodes("Fromage", 5, true, "Fro \r\nmage\r\n");
}

/* RFC 3676 section 4.2 counts characters; a character is never broken. */
TEST(flow_encode_counts_characters)
{
	encodes("\xc3\xa4\xc3\xb6\xc3\xbc \xc3\xa4\xc3\xb6\xc3\xbc \xc3\xa4\xc3\xb6\xc3\xbc", 8,
	    false,
	    "\xc3\xa4\xc3\xb6\xc3\xbc \xc3\xa4\xc3\xb6\xc3\xbc \r\n\xc3\xa4\xc3\xb6\xc3\xbc\r\n");
	encodes("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac", 5, true,
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\r\n");
	encodes("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5, true,
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5 \r\n\xe6\x9c\xac\xe8\xaa\x9e\r\n");
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
	decodes("-- ", false, "-- \n");
	/* Only where it is quoted may it be stuffed. */
	decodes(" -- \r\nme\r\n", false, "-- me\n");
	decodes(">-- \r\n>me\r\n", false, "> -- \n> me\n");
	decodes(">  -- \r\n> me\r\n", false, ">  -- me\n");
	decodes("--\r\nme\r\n-", false, "--\nme\n-\n");
}

TEST(flow_decode_with_delsp_takes_the_blank_away)
{
	decodes("very \r\nlong\r\n", true, "verylong\n");
	decodes("one  \r\ntwo\r\n", true, "one two\n");
	decodes("-- \r\nme \r\n", true, "-- \nme\n");
}

/* What encoding evens out, of one line: blanks at its end, the way of quote marks. */
static void put_even(struct buf *out, const char *s, size_t n)
{
	size_t marks = 0;

	while (n > 0 && *s == '>') {
		size_t len = n > 2 && s[1] == ' ' && s[2] == '>' ? 2 : 1;

		marks++;
		buf_putc(out, '>');
		s += len;
		n -= len;
	}
	if (marks > 0 && n > 0 && *s == ' ') {
		s++;
		n--;
	}
	if (n != 3 || memcmp(s, "-- ", 3) != 0)
		while (n > 0 && s[n - 1] == ' ')
			n--;
	if (marks > 0 && n > 0)
		buf_putc(out, ' ');
	buf_put(out, s, n);
}

static void even_out(struct buf *out, const char *s, size_t n)
{
	while (n > 0) {
		size_t len = 0;

		while (len < n && s[len] != '\r' && s[len] != '\n')
			len++;
		put_even(out, s, len);
		for (; len < n && (s[len] == '\r' || s[len] == '\n'); len++)
			buf_putc(out, s[len]);
		s += len;
		n -= len;
	}
}

/* In pieces of `step` octets, as a stream. */
static void encode_pieces(
    struct buf *out, const struct buf *in, unsigned width, bool delsp, size_t step)
{
	struct flow_encoder e;

	flow_encoder_init(&e, width, delsp, FLOW_KEEP);
	flow_encoder_look(&e, in->data, in->len);
	for (size_t at = 0; at < in->len;) {
		size_t n = in->len - at < step ? in->len - at : step;

		at += flow_encoder_feed(&e, out, in->data + at, n);
	}
	flow_encoder_end(&e, out);
}

static void decode_pieces(struct buf *out, const struct buf *in, bool delsp, size_t step)
{
	struct flow_decoder d;

	flow_decoder_init(&d, delsp, FLOW_KEEP);
	for (size_t at = 0; at < in->len; at += step)
		flow_decoder_feed(
		    &d, out, in->data + at, in->len - at < step ? in->len - at : step);
	flow_decoder_end(&d, out);
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* decode(encode(text)) is the text evened out; in pieces of any size it is the same. */
static bool comes_back(const struct buf *text, unsigned width, bool delsp)
{
	struct buf want, flowed, slowly, back, back_slowly;
	bool ok;

	buf_init(&want, LIMIT);
	buf_init(&flowed, LIMIT);
	buf_init(&slowly, LIMIT);
	buf_init(&back, LIMIT);
	buf_init(&back_slowly, LIMIT);
	even_out(&want, text->data, text->len);
	encode_pieces(&flowed, text, width, delsp, SIZE_MAX);
	encode_pieces(&slowly, text, width, delsp, 1 + width % 3);
	decode_pieces(&back, &flowed, delsp, SIZE_MAX);
	decode_pieces(&back_slowly, &flowed, delsp, 1 + width % 3);
	ok = same(&flowed, &slowly) && same(&back, &want) && same(&back_slowly, &want);
	buf_free(&want);
	buf_free(&flowed);
	buf_free(&slowly);
	buf_free(&back);
	buf_free(&back_slowly);
	return ok;
}

static void round_trip(const char *s, unsigned width, bool delsp)
{
	struct buf b, even;

	buf_init(&b, LIMIT);
	buf_init(&even, LIMIT);
	buf_puts(&b, s);
	even_out(&even, s, strlen(s));
	CHECK(same(&b, &even));
	CHECK(comes_back(&b, width, delsp));
	buf_free(&b);
	buf_free(&even);
}

TEST(flow_encode_is_undone_by_flow_decode)
{
	const char *text =
	    "A first paragraph that is long enough for some lines, and has  two blanks.\n"
	    "\n"
	    " An indented one, > with an angle, and From some people far away - --  x\r\n"
	    ">> A quoted one that is long enough to be broken, > with an angle as well.\n"
	    ">\n"
	    "> \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\r"
	    "a TAB\t\n"
	    "-- \n"
	    "The signature, without an end";

	for (unsigned width = 0; width < 100; width++) {
		round_trip(text, width, false);
		round_trip(text, width, true);
	}
}

/* xorshift: the same texts each time. */
static uint32_t draw(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

static void random_text(struct buf *out, uint32_t *state)
{
	static const char *const words[] = {" ", " ", " ", "  ", "       ", "\n", "\n", "\r\n",
	    "\r", ">", "> ", ">>", "> > ", "\n>", "\n> ", "\n-- \n", "-- ", "--", "-", "From ",
	    "From", "\nFrom ", "a", "word", "averylongwordindeed", "\t", "\xc3\xa4",
	    "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x8d\x8b", "\xff", "\x80\x80\x80\x80\x80", "\x1b",
	    "NUL"};
	uint32_t n = draw(state, 60), kind;

	buf_reset(out);
	while (n-- > 0) {
		kind = draw(state, sizeof(words) / sizeof(words[0]));
		if (strcmp(words[kind], "NUL") == 0)
			buf_putc(out, '\0');
		else
			buf_puts(out, words[kind]);
	}
}

TEST(flow_random_texts_come_back)
{
	uint32_t state = 20261124;
	struct buf text;
	size_t bad = 0;

	buf_init(&text, LIMIT);
	for (int i = 0; i < 50000; i++) {
		random_text(&text, &state);
		bad += !comes_back(&text, draw(&state, 80), draw(&state, 2) == 1);
	}
	CHECK_INT(bad, 0);
	buf_free(&text);
}

/* Blanks, octets without a blank, characters without an end, marks: more of them than a piece. */
TEST(flow_endless_lines_come_back)
{
	static const char *const unit[] = {" ", "a", "\x80", ">", "> ", "a ", "\xc3\xa4", "\r"};

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		for (unsigned width = 0; width < 150; width += 72) {
			struct buf text;

			buf_init(&text, LIMIT);
			for (int k = 0; k < 3 * FLOW_PIECE_MAX; k++)
				buf_puts(&text, unit[i]);
			buf_puts(&text, "end");
			CHECK(comes_back(&text, width, false));
			CHECK(comes_back(&text, width, true));
			buf_free(&text);
		}
}

TEST(flow_encode_appends_pieces)
{
	struct flow_encoder e;
	struct buf out, in;
	size_t at = 0, calls = 0;

	buf_init(&in, LIMIT);
	buf_init(&out, 2 * FLOW_PIECE_MAX);
	for (int i = 0; i < 10 * FLOW_PIECE_MAX; i++)
		buf_putc(&in, ' ');
	buf_putc(&in, 'a');
	flow_encoder_init(&e, 72, false, FLOW_KEEP);
	for (; at < in.len; calls++) {
		at += flow_encoder_feed(&e, &out, in.data + at, in.len - at);
		REQUIRE(!buf_failed(&out));
		CHECK(out.len <= FLOW_PIECE_MAX + FLOW_WIDTH_MAX);
		buf_reset(&out);
	}
	CHECK(calls > 9);
	flow_encoder_end(&e, &out);
	/* 71 blanks a line, and one that stuffs it: 655,360 are 9,230 lines and 30 more. */
	CHECK_STR(buf_str(&out), "                               a");
	buf_free(&in);
	buf_free(&out);
}

TEST(flow_keeps_the_ends_of_lines)
{
	struct buf in, out;

	buf_init(&in, LIMIT);
	buf_init(&out, LIMIT);
	buf_puts(&in, "one two three\r\nfour five six\nseven eight nine\rten");
	encode_pieces(&out, &in, 9, false, SIZE_MAX);
	CHECK_STR(
	    buf_str(&out), "one two \r\nthree\r\nfour \r\nfive six\nseven \neight \nnine\rten");
	buf_reset(&in);
	decode_pieces(&in, &out, false, SIZE_MAX);
	CHECK_STR(buf_str(&in), "one two three\r\nfour five six\nseven eight nine\rten");
	/* Where a paragraph ends in a line that flowed, the end of that line counts. */
	buf_reset(&out);
	buf_reset(&in);
	buf_puts(&in, "one \r\n> two \n-- \r\nme ");
	decode_pieces(&out, &in, false, SIZE_MAX);
	CHECK_STR(buf_str(&out), "one \r\n> two \n-- \r\nme ");
	buf_free(&in);
	buf_free(&out);
}

TEST(flow_decode_joins_no_deeper_than_the_limit)
{
	struct buf in, out;

	buf_init(&in, LIMIT);
	buf_init(&out, LIMIT);
	for (int depth = FLOW_DEPTH_MAX; depth <= FLOW_DEPTH_MAX + 1; depth++) {
		buf_reset(&in);
		buf_reset(&out);
		for (int line = 0; line < 2; line++) {
			for (int i = 0; i < depth; i++)
				buf_putc(&in, '>');
			buf_puts(&in, " a \n");
		}
		decode_pieces(&out, &in, false, SIZE_MAX);
		CHECK_INT(out.len, depth == FLOW_DEPTH_MAX ? in.len - depth - 2 : in.len);
	}
	buf_free(&in);
	buf_free(&out);
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
