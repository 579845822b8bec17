/*
 * lines: the open IMAP connections of a program that works for several accounts, one for each.
 */
#ifndef LM_APP_LINES_H
#define LM_APP_LINES_H

#include "app/line.h"

enum { LINES_MAX = 16 }; /* open at once: the one used longest ago is closed for another */

struct lines {
	struct tool *tool;
	struct imap_line *line[LINES_MAX]; /* the one used last comes first */
	size_t n;
};

void lines_init(struct lines *l, struct tool *t);
/* Says LOGOUT on all of them. */
void lines_free(struct lines *l);
/* The account's connection: the open one if it still stands, else a new one. Valid until the next call. NULL with the fault of imap_line_open(); an account that refused to let us in
 * (FAULT_AUTH, FAULT_CONFIG) is not asked again: the same fault comes at once. */
struct imap_line *lines_get(struct lines *l, const struct account *a, bool bulk, struct fault *f);

#endif
