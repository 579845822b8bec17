/*
 * urls: the messages that a program was told to work on, gathered so that one command serves many.
 *
 * URLs come as arguments, and as lines on standard input where an argument is "-" (or where there is none). They are read in windows of at most URLS_WINDOW; within a window, all that are in
 * the same mailbox form one batch, so that memory is bounded and a list of 100,000 lines needs about fifty flights.
 *
 *     u = urls_new(tool, argv, argc, stdin, f);
 *     while ((r = urls_next(u, &b, f)) == 1)
 *             ... b->account, b->mailbox, b->uidvalidity, b->item[0 .. b->n) ...
 *     urls_free(u);
 */
#ifndef LM_APP_URLS_H
#define LM_APP_URLS_H

#include <stdint.h>
#include <stdio.h>

#include "app/tool.h"
#include "imap/set.h"
#include "imap/url.h"

enum {
	URLS_WINDOW = 2048,        /* URLs held at once */
	URLS_LINE_MAX = 64 * 1024, /* octets of a line of input */
};

/* One URL of a batch, absolute; in the order of the input. */
struct urls_item {
	struct url
	    url; /* uid != 0 unless mailboxes are allowed; UIDVALIDITY as given: 0 when the URL has none */
};

struct batch {
	const struct account *account;
	const char *mailbox; /* UTF-8 */
	uint32_t
	    uidvalidity; /* 0: no URL of it said so (those that say different ones are different batches) */
	struct urls_item *item;
	size_t n;
	struct set uids; /* of all items */
};

struct urls;

/* `arg`: n arguments (borrowed until urls_free()). With n 0, or where one is "-", lines of `in`. */
struct urls *urls_new(struct tool *t, char *const *arg, size_t n, FILE *in, struct fault *f);
/* The next batch (owned by u, valid until the next call). 1, 0: no more, -1: FAULT_IO of the input, FAULT_TEMP. A line that is no URL of a message (or of an account that is not
 * configured) is named on t->err, counted with urls_failed(), and passed over. */
int urls_next(struct urls *u, struct batch **b, struct fault *f);
/* Notes that something went wrong with some URL: `cls` will be in urls_result(). Prints "NAME: URL: message" on t->err. */
void urls_failed(struct urls *u, const struct url *url, const struct fault *why);
/* The exit code so far: FAULT_NONE, or the class of the worst failure (the first of those that are equally bad; temporary ones count less than those for good). */
enum fault_class urls_result(const struct urls *u);
void urls_free(struct urls *u);

/* Opens the batch's mailbox on its line and checks UIDVALIDITY. -1: the whole batch fails, with the fault. */
struct imap_line;
int batch_open(struct imap_line *l, struct batch *b, bool read_only, struct fault *f);
/* The URL of message `uid` in the batch's mailbox once it is open: with UIDVALIDITY. Appends. */
void batch_url(const struct batch *b, uint32_t uid, struct buf *out);

#endif
