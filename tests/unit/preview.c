#include "msg/preview.h"

#include "base/enc.h"
#include "unit.h"

static void check(const char *text, size_t n, const char *charset, bool html, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	preview_text(&b, text, n, charset, html);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

static void plain(const char *text, const char *want)
{
	check(text, strlen(text), NULL, false, want);
}

static void html(const char *text, const char *want)
{
	check(text, strlen(text), "utf-8", true, want);
}

TEST(preview_of_text_is_one_line)
{
	plain("", "");
	plain("Hello", "Hello");
	plain("  Hello\r\n\r\n\tthere,\nall  of you. \r\n", "Hello there, all of you.");
	plain("a\x1b[2J\x07z", "a[2Jz");
	plain("5 < 6 & 7 > 2", "5 < 6 & 7 > 2");
	plain("a\xc2\xa0\xe3\x80\x80z", "a z");
	const char override[] = {'a', '\xe2', '\x80', '\xae', 'z', '\0'};
	plain(override, "az");
}

TEST(preview_of_text_leaves_quotes_out)
{
	plain("> You wrote\r\n>> before\r\nYes.\r\n> and\r\nNo.", "Yes. No.");
	plain("> all quoted", "");
}

TEST(preview_knows_charsets)
{
	check("Caf\xe9", 4, "iso-8859-1", false, "Caf\xc3\xa9");
	check("Caf\xc3\xa9", 5, "UTF-8", false, "Caf\xc3\xa9");
	check("Caf\xe9", 4, "x-nobody-knows", false, "Caf\xef\xbf\xbd");
	check("Caf\xe9", 4, "//TRANSLIT", false, "Caf\xef\xbf\xbd");
	check(
	    "\x1b$B%F%9%H\x1b(B", 12, "iso-2022-jp", false, "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88");
}

TEST(preview_has_an_end)
{
	char text[1000], want[PREVIEW_CHARACTERS + 1];
	struct buf b, long_one;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(want, 'x', sizeof(want));
	want[PREVIEW_CHARACTERS] = '\0';
	plain(text, want);
	/* no blank at the end */
	text[PREVIEW_CHARACTERS - 1] = ' ';
	want[PREVIEW_CHARACTERS - 1] = '\0';
	plain(text, want);
	/* characters count, not octets; the last may be torn */
	buf_init(&b, 4096);
	buf_init(&long_one, 4096);
	for (int i = 0; i < 300; i++)
		buf_puts(&long_one, "\xe2\x82\xac");
	preview_text(&b, long_one.data, long_one.len - 1, NULL, false);
	CHECK_INT(b.len, 3 * PREVIEW_CHARACTERS);
	CHECK(enc_is_utf8(b.data, b.len));
	buf_free(&b);
	buf_free(&long_one);
}

TEST(preview_of_html)
{
	html("<p>Hello <b>bo</b>ld</p><p>new</p>", "Hello bold new");
	html(
	    "<html><head><title>No</title><style>p { x: y }</style></head><body>Yes</body>", "Yes");
	html("<STYLE type=a>x</STYLE >a<!-- > no -->b<script>if (a < b) c</script>d", "ab d");
	html("a<br>b<br/>c<td>d", "a b c d");
	html("Tom &amp; Caf&eacute;&nbsp;&#8364; &#x20AC;&lt;b&gt;",
	    "Tom & Caf\xc3\xa9 \xe2\x82\xac \xe2\x82\xac<b>");
	html("&bogus; &amp &; & &#0; &#xD800; &#1114112; &#27;x",
	    "&bogus; &amp &; & &#0; &#xD800; &#1114112; &#27;x");
	html("<p", "");
	html("a<", "a");
	html("a<!--b", "a");
	html("a<style>b", "a");
	html("<a href=\"x\">link</a>ed", "linked");
}

/* As it stands where it is no number, whole and in its digits, of a character. */
TEST(preview_of_html_takes_numbers_as_they_must_be)
{
	html("&#65;&#x41;&#X4a;&#0065;&#x1F600;", "AAJA\xf0\x9f\x98\x80");
	html("&#x0x41; &#0x41; &#xx41; &#4f;", "&#x0x41; &#0x41; &#xx41; &#4f;");
	html("&#; &#x; &#X; &#x0;", "&#; &#x; &#X; &#x0;");
	html("&#-65; &#+65; &# 65; &#65 ; &#6.5;", "&#-65; &#+65; &# 65; &#65 ; &#6.5;");
	html("&#x110000; &#xFFFFFFFFF; &#9999999999;", "&#x110000; &#xFFFFFFFFF; &#9999999999;");
	/* 2^32 + 65, and 2^64 + 65, which is longer than any that is read */
	html("&#4294967361; &#x100000041;", "&#4294967361; &#x100000041;");
	html("&#18446744073709551681; &#x10000000000000041;",
	    "&#18446744073709551681; &#x10000000000000041;");
}

/* What is unsafe does not come back by a reference, nor by what a reference leaves. */
TEST(preview_of_html_stays_clean)
{
	html("&#x202E;x&#13;&#10;y&#127;z", "&#x202E;x&#13;&#10;y&#127;z");
	html("a\x1b&lt;\x1b", "a<");
}

UNIT_MAIN
