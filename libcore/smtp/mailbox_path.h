/*
 * mailbox_path: mail addresses and xtext, as they may stand in MAIL and RCPT. No I/O.
 */
#ifndef LM_SMTP_MAILBOX_PATH_H
#define LM_SMTP_MAILBOX_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/* An addr-spec that may stand between the brackets of a path; FAULT_DATA. */
int smtp_path_check(const char *address, bool utf8, struct fault *f);
/* xtext of RFC 3461 section 4. */
void smtp_path_xtext(struct buf *out, const char *s);
/* "rfc822;xtext" or, for UTF-8, "utf-8;" of RFC 6533. */
void smtp_path_orcpt(struct buf *out, const char *s);

#endif
