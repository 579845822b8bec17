/*
 * chan_impl: what the files of chan share.
 */
#ifndef LM_WIRE_CHAN_IMPL_H
#define LM_WIRE_CHAN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/chan.h"
#include "wire/deflate.h"
#include "wire/link.h"

/* Octets in order: put at the end, taken at the front. */
struct queue {
	char *data; /* CHAN_BUFFER octets, owned */
	size_t start, len;
};

struct chan {
	struct link link; /* its descriptor is ours */
	struct tls *tls;
	struct deflate *deflate;
	struct trace *trace; /* not owned */
	int pid;             /* of a tunnel, else 0 */

	char *host; /* for chan_starttls(); NULL when it was not announced */
	char *ca_file, *fingerprint, *session_file;
	int connect_timeout;

	struct queue in, out; /* as the protocol sees them */
	struct queue zin;     /* compressed octets that came in; data is NULL without deflate */
	struct buf zout;      /* compressed octets to go out */
	size_t zsent;         /* of these, how many have gone */
	bool inflating;       /* the inflater may have more without more input */
	uint64_t app_up, app_down;

	bool read_wants_write, write_wants_read; /* TLS turns a direction around */
	bool eof;                                /* nothing more comes, and it is in `in` */
	bool failed;                             /* reading is over for the reason in `why` */
	bool
	    lost; /* writing is over for the reason in `why`; there may still be something to read */
	struct fault why;
	uint64_t told; /* app_down, and eof, when the caller last learnt of input */
	bool told_eof;
};

/* One round: octets move in both directions as far as they go now. Failures are noted in c. */
void chan_advance(struct chan *c);
/* Octets wait to be written, ours or of TLS, and can be. */
bool chan_must_write(const struct chan *c);
/* Waits for the descriptor. 1 ready, 0 the deadline passed, -1 fault. */
int chan_wait(int fd, short events, int64_t deadline, struct fault *f);

int queue_init(struct queue *q);
size_t queue_room(const struct queue *q);
/* Where the next queue_room() octets go, in one piece. */
char *queue_tail(struct queue *q);
void queue_drop(struct queue *q, size_t n);

#endif
