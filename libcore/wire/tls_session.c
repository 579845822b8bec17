#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/whole.h"
#include "wire/tls_impl.h"

enum { SESSION_FILE_MAX = 65536 };

/* The server is not verified anew when a session is resumed. So a session is good only for the name and the
 * trust that it was made with. */
static char *policy_line(const struct tls *t, const struct tls_options *o)
{
	struct buf b;

	buf_init(&b, SESSION_FILE_MAX / 2);
	buf_printf(&b, "lm-tls-session 1 name=%s", t->name);
	if (t->is_pinned) {
		buf_puts(&b, " pin=");
		for (size_t i = 0; i < sizeof(t->pin); i++)
			buf_printf(&b, "%02x", t->pin[i]);
	} else {
		buf_printf(&b, " ca=%s", o->ca_file != NULL ? o->ca_file : "");
	}
	buf_putc(&b, '\n');
	return buf_steal(&b);
}

/* One reference to s is ours from here on. */
static int on_session(SSL *ssl, SSL_SESSION *s)
{
	struct tls *t = SSL_get_app_data(ssl);

	SSL_SESSION_free(t->session);
	t->session = s;
	return 1;
}

int tls_session_setup(struct tls *t, const struct tls_options *o, struct fault *f)
{
	if (o->session_file == NULL) {
		SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
		return 0;
	}
	t->session_file = strdup(o->session_file);
	t->session_policy = policy_line(t, o);
	if (t->session_file == NULL || t->session_policy == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(t->ctx, on_session);
	return 0;
}

/* A PEM that asks for a password must not make OpenSSL ask for one on the terminal. */
static int no_password(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool read_whole(int fd, struct buf *b)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return false;
	for (;;) {
		char *to = buf_room(b, 4096);
		ssize_t r = to == NULL ? -1 : read(fd, to, 4096);

		if (r <= 0)
			return r == 0;
		b->len += (size_t)r;
	}
}

static SSL_SESSION *parse(const struct tls *t, const struct buf *b)
{
	size_t n = strlen(t->session_policy);
	SSL_SESSION *s = NULL;
	BIO *mem;

	if (b->len <= n || memcmp(b->data, t->session_policy, n) != 0)
		return NULL;
	mem = BIO_new_mem_buf(b->data + n, (int)(b->len - n));
	if (mem != NULL)
		s = PEM_read_bio_SSL_SESSION(mem, NULL, no_password, NULL);
	BIO_free(mem);
	return s;
}

static SSL_SESSION *load(const struct tls *t)
{
	SSL_SESSION *s = NULL;
	struct buf b;
	int fd = open(t->session_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd == -1)
		return NULL;
	buf_init(&b, SESSION_FILE_MAX);
	if (read_whole(fd, &b))
		s = parse(t, &b);
	buf_wipe(&b);
	close(fd);
	return s;
}

void tls_session_offer(struct tls *t)
{
	SSL_SESSION *s = t->session_file == NULL ? NULL : load(t);
	X509 *cert = s == NULL ? NULL : SSL_SESSION_get0_peer(s);

	if (cert != NULL && tls_verify_again(t, cert))
		(void)SSL_set_session(t->ssl, s);
	SSL_SESSION_free(s);
}

static void replace(const struct tls *t, const char *p, size_t n)
{
	char *path = NULL;
	bool good;
	int fd;

	if (asprintf(&path, "%s.XXXXXX", t->session_file) == -1)
		return;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1) {
		good = write_whole(fd, t->session_policy, strlen(t->session_policy)) == 0 &&
		    write_whole(fd, p, n) == 0;
		if (close(fd) == -1 || !good || rename(path, t->session_file) == -1)
			unlink(path);
	}
	free(path);
}

void tls_session_save(struct tls *t)
{
	char *p = NULL;
	long n = 0;
	BIO *mem;

	if (t->session_file == NULL || t->session == NULL || !SSL_SESSION_is_resumable(t->session))
		return;
	mem = BIO_new(BIO_s_secmem());
	if (mem != NULL && PEM_write_bio_SSL_SESSION(mem, t->session) == 1)
		n = BIO_get_mem_data(mem, &p);
	if (n > 0 && n < SESSION_FILE_MAX / 2)
		replace(t, p, (size_t)n);
	BIO_free(mem);
}
