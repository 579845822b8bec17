/*
 * word_impl: what the encoders of msg/ share.
 */
#ifndef LM_MSG_WORD_IMPL_H
#define LM_MSG_WORD_IMPL_H

#include <stddef.h>

#include "base/buf.h"

/* Appends the n > 0 octets of clean UTF-8 at s as encoded words, all of it: fit for a phrase too
 * (RFC 2047 section 5 (3)). */
void word_encode_all(struct buf *out, const char *s, size_t n);

#endif
