#include "store/maildir_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "msg/header.h"
#include "store/maildir_impl.h"
#include "store/maildir_lines.h"

enum { PIECE = 16 * 1024 };

/* What is gathered while the file is read through. */
struct pass {
	struct lines_digest digest;
	struct buf header;
	uint64_t bare; /* LF without CR */
	bool after_cr;
};

static uint64_t count_bare(struct pass *s, const char *p, size_t n)
{
	uint64_t bare = 0;

	for (size_t at = 0; at < n;) {
		const char *lf = memchr(p + at, '\n', n - at);
		size_t end = lf != NULL ? (size_t)(lf - p) : n;

		if (end > at)
			s->after_cr = p[end - 1] == '\r';
		if (lf != NULL) {
			bare += !s->after_cr;
			s->after_cr = false;
		}
		at = end + 1;
	}
	return bare;
}

static void look_at(struct upload_file *u, struct pass *s, const char *p, size_t n)
{
	size_t room = s->header.max - s->header.len;

	u->octets += n;
	u->has_nul = u->has_nul || memchr(p, '\0', n) != NULL;
	s->bare += count_bare(s, p, n);
	lines_digest_add(&s->digest, p, n);
	buf_put(&s->header, p, n < room ? n : room);
}

static int read_failed(const struct upload_file *u, struct fault *f)
{
	return fault_errno(f, FAULT_IO, "cannot read %s", u->name);
}

/* Octets read at `at`, 0 at the end, -1. */
static ssize_t read_at(const struct upload_file *u, char *p, size_t n, uint64_t at)
{
	ssize_t r;

	do
		r = pread(u->fd, p, n, (off_t)at);
	while (r == -1 && errno == EINTR);
	return r;
}

static int read_through(struct upload_file *u, struct pass *s, struct fault *f)
{
	char piece[PIECE];
	ssize_t r;

	while ((r = read_at(u, piece, sizeof(piece), u->octets)) > 0)
		look_at(u, s, piece, (size_t)r);
	if (r == -1)
		return read_failed(u, f);
	if (buf_failed(&s->header))
		return fault_set(f, FAULT_IO, "cannot read %s: out of memory", u->name);
	return 0;
}

static void find_message_id(struct upload_file *u, const struct buf *text)
{
	struct header h = {text->data, text->len};
	struct field field;
	struct buf value;

	h.len = h.text != NULL ? header_length(h.text, h.len) : 0;
	if (h.len == 0 || !header_find(&h, "Message-ID", &field))
		return;
	buf_init(&value, UPLOAD_MESSAGE_ID_MAX);
	field_unfold(&value, &field);
	if (!buf_failed(&value))
		memcpy(u->message_id, buf_str(&value), value.len + 1);
	buf_free(&value);
}

static int survey(struct upload_file *u, struct fault *f)
{
	struct pass s = {.bare = 0};
	int r;

	lines_digest_init(&s.digest);
	buf_init(&s.header, UPLOAD_HEADER_MAX);
	r = read_through(u, &s, f);
	if (r == 0) {
		find_message_id(u, &s.header);
		u->size = u->octets + s.bare;
		u->plain = s.bare == 0;
	}
	lines_digest_end(&s.digest, u->sha256);
	buf_free(&s.header);
	return r;
}

static int open_file(struct upload_file *u, int dir, const char *file, struct fault *f)
{
	struct stat st;

	u->fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (u->fd == -1)
		return errno == ENOENT ? 0 : read_failed(u, f);
	if (fstat(u->fd, &st) == -1)
		return read_failed(u, f);
	if (!S_ISREG(st.st_mode))
		return fault_set(f, FAULT_IO, "cannot read %s: it is no regular file", u->name);
	u->mtime = st.st_mtime;
	return 1;
}

int upload_open(
    struct upload_file *u, const struct maildir *m, bool in_new, const char *file, struct fault *f)
{
	int r = 0;

	*u = (struct upload_file){.fd = -1};
	if (!maildir_is_file_name(file))
		return fault_set(
		    f, FAULT_DATA, "%s: \"%s\" cannot be the name of a message", m->path, file);
	memcpy(u->name, file, strlen(file) + 1);
	r = open_file(u, maildir_dir(m, in_new), file, f);
	if (r == 1 && survey(u, f) == -1)
		r = -1;
	if (r != 1)
		upload_close(u);
	if (r == -1)
		fault_while(f, "%s/%s", m->path, maildir_dir_name(in_new));
	return r;
}

void upload_close(struct upload_file *u)
{
	if (u->fd != -1)
		close(u->fd);
	u->fd = -1;
}

/* Where O_TMPFILE is not known, what is left by a kill between open and unlink is removed by maildir_clean_tmp(). */
int upload_spool(const struct maildir *m, struct fault *f)
{
	char name[MAILDIR_NAME_MAX + 1];
	int fd = openat(m->tmp, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd != -1)
		return fd;
	fd = maildir_tmp_open(m, name);
	if (fd == -1)
		return fault_errno(f, FAULT_IO, "cannot make a file in %s/tmp", m->path);
	unlinkat(m->tmp, name, 0);
	return fd;
}

static int changed(const struct upload_file *u, struct fault *f)
{
	return fault_set(f, FAULT_TEMP, "%s was changed while it was read", u->name);
}

int upload_write(const struct upload_file *u, int to, off_t offset, struct fault *f)
{
	char piece[PIECE], out[2 * PIECE];
	uint64_t at = 0, done = 0;
	bool after_cr = false;
	ssize_t r;

	while ((r = read_at(u, piece, sizeof(piece), at)) > 0) {
		size_t len = lines_to_crlf(out, piece, (size_t)r, &after_cr);

		if (len > u->size - done)
			return changed(u, f);
		if (maildir_write(to, out, len, offset + (off_t)done) == -1)
			return fault_errno(
			    f, FAULT_IO, "cannot write a copy of %s for sending", u->name);
		at += (uint64_t)r;
		done += len;
	}
	if (r == -1)
		return read_failed(u, f);
	return done == u->size && at == u->octets ? 0 : changed(u, f);
}
