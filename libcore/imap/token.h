/*
 * token: IMAP octets to tokens. Resumable at every octet, no I/O, no knowledge of what a response means.
 *
 * The grammar is that of responses in RFC 9051 section 9 (and RFC 3501), with the extensions' literal8 ("~{n}") and, so
 * that a server can use it one day, the non-synchronising "{n+}" of RFC 7888. Strings of any size pass in pieces.
 */
#ifndef LM_IMAP_TOKEN_H
#define LM_IMAP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum token_kind {
	TOKEN_NONE, /* more input is needed */
	TOKEN_ATOM, /* a piece of a run of octets that are not special; brackets belong to it */
	TOKEN_QUOTED, /* a piece of a quoted string, escapes undone; the first one is empty and not the last */
	TOKEN_LITERAL, /* the announcement of a literal: size and binary are set, no text */
	TOKEN_DATA,    /* a piece of a literal's octets */
	TOKEN_OPEN,    /* ( */
	TOKEN_CLOSE,   /* ) */
	TOKEN_SP,      /* a blank */
	TOKEN_TEXT,    /* a piece of free text (token_text_mode()) */
	TOKEN_EOL,     /* the line's end: CRLF, or a bare LF (tolerated from servers) */
};

struct token {
	enum token_kind kind;
	/* ATOM, QUOTED, DATA, TEXT: the piece; points into the input of this call, or into the tokenizer. */
	const char *s;
	size_t len;
	bool last;     /* the piece ends the atom, string, literal or text; it may be empty */
	uint64_t size; /* LITERAL */
	bool binary;   /* LITERAL: literal8 */
	bool nonsync;  /* LITERAL: "+" was there */
};

/* Past these it is a fault. Blanks: in a row; the other endless things are the reader's to bound. */
enum { TOKEN_DEPTH_MAX = 512, TOKEN_BLANKS_MAX = 1024 };

struct tokenizer {
	int state;
	char held[24]; /* the size of a literal in the making; an octet that was escaped */
	size_t nheld;
	uint64_t left; /* of a literal */
	unsigned depth;
	unsigned blanks;
	bool bracket;    /* within the brackets of an item's name */
	unsigned parens; /* depth of parentheses in them */
	bool quote;      /* within a string in them */
	bool escape;
	bool text;
	bool item;
	bool binary;
};

/* Ready for a line's first octet. */
void token_init(struct tokenizer *t);
/* Reads from the n octets at p; *used says how many were taken; kind NONE when they were all taken and no token is complete.
 * An atom, quoted string or text comes out in pieces when the input ends within it. 0, or -1 with FAULT_PROTOCOL: an
 * octet that cannot stand there, NUL outside a literal, a literal size that is no number64, too deep. (RFC 9051 allows NUL
 * only in literal8; servers send it in message data as they come, so the reader decides where it matters.) */
int token_next(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f);
/* From here to the end of the line everything is TEXT (resp-text; RFC 9051 section 7). */
void token_text_mode(struct tokenizer *t);
/* Whether an atom that begins here is the name of a message data item, so that what stands in its brackets, blanks,
 * parentheses and strings included, belongs to it: BODY[HEADER.FIELDS ("x")]<0>. Elsewhere brackets are plain octets. */
void token_item_mode(struct tokenizer *t, bool on);
/* Between two tokens: the next octet begins one. */
bool token_between(const struct tokenizer *t);

#endif
