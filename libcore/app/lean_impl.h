/* lean_impl: what the files of lean share; nobody else includes it. */
#ifndef LM_APP_LEAN_IMPL_H
#define LM_APP_LEAN_IMPL_H

#include "app/lean.h"
#include "base/buf.h"
#include "imap/structure.h"
#include "msg/header.h"

enum {
	LEAN_BOUNDARY_MAX = 200,        /* octets; RFC 2046 says 70, some senders do not know */
	LEAN_MIME_MAX = 64 * 1024,      /* of a part's MIME header that are looked at */
	LEAN_URL_WORD = 40,             /* RFC 2017 section 3.1 */
	LEAN_OUT_MAX = 2 * 1024 * 1024, /* of one header as it is written */
};

#define LEAN_FIELD "X-Lm-Lean"

/* What is done with a part of the structure. */
enum lean_mode {
	LEAN_KEEP,  /* it comes as it is */
	LEAN_LEAVE, /* it stays on the server */
	LEAN_OPEN,  /* it is a multipart or a message: its parts are looked at */
};
struct lean_part {
	enum lean_mode mode;
	bool leave;    /* leave it, whatever its size */
	size_t parent; /* its own index for the root */
	uint64_t size; /* of all leaves in it */
};

/* The message as it will be written, in order. */
enum lean_kind {
	LEAN_HEAD, /* the header of the part (fetched, but for the root's); of a left one all that there is */
	LEAN_BODY,  /* fetched */
	LEAN_FIRST, /* the multipart's boundary before its first part, */
	LEAN_NEXT,  /* before another one, */
	LEAN_CLOSE, /* and behind the last */
};
struct lean_step {
	enum lean_kind kind;
	uint32_t part; /* index */
	uint32_t tag;  /* of its command; 0: none, or not sent */
	bool came;     /* what was asked for */
	bool refused;  /* its command */
};

struct lean {
	struct imap_line *l;
	const struct url *u;
	uint64_t max_part;
	bool stub;     /* the structure is not asked for */
	uint64_t size; /* RFC822.SIZE; 0: not known */
	struct structure s;
	struct buf header;      /* of the message, cut at HEADER_SECTION_MAX */
	struct lean_part *part; /* one for each of s */
	struct lean_step *step;
	size_t nstep, capstep;
	unsigned left;
};

/* lean.c */

/* Whether an EV_SECTION is that of the message's section. */
bool lean_is_section(const struct lean *m, const struct event *ev, const char *section);
/* As much of it as there is room for. */
void lean_put_some(struct buf *b, const char *p, size_t n);
/* Whether a tagged NO says that the message is not there any more. */
bool lean_says_gone(const struct event *ev);

/* lean_try.c: fetches what the steps say, and writes it. */
enum lean_outcome {
	LEAN_DONE,
	LEAN_AGAIN,  /* some parts were marked `leave` that did not come as they should */
	LEAN_GONE,   /* there is no such message any more */
	LEAN_FAILED, /* the fault is set */
};
enum lean_outcome lean_try(struct lean *m, struct delivery *d, struct fault *f);

/* lean_plan.c */

/* A structure of one part that is all of the message's text, to be left, for a message whose own is not to be had. 0, -1. */
int lean_plan_opaque(struct lean *m, struct fault *f);
/* Decides what becomes of each part, and makes the steps. 0, -1. */
int lean_plan(struct lean *m, struct fault *f);
void lean_plan_free(struct lean *m);
/* The section to be fetched for a step, or NULL for none; in `name`. */
const char *lean_section(
    const struct lean *m, const struct lean_step *st, char name[static RESPONSE_SECTION_MAX]);

/* lean_head.c */

/* Appends the header of part i as it is to be written, with the empty line behind it; `raw` is as it came. For a
 * part that is left it is all there is of the part. 0, -1. */
int lean_head(
    const struct lean *m, size_t i, const struct header *raw, struct buf *out, struct fault *f);
/* Whether the part's header is that of a message: the root, or a message/rfc822's. */
bool lean_is_message(const struct lean *m, size_t i);

/* lean_scan.c: whether octets that come hold a boundary of what is around them. */
struct lean_scan {
	const struct lean *m;
	size_t part;
	size_t n; /* octets of the line so far; SIZE_MAX: it is none */
	char line[2 + LEAN_BOUNDARY_MAX];
};
void lean_scan_begin(struct lean_scan *c, const struct lean *m, size_t part);
/* True: there is one. n 0: the end. */
bool lean_scan(struct lean_scan *c, const char *p, size_t n);

#endif
