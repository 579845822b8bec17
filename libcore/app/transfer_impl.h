/*
 * transfer_impl: what the files of transfer share.
 */
#ifndef LM_APP_TRANSFER_IMPL_H
#define LM_APP_TRANSFER_IMPL_H

#include "app/copyuid.h"
#include "app/flight.h"
#include "app/removal.h"
#include "app/transfer.h"

enum { TRANSIT_PIECES_MAX = 16 }; /* of one batch, as urls_set_piece() makes them */

/* What goes into one command, and how it went. */
struct transit_piece {
	struct set uids;
	struct fault why; /* cls FAULT_NONE: OK */
	bool unsure;      /* the line was lost before the reply */
	bool missing;     /* TRYCREATE: there is no target yet */
	bool blind;       /* the server does not say which were there */
};

/* One batch under way. */
struct transit {
	struct transfer *t;
	struct batch *batch;
	struct imap_line *line; /* of the source */
	struct flight flight;
	struct transit_piece piece[TRANSIT_PIECES_MAX];
	size_t npiece;
	struct copyuid pairs;
	struct removal source; /* which were there, and which are no longer */
	struct set copied;     /* are in the target */
	struct set told;       /* have been named with urls_failed() */
	struct fault lie;      /* of a COPYUID; cls FAULT_NONE: none */
};

/* Cuts the batch's set into pieces. */
int transit_cut(struct transit *s, struct fault *f);
/* A failure of one message, named once. */
int transit_fail(struct transit *s, uint32_t uid, const struct fault *why, struct fault *f);
/* What COPYUID or APPENDUID says of messages. A lie is noted, and no fault. */
int transit_pair(
    struct transit *s, uint32_t uidvalidity, const char *from, const char *to, struct fault *f);
/* Prints and names what has become of each message. */
int transit_report(struct transit *s, struct fault *f);
/* The same for those that were to be removed. */
int transit_report_removed(struct transit *s, struct fault *f);

/* Removes the originals of what was copied, unless a COPYUID was a lie. */
int transit_remove_originals(struct transit *s, struct fault *f);
/* STATUS of a mailbox: 0 with its UIDVALIDITY (may be NULL), or -1: refused, or the line is lost. */
int transfer_status(
    struct imap_line *l, const char *mailbox, uint32_t *uidvalidity, struct fault *f);
/* CREATE of the target. 0, or -1 with the fault in *why. */
int transit_create(const struct transit *s, struct imap_line *l, struct fault *why);
/* The target is missing: what to do about it. */
void transit_explain_missing(const struct transit *s, struct fault *why);

/* From one store to another. */
int transit_across(struct transit *s, struct fault *f);

#endif
