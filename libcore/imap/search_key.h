/*
 * search_key: search keys as people write them, to the search program of IMAP (RFC 9051 section 6.4.4).
 *
 *     from boss younger 7d                       UID SEARCH FROM boss YOUNGER 604800
 *     ( from boss or from carol ) not seen       UID SEARCH OR FROM boss FROM carol NOT SEEN
 *
 * Words, not a string: each word is a key, the value of the key before it, or one of "(", ")", "not" and "or". A value is
 * taken as it is, whatever it looks like. Keys are matched without regard to case:
 *
 *     all answered deleted draft flagged seen, each also with un- (unseen), and new old recent
 *     from to cc bcc subject body text TEXT       header NAME TEXT (TEXT may be empty)
 *     keyword unkeyword NAME                      uid SET
 *     since before on                             DATE: of arrival (INTERNALDATE)
 *     sentsince sentbefore senton                 DATE: of the Date field; 2026-11-24, today or yesterday
 *     younger older                               AGE of arrival: 90m, 12h, 7d, 2w, 1y
 *     larger smaller                              SIZE: 5M, 300k
 *
 * Keys side by side must all be met. "or" stands between two keys, or, as in IMAP, before two keys where a group begins. What
 * could be read in two ways ("a b or c") is an error that asks for parentheses. No I/O; nothing is looked up.
 */
#ifndef LM_IMAP_SEARCH_KEY_H
#define LM_IMAP_SEARCH_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/fault.h"
#include "imap/command.h"

enum {
	SEARCH_WORDS_MAX = 4096,
	SEARCH_VALUE_MAX = 8192,       /* octets of one value */
	SEARCH_TOTAL_MAX = 512 * 1024, /* of all of them: COMMAND_MAX is twice that */
	SEARCH_DEPTH_MAX = 64,         /* of parentheses, "not" and "or" within each other */
};

enum search_op { SEARCH_AND, SEARCH_OR, SEARCH_NOT, SEARCH_KEY };

struct search_word; /* a row of the table of keys */

struct search_node {
	enum search_op op;
	const struct search_word *word; /* KEY: which */
	const char *name;               /* KEY: the first of two values */
	const char *value;              /* KEY: borrowed from the words; or NULL */
	uint64_t number;                /* octets, or seconds */
	int year, month, day;           /* DATE; month from 1 */
	uint32_t child, next;           /* indices of nodes; 0: none */
};

/* The tree. The words must outlive it. */
struct search_key {
	struct search_node *node; /* owned; node[0] is not used */
	uint32_t n;
	uint32_t root;
	bool utf8;   /* a value is not ASCII: CHARSET UTF-8 is needed */
	bool ages;   /* "younger" or "older" is there: the result changes with time alone */
	size_t left; /* octets of values that may still come */
};

/* Reads n words (none: "all"); `now` is what today, yesterday and ages count from. -1 FAULT_USAGE: an unknown key, a value that is missing, empty, too long, no UTF-8,
 * no such date (number, set, keyword), parentheses or "or" that do not fit, too many words, too deep; FAULT_TEMP without memory. k is then empty. */
int search_key_parse(
    struct search_key *k, const char *const *word, size_t n, time_t now, struct fault *f);
void search_key_free(struct search_key *k);
/* The word can begin the keys: a key, "(", "not" or "or". */
bool search_key_begins(const char *word);

/*
 * Appends the program. With `within` ages go out as YOUNGER and OLDER (RFC 5032); without, as SINCE and BEFORE of the day that
 * lies so long before `now`, in local time: whole days, so that "younger" finds up to a day more and "older" up to a day less.
 */
void search_key_put(struct imap_cmd *c, const struct search_key *k, bool within, time_t now);

#endif
