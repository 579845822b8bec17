#include "smtp/mailbox_path.h"

#include <string.h>

#include "base/enc.h"

enum {
	LOCAL_MAX = 64,   /* RFC 5321 section 4.5.3.1 */
	ADDRESS_MAX = 254 /* a path of 256 less its brackets */
};

static bool is_atext(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    c >= 0x80 || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* The octets of a dot-string: whether anything is there, no more, for dots in odd places are common. */
static size_t dot_string(const char *s)
{
	size_t n = 0;

	while (is_atext((unsigned char)s[n]) || s[n] == '.')
		n++;
	return n;
}

/* The length of a quoted-string with its quotes; 0: it is none. Brackets in it would be legal, and would be trusted by
 * nobody who reads up to the first ">". */
static size_t quoted_string(const char *s)
{
	size_t n = 1;

	while (s[n] != '"') {
		if (s[n] == '\\')
			n++;
		if ((unsigned char)s[n] < ' ' || s[n] == 0x7f || s[n] == '<' || s[n] == '>')
			return 0;
		n++;
	}
	return n + 1;
}

static bool is_domain(const char *s)
{
	size_t n = 0;

	if (s[0] == '[') {
		for (n = 1; s[n] > ' ' && s[n] <= '~' && !strchr("<>[]\\", s[n]); n++)
			;
		return n > 1 && s[n] == ']' && s[n + 1] == '\0';
	}
	while (s[n] == '-' || s[n] == '.' ||
	    (is_atext((unsigned char)s[n]) && !strchr("!#$%&'*+/=?^`{|}~", s[n])))
		n++;
	return n > 0 && s[n] == '\0';
}

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

/* Why it is no address, or NULL. */
static const char *complaint(const char *s)
{
	size_t local = s[0] == '"' ? quoted_string(s) : dot_string(s);

	if (local == 0)
		return "no local part";
	if (local > LOCAL_MAX)
		return "the local part is longer than 64 octets";
	if (strlen(s) > ADDRESS_MAX)
		return "longer than 254 octets";
	/* A name without a domain is the server's to complete (RFC 6409 section 6.3), or to refuse. */
	if (s[local] != '\0' && (s[local] != '@' || !is_domain(s + local + 1)))
		return "a character that has no place in it";
	return NULL;
}

int smtp_path_check(const char *address, bool utf8, struct fault *f)
{
	const char *why = complaint(address);

	if (why)
		return fault_set(f, FAULT_DATA, "not a mail address: \"%.300s\": %s", address, why);
	if (is_ascii(address))
		return 0;
	if (!utf8)
		return fault_set(f, FAULT_DATA,
		    "the address \"%s\" needs SMTPUTF8, which was not asked for", address);
	if (!enc_is_utf8(address, strlen(address)))
		return fault_set(f, FAULT_DATA, "the address \"%s\" is not UTF-8", address);
	return 0;
}

void smtp_path_xtext(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s > ' ' && *s <= '~' && *s != '+' && *s != '=')
			buf_putc(out, *s);
		else
			buf_printf(out, "+%02X", (unsigned)(unsigned char)*s);
	}
}

/* utf-8-addr-unitext of RFC 6533 section 3: characters past ASCII stay as they are. */
static void unitext(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= ' ' || strchr("+=\\\x7f", *s))
			buf_printf(out, "\\x{%02X}", (unsigned)(unsigned char)*s);
		else
			buf_putc(out, *s);
	}
}

void smtp_path_orcpt(struct buf *out, const char *s)
{
	if (is_ascii(s)) {
		buf_puts(out, "rfc822;");
		smtp_path_xtext(out, s);
	} else {
		buf_puts(out, "utf-8;");
		unitext(out, s);
	}
}
