/*
 * send: an assembly through an open submission session: BDAT and BURL, or DATA; URLs by BURL, or relayed from IMAP octet for octet.
 */
#ifndef LM_APP_SEND_H
#define LM_APP_SEND_H

#include <stddef.h>

#include "app/line.h"
#include "base/fault.h"
#include "msg/assembly.h"
#include "smtp/session.h"

/*
 * Sends `a` under envelope `e` (results of the recipients are written there). URL pieces: with `from` NULL each must be an authorised URL and goes as BURL
 * (FAULT_REFUSED when the server has no BURL imap); else each is fetched over `from` and passes straight into BDAT or DATA, never more than a few buffers of it in memory. 0 with
 * *outcome SMTP_SENT; else -1 with *outcome saying what is certain. `reply`: the final reply's text.
 */
int send_assembly(struct smtp_line *to, struct smtp_envelope *e, const struct assembly *a,
    struct imap_line *from, enum smtp_outcome *outcome, char *reply, size_t replylen,
    struct fault *f);

/*
 * Names on t->err each recipient that was refused, with the server's words; how many. When nothing was sent and there is only one, the fault names
 * it and nothing is printed. *cls: FAULT_REFUSED when one was refused for good, else FAULT_TEMP.
 */
size_t send_refused(
    const struct tool *t, const struct smtp_rcpt *r, size_t n, bool sent, enum fault_class *cls);

#endif
