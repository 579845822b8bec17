#include "conf/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The one signal that a program of ours ignores for itself. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t normal, none;
	int r;

	sigemptyset(&none);
	sigemptyset(&normal);
	sigaddset(&normal, SIGPIPE);
	if ((r = posix_spawnattr_setsigdefault(attr, &normal)) != 0 ||
	    (r = posix_spawnattr_setsigmask(attr, &none)) != 0)
		return r;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

/* The pipe first: where our own descriptors 0 and 1 are closed it may be one of these. */
static int set_files(posix_spawn_file_actions_t *files, int to)
{
	int r = posix_spawn_file_actions_adddup2(files, to, STDOUT_FILENO);

	if (r != 0)
		return r;
	return posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

static int spawn(const char *command, int to, pid_t *pid)
{
	char sh[] = "sh", c[] = "-c";
	/* posix_spawn(3) does not change its arguments, whatever its prototype says. */
	union {
		const char *in;
		char *out;
	} line = {.in = command};
	char *const argv[] = {sh, c, line.out, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&files);

	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		if ((r = set_signals(&attr)) == 0 && (r = set_files(&files, to)) == 0)
			r = posix_spawn(pid, "/bin/sh", &files, &attr, argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return r;
}

/* 0: the end; -1: what was read does not fit; errno else. */
static int drain(int fd, struct buf *out)
{
	for (;;) {
		char chunk[1024];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n > 0)
			buf_put(out, chunk, (size_t)n);
		explicit_bzero(chunk, sizeof(chunk));
		if (buf_failed(out))
			return -1;
		if (n == 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return errno;
	}
}

static int wait_for(const char *what, pid_t pid, struct fault *f)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return fault_errno(f, FAULT_IO, "%s: cannot learn how it ended", what);
	if (WIFSIGNALED(status))
		return fault_set(
		    f, FAULT_AUTH, "%s was ended by signal %d", what, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return fault_set(
		    f, FAULT_AUTH, "%s failed with exit status %d", what, WEXITSTATUS(status));
	return 0;
}

int shell_output(const char *what, const char *command, struct buf *out, struct fault *f)
{
	int fd[2], error, r;
	pid_t pid = -1;

	if (pipe2(fd, O_CLOEXEC) == -1)
		return fault_errno(f, FAULT_IO, "%s", what);
	error = spawn(command, fd[1], &pid);
	close(fd[1]);
	if (error != 0) {
		close(fd[0]);
		errno = error;
		return fault_errno(f, FAULT_IO, "%s: /bin/sh", what);
	}
	error = drain(fd[0], out);
	close(fd[0]);
	if (error != 0)
		kill(pid, SIGKILL);
	r = wait_for(what, pid, f);
	if (error == -1)
		return fault_set(f, FAULT_AUTH, "%s prints more than %zu octets", what, out->max);
	if (error > 0) {
		errno = error;
		return fault_errno(f, FAULT_IO, "%s", what);
	}
	return r;
}
