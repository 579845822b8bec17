#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "imap/url_text.h"
#include "imap/utf7.h"

static size_t take_digits(struct url_scan *p)
{
	size_t begin = p->at;

	while (p->at < p->n && p->s[p->at] >= '0' && p->s[p->at] <= '9')
		p->at++;
	return p->at - begin;
}

static int scan_nz32(struct url_scan *p, const char *name, uint32_t *out)
{
	size_t begin = p->at, len = take_digits(p);

	if (num_nz32(p->s + begin, len, out) == 0)
		return 0;
	p->at = begin;
	return url_scan_fail(p, "the %s is not a number from 1 to 4294967295", name);
}

/*
 * Many write a mailbox's name as it is on the wire, "&ZeVnLIqe-". In the form of RFC 5092 a "&" of the
 * name itself is legal too, so what decodes as modified UTF-7 is read so; but not where one is
 * escaped, as the sample code of the RFC and url_build() always do.
 */
static int unshift_mailbox(struct url_scan *p, const char *raw, size_t n, char **mailbox)
{
	struct buf name;

	if (memchr(raw, '&', n) == NULL || memmem(raw, n, "%26", 3) != NULL)
		return 0;
	buf_init(&name, URL_MAX);
	bool decoded = utf7_decode(&name, *mailbox, strlen(*mailbox)) == 0;
	if (!decoded || strpbrk(buf_str(&name), "\r\n") != NULL) {
		buf_free(&name);
		return decoded ? url_scan_fail(p, "an encoded CR or LF") : 0;
	}
	free(*mailbox);
	*mailbox = buf_steal(&name);
	return *mailbox != NULL ? 0 : fault_set(p->f, FAULT_TEMP, "out of memory");
}

/* A segment "." or ".." is a step in the tree (RFC 3986 section 5.2.4). Names that are so have their
 * dots escaped; a step has no use here, and would name another mailbox to each reader. */
static bool has_dot_segment(const char *raw, size_t n, bool last_ends_path)
{
	for (size_t i = 0; i <= n;) {
		const char *slash = memchr(raw + i, '/', n - i);
		size_t len = slash != NULL ? (size_t)(slash - (raw + i)) : n - i;
		bool dots =
		    (len == 1 && raw[i] == '.') || (len == 2 && memcmp(raw + i, "..", 2) == 0);
		if (dots && (slash != NULL || last_ends_path))
			return true;
		i += len + 1;
	}
	return false;
}

/* enc-mailbox up to `end`. */
static int scan_name(struct url_scan *p, size_t end, struct url *u)
{
	static const struct url_component mailbox = {"mailbox", "&=:@/", "\"#<>[\\]^`{|}"};
	size_t begin = p->at;
	bool modified = end < p->n && p->s[end] == ';';

	if (has_dot_segment(p->s + begin, end - begin, !modified))
		return url_scan_fail(p, "the mailbox has a segment of dots; write them %%2E");
	if (url_scan_text(p, end, &mailbox, &u->mailbox) != 0)
		return -1;
	return unshift_mailbox(p, p->s + begin, end - begin, &u->mailbox);
}

/* imailbox-ref. The name runs up to ";UIDVALIDITY=", or to the "/" before any other parameter; none is
 * needed in a relative reference. */
static int scan_mailbox(struct url_scan *p, struct url *u)
{
	static const char key[] = ";UIDVALIDITY=";
	size_t end = url_scan_find(p, ";?");
	bool parameter = end < p->n && p->s[end] == ';';

	if (parameter && url_scan_at_key(p, end, key)) {
		if (scan_name(p, end, u) != 0)
			return -1;
		p->at += sizeof(key) - 1;
		return scan_nz32(p, "UIDVALIDITY", &u->uidvalidity);
	}
	if (!parameter)
		return scan_name(p, end, u);
	if (end == p->at && !u->absolute_path)
		return 0;
	if (end == p->at || p->s[end - 1] != '/') {
		p->at = end;
		return url_scan_fail(p, "neither ;UIDVALIDITY= nor /;UID= after a mailbox");
	}
	return scan_name(p, end - 1, u);
}

static int scan_search(struct url_scan *p, struct url *u)
{
	static const struct url_component search = {"search", "&=:@/?;", "\"#<>[\\]^`{|}"};

	p->at++;
	return url_scan_text(p, p->n, &search, &u->search);
}

static int scan_section(struct url_scan *p, struct url *u)
{
	static const struct url_component section = {"section", "&=:@", ""};
	size_t begin = p->at;

	if (url_scan_text(p, url_scan_find(p, "/;"), &section, &u->section) != 0)
		return -1;
	url_upper(u->section);
	if (url_section_valid(u->section))
		return 0;
	p->at = begin;
	return url_scan_fail(p, "no such section");
}

/* partial-range */
static int scan_partial(struct url_scan *p, struct url *u)
{
	size_t begin = p->at, len = take_digits(p);

	u->has_partial = true;
	if (num_u63(p->s + begin, len, &u->partial_offset) != 0)
		return url_scan_fail(p, "PARTIAL does not begin with an offset");
	if (p->at == p->n || p->s[p->at] != '.')
		return 0;
	begin = ++p->at;
	len = take_digits(p);
	if (len == 0 || p->s[begin] == '0' || num_u63(p->s + begin, len, &u->partial_length) != 0)
		return url_scan_fail(p, "the length of PARTIAL is not a number from 1");
	return 0;
}

/* ";KEY=" as a path segment of its own: after a "/", or at the front of a reference. */
static bool take_segment(struct url_scan *p, const char *key)
{
	return (p->at == 0 || (p->at < p->n && p->s[p->at] == '/')) && url_scan_key(p, key);
}

/* iuid, isection and ipartial. Where they may be left out depends on what is before them. */
static int scan_message(struct url_scan *p, struct url *u)
{
	bool inherits = u->mailbox == NULL;

	if (take_segment(p, ";UID=") && scan_nz32(p, "UID", &u->uid) != 0)
		return -1;
	if (u->uid == 0 && !inherits && p->at < p->n)
		return url_scan_fail(p, "no /;UID= after the mailbox");
	if (take_segment(p, ";SECTION=") && scan_section(p, u) != 0)
		return -1;
	if (take_segment(p, ";PARTIAL=") && scan_partial(p, u) != 0)
		return -1;
	return u->uid != 0 && !inherits ? url_scan_urlauth(p, u) : 0;
}

static int scan_path(struct url_scan *p, struct url *u)
{
	if (u->host == NULL)
		u->absolute_path = p->s[0] == '/';
	else
		u->absolute_path = true;
	if (p->at < p->n && u->absolute_path && p->s[p->at++] != '/')
		return url_scan_fail(p, "no / after the server");
	if (u->host == NULL && p->n > 1 && p->s[0] == '/' && p->s[1] == '/')
		return url_scan_fail(p, "a reference that begins with // is not taken");
	if (p->at == p->n)
		return 0;
	if (scan_mailbox(p, u) != 0)
		return -1;
	if (p->at < p->n && p->s[p->at] == '?')
		return scan_search(p, u);
	return scan_message(p, u);
}

static int scan_url(struct url_scan *p, struct url *u)
{
	if (p->n == 0 || p->n > URL_MAX)
		return url_scan_fail(p, "it is empty, or longer than %d octets", URL_MAX);
	if (url_scan_server(p, u) != 0 || scan_path(p, u) != 0)
		return -1;
	if (p->at < p->n)
		return url_scan_fail(p, "nothing that may stand here");
	/* So that what we parse we can build, whatever it is that build escapes. */
	if (!url_fits(u))
		return url_scan_fail(p, "it is longer than %d octets when escaped", URL_MAX);
	return 0;
}

static int parse(struct url *u, struct url_scan *p)
{
	*u = (struct url){0};
	if (scan_url(p, u) == 0)
		return 0;
	url_free(u);
	return -1;
}

int url_parse(struct url *u, const char *s, size_t n, struct fault *f)
{
	return parse(u, &(struct url_scan){.s = s, .n = n, .f = f});
}

int url_parse_human(struct url *u, const char *s, size_t n, struct fault *f)
{
	return parse(u, &(struct url_scan){.s = s, .n = n, .f = f, .human = true});
}
