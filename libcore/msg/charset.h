/*
 * charset: octets of a named charset to UTF-8, by iconv(3); shared by the files of msg/.
 */
#ifndef LM_MSG_CHARSET_H
#define LM_MSG_CHARSET_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { CHARSET_NAME_MAX = 64 };

/* kind NATIVE needs no conversion: UTF-8 and US-ASCII. */
struct charset {
	enum { CHARSET_NONE, CHARSET_NATIVE, CHARSET_ICONV } kind;
	iconv_t cd;
};

/* 0, or -1 for a name that is none or that nobody knows. */
int charset_open(struct charset *c, const char *name, size_t n);
/* Appends the octets as UTF-8 without controls (text_put()); what cannot be converted is U+FFFD. The
 * octets are whole: no state is carried to the next call. */
void charset_put(struct buf *out, const struct charset *c, const char *s, size_t n);
void charset_close(struct charset *c);

#endif
