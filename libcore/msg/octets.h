/*
 * octets: what a line holds; the inner loop of content_feed() and assembly_normalise().
 */
#ifndef LM_MSG_OCTETS_H
#define LM_MSG_OCTETS_H

#include "msg/assembly.h"

/* content_feed() for octets without CR and LF: a line, or a piece of one. */
void content_feed_line(struct content_scan *s, const char *p, size_t n);

#endif
