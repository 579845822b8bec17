/*
 * flow_impl: line ends, shared by the two directions of format=flowed.
 */
#ifndef LM_MSG_FLOW_IMPL_H
#define LM_MSG_FLOW_IMPL_H

#include "msg/flow.h"

/* What an octet is to the lines: takes 0 or 1 octets, says so, and sets *end when a line has ended. An end without an octet taken is that of a CR before. *cr is
 * the state from one octet to the next. With 0 and FLOW_END_NONE the octet is the line's. */
static inline size_t flow_line_end(bool *cr, char c, enum flow_end *end)
{
	bool after_cr = *cr;

	*cr = !after_cr && c == '\r';
	*end = FLOW_END_NONE;
	if (after_cr)
		*end = c == '\n' ? FLOW_END_CRLF : FLOW_END_CR;
	else if (c == '\n')
		*end = FLOW_END_LF;
	return c == '\n' || *cr;
}

/* Appends an end of line: `end`, or what `ends` makes of it. */
static inline void flow_put_end(struct buf *out, enum flow_ends ends, enum flow_end end)
{
	static const char *const text[] = {"", "\n", "\r\n", "\r"};

	if (ends != FLOW_KEEP)
		end = ends == FLOW_LF ? FLOW_END_LF : FLOW_END_CRLF;
	buf_puts(out, text[end]);
}

/* "-- " is the line before a signature (RFC 3676 section 4.3). */
static const char flow_signature[] = {'-', '-', ' '};

#endif
