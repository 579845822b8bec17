/* response_stream: what does not wait for the end of its response. */
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/response_impl.h"

const struct node *response_args(const struct response_parser *r)
{
	return r->level[0].list->child;
}

static const struct node *last(const struct response_parser *r, unsigned depth)
{
	return r->level[depth].last;
}

static bool begins(const char *s, const char *with)
{
	return strncasecmp(s, with, strlen(with)) == 0;
}

/* FETCH items whose value is message data. */
static bool is_data_item(const struct node *n)
{
	return n != NULL && n->kind == NODE_ATOM &&
	    (begins(n->s, "BODY[") || begins(n->s, "BINARY[") || node_is(n, "RFC822") ||
		node_is(n, "RFC822.HEADER") || node_is(n, "RFC822.TEXT"));
}

static enum sink fetch_sink(const struct response_parser *r)
{
	bool value = r->depth == 1 && r->level[1].list->count % 2 == 1;

	return value && is_data_item(last(r, 1)) ? SINK_SECTION : SINK_NODE;
}

static enum sink urlfetch_sink(const struct response_parser *r)
{
	if (r->depth == 0)
		return r->url_open ? SINK_SECTION : SINK_NODE;
	if (r->depth == 1 && r->level[1].list->count % 2 == 1 &&
	    (node_is(last(r, 1), "BODY") || node_is(last(r, 1), "BINARY")))
		return SINK_SECTION;
	return SINK_NODE;
}

/* The name before the list at level 1: its left neighbour. */
static const struct node *before_list(const struct response_parser *r)
{
	const struct node *list = r->level[1].list, *before = NULL;

	for (const struct node *n = response_args(r); n != NULL && n != list; n = n->next)
		before = n;
	return before;
}

static enum sink esearch_sink(const struct response_parser *r)
{
	size_t count;

	if (r->depth == 0)
		return node_is(last(r, 0), "ALL") ? SINK_SET : SINK_NODE;
	if (r->depth > 1)
		return SINK_NODE;
	count = r->level[1].list->count;
	const struct node *name = before_list(r);
	if (node_is(name, "PARTIAL"))
		return count == 1 ? SINK_SET : SINK_NODE;
	if (node_is(name, "ADDTO") || node_is(name, "REMOVEFROM"))
		return count % 2 == 1 ? SINK_SET : SINK_NODE;
	return SINK_NODE;
}

enum sink response_sink(const struct response_parser *r)
{
	switch (r->kind) {
	case EV_FETCH:
	case EV_CONVERTED:
		return fetch_sink(r);
	case EV_URLFETCH:
		return urlfetch_sink(r);
	case EV_VANISHED:
	case EV_SEARCH:
	case EV_SORT:
		return r->depth == 0 ? SINK_SET : SINK_NODE;
	case EV_ESEARCH:
		return esearch_sink(r);
	default:
		return SINK_NODE;
	}
}

/* "BODY[1.MIME]<0>" to item, section and origin. */
static void split_item(struct response_parser *r, const struct node *n, struct section_event *s)
{
	const char *open = strchr(n->s, '['), *close = strrchr(n->s, ']');

	s->section = "";
	if (open == NULL || close == NULL || close < open) {
		s->item = n->s;
		return;
	}
	char *item = arena_copy(&r->arena, n->s, (size_t)(open - n->s));
	char *section = arena_copy(&r->arena, open + 1, (size_t)(close - open - 1));
	s->item = item != NULL ? item : "";
	s->section = section != NULL ? section : "";
	if (close[1] == '<') {
		size_t len = strcspn(close + 2, ">.");

		s->has_origin = num_u63(close + 2, len, &s->origin) == 0;
	}
}

static uint32_t uid_so_far(const struct response_parser *r)
{
	uint32_t uid = 0;

	node_u32(node_pair(r->level[1].list->child, "UID"), &uid);
	return uid;
}

static void url_section(struct response_parser *r, bool nil, struct section_event *s)
{
	s->item = "URLFETCH";
	s->section = r->url != NULL ? r->url->s : "";
	s->detail = r->depth == 1 ? last(r, 1)->s : "";
	s->bodypartstructure = r->url_structure;
	if (r->depth == 1 && s->bodypartstructure == NULL) {
		const struct node *n = node_pair(r->level[1].list->child, "BODYPARTSTRUCTURE");

		s->bodypartstructure = n != NULL && n->kind == NODE_LIST ? n : NULL;
	}
	r->url_open = false;
	r->url_nil = r->url_nil && nil;
}

void response_section(struct response_parser *r, const struct token *t, bool nil, struct event *ev)
{
	struct event e = {.kind = EV_SECTION};
	struct section_event *s = &e.section;

	s->detail = "";
	s->num = r->num;
	s->nil = nil;
	if (t != NULL) {
		s->sized = true;
		s->size = t->size;
		s->binary = t->binary;
	}
	if (r->kind == EV_URLFETCH) {
		url_section(r, nil, s);
	} else {
		s->uid = uid_so_far(r);
		split_item(r, last(r, 1), s);
		if (r->kind == EV_CONVERTED) {
			s->detail = s->item;
			s->item = "CONVERTED";
		}
	}
	response_emit(r, ev, &e);
}

void response_section_data(
    struct response_parser *r, const char *p, size_t n, bool end, struct event *ev)
{
	struct event data = {.kind = EV_SECTION_DATA, .data = p, .len = n};
	struct event over = {.kind = EV_SECTION_END};

	if (n > 0)
		response_emit(r, ev, &data);
	if (end)
		response_emit(r, ev, &over);
}

static bool is_set_text(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] < '0' || p[i] > '9') && p[i] != ':' && p[i] != ',' && p[i] != '*')
			return false;
	return n > 0;
}

static enum set_source source_of(const struct response_parser *r)
{
	switch (r->kind) {
	case EV_VANISHED:
		return SET_VANISHED;
	case EV_SEARCH:
		return SET_SEARCH;
	case EV_SORT:
		return SET_SORT;
	default:
		break;
	}
	if (r->depth == 0)
		return SET_ESEARCH_ALL;
	const struct node *name = before_list(r);
	if (node_is(name, "PARTIAL"))
		return SET_ESEARCH_PARTIAL;
	return node_is(name, "ADDTO") ? SET_ESEARCH_ADDTO : SET_ESEARCH_REMOVEFROM;
}

static void describe_set(const struct response_parser *r, struct set_event *s)
{
	const struct node *first = response_args(r);

	s->source = source_of(r);
	s->earlier = r->kind == EV_VANISHED && first != NULL && first->kind == NODE_LIST &&
	    node_is(first->child, "EARLIER");
	if (r->kind != EV_ESEARCH)
		return;
	if (first != NULL && first->kind == NODE_LIST && node_pair(first->child, "TAG") != NULL)
		s->tag = node_pair(first->child, "TAG")->s;
	s->uid = node_is(first, "UID") || (first != NULL && node_is(first->next, "UID"));
	if (s->source == SET_ESEARCH_ADDTO || s->source == SET_ESEARCH_REMOVEFROM)
		node_u32(last(r, 1), &s->position);
}

static void drop_shown(struct response_parser *r)
{
	buf_drop(&r->set, r->set_used);
	r->set_used = 0;
}

/* Shows the set as far as its last comma, or all of it. */
void response_set_flush(struct response_parser *r, bool all, struct event *ev)
{
	struct event e = {.kind = EV_SET};
	size_t n;

	drop_shown(r);
	n = r->set.len;
	if (!all)
		while (n > 0 && r->set.data[n - 1] != ',')
			n--;
	if (n == 0)
		return;
	r->set_used = n;
	e.set.text = r->set.data;
	e.set.len = r->set.data[n - 1] == ',' ? n - 1 : n;
	describe_set(r, &e.set);
	if (is_set_text(e.set.text, e.set.len))
		response_emit(r, ev, &e);
}

int response_set_piece(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	bool list = r->kind == EV_SEARCH || r->kind == EV_SORT;

	drop_shown(r);
	buf_put(&r->set, t->s, t->len);
	if (list && t->last)
		buf_putc(&r->set, ',');
	if (buf_failed(&r->set))
		return fault_set(f, FAULT_PROTOCOL, "a number over %d octets", RESPONSE_STRING_MAX);
	if (!list && t->last)
		response_set_flush(r, true, ev);
	else if (r->set.len >= SET_FLUSH)
		response_set_flush(r, false, ev);
	if (list || !t->last)
		return 0;
	return response_add(r, NODE_NIL, f) == NULL ? -1 : 0;
}

void response_url_done(struct response_parser *r, struct event *ev)
{
	struct event e = {.kind = EV_URLFETCH};

	if (r->url != NULL) {
		e.args = r->url;
		e.urlfetch.url = r->url->s;
		e.urlfetch.nil = r->url_nil;
		e.urlfetch.bodypartstructure = r->url_structure;
		response_emit(r, ev, &e);
	}
	r->url = r->url_structure = NULL;
	r->url_open = false;
}
