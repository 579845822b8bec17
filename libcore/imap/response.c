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
	r->fresh = true;
	return r;
}

void response_free(struct response_parser *r)
{
	if (r == NULL)
		return;
	arena_free(&r->arena);
	buf_free(&r->scratch);
	free(r);
}

bool response_idle(const struct response_parser *r)
{
	return r->fresh && r->nqueue == 0;
}

static int begin(struct response_parser *r, struct fault *f)
{
	token_init(&r->tokens);
	buf_reset(&r->scratch);
	r->set.len = 0;
	r->set.shown = false;
	r->stage = STAGE_TAG;
	r->fresh = r->in_token = false;
	r->kind = EV_OTHER;
	r->cond = COND_OK;
	r->tag = r->name = NULL;
	r->num = r->uid = 0;
	r->url = r->url_structure = NULL;
	r->url_open = r->url_nil = false;
	return response_tree_begin(r, f);
}

void response_emit(struct response_parser *r, struct event *ev, const struct event *e)
{
	if (ev->kind == EV_NONE)
		*ev = *e;
	else if (r->nqueue < QUEUE_MAX)
		r->queue[r->nqueue++] = *e;
}

/* ---- the words before the arguments */

static void to_text(struct response_parser *r, enum event_kind kind)
{
	r->kind = kind;
	r->stage = STAGE_TEXT;
	buf_reset(&r->scratch);
	token_text_mode(&r->tokens);
}

static void take_tag(struct response_parser *r, const char *word)
{
	r->stage = STAGE_WORD;
	if (strcmp(word, "+") == 0)
		to_text(r, EV_CONTINUE);
	else if (strcmp(word, "*") != 0)
		r->tag = word;
}

static bool take_cond(struct response_parser *r, const char *word)
{
	static const char *const conds[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
	size_t n = r->tag != NULL ? 3 : 5;

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(word, conds[i]) == 0) {
			r->cond = (enum cond)i;
			to_text(r, r->tag != NULL ? EV_TAGGED : EV_STATUS);
			return true;
		}
	return false;
}

static int take_number(struct response_parser *r, const char *word, struct fault *f)
{
	r->stage = STAGE_NUMBERED;
	if (num_u32(word, strlen(word), &r->num) == 0)
		return 0;
	return fault_set(f, FAULT_PROTOCOL, "a number that does not fit 32 bits: %.40s", word);
}

static int take_name(struct response_parser *r, const char *word, struct fault *f)
{
	r->name = word;
	r->kind = response_kind(word, r->stage == STAGE_NUMBERED);
	r->stage = STAGE_ARGS;
	if (r->num == 0 &&
	    (r->kind == EV_FETCH || r->kind == EV_EXPUNGE || r->kind == EV_CONVERTED))
		return fault_set(f, FAULT_PROTOCOL, "the number 0 in a %s response", word);
	if (strcasecmp(word, "UIDFETCH") == 0 && r->kind == EV_FETCH) {
		r->uid = r->num;
		r->num = 0;
	}
	return 0;
}

static int take_word(struct response_parser *r, struct fault *f)
{
	const char *word = arena_copy(&r->arena, r->scratch.data, r->scratch.len);

	if (word == NULL)
		return response_too_large(f);
	if (r->stage == STAGE_TAG) {
		take_tag(r, word);
		return 0;
	}
	if (r->stage == STAGE_WORD && take_cond(r, word))
		return 0;
	if (r->tag != NULL)
		return fault_set(f, FAULT_PROTOCOL,
		    "a tagged response that is neither OK, NO nor BAD: %.40s", word);
	if (r->stage == STAGE_WORD && word[strspn(word, "0123456789")] == '\0')
		return take_number(r, word, f);
	return take_name(r, word, f);
}

/* ---- atoms and strings */

/* A mailbox may be called NIL, and a careless server may send that as an atom. */
static bool mailbox_place(const struct response_parser *r)
{
	size_t at = r->level[0].list->count;

	switch (r->kind) {
	case EV_LIST:
		return r->depth == 0 && at == 2;
	case EV_MAILBOX_STATUS:
	case EV_METADATA:
	case EV_QUOTAROOT:
	case EV_ACL:
	case EV_LISTRIGHTS:
	case EV_MYRIGHTS:
		return r->depth == 0 && at == 0;
	default:
		return false;
	}
}

static int no_set(struct fault *f)
{
	return fault_set(f, FAULT_PROTOCOL, "no set where a set of numbers belongs");
}

/* A whole atom or string becomes a node. */
static int end_node(struct response_parser *r, bool atom, struct event *ev, struct fault *f)
{
	const char *s = buf_str(&r->scratch);
	size_t n = r->scratch.len;
	bool nil = atom && response_is_nil(s, n) && !mailbox_place(r);
	enum sink place = response_sink(r);
	struct node *node;

	if (place == SINK_SET && !nil)
		return no_set(f);
	if (place == SINK_SECTION && nil) {
		if (response_section(r, NULL, true, ev, f) == -1)
			return -1;
		response_section_data(r, "", 0, true, ev);
	}
	node = response_add_text(r, nil ? NODE_NIL : atom ? NODE_ATOM : NODE_STRING, s, n, f);
	if (node == NULL)
		return -1;
	if (!nil)
		response_note(r, node, ev);
	return 0;
}

static int take_node_piece(
    struct response_parser *r, const struct token *t, bool atom, struct event *ev, struct fault *f)
{
	if (t->len > 0 && !r->with_nul && memchr(t->s, '\0', t->len) != NULL)
		return fault_set(f, FAULT_PROTOCOL, "a NUL in a string");
	buf_put(&r->scratch, t->s, t->len);
	if (atom && r->scratch.len > RESPONSE_ATOM_MAX)
		return fault_set(f, FAULT_PROTOCOL, "an atom over %d octets", RESPONSE_ATOM_MAX);
	if (buf_failed(&r->scratch))
		return fault_set(f, FAULT_PROTOCOL, "a string over %d octets", RESPONSE_STRING_MAX);
	if (!t->last)
		return 0;
	r->in_token = false;
	return r->stage == STAGE_ARGS ? end_node(r, atom, ev, f) : take_word(r, f);
}

/* The first piece of an atom or a quoted string (whose first piece is empty) tells where it goes. */
static int begin_string(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	enum sink place = r->stage == STAGE_ARGS ? response_sink(r) : SINK_NODE;
	bool atom = t->kind == TOKEN_ATOM;

	if (!atom && r->stage != STAGE_ARGS)
		return fault_set(f, FAULT_PROTOCOL, "a string where a response begins");
	r->in_token = true;
	r->with_nul = false;
	r->sink = SINK_NODE;
	buf_reset(&r->scratch);
	if (place == SINK_SECTION && !atom) {
		r->sink = SINK_SECTION;
		return response_section(r, NULL, false, ev, f);
	}
	if (place == SINK_SET && atom && (*t->s == ',' || (*t->s >= '0' && *t->s <= '9'))) {
		r->sink = SINK_SET;
		response_set_begin(r);
	}
	return 0;
}

static int take_piece(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	if (!r->in_token && begin_string(r, t, ev, f) == -1)
		return -1;
	if (r->sink == SINK_NODE)
		return take_node_piece(r, t, t->kind == TOKEN_ATOM, ev, f);
	r->in_token = !t->last;
	if (r->sink == SINK_SET)
		return response_set_piece(r, t, ev, f);
	response_section_data(r, t->s, t->len, t->last, ev);
	return t->last && response_add(r, NODE_NIL, f) == NULL ? -1 : 0;
}

static int begin_literal(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	enum sink place;

	if (r->stage != STAGE_ARGS)
		return fault_set(f, FAULT_PROTOCOL, "a literal where a response begins");
	place = response_sink(r);
	if (place == SINK_SET)
		return no_set(f);
	if (response_item_place(r))
		return fault_set(f, FAULT_PROTOCOL, "a literal where the name of an item belongs");
	r->in_token = true;
	r->sink = place;
	r->with_nul = t->binary && r->kind == EV_METADATA && r->depth > 0;
	buf_reset(&r->scratch);
	if (place == SINK_SECTION)
		return response_section(r, t, false, ev, f);
	if (t->size > RESPONSE_STRING_MAX)
		return fault_set(f, FAULT_PROTOCOL, "a string over %d octets", RESPONSE_STRING_MAX);
	return 0;
}

/* ---- lists, text, the end */

static int open_list(struct response_parser *r, struct fault *f)
{
	if (r->stage != STAGE_ARGS)
		return fault_set(f, FAULT_PROTOCOL, "a list where a response begins");
	if (r->kind == EV_URLFETCH && r->depth == 0) {
		if (r->url == NULL)
			return fault_set(f, FAULT_PROTOCOL, "a URLFETCH response without a URL");
		r->url_open = false;
	}
	if (r->kind == EV_ESEARCH && response_sink(r) == SINK_SET)
		return no_set(f);
	return response_open_list(r, f);
}

static void close_list(struct response_parser *r, struct event *ev)
{
	const struct node *list = r->level[r->depth].list;

	response_close_list(r);
	response_note(r, list, ev);
}

static int take_text_piece(struct response_parser *r, const struct token *t, struct fault *f)
{
	buf_put(&r->scratch, t->s, t->len);
	if (buf_failed(&r->scratch))
		return fault_set(f, FAULT_PROTOCOL, "a line over %d octets", RESPONSE_STRING_MAX);
	return 0;
}

static int take_eol(struct response_parser *r, struct event *ev, struct fault *f)
{
	struct event e = {0};

	if (r->depth > 0)
		return fault_set(f, FAULT_PROTOCOL, "a line that ends within a list");
	r->fresh = true;
	if (r->stage == STAGE_TAG) /* an empty line: harmless */
		return 0;
	response_set_end(r, ev);
	if (r->kind == EV_URLFETCH) {
		response_url_done(r, ev);
		return 0;
	}
	if (response_finish(r, &e, f) == -1)
		return -1;
	response_emit(r, ev, &e);
	return 0;
}

static int take(struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	switch (t->kind) {
	case TOKEN_OPEN:
		return open_list(r, f);
	case TOKEN_CLOSE:
		close_list(r, ev);
		return 0;
	case TOKEN_TEXT:
		return take_text_piece(r, t, f);
	case TOKEN_ATOM:
	case TOKEN_QUOTED:
	case TOKEN_DATA:
		return take_piece(r, t, ev, f);
	case TOKEN_LITERAL:
		return begin_literal(r, t, ev, f);
	case TOKEN_EOL:
		return take_eol(r, ev, f);
	default:
		return 0;
	}
}

/* ---- feeding */

static void dequeue(struct response_parser *r, struct event *ev)
{
	*ev = r->queue[0];
	r->nqueue--;
	memmove(&r->queue[0], &r->queue[1], r->nqueue * sizeof(r->queue[0]));
}

/* Prepares the tokenizer for this place. How many of n octets it may see. */
static size_t prepare(struct response_parser *r, const char *p, size_t n)
{
	bool set = r->in_token && r->sink == SINK_SET;

	if (!r->in_token && r->stage == STAGE_ARGS) {
		if (token_between(&r->tokens))
			token_item_mode(&r->tokens, response_item_place(r));
		set = response_sink(r) == SINK_SET;
	}
	return set ? response_set_span(p, n) : n;
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
		size_t span = prepare(r, p + *used, n - *used);
		if (token_next(&r->tokens, p + *used, span, &k, &t, f) == -1)
			return -1;
		*used += k;
		if (t.kind == TOKEN_NONE && *used == n)
			return 0;
		if (take(r, &t, ev, f) == -1)
			return -1;
	}
	return 0;
}
