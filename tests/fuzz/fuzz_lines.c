/* However a message is cut, its file, its wire form and its digest are the same; and from the file the wire form comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/maildir_lines.h"

enum { MAX = 1024 };

static size_t to_lf(char *out, const char *p, size_t n, size_t cut)
{
	bool held = false;
	size_t len = lines_to_lf(out, p, cut, &held);

	if (len > cut + 1)
		abort();
	len += lines_to_lf(out + len, p + cut, n - cut, &held);
	if (held)
		out[len++] = '\r';
	return len;
}

static size_t to_crlf(char *out, const char *p, size_t n, size_t cut)
{
	bool after_cr = false;
	size_t len = lines_to_crlf(out, p, cut, &after_cr);

	len += lines_to_crlf(out + len, p + cut, n - cut, &after_cr);
	if (len < n || len > 2 * n)
		abort();
	return len;
}

static void digest(unsigned char out[static DIGEST_LEN], const char *p, size_t n, size_t cut)
{
	struct lines_digest d;

	lines_digest_init(&d);
	lines_digest_add(&d, p, cut);
	lines_digest_add(&d, p + cut, n - cut);
	lines_digest_end(&d, out);
}

static void check(const char *p, size_t n, size_t cut)
{
	static char lf[MAX + 2], whole[2 * MAX], cut_wire[2 * MAX], again[4 * MAX];
	unsigned char a[DIGEST_LEN], b[DIGEST_LEN];
	size_t nlf = to_lf(lf, p, n, cut), nwire = to_crlf(whole, p, n, 0);

	if (nlf > n || to_crlf(cut_wire, p, n, cut) != nwire || memcmp(whole, cut_wire, nwire) != 0)
		abort();
	digest(a, p, n, cut);
	digest(b, lf, nlf, nlf / 2);
	if (memcmp(a, b, sizeof(a)) != 0)
		abort();
	digest(b, whole, nwire, nwire);
	if (memcmp(a, b, sizeof(a)) != 0)
		abort();
	/* The wire form has no more to convert. */
	if (to_crlf(again, whole, nwire, nwire / 2) != nwire || memcmp(again, whole, nwire) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0 || n > MAX)
		return 0;
	check((const char *)data + 1, n - 1, data[0] % n);
	return 0;
}
