/*
 * forward: the strategies of profile section 7.4, and what has to be done around them.
 */
#ifndef LM_APP_FORWARD_H
#define LM_APP_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "app/compose.h"
#include "app/line.h"
#include "base/fault.h"
#include "imap/url.h"

enum strategy {
	STRATEGY_AUTO, /* the best of these that both servers offer, in this order */
	STRATEGY_CATENATE, /* 7.4.1: CATENATE into Sent, URLAUTH, BURL LAST: the copy costs no second upload */
	STRATEGY_BURL,  /* 7.4.2: BDAT and BURL; a copy, if wanted, by CATENATE afterwards */
	STRATEGY_RELAY, /* the octets pass through us, from the IMAP literal into BDAT or DATA */
};

struct forwarding {
	struct tool *tool;
	const struct account *account;
	struct imap_line *imap; /* may be replaced by a new connection */
	struct smtp_line *smtp;
	struct composed message;
	const struct forward *what;
	enum strategy strategy; /* AUTO until forward_choose() */
	bool all_or_none;
	/* results */
	struct url copy;        /* the copy in Sent; uid 0: none */
	struct smtp_rcpt *rcpt; /* one for each address of To, Cc and Bcc, in that order; owned */
	size_t nrcpt;
	bool sent;       /* the submission server accepted it */
	char reply[256]; /* its final reply */
};

/* Settles AUTO, and refuses a strategy that one of the servers cannot do (FAULT_REFUSED, naming what is missing). */
int forward_choose(struct forwarding *w, struct fault *f);
/*
 * Sends. 0: accepted (some recipients may be refused: see rcpt), and the copy is in its place. -1: with `sent` false nothing was sent and no draft is
 * left (or the message says which); with `sent` true the mail is on its way, but the copy could not be made.
 */
int forward_send(struct forwarding *w, struct fault *f);
/* Sets $Forwarded on the originals (profile section 5.9). A mailbox that cannot store it is no fault: it is noted. */
int forward_mark(struct forwarding *w, const struct url *urls, size_t n, struct fault *f);
void forward_free(struct forwarding *w);

const char *strategy_name(enum strategy s);
/* -1: no such strategy. */
int strategy_parse(const char *name, enum strategy *s);

#endif
