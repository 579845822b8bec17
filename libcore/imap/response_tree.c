/* response_tree: the nodes of a response. */
#include <string.h>
#include <strings.h>

#include "imap/response_impl.h"

int response_too_large(struct fault *f)
{
	return fault_set(f, FAULT_PROTOCOL, "a response over %d octets", RESPONSE_MAX);
}

bool response_is_nil(const char *s, size_t n)
{
	return n == 3 && strncasecmp(s, "NIL", 3) == 0;
}

int response_tree_begin(struct response_parser *r, struct fault *f)
{
	struct node *root;

	arena_reset(&r->arena);
	r->depth = 0;
	root = arena_take(&r->arena, sizeof(*root));
	if (root == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	*root = (struct node){.kind = NODE_LIST, .s = ""};
	r->level[0] = (struct level){.list = root};
	return 0;
}

const struct node *response_args(const struct response_parser *r)
{
	return r->level[0].list->child;
}

struct node *response_add(struct response_parser *r, enum node_kind kind, struct fault *f)
{
	struct level *l = &r->level[r->depth];
	struct node *n = arena_take(&r->arena, sizeof(*n));

	if (n == NULL) {
		response_too_large(f);
		return NULL;
	}
	*n = (struct node){.kind = kind, .s = ""};
	if (l->last == NULL)
		l->list->child = n;
	else
		l->last->next = n;
	l->before_last = l->last;
	l->last = n;
	l->list->count++;
	return n;
}

struct node *response_add_text(
    struct response_parser *r, enum node_kind kind, const char *s, size_t n, struct fault *f)
{
	struct node *node = response_add(r, kind, f);
	const char *copy;

	if (node == NULL || kind == NODE_NIL)
		return node;
	copy = arena_copy(&r->arena, s, n);
	if (copy == NULL) {
		response_too_large(f);
		return NULL;
	}
	node->s = copy;
	node->len = n;
	return node;
}

int response_open_list(struct response_parser *r, struct fault *f)
{
	struct node *n = response_add(r, NODE_LIST, f);

	if (n == NULL)
		return -1;
	r->level[++r->depth] = (struct level){.list = n};
	return 0;
}

void response_close_list(struct response_parser *r)
{
	r->depth--;
}
