/*
 * address: mailboxes and address lists (RFC 5322 section 3.4, obsolete forms too; RFC 6532 for UTF-8).
 */
#ifndef LM_MSG_ADDRESS_H
#define LM_MSG_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

enum { ADDRESS_MAX = 320, ADDRESS_NAME_MAX = 998 };

struct address {
	/* Display name, UTF-8: encoded words decoded, quotes and escapes undone, no controls; "" when
	 * there is none. A longer one is cut. */
	char name[ADDRESS_NAME_MAX + 2];
	/* local@domain as for SMTP: quoted where it must be, comments and routes gone, UTF-8. */
	char spec[ADDRESS_MAX + 1];
};

/*
 * Walks the n octets of an address list (a header value, unfolded or not; or a command line argument):
 * groups are entered, empty elements and empty groups skipped, ";" parts elements as "," does. *pos
 * starts at 0. 1 with the next mailbox, 0 at the end, -1 FAULT_DATA where it is malformed (what, near
 * which text). A bare local part without "@" is accepted when `bare` is set ("root" for sendmail).
 * "alice@example.org (Alice)" has the comment for its name. Linear in time.
 */
int address_next(
    const char *s, size_t n, size_t *pos, bool bare, struct address *out, struct fault *f);

/*
 * Fit for an SMTP path (RFC 5321 section 4.1.2; 4.5.3.1: local part 64 octets, all of it 254): no
 * controls, CR, LF, NUL, no blanks outside quotes, no "<" or ">" outside quotes; domain not empty,
 * unless `bare`. *utf8 (may be NULL) is set to whether it has octets beyond ASCII: SMTPUTF8 is needed.
 * 0 or -1 (FAULT_DATA).
 */
int address_check(const char *spec, bool bare, bool *utf8, struct fault *f);

/* Appends `Name <spec>` or `spec`: the name quoted where it must be, as encoded words where it is not
 * ASCII. Controls are dropped. */
void address_format(struct buf *out, const struct address *a);
/* An address list header field, folded after commas and within names, CRLF at the end. Each address
 * must pass address_check(), `bare` set; else FAULT_DATA, with nothing appended. */
int address_put(
    struct buf *out, const char *field, const struct address *a, size_t n, struct fault *f);

#endif
