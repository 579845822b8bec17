/*
 * utf8: one character at a time (RFC 3629: no surrogates, no overlong forms, nothing past U+10FFFF).
 */
#ifndef LM_BASE_UTF8_H
#define LM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX = 4 }; /* octets of one character */

/* The length (1 to UTF8_MAX) of the character at s, of which n octets are there, with *cp set to
 * its code point; 0 when n is 0 or the octets do not begin with a well-formed character. */
size_t utf8_next(const char *s, size_t n, uint32_t *cp);
/* Writes the character and returns its length; 0 for a surrogate or what is past U+10FFFF. */
size_t utf8_put(char out[static UTF8_MAX], uint32_t cp);
/* What must not reach a terminal or a line of output as it is: C0, DEL, C1, the line and paragraph
 * separators, bidirectional controls. */
bool utf8_is_unsafe(uint32_t cp);

#endif
