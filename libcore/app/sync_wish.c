/* sync_wish: which messages of the server are fetched, newest first or oldest first. */
#include "app/sync_impl.h"

enum { STEPS_SPARE = 100000 /* messages that may have come since SELECT */ };

void sync_wish_begin(struct wish *w, const struct sync_job *j, bool large)
{
	*w = (struct wish){.oldest_first = j->s->account->oldest_first, .large = large};
	w->next = w->oldest_first ? 1 : UINT32_MAX;
}

/* The next UID in the set SCRATCH_WANTED. */
static int step(struct sync_job *j, struct wish *w, uint32_t *uid, struct fault *f)
{
	uint32_t lo, hi;
	int r;

	if (w->over)
		return 0;
	if (w->oldest_first)
		r = scratch_range_from(j->s->state, SCRATCH_WANTED, w->next, &lo, &hi, f);
	else
		r = scratch_range_to(j->s->state, SCRATCH_WANTED, w->next, &lo, &hi, f);
	if (r != 1)
		return r;
	if (w->oldest_first)
		*uid = w->next > lo ? w->next : lo;
	else
		*uid = w->next < hi ? w->next : hi;
	w->over = *uid == (w->oldest_first ? UINT32_MAX : 1);
	w->next = w->oldest_first ? *uid + 1 : *uid - 1;
	return 1;
}

int sync_is_in(struct sync_job *j, enum scratch_set which, uint32_t uid, struct fault *f)
{
	uint32_t lo, hi;
	int r = scratch_range_from(j->s->state, which, uid, &lo, &hi, f);

	return r == 1 ? lo <= uid : r;
}

int sync_judge(struct sync_job *j, uint32_t uid, struct fault *f)
{
	int r = j->s->account->window == 0 ? 1 : sync_is_in(j, SCRATCH_YOUNG, uid, f);

	if (r != 1)
		return r == 0 ? WISH_OLD : -1;
	r = j->s->account->max_size == 0 ? 0 : sync_is_in(j, SCRATCH_LARGE, uid, f);
	return r == 1 ? WISH_LARGE : r;
}

bool sync_may_be_sent(const struct sync_job *j, uint32_t uid)
{
	return j->expecting && uid >= j->row.uidnext;
}

/* Whether it is one of those to be fetched by this wish. */
static int is_wanted(struct sync_job *j, const struct wish *w, uint32_t uid, struct fault *f)
{
	struct state_message m;
	struct scratch_change c;
	int r = state_message_get(j->s->state, j->row.id, uid, &m, f);

	if (r == 0)
		r = scratch_local_get(j->s->state, j->row.id, uid, &c, f);
	if (r != 0)
		return r == 1 ? 0 : -1;
	r = sync_judge(j, uid, f);
	if (r == -1 || (!w->large && sync_may_be_sent(j, uid)))
		return r == -1 ? -1 : 1;
	return r == (w->large ? WISH_LARGE : WISH_SMALL);
}

int sync_wish_next(struct sync_job *j, struct wish *w, uint32_t *uid, struct fault *f)
{
	int r;

	while ((r = step(j, w, uid, f)) == 1) {
		if (j->s->o->stop != NULL && *j->s->o->stop)
			return 0;
		if (w->steps++ > (uint64_t)j->seen.exists + STEPS_SPARE)
			return fault_set(f, FAULT_PROTOCOL,
			    "the server lists more messages than it says there are");
		r = is_wanted(j, w, *uid, f);
		if (r != 0)
			return r;
	}
	return r;
}
