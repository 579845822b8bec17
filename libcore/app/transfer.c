/* transfer: MOVE, and COPY with what must follow it. */
#include "app/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "app/transfer_impl.h"

enum step { STEP_LOOK, STEP_TRANSFER, STEPS };

/* ---- a batch under way */

static struct transit *transit_new(struct transfer *t, struct batch *b, struct fault *f)
{
	struct transit *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	s->t = t;
	s->batch = b;
	removal_init(&s->source, URLS_WINDOW);
	set_init(&s->copied, URLS_WINDOW);
	set_init(&s->told, URLS_WINDOW);
	if (copyuid_init(&s->pairs, URLS_WINDOW, f) == -1) {
		free(s);
		return NULL;
	}
	return s;
}

static void transit_free(struct transit *s)
{
	for (size_t k = 0; k < s->npiece; k++)
		set_free(&s->piece[k].uids);
	removal_free(&s->source);
	set_free(&s->copied);
	set_free(&s->told);
	copyuid_free(&s->pairs);
	free(s);
}

int transit_cut(struct transit *s, struct fault *f)
{
	size_t at = 0;
	int r = 1;

	while (r == 1 && s->npiece < TRANSIT_PIECES_MAX) {
		struct set *uids = &s->piece[s->npiece].uids;

		set_init(uids, URLS_WINDOW);
		r = urls_set_piece(&s->batch->uids, &at, uids, f);
		s->npiece += r == 1;
	}
	return r == 1 ? fault_set(f, FAULT_BUG, "too many pieces of a set") : r;
}

int transit_pair(
    struct transit *s, uint32_t uidvalidity, const char *from, const char *to, struct fault *f)
{
	struct fault lie;

	if (copyuid_add(&s->pairs, uidvalidity, from, to, &s->batch->uids, &lie) == 0)
		return 0;
	if (lie.cls != FAULT_PROTOCOL) {
		*f = lie;
		return -1;
	}
	s->lie = lie;
	return 0;
}

/* ---- the target */

int transit_create(const struct transit *s, struct imap_line *l, struct fault *why)
{
	struct imap_cmd c;
	struct event ev;

	imap_cmd_init(&c, l->imap, "CREATE");
	imap_mailbox(&c, s->t->target.mailbox);
	s->t->created = true;
	if (imap_run(l->imap, &c, &ev, why) == 0 || ev.code == CODE_ALREADYEXISTS) {
		tool_note(s->t->tool, "%s is made", s->t->target.mailbox);
		return 0;
	}
	return fault_while(why, "%s", s->t->target.mailbox);
}

void transit_explain_missing(const struct transit *s, struct fault *why)
{
	fault_set(why, FAULT_REFUSED, "there is no mailbox %s: give --create to make it",
	    s->t->target.mailbox);
}

int transfer_status(
    struct imap_line *l, const char *mailbox, uint32_t *uidvalidity, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	uint32_t tag;
	int r;

	imap_cmd_init(&c, l->imap, "STATUS");
	imap_mailbox(&c, mailbox);
	imap_list(&c);
	imap_atom(&c, "UIDVALIDITY");
	imap_list_end(&c);
	tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_MAILBOX_STATUS && uidvalidity != NULL)
			*uidvalidity = ev.status.uidvalidity;
	return r == -1 ? fault_while(f, "%s", mailbox) : 0;
}

int transfer_check(struct transfer *t, struct fault *f)
{
	struct imap_line *l;
	uint32_t uidvalidity = 0;

	if (t->target.uidvalidity == 0)
		return 0;
	l = lines_get(t->lines, t->account, false, f);
	if (l == NULL || transfer_status(l, t->target.mailbox, &uidvalidity, f) == -1)
		return -1;
	if (uidvalidity != t->target.uidvalidity)
		return fault_set(f, FAULT_DATA, "%s: stale URL: its UIDVALIDITY is %u now, not %u",
		    t->target.mailbox, uidvalidity, t->target.uidvalidity);
	return 0;
}

/* ---- in one store */

static bool has_move(const struct transit *s)
{
	return imap_has(s->line->imap, "MOVE") || imap_has(s->line->imap, "IMAP4rev2");
}

static int send_piece(struct transit *s, size_t k, const char *command, struct fault *f)
{
	const struct set *uids = &s->piece[k].uids;
	struct imap_cmd c;

	/* What is not there is passed over by both commands without a word. */
	if (flight_search(&s->flight, uids, NULL, (int)k * STEPS + STEP_LOOK, f) == -1)
		return -1;
	imap_cmd_init(&c, s->line->imap, command);
	imap_uids(&c, uids);
	imap_mailbox(&c, s->t->target.mailbox);
	return flight_send(&s->flight, &c, (int)k * STEPS + STEP_TRANSFER, f);
}

static int take(
    struct transit *s, const struct event *ev, const struct flight_cmd *done, struct fault *f)
{
	struct transit_piece *p;

	if (flight_take_search(ev, &s->batch->uids, &s->source.there, f) == -1)
		return -1;
	if ((ev->kind == EV_STATUS || ev->kind == EV_TAGGED) && ev->code == CODE_COPYUID &&
	    ev->uids_to != NULL &&
	    transit_pair(s, ev->uidvalidity, ev->uids_from, ev->uids_to, f) == -1)
		return -1;
	if (done == NULL || done->why.cls == FAULT_NONE)
		return 0;
	p = &s->piece[done->kind / STEPS];
	if (done->kind % STEPS == STEP_LOOK) {
		p->blind = true;
		return 0;
	}
	p->why = done->why;
	p->missing = done->code == CODE_TRYCREATE;
	return 0;
}

static int pull(struct transit *s, struct fault *f)
{
	struct flight_cmd *done;
	struct event ev;
	struct fault lost;

	while (flight_next(&s->flight, &ev, &done, &lost) == 1)
		if (take(s, &ev, done, f) == -1)
			return -1;
	for (size_t i = 0; i < s->flight.n; i++) {
		const struct flight_cmd *cmd = &s->flight.cmd[i];
		struct transit_piece *p = &s->piece[cmd->kind / STEPS];

		if (cmd->done || cmd->kind % STEPS != STEP_TRANSFER)
			continue;
		p->why = cmd->why;
		p->unsure = true;
	}
	return 0;
}

static int fly(struct transit *s, const char *command, bool again, struct fault *f)
{
	flight_init(&s->flight, s->line->imap);
	for (size_t k = 0; k < s->npiece; k++) {
		struct transit_piece *p = &s->piece[k];

		if (again && !p->missing)
			continue;
		p->missing = false;
		p->why.cls = FAULT_NONE;
		if (send_piece(s, k, command, f) == -1)
			return -1;
	}
	return pull(s, f);
}

/* The commands, and once more where there was no target and one may be made. */
static int transfer(struct transit *s, const char *command, struct fault *f)
{
	struct fault why;
	bool missing = false;

	if (fly(s, command, false, f) == -1)
		return -1;
	for (size_t k = 0; k < s->npiece; k++)
		missing = missing || s->piece[k].missing;
	if (!missing)
		return 0;
	transit_explain_missing(s, &why);
	if (s->t->create && !s->t->created && transit_create(s, s->line, &why) == 0)
		return fly(s, command, true, f);
	for (size_t k = 0; k < s->npiece; k++)
		if (s->piece[k].missing)
			s->piece[k].why = why;
	return 0;
}

/* ---- what a command that was no success has done all the same */

static void explain_loss(const struct transit *s, struct transit_piece *p)
{
	if (p->unsure)
		fault_while(&p->why, "may or may not be %s to %s", s->t->copy ? "copied" : "moved",
		    s->t->target.mailbox);
}

/* RFC 6851 section 3.3: each message of a MOVE that fails is moved or left alone. */
static int find_moved(struct transit *s, const struct transit_piece *p, struct fault *f)
{
	struct set still;
	struct fault ignored;
	int r;

	set_init(&still, URLS_WINDOW);
	r = flight_find(s->line->imap, &p->uids, NULL, &still, &ignored, f);
	/* What was not there has not moved, either. */
	if (r == 0 &&
	    (set_add_without(&still, &p->uids, &s->source.there) == -1 ||
		set_add_without(&s->copied, &p->uids, &still) == -1 ||
		set_add_without(&s->source.gone, &p->uids, &still) == -1))
		r = fault_set(f, FAULT_TEMP, "out of memory");
	set_free(&still);
	return r == -1 ? -1 : 0;
}

/* Of a piece that went well: where the server tells at all, those that it says it has transferred; else those that were there. */
static int note_done(struct transit *s, const struct transit_piece *p, struct fault *f)
{
	bool tells = s->pairs.n > 0 && s->lie.cls == FAULT_NONE;

	for (size_t i = 0; i < p->uids.n; i++)
		for (uint32_t uid = p->uids.r[i].lo; uid <= p->uids.r[i].hi; uid++)
			if ((copyuid_find(&s->pairs, uid) != 0 ||
				(!tells && set_has(&s->source.there, uid))) &&
			    set_add(&s->copied, uid, uid) == -1)
				return fault_set(f, FAULT_TEMP, "out of memory");
	return 0;
}

/* Told before the line was lost: they are in the target, and may be in the source as well. */
static int note_told(struct transit *s, const struct transit_piece *p, struct fault *f)
{
	for (size_t i = 0; i < s->pairs.n; i++) {
		uint32_t uid = s->pairs.pair[i].from;

		if (set_has(&p->uids, uid) && set_add(&s->copied, uid, uid) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
	}
	s->source.left = p->why;
	fault_while(&s->source.left, "may or may not be here still");
	return 0;
}

static int settle(struct transit *s, bool moving, struct fault *f)
{
	for (size_t k = 0; k < s->npiece; k++) {
		struct transit_piece *p = &s->piece[k];
		int r = 0;

		if (p->why.cls == FAULT_NONE)
			r = note_done(s, p, f);
		else if (p->unsure)
			r = note_told(s, p, f);
		else if (moving)
			r = find_moved(s, p, f);
		explain_loss(s, p);
		if (r == -1)
			return -1;
	}
	return 0;
}

static int move(struct transit *s, struct fault *f)
{
	if (transfer(s, "UID MOVE", f) == -1 || settle(s, true, f) == -1)
		return -1;
	for (size_t k = 0; k < s->npiece; k++) {
		const struct transit_piece *p = &s->piece[k];

		for (size_t i = 0; p->why.cls == FAULT_NONE && i < p->uids.n; i++)
			for (uint32_t uid = p->uids.r[i].lo; uid <= p->uids.r[i].hi; uid++)
				if (set_has(&s->copied, uid) &&
				    set_add(&s->source.gone, uid, uid) == -1)
					return fault_set(f, FAULT_TEMP, "out of memory");
	}
	return 0;
}

int transit_remove_originals(struct transit *s, struct fault *f)
{
	if (s->lie.cls != FAULT_NONE) {
		s->source.left = s->lie;
		return 0;
	}
	return removal_run(&s->source, s->line->imap, &s->copied, false, f);
}

static int copy(struct transit *s, struct fault *f)
{
	if (transfer(s, "UID COPY", f) == -1 || settle(s, false, f) == -1)
		return -1;
	if (s->t->copy)
		return 0;
	tool_note(s->t->tool, "the server has no MOVE: copied, and then removed");
	return transit_remove_originals(s, f);
}

/* ---- a batch */

static int check(const struct transit *s, bool same_store, struct fault *why)
{
	if (same_store && !s->t->copy && strcmp(s->batch->mailbox, s->t->target.mailbox) == 0)
		return fault_set(why, FAULT_DATA, "it is in that mailbox already");
	return 0;
}

static int run(struct transit *s, struct fault *f)
{
	bool same_store = line_same_store(s->batch->account, s->t->account);
	struct fault why;
	int r;

	s->line = lines_get(s->t->lines, s->batch->account, !same_store, &why);
	if (check(s, same_store, &why) == -1 || s->line == NULL ||
	    batch_open(s->line, s->batch, s->t->copy, &why) == -1) {
		urls_failed_batch(s->t->urls, s->batch, &why);
		return 0;
	}
	if (transit_cut(s, f) == -1)
		return -1;
	if (!same_store)
		r = transit_across(s, f);
	else if (!s->t->copy && has_move(s))
		r = move(s, f);
	else
		r = copy(s, f);
	return r == -1 ? -1 : transit_report(s, f);
}

int transfer_batch(struct transfer *t, struct batch *b, struct fault *f)
{
	struct transit *s = transit_new(t, b, f);
	int r;

	if (s == NULL)
		return -1;
	r = run(s, f);
	transit_free(s);
	return r;
}

/* ---- for good */

static int expunge(struct transit *s, struct fault *f)
{
	struct fault why = {0};

	s->line = lines_get(s->t->lines, s->batch->account, false, &why);
	if (s->line != NULL && batch_open(s->line, s->batch, false, &why) == 0 &&
	    !removal_is_offered(s->line->imap))
		fault_set(&why, FAULT_REFUSED,
		    "the server has no UIDPLUS: nothing can be removed without removing others' "
		    "deleted messages, too");
	if (s->line == NULL || why.cls != FAULT_NONE) {
		urls_failed_batch(s->t->urls, s->batch, &why);
		return 0;
	}
	if (transit_cut(s, f) == -1 ||
	    removal_run(&s->source, s->line->imap, &s->batch->uids, true, f) == -1)
		return -1;
	return transit_report_removed(s, f);
}

int transfer_expunge(struct transfer *t, struct batch *b, struct fault *f)
{
	struct transit *s = transit_new(t, b, f);
	int r;

	if (s == NULL)
		return -1;
	r = expunge(s, f);
	transit_free(s);
	return r;
}
