/* sync_match: the same messages under other UIDs: after a change of UIDVALIDITY, or where a Maildir is there and no state. */
#include <string.h>
#include <unistd.h>

#include "app/sync_impl.h"
#include "base/digest.h"
#include "msg/header.h"
#include "store/maildir_upload.h"

enum { ID_MAX = 4096, LOST_MAX = STATE_MAILBOX_MAX };

static const char lost_name[] = "lost+found";

static uint64_t key_of(const char *s, size_t n)
{
	unsigned char sha256[DIGEST_LEN];
	struct digest d;

	if (n == 0)
		return 0;
	digest_init(&d);
	digest_add(&d, s, n);
	digest_end(&d, sha256);
	return state_key(sha256) >> 1;
}

/* ---- what is here */

/* What its name and the state say: was this file in step once? */
static int was_ours(
    struct sync_job *j, const struct maildir_name *name, struct scratch_unknown *u, struct fault *f)
{
	struct state_message m;
	uint64_t owner;
	uint32_t uid;
	bool own = maildir_base_owner(name->base, &owner, &uid) && owner == j->row.owner;
	int r = name->uid == 0 ? 0 : state_message_get(j->s->state, j->row.id, name->uid, &m, f);

	if (r == -1)
		return -1;
	u->ours = r == 1 && (own || strcmp(m.base, name->base) == 0);
	/* What is on the server is larger than what is here. */
	if (u->ours && m.lean)
		u->size = m.size;
	return 0;
}

/* Size, digest and Message-ID. 0, or 1: it is gone, -1. */
static int read_file(struct sync_job *j, struct scratch_unknown *u, struct fault *f)
{
	struct upload_file file;
	bool lean = u->size != 0;
	int r = upload_open(&file, &j->dir, u->in_new, u->file, f);

	if (r != 1)
		return r == -1 ? -1 : 1;
	u->id_key = key_of(file.message_id, strlen(file.message_id));
	r = lean ? 0 : sync_measure(&file, &u->size, &u->key, f);
	upload_close(&file);
	return r;
}

static int note_file(struct sync_job *j, const struct maildir_entry *e, struct fault *f)
{
	struct scratch_unknown u = {.mailbox = j->row.id, .in_new = e->in_new};
	int r;

	memccpy(u.file, e->file, '\0', sizeof(u.file));
	if (was_ours(j, &e->name, &u, f) == -1)
		return -1;
	r = read_file(j, &u, f);
	return r == 0 ? scratch_unknown_put(j->s->state, &u, f) : r == 1 ? 0 : -1;
}

static int note_all_files(struct sync_job *j, struct fault *f)
{
	struct maildir_scan scan;
	struct maildir_entry e;
	int r;

	if (scratch_unknown_clear(j->s->state, j->row.id, f) == -1 ||
	    scratch_local_clear(j->s->state, j->row.id, f) == -1 ||
	    maildir_scan_begin(&scan, &j->dir, f) == -1)
		return -1;
	while ((r = maildir_scan_next(&scan, &e, f)) == 1)
		if (note_file(j, &e, f) == -1) {
			r = -1;
			break;
		}
	maildir_scan_end(&scan);
	return r;
}

int sync_prepare_match(struct sync_job *j, struct fault *f)
{
	struct state *state = j->s->state;

	tool_warn(j->s->tool,
	    "%s/%s: UIDVALIDITY changed from %u to %u: matching the messages by their content",
	    j->s->account->name, j->row.name, j->row.uidvalidity, j->seen.uidvalidity);
	/* The UIDs of the plan are other messages' now. */
	if (sync_return_moves(j->s, j->row.id, f) == -1 || note_all_files(j, f) == -1 ||
	    scratch_remote_clear(state, f) == -1 ||
	    state_mailbox_clear(state, j->row.id, f) == -1 ||
	    state_intent_clear(state, j->row.id, f) == -1)
		return -1;
	j->row.uidvalidity = j->row.uidnext = 0;
	j->row.modseq = j->row.messages = j->row.skipped = 0;
	j->row.complete = false;
	j->matching = true;
	return sync_print_folder(
	    j->s, "resync", j->row.name, NULL, j->seen.uidvalidity, j->row.path, SIDE_REMOTE, f);
}

/* ---- what is there */

/* One message of the server, as its answer comes. */
struct candidate {
	char id[ID_MAX];
	size_t n;
	bool reading;
};

/* The field as it came to the key of its value. */
static uint64_t id_of(const struct candidate *c)
{
	struct header h = {.text = c->id, .len = c->n};
	struct field field;
	struct buf id;
	uint64_t key = 0;

	buf_init(&id, ID_MAX);
	if (header_find(&h, "Message-ID", &field)) {
		field_unfold(&id, &field);
		key = key_of(id.data, id.len);
	}
	buf_free(&id);
	return key;
}

static int take(
    struct sync_job *j, const struct fetch_event *e, struct candidate *c, struct fault *f)
{
	struct state_message m = {.uid = e->uid, .size = e->size};
	struct scratch_unknown u;
	uint64_t id = id_of(c);
	int r;

	c->n = 0;
	if ((e->has & (FETCH_UID | FETCH_FLAGS | FETCH_SIZE)) !=
		(FETCH_UID | FETCH_FLAGS | FETCH_SIZE) ||
	    id == 0)
		return 0;
	r = scratch_unknown_find(j->s->state, j->row.id, e->size, 0, id, &u, f);
	if (r != 1)
		return r;
	m.flags = sync_mask(j, e->flags);
	m.date = sync_date(e);
	m.key = u.key;
	m.lean = u.key == 0;
	r = sync_adopt_apart(j, u.file, u.in_new, &m, f);
	return r == 1 ? scratch_unknown_drop(j->s->state, u.id, f) : r;
}

static int event(struct sync_job *j, const struct event *ev, struct candidate *c, struct fault *f)
{
	switch (ev->kind) {
	case EV_SECTION:
		c->n = 0;
		c->reading = strncasecmp(ev->section.section, "HEADER.FIELDS", 13) == 0;
		return 0;
	case EV_SECTION_DATA:
		if (c->reading && ev->len <= sizeof(c->id) - c->n) {
			memcpy(c->id + c->n, ev->data, ev->len);
			c->n += ev->len;
		}
		return 0;
	case EV_FETCH:
		return take(j, &ev->fetch, c, f);
	default:
		return 0;
	}
}

static int ask(struct sync_job *j, const struct set *set, struct candidate *c, struct fault *f)
{
	struct event ev;
	uint32_t tag = sync_ask_about(j, set, true, f);
	int r;

	if (tag == 0)
		return -1;
	c->n = 0;
	while ((r = imap_until(j->s->line->imap, tag, &ev, f)) == 1)
		if (event(j, &ev, c, f) == -1)
			return -1;
	return r;
}

/* The next ranges of the wanted ones, as many as go into one command. 1, 0: there are none, -1. */
static int next_ranges(struct sync_job *j, struct set *set, uint32_t *uid, struct fault *f)
{
	uint32_t lo, hi;
	int r = 0;

	while (*uid != 0 && set->n < SYNC_RANGES &&
	    (r = scratch_range_from(j->s->state, SCRATCH_WANTED, *uid, &lo, &hi, f)) == 1) {
		if (set_add(set, lo < *uid ? *uid : lo, hi) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
		*uid = hi == UINT32_MAX ? 0 : hi + 1;
	}
	return r == -1 ? -1 : set->n > 0;
}

int sync_match(struct sync_job *j, struct fault *f)
{
	struct candidate c = {.n = 0};
	struct scratch_unknown u;
	struct set set;
	uint32_t uid = 1;
	int r = scratch_unknown_after(j->s->state, j->row.id, 0, &u, f);

	while (r == 1) {
		set_init(&set, SYNC_RANGES);
		r = next_ranges(j, &set, &uid, f);
		if (r == 1 && ask(j, &set, &c, f) == -1)
			r = -1;
		set_free(&set);
	}
	return r;
}

/* The name of the file says which message it is: the state was lost. 1, 0, -1. */
static int is_named(struct sync_job *j, const struct scratch_unknown *u, struct fault *f)
{
	struct scratch_change c = {.mailbox = j->row.id, .in_new = u->in_new}, twin;
	struct maildir_name name;
	uint64_t owner;
	int r;

	if (maildir_name_parse(u->file, &name) == -1 ||
	    !maildir_base_owner(name.base, &owner, &c.uid) || owner != j->row.owner)
		return 0;
	if ((r = scratch_local_get(j->s->state, j->row.id, c.uid, &twin, f)) != 0)
		return r == 1 ? 0 : -1;
	/* Only the name that the state would give it; another is matched, and renamed. */
	const char *mark = strstr(name.base, ",U=");
	if (mark == NULL || strchr(mark + 1, ',') != NULL)
		return 0;
	c.flags = name.flags;
	if (scratch_local_put(j->s->state, &c, f) == -1 ||
	    scratch_unknown_drop(j->s->state, u->id, f) == -1)
		return -1;
	return 1;
}

/* A first run, or one that was not finished, where files are here already. */
int sync_prepare_first(struct sync_job *j, struct fault *f)
{
	struct scratch_unknown u = {0};
	int r;

	while ((r = scratch_unknown_after(j->s->state, j->row.id, u.id, &u, f)) == 1) {
		if ((r = is_named(j, &u, f)) == -1)
			return -1;
		if (r == 1)
			continue;

		int k = u.key != 0 && u.id_key != 0 ? 0 : read_file(j, &u, f);

		if (k == -1 || (k == 0 && scratch_unknown_put(j->s->state, &u, f) == -1))
			return -1;
		j->matching = true;
	}
	return r;
}

/* ---- what has no match */

static int move_lost(
    struct sync_job *j, const struct maildir *to, const struct scratch_unknown *u, struct fault *f)
{
	struct maildir_name name;
	char file[MAILDIR_NAME_MAX + 1];

	if (maildir_name_parse(u->file, &name) == -1)
		return 0;
	name.flags &= MAILDIR_SYSTEM; /* letters mean something else there */
	if (maildir_name_build(file, sizeof(file), &name, u->in_new) == -1)
		return 0;
	int r = maildir_move(&j->dir, u->in_new, u->file, to, u->in_new, file, f);
	if (r == 1) {
		maildir_watch_own(&j->watch, u->in_new, u->file, false);
		j->touched = true;
		r = scratch_unknown_drop(j->s->state, u->id, f);
	}
	return r;
}

static int open_lost(struct sync_job *j, struct maildir *m, struct fault *f)
{
	struct buf path;

	buf_init(&path, LOST_MAX);
	int r = folder_path(j->s->layout, lost_name, '/', &path, f);
	if (r == 0)
		r = folder_create(j->s->root, j->s->layout, buf_str(&path), m, f);
	buf_free(&path);
	return r;
}

int sync_lost(struct sync_job *j, struct fault *f)
{
	struct scratch_unknown u = {0};
	struct maildir lost = MAILDIR_CLOSED;
	unsigned count = 0;
	int r;

	if (!j->matching || j->s->o->dry_run)
		return 0;
	while ((r = scratch_unknown_after(j->s->state, j->row.id, u.id, &u, f)) == 1) {
		if (!u.ours)
			continue;
		if ((lost.fd == -1 && open_lost(j, &lost, f) == -1) ||
		    move_lost(j, &lost, &u, f) == -1) {
			r = -1;
			break;
		}
		count++;
	}
	if (count > 0) {
		tool_warn(j->s->tool,
		    "%s/%s: %u messages are not on the server any more: now in %s",
		    j->s->account->name, j->row.name, count, lost_name);
		if (r == 0 &&
		    (sync_durable(j->s, &lost, f) == -1 || sync_durable(j->s, &j->dir, f) == -1))
			r = -1;
	}
	maildir_close(&lost);
	return r;
}
