/*
 * word: encoded words (RFC 2047) and parameters beyond ASCII (RFC 2231).
 */
#ifndef LM_MSG_WORD_H
#define LM_MSG_WORD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

/* Appends unstructured text (UTF-8) fit for a header: as it is when ASCII, else with encoded words (Q or B, whichever is shorter) of at most 75 octets that never split
 * a character, separated by blanks so that header_put() can fold between them. */
void word_encode(struct buf *out, const char *s, size_t n);
/* Appends UTF-8: encoded words decoded (charsets by iconv(3), blanks between two of them dropped, RFC 2231 language tags ignored),
 * 8-bit octets outside them kept when they are UTF-8, else taken as Latin-1. Malformed words stay as they are. Controls are dropped. */
void word_decode(struct buf *out, const char *s, size_t n);

/* Appends `; name=value` for a MIME header: token, quoted string, or name*=UTF-8''... (and name*0*=... when long), RFC 2231 section 3 and 4. */
void param_put(struct buf *out, const char *name, const char *value);
/* Finds parameter `name` in a field value such as `text/plain; charset=utf-8`, continuations and charsets undone, and appends it as UTF-8. 0, or -1 when it is not
 * there. `first` of a field (text/plain) is what stands before the first ";". */
int param_get(struct buf *out, const char *value, size_t n, const char *name);

#endif
