/* session_early: a login that is not waited for, and what rides on it. */
#include <stdlib.h>
#include <string.h>

#include "imap/session_impl.h"
#include "wire/net.h"

enum {
	SILENCE =
	    2000 /* ms between the login's reply and the question whether the rest was taken */
};

static bool is_login(enum imap_early how)
{
	return how == IMAP_EARLY_LOGIN || how == IMAP_EARLY_LOGIN_TAKES;
}

static bool is_proven(enum imap_early how)
{
	return how == IMAP_EARLY_TAKES || how == IMAP_EARLY_LOGIN_TAKES;
}

/* The next thing to try with a server that did not take the flight. */
static enum imap_early poorer(enum imap_early how)
{
	return is_login(how) ? IMAP_EARLY_NEVER : IMAP_EARLY_LOGIN;
}

static void assume_caps(struct imap *s, const char *caps)
{
	free(s->caps);
	s->caps = strdup(caps);
}

static uint32_t ask_caps(struct imap *s, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s, "CAPABILITY");
	return imap_send(s, &c, f);
}

/* Queues the login that fits. 1, 0: none does, -1. */
static int send_login(struct imap *s, const struct imap_options *o, struct fault *f)
{
	const char *mechanism = imap_single_step(s, o);

	if (mechanism == NULL || !imap_has(s, "SASL-IR"))
		s->early.how = is_proven(s->early.how) ? s->early.how : IMAP_EARLY_LOGIN;
	if (is_login(s->early.how)) {
		/* A stronger mechanism than a password in the clear is not given up for a round trip. */
		if (!imap_may_login(s, o->credentials) ||
		    (mechanism == NULL && strstr(s->caps, "AUTH=SCRAM") != NULL))
			return 0;
		s->early.login_tag = imap_send_login(s, o->credentials, f);
	} else {
		if (mechanism == NULL)
			return 0;
		s->early.login_tag = imap_send_single(s, o, mechanism, f);
	}
	return s->early.login_tag == 0 ? -1 : 1;
}

int imap_early_begin(struct imap *s, const struct imap_options *o, struct fault *f)
{
	const struct imap_known *k = &o->known;

	s->early.how = k->early;
	s->early.kept_tail = &s->early.kept;
	if (!o->early || k->early == IMAP_EARLY_NEVER || o->credentials == NULL ||
	    k->caps_before == NULL || k->caps_after == NULL || o->endpoint.security != CHAN_TLS ||
	    !imap_is_safe(s))
		return 0;
	assume_caps(s, k->caps_before);
	if (s->caps == NULL)
		return 0;

	int r = send_login(s, o, f);
	if (r != 1) {
		imap_forget_caps(s);
		return r;
	}
	s->early.phase = EARLY_GREETING;
	s->caps_before = strdup(k->caps_before);
	assume_caps(s, k->caps_after);
	return s->caps == NULL ? fault_set(f, FAULT_TEMP, "out of memory") : 1;
}

static int failed(struct imap *s)
{
	s->early.phase = EARLY_FAILED;
	s->early.how = poorer(s->early.how);
	s->alive = false;
	return -1;
}

static void forget_kept(struct imap *s)
{
	struct queued *next;

	for (struct queued *q = s->early.kept; q != NULL; q = next) {
		next = q->next;
		queued_free(q);
	}
	s->early.kept = NULL;
	s->early.kept_tail = &s->early.kept;
}

void imap_early_free(struct imap *s)
{
	forget_kept(s);
}

static void settle(struct imap *s, enum imap_early how)
{
	s->early.how = how;
	s->early.phase = EARLY_OFF;
	forget_kept(s);
}

static int send_sentinel(struct imap *s, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s, "NOOP");
	s->early.sentinel = imap_send(s, &c, f);
	return s->early.sentinel == 0 ? -1 : 0;
}

/* The greeting: its capabilities are those of before the login, which only count for next time. */
static int greeted(struct imap *s, const struct event *ev, struct fault *f)
{
	if (ev->kind == EV_CAPABILITY)
		return 0;
	if (ev->kind != EV_STATUS)
		return fault_set(f, FAULT_PROTOCOL, "this is not an IMAP greeting");
	if (ev->cond == COND_BYE) {
		imap_refusal(ev, "the server does not let us in", f);
		f->cls = FAULT_TEMP;
		return failed(s);
	}
	s->early.preauth = ev->cond == COND_PREAUTH;
	s->early.phase = EARLY_LOGIN;
	s->caps_said = false;
	return 0;
}

/* All that is kept is dropped as its replies come; what is left when the sentinel comes back was swallowed. */
static void drop_kept(struct imap *s, uint32_t tag)
{
	for (struct queued **p = &s->early.kept; *p != NULL; p = &(*p)->next) {
		struct queued *q = *p;

		if (q->tag != tag)
			continue;
		*p = q->next;
		if (s->early.kept_tail == &q->next)
			s->early.kept_tail = p;
		queued_free(q);
		return;
	}
}

static int logged_in(struct imap *s, const struct event *ev, struct fault *f)
{
	if (ev->cond != COND_OK && !s->early.preauth) {
		imap_refusal(ev, ev->name, f);
		if (f->cls == FAULT_REFUSED)
			f->cls = FAULT_AUTH;
		return failed(s);
	}
	s->early.phase = EARLY_IN;
	s->early.ask_at = net_now() + SILENCE;
	/* Not said with the OK: so nobody will, unless asked. Last time's serve until the answer. */
	if (!s->caps_said && ask_caps(s, f) == 0)
		return -1;
	if (is_proven(s->early.how) || s->early.kept == NULL)
		return 0;
	return send_sentinel(s, f);
}

static int came_back(struct imap *s)
{
	bool swallowed = s->early.kept != NULL;

	if (swallowed) {
		imap_flow_again(s);
		settle(s, poorer(s->early.how));
	} else {
		settle(s, is_login(s->early.how) ? IMAP_EARLY_LOGIN_TAKES : IMAP_EARLY_TAKES);
	}
	return 0;
}

/* A tagged reply once we are in. */
static int replied(struct imap *s, const struct event *ev)
{
	if (ev->num == s->early.sentinel)
		return came_back(s);
	drop_kept(s, ev->num);
	/* Where it is known to work, one reply is enough to go on without a net; else it takes all of them. */
	if (is_proven(s->early.how) ? s->early.sentinel == 0 : s->early.kept == NULL)
		settle(s, is_login(s->early.how) ? IMAP_EARLY_LOGIN_TAKES : IMAP_EARLY_TAKES);
	return 1;
}

int imap_early_event(struct imap *s, struct event *ev, struct fault *f)
{
	switch (s->early.phase) {
	case EARLY_GREETING:
		return greeted(s, ev, f);
	case EARLY_LOGIN:
		if (ev->kind == EV_CONTINUE) {
			fault_set(f, FAULT_AUTH, "the server wants to know more");
			return failed(s);
		}
		if (ev->kind == EV_TAGGED && ev->num == s->early.login_tag)
			return logged_in(s, ev, f);
		/* A reply to what may only be done by someone who is in. */
		if (ev->kind == EV_TAGGED) {
			fault_set(f, FAULT_TEMP, "the server did not wait for the login");
			return failed(s);
		}
		return 1;
	case EARLY_IN:
		return ev->kind == EV_TAGGED ? replied(s, ev) : 1;
	default: /* the sentinel of a flight that was settled before it came back */
		return ev->kind != EV_TAGGED || s->early.sentinel == 0 ||
		    ev->num != s->early.sentinel;
	}
}

int64_t imap_early_until(const struct imap *s, int64_t deadline)
{
	bool asks = s->early.phase == EARLY_IN && s->early.kept != NULL && s->early.sentinel == 0;

	return asks && s->early.ask_at < deadline ? s->early.ask_at : deadline;
}

int imap_early_silence(struct imap *s, struct fault *f)
{
	if (imap_early_until(s, INT64_MAX) > net_now())
		return 0;
	if (s->compress_tag == 0)
		return send_sentinel(s, f);
	/* Behind COMPRESS no question can be put: whether it would have to be compressed is the question. */
	if (net_now() < s->early.ask_at + 4 * SILENCE) {
		s->early.ask_at = net_now() + SILENCE / 2;
		return 0;
	}
	fault_set(f, FAULT_TEMP, "the server lets us in and then says nothing");
	return failed(s);
}

void imap_early_lost(struct imap *s)
{
	if (s->early.phase == EARLY_GREETING || s->early.phase == EARLY_LOGIN)
		failed(s);
}

bool imap_early_failed(const struct imap *s)
{
	return s->early.phase == EARLY_FAILED;
}

enum imap_early imap_early_learned(const struct imap *s)
{
	return s->early.how;
}
