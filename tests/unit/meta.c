#include "app/meta.h"

#include <stdlib.h>

#include "base/buf.h"
#include "unit.h"

enum { LIMIT = 8 << 20 };

static int check(const char *entry, bool below)
{
	struct fault f = {0};
	int r = meta_check(entry, below, &f);

	CHECK_INT(f.cls, r == 0 ? FAULT_NONE : FAULT_USAGE);
	return r;
}

TEST(meta_check_takes_entries)
{
	static const char *const good[] = {"/private/comment", "/shared/comment", "/SHARED/Admin",
	    "/private/vendor/lm/a", "/private/vendor/lm/a b", "/private/~!@#$^&()_+{}|:\"<>?"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_INT(check(good[i], false), 0);
	CHECK_INT(check("/private", true), 0);
	CHECK_INT(check("/Shared", true), 0);
}

TEST(meta_check_refuses_what_is_none)
{
	static const char *const bad[] = {"", "/", "comment", "/comment", "private/comment",
	    "/privately", "/privately/x", "/private/", "/private//comment", "/private/comment/",
	    "/private/a*", "/private/a%", "/private/a\r\nb", "/private/\x7f", "/private/\xc3\xa4",
	    "/private/a\tb"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(check(bad[i], false), -1);
		CHECK_INT(check(bad[i], true), -1);
	}
	CHECK_INT(check("/private", false), -1);
}

TEST(meta_check_has_a_limit)
{
	char name[META_ENTRY_MAX + 2];

	memset(name, 'x', sizeof(name));
	memcpy(name, "/private/", 9);
	name[META_ENTRY_MAX] = '\0';
	CHECK_INT(check(name, false), 0);
	name[META_ENTRY_MAX] = 'x';
	name[META_ENTRY_MAX + 1] = '\0';
	CHECK_INT(check(name, false), -1);
}

TEST(meta_is_asked_by_depth)
{
	CHECK(meta_is_asked("/private/a", META_HERE, "/private/a"));
	CHECK(meta_is_asked("/private/a", META_HERE, "/PRIVATE/A"));
	CHECK(!meta_is_asked("/private/a", META_HERE, "/private/a/b"));
	CHECK(!meta_is_asked("/private/a", META_HERE, "/private"));
	CHECK(!meta_is_asked("/private/a", META_BELOW, "/private/ab"));
	CHECK(!meta_is_asked("/private/a", META_BELOW, "/private/b"));
	CHECK(meta_is_asked("/private/a", META_CHILDREN, "/private/a"));
	CHECK(meta_is_asked("/private/a", META_CHILDREN, "/private/A/b"));
	CHECK(!meta_is_asked("/private/a", META_CHILDREN, "/private/a/b/c"));
	CHECK(meta_is_asked("/private/a", META_BELOW, "/private/a/b/c"));
}

/* What the walk makes of a transcript, fed in pieces: "entry=value" or "entry", each with a blank behind; "-" where an event is not ours, "!" for a fault. */
static void walk(struct buf *out, const char *s, size_t n, const char *mailbox, size_t step)
{
	struct fault f = {0};
	struct response_parser *p = response_new(&f);
	struct meta_walk w;
	struct meta_value v;
	struct event ev;
	size_t used;

	while (n > 0 && response_feed(p, s, n < step ? n : step, &used, &ev, &f) == 0) {
		s += used;
		n -= used;
		if (ev.kind == EV_NONE)
			continue;
		if (!meta_walk_begin(&w, &ev, mailbox))
			buf_putc(out, '-');
		while (meta_walk_next(&w, &v, &f) == 1) {
			buf_puts(out, v.entry);
			if (v.value != NULL)
				buf_putc(out, '=');
			buf_put(out, v.value, v.len);
			buf_putc(out, ' ');
		}
	}
	if (f.cls != FAULT_NONE) {
		CHECK_INT(f.cls, FAULT_PROTOCOL);
		buf_putc(out, '!');
	}
	response_free(p);
}

static void walks_octets(const char *s, size_t n, const char *mailbox, const char *want, size_t len)
{
	struct buf whole, slowly;

	buf_init(&whole, LIMIT);
	buf_init(&slowly, LIMIT);
	walk(&whole, s, n, mailbox, SIZE_MAX);
	walk(&slowly, s, n, mailbox, 1);
	CHECK_MEM(whole.data, whole.len, want, len);
	CHECK_MEM(slowly.data, slowly.len, want, len);
	buf_free(&whole);
	buf_free(&slowly);
}

static void walks(const char *s, const char *mailbox, const char *want)
{
	walks_octets(s, strlen(s), mailbox, want, strlen(want));
}

TEST(meta_walk_reads_values)
{
	walks("* METADATA INBOX (/private/comment \"mine\" /shared/comment NIL)\r\n", "INBOX",
	    "/private/comment=mine /shared/comment ");
	walks("* METADATA \"INBOX\" (/private/comment {4}\r\n(\r\n) /a {0}\r\n)\r\n", "inbox",
	    "/private/comment=(\r\n) /a= ");
	walks("* metadata \"\" (\"/shared/admin\" mailto:x)\r\n", NULL, "/shared/admin=mailto:x ");
	walks("* METADATA Entw&APw-rfe (/private/a \"b\")\r\n", "Entwürfe", "/private/a=b ");
	walks("* METADATA {9}\r\nEntwürfe (/private/a \"b\")\r\n", "Entwürfe", "/private/a=b ");
	walks("* METADATA INBOX ()\r\n", "INBOX", "");
}

TEST(meta_walk_reads_any_octets)
{
	static const char sent[] =
	    "* METADATA INBOX (/private/a ~{5}\r\n\0b\0\xff\r /private/b ~{0}\r\n)\r\n";
	static const char want[] = "/private/a=\0b\0\xff\r /private/b= ";

	walks_octets(sent, sizeof(sent) - 1, "INBOX", want, sizeof(want) - 1);
}

TEST(meta_walk_leaves_what_is_not_asked)
{
	walks("* METADATA Trash (/private/a \"b\")\r\n", "INBOX", "-");
	walks("* METADATA INBOX (/private/a \"b\")\r\n", NULL, "-");
	walks("* METADATA \"\" (/private/a \"b\")\r\n", "INBOX", "-");
	walks("* METADATA \"\" /shared/comment /shared/admin\r\n", NULL, "-");
	walks("* METADATA INBOX\r\n", "INBOX", "-");
	walks("* METADATA\r\n* METADATA (x)\r\n", "INBOX", "--");
	walks("* 3 EXISTS\r\n", "INBOX", "-");
}

TEST(meta_walk_faults)
{
	walks("* METADATA INBOX (/private/a)\r\n", "INBOX", "!");
	walks("* METADATA INBOX (/private/a \"b\" /private/c)\r\n", "INBOX", "/private/a=b !");
	walks("* METADATA INBOX (/private/a (\"b\"))\r\n", "INBOX", "!");
	walks("* METADATA INBOX ((/private/a) \"b\")\r\n", "INBOX", "!");
	walks("* METADATA INBOX (NIL \"b\")\r\n", "INBOX", "!");
	walks_octets("* METADATA INBOX (~{3}\r\na\0b \"c\")\r\n", 37, "INBOX", "!", 1);
	walks("* METADATA INBOX (/private/a {1048577}\r\n", "INBOX", "!");
}

UNIT_MAIN
