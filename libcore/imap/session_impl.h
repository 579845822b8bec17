/* session_impl: what the files of the IMAP session share; nobody else includes it. */
#ifndef LM_IMAP_SESSION_IMPL_H
#define LM_IMAP_SESSION_IMPL_H

#include "imap/session.h"

/* A command on its way: it leaves the queue when its last octet is in the channel, and the table when its tag completes. */
struct queued {
	struct queued *next;
	struct imap_cmd cmd;
	uint32_t tag;
	size_t text_sent;     /* of cmd.text */
	size_t literal;       /* the next one */
	uint64_t octets_sent; /* of the current literal, when it comes from a descriptor */
	bool announced;       /* "{n}" of the current literal is out */
	bool granted;         /* its octets may go: non-synchronising, or "+" came */
	bool tag_sent;
};

/* A login that is not waited for (session_early.c). */
enum early_phase {
	EARLY_OFF,
	EARLY_GREETING, /* all is sent, the greeting has not come */
	EARLY_LOGIN,    /* greeted; the login is not answered */
	EARLY_IN,       /* logged in; was the rest taken? */
	EARLY_FAILED,
};
struct early {
	enum early_phase phase;
	enum imap_early how; /* as remembered, then as learned */
	uint32_t login_tag;
	uint32_t sentinel; /* of a NOOP: its reply comes after those to all that was taken */
	struct queued *kept, **kept_tail; /* sent, to be sent again if it was swallowed */
	int64_t ask_at;                   /* when silence gets suspicious */
	bool preauth;
};

struct imap {
	struct chan *chan;
	struct response_parser *parser;
	char *caps, *caps_before;
	bool caps_said; /* the server has listed its capabilities since this was last cleared */
	bool utf8;      /* mailbox names are UTF-8 on this connection */
	bool alive;
	bool closing; /* we said LOGOUT: a BYE is fine */
	bool safe;    /* the line counts as encrypted, whatever it is (tests) */
	int timeout;  /* ms */
	size_t taken; /* octets of the last event, still in the channel's buffer */
	uint32_t next_tag;
	struct queued *head, **tail;
	struct early early;
	uint32_t compress_tag; /* of a COMPRESS that is not answered yet: nothing may follow it */
	bool deflate_due;      /* it was answered: the next octet is compressed */
	uint32_t inflight[IMAP_INFLIGHT_MAX];
	const char *inflight_name[IMAP_INFLIGHT_MAX];
	size_t ninflight;
	struct fault bye; /* what an untagged BYE said, */
	int64_t bye_end;  /* and how long we wait for what may come behind it */
};

/* session.c: imap_open() on a connection that stands already. It is the session's from here on, on failure too (NULL: the fault is
 * set). `safe`: it counts as encrypted, though it is not. */
struct imap *imap_open_chan(
    struct chan *c, const struct imap_options *o, bool safe, struct fault *f);
/* What is left of the last event goes; COMPRESS takes effect when that was its reply. 0 or -1. */
int imap_take(struct imap *s, struct fault *f);
/* Passwords may be sent. */
bool imap_is_safe(const struct imap *s);

/* flow.c: puts as much of the queue into the channel as there is room and leave for. -1: a descriptor could not be read. */
int imap_flow(struct imap *s, struct fault *f);
/* Something of the queue could go out if the channel had room (not: waits for "+"). */
bool imap_flow_ready(const struct imap *s);
/* A "+" came: the literal that waits for it may go. False when none waits. */
bool imap_flow_grant(struct imap *s);
/* The server completed `tag` while its command may still be in the queue (refused early): what need not go any more is dropped. -1 when it was not
 * even sent (FAULT_PROTOCOL). */
int imap_flow_refused(struct imap *s, uint32_t tag, struct fault *f);
void imap_flow_clear(struct imap *s);

/* Puts the kept commands back in front of the queue, to be sent anew. */
void imap_flow_again(struct imap *s);
void queued_free(struct queued *q);

/* session_early.c: what the login that was not waited for makes of an event. 1: hand it out, 0: it was for us, -1: fault. */
int imap_early_event(struct imap *s, struct event *ev, struct fault *f);
/* The time at which something has to be done if nothing comes; `deadline` if that is earlier. */
int64_t imap_early_until(const struct imap *s, int64_t deadline);
/* Does it. 0, or -1: fault. */
int imap_early_silence(struct imap *s, struct fault *f);
/* Sends the login without waiting, where that is possible: 1; 0: it is not. */
int imap_early_begin(struct imap *s, const struct imap_options *o, struct fault *f);
/* The line was lost in the middle of it. */
void imap_early_lost(struct imap *s);
void imap_early_free(struct imap *s);

/* login.c */
/* What would say everything in one message, by the capabilities that are set; NULL when it would not. */
const char *imap_single_step(struct imap *s, const struct imap_options *o);
bool imap_may_login(const struct imap *s, const struct credentials *k);
/* Queue a login; its tag, or 0. */
uint32_t imap_send_login(struct imap *s, const struct credentials *k, struct fault *f);
uint32_t imap_send_single(
    struct imap *s, const struct imap_options *o, const char *mechanism, struct fault *f);
int imap_login(struct imap *s, const struct imap_options *o, struct fault *f);
int imap_set_caps(struct imap *s, const struct node *args, struct fault *f);
void imap_forget_caps(struct imap *s);

#endif
