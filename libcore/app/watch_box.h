/*
 * watch_box: what is known of each mailbox that is watched, and what a STATUS says about it. Pure.
 *
 * UIDVALIDITY, UIDNEXT, MESSAGES and HIGHESTMODSEQ of a mailbox are those up to which everything was told: whoever has them can ask the server for the rest.
 */
#ifndef LM_APP_WATCH_BOX_H
#define LM_APP_WATCH_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BOXES_MAX = 20000,   /* of one account */
	BOX_NAME_MAX = 2000, /* octets of a name */
	BOX_RANGE_MAX =
	    100000, /* new messages that a STATUS is believed: more than that it has to show */
	BOX_REFUSALS_MAX = 3, /* looks in a row that the server refuses before it is left alone */
};

/* What somebody wants to hear of (-e). */
enum {
	WANT_NEW = 1,
	WANT_FLAGS = 2,
	WANT_GONE = 4,
	WANT_MAILBOX = 8,
	WANT_METADATA = 16,
	WANT_MESSAGES = WANT_NEW | WANT_FLAGS | WANT_GONE,
	WANT_ALL = 31,
};

struct post;

struct box {
	char *name;           /* UTF-8 */
	uint32_t uidvalidity; /* 0: nothing is known yet */
	uint32_t uidnext;
	uint32_t messages;
	uint32_t unseen;
	uint64_t modseq;        /* 0: the server has none for it */
	unsigned generation;    /* of the last list that named it */
	signed char subscribed; /* -1: not known */
	bool unseen_known;
	bool fresh;         /* it came into being while we watch, and no STATUS has come yet */
	bool dirty;         /* it has to be looked into */
	bool covered;       /* by NOTIFY */
	bool lost;          /* events were lost: nothing but "resync" is to be said of it */
	bool burst;         /* something came that is gathered (-d) */
	uint8_t refusals;   /* looks that the server refused, in a row */
	bool dead;          /* it is no more, and its memory waits for its release */
	struct box *next;   /* of those */
	struct post *owner; /* the connection that has it open for good, or is to; NULL: none */
};

/* The mailboxes of an account, sorted by name. A box stays where it is until it is removed. */
struct boxes {
	struct box **box;
	size_t n, cap;
};

void boxes_free(struct boxes *b);
struct box *boxes_find(const struct boxes *b, const char *name);
/* A new one, or the one that is there; NULL without memory or room, or for a name that is too long. */
struct box *boxes_add(struct boxes *b, const char *name);
/* Takes it out; it is the caller's from then on. */
void boxes_take(struct boxes *b, struct box *box);
void box_free(struct box *b);
/* Gives it another name, if nobody has that. 0 or -1. */
int boxes_rename(struct boxes *b, struct box *box, const char *name);

/* What a server says of a mailbox: STATUS_* of imap/response.h in `has`. */
struct box_status {
	unsigned has;
	uint32_t messages, unseen, uidnext, uidvalidity;
	uint64_t modseq;
};

enum box_verdict {
	BOX_SAME, /* nothing that anybody wants to hear of */
	BOX_NEW, /* exactly the messages lo to hi are new, nothing else happened that anybody wants to hear of */
	BOX_LOOK,   /* something happened: only the mailbox itself can say what */
	BOX_RESYNC, /* it is not what it was, or nobody can say what happened */
};

/* Compares; changes nothing. `want`: WANT_*; `headers`: new messages have to be looked at anyway. For BOX_NEW *lo and *hi are set. */
enum box_verdict box_compare(const struct box *b, const struct box_status *s, unsigned want,
    bool headers, uint32_t *lo, uint32_t *hi);
/* Takes over what the status says. */
void box_take(struct box *b, const struct box_status *s);

#endif
