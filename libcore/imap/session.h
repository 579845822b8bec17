/*
 * session: an IMAP client (RFC 9051, RFC 3501) that thinks in flights.
 *
 * Commands are queued and go out together; the caller then pulls events until its tag completes:
 *
 *     imap_cmd_init(&c, s, "UID FETCH"); ...
 *     tag = imap_send(s, &c, f);
 *     while ((r = imap_until(s, tag, &ev, f)) == 1)
 *             if (ev.kind == EV_FETCH) ...
 *     if (r == -1) ...
 *
 * Octets move in both directions while events are pulled: an upload goes on while the server talks. No callbacks, no threads.
 */
#ifndef LM_IMAP_SESSION_H
#define LM_IMAP_SESSION_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "imap/command.h"
#include "imap/response.h"
#include "sasl/sasl.h"
#include "wire/chan.h"

enum {
	IMAP_INFLIGHT_MAX = 1024, /* commands sent or queued and not completed */
	IMAP_CAPS_MAX = 16384,
};

/*
 * Whether a server takes commands that come before it has let us in, in one flight with the login. Some take all of it even before their greeting
 * is read; some swallow what follows an AUTHENTICATE with an initial response, yet take the same flight behind LOGIN. It is learned by trying, at the cost of a
 * round trip, never of a hang.
 */
enum imap_early {
	IMAP_EARLY_UNKNOWN, /* try AUTHENTICATE */
	IMAP_EARLY_TAKES,   /* it worked */
	IMAP_EARLY_LOGIN,   /* try LOGIN: it did not work behind AUTHENTICATE */
	IMAP_EARLY_LOGIN_TAKES,
	IMAP_EARLY_NEVER,
};

/* Remembered of the server from last time (a memo): saves round trips, never trusted for security. */
struct imap_known {
	/* imap_caps_before(), or NULL. Where the greeting does not list any, one message that is enough to log in goes out at once. */
	const char *caps_before;
	const char *caps_after; /* imap_caps(), or NULL */
	enum imap_early early;
};

struct imap_options {
	struct endpoint endpoint;
	const struct credentials *credentials; /* NULL: stay not authenticated (PREAUTH is fine) */
	bool require_tls;                      /* refuse to go on in the clear */
	bool
	    compress; /* COMPRESS=DEFLATE when offered (one more round trip): worth it when much is to come */
	int timeout; /* ms without progress; 0: 60 s */
	/* Do not wait for the greeting and the login where `known` makes that possible (implicit TLS, a login of one message): imap_open() comes back at once, imap_has() answers as last
	 * time, and what is sent goes out in one flight with the login. Such commands may be sent twice. See imap_early_failed(). */
	bool early;
	struct imap_known known;
};

struct imap;

/* Connects and logs in: greeting, STARTTLS, AUTHENTICATE with the strongest mechanism (SASL-IR where offered), LOGIN as a last resort, capabilities, COMPRESS. NULL with the fault:
 * FAULT_AUTH when refused for good, FAULT_TEMP for a BYE or a lost line, FAULT_PROTOCOL for PREAUTH before a STARTTLS that is demanded. */
struct imap *imap_open(const struct imap_options *o, struct fault *f);
/* LOGOUT, whose answer is not waited for (a tunnel has a second to end), and release. Where a command is still on
 * its way out there is no LOGOUT: what it reads from may be gone. NULL is fine. */
void imap_close(struct imap *s);
/* Release without a word (after a fault). */
void imap_drop(struct imap *s);

/* Capabilities: names as sent ("CATENATE", "AUTH=PLAIN", "URLAUTH=BINARY"); without regard to case. */
bool imap_has(const struct imap *s, const char *capability);
/* All of them, blanks between; valid until the next call that reads. */
const char *imap_caps(const struct imap *s);
/* As they were when we logged in ("" for PREAUTH), and the line's. */
const char *imap_caps_before(const struct imap *s);

/* Queues a command and takes its content over (the struct is empty afterwards). Returns its tag's number, or 0 with the fault (the command's own, or too many in flight). */
uint32_t imap_send(struct imap *s, struct imap_cmd *c, struct fault *f);

/*
 * The next event, waiting for it at most `timeout` ms (-1: the session's limit without progress, which is FAULT_TEMP; another timeout is
 * no fault: 0). 1 with the event (valid until the next call on s), or -1 with the fault: the line was lost, a broken protocol, or the
 * server said BYE unasked (that event is handed out, too; what still comes behind it within a second is as well). ev->num of EV_TAGGED is the tag's number,
 * ev->name the command.
 */
int imap_next(struct imap *s, int timeout, struct event *ev, struct fault *f);

/* Pulls events until command `tag` completes: 1 with another event (other commands' EV_TAGGED too), 0 with the tagged OK in *ev, -1 with the fault: of the line, or the NO or BAD as
 * imap_refusal() makes it (then *ev is that tagged event and the session goes on: imap_alive()). */
int imap_until(struct imap *s, uint32_t tag, struct event *ev, struct fault *f);
/* Sends the command and pulls until it is done, dropping what comes. 0 or -1. The tagged event's code is in *ev (may be NULL). */
int imap_run(struct imap *s, struct imap_cmd *c, struct event *ev, struct fault *f);
/* A tagged NO or BAD (or an untagged BYE) as a fault: class by its code, message "COMMAND: text". Returns -1. */
int imap_refusal(const struct event *ev, const char *command, struct fault *f);
/* IDLE (RFC 2177): queues it and returns its tag; events then come by imap_next() with a timeout, a CONTINUE first. imap_done() ends it: then imap_until(tag). Only when IDLE has gone out: FAULT_BUG else. */
uint32_t imap_idle(struct imap *s, struct fault *f);
int imap_done(struct imap *s, struct fault *f);
/* The line still stands. */
bool imap_alive(const struct imap *s);
/* The login that was not waited for did not work out (refused, the line lost, a challenge where none belongs): nothing of what was sent with it was done. The session is dead;
 * open again without `early`, which tells what is really wrong. */
bool imap_early_failed(const struct imap *s);
/* What to remember as known.early; changes until the login is over. */
enum imap_early imap_early_learned(const struct imap *s);
/* Queues COMPRESS=DEFLATE where it is offered; what is sent later waits until the server has answered, so it should come last in a flight. 0, or -1 with the fault. */
int imap_compress(struct imap *s, struct fault *f);
/* For those who poll many: what to poll for, after imap_next(s, 0, ...) gave 0. */
struct pollfd imap_poll(const struct imap *s);
/* Octets are there that imap_next(s, 0, ...) would read without the descriptor being readable. */
bool imap_ready(const struct imap *s);
/* COMPRESS=DEFLATE is on; TLS is (a tunnel is not TLS). */
bool imap_is_compressed(const struct imap *s);
bool imap_is_tls(const struct imap *s);

struct chan_stats imap_stats(const struct imap *s);
const char *imap_describe(const struct imap *s);

#endif
