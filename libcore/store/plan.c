/* plan: the three-way merge. */
#include "store/plan.h"

enum { GONE_MAX = 20 };

static struct plan_action both_gone(void)
{
	return (struct plan_action){.forget = true};
}

/* The file is gone, the message is there. */
static struct plan_action local_gone(uint32_t base, unsigned policy)
{
	if (policy & PLAN_EXPUNGE_REMOTE)
		return (struct plan_action){.remove_remote = true, .forget = true};
	return (struct plan_action){.base = base};
}

static struct plan_action remote_gone(uint32_t base, uint32_t local, unsigned policy)
{
	if (policy & PLAN_EXPUNGE_LOCAL)
		return (struct plan_action){.remove_local = true, .forget = true};
	return (struct plan_action){.base = base, .file = local};
}

struct plan_action plan_message(
    uint32_t base, struct plan_side local, struct plan_side remote, unsigned policy)
{
	if (local.gone && remote.gone)
		return both_gone();
	if (local.gone)
		return local_gone(base, policy);
	if (remote.gone)
		return remote_gone(base, local.flags, policy);

	uint32_t by_local = policy & PLAN_PUSH ? base ^ local.flags : 0;
	uint32_t by_remote = policy & PLAN_PULL ? base ^ remote.flags : 0;
	uint32_t to_remote = by_local & ~(base ^ remote.flags);
	uint32_t merged = base ^ (by_local | by_remote);

	return (struct plan_action){.base = merged,
	    .file = local.flags ^ (by_remote & ~(base ^ local.flags)),
	    .add = to_remote & merged,
	    .clear = to_remote & ~merged};
}

bool plan_is_sane(uint64_t had, uint64_t gone)
{
	return gone <= GONE_MAX || gone <= had / 2;
}
