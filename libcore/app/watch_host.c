#include "app/watch_host.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"

enum {
	KEEP_IDLE = 30,      /* s of silence before the first probe, */
	KEEP_INTERVAL = 10,  /* between probes, */
	KEEP_COUNT = 3,      /* and how many are not answered */
	USER_TIMEOUT = 60000 /* ms that octets of ours may stay without an answer */
};

/* Those that stop us, but for what nohup(1) and its like told us to ignore. */
static void stop_signals(sigset_t *set)
{
	static const int all[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction now;

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (sigaction(all[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(set, all[i]);
}

/* A timer that never rings, but is cancelled when the clock on the wall jumps: which it does when the machine wakes up. */
static int open_jumps(void)
{
	struct itimerspec never = {.it_value.tv_sec = INT32_MAX};
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd != -1 &&
	    timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_routes(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK,
	    .nl_groups =
		RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd != -1 && bind(fd, (const struct sockaddr *)&a, sizeof(a)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* $NOTIFY_SOCKET: a path, or "@" before a name in the abstract namespace. */
static int open_notify(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = path == NULL ? 0 : strlen(path);
	int fd;

	if (n < 2 || n >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int64_t watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n, who;

	if (usec == NULL || num_u63(usec, strlen(usec), &n) == -1 || n < 2000)
		return 0;
	if (pid != NULL && (num_u63(pid, strlen(pid), &who) == -1 || who != (uint64_t)getpid()))
		return 0;
	return (int64_t)(n / 1000 / 2);
}

int host_init(struct host *h, struct fault *f)
{
	sigset_t set;

	*h = (struct host){.jumps = -1, .routes = -1, .notify = -1};
	stop_signals(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	h->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->signals == -1)
		return fault_errno(f, FAULT_IO, "signalfd");
	h->jumps = open_jumps();
	h->routes = open_routes();
	h->notify = open_notify();
	h->watchdog = watchdog_interval();
	h->watchdog_at = clock_awake();
	clock_slept(&h->slept);
	return 0;
}

void host_mortal(struct host *h, bool on)
{
	sigset_t set;

	if (h->signal != 0)
		return;
	stop_signals(&set);
	sigprocmask(on ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static void shut(int fd)
{
	if (fd != -1)
		close(fd);
}

void host_free(struct host *h)
{
	sigset_t set;

	shut(h->signals);
	shut(h->jumps);
	shut(h->routes);
	shut(h->notify);
	stop_signals(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void host_poll(const struct host *h, struct pollfd fds[static HOST_FDS])
{
	fds[0] = (struct pollfd){.fd = h->signals, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = h->jumps, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = h->routes, .events = POLLIN};
}

static unsigned read_signals(struct host *h)
{
	struct signalfd_siginfo info;
	unsigned news = 0;

	while (read(h->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			news |= HOST_CHILD;
			continue;
		}
		if (h->signal == 0)
			h->signal = (int)info.ssi_signo;
	}
	return h->signal != 0 ? news | HOST_STOP : news;
}

/* Set anew each time, as a cancelled timer stays so. */
static void read_jumps(struct host *h)
{
	uint64_t ignored;

	if (h->jumps == -1 || (read(h->jumps, &ignored, sizeof(ignored)) == -1 && errno == EAGAIN))
		return;
	close(h->jumps);
	h->jumps = open_jumps();
}

static unsigned read_routes(const struct host *h)
{
	char octets[8192];
	unsigned news = 0;

	while (h->routes != -1) {
		ssize_t n = recv(h->routes, octets, sizeof(octets), MSG_DONTWAIT);

		/* What did not fit was news as well. */
		if (n > 0 || (n == -1 && errno == ENOBUFS))
			news = HOST_ROUTES;
		else if (n == 0 || errno != EINTR)
			break;
	}
	return news;
}

unsigned host_news(struct host *h)
{
	unsigned news = read_signals(h) | read_routes(h);

	read_jumps(h);
	if (clock_slept(&h->slept) > 0)
		news |= HOST_SLEPT;
	return news;
}

void host_tell(const struct host *h, const char *text)
{
	/* It may be gone, or full: nothing of ours hangs on it. */
	if (h->notify != -1)
		(void)!send(h->notify, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int64_t host_alive(struct host *h)
{
	int64_t now = clock_awake();

	if (h->watchdog == 0)
		return -1;
	if (now >= h->watchdog_at) {
		host_tell(h, "WATCHDOG=1");
		h->watchdog_at = now + h->watchdog;
	}
	return h->watchdog_at;
}

/* An IPv6 network gives a machine new addresses every day; the old ones are good for as long as they are there. */
static bool is_there(const struct sockaddr_in6 *a)
{
	struct sockaddr_in6 own = *a;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool there;

	own.sin6_port = 0;
	there = fd == -1 || bind(fd, (const struct sockaddr *)&own, sizeof(own)) == 0;
	shut(fd);
	return there;
}

static bool same_network(const struct sockaddr_in6 *was, const struct sockaddr_in6 *would)
{
	const void *a = &was->sin6_addr, *b = &would->sin6_addr;

	if (memcmp(a, b, sizeof(struct in6_addr)) == 0)
		return true;
	return memcmp(a, b, sizeof(struct in6_addr) / 2) == 0 && is_there(was);
}

static bool same_address(const struct sockaddr_storage *was, const struct sockaddr_storage *would)
{
	if (was->ss_family != would->ss_family)
		return false;
	if (was->ss_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)was)->sin_addr,
			   &((const struct sockaddr_in *)would)->sin_addr,
			   sizeof(struct in_addr)) == 0;
	return same_network((const struct sockaddr_in6 *)was, (const struct sockaddr_in6 *)would);
}

bool host_route_stands(int fd)
{
	struct sockaddr_storage peer = {0}, was = {0}, would = {0};
	socklen_t npeer = sizeof(peer), n = sizeof(was);
	bool stands = false;
	int probe;

	if (getpeername(fd, (struct sockaddr *)&peer, &npeer) == -1 ||
	    getsockname(fd, (struct sockaddr *)&was, &n) == -1)
		return true;
	if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6)
		return true;
	/* Connecting a datagram socket sends nothing, but asks the routing table. */
	probe = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe == -1)
		return true;
	n = sizeof(would);
	if (connect(probe, (const struct sockaddr *)&peer, npeer) == 0 &&
	    getsockname(probe, (struct sockaddr *)&would, &n) == 0)
		stands = same_address(&was, &would);
	close(probe);
	return stands;
}

void host_keepalive(int fd)
{
	static const int idle = KEEP_IDLE, interval = KEEP_INTERVAL, count = KEEP_COUNT;
	static const unsigned timeout = USER_TIMEOUT;
	static const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
}
