/*
 * session_impl: what the files of the SMTP session share. Not for programs; the unit tests use the dialer.
 *
 * Layers, lower ones first: pipe (octets out, replies in, matched in order), hello and auth (the steps
 * before MAIL), envelope (MAIL and RCPT), transfer (BDAT, BURL, DATA), session (which steps ride in which flight, and
 * the second try when a flight rested on stale memory).
 */
#ifndef LM_SMTP_SESSION_IMPL_H
#define LM_SMTP_SESSION_IMPL_H

#include "smtp/session.h"

enum {
	PIPE_MAX = 256,             /* commands that wait for their replies */
	TIMEOUT = 60 * 1000,        /* ms */
	TIMEOUT_FINAL = 600 * 1000, /* ms: RFC 5321 section 4.5.3.2.6 */
	TRIAL_AUTH = 10 * 1000,     /* ms: AUTH right behind EHLO, tried for the first time */
	TRIAL_PROBE =
	    2 * 1000,     /* ms: what follows AUTH, tried for the first time; or 4 round trips */
	QUIT_WAIT = 1000, /* ms */
	LOG_MAX = 65536,  /* octets of a flight that are kept for a second try */
	LOG_OPS = 64,
	URL_LEN_MAX = 8192,
	KEPT_MAX = 16,
};

/* Where connections come from. */
struct smtp_dialer {
	struct chan *(*dial)(const struct endpoint *e, void *arg, struct fault *f);
	void *arg;
	bool safe; /* counts as encrypted (tests) */
};
struct smtp *smtp_open_by(
    const struct smtp_options *o, const struct smtp_dialer *d, struct fault *f);

enum verb {
	VERB_GREETING, /* nothing is sent, a reply comes */
	VERB_EHLO,
	VERB_STARTTLS,
	VERB_AUTH, /* and each line of the exchange */
	VERB_NOOP,
	VERB_RSET,
	VERB_MAIL,
	VERB_RCPT,
	VERB_DATA,
	VERB_BDAT,
	VERB_BURL,
	VERB_END, /* the final dot */
};

/* A command that waits for its reply. */
struct pending {
	enum verb verb;
	bool last;   /* its reply is the message's */
	bool after;  /* EHLO after AUTH */
	size_t rcpt; /* which recipient */
};

/* The part of a flight that a second try sends again. */
struct op {
	enum op_kind { OP_BDAT, OP_BURL, OP_OCTETS } kind;
	bool last;
	uint64_t n;
	size_t at, len; /* in log.octets */
};
struct log {
	struct op ops[LOG_OPS];
	size_t nops;
	struct buf octets;
};

struct transaction {
	struct smtp_envelope *e; /* NULL: none is open */
	bool mail_ok;
	size_t answered, accepted; /* recipients */
	bool refused;              /* it will not be sent, */
	struct fault why;          /* for this first reason */
	bool last_queued;          /* the command that ends the message is queued, */
	bool complete;             /* and all octets of the message too */
	bool final_yes;            /* and its reply was 2yz */
	uint64_t chunk_left;       /* octets that the last BDAT promised */
	bool go_ahead;             /* 354 */
	bool in_data;
	enum { AT_LINE_START, IN_LINE, AFTER_CR } line;
	char final[512]; /* the final reply */
};

struct smtp {
	struct smtp_dialer dialer;
	struct smtp_options o; /* strings are in kept[] */
	struct credentials credentials;
	char *kept[KEPT_MAX];
	size_t nkept;

	struct chan *chan; /* NULL: dropped */
	struct reply reply;
	struct pending queue[PIPE_MAX];
	size_t head, waiting;
	bool pipelining;
	bool safe;              /* encrypted, or a tunnel; kept when the connection is dropped */
	struct chan_stats past; /* of connections that were dropped */
	bool said;              /* something was sent that has not been waited for */
	int patience;           /* ms to wait for a reply; 0: the usual */
	int64_t sent_at;        /* when the wait for a reply began */
	int rtt;                /* ms, of the first exchange */
	unsigned flights;

	struct smtp_caps before; /* EHLO before AUTH, */
	bool before_read;        /* which was read; else assumed from memory */
	bool before_changed;     /* and is not what was remembered */
	struct smtp_caps caps;   /* EHLO after AUTH, or the best guess */
	bool after_read;
	bool after_remembered;
	struct smtp_known learned;

	struct sasl *sasl;
	const char *mechanism;
	struct buf
	    held; /* an initial response that is too long to go with AUTH, and waits for 334 */
	bool holding;
	bool auth_sent; /* the last line of the exchange is out: nothing of AUTH is left to say */
	bool authenticated;

	/*
	 * `early`: commands are under way that are right only if memory is: the octets of the message
	 * that ride with them are in the log. `retry`: what went wrong may be the fault of that. `timid`: this is
	 * the second try, step by step.
	 */
	bool early, retry, timid;
	bool fast;    /* AUTH went right behind EHLO */
	bool rode;    /* MAIL went right behind AUTH */
	bool stale;   /* memory was wrong */
	bool probing; /* a harmless command rides on AUTH, to see whether it gets its reply */
	bool before_greeting;
	struct log log;

	struct transaction t;
	bool dirty; /* RSET before the next MAIL */
};

/* ---- session_pipe.c */

/* Queues a line (with its CRLF), after waiting where PIPELINING is not there or too many commands wait. */
int pipe_command(
    struct smtp *s, struct pending p, const struct buf *line, bool secret, struct fault *f);
/* A reply is due for which nothing (more) is sent. */
void pipe_expect(struct smtp *s, struct pending p);
/* Octets, all of them; replies that come meanwhile are taken. With `stop`, a refusal of the transaction ends it. */
int pipe_put(struct smtp *s, const void *p, size_t n, bool secret, bool stop, struct fault *f);
/* Takes replies until at most `left` commands wait. */
int pipe_await(struct smtp *s, size_t left, struct fault *f);
/* One round of waiting for input, and taking it. */
int pipe_round(struct smtp *s, struct fault *f);
/* The connection is of no use any more. */
void pipe_drop(struct smtp *s);

/* ---- session_hello.c */

/* The greeting, and STARTTLS where the endpoint asks for it. */
int hello_greet(struct smtp *s, struct fault *f);
int hello_send(struct smtp *s, bool after, struct fault *f);
/* What the memory and the EHLO before AUTH let one expect after it. */
void hello_believe(struct smtp *s);
bool hello_wants_met(const struct smtp *s);
int hello_on_greeting(struct smtp *s, const struct pending *p, struct fault *f);
int hello_on_ehlo(struct smtp *s, const struct pending *p, struct fault *f);
int hello_on_starttls(struct smtp *s, const struct pending *p, struct fault *f);

/* ---- session_auth.c */

/* The mechanism for what is offered, or NULL with the fault. */
const char *auth_choose(struct smtp *s, const char *offered, struct fault *f);
int auth_send(struct smtp *s, const char *mechanism, struct fault *f);
/* The rest of the exchange, after the first reply, until all that is ours is said (auth_sent) or the server has decided. */
int auth_go_on(struct smtp *s, struct fault *f);
int auth_on_reply(struct smtp *s, const struct pending *p, struct fault *f);

/* ---- session_envelope.c */

/* smtp_begin(), once. */
int envelope_open(struct smtp *s, struct smtp_envelope *e, struct fault *f);
int envelope_on_mail(struct smtp *s, const struct pending *p, struct fault *f);
int envelope_on_rcpt(struct smtp *s, const struct pending *p, struct fault *f);

/* ---- session_transfer.c */

int transfer_bdat(struct smtp *s, uint64_t n, bool last, struct fault *f);
int transfer_burl(struct smtp *s, const char *url, size_t n, bool last, struct fault *f);
int transfer_octets(struct smtp *s, const void *p, size_t n, struct fault *f);
int transfer_data(struct smtp *s, struct fault *f);
int transfer_end(struct smtp *s, struct fault *f);
int transfer_on_chunk(struct smtp *s, const struct pending *p, struct fault *f);
int transfer_on_data(struct smtp *s, const struct pending *p, struct fault *f);
int transfer_on_end(struct smtp *s, const struct pending *p, struct fault *f);
/* The transaction is refused for this reason, if it was not before. */
void transfer_refuse(struct smtp *s, const struct fault *why);
void transfer_refuse_reply(struct smtp *s, const char *what);

/* ---- session_early.c */

/* Makes room for one more op of n octets: confirms the flight when it should not grow any more. */
int early_room(struct smtp *s, size_t n, struct fault *f);
/* Notes what is about to go out in an early flight. */
int early_note(struct smtp *s, const struct op *op, const void *p, struct fault *f);
/* Does what the op says. */
int early_perform(struct smtp *s, const struct op *op, const void *p, struct fault *f);
/* Waits until AUTH (or EHLO, without) has been accepted. */
int early_confirm(struct smtp *s, struct fault *f);
/* The early flight was right. */
void early_is_over(struct smtp *s);
/* What rode on memory went wrong: all of it again on a new connection. -1 with `f` as it was when that would not be right, or with
 * the second try's fault. */
int early_again(struct smtp *s, struct fault *f);

/* ---- session.c */

/* Connects and goes as far as MAIL. */
int session_start(struct smtp *s, struct fault *f);

#endif
