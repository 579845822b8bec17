/*
 * changes: mailboxes made, renamed, removed and subscribed to, many in one flight (RFC 9051 sections 6.3.4 to 6.3.8, RFC 6154 section 3).
 *
 * Each change comes with the STATUS that tells its mailbox's UIDVALIDITY, before or after it as it must be. What must be known
 * before a change is made (that a URL is not stale, that no mail is in what is to be removed) costs a flight of its own: changes_look().
 */
#ifndef LM_APP_CHANGES_H
#define LM_APP_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "imap/session.h"

enum { CHANGES_MAX = 20 }; /* in one flight */

enum change_kind {
	CHANGE_CREATE,
	CHANGE_DELETE,
	CHANGE_RENAME, /* what is below it goes with it; INBOX stays, only its mail goes */
	CHANGE_SUBSCRIBE,
	CHANGE_UNSUBSCRIBE,
};

struct change {
	enum change_kind kind;
	const char *name; /* UTF-8, borrowed */
	const char *to;   /* RENAME: borrowed */
	bool look;        /* changes_look() is to ask for it */
	/* The UIDVALIDITY that changes_look() has to find; 0: any. */
	uint32_t expected;
	/* CREATE: special uses, LIST_* of mailboxes.h. The server must have CREATE-SPECIAL-USE. */
	unsigned use;

	/* What was learned. */
	bool looked;             /* changes_look() has asked */
	uint32_t uidvalidity;    /* of `name`: before the change, or of the new one; 0: not known */
	uint32_t to_uidvalidity; /* RENAME: of `to` afterwards; 0: not known */
	uint32_t messages;
	bool done;
	/* Why it was not done, or must not be; cls FAULT_NONE: nothing is wrong. A change with a fault is passed over. */
	struct fault why;
};

/*
 * STATUS of those of the n (at most CHANGES_MAX) that have `look` and no fault, in one flight: fills uidvalidity and messages, or
 * why: the server's refusal, or FAULT_DATA for a UIDVALIDITY that is not the one expected. -1: the line is lost, and what was not answered has its fault.
 */
int changes_look(struct imap *s, struct change *c, size_t n, struct fault *f);
/*
 * Makes those of the n (at most CHANGES_MAX) that have no fault, in their order, in one flight: done, or why. -1: the line is lost, and what
 * was not answered has its fault; it may have been done all the same.
 */
int changes_make(struct imap *s, struct change *c, size_t n, struct fault *f);

#endif
