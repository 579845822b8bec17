#include "app/flight.h"

#include "imap_peer.h"

enum { ONE = 1, TWO };

static struct flight fl;

static int send_word(struct talk *t, const char *name, int kind)
{
	struct imap_cmd c;

	imap_cmd_init(&c, t->s, name);
	return flight_send(&fl, &c, kind, &t->f);
}

/* Pulls all; found: what the searches say of `asked`. */
static int pull(struct talk *t, const struct set *asked, struct set *found)
{
	struct flight_cmd *done;
	struct event ev;
	int r;

	while ((r = flight_next(&fl, &ev, &done, &t->f)) == 1)
		CHECK_INT(flight_take_search(&ev, asked, found, &t->f), 0);
	return r;
}

static const char *text_of(const struct set *s)
{
	static char text[200];
	struct buf out;

	buf_init(&out, sizeof(text) - 1);
	set_format(&out, s);
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	buf_free(&out);
	return text;
}

TEST(each_has_its_result)
{
	struct talk t = {0};
	struct set none;

	set_init(&none, 1);
	REQUIRE(talk_open(&t,
	    PEER_IN("") "< a1 COPY\n< a2 NOOP\n> a2 OK [UIDNEXT 4] so\n> a1 NO [TRYCREATE] no\n"));
	flight_init(&fl, t.s);
	CHECK_INT(pull(&t, &none, &none), 0);
	CHECK_INT(send_word(&t, "COPY", ONE), 0);
	CHECK_INT(send_word(&t, "NOOP", TWO), 0);
	CHECK_INT(flight_current(&fl)->kind, ONE);
	CHECK_INT(pull(&t, &none, &none), 0);
	CHECK(flight_current(&fl) == NULL);
	CHECK(fl.cmd[0].done && fl.cmd[1].done);
	CHECK_INT(fl.cmd[0].why.cls, FAULT_DATA);
	CHECK_INT(fl.cmd[0].code, CODE_TRYCREATE);
	CHECK_INT(fl.cmd[1].why.cls, FAULT_NONE);
	CHECK_INT(fl.cmd[1].code, CODE_UIDNEXT);
	talk_close(&t);
}

TEST(what_is_lost_has_the_fault_of_the_line)
{
	struct talk t = {0};
	struct set none;

	set_init(&none, 1);
	REQUIRE(talk_open(&t, PEER_IN("") "< a1 COPY\n< a2 NOOP\n> a1 OK\n!"));
	flight_init(&fl, t.s);
	CHECK_INT(send_word(&t, "COPY", ONE), 0);
	CHECK_INT(send_word(&t, "NOOP", TWO), 0);
	CHECK_INT(pull(&t, &none, &none), -1);
	CHECK(fl.cmd[0].done && !fl.cmd[1].done);
	CHECK_INT(fl.cmd[0].why.cls, FAULT_NONE);
	CHECK_INT(fl.cmd[1].why.cls, FAULT_TEMP);
	CHECK_INT(flight_current(&fl)->kind, TWO);
	talk_close(&t);
}

TEST(too_many)
{
	struct talk t = {0};

	REQUIRE(talk_open(&t, PEER_IN("")));
	flight_init(&fl, t.s);
	for (int i = 0; i < FLIGHT_MAX; i++)
		CHECK_INT(send_word(&t, "NOOP", ONE), 0);
	CHECK_INT(send_word(&t, "NOOP", ONE), -1);
	CHECK_INT(t.f.cls, FAULT_BUG);
	talk_close(&t);
}

TEST(a_search_takes_what_was_asked_for)
{
	struct talk t = {0};
	struct set asked, found;

	set_init(&asked, 100);
	set_init(&found, 100);
	CHECK_INT(set_parse(&asked, "3:5,9,20:30", 11), 0);
	REQUIRE(talk_open(&t,
	    PEER_IN("") "< a1 UID SEARCH UID 3:5,9,20:30\n> * SEARCH 1 4 3 9 25 28 31\n> a1 OK\n"));
	flight_init(&fl, t.s);
	CHECK_INT(flight_search(&fl, &asked, NULL, ONE, &t.f), 0);
	CHECK_INT(pull(&t, &asked, &found), 0);
	CHECK_STR(text_of(&found), "3:4,9,25,28");
	set_free(&found);
	talk_close(&t);

	REQUIRE(talk_open(&t,
	    PEER_IN("ESEARCH") "< a1 UID SEARCH RETURN (ALL) UID 3:5,9,20:30 KEYWORD $Forwarded\n"
			       "> * ESEARCH (TAG \"a1\") UID ALL 29:1000000\n> a1 OK\n"));
	flight_init(&fl, t.s);
	CHECK_INT(flight_search(&fl, &asked, "$Forwarded", ONE, &t.f), 0);
	CHECK_INT(pull(&t, &asked, &found), 0);
	CHECK_STR(text_of(&found), "29:30");
	set_free(&found);
	set_free(&asked);
	talk_close(&t);
}

/* Finds those of 3 to 5 that are there. */
static int find(const char *script, struct set *found, struct fault *why)
{
	struct talk t = {0};
	struct set which;
	int r = -1;

	set_init(&which, 10);
	CHECK_INT(set_add(&which, 3, 5), 0);
	if (talk_open(&t, script))
		r = flight_find(t.s, &which, NULL, found, why, &t.f);
	CHECK_INT(t.f.cls, FAULT_NONE);
	set_free(&which);
	talk_close(&t);
	return r;
}

TEST(what_is_there_is_found_or_it_is_said_why_not)
{
	struct fault why = {0};
	struct set found;

	set_init(&found, 10);
	CHECK_INT(
	    find(PEER_IN("") "< a1 UID SEARCH UID 3:5\n> * SEARCH 4 9\n> a1 OK\n", &found, &why),
	    0);
	CHECK_STR(text_of(&found), "4");
	CHECK_INT(
	    find(PEER_IN("") "< a1 UID SEARCH UID 3:5\n> a1 NO [NOPERM] no\n", &found, &why), 1);
	CHECK(strstr(why.msg, "NOPERM") != NULL);
	CHECK_INT(find(PEER_IN("") "< a1 UID SEARCH UID 3:5\n!", &found, &why), 1);
	CHECK_INT(why.cls, FAULT_TEMP);
	set_free(&found);
}

UNIT_MAIN
