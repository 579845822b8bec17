/*
 * maildir_watch: whether anybody else changed a folder while we did.
 *
 * A stamp (store/maildir.h) tells that a folder was changed, not by whom: after our own changes the next run would have to read all of it. So the kernel is
 * asked to tell of every name that comes or goes (inotify(7)), and what we do ourselves is struck off. Constant memory: only sums of hashes are kept.
 */
#ifndef LM_STORE_MAILDIR_WATCH_H
#define LM_STORE_MAILDIR_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "store/maildir.h"

struct maildir_watch {
	int fd;             /* -1: not watching */
	int cur, new;       /* watch descriptors */
	uint64_t seen, own; /* what the kernel told, what we did */
	bool lost;          /* it did not tell all */
};

#define MAILDIR_WATCH_OFF ((struct maildir_watch){.fd = -1})

/* Begins with cur and new of m. Where that is not possible nothing is watched, and maildir_watch_clean() is false. */
void maildir_watch_begin(struct maildir_watch *w, const struct maildir *m);
/* We made (`came`) or removed a name; a rename is both, for the old name and the new one. */
void maildir_watch_own(struct maildir_watch *w, bool in_new, const char *file, bool came);
/* Takes what the kernel has told so far. To be called every few thousand changes, as its queue is short. */
void maildir_watch_drain(struct maildir_watch *w);
/* Every change since the beginning was our own. */
bool maildir_watch_clean(struct maildir_watch *w);
void maildir_watch_end(struct maildir_watch *w);

#endif
