#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/enc.h"
#include "wire/tls_impl.h"

bool tls_fingerprint(const char *s, unsigned char out[static TLS_FINGERPRINT_SIZE])
{
	if (strncasecmp(s, "sha256:", 7) != 0)
		return false;
	s += 7;
	for (size_t i = 0; i < TLS_FINGERPRINT_SIZE; i++) {
		if (i > 0 && *s == ':')
			s++;
		int high = enc_hex_value(s[0]);
		int low = high == -1 ? -1 : enc_hex_value(s[1]);
		if (low == -1)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
		s += 2;
	}
	return *s == '\0';
}

static bool is_pinned_one(const struct tls *t, X509 *cert)
{
	unsigned char seen[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return X509_digest(cert, EVP_sha256(), seen, &len) == 1 && len == sizeof(t->pin) &&
	    memcmp(seen, t->pin, len) == 0;
}

/* In place of OpenSSL's own check: with a pin, chain and name do not matter, and nothing else does. */
static int check(X509_STORE_CTX *x, void *arg)
{
	struct tls *t = arg;
	X509 *leaf = X509_STORE_CTX_get0_cert(x);
	bool good;

	if (t->is_pinned) {
		good = leaf != NULL && is_pinned_one(t, leaf);
		X509_STORE_CTX_set_error(x, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
	} else {
		good = X509_verify_cert(x) == 1 && X509_STORE_CTX_get_error(x) == X509_V_OK;
	}
	if (!good)
		tls_explain(
		    t, leaf, X509_STORE_CTX_get_current_cert(x), X509_STORE_CTX_get_error(x));
	return good;
}

bool tls_verify_again(const struct tls *t, X509 *cert)
{
	int named;

	if (t->is_pinned)
		return is_pinned_one(t, cert);
	named = t->is_address
	    ? X509_check_ip_asc(cert, t->name, 0)
	    : X509_check_host(cert, t->name, 0,
		  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL);
	return named == 1 && X509_cmp_current_time(X509_get0_notAfter(cert)) > 0;
}

/* "8d89cda1.0": a certificate under the hash of its subject. */
static bool is_hashed(const char *name)
{
	for (int i = 0; i < 8; i++)
		if (!isxdigit((unsigned char)name[i]))
			return false;
	return name[8] == '.' && isdigit((unsigned char)name[9]);
}

static bool has_hashed(const char *directory)
{
	DIR *d = opendir(directory);
	bool found = false;

	if (d == NULL)
		return false;
	for (struct dirent *e; !found && (e = readdir(d)) != NULL;)
		found = is_hashed(e->d_name);
	closedir(d);
	return found;
}

/* From a hashed directory OpenSSL reads the one root that it needs; the bundle it would parse as a whole,
 * and keep: a megabyte or two. Who sets OpenSSL's environment variables has said what to read. */
static int load_system_roots(X509_STORE *store)
{
	const char *directory = X509_get_default_cert_dir();

	if (secure_getenv(X509_get_default_cert_dir_env()) == NULL &&
	    secure_getenv(X509_get_default_cert_file_env()) == NULL && has_hashed(directory))
		return X509_STORE_load_path(store, directory);
	return X509_STORE_set_default_paths(store);
}

static int load_roots(struct tls *t, const char *ca_file, struct fault *f)
{
	X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);

	if (ca_file == NULL) {
		if (load_system_roots(store) != 1)
			return fault_set(
			    f, FAULT_TEMP, "the system's root certificates cannot be read");
		return 0;
	}
	if (access(ca_file, R_OK) == -1)
		return fault_errno(f, FAULT_CONFIG, "tls-ca: %s", ca_file);
	if (X509_STORE_load_file(store, ca_file) != 1)
		return fault_set(f, FAULT_CONFIG, "tls-ca: %s: no PEM certificates in it", ca_file);
	/* What the file names is trusted, be it a root, an intermediate, or the server's own certificate. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return 0;
}

static int expect_name(struct tls *t)
{
	if (t->is_address)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->name);
	SSL_set_hostflags(
	    t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(t->ssl, t->name);
}

int tls_verify_setup(struct tls *t, const char *ca_file, struct fault *f)
{
	if (!t->is_pinned && load_roots(t, ca_file, f) == -1)
		return -1;
	if (expect_name(t) != 1)
		return fault_set(f, FAULT_USAGE, "\"%s\" is no name to verify", t->name);
	SSL_CTX_set_cert_verify_callback(t->ctx, check, t);
	SSL_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
	return 0;
}
