#include "app/watch_box.h"

#include <stdlib.h>
#include <string.h>

#include "imap/response.h"

void box_free(struct box *b)
{
	free(b->name);
	free(b);
}

void boxes_free(struct boxes *b)
{
	for (size_t i = 0; i < b->n; i++)
		box_free(b->box[i]);
	free(b->box);
	*b = (struct boxes){0};
}

/* Where the name is, or would be. */
static size_t place(const struct boxes *b, const char *name, bool *found)
{
	size_t lo = 0, hi = b->n;

	*found = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(name, b->box[mid]->name);

		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

struct box *boxes_find(const struct boxes *b, const char *name)
{
	bool found;
	size_t i = place(b, name, &found);

	return found ? b->box[i] : NULL;
}

static int make_room(struct boxes *b)
{
	size_t cap = b->cap == 0 ? 16 : b->cap * 2;
	struct box **grown;

	if (b->n >= BOXES_MAX)
		return -1;
	if (b->n < b->cap)
		return 0;
	grown = reallocarray(b->box, cap, sizeof(struct box *));
	if (grown == NULL)
		return -1;
	b->box = grown;
	b->cap = cap;
	return 0;
}

static void insert(struct boxes *b, size_t i, struct box *box)
{
	memmove(&b->box[i + 1], &b->box[i], (b->n - i) * sizeof(struct box *));
	b->box[i] = box;
	b->n++;
}

struct box *boxes_add(struct boxes *b, const char *name)
{
	bool found;
	size_t i = place(b, name, &found);
	struct box *box;

	if (found)
		return b->box[i];
	if (strlen(name) > BOX_NAME_MAX || make_room(b) == -1)
		return NULL;
	box = calloc(1, sizeof(*box));
	if (box == NULL)
		return NULL;
	box->name = strdup(name);
	if (box->name == NULL) {
		free(box);
		return NULL;
	}
	box->subscribed = -1;
	insert(b, i, box);
	return box;
}

void boxes_take(struct boxes *b, struct box *box)
{
	bool found;
	size_t i = place(b, box->name, &found);

	if (!found)
		return;
	b->n--;
	memmove(&b->box[i], &b->box[i + 1], (b->n - i) * sizeof(struct box *));
}

int boxes_rename(struct boxes *b, struct box *box, const char *name)
{
	char *copy;
	bool found;

	place(b, name, &found);
	if (found || strlen(name) > BOX_NAME_MAX || (copy = strdup(name)) == NULL)
		return -1;
	boxes_take(b, box);
	free(box->name);
	box->name = copy;
	insert(b, place(b, name, &found), box);
	return 0;
}

/* Numbers that went back: an old answer, or a mailbox that forgot something. The mailbox itself knows. */
static bool has_gone_back(const struct box *b, const struct box_status *s)
{
	if ((s->has & STATUS_UIDNEXT) && s->uidnext != 0 && s->uidnext < b->uidnext)
		return true;
	return (s->has & STATUS_HIGHESTMODSEQ) && s->modseq != 0 && s->modseq < b->modseq;
}

/* Messages that are not new came or went, or flags changed: what has to be looked into for that. */
static bool has_changed(const struct box *b, const struct box_status *s)
{
	return (s->has & STATUS_HIGHESTMODSEQ) && s->modseq != b->modseq;
}

/* Nothing came and nothing went. Without mod-sequences only the number of unseen messages tells of flags, but not of which. */
static enum box_verdict compare_flags(
    const struct box *b, const struct box_status *s, unsigned want)
{
	bool counts = b->unseen_known && (s->has & STATUS_UNSEEN) && s->unseen != b->unseen;

	if ((want & WANT_FLAGS) == 0)
		return BOX_SAME;
	if (has_changed(b, s))
		return BOX_LOOK;
	return counts && b->modseq == 0 ? BOX_RESYNC : BOX_SAME;
}

enum box_verdict box_compare(const struct box *b, const struct box_status *s, unsigned want,
    bool headers, uint32_t *lo, uint32_t *hi)
{
	int64_t up = 0, more = 0;

	if ((s->has & STATUS_UIDVALIDITY) && s->uidvalidity != b->uidvalidity)
		return BOX_RESYNC; /* the same name, but not the same mailbox */
	if (has_gone_back(b, s))
		return BOX_LOOK;
	if ((s->has & STATUS_UIDNEXT) && s->uidnext != 0)
		up = (int64_t)s->uidnext - b->uidnext;
	if (s->has & STATUS_MESSAGES)
		more = (int64_t)s->messages - b->messages;
	if (up == 0 && more == 0)
		return compare_flags(b, s, want);
	if ((want & WANT_FLAGS) && has_changed(b, s))
		return BOX_LOOK;
	/* As many more as UIDs were given out: every one of them is there, and none of the others has gone. */
	if (up == more && up <= BOX_RANGE_MAX && (want & WANT_NEW) && !headers) {
		*lo = b->uidnext;
		*hi = s->uidnext - 1;
		return BOX_NEW;
	}
	if (up > 0 && (want & WANT_NEW))
		return BOX_LOOK;
	return up != more && (want & WANT_GONE) ? BOX_LOOK : BOX_SAME;
}

void box_take(struct box *b, const struct box_status *s)
{
	if (s->has & STATUS_UIDVALIDITY)
		b->uidvalidity = s->uidvalidity;
	if ((s->has & STATUS_UIDNEXT) && s->uidnext != 0)
		b->uidnext = s->uidnext;
	if (s->has & STATUS_MESSAGES)
		b->messages = s->messages;
	if (s->has & STATUS_HIGHESTMODSEQ)
		b->modseq = s->modseq;
	if (s->has & STATUS_UNSEEN) {
		b->unseen = s->unseen;
		b->unseen_known = true;
	}
}
