#include "wire/net.h"

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- names */

static const char *ascii(const char *host)
{
	static char out[256];
	struct fault f;

	return net_ascii_host(host, out, sizeof(out), &f) == 0 ? out : NULL;
}

TEST(names_that_are_ascii_stay)
{
	CHECK_STR(ascii("mail.example.org"), "mail.example.org");
	CHECK_STR(ascii("mail.example.org."), "mail.example.org.");
	CHECK_STR(ascii("_imaps._tcp.example.org"), "_imaps._tcp.example.org");
	CHECK_STR(ascii("LOCALHOST"), "LOCALHOST");
}

TEST(address_literals_stay)
{
	CHECK_STR(ascii("192.0.2.1"), "192.0.2.1");
	CHECK_STR(ascii("2001:db8::1"), "2001:db8::1");
	CHECK_STR(ascii("fe80::1%lo"), "fe80::1%lo");
	CHECK_STR(ascii("fe80::1%"), NULL);
	CHECK_STR(ascii("[::1]"), NULL);
}

TEST(idn_becomes_a_labels)
{
	CHECK_STR(ascii("b\303\274cher.example"), "xn--bcher-kva.example");
	CHECK_STR(ascii("stra\303\237e.example"), "xn--strae-oqa.example");
}

TEST(what_is_no_host_name_is_refused)
{
	static const char *const bad[] = {"", ".", "a..b", ".a", "a b", "-a.example", "a-.example",
	    "a\r\nb", "a/b", "b\374cher", "a\tb", "a@b", "x:y",
	    "a234567890123456789012345678901234567890123456789012345678901234.example"};
	char small[8];
	struct fault f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_STR(ascii(bad[i]), NULL);
	CHECK_INT(net_ascii_host("example.org", small, sizeof(small), &f), -1);
	CHECK_INT(f.cls, FAULT_USAGE);
}

/* ---- connecting */

static int listen_on(int family, uint16_t *port, int backlog)
{
	struct sockaddr_in6 in6 = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = htons(*port)};
	struct sockaddr_in in = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons(*port)};
	struct sockaddr *a = family == AF_INET6 ? (void *)&in6 : (void *)&in;
	socklen_t len = family == AF_INET6 ? sizeof(in6) : sizeof(in);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, a, len) == -1 || listen(fd, backlog) == -1 ||
	    getsockname(fd, a, &len) == -1) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	*port = ntohs(family == AF_INET6 ? in6.sin6_port : in.sin_port);
	return fd;
}

static int peer_family(int fd)
{
	struct sockaddr_storage s = {0};
	socklen_t len = sizeof(s);

	return getpeername(fd, (struct sockaddr *)&s, &len) == 0 ? s.ss_family : -1;
}

/* Fills the queue of a listener with backlog 0, so that the next connection gets no answer. */
static void plug(const char *host, uint16_t port, int fds[3])
{
	struct fault f;

	for (int i = 0; i < 3; i++)
		fds[i] = net_connect(host, port, net_now() + 50, &f);
}

static void unplug(const int fds[3])
{
	for (int i = 0; i < 3; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

TEST(clock_goes_forward)
{
	int64_t a = net_now();

	usleep(3000);
	CHECK(net_now() >= a + 2);
}

TEST(connects_to_a_literal)
{
	uint16_t port = 0;
	int l = listen_on(AF_INET, &port, 4), on = 0;
	socklen_t len = sizeof(on);
	struct fault f = {0};

	REQUIRE(l != -1);
	int fd = net_connect("127.0.0.1", port, net_now() + 5000, &f);
	CHECK_STR(f.msg, "");
	REQUIRE(fd != -1);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &len) == 0 && on);
	close(fd);
	close(l);
}

TEST(localhost_is_both_families)
{
	const int families[] = {AF_INET6, AF_INET};

	for (int i = 0; i < 2; i++) {
		uint16_t port = 0;
		struct fault f = {0};
		int l = listen_on(families[i], &port, 4);
		if (l == -1) /* no IPv6 here */
			continue;
		int fd = net_connect("localhost", port, net_now() + 5000, &f);
		CHECK_STR(f.msg, "");
		CHECK_INT(peer_family(fd), families[i]);
		close(fd);
		close(l);
	}
}

TEST(refused_everywhere)
{
	uint16_t port = 0;
	struct fault f = {0};
	int l = listen_on(AF_INET, &port, 4);

	REQUIRE(l != -1);
	close(l);
	CHECK_INT(net_connect("localhost", port, net_now() + 5000, &f), -1);
	CHECK_INT(f.cls, FAULT_TEMP);
	CHECK_STR(f.msg, "connecting to 127.0.0.1: Connection refused");
}

TEST(silence_ends_at_the_deadline)
{
	uint16_t port = 0;
	int fds[3], l = listen_on(AF_INET, &port, 0);
	struct fault f = {0};

	REQUIRE(l != -1);
	plug("127.0.0.1", port, fds);
	int64_t start = net_now();
	CHECK_INT(net_connect("127.0.0.1", port, start + 200, &f), -1);
	CHECK(net_now() - start >= 190 && net_now() - start < 2000);
	CHECK_INT(f.cls, FAULT_TEMP);
	CHECK_STR(f.msg, "no answer from 127.0.0.1 in time");
	unplug(fds);
	close(l);
}

TEST(a_silent_family_does_not_hold_up_the_other)
{
	uint16_t port = 0;
	int fds[3], fd, l6 = listen_on(AF_INET6, &port, 0), l4 = listen_on(AF_INET, &port, 4);
	struct fault f = {0};
	int64_t start;

	if (l6 != -1 && l4 != -1) {
		plug("::1", port, fds);
		start = net_now();
		fd = net_connect("localhost", port, start + 5000, &f);
		CHECK_INT(peer_family(fd), AF_INET);
		CHECK(net_now() - start >= 240 && net_now() - start < 2000);
		close(fd);
		unplug(fds);
	}
	close(l4);
	close(l6);
}

/* Whether there is a resolver or none at all, it ends in time and says so. */
TEST(resolving_ends_by_the_deadline)
{
	struct fault f = {0};
	int64_t start = net_now();

	CHECK_INT(net_connect("no-such-host.invalid", 993, start + 2000, &f), -1);
	CHECK(net_now() - start < 4000);
	CHECK(f.cls == FAULT_NOHOST || f.cls == FAULT_TEMP);
	CHECK_INT(net_connect("no such host", 993, start + 2000, &f), -1);
	CHECK_INT(f.cls, FAULT_USAGE);
}

/* ---- tunnels */

static size_t read_some(int fd, char *to, size_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, 5000) != 1)
		return 0;
	ssize_t r = read(fd, to, n);
	return r > 0 ? (size_t)r : 0;
}

TEST(tunnel_is_a_command)
{
	char got[64];
	struct fault f = {0};
	int pid = 0, status = -1, fd = net_tunnel("read x; echo \"<$x>\"", &pid, &f);

	REQUIRE(fd != -1);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(write(fd, "hello\n", 6), 6);
	size_t n = read_some(fd, got, sizeof(got));
	CHECK_MEM(got, n, "<hello>\n", 8);
	CHECK_INT(read_some(fd, got, sizeof(got)), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	close(fd);
}

TEST(tunnel_has_a_group_and_signals_of_its_own)
{
	char got[64] = "";
	struct fault f = {0};
	int pid = 0, status = 0;

	/* SIGPIPE would stay ignored if it were handed down. */
	signal(SIGPIPE, SIG_IGN);
	int fd = net_tunnel("kill -PIPE $$; echo alive; sleep 60 | sleep 60", &pid, &f);
	signal(SIGPIPE, SIG_DFL);
	REQUIRE(fd != -1);
	CHECK_INT(getpgid(pid), pid);
	CHECK_INT(read_some(fd, got, sizeof(got)), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	close(fd);
}

UNIT_MAIN
