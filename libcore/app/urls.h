/*
 * urls: the messages that a program was told to work on, gathered so that one command serves many.
 *
 * URLs come as arguments, and as lines on standard input where an argument is "-" (or where there is none). They are read in windows; within a window, all that are in the same mailbox form one
 * batch, however they are mixed, so that memory is bounded and a list of 100,000 lines needs about fifty flights.
 *
 *     u = urls_new(tool, argv, argc, stdin, f);
 *     while ((r = urls_next(u, &b, f)) == 1)
 *             ... b->account, b->mailbox, b->uidvalidity, b->item[0 .. b->n) ...
 *     if (r == -1) ...
 *     code = urls_result(u);
 *     urls_free(u);
 *
 * What is wrong with one URL is printed (urls_failed()), the rest is still done, and urls_result() says so at the end.
 */
#ifndef LM_APP_URLS_H
#define LM_APP_URLS_H

#include <stdint.h>
#include <stdio.h>

#include "app/tool.h"
#include "imap/set.h"
#include "imap/url.h"

enum {
	URLS_WINDOW = 2048,               /* URLs held at once */
	URLS_WINDOW_OCTETS = 1024 * 1024, /* of their text: very long ones make a window shorter */
	URLS_LINE_MAX = 64 * 1024,        /* octets of a line of input */
	URLS_SET_OCTETS =
	    7000, /* of a set in one command: RFC 7162 section 4 allows lines of 8192 */
};

/* One URL of a batch, absolute (as locate() makes it). */
struct urls_item {
	/* uid is neither 0 nor UINT32_MAX. UIDVALIDITY as given, 0 when the URL has none; batch_open() fills it in. */
	struct url url;
	/* urls' own: */
	const struct account *account;
	size_t batch, order;
};

/* All items of a window that are in one mailbox and have the same UIDVALIDITY (or none: a stale URL beside them must not spoil those). */
struct batch {
	const struct account *account;
	const char *mailbox;    /* UTF-8; "INBOX" in capitals, however it was written */
	uint32_t uidvalidity;   /* as the URLs have it, 0: they have none; filled in as in items */
	struct urls_item *item; /* in the order of the input; one that came twice is here twice */
	size_t n;               /* at least 1 */
	struct set uids;        /* of all items */
};

struct urls;

/*
 * `arg`: n arguments (borrowed until urls_free()). With n 0, or where one is "-", lines of `in`, which nobody may have read
 * from before: its descriptor is read. A second "-" is FAULT_USAGE. Loads the configuration. NULL with the fault.
 */
struct urls *urls_new(struct tool *t, char *const *arg, size_t n, FILE *in, struct fault *f);
/* From now on a URL of a part (";SECTION=", ";PARTIAL=") counts as a bad line: for programs that change whole messages. */
void urls_want_messages(struct urls *u);
/* From now on only URLs that follow one another share a batch: for programs whose output is in the order of the input. */
void urls_keep_order(struct urls *u);
/*
 * The next batch (owned by u, valid until the next call). 1, 0: no more, -1: FAULT_IO of the input, FAULT_TEMP without memory.
 * Batches come in the order of their first URLs, window by window. In a line, locate_field() is the URL; empty lines
 * and `gone` events (lm-events(7)), whose messages are there no more, are passed over. Any other line that is no URL of a message, or of an account that
 * is not configured, is named on t->err, counted as urls_failed() does, and passed over.
 */
int urls_next(struct urls *u, struct batch **b, struct fault *f);
/* Notes that something went wrong with a URL: why->cls counts for urls_result(). Prints "NAME: URL: message" on t->err (no token of a URLAUTH is shown). */
void urls_failed(struct urls *u, const struct url *url, const struct fault *why);
/* The same for each message of the batch whose UID is in the set, once. */
void urls_failed_uids(
    struct urls *u, const struct batch *b, const struct set *uids, const struct fault *why);
/* The same for one message of it. */
void urls_failed_uid(struct urls *u, const struct batch *b, uint32_t uid, const struct fault *why);
/* The same for each item of the batch. */
void urls_failed_batch(struct urls *u, const struct batch *b, const struct fault *why);
/* The exit code so far: FAULT_NONE, or the class of the first failure that is for good, or FAULT_TEMP when all were temporary. */
enum fault_class urls_result(const struct urls *u);
void urls_free(struct urls *u);

struct imap_line;
/*
 * Opens the batch's mailbox on its line, checks UIDVALIDITY, and fills it in in the batch and its items. -1: the whole batch fails, with the fault: FAULT_DATA "stale URL", FAULT_REFUSED for a
 * mailbox that can only be read when !read_only, FAULT_PROTOCOL when the server does not say UIDVALIDITY, or imap_line_select()'s.
 */
int batch_open(struct imap_line *l, struct batch *b, bool read_only, struct fault *f);
/* The URL of message `uid` in the batch's mailbox once it is open: with UIDVALIDITY, without a section. Appends. */
void batch_url(const struct batch *b, uint32_t uid, struct buf *out);

/* A set in pieces that fit a command line: the next one (from range *at on, which begins with 0) is put into `piece`, emptied before. 1, 0: no more, -1: FAULT_TEMP. */
int urls_set_piece(const struct set *all, size_t *at, struct set *piece, struct fault *f);

#endif
