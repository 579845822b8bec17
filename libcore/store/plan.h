/*
 * plan: what has to be done about one message, from what it was when both sides last agreed and what each side has now. Pure functions.
 *
 * Flags merge one by one. A flag has two values, so a side that changed it can only have changed it to the other one: two sides that
 * both changed it agree, and there is no conflict. A removal wins over a change of flags.
 */
#ifndef LM_STORE_PLAN_H
#define LM_STORE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* One side. */
struct plan_side {
	bool gone;      /* the message is not there any more */
	uint32_t flags; /* maildir_name.flags; of no meaning when it is gone */
};

enum {                           /* what may be done */
	PLAN_PULL = 1,           /* flags and news go from the server to the Maildir */
	PLAN_PUSH = 2,           /* the other way */
	PLAN_EXPUNGE_LOCAL = 4,  /* the file of a message that is gone on the server is removed */
	PLAN_EXPUNGE_REMOTE = 8, /* the message whose file is gone is removed on the server */
};

/* What may not cross stays as it is on its own side, and is seen as a change again next time. */
struct plan_action {
	uint32_t base; /* the new common state */
	uint32_t
	    file; /* flags that the file has to have; to be renamed when they are not local.flags */
	uint32_t add, clear; /* flags to be set and cleared on the server */
	bool remove_local, remove_remote;
	bool forget; /* nothing is left to be kept in step */
};

/* base: the flags both had. */
struct plan_action plan_message(
    uint32_t base, struct plan_side local, struct plan_side remote, unsigned policy);

/* Whether a removal is to be believed: not when over 20 messages and more than half of `had` are gone at once. */
bool plan_is_sane(uint64_t had, uint64_t gone);

#endif
