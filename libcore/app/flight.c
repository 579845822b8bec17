/* flight: commands matched with their replies. */
#include "app/flight.h"

#include "app/urls.h"

void flight_init(struct flight *fl, struct imap *s)
{
	fl->imap = s;
	fl->n = fl->ndone = 0;
}

int flight_send(struct flight *fl, struct imap_cmd *c, int kind, struct fault *f)
{
	uint32_t tag;

	if (fl->n == FLIGHT_MAX) {
		imap_cmd_free(c);
		return fault_set(f, FAULT_BUG, "more than %d commands in a flight", FLIGHT_MAX);
	}
	tag = imap_send(fl->imap, c, f);
	if (tag == 0)
		return -1;
	fl->cmd[fl->n++] = (struct flight_cmd){.tag = tag, .kind = kind};
	return 0;
}

struct flight_cmd *flight_current(struct flight *fl)
{
	for (size_t i = 0; i < fl->n; i++)
		if (!fl->cmd[i].done)
			return &fl->cmd[i];
	return NULL;
}

static struct flight_cmd *complete(struct flight *fl, const struct event *ev)
{
	for (size_t i = 0; ev->kind == EV_TAGGED && i < fl->n; i++) {
		struct flight_cmd *cmd = &fl->cmd[i];

		if (cmd->done || cmd->tag != ev->num)
			continue;
		cmd->done = true;
		cmd->code = ev->code;
		if (ev->cond != COND_OK)
			imap_refusal(ev, ev->name, &cmd->why);
		fl->ndone++;
		return cmd;
	}
	return NULL;
}

static void lose(struct flight *fl, const struct fault *f)
{
	for (size_t i = 0; i < fl->n; i++)
		if (!fl->cmd[i].done)
			fl->cmd[i].why = *f;
}

int flight_next(struct flight *fl, struct event *ev, struct flight_cmd **done, struct fault *f)
{
	*done = NULL;
	if (fl->ndone == fl->n)
		return 0;
	if (imap_next(fl->imap, -1, ev, f) == -1) {
		lose(fl, f);
		return -1;
	}
	*done = complete(fl, ev);
	return 1;
}

/* Nothing that was not asked for is kept: an answer may name as many as it likes. */
static int add_asked(const struct set *asked, uint32_t lo, uint32_t hi, struct set *found)
{
	for (size_t i = 0; i < asked->n; i++) {
		uint32_t from = asked->r[i].lo > lo ? asked->r[i].lo : lo;
		uint32_t to = asked->r[i].hi < hi ? asked->r[i].hi : hi;

		if (from <= to && set_add(found, from, to) == -1)
			return -1;
	}
	return 0;
}

int flight_take_search(
    const struct event *ev, const struct set *asked, struct set *found, struct fault *f)
{
	struct set_walk w;
	uint32_t a, b;

	if (ev->kind != EV_SET ||
	    (ev->set.source != SET_SEARCH && ev->set.source != SET_ESEARCH_ALL))
		return 0;
	w = (struct set_walk){.p = ev->set.text, .n = ev->set.len};
	while (set_walk_next(&w, &a, &b) == 1)
		if (add_asked(asked, a < b ? a : b, a < b ? b : a, found) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
	return 0;
}

int flight_search(
    struct flight *fl, const struct set *uids, const char *keyword, int kind, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, fl->imap, "UID SEARCH");
	if (imap_has(fl->imap, "ESEARCH") || imap_has(fl->imap, "IMAP4rev2")) {
		imap_atom(&c, "RETURN");
		imap_list(&c);
		imap_atom(&c, "ALL");
		imap_list_end(&c);
	}
	imap_atom(&c, "UID");
	imap_uids(&c, uids);
	if (keyword != NULL) {
		imap_atom(&c, "KEYWORD");
		imap_flag(&c, keyword);
	}
	return flight_send(fl, &c, kind, f);
}

/* 0, 1 with *why, -1. */
static int send_searches(struct flight *fl, const struct set *which, const char *keyword,
    struct fault *why, struct fault *f)
{
	struct set piece;
	size_t at = 0;
	int r;

	set_init(&piece, URLS_WINDOW);
	while ((r = urls_set_piece(which, &at, &piece, f)) == 1)
		if (flight_search(fl, &piece, keyword, 0, why) == -1)
			break;
	set_free(&piece);
	return r;
}

int flight_find(struct imap *s, const struct set *which, const char *keyword, struct set *found,
    struct fault *why, struct fault *f)
{
	struct flight_cmd *done;
	struct flight fl;
	struct event ev;
	bool refused = false;
	int r;

	flight_init(&fl, s);
	r = send_searches(&fl, which, keyword, why, f);
	if (r != 0)
		return r;
	while ((r = flight_next(&fl, &ev, &done, why)) == 1) {
		if (flight_take_search(&ev, which, found, f) == -1)
			return -1;
		if (done == NULL || done->why.cls == FAULT_NONE)
			continue;
		*why = done->why;
		refused = true;
	}
	return r == -1 || refused;
}
