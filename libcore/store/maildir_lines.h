/*
 * maildir_lines: line ends between the wire (CRLF) and a file (LF), and the digest that does not depend on them.
 */
#ifndef LM_STORE_MAILDIR_LINES_H
#define LM_STORE_MAILDIR_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

/* SHA-256 of the octets with every CR that stands before an LF (or before such a CR) left out: a message has the same digest as it comes from the
 * server, as it lies in the Maildir, and as another client stored it. Pieces of any size. */
struct lines_digest {
	struct digest digest;
	uint64_t held; /* CRs of which it is not known yet what follows */
};
void lines_digest_init(struct lines_digest *d);
void lines_digest_add(struct lines_digest *d, const char *p, size_t n);
void lines_digest_end(struct lines_digest *d, unsigned char out[static DIGEST_LEN]);

/* CRLF to LF. Writes at most n + 1 octets to out and returns how many; *held_cr carries a CR at the end of a piece over to the
 * next one (at the very end, the caller writes it). */
size_t lines_to_lf(char *out, const char *p, size_t n, bool *held_cr);
/* LF to CRLF, where it is not CRLF already. At most 2n octets. *after_cr: the octet before p was a CR. */
size_t lines_to_crlf(char *out, const char *p, size_t n, bool *after_cr);

#endif
