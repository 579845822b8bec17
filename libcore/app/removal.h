/*
 * removal: messages of the open mailbox removed for good.
 *
 * UID STORE \Deleted and UID EXPUNGE of exactly those (RFC 4315), in one flight, and then UID SEARCH for what is still there: only what that does not find is
 * gone, whatever the server has said before. A server without UIDPLUS gets no EXPUNGE, which would take
 * others' deleted messages too: there they are only marked as deleted, and that is why they are left.
 */
#ifndef LM_APP_REMOVAL_H
#define LM_APP_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "imap/session.h"
#include "imap/set.h"

/* What has become of them. */
struct removal {
	struct set there;  /* were there before, as far as that was asked */
	struct set gone;   /* are no longer there */
	bool blind;        /* the server did not say all of which were there */
	struct fault left; /* why those that are not gone are not */
};

/* For at most max messages. Allocates nothing. */
void removal_init(struct removal *r, size_t max);
void removal_free(struct removal *r);
/* The server can remove messages without removing others. */
bool removal_is_offered(const struct imap *s);
/*
 * Removes `which` (without UINT32_MAX, which would be "*"). With `look`, r->there are those that were there before, asked in the same flight; without, all of them
 * count as there. 0 with r->gone and r->left filled in; -1: FAULT_TEMP without memory.
 */
int removal_run(
    struct removal *r, struct imap *s, const struct set *which, bool look, struct fault *f);

#endif
