/* watch_list: the mailboxes that there are, and how they are. */
#include <stdlib.h>
#include <string.h>

#include "app/watch_impl.h"
#include "base/clock.h"

enum {
	ASKED = STATUS_MESSAGES | STATUS_UNSEEN | STATUS_UIDNEXT | STATUS_UIDVALIDITY |
	    STATUS_HIGHESTMODSEQ,
	NEEDED = STATUS_MESSAGES | STATUS_UIDNEXT | STATUS_UIDVALIDITY,
	ASK_BATCH = 64, /* STATUS commands in one flight */
};

/* The first list of all: that is how it was when we came. */
static void take_first(struct site *s, const struct mailbox_entry *e, const struct box_status *st)
{
	struct box *b = boxes_add(&s->boxes, e->name);

	if (b == NULL) {
		tool_warn(s->watch->tool, "account %s: no room for another mailbox: %s",
		    s->account.name, e->name);
		return;
	}
	b->generation = s->generation;
	box_take(b, st);
	s->changed = true;
}

static void show(struct site *s, struct box *b, const struct box_status *st)
{
	struct box now = *b;

	box_take(&now, st);
	event_status(s, &now);
}

static void take_entry(struct site *s, const struct mailbox_entry *e)
{
	struct box_status st = {.has = e->has,
	    .messages = e->messages,
	    .unseen = e->unseen,
	    .uidnext = e->uidnext,
	    .uidvalidity = e->uidvalidity,
	    .modseq = e->highestmodseq};
	struct box *b = boxes_find(&s->boxes, e->name);

	if (e->delimiter != '\0')
		s->delimiter = e->delimiter;
	if ((e->bad & NAME_UNUSABLE) || (e->attributes & (LIST_NOSELECT | LIST_NONEXISTENT)) ||
	    !site_matches(s, e->name))
		return;
	if (b != NULL)
		b->generation = s->generation;
	if ((e->has & NEEDED) != NEEDED || e->uidvalidity == 0 || e->uidnext == 0) {
		tool_note(s->watch->tool, "%s/%s cannot be watched: %s", s->account.name, e->name,
		    e->refusal != NULL ? e->refusal : "no STATUS");
		return;
	}
	if (b == NULL && !s->listed)
		take_first(s, e, &st);
	else if (b == NULL)
		s->unnamed = site_new_box(s, e->name) != NULL || s->unnamed;
	b = boxes_find(&s->boxes, e->name);
	if (b == NULL)
		return;
	b->subscribed = (e->attributes & LIST_SUBSCRIBED) != 0;
	if (s->watch->o.status && !s->shown)
		show(s, b, &st);
	/* Who has it open hears of it there. */
	if (s->listed && !site_is_open(b))
		site_status(s, b, &st);
}

/* Those that the list did not name are gone. A list of nothing at all is a server in trouble. */
static void sweep(struct site *s, size_t seen)
{
	if (seen == 0 && s->boxes.n > 0) {
		tool_warn(s->watch->tool, "account %s: the server lists no mailbox: not believed",
		    s->account.name);
		return;
	}
	for (size_t i = s->boxes.n; i-- > 0;) {
		struct box *b = s->boxes.box[i];

		if (b->generation != s->generation)
			site_gone(s, b);
	}
}

/* The events of the flight, ours and others'. */
static int pull_list(struct post *p, struct mailboxes *m, size_t *seen, struct fault *f)
{
	const struct mailbox_entry *e;
	struct event ev;
	int r;

	for (;;) {
		while ((e = mailboxes_pop(m)) != NULL) {
			(*seen)++;
			take_entry(p->site, e);
		}
		if (mailboxes_done(m))
			return 0;
		if (post_pull(p, &ev, f) == -1)
			return -1;
		r = mailboxes_event(m, &ev, f);
		if (r == -1)
			return -1;
		if (r == 0)
			post_live(p, &ev);
	}
}

int post_list(struct post *p, struct fault *f)
{
	struct site *s = p->site;
	const char *pattern[WATCH_PATTERNS_MAX];
	struct mailboxes_query q = {.pattern = pattern, .status = ASKED, .subscribed = true};
	struct mailboxes *m;
	size_t seen = 0;
	int r;

	for (size_t i = 0; !s->keyword && i < s->npattern; i++)
		pattern[q.npattern++] = s->pattern[i];
	m = mailboxes_send(p->line->imap, &q, f);
	if (m == NULL)
		return -1;
	s->generation++;
	r = pull_list(p, m, &seen, f);
	if (r == 0)
		r = mailboxes_result(m, f);
	mailboxes_free(m);
	if (r == -1)
		return -1;
	sweep(s, seen);
	s->listed = s->shown = true;
	return 0;
}

/* The answers of one flight: only what is shown of them counts, for what is told has its own ways. */
static void note_numbers(struct site *s, const struct event *ev)
{
	char *name;
	struct box *b = site_box(s, ev->status.mailbox, ev->status.mailbox_len, &name);

	if (b != NULL && (ev->status.has & STATUS_UNSEEN)) {
		b->unseen = ev->status.unseen;
		b->unseen_known = true;
	}
	free(name);
}

static int pull_numbers(struct post *p, size_t left, struct fault *f)
{
	struct event ev;

	while (left > 0) {
		if (post_pull(p, &ev, f) == -1)
			return -1;
		if (ev.kind == EV_TAGGED) {
			left--;
			continue;
		}
		post_live(p, &ev);
		if (ev.kind == EV_MAILBOX_STATUS)
			note_numbers(p->site, &ev);
	}
	return 0;
}

int post_ask(struct post *p, struct fault *f)
{
	struct site *s = p->site;
	size_t sent = 0;

	for (size_t i = 0; i < s->boxes.n; i++) {
		const struct box *b = s->boxes.box[i];

		if (!b->burst || b->lost)
			continue;
		if (sent == 0 && post_break(p, f) == -1)
			return -1;
		if (post_send_status(p, b, f) == 0)
			return -1;
		if (++sent == ASK_BATCH) {
			if (pull_numbers(p, sent, f) == -1)
				return -1;
			sent = 0;
		}
	}
	return pull_numbers(p, sent, f);
}
