#include "base/fault.h"

#include <errno.h>

#include "base/enc.h"
#include "unit.h"

TEST(fault_carries_class_and_message)
{
	struct fault f = {0};

	CHECK_INT(fault_set(&f, FAULT_DATA, "part %s of %d", "1.2", 7), -1);
	CHECK_INT(f.cls, FAULT_DATA);
	CHECK_STR(f.msg, "part 1.2 of 7");
}

TEST(fault_while_goes_before)
{
	struct fault f = {0};

	fault_set(&f, FAULT_TEMP, "connection reset");
	CHECK_INT(fault_while(&f, "FETCH %d", 3), -1);
	CHECK_INT(fault_while(&f, "%s", "work"), -1);
	CHECK_INT(f.cls, FAULT_TEMP);
	CHECK_STR(f.msg, "work: FETCH 3: connection reset");
}

TEST(fault_errno_says_why)
{
	struct fault f = {0};

	errno = ENOENT;
	CHECK_INT(fault_errno(&f, FAULT_NOINPUT, "%s", "/x"), -1);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	CHECK_STR(f.msg, "/x: No such file or directory");
}

TEST(fault_shows_foreign_text_safely)
{
	struct fault f = {0};

	fault_set(
	    &f, FAULT_REFUSED, "server says: %s", "a\x1b[2Jb\r\nc\xff\xe2\x80\xa8 z\xc3\xbc\x7f");
	CHECK_STR(f.msg, "server says: a\\033[2Jb\\r\\nc\\377\\342\\200\\250 z\xc3\xbc\\177");
	fault_while(&f, "x");
	CHECK_STR(f.msg, "x: server says: a\\033[2Jb\\r\\nc\\377\\342\\200\\250 z\xc3\xbc\\177");
}

/* Wherever the text is cut: one line, no half of a character or escape. */
TEST(fault_is_cut_between_characters)
{
	static const char *const tails[] = {
	    "\xc3\xbc", "\xf0\x9f\x93\xa7", "\x1b", "\xe2\x80\xa8", "z"};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		for (size_t pad = FAULT_MSG_MAX - 12; pad < FAULT_MSG_MAX + 12; pad++) {
			char text[FAULT_MSG_MAX * 2] = {0};
			struct fault f = {0};
			memset(text, 'x', pad);
			for (size_t k = 0, n = strlen(tails[i]); k < 8; k++)
				memcpy(text + pad + k * n, tails[i], n);
			fault_set(&f, FAULT_DATA, "%s", text);
			size_t n = strlen(f.msg), whole = strspn(f.msg, "x");
			CHECK(n < FAULT_MSG_MAX && n + 12 >= FAULT_MSG_MAX);
			CHECK(enc_is_utf8(f.msg, n));
			CHECK((n - whole) % 4 == 0 || tails[i][0] == 'z' || tails[i][0] == '\xc3');
		}
	}
}

TEST(fault_while_keeps_what_is_first)
{
	struct fault f = {0};
	char text[FAULT_MSG_MAX * 2] = {0};

	memset(text, 'x', sizeof(text) - 1);
	fault_set(&f, FAULT_DATA, "%s", text);
	fault_while(&f, "front");
	CHECK_INT(strlen(f.msg), FAULT_MSG_MAX - 1);
	CHECK(strncmp(f.msg, "front: xxx", 10) == 0);
	fault_while(&f, "%s", text);
	CHECK_INT(strlen(f.msg), FAULT_MSG_MAX - 1);
}

/* A long name is cut, what is wrong with it is not. */
TEST(fault_while_leaves_room_for_what_was_said)
{
	static const char *const tails[] = {"x", "\xc3\xbc", "\xf0\x9f\x93\xa7", "\x1b"};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++)
		for (size_t pad = 0; pad < 12; pad++) {
			char name[FAULT_MSG_MAX * 2] = {0};
			struct fault f = {0};
			size_t n = strlen(tails[i]);

			memset(name, 'a', pad);
			for (size_t k = pad; k + n < sizeof(name); k += n)
				memcpy(name + k, tails[i], n);
			fault_set(&f, FAULT_DATA, "no such mailbox");
			fault_while(&f, "%s", name);
			n = strlen(f.msg);
			CHECK(n < FAULT_MSG_MAX && n + 12 >= FAULT_MSG_MAX);
			CHECK(enc_is_utf8(f.msg, n));
			CHECK_STR(
			    f.msg + n - strlen("...: no such mailbox"), "...: no such mailbox");
			CHECK(tails[i][0] != '\x1b' || strspn(f.msg + pad, "\\03") % 4 == 0);
		}
}

TEST(fault_may_be_given_its_own_message)
{
	struct fault f = {0};

	fault_set(&f, FAULT_DATA, "inner");
	fault_set(&f, FAULT_TEMP, "outer (%s)", f.msg);
	CHECK_STR(f.msg, "outer (inner)");
}

UNIT_MAIN
