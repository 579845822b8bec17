/*
 * flow: text/plain; format=flowed (RFC 3676).
 *
 * A line of plain text is a paragraph, and the ">" at its start are its quote depth: ">> text", and
 * "> > text" as other programs write it. Lines end in LF, CRLF or a bare CR. Linear in time.
 */
#ifndef LM_MSG_FLOW_H
#define LM_MSG_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Encodes the n octets of UTF-8 text at s as lines of at most `width` octets (72 fits mail), each
 * ended by CRLF. Lines that begin with a blank, "From " or an unquoted ">" are stuffed; blanks at the
 * end of a paragraph are removed, so that nothing flows by accident; "-- " stays a signature's line,
 * and no other line becomes one. A word longer than a line stands on a line of its own; with `delsp`
 * it breaks between characters, as text without blanks (CJK) does (RFC 3676 section 4.1). What is
 * quoted too deeply for the width is not broken.
 */
void flow_encode(struct buf *out, const char *s, size_t n, unsigned width, bool delsp);
/* The inverse: paragraphs as lines ended by LF, with their quote depth as ">> ". */
void flow_decode(struct buf *out, const char *s, size_t n, bool delsp);

#endif
