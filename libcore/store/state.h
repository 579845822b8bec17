/*
 * state: what both sides of a sync last agreed on, kept in an SQLite file beside the Maildir; and scratch tables for a run, so that memory
 * does not grow with a mailbox.
 *
 * All functions that return int give 0 (or 1 for "found" and "another one" where said), or -1: FAULT_IO (disk), FAULT_DATA (not a state of lm, or damaged:
 * nothing is changed, and the message says how to start afresh). Strings handed in are copied; strings handed out are owned by the struct.
 */
#ifndef LM_STORE_STATE_H
#define LM_STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/fault.h"
#include "store/maildir.h"

enum { STATE_VERSION = 1, STATE_MAILBOX_MAX = 1024 /* octets of a mailbox name */ };

struct state;

/*
 * Opens the file for this process alone, making it (0600) if it is not there (and `create`; else NULL with FAULT_NOINPUT); an empty file becomes a state as well.
 * `durable`: a commit is on the disk when it returns; else the system writes it when it likes. FAULT_TEMP: another process has it open (waits 5 s).
 */
struct state *state_open(const char *path, bool create, bool durable, struct fault *f);
/* Without a commit, what was begun is undone. NULL is fine. */
void state_close(struct state *s);
/* Everything between is one transaction; kill the program anywhere and all of it or nothing is there. Scratch tables are part of it: what was
 * undone is undone there, too. Within one, state_begin() does nothing, and without one, neither does state_commit(). */
int state_begin(struct state *s, struct fault *f);
/* -1: nothing of it was done. A full disk may end it before: then all that follows fails until one of these two is called. */
int state_commit(struct state *s, struct fault *f);
void state_rollback(struct state *s);

/* ---- mailboxes */

struct state_mailbox {
	int64_t id;                       /* 0: not stored yet */
	char name[STATE_MAILBOX_MAX + 1]; /* UTF-8 */
	char path[STATE_MAILBOX_MAX + 1]; /* of the folder, below the Maildir's root */
	char delimiter;                   /* 0: none */
	uint64_t owner;                   /* in the names of its files: store/maildir.h */
	uint32_t uidvalidity;             /* 0: never opened on the server */
	uint32_t uidnext;                 /* all below was dealt with, if `complete` */
	uint64_t modseq;   /* all changes up to it were dealt with; 0: the server has none */
	uint64_t messages; /* rows of it */
	/* Messages of the server that have no row, less rows that are not on the server any more (`kept`): modulo 2^64. */
	uint64_t skipped;
	bool complete; /* false: some messages of the server are still to be fetched */
	int64_t
	    window; /* if `complete`: only messages younger than that, in seconds, were wanted; 0: all */
	struct maildir_stamp
	    stamp; /* of the folder when it was last in step; ino 0: it has to be scanned */
};

/* The first mailbox whose name is greater than `name` ("": all) in octet order. 1, 0, -1. */
int state_mailbox_after(
    struct state *s, const char *name, struct state_mailbox *out, struct fault *f);
int state_mailbox_named(
    struct state *s, const char *name, struct state_mailbox *out, struct fault *f);
int state_mailbox_at(struct state *s, const char *path, struct state_mailbox *out, struct fault *f);
int state_mailbox_owned(
    struct state *s, uint64_t owner, struct state_mailbox *out, struct fault *f);
int state_mailbox_get(struct state *s, int64_t id, struct state_mailbox *out, struct fault *f);
/* Stores it; a new one gets its id, which no other had before. `messages` is counted here, not taken from m. FAULT_DATA: another one has the name or the path. */
int state_mailbox_put(struct state *s, struct state_mailbox *m, struct fault *f);
/* Forgets it with all its messages and intents. */
int state_mailbox_drop(struct state *s, int64_t id, struct fault *f);
/* Forgets its messages only. */
int state_mailbox_clear(struct state *s, int64_t id, struct fault *f);

/* ---- messages */

struct state_message {
	uint32_t uid;
	uint32_t flags; /* maildir_name.flags as both sides had them */
	int64_t date;   /* INTERNALDATE, seconds */
	uint64_t size;  /* octets on the server */
	uint64_t key;   /* of the content: state_key() */
	bool lean;      /* the file has only a part of it */
	bool kept;      /* gone on the server; the file stays, as nothing may be removed here */
	bool absent;    /* the file is gone; the message stays, as nothing may be removed there */
	bool in_new;
	char base[MAILDIR_NAME_MAX + 1]; /* of the file name; "": as maildir_base() makes it */
};

/* The first 8 octets of a SHA-256, never 0. */
uint64_t state_key(const unsigned char sha256[static DIGEST_LEN]);

int state_message_get(
    struct state *s, int64_t mailbox, uint32_t uid, struct state_message *out, struct fault *f);
int state_message_put(
    struct state *s, int64_t mailbox, const struct state_message *m, struct fault *f);
int state_message_drop(struct state *s, int64_t mailbox, uint32_t uid, struct fault *f);
/* The first message with a UID of at least `uid`: 1, 0. To walk a mailbox in order. */
int state_message_from(
    struct state *s, int64_t mailbox, uint32_t uid, struct state_message *out, struct fault *f);

/* ---- intents: messages that are on their way to the server, so that a lost reply does not double them */

/* Notes that a file with this content (size on the server, state_key()) goes to the mailbox. */
int state_intent_put(struct state *s, int64_t mailbox, const char *base, uint64_t size,
    uint64_t key, struct fault *f);
/* The base of a file that is on its way with this content: 1, 0. */
int state_intent_find(struct state *s, int64_t mailbox, uint64_t size, uint64_t key,
    char base[static MAILDIR_NAME_MAX + 1], struct fault *f);
int state_intent_has(
    struct state *s, int64_t mailbox, const char *base, struct fault *f); /* 1, 0 */
int state_intent_drop(struct state *s, int64_t mailbox, const char *base, struct fault *f);
/* 1, 0. Those of size 0 are notes, not messages. */
int state_intent_any(struct state *s, int64_t mailbox, struct fault *f);
int state_intent_clear(struct state *s, int64_t mailbox, struct fault *f);

/* ---- scratch: of this run only, in a temporary file. Rows come back in order of UID (or of id). */

/* Files of ours as a scan finds them, to be compared with the messages. */
struct scratch_file {
	uint32_t uid, flags;
	bool in_new;
};
int scratch_scan_clear(struct state *s, struct fault *f);
int scratch_scan_add(struct state *s, const struct scratch_file *e, struct fault *f);
int scratch_scan_begin(struct state *s, struct fault *f); /* the walk in order of UID; */
int scratch_scan_next(struct state *s, struct scratch_file *e, struct fault *f); /* 1, 0 */
void scratch_scan_end(struct state *s);                                          /* before the 0 */

/* What one side did to a message. */
struct scratch_change {
	int64_t mailbox;
	uint32_t uid, flags;
	bool gone;
	bool in_new;
};
int scratch_local_put(struct state *s, const struct scratch_change *c, struct fault *f);
int scratch_local_get(
    struct state *s, int64_t mailbox, uint32_t uid, struct scratch_change *c, struct fault *f);
int scratch_local_drop(struct state *s, int64_t mailbox, uint32_t uid, struct fault *f);
/* The first with a UID of at least `uid`: 1, 0. */
int scratch_local_from(
    struct state *s, int64_t mailbox, uint32_t uid, struct scratch_change *c, struct fault *f);
int scratch_local_clear(struct state *s, int64_t mailbox, struct fault *f);
/* How many are gone, and how many there are. */
int scratch_local_count(
    struct state *s, int64_t mailbox, uint64_t *gone, uint64_t *all, struct fault *f);
/* A message that is gone somewhere (scratch_local_put() after its row had this key), with this content: 1 with *mailbox and *uid, 0. */
int scratch_gone_find(
    struct state *s, uint64_t size, uint64_t key, int64_t *mailbox, uint32_t *uid, struct fault *f);

/* The same for the server; of the one mailbox that is being synced. */
int scratch_remote_clear(struct state *s, struct fault *f);
int scratch_remote_put(struct state *s, const struct scratch_change *c, struct fault *f);
int scratch_remote_get(struct state *s, uint32_t uid, struct scratch_change *c, struct fault *f);
int scratch_remote_from(struct state *s, uint32_t uid, struct scratch_change *c, struct fault *f);
/* Every message of the mailbox with a UID from lo to hi is gone on the server. */
int scratch_remote_gone(
    struct state *s, int64_t mailbox, uint32_t lo, uint32_t hi, struct fault *f);
/* Sets of UIDs of the server, as ranges: those that overlap or touch are one. */
enum scratch_set {
	SCRATCH_WANTED, /* on the server, perhaps to be fetched */
	SCRATCH_YOUNG,  /* in the window */
	SCRATCH_LARGE,  /* over max-size */
	SCRATCH_SETS,
};
int scratch_range_clear(struct state *s, enum scratch_set which, struct fault *f);
int scratch_range_add(
    struct state *s, enum scratch_set which, uint32_t lo, uint32_t hi, struct fault *f);
/* The range that uid is in, or the first one above it: 1, 0. */
int scratch_range_from(struct state *s, enum scratch_set which, uint32_t uid, uint32_t *lo,
    uint32_t *hi, struct fault *f);
/* The range that uid is in, or the last one below it: 1, 0. */
int scratch_range_to(struct state *s, enum scratch_set which, uint32_t uid, uint32_t *lo,
    uint32_t *hi, struct fault *f);

/* Files that no message of the state is known for. */
struct scratch_unknown {
	int64_t id, mailbox;
	char file[MAILDIR_NAME_MAX + 1];
	bool in_new;
	uint64_t size, key; /* of its content, once it was read; 0 */
	uint64_t id_key;    /* of its Message-ID; 0: none */
	bool ours;          /* it was in step once (UIDVALIDITY changed since) */
};
int scratch_unknown_put(
    struct state *s, struct scratch_unknown *u, struct fault *f); /* sets id of a new one */
int scratch_unknown_drop(struct state *s, int64_t id, struct fault *f);
int scratch_unknown_drop_file(struct state *s, int64_t mailbox, const char *file, struct fault *f);
/* The first one of the mailbox with an id greater than `id`: 1, 0. */
int scratch_unknown_after(
    struct state *s, int64_t mailbox, int64_t id, struct scratch_unknown *u, struct fault *f);
/* One of the mailbox with this content: the size, and the key of the content or (key 0) of the Message-ID (0 as well: none): 1, 0. */
int scratch_unknown_find(struct state *s, int64_t mailbox, uint64_t size, uint64_t key,
    uint64_t id_key, struct scratch_unknown *u, struct fault *f);
int scratch_unknown_clear(struct state *s, int64_t mailbox, struct fault *f);

/* Files to be moved or copied on the server instead of being sent. */
struct scratch_move {
	int64_t id, from, to; /* mailboxes */
	uint32_t uid;         /* in `from` */
	bool copy;
	bool in_new;
	char file[MAILDIR_NAME_MAX + 1]; /* in `to` */
};
int scratch_move_put(struct state *s, const struct scratch_move *m, struct fault *f);
/* The first of those out of `from` that comes behind *after (id 0: all), copies before moves, then by `to` and UID: 1, 0. */
int scratch_move_after(struct state *s, int64_t from, const struct scratch_move *after,
    struct scratch_move *m, struct fault *f);
int scratch_move_drop(struct state *s, int64_t id, struct fault *f);
int scratch_move_any(struct state *s, int64_t from, struct fault *f); /* 1, 0 */

#endif
