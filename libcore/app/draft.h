/*
 * draft: a message made on the IMAP server: by CATENATE (RFC 4469) when it has octets that are there already, else by APPEND.
 */
#ifndef LM_APP_DRAFT_H
#define LM_APP_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/line.h"
#include "base/fault.h"
#include "imap/url.h"
#include "msg/assembly.h"

/* What is to be made. All borrowed. */
struct draft {
	const char *mailbox; /* UTF-8 */
	const char *const *flag;
	size_t nflag;
	const struct assembly
	    *assembly;          /* its URLs: messages or parts of this server, looked at before */
	const char *message_id; /* of the message, to find it again by; NULL: none */
	bool unique;            /* the Message-ID was made for this message: nothing else has it */
};

/*
 * Makes the message. Where the server has no CATENATE the octets of URLs are fetched into an unlinked temporary file and go up again (said with
 * -v). *made: the new message's URL (authority as in locate_authority()): from APPENDUID, else found by Message-ID; u->uid is 0 when it could
 * not be found out. When the line is lost before the reply, a new connection looks for the Message-ID among the messages that came
 * since: found is made (0), not found is the fault. *l may be replaced by that new connection.
 */
int draft_make(
    struct tool *t, struct imap_line **l, const struct draft *d, struct url *made, struct fault *f);
/* Removes the message for good (app/removal.h). Without UIDPLUS it is only marked as deleted, and that is said (FAULT_REFUSED). */
int draft_remove(struct imap_line *l, const struct url *u, struct fault *f);
/* UID STORE, silently: adds the flags to the n messages, which are in one mailbox, or makes them all that they have. */
enum draft_store { DRAFT_ADD, DRAFT_SET };
int draft_flag(struct imap_line *l, const struct url *u, size_t n, enum draft_store how,
    const char *const *flags, size_t nflags, struct fault *f);
/* The mailbox for sent mail, drafts or trash: the account's keyword, else the server's SPECIAL-USE attribute `use` ("\\Sent"), else `fallback`. Appends its UTF-8 name. */
int draft_special(struct imap_line *l, const char *keyword, const char *use, const char *fallback,
    struct buf *out, struct fault *f);

#endif
