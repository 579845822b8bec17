/* watch_post: one connection: how it comes about, waits, is shown to be alive, and is lost. */
#include <stdlib.h>
#include <string.h>

#include "app/watch_impl.h"
#include "base/clock.h"

enum {
	SLICE = 250,      /* ms between looks at whether to stop, while an answer is waited for */
	LAST_WORDS = 300, /* ms for the answer to DONE when we leave */
};

/* ---- answers */

/* What stops us while we wait; at the same time our own sign of life, and what a reader can take. */
static bool is_stopped(struct watch *w)
{
	struct fault ignored; /* it comes again */

	watch_out_push(&w->out, &ignored);
	w->news |= host_news(&w->host);
	host_alive(&w->host);
	return w->host.signal != 0;
}

int post_pull(struct post *p, struct event *ev, struct fault *f)
{
	struct imap *imap = p->line->imap;
	struct chan_stats before = imap_stats(imap);
	int64_t since = clock_awake();

	for (;;) {
		int r = imap_next(imap, SLICE, ev, f);

		if (r != 0)
			return r;
		struct chan_stats now = imap_stats(imap);
		if (now.up != before.up || now.down != before.down) {
			before = now;
			since = clock_awake();
		}
		if (is_stopped(p->site->watch))
			return fault_set(f, FAULT_TEMP, "stopped by a signal");
		if (clock_awake() - since > p->limit)
			return fault_set(f, FAULT_TEMP, "no answer from the server for %d s",
			    (p->limit + 999) / 1000);
	}
}

int post_finish(struct post *p, uint32_t tag, struct event *ev, struct fault *f)
{
	struct event own;

	if (tag == 0)
		return -1;
	if (ev == NULL)
		ev = &own;
	for (;;) {
		if (post_pull(p, ev, f) == -1) {
			ev->kind = EV_NONE;
			return -1;
		}
		if (ev->kind == EV_TAGGED && ev->num == tag)
			return ev->cond == COND_OK ? 0 : imap_refusal(ev, ev->name, f);
		post_live(p, ev);
	}
}

/* ---- IDLE */

static int await_idle(struct post *p, struct fault *f)
{
	struct event ev;

	while (p->idling && !p->confirmed) {
		if (post_pull(p, &ev, f) == -1)
			return -1;
		post_live(p, &ev);
	}
	return 0;
}

int post_break(struct post *p, struct fault *f)
{
	int r;

	if (await_idle(p, f) == -1)
		return -1;
	if (!p->idling)
		return 0;
	p->idling = false;
	p->spurned = 0;
	if (imap_done(p->line->imap, f) == -1)
		return -1;
	r = post_finish(p, p->idle_tag, NULL, f);
	return r == -1 && imap_alive(p->line->imap) && f->cls != FAULT_TEMP ? 0 : r;
}

/* What is queued goes out only while events are pulled. What comes meanwhile is taken; what follows from it is done on the next occasion. */
static int send_off(struct post *p, struct fault *f)
{
	struct event ev;
	int r;

	while ((r = imap_next(p->line->imap, 0, &ev, f)) == 1)
		post_live(p, &ev);
	return r;
}

bool post_is_restless(const struct post *p)
{
	return p->idle && !p->idling && (p->home != NULL || p->notify);
}

int post_rest(struct post *p, struct fault *f)
{
	int64_t now = clock_awake();

	p->limit = p->site->account.timeout * 1000;
	if (p->idling)
		return 0;
	if (now >= p->renew_at)
		p->renew_at = now + renewal_interval(&p->renewal);
	if (!post_is_restless(p))
		return 0;
	p->renew_at = now + renewal_interval(&p->renewal);
	p->idled_at = now;
	p->idle_tag = imap_idle(p->line->imap, f);
	p->idling = p->idle_tag != 0;
	p->confirmed = false;
	return p->idling ? send_off(p, f) : -1;
}

/* ---- how it begins */

static int enable(struct post *p, struct fault *f)
{
	struct imap *imap = p->line->imap;
	struct imap_cmd c;
	uint32_t tag;

	if (imap_has(imap, "ID") && imap_has(imap, "NOTIFY")) {
		imap_cmd_init(&c, imap, "ID");
		imap_atom(&c, "NIL");
		if (imap_send(imap, &c, f) == 0)
			return -1;
	}
	p->qresync = imap_has(imap, "QRESYNC");
	p->condstore = p->qresync || imap_has(imap, "CONDSTORE");
	p->idle = imap_has(imap, "IDLE");
	if (!p->condstore || !imap_has(imap, "ENABLE")) {
		p->qresync = false;
		return 0;
	}
	imap_cmd_init(&c, imap, "ENABLE");
	imap_atom(&c, p->qresync ? "QRESYNC" : "CONDSTORE");
	tag = imap_send(imap, &c, f);
	if (post_finish(p, tag, NULL, f) == 0)
		return 0;
	p->qresync = false;
	return imap_alive(imap) ? 0 : -1;
}

static void choose_rung(struct post *p)
{
	static const char *const how[] = {[RUNG_NONE] = "",
	    [RUNG_NOTIFY] = "NOTIFY: one connection for all",
	    [RUNG_IDLE] =
		"IDLE: a connection for each of the first, a LIST now and then for others",
	    [RUNG_POLL] = "NOOP and LIST now and then"};
	struct site *s = p->site;
	enum rung rung = p->notify ? RUNG_NOTIFY : p->idle ? RUNG_IDLE : RUNG_POLL;

	if (rung != s->rung)
		tool_note(s->watch->tool, "%s: %zu mailboxes, %s%s", s->account.name, s->boxes.n,
		    how[rung],
		    p->qresync         ? "; QRESYNC"
			: p->condstore ? "; CONDSTORE"
				       : "; no mod-sequences");
	s->rung = rung;
}

/* The first connection of an account: what there is, NOTIFY if it may be, what happened in the meantime. */
static int begin_primary(struct post *p, struct fault *f)
{
	struct site *s = p->site;

	p->notify = false;
	if (post_list(p, f) == -1)
		return -1;
	if (imap_has(p->line->imap, "NOTIFY") && !s->notify_off && post_notify(p, f) == -1)
		return -1;
	choose_rung(p);
	site_assign(s);
	return 0;
}

static int begin(struct post *p, struct fault *f)
{
	if (enable(p, f) == -1 || (p->primary && begin_primary(p, f) == -1) ||
	    post_look(p, f) == -1)
		return -1;
	p->site->started = true; /* whatever becomes of this line */
	if (post_rest(p, f) == -1)
		return -1;
	p->poll_at = clock_awake() + p->site->watch->o.poll;
	p->check_every = p->site->watch->o.poll;
	p->check_at = p->idle ? p->poll_at : 0;
	p->clean = 0;
	p->refresh_at = 0;
	p->stirred = p->site->deaf; /* what came before IDLE began may not be told, either */
	return 0;
}

/* While we connect we cannot be asked to stop, so a signal ends us at once. */
static int dial(struct post *p, struct fault *f)
{
	struct watch *w = p->site->watch;
	int fd;

	host_mortal(&w->host, true);
	p->line = imap_line_open(w->tool, &p->site->account, false, f);
	host_mortal(&w->host, false);
	host_alive(&w->host);
	if (p->line == NULL)
		return -1;
	fd = imap_poll(p->line->imap).fd;
	if (p->site->account.tunnel == NULL)
		host_keepalive(fd);
	return 0;
}

int post_start(struct post *p, struct fault *f)
{
	p->opened = p->mapped = p->idling = p->bye = p->notified = p->held = false;
	p->expected = 0;
	p->spurned = 0;
	p->opened_at = p->retry_at = p->settle_at = p->renew_at = 0;
	p->limit = p->site->account.timeout * 1000;
	if (dial(p, f) == -1)
		return -1;
	p->site->refused = 0;
	p->opened_at = p->heard_at = clock_awake();
	return begin(p, f);
}

/* ---- how it goes on */

int post_renew(struct post *p, int limit, struct fault *f)
{
	struct imap_cmd c;
	bool idling = p->idling;

	p->limit = limit;
	if (post_break(p, f) == -1)
		return -1;
	if (!idling) {
		imap_cmd_init(&c, p->line->imap, "NOOP");
		if (post_finish(p, imap_send(p->line->imap, &c, f), NULL, f) == -1 &&
		    (!imap_alive(p->line->imap) || f->cls == FAULT_TEMP))
			return -1;
	}
	renewal_answered(&p->renewal);
	p->heard_at = clock_awake();
	return 0;
}

/* Nobody tells us of some mailboxes, or of new ones: a LIST has to. */
static bool needs_list(const struct post *p)
{
	const struct site *s = p->site;

	if (!p->primary)
		return false;
	if (p->notify)
		return s->uncovered;
	for (size_t i = 0; i < s->npattern; i++)
		if (strpbrk(s->pattern[i], "*%") != NULL)
			return true;
	for (size_t i = 0; i < s->boxes.n; i++)
		if (s->boxes.box[i]->owner == NULL)
			return true;
	return s->keyword || s->boxes.n == 0;
}

/* When something is due that happens now and then. */
static bool needs_poll(const struct post *p)
{
	return p->poll_at != 0 && (needs_list(p) || (!p->notify && !p->idle));
}

/* Everything that is due. */
static int catch_up(struct post *p, struct fault *f)
{
	struct site *s = p->site;
	int64_t now = clock_awake();
	bool poll = p->poll_at != 0 && now >= p->poll_at && needs_poll(p);

	if (now >= p->renew_at && p->notify)
		s->relist = true; /* as much as the server knows, whatever it told */
	if (now >= p->renew_at || (poll && !p->idle && p->opened)) {
		if (post_renew(p, s->account.timeout * 1000, f) == -1)
			return -1;
	}
	if (poll)
		p->poll_at = now + s->watch->o.poll;
	if (p->primary && ((poll && needs_list(p)) || s->relist)) {
		s->relist = false;
		if (post_break(p, f) == -1 || post_list(p, f) == -1)
			return -1;
	}
	if (p->notify && (s->renotify || (s->unnamed && !s->personal))) {
		if (post_break(p, f) == -1 || post_notify(p, f) == -1)
			return -1;
	}
	if (p->primary) {
		s->renotify = s->unnamed = false;
		if (s->rung == RUNG_NOTIFY && !p->notify)
			choose_rung(p);
	}
	if (post_look(p, f) == -1)
		return -1;
	if (clock_awake() >= post_check_due(p) && post_check(p, f) == -1)
		return -1;
	if (p->primary && s->burst_at != 0 && clock_awake() >= s->burst_at) {
		if (post_ask(p, f) == -1)
			return -1;
		event_burst(s);
	}
	return post_rest(p, f);
}

bool post_hears_out(const struct post *p)
{
	int64_t now = clock_awake();

	return now < p->renew_at &&
	    (p->held || (p->notify && p->expected > 0 && now < p->settle_at));
}

int post_work(struct post *p, struct fault *f)
{
	struct event ev;
	int r = 0;

	/* What is to follow could not come while nothing was read. */
	if (p->held && p->settle_at != 0)
		p->settle_at = clock_awake() + SETTLE_NEXT;
	while (watch_queue_is_low(&p->site->watch->out.queue) &&
	    (r = imap_next(p->line->imap, 0, &ev, f)) == 1) {
		p->heard_at = clock_awake();
		post_live(p, &ev);
	}
	if (r == -1)
		return -1;
	if (p->bye)
		return fault_set(f, FAULT_TEMP, "the server says goodbye");
	p->held = !watch_queue_is_low(&p->site->watch->out.queue);
	return post_hears_out(p) ? 0 : catch_up(p, f);
}

int64_t post_deadline(const struct post *p)
{
	int64_t at = p->line == NULL ? p->retry_at : p->renew_at;

	if (p->line == NULL)
		return at;
	if (post_hears_out(p))
		return p->settle_at != 0 && p->settle_at < at ? p->settle_at : at;
	if (p->poll_at < at && needs_poll(p))
		at = p->poll_at;
	if (post_check_due(p) < at)
		at = post_check_due(p);
	if (p->settle_at != 0 && p->settle_at < at)
		at = p->settle_at;
	if (p->primary && p->site->burst_at != 0 && p->site->burst_at < at)
		at = p->site->burst_at;
	return at;
}

/* ---- how it ends */

/* A line that is closed with octets unread may take our last words with it. */
static void leave_idle(struct post *p)
{
	struct imap *imap = p->line->imap;
	struct fault ignored;
	struct event ev;

	if (!p->idling || !p->confirmed || !imap_alive(imap) || imap_done(imap, &ignored) == -1)
		return;
	while (imap_next(imap, LAST_WORDS, &ev, &ignored) == 1)
		if (ev.kind == EV_TAGGED && ev.num == p->idle_tag)
			return;
}

void post_close(struct post *p)
{
	if (p->line == NULL)
		return;
	leave_idle(p);
	imap_line_close(p->line);
	p->line = NULL;
	p->opened = p->mapped = p->idling = p->notify = false;
}

void post_lost(struct post *p, const struct fault *f)
{
	struct site *s = p->site;
	int64_t now = clock_awake(), wait, stood = -1;

	if (p->opened_at != 0) {
		stood = now - p->opened_at;
		renewal_lost(&p->renewal, now - p->heard_at);
	}
	wait = pace_lost(&p->pace, stood, arc4random());
	p->retry_at = now + wait;
	post_close(p);
	if (p->primary && p->pace.tries == 2)
		tool_warn(s->watch->tool, "account %s: %s; trying again", s->account.name, f->msg);
	else
		tool_note(s->watch->tool, "account %s: %s; trying again in %lld s", s->account.name,
		    f->msg, (long long)(wait + 999) / 1000);
}
