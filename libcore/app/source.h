/*
 * source: what an IMAP URL names, looked at before it is trusted: servers sign, catenate and fetch what is not there without a word.
 */
#ifndef LM_APP_SOURCE_H
#define LM_APP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/line.h"
#include "base/buf.h"
#include "base/fault.h"
#include "imap/structure.h"
#include "imap/url.h"

struct source {
	struct structure structure;
	const struct part *part; /* of the section; the first part for the whole message */
	bool whole;              /* the URL names all of the message (or its HEADER or TEXT) */
	uint64_t octets;         /* of what the URL names; an upper bound when `bound` is set */
	bool bound;
	bool eight;      /* some part of it says 8bit, or the header that was read is */
	bool binary;     /* some part of it says binary */
	bool has_header; /* the header section came */
	/* In, set by the caller: */
	bool write; /* the mailbox is opened to be written, as flags will be set later */
	bool
	    read_header; /* the message's header section is read in the same flight, for what is 8-bit in it, */
	struct buf *header; /* and goes here (NULL: nowhere) */
};

/*
 * Opens the URL's mailbox, checks that UIDVALIDITY is the same (and fills it in when the URL has none), that the message is there and that the section is. All of it is one flight. What the caller does not set is filled in; source_free() releases it. The
 * URL must name a message. -1: FAULT_DATA "stale URL", "no such message", "no such section" with the URL.
 */
int source_look(struct imap_line *l, struct url *u, struct source *s, struct fault *f);
/* The same for n URLs, where those that follow one another in one mailbox go in one flight (FLIGHT_MAX at once). Of each only the figures are kept: no structure, `part` is NULL, and nothing is to be
 * released. When one of them fails, all do. */
int source_look_all(
    struct imap_line *l, struct url *u, struct source *s, size_t n, struct fault *f);
void source_free(struct source *s);

/* Appends the MIME header of part `section` of message `uid` in the open mailbox: its Content-* fields only, whatever the server answers, with a
 * Content-Type from BODYSTRUCTURE (`part`) where it has none and is no text, then the empty line. */
int source_mime_header(struct imap_line *l, uint32_t uid, const char *section,
    const struct part *part, struct buf *out, struct fault *f);
/* Starts a FETCH of exactly what the URL names (its mailbox is open) and returns its tag (0: fault): the octets come as section events. */
uint32_t source_fetch(struct imap_line *l, const struct url *u, struct fault *f);

#endif
