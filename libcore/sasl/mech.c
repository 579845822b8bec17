#include <string.h>
#include <strings.h>

#include "sasl/sasl_impl.h"

#define LOGIN_FLAGS (MECH_NEEDS_USER | MECH_NEEDS_PASSWORD)
#define SCRAM_FLAGS (LOGIN_FLAGS | MECH_AUTHZID | MECH_FIRST | MECH_SCRAM)
#define OAUTH_FLAGS \
	(MECH_NEEDS_USER | MECH_NEEDS_TOKEN | MECH_BARES | MECH_FIRST | MECH_SINGLE | MECH_OAUTH)

/* The strongest first. Binding beats the hash: it is what finds a man in the middle. */
static const struct mech mechs[] = {
    {"OAUTHBEARER", OAUTH_FLAGS | MECH_AUTHZID},
    {"XOAUTH2", OAUTH_FLAGS},
    {"SCRAM-SHA-256-PLUS", SCRAM_FLAGS | MECH_BINDS},
    {"SCRAM-SHA-1-PLUS", SCRAM_FLAGS | MECH_BINDS},
    {"SCRAM-SHA-256", SCRAM_FLAGS},
    {"SCRAM-SHA-1", SCRAM_FLAGS},
    {"CRAM-MD5", LOGIN_FLAGS},
    {"PLAIN", LOGIN_FLAGS | MECH_BARES | MECH_AUTHZID | MECH_FIRST | MECH_SINGLE},
    {"LOGIN", LOGIN_FLAGS | MECH_BARES},
    {"EXTERNAL", MECH_PINNED | MECH_AUTHZID | MECH_FIRST | MECH_SINGLE},
    {"ANONYMOUS", MECH_PINNED | MECH_FIRST | MECH_SINGLE},
};

enum { MECHS = sizeof(mechs) / sizeof(mechs[0]), REASONS_MAX = 700 };

static bool same(const char *s, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(s, name, n) == 0;
}

const struct mech *mech_find(const char *name, size_t n)
{
	for (size_t i = 0; i < MECHS; i++)
		if (same(name, n, mechs[i].name))
			return &mechs[i];
	return NULL;
}

/* The next name of a list: its length, with *p set to its start; 0 at the end. */
static size_t next_name(const char **p)
{
	*p += strspn(*p, " ");
	return strcspn(*p, " ");
}

bool mech_listed(const char *list, const char *name)
{
	for (size_t n; (n = next_name(&list)) > 0; list += n)
		if (same(list, n, name))
			return true;
	return false;
}

bool mech_can_bind(const struct sasl_peer *p)
{
	return p->binding_type != NULL && p->binding != NULL && p->binding_len > 0 &&
	    (strcmp(p->binding_type, "tls-exporter") == 0 ||
		strcmp(p->binding_type, "tls-unique") == 0);
}

static bool given(const char *s)
{
	return s != NULL && *s != '\0';
}

const char *mech_obstacle(
    const struct mech *m, const struct credentials *c, const struct sasl_peer *p)
{
	if (c->token != NULL && (m->flags & MECH_NEEDS_TOKEN) == 0)
		return "takes no access token";
	if ((m->flags & MECH_NEEDS_TOKEN) != 0 && !given(c->token))
		return "needs an access token";
	if ((m->flags & MECH_NEEDS_USER) != 0 && !given(c->user))
		return "needs a user";
	if ((m->flags & MECH_NEEDS_PASSWORD) != 0 && !given(c->password))
		return "needs a password";
	if (given(c->authzid) && (m->flags & MECH_AUTHZID) == 0)
		return "cannot act for somebody else";
	if ((m->flags & MECH_BINDS) != 0 && !mech_can_bind(p))
		return "needs a TLS channel to bind to";
	if ((m->flags & MECH_BARES) != 0 && !p->safe)
		return "would show the secret on a line that is not encrypted";
	return NULL;
}

static void note(struct buf *why, const char *name, size_t n, const char *reason)
{
	buf_puts(why, "; ");
	buf_put(why, name, n);
	buf_putc(why, ' ');
	buf_puts(why, reason);
}

static const struct mech *choose_pinned(
    const char *offered, const struct credentials *c, const struct sasl_peer *p, struct buf *why)
{
	const char *name = c->auth;

	for (size_t n; (n = next_name(&name)) > 0; name += n) {
		const struct mech *m = mech_find(name, n);
		const char *reason = "is not known here";

		if (m != NULL && !mech_listed(offered, m->name))
			reason = "is not offered";
		else if (m != NULL && (reason = mech_obstacle(m, c, p)) == NULL)
			return m;
		note(why, name, n, reason);
	}
	return NULL;
}

static const struct mech *choose_strongest(
    const char *offered, const struct credentials *c, const struct sasl_peer *p, struct buf *why)
{
	for (const struct mech *m = mechs; m < mechs + MECHS; m++) {
		const char *reason;

		if (!mech_listed(offered, m->name))
			continue;
		if ((m->flags & MECH_PINNED) != 0)
			reason = "has to be asked for by name";
		else if ((reason = mech_obstacle(m, c, p)) == NULL)
			return m;
		note(why, m->name, strlen(m->name), reason);
	}
	return NULL;
}

static void none_fits(const char *offered, struct buf *why, struct fault *f)
{
	const char *reasons = buf_str(why);

	if (offered[strspn(offered, " ")] == '\0')
		fault_set(f, FAULT_AUTH, "the server offers no way to authenticate%s", reasons);
	else
		fault_set(f, FAULT_AUTH, "no way to authenticate: the server offers %.200s%s",
		    offered, reasons);
}

const char *sasl_choose(
    const char *offered, const struct credentials *c, const struct sasl_peer *p, struct fault *f)
{
	struct buf why;
	const struct mech *m;

	buf_init(&why, REASONS_MAX);
	if (c->auth != NULL)
		m = choose_pinned(offered, c, p, &why);
	else
		m = choose_strongest(offered, c, p, &why);
	if (m == NULL)
		none_fits(offered, &why, f);
	buf_free(&why);
	return m != NULL ? m->name : NULL;
}

bool sasl_known(const char *mechanism)
{
	return mech_find(mechanism, strlen(mechanism)) != NULL;
}

bool sasl_single_step(const char *mechanism)
{
	const struct mech *m = mech_find(mechanism, strlen(mechanism));

	return m != NULL && (m->flags & MECH_SINGLE) != 0;
}
