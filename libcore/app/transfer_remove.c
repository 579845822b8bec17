/* transfer_remove: STORE \Deleted and UID EXPUNGE. */
#include <stdlib.h>
#include <string.h>

#include "app/transfer_impl.h"

enum step { STEP_LOOK, STEP_STORE, STEP_EXPUNGE };

bool transit_has_uidplus(const struct imap_line *l)
{
	return imap_has(l->imap, "UIDPLUS") || imap_has(l->imap, "IMAP4rev2");
}

int transit_look(
    struct transit *s, const struct set *which, struct set *found, bool *lost, struct fault *f)
{
	struct set piece;
	struct flight_cmd *done;
	struct event ev;
	struct fault ignored;
	size_t at = 0;
	int r;

	*lost = false;
	if (!imap_alive(s->line->imap)) {
		*lost = true;
		return 0;
	}
	flight_init(&s->flight, s->line->imap);
	set_init(&piece, URLS_WINDOW);
	while ((r = urls_set_piece(which, &at, &piece, f)) == 1)
		if (flight_search(&s->flight, &piece, NULL, STEP_LOOK, f) == -1)
			break;
	set_free(&piece);
	if (r != 0)
		return -1;
	while ((r = flight_next(&s->flight, &ev, &done, &ignored)) == 1) {
		if (flight_take_search(&ev, which, found, f) == -1)
			return -1;
		*lost = *lost || (done != NULL && done->why.cls != FAULT_NONE);
	}
	*lost = *lost || r == -1;
	return 0;
}

static int send_piece(struct transit *s, const struct set *piece, bool look, struct fault *f)
{
	struct imap_cmd c;

	if (look && flight_search(&s->flight, piece, NULL, STEP_LOOK, f) == -1)
		return -1;
	imap_cmd_init(&c, s->line->imap, "UID STORE");
	imap_uids(&c, piece);
	imap_atom(&c, "+FLAGS.SILENT");
	imap_list(&c);
	imap_flag(&c, "\\Deleted");
	imap_list_end(&c);
	if (flight_send(&s->flight, &c, STEP_STORE, f) == -1)
		return -1;
	if (!transit_has_uidplus(s->line))
		return 0;
	/* It may follow at once: were the flag refused, nothing but what is to go anyway could have it. */
	imap_cmd_init(&c, s->line->imap, "UID EXPUNGE");
	imap_uids(&c, piece);
	return flight_send(&s->flight, &c, STEP_EXPUNGE, f);
}

static int send_all(struct transit *s, const struct set *which, bool look, struct fault *f)
{
	struct set piece;
	size_t at = 0;
	int r;

	flight_init(&s->flight, s->line->imap);
	set_init(&piece, URLS_WINDOW);
	while ((r = urls_set_piece(which, &at, &piece, f)) == 1)
		if (send_piece(s, &piece, look, f) == -1)
			break;
	set_free(&piece);
	return r == 0 ? 0 : -1;
}

/* How many messages of the mailbox the event says are gone. */
static uint64_t expunged(const struct event *ev)
{
	struct set_walk w;
	uint64_t n = 0;
	uint32_t a, b;

	if (ev->kind == EV_EXPUNGE)
		return 1;
	if (ev->kind != EV_SET || ev->set.source != SET_VANISHED || ev->set.earlier)
		return 0;
	w = (struct set_walk){.p = ev->set.text, .n = ev->set.len};
	while (set_walk_next(&w, &a, &b) == 1)
		n += (a < b ? b - a : a - b) + (uint64_t)1;
	return n;
}

struct outcome {
	bool good;      /* all said OK */
	uint64_t count; /* of messages that went */
};

static void take(struct transit *s, const struct flight_cmd *done, struct outcome *o)
{
	if (done == NULL || done->why.cls == FAULT_NONE)
		return;
	if (done->kind == STEP_LOOK)
		s->blind = true;
	if (o->good)
		s->left = done->why;
	o->good = false;
}

/* Pulls all answers. The first fault is in s->left. */
static int pull(struct transit *s, const struct set *which, struct outcome *o, struct fault *f)
{
	struct flight_cmd *done;
	struct event ev;
	struct fault lost;
	int r;

	*o = (struct outcome){.good = true};
	while ((r = flight_next(&s->flight, &ev, &done, &lost)) == 1) {
		o->count += expunged(&ev);
		if (flight_take_search(&ev, which, &s->there, f) == -1)
			return -1;
		take(s, done, o);
	}
	if (r == 0)
		return 0;
	for (size_t i = 0; i < s->flight.n; i++)
		if (!s->flight.cmd[i].done && s->flight.cmd[i].kind == STEP_LOOK)
			s->blind = true;
	s->left = lost;
	o->good = false;
	return 0;
}

/* Not as many went as should: which? Also when an answer was no OK, for then some may have gone. */
static int find_left(struct transit *s, const struct set *which, struct fault *f)
{
	struct set still;
	bool lost;
	int r;

	set_init(&still, URLS_WINDOW);
	r = transit_look(s, which, &still, &lost, f);
	if (lost)
		fault_while(&s->left, "may or may not be removed");
	for (size_t i = 0; r == 0 && !lost && i < which->n; i++)
		for (uint32_t uid = which->r[i].lo; uid <= which->r[i].hi; uid++)
			if (!set_has(&still, uid) && set_add(&s->gone, uid, uid) == -1)
				r = fault_set(f, FAULT_TEMP, "out of memory");
	set_free(&still);
	return r;
}

static int all_gone(struct transit *s, const struct set *which, struct fault *f)
{
	for (size_t i = 0; i < which->n; i++)
		if (set_add(&s->gone, which->r[i].lo, which->r[i].hi) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
	return 0;
}

int transit_remove(struct transit *s, const struct set *which, bool look, struct fault *f)
{
	const struct set *those = look ? &s->there : which;
	struct outcome o;

	if (which->n == 0)
		return 0;
	if (!imap_alive(s->line->imap)) {
		fault_set(&s->left, FAULT_TEMP, "still here, too: the connection is gone");
		return 0;
	}
	if (send_all(s, which, look, f) == -1)
		return -1;
	fault_set(&s->left, FAULT_REFUSED, "still here: the server said OK and did not remove it");
	if (pull(s, which, &o, f) == -1)
		return -1;
	if (!transit_has_uidplus(s->line)) {
		if (o.good)
			fault_set(&s->left, FAULT_REFUSED,
			    "the server has no UIDPLUS: it is only marked as deleted here");
		return 0;
	}
	if (o.good && o.count >= set_count(those))
		return all_gone(s, those, f);
	return find_left(s, those, f);
}
