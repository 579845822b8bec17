#include "store/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir_impl.h"

static const int64_t second_ns = 1000000000;
enum { GRANULE_NS = 10 * 1000 * 1000 };

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Made by another program meanwhile is as good as made by us. */
static int make_dir(int at, const char *name)
{
	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		return -1;
	if (fsync(at) == -1)
		return -1;
	return open_dir(at, name);
}

int maildir_enter(int at, const char *name, bool create, const char *what, struct fault *f)
{
	int fd = open_dir(at, name);

	if (fd == -1 && errno == ENOENT && create)
		fd = make_dir(at, name);
	if (fd != -1)
		return fd;
	if (errno == ENOENT)
		return fault_errno(f, FAULT_NOINPUT, "cannot open the folder %s", what);
	if (errno == ENOTDIR || errno == ELOOP)
		return fault_set(f, FAULT_DATA,
		    "cannot open the folder %s: %s is no directory (or a symbolic link)", what,
		    name);
	return fault_errno(f, FAULT_IO, "cannot open the folder %s", what);
}

static bool is_component(const char *s, size_t n)
{
	return n > 0 && n <= MAILDIR_NAME_MAX && !(n == 2 && memcmp(s, "..", 2) == 0);
}

int maildir_walk(int dirfd, const char *path, size_t n, bool create, struct fault *f)
{
	char component[MAILDIR_NAME_MAX + 1];
	int fd = maildir_enter(dirfd, ".", false, path, f);

	for (size_t at = 0; fd != -1 && at < n;) {
		const char *slash = memchr(path + at, '/', n - at);
		size_t len = slash != NULL ? (size_t)(slash - path) - at : n - at;
		int next = -1;

		if (is_component(path + at, len)) {
			memcpy(component, path + at, len);
			component[len] = '\0';
			next = maildir_enter(fd, component, create, path, f);
		} else {
			fault_set(f, FAULT_DATA, "%s is no path of a folder", path);
		}
		close(fd);
		fd = next;
		at += len + 1;
	}
	return fd;
}

static int enter_part(struct maildir *m, const char *name, bool create, struct fault *f)
{
	struct fault why;
	int fd = maildir_enter(m->fd, name, create, m->path, &why);

	if (fd == -1 && why.cls == FAULT_NOINPUT)
		fault_set(&why, FAULT_DATA, "%s is no Maildir folder: it has no %s", m->path, name);
	if (fd == -1)
		*f = why;
	return fd;
}

int maildir_open(int dirfd, const char *path, bool create, struct maildir *m, struct fault *f)
{
	*m = MAILDIR_CLOSED;
	m->path = strdup(path);
	if (m->path == NULL)
		return fault_errno(f, FAULT_IO, "cannot open the folder %s", path);
	m->fd = maildir_walk(dirfd, path, strlen(path), create, f);
	/* tmp comes last: what has it has the others, so that nothing is delivered into half a folder. */
	if (m->fd == -1 || (m->cur = enter_part(m, "cur", create, f)) == -1 ||
	    (m->new = enter_part(m, "new", create, f)) == -1 ||
	    (m->tmp = enter_part(m, "tmp", create, f)) == -1) {
		maildir_close(m);
		return -1;
	}
	return 0;
}

static void close_fd(int fd)
{
	if (fd != -1)
		close(fd);
}

void maildir_close(struct maildir *m)
{
	close_fd(m->fd);
	close_fd(m->cur);
	close_fd(m->new);
	close_fd(m->tmp);
	free(m->path);
	*m = MAILDIR_CLOSED;
}

/* Times that do not fit, which a file system may make up, are the last that do. */
static int64_t to_ns(const struct timespec *t)
{
	int64_t s = t->tv_sec;

	if (s >= INT64_MAX / second_ns)
		return INT64_MAX;
	if (s <= INT64_MIN / second_ns)
		return INT64_MIN;
	return s * second_ns + t->tv_nsec;
}

int64_t maildir_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return to_ns(&t);
}

static int changed_at(int fd, int64_t *out)
{
	struct stat st;
	int64_t m, c;

	if (fstat(fd, &st) == -1)
		return -1;
	m = to_ns(&st.st_mtim);
	c = to_ns(&st.st_ctim);
	*out = m > c ? m : c;
	return 0;
}

int maildir_stamp(const struct maildir *m, struct maildir_stamp *out, struct fault *f)
{
	struct stat st;

	if (fstat(m->fd, &st) == -1 || changed_at(m->cur, &out->cur_ns) == -1 ||
	    changed_at(m->new, &out->new_ns) == -1)
		return fault_errno(f, FAULT_IO, "cannot look at the folder %s", m->path);
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return 0;
}

bool maildir_stamp_same(const struct maildir_stamp *a, const struct maildir_stamp *b)
{
	return a->cur_ns == b->cur_ns && a->new_ns == b->new_ns && a->dev == b->dev &&
	    a->ino == b->ino;
}

static bool settled(int64_t changed, int64_t now)
{
	int64_t granule = changed % second_ns == 0 ? 2 * second_ns : GRANULE_NS;

	return changed <= now - granule;
}

bool maildir_stamp_settled(const struct maildir_stamp *s, int64_t now_ns)
{
	return settled(s->cur_ns, now_ns) && settled(s->new_ns, now_ns);
}
