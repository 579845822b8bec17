/* sync_append: files that the server does not have go there, many to one command where it takes that (MULTIAPPEND, RFC 3502). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/lean.h"
#include "app/sync_impl.h"
#include "msg/date.h"
#include "store/maildir_upload.h"

enum { PARCELS = 128, PARCELS_OCTETS = 16 * 1024 * 1024 };

/* One file on its way. */
struct parcel {
	struct scratch_unknown unknown;
	struct upload_file file;
	struct maildir_name name;
	off_t offset; /* in the spool, unless the file is plain */
};

struct cart {
	struct parcel parcel[PARCELS];
	size_t n;
	uint64_t octets;
	off_t end; /* of the spool */
	int spool; /* -1: not made yet */
	bool multi;
};

/* Nobody else can help with this file: it stays where it is. */
static void leave(
    struct sync_job *j, const struct scratch_unknown *u, enum fault_class cls, const char *why)
{
	struct fault f;

	fault_set(&f, cls, "%s: %s", u->file, why);
	sync_failed(j->s, j->row.name, &f);
	j->pending = true;
}

static int spool(struct sync_job *j, struct cart *k, struct parcel *p, struct fault *f)
{
	if (p->file.plain)
		return 0;
	if (k->spool == -1 && (k->spool = upload_spool(&j->dir, f)) == -1)
		return -1;
	p->offset = k->end;
	if (upload_write(&p->file, k->spool, p->offset, f) == -1)
		return -1;
	k->end += (off_t)p->file.size;
	upload_close(&p->file);
	return 0;
}

/* Whether the file is one to be sent. 1, 0: it is left alone, -1. */
static int examine(struct sync_job *j, struct parcel *p, struct fault *f)
{
	int r;

	if (maildir_name_parse(p->unknown.file, &p->name) == -1)
		return 0;
	r = state_intent_has(j->s->state, j->row.id, p->name.base, f);
	/* It may be there already; only what comes from there would tell. */
	if (r == 1 && !(j->s->policy & PLAN_PULL)) {
		j->pending = true;
		return 0;
	}
	if (r == -1 ||
	    (r = upload_open(&p->file, &j->dir, p->unknown.in_new, p->unknown.file, f)) != 1)
		return r;
	r = lean_is(p->file.fd, f);
	if (r == 0 && !p->file.has_nul)
		return 1;
	if (r == 1)
		leave(j, &p->unknown, FAULT_DATA, "a part of a message (lean mode) is not sent");
	else if (r == 0)
		leave(j, &p->unknown, FAULT_REFUSED, "has NUL octets, which IMAP cannot carry");
	upload_close(&p->file);
	return r == -1 ? -1 : 0;
}

/* Takes the next files aboard, and notes that they are on their way. */
static int load(struct sync_job *j, struct cart *k, int64_t *last, struct fault *f)
{
	struct state *state = j->s->state;
	struct scratch_unknown u;
	int r = 0;

	while (k->n < PARCELS && k->octets < PARCELS_OCTETS &&
	    (r = scratch_unknown_after(state, j->row.id, *last, &u, f)) == 1) {
		struct parcel *p = &k->parcel[k->n];

		*last = u.id;
		if (u.ours) /* it goes to lost+found */
			continue;
		p->unknown = u;
		if ((r = examine(j, p, f)) == -1)
			return -1;
		if (r == 0)
			continue;
		k->n++;
		k->octets += p->file.size;
		if (state_intent_put(state, j->row.id, p->name.base, p->file.size,
			state_key(p->file.sha256), f) == -1 ||
		    spool(j, k, p, f) == -1)
			return -1;
	}
	if (r == -1 || k->n == 0)
		return r;
	return state_commit(state, f) == -1 ? -1 : state_begin(state, f);
}

static void unload(struct cart *k)
{
	for (size_t i = 0; i < k->n; i++)
		upload_close(&k->parcel[i].file);
	if (k->spool != -1)
		close(k->spool);
	*k = (struct cart){.spool = -1, .multi = k->multi};
}

static void put_message(
    struct imap_cmd *c, const struct sync_job *j, const struct cart *k, const struct parcel *p)
{
	char date[DATE_LEN];

	date_format_imap(p->file.mtime, date);
	sync_put_flags(c, j, sync_storable(j, p->name.flags));
	imap_date_time(c, date);
	if (p->file.plain)
		imap_literal_fd(c, p->file.fd, 0, p->file.size, false);
	else
		imap_literal_fd(c, k->spool, p->offset, p->file.size, false);
}

static uint32_t send_from(
    struct sync_job *j, const struct cart *k, size_t from, size_t n, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, j->s->line->imap, "APPEND");
	imap_mailbox(&c, j->row.name);
	for (size_t i = from; i < from + n; i++)
		put_message(&c, j, k, &k->parcel[i]);
	return imap_send(j->s->line->imap, &c, f);
}

/* The k-th UID of APPENDUID (RFC 4315; a range stands for its numbers in ascending order), 0 when there is none. */
static uint32_t uid_of(const struct sync_job *j, const struct event *ev, size_t k)
{
	struct set_walk w = {ev->uids_to, ev->uids_to != NULL ? strlen(ev->uids_to) : 0};
	uint32_t lo, hi;

	if (ev->code != CODE_APPENDUID || ev->uidvalidity != j->row.uidvalidity)
		return 0;
	while (w.n > 0 && set_walk_next(&w, &lo, &hi) == 1) {
		uint32_t count = (lo < hi ? hi - lo : lo - hi) + 1;

		if (k < count)
			return (lo < hi ? lo : hi) + (uint32_t)k;
		k -= count;
	}
	return 0;
}

/* The server has it. Without its UID it is known again by its content, when it comes back. */
static int arrived(struct sync_job *j, struct parcel *p, uint32_t uid, struct fault *f)
{
	struct state_message m = {.uid = uid,
	    .flags = sync_storable(j, p->name.flags),
	    .date = p->file.mtime,
	    .size = p->file.size,
	    .key = state_key(p->file.sha256)};
	int r;

	if (m.flags != p->name.flags)
		j->pending = true;
	if (uid == 0) {
		j->pending = true;
		return 0;
	}
	r = sync_adopt(j, p->unknown.file, p->unknown.in_new, p->name.flags, &m, f);
	if (r != 1) {
		j->pending = true;
		return r;
	}
	if (state_intent_drop(j->s->state, j->row.id, p->name.base, f) == -1 ||
	    scratch_unknown_drop(j->s->state, p->unknown.id, f) == -1)
		return -1;

	char name[MAILDIR_NAME_MAX + 1];
	if (sync_file(&j->row, &m, m.flags, m.in_new, name) == -1)
		memcpy(name, p->unknown.file, sizeof(name));
	return sync_print(j, "new", uid, 0, name, m.in_new, SIDE_LOCAL, f);
}

static int refused(struct sync_job *j, struct parcel *p, const struct fault *why, struct fault *f)
{
	leave(j, &p->unknown, why->cls, why->msg);
	return state_intent_drop(j->s->state, j->row.id, p->name.base, f);
}

/* Waits for one command of n parcels. *no: it was refused (and nothing said of it yet). */
static int receive(struct sync_job *j, struct cart *k, uint32_t tag, size_t from, size_t n,
    struct fault *no, struct fault *f)
{
	struct event ev;
	bool is_refused;

	no->cls = FAULT_NONE;
	if (sync_finish(j, tag, &ev, &is_refused, f) == -1)
		return -1;
	if (is_refused) {
		*no = *f;
		return 0;
	}

	uint32_t uid[PARCELS] = {0}; /* adopting sends nothing, but the event is the session's */
	for (size_t i = 0; i < n; i++)
		uid[i] = uid_of(j, &ev, i);
	for (size_t i = 0; i < n; i++)
		if (arrived(j, &k->parcel[from + i], uid[i], f) == -1)
			return -1;
	return 0;
}

static int send_each(struct sync_job *j, struct cart *k, struct fault *f)
{
	uint32_t tag[PARCELS] = {0};
	struct fault no;

	for (size_t i = 0; i < k->n; i++)
		if ((tag[i] = send_from(j, k, i, 1, f)) == 0)
			return -1;
	for (size_t i = 0; i < k->n; i++) {
		if (receive(j, k, tag[i], i, 1, &no, f) == -1)
			return -1;
		if (no.cls != FAULT_NONE && refused(j, &k->parcel[i], &no, f) == -1)
			return -1;
	}
	return 0;
}

/* All in one command; if that is refused one of them may be the reason: then each for itself. */
static int send_cart(struct sync_job *j, struct cart *k, struct fault *f)
{
	struct fault no;

	if (!k->multi || k->n == 1)
		return send_each(j, k, f);

	uint32_t tag = send_from(j, k, 0, k->n, f);
	if (tag == 0 || receive(j, k, tag, 0, k->n, &no, f) == -1)
		return -1;
	return no.cls == FAULT_NONE ? 0 : send_each(j, k, f);
}

static int print_unknown(struct sync_job *j, struct fault *f)
{
	struct scratch_unknown u = {0};
	int r;

	while ((r = scratch_unknown_after(j->s->state, j->row.id, u.id, &u, f)) == 1)
		if (sync_print(j, "new", 0, 0, u.file, u.in_new, SIDE_LOCAL, f) == -1)
			return -1;
	return r;
}

/* What is not sent in this run has to be found again. */
static int hold_back(struct sync_job *j, struct fault *f)
{
	struct scratch_unknown u;
	int r = scratch_unknown_after(j->s->state, j->row.id, 0, &u, f);

	j->pending = j->pending || r == 1;
	return r == -1 ? -1 : 0;
}

int sync_append(struct sync_job *j, struct fault *f)
{
	struct cart *k;
	int64_t last = 0;
	int r;

	if (!(j->s->policy & PLAN_PUSH))
		return hold_back(j, f);
	if (j->s->o->dry_run)
		return print_unknown(j, f);
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	*k = (struct cart){.spool = -1, .multi = imap_has(j->s->line->imap, "MULTIAPPEND")};
	while ((r = load(j, k, &last, f)) == 0 && k->n > 0 &&
	    (j->s->o->stop == NULL || !*j->s->o->stop)) {
		r = send_cart(j, k, f);
		unload(k);
		if (r == 0 && j->touched)
			r = sync_durable(j->s, &j->dir, f);
		if (r == 0)
			r = state_commit(j->s->state, f);
		if (r == 0)
			r = state_begin(j->s->state, f);
		if (r == -1)
			break;
	}
	/* Told to stop: what was not sent is looked for again. */
	if (r == 0 && k->n > 0)
		r = fault_set(f, FAULT_TEMP, "interrupted; the next run goes on");
	unload(k);
	free(k);
	return r;
}
