/* watch_notify: NOTIFY SET (RFC 5465), as much of it as the server takes. */
#include <string.h>

#include "app/watch_impl.h"
#include "base/clock.h"

/* Servers refuse events that they do not know (BADEVENT), and not all say which they mean: fewer and fewer are asked for. */
enum {
	REFRESH_GAP = 1000, /* ms between two SETs */
	QUIET = 250,        /* ms without a word after which the server has finished */
	CLEAN_CHECKS = 5,   /* that find nothing, before there are half as many */
};

enum level { LEVEL_ALL, LEVEL_NO_METADATA, LEVEL_NAMES, LEVEL_MESSAGES, LEVEL_NONE };

static void put_message_events(struct imap_cmd *c, const struct site *s, bool selected)
{
	imap_atom(c, "MessageNew");
	if (selected) {
		imap_list(c);
		imap_atom(c, "UID");
		imap_atom(c, "FLAGS");
		if (s->watch->o.headers)
			imap_atom(c, "ENVELOPE");
		imap_list_end(c);
	}
	imap_atom(c, "MessageExpunge");
	if (s->watch->o.want & WANT_FLAGS)
		imap_atom(c, "FlagChange");
}

static void put_selected(struct imap_cmd *c, const struct site *s)
{
	imap_list(c);
	imap_atom(c, "SELECTED");
	imap_list(c);
	put_message_events(c, s, true);
	imap_list_end(c);
	imap_list_end(c);
}

/* The user's own mailboxes, new ones included. */
static void put_personal(struct imap_cmd *c, const struct site *s, int level, bool messages)
{
	bool names = (s->watch->o.want & WANT_MAILBOX) && level <= LEVEL_NAMES;
	bool metadata = (s->watch->o.want & WANT_METADATA) && level == LEVEL_ALL;

	/* Without the names, mailboxes that come into being would not be watched. */
	names = names || level <= LEVEL_NAMES;
	if (!messages && !names && !metadata)
		return;
	imap_list(c);
	imap_atom(c, "PERSONAL");
	imap_list(c);
	if (messages)
		put_message_events(c, s, false);
	if (names)
		imap_atom(c, "MailboxName");
	if ((s->watch->o.want & WANT_MAILBOX) && level <= LEVEL_NO_METADATA)
		imap_atom(c, "SubscriptionChange");
	if (metadata)
		imap_atom(c, "MailboxMetadataChange");
	imap_list_end(c);
	imap_list_end(c);
}

static void put_named(struct imap_cmd *c, const struct site *s, bool all)
{
	imap_list(c);
	imap_atom(c, "MAILBOXES");
	imap_list(c);
	for (size_t i = 0; i < s->boxes.n; i++)
		if (all || !s->boxes.box[i]->covered)
			imap_mailbox(c, s->boxes.box[i]->name);
	imap_list_end(c);
	imap_list(c);
	put_message_events(c, s, false);
	imap_list_end(c);
	imap_list_end(c);
}

static uint32_t send_none(struct post *p, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "NOTIFY");
	imap_atom(&c, "NONE");
	return imap_send(p->line->imap, &c, f);
}

/* `personal`: all of the user's own mailboxes; `named`: those (also) that are not covered, or with personal false all, by name. */
static uint32_t send_set(
    struct post *p, int level, bool personal, bool named, bool status, struct fault *f)
{
	const struct site *s = p->site;
	bool messages = (s->watch->o.want & WANT_MESSAGES) != 0;
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "NOTIFY");
	imap_atom(&c, "SET");
	if (messages && status)
		imap_atom(&c, "STATUS");
	if (messages)
		put_selected(&c, s);
	put_personal(&c, s, level, messages && personal);
	if (messages && named && s->boxes.n > 0)
		put_named(&c, s, !personal);
	return imap_send(p->line->imap, &c, f);
}

/* Many names make a long command, and some servers read only short ones. */
static bool names_are_few(const struct site *s)
{
	size_t octets = 0;

	for (size_t i = 0; i < s->boxes.n; i++)
		octets += strlen(s->boxes.box[i]->name) + 3;
	return octets <= NOTIFY_NAMES_MAX;
}

static size_t count_uncovered(const struct site *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->boxes.n; i++)
		n += !s->boxes.box[i]->covered && !s->boxes.box[i]->fresh &&
		    !site_is_open(s->boxes.box[i]);
	return n;
}

static void uncover(struct site *s)
{
	for (size_t i = 0; i < s->boxes.n; i++)
		s->boxes.box[i]->covered = false;
}

/* One try. 1 it is on, 0 refused, -1 the line is lost. */
static int try_set(struct post *p, int level, bool personal, bool named, struct fault *f)
{
	struct fault why = {0};
	struct event ev = {0};
	int r = 0;

	/* Dovecot 2.3 loses the events of some mailboxes when one SET follows another, and answers NONE late: one by one. */
	if (p->notified)
		r = post_finish(p, send_none(p, &why), NULL, &why);
	if (r == 0) {
		p->notify = false;
		r = post_finish(p, send_set(p, level, personal, named, true, &why), &ev, &why);
	}
	if (r == 0) {
		p->notify = p->notified = true;
		p->site->named = named;
		return 1;
	}
	tool_note(p->site->watch->tool, "%s: %s", p->site->account.name, why.msg);
	p->site->crowded = ev.kind == EV_TAGGED && ev.code == CODE_NOTIFICATIONOVERFLOW;
	if (imap_alive(p->line->imap) && why.cls != FAULT_TEMP && why.cls != FAULT_PROTOCOL)
		return 0;
	*f = why;
	return -1;
}

/* What is already covered stays so; the rest by name, once. */
static int cover_rest(struct post *p, int level, struct fault *f)
{
	struct site *s = p->site;
	int r = 1;

	if ((s->watch->o.want & WANT_MESSAGES) && count_uncovered(s) > 0 && names_are_few(s)) {
		r = try_set(p, level, true, true, f);
		if (r == 0)
			r = try_set(p, level, true, false, f);
	}
	return r;
}

int post_notify(struct post *p, struct fault *f)
{
	struct site *s = p->site;
	int r = 0;

	/* With all mailboxes wanted, new ones are, too: no name needs be sent. */
	s->personal =
	    s->personal || (s->keyword && s->account.mailboxes == NULL) || !names_are_few(s);
	if (s->level == LEVEL_ALL && (s->watch->o.want & WANT_METADATA) == 0)
		s->level++;
	for (; r == 0 && s->level < LEVEL_NONE; s->level += r == 0) {
		uncover(s);
		r = try_set(p, s->level, s->personal, !s->personal, f);
		/* Dovecot 2.3 takes a hundred names. */
		if (r == 0 && s->crowded && !s->personal) {
			s->personal = true;
			r = try_set(p, s->level, true, false, f);
		}
		if (r == 1 && s->personal)
			r = cover_rest(p, s->level, f);
	}
	if (r == 0)
		s->notify_off = true;
	s->uncovered = r == 1 && (s->watch->o.want & WANT_MESSAGES) && count_uncovered(s) > 0;
	if (s->uncovered)
		tool_note(s->watch->tool, "%s: %zu mailboxes are not covered by NOTIFY",
		    s->account.name, count_uncovered(s));
	return r == -1 ? -1 : 0;
}

/* ---- servers that go deaf */

int64_t post_check_due(const struct post *p)
{
	int64_t at = INT64_MAX;

	if (!p->notify || p->expected > 0)
		return at;
	if (p->check_at != 0)
		at = p->check_at;
	if (p->site->deaf && p->stirred && p->refresh_at < at)
		at = p->refresh_at;
	if (at < p->heard_at + QUIET)
		at = p->heard_at + QUIET;
	return at;
}

/* The answers to NONE and SET, in either order (Dovecot answers NONE late). 0: SET is on, 1: it is refused, -1. */
static int await_both(struct post *p, uint32_t none, uint32_t set, struct fault *f)
{
	struct event ev;
	int left = 2, r = 0;

	while (left > 0) {
		if (post_pull(p, &ev, f) == -1)
			return -1;
		if (ev.kind != EV_TAGGED) {
			post_live(p, &ev);
			continue;
		}
		left -= ev.num == none || ev.num == set;
		if (ev.num == set && ev.cond != COND_OK)
			r = 1;
	}
	return r;
}

/* NOOP for what was missed, and the same SET again, which listens anew: one right behind the other, so that nothing falls between. */
static int listen_anew(struct post *p, struct fault *f)
{
	struct site *s = p->site;
	struct imap_cmd c;
	uint32_t none, set = 0;
	int r;

	imap_cmd_init(&c, p->line->imap, "NOOP");
	if (imap_send(p->line->imap, &c, f) == 0 || (none = send_none(p, f)) == 0 ||
	    (set = send_set(p, s->level, s->personal, s->named, false, f)) == 0)
		return -1;
	r = await_both(p, none, set, f);
	p->stirred = false; /* by what the NOOP brought, too */
	p->refresh_at = clock_awake() + REFRESH_GAP;
	if (r == 1)
		s->renotify = true;
	return r == -1 ? -1 : 0;
}

static int look_for_untold(struct post *p, struct fault *f)
{
	struct imap_cmd c;
	int r;

	imap_cmd_init(&c, p->line->imap, "NOOP");
	p->checking = true;
	p->untold = false;
	r = post_finish(p, imap_send(p->line->imap, &c, f), NULL, f);
	p->checking = false;
	return r;
}

int post_check(struct post *p, struct fault *f)
{
	struct site *s = p->site;

	if (post_break(p, f) == -1)
		return -1;
	if (clock_awake() < p->check_at)
		return listen_anew(p, f);
	if (look_for_untold(p, f) == -1)
		return -1;
	if (p->untold) {
		tool_note(s->watch->tool, "%s: NOTIFY had gone deaf", s->account.name);
		s->deaf = true;
		p->clean = 0;
		p->check_every = s->watch->o.poll;
	} else if (++p->clean >= CLEAN_CHECKS && p->check_every < renewal_interval(&p->renewal)) {
		p->clean = 0;
		p->check_every *= 2;
	}
	p->check_at = clock_awake() + p->check_every;
	return s->deaf && p->stirred ? listen_anew(p, f) : 0;
}
