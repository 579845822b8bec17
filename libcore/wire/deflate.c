#include "wire/deflate.h"

#define ZLIB_CONST
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	RAW = -15, /* raw DEFLATE with the 32 KiB window that RFC 4978 peers expect */
	LEVEL_MEM = 8,
	PIECE = 4096, /* octets of output room asked for at a time */
};

struct deflate {
	z_stream up, down;
};

struct deflate *deflate_new(struct fault *f)
{
	struct deflate *d = calloc(1, sizeof(*d));

	if (d == NULL)
		goto none;
	if (deflateInit2(&d->up, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW, LEVEL_MEM,
		Z_DEFAULT_STRATEGY) != Z_OK)
		goto no_up;
	if (inflateInit2(&d->down, RAW) != Z_OK)
		goto no_down;
	return d;
no_down:
	deflateEnd(&d->up);
no_up:
	free(d);
none:
	fault_set(f, FAULT_TEMP, "out of memory");
	return NULL;
}

void deflate_free(struct deflate *d)
{
	if (d == NULL)
		return;
	deflateEnd(&d->up);
	inflateEnd(&d->down);
	free(d);
}

static uInt at_most(size_t n)
{
	return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

/* Runs the deflater until it has taken its input and, with Z_SYNC_FLUSH, given all of its output. */
static int drive(z_stream *z, int how, struct buf *out, struct fault *f)
{
	do {
		char *to = buf_room(out, PIECE);
		int r;

		if (to == NULL)
			return fault_set(f, FAULT_BUG, "no room for compressed output");
		z->next_out = (Bytef *)to;
		z->avail_out = PIECE;
		r = deflate(z, how);
		out->len += PIECE - z->avail_out;
		/* Z_BUF_ERROR: there was nothing left to do. */
		if (r != Z_OK && r != Z_BUF_ERROR)
			return fault_set(f, FAULT_BUG, "zlib: deflate says %d", r);
	} while (z->avail_out == 0 || z->avail_in > 0);
	return 0;
}

int deflate_write(
    struct deflate *d, const void *p, size_t n, int flush, struct buf *out, struct fault *f)
{
	const Bytef *from = p;

	do {
		uInt some = at_most(n);

		n -= some;
		d->up.next_in = from;
		d->up.avail_in = some;
		if (drive(&d->up, flush && n == 0 ? Z_SYNC_FLUSH : Z_NO_FLUSH, out, f) == -1)
			return -1;
		from = d->up.next_in;
	} while (n > 0);
	return 0;
}

/* What came out before the stream broke or ended is good, and goes to the caller first. */
static int judge(int r, size_t made, struct fault *f)
{
	if (r == Z_OK || r == Z_BUF_ERROR)
		return 0;
	if (r == Z_MEM_ERROR)
		return fault_set(f, FAULT_TEMP, "out of memory");
	if (made > 0)
		return 0;
	if (r == Z_STREAM_END)
		return fault_set(f, FAULT_PROTOCOL, "the server ended the compressed stream");
	return fault_set(f, FAULT_PROTOCOL, "the compressed stream from the server is corrupt");
}

int deflate_read(struct deflate *d, const void *p, size_t n, size_t *used, void *to, size_t room,
    size_t *made, struct fault *f)
{
	z_stream *z = &d->down;
	int r;

	z->next_in = p;
	z->avail_in = at_most(n);
	z->next_out = to;
	z->avail_out = at_most(room);
	r = inflate(z, Z_SYNC_FLUSH);
	*used = at_most(n) - z->avail_in;
	*made = at_most(room) - z->avail_out;
	return judge(r, *made, f);
}
