#include "store/maildir_delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir_impl.h"

enum { PIECE = 16 * 1024 };

int delivery_begin(struct delivery *d, const struct maildir *m, unsigned how, struct fault *f)
{
	d->m = m;
	d->result = DELIVERY_NONE;
	d->in_new = false;
	d->how = how;
	d->held_cr = false;
	d->octets_in = d->octets = 0;
	d->name[0] = '\0';
	d->fd = maildir_tmp_open(m, d->tmp);
	if (d->fd == -1)
		return fault_errno(f, FAULT_IO, "cannot make a file in %s/tmp", m->path);
	if ((how & DELIVERY_DIGEST) != 0)
		lines_digest_init(&d->digest);
	d->result = DELIVERY_OPEN;
	return 0;
}

void delivery_abort(struct delivery *d)
{
	if (d->result != DELIVERY_OPEN)
		return;
	close(d->fd);
	unlinkat(d->m->tmp, d->tmp, 0);
	d->fd = -1;
	d->result = DELIVERY_NONE;
}

static bool is_synced(const struct delivery *d)
{
	return (d->how & DELIVERY_UNSYNCED) == 0;
}

static int failed(struct delivery *d, const char *what, struct fault *f)
{
	fault_errno(f, FAULT_IO, "cannot %s %s/tmp/%s", what, d->m->path, d->tmp);
	delivery_abort(d);
	return -1;
}

static int put(struct delivery *d, const char *p, size_t n, struct fault *f)
{
	if ((d->how & DELIVERY_DIGEST) != 0)
		lines_digest_add(&d->digest, p, n);
	d->octets += n;
	return maildir_write(d->fd, p, n, -1) == -1 ? failed(d, "write", f) : 0;
}

int delivery_write(struct delivery *d, const char *p, size_t n, struct fault *f)
{
	char lf[PIECE + 1];

	for (size_t at = 0, len; at < n; at += len) {
		len = n - at < PIECE ? n - at : PIECE;
		if (put(d, lf, lines_to_lf(lf, p + at, len, &d->held_cr), f) == -1)
			return -1;
		d->octets_in += len;
	}
	return 0;
}

int delivery_finish(
    struct delivery *d, const char *name, bool in_new, time_t mtime, struct fault *f)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = mtime}};

	if (!maildir_is_file_name(name)) {
		delivery_abort(d);
		return fault_set(
		    f, FAULT_DATA, "%s: \"%s\" cannot be the name of a message", d->m->path, name);
	}
	if (d->held_cr && put(d, "\r", 1, f) == -1)
		return -1;
	d->held_cr = false;
	if ((d->how & DELIVERY_DIGEST) != 0)
		lines_digest_end(&d->digest, d->sha256);
	if (futimens(d->fd, times) == -1)
		return failed(d, "set the date of", f);
	/* Only a beginning: what it does not do, the fdatasync() of the batch does. */
	if (is_synced(d))
		sync_file_range(d->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	memcpy(d->name, name, strlen(name) + 1);
	d->in_new = in_new;
	return 0;
}

static int sync_all(struct delivery *d, size_t n, struct fault *f)
{
	for (size_t i = 0; i < n; i++)
		if (d[i].result == DELIVERY_OPEN && is_synced(&d[i]) && fdatasync(d[i].fd) == -1)
			return failed(&d[i], "sync", f);
	return 0;
}

static int put_in_place(struct delivery *d, struct fault *f)
{
	const struct maildir *m = d->m;

	if (maildir_rename_new(m->tmp, d->tmp, maildir_dir(m, d->in_new), d->name) == 0) {
		close(d->fd);
		d->fd = -1;
		d->result = DELIVERY_DONE;
		return 0;
	}
	if (errno != EEXIST)
		return failed(d, "rename", f);
	delivery_abort(d);
	d->result = DELIVERY_EXISTS;
	return 0;
}

static int sync_part(const struct delivery *d, size_t n, bool in_new, struct fault *f)
{
	const struct maildir *m;

	while (n > 0 && !(d->result == DELIVERY_DONE && is_synced(d) && d->in_new == in_new)) {
		d++;
		n--;
	}
	if (n == 0)
		return 0;
	m = d->m;
	if (fsync(maildir_dir(m, in_new)) == -1)
		return fault_errno(
		    f, FAULT_IO, "cannot sync %s/%s", m->path, maildir_dir_name(in_new));
	return 0;
}

int delivery_commit(struct delivery *d, size_t n, struct fault *f)
{
	int r = sync_all(d, n, f);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (d[i].result == DELIVERY_OPEN)
			r = put_in_place(&d[i], f);
	if (r == 0 && sync_part(d, n, false, f) == 0)
		r = sync_part(d, n, true, f);
	else
		r = -1;
	for (size_t i = 0; i < n; i++)
		delivery_abort(&d[i]);
	return r;
}
