/*
 * maildir_delivery: a message on its way into a Maildir folder, alone or in a batch that is made durable together.
 *
 *	delivery_begin(&d[i], m, DELIVERY_DIGEST, f);
 *	delivery_write(&d[i], p, n, f);             as often as there are octets
 *	delivery_finish(&d[i], name, in_new, mtime, f);
 *	...                                        the next ones
 *	delivery_commit(d, n, f);                  data synced, then all renamed, then cur and new synced
 *	for each: d[i].result, d[i].sha256, d[i].octets
 *
 * A step that fails (FAULT_IO with the path: disk full, quota, RLIMIT_FSIZE - SIGXFSZ is for the program to ignore) has removed the file in
 * tmp; other deliveries are not touched by that. Each delivery holds one descriptor from begin to commit.
 */
#ifndef LM_STORE_MAILDIR_DELIVERY_H
#define LM_STORE_MAILDIR_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/digest.h"
#include "base/fault.h"
#include "store/maildir.h"
#include "store/maildir_lines.h"

enum { DELIVERY_BATCH_MAX = 256 }; /* deliveries that one commit takes */

/* How it is done. */
enum {
	DELIVERY_DIGEST = 1, /* compute sha256 on the way (150 MB/s) */
	DELIVERY_UNSYNCED =
	    2, /* nothing is synced: DONE is not durable (for those who switch fsync off) */
};

enum delivery_result {
	DELIVERY_NONE,   /* not begun, aborted, or failed */
	DELIVERY_OPEN,   /* begun or finished, not committed */
	DELIVERY_DONE,   /* under its name, durable */
	DELIVERY_EXISTS, /* another file has the name: nothing was done, the new file is removed */
};

/* About 800 octets; the caller makes the array. */
struct delivery {
	const struct maildir *m; /* borrowed until commit or abort */
	int fd;
	enum delivery_result result;
	bool in_new;
	unsigned how;
	bool held_cr;       /* a CR whose next octet has not come yet */
	uint64_t octets_in; /* as they came: the size of the message on the server */
	uint64_t octets;    /* as they were written: the size of the file */
	struct lines_digest digest;
	unsigned char sha256
	    [DIGEST_LEN]; /* after delivery_finish(): of the LF form (store/maildir_lines.h) */
	char tmp[MAILDIR_NAME_MAX + 1];
	char name[MAILDIR_NAME_MAX + 1];
};

/* A new file in tmp (O_EXCL, mode 0600 less the umask). `how`: DELIVERY_ bits. 0 or -1. */
int delivery_begin(struct delivery *d, const struct maildir *m, unsigned how, struct fault *f);
/* Any piece of the message. CRLF becomes LF, also when it is cut; a lone CR stays. */
int delivery_write(struct delivery *d, const char *p, size_t n, struct fault *f);
/* All octets have come: the file gets its mtime, and its way to the disk begins. `name` is the file name that it is to have. */
int delivery_finish(
    struct delivery *d, const char *name, bool in_new, time_t mtime, struct fault *f);
/* n finished deliveries into one folder. 0: each `result` is DONE or EXISTS. -1: those that are not DONE are EXISTS or
 * aborted (NONE); the DONE ones are under their names, but perhaps not durable. Open ones and aborted ones are skipped. */
int delivery_commit(struct delivery *d, size_t n, struct fault *f);
/* Closes and removes the file in tmp; does nothing unless it is OPEN. */
void delivery_abort(struct delivery *d);

#endif
