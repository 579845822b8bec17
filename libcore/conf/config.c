#include "conf/config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conf/config_impl.h"
#include "conf/places.h"

enum { PATH_LEN_MAX = 4096, OPTION_NAME_MAX = 64 };

static int read_default(struct config *c, struct fault *f)
{
	struct buf path;
	int r = -1;

	buf_init(&path, PATH_LEN_MAX);
	if (places_config(&path, "config", f) == 0) {
		const char *file = buf_str(&path);

		r = access(file, F_OK) == -1 ? 0 : config_read(c, file, 0, f);
	}
	buf_free(&path);
	return r;
}

struct config *config_load(const char *path, struct fault *f)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	if ((path != NULL ? config_read(c, path, 0, f) : read_default(c, f)) == 0 &&
	    config_settle(c, f) == 0)
		return c;
	config_free(c);
	return NULL;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	free(c->blocks);
	pool_free(&c->pool);
	free(c);
}

static int override(struct config *c, const char *name, const char *value, struct fault *f)
{
	size_t k;
	const struct keyword *w = keyword_find(name, &k);
	struct account nobody = {0};

	if (w == NULL)
		return fault_set(f, FAULT_USAGE, "unknown keyword `%s`", name);
	if (w->secret)
		return fault_set(f, FAULT_USAGE,
		    "others can read a %s on the command line; use pass-command", w->name);
	if (*value == '\0')
		return fault_set(f, FAULT_USAGE, "%s without a value", w->name);
	for (const char *s = value; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return fault_set(f, FAULT_USAGE, "%s: control character", w->name);
	/* A bad value is one even where no account is. */
	if (keyword_apply(w, &c->pool, &nobody, value, f) == -1)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		if (keyword_apply(w, &c->pool, &c->blocks[i].account, value, f) == -1)
			return -1;
	return 0;
}

int config_override(struct config *c, const char *option, struct fault *f)
{
	size_t n = strcspn(option, "=");
	char name[OPTION_NAME_MAX];

	if (option[n] == '\0' || n == 0 || n >= sizeof(name))
		return fault_set(f, FAULT_USAGE, "-o: KEYWORD=VALUE is wanted");
	memcpy(name, option, n);
	name[n] = '\0';
	if (override(c, name, option + n + 1, f) == 0)
		return 0;
	if (f->cls == FAULT_CONFIG)
		f->cls = FAULT_USAGE;
	return fault_while(f, "-o");
}

static void no_account(const struct config *c, const char *name, struct fault *f)
{
	struct buf names;

	buf_init(&names, FAULT_MSG_MAX / 2);
	for (size_t i = 0; i < c->n && !buf_failed(&names); i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", c->blocks[i].account.name);
	if (c->n == 0)
		fault_set(f, FAULT_CONFIG,
		    "no account `%.80s`: no account is configured (see lm.conf(5))", name);
	else if (buf_failed(&names))
		fault_set(f, FAULT_CONFIG, "no account `%.80s` among %zu", name, c->n);
	else
		fault_set(
		    f, FAULT_CONFIG, "no account `%.80s`; there is %s", name, buf_str(&names));
	buf_free(&names);
}

const struct account *config_account(struct config *c, const char *name, struct fault *f)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->blocks[i].account.name, name) == 0)
			return &c->blocks[i].account;
	no_account(c, name, f);
	return NULL;
}

const struct account *config_nth(struct config *c, size_t k)
{
	return k < c->n ? &c->blocks[k].account : NULL;
}

/* Local parts differ in case too, domains do not. */
static bool same_address(const char *a, size_t an, const char *b, size_t bn)
{
	const char *at = memrchr(a, '@', an);
	size_t local = at != NULL ? (size_t)(at - a) : an;

	return an == bn && memcmp(a, b, local) == 0 &&
	    strncasecmp(a + local, b + local, an - local) == 0;
}

const struct account *config_by_address(struct config *c, const char *address)
{
	struct fault ignored;
	const char *spec;
	size_t n;

	for (size_t i = 0; i < c->n; i++) {
		const struct account *a = &c->blocks[i].account;

		if (a->from != NULL && mailbox_check(a->from, &spec, &n, &ignored) == 0 &&
		    same_address(spec, n, address, strlen(address)))
			return a;
	}
	return NULL;
}

static const char *imap_user(const struct account *a)
{
	return a->user != NULL ? a->user : a->imap.user;
}

static bool same_user(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* url-authority is text that was checked when it was read: host, [address] or either with a port. */
static bool is_authority(const char *text, const char *host, uint16_t port)
{
	bool bracketed = *text == '[';
	size_t n = bracketed ? strcspn(++text, "]") : strcspn(text, ":");
	const char *rest = text + n + bracketed;
	long said = *rest == ':' ? strtol(rest + 1, NULL, 10) : 143;

	return strlen(host) == n && strncasecmp(text, host, n) == 0 && (port == 0 || port == said);
}

static bool is_server(const struct account *a, const char *host, uint16_t port)
{
	if (a->url_authority != NULL && is_authority(a->url_authority, host, port))
		return true;
	return a->imap.set && strcasecmp(a->imap.host, host) == 0 &&
	    (port == 0 || port == a->imap.port);
}

static bool same_login(const struct account *a, const struct account *b)
{
	return a->imap.set == b->imap.set && a->imap.port == b->imap.port &&
	    same_user(a->imap.host, b->imap.host) && same_user(imap_user(a), imap_user(b));
}

const struct account *config_by_server(
    struct config *c, const char *host, uint16_t port, const char *user)
{
	const struct account *found = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct account *a = &c->blocks[i].account;

		if (!is_server(a, host, port) || (user != NULL && !same_user(imap_user(a), user)))
			continue;
		if (found != NULL && !same_login(found, a))
			return NULL;
		if (found == NULL)
			found = a;
	}
	return found;
}
