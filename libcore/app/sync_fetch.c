/* sync_fetch: what the server has and the Maildir has not, streamed into files, many to one fsync. */
#include <stdlib.h>
#include <string.h>

#include "app/sync_impl.h"
#include "msg/date.h"

enum {
	FLUSH_OCTETS = 32 * 1024 * 1024,
	BARREN_MAX = 64, /* FETCH commands in a row that bring nothing */
};

/* ---- the message that comes in */

static void fail_write(struct sync_job *j, const struct fault *why)
{
	j->failed = true;
	if (j->write_fault.cls == FAULT_NONE)
		j->write_fault = *why;
}

unsigned sync_delivery(const struct sync_job *j)
{
	return DELIVERY_DIGEST | (j->s->account->fsync ? 0 : DELIVERY_UNSYNCED);
}

static void section(struct sync_job *j, const struct section_event *e)
{
	struct fault why;

	if (j->receiving || e->nil || e->section[0] != '\0' || strcasecmp(e->item, "BODY") != 0)
		return;
	j->receiving = true;
	j->failed = false;
	if (delivery_begin(&j->delivery[j->n], &j->dir, sync_delivery(j), &why) == -1)
		fail_write(j, &why);
}

static void octets(struct sync_job *j, const char *p, size_t n)
{
	struct fault why;

	if (!j->receiving || j->failed)
		return;
	if (delivery_write(&j->delivery[j->n], p, n, &why) == -1)
		fail_write(j, &why);
}

static void drop(struct sync_job *j)
{
	delivery_abort(&j->delivery[j->n]);
	j->receiving = false;
}

int64_t sync_date(const struct fetch_event *e)
{
	time_t t;

	if ((e->has & FETCH_INTERNALDATE) &&
	    date_parse_imap(e->internaldate, strlen(e->internaldate), &t) == 0)
		return t;
	return time(NULL);
}

/* The file that went to the server under this base. A run that was killed may have given it its new name already. 1, 0, -1. */
static int find_sent(struct sync_job *j, const struct state_message *m, const char *base,
    char file[static MAILDIR_NAME_MAX + 1], bool *in_new, struct fault *f)
{
	struct maildir_name name;
	int r = maildir_find(&j->dir, base, file, in_new, f);

	if (r != 0 || maildir_name_parse(base, &name) == -1 || sync_new_base(j, m, &name) == -1)
		return r;
	return maildir_find(&j->dir, name.base, file, in_new, f);
}

/* A file that is on its way to the server has arrived there: here it comes back. 1, 0, -1. */
static int is_sent(struct sync_job *j, struct state_message *m, struct fault *f)
{
	char base[MAILDIR_NAME_MAX + 1], file[MAILDIR_NAME_MAX + 1];
	bool in_new;
	int r = state_intent_find(j->s->state, j->row.id, m->size, m->key, base, f);

	if (r != 1)
		return r;
	if (state_intent_drop(j->s->state, j->row.id, base, f) == -1)
		return -1;
	r = find_sent(j, m, base, file, &in_new, f);
	if (r != 1 || (r = sync_adopt_apart(j, file, in_new, m, f)) != 1)
		return r;
	return scratch_unknown_drop_file(j->s->state, j->row.id, file, f) == -1 ? -1 : 1;
}

/* A message whose file is here already. 1, 0, -1. */
static int is_own(struct sync_job *j, struct state_message *m, struct fault *f)
{
	struct scratch_unknown u;
	int r = is_sent(j, m, f);

	if (r != 0 || !j->matching)
		return r;
	r = scratch_unknown_find(j->s->state, j->row.id, m->size, m->key, 0, &u, f);
	if (r != 1 || (r = sync_adopt_apart(j, u.file, u.in_new, m, f)) != 1)
		return r;
	return scratch_unknown_drop(j->s->state, u.id, f) == -1 ? -1 : 1;
}

/* It is whole: its file gets its name when the batch is full. */
static int keep(struct sync_job *j, struct state_message *m, struct fault *f)
{
	struct delivery *d = &j->delivery[j->n];
	char name[MAILDIR_NAME_MAX + 1];
	struct fault why;

	if (sync_file(&j->row, m, m->flags, m->flags == 0, name) == -1)
		return fault_set(f, FAULT_BUG, "UID %u: no file name", m->uid);
	if (delivery_finish(d, name, m->flags == 0, m->date, &why) == -1) {
		fail_write(j, &why);
		drop(j);
		return 0;
	}
	m->size = d->octets_in;
	m->key = state_key(d->sha256);
	m->in_new = m->flags == 0;
	int r = is_own(j, m, f);
	/* One that was only looked at: whether it is fetched is seen later. */
	if (r == 0 && sync_may_be_sent(j, m->uid))
		r = sync_judge(j, m->uid, f);
	if (r != 0) {
		drop(j);
		return r == -1 ? -1 : 0;
	}
	j->octets += d->octets;
	j->message[j->n++] = *m;
	j->receiving = false;
	return j->n == SYNC_DELIVERIES || j->octets >= FLUSH_OCTETS ? sync_flush(j, f) : 0;
}

/* Durable first, then in the state. */
int sync_flush(struct sync_job *j, struct fault *f)
{
	struct fault why;
	/* A letter means something before a name has it. */
	if (keywords_save(&j->keywords, &j->dir, f) == -1)
		return -1;

	int r = j->n == 0 ? 0 : delivery_commit(j->delivery, j->n, &why);

	if (r == -1)
		fail_write(j, &why);
	for (size_t i = 0; i < j->n; i++) {
		const struct delivery *d = &j->delivery[i];

		if (d->result == DELIVERY_DONE)
			maildir_watch_own(&j->watch, d->in_new, d->name, true);
		if (r == -1 || (d->result != DELIVERY_DONE && d->result != DELIVERY_EXISTS))
			continue;
		if (state_message_put(j->s->state, j->row.id, &j->message[i], f) == -1 ||
		    sync_print(
			j, "new", j->message[i].uid, 0, d->name, d->in_new, SIDE_REMOTE, f) == -1)
			return -1;
	}
	j->touched = j->touched || j->n > 0;
	maildir_watch_drain(&j->watch);
	j->n = 0;
	j->octets = 0;
	return state_commit(j->s->state, f) == -1 ? -1 : state_begin(j->s->state, f);
}

static int arrived(struct sync_job *j, const struct fetch_event *e, struct fault *f)
{
	struct state_message m = {.uid = e->uid}, old;
	struct scratch_change c;
	int r;

	if (!j->receiving)
		return 0;
	if (!(e->has & FETCH_UID) || e->uid == 0 || j->failed) {
		drop(j);
		return 0;
	}
	r = state_message_get(j->s->state, j->row.id, e->uid, &old, f);
	for (size_t i = 0; i < j->n; i++)
		if (j->message[i].uid == e->uid)
			r = 1; /* it came twice */
	if (r != 0) {
		drop(j);
		return r == 1 ? 0 : -1;
	}
	if (e->has & FETCH_FLAGS)
		m.flags = sync_mask(j, e->flags);
	else if (scratch_remote_get(j->s->state, e->uid, &c, f) == 1)
		m.flags = c.flags;
	m.date = sync_date(e);
	j->fetched++;
	sync_progress(j);
	return keep(j, &m, f);
}

static int take(struct sync_job *j, const struct event *ev, struct fault *f)
{
	switch (ev->kind) {
	case EV_SECTION:
		section(j, &ev->section);
		return 0;
	case EV_SECTION_DATA:
		octets(j, ev->data, ev->len);
		return 0;
	case EV_FETCH:
		return j->receiving ? arrived(j, &ev->fetch, f) : sync_note(j, ev, f);
	default:
		return sync_note(j, ev, f);
	}
}

/* ---- commands */

uint32_t sync_ask_about(struct sync_job *j, const struct set *set, bool message_id, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, j->s->line->imap, "UID FETCH");
	imap_uids(&c, set);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "FLAGS");
	imap_atom(&c, "INTERNALDATE");
	imap_atom(&c, "RFC822.SIZE");
	if (message_id)
		imap_section(&c, "BODY.PEEK", "HEADER.FIELDS (MESSAGE-ID)", 0, 0);
	imap_list_end(&c);
	return imap_send(j->s->line->imap, &c, f);
}

static uint32_t send_fetch(struct sync_job *j, const struct set *set, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, j->s->line->imap, "UID FETCH");
	imap_uids(&c, set);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "FLAGS");
	imap_atom(&c, "INTERNALDATE");
	imap_section(&c, "BODY.PEEK", "", 0, 0);
	imap_list_end(&c);
	return imap_send(j->s->line->imap, &c, f);
}

int sync_fetch_ahead(struct sync_job *j, const struct set *uids, struct fault *f)
{
	j->ahead = send_fetch(j, uids, f);
	return j->ahead == 0 ? -1 : 0;
}

/* One FETCH for the next ones. Its tag, 0: there are none (or the fault, then *bad). */
static uint32_t send_batch(struct sync_job *j, struct wish *w, bool *bad, struct fault *f)
{
	struct set set;
	uint32_t uid, tag = 0;
	int r = 1;

	set_init(&set, SYNC_BATCH);
	for (int i = 0; i < SYNC_BATCH && (r = sync_wish_next(j, w, &uid, f)) == 1; i++)
		if (set_add(&set, uid, uid) == -1)
			break;
	*bad = r == -1;
	if (r != -1 && set.n > 0) {
		j->wanted += set_count(&set);
		tag = send_fetch(j, &set, f);
		*bad = tag == 0;
	}
	set_free(&set);
	return tag;
}

static bool is_over(const struct sync_job *j)
{
	return (j->s->o->stop != NULL && *j->s->o->stop) || j->write_fault.cls != FAULT_NONE;
}

/* What was asked for together with the SELECT. */
int sync_take_ahead(struct sync_job *j, struct fault *f)
{
	struct event ev;
	uint32_t tag = j->ahead;
	int r = tag == 0 ? 0 : 1;

	j->ahead = 0;
	while (r == 1 && (r = imap_until(j->s->line->imap, tag, &ev, f)) == 1) {
		if (take(j, &ev, f) == -1)
			return -1;
		if (is_over(j) && !j->receiving)
			return 0;
	}
	return r == -1 || tag == 0 ? r : sync_flush(j, f);
}

/* Keeps some commands ahead of what comes, so that the line is never idle. */
static int download(struct sync_job *j, struct fault *f)
{
	struct imap *imap = j->s->line->imap;
	struct wish w;
	struct event ev;
	unsigned flying = 0, barren = 0;
	uint64_t before = 0;
	bool bad = false, more = true;

	sync_wish_begin(&w, j, false);
	for (;;) {
		while (more && flying < SYNC_AHEAD && !is_over(j)) {
			more = send_batch(j, &w, &bad, f) != 0;
			if (bad)
				return -1;
			flying += more;
		}
		if (flying == 0)
			return 0;
		if (imap_next(imap, -1, &ev, f) == -1)
			return -1;
		if (ev.kind != EV_TAGGED) {
			if (take(j, &ev, f) == -1)
				return -1;
			/* Told to stop: the message in hand is finished, the rest of the flight is not waited for. */
			if (is_over(j) && !j->receiving)
				return 0;
			continue;
		}
		flying--;
		if (ev.cond != COND_OK)
			return imap_refusal(&ev, "UID FETCH", f);
		barren = j->fetched == before ? barren + 1 : 0;
		before = j->fetched;
		if (barren > BARREN_MAX)
			return fault_set(f, FAULT_PROTOCOL,
			    "the server lists messages that it does not deliver");
	}
}

static int download_large(struct sync_job *j, struct fault *f)
{
	struct wish w;
	uint32_t uid;
	int r;

	if (j->s->account->max_size == 0)
		return 0;
	sync_wish_begin(&w, j, true);
	while (!is_over(j) && (r = sync_wish_next(j, &w, &uid, f)) == 1) {
		j->wanted++;
		if (sync_lean(j, uid, f) == -1)
			return -1;
	}
	return is_over(j) ? 0 : r;
}

/* ---- */

static int print_wanted(struct sync_job *j, struct fault *f)
{
	struct wish w;
	uint32_t uid;
	int r = 0;

	for (int large = 0; large < 2 && r != -1; large++) {
		sync_wish_begin(&w, j, large == 1);
		while ((r = sync_wish_next(j, &w, &uid, f)) == 1)
			if (sync_print(j, "new", uid, 0, NULL, false, SIDE_REMOTE, f) == -1)
				return -1;
	}
	return r;
}

static void abort_rest(struct sync_job *j)
{
	if (j->receiving)
		drop(j);
	for (size_t i = 0; i < j->n; i++)
		delivery_abort(&j->delivery[i]);
	j->n = 0;
}

int sync_fetch(struct sync_job *j, struct fault *f)
{
	if (sync_adopt_orphans(j, f) == -1)
		return -1;
	if (j->matching && sync_match(j, f) == -1)
		return -1;
	if (!(j->s->policy & PLAN_PULL))
		return 0;
	if (j->s->o->dry_run)
		return print_wanted(j, f);

	int r = state_intent_any(j->s->state, j->row.id, f);
	if (r == -1)
		return -1;
	j->expecting = r == 1;
	r = sync_take_ahead(j, f);
	if (r == 0 && !is_over(j))
		r = download(j, f);
	if (r == 0)
		r = download_large(j, f);
	/* What has come whole is kept, whatever happened then. */
	struct fault why;
	if (j->receiving)
		drop(j);
	if (sync_flush(j, r == 0 ? f : &why) == -1)
		r = -1;
	abort_rest(j);
	if (r == 0 && j->write_fault.cls != FAULT_NONE) {
		*f = j->write_fault;
		r = -1;
	}
	if (r == 0 && is_over(j))
		return fault_set(f, FAULT_TEMP, "interrupted; the next run goes on");
	if (j->fetched < j->wanted)
		j->incomplete = true;
	return r;
}
