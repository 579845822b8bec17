#include <stdlib.h>

#include "smtp/caps.h"
#include "smtp/mailbox_path.h"
#include "unit.h"

TEST(keywords)
{
	struct smtp_caps c;

	smtp_caps_parse(&c,
	    "8BITMIME\nAUTH PLAIN LOGIN\nBINARYMIME\nBURL imap imap://localhost:143\nCHUNKING\nDSN\n"
	    "ENHANCEDSTATUSCODES\nPIPELINING\nSIZE 1000\nVRFY\nSMTPUTF8\nSTARTTLS\nREQUIRETLS\nPIPECONNECT");
	CHECK(c.eightbitmime && c.binarymime && c.burl && c.burl_imap && c.chunking && c.dsn);
	CHECK(c.enhanced && c.pipelining && c.size && c.vrfy && c.smtputf8 && c.starttls);
	CHECK(c.requiretls && c.pipeconnect);
	CHECK_INT(c.size_max, 1000);
	CHECK_STR(c.auth, "PLAIN LOGIN");
	CHECK_STR(c.burl_url, "imap://localhost:143");
}

TEST(any_case_any_line_end)
{
	struct smtp_caps c;

	smtp_caps_parse(
	    &c, "pipelining\r\nsIZe\r\nburl IMAP\r\nAUTH=CRAM-MD5\nauth plain\nX_PIPE_CONNECT\n");
	CHECK(c.pipelining && c.size && c.burl && c.burl_imap && c.pipeconnect);
	CHECK_INT(c.size_max, 0);
	CHECK_STR(c.auth, "CRAM-MD5 plain");
	CHECK_STR(c.burl_url, "");
	CHECK_STR(c.ehlo, "pipelining\nsIZe\nburl IMAP\nAUTH=CRAM-MD5\nauth plain\nX_PIPE_CONNECT");
}

TEST(nothing_and_nonsense)
{
	struct smtp_caps c, none = {0};

	smtp_caps_parse(&c, "");
	CHECK_MEM(&c, sizeof(c), &none, sizeof(none));
	smtp_caps_parse(&c,
	    "\n\n\r\n \nSIZE 12x\nSIZE=5\nPIPELININGS\nDSN=1\nCHUNK\nDSN\033[1m\nVRFY\x80\nBURL\n");
	CHECK(!c.pipelining && !c.dsn && !c.chunking && !c.vrfy && !c.burl_imap);
	CHECK(c.burl && c.size);
	CHECK_INT(c.size_max, 0);
	smtp_caps_parse(&c, "SIZE 99999999999999999999999");
	CHECK_INT(c.size_max, 0);
}

TEST(limits)
{
	struct smtp_caps c;
	char *many = malloc(40001), *at = many;

	REQUIRE(many);
	memcpy(at, "AUTH", 5);
	at += 4;
	for (int i = 0; i < 1000; i++, at += 9)
		memcpy(at, " MECH-123", 10);
	smtp_caps_parse(&c, many);
	CHECK(strlen(c.auth) < sizeof(c.auth));
	CHECK_STR(c.auth + strlen(c.auth) - 8, "MECH-123");
	CHECK_STR(c.ehlo, "");
	for (int i = 0; i < 5000; i++)
		memcpy(many + 8 * i, "KEYWORD\n", 8);
	many[40000] = '\0';
	smtp_caps_parse(&c, many);
	CHECK_INT(strlen(c.ehlo), 8191);
	free(many);
}

TEST(remembered_lines_mean_the_same)
{
	struct smtp_caps a, b;

	smtp_caps_parse(&a, "SIZE 10\r\nAUTH PLAIN\r\nbad\001\r\nBURL imap\r\n");
	smtp_caps_parse(&b, a.ehlo);
	CHECK_MEM(&a, sizeof(a), &b, sizeof(b));
}

/* ---- addresses */

static bool good(const char *address, bool utf8)
{
	struct fault f = {0};
	int result = smtp_path_check(address, utf8, &f);

	if (result == -1)
		CHECK_INT(f.cls, FAULT_DATA);
	return result == 0;
}

TEST(addresses)
{
	CHECK(good("alice@example.org", false));
	CHECK(good("-f@example.org", false));
	CHECK(good("a.b+c=d@[192.0.2.1]", false));
	CHECK(good("a@[IPv6:2001:db8::1]", false));
	CHECK(good("\"a b\"@example.org", false));
	CHECK(good("\"a\\\"@b\"@example.org", false));
	CHECK(good("a..b.@example.org", false));
	CHECK(good("postmaster", false));
	CHECK(good("\xc3\xa9@example.org", true));
	CHECK(good("a@ex\xc3\xa4mple.org", true));
}

TEST(no_addresses)
{
	static const char *const bad[] = {"", "@example.org", "a@", "a b@example.org", "a@b c",
	    "a@example.org\r\nRCPT TO:<b@c>", "a\n@b", "a\t@b", "<a@b>", "a@b>", "a>@b",
	    "a@b SIZE=1", "\"a@b", "\"a>b\"@c", "\"a\r\nb\"@c", "\"a\\\r\"@c", "\"a\\", "\"",
	    "a@b@c", "a@[]", "a@[1", "a@[1]x", "a@[1 2]", "a\x7f@b", "a,b@c", "a@b,c", "a:b@c",
	    "a;b@c"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (good(bad[i], true))
			printf("# taken: %s\n", bad[i]);
		CHECK(!good(bad[i], true));
	}
	CHECK(!good("\xc3\xa9@example.org", false));
	CHECK(!good("\xc3@example.org", true));
	CHECK(!good("\xff@example.org", true));
}

TEST(address_lengths)
{
	char address[400];

	memset(address, 'a', sizeof(address));
	memcpy(address + 64, "@b", 3);
	CHECK(good(address, false));
	address[64] = 'a';
	memcpy(address + 65, "@b", 3);
	CHECK(!good(address, false));
	memset(address, 'a', sizeof(address));
	address[10] = '@';
	address[254] = '\0';
	CHECK(good(address, false));
	address[254] = 'a';
	address[255] = '\0';
	CHECK(!good(address, false));
}

TEST(xtext)
{
	struct buf b;

	buf_init(&b, 1000);
	smtp_path_xtext(&b, "a+b=c d\xc3\xa9\n~");
	CHECK_STR(buf_str(&b), "a+2Bb+3Dc+20d+C3+A9+0A~");
	buf_reset(&b);
	smtp_path_orcpt(&b, "a+b@example.org");
	CHECK_STR(buf_str(&b), "rfc822;a+2Bb@example.org");
	buf_reset(&b);
	smtp_path_orcpt(&b, "\xc3\xa9 +=\\@example.org");
	CHECK_STR(buf_str(&b), "utf-8;\xc3\xa9\\x{20}\\x{2B}\\x{3D}\\x{5C}@example.org");
	buf_free(&b);
}

UNIT_MAIN
