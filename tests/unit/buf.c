#include "base/buf.h"

#include <stdlib.h>

#include "unit.h"

TEST(buf_appends_and_terminates)
{
	struct buf b;

	buf_init(&b, 100);
	CHECK_STR(buf_str(&b), "");
	buf_puts(&b, "ab");
	buf_putc(&b, 'c');
	buf_put(&b, "d\0e", 3);
	buf_put(&b, NULL, 0);
	buf_printf(&b, "<%d %s>", -7, "x");
	CHECK(!buf_failed(&b));
	CHECK_MEM(b.data, b.len, "abcd\0e<-7 x>", 12);
	CHECK_INT(buf_str(&b)[b.len], 0);
	buf_free(&b);
	CHECK_INT(b.max, 100);
}

TEST(buf_fills_to_the_limit_and_not_past_it)
{
	struct buf b;

	buf_init(&b, 3);
	buf_puts(&b, "abc");
	CHECK(!buf_failed(&b));
	CHECK_STR(buf_str(&b), "abc");
	CHECK_INT(b.cap, 4);
	buf_putc(&b, 'd');
	CHECK(buf_failed(&b));
	CHECK_INT(b.len, 3);
	CHECK_STR(buf_str(&b), "");
	buf_free(&b);
}

TEST(buf_failed_takes_nothing_until_reset)
{
	struct buf b;

	buf_init(&b, 4);
	buf_puts(&b, "abcde");
	CHECK(buf_failed(&b));
	buf_puts(&b, "f");
	buf_printf(&b, "%d", 1);
	CHECK(buf_room(&b, 0) == NULL);
	CHECK_INT(b.len, 0);
	buf_reset(&b);
	buf_puts(&b, "fghi");
	CHECK_STR(buf_str(&b), "fghi");
	buf_free(&b);
}

TEST(buf_limit_0_holds_the_empty_string)
{
	struct buf b;

	buf_init(&b, 0);
	buf_puts(&b, "");
	CHECK(!buf_failed(&b));
	char *s = buf_steal(&b);
	CHECK_STR(s, "");
	free(s);
	buf_putc(&b, 'x');
	CHECK(buf_failed(&b));
	buf_free(&b);
}

TEST(buf_huge_sizes_fail_and_do_not_wrap)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_puts(&b, "abc");
	CHECK(buf_room(&b, SIZE_MAX) == NULL);
	buf_reset(&b);
	buf_puts(&b, "abc");
	CHECK(buf_room(&b, SIZE_MAX - 3) == NULL);
	buf_reset(&b);
	CHECK(buf_room(&b, PTRDIFF_MAX) == NULL);
	buf_free(&b);
}

TEST(buf_printf_of_exactly_what_fits)
{
	struct buf b;

	buf_init(&b, 5);
	buf_printf(&b, "%s", "12345");
	CHECK_STR(buf_str(&b), "12345");
	buf_reset(&b);
	buf_printf(&b, "%s", "123456");
	CHECK(buf_failed(&b));
	CHECK_INT(b.len, 0);
	buf_free(&b);
}

TEST(buf_room_is_written_by_the_caller)
{
	struct buf b;

	buf_init(&b, 1000);
	buf_puts(&b, "x");
	char *p = buf_room(&b, 500);
	REQUIRE(p != NULL);
	memset(p, 'y', 500);
	b.len += 500;
	CHECK_INT(strlen(buf_str(&b)), 501);
	buf_free(&b);
}

TEST(buf_drop_takes_from_the_front)
{
	struct buf b;

	buf_init(&b, 100);
	buf_drop(&b, 5);
	buf_puts(&b, "abcdef");
	buf_drop(&b, 0);
	buf_drop(&b, 2);
	CHECK_STR(buf_str(&b), "cdef");
	buf_drop(&b, 100);
	CHECK_STR(buf_str(&b), "");
	buf_free(&b);
}

TEST(buf_steal_hands_over)
{
	struct buf b;

	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	char *s = buf_steal(&b);
	CHECK_STR(s, "abcd");
	free(s);
	CHECK(b.data == NULL && b.len == 0 && b.max == 4);
	buf_puts(&b, "12345");
	CHECK(buf_steal(&b) == NULL);
	CHECK(!buf_failed(&b));
}

TEST(buf_grows_across_its_two_ways)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1 << 20; i++)
		buf_putc(&b, (char)('a' + i % 26));
	CHECK(!buf_failed(&b));
	CHECK_INT(b.len, 1 << 20);
	CHECK_INT(b.cap, (1 << 20) + 1);
	bool same = true;
	for (int i = 0; i < 1 << 20; i++)
		same = same && b.data[i] == (char)('a' + i % 26);
	CHECK(same);
	buf_wipe(&b);
	CHECK(b.data == NULL && b.len == 0);
	buf_wipe(&b);
}

UNIT_MAIN
