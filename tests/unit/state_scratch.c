/* The tables of one run. */
#include "state_dir.h"

TEST(begin)
{
	dir_make();
}

/* ---- scratch */

TEST(a_scan)
{
	static const struct scratch_file file[] = {
	    {9, 3, true}, {2, 0, false}, {9, UINT32_MAX, false}};
	struct state *s = open_state("scan");
	struct scratch_file e;

	REQUIRE(s);
	for (size_t i = 0; i < 3; i++)
		CHECK_INT(scratch_scan_add(s, &file[i], &fault), 0);
	CHECK_INT(scratch_scan_begin(s, &fault), 0);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 1);
	CHECK(e.uid == 2 && e.flags == 0 && !e.in_new);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 1);
	CHECK(e.uid == 9 && e.flags == UINT32_MAX && !e.in_new);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 1);
	CHECK(e.uid == 9 && e.flags == 3 && e.in_new);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 0);
	/* a walk that is begun again begins at the beginning, ended or not */
	CHECK_INT(scratch_scan_begin(s, &fault), 0);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 1);
	CHECK_INT(scratch_scan_begin(s, &fault), 0);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 1);
	CHECK_INT(e.uid, 2);
	scratch_scan_end(s);
	CHECK_INT(scratch_scan_clear(s, &fault), 0);
	CHECK_INT(scratch_scan_begin(s, &fault), 0);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 0);
	state_close(s);
	/* of one run only */
	s = open_state("scan");
	REQUIRE(s);
	CHECK_INT(scratch_scan_begin(s, &fault), 0);
	CHECK_INT(scratch_scan_next(s, &e, &fault), 0);
	state_close(s);
}

/* In the middle of a walk, other things may be done. */
TEST(a_walk_and_a_commit)
{
	struct state *s = open_state("walking");
	struct scratch_file e;
	uint32_t uid;

	REQUIRE(s);
	int64_t box = put_box(s, "a");
	for (uid = 1; uid <= 1000; uid++)
		CHECK_INT(scratch_scan_add(s, &(struct scratch_file){.uid = uid}, &fault), 0);
	CHECK_INT(scratch_scan_begin(s, &fault), 0);
	for (uid = 1; scratch_scan_next(s, &e, &fault) == 1; uid++) {
		CHECK_INT(e.uid, uid);
		CHECK_INT(state_begin(s, &fault), 0);
		put_message(s, box, uid);
		if (uid % 100 == 0)
			CHECK_INT(state_commit(s, &fault), 0);
	}
	CHECK_INT(uid, 1001);
	CHECK_INT(count_of(s, box), 1000);
	state_close(s);
}

static void check_change(const struct scratch_change *a, const struct scratch_change *b)
{
	CHECK_INT(a->mailbox, b->mailbox);
	CHECK_INT(a->uid, b->uid);
	CHECK_INT(a->flags, b->flags);
	CHECK(a->gone == b->gone && a->in_new == b->in_new);
}

TEST(local_changes)
{
	static const struct scratch_change change[] = {
	    {1, 5, 3, false, true}, {1, 9, 0, true, false}, {2, 5, UINT32_MAX, true, false}};
	struct state *s = open_state("local");
	struct scratch_change c;
	uint64_t gone, all;

	REQUIRE(s);
	for (size_t i = 0; i < 3; i++)
		CHECK_INT(scratch_local_put(s, &change[i], &fault), 0);
	CHECK_INT(scratch_local_get(s, 1, 5, &c, &fault), 1);
	check_change(&c, &change[0]);
	CHECK_INT(scratch_local_from(s, 1, 6, &c, &fault), 1);
	check_change(&c, &change[1]);
	CHECK_INT(scratch_local_from(s, 1, 10, &c, &fault), 0);
	CHECK_INT(scratch_local_count(s, 1, &gone, &all, &fault), 0);
	CHECK(gone == 1 && all == 2);
	CHECK_INT(scratch_local_count(s, 3, &gone, &all, &fault), 0);
	CHECK(gone == 0 && all == 0);
	CHECK_INT(scratch_local_drop(s, 1, 5, &fault), 0);
	CHECK_INT(scratch_local_get(s, 1, 5, &c, &fault), 0);
	CHECK_INT(scratch_local_clear(s, 1, &fault), 0);
	CHECK_INT(scratch_local_from(s, 1, 0, &c, &fault), 0);
	CHECK_INT(scratch_local_get(s, 2, 5, &c, &fault), 1);
	state_close(s);
}

TEST(a_message_that_is_gone_is_found_by_its_content)
{
	struct state *s = open_state("gone");
	struct scratch_change c = {.gone = true};
	int64_t box, from;
	uint32_t uid;

	REQUIRE(s);
	box = put_box(s, "a");
	for (uid = 1; uid < 4; uid++) {
		put_message(s, box, uid); /* all of one key, of different sizes */
		c = (struct scratch_change){.mailbox = box, .uid = uid, .gone = uid != 2};
		CHECK_INT(scratch_local_put(s, &c, &fault), 0);
	}
	CHECK_INT(scratch_gone_find(s, 1003, 7, &from, &uid, &fault), 1);
	CHECK(from == box && uid == 3);
	CHECK_INT(scratch_gone_find(s, 1002, 7, &from, &uid, &fault), 0);
	CHECK_INT(scratch_gone_find(s, 1003, 8, &from, &uid, &fault), 0);
	CHECK_INT(scratch_local_drop(s, box, 3, &fault), 0);
	CHECK_INT(scratch_gone_find(s, 1003, 7, &from, &uid, &fault), 0);
	CHECK_INT(state_message_drop(s, box, 1, &fault), 0);
	CHECK_INT(scratch_gone_find(s, 1001, 7, &from, &uid, &fault), 0);
	state_close(s);
}

TEST(remote_changes)
{
	struct state *s = open_state("remote");
	struct scratch_change c = {.uid = 4, .flags = UINT32_MAX};
	uint32_t uid;

	REQUIRE(s);
	int64_t box = put_box(s, "a");
	for (uid = 1; uid <= 10; uid++)
		put_message(s, box, uid);
	CHECK_INT(scratch_remote_put(s, &c, &fault), 0);
	CHECK_INT(scratch_remote_gone(s, box, 3, 5, &fault), 0);
	CHECK_INT(scratch_remote_gone(s, box, 9, UINT32_MAX, &fault), 0);
	CHECK_INT(scratch_remote_gone(s, box + 1, 1, UINT32_MAX, &fault), 0);
	CHECK_INT(scratch_remote_from(s, 0, &c, &fault), 1);
	CHECK(c.uid == 3 && c.gone);
	CHECK_INT(scratch_remote_get(s, 4, &c, &fault), 1);
	CHECK(c.gone);
	CHECK_INT(scratch_remote_from(s, 6, &c, &fault), 1);
	CHECK_INT(c.uid, 9);
	c = (struct scratch_change){.uid = 9, .flags = UINT32_MAX};
	CHECK_INT(scratch_remote_put(s, &c, &fault), 0);
	CHECK_INT(scratch_remote_get(s, 9, &c, &fault), 1);
	CHECK(!c.gone && c.flags == UINT32_MAX);
	CHECK_INT(scratch_remote_clear(s, &fault), 0);
	CHECK_INT(scratch_remote_from(s, 0, &c, &fault), 0);
	state_close(s);
}

/* The ranges of a set, as text. */
static const char *ranges(struct state *s, enum scratch_set which)
{
	static char text[400];
	uint32_t lo = 0, hi = 0;
	size_t n = 0;

	text[0] = '\0';
	while (hi < UINT32_MAX && scratch_range_from(s, which, hi + 1, &lo, &hi, &fault) == 1 &&
	    n < sizeof(text) - 30)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%u:%u ", lo, hi);
	return text;
}

TEST(ranges_become_one)
{
	static const struct {
		uint32_t lo, hi;
		const char *all;
	} step[] = {
	    {10, 20, "10:20 "},
	    {30, 40, "10:20 30:40 "},
	    {12, 15, "10:20 30:40 "},         /* nested */
	    {21, 22, "10:22 30:40 "},         /* adjacent behind */
	    {29, 29, "10:22 29:40 "},         /* adjacent before */
	    {24, 24, "10:22 24:24 29:40 "},   /* apart */
	    {18, 26, "10:26 29:40 "},         /* over an end, and over another */
	    {50, 45, "10:26 29:40 45:50 "},   /* backwards */
	    {1, 2, "1:2 10:26 29:40 45:50 "}, /* before all */
	    {60, UINT32_MAX, "1:2 10:26 29:40 45:50 60:4294967295 "},
	    {UINT32_MAX, UINT32_MAX, "1:2 10:26 29:40 45:50 60:4294967295 "},
	    {4, 58, "1:2 4:58 60:4294967295 "}, /* over several */
	    {1, UINT32_MAX, "1:4294967295 "},   /* over all */
	    {7, 7, "1:4294967295 "},
	};
	struct state *s = open_state("ranges");

	REQUIRE(s);
	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		CHECK_INT(scratch_range_add(s, SCRATCH_WANTED, step[i].lo, step[i].hi, &fault), 0);
		CHECK_STR(ranges(s, SCRATCH_WANTED), step[i].all);
	}
	CHECK_STR(ranges(s, SCRATCH_YOUNG), "");
	CHECK_INT(scratch_range_add(s, SCRATCH_LARGE, 3, 3, &fault), 0);
	CHECK_INT(scratch_range_clear(s, SCRATCH_WANTED, &fault), 0);
	CHECK_STR(ranges(s, SCRATCH_WANTED), "");
	CHECK_STR(ranges(s, SCRATCH_LARGE), "3:3 ");
	state_close(s);
}

static const char *range_text(int r, uint32_t lo, uint32_t hi)
{
	static char text[40];

	text[0] = '\0';
	if (r == 1)
		snprintf(text, sizeof(text), "%u:%u", lo, hi);
	return text;
}

TEST(the_range_of_a_uid)
{
	static const struct {
		uint32_t uid;
		const char *from, *to; /* "" where there is none */
	} look[] = {{0, "10:20", ""}, {9, "10:20", ""}, {10, "10:20", "10:20"},
	    {15, "10:20", "10:20"}, {20, "10:20", "10:20"}, {21, "30:30", "10:20"},
	    {30, "30:30", "30:30"}, {31, "", "30:30"}, {UINT32_MAX, "", "30:30"}};
	struct state *s = open_state("looks");
	uint32_t lo = 0, hi = 0;

	REQUIRE(s);
	CHECK_INT(scratch_range_add(s, SCRATCH_YOUNG, 10, 20, &fault), 0);
	CHECK_INT(scratch_range_add(s, SCRATCH_YOUNG, 12, 13, &fault), 0);
	CHECK_INT(scratch_range_add(s, SCRATCH_YOUNG, 30, 30, &fault), 0);
	CHECK_INT(scratch_range_add(s, SCRATCH_WANTED, 1, UINT32_MAX, &fault), 0);
	for (size_t i = 0; i < sizeof(look) / sizeof(look[0]); i++) {
		int r = scratch_range_from(s, SCRATCH_YOUNG, look[i].uid, &lo, &hi, &fault);
		CHECK_STR(range_text(r, lo, hi), look[i].from);
		r = scratch_range_to(s, SCRATCH_YOUNG, look[i].uid, &lo, &hi, &fault);
		CHECK_STR(range_text(r, lo, hi), look[i].to);
	}
	state_close(s);
}

static struct scratch_unknown unknown_of(int64_t box, const char *file, uint64_t size)
{
	struct scratch_unknown u = {.mailbox = box, .size = size};

	snprintf(u.file, sizeof(u.file), "%s", file);
	return u;
}

TEST(unknown_files)
{
	struct state *s = open_state("unknown");
	struct scratch_unknown a = unknown_of(1, "a", 10), b = unknown_of(1, "b", 10), u;

	REQUIRE(s);
	a.key = UINT64_MAX;
	b.id_key = 5;
	b.ours = b.in_new = true;
	CHECK_INT(scratch_unknown_put(s, &a, &fault), 0);
	CHECK_INT(scratch_unknown_put(s, &b, &fault), 0);
	CHECK_INT(scratch_unknown_after(s, 1, 0, &u, &fault), 1);
	CHECK(u.id == a.id && u.key == UINT64_MAX && !u.in_new && !u.ours && u.size == 10);
	CHECK_STR(u.file, "a");
	CHECK_INT(scratch_unknown_after(s, 1, u.id, &u, &fault), 1);
	CHECK(u.id == b.id && u.id_key == 5 && u.in_new && u.ours && u.mailbox == 1);
	CHECK_INT(scratch_unknown_after(s, 1, u.id, &u, &fault), 0);
	CHECK_INT(scratch_unknown_after(s, 2, 0, &u, &fault), 0);
	CHECK_INT(scratch_unknown_find(s, 1, 10, UINT64_MAX, 0, &u, &fault), 1);
	CHECK_INT(u.id, a.id);
	CHECK_INT(scratch_unknown_find(s, 1, 10, 0, 5, &u, &fault), 1);
	CHECK_INT(u.id, b.id);
	/* two messages without a Message-ID are not alike by that */
	CHECK_INT(scratch_unknown_find(s, 1, 10, 0, 0, &u, &fault), 0);
	CHECK_INT(scratch_unknown_find(s, 1, 11, 0, 5, &u, &fault), 0);
	CHECK_INT(scratch_unknown_find(s, 2, 10, 0, 5, &u, &fault), 0);
	b.key = 77;
	b.mailbox = 2;
	CHECK_INT(scratch_unknown_put(s, &b, &fault), 0);
	CHECK_INT(scratch_unknown_find(s, 2, 10, 77, 0, &u, &fault), 1);
	CHECK(u.id == b.id && u.ours);
	/* an id that was dropped is not given again: a walk would miss the new one */
	CHECK_INT(scratch_unknown_drop(s, b.id, &fault), 0);
	u = unknown_of(1, "c", 10);
	CHECK_INT(scratch_unknown_put(s, &u, &fault), 0);
	CHECK(u.id > b.id);
	CHECK_INT(scratch_unknown_clear(s, 1, &fault), 0);
	CHECK_INT(scratch_unknown_after(s, 1, 0, &u, &fault), 0);
	state_close(s);
}

TEST(moves)
{
	static const struct scratch_move move[] = {{.from = 1, .to = 3, .uid = 2, .file = "c"},
	    {.from = 1, .to = 2, .uid = 9, .file = "b", .in_new = true},
	    {.from = 1, .to = 2, .uid = 1, .file = "a"},
	    {.from = 1, .to = 9, .uid = 5, .file = "copy", .copy = true},
	    {.from = 4, .to = 2, .uid = 1, .file = "other"}};
	static const char *const order[] = {"copy", "a", "b", "c"};
	struct state *s = open_state("moves");
	struct scratch_move m = {0};

	REQUIRE(s);
	CHECK_INT(scratch_move_any(s, 1, &fault), 0);
	for (size_t i = 0; i < 5; i++)
		CHECK_INT(scratch_move_put(s, &move[i], &fault), 0);
	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(scratch_move_after(s, 1, &m, &m, &fault), 1);
		CHECK_STR(m.file, order[i]);
		CHECK(m.copy == (i == 0) && m.in_new == (i == 2) && m.from == 1);
		CHECK_INT(scratch_move_drop(s, m.id, &fault), 0);
	}
	CHECK_INT(scratch_move_after(s, 1, &m, &m, &fault), 0);
	CHECK_INT(scratch_move_any(s, 1, &fault), 0);
	CHECK_INT(scratch_move_any(s, 4, &fault), 1);
	state_close(s);
}

TEST(end)
{
	dir_clean();
}

UNIT_MAIN
