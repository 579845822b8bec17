/* response: tokens to a tree, and to events as soon as there are some. */
#include "imap/response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/response_impl.h"

struct response_parser *response_new(struct fault *f)
{
	struct response_parser *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	token_init(&r->tokens);
	buf_init(&r->scratch, RESPONSE_STRING_MAX);
	buf_init(&r->set, RESPONSE_STRING_MAX);
	r->fresh = true;
	return r;
}

void response_free(struct response_parser *r)
{
	if (r == NULL)
		return;
	arena_free(&r->arena);
	buf_free(&r->scratch);
	buf_free(&r->set);
	free(r);
}

bool response_idle(const struct response_parser *r)
{
	return r->fresh && r->tokens.state == 0;
}

static int begin(struct response_parser *r, struct fault *f)
{
	arena_reset(&r->arena);
	token_init(&r->tokens);
	buf_reset(&r->scratch);
	buf_reset(&r->set);
	r->level[0] = (struct level){0};
	r->depth = 0;
	r->stage = STAGE_TAG;
	r->fresh = r->in_token = false;
	r->set_used = 0;
	r->kind = EV_OTHER;
	r->tag = r->name = NULL;
	r->num = 0;
	r->url = r->url_structure = NULL;
	r->url_open = r->url_nil = false;
	r->level[0].list = arena_take(&r->arena, sizeof(struct node));
	if (r->level[0].list == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	*r->level[0].list = (struct node){.kind = NODE_LIST, .s = ""};
	return 0;
}

static int too_large(struct fault *f)
{
	return fault_set(f, FAULT_PROTOCOL, "a response over %d octets", RESPONSE_MAX);
}

struct node *response_add(struct response_parser *r, enum node_kind kind, struct fault *f)
{
	struct level *l = &r->level[r->depth];
	struct node *n = arena_take(&r->arena, sizeof(*n));

	if (n == NULL) {
		too_large(f);
		return NULL;
	}
	*n = (struct node){.kind = kind, .s = ""};
	if (l->last == NULL)
		l->list->child = n;
	else
		l->last->next = n;
	l->last = n;
	l->list->count++;
	return n;
}

static int open_list(struct response_parser *r, struct fault *f)
{
	struct node *n;

	if (r->stage != STAGE_ARGS)
		return fault_set(f, FAULT_PROTOCOL, "a list where a response begins");
	n = response_add(r, NODE_LIST, f);
	if (n == NULL)
		return -1;
	r->level[++r->depth] = (struct level){.list = n};
	return 0;
}

/* The word that a whole atom is: tag, name of the response, or number before the name. */
static int take_word(struct response_parser *r, struct fault *f)
{
	static const char *const conds[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
	const char *word = arena_copy(&r->arena, r->scratch.data, r->scratch.len);
	uint32_t number;

	if (word == NULL)
		return too_large(f);
	if (r->stage == STAGE_TAG) {
		r->stage = STAGE_WORD;
		if (strcmp(word, "+") == 0) {
			r->kind = EV_CONTINUE;
			r->stage = STAGE_TEXT;
			token_text_mode(&r->tokens);
		} else if (strcmp(word, "*") != 0) {
			r->tag = word;
		}
		return 0;
	}
	for (size_t i = 0; i < sizeof(conds) / sizeof(conds[0]) && r->stage == STAGE_WORD; i++)
		if (strcasecmp(word, conds[i]) == 0 && (r->tag == NULL || i < 3)) {
			r->cond = (enum cond)i;
			r->kind = r->tag != NULL ? EV_TAGGED : EV_STATUS;
			r->stage = STAGE_TEXT;
			token_text_mode(&r->tokens);
			return 0;
		}
	if (r->tag != NULL)
		return fault_set(f, FAULT_PROTOCOL,
		    "a tagged response that is neither OK, NO nor BAD: %s", word);
	if (r->stage == STAGE_WORD && num_u32(word, strlen(word), &number) == 0) {
		r->num = number;
		r->stage = STAGE_NUMBERED;
		return 0;
	}
	r->name = word;
	r->kind = response_kind(word, r->stage == STAGE_NUMBERED);
	r->stage = STAGE_ARGS;
	return 0;
}

/* A whole string stands where message data belong. */
static void short_section(struct response_parser *r, bool nil, struct event *ev)
{
	response_section(r, NULL, nil, ev);
	response_section_data(r, r->scratch.data, nil ? 0 : r->scratch.len, true, ev);
}

/* At level 0 of URLFETCH a string is a URL, unless it is the data of the URL before it. */
static void note_url(struct response_parser *r, const struct node *n, struct event *ev)
{
	if (r->kind != EV_URLFETCH || r->depth > 0)
		return;
	response_url_done(r, ev);
	r->url = n;
	r->url_open = r->url_nil = true;
}

/* A whole atom or string becomes a node. */
static int end_node(struct response_parser *r, bool atom, struct event *ev, struct fault *f)
{
	bool nil = atom && r->scratch.len == 3 && strncasecmp(r->scratch.data, "NIL", 3) == 0;
	bool section;
	struct node *n;

	if (r->stage != STAGE_ARGS)
		return atom ? take_word(r, f)
			    : fault_set(f, FAULT_PROTOCOL, "a string where a response begins");
	section = (nil || !atom) && response_sink(r) == SINK_SECTION;
	if (section) {
		short_section(r, nil, ev);
		nil = true;
	}
	n = response_add(r, nil ? NODE_NIL : atom ? NODE_ATOM : NODE_STRING, f);
	if (n == NULL)
		return -1;
	if (nil)
		return 0;
	n->s = arena_copy(&r->arena, r->scratch.data, r->scratch.len);
	n->len = r->scratch.len;
	if (n->s == NULL)
		return too_large(f);
	note_url(r, n, ev);
	return 0;
}

static int take_node_piece(
    struct response_parser *r, const struct token *t, bool atom, struct event *ev, struct fault *f)
{
	buf_put(&r->scratch, t->s, t->len);
	if (atom && r->scratch.len > RESPONSE_ATOM_MAX)
		return fault_set(f, FAULT_PROTOCOL, "an atom over %d octets", RESPONSE_ATOM_MAX);
	if (buf_failed(&r->scratch))
		return fault_set(f, FAULT_PROTOCOL, "a string over %d octets", RESPONSE_STRING_MAX);
	if (!t->last)
		return 0;
	r->in_token = false;
	return end_node(r, atom, ev, f);
}

static int take_piece(
    struct response_parser *r, const struct token *t, bool atom, struct event *ev, struct fault *f)
{
	if (!r->in_token) {
		r->in_token = true;
		r->sink = atom && r->stage == STAGE_ARGS && response_sink(r) == SINK_SET
		    ? SINK_SET
		    : SINK_NODE;
		buf_reset(&r->scratch);
	}
	if (r->sink == SINK_NODE)
		return take_node_piece(r, t, atom, ev, f);
	if (t->last)
		r->in_token = false;
	if (r->sink == SINK_SET)
		return response_set_piece(r, t, ev, f);
	response_section_data(r, t->s, t->len, t->last, ev);
	return !t->last || response_add(r, NODE_NIL, f) != NULL ? 0 : -1;
}

static int begin_literal(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	if (r->stage != STAGE_ARGS)
		return fault_set(f, FAULT_PROTOCOL, "a literal where a response begins");
	r->in_token = true;
	r->sink = response_sink(r) == SINK_SECTION ? SINK_SECTION : SINK_NODE;
	buf_reset(&r->scratch);
	if (r->sink == SINK_SECTION)
		response_section(r, t, false, ev);
	else if (t->size > RESPONSE_STRING_MAX)
		return fault_set(f, FAULT_PROTOCOL,
		    "a literal over %d octets where a string belongs", RESPONSE_STRING_MAX);
	return 0;
}

static void close_list(struct response_parser *r)
{
	const struct node *l = r->level[r->depth].list;

	r->depth--;
	if (r->kind != EV_URLFETCH || r->depth > 0 || r->url == NULL)
		return;
	const struct node *s = node_pair(l->child, "BODYPARTSTRUCTURE");
	if (s != NULL && s->kind == NODE_LIST) {
		r->url_structure = s;
		r->url_nil = false;
	}
}

static int take_eol(struct response_parser *r, struct event *ev, struct fault *f)
{
	struct event e = {0};

	if (r->depth > 0)
		return fault_set(f, FAULT_PROTOCOL, "a line that ends within a list");
	r->fresh = true;
	if (r->stage == STAGE_TAG) /* an empty line: harmless */
		return 0;
	response_set_flush(r, true, ev);
	if (r->kind == EV_URLFETCH) {
		response_url_done(r, ev);
		return 0;
	}
	if (response_finish(r, &e, f) == -1)
		return -1;
	response_emit(r, ev, &e);
	return 0;
}

static int take_text_piece(struct response_parser *r, const struct token *t, struct fault *f)
{
	if (!r->in_token)
		buf_reset(&r->scratch);
	r->in_token = !t->last;
	buf_put(&r->scratch, t->s, t->len);
	if (buf_failed(&r->scratch))
		return fault_set(f, FAULT_PROTOCOL, "a line over %d octets", RESPONSE_STRING_MAX);
	return 0;
}

static int take(struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	switch (t->kind) {
	case TOKEN_OPEN:
		return open_list(r, f);
	case TOKEN_CLOSE:
		close_list(r);
		return 0;
	case TOKEN_TEXT:
		return take_text_piece(r, t, f);
	case TOKEN_ATOM:
		return take_piece(r, t, true, ev, f);
	case TOKEN_QUOTED:
	case TOKEN_DATA:
		return take_piece(r, t, false, ev, f);
	case TOKEN_LITERAL:
		return begin_literal(r, t, ev, f);
	case TOKEN_EOL:
		return take_eol(r, ev, f);
	default:
		return 0;
	}
}

void response_emit(struct response_parser *r, struct event *ev, const struct event *e)
{
	if (ev->kind == EV_NONE)
		*ev = *e;
	else if (r->nqueue < QUEUE_MAX)
		r->queue[r->nqueue++] = *e;
}

static void dequeue(struct response_parser *r, struct event *ev)
{
	*ev = r->queue[0];
	r->nqueue--;
	memmove(&r->queue[0], &r->queue[1], r->nqueue * sizeof(r->queue[0]));
}

int response_feed(struct response_parser *r, const char *p, size_t n, size_t *used,
    struct event *ev, struct fault *f)
{
	*used = 0;
	memset(ev, 0, sizeof(*ev));
	if (r->nqueue > 0) {
		dequeue(r, ev);
		return 0;
	}
	while (ev->kind == EV_NONE) {
		struct token t;
		size_t k;

		if (r->fresh && *used < n && begin(r, f) == -1)
			return -1;
		if (token_next(&r->tokens, p + *used, n - *used, &k, &t, f) == -1)
			return -1;
		*used += k;
		if (t.kind == TOKEN_NONE)
			return 0;
		if (take(r, &t, ev, f) == -1)
			return -1;
	}
	return 0;
}
