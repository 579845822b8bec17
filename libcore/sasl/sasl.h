/*
 * sasl: authentication exchanges (RFC 4422), the same for IMAP and SMTP: which mechanism, and what to answer. No I/O; the
 * sessions carry the octets (base64, continuation, initial response).
 *
 * PLAIN, LOGIN, CRAM-MD5, EXTERNAL, ANONYMOUS, SCRAM-SHA-1, SCRAM-SHA-256 and their -PLUS forms by libgsasl; XOAUTH2 and
 * OAUTHBEARER (RFC 7628) are ours.
 */
#ifndef LM_SASL_SASL_H
#define LM_SASL_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

/* What one can show to a server. Borrowed strings; NULL: not there. */
struct credentials {
	const char *user;    /* authentication identity */
	const char *authzid; /* authorization identity, or NULL */
	const char *password;
	const char *
	    token; /* OAuth 2.0 access token (then only XOAUTH2 and OAUTHBEARER come into question) */
	const char *
	    auth; /* mechanisms allowed, in order of preference, blanks between; NULL: strongest offered first */
};

/* The other side and the line. */
struct sasl_peer {
	const char *service; /* "imap" or "smtp" */
	const char *host;
	unsigned port;
	bool
	    safe; /* the line is encrypted (or a tunnel): passwords and tokens may pass in the clear */
	const char *binding_type; /* "tls-exporter", "tls-unique" or NULL */
	const void *binding;      /* raw channel binding */
	size_t binding_len;
};

struct sasl;

/*
 * Chooses a mechanism: the first of `auth` that is offered and possible, or the strongest offered and possible. `offered` are names with blanks between.
 * Order without `auth`: EXTERNAL only when asked for by name; OAUTHBEARER, XOAUTH2 with a token; else SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS,
 * SCRAM-SHA-256, SCRAM-SHA-1, CRAM-MD5, PLAIN, LOGIN (the last two, and the OAuth ones, only when peer->safe); ANONYMOUS only by name.
 * A pinned list is never widened. Returns a static name, or NULL with FAULT_AUTH saying what was offered and why none fits.
 */
const char *sasl_choose(
    const char *offered, const struct credentials *c, const struct sasl_peer *p, struct fault *f);

/* Starts an exchange. `mechanism` as from sasl_choose(). Strings are copied (and wiped at the end). */
struct sasl *sasl_new(
    const char *mechanism, const struct credentials *c, const struct sasl_peer *p, struct fault *f);
/* Wipes and releases. NULL is fine. */
void sasl_free(struct sasl *s);

/* True when the client speaks first, so that an initial response (RFC 4959, RFC 4954) may go with the command. */
bool sasl_client_first(const struct sasl *s);
/* True when the exchange is one message of the client, known beforehand (PLAIN, OAUTHBEARER, XOAUTH2, EXTERNAL, ANONYMOUS): then
 * other commands may go out on top of it. */
bool sasl_single_step(const char *mechanism);
/* True for a name that sasl_choose() could ever choose, in any case of letters. */
bool sasl_known(const char *mechanism);

/*
 * One step: `in` is the server's challenge, decoded (n = 0 and NULL for the very first step of a client-first mechanism). Appends the
 * answer (raw, not base64) to `out`. 0, or -1: FAULT_AUTH (the server's proof is wrong, or an OAuth error: the server's JSON
 * is in the message) or FAULT_PROTOCOL. After an OAuth error the session must still answer with what is in `out` (RFC 7628 section 3.2.3)
 * before it reads the refusal.
 */
int sasl_step(struct sasl *s, const void *in, size_t n, struct buf *out, struct fault *f);

/* After sasl_step() gave -1: the server has refused an OAuth token and waits for what is in `out`, though that be nothing (XOAUTH2), before it
 * says so. False: the exchange is ours to cancel. */
bool sasl_answers_refusal(const struct sasl *s);

/* To be asked when the server says that all is well: 0, or -1 (FAULT_AUTH) when the mechanism had not come to its end: SCRAM's server signature was never
 * shown, so the server does not know the password. `in` is success data that came with the reply (SMTP 235 has none: NULL). */
int sasl_done(struct sasl *s, const void *in, size_t n, struct fault *f);

#endif
