/*
 * fetch_convert: parts in another media type, made by the server (CONVERT, RFC 5259).
 */
#ifndef LM_APP_FETCH_CONVERT_H
#define LM_APP_FETCH_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/line.h"
#include "base/fault.h"
#include "imap/command.h"
#include "imap/response.h"

enum {
	CONVERSION_PARAMS_MAX = 32,
	CONVERSION_TEXT_MAX = 4096, /* octets of "image/jpeg;width=320" */
};

/* What to make of a part. Strings point into `text`. */
struct conversion {
	char text[2 * CONVERSION_TEXT_MAX];
	const char *type; /* "image/jpeg" */
	const char *name[CONVERSION_PARAMS_MAX], *value[CONVERSION_PARAMS_MAX];
	size_t n;
};

/*
 * "image/jpeg;width=320", blanks around names and values allowed; a value may be a quoted string of RFC 2045. The names "width" and "height" are "pix-x" and "pix-y" (RFC 2534). Text without a
 * charset gets "charset=utf-8", which servers want to be told (RFC 5259 section 7.1). -1: FAULT_USAGE, nothing of it to be used.
 */
int conversion_parse(struct conversion *c, const char *text, struct fault *f);
/* Whether a text looks like one: a top-level media type (RFC 6838 section 4.2) and a slash. Pure. */
bool conversion_is_meant(const char *text);
/* Begins the command UID CONVERT for one message and puts its item BINARY[section]; with length, <offset.length>. */
void conversion_put(const struct conversion *c, struct imap_cmd *cmd, const struct imap *s,
    uint32_t uid, const char *section, uint64_t offset, uint64_t length);
/* What an EV_CONVERTED event says of an item that could not be converted (RFC 5259 section 9): -1 with the fault (FAULT_TEMP for TEMPFAIL, FAULT_DATA where there is no such
 * part, else FAULT_REFUSED), or 0 where it says nothing. */
int conversion_error(const struct event *ev, struct fault *f);

/*
 * CONVERSIONS: a record for each conversion that is offered: from, to, names of parameters. `text` is an account or a mailbox of it (all conversions), or the URL of a part (those from its type). -1:
 * FAULT_REFUSED without CONVERT, or that of locate(), source_look(), the server.
 */
int conversions_list(struct tool *t, const char *text, FILE *out, struct fault *f);

#endif
