/* The login that is not waited for: what is sent with it, and what becomes of that on servers of all kinds. */
#include <string.h>

#include "imap_peer.h"

#define BEFORE    "IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN"
#define AFTER     "IMAP4rev1 LITERAL+ LIST-STATUS COMPRESS=DEFLATE"
#define AUTH(tag) "< " tag " AUTHENTICATE PLAIN " PEER_PLAIN "\n"

static struct talk early(enum imap_early how)
{
	return (struct talk){
	    .o = {.credentials = &peer_alice,
		.early = true,
		.known = {.caps_before = BEFORE, .caps_after = AFTER, .early = how}}};
}

/* Opens, which must not wait, and sends LIST behind the login. */
static uint32_t begin(struct talk *t, const char *script)
{
	struct imap_cmd c;

	if (talk_open(t, script) == NULL)
		return 0;
	CHECK_STR(imap_caps(t->s), AFTER);
	imap_cmd_init(&c, t->s, "LIST");
	imap_astring(&c, "", 0);
	imap_atom(&c, "*");
	return imap_send(t->s, &c, &t->f);
}

TEST(all_in_one_flight)
{
	struct talk t = early(IMAP_EARLY_TAKES);
	uint32_t tag = begin(&t,
	    AUTH(
		"a1") "< a2 LIST \"\" *\n> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\n"
		      "> a1 OK [CAPABILITY IMAP4rev1 LITERAL+ X] in\n> * LIST () \"/\" INBOX\n> a2 OK\n");
	struct event ev;
	int lists = 0, r;

	REQUIRE(tag != 0);
	while ((r = imap_until(t.s, tag, &ev, &t.f)) == 1)
		lists += ev.kind == EV_LIST;
	CHECK_INT(r, 0);
	CHECK_INT(lists, 1);
	CHECK_STR(imap_caps(t.s), "IMAP4rev1 LITERAL+ X");
	CHECK_INT(imap_early_learned(t.s), IMAP_EARLY_TAKES);
	CHECK(!imap_early_failed(t.s));
	talk_close(&t);
	CHECK_STR(t.peer.rest, "a3 LOGOUT\r\n");
}

/* Nothing is known: a NOOP behind the login's reply tells that the flight was taken. */
TEST(learns_that_it_is_taken)
{
	struct talk t = early(IMAP_EARLY_UNKNOWN);
	uint32_t tag = begin(&t,
	    AUTH("a1") "< a2 LIST \"\" *\n> * OK hello\n> a1 OK [CAPABILITY X] in\n> a2 OK\n"
		       "< a3 NOOP\n> a3 OK\n");

	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	tag = talk_send(&t, "CHECK");
	(void)talk_finish(&t, tag);
	CHECK_INT(imap_early_learned(t.s), IMAP_EARLY_TAKES);
	talk_close(&t);
}

/* What was swallowed goes out again on the same line, with the same tags. */
TEST(learns_that_it_is_swallowed)
{
	struct talk t = early(IMAP_EARLY_UNKNOWN);
	uint32_t tag = begin(&t,
	    AUTH("a1") "< a2 LIST \"\" *\n> * OK hello\n> a1 OK [CAPABILITY X] in\n"
		       "< a3 NOOP\n> a3 OK\n< a2 LIST \"\" *\n> * LIST () NIL INBOX\n> a2 OK\n");

	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	CHECK_INT(imap_early_learned(t.s), IMAP_EARLY_LOGIN);
	talk_close(&t);
}

TEST(login_instead)
{
	struct talk t = early(IMAP_EARLY_LOGIN);
	uint32_t tag = begin(&t,
	    "< a1 LOGIN alice wonderland\n< a2 LIST \"\" *\n> * OK hello\n> a1 OK [CAPABILITY X] in\n"
	    "> a2 OK\n< a3 NOOP\n> a3 OK\n< a4 CHECK\n> a4 OK\n");

	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	CHECK_INT(talk_finish(&t, talk_send(&t, "CHECK")), 0);
	CHECK_INT(imap_early_learned(t.s), IMAP_EARLY_LOGIN_TAKES);
	talk_close(&t);
	/* swallowed behind LOGIN too: never again */
	t = early(IMAP_EARLY_LOGIN);
	tag = begin(&t,
	    "< a1 LOGIN alice wonderland\n< a2 LIST \"\" *\n> * OK hello\n> a1 OK [CAPABILITY X] in\n"
	    "< a3 NOOP\n> a3 OK\n< a2 LIST \"\" *\n> a2 OK\n");
	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	CHECK_INT(imap_early_learned(t.s), IMAP_EARLY_NEVER);
	talk_close(&t);
}

/* Known to take it, and then it does not: silence is asked about after a while. */
TEST(known_to_take_it_and_swallows)
{
	struct talk t = early(IMAP_EARLY_TAKES);
	uint32_t tag = begin(&t,
	    AUTH("a1") "< a2 LIST \"\" *\n> * OK hello\n> a1 OK [CAPABILITY X] in\n"
		       "< a3 NOOP\n> a3 OK\n< a2 LIST \"\" *\n> a2 OK\n");

	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	CHECK_INT(imap_early_learned(t.s), IMAP_EARLY_LOGIN);
	talk_close(&t);
}

TEST(capabilities_are_asked_for_when_not_said)
{
	struct talk t = early(IMAP_EARLY_TAKES);
	uint32_t tag = begin(&t,
	    AUTH(
		"a1") "< a2 LIST \"\" *\n> * OK [CAPABILITY " BEFORE
		      "] hello\n> a1 OK in\n> a2 OK\n"
		      "< a3 CAPABILITY\n> * CAPABILITY IMAP4rev1 NEW\n> a3 OK\n< a4 CHECK\n> a4 OK\n");

	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	CHECK_INT(talk_finish(&t, talk_send(&t, "CHECK")), 0);
	CHECK_STR(imap_caps(t.s), "IMAP4rev1 NEW");
	talk_close(&t);
}

static void fails(const char *script, enum fault_class cls, enum imap_early learned)
{
	struct talk t = early(IMAP_EARLY_UNKNOWN);
	uint32_t tag = begin(&t, script);

	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), -1);
	CHECK_INT(t.f.cls, cls);
	CHECK(!imap_alive(t.s));
	CHECK(imap_early_failed(t.s));
	CHECK_INT(imap_early_learned(t.s), learned);
	talk_close(&t);
}

TEST(does_not_work_out)
{
	fails(AUTH("a1") "> * OK hello\n> a1 NO [AUTHENTICATIONFAILED] wrong\n", FAULT_AUTH,
	    IMAP_EARLY_LOGIN);
	fails(AUTH("a1") "> * OK hello\n> + \n", FAULT_AUTH, IMAP_EARLY_LOGIN);
	fails(AUTH("a1") "> * OK hello\n> a2 BAD not yet\n", FAULT_TEMP, IMAP_EARLY_LOGIN);
	fails(AUTH("a1") "> * OK hello\n!", FAULT_TEMP, IMAP_EARLY_LOGIN);
	fails("!", FAULT_TEMP, IMAP_EARLY_LOGIN);
	fails("> * BYE full\n!", FAULT_TEMP, IMAP_EARLY_LOGIN);
}

/* Someone logged us in already: the login is refused, which is fine. */
TEST(preauth)
{
	struct talk t = early(IMAP_EARLY_TAKES);
	uint32_t tag = begin(&t,
	    AUTH(
		"a1") "< a2 LIST \"\" *\n> * PREAUTH [CAPABILITY " AFTER
		      "] hello\n> a1 BAD already\n> a2 OK\n< a3 CAPABILITY\n> * CAPABILITY X\n> a3 OK\n< a4 CHECK\n> a4 OK\n");

	REQUIRE(tag != 0);
	CHECK_INT(talk_finish(&t, tag), 0);
	CHECK_INT(talk_finish(&t, talk_send(&t, "CHECK")), 0);
	talk_close(&t);
}

/* Where it may not be done, imap_open() logs in as ever. */
TEST(not_where_it_may_not_be)
{
	static const char waits[] = "> * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello\n" AUTH(
	    "a1") "> a1 OK [CAPABILITY X] in\n";
	struct talk t = early(IMAP_EARLY_NEVER);

	REQUIRE(talk_open(&t, waits) != NULL);
	CHECK_STR(imap_caps(t.s), "X");
	talk_close(&t);
	t = early(IMAP_EARLY_UNKNOWN);
	t.o.known.caps_after = NULL;
	REQUIRE(talk_open(&t, waits) != NULL);
	talk_close(&t);
	t = early(IMAP_EARLY_UNKNOWN);
	t.o.endpoint.security = CHAN_STARTTLS;
	REQUIRE(talk_open(&t, waits) != NULL);
	talk_close(&t);
	/* several messages: SCRAM is not given up for a round trip */
	t = early(IMAP_EARLY_UNKNOWN);
	t.o.known.caps_before = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256";
	REQUIRE(talk_open(&t, waits) != NULL);
	talk_close(&t);
}

/* COMPRESS rides as the last of the flight; what is sent later waits for its answer. */
TEST(compress_in_the_flight)
{
	struct talk t = early(IMAP_EARLY_TAKES);
	uint32_t tag = begin(&t,
	    AUTH(
		"a1") "< a2 LIST \"\" *\n< a3 COMPRESS DEFLATE\n?\n> * OK hello\n> a1 OK [CAPABILITY " AFTER
		      "] in\n> a2 OK\n> a3 NO no\n< a4 CHECK\n> a4 OK\n");

	REQUIRE(tag != 0);
	CHECK_INT(imap_compress(t.s, &t.f), 0);
	uint32_t check = talk_send(&t, "CHECK");
	CHECK_INT(talk_finish(&t, tag), 0);
	CHECK_INT(talk_finish(&t, check), 0);
	CHECK(!imap_is_compressed(t.s));
	talk_close(&t);
}

UNIT_MAIN
