/* locate: which account, which URL. */
#include "app/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/line.h"
#include "conf/memo.h"

const struct account *locate_account(struct tool *t, const char *name, struct fault *f)
{
	const struct account *a;

	if (tool_config(t, f) == -1)
		return NULL;
	if (name == NULL)
		name = t->account;
	if (name != NULL)
		return config_account(t->config, name, f);
	a = config_nth(t->config, 0);
	if (a == NULL)
		fault_set(f, FAULT_CONFIG, "no account is configured: see lm.conf(5)");
	return a;
}

/* The remembered "imap://host:port" of the submission server's BURL line, parsed. */
static int remembered(const struct account *a, struct url *u)
{
	char name[256], server[320];
	struct fault ignored;
	int r = -1;

	snprintf(name, sizeof(name), "%s.submit", a->name);
	snprintf(server, sizeof(server), "%s:%u",
	    a->submit.host != NULL ? a->submit.host : "tunnel", a->submit.port);

	struct memo *m = memo_open(name, server);
	const char *url = memo_get(m, "burl-url");
	if (url != NULL)
		r = url_parse(u, url, strlen(url), &ignored);
	memo_close(m);
	return r;
}

char *locate_field(char *line)
{
	char *first, *save = NULL;

	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t");
	for (size_t n = strlen(line); n > 0 && line[n - 1] == ' '; n--)
		line[n - 1] = '\0';
	first = strtok_r(line, "\t", &save);
	for (char *p = first; p != NULL; p = strtok_r(NULL, "\t", &save))
		if (strncasecmp(p, "imap:", 5) == 0 || strncasecmp(p, "imaps:", 6) == 0)
			return p;
	return first;
}

int locate_next(struct input *in, char **text, struct fault *f)
{
	char *line;
	int r;

	while ((r = input_line(in, &line, f)) == 1)
		if ((*text = locate_field(line)) != NULL)
			return 1;
	return r;
}

enum input_kind locate_line(
    struct tool *t, struct input *in, bool waiting, char **line, struct fault *f)
{
	const int pause = waiting ? INPUT_PAUSE_MS : -1;
	enum input_kind kind;

	while ((kind = input_next(in, pause, line, f)) == INPUT_LONG || kind == INPUT_NUL) {
		input_bad(in, kind, f);
		tool_failed(t, NULL, f);
	}
	return kind;
}

enum input_kind locate_listed(
    struct tool *t, struct input *in, bool waiting, char **text, struct fault *f)
{
	enum input_kind kind;
	char *line;

	while ((kind = locate_line(t, in, waiting, &line, f)) == INPUT_LINE)
		if ((*text = locate_field(line)) != NULL)
			break;
	return kind;
}

unsigned locate_wants(const struct account *a)
{
	struct url u = {0};
	bool known = a->url_authority != NULL || remembered(a, &u) == 0;

	url_free(&u);
	return known ? 0 : SMTP_WANT_BURL_URL;
}

static int take_authority(struct url *u, const char *host, uint16_t port, struct fault *f)
{
	char *copy = strdup(host);

	if (copy == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	free(u->host);
	u->host = copy;
	u->port = port;
	u->tls = false;
	return 0;
}

/* "host", "host:port" or "[v6]:port", as `url-authority` has it. */
static int parse_authority(const char *text, struct url *out, struct fault *f)
{
	char url[AUTHORITY_MAX + 16];

	snprintf(url, sizeof(url), "imap://%s/", text);
	if (url_parse(out, url, strlen(url), f) == 0)
		return 0;
	f->cls = FAULT_CONFIG;
	return fault_while(f, "url-authority %s", text);
}

static int ask_submission(struct tool *t, const struct account *a, struct url *out, struct fault *f)
{
	struct smtp_line *l = smtp_line_open(t, a, SMTP_WANT_BURL_URL, f);

	if (l == NULL)
		return -1;
	smtp_line_close(l);
	if (remembered(a, out) == -1)
		return fault_set(f, FAULT_REFUSED, "the submission server names no IMAP server");
	return 0;
}

int locate_authority(struct tool *t, const struct account *a, bool ask, struct url *u,
    const char **how, struct fault *f)
{
	struct url found = {0};
	struct fault quiet = {0};
	const char *from = "the imap host of the account";
	int r;

	if (a->url_authority != NULL) {
		from = "url-authority of the account";
		if (parse_authority(a->url_authority, &found, f) == -1)
			return -1;
	} else if (remembered(a, &found) == 0) {
		from = "what the submission server named last time";
	} else if (ask && a->submit.set && ask_submission(t, a, &found, &quiet) == 0) {
		from = "what the submission server names";
	} else if (ask && quiet.cls != FAULT_NONE) {
		tool_note(
		    t, "asking the submission server for the IMAP server's name: %s", quiet.msg);
	}
	if (how != NULL)
		*how = from;
	if (found.host != NULL)
		r = take_authority(u, found.host, found.port, f);
	else
		r = take_authority(u, a->imap.host != NULL ? a->imap.host : "localhost", 0, f);
	url_free(&found);
	return r;
}

static bool same_user(const struct account *a, const struct url *u)
{
	const char *user = line_user(a, &a->imap);

	return u->user == NULL || user == NULL || strcmp(u->user, user) == 0;
}

/* Is this URL's server the account's? By its imap host (any port that is given must be the imap port), or by its authority. */
static bool is_server(struct tool *t, const struct account *a, const struct url *u)
{
	struct url authority = {0};
	struct fault ignored;
	bool same = a->imap.host != NULL && strcasecmp(a->imap.host, u->host) == 0 &&
	    (u->port == 0 || u->port == a->imap.port);

	if (!same_user(a, u))
		return false;
	if (!same && locate_authority(t, a, false, &authority, NULL, &ignored) == 0)
		same = url_same_server(&authority, u);
	url_free(&authority);
	return same;
}

static const struct account *account_of_server(struct tool *t, const struct url *u, struct fault *f)
{
	const struct account *a;

	if (t->account != NULL) {
		a = config_account(t->config, t->account, f);
		if (a != NULL && !is_server(t, a, u)) {
			fault_set(f, FAULT_DATA, "a URL of another server than account %s's: %s",
			    a->name, u->host);
			return NULL;
		}
		return a;
	}
	for (size_t i = 0; (a = config_nth(t->config, i)) != NULL; i++)
		if (is_server(t, a, u))
			return a;
	fault_set(f, FAULT_DATA, "a URL of another server: no account has %s%s%s",
	    u->user ? u->user : "", u->user ? "@" : "", u->host);
	return NULL;
}

static int locate_absolute(
    struct tool *t, const char *text, const struct account **a, struct url *u, struct fault *f)
{
	if (url_parse(u, text, strlen(text), f) == -1)
		return -1;
	*a = account_of_server(t, u, f);
	if (*a == NULL) {
		url_free(u);
		return -1;
	}
	return 0;
}

static int base_of(struct tool *t, const struct account *a, struct url *base, struct fault *f)
{
	const char *user = line_user(a, &a->imap);

	*base = (struct url){0};
	if (user != NULL && (base->user = strdup(user)) == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	base->absolute_path = true;
	return locate_authority(t, a, false, base, NULL, f);
}

static int locate_relative(
    struct tool *t, const char *text, const struct account **a, struct url *u, struct fault *f)
{
	size_t n = strcspn(text, "/");
	struct url base, ref = {0};
	char name[256];
	int r = -1;

	if (n == 0 || n >= sizeof(name) || text[n - 1] == ':')
		return fault_set(
		    f, FAULT_DATA, "neither an IMAP URL nor ACCOUNT/MAILBOX: %s", text);
	memcpy(name, text, n);
	name[n] = '\0';
	*a = config_account(t->config, name, f);
	if (*a == NULL)
		return -1;
	if (t->account != NULL && strcmp(t->account, name) != 0)
		return fault_set(f, FAULT_USAGE, "-a %s, but %s", t->account, text);
	if (base_of(t, *a, &base, f) == -1) {
		url_free(&base);
		return -1;
	}
	text += n + (text[n] == '/');
	if (*text == '\0')
		r = url_copy(u, &base, f);
	else if (url_parse_human(&ref, text, strlen(text), f) == 0)
		r = url_resolve(u, &base, &ref, f);
	url_free(&base);
	url_free(&ref);
	return r;
}

int locate(
    struct tool *t, const char *text, const struct account **a, struct url *u, struct fault *f)
{
	*u = (struct url){0};
	if (tool_config(t, f) == -1)
		return -1;
	if (strncasecmp(text, "imap:", 5) == 0 || strncasecmp(text, "imaps:", 6) == 0)
		return locate_absolute(t, text, a, u, f);
	return locate_relative(t, text, a, u, f);
}
