/* urls: windows of URLs, sorted into batches. */
#include "app/urls.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/input.h"
#include "app/line.h"
#include "app/locator.h"
#include "base/enc.h"

enum { SHOWN_MAX = 300 }; /* octets of a bad line that are shown */

/* Where a batch begins in the window's items, once they are sorted. */
struct group {
	size_t first, n;
};

struct urls {
	struct tool *tool;
	char *const *arg;
	size_t narg, next_arg;
	bool reading; /* lines are being read */
	bool whole_only;
	bool in_order; /* only neighbours share a batch */
	struct input input;
	struct locator locator;
	struct urls_item *item; /* the window */
	size_t n, octets;
	struct group *group;
	size_t ngroup, next_group;
	struct batch batch;
	enum fault_class result;
};

static int check_arguments(char *const *arg, size_t n, struct fault *f)
{
	size_t dashes = 0;

	for (size_t i = 0; i < n; i++)
		dashes += strcmp(arg[i], "-") == 0;
	return dashes > 1 ? fault_set(f, FAULT_USAGE, "\"-\" (standard input) twice") : 0;
}

struct urls *urls_new(struct tool *t, char *const *arg, size_t n, FILE *in, struct fault *f)
{
	struct urls *u;

	/* Without a configuration each URL would fail for the same reason. */
	if (check_arguments(arg, n, f) == -1 || tool_config(t, f) == -1)
		return NULL;
	u = calloc(1, sizeof(*u));
	if (u != NULL) {
		u->item = calloc(URLS_WINDOW, sizeof(u->item[0]));
		u->group = calloc(URLS_WINDOW, sizeof(u->group[0]));
	}
	if (u == NULL || u->item == NULL || u->group == NULL) {
		urls_free(u);
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	u->tool = t;
	u->arg = arg;
	u->narg = n;
	u->reading = n == 0;
	locator_init(&u->locator, t);
	input_init(&u->input, fileno(in), URLS_LINE_MAX);
	set_init(&u->batch.uids, URLS_WINDOW);
	return u;
}

static void drop_window(struct urls *u)
{
	for (size_t i = 0; i < u->n; i++)
		url_free(&u->item[i].url);
	u->n = u->octets = 0;
	u->ngroup = u->next_group = 0;
}

void urls_free(struct urls *u)
{
	if (u == NULL)
		return;
	drop_window(u);
	set_free(&u->batch.uids);
	input_free(&u->input);
	locator_free(&u->locator);
	free(u->item);
	free(u->group);
	free(u);
}

void urls_want_messages(struct urls *u)
{
	u->whole_only = true;
}

void urls_keep_order(struct urls *u)
{
	u->in_order = true;
}

static void count_failure(struct urls *u, enum fault_class cls)
{
	if (u->result == FAULT_NONE || u->result == FAULT_TEMP)
		u->result = cls;
}

enum fault_class urls_result(const struct urls *u)
{
	return u->result;
}

void urls_failed(struct urls *u, const struct url *url, const struct fault *why)
{
	struct buf text;

	buf_init(&text, URL_MAX);
	if (url->access != NULL)
		url_build_rump(&text, url);
	else
		url_build(&text, url);
	/* Both are safe already: a second time would double the backslashes. */
	fprintf(u->tool->err, "%s: %s: %s\n", u->tool->name, buf_str(&text), why->msg);
	buf_free(&text);
	count_failure(u, why->cls);
}

void urls_failed_uids(
    struct urls *u, const struct batch *b, const struct set *uids, const struct fault *why)
{
	struct set said;

	set_init(&said, URLS_WINDOW);
	for (size_t i = 0; i < b->n; i++) {
		uint32_t uid = b->item[i].url.uid;

		if (!set_has(uids, uid) || set_has(&said, uid))
			continue;
		urls_failed(u, &b->item[i].url, why);
		/* Without memory one is named twice. */
		set_add(&said, uid, uid);
	}
	set_free(&said);
}

void urls_failed_uid(struct urls *u, const struct batch *b, uint32_t uid, const struct fault *why)
{
	size_t i = 0;

	while (i < b->n && b->item[i].url.uid != uid)
		i++;
	if (i < b->n)
		urls_failed(u, &b->item[i].url, why);
}

void urls_failed_batch(struct urls *u, const struct batch *b, const struct fault *why)
{
	for (size_t i = 0; i < b->n; i++)
		urls_failed(u, &b->item[i].url, why);
}

/* A line that is no URL may still hold the token of one, which is a secret. */
static size_t shown(const char *text)
{
	const char *token = strcasestr(text, ";URLAUTH=");
	size_t n = token != NULL ? (size_t)(token - text) : strlen(text);

	return n < SHOWN_MAX ? n : SHOWN_MAX;
}

static void bad_text(struct urls *u, const char *text, const struct fault *why)
{
	struct buf safe;

	buf_init(&safe, SHOWN_MAX * ENC_SAFE_MAX);
	enc_safe(&safe, text, shown(text));
	fprintf(u->tool->err, "%s: ", u->tool->name);
	if (u->reading)
		fprintf(u->tool->err, "line %zu: ", u->input.line);
	fprintf(u->tool->err, "%s: %s\n", buf_str(&safe), why->msg);
	buf_free(&safe);
	count_failure(u, why->cls);
}

static void bad_line(struct urls *u, const char *what)
{
	tool_warn(u->tool, "line %zu: %s", u->input.line, what);
	count_failure(u, FAULT_DATA);
}

static int check_url(const struct urls *u, const struct url *url, struct fault *f)
{
	if (url->mailbox == NULL || url->uid == 0)
		return fault_set(f, FAULT_DATA, "the URL names no message");
	/* In a set the highest number of all would be "*": the last message, whichever that is. */
	if (url->uid == UINT32_MAX)
		return fault_set(f, FAULT_DATA, "no such message");
	if (u->whole_only && (url->section != NULL || url->has_partial))
		return fault_set(f, FAULT_DATA, "the URL names a part, a whole message is wanted");
	return 0;
}

static void take_text(struct urls *u, const char *text)
{
	struct urls_item *item = &u->item[u->n];
	struct fault f = {0};

	if (locator_find(&u->locator, text, &item->account, &item->url, &f) == -1) {
		bad_text(u, text, &f);
		return;
	}
	if (check_url(u, &item->url, &f) == -1) {
		bad_text(u, text, &f);
		url_free(&item->url);
		return;
	}
	if (strcasecmp(item->url.mailbox, "INBOX") == 0)
		memcpy(item->url.mailbox, "INBOX", 5);
	item->order = u->n++;
	u->octets += strlen(text);
}

static bool is_gone_event(const char *line)
{
	return strncmp(line, "gone\t", 5) == 0;
}

static void take_line(struct urls *u, char *line)
{
	const char *text;

	if (is_gone_event(line)) {
		tool_note(u->tool, "line %zu: a message that is gone: passed over", u->input.line);
		return;
	}
	text = locate_field(line);
	if (text != NULL)
		take_text(u, text);
}

static bool is_full(const struct urls *u)
{
	return u->n == URLS_WINDOW || u->octets >= URLS_WINDOW_OCTETS;
}

/* 1: go on, 0: the window is to be worked off as it is, or -1. */
static int read_line(struct urls *u, struct fault *f)
{
	char *line = NULL;

	switch (input_next(&u->input, u->n > 0 ? INPUT_PAUSE_MS : -1, &line, f)) {
	case INPUT_LINE:
		take_line(u, line);
		return 1;
	case INPUT_LONG:
		bad_line(u, "too long for a URL");
		return 1;
	case INPUT_NUL:
		bad_line(u, "has a NUL in it");
		return 1;
	case INPUT_END:
		u->reading = false;
		return 1;
	case INPUT_PAUSE:
		return 0;
	default:
		return -1;
	}
}

static int fill_window(struct urls *u, struct fault *f)
{
	int r = 1;

	while (r == 1 && !is_full(u)) {
		if (u->reading) {
			r = read_line(u, f);
		} else if (u->next_arg == u->narg) {
			r = 0;
		} else if (strcmp(u->arg[u->next_arg], "-") == 0) {
			u->next_arg++;
			u->reading = true;
		} else {
			take_text(u, u->arg[u->next_arg++]);
		}
	}
	return r == -1 ? -1 : 0;
}

static bool same_batch(const struct urls_item *a, const struct urls_item *b)
{
	return a->account == b->account && a->url.uidvalidity == b->url.uidvalidity &&
	    strcmp(a->url.mailbox, b->url.mailbox) == 0;
}

/* While groups are made, group.first is their first item. */
static size_t group_of(const struct urls *u, size_t i)
{
	size_t g = i > 0 ? u->item[i - 1].batch : 0;

	/* Mostly a line is of the same mailbox as the one before it. */
	if (g < u->ngroup && same_batch(&u->item[u->group[g].first], &u->item[i]))
		return g;
	if (u->in_order)
		return u->ngroup;
	for (g = 0; g < u->ngroup; g++)
		if (same_batch(&u->item[u->group[g].first], &u->item[i]))
			break;
	return g;
}

static int by_batch(const void *a, const void *b)
{
	const struct urls_item *x = a, *y = b;

	if (x->batch != y->batch)
		return x->batch < y->batch ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void sort_window(struct urls *u)
{
	size_t first = 0;

	for (size_t i = 0; i < u->n; i++) {
		size_t g = group_of(u, i);

		if (g == u->ngroup)
			u->group[u->ngroup++] = (struct group){.first = i};
		u->item[i].batch = g;
		u->group[g].n++;
	}
	if (u->n > 0)
		qsort(u->item, u->n, sizeof(u->item[0]), by_batch);
	for (size_t g = 0; g < u->ngroup; g++) {
		u->group[g].first = first;
		first += u->group[g].n;
	}
}

static int make_batch(struct urls *u, const struct group *g, struct fault *f)
{
	struct batch *b = &u->batch;
	const struct urls_item *first = &u->item[g->first];

	set_free(&b->uids);
	b->account = first->account;
	b->mailbox = first->url.mailbox;
	b->uidvalidity = first->url.uidvalidity;
	b->item = u->item + g->first;
	b->n = g->n;
	for (size_t i = 0; i < b->n; i++)
		if (set_add(&b->uids, b->item[i].url.uid, b->item[i].url.uid) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
	return 0;
}

int urls_next(struct urls *u, struct batch **b, struct fault *f)
{
	if (u->next_group == u->ngroup) {
		drop_window(u);
		if (fill_window(u, f) == -1)
			return -1;
		sort_window(u);
	}
	if (u->ngroup == 0)
		return 0;
	if (make_batch(u, &u->group[u->next_group++], f) == -1)
		return -1;
	*b = &u->batch;
	return 1;
}

int batch_open(struct imap_line *l, struct batch *b, bool read_only, struct fault *f)
{
	if (imap_line_select(l, b->mailbox, read_only, b->uidvalidity, f) == -1)
		return -1;
	if (l->mailbox.uidvalidity == 0)
		return fault_set(
		    f, FAULT_PROTOCOL, "%s: the server does not say UIDVALIDITY", b->mailbox);
	if (!read_only && l->mailbox.read_only)
		return fault_set(f, FAULT_REFUSED, "%s is read-only", b->mailbox);
	b->uidvalidity = l->mailbox.uidvalidity;
	for (size_t i = 0; i < b->n; i++)
		b->item[i].url.uidvalidity = b->uidvalidity;
	return 0;
}

void batch_url(const struct batch *b, uint32_t uid, struct buf *out)
{
	const struct url *from = &b->item[0].url;
	struct url u = {.user = from->user,
	    .auth = from->auth,
	    .host = from->host,
	    .port = from->port,
	    .tls = from->tls,
	    .absolute_path = true,
	    .mailbox = from->mailbox,
	    .uidvalidity = b->uidvalidity,
	    .uid = uid};

	url_build(out, &u);
}

static size_t digits(uint32_t x)
{
	size_t n = 1;

	while (x >= 10) {
		x /= 10;
		n++;
	}
	return n;
}

/* With the comma behind it. */
static size_t octets_of(const struct set_range *r)
{
	return digits(r->lo) + 1 + (r->lo != r->hi ? digits(r->hi) + 1 : 0);
}

int urls_set_piece(const struct set *all, size_t *at, struct set *piece, struct fault *f)
{
	size_t octets = 0;

	if (*at >= all->n)
		return 0;
	set_free(piece);
	while (*at < all->n) {
		const struct set_range *r = &all->r[*at];

		octets += octets_of(r);
		if (octets > URLS_SET_OCTETS)
			break;
		if (set_add(piece, r->lo, r->hi) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
		++*at;
	}
	return 1;
}
