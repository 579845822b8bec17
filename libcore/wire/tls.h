/*
 * tls: a TLS client (1.2 or later) over a link, never blocking. The only user of OpenSSL.
 *
 * Verified means: the chain leads to a trusted root AND the name (or address) in the certificate is
 * the one that was asked for. A pinned fingerprint replaces both. There is no way to switch it off here.
 */
#ifndef LM_WIRE_TLS_H
#define LM_WIRE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/fault.h"
#include "wire/link.h"

enum { TLS_FINGERPRINT_SIZE = 32 };
/* Reads "sha256:HEX", the digest of a certificate's DER. Case does not matter, colons between octets
 * are fine. */
bool tls_fingerprint(const char *s, unsigned char out[static TLS_FINGERPRINT_SIZE]);

struct tls_options {
	/* PEM file of what to trust instead of the system's roots; NULL: the system's. */
	const char *ca_file;
	/* The fingerprint of the one certificate that is expected; NULL: chain and name are verified. */
	const char *fingerprint;
	/* Where the session for resumption is kept (mode 0600); NULL: none is. */
	const char *session_file;
};

struct tls;

enum tls_status { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_EOF, TLS_ERROR };

/* A client over `link` (not owned, non-blocking). `name`: A-label or address literal, for SNI (names
 * only) and verification. Offers the remembered session, if it was made with the same name and trust.
 * Strings of `o` need to live during the call only. */
struct tls *tls_new(
    struct link *link, const char *name, const struct tls_options *o, struct fault *f);
/* One step of the handshake: TLS_DONE, TLS_WANT_..., or TLS_ERROR: FAULT_AUTH for a certificate that is
 * not accepted (the message says why: expired, wrong name with the names it has, unknown issuer,
 * fingerprint seen), FAULT_TEMP for a lost link, FAULT_PROTOCOL else. */
enum tls_status tls_handshake(struct tls *t, struct fault *f);
/* At most n octets; *done says how many on TLS_DONE (at least one). TLS_EOF only after close_notify or
 * a plain end of the link: the protocols above have ends of their own. A write that could not be done
 * is tried again with the same octets, and possibly more, wherever they are now. After TLS_ERROR of
 * tls_write() with FAULT_TEMP, reading may go on. */
enum tls_status tls_read(struct tls *t, void *p, size_t n, size_t *done, struct fault *f);
enum tls_status tls_write(struct tls *t, const void *p, size_t n, size_t *done, struct fault *f);
/* The end of our part of the handshake waits for the first tls_write(), to share its segment:
 * tls_held() says how many octets wait, tls_flush() sends them when there is nothing to write. */
size_t tls_held(const struct tls *t);
void tls_flush(struct tls *t);
/* Octets already decrypted that a read returns without touching the socket. */
size_t tls_pending(const struct tls *t);
/* Starts the close (sends close_notify if it can without waiting). */
void tls_close(struct tls *t);
/* Saves the session if the server gave one; releases everything. NULL is fine. */
void tls_free(struct tls *t);

/* Channel bindings for SCRAM-PLUS: "tls-exporter" (RFC 9266) on TLS 1.3, else "tls-unique" (RFC 5929).
 * Appends the raw binding to `out` and returns its type name (static), or NULL when there is none. */
const char *tls_binding(const struct tls *t, struct buf *out);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384 resumed", for -v; valid until tls_free(). */
const char *tls_describe(const struct tls *t);

#endif
