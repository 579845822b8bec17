/*
 * transfer: messages moved, copied and removed, batch by batch, as gently as the server allows.
 *
 * In one store: UID MOVE (RFC 6851); else UID COPY, and when that is done UID STORE \Deleted and UID EXPUNGE of exactly those (RFC 4315). A
 * server without UIDPLUS gets no EXPUNGE, which would take others' deleted messages too: the messages are then marked as deleted, and that is said. From one store to another: the
 * octets go through an unlinked temporary file (FETCH, APPEND, with flags and date), and the originals go when all of that is done.
 *
 * Each function prints a record for what has happened to a message,
 *
 *     new URL OLD-URL        it is in the target; "-" for a URL that the server did not tell (COPYUID, APPENDUID)
 *     gone URL               it is no longer where it was
 *
 * and names the others with urls_failed(): FAULT_DATA for one that is not there, FAULT_TEMP where a lost line leaves it open what happened,
 * FAULT_PROTOCOL where the server's word about it cannot be true, FAULT_REFUSED and the others as the server says. They return -1 only when it is
 * no use to go on: FAULT_IO of `out`, FAULT_TEMP without memory.
 */
#ifndef LM_APP_TRANSFER_H
#define LM_APP_TRANSFER_H

#include <stdbool.h>
#include <stdio.h>

#include "app/lines.h"
#include "app/urls.h"
#include "imap/url.h"

struct transfer {
	struct tool *tool;
	struct urls *urls;
	struct lines *lines;
	FILE *out;
	const struct account *account; /* of the target */
	struct url target;             /* its mailbox; owned by the caller */
	bool copy;                     /* the originals stay */
	bool create;                   /* a target that is missing is made */
	bool created;                  /* it was: set by transfer_batch() */
};

/* Where the target's URL has a UIDVALIDITY, asks whether it still is that mailbox: FAULT_DATA "stale URL". Otherwise costs nothing. */
int transfer_check(struct transfer *t, struct fault *f);
/* Moves or copies the messages of the batch into the target. */
int transfer_batch(struct transfer *t, struct batch *b, struct fault *f);
/* Removes them for good; the target is not used. FAULT_REFUSED for all of them without UIDPLUS, and nothing is changed. */
int transfer_expunge(struct transfer *t, struct batch *b, struct fault *f);

#endif
