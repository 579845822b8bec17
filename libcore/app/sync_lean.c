/* sync_lean: messages over max-size, without their big parts. */
#include <stdio.h>

#include "app/lean.h"
#include "app/sync_impl.h"

static int about(struct sync_job *j, struct state_message *m, struct fault *f)
{
	struct set set;
	struct event ev;
	int r, found = 0;

	set_init(&set, 1);
	if (set_add(&set, m->uid, m->uid) == -1)
		return fault_set(f, FAULT_TEMP, "out of memory");
	uint32_t tag = sync_ask_about(j, &set, false, f);
	set_free(&set);
	if (tag == 0)
		return -1;
	while ((r = imap_until(j->s->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_FETCH && ev.fetch.uid == m->uid && (ev.fetch.has & FETCH_FLAGS)) {
			m->flags = sync_mask(j, ev.fetch.flags);
			m->date = sync_date(&ev.fetch);
			m->size = ev.fetch.size;
			found = 1;
		}
	return r == -1 ? -1 : found;
}

/* A structure that is beyond our parser costs the line, and would again: it is noted that this message is not to be looked at any more. No file has such a name. */
static int try_lean(
    struct sync_job *j, const struct url *u, struct delivery *d, unsigned *left, struct fault *f)
{
	struct state *state = j->s->state;
	struct fault why;
	char note[32];
	int r;

	snprintf(note, sizeof(note), "/lean/%u", u->uid);
	r = state_intent_has(state, j->row.id, note, f);
	if (r != 0)
		return r == 1 ? lean_stub(j->s->line, u, d, left, f) : -1;
	r = lean_fetch(j->s->line, u, j->s->account->max_size, d, left, f);
	if (r == -1 && f->cls == FAULT_PROTOCOL &&
	    state_intent_put(state, j->row.id, note, 0, u->uid, &why) == 0 &&
	    state_commit(state, &why) == 0)
		(void)state_begin(state, &why);
	return r;
}

int sync_lean(struct sync_job *j, uint32_t uid, struct fault *f)
{
	struct state_message m = {.uid = uid};
	struct delivery *d = &j->delivery[j->n];
	struct url u = j->s->base;
	char name[MAILDIR_NAME_MAX + 1];
	unsigned left = 0;
	int r = about(j, &m, f);

	if (r != 1)
		return r;
	u.mailbox = j->row.name;
	u.uidvalidity = j->row.uidvalidity;
	u.uid = uid;
	if (delivery_begin(d, &j->dir, sync_delivery(j), f) == -1)
		return -1;
	r = try_lean(j, &u, d, &left, f);
	if (r == 0 &&
	    (sync_file(&j->row, &m, m.flags, m.flags == 0, name) == -1 ||
		delivery_finish(d, name, m.flags == 0, m.date, f) == -1))
		r = -1;
	if (r != 0) {
		delivery_abort(d);
		return r == 1 ? 0 : -1;
	}
	m.lean = left > 0;
	m.key = state_key(d->sha256);
	m.in_new = m.flags == 0;
	j->message[j->n++] = m;
	j->fetched++;
	return j->n == SYNC_DELIVERIES ? sync_flush(j, f) : 0;
}
