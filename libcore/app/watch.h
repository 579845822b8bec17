/*
 * watch: hearing of everything that happens in the mailboxes of some accounts, for months: what lm-idle(1) is made of.
 *
 * The ladder of each account: NOTIFY (RFC 5465), one connection for all mailboxes; else IDLE (RFC 2177), a connection for each of the first
 * mailboxes and a LIST with STATUS now and then for the others; else NOOP in their place. Whatever the rung, each mailbox has a state (UIDVALIDITY, UIDNEXT, MESSAGES, HIGHESTMODSEQ) up to
 * which everything was told, and what came after it is read from the mailbox itself (QRESYNC, CONDSTORE, or what is there) as soon as anything says that there is something: after a lost connection,
 * a suspended machine, an overflow or a STATUS. So events may come twice, but none is left out without a "resync" in its place.
 */
#ifndef LM_APP_WATCH_H
#define LM_APP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "app/tool.h"
#include "app/watch_box.h"
#include "base/fault.h"

enum { WATCH_SITES_MAX = 64, WATCH_PATTERNS_MAX = 64 };

struct watch_options {
	unsigned want;   /* WANT_* */
	bool once;       /* end when something was told, with all that came together with it */
	int64_t timeout; /* ms without an event after which it ends; 0: never */
	int64_t delay; /* ms for which a burst is gathered into one line a mailbox; 0: not at all */
	int64_t poll;  /* ms between looks at what nobody tells us of */
	bool status;   /* the state of each mailbox first */
	bool headers;  /* new messages with sender, subject, date */
	const char *
	    resume; /* name of the state that is kept between runs, "" for the account's own; NULL: none */
	const char *command; /* run for each event instead of printing it, or NULL */
	int out;             /* descriptor for lines; borrowed */
};

struct watch;

/* Borrows the tool. NULL with the fault. */
struct watch *watch_new(struct tool *t, const struct watch_options *o, struct fault *f);
/* ACCOUNT, ACCOUNT/PATTERN or the URL of a mailbox or server. With the account alone its keyword `mailboxes` says which. -1: FAULT_USAGE, FAULT_CONFIG, FAULT_DATA. */
int watch_add(struct watch *w, const char *text, struct fault *f);
/*
 * Watches. 0: it was to end (once, nobody reads any more, or a signal: *signal is its number, and what it usually does is left to the caller). -1: FAULT_TEMP when nothing came in time,
 * FAULT_AUTH when a server does not let us in again and again, or what was wrong from the beginning.
 */
int watch_run(struct watch *w, int *signal, struct fault *f);
/* Says DONE and LOGOUT. NULL is fine. */
void watch_free(struct watch *w);

#endif
