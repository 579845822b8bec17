/* namespaces: the answer to NAMESPACE, and names under it. */
#include "app/namespaces.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/enc.h"
#include "imap/utf7.h"

uint32_t namespaces_send(struct imap *s, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s, "NAMESPACE");
	return imap_send(s, &c, f);
}

/* The prefix in UTF-8, allocated; NULL when it is none. */
static char *prefix_of(const struct node *n, bool utf8)
{
	struct buf b;
	char *s = NULL;

	if (n == NULL || n->kind != NODE_STRING)
		return NULL;
	buf_init(&b, NAMESPACE_PREFIX_MAX);
	if (utf8 ? enc_is_utf8(n->s, n->len) : utf7_decode(&b, n->s, n->len) == 0) {
		if (utf8)
			buf_put(&b, n->s, n->len);
		s = buf_steal(&b);
	}
	buf_free(&b);
	return s;
}

static void add(
    struct namespaces *to, enum namespace_kind kind, const struct node *entry, bool utf8)
{
	const struct node *prefix = entry->child;
	const struct node *delimiter = prefix != NULL ? prefix->next : NULL;
	char *text = prefix_of(prefix, utf8);

	if (text == NULL || to->n == NAMESPACES_MAX) {
		free(text);
		return;
	}
	to->ns[to->n++] = (struct namespace){.kind = kind,
	    .prefix = text,
	    .delimiter = delimiter != NULL && delimiter->len == 1 ? delimiter->s[0] : '\0'};
}

bool namespaces_event(struct namespaces *n, const struct imap *s, const struct event *ev)
{
	static const enum namespace_kind kinds[] = {
	    NAMESPACE_OWN, NAMESPACE_OTHERS, NAMESPACE_SHARED};
	const struct node *group = ev->kind == EV_NAMESPACE ? ev->args : NULL;
	struct imap_cmd c;
	bool utf8;

	if (ev->kind != EV_NAMESPACE)
		return false;
	imap_cmd_init(&c, s, "");
	utf8 = c.utf8;
	imap_cmd_free(&c);
	namespaces_free(n);
	for (size_t k = 0; k < 3 && group != NULL; k++, group = group->next)
		for (const struct node *e = group->child; e != NULL; e = e->next)
			add(n, kinds[k], e, utf8);
	return true;
}

void namespaces_free(struct namespaces *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->ns[i].prefix);
	n->n = 0;
}

/* "Shared" itself is in the namespace "Shared/". */
static bool is_under(const struct namespace *ns, const char *name)
{
	size_t n = strlen(ns->prefix);

	if (strncmp(ns->prefix, name, n) == 0)
		return true;
	return n > 1 && ns->prefix[n - 1] == ns->delimiter && strlen(name) == n - 1 &&
	    strncmp(ns->prefix, name, n - 1) == 0;
}

enum namespace_kind namespaces_kind(const struct namespaces *n, const char *name)
{
	const struct namespace *best = NULL;

	for (size_t i = 0; i < n->n; i++)
		if (is_under(&n->ns[i], name) &&
		    (best == NULL || strlen(n->ns[i].prefix) > strlen(best->prefix)))
			best = &n->ns[i];
	if (strcasecmp(name, "INBOX") == 0 && n->n > 0)
		return NAMESPACE_OWN;
	return best != NULL ? best->kind : NAMESPACE_UNKNOWN;
}

const char *namespace_word(enum namespace_kind kind)
{
	static const char *const words[] = {NULL, "own", "others", "shared"};

	return words[kind];
}
