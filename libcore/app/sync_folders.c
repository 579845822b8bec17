/* sync_folders: mailboxes that came, went, or have another name, on both sides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/sync_impl.h"

static int by_name(const void *a, const void *b)
{
	const struct sync_box *x = a, *y = b;

	return strcmp(x->name, y->name);
}

struct sync_box *sync_box_named(struct sync *s, const char *name)
{
	struct sync_box key = {0};
	char copy[STATE_MAILBOX_MAX + 1];

	if (s->nbox == 0 || strlen(name) > STATE_MAILBOX_MAX)
		return NULL;
	memcpy(copy, name, strlen(name) + 1);
	key.name = copy;
	return bsearch(&key, s->box, s->nbox, sizeof(*s->box), by_name);
}

static bool is_inbox(const char *name)
{
	return strcasecmp(name, "INBOX") == 0;
}

static bool may(const struct sync *s, unsigned side)
{
	unsigned policy = side == CONFIG_LOCAL ? PLAN_PULL : PLAN_PUSH;

	return (s->account->create & side) != 0 && (s->policy & policy) != 0;
}

/* A command on one mailbox, or two. *refused as in sync_finish(). */
static int command(struct sync *s, const char *name, const char *mailbox, const char *other,
    bool *refused, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;

	imap_cmd_init(&c, s->line->imap, name);
	imap_mailbox(&c, mailbox);
	if (other != NULL)
		imap_mailbox(&c, other);
	int r = imap_run(s->line->imap, &c, &ev, f);
	*refused = r == -1 && imap_alive(s->line->imap);
	return *refused ? 0 : r;
}

/* ---- gone or renamed on the server */

static bool is_known(struct sync *s, const char *name)
{
	struct state_mailbox row;
	struct fault f;

	return state_mailbox_named(s->state, name, &row, &f) == 1;
}

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
static struct sync_box *find_renamed(struct sync *s, const struct state_mailbox *row)
{
	struct sync_box *found = NULL;
	bool exactly = count_validity(s, row->uidvalidity) > 1;

	for (size_t i = 0; i < s->nbox; i++) {
		if (!is_same(row, &s->box[i], exactly) || is_known(s, s->box[i].name))
			continue;
		if (found != NULL)
			return NULL;
		found = &s->box[i];
	}
	return found;
}

static int rename_folder(
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

/* Files that were in step; what is new or changed here stays, and comes back as a mailbox next time. */
static int remove_files(struct sync *s, const struct state_mailbox *row, struct fault *f)
{
	struct maildir dir;
	struct state_message m;
	char file[MAILDIR_NAME_MAX + 1];
	uint32_t uid = 1;
	int r;

	if (maildir_open(s->root, row->path, false, &dir, f) == -1)
		return f->cls == FAULT_NOINPUT ? 0 : -1;
	while ((r = state_message_from(s->state, row->id, uid, &m, f)) == 1) {
		if (sync_file(s, row, &m, m.flags, m.in_new, file) == 0 &&
		    maildir_remove(&dir, m.in_new, file, f) == -1) {
			r = -1;
			break;
		}
		if (m.uid == UINT32_MAX)
			break;
		uid = m.uid + 1;
	}
	maildir_close(&dir);
	return r == -1 ? -1 : 0;
}

static int remove_folder(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	/* Gone on both sides: nothing is left to be guarded. */
	bool here = !sync_folder_of(s, row->id)->missing;

	if (here && !s->o->force && !plan_is_sane(row->messages, row->messages))
		return fault_set(f, FAULT_DATA,
		    "the mailbox is gone from the server, and %llu messages are here: nothing was"
		    " changed (--force removes them)",
		    (unsigned long long)row->messages);
	if (here && !(s->policy & PLAN_EXPUNGE_LOCAL) && row->messages > 0) {
		tool_note(s->tool, "%s: gone from the server, kept here", row->name);
		sync_folder_of(s, row->id)->stopped = true;
		return 0;
	}
	if (!s->o->dry_run &&
	    (remove_files(s, row, f) == -1 ||
		folder_remove(s->root, s->layout, row->path, f) == -1))
		return -1;
	if (sync_print_folder(s, "mailbox-gone", row->name, NULL, row->uidvalidity, row->path,
		SIDE_REMOTE, f) == -1 ||
	    sync_return_moves(s, row->id, f) == -1)
		return -1;
	return state_mailbox_drop(s->state, row->id, f);
}

static int gone_on_server(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	struct sync_box *b = find_renamed(s, row);

	if (!may(s, CONFIG_LOCAL)) {
		sync_folder_of(s, row->id)->stopped = true;
		return 0;
	}
	if (s->nbox == 0 && s->npattern == 0 && !s->o->force)
		return fault_set(
		    f, FAULT_DATA, "the server lists no mailbox at all (--force believes it)");
	return b != NULL ? rename_folder(s, row, b, f) : remove_folder(s, row, f);
}

/* ---- gone or renamed here */

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
	if (s->nbox > 0)
		qsort(s->box, s->nbox, sizeof(*s->box), by_name);
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
	bool refused = false;

	memcpy(from, row->name, sizeof(from));
	if (!s->o->dry_run && command(s, "RENAME", row->name, to->name, &refused, f) == -1)
		return -1;
	if (refused)
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

/* INBOX cannot be removed: it is fetched anew. */
static int fetch_again(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	struct maildir dir;

	if (s->o->dry_run)
		return 0;
	if (folder_create(s->root, s->layout, row->path, &dir, f) == -1)
		return -1;
	maildir_close(&dir);
	sync_folder_of(s, row->id)->missing = false;
	if (state_mailbox_clear(s->state, row->id, f) == -1)
		return -1;
	row->uidnext = 0;
	row->modseq = row->skipped = 0;
	row->complete = false;
	return state_mailbox_put(s->state, row, f);
}

/* Whether a message may be there that was never here. 1, 0, -1. */
static int has_unseen(
    struct sync *s, const struct state_mailbox *row, const struct sync_box *b, struct fault *f)
{
	struct state_message m;
	uint32_t next = row->uidnext;
	int r;

	if (!(b->has & STATUS_MESSAGES) || b->uidvalidity != row->uidvalidity ||
	    b->messages > row->messages)
		return 1;
	/* Those that we sent ourselves are known. */
	while ((r = state_message_from(s->state, row->id, next, &m, f)) == 1 && m.uid < UINT32_MAX)
		next = m.uid + 1;
	return r == -1 ? -1 : b->uidnext > next;
}

static int delete_on_server(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	struct sync_box *b = sync_box_named(s, row->name);
	bool refused = false;

	int r = has_unseen(s, row, b, f);

	/* What came meanwhile, and nobody here has seen, is not deleted. */
	if (r == -1)
		return -1;
	if (r == 1) {
		sync_folder_of(s, row->id)->stopped = false;
		return fetch_again(s, row, f);
	}
	if (!(s->policy & PLAN_EXPUNGE_REMOTE) && row->messages > 0)
		return 0;
	if (!s->o->dry_run && command(s, "DELETE", row->name, NULL, &refused, f) == -1)
		return -1;
	if (refused)
		return -1;
	if (sync_print_folder(s, "mailbox-gone", row->name, NULL, row->uidvalidity, row->path,
		SIDE_LOCAL, f) == -1 ||
	    sync_return_moves(s, row->id, f) == -1)
		return -1;
	b->done = true;
	return state_mailbox_drop(s->state, row->id, f);
}

static int gone_here(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	struct sync_folder *folder = sync_folder_of(s, row->id);
	struct state_mailbox to;
	int r = may(s, CONFIG_REMOTE) ? find_moved_folder(s, row, &to, f) : 0;

	if (r != 0)
		return r == 1 ? rename_on_server(s, row, &to, f) : -1;
	folder->stopped = true;
	if (!s->o->force && (row->messages > 0 || is_inbox(row->name)))
		return fault_set(f, FAULT_DATA,
		    "the folder %s is missing, and %llu messages should be in it: nothing was changed"
		    " (--force removes the mailbox on the server)",
		    row->path, (unsigned long long)row->messages);
	if (is_inbox(row->name) || !may(s, CONFIG_REMOTE)) {
		folder->stopped = false;
		return fetch_again(s, row, f);
	}
	return delete_on_server(s, row, f);
}

/* ---- new ones */

static int create_on_server(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	struct sync_folder *folder = sync_folder_of(s, row->id);
	struct fault why;
	bool refused = false;

	if (!may(s, CONFIG_REMOTE)) {
		if (folder != NULL)
			folder->stopped = true;
		return 0;
	}
	if (!s->o->dry_run) {
		if (command(s, "CREATE", row->name, NULL, &refused, f) == -1 || refused)
			return -1;
		if (command(s, "SUBSCRIBE", row->name, NULL, &refused, &why) == -1) {
			*f = why;
			return -1;
		}
	} else if (folder != NULL) {
		folder->stopped = true;
	}
	return sync_print_folder(s, "mailbox-new", row->name, NULL, 0, row->path, SIDE_LOCAL, f);
}

static int create_here(struct sync *s, const struct sync_box *b, struct fault *f)
{
	struct state_mailbox row = {.delimiter = b->delimiter};
	struct maildir dir;
	struct buf path;
	int r;

	buf_init(&path, STATE_MAILBOX_MAX);
	r = folder_path(s->layout, b->name, b->delimiter, &path, f);
	if (r == 0) {
		memccpy(row.name, b->name, '\0', sizeof(row.name));
		memccpy(row.path, buf_str(&path), '\0', sizeof(row.path));
	}
	buf_free(&path);
	if (r == 0 && !s->o->dry_run &&
	    (r = folder_create(s->root, s->layout, row.path, &dir, f)) == 0)
		maildir_close(&dir);
	if (r == -1)
		return -1;
	if (sync_print_folder(
		s, "mailbox-new", row.name, NULL, b->uidvalidity, row.path, SIDE_REMOTE, f) == -1)
		return -1;
	return s->o->dry_run ? 0 : state_mailbox_put(s->state, &row, f);
}

/* ---- */

static int reconcile(struct sync *s, struct state_mailbox *row, struct fault *f)
{
	struct sync_folder *folder = sync_folder_of(s, row->id);
	struct sync_box *b = sync_box_named(s, row->name);

	if (folder == NULL || folder->stopped)
		return 0;
	if (b != NULL && !b->usable) {
		folder->stopped = true;
		return 0;
	}
	if (row->uidvalidity == 0)
		return b == NULL ? create_on_server(s, row, f) : 0;
	if (b == NULL)
		return gone_on_server(s, row, f);
	return folder->missing ? gone_here(s, row, f) : 0;
}

/* Those that were in step, or those that are new here: a new folder may be what has become of an old one, so these come last. */
static int reconcile_known(struct sync *s, bool is_new, struct fault *f)
{
	struct state_mailbox row = {0};
	char name[STATE_MAILBOX_MAX + 1] = "";
	struct fault why;
	int r;

	while ((r = state_mailbox_after(s->state, name, &row, f)) == 1) {
		memcpy(name, row.name, sizeof(name));
		if ((row.uidvalidity == 0) != is_new || !sync_matches(s, row.name, row.delimiter))
			continue;
		if (reconcile(s, &row, &why) == 0)
			continue;
		if (!imap_alive(s->line->imap)) {
			*f = why;
			return -1;
		}
		struct sync_folder *folder = sync_folder_of(s, row.id);
		if (folder != NULL)
			folder->stopped = true;
		sync_failed(s, row.name, &why);
	}
	return r;
}

int sync_folders(struct sync *s, struct fault *f)
{
	struct fault why;

	if (s->nbox > 0)
		qsort(s->box, s->nbox, sizeof(*s->box), by_name);
	if (reconcile_known(s, false, f) == -1 || reconcile_known(s, true, f) == -1)
		return -1;
	for (size_t i = 0; i < s->nbox; i++) {
		const struct sync_box *b = &s->box[i];

		if (!b->usable || b->done || is_known(s, b->name) || !may(s, CONFIG_LOCAL))
			continue;
		if (create_here(s, b, &why) == -1)
			sync_failed(s, b->name, &why);
	}
	return 0;
}
