/* watch: the loop. */
#include "app/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/locate.h"
#include "app/watch_impl.h"
#include "base/clock.h"

enum { FDS_MAX = WATCH_SITES_MAX * POSTS_MAX + HOST_FDS + 1, ROUTE_WAIT = 500 };

struct watch *watch_new(struct tool *t, const struct watch_options *o, struct fault *f)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	w->tool = t;
	w->o = *o;
	watch_out_init(&w->out, t, o->out, o->command);
	if (host_init(&w->host, f) == -1) {
		free(w);
		return NULL;
	}
	return w;
}

void watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	host_tell(&w->host, "STOPPING=1");
	for (size_t i = 0; i < w->nsites; i++)
		site_free(w->site[i]);
	watch_out_free(&w->out);
	host_free(&w->host);
	free(w);
}

/* ---- what is to be watched */

static struct site *site_for(struct watch *w, const struct account *a, struct fault *f)
{
	struct site *s;

	for (size_t i = 0; i < w->nsites; i++)
		if (strcmp(w->site[i]->account.name, a->name) == 0)
			return w->site[i];
	if (w->nsites == WATCH_SITES_MAX) {
		fault_set(f, FAULT_USAGE, "more than %d accounts", WATCH_SITES_MAX);
		return NULL;
	}
	s = site_new(w, a, a->name, f);
	if (s != NULL)
		w->site[w->nsites++] = s;
	return s;
}

static int add_pattern(struct site *s, const char *pattern, struct fault *f)
{
	if (pattern == NULL || *pattern == '\0') {
		s->keyword = true;
		return 0;
	}
	if (s->npattern == WATCH_PATTERNS_MAX)
		return fault_set(f, FAULT_USAGE, "more than %d mailboxes or patterns of account %s",
		    WATCH_PATTERNS_MAX, s->account.name);
	/* INBOX has one spelling. */
	s->pattern[s->npattern] = strdup(strcasecmp(pattern, "INBOX") == 0 ? "INBOX" : pattern);
	if (s->pattern[s->npattern] == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	s->npattern++;
	return 0;
}

static int add_url(struct watch *w, const char *text, struct fault *f)
{
	const struct account *a;
	struct site *s;
	struct url u;
	int r = -1;

	if (locate(w->tool, text, &a, &u, f) == -1)
		return -1;
	s = site_for(w, a, f);
	if (u.uid != 0)
		fault_set(f, FAULT_USAGE, "a mailbox is watched, not a message: %s", text);
	else if (s != NULL)
		r = add_pattern(s, u.mailbox, f);
	url_free(&u);
	return r;
}

static int add_name(struct watch *w, const char *text, struct fault *f)
{
	const char *slash = strchr(text, '/');
	char *name = slash == NULL ? strdup(text) : strndup(text, (size_t)(slash - text));
	const struct account *a;
	struct site *s = NULL;

	if (name == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	if (w->tool->account != NULL && strcmp(w->tool->account, name) != 0)
		fault_set(f, FAULT_USAGE, "-a %s, but %s", w->tool->account, text);
	else if ((a = locate_account(w->tool, name, f)) != NULL)
		s = site_for(w, a, f);
	free(name);
	return s == NULL ? -1 : add_pattern(s, slash == NULL ? NULL : slash + 1, f);
}

int watch_add(struct watch *w, const char *text, struct fault *f)
{
	if (strncasecmp(text, "imap:", 5) == 0 || strncasecmp(text, "imaps:", 6) == 0)
		return add_url(w, text, f);
	return add_name(w, text, f);
}

/* ---- connections that are lost, and found again */

/* Whether it is worth trying again. Until an account was reached once only what may pass is; later, all but what only a person can put right. */
static bool is_hopeless(struct site *s, const struct fault *f)
{
	switch (f->cls) {
	case FAULT_TEMP:
		return false;
	case FAULT_AUTH:
		return !s->started || ++s->refused >= AUTH_TRIES;
	case FAULT_USAGE:
	case FAULT_CONFIG:
	case FAULT_BUG:
		return true;
	default:
		return !s->started;
	}
}

static int lose_post(struct post *p, struct fault *f)
{
	struct watch *w = p->site->watch;

	if (w->host.signal != 0) {
		post_close(p);
		return 0;
	}
	if (is_hopeless(p->site, f))
		return fault_while(f, "account %s", p->site->account.name);
	post_lost(p, f);
	return 0;
}

/* Before it waits in silence, what came about is told and kept. */
static int settle_accounts(struct watch *w, struct fault *f)
{
	bool lost = false;

	event_flush(w);
	if (watch_out_push(&w->out, f) == -1)
		return -1;
	if (!watch_out_is_empty(&w->out))
		return 0;
	for (size_t i = 0; i < w->nsites; i++) {
		struct site *s = w->site[i];

		lost = s->lost || s->any_lost || s->burst_at != 0;
		if (s->changed && !lost && watch_state_save(s, f) == -1)
			return -1;
	}
	return 0;
}

static int run_post(struct post *p, struct fault *f)
{
	int r = 0;

	if (p->line == NULL && clock_awake() >= p->retry_at)
		r = post_start(p, f);
	else if (p->line != NULL)
		r = post_work(p, f);
	return r == -1 ? lose_post(p, f) : 0;
}

static int run_site(struct site *s, struct fault *f)
{
	struct watch *w = s->watch;

	site_assign(s);
	for (size_t i = 0; i < s->nposts && w->host.signal == 0; i++)
		if (run_post(s->post[i], f) == -1 || settle_accounts(w, f) == -1)
			return -1;
	site_bury(s);
	site_assign(s);
	return 0;
}

/* ---- what the machine says */

/* After a sleep, or with another address, a line may look alive and be dead: it has to show that it lives, and at once. */
static int probe(struct post *p, bool slept, struct fault *f)
{
	int r = 0;

	if (p->line == NULL) {
		p->retry_at = clock_awake() + ROUTE_WAIT;
		p->pace.tries = p->pace.tries > 1 ? 1 : p->pace.tries;
		return 0;
	}
	if (!host_route_stands(imap_poll(p->line->imap).fd))
		r = fault_set(f, FAULT_TEMP, "the way to the server has changed");
	else if (slept && (post_renew(p, PROBE_LIMIT, f) == -1 || post_rest(p, f) == -1))
		r = -1;
	return r == -1 ? lose_post(p, f) : 0;
}

static int take_news(struct watch *w, struct fault *f)
{
	unsigned news = w->news | host_news(&w->host);

	w->news = 0;
	if (w->host.signal != 0 || (news & (HOST_SLEPT | HOST_ROUTES)) == 0)
		return 0;
	if (news & HOST_SLEPT)
		tool_note(w->tool, "the machine was suspended");
	for (size_t i = 0; i < w->nsites; i++)
		for (size_t k = 0; k < w->site[i]->nposts; k++)
			if (probe(w->site[i]->post[k], (news & HOST_SLEPT) != 0, f) == -1)
				return -1;
	return 0;
}

/* ---- waiting */

static void earlier(int64_t *at, int64_t other)
{
	if (other >= 0 && (*at < 0 || other < *at))
		*at = other;
}

/* A post that has something to do although nothing comes. One that was held by the reader may go on: whoever asks knows that the reader has caught up. */
static bool is_eager(const struct post *p)
{
	const struct site *s = p->site;

	return p->line != NULL &&
	    (imap_ready(p->line->imap) || p->bye || p->held ||
		(!post_hears_out(p) &&
		    (post_needs_look(p) || post_is_restless(p) ||
			(p->primary && (s->relist || (p->notify && s->renotify))))));
}

static int64_t next_deadline(struct watch *w)
{
	int64_t at = host_alive(&w->host);
	bool low = watch_queue_is_low(&w->out.queue);

	if (w->o.timeout > 0 && watch_out_is_empty(&w->out))
		earlier(&at, w->event_at + w->o.timeout);
	for (size_t i = 0; i < w->nsites; i++)
		for (size_t k = 0; k < w->site[i]->nposts; k++) {
			const struct post *p = w->site[i]->post[k];

			if (low || p->line == NULL)
				earlier(&at, is_eager(p) ? 0 : post_deadline(p));
			else
				earlier(&at, p->renew_at);
		}
	return at;
}

static nfds_t gather_fds(const struct watch *w, struct pollfd *fds)
{
	bool low = watch_queue_is_low(&w->out.queue);
	nfds_t n = HOST_FDS;

	host_poll(&w->host, fds);
	fds[n++] = watch_out_poll(&w->out);
	for (size_t i = 0; i < w->nsites; i++)
		for (size_t k = 0; k < w->site[i]->nposts; k++) {
			const struct post *p = w->site[i]->post[k];

			/* A slow reader makes the server wait, not us remember. */
			if (p->line != NULL && low)
				fds[n++] = imap_poll(p->line->imap);
		}
	return n;
}

static int wait_for_news(struct watch *w, struct pollfd *fds, struct fault *f)
{
	int64_t at = next_deadline(w), now = clock_awake();
	int timeout = at < 0       ? -1
	    : at <= now            ? 0
	    : at - now > INT32_MAX ? INT32_MAX
				   : (int)(at - now);
	nfds_t n = gather_fds(w, fds);

	if (poll(fds, n, timeout) == -1 && errno != EINTR)
		return fault_errno(f, FAULT_IO, "poll");
	if ((fds[HOST_FDS].revents & (POLLERR | POLLNVAL)) != 0)
		w->out.closed = true;
	return 0;
}

/* ---- the loop */

static void tell_ready(struct watch *w)
{
	char text[128];
	size_t boxes = 0, up = 0;

	for (size_t i = 0; i < w->nsites; i++) {
		boxes += w->site[i]->boxes.n;
		up += w->site[i]->started;
	}
	if (w->ready || up < w->nsites)
		return;
	w->ready = true;
	snprintf(text, sizeof(text), "READY=1\nSTATUS=watching %zu mailboxes of %zu accounts",
	    boxes, up);
	host_tell(&w->host, text);
}

/* 1 it goes on, 0 it is over, -1 for a reason. */
static int is_over(const struct watch *w, struct fault *f)
{
	if (w->host.signal != 0 || w->out.closed)
		return 0;
	if (w->o.once && w->events > 0 && watch_out_is_empty(&w->out))
		return 0;
	if (w->o.timeout == 0 || clock_awake() < w->event_at + w->o.timeout ||
	    !watch_out_is_empty(&w->out))
		return 1;
	if (w->events > 0)
		return 0;
	return fault_set(
	    f, FAULT_TEMP, "nothing came for %lld s", (long long)(w->o.timeout / 1000));
}

static int step(struct watch *w, struct pollfd *fds, struct fault *f)
{
	int r;

	if (take_news(w, f) == -1)
		return -1;
	for (size_t i = 0; i < w->nsites && w->host.signal == 0; i++)
		if (run_site(w->site[i], f) == -1)
			return -1;
	tell_ready(w);
	if (settle_accounts(w, f) == -1)
		return -1;
	r = is_over(w, f);
	return r != 1 ? r : wait_for_news(w, fds, f) == -1 ? -1 : 1;
}

static int begin(struct watch *w, struct fault *f)
{
	for (size_t i = 0; w->o.resume != NULL && i < w->nsites; i++)
		if (watch_state_open(w->site[i], w->o.resume, f) == -1)
			return -1;
	w->event_at = clock_awake();
	return 0;
}

int watch_run(struct watch *w, int *signal, struct fault *f)
{
	struct pollfd *fds = calloc(FDS_MAX, sizeof(*fds));
	int r = fds == NULL ? fault_set(f, FAULT_TEMP, "out of memory") : begin(w, f);

	if (r == 0)
		do
			r = step(w, fds, f);
		while (r == 1);
	free(fds);
	*signal = w->host.signal;
	return r;
}
