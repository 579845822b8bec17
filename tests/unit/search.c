/* What lm-search is made of, without a server: differences, spools, cuts, options. */
#include <stdlib.h>

#include "app/search_diff.h"
#include "app/search_impl.h"
#include "unit.h"

/* ---- differences */

static void parse(struct set *s, const char *text)
{
	set_init(s, 100);
	CHECK(text[0] == '\0' || set_parse(s, text, strlen(text)) == 0);
}

static void check_diff(const char *a, const char *b, const char *expected)
{
	struct set x, y, z;
	struct search_diff d;
	struct buf text;
	uint32_t lo, hi, before = 0;

	parse(&x, a);
	parse(&y, b);
	set_init(&z, 100);
	buf_init(&text, 1000);
	search_diff_init(&d, &x, &y);
	while (search_diff_next(&d, &lo, &hi)) {
		CHECK(lo <= hi && lo > before);
		before = hi;
		CHECK(set_add(&z, lo, hi) == 0);
	}
	CHECK(!search_diff_next(&d, &lo, &hi));
	set_format(&text, &z);
	CHECK_STR(buf_str(&text), expected);
	buf_free(&text);
	set_free(&x);
	set_free(&y);
	set_free(&z);
}

TEST(what_one_has_and_the_other_has_not)
{
	check_diff("", "", "");
	check_diff("", "1:5", "");
	check_diff("1:5", "", "1:5");
	check_diff("1:5", "1:5", "");
	check_diff("1:5", "3", "1:2,4:5");
	check_diff("1:5", "1", "2:5");
	check_diff("1:5", "5", "1:4");
	check_diff("1:5", "2,4", "1,3,5");
	check_diff("3", "1:5", "");
	check_diff("3:9", "1:5", "6:9");
	check_diff("1:5", "4:9", "1:3");
	check_diff("1:3,7:9", "5", "1:3,7:9");
	check_diff("1:3,7:9", "2:8", "1,9");
	check_diff("1,3,5,7", "3:5", "1,7");
	check_diff("1,3,5,7", "2,4,6", "1,3,5,7");
	check_diff("10:20,30:40", "1:5,15,35:50", "10:14,16:20,30:34");
	check_diff("1:*", "2", "1,3:*");
	check_diff("1:*", "*", "1:4294967294");
	check_diff("*", "1:*", "");
	check_diff("1:*", "1:4294967294", "*");
}

/* All pairs of sets of eight numbers. */
TEST(all_small_differences)
{
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			struct set x, y;
			struct search_diff d;
			unsigned got = 0;
			uint32_t lo, hi;

			set_init(&x, 8);
			set_init(&y, 8);
			for (unsigned i = 0; i < 8; i++) {
				if (a & 1U << i)
					set_add(&x, i + 1, i + 1);
				if (b & 1U << i)
					set_add(&y, i + 1, i + 1);
			}
			search_diff_init(&d, &x, &y);
			while (search_diff_next(&d, &lo, &hi))
				for (uint32_t i = lo; i <= hi; i++)
					got |= 1U << (i - 1);
			CHECK_INT(got, a & ~b);
			set_free(&x);
			set_free(&y);
		}
}

/* ---- spools */

static void check_spool(size_t n)
{
	struct spool s;
	struct spool_range r;
	struct fault f = {0};

	spool_init(&s);
	/* twice, as it may be used again; and read twice each time */
	for (int round = 0; round < 2; round++) {
		spool_reset(&s);
		for (size_t i = 0; i < n; i++)
			REQUIRE(spool_put(&s, (uint32_t)(3 * i + 1), (uint32_t)(3 * i + 2),
				    (uint32_t)(i % 2), &f) == 0);
		for (int again = 0; again < 2; again++) {
			for (size_t i = 0; i < n; i++) {
				REQUIRE(spool_next(&s, &r, &f) == 1);
				REQUIRE(r.lo == 3 * i + 1 && r.hi == 3 * i + 2 && r.mark == i % 2);
			}
			CHECK_INT(spool_next(&s, &r, &f), 0);
			CHECK_INT(spool_next(&s, &r, &f), 0);
			spool_rewind(&s);
		}
	}
	spool_free(&s);
}

TEST(spools_in_memory_and_beyond)
{
	check_spool(0);
	check_spool(1);
	check_spool(SPOOL_MEMORY - 1);
	check_spool(SPOOL_MEMORY);
	check_spool(SPOOL_MEMORY + 1);
	check_spool(3 * SPOOL_MEMORY);
}

TEST(spools_join_neighbours_of_one_mark)
{
	struct spool s;
	struct spool_range r;
	struct fault f = {0};

	spool_init(&s);
	CHECK(spool_put(&s, 1, 3, 0, &f) == 0);
	CHECK(spool_put(&s, 4, 4, 0, &f) == 0);
	CHECK(spool_put(&s, 5, 6, 1, &f) == 0);
	CHECK(spool_put(&s, 6, 7, 1, &f) == 0); /* again 6: it is told twice, as the server did */
	CHECK_INT(s.n, 3);
	CHECK(spool_next(&s, &r, &f) == 1 && r.lo == 1 && r.hi == 4 && r.mark == 0);
	CHECK(spool_next(&s, &r, &f) == 1 && r.lo == 5 && r.hi == 6 && r.mark == 1);
	CHECK(spool_next(&s, &r, &f) == 1 && r.lo == 6 && r.hi == 7);
	spool_free(&s);
}

/* ---- cuts */

static void check_cut(const char *set, uint64_t from, uint64_t to, const char *expected)
{
	struct search_result r;
	struct spool s;
	struct spool_range range;
	struct fault f = {0};
	struct buf text;

	spool_init(&s);
	buf_init(&text, 1000);
	search_result_init(&r, SEARCH_USE_SPOOL);
	r.spool = &s;
	r.from = from;
	r.to = to;
	CHECK(search_result_set(&r, set, strlen(set), &f) == 0);
	while (spool_next(&s, &range, &f) == 1)
		search_put_range(&text, range.lo, range.hi);
	CHECK_STR(buf_str(&text), expected);
	buf_free(&text);
	spool_free(&s);
}

TEST(positions_are_cut)
{
	check_cut("1:10", 1, UINT64_MAX, "1:10");
	check_cut("1:10", 3, 5, "3:5");
	check_cut("1:10", 10, 10, "10");
	check_cut("1:10", 11, 20, "");
	check_cut("1:3,7:9,20", 3, 4, "3,7");
	check_cut("1:3,7:9,20", 1, 3, "1:3");
	check_cut("1:3,7:9,20", 7, 9, "20");
	check_cut("9,5:4,1", 1, 3, "9,4:5");
	check_cut("9,5:4,1", 2, 2, "4");
	check_cut("1:4294967295", 4294967294, 5000000000, "4294967294:4294967295");
	check_cut("1:4294967295,1:4294967295", 4294967295, 4294967297, "4294967295,1:2");
}

TEST(what_is_known_without_holding_it)
{
	struct search_result r;
	struct fault f = {0};

	search_result_init(&r, SEARCH_USE_NOTHING);
	CHECK(search_result_set(&r, "7:9,3", 5, &f) == 0);
	CHECK(search_result_set(&r, "20:18", 5, &f) == 0);
	CHECK_INT(r.seen, 7);
	CHECK_INT(r.first, 7);
	CHECK_INT(r.last, 20);
	CHECK_INT(r.lowest, 3);
	CHECK_INT(r.highest, 20);
	CHECK_INT(search_result_set(&r, "1,", 2, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
}

TEST(what_is_held_has_a_limit)
{
	struct search_result r;
	struct set all;
	struct fault f = {0};

	set_init(&all, 2);
	search_result_init(&r, SEARCH_USE_NOTHING);
	r.all = &all;
	CHECK(search_result_set(&r, "1,3", 3, &f) == 0);
	CHECK(!r.overflow && all.n == 2);
	CHECK(search_result_set(&r, "5", 1, &f) == 0);
	CHECK(r.overflow && all.n == 0);
	CHECK(search_result_set(&r, "7", 1, &f) == 0);
	CHECK(r.overflow && all.n == 0);
	CHECK_INT(r.seen, 4);
	set_free(&all);
}

/* ---- options */

TEST(sort_keys)
{
	static const char *const bad[] = {
	    "", "-", ",", "date,", ",date", "colour", "date size", "--date", "dates", "dat"};
	struct search_sort s;
	struct fault f = {0};

	REQUIRE(search_sort_parse("date,-From,DISPLAYTO", &s, &f) == 0);
	CHECK_INT(s.n, 3);
	CHECK_STR(s.key[0], "DATE");
	CHECK_STR(s.key[1], "FROM");
	CHECK_STR(s.key[2], "DISPLAYTO");
	CHECK(!s.reverse[0] && s.reverse[1] && !s.reverse[2] && s.display);
	REQUIRE(search_sort_parse("arrival,cc,date,from,size,subject,to", &s, &f) == 0);
	CHECK(s.n == 7 && !s.display);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(search_sort_parse(bad[i], &s, &f), -1);
		CHECK_INT(f.cls, FAULT_USAGE);
	}
	CHECK(search_sort_parse("to,to,to,to,to,to,to,to,to,to,to,to,to,to,to,to", &s, &f) == 0);
	CHECK(
	    search_sort_parse("to,to,to,to,to,to,to,to,to,to,to,to,to,to,to,to,to", &s, &f) == -1);
}

TEST(fields)
{
	static const char *const bad[] = {"", ",", "date,", "date,date", "colour", "date=1"};
	struct search_request q = {0};
	struct fault f = {0};

	REQUIRE(search_fields_parse("flags,DATE,size,subject,to,from,received", &q, &f) == 0);
	CHECK(q.nfield == 7 && q.field[0] == SEARCH_FLAGS && q.field[6] == SEARCH_RECEIVED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		q.nfield = 0;
		CHECK_INT(search_fields_parse(bad[i], &q, &f), -1);
	}
}

TEST(slices)
{
	static const char *const bad[] = {"", ":", "1", "1:", ":1", "0:1", "1:0", "-1:1", "1:-1",
	    "-:-", "1:2:3", "+1:2", " 1:2", "1:*", "4294967296:1", "--1:-2"};
	struct search_request q = {0};
	struct fault f = {0};

	CHECK(
	    search_slice_parse("1:50", &q, &f) == 0 && q.first == 1 && q.last == 50 && !q.from_end);
	CHECK(search_slice_parse("50:1", &q, &f) == 0 && q.first == 1 && q.last == 50);
	CHECK(search_slice_parse("-50:-1", &q, &f) == 0 && q.first == 1 && q.last == 50 &&
	    q.from_end);
	CHECK(search_slice_parse("4294967295:4294967295", &q, &f) == 0 && q.first == UINT32_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(search_slice_parse(bad[i], &q, &f), -1);
}

UNIT_MAIN
