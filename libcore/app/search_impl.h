/* search_impl: what the files search*.c share; nobody else includes it. */
#ifndef LM_APP_SEARCH_IMPL_H
#define LM_APP_SEARCH_IMPL_H

#include <poll.h>

#include "app/search.h"
#include "app/search_spool.h"
#include "base/buf.h"
#include "imap/set.h"

enum {
	SEARCH_VALUE_CUT = 4096, /* octets of a header value that are looked at */
	SEARCH_WINDOW = 256,     /* messages whose fields are held so that they come out in order */
	SEARCH_CHUNK_RANGES = 1000, /* ranges in one FETCH */
};

/* How the search is asked for, and what is left for us to do. */
struct search_plan {
	bool esearch;     /* RETURN (...), answered by ESEARCH */
	bool sort;        /* UID SORT */
	bool esort;       /* RETURN (...) there, too */
	bool within;      /* YOUNGER, OLDER */
	bool partial;     /* PARTIAL: the server cuts */
	bool cut;         /* we cut */
	bool count_first; /* positions from the end: the number of results has to be known first */
	bool save;        /* SEARCHRES: FETCH $ rides along */
	bool update;      /* CONTEXT: UPDATE */
	bool multi;       /* MULTISEARCH */
	bool alone;       /* a mailbox at a time: more commands follow its result */
	/* The above comes of the capabilities, which are those of last time until the login is over (imap_line_early()). */
	bool settled;
	bool no_multi;  /* MULTISEARCH was tried */
	size_t targets; /* mailboxes in all */
};

/* ---- search_plan.c */

/* -1: FAULT_REFUSED, the server lacks what was asked for. */
int search_plan(const struct search *s, const struct imap *imap, size_t ntargets,
    struct search_plan *p, struct fault *f);
/* Says with -v which rungs those are. */
void search_plan_note(const struct search *s, const struct search_plan *p);
/* Once the server has answered: 0, the plan stands (and is noted); 1, at most once: it was made of old news, *p is the new one, and what
 * was sent counts for nothing; -1 as search_plan(). */
int search_plan_settle(
    const struct search *s, const struct imap *imap, struct search_plan *p, struct fault *f);
/* Pulls a command's end, whatever it is. -1: the line is lost. */
int search_drain(struct imap *imap, uint32_t tag, struct fault *f);
/* Positions for PARTIAL: counted from the end where they are the request's own and it says so. */
struct search_slice {
	uint32_t first, last;
	bool from_end;
};
/* UID SEARCH or UID SORT (SEARCH_COUNT never needs that one). Returns the tag, or 0. */
uint32_t search_send(const struct search *s, struct imap *imap, const struct search_plan *p,
    enum search_return give, const struct search_slice *slice, struct fault *f);
/* The word for RETURN (...). */
const char *search_return_word(enum search_return give);
/* CHARSET, if it is needed, and the keys. */
void search_put_program(const struct search *s, struct imap_cmd *c, const struct search_plan *p);

/* ---- search_print.c */

/* Lines about messages of one mailbox. */
struct search_printer {
	struct search *s;
	const char *verb; /* "new", "gone", or NULL */
	struct buf url;   /* all of the URL but the UID's digits */
	struct buf head;  /* all of the line but what is behind the digits */
};

void search_printer_init(struct search_printer *p, struct search *s, const char *verb);
void search_printer_free(struct search_printer *p);
/* The mailbox, its UIDVALIDITY known. -1 FAULT_PROTOCOL: it is not. */
int search_printer_mailbox(struct search_printer *p, const struct url *u, struct fault *f);
/* A line for each UID, without fields; ends early when the program is to stop. */
int search_print_range(struct search_printer *p, uint32_t lo, uint32_t hi, struct fault *f);
/* A line with its fields; `value`: request->nfield strings, NULL where there is none. */
int search_print_fields(
    struct search_printer *p, uint32_t uid, char *const *value, struct fault *f);
int search_print_count(struct search *s, const struct url *u, uint64_t n, struct fault *f);
/* The word for a field, as -o has it. */
const char *search_field_word(enum search_field field);

/* ---- search_result.c */

/* What is to become of the numbers of a result. */
enum search_use {
	SEARCH_USE_PRINT,
	SEARCH_USE_SPOOL,
	SEARCH_USE_NOTHING, /* only count */
};
struct search_result {
	enum search_use use;
	struct search_printer *printer; /* PRINT */
	struct spool *spool;            /* SPOOL */
	struct set *all;                /* what comes is put here, too; or NULL */
	bool overflow;                  /* and did not fit */
	uint64_t from, to;              /* positions that are used, from 1 */
	uint64_t seen;                  /* results so far */
	uint32_t first, last;           /* as they came; 0: none yet */
	uint32_t lowest, highest;
	bool has_count, refused_update;
	uint32_t count, min, max; /* as ESEARCH says */
};

void search_result_init(struct search_result *r, enum search_use use);
/* "1:3,7" in the order sent: a backwards range means the same as forwards (RFC 5267 section 3.2). */
int search_result_set(struct search_result *r, const char *text, size_t n, struct fault *f);
/* Takes an event, if it belongs to the search that this is the tag of. */
int search_result_take(struct search_result *r, const char *tag, const struct search_plan *p,
    const struct event *ev, struct fault *f);
/* Pulls until the search is done and takes what belongs to it. -1: also when it was refused (*ev is the tagged event then). */
int search_result_read(struct search_result *r, struct imap *imap, uint32_t tag,
    const struct search_plan *p, struct event *ev, struct fault *f);
/* The tag as the server has it, for search correlators. */
enum { SEARCH_TAG_MAX = 16 };
void search_tag(uint32_t tag, char out[static SEARCH_TAG_MAX]);

/* ---- search_fields.c */

/* UID FETCH of the fields; `set` is "$" or a set. Returns the tag, or 0. */
uint32_t search_fields_send(
    const struct search *s, struct imap *imap, const char *set, struct fault *f);
/* Prints the message if the event is one of that FETCH: 1; 0: it is not; -1. */
int search_fields_take(struct search_printer *p, const struct event *ev, struct fault *f);
/* Prints what that FETCH brings, as it comes. */
int search_fields_read(struct search_printer *p, struct imap *imap, uint32_t tag, struct fault *f);
/* Fetches and prints the fields of what is in the spool: in its order if `ordered`, else as the server gives them. */
int search_fields_spool(struct search_printer *p, struct imap *imap, struct spool *spool,
    bool ordered, struct fault *f);

/* "7" or "7:9", with a comma before it where something is there. */
void search_put_range(struct buf *set, uint32_t lo, uint32_t hi);

/* ---- search_multi.c */

/* All n by one ESEARCH. 0; 1: it was not to be (the server does not want to, or the plan is another now), and nothing was printed; -1. */
int search_multi(struct search *s, struct imap_line *l, struct search_target *t, size_t n,
    struct search_plan *p, struct fault *f);

/* ---- search_follow.c: one mailbox that is followed */

struct follow;
/* Opens the mailbox, searches, prints. `ranges`: of the result at most, where it has to be held. NULL with the fault. */
struct follow *follow_new(
    struct search *s, struct imap_line *l, struct search_target *t, size_t ranges, struct fault *f);
/* Hears what has come and does what is due, without waiting for news. -1: it cannot be followed any more. */
int follow_step(struct follow *w, struct fault *f);
/* What to poll for until the next step, and ms after which that is due in any case. */
struct pollfd follow_poll(const struct follow *w);
int follow_patience(const struct follow *w);
/* Tells the server that it is over. */
void follow_cancel(struct follow *w);
void follow_free(struct follow *w);

#endif
