/*
 * preview: the first words of a text, as one line, for servers that make none (RFC 8970 section 3.3).
 */
#ifndef LM_MSG_PREVIEW_H
#define LM_MSG_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
	PREVIEW_CHARACTERS = 200, /* RFC 8970 section 3.3 */
	/* What is worth asking for: the rest of a text will hardly be needed; HTML has a head. */
	PREVIEW_TEXT_OCTETS = 4096,
	PREVIEW_HTML_OCTETS = 16384,
};

/*
 * Appends at most PREVIEW_CHARACTERS characters, UTF-8 without controls, of the text that begins with the n octets at p (without transfer encoding; it may end anywhere): blanks and line ends become
 * one blank each. Plain text loses the lines that quote another (">"); HTML loses tags, comments, head, style and script, and its commonest character references
 * become characters. `charset`: NULL or one that nobody knows is taken as UTF-8.
 */
void preview_text(struct buf *out, const char *p, size_t n, const char *charset, bool html);

#endif
