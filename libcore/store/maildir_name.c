#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "store/maildir.h"
#include "store/maildir_impl.h"

/* The letters of bits 0 to 31. They ascend. */
static const char letters[] = "DFPRSTabcdefghijklmnopqrstuvwxyz";

static const char info[] = ":2,";
enum { INFO_LEN = sizeof(info) - 1 };

static uint32_t flag_bit(char c)
{
	const char *at = c != '\0' ? strchr(letters, c) : NULL;

	return at != NULL ? 1U << (at - letters) : 0;
}

bool maildir_is_file_name(const char *name)
{
	size_t n = strnlen(name, MAILDIR_NAME_MAX + 1);

	return n > 0 && n <= MAILDIR_NAME_MAX && name[0] != '.' && strchr(name, '/') == NULL;
}

/* The value of the first `,U=`. */
static uint32_t base_uid(const char *base)
{
	const char *s = strstr(base, ",U=");
	uint32_t uid = 0;

	if (s == NULL || num_nz32(s + 3, strcspn(s + 3, ","), &uid) != 0)
		return 0;
	return uid;
}

static void parse_flags(const char *s, struct maildir_name *out)
{
	size_t n = 0;

	for (; *s != '\0' && *s != ','; s++) {
		uint32_t bit = flag_bit(*s);

		out->flags |= bit;
		if (bit == 0)
			out->other[n++] = *s;
	}
	while (*s != '\0')
		out->other[n++] = *s++;
	out->other[n] = '\0';
}

int maildir_name_parse(const char *name, struct maildir_name *out)
{
	const char *flags;
	size_t n;

	if (!maildir_is_file_name(name))
		return -1;
	flags = strstr(name, info);
	n = flags != NULL ? (size_t)(flags - name) : strlen(name);
	if (n == 0)
		return -1;
	memcpy(out->base, name, n);
	out->base[n] = '\0';
	out->uid = base_uid(out->base);
	out->flags = 0;
	out->other[0] = '\0';
	if (flags != NULL)
		parse_flags(flags + INFO_LEN, out);
	return 0;
}

/* The n characters at s in ascending order, as unsigned octets. */
static void sort(char *s, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		char c = s[i];
		size_t k = i;

		for (; k > 0 && (unsigned char)s[k - 1] > (unsigned char)c; k--)
			s[k] = s[k - 1];
		s[k] = c;
	}
}

/* Into an array that has room for all there can be. */
static size_t put_flags(char *out, const struct maildir_name *name)
{
	char other[MAILDIR_NAME_MAX + 1];
	size_t nother = strcspn(name->other, ","), len = 0, k = 0;

	memcpy(other, name->other, nother);
	sort(other, nother);
	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		while (k < nother && (unsigned char)other[k] < (unsigned char)letters[i])
			out[len++] = other[k++];
		if ((name->flags & (1U << i)) != 0)
			out[len++] = letters[i];
	}
	while (k < nother)
		out[len++] = other[k++];
	memcpy(out + len, name->other + nother, strlen(name->other + nother) + 1);
	return len + strlen(name->other + nother);
}

int maildir_name_build(char *out, size_t n, const struct maildir_name *name, bool in_new)
{
	char text[3 * (MAILDIR_NAME_MAX + 1)];
	size_t len = strlen(name->base);

	if (!maildir_is_file_name(name->base) || strstr(name->base, info) != NULL ||
	    strchr(name->other, '/') != NULL)
		return -1;
	memcpy(text, name->base, len + 1);
	if (!in_new || name->flags != 0 || name->other[0] != '\0') {
		memcpy(text + len, info, INFO_LEN);
		len += INFO_LEN;
		len += put_flags(text + len, name);
	}
	if (len > MAILDIR_NAME_MAX || len >= n)
		return -1;
	memcpy(out, text, len + 1);
	return 0;
}

void maildir_escape_host(char out[static MAILDIR_HOST_MAX + 1], const char *host)
{
	size_t len = 0;

	for (const char *s = host; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = c > ' ' && c < 0x7f && strchr("/:,\\", c) == NULL;
		size_t need = plain ? 1 : 4;

		if (len + need > MAILDIR_HOST_MAX)
			break;
		if (plain)
			out[len] = *s;
		else
			snprintf(out + len, need + 1, "\\%03o", (unsigned)c);
		len += need;
	}
	out[len] = '\0';
}

int maildir_base(
    char *out, size_t n, int64_t seconds, uint64_t owner, uint32_t uid, const char *host)
{
	char safe[MAILDIR_HOST_MAX + 1];
	int len;

	maildir_escape_host(safe, *host != '\0' ? host : "localhost");
	/* What is older than 1970 must not begin with a "-", which reads as an option. */
	len = snprintf(out, n, "%lld.%016llx_%lu.%s,U=%lu", (long long)(seconds < 0 ? 0 : seconds),
	    (unsigned long long)owner, (unsigned long)uid, safe, (unsigned long)uid);
	return uid != 0 && len > 0 && (size_t)len < n ? 0 : -1;
}

/* 16 hexadecimal digits, of the one case that maildir_base() writes. */
static int parse_owner(const char *s, uint64_t *owner)
{
	uint64_t value = 0;

	for (int i = 0; i < 16; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			value = value << 4 | (uint64_t)(s[i] - '0');
		else if (s[i] >= 'a' && s[i] <= 'f')
			value = value << 4 | (uint64_t)(s[i] - 'a' + 10);
		else
			return -1;
	}
	*owner = value;
	return 0;
}

/* Nothing, or fields like `,S=1`. */
static bool are_fields(const char *s)
{
	while (*s == ',') {
		size_t n = strcspn(s + 1, ",");

		if (n < 3 || s[1] < 'A' || s[1] > 'Z' || s[2] != '=')
			return false;
		s += 1 + n;
	}
	return *s == '\0';
}

bool maildir_base_owner(const char *base, uint64_t *owner, uint32_t *uid)
{
	size_t digits = strspn(base, "0123456789");
	const char *s = base + digits;
	uint32_t first = 0;
	uint64_t value;

	if (digits == 0 || *s != '.' || parse_owner(s + 1, &value) != 0 || s[17] != '_')
		return false;
	s += 18;
	digits = strspn(s, "0123456789");
	if (num_nz32(s, digits, &first) != 0 || s[digits] != '.')
		return false;
	s += digits;
	s += strcspn(s, ",");
	if (strncmp(s, ",U=", 3) != 0 || base_uid(s) != first || !are_fields(s))
		return false;
	*owner = value;
	*uid = first;
	return true;
}
