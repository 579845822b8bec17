/* probe_news: being told without asking: IDLE (RFC 2177), NOTIFY (RFC 5465), CONTEXT=SEARCH and
 * CONTEXT=SORT (RFC 5267). */
#include <stdio.h>
#include <string.h>

#include "app/probe_impl.h"
#include "wire/net.h"

enum { SLICE = 200 }; /* ms between looks at whether to stop, and between the NOOPs of CONTEXT */

/* The next event until `deadline`: 1, or 0 when the time is over or we are to stop, or -1. */
static int await(
    struct probe *p, struct imap_line *l, int64_t deadline, struct event *ev, struct fault *f)
{
	int r = 0;

	while (r == 0 && net_now() < deadline && (p->stop == NULL || !*p->stop))
		r = imap_next(l->imap, SLICE, ev, f);
	return r;
}

/* ---- IDLE */

static int idle_starts(struct probe *p, struct imap_line *l, uint32_t tag, struct fault *f)
{
	int64_t deadline = net_now() + PROBE_PROMPT;
	struct event ev;
	int r;

	while ((r = await(p, l, deadline, &ev, f)) == 1) {
		if (ev.kind == EV_CONTINUE)
			return 0;
		if (ev.kind == EV_TAGGED && ev.num == tag)
			return ev.cond == COND_OK ? probe_wrong(f, "IDLE: ended before it began")
						  : imap_refusal(&ev, "IDLE", f);
	}
	return r == -1 ? -1 : probe_wrong(f, "IDLE: no \"+\"");
}

static int idle_hears(struct probe *p, struct imap_line *l, struct fault *f)
{
	int64_t start = net_now();
	struct event ev;
	uint32_t uid;
	int r;

	if (probe_append(p, p->mailbox, "idle", NULL, &uid, f) == -1)
		return -1;
	while ((r = await(p, l, start + PROBE_PROMPT, &ev, f)) == 1)
		if (ev.kind == EV_EXISTS)
			return probe_detail(
			    p, "EXISTS after %lld ms", (long long)(net_now() - start));
	return r == -1
	    ? -1
	    : probe_wrong(f, "IDLE: no EXISTS within %d s of a new message", PROBE_PROMPT / 1000);
}

static int idle_on(struct probe *p, struct imap_line *l, struct fault *f)
{
	struct event ev;
	uint32_t tag;
	int r;

	if (imap_line_select(l, p->mailbox, true, 0, f) == -1)
		return -1;
	tag = imap_idle(l->imap, f);
	if (tag == 0 || idle_starts(p, l, tag, f) == -1 || idle_hears(p, l, f) == -1 ||
	    imap_done(l->imap, f) == -1)
		return -1;
	do
		r = imap_until(l->imap, tag, &ev, f);
	while (r == 1);
	return r;
}

int probe_idle(struct probe *p, struct fault *f)
{
	struct imap_line *l = probe_line(p, false, f);
	int r = l == NULL ? -1 : idle_on(p, l, f);

	imap_line_close(l);
	return r;
}

/* ---- NOTIFY */

static int notify_set(struct probe *p, struct imap_line *l, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "NOTIFY");
	imap_atom(&c, "SET");
	imap_list(&c);
	imap_atom(&c, "MAILBOXES");
	imap_mailbox(&c, p->second);
	imap_list(&c);
	imap_atom(&c, "MessageNew");
	imap_atom(&c, "MessageExpunge");
	imap_list_end(&c);
	imap_list_end(&c);
	return imap_run(l->imap, &c, NULL, f);
}

static int notify_hears(struct probe *p, struct imap_line *l, struct fault *f)
{
	int64_t start = net_now();
	struct event ev;
	uint32_t uid;
	int r;

	if (probe_append(p, p->second, "notify", NULL, &uid, f) == -1)
		return -1;
	while ((r = await(p, l, start + PROBE_PROMPT, &ev, f)) == 1)
		if (ev.kind == EV_MAILBOX_STATUS &&
		    probe_is_mailbox(ev.status.mailbox, ev.status.mailbox_len, p->second))
			return probe_detail(
			    p, "STATUS after %lld ms", (long long)(net_now() - start));
	return r == -1
	    ? -1
	    : probe_wrong(f, "NOTIFY: no STATUS within %d s of a new message", PROBE_PROMPT / 1000);
}

int probe_notify(struct probe *p, struct fault *f)
{
	struct imap_line *l = probe_line(p, false, f);
	int r = -1;

	if (l != NULL && notify_set(p, l, f) == 0)
		r = notify_hears(p, l, f);
	imap_line_close(l);
	return r;
}

/* ---- CONTEXT=SEARCH and CONTEXT=SORT */

/* What is kept up to date, and the message that comes into it and leaves it. */
struct context {
	const char *command;
	bool sort;
	uint32_t uid, place; /* 0: there is no order */
	char tag[64];        /* as the server names it */
};

static void put_search(struct imap_cmd *c, const struct context *x)
{
	imap_atom(c, "RETURN");
	imap_list(c);
	imap_atom(c, "UPDATE");
	imap_atom(c, "COUNT");
	imap_list_end(c);
	if (x->sort) {
		imap_list(c);
		imap_atom(c, "SUBJECT");
		imap_list_end(c);
		imap_atom(c, "UTF-8");
		imap_atom(c, "SUBJECT");
		imap_string(c, "probe-context", strlen("probe-context"));
	}
	imap_atom(c, "FLAGGED");
}

/* Starts the search that is to be kept up to date. */
static int context_start(struct imap_line *l, struct context *x, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool refused = false;
	int r;

	imap_cmd_init(&c, l->imap, x->command);
	put_search(&c, x);

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1) {
		if (ev.kind == EV_ESEARCH && ev.esearch.tag != NULL)
			snprintf(x->tag, sizeof(x->tag), "%s", ev.esearch.tag);
		refused = refused || (ev.kind == EV_STATUS && ev.code == CODE_NOUPDATE);
	}
	if (r == 0 && (refused || ev.code == CODE_NOUPDATE))
		return probe_wrong(f, "%s RETURN (UPDATE): NOUPDATE", x->command);
	if (r == 0 && x->tag[0] == '\0')
		return probe_wrong(f, "%s RETURN (UPDATE): no ESEARCH of this search", x->command);
	return r;
}

static bool is_update(const struct context *x, const struct event *ev, enum set_source source)
{
	struct set set;
	bool has;

	if (ev->kind != EV_SET || ev->set.source != source ||
	    (x->sort && ev->set.position != x->place))
		return false;
	set_init(&set, 1024);
	has = set_parse(&set, ev->set.text, ev->set.len) == 0 && set_has(&set, x->uid);
	set_free(&set);
	return has;
}

/* One NOOP; 1 when the update came with it, 0 when not, -1. */
static int context_look(
    const struct context *x, struct imap_line *l, enum set_source source, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r, came = 0;

	imap_cmd_init(&c, l->imap, "NOOP");

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		came = came || is_update(x, &ev, source);
	return r == -1 ? -1 : came;
}

/* The update may come with a NOOP or of its own accord. 1, 0, -1. */
static int context_step(
    const struct context *x, struct imap_line *l, enum set_source source, struct fault *f)
{
	struct event ev;
	int r = context_look(x, l, source, f);

	if (r != 0)
		return r;
	r = imap_next(l->imap, SLICE, &ev, f);
	return r == 1 ? is_update(x, &ev, source) : r;
}

static int context_hears(struct probe *p, const struct context *x, struct imap_line *l,
    enum set_source source, struct fault *f)
{
	int64_t deadline = net_now() + PROBE_PROMPT;
	int r = 0;

	while (r == 0 && net_now() < deadline && (p->stop == NULL || !*p->stop))
		r = context_step(x, l, source, f);
	if (r == 0)
		return probe_wrong(f, "%s RETURN (UPDATE): no %s%s after a change", x->command,
		    source == SET_ESEARCH_ADDTO ? "ADDTO" : "REMOVEFROM",
		    x->sort ? " with the right place" : "");
	return r == -1 ? -1 : 0;
}

static int context_cancel(struct imap_line *l, const struct context *x, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "CANCELUPDATE");
	imap_string(&c, x->tag, strlen(x->tag));
	return imap_run(l->imap, &c, NULL, f);
}

static int context_on(struct probe *p, struct context *x, struct imap_line *l, struct fault *f)
{
	if (probe_home(p, f) == -1 ||
	    probe_store(p->line, x->uid, "-FLAGS.SILENT", "\\Flagged", f) == -1 ||
	    imap_line_select(l, p->mailbox, false, 0, f) == -1 || context_start(l, x, f) == -1 ||
	    probe_store(p->line, x->uid, "+FLAGS.SILENT", "\\Flagged", f) == -1 ||
	    context_hears(p, x, l, SET_ESEARCH_ADDTO, f) == -1 ||
	    probe_store(p->line, x->uid, "-FLAGS.SILENT", "\\Flagged", f) == -1 ||
	    context_hears(p, x, l, SET_ESEARCH_REMOVEFROM, f) == -1)
		return -1;
	return context_cancel(l, x, f);
}

static int try_context(struct probe *p, struct context *x, struct fault *f)
{
	struct imap_line *l = probe_line(p, false, f);
	int r = l == NULL ? -1 : context_on(p, x, l, f);

	imap_line_close(l);
	return r == -1 ? -1 : probe_detail(p, "UPDATE: ADDTO, REMOVEFROM, CANCELUPDATE");
}

int probe_context(struct probe *p, struct fault *f)
{
	struct context x = {.command = "UID SEARCH", .uid = p->uid};

	return try_context(p, &x, f);
}

/* B stands before A in the mailbox, and behind it in the result, in which A is already. */
int probe_context_sort(struct probe *p, struct fault *f)
{
	struct context x = {.command = "UID SORT", .sort = true, .place = 2};
	uint32_t a;

	if (probe_append(p, p->mailbox, "probe-context B", NULL, &x.uid, f) == -1 ||
	    probe_append(p, p->mailbox, "probe-context A", NULL, &a, f) == -1 ||
	    probe_store(p->line, a, "+FLAGS.SILENT", "\\Flagged", f) == -1)
		return -1;
	return try_context(p, &x, f);
}
