/* sync_find: which unknown files are messages that were moved or copied to another folder. */
#include <string.h>

#include "app/sync_impl.h"
#include "store/maildir_upload.h"

/* Reads an unknown file once: its size and digest. 1, 0: it is gone. */
static int read_unknown(
    struct sync *s, const struct state_mailbox *row, struct scratch_unknown *u, struct fault *f)
{
	struct maildir dir;
	struct upload_file file;
	int r;

	if (u->key != 0)
		return 1;
	if (maildir_open(s->root, row->path, false, &dir, f) == -1)
		return -1;
	r = upload_open(&file, &dir, u->in_new, u->file, f);
	if (r == 1) {
		r = sync_measure(&file, &u->size, &u->key, f) == -1 ? -1 : 1;
		upload_close(&file);
	}
	maildir_close(&dir);
	return r == 1 && scratch_unknown_put(s->state, u, f) == -1 ? -1 : r;
}

/* By its name: that of a message of ours somewhere. 1 with the move filled in, 0, -1. */
static int by_name(struct sync *s, const struct state_mailbox *row, struct scratch_unknown *u,
    struct scratch_move *move, struct fault *f)
{
	struct state_mailbox source;
	struct state_message m;
	struct scratch_change c;
	struct maildir_name name;
	uint64_t owner;
	int r;

	if (maildir_name_parse(u->file, &name) == -1 ||
	    !maildir_base_owner(name.base, &owner, &move->uid))
		return 0;
	if ((r = state_mailbox_owned(s->state, owner, &source, f)) != 1 ||
	    (r = state_message_get(s->state, source.id, move->uid, &m, f)) != 1)
		return r;
	/* The name is only a hint where the content can be compared. */
	if (m.key != 0) {
		if ((r = read_unknown(s, row, u, f)) != 1)
			return r;
		if (u->key != m.key)
			return 0;
	}
	if ((r = scratch_local_get(s->state, source.id, move->uid, &c, f)) == -1)
		return -1;
	move->from = source.id;
	move->copy = r == 0 || !c.gone;
	return 1;
}

/* By its content: that of a message which is gone elsewhere. */
static int by_content(struct sync *s, const struct state_mailbox *row, struct scratch_unknown *u,
    struct scratch_move *move, struct fault *f)
{
	int r = read_unknown(s, row, u, f);

	if (r != 1)
		return r;
	move->copy = false;
	return scratch_gone_find(s->state, u->size, u->key, &move->from, &move->uid, f);
}

static bool any_gone(struct sync *s, struct fault *f)
{
	uint64_t gone = 0, all;

	for (size_t i = 0; i < s->nfolder && gone == 0; i++)
		if (scratch_local_count(s->state, s->folder[i].id, &gone, &all, f) == -1)
			return false;
	return gone > 0;
}

/* A run that was cut short may have moved or copied it already, and perhaps given it its new name: then it comes back, or it is sent. 1, 0, -1. */
static int is_under_way(struct sync *s, const struct state_mailbox *row,
    const struct scratch_unknown *u, struct fault *f)
{
	struct maildir_name name;
	int r;

	if (maildir_name_parse(u->file, &name) == -1)
		return 0;
	r = state_intent_has(s->state, row->id, name.base, f);
	char *mark = r == 0 ? strstr(name.base, ",U=") : NULL;
	if (mark == NULL)
		return r;
	*mark = '\0';
	return state_intent_has(s->state, row->id, name.base, f);
}

static int find_move(struct sync *s, const struct state_mailbox *row, struct sync_folder *target,
    struct scratch_unknown *u, bool gone, struct fault *f)
{
	struct scratch_move move = {.to = row->id, .in_new = u->in_new};
	struct sync_folder *source;
	int r = is_under_way(s, row, u, f);

	if (r != 0)
		return r == 1 ? 0 : -1;
	r = by_name(s, row, u, &move, f);
	if (r == 0 && gone)
		r = by_content(s, row, u, &move, f);
	if (r != 1)
		return r;
	source = sync_folder_of(s, move.from);
	if (source == NULL || source->stopped || source->missing)
		return 0;
	/* Between two mailboxes that this run does not look at nothing is moved. */
	if (source->outside && target->outside)
		return 0;
	target->target = true;
	memcpy(move.file, u->file, sizeof(move.file));
	source->changed = true;
	/* If nothing comes of it, the file has to be found again. */
	target->stamp = (struct maildir_stamp){0};
	if (scratch_move_put(s->state, &move, f) == -1 ||
	    scratch_unknown_drop(s->state, u->id, f) == -1)
		return -1;
	return move.copy ? 0 : scratch_local_drop(s->state, move.from, move.uid, f);
}

int sync_find_moves(struct sync *s, struct fault *f)
{
	struct state_mailbox row;
	struct scratch_unknown u;
	bool gone = any_gone(s, f);
	int r;

	if (!(s->policy & PLAN_PUSH))
		return 0;
	for (size_t i = 0; i < s->nfolder; i++) {
		if (!s->folder[i].changed || s->folder[i].stopped)
			continue;
		r = state_mailbox_get(s->state, s->folder[i].id, &row, f);
		if (r != 1)
			return r == -1 ? -1 : fault_set(f, FAULT_BUG, "a folder of no mailbox");
		u.id = 0;
		while ((r = scratch_unknown_after(s->state, row.id, u.id, &u, f)) == 1)
			if (find_move(s, &row, &s->folder[i], &u, gone, f) == -1)
				return -1;
		if (r == -1)
			return -1;
	}
	return 0;
}
