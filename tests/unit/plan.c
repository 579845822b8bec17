/* The three-way merge, as a table and by all values of two flags. */
#include "store/plan.h"
#include "unit.h"

enum { BOTH = PLAN_PULL | PLAN_PUSH | PLAN_EXPUNGE_LOCAL | PLAN_EXPUNGE_REMOTE };

static struct plan_side with(uint32_t flags)
{
	return (struct plan_side){.flags = flags};
}

static const struct plan_side gone = {.gone = true};

/* Whatever the two sides did, in the end both are what each wanted, and the base with them. */
TEST(flags_merge_without_conflict)
{
	for (uint32_t base = 0; base < 4; base++)
		for (uint32_t local = 0; local < 4; local++)
			for (uint32_t remote = 0; remote < 4; remote++) {
				struct plan_action a =
				    plan_message(base, with(local), with(remote), BOTH);
				uint32_t server = (remote | a.add) & ~a.clear;

				CHECK_INT(a.file, server);
				CHECK_INT(a.base, server);
				CHECK_INT(a.add & a.clear, 0);
				CHECK_INT((base ^ local) & (a.file ^ local), 0);
				CHECK_INT((base ^ remote) & (server ^ remote), 0);
				CHECK_INT(a.forget || a.remove_local || a.remove_remote, 0);
			}
}

/* One way: the other side's changes stay there, and are changes still afterwards. */
TEST(one_way)
{
	for (uint32_t base = 0; base < 4; base++)
		for (uint32_t local = 0; local < 4; local++)
			for (uint32_t remote = 0; remote < 4; remote++) {
				struct plan_action pull =
				    plan_message(base, with(local), with(remote), PLAN_PULL);
				struct plan_action push =
				    plan_message(base, with(local), with(remote), PLAN_PUSH);
				struct plan_action none =
				    plan_message(base, with(local), with(remote), 0);

				CHECK_INT(pull.add | pull.clear, 0);
				CHECK_INT(pull.base, remote);
				CHECK_INT(push.file, local);
				CHECK_INT(push.base, local);
				CHECK_INT(none.file, local);
				CHECK_INT(none.base, base);
				CHECK_INT(none.add | none.clear, 0);
				/* a two-way run afterwards ends where a two-way run at once would have */
				struct plan_action later =
				    plan_message(pull.base, with(pull.file), with(remote), BOTH);
				struct plan_action at_once =
				    plan_message(base, with(local), with(remote), BOTH);
				CHECK_INT(later.file, at_once.file);
				CHECK_INT(later.base, at_once.base);
			}
}

TEST(removals)
{
	struct plan_action a = plan_message(1, gone, gone, 0);
	CHECK(a.forget && !a.remove_local && !a.remove_remote);

	a = plan_message(1, gone, with(3), BOTH);
	CHECK(a.forget && a.remove_remote && !a.remove_local);
	CHECK_INT(a.add | a.clear, 0);
	a = plan_message(1, with(3), gone, BOTH);
	CHECK(a.forget && a.remove_local && !a.remove_remote);

	a = plan_message(1, gone, with(3), BOTH & ~PLAN_EXPUNGE_REMOTE);
	CHECK(!a.forget && !a.remove_remote);
	CHECK_INT(a.base, 1);
	a = plan_message(1, with(3), gone, BOTH & ~PLAN_EXPUNGE_LOCAL);
	CHECK(!a.forget && !a.remove_local);
	CHECK_INT(a.file, 3);
}

TEST(brakes)
{
	CHECK(plan_is_sane(0, 0));
	CHECK(plan_is_sane(20, 20));
	CHECK(!plan_is_sane(21, 21));
	CHECK(plan_is_sane(42, 21));
	CHECK(!plan_is_sane(41, 21));
	CHECK(plan_is_sane(1000000, 500000));
	CHECK(!plan_is_sane(1000000, 500001));
}

UNIT_MAIN
