#include "wire/chan.h"

#include "unit.h"

#include <poll.h>
#include <signal.h>

#include "tlspeer.h"
#include "wire/deflate.h"
#include "wire/net.h"

enum { MANY = 1 << 20, PATIENCE = 20000 };

static struct identity ca, id;
static char ca_file[128], session_file[128];

TEST(identities)
{
	ca = identity_new("Unit CA", NULL, NULL, -DAY, DAY, true);
	id = identity_new("one", &ca, "DNS:localhost,IP:127.0.0.1", -DAY, DAY, false);
	identity_write(&ca, file_path("ca.pem", ca_file));
	file_path("session", session_file);
	CHECK(id.cert != NULL);
}

/* ---- what servers do in the clear */

static void say(int fd, const char *s)
{
	if (write(fd, s, strlen(s)) != (ssize_t)strlen(s))
		_exit(1);
}

/* Reads n octets. */
static void swallow(int fd, size_t n)
{
	char piece[16384];

	while (n > 0) {
		ssize_t r = read(fd, piece, n < sizeof(piece) ? n : sizeof(piece));
		if (r <= 0)
			_exit(2);
		n -= (size_t)r;
	}
}

static void pour(int fd, size_t n)
{
	char piece[16384];

	memset(piece, 'f', sizeof(piece));
	while (n > 0) {
		ssize_t r = write(fd, piece, n < sizeof(piece) ? n : sizeof(piece));
		if (r <= 0)
			_exit(3);
		n -= (size_t)r;
	}
}

/* ---- what the client does */

static int64_t soon(void)
{
	return net_now() + PATIENCE;
}

static struct chan *pair(server_talk *talk, struct trace *t, pid_t *pid)
{
	struct fault f = {0};
	struct chan *c = chan_from_fd(server_pair(talk, NULL, pid), t, &f);

	if (c == NULL)
		abort();
	return c;
}

static void part(struct chan *c, pid_t pid)
{
	chan_free(c);
	server_stop(pid);
}

/* Waits until the input begins with s, and takes it. */
static bool hear(struct chan *c, const char *s, struct fault *f)
{
	size_t n;

	for (;;) {
		const char *p = chan_peek(c, &n);
		if (n >= strlen(s)) {
			bool same = memcmp(p, s, strlen(s)) == 0;
			chan_take(c, strlen(s));
			return same;
		}
		if (chan_eof(c) || chan_pump(c, CHAN_IN, soon(), f) != CHAN_IN)
			return false;
	}
}

static void speak(struct chan *c, const char *s)
{
	CHECK_INT(chan_put(c, s, strlen(s), false), strlen(s));
}

/* Sends n octets and takes what comes meanwhile, into `got` as far as it fits. The last answer of chan_pump(). */
static int upload(struct chan *c, size_t n, struct buf *got, struct fault *f)
{
	char piece[4096];
	int r = 1;

	memset(piece, 'u', sizeof(piece));
	while (r > 0 && (n > 0 || chan_unsent(c) > 0)) {
		size_t some, room;
		while (n > 0 &&
		    (some = chan_put(c, piece, n < sizeof(piece) ? n : sizeof(piece), false)) > 0)
			n -= some;
		r = chan_pump(c, CHAN_IN | CHAN_OUT, soon(), f);
		const char *p = chan_peek(c, &some);
		room = got->max - got->len;
		buf_put(got, p, some < room ? some : room);
		chan_take(c, some);
	}
	return r;
}

/* Takes input until there are `n` octets of it in all, or it ends. How many there were. */
static size_t drain(struct chan *c, size_t n, struct fault *f)
{
	size_t all = 0, some;

	for (;;) {
		chan_peek(c, &some);
		CHECK(some <= CHAN_BUFFER);
		chan_take(c, some);
		all += some;
		if (all >= n || chan_eof(c) || chan_pump(c, CHAN_IN, soon(), f) != CHAN_IN)
			return all;
	}
}

/* ---- in the clear */

static void hello(int fd, SSL_CTX *ctx)
{
	(void)ctx;
	say(fd, "* OK hello\r\n");
	swallow(fd, 8);
	say(fd, "* BYE\r\n");
}

TEST(there_and_back)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(hello, NULL, &pid);
	size_t n;

	CHECK(!chan_is_safe(c) && !chan_is_tls(c) && !chan_is_deflated(c));
	CHECK_STR(chan_describe(c), "in the clear");
	CHECK(hear(c, "* OK hello\r\n", &f));
	CHECK_INT(chan_stats(c).turnarounds, 0);
	speak(c, "a NOOP\r\n");
	CHECK_INT(chan_unsent(c), 8);
	CHECK_INT(chan_pump(c, CHAN_OUT, soon(), &f), CHAN_OUT);
	CHECK_INT(chan_unsent(c), 0);
	CHECK(hear(c, "* BYE\r\n", &f));
	CHECK_INT(chan_pump(c, CHAN_IN, soon(), &f), CHAN_IN);
	CHECK(chan_eof(c));
	chan_peek(c, &n);
	CHECK_INT(n, 0);
	CHECK_INT(chan_pump(c, CHAN_IN, soon(), &f), CHAN_IN);
	CHECK_INT(chan_stats(c).turnarounds, 1);
	CHECK_INT(chan_stats(c).up, 8);
	CHECK_INT(chan_stats(c).app_up, 8);
	CHECK_INT(chan_stats(c).down, 19);
	CHECK_INT(chan_stats(c).app_down, 19);
	CHECK_STR(f.msg, "");
	part(c, pid);
}

static void never(int fd, SSL_CTX *ctx)
{
	(void)fd;
	(void)ctx;
	pause();
}

TEST(deadlines)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(never, NULL, &pid);
	int64_t start = net_now();

	CHECK_INT(chan_pump(c, CHAN_IN, 0, &f), 0);
	CHECK(net_now() - start < 50);
	CHECK_INT(chan_pump(c, CHAN_IN, start + 100, &f), 0);
	CHECK(net_now() - start >= 100 && net_now() - start < 2000);
	CHECK_INT(chan_pump(c, CHAN_IN | CHAN_OUT, start + 100, &f), CHAN_OUT);
	part(c, pid);
}

static void on_alarm(int sig)
{
	(void)sig;
}

TEST(a_signal_does_not_end_the_wait)
{
	struct sigaction sa = {.sa_handler = on_alarm}, old;
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(never, NULL, &pid);
	int64_t start = net_now();

	sigaction(SIGALRM, &sa, &old);
	ualarm(20000, 20000);
	CHECK_INT(chan_pump(c, CHAN_IN, start + 150, &f), 0);
	ualarm(0, 0);
	sigaction(SIGALRM, &old, NULL);
	CHECK(net_now() - start >= 150);
	part(c, pid);
}

TEST(the_output_buffer_is_bounded)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(never, NULL, &pid);
	char *p = calloc(1, MANY);
	size_t sent = 0, n;

	REQUIRE(p != NULL);
	CHECK_INT(chan_room(c), CHAN_BUFFER);
	CHECK_INT(chan_put(c, p, MANY, false), CHAN_BUFFER);
	CHECK_INT(chan_room(c), 0);
	CHECK_INT(chan_put(c, p, 1, false), 0);
	/* The kernel takes some, and then no more. */
	while (chan_pump(c, CHAN_OUT, net_now() + 50, &f) == CHAN_OUT && sent < 64 * MANY) {
		CHECK(chan_room(c) >= CHAN_BUFFER / 2);
		n = chan_put(c, p, MANY, false);
		sent += n;
	}
	CHECK(chan_unsent(c) > CHAN_BUFFER / 2);
	CHECK_INT(f.cls, FAULT_NONE);
	free(p);
	part(c, pid);
}

static void pour_much(int fd, SSL_CTX *ctx)
{
	(void)ctx;
	pour(fd, MANY);
}

TEST(the_input_buffer_is_bounded)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(pour_much, NULL, &pid);
	size_t n = 0;

	while (n < CHAN_BUFFER) {
		CHECK_INT(chan_pump(c, CHAN_IN, soon(), &f), CHAN_IN);
		chan_peek(c, &n);
	}
	CHECK_INT(n, CHAN_BUFFER);
	CHECK_INT(chan_pump(c, CHAN_IN, soon(), &f), CHAN_IN);
	CHECK(!(chan_events(c) & POLLIN));
	chan_take(c, 1);
	CHECK(chan_events(c) & POLLIN);
	CHECK_INT(drain(c, MANY, &f), MANY - 1);
	part(c, pid);
}

static void drip(int fd, SSL_CTX *ctx)
{
	char c;

	(void)ctx;
	while (read(fd, &c, 1) == 1 && write(fd, &c, 1) == 1)
		if (c == '\n')
			usleep(1000);
}

TEST(octet_by_octet)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(drip, NULL, &pid);

	for (int i = 0; i < 20; i++) {
		speak(c, "a1 NOOP\r\na2 NOOP\r\n");
		CHECK(hear(c, "a1 NOOP\r\n", &f));
		CHECK(hear(c, "a2 NOOP\r\n", &f));
	}
	part(c, pid);
}

/* It says a megabyte before it listens at all. */
static void flood(int fd, SSL_CTX *ctx)
{
	(void)ctx;
	pour(fd, MANY);
	swallow(fd, MANY);
	say(fd, "done");
}

TEST(an_upload_against_a_flood)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(flood, NULL, &pid);
	struct buf got;

	buf_init(&got, 2 * MANY);
	CHECK(upload(c, MANY, &got, &f) > 0);
	CHECK_STR(f.msg, "");
	CHECK_INT(got.len + drain(c, MANY + 4 - got.len, &f), MANY + 4);
	buf_free(&got);
	part(c, pid);
}

/* ---- last words */

static void refuse(int fd, SSL_CTX *ctx)
{
	(void)ctx;
	swallow(fd, 1000);
	say(fd, "552 too big\r\n");
}

static void refuse_in_tls(int fd, SSL_CTX *ctx)
{
	SSL *ssl = server_tls(fd, ctx);
	char piece[1000];

	if (SSL_read(ssl, piece, sizeof(piece)) > 0)
		server_say(ssl, "552 too big\r\n");
	_exit(0);
}

/* The server says why and closes, with most of the upload unread. First why, then that it is gone. */
static void check_last_words(struct chan *c)
{
	struct fault f = {0};
	struct buf got;
	int r;

	buf_init(&got, 64);
	r = upload(c, 16 * MANY, &got, &f);
	CHECK_STR(buf_str(&got), "552 too big\r\n");
	CHECK_INT(r, -1);
	CHECK_INT(f.cls, FAULT_TEMP);
	CHECK(strstr(f.msg, "the connection was lost") != NULL);
	CHECK_INT(chan_pump(c, CHAN_OUT, soon(), &f), -1);
	buf_free(&got);
}

static struct endpoint at(uint16_t port, enum chan_security security)
{
	return (struct endpoint){
	    .host = "127.0.0.1", .port = port, .security = security, .tls.ca_file = ca_file};
}

TEST(last_words_come_before_the_loss)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(refuse, NULL, &pid);

	check_last_words(c);
	part(c, pid);
	struct endpoint e = at(server_port(refuse, NULL, 1, &pid), CHAN_CLEAR);
	c = chan_open(&e, &f);
	REQUIRE(c != NULL);
	check_last_words(c);
	part(c, pid);
}

TEST(last_words_in_tls)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);
	struct fault f = {0};
	pid_t pid;
	struct endpoint e = at(server_port(refuse_in_tls, ctx, 1, &pid), CHAN_TLS);
	struct chan *c = chan_open(&e, &f);

	REQUIRE(c != NULL);
	check_last_words(c);
	part(c, pid);
	SSL_CTX_free(ctx);
}

/* Told of by a call that did not want input; the next call fails. */
TEST(last_words_for_one_who_only_writes)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(refuse, NULL, &pid);
	char *p = calloc(1, CHAN_BUFFER);
	size_t n = 0;
	int r = CHAN_OUT;

	REQUIRE(p != NULL);
	for (int i = 0; i < 1000 && r == CHAN_OUT; i++) {
		chan_put(c, p, CHAN_BUFFER, false);
		r = chan_pump(c, CHAN_OUT, soon(), &f);
	}
	CHECK_INT(r, CHAN_IN);
	chan_peek(c, &n);
	CHECK_INT(n, 13);
	CHECK_INT(chan_pump(c, CHAN_OUT, soon(), &f), -1);
	CHECK_INT(f.cls, FAULT_TEMP);
	chan_peek(c, &n);
	CHECK_INT(n, 13);
	free(p);
	part(c, pid);
}

/* ---- for programs that poll many */

TEST(steps)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(hello, NULL, &pid);
	size_t n = 0;

	speak(c, "a NOOP\r\n");
	CHECK(chan_events(c) == (POLLIN | POLLOUT));
	for (int i = 0; i < 100 && !chan_eof(c); i++) {
		struct pollfd p = {.fd = chan_fd(c), .events = chan_events(c)};
		if (!chan_has_pending(c))
			CHECK_INT(poll(&p, 1, PATIENCE), 1);
		CHECK_INT(chan_step(c, &f), 0);
	}
	const char *p = chan_peek(c, &n);
	CHECK_MEM(p, n, "* OK hello\r\n* BYE\r\n", 19);
	CHECK_INT(chan_events(c), 0);
	part(c, pid);
}

/* ---- deflate */

/* Compresses what it says and inflates what it hears, like a server after COMPRESS. */
static void say_deflated(int fd, struct deflate *d, const char *s, size_t n)
{
	struct fault f;
	struct buf z;

	buf_init(&z, 2 * n + 8192);
	if (deflate_write(d, s, n, 1, &z, &f) == -1)
		_exit(4);
	for (size_t at_z = 0; at_z < z.len;) {
		ssize_t r = write(fd, z.data + at_z, z.len - at_z);
		if (r <= 0)
			_exit(5);
		at_z += (size_t)r;
	}
	buf_free(&z);
}

static size_t swallow_deflated(int fd, struct deflate *d, size_t n)
{
	static char z[4096], to[65536];
	size_t all = 0, used, made;
	struct fault f;

	while (all < n) {
		ssize_t r = read(fd, z, sizeof(z));
		if (r <= 0)
			_exit(6);
		for (size_t p = 0; p < (size_t)r; p += used) {
			if (deflate_read(
				d, z + p, (size_t)r - p, &used, to, sizeof(to), &made, &f) == -1)
				_exit(7);
			all += made;
		}
	}
	return all;
}

/* Its agreement and the first compressed octets come in one segment, as far as the kernel lets it. */
static void compress(int fd, SSL_CTX *ctx)
{
	struct fault f;
	struct deflate *d = deflate_new(&f);
	char *much = malloc(MANY);

	(void)ctx;
	if (d == NULL || much == NULL)
		_exit(1);
	say(fd, "a OK\r\n");
	say_deflated(fd, d, "* 1 EXISTS\r\n", 12);
	if (swallow_deflated(fd, d, 8) != 8)
		_exit(8);
	memset(much, 'm', MANY);
	say_deflated(fd, d, much, MANY);
	swallow_deflated(fd, d, MANY);
	say_deflated(fd, d, "done\r\n", 6);
	_exit(0);
}

TEST(deflate_both_ways)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(compress, NULL, &pid);
	struct buf got;
	size_t n = 0;

	usleep(50000); /* let both be there */
	buf_init(&got, 2 * MANY);
	CHECK(hear(c, "a OK\r\n", &f));
	chan_peek(c, &n);
	CHECK(n > 0);
	speak(c, "x");
	CHECK_INT(chan_deflate(c, &f), -1);
	CHECK_INT(f.cls, FAULT_BUG);
	part(c, pid);

	f = (struct fault){0};
	c = pair(compress, NULL, &pid);
	usleep(50000);
	CHECK(hear(c, "a OK\r\n", &f));
	CHECK_INT(chan_deflate(c, &f), 0);
	CHECK(chan_is_deflated(c));
	CHECK(hear(c, "* 1 EXISTS\r\n", &f));
	speak(c, "b NOOP\r\n");
	CHECK_INT(chan_pump(c, CHAN_OUT, soon(), &f), CHAN_OUT);
	CHECK_INT(drain(c, MANY, &f), MANY);
	CHECK(upload(c, MANY, &got, &f) > 0);
	CHECK_INT(got.len + drain(c, 6 - got.len, &f), 6);
	CHECK_INT(chan_stats(c).app_down, 6 + 12 + MANY + 6);
	CHECK_INT(chan_stats(c).app_up, 8 + MANY);
	CHECK(chan_stats(c).up < MANY / 50 && chan_stats(c).down < MANY / 50);
	CHECK_STR(f.msg, "");
	CHECK_INT(chan_deflate(c, &f), -1);
	CHECK_INT(f.cls, FAULT_BUG);
	buf_free(&got);
	part(c, pid);
}

/* 64 MiB of zeros in 64 KiB, and then the end. */
static void bomb(int fd, SSL_CTX *ctx)
{
	struct fault f;
	struct deflate *d = deflate_new(&f);
	char *zeros = calloc(64, MANY);

	(void)ctx;
	if (d == NULL || zeros == NULL)
		_exit(1);
	say_deflated(fd, d, zeros, (size_t)64 * MANY);
	_exit(0);
}

TEST(a_bomb_stays_in_the_buffer)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(bomb, NULL, &pid);

	CHECK_INT(chan_deflate(c, &f), 0);
	CHECK_INT(drain(c, SIZE_MAX, &f), (size_t)64 * MANY);
	CHECK(chan_eof(c));
	CHECK_STR(f.msg, "");
	CHECK(chan_stats(c).down < MANY / 8);
	part(c, pid);
}

static void talk_plainly(int fd, SSL_CTX *ctx)
{
	struct fault f;
	struct deflate *d = deflate_new(&f);

	(void)ctx;
	say_deflated(fd, d, "* 1 EXISTS\r\n", 12);
	say(fd, "\377\377* BYE\r\n");
	pause();
}

TEST(a_broken_stream_after_good_words)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(talk_plainly, NULL, &pid);

	CHECK_INT(chan_deflate(c, &f), 0);
	CHECK(hear(c, "* 1 EXISTS\r\n", &f));
	CHECK_INT(chan_pump(c, CHAN_IN, soon(), &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	CHECK_STR(f.msg, "the compressed stream from the server is corrupt");
	CHECK(chan_has_pending(c));
	CHECK_INT(chan_step(c, &f), -1);
	part(c, pid);
}

/* ---- TLS */

static void greet(int fd, SSL_CTX *ctx)
{
	SSL *ssl = server_tls(fd, ctx);

	server_say(ssl, "* OK hello\r\n");
	server_expect(ssl, "LOGOUT\r\n");
	server_say(ssl, "* BYE\r\na OK\r\n");
	server_end(ssl);
}

TEST(tls_from_the_first_octet)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);
	struct fault f = {0};
	pid_t pid;
	struct endpoint e = at(server_port(greet, ctx, 2, &pid), CHAN_TLS);
	struct buf b;

	buf_init(&b, 256);
	unlink(session_file);
	e.tls.session_file = session_file;
	for (int i = 0; i < 2; i++) {
		struct chan *c = chan_open(&e, &f);
		CHECK_STR(f.msg, "");
		REQUIRE(c != NULL);
		CHECK(chan_is_tls(c) && chan_is_safe(c));
		CHECK_STR(chan_binding(c, &b), "tls-exporter");
		CHECK_STR(chan_describe(c),
		    i == 0 ? "TLSv1.3 TLS_AES_256_GCM_SHA384"
			   : "TLSv1.3 TLS_AES_256_GCM_SHA384 resumed");
		/* All in one flight: the handshake and this are the round trips. */
		speak(c, "a LOGOUT\r\n");
		CHECK(hear(c, "* OK hello\r\n", &f));
		CHECK(hear(c, "* BYE\r\na OK\r\n", &f));
		CHECK_INT(chan_pump(c, CHAN_IN, soon(), &f), CHAN_IN);
		CHECK(chan_eof(c));
		CHECK_INT(chan_stats(c).turnarounds, 2);
		CHECK_INT(chan_stats(c).app_up, 10);
		CHECK(chan_stats(c).up > 300 && chan_stats(c).down > 300);
		chan_free(c);
	}
	server_stop(pid);
	SSL_CTX_free(ctx);
	buf_free(&b);
}

/* A server that speaks first gets our Finished without our saying anything. */
TEST(tls_when_the_server_speaks_first)
{
	SSL_CTX *ctx = server_context(&id, TLS1_2_VERSION);
	struct fault f = {0};
	pid_t pid;
	struct endpoint e = at(server_port(greet, ctx, 1, &pid), CHAN_TLS);
	struct chan *c = chan_open(&e, &f);

	REQUIRE(c != NULL);
	CHECK(hear(c, "* OK hello\r\n", &f));
	part(c, pid);
	SSL_CTX_free(ctx);
	ctx = server_context(&id, TLS1_3_VERSION);
	e.port = server_port(greet, ctx, 1, &pid);
	c = chan_open(&e, &f);
	REQUIRE(c != NULL);
	CHECK(chan_events(c) & POLLOUT);
	CHECK(hear(c, "* OK hello\r\n", &f));
	part(c, pid);
	SSL_CTX_free(ctx);
}

static void flood_in_tls(int fd, SSL_CTX *ctx)
{
	SSL *ssl = server_tls(fd, ctx);
	static char piece[65536];

	for (int i = 0; i < MANY / 65536; i++)
		SSL_write(ssl, piece, sizeof(piece));
	for (int n = 0, r = 0; n < MANY; n += r)
		if ((r = SSL_read(ssl, piece, sizeof(piece))) <= 0)
			_exit(1);
	server_say(ssl, "done");
	server_end(ssl);
}

TEST(an_upload_against_a_flood_in_tls)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);
	struct fault f = {0};
	pid_t pid;
	struct endpoint e = at(server_port(flood_in_tls, ctx, 1, &pid), CHAN_TLS);
	struct chan *c = chan_open(&e, &f);
	struct buf got;

	REQUIRE(c != NULL);
	buf_init(&got, 2 * MANY);
	CHECK(upload(c, MANY, &got, &f) > 0);
	CHECK_STR(f.msg, "");
	CHECK_INT(got.len + drain(c, MANY + 4 - got.len, &f), MANY + 4);
	buf_free(&got);
	part(c, pid);
	SSL_CTX_free(ctx);
}

TEST(faults_say_where)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);
	struct fault f = {0};
	char want[128];
	pid_t pid;
	struct endpoint e = at(server_port(greet, ctx, 1, &pid), CHAN_TLS);

	e.tls.fingerprint =
	    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	CHECK(chan_open(&e, &f) == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	snprintf(
	    want, sizeof(want), "127.0.0.1:%u: the certificate is not the pinned one; ", e.port);
	CHECK(strncmp(f.msg, want, strlen(want)) == 0);
	server_stop(pid);
	e.host = "::1";
	CHECK(chan_open(&e, &f) == NULL);
	CHECK(strncmp(f.msg, "[::1]:", 6) == 0);
	SSL_CTX_free(ctx);
}

static void stay_silent(int fd, SSL_CTX *ctx)
{
	(void)fd;
	(void)ctx;
	pause();
}

TEST(a_handshake_ends_in_time)
{
	struct fault f = {0};
	pid_t pid;
	struct endpoint e = at(server_port(stay_silent, NULL, 1, &pid), CHAN_TLS);
	int64_t start = net_now();

	e.connect_timeout = 200;
	CHECK(chan_open(&e, &f) == NULL);
	CHECK(net_now() - start >= 190 && net_now() - start < 5000);
	CHECK_INT(f.cls, FAULT_TEMP);
	CHECK(strstr(f.msg, ": no answer to the TLS handshake in time") != NULL);
	server_stop(pid);
}

/* ---- STARTTLS */

static void starttls(int fd, SSL_CTX *ctx)
{
	say(fd, "220 hello\r\n");
	swallow(fd, 10);
	say(fd, "220 go on\r\n");
	SSL *ssl = server_tls(fd, ctx);
	server_expect(ssl, "EHLO\r\n");
	server_say(ssl, "250 hello again\r\n");
	server_end(ssl);
}

static void inject(int fd, SSL_CTX *ctx)
{
	say(fd, "220 hello\r\n");
	swallow(fd, 10);
	say(fd, "220 go on\r\n250 injected\r\n");
	server_tls(fd, ctx);
}

/* The same, when the octets come so late that only the handshake sees them. */
static void inject_late(int fd, SSL_CTX *ctx)
{
	say(fd, "220 hello\r\n");
	swallow(fd, 10);
	say(fd, "220 go on\r\n");
	usleep(100000);
	say(fd, "250 injected\r\n");
	server_tls(fd, ctx);
}

static struct chan *open_starttls(server_talk *talk, SSL_CTX *ctx, pid_t *pid, struct fault *f)
{
	struct endpoint e = at(server_port(talk, ctx, 1, pid), CHAN_STARTTLS);
	char host[] = "127.0.0.1";
	struct chan *c;

	/* Nothing of the endpoint is needed after chan_open(). */
	e.host = host;
	*f = (struct fault){0};
	c = chan_open(&e, f);
	host[0] = 'x';
	return c;
}

TEST(starttls_on_demand)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);
	struct fault f;
	pid_t pid;
	struct chan *c = open_starttls(starttls, ctx, &pid, &f);

	REQUIRE(c != NULL);
	CHECK(!chan_is_safe(c));
	CHECK(hear(c, "220 hello\r\n", &f));
	speak(c, "STARTTLS\r\n");
	CHECK_INT(chan_starttls(c, &f), -1);
	CHECK_INT(f.cls, FAULT_BUG);
	CHECK(hear(c, "220 go on\r\n", &f));
	CHECK_INT(chan_starttls(c, &f), 0);
	CHECK(chan_is_safe(c) && chan_is_tls(c));
	speak(c, "EHLO\r\n");
	CHECK(hear(c, "250 hello again\r\n", &f));
	CHECK_INT(chan_starttls(c, &f), -1);
	CHECK_INT(f.cls, FAULT_BUG);
	part(c, pid);
	SSL_CTX_free(ctx);
}

static void check_injection(server_talk *talk, SSL_CTX *ctx)
{
	struct fault f;
	pid_t pid;
	struct chan *c = open_starttls(talk, ctx, &pid, &f);
	size_t n;

	REQUIRE(c != NULL);
	CHECK(hear(c, "220 hello\r\n", &f));
	speak(c, "STARTTLS\r\n");
	CHECK(hear(c, "220 go on\r\n", &f));
	CHECK_INT(chan_starttls(c, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	CHECK(!chan_is_safe(c));
	/* Nothing goes on in the clear. */
	uint64_t up = chan_stats(c).up;
	speak(c, "AUTH PLAIN\r\n");
	CHECK_INT(chan_pump(c, CHAN_OUT, soon(), &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	CHECK_INT(chan_stats(c).up, up);
	chan_peek(c, &n);
	CHECK_INT(n, 0);
	part(c, pid);
}

TEST(injected_octets_are_refused)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);

	check_injection(inject, ctx);
	check_injection(inject_late, ctx);
	SSL_CTX_free(ctx);
}

TEST(no_starttls_where_none_was_meant)
{
	struct fault f = {0};
	pid_t pid;
	struct chan *c = pair(never, NULL, &pid);

	CHECK_INT(chan_starttls(c, &f), -1);
	CHECK_INT(f.cls, FAULT_BUG);
	part(c, pid);
}

/* ---- tunnels */

TEST(tunnels)
{
	struct endpoint e = {.tunnel = "sed -u 's/^/> /'", .security = CHAN_TLS};
	struct fault f = {0};
	struct chan *c = chan_open(&e, &f);

	REQUIRE(c != NULL);
	CHECK(chan_is_safe(c) && !chan_is_tls(c));
	CHECK_STR(chan_describe(c), "tunnel");
	speak(c, "hello\n");
	CHECK(hear(c, "> hello\n", &f));
	int64_t start = net_now();
	chan_free(c);
	CHECK(net_now() - start < 400);
}

TEST(a_tunnel_that_does_not_run)
{
	struct endpoint e = {.tunnel = "exit 3"};
	struct fault f = {0};
	struct chan *c = chan_open(&e, &f);

	REQUIRE(c != NULL);
	CHECK_INT(chan_pump(c, CHAN_IN, soon(), &f), CHAN_IN);
	CHECK(chan_eof(c));
	chan_free(c);
}

TEST(a_tunnel_that_does_not_end)
{
	struct endpoint e = {.tunnel = "trap '' TERM; echo; while :; do sleep 0.1; done | cat"};
	struct fault f = {0};
	struct chan *c = chan_open(&e, &f);

	REQUIRE(c != NULL);
	CHECK(hear(c, "\n", &f));
	int64_t start = net_now();
	chan_free(c);
	CHECK(net_now() - start >= 900 && net_now() - start < 5000);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

/* ---- trace */

TEST(secrets_stay_out_of_the_trace)
{
	struct fault f = {0};
	char shown[512];
	int fds[2];
	pid_t pid;

	REQUIRE(pipe2(fds, O_CLOEXEC) == 0);
	struct trace *t = trace_new(fds[1], "imap");
	REQUIRE(t != NULL);
	struct chan *c = pair(hello, t, &pid);
	CHECK(hear(c, "* OK hello\r\n", &f));
	speak(c, "a X ");
	CHECK_INT(chan_put(c, "sesame\r\n", 8, true), 8);
	CHECK(hear(c, "* BYE\r\n", &f));
	part(c, pid);
	trace_free(t);
	close(fds[1]);
	ssize_t n = read(fds[0], shown, sizeof(shown) - 1);
	shown[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	CHECK_STR(shown, "imap< * OK hello\nimap> a X [secret, 6 octets]\nimap< * BYE\n");
}

TEST(clean_up)
{
	static const char *const names[] = {"ca.pem", "session", NULL};

	identity_free(&ca);
	identity_free(&id);
	files_remove(names);
	CHECK(access(ca_file, F_OK) == -1);
}

UNIT_MAIN
