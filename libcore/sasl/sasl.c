#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/num.h"
#include "sasl/sasl_impl.h"

static const Gsasl_property secrets[] = {GSASL_PASSWORD, GSASL_SCRAM_SALTED_PASSWORD};

/* libgsasl frees its copies as they are. */
static void wipe_property(Gsasl_session *session, Gsasl_property prop)
{
	union {
		const char *theirs;
		char *ours;
	} copy = {.theirs = gsasl_property_fast(session, prop)};

	if (copy.ours != NULL)
		explicit_bzero(copy.ours, strlen(copy.ours));
}

static void close_session(struct sasl *s)
{
	if (s->session == NULL)
		return;
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		wipe_property(s->session, secrets[i]);
	gsasl_finish(s->session);
	s->session = NULL;
}

void sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	close_session(s);
	if (s->lib != NULL)
		gsasl_done(s->lib);
	buf_wipe(&s->first);
	free(s);
}

/*
 * Whether a SCRAM without binding may say "y": we could bind, and you do not offer it (RFC 5802 section 6). True only
 * where the binding form of the same mechanism was looked for before it; else the server, which does offer it, would take us for attacked.
 */
static bool looked_for_plus(const struct sasl *s, const char *auth)
{
	char plus[GSASL_MAX_MECHANISM_SIZE + 8] = "";

	if (auth == NULL)
		return true;
	strncat(plus, s->mech->name, GSASL_MAX_MECHANISM_SIZE);
	strncat(plus, "-PLUS", 6);
	for (auth += strspn(auth, " "); *auth != '\0'; auth += strspn(auth, " ")) {
		const struct mech *m = mech_find(auth, strcspn(auth, " "));

		if (m != NULL && strcmp(m->name, plus) == 0)
			return true;
		if (m == s->mech)
			break;
		auth += strcspn(auth, " ");
	}
	return false;
}

static int set(struct sasl *s, Gsasl_property prop, const char *value)
{
	return value == NULL ? GSASL_OK : gsasl_property_set(s->session, prop, value);
}

static int set_binding(struct sasl *s, const struct sasl_peer *p)
{
	bool exporter = strcmp(p->binding_type, "tls-exporter") == 0;
	struct buf text;
	int r = GSASL_MALLOC_ERROR;

	buf_init(&text, SASL_CHALLENGE_MAX);
	enc_base64(&text, p->binding, p->binding_len);
	if (!buf_failed(&text))
		r = set(s, exporter ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE, buf_str(&text));
	buf_wipe(&text);
	return r;
}

static int open_session(
    struct sasl *s, const struct credentials *c, const struct sasl_peer *p, bool binds)
{
	const char *trace = c->user != NULL ? c->user : "anonymous";
	int r;

	if ((r = gsasl_client_start(s->lib, s->mech->name, &s->session)) != GSASL_OK ||
	    (r = set(s, GSASL_AUTHID, c->user)) != GSASL_OK ||
	    (r = set(s, GSASL_AUTHZID, c->authzid)) != GSASL_OK ||
	    (r = set(s, GSASL_PASSWORD, c->password)) != GSASL_OK ||
	    (r = set(s, GSASL_ANONYMOUS_TOKEN, trace)) != GSASL_OK ||
	    (r = set(s, GSASL_SERVICE, p->service)) != GSASL_OK ||
	    (r = set(s, GSASL_HOSTNAME, p->host)) != GSASL_OK)
		return r;
	return binds ? set_binding(s, p) : GSASL_OK;
}

static int run_gsasl(struct sasl *s, const char *in, size_t n, struct buf *out)
{
	char *answer = NULL;
	size_t len = 0;
	int r = gsasl_step(s->session, in, n, &answer, &len);

	if (r == GSASL_OK || r == GSASL_NEEDS_MORE)
		buf_put(out, answer, len);
	if (answer != NULL) {
		explicit_bzero(answer, len);
		gsasl_free(answer);
	}
	return r;
}

/* libgsasl 2.2.0 cannot make a message with "y" in it, later ones can: what is not known until it is tried. */
static int start_unbound(struct sasl *s, const struct credentials *c, const struct sasl_peer *p)
{
	int r = open_session(s, c, p, true);

	if (r != GSASL_OK)
		return r;
	if (run_gsasl(s, "", 0, &s->first) == GSASL_NEEDS_MORE)
		return GSASL_OK;
	close_session(s);
	return open_session(s, c, p, false);
}

/* Early, because libgsasl leaks where it finds out by itself, and because nothing need be sent then. */
static int check_password(const char *password)
{
	char *prepared = NULL;
	int r = gsasl_saslprep(password, 0, &prepared, NULL);

	if (prepared != NULL)
		explicit_bzero(prepared, strlen(prepared));
	gsasl_free(prepared);
	return r;
}

static int start(struct sasl *s, const struct credentials *c, const struct sasl_peer *p)
{
	unsigned flags = s->mech->flags;
	int r = gsasl_init(&s->lib);

	if (r == GSASL_OK && (flags & MECH_SCRAM) != 0)
		r = check_password(c->password);
	if (r != GSASL_OK)
		return r;
	if ((flags & MECH_SCRAM) != 0 && (flags & MECH_BINDS) == 0 && mech_can_bind(p) &&
	    looked_for_plus(s, c->auth))
		return start_unbound(s, c, p);
	return open_session(s, c, p, (flags & MECH_BINDS) != 0);
}

static int refuse(struct sasl *s, int r, struct fault *f)
{
	const char *name = s->mech->name;

	switch (r) {
	case GSASL_AUTHENTICATION_ERROR:
		return fault_set(f, FAULT_AUTH,
		    "%s: the server's proof is wrong: it does not know the password", name);
	case GSASL_SASLPREP_ERROR:
		return fault_set(f, FAULT_AUTH,
		    "%s: the user or password has characters that SASLprep forbids", name);
	case GSASL_MALLOC_ERROR:
		return fault_set(f, FAULT_TEMP, "out of memory");
	default:
		return fault_set(f, FAULT_PROTOCOL, "%s: %s", name, gsasl_strerror(r));
	}
}

/* sasl_choose() has looked at it all, but a password must not depend on that. */
static int prepare(
    struct sasl *s, const struct credentials *c, const struct sasl_peer *p, struct fault *f)
{
	const char *obstacle = mech_obstacle(s->mech, c, p);
	int r;

	if (obstacle != NULL)
		return fault_set(f, FAULT_AUTH, "%s %s", s->mech->name, obstacle);
	if ((s->mech->flags & MECH_OAUTH) != 0)
		return oauth_prepare(s, c, p, f);
	r = start(s, c, p);
	return r == GSASL_OK ? 0 : refuse(s, r, f);
}

struct sasl *sasl_new(
    const char *mechanism, const struct credentials *c, const struct sasl_peer *p, struct fault *f)
{
	struct sasl *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	buf_init(&s->first, SASL_FIRST_MAX);
	s->mech = mech_find(mechanism, strlen(mechanism));
	if (s->mech == NULL)
		fault_set(f, FAULT_BUG, "%s is not a mechanism of ours", mechanism);
	else if (prepare(s, c, p, f) == 0)
		return s;
	sasl_free(s);
	return NULL;
}

bool sasl_client_first(const struct sasl *s)
{
	return (s->mech->flags & MECH_FIRST) != 0;
}

/* Every "i=" counts, wherever it stands, so that no reading of the challenge gets past the limit. */
static int check_iterations(struct sasl *s, const char *in, size_t n, struct fault *f)
{
	const char *end = in + n;
	uint32_t count;

	for (const char *p = in, *comma; p < end; p = comma + 1) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		if (comma - p < 2 || memcmp(p, "i=", 2) != 0)
			continue;
		if (num_nz32(p + 2, (size_t)(comma - p - 2), &count) == -1)
			return fault_set(f, FAULT_PROTOCOL, "%s: the iteration count is no number",
			    s->mech->name);
		if (count > SASL_ITERATIONS_MAX)
			return fault_set(f, FAULT_PROTOCOL,
			    "%s: the server asks for %u iterations, over the limit of %d",
			    s->mech->name, count, SASL_ITERATIONS_MAX);
	}
	return 0;
}

static int check_challenge(struct sasl *s, const char *in, size_t n, struct fault *f)
{
	const char *name = s->mech->name;

	if (n > SASL_CHALLENGE_MAX)
		return fault_set(f, FAULT_PROTOCOL, "%s: the challenge is over %d octets", name,
		    SASL_CHALLENGE_MAX);
	if (n > 0 && memchr(in, '\0', n) != NULL)
		return fault_set(f, FAULT_PROTOCOL, "%s: the challenge has a NUL in it", name);
	if (s->steps == 1 && (s->mech->flags & MECH_FIRST) != 0 && n > 0)
		return fault_set(f, FAULT_PROTOCOL, "%s: the server spoke out of turn", name);
	if (n == 0 && (s->steps > 1 || strcmp(name, "CRAM-MD5") == 0) &&
	    strcmp(name, "LOGIN") != 0 && (s->mech->flags & MECH_OAUTH) == 0)
		return fault_set(f, FAULT_PROTOCOL, "%s: the challenge is empty", name);
	if ((s->mech->flags & MECH_SCRAM) == 0)
		return 0;
	if (s->steps == 3 && n > 2 && memcmp(in, "e=", 2) == 0)
		return fault_set(f, FAULT_AUTH, "%s: the server says: %.*s", name,
		    n > 202 ? 200 : (int)n - 2, in + 2);
	return check_iterations(s, in, n, f);
}

static int step(struct sasl *s, const char *in, size_t n, struct buf *out, struct fault *f)
{
	int r;

	if (s->steps == 1 && s->first.len > 0) {
		buf_put(out, s->first.data, s->first.len);
		return 0;
	}
	r = run_gsasl(s, in, n, out);
	if (r != GSASL_OK && r != GSASL_NEEDS_MORE)
		return refuse(s, r, f);
	s->over = r == GSASL_OK;
	return 0;
}

int sasl_step(struct sasl *s, const void *in, size_t n, struct buf *out, struct fault *f)
{
	const char *challenge = n > 0 ? in : "";
	int r = -1;

	s->steps++;
	if (s->broken)
		fault_set(
		    f, FAULT_PROTOCOL, "%s: a challenge after the exchange failed", s->mech->name);
	else if (check_challenge(s, challenge, n, f) == -1)
		s->over = false;
	else if ((s->mech->flags & MECH_OAUTH) != 0)
		r = oauth_step(s, challenge, n, out, f);
	else if (s->over)
		fault_set(f, FAULT_PROTOCOL, "%s: a challenge after the end", s->mech->name);
	else
		r = step(s, challenge, n, out, f);
	if (r == 0 && buf_failed(out))
		r = fault_set(f, FAULT_AUTH, "%s: the answer is too long", s->mech->name);
	s->broken = s->broken || r == -1;
	return r;
}

bool sasl_answers_refusal(const struct sasl *s)
{
	return (s->mech->flags & MECH_OAUTH) != 0 && s->broken && s->steps == 2;
}

/* Success data of the reply (RFC 4422 section 3.6): a last challenge that wants no answer. */
static int last_challenge(struct sasl *s, const void *in, size_t n, struct fault *f)
{
	struct buf none;
	int r;

	buf_init(&none, SASL_CHALLENGE_MAX);
	r = sasl_step(s, in, n, &none, f);
	if (r == 0 && none.len > 0)
		r = fault_set(
		    f, FAULT_PROTOCOL, "%s: the server stopped in the middle", s->mech->name);
	buf_wipe(&none);
	return r;
}

int sasl_done(struct sasl *s, const void *in, size_t n, struct fault *f)
{
	if (in != NULL && last_challenge(s, in, n, f) == -1)
		return -1;
	if (s->over && !s->broken)
		return 0;
	if ((s->mech->flags & MECH_SCRAM) != 0)
		return fault_set(f, FAULT_AUTH,
		    "%s: the server says yes, but never proved that it knows the password",
		    s->mech->name);
	return fault_set(
	    f, FAULT_AUTH, "%s: the server says yes before it has seen everything", s->mech->name);
}
