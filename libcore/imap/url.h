/*
 * url: IMAP URLs (RFC 5092, with URLAUTH of RFC 4467 and the URLAUTH access identifiers of RFC 5593),
 * the name by which every lm program calls a mailbox, a message or a part.
 *
 *     imap://alice@mail.example.org/INBOX;UIDVALIDITY=385759045/;UID=25627/;SECTION=2
 *     imap://alice@mail.example.org/INBOX;UIDVALIDITY=385759045/;UID=25627/;PARTIAL=0.1024
 *         ;EXPIRE=2026-11-24T10:00:00Z;URLAUTH=submit+alice:internal:91354a473744909de610943775f92038
 *
 * Parsing and building know nothing of accounts: `work/INBOX/;UID=7` is a relative reference to be
 * resolved against the account's base URL by the caller (url_resolve()).
 *
 * A token signs the text of its URL, and servers check that text octet by octet (Dovecot 2.3: up to
 * the mechanism). So a URL with a token goes on as the text that it came as; what url_build() makes of
 * it is the same URL, but perhaps another text (";uid=20" becomes ";UID=20"), which opens nothing.
 */
#ifndef LM_IMAP_URL_H
#define LM_IMAP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"

enum { URL_MAX = 8192 }; /* octets of a whole URL */

/*
 * A URL in parts. Strings are NUL-terminated, owned by the struct, decoded (percent-encoding undone),
 * not empty, UTF-8, and without NUL, CR or LF. NULL or 0: not there.
 */
struct url {
	char *user;         /* enc-user */
	char *auth;         /* ";AUTH=" of the authority, in upper case, or "*" */
	char *host;         /* NULL in a relative reference; IPv6 without brackets */
	uint16_t port;      /* 0: not given (143, imaps: 993) */
	bool tls;           /* scheme imaps: (not in RFC 5092; for configuration, see lm-url(7)) */
	bool absolute_path; /* a relative reference began with "/"; true with every host */
	char *mailbox;      /* the name itself, never modified UTF-7 */
	uint32_t uidvalidity;
	char *search; /* "?" query of a message list */
	uint32_t uid;
	char *section; /* section-spec in upper case: "2", "1.MIME", "TEXT"; NULL: whole message */
	bool has_partial;
	uint64_t partial_offset; /* at most 2^63-1, as partial_length */
	uint64_t partial_length; /* 0: to the end */
	char *expire;            /* RFC 3339 date-time as given */
	char *
	    access; /* URLAUTH access: "submit+alice", "user+bob", "authuser", "anonymous", "stream";
	                    what is before the "+" is in lower case */
	char *
	    mechanism; /* after it: "INTERNAL", in any case; NULL in a rump URL (RFC 4467 section 3) */
	char *token; /* enc-urlauth, hex digits as given; NULL where mechanism is */
};

/*
 * Parses the n octets at s. 0 with u filled (url_free() releases it), or -1: FAULT_DATA with what is
 * wrong and at which octet (counted from 1), FAULT_TEMP without memory; u is then empty. No part of the
 * URL is in the message, for it may carry a token.
 *
 * Refused: more than URL_MAX octets, as given or as url_build() makes it; nothing at all; any octet
 * that RFC 5092 wants percent-encoded; an escaped NUL, CR or LF; text that is not UTF-8; UID and
 * UIDVALIDITY that are no nz-number; "." and ".." between slashes (write "%2E"), references that
 * begin with "//", and passwords. Keywords are matched without regard to case.
 *
 * Taken beyond RFC 5092: the scheme imaps:; a relative reference that names its mailbox without a
 * "/" before it; ";EXPIRE=" without ";URLAUTH="; a "/" before either, as in some RFCs' examples; a
 * mailbox in modified UTF-7 where its "&" stand unescaped and it decodes (an RFC 5092 name has UTF-8,
 * escaped: section 8; one that looks like a shift has to have its "&" as "%26").
 */
int url_parse(struct url *u, const char *s, size_t n, struct fault *f);
/* Like url_parse(), for what people type: blanks and octets outside ASCII are taken literally, and so
 * are the characters "#<>[\]^`{|} in a mailbox or search, and "@" in a user name. */
int url_parse_human(struct url *u, const char *s, size_t n, struct fault *f);
/* Releases the strings; u is empty afterwards. An empty one (zeroes) is fine. */
void url_free(struct url *u);
/* 0 with a copy that shares nothing in `to` (not released before), or -1, and `to` is empty. */
int url_copy(struct url *to, const struct url *from, struct fault *f);

/* Appends the URL in its one canonical form: lower-case scheme, upper-case keywords, what needs it
 * percent-encoded with upper-case hex, the mailbox percent-encoded UTF-8. For every u that was parsed,
 * the result has at most URL_MAX octets and parses to an equal u. */
void url_build(struct buf *out, const struct url *u);
/* The path part only, from "/" on: what CATENATE URL wants (RFC 4469 section 3: relative to the
 * server). No URLAUTH. */
void url_build_relative(struct buf *out, const struct url *u);
/* The rump URL: everything up to and including ";URLAUTH=<access>" (RFC 4467 section 3). */
void url_build_rump(struct buf *out, const struct url *u);

/*
 * Makes the relative reference `ref` absolute: a new URL in `out`, or -1. A reference with a host is
 * copied. Else the server and user are the base's; and what `ref` does not say, in this order, is the
 * base's too, up to the first thing that it says: mailbox with UIDVALIDITY, UID, section. So ";UID=20"
 * is in the base's mailbox, ";SECTION=1.4" in the base's message (RFC 5092 section 9). A mailbox in
 * `ref` is a whole name, also without a "/" before it: RFC 5092 section 7.2 forbids to append names.
 * Nothing of a base's PARTIAL, search, EXPIRE and URLAUTH is taken over.
 */
int url_resolve(struct url *out, const struct url *base, const struct url *ref, struct fault *f);

/* Same server as text, the way servers compare (RFC 4467 section 6): host without regard to case, and
 * ports equal, where 0 is 143 (993 with tls). False when either has no host. */
bool url_same_server(const struct url *a, const struct url *b);
/* Valid section-spec of RFC 9051 section 9, without brackets and not empty, in any case. A header-list
 * is taken if its field names are atoms: "HEADER.FIELDS (SUBJECT TO)". */
bool url_section_valid(const char *s);

#endif
