/*
 * authorise: URLs that others may use without our password (URLAUTH, RFC 4467).
 */
#ifndef LM_APP_AUTHORISE_H
#define LM_APP_AUTHORISE_H

#include <stddef.h>
#include <time.h>

#include "app/line.h"
#include "base/fault.h"
#include "imap/url.h"

/*
 * Turns each of the n URLs (absolute or not, each with mailbox, UIDVALIDITY and UID, looked at before with source_look()) into an authorised
 * one of this server: authority as locate_authority() says, EXPIRE (0: none), `access` ("submit+alice"), mechanism INTERNAL. One flight. What the server gives is checked: the same URL with a
 * token behind it, else FAULT_PROTOCOL. FAULT_REFUSED without URLAUTH, or with the server's refusal and the authority that was tried.
 */
int authorise(struct tool *t, struct imap_line *l, struct url *urls, size_t n, const char *access,
    time_t expire, struct fault *f);
/* RESETKEY: every URL authorised for the mailbox (NULL: any mailbox) is worth nothing afterwards (RFC 4467 section 8). */
int authorise_reset(struct imap_line *l, const char *mailbox, struct fault *f);

#endif
