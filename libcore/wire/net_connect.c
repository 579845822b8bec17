#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire/net.h"
#include "wire/net_impl.h"

enum {
	STAGGER = 250, /* ms between attempts: Connection Attempt Delay, RFC 8305 section 5 */
	RESOLUTION_DELAY = 50, /* ms that IPv4 waits for IPv6 to resolve, RFC 8305 section 3 */
	ATTEMPTS_MAX = 16,     /* addresses tried at the same time */
};

struct race {
	struct names *names;
	struct pollfd fds[ATTEMPTS_MAX + NET_FAMILIES]; /* the resolver behind the attempts */
	char where[ATTEMPTS_MAX][INET6_ADDRSTRLEN + 2];
	nfds_t count;    /* attempts under way */
	int last_family; /* of the newest attempt: the other has precedence next */
	int64_t next_at; /* when the next attempt may start */
	int64_t v4_at;   /* until then IPv4 waits; 0: not known yet */
	int64_t deadline;
	int winner;
	int error; /* of the attempt that failed last, at `failed` */
	char failed[INET6_ADDRSTRLEN + 2];
};

int64_t net_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void name_address(const struct addrinfo *a, char *out, size_t n)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (a->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)a->ai_addr;
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(out, n, "[%s]", text);
	} else {
		const struct sockaddr_in *in = (const void *)a->ai_addr;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		snprintf(out, n, "%s", text);
	}
}

static void lose(struct race *r, nfds_t i, int error)
{
	r->error = error;
	memcpy(r->failed, r->where[i], sizeof(r->failed));
	if (r->fds[i].fd != -1)
		close(r->fds[i].fd);
	r->count--;
	r->fds[i] = r->fds[r->count];
	memcpy(r->where[i], r->where[r->count], sizeof(r->where[i]));
	r->next_at = 0;
}

static void win(struct race *r, nfds_t i)
{
	r->winner = r->fds[i].fd;
	r->fds[i].fd = -1;
}

static int open_socket(int family)
{
	int on = 1, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd == -1)
		return -1;
	/* A socket that lacks one of these still does its work. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return fd;
}

static void attempt(struct race *r, const struct addrinfo *a)
{
	nfds_t i = r->count++;

	name_address(a, r->where[i], sizeof(r->where[i]));
	r->next_at = net_now() + STAGGER;
	r->fds[i] = (struct pollfd){.fd = open_socket(a->ai_family), .events = POLLOUT};
	if (r->fds[i].fd != -1 && connect(r->fds[i].fd, a->ai_addr, a->ai_addrlen) == 0)
		win(r, i);
	else if (r->fds[i].fd == -1 || (errno != EINPROGRESS && errno != EINTR))
		lose(r, i, errno);
}

static bool is_resolving(const struct race *r)
{
	return names_pending(r->names, NET_V6) || names_pending(r->names, NET_V4);
}

/* The family whose turn it is among those that have an address left, or -1. */
static int whose_turn(struct race *r, int64_t now)
{
	int first = r->last_family == NET_V6 ? NET_V4 : NET_V6;

	if (!names_has(r->names, first))
		first = !first;
	if (!names_has(r->names, first))
		return -1;
	if (first == NET_V4 && names_pending(r->names, NET_V6)) {
		if (r->v4_at == 0)
			r->v4_at = now + RESOLUTION_DELAY;
		if (now < r->v4_at)
			return -1;
	}
	return first;
}

/* Starts what may start now. */
static void start(struct race *r)
{
	while (r->winner == -1 && r->count < ATTEMPTS_MAX) {
		int64_t now = net_now();
		int family;

		if ((r->count > 0 && now < r->next_at) || (family = whose_turn(r, now)) == -1)
			return;
		r->last_family = family;
		attempt(r, names_next(r->names, family));
	}
}

static int until(int64_t when, int64_t now, int most)
{
	if (when <= now)
		return 0;
	return when - now < most ? (int)(when - now) : most;
}

static int how_long(struct race *r)
{
	int64_t now = net_now();
	int ms = until(r->deadline, now, INT_MAX);

	if (r->count > 0 && r->count < ATTEMPTS_MAX &&
	    (names_has(r->names, NET_V6) || names_has(r->names, NET_V4)))
		ms = until(r->next_at, now, ms);
	if (r->v4_at > now)
		ms = until(r->v4_at, now, ms);
	return ms;
}

static void look(struct race *r)
{
	for (nfds_t i = 0; i < r->count && r->winner == -1;) {
		int error = 0;
		socklen_t len = sizeof(error);

		if (r->fds[i].revents == 0) {
			i++;
			continue;
		}
		if (getsockopt(r->fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
			error = errno;
		if (error == 0)
			win(r, i);
		else
			lose(r, i, error);
	}
}

static void wait_for_news(struct race *r)
{
	nfds_t asked = names_poll(r->names, r->fds + r->count);

	if (poll(r->fds, r->count + asked, how_long(r)) > 0)
		look(r);
	names_collect(r->names);
}

static bool is_over(const struct race *r)
{
	return r->winner != -1 ||
	    (r->count == 0 && !is_resolving(r) && !names_has(r->names, NET_V6) &&
		!names_has(r->names, NET_V4));
}

static int explain(const struct race *r, struct fault *f)
{
	if (r->error != 0 && r->count == 0) {
		errno = r->error;
		return fault_errno(f, FAULT_TEMP, "connecting to %s", r->failed);
	}
	if (r->count > 0)
		return fault_set(f, FAULT_TEMP, "no answer from %s in time", r->where[0]);
	if (is_resolving(r))
		return fault_set(f, FAULT_TEMP, "the resolver did not answer in time");
	return names_fault(r->names, f);
}

static int run(struct race *r, struct fault *f)
{
	for (start(r); !is_over(r) && net_now() < r->deadline; start(r))
		wait_for_news(r);
	if (r->winner == -1)
		explain(r, f);
	for (nfds_t i = 0; i < r->count; i++)
		if (r->fds[i].fd != -1)
			close(r->fds[i].fd);
	return r->winner;
}

int net_connect(const char *host, uint16_t port, int64_t deadline, struct fault *f)
{
	struct race r = {.deadline = deadline, .last_family = NET_V4, .winner = -1};
	char ascii[NET_HOST_MAX];
	int fd;

	if (net_ascii_host(host, ascii, sizeof(ascii), f) == -1)
		return -1;
	r.names = names_start(ascii, port, f);
	if (r.names == NULL)
		return -1;
	fd = run(&r, f);
	names_free(r.names);
	return fd;
}
