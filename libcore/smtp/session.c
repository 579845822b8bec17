#include "smtp/session.h"

#include <stdlib.h>
#include <string.h>

#include "smtp/session_impl.h"
#include "wire/net.h"

/* ---- options: copies of all that is pointed to */

static int keep(struct smtp *s, const char **text)
{
	if (!*text)
		return 0;
	char *copy = strdup(*text);
	if (!copy)
		return -1;
	s->kept[s->nkept++] = copy;
	*text = copy;
	return 0;
}

static int keep_options(struct smtp *s)
{
	struct smtp_options *o = &s->o;
	struct credentials *c = &s->credentials;
	const char **texts[KEPT_MAX] = {&o->endpoint.host, &o->endpoint.tunnel,
	    &o->endpoint.tls.ca_file, &o->endpoint.tls.fingerprint, &o->endpoint.tls.session_file,
	    &o->helo, &o->known.ehlo, &o->known.ehlo_before, &c->user, &c->authzid, &c->password,
	    &c->token, &c->auth};

	for (size_t i = 0; i < KEPT_MAX && texts[i]; i++) {
		if (keep(s, texts[i]) == -1)
			return -1;
	}
	return 0;
}

static struct smtp *session_new(const struct smtp_options *o, const struct smtp_dialer *d)
{
	struct smtp *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->dialer = *d;
	s->o = *o;
	if (o->credentials) {
		s->credentials = *o->credentials;
		s->o.credentials = &s->credentials;
	}
	reply_init(&s->reply);
	buf_init(&s->held, URL_LEN_MAX * 2);
	buf_init(&s->log.octets, LOG_MAX);
	return s;
}

static void session_free(struct smtp *s)
{
	chan_free(s->chan);
	sasl_free(s->sasl);
	reply_free(&s->reply);
	buf_wipe(&s->held);
	buf_free(&s->log.octets);
	for (size_t i = 0; i < s->nkept; i++) {
		explicit_bzero(s->kept[i], strlen(s->kept[i]));
		free(s->kept[i]);
	}
	free(s);
}

static bool is_helo(const char *s)
{
	size_t n = 0;

	while (s[n] > ' ' && s[n] <= '~')
		n++;
	return n > 0 && n <= 255 && s[n] == '\0';
}

static int check_options(const struct smtp_options *o, struct fault *f)
{
	const struct endpoint *e = &o->endpoint;

	if (o->lmtp)
		return fault_set(f, FAULT_BUG, "LMTP is not spoken here");
	if (o->helo && !is_helo(o->helo))
		return fault_set(f, FAULT_CONFIG, "not a name for EHLO: \"%s\"", o->helo);
	if (o->require_tls && e->security == CHAN_CLEAR && !e->tunnel)
		return fault_set(
		    f, FAULT_REFUSED, "TLS is required, and this line would be in the clear");
	return 0;
}

/* ---- from the connection to MAIL */

static void forget_connection(struct smtp *s)
{
	s->head = s->waiting = 0;
	s->pipelining = s->said = s->rode = s->stale = false;
	s->patience = s->rtt = 0;
	memset(&s->before, 0, sizeof(s->before));
	memset(&s->caps, 0, sizeof(s->caps));
	s->before_read = s->before_changed = s->after_read = s->after_remembered = false;
	s->mechanism = NULL;
	s->authenticated = s->auth_sent = s->fast = s->before_greeting = s->dirty = false;
	/* What was left of a reply is not the beginning of the next server's. */
	reply_free(&s->reply);
	reply_init(&s->reply);
}

static int dial(struct smtp *s, struct fault *f)
{
	forget_connection(s);
	s->chan = s->dialer.dial(&s->o.endpoint, s->dialer.arg, f);
	if (!s->chan)
		return -1;
	s->safe = s->dialer.safe || chan_is_safe(s->chan);
	if (chan_is_tls(s->chan))
		s->flights += strncmp(chan_describe(s->chan), "TLSv1.3", 7) == 0 ? 1 : 2;
	return 0;
}

/* AUTH may go right behind EHLO, with the mechanism that is remembered: for all of that memory has to be there, and the line
 * safe. */
static bool may_be_fast(struct smtp *s, const struct smtp_caps *remembered)
{
	if (s->timid || s->learned.ehlo_alone || !s->learned.ehlo_before || !s->safe)
		return false;
	return remembered->pipelining && (s->o.credentials || remembered->pipeconnect);
}

/* Writing before the greeting: only what was offered last time by name, and only where there is a greeting. */
static bool may_be_before_greeting(const struct smtp *s, const struct smtp_caps *remembered)
{
	bool starttls = s->o.endpoint.security == CHAN_STARTTLS && !s->o.endpoint.tunnel;

	return remembered->pipeconnect && !starttls;
}

/* The greeting (or not yet) and EHLO (or what is remembered of it). */
static int greet(struct smtp *s, struct fault *f)
{
	struct smtp_caps remembered = {0};
	struct fault none;

	if (s->learned.ehlo_before)
		smtp_caps_parse(&remembered, s->learned.ehlo_before);
	s->fast = may_be_fast(s, &remembered);
	s->before_greeting = s->fast && may_be_before_greeting(s, &remembered);
	s->early = s->before_greeting;
	if (hello_greet(s, f) == -1)
		return -1;
	if (s->before_read)
		return 0;
	/* STARTTLS has made the line safe only now. */
	s->fast = may_be_fast(s, &remembered);
	if (s->fast && s->o.credentials)
		s->fast = auth_choose(s, remembered.auth, &none) != NULL;
	else
		s->fast = s->before_greeting;
	if (!s->fast && s->before_greeting) {
		s->before_greeting = s->early = false;
		if (pipe_await(s, 0, f) == -1)
			return -1;
	}
	if (!s->fast)
		return hello_send(s, false, f) == -1 ? -1 : pipe_await(s, 0, f);
	s->early = true;
	s->pipelining = true;
	s->before = remembered;
	hello_believe(s);
	return hello_send(s, false, f);
}

/* What follows AUTH may go with its last line. */
static bool may_ride(const struct smtp *s)
{
	return s->auth_sent && s->pipelining && !s->timid && !s->learned.auth_swallows;
}

static bool may_defer(const struct smtp *s)
{
	bool ehlo_safe = !s->fast || s->before_greeting || s->learned.ehlo_takes_flight;

	return may_ride(s) && s->learned.auth_takes_flight && ehlo_safe && hello_wants_met(s);
}

/* A command that does no harm behind AUTH: the EHLO that is wanted anyway, or NOOP, to learn whether it is read. */
static int send_probe(struct smtp *s, struct fault *f)
{
	struct buf line;
	int result;

	s->probing = true;
	if (!hello_wants_met(s))
		return hello_send(s, true, f);
	buf_init(&line, 16);
	buf_puts(&line, "NOOP\r\n");
	result = pipe_command(s, (struct pending){.verb = VERB_NOOP}, &line, false, f);
	buf_free(&line);
	return result;
}

static bool may_probe(const struct smtp *s)
{
	return may_ride(s) && (!s->learned.auth_takes_flight || !hello_wants_met(s));
}

/* Waits for replies, but not as long as usual: what is being tried may have been swallowed. */
static int await_trial(struct smtp *s, size_t left, int ms, struct fault *f)
{
	int result;

	s->patience = ms > 4 * s->rtt ? ms : 4 * s->rtt;
	result = pipe_await(s, left, f);
	s->patience = 0;
	return result;
}

/* AUTH, and the exchange up to its last line; not its reply. */
static int send_auth(struct smtp *s, struct fault *f)
{
	const char *mechanism = auth_choose(s, s->before.auth, f);
	bool trial = s->fast && !s->before_greeting && !s->learned.ehlo_takes_flight;

	if (!mechanism || auth_send(s, mechanism, f) == -1)
		return -1;
	s->early = s->fast || may_ride(s);
	if (trial && await_trial(s, 0, TRIAL_AUTH, f) == -1)
		return -1;
	if (!s->auth_sent && pipe_await(s, 0, f) == -1)
		return -1;
	if (auth_go_on(s, f) == -1)
		return -1;
	s->early = !s->authenticated && (s->fast || may_ride(s));
	return 0;
}

/* The reply to the last line of AUTH, and to the command that was sent to see whether it is read. */
static int await_auth(struct smtp *s, struct fault *f)
{
	if (may_probe(s) && send_probe(s, f) == -1)
		return -1;
	if (pipe_await(s, s->probing ? 1 : 0, f) == -1)
		return -1;
	if (s->waiting > 0 && await_trial(s, 0, TRIAL_PROBE, f) == -1)
		return -1;
	while (!s->authenticated) {
		if (auth_go_on(s, f) == -1 || pipe_await(s, 0, f) == -1)
			return -1;
	}
	return 0;
}

/* EHLO after AUTH, when something is wanted that was not listed before. */
static int ask_again(struct smtp *s, struct fault *f)
{
	if (s->after_read || hello_wants_met(s))
		return 0;
	return hello_send(s, true, f) == -1 ? -1 : pipe_await(s, 0, f);
}

static int authenticate(struct smtp *s, struct fault *f)
{
	if (send_auth(s, f) == -1)
		return -1;
	s->rode = !s->authenticated && may_defer(s);
	if (s->rode)
		return 0;
	if (!s->authenticated && await_auth(s, f) == -1)
		return -1;
	early_is_over(s);
	if (!s->after_read)
		hello_believe(s);
	return ask_again(s, f);
}

/* Without AUTH the envelope may follow an EHLO that was not answered, if memory has all that is wanted. */
static int go_without(struct smtp *s, struct fault *f)
{
	if (!s->fast || hello_wants_met(s))
		return 0;
	if (pipe_await(s, 0, f) == -1)
		return -1;
	hello_believe(s);
	return 0;
}

int session_start(struct smtp *s, struct fault *f)
{
	if (dial(s, f) == -1 || greet(s, f) == -1)
		return -1;
	if (s->o.require_tls && !s->safe)
		return fault_set(f, FAULT_REFUSED, "TLS is required, and the line is in the clear");
	return s->o.credentials ? authenticate(s, f) : go_without(s, f);
}

struct smtp *smtp_open_by(
    const struct smtp_options *o, const struct smtp_dialer *d, struct fault *f)
{
	struct smtp *s;

	if (check_options(o, f) == -1)
		return NULL;
	s = session_new(o, d);
	if (!s || keep_options(s) == -1) {
		fault_set(f, FAULT_TEMP, "out of memory");
		goto fail;
	}
	s->learned = s->o.known;
	if (session_start(s, f) == 0 || early_again(s, f) == 0)
		return s;
fail:
	if (s)
		session_free(s);
	return NULL;
}

static struct chan *dial_endpoint(const struct endpoint *e, void *arg, struct fault *f)
{
	(void)arg;
	return chan_open(e, f);
}

struct smtp *smtp_open(const struct smtp_options *o, struct fault *f)
{
	return smtp_open_by(o, &(struct smtp_dialer){.dial = dial_endpoint}, f);
}

void smtp_quit(struct smtp *s)
{
	static const char quit[] = "QUIT\r\n";
	struct fault ignored;

	if (!s)
		return;
	if (s->chan && !s->early && s->t.chunk_left == 0 && !s->t.in_data) {
		chan_put(s->chan, quit, strlen(quit), false);
		(void)chan_pump(s->chan, CHAN_OUT, net_now() + QUIT_WAIT, &ignored);
	}
	session_free(s);
}

/* ---- what is known */

const struct smtp_caps *smtp_caps(const struct smtp *s)
{
	return &s->caps;
}

bool smtp_uses_bdat(const struct smtp *s)
{
	return s->caps.chunking;
}

const char *smtp_ehlo_before(const struct smtp *s)
{
	return s->safe ? s->before.ehlo : "";
}

void smtp_learned(const struct smtp *s, struct smtp_known *out)
{
	*out = s->learned;
	if (s->before_read)
		out->ehlo_before = smtp_ehlo_before(s);
	if (s->after_read)
		out->ehlo = s->caps.ehlo;
	else if (s->before_read && !s->after_remembered)
		out->ehlo = NULL;
	/* A guess that has been overtaken. */
	if (!s->after_read && s->before_changed)
		out->ehlo = NULL;
	if (out->ehlo_before && out->ehlo_before[0] == '\0')
		out->ehlo_before = out->ehlo = NULL;
}

const char *smtp_describe(const struct smtp *s)
{
	return s->chan ? chan_describe(s->chan) : "closed";
}

unsigned smtp_flights(const struct smtp *s)
{
	return s->flights;
}
