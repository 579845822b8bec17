/*
 * decode: the content of a part without its transfer encoding (RFC 2045 section 6), in pieces of any size, and a range of it.
 *
 *     decode_init(&d, decode_kind(part->encoding), 0, 0);
 *     ... while octets come in: n = decode_feed(&d, p, len, &out); ... out[0 .. n) ...
 *     n = decode_end(&d, &out);
 *     decode_free(&d);
 *
 * Lenient as RFC 2045 asks (base/enc.h): what is no base64 is skipped, a broken escape passes through.
 */
#ifndef LM_MSG_DECODE_H
#define LM_MSG_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/enc.h"

enum { DECODE_PIECE = 65536 }; /* octets of one call to decode_feed() */

/* DECODE_NONE: 7bit, 8bit and binary are the octets themselves. */
enum decode_kind { DECODE_NONE, DECODE_BASE64, DECODE_QUOTED, DECODE_UNKNOWN };

struct decode {
	enum decode_kind kind;
	struct enc_decoder state;
	struct buf out;
	uint64_t skip; /* octets of the result still to be dropped */
	uint64_t left; /* octets still wanted behind those */
};

/* Of the name in any case, blanks around it allowed; NULL or "": none was given, which means 7bit. */
enum decode_kind decode_kind(const char *encoding);
/* Only the `length` octets (0: all) from `offset` on of the decoded content will come out. UNKNOWN is taken as NONE. */
void decode_init(struct decode *d, enum decode_kind kind, uint64_t offset, uint64_t length);
/* Takes the n <= DECODE_PIECE octets at p and points *out (into d or into p, valid until the next call) to what they decode to. How many
 * octets that is: at most n and what a call before has held back. */
size_t decode_feed(struct decode *d, const char *p, size_t n, const char **out);
/* What was held back. Nothing may be fed afterwards. */
size_t decode_end(struct decode *d, const char **out);
void decode_free(struct decode *d);

#endif
