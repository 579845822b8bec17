#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/url_text.h"

enum { HOST_MAX = 255 };

/* Whatever is before the first "://", if no "/" is before that, is meant as a scheme. */
static int scan_scheme(struct url_scan *p, struct url *u)
{
	size_t slash = url_scan_find(p, "/");

	if (slash == 0 || p->n - slash < 2 || memcmp(p->s + slash - 1, "://", 3) != 0)
		return 0;
	u->tls = slash == 6 && strncasecmp(p->s, "imaps", 5) == 0;
	if (!u->tls && (slash != 5 || strncasecmp(p->s, "imap", 4) != 0))
		return url_scan_fail(p, "the scheme is not imap");
	p->at = slash + 2;
	return 0;
}

/* SASL's mechanism names, or "*", which may not be escaped (RFC 5092 section 3.2). */
static int scan_auth(struct url_scan *p, size_t end, struct url *u)
{
	static const char key[] = ";AUTH=";
	static const struct url_component auth = {"authentication mechanism", "", ""};
	size_t begin = p->at + sizeof(key) - 1;

	if (end < begin || strncasecmp(p->s + p->at, key, sizeof(key) - 1) != 0)
		return url_scan_fail(p, "only ;AUTH= may follow the user name");
	p->at = begin;
	if (url_scan_text(p, end, &auth, &u->auth) != 0)
		return -1;
	bool any = end - begin == 1 && p->s[begin] == '*';
	if (!any &&
	    u->auth[strspn(u->auth,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_")] != '\0') {
		p->at = begin;
		return url_scan_fail(p, "the authentication mechanism is no such name");
	}
	url_upper(u->auth);
	return 0;
}

/* iuserinfo, up to the "@" at `end`. A colon is refused with the rest: there is no password in it. */
static int scan_userinfo(struct url_scan *p, size_t end, struct url *u)
{
	static const struct url_component user = {"user name", "&=", "@"};
	size_t user_end = url_scan_find(p, ";");

	if (user_end > end)
		user_end = end;
	if (user_end > p->at && url_scan_text(p, user_end, &user, &u->user) != 0)
		return -1;
	if (p->at < end && scan_auth(p, end, u) != 0)
		return -1;
	if (u->user == NULL && u->auth == NULL)
		return url_scan_fail(p, "the user name is empty");
	p->at = end + 1;
	return 0;
}

/* What a name to be resolved may hold; octets outside ASCII are an internationalised name. */
static bool is_host(const char *s)
{
	if (strlen(s) > HOST_MAX)
		return false;
	for (; *s != '\0'; s++) {
		bool ascii = (unsigned char)*s < 0x80;
		if (ascii &&
		    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			   "0123456789-._",
			*s) == NULL)
			return false;
	}
	return true;
}

static int scan_name(struct url_scan *p, size_t end, struct url *u)
{
	static const struct url_component host = {"host name", "", ""};
	size_t begin = p->at, colon = url_scan_find(p, ":");

	if (url_scan_text(p, colon < end ? colon : end, &host, &u->host) != 0)
		return -1;
	if (is_host(u->host))
		return 0;
	p->at = begin;
	return url_scan_fail(p, "the host name is too long or holds a character that none has");
}

static int scan_ipv6(struct url_scan *p, size_t end, struct url *u)
{
	static const struct url_component address = {"IPv6 address", ":", ""};
	size_t begin = ++p->at, close = url_scan_find(p, "]");
	struct in6_addr in6;

	if (close >= end)
		return url_scan_fail(p, "[ without ] around an IPv6 address");
	if (url_scan_text(p, close, &address, &u->host) != 0)
		return -1;
	if (inet_pton(AF_INET6, u->host, &in6) != 1) {
		p->at = begin;
		return url_scan_fail(p, "no IPv6 address between [ and ]");
	}
	p->at++;
	return 0;
}

static int scan_port(struct url_scan *p, size_t end, struct url *u)
{
	uint32_t port = 0;

	if (p->s[p->at] != ':')
		return url_scan_fail(p, "only a port may follow the host");
	p->at++;
	if (p->at == end)
		return 0;
	if (num_nz32(p->s + p->at, end - p->at, &port) != 0 || port > UINT16_MAX)
		return url_scan_fail(p, "the port is not a number from 1 to 65535");
	u->port = (uint16_t)port;
	p->at = end;
	return 0;
}

/* The "@" that ends iuserinfo, or `end`. Of several that a person typed it is the last: many a user
 * name is a mail address. */
static size_t find_at_sign(const struct url_scan *p, size_t end)
{
	const char *begin = p->s + p->at;
	const char *sign =
	    p->human ? memrchr(begin, '@', end - p->at) : memchr(begin, '@', end - p->at);

	return sign == NULL ? end : (size_t)(sign - p->s);
}

int url_scan_server(struct url_scan *p, struct url *u)
{
	if (scan_scheme(p, u) != 0)
		return -1;
	if (p->at == 0)
		return 0;
	size_t end = url_scan_find(p, "/?#"), sign = find_at_sign(p, end);
	if (sign < end && scan_userinfo(p, sign, u) != 0)
		return -1;
	if (p->at < end && p->s[p->at] == '[') {
		if (scan_ipv6(p, end, u) != 0)
			return -1;
	} else if (scan_name(p, end, u) != 0) {
		return -1;
	}
	return p->at < end ? scan_port(p, end, u) : 0;
}
