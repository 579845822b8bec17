/*
 * meta: entries that stand with mailboxes, or with the server as a whole (METADATA and METADATA-SERVER, RFC 5464).
 *
 *     struct meta_query q[] = {{.mailbox = "INBOX"}};
 *     struct meta_what what = {.entry = &entry, .n = 1, .depth = META_BELOW, .maxsize = META_SIZE_MAX};
 *     meta_get(&g, l, &what, q, 1);
 *     while ((r = meta_get_next(&g, &which, &v, f)) == 1)
 *             ... which->mailbox, v.entry, v.value[0 .. v.len) ...
 *     ... q[i].why: what came of each ...
 */
#ifndef LM_APP_META_H
#define LM_APP_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/flight.h"
#include "app/line.h"
#include "base/fault.h"
#include "imap/response.h"

enum {
	META_ENTRY_MAX = 1000,               /* octets of an entry's name that we send */
	META_VALUE_MAX = 1000 * 1024,        /* octets of a value that we set: it fits a command */
	META_SIZE_MAX = RESPONSE_STRING_MAX, /* octets of a value that we can take */
	META_QUERIES_MAX = FLIGHT_MAX / 2,   /* mailboxes of one flight: two commands each */
};

enum meta_depth { META_HERE, META_CHILDREN, META_BELOW }; /* DEPTH 0, 1, infinity */

/* One entry; borrowed from the event, valid until the next call on the line. */
struct meta_value {
	const char *entry; /* as the server writes it, not made safe */
	const char *value; /* any octets; NULL: NIL, there is no such entry */
	size_t len;
};

/* The pairs of a METADATA response, one by one. */
struct meta_walk {
	const struct node *at;
};
/* False for an event that is no METADATA response with values (entry names alone: news, RFC 5464 section 4.4.2), or of another mailbox than `mailbox` (UTF-8; NULL: the server). */
bool meta_walk_begin(struct meta_walk *w, const struct event *ev, const char *mailbox);
/* 1 with the next entry, 0 at the end, -1 FAULT_PROTOCOL: a name or a value that is none. */
int meta_walk_next(struct meta_walk *w, struct meta_value *v, struct fault *f);

/* Is this a name that an entry can have (RFC 5464 section 3.2)? `below`: the roots "/private" and "/shared" and what is no entry itself will do. 0, or -1 FAULT_USAGE. */
int meta_check(const char *entry, bool below, struct fault *f);
/* Is `name` the entry, or, where the depth says so, below it? Without regard to case. */
bool meta_is_asked(const char *entry, enum meta_depth depth, const char *name);
/* The server can do it for this mailbox (NULL: for itself): else -1, FAULT_REFUSED. */
int meta_offered(const struct imap_line *l, const char *mailbox, struct fault *f);

/* A mailbox or the server, and what came of it. The caller sets the first two and zeroes the rest; what has a fault already is passed over. */
struct meta_query {
	const char *mailbox; /* UTF-8, borrowed; NULL: the server */
	/* In: what it has to be (0: any). Out, from the first value on: what it is; 0: the server does not say, as for \Noselect, or it is the server's entries. */
	uint32_t uidvalidity;
	/* cls FAULT_NONE: it went well. Else FAULT_DATA "stale URL", the refusal, or the line's fault. */
	struct fault why;
	bool over; /* the server has answered; else the line was lost before, and `why` says so */
	uint64_t longest; /* octets of the largest value that was left out; 0: none was */
	/* Private: */
	uint32_t wanted;
	bool known; /* all that the server says of the UIDVALIDITY is known */
};

/* What is asked for: the same of each mailbox. All borrowed. */
struct meta_what {
	const char *const *entry;
	size_t n;
	enum meta_depth depth;
	uint32_t maxsize; /* octets; larger values are left out */
};

struct meta_get {
	struct imap_line *line;
	const struct meta_what *what;
	struct meta_query *q;
	size_t n, at; /* `walk` is of q[at] */
	struct meta_walk walk;
	struct flight flight;
};
/* Sends a GETMETADATA for each of the n (at most META_QUERIES_MAX), and STATUS for its UIDVALIDITY: one flight. All is borrowed until the end. */
void meta_get(struct meta_get *g, struct imap_line *l, const struct meta_what *what,
    struct meta_query *q, size_t n);
/* 1 with an entry, one of those asked for, of *which, 0: no more, -1: the line is lost. */
int meta_get_next(
    struct meta_get *g, struct meta_query **which, struct meta_value *v, struct fault *f);

/*
 * Sets one entry of each of the n (at most META_QUERIES_MAX), or removes it (value NULL), in one flight; in two where a UIDVALIDITY is given, which is looked at before anything is
 * changed. A value with NUL goes as literal8. Refusals are FAULT_REFUSED: too large, too many entries, no private entries, a value that the server does not take. 0, or -1: the line is lost.
 */
int meta_set(struct imap_line *l, struct meta_query *q, size_t n, const char *entry,
    const char *value, size_t len, struct fault *f);

#endif
