/*
 * maildir_impl: what the files of store/ that touch the file system have in common. Not for others.
 */
#ifndef LM_STORE_MAILDIR_IMPL_H
#define LM_STORE_MAILDIR_IMPL_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fault.h"
#include "store/maildir.h"

static inline int maildir_dir(const struct maildir *m, bool in_new)
{
	return in_new ? m->new : m->cur;
}

static inline const char *maildir_dir_name(bool in_new)
{
	return in_new ? "new" : "cur";
}

/* readdir() whose NULL is an error exactly when errno is not 0. */
static inline struct dirent *maildir_readdir(DIR *dir)
{
	errno = 0;
	return readdir(dir);
}

/* Opens the directory whose path is the n octets at `path`, below dirfd; with `create`, makes what is missing. The
 * faults are those of maildir_open(). The descriptor, or -1. */
int maildir_walk(int dirfd, const char *path, size_t n, bool create, struct fault *f);
/* One component of it; `what` is the path for messages. */
int maildir_enter(int at, const char *name, bool create, const char *what, struct fault *f);

/* The name of a file, not a path: not empty, no "/", not hidden, not too long. */
bool maildir_is_file_name(const char *name);

/* rename() that replaces nothing: errno is EEXIST then. Regular files only. */
int maildir_rename_new(int from, const char *name, int to, const char *to_name);

/* Host of this machine as it is written into names. */
void maildir_host(char out[static MAILDIR_HOST_MAX + 1]);
void maildir_escape_host(char out[static MAILDIR_HOST_MAX + 1], const char *host);

/* A new file in tmp, open for reading and writing, and its name. -1 with errno. */
int maildir_tmp_open(const struct maildir *m, char name[static MAILDIR_NAME_MAX + 1]);

/* All n octets, whatever it takes; offset -1: at the file's own position. -1 with errno. */
int maildir_write(int fd, const char *p, size_t n, off_t offset);

#endif
