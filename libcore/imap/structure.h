/*
 * structure: BODYSTRUCTURE (RFC 9051 section 7.5.2) to parts that have part specifiers.
 */
#ifndef LM_IMAP_STRUCTURE_H
#define LM_IMAP_STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "imap/response.h"

enum { STRUCTURE_PARTS_MAX = 10000, STRUCTURE_DEPTH_MAX = 100 };

/* One part, in the order of the tree (parents first). Strings are owned by the structure; NULL: NIL or not there. */
struct part {
	char *
	    section; /* part specifier "2.1"; "" for a multipart at the root, "1" for a message that is not multipart;
	              * "2.TEXT" for the multipart that is the body of the message 2: it has no number of its own */
	unsigned depth;
	char *type,
	    *subtype; /* never NULL; lower case: "text", "plain"; "multipart", "mixed"; "message", "rfc822" */
	char *charset; /* of text parts */
	char *
	    name; /* file name, UTF-8, decoded (Content-Disposition filename, else Content-Type name), not made safe */
	char *id;
	char *description; /* UTF-8, decoded */
	char *encoding;    /* lower case: "base64" */
	char *disposition; /* lower case: "attachment" */
	uint64_t octets;   /* size in its transfer encoding */
	uint64_t lines;    /* text and message/rfc822 */
	bool multipart;
	bool
	    message; /* message/rfc822 or message/global: its own parts follow, and section.HEADER, section.TEXT exist */
	char *boundary; /* of multipart, or NULL */
};
struct structure {
	struct part *part;
	size_t n;
	size_t cap;
};

/* From the list of a fetch event. Copies everything. -1: FAULT_PROTOCOL (malformed, a limit), nothing to free then. Missing trailing fields and NIL where a list belongs are taken. */
int structure_parse(struct structure *s, const struct node *list, struct fault *f);
void structure_free(struct structure *s);
/* The part that `section` names, "N.MIME", "N.HEADER", "N.TEXT" included (the part that it belongs to); "HEADER", "TEXT" and "" belong to the whole message (the first
 * part, but *whole is set). NULL: there is no such section. Also false friends: "N.HEADER" and "N.TEXT" only exist for message parts. */
const struct part *structure_find(const struct structure *s, const char *section, bool *whole);

#endif
