#include "msg/address.h"

#include <stdlib.h>

#include "msg/header.h"
#include "unit.h"

enum { LIMIT = 4 << 20 };

/* Without the NUL of a string. */
static void put_at(char *to, const char *s)
{
	while (*s != '\0')
		*to++ = *s++;
}

/* Shows a list as "name|spec" lines, with "!" at the end when it is malformed. */
static void show(struct buf *b, const char *s, size_t n, bool bare)
{
	struct address a;
	struct fault f = {0};
	size_t pos = 0;
	int r;

	while ((r = address_next(s, n, &pos, bare, &a, &f)) == 1)
		buf_printf(b, "%s|%s\n", a.name, a.spec);
	if (r == -1) {
		buf_puts(b, "!");
		CHECK_INT(f.cls, FAULT_DATA);
		CHECK(f.msg[0] != '\0');
	}
}

static void lists(const char *s, bool bare, const char *want)
{
	struct buf b;

	buf_init(&b, LIMIT);
	show(&b, s, strlen(s), bare);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

TEST(address_next_reads_plain_lists)
{
	lists("", false, "");
	lists("  \r\n ", false, "");
	lists("alice@example.org", false, "|alice@example.org\n");
	lists(
	    "alice@example.org, bob@example.org", false, "|alice@example.org\n|bob@example.org\n");
	lists(",, alice@example.org ,,bob@example.org,,", false,
	    "|alice@example.org\n|bob@example.org\n");
	lists("a@b;c@d", false, "|a@b\n|c@d\n");
	lists("<alice@example.org>", false, "|alice@example.org\n");
	lists("Alice Liddell <alice@example.org>", false, "Alice Liddell|alice@example.org\n");
	lists("Alice<alice@example.org>,Bob<bob@example.org>", false,
	    "Alice|alice@example.org\nBob|bob@example.org\n");
}

TEST(address_next_has_the_examples_of_rfc_5322)
{
	lists("\"Joe Q. Public\" <john.q.public@example.com>", false,
	    "Joe Q. Public|john.q.public@example.com\n");
	lists("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>", false,
	    "Mary Smith|mary@x.test\n|jdoe@example.org\nWho?|one@y.test\n");
	lists("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>", false,
	    "|boss@nil.test\nGiant; \"Big\" Box|sysservices@example.net\n");
	lists("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;", false,
	    "Ed Jones|c@a.test\n|joe@where.test\nJohn|jdoe@one.test\n");
	lists("Undisclosed recipients:;", false, "");
	lists("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", false,
	    "Pete|pete@silly.test\n");
	lists("A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
	      "         joe@example.org,\r\n"
	      "  John <jdoe@one.test> (my dear friend); (the end of the group)",
	    false, "Chris Jones|c@public.example\n|joe@example.org\nJohn|jdoe@one.test\n");
	lists("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", false, "");
	lists("Joe Q. Public <john.q.public@example.com>", false,
	    "Joe Q. Public|john.q.public@example.com\n");
	lists("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example", false,
	    "Mary Smith|mary@example.net\n|jdoe@test.example\n");
	lists("<@a.test,@b.test:c@d.test>", false, "|c@d.test\n");
	lists("john . doe @ example.org", false, "|john.doe@example.org\n");
}

TEST(address_next_decodes_names)
{
	lists("=?utf-8?Q?J=C3=B6rg?= <j@x.test>", false, "J\xc3\xb6rg|j@x.test\n");
	lists("=?utf-8?Q?J=C3=B6?=\r\n =?utf-8?Q?rg?= =?utf-8?Q?_X?= <j@x.test>", false,
	    "J\xc3\xb6rg X|j@x.test\n");
	lists("\"=?utf-8?Q?J=C3=B6rg?=\" <j@x.test>", false, "J\xc3\xb6rg|j@x.test\n");
	lists("J\xc3\xb6rg <j\xc3\xb6@\xc3\xb6.test>", false,
	    "J\xc3\xb6rg|j\xc3\xb6@\xc3\xb6.test\n");
	lists("J\xf6rg <j@x.test>", false, "J\xc3\xb6rg|j@x.test\n");
	lists("=?utf-8?Q?a=0D=0ABcc=3A_x=40y?= <j@x.test>", false, "aBcc: x@y|j@x.test\n");
	lists("\"a\r\n b\" <j@x.test>", false, "a b|j@x.test\n");
	lists("j@x.test (J\\(\xc3\xb6rg)", false, "J(\xc3\xb6rg|j@x.test\n");
	lists("(ignored) j@x.test (Jo (n) es)", false, "Jo (n) es|j@x.test\n");
	lists("[list] name <j@x.test>", false, "[list] name|j@x.test\n");
	lists("j@x.test <j@x.test>, k@x.test", false, "j@x.test|j@x.test\n|k@x.test\n");
	lists("\"\" <j@x.test>", false, "|j@x.test\n");
}

TEST(address_next_quotes_local_parts_that_need_it)
{
	lists("\"john\"@x.test", false, "|john@x.test\n");
	lists("\"john doe\"@x.test", false, "|\"john doe\"@x.test\n");
	lists("\"a\\\"b\\\\c\"@x.test", false, "|\"a\\\"b\\\\c\"@x.test\n");
	lists("a..b.@x.test", false, "|\"a..b.\"@x.test\n");
	lists("\"a@b\"@x.test", false, "|\"a@b\"@x.test\n");
	lists("\"\"@x.test", false, "|\"\"@x.test\n");
	lists("a.\"b c\".d@x.test", false, "|\"a.b c.d\"@x.test\n");
	lists("a@[192.0.2.1]", false, "|a@[192.0.2.1]\n");
	lists("<a@[IPv6:2001:db8::1]>", false, "|a@[IPv6:2001:db8::1]\n");
	lists("-flag@x.test", false, "|-flag@x.test\n");
}

TEST(address_next_takes_bare_names_only_when_asked)
{
	lists("root", true, "|root\n");
	lists("root, <postmaster>, Alice <alice>", true, "|root\n|postmaster\nAlice|alice\n");
	lists("root", false, "!");
	lists("<root>", false, "!");
	lists("<@a:b>", false, "!");
	lists("two words", true, "!");
	lists("a@b, root", true, "|a@b\n|root\n");
}

TEST(address_next_refuses_what_is_malformed)
{
	static const char *const bad[] = {"@", "@x", "a@", "a@.x", "a@x.", "a@x..y", "<a@b", "a@b>",
	    "<>", "<@a", "<@a>", "a@b c@d", "<a@b> c", "a b@c", "\"a", "(a", "a)", ")", "a@b (",
	    "a@[", "a@[1", "a@[a b]", "a@[[]]", "\\a@b", "a\x01@b", "\"a\r\nb\"@c", "\"a\tb\"@c",
	    "a@b\xff", "\xff@b", "a@b@c", "<a@b@c>", ":a@b", "Alice <<a@b>>", "[a]@b"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		lists(bad[i], false, "!");
		lists(bad[i], true, "!");
	}
	struct buf b;
	buf_init(&b, LIMIT);
	show(&b, "a@b\0c", 5, true);
	CHECK_STR(buf_str(&b), "!");
	buf_free(&b);
}

TEST(address_next_has_limits)
{
	struct address a;
	struct fault f = {0};
	struct buf b;
	size_t pos = 0;

	buf_init(&b, LIMIT);
	for (size_t i = 0; i < ADDRESS_MAX - 2; i++)
		buf_putc(&b, 'a');
	buf_puts(&b, "@b");
	CHECK_INT(address_next(b.data, b.len, &pos, false, &a, &f), 1);
	CHECK_INT(strlen(a.spec), ADDRESS_MAX);
	buf_puts(&b, "b");
	pos = 0;
	CHECK_INT(address_next(b.data, b.len, &pos, false, &a, &f), -1);
	buf_reset(&b);
	buf_puts(&b, "x");
	for (size_t i = 0; i < 1000; i++)
		buf_puts(&b, "\xc3\xb6");
	buf_puts(&b, " <a@b>");
	pos = 0;
	CHECK_INT(address_next(b.data, b.len, &pos, false, &a, &f), 1);
	/* A character is not cut. */
	CHECK_INT(strlen(a.name), ADDRESS_NAME_MAX - 1);
	buf_free(&b);
}

TEST(address_next_takes_any_prefix)
{
	const char *s =
	    "Who? (a (b) \\) c) <@r.test:\"a\\\"b\" . c@(x)y . test>, G:=?utf-8?Q?a?= <a@[1]>;"
	    " b@c (d)";

	for (size_t i = 0; i <= strlen(s); i++) {
		char *copy = malloc(i + 1);
		struct buf b;

		REQUIRE(copy != NULL);
		memcpy(copy, s, i);
		buf_init(&b, LIMIT);
		show(&b, copy, i, i % 2 == 0);
		buf_free(&b);
		free(copy);
	}
}

static void walk_repeated(const char *s)
{
	struct buf in, out;

	buf_init(&in, LIMIT);
	buf_init(&out, 4L * LIMIT);
	while (in.len + strlen(s) < LIMIT / 2)
		buf_puts(&in, s);
	show(&out, in.data, in.len, true);
	buf_free(&in);
	buf_free(&out);
}

TEST(address_next_is_linear)
{
	walk_repeated("(");
	walk_repeated("()");
	walk_repeated("(a)b ");
	walk_repeated(",");
	walk_repeated("a:");
	walk_repeated("a ");
	walk_repeated("\"a\"");
	walk_repeated("a,");
	walk_repeated("<");
	walk_repeated("a@");
	walk_repeated(".");
	walk_repeated("a@b. ");
	walk_repeated("=?utf-8?Q?a?= ");
	walk_repeated("<@a,");
	walk_repeated("\\");
}

/* ---- address_check */

static bool fit(const char *spec, bool bare)
{
	struct fault f = {0};

	return address_check(spec, bare, NULL, &f) == 0;
}

TEST(address_check_takes_smtp_mailboxes)
{
	static const char *const good[] = {"a@b", "a.b+c@example.org", "\"a b\"@example.org",
	    "\"a\\\"b\"@example.org", "\"\"@example.org", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]",
	    "\xc3\xb6@\xc3\xb6.example", "-a@b", "a@x_y.example", "a'b@c", "\">\"@b"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!fit(good[i], false))
			CHECK_STR(good[i], "fit");
	CHECK(fit("root", true) && fit("\"a b\"", true));
}

TEST(address_check_refuses_what_could_break_out_of_a_path)
{
	static const char *const bad[] = {"", "@", "a@", "@b", "a b@c", "a@b c", "a@b>", "<a@b>",
	    "a@b\r\nRCPT TO:<x@y>", "a\n@b", "\"a\r\nb\"@c", "a\x7f@b", "a\xc2\x85@b", "\"a@b",
	    "\"a\"b@c", "a..b@c", ".a@b", "a.@b", "a@.b", "a@b.", "a@b..c", "a@[", "a@[]", "a@[a",
	    "a@[a]b", "a@[a b]", "a@[[a]]", "a@b@c", "a\xff@b", "a@b,c@d", "a@b> SIZE=1", "\"a\\",
	    "a(c)@b"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (fit(bad[i], false))
			CHECK_STR(bad[i], "refused");
		if (fit(bad[i], true))
			CHECK_STR(bad[i], "refused");
	}
	/* U+202E turns around how what follows is shown. */
	static const char override[] = {'a', (char)0xe2, (char)0x80, (char)0xae, '@', 'b', '\0'};
	CHECK(!fit(override, false));
	CHECK(!fit("root", false));
}

TEST(address_check_has_limits)
{
	char spec[300];

	memset(spec, 'a', sizeof(spec));
	spec[64] = '@';
	spec[254] = '\0';
	CHECK(fit(spec, false));
	spec[254] = 'a';
	spec[255] = '\0';
	CHECK(!fit(spec, false));
	memset(spec, 'a', sizeof(spec));
	spec[65] = '@';
	spec[70] = '\0';
	CHECK(!fit(spec, false));
}

TEST(address_check_tells_what_needs_smtputf8)
{
	struct fault f = {0};
	bool utf8 = true;

	CHECK_INT(address_check("a@b", false, &utf8, &f), 0);
	CHECK(!utf8);
	CHECK_INT(address_check("\xc3\xb6@b", false, &utf8, &f), 0);
	CHECK(utf8);
}

/* ---- writing */

static struct address make(const char *name, const char *spec)
{
	struct address a;

	snprintf(a.name, sizeof(a.name), "%s", name);
	snprintf(a.spec, sizeof(a.spec), "%s", spec);
	return a;
}

static void formats(const char *name, const char *want)
{
	struct address a = make(name, "a@b.test");
	struct buf b;

	buf_init(&b, LIMIT);
	address_format(&b, &a);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

TEST(address_format_quotes_and_encodes)
{
	formats("", "a@b.test");
	formats("Alice Liddell", "Alice Liddell <a@b.test>");
	formats("Liddell, Alice", "\"Liddell, Alice\" <a@b.test>");
	formats("a \"b\" \\c", "\"a \\\"b\\\" \\\\c\" <a@b.test>");
	formats("John Q. Public", "\"John Q. Public\" <a@b.test>");
	formats(" a  b ", "\" a  b \" <a@b.test>");
	formats("J\xc3\xb6rg, X", "=?utf-8?B?SsO2cmcsIFg=?= <a@b.test>");
	formats("=?utf-8?Q?a?=", "=?utf-8?B?PT91dGYtOD9RP2E/PQ==?= <a@b.test>");
}

TEST(address_format_lets_no_name_inject)
{
	formats("a\r\nBcc: mallory@x.test", "\"aBcc: mallory@x.test\" <a@b.test>");
	formats("<mallory@x.test>, b", "\"<mallory@x.test>, b\" <a@b.test>");
	formats("\xc3\xb6\r\nBcc: m@x.test", "=?utf-8?B?w7ZCY2M6IG1AeC50ZXN0?= <a@b.test>");
	formats("\r\n", "a@b.test");
	formats("\"", "\"\\\"\" <a@b.test>");
}

static void round_trip(const char *name, const char *spec)
{
	struct address a = make(name, spec), back;
	struct fault f = {0};
	struct field field;
	struct buf b, value;
	size_t pos = 0;

	buf_init(&b, LIMIT);
	buf_init(&value, LIMIT);
	CHECK_INT(address_put(&b, "To", &a, 1, &f), 0);
	struct header h = {.text = buf_str(&b), .len = b.len};
	REQUIRE(header_find(&h, "To", &field));
	CHECK_INT(field.rawlen, b.len);
	CHECK_INT(address_next(field.value, field.valuelen, &pos, true, &back, &f), 1);
	CHECK_STR(back.name, name);
	CHECK_STR(back.spec, spec);
	field_unfold(&value, &field);
	pos = 0;
	CHECK_INT(address_next(buf_str(&value), value.len, &pos, true, &back, &f), 1);
	CHECK_STR(back.name, name);
	CHECK_INT(address_next(buf_str(&value), value.len, &pos, true, &back, &f), 0);
	buf_free(&b);
	buf_free(&value);
}

TEST(address_put_is_undone_by_address_next)
{
	char name[ADDRESS_NAME_MAX + 1];

	round_trip("", "a@b");
	round_trip("Alice", "alice@example.org");
	round_trip("a  \"b\" <c@d>, e;", "\"x y\"@example.org");
	round_trip("\xe6\x97\xa5\xe6\x9c\xac (\\)", "\xc3\xb6@example.org");
	round_trip("?= =?utf-8?Q?a?=", "root");
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	round_trip(name, "a@b");
	for (size_t i = 0; i + 4 < sizeof(name); i += 4)
		put_at(name + i, "a, \"");
	round_trip(name, "a@b");
}

TEST(address_put_folds_after_commas)
{
	struct address a[] = {make("Alice Liddell", "alice@example.org"),
	    make("", "bob@example.org"), make("Carol of the very long name", "carol@example.org")};
	struct fault f = {0};
	struct buf b;

	buf_init(&b, LIMIT);
	CHECK_INT(address_put(&b, "To", a, 3, &f), 0);
	CHECK_STR(buf_str(&b),
	    "To: Alice Liddell <alice@example.org>, bob@example.org,\r\n"
	    " Carol of the very long name <carol@example.org>\r\n");
	buf_free(&b);
}

TEST(address_put_never_folds_a_local_part)
{
	struct address a =
	    make("A name that takes most of the line, but not all of it, with a comma",
		"\"a b\"@example.org");
	struct fault f = {0};
	struct buf b;

	buf_init(&b, LIMIT);
	CHECK_INT(address_put(&b, "To", &a, 1, &f), 0);
	CHECK_STR(buf_str(&b),
	    "To: \"A name that takes most of the line, but not all of it, with a comma\"\r\n"
	    " <\"a b\"@example.org>\r\n");
	buf_free(&b);
}

TEST(address_put_refuses_bad_addresses_and_fields)
{
	struct address good = make("", "a@b"), bad = make("", "a@b\r\nBcc: c@d");
	struct fault f = {0};
	struct buf b;

	buf_init(&b, LIMIT);
	CHECK_INT(address_put(&b, "To", &bad, 1, &f), -1);
	CHECK_INT(address_put(&b, "To\r\nBcc", &good, 1, &f), -1);
	CHECK_INT(address_put(&b, "", &good, 1, &f), -1);
	CHECK_INT(b.len, 0);
	CHECK_INT(f.cls, FAULT_DATA);
	buf_free(&b);
	buf_init(&b, 4);
	CHECK_INT(address_put(&b, "To", &good, 1, &f), -1);
	buf_free(&b);
}

UNIT_MAIN
