/*
 * locator: locate() for many URLs, most of them of the same account as the one before: what was looked up for that one serves again.
 */
#ifndef LM_APP_LOCATOR_H
#define LM_APP_LOCATOR_H

#include "app/locate.h"

struct locator {
	struct tool *tool;
	const struct account *named; /* the account of the last relative URL; NULL: none yet */
	struct url base;             /* its base URL */
	const struct account *found; /* the account of the last absolute URL; NULL: none yet */
	struct url server;           /* that URL's server */
};

void locator_init(struct locator *l, struct tool *t);
void locator_free(struct locator *l);
/* As locate(), with the same result. */
int locator_find(
    struct locator *l, const char *text, const struct account **a, struct url *u, struct fault *f);

#endif
