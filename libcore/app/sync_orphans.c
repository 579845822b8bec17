/* sync_orphans: files of ours without a message: an interrupted run, a lost state, or one that came back. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app/lean.h"
#include "app/sync_impl.h"

/* Whether only a part of the message is in the file. */
static int is_part(
    struct sync_job *j, const struct state_message *m, uint32_t flags, struct fault *f)
{
	char file[MAILDIR_NAME_MAX + 1];
	int fd, r;

	if (sync_file(&j->row, m, flags, m->in_new, file) == -1)
		return 0;
	fd = openat(m->in_new ? j->dir.new : j->dir.cur, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return 0;
	r = lean_is(fd, f);
	close(fd);
	return r;
}

static int adopt_orphan(struct sync_job *j, const struct fetch_event *e, struct fault *f)
{
	struct state_message m = {.uid = e->uid, .date = sync_date(e)}, old;
	struct scratch_change c;
	int r = state_message_get(j->s->state, j->row.id, e->uid, &old, f);

	if (r == 0)
		r = scratch_local_get(j->s->state, j->row.id, e->uid, &c, f);
	else
		return r == 1 ? 0 : -1;
	if (r != 1 || c.gone)
		return r == -1 ? -1 : 0;
	/* What both sides have was there before; what one has is news. */
	m.flags = c.flags & sync_mask(j, e->flags);
	m.in_new = c.in_new;
	if (e->has & FETCH_SIZE)
		m.size = e->size;
	if ((r = is_part(j, &m, c.flags, f)) == -1)
		return -1;
	m.lean = r == 1;
	if (state_message_put(j->s->state, j->row.id, &m, f) == -1)
		return -1;
	c = (struct scratch_change){.uid = e->uid, .flags = sync_mask(j, e->flags)};
	return scratch_remote_put(j->s->state, &c, f);
}

static int ask_orphans(struct sync_job *j, const struct set *set, struct fault *f)
{
	struct event ev;
	uint32_t tag = sync_ask_about(j, set, false, f);
	int r;

	if (tag == 0)
		return -1;
	while ((r = imap_until(j->s->line->imap, tag, &ev, f)) == 1) {
		unsigned need = FETCH_UID | FETCH_FLAGS;

		if (ev.kind == EV_FETCH && (ev.fetch.has & need) == need
			? adopt_orphan(j, &ev.fetch, f) == -1
			: sync_note(j, &ev, f) == -1)
			return -1;
	}
	return r;
}

/* A file of ours that is neither known nor on the server was brought back by somebody: it is a new one. */
static int return_stray(struct sync_job *j, const struct maildir_entry *e, struct fault *f)
{
	struct scratch_unknown u = {.mailbox = j->row.id, .in_new = e->in_new};
	struct state_message m;
	uint64_t owner;
	uint32_t uid;

	if (!maildir_base_owner(e->name.base, &owner, &uid) || owner != j->row.owner)
		return 0;
	int r = state_message_get(j->s->state, j->row.id, uid, &m, f);
	if (r == 0)
		r = sync_is_in(j, SCRATCH_WANTED, uid, f);
	if (r != 0)
		return r == 1 ? 0 : -1;
	memccpy(u.file, e->file, '\0', sizeof(u.file));
	if (scratch_local_drop(j->s->state, j->row.id, uid, f) == -1)
		return -1;
	return scratch_unknown_put(j->s->state, &u, f);
}

static int return_strays(struct sync_job *j, struct fault *f)
{
	struct maildir_scan scan;
	struct maildir_entry e;
	int r;

	if (maildir_scan_begin(&scan, &j->dir, f) == -1)
		return -1;
	while ((r = maildir_scan_next(&scan, &e, f)) == 1)
		if (return_stray(j, &e, f) == -1) {
			r = -1;
			break;
		}
	maildir_scan_end(&scan);
	return r;
}

int sync_adopt_orphans(struct sync_job *j, struct fault *f)
{
	struct scratch_change c;
	bool strays = false;
	struct state_message m;
	struct set set;
	uint32_t uid = 1;
	int r;

	set_init(&set, SYNC_RANGES);
	while ((r = scratch_local_from(j->s->state, j->row.id, uid, &c, f)) == 1) {
		int known = state_message_get(j->s->state, j->row.id, c.uid, &m, f);
		int there = known == 0 ? sync_is_in(j, SCRATCH_WANTED, c.uid, f) : 0;

		if (known == -1 || there == -1) {
			r = -1;
			break;
		}
		strays = strays || (known == 0 && there == 0);
		if (there == 1 && set_add(&set, c.uid, c.uid) == -1) {
			if ((r = ask_orphans(j, &set, f)) == -1)
				break;
			set_free(&set);
			set_init(&set, SYNC_RANGES);
			continue;
		}
		if (c.uid == UINT32_MAX)
			break;
		uid = c.uid + 1;
	}
	if (r != -1 && set.n > 0)
		r = ask_orphans(j, &set, f);
	set_free(&set);
	if (r == -1)
		return -1;
	return strays ? return_strays(j, f) : 0;
}
