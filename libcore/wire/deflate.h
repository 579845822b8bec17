/*
 * deflate: the two raw DEFLATE streams of IMAP COMPRESS (RFC 4978). The only user of zlib.
 *
 * Memory: about 268 KiB for the writing side and 44 KiB for the reading side, whatever flows through.
 */
#ifndef LM_WIRE_DEFLATE_H
#define LM_WIRE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"

struct deflate;

struct deflate *deflate_new(struct fault *f);
void deflate_free(struct deflate *d);

/* Compresses n octets and appends what comes out, flushed (Z_SYNC_FLUSH) when `flush` is set, so that the
 * peer can read all of it. 0, or -1 with FAULT_BUG, or when `out` is full. */
int deflate_write(
    struct deflate *d, const void *p, size_t n, int flush, struct buf *out, struct fault *f);

/* Inflates from the n octets at p into room octets at `to`: *used and *made say how far it came (both may be 0
 * when it needs more input). -1: FAULT_PROTOCOL for a corrupt or ended stream. Output is bounded by `room`, so
 * a bomb costs the reader time only; the limits on what the octets mean are the parser's. */
int deflate_read(struct deflate *d, const void *p, size_t n, size_t *used, void *to, size_t room,
    size_t *made, struct fault *f);

#endif
