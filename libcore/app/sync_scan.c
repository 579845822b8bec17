/* sync_scan: what happened in the Maildir since the last run. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/sync_impl.h"
#include "base/digest.h"

enum { SCAN_TRIES = 4, SCAN_PAUSE = 12000 /* us: over a tick */ };

bool sync_matches(const struct sync *s, const char *name, char delimiter)
{
	if (s->npattern == 0)
		return mailboxes_match(s->account->mailboxes, name, delimiter);
	for (size_t i = 0; i < s->npattern; i++)
		if (mailboxes_pattern(s->pattern[i], name, delimiter))
			return true;
	return false;
}

uint64_t sync_owner(const struct sync *s, const char *name, uint32_t uidvalidity)
{
	unsigned char sha256[DIGEST_LEN], number[4];
	struct digest d;
	struct buf url;

	for (int i = 0; i < 4; i++)
		number[i] = (unsigned char)(uidvalidity >> (8 * i));
	buf_init(&url, URL_MAX);
	url_build(&url, &s->base);
	digest_init(&d);
	digest_add(&d, url.data, url.len);
	digest_add(&d, "", 1);
	digest_add(&d, name, strlen(name) + 1);
	digest_add(&d, number, sizeof(number));
	digest_end(&d, sha256);
	buf_free(&url);
	return state_key(sha256) >> 1; /* SQLite's integers are signed */
}

int sync_file(const struct state_mailbox *row, const struct state_message *m, uint32_t flags,
    bool in_new, char out[static MAILDIR_NAME_MAX + 1])
{
	struct maildir_name name = {.flags = flags};

	if (m->base[0] != '\0')
		memcpy(name.base, m->base, sizeof(name.base));
	else if (maildir_base(
		     name.base, sizeof(name.base), m->date, row->owner, m->uid, SYNC_HOST) == -1)
		return -1;
	return maildir_name_build(out, MAILDIR_NAME_MAX + 1, &name, in_new);
}

static int by_id(const void *a, const void *b)
{
	const struct sync_folder *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

struct sync_folder *sync_folder_of(struct sync *s, int64_t id)
{
	struct sync_folder key = {.id = id};

	return s->nfolder == 0 ? NULL : bsearch(&key, s->folder, s->nfolder, sizeof(key), by_id);
}

/* Whose file is it: of a message of this mailbox that the state may know, or of none? */
static int classify(
    struct sync *s, const struct state_mailbox *row, const struct maildir_entry *e, struct fault *f)
{
	struct scratch_file known = {
	    .uid = e->name.uid, .flags = e->name.flags, .in_new = e->in_new};
	struct scratch_unknown u = {.mailbox = row->id, .in_new = e->in_new};
	struct state_message m;
	uint64_t owner;
	uint32_t uid;
	int r = 0;

	if (row->owner != 0 && maildir_base_owner(e->name.base, &owner, &uid) &&
	    owner == row->owner)
		return scratch_scan_add(s->state, &known, f);
	if (e->name.uid != 0)
		r = state_message_get(s->state, row->id, e->name.uid, &m, f);
	if (r == -1)
		return -1;
	if (r == 1 && strcmp(m.base, e->name.base) == 0)
		return scratch_scan_add(s->state, &known, f);
	memccpy(u.file, e->file, '\0', sizeof(u.file));
	return scratch_unknown_put(s->state, &u, f);
}

static int read_folder(
    struct sync *s, const struct state_mailbox *row, const struct maildir *dir, struct fault *f)
{
	struct maildir_scan scan;
	struct maildir_entry e;
	int r;

	if (scratch_scan_clear(s->state, f) == -1 ||
	    scratch_unknown_clear(s->state, row->id, f) == -1 ||
	    scratch_local_clear(s->state, row->id, f) == -1 ||
	    maildir_scan_begin(&scan, dir, f) == -1)
		return -1;
	while ((r = maildir_scan_next(&scan, &e, f)) == 1)
		if (classify(s, row, &e, f) == -1) {
			r = -1;
			break;
		}
	maildir_scan_end(&scan);
	return r;
}

/* A file and its message. A move from new to cur is nothing that the server has to know. */
static int compare(struct sync *s, const struct state_mailbox *row, const struct scratch_file *e,
    struct state_message *m, struct fault *f)
{
	struct scratch_change c = {
	    .mailbox = row->id, .uid = e->uid, .flags = e->flags, .in_new = e->in_new};

	if (e->in_new != m->in_new || m->absent) {
		m->in_new = e->in_new;
		m->absent = false;
		if (state_message_put(s->state, row->id, m, f) == -1)
			return -1;
	}
	return e->flags == m->flags ? 0 : scratch_local_put(s->state, &c, f);
}

static int note_gone(
    struct sync *s, const struct state_mailbox *row, const struct state_message *m, struct fault *f)
{
	struct scratch_change c = {
	    .mailbox = row->id, .uid = m->uid, .flags = m->flags, .gone = true};

	s->gone_here++;
	if (m->absent) /* known, and may not be removed on the server */
		return 0;
	return scratch_local_put(s->state, &c, f);
}

/* A file of ours without a message: a run was interrupted, or the state was lost. */
static int note_orphan(
    struct sync *s, const struct state_mailbox *row, const struct scratch_file *e, struct fault *f)
{
	struct scratch_change c = {
	    .mailbox = row->id, .uid = e->uid, .flags = e->flags, .in_new = e->in_new};

	return scratch_local_put(s->state, &c, f);
}

/* Both in order of UID, side by side. */
static int merge(struct sync *s, const struct state_mailbox *row, struct fault *f)
{
	struct scratch_file e = {0};
	struct state_message m = {0};
	uint32_t last = 0;
	int has_file, has_message, r = 0;

	if (scratch_scan_begin(s->state, f) == -1)
		return -1;
	has_file = scratch_scan_next(s->state, &e, f);
	has_message = state_message_from(s->state, row->id, 1, &m, f);
	while (r == 0 && has_file >= 0 && has_message >= 0 && has_file + has_message > 0) {
		if (has_file && e.uid == last) { /* seen under its old name and its new one */
			has_file = scratch_scan_next(s->state, &e, f);
			continue;
		}
		bool take_file = has_file && (!has_message || e.uid <= m.uid);
		bool take_message = has_message && (!has_file || m.uid <= e.uid);

		if (take_file && take_message)
			r = compare(s, row, &e, &m, f);
		else if (take_file)
			r = note_orphan(s, row, &e, f);
		else
			r = note_gone(s, row, &m, f);
		if (take_message)
			has_message = m.uid == UINT32_MAX
			    ? 0
			    : state_message_from(s->state, row->id, m.uid + 1, &m, f);
		if (take_file) {
			last = e.uid;
			has_file = scratch_scan_next(s->state, &e, f);
		}
	}
	scratch_scan_end(s->state);
	return r == -1 || has_file == -1 || has_message == -1 ? -1 : 0;
}

static int note_result(
    struct sync *s, const struct state_mailbox *row, struct sync_folder *folder, struct fault *f)
{
	struct scratch_unknown u;
	uint64_t gone, all;

	if (scratch_local_count(s->state, row->id, &gone, &all, f) == -1)
		return -1;
	int r = scratch_unknown_after(s->state, row->id, 0, &u, f);
	if (r == -1)
		return -1;
	folder->changed = all > 0 || r == 1;
	return 0;
}

/* Until a scan has not been disturbed: what is renamed meanwhile may look gone. */
static int scan_still(struct sync *s, const struct state_mailbox *row, const struct maildir *dir,
    struct sync_folder *folder, struct fault *f)
{
	struct maildir_stamp before, after;
	uint64_t gone = s->gone_here;

	for (int i = 0; i < SCAN_TRIES; i++) {
		int64_t now = maildir_now();

		if (maildir_stamp(dir, &before, f) == -1)
			return -1;
		if (i == 0 && row->stamp.ino != 0 && maildir_stamp_same(&before, &row->stamp)) {
			folder->stamp = before;
			return 0;
		}
		s->gone_here = gone;
		if (read_folder(s, row, dir, f) == -1 || merge(s, row, f) == -1 ||
		    maildir_stamp(dir, &after, f) == -1)
			return -1;
		if (!maildir_stamp_same(&before, &after))
			continue;
		/* A name that was changed in this very tick of the clock may have been missed. */
		bool settled = maildir_stamp_settled(&before, now);
		if (!settled && s->gone_here > gone && i + 1 < SCAN_TRIES) {
			usleep(SCAN_PAUSE);
			continue;
		}
		folder->stamp = settled ? before : (struct maildir_stamp){0};
		return note_result(s, row, folder, f);
	}
	return fault_set(f, FAULT_TEMP, "the folder changes all the time");
}

/* What is left of a folder when its removal was interrupted: no mail, and not all of its directories. */
static bool is_remains(struct sync *s, const struct state_mailbox *row)
{
	struct fault ignored;

	return !s->o->dry_run && folder_remove(s->root, s->layout, row->path, &ignored) == 1;
}

int sync_scan(
    struct sync *s, const struct state_mailbox *row, struct sync_folder *folder, struct fault *f)
{
	struct maildir dir;
	struct fault why;

	if (maildir_open(s->root, row->path, false, &dir, &why) == -1) {
		folder->missing =
		    why.cls == FAULT_NOINPUT || (why.cls == FAULT_DATA && is_remains(s, row));
		if (folder->missing)
			return 0;
		*f = why;
		return -1;
	}
	int r = scan_still(s, row, &dir, folder, f);
	maildir_close(&dir);
	return r;
}

static struct sync_folder *add_folder(struct sync *s, int64_t id, struct fault *f)
{
	if (s->nfolder == s->capfolder) {
		size_t cap = s->capfolder == 0 ? 64 : 2 * s->capfolder;
		struct sync_folder *p = reallocarray(s->folder, cap, sizeof(*p));

		if (p == NULL) {
			fault_set(f, FAULT_TEMP, "out of memory");
			return NULL;
		}
		s->folder = p;
		s->capfolder = cap;
	}
	s->folder[s->nfolder] = (struct sync_folder){.id = id};
	return &s->folder[s->nfolder++];
}

static int scan_known(struct sync *s, struct fault *f)
{
	struct state_mailbox row = {0};
	struct fault why;
	int r;

	while ((r = state_mailbox_after(s->state, row.name, &row, f)) == 1) {
		if (s->delimiter == 0)
			s->delimiter = row.delimiter;
		if (!sync_matches(s, row.name, row.delimiter))
			continue;

		struct sync_folder *folder = add_folder(s, row.id, f);
		if (folder == NULL)
			return -1;
		s->had += row.messages;
		if (sync_scan(s, &row, folder, &why) == -1) {
			folder->stopped = true;
			sync_failed(s, row.name, &why);
		}
		/* A new folder that went again before it was a mailbox. */
		if (folder->missing && row.uidvalidity == 0) {
			s->nfolder--;
			if (state_mailbox_drop(s->state, row.id, f) == -1)
				return -1;
		}
	}
	return r;
}

/* Files that are gone, or new: they may have been moved. */
static int any_moved(struct sync *s, struct fault *f)
{
	struct scratch_unknown u;
	int r = s->gone_here > 0;

	for (size_t i = 0; i < s->nfolder && r == 0; i++)
		r = scratch_unknown_after(s->state, s->folder[i].id, 0, &u, f);
	return r;
}

/* INBOX has one folder, however the name is written: another one, as `inbox`, would be lost sight of. */
static void warn_of_inbox(struct sync *s, const char *path)
{
	const char *name = path + (s->layout == FOLDER_MAILDIRPP && path[0] == '.');

	if (s->warned || strcasecmp(name, "INBOX") != 0)
		return;
	s->warned = true;
	tool_warn(s->tool, "%s/%s: passed over, as the folder of INBOX is %s", s->root_path, path,
	    s->layout == FOLDER_FS ? "INBOX" : "the Maildir itself");
}

/* A folder that the state does not know becomes a mailbox, not yet known to the server. */
static int note_new_folder(struct sync *s, const char *path, bool outside, struct fault *f)
{
	struct state_mailbox row;
	struct buf name;
	struct fault why;
	int r = state_mailbox_at(s->state, path, &row, f);

	if (r != 0)
		return r == 1 ? 0 : -1;
	buf_init(&name, STATE_MAILBOX_MAX);
	row = (struct state_mailbox){.delimiter = s->delimiter != 0 ? s->delimiter : '/'};
	if (folder_name(s->layout, path, row.delimiter, &name, &why) == -1)
		warn_of_inbox(s, path);
	else if (strlen(path) < sizeof(row.path) &&
	    (outside ? mailboxes_match(s->account->mailboxes, buf_str(&name), row.delimiter)
		     : sync_matches(s, buf_str(&name), row.delimiter))) {
		memccpy(row.name, buf_str(&name), '\0', sizeof(row.name));
		memccpy(row.path, path, '\0', sizeof(row.path));
		r = state_mailbox_put(s->state, &row, f);
		if (r == 0 && !outside && add_folder(s, row.id, f) == NULL)
			r = -1;
		if (r == 0 && !outside &&
		    sync_scan(s, &row, &s->folder[s->nfolder - 1], &why) == -1) {
			s->folder[s->nfolder - 1].stopped = true;
			sync_failed(s, row.name, &why);
		}
	}
	buf_free(&name);
	return r;
}

/* `outside`: only notes those that this run does not look at. */
static int scan_new(struct sync *s, bool outside, struct fault *f)
{
	struct folder_walk w;
	int r;

	folder_walk_begin(&w, s->layout, s->root);
	while ((r = folder_walk_next(&w, f)) == 1)
		if (note_new_folder(s, w.path, outside, f) == -1) {
			r = -1;
			break;
		}
	folder_walk_end(&w);
	return r;
}

/* A run over some mailboxes only: what was moved out of them, or into them, is in the others. */
static int scan_others(struct sync *s, struct fault *f)
{
	struct state_mailbox row = {0};
	struct fault ignored;
	uint64_t gone = s->gone_here;
	int r;

	if (s->npattern == 0 || !(s->policy & PLAN_PUSH) || (r = any_moved(s, f)) == 0)
		return 0;
	/* A folder that the state does not know may have been made for them. */
	if (r == 1 && scan_new(s, true, f) == -1)
		return -1;
	while (r == 1 && (r = state_mailbox_after(s->state, row.name, &row, f)) == 1) {
		if (sync_matches(s, row.name, row.delimiter) ||
		    !mailboxes_match(s->account->mailboxes, row.name, row.delimiter))
			continue;

		struct sync_folder *folder = add_folder(s, row.id, f);
		if (folder == NULL)
			return -1;
		folder->outside = true;
		folder->stopped = sync_scan(s, &row, folder, &ignored) == -1;
	}
	s->gone_here = gone;
	return r;
}

int sync_scan_all(struct sync *s, struct fault *f)
{
	s->nfolder = 0;
	s->had = s->gone_here = 0;
	if (scan_known(s, f) == -1 || scan_new(s, false, f) == -1 || scan_others(s, f) == -1)
		return -1;
	if (s->nfolder > 0)
		qsort(s->folder, s->nfolder, sizeof(*s->folder), by_id);
	return 0;
}
