#include <string.h>

#include "imap/url_text.h"

static bool is_given(const char *s)
{
	return s != NULL && *s != '\0';
}

static void escape(struct buf *out, const char *s, const char *also)
{
	url_escape(out, s, strlen(s), also);
}

static void build_server(struct buf *out, const struct url *u)
{
	buf_puts(out, u->tls ? "imaps://" : "imap://");
	if (is_given(u->user))
		escape(out, u->user, "");
	if (is_given(u->auth)) {
		buf_puts(out, ";AUTH=");
		escape(out, u->auth, "");
	}
	if (is_given(u->user) || is_given(u->auth))
		buf_putc(out, '@');
	if (strchr(u->host, ':') != NULL) {
		buf_putc(out, '[');
		buf_puts(out, u->host);
		buf_putc(out, ']');
	} else {
		escape(out, u->host, "");
	}
	if (u->port != 0)
		buf_printf(out, ":%u", (unsigned)u->port);
}

/* What may follow in a mailbox name as it is: not "." and ".." between slashes, which are places in
 * the tree to a reader of paths, and no "/" at either end, where it would join one of ours. */
static void build_segment(struct buf *out, const char *s, size_t n)
{
	if ((n == 1 || n == 2) && strspn(s, ".") == n) {
		buf_puts(out, n == 1 ? "%2E" : "%2E%2E");
		return;
	}
	url_escape(out, s, n, "");
}

static void build_mailbox(struct buf *out, const char *s)
{
	for (bool first = true;; first = false) {
		size_t n = strcspn(s, "/");
		build_segment(out, s, n);
		s += n;
		if (*s == '\0')
			return;
		bool at_edge = (first && n == 0) || s[1] == '\0';
		buf_puts(out, at_edge ? "%2F" : "/");
		s++;
	}
}

/* Appends ";KEYWORD=" as a path segment of its own: after a "/" unless nothing is before it. */
static void begin(struct buf *out, bool *inside, const char *keyword)
{
	if (*inside)
		buf_putc(out, '/');
	*inside = true;
	buf_puts(out, keyword);
}

static void build_message(struct buf *out, const struct url *u, bool inside)
{
	if (u->uid != 0) {
		begin(out, &inside, ";UID=");
		buf_printf(out, "%u", (unsigned)u->uid);
	}
	if (is_given(u->section)) {
		begin(out, &inside, ";SECTION=");
		escape(out, u->section, "");
	}
	if (!u->has_partial)
		return;
	begin(out, &inside, ";PARTIAL=");
	buf_printf(out, "%llu", (unsigned long long)u->partial_offset);
	if (u->partial_length != 0)
		buf_printf(out, ".%llu", (unsigned long long)u->partial_length);
}

static void build_path(struct buf *out, const struct url *u)
{
	bool inside = is_given(u->mailbox);

	if (inside)
		build_mailbox(out, u->mailbox);
	if (inside && u->uidvalidity != 0)
		buf_printf(out, ";UIDVALIDITY=%u", (unsigned)u->uidvalidity);
	build_message(out, u, inside);
	if (is_given(u->search) && u->uid == 0) {
		buf_putc(out, '?');
		escape(out, u->search, "/");
	}
}

/* The application's name cannot hold a "+", so the first one ends it. */
static void build_access(struct buf *out, const char *access)
{
	size_t n = strcspn(access, "+");

	buf_put(out, access, n);
	if (access[n] == '\0')
		return;
	buf_putc(out, '+');
	escape(out, access + n + 1, "");
}

static void build_rump_end(struct buf *out, const struct url *u)
{
	if (is_given(u->expire)) {
		buf_puts(out, ";EXPIRE=");
		escape(out, u->expire, ":+");
	}
	if (is_given(u->access)) {
		buf_puts(out, ";URLAUTH=");
		build_access(out, u->access);
	}
}

static void build_front(struct buf *out, const struct url *u)
{
	if (u->host != NULL)
		build_server(out, u);
	if (u->host != NULL || u->absolute_path)
		buf_putc(out, '/');
	build_path(out, u);
}

void url_build_relative(struct buf *out, const struct url *u)
{
	buf_putc(out, '/');
	build_path(out, u);
}

void url_build_rump(struct buf *out, const struct url *u)
{
	build_front(out, u);
	build_rump_end(out, u);
}

void url_build(struct buf *out, const struct url *u)
{
	url_build_rump(out, u);
	if (!is_given(u->access) || !is_given(u->mechanism) || !is_given(u->token))
		return;
	buf_putc(out, ':');
	escape(out, u->mechanism, "");
	buf_putc(out, ':');
	escape(out, u->token, "");
}

bool url_fits(const struct url *u)
{
	struct buf b;

	buf_init(&b, URL_MAX);
	url_build(&b, u);
	bool fits = !buf_failed(&b);
	buf_free(&b);
	return fits;
}
