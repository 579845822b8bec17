/* sync_mailbox: one mailbox from SELECT to the state. */
#include <stdlib.h>
#include <string.h>

#include "app/sync_impl.h"

int sync_durable(const struct sync *s, const struct maildir *m, struct fault *f)
{
	return s->account->fsync ? maildir_sync(m, f) : 0;
}

/* Whether nothing was known of it, and files are here all the same. */
static bool is_first(const struct sync_job *j)
{
	return j->row.messages == 0 && j->row.modseq == 0 && j->row.uidnext == 0;
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
	}
	row->stamp = now;
	if (j->touched || j->pending || j->folder == NULL ||
	    !maildir_stamp_same(&now, &j->folder->stamp))
		row->stamp.cur_ns = row->stamp.new_ns = 0;
	if (!j->pending && (j->s->policy & PLAN_PULL) &&
	    state_intent_clear(j->s->state, row->id, f) == -1)
		return -1;
	if (state_mailbox_put(j->s->state, row, f) == -1 || state_commit(j->s->state, f) == -1)
		return -1;
	return state_begin(j->s->state, f);
}

static int run(struct sync_job *j, struct fault *f)
{
	bool first = is_first(j);

	if (maildir_open(j->s->root, j->row.path, false, &j->dir, f) == -1 ||
	    keywords_load(&j->keywords, &j->dir, f) == -1)
		return -1;
	maildir_clean_tmp(&j->dir, MAILDIR_TMP_AGE);
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

int sync_mailbox(
    struct sync *s, const struct state_mailbox *row, const struct sync_box *box, struct fault *f)
{
	struct sync_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	j->s = s;
	j->row = *row;
	j->box = box;
	j->folder = sync_folder_of(s, row->id);
	j->dir = MAILDIR_CLOSED;

	int r = run(j, f);
	if (r == -1 && f->cls != FAULT_IO)
		drain(j);
	sync_progress_end(s);
	maildir_close(&j->dir);
	free(j);
	return r;
}
