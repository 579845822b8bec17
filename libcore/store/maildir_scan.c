#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir.h"
#include "store/maildir_impl.h"

/* A descriptor of its own, because a directory's position belongs to the descriptor. */
static int open_part(struct maildir_scan *s, bool in_new, struct fault *f)
{
	int fd = openat(maildir_dir(s->m, in_new), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	s->in_new = in_new;
	s->dir = fd != -1 ? fdopendir(fd) : NULL;
	if (s->dir != NULL)
		return 0;
	fault_errno(f, FAULT_IO, "cannot read %s/%s", s->m->path, maildir_dir_name(in_new));
	if (fd != -1)
		close(fd);
	return -1;
}

int maildir_scan_begin(struct maildir_scan *s, const struct maildir *m, struct fault *f)
{
	*s = (struct maildir_scan){.m = m};
	return open_part(s, true, f);
}

void maildir_scan_end(struct maildir_scan *s)
{
	if (s->dir != NULL)
		closedir(s->dir);
	s->dir = NULL;
}

/* 1, 0 for what is something else, -1 when it has vanished. */
static int is_file(int dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_REG;
	if (fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return S_ISREG(st.st_mode);
}

static bool is_self(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool take(struct maildir_scan *s, const struct dirent *d, struct maildir_entry *e)
{
	int file = is_self(d->d_name) ? -1 : is_file(maildir_dir(s->m, s->in_new), d);

	if (file == -1)
		return false;
	if (file == 0 || maildir_name_parse(d->d_name, &e->name) == -1) {
		s->foreign++;
		return false;
	}
	e->file = d->d_name;
	e->in_new = s->in_new;
	return true;
}

int maildir_scan_next(struct maildir_scan *s, struct maildir_entry *e, struct fault *f)
{
	for (;;) {
		struct dirent *d;

		while ((d = maildir_readdir(s->dir)) != NULL)
			if (take(s, d, e))
				return 1;
		if (errno != 0) {
			fault_errno(f, FAULT_IO, "cannot read %s/%s", s->m->path,
			    maildir_dir_name(s->in_new));
			return -1;
		}
		if (!s->in_new)
			return 0;
		maildir_scan_end(s);
		if (open_part(s, false, f) == -1)
			return -1;
	}
}

int maildir_find(const struct maildir *m, const char *base, char file[static MAILDIR_NAME_MAX + 1],
    bool *in_new, struct fault *f)
{
	struct maildir_scan s;
	struct maildir_entry e;
	int r = 0, found = 0;

	if (maildir_scan_begin(&s, m, f) == -1)
		return -1;
	while (found == 0 && (r = maildir_scan_next(&s, &e, f)) == 1) {
		if (strcmp(e.name.base, base) != 0)
			continue;
		memcpy(file, e.file, strlen(e.file) + 1);
		*in_new = e.in_new;
		found = 1;
	}
	maildir_scan_end(&s);
	return r == -1 ? -1 : found;
}
