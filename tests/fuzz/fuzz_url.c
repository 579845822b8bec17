/* A URL that parses keeps the promises of its header, builds within the limit, and comes back equal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/num.h"
#include "imap/url.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool equal(const struct url *a, const struct url *b)
{
	return same(a->user, b->user) && same(a->auth, b->auth) && same(a->host, b->host) &&
	    a->port == b->port && a->tls == b->tls && a->absolute_path == b->absolute_path &&
	    same(a->mailbox, b->mailbox) && a->uidvalidity == b->uidvalidity &&
	    same(a->search, b->search) && a->uid == b->uid && same(a->section, b->section) &&
	    a->has_partial == b->has_partial && a->partial_offset == b->partial_offset &&
	    a->partial_length == b->partial_length && same(a->expire, b->expire) &&
	    same(a->access, b->access) && same(a->mechanism, b->mechanism) &&
	    same(a->token, b->token);
}

static void check_string(const char *s)
{
	if (s != NULL)
		must(*s != '\0' && strpbrk(s, "\r\n") == NULL && enc_is_utf8(s, strlen(s)));
}

static void check_promises(const struct url *u)
{
	const char *const strings[] = {u->user, u->auth, u->host, u->mailbox, u->search, u->section,
	    u->expire, u->access, u->mechanism, u->token};
	time_t time;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		check_string(strings[i]);
	must(u->host == NULL || u->absolute_path);
	must(u->host != NULL || (u->user == NULL && u->auth == NULL && u->port == 0 && !u->tls));
	must(u->mailbox != NULL || (u->uidvalidity == 0 && u->search == NULL && u->access == NULL));
	must(u->section == NULL || url_section_valid(u->section));
	must(u->has_partial || (u->partial_offset == 0 && u->partial_length == 0));
	must(u->expire == NULL || num_rfc3339(u->expire, &time) == 0);
	must((u->mechanism == NULL) == (u->token == NULL));
	must(u->token == NULL || u->access != NULL);
}

/* Building and parsing give the same URL, and building that gives the same text. */
static void check_round(const struct url *u)
{
	struct buf text, rebuilt;
	struct url again;
	struct fault f;

	buf_init(&text, URL_MAX);
	buf_init(&rebuilt, URL_MAX);
	url_build(&text, u);
	must(!buf_failed(&text));
	for (size_t i = 0; i < text.len; i++)
		must(text.data[i] > ' ' && text.data[i] <= '~');
	must(url_parse(&again, text.data, text.len, &f) == 0 && equal(u, &again));
	url_build(&rebuilt, &again);
	must(text.len == rebuilt.len && memcmp(text.data, rebuilt.data, text.len) == 0);
	url_free(&again);
	buf_free(&text);
	buf_free(&rebuilt);
}

/* The parts that are built alone parse too, where they name something. */
static void check_parts(const struct url *u)
{
	struct buf text;
	struct url part;
	struct fault f;

	buf_init(&text, URL_MAX + 1);
	url_build_relative(&text, u);
	if (u->mailbox != NULL || (u->uid == 0 && u->section == NULL && !u->has_partial)) {
		must(url_parse(&part, text.data, text.len, &f) == 0);
		must(same(part.mailbox, u->mailbox) && part.uid == u->uid && part.access == NULL);
		url_free(&part);
	}
	buf_reset(&text);
	url_build_rump(&text, u);
	must(url_parse(&part, text.data, text.len, &f) == 0);
	must(same(part.access, u->access) && part.token == NULL && same(part.mailbox, u->mailbox));
	url_free(&part);
	buf_free(&text);
}

static void check_resolve(const struct url *u)
{
	static const char text[] = "imap://bob@example.org/m;UIDVALIDITY=3/;UID=20/;SECTION=1.2";
	struct url base, out;
	struct fault f;

	must(url_parse(&base, text, sizeof(text) - 1, &f) == 0);
	if (url_resolve(&out, &base, u, &f) == 0) {
		must(out.host != NULL);
		check_promises(&out);
		check_round(&out);
		url_free(&out);
	}
	if (u->host != NULL) {
		must(url_same_server(u, u));
		must(url_copy(&out, u, &f) == 0 && equal(u, &out));
		url_free(&out);
	}
	url_free(&base);
}

static bool check(
    int (*parse)(struct url *, const char *, size_t, struct fault *), const char *s, size_t n)
{
	struct fault f = {0};
	struct url u;

	if (parse(&u, s, n, &f) != 0) {
		must(f.cls == FAULT_DATA && u.host == NULL && u.mailbox == NULL);
		return false;
	}
	check_promises(&u);
	check_round(&u);
	check_parts(&u);
	check_resolve(&u);
	url_free(&u);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool strict = check(url_parse, (const char *)data, n);
	bool human = check(url_parse_human, (const char *)data, n);

	must(human || !strict);
	return 0;
}
