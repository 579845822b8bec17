/* XOAUTH2 (as its inventor describes it) and OAUTHBEARER (RFC 7628). Both are one message; a refusal comes as a
 * challenge with JSON in it, and the exchange is to be ended by an answer that says nothing. */
#include <string.h>

#include "sasl/sasl_impl.h"

#define SEPARATOR '\001'

/* What would end a field or a line, where somebody else's text goes into the message. */
static bool clean(const char *s)
{
	return strpbrk(s, "\001\r\n") == NULL;
}

/* saslname of RFC 5802 section 5.1. */
static void put_saslname(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ',')
			buf_puts(out, "=2C");
		else if (*s == '=')
			buf_puts(out, "=3D");
		else
			buf_putc(out, *s);
	}
}

static void put_bearer(struct buf *out, const char *token)
{
	buf_puts(out, "auth=Bearer ");
	buf_puts(out, token);
	buf_putc(out, SEPARATOR);
	buf_putc(out, SEPARATOR);
}

static void put_oauthbearer(struct buf *out, const struct credentials *c, const struct sasl_peer *p)
{
	buf_puts(out, "n,a=");
	put_saslname(out, c->authzid != NULL && *c->authzid != '\0' ? c->authzid : c->user);
	buf_printf(out, ",%chost=%s%cport=%u%c", SEPARATOR, p->host, SEPARATOR, p->port, SEPARATOR);
	put_bearer(out, c->token);
}

static void put_xoauth2(struct buf *out, const struct credentials *c)
{
	buf_puts(out, "user=");
	buf_puts(out, c->user);
	buf_putc(out, SEPARATOR);
	put_bearer(out, c->token);
}

int oauth_prepare(
    struct sasl *s, const struct credentials *c, const struct sasl_peer *p, struct fault *f)
{
	if (!clean(c->token))
		return fault_set(f, FAULT_AUTH, "the access token has control characters in it");
	if (!clean(c->user) || (c->authzid != NULL && !clean(c->authzid)) || !clean(p->host))
		return fault_set(f, FAULT_AUTH, "the user or host has control characters in it");
	if ((s->mech->flags & MECH_AUTHZID) != 0)
		put_oauthbearer(&s->first, c, p);
	else
		put_xoauth2(&s->first, c);
	if (buf_failed(&s->first))
		return fault_set(f, FAULT_AUTH, "the access token is too long");
	return 0;
}

int oauth_step(struct sasl *s, const char *in, size_t n, struct buf *out, struct fault *f)
{
	if (s->steps == 1 && n == 0) {
		buf_put(out, s->first.data, s->first.len);
		s->over = true;
		return 0;
	}
	s->over = false;
	if (s->steps != 2)
		return fault_set(
		    f, FAULT_PROTOCOL, "%s: a challenge where there is none", s->mech->name);
	if ((s->mech->flags & MECH_AUTHZID) != 0)
		buf_putc(out, SEPARATOR);
	return fault_set(f, FAULT_AUTH, "the server does not accept the access token: %.*s",
	    n > 800 ? 800 : (int)n, n > 0 ? in : "");
}
