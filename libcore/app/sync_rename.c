/* sync_rename: mailboxes that have another name now, on one side or the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/sync_impl.h"

/* ---- on the server */

/* It may have changed meanwhile, unless its UIDVALIDITY is that of others, too. */
static bool is_same(const struct state_mailbox *row, const struct sync_box *b, bool exactly)
{
	if (!b->usable || b->uidvalidity != row->uidvalidity || b->uidnext < row->uidnext ||
	    b->highestmodseq < row->modseq)
		return false;
	return !exactly ||
	    (b->uidnext == row->uidnext && b->messages == row->messages + row->skipped &&
		(row->modseq == 0 || b->highestmodseq == row->modseq));
}

static size_t count_validity(const struct sync *s, uint32_t uidvalidity)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbox; i++)
		n += s->box[i].uidvalidity == uidvalidity;
	return n;
}

/* The mailbox that this one has become, if there is only one that it can be. */
struct sync_box *sync_renamed_box(struct sync *s, const struct state_mailbox *row)
{
	struct sync_box *found = NULL;
	bool exactly = count_validity(s, row->uidvalidity) > 1;

	for (size_t i = 0; i < s->nbox; i++) {
		if (!is_same(row, &s->box[i], exactly) || sync_is_known(s, s->box[i].name))
			continue;
		if (found != NULL)
			return NULL;
		found = &s->box[i];
	}
	return found;
}

int sync_follow_box(
    struct sync *s, struct state_mailbox *row, const struct sync_box *b, struct fault *f)
{
	struct buf path;
	int r;

	buf_init(&path, STATE_MAILBOX_MAX);
	r = folder_path(s->layout, b->name, b->delimiter, &path, f);
	if (r == 0 && !s->o->dry_run)
		r = folder_rename(s->root, s->layout, row->path, buf_str(&path), f);
	if (r != -1)
		r = sync_print_folder(s, "mailbox-renamed", row->name, b->name, row->uidvalidity,
		    buf_str(&path), SIDE_REMOTE, f);
	if (r != -1) {
		memccpy(row->name, b->name, '\0', sizeof(row->name));
		if (!s->o->dry_run)
			memccpy(row->path, buf_str(&path), '\0', sizeof(row->path));
		row->delimiter = b->delimiter;
		r = state_mailbox_put(s->state, row, f);
	}
	buf_free(&path);
	return r;
}

/* ---- here */

/* `name` below the mailbox `from` is below `to` now. False when it is neither `from` nor below it, or too long. */
static bool name_below(
    const char *name, const char *from, const char *to, char delimiter, char *out, size_t n)
{
	size_t len = strlen(from);

	if (strncmp(name, from, len) != 0 ||
	    (name[len] != '\0' && (delimiter == '\0' || name[len] != delimiter)))
		return false;
	int r = snprintf(out, n, "%s%s", to, name + len);
	return r >= 0 && (size_t)r < n;
}

/* The server's list as it is after a RENAME, which takes what is below with it. */
static int rename_boxes(
    struct sync *s, const char *from, const char *to, char delimiter, struct fault *f)
{
	char name[STATE_MAILBOX_MAX + 1];

	for (size_t i = 0; i < s->nbox; i++) {
		if (!name_below(s->box[i].name, from, to, delimiter, name, sizeof(name)))
			continue;

		char *copy = strdup(name);
		if (copy == NULL)
			return fault_set(f, FAULT_TEMP, "out of memory");
		free(s->box[i].name);
		s->box[i].name = copy;
	}
	sync_sort_boxes(s);
	return 0;
}

/* The new folder `to` is that of the mailbox `row`. In a plan the server still has the old name. */
static int take_folder(
    struct sync *s, struct state_mailbox *row, const struct state_mailbox *to, struct fault *f)
{
	struct sync_folder *folder = sync_folder_of(s, row->id);

	if (sync_print_folder(s, "mailbox-renamed", row->name, to->name, row->uidvalidity, to->path,
		SIDE_LOCAL, f) == -1 ||
	    scratch_unknown_clear(s->state, to->id, f) == -1 ||
	    state_mailbox_drop(s->state, to->id, f) == -1)
		return -1;
	if (!s->o->dry_run)
		memcpy(row->name, to->name, sizeof(row->name));
	memcpy(row->path, to->path, sizeof(row->path));
	if (state_mailbox_put(s->state, row, f) == -1)
		return -1;
	/* What is in it is compared under its own name now. */
	row->stamp.cur_ns = row->stamp.new_ns = 0;
	if (folder == NULL)
		return 0;
	folder->missing = false;
	return sync_scan(s, row, folder, f);
}

/* What is below it went with it, on both sides. */
static int take_children(
    struct sync *s, const char *from, const struct state_mailbox *parent, struct fault *f)
{
	struct state_mailbox row = {0}, to;
	char name[STATE_MAILBOX_MAX + 1], last[STATE_MAILBOX_MAX + 1];
	int r;

	memcpy(last, from, strlen(from) + 1);
	while ((r = state_mailbox_after(s->state, last, &row, f)) == 1) {
		struct sync_folder *folder = sync_folder_of(s, row.id);

		memcpy(last, row.name, sizeof(last));
		if (folder == NULL || !folder->missing || row.uidvalidity == 0 ||
		    !name_below(
			row.name, from, parent->name, parent->delimiter, name, sizeof(name)))
			continue;
		r = state_mailbox_named(s->state, name, &to, f);
		if (r == 1 && to.uidvalidity == 0)
			r = take_folder(s, &row, &to, f);
		if (r == -1)
			return -1;
	}
	return r;
}

static int rename_on_server(
    struct sync *s, struct state_mailbox *row, struct state_mailbox *to, struct fault *f)
{
	char from[STATE_MAILBOX_MAX + 1];
	struct change change = {.kind = CHANGE_RENAME, .name = row->name, .to = to->name};

	memcpy(from, row->name, sizeof(from));
	if (!s->o->dry_run && sync_change(s, &change, f) == -1)
		return -1;
	if (!s->o->dry_run && rename_boxes(s, from, to->name, row->delimiter, f) == -1)
		return -1;
	return take_folder(s, row, to, f) == -1 ? -1 : take_children(s, from, to, f);
}

/* A directory is known by its number, but numbers are used again: some of the files have to be there, too. */
static int has_files_of(struct sync *s, const struct state_mailbox *row,
    const struct state_mailbox *in, struct fault *f)
{
	struct scratch_unknown u = {0};
	struct state_message m;
	struct maildir_name name;
	uint64_t owner;
	uint32_t uid;
	int r = row->messages == 0;

	while (r == 0 && (r = scratch_unknown_after(s->state, in->id, u.id, &u, f)) == 1) {
		r = 0;
		if (maildir_name_parse(u.file, &name) == -1)
			continue;
		if (maildir_base_owner(name.base, &owner, &uid))
			r = owner == row->owner;
		else if (name.uid != 0 &&
		    (r = state_message_get(s->state, row->id, name.uid, &m, f)) == 1)
			r = strcmp(m.base, name.base) == 0;
	}
	return r;
}

/* A new folder that is the old one's directory. 1, 0, -1. */
static int find_moved_folder(
    struct sync *s, const struct state_mailbox *row, struct state_mailbox *out, struct fault *f)
{
	struct maildir dir;
	struct maildir_stamp stamp;
	int r;

	for (size_t i = 0; i < s->nfolder && row->stamp.ino != 0; i++) {
		if ((r = state_mailbox_get(s->state, s->folder[i].id, out, f)) == -1)
			return -1;
		if (r == 0 || out->uidvalidity != 0 || sync_box_named(s, out->name) != NULL ||
		    maildir_open(s->root, out->path, false, &dir, f) == -1)
			continue;
		r = maildir_stamp(&dir, &stamp, f);
		maildir_close(&dir);
		if (r == 0 && stamp.dev == row->stamp.dev && stamp.ino == row->stamp.ino &&
		    (r = has_files_of(s, row, out, f)) != 0)
			return r;
	}
	return 0;
}

int sync_follow_folder(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	struct state_mailbox to;
	int r = find_moved_folder(s, row, &to, f);

	if (r != 1)
		return r;
	return rename_on_server(s, row, &to, f) == -1 ? -1 : 1;
}
