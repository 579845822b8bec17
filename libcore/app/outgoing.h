/*
 * outgoing: a message on its way to submission: from standard input, an assembly or a URL to something with an envelope.
 */
#ifndef LM_APP_OUTGOING_H
#define LM_APP_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>

#include "app/compose.h"
#include "app/line.h"
#include "base/buf.h"
#include "base/fault.h"
#include "msg/assembly.h"
#include "msg/header.h"

struct outgoing {
	struct assembly assembly;
	struct buf
	    header; /* the header section, as far as it is local text; empty when the message begins elsewhere */
	size_t header_len; /* its length in the assembly */
	struct addresses rcpt;
	bool edited;          /* `header` differs from what the assembly holds */
	bool complete_header; /* the whole header section is in `header` */
	enum content content; /* of all that is local */
	bool has_url;
};

void outgoing_init(struct outgoing *o);
void outgoing_free(struct outgoing *o);
/* A message on `fd`: line ends made CRLF; `dot`: a lone "." ends it. FAULT_DATA for an empty one. */
int outgoing_message(struct outgoing *o, int fd, bool dot, struct fault *f);
int outgoing_assembly(struct outgoing *o, int fd, struct fault *f);
int outgoing_url(struct outgoing *o, const char *url, struct fault *f);

/* Adds the mailboxes of Resent-To, Resent-Cc and Resent-Bcc if one of them is there, else of To, Cc and Bcc, of the header section `h` (the message's own, or one that was fetched). Bare local parts
 * get `domain`. */
int outgoing_recipients(
    struct outgoing *o, const struct header *h, const char *domain, struct fault *f);
/* One command line argument: an address list; bare local parts get `domain`. */
int outgoing_recipient(struct outgoing *o, const char *text, const char *domain, struct fault *f);
/* Strips Bcc and Resent-Bcc; adds Date, Message-ID and From (`from`) where they are missing. Only for a complete local header. */
int outgoing_complete(struct outgoing *o, const struct address *from, struct fault *f);
/* Puts the edited header in its place. After that the assembly is what is sent. */
int outgoing_seal(struct outgoing *o, struct fault *f);
/* Scans the local octets: 7bit, 8bit or binary. */
int outgoing_scan(struct outgoing *o, struct fault *f);

/* The addr-spec of the first mailbox of the field (From, Sender); "" when there is none. */
void outgoing_author(const struct outgoing *o, char *spec, size_t n);

#endif
