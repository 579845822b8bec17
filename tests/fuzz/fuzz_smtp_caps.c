/* EHLO lines of any kind give strings that end, and what is kept of them means the same when it is read again. Addresses that
 * pass hold nothing that would end a path or a line; xtext has only its own characters. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/caps.h"
#include "smtp/mailbox_path.h"

static void check_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if ((*s < ' ' && *s != '\n' && *s != '\t') || *s > '~')
			abort();
}

static bool same(const struct smtp_caps *a, const struct smtp_caps *b)
{
	return strcmp(a->auth, b->auth) == 0 && strcmp(a->burl_url, b->burl_url) == 0 &&
	    a->size_max == b->size_max && a->burl_imap == b->burl_imap && a->dsn == b->dsn &&
	    a->chunking == b->chunking && a->pipelining == b->pipelining;
}

static void check_caps(const char *lines)
{
	struct smtp_caps *c = malloc(2 * sizeof(*c));

	if (c == NULL)
		return;
	smtp_caps_parse(&c[0], lines);
	check_clean(c[0].ehlo);
	check_clean(c[0].auth);
	check_clean(c[0].burl_url);
	smtp_caps_parse(&c[1], c[0].ehlo);
	if (strcmp(c[0].ehlo, c[1].ehlo) != 0)
		abort();
	/* Lines that were left out for lack of room may have been keywords. */
	if (strlen(lines) < sizeof(c->ehlo) && !same(&c[0], &c[1]))
		abort();
	free(c);
}

static void check_address(const char *s, bool utf8)
{
	struct fault f;

	if (smtp_path_check(s, utf8, &f) != 0)
		return;
	if (s[0] == '\0' || strlen(s) > 254 || strpbrk(s, "\r\n<>\x7f\t") != NULL)
		abort();
	if (s[0] != '"' && strchr(s, ' ') != NULL)
		abort();
	for (; !utf8 && *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			abort();
}

static void check_xtext(const char *s)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	smtp_path_xtext(&b, s);
	for (const char *p = buf_str(&b); *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '=')
			abort();
	buf_reset(&b);
	smtp_path_orcpt(&b, s);
	if (strpbrk(buf_str(&b), " \r\n=") != NULL)
		abort();
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = malloc(n + 1);

	if (s == NULL)
		return 0;
	if (n > 0)
		memcpy(s, data, n);
	s[n] = '\0';
	check_caps(s);
	check_address(s, false);
	check_address(s, true);
	check_xtext(s);
	free(s);
	return 0;
}
