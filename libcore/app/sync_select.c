/* sync_select: opens a mailbox and reads what changed in it, by the best means that the server has (RFC 7162). */
#include <stdio.h>
#include <string.h>

#include "app/sync_impl.h"
#include "msg/date.h"

enum { AHEAD_MAX = 200 };

/* ---- what events tell */

static int note_fetch(struct sync_job *j, const struct fetch_event *e, struct fault *f)
{
	struct scratch_change c = {.uid = e->uid};

	if ((e->has & (FETCH_UID | FETCH_FLAGS)) != (FETCH_UID | FETCH_FLAGS) || e->uid == 0)
		return 0;
	c.flags = sync_mask(j, e->flags);
	return scratch_remote_put(j->s->state, &c, f);
}

static int add_set(
    struct sync_job *j, const struct set_event *e, enum scratch_set into, struct fault *f)
{
	struct set_walk w = {e->text, e->len};
	uint32_t lo, hi;
	int r;

	while ((r = set_walk_next(&w, &lo, &hi)) == 1)
		if (scratch_range_add(j->s->state, into, lo < hi ? lo : hi, lo < hi ? hi : lo, f) ==
		    -1)
			return -1;
	return r;
}

static int note_vanished(struct sync_job *j, const struct set_event *e, struct fault *f)
{
	struct set_walk w = {e->text, e->len};
	uint32_t lo, hi;
	int r;

	while ((r = set_walk_next(&w, &lo, &hi)) == 1)
		if (scratch_remote_gone(
			j->s->state, j->row.id, lo < hi ? lo : hi, lo < hi ? hi : lo, f) == -1)
			return -1;
	return r;
}

/* Which of the searches in flight it answers: ESEARCH says so, and without that there is only one. */
static enum scratch_set search_of(const struct sync_job *j, const struct set_event *e)
{
	char tag[16];

	for (int i = 0; e->tag != NULL && i < SCRATCH_SETS; i++) {
		snprintf(tag, sizeof(tag), "a%u", j->search[i]);
		if (strcmp(tag, e->tag) == 0)
			return (enum scratch_set)i;
	}
	return j->searching;
}

static int note_set(struct sync_job *j, const struct set_event *e, struct fault *f)
{
	switch (e->source) {
	case SET_VANISHED:
		return note_vanished(j, e, f);
	case SET_SEARCH:
	case SET_ESEARCH_ALL:
		return add_set(j, e, search_of(j, e), f);
	default:
		return 0;
	}
}

int sync_note(struct sync_job *j, const struct event *ev, struct fault *f)
{
	switch (ev->kind) {
	case EV_FETCH:
		return note_fetch(j, &ev->fetch, f);
	case EV_SET:
		return note_set(j, &ev->set, f);
	default:
		return 0;
	}
}

int sync_finish(struct sync_job *j, uint32_t tag, struct event *ev, bool *refused, struct fault *f)
{
	struct imap *imap = j->s->line->imap;
	int r;

	*refused = false;
	while ((r = imap_until(imap, tag, ev, f)) == 1)
		if (sync_note(j, ev, f) == -1)
			return -1;
	if (r == -1 && imap_alive(imap)) {
		*refused = true;
		return 0;
	}
	return r;
}

/* ---- SELECT */

static uint32_t send_select(struct sync_job *j, struct fault *f)
{
	struct sync *s = j->s;
	const struct state_mailbox *row = &j->row;
	struct imap_cmd c;

	imap_cmd_init(&c, s->line->imap, s->o->dry_run ? "EXAMINE" : "SELECT");
	imap_mailbox(&c, row->name);
	if (s->rung == RUNG_QRESYNC && row->modseq != 0 && row->uidvalidity != 0) {
		imap_list(&c);
		imap_atom(&c, "QRESYNC");
		imap_list(&c);
		imap_number(&c, row->uidvalidity);
		imap_number(&c, row->modseq);
		imap_list_end(&c);
		imap_list_end(&c);
	} else if (s->rung != RUNG_PLAIN) {
		imap_list(&c);
		imap_atom(&c, "CONDSTORE");
		imap_list_end(&c);
	}
	return imap_send(s->line->imap, &c, f);
}

static int finish_select(struct sync_job *j, uint32_t tag, struct fault *f)
{
	struct event ev;
	int r;

	mailbox_begin(&j->seen, j->s->o->dry_run);
	while ((r = imap_until(j->s->line->imap, tag, &ev, f)) == 1) {
		if (ev.kind == EV_TAGGED)
			continue;
		mailbox_event(&j->seen, &ev);
		/* What came so far was of the mailbox that was open before. */
		if (ev.kind == EV_STATUS && ev.code == CODE_CLOSED &&
		    scratch_remote_clear(j->s->state, f) == -1)
			return -1;
		if (sync_note(j, &ev, f) == -1)
			return -1;
	}
	if (r == -1)
		return -1;
	mailbox_event(&j->seen, &ev);
	if (j->seen.uidvalidity == 0)
		return fault_set(f, FAULT_PROTOCOL, "the server does not tell the UIDVALIDITY");
	return 0;
}

/* ---- sets of UIDs */

/* Queues the search; its answer goes into the set whenever it comes. */
static int search_send(
    struct sync_job *j, struct imap_cmd *c, enum scratch_set into, struct fault *f)
{
	if (scratch_range_clear(j->s->state, into, f) == -1) {
		imap_cmd_free(c);
		return -1;
	}
	j->search[into] = imap_send(j->s->line->imap, c, f);
	return j->search[into] == 0 ? -1 : 0;
}

/* Waits until its answer is there; nothing when it was not sent. */
static int search_finish(struct sync_job *j, enum scratch_set into, struct fault *f)
{
	uint32_t tag = j->search[into];
	struct event ev;
	bool refused = false;

	if (tag == 0)
		return 0;
	j->searching = into;
	int r = sync_finish(j, tag, &ev, &refused, f);
	j->search[into] = 0;
	return r == -1 || refused ? -1 : 0;
}

static bool has_esearch(const struct sync_job *j)
{
	return imap_has(j->s->line->imap, "ESEARCH") || imap_has(j->s->line->imap, "IMAP4rev2");
}

/* UID SEARCH, and the compact answer where the server has it (RFC 4731). */
static void begin_search(struct imap_cmd *c, const struct sync_job *j)
{
	imap_cmd_init(c, j->s->line->imap, "UID SEARCH");
	if (!has_esearch(j))
		return;
	imap_atom(c, "RETURN");
	imap_list(c);
	imap_atom(c, "ALL");
	imap_list_end(c);
}

static int ask_all(struct sync_job *j, struct fault *f)
{
	struct imap_cmd c;

	begin_search(&c, j);
	imap_atom(&c, "ALL");
	return search_send(j, &c, SCRATCH_WANTED, f);
}

/* date of RFC 9051 section 9: the first part of a date-time, without the blank that may fill its day. */
static const char *day(time_t t, char text[static DATE_LEN])
{
	date_format_imap(t, text);
	text[strlen("dd-mmm-yyyy")] = '\0';
	return text[0] == ' ' ? text + 1 : text;
}

/* Only what is younger than the window (WITHIN, RFC 5032; else by day). */
static int ask_young(struct sync_job *j, struct fault *f)
{
	struct imap *imap = j->s->line->imap;
	struct imap_cmd c;
	char since[DATE_LEN];

	if (j->s->account->window == 0)
		return 0;
	begin_search(&c, j);
	if (imap_has(imap, "WITHIN")) {
		imap_atom(&c, "YOUNGER");
		imap_number(&c, (uint64_t)j->s->account->window);
	} else {
		imap_atom(&c, "SINCE");
		imap_atom(&c, day(time(NULL) - j->s->account->window, since));
	}
	return search_send(j, &c, SCRATCH_YOUNG, f);
}

static int ask_large(struct sync_job *j, struct fault *f)
{
	struct imap_cmd c;

	if (j->s->account->max_size == 0)
		return 0;
	begin_search(&c, j);
	imap_atom(&c, "LARGER");
	imap_number(&c, j->s->account->max_size);
	return search_send(j, &c, SCRATCH_LARGE, f);
}

/* ---- what is gone, by what is there */

static int find_gone(struct sync_job *j, struct fault *f)
{
	struct state *state = j->s->state;
	struct scratch_change c = {.gone = true};
	struct state_message m;
	uint32_t uid = 1, lo = 0, hi = 0;
	bool more = true; /* [lo, hi] is the first range that ends at uid or later */
	int r;

	while ((r = state_message_from(state, j->row.id, uid, &m, f)) == 1) {
		if (more && m.uid > hi) {
			int k = scratch_range_from(state, SCRATCH_WANTED, m.uid, &lo, &hi, f);

			if (k == -1)
				return -1;
			more = k == 1;
		}
		if (!more || m.uid < lo) {
			c.uid = m.uid;
			c.flags = m.flags;
			if (scratch_remote_put(state, &c, f) == -1)
				return -1;
		}
		if (m.uid == UINT32_MAX)
			return 0;
		uid = m.uid + 1;
	}
	return r;
}

/* ---- flags, without QRESYNC */

static int read_flags(struct sync_job *j, uint64_t changed_since, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool refused;
	uint32_t tag;

	if (j->seen.exists == 0)
		return 0;
	imap_cmd_init(&c, j->s->line->imap, "UID FETCH");
	imap_atom(&c, "1:*");
	imap_list(&c);
	imap_atom(&c, "FLAGS");
	imap_list_end(&c);
	if (changed_since != 0) {
		imap_list(&c);
		imap_atom(&c, "CHANGEDSINCE");
		imap_number(&c, changed_since);
		imap_list_end(&c);
	}
	if ((tag = imap_send(j->s->line->imap, &c, f)) == 0 ||
	    sync_finish(j, tag, &ev, &refused, f) == -1)
		return -1;
	return refused ? -1 : 0;
}

/* ---- is it all? */

/* Messages of the server that the state and what has come account for. */
static int count_known(struct sync_job *j, uint64_t *known, struct fault *f)
{
	struct state *state = j->s->state;
	struct scratch_change c;
	struct state_message m;
	uint32_t uid = 1;
	int r;

	*known = j->row.messages + j->row.skipped;
	while ((r = scratch_remote_from(state, uid, &c, f)) == 1) {
		int k = state_message_get(state, j->row.id, c.uid, &m, f);

		if (k == -1)
			return -1;
		if (k == 1 && c.gone)
			--*known;
		if (k == 0 && !c.gone)
			++*known;
		if (c.uid == UINT32_MAX)
			return 0;
		uid = c.uid + 1;
	}
	return r;
}

/* New messages have been told of with their flags: these are wanted. */
static int want_news(struct sync_job *j, struct fault *f)
{
	struct state *state = j->s->state;
	struct scratch_change c;
	struct state_message m;
	uint32_t uid = 1, lo = 0, hi = 0;
	int r;

	if (scratch_range_clear(state, SCRATCH_WANTED, f) == -1)
		return -1;
	while ((r = scratch_remote_from(state, uid, &c, f)) == 1) {
		int k = c.gone ? 1 : state_message_get(state, j->row.id, c.uid, &m, f);

		if (k == -1)
			return -1;
		if (k == 0 && lo != 0 && c.uid == hi + 1) {
			hi = c.uid;
		} else if (k == 0) {
			if (lo != 0 && scratch_range_add(state, SCRATCH_WANTED, lo, hi, f) == -1)
				return -1;
			lo = hi = c.uid;
		}
		if (c.uid == UINT32_MAX)
			break;
		uid = c.uid + 1;
	}
	if (r != -1 && lo != 0)
		r = scratch_range_add(state, SCRATCH_WANTED, lo, hi, f);
	return r == -1 ? -1 : 0;
}

static int by_sets(struct sync_job *j, struct fault *f)
{
	if ((j->search[SCRATCH_WANTED] == 0 && ask_all(j, f) == -1) ||
	    search_finish(j, SCRATCH_WANTED, f) == -1)
		return -1;
	return find_gone(j, f);
}

/* Trust, but count: a server that lost its index may have lost what it should tell. */
static int check_count(struct sync_job *j, struct fault *f)
{
	uint64_t known;

	if (j->s->account->window != 0)
		return want_news(j, f);
	if (count_known(j, &known, f) == -1)
		return -1;
	if (known == j->seen.exists)
		return want_news(j, f);
	if (sync_take_ahead(j, f) == -1)
		return -1;
	tool_note(j->s->tool, "%s: %u messages on the server, %llu known: comparing the UIDs",
	    j->row.name, j->seen.exists, (unsigned long long)known);
	return by_sets(j, f);
}

static int collect(struct sync_job *j, struct fault *f)
{
	const struct state_mailbox *row = &j->row;
	bool has_modseq = j->s->rung != RUNG_PLAIN && j->seen.highestmodseq != 0;
	bool went_back = j->seen.highestmodseq < row->modseq;

	if (has_modseq && row->modseq != 0 && !went_back && j->s->rung == RUNG_QRESYNC &&
	    row->complete)
		return check_count(j, f);
	/* Those commands would run into what was asked for already. */
	if (sync_take_ahead(j, f) == -1)
		return -1;
	if (row->messages > 0) {
		if (went_back)
			tool_note(j->s->tool, "%s: HIGHESTMODSEQ went back: comparing all flags",
			    row->name);
		uint64_t since = has_modseq && !went_back ? row->modseq : 0;
		bool told = since != 0 && j->s->rung == RUNG_QRESYNC;
		if (!told && read_flags(j, since, f) == -1)
			return -1;
	}
	return by_sets(j, f);
}

/* A few new messages, by what LIST told: their FETCH goes out with the SELECT, which saves a round trip. Only where nothing else has to be known of
 * them before. */
static int fetch_ahead(struct sync_job *j, struct fault *f)
{
	const unsigned need = STATUS_UIDVALIDITY | STATUS_UIDNEXT;
	const struct account *a = j->s->account;
	const struct state_mailbox *row = &j->row;
	const struct sync_box *b = j->box;
	struct set set;
	int r;

	if ((j->folder != NULL && j->folder->changed) || b == NULL || (b->has & need) != need ||
	    b->uidvalidity != row->uidvalidity || b->uidnext <= row->uidnext ||
	    b->uidnext - row->uidnext > AHEAD_MAX || j->s->rung != RUNG_QRESYNC || !row->complete ||
	    row->modseq == 0 || a->window != 0 || a->max_size != 0 || !(j->s->policy & PLAN_PULL) ||
	    j->s->o->dry_run)
		return 0;
	set_init(&set, 1);
	r = set_add(&set, row->uidnext, b->uidnext - 1) == -1
	    ? fault_set(f, FAULT_TEMP, "out of memory")
	    : sync_fetch_ahead(j, &set, f);
	set_free(&set);
	return r;
}

/* A mailbox of which nothing is known: what has to be asked goes out with the SELECT. Without ESEARCH an answer does not say to which search it belongs. */
static int ask_ahead(struct sync_job *j, struct fault *f)
{
	const struct state_mailbox *row = &j->row;

	if (row->messages > 0 || row->modseq != 0 || !has_esearch(j) ||
	    (j->folder != NULL && j->folder->changed))
		return 0;
	return ask_all(j, f) == -1 || ask_young(j, f) == -1 ? -1 : ask_large(j, f);
}

/* The window and the limit, as far as they count and were not asked for already. */
static int read_limits(struct sync_job *j, bool asked, struct fault *f)
{
	if ((!asked && ask_young(j, f) == -1) || search_finish(j, SCRATCH_YOUNG, f) == -1 ||
	    (!asked && ask_large(j, f) == -1))
		return -1;
	return search_finish(j, SCRATCH_LARGE, f);
}

int sync_select(struct sync_job *j, struct fault *f)
{
	if (scratch_remote_clear(j->s->state, f) == -1)
		return -1;

	uint32_t tag = send_select(j, f);
	if (tag == 0 || fetch_ahead(j, f) == -1 || ask_ahead(j, f) == -1)
		return -1;
	bool asked = j->search[SCRATCH_WANTED] != 0;
	if (finish_select(j, tag, f) == -1)
		return -1;
	if (j->folder != NULL && j->folder->outside)
		return 0;
	if (j->row.uidvalidity != 0 && j->row.uidvalidity != j->seen.uidvalidity &&
	    sync_prepare_match(j, f) == -1)
		return -1;
	if (j->row.uidvalidity == 0) {
		j->row.uidvalidity = j->seen.uidvalidity;
		j->row.owner = sync_owner(j->s, j->row.name, j->row.uidvalidity);
	}
	return collect(j, f) == -1 ? -1 : read_limits(j, asked, f);
}
