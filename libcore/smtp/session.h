/*
 * session: an SMTP submission client (RFC 6409, RFC 5321) that thinks in flights.
 *
 *     smtp_open()      connect, TLS, greeting, EHLO, STARTTLS, AUTH
 *     smtp_begin()     queues MAIL and RCPTs (nothing waits yet)
 *     smtp_bdat() ...  queues data: chunks, BURLs; or smtp_data() for DATA
 *     smtp_finish()    ends the message, collects every reply, fills in what became of each recipient
 *     smtp_quit()
 *
 * With PIPELINING all of it is one flight; without, each command waits by itself. Where the server offers CHUNKING data goes by BDAT, so that the envelope
 * and the data go out together (RFC 3030 section 4.2); RCPT refusals are then known only at the end, see all_or_none.
 */
#ifndef LM_SMTP_SESSION_H
#define LM_SMTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "sasl/sasl.h"
#include "smtp/caps.h"
#include "smtp/reply.h"
#include "wire/chan.h"

/*
 * What was remembered of this server (from a memo), to save round trips. Never trusted for security: what rides on a remembered capability either
 * works or is refused by the server. The four flags are learned once; each pair is "known to work" and "known not to".
 */
struct smtp_known {
	const char *ehlo; /* EHLO lines after AUTH on this server last time, or NULL */
	const char *
	    ehlo_before; /* EHLO lines on the encrypted line before AUTH last time (holds AUTH and PIPECONNECT), or NULL */
	bool auth_takes_flight; /* what followed AUTH in one flight was understood last time */
	bool auth_swallows; /* what followed AUTH in one flight was lost last time: never again */
	bool
	    ehlo_takes_flight; /* AUTH right behind EHLO was understood last time, without PIPECONNECT */
	bool ehlo_alone; /* AUTH right behind EHLO was refused or lost last time: never again */
};

/* What the caller is going to need. Some servers name these only after AUTH: when one is not listed, EHLO is asked once more there. */
enum {
	SMTP_WANT_BURL = 1, /* BURL with "imap" */
	SMTP_WANT_DSN = 2,
	SMTP_WANT_BINARYMIME = 4,
	SMTP_WANT_SIZE = 8,
	SMTP_WANT_SMTPUTF8 = 16,
	SMTP_WANT_REQUIRETLS = 32,
	SMTP_WANT_CHUNKING = 64,
	SMTP_WANT_BURL_URL = 128, /* BURL with the URL of an IMAP server */
};

/* Copied by smtp_open(), strings too (and wiped by smtp_quit()); only endpoint.trace must live on. */
struct smtp_options {
	struct endpoint endpoint;
	const struct credentials *credentials; /* NULL: no AUTH */
	const char *
	    helo; /* EHLO argument: a domain or an address literal in brackets; NULL: the socket's own address, "[192.0.2.1]" */
	bool require_tls; /* refuse to go on in the clear (the default of every program) */
	bool lmtp;        /* not used by submission; reserved: must be false */
	unsigned want;    /* SMTP_WANT_... */
	int timeout; /* ms without progress; 0: 60 s. RFC 5321 section 4.5.3.2's 10 minutes for the final reply are kept */
	struct smtp_known known;
};

struct smtp;

/*
 * Goes as far as it needs to before MAIL: greeting, EHLO, STARTTLS when it has to be, AUTH, and an EHLO after it when something of `want` was not
 * listed before it (profile section 7.4.2). With remembered EHLO lines it may have sent nothing yet and leave all of that to
 * the flight that smtp_finish() ends (PIPECONNECT; AUTH that takes a flight: RFC 4468 section 3.4). When such a flight turns out to rest on stale
 * memory, and the message was certainly not accepted, everything is done once more on a new connection, step by step, without
 * the caller noticing. NULL with the fault.
 */
struct smtp *smtp_open(const struct smtp_options *o, struct fault *f);
/* QUIT without waiting for its reply, and release. NULL is fine. */
void smtp_quit(struct smtp *s);

/* Capabilities as known now (after AUTH; remembered ones while nothing has been read yet). */
const struct smtp_caps *smtp_caps(const struct smtp *s);
/* Data will go by BDAT (the server has CHUNKING): smtp_bdat(), smtp_burl(); else smtp_data(). */
bool smtp_uses_bdat(const struct smtp *s);
/* EHLO lines before AUTH, for the memo; "" when none, or when the line was neither TLS nor a tunnel. */
const char *smtp_ehlo_before(const struct smtp *s);
/* What was learned in this session, for the memo. Strings are valid until smtp_quit(); NULL: nothing is known, forget it. */
void smtp_learned(const struct smtp *s, struct smtp_known *out);
struct chan_stats smtp_stats(const struct smtp *s);
/* "TLSv1.3 ...": chan_describe(). */
const char *smtp_describe(const struct smtp *s);

enum smtp_body { SMTP_7BIT, SMTP_8BITMIME, SMTP_BINARYMIME };

struct smtp_rcpt {
	const char *address; /* addr-spec without brackets, UTF-8 only with SMTPUTF8 */
	const char *notify;  /* DSN NOTIFY value ("SUCCESS,FAILURE") or NULL */
	const char *orcpt;   /* original recipient address (plain; sent as rfc822;xtext), or NULL */
	/* results, after smtp_finish(): */
	int code;        /* 0: no reply came */
	char reply[256]; /* "550 5.1.1 no such user", made safe */
};

struct smtp_envelope {
	const char *from;  /* addr-spec or "" */
	const char *ret;   /* "FULL", "HDRS" or NULL */
	const char *envid; /* plain; sent as xtext; or NULL */
	enum smtp_body body;
	bool smtputf8;
	bool requiretls;        /* RFC 8689 */
	uint64_t size;          /* of the resolved message: an upper bound; 0: not known */
	struct smtp_rcpt *rcpt; /* results are written here */
	size_t nrcpt;
	bool
	    all_or_none; /* one recipient refused: the message is not sent. With BDAT this keeps the data back until the RCPT replies are in
	                            * (one round trip more) */
};

/* Checks the envelope against the capabilities (SIZE, BODY, SMTPUTF8, DSN) and for octets that must not reach the wire (CR LF NUL, blanks,
 * brackets, a leading "-" is fine here), and queues MAIL and RCPTs. -1: FAULT_DATA for bad addresses, FAULT_REFUSED for what the server cannot take; nothing was sent. `e`
 * must live until smtp_finish(). */
int smtp_begin(struct smtp *s, struct smtp_envelope *e, struct fault *f);

/* BDAT: a chunk of exactly n octets follows through smtp_write(). `last`: it ends the message. */
int smtp_bdat(struct smtp *s, uint64_t n, bool last, struct fault *f);
/* DATA: waits for 354, then smtp_write() dot-stuffs; smtp_finish() sends the final dot. Bare CR or LF in what is written: FAULT_DATA, and the connection is
 * dropped without ending the message (smuggling). */
int smtp_data(struct smtp *s, struct fault *f);
/* Octets of the current chunk or of DATA. Blocks while the server does not take them, reading replies meanwhile; a refusal that makes the rest useless ends
 * it early with its fault. */
int smtp_write(struct smtp *s, const void *p, size_t n, struct fault *f);
/* BURL url [LAST] (RFC 4468). */
int smtp_burl(struct smtp *s, const char *url, bool last, struct fault *f);

/* What came of it. */
enum smtp_outcome {
	SMTP_SENT,     /* accepted for every recipient that was not refused (at least one) */
	SMTP_NOT_SENT, /* certainly not accepted */
	SMTP_UNKNOWN, /* the link was lost after the last octet and before the reply: it may have been sent */
};
/* Flushes, collects all replies. 0 with *outcome SENT (recipients' results in the envelope: some may be refused), or -1 with the fault
 * (UNKNOWN: FAULT_TEMP "may have been sent"). `reply`, if not NULL, gets the final reply's text (made safe, cut). */
int smtp_finish(
    struct smtp *s, enum smtp_outcome *outcome, char *reply, size_t replylen, struct fault *f);
/* Gives the message up before its end: RSET where that is possible, else the connection is dropped. */
void smtp_abort(struct smtp *s);
/* Round trips that this session has waited for since the connection stood (TLS included). */
unsigned smtp_flights(const struct smtp *s);

#endif
