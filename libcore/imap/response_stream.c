/* response_stream: where a value goes, and message data, which do not wait for the end of their response. */
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/response_impl.h"

static bool begins(const char *s, const char *with)
{
	return strncasecmp(s, with, strlen(with)) == 0;
}

/* Items whose value is message data. */
static bool is_data_item(const struct node *n)
{
	return n->kind == NODE_ATOM &&
	    (begins(n->s, "BODY[") || begins(n->s, "BINARY[") || node_is(n, "RFC822") ||
		node_is(n, "RFC822.HEADER") || node_is(n, "RFC822.TEXT"));
}

/* Behind a name in a list of pairs. */
static bool value_place(const struct response_parser *r, unsigned depth)
{
	return r->depth == depth && r->level[depth].list->count % 2 == 1;
}

bool response_item_place(const struct response_parser *r)
{
	return (r->kind == EV_FETCH || r->kind == EV_CONVERTED) && r->depth == 1 &&
	    r->level[1].list->count % 2 == 0;
}

static bool urlfetch_data_place(const struct response_parser *r)
{
	if (r->depth == 0)
		return r->url_open;
	return value_place(r, 1) &&
	    (node_is(r->level[1].last, "BODY") || node_is(r->level[1].last, "BINARY"));
}

static bool esearch_set_place(const struct response_parser *r)
{
	const struct node *name = r->level[0].before_last;

	if (r->depth == 0)
		return node_is(r->level[0].last, "ALL");
	if (r->depth > 1)
		return false;
	if (node_is(name, "PARTIAL"))
		return r->level[1].list->count == 1;
	return value_place(r, 1) && (node_is(name, "ADDTO") || node_is(name, "REMOVEFROM"));
}

enum sink response_sink(const struct response_parser *r)
{
	switch (r->kind) {
	case EV_FETCH:
	case EV_CONVERTED:
		return value_place(r, 1) && is_data_item(r->level[1].last) ? SINK_SECTION
									   : SINK_NODE;
	case EV_URLFETCH:
		return urlfetch_data_place(r) ? SINK_SECTION : SINK_NODE;
	case EV_VANISHED:
	case EV_SEARCH:
	case EV_SORT:
		return r->depth == 0 ? SINK_SET : SINK_NODE;
	case EV_ESEARCH:
		return esearch_set_place(r) ? SINK_SET : SINK_NODE;
	default:
		return SINK_NODE;
	}
}

int response_split_item(struct response_parser *r, const struct node *name, const char **item,
    const char **section, const char **tail, struct fault *f)
{
	const char *open = strchr(name->s, '['), *close = strrchr(name->s, ']');

	*item = name->s;
	*section = "";
	*tail = NULL;
	if (open == NULL || close == NULL || close < open)
		return 0;
	if (close - open - 1 > RESPONSE_SECTION_MAX)
		return fault_set(f, FAULT_PROTOCOL, "the section of an item is over %d octets",
		    RESPONSE_SECTION_MAX);
	*item = arena_copy(&r->arena, name->s, (size_t)(open - name->s));
	*section = arena_copy(&r->arena, open + 1, (size_t)(close - open - 1));
	*tail = close + 1;
	return *item == NULL || *section == NULL ? response_too_large(f) : 0;
}

static int item_section(struct response_parser *r, struct section_event *s, struct fault *f)
{
	const char *tail;

	s->uid = r->uid;
	if (response_split_item(r, r->level[1].last, &s->item, &s->section, &tail, f) == -1)
		return -1;
	if (tail != NULL && *tail == '<')
		s->has_origin = num_u63(tail + 1, strcspn(tail + 1, ">."), &s->origin) == 0;
	if (r->kind == EV_CONVERTED) {
		s->detail = s->item;
		s->item = "CONVERTED";
	}
	return 0;
}

static void url_section(struct response_parser *r, struct section_event *s)
{
	s->item = "URLFETCH";
	s->section = r->url->s;
	if (r->depth == 1)
		s->detail = node_is(r->level[1].last, "BINARY") ? "BINARY" : "BODY";
	s->bodypartstructure = r->url_structure;
	r->url_open = false;
	r->url_nil = r->url_nil && s->nil;
}

int response_section(
    struct response_parser *r, const struct token *t, bool nil, struct event *ev, struct fault *f)
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
	if (r->kind == EV_URLFETCH)
		url_section(r, s);
	else if (item_section(r, s, f) == -1)
		return -1;
	response_emit(r, ev, &e);
	return 0;
}

void response_section_data(
    struct response_parser *r, const char *p, size_t n, bool last, struct event *ev)
{
	struct event data = {.kind = EV_SECTION_DATA, .data = p, .len = n};
	struct event end = {.kind = EV_SECTION_END};

	if (n > 0)
		response_emit(r, ev, &data);
	if (last)
		response_emit(r, ev, &end);
}

/* At level 0 of URLFETCH a string that is not the data of a URL is the next URL. */
static void note_url(struct response_parser *r, const struct node *n, struct event *ev)
{
	response_url_done(r, ev);
	r->url = n;
	r->url_open = r->url_nil = true;
}

void response_note(struct response_parser *r, const struct node *n, struct event *ev)
{
	const struct level *l = &r->level[r->depth];

	if (r->kind == EV_URLFETCH && r->depth == 0 && n->kind != NODE_LIST)
		note_url(r, n, ev);
	if (r->kind == EV_URLFETCH && r->depth == 1 && n->kind == NODE_LIST &&
	    node_is(l->before_last, "BODYPARTSTRUCTURE")) {
		r->url_structure = n;
		r->url_nil = false;
	}
	if ((r->kind == EV_FETCH || r->kind == EV_CONVERTED) && r->depth == 1 &&
	    l->list->count % 2 == 0 && node_is(l->before_last, "UID"))
		node_u32(n, &r->uid);
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
