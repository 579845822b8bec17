#include "app/watch_box.h"

#include <stdlib.h>

#include "imap/response.h"
#include "unit.h"

/* ---- the list */

TEST(boxes_sorted_and_found)
{
	struct boxes b = {0};
	char name[16];

	for (int i = 999; i >= 0; i -= 3) {
		snprintf(name, sizeof(name), "m%03d", i);
		REQUIRE(boxes_add(&b, name) != NULL);
	}
	CHECK_INT(b.n, 334);
	for (size_t i = 1; i < b.n; i++)
		CHECK(strcmp(b.box[i - 1]->name, b.box[i]->name) < 0);
	CHECK(boxes_find(&b, "m003") != NULL);
	CHECK(boxes_find(&b, "m004") == NULL);
	CHECK(boxes_find(&b, "") == NULL);
	CHECK(boxes_add(&b, "m003") == boxes_find(&b, "m003"));
	CHECK_INT(b.n, 334);
	boxes_free(&b);
	CHECK_INT(b.n, 0);
}

TEST(boxes_take_and_rename)
{
	struct boxes b = {0};
	struct box *x, *y;

	x = boxes_add(&b, "x");
	y = boxes_add(&b, "y");
	REQUIRE(x != NULL && y != NULL);
	y->uidnext = 7;
	CHECK_INT(boxes_rename(&b, y, "x"), -1); /* that is somebody else */
	CHECK_INT(boxes_rename(&b, y, "a"), 0);
	CHECK(b.box[0] == y && boxes_find(&b, "a") == y && boxes_find(&b, "y") == NULL);
	CHECK_INT(y->uidnext, 7);
	boxes_take(&b, x);
	CHECK_INT(b.n, 1);
	boxes_take(&b, x); /* not there: nothing happens */
	CHECK_INT(b.n, 1);
	box_free(x);
	boxes_free(&b);
}

TEST(boxes_limits)
{
	struct boxes b = {0};
	char *name = calloc(1, BOX_NAME_MAX + 2);
	char number[16];

	REQUIRE(name != NULL);
	memset(name, 'n', BOX_NAME_MAX + 1);
	CHECK(boxes_add(&b, name) == NULL);
	name[BOX_NAME_MAX] = '\0';
	CHECK(boxes_add(&b, name) != NULL);
	free(name);
	for (int i = 1; i < BOXES_MAX; i++) {
		snprintf(number, sizeof(number), "%06d", i);
		REQUIRE(boxes_add(&b, number) != NULL);
	}
	CHECK(boxes_add(&b, "one more") == NULL);
	CHECK_INT(b.n, BOXES_MAX);
	boxes_free(&b);
}

/* ---- what a STATUS says */

enum {
	COUNTS = STATUS_MESSAGES | STATUS_UIDNEXT,
	ALL = COUNTS | STATUS_UIDVALIDITY | STATUS_HIGHESTMODSEQ
};

static const struct box known = {.uidvalidity = 7,
    .uidnext = 10,
    .messages = 5,
    .unseen = 2,
    .unseen_known = true,
    .modseq = 100};

static struct box_status says(unsigned has, uint32_t messages, uint32_t uidnext, uint64_t modseq)
{
	return (struct box_status){.has = has,
	    .messages = messages,
	    .uidnext = uidnext,
	    .uidvalidity = 7,
	    .modseq = modseq};
}

static enum box_verdict verdict(const struct box *b, struct box_status s, unsigned want)
{
	uint32_t lo = 0, hi = 0;
	enum box_verdict v = box_compare(b, &s, want, false, &lo, &hi);

	if (v == BOX_NEW)
		CHECK(lo == b->uidnext && hi == s.uidnext - 1 && lo <= hi);
	return v;
}

TEST(status_same)
{
	CHECK_INT(verdict(&known, says(ALL, 5, 10, 100), WANT_ALL), BOX_SAME);
	CHECK_INT(verdict(&known, says(0, 0, 0, 0), WANT_ALL), BOX_SAME);
	CHECK_INT(verdict(&known, says(STATUS_MESSAGES, 5, 0, 0), WANT_ALL), BOX_SAME);
	/* a server that has nothing to say */
	CHECK_INT(verdict(&known, says(ALL, 5, 0, 100), WANT_ALL), BOX_SAME);
}

TEST(status_another_mailbox)
{
	struct box_status s = says(ALL, 5, 10, 100);

	s.uidvalidity = 8;
	CHECK_INT(verdict(&known, s, WANT_ALL), BOX_RESYNC);
	CHECK_INT(verdict(&known, s, WANT_NEW), BOX_RESYNC);
}

TEST(status_went_back)
{
	CHECK_INT(verdict(&known, says(ALL, 5, 9, 100), WANT_ALL), BOX_LOOK);
	CHECK_INT(verdict(&known, says(ALL, 5, 10, 99), WANT_NEW), BOX_LOOK);
	CHECK_INT(verdict(&known, says(STATUS_HIGHESTMODSEQ, 0, 0, 1), WANT_ALL), BOX_LOOK);
	/* NOMODSEQ from now on: the mailbox itself says */
	CHECK_INT(verdict(&known, says(ALL, 5, 10, 0), WANT_ALL), BOX_LOOK);
}

TEST(status_new_messages)
{
	/* flags may have changed with them */
	CHECK_INT(verdict(&known, says(ALL, 7, 12, 102), WANT_ALL), BOX_LOOK);
	/* but nobody asks, or nobody can tell */
	CHECK_INT(verdict(&known, says(ALL, 7, 12, 102), WANT_NEW), BOX_NEW);
	CHECK_INT(verdict(&known, says(ALL, 7, 12, 102), WANT_NEW | WANT_GONE), BOX_NEW);
	CHECK_INT(verdict(&known, says(COUNTS, 7, 12, 0), WANT_ALL), BOX_NEW);
	/* some of them, or others, have gone already */
	CHECK_INT(verdict(&known, says(ALL, 6, 12, 102), WANT_NEW), BOX_LOOK);
	CHECK_INT(verdict(&known, says(ALL, 6, 12, 102), WANT_GONE), BOX_LOOK);
	/* UIDs that were given to nobody yet: may be any of these */
	CHECK_INT(verdict(&known, says(ALL, 5, 12, 100), WANT_NEW), BOX_LOOK);
	/* more messages than UIDs: nonsense, so look */
	CHECK_INT(verdict(&known, says(ALL, 9, 12, 102), WANT_NEW), BOX_LOOK);
	CHECK_INT(verdict(&known, says(ALL, 7, 12, 102), WANT_MAILBOX), BOX_SAME);
	/* a number alone */
	CHECK_INT(verdict(&known, says(STATUS_UIDNEXT, 0, 12, 0), WANT_NEW), BOX_LOOK);
}

TEST(status_new_with_headers)
{
	struct box_status s = says(ALL, 7, 12, 102);
	uint32_t lo, hi;

	CHECK_INT(box_compare(&known, &s, WANT_NEW, true, &lo, &hi), BOX_LOOK);
}

TEST(status_too_many_to_be_believed)
{
	CHECK_INT(verdict(&known, says(ALL, 5 + BOX_RANGE_MAX, 10 + BOX_RANGE_MAX, 102), WANT_NEW),
	    BOX_NEW);
	CHECK_INT(verdict(&known, says(ALL, 6 + BOX_RANGE_MAX, 11 + BOX_RANGE_MAX, 102), WANT_NEW),
	    BOX_LOOK);
	CHECK_INT(verdict(&known, says(ALL, 4294967290u, UINT32_MAX, 102), WANT_NEW), BOX_LOOK);
}

TEST(status_gone)
{
	CHECK_INT(verdict(&known, says(ALL, 4, 10, 101), WANT_GONE), BOX_LOOK);
	CHECK_INT(verdict(&known, says(COUNTS, 4, 10, 0), WANT_ALL), BOX_LOOK);
	CHECK_INT(verdict(&known, says(COUNTS, 4, 10, 0), WANT_NEW), BOX_SAME);
}

TEST(status_flags)
{
	struct box plain = known;
	struct box_status s = says(COUNTS | STATUS_UNSEEN, 5, 10, 0);

	CHECK_INT(verdict(&known, says(STATUS_HIGHESTMODSEQ, 0, 0, 101), WANT_FLAGS), BOX_LOOK);
	CHECK_INT(verdict(&known, says(STATUS_HIGHESTMODSEQ, 0, 0, 101), WANT_NEW), BOX_SAME);
	/* without mod-sequences only that something changed can be known */
	plain.modseq = 0;
	s.unseen = 2;
	CHECK_INT(verdict(&plain, s, WANT_ALL), BOX_SAME);
	s.unseen = 1;
	CHECK_INT(verdict(&plain, s, WANT_ALL), BOX_RESYNC);
	CHECK_INT(verdict(&plain, s, WANT_NEW), BOX_SAME);
	plain.unseen_known = false;
	CHECK_INT(verdict(&plain, s, WANT_ALL), BOX_SAME);
}

TEST(status_taken)
{
	struct box b = known;
	struct box_status s = says(ALL | STATUS_UNSEEN, 6, 11, 101);

	s.unseen = 3;
	b.unseen_known = false;
	box_take(&b, &s);
	CHECK_INT(b.messages, 6);
	CHECK_INT(b.uidnext, 11);
	CHECK_INT(b.modseq, 101);
	CHECK_INT(b.unseen, 3);
	CHECK(b.unseen_known);
	s = says(STATUS_HIGHESTMODSEQ, 1, 1, 102);
	box_take(&b, &s);
	CHECK_INT(b.messages, 6);
	CHECK_INT(b.uidnext, 11);
	CHECK_INT(b.modseq, 102);
}

UNIT_MAIN
