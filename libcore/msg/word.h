/*
 * word: encoded words (RFC 2047) and parameters beyond ASCII (RFC 2231).
 *
 * Whatever is read or written, no control comes through: C0, DEL and C1 are dropped, but a TAB becomes
 * a blank. Octets that are no UTF-8 where UTF-8 belongs are taken as Latin-1. Linear in time.
 */
#ifndef LM_MSG_WORD_H
#define LM_MSG_WORD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

/*
 * Appends unstructured text (UTF-8) fit for a header: ASCII as it is; from the first to the last word
 * that is not ASCII, would be taken for an encoded word, or is too long to fold, as encoded words: Q
 * or B, whichever is shorter, of at most 75 octets, never splitting a character, with blanks between
 * so that header_put() can fold there.
 */
void word_encode(struct buf *out, const char *s, size_t n);
/*
 * Appends UTF-8: encoded words decoded wherever they stand (charsets by iconv(3), blanks between two
 * of them dropped, RFC 2231 language tags ignored). Words that are malformed or of a charset that
 * nobody knows stay as they are; what is no text of its charset becomes U+FFFD.
 */
void word_decode(struct buf *out, const char *s, size_t n);

/* Appends `; name=value` for a MIME header: a token, a quoted string, or name*=utf-8''... (RFC 2231
 * section 4), in sections name*0*=... when long (section 3). The name is a token of our own. */
void param_put(struct buf *out, const char *name, const char *value);
/*
 * Finds parameter `name` in a field value such as `text/plain; charset=utf-8`, undoes continuations,
 * charsets and, as many senders write them, encoded words, and appends it as UTF-8. 0, or -1 when it
 * is not there. Of two the first counts, and name*= before name*0= before name=.
 */
int param_get(struct buf *out, const char *value, size_t n, const char *name);

#endif
