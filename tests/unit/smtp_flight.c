#include "smtp_peer.h"

/*
 * Sessions that remember: what rides in which flight, and what happens when memory is wrong.
 */

#define BEFORE "PIPELINING\nCHUNKING\nBURL imap\nAUTH PLAIN\n8BITMIME"
#define EHLO_OK \
	"> 250-server\n> 250-PIPELINING\n> 250-CHUNKING\n> 250-BURL imap\n> 250-AUTH PLAIN\n> 250 8BITMIME\n"
#define PIPE    "PIPECONNECT\n" BEFORE
#define PIPE_OK "> 250-server\n> 250-PIPECONNECT\n" EHLO_REST
#define EHLO_REST \
	"> 250-PIPELINING\n> 250-CHUNKING\n> 250-BURL imap\n> 250-AUTH PLAIN\n> 250 8BITMIME\n"
#define ENVELOPE "< MAIL FROM:<alice@example.org>\n< RCPT TO:<bob@example.org>\n"
#define MESSAGE  ENVELOPE "< BDAT 22 LAST\n= 22\n"
#define LOGIN    "< EHLO me.example.org\n< " PEER_PLAIN "\n"
#define TAKEN    "> 250 ok\n> 250 ok\n> 250 kept\n"
/* Step by step, with nothing on top. */
#define TIMID \
	"> 220 hi\n< EHLO\n?\n" EHLO_OK "< " PEER_PLAIN "\n?\n> 235 ok\n" MESSAGE TAKEN "< QUIT"

static struct session remembering(const char *before)
{
	struct session t = {.o.credentials = &peer_alice};

	t.o.known.ehlo_before = before;
	t.o.known.auth_takes_flight = true;
	return t;
}

static void check_sent(const struct session *t, const struct peer *p, size_t connections)
{
	CHECK_INT(t->result, 0);
	if (t->result == -1)
		printf("# %s\n", t->f.msg);
	CHECK_INT(t->outcome, SMTP_SENT);
	CHECK_INT(p->n, connections);
	if (p->n > 0)
		CHECK_MEM(p->lines[p->n - 1].data, p->lines[p->n - 1].ndata, PEER_MESSAGE, 22);
}

TEST(all_before_the_greeting)
{
	struct session t = remembering(PIPE);
	struct peer p = session_play(
	    &t, LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 235 ok\n" TAKEN "< QUIT", NULL, NULL);

	check_sent(&t, &p, 1);
	CHECK_INT(t.flights, 1);
	CHECK_STR(t.before, PIPE);
	CHECK(t.learned.auth_takes_flight && !t.learned.ehlo_alone && !t.learned.ehlo_takes_flight);
	peer_free(&p);
}

TEST(before_the_greeting_only_when_safe)
{
	struct session t = {.in_the_clear = true};
	struct peer p;

	/* Memory of an encrypted line is no reason to write early on one in the clear. */
	t.o.known.ehlo_before = PIPE;
	p = session_play(&t, "?\n> 220 hi\n< EHLO\n?\n" PIPE_OK MESSAGE TAKEN, NULL, NULL);
	check_sent(&t, &p, 1);
	CHECK(!t.learned.ehlo_before);
	peer_free(&p);
}

TEST(no_auth_before_the_greeting)
{
	struct session t = {0};
	struct peer p;

	t.o.known.ehlo_before = PIPE;
	p = session_play(&t, "< EHLO\n" MESSAGE "> 220 hi\n" PIPE_OK TAKEN "< QUIT", NULL, NULL);
	check_sent(&t, &p, 1);
	CHECK_INT(t.flights, 1);
	peer_free(&p);
}

TEST(burl_before_the_greeting)
{
	struct session t = remembering(PIPE);
	struct peer p;

	t.o.known.ehlo = PIPE "\nDSN";
	t.o.want = SMTP_WANT_BURL | SMTP_WANT_DSN;
	t.url = "imap://x/y";
	p = session_play(&t,
	    LOGIN ENVELOPE "< BDAT 22\n= 22\n< BURL imap://x/y LAST\n> 220 hi\n" PIPE_OK
			   "> 235 ok\n> 250 ok\n> 250 ok\n> 250 ok\n> 250 kept\n",
	    NULL, NULL);
	check_sent(&t, &p, 1);
	CHECK_STR(t.ehlo, PIPE "\nDSN");
	CHECK(t.caps.dsn);
	peer_free(&p);
}

TEST(auth_behind_ehlo_is_tried_first)
{
	struct session t = remembering(BEFORE);
	struct peer p = session_play(
	    &t, "?\n> 220 hi\n" LOGIN "?\n" EHLO_OK "> 235 ok\n" MESSAGE TAKEN, NULL, NULL);

	check_sent(&t, &p, 1);
	CHECK(t.learned.ehlo_takes_flight && !t.learned.ehlo_alone);
	CHECK_INT(t.flights, 3);
	peer_free(&p);
	/* Learned: all of it. */
	t = remembering(BEFORE);
	t.o.known.ehlo_takes_flight = true;
	p = session_play(&t, "?\n> 220 hi\n" LOGIN MESSAGE EHLO_OK "> 235 ok\n" TAKEN, NULL, NULL);
	check_sent(&t, &p, 1);
	CHECK_INT(t.flights, 2);
	peer_free(&p);
}

TEST(auth_behind_ehlo_is_refused)
{
	const char *const scripts[] = {
	    /* One says so, one goes, one forgets it. */
	    "> 220 hi\n" LOGIN EHLO_OK "> 554 5.5.0 synchronization\n!",
	    "> 220 hi\n" LOGIN "> 554 synchronization\n!",
	    "> 220 hi\n" LOGIN EHLO_OK "!",
	    "> 220 hi\n< EHLO\n!",
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		struct session t = remembering(BEFORE);
		struct peer p = session_play(&t, scripts[i], TIMID, NULL);

		check_sent(&t, &p, 2);
		CHECK(t.learned.ehlo_alone && !t.learned.ehlo_takes_flight);
		peer_free(&p);
	}
}

TEST(ehlo_alone_is_kept)
{
	struct session t = remembering(PIPE);
	struct peer p;

	t.o.known.ehlo_alone = true;
	/* What follows AUTH is another matter. */
	p = session_play(&t,
	    "?\n> 220 hi\n< EHLO\n?\n" EHLO_OK "< AUTH\n" MESSAGE "> 235 ok\n" TAKEN, NULL, NULL);
	check_sent(&t, &p, 1);
	CHECK(t.learned.ehlo_alone);
	CHECK_INT(t.flights, 3);
	peer_free(&p);
}

TEST(early_talk_is_refused)
{
	struct session t = remembering(PIPE);
	struct peer p =
	    session_play(&t, LOGIN MESSAGE "> 554 synchronization error\n!", TIMID, NULL);

	/* All octets had left, but a 554 for a greeting is certain: nothing was taken. */
	CHECK_INT(p.n, 2);
	check_sent(&t, &p, 2);
	CHECK(t.learned.ehlo_alone);
	peer_free(&p);
}

TEST(a_busy_greeting_is_no_reason_to_come_again)
{
	struct session t = remembering(PIPE);
	struct peer p = {.scripts = {LOGIN MESSAGE "> 421 busy\n!", TIMID}};

	session_run(&t, &p);
	CHECK_INT(t.result, -1);
	CHECK_INT(p.n, 1);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	peer_free(&p);
}

TEST(no_reply_to_an_early_flight_is_unknown)
{
	struct session t = remembering(PIPE);
	struct peer p = {.scripts = {LOGIN MESSAGE "!", TIMID}};

	session_run(&t, &p);
	CHECK_INT(t.result, -1);
	CHECK_INT(p.n, 1);
	CHECK_INT(t.outcome, SMTP_UNKNOWN);
	CHECK(t.learned.ehlo_alone);
	peer_free(&p);
}

TEST(a_wrong_password_is_tried_once)
{
	struct session t = remembering(PIPE);
	struct peer p = session_play(&t,
	    LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 535 5.7.8 bad\n> 530 auth\n> 503 no\n> 503 no\n",
	    TIMID, NULL);

	CHECK_INT(p.n, 1);
	CHECK_INT(t.result, -1);
	CHECK_INT(t.f.cls, FAULT_AUTH);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	peer_free(&p);
}

TEST(a_server_that_takes_mail_without_auth)
{
	struct session t = remembering(PIPE);
	struct peer p = session_play(
	    &t, LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 535 5.7.8 bad\n" TAKEN, TIMID, NULL);

	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_INT(p.n, 1);
	peer_free(&p);
}

TEST(an_oauth_refusal_in_a_flight)
{
	const struct credentials c = {.user = "alice", .token = "tok"};
	struct session t = remembering("PIPECONNECT\nPIPELINING\nCHUNKING\nAUTH XOAUTH2");
	struct peer p = {
	    .scripts = {
		"< EHLO\n< AUTH XOAUTH2 \n" MESSAGE
		"> 220 hi\n> 250-server\n> 250-PIPELINING\n> 250-CHUNKING\n> 250 AUTH XOAUTH2\n"
		"> 334 eyJzdGF0dXMiOiI0MDEifQ==\n> 535 bad\n> 503 no\n> 503 no\n",
		TIMID}};

	t.o.credentials = &c;
	session_run(&t, &p);
	CHECK_STR(p.lines[0].wrong, "");
	CHECK_INT(p.n, 1);
	CHECK_INT(t.f.cls, FAULT_AUTH);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	CHECK(strstr(t.f.msg, "401"));
	peer_free(&p);
}

TEST(a_refused_recipient_is_no_reason_to_come_again)
{
	struct session t = remembering(PIPE);
	struct peer p = session_play(&t,
	    LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 235 ok\n> 250 ok\n> 550 no\n> 503 no\n", TIMID,
	    NULL);

	CHECK_INT(p.n, 1);
	CHECK_INT(t.f.cls, FAULT_REFUSED);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	peer_free(&p);
}

/* The message is under way to its end when the EHLO reply shows that CHUNKING is gone. */
TEST(a_capability_that_is_gone)
{
	struct session t = remembering(PIPE);
	struct peer p = session_play(&t,
	    LOGIN MESSAGE
	    "> 220 hi\n> 250-server\n> 250-PIPELINING\n> 250 AUTH PLAIN\n> 235 ok\n> 250 ok\n> 250 ok\n> 500 what\n> 500 what\n",
	    TIMID, NULL);

	check_sent(&t, &p, 2);
	/* The flight was not at fault. */
	CHECK(!t.learned.ehlo_alone && !t.learned.auth_swallows);
	CHECK_STR(t.before, BEFORE);
	peer_free(&p);
	/* And if it is gone for good the caller must begin again. */
	t = remembering(PIPE);
	p = session_play(&t,
	    LOGIN MESSAGE
	    "> 220 hi\n> 250-server\n> 250-PIPELINING\n> 250 AUTH PLAIN\n> 235 ok\n> 250 ok\n> 250 ok\n> 500 what\n> 500 what\n",
	    "> 220 hi\n< EHLO\n> 250-server\n> 250-PIPELINING\n> 250 AUTH PLAIN\n< AUTH\n> 235 ok\n",
	    NULL);
	CHECK_INT(t.result, -1);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	CHECK_STR(t.before, "PIPELINING\nAUTH PLAIN");
	peer_free(&p);
}

TEST(a_change_that_does_not_matter)
{
	struct session t = remembering(PIPE "\nVRFY");
	struct peer p;

	t.o.known.ehlo = PIPE "\nDSN";
	p = session_play(&t, LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 235 ok\n" TAKEN, NULL, NULL);
	check_sent(&t, &p, 1);
	CHECK_STR(t.before, PIPE);
	CHECK(!t.learned.ehlo);
	peer_free(&p);
}

TEST(a_sent_message_is_never_sent_again)
{
	struct session t = remembering(PIPE);
	/* Stale memory, and accepted all the same. */
	struct peer p = session_play(&t,
	    LOGIN MESSAGE
	    "> 220 hi\n> 250-server\n> 250-PIPELINING\n> 250 AUTH PLAIN\n> 235 ok\n" TAKEN,
	    TIMID, NULL);

	check_sent(&t, &p, 1);
	peer_free(&p);
	/* Stale memory, and lost before the reply. */
	t = remembering(PIPE);
	p = (struct peer){
	    .scripts = {LOGIN MESSAGE
		"> 220 hi\n> 250-server\n> 250-PIPELINING\n> 250 AUTH PLAIN\n> 235 ok\n> 250 ok\n> 250 ok\n!",
		TIMID}};
	session_run(&t, &p);
	CHECK_INT(p.n, 1);
	CHECK_INT(t.outcome, SMTP_UNKNOWN);
	peer_free(&p);
}

TEST(a_mechanism_that_is_gone)
{
	struct session t = remembering(PIPE);
	struct peer p = session_play(&t,
	    LOGIN MESSAGE
	    "> 220 hi\n> 250-server\n> 250-PIPELINING\n> 250-CHUNKING\n> 250 8BITMIME\n> 504 no\n> 530 no\n> 503 no\n> 503 no\n",
	    TIMID, NULL);

	check_sent(&t, &p, 2);
	peer_free(&p);
}

TEST(no_downgrade_to_a_weaker_mechanism)
{
	const struct credentials c = {.user = "alice", .password = "wonderland"};
	struct session t =
	    remembering("PIPECONNECT\nPIPELINING\nCHUNKING\nAUTH PLAIN SCRAM-SHA-256");
	struct peer p;

	t.o.credentials = &c;
	p = session_play(&t,
	    "< EHLO\n< AUTH SCRAM-SHA-256 \n?\n> 220 hi\n> 250-x\n> 250 AUTH PLAIN SCRAM-SHA-256\n!",
	    NULL, NULL);
	CHECK(!t.opened);
	peer_free(&p);
}

TEST(text_that_reads_like_commands_waits)
{
	struct session t = remembering(PIPE);
	struct peer p;

	t.text =
	    "Subject: x\r\n\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<you@example.org>\r\nDATA\r\nspam\r\n.\r\n";
	p = session_play(&t,
	    LOGIN ENVELOPE
	    "< BDAT 86 LAST\n= 14\n?\n> 220 hi\n> 250-server\n> 250-PIPELINING\n> 250 AUTH PLAIN\n!",
	    "> 220 hi\n< EHLO\n" PIPE_OK "< AUTH\n> 235 ok\n" ENVELOPE
	    "< BDAT 86 LAST\n= 86\n" TAKEN,
	    NULL);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_MEM(p.lines[1].data, p.lines[1].ndata, t.text, 86);
	/* CHUNKING is gone: none of it was sent; and then the second server gets all. */
	CHECK_STR(p.lines[0].wrong, "");
	CHECK(!strstr(p.lines[0].rest, "RCPT"));
	peer_free(&p);
}

static const char *big_text(void)
{
	static char text[100001];

	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 78; i < sizeof(text) - 1; i += 80) {
		text[i] = '\r';
		text[i + 1] = '\n';
	}
	return text;
}

TEST(a_large_message_waits_for_the_flight_to_be_right)
{
	struct session t = remembering(PIPE);
	struct peer p;

	t.text = big_text();
	p = session_play(&t,
	    LOGIN ENVELOPE "< BDAT 100000 LAST\n= 60000\n> 220 hi\n" PIPE_OK
			   "> 235 ok\n> 250 ok\n> 250 ok\n= 40000\n> 250 kept\n",
	    NULL, NULL);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_MEM(p.lines[0].data, p.lines[0].ndata, t.text, 100000);
	peer_free(&p);
	/* It was wrong: what was sent of it is sent again. */
	t = remembering(PIPE);
	t.text = big_text();
	p = session_play(&t, LOGIN ENVELOPE "< BDAT 100000 LAST\n= 60000\n> 554 early\n!",
	    "> 220 hi\n< EHLO\n" PIPE_OK "< AUTH\n> 235 ok\n" ENVELOPE
	    "< BDAT 100000 LAST\n= 100000\n" TAKEN,
	    NULL);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_MEM(p.lines[1].data, p.lines[1].ndata, t.text, 100000);
	peer_free(&p);
}

TEST(data_does_not_ride)
{
	struct session t = remembering(PIPE);
	struct peer p;

	t.data = true;
	p = session_play(&t,
	    LOGIN ENVELOPE
	    "?\n> 220 hi\n" PIPE_OK
	    "> 235 ok\n> 250 ok\n> 250 ok\n< DATA\n> 354 go\n= 22\n< .\n> 250 kept\n",
	    NULL, NULL);
	check_sent(&t, &p, 1);
	peer_free(&p);
}

TEST(all_or_none_in_an_early_flight)
{
	struct session t = remembering(PIPE);
	struct peer p;

	t.e.all_or_none = true;
	p = session_play(&t,
	    LOGIN ENVELOPE "?\n> 220 hi\n" PIPE_OK
			   "> 235 ok\n> 250 ok\n> 250 ok\n< BDAT\n= 22\n> 250 kept\n",
	    NULL, NULL);
	check_sent(&t, &p, 1);
	peer_free(&p);
}

TEST(a_refusal_by_us_sends_nothing)
{
	struct session t = remembering(PIPE);
	struct peer p;

	t.e.from = "a b";
	p = session_play(&t, "", NULL, NULL);
	CHECK_INT(t.f.cls, FAULT_DATA);
	CHECK_STR(p.lines[0].rest, "");
	CHECK_STR(t.before, PIPE);
	peer_free(&p);
}

TEST(what_used_to_be_read_is_swallowed)
{
	struct session t = remembering(PIPE);
	struct peer p = {.scripts = {LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 235 ok\n", TIMID}};

	t.o.timeout = 200;
	session_run(&t, &p);
	CHECK_INT(t.outcome, SMTP_UNKNOWN);
	CHECK(t.learned.auth_swallows && !t.learned.auth_takes_flight);
	peer_free(&p);
}

/* ---- every early flight dropped, or refused, after every line: never a false "sent", never twice */

TEST(dropped_after_every_line)
{
	static const char whole[] = LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 235 ok\n" TAKEN;

	for (const char *end = whole; *(end = strchr(end, '\n') + 1) != '\0';) {
		char script[1000];
		struct session t = remembering(PIPE);
		struct peer p = {.scripts = {script, TIMID}};

		snprintf(script, sizeof(script), "%.*s!", (int)(end - whole), whole);
		session_run(&t, &p);
		CHECK(t.outcome != SMTP_SENT || p.n == 2);
		CHECK(t.outcome != SMTP_NOT_SENT);
		peer_free(&p);
	}
}

TEST(refused_at_every_reply)
{
	static const char whole[] = LOGIN MESSAGE "> 220 hi\n" PIPE_OK "> 235 ok\n" TAKEN;
	const char *const words[] = {
	    "> 550 no", "> 451 no", "> 421 no\n!", "> what", "> 354 no", "> 500 no"};

	for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++) {
		for (const char *at = whole; (at = strstr(at, "\n> ")); at++) {
			char script[1000];
			const char *next = strchr(at + 1, '\n');
			struct session t = remembering(PIPE);
			struct peer p = {.scripts = {script, TIMID}};

			snprintf(script, sizeof(script), "%.*s\n%s\n%s!", (int)(at - whole), whole,
			    words[w], next + 1);
			session_run(&t, &p);
			/* A no to EHLO or AUTH, and a yes to the message all the same, is a yes. */
			CHECK(t.outcome != SMTP_SENT || p.n == 2 || strstr(script, TAKEN));
			CHECK(t.outcome == SMTP_SENT || t.result == -1);
			peer_free(&p);
		}
	}
}

UNIT_MAIN
