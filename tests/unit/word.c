#include "msg/word.h"

#include <stdlib.h>

#include "base/enc.h"
#include "unit.h"

enum { LIMIT = 4 << 20 };

/* Without the NUL of a string. */
static void put_at(char *to, const char *s)
{
	while (*s != '\0')
		*to++ = *s++;
}

static void check_decode(const char *s, size_t n, const char *want)
{
	struct buf b;

	buf_init(&b, LIMIT);
	word_decode(&b, s, n);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

static void decodes(const char *s, const char *want)
{
	check_decode(s, strlen(s), want);
}

TEST(word_decode_has_the_examples_of_rfc_2047)
{
	decodes("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>");
	decodes("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\xc3\xb8rn Simonsen");
	decodes("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n"
		" =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
	    "If you can read this you understand the example.");
	decodes("(=?ISO-8859-1?Q?a?=)", "(a)");
	decodes("(=?ISO-8859-1?Q?a?= b)", "(a b)");
	decodes("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)");
	decodes("(=?ISO-8859-1?Q?a?=    =?ISO-8859-1?Q?b?=)", "(ab)");
	decodes("(=?ISO-8859-1?Q?a_b?=)", "(a b)");
	decodes("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)");
}

TEST(word_decode_takes_charsets_and_languages)
{
	decodes("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore");
	decodes("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac");
	decodes("=?koi8-r?b?8NLJ18XU?=", "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82");
	decodes("=?windows-1252?q?=80?=", "\xe2\x82\xac");
	decodes("=?utf8?q?=C3=A9?=", "\xc3\xa9");
}

TEST(word_decode_joins_characters_that_senders_split)
{
	decodes("=?utf-8?Q?=E2=82?= =?UTF-8?Q?=AC?=", "\xe2\x82\xac");
	decodes("=?utf-8?B?4oI=?=\r\n =?utf-8?B?rA==?=", "\xe2\x82\xac");
	/* Not across other text. */
	decodes("=?utf-8?Q?=E2=82?= x", "\xef\xbf\xbd\xef\xbf\xbd x");
}

TEST(word_decode_leaves_what_it_cannot_read)
{
	static const char *const kept[] = {"=?", "=?=", "=?\?=", "=?utf-8?", "=?utf-8?Q?",
	    "=?utf-8?Q?a", "=?utf-8?Q?a?", "=?utf-8?X?a?=", "=?\?Q?a?=", "=?x-unknown-9?Q?a?=",
	    "=?utf-8?Q?a=?=", "=?utf-8?Q?=4?=", "=?utf-8?Q?=GG?=", "=?utf-8?B?@@@?=",
	    "=?utf-8//TRANSLIT?Q?a?=", "=?*en?Q?a?=", "= ?utf-8?Q?a?=", "=?utf-8?QQ?a?=",
	    "=?/etc/passwd?Q?a?=", "=?x-unknown?Q?a?= =?x-unknown?Q?b?="};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		decodes(kept[i], kept[i]);
	decodes("=?utf-8?Q?a?= =?x-unknown?Q?b?= =?utf-8?Q?c?=", "a =?x-unknown?Q?b?= c");
	decodes("=?=?utf-8?Q?a?=", "=?a");
	decodes("=?utf-8?Q?\?=", "");
}

TEST(word_decode_lets_no_control_in)
{
	decodes("=?utf-8?Q?a=0D=0ABcc:_b=00c=7F?=", "aBcc: bc");
	decodes("=?utf-8?B?YQ0KYg==?=", "ab");
	decodes("=?iso-8859-1?Q?a=85b?=", "ab");
	check_decode("a\0b\r\nc\td", 8, "abc d");
	decodes("=?utf-16?B?DQAKAA==?=", "");
}

TEST(word_decode_takes_raw_octets)
{
	decodes("caf\xc3\xa9", "caf\xc3\xa9");
	decodes("caf\xe9", "caf\xc3\xa9");
	decodes("\xe2\x82", "\xc3\xa2");
	decodes("=?utf-8?Q?caf\xc3\xa9?=", "=?utf-8?Q?caf\xc3\xa9?=");
}

TEST(word_decode_marks_what_is_no_text_of_its_charset)
{
	decodes("=?utf-8?Q?a=FFb?=",
	    "a\xef\xbf\xbd"
	    "b");
	decodes("=?euc-jp?Q?a=A4?=", "a\xef\xbf\xbd");
	decodes("=?big5?Q?=FF=FFa?=",
	    "\xef\xbf\xbd\xef\xbf\xbd"
	    "a");
}

TEST(word_decode_converts_more_than_one_array_full)
{
	struct buf in, want, out;

	buf_init(&in, LIMIT);
	buf_init(&want, LIMIT);
	buf_init(&out, LIMIT);
	for (size_t i = 0; i < 1000; i++) {
		buf_puts(&in, "=?iso-8859-15?Q?=A4=A4=A4?= ");
		buf_puts(&want, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
	}
	word_decode(&out, in.data, in.len - 1);
	CHECK_MEM(out.data, out.len, want.data, want.len);
	buf_free(&in);
	buf_free(&want);
	buf_free(&out);
}

/* Quadratic time would take minutes here. */
static void decode_repeated(const char *s)
{
	struct buf in, out;

	buf_init(&in, LIMIT);
	buf_init(&out, 4L * LIMIT);
	while (in.len + strlen(s) < LIMIT / 2)
		buf_puts(&in, s);
	word_decode(&out, in.data, in.len);
	CHECK(!buf_failed(&out));
	buf_free(&in);
	buf_free(&out);
}

TEST(word_decode_is_linear)
{
	decode_repeated("=?");
	decode_repeated("=?a?q?");
	decode_repeated("=?a?q? ");
	decode_repeated("=?utf-8?q?=");
	decode_repeated("=?utf-8?q?a?= ");
	decode_repeated(" ");
	decode_repeated("=?a ");
	decode_repeated("\xff");
}

static void check_encode(const char *s, const char *want)
{
	struct buf b;

	buf_init(&b, LIMIT);
	word_encode(&b, s, strlen(s));
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

TEST(word_encode_leaves_ascii)
{
	check_encode("", "");
	check_encode("Hello, world", "Hello, world");
	check_encode("a = b? c", "a = b? c");
	check_encode(" two  blanks ", " two  blanks ");
}

TEST(word_encode_takes_only_the_words_that_need_it)
{
	check_encode("Re: caf\xc3\xa9 at noon", "Re: =?utf-8?B?Y2Fmw6k=?= at noon");
	check_encode("caf\xc3\xa9 noir", "=?utf-8?B?Y2Fmw6k=?= noir");
	check_encode("encyclop\xc3\xa6"
		     "dia",
	    "=?utf-8?Q?encyclop=C3=A6dia?=");
	check_encode("\xc3\xa9 a \xc3\xa9", "=?utf-8?B?w6kgYSDDqQ==?=");
	check_encode("=?utf-8?Q?a?=", "=?utf-8?B?PT91dGYtOD9RP2E/PQ==?=");
	check_encode("\xe6\x97\xa5\xe6\x9c\xac", "=?utf-8?B?5pel5pys?=");
}

TEST(word_encode_lets_no_control_in)
{
	check_encode("a\r\nBcc: b", "aBcc: b");
	check_encode("\xc3\xa9\r\nBcc: b", "=?utf-8?B?w6lCY2M6?= b");
}

/* Every word by itself: at most 75 octets, and whole characters. */
static void check_words(const char *s, size_t n)
{
	struct buf one;

	buf_init(&one, LIMIT);
	while (n > 0) {
		const char *end = memchr(s, ' ', n);
		size_t len = end == NULL ? n : (size_t)(end - s);

		if (len > 2 && memcmp(s, "=?", 2) == 0) {
			CHECK(len <= 75);
			buf_reset(&one);
			word_decode(&one, s, len);
			CHECK(memmem(one.data, one.len, "\xef\xbf\xbd", 3) == NULL);
		}
		len += end != NULL;
		s += len;
		n -= len;
	}
	buf_free(&one);
}

static void round_trip(const char *s, size_t n)
{
	struct buf b, back;

	buf_init(&b, LIMIT);
	buf_init(&back, LIMIT);
	word_encode(&b, s, n);
	CHECK(!buf_failed(&b));
	check_words(buf_str(&b), b.len);
	word_decode(&back, buf_str(&b), b.len);
	CHECK_MEM(back.data, back.len, s, n);
	buf_free(&b);
	buf_free(&back);
}

TEST(word_encode_is_undone_by_word_decode)
{
	char text[4 * 300 + 1];

	round_trip("a  \xc3\xa9  b", 8);
	round_trip("_ ? = =? ?= =?\xc3\xa9?=", 18);
	for (size_t chars = 1; chars <= 300; chars += 7) {
		for (size_t i = 0; i < chars; i++)
			put_at(text + 4 * i, i % 3 == 0 ? "\xf0\x9f\x8d\x8b" : "\xc3\xa9 a");
		round_trip(text, 4 * chars);
		round_trip(text + 4, 4 * (chars - 1));
	}
}

TEST(word_encode_breaks_words_that_no_line_could_hold)
{
	char text[2000];
	struct buf b;

	memset(text, 'a', sizeof(text));
	round_trip(text, sizeof(text));
	buf_init(&b, LIMIT);
	word_encode(&b, text, sizeof(text));
	CHECK(memchr(b.data, ' ', b.len) != NULL);
	buf_free(&b);
}

/* ---- parameters */

static void check_param(const char *name, const char *value, const char *want)
{
	struct buf b, back;

	buf_init(&b, LIMIT);
	buf_init(&back, LIMIT);
	param_put(&b, name, value);
	if (want != NULL)
		CHECK_STR(buf_str(&b), want);
	CHECK_INT(param_get(&back, buf_str(&b), b.len, name), 0);
	CHECK_STR(buf_str(&back), value);
	buf_free(&b);
	buf_free(&back);
}

TEST(param_put_takes_the_simplest_form)
{
	check_param("filename", "photo.jpg", "; filename=photo.jpg");
	check_param("filename", "my photo.jpg", "; filename=\"my photo.jpg\"");
	check_param("filename", "a\"b\\c", "; filename=\"a\\\"b\\\\c\"");
	check_param("filename", "", "; filename=\"\"");
	check_param("filename", "caf\xc3\xa9 1.txt", "; filename*=utf-8''caf%C3%A9%201.txt");
	check_param("filename", "50%'*", "; filename=50%'*");
	check_param("filename", "=?utf-8?Q?a?=", "; filename*=utf-8''%3D%3Futf-8%3FQ%3Fa%3F%3D");
}

TEST(param_put_splits_long_values)
{
	check_param("filename",
	    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9.txt",
	    "; filename*0*=utf-8''%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9"
	    "; filename*1*=%C3%A9.txt");
	char text[3000];
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	check_param("name", text, NULL);
	for (size_t i = 0; i + 4 < sizeof(text); i += 4)
		put_at(text + i, "\xf0\x9f\x8d\x8b");
	check_param("name", text, NULL);
}

TEST(param_put_lets_no_control_in)
{
	struct buf b;

	buf_init(&b, LIMIT);
	param_put(&b, "name", "a\r\nBcc: b\t\x01");
	CHECK_STR(buf_str(&b), "; name=\"aBcc: b \"");
	buf_free(&b);
}

static void gets(const char *field, const char *name, const char *want)
{
	struct buf b;

	buf_init(&b, LIMIT);
	CHECK_INT(param_get(&b, field, strlen(field), name), want == NULL ? -1 : 0);
	CHECK_STR(buf_str(&b), want == NULL ? "" : want);
	buf_free(&b);
}

TEST(param_get_reads_tokens_strings_and_comments)
{
	gets("text/plain; charset=us-ascii (Plain text)", "charset", "us-ascii");
	gets("text/plain; charset=\"us-ascii\"", "CHARSET", "us-ascii");
	gets("text/plain;CharSet = utf-8 ; format=flowed", "charset", "utf-8");
	gets("text/plain; charset=utf-8; format=flowed", "format", "flowed");
	gets("text/plain (a; b=c); d=e", "d", "e");
	gets("text/plain (a; b=c); d=e", "b", NULL);
	gets("x; a=\"; b=c\"; b=d", "b", "d");
	gets("x; a=\"q\\\"; b=c\"; b=d", "b", "d");
	gets("x; a=(comment (nested \\) ) )b", "a", "b");
	gets("attachment; filename=two words.txt; size=3", "filename", "two words.txt");
	gets("attachment; filename=\"unclosed", "filename", "unclosed");
	gets("attachment; filename=", "filename", "");
	gets("attachment; filename", "filename", NULL);
	gets("attachment; xfilename=a; filenamex=b", "filename", NULL);
	gets("filename=a", "filename", NULL);
	gets("", "filename", NULL);
	gets("a;", "filename", NULL);
	gets(";;;filename=a", "filename", "a");
	gets("a; filename=first; filename=second", "filename", "first");
	gets("a;\r\n\tfilename=b\r\n", "filename", "b");
}

TEST(param_get_has_the_examples_of_rfc_2231)
{
	gets("message/external-body; access-type=URL; URL*0=\"ftp://\";"
	     " URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
	    "url", "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar");
	gets("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
	    "title", "This is ***fun***");
	gets("application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;"
	     " title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
	    "title", "This is even more ***fun*** isn't it!");
}

TEST(param_get_takes_what_senders_send)
{
	gets("a; name*1=b; name*0=a", "name", "ab");
	gets("a; name=plain; name*=utf-8''ext", "name", "ext");
	gets("a; name*0=x; name*2=z", "name", "x");
	gets("a; name*1=x", "name", NULL);
	gets("a; name*=iso-8859-1''%E9", "name", "\xc3\xa9");
	gets("a; name*=\"iso-8859-1''%E9\"", "name", "\xc3\xa9");
	gets("a; name*=nobody-knows''%C3%A9", "name", "\xc3\xa9");
	gets("a; name*=''%E9", "name", "\xc3\xa9");
	gets("a; name*=plain%20text", "name", "plain text");
	gets("a; name*=100%", "name", "100%");
	gets("a; name*0*=utf-8''%E2%82; name*1*=%AC", "name", "\xe2\x82\xac");
	gets("a; name=\"=?utf-8?B?w6k=?=\"", "name", "\xc3\xa9");
	gets("a; name=\"caf\xe9\"", "name", "caf\xc3\xa9");
	gets("a; name*99999999999=a; name*x=b; name**=c", "name", NULL);
}

TEST(param_get_lets_no_control_in)
{
	gets("a; name*=utf-8''a%0D%0Ab%00c", "name", "abc");
	gets("a; name=\"a\r\n b\"", "name", "a b");
}

static void get_repeated(const char *s)
{
	struct buf in, out;

	buf_init(&in, LIMIT);
	buf_init(&out, LIMIT);
	while (in.len + strlen(s) < LIMIT / 2)
		buf_puts(&in, s);
	param_get(&out, in.data, in.len, "name");
	CHECK(!buf_failed(&out));
	buf_free(&in);
	buf_free(&out);
}

TEST(param_get_is_linear)
{
	get_repeated("(");
	get_repeated(";(");
	get_repeated("a;\"");
	get_repeated(";name*0*=a''");
	get_repeated(";name=\"a(");
	get_repeated(";name*1=(\\");
}

UNIT_MAIN
