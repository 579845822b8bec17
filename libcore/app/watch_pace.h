/*
 * watch_pace: when to try again, and how often to show that a line still stands. Pure: the caller brings the clock and the dice.
 */
#ifndef LM_APP_WATCH_PACE_H
#define LM_APP_WATCH_PACE_H

#include <stdint.h>

enum {
	PACE_FIRST = 1000,         /* ms before the second try; the first is at once */
	PACE_MOST = 5 * 60 * 1000, /* no wait is longer */
	PACE_STABLE =
	    60 * 1000, /* a line that stood for so long was good: the next loss starts anew */
	PACE_RENEW = 28 * 60 * 1000, /* IDLE is renewed before 29 minutes (RFC 2177 section 3) */
	PACE_RENEW_LEAST = 2 * 60 * 1000,
	PACE_RENEW_GROWTH = 8, /* renewals that went well before it is tried less often again */
};

struct pace {
	unsigned tries; /* that failed, or lines that did not last, in a row */
};

/* A line was lost after it had stood for `stood` ms, or (-1) none came about. Returns the ms to wait: 0 for the first loss, then a random
 * time up to a limit that doubles from PACE_FIRST to PACE_MOST, but never less than half of it. `dice` is any random number. */
int64_t pace_lost(struct pace *p, int64_t stood, uint32_t dice);

/* The interval of renewals. */
struct renewal {
	int64_t interval; /* ms; 0: PACE_RENEW */
	unsigned good;    /* renewals in a row that were answered */
};
int64_t renewal_interval(const struct renewal *r);
/* A renewal was answered. */
void renewal_answered(struct renewal *r);
/* A line was lost that had been silent for `quiet` ms: something on the way forgets it sooner than we thought. */
void renewal_lost(struct renewal *r, int64_t quiet);

#endif
