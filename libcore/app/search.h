/*
 * search: what lm-search does with mailboxes: ask, and print what is found as it comes.
 *
 * Nothing grows with the result: sets stream from the socket to `out`, and what has to be held (for fields that need a command
 * of their own) goes to a spool. Which rung of each ladder was taken is noted with -v.
 */
#ifndef LM_APP_SEARCH_H
#define LM_APP_SEARCH_H

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "app/line.h"
#include "imap/search_key.h"
#include "imap/url.h"

enum {
	SEARCH_FLIGHT_MAX = 64, /* mailboxes in one flight */
	SEARCH_SORT_MAX = 16,   /* sort keys */
	SEARCH_FIELDS_MAX = 16,
	SEARCH_FOLLOW_MAX = 8, /* mailboxes followed at once */
	/* Ranges of results that are followed without CONTEXT, in all: 2 MiB, twice. */
	SEARCH_RANGES_MAX = 262144,
};

enum search_return { SEARCH_ALL, SEARCH_COUNT, SEARCH_MIN, SEARCH_MAX };

enum search_field {
	SEARCH_DATE,     /* of the Date field, RFC 3339 in UTC */
	SEARCH_RECEIVED, /* INTERNALDATE, likewise */
	SEARCH_FROM,
	SEARCH_TO,
	SEARCH_SUBJECT,
	SEARCH_SIZE,
	SEARCH_FLAGS,
};

struct search_sort {
	const char *key[SEARCH_SORT_MAX]; /* as it goes out: "DATE" */
	bool reverse[SEARCH_SORT_MAX];
	size_t n;     /* 0: mailbox order */
	bool display; /* SORT=DISPLAY (RFC 5957) is needed */
};

struct search_request {
	const struct search_key *keys;
	time_t now; /* as search_key_parse() had it */
	enum search_return give;
	struct search_sort sort;
	uint32_t first, last; /* positions in the result, from 1, first <= last; 0: all of it */
	bool from_end;        /* they count from the end: 1 is the last one */
	enum search_field field[SEARCH_FIELDS_MAX];
	size_t nfield;
	int interval; /* seconds between looks while following, where only looking helps */
};

/* "date,-from,subject": RFC 5256's keys, "-" for REVERSE. -1 FAULT_USAGE. */
int search_sort_parse(const char *text, struct search_sort *s, struct fault *f);
/* "date,from,subject,size,flags": adds them, each at most once. -1 FAULT_USAGE. */
int search_fields_parse(const char *text, struct search_request *q, struct fault *f);
/* "1:50" or "-50:-1". -1 FAULT_USAGE. */
int search_slice_parse(const char *text, struct search_request *q, struct fault *f);

/* A mailbox to search. */
struct search_target {
	const struct account *account;
	struct url url; /* absolute; UIDVALIDITY as given (0: any), then as found */
};

/* One run of the program. */
struct search {
	struct tool *tool;
	const struct search_request *request;
	FILE *out;
	const volatile sig_atomic_t *stop; /* or NULL */
	bool closed; /* nobody reads `out` any more: the FAULT_IO that said so is no news */
};

/* Notes that a mailbox could not be searched: a line on tool->err, and the class in tool->result. */
void search_failed(struct search *s, const struct search_target *t, const struct fault *why);

/*
 * Searches n mailboxes of the line's account, in their order, in as few flights as can be. A mailbox that cannot be searched is
 * named by search_failed(), and the others go on. -1: the line is lost, FAULT_IO of `out`, or FAULT_REFUSED where the server lacks what
 * was asked for (SORT).
 */
int search_run(
    struct search *s, struct imap_line *l, struct search_target *t, size_t n, struct fault *f);

/*
 * Prints what is found as "new URL", and then "new" and "gone" as messages enter and leave the results of n mailboxes (at most
 * SEARCH_FOLLOW_MAX, each with a line of its own), until *s->stop is set, nobody reads `out` any more, or none is left. One that cannot be
 * followed is named by search_failed(), and the others go on. -1: FAULT_IO of `out`.
 */
int search_follow(struct search *s, struct imap_line *const *l, struct search_target *t, size_t n,
    struct fault *f);

#endif
