/* watch_impl: what the files of the watch share; nobody else includes it. */
#ifndef LM_APP_WATCH_IMPL_H
#define LM_APP_WATCH_IMPL_H

#include "app/line.h"
#include "app/mailboxes.h"
#include "app/watch.h"
#include "app/watch_host.h"
#include "app/watch_map.h"
#include "app/watch_out.h"
#include "app/watch_pace.h"
#include "imap/url.h"

enum {
	POSTS_MAX = 64,    /* connections of an account */
	LOOKS_MAX = 16,    /* mailboxes that are looked into in one flight */
	FRESH_MAX = 20000, /* messages of a mailbox that appears: more are not listed one by one */
	PATIENCE = 10000,  /* ms that we wait for a reader who does not read */
	IDLE_LEAST = 1000, /* ms that a server should let us idle; */
	SPURNED_MAX = 8,   /* so many times in a row that it does not are enough */
	PROBE_LIMIT = 10000,      /* ms for an answer after the machine slept */
	SETTLE = 200,             /* ms for a FETCH to follow its EXISTS */
	SETTLE_NEXT = 5000,       /* ms for the next to follow: a server that shows goes on */
	DIAL_LIMIT = 30,          /* s without progress while connecting, at most */
	AUTH_TRIES = 5,           /* refusals in a row before we believe them */
	OVERFLOW_SPAN = 600000,   /* ms within which a second overflow ends NOTIFY for good */
	NOTIFY_NAMES_MAX = 32768, /* octets of mailbox names in one NOTIFY */
};

enum rung { RUNG_NONE, RUNG_NOTIFY, RUNG_IDLE, RUNG_POLL };

/* One connection. The first of a site is the one that lists, polls, and has NOTIFY. */
struct post {
	struct site *site;
	struct imap_line *line; /* NULL: none stands */
	struct box *home;       /* what it has open for good, or is to have; NULL: nothing */
	bool opened;            /* home is open */
	bool primary;
	bool qresync, condstore, idle, notify;
	bool notified;          /* a NOTIFY SET succeeded on this line */
	bool stirred;           /* NOTIFY told of something since it was last set */
	bool checking, untold;  /* whether it goes deaf is being looked at; and it was */
	bool bye;               /* the server said so */
	bool held;              /* the reader is behind: nothing is read */
	bool idling, confirmed; /* IDLE was sent; "+" came */
	uint32_t idle_tag;
	unsigned spurned; /* times in a row that the server ended IDLE at once */
	int limit;        /* ms without progress in a flight */

	struct watch_map map; /* of home, without QRESYNC */
	bool mapped;
	uint32_t expected; /* messages that EXISTS announced and no FETCH has shown */
	uint32_t base;     /* UIDNEXT when it began to */

	struct pace pace;
	struct renewal renewal;
	/* clock_awake() times; 0: not set */
	int64_t opened_at, heard_at, idled_at, retry_at, renew_at, poll_at, settle_at, check_at,
	    refresh_at;
	int64_t check_every; /* ms */
	unsigned clean;      /* checks in a row that found nothing */
};

/* One account. */
struct site {
	struct watch *watch;
	struct account account; /* a copy, with our own timeout */
	char *pattern[WATCH_PATTERNS_MAX];
	size_t npattern;
	bool keyword; /* the keyword `mailboxes` counts, too */
	struct url base;
	char delimiter;
	struct boxes boxes;
	struct box *grave; /* boxes that are gone, by next */
	unsigned generation;
	bool listed;  /* there is a state to compare with */
	bool started; /* it was reached once */
	bool shown;   /* --status has been */
	struct post *post[POSTS_MAX];
	size_t nposts;
	enum rung rung;
	bool notify_off; /* refused, or it overflows */
	int64_t overflow_at;
	bool relist, renotify; /* to be done as soon as may be */
	bool unnamed;          /* a mailbox came that NOTIFY was not told of, unless */
	bool named;            /* ... and some by name */
	bool deaf;             /* NOTIFY of this server goes deaf now and then */
	bool crowded;          /* the server refused NOTIFY as too much */
	bool personal;         /* it watches all of the user's own */
	int level;             /* of NOTIFY's events, as the server takes them */
	bool uncovered;        /* some mailbox is not watched by NOTIFY */
	bool lost;             /* events of the account itself were lost */
	bool any_lost;         /* some mailbox's */
	bool changed;          /* its state is to be written */
	int64_t burst_at;      /* when the burst that is gathered is over; 0: none */
	unsigned refused;      /* logins, in a row */
	char *state;           /* path, or NULL */
	int lock;              /* or -1 */
};

struct watch {
	struct tool *tool;
	struct watch_options o;
	struct site *site[WATCH_SITES_MAX];
	size_t nsites;
	struct host host;
	struct watch_out out;
	unsigned news;   /* HOST_* that were seen on the way and not acted upon */
	uint64_t events; /* that were told */
	int64_t event_at;
	bool ready; /* the service manager knows */
};

/* ---- watch_event.c: telling */
/* A message: kind WANT_NEW, WANT_FLAGS (with the flags, blanks between) or WANT_GONE. `fetch` (or NULL) may have the envelope. */
void event_message(struct site *s, struct box *b, unsigned kind, uint32_t uid, const char *flags,
    const struct fetch_event *fetch);
/* mailbox-new, mailbox-gone, subscribed, unsubscribed; mailbox-renamed with its new name; metadata with the entry (then b may be NULL: the server's own). */
void event_mailbox(
    struct site *s, const struct box *b, unsigned kind, const char *verb, const char *other);
void event_status(struct site *s, const struct box *b);
/* What happened in the mailbox cannot be told. */
void event_resync(struct site *s, struct box *b);
/* Tells what was lost and bursts that are over, where there is room. */
void event_flush(struct watch *w);
/* The burst of the site is over: `status` for each mailbox. Their numbers were asked for just now. */
void event_burst(struct site *s);
/* FLAGS as a line has them: blanks between, without \Recent. */
void event_flags(struct buf *out, const struct node *list);

/* ---- watch_site.c: accounts and their mailboxes */
bool site_matches(const struct site *s, const char *name);
/* The mailbox of a name on the wire, or NULL; *name (released by the caller) is its UTF-8 form, NULL when it has none. */
struct box *site_box(const struct site *s, const char *wire, size_t n, char **name);
void site_status(struct site *s, struct box *b, const struct box_status *st);
/* It is told of and forgotten; its memory stays until site_bury(), between two flights. */
void site_gone(struct site *s, struct box *b);
void site_bury(struct site *s);
void site_list_event(struct post *p, const struct list_event *l);
/* A mailbox that was not there before: told of as soon as its STATUS comes. NULL: there is no room. */
struct box *site_new_box(struct site *s, const char *name);
/* Somebody has it open, so that nobody else need look. */
bool site_is_open(const struct box *b);
/* Which connection has which mailbox open. */
void site_assign(struct site *s);
struct site *site_new(struct watch *w, const struct account *a, const char *name, struct fault *f);
void site_free(struct site *s);

/* ---- watch_state.c */
int watch_state_open(struct site *s, const char *name, struct fault *f);
int watch_state_save(struct site *s, struct fault *f);
void watch_state_close(struct site *s);
/* The text of a state, and back. -1: it is damaged (boxes may hold a part of it). Pure. */
void watch_state_format(struct buf *out, const struct boxes *b, const char *server);
int watch_state_parse(struct boxes *b, const char *text, size_t n, const char *server);

/* ---- watch_post.c: one connection */
/* Waits for an event: 1, or -1. */
int post_pull(struct post *p, struct event *ev, struct fault *f);
/* Pulls until the command is done, everything else taken as it comes. 0, or -1 with the refusal or what happened to the line. */
int post_finish(struct post *p, uint32_t tag, struct event *ev, struct fault *f);
/* Connects and brings it to where it waits. 0 or -1. */
int post_start(struct post *p, struct fault *f);
/* Ends IDLE. */
int post_break(struct post *p, struct fault *f);
/* It could wait in IDLE and does not: it has yet to, or the server has ended it. */
bool post_is_restless(const struct post *p);
/* Begins to wait again. */
int post_rest(struct post *p, struct fault *f);
/* The server is in the middle of what it says: more is to come, or has to wait as the reader is behind. Dovecot 2.3 does not answer what is asked then, so nothing is. */
bool post_hears_out(const struct post *p);
/* Takes what has come in, and does what follows from it. */
int post_work(struct post *p, struct fault *f);
/* Shows that the line stands; polls where that is due. */
int post_renew(struct post *p, int limit, struct fault *f);
/* The line is lost, for the reason in f; says so and when it is tried again. */
void post_lost(struct post *p, const struct fault *f);
void post_close(struct post *p);
/* When it wants to be called next, whatever comes; -1: never. */
int64_t post_deadline(const struct post *p);

/* ---- watch_ask.c: each queues one command and returns its tag, or 0 with the fault */
/* EXAMINE; `qresync`: with what has happened since the box's state (RFC 7162 section 3.2.5). */
uint32_t post_send_examine(struct post *p, const struct box *b, bool qresync, struct fault *f);
/* UID FETCH of what is at or above `from` ("N:*" shows the last message whatever its UID: that one is to be passed over), with ENVELOPE where headers are wanted. */
uint32_t post_send_fetch_new(struct post *p, uint32_t from, struct fault *f);
/* UID FETCH of the flags of all that changed since (RFC 7162 section 3.1.4). */
uint32_t post_send_fetch_changed(struct post *p, uint64_t modseq, struct fault *f);
/* UID SEARCH of all UIDs, as ranges where the server can. */
uint32_t post_send_search_all(struct post *p, struct fault *f);
/* STATUS of all that a box holds. */
uint32_t post_send_status(struct post *p, const struct box *b, struct fault *f);

/* ---- watch_list.c */
/* LIST with STATUS, and what follows from it. */
int post_list(struct post *p, struct fault *f);
/* Fresh numbers of the mailboxes of a burst. */
int post_ask(struct post *p, struct fault *f);

/* ---- watch_notify.c */
/* NOTIFY SET. 0 (p->notify says whether it is on) or -1 for a lost line. */
int post_notify(struct post *p, struct fault *f);
/*
 * Dovecot 2.3 goes deaf: when its list of mailboxes gets a new log (every few hundred deliveries) NOTIFY tells of the open mailbox only, until the next NOOP for what was missed, and the next SET for what is
 * to come. So a NOOP now and then looks for what was not told, less and less often while there is none; and where a server is known for it, SET is repeated whenever something was told.
 */
int post_check(struct post *p, struct fault *f);
/* When a check or a repeated SET is due; INT64_MAX: never. */
int64_t post_check_due(const struct post *p);

/* ---- watch_look.c */
/* Looks into all that is dirty, and opens home. */
int post_look(struct post *p, struct fault *f);
bool post_needs_look(const struct post *p);

/* ---- watch_live.c */
/* An event that nobody waits for. */
void post_live(struct post *p, const struct event *ev);
/* The same, for what is not about the open mailbox: false when it was. */
bool post_live_elsewhere(struct post *p, const struct event *ev);

#endif
