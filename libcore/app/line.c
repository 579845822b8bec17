/* line: an account's servers, dialled. */
#include "app/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/locate.h"

const char *line_user(const struct account *a, const struct server *s)
{
	if (a->user != NULL)
		return a->user;
	if (s->user != NULL)
		return s->user;
	return a->imap.user != NULL ? a->imap.user : a->submit.user;
}

bool line_same_store(const struct account *a, const struct account *b)
{
	const char *user = line_user(a, &a->imap), *other = line_user(b, &b->imap);

	return a == b ||
	    (a->imap.host != NULL && b->imap.host != NULL &&
		strcasecmp(a->imap.host, b->imap.host) == 0 && user != NULL && other != NULL &&
		strcmp(user, other) == 0);
}

/* What the configuration says of one server, as the wire wants it. */
static void endpoint_of(const struct account *a, const struct server *s, const char *tunnel,
    const char *fingerprint, const char *session_file, struct trace *trace, struct endpoint *e)
{
	*e = (struct endpoint){.host = s->host,
	    .port = s->port,
	    .security = s->security == CONFIG_TLS ? CHAN_TLS : CHAN_STARTTLS,
	    .tunnel = tunnel,
	    .tls = {.ca_file = a->tls_ca, .fingerprint = fingerprint, .session_file = session_file},
	    .connect_timeout = a->timeout * 1000,
	    .trace = trace};
}

static struct memo *memo_of(const struct account *a, const struct server *s, const char *service)
{
	char name[256], server[320];

	snprintf(name, sizeof(name), "%s.%s", a->name, service);
	snprintf(server, sizeof(server), "%s:%u", s->host != NULL ? s->host : "tunnel", s->port);
	return memo_open(name, server);
}

static struct trace *trace_of(const struct tool *t, const char *service)
{
	return t->verbose >= 2 ? trace_new(STDERR_FILENO, service) : NULL;
}

static int credentials_of(const struct account *a, const struct server *s, struct secret *secret,
    struct credentials *k, struct fault *f)
{
	const char *user = line_user(a, s);

	*k = (struct credentials){.user = user, .auth = a->auth};
	if (a->auth != NULL &&
	    (strcasecmp(a->auth, "EXTERNAL") == 0 || strcasecmp(a->auth, "ANONYMOUS") == 0))
		return 0;
	if (user == NULL)
		return fault_set(
		    f, FAULT_CONFIG, "account %s: no user name for %s", a->name, s->host);
	if (secret_get(secret, a, s, user, f) == -1)
		return -1;
	if (secret->is_token)
		k->token = buf_str(&secret->value);
	else
		k->password = buf_str(&secret->value);
	return 0;
}

static const char *const early_word[] = {[IMAP_EARLY_UNKNOWN] = "unknown",
    [IMAP_EARLY_TAKES] = "authenticate",
    [IMAP_EARLY_LOGIN] = "try-login",
    [IMAP_EARLY_LOGIN_TAKES] = "login",
    [IMAP_EARLY_NEVER] = "never"};

static enum imap_early early_of(const struct memo *m)
{
	const char *word = memo_get(m, "early");

	for (unsigned i = 0; word != NULL && i < sizeof(early_word) / sizeof(early_word[0]); i++)
		if (strcmp(word, early_word[i]) == 0)
			return (enum imap_early)i;
	return IMAP_EARLY_UNKNOWN;
}

/* What is known of the server now, for next time. */
static void imap_remember(const struct imap_line *l)
{
	struct memo *m = memo_of(l->account, &l->account->imap, "imap");

	if (!imap_early_failed(l->imap)) {
		memo_set(m, "caps", imap_caps(l->imap));
		memo_set(m, "caps-before", imap_caps_before(l->imap));
	}
	if (l->early)
		memo_set(m, "early", early_word[imap_early_learned(l->imap)]);
	memo_close(m);
}

static int imap_connect(struct imap_line *l, struct memo *memo, bool bulk, struct fault *f)
{
	const struct account *a = l->account;
	struct imap_options o = {.require_tls = !a->tls_insecure && a->tunnel == NULL,
	    .compress = bulk && a->compress,
	    .early = l->early,
	    .known = {.caps_before = memo_get(memo, "caps-before"),
		.caps_after = memo_get(memo, "caps"),
		.early = early_of(memo)},
	    .timeout = a->timeout * 1000};
	struct credentials k;
	struct secret secret = {0};

	endpoint_of(a, &a->imap, a->tunnel, a->tls_fingerprint, memo_session_file(memo), l->trace,
	    &o.endpoint);
	/* A tunnel may well come logged in (PREAUTH): then no secret is asked for. */
	if (a->tunnel == NULL || line_user(a, &a->imap) != NULL) {
		if (credentials_of(a, &a->imap, &secret, &k, f) == -1)
			return -1;
		o.credentials = &k;
	}
	l->imap = imap_open(&o, f);
	if (o.credentials != NULL && (k.password != NULL || k.token != NULL))
		secret_wipe(&secret);
	if (l->imap == NULL)
		return -1;
	tool_note(l->tool, "imap: %s, %s", a->imap.host != NULL ? a->imap.host : "tunnel",
	    imap_describe(l->imap));
	return 0;
}

static struct imap_line *line_open(
    const struct tool *t, const struct account *a, bool bulk, bool early, struct fault *f)
{
	struct imap_line *l;

	if (!a->imap.set && a->tunnel == NULL) {
		fault_set(f, FAULT_CONFIG, "account %s has no `imap` server", a->name);
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	l->tool = t;
	l->account = a;
	l->trace = trace_of(t, "imap");
	l->early = early;

	struct memo *memo = memo_of(a, &a->imap, "imap");
	int r = imap_connect(l, memo, bulk, f);
	memo_close(memo);
	if (r == -1) {
		imap_line_close(l);
		return NULL;
	}
	if (!early)
		imap_remember(l);
	return l;
}

struct imap_line *imap_line_open(
    const struct tool *t, const struct account *a, bool bulk, struct fault *f)
{
	return line_open(t, a, bulk, false, f);
}

struct imap_line *imap_line_early(const struct tool *t, const struct account *a, struct fault *f)
{
	return line_open(t, a, false, true, f);
}

void imap_line_close(struct imap_line *l)
{
	if (l == NULL)
		return;
	if (l->early && l->imap != NULL)
		imap_remember(l);
	imap_close(l->imap);
	trace_free(l->trace);
	free(l->selected);
	free(l);
}

int imap_line_select_begin(struct imap_line *l, const char *mailbox, bool read_only,
    uint32_t uidvalidity, uint32_t *tag, struct fault *f)
{
	bool open = l->selected != NULL && strcmp(l->selected, mailbox) == 0;

	*tag = 0;
	if (open && (read_only || !l->selected_read_only) &&
	    (uidvalidity == 0 || uidvalidity == l->mailbox.uidvalidity))
		return 0;
	free(l->selected);
	l->selected = NULL;
	*tag = mailbox_send(l->imap, mailbox, read_only, f);
	return *tag == 0 ? -1 : 0;
}

int imap_line_select_end(struct imap_line *l, const char *mailbox, bool read_only,
    uint32_t uidvalidity, uint32_t tag, struct fault *f)
{
	if (tag == 0)
		return 0;
	if (mailbox_finish(l->imap, tag, mailbox, read_only, uidvalidity, &l->mailbox, f) == -1)
		return -1;
	free(l->selected);
	l->selected = strdup(mailbox);
	l->selected_read_only = read_only;
	return l->selected == NULL ? fault_set(f, FAULT_TEMP, "out of memory") : 0;
}

int imap_line_select(
    struct imap_line *l, const char *mailbox, bool read_only, uint32_t uidvalidity, struct fault *f)
{
	uint32_t tag;

	if (imap_line_select_begin(l, mailbox, read_only, uidvalidity, &tag, f) == -1)
		return -1;
	return imap_line_select_end(l, mailbox, read_only, uidvalidity, tag, f);
}

/* The memo's names of what is known of a submission server, yes or no. */
static bool recall_flag(const struct memo *m, const char *key)
{
	return memo_get(m, key) != NULL;
}

static void remember_flag(struct memo *m, const char *key, bool value)
{
	memo_set(m, key, value ? "yes" : NULL);
}

static void replace(char *s, char from, char to)
{
	for (; s != NULL && *s != '\0'; s++)
		if (*s == from)
			*s = to;
}

/* EHLO lines as one line for the memo, whose values hold no line ends; lines with a ";" of their own are not remembered. Allocated; NULL: nothing. */
static char *join_lines(const char *lines)
{
	char *joined = lines == NULL || strchr(lines, ';') != NULL ? NULL : strdup(lines);

	replace(joined, '\n', ';');
	return joined;
}

static char *split_lines(const char *joined)
{
	char *lines = joined == NULL ? NULL : strdup(joined);

	replace(lines, ';', '\n');
	return lines;
}

static void remember_lines(struct memo *m, const char *key, const char *lines)
{
	char *joined = join_lines(lines);

	memo_set(m, key, joined);
	free(joined);
}

static void recall(const struct memo *m, struct smtp_known *k)
{
	k->auth_takes_flight = recall_flag(m, "auth-takes-flight");
	k->auth_swallows = recall_flag(m, "auth-swallows");
	k->ehlo_takes_flight = recall_flag(m, "ehlo-takes-flight");
	k->ehlo_alone = recall_flag(m, "ehlo-alone");
}

/* What BURL names is wanted at once by whoever authorises URLs while this line is still open. */
static void remember_authority(const struct smtp_line *l)
{
	const char *url = smtp_caps(l->smtp)->burl_url;
	struct memo *m;

	if (url[0] == '\0')
		return;
	m = memo_of(l->account, &l->account->submit, "submit");
	memo_set(m, "burl-url", url);
	memo_close(m);
}

static int smtp_connect(struct smtp_line *l, unsigned want, struct fault *f)
{
	const struct account *a = l->account;
	const char *pin =
	    a->submit_tls_fingerprint != NULL ? a->submit_tls_fingerprint : a->tls_fingerprint;
	struct smtp_options o = {.require_tls = !a->tls_insecure && a->submit_tunnel == NULL,
	    .helo = a->helo,
	    .want = want,
	    .timeout = a->timeout * 1000};

	endpoint_of(a, &a->submit, a->submit_tunnel, pin, memo_session_file(l->memo), l->trace,
	    &o.endpoint);
	if (a->submit_tunnel == NULL || line_user(a, &a->submit) != NULL) {
		if (credentials_of(a, &a->submit, &l->secret, &l->credentials, f) == -1)
			return -1;
		o.credentials = &l->credentials;
	}
	recall(l->memo, &o.known);
	char *after = split_lines(memo_get(l->memo, "ehlo"));
	char *before = split_lines(memo_get(l->memo, "ehlo-before"));
	o.known.ehlo = after;
	o.known.ehlo_before = before;
	l->smtp = smtp_open(&o, f);
	free(after);
	free(before);
	if (l->smtp == NULL)
		return -1;
	tool_note(l->tool, "submit: %s, %s", a->submit.host != NULL ? a->submit.host : "tunnel",
	    smtp_describe(l->smtp));
	remember_authority(l);
	return 0;
}

struct smtp_line *smtp_line_open(
    const struct tool *t, const struct account *a, unsigned want, struct fault *f)
{
	struct smtp_line *l;

	if (!a->submit.set && a->submit_tunnel == NULL) {
		fault_set(f, FAULT_CONFIG, "account %s has no `submit` server", a->name);
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	l->tool = t;
	l->account = a;
	l->trace = trace_of(t, "smtp");
	l->memo = memo_of(a, &a->submit, "submit");
	if (smtp_connect(l, want, f) == -1) {
		smtp_line_close(l);
		return NULL;
	}
	return l;
}

static void remember(struct smtp_line *l)
{
	const struct smtp_caps *caps = smtp_caps(l->smtp);
	struct smtp_known k = {0};

	smtp_learned(l->smtp, &k);
	remember_lines(l->memo, "ehlo", k.ehlo);
	remember_lines(l->memo, "ehlo-before", k.ehlo_before);
	remember_flag(l->memo, "auth-takes-flight", k.auth_takes_flight);
	remember_flag(l->memo, "auth-swallows", k.auth_swallows);
	remember_flag(l->memo, "ehlo-takes-flight", k.ehlo_takes_flight);
	remember_flag(l->memo, "ehlo-alone", k.ehlo_alone);
	if (caps->burl_url[0] != '\0')
		memo_set(l->memo, "burl-url", caps->burl_url);
}

void smtp_line_close(struct smtp_line *l)
{
	if (l == NULL)
		return;
	if (l->smtp != NULL)
		remember(l);
	smtp_quit(l->smtp);
	memo_close(l->memo);
	if (l->credentials.password != NULL || l->credentials.token != NULL)
		secret_wipe(&l->secret);
	trace_free(l->trace);
	free(l);
}
