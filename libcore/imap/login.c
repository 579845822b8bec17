/* login: from a connection to the authenticated state (RFC 9051 sections 3, 6.1 and 6.2, RFC 4959, RFC 4978). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "imap/session_impl.h"

enum { SASL_MAX = 65536 };

void imap_forget_caps(struct imap *s)
{
	free(s->caps);
	s->caps = NULL;
}

int imap_set_caps(struct imap *s, const struct node *args, struct fault *f)
{
	struct buf b;

	buf_init(&b, IMAP_CAPS_MAX);
	for (const struct node *n = args; n != NULL; n = n->next) {
		if (b.len > 0)
			buf_putc(&b, ' ');
		buf_put(&b, n->s, n->len);
	}
	buf_putc(&b, '\0');
	if (buf_failed(&b)) {
		buf_free(&b);
		return fault_set(
		    f, FAULT_PROTOCOL, "the list of capabilities is over %d octets", IMAP_CAPS_MAX);
	}
	free(s->caps);
	s->caps = buf_steal(&b);
	s->caps_said = true;
	return 0;
}

/* The greeting (RFC 9051 section 7.1.5). *preauth: we are logged in already. */
static int greet(struct imap *s, bool *preauth, struct fault *f)
{
	struct event ev;

	do
		if (imap_next(s, -1, &ev, f) == -1)
			return -1;
	while (ev.kind == EV_CAPABILITY);
	if (ev.kind != EV_STATUS)
		return fault_set(f, FAULT_PROTOCOL, "this is not an IMAP greeting");
	switch (ev.cond) {
	case COND_OK:
	case COND_PREAUTH:
		*preauth = ev.cond == COND_PREAUTH;
		return 0;
	case COND_BYE:
		imap_refusal(&ev, "the server does not let us in", f);
		f->cls = FAULT_TEMP;
		return -1;
	default:
		return fault_set(f, FAULT_PROTOCOL, "this is not an IMAP greeting");
	}
}

static int learn_caps(struct imap *s, struct fault *f)
{
	struct imap_cmd c;

	if (s->caps != NULL)
		return 0;
	imap_cmd_init(&c, s, "CAPABILITY");
	if (imap_run(s, &c, NULL, f) == -1)
		return -1;
	if (s->caps == NULL)
		return fault_set(f, FAULT_PROTOCOL, "the server does not say what it can");
	return 0;
}

static int start_tls(struct imap *s, bool required, struct fault *f)
{
	struct imap_cmd c;

	if (learn_caps(s, f) == -1)
		return -1;
	if (!imap_has(s, "STARTTLS")) {
		if (!required)
			return 0;
		return fault_set(f, FAULT_REFUSED,
		    "the server does not offer STARTTLS, and TLS is required (lm.conf(5), tls)");
	}
	imap_cmd_init(&c, s, "STARTTLS");
	if (imap_run(s, &c, NULL, f) == -1)
		return -1;
	chan_take(s->chan, s->taken);
	s->taken = 0;
	imap_forget_caps(s); /* what was said in the clear does not count */
	if (chan_starttls(s->chan, f) == -1) {
		s->alive = false;
		return -1;
	}
	return 0;
}

/* The mechanisms of "AUTH=..." capabilities, blanks between. */
static void offered(const struct imap *s, struct buf *out)
{
	const char *p = imap_caps(s);

	while (*p != '\0') {
		size_t n = strcspn(p, " ");

		if (n > 5 && strncasecmp(p, "AUTH=", 5) == 0) {
			if (out->len > 0)
				buf_putc(out, ' ');
			buf_put(out, p + 5, n - 5);
		}
		p += n + (p[n] == ' ');
	}
}

/* An exchange that cannot go on: what was said of it has no end, so nothing may follow, not even LOGOUT. */
static int cut(struct imap *s)
{
	s->alive = false;
	return -1;
}

/* Sends one line of the exchange, not shown in traces: all of it, or none. */
static int say(struct imap *s, const struct buf *line, struct fault *f)
{
	if (buf_failed(line) || chan_room(s->chan) < line->len) {
		fault_set(f, FAULT_AUTH, "the answer to the server's challenge is too long");
		return cut(s);
	}
	chan_put(s->chan, line->data, line->len, true);
	return 0;
}

/* The answer to one challenge, raw. 0, or -1 with why there is none. */
static int step(struct sasl *x, const char *text, struct buf *out, struct fault *why)
{
	struct buf in;
	size_t n = strlen(text);
	int r;

	while (n > 0 && text[n - 1] == ' ')
		n--;
	buf_init(&in, SASL_MAX);
	if (enc_base64_decode(&in, text, n) == -1)
		r = fault_set(why, FAULT_PROTOCOL, "the server's challenge is not base64");
	else
		r = sasl_step(x, buf_str(&in), in.len, out, why);
	buf_wipe(&in);
	return r;
}

/* One challenge. When it cannot be answered the exchange is cancelled (RFC 9051 section 6.2.2), or ended as the mechanism
 * wants it, and *gave_up keeps why. */
static int respond(
    struct imap *s, struct sasl *x, const char *text, struct fault *gave_up, struct fault *f)
{
	struct buf out, line;
	int r;

	buf_init(&out, SASL_MAX);
	buf_init(&line, 2 * SASL_MAX);
	r = step(x, text, &out, gave_up);
	if (r == -1 && !sasl_answers_refusal(x))
		buf_putc(&line, '*');
	else
		enc_base64(&line, out.data, out.len);
	buf_puts(&line, "\r\n");
	r = say(s, &line, f);
	buf_wipe(&out);
	buf_wipe(&line);
	return r;
}

/* "+" while AUTHENTICATE waits. */
static int challenged(struct imap *s, struct sasl *x, const struct event *ev, bool *first_pending,
    struct fault *gave_up, struct fault *f)
{
	const char *text = ev->text;

	/* An answer must not come before its question: the server has not seen the command yet. */
	if (s->head != NULL || chan_unsent(s->chan) > 0 || gave_up->cls != FAULT_NONE) {
		fault_set(f, FAULT_PROTOCOL, "AUTHENTICATE: a challenge where there is none");
		return cut(s);
	}
	if (*first_pending &&
	    sasl_client_first(x)) /* asks for what could not go with the command */
		text = "";
	*first_pending = false;
	return respond(s, x, text, gave_up, f);
}

/* Pulls until the AUTHENTICATE command is over. */
static int exchange(
    struct imap *s, struct sasl *x, uint32_t tag, bool first_pending, struct fault *f)
{
	struct fault gave_up = {0};
	struct event ev;
	int r;

	while ((r = imap_until(s, tag, &ev, f)) == 1)
		if (ev.kind == EV_CONTINUE &&
		    challenged(s, x, &ev, &first_pending, &gave_up, f) == -1)
			return -1;
	if (gave_up.cls != FAULT_NONE) {
		*f = gave_up;
		return -1;
	}
	if (r == -1) {
		if (imap_alive(s) && f->cls == FAULT_REFUSED)
			f->cls = FAULT_AUTH;
		return -1;
	}
	return sasl_done(x, NULL, 0, f);
}

/* Queues AUTHENTICATE, with what the client says first where that may go with it (SASL-IR, RFC 4959). Its tag, or 0. */
static uint32_t send_mechanism(
    struct imap *s, struct sasl *x, const char *mechanism, bool initial, struct fault *f)
{
	struct imap_cmd c;
	struct buf first;

	buf_init(&first, SASL_MAX);
	imap_cmd_init(&c, s, "AUTHENTICATE");
	imap_atom(&c, mechanism);
	if (initial && sasl_step(x, NULL, 0, &first, f) == -1) {
		imap_cmd_free(&c);
		buf_wipe(&first);
		return 0;
	}
	if (initial) {
		buf_putc(&c.text, ' ');
		if (first.len == 0)
			buf_putc(&c.text, '=');
		enc_base64(&c.text, first.data, first.len);
		c.secret = true;
	}
	buf_wipe(&first);
	return imap_send(s, &c, f);
}

static int run_mechanism(struct imap *s, struct sasl *x, const char *mechanism, struct fault *f)
{
	bool initial = sasl_client_first(x) && imap_has(s, "SASL-IR");
	uint32_t tag = send_mechanism(s, x, mechanism, initial, f);

	return tag == 0 ? -1 : exchange(s, x, tag, !initial, f);
}

uint32_t imap_send_login(struct imap *s, const struct credentials *k, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s, "LOGIN");
	imap_astring(&c, k->user, strlen(k->user));
	imap_astring(&c, k->password, strlen(k->password));
	c.secret = true;
	return imap_send(s, &c, f);
}

static int login_command(struct imap *s, const struct credentials *k, struct fault *f)
{
	struct event ev;
	uint32_t tag = imap_send_login(s, k, f);
	int r = tag == 0 ? -1 : 1;

	while (r == 1)
		r = imap_until(s, tag, &ev, f);
	if (r == -1 && imap_alive(s) && f->cls == FAULT_REFUSED)
		f->cls = FAULT_AUTH;
	return r;
}

/* LOGIN (RFC 9051 section 6.2.3) when no mechanism fits: never where the line is open, the server forbids it, or mechanisms are pinned. */
bool imap_may_login(const struct imap *s, const struct credentials *k)
{
	return k->user != NULL && k->password != NULL && k->token == NULL && k->auth == NULL &&
	    imap_is_safe(s) && !imap_has(s, "LOGINDISABLED");
}

/* The mechanism of ours for what is offered, and the peer that it is for, whose binding is in *binding. NULL: none fits. */
static const char *choose(struct imap *s, const struct imap_options *o, struct sasl_peer *peer,
    struct buf *binding, struct fault *f)
{
	struct buf offer;
	const char *mechanism;

	buf_init(&offer, IMAP_CAPS_MAX);
	buf_init(binding, SASL_MAX);
	*peer = (struct sasl_peer){.service = "imap",
	    .host = o->endpoint.host != NULL ? o->endpoint.host : "localhost", /* a tunnel's end */
	    .port = o->endpoint.port,
	    .safe = imap_is_safe(s) || !o->require_tls,
	    .binding_type = chan_binding(s->chan, binding)};
	peer->binding = binding->data;
	peer->binding_len = binding->len;
	offered(s, &offer);
	mechanism = sasl_choose(buf_str(&offer), o->credentials, peer, f);
	buf_free(&offer);
	return mechanism;
}

static int authenticate(struct imap *s, const struct imap_options *o, struct fault *f)
{
	struct sasl_peer peer;
	struct buf binding;
	struct fault none;
	const char *mechanism = choose(s, o, &peer, &binding, &none);
	int r = -1;

	if (mechanism == NULL && imap_may_login(s, o->credentials)) {
		r = login_command(s, o->credentials, f);
	} else if (mechanism == NULL) {
		*f = none;
	} else {
		struct sasl *x = sasl_new(mechanism, o->credentials, &peer, f);

		if (x != NULL)
			r = run_mechanism(s, x, mechanism, f);
		sasl_free(x);
	}
	buf_wipe(&binding);
	return r;
}

int imap_compress(struct imap *s, struct fault *f)
{
	struct imap_cmd c;

	if (!imap_has(s, "COMPRESS=DEFLATE") || imap_is_compressed(s) || s->compress_tag != 0 ||
	    s->deflate_due)
		return 0;
	/* Whether what is sent with the login is taken is found out by asking, which is not possible behind COMPRESS. */
	if (s->early.phase != EARLY_OFF && s->early.how != IMAP_EARLY_TAKES &&
	    s->early.how != IMAP_EARLY_LOGIN_TAKES)
		return 0;
	imap_cmd_init(&c, s, "COMPRESS");
	imap_atom(&c, "DEFLATE");
	s->compress_tag = imap_send(s, &c, f);
	return s->compress_tag == 0 ? -1 : 0;
}

/* A server may refuse, as TLS compresses already. */
static int compress(struct imap *s, struct fault *f)
{
	struct event ev;

	if (imap_compress(s, f) == -1)
		return -1;
	while (s->compress_tag != 0)
		if (imap_next(s, -1, &ev, f) == -1)
			return -1;
	return imap_take(s, f);
}

/* Keeps what is offered where we log in; what counts afterwards has to be said anew, in the OK or on demand. */
static int log_in_once(struct imap *s, const struct imap_options *o, struct fault *f)
{
	free(s->caps_before);
	s->caps_before = strdup(s->caps);
	if (s->caps_before == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");

	s->caps_said = false;
	if (authenticate(s, o, f) == -1)
		return -1;
	if (!s->caps_said)
		imap_forget_caps(s);
	return 0;
}

const char *imap_single_step(struct imap *s, const struct imap_options *o)
{
	struct sasl_peer peer;
	struct fault ignored;
	struct buf binding;
	const char *mechanism = choose(s, o, &peer, &binding, &ignored);

	buf_wipe(&binding);
	return mechanism != NULL && sasl_single_step(mechanism) ? mechanism : NULL;
}

/*
 * A greeting without capabilities, from a server that we know: its offer of last time saves the round trip. Only on a line
 * that is encrypted, and for one message, so that the worst is a refusal; then we ask after all, and try again if that makes
 * a difference. NULL: we have to ask.
 */
static const char *recall(struct imap *s, const struct imap_options *o)
{
	const char *mechanism;

	if (s->caps != NULL || o->known.caps_before == NULL || !imap_is_safe(s))
		return NULL;
	s->caps = strdup(o->known.caps_before);
	mechanism = s->caps != NULL && imap_has(s, "SASL-IR") ? imap_single_step(s, o) : NULL;
	if (mechanism == NULL)
		imap_forget_caps(s);
	return mechanism;
}

static int log_in(struct imap *s, const struct imap_options *o, struct fault *f)
{
	const char *recalled = recall(s, o);
	struct fault ignored;

	if (recalled == NULL)
		return learn_caps(s, f) == -1 ? -1 : log_in_once(s, o, f);
	if (log_in_once(s, o, f) == 0)
		return 0;
	if (!imap_alive(s) || f->cls != FAULT_AUTH)
		return -1;
	imap_forget_caps(s);
	if (learn_caps(s, &ignored) == -1 ||
	    (imap_single_step(s, o) == recalled && imap_has(s, "SASL-IR")))
		return -1;
	return log_in_once(s, o, f);
}

uint32_t imap_send_single(
    struct imap *s, const struct imap_options *o, const char *mechanism, struct fault *f)
{
	struct sasl_peer peer;
	struct buf binding;
	struct sasl *x = NULL;
	uint32_t tag = 0;

	if (choose(s, o, &peer, &binding, f) == mechanism)
		x = sasl_new(mechanism, o->credentials, &peer, f);
	if (x != NULL)
		tag = send_mechanism(s, x, mechanism, true, f);
	sasl_free(x);
	buf_wipe(&binding);
	return tag;
}

int imap_login(struct imap *s, const struct imap_options *o, struct fault *f)
{
	bool preauth = false;
	int early = imap_early_begin(s, o, f);

	if (early != 0)
		return early == 1 ? 0 : -1;

	if (greet(s, &preauth, f) == -1)
		return -1;
	if (preauth && o->require_tls && !imap_is_safe(s))
		return fault_set(f, FAULT_PROTOCOL,
		    "the server says PREAUTH on an open line, where STARTTLS is no longer possible");
	if (!preauth && o->endpoint.security == CHAN_STARTTLS && !imap_is_safe(s) &&
	    start_tls(s, o->require_tls, f) == -1)
		return -1;
	if (o->require_tls && !imap_is_safe(s))
		return fault_set(
		    f, FAULT_REFUSED, "the line is not encrypted, and TLS is required");
	if (!preauth && o->credentials != NULL && log_in(s, o, f) == -1)
		return -1;
	if (learn_caps(s, f) == -1)
		return -1;
	return o->compress ? compress(s, f) : 0;
}
