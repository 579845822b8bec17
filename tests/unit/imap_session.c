/* Commands in flight and the end of a line, against a scripted server. */
#include "imap_peer.h"

#include "imap/mailbox.h"
#include "wire/net.h"

/* ---- commands in flight */

TEST(replies_out_of_order)
{
	struct talk t = {0};
	struct event ev;

	REQUIRE(talk_open(&t,
	    PEER_IN("") "< a1 NOOP\n< a2 CHECK\n< a3 FETCH\n> a3 NO three\n> * 4 EXISTS\n"
			"> a1 OK one\n> a2 OK [READ-ONLY] two\n"));
	uint32_t one = talk_send(&t, "NOOP"), two = talk_send(&t, "CHECK");
	CHECK_INT(talk_send(&t, "FETCH"), 3);
	CHECK_INT(imap_until(t.s, two, &ev, &t.f), 1);
	CHECK_INT(ev.kind, EV_TAGGED);
	CHECK_INT(ev.num, 3);
	CHECK_STR(ev.name, "FETCH");
	CHECK_INT(ev.cond, COND_NO);
	CHECK_INT(imap_until(t.s, two, &ev, &t.f), 1);
	CHECK_INT(ev.kind, EV_EXISTS);
	CHECK_INT(imap_until(t.s, two, &ev, &t.f), 1);
	CHECK_INT(ev.num, one);
	CHECK_INT(imap_until(t.s, two, &ev, &t.f), 0);
	CHECK_INT(ev.code, CODE_READ_ONLY);
	CHECK(imap_alive(t.s));
	talk_close(&t);
	CHECK_STR(t.peer.rest, "a4 LOGOUT\r\n");
}

TEST(refusals_are_faults_of_their_class)
{
	static const struct {
		const char *reply;
		enum fault_class cls;
		const char *msg;
	} cases[] = {{"NO [INUSE] x", FAULT_TEMP, "NOOP: NO [INUSE] x"},
	    {"NO [EXPIRED] x", FAULT_AUTH, "NOOP: NO [EXPIRED] x"},
	    {"NO [NONEXISTENT] x", FAULT_DATA, "NOOP: NO [NONEXISTENT] x"},
	    {"NO", FAULT_REFUSED, "NOOP: NO "}, {"BAD \xff", FAULT_REFUSED, "NOOP: BAD \\377"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk t = {0};
		char script[200];

		snprintf(script, sizeof(script),
		    PEER_IN("") "< a1 NOOP\n> a1 %s\n< a2 NOOP\n> a2 OK\n", cases[i].reply);
		REQUIRE(talk_open(&t, script));
		CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), -1);
		CHECK_INT(t.f.cls, cases[i].cls);
		CHECK_STR(t.f.msg, cases[i].msg);
		CHECK(imap_alive(t.s));
		CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), 0);
		talk_close(&t);
	}
}

TEST(unknown_tags)
{
	static const char *const tags[] = {"a2", "a0", "a01", "b1", "a", "a99999999999", "A1"};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct talk t = {0};
		char script[200];

		snprintf(script, sizeof(script), PEER_IN("") "< a1 NOOP\n> %s OK\n", tags[i]);
		REQUIRE(talk_open(&t, script));
		CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), -1);
		CHECK_INT(t.f.cls, FAULT_PROTOCOL);
		CHECK(!imap_alive(t.s));
		talk_close(&t);
		CHECK_STR(t.peer.rest, "");
	}
	struct talk t = {0};
	REQUIRE(talk_open(&t, PEER_IN("") "< a1 NOOP\n> a1 OK\n> a1 OK again\n"));
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), 0);
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), -1);
	CHECK_INT(t.f.cls, FAULT_PROTOCOL);
	talk_close(&t);
}

TEST(an_answer_before_the_command)
{
	struct talk t = {0};

	REQUIRE(talk_open(&t, "- * PREAUTH [CAPABILITY X] hello|a1 OK done|\n?\n"));
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), -1);
	CHECK_INT(t.f.cls, FAULT_PROTOCOL);
	CHECK(!imap_alive(t.s));
	talk_close(&t);
}

TEST(too_many_in_flight)
{
	struct talk t = {0};

	REQUIRE(talk_open(&t, PEER_IN("")));
	for (int i = 0; i < IMAP_INFLIGHT_MAX; i++)
		CHECK(talk_send(&t, "NOOP") != 0);
	CHECK_INT(talk_send(&t, "NOOP"), 0);
	CHECK_INT(t.f.cls, FAULT_BUG);
	talk_close(&t);
}

TEST(capabilities_said_at_any_time)
{
	struct talk t = {0};

	REQUIRE(talk_open(&t,
	    PEER_IN("X") "< a1 NOOP\n> * CAPABILITY A B\n> a1 OK\n< a2 NOOP\n"
			 "> * OK [CAPABILITY C] so\n> a2 OK\n< a3 NOOP\n> a3 OK "
			 "[CAPABILITY D] so\n"));
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), 0);
	CHECK_STR(imap_caps(t.s), "A B");
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), 0);
	CHECK_STR(imap_caps(t.s), "C");
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), 0);
	CHECK_STR(imap_caps(t.s), "D");
	talk_close(&t);
}

/* ---- the end of the line */

TEST(bye)
{
	struct talk t = {0};
	struct event ev;

	REQUIRE(talk_open(&t, PEER_IN("") "< a1 NOOP\n> * BYE shutting down\n!"));
	uint32_t tag = talk_send(&t, "NOOP");
	CHECK_INT(imap_until(t.s, tag, &ev, &t.f), 1);
	CHECK_INT(ev.kind, EV_STATUS);
	CHECK_INT(imap_until(t.s, tag, &ev, &t.f), -1);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	CHECK_STR(t.f.msg, "the server says goodbye: BYE shutting down");
	CHECK(!imap_alive(t.s));
	CHECK_INT(imap_next(t.s, 0, &ev, &t.f), -1);
	talk_close(&t);
}

TEST(bye_without_an_end)
{
	struct talk t = {0};
	int64_t start = net_now();

	REQUIRE(talk_open(&t, PEER_IN("") "< a1 NOOP\n> * BYE [TOOBIG] no\n"));
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), -1);
	CHECK_INT(t.f.cls, FAULT_REFUSED);
	CHECK(net_now() - start < 3000);
	talk_close(&t);
	CHECK_STR(t.peer.rest, "");
	/* what comes behind it counts */
	REQUIRE(talk_open(&t, PEER_IN("") "< a1 NOOP\n> * BYE\n~ 50\n> a1 NO [INUSE] first\n"));
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), -1);
	CHECK_STR(t.f.msg, "NOOP: NO [INUSE] first");
	talk_close(&t);
}

TEST(end_in_the_middle)
{
	static const char *const ends[] = {"> * 5 EXISTS\n!", "- * 5 EX\n!", "- * OK\n!",
	    "- * 1 FETCH (BODY[] {10}|abc\n!", "- a1 OK|* 1 FETCH (FLAGS\n!", "!"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct talk t = {0};
		char script[200];

		snprintf(script, sizeof(script), PEER_IN("") "< a1 NOOP\n%s", ends[i]);
		REQUIRE(talk_open(&t, script));
		int r = talk_finish(&t, talk_send(&t, "NOOP"));
		if (strstr(ends[i], "a1 OK") != NULL) {
			CHECK_INT(r, 0);
			r = talk_finish(&t, talk_send(&t, "NOOP"));
		}
		CHECK_INT(r, -1);
		CHECK_INT(t.f.cls, FAULT_TEMP);
		CHECK(!imap_alive(t.s));
		talk_close(&t);
	}
}

TEST(no_progress)
{
	struct talk t = {.o.timeout = 300};
	struct event ev;
	int64_t start;

	REQUIRE(talk_open(
	    &t, PEER_IN("") "< a1 NOOP\n~ 200\n> * 1 EXISTS\n~ 200\n- * 2 \n~ 200\n- EXI\n"));
	start = net_now();
	uint32_t tag = talk_send(&t, "NOOP");
	/* another timeout is no fault */
	CHECK_INT(imap_next(t.s, 50, &ev, &t.f), 0);
	CHECK_INT(ev.kind, EV_NONE);
	CHECK_INT(imap_until(t.s, tag, &ev, &t.f), 1);
	CHECK_INT(imap_until(t.s, tag, &ev, &t.f), -1);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	CHECK(strstr(t.f.msg, "no answer") != NULL);
	CHECK(net_now() - start >= 850 && net_now() - start < 3000);
	talk_close(&t);
}

TEST(close_does_not_wait)
{
	struct talk t = {0};
	int64_t start;

	/* a server that says nothing to LOGOUT, and goes on with something else */
	REQUIRE(talk_open(&t, PEER_IN("") "< a1 LOGOUT\n> * 1 EXISTS\n> * 2 EXISTS\n"));
	start = net_now();
	imap_close(t.s);
	CHECK(net_now() - start < 400);
	t.s = NULL;
	talk_close(&t);
	REQUIRE(talk_open(&t, PEER_IN("") "< a1 LOGOUT\n> * BYE bye\n> a1 OK\n"));
	start = net_now();
	talk_close(&t);
	CHECK(net_now() - start < 400);
	imap_close(NULL);
	imap_drop(NULL);
}

/* ---- IDLE */

TEST(idle)
{
	struct talk t = {0};
	struct event ev;

	REQUIRE(talk_open(
	    &t, PEER_IN("IDLE") "< a1 IDLE\n> + idling\n> * 3 EXISTS\n< DONE\n> a1 OK\n"));
	uint32_t tag = imap_idle(t.s, &t.f);
	CHECK_INT(imap_done(t.s, &t.f), -1); /* not before it has gone out */
	CHECK_INT(t.f.cls, FAULT_BUG);
	CHECK_INT(imap_next(t.s, 2000, &ev, &t.f), 1);
	CHECK_INT(ev.kind, EV_CONTINUE);
	CHECK_INT(imap_next(t.s, 2000, &ev, &t.f), 1);
	CHECK_INT(ev.kind, EV_EXISTS);
	CHECK_INT(imap_next(t.s, 20, &ev, &t.f), 0);
	CHECK_INT(imap_done(t.s, &t.f), 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	talk_close(&t);
}

/* ---- SELECT */

TEST(mailboxes)
{
	struct talk t = {0};
	struct mailbox m;

	REQUIRE(talk_open(&t,
	    PEER_IN(
		"QRESYNC") "< a1 SELECT INBOX\n> * 9 EXISTS\n> * OK [UIDVALIDITY 1] x\n"
			   "> * OK [CLOSED] so\n> * 172 EXISTS\n> * OK [UIDVALIDITY 3857529045] x\n"
			   "> * OK [UIDNEXT 4392] x\n> * OK [HIGHESTMODSEQ 715194045007] x\n"
			   "> * OK [PERMANENTFLAGS (\\Deleted $Forwarded)] x\n"
			   "> a1 OK [READ-WRITE] done\n< a2 EXAMINE &AOk-\n> * OK [NOMODSEQ] x\n"
			   "> a2 OK [READ-ONLY] x\n< a3 SELECT x\n> a3 NO [NONEXISTENT] no\n"));
	CHECK_INT(mailbox_open(t.s, "Inbox", false, 3857529045, &m, &t.f), 0);
	CHECK_INT(m.exists, 172);
	CHECK_INT(m.uidvalidity, 3857529045);
	CHECK_INT(m.uidnext, 4392);
	CHECK_INT(m.highestmodseq, 715194045007);
	CHECK(!m.read_only && !m.any_keyword && m.forwarded);
	CHECK_INT(mailbox_open(t.s, "\xc3\xa9", true, 7, &m, &t.f), -1);
	CHECK_INT(t.f.cls, FAULT_DATA);
	CHECK(strstr(t.f.msg, "stale URL") != NULL);
	CHECK(m.read_only && m.any_keyword && m.exists == 0 && m.highestmodseq == 0);
	CHECK_INT(mailbox_open(t.s, "x", false, 0, &m, &t.f), -1);
	CHECK_STR(t.f.msg, "x: SELECT: NO [NONEXISTENT] no");
	talk_close(&t);
}

UNIT_MAIN
