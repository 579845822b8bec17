/* probe_search: finding: ESEARCH (RFC 4731), WITHIN (RFC 5032), SORT (RFC 5256, RFC 5957). */
#include <string.h>
#include <time.h>

#include "app/probe_impl.h"
#include "msg/date.h"

enum { RANGES_MAX = 1024, HOUR = 3600, DAY = 24 * HOUR };

/* ---- ESEARCH */

static void start_esearch(struct imap_cmd *c, const struct imap *s)
{
	imap_cmd_init(c, s, "UID SEARCH");
	imap_atom(c, "RETURN");
	imap_list(c);
	imap_atom(c, "MIN");
	imap_atom(c, "MAX");
	imap_atom(c, "COUNT");
	imap_atom(c, "ALL");
	imap_list_end(c);
	imap_atom(c, "ALL");
}

static bool same_sets(const struct set *a, const struct set *b)
{
	return a->n == b->n && memcmp(a->r, b->r, a->n * sizeof(a->r[0])) == 0;
}

static int judge_esearch(
    const struct esearch_event *e, const struct set *all, const struct set *got, struct fault *f)
{
	const unsigned want = ESEARCH_MIN | ESEARCH_MAX | ESEARCH_COUNT | ESEARCH_ALL;

	if ((e->has & want) != want)
		return probe_wrong(f, "UID SEARCH RETURN: one of MIN MAX COUNT ALL is missing");
	if (e->min != all->r[0].lo || e->max != all->r[all->n - 1].hi || e->count != set_count(all))
		return probe_wrong(f, "UID SEARCH RETURN: MIN, MAX or COUNT is wrong");
	if (!same_sets(all, got))
		return probe_wrong(f, "UID SEARCH RETURN: ALL is wrong");
	return 0;
}

/* The same search by SEARCH (in `all`) and by ESEARCH. */
static int esearch(struct imap_line *l, const struct set *all, struct set *got, struct fault *f)
{
	struct esearch_event e = {0};
	struct imap_cmd c;
	struct event ev;
	int r;

	start_esearch(&c, l->imap);

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1) {
		if (ev.kind == EV_SET && ev.set.source == SET_ESEARCH_ALL)
			set_parse(got, ev.set.text, ev.set.len);
		if (ev.kind == EV_ESEARCH)
			e = ev.esearch;
	}
	return r == -1 ? -1 : judge_esearch(&e, all, got, f);
}

int probe_esearch(struct probe *p, struct fault *f)
{
	struct set all, got;
	int r = -1;

	set_init(&all, RANGES_MAX);
	set_init(&got, RANGES_MAX);
	if (probe_home(p, f) == 0 && probe_search(p->line, "ALL", NULL, &all, f) == 0)
		r = all.n > 0 ? esearch(p->line, &all, &got, f)
			      : probe_wrong(f, "UID SEARCH ALL: nothing");
	set_free(&all);
	set_free(&got);
	return r == -1 ? -1 : probe_detail(p, "MIN MAX COUNT ALL agree with SEARCH");
}

/* ---- WITHIN */

/* The search finds `yes` and does not find `no`. */
static int finds(struct probe *p, const char *key, uint32_t yes, uint32_t no, struct fault *f)
{
	struct set found;
	int r = probe_search(p->line, key, "3600", &found, f);

	if (r == 0 && !set_has(&found, yes))
		r = probe_wrong(f, "UID SEARCH %s: does not find a message", key);
	else if (r == 0 && set_has(&found, no))
		r = probe_wrong(f, "UID SEARCH %s: finds a message of another age", key);
	set_free(&found);
	return r;
}

int probe_within(struct probe *p, struct fault *f)
{
	char date[DATE_LEN];
	uint32_t young, old;

	date_format_imap(time(NULL) - DAY, date);
	if (probe_append(p, p->mailbox, "within, old", date, &old, f) == -1 ||
	    probe_append(p, p->mailbox, "within, new", NULL, &young, f) == -1 ||
	    finds(p, "YOUNGER", young, old, f) == -1 || finds(p, "OLDER", old, young, f) == -1)
		return -1;
	return probe_detail(p, "YOUNGER and OLDER");
}

/* ---- SORT */

/* The two messages of that subject, by one key or, with REVERSE, two words: `first` comes before `second`. */
static int sorted(struct probe *p, const char *const by[2], const char *subject, uint32_t first,
    uint32_t second, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	uint32_t order[2] = {0};
	size_t n = 0;
	int r;

	imap_cmd_init(&c, p->line->imap, "UID SORT");
	imap_list(&c);
	for (int i = 0; i < 2 && by[i] != NULL; i++)
		imap_atom(&c, by[i]);
	imap_list_end(&c);
	imap_atom(&c, "UTF-8");
	imap_atom(&c, "SUBJECT");
	imap_string(&c, subject, strlen(subject));

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		struct set_walk w = {ev.set.text, ev.set.len};

		if (ev.kind != EV_SET || ev.set.source != SET_SORT)
			continue;
		while (n < 2 && set_walk_next(&w, &order[n], &(uint32_t){0}) == 1)
			n++;
	}
	if (r == 0 && (order[0] != first || order[1] != second))
		return probe_wrong(f, "UID SORT (%s%s%s): the order is wrong", by[0],
		    by[1] != NULL ? " " : "", by[1] != NULL ? by[1] : "");
	return r;
}

int probe_sort(struct probe *p, struct fault *f)
{
	static const char *const by[] = {"REVERSE", "SUBJECT"};
	uint32_t a, b;

	if (probe_append(p, p->mailbox, "probe-sort A", NULL, &a, f) == -1 ||
	    probe_append(p, p->mailbox, "probe-sort B", NULL, &b, f) == -1 ||
	    sorted(p, by, "probe-sort", b, a, f) == -1)
		return -1;
	return probe_detail(p, "REVERSE SUBJECT");
}

/* The second one comes first by its name; not by its address, nor by the other's name as it is encoded, nor by UID. */
int probe_sort_display(struct probe *p, struct fault *f)
{
	static const char subject[] = "probe-display";
	static const char *const from[] = {"DISPLAYFROM", NULL}, *const to[] = {"DISPLAYTO", NULL};
	uint32_t z, y;

	if (probe_append_of(p, "=?UTF-8?Q?Zo=C3=AB?= <a@localhost>", subject, &z, f) == -1 ||
	    probe_append_of(p, "Yves <b@localhost>", subject, &y, f) == -1 ||
	    sorted(p, from, subject, y, z, f) == -1 || sorted(p, to, subject, y, z, f) == -1)
		return -1;
	return probe_detail(p, "DISPLAYFROM and DISPLAYTO, of decoded names");
}
