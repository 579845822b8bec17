#include "base/clock.h"

#include "unit.h"

TEST(clock_runs)
{
	int64_t a = clock_awake(), b = clock_awake();

	CHECK(b >= a);
	CHECK(clock_all() >= a - 1);
}

TEST(clock_gap_of_a_machine_that_never_slept)
{
	int64_t mark = 0;

	CHECK_INT(clock_gap(&mark, 5000, 5000), 0);
	CHECK(mark != 0);
	CHECK_INT(clock_gap(&mark, 6000, 6000), 0);
	CHECK_INT(clock_gap(&mark, 7001, 7000), 0); /* not read at the same instant */
	CHECK_INT(clock_gap(&mark, 7099, 7000), 0);
}

TEST(clock_gap_tells_each_sleep_once)
{
	int64_t mark = 0;

	CHECK_INT(clock_gap(&mark, 9000, 5000), 0); /* what was before does not count */
	CHECK_INT(clock_gap(&mark, 19000, 5000), 10000);
	CHECK_INT(clock_gap(&mark, 20000, 6000), 0);
	CHECK_INT(clock_gap(&mark, 20100, 6000), 100);
	CHECK_INT(clock_gap(&mark, 20100, 6000), 0);
}

TEST(clock_slept_not_now)
{
	int64_t mark = 0;

	CHECK_INT(clock_slept(&mark), 0);
	CHECK_INT(clock_slept(&mark), 0);
}

UNIT_MAIN
