/*
 * sync: a Maildir in step with an account's mailboxes (profile section 5.1, RFC 4549, RFC 7162, RFC 5819).
 *
 * A run: what changed in the Maildir (without reading a folder that has not changed); one flight that logs in and lists all mailboxes
 * with their status; then only those mailboxes that differ. What both sides last agreed on is in the state (store/state.h).
 */
#ifndef LM_APP_SYNC_H
#define LM_APP_SYNC_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "app/tool.h"
#include "base/fault.h"
#include "imap/url.h"

struct sync_options {
	bool dry_run; /* print the plan, touch nothing */
	bool quiet;   /* no progress */
	bool pull;    /* only from the server to the Maildir; */
	bool push;    /* only the other way; both or neither: two ways */
	bool force;   /* go on where the brakes would stop a mailbox */
	bool strict;  /* a pattern without wildcards is a name, and has to be one on either side */
	FILE *out;    /* event lines */
	const volatile sig_atomic_t
	    *stop; /* when it becomes true the message in hand is finished, and no other begun */
};

struct sync;

/* No connection yet. NULL with FAULT_CONFIG without `maildir`. `t`, `a` and `o` are borrowed. */
struct sync *sync_open(
    struct tool *t, const struct account *a, const struct sync_options *o, struct fault *f);
/*
 * One run, over the mailboxes that match one of the patterns (n 0: the keyword `mailboxes`, else all). A connection that still stands from the run before is used again.
 * Another run on the same Maildir is waited for a few seconds: then FAULT_TEMP. A state that cannot be read is FAULT_DATA.
 * 0; or -1 with the worst that happened (without a message where that was given already), in which case what could be done is done: mailboxes do not stand in each other's way. Warnings go to the tool's error stream.
 */
int sync_run(struct sync *s, const char *const *pattern, size_t n, struct fault *f);
/* Fetches the rest of a message that came without its big parts (`max-size`). Nothing is done where it is whole. -1: FAULT_DATA when the URL is of no message in the Maildir, or of none on the server any more. */
int sync_whole(struct sync *s, const struct url *u, struct fault *f);
/* Logs out, and releases. NULL is fine. */
void sync_close(struct sync *s);

#endif
