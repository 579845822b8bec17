#include <string.h>

#include "base/utf8.h"
#include "msg/address.h"
#include "msg/text.h"

enum { LOCAL_MAX = 64, PATH_MAX_OCTETS = 254 };

static int wrong(struct fault *f, const char *spec, const char *what)
{
	return fault_set(f, FAULT_DATA, "the address \"%.80s\" %s", spec, what);
}

/* No controls, C1 included, and nothing that is not UTF-8. */
static bool is_clean(const char *s, bool *eight)
{
	size_t n = strlen(s), len;
	uint32_t cp;

	for (*eight = false; n > 0; s += len, n -= len) {
		len = utf8_next(s, n, &cp);
		if (len == 0 || utf8_is_unsafe(cp))
			return false;
		*eight = *eight || cp >= 0x80;
	}
	return true;
}

/* Quoted-string of RFC 5321 section 4.1.2; its length, or 0. */
static size_t quoted_length(const char *s)
{
	size_t i = 1;

	while (s[i] != '\0' && s[i] != '"')
		i += s[i] == '\\' && s[i + 1] != '\0' ? 2 : 1;
	return s[i] == '"' ? i + 1 : 0;
}

/* Dot-string; its length, or 0. */
static size_t dotted_length(const char *s)
{
	size_t i = 0;

	for (;; i++) {
		size_t atom = i;

		while (text_is_atext(s[i]))
			i++;
		if (i == atom)
			return 0;
		if (s[i] != '.')
			return i;
	}
}

static bool is_literal(const char *s)
{
	size_t n = strlen(s);

	return n > 2 && s[0] == '[' && s[n - 1] == ']' && strcspn(s + 1, "[]\\ ") == n - 2;
}

/* Letters, digits, hyphens and, as some hosts have them, underscores; any UTF-8 (RFC 6531). */
static bool is_domain(const char *s)
{
	if (s[0] == '[')
		return is_literal(s);
	for (;; s++) {
		const char *label = s;

		while (text_is_alnum(*s) || *s == '-' || *s == '_' || (unsigned char)*s >= 0x80)
			s++;
		if (s == label)
			return false;
		if (*s != '.')
			return *s == '\0';
	}
}

int address_check(const char *spec, bool bare, bool *utf8, struct fault *f)
{
	bool eight;

	if (!is_clean(spec, &eight))
		return wrong(f, spec, "holds a control character or is not UTF-8");
	if (strlen(spec) > PATH_MAX_OCTETS)
		return wrong(f, spec, "is over 254 octets");
	size_t local = spec[0] == '"' ? quoted_length(spec) : dotted_length(spec);
	if (local == 0)
		return wrong(f, spec, "has a malformed local part");
	if (local > LOCAL_MAX)
		return wrong(f, spec, "has a local part over 64 octets");
	if (spec[local] == '\0' && !bare)
		return wrong(f, spec, "has no domain");
	if (spec[local] != '\0' && (spec[local] != '@' || !is_domain(spec + local + 1)))
		return wrong(f, spec, "has a malformed domain");
	if (utf8 != NULL)
		*utf8 = eight;
	return 0;
}
