/* sync_moves: a file that was moved or copied to another folder is moved or copied on the server, not sent. */
#include <stdlib.h>
#include <string.h>

#include "app/copyuid.h"
#include "app/sync_impl.h"

static int give_back(struct sync *s, const struct scratch_move *move, struct fault *f)
{
	struct scratch_unknown u = {.mailbox = move->to, .in_new = move->in_new};

	memcpy(u.file, move->file, sizeof(u.file));
	if (scratch_unknown_put(s->state, &u, f) == -1)
		return -1;
	return scratch_move_drop(s->state, move->id, f);
}

int sync_return_moves(struct sync *s, int64_t from, struct fault *f)
{
	struct scratch_move none = {0}, m;
	int r;

	while ((r = scratch_move_after(s->state, from, &none, &m, f)) == 1)
		if (give_back(s, &m, f) == -1)
			return -1;
	return r;
}

/* What the server refuses stays as it is on both sides, and is tried again next time. */
static int give_up(struct sync_job *j, const struct scratch_move *move, struct fault *f)
{
	struct sync_folder *to = sync_folder_of(j->s, move->to);
	struct maildir_name name;

	if (to != NULL)
		to->stamp = (struct maildir_stamp){0};
	j->pending = true;
	if (scratch_move_drop(j->s->state, move->id, f) == -1)
		return -1;
	if (maildir_name_parse(move->file, &name) == -1)
		return 0;
	return state_intent_drop(j->s->state, move->to, name.base, f);
}

/* A run of moves or copies to one mailbox. */
struct batch {
	struct state_mailbox to;
	bool copy;
	struct scratch_move move[SYNC_BATCH];
	size_t n;
};

/* The next ones that go together. 1, 0, -1. *at is where we are. */
static int next_batch(struct sync_job *j, struct batch *b, struct scratch_move *at, struct fault *f)
{
	struct scratch_move m, last = *at;
	int r = 0;

	b->n = 0;
	while (b->n < SYNC_BATCH &&
	    (r = scratch_move_after(j->s->state, j->row.id, &last, &m, f)) == 1) {
		if (b->n > 0 && (m.copy != b->copy || m.to != b->to.id))
			break;
		/* Two copies of one message need two commands. */
		if (b->n > 0 && m.uid == last.uid)
			break;
		if (b->n == 0) {
			int k = state_mailbox_get(j->s->state, m.to, &b->to, f);

			if (k == -1 || (k == 0 && give_up(j, &m, f) == -1))
				return -1;
			if (k == 0) { /* no mailbox any more; the file is still there */
				last = m;
				continue;
			}
		}
		b->copy = m.copy;
		b->move[b->n++] = m;
		last = m;
	}
	*at = last;
	return r == -1 ? -1 : b->n > 0;
}

static bool has_move(const struct sync_job *j)
{
	const struct imap *imap = j->s->line->imap;

	return imap_has(imap, "MOVE") || imap_has(imap, "IMAP4rev2");
}

/* Letters mean something else in another folder: the keywords are the same afterwards. */
static uint32_t translate(struct sync_job *j, struct sync_job *to, uint32_t flags)
{
	uint32_t out = flags & MAILDIR_SYSTEM;

	for (int i = MAILDIR_LETTER; i < 32; i++) {
		const char *name =
		    (flags >> i & 1) != 0 ? keywords_name(&j->keywords, (uint32_t)1 << i) : NULL;

		if (name != NULL)
			out |= keywords_add(&to->keywords, name);
	}
	return out;
}

/* The new message is there: its file gets its name, and the state has both. 1, 0: no such file, -1. */
static int adopt_moved(struct sync_job *j, struct sync_job *to, const struct scratch_move *move,
    struct state_message *m, struct fault *f)
{
	struct maildir_name name;

	if (maildir_name_parse(move->file, &name) == -1)
		return 0;
	uint32_t flags = translate(j, to, name.flags);
	m->flags = translate(j, to, m->flags);
	if (keywords_save(&to->keywords, &to->dir, f) == -1)
		return -1;
	struct scratch_change change = {.mailbox = to->row.id, .uid = m->uid, .flags = flags};
	uint32_t base = m->flags;
	int r = sync_adopt(to, move->file, move->in_new, flags, m, f);
	if (r != 1)
		return r;
	change.in_new = m->in_new;
	/* Flags that were changed on the way go to the server when it comes to this mailbox. */
	if (flags != base && scratch_local_put(j->s->state, &change, f) == -1)
		return -1;
	if (state_intent_drop(j->s->state, to->row.id, name.base, f) == -1)
		return -1;

	char file[MAILDIR_NAME_MAX + 1];
	if (sync_file(&to->row, m, flags, m->in_new, file) == -1)
		memcpy(file, move->file, sizeof(file));
	if (sync_print(to, "new", m->uid, 0, file, m->in_new, SIDE_LOCAL, f) == -1)
		return -1;
	return 1;
}

/* Without MOVE and UIDPLUS it stays on the server, marked as deleted: it must not come back from there. */
static int forget_moved(struct sync_job *j, uint32_t uid, struct fault *f)
{
	struct state_message m;
	int r;

	if (has_move(j) || imap_has(j->s->line->imap, "UIDPLUS"))
		return state_message_drop(j->s->state, j->row.id, uid, f);
	r = state_message_get(j->s->state, j->row.id, uid, &m, f);
	if (r != 1)
		return r;
	m.flags |= MAILDIR_TRASHED;
	return state_message_put(j->s->state, j->row.id, &m, f);
}

/* `uid`: the new one; 0: the server did not tell. */
static int settle(struct sync_job *j, struct sync_job *to, const struct scratch_move *move,
    uint32_t uid, struct fault *f)
{
	struct state_message m;
	int r = state_message_get(j->s->state, j->row.id, move->uid, &m, f);

	m.uid = uid;
	if (r == 1)
		r = uid != 0 ? adopt_moved(j, to, move, &m, f) : 0;
	/* Whether it is there, only the mailbox itself can tell. */
	if (r == 0)
		r = give_back(j->s, move, f);
	else if (r == 1)
		r = scratch_move_drop(j->s->state, move->id, f);
	if (r == -1 || move->copy)
		return r == -1 ? -1 : 0;
	if (sync_print(j, "gone", move->uid, 0, move->file, move->in_new, SIDE_LOCAL, f) == -1)
		return -1;
	return forget_moved(j, move->uid, f);
}

/* The target of a batch, opened as far as its files need it. */
static struct sync_job *open_target(struct sync_job *j, const struct batch *b, struct fault *f)
{
	struct sync_job *to = calloc(1, sizeof(*to));

	if (to == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	to->s = j->s;
	to->row = b->to;
	to->folder = sync_folder_of(j->s, b->to.id);
	to->dir = MAILDIR_CLOSED;
	to->watch = MAILDIR_WATCH_OFF;
	if (maildir_open(j->s->root, b->to.path, false, &to->dir, f) == -1 ||
	    keywords_load(&to->keywords, &to->dir, f) == -1) {
		maildir_close(&to->dir);
		free(to);
		return NULL;
	}
	return to;
}

static int close_target(struct sync_job *to, int r, struct fault *f)
{
	struct fault why;

	if (to->touched && sync_durable(to->s, &to->dir, r == 0 ? f : &why) == -1)
		r = -1;
	to->row.stamp = (struct maildir_stamp){0};
	if (to->folder != NULL)
		to->folder->stamp = to->row.stamp;
	if (r == 0)
		r = state_mailbox_put(to->s->state, &to->row, f);
	maildir_close(&to->dir);
	free(to);
	return r;
}

/* Of a command that was refused only what it moved all the same is settled. */
static int settle_batch(
    struct sync_job *j, const struct batch *b, struct copyuid *pairs, bool refused, struct fault *f)
{
	struct sync_job *to = open_target(j, b, f);
	int r = 0;

	if (to == NULL)
		return -1;
	/* A mailbox that was never opened: COPYUID tells its UIDVALIDITY. */
	if (to->row.uidvalidity == 0 && pairs->uidvalidity != 0) {
		to->row.uidvalidity = pairs->uidvalidity;
		to->row.owner = sync_owner(j->s, to->row.name, pairs->uidvalidity);
	}
	bool valid = pairs->uidvalidity == to->row.uidvalidity;

	for (size_t i = 0; i < b->n && r == 0; i++) {
		uint32_t uid = valid ? copyuid_find(pairs, b->move[i].uid) : 0;

		r = refused && uid == 0 ? give_up(j, &b->move[i], f)
					: settle(j, to, &b->move[i], uid, f);
	}
	return close_target(to, r, f);
}

static int remove_copied(struct sync_job *j, const struct set *set, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool refused;
	uint32_t tag;

	imap_cmd_init(&c, j->s->line->imap, "UID STORE");
	imap_uids(&c, set);
	imap_atom(&c, "+FLAGS.SILENT");
	sync_put_flags(&c, j, MAILDIR_TRASHED);
	if ((tag = imap_send(j->s->line->imap, &c, f)) == 0 ||
	    sync_finish(j, tag, &ev, &refused, f) == -1 || refused)
		return -1;
	if (!imap_has(j->s->line->imap, "UIDPLUS"))
		return 0;
	imap_cmd_init(&c, j->s->line->imap, "UID EXPUNGE");
	imap_uids(&c, set);
	if ((tag = imap_send(j->s->line->imap, &c, f)) == 0 ||
	    sync_finish(j, tag, &ev, &refused, f) == -1 || refused)
		return -1;
	return 0;
}

/* What a COPYUID says. One that cannot be true is none: the messages are found by their content. -1: no memory. */
static int note_pairs(struct sync_job *j, struct copyuid *pairs, const struct event *ev,
    const struct set *asked, struct fault *f)
{
	if (ev->code != CODE_COPYUID || ev->uids_from == NULL ||
	    copyuid_add(pairs, ev->uidvalidity, ev->uids_from, ev->uids_to, asked, f) == 0)
		return 0;
	if (f->cls != FAULT_PROTOCOL)
		return -1;
	tool_note(j->s->tool, "%s: %s", j->row.name, f->msg);
	return 0;
}

/* COPYUID stands in the tagged OK of COPY, but MOVE sends it untagged, before (RFC 6851 section 4.3). 1, 0: it was refused, -1. */
static int run(struct sync_job *j, const struct batch *b, const char *command,
    const struct set *set, struct copyuid *pairs, struct fault *f)
{
	struct imap *imap = j->s->line->imap;
	struct imap_cmd c;
	struct event ev;
	uint32_t tag;
	int r;

	imap_cmd_init(&c, imap, command);
	imap_uids(&c, set);
	imap_mailbox(&c, b->to.name);
	if ((tag = imap_send(imap, &c, f)) == 0)
		return -1;
	while ((r = imap_until(imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_STATUS && note_pairs(j, pairs, &ev, set, f) == -1)
			return -1;
	if (r == -1 && !imap_alive(imap))
		return -1;
	if (r == -1)
		sync_failed(j->s, j->row.name, f);
	else if (note_pairs(j, pairs, &ev, set, f) == -1)
		return -1;
	return settle_batch(j, b, pairs, r == -1, f) == -1 ? -1 : r == 0;
}

/* Where the state does not know the content, the file does. 1, 0: it is gone, -1. */
static int read_content(struct sync_job *j, const struct state_mailbox *in,
    const struct scratch_move *move, struct state_message *m, struct fault *f)
{
	struct upload_file file;
	struct maildir dir;
	int r;

	if (m->key != 0)
		return 1;
	if (maildir_open(j->s->root, in->path, false, &dir, f) == -1)
		return -1;
	r = upload_open(&file, &dir, move->in_new, move->file, f);
	if (r == 1) {
		if (sync_measure(&file, &m->size, &m->key, f) == -1)
			r = -1;
		upload_close(&file);
	}
	maildir_close(&dir);
	return r;
}

/* So that a message that comes back is known for what it is, though the reply be lost. */
static int intend(struct sync_job *j, const struct batch *b, struct fault *f)
{
	struct state_message m;
	struct maildir_name name;

	for (size_t i = 0; i < b->n; i++) {
		int r = state_message_get(j->s->state, j->row.id, b->move[i].uid, &m, f);

		if (r == 1)
			r = read_content(j, &b->to, &b->move[i], &m, f);
		if (r == 1 && maildir_name_parse(b->move[i].file, &name) == 0)
			r = state_intent_put(j->s->state, b->to.id, name.base, m.size, m.key, f);
		if (r == -1)
			return -1;
	}
	return state_commit(j->s->state, f) == -1 ? -1 : state_begin(j->s->state, f);
}

static int do_batch(struct sync_job *j, const struct batch *b, struct fault *f)
{
	bool move = !b->copy && has_move(j);
	struct copyuid pairs;
	struct set set;
	int r = 0;

	if (copyuid_init(&pairs, SYNC_BATCH, f) == -1)
		return -1;
	set_init(&set, SYNC_BATCH);
	for (size_t i = 0; i < b->n; i++)
		r |= set_add(&set, b->move[i].uid, b->move[i].uid);
	if (r != 0)
		fault_set(f, FAULT_TEMP, "out of memory");
	else if (intend(j, b, f) == -1)
		r = -1;
	else
		r = run(j, b, move ? "UID MOVE" : "UID COPY", &set, &pairs, f);
	if (r == 1 && !b->copy && !move)
		r = remove_copied(j, &set, f);
	copyuid_free(&pairs);
	set_free(&set);
	/* Done is done, though this mailbox should fail later. */
	if (r == -1 || state_commit(j->s->state, f) == -1)
		return -1;
	return state_begin(j->s->state, f);
}

static int print_batch(struct sync_job *j, const struct batch *b, struct fault *f)
{
	struct sync_job *to = calloc(1, sizeof(*to));
	int r = 0;

	if (to == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	to->s = j->s;
	to->row = b->to;
	for (size_t i = 0; i < b->n && r == 0; i++) {
		const struct scratch_move *m = &b->move[i];

		r = sync_print(to, "new", 0, 0, m->file, m->in_new, SIDE_LOCAL, f);
		if (r == 0 && !b->copy)
			r = sync_print(j, "gone", m->uid, 0, m->file, m->in_new, SIDE_LOCAL, f);
	}
	free(to);
	return r;
}

int sync_do_moves(struct sync_job *j, struct fault *f)
{
	struct scratch_move at = {0};
	struct batch *b = calloc(1, sizeof(*b));
	int r;

	if (b == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	/* No UID goes to a mailbox which is not the one that it was planned for. */
	if (j->planned != j->seen.uidvalidity && sync_return_moves(j->s, j->row.id, f) == -1) {
		free(b);
		return -1;
	}
	while ((r = next_batch(j, b, &at, f)) == 1)
		if ((j->s->o->dry_run ? print_batch(j, b, f) : do_batch(j, b, f)) == -1) {
			r = -1;
			break;
		}
	free(b);
	return r;
}
