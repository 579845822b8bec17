/*
 * flow: text/plain; format=flowed (RFC 3676).
 */
#ifndef LM_MSG_FLOW_H
#define LM_MSG_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Encodes text (UTF-8, lines ended by LF or CRLF: each line is a paragraph, ">" at its start are quote depth) as format=flowed lines of at most `width`
 * octets (72 fits mail), ended by CRLF. Space-stuffing for lines that begin with a blank, "From " or (unquoted meaning) ">"; "-- " stays a signature line; trailing
 * blanks of a paragraph are removed, so that nothing flows by accident. With `delsp` words longer than a line and text without blanks (CJK) break too (RFC 3676 section 4.1).
 */
void flow_encode(struct buf *out, const char *s, size_t n, unsigned width, bool delsp);
/* The inverse: paragraphs as lines ended by LF, quote depth shown as "> > " marks' plain form ">> ". */
void flow_decode(struct buf *out, const char *s, size_t n, bool delsp);

#endif
