/*
 * mailboxes: which mailboxes an account has, and how they are, in one flight.
 *
 *     m = mailboxes_send(imap, &query, f);            queues the commands, reads nothing
 *     while ((r = mailboxes_next(m, &e, f)) == 1)     one mailbox at a time, all that was asked of it in one struct
 *             ... e->name, e->attributes, e->uidvalidity ...
 *     mailboxes_free(m);
 *
 * Where other commands ride in the same flight, pull events with imap_next() and offer each to mailboxes_event(), then take what is
 * ready with mailboxes_pop().
 *
 * The ladder: LIST with RETURN options (LIST-EXTENDED RFC 5258, LIST-STATUS RFC 5819, SPECIAL-USE RFC 6154, LIST-METADATA RFC 9590), each as the
 * server offers it; else LSUB for the subscriptions, and STATUS and GETMETADATA (RFC 5464) for one mailbox each, sent as the names come in. An
 * extended LIST that is BAD for the server (what is remembered of it may be wrong) is followed by the plain one.
 *
 * What a server lists is held only until the rest of what was asked of it has come: in at most MAILBOXES_HELD_MAX octets. What does
 * not find room is handed out with what is known of it: look at `has`.
 */
#ifndef LM_APP_MAILBOXES_H
#define LM_APP_MAILBOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "imap/session.h"

enum {
	MAILBOXES_PATTERNS_MAX = 64, /* of one query */
	MAILBOXES_ENTRIES_MAX = 16,  /* METADATA entries of one query */
	MAILBOXES_NAME_MAX =
	    2000, /* octets of a name on the wire; a longer one is cut, and unusable */
	MAILBOXES_VALUE_MAX =
	    64 * 1024, /* octets of a METADATA value; a longer one counts as too long */
	MAILBOXES_HELD_MAX =
	    6 * 1024 * 1024,    /* octets of mailboxes that wait for their STATUS or METADATA */
	MAILBOXES_WINDOW = 400, /* mailboxes asked for with commands of their own at once */
};

/* What LIST says of a mailbox (RFC 9051 section 7.3.1, RFC 5258, RFC 6154, RFC 8457). Attributes of other names are passed over. */
enum {
	LIST_NOSELECT = 1, /* also set with LIST_NONEXISTENT */
	LIST_NONEXISTENT = 2,
	LIST_NOINFERIORS = 4,
	LIST_HASCHILDREN = 8,
	LIST_HASNOCHILDREN = 16, /* also set with LIST_NOINFERIORS */
	LIST_MARKED = 32,
	LIST_UNMARKED = 64,
	LIST_SUBSCRIBED = 128,
	LIST_REMOTE = 256,
	LIST_ALL = 512,
	LIST_ARCHIVE = 1024,
	LIST_DRAFTS = 2048,
	LIST_FLAGGED = 4096,
	LIST_IMPORTANT = 8192,
	LIST_JUNK = 16384,
	LIST_SENT = 32768,
	LIST_TRASH = 65536,
	/* all special uses */
	LIST_USES = LIST_ALL | LIST_ARCHIVE | LIST_DRAFTS | LIST_FLAGGED | LIST_IMPORTANT |
	    LIST_JUNK | LIST_SENT | LIST_TRASH,
};

/* What is wrong with a name. */
enum {
	NAME_ENCODING =
	    1, /* neither modified UTF-7 nor (where the session speaks it) UTF-8: `name` is its octets made safe by enc_safe() */
	NAME_LINE = 2, /* CR, LF or NUL */
	NAME_LONG = 4, /* more than MAILBOXES_NAME_MAX octets: cut */
	NAME_EMPTY = 8,
	NAME_CONTROL = 16, /* another control character */
	NAME_LEVEL = 32,   /* a level of the hierarchy that is empty, "." or ".." */
	NAME_SLASH = 64,   /* a "/" that is no delimiter */
	/* No command and no URL can name it: nothing but showing it is possible. */
	NAME_UNUSABLE = NAME_ENCODING | NAME_LINE | NAME_LONG | NAME_EMPTY,
	/* Not to be made a path of. */
	NAME_NO_PATH = NAME_UNUSABLE | NAME_CONTROL | NAME_LEVEL | NAME_SLASH,
};

struct mailbox_value {
	char *s; /* any octets, with a NUL behind them; NULL: no value */
	size_t len;
};

/* One mailbox. Everything is owned by the struct mailboxes, valid until the next call on it. */
struct mailbox_entry {
	const char *name; /* UTF-8; INBOX in capitals; the whole name, in the server's spelling */
	const char *
	    wire; /* as the server wrote it: modified UTF-7 or UTF-8, in commands imap_astring(c, wire, wire_len) */
	size_t wire_len;
	unsigned bad;        /* NAME_* */
	char delimiter;      /* between levels; 0: there are no levels */
	unsigned attributes; /* LIST_*; LIST_SUBSCRIBED only when asked for */
	unsigned has;        /* STATUS_* of response.h: which of these came */
	uint32_t messages, unseen, uidnext, uidvalidity;
	uint64_t highestmodseq, size;
	const struct mailbox_value *
	    meta; /* of the query's METADATA entries, in its order (of all, also where the server has no METADATA); NULL: the query has none */
	unsigned meta_long; /* bit k: the value of entry k is longer than MAILBOXES_VALUE_MAX */
	const char *
	    refusal; /* why there is no STATUS or METADATA, where the server said so: one line, printable; or NULL */
};

struct mailboxes_query {
	/* Names in UTF-8 in which "*" stands for any characters, "%" for any but the delimiter; n 0: "*". A mailbox that several match comes once. */
	const char *const *pattern;
	size_t npattern;
	unsigned
	    status; /* STATUS_MESSAGES, UNSEEN, UIDNEXT, UIDVALIDITY, HIGHESTMODSEQ, SIZE; those that the server does not know are not asked for */
	bool subscribed;          /* LIST_SUBSCRIBED is wanted */
	bool only_subscribed;     /* no others; also those that are LIST_NONEXISTENT */
	bool only_special;        /* only those with a special use */
	const char *const *entry; /* METADATA entries; asked for where the server has METADATA */
	size_t nentry;
};

struct mailboxes;

/* Queues the commands. The query's strings are copied. NULL with the fault: FAULT_USAGE for too many patterns or entries; a pattern that is not UTF-8 is FAULT_DATA. `s` is borrowed. No other LIST, LSUB, STATUS
 * or GETMETADATA may be in flight until it is done, but for a STATUS or GETMETADATA of a mailbox that is no part of the list. */
struct mailboxes *mailboxes_send(struct imap *s, const struct mailboxes_query *q, struct fault *f);
/* Whether the event was for us, and is done with: 1, 0; -1 FAULT_TEMP without memory, FAULT_PROTOCOL for more subscriptions without LIST-EXTENDED than there is room for.
 * May queue commands. */
int mailboxes_event(struct mailboxes *m, const struct event *ev, struct fault *f);
/* The next mailbox of which all has come, or NULL: none yet. */
const struct mailbox_entry *mailboxes_pop(struct mailboxes *m);
/* All answers are there (and mailboxes_pop() has the rest). */
bool mailboxes_done(const struct mailboxes *m);
/* After that: 0, or -1 with the fault when the list is not whole, as the server refused a part of it. */
int mailboxes_result(const struct mailboxes *m, struct fault *f);
/* All three in one, pulling events of the session; those of other commands are dropped. 1 with a mailbox, 0: that was all, -1. */
int mailboxes_next(struct mailboxes *m, const struct mailbox_entry **e, struct fault *f);
/* Which rung it is, for -v: "LIST with STATUS", "LIST, a STATUS for each". */
const char *mailboxes_how(const struct mailboxes *m);
/* NULL is fine. */
void mailboxes_free(struct mailboxes *m);

/* Appends the attributes, blanks between: "\HasNoChildren \Subscribed \Sent"; nothing for 0. */
void mailboxes_attributes(struct buf *out, unsigned set);
/* The LIST_* of "\Sent", in any case; 0: not known. */
unsigned mailboxes_attribute(const char *name, size_t n);

/*
 * Patterns, pure functions. Names are compared octet by octet, but INBOX, alone or as the first level, in any case.
 */
/* One pattern: "*" stands for any characters, "%" for any but the delimiter (0: for any). */
bool mailboxes_pattern(const char *pattern, const char *name, char delimiter);
/* The keyword `mailboxes` of lm.conf(5): patterns with blanks between; in double quotes where they hold blanks (in quotes, a backslash takes the next character as it is); a pattern behind "!" leaves out
 * what it matches. The last one that matches decides. What none matches is out, but in when the first pattern has a "!". NULL and "" have every name. */
bool mailboxes_match(const char *patterns, const char *name, char delimiter);

#endif
