/*
 * header: the header section of a message or part (RFC 5322 section 2.2), read in pieces, with limits.
 */
#ifndef LM_MSG_HEADER_H
#define LM_MSG_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

enum {
	HEADER_SECTION_MAX = 1024 * 1024, /* octets of a whole header section */
	HEADER_NAME_MAX = 256,
};

/* A header section in memory: `text` with CRLF or LF line ends, up to and including the empty line (or the end). Borrowed. */
struct header {
	const char *text;
	size_t len;
};

/* One field: name and raw value (folding included, without the last line end), and its whole text (name to line end). Pointers into the section. */
struct field {
	const char *name;
	size_t namelen;
	const char *value;
	size_t valuelen;
	const char *raw;
	size_t rawlen;
};

/* Length of the header section at the beginning of the n octets at p, the empty line included; n when there is no empty line. Lines
 * that are no fields (an mbox "From " first line, ">From ") are skipped by header_next(). */
size_t header_length(const char *p, size_t n);
/* Walks the fields: *pos starts at 0. True with the next field, false at the end. */
bool header_next(const struct header *h, size_t *pos, struct field *f);
/* The first field called `name` (without regard to case). */
bool header_find(const struct header *h, const char *name, struct field *f);
bool field_is(const struct field *f, const char *name);
/* Appends the value unfolded (RFC 5322 section 2.2.3), outer blanks trimmed, NUL and other controls dropped. */
void field_unfold(struct buf *out, const struct field *f);

/* Appends "Name: value" folded at 78 columns where blanks allow it (RFC 5322 section 2.1.1), CRLF at the end. The value must be ASCII (or UTF-8 with
 * SMTPUTF8); CR, LF and NUL in it are FAULT_DATA: nothing of others can add a field. */
int header_put(struct buf *out, const char *name, const char *value, struct fault *f);

#endif
