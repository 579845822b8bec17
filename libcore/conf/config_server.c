/* The URLs of servers: less than RFC 5092 allows, so that nothing in them is passed over in silence. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "base/num.h"
#include "base/utf8.h"
#include "conf/config_impl.h"

enum { HOST_MAX = 255, USER_MAX = 512 };

static const struct scheme {
	const char *name;
	enum config_security security;
	uint16_t port;
	bool submit;
} schemes[] = {
    {"imaps", CONFIG_TLS, 993, false},
    {"imap", CONFIG_STARTTLS, 143, false},
    {"submissions", CONFIG_TLS, 465, true},
    {"submission", CONFIG_STARTTLS, 587, true},
};

static const struct scheme *find_scheme(const char *url, size_t n, bool submit, struct fault *f)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].submit == submit && strlen(schemes[i].name) == n &&
		    strncasecmp(schemes[i].name, url, n) == 0)
			return &schemes[i];
	fault_set(f, FAULT_CONFIG,
	    "not a URL of a server: %s is wanted (imap takes imaps:// or imap://, "
	    "submit takes submissions:// or submission://)",
	    submit ? "submissions://[USER@]HOST[:PORT]" : "imaps://[USER@]HOST[:PORT]");
	return NULL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One octet of the user at s, of which n are there: what it stands for, with *used; -1 for a bad escape. */
static int decode_octet(const char *s, size_t n, size_t *used)
{
	*used = 1;
	if (*s != '%')
		return (unsigned char)*s;
	*used = 3;
	if (n < 3 || hex(s[1]) == -1 || hex(s[2]) == -1)
		return -1;
	return hex(s[1]) * 16 + hex(s[2]);
}

static int decode_user(struct buf *out, const char *s, size_t n, struct fault *f)
{
	for (size_t used; n > 0; s += used, n -= used) {
		int octet = decode_octet(s, n, &used);

		if (octet == -1)
			return fault_set(f, FAULT_CONFIG, "bad %%-escape in the user of a URL");
		if (octet < 0x20 || octet == 0x7f)
			return fault_set(f, FAULT_CONFIG, "control character in the user of a URL");
		buf_putc(out, (char)octet);
	}
	if (buf_failed(out))
		return fault_set(f, FAULT_CONFIG, "user over %d octets", USER_MAX);
	if (out->len == 0 || !enc_is_utf8(out->data, out->len))
		return fault_set(f, FAULT_CONFIG, "the user of a URL is %s",
		    out->len == 0 ? "empty" : "not UTF-8");
	return 0;
}

static int parse_user(struct pool *p, const char *s, size_t n, char **user, struct fault *f)
{
	struct buf b;
	int r = -1;

	if (memchr(s, ':', n) != NULL)
		return fault_set(
		    f, FAULT_CONFIG, "a password has no place in a URL: use pass-command");
	if (memchr(s, ';', n) != NULL)
		return fault_set(f, FAULT_CONFIG,
		    "parameters have no place in this URL: for mechanisms there is auth");
	buf_init(&b, USER_MAX);
	if (decode_user(&b, s, n, f) == 0 && (*user = pool_keep(p, buf_steal(&b), f)) != NULL)
		r = 0;
	buf_free(&b);
	return r;
}

/* Letters, digits, "-", "." and "_", and characters past ASCII: the resolver's business. */
static bool is_name(const char *s, size_t n)
{
	if (n == 0 || n > HOST_MAX || *s == '-' || *s == '.' || !enc_is_utf8(s, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_')
			return false;
	}
	return true;
}

static bool has_unsafe(const char *s, size_t n)
{
	uint32_t cp;

	for (size_t used; n > 0; s += used, n -= used) {
		used = utf8_next(s, n, &cp);
		if (used == 0 || utf8_is_unsafe(cp))
			return true;
	}
	return false;
}

static bool is_ipv6(const char *s)
{
	struct in6_addr address;

	return inet_pton(AF_INET6, s, &address) == 1;
}

static int parse_port(const char *s, size_t n, uint16_t *port, struct fault *f)
{
	uint32_t v;

	if (num_nz32(s, n, &v) == -1 || v > UINT16_MAX)
		return fault_set(f, FAULT_CONFIG, "bad port `%.*s`", n > 20 ? 20 : (int)n, s);
	*port = (uint16_t)v;
	return 0;
}

int authority_parse(
    struct pool *p, const char *text, size_t n, char **host, uint16_t *port, struct fault *f)
{
	bool bracketed = n > 0 && *text == '[';
	const char *start = text + bracketed;
	const char *end = memchr(text, bracketed ? ']' : ':', n);
	size_t len = end != NULL ? (size_t)(end - start) : n;
	const char *rest = end != NULL ? end + bracketed : text + n;

	*port = 0;
	if (bracketed && end == NULL)
		return fault_set(f, FAULT_CONFIG, "`[` without `]` around an address");
	if (rest < text + n &&
	    (*rest != ':' || parse_port(rest + 1, n - (size_t)(rest + 1 - text), port, f) == -1))
		return *rest == ':' ? -1 : fault_set(f, FAULT_CONFIG, "text behind `]`");
	if (!bracketed && (!is_name(start, len) || has_unsafe(start, len)))
		return fault_set(f, FAULT_CONFIG, "bad host name `%.*s`",
		    len > HOST_MAX ? HOST_MAX : (int)len, start);
	*host = pool_keep(p, strndup(start, len), f);
	if (*host == NULL)
		return -1;
	if (bracketed && !is_ipv6(*host))
		return fault_set(f, FAULT_CONFIG, "bad IPv6 address `%.60s`", *host);
	return 0;
}

static int parse_server(struct pool *p, struct server *s, const char *text, struct fault *f)
{
	size_t n = strlen(text);
	const char *at;

	if (n > 0 && text[n - 1] == '/')
		n--;
	if (memchr(text, '/', n) != NULL || memchr(text, '?', n) != NULL ||
	    memchr(text, '#', n) != NULL || memchr(text, ' ', n) != NULL)
		return fault_set(f, FAULT_CONFIG, "only [USER@]HOST[:PORT] may stand behind ://");
	at = memrchr(text, '@', n);
	if (at != NULL) {
		size_t len = (size_t)(at - text);

		if (memchr(text, '@', len) != NULL)
			return fault_set(f, FAULT_CONFIG, "write %%40 for the @ within the user");
		if (parse_user(p, text, len, &s->user, f) == -1)
			return -1;
		n -= len + 1;
		text = at + 1;
	}
	return authority_parse(p, text, n, &s->host, &s->port, f);
}

int server_parse(struct pool *p, struct server *s, const char *url, bool submit, struct fault *f)
{
	const char *behind = strstr(url, "://");
	struct server new = {.set = true};
	size_t n = behind != NULL ? (size_t)(behind - url) : 0;
	const struct scheme *scheme = find_scheme(url, n, submit, f);

	if (scheme == NULL || parse_server(p, &new, url + n + 3, f) == -1)
		return -1;
	if (new.port == 0)
		new.port = scheme->port;
	new.security = scheme->security;
	*s = new;
	return 0;
}
