/*
 * response: tokens to typed events. One event is one response, or one piece of something large in it.
 *
 * Feed it whatever octets have come in, in pieces of any size; it never touches a socket, and the sessions, the unit tests and
 * the fuzzers all feed it the same way. What a response carries is kept in the parser until the next event (bounded by
 * RESPONSE_MAX), except that large things stream:
 *   - the octets of message data (BODY[...], BINARY[...], RFC822*, CONVERTED data in FETCH; URLFETCH data) come as
 *     SECTION, SECTION_DATA ..., SECTION_END events, before the FETCH or URLFETCH event itself;
 *   - sets of numbers (SEARCH, SORT, ESEARCH ALL/PARTIAL/ADDTO/REMOVEFROM, VANISHED) come as SET events, each a whole valid set of
 *     at most a few kilobytes, before the event that they belong to. Nothing is dropped from a set: what is no number of 32
 *     bits is a fault, but for empty elements, and in VANISHED those with a 0, which name no message.
 * Keywords are matched without regard to case. A response that is not known is an OTHER event, its syntax checked like any
 * other. Odd but harmless answers that real servers give (missing text, a trailing blank, "-1" for a number, NOMODSEQ) are taken; a
 * number with more digits than its type has room for is a fault.
 */
#ifndef LM_IMAP_RESPONSE_H
#define LM_IMAP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
	RESPONSE_MAX = 2 * 1024 * 1024,    /* octets kept of one response, its nodes included */
	RESPONSE_STRING_MAX = 1024 * 1024, /* of one string that does not stream */
	RESPONSE_ATOM_MAX = 65536,         /* of one atom that is not a set */
	RESPONSE_SECTION_MAX = 1024,       /* of what stands in an item's brackets */
};

/* What a response says, as it stands there: a tree. Valid until the next call to response_feed(). */
enum node_kind { NODE_ATOM, NODE_STRING, NODE_NIL, NODE_LIST };
struct node {
	enum node_kind kind;
	/* ATOM, STRING: octets, with a NUL behind them that is not counted; NIL and LIST: "".
	 * There is none within them, but in a METADATA value that came as literal8. */
	const char *s;
	size_t len;
	const struct node *child; /* LIST: its first */
	const struct node *next;  /* sibling */
	size_t count;             /* LIST: how many children */
};

enum event_kind {
	EV_NONE,       /* more input is needed */
	EV_TAGGED,     /* tag, cond (OK NO BAD), code, text */
	EV_STATUS,     /* untagged OK NO BAD BYE PREAUTH: cond, code, text */
	EV_CONTINUE,   /* "+": text (for AUTHENTICATE: base64) */
	EV_CAPABILITY, /* args: one atom each */
	EV_ENABLED,    /* args: one atom each */
	EV_FLAGS,      /* args: one list of flags */
	EV_EXISTS,
	EV_RECENT,
	EV_EXPUNGE,  /* num */
	EV_VANISHED, /* earlier (after its SET events) */
	EV_FETCH, /* num is the message sequence number; fetch; also for UIDFETCH (RFC 9586): num 0 */
	EV_LIST,           /* list; also for LSUB (lsub set) */
	EV_MAILBOX_STATUS, /* status */
	EV_SEARCH,
	EV_SORT,      /* after their SET events; modseq if given */
	EV_ESEARCH,   /* esearch (after its SET events) */
	EV_THREAD,    /* args */
	EV_NAMESPACE, /* args: three: lists or NIL */
	EV_ID,        /* args: a list or NIL */
	EV_METADATA, /* args: mailbox, then a list of pairs, or entry names one by one (RFC 5464) */
	EV_GENURLAUTH, /* args: one URL each */
	EV_URLFETCH,   /* urlfetch: after the sections of one URL; one event for each URL */
	EV_CONVERSION,
	EV_CONVERTED, /* args; RFC 5259 */
	EV_QUOTA,
	EV_QUOTAROOT,
	EV_ACL,
	EV_LISTRIGHTS,
	EV_MYRIGHTS,
	EV_LANGUAGE,
	EV_COMPARATOR,   /* args */
	EV_OTHER,        /* name, num (if the name came after a number), args */
	EV_SECTION,      /* section: octets follow (or nil) */
	EV_SECTION_DATA, /* data, len: octets of the last EV_SECTION */
	EV_SECTION_END,
	EV_SET, /* set: a piece */
};

enum cond { COND_OK, COND_NO, COND_BAD, COND_BYE, COND_PREAUTH };

/* Response codes that the library knows (RFC 9051 section 7.1, RFC 5530 and the extensions'). The arguments of a code are in args. */
enum code {
	CODE_NONE,
	CODE_OTHER,
	CODE_ALERT,
	CODE_ALREADYEXISTS,
	CODE_APPENDUID,
	CODE_AUTHENTICATIONFAILED,
	CODE_AUTHORIZATIONFAILED,
	CODE_BADCHARSET,
	CODE_BADCOMPARATOR,
	CODE_BADEVENT,
	CODE_BADURL,
	CODE_CANNOT,
	CODE_CAPABILITY,
	CODE_CLIENTBUG,
	CODE_CLOSED,
	CODE_COMPRESSIONACTIVE,
	CODE_CONTACTADMIN,
	CODE_COPYUID,
	CODE_CORRUPTION,
	CODE_EXPIRED,
	CODE_EXPUNGEISSUED,
	CODE_HASCHILDREN,
	CODE_HIGHESTMODSEQ,
	CODE_INUSE,
	CODE_LIMIT,
	CODE_MAILBOXID,
	CODE_MAXCONVERTMESSAGES,
	CODE_MAXCONVERTPARTS,
	CODE_METADATA,
	CODE_MODIFIED,
	CODE_NOMODSEQ,
	CODE_NONEXISTENT,
	CODE_NOPERM,
	CODE_NOTIFICATIONOVERFLOW,
	CODE_NOTSAVED,
	CODE_NOUPDATE,
	CODE_OVERQUOTA,
	CODE_PARSE,
	CODE_PERMANENTFLAGS,
	CODE_PRIVACYREQUIRED,
	CODE_READ_ONLY,
	CODE_READ_WRITE,
	CODE_REFERRAL,
	CODE_SERVERBUG,
	CODE_TEMPFAIL,
	CODE_TOOBIG,
	CODE_TRYCREATE,
	CODE_UIDNEXT,
	CODE_UIDNOTSTICKY,
	CODE_UIDVALIDITY,
	CODE_UNAVAILABLE,
	CODE_UNDEFINED_FILTER,
	CODE_UNKNOWN_CTE,
	CODE_UNSEEN,
	CODE_URLMECH,
	CODE_USEATTR,
};

enum { /* which fields of a struct are there */
	FETCH_UID = 1,
	FETCH_FLAGS = 2,
	FETCH_MODSEQ = 4,
	FETCH_SIZE = 8,
	FETCH_INTERNALDATE = 16,
	FETCH_ENVELOPE = 32,
	FETCH_BODYSTRUCTURE = 64,
	FETCH_BODY = 128,
	FETCH_BINARY_SIZE = 256,
	FETCH_PREVIEW = 512,
	FETCH_EMAILID = 1024,
	FETCH_THREADID = 2048,
	FETCH_SAVEDATE = 4096,
};
struct fetch_event {
	unsigned has;
	uint32_t uid;
	uint64_t modseq;
	uint64_t size;            /* RFC822.SIZE */
	const struct node *flags; /* the list */
	const char *internaldate;
	const struct node *envelope; /* the list */
	/* The list; BODYSTRUCTURE, or BODY without a section (then FETCH_BODY). */
	const struct node *bodystructure;
	uint64_t binary_size;
	const char *binary_size_section;
	const struct node *preview, *emailid, *threadid, *savedate;
	/* All of it, name and value by turns; streamed values stand there as NIL. */
	const struct node *items;
};
struct section_event {
	/* "BODY", "BINARY", "RFC822", "RFC822.HEADER", "RFC822.TEXT" (as sent), "URLFETCH", "CONVERTED" */
	const char *item;
	/* Between the brackets, as sent: "", "1.MIME", "HEADER.FIELDS (SUBJECT)"; for URLFETCH the URL. */
	const char *section;
	/* URLFETCH by RFC 5524: "BODY", "BINARY"; CONVERTED: the item, "BINARY" or "BODY", as sent; else "". */
	const char *detail;
	/* URLFETCH by RFC 5524, when it came before; or NULL. */
	const struct node *bodypartstructure;
	uint32_t num; /* message sequence number (FETCH, CONVERTED); 0 in UIDFETCH */
	uint32_t uid; /* 0 when it has not come yet in this response */
	bool has_origin;
	uint64_t origin; /* "<0>" */
	bool nil;        /* NIL: not there; no data, SECTION_END follows at once */
	bool binary;     /* came as literal8 */
	bool sized;      /* size is known: came as a literal */
	uint64_t size;
};
struct list_event {
	bool lsub;
	const struct node *attributes; /* first child of the list; NULL: none */
	char delimiter;                /* 0: NIL */
	const char *mailbox; /* as on the wire (modified UTF-7 or UTF-8), octets with NUL behind */
	size_t mailbox_len;
	const struct node *extended; /* LIST-EXTENDED's list of pairs or NULL */
};
enum {
	STATUS_MESSAGES = 1,
	STATUS_RECENT = 2,
	STATUS_UIDNEXT = 4,
	STATUS_UIDVALIDITY = 8,
	STATUS_UNSEEN = 16,
	STATUS_HIGHESTMODSEQ = 32,
	STATUS_SIZE = 64,
	STATUS_DELETED = 128,
	STATUS_MAILBOXID = 256,
	STATUS_DELETED_STORAGE = 512,
	STATUS_APPENDLIMIT = 1024,
};
struct status_event {
	const char *mailbox; /* as on the wire */
	size_t mailbox_len;
	unsigned has; /* a value that is no number ("-1", NIL) counts as not there */
	uint32_t messages, recent, uidnext, uidvalidity, unseen, deleted;
	uint64_t highestmodseq, size, deleted_storage, appendlimit;
	const char *mailboxid;
};
enum {
	ESEARCH_MIN = 1,
	ESEARCH_MAX = 2,
	ESEARCH_COUNT = 4,
	ESEARCH_MODSEQ = 8,
	ESEARCH_ALL = 16,
	ESEARCH_PARTIAL = 32
};
struct esearch_event {
	const char *tag;      /* search-correlator, or NULL */
	const char *mailbox;  /* RFC 7377, or NULL */
	uint32_t uidvalidity; /* RFC 7377, or 0 */
	bool uid;
	unsigned has;
	uint32_t min, max, count;
	uint64_t modseq;
	const struct node *args; /* everything; sets that were streamed stand there as NIL */
};
enum set_source {
	SET_SEARCH,
	SET_SORT,
	SET_ESEARCH_ALL,
	SET_ESEARCH_PARTIAL,
	SET_ESEARCH_ADDTO,
	SET_ESEARCH_REMOVEFROM,
	SET_VANISHED
};
struct set_event {
	enum set_source source;
	const char *tag;      /* ESEARCH: search-correlator, or NULL */
	const char *mailbox;  /* ESEARCH by RFC 7377, or NULL */
	uint32_t uidvalidity; /* ESEARCH by RFC 7377, or 0 */
	bool uid;             /* ESEARCH: UID was there */
	bool earlier;         /* VANISHED (EARLIER) */
	uint32_t position;    /* ADDTO, REMOVEFROM: context position */
	/* A sequence-set in the order sent, without "*", 0 and leading zeros, NUL-terminated; a range may be backwards. */
	const char *text;
	size_t len;
};
struct urlfetch_event {
	const char *url;
	bool nil;                             /* the server gave NIL: not to be had */
	const struct node *bodypartstructure; /* RFC 5524, or NULL */
};

struct event {
	enum event_kind kind;
	const char *tag;       /* TAGGED */
	enum cond cond;        /* TAGGED, STATUS */
	enum code code;        /* TAGGED, STATUS */
	const char *code_name; /* as sent, or NULL */
	const char *text; /* TAGGED, STATUS, CONTINUE: human text, NUL-terminated, not made safe */
	/* First of the arguments (siblings by next), of the response or of its code; NULL: none. Those of
	 * a known code that do not parse are none; all that an unknown one has is then one string. */
	const struct node *args;
	const char *name; /* OTHER: the response's name */
	uint32_t num;
	bool earlier;
	uint64_t modseq; /* SEARCH, SORT; 0: not given */
	union {
		struct fetch_event fetch;
		struct section_event section;
		struct list_event list;
		struct status_event status;
		struct esearch_event esearch;
		struct set_event set;
		struct urlfetch_event urlfetch;
		struct {
			const char *data;
			size_t len;
		};
	};
	/* of well-known codes, parsed: */
	uint32_t uidvalidity; /* APPENDUID, COPYUID, UIDVALIDITY */
	/* uid-sets, NUL-terminated; what is none is not there, and COPYUID has both or neither. */
	const char *uids_from; /* COPYUID: source set */
	const char *uids_to;   /* APPENDUID, COPYUID: set in the target; MODIFIED: the set */
	uint64_t number;       /* UIDNEXT, UNSEEN, HIGHESTMODSEQ, ...: the code's number */
};

struct response_parser;

struct response_parser *response_new(struct fault *f);
void response_free(struct response_parser *r);

/* Reads from the n octets at p until one event is complete or they are used up. *used: how many were taken (0 is possible with
 * an event). ev->kind is NONE when it needs more. The event points into the parser and into p: it is valid until the next
 * call. After a fault (FAULT_PROTOCOL, limits included) the parser is of no further use. */
int response_feed(struct response_parser *r, const char *p, size_t n, size_t *used,
    struct event *ev, struct fault *f);
/* Between two responses, nothing half-read. */
bool response_idle(const struct response_parser *r);

/* Helpers for nodes. */
/* Whether it is this atom or string, without regard to case; NULL is not. */
bool node_is(const struct node *n, const char *keyword);
/* The value behind the atom or string `key` in a flat list of pairs, or NULL. */
const struct node *node_pair(const struct node *first, const char *key);
/* 0, or -1 with *out left alone when it is no such number; NULL is none. */
int node_u32(const struct node *n, uint32_t *out);
int node_u63(const struct node *n, uint64_t *out);

#endif
