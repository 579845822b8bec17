#include "app/watch_host.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

TEST(host_hears_signals)
{
	struct host h;
	struct fault f;
	struct pollfd p[HOST_FDS];

	REQUIRE(host_init(&h, &f) == 0);
	CHECK_INT(host_news(&h) & ~(unsigned)HOST_ROUTES, 0);
	host_poll(&h, p);
	CHECK(p[0].fd >= 0);
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	REQUIRE(poll(p, 1, 10000) == 1);
	CHECK((host_news(&h) & HOST_CHILD) != 0);
	waitpid(child, NULL, 0);
	raise(SIGTERM);
	raise(SIGINT);
	CHECK((host_news(&h) & HOST_STOP) != 0);
	CHECK(h.signal == SIGTERM || h.signal == SIGINT);
	CHECK((host_news(&h) & HOST_STOP) != 0);
	host_free(&h);
}

TEST(host_leaves_ignored_signals_alone)
{
	struct host h;
	struct fault f;

	signal(SIGHUP, SIG_IGN);
	REQUIRE(host_init(&h, &f) == 0);
	raise(SIGHUP);
	CHECK_INT(host_news(&h) & HOST_STOP, 0);
	host_free(&h);
	signal(SIGHUP, SIG_DFL);
}

TEST(host_mortal_while_it_blocks)
{
	struct host h;
	struct fault f;
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (host_init(&h, &f) == -1)
			_exit(1);
		host_mortal(&h, true);
		raise(SIGTERM);
		_exit(2);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* Binds a socket for the service manager, and returns it. */
static int manager(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	size_t n = strlen(name);

	memcpy(a.sun_path, name, n);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	if (bind(fd, (const struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static void check_manager(const char *name)
{
	struct host h;
	struct fault f;
	char text[64] = "";
	int fd = manager(name);

	REQUIRE(fd != -1);
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "2000000", 1);
	REQUIRE(host_init(&h, &f) == 0);
	host_tell(&h, "READY=1");
	CHECK(recv(fd, text, sizeof(text) - 1, 0) == 7);
	CHECK_STR(text, "READY=1");
	CHECK_INT(h.watchdog, 1000);
	CHECK(host_alive(&h) > 0);
	CHECK(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) == 10);
	host_alive(&h); /* not due yet */
	CHECK(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) == -1);
	host_free(&h);
	close(fd);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}

TEST(host_service_manager)
{
	char path[64], name[64];

	snprintf(path, sizeof(path), "/tmp/lm-unit-%d", (int)getpid());
	snprintf(name, sizeof(name), "@lm-unit-%d", (int)getpid());
	check_manager(path);
	unlink(path);
	check_manager(name);
}

TEST(host_no_service_manager)
{
	static const char *const bad[] = {"", "x", "relative/path", "/", "@", "/nowhere/socket"};
	struct host h;
	struct fault f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		REQUIRE(host_init(&h, &f) == 0);
		CHECK_INT(h.notify, -1);
		host_tell(&h, "READY=1");
		CHECK_INT(host_alive(&h), -1);
		host_free(&h);
	}
	unsetenv("NOTIFY_SOCKET");
}

TEST(host_watchdog_of_another_process)
{
	struct host h;
	struct fault f;

	setenv("WATCHDOG_USEC", "2000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	REQUIRE(host_init(&h, &f) == 0);
	CHECK_INT(h.watchdog, 0);
	host_free(&h);
	setenv("WATCHDOG_PID", "x", 1);
	REQUIRE(host_init(&h, &f) == 0);
	CHECK_INT(h.watchdog, 0);
	host_free(&h);
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
}

/* A connection on loopback from the address `from`; the listener stays open in *listener. */
static int connected(in_addr_t from, int *listener)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(*listener, (const struct sockaddr *)&a, n) == -1 || listen(*listener, 1) == -1 ||
	    getsockname(*listener, (struct sockaddr *)&a, &n) == -1 ||
	    bind(fd, (const struct sockaddr *)&own, sizeof(own)) == -1 ||
	    connect(fd, (const struct sockaddr *)&a, sizeof(a)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

TEST(host_route_stands_or_not)
{
	int listener, pair[2], fd = connected(INADDR_LOOPBACK, &listener);

	REQUIRE(fd != -1);
	CHECK(host_route_stands(fd));
	close(fd);
	close(listener);
	/* the way that would be taken now has another address */
	fd = connected(INADDR_LOOPBACK + 1, &listener);
	REQUIRE(fd != -1);
	CHECK(!host_route_stands(fd));
	close(fd);
	close(listener);
	/* a tunnel has no route */
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(host_route_stands(pair[0]));
	host_keepalive(pair[0]);
	close(pair[0]);
	close(pair[1]);
}

TEST(host_keepalive_is_set)
{
	int listener, value = 0, fd = connected(INADDR_LOOPBACK, &listener);
	socklen_t n = sizeof(value);

	REQUIRE(fd != -1);
	host_keepalive(fd);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &n) == 0 && value != 0);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &n) == 0 && value <= 60);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &n) == 0 && value == 60000);
	close(fd);
	close(listener);
}

UNIT_MAIN
