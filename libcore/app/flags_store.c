/* flags_store: STORE, and a look at what came of it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/flags_impl.h"
#include "app/flight.h"

enum {
	PIECES_MAX = 16,               /* of one batch, as urls_set_piece() makes them */
	FLAGS_TEXT_MAX = 65536,        /* octets of one message's flags */
	FLAGS_TEXTS_MAX = 1024 * 1024, /* of those of a batch */
};
enum step { STEP_STORE, STEP_FETCH, STEPS };

/* What goes into one command, and how it went. */
struct piece {
	struct set uids;
	struct fault why; /* of its STOREs, or else of its FETCH */
	bool failed;      /* a STORE did */
};

/* A message, and what was heard of it last. */
struct message {
	uint32_t uid;
	bool kept;       /* the flags are as asked for */
	char *flags;     /* owned; NULL: nothing was heard */
	uint64_t modseq; /* 0: not told */
};

/* One batch in the making. */
struct making {
	const struct flags_job *job;
	struct imap_line *line;
	struct batch *batch;
	struct flight flight;
	struct piece piece[PIECES_MAX];
	size_t npiece;
	struct message *message; /* by UID */
	size_t n;
	size_t octets;       /* of their flags */
	struct set modified; /* lost the race */
};

static const char *item_of(enum flags_sign sign)
{
	switch (sign) {
	case FLAGS_ADD:
		return "+FLAGS.SILENT";
	case FLAGS_REMOVE:
		return "-FLAGS.SILENT";
	default:
		return "FLAGS.SILENT";
	}
}

static int send_store(struct making *m, size_t k, enum flags_sign sign, struct fault *f)
{
	const struct flags_changes *changes = m->job->changes;
	struct imap_cmd c;

	if (!flags_has(changes, sign))
		return 0;
	imap_cmd_init(&c, m->line->imap, "UID STORE");
	imap_uids(&c, &m->piece[k].uids);
	if (m->job->conditional) {
		imap_list(&c);
		imap_atom(&c, "UNCHANGEDSINCE");
		imap_number(&c, m->job->modseq);
		imap_list_end(&c);
	}
	imap_atom(&c, item_of(sign));
	imap_list(&c);
	for (size_t i = 0; i < changes->n; i++)
		if (changes->change[i].sign == sign && *changes->change[i].flag != '\0')
			imap_flag(&c, changes->change[i].flag);
	imap_list_end(&c);
	return flight_send(&m->flight, &c, (int)(k * STEPS + STEP_STORE), f);
}

static int send_fetch(struct making *m, size_t k, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->line->imap, "UID FETCH");
	imap_uids(&c, &m->piece[k].uids);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "FLAGS");
	if (m->job->conditional)
		imap_atom(&c, "MODSEQ");
	imap_list_end(&c);
	return flight_send(&m->flight, &c, (int)(k * STEPS + STEP_FETCH), f);
}

static int send_piece(struct making *m, size_t k, struct fault *f)
{
	if (send_store(m, k, FLAGS_SET, f) == -1 || send_store(m, k, FLAGS_ADD, f) == -1 ||
	    send_store(m, k, FLAGS_REMOVE, f) == -1)
		return -1;
	return send_fetch(m, k, f);
}

static int send_all(struct making *m, struct fault *f)
{
	const struct set *all = &m->batch->uids;
	size_t at = 0;
	int r;

	flight_init(&m->flight, m->line->imap);
	while (m->npiece < PIECES_MAX) {
		struct piece *p = &m->piece[m->npiece];

		set_init(&p->uids, URLS_WINDOW);
		r = urls_set_piece(all, &at, &p->uids, f);
		if (r != 1)
			return r;
		if (send_piece(m, m->npiece++, f) == -1)
			return -1;
	}
	return fault_set(f, FAULT_BUG, "more than %d pieces of a set", PIECES_MAX);
}

/* ---- what came of it */

static bool has_flag(const struct node *flags, const char *flag)
{
	for (const struct node *n = flags->child; n != NULL; n = n->next)
		if (strcasecmp(n->s, flag) == 0)
			return true;
	return false;
}

/* Did the server do what it said OK to? */
static bool is_kept(const struct flags_changes *c, const struct node *flags)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct flags_change *change = &c->change[i];

		if (*change->flag != '\0' &&
		    has_flag(flags, change->flag) != (change->sign != FLAGS_REMOVE))
			return false;
	}
	return true;
}

/* Blanks between; \Recent is about this session only. */
static void put_flags(struct buf *out, const struct node *flags)
{
	for (const struct node *n = flags->child; n != NULL; n = n->next) {
		if (strcasecmp(n->s, "\\Recent") == 0)
			continue;
		if (out->len > 0)
			buf_putc(out, ' ');
		buf_puts(out, n->s);
	}
}

static int by_uid(const void *a, const void *b)
{
	const struct message *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static struct message *find(const struct making *m, uint32_t uid)
{
	struct message key = {.uid = uid};

	return m->n == 0 ? NULL : bsearch(&key, m->message, m->n, sizeof(key), by_uid);
}

static int replace_flags(
    struct making *m, struct message *message, const struct node *list, struct fault *f)
{
	struct buf flags;

	buf_init(&flags, FLAGS_TEXT_MAX);
	put_flags(&flags, list);
	if (message->flags != NULL)
		m->octets -= strlen(message->flags);
	free(message->flags);
	message->flags = buf_failed(&flags) ? NULL : strdup(buf_str(&flags));
	m->octets += flags.len;
	buf_free(&flags);
	if (message->flags == NULL || m->octets > FLAGS_TEXTS_MAX)
		return fault_set(
		    f, FAULT_PROTOCOL, "%s: too many flags to be true", m->batch->mailbox);
	return 0;
}

/*
 * Answers need not stand before the tagged reply of the command before (Dovecot looks at flags only after several commands), so what was heard last of a
 * message is what the FETCH says.
 */
static int take_fetch(struct making *m, const struct event *ev, struct fault *f)
{
	const struct fetch_event *e = &ev->fetch;
	struct message *message;

	if (ev->kind != EV_FETCH || (e->has & FETCH_UID) == 0 || (e->has & FETCH_FLAGS) == 0)
		return 0;
	message = find(m, e->uid);
	if (message == NULL)
		return 0;
	message->kept = is_kept(m->job->changes, e->flags);
	message->modseq = (e->has & FETCH_MODSEQ) != 0 ? e->modseq : 0;
	return replace_flags(m, message, e->flags, f);
}

/* UIDs that were not asked for are not believed. */
static int take_modified(struct making *m, const struct event *ev, struct fault *f)
{
	struct set_walk w = {.p = ev->uids_to, .n = strlen(ev->uids_to)};
	uint32_t a, b;

	while (set_walk_next(&w, &a, &b) == 1) {
		uint32_t lo = a < b ? a : b, hi = a < b ? b : a;

		for (size_t i = 0; i < m->batch->uids.n; i++) {
			const struct set_range *r = &m->batch->uids.r[i];
			uint32_t from = r->lo > lo ? r->lo : lo, to = r->hi < hi ? r->hi : hi;

			if (from <= to && set_add(&m->modified, from, to) == -1)
				return fault_set(f, FAULT_TEMP, "out of memory");
		}
	}
	return 0;
}

static int take_result(
    struct making *m, const struct event *ev, const struct flight_cmd *done, struct fault *f)
{
	struct piece *p;

	if (done == NULL)
		return 0;
	p = &m->piece[done->kind / STEPS];
	if (done->kind % STEPS == STEP_STORE && ev->code == CODE_MODIFIED && ev->uids_to != NULL &&
	    take_modified(m, ev, f) == -1)
		return -1;
	if (done->why.cls == FAULT_NONE)
		return 0;
	if (p->why.cls == FAULT_NONE)
		p->why = done->why;
	if (done->kind % STEPS == STEP_STORE)
		p->failed = true;
	return 0;
}

/* What has no result because the line is gone. */
static void note_loss(struct making *m)
{
	for (size_t i = 0; i < m->flight.n; i++) {
		const struct flight_cmd *cmd = &m->flight.cmd[i];
		struct piece *p = &m->piece[cmd->kind / STEPS];

		if (cmd->done || p->why.cls != FAULT_NONE)
			continue;
		p->why = cmd->why;
		p->failed = cmd->kind % STEPS == STEP_STORE;
		if (p->failed)
			fault_while(&p->why, "the flags may or may not be changed");
		else
			fault_while(&p->why, "changed, but not looked at");
	}
}

static int pull(struct making *m, struct fault *f)
{
	struct flight_cmd *done;
	struct event ev;
	struct fault lost;
	int r;

	while ((r = flight_next(&m->flight, &ev, &done, &lost)) == 1)
		if (take_fetch(m, &ev, f) == -1 || take_result(m, &ev, done, f) == -1)
			return -1;
	if (r == -1)
		note_loss(m);
	return 0;
}

static int print(const struct making *m, const struct message *message, struct fault *f)
{
	char modseq[24] = "";
	struct buf url;
	int r;

	if (message->modseq != 0)
		snprintf(modseq, sizeof(modseq), "%llu", (unsigned long long)message->modseq);
	buf_init(&url, URL_MAX);
	batch_url(m->batch, message->uid, &url);

	struct record_field fields[] = {{"event", "flags", false}, {"url", buf_str(&url), false},
	    {"flags", message->flags, false}, {"modseq", *modseq != '\0' ? modseq : NULL, true}};
	r = tool_record(m->job->tool, m->job->out, fields, m->job->conditional ? 4 : 3, f);
	buf_free(&url);
	return r;
}

/* What went wrong with a message of the piece; FAULT_NONE: nothing. */
static struct fault judge(
    const struct making *m, const struct piece *p, const struct message *message)
{
	struct fault why = p->why;

	if (set_has(&m->modified, message->uid))
		fault_set(&why, FAULT_TEMP,
		    "has changed since %llu: its flags are left as they are",
		    (unsigned long long)m->job->modseq);
	else if (message->flags == NULL && why.cls == FAULT_NONE)
		fault_set(&why, FAULT_DATA, "no such message");
	else if (message->flags != NULL && !p->failed)
		why.cls = FAULT_NONE;
	if (why.cls == FAULT_NONE && !message->kept)
		fault_set(&why, FAULT_REFUSED,
		    "the server did not keep the change: the flags are (%s)", message->flags);
	return why;
}

static int report(const struct making *m, struct fault *f)
{
	for (size_t k = 0, i = 0; k < m->npiece; k++) {
		const struct piece *p = &m->piece[k];

		for (; i < m->n && set_has(&p->uids, m->message[i].uid); i++) {
			struct fault why = judge(m, p, &m->message[i]);

			if (why.cls != FAULT_NONE)
				urls_failed_uid(m->job->urls, m->batch, m->message[i].uid, &why);
			else if (print(m, &m->message[i], f) == -1)
				return -1;
		}
	}
	return 0;
}

static bool is_doubtful(
    const struct making *m, const struct piece *p, const struct message *message)
{
	return !p->failed && message->flags != NULL && !message->kept &&
	    !set_has(&m->modified, message->uid);
}

/* A server may not see in a FETCH what the STORE of the same flight has done (Dovecot 2.3, at times, in an EXPUNGE): before it is blamed, a second look. */
static int look_again(struct making *m, struct fault *f)
{
	flight_init(&m->flight, m->line->imap);
	for (size_t k = 0, i = 0; k < m->npiece; k++) {
		const struct piece *p = &m->piece[k];
		bool doubt = false;

		for (; i < m->n && set_has(&p->uids, m->message[i].uid); i++)
			doubt = doubt || is_doubtful(m, p, &m->message[i]);
		if (doubt && send_fetch(m, k, f) == -1)
			return -1;
	}
	return pull(m, f);
}

static int list_messages(struct making *m, struct fault *f)
{
	const struct set *uids = &m->batch->uids;

	m->message = calloc((size_t)set_count(uids) + 1, sizeof(m->message[0]));
	if (m->message == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (size_t i = 0; i < uids->n; i++)
		for (uint32_t uid = uids->r[i].lo; uid <= uids->r[i].hi; uid++)
			m->message[m->n++].uid = uid;
	return 0;
}

static int run(struct making *m, struct fault *f)
{
	if (m->batch->uids.n == 0)
		return 0;
	if (list_messages(m, f) == -1 || send_all(m, f) == -1 || pull(m, f) == -1 ||
	    look_again(m, f) == -1)
		return -1;
	return report(m, f);
}

static void making_free(struct making *m)
{
	for (size_t k = 0; k < m->npiece; k++)
		set_free(&m->piece[k].uids);
	for (size_t i = 0; i < m->n; i++)
		free(m->message[i].flags);
	free(m->message);
	set_free(&m->modified);
	free(m);
}

int flags_store(const struct flags_job *j, struct imap_line *l, struct batch *b, struct fault *f)
{
	struct making *m = calloc(1, sizeof(*m));
	int r;

	if (m == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	m->job = j;
	m->line = l;
	m->batch = b;
	set_init(&m->modified, URLS_WINDOW);
	r = run(m, f);
	making_free(m);
	return r;
}
