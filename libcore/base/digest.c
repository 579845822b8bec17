#include "base/digest.h"

void digest_init(struct digest *d)
{
	SHA256Init(&d->sha);
}

void digest_add(struct digest *d, const void *p, size_t n)
{
	SHA256Update(&d->sha, p, n);
}

void digest_end(struct digest *d, unsigned char out[static DIGEST_LEN])
{
	SHA256Final(out, &d->sha);
}
