/* fetch_group.c: messages looked at, some at a time, and then what was found in them to be wanted. */
#include <stdlib.h>
#include <string.h>

#include "app/fetch_impl.h"

static void drop(struct wanted *w)
{
	free(w->section);
	free(w->type);
	free(w->charset);
}

void wanted_forget(struct run *r, size_t n)
{
	while (r->nwanted > n)
		drop(&r->wanted[--r->nwanted]);
}

struct wanted *wanted_add(struct run *r, const struct urls_item *item, struct fault *f)
{
	struct wanted *w;

	if (r->nwanted == r->capwanted) {
		size_t cap = r->capwanted == 0 ? ASK_GROUP : 2 * r->capwanted;
		struct wanted *more = reallocarray(r->wanted, cap, sizeof(*more));

		if (more == NULL) {
			fault_set(f, FAULT_TEMP, "out of memory");
			return NULL;
		}
		r->wanted = more;
		r->capwanted = cap;
	}
	w = &r->wanted[r->nwanted++];
	*w = (struct wanted){.item = item};
	return w;
}

int wanted_fill(struct wanted *w, const struct part *p, struct fault *f)
{
	w->section = strdup(p->section);
	if (asprintf(&w->type, "%s/%s", p->type, p->subtype) == -1)
		w->type = NULL;
	w->charset = p->charset != NULL ? strdup(p->charset) : NULL;
	if (w->section == NULL || w->type == NULL || (w->charset == NULL && p->charset != NULL))
		return fault_set(f, FAULT_TEMP, "out of memory");
	w->octets = p->octets;
	w->kind = p->message ? DECODE_NONE : decode_kind(p->encoding);
	return 0;
}

static int look_at(struct run *r, struct ask *ask, size_t first, size_t n, struct fault *f)
{
	for (size_t i = 0; i < n; i++) {
		struct fault why = {0};

		if (ask_make(r, &r->batch->item[first + i], &ask[i], &why) == -1)
			flow_told(r, &ask[i], &why);
	}
	return run_asks(r, ask, n, f);
}

static enum ask_how how_of(const struct run *r, const struct wanted *w)
{
	bool coded = w->kind == DECODE_BASE64 || w->kind == DECODE_QUOTED;

	if (w->section == NULL || w->kind == DECODE_UNKNOWN)
		return ASK_NOTHING;
	return coded && r->binary ? ASK_BINARY : ASK_AS_IS;
}

static int fetch_wanted(struct run *r, struct fault *f)
{
	struct ask *ask = calloc(r->nwanted + 1, sizeof(*ask));
	int got;

	if (ask == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (size_t i = 0; i < r->nwanted; i++) {
		const struct wanted *w = &r->wanted[i];

		ask[i] = (struct ask){.item = w->item,
		    .section = w->section,
		    .wanted = w,
		    .how = how_of(r, w),
		    .length = w->length};
	}
	got = run_asks(r, ask, r->nwanted, f);
	free(ask);
	return got;
}

int group_run(struct run *r, struct fault *f)
{
	struct ask ask[ASK_GROUP];
	int got = 0;

	for (size_t i = 0; i < r->batch->n && got == 0; i += ASK_GROUP) {
		size_t n = r->batch->n - i < ASK_GROUP ? r->batch->n - i : ASK_GROUP;

		got = look_at(r, ask, i, n, f);
		if (got == 0)
			got = fetch_wanted(r, f);
		wanted_forget(r, 0);
	}
	free(r->wanted);
	r->wanted = NULL;
	r->nwanted = r->capwanted = 0;
	return got;
}
