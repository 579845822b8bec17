/*
 * reply: SMTP reply octets to replies (RFC 5321 section 4.2), with enhanced status codes (RFC 2034). Resumable, no I/O.
 */
#ifndef LM_SMTP_REPLY_H
#define LM_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

enum {
	REPLY_LINE_MAX = 4096, /* octets of one line */
	REPLY_LINES_MAX = 256, /* lines of one reply */
};

struct reply {
	int code; /* 200 to 599 */
	bool enhanced;
	unsigned status[3]; /* class, subject, detail: 5.7.1 */
	struct buf
	    text; /* the lines' texts without codes (enhanced ones neither), joined by LF, octets as sent (not made safe) */
	unsigned lines;
	/* parser state */
	struct buf line;
	bool complete;
};

void reply_init(struct reply *r);
void reply_free(struct reply *r);
/* Reads from the n octets at p until one reply is complete (1) or they are used up (0); starts anew after a complete one. -1: FAULT_PROTOCOL:
 * no code, codes that differ between lines, a limit passed, NUL. Bare LF line ends and a missing text are taken. */
int reply_feed(struct reply *r, const char *p, size_t n, size_t *used, struct fault *f);
/* The class of fault that the reply means: 4yz FAULT_TEMP, 5yz FAULT_REFUSED, 530 534 535 538 454-in-AUTH: FAULT_AUTH as fits, 2yz/3yz FAULT_NONE. */
enum fault_class reply_class(const struct reply *r);
/* "550 5.1.1 text", lines joined by "; ", made safe for a terminal, cut to n octets with the NUL. */
void reply_show(const struct reply *r, char *out, size_t n);
/* Sets a fault from the reply: "WHAT: 550 5.1.1 text" (first line, or all joined by "; "). Returns -1. */
int reply_fault(const struct reply *r, struct fault *f, const char *what);

#endif
