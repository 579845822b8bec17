/*
 * compose: the forward of messages or parts as an assembly: text of ours, and URLs of what stays on the server.
 */
#ifndef LM_APP_COMPOSE_H
#define LM_APP_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/line.h"
#include "base/fault.h"
#include "imap/url.h"
#include "msg/address.h"
#include "msg/assembly.h"

enum { COMPOSE_ADDRESSES_MAX = 1000 };

/* Mailboxes in order; owned. */
struct addresses {
	struct address *a;
	size_t n, cap;
};
/* Adds every mailbox of an address list given on the command line; each is checked for SMTP. */
int addresses_add(struct addresses *l, const char *text, struct fault *f);
/* Is this addr-spec among them? The domain counts without regard to case. */
bool addresses_has(const struct addresses *l, const char *spec);
/* Appends a copy of one. */
int addresses_put(struct addresses *l, const struct address *one, struct fault *f);
void addresses_free(struct addresses *l);

struct forward {
	struct address from;
	struct addresses to, cc, bcc;
	const char *subject;        /* UTF-8, or NULL: "Fwd: " and the original's */
	const char *note;           /* UTF-8 text or "" */
	const char *const *section; /* part specifiers; none: the whole message */
	size_t nsection;
};

enum { COMPOSE_ID_LEN = ADDRESS_MAX + 40 };
/* A new Message-ID with its brackets. Its domain is that of the sender's address, which makes it ours without telling the machine's name. */
void compose_message_id(char out[COMPOSE_ID_LEN], const char *from);

/* What came of it. */
struct composed {
	struct assembly assembly;
	char message_id[COMPOSE_ID_LEN]; /* with brackets */
	bool eight, binary;              /* content that needs 8BITMIME, BINARYMIME */
	bool utf8;                       /* an address that needs SMTPUTF8 */
	uint64_t octets;                 /* at least the size of the resolved message */
};

/*
 * Builds the forward of the n messages that `urls` name (one account: l's; UIDVALIDITY is filled in). Each is looked at first: that it is there, its sections, its header (for Subject and References).
 * A URL with a section of its own forwards that part. `bcc_header`: Bcc is written as a field (for the copy of the sender, and for `lm-submit -t`); else it is not, and the originals' mailboxes are opened to be written, as $Forwarded follows.
 * -1: FAULT_DATA (stale URL, no such message or section, note not UTF-8), ...
 */
int compose_forward(struct imap_line *l, const struct forward *w, struct url *urls, size_t n,
    bool bcc_header, struct composed *out, struct fault *f);
void composed_free(struct composed *c);

#endif
