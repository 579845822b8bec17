/*
 * probe: an IMAP server's extensions tried for real, not only read off its capabilities.
 *
 * All is done in two mailboxes of our own, made by probe_open() under a name that nobody has and
 * removed by probe_close(). Each probe stands alone: one that fails, or breaks the connection, does
 * not keep the next from running.
 *
 *     p = probe_open(line, &stop, f);
 *     while ((r = probe_next(p, &result, f)) == 1)
 *             print result
 *     if (probe_close(p, f) == -1) ...
 */
#ifndef LM_APP_PROBE_H
#define LM_APP_PROBE_H

#include <signal.h>

#include "app/line.h"
#include "base/fault.h"

enum probe_verdict { PROBE_WORKS, PROBE_BROKEN, PROBE_ABSENT };

struct probe_result {
	const char *name; /* the extension, as the profile writes it */
	enum probe_verdict verdict;
	const char *detail; /* what was seen, or what went wrong; valid until the next probe */
};

struct probe;

/* Makes the scratch mailboxes with `l` (borrowed, as is `stop`, which may be NULL: once it is set
 * no further probe is begun). NULL with the fault, and then nothing is left on the server unless
 * the fault says so. */
struct probe *probe_open(struct imap_line *l, const volatile sig_atomic_t *stop, struct fault *f);
/* Runs the next probe. 1 with its result, 0 when there is none left (or `stop` is set), -1: the
 * server cannot be reached any more. */
int probe_next(struct probe *p, struct probe_result *r, struct fault *f);
/* Removes the mailboxes (on a new connection if need be) and releases p. -1: they may be there
 * still, and the fault names them. NULL is fine. */
int probe_close(struct probe *p, struct fault *f);

/* UTF-8 name of the first scratch mailbox; the second's is the same with "-2" behind it. */
const char *probe_mailbox(const struct probe *p);
/* "works", "broken", "absent". */
const char *probe_word(enum probe_verdict v);

#endif
