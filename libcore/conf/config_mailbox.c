/* Enough of RFC 5322 section 3.4 (with RFC 6532) to tell a mailbox from a slip. The headers are made elsewhere. */
#include <string.h>

#include "base/enc.h"
#include "conf/config_impl.h"

static bool is_atext(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (unsigned char)c >= 0x80 || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* The lengths of what begins at s; 0 when it does not. */
static size_t quoted_string(const char *s)
{
	size_t n = 1;

	if (*s != '"')
		return 0;
	while (s[n] != '"') {
		n += s[n] == '\\';
		if (s[n] == '\0')
			return 0;
		n++;
	}
	return n + 1;
}

static size_t dot_atom(const char *s)
{
	size_t n = 0;

	while (is_atext(s[n]) || (s[n] == '.' && n > 0 && is_atext(s[n - 1]) && is_atext(s[n + 1])))
		n++;
	return n;
}

static size_t domain_literal(const char *s)
{
	size_t n = *s == '[' ? strcspn(s + 1, "[]\\ ") + 1 : 0;

	return n > 1 && s[n] == ']' ? n + 1 : 0;
}

static size_t addr_spec(const char *s)
{
	size_t local = *s == '"' ? quoted_string(s) : dot_atom(s);
	size_t domain;

	if (local == 0 || s[local] != '@')
		return 0;
	s += local + 1;
	domain = *s == '[' ? domain_literal(s) : dot_atom(s);
	return domain > 0 ? local + 1 + domain : 0;
}

/* phrase, with the dots that people write into names. */
static size_t display_name(const char *s)
{
	size_t n = 0;

	for (;;) {
		size_t word = s[n] == '"' ? quoted_string(s + n) : 0;

		while (is_atext(s[n + word]) || (word > 0 && s[n] != '"' && s[n + word] == '.'))
			word++;
		if (word == 0)
			return n;
		n += word;
		n += strspn(s + n, " ");
	}
}

int mailbox_check(const char *text, const char **spec, size_t *n, struct fault *f)
{
	const char *s = text;
	size_t len = addr_spec(s);

	if (!enc_is_utf8(text, strlen(text)))
		return fault_set(f, FAULT_CONFIG, "a mailbox that is not UTF-8");
	if (len == 0 || s[len] != '\0') {
		s += display_name(s);
		len = *s == '<' ? addr_spec(s + 1) : 0;
		if (len == 0 || s[len + 1] != '>' || s[len + 2] != '\0')
			return fault_set(f, FAULT_CONFIG,
			    "not a mailbox (\"Alice Liddell <alice@example.org>\" would be one): %s",
			    text);
		s++;
	}
	*spec = s;
	*n = len;
	return 0;
}
