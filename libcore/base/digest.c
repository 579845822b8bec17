/* The functions that work in memory of the caller's, and so cannot fail; OpenSSL 3 would rather have everybody allocate. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

void digest_init(struct digest *d)
{
	SHA256_Init(&d->sha);
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	SHA256_Update(&d->sha, p, n);
}

void digest_end(struct digest *d, unsigned char out[static DIGEST_LEN])
{
	SHA256_Final(out, &d->sha);
}
