/*
 * watch_look: a mailbox is opened and says what happened in it since its state: by QRESYNC (RFC 7162) everything; by CONDSTORE what is new and what changed; else what
 * is new. What cannot be said is told as "resync".
 */
#include <stdlib.h>
#include <string.h>

#include "app/watch_impl.h"
#include "base/clock.h"

enum { GONE_RANGES_MAX = 16384, FRESH_BATCH = 64, FLAGS_TEXT_MAX = 16384, ROUNDS_MAX = 8 };

enum how { BY_QRESYNC, BY_CONDSTORE, BY_NEW };

/* One mailbox in a flight. What it was before is in the box until the look is over. */
struct look {
	struct box *box;
	enum how how;
	bool home;
	uint32_t open_tag, last_tag;
	bool refused, over;
	uint32_t exists, uidvalidity, uidnext, top;
	uint64_t modseq;
	uint64_t fresh; /* new messages that it showed */
	struct set gone;
	bool gone_full;
	struct watch_map map; /* home without QRESYNC */
};

struct flight {
	struct post *post;
	struct look look[LOOKS_MAX + 1];
	size_t n, at; /* looks, and the first that is not over */
	bool between; /* its answers have not begun: the mailbox before it is still open */
	uint32_t last_tag;
	size_t asked; /* mailboxes that a STATUS was asked for because they are new */
	bool light;   /* only what is new in the open one */
};

/* ---- asking */

/* Without mod-sequences also where only what is gone counts: what is new says how many that are. */
static bool needs_fetch_new(const struct post *p, const struct look *l)
{
	if (l->how == BY_NEW)
		return true;
	return p->site->watch->o.headers && (p->site->watch->o.want & WANT_NEW);
}

/* Everything that the look needs, one command behind the other. */
static int send_look(struct flight *t, struct box *b, struct fault *f)
{
	struct post *p = t->post;
	struct look *l = &t->look[t->n++];

	*l = (struct look){.box = b, .home = b == p->home};
	set_init(&l->gone, GONE_RANGES_MAX);
	map_init(&l->map);
	l->how = b->modseq == 0 ? BY_NEW
	    : p->qresync        ? BY_QRESYNC
	    : p->condstore      ? BY_CONDSTORE
				: BY_NEW;
	l->open_tag = l->last_tag = post_send_examine(p, b, l->how == BY_QRESYNC, f);
	if (l->last_tag != 0 && l->how == BY_CONDSTORE)
		l->last_tag = post_send_fetch_changed(p, b->modseq, f);
	if (l->last_tag != 0 && needs_fetch_new(p, l))
		l->last_tag = post_send_fetch_new(p, b->uidnext, f);
	if (l->last_tag != 0 && l->home && !p->qresync)
		l->last_tag = post_send_search_all(p, f);
	t->last_tag = l->last_tag;
	return l->last_tag == 0 ? -1 : 0;
}

/* ---- hearing */

/* The numbers of another mailbox of the same name say nothing of ours. */
static bool is_ours(const struct look *l)
{
	return l->uidvalidity == 0 || l->uidvalidity == l->box->uidvalidity;
}

static void hear_fetch(struct flight *t, struct look *l, const struct fetch_event *fetch)
{
	struct site *s = t->post->site;
	bool shown = (fetch->has & FETCH_ENVELOPE) != 0;
	struct buf flags;

	if (fetch->uid == 0 || !is_ours(l) || l->box->dead)
		return;
	if (fetch->uid >= l->box->uidnext) {
		if (s->watch->o.headers && !shown && (s->watch->o.want & WANT_NEW))
			return; /* it comes again, with its envelope */
		l->fresh++;
		if (fetch->uid > l->top)
			l->top = fetch->uid;
		event_message(s, l->box, WANT_NEW, fetch->uid, NULL, fetch);
		return;
	}
	if (l->how == BY_NEW || shown || (fetch->has & FETCH_FLAGS) == 0)
		return;
	buf_init(&flags, FLAGS_TEXT_MAX);
	event_flags(&flags, fetch->flags);
	event_message(s, l->box, WANT_FLAGS, fetch->uid, buf_str(&flags), NULL);
	buf_free(&flags);
}

static void hear_set(struct look *l, const struct set_event *e)
{
	if (e->source == SET_VANISHED) {
		if (set_parse(&l->gone, e->text, e->len) == -1)
			l->gone_full = true;
	} else if (e->source == SET_SEARCH || e->source == SET_ESEARCH_ALL) {
		map_parse(&l->map, e->text, e->len);
	}
}

static void hear_code(struct look *l, const struct event *ev)
{
	switch (ev->code) {
	case CODE_UIDVALIDITY:
		l->uidvalidity = ev->uidvalidity;
		break;
	case CODE_UIDNEXT:
		l->uidnext = (uint32_t)ev->number;
		break;
	case CODE_HIGHESTMODSEQ:
		l->modseq = ev->number;
		break;
	case CODE_NOMODSEQ:
		l->modseq = 0;
		break;
	default:
		break;
	}
}

static void hear(struct flight *t, struct look *l, const struct event *ev)
{
	switch (ev->kind) {
	case EV_EXISTS:
		l->exists = ev->num;
		break;
	case EV_FETCH:
		hear_fetch(t, l, &ev->fetch);
		break;
	case EV_SET:
		hear_set(l, &ev->set);
		break;
	case EV_STATUS:
		hear_code(l, ev);
		break;
	default:
		break;
	}
}

/* ---- what follows from it */

/* Tells what is gone of `set`: below UIDNEXT, and no more than there was. -1: it cannot be believed. */
static int tell_gone(struct site *s, struct box *b, const struct set *set)
{
	uint64_t n = 0;

	for (size_t i = 0; i < set->n && set->r[i].lo < b->uidnext; i++)
		n += (set->r[i].hi < b->uidnext ? set->r[i].hi : b->uidnext - 1) -
		    (uint64_t)set->r[i].lo + 1;
	if (n > b->messages)
		return -1;
	for (size_t i = 0; i < set->n; i++)
		for (uint64_t uid = set->r[i].lo; uid <= set->r[i].hi && uid < b->uidnext; uid++)
			event_message(s, b, WANT_GONE, (uint32_t)uid, NULL, NULL);
	return 0;
}

/* Without QRESYNC: what was there when we last had it open; else only how many must have gone. */
static int compare_gone(struct post *p, struct look *l)
{
	struct box *b = l->box;
	int r;

	if (l->home && p->mapped && !p->map.broken) {
		r = map_gone(&p->map, &l->map, &l->gone);
		return r == -1 ? -1 : tell_gone(p->site, b, &l->gone);
	}
	return b->messages + l->fresh > l->exists && (p->site->watch->o.want & WANT_GONE) ? -1 : 0;
}

static void take_numbers(struct look *l)
{
	struct box *b = l->box;

	if (l->uidvalidity != 0)
		b->uidvalidity = l->uidvalidity;
	if (l->uidnext != 0)
		b->uidnext = l->uidnext;
	else if (l->top >= b->uidnext)
		b->uidnext = l->top < UINT32_MAX ? l->top + 1 : l->top;
	b->messages = l->exists;
	b->modseq = l->modseq;
	b->unseen_known = b->unseen_known && l->how != BY_NEW;
	b->refusals = 0;
	b->dirty = false;
}

static void settle(struct flight *t, struct look *l)
{
	struct post *p = t->post;
	struct site *s = p->site;
	struct box *b = l->box;

	if (b->dead)
		return;

	bool told = is_ours(l) && !(l->uidnext != 0 && l->uidnext < b->uidnext);

	if (l->how != BY_NEW && l->modseq < b->modseq)
		told = false; /* the server forgot, or has no mod-sequences any more */
	if (l->exists > b->messages + l->fresh)
		told = false; /* it has more than it showed: what was known was not of one moment */
	if (told && l->how == BY_QRESYNC)
		told = !l->gone_full && tell_gone(s, b, &l->gone) == 0;
	else if (told)
		told = compare_gone(p, l) == 0;
	take_numbers(l);
	if (!told)
		event_resync(s, b);
	s->changed = true;
	if (!l->home)
		return;
	p->opened = true;
	p->expected = 0;
	p->settle_at = 0;
	p->mapped = !p->qresync;
	map_clear(&p->map);
	p->map = l->map;
	map_init(&l->map);
}

/* The mailbox cannot be opened: it is gone, or not for us, or not now. */
static void refuse(struct flight *t, struct look *l, const struct event *ev)
{
	struct site *s = t->post->site;

	l->refused = true;
	if (l->box->dead)
		return;
	tool_note(s->watch->tool, "%s/%s: %s", s->account.name, l->box->name, ev->text);
	if (l->home) {
		t->post->home = NULL;
		t->post->opened = false;
		l->box->owner = NULL;
	}
	l->box->dirty = false;
	if (++l->box->refusals == BOX_REFUSALS_MAX)
		event_resync(s, l->box);
	if (ev->code == CODE_NONEXISTENT)
		site_gone(s, l->box);
}

static void free_look(struct look *l)
{
	set_free(&l->gone);
	map_free(&l->map);
}

/* ---- the flight */

static void begin_answers(struct flight *t)
{
	if (!t->between)
		return;
	t->between = false;
	t->post->opened = false;
}

static void hear_tag(struct flight *t, const struct event *ev)
{
	struct look *l = t->at < t->n ? &t->look[t->at] : NULL;

	if (l == NULL)
		return;
	if (ev->num == l->open_tag) {
		begin_answers(t);
		hear_code(l, ev);
		if (ev->cond != COND_OK)
			refuse(t, l, ev);
	}
	if (ev->num != l->last_tag)
		return;
	l->over = true;
	if (!l->refused)
		settle(t, l);
	t->at++;
	t->between = !l->refused;
}

/* The answers of the next EXAMINE begin with CLOSED; where a server does not say so, with FLAGS, or with a UIDVALIDITY. */
static void hear_event(struct flight *t, const struct event *ev)
{
	struct post *p = t->post;

	if ((ev->kind == EV_FLAGS && !p->qresync) ||
	    (ev->kind == EV_STATUS && (ev->code == CODE_CLOSED || ev->code == CODE_UIDVALIDITY)))
		if (t->at < t->n)
			begin_answers(t);
	if (post_live_elsewhere(p, ev))
		return;
	if (t->at < t->n && !t->between)
		hear(t, &t->look[t->at], ev);
	else if (p->opened)
		post_live(p, ev);
}

static int hear_all(struct flight *t, struct fault *f)
{
	struct event ev;

	for (;;) {
		if (post_pull(t->post, &ev, f) == -1)
			return -1;
		if (ev.kind != EV_TAGGED) {
			hear_event(t, &ev);
			continue;
		}
		hear_tag(t, &ev);
		if (ev.num == t->last_tag)
			return 0;
	}
}

/* ---- what is to be done */

static bool needs_look(const struct post *p, const struct box *b)
{
	return p->primary && b->dirty && b != p->home && !site_is_open(b);
}

static bool needs_light(const struct post *p)
{
	return p->opened && p->home != NULL && p->expected > 0 && clock_awake() >= p->settle_at;
}

bool post_needs_look(const struct post *p)
{
	const struct site *s = p->site;

	if ((p->home != NULL && !p->opened) || needs_light(p))
		return true;
	for (size_t i = 0; p->primary && i < s->boxes.n; i++)
		if (s->boxes.box[i]->fresh || needs_look(p, s->boxes.box[i]))
			return true;
	return false;
}

/* A STATUS for each mailbox that is new: only then is it told of. One that has none is forgotten when it was asked often enough. */
static int ask_fresh(struct flight *t, struct fault *f)
{
	struct site *s = t->post->site;

	for (size_t i = 0; t->post->primary && i < s->boxes.n && t->asked < FRESH_BATCH; i++) {
		struct box *b = s->boxes.box[i];

		if (!b->fresh || b->refusals >= BOX_REFUSALS_MAX)
			continue;
		b->refusals++;
		if (post_send_status(t->post, b, f) == 0)
			return -1;
		t->asked++;
	}
	return 0;
}

static void forget_silent(struct site *s)
{
	for (size_t i = s->boxes.n; i-- > 0;)
		if (s->boxes.box[i]->fresh && s->boxes.box[i]->refusals >= BOX_REFUSALS_MAX)
			site_gone(s, s->boxes.box[i]);
}

/* When others were opened: home is open again at the end, and what happened in them meanwhile shows in their STATUS. */
static int send_return(struct flight *t, struct fault *f)
{
	struct post *p = t->post;
	size_t others = t->n;
	struct imap_cmd c;

	if (p->home != NULL && (others > 0 || !p->opened) && send_look(t, p->home, f) == -1)
		return -1;
	if (p->home == NULL && others > 0) {
		imap_cmd_init(
		    &c, p->line->imap, imap_has(p->line->imap, "UNSELECT") ? "UNSELECT" : "CLOSE");
		if (imap_send(p->line->imap, &c, f) == 0)
			return -1;
	}
	for (size_t i = 0; i < others; i++)
		if (post_send_status(p, t->look[i].box, f) == 0)
			return -1;
	return 0;
}

/* The end of the flight is that of a command which always works. */
static int send_end(struct flight *t, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, t->post->line->imap, "NOOP");
	t->last_tag = imap_send(t->post->line->imap, &c, f);
	return t->last_tag == 0 ? -1 : 0;
}

static int send_all(struct flight *t, struct fault *f)
{
	struct post *p = t->post;
	struct site *s = p->site;
	size_t most = p->qresync ? LOOKS_MAX : 1;

	if (ask_fresh(t, f) == -1)
		return -1;
	for (size_t i = 0; i < s->boxes.n && t->n < most; i++)
		if (needs_look(p, s->boxes.box[i]) && send_look(t, s->boxes.box[i], f) == -1)
			return -1;
	t->light = t->n == 0 && needs_light(p);
	if (t->light && post_send_fetch_new(p, p->base, f) == 0)
		return -1;
	return send_return(t, f) == -1 ? -1 : send_end(t, f);
}

static int fly(struct post *p, struct fault *f)
{
	struct flight *t = calloc(1, sizeof(*t));
	int r;

	if (t == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	t->post = p;
	t->between = p->opened;
	r = send_all(t, f);
	if (r == 0)
		r = hear_all(t, f);
	if (r == 0 && t->light) {
		p->expected = 0;
		p->settle_at = 0;
	}
	for (size_t i = 0; i < t->n; i++)
		free_look(&t->look[i]);
	free(t);
	if (r == 0 && p->primary)
		forget_silent(p->site);
	return r;
}

/* A few flights at once; what is left then comes next time, after what was told has gone out. */
int post_look(struct post *p, struct fault *f)
{
	for (int round = 0; round < ROUNDS_MAX && post_needs_look(p); round++)
		if (post_break(p, f) == -1 || fly(p, f) == -1)
			return -1;
	return 0;
}
