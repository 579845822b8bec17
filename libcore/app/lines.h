/*
 * lines: the open IMAP connections of a program that works for several accounts, one for each.
 */
#ifndef LM_APP_LINES_H
#define LM_APP_LINES_H

#include <time.h>

#include "app/line.h"

enum {
	LINES_MAX = 16,     /* open at once: the one used longest ago is closed for another */
	LINES_PATIENCE = 30 /* seconds before an account that could not be reached is tried again */
};

/* An account that did not let us in, and why. */
struct lines_refusal {
	const struct account *account;
	time_t when; /* CLOCK_MONOTONIC */
	struct fault why;
};

struct lines {
	struct tool *tool;
	struct imap_line *line[LINES_MAX]; /* the one used last comes first */
	size_t n;
	struct lines_refusal *refusal; /* owned; the newest of at most LINES_MAX comes first */
	size_t nrefusal;
};

/* The tool is borrowed. Opens and allocates nothing. */
void lines_init(struct lines *l, struct tool *t);
/* Says LOGOUT on all of them. */
void lines_free(struct lines *l);
/*
 * The account's connection: the open one if it still stands, else a new one (`bulk` as in imap_line_open(), for a new one only).
 * Valid until the next call for the same account, or the LINES_MAX-th for others. NULL with the fault of imap_line_open(). An account that refused to let us in (FAULT_AUTH,
 * FAULT_CONFIG) is not asked again, and one that could not be reached not for LINES_PATIENCE seconds: the same fault comes at
 * once, so that a list of many batches does not wait for many timeouts.
 */
struct imap_line *lines_get(struct lines *l, const struct account *a, bool bulk, struct fault *f);

#endif
