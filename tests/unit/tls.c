#include "wire/tls.h"

#include "unit.h"

#include <poll.h>
#include <signal.h>

#include "tlspeer.h"
#include "wire/link.h"
#include "wire/net.h"

static struct identity ca, other_ca, good, bare, expired, early, unknown, self;
static char ca_file[128], leaf_file[128], session_file[128];

/* First of all tests: what the others use. */
TEST(identities)
{
	const char *names =
	    "DNS:mail.example.org,DNS:*.sub.example.org,IP:192.0.2.1,IP:2001:db8::1";

	ca = identity_new("Unit CA", NULL, NULL, -DAY, DAY, true);
	other_ca = identity_new("Other CA", NULL, NULL, -DAY, DAY, true);
	good = identity_new("one", &ca, names, -DAY, DAY, false);
	bare = identity_new("mail.example.org", &ca, NULL, -DAY, DAY, false);
	expired = identity_new("two", &ca, names, -2 * DAY, -DAY, false);
	early = identity_new("three", &ca, names, DAY, 2 * DAY, false);
	unknown = identity_new("four", &other_ca, names, -DAY, DAY, false);
	self = identity_new("five", NULL, names, -DAY, DAY, false);
	identity_write(&ca, file_path("ca.pem", ca_file));
	identity_write(&self, file_path("leaf.pem", leaf_file));
	file_path("session", session_file);
	CHECK(good.cert != NULL);
}

/* ---- a client over a socket pair */

struct client {
	pid_t pid;
	struct link link;
	struct tls *tls;
};

static void wait_for(const struct client *c, enum tls_status s)
{
	struct pollfd p = {.fd = c->link.fd, .events = s == TLS_WANT_WRITE ? POLLOUT : POLLIN};

	poll(&p, 1, 10000);
}

static enum tls_status shake(struct client *c, struct fault *f)
{
	for (int i = 0; i < 1000; i++) {
		enum tls_status s = tls_handshake(c->tls, f);
		if (s != TLS_WANT_READ && s != TLS_WANT_WRITE)
			return s;
		wait_for(c, s);
	}
	return TLS_WANT_READ;
}

static enum tls_status connect_to(struct client *c, server_talk *talk, SSL_CTX *ctx,
    const char *name, const struct tls_options *o, struct fault *f)
{
	int fd = server_pair(talk, ctx, &c->pid);

	*f = (struct fault){0};
	fcntl(fd, F_SETFL, O_NONBLOCK);
	link_init(&c->link, fd);
	c->tls = tls_new(&c->link, name, o, f);
	return c->tls == NULL ? TLS_ERROR : shake(c, f);
}

static void leave(struct client *c)
{
	if (c->tls != NULL)
		tls_close(c->tls);
	tls_free(c->tls);
	close(c->link.fd);
	server_stop(c->pid);
}

static size_t read_all(
    struct client *c, char *to, size_t max, struct fault *f, enum tls_status *last)
{
	size_t n = 0, done = 0;

	for (int i = 0; i < 1000; i++) {
		enum tls_status s = tls_read(c->tls, to + n, max - n, &done, f);
		*last = s;
		if (s == TLS_DONE)
			n += done;
		else if (s == TLS_WANT_READ || s == TLS_WANT_WRITE)
			wait_for(c, s);
		else
			break;
	}
	to[n] = '\0';
	return n;
}

static void greet(int fd, SSL_CTX *ctx)
{
	SSL *ssl = server_tls(fd, ctx);

	server_say(ssl, "* OK hello\r\n");
	server_end(ssl);
}

/* One handshake with a server of this identity. */
static enum tls_status try(
    const struct identity *id, const char *name, const struct tls_options *o, struct fault *f)
{
	SSL_CTX *ctx = server_context(id, TLS1_3_VERSION);
	struct client c;
	enum tls_status s = connect_to(&c, greet, ctx, name, o, f);

	leave(&c);
	SSL_CTX_free(ctx);
	return s;
}

static void check_says(const struct fault *f, const char *why)
{
	if (strstr(f->msg, why) == NULL)
		CHECK_STR(f->msg, why);
}

static void check_refused(const struct identity *id, const char *name, const char *why)
{
	struct tls_options o = {.ca_file = ca_file};
	char print[80];
	struct fault f;

	CHECK_INT(try(id, name, &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_AUTH);
	check_says(&f, why);
	identity_fingerprint(id, print);
	CHECK(strcasestr(f.msg, print) != NULL);
}

static void check_good(const struct identity *id, const char *name)
{
	struct tls_options o = {.ca_file = ca_file};
	struct fault f;

	CHECK_INT(try(id, name, &o, &f), TLS_DONE);
	CHECK_STR(f.msg, "");
}

/* ---- certificates */

TEST(good_names)
{
	check_good(&good, "mail.example.org");
	check_good(&good, "MAIL.example.org.");
	check_good(&good, "a.sub.example.org");
	check_good(&good, "192.0.2.1");
	check_good(&good, "2001:db8::1");
	check_good(&good, "2001:db8:0:0::1%lo");
}

TEST(wrong_names)
{
	check_refused(&good, "example.org",
	    "the certificate is not for example.org but for mail.example.org, *.sub.example.org, "
	    "192.0.2.1, 2001:db8::1");
	check_refused(&good, "a.b.sub.example.org", "is not for a.b.sub.example.org");
	check_refused(&good, "192.0.2.2", "is not for 192.0.2.2");
	check_refused(&bare, "mail.example.org", "but for no host name");
}

TEST(wrong_times)
{
	check_refused(&expired, "mail.example.org", "the certificate expired on 2");
	check_refused(&early, "mail.example.org", "the certificate is not valid before 2");
}

TEST(wrong_issuers)
{
	check_refused(&unknown, "mail.example.org",
	    "the issuer of the certificate is not known here: CN=Other CA");
	check_refused(
	    &self, "mail.example.org", "the certificate is self-signed and not known here");
}

TEST(the_certificate_itself_as_ca)
{
	struct tls_options o = {.ca_file = leaf_file};
	struct fault f;

	CHECK_INT(try(&self, "mail.example.org", &o, &f), TLS_DONE);
	CHECK_INT(try(&self, "example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_AUTH);
}

TEST(system_roots_do_not_know_us)
{
	struct tls_options o = {0};
	struct fault f;

	CHECK_INT(try(&good, "mail.example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_AUTH);
}

TEST(bad_ca_files)
{
	struct tls_options o = {.ca_file = "/no/such/file"};
	struct fault f;

	CHECK_INT(try(&good, "mail.example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK_STR(f.msg, "tls-ca: /no/such/file: No such file or directory");
	o.ca_file = "/dev/null";
	CHECK_INT(try(&good, "mail.example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_CONFIG);
}

/* ---- fingerprints */

TEST(fingerprint_text)
{
	unsigned char out[TLS_FINGERPRINT_SIZE];
	char s[80];

	identity_fingerprint(&good, s);
	CHECK(tls_fingerprint(s, out));
	CHECK(tls_fingerprint("SHA256:00:01:02:03:04:05:06:07:08:09:0a:0B:0c:0D:0e:0f:"
			      "10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1F",
	    out));
	CHECK_INT(out[11], 11);
	CHECK_INT(out[31], 31);
	s[strlen(s) - 1] = '\0';
	CHECK(!tls_fingerprint(s, out));
	CHECK(!tls_fingerprint("", out));
	CHECK(!tls_fingerprint("sha256:", out));
	CHECK(!tls_fingerprint("sha1:00", out));
	CHECK(!tls_fingerprint("sha256:0:0", out));
}

TEST(the_pinned_certificate_is_enough)
{
	char print[80];
	struct tls_options o = {
	    .ca_file = ca_file, .fingerprint = identity_fingerprint(&self, print)};
	struct fault f;

	CHECK_INT(try(&self, "elsewhere.example", &o, &f), TLS_DONE);
	identity_fingerprint(&expired, print);
	CHECK_INT(try(&expired, "192.0.2.9", &o, &f), TLS_DONE);
}

TEST(no_other_than_the_pinned_certificate)
{
	char print[80], seen[80];
	struct tls_options o = {
	    .ca_file = ca_file, .fingerprint = identity_fingerprint(&self, print)};
	struct fault f;

	CHECK_INT(try(&good, "mail.example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "the certificate is not the pinned one") != NULL);
	CHECK(strcasestr(f.msg, identity_fingerprint(&good, seen)) != NULL);
	o.fingerprint = "sha256:12";
	CHECK_INT(try(&good, "mail.example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_CONFIG);
}

/* ---- servers that are not what they should be */

static void check_handshake_fails(
    server_talk *talk, int version, enum fault_class cls, const char *why)
{
	SSL_CTX *ctx = server_context(&good, version);
	struct tls_options o = {.ca_file = ca_file};
	struct client c;
	struct fault f;

	CHECK_INT(connect_to(&c, talk, ctx, "mail.example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, cls);
	check_says(&f, why);
	leave(&c);
	SSL_CTX_free(ctx);
}

TEST(tls_1_1_is_refused)
{
	check_handshake_fails(
	    greet, TLS1_1_VERSION, FAULT_PROTOCOL, "no version of TLS from 1.2 on");
}

static void speak_plainly(int fd, SSL_CTX *ctx)
{
	(void)ctx;
	if (write(fd, "* OK no TLS here\r\n", 18) != 18)
		_exit(1);
	pause();
}

TEST(no_tls_at_all)
{
	check_handshake_fails(
	    speak_plainly, TLS1_3_VERSION, FAULT_PROTOCOL, "does not speak TLS here");
}

static void hang_up(int fd, SSL_CTX *ctx)
{
	char hello[16];

	(void)ctx;
	if (read(fd, hello, sizeof(hello)) <= 0)
		_exit(1);
}

TEST(hanging_up_in_the_handshake)
{
	check_handshake_fails(hang_up, TLS1_3_VERSION, FAULT_TEMP, "lost: ");
}

static void close_at_once(int fd, SSL_CTX *ctx)
{
	char hello[65536];

	(void)ctx;
	if (read(fd, hello, sizeof(hello)) <= 0)
		_exit(1);
	shutdown(fd, SHUT_WR);
	pause();
}

TEST(closing_in_the_handshake)
{
	check_handshake_fails(
	    close_at_once, TLS1_3_VERSION, FAULT_TEMP, "closed the connection during");
}

/* ---- octets */

TEST(close_notify_is_the_end)
{
	SSL_CTX *ctx = server_context(&good, TLS1_3_VERSION);
	struct tls_options o = {.ca_file = ca_file};
	enum tls_status last;
	struct client c;
	struct fault f;
	char got[256];

	CHECK_INT(connect_to(&c, greet, ctx, "mail.example.org", &o, &f), TLS_DONE);
	CHECK_STR(tls_describe(c.tls), "TLSv1.3 TLS_AES_256_GCM_SHA384");
	read_all(&c, got, sizeof(got) - 1, &f, &last);
	CHECK_STR(got, "* OK hello\r\n");
	CHECK_INT(last, TLS_EOF);
	leave(&c);
	SSL_CTX_free(ctx);
}

static void greet_and_vanish(int fd, SSL_CTX *ctx)
{
	server_say(server_tls(fd, ctx), "* BYE\r\n");
	close(fd);
	pause();
}

TEST(a_plain_end_is_the_end)
{
	const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	for (int i = 0; i < 2; i++) {
		SSL_CTX *ctx = server_context(&good, versions[i]);
		struct tls_options o = {.ca_file = ca_file};
		enum tls_status last;
		struct client c;
		struct fault f;
		char got[256];

		CHECK_INT(
		    connect_to(&c, greet_and_vanish, ctx, "mail.example.org", &o, &f), TLS_DONE);
		read_all(&c, got, sizeof(got) - 1, &f, &last);
		CHECK_STR(got, "* BYE\r\n");
		CHECK_INT(last, TLS_EOF);
		leave(&c);
		SSL_CTX_free(ctx);
	}
}

/* Our Finished shares the segment of the first octets: the server sees both with one read. */
TEST(finished_waits_for_company)
{
	SSL_CTX *ctx = server_context(&good, TLS1_3_VERSION);
	struct tls_options o = {.ca_file = ca_file};
	struct client c;
	struct fault f;
	size_t done = 0;

	CHECK_INT(connect_to(&c, greet, ctx, "mail.example.org", &o, &f), TLS_DONE);
	uint64_t before = c.link.up;
	size_t held = tls_held(c.tls);
	CHECK(held > 0);
	CHECK_INT(tls_write(c.tls, "a NOOP\r\n", 8, &done, &f), TLS_DONE);
	CHECK_INT(done, 8);
	CHECK_INT(tls_held(c.tls), 0);
	CHECK(c.link.up > before + held + 8);
	CHECK_INT(c.link.turnarounds, 1);
	leave(&c);

	CHECK_INT(connect_to(&c, greet, ctx, "mail.example.org", &o, &f), TLS_DONE);
	tls_flush(c.tls);
	CHECK_INT(tls_held(c.tls), 0);
	CHECK_INT(c.link.up, before + held);
	leave(&c);
	SSL_CTX_free(ctx);
}

/* ---- resumption */

static void greet_and_stay(int fd, SSL_CTX *ctx)
{
	SSL *ssl = server_tls(fd, ctx);

	server_say(ssl, "* OK hello\r\n");
	server_expect(ssl, "\n");
	server_end(ssl);
}

/* A whole connection; true when the session was resumed. */
static bool visit(SSL_CTX *ctx, const char *name, const struct tls_options *o)
{
	struct client c;
	struct fault f;
	char got[64];
	size_t n = 0, done;
	bool resumed = false;

	CHECK_INT(connect_to(&c, greet_and_stay, ctx, name, o, &f), TLS_DONE);
	CHECK_STR(f.msg, "");
	if (f.cls == FAULT_NONE) {
		resumed = strstr(tls_describe(c.tls), " resumed") != NULL;
		while (n == 0 && tls_read(c.tls, got, sizeof(got), &n, &f) == TLS_WANT_READ)
			wait_for(&c, TLS_WANT_READ);
		CHECK_INT(n, 12);
		CHECK_INT(tls_write(c.tls, "\r\n", 2, &done, &f), TLS_DONE);
	}
	leave(&c);
	return resumed;
}

TEST(sessions_are_resumed)
{
	const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_options o = {.ca_file = ca_file, .session_file = session_file};
	struct stat st;

	for (int i = 0; i < 2; i++) {
		SSL_CTX *ctx = server_context(&good, versions[i]);
		unlink(session_file);
		CHECK(!visit(ctx, "mail.example.org", &o));
		CHECK_INT(stat(session_file, &st), 0);
		CHECK_INT(st.st_mode & 07777, 0600);
		CHECK(visit(ctx, "mail.example.org", &o));
		CHECK(visit(ctx, "mail.example.org", &o));
		SSL_CTX_free(ctx);
	}
}

TEST(sessions_are_bound_to_name_and_trust)
{
	SSL_CTX *ctx = server_context(&good, TLS1_3_VERSION);
	char print[80];
	struct tls_options o = {.ca_file = ca_file, .session_file = session_file};
	struct tls_options pinned = {.session_file = session_file};

	pinned.fingerprint = identity_fingerprint(&good, print);
	unlink(session_file);
	CHECK(!visit(ctx, "mail.example.org", &o));
	CHECK(!visit(ctx, "a.sub.example.org", &o));
	CHECK(visit(ctx, "a.sub.example.org", &o));
	CHECK(!visit(ctx, "a.sub.example.org", &pinned));
	CHECK(visit(ctx, "a.sub.example.org", &pinned));
	CHECK(!visit(ctx, "mail.example.org", &o));
	SSL_CTX_free(ctx);
}

/* Another server, with another certificate, does not resume by a pin for the first. */
TEST(a_session_does_not_get_around_a_pin)
{
	SSL_CTX *ctx = server_context(&good, TLS1_3_VERSION);
	char print[80], session[128];
	struct tls_options o = {.ca_file = ca_file, .session_file = session_file};
	struct fault f;

	(void)session;
	unlink(session_file);
	CHECK(!visit(ctx, "mail.example.org", &o));
	o.fingerprint = identity_fingerprint(&self, print);
	CHECK_INT(try(&good, "mail.example.org", &o, &f), TLS_ERROR);
	CHECK_INT(f.cls, FAULT_AUTH);
	SSL_CTX_free(ctx);
}

static void put_file(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "w");

	if (out == NULL)
		return;
	fputs(text, out);
	fclose(out);
	chmod(path, mode);
}

TEST(a_bad_session_file_is_no_session)
{
	static const char plain[] = "-----BEGIN SSL SESSION PARAMETERS-----\nAAAA\n"
				    "-----END SSL SESSION PARAMETERS-----\n";
	static const char locked[] = "-----BEGIN SSL SESSION PARAMETERS-----\n"
				     "Proc-Type: 4,ENCRYPTED\n"
				     "DEK-Info: AES-256-CBC,00000000000000000000000000000000\n\n"
				     "AAAA\n-----END SSL SESSION PARAMETERS-----\n";
	static const char first[] = "lm-tls-session 1 name=mail.example.org ca=\n";
	static const char *const texts[] = {"", "\n", first, plain, locked};
	SSL_CTX *ctx = server_context(&good, TLS1_3_VERSION);
	struct tls_options o = {.ca_file = ca_file, .session_file = session_file};
	char text[2048];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		put_file(session_file, texts[i], 0600);
		CHECK(!visit(ctx, "mail.example.org", &o));
		snprintf(text, sizeof(text), "lm-tls-session 1 name=mail.example.org ca=%s\n%s",
		    ca_file, texts[i]);
		put_file(session_file, text, 0600);
		CHECK(!visit(ctx, "mail.example.org", &o));
	}
	/* What others could have read or written is not used. */
	CHECK(visit(ctx, "mail.example.org", &o));
	chmod(session_file, 0644);
	CHECK(!visit(ctx, "mail.example.org", &o));
	o.session_file = "/no/such/folder/session";
	CHECK(!visit(ctx, "mail.example.org", &o));
	SSL_CTX_free(ctx);
}

/* ---- channel bindings: the server tells its own */

static void tell_exporter(int fd, SSL_CTX *ctx)
{
	SSL *ssl = server_tls(fd, ctx);
	unsigned char own[32];

	SSL_export_keying_material(
	    ssl, own, sizeof(own), "EXPORTER-Channel-Binding", 24, NULL, 0, 0);
	SSL_write(ssl, own, sizeof(own));
	server_end(ssl);
}

static void tell_unique(int fd, SSL_CTX *ctx)
{
	SSL *ssl = server_tls(fd, ctx);
	unsigned char own[64];
	size_t n = SSL_session_reused(ssl) ? SSL_get_finished(ssl, own, sizeof(own))
					   : SSL_get_peer_finished(ssl, own, sizeof(own));

	SSL_write(ssl, own, (int)n);
	server_end(ssl);
}

static void check_binding(SSL_CTX *ctx, server_talk *talk, const char *type)
{
	struct tls_options o = {.ca_file = ca_file, .session_file = session_file};
	enum tls_status last;
	struct client c;
	struct fault f;
	char got[256];
	struct buf own;

	buf_init(&own, 256);
	CHECK_INT(connect_to(&c, talk, ctx, "mail.example.org", &o, &f), TLS_DONE);
	CHECK_STR(tls_binding(c.tls, &own), type);
	size_t n = read_all(&c, got, sizeof(got) - 1, &f, &last);
	CHECK(n >= 12);
	CHECK_MEM(own.data, own.len, got, n);
	buf_free(&own);
	leave(&c);
}

TEST(bindings_agree)
{
	SSL_CTX *ctx13 = server_context(&good, TLS1_3_VERSION);
	SSL_CTX *ctx12 = server_context(&good, TLS1_2_VERSION);

	for (int i = 0; i < 2; i++)
		check_binding(ctx13, tell_exporter, "tls-exporter");
	unlink(session_file);
	for (int i = 0; i < 2; i++)
		check_binding(ctx12, tell_unique, "tls-unique");
	SSL_CTX_free(ctx13);
	SSL_CTX_free(ctx12);
}

TEST(no_binding_without_a_connection)
{
	struct tls_options o = {.ca_file = ca_file};
	struct fault f = {0};
	struct link link;
	struct buf b;

	buf_init(&b, 256);
	link_init(&link, -1);
	struct tls *t = tls_new(&link, "mail.example.org", &o, &f);
	REQUIRE(t != NULL);
	CHECK_STR(tls_binding(t, &b), NULL);
	CHECK_STR(tls_describe(t), "");
	tls_free(t);
	buf_free(&b);
}

TEST(clean_up)
{
	static const char *const names[] = {"ca.pem", "leaf.pem", "session", NULL};
	struct identity *all[] = {
	    &ca, &other_ca, &good, &bare, &expired, &early, &unknown, &self, NULL};

	for (size_t i = 0; all[i] != NULL; i++)
		identity_free(all[i]);
	files_remove(names);
	CHECK(access(ca_file, F_OK) == -1);
}

UNIT_MAIN
