/* sync_whole: the rest of a message that came without its big parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/sync_impl.h"

/* The message's octets into the delivery. 1, 0: there is no such message any more, -1. */
static int receive(struct sync_job *j, struct delivery *d, uint32_t uid, struct fault *f)
{
	struct imap *imap = j->s->line->imap;
	struct imap_cmd c;
	struct event ev;
	bool receiving = false, done = false;
	uint32_t tag;
	int r;

	imap_cmd_init(&c, imap, "UID FETCH");
	imap_uid(&c, uid);
	imap_list(&c);
	imap_section(&c, "BODY.PEEK", "", 0, 0);
	imap_list_end(&c);
	if ((tag = imap_send(imap, &c, f)) == 0)
		return -1;
	while ((r = imap_until(imap, tag, &ev, f)) == 1) {
		if (ev.kind == EV_SECTION)
			receiving = !done && !ev.section.nil && ev.section.section[0] == '\0';
		if (ev.kind == EV_SECTION_DATA && receiving &&
		    delivery_write(d, ev.data, ev.len, f) == -1)
			return -1;
		done = done || (ev.kind == EV_SECTION_END && receiving);
	}
	return r == -1 ? -1 : done;
}

/* The base with one more field, so that the whole file has another name than the part. */
static int whole_base(const struct sync_job *j, const struct state_message *m, uint64_t size,
    char out[static MAILDIR_NAME_MAX + 1])
{
	char part[MAILDIR_NAME_MAX + 1];
	struct maildir_name name;

	if (sync_file(&j->row, m, 0, true, part) == -1 || maildir_name_parse(part, &name) == -1)
		return -1;
	int n =
	    snprintf(out, MAILDIR_NAME_MAX + 1, "%s,S=%llu", name.base, (unsigned long long)size);
	return n < 0 || n > MAILDIR_NAME_MAX ? -1 : 0;
}

/* The whole file is there first, then the state says so, then the part goes. */
static int replace(struct sync_job *j, struct delivery *d, struct state_message *m,
    const char *part, bool in_new, struct fault *f)
{
	struct maildir_name name;
	char file[MAILDIR_NAME_MAX + 1];

	if (maildir_name_parse(part, &name) == -1 || whole_base(j, m, d->octets, name.base) == -1 ||
	    maildir_name_build(file, sizeof(file), &name, in_new) == -1)
		return fault_set(f, FAULT_DATA, "%s: the file name is too long", part);
	if (delivery_finish(d, file, in_new, m->date, f) == -1 || delivery_commit(d, 1, f) == -1)
		return -1;
	m->size = d->octets_in;
	m->key = state_key(d->sha256);
	m->lean = false;
	m->in_new = in_new;
	memcpy(m->base, name.base, sizeof(m->base));
	if (state_message_put(j->s->state, j->row.id, m, f) == -1)
		return -1;
	j->row.stamp.cur_ns = j->row.stamp.new_ns = 0;
	if (state_mailbox_put(j->s->state, &j->row, f) == -1 ||
	    state_commit(j->s->state, f) == -1 || maildir_remove(&j->dir, in_new, part, f) == -1)
		return -1;
	return sync_print(j, "new", m->uid, 0, file, in_new, SIDE_REMOTE, f);
}

static int fetch_whole(struct sync_job *j, struct state_message *m, struct fault *f)
{
	char guess[MAILDIR_NAME_MAX + 1], part[MAILDIR_NAME_MAX + 1] = "";
	struct delivery *d = &j->delivery[0];
	struct maildir_name name;
	bool in_new = false;
	int r;

	if (sync_file(&j->row, m, 0, true, guess) == -1 || maildir_name_parse(guess, &name) == -1)
		return fault_set(f, FAULT_BUG, "UID %u: no file name", m->uid);
	r = maildir_find(&j->dir, name.base, part, &in_new, f);
	if (r != 1)
		return r == -1 ? -1 : fault_set(f, FAULT_DATA, "its file is not there any more");
	if (delivery_begin(d, &j->dir, sync_delivery(j), f) == -1)
		return -1;
	r = receive(j, d, m->uid, f);
	if (r == 0)
		r = fault_set(f, FAULT_DATA, "no such message on the server");
	if (r == 1)
		r = replace(j, d, m, part, in_new, f);
	delivery_abort(d);
	return r;
}

/* Finds the message of the URL in the state. 1, 0: it is whole already, -1. */
static int find(struct sync_job *j, const struct url *u, struct state_message *m, struct fault *f)
{
	int r = state_mailbox_named(j->s->state, u->mailbox, &j->row, f);

	if (r == 0)
		return fault_set(f, FAULT_DATA, "no such mailbox in the Maildir");
	if (r == 1 && u->uidvalidity != 0 && u->uidvalidity != j->row.uidvalidity)
		return fault_set(f, FAULT_DATA, "stale URL: UIDVALIDITY is %u now, not %u",
		    j->row.uidvalidity, u->uidvalidity);
	if (r == 1)
		r = state_message_get(j->s->state, j->row.id, u->uid, m, f);
	if (r == 0)
		return fault_set(f, FAULT_DATA, "no such message in the Maildir");
	return r == -1 ? -1 : m->lean;
}

static int run(struct sync_job *j, const struct url *u, struct fault *f)
{
	struct state_message m = {0};
	int r;

	if (u->mailbox == NULL || u->uid == 0)
		return fault_set(f, FAULT_DATA, "not the URL of a message");
	if ((r = find(j, u, &m, f)) != 1)
		return r;
	if (j->s->line == NULL &&
	    (j->s->line = imap_line_open(j->s->tool, j->s->account, true, f)) == NULL)
		return -1;
	if (imap_line_select(j->s->line, u->mailbox, true, j->row.uidvalidity, f) == -1 ||
	    maildir_open(j->s->root, j->row.path, false, &j->dir, f) == -1 ||
	    state_begin(j->s->state, f) == -1)
		return -1;
	r = fetch_whole(j, &m, f);
	maildir_close(&j->dir);
	state_rollback(j->s->state);
	return r;
}

int sync_fetch_whole(struct sync *s, const struct url *u, struct fault *f)
{
	struct sync_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	j->s = s;
	j->dir = MAILDIR_CLOSED;
	j->watch = MAILDIR_WATCH_OFF;
	int r = run(j, u, f);
	free(j);
	return r;
}
