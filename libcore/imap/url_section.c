#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/url.h"

/* The length of section-part at s: "1.2.3"; 0 when there is none, or a number does not fit. */
static size_t part_len(const char *s)
{
	size_t len = 0;
	uint32_t number;

	for (;;) {
		size_t digits = strspn(s + len, "0123456789");
		if (num_nz32(s + len, digits, &number) != 0)
			return 0;
		len += digits;
		if (s[len] != '.' || s[len + 1] < '0' || s[len + 1] > '9')
			return len;
		len++;
	}
}

/* A field name (RFC 5322 section 2.2) that is an atom of IMAP: those are the ones in use. */
static size_t field_len(const char *s)
{
	size_t len = 0;

	while (s[len] > ' ' && s[len] <= '~' && strchr(":(){%*\"\\", s[len]) == NULL)
		len++;
	return len;
}

/* header-list: "(Subject To)", to the end of the text. */
static bool is_header_list(const char *s)
{
	if (*s != '(')
		return false;
	do {
		s++;
		size_t len = field_len(s);
		if (len == 0)
			return false;
		s += len;
	} while (*s == ' ');
	return strcmp(s, ")") == 0;
}

/* section-msgtext */
static bool is_msgtext(const char *s)
{
	static const char fields[] = "HEADER.FIELDS", not [] = ".NOT";

	if (strcasecmp(s, "HEADER") == 0 || strcasecmp(s, "TEXT") == 0)
		return true;
	if (strncasecmp(s, fields, sizeof(fields) - 1) != 0)
		return false;
	s += sizeof(fields) - 1;
	if (strncasecmp(s, not, sizeof(not ) - 1) == 0)
		s += sizeof(not ) - 1;
	return *s == ' ' && is_header_list(s + 1);
}

bool url_section_valid(const char *s)
{
	if (*s < '0' || *s > '9')
		return is_msgtext(s);
	size_t len = part_len(s);
	if (len == 0 || s[len] == '\0')
		return len > 0;
	return s[len] == '.' && (strcasecmp(s + len + 1, "MIME") == 0 || is_msgtext(s + len + 1));
}
