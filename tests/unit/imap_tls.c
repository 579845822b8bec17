/* STARTTLS and COMPRESS, with servers that mean it and servers that cheat. */
#include "imap/session_impl.h"
#include "tlspeer.h"
#include "unit.h"
#include "wire/deflate.h"

static struct identity ca, id;
static char ca_file[128];

static const struct credentials alice = {
    .user = "alice", .password = "wonderland", .auth = "PLAIN"};

TEST(identities)
{
	ca = identity_new("Unit CA", NULL, NULL, -DAY, DAY, true);
	id = identity_new("localhost", &ca, "IP:127.0.0.1", -DAY, DAY, false);
	identity_write(&ca, file_path("ca.pem", ca_file));
}

/* ---- servers */

static void say(int fd, const char *s)
{
	if (send(fd, s, strlen(s), MSG_NOSIGNAL) == -1)
		_exit(4);
}

/* Reads a line and goes on only if it is this one. */
static void hear(int fd, const char *want)
{
	char line[1024];
	size_t n = 0;

	while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	if (strncmp(line, want, strlen(want)) != 0)
		_exit(5);
}

static void offer(int fd)
{
	say(fd, "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=X-CLEAR LITERAL+] hello\r\n");
	hear(fd, "a1 STARTTLS\r");
}

static SSL *agree(int fd, SSL_CTX *ctx)
{
	say(fd, "a1 OK [CAPABILITY IMAP4rev1 AUTH=X-CLEAR] go\r\n");
	return server_tls(fd, ctx);
}

static void honest(int fd, SSL_CTX *ctx)
{
	offer(fd);
	SSL *ssl = agree(fd, ctx);
	/* what was said in the clear counts no more: we are asked again */
	server_expect(ssl, "a2 CAPABILITY\r\n");
	server_say(ssl, "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\na2 OK\r\n");
	server_expect(ssl, "a3 AUTHENTICATE PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=\r\n");
	server_say(ssl, "a3 OK [CAPABILITY IMAP4rev1 IDLE] in\r\n");
	server_expect(ssl, "a4 LOGOUT\r\n");
	server_say(ssl, "* BYE\r\na4 OK\r\n");
	server_end(ssl);
}

static void inject(int fd, SSL_CTX *ctx)
{
	offer(fd);
	say(fd, "a1 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
	server_tls(fd, ctx);
}

/* Half a response: it must not get its other half from the inside. */
static void inject_half(int fd, SSL_CTX *ctx)
{
	offer(fd);
	say(fd, "a1 OK go\r\n* OK ");
	server_tls(fd, ctx);
}

static void refuse(int fd, SSL_CTX *ctx)
{
	(void)ctx;
	offer(fd);
	say(fd, "a1 NO not today\r\n");
	hear(fd, "a2 LOGOUT\r");
}

/* Logged in already: then it is too late for STARTTLS. */
static void preauth(int fd, SSL_CTX *ctx)
{
	(void)ctx;
	say(fd, "* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n");
	hear(fd, "a1 LOGOUT\r");
}

/* ---- STARTTLS */

struct outcome {
	struct imap *s;
	struct fault f;
	pid_t pid;
};

static struct outcome connect_to(server_talk *talk, SSL_CTX *ctx)
{
	struct outcome out = {0};
	struct imap_options o = {.credentials = &alice, .require_tls = true, .timeout = 5000};

	o.endpoint = (struct endpoint){.host = "127.0.0.1",
	    .port = server_port(talk, ctx, 1, &out.pid),
	    .security = CHAN_STARTTLS,
	    .tls.ca_file = ca_file};
	out.s = imap_open(&o, &out.f);
	return out;
}

TEST(starttls)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);
	struct outcome out = connect_to(honest, ctx);

	if (out.s == NULL)
		CHECK_STR(out.f.msg, "");
	REQUIRE(out.s != NULL);
	CHECK(imap_is_tls(out.s) && imap_is_safe(out.s));
	CHECK_STR(imap_caps_before(out.s), "IMAP4rev1 SASL-IR AUTH=PLAIN");
	CHECK_STR(imap_caps(out.s), "IMAP4rev1 IDLE");
	imap_close(out.s);
	server_stop(out.pid);
	SSL_CTX_free(ctx);
}

static void check_refusal(server_talk *talk, enum fault_class cls, const char *part)
{
	SSL_CTX *ctx = server_context(&id, TLS1_3_VERSION);
	struct outcome out = connect_to(talk, ctx);

	CHECK(out.s == NULL);
	CHECK_INT(out.f.cls, cls);
	if (!unit_check(strstr(out.f.msg, part) != NULL, __FILE__, __LINE__, part))
		printf("# %s\n", out.f.msg);
	imap_close(out.s);
	server_stop(out.pid);
	SSL_CTX_free(ctx);
}

TEST(starttls_that_is_none)
{
	check_refusal(inject, FAULT_PROTOCOL, "in the clear");
	check_refusal(inject_half, FAULT_PROTOCOL, "in the clear");
	check_refusal(refuse, FAULT_REFUSED, "not today");
	check_refusal(preauth, FAULT_PROTOCOL, "PREAUTH");
}

/* ---- COMPRESS */

static void put(int fd, struct deflate *d, const char *s)
{
	struct fault f;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (deflate_write(d, s, strlen(s), true, &b, &f) == -1 ||
	    send(fd, b.data, b.len, MSG_NOSIGNAL) == -1)
		_exit(6);
	buf_free(&b);
}

static void get(int fd, struct deflate *d, const char *want)
{
	char in[1], out[1024] = {0};
	size_t n = 0, used, made;
	struct fault f;

	while (n < strlen(want) && read(fd, in, 1) == 1) {
		if (deflate_read(d, in, 1, &used, out + n, sizeof(out) - n, &made, &f) == -1)
			_exit(7);
		n += made;
	}
	if (n != strlen(want) || memcmp(out, want, n) != 0)
		_exit(8);
}

static void squeeze(int fd, SSL_CTX *ctx)
{
	struct fault f;
	struct deflate *d = deflate_new(&f);

	(void)ctx;
	say(fd, "* PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hello\r\n");
	hear(fd, "a1 COMPRESS DEFLATE\r");
	say(fd, "a1 OK go\r\n");
	get(fd, d, "a2 NOOP\r\n");
	put(fd, d, "* 5 EXISTS\r\na2 OK\r\n");
	get(fd, d, "a3 LOGOUT\r\n"); /* whose answer nobody waits for */
	deflate_free(d);
}

TEST(compress)
{
	struct imap_options o = {.compress = true, .timeout = 5000};
	struct fault f = {0};
	struct imap_cmd c;
	struct event ev;
	pid_t pid;
	int status;
	struct chan *chan = chan_from_fd(server_pair(squeeze, NULL, &pid), NULL, &f);
	struct imap *s = imap_open_chan(chan, &o, true, &f);

	REQUIRE(s != NULL);
	CHECK(imap_is_compressed(s) && !imap_is_tls(s));
	imap_cmd_init(&c, s, "NOOP");
	uint32_t tag = imap_send(s, &c, &f);
	CHECK_INT(imap_until(s, tag, &ev, &f), 1);
	CHECK_INT(ev.kind, EV_EXISTS);
	CHECK_INT(imap_until(s, tag, &ev, &f), 0);
	imap_close(s);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

TEST(clean_up)
{
	static const char *const names[] = {"ca.pem", NULL};

	identity_free(&ca);
	identity_free(&id);
	files_remove(names);
}

UNIT_MAIN
