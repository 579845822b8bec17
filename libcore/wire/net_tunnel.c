#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/net.h"

/* The command gets a process group of its own, so that a pipeline is ended as a whole, and the signals of a
 * fresh program whatever ours are. */
static int set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, pipe;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	(void)posix_spawnattr_setpgroup(a, 0);
	(void)posix_spawnattr_setsigmask(a, &none);
	(void)posix_spawnattr_setsigdefault(a, &pipe);
	return posix_spawnattr_setflags(
	    a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const char *command, int fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char sh[] = "sh", dash_c[] = "-c", *copy = strdup(command);
	char *argv[] = {sh, dash_c, copy, NULL};
	int r;

	if (copy == NULL)
		return ENOMEM;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	r = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (r == 0)
		r = set_attributes(&attributes);
	if (r == 0)
		r = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(copy);
	return r;
}

/* A descriptor above the standard three, so that one of those that happens to be closed is not mistaken. */
static int lift(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	close(fd);
	return high;
}

int net_tunnel(const char *command, int *pid, struct fault *f)
{
	int fds[2], error;
	pid_t child = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return fault_errno(f, FAULT_IO, "tunnel");
	fds[0] = lift(fds[0]);
	fds[1] = lift(fds[1]);
	if (fds[0] == -1 || fds[1] == -1 || fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		error = errno;
	else
		error = spawn(command, fds[1], &child);
	if (fds[1] != -1)
		close(fds[1]);
	if (error == 0) {
		*pid = child;
		return fds[0];
	}
	if (fds[0] != -1)
		close(fds[0]);
	errno = error;
	return fault_errno(f, FAULT_IO, "tunnel");
}
