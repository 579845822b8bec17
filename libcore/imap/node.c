/* node: reading the tree of a response. */
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/response.h"

bool node_is(const struct node *n, const char *keyword)
{
	return n != NULL && (n->kind == NODE_ATOM || n->kind == NODE_STRING) &&
	    n->len == strlen(keyword) && strncasecmp(n->s, keyword, n->len) == 0;
}

const struct node *node_pair(const struct node *first, const char *key)
{
	for (const struct node *n = first; n != NULL && n->next != NULL; n = n->next->next)
		if (node_is(n, key))
			return n->next;
	return NULL;
}

int node_u32(const struct node *n, uint32_t *out)
{
	return n == NULL || n->kind == NODE_LIST ? -1 : num_u32(n->s, n->len, out);
}

int node_u63(const struct node *n, uint64_t *out)
{
	return n == NULL || n->kind == NODE_LIST ? -1 : num_u63(n->s, n->len, out);
}
