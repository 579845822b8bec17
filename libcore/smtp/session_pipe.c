#include <string.h>

#include "smtp/session_impl.h"
#include "wire/net.h"

typedef int on_reply(struct smtp *s, const struct pending *p, struct fault *f);

static int on_noop(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	(void)f;
	/* Any reply will do: it shows that what followed AUTH was read. */
	s->learned.auth_takes_flight = true;
	early_is_over(s);
	return 0;
}

static int on_rset(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	return s->reply.code / 100 == 2 ? 0 : reply_fault(&s->reply, f, "RSET");
}

/* In the order of enum verb. */
static const struct {
	const char *name;
	on_reply *on;
} verbs[] = {
    [VERB_GREETING] = {"the greeting", hello_on_greeting},
    [VERB_EHLO] = {"EHLO", hello_on_ehlo},
    [VERB_STARTTLS] = {"STARTTLS", hello_on_starttls},
    [VERB_AUTH] = {"AUTH", auth_on_reply},
    [VERB_NOOP] = {"NOOP", on_noop},
    [VERB_RSET] = {"RSET", on_rset},
    [VERB_MAIL] = {"MAIL", envelope_on_mail},
    [VERB_RCPT] = {"RCPT", envelope_on_rcpt},
    [VERB_DATA] = {"DATA", transfer_on_data},
    [VERB_BDAT] = {"BDAT", transfer_on_chunk},
    [VERB_BURL] = {"BURL", transfer_on_chunk},
    [VERB_END] = {"the message", transfer_on_end},
};

static void add_stats(struct chan_stats *all, struct chan_stats one)
{
	all->up += one.up;
	all->down += one.down;
	all->app_up += one.app_up;
	all->app_down += one.app_down;
	all->turnarounds += one.turnarounds;
}

struct chan_stats smtp_stats(const struct smtp *s)
{
	struct chan_stats all = s->past;

	if (s->chan)
		add_stats(&all, chan_stats(s->chan));
	return all;
}

void pipe_drop(struct smtp *s)
{
	if (s->chan)
		add_stats(&s->past, chan_stats(s->chan));
	chan_free(s->chan);
	s->chan = NULL;
	s->waiting = 0;
}

void pipe_expect(struct smtp *s, struct pending p)
{
	s->queue[(s->head + s->waiting) % PIPE_MAX] = p;
	s->waiting++;
}

/* 421 to whatever it was: the server goes away. What it said before may tell more. */
static int closing(struct smtp *s, const struct pending *p, struct fault *f)
{
	reply_fault(&s->reply, f, p ? verbs[p->verb].name : "the server closes");
	if (p && p->verb == VERB_RCPT)
		envelope_on_rcpt(s, p, f);
	if (p && p->verb == VERB_GREETING)
		s->retry = false;
	transfer_refuse(s, f);
	if (s->t.refused)
		*f = s->t.why;
	pipe_drop(s);
	return -1;
}

/* Matches the reply that is complete with the command that has waited longest. */
static int settle(struct smtp *s, struct fault *f)
{
	struct pending p;

	if (s->waiting == 0 && s->reply.code == 421)
		return closing(s, NULL, f);
	if (s->waiting == 0) {
		reply_fault(&s->reply, f, "a reply to nothing");
		f->cls = FAULT_PROTOCOL;
		return -1;
	}
	p = s->queue[s->head];
	s->head = (s->head + 1) % PIPE_MAX;
	s->waiting--;
	if (s->rtt == 0 && s->sent_at != 0)
		s->rtt = (int)(net_now() - s->sent_at) + 1;
	if (s->reply.code == 421)
		return closing(s, &p, f);
	return verbs[p.verb].on(s, &p, f);
}

/* 1: a reply was taken. 0: there is no whole one. */
static int take(struct smtp *s, struct fault *f)
{
	size_t n, used = 0;
	const char *p = chan_peek(s->chan, &n);
	int got = n > 0 ? reply_feed(&s->reply, p, n, &used, f) : 0;

	if (used > 0)
		chan_take(s->chan, used);
	if (got != 1)
		return got;
	return settle(s, f) == -1 ? -1 : 1;
}

static int take_all(struct smtp *s, struct fault *f)
{
	int got;

	do
		got = s->chan ? take(s, f) : 0;
	while (got == 1);
	return got;
}

/* The link is gone: its last words may say why. */
static int lost(struct smtp *s, struct fault *f)
{
	struct fault last;

	if (s->early)
		s->retry = true;
	if (take_all(s, &last) == -1)
		*f = last;
	else if (s->t.refused)
		*f = s->t.why;
	return -1;
}

static int wait_ms(const struct smtp *s)
{
	int usual = s->o.timeout > 0 ? s->o.timeout : TIMEOUT;
	const struct pending *p = &s->queue[s->head];

	if (s->patience > 0)
		return s->patience;
	/* BURL makes the server fetch first. */
	if (s->waiting > 0 && usual < TIMEOUT_FINAL &&
	    ((p->last && s->t.complete) || p->verb == VERB_BURL))
		return TIMEOUT_FINAL;
	return usual;
}

static int late(struct smtp *s, int ms, struct fault *f)
{
	const char *what = s->waiting > 0 ? verbs[s->queue[s->head].verb].name : "octets";

	/* What used to be read behind AUTH was not: do not hang on it again. */
	if (s->rode && s->waiting > 0 && s->queue[s->head].verb == VERB_MAIL) {
		s->learned.auth_takes_flight = false;
		s->learned.auth_swallows = true;
	}
	fault_set(f, FAULT_TEMP, "no reply to %s for %d ms", what, ms);
	return lost(s, f);
}

static int pump(struct smtp *s, int want, struct fault *f)
{
	int ms = wait_ms(s);
	int got = chan_pump(s->chan, want, net_now() + ms, f);
	size_t n;

	if (got == -1)
		return lost(s, f);
	if (got == 0)
		return late(s, ms, f);
	chan_peek(s->chan, &n);
	if (n == 0 && chan_eof(s->chan)) {
		fault_set(f, FAULT_TEMP, "the server closed the connection");
		return lost(s, f);
	}
	return 0;
}

static int gone(const struct smtp *s, struct fault *f)
{
	if (s->t.refused)
		*f = s->t.why;
	else
		fault_set(f, FAULT_TEMP, "the connection was given up before");
	return -1;
}

int pipe_round(struct smtp *s, struct fault *f)
{
	if (!s->chan)
		return gone(s, f);
	if (s->said) {
		s->said = false;
		s->flights++;
		s->sent_at = net_now();
	}
	if (pump(s, CHAN_IN, f) == -1)
		return -1;
	return take_all(s, f);
}

int pipe_await(struct smtp *s, size_t left, struct fault *f)
{
	while (s->waiting > left) {
		if (pipe_round(s, f) == -1)
			return -1;
	}
	return 0;
}

int pipe_put(struct smtp *s, const void *p, size_t n, bool secret, bool stop, struct fault *f)
{
	const char *at = p;

	while (n > 0) {
		if (!s->chan || (stop && s->t.refused))
			return gone(s, f);
		size_t put = chan_put(s->chan, at, n, secret);
		at += put;
		n -= put;
		s->said = true;
		if (n == 0)
			break;
		if (pump(s, CHAN_IN | CHAN_OUT, f) == -1 || take_all(s, f) == -1)
			return -1;
	}
	return 0;
}

int pipe_command(
    struct smtp *s, struct pending p, const struct buf *line, bool secret, struct fault *f)
{
	if (!s->chan)
		return gone(s, f);
	if (buf_failed(line))
		return fault_set(f, FAULT_BUG, "an SMTP command that is too long");
	/* What is there while nothing is waited for would pass for the reply to this. */
	if (s->waiting == 0 && take_all(s, f) == -1)
		return -1;
	if (!s->pipelining && pipe_await(s, 0, f) == -1)
		return -1;
	if (s->waiting == PIPE_MAX && pipe_await(s, PIPE_MAX / 2, f) == -1)
		return -1;
	pipe_expect(s, p);
	return pipe_put(s, line->data, line->len, secret, false, f);
}
