/* File names of messages: what is in them, and what we make. */
#include "store/maildir.h"

#include <stdlib.h>

#include "unit.h"

static void check_parse(
    const char *text, const char *base, uint32_t uid, uint32_t flags, const char *other)
{
	struct maildir_name name;

	REQUIRE(maildir_name_parse(text, &name) == 0);
	CHECK_STR(name.base, base);
	CHECK_INT(name.uid, uid);
	CHECK_INT(name.flags, flags);
	CHECK_STR(name.other, other);
}

TEST(names)
{
	const uint32_t a = 1U << MAILDIR_LETTER, z = 1U << 31;

	check_parse("1.2.h", "1.2.h", 0, 0, "");
	check_parse("1.2.h:2,", "1.2.h", 0, 0, "");
	check_parse("1.2.h:2,S", "1.2.h", 0, MAILDIR_SEEN, "");
	check_parse("1.2.h:2,DFPRST", "1.2.h", 0, MAILDIR_SYSTEM, "");
	check_parse("1.2.h:2,TSRPFD", "1.2.h", 0, MAILDIR_SYSTEM, "");
	check_parse("1.2.h:2,SSaz", "1.2.h", 0, MAILDIR_SEEN | a | z, "");
	check_parse("1.2.h:2,X1Sa", "1.2.h", 0, MAILDIR_SEEN | a, "X1");
	check_parse("1.2.h:2,S,a=Db", "1.2.h", 0, MAILDIR_SEEN, ",a=Db");
	check_parse("x:1,S", "x:1,S", 0, 0, "");
	check_parse("x:2", "x:2", 0, 0, "");
	check_parse("x:2:2,F", "x:2", 0, MAILDIR_FLAGGED, "");
	check_parse("x:2,:2,F", "x", 0, 0, ":2,F");
}

TEST(names_with_uids)
{
	check_parse("1.2.h,U=17:2,S", "1.2.h,U=17", 17, MAILDIR_SEEN, "");
	check_parse("1.2.h,U=17", "1.2.h,U=17", 17, 0, "");
	check_parse("1.2.h,S=5,U=17,W=6:2,", "1.2.h,S=5,U=17,W=6", 17, 0, "");
	check_parse("1.2.h,U=4294967295", "1.2.h,U=4294967295", UINT32_MAX, 0, "");
	check_parse("1.2.h,U=4294967296", "1.2.h,U=4294967296", 0, 0, "");
	check_parse("1.2.h,U=0", "1.2.h,U=0", 0, 0, "");
	check_parse("1.2.h,U=", "1.2.h,U=", 0, 0, "");
	check_parse("1.2.h,U=1x", "1.2.h,U=1x", 0, 0, "");
	check_parse("1.2.h,U=-1", "1.2.h,U=-1", 0, 0, "");
	check_parse("1.2.h:2,S,U=9", "1.2.h", 0, MAILDIR_SEEN, ",U=9");
}

TEST(no_names)
{
	static const char *const bad[] = {"", ".", "..", ".x:2,S", "a/b", "/", ":2,", ":2,S"};
	char longest[MAILDIR_NAME_MAX + 2];
	struct maildir_name name;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(maildir_name_parse(bad[i], &name), -1);
	memset(longest, 'x', sizeof(longest));
	longest[MAILDIR_NAME_MAX + 1] = '\0';
	CHECK_INT(maildir_name_parse(longest, &name), -1);
	longest[MAILDIR_NAME_MAX] = '\0';
	CHECK_INT(maildir_name_parse(longest, &name), 0);
	CHECK_STR(name.base, longest);
}

/* What is parsed and built again. */
static const char *again(const char *text, bool in_new)
{
	static char out[MAILDIR_NAME_MAX + 1];
	struct maildir_name name;

	if (maildir_name_parse(text, &name) != 0)
		return NULL;
	return maildir_name_build(out, sizeof(out), &name, in_new) == 0 ? out : NULL;
}

TEST(build)
{
	CHECK_STR(again("x", false), "x:2,");
	CHECK_STR(again("x", true), "x");
	CHECK_STR(again("x:2,", true), "x");
	CHECK_STR(again("x:2,F", true), "x:2,F");
	CHECK_STR(again("x:2,,e", true), "x:2,,e");
	CHECK_STR(again("x:2,zaTSRPFD", false), "x:2,DFPRSTaz");
	CHECK_STR(again("x:2,~SSXE1", false), "x:2,1ESX~");
	CHECK_STR(again("x,U=3:2,S,b=a", false), "x,U=3:2,S,b=a");
	CHECK_STR(again("x:2,\xffS\x01", false), "x:2,\x01S\xff");
}

TEST(build_within_limits)
{
	char text[MAILDIR_NAME_MAX + 1], out[MAILDIR_NAME_MAX + 1];
	struct maildir_name name;

	memset(text, 'x', sizeof(text));
	memcpy(text + MAILDIR_NAME_MAX - 4, ":2,S", 5);
	REQUIRE(maildir_name_parse(text, &name) == 0);
	CHECK_INT(maildir_name_build(out, sizeof(out), &name, false), 0);
	CHECK_STR(out, text);
	name.flags |= MAILDIR_FLAGGED;
	CHECK_INT(maildir_name_build(out, sizeof(out), &name, false), -1);
	REQUIRE(maildir_name_parse("abc", &name) == 0);
	CHECK_INT(maildir_name_build(out, 6, &name, false), -1);
	CHECK_INT(maildir_name_build(out, 7, &name, false), 0);
	CHECK_INT(maildir_name_build(out, 3, &name, true), -1);
	CHECK_INT(maildir_name_build(out, 4, &name, true), 0);
}

TEST(build_refuses_what_is_no_base)
{
	static const char *const bad[] = {"", ".x", "a/b", "x:2,S"};
	char out[MAILDIR_NAME_MAX + 1];
	struct maildir_name name = {.flags = 0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(name.base, sizeof(name.base), "%s", bad[i]);
		CHECK_INT(maildir_name_build(out, sizeof(out), &name, false), -1);
	}
	snprintf(name.base, sizeof(name.base), "x");
	snprintf(name.other, sizeof(name.other), "/../y");
	CHECK_INT(maildir_name_build(out, sizeof(out), &name, false), -1);
}

static void check_base(
    int64_t seconds, uint64_t owner, uint32_t uid, const char *host, const char *want)
{
	char base[MAILDIR_BASE_MAX + 1];
	uint64_t its_owner = 0;
	uint32_t its_uid = 0;
	struct maildir_name name;

	REQUIRE(maildir_base(base, sizeof(base), seconds, owner, uid, host) == 0);
	CHECK_STR(base, want);
	CHECK(maildir_base_owner(base, &its_owner, &its_uid));
	CHECK(its_owner == owner && its_uid == uid);
	REQUIRE(maildir_name_parse(base, &name) == 0);
	CHECK_INT(name.uid, uid);
	CHECK_STR(name.base, base);
}

TEST(bases)
{
	check_base(
	    1700000000, 0x123, 7, "example.org", "1700000000.0000000000000123_7.example.org,U=7");
	check_base(0, UINT64_MAX, UINT32_MAX, "h", "0.ffffffffffffffff_4294967295.h,U=4294967295");
	check_base(-5, 0, 1, "h", "0.0000000000000000_1.h,U=1");
	check_base(1, 1, 1, "a/b:c", "1.0000000000000001_1.a\\057b\\072c,U=1");
	check_base(1, 1, 1, "a,U=9\\\n\xc3", "1.0000000000000001_1.a\\054U=9\\134\\012\\303,U=1");
	check_base(1, 1, 1, "", "1.0000000000000001_1.localhost,U=1");
}

TEST(bases_within_limits)
{
	char host[300], base[MAILDIR_BASE_MAX + 1], small[8];

	memset(host, ':', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	CHECK_INT(maildir_base(base, sizeof(base), INT64_MAX, UINT64_MAX, UINT32_MAX, host), 0);
	CHECK_INT(strlen(base), 19 + 1 + 16 + 1 + 10 + 1 + MAILDIR_HOST_MAX + 3 + 10);
	host[5] = '\0';
	memcpy(host, "abcde", 5);
	CHECK_INT(maildir_base(small, sizeof(small), 1, 1, 1, host), -1);
	CHECK_INT(maildir_base(base, sizeof(base), 1, 1, 0, host), -1);
}

TEST(whose_it_is)
{
	static const char *const ours[] = {"1.0000000000000001_7.h,U=7",
	    "1.0000000000000001_7.h,U=7,S=5", "1.0000000000000001_7.h,U=7,S=5,W=6",
	    "1.0000000000000001_7.,U=7"};
	static const char *const others[] = {"", "1", "1.", "1.P5Q6.h", "1.0000000000000001_7.h",
	    "1.0000000000000001_7.h,U=8", "1.0000000000000001_7.h,U=7x",
	    "1.0000000000000001_7.h,U=7,", "1.0000000000000001_7.h,U=7,S",
	    "1.0000000000000001_7.h,U=7,S=", "1.0000000000000001_7.h,U=7,s=1",
	    "1.0000000000000001_7.h,S=5,U=7", "1.0000000000000001_7,U=7",
	    "1.000000000000001_7.h,U=7", "1.00000000000000001_7.h,U=7",
	    "1.000000000000000A_7.h,U=7", "1.0000000000000001_0.h,U=0",
	    "1.0000000000000001_07.h,U=7", "1.0000000000000001_4294967296.h,U=4294967296",
	    ".0000000000000001_7.h,U=7", "x.0000000000000001_7.h,U=7",
	    "1.0000000000000001-7.h,U=7"};
	uint64_t owner = 9;
	uint32_t uid = 9;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!unit_check(!maildir_base_owner(others[i], &owner, &uid), __FILE__, __LINE__,
			others[i]))
			unit_failed = true;
	CHECK(owner == 9 && uid == 9);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		owner = uid = 0;
		CHECK(maildir_base_owner(ours[i], &owner, &uid));
		CHECK(owner == 1 && uid == 7);
	}
}

UNIT_MAIN
