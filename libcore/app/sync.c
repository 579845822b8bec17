/* sync: a run, from the lock to the last mailbox. */
#include "app/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/sync_impl.h"
#include "conf/places.h"

enum { LOCK_TRIES = 50, LOCK_PAUSE = 100000 /* us */, PATH_LEN_MAX = 4096 };

static const char state_name[] = ".lm-state", lock_name[] = ".lm-lock";

/* ---- places */

/* One run at a time: the second one waits a moment for the first. */
static int lock(struct sync *s, struct fault *f)
{
	s->lock = openat(s->root, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock == -1)
		return fault_errno(f, FAULT_IO, "%s", s->root_path);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fault_errno(f, FAULT_IO, "%s", lock_name);
		usleep(LOCK_PAUSE);
	}
	return fault_set(f, FAULT_TEMP, "%s: another lm-sync is at work here", s->root_path);
}

static int open_places(struct sync *s, struct fault *f)
{
	char path[PATH_LEN_MAX + 16];
	bool dry = s->o->dry_run;

	if (!dry && places_make(s->root_path, f) == -1)
		return -1;
	s->root = open(s->root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root == -1)
		return fault_errno(f, dry ? FAULT_NOINPUT : FAULT_IO, "%s", s->root_path);
	if (!dry && lock(s, f) == -1)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", s->root_path, state_name);
	if (dry && access(path, F_OK) == -1)
		snprintf(path, sizeof(path), ":memory:");
	s->state = state_open(path, true, s->account->fsync, f);
	return s->state == NULL ? -1 : 0;
}

/* Another run may have them now. */
static void close_places(struct sync *s)
{
	state_close(s->state);
	s->state = NULL;
	if (s->lock != -1)
		close(s->lock);
	if (s->root != -1)
		close(s->root);
	s->root = s->lock = -1;
}

static unsigned policy_of(const struct account *a, const struct sync_options *o)
{
	unsigned policy = 0;

	if (o->pull || !o->push)
		policy |= PLAN_PULL;
	if (o->push || !o->pull)
		policy |= PLAN_PUSH;
	if (a->archive)
		return policy;
	if ((policy & PLAN_PULL) && (a->expunge & CONFIG_LOCAL))
		policy |= PLAN_EXPUNGE_LOCAL;
	if ((policy & PLAN_PUSH) && (a->expunge & CONFIG_REMOTE))
		policy |= PLAN_EXPUNGE_REMOTE;
	return policy;
}

struct sync *sync_open(
    struct tool *t, const struct account *a, const struct sync_options *o, struct fault *f)
{
	struct sync *s = calloc(1, sizeof(*s));
	const struct account *same;

	if (s == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	s->tool = t;
	s->account = a;
	s->o = o;
	s->policy = policy_of(a, o);
	s->layout = a->layout == CONFIG_MAILDIRPP ? FOLDER_MAILDIRPP : FOLDER_FS;
	s->root = s->lock = -1;
	if (a->maildir == NULL)
		fault_set(f, FAULT_CONFIG, "account %s has no `maildir`", a->name);
	else if ((s->root_path = strdup(a->maildir)) == NULL)
		fault_set(f, FAULT_TEMP, "out of memory");
	else if (locate(t, a->name, &same, &s->base, f) == 0)
		return s;
	sync_close(s);
	return NULL;
}

static void forget_boxes(struct sync *s)
{
	for (size_t i = 0; i < s->nbox; i++)
		free(s->box[i].name);
	s->nbox = 0;
}

void sync_close(struct sync *s)
{
	if (s == NULL)
		return;
	imap_line_close(s->line);
	close_places(s);
	forget_boxes(s);
	free(s->box);
	free(s->folder);
	url_free(&s->base);
	free(s->root_path);
	free(s);
}

/* ---- the first flight */

static int add_box(struct sync *s, const struct mailbox_entry *e, struct fault *f)
{
	struct sync_box *b;

	if (e->bad & NAME_UNUSABLE || strlen(e->name) > STATE_MAILBOX_MAX) {
		tool_warn(s->tool, "%s: a mailbox whose name cannot be used: %s", s->account->name,
		    e->name);
		return 0;
	}
	if (e->delimiter != 0)
		s->delimiter = e->delimiter;
	if (!sync_matches(s, e->name, e->delimiter))
		return 0;
	if (s->nbox == SYNC_BOXES_MAX)
		return fault_set(
		    f, FAULT_PROTOCOL, "the server lists over %d mailboxes", SYNC_BOXES_MAX);
	if (s->nbox == s->capbox) {
		size_t cap = s->capbox == 0 ? 64 : 2 * s->capbox;
		struct sync_box *p = reallocarray(s->box, cap, sizeof(*p));

		if (p == NULL)
			return fault_set(f, FAULT_TEMP, "out of memory");
		s->box = p;
		s->capbox = cap;
	}
	b = &s->box[s->nbox];
	*b = (struct sync_box){.name = strdup(e->name),
	    .delimiter = e->delimiter,
	    .usable = !(e->attributes & (LIST_NOSELECT | LIST_NONEXISTENT)),
	    .has = e->has,
	    .uidvalidity = e->uidvalidity,
	    .uidnext = e->uidnext,
	    .messages = e->messages,
	    .highestmodseq = e->highestmodseq};
	if (b->name == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	s->nbox++;
	return 0;
}

/* ENABLE QRESYNC (RFC 7162 section 3.2.3). 0: there is none. */
static int enable(struct sync *s, uint32_t *tag, struct fault *f)
{
	struct imap *imap = s->line->imap;
	struct imap_cmd c;

	*tag = 0;
	s->rung =
	    imap_has(imap, "CONDSTORE") || imap_has(imap, "QRESYNC") ? RUNG_CONDSTORE : RUNG_PLAIN;
	if (!imap_has(imap, "QRESYNC") || !imap_has(imap, "ENABLE"))
		return 0;
	imap_cmd_init(&c, imap, "ENABLE");
	imap_atom(&c, "QRESYNC");
	*tag = imap_send(imap, &c, f);
	return *tag == 0 ? -1 : 0;
}

static int take_list(struct sync *s, struct mailboxes *m, uint32_t enabling, struct fault *f)
{
	const struct mailbox_entry *e;
	struct event ev;

	while (!mailboxes_done(m) || enabling != 0) {
		if (imap_next(s->line->imap, -1, &ev, f) == -1)
			return -1;
		if (ev.kind == EV_TAGGED && ev.num == enabling && enabling != 0) {
			/* Some servers do not say ENABLED. */
			if (ev.cond == COND_OK)
				s->rung = RUNG_QRESYNC;
			enabling = 0;
			continue;
		}
		if (mailboxes_event(m, &ev, f) == -1)
			return -1;
		while ((e = mailboxes_pop(m)) != NULL)
			if (add_box(s, e, f) == -1)
				return -1;
	}
	while ((e = mailboxes_pop(m)) != NULL)
		if (add_box(s, e, f) == -1)
			return -1;
	return mailboxes_result(m, f);
}

/* The mailbox that is open since the last run: its STATUS would be that of then. */
static int leave_mailbox(struct sync *s, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s->line->imap, imap_has(s->line->imap, "UNSELECT") ? "UNSELECT" : "NOOP");
	return imap_send(s->line->imap, &c, f) == 0 ? -1 : 0;
}

static int flight(struct sync *s, bool fresh, struct fault *f)
{
	struct mailboxes_query q = {.pattern = s->pattern,
	    .npattern = s->npattern,
	    .status = STATUS_MESSAGES | STATUS_UIDNEXT | STATUS_UIDVALIDITY | STATUS_HIGHESTMODSEQ};
	struct mailboxes *m;
	uint32_t enabling = 0;
	int r;

	forget_boxes(s);
	if ((fresh ? enable(s, &enabling, f) : leave_mailbox(s, f)) == -1)
		return -1;
	m = mailboxes_send(s->line->imap, &q, f);
	if (m == NULL)
		return -1;
	r = fresh && s->account->compress ? imap_compress(s->line->imap, f) : 0;
	if (r == 0)
		r = take_list(s, m, enabling, f);
	if (r == 0)
		tool_note(s->tool, "%s: %zu mailboxes (%s), %s", s->account->name, s->nbox,
		    mailboxes_how(m),
		    s->rung == RUNG_QRESYNC         ? "QRESYNC"
			: s->rung == RUNG_CONDSTORE ? "CONDSTORE"
						    : "flags compared one by one");
	mailboxes_free(m);
	return r;
}

static int drop_line(struct sync *s)
{
	imap_line_close(s->line);
	s->line = NULL;
	return -1;
}

/* The login goes out with the first commands where the server is known; if that does not work out, as ever. */
static int dial(struct sync *s, struct fault *f)
{
	bool again;

	if (s->line != NULL) { /* of the run before: it may have gone quietly */
		if (imap_alive(s->line->imap) && flight(s, false, f) == 0)
			return 0;
		drop_line(s);
	}
	s->line = imap_line_early(s->tool, s->account, f);
	if (s->line == NULL)
		return -1;
	if (flight(s, true, f) == 0)
		return 0;
	again = imap_early_failed(s->line->imap);
	drop_line(s);
	if (!again)
		return -1;
	tool_note(s->tool, "%s: the login did not take more with it: %s", s->account->name, f->msg);
	s->line = imap_line_open(s->tool, s->account, false, f);
	if (s->line == NULL)
		return -1;
	return flight(s, true, f) == 0 ? 0 : drop_line(s);
}

/* ---- which mailboxes */

static bool is_unchanged(
    const struct sync *s, const struct state_mailbox *row, const struct sync_box *b)
{
	const unsigned need = STATUS_UIDVALIDITY | STATUS_UIDNEXT | STATUS_HIGHESTMODSEQ;

	if (b == NULL || !sync_is_complete(s, row) || row->modseq == 0 || (b->has & need) != need)
		return false;
	if (b->uidvalidity != row->uidvalidity || b->uidnext != row->uidnext ||
	    b->highestmodseq != row->modseq)
		return false;
	return s->account->window != 0 || !(b->has & STATUS_MESSAGES) ||
	    b->messages == row->messages + row->skipped;
}

static bool is_due(
    struct sync *s, const struct state_mailbox *row, const struct sync_box *b, bool sources)
{
	struct sync_folder *folder = sync_folder_of(s, row->id);
	struct fault ignored;
	bool source = scratch_move_any(s->state, row->id, &ignored) == 1;

	if ((b != NULL && b->done) || (folder != NULL && (folder->stopped || folder->missing)))
		return false;
	if (sources)
		return source;
	if (folder == NULL || folder->changed || source)
		return true;
	return (s->policy & PLAN_PULL) && !is_unchanged(s, row, b);
}

/* The folder's stamp, where nothing had to be done and nothing will have to be. */
static int remember_stamp(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	const struct sync_folder *folder = sync_folder_of(s, row->id);

	if (s->o->dry_run || folder == NULL || folder->changed || folder->stopped ||
	    folder->missing || folder->stamp.ino == 0 ||
	    maildir_stamp_same(&folder->stamp, &row->stamp))
		return 0;
	row->stamp = folder->stamp;
	return state_mailbox_put(s->state, row, f);
}

/* An empty mailbox of which LIST has told everything, and nothing is here either: it need not be opened. 1: done, 0, -1. */
static int take_empty(
    struct sync *s, struct state_mailbox *row, const struct sync_box *b, struct fault *f)
{
	const unsigned need =
	    STATUS_MESSAGES | STATUS_UIDVALIDITY | STATUS_UIDNEXT | STATUS_HIGHESTMODSEQ;
	const struct sync_folder *folder = sync_folder_of(s, row->id);

	if (b == NULL || row->uidvalidity != 0 || (folder != NULL && folder->changed) ||
	    (b->has & need) != need || b->messages != 0 || b->uidvalidity == 0 || b->uidnext == 0 ||
	    s->o->dry_run)
		return 0;
	row->uidvalidity = b->uidvalidity;
	row->owner = sync_owner(s, row->name, row->uidvalidity);
	row->uidnext = b->uidnext;
	row->modseq = b->highestmodseq;
	row->complete = true;
	return state_mailbox_put(s->state, row, f) == -1 ? -1 : 1;
}

static bool is_stopped(const struct sync *s)
{
	return s->o->stop != NULL && *s->o->stop;
}

/* One of this run, or one that something was moved out of. */
static bool is_ours(struct sync *s, const struct state_mailbox *row, bool sources)
{
	const struct sync_folder *folder = sync_folder_of(s, row->id);

	return folder != NULL && folder->outside ? sources
						 : sync_matches(s, row->name, row->delimiter);
}

static int one(struct sync *s, struct state_mailbox *row, struct sync_box *b, struct fault *f)
{
	struct fault why;
	int r = take_empty(s, row, b, f);

	if (r == -1)
		return -1;
	if (r == 1 || sync_mailbox(s, row, b, &why) == 0) {
		if (b != NULL)
			b->done = true;
		return 0;
	}
	/* A plan is thrown away as a whole. */
	if (!s->o->dry_run)
		state_rollback(s->state);
	if (b != NULL)
		b->done = true;
	if (!imap_alive(s->line->imap) || is_stopped(s) || why.cls == FAULT_IO) {
		*f = why;
		return fault_while(f, "%s/%s", s->account->name, row->name);
	}
	sync_failed(s, row->name, &why);
	return state_begin(s->state, f);
}

/* What matters comes first. */
static int inbox(struct sync *s, struct fault *f)
{
	struct state_mailbox row;
	int r = state_mailbox_named(s->state, "INBOX", &row, f);

	if (r != 1 || !sync_matches(s, row.name, row.delimiter))
		return r == -1 ? -1 : 0;

	struct sync_box *b = sync_box_named(s, row.name);
	return is_due(s, &row, b, false) ? one(s, &row, b, f) : 0;
}

static int each(struct sync *s, bool sources, struct fault *f)
{
	struct state_mailbox row = {0};
	char name[STATE_MAILBOX_MAX + 1] = "";
	int r;

	while ((r = state_mailbox_after(s->state, name, &row, f)) == 1) {
		struct sync_box *b = sync_box_named(s, row.name);

		memcpy(name, row.name, sizeof(name));
		if (!is_ours(s, &row, sources))
			continue;
		if (is_stopped(s))
			return fault_set(f, FAULT_TEMP, "interrupted; the next run goes on");
		if (!is_due(s, &row, b, sources)) {
			if (!sources && remember_stamp(s, &row, f) == -1)
				return -1;
			continue;
		}
		if (one(s, &row, b, f) == -1)
			return -1;
	}
	return r;
}

static int run(struct sync *s, struct fault *f)
{
	if (state_begin(s->state, f) == -1 || sync_scan_all(s, f) == -1 ||
	    sync_find_moves(s, f) == -1 || dial(s, f) == -1 || sync_name_missing(s, f) == -1 ||
	    sync_folders(s, f) == -1)
		return -1;
	/* A mailbox that fails takes back only its own part. */
	if (!s->o->dry_run && (state_commit(s->state, f) == -1 || state_begin(s->state, f) == -1))
		return -1;
	/* Messages that move are moved first, so that they are there when their new mailbox is looked at. */
	if (each(s, true, f) == -1 || inbox(s, f) == -1 || each(s, false, f) == -1)
		return -1;
	return s->o->dry_run ? 0 : state_commit(s->state, f);
}

int sync_run(struct sync *s, const char *const *pattern, size_t n, struct fault *f)
{
	s->pattern = pattern;
	s->npattern = n;
	s->worst = (struct fault){0};

	int r = open_places(s, f);
	if (r == 0)
		r = run(s, f);
	sync_progress_end(s);
	close_places(s);
	if (r == 0 && s->worst.cls != FAULT_NONE) {
		*f = s->worst;
		f->msg[0] = '\0'; /* it was said when it happened */
		r = -1;
	}
	if (tool_flush(s->o->out, r == 0 ? f : &s->worst) == -1)
		r = -1;
	return r;
}

int sync_whole(struct sync *s, const struct url *u, struct fault *f)
{
	int r = open_places(s, f);

	if (r == 0)
		r = sync_fetch_whole(s, u, f);
	close_places(s);
	return r;
}
