#include <arpa/inet.h>
#include <idn2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "wire/net.h"
#include "wire/net_impl.h"

enum {
	LABEL_MAX = 63,
	NAME_MAX_OCTETS = 253
}; /* RFC 1035 section 2.3.4, without the root's label */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, digits and hyphens of RFC 952; and the underscore, which is in use inside of networks. */
static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
	    c == '_';
}

static bool is_label(const char *s, size_t n)
{
	if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_name_char(s[i]))
			return false;
	return true;
}

static bool is_ascii_name(const char *s)
{
	size_t n = strlen(s);

	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0 || n > NAME_MAX_OCTETS)
		return false;
	for (const char *end = s + n; s <= end;) {
		const char *dot = memchr(s, '.', (size_t)(end - s));
		size_t len = (size_t)((dot != NULL ? dot : end) - s);
		if (!is_label(s, len))
			return false;
		s += len + 1;
	}
	return true;
}

bool net_is_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	char bare[INET6_ADDRSTRLEN];
	size_t n = strcspn(host, "%");

	if (inet_pton(AF_INET, host, &v4) == 1)
		return true;
	if (n >= sizeof(bare) || (host[n] == '%' && host[n + 1] == '\0'))
		return false;
	memcpy(bare, host, n);
	bare[n] = '\0';
	return inet_pton(AF_INET6, bare, &v6) == 1;
}

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static int copy(const char *s, bool good, const char *host, char *out, unsigned n, struct fault *f)
{
	size_t len = strlen(s);

	if (!good || len >= n)
		return fault_set(f, FAULT_USAGE, "\"%s\" is not a host name", host);
	memcpy(out, s, len + 1);
	return 0;
}

int net_ascii_host(const char *host, char *out, unsigned n, struct fault *f)
{
	char *ascii = NULL;
	int r;

	if (is_ascii(host))
		return copy(host, net_is_address(host) || is_ascii_name(host), host, out, n, f);
	if (!enc_is_utf8(host, strlen(host)))
		return copy("", false, host, out, n, f);
	r = idn2_to_ascii_8z(host, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (r != IDN2_OK)
		return fault_set(
		    f, FAULT_USAGE, "\"%s\" is not a host name: %s", host, idn2_strerror(r));
	r = copy(ascii, is_ascii_name(ascii), host, out, n, f);
	idn2_free(ascii);
	return r;
}
