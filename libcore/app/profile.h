/*
 * profile: what the Lemonade Profile demands of the two servers (draft-ietf-lemonade-profile-bis-05
 * sections 3.1 and 3.2, a table each), and whether what they offer meets it. No I/O.
 */
#ifndef LM_APP_PROFILE_H
#define LM_APP_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

enum profile_service { PROFILE_SUBMIT, PROFILE_IMAP };

/* How the line to a server is protected: STARTTLS is offered only in the clear. */
enum profile_line {
	PROFILE_LINE_TLS,      /* TLS from the first octet */
	PROFILE_LINE_STARTTLS, /* TLS by STARTTLS */
	PROFILE_LINE_CLEAR,    /* in the clear: no STARTTLS was offered */
	PROFILE_LINE_OTHER,    /* a tunnel: STARTTLS says nothing there */
};

/* What is known of the two servers. Strings are borrowed. */
struct profile_view {
	const char *caps; /* IMAP capabilities after login, blanks between; NULL: not known */
	const char *ehlo; /* EHLO lines after AUTH, LF between; NULL: not known */
	const char *ehlo_before; /* the same before AUTH; NULL: none */
	enum profile_line imap_line, submit_line;
	int forwarded; /* $Forwarded can be stored in INBOX: 1, 0, or -1: not known */
};

enum profile_state {
	PROFILE_OFFERED,
	PROFILE_PARTLY, /* some of it: not what the profile demands */
	PROFILE_MISSING,
	PROFILE_UNKNOWN,
	PROFILE_TLS,           /* STARTTLS, whose purpose is met by TLS from the first octet */
	PROFILE_NOT_PUBLISHED, /* QUICKSTART: its document never came */
};

struct profile_row {
	enum profile_service service;
	const char *extension; /* as the profile writes it */
	const char *required;  /* where the profile demands it: "section 4.2" */
};

/* The k-th row of both tables (submission first, in the profile's order), or NULL. */
const struct profile_row *profile_row(size_t k);
/* Judges one row. *note: a static remark ("as CONTEXT=SEARCH"), or NULL. */
enum profile_state profile_judge(
    const struct profile_row *row, const struct profile_view *view, const char **note);
/* The word for a state: "offered", "not-published". */
const char *profile_word(enum profile_state state);
/* The state breaks the profile. */
bool profile_breaks(enum profile_state state);

/* Finds `keyword` among EHLO lines (LF between): its *len octets of arguments, or NULL. */
const char *profile_ehlo(const char *ehlo, const char *keyword, size_t *len);

#endif
