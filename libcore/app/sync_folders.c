/* sync_folders: mailboxes that came, went, or have another name, on both sides. */
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

void sync_sort_boxes(struct sync *s)
{
	if (s->nbox > 0)
		qsort(s->box, s->nbox, sizeof(*s->box), by_name);
}

static bool is_inbox(const char *name)
{
	return strcasecmp(name, "INBOX") == 0;
}

bool sync_may(const struct sync *s, unsigned side)
{
	unsigned policy = side == CONFIG_LOCAL ? PLAN_PULL : PLAN_PUSH;

	return (s->account->create & side) != 0 && (s->policy & policy) != 0;
}

int sync_change(struct sync *s, struct change *c, struct fault *f)
{
	if (changes_make(s->line->imap, c, 1, f) == -1)
		return -1;
	if (c->done)
		return 0;
	*f = c->why;
	return -1;
}

/* ---- gone on the server */

bool sync_is_known(struct sync *s, const char *name)
{
	struct state_mailbox row;
	struct fault f;

	return state_mailbox_named(s->state, name, &row, &f) == 1;
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
		if (sync_file(row, &m, m.flags, m.in_new, file) == 0 &&
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
	struct sync_box *b = sync_renamed_box(s, row);

	if (!sync_may(s, CONFIG_LOCAL)) {
		sync_folder_of(s, row->id)->stopped = true;
		return 0;
	}
	if (s->nbox == 0 && s->npattern == 0 && !s->o->force)
		return fault_set(
		    f, FAULT_DATA, "the server lists no mailbox at all (--force believes it)");
	return b != NULL ? sync_follow_box(s, row, b, f) : remove_folder(s, row, f);
}

/* ---- gone here */

/* INBOX cannot be removed: it is fetched anew. */
int sync_fetch_again(struct sync *s, struct state_mailbox *row, struct fault *f)
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
	struct change change = {.kind = CHANGE_DELETE, .name = row->name};
	int r = has_unseen(s, row, b, f);

	/* What came meanwhile, and nobody here has seen, is not deleted. */
	if (r == -1)
		return -1;
	if (r == 1) {
		sync_folder_of(s, row->id)->stopped = false;
		return sync_fetch_again(s, row, f);
	}
	if (!(s->policy & PLAN_EXPUNGE_REMOTE) && row->messages > 0)
		return 0;
	if (!s->o->dry_run && sync_change(s, &change, f) == -1)
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
	int r = sync_may(s, CONFIG_REMOTE) ? sync_follow_folder(s, row, f) : 0;

	if (r != 0)
		return r == 1 ? 0 : -1;
	folder->stopped = true;
	if (!s->o->force && (row->messages > 0 || is_inbox(row->name)))
		return fault_set(f, FAULT_DATA,
		    "the folder %s is missing, and %llu messages should be in it: nothing was changed"
		    " (--force removes the mailbox on the server)",
		    row->path, (unsigned long long)row->messages);
	if (is_inbox(row->name) || !sync_may(s, CONFIG_REMOTE)) {
		folder->stopped = false;
		return sync_fetch_again(s, row, f);
	}
	return delete_on_server(s, row, f);
}

/* ---- new ones */

/* New mailboxes of one flight: each is made, and subscribed to. */
struct newcomers {
	struct state_mailbox row[CHANGES_MAX / 2];
	struct change change[CHANGES_MAX];
	size_t n; /* rows */
};

static void stop_at(struct sync *s, const struct state_mailbox *row, const struct fault *why)
{
	struct sync_folder *folder = sync_folder_of(s, row->id);

	if (folder != NULL)
		folder->stopped = true;
	if (why != NULL)
		sync_failed(s, row->name, why);
}

/* That it cannot be subscribed to does not keep it from being one. */
static int create_flight(struct sync *s, struct newcomers *k, struct fault *f)
{
	int r =
	    s->o->dry_run || k->n == 0 ? 0 : changes_make(s->line->imap, k->change, 2 * k->n, f);

	for (size_t i = 0; i < k->n && r == 0; i++) {
		if (s->o->dry_run)
			stop_at(s, &k->row[i], NULL);
		else if (!k->change[2 * i].done && sync_folder_of(s, k->row[i].id)->outside) {
			continue; /* it was not listed, so it may be there: the move will tell */
		} else if (!k->change[2 * i].done) {
			stop_at(s, &k->row[i], &k->change[2 * i].why);
			continue;
		}
		r = sync_print_folder(s, "mailbox-new", k->row[i].name, NULL,
		    k->change[2 * i].uidvalidity, k->row[i].path, SIDE_LOCAL, f);
	}
	k->n = 0;
	return r;
}

static void add_newcomer(struct newcomers *k, const struct state_mailbox *row)
{
	struct state_mailbox *copy = &k->row[k->n];

	*copy = *row;
	k->change[2 * k->n] = (struct change){.kind = CHANGE_CREATE, .name = copy->name};
	k->change[2 * k->n + 1] = (struct change){.kind = CHANGE_SUBSCRIBE, .name = copy->name};
	k->n++;
}

/* Folders that are new here, and no mailboxes of the server. */
static int create_on_server(struct sync *s, struct newcomers *k, struct fault *f)
{
	struct state_mailbox row = {0};
	int r;

	while ((r = state_mailbox_after(s->state, row.name, &row, f)) == 1) {
		struct sync_folder *folder = sync_folder_of(s, row.id);

		if (row.uidvalidity != 0 || folder == NULL || folder->stopped ||
		    (folder->outside && !folder->target) || sync_box_named(s, row.name) != NULL)
			continue;
		if (!sync_may(s, CONFIG_REMOTE)) {
			folder->stopped = true;
			continue;
		}
		add_newcomer(k, &row);
		if (2 * k->n == CHANGES_MAX && create_flight(s, k, f) == -1)
			return -1;
	}
	return r == -1 ? -1 : create_flight(s, k, f);
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

/* On the server, or in the state, which has the new folders, too. 1, 0, -1. */
static int is_there(struct sync *s, const char *name, struct fault *f)
{
	struct state_mailbox row = {0};
	int r;

	for (size_t i = 0; i < s->nbox; i++)
		if (mailboxes_pattern(name, s->box[i].name, s->box[i].delimiter))
			return 1;
	while ((r = state_mailbox_after(s->state, row.name, &row, f)) == 1)
		if (mailboxes_pattern(name, row.name, row.delimiter))
			return 1;
	return r;
}

int sync_name_missing(struct sync *s, struct fault *f)
{
	struct fault why;
	int r;

	for (size_t i = 0; s->o->strict && i < s->npattern; i++) {
		if (strpbrk(s->pattern[i], "*%") != NULL)
			continue;
		r = is_there(s, s->pattern[i], f);
		if (r == -1)
			return -1;
		if (r == 1)
			continue;
		fault_set(&why, FAULT_DATA, "no such mailbox");
		sync_failed(s, s->pattern[i], &why);
	}
	return 0;
}

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
		return 0;
	if (b == NULL)
		return gone_on_server(s, row, f);
	return folder->missing ? gone_here(s, row, f) : 0;
}

static int reconcile_known(struct sync *s, struct fault *f)
{
	struct state_mailbox row = {0};
	char name[STATE_MAILBOX_MAX + 1] = "";
	struct fault why;
	int r;

	while ((r = state_mailbox_after(s->state, name, &row, f)) == 1) {
		memcpy(name, row.name, sizeof(name));
		if (!sync_matches(s, row.name, row.delimiter) || reconcile(s, &row, &why) == 0)
			continue;
		if (!imap_alive(s->line->imap)) {
			*f = why;
			return -1;
		}
		stop_at(s, &row, &why);
	}
	return r;
}

int sync_folders(struct sync *s, struct fault *f)
{
	struct newcomers *k = calloc(1, sizeof(*k));
	struct fault why;

	if (k == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	sync_sort_boxes(s);
	/* A new folder may be what has become of an old one: so these come last. */
	int r = reconcile_known(s, f);
	if (r == 0)
		r = create_on_server(s, k, f);
	free(k);
	if (r == -1)
		return -1;
	for (size_t i = 0; i < s->nbox; i++) {
		const struct sync_box *b = &s->box[i];

		if (!b->usable || b->done || sync_is_known(s, b->name) ||
		    !sync_may(s, CONFIG_LOCAL))
			continue;
		if (create_here(s, b, &why) == -1)
			sync_failed(s, b->name, &why);
	}
	return 0;
}
