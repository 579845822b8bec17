/*
 * utf7: mailbox names between UTF-8 (people, files, our URLs) and modified UTF-7 (the wire of
 * IMAP4rev1): RFC 3501 section 5.1.3. With UTF8=ACCEPT or IMAP4rev2 names go out as they are.
 */
#ifndef LM_IMAP_UTF7_H
#define LM_IMAP_UTF7_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Both append to `out` and return 0, or -1 with nothing appended when `out` is full or the input is
 * malformed. Encoding: not UTF-8, or a NUL. Decoding: an octet outside printable ASCII, a shift that
 * is not closed or follows another at once, bad base64, stray bits, an encoded printable ASCII
 * character or NUL, a lone surrogate. So what decodes encodes to the same octets again: a name that
 * does not decode has to be shown and sent as it is, for no other spelling would name the mailbox.
 */
int utf7_encode(struct buf *out, const char *s, size_t n);
int utf7_decode(struct buf *out, const char *s, size_t n);

#endif
