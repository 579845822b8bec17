/*
 * chan: one connection to a server, behind one pair of bounded buffers: socket or command, in the clear
 * or TLS, plain or deflated. Nothing here blocks but chan_open(), chan_starttls() and chan_pump(), and these
 * have deadlines.
 *
 * The caller puts octets into the outgoing buffer while there is room, looks at what has come in, takes
 * what it has understood, and calls chan_pump() to let octets move in both directions. As reading goes on while
 * writing is not possible, a large upload never deadlocks against a server that is talking.
 *
 *     for (;;) {
 *             p = chan_peek(c, &n);               -- parse, chan_take(c, used)
 *             chan_put(c, q, m);                  -- as much as chan_room(c) allows
 *             if (chan_pump(c, CHAN_IN | CHAN_OUT, deadline, f) == -1) ...
 *     }
 */
#ifndef LM_WIRE_CHAN_H
#define LM_WIRE_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "wire/tls.h"
#include "wire/trace.h"

enum { CHAN_BUFFER = 65536 }; /* octets of each of the two buffers */

enum chan_security {
	/* TLS from the first octet. */
	CHAN_TLS,
	/* In the clear until chan_starttls(); the sessions demand it before anything else. */
	CHAN_STARTTLS,
	/* In the clear for good: only `tls insecure` in the configuration, or a tunnel, leads here. */
	CHAN_CLEAR,
};

/* Where to connect. Strings are borrowed for the time of chan_open() only. */
struct endpoint {
	const char *host; /* name or address literal (no brackets) */
	uint16_t port;
	enum chan_security security;
	/* NULL, or a command that speaks the protocol on its standard input and output. Then host, port
	 * and security do not matter: it is safe, as the command sees to it. */
	const char *tunnel;
	struct tls_options tls;
	int connect_timeout; /* ms for connecting and the TLS handshake together; 0: 30 s */
	struct trace *trace; /* NULL, or where the dialogue is shown; must outlive the chan */
};

struct chan;

/* Connects; for CHAN_TLS the handshake is done on return. NULL: the fault of net_connect() or tls_handshake(), with
 * "host:port: " before it. */
struct chan *chan_open(const struct endpoint *e, struct fault *f);
/* Takes over a connected stream socket (tests, sockets passed in); it is closed on failure too. */
struct chan *chan_from_fd(int fd, struct trace *trace, struct fault *f);
/* Closes without waiting: sends nothing that is still queued. Reaps a tunnel, which has half a second to
 * end by itself and as much after SIGTERM. NULL is fine. */
void chan_free(struct chan *c);

/* The TLS handshake on a chan that was opened with CHAN_STARTTLS, after the server agreed. It is FAULT_PROTOCOL when
 * octets of the server are already in the buffer (they came in the clear: an injection), FAULT_BUG when
 * octets of ours are still queued. After a failure the chan is of no use any more. */
int chan_starttls(struct chan *c, struct fault *f);
/* From here on both directions are raw DEFLATE (RFC 4978). Octets already in the input buffer are taken as
 * the beginning of the compressed stream. FAULT_BUG when octets of ours are still queued. */
int chan_deflate(struct chan *c, struct fault *f);
bool chan_is_deflated(const struct chan *c);
/* TLS is up, or the chan is a tunnel: passwords may be sent. */
bool chan_is_safe(const struct chan *c);
bool chan_is_tls(const struct chan *c);
/* tls_binding() of the TLS layer; NULL without one. */
const char *chan_binding(const struct chan *c, struct buf *out);

/* Output. chan_put() queues as much of the n octets as there is room for and returns how many. With `secret` the
 * trace shows their number only. */
size_t chan_room(const struct chan *c);
size_t chan_put(struct chan *c, const void *p, size_t n, bool secret);
/* Octets of ours that the kernel has not taken yet (or the deflater has not flushed). */
size_t chan_unsent(const struct chan *c);

/* Input: what is there, valid until the next call on c; and taking n of it. */
const char *chan_peek(const struct chan *c, size_t *n);
void chan_take(struct chan *c, size_t n);
/* The server has closed its side and everything it sent is in the buffer (or taken). */
bool chan_eof(const struct chan *c);

enum { CHAN_IN = 1, CHAN_OUT = 2 };
/*
 * Moves octets until one of the conditions in `want` holds, or `deadline` (net_now() time, 0: do not
 * wait at all) passes. CHAN_IN: more input than before this call came in, or the end of it, or the input
 * buffer is full, so that nothing more is read. CHAN_OUT: the output buffer is empty and all of it is
 * with the kernel; or has room for half its size, when it had less before.
 * Returns the conditions that hold (0: the deadline passed), or -1: FAULT_TEMP for a lost connection,
 * FAULT_PROTOCOL for a broken TLS or DEFLATE stream.
 * What the server sent before a failure comes first: while there is such input that no call has told of,
 * CHAN_IN is returned, wanted or not, and -1 by the next call. A plain end of input is no failure
 * (CHAN_IN, with chan_eof()), unless writing has failed.
 */
int chan_pump(struct chan *c, int want, int64_t deadline, struct fault *f);

/* For programs that poll many: the descriptor, the events to poll for now, and one round of moving octets
 * after poll() (-1 as above). chan_has_pending(): input can be had without the descriptor becoming readable. */
int chan_fd(const struct chan *c);
short chan_events(const struct chan *c);
int chan_step(struct chan *c, struct fault *f);
bool chan_has_pending(const struct chan *c);

struct chan_stats {
	uint64_t up, down;         /* octets on the wire, TLS and DEFLATE included */
	uint64_t app_up, app_down; /* octets as the protocol sees them */
	/* How often reading followed writing when nothing more was there to write: the round trips that
	 * were waited for, TCP's own not counted. */
	unsigned turnarounds;
};
struct chan_stats chan_stats(const struct chan *c);
/* tls_describe(), or "in the clear", or "tunnel". */
const char *chan_describe(const struct chan *c);

#endif
