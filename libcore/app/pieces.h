/*
 * pieces: the URLs of an assembly, gathered and looked at together, so that those of one mailbox cost one flight.
 *
 *     pieces_init(&p, &assembly, f);
 *     for each piece that is a URL: locate(...), then pieces_put(&p, piece, &url, NULL);
 *     pieces_look(&p, line, f);
 *     ... p.source[0 .. p.n) ...
 *     pieces_free(&p);
 */
#ifndef LM_APP_PIECES_H
#define LM_APP_PIECES_H

#include <stddef.h>

#include "app/line.h"
#include "app/source.h"
#include "base/buf.h"
#include "base/fault.h"
#include "imap/url.h"
#include "msg/assembly.h"

struct pieces {
	struct piece **piece;  /* the assembly's, borrowed */
	struct url *url;       /* of each, absolute; owned */
	struct source *source; /* what each was found to be, after pieces_look() */
	size_t n, cap;
};

/* Nothing gathered, with room for all URLs of the assembly. -1: FAULT_TEMP, and it is empty (pieces_free() is fine). */
int pieces_init(struct pieces *p, const struct assembly *a, struct fault *f);
/* Adds a piece of that assembly, each at most once, with the URL that its name means, which is taken over (u is empty afterwards). `header`: see struct source; NULL: not wanted. */
void pieces_put(struct pieces *p, struct piece *piece, struct url *u, struct buf *header);
/*
 * Looks at all of them with source_look_all(), over the line of the one account that they belong to; with none it does nothing. Each piece gets its size, and its whole URL, UIDVALIDITY included, as
 * its name; the text of an authorised one is signed, and stays when `keep_signed` is set. -1: source_look_all()'s faults, FAULT_DATA for a URL that is too long then.
 */
int pieces_look(struct pieces *p, struct imap_line *l, bool keep_signed, struct fault *f);
void pieces_free(struct pieces *p);

#endif
