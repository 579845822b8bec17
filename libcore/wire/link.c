#include "wire/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void link_init(struct link *l, int fd)
{
	*l = (struct link){.fd = fd};
}

static bool would_block(int error)
{
	return error == EAGAIN; /* EWOULDBLOCK is the same on Linux */
}

static void count_in(struct link *l, size_t n)
{
	l->down += n;
	if (l->wrote && !l->busy) {
		l->turnarounds++;
		l->wrote = false;
	}
}

ssize_t link_read(struct link *l, void *p, size_t n)
{
	ssize_t r;

	if (l->eof)
		return 0;
	do
		r = recv(l->fd, p, n, MSG_DONTWAIT);
	while (r == -1 && errno == EINTR);
	if (r > 0)
		count_in(l, (size_t)r);
	else if (r == 0)
		l->eof = true;
	else if (!would_block(errno))
		l->read_error = errno;
	return r;
}

static ssize_t put(struct link *l, struct iovec *iov, size_t count)
{
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = count};
	ssize_t r;

	if (l->write_error != 0)
		return -1;
	do
		r = sendmsg(l->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (r == -1 && errno == EINTR);
	if (r > 0) {
		l->up += (size_t)r;
		l->wrote = true;
	} else if (r == -1 && !would_block(errno)) {
		l->write_error = errno;
	}
	return r > 0 ? r : -1;
}

/* sendmsg(2) reads only; struct iovec cannot say so. */
static struct iovec piece(const void *p, size_t n)
{
	struct iovec iov = {.iov_len = n};

	memcpy(&iov.iov_base, &p, sizeof(p));
	return iov;
}

ssize_t link_write(struct link *l, const void *p, size_t n)
{
	struct iovec iov = piece(p, n);

	return put(l, &iov, 1);
}

ssize_t link_write2(struct link *l, const void *a, size_t na, const void *b, size_t nb)
{
	struct iovec iov[] = {piece(a, na), piece(b, nb)};

	return put(l, iov, 2);
}
