/*
 * fold: names and lines of header fields that are written, shared by the files of msg/.
 */
#ifndef LM_MSG_FOLD_H
#define LM_MSG_FOLD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

/* RFC 5322 section 2.1.1 asks for 78 at most; a line with an encoded word has at most 76 (RFC 2047
 * section 2). FOLD_LINE_MAX is the hard limit. */
enum { FOLD_WIDTH = 76, FOLD_LINE_MAX = 998 };

/* Appends s (without line ends), starting at `column` of a line, with CRLF before a run of blanks
 * where a line would be over FOLD_WIDTH. Blanks at its end are left out. The column where it ends. */
size_t fold_put(struct buf *out, const char *s, size_t n, size_t column);

/* Whether this can be the name of a field: 0, or -1 with FAULT_DATA. */
int fold_check_name(const char *name, struct fault *f);

#endif
