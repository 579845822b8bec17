#include "app/watch_map.h"

#include "unit.h"

static void check_set(const struct set *s, const char *text)
{
	struct buf b;

	buf_init(&b, 4096);
	set_format(&b, s);
	CHECK_STR(buf_str(&b), text);
	buf_free(&b);
}

TEST(map_numbers)
{
	struct watch_map m;

	map_init(&m);
	map_parse(&m, "5,7:9,20", 8);
	CHECK_INT(map_count(&m), 5);
	CHECK_INT(map_uid(&m, 0), 0);
	CHECK_INT(map_uid(&m, 1), 5);
	CHECK_INT(map_uid(&m, 2), 7);
	CHECK_INT(map_uid(&m, 4), 9);
	CHECK_INT(map_uid(&m, 5), 20);
	CHECK_INT(map_uid(&m, 6), 0);
	map_free(&m);
}

TEST(map_expunge_shifts)
{
	struct watch_map m;

	map_init(&m);
	map_add(&m, 1, 10);
	CHECK_INT(map_expunge(&m, 5), 5);  /* in the middle */
	CHECK_INT(map_expunge(&m, 5), 6);  /* first of a range */
	CHECK_INT(map_expunge(&m, 8), 10); /* last */
	CHECK_INT(map_expunge(&m, 1), 1);
	check_set(&m.set, "2:4,7:9");
	CHECK_INT(map_uid(&m, 4), 7);
	for (int i = 0; i < 6; i++)
		CHECK(map_expunge(&m, 1) != 0);
	CHECK_INT(map_count(&m), 0);
	CHECK(!m.broken);
	CHECK_INT(map_expunge(&m, 1), 0);
	CHECK(m.broken);
	map_free(&m);
}

TEST(map_broken_knows_nothing)
{
	struct watch_map m, other;
	struct set gone;

	map_init(&m);
	map_init(&other);
	set_init(&gone, 10);
	map_parse(&m, "1,x", 3);
	CHECK(m.broken);
	map_add(&m, 5, 6);
	CHECK_INT(map_uid(&m, 1), 0);
	CHECK_INT(map_expunge(&m, 1), 0);
	CHECK_INT(map_gone(&m, &other, &gone), -1);
	CHECK_INT(map_gone(&other, &m, &gone), -1);
	map_clear(&m);
	CHECK(!m.broken);
	map_free(&m);
	set_free(&gone);
}

TEST(map_too_many_ranges)
{
	struct watch_map m;

	map_init(&m);
	for (uint32_t i = 0; i < MAP_RANGES_MAX; i++)
		map_add(&m, 2 * i + 1, 2 * i + 1);
	CHECK(!m.broken);
	map_add(&m, 2 * MAP_RANGES_MAX + 1, 2 * MAP_RANGES_MAX + 1);
	CHECK(m.broken);
	map_free(&m);
	/* a hole made by an expunge may be one range too many as well */
	map_init(&m);
	for (uint32_t i = 0; i < MAP_RANGES_MAX; i++)
		map_add(&m, 5 * i + 1, 5 * i + 3);
	CHECK_INT(map_expunge(&m, 2), 2);
	CHECK(m.broken);
	map_free(&m);
}

static void check_gone(const char *before, const char *after, const char *gone)
{
	struct watch_map a, b;
	struct set set;

	map_init(&a);
	map_init(&b);
	set_init(&set, 100);
	if (*before != '\0')
		map_parse(&a, before, strlen(before));
	if (*after != '\0')
		map_parse(&b, after, strlen(after));
	CHECK_INT(map_gone(&a, &b, &set), 0);
	check_set(&set, gone);
	map_free(&a);
	map_free(&b);
	set_free(&set);
}

TEST(map_gone_is_what_is_missing)
{
	check_gone("", "", "");
	check_gone("1:5", "1:5", "");
	check_gone("1:5", "", "1:5");
	check_gone("", "1:5", "");
	check_gone("1:5", "6:9", "1:5");
	check_gone("1:5,9", "2,4", "1,3,5,9");
	check_gone("1:100", "50", "1:49,51:100");
	check_gone("3:4,10:20", "1:12,18:30", "13:17");
	check_gone("1:3,5:7,9:11", "2:10", "1,11");
	check_gone("4294967290:4294967294", "4294967292:4294967294", "4294967290:4294967291");
	check_gone("4294967295", "1", "*"); /* as a set writes it */
}

TEST(map_gone_limit)
{
	struct watch_map a, b;
	struct set set;

	map_init(&a);
	map_init(&b);
	set_init(&set, 1);
	map_parse(&a, "1:5", 3);
	map_parse(&b, "3", 1);
	CHECK_INT(map_gone(&a, &b, &set), -1);
	map_free(&a);
	map_free(&b);
	set_free(&set);
}

UNIT_MAIN
