/* response_set: sequence sets that pass element by element, so that their size does not matter. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "imap/response_impl.h"

/* An element is shorter than this, its leading zeros aside; a longer piece of one is read in several. */
enum { SPAN_MAX = 32 };

size_t response_set_span(const char *p, size_t n)
{
	size_t span = n < SPAN_MAX ? n : SPAN_MAX;
	const char *comma = memchr(p, ',', span);

	return comma != NULL ? (size_t)(comma - p) + 1 : span;
}

/* Blanks between elements are commas for these: the answers of SEARCH and SORT by their grammar, VANISHED by courtesy. */
static bool runs_on(const struct response_parser *r)
{
	return r->kind == EV_SEARCH || r->kind == EV_SORT || r->kind == EV_VANISHED;
}

static void begin_element(struct set_reader *s)
{
	s->range = false;
	s->digits = 0;
	s->first = s->number = 0;
}

void response_set_begin(struct response_parser *r)
{
	begin_element(&r->set);
	if (!runs_on(r) || r->set.shown)
		r->set.len = 0;
	r->set.shown = false;
}

static int malformed(struct fault *f)
{
	return fault_set(f, FAULT_PROTOCOL, "a malformed set of numbers");
}

static int take_digit(struct set_reader *s, char c, struct fault *f)
{
	s->number = s->number * 10 + (uint64_t)(c - '0');
	s->digits++;
	if (s->number > UINT32_MAX || s->digits > SPAN_MAX)
		return fault_set(f, FAULT_PROTOCOL, "a number in a set that does not fit 32 bits");
	return 0;
}

static int take_colon(struct set_reader *s, struct fault *f)
{
	if (s->digits == 0 || s->range)
		return malformed(f);
	s->range = true;
	s->first = s->number;
	s->number = 0;
	s->digits = 0;
	return 0;
}

static void put_element(struct set_reader *s)
{
	const char *comma = s->len > 0 ? "," : "";
	size_t room = sizeof(s->text) - s->len;
	int n;

	if (s->range)
		n = snprintf(
		    s->text + s->len, room, "%s%" PRIu64 ":%" PRIu64, comma, s->first, s->number);
	else
		n = snprintf(s->text + s->len, room, "%s%" PRIu64, comma, s->number);
	s->len += (size_t)n;
}

/* An empty element says nothing, and in VANISHED neither does one with 0 in it: no message is lost by leaving it out. */
static int end_element(struct response_parser *r, struct fault *f)
{
	struct set_reader *s = &r->set;

	if (s->digits == 0 && !s->range)
		return 0;
	if (s->digits == 0)
		return malformed(f);
	if (s->number == 0 || (s->range && s->first == 0)) {
		if (r->kind != EV_VANISHED)
			return fault_set(f, FAULT_PROTOCOL, "the number 0 in a set of messages");
	} else {
		if (s->shown)
			s->len = 0;
		s->shown = false;
		put_element(s);
	}
	begin_element(s);
	return 0;
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
	if (node_is(r->level[0].before_last, "PARTIAL"))
		return SET_ESEARCH_PARTIAL;
	return node_is(r->level[0].before_last, "ADDTO") ? SET_ESEARCH_ADDTO
							 : SET_ESEARCH_REMOVEFROM;
}

static void describe(const struct response_parser *r, struct set_event *s)
{
	const struct node *first = response_args(r);

	s->source = source_of(r);
	s->earlier = r->kind == EV_VANISHED && first != NULL && node_is(first->child, "EARLIER");
	if (r->kind != EV_ESEARCH || first == NULL)
		return;
	if (first->kind == NODE_LIST) {
		s->tag = response_text_of(node_pair(first->child, "TAG"));
		s->mailbox = response_text_of(node_pair(first->child, "MAILBOX"));
		node_u32(node_pair(first->child, "UIDVALIDITY"), &s->uidvalidity);
		first = first->next;
	}
	s->uid = node_is(first, "UID");
	if (s->source == SET_ESEARCH_ADDTO || s->source == SET_ESEARCH_REMOVEFROM)
		node_u32(r->level[1].last, &s->position);
}

static void show(struct response_parser *r, struct event *ev)
{
	struct event e = {.kind = EV_SET};

	if (r->set.len == 0 || r->set.shown)
		return;
	describe(r, &e.set);
	e.set.text = r->set.text;
	e.set.len = r->set.len;
	r->set.shown = true;
	response_emit(r, ev, &e);
}

static int take_octet(struct response_parser *r, char c, struct fault *f)
{
	if (c >= '0' && c <= '9')
		return take_digit(&r->set, c, f);
	if (c == ':')
		return take_colon(&r->set, f);
	return c == ',' ? end_element(r, f) : malformed(f);
}

int response_set_piece(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f)
{
	for (size_t i = 0; i < t->len; i++)
		if (take_octet(r, t->s[i], f) == -1)
			return -1;
	if (t->last && end_element(r, f) == -1)
		return -1;
	if ((t->last && !runs_on(r)) || r->set.len > SET_TEXT_MAX - SET_ELEMENT_MAX - 1)
		show(r, ev);
	if (!t->last || runs_on(r))
		return 0;
	return response_add(r, NODE_NIL, f) == NULL ? -1 : 0;
}

void response_set_end(struct response_parser *r, struct event *ev)
{
	if (runs_on(r))
		show(r, ev);
}
