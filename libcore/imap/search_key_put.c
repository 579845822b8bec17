/* search_key_put: the tree to a search program. */
#include <stdio.h>
#include <string.h>

#include "imap/search_key_impl.h"

/* date of RFC 9051 section 9: "1-Feb-2026". */
static void put_date(struct imap_cmd *c, int year, int month, int day)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[40];

	snprintf(text, sizeof(text), "%d-%.3s-%04d", day, months + (size_t)(month - 1) * 3, year);
	imap_atom(c, text);
}

static void put_age(struct imap_cmd *c, const struct search_node *node, bool within, time_t now)
{
	time_t then = now - (time_t)node->number;
	struct tm tm = {0};

	imap_atom(c, within ? node->word->imap : node->word->byday);
	if (within) {
		imap_number(c, node->number);
		return;
	}
	localtime_r(&then, &tm);
	put_date(c, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static void put_key(struct imap_cmd *c, const struct search_node *node, bool within, time_t now)
{
	if (node->word->value == VALUE_AGE) {
		put_age(c, node, within, now);
		return;
	}
	imap_atom(c, node->word->imap);
	switch (node->word->value) {
	case VALUE_KEYWORD:
		imap_flag(c, node->value);
		break;
	case VALUE_SET:
		imap_atom(c, node->value);
		break;
	case VALUE_DATE:
		put_date(c, node->year, node->month, node->day);
		break;
	case VALUE_SIZE:
		imap_number(c, node->number);
		break;
	case VALUE_HEADER:
		imap_astring(c, node->name, strlen(node->name));
		imap_astring(c, node->value, strlen(node->value));
		break;
	case VALUE_TEXT:
		imap_astring(c, node->value, strlen(node->value));
		break;
	default:
		break;
	}
}

struct put {
	struct imap_cmd *c;
	const struct search_key *k;
	bool within;
	time_t now;
};

static void put_node(const struct put *p, uint32_t at);

/* a or b or c: OR a OR b c. */
static void put_or(const struct put *p, uint32_t child)
{
	for (; child != 0; child = p->k->node[child].next) {
		if (p->k->node[child].next != 0)
			imap_atom(p->c, "OR");
		put_node(p, child);
	}
}

static void put_and(const struct put *p, uint32_t child)
{
	for (; child != 0; child = p->k->node[child].next)
		put_node(p, child);
}

/* As one search-key: parentheses where there are several. The depth is that of the tree: SEARCH_DEPTH_MAX. */
static void put_node(const struct put *p, uint32_t at)
{
	const struct search_node *node = &p->k->node[at];
	bool several = node->op == SEARCH_AND && p->k->node[node->child].next != 0;

	switch (node->op) {
	case SEARCH_KEY:
		put_key(p->c, node, p->within, p->now);
		break;
	case SEARCH_NOT:
		imap_atom(p->c, "NOT");
		put_node(p, node->child);
		break;
	case SEARCH_OR:
		put_or(p, node->child);
		break;
	case SEARCH_AND:
		if (several)
			imap_list(p->c);
		put_and(p, node->child);
		if (several)
			imap_list_end(p->c);
		break;
	}
}

void search_key_put(struct imap_cmd *c, const struct search_key *k, bool within, time_t now)
{
	const struct put p = {c, k, within, now};
	const struct search_node *root = &k->node[k->root];

	if (root->op == SEARCH_AND)
		put_and(&p, root->child);
	else
		put_node(&p, k->root);
}
