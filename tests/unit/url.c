#include "imap/url.h"

#include <stdlib.h>

#include "unit.h"

#define TOKEN "91354a473744909de610943775f92038"

static bool parse(struct url *u, const char *s)
{
	struct fault f = {0};
	bool ok = url_parse(u, s, strlen(s), &f) == 0;

	if (ok)
		CHECK_INT(f.cls, FAULT_NONE);
	else
		CHECK_INT(f.cls, FAULT_DATA);
	if (!ok)
		CHECK(strncmp(f.msg, "not an IMAP URL: octet ", 23) == 0);
	return ok;
}

/* Parses and builds; checks that what was built is its own canonical form. */
static void check(const char *in, const char *expected)
{
	struct url u, again;
	struct buf b, c;

	buf_init(&b, URL_MAX);
	buf_init(&c, URL_MAX);
	if (!parse(&u, in)) {
		CHECK_STR(in, "a URL that parses");
		return;
	}
	url_build(&b, &u);
	CHECK_STR(buf_str(&b), expected);
	CHECK(parse(&again, buf_str(&b)));
	url_build(&c, &again);
	CHECK_STR(buf_str(&c), expected);
	url_free(&u);
	url_free(&again);
	buf_free(&b);
	buf_free(&c);
}

static void check_same(const char *text)
{
	check(text, text);
}

static void check_bad(const char *text)
{
	struct url u;

	if (parse(&u, text)) {
		CHECK_STR(text, "a URL that is refused");
		url_free(&u);
	}
	CHECK(u.host == NULL && u.mailbox == NULL);
}

TEST(url_in_all_its_parts)
{
	struct url u;

	REQUIRE(parse(&u,
	    "imap://bob.ar@example.org:1143/Sent%20Items;UIDVALIDITY=387899045/;UID=45/;SECTION=1.2/"
	    ";PARTIAL=10.1024;EXPIRE=2005-10-28T23:59:59Z;URLAUTH=submit+bob%2Bx:INTERNAL:" TOKEN));
	CHECK_STR(u.user, "bob.ar");
	CHECK_STR(u.auth, NULL);
	CHECK_STR(u.host, "example.org");
	CHECK_INT(u.port, 1143);
	CHECK(!u.tls && u.absolute_path);
	CHECK_STR(u.mailbox, "Sent Items");
	CHECK_INT(u.uidvalidity, 387899045);
	CHECK_STR(u.search, NULL);
	CHECK_INT(u.uid, 45);
	CHECK_STR(u.section, "1.2");
	CHECK(u.has_partial && u.partial_offset == 10 && u.partial_length == 1024);
	CHECK_STR(u.expire, "2005-10-28T23:59:59Z");
	CHECK_STR(u.access, "submit+bob+x");
	CHECK_STR(u.mechanism, "INTERNAL");
	CHECK_STR(u.token, TOKEN);
	url_free(&u);
	CHECK(u.user == NULL && u.token == NULL);
	url_free(&u);
}

TEST(url_examples_of_rfc_5092)
{
	check_same("imap://michael@example.org/INBOX");
	check(
	    "imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024",
	    "imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024");
	check_same(
	    "imap://psicorp.example.org/~peter/%E6%97%A5%E6%9C%AC%E8%AA%9E/%E5%8F%B0%E5%8C%97");
	check("imap://;AUTH=GSSAPI@minbari.example.org/gray-council/;uid=20/;section=1.2",
	    "imap://;AUTH=GSSAPI@minbari.example.org/gray-council/;UID=20/;SECTION=1.2");
	check_same(";SECTION=1.4");
	check_same("imap://;AUTH=*@minbari.example.org/gray%20council?SUBJECT%20shadows");
	check_same(";UID=20");
	check("..;UIDVALIDITY=385759045/;UID=20", "%2E%2E;UIDVALIDITY=385759045/;UID=20");
	check(
	    "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:" TOKEN,
	    "imap://joe@example.com/INBOX/;UID=20/;SECTION=1.2;URLAUTH=submit+fred:internal:" TOKEN);
	/* The one that has a non-synchronising literal in its search: no CR or LF in anything of ours. */
	check_bad(
	    "imap://john;AUTH=*@minbari.example.org/babylon5/personel?"
	    "charset%20UTF-8%20SUBJECT%20%7B14+%7D%0D%0A%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2%D0%B0");
	check_bad("/foo/;UID=20/..");
}

TEST(url_examples_of_other_rfcs)
{
	/* RFC 4467 */
	check("imap://example.com/Shared/;uid=20/;section=1.2;urlauth=submit+fred",
	    "imap://example.com/Shared/;UID=20/;SECTION=1.2;URLAUTH=submit+fred");
	/* RFC 4468 */
	check(
	    "imap://harry@gryffindor.example.com/outbox;uidvalidity=1078863300/;uid=25;urlauth=submit+harry"
	    ":internal:91354a473744909de610943775f92038",
	    "imap://harry@gryffindor.example.com/outbox;UIDVALIDITY=1078863300/;UID=25;URLAUTH=submit+harry"
	    ":internal:91354a473744909de610943775f92038");
	/* RFC 4469 */
	check("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME",
	    "/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.MIME");
	check("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER",
	    "/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=HEADER");
	/* The profile, which has a "/" before ;urlauth= */
	check(
	    "imap://bob.ar@example.org/Sent;UIDVALIDITY=387899045/;uid=45/;urlauth=submit+bob.ar:internal:" TOKEN,
	    "imap://bob.ar@example.org/Sent;UIDVALIDITY=387899045/;UID=45;URLAUTH=submit+bob.ar:internal:" TOKEN);
	check(
	    "imap://bob.ar@example.org/Sent;UIDVALIDITY=387899045/;uid=45;expire=2005-10-28T23:59:59Z;"
	    "urlauth=submit+bob.ar",
	    "imap://bob.ar@example.org/Sent;UIDVALIDITY=387899045/;UID=45;EXPIRE=2005-10-28T23:59:59Z;"
	    "URLAUTH=submit+bob.ar");
	/* RFC 5593 */
	check_same("imap://h/a/;UID=1;URLAUTH=stream");
	check("imap://h/a/;UID=1;URLAUTH=exampleapp3+testuser",
	    "imap://h/a/;UID=1;URLAUTH=exampleapp3+testuser");
}

TEST(url_servers)
{
	check("imap://h", "imap://h/");
	check_same("imap://h/");
	check("IMAP://User@Host.Example:143/", "imap://User@Host.Example:143/");
	check_same("imaps://alice@mail.example.org:993/");
	check("imap://h:", "imap://h/");
	check_same("imap://[2001:db8::7]/INBOX");
	check_same("imap://alice@[::1]:1143/INBOX/;UID=1");
	check_same("imap://[::ffff:192.0.2.1]/");
	check_same("imap://192.0.2.1:65535/");
	check("imap://b%C3%BCcher.example/", "imap://b%C3%BCcher.example/");
	check("imap://al%69ce;auth=scram-sha-256@h/", "imap://alice;AUTH=SCRAM-SHA-256@h/");
	check("imap://a%40b&c=d@h/", "imap://a%40b%26c%3Dd@h/");
	check_same("imap://%E2%98%BA;AUTH=*@h/");
}

TEST(url_servers_that_are_none)
{
	static const char *const bad[] = {"http://h/", "imapss://h/", "imap+tls://h/", "://h/",
	    "imap:///", "imap://", "imap://@h/", "imap://;@h/", "imap://a;AUTH=@h/",
	    "imap://a;X=1@h/", "imap://a;AUTH@h/", "imap://a;AUTH=%2A@h/", "imap://a;AUTH=**@h/",
	    "imap://a;AUTH=a*@h/", "imap://a;AUTH=a;AUTH=b@h/", "imap://a:secret@h/",
	    "imap://a@b@h/", "imap://a@/", "imap://h:0/", "imap://h:65536/", "imap://h:1x/",
	    "imap://h:-1/", "imap://h:+1/", "imap://h:01/", "imap://h:99999999999999999999/",
	    "imap://h:1:2/", "imap://[::1/", "imap://[]/", "imap://[::1]x/", "imap://[::g]/",
	    "imap://[1.2.3.4]/", "imap://[v1.x]/", "imap://[fe80::1%25eth0]/", "imap://::1/",
	    "imap://h%2Fx/", "imap://h%00/", "imap://h%20x/", "imap://h%40x/", "imap://%FF/",
	    "imap://a%FF@h/", "imap://h?x", "imap://h#x", "imap://h\\x/", "imap://h*/",
	    "imap://a/b@h:x:y/;UID=1;X", "//h/INBOX", "//"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(bad[i]);
}

TEST(url_host_has_at_most_255_octets)
{
	char text[300] = "imap://", canonical[300];

	memset(text + 7, 'h', 255);
	snprintf(canonical, sizeof(canonical), "%.262s/", text);
	check(text, canonical);
	memset(text + 7, 'h', 256);
	check_bad(text);
}

TEST(url_references)
{
	check_same("/");
	check_same("INBOX");
	check_same("/INBOX");
	check_same("INBOX/;UID=7");
	check_same("/INBOX;UIDVALIDITY=1/;UID=3");
	check_same("/INBOX;UIDVALIDITY=1/;UID=3/;SECTION=2");
	check_same("work/INBOX/;UID=25627");
	check_same(";UID=20/;SECTION=1.2/;PARTIAL=0.1024");
	check_same(";SECTION=1.2/;PARTIAL=5");
	check_same(";PARTIAL=0");
	check_same("INBOX;UIDVALIDITY=4?UNSEEN");
	check("imap:INBOX", "imap%3AINBOX");
	check("a:b@c=d+e", "a%3Ab%40c%3Dd%2Be");
}

TEST(url_references_that_are_none)
{
	static const char *const bad[] = {"", ";", "?", "?UNSEEN", "/?UNSEEN", "/;UID=1",
	    "imap://h/;UID=1", "imap://h//;UID=1", ";UIDVALIDITY=1", ";UIDVALIDITY=1/;UID=2",
	    "/;UIDVALIDITY=1", ";FOO=1", ";EXPIRE=2026-11-24T10:00:00Z", ";URLAUTH=authuser",
	    "INBOX;UID=1", "INBOX;FOO=1", "INBOX/;FOO=1", "INBOX/;SECTION=1", "INBOX/;PARTIAL=1",
	    "INBOX/;UID=1/", "INBOX/;UID=1;SECTION=2", "INBOX/;UID=1;PARTIAL=2", "INBOX/;UID=1x",
	    "INBOX/;UID=1//;SECTION=1", "INBOX/;UID=1/;PARTIAL=1/;SECTION=1", "INBOX/;UID=1/;UID=2",
	    "INBOX;UIDVALIDITY=1;UIDVALIDITY=1", "INBOX;UIDVALIDITY=1x/;UID=1",
	    "INBOX;URLAUTH=authuser", "INBOX?", "INBOX/;UID=1?UNSEEN", "INBOX#x", "INBOX/;UID=1#x",
	    "INBOX/;UID", "INBOX/;UID="};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(bad[i]);
}

TEST(url_numbers_have_limits)
{
	static const char *const bad[] = {"m;UIDVALIDITY=0", "m;UIDVALIDITY=01",
	    "m;UIDVALIDITY=4294967296", "m;UIDVALIDITY=-1", "m;UIDVALIDITY=%31", "m/;UID=0",
	    "m/;UID=4294967296", "m/;UID=99999999999999999999", "m/;UID=*", "m/;UID=1:2",
	    "m/;UID=1,2", "m/;UID=1/;PARTIAL=", "m/;UID=1/;PARTIAL=.5", "m/;UID=1/;PARTIAL=5.",
	    "m/;UID=1/;PARTIAL=5.0", "m/;UID=1/;PARTIAL=5.01", "m/;UID=1/;PARTIAL=1.2.3",
	    "m/;UID=1/;PARTIAL=-1.2", "m/;UID=1/;PARTIAL=9223372036854775808",
	    "m/;UID=1/;PARTIAL=0.9223372036854775808", "m/;UID=1/;PARTIAL=<0.5>"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(bad[i]);
	check_same("m;UIDVALIDITY=4294967295/;UID=4294967295");
	check_same("m/;UID=1/;PARTIAL=9223372036854775807.9223372036854775807");
	check_same("m/;UID=1/;PARTIAL=0");
}

TEST(url_mailboxes_with_awkward_names)
{
	static const struct {
		const char *url, *mailbox;
	} names[] = {
	    {"a/b/c", "a/b/c"},
	    {"a%3Bb%3Fc%25d%23e", "a;b?c%d#e"},
	    {"Entw%C3%BCrfe", "Entw\xc3\xbcrfe"},
	    {"%F0%9F%93%A7", "\xf0\x9f\x93\xa7"},
	    {"R%26D", "R&D"},
	    {"x%26-y", "x&-y"},
	    {"%26ZeVnLIqe-", "&ZeVnLIqe-"},
	    {"%2Fabs/", "/abs/"},
	    {"a//b", "a//b"},
	    {"%2E/%2E%2E/x", "./../x"},
	    {"a/...", "a/..."},
	    {"a.b..c/.d", "a.b..c/.d"},
	    {"%22q%22%20%5Cb%7B3%7D", "\"q\" \\b{3}"},
	    {"tab%09esc%1B%7F", "tab\tesc\x1b\x7f"},
	    {"%5BGmail%5D/All%20Mail", "[Gmail]/All Mail"},
	    {"%;UIDVALIDITY=1", NULL},
	    {"%26", "&"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct url u, again;
		struct buf b;
		buf_init(&b, URL_MAX);
		if (names[i].mailbox == NULL) {
			check_bad(names[i].url);
			continue;
		}
		CHECK(parse(&u, names[i].url));
		CHECK_STR(u.mailbox, names[i].mailbox);
		u.uid = 5;
		url_build(&b, &u);
		CHECK(parse(&again, buf_str(&b)));
		CHECK_STR(again.mailbox, names[i].mailbox);
		CHECK_INT(again.uid, 5);
		url_free(&u);
		url_free(&again);
		buf_free(&b);
	}
	check("/a/", "/a%2F");
	check("imap://h//abs", "imap://h/%2Fabs");
}

TEST(url_mailboxes_in_modified_utf7)
{
	check(
	    "~peter/&ZeVnLIqe-/&U,BTFw-", "~peter/%E6%97%A5%E6%9C%AC%E8%AA%9E/%E5%8F%B0%E5%8C%97");
	check("a&-b", "a%26b");
	check("R&D", "R%26D"); /* no shift: a name of RFC 5092 */
	check("&ZeVnLIqe-%26", "%26ZeVnLIqe-%26");
	check("&ZeVnLIqe", "%26ZeVnLIqe");
	check("&ZeVnLIqe-%C3%BC", "%26ZeVnLIqe-%C3%BC");
	check_bad("&AA0ACg-");
}

TEST(url_refuses_hostile_octets)
{
	static const char *const bad[] = {"a%00b", "a%0Ab", "a%0db", "a%zz", "a%", "a%4", "a%%41",
	    "a%4x", "a\x80", "a\xc3\xbc", "a b", "a\tb", "a\x7f", "a\x1b", "a\"b", "a<b", "a>b",
	    "a\\b", "a^b", "a`b", "a{b", "a|b", "a}b", "a[b", "a]b", "a%80", "a%C0%AF",
	    "a%E0%80%AF", "a%ED%A0%80", "a%F4%90%80%80", "a%FF", "a%C3", "./a", "a/./b", "a/../b",
	    "a/..", "..", ".", "../a", "a/../;UID=1x", "a?x%0Ay", "a?%00", "a?%FF", "a?a b",
	    "m/;UID=1/;SECTION=1%0D", "m/;UID=1;URLAUTH=user+a%0Ab", "imap://a%0D@h/m"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(bad[i]);
	struct url u;
	struct fault f;
	CHECK_INT(url_parse(&u, "a\0b", 3, &f), -1);
	CHECK_INT(url_parse(&u, "INBOX/;UID=1\0", 13, &f), -1);
	CHECK_INT(url_parse(&u, "a\r\nb", 4, &f), -1);
}

TEST(url_sections)
{
	static const char *const good[] = {"1", "1.2.3", "4294967295", "HEADER", "TEXT", "1.MIME",
	    "1.2.HEADER", "1.text", "header", "3.Mime", "HEADER.FIELDS (Subject)",
	    "1.HEADER.FIELDS.NOT (To Cc X-a_b)"};
	static const char *const bad[] = {"", "0", "01", "1.", ".1", "1..2", "1.0", "4294967296",
	    "MIME", "1.2.", "1 ", "TEXT.1", "HEADER.1", "1.MIME.2", "1]", "1<0.5>", "HEADER.FIELDS",
	    "HEADER.FIELDS ()", "HEADER.FIELDS (a", "HEADER.FIELDS (a )", "HEADER.FIELDS ( a)",
	    "HEADER.FIELDS (a)]", "HEADER.FIELDS (a:b)", "HEADER.FIELDS (\"a\")",
	    "HEADER.FIELDS(a)", "HEADER.FIELDSX (a)", "TEXT\r\n", "BODY", "*"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(url_section_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!url_section_valid(bad[i]));
	check("m/;UID=1/;SECTION=1.2.mime", "m/;UID=1/;SECTION=1.2.MIME");
	check("m/;UID=1/;SECTION=header.fields%20(subject%20to)/;PARTIAL=0.10",
	    "m/;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT%20TO)/;PARTIAL=0.10");
	check_bad("m/;UID=1/;SECTION=");
	check_bad("m/;UID=1/;SECTION=1/2");
	check_bad("m/;UID=1/;SECTION=0");
	check_bad("m/;UID=1/;SECTION=1%5D");
}

TEST(url_authorised)
{
	check_same(
	    "imap://h/m/;UID=1;EXPIRE=2026-11-24T10:00:00.5+01:00;URLAUTH=anonymous:X-new.1:" TOKEN
	    "00");
	check_same("imap://h/m/;UID=1;EXPIRE=2026-11-24T10:00:00Z");
	check("imap://h/m/;UID=1;URLAUTH=AuthUser", "imap://h/m/;UID=1;URLAUTH=authuser");
	check("imap://h/m/;UID=1;urlauth=USER+Bob%40x%3Ay",
	    "imap://h/m/;UID=1;URLAUTH=user+Bob%40x%3Ay");
	check_same("/m/;UID=1;URLAUTH=stream:INTERNAL:" TOKEN);
	static const char *const bad[] = {"EXPIRE=", "EXPIRE=tomorrow", "EXPIRE=2026-11-24",
	    "EXPIRE=2026-11-24T10:00:00", "EXPIRE=2026-02-30T10:00:00Z;URLAUTH=authuser",
	    "URLAUTH=", "URLAUTH=+bob", "URLAUTH=submit+", "URLAUTH=a-b", "URLAUTH=submit+a+b",
	    "URLAUTH=submit%2Bbob", "URLAUTH=authuser:", "URLAUTH=authuser:internal",
	    "URLAUTH=authuser:internal:", "URLAUTH=authuser::" TOKEN,
	    "URLAUTH=authuser:internal:0123456789abcdef", "URLAUTH=authuser:internal:" TOKEN "g",
	    "URLAUTH=authuser:internal:" TOKEN ":", "URLAUTH=authuser:in_t:" TOKEN,
	    "URLAUTH=authuser:internal:" TOKEN ";EXPIRE=2026-11-24T10:00:00Z",
	    "URLAUTH=authuser;URLAUTH=authuser", "URLAUTH=user+a:b"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[300];
		snprintf(text, sizeof(text), "imap://h/m/;UID=1;%s", bad[i]);
		if (strcmp(bad[i], "URLAUTH=submit+a+b") == 0)
			check(text, "imap://h/m/;UID=1;URLAUTH=submit+a%2Bb");
		else
			check_bad(text);
	}
}

TEST(url_every_prefix_is_refused_or_goes_round)
{
	static const char text[] =
	    "imap://bob;AUTH=*@[::1]:143/a%20b;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2/"
	    ";PARTIAL=0.1024;EXPIRE=2026-11-24T10:00:00Z;URLAUTH=submit+bob:INTERNAL:" TOKEN;
	size_t parsed = 0;

	for (size_t n = 0; n < sizeof(text); n++) {
		/* Exactly n octets, so that a sanitizer sees a read of one more. */
		char *copy = malloc(n > 0 ? n : 1);
		struct url u, again;
		struct fault f;
		struct buf b;
		buf_init(&b, URL_MAX);
		memcpy(copy, text, n);
		if (url_parse(&u, copy, n, &f) == 0) {
			parsed++;
			url_build(&b, &u);
			CHECK(parse(&again, buf_str(&b)));
			url_free(&u);
			url_free(&again);
		}
		free(copy);
		buf_free(&b);
	}
	CHECK(parsed > 20 && parsed < 60);
}

TEST(url_has_a_limit)
{
	char *text = malloc(URL_MAX + 2);
	struct url u;
	struct fault f;

	memset(text, 'a', URL_MAX + 1);
	CHECK_INT(url_parse(&u, text, URL_MAX, &f), 0);
	url_free(&u);
	CHECK_INT(url_parse(&u, text, URL_MAX + 1, &f), -1);
	CHECK_INT(f.cls, FAULT_DATA);
	/* A "+" is built as three octets. */
	memset(text, '+', URL_MAX);
	CHECK_INT(url_parse(&u, text, URL_MAX / 3, &f), 0);
	url_free(&u);
	CHECK_INT(url_parse(&u, text, URL_MAX / 3 + 1, &f), -1);
	memset(text, '9', URL_MAX);
	snprintf(text, 8, "m/;UID=");
	text[7] = '9';
	CHECK_INT(url_parse(&u, text, URL_MAX, &f), -1);
	memset(text, '/', URL_MAX);
	text[0] = text[URL_MAX - 1] = 'a';
	CHECK_INT(url_parse(&u, text, URL_MAX, &f), 0);
	url_free(&u);
	free(text);
}

TEST(url_of_people)
{
	static const struct {
		const char *typed, *url;
	} pairs[] = {
	    {"work/Entw\xc3\xbcrfe/;UID=7", "work/Entw%C3%BCrfe/;UID=7"},
	    {"[Gmail]/All Mail", "%5BGmail%5D/All%20Mail"},
	    {"#news.comp \"x\" {3}", "%23news.comp%20%22x%22%20%7B3%7D"},
	    {"100%25", "100%25"},
	    {"INBOX?SUBJECT \"a b\" {x}", "INBOX?SUBJECT%20%22a%20b%22%20%7Bx%7D"},
	    {"imap://alice@example.org@mail.example.org/INBOX",
		"imap://alice%40example.org@mail.example.org/INBOX"},
	    {"imap://b\xc3\xbc@b\xc3\xbc.example/m", "imap://b%C3%BC@b%C3%BC.example/m"},
	    {"m/;uid=1/;section=header.fields (to)", "m/;UID=1/;SECTION=HEADER.FIELDS%20(TO)"},
	    {"100%", NULL},
	    {"a\xff", NULL},
	    {"a\xed\xa0\x80", NULL},
	    {"a\tb", NULL},
	    {"a\x1b", NULL},
	    {"a\nb", NULL},
	    {"a\x7f", NULL},
	    {"imap://alice:secret@h/", NULL},
	    {"imap://a b/", NULL},
	    {"imap://a@b c/", NULL},
	    {"a/../b", NULL},
	    {"", NULL},
	    {"a/;UID=1 ", NULL},
	    {"a/;UID=1/;SECTION= 1", NULL},
	    {"a/;UID=1;URLAUTH=authuser:internal:" TOKEN " ", NULL},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct url u;
		struct fault f;
		struct buf b;
		buf_init(&b, URL_MAX);
		int got = url_parse_human(&u, pairs[i].typed, strlen(pairs[i].typed), &f);
		CHECK_INT(got, pairs[i].url == NULL ? -1 : 0);
		if (got == 0)
			url_build(&b, &u);
		CHECK_STR(got == 0 ? buf_str(&b) : NULL, pairs[i].url);
		url_free(&u);
		buf_free(&b);
	}
}

TEST(url_fault_says_where_and_shows_no_token)
{
	struct url u;
	struct fault f;
	static const char text[] = "imap://h/m/;UID=1;URLAUTH=authuser:internal:" TOKEN "x";

	CHECK_INT(url_parse(&u, "imap://h/a b", 12, &f), -1);
	CHECK_STR(f.msg,
	    "not an IMAP URL: octet 11: a character that has to be written %20 in the mailbox");
	CHECK_INT(url_parse(&u, text, sizeof(text) - 1, &f), -1);
	CHECK(strstr(f.msg, TOKEN) == NULL);
}

TEST(url_built_in_part)
{
	struct url u;
	struct buf b;

	buf_init(&b, URL_MAX);
	REQUIRE(parse(&u,
	    "imap://al@h:143/a%2Fb;UIDVALIDITY=3/;UID=4/;SECTION=1/;PARTIAL=2.3;"
	    "EXPIRE=2026-11-24T10:00:00Z;URLAUTH=user+al:INTERNAL:" TOKEN));
	url_build_relative(&b, &u);
	CHECK_STR(buf_str(&b), "/a/b;UIDVALIDITY=3/;UID=4/;SECTION=1/;PARTIAL=2.3");
	buf_reset(&b);
	url_build_rump(&b, &u);
	CHECK_STR(buf_str(&b),
	    "imap://al@h:143/a/b;UIDVALIDITY=3/;UID=4/;SECTION=1/;PARTIAL=2.3;"
	    "EXPIRE=2026-11-24T10:00:00Z;URLAUTH=user+al");
	url_free(&u);
	/* What a program fills in itself. */
	buf_reset(&b);
	u = (struct url){.mailbox = (char[]){"./.."}, .uid = 9, .search = (char[]){"x"}};
	url_build(&b, &u);
	CHECK_STR(buf_str(&b), "%2E/%2E%2E/;UID=9");
	buf_reset(&b);
	u = (struct url){.host = (char[]){"h"}, .mailbox = (char[]){"/"}, .user = (char[]){""}};
	url_build(&b, &u);
	CHECK_STR(buf_str(&b), "imap://h/%2F");
	buf_free(&b);
}

static void check_resolve(const char *base_text, const char *ref_text, const char *expected)
{
	struct url base, ref, out;
	struct fault f;
	struct buf b;

	buf_init(&b, URL_MAX);
	CHECK(parse(&base, base_text) && parse(&ref, ref_text));
	int got = url_resolve(&out, &base, &ref, &f);
	url_free(&base);
	url_free(&ref);
	CHECK_INT(got, expected == NULL ? -1 : 0);
	if (got == 0) {
		url_build(&b, &out);
		CHECK_STR(buf_str(&b), expected);
		url_free(&out);
	}
	buf_free(&b);
}

TEST(url_resolves_references)
{
	static const char base[] =
	    "imaps://al;AUTH=PLAIN@h:1/m;UIDVALIDITY=3/;UID=20/;SECTION=1.2/;PARTIAL=0.5;"
	    "EXPIRE=2026-11-24T10:00:00Z;URLAUTH=authuser:internal:" TOKEN;

	check_resolve(
	    base, ";SECTION=1.4", "imaps://al;AUTH=PLAIN@h:1/m;UIDVALIDITY=3/;UID=20/;SECTION=1.4");
	check_resolve(base, ";UID=9", "imaps://al;AUTH=PLAIN@h:1/m;UIDVALIDITY=3/;UID=9");
	check_resolve(base, ";PARTIAL=7",
	    "imaps://al;AUTH=PLAIN@h:1/m;UIDVALIDITY=3/;UID=20/;SECTION=1.2/;PARTIAL=7");
	check_resolve(base, "/x/;UID=9;URLAUTH=authuser",
	    "imaps://al;AUTH=PLAIN@h:1/x/;UID=9;URLAUTH=authuser");
	check_resolve(base, "x/y?UNSEEN", "imaps://al;AUTH=PLAIN@h:1/x/y?UNSEEN");
	check_resolve(base, "/", "imaps://al;AUTH=PLAIN@h:1/");
	check_resolve(base, "imap://other/x/;UID=1", "imap://other/x/;UID=1");
	check_resolve("imap://h/", "INBOX/;UID=7", "imap://h/INBOX/;UID=7");
	check_resolve("imap://h/m?UNSEEN", ";UID=7", "imap://h/m/;UID=7");
	check_resolve("imap://h/", ";UID=7", NULL);
	check_resolve("imap://h/m", ";SECTION=7", NULL);
	check_resolve("imap://h/m", ";PARTIAL=7", NULL);
	check_resolve("m", "/x", NULL);
}

TEST(url_resolve_has_the_limit)
{
	char *long_user = malloc(URL_MAX), *long_box = malloc(URL_MAX);
	struct url base = {.host = (char[]){"h"}, .user = long_user};
	struct url ref = {.mailbox = long_box}, out;
	struct fault f;

	memset(long_user, 'u', URL_MAX);
	memset(long_box, 'm', URL_MAX);
	long_user[URL_MAX / 2] = long_box[URL_MAX / 2 - 10] = '\0';
	CHECK_INT(url_resolve(&out, &base, &ref, &f), 0); /* "imap://" "@h/" */
	url_free(&out);
	long_box[URL_MAX / 2 - 10] = 'm';
	long_box[URL_MAX / 2 - 9] = '\0';
	CHECK_INT(url_resolve(&out, &base, &ref, &f), -1);
	CHECK_INT(f.cls, FAULT_DATA);
	free(long_user);
	free(long_box);
}

TEST(url_copy_shares_nothing)
{
	struct url u, copy;
	struct fault f;
	struct buf b;

	buf_init(&b, URL_MAX);
	REQUIRE(parse(&u,
	    "imap://al;AUTH=*@h/m;UIDVALIDITY=3/;UID=4;EXPIRE=2026-11-24T10:00:00Z;"
	    "URLAUTH=user+al:INTERNAL:" TOKEN));
	CHECK_INT(url_copy(&copy, &u, &f), 0);
	url_free(&u);
	url_build(&b, &copy);
	CHECK_STR(buf_str(&b),
	    "imap://al;AUTH=*@h/m;UIDVALIDITY=3/;UID=4;EXPIRE=2026-11-24T10:00:00Z;"
	    "URLAUTH=user+al:INTERNAL:" TOKEN);
	url_free(&copy);
	buf_free(&b);
}

static bool same(const char *a_text, const char *b_text)
{
	struct url a, b;
	bool is_same;

	CHECK(parse(&a, a_text) && parse(&b, b_text));
	is_same = url_same_server(&a, &b);
	CHECK(is_same == url_same_server(&b, &a));
	url_free(&a);
	url_free(&b);
	return is_same;
}

TEST(url_servers_are_compared)
{
	CHECK(same("imap://Mail.Example.org/a", "imap://joe@mail.example.ORG:143/b"));
	CHECK(same("imaps://h/", "imap://h:993/"));
	CHECK(!same("imaps://h/", "imap://h/"));
	CHECK(!same("imap://h:1143/", "imap://h/"));
	CHECK(!same("imap://h/", "imap://i/"));
	CHECK(!same("a", "b"));
	CHECK(!same("imap://h/", "b"));
	CHECK(same("imap://[::1]/", "imap://[::1]:143/x"));
}

UNIT_MAIN
