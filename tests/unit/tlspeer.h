/*
 * tlspeer.h - certificates made on the spot, and servers in a child process, for the tests of tls and chan.
 */
#ifndef LM_TESTS_TLSPEER_H
#define LM_TESTS_TLSPEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- identities */

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

enum { DAY = 86400 };

static inline void identity_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

/* A certificate from `from` to `until` seconds from now. by: NULL for a self-signed one; names: the subject
 * alternative names, as in "DNS:mail.example.org,IP:127.0.0.1", or NULL. */
static inline struct identity identity_new(
    const char *cn, const struct identity *by, const char *names, long from, long until, bool ca)
{
	static long serial;
	struct identity id = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
	X509_NAME *name = X509_get_subject_name(id.cert);

	if (by == NULL)
		by = &id;
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), 1000 + serial++);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(id.cert, X509_get_subject_name(by->cert));
	X509_gmtime_adj(X509_getm_notBefore(id.cert), from);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), until);
	X509_set_pubkey(id.cert, id.key);
	identity_extension(
	    id.cert, by->cert, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (names != NULL)
		identity_extension(id.cert, by->cert, NID_subject_alt_name, names);
	X509_sign(id.cert, by->key, EVP_sha256());
	return id;
}

static inline void identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
}

static inline void identity_write(const struct identity *id, const char *path)
{
	FILE *out = fopen(path, "w");

	if (out == NULL || PEM_write_X509(out, id->cert) != 1)
		abort();
	fclose(out);
}

/* "sha256:..." into out. */
static inline const char *identity_fingerprint(const struct identity *id, char out[static 80])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	X509_digest(id->cert, EVP_sha256(), md, &n);
	memcpy(out, "sha256:", 8);
	for (unsigned i = 0; i < n; i++)
		snprintf(out + 7 + 2 * i, 3, "%02X", md[i]);
	return out;
}

/* ---- servers */

/* A context of one server: children that are forked from it know one another's tickets. */
static inline SSL_CTX *server_context(const struct identity *id, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		abort();
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	if (version < TLS1_2_VERSION)
		SSL_CTX_set_cipher_list(ctx, "DEFAULT@SECLEVEL=0");
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"unit", 4);
	if (SSL_CTX_use_certificate(ctx, id->cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, id->key) != 1)
		abort();
	return ctx;
}

/* What the server does with the connection: fd in the clear, then TLS by server_tls(). */
typedef void server_talk(int fd, SSL_CTX *ctx);

static inline SSL *server_tls(int fd, SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);

	if (SSL_set_fd(ssl, fd) != 1 || SSL_accept(ssl) != 1)
		_exit(1);
	return ssl;
}

static inline void server_say(SSL *ssl, const char *s)
{
	SSL_write(ssl, s, (int)strlen(s));
}

/* Reads up to and with `end`. */
static inline void server_expect(SSL *ssl, const char *end)
{
	char got[65536];
	size_t n = 0;

	while (n + 1 < sizeof(got)) {
		int r = SSL_read(ssl, got + n, 1);
		if (r <= 0)
			_exit(2);
		n++;
		got[n] = '\0';
		if (strstr(got, end) != NULL)
			return;
	}
	_exit(3);
}

static inline void server_end(SSL *ssl)
{
	SSL_shutdown(ssl);
	_exit(0);
}

/* A child with a process group of its own, so that server_stop() ends its children too. */
static inline pid_t server_fork(void)
{
	fflush(stdout);
	pid_t pid = fork();

	setpgid(pid, 0);
	return pid;
}

/* Serves one end of a socket pair; the other is returned. */
static inline int server_pair(server_talk *talk, SSL_CTX *ctx, pid_t *pid)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		abort();
	*pid = server_fork();
	if (*pid == 0) {
		close(fds[0]);
		signal(SIGPIPE, SIG_IGN);
		alarm(60);
		talk(fds[1], ctx);
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

/* Serves `count` connections, one after the other, at a port of 127.0.0.1 that is returned. */
static inline uint16_t server_port(server_talk *talk, SSL_CTX *ctx, int count, pid_t *pid)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(l, (struct sockaddr *)&in, len) == -1 || listen(l, 8) == -1 ||
	    getsockname(l, (struct sockaddr *)&in, &len) == -1)
		abort();
	*pid = server_fork();
	if (*pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		alarm(60);
		while (count-- > 0) {
			int on = 1, fd = accept(l, NULL, NULL);
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			pid_t one = fork();
			if (one == 0) {
				alarm(60);
				talk(fd, ctx);
				_exit(0);
			}
			close(fd);
			waitpid(one, NULL, 0);
		}
		_exit(0);
	}
	close(l);
	return ntohs(in.sin_port);
}

static inline void server_stop(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- files */

/* A path below a folder of this program's own; both go with files_remove(). */
static char files_folder[64];

static inline const char *file_path(const char *name, char out[static 128])
{
	if (files_folder[0] == '\0') {
		const char *tmp = getenv("TMPDIR");
		snprintf(
		    files_folder, sizeof(files_folder), "%.40s/lm-unit.XXXXXX", tmp ? tmp : "/tmp");
		if (mkdtemp(files_folder) == NULL)
			abort();
	}
	snprintf(out, 128, "%s/%s", files_folder, name);
	return out;
}

static inline void files_remove(const char *const *names)
{
	char path[128];

	for (; *names != NULL; names++)
		unlink(file_path(*names, path));
	rmdir(files_folder);
	files_folder[0] = '\0';
}

#endif
