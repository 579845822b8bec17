/*
 * clock: the two clocks that part while the machine sleeps.
 */
#ifndef LM_BASE_CLOCK_H
#define LM_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some point in the past: without the time that the machine was suspended (CLOCK_MONOTONIC), and with it (CLOCK_BOOTTIME). */
int64_t clock_awake(void);
int64_t clock_all(void);

/* Milliseconds that the machine slept since *mark was last set by this function (0 is a fresh mark: the answer is 0 then). Less than a
 * tenth of a second counts as nothing, as the clocks are not read at the same instant. */
int64_t clock_slept(int64_t *mark);
/* The same from the readings of the two clocks. Pure. */
int64_t clock_gap(int64_t *mark, int64_t all, int64_t awake);

#endif
