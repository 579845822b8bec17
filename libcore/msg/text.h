/*
 * text: characters of header text, shared by the files of msg/.
 */
#ifndef LM_MSG_TEXT_H
#define LM_MSG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends s as well-formed UTF-8 without controls: C0, DEL and C1 are dropped, but a TAB becomes a
 * blank; octets that are no UTF-8 are taken as Latin-1. Line ends go, so nothing can add a field. */
void text_put(struct buf *out, const char *s, size_t n);
/* True when s holds an octet beyond ASCII. */
bool text_is_eight(const char *s, size_t n);
/* The length of the longest run of octets without a blank, and whether "=?" stands anywhere. */
size_t text_longest_run(const char *s, size_t n);
bool text_looks_encoded(const char *s, size_t n);

static inline bool text_is_blank(char c)
{
	return c == ' ' || c == '\t';
}
static inline bool text_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
static inline bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool text_is_alnum(char c)
{
	return text_is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
/* ftext: what the name of a header field is made of (RFC 5322 section 3.6.8). */
static inline bool text_is_ftext(char c)
{
	return c > ' ' && c <= '~' && c != ':';
}
/* atext of RFC 5322 section 3.2.3, and what RFC 6532 adds. */
bool text_is_atext(char c);
/* The value of a hexadecimal digit, or -1. */
int text_hex(char c);
/* s without the blanks and line ends around it. */
void text_trim(const char **s, size_t *n);
/* The length of the line at s without its end; *end is the length of that: LF, CRLF or a bare CR. */
size_t text_line(const char *s, size_t n, size_t *end);

#endif
