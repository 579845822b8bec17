/* sync_mailbox: one mailbox from SELECT to the state. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/sync_impl.h"

enum {
	DRAIN_EVERY = 2000, /* changes */
	SMALL = 500,        /* messages */
	TICKS = 5,
	TICK = 4000, /* us */
};

int sync_durable(const struct sync *s, const struct maildir *m, struct fault *f)
{
	return s->account->fsync ? maildir_sync(m, f) : 0;
}

/* The kernel's queue of changes is short. */
static void count_change(struct sync_job *j)
{
	j->touched = true;
	if (++j->changes % DRAIN_EVERY == 0)
		maildir_watch_drain(&j->watch);
}

int sync_rename(struct sync_job *j, bool from_in_new, const char *from, bool to_in_new,
    const char *to, struct fault *f)
{
	int r = maildir_rename(&j->dir, from_in_new, from, to_in_new, to, f);

	if (r == 1) {
		maildir_watch_own(&j->watch, from_in_new, from, false);
		maildir_watch_own(&j->watch, to_in_new, to, true);
		count_change(j);
	}
	return r;
}

int sync_remove(struct sync_job *j, bool in_new, const char *file, struct fault *f)
{
	int r = maildir_remove(&j->dir, in_new, file, f);

	if (r == 1) {
		maildir_watch_own(&j->watch, in_new, file, false);
		count_change(j);
	}
	return r;
}

/* From here on we would know of a change by another program: if the folder still is as this run found it. */
static void begin_watch(struct sync_job *j)
{
	struct maildir_stamp now;
	struct fault ignored;

	if (j->folder == NULL || j->folder->stamp.cur_ns == 0 || j->s->o->dry_run)
		return;
	maildir_watch_begin(&j->watch, &j->dir);
	if (maildir_stamp(&j->dir, &now, &ignored) == -1 ||
	    !maildir_stamp_same(&now, &j->folder->stamp))
		maildir_watch_end(&j->watch);
}

/* The stamp to be remembered, where all that happened was our own doing; the next run need not read the folder then. A small one is read faster than a
 * tick of the clock, which has to pass before a stamp can be trusted, is waited for. */
static bool is_own_stamp(struct sync_job *j, struct maildir_stamp *stamp, struct fault *f)
{
	bool settled = false;

	if (j->watch.fd == -1 || j->pending || j->row.messages < SMALL)
		return false;
	for (int i = 0; i < TICKS && !settled; i++) {
		if (i > 0)
			usleep(TICK);
		if (maildir_stamp(&j->dir, stamp, f) == -1)
			return false;
		settled = maildir_stamp_settled(stamp, maildir_now());
	}
	return settled && maildir_watch_clean(&j->watch);
}

/* What a run that is interrupted from here on leaves to the next: which mailbox it is, and from when on changes count. */
static int save_start(struct sync_job *j, struct fault *f)
{
	if (j->row.complete || j->s->o->dry_run)
		return 0;
	if (j->row.modseq == 0 || j->row.modseq > j->seen.highestmodseq)
		j->row.modseq = j->seen.highestmodseq;
	if (j->row.uidnext == 0)
		j->row.uidnext = 1;
	j->row.stamp.cur_ns = j->row.stamp.new_ns = 0;
	if (state_mailbox_put(j->s->state, &j->row, f) == -1 || state_commit(j->s->state, f) == -1)
		return -1;
	return state_begin(j->s->state, f);
}

static int save_end(struct sync_job *j, struct fault *f)
{
	struct state_mailbox *row = &j->row;
	struct maildir_stamp now;

	if (j->s->o->dry_run)
		return 0;
	if (maildir_stamp(&j->dir, &now, f) == -1)
		return -1;
	if (j->s->policy & PLAN_PULL) {
		row->uidnext = j->seen.uidnext;
		row->modseq = j->seen.highestmodseq;
		row->complete = !j->incomplete;
		row->window = j->s->account->window;
	}
	row->stamp = now;
	if (j->touched && is_own_stamp(j, &now, f))
		row->stamp = now;
	else if (j->touched || j->pending || j->folder == NULL ||
	    !maildir_stamp_same(&now, &j->folder->stamp))
		row->stamp.cur_ns = row->stamp.new_ns = 0;
	if (!j->pending && (j->s->policy & PLAN_PULL) &&
	    state_intent_clear(j->s->state, row->id, f) == -1)
		return -1;
	if (state_mailbox_put(j->s->state, row, f) == -1 || state_commit(j->s->state, f) == -1)
		return -1;
	return state_begin(j->s->state, f);
}

/* Of a mailbox that this run does not look at only the moves are done: what else happened in it is found by the run that does. */
static int run_outside(struct sync_job *j, struct fault *f)
{
	struct state_mailbox row;
	const struct imap *imap = j->s->line->imap;

	if (sync_select(j, f) == -1) {
		if (!imap_alive(imap) || f->cls == FAULT_IO)
			return -1;
		tool_note(
		    j->s->tool, "%s: %s: what was moved out of it is sent", j->row.name, f->msg);
		return sync_return_moves(j->s, j->row.id, f);
	}
	if (sync_do_moves(j, f) == -1)
		return -1;
	if (j->s->o->dry_run)
		return 0;
	int r = state_mailbox_get(j->s->state, j->row.id, &row, f);
	if (r != 1)
		return r;
	row.stamp.cur_ns = row.stamp.new_ns = 0;
	if (state_mailbox_put(j->s->state, &row, f) == -1 || state_commit(j->s->state, f) == -1)
		return -1;
	return state_begin(j->s->state, f);
}

static int run(struct sync_job *j, struct fault *f)
{
	/* Until all was fetched once, a file that is not known may be that of a message which is still to come. */
	bool first = !j->row.complete;

	if (maildir_open(j->s->root, j->row.path, false, &j->dir, f) == -1 ||
	    keywords_load(&j->keywords, &j->dir, f) == -1)
		return -1;
	if (j->folder != NULL && j->folder->outside)
		return run_outside(j, f);
	if (!j->s->o->dry_run)
		maildir_clean_tmp(&j->dir, MAILDIR_TMP_AGE);
	begin_watch(j);
	if (sync_select(j, f) == -1 || sync_brake(j, f) == -1)
		return -1;
	if (first && !j->matching && sync_prepare_first(j, f) == -1)
		return -1;
	if (save_start(j, f) == -1 || sync_do_moves(j, f) == -1 || sync_fetch(j, f) == -1 ||
	    sync_merge(j, f) == -1 || sync_lost(j, f) == -1 || sync_append(j, f) == -1)
		return -1;
	return save_end(j, f);
}

/* It came to an end in the middle of something: what is still on its way must not be taken for that of the next mailbox. */
static void drain(struct sync_job *j)
{
	struct imap_cmd c;
	struct fault ignored;

	if (!imap_alive(j->s->line->imap) || (j->s->o->stop != NULL && *j->s->o->stop))
		return;
	imap_cmd_init(&c, j->s->line->imap, "NOOP");
	(void)imap_run(j->s->line->imap, &c, NULL, &ignored);
}

bool sync_is_complete(const struct sync *s, const struct state_mailbox *row)
{
	long window = s->account->window;

	return row->complete && (row->window == 0 || (window != 0 && window <= row->window));
}

int sync_mailbox(
    struct sync *s, const struct state_mailbox *row, const struct sync_box *box, struct fault *f)
{
	struct sync_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	j->s = s;
	j->row = *row;
	j->planned = row->uidvalidity;
	j->row.complete = sync_is_complete(s, row);
	j->box = box;
	j->folder = sync_folder_of(s, row->id);
	j->dir = MAILDIR_CLOSED;
	j->watch = MAILDIR_WATCH_OFF;

	int r = run(j, f);
	if (r == -1 && f->cls != FAULT_IO)
		drain(j);
	sync_progress_end(s);
	maildir_watch_end(&j->watch);
	maildir_close(&j->dir);
	free(j);
	return r;
}
