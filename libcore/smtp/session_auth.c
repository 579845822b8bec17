#include <string.h>

#include "base/enc.h"
#include "smtp/session_impl.h"

enum {
	COMMAND_MAX = 512,   /* RFC 5321 section 4.5.3.1.4; RFC 4954 section 4 keeps it for AUTH */
	RESPONSE_MAX = 12288 /* RFC 4954 section 4: base64 with its CRLF */
};

static struct sasl_peer peer(const struct smtp *s, struct buf *binding)
{
	struct sasl_peer p = {
	    .service = "smtp",
	    .host = s->o.endpoint.host ? s->o.endpoint.host : "localhost", /* a tunnel */
	    .port = s->o.endpoint.port,
	    .safe = s->safe || !s->o.require_tls,
	};

	buf_init(binding, RESPONSE_MAX);
	p.binding_type = chan_binding(s->chan, binding);
	p.binding = p.binding_type ? binding->data : NULL;
	p.binding_len = p.binding_type ? binding->len : 0;
	return p;
}

const char *auth_choose(struct smtp *s, const char *offered, struct fault *f)
{
	struct buf binding;
	struct sasl_peer p = peer(s, &binding);
	const char *mechanism = NULL;

	/* A server without AUTH would only tell us so after it has seen the name that we ask for. */
	if (offered[0] == '\0')
		fault_set(
		    f, FAULT_AUTH, "the server offers no AUTH%s", p.safe ? "" : " (in the clear)");
	else
		mechanism = sasl_choose(offered, &s->credentials, &p, f);
	buf_wipe(&binding);
	return mechanism;
}

/* A line of the exchange. */
static int send_line(struct smtp *s, struct buf *line, struct fault *f)
{
	int result;

	buf_puts(line, "\r\n");
	result = pipe_command(s, (struct pending){.verb = VERB_AUTH}, line, true, f);
	buf_wipe(line);
	return result;
}

static int first_message(struct smtp *s, const char *mechanism, struct fault *f)
{
	struct buf binding;
	struct sasl_peer p = peer(s, &binding);

	sasl_free(s->sasl);
	s->sasl = sasl_new(mechanism, &s->credentials, &p, f);
	buf_wipe(&binding);
	if (!s->sasl)
		return -1;
	buf_wipe(&s->held);
	s->holding = false;
	if (!sasl_client_first(s->sasl))
		return 0;
	s->holding = true;
	return sasl_step(s->sasl, NULL, 0, &s->held, f);
}

int auth_send(struct smtp *s, const char *mechanism, struct fault *f)
{
	struct buf line, response;

	if (first_message(s, mechanism, f) == -1)
		return -1;
	s->mechanism = mechanism;
	buf_init(&line, COMMAND_MAX);
	buf_init(&response, RESPONSE_MAX);
	enc_base64(&response, s->held.data, s->held.len);
	buf_printf(&line, "AUTH %s", mechanism);
	if (s->holding && line.len + response.len + strlen(" =\r\n") <= COMMAND_MAX) {
		buf_putc(&line, ' ');
		/* RFC 4954 section 4: an empty initial response. */
		buf_puts(&line, response.len > 0 ? buf_str(&response) : "=");
		buf_wipe(&s->held);
		s->holding = false;
	}
	s->auth_sent = !s->holding && sasl_single_step(mechanism);
	buf_wipe(&response);
	return send_line(s, &line, f);
}

/* The answer to the challenge in the reply, raw. */
static int answer(struct smtp *s, struct buf *out, struct fault *f)
{
	struct buf challenge;
	int result;

	if (s->holding) {
		s->holding = false;
		buf_put(out, s->held.data, s->held.len);
		buf_wipe(&s->held);
		return 0;
	}
	buf_init(&challenge, RESPONSE_MAX);
	result = enc_base64_decode(&challenge, buf_str(&s->reply.text), s->reply.text.len);
	if (result == -1)
		fault_set(f, FAULT_PROTOCOL, "AUTH: a challenge that is not base64");
	else
		result = sasl_step(s->sasl, buf_str(&challenge), challenge.len, out, f);
	buf_wipe(&challenge);
	return result;
}

static int send_answer(struct smtp *s, const struct buf *raw, struct fault *f)
{
	struct buf line;

	buf_init(&line, RESPONSE_MAX);
	enc_base64(&line, raw->data, raw->len);
	return send_line(s, &line, f);
}

/* We do not go on; the server shall know, and an OAuth server wants its dummy answer (RFC 7628 section 3.2.3). */
static void give_up(struct smtp *s, const struct buf *raw)
{
	struct fault ignored;
	struct buf line;

	buf_init(&line, RESPONSE_MAX);
	if (strcmp(s->mechanism, "XOAUTH2") == 0 || strcmp(s->mechanism, "OAUTHBEARER") == 0)
		enc_base64(&line, raw->data, raw->len);
	else
		buf_putc(&line, '*');
	if (send_line(s, &line, &ignored) == 0)
		(void)pipe_await(s, 0, &ignored);
}

static int step(struct smtp *s, struct fault *f)
{
	struct fault not_yet;
	struct buf raw;
	int result;

	buf_init(&raw, RESPONSE_MAX);
	result = answer(s, &raw, f);
	if (result == -1)
		give_up(s, &raw);
	else
		result = send_answer(s, &raw, f);
	buf_wipe(&raw);
	s->auth_sent = result == 0 && sasl_done(s->sasl, NULL, 0, &not_yet) == 0;
	return result;
}

int auth_go_on(struct smtp *s, struct fault *f)
{
	while (!s->authenticated && !s->auth_sent) {
		if (step(s, f) == -1)
			return -1;
		if (!s->auth_sent && pipe_await(s, 0, f) == -1)
			return -1;
	}
	return 0;
}

static int accepted(struct smtp *s, struct fault *f)
{
	/* A server that says yes without having shown that it knows the password may be anybody. */
	if (sasl_done(s->sasl, NULL, 0, f) == -1)
		return -1;
	sasl_free(s->sasl);
	s->sasl = NULL;
	s->authenticated = true;
	if (s->fast && !s->before_greeting)
		s->learned.ehlo_takes_flight = true;
	if (!s->probing && !s->retry)
		early_is_over(s);
	return 0;
}

/* 5yz that is about the command and not about the password: what we sent before its turn may be the reason. */
static bool may_be_haste(const struct smtp *s)
{
	const struct reply *r = &s->reply;

	if (!s->early || (r->enhanced && r->status[1] != 5))
		return false;
	return (r->code >= 500 && r->code <= 504) || r->code == 521 || r->code == 554;
}

static int refused(struct smtp *s, struct fault *f)
{
	char what[64] = "AUTH ";

	strncat(what, s->mechanism, sizeof(what) - strlen(what) - 1);
	reply_fault(&s->reply, f, what);
	if (f->cls == FAULT_REFUSED)
		f->cls = FAULT_AUTH;
	if (may_be_haste(s))
		s->retry = true;
	transfer_refuse(s, f);
	/* A server that takes mail without AUTH may be taking it now: its reply tells. */
	return s->t.e && s->t.complete ? 0 : -1;
}

/* A challenge, while other commands follow AUTH: the server reads the first of them as the answer, and fails. What it says is why. */
static int challenged(struct smtp *s, struct fault *f)
{
	struct buf raw;

	buf_init(&raw, RESPONSE_MAX);
	if (answer(s, &raw, f) == 0)
		fault_set(
		    f, FAULT_PROTOCOL, "AUTH %s: a challenge where none belongs", s->mechanism);
	buf_wipe(&raw);
	transfer_refuse(s, f);
	return -1;
}

int auth_on_reply(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	if (s->reply.code == 235)
		return accepted(s, f);
	if (s->reply.code != 334)
		return refused(s, f);
	if (s->waiting > 0)
		return challenged(s, f);
	if (s->fast && !s->before_greeting)
		s->learned.ehlo_takes_flight = true;
	/* EHLO was right, and what it says is known now; the rest of AUTH is an exchange like any other. */
	s->fast = false;
	early_is_over(s);
	hello_believe(s);
	/* More questions than the mechanism has: the exchange knows what to say to that. */
	s->auth_sent = false;
	return 0;
}
