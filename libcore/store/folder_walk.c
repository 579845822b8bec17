#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/folder.h"
#include "store/folder_impl.h"

bool folder_is_part(const char *name)
{
	return strcmp(name, "cur") == 0 || strcmp(name, "new") == 0 || strcmp(name, "tmp") == 0;
}

bool folder_is_dir(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool is_folder(int fd)
{
	return folder_is_dir(fd, "cur") && folder_is_dir(fd, "new") && folder_is_dir(fd, "tmp");
}

void folder_walk_begin(struct folder_walk *w, enum folder_layout layout, int root)
{
	w->layout = layout;
	w->root = root;
	w->begun = false;
	w->depth = 0;
	w->skipped = 0;
	w->path[0] = '\0';
}

void folder_walk_end(struct folder_walk *w)
{
	while (w->depth > 0)
		closedir(w->dir[--w->depth]);
}

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The directory fd, which is ours from here on, becomes the one that is read next. */
static int push(struct folder_walk *w, int fd)
{
	DIR *dir = fdopendir(fd);

	if (dir == NULL) {
		close(fd);
		return -1;
	}
	w->len[w->depth] = strlen(w->path);
	w->dir[w->depth++] = dir;
	return 0;
}

static bool is_of_interest(const struct folder_walk *w, int at, const struct dirent *d)
{
	const char *name = d->d_name;

	if (d->d_type != DT_DIR && d->d_type != DT_UNKNOWN)
		return false;
	if (w->layout == FOLDER_MAILDIRPP) {
		if (name[0] != '.' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			return false;
	} else if (name[0] == '.' || folder_is_part(name)) {
		return false;
	}
	return d->d_type == DT_DIR || folder_is_dir(at, name);
}

/* Puts the name behind the path of the directory that is being read. */
static int extend_path(struct folder_walk *w, const char *name)
{
	size_t at = w->len[w->depth - 1], n = strlen(name);

	if (at + n + 1 > FOLDER_PATH_MAX)
		return -1;
	if (at > 0)
		w->path[at++] = '/';
	memcpy(w->path + at, name, n + 1);
	return 0;
}

/* True when the directory is a folder. What vanished meanwhile is none, and no fault. */
static bool visit(struct folder_walk *w, int at, const char *name)
{
	int fd;
	bool found;

	if (extend_path(w, name) == -1) {
		w->skipped++;
		return false;
	}
	fd = open_dir(at, name);
	if (fd == -1) {
		w->skipped += errno != ENOENT;
		return false;
	}
	found = is_folder(fd);
	if (w->layout == FOLDER_MAILDIRPP) {
		close(fd);
	} else if (w->depth > FOLDER_DEPTH_MAX) {
		close(fd);
		w->skipped++;
		return false;
	} else if (push(w, fd) == -1) {
		w->skipped++;
	}
	return found;
}

static int begin(struct folder_walk *w, struct fault *f)
{
	int fd = open_dir(w->root, ".");

	w->begun = true;
	if (fd == -1 || push(w, fd) == -1)
		return fault_errno(f, FAULT_IO, "cannot read the folders");
	if (w->layout != FOLDER_MAILDIRPP || !is_folder(w->root))
		return 0;
	w->path[0] = '.';
	w->path[1] = '\0';
	return 1;
}

int folder_walk_next(struct folder_walk *w, struct fault *f)
{
	if (!w->begun) {
		int r = begin(w, f);

		if (r != 0)
			return r;
	}
	while (w->depth > 0) {
		DIR *dir = w->dir[w->depth - 1];
		struct dirent *d;

		errno = 0;
		d = readdir(dir);
		if (d == NULL && errno != 0)
			return fault_errno(
			    f, FAULT_IO, "cannot read the folders below %s", w->path);
		if (d == NULL)
			closedir(w->dir[--w->depth]);
		else if (is_of_interest(w, dirfd(dir), d) && visit(w, dirfd(dir), d->d_name))
			return 1;
	}
	return 0;
}
