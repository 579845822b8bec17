/*
 * url_text: which octets of a URL stand for themselves (RFC 3986 section 2, RFC 5092 section 11), and
 * a place in a URL that is being read. Only the files url*.c include this.
 */
#ifndef LM_IMAP_URL_TEXT_H
#define LM_IMAP_URL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"
#include "imap/url.h"

/* Appends the n octets at s with everything escaped that is not an unreserved character, one of
 * "!$'()*,", or in `also`. That is what the sample code of RFC 5092 leaves alone: "+" would be a blank
 * to some readers. */
void url_escape(struct buf *out, const char *s, size_t n, const char *also);

/* ASCII letters to upper case, in place. */
void url_upper(char *s);

/* The octets from `at` on are still to be read, up to `n`. */
struct url_scan {
	const char *s;
	size_t n, at;
	bool human; /* url_parse_human() */
	struct fault *f;
};

/* A component: its name for people, what may stand in it unescaped beside uchar, and what may when a
 * person typed it (beside blanks and octets outside ASCII). */
struct url_component {
	const char *name, *also, *human_also;
};

/* Reads and decodes from `at` up to `end`, and moves there. *out is a new string, not empty, UTF-8. */
int url_scan_text(
    struct url_scan *p, size_t end, const struct url_component *component, char **out);
/* The place of the first of these characters from `at` on, or n. */
size_t url_scan_find(const struct url_scan *p, const char *set);
/* Whether ";KEY=" is at that place, in any case. */
bool url_scan_at_key(const struct url_scan *p, size_t at, const char *key);
/* Steps over ";KEY=", and over a "/" before it, if it is next. */
bool url_scan_key(struct url_scan *p, const char *key);
/* FAULT_DATA: where we are, and why that is not an IMAP URL. Returns -1. */
int url_scan_fail(struct url_scan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The scheme and the authority, if there is one; moves to what follows it. */
int url_scan_server(struct url_scan *p, struct url *u);

/* [expire] [";URLAUTH=" access [iua-verifier]], each if it is there. */
int url_scan_urlauth(struct url_scan *p, struct url *u);

/* Whether url_build() makes at most URL_MAX octets of it. */
bool url_fits(const struct url *u);

#endif
