#include "store/maildir_lines.h"

#include <string.h>

void lines_digest_init(struct lines_digest *d)
{
	digest_init(&d->digest);
	d->held = 0;
}

static void put_crs(struct lines_digest *d)
{
	char crs[256];

	memset(crs, '\r', sizeof(crs));
	while (d->held > 0) {
		size_t n = d->held < sizeof(crs) ? (size_t)d->held : sizeof(crs);

		digest_add(&d->digest, crs, n);
		d->held -= n;
	}
}

void lines_digest_add(struct lines_digest *d, const char *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		const char *cr;
		size_t len;

		if (p[at] == '\r') {
			d->held++;
			at++;
			continue;
		}
		if (p[at] == '\n')
			d->held = 0;
		put_crs(d);
		cr = memchr(p + at, '\r', n - at);
		len = cr != NULL ? (size_t)(cr - p) - at : n - at;
		digest_add(&d->digest, p + at, len);
		at += len;
	}
}

void lines_digest_end(struct lines_digest *d, unsigned char out[static DIGEST_LEN])
{
	put_crs(d);
	digest_end(&d->digest, out);
}

size_t lines_to_lf(char *out, const char *p, size_t n, bool *held_cr)
{
	size_t len = 0;

	for (size_t at = 0; at < n;) {
		const char *cr = memchr(p + at, '\r', n - at);
		size_t run = cr != NULL ? (size_t)(cr - p) - at : n - at;

		if (*held_cr && p[at] != '\n')
			out[len++] = '\r';
		memcpy(out + len, p + at, run);
		len += run;
		*held_cr = cr != NULL;
		at += run + (cr != NULL);
	}
	return len;
}

size_t lines_to_crlf(char *out, const char *p, size_t n, bool *after_cr)
{
	size_t len = 0;

	for (size_t at = 0; at < n;) {
		const char *lf = memchr(p + at, '\n', n - at);
		size_t run = lf != NULL ? (size_t)(lf - p) - at : n - at;

		memcpy(out + len, p + at, run);
		len += run;
		if (run > 0)
			*after_cr = p[at + run - 1] == '\r';
		at += run;
		if (lf == NULL)
			break;
		if (!*after_cr)
			out[len++] = '\r';
		out[len++] = '\n';
		*after_cr = false;
		at++;
	}
	return len;
}
