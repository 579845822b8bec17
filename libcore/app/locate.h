/*
 * locate: from what a person or another program writes to an account and an IMAP URL.
 *
 *     work                       the account
 *     work/INBOX/;UID=7          relative: the account's name, then mailbox, message, part
 *     imap://alice@host/INBOX... absolute: the account is found by server and user
 */
#ifndef LM_APP_LOCATE_H
#define LM_APP_LOCATE_H

#include "app/input.h"
#include "app/tool.h"
#include "base/fault.h"
#include "conf/config.h"
#include "imap/url.h"

/*
 * Fills u with the absolute URL (authority included) and *a with its account. With -a (t->account) that account is taken, and a URL of another server is refused.
 * -1: FAULT_DATA for a bad URL, FAULT_CONFIG for a name that is no account, FAULT_DATA "URL of another server" when no account has that server.
 */
int locate(
    struct tool *t, const char *text, const struct account **a, struct url *u, struct fault *f);
/* The account for a program that was given only a name (NULL: -a, else the first account of the configuration). */
const struct account *locate_account(struct tool *t, const char *name, struct fault *f);

/* The URL in a line of input (changed in place, blanks and the line end cut off): its first field, between TABs, that begins with "imap:" or "imaps:", else its first field.
 * NULL: the line is empty. */
char *locate_field(char *line);
/* The URL in the next line of input that is not empty, until the next call. 1, 0: no more, or -1, as input_line(). */
int locate_next(struct input *in, char **text, struct fault *f);
/*
 * The same for a list of which the rest is still to be done: a line that is none is told (tool_failed()) and passed over. With `waiting`, because what was read is to be worked off when
 * the writer pauses, PAUSE after INPUT_PAUSE_MS without a line. LINE with *text, PAUSE, END, or FAULT: FAULT_IO of the input, FAULT_TEMP.
 */
enum input_kind locate_listed(
    struct tool *t, struct input *in, bool waiting, char **text, struct fault *f);
/* The same, but the whole line, empty or not. */
enum input_kind locate_line(
    struct tool *t, struct input *in, bool waiting, char **line, struct fault *f);
/* The SMTP_WANT_* bits that make a submission session learn the authority, if it is not known yet. */
unsigned locate_wants(const struct account *a);

enum { AUTHORITY_MAX = 300 };
/*
 * The server's own name for itself, as it must stand in an authorised URL (lm-url(7)): the keyword `url-authority`; what the submission server's BURL line named
 * last time; with `ask`, what it names now (connects to it); else the imap host without a port. Sets host and port of u (port 0: none) and *how (may be NULL) to a static
 * text that says where it came from.
 */
int locate_authority(struct tool *t, const struct account *a, bool ask, struct url *u,
    const char **how, struct fault *f);

#endif
