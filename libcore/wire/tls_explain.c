#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/num.h"
#include "wire/tls_impl.h"

enum {
	NAMES_MAX = 6,  /* names of a certificate that a message lists */
	TEXT_MAX = 600, /* octets of certificate text in a message */
};

static void put_time(struct buf *b, const ASN1_TIME *at)
{
	char text[NUM_RFC3339_LEN];
	struct tm tm;

	if (ASN1_TIME_to_tm(at, &tm) != 1) {
		buf_puts(b, "an unreadable date");
		return;
	}
	num_format_rfc3339(timegm(&tm), text);
	buf_puts(b, text);
}

static void put_name(struct buf *b, const X509_NAME *name)
{
	BIO *mem = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n = 0;

	if (mem != NULL &&
	    X509_NAME_print_ex(mem, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_get_mem_data(mem, &p);
	if (n > 0)
		enc_safe(b, p, n < TEXT_MAX / 4 ? (size_t)n : TEXT_MAX / 4);
	else
		buf_puts(b, "someone without a name");
	BIO_free(mem);
}

static bool put_alternative(struct buf *b, const GENERAL_NAME *g)
{
	char text[INET6_ADDRSTRLEN];
	int type;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(g, &type);
	const unsigned char *p;
	int n;

	if (type != GEN_DNS && type != GEN_IPADD)
		return false;
	p = ASN1_STRING_get0_data(s);
	n = ASN1_STRING_length(s);
	if (type == GEN_DNS)
		enc_safe(b, (const char *)p, (size_t)n);
	else if ((n == 4 || n == 16) &&
	    inet_ntop(n == 4 ? AF_INET : AF_INET6, p, text, sizeof(text)) != NULL)
		buf_puts(b, text);
	return true;
}

static void put_names(struct buf *b, X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int shown = 0, all = names == NULL ? 0 : sk_GENERAL_NAME_num(names);

	for (int i = 0; i < all && shown < NAMES_MAX && b->len < TEXT_MAX / 2; i++) {
		size_t before = b->len;
		if (shown > 0)
			buf_puts(b, ", ");
		if (put_alternative(b, sk_GENERAL_NAME_value(names, i)))
			shown++;
		else
			b->len = before;
	}
	if (shown == 0)
		buf_puts(b, "no host name");
	else if (shown < all)
		buf_puts(b, ", ...");
	GENERAL_NAMES_free(names);
}

static void put_fingerprint(struct buf *b, X509 *leaf)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (leaf == NULL || X509_digest(leaf, EVP_sha256(), digest, &n) != 1)
		return;
	buf_puts(b, "; its fingerprint is sha256:");
	for (unsigned i = 0; i < n; i++)
		buf_printf(b, "%02x", digest[i]);
}

/* "the certificate", or which one of the chain. */
static void put_culprit(struct buf *b, X509 *leaf, X509 *culprit)
{
	buf_puts(b, "the certificate ");
	if (culprit != NULL && leaf != NULL && X509_cmp(leaf, culprit) != 0) {
		buf_puts(b, "of its issuer ");
		put_name(b, X509_get_subject_name(culprit));
		buf_putc(b, ' ');
	}
}

static void put_unknown(struct buf *b, X509 *culprit, int error)
{
	if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT) {
		buf_puts(b, "the certificate is self-signed and not known here");
		return;
	}
	buf_puts(b, "the issuer of the certificate is not known here: ");
	if (culprit != NULL)
		put_name(b, X509_get_issuer_name(culprit));
}

static void put_reason(struct buf *b, const struct tls *t, X509 *leaf, X509 *culprit, int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		put_culprit(b, leaf, culprit);
		buf_puts(b, "expired on ");
		put_time(b, X509_get0_notAfter(culprit));
		return;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		put_culprit(b, leaf, culprit);
		buf_puts(b, "is not valid before ");
		put_time(b, X509_get0_notBefore(culprit));
		buf_puts(b, " (is the clock right?)");
		return;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		buf_printf(b, "the certificate is not for %s but for ", t->name);
		put_names(b, leaf);
		return;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		put_unknown(b, culprit, error);
		return;
	case X509_V_ERR_APPLICATION_VERIFICATION:
		buf_puts(b, "the certificate is not the pinned one");
		return;
	default:
		put_culprit(b, leaf, culprit);
		buf_printf(b, "is not accepted: %s", X509_verify_cert_error_string(error));
	}
}

void tls_explain(struct tls *t, X509 *leaf, X509 *culprit, int error)
{
	struct buf text;

	if (culprit == NULL)
		culprit = leaf;
	buf_init(&text, FAULT_MSG_MAX);
	if (leaf == NULL)
		buf_puts(&text, "the server has no certificate");
	else
		put_reason(&text, t, leaf, culprit, error);
	put_fingerprint(&text, leaf);
	fault_set(&t->refusal, FAULT_AUTH, "%s",
	    buf_failed(&text) ? "the certificate is not accepted" : buf_str(&text));
	buf_free(&text);
}

static const char *advice(int reason)
{
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return "the server speaks no version of TLS from 1.2 on";
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_HTTP_REQUEST:
		return "the server does not speak TLS here (another port, or STARTTLS?)";
	default:
		return NULL;
	}
}

int tls_explain_stream(struct tls *t, struct fault *f)
{
	unsigned long e = ERR_peek_error();
	const char *text = advice(ERR_GET_REASON(e));

	ERR_clear_error();
	if (t->refusal.cls != FAULT_NONE) {
		*f = t->refusal;
		return -1;
	}
	if (text == NULL)
		text = ERR_reason_error_string(e);
	/* Reasons from 1000 on are alerts of the peer. */
	return fault_set(f, FAULT_PROTOCOL, "TLS: %s%s",
	    ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET ? "the server says: " : "",
	    text != NULL ? text : "failed");
}
