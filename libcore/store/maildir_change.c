#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir.h"
#include "store/maildir_impl.h"

/* For a file system that has neither RENAME_NOREPLACE nor links. The gap between look and rename is ours alone: no other
 * program makes files of our names. */
static int rename_looking(int from, const char *name, int to, const char *to_name)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (fstatat(to, to_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (errno != ENOENT)
		return -1;
	return renameat(from, name, to, to_name);
}

int maildir_rename_new(int from, const char *name, int to, const char *to_name)
{
	if (renameat2(from, name, to, to_name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(from, name, to, to_name, 0) == 0)
		return unlinkat(from, name, 0);
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	return rename_looking(from, name, to, to_name);
}

static int check_name(const struct maildir *m, const char *file, struct fault *f)
{
	if (maildir_is_file_name(file))
		return 0;
	return fault_set(
	    f, FAULT_DATA, "%s: \"%s\" cannot be the name of a message", m->path, file);
}

int maildir_move(const struct maildir *from, bool from_in_new, const char *file,
    const struct maildir *to, bool to_in_new, const char *to_file, struct fault *f)
{
	int a = maildir_dir(from, from_in_new), b = maildir_dir(to, to_in_new);

	if (check_name(from, file, f) == -1 || check_name(to, to_file, f) == -1)
		return -1;
	if (a == b && strcmp(file, to_file) == 0)
		return faccessat(a, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (maildir_rename_new(a, file, b, to_file) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	return fault_errno(f, errno == EEXIST ? FAULT_DATA : FAULT_IO,
	    "cannot rename %s/%s/%s to %s/%s/%s", from->path, maildir_dir_name(from_in_new), file,
	    to->path, maildir_dir_name(to_in_new), to_file);
}

int maildir_rename(const struct maildir *m, bool from_in_new, const char *from, bool to_in_new,
    const char *to, struct fault *f)
{
	return maildir_move(m, from_in_new, from, m, to_in_new, to, f);
}

int maildir_remove(const struct maildir *m, bool in_new, const char *file, struct fault *f)
{
	if (check_name(m, file, f) == -1)
		return -1;
	if (unlinkat(maildir_dir(m, in_new), file, 0) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	return fault_errno(
	    f, FAULT_IO, "cannot remove %s/%s/%s", m->path, maildir_dir_name(in_new), file);
}

int maildir_sync(const struct maildir *m, struct fault *f)
{
	if (fsync(m->cur) == -1 || fsync(m->new) == -1)
		return fault_errno(f, FAULT_IO, "cannot sync the folder %s", m->path);
	return 0;
}
