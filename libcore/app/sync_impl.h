/* sync_impl: what the files of the sync share; nobody else includes it. */
#ifndef LM_APP_SYNC_IMPL_H
#define LM_APP_SYNC_IMPL_H

#include "app/changes.h"
#include "app/line.h"
#include "app/mailboxes.h"
#include "app/sync.h"
#include "imap/set.h"
#include "imap/url.h"
#include "store/folder.h"
#include "store/maildir_delivery.h"
#include "store/maildir_keywords.h"
#include "store/maildir_upload.h"
#include "store/maildir_watch.h"
#include "store/plan.h"
#include "store/state.h"

enum {
	SYNC_BOXES_MAX = 100000, /* mailboxes of an account */
	SYNC_DELIVERIES = 128,   /* messages that are made durable together */
	SYNC_BATCH = 100,        /* messages of one FETCH */
	SYNC_AHEAD = 32,         /* FETCH commands in flight: a long line is kept full */
	SYNC_RANGES =
	    400, /* ranges of a set in one command: well under 8192 octets (RFC 7162 section 4) */
};

/* The host in the names of our files. The same on every machine: a Maildir that was moved is known again. */
#define SYNC_HOST "lm"

/* How the server tells of changes. */
enum sync_rung { RUNG_PLAIN, RUNG_CONDSTORE, RUNG_QRESYNC };

/* A mailbox as the server lists it. */
struct sync_box {
	char *name;
	char delimiter;
	bool usable; /* can be opened, and have a folder */
	unsigned has;
	uint32_t uidvalidity, uidnext, messages;
	uint64_t highestmodseq;
	bool done; /* synced in this run */
};

/* A folder as this run found it. */
struct sync_folder {
	int64_t id; /* of the mailbox in the state */
	struct maildir_stamp
	    stamp; /* to be remembered if nothing is left to be done; ino 0: none */
	bool missing;
	bool changed; /* there are local changes or unknown files */
	bool stopped; /* by the brakes, or broken: not touched */
	bool outside; /* not one that this run looks at: only moves into it, or out of it, count */
	bool target;  /* something is to be moved or copied into it */
};

struct sync {
	struct tool *tool;
	const struct account *account;
	const struct sync_options *o;
	unsigned policy; /* PLAN_* */
	enum folder_layout layout;
	int root, lock;
	char *root_path;
	struct url base; /* of the account: server and user */
	struct state *state;
	struct imap_line *line;
	enum sync_rung rung;
	char delimiter; /* of the server's hierarchy, as far as it is known; 0 */
	const char *const *pattern;
	size_t npattern;
	struct sync_box *box; /* sorted by name */
	size_t nbox, capbox;
	struct sync_folder *folder; /* sorted by id, once all are scanned */
	size_t nfolder, capfolder;
	uint64_t had,
	    gone_here; /* messages of the state, and how many of them have no file any more */
	struct fault worst;
	int64_t shown; /* when the progress was last shown */
	bool showing;
	bool warned; /* of a folder `inbox` */
};

/* One mailbox in the making. */
struct sync_job {
	struct sync *s;
	struct state_mailbox row;
	uint32_t planned; /* UIDVALIDITY of the state when the run began: that of UIDs in plans */
	const struct sync_box *box; /* NULL: made just now */
	struct sync_folder *folder;
	struct maildir dir;
	struct maildir_watch watch; /* on, where the folder was as it is known when we began */
	unsigned changes;           /* of names, by us */
	struct keywords keywords;
	struct mailbox seen; /* as SELECT told */
	uint32_t ahead; /* tag of a FETCH of what LIST said is new, sent with the SELECT; 0: none */
	uint32_t search
	    [SCRATCH_SETS]; /* tags of searches in flight, by the set that they fill; 0: none */
	enum scratch_set searching; /* the one that is waited for */
	bool touched;               /* names in the folder were changed by us: its stamp is void */
	bool pending;               /* something was left for the next run */
	bool incomplete;            /* messages of the server are still missing */
	bool expecting; /* files of ours are on their way, and may be on the server already */
	bool matching;  /* files without a message are matched by content with what comes */
	/* The message that is coming in, and those that wait to be made durable. */
	struct delivery delivery[SYNC_DELIVERIES];
	struct state_message message[SYNC_DELIVERIES];
	size_t n;
	uint64_t octets;
	bool receiving; /* delivery[n] is begun */
	bool failed;    /* and could not be written */
	struct fault write_fault;
	uint64_t wanted, fetched;
};

enum sync_side { SIDE_REMOTE, SIDE_LOCAL }; /* where the change came from */

/* sync_print.c. 0, or -1 FAULT_IO. `uid` 0: the mailbox. `flags` is for "flags" only. `path`: of the file in the folder, NULL: the folder. */
int sync_print(struct sync_job *j, const char *verb, uint32_t uid, uint32_t flags, const char *file,
    bool in_new, enum sync_side side, struct fault *f);
int sync_print_folder(struct sync *s, const char *verb, const char *name, const char *other,
    uint32_t uidvalidity, const char *path, enum sync_side side, struct fault *f);
void sync_progress(struct sync_job *j);
void sync_progress_end(struct sync *s);
/* Names the mailbox and notes the worst. */
void sync_failed(struct sync *s, const char *mailbox, const struct fault *f);

/* sync_flags.c: flags of IMAP as a mask of the folder's letters, and back. */
uint32_t sync_mask(struct sync_job *j, const struct node *flags);
/* The name of one bit, or NULL. */
const char *sync_flag(const struct sync_job *j, uint32_t bit);
/* The bits that the server keeps. */
uint32_t sync_storable(const struct sync_job *j, uint32_t bits);
/* Adds a list of the flags to a command; those that cannot be stored are left out. */
void sync_put_flags(struct imap_cmd *c, const struct sync_job *j, uint32_t flags);

/* sync_scan.c */
bool sync_matches(const struct sync *s, const char *name, char delimiter);
/* Reads the folders of all mailboxes that match, and finds new ones. */
int sync_scan_all(struct sync *s, struct fault *f);
/* Reads one folder. */
int sync_scan(
    struct sync *s, const struct state_mailbox *row, struct sync_folder *folder, struct fault *f);
struct sync_folder *sync_folder_of(struct sync *s, int64_t id);
/* The file name of a message of the state: 0 or -1. */
int sync_file(const struct state_mailbox *row, const struct state_message *m, uint32_t flags,
    bool in_new, char out[static MAILDIR_NAME_MAX + 1]);
uint64_t sync_owner(const struct sync *s, const char *name, uint32_t uidvalidity);

/* sync_measure.c: size and state_key() of the message that an open file is on the server. */
int sync_measure(const struct upload_file *u, uint64_t *size, uint64_t *key, struct fault *f);

/* sync_find.c: finds out which unknown files are moved or copied messages. */
int sync_find_moves(struct sync *s, struct fault *f);
/* Those out of a mailbox that is no more, or has another UIDVALIDITY: the files are new ones. */
int sync_return_moves(struct sync *s, int64_t from, struct fault *f);
/* sync_moves.c: does those out of this job's mailbox (it is open). */
int sync_do_moves(struct sync_job *j, struct fault *f);

/* sync_folders.c: mailboxes that came, went or were renamed, on both sides. */
int sync_folders(struct sync *s, struct fault *f);
/* Makes one change on the server. -1: refused, or the line is lost. */
int sync_change(struct sync *s, struct change *c, struct fault *f);
bool sync_may(
    const struct sync *s, unsigned side); /* CONFIG_*: make, rename and remove mailboxes there */
/* Names given by a person that are neither on the server, nor here, nor were: each is told, and is the worst of the run. Between the listing and sync_folders(). */
int sync_name_missing(struct sync *s, struct fault *f);
/* A mailbox whose folder is made anew. */
int sync_fetch_again(struct sync *s, struct state_mailbox *row, struct fault *f);
/* sync_rename.c: a folder that is missing because it has another name now: the mailbox gets it, too. 1; 0: there is none; -1. */
int sync_follow_folder(struct sync *s, struct state_mailbox *row, struct fault *f);
/* A mailbox that is missing on the server because it has another name there: or NULL. */
struct sync_box *sync_renamed_box(struct sync *s, const struct state_mailbox *row);
int sync_follow_box(
    struct sync *s, struct state_mailbox *row, const struct sync_box *b, struct fault *f);
/* The server's list with names changed is in order again. */
void sync_sort_boxes(struct sync *s);
bool sync_is_known(struct sync *s, const char *name);
struct sync_box *sync_box_named(struct sync *s, const char *name);

/* sync_select.c: opens the mailbox and collects what changed there; only opens it when it is outside. */
int sync_select(struct sync_job *j, struct fault *f);
/* What an event tells of the open mailbox beside what was asked for. */
int sync_note(struct sync_job *j, const struct event *ev, struct fault *f);

/* sync_fetch.c: fetches what is on the server and not here. sync_fetch_ahead() sends the first FETCH, before it is known what is there. */
int sync_fetch_ahead(struct sync_job *j, const struct set *uids, struct fault *f);
/* Takes what that FETCH brings; nothing is done without one. */
int sync_take_ahead(struct sync_job *j, struct fault *f);
int sync_fetch(struct sync_job *j, struct fault *f);
/* Makes what has come durable and puts it into the state. */
int sync_flush(struct sync_job *j, struct fault *f);
/* DELIVERY_* for what is fetched. */
unsigned sync_delivery(const struct sync_job *j);
/* Sends UID FETCH (UID FLAGS INTERNALDATE RFC822.SIZE), with the field Message-ID if wanted. Its tag, or 0. */
uint32_t sync_ask_about(
    struct sync_job *j, const struct set *set, bool message_id, struct fault *f);

/* sync_wish.c: which messages are fetched, and in which order. */
struct wish {
	bool oldest_first;
	bool large; /* those over max-size; else all others */
	bool over;
	uint32_t next; /* UID to look at */
	uint64_t steps;
};
void sync_wish_begin(struct wish *w, const struct sync_job *j, bool large);
/* The next UID to be fetched: 1, 0, -1. */
int sync_wish_next(struct sync_job *j, struct wish *w, uint32_t *uid, struct fault *f);
/* How the window and the limit see it. -1. */
enum { WISH_SMALL, WISH_LARGE, WISH_OLD };
int sync_judge(struct sync_job *j, uint32_t uid, struct fault *f);
/* It came since the last run, and one of ours is on its way: only the content can tell, so age and size do not count. */
bool sync_may_be_sent(const struct sync_job *j, uint32_t uid);

/* sync_lean.c: fetches a message without its big parts; it is kept as any other. */
int sync_lean(struct sync_job *j, uint32_t uid, struct fault *f);

/* Whether the set has the UID: 1, 0, -1. */
int sync_is_in(struct sync_job *j, enum scratch_set which, uint32_t uid, struct fault *f);
/* INTERNALDATE; now, where it is missing. */
int64_t sync_date(const struct fetch_event *e);

/* sync_orphans.c: files that are named as ours, and not in the state. What the server has is adopted, the rest are new files. */
int sync_adopt_orphans(struct sync_job *j, struct fault *f);

/* sync_merge.c: flags and removals, in both directions. */
/* FAULT_DATA when too much is gone at once. */
int sync_brake(struct sync_job *j, struct fault *f);
int sync_merge(struct sync_job *j, struct fault *f);
/* Pulls until `tag` is done, noting what else comes. *refused: the server said NO or BAD, with the fault, and the line stands. */
int sync_finish(struct sync_job *j, uint32_t tag, struct event *ev, bool *refused, struct fault *f);

/* sync_append.c: sends the files that the server does not have. */
int sync_append(struct sync_job *j, struct fault *f);
/* sync_adopt.c: the base with its `,U=` for UID m->uid: ours as we make them, those of others as they made them. 0, or -1: too long. */
int sync_new_base(
    const struct sync_job *j, const struct state_message *m, struct maildir_name *name);
/* The file of a message that has UID m->uid on the server gets its proper name, with these flags; m is stored as it is. 1; 0 when no such file is there any more, or the UID is another message's; -1. */
int sync_adopt(struct sync_job *j, const char *file, bool in_new, uint32_t flags,
    struct state_message *m, struct fault *f);
/* The same for one whose flags on the server (m->flags) and in the name were never the same: what only one side has goes to the other. The mailbox is open. */
int sync_adopt_apart(
    struct sync_job *j, const char *file, bool in_new, struct state_message *m, struct fault *f);

/* sync_match.c: UIDVALIDITY has changed, or nothing is known yet: what is here is matched with the server by content. */
int sync_prepare_match(struct sync_job *j, struct fault *f);
int sync_prepare_first(struct sync_job *j, struct fault *f);
int sync_match(struct sync_job *j, struct fault *f);
/* What was in step once and found no match goes to lost+found. */
int sync_lost(struct sync_job *j, struct fault *f);

/* maildir_rename() and maildir_remove() in the job's folder. */
int sync_rename(struct sync_job *j, bool from_in_new, const char *from, bool to_in_new,
    const char *to, struct fault *f);
int sync_remove(struct sync_job *j, bool in_new, const char *file, struct fault *f);
/* Names that were changed are on the disk, unless the account does not care. */
int sync_durable(const struct sync *s, const struct maildir *m, struct fault *f);

/* sync_mailbox.c: whether all that is wanted of the mailbox was fetched; not when the window is wider than it was. */
bool sync_is_complete(const struct sync *s, const struct state_mailbox *row);
/* One mailbox, whole. `box` may be NULL: it was made just now. */
int sync_mailbox(
    struct sync *s, const struct state_mailbox *row, const struct sync_box *box, struct fault *f);

/* sync_whole.c: on an open state; dials if need be. */
int sync_fetch_whole(struct sync *s, const struct url *u, struct fault *f);

#endif
