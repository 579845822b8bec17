/*
 * fetch: what messages and parts are made of, and their octets, for a list of URLs.
 *
 * Of a batch (app/urls.h) the questions go out ahead of the answers: EXAMINE, and for each URL its BODYSTRUCTURE and what is wanted of it, in one flight. A section of a part is believed in
 * when BODYSTRUCTURE has it, for servers answer {0} for one that does not exist. Nothing sets \Seen. Octets are streamed: memory does not grow with them.
 */
#ifndef LM_APP_FETCH_H
#define LM_APP_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "app/fetch_convert.h"
#include "app/tool.h"
#include "app/urls.h"
#include "base/fault.h"

enum {
	FETCH_ATTACHMENTS_MAX = 1000, /* of one message: more of them are refused */
};

enum fetch_form {
	FORM_OCTETS, /* as they are in the message */
	/* Without the transfer encoding: BINARY, or decoded here. Of a message that has only one part, its body; a multipart is FAULT_DATA. */
	FORM_DECODED,
	FORM_CONVERTED, /* CONVERT */
	/* The header section of the message, or the MIME header of the part: its Content-* fields. */
	FORM_HEADER,
	FORM_STRUCTURE, /* a record a part: url, section, type, charset, encoding, octets, name */
	FORM_PREVIEW,   /* a record a message: url, preview: PREVIEW, or made here */
	FORM_FILES, /* attachments into files, a record each: url, section, type, octets, path */
};

struct fetch {
	struct tool *tool;
	enum fetch_form form;
	const struct conversion *conversion; /* CONVERTED */
	const char *directory;               /* FILES */
	bool
	    has_range; /* OCTETS, DECODED, CONVERTED: only `length` octets (0: all) from `offset` on */
	uint64_t offset, length;
	FILE *out; /* octets and records */
};

/*
 * Works off all URLs. What is wrong with one of them is told by urls_failed(), and the rest is done. -1: nothing more can be done: FAULT_IO of the output, the directory or the input,
 * FAULT_TEMP without memory; what went wrong before counts in urls_result() all the same.
 */
int fetch_run(const struct fetch *j, struct urls *u, struct fault *f);

#endif
