/*
 * address: mail addresses and xtext, as they may stand in MAIL and RCPT. No I/O.
 */
#ifndef LM_SMTP_ADDRESS_H
#define LM_SMTP_ADDRESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/* An addr-spec that may stand between the brackets of a path; FAULT_DATA. */
int address_check(const char *address, bool utf8, struct fault *f);
/* xtext of RFC 3461 section 4. */
void address_xtext(struct buf *out, const char *s);
/* "rfc822;xtext" or, for UTF-8, "utf-8;" of RFC 6533. */
void address_orcpt(struct buf *out, const char *s);

#endif
