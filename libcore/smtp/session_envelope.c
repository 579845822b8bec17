#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "smtp/mailbox_path.h"
#include "smtp/session_impl.h"

enum {
	LINE_LEN_MAX = 2048, /* the two addresses of a RCPT line and what the extensions add */
	ENVID_MAX = 100,     /* RFC 3461 section 4.4, after encoding */
	ORCPT_MAX = 500,     /* section 4.2 */
};

static int lacking(struct fault *f, const char *what)
{
	return fault_set(f, FAULT_REFUSED, "the server does not offer %s", what);
}

static int check_body(const struct smtp_caps *c, const struct smtp_envelope *e, struct fault *f)
{
	if (e->body == SMTP_8BITMIME && !c->eightbitmime)
		return lacking(f, "8BITMIME, which this message needs");
	if (e->body == SMTP_BINARYMIME && !(c->binarymime && c->chunking))
		return lacking(f, "BINARYMIME with CHUNKING, which this message needs");
	if (e->smtputf8 && !c->smtputf8)
		return lacking(f, "SMTPUTF8, which this message needs");
	if (c->size && c->size_max > 0 && e->size > c->size_max)
		return fault_set(f, FAULT_REFUSED,
		    "the message has up to %" PRIu64 " octets, the server takes %" PRIu64, e->size,
		    c->size_max);
	return 0;
}

static bool wants_dsn(const struct smtp_envelope *e)
{
	bool dsn = e->ret || e->envid;

	for (size_t i = 0; i < e->nrcpt; i++)
		dsn = dsn || e->rcpt[i].notify || e->rcpt[i].orcpt;
	return dsn;
}

/* NEVER, or a list of the others (RFC 3461 section 4.1). */
static bool is_notify(const char *s)
{
	static const char *const events[] = {"SUCCESS", "FAILURE", "DELAY"};
	bool known = true;

	if (strcasecmp(s, "NEVER") == 0)
		return true;
	while (known && *s != '\0') {
		size_t n = strcspn(s, ",");
		known = false;
		for (size_t i = 0; i < 3; i++)
			known =
			    known || (strlen(events[i]) == n && strncasecmp(s, events[i], n) == 0);
		s += n;
		if (*s == ',' && *++s == '\0')
			return false;
		if (*s == '\0')
			return known;
	}
	return false;
}

static int check_text(const char *s, const char *what, size_t max, struct fault *f)
{
	struct buf encoded;
	size_t n;

	for (const char *p = s; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fault_set(f, FAULT_DATA, "a control character in %s", what);
	}
	buf_init(&encoded, SIZE_MAX);
	smtp_path_xtext(&encoded, s);
	n = encoded.len;
	buf_free(&encoded);
	if (n > max || n == 0)
		return fault_set(f, FAULT_DATA, "%s is empty or longer than %zu octets", what, max);
	return 0;
}

static int check_dsn(const struct smtp *s, const struct smtp_envelope *e, struct fault *f)
{
	if (!wants_dsn(e))
		return 0;
	if (!s->caps.dsn)
		return lacking(f, "DSN (delivery status notifications)");
	if (e->ret && strcasecmp(e->ret, "FULL") != 0 && strcasecmp(e->ret, "HDRS") != 0)
		return fault_set(f, FAULT_DATA, "RET is FULL or HDRS, not \"%s\"", e->ret);
	if (e->envid && check_text(e->envid, "the envelope identifier", ENVID_MAX, f) == -1)
		return -1;
	return 0;
}

static int check_rcpt(const struct smtp_envelope *e, const struct smtp_rcpt *r, struct fault *f)
{
	if (smtp_path_check(r->address, e->smtputf8, f) == -1)
		return -1;
	if (r->notify && !is_notify(r->notify))
		return fault_set(f, FAULT_DATA,
		    "NOTIFY is NEVER or a list of SUCCESS, FAILURE, DELAY, not \"%s\"", r->notify);
	if (r->orcpt && check_text(r->orcpt, "the original recipient", ORCPT_MAX, f) == -1)
		return -1;
	return 0;
}

static int check(const struct smtp *s, const struct smtp_envelope *e, struct fault *f)
{
	if (e->nrcpt == 0)
		return fault_set(f, FAULT_DATA, "no recipients");
	if (e->from[0] != '\0' && smtp_path_check(e->from, e->smtputf8, f) == -1)
		return -1;
	for (size_t i = 0; i < e->nrcpt; i++) {
		if (check_rcpt(e, &e->rcpt[i], f) == -1)
			return -1;
	}
	if (s->o.require_tls && !s->safe)
		return fault_set(f, FAULT_REFUSED, "TLS is required, and the line is in the clear");
	if (e->requiretls && !(s->caps.requiretls && chan_is_tls(s->chan)))
		return lacking(f, "REQUIRETLS over TLS");
	if (check_body(&s->caps, e, f) == -1)
		return -1;
	return check_dsn(s, e, f);
}

static int send_mail(struct smtp *s, const struct smtp_envelope *e, struct fault *f)
{
	static const char *const bodies[] = {[SMTP_7BIT] = "",
	    [SMTP_8BITMIME] = " BODY=8BITMIME",
	    [SMTP_BINARYMIME] = " BODY=BINARYMIME"};
	struct buf line;
	int result;

	buf_init(&line, LINE_LEN_MAX);
	buf_printf(&line, "MAIL FROM:<%s>", e->from);
	if (s->caps.size && e->size > 0)
		buf_printf(&line, " SIZE=%" PRIu64, e->size);
	buf_puts(&line, bodies[e->body]);
	if (e->smtputf8)
		buf_puts(&line, " SMTPUTF8");
	if (e->requiretls)
		buf_puts(&line, " REQUIRETLS");
	if (e->ret)
		buf_printf(&line, " RET=%s", e->ret);
	if (e->envid) {
		buf_puts(&line, " ENVID=");
		smtp_path_xtext(&line, e->envid);
	}
	buf_puts(&line, "\r\n");
	result = pipe_command(s, (struct pending){.verb = VERB_MAIL}, &line, false, f);
	buf_free(&line);
	return result;
}

static int send_rcpt(struct smtp *s, const struct smtp_rcpt *r, size_t i, struct fault *f)
{
	struct buf line;
	int result;

	buf_init(&line, LINE_LEN_MAX);
	buf_printf(&line, "RCPT TO:<%s>", r->address);
	if (r->notify)
		buf_printf(&line, " NOTIFY=%s", r->notify);
	if (r->orcpt) {
		buf_puts(&line, " ORCPT=");
		smtp_path_orcpt(&line, r->orcpt);
	}
	buf_puts(&line, "\r\n");
	result = pipe_command(s, (struct pending){.verb = VERB_RCPT, .rcpt = i}, &line, false, f);
	buf_free(&line);
	return result;
}

/* The last message was given up; its replies must not be taken for this one's. */
static int reset_server(struct smtp *s, struct fault *f)
{
	struct buf line;
	int result;

	if (!s->dirty)
		return 0;
	buf_init(&line, LINE_LEN_MAX);
	buf_puts(&line, "RSET\r\n");
	result = pipe_await(s, 0, f);
	if (result == 0)
		result = pipe_command(s, (struct pending){.verb = VERB_RSET}, &line, false, f);
	buf_free(&line);
	if (result == 0)
		s->dirty = false;
	return result;
}

static int envelope_send(struct smtp *s, struct fault *f)
{
	struct smtp_envelope *e = s->t.e;

	if (reset_server(s, f) == -1 || send_mail(s, e, f) == -1)
		return -1;
	for (size_t i = 0; i < e->nrcpt && !(s->t.refused && !s->pipelining); i++) {
		if (send_rcpt(s, &e->rcpt[i], i, f) == -1)
			return -1;
	}
	return 0;
}

static void forget(struct smtp *s, struct smtp_envelope *e)
{
	memset(&s->t, 0, sizeof(s->t));
	s->t.e = e;
	for (size_t i = 0; i < e->nrcpt; i++) {
		e->rcpt[i].code = 0;
		e->rcpt[i].reply[0] = '\0';
	}
}

int envelope_open(struct smtp *s, struct smtp_envelope *e, struct fault *f)
{
	if (!s->chan)
		return fault_set(f, FAULT_TEMP, "the connection was given up before");
	if (check(s, e, f) == -1)
		return -1;
	forget(s, e);
	return envelope_send(s, f);
}

int smtp_begin(struct smtp *s, struct smtp_envelope *e, struct fault *f)
{
	if (s->t.e)
		return fault_set(f, FAULT_BUG, "a message is begun before the last one has ended");
	if (envelope_open(s, e, f) == 0)
		return 0;
	/* Not even begun: nothing was sent. */
	if (!s->t.e)
		return -1;
	if (early_again(s, f) == 0)
		return 0;
	pipe_drop(s);
	s->t.e = NULL;
	return -1;
}

int envelope_on_mail(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	if (s->reply.code / 100 == 3)
		return fault_set(f, FAULT_PROTOCOL, "MAIL was answered with %d", s->reply.code);
	if (s->reply.code / 100 == 2)
		s->t.mail_ok = true;
	else
		transfer_refuse_reply(s, "MAIL");
	return 0;
}

/* No recipient is left: that is how the message ends, whatever the server says to the data. */
static void refuse_all(struct smtp *s, const struct smtp_envelope *e)
{
	const struct smtp_rcpt *worst = &e->rcpt[0];
	struct fault why;

	/* One that may be taken later is worth a later try. */
	for (size_t i = 1; i < e->nrcpt; i++) {
		if (e->rcpt[i].code / 100 == 4)
			worst = &e->rcpt[i];
	}
	fault_set(&why, worst->code / 100 == 4 ? FAULT_TEMP : FAULT_REFUSED,
	    e->nrcpt == 1 ? "RCPT <%s>: %s" : "every recipient was refused: <%s>: %s",
	    worst->address, worst->reply);
	transfer_refuse(s, &why);
}

static void refuse_one(struct smtp *s, const struct smtp_rcpt *r)
{
	struct fault why;

	fault_set(&why, r->code / 100 == 4 ? FAULT_TEMP : FAULT_REFUSED, "RCPT <%s>: %s",
	    r->address, r->reply);
	transfer_refuse(s, &why);
}

int envelope_on_rcpt(struct smtp *s, const struct pending *p, struct fault *f)
{
	struct smtp_envelope *e = s->t.e;
	struct smtp_rcpt *r;

	if (s->reply.code / 100 == 3)
		return fault_set(f, FAULT_PROTOCOL, "RCPT was answered with %d", s->reply.code);
	if (!e)
		return 0;
	r = &e->rcpt[p->rcpt];
	r->code = s->reply.code;
	reply_show(&s->reply, r->reply, sizeof(r->reply));
	s->t.answered++;
	if (r->code / 100 == 2)
		s->t.accepted++;
	else if (e->all_or_none)
		refuse_one(s, r);
	if (s->t.answered == e->nrcpt && s->t.accepted == 0)
		refuse_all(s, e);
	return 0;
}
