/* watch_live: what a server says of its own accord. */
#include <stdlib.h>
#include <string.h>

#include "app/watch_impl.h"
#include "base/clock.h"

enum { FLAGS_TEXT_MAX = 16384 };

/* ---- the mailbox that is open */

/* What came does not tally with what is known: the mailbox is opened anew, and says what is missing. */
static void doubt(struct post *p)
{
	p->opened = false;
}

static void take_exists(struct post *p, uint32_t n)
{
	struct box *b = p->home;

	if (n < b->messages) {
		doubt(p);
		return;
	}
	if (n == b->messages)
		return;
	if (p->expected == 0) {
		p->base = b->uidnext;
		p->settle_at = clock_awake() + SETTLE;
	}
	p->expected += n - b->messages;
	b->messages = n;
	/* Only NOTIFY shows what is new without being asked. */
	if (!p->notify)
		p->settle_at = clock_awake();
}

static void take_new(struct post *p, const struct fetch_event *fetch, uint32_t uid)
{
	struct box *b = p->home;

	if (p->site->watch->o.headers && (fetch->has & FETCH_ENVELOPE) == 0)
		return;
	if (uid >= b->uidnext)
		b->uidnext = uid < UINT32_MAX ? uid + 1 : uid;
	if (p->expected > 0 && --p->expected == 0)
		p->settle_at = 0;
	else if (p->expected > 0 && p->notify)
		p->settle_at = clock_awake() + SETTLE_NEXT;
	if (p->mapped)
		map_add(&p->map, uid, uid);
	event_message(p->site, b, WANT_NEW, uid, NULL, fetch);
}

static void take_flags(struct post *p, const struct fetch_event *fetch, uint32_t uid)
{
	struct buf flags;

	if ((fetch->has & FETCH_FLAGS) == 0)
		return;
	buf_init(&flags, FLAGS_TEXT_MAX);
	event_flags(&flags, fetch->flags);
	event_message(p->site, p->home, WANT_FLAGS, uid, buf_str(&flags), NULL);
	buf_free(&flags);
}

static void take_fetch(struct post *p, uint32_t num, const struct fetch_event *fetch)
{
	struct box *b = p->home;
	uint32_t uid = fetch->uid;

	if (uid == 0 && p->mapped && num <= map_count(&p->map))
		uid = map_uid(&p->map, num);
	if (uid == 0) {
		/* One that is not known yet is looked at anyway. */
		if (num <= b->messages - (p->expected < b->messages ? p->expected : b->messages) &&
		    (p->site->watch->o.want & WANT_FLAGS))
			event_resync(p->site, b);
		return;
	}
	if (uid >= b->uidnext || (p->expected > 0 && uid >= p->base))
		take_new(p, fetch, uid);
	else
		take_flags(p, fetch, uid);
}

static void take_expunge(struct post *p, uint32_t num)
{
	struct box *b = p->home;
	uint32_t uid = 0;

	if (num == 0 || num > b->messages) {
		doubt(p);
		return;
	}
	b->messages--;
	if (num > b->messages + 1 - p->expected) { /* one that we have not seen */
		p->expected--;
		return;
	}
	if (p->mapped)
		uid = map_expunge(&p->map, num);
	if (uid != 0)
		event_message(p->site, b, WANT_GONE, uid, NULL, NULL);
	else if (p->site->watch->o.want & WANT_GONE)
		event_resync(p->site, b);
}

/* VANISHED (RFC 7162 section 3.2.10.2). More than there were is more than we believe. */
static void take_vanished(struct post *p, const char *text, size_t n)
{
	struct set_walk w = {text, n};
	struct box *b = p->home;
	uint32_t from, to;

	while (set_walk_next(&w, &from, &to) == 1) {
		uint32_t lo = from < to ? from : to, hi = from < to ? to : from;

		if (hi >= b->uidnext)
			hi = b->uidnext - 1;
		if (lo > hi)
			continue;
		if ((uint64_t)hi - lo + 1 > b->messages) {
			event_resync(p->site, b);
			doubt(p);
			return;
		}
		b->messages -= hi - lo + 1;
		for (uint32_t uid = lo; uid <= hi; uid++)
			event_message(p->site, b, WANT_GONE, uid, NULL, NULL);
	}
}

static void take_code(struct post *p, const struct event *ev)
{
	struct box *b = p->home;

	if (ev->code == CODE_HIGHESTMODSEQ && p->expected == 0 && ev->number > b->modseq) {
		b->modseq = ev->number;
		p->site->changed = true;
	}
	if (ev->code == CODE_UIDVALIDITY && ev->uidvalidity != b->uidvalidity)
		doubt(p);
}

static void take_home(struct post *p, const struct event *ev)
{
	p->stirred = p->stirred || ev->kind == EV_EXISTS || ev->kind == EV_FETCH;
	if (ev->kind != EV_STATUS)
		p->spurned = 0; /* there was a reason to end IDLE */
	switch (ev->kind) {
	case EV_EXISTS:
		take_exists(p, ev->num);
		break;
	case EV_FETCH:
		take_fetch(p, ev->num, &ev->fetch);
		break;
	case EV_EXPUNGE:
		take_expunge(p, ev->num);
		break;
	case EV_SET:
		if (ev->set.source == SET_VANISHED)
			take_vanished(p, ev->set.text, ev->set.len);
		break;
	case EV_STATUS:
		take_code(p, ev);
		break;
	default:
		break;
	}
}

/* ---- everything else */

static void take_mailbox_status(struct post *p, const struct status_event *e)
{
	struct box_status st = {.has = e->has,
	    .messages = e->messages,
	    .unseen = e->unseen,
	    .uidnext = e->uidnext,
	    .uidvalidity = e->uidvalidity,
	    .modseq = e->highestmodseq};
	struct site *s = p->site;
	char *name;
	struct box *b = site_box(s, e->mailbox, e->mailbox_len, &name);

	if (b == NULL && name != NULL && p->notify && s->listed && site_matches(s, name))
		s->relist = true; /* one that nobody told us of */
	if (b != NULL && !site_is_open(b)) {
		struct box before = *b;

		site_status(s, b, &st);
		if (b->dirty != before.dirty || b->fresh != before.fresh ||
		    b->uidnext != before.uidnext || b->messages != before.messages ||
		    b->modseq != before.modseq)
			p->stirred = p->untold = true;
	}
	free(name);
}

static void take_entries(struct site *s, const struct box *b, const struct node *first, bool pairs)
{
	for (const struct node *n = first; n != NULL; n = n->next) {
		event_mailbox(s, b, WANT_METADATA, "metadata", n->s);
		if (pairs && n->next != NULL)
			n = n->next;
	}
}

/* METADATA (RFC 5464 section 4.4): the mailbox, then names, or a list of names and values. "" is the server itself. */
static void take_metadata(struct post *p, const struct event *ev)
{
	const struct node *mailbox = ev->args, *rest = mailbox != NULL ? mailbox->next : NULL;
	struct box *b;
	char *name;

	if (rest == NULL)
		return;
	b = site_box(p->site, mailbox->s, mailbox->len, &name);
	free(name);
	if ((b == NULL && mailbox->len > 0) || (b != NULL && b->fresh))
		return;
	if (rest->kind == NODE_LIST)
		take_entries(p->site, b, rest->child, true);
	else
		take_entries(p->site, b, rest, false);
}

/* The server has stopped telling (RFC 5465 section 5.8). Once may happen; twice, and we do without. */
static void overflow(struct post *p)
{
	struct site *s = p->site;
	int64_t now = clock_awake();

	tool_note(s->watch->tool, "%s: NOTIFICATIONOVERFLOW", s->account.name);
	if (s->overflow_at != 0 && now - s->overflow_at < OVERFLOW_SPAN) {
		s->notify_off = true;
		p->notify = false;
	}
	s->overflow_at = now;
	s->relist = s->renotify = true;
}

/* The server ends IDLE of its own accord. One that does so at once, again and again, has none. */
static void take_idle_end(struct post *p, const struct event *ev)
{
	bool at_once = clock_awake() < p->idled_at + IDLE_LEAST;

	p->idling = false;
	p->spurned = at_once ? p->spurned + 1 : 0;
	if ((ev->cond != COND_OK && !p->confirmed) || p->spurned == SPURNED_MAX) {
		tool_note(p->site->watch->tool, "%s: the server refuses IDLE: %s",
		    p->site->account.name, ev->text);
		p->idle = false;
	}
}

/* The server's name for itself (RFC 2971), for what one is known for. */
static void take_id(struct post *p, const struct node *list)
{
	if (list != NULL && node_is(node_pair(list->child, "name"), "Dovecot"))
		p->site->deaf = true;
}

bool post_live_elsewhere(struct post *p, const struct event *ev)
{
	switch (ev->kind) {
	case EV_MAILBOX_STATUS:
		take_mailbox_status(p, &ev->status);
		return true;
	case EV_LIST:
		site_list_event(p, &ev->list);
		p->stirred = true;
		return true;
	case EV_METADATA:
		take_metadata(p, ev);
		return true;
	case EV_ID:
		take_id(p, ev->args);
		return true;
	case EV_CONTINUE:
		p->confirmed = p->idling;
		return true;
	case EV_TAGGED:
		if (p->idling && ev->num == p->idle_tag)
			take_idle_end(p, ev);
		return true;
	case EV_STATUS:
		if (ev->code == CODE_NOTIFICATIONOVERFLOW && p->notify)
			overflow(p);
		p->bye = p->bye || ev->cond == COND_BYE;
		if (ev->code == CODE_ALERT)
			tool_warn(p->site->watch->tool, "%s: %s", p->site->account.name, ev->text);
		return ev->code == CODE_NOTIFICATIONOVERFLOW || ev->code == CODE_ALERT;
	default:
		return false;
	}
}

void post_live(struct post *p, const struct event *ev)
{
	if (!post_live_elsewhere(p, ev) && p->opened && p->home != NULL)
		take_home(p, ev);
}
