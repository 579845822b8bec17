#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "base/num.h"
#include "conf/config_impl.h"
#include "conf/places.h"
#include "sasl/sasl.h"

enum {
	TIMEOUT_MAX = 86400,
	FINGERPRINT_DIGITS = 64,
	HELO_MAX = 255,
	PATH_LEN_MAX = 4096,
	CONNECTIONS_MAX = 64
};

#define WINDOW_MAX ((time_t)100 * 366 * 86400)

static int set_text(struct pool *p, void *field, const char *value, struct fault *f)
{
	char *kept = pool_keep(p, strdup(value), f);

	if (kept == NULL)
		return -1;
	*(char **)field = kept;
	return 0;
}

static int set_utf8(struct pool *p, void *field, const char *value, struct fault *f)
{
	if (!enc_is_utf8(value, strlen(value)))
		return fault_set(f, FAULT_CONFIG, "not UTF-8");
	return set_text(p, field, value, f);
}

static int set_path(struct pool *p, void *field, const char *value, struct fault *f)
{
	struct buf b;
	char *kept = NULL;

	buf_init(&b, PATH_LEN_MAX);
	if (places_expand(&b, value, f) == 0)
		kept = pool_keep(p, buf_steal(&b), f);
	buf_free(&b);
	if (kept == NULL)
		return -1;
	*(char **)field = kept;
	return 0;
}

static int set_imap(struct pool *p, void *field, const char *value, struct fault *f)
{
	return server_parse(p, field, value, false, f);
}

static int set_submit(struct pool *p, void *field, const char *value, struct fault *f)
{
	return server_parse(p, field, value, true, f);
}

static int set_mailbox(struct pool *p, void *field, const char *value, struct fault *f)
{
	const char *spec;
	size_t n;

	if (mailbox_check(value, &spec, &n, f) == -1)
		return -1;
	return set_text(p, field, value, f);
}

static int set_authority(struct pool *p, void *field, const char *value, struct fault *f)
{
	char *host;
	uint16_t port;

	if (authority_parse(p, value, strlen(value), &host, &port, f) == -1)
		return -1;
	return set_text(p, field, value, f);
}

/* Two words, of which the first means true. */
static int choose(void *field, const char *value, const char *yes, const char *no, struct fault *f)
{
	bool is_yes = strcasecmp(value, yes) == 0;

	if (!is_yes && strcasecmp(value, no) != 0)
		return fault_set(f, FAULT_CONFIG, "`%s` or `%s`, not `%s`", yes, no, value);
	*(bool *)field = is_yes;
	return 0;
}

static int set_bool(struct pool *p, void *field, const char *value, struct fault *f)
{
	(void)p;
	return choose(field, value, "yes", "no", f);
}

static int set_layout(struct pool *p, void *field, const char *value, struct fault *f)
{
	bool plus = false;

	(void)p;
	if (choose(&plus, value, "maildir++", "fs", f) == -1)
		return -1;
	*(enum config_layout *)field = plus ? CONFIG_MAILDIRPP : CONFIG_FS;
	return 0;
}

static int set_order(struct pool *p, void *field, const char *value, struct fault *f)
{
	(void)p;
	return choose(field, value, "oldest", "newest", f);
}

static int set_sides(struct pool *p, void *field, const char *value, struct fault *f)
{
	static const char *const word[] = {"none", "local", "remote", "both"}; /* by their bits */

	(void)p;
	for (unsigned i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (strcasecmp(value, word[i]) == 0) {
			*(unsigned *)field = i;
			return 0;
		}
	return fault_set(f, FAULT_CONFIG, "`both`, `local`, `remote` or `none`, not `%s`", value);
}

/* A duration; "all" is no limit. */
static int set_window(struct pool *p, void *field, const char *value, struct fault *f)
{
	time_t t = 0;

	(void)p;
	if (strcasecmp(value, "all") != 0 &&
	    (num_duration(value, &t) == -1 || t < 60 || t > WINDOW_MAX))
		return fault_set(
		    f, FAULT_CONFIG, "a time from 1m on (90d, 4w, 1y), or `all`, not `%s`", value);
	*(long *)field = (long)t;
	return 0;
}

/* Octets; "none" is no limit. */
static int set_octets(struct pool *p, void *field, const char *value, struct fault *f)
{
	uint64_t size = 0;

	(void)p;
	if (strcasecmp(value, "none") != 0 && (num_size(value, &size) == -1 || size == 0))
		return fault_set(
		    f, FAULT_CONFIG, "octets (65536, 64k, 2M), or `none`, not `%s`", value);
	*(uint64_t *)field = size;
	return 0;
}

static int set_connections(struct pool *p, void *field, const char *value, struct fault *f)
{
	uint32_t n;

	(void)p;
	if (num_nz32(value, strlen(value), &n) == -1 || n > CONNECTIONS_MAX)
		return fault_set(
		    f, FAULT_CONFIG, "a number from 1 to %d, not `%s`", CONNECTIONS_MAX, value);
	*(int *)field = (int)n;
	return 0;
}

static int set_insecure(struct pool *p, void *field, const char *value, struct fault *f)
{
	(void)p;
	return choose(field, value, "insecure", "required", f);
}

static int set_timeout(struct pool *p, void *field, const char *value, struct fault *f)
{
	time_t t;

	(void)p;
	if (num_duration(value, &t) == -1 || t < 1 || t > TIMEOUT_MAX)
		return fault_set(
		    f, FAULT_CONFIG, "a time from 1s to 1d (60, 90s, 2m), not `%s`", value);
	*(int *)field = (int)t;
	return 0;
}

static int set_fingerprint(struct pool *p, void *field, const char *value, struct fault *f)
{
	static const char prefix[] = "sha256:";
	const char *s = value + sizeof(prefix) - 1;
	size_t digits = 0;

	if (strncmp(value, prefix, sizeof(prefix) - 1) != 0)
		return fault_set(f, FAULT_CONFIG, "a fingerprint is sha256: and 64 hex digits");
	for (; *s != '\0'; s++) {
		if (strchr("0123456789abcdefABCDEF", *s) != NULL)
			digits++;
		else if (*s != ':')
			break;
	}
	if (*s != '\0' || digits != FINGERPRINT_DIGITS)
		return fault_set(f, FAULT_CONFIG, "a fingerprint is sha256: and 64 hex digits");
	return set_text(p, field, value, f);
}

static int set_auth(struct pool *p, void *field, const char *value, struct fault *f)
{
	char name[32];

	for (const char *s = value; *s != '\0'; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (n < sizeof(name)) {
			memcpy(name, s, n);
			name[n] = '\0';
		}
		if (n >= sizeof(name) || !sasl_known(name))
			return fault_set(f, FAULT_CONFIG, "no mechanism that lm knows: %.*s",
			    n > 60 ? 60 : (int)n, s);
		s += n;
	}
	return set_text(p, field, value, f);
}

static int set_helo(struct pool *p, void *field, const char *value, struct fault *f)
{
	size_t n = strlen(value);

	for (const char *s = value; *s != '\0'; s++)
		if (*s <= ' ' || *s == 0x7f || (unsigned char)*s >= 0x80)
			n = SIZE_MAX;
	if (n > HELO_MAX)
		return fault_set(f, FAULT_CONFIG,
		    "a domain or an address in brackets, in ASCII, not `%.60s`", value);
	return set_text(p, field, value, f);
}

#define FIELD(name) offsetof(struct account, name)

/* Sorted, for those who read it. */
static const struct keyword keywords[] = {
    {"archive", set_bool, FIELD(archive), false},
    {"auth", set_auth, FIELD(auth), false},
    {"compress", set_bool, FIELD(compress), false},
    {"create", set_sides, FIELD(create), false},
    {"drafts", set_utf8, FIELD(drafts), false},
    {"expunge", set_sides, FIELD(expunge), false},
    {"from", set_mailbox, FIELD(from), false},
    {"fsync", set_bool, FIELD(fsync), false},
    {"helo", set_helo, FIELD(helo), false},
    {"idle-connections", set_connections, FIELD(idle_connections), false},
    {"imap", set_imap, FIELD(imap), false},
    {"layout", set_layout, FIELD(layout), false},
    {"mailboxes", set_utf8, FIELD(mailboxes), false},
    {"maildir", set_path, FIELD(maildir), false},
    {"max-size", set_octets, FIELD(max_size), false},
    {"oauth-command", set_text, FIELD(oauth_command), false},
    {"order", set_order, FIELD(oldest_first), false},
    {"pass-command", set_text, FIELD(pass_command), false},
    {"password", set_text, FIELD(password), true},
    {"sent", set_utf8, FIELD(sent), false},
    {"sent-copy", set_bool, FIELD(copy_sent), false},
    {"submit", set_submit, FIELD(submit), false},
    {"submit-tls-fingerprint", set_fingerprint, FIELD(submit_tls_fingerprint), false},
    {"submit-tunnel", set_text, FIELD(submit_tunnel), false},
    {"timeout", set_timeout, FIELD(timeout), false},
    {"tls", set_insecure, FIELD(tls_insecure), false},
    {"tls-ca", set_path, FIELD(tls_ca), false},
    {"tls-fingerprint", set_fingerprint, FIELD(tls_fingerprint), false},
    {"trash", set_utf8, FIELD(trash), false},
    {"tunnel", set_text, FIELD(tunnel), false},
    {"url-authority", set_authority, FIELD(url_authority), false},
    {"user", set_utf8, FIELD(user), false},
    {"window", set_window, FIELD(window), false},
};

enum { KEYWORDS = sizeof(keywords) / sizeof(keywords[0]) };
_Static_assert((int)KEYWORDS <= (int)CONFIG_KEYWORDS_MAX, "raise CONFIG_KEYWORDS_MAX");

const struct keyword *keyword_nth(size_t k)
{
	return k < KEYWORDS ? &keywords[k] : NULL;
}

const struct keyword *keyword_find(const char *name, size_t *k)
{
	for (*k = 0; *k < KEYWORDS; ++*k)
		if (strcasecmp(keywords[*k].name, name) == 0)
			return &keywords[*k];
	return NULL;
}

int keyword_apply(
    const struct keyword *w, struct pool *p, struct account *a, const char *value, struct fault *f)
{
	if (w->set(p, (char *)a + w->offset, value, f) == 0)
		return 0;
	return fault_while(f, "%s", w->name);
}
