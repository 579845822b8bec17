/*
 * search_follow: the result of one mailbox, kept up to date: by CONTEXT (RFC 5267), else by searching again when the mailbox changes
 * and telling the difference. IDLE brings the news where there is IDLE, else NOOP at intervals.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/search_diff.h"
#include "app/search_impl.h"
#include "wire/net.h"

enum {
	QUIET = 20,              /* ms without an event: what is pending goes out */
	PATIENCE = 1000,         /* ms after which it goes out, quiet or not */
	RENEWAL = 9 * 60 * 1000, /* ms of one IDLE: RFC 2177 wants less than 29 minutes */
	SLICE = 300,             /* ms between looks at whether to stop */
	EVENTS_MAX = 4096,       /* heard in a row */
	MARK_NEW = 0,
	MARK_GONE = 1,
};

struct follow {
	struct search *s;
	struct imap_line *l;
	struct search_target *t;
	struct search_plan plan;
	struct search_printer enter, leave;
	struct spool spool[2]; /* what is still to be told, in its order; the other is being told */
	int filling;
	bool context;             /* the server says what enters and leaves; else: */
	char tag[SEARCH_TAG_MAX]; /* of the search that it does that for */
	struct set known;         /* the result as told */
	size_t ranges;            /* of it at most */
	bool dirty;               /* the mailbox changed since */
	int64_t since;            /* when the first thing that is to be told came; 0: nothing is */
	int64_t look;             /* when to look anyway */
	int64_t heard;            /* when the last event came */
	int64_t renewal;          /* when IDLE has lasted enough */
	bool can_idle;
	uint32_t idle; /* its tag; 0: not */
	bool idling;   /* "+" came */
};

/* ---- what the server says */

static struct spool *pending(struct follow *w)
{
	return &w->spool[w->filling];
}

static void note_since(struct follow *w)
{
	if (w->since == 0)
		w->since = net_now();
}

static int hear_set(struct follow *w, const struct set_event *e, struct fault *f)
{
	struct set_walk walk = {e->text, e->len};
	uint32_t lo, hi;
	uint32_t mark = e->source == SET_ESEARCH_ADDTO ? MARK_NEW : MARK_GONE;

	if ((e->source != SET_ESEARCH_ADDTO && e->source != SET_ESEARCH_REMOVEFROM) ||
	    !w->context || e->tag == NULL || strcmp(e->tag, w->tag) != 0)
		return 0;
	if (!e->uid)
		return fault_set(
		    f, FAULT_PROTOCOL, "ESEARCH without UID where UIDs were asked for");
	note_since(w);
	while (set_walk_next(&walk, &lo, &hi) == 1)
		if (spool_put(pending(w), lo < hi ? lo : hi, lo < hi ? hi : lo, mark, f) == -1)
			return -1;
	return 0;
}

static void hear_change(struct follow *w)
{
	if (w->context)
		return;
	w->dirty = true;
	note_since(w);
}

static int hear(struct follow *w, const struct event *ev, struct fault *f)
{
	switch (ev->kind) {
	case EV_SET:
		return hear_set(w, &ev->set, f);
	case EV_EXISTS:
	case EV_EXPUNGE:
	case EV_VANISHED:
	case EV_FETCH:
		hear_change(w);
		return 0;
	case EV_STATUS:
		if (ev->code == CODE_NOUPDATE && w->context)
			return fault_set(f, FAULT_TEMP,
			    "the server does not keep the result up to date any more");
		return 0;
	case EV_CONTINUE:
		w->idling = w->idle != 0;
		return 0;
	case EV_TAGGED:
		if (ev->num == w->idle)
			w->idle = 0;
		return 0;
	default:
		return 0;
	}
}

/* Pulls until the command is done, hearing what comes. */
static int hear_until(struct follow *w, uint32_t tag, struct fault *f)
{
	struct event ev;
	int r;

	while ((r = imap_until(w->l->imap, tag, &ev, f)) == 1)
		if (hear(w, &ev, f) == -1)
			return -1;
	return r;
}

/* ---- IDLE */

static int idle_begin(struct follow *w, struct fault *f)
{
	if (!w->can_idle || w->idle != 0)
		return 0;
	w->idling = false;
	w->renewal = net_now() + RENEWAL;
	w->idle = imap_idle(w->l->imap, f);
	return w->idle == 0 ? -1 : 0;
}

/* A server that does not want to idle, though it offered to, is asked at intervals. */
static int idle_refused(struct follow *w, struct fault *f)
{
	if (!imap_alive(w->l->imap))
		return -1;
	tool_note(w->s->tool, "search: %s: looking every %d s", f->msg, w->s->request->interval);
	w->can_idle = false;
	w->idle = 0;
	return 0;
}

static int idle_end(struct follow *w, struct fault *f)
{
	struct event ev;
	uint32_t tag = w->idle;
	int r = 0;

	if (tag == 0)
		return 0;
	while (r != -1 && !w->idling && w->idle != 0) {
		r = imap_until(w->l->imap, tag, &ev, f);
		if (r == 0)
			w->idle = 0;
		if (r == 1 && hear(w, &ev, f) == -1)
			return -1;
	}
	if (r == -1)
		return idle_refused(w, f);
	if (w->idle == 0)
		return 0;
	w->idle = 0;
	if (imap_done(w->l->imap, f) == -1)
		return -1;
	return hear_until(w, tag, f);
}

/* ---- telling */

static int fetch(struct follow *w, struct buf *set, struct fault *f)
{
	struct event ev;
	uint32_t tag;
	int r;

	if (set->len == 0)
		return 0;
	tag = search_fields_send(w->s, w->l->imap, buf_str(set), f);
	buf_reset(set);
	if (tag == 0)
		return -1;
	while ((r = imap_until(w->l->imap, tag, &ev, f)) == 1) {
		int taken = search_fields_take(&w->enter, &ev, f);

		if (taken == -1 || (taken == 0 && hear(w, &ev, f) == -1))
			return -1;
	}
	return r;
}

/* One range; those that enter are gathered in `set` where they have fields. */
static int tell_range(
    struct follow *w, const struct spool_range *r, struct buf *set, struct fault *f)
{
	if (r->mark == MARK_NEW && w->s->request->nfield == 0)
		return search_print_range(&w->enter, r->lo, r->hi, f);
	if (r->mark == MARK_NEW) {
		search_put_range(set, r->lo, r->hi);
		return set->len < SEARCH_CHUNK_RANGES * 20 ? 0 : fetch(w, set, f);
	}
	return fetch(w, set, f) == -1 ? -1 : search_print_range(&w->leave, r->lo, r->hi, f);
}

static int flush(struct follow *w, struct fault *f)
{
	int r = tool_flush(w->s->out, f);

	w->s->closed = w->s->closed || (r == -1 && errno == EPIPE);
	return r;
}

/* All that is pending. What comes meanwhile is pending for the next time. */
static int tell(struct follow *w, struct fault *f)
{
	struct spool *told = pending(w);
	struct spool_range range;
	struct buf set;
	int r;

	if (told->n == 0)
		return flush(w, f);
	if (w->s->request->nfield > 0 && idle_end(w, f) == -1)
		return -1;
	w->filling = !w->filling;
	buf_init(&set, SEARCH_CHUNK_RANGES * 22);
	while ((r = spool_next(told, &range, f)) == 1 && (r = tell_range(w, &range, &set, f)) == 0)
		continue;
	if (r == 0)
		r = fetch(w, &set, f);
	buf_free(&set);
	spool_reset(told);
	return r == -1 ? -1 : flush(w, f);
}

/* ---- searching */

static int too_scattered(const struct follow *w, struct fault *f)
{
	return fault_set(f, FAULT_REFUSED,
	    "a result of more than %zu ranges can be followed only by CONTEXT, and the server does not do that",
	    w->ranges);
}

/* The search: prints or puts by what `use` says, and fills `all`. */
static int search_into(struct follow *w, struct search_result *r, uint32_t tag, struct fault *f)
{
	struct event ev;
	int more;

	search_tag(tag, w->tag);
	while ((more = imap_until(w->l->imap, tag, &ev, f)) == 1)
		if (search_result_take(r, w->tag, &w->plan, &ev, f) == -1 ||
		    (ev.kind != EV_STATUS && hear(w, &ev, f) == -1))
			return -1;
	return more;
}

static int put_difference(
    struct follow *w, const struct set *a, const struct set *b, uint32_t mark, struct fault *f)
{
	struct search_diff d;
	uint32_t lo, hi;

	search_diff_init(&d, a, b);
	while (search_diff_next(&d, &lo, &hi))
		if (spool_put(pending(w), lo, hi, mark, f) == -1)
			return -1;
	return 0;
}

static int take_difference(struct follow *w, struct set *now, struct fault *f)
{
	if (put_difference(w, &w->known, now, MARK_GONE, f) == -1 ||
	    put_difference(w, now, &w->known, MARK_NEW, f) == -1)
		return -1;
	set_free(&w->known);
	w->known = *now;
	set_init(now, w->ranges);
	return 0;
}

/* The search again, and what is different. */
static int search_again(struct follow *w, struct fault *f)
{
	const struct search_slice none = {0};
	struct search_result r;
	struct set now;
	uint32_t tag = search_send(w->s, w->l->imap, &w->plan, SEARCH_ALL, &none, f);
	int result;

	if (tag == 0)
		return -1;
	/* News that come with the answer may have come behind the search: they make another one necessary. */
	w->dirty = false;
	set_init(&now, w->ranges);
	search_result_init(&r, SEARCH_USE_NOTHING);
	r.all = &now;
	result = search_into(w, &r, tag, f);
	if (result == 0)
		result = r.overflow ? too_scattered(w, f) : take_difference(w, &now, f);
	set_free(&now);
	return result;
}

/* Where nothing tells of news, NOOP does: its answer has to be seen first, as servers may run what is behind it before it. */
static int look(struct follow *w, struct fault *f)
{
	struct imap_cmd c;
	uint32_t tag;

	if (idle_end(w, f) == -1)
		return -1;
	if (!w->can_idle) {
		imap_cmd_init(&c, w->l->imap, "NOOP");
		tag = imap_send(w->l->imap, &c, f);
		if (tag == 0 || hear_until(w, tag, f) == -1)
			return -1;
	}
	if (w->context || !(w->dirty || w->s->request->keys->ages))
		return 0;
	return search_again(w, f);
}

/* Opens the mailbox and searches in one flight; what is found is printed or pending. */
static int first(struct follow *w, struct fault *f)
{
	struct url *u = &w->t->url;
	const struct search_slice none = {0};
	struct search_result r;
	uint32_t opening, tag;

	if (imap_line_select_begin(w->l, u->mailbox, true, u->uidvalidity, &opening, f) == -1 ||
	    (tag = search_send(w->s, w->l->imap, &w->plan, SEARCH_ALL, &none, f)) == 0 ||
	    imap_line_select_end(w->l, u->mailbox, true, u->uidvalidity, opening, f) == -1)
		return -1;
	u->uidvalidity = w->l->mailbox.uidvalidity;
	if (search_printer_mailbox(&w->enter, u, f) == -1 ||
	    search_printer_mailbox(&w->leave, u, f) == -1)
		return -1;
	search_result_init(&r, w->s->request->nfield > 0 ? SEARCH_USE_SPOOL : SEARCH_USE_PRINT);
	r.printer = &w->enter;
	r.spool = pending(w);
	r.all = &w->known;
	w->context = w->plan.update;
	if (search_into(w, &r, tag, f) == -1)
		return -1;
	w->context = w->context && !r.refused_update;
	if (r.refused_update)
		tool_note(w->s->tool,
		    "search: the server does not keep the result up to date (NOUPDATE)");
	w->plan.update = false;
	if (w->context)
		set_free(&w->known);
	else if (r.overflow)
		return too_scattered(w, f);
	return 0;
}

/* ---- from step to step */

static bool looks_at_intervals(const struct follow *w)
{
	return !w->can_idle || w->s->request->keys->ages;
}

/* What time or news make necessary. */
static int work(struct follow *w, struct fault *f)
{
	int64_t now = net_now();
	bool quiet = now - w->heard >= QUIET;
	bool due = w->since != 0 && (quiet || now - w->since > PATIENCE);
	bool hour = looks_at_intervals(w) && now >= w->look;

	if (due || hour)
		w->since = 0;
	if ((hour || (due && w->dirty)) && look(w, f) == -1)
		return -1;
	if (hour)
		w->look = net_now() + (int64_t)w->s->request->interval * 1000;
	if ((due || hour) && tell(w, f) == -1)
		return -1;
	if (w->idle != 0 && now >= w->renewal && idle_end(w, f) == -1)
		return -1;
	return idle_begin(w, f);
}

/* The server ended IDLE. One that does so at once, each time, would keep us busy with nothing. */
static int idle_ended(struct follow *w, const struct event *ev, struct fault *f)
{
	bool at_once = net_now() - (w->renewal - RENEWAL) < PATIENCE;

	if (ev->cond == COND_OK && !at_once)
		return 0;
	if (ev->cond == COND_OK)
		fault_set(f, FAULT_REFUSED, "IDLE: ended as soon as it began");
	else
		imap_refusal(ev, ev->name, f);
	return idle_refused(w, f);
}

/* What has come, but no more than EVENTS_MAX: there are others. */
static int listen_now(struct follow *w, struct fault *f)
{
	struct event ev;
	int r = 1;

	for (int i = 0; i < EVENTS_MAX; i++) {
		r = imap_next(w->l->imap, 0, &ev, f);
		if (r != 1)
			break;
		w->heard = net_now();
		if (hear(w, &ev, f) == -1 || (ev.kind == EV_TAGGED && idle_ended(w, &ev, f) == -1))
			return -1;
	}
	return r == -1 ? -1 : 0;
}

int follow_step(struct follow *w, struct fault *f)
{
	/* What has to be sent goes out with the look at what has come. */
	return listen_now(w, f) == -1 || work(w, f) == -1 ? -1 : listen_now(w, f);
}

struct pollfd follow_poll(const struct follow *w)
{
	return imap_poll(w->l->imap);
}

int follow_patience(const struct follow *w)
{
	if (imap_ready(w->l->imap))
		return 0;
	return w->since != 0 ? QUIET : SLICE;
}

/* ---- beginning and end */

static void plan(struct follow *w)
{
	const struct imap *imap = w->l->imap;

	/* Time alone changes what "younger" finds, and servers tell of that late or never. */
	w->plan.update =
	    w->plan.esearch && imap_has(imap, "CONTEXT=SEARCH") && !w->s->request->keys->ages;
	w->plan.save = w->plan.multi = false;
	search_plan_note(w->s, &w->plan);
	w->can_idle = imap_has(imap, "IDLE") || imap_has(imap, "IMAP4rev2");
	tool_note(w->s->tool, "search: followed by %s, %s",
	    w->plan.update ? "CONTEXT" : "searching again and the difference",
	    w->can_idle ? "news by IDLE" : "news by NOOP");
}

struct follow *follow_new(
    struct search *s, struct imap_line *l, struct search_target *t, size_t ranges, struct fault *f)
{
	struct follow *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	*w = (struct follow){.s = s, .l = l, .t = t, .ranges = ranges};
	search_printer_init(&w->enter, s, "new");
	search_printer_init(&w->leave, s, "gone");
	set_init(&w->known, ranges);
	if (search_plan(s, l->imap, 1, &w->plan, f) == -1) {
		follow_free(w);
		return NULL;
	}
	plan(w);
	if (first(w, f) == -1) {
		follow_free(w);
		return NULL;
	}
	w->since = net_now();
	w->look = w->since + (int64_t)s->request->interval * 1000;
	return w;
}

void follow_cancel(struct follow *w)
{
	struct imap_cmd c;
	struct fault ignored;

	if (idle_end(w, &ignored) == -1 || !w->context)
		return;
	imap_cmd_init(&c, w->l->imap, "CANCELUPDATE");
	imap_string(&c, w->tag, strlen(w->tag));
	imap_run(w->l->imap, &c, NULL, &ignored);
}

void follow_free(struct follow *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < 2; i++)
		spool_free(&w->spool[i]);
	set_free(&w->known);
	search_printer_free(&w->enter);
	search_printer_free(&w->leave);
	free(w);
}
