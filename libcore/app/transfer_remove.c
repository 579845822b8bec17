/* transfer_remove: STORE \Deleted and UID EXPUNGE. */
#include <stdlib.h>
#include <string.h>

#include "app/transfer_impl.h"

enum step { STEP_LOOK = 1, STEP_STORE = 2, STEP_EXPUNGE = 4 };

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

static int send_store(struct transit *s, const struct set *piece, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s->line->imap, "UID STORE");
	imap_uids(&c, piece);
	imap_atom(&c, "+FLAGS.SILENT");
	imap_list(&c);
	imap_flag(&c, "\\Deleted");
	imap_list_end(&c);
	return flight_send(&s->flight, &c, STEP_STORE, f);
}

static int send_expunge(struct transit *s, const struct set *piece, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s->line->imap, "UID EXPUNGE");
	imap_uids(&c, piece);
	return flight_send(&s->flight, &c, STEP_EXPUNGE, f);
}

/* EXPUNGE may follow STORE at once: were the flag refused, nothing but what is to go anyway could have it. */
static int send_piece(struct transit *s, const struct set *piece, unsigned steps, struct fault *f)
{
	if ((steps & STEP_LOOK) != 0 && flight_search(&s->flight, piece, NULL, STEP_LOOK, f) == -1)
		return -1;
	if ((steps & STEP_STORE) != 0 && send_store(s, piece, f) == -1)
		return -1;
	return (steps & STEP_EXPUNGE) != 0 ? send_expunge(s, piece, f) : 0;
}

static int send_all(struct transit *s, const struct set *which, unsigned steps, struct fault *f)
{
	struct set piece;
	size_t at = 0;
	int r;

	flight_init(&s->flight, s->line->imap);
	set_init(&piece, URLS_WINDOW);
	while ((r = urls_set_piece(which, &at, &piece, f)) == 1)
		if (send_piece(s, &piece, steps, f) == -1)
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

/* Without UIDPLUS that is all that can be done. */
static int only_mark(struct transit *s, const struct set *which, unsigned steps, struct fault *f)
{
	struct outcome o = {.good = true};

	if (send_all(s, which, steps, f) == -1 || pull(s, which, &o, f) == -1)
		return -1;
	if (o.good)
		fault_set(&s->left, FAULT_REFUSED,
		    "the server has no UIDPLUS: it is only marked as deleted here");
	return 0;
}

int transit_remove(struct transit *s, const struct set *which, bool look, struct fault *f)
{
	const struct set *those = look ? &s->there : which;
	unsigned steps = (look ? STEP_LOOK : 0) | STEP_STORE;
	struct outcome o = {.good = true};

	if (which->n == 0)
		return 0;
	if (!imap_alive(s->line->imap)) {
		fault_set(&s->left, FAULT_TEMP, "still here, too: the connection is gone");
		return 0;
	}
	if (!transit_has_uidplus(s->line))
		return only_mark(s, which, steps, f);
	fault_set(&s->left, FAULT_REFUSED, "still here: the server said OK and did not remove it");
	if (send_all(s, which, steps | STEP_EXPUNGE, f) == -1 || pull(s, which, &o, f) == -1)
		return -1;
	/* Dovecot 2.3 at times does not see in an EXPUNGE what the STORE of the same flight has done. */
	if (o.good && o.count < set_count(those) &&
	    (send_all(s, those, STEP_EXPUNGE, f) == -1 || pull(s, those, &o, f) == -1))
		return -1;
	if (o.good && o.count >= set_count(those))
		return all_gone(s, those, f);
	return find_left(s, those, f);
}
