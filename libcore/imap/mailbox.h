/*
 * mailbox: SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3), and what they tell.
 */
#ifndef LM_IMAP_MAILBOX_H
#define LM_IMAP_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "imap/session.h"

enum { MAILBOX_PERMANENT_MAX = 2048 };

struct mailbox {
	uint32_t exists;
	uint32_t uidvalidity;   /* 0: the server did not say */
	uint32_t uidnext;       /* 0: did not say */
	uint64_t highestmodseq; /* 0: NOMODSEQ or did not say */
	bool read_only;
	bool any_keyword; /* PERMANENTFLAGS has \* (or was not sent: RFC 9051 says assume all) */
	bool forwarded;   /* $Forwarded can be stored */
	/* PERMANENTFLAGS, each flag with a blank before and behind it; "": not sent, or too long. */
	char permanent[MAILBOX_PERMANENT_MAX];
};

/*
 * Opens `name` (UTF-8). A `uidvalidity` that is not 0 must be the mailbox's: else FAULT_DATA "stale URL".
 * mailbox_send() only queues the command, so that others can ride on it in the same flight, and mailbox_finish() pulls until it
 * is done: nothing of what rides on it may change anything, as the UIDVALIDITY is known only then.
 */
int mailbox_open(struct imap *s, const char *name, bool read_only, uint32_t uidvalidity,
    struct mailbox *m, struct fault *f);
uint32_t mailbox_send(struct imap *s, const char *name, bool read_only, struct fault *f);
int mailbox_finish(struct imap *s, uint32_t tag, const char *name, bool read_only,
    uint32_t uidvalidity, struct mailbox *m, struct fault *f);

/* The same in pieces, for those who send a SELECT of their own (QRESYNC): nothing is known; and what one event tells. */
void mailbox_begin(struct mailbox *m, bool read_only);
void mailbox_event(struct mailbox *m, const struct event *ev);
/* Whether a change of this flag stays: it is in PERMANENTFLAGS, or a keyword where those have \*, or nothing is known of them. */
bool mailbox_keeps(const struct mailbox *m, const char *flag);

#endif
