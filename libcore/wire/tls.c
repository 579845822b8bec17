#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/net.h"
#include "wire/net_impl.h"
#include "wire/tls_impl.h"

/* The name as certificates have it: without the root's dot, an address without its zone. */
static int set_name(struct tls *t, const char *name)
{
	size_t n = strlen(name);

	t->is_address = net_is_address(name);
	if (t->is_address)
		n = strcspn(name, "%");
	else if (n > 1 && name[n - 1] == '.')
		n--;
	t->name = strndup(name, n);
	return t->name == NULL ? -1 : 0;
}

static SSL_CTX *new_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	long oldest;

	if (ctx == NULL)
		return NULL;
	/* An administrator's openssl.cnf may ask for more than we do; it is not to be undercut. */
	oldest = SSL_CTX_get_min_proto_version(ctx);
	if (oldest < TLS1_2_VERSION)
		SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(
	    ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

static int build(struct tls *t, const char *name, const struct tls_options *o, struct fault *f)
{
	if (o->fingerprint != NULL) {
		t->is_pinned = true;
		if (!tls_fingerprint(o->fingerprint, t->pin))
			return fault_set(f, FAULT_CONFIG,
			    "\"%s\" is not a fingerprint: sha256: and 64 hexadecimal digits",
			    o->fingerprint);
	}
	if (set_name(t, name) == -1 || (t->ctx = new_context()) == NULL ||
	    (t->ssl = SSL_new(t->ctx)) == NULL || tls_bio_attach(t) == -1)
		return fault_set(f, FAULT_TEMP, "TLS cannot be set up: out of memory");
	SSL_set_app_data(t->ssl, t);
	SSL_set_connect_state(t->ssl);
	if (!t->is_address && SSL_set_tlsext_host_name(t->ssl, t->name) != 1)
		return fault_set(f, FAULT_USAGE, "\"%s\" is no host name for TLS", name);
	if (tls_verify_setup(t, o->ca_file, f) == -1 || tls_session_setup(t, o, f) == -1)
		return -1;
	tls_session_offer(t);
	return 0;
}

struct tls *tls_new(
    struct link *link, const char *name, const struct tls_options *o, struct fault *f)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	t->link = link;
	ERR_clear_error();
	if (build(t, name, o, f) == -1) {
		tls_free(t);
		t = NULL;
	}
	ERR_clear_error();
	return t;
}

void tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (t->is_up)
		tls_session_save(t);
	SSL_SESSION_free(t->session);
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->method);
	ERR_clear_error();
	free(t->session_file);
	free(t->session_policy);
	free(t->name);
	free(t);
}

static enum tls_status lost(int error, struct fault *f)
{
	fault_set(f, FAULT_TEMP, "the connection was lost: %s", strerrordesc_np(error));
	return TLS_ERROR;
}

/* What a call that did not succeed comes to. */
static enum tls_status outcome(struct tls *t, int ret, struct fault *f)
{
	switch (SSL_get_error(t->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return t->link->write_error != 0 ? lost(t->link->write_error, f) : TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	case SSL_ERROR_SYSCALL:
		t->is_broken = true;
		if (t->link->read_error != 0)
			return lost(t->link->read_error, f);
		return TLS_EOF;
	default:
		t->is_broken = true;
		tls_explain_stream(t, f);
		return TLS_ERROR;
	}
}

static void describe(struct tls *t)
{
	snprintf(t->description, sizeof(t->description), "%s %s%s", SSL_get_version(t->ssl),
	    SSL_get_cipher_name(t->ssl), SSL_session_reused(t->ssl) ? " resumed" : "");
}

enum tls_status tls_handshake(struct tls *t, struct fault *f)
{
	enum tls_status s;
	int r;

	ERR_clear_error();
	r = SSL_connect(t->ssl);
	if (r == 1) {
		t->is_up = true;
		describe(t);
		return TLS_DONE;
	}
	s = outcome(t, r, f);
	if (s == TLS_WANT_READ && t->nheld > 0 && t->link->write_error == 0)
		return TLS_WANT_WRITE;
	if (s == TLS_EOF) {
		fault_set(
		    f, FAULT_TEMP, "the server closed the connection during the TLS handshake");
		s = TLS_ERROR;
	}
	if (s == TLS_ERROR)
		tls_bio_flush(t); /* the alert that tells the server why */
	return s;
}

enum tls_status tls_read(struct tls *t, void *p, size_t n, size_t *done, struct fault *f)
{
	int r;

	ERR_clear_error();
	r = SSL_read_ex(t->ssl, p, n, done);
	return r == 1 ? TLS_DONE : outcome(t, r, f);
}

enum tls_status tls_write(struct tls *t, const void *p, size_t n, size_t *done, struct fault *f)
{
	int r;

	ERR_clear_error();
	r = SSL_write_ex(t->ssl, p, n, done);
	return r == 1 ? TLS_DONE : outcome(t, r, f);
}

void tls_flush(struct tls *t)
{
	tls_bio_flush(t);
}

size_t tls_held(const struct tls *t)
{
	return t->link->write_error != 0 ? 0 : t->nheld;
}

size_t tls_pending(const struct tls *t)
{
	return (size_t)SSL_pending(t->ssl);
}

void tls_close(struct tls *t)
{
	if (!t->is_up || t->is_broken || t->link->write_error != 0)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

static const char *exporter(const struct tls *t, struct buf *out)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char material[32];
	static const unsigned char nothing[1];

	if (SSL_export_keying_material(
		t->ssl, material, sizeof(material), label, sizeof(label) - 1, nothing, 0, 1) != 1)
		return NULL;
	buf_put(out, material, sizeof(material));
	return "tls-exporter";
}

/* The first Finished of the handshake: the server's when a session was resumed. Without the extended
 * master secret it binds nothing (RFC 7627 section 1). */
static const char *unique(const struct tls *t, struct buf *out)
{
	unsigned char finished[64];
	size_t n;

	if (SSL_get_extms_support(t->ssl) != 1)
		return NULL;
	n = SSL_session_reused(t->ssl) ? SSL_get_peer_finished(t->ssl, finished, sizeof(finished))
				       : SSL_get_finished(t->ssl, finished, sizeof(finished));
	if (n == 0 || n > sizeof(finished))
		return NULL;
	buf_put(out, finished, n);
	return "tls-unique";
}

const char *tls_binding(const struct tls *t, struct buf *out)
{
	if (!t->is_up)
		return NULL;
	return SSL_version(t->ssl) >= TLS1_3_VERSION ? exporter(t, out) : unique(t, out);
}

const char *tls_describe(const struct tls *t)
{
	return t->description;
}
