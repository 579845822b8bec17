/* response_impl: what the files of the response parser share; nobody else includes it. */
#ifndef LM_IMAP_RESPONSE_IMPL_H
#define LM_IMAP_RESPONSE_IMPL_H

#include "base/buf.h"
#include "imap/response.h"
#include "imap/token.h"

enum { SET_FLUSH = 4096 }; /* octets after which a piece of a set is handed out */

/* Memory of one response, released as a whole. */
struct arena_block;
struct arena {
	struct arena_block *block;
	size_t total;
};
void *arena_take(
    struct arena *a, size_t n); /* aligned; NULL: RESPONSE_MAX would be passed, or no memory */
char *arena_copy(struct arena *a, const char *s, size_t n); /* with a NUL behind */
void arena_reset(struct arena *a);                          /* keeps one block */
void arena_free(struct arena *a);

/* A list that is being filled. Level 0 is the response itself. */
struct level {
	struct node *list;
	struct node *last;
};

enum stage { STAGE_TAG, STAGE_WORD, STAGE_NUMBERED, STAGE_ARGS, STAGE_TEXT };

/* What a value at the present place is. */
enum sink { SINK_NODE, SINK_SECTION, SINK_SET };

enum { QUEUE_MAX = 4 };

struct response_parser {
	struct tokenizer tokens;
	struct arena arena;
	struct buf scratch; /* the atom or string in the making; the text of a resp-text */
	struct buf set;     /* a set in the making */
	size_t set_used;    /* octets of it that the last event showed */
	struct level level[TOKEN_DEPTH_MAX + 1];
	unsigned depth;
	enum stage stage;
	bool fresh;    /* the next token begins a response */
	bool in_token; /* within an atom or string that comes in pieces */
	enum sink sink;
	enum event_kind kind; /* of the response, once its name is known */
	const char *tag, *name;
	enum cond cond;
	uint32_t num;
	const struct node *url; /* URLFETCH: the one whose data come */
	const struct node *url_structure;
	bool url_open; /* its value has not come yet */
	bool url_nil;
	struct event queue[QUEUE_MAX]; /* events that wait until those before them are out */
	size_t nqueue;
};

/* Hands an event out: now, or behind those that go first. */
void response_emit(struct response_parser *r, struct event *ev, const struct event *e);
/* Appends a node to the innermost list. NULL: fault set. */
struct node *response_add(struct response_parser *r, enum node_kind kind, struct fault *f);

/* response_stream.c: where a value goes, and the pieces of what streams. */
enum sink response_sink(const struct response_parser *r);
/* EV_SECTION for the present place. `t` is the literal's announcement, or NULL (quoted string, or `nil`). */
void response_section(struct response_parser *r, const struct token *t, bool nil, struct event *ev);
void response_section_data(
    struct response_parser *r, const char *p, size_t n, bool last, struct event *ev);
int response_set_piece(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f);
void response_set_flush(struct response_parser *r, bool all, struct event *ev);
/* The URL of URLFETCH that was being read is complete. */
void response_url_done(struct response_parser *r, struct event *ev);

/* response_event.c: a whole response to its event. */
enum event_kind response_kind(const char *name, bool numbered);
int response_finish(struct response_parser *r, struct event *e, struct fault *f);
const struct node *response_args(const struct response_parser *r);

/* response_code.c: resp-text to code, arguments and text. */
int response_text(struct response_parser *r, struct event *e, struct fault *f);

#endif
