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

/* A header section in memory: `text` with CRLF or LF line ends, up to and including the empty line (or
 * the end). Borrowed. */
struct header {
	const char *text;
	size_t len;
};

/* One field: its name, its raw value (folding and the blank behind the colon included, without the
 * last line end), and its whole text (name to line end). Pointers into the section. */
struct field {
	const char *name;
	size_t namelen;
	const char *value;
	size_t valuelen;
	const char *raw;
	size_t rawlen;
};

/* Length of the header section at the beginning of the n octets at p, the empty line included; n when
 * there is no empty line. */
size_t header_length(const char *p, size_t n);
/* The same, but ended also by the first line that is neither a field nor continues one (a message without the empty line between header and
 * body), which is not part of it. */
size_t header_fields_length(const char *p, size_t n);
/* Walks the fields: *pos starts at 0. True with the next field, false at the end. Lines that are no
 * fields (an mbox "From " first line, ">From ", a name over HEADER_NAME_MAX) are skipped. */
bool header_next(const struct header *h, size_t *pos, struct field *f);
/* The first field called `name` (without regard to case). */
bool header_find(const struct header *h, const char *name, struct field *f);
bool field_is(const struct field *f, const char *name);
/* Appends the value unfolded (RFC 5322 section 2.2.3): outer blanks trimmed, a TAB as a blank, NUL and
 * other controls dropped. Octets beyond ASCII stay as they are. */
void field_unfold(struct buf *out, const struct field *f);

/*
 * Appends "Name: value", folded at blanks so that no line is over 76 columns where that can be (RFC
 * 5322 section 2.1.1, RFC 2047 section 2), CRLF at the end; outer blanks are trimmed. The value must
 * be ASCII (or UTF-8, with SMTPUTF8). CR and LF in it, a name that is none, and a word that no line of
 * 998 octets could hold are FAULT_DATA with nothing appended: no value can add a field.
 */
int header_put(struct buf *out, const char *name, const char *value, struct fault *f);

#endif
