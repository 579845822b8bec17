/* removal: STORE \Deleted and UID EXPUNGE. */
#include "app/removal.h"

#include "app/flight.h"
#include "app/urls.h"

enum step { STEP_LOOK = 1, STEP_STORE = 2, STEP_EXPUNGE = 4 };

/* One under way. */
struct removing {
	struct removal *r;
	struct flight flight;
	bool good; /* all said OK */
};

void removal_init(struct removal *r, size_t max)
{
	*r = (struct removal){.blind = false};
	set_init(&r->there, max);
	set_init(&r->gone, max);
}

void removal_free(struct removal *r)
{
	set_free(&r->there);
	set_free(&r->gone);
}

bool removal_is_offered(const struct imap *s)
{
	return imap_has(s, "UIDPLUS") || imap_has(s, "IMAP4rev2");
}

static int send_store(struct removing *m, const struct set *piece, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->flight.imap, "UID STORE");
	imap_uids(&c, piece);
	imap_atom(&c, "+FLAGS.SILENT");
	imap_list(&c);
	imap_flag(&c, "\\Deleted");
	imap_list_end(&c);
	return flight_send(&m->flight, &c, STEP_STORE, f);
}

static int send_expunge(struct removing *m, const struct set *piece, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->flight.imap, "UID EXPUNGE");
	imap_uids(&c, piece);
	return flight_send(&m->flight, &c, STEP_EXPUNGE, f);
}

/* EXPUNGE may follow STORE at once: were the flag refused, nothing but what is to go anyway could have it. */
static int send_piece(struct removing *m, const struct set *piece, unsigned steps, struct fault *f)
{
	if ((steps & STEP_LOOK) != 0 && flight_search(&m->flight, piece, NULL, STEP_LOOK, f) == -1)
		return -1;
	if ((steps & STEP_STORE) != 0 && send_store(m, piece, f) == -1)
		return -1;
	return (steps & STEP_EXPUNGE) != 0 ? send_expunge(m, piece, f) : 0;
}

static int send_all(struct removing *m, const struct set *which, unsigned steps, struct fault *f)
{
	struct set piece;
	size_t at = 0;
	int r;

	flight_init(&m->flight, m->flight.imap);
	set_init(&piece, URLS_WINDOW);
	while ((r = urls_set_piece(which, &at, &piece, f)) == 1)
		if (send_piece(m, &piece, steps, f) == -1)
			break;
	set_free(&piece);
	return r == 0 ? 0 : -1;
}

static void note_fault(struct removing *m, const struct fault *why)
{
	if (m->good)
		m->r->left = *why;
	m->good = false;
}

static void take(struct removing *m, const struct flight_cmd *done)
{
	if (done == NULL || done->why.cls == FAULT_NONE)
		return;
	m->r->blind = m->r->blind || done->kind == STEP_LOOK;
	note_fault(m, &done->why);
}

/* Pulls all answers. The first fault is in r->left, or that of the line. */
static int pull(struct removing *m, const struct set *which, struct fault *f)
{
	struct flight_cmd *done;
	struct event ev;
	struct fault lost;
	int r;

	while ((r = flight_next(&m->flight, &ev, &done, &lost)) == 1) {
		if (flight_take_search(&ev, which, &m->r->there, f) == -1)
			return -1;
		take(m, done);
	}
	if (r == 0)
		return 0;
	for (size_t i = 0; i < m->flight.n; i++)
		if (!m->flight.cmd[i].done)
			take(m, &m->flight.cmd[i]);
	m->r->left = lost;
	return 0;
}

static int fly(struct removing *m, const struct set *which, unsigned steps, struct fault *f)
{
	return send_all(m, which, steps, f) == -1 ? -1 : pull(m, which, f);
}

/*
 * Only a search says what is gone: an EXPUNGE or VANISHED may be about what somebody else has removed, and OK is also said where nothing was done. It
 * cannot go out with the EXPUNGE: Dovecot answers a UID SEARCH behind a UID EXPUNGE from before that one. Without its answer none counts as gone.
 */
static int find_gone(
    struct removing *m, const struct set *those, struct set *still, struct fault *f)
{
	struct fault why;
	int r = flight_find(m->flight.imap, those, NULL, still, &why, f);

	if (r == -1)
		return -1;
	if (r == 1)
		note_fault(m, &why);
	if (r == 1 || m->r->blind)
		fault_while(&m->r->left, "may or may not be removed");
	if (r == 0 && set_add_without(&m->r->gone, those, still) == -1)
		return fault_set(f, FAULT_TEMP, "out of memory");
	return 0;
}

static int expunge(struct removing *m, const struct set *which, unsigned steps, struct fault *f)
{
	const struct set *those = (steps & STEP_LOOK) != 0 ? &m->r->there : which;
	struct set still, after;
	int r;

	fault_set(
	    &m->r->left, FAULT_REFUSED, "still here: the server said OK and did not remove it");
	set_init(&still, URLS_WINDOW);
	set_init(&after, URLS_WINDOW);
	r = fly(m, which, steps | STEP_EXPUNGE, f);
	if (r == 0)
		r = find_gone(m, those, &still, f);
	/* Dovecot 2.3 at times does not see in an EXPUNGE what the STORE of the same flight has done. */
	if (r == 0 && m->good && still.n > 0) {
		r = fly(m, &still, STEP_EXPUNGE, f);
		if (r == 0)
			r = find_gone(m, &still, &after, f);
	}
	set_free(&still);
	set_free(&after);
	return r;
}

/* Without UIDPLUS that is all that can be done. */
static int only_mark(struct removing *m, const struct set *which, unsigned steps, struct fault *f)
{
	if (fly(m, which, steps, f) == -1)
		return -1;
	if (m->good)
		fault_set(&m->r->left, FAULT_REFUSED,
		    "the server has no UIDPLUS: it is only marked as deleted here");
	return 0;
}

int removal_run(
    struct removal *r, struct imap *s, const struct set *which, bool look, struct fault *f)
{
	unsigned steps = (look ? STEP_LOOK : 0) | STEP_STORE;
	struct removing m = {.r = r, .good = true};

	if (which->n == 0)
		return 0;
	if (!imap_alive(s)) {
		fault_set(&r->left, FAULT_TEMP, "still here, too: the connection is gone");
		return 0;
	}
	flight_init(&m.flight, s);
	return removal_is_offered(s) ? expunge(&m, which, steps, f)
				     : only_mark(&m, which, steps, f);
}
