#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "imap/url_text.h"

enum { TOKEN_MIN = 32 }; /* digits: 128 bits, RFC 5092 section 6.1.2 */

#define DIGIT "0123456789"
#define ALPHA "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static int scan_expire(struct url_scan *p, struct url *u)
{
	static const struct url_component expire = {"EXPIRE", ":", ""};
	size_t begin = p->at;
	time_t time;

	if (url_scan_text(p, url_scan_find(p, "/;"), &expire, &u->expire) != 0)
		return -1;
	if (num_rfc3339(u->expire, &time) == 0)
		return 0;
	p->at = begin;
	return url_scan_fail(p, "EXPIRE is not a time like 2026-11-24T10:00:00Z");
}

static size_t span(const struct url_scan *p, const char *set)
{
	size_t i = p->at;

	while (i < p->n && p->s[i] != '\0' && strchr(set, p->s[i]) != NULL)
		i++;
	return i - p->at;
}

/* The n octets that are next, as a string. */
static int take(struct url_scan *p, size_t n, char **out)
{
	*out = strndup(p->s + p->at, n);
	if (*out == NULL)
		return fault_set(p->f, FAULT_TEMP, "out of memory");
	p->at += n;
	return 0;
}

static int scan_user(struct url_scan *p, struct url *u)
{
	static const struct url_component user = {"user of URLAUTH", "&=", "@"};
	struct buf access;
	char *name;

	p->at++;
	if (url_scan_text(p, url_scan_find(p, ":"), &user, &name) != 0)
		return -1;
	buf_init(&access, URL_MAX);
	buf_printf(&access, "%s+%s", u->access, name);
	free(name);
	free(u->access);
	u->access = buf_steal(&access);
	return u->access != NULL ? 0 : fault_set(p->f, FAULT_TEMP, "out of memory");
}

/* access: the name of an application, and perhaps "+" and a user (RFC 5593 section 4). */
static int scan_access(struct url_scan *p, struct url *u)
{
	size_t len = span(p, ALPHA DIGIT);

	if (len == 0)
		return url_scan_fail(p, "no access identifier after ;URLAUTH=");
	if (take(p, len, &u->access) != 0)
		return -1;
	for (char *c = u->access; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return p->at < p->n && p->s[p->at] == '+' ? scan_user(p, u) : 0;
}

/* iua-verifier: ":" uauth-mechanism ":" enc-urlauth */
static int scan_verifier(struct url_scan *p, struct url *u)
{
	p->at++;
	size_t len = span(p, ALPHA DIGIT "-.");
	if (len == 0)
		return url_scan_fail(p, "no mechanism after the access identifier");
	if (take(p, len, &u->mechanism) != 0)
		return -1;
	if (p->at == p->n || p->s[p->at] != ':')
		return url_scan_fail(p, "no token after the mechanism");
	p->at++;
	len = span(p, DIGIT "ABCDEFabcdef");
	if (len < TOKEN_MIN)
		return url_scan_fail(p, "the token has fewer than %d digits", TOKEN_MIN);
	return take(p, len, &u->token);
}

int url_scan_urlauth(struct url_scan *p, struct url *u)
{
	if (url_scan_key(p, ";EXPIRE=") && scan_expire(p, u) != 0)
		return -1;
	if (!url_scan_key(p, ";URLAUTH="))
		return 0;
	if (scan_access(p, u) != 0)
		return -1;
	return p->at < p->n && p->s[p->at] == ':' ? scan_verifier(p, u) : 0;
}
