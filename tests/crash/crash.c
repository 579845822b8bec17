/*
 * crash: a library to be preloaded into a program, which counts what the program does that outlives it, kills it at one of these, or lets a
 * write fail. README.md beside it says how; tests/crash/crash sets the environment.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* In a library that stands in for others these are nobody else's. */
static struct {
	pid_t pid;       /* 0: this program is not watched */
	int count, list; /* descriptors, or -1 */
	unsigned long before, after, fail, full;
	atomic_ulong operations, writes;
} crash = {.count = -1, .list = -1};

static const char *const variables[] = {"LM_CRASH_PROGRAM", "LM_CRASH_COUNT", "LM_CRASH_LIST",
    "LM_CRASH_BEFORE", "LM_CRASH_AFTER", "LM_CRASH_FAIL", "LM_CRASH_FULL", "LD_PRELOAD"};

static unsigned long number(const char *name)
{
	const char *s = getenv(name);

	return s != NULL ? strtoul(s, NULL, 10) : 0;
}

/* Far from the descriptors that the program counts on. */
static int file(const char *name)
{
	const char *path = getenv(name);
	int fd = path != NULL && *path != '\0'
	    ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
	    : -1;
	int high = fd != -1 ? fcntl(fd, F_DUPFD_CLOEXEC, 500) : -1;

	if (fd != -1)
		close(fd);
	return high;
}

static bool is_wanted(void)
{
	const char *wanted = getenv("LM_CRASH_PROGRAM");
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (wanted == NULL || n <= 0)
		return false;
	exe[n] = '\0';
	return strcmp(strrchr(exe, '/') + 1, wanted) == 0;
}

/* Raw, so that it is not counted. */
static void say(int fd, const char *text, size_t n, off_t at)
{
	int saved = errno;

	if (fd != -1)
		syscall(at == -1 ? SYS_write : SYS_pwrite64, fd, text, n, at);
	errno = saved;
}

static void say_count(void)
{
	char text[100];
	int n = snprintf(text, sizeof(text), "operations %lu\nwrites %lu\n",
	    atomic_load(&crash.operations), atomic_load(&crash.writes));

	say(crash.count, text, (size_t)n, 0);
}

/* The programs that it starts are not watched: they would not know where to stop. */
__attribute__((constructor)) static void begin(void)
{
	if (!is_wanted())
		return;
	crash.before = number("LM_CRASH_BEFORE");
	crash.after = number("LM_CRASH_AFTER");
	crash.fail = number("LM_CRASH_FAIL");
	crash.full = number("LM_CRASH_FULL");
	crash.count = file("LM_CRASH_COUNT");
	crash.list = file("LM_CRASH_LIST");
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	crash.pid = getpid();
	say_count();
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static bool is_watched(void)
{
	return crash.pid != 0 && crash.pid == getpid();
}

/* Called before an operation; gives its number, 0 for one that does not count. */
static unsigned long enter(const char *name, const char *path)
{
	char text[512];

	if (!is_watched())
		return 0;
	unsigned long n = atomic_fetch_add(&crash.operations, 1) + 1;
	int len = snprintf(text, sizeof(text), "%lu %s %s\n", n, name, path != NULL ? path : "-");
	say(crash.list, text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1, -1);
	say_count();
	if (n == crash.before)
		die();
	return n;
}

/* Called behind it. */
static void leave(unsigned long n)
{
	if (n != 0 && n == crash.after)
		die();
}

/* What a descriptor is: its path for the list, and whether a write to it outlives the program. A file without a name does not, and what goes to the
 * standard streams is the business of who started it. */
enum target { OTHER, SOCKET, NAMELESS, NAMED };

static enum target target_of(int fd, char *path, size_t size)
{
	struct stat st;
	char link[64];
	int saved = errno;
	enum target target = OTHER;

	snprintf(path, size, "-");
	if (fd <= STDERR_FILENO || fstat(fd, &st) == -1) {
		errno = saved;
		return OTHER;
	}
	if (S_ISSOCK(st.st_mode)) {
		target = SOCKET;
	} else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, size - 1);
		path[n > 0 ? n : 0] = '\0';
		target = st.st_nlink > 0 ? NAMED : NAMELESS;
	}
	errno = saved;
	return target;
}

static unsigned long enter_fd(const char *name, int fd)
{
	char path[400];

	if (!is_watched())
		return 0;
	enum target target = target_of(fd, path, sizeof(path));
	return target == SOCKET || target == NAMED ? enter(name, path) : 0;
}

/* A write to a file: it may have to fail. */
static bool must_fail(int fd)
{
	char path[400];

	if (!is_watched() || target_of(fd, path, sizeof(path)) < NAMELESS)
		return false;
	unsigned long n = atomic_fetch_add(&crash.writes, 1) + 1;
	say_count();
	if (n != crash.fail && (crash.full == 0 || n < crash.full))
		return false;
	errno = ENOSPC;
	return true;
}

/* ---- the functions that it stands in for; libc's names for parameters are reserved */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

/* The next one of that name: libc's, or a sanitizer's. */
#define NEXT(name)                     \
	static __typeof__(name) *next; \
	if (next == NULL)              \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

#define STAND_IN(type, name, parameters, arguments, entered) \
	type name parameters                                 \
	{                                                    \
		NEXT(name);                                  \
		unsigned long n = entered;                   \
		type r = next arguments;                     \
		leave(n);                                    \
		return r;                                    \
	}

#define STAND_IN_WRITE(name, parameters, arguments)    \
	ssize_t name parameters                        \
	{                                              \
		NEXT(name);                            \
		if (must_fail(fd))                     \
			return -1;                     \
		unsigned long n = enter_fd(#name, fd); \
		ssize_t r = next arguments;            \
		leave(n);                              \
		return r;                              \
	}

STAND_IN_WRITE(write, (int fd, const void *p, size_t len), (fd, p, len))
STAND_IN_WRITE(pwrite, (int fd, const void *p, size_t len, off_t at), (fd, p, len, at))
STAND_IN_WRITE(pwrite64, (int fd, const void *p, size_t len, off64_t at), (fd, p, len, at))
STAND_IN_WRITE(writev, (int fd, const struct iovec *v, int count), (fd, v, count))
STAND_IN_WRITE(pwritev, (int fd, const struct iovec *v, int count, off_t at), (fd, v, count, at))
STAND_IN_WRITE(
    pwritev64, (int fd, const struct iovec *v, int count, off64_t at), (fd, v, count, at))
STAND_IN_WRITE(pwritev2, (int fd, const struct iovec *v, int count, off_t at, int flags),
    (fd, v, count, at, flags))
STAND_IN_WRITE(pwritev64v2, (int fd, const struct iovec *v, int count, off64_t at, int flags),
    (fd, v, count, at, flags))

STAND_IN(ssize_t, send, (int fd, const void *p, size_t len, int flags), (fd, p, len, flags),
    enter_fd("send", fd))
STAND_IN(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags),
    enter_fd("sendmsg", fd))

STAND_IN(int, fsync, (int fd), (fd), enter_fd("fsync", fd))
STAND_IN(int, fdatasync, (int fd), (fd), enter_fd("fdatasync", fd))
STAND_IN(int, syncfs, (int fd), (fd), enter_fd("syncfs", fd))
STAND_IN(int, ftruncate, (int fd, off_t size), (fd, size), enter_fd("ftruncate", fd))
STAND_IN(int, ftruncate64, (int fd, off64_t size), (fd, size), enter_fd("ftruncate64", fd))

STAND_IN(int, rename, (const char *from, const char *to), (from, to), enter("rename", to))
STAND_IN(int, renameat, (int fd, const char *from, int tofd, const char *to), (fd, from, tofd, to),
    enter("renameat", to))
STAND_IN(int, renameat2, (int fd, const char *from, int tofd, const char *to, unsigned flags),
    (fd, from, tofd, to, flags), enter("renameat2", to))
STAND_IN(int, link, (const char *from, const char *to), (from, to), enter("link", to))
STAND_IN(int, linkat, (int fd, const char *from, int tofd, const char *to, int flags),
    (fd, from, tofd, to, flags), enter("linkat", to))
STAND_IN(int, unlink, (const char *path), (path), enter("unlink", path))
STAND_IN(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags),
    enter("unlinkat", path))
STAND_IN(int, rmdir, (const char *path), (path), enter("rmdir", path))
STAND_IN(int, mkdir, (const char *path, mode_t mode), (path, mode), enter("mkdir", path))
STAND_IN(
    int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode), enter("mkdirat", path))
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
