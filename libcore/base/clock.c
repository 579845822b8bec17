#include "base/clock.h"

#include <time.h>

enum { CLOCK_NOISE = 100 };

static int64_t milliseconds(clockid_t id)
{
	struct timespec t = {0};

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_awake(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}

int64_t clock_all(void)
{
	return milliseconds(CLOCK_BOOTTIME);
}

int64_t clock_gap(int64_t *mark, int64_t all, int64_t awake)
{
	/* One more than the difference, so that a machine that never slept has a mark, too. */
	int64_t now = all - awake + 1, gap = now - *mark;

	if (*mark != 0 && gap < CLOCK_NOISE)
		return 0;
	gap = *mark == 0 ? 0 : gap;
	*mark = now;
	return gap;
}

int64_t clock_slept(int64_t *mark)
{
	int64_t awake = clock_awake();

	return clock_gap(mark, clock_all(), awake);
}
