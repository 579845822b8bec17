/*
 * tls_impl: what the files of tls share.
 */
#ifndef LM_WIRE_TLS_IMPL_H
#define LM_WIRE_TLS_IMPL_H

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "wire/link.h"
#include "wire/tls.h"

enum { TLS_HELD_MAX = 4096 };

struct tls {
	struct link *link; /* not owned */
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	char *name; /* A-label or address literal, as a certificate has it */
	bool is_address;
	bool is_pinned;
	unsigned char pin[TLS_FINGERPRINT_SIZE];
	bool is_up;     /* the handshake is done */
	bool is_broken; /* OpenSSL wants no more calls on this connection */
	/* Why the certificate was not accepted; FAULT_NONE while it was not refused. */
	struct fault refusal;

	/* A flight of the handshake, gathered: it goes out as one segment, and our Finished together with the first
	 * octets of the application. */
	unsigned char held[TLS_HELD_MAX];
	size_t nheld;

	char *session_file;   /* NULL: sessions are not kept */
	char *session_policy; /* the line that a kept session must begin with */
	SSL_SESSION *session; /* the newest that the server gave */
	char description[128];
};

/* tls_bio.c: the BIO between OpenSSL and the link. 0, or -1 (no memory). */
int tls_bio_attach(struct tls *t);
/* Sends what is held, as far as it goes. */
void tls_bio_flush(struct tls *t);

/* tls_verify.c: trust and names, set up before the handshake. */
int tls_verify_setup(struct tls *t, const char *ca_file, struct fault *f);
/* Whether this certificate still is one that the handshake would accept, its chain aside. */
bool tls_verify_again(const struct tls *t, X509 *cert);

/* tls_explain.c: the refusal of a certificate for a person; error is X509_V_ERR_... */
void tls_explain(struct tls *t, X509 *leaf, X509 *culprit, int error);
/* What OpenSSL's error queue says, as a fault of the handshake or of the stream. Empties the queue. Returns -1. */
int tls_explain_stream(struct tls *t, struct fault *f);

/* tls_session.c: sessions kept in a file. All failures are silent: it is a cache. */
int tls_session_setup(struct tls *t, const struct tls_options *o, struct fault *f);
void tls_session_offer(struct tls *t);
void tls_session_save(struct tls *t);

#endif
