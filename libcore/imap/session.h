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

/* Remembered of the server from last time (a memo): saves round trips, never trusted for security. */
struct imap_known {
	/* imap_caps_before(), or NULL. Where the greeting does not list any, one message that is enough to log in goes out at once. */
	const char *caps_before;
	const char *caps_after; /* imap_caps(), or NULL; not used yet */
};

struct imap_options {
	struct endpoint endpoint;
	const struct credentials *credentials; /* NULL: stay not authenticated (PREAUTH is fine) */
	bool require_tls;                      /* refuse to go on in the clear */
	bool
	    compress; /* COMPRESS=DEFLATE when offered (one more round trip): worth it when much is to come */
	int timeout; /* ms without progress; 0: 60 s */
	struct imap_known known;
};

struct imap;

/* Connects and logs in: greeting, STARTTLS, AUTHENTICATE with the strongest mechanism (SASL-IR where offered), LOGIN as a last resort, capabilities, COMPRESS. NULL with the fault:
 * FAULT_AUTH when refused for good, FAULT_TEMP for a BYE or a lost line, FAULT_PROTOCOL for PREAUTH before a STARTTLS that is demanded. */
struct imap *imap_open(const struct imap_options *o, struct fault *f);
/* LOGOUT without waiting for more than half a second (a tunnel has another second to end), and release. Where a command is still on
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
/* COMPRESS=DEFLATE is on; TLS is (a tunnel is not TLS). */
bool imap_is_compressed(const struct imap *s);
bool imap_is_tls(const struct imap *s);

struct chan_stats imap_stats(const struct imap *s);
const char *imap_describe(const struct imap *s);

#endif
