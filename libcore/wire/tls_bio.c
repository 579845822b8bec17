#include <string.h>

#include "wire/tls_impl.h"

/*
 * A BIO of our own, for three things that the socket BIO does not do: it raises no SIGPIPE, it gathers the messages
 * of a handshake flight, and it hides a failed write from OpenSSL (as one that has to wait), so
 * that the server's last words can still be read; the link remembers the failure.
 */

static void drop_held(struct tls *t, size_t n)
{
	t->nheld -= n;
	memmove(t->held, t->held + n, t->nheld);
}

void tls_bio_flush(struct tls *t)
{
	while (t->nheld > 0) {
		ssize_t r = link_write(t->link, t->held, t->nheld);

		if (r <= 0)
			return;
		drop_held(t, (size_t)r);
	}
}

static int wait_to_write(BIO *b)
{
	BIO_set_retry_write(b);
	return 0;
}

static int bio_write(BIO *b, const char *p, size_t n, size_t *done)
{
	struct tls *t = BIO_get_data(b);
	ssize_t r;

	BIO_clear_retry_flags(b);
	if (!t->is_up && n > sizeof(t->held) - t->nheld) {
		tls_bio_flush(t);
		if (t->nheld > 0)
			return wait_to_write(b);
	}
	if (!t->is_up && n <= sizeof(t->held) - t->nheld) {
		memcpy(t->held + t->nheld, p, n);
		t->nheld += n;
		*done = n;
		return 1;
	}
	r = link_write2(t->link, t->held, t->nheld, p, n);
	if (r <= 0)
		return wait_to_write(b);
	if ((size_t)r <= t->nheld) {
		drop_held(t, (size_t)r);
		return wait_to_write(b);
	}
	*done = (size_t)r - t->nheld;
	t->nheld = 0;
	return 1;
}

static int bio_read(BIO *b, char *p, size_t n, size_t *done)
{
	struct tls *t = BIO_get_data(b);
	ssize_t r;

	BIO_clear_retry_flags(b);
	/* The peer answers only what it has got. */
	tls_bio_flush(t);
	r = link_read(t->link, p, n);
	if (r > 0) {
		*done = (size_t)r;
		return 1;
	}
	if (r == -1 && t->link->read_error == 0)
		BIO_set_retry_read(b);
	return 0;
}

static long bio_ctrl(BIO *b, int what, long number, void *p)
{
	const struct tls *t = BIO_get_data(b);

	(void)number;
	(void)p;
	switch (what) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return t->link->eof;
	default:
		return 0;
	}
}

int tls_bio_attach(struct tls *t)
{
	BIO *b;

	t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "link");
	if (t->method == NULL || !BIO_meth_set_write_ex(t->method, bio_write) ||
	    !BIO_meth_set_read_ex(t->method, bio_read) || !BIO_meth_set_ctrl(t->method, bio_ctrl))
		return -1;
	b = BIO_new(t->method);
	if (b == NULL)
		return -1;
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	return 0;
}
