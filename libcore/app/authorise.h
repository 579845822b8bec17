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
 * Authorises each of the n URLs (each with mailbox, UIDVALIDITY and UID, looked at before with source_look()): its authority becomes what locate_authority() says, EXPIRE (0: none) and
 * `access` ("submit+alice") are set, and the server signs it with mechanism INTERNAL. All in one flight. text[i] gets the authorised URL octet for octet as the server wrote
 * it, for that is what is signed (allocated: the caller frees; NULL on failure). What comes is checked: the rump URL that was asked for, and something behind it, else
 * FAULT_PROTOCOL. FAULT_REFUSED without URLAUTH, or with the server's refusal and the authority that was tried.
 */
int authorise(struct tool *t, struct imap_line *l, struct url *urls, char **text, size_t n,
    const char *access, time_t expire, struct fault *f);
/* RESETKEY: every URL authorised for the mailbox (NULL: any mailbox) is worth nothing afterwards (RFC 4467 section 8). */
int authorise_reset(struct imap_line *l, const char *mailbox, struct fault *f);

#endif
