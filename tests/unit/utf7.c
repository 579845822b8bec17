#include "imap/utf7.h"

#include "base/utf8.h"
#include "unit.h"

static const struct {
	const char *utf8, *utf7;
} pairs[] = {
    {"", ""},
    {"INBOX", "INBOX"},
    {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", /* RFC 3501 5.1.3 */
	"~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
    {"R&D", "R&-D"},
    {"&", "&-"},
    {"&&-", "&-&--"},
    {"Entw\xc3\xbcrfe", "Entw&APw-rfe"},
    {"\xc3\xa9", "&AOk-"},
    {"\xc3\xa9\xc3\xa9", "&AOkA6Q-"},
    {"\xc3\xa9\xc3\xa9\xc3\xa9", "&AOkA6QDp-"},
    {"\xc3\xa9&\xc3\xa9", "&AOk-&-&AOk-"},
    {"\xc3\xa9-", "&AOk--"},
    {"\xe2\x98\xba!", "&Jjo-!"},
    {"\xf0\x9f\x93\xa7", "&2D3c5w-"},
    {"\xf4\x8f\xbf\xbf", "&2,,f,w-"},
    {"\xef\xbf\xbf", "&,,8-"},
    {"a\tb\x7f", "a&AAk-b&AH8-"},
    {"\xc2\x80", "&AIA-"},
};

TEST(utf7_pairs_both_ways)
{
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buf_reset(&b);
		CHECK_INT(utf7_encode(&b, pairs[i].utf8, strlen(pairs[i].utf8)), 0);
		CHECK_STR(buf_str(&b), pairs[i].utf7);
		buf_reset(&b);
		CHECK_INT(utf7_decode(&b, pairs[i].utf7, strlen(pairs[i].utf7)), 0);
		CHECK_STR(buf_str(&b), pairs[i].utf8);
	}
	buf_free(&b);
}

TEST(utf7_encode_refuses_what_is_not_utf8)
{
	static const char *const bad[] = {"\xff", "a\x80", "\xc0\x80", "\xed\xa0\x80", "\xc3",
	    "x\xc3\xbc\xe2\x82", "\xf4\x90\x80\x80"};
	struct buf b;

	buf_init(&b, 1000);
	buf_puts(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(utf7_encode(&b, bad[i], strlen(bad[i])), -1);
		CHECK_STR(buf_str(&b), "kept");
	}
	CHECK_INT(utf7_encode(&b, "a\0b", 3), -1);
	CHECK_STR(buf_str(&b), "kept");
	buf_free(&b);
}

TEST(utf7_decode_refuses_what_is_malformed)
{
	static const char *const bad[] = {
	    "&",
	    "a&",
	    "&A",
	    "&AO",
	    "&AOk",
	    "&AOk/",
	    "&AO/p-",
	    "&AOk=-",
	    "& -",
	    "&Jjo!",              /* RFC 3501: a shift that is not closed */
	    "&U,BTFw-&ZeVnLIqe-", /* RFC 3501: a superfluous shift */
	    "&AGE-",
	    "&ACY-",
	    "&AH4-",
	    "&ACA-",
	    "&AOkAYQ-", /* printable ASCII */
	    "&AAA-",    /* NUL */
	    "&A-",
	    "&AO-", /* half a unit */
	    "&AOl-",
	    "&AOkA6R-", /* stray bits */
	    "&AOkA-",
	    "&AOkAA-", /* stray digits */
	    "&2D0-",
	    "&3Oc-",
	    "&2D0A6Q-",
	    "&2D3YPQ-",
	    "&3OfYPQ-", /* lone surrogates */
	    "caf\xc3\xa9",
	    "\x80",
	    "a\tb",
	    "\x7f",
	    "a\r\nb",
	};
	struct buf b;

	buf_init(&b, 1000);
	buf_puts(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(utf7_decode(&b, bad[i], strlen(bad[i])), -1);
		CHECK_STR(buf_str(&b), "kept");
	}
	CHECK_INT(utf7_decode(&b, "a\0b", 3), -1);
	CHECK_INT(utf7_decode(&b, "&AO\0p-", 6), -1);
	buf_free(&b);
}

/* A prefix decodes only where no shift is cut. */
TEST(utf7_decode_of_prefixes)
{
	static const char name[] = "a&-b&U,BTFw-c&2D3c5w-";
	struct buf b;

	buf_init(&b, 1000);
	for (size_t n = 0; n < sizeof(name); n++) {
		bool cut = n == 2 || (n > 4 && n < 12) || (n > 13 && n < 21);
		buf_reset(&b);
		CHECK_INT(utf7_decode(&b, name, n), cut || n == 22 ? -1 : 0);
	}
	buf_free(&b);
}

TEST(utf7_appends_all_or_nothing_at_the_limit)
{
	struct buf b;

	buf_init(&b, 4);
	CHECK_INT(utf7_encode(&b, "\xc3\xa9", 2), -1);
	CHECK_INT(b.len, 0);
	buf_reset(&b);
	buf_puts(&b, "abc");
	CHECK_INT(utf7_decode(&b, "&AOk-", 5), -1);
	CHECK_INT(b.len, 3);
	buf_free(&b);
}

TEST(utf7_every_character_goes_round)
{
	struct buf wire, back;

	buf_init(&wire, 100);
	buf_init(&back, 100);
	for (uint32_t cp = 1; cp < 0x110000; cp += cp < 0x3000 ? 1 : 97) {
		char text[16] = "x", c[UTF8_MAX] = {0};
		size_t n = utf8_put(c, cp);
		if (n == 0)
			continue;
		memcpy(text + 1, c, n);
		memcpy(text + 1 + n, c, n);
		text[1 + 2 * n] = 'y';
		buf_reset(&wire);
		buf_reset(&back);
		CHECK_INT(utf7_encode(&wire, text, 2 * n + 2), 0);
		CHECK_INT(utf7_decode(&back, wire.data, wire.len), 0);
		CHECK_MEM(back.data, back.len, text, 2 * n + 2);
	}
	buf_free(&wire);
	buf_free(&back);
}

UNIT_MAIN
