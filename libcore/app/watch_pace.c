#include "app/watch_pace.h"

int64_t pace_lost(struct pace *p, int64_t stood, uint32_t dice)
{
	int64_t limit = PACE_FIRST;

	if (stood >= PACE_STABLE)
		p->tries = 0;
	if (p->tries++ == 0)
		return 0;
	for (unsigned i = 2; i < p->tries && limit < PACE_MOST; i++)
		limit *= 2;
	if (limit > PACE_MOST)
		limit = PACE_MOST;
	return limit / 2 + dice % (uint32_t)(limit / 2 + 1);
}

int64_t renewal_interval(const struct renewal *r)
{
	return r->interval == 0 ? PACE_RENEW : r->interval;
}

void renewal_answered(struct renewal *r)
{
	if (r->interval == 0 || ++r->good < PACE_RENEW_GROWTH)
		return;
	r->good = 0;
	r->interval += r->interval / 2;
	if (r->interval >= PACE_RENEW)
		r->interval = 0;
}

void renewal_lost(struct renewal *r, int64_t quiet)
{
	int64_t shorter = quiet / 4 * 3;

	if (quiet < PACE_RENEW_LEAST || shorter >= renewal_interval(r))
		return;
	r->good = 0;
	r->interval = shorter < PACE_RENEW_LEAST ? PACE_RENEW_LEAST : shorter;
}
