/*
 * namespaces: whose a mailbox is: one's own, another user's, or shared (NAMESPACE, RFC 2342, RFC 9051 section 6.3.10).
 *
 *     tag = namespaces_send(imap, f);            queued only: it rides in the flight of a LIST
 *     ... for each event: namespaces_event(&n, imap, &ev)
 *     namespaces_kind(&n, "Shared/lists/c")
 */
#ifndef LM_APP_NAMESPACES_H
#define LM_APP_NAMESPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "imap/session.h"

enum { NAMESPACES_MAX = 64, NAMESPACE_PREFIX_MAX = 1000 }; /* what is beyond is passed over */

enum namespace_kind { NAMESPACE_UNKNOWN, NAMESPACE_OWN, NAMESPACE_OTHERS, NAMESPACE_SHARED };

struct namespace
{
	enum namespace_kind kind;
	char *prefix; /* UTF-8, owned: "", "INBOX.", "Shared/" */
	char delimiter;
};

/* Zero-initialise. */
struct namespaces {
	struct namespace ns[NAMESPACES_MAX];
	size_t n;
};

/* Queues NAMESPACE; its tag, or 0 with the fault. */
uint32_t namespaces_send(struct imap *s, struct fault *f);
/* Whether the event was the NAMESPACE response. What it says takes the place of what n held; a prefix that is no name is passed over. */
bool namespaces_event(struct namespaces *n, const struct imap *s, const struct event *ev);
void namespaces_free(struct namespaces *n);

/* Whose the mailbox is: by the longest prefix; INBOX is one's own. */
enum namespace_kind namespaces_kind(const struct namespaces *n, const char *name);
/* "own", "others", "shared"; NULL for NAMESPACE_UNKNOWN. */
const char *namespace_word(enum namespace_kind kind);

#endif
