#include "app/watch_pace.h"

#include "unit.h"

TEST(pace_first_at_once_then_longer)
{
	struct pace p = {0};
	int64_t limit = PACE_FIRST;

	CHECK_INT(pace_lost(&p, -1, 12345), 0);
	for (int i = 0; i < 40; i++) {
		struct pace least = p, most = p;

		CHECK_INT(pace_lost(&least, -1, 0), limit / 2);
		CHECK_INT(pace_lost(&most, -1, (uint32_t)(limit / 2)), limit / 2 + limit / 2);
		int64_t wait = pace_lost(&p, -1, (uint32_t)i * 2654435761u);
		CHECK(wait >= limit / 2 && wait <= limit);
		CHECK(wait <= PACE_MOST);
		limit = limit * 2 < PACE_MOST ? limit * 2 : PACE_MOST;
	}
}

TEST(pace_begins_anew_after_a_good_line)
{
	struct pace p = {0};

	for (int i = 0; i < 10; i++)
		pace_lost(&p, -1, 7);
	CHECK(pace_lost(&p, PACE_STABLE - 1, 0) > 0); /* it did not last */
	CHECK_INT(pace_lost(&p, PACE_STABLE, 0), 0);
	CHECK_INT(pace_lost(&p, 0, 0), PACE_FIRST / 2);
}

TEST(pace_any_dice)
{
	struct pace p = {.tries = 3};

	for (uint32_t d = 0; d < 100; d++) {
		struct pace q = p;
		int64_t wait = pace_lost(&q, -1, UINT32_MAX - d);

		CHECK(wait > 0 && wait <= 4 * PACE_FIRST);
	}
}

TEST(pace_counts_without_end)
{
	struct pace p = {.tries = UINT32_MAX - 1};

	CHECK(pace_lost(&p, -1, 0) <= PACE_MOST);
}

TEST(renewal_default)
{
	struct renewal r = {0};

	CHECK_INT(renewal_interval(&r), PACE_RENEW);
	CHECK(PACE_RENEW < 29 * 60 * 1000);
	for (int i = 0; i < 100; i++)
		renewal_answered(&r);
	CHECK_INT(renewal_interval(&r), PACE_RENEW);
}

TEST(renewal_shorter_where_silence_kills)
{
	struct renewal r = {0};

	renewal_lost(&r, 20 * 60 * 1000);
	CHECK_INT(renewal_interval(&r), 15 * 60 * 1000);
	/* a line that was lost while it was busy says nothing */
	renewal_lost(&r, 1000);
	CHECK_INT(renewal_interval(&r), 15 * 60 * 1000);
	/* nor one that was silent for longer than we allow */
	renewal_lost(&r, 40 * 60 * 1000);
	CHECK_INT(renewal_interval(&r), 15 * 60 * 1000);
	renewal_lost(&r, PACE_RENEW_LEAST);
	CHECK_INT(renewal_interval(&r), PACE_RENEW_LEAST);
}

TEST(renewal_grows_back)
{
	struct renewal r = {0};
	int rounds = 0;

	renewal_lost(&r, 4 * 60 * 1000);
	CHECK_INT(renewal_interval(&r), 3 * 60 * 1000);
	for (int i = 0; i < PACE_RENEW_GROWTH - 1; i++)
		renewal_answered(&r);
	CHECK_INT(renewal_interval(&r), 3 * 60 * 1000);
	renewal_answered(&r);
	CHECK_INT(renewal_interval(&r), 3 * 60 * 1000 / 2 * 3);
	while (renewal_interval(&r) < PACE_RENEW && rounds++ < 1000)
		renewal_answered(&r);
	CHECK_INT(renewal_interval(&r), PACE_RENEW);
}

UNIT_MAIN
