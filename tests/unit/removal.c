#include "app/removal.h"

#include "base/buf.h"
#include "imap_peer.h"

#define BOTH "< a1 UID STORE 2,4 +FLAGS.SILENT (\\Deleted)\n< a2 UID EXPUNGE 2,4\n> a1 OK\n"
#define LOOKED_AT \
	"< a1 UID SEARCH UID 2,4\n< a2 UID STORE 2,4 +FLAGS.SILENT (\\Deleted)\n< a3 UID EXPUNGE 2,4\n"

/* Removes messages 2 and 4 against the script; what is gone then is `gone`. */
static void remove_two(const char *script, bool look, const char *gone, struct removal *r)
{
	struct talk t = {0};
	struct set which;
	struct buf text;

	set_init(&which, 10);
	CHECK_INT(set_parse(&which, "2,4", 3), 0);
	removal_init(r, 10);
	REQUIRE(talk_open(&t, script));
	CHECK_INT(removal_run(r, t.s, &which, look, &t.f), 0);
	buf_init(&text, 100);
	set_format(&text, &r->gone);
	CHECK_STR(buf_str(&text), gone);
	buf_free(&text);
	set_free(&which);
	talk_close(&t);
	removal_free(r);
}

TEST(one_flight_and_a_look_when_all_goes_well)
{
	struct removal r;

	remove_two(PEER_IN("UIDPLUS") BOTH
	    "> * 4 EXPUNGE\n> * 2 EXPUNGE\n> a2 OK\n< a3 UID SEARCH UID 2,4\n> * SEARCH\n> a3 OK\n",
	    false, "2,4", &r);
	remove_two(PEER_IN("UIDPLUS") BOTH
	    "> a2 OK\n< a3 UID SEARCH UID 2,4\n> * SEARCH 1 3 5\n> a3 OK\n",
	    false, "2,4", &r);
}

TEST(looked_at_in_the_same_flight)
{
	struct removal r;

	remove_two(PEER_IN("UIDPLUS") LOOKED_AT
	    "> * SEARCH 4\n> a1 OK\n> a2 OK\n> * 2 EXPUNGE\n> a3 OK\n"
	    "< a4 UID SEARCH UID 4\n> * SEARCH\n> a4 OK\n",
	    true, "4", &r);
	CHECK(!r.blind);
	remove_two(PEER_IN("UIDPLUS") LOOKED_AT "> a1 NO no\n> a2 OK\n> * 2 EXPUNGE\n> a3 OK\n",
	    true, "", &r);
	CHECK(r.blind);
	CHECK(strstr(r.left.msg, "may or may not be removed") != NULL);
}

TEST(an_expunge_that_saw_nothing_comes_again)
{
	struct removal r;

	remove_two(PEER_IN("UIDPLUS") BOTH
	    "> a2 OK\n< a3 UID SEARCH UID 2,4\n> * SEARCH 2 4\n> a3 OK\n< a4 UID EXPUNGE 2,4\n"
	    "> * 4 EXPUNGE\n> * 2 EXPUNGE\n> a4 OK\n< a5 UID SEARCH UID 2,4\n> * SEARCH\n> a5 OK\n",
	    false, "2,4", &r);
	remove_two(PEER_IN("UIDPLUS") LOOKED_AT
	    "> * SEARCH 2 4\n> a1 OK\n> a2 OK\n> a3 OK\n"
	    "< a4 UID SEARCH UID 2,4\n> * SEARCH 4\n> a4 OK\n"
	    "< a5 UID EXPUNGE 4\n> a5 OK\n< a6 UID SEARCH UID 4\n> * SEARCH\n> a6 OK\n",
	    true, "2,4", &r);
}

TEST(only_the_search_is_believed)
{
	struct removal r;

	remove_two(PEER_IN("UIDPLUS") BOTH "> * 9 EXPUNGE\n> * 8 EXPUNGE\n> a2 OK\n"
					   "< a3 UID SEARCH UID 2,4\n> * SEARCH 4\n> a3 OK\n"
					   "< a4 UID EXPUNGE 4\n> * VANISHED 4\n> a4 OK\n"
					   "< a5 UID SEARCH UID 4\n> * SEARCH 4\n> a5 OK\n",
	    false, "2", &r);
	CHECK_INT(r.left.cls, FAULT_REFUSED);
	CHECK(strstr(r.left.msg, "still here") != NULL);
	remove_two(PEER_IN("UIDPLUS") BOTH
	    "> * 4 EXPUNGE\n> * 2 EXPUNGE\n> a2 OK\n< a3 UID SEARCH UID 2,4\n> a3 NO [NOPERM] no\n",
	    false, "", &r);
	CHECK_INT(r.left.cls, FAULT_REFUSED);
	CHECK(strstr(r.left.msg, "may or may not be removed") != NULL);
	remove_two(PEER_IN("UIDPLUS") BOTH
	    "> * VANISHED 2,4\n> a2 OK\n< a3 UID SEARCH UID 2,4\n> * SEARCH\n!",
	    false, "", &r);
	CHECK_INT(r.left.cls, FAULT_TEMP);
}

TEST(what_is_left_has_the_first_fault)
{
	struct removal r;

	remove_two(
	    PEER_IN(
		"UIDPLUS") "< a1 UID STORE 2,4 +FLAGS.SILENT (\\Deleted)\n< a2 UID EXPUNGE 2,4\n"
			   "> a1 NO [NOPERM] not yours\n> a2 OK\n"
			   "< a3 UID SEARCH UID 2,4\n> * SEARCH 2 4\n> a3 OK\n",
	    false, "", &r);
	CHECK(strstr(r.left.msg, "not yours") != NULL);
	CHECK(strstr(r.left.msg, "may or may not") == NULL);
	remove_two(PEER_IN("UIDPLUS") BOTH "!", false, "", &r);
	CHECK_INT(r.left.cls, FAULT_TEMP);
	CHECK(strstr(r.left.msg, "may or may not be removed") != NULL);
}

TEST(without_uidplus_they_are_marked)
{
	struct removal r;

	remove_two(
	    PEER_IN("") "< a1 UID STORE 2,4 +FLAGS.SILENT (\\Deleted)\n> a1 OK\n", false, "", &r);
	CHECK_INT(r.left.cls, FAULT_REFUSED);
	CHECK(strstr(r.left.msg, "only marked as deleted") != NULL);
}

UNIT_MAIN
