#include "imap/set.h"

#include <stdlib.h>

#include "unit.h"

static bool parse(struct set *s, const char *text)
{
	return set_parse(s, text, strlen(text)) == 0;
}

static void check_parse(const char *text, const char *expected)
{
	struct set s;
	struct buf b;

	set_init(&s, 100);
	buf_init(&b, 1000);
	CHECK(parse(&s, text));
	set_format(&b, &s);
	CHECK_STR(buf_str(&b), expected);
	buf_free(&b);
	set_free(&s);
}

TEST(set_sorts_and_joins)
{
	check_parse("1", "1");
	check_parse("1:3,7,12:*", "1:3,7,12:*");
	check_parse("*", "*");
	check_parse("*:4", "4:*");
	check_parse("4:2", "2:4");
	check_parse("7,7,7:7", "7");
	check_parse("1,2,3", "1:3");
	check_parse("3,2,1", "1:3");
	check_parse("1:3,5:7,4", "1:7");
	check_parse("5:7,1:3,4,9", "1:7,9");
	check_parse("1:100,5,50:60,102", "1:100,102");
	check_parse("10:20,1:30", "1:30");
	check_parse("4294967294,*", "4294967294:*");
	check_parse("4294967295", "*");
	check_parse("1:*", "1:*");
	check_parse("*,1", "1,*");
	check_parse("2,4:7,9,12:*", "2,4:7,9,12:*"); /* RFC 3501 section 9 */
}

TEST(set_refuses_what_is_malformed)
{
	static const char *const bad[] = {"", "0", "01", "1,", ",1", "1,,2", "1:", ":1", "1:2:3",
	    "1:0", "0:1", "1 ", " 1", "1, 2", "-1", "+1", "a", "1a", "**", "*1", "1*", "4294967296",
	    "99999999999999999999", "1:4294967296", "1;2", "1\xff", "1:,2", "$"};
	struct set s;

	set_init(&s, 100);
	CHECK(parse(&s, "5,7"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char late[100];
		CHECK(!parse(&s, bad[i]));
		snprintf(late, sizeof(late), "9:10,%s", bad[i]);
		CHECK(!parse(&s, late));
		CHECK_INT(s.n, 2);
	}
	CHECK_INT(set_parse(&s, "1\0", 2), -1);
	set_free(&s);
}

TEST(set_every_prefix)
{
	static const char text[] = "10:12,3,*:40,7";
	struct set s;

	set_init(&s, 100);
	for (size_t n = 0; n < sizeof(text); n++) {
		bool whole =
		    n > 0 && n < sizeof(text) && strchr(":,", text[n - 1]) == NULL && text[n - 1];
		CHECK_INT(set_parse(&s, text, n), whole ? 0 : -1);
	}
	set_free(&s);
}

TEST(set_add_keeps_ranges_apart)
{
	struct set s;

	set_init(&s, 3);
	CHECK_INT(set_add(&s, 0, 5), -1);
	CHECK_INT(set_add(&s, 0, 0), -1);
	CHECK_INT(set_add(&s, 20, 10), 0);
	CHECK_INT(set_add(&s, 1, 5), 0);
	CHECK_INT(set_add(&s, UINT32_MAX, UINT32_MAX), 0);
	CHECK_INT(set_add(&s, 30, 31), -1);
	CHECK_INT(s.n, 3);
	CHECK_INT(set_count(&s), 17);
	CHECK_INT(set_add(&s, 6, 9), 0);
	CHECK_INT(s.n, 2);
	CHECK(s.r[0].lo == 1 && s.r[0].hi == 20);
	CHECK_INT(set_add(&s, 1, UINT32_MAX), 0);
	CHECK_INT(s.n, 1);
	CHECK_INT(set_count(&s), UINT32_MAX);
	set_free(&s);
	CHECK_INT(set_count(&s), 0);
	CHECK(!set_has(&s, 1));
}

/* What is in `which` and not in `without`, added to `into`, is `all`. */
static void check_without(const char *into, const char *which, const char *without, const char *all)
{
	const char *const text[] = {into, which, without};
	struct set s[3];
	struct buf out;

	for (size_t i = 0; i < 3; i++) {
		set_init(&s[i], 10);
		CHECK(text[i][0] == '\0' || set_parse(&s[i], text[i], strlen(text[i])) == 0);
	}
	CHECK_INT(set_add_without(&s[0], &s[1], &s[2]), 0);
	buf_init(&out, 200);
	set_format(&out, &s[0]);
	CHECK_STR(buf_str(&out), all);
	buf_free(&out);
	for (size_t i = 0; i < 3; i++)
		set_free(&s[i]);
}

TEST(set_add_without_some)
{
	struct set s, which, none;

	check_without("", "", "1:*", "");
	check_without("", "2,4", "", "2,4");
	check_without("7", "2,4", "4", "2,7");
	check_without("", "1:10", "1:3,5,10:20", "4,6:9");
	check_without("", "5:10", "1:4,11:20", "5:10");
	check_without("", "5:10,20:30", "8:22", "5:7,23:30");
	check_without("", "1:*", "2:4294967294", "1,*");
	check_without("", "3:*", "10:*", "3:9");
	check_without("", "3:9", "1:*", "");
	set_init(&s, 1);
	set_init(&which, 10);
	set_init(&none, 10);
	CHECK(set_parse(&which, "1,3", 3) == 0);
	CHECK_INT(set_add_without(&s, &which, &none), -1);
	set_free(&s);
	set_free(&which);
}

TEST(set_has_its_members)
{
	struct set s;

	set_init(&s, 100);
	CHECK(parse(&s, "3:5,8,100:*"));
	static const uint32_t in[] = {3, 4, 5, 8, 100, 101, UINT32_MAX};
	static const uint32_t out[] = {0, 1, 2, 6, 7, 9, 99};
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		CHECK(set_has(&s, in[i]));
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CHECK(!set_has(&s, out[i]));
	set_free(&s);
}

/* A generator of our own (Numerical Recipes' constants): the same numbers everywhere. */
static uint32_t next(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 16) % below;
}

/* Against a map of bits, in an order that chance gives. */
TEST(set_agrees_with_a_bitmap)
{
	uint32_t chance = 7;

	for (int round = 0; round < 300; round++) {
		bool map[202] = {false};
		struct set added, parsed;
		struct buf text;
		set_init(&added, 1000);
		set_init(&parsed, 1000);
		buf_init(&text, 10000);
		for (int i = 0; i < 1 + round % 40; i++) {
			uint32_t lo = 1 + next(&chance, 200), hi = lo + next(&chance, 6);
			hi = hi > 200 ? 200 : hi;
			CHECK_INT(set_add(&added, lo, hi), 0);
			buf_printf(&text, "%s%u:%u", i > 0 ? "," : "", hi, lo);
			memset(map + lo, true, hi - lo + 1);
		}
		CHECK(parse(&parsed, buf_str(&text)));
		uint64_t count = 0;
		for (uint32_t x = 0; x < 202; x++) {
			count += map[x];
			CHECK(set_has(&added, x) == map[x] && set_has(&parsed, x) == map[x]);
		}
		CHECK_INT(set_count(&added), count);
		CHECK_INT(added.n, parsed.n);
		for (size_t i = 1; i < added.n; i++)
			CHECK(added.r[i - 1].hi + 1 < added.r[i].lo);
		set_free(&added);
		set_free(&parsed);
		buf_free(&text);
	}
}

TEST(set_limit_counts_joined_ranges)
{
	struct set s;

	set_init(&s, 2);
	CHECK(parse(&s, "9,7,5,8,6,10,11,13"));
	CHECK_INT(s.n, 2);
	CHECK(!parse(&s, "20"));
	CHECK_INT(s.n, 2);
	CHECK(!parse(&s, "50,40,30,20,18,16"));
	CHECK(s.n <= 2);
	set_free(&s);
	set_init(&s, SIZE_MAX);
	CHECK_INT(s.max, SET_MAX_RANGES);
}

/* A server that names half a million UIDs from the last to the first costs a sort, not a day. */
TEST(set_order_costs_nothing_extra)
{
	struct buf text;
	struct set s;

	buf_init(&text, 1 << 24);
	for (uint32_t i = SET_MAX_RANGES; i > 0; i--)
		buf_printf(&text, "%u%s", 2 * i, i > 1 ? "," : "");
	set_init(&s, SET_MAX_RANGES);
	CHECK_INT(set_parse(&s, text.data, text.len), 0);
	CHECK_INT(s.n, SET_MAX_RANGES);
	CHECK_INT(s.r[0].lo, 2);
	CHECK_INT(set_add(&s, UINT32_MAX, UINT32_MAX), -1);
	buf_puts(&text, ",1:3000000");
	CHECK_INT(set_parse(&s, text.data, text.len), 0);
	CHECK_INT(s.n, 1);
	set_free(&s);
	buf_free(&text);
}

TEST(set_long_runs_of_digits)
{
	static char run[1 << 20];
	struct set s;

	set_init(&s, 10);
	memset(run, '9', sizeof(run));
	CHECK_INT(set_parse(&s, run, sizeof(run)), -1);
	memset(run, ',', sizeof(run));
	CHECK_INT(set_parse(&s, run, sizeof(run)), -1);
	set_free(&s);
}

TEST(set_walk_keeps_the_order_of_the_text)
{
	static const char text[] = "304,319:320,9:7,*";
	static const uint32_t expected[][2] = {
	    {304, 304}, {319, 320}, {9, 7}, {UINT32_MAX, UINT32_MAX}};
	struct set_walk w = {text, sizeof(text) - 1};
	uint32_t lo, hi;

	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(set_walk_next(&w, &lo, &hi), 1);
		CHECK(lo == expected[i][0] && hi == expected[i][1]);
	}
	CHECK_INT(set_walk_next(&w, &lo, &hi), 0);
	CHECK_INT(set_walk_next(&w, &lo, &hi), 0);
	w = (struct set_walk){"3,", 2};
	CHECK_INT(set_walk_next(&w, &lo, &hi), -1);
}

TEST(set_format_of_the_empty_set_is_empty)
{
	struct set s;
	struct buf b;

	set_init(&s, 10);
	buf_init(&b, 10);
	set_format(&b, &s);
	CHECK_INT(b.len, 0);
	buf_free(&b);
	set_free(&s);
}

UNIT_MAIN
