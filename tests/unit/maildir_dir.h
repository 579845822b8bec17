/*
 * maildir_dir: a directory of a test's own, with helpers to fill and look at it. Each program that includes it calls
 * dir_make() first and dir_clean() last.
 */
#ifndef LM_TESTS_MAILDIR_DIR_H
#define LM_TESTS_MAILDIR_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir.h"
#include "tree.h"
#include "unit.h"

static char dir_path[] = "/tmp/lm-maildir-XXXXXX";
static int dir_fd = -1;
static struct fault fault;

static inline void dir_make(void)
{
	if (mkdtemp(dir_path) == NULL)
		abort();
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void dir_clean(void)
{
	close(dir_fd);
	CHECK_INT(tree_remove(dir_path), 0);
}

/* A file with n octets, or with a string. */
static inline void dir_write_n(const char *path, const char *p, size_t n)
{
	int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd != -1 && write(fd, p, n) == (ssize_t)n);
	close(fd);
}

static inline void dir_write(const char *path, const char *text)
{
	dir_write_n(path, text, strlen(text));
}

/* What is in a file, as a string; NULL if it cannot be read. Valid until the next call. */
static inline const char *dir_read(const char *path)
{
	static char text[64 * 1024];
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd != -1)
		close(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static inline bool dir_has(const char *path)
{
	struct stat st;

	return fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* How many entries a directory has; -1 if it cannot be read. */
static inline int dir_count(const char *path)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;

	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static inline struct maildir dir_folder(const char *path)
{
	struct maildir m;

	if (!unit_check(
		maildir_open(dir_fd, path, true, &m, &fault) == 0, __FILE__, __LINE__, path))
		printf("#   %s\n", fault.msg);
	return m;
}

static inline int dir_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

#endif
