/*
 * assembly: the list from which a message is built, lm-assembly(7).
 *
 *     text 318          then exactly 318 octets and a newline
 *     file ./photo.jpg  the octets of a local file
 *     url imap://...    octets that stay on the server
 */
#ifndef LM_MSG_ASSEMBLY_H
#define LM_MSG_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/fault.h"

enum {
	ASSEMBLY_PIECES_MAX = 4096,
	ASSEMBLY_LINE_MAX = 8192 + 16,
};

enum piece_kind { PIECE_TEXT, PIECE_FILE, PIECE_URL };
struct piece {
	enum piece_kind kind;
	/* Octets. URL: 0 until somebody finds out and writes it here. */
	uint64_t size;
	off_t at;   /* where its octets begin: TEXT: in the spool; FILE: in the file (0 as read) */
	char *name; /* FILE: path; URL: the URL; owned */
};
/* An assembly: its list in memory, its texts in one descriptor that can be read at any place. */
struct assembly {
	int fd; /* seekable; the input itself, or an unlinked temporary file; -1: no text yet */
	bool own_fd;
	struct piece *piece;
	size_t n, cap;
};

/*
 * Reads a whole assembly from `fd`: in place, from its offset on, when it is a regular file, else
 * through an unlinked file in $TMPDIR. Memory: the list only. Checks the form: unknown verbs, bad or
 * overflowing lengths, a text that is cut short, a missing newline, controls in names: FAULT_DATA with
 * the record's number. FILE pieces are opened once to see their size (FAULT_NOINPUT). An input without
 * any piece is FAULT_DATA. After a fault `a` is empty.
 */
int assembly_read(struct assembly *a, int fd, struct fault *f);
/* Empty, to be filled: texts go to an unlinked temporary file, never to an input. */
void assembly_init(struct assembly *a);
int assembly_text(struct assembly *a, const void *p, size_t n, struct fault *f);
int assembly_file(struct assembly *a, const char *path, struct fault *f);
int assembly_url(struct assembly *a, const char *url, uint64_t size, struct fault *f);
void assembly_free(struct assembly *a);

/* Copies the octets [at, at+n) of a TEXT or FILE piece to `to`; returns how many (short only at its
 * end, or where a file has become shorter), or -1 (FAULT_IO, FAULT_NOINPUT). */
ssize_t assembly_octets(const struct assembly *a, const struct piece *p, uint64_t at, void *to,
    size_t n, struct fault *f);
/* Writes it in its text form to descriptor fd. */
int assembly_write(const struct assembly *a, int fd, struct fault *f);
/* Sum of the pieces' sizes; UINT64_MAX when it is more than that. */
uint64_t assembly_size(const struct assembly *a);
/* Is one of its pieces a URL? */
bool assembly_has_url(const struct assembly *a);
/* The beginning of the message, as long as it is local (TEXT, FILE): appends at most `max` octets. For its header. */
int assembly_head(const struct assembly *a, struct buf *out, size_t max, struct fault *f);

/* Makes the whole of a spool (assembly_spool()) of `size` octets one TEXT piece; `a` is empty and owns
 * the descriptor from now on, also when this fails. */
int assembly_adopt(struct assembly *a, int fd, uint64_t size, struct fault *f);
/* Puts the n octets at p in the place of the first `old` octets of the leading local pieces. */
int assembly_replace_head(
    struct assembly *a, uint64_t old, const void *p, size_t n, struct fault *f);

/* The n octets at p, the beginning of some input, are an assembly's and not a message's: no header field is called "text 318". */
bool assembly_is(const char *p, size_t n);

/* An unlinked temporary file, read and write, close-on-exec; -1 with FAULT_IO. */
int assembly_spool(struct fault *f);

/* What octets hold. BINARY: a NUL, a CR or LF that is no part of a CRLF, or a line over 998 octets. */
enum content { CONTENT_7BIT, CONTENT_8BIT, CONTENT_BINARY };
/*
 * Copies a message from fd `in` to fd `out` with every line end (LF, CRLF, bare CR) as CRLF, a last
 * line without one completed, an mbox "From " line at its very beginning dropped. With `dot`, a line
 * "." ends it (sendmail without -i); what follows may have been read. *octets: what was written;
 * *kind: what it holds. Memory does not grow.
 */
int assembly_normalise(
    int in, int out, bool dot, uint64_t *octets, enum content *kind, struct fault *f);
/* The same for octets in memory. State is carried from call to call for pieces in a row;
 * zero-initialise. */
struct content_scan {
	size_t column;
	bool cr, eight, binary;
};
void content_feed(struct content_scan *s, const char *p, size_t n);
enum content content_result(const struct content_scan *s);

#endif
