/* response_impl: what the files of the response parser share; nobody else includes it. */
#ifndef LM_IMAP_RESPONSE_IMPL_H
#define LM_IMAP_RESPONSE_IMPL_H

#include "base/buf.h"
#include "imap/response.h"
#include "imap/token.h"

/* Memory of one response, released as a whole. */
struct arena_block;
struct arena {
	struct arena_block *block;
	size_t total;
};
/* Aligned; NULL: RESPONSE_MAX would be passed, or no memory. */
void *arena_take(struct arena *a, size_t n);
/* With a NUL behind. */
char *arena_copy(struct arena *a, const char *s, size_t n);
/* Keeps one block. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/* A list that is being filled. Level 0 is the response itself. */
struct level {
	struct node *list;
	struct node *last;
	struct node *before_last;
};

enum stage { STAGE_TAG, STAGE_WORD, STAGE_NUMBERED, STAGE_ARGS, STAGE_TEXT };

/* What a value at the present place is. */
enum sink { SINK_NODE, SINK_SECTION, SINK_SET };

enum { QUEUE_MAX = 4, SET_TEXT_MAX = 4096, SET_ELEMENT_MAX = 22 };

/* A set that is being read, element by element; text is what the next EV_SET shows. */
struct set_reader {
	char text[SET_TEXT_MAX];
	size_t len;
	bool shown; /* text has been handed out: the next element begins anew */
	bool range; /* behind the ":" of an element */
	unsigned digits;
	uint64_t first, number;
};

struct response_parser {
	struct tokenizer tokens;
	struct arena arena;
	struct buf scratch; /* the atom or string in the making; the text of a resp-text */
	struct set_reader set;
	struct level level[TOKEN_DEPTH_MAX + 1];
	unsigned depth;
	enum stage stage;
	bool fresh;           /* the next octet begins a response */
	bool in_token;        /* within an atom or string that comes in pieces */
	bool with_nul;        /* a NUL is allowed in this string */
	enum sink sink;       /* of the token that comes in pieces */
	enum event_kind kind; /* of the response, once its name is known */
	const char *tag, *name;
	enum cond cond;
	uint32_t num;
	uint32_t uid;           /* FETCH: as soon as it has come */
	const struct node *url; /* URLFETCH: the one whose data come */
	const struct node *url_structure;
	bool url_open; /* nothing has come behind it yet */
	bool url_nil;
	struct event queue[QUEUE_MAX]; /* events that wait until those before them are out */
	size_t nqueue;
};

/* Hands an event out: now, or behind those that go first. */
void response_emit(struct response_parser *r, struct event *ev, const struct event *e);
/* -1: a response over RESPONSE_MAX. */
int response_too_large(struct fault *f);

/* response_tree.c: nodes. */
int response_tree_begin(struct response_parser *r, struct fault *f);
/* Appends a node to the innermost list. NULL: fault set. */
struct node *response_add(struct response_parser *r, enum node_kind kind, struct fault *f);
/* The same for an atom or a string, from the n octets at s; NODE_NIL, too: they are not kept then. */
struct node *response_add_text(
    struct response_parser *r, enum node_kind kind, const char *s, size_t n, struct fault *f);
int response_open_list(struct response_parser *r, struct fault *f);
void response_close_list(struct response_parser *r);
const struct node *response_args(const struct response_parser *r);
bool response_is_nil(const char *s, size_t n);

/* response_stream.c: where a value goes, and message data. */
enum sink response_sink(const struct response_parser *r);
/* Whether the name of a message data item belongs here. */
bool response_item_place(const struct response_parser *r);
/* "BODY[1.MIME]<0>" to its pieces; section "" and *tail NULL when there are no brackets. */
int response_split_item(struct response_parser *r, const struct node *name, const char **item,
    const char **section, const char **tail, struct fault *f);
/* EV_SECTION for the present place. `t` is the literal's announcement, or NULL (quoted string, or `nil`). */
int response_section(
    struct response_parser *r, const struct token *t, bool nil, struct event *ev, struct fault *f);
void response_section_data(
    struct response_parser *r, const char *p, size_t n, bool last, struct event *ev);
/* Notes what later events of this response need of a value that has just been added. */
void response_note(struct response_parser *r, const struct node *n, struct event *ev);
/* The URL of URLFETCH that was being read is complete. */
void response_url_done(struct response_parser *r, struct event *ev);

/* response_set.c: sets. */
/* How many of n octets may be read at once where a set stands. */
size_t response_set_span(const char *p, size_t n);
void response_set_begin(struct response_parser *r);
/* One piece, of no more than one whole element. */
int response_set_piece(
    struct response_parser *r, const struct token *t, struct event *ev, struct fault *f);
/* The response ends: shows what is left. */
void response_set_end(struct response_parser *r, struct event *ev);

/* response_event.c: a whole response to its event. */
enum event_kind response_kind(const char *name, bool after_number);
int response_finish(struct response_parser *r, struct event *e, struct fault *f);

/* response_field.c: named values to the fields of a struct. */
enum field_type {
	FIELD_U32,
	FIELD_U63,
	FIELD_U63_LISTED,  /* "(n)" */
	FIELD_TEXT,        /* an atom or string */
	FIELD_TEXT_LISTED, /* "(text)" */
	FIELD_NODE,
	FIELD_NODE_LISTED, /* "(node)" */
	FIELD_LIST,
	FIELD_PRESENT, /* only that it is there */
};
struct field {
	const char *name;
	enum field_type type;
	unsigned bit;
	size_t at; /* offset in the struct */
};
/* Looks for name in the n fields (sorted, without regard to case). What is not of its type counts as not there; 0, or -1: a
 * number that does not fit. */
int response_field(const struct field *fields, size_t n, const struct node *name,
    const struct node *value, void *to, unsigned *has, struct fault *f);
/* 0 taken, 1 no number (*out is left alone), -1 fault: digits past max. */
int response_number(const struct node *n, uint64_t max, uint64_t *out, struct fault *f);
const char *response_text_of(const struct node *n);

/* response_code.c: resp-text to code, arguments and text. */
int response_text(struct response_parser *r, struct event *e, struct fault *f);

#endif
