/* locator: the last account, remembered. */
#include "app/locator.h"

#include <string.h>
#include <strings.h>

void locator_init(struct locator *l, struct tool *t)
{
	*l = (struct locator){.tool = t};
}

void locator_free(struct locator *l)
{
	url_free(&l->base);
	url_free(&l->server);
	l->named = l->found = NULL;
}

static bool is_absolute(const char *text)
{
	return strncasecmp(text, "imap:", 5) == 0 || strncasecmp(text, "imaps:", 6) == 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_server(const struct url *a, const struct url *b)
{
	return a->port == b->port && a->tls == b->tls && same_text(a->host, b->host) &&
	    same_text(a->user, b->user) && same_text(a->auth, b->auth);
}

/* 1 found, 0 not by what is remembered. What is wrong with a URL is for locate() to say. */
static int find_absolute(
    const struct locator *l, const char *text, const struct account **a, struct url *u)
{
	struct fault ignored;

	if (l->found == NULL || url_parse(u, text, strlen(text), &ignored) == -1)
		return 0;
	if (same_server(u, &l->server)) {
		*a = l->found;
		return 1;
	}
	url_free(u);
	return 0;
}

static int find_relative(
    const struct locator *l, const char *text, const struct account **a, struct url *u)
{
	struct fault ignored;
	struct url ref;
	size_t n = strcspn(text, "/");
	int r;

	if (l->named == NULL || strlen(l->named->name) != n ||
	    strncmp(l->named->name, text, n) != 0 || text[n] == '\0' || text[n + 1] == '\0' ||
	    url_parse_human(&ref, text + n + 1, strlen(text + n + 1), &ignored) == -1)
		return 0;
	r = url_resolve(u, &l->base, &ref, &ignored);
	url_free(&ref);
	if (r == -1)
		return 0;
	*a = l->named;
	return 1;
}

/* Without memory nothing is remembered. */
static void remember(
    struct locator *l, const char *text, const struct account *a, const struct url *u)
{
	const struct account *same;
	struct fault ignored;

	if (is_absolute(text)) {
		url_free(&l->server);
		l->found = url_copy(&l->server, u, &ignored) == 0 ? a : NULL;
		return;
	}
	url_free(&l->base);
	l->named = locate(l->tool, a->name, &same, &l->base, &ignored) == 0 ? a : NULL;
}

int locator_find(
    struct locator *l, const char *text, const struct account **a, struct url *u, struct fault *f)
{
	*u = (struct url){0};
	if (is_absolute(text) ? find_absolute(l, text, a, u) : find_relative(l, text, a, u))
		return 0;
	if (locate(l->tool, text, a, u, f) == -1)
		return -1;
	remember(l, text, *a, u);
	return 0;
}
