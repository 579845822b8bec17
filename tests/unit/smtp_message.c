#include "smtp_peer.h"

#define HELLO                                                                                 \
	"> 220 hi\n< EHLO\n> 250-server\n> 250-PIPELINING\n> 250-CHUNKING\n> 250-SIZE 1000\n" \
	"> 250-BURL imap\n> 250-DSN\n> 250-SMTPUTF8\n> 250-BINARYMIME\n> 250 8BITMIME\n"
#define SLOW "> 220 hi\n< EHLO\n> 250 server\n"
#define SENT "> 250 ok\n> 250 ok\n> 250 kept\n< QUIT"

static struct smtp_rcpt *two(void)
{
	static struct smtp_rcpt r[2];

	memset(r, 0, sizeof(r));
	r[0].address = "bob@example.org";
	r[1].address = "carol@example.org";
	return r;
}

TEST(parameters)
{
	struct smtp_rcpt r = {
	    .address = "bob@example.org", .notify = "SUCCESS,FAILURE", .orcpt = "b+c@example.org"};
	struct session t = {.e = {.from = "\xc3\xa9@example.org",
				.ret = "HDRS",
				.envid = "a=b c",
				.body = SMTP_8BITMIME,
				.smtputf8 = true,
				.size = 22,
				.rcpt = &r,
				.nrcpt = 1}};
	struct peer p = session_play(&t,
	    HELLO
	    "< MAIL FROM:<\xc3\xa9@example.org> SIZE=22 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+3Db+20c\r\n"
	    "< RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bc@example.org\r\n"
	    "< BDAT 22 LAST\n= 22\n" SENT,
	    NULL, NULL);

	CHECK_INT(t.outcome, SMTP_SENT);
	peer_free(&p);
}

/* Refused by us: nothing is said but QUIT. */
static void never_begins(const char *hello, struct smtp_envelope e, enum fault_class cls)
{
	struct session t = {.e = e};
	struct peer p = session_play(&t, hello, NULL, NULL);

	CHECK(t.opened);
	CHECK_INT(t.result, -1);
	if (t.f.cls != cls)
		printf("# %s\n", t.f.msg);
	CHECK_INT(t.f.cls, cls);
	CHECK_STR(p.lines[0].rest, "QUIT\r\n");
	peer_free(&p);
}

TEST(what_the_server_cannot_take)
{
	struct smtp_rcpt notified = {.address = "b@example.org", .notify = "NEVER"};

	never_begins(SLOW, (struct smtp_envelope){.ret = "FULL"}, FAULT_REFUSED);
	never_begins(SLOW, (struct smtp_envelope){.envid = "x"}, FAULT_REFUSED);
	never_begins(SLOW, (struct smtp_envelope){.rcpt = &notified, .nrcpt = 1}, FAULT_REFUSED);
	never_begins(SLOW, (struct smtp_envelope){.body = SMTP_8BITMIME}, FAULT_REFUSED);
	never_begins(SLOW, (struct smtp_envelope){.body = SMTP_BINARYMIME}, FAULT_REFUSED);
	never_begins(SLOW, (struct smtp_envelope){.smtputf8 = true}, FAULT_REFUSED);
	never_begins(HELLO, (struct smtp_envelope){.requiretls = true}, FAULT_REFUSED);
	never_begins(HELLO, (struct smtp_envelope){.size = 1001}, FAULT_REFUSED);
}

TEST(what_must_not_reach_the_wire)
{
	const char *const notify[] = {
	    "SUCCESS,", ",", "", "SUCCESS,NEVER", "ALWAYS", "SUCCESS\r\nDATA", "SUCCESS FAILURE"};
	struct smtp_rcpt r = {.address = "b@example.org>\r\nDATA\r\n<x"};
	char envid[200];

	never_begins(HELLO, (struct smtp_envelope){.from = "a b"}, FAULT_DATA);
	never_begins(HELLO, (struct smtp_envelope){.from = "\xc3\xa9@example.org"}, FAULT_DATA);
	never_begins(HELLO, (struct smtp_envelope){.rcpt = &r, .nrcpt = 1}, FAULT_DATA);
	never_begins(HELLO, (struct smtp_envelope){.envid = "a\nb"}, FAULT_DATA);
	never_begins(HELLO, (struct smtp_envelope){.ret = "ALL"}, FAULT_DATA);
	memset(envid, '+', sizeof(envid));
	envid[40] = '\0';
	never_begins(HELLO, (struct smtp_envelope){.envid = envid}, FAULT_DATA);
	r.address = "b@example.org";
	for (size_t i = 0; i < sizeof(notify) / sizeof(*notify); i++) {
		r.notify = notify[i];
		never_begins(HELLO, (struct smtp_envelope){.rcpt = &r, .nrcpt = 1}, FAULT_DATA);
	}
	r.notify = NULL;
	r.orcpt = "a\rb";
	never_begins(HELLO, (struct smtp_envelope){.rcpt = &r, .nrcpt = 1}, FAULT_DATA);
}

TEST(some_recipients_refused)
{
	struct session t = {.e = {.rcpt = two(), .nrcpt = 2}};
	struct peer p = session_play(&t,
	    HELLO
	    "< MAIL\n< RCPT\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 550 5.1.1 no \033bob\n> 251 forwarded\n> 250 kept\n",
	    NULL, NULL);

	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_INT(t.result, 0);
	CHECK_INT(t.e.rcpt[0].code, 550);
	CHECK_STR(t.e.rcpt[0].reply, "550 5.1.1 no \\033bob");
	CHECK_INT(t.e.rcpt[1].code, 251);
	peer_free(&p);
}

TEST(all_recipients_refused)
{
	struct session t = {.e = {.rcpt = two(), .nrcpt = 2}};
	struct peer p = session_play(&t,
	    HELLO
	    "< MAIL\n< RCPT\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 550 no\n> 451 later\n> 554 no recipients\n< QUIT",
	    NULL, NULL);

	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	CHECK(strstr(t.f.msg, "451 later"));
	peer_free(&p);
}

TEST(all_refused_and_the_data_welcome)
{
	struct session t = {.data = true};
	struct peer p = session_play(&t,
	    HELLO "< MAIL\n< RCPT\n< DATA\n> 250 ok\n> 550 no\n> 354 go\n< .\n> 554 nobody\n< QUIT",
	    NULL, NULL);

	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	CHECK_INT(t.f.cls, FAULT_REFUSED);
	CHECK(strstr(t.f.msg, "550 no"));
	peer_free(&p);
	/* And even a yes to the lone dot went to nobody. */
	t = (struct session){.data = true, .stubborn = true};
	p = session_play(&t,
	    HELLO "< MAIL\n< RCPT\n< DATA\n> 250 ok\n> 550 no\n> 354 go\n< .\n> 250 ok\n< QUIT",
	    NULL, NULL);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	peer_free(&p);
}

TEST(all_or_none)
{
	struct session t = {.e = {.rcpt = two(), .nrcpt = 2, .all_or_none = true}};
	struct peer p = session_play(&t,
	    HELLO "< MAIL\n< RCPT\n< RCPT\n?\n> 250 ok\n> 250 ok\n> 550 no carol\n< QUIT", NULL,
	    NULL);

	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	CHECK_INT(t.f.cls, FAULT_REFUSED);
	CHECK(strstr(t.f.msg, "carol"));
	CHECK_INT(t.e.rcpt[0].code, 250);
	peer_free(&p);
	t = (struct session){.e = {.rcpt = two(), .nrcpt = 2, .all_or_none = true}};
	p = session_play(&t,
	    HELLO
	    "< MAIL\n< RCPT\n< RCPT\n?\n> 250 ok\n> 250 ok\n> 250 ok\n< BDAT 22 LAST\n= 22\n> 250 kept\n",
	    NULL, NULL);
	CHECK_INT(t.outcome, SMTP_SENT);
	peer_free(&p);
}

/* The message is not sent, with this class; smtp_finish() is asked all the same. */
static void fails(const char *script, enum fault_class cls, enum smtp_outcome outcome)
{
	for (int stubborn = 0; stubborn < 2; stubborn++) {
		struct session t = {.stubborn = stubborn};
		struct peer p = {.scripts = {script}};

		session_run(&t, &p);
		CHECK_INT(t.result, -1);
		if (t.f.cls != cls || t.outcome != outcome)
			printf("# %s\n# %d %s\n", script, t.f.cls, t.f.msg);
		CHECK_INT(t.f.cls, cls);
		CHECK_INT(t.outcome, outcome);
		peer_free(&p);
	}
}

TEST(refusals)
{
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 552 too big\n> 503 no\n> 503 no\n",
	    FAULT_REFUSED, SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 530 auth\n> 503 no\n> 503 no\n", FAULT_AUTH,
	    SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 450 later\n> 503 no\n", FAULT_TEMP,
	    SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 554 spam\n", FAULT_REFUSED,
	    SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 452 full\n", FAULT_TEMP,
	    SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 421 bye\n!", FAULT_TEMP,
	    SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 550 no\n> 421 bye\n!", FAULT_REFUSED,
	    SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 550 no\n!", FAULT_REFUSED, SMTP_NOT_SENT);
	fails(SLOW "< MAIL\n> 550 no\n< RCPT\n> 503 no\n", FAULT_REFUSED, SMTP_NOT_SENT);
	fails(SLOW "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 451 later\n< QUIT", FAULT_TEMP,
	    SMTP_NOT_SENT);
	fails(SLOW "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 250 what\n", FAULT_PROTOCOL,
	    SMTP_NOT_SENT);
	fails(SLOW "< MAIL\n> 354 what\n", FAULT_PROTOCOL, SMTP_NOT_SENT);
	fails(SLOW "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n= 22\n< .\n> 550 no\n",
	    FAULT_REFUSED, SMTP_NOT_SENT);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 354 what\n", FAULT_TEMP,
	    SMTP_UNKNOWN);
}

TEST(a_refused_url_says_what_to_look_at)
{
	const char *const replies[][2] = {{"554 5.6.6 no", "authority"},
	    {"554 5.7.8 no", "may not fetch"}, {"451 4.4.1 no", "does not reach"},
	    {"554 no", "BURL: 554 no"}};

	for (size_t i = 0; i < 4; i++) {
		char script[1000];
		struct session t = {.url = "imap://x/y"};
		struct peer p;

		snprintf(script, sizeof(script),
		    HELLO
		    "< MAIL\n< RCPT\n< BDAT 22\n= 22\n< BURL imap://x/y LAST\n> 250 ok\n> 250 ok\n> 250 ok\n> %s\n< QUIT",
		    replies[i][0]);
		p = session_play(&t, script, NULL, NULL);
		CHECK_INT(t.outcome, SMTP_NOT_SENT);
		CHECK_INT(t.f.cls, replies[i][0][0] == '4' ? FAULT_TEMP : FAULT_REFUSED);
		CHECK(strstr(t.f.msg, replies[i][1]));
		peer_free(&p);
	}
}

TEST(a_lost_end)
{
	fails(
	    HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 250 ok\n!", FAULT_TEMP, SMTP_UNKNOWN);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n!", FAULT_TEMP, SMTP_UNKNOWN);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 250-kept\n!", FAULT_TEMP,
	    SMTP_UNKNOWN);
	fails(HELLO "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 250 ok\n> huh\n", FAULT_TEMP,
	    SMTP_UNKNOWN);
	fails(SLOW "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n= 22\n< .\n!", FAULT_TEMP,
	    SMTP_UNKNOWN);
	fails(SLOW "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n!", FAULT_TEMP, SMTP_NOT_SENT);
	fails(SLOW "< MAIL\n> 250 ok\n!", FAULT_TEMP, SMTP_NOT_SENT);
}

TEST(the_line_dropped_after_every_line)
{
	static const char *const whole[] = {HELLO
	    "< MAIL\n< RCPT\n< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 250 kept\n",
	    SLOW "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n= 22\n< .\n> 250 kept\n"};

	for (size_t i = 0; i < 2; i++) {
		for (const char *end = whole[i]; *(end = strchr(end, '\n') + 1) != '\0';) {
			char script[1000];
			struct session t = {0};
			struct peer p = {.scripts = {script}};

			snprintf(script, sizeof(script), "%.*s!", (int)(end - whole[i]), whole[i]);
			session_run(&t, &p);
			CHECK_INT(t.result, -1);
			CHECK(t.outcome != SMTP_SENT);
			/* The kernel may have taken all of a flight before the server went. */
			CHECK(t.outcome != SMTP_UNKNOWN || i == 0 || strstr(script, "354"));
			CHECK_INT(t.f.cls, FAULT_TEMP);
			peer_free(&p);
		}
	}
}

TEST(an_early_refusal_stops_a_large_chunk)
{
	struct smtp_dialer d = {.dial = peer_dial, .safe = true};
	struct peer p = {
	    .scripts = {HELLO "< MAIL\n< RCPT\n< BDAT\n> 250 ok\n> 550 no\n= 100000\n"}};
	struct smtp_options o = {.helo = "me", .timeout = 5000};
	struct smtp_rcpt r = {.address = "bob"};
	struct smtp_envelope e = {.from = "", .rcpt = &r, .nrcpt = 1};
	struct fault f = {0};
	static char block[16384];
	struct smtp *s;
	int wrote = 0;

	d.arg = &p;
	s = smtp_open_by(&o, &d, &f);
	REQUIRE(s);
	CHECK_INT(smtp_begin(s, &e, &f), 0);
	CHECK_INT(smtp_bdat(s, (uint64_t)1 << 40, true, &f), 0);
	while (smtp_write(s, block, sizeof(block), &f) == 0)
		wrote++;
	CHECK(wrote < 10000);
	CHECK_INT(f.cls, FAULT_REFUSED);
	CHECK(strstr(f.msg, "550 no"));
	smtp_abort(s);
	smtp_quit(s);
	peer_join(&p);
	CHECK(!strstr(p.lines[0].rest, "QUIT"));
	peer_free(&p);
}

TEST(a_yes_before_the_end_is_no_yes)
{
	struct session t = {.text = PEER_MESSAGE};
	struct peer p = {
	    .scripts = {SLOW "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n> 250 kept\n"}};

	session_run(&t, &p);
	CHECK(t.outcome != SMTP_SENT || strstr(p.lines[0].rest, "\r\n.\r\n"));
	peer_free(&p);
}

/* ---- more than one message, in order */

struct two_messages {
	struct smtp *s;
	struct peer p;
	struct smtp_rcpt r;
	struct smtp_envelope e;
	struct fault f;
	enum smtp_outcome outcome;
};

static bool open_two(struct two_messages *t, const char *script)
{
	struct smtp_options o = {.helo = "me", .timeout = 5000};
	struct smtp_dialer d = {.dial = peer_dial, .arg = &t->p, .safe = true};

	*t = (struct two_messages){
	    .p.scripts = {script}, .r.address = "bob@example.org", .e.from = ""};
	t->e.rcpt = &t->r;
	t->e.nrcpt = 1;
	t->s = smtp_open_by(&o, &d, &t->f);
	return t->s != NULL;
}

static void close_two(struct two_messages *t)
{
	smtp_quit(t->s);
	peer_join(&t->p);
	CHECK_STR(t->p.lines[0].wrong, "");
	peer_free(&t->p);
}

static int send_hello(struct two_messages *t)
{
	if (smtp_begin(t->s, &t->e, &t->f) == -1 || smtp_bdat(t->s, 5, true, &t->f) == -1 ||
	    smtp_write(t->s, "hello", 5, &t->f) == -1)
		return -1;
	return smtp_finish(t->s, &t->outcome, NULL, 0, &t->f);
}

TEST(two_messages)
{
	struct two_messages t;

	REQUIRE(open_two(&t,
	    HELLO
	    "< MAIL\n< RCPT\n< BDAT\n= 5\n> 250 ok\n> 250 ok\n> 250 kept\n"
	    "< MAIL\n< RCPT\n< BDAT\n= 5\n> 250 ok\n> 550 no\n> 503 no\n"
	    "< RSET\n< MAIL\n< RCPT\n< BDAT\n= 5\n> 250 ok\n> 250 ok\n> 250 ok\n> 250 kept\n< QUIT"));
	CHECK_INT(send_hello(&t), 0);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_INT(send_hello(&t), -1);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	CHECK_INT(send_hello(&t), 0);
	CHECK_INT(t.outcome, SMTP_SENT);
	close_two(&t);
}

TEST(given_up_and_begun_again)
{
	struct two_messages t;

	REQUIRE(open_two(&t,
	    HELLO
	    "< MAIL\n< RCPT\n> 250 ok\n> 250 ok\n"
	    "< RSET\n< MAIL\n< RCPT\n< BDAT\n= 5\n> 250 ok\n> 250 ok\n> 250 ok\n> 250 kept\n< QUIT"));
	CHECK_INT(smtp_begin(t.s, &t.e, &t.f), 0);
	smtp_abort(t.s);
	CHECK_INT(send_hello(&t), 0);
	close_two(&t);
	/* In the middle of a chunk there is nothing left but to go. */
	REQUIRE(open_two(&t, HELLO "< MAIL\n< RCPT\n< BDAT\n= 2\n!"));
	CHECK_INT(smtp_begin(t.s, &t.e, &t.f), 0);
	CHECK_INT(smtp_bdat(t.s, 5, true, &t.f), 0);
	CHECK_INT(smtp_write(t.s, "he", 2, &t.f), 0);
	smtp_abort(t.s);
	CHECK_INT(send_hello(&t), -1);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	smtp_quit(t.s);
	peer_join(&t.p);
	peer_free(&t.p);
}

TEST(out_of_order)
{
	struct two_messages t;

	REQUIRE(open_two(&t,
	    HELLO
	    "< MAIL\n< RCPT\n< BDAT 5\n= 5\n< BDAT 0 LAST\n> 250 ok\n> 250 ok\n> 250 ok\n> 250 kept\n< QUIT"));
	CHECK_INT(smtp_bdat(t.s, 5, true, &t.f), -1);
	CHECK_INT(t.f.cls, FAULT_BUG);
	CHECK_INT(smtp_write(t.s, "x", 1, &t.f), -1);
	CHECK_INT(smtp_finish(t.s, &t.outcome, NULL, 0, &t.f), -1);
	CHECK_INT(smtp_begin(t.s, &t.e, &t.f), 0);
	CHECK_INT(smtp_begin(t.s, &t.e, &t.f), -1);
	CHECK_INT(smtp_bdat(t.s, 5, false, &t.f), 0);
	CHECK_INT(smtp_write(t.s, "hello!", 6, &t.f), -1);
	CHECK_INT(smtp_burl(t.s, "imap://x/y", true, &t.f), -1);
	CHECK_INT(smtp_write(t.s, "hello", 5, &t.f), 0);
	CHECK_INT(smtp_burl(t.s, "imap://x/y LAST\r\nDATA", true, &t.f), -1);
	CHECK_INT(t.f.cls, FAULT_DATA);
	CHECK_INT(smtp_bdat(t.s, 0, true, &t.f), 0);
	CHECK_INT(smtp_bdat(t.s, 0, true, &t.f), -1);
	CHECK_INT(smtp_finish(t.s, &t.outcome, NULL, 0, &t.f), 0);
	close_two(&t);
}

TEST(many_recipients)
{
	enum { MANY = 3000 };
	static struct smtp_rcpt r[MANY];
	struct two_messages t;
	struct buf script;

	buf_init(&script, 200 * MANY);
	buf_puts(&script, HELLO "< MAIL\n> 250 ok\n");
	for (int i = 0; i < MANY; i++) {
		r[i].address = "bob@example.org";
		buf_printf(&script, "< RCPT\n> %s\n", i % 2 ? "250 ok" : "550 no");
	}
	buf_puts(&script, "< BDAT\n= 5\n> 250 kept\n");
	if (open_two(&t, buf_str(&script))) {
		t.e.rcpt = r;
		t.e.nrcpt = MANY;
		CHECK_INT(send_hello(&t), 0);
		close_two(&t);
	}
	CHECK_INT(r[MANY - 2].code, 550);
	CHECK_INT(r[MANY - 1].code, 250);
	buf_free(&script);
}

UNIT_MAIN
