/* sync_merge: flags and removals, both ways. First everything is done, then, when the server has said OK, the state says so. */
#include <stdlib.h>
#include <string.h>

#include "app/sync_impl.h"

enum { BITS = 32, FLYING_MAX = 500, EMPTIED_MIN = 5 };

/* What goes to the server: for each flag, the messages that get it or lose it. */
struct pushes {
	struct set add[BITS], clear[BITS], remove;
	unsigned flying;
	bool refused;
	struct fault why;
};

static void pushes_init(struct pushes *p)
{
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < BITS; i++) {
		set_init(&p->add[i], SYNC_RANGES);
		set_init(&p->clear[i], SYNC_RANGES);
	}
	set_init(&p->remove, SYNC_RANGES);
}

static void pushes_free(struct pushes *p)
{
	for (int i = 0; i < BITS; i++) {
		set_free(&p->add[i]);
		set_free(&p->clear[i]);
	}
	set_free(&p->remove);
}

/* One message of the mailbox, and what each side did to it. */
struct difference {
	struct state_message m;
	struct scratch_change local, remote;
	bool has_local, has_remote;
	struct plan_action action;
};

static bool has_uidplus(const struct sync_job *j)
{
	return imap_has(j->s->line->imap, "UIDPLUS") || imap_has(j->s->line->imap, "IMAP4rev2");
}

static int load(struct sync_job *j, struct difference *c, uint32_t uid, struct fault *f)
{
	struct state *state = j->s->state;
	int r = state_message_get(state, j->row.id, uid, &c->m, f);

	if (r != 1)
		return r;
	int local = scratch_local_get(state, j->row.id, uid, &c->local, f);
	int remote = scratch_remote_get(state, uid, &c->remote, f);
	if (local == -1 || remote == -1)
		return -1;
	c->has_local = local == 1;
	c->has_remote = remote == 1;
	if (!c->has_local)
		c->local = (struct scratch_change){.flags = c->m.flags, .in_new = c->m.in_new};
	if (!c->has_remote)
		c->remote = (struct scratch_change){.flags = c->m.flags};
	return 1;
}

/* What to do; and what the server does not keep is not pushed, nor taken back from the file. */
static void decide(struct sync_job *j, struct difference *c)
{
	struct plan_side local = {c->local.gone, c->local.flags};
	struct plan_side remote = {c->remote.gone, c->remote.flags};

	c->action = plan_message(c->m.flags, local, remote, j->s->policy);

	uint32_t add = sync_storable(j, c->action.add), clear = sync_storable(j, c->action.clear);
	c->action.base ^= (c->action.add ^ add) | (c->action.clear ^ clear);
	c->action.add = add;
	c->action.clear = clear;
	/* Marked as deleted already, on a server where that is all that can be done. */
	if (c->action.remove_remote && !has_uidplus(j) && (remote.flags & MAILDIR_TRASHED)) {
		c->action = (struct plan_action){.base = c->m.flags | MAILDIR_TRASHED};
		c->action.file = c->local.flags;
	}
}

/* The next message that one of the sides changed: 1, 0, -1. */
static int next_change(struct sync_job *j, uint32_t *uid, struct difference *c, struct fault *f)
{
	struct state *state = j->s->state;
	int r = 0;

	while (r == 0 && *uid != 0) {
		int local = scratch_local_from(state, j->row.id, *uid, &c->local, f);
		int remote = local == -1 ? -1 : scratch_remote_from(state, *uid, &c->remote, f);

		if (local == -1 || remote == -1)
			return -1;
		if (local == 0 && remote == 0)
			return 0;

		uint32_t at = local == 0           ? c->remote.uid
		    : remote == 0                  ? c->local.uid
		    : c->local.uid < c->remote.uid ? c->local.uid
						   : c->remote.uid;
		*uid = at == UINT32_MAX ? 0 : at + 1;
		r = load(j, c, at, f);
	}
	if (r == 1)
		decide(j, c);
	return r;
}

/* ---- the Maildir */

/* The file's name now, where it is not what was thought: its flags were changed meanwhile. 1, 0: it is gone. */
static int find_file(struct sync_job *j, const struct state_message *m,
    char file[static MAILDIR_NAME_MAX + 1], bool *in_new, struct fault *f)
{
	char guess[MAILDIR_NAME_MAX + 1];
	struct maildir_name name;

	if (sync_file(&j->row, m, 0, true, guess) == -1 || maildir_name_parse(guess, &name) == -1)
		return 0;
	return maildir_find(&j->dir, name.base, file, in_new, f);
}

/* Gives the file `c->action.file`. What else changed its name in this moment counts, too. */
static int rename_file(struct sync_job *j, struct difference *c, struct fault *f)
{
	char from[MAILDIR_NAME_MAX + 1], to[MAILDIR_NAME_MAX + 1];
	bool in_new = c->local.in_new;
	bool to_new = in_new && c->action.file == 0;
	struct maildir_name name;
	int r;

	if (sync_file(&j->row, &c->m, c->local.flags, in_new, from) == -1 ||
	    sync_file(&j->row, &c->m, c->action.file, to_new, to) == -1)
		return fault_set(f, FAULT_BUG, "UID %u: no file name", c->m.uid);
	r = sync_rename(j, in_new, from, to_new, to, f);
	if (r != 0)
		return r == -1 ? -1 : 0;
	r = find_file(j, &c->m, from, &in_new, f);
	if (r != 1 || maildir_name_parse(from, &name) == -1)
		return r == -1 ? -1 : 0;
	name.flags ^= c->action.file ^ c->local.flags;
	to_new = in_new && name.flags == 0;
	if (maildir_name_build(to, sizeof(to), &name, to_new) == -1)
		return 0;
	return sync_rename(j, in_new, from, to_new, to, f) == -1 ? -1 : 0;
}

static int remove_file(struct sync_job *j, const struct difference *c, struct fault *f)
{
	char file[MAILDIR_NAME_MAX + 1];
	bool in_new = c->local.in_new;
	int r;

	if (sync_file(&j->row, &c->m, c->local.flags, in_new, file) == -1)
		return fault_set(f, FAULT_BUG, "UID %u: no file name", c->m.uid);
	r = sync_remove(j, in_new, file, f);
	if (r != 0)
		return r == -1 ? -1 : 0;
	r = find_file(j, &c->m, file, &in_new, f);
	return r == 1 ? (sync_remove(j, in_new, file, f) == -1 ? -1 : 0) : r;
}

/* ---- the server */

static int wait_for(struct sync_job *j, struct pushes *p, unsigned left, struct fault *f)
{
	struct event ev;

	while (p->flying > left) {
		if (imap_next(j->s->line->imap, -1, &ev, f) == -1)
			return -1;
		if (ev.kind != EV_TAGGED) {
			/* What our own commands cause is no news. */
			continue;
		}
		p->flying--;
		if (ev.cond != COND_OK && !p->refused) {
			p->refused = true;
			imap_refusal(&ev, ev.name, &p->why);
		}
	}
	return 0;
}

static int send(struct sync_job *j, struct pushes *p, struct imap_cmd *c, struct fault *f)
{
	if (imap_send(j->s->line->imap, c, f) == 0)
		return -1;
	p->flying++;
	return p->flying < FLYING_MAX ? 0 : wait_for(j, p, FLYING_MAX / 2, f);
}

static int send_store(struct sync_job *j, struct pushes *p, struct set *set, const char *item,
    uint32_t flags, struct fault *f)
{
	struct imap_cmd c;

	if (set->n == 0)
		return 0;
	imap_cmd_init(&c, j->s->line->imap, "UID STORE");
	imap_uids(&c, set);
	imap_atom(&c, item);
	sync_put_flags(&c, j, flags);
	return send(j, p, &c, f);
}

/* UID EXPUNGE takes only what we name (RFC 4315); without it the messages stay marked, as EXPUNGE would take those of others, too. */
static int send_remove(struct sync_job *j, struct pushes *p, struct fault *f)
{
	struct imap_cmd c;

	if (send_store(j, p, &p->remove, "+FLAGS.SILENT", MAILDIR_TRASHED, f) == -1)
		return -1;
	/* Dovecot 2.3 sometimes does not see the STORE of the same flight, and says OK all the same. */
	if (p->remove.n > 0 && wait_for(j, p, 0, f) == -1)
		return -1;
	if (p->remove.n > 0 && has_uidplus(j)) {
		imap_cmd_init(&c, j->s->line->imap, "UID EXPUNGE");
		imap_uids(&c, &p->remove);
		if (send(j, p, &c, f) == -1)
			return -1;
	}
	set_free(&p->remove);
	set_init(&p->remove, SYNC_RANGES);
	return 0;
}

static int send_bit(struct sync_job *j, struct pushes *p, int i, bool add, struct fault *f)
{
	struct set *set = add ? &p->add[i] : &p->clear[i];
	const char *item = add ? "+FLAGS.SILENT" : "-FLAGS.SILENT";

	if (send_store(j, p, set, item, (uint32_t)1 << i, f) == -1)
		return -1;
	set_free(set);
	set_init(set, SYNC_RANGES);
	return 0;
}

static int collect_bits(
    struct sync_job *j, struct pushes *p, uint32_t uid, uint32_t bits, bool add, struct fault *f)
{
	for (int i = 0; i < BITS; i++) {
		struct set *set = add ? &p->add[i] : &p->clear[i];

		if (!(bits & ((uint32_t)1 << i)) || set_add(set, uid, uid) == 0)
			continue;
		if (send_bit(j, p, i, add, f) == -1)
			return -1;
		if (set_add(set, uid, uid) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
	}
	return 0;
}

static int push(struct sync_job *j, struct pushes *p, const struct difference *c, struct fault *f)
{
	uint32_t uid = c->m.uid;

	if (collect_bits(j, p, uid, c->action.add, true, f) == -1 ||
	    collect_bits(j, p, uid, c->action.clear, false, f) == -1)
		return -1;
	if (!c->action.remove_remote || set_add(&p->remove, uid, uid) == 0)
		return 0;
	if (send_remove(j, p, f) == -1)
		return -1;
	return set_add(&p->remove, uid, uid) == 0 ? 0 : fault_set(f, FAULT_TEMP, "out of memory");
}

static int send_rest(struct sync_job *j, struct pushes *p, struct fault *f)
{
	for (int i = 0; i < BITS; i++)
		if (send_bit(j, p, i, true, f) == -1 || send_bit(j, p, i, false, f) == -1)
			return -1;
	return send_remove(j, p, f);
}

/* ---- doing it, and saying so */

static int act(struct sync_job *j, struct pushes *p, struct fault *f)
{
	struct difference c;
	uint32_t uid = 1;
	int r;

	while ((r = next_change(j, &uid, &c, f)) == 1) {
		if (push(j, p, &c, f) == -1)
			return -1;
		if (c.action.remove_local ? remove_file(j, &c, f) == -1
					  : !c.local.gone && !c.action.forget &&
			    c.action.file != c.local.flags && rename_file(j, &c, f) == -1)
			return -1;
	}
	return r == -1 ? -1 : send_rest(j, p, f);
}

static int print_change(struct sync_job *j, const struct difference *c, struct fault *f)
{
	char file[MAILDIR_NAME_MAX + 1];
	bool to_new = c->local.in_new && c->action.file == 0;
	const struct plan_action *a = &c->action;
	uint32_t server = (c->remote.flags | a->add) & ~a->clear;

	if (c->local.gone && c->remote.gone)
		return 0;
	if (sync_file(&j->row, &c->m, a->forget ? c->local.flags : a->file, to_new, file) == -1)
		return 0;
	if (a->remove_local)
		return sync_print(j, "gone", c->m.uid, 0, file, c->local.in_new, SIDE_REMOTE, f);
	if (a->remove_remote)
		return sync_print(j, "gone", c->m.uid, 0, file, c->local.in_new, SIDE_LOCAL, f);
	if (!c->local.gone && a->file != c->local.flags &&
	    sync_print(j, "flags", c->m.uid, a->file, file, to_new, SIDE_REMOTE, f) == -1)
		return -1;
	if (a->add != 0 || a->clear != 0)
		return sync_print(j, "flags", c->m.uid, server, file, to_new, SIDE_LOCAL, f);
	return 0;
}

/* The file is gone, and the account does not want that on the server. */
static bool is_left(const struct sync_job *j, const struct difference *c)
{
	return c->local.gone && !c->action.forget && (j->s->policy & PLAN_PUSH);
}

static int save_change(struct sync_job *j, struct difference *c, struct fault *f)
{
	bool keeps_mark = c->action.remove_remote && !has_uidplus(j);
	bool was_kept = c->m.kept;

	/* What this run may not do, another one may: only what the account forbids is settled. */
	c->m.kept = c->remote.gone && !c->action.forget && (j->s->policy & PLAN_PULL);
	c->m.absent = is_left(j, c) && !keeps_mark;
	j->row.skipped -= c->m.kept && !was_kept;
	j->row.skipped += was_kept && c->action.forget;

	if (keeps_mark)
		c->m.flags |= MAILDIR_TRASHED;
	else if (c->action.forget)
		return state_message_drop(j->s->state, j->row.id, c->m.uid, f);
	else
		c->m.flags = c->action.base;
	c->m.in_new = c->local.in_new && c->action.file == 0;
	return state_message_put(j->s->state, j->row.id, &c->m, f);
}

/* What had to be pushed and was refused is a change still. */
static int save(struct sync_job *j, const struct pushes *p, struct fault *f)
{
	struct difference c;
	uint32_t uid = 1;
	int r;

	while ((r = next_change(j, &uid, &c, f)) == 1) {
		bool pushed = c.action.add != 0 || c.action.clear != 0 || c.action.remove_remote;

		/* A change that may not cross is to be seen again. */
		if (c.has_local && !pushed && !c.action.forget && !is_left(j, &c) &&
		    (c.local.gone || c.action.file != c.action.base))
			j->pending = true;
		if (pushed && p->refused) {
			j->pending = true;
			continue;
		}
		if (print_change(j, &c, f) == -1)
			return -1;
		if (!j->s->o->dry_run && save_change(j, &c, f) == -1)
			return -1;
	}
	return r;
}

/* ---- brakes */

static int count_gone(struct sync_job *j, uint64_t *local, uint64_t *remote, struct fault *f)
{
	struct difference c;
	uint32_t uid = 1;
	int r;

	*local = *remote = 0;
	while ((r = next_change(j, &uid, &c, f)) == 1) {
		*local += c.action.remove_remote;
		*remote += c.action.remove_local;
	}
	return r;
}

/* All mailboxes that this run looks at have lost all that they had. */
static bool is_emptied(const struct sync *s, uint64_t left)
{
	return s->had >= EMPTIED_MIN && left == 0;
}

static uint64_t count_there(const struct sync *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->nbox; i++)
		n += (s->box[i].has & STATUS_MESSAGES) ? s->box[i].messages : 1;
	return n;
}

int sync_brake(struct sync_job *j, struct fault *f)
{
	uint64_t had = j->row.messages, local, remote;

	if (count_gone(j, &local, &remote, f) == -1)
		return -1;
	if (j->s->o->force ||
	    (plan_is_sane(had, local) && plan_is_sane(had, remote) &&
		!(local == had && is_emptied(j->s, j->s->had - j->s->gone_here)) &&
		!(remote == had && is_emptied(j->s, count_there(j->s)))))
		return 0;
	return fault_set(f, FAULT_DATA,
	    "%llu of %llu messages are gone %s at once: nothing was changed here (--force goes on)",
	    (unsigned long long)(local > remote ? local : remote), (unsigned long long)had,
	    local > remote ? "from the Maildir" : "from the server");
}

int sync_merge(struct sync_job *j, struct fault *f)
{
	struct pushes *p;
	int r;

	p = malloc(sizeof(*p));
	if (p == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	pushes_init(p);
	r = j->s->o->dry_run ? 0 : keywords_save(&j->keywords, &j->dir, f);
	if (r == 0 && !j->s->o->dry_run)
		r = act(j, p, f);
	if (r == 0)
		r = wait_for(j, p, 0, f);
	if (r == 0 && j->touched)
		r = sync_durable(j->s, &j->dir, f);
	if (r == 0)
		r = save(j, p, f);
	/* What the server refused is a change still; the rest of the mailbox is not kept waiting for it. */
	if (r == 0 && p->refused)
		sync_failed(j->s, j->row.name, &p->why);
	pushes_free(p);
	free(p);
	return r;
}
