#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "store/maildir.h"
#include "store/maildir_impl.h"

enum { TRIES = 8, HEX_LEN = 16 };

static const char mark[] = ".lm.";

void maildir_host(char out[static MAILDIR_HOST_MAX + 1])
{
	char host[256];

	if (gethostname(host, sizeof(host)) == -1)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	maildir_escape_host(out, host[0] != '\0' ? host : "localhost");
}

static void make_name(char name[static MAILDIR_NAME_MAX + 1])
{
	char host[MAILDIR_HOST_MAX + 1];
	unsigned long long unique = (unsigned long long)maildir_now();

	maildir_host(host);
	/* Without it, O_EXCL and the clock still make the name one of its kind. */
	(void)!getrandom(&unique, sizeof(unique), GRND_NONBLOCK);
	snprintf(name, MAILDIR_NAME_MAX + 1, "%lld.P%ld_%016llx%s%s", (long long)time(NULL),
	    (long)getpid(), unique, mark, host);
}

int maildir_tmp_open(const struct maildir *m, char name[static MAILDIR_NAME_MAX + 1])
{
	int fd = -1;

	for (int i = 0; i < TRIES && fd == -1; i++) {
		make_name(name);
		fd = openat(m->tmp, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd == -1 && errno != EEXIST)
			break;
	}
	return fd;
}

int maildir_write(int fd, const char *p, size_t n, off_t offset)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = offset == -1 ? write(fd, p + done, n - done)
					 : pwrite(fd, p + done, n - done, offset + (off_t)done);

		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		done += (size_t)r;
	}
	return 0;
}

/* True for a name that make_name() gives; sets the process and the host. */
static bool parse_name(const char *name, uint32_t *pid, const char **host)
{
	const char *s = name + strspn(name, "0123456789");
	size_t n;

	if (s == name || strncmp(s, ".P", 2) != 0)
		return false;
	s += 2;
	n = strspn(s, "0123456789");
	if (num_nz32(s, n, pid) != 0 || s[n] != '_')
		return false;
	s += n + 1;
	if (strspn(s, "0123456789abcdef") != HEX_LEN ||
	    strncmp(s + HEX_LEN, mark, strlen(mark)) != 0)
		return false;
	*host = s + HEX_LEN + strlen(mark);
	return true;
}

static bool is_dead(uint32_t pid)
{
	pid_t p = (pid_t)pid;

	return p > 0 && kill(p, 0) == -1 && errno == ESRCH;
}

/* By ctime: the mtime of a delivery is the date of its message. */
static bool is_old(int dir, const char *name, time_t age)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    st.st_ctime <= time(NULL) - age;
}

static bool is_left(int dir, const char *name, time_t age)
{
	char here[MAILDIR_HOST_MAX + 1];
	const char *host;
	uint32_t pid;

	if (!parse_name(name, &pid, &host))
		return false;
	maildir_host(here);
	return (strcmp(host, here) == 0 && is_dead(pid)) || is_old(dir, name, age);
}

size_t maildir_clean_tmp(const struct maildir *m, time_t age)
{
	int fd = openat(m->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *d;
	size_t n = 0;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	while ((d = readdir(dir)) != NULL)
		if (is_left(m->tmp, d->d_name, age) && unlinkat(m->tmp, d->d_name, 0) == 0)
			n++;
	closedir(dir);
	return n;
}
