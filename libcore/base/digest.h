/*
 * digest: SHA-256 (FIPS 180-4), in pieces. By OpenSSL, which uses what the processor has for it (over ten times as fast as plain C); the
 * only place that includes <openssl/sha.h>.
 */
#ifndef LM_BASE_DIGEST_H
#define LM_BASE_DIGEST_H

#include <openssl/sha.h>
#include <stddef.h>

enum { DIGEST_LEN = 32 };

struct digest {
	SHA256_CTX sha;
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t n);
/* Ends it; digest_init() begins another. */
void digest_end(struct digest *d, unsigned char out[static DIGEST_LEN]);

#endif
