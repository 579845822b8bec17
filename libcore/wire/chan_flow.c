#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "wire/chan_impl.h"
#include "wire/net.h"

enum {
	PIECE = 16384, /* octets that go through a layer at a time: one TLS record */
};

int queue_init(struct queue *q)
{
	*q = (struct queue){.data = malloc(CHAN_BUFFER)};
	return q->data == NULL ? -1 : 0;
}

size_t queue_room(const struct queue *q)
{
	return CHAN_BUFFER - q->len;
}

char *queue_tail(struct queue *q)
{
	if (q->start > 0) {
		memmove(q->data, q->data + q->start, q->len);
		q->start = 0;
	}
	return q->data + q->len;
}

void queue_drop(struct queue *q, size_t n)
{
	if (n > q->len)
		n = q->len;
	q->len -= n;
	q->start = q->len == 0 ? 0 : q->start + n;
}

/* ---- failures, kept until the caller has had all of the input */

static void fail(struct chan *c, const struct fault *f)
{
	if (!c->lost || f->cls != FAULT_TEMP)
		c->why = *f;
	c->failed = true;
}

static void lose(struct chan *c, const struct fault *f)
{
	if (!c->failed)
		c->why = *f;
	c->lost = true;
}

/* ---- the lower layer: TLS or the link */

static enum tls_status link_outcome(int error, struct fault *f, enum tls_status wait)
{
	if (error == 0)
		return wait;
	fault_set(f, FAULT_TEMP, "the connection was lost: %s", strerrordesc_np(error));
	return TLS_ERROR;
}

static enum tls_status lower_read(struct chan *c, void *p, size_t n, size_t *done, struct fault *f)
{
	ssize_t r;

	if (c->tls != NULL)
		return tls_read(c->tls, p, n, done, f);
	r = link_read(&c->link, p, n);
	if (r == 0)
		return TLS_EOF;
	if (r == -1)
		return link_outcome(c->link.read_error, f, TLS_WANT_READ);
	*done = (size_t)r;
	return TLS_DONE;
}

static enum tls_status lower_write(
    struct chan *c, const void *p, size_t n, size_t *done, struct fault *f)
{
	ssize_t r;

	if (c->tls != NULL)
		return tls_write(c->tls, p, n, done, f);
	r = link_write(&c->link, p, n);
	if (r == -1)
		return link_outcome(c->link.write_error, f, TLS_WANT_WRITE);
	*done = (size_t)r;
	return TLS_DONE;
}

/* ---- writing */

/* Compresses what is queued, piece by piece, so that the output stays small. The flush comes when the queue
 * has run empty: the server can then read all that was said. */
static bool fill_zout(struct chan *c)
{
	size_t n = c->out.len < PIECE ? c->out.len : PIECE;
	struct fault f;

	buf_reset(&c->zout);
	c->zsent = 0;
	if (n == 0)
		return false;
	if (deflate_write(
		c->deflate, c->out.data + c->out.start, n, n == c->out.len, &c->zout, &f) == -1) {
		lose(c, &f);
		return false;
	}
	queue_drop(&c->out, n);
	return true;
}

/* The next octets for the lower layer. */
static const char *to_write(struct chan *c, size_t *n)
{
	if (c->deflate == NULL) {
		*n = c->out.len;
		return c->out.data + c->out.start;
	}
	/* The deflater may keep a piece to itself. */
	while (c->zsent == c->zout.len && fill_zout(c))
		continue;
	*n = c->zout.len - c->zsent;
	return *n > 0 ? c->zout.data + c->zsent : NULL;
}

static void written(struct chan *c, size_t n)
{
	if (c->deflate == NULL)
		queue_drop(&c->out, n);
	else
		c->zsent += n;
}

static void push(struct chan *c)
{
	size_t n, done = 0;
	const char *p;

	c->write_wants_read = false;
	while (!c->lost && (p = to_write(c, &n)) != NULL && n > 0) {
		struct fault f;
		enum tls_status s = lower_write(c, p, n, &done, &f);

		if (s == TLS_EOF) {
			fault_set(&f, FAULT_TEMP, "the connection was lost");
			s = TLS_ERROR;
		}
		if (s == TLS_ERROR)
			lose(c, &f);
		c->write_wants_read = s == TLS_WANT_READ;
		if (s != TLS_DONE)
			return;
		written(c, done);
	}
	if (c->tls != NULL)
		tls_flush(c->tls);
}

/* ---- reading */

static void received(struct chan *c, size_t n)
{
	if (c->trace != NULL)
		trace_octets(c->trace, false, c->in.data + c->in.start + c->in.len, n);
	c->in.len += n;
	c->app_down += n;
}

static enum tls_status read_into(struct chan *c, struct queue *q, size_t *done)
{
	size_t room = queue_room(q);
	struct fault f;
	enum tls_status s = lower_read(c, queue_tail(q), room < PIECE ? room : PIECE, done, &f);

	if (s == TLS_ERROR)
		fail(c, &f);
	if (s == TLS_EOF)
		c->eof = true;
	c->read_wants_write = s == TLS_WANT_WRITE;
	return s;
}

static enum tls_status read_plain(struct chan *c)
{
	size_t n = 0;
	enum tls_status s = read_into(c, &c->in, &n);

	if (s == TLS_DONE)
		received(c, n);
	return s;
}

static enum tls_status inflate_some(struct chan *c)
{
	size_t used, made, room = queue_room(&c->in);
	struct fault f;

	if (deflate_read(c->deflate, c->zin.data + c->zin.start, c->zin.len, &used,
		queue_tail(&c->in), room, &made, &f) == -1) {
		fail(c, &f);
		return TLS_ERROR;
	}
	queue_drop(&c->zin, used);
	c->inflating = made == room;
	if (made > 0)
		received(c, made);
	return made > 0 || used > 0 ? TLS_DONE : TLS_WANT_READ;
}

static enum tls_status read_deflated(struct chan *c)
{
	enum tls_status s = TLS_WANT_READ;
	size_t n = 0;

	if (c->inflating || c->zin.len > 0)
		s = inflate_some(c);
	if (s != TLS_WANT_READ)
		return s;
	s = read_into(c, &c->zin, &n);
	if (s == TLS_DONE)
		c->zin.len += n;
	return s;
}

static void pull(struct chan *c)
{
	enum tls_status s = TLS_DONE;

	c->link.busy = !c->lost && chan_unsent(c) > 0;
	while (s == TLS_DONE && !c->failed && !c->eof && queue_room(&c->in) > 0)
		s = c->deflate != NULL ? read_deflated(c) : read_plain(c);
}

void chan_advance(struct chan *c)
{
	push(c);
	pull(c);
	if (c->write_wants_read)
		push(c);
}

/* ---- waiting */

bool chan_must_write(const struct chan *c)
{
	return !c->lost && (chan_unsent(c) > 0 || (c->tls != NULL && tls_held(c->tls) > 0));
}

int chan_fd(const struct chan *c)
{
	return c->link.fd;
}

short chan_events(const struct chan *c)
{
	bool reading = !c->eof && !c->failed && queue_room(&c->in) > 0;
	bool writing = chan_must_write(c);
	short events = 0;

	if ((reading && !c->read_wants_write) || (writing && c->write_wants_read))
		events |= POLLIN;
	if ((writing && !c->write_wants_read) || (reading && c->read_wants_write))
		events |= POLLOUT;
	return events;
}

bool chan_has_pending(const struct chan *c)
{
	if (c->failed)
		return true;
	if (c->eof || queue_room(&c->in) == 0)
		return false;
	return c->inflating || c->zin.len > 0 || (c->tls != NULL && tls_pending(c->tls) > 0);
}

int chan_wait(int fd, short events, int64_t deadline, struct fault *f)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = deadline - net_now();
		int r;

		if (left <= 0)
			return 0;
		r = poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (r == 1)
			return 1;
		if (r == -1 && errno != EINTR)
			return fault_errno(f, FAULT_IO, "poll");
	}
}

/* There is input, or the end of it, that the caller has not been told of. */
static bool has_news(const struct chan *c)
{
	return c->app_down > c->told || (c->eof && !c->told_eof);
}

static int tell(struct chan *c, int conditions)
{
	if (conditions & CHAN_IN) {
		c->told = c->app_down;
		c->told_eof = c->eof;
	}
	return conditions;
}

/* No octet will move any more, for a reason. */
static bool is_dead(const struct chan *c)
{
	return c->failed || (c->lost && (c->eof || queue_room(&c->in) == 0));
}

static int conditions(const struct chan *c, uint64_t before, bool was_crowded)
{
	int r = 0;

	if (c->app_down > before || c->eof || queue_room(&c->in) == 0)
		r |= CHAN_IN;
	if (!c->lost && (!chan_must_write(c) || (was_crowded && chan_room(c) >= CHAN_BUFFER / 2)))
		r |= CHAN_OUT;
	return r;
}

static int dead_end(struct chan *c, struct fault *f)
{
	if (has_news(c))
		return tell(c, CHAN_IN);
	*f = c->why;
	return -1;
}

int chan_pump(struct chan *c, int want, int64_t deadline, struct fault *f)
{
	bool was_crowded = chan_room(c) < CHAN_BUFFER / 2;
	uint64_t before = c->app_down;

	for (;;) {
		int r;

		chan_advance(c);
		if (is_dead(c))
			return dead_end(c, f);
		r = conditions(c, before, was_crowded) & want;
		if (r != 0)
			return tell(c, r);
		r = chan_wait(c->link.fd, chan_events(c), deadline, f);
		if (r != 1)
			return r;
	}
}

int chan_step(struct chan *c, struct fault *f)
{
	chan_advance(c);
	if (is_dead(c))
		return dead_end(c, f) == -1 ? -1 : 0;
	tell(c, CHAN_IN);
	return 0;
}
