/*
 * line: connections to the two servers of an account, with what is remembered of them.
 */
#ifndef LM_APP_LINE_H
#define LM_APP_LINE_H

#include <stdbool.h>

#include "app/tool.h"
#include "base/buf.h"
#include "base/fault.h"
#include "conf/config.h"
#include "conf/memo.h"
#include "conf/secret.h"
#include "imap/mailbox.h"
#include "imap/session.h"
#include "smtp/session.h"

/* An IMAP connection of an account, logged in. */
struct imap_line {
	const struct tool *tool;
	const struct account *account;
	struct imap *imap;
	char *selected; /* UTF-8 name of the open mailbox, or NULL */
	bool selected_read_only;
	struct mailbox mailbox; /* of the open mailbox */
	struct trace *trace;
	bool early; /* opened by imap_line_early(): what was learned is remembered at the end */
};

/* Connects and logs in. `bulk`: much is to come, COMPRESS is worth its round trip (if the account's `compress` allows). NULL with the fault. */
struct imap_line *imap_line_open(
    const struct tool *t, const struct account *a, bool bulk, struct fault *f);
/* The same, but where the server is known and allows it the login is not waited for: what is sent next goes out with it (imap_options.early; see imap_early_failed()). */
struct imap_line *imap_line_early(const struct tool *t, const struct account *a, struct fault *f);
/* Says LOGOUT (or only closes, when the line is broken) and releases. NULL is fine. */
void imap_line_close(struct imap_line *l);
/* Opens a mailbox unless it is open already in a mode that serves; checks its UIDVALIDITY (0: any). Fills l->mailbox. */
int imap_line_select(struct imap_line *l, const char *mailbox, bool read_only, uint32_t uidvalidity,
    struct fault *f);

/* The same in two steps: what is sent between them rides in the same flight. *tag is 0 when the mailbox is open already. */
int imap_line_select_begin(struct imap_line *l, const char *mailbox, bool read_only,
    uint32_t uidvalidity, uint32_t *tag, struct fault *f);
int imap_line_select_end(struct imap_line *l, const char *mailbox, bool read_only,
    uint32_t uidvalidity, uint32_t tag, struct fault *f);

/* A connection to an account's submission server. Holds the secret while the session may still need it. */
struct smtp_line {
	const struct tool *tool;
	const struct account *account;
	struct smtp *smtp;
	struct memo *memo;
	struct secret secret;
	struct credentials credentials;
	struct trace *trace;
};

/* `want`: SMTP_WANT_* bits. */
struct smtp_line *smtp_line_open(
    const struct tool *t, const struct account *a, unsigned want, struct fault *f);
/* Remembers what was learned (the authority that BURL names, too), says QUIT, releases. NULL is fine. */
void smtp_line_close(struct smtp_line *l);

/* The two accounts are one mailbox store: the same IMAP server and user. They may differ in how they submit. */
bool line_same_store(const struct account *a, const struct account *b);
/* User name for a server of the account: the `user` keyword, else the URL's, else the other server's. NULL: none. */
const char *line_user(const struct account *a, const struct server *s);

#endif
