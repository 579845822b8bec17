#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/folder.h"
#include "store/folder_impl.h"
#include "store/maildir_impl.h"

static const char *const parts[] = {"tmp", "new", "cur"};
enum { PARTS = 3 };

int folder_create(
    int root, enum folder_layout layout, const char *path, struct maildir *m, struct fault *f)
{
	int fd;

	if (maildir_open(root, path, true, m, f) == -1)
		return -1;
	if (layout == FOLDER_FS || strcmp(path, ".") == 0)
		return 0;
	fd = openat(m->fd, "maildirfolder", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 || fsync(m->fd) == -1) {
		fault_errno(f, FAULT_IO, "cannot write %s/maildirfolder", path);
		maildir_close(m);
	}
	if (fd != -1)
		close(fd);
	return m->fd != -1 ? 0 : -1;
}

/* The name of a path's last component; *n is the length of what is before it. */
static const char *last_component(const char *path, size_t *n)
{
	const char *slash = strrchr(path, '/');

	*n = slash != NULL ? (size_t)(slash - path) : 0;
	return slash != NULL ? slash + 1 : path;
}

static int enter_parent(int root, const char *path, const char **name, bool create, struct fault *f)
{
	size_t n;

	*name = last_component(path, &n);
	if (strcmp(*name, "..") == 0 || **name == '\0')
		return fault_set(f, FAULT_DATA, "%s is no path of a folder", path);
	return maildir_walk(root, path, n, create, f);
}

/*
 * Removing.
 */

/* What may be deleted with a folder, because it says nothing without the messages. */
static bool is_index(const char *name)
{
	static const char *const known[] = {"dovecot-keywords", ".dovecot-keywords.lm",
	    "dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.log.2",
	    "dovecot.index.cache", "maildirfolder"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return false;
}

static bool is_self(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static DIR *read_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;

	if (dir == NULL && fd != -1)
		close(fd);
	return dir;
}

/* 1, or 0 when there is an entry, -1 with errno. What is not there is empty. */
static int is_empty(int at, const char *name)
{
	DIR *dir = read_dir(at, name);
	struct dirent *d;

	if (dir == NULL)
		return errno == ENOENT ? 1 : -1;
	errno = 0;
	while ((d = readdir(dir)) != NULL && is_self(d->d_name))
		continue;
	closedir(dir);
	if (d != NULL)
		return 0;
	return errno == 0 ? 1 : -1;
}

struct content {
	bool children; /* directories that may be folders below this one */
	bool foreign;
};

static void judge(int fd, const char *name, enum folder_layout layout, struct content *c)
{
	if (is_self(name) || folder_is_part(name))
		return;
	if (folder_is_dir(fd, name)) {
		c->children = true;
		c->foreign = c->foreign || layout == FOLDER_MAILDIRPP || name[0] == '.';
	} else if (!is_index(name)) {
		c->foreign = true;
	}
}

/* What the folder holds beside cur, new and tmp. -1 with errno. */
static int survey(int fd, enum folder_layout layout, struct content *c)
{
	DIR *dir = read_dir(fd, ".");
	struct dirent *d;

	*c = (struct content){false, false};
	if (dir == NULL)
		return -1;
	while ((d = maildir_readdir(dir)) != NULL)
		judge(fd, d->d_name, layout, c);
	closedir(dir);
	return errno == 0 ? 0 : -1;
}

static void clean_tmp(int fd)
{
	struct maildir m = MAILDIR_CLOSED;

	m.tmp = openat(fd, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m.tmp == -1)
		return;
	maildir_clean_tmp(&m, MAILDIR_TMP_AGE);
	close(m.tmp);
}

static void restore_parts(int fd, int n)
{
	while (n > 0)
		mkdirat(fd, parts[--n], 0700);
}

/* tmp first, for what is delivered passes through it. 1; 0 with all as it was; -1 with errno. */
static int remove_parts(int fd)
{
	for (int i = 0; i < PARTS; i++) {
		int error;

		if (unlinkat(fd, parts[i], AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		error = errno;
		restore_parts(fd, i);
		errno = error;
		return error == ENOTEMPTY || error == EEXIST ? 0 : -1;
	}
	return 1;
}

static int remove_indexes(int fd)
{
	DIR *dir = read_dir(fd, ".");
	struct dirent *d;
	int r = 0;

	if (dir == NULL)
		return -1;
	while ((d = readdir(dir)) != NULL)
		if (is_index(d->d_name) && unlinkat(fd, d->d_name, 0) == -1 && errno != ENOENT)
			r = -1;
	closedir(dir);
	return r;
}

/* All but the directory itself. 1, 0 for what must stay, -1 with errno. */
static int empty_folder(int fd, enum folder_layout layout, struct content *c)
{
	int r;

	if (survey(fd, layout, c) == -1)
		return -1;
	if (c->foreign)
		return 0;
	clean_tmp(fd);
	for (int i = 0; i < PARTS; i++)
		if ((r = is_empty(fd, parts[i])) != 1)
			return r;
	r = remove_parts(fd);
	if (r == 1 && (remove_indexes(fd) == -1 || fsync(fd) == -1))
		return -1;
	return r;
}

/* A file that came in between keeps the folder. */
static int remove_dir(int parent, const char *name, int fd)
{
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return fsync(parent) == 0 ? 1 : -1;
	if (errno == ENOENT)
		return 1;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	restore_parts(fd, PARTS);
	return 0;
}

/* The parents of `path` that are empty, from below. */
static void prune(int root, const char *path)
{
	char up[FOLDER_PATH_MAX + 1];
	struct fault ignored;
	const char *name;
	size_t n;

	if (strlen(path) > FOLDER_PATH_MAX)
		return;
	memcpy(up, path, strlen(path) + 1);
	for (last_component(up, &n); n > 0; last_component(up, &n)) {
		int fd, r;

		up[n] = '\0';
		fd = enter_parent(root, up, &name, false, &ignored);
		if (fd == -1)
			return;
		r = unlinkat(fd, name, AT_REMOVEDIR);
		if (r == 0)
			r = fsync(fd);
		close(fd);
		if (r == -1)
			return;
	}
}

static int remove_from(
    int parent, const char *name, enum folder_layout layout, const char *path, struct fault *f)
{
	int fd = maildir_enter(parent, name, false, path, f), r;
	struct content c;

	if (fd == -1)
		return f->cls == FAULT_NOINPUT ? 1 : -1;
	r = empty_folder(fd, layout, &c);
	if (r == 1 && !c.children)
		r = remove_dir(parent, name, fd);
	if (r == -1)
		fault_errno(f, FAULT_IO, "cannot remove the folder %s", path);
	close(fd);
	return r;
}

int folder_remove(int root, enum folder_layout layout, const char *path, struct fault *f)
{
	struct fault why = {.cls = FAULT_NONE};
	const char *name;
	int parent, r;

	if (strcmp(path, ".") == 0)
		return 0;
	parent = enter_parent(root, path, &name, false, &why);
	if (parent == -1 && why.cls == FAULT_NOINPUT)
		return 1;
	r = parent != -1 ? remove_from(parent, name, layout, path, &why) : -1;
	if (r == -1)
		*f = why;
	if (parent != -1)
		close(parent);
	if (r == 1)
		prune(root, path);
	return r;
}

/*
 * Renaming.
 */

/* rename() that replaces nothing. A file system that cannot promise that would replace an empty directory at most. */
static int rename_dir(int from, const char *name, int to, const char *to_name)
{
	if (renameat2(from, name, to, to_name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (faccessat(to, to_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from, name, to, to_name);
}

static int rename_failed(const char *from, const char *to, struct fault *f)
{
	return fault_errno(f, errno == EEXIST || errno == ENOTEMPTY ? FAULT_DATA : FAULT_IO,
	    "cannot rename the folder %s to %s", from, to);
}

static int rename_to(
    int parent, const char *name, int root, const char *from, const char *to, struct fault *f)
{
	const char *to_name;
	int to_parent = enter_parent(root, to, &to_name, true, f), r = 0;

	if (to_parent == -1)
		return -1;
	if (rename_dir(parent, name, to_parent, to_name) == -1 || fsync(to_parent) == -1 ||
	    fsync(parent) == -1)
		r = rename_failed(from, to, f);
	close(to_parent);
	if (r == -1)
		prune(root, to);
	return r == 0 ? 1 : -1;
}

static int rename_fs(int root, const char *from, const char *to, struct fault *f)
{
	struct fault why = {.cls = FAULT_NONE};
	const char *name;
	int parent = enter_parent(root, from, &name, false, &why), r = 0;

	if (parent == -1) {
		if (why.cls != FAULT_NOINPUT)
			*f = why;
		return why.cls == FAULT_NOINPUT ? 0 : -1;
	}
	if (folder_is_dir(parent, name))
		r = rename_to(parent, name, root, from, to, f);
	close(parent);
	if (r == 1)
		prune(root, from);
	return r;
}

/* What a folder below `from` is called after the renaming ("": a name that is too long). False when `name` is none. */
static bool child_name(const char *name, const char *from, const char *to, char *out, size_t n)
{
	size_t len = strlen(from), head = strlen(to), tail;

	if (strncmp(name, from, len) != 0 || name[len] != '.')
		return false;
	tail = strlen(name + len);
	out[0] = '\0';
	if (head + tail < n) {
		memcpy(out, to, head);
		memcpy(out + head, name + len, tail + 1);
	}
	return true;
}

/* Looks (nothing is renamed then) or renames. How many there are, or -1 with errno. */
static int rename_children(int root, const char *from, const char *to, bool look)
{
	char target[FOLDER_COMPONENT_MAX + 1];
	DIR *dir = read_dir(root, ".");
	struct dirent *d;
	int n = 0, error = 0;

	if (dir == NULL)
		return -1;
	while (error == 0 && (d = maildir_readdir(dir)) != NULL) {
		if (!child_name(d->d_name, from, to, target, sizeof(target)))
			continue;
		n++;
		if (target[0] == '\0')
			error = ENAMETOOLONG;
		else if (!look && rename_dir(root, d->d_name, root, target) == -1)
			error = errno;
		else if (look && faccessat(root, target, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			error = EEXIST;
	}
	if (error == 0)
		error = errno;
	closedir(dir);
	errno = error;
	return error == 0 ? n : -1;
}

/* Children first: as long as the folder itself is there, it is known that some may be left. */
static int rename_maildirpp(int root, const char *from, const char *to, struct fault *f)
{
	bool there = folder_is_dir(root, from);
	int n;

	if (faccessat(root, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && there) {
		errno = EEXIST;
		return rename_failed(from, to, f);
	}
	n = rename_children(root, from, to, true);
	if (n > 0)
		n = rename_children(root, from, to, false);
	if (n == -1 || (there && rename_dir(root, from, root, to) == -1) || fsync(root) == -1)
		return rename_failed(from, to, f);
	return there || n > 0;
}

/* `to` is `from` or lies below it. */
static bool is_within(enum folder_layout layout, const char *from, const char *to)
{
	size_t n = strlen(from);

	return strncmp(from, to, n) == 0 &&
	    (to[n] == '\0' || to[n] == (layout == FOLDER_FS ? '/' : '.'));
}

static bool is_renamable(enum folder_layout layout, const char *path)
{
	if (*path == '\0' || strcmp(path, ".") == 0)
		return false;
	return layout == FOLDER_FS || (path[0] == '.' && maildir_is_file_name(path + 1));
}

int folder_rename(
    int root, enum folder_layout layout, const char *from, const char *to, struct fault *f)
{
	if (!is_renamable(layout, from) || !is_renamable(layout, to) || is_within(layout, from, to))
		return fault_set(f, FAULT_DATA, "the folder %s cannot become %s", from, to);
	if (layout == FOLDER_MAILDIRPP)
		return rename_maildirpp(root, from, to, f);
	return rename_fs(root, from, to, f);
}
