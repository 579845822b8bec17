#include "smtp_peer.h"

#define HELLO_(more) "> 220 hi\n< EHLO me.example.org\n> 250-server hello\n" more "> 250 8BITMIME\n"
#define POOR         HELLO_("> 250-AUTH LOGIN PLAIN\n")
#define RICH                                                                                    \
	HELLO_("> 250-PIPELINING\n> 250-CHUNKING\n> 250-SIZE 1000000\n> 250-AUTH PLAIN LOGIN\n" \
	       "> 250-BURL imap\n> 250-DSN\n> 250-SMTPUTF8\n")
#define LOGGED_IN "< " PEER_PLAIN "\n< NOOP\n> 235 ok\n> 250 ok\n"
#define ENVELOPE  "< MAIL FROM:<alice@example.org>\n< RCPT TO:<bob@example.org>\n"

static struct session alice(void)
{
	return (struct session){.o.credentials = &peer_alice};
}

TEST(one_flight_with_bdat)
{
	struct session t = alice();
	struct peer p = session_play(&t,
	    RICH LOGGED_IN ENVELOPE
	    "< BDAT 22 LAST\n= 22\n> 250 ok\n> 250 2.1.5 fine\n> 250 2.0.0 kept\n< QUIT",
	    NULL, NULL);

	CHECK_INT(t.result, 0);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_STR(t.reply, "250 2.0.0 kept");
	CHECK_INT(t.e.rcpt[0].code, 250);
	CHECK_STR(t.e.rcpt[0].reply, "250 2.1.5 fine");
	CHECK_INT(t.flights, 4);
	CHECK(t.learned.auth_takes_flight);
	CHECK(!t.learned.auth_swallows);
	CHECK(!t.learned.ehlo);
	CHECK(strstr(t.before, "AUTH PLAIN LOGIN"));
	CHECK_MEM(p.lines[0].data, p.lines[0].ndata, PEER_MESSAGE, 22);
	peer_free(&p);
}

TEST(one_command_at_a_time_without_pipelining)
{
	struct session t = alice();
	struct peer p = session_play(&t,
	    POOR
	    "< " PEER_PLAIN
	    "\n?\n> 235 ok\n< MAIL FROM:<alice@example.org>\n?\n> 250 ok\n< RCPT\n?\n> 250 ok\n"
	    "< DATA\n?\n> 354 go\n= 22\n< .\n> 250 kept\n< QUIT",
	    NULL, NULL);

	CHECK_INT(t.result, 0);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_INT(t.flights, 7);
	CHECK_MEM(p.lines[0].data, p.lines[0].ndata, PEER_MESSAGE, 22);
	peer_free(&p);
}

TEST(data_in_the_flight_of_the_envelope)
{
	struct session t = alice();
	struct peer p = session_play(&t,
	    HELLO_("> 250-PIPELINING\n> 250-AUTH PLAIN\n") LOGGED_IN ENVELOPE
	    "< DATA\n> 250 ok\n> 250 ok\n> 354 go\n= 22\n< .\n> 250 kept\n",
	    NULL, NULL);

	CHECK_INT(t.outcome, SMTP_SENT);
	peer_free(&p);
}

TEST(dots_are_stuffed)
{
	struct session t = alice();
	struct peer p = {0};

	/* Pieces of 7 octets: dots at their borders too. */
	t.text = ".a\r\nbcd.\r\n.\r\n\r\n..x\r\n.\r\nlast";
	p = session_play(&t,
	    POOR
	    "< AUTH\n> 235 ok\n< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n= 36\n> 250 kept\n< QUIT",
	    NULL, NULL);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_MEM(p.lines[0].data, p.lines[0].ndata,
	    "..a\r\nbcd.\r\n..\r\n\r\n...x\r\n..\r\nlast\r\n.\r\n", 36);
	peer_free(&p);
}

TEST(bare_line_ends_end_the_connection)
{
	const char *const texts[] = {
	    "a\nb\r\n", "a\rb\r\n", "12345\r\n\n", "123456\rx", "a\r\r\n", "end\r"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct session t = alice();
		struct peer p;

		t.text = texts[i];
		p = session_play(&t,
		    POOR "< AUTH\n> 235 ok\n< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n",
		    NULL, NULL);
		CHECK_INT(t.result, -1);
		CHECK_INT(t.f.cls, FAULT_DATA);
		CHECK_INT(t.outcome, SMTP_NOT_SENT);
		CHECK(!strstr(p.lines[0].rest, "\r\n.\r\n"));
		CHECK(!strstr(p.lines[0].rest, "QUIT"));
		peer_free(&p);
	}
}

TEST(login_and_cram)
{
	const struct credentials login = {
	    .user = "alice", .password = "wonderland", .auth = "LOGIN"};
	const struct credentials cram = {
	    .user = "alice", .password = "wonderland", .auth = "CRAM-MD5"};
	struct session t = {.o.credentials = &login}, u = {.o.credentials = &cram};
	struct peer p = session_play(&t,
	    POOR
	    "< AUTH LOGIN\n> 334 VXNlcm5hbWU6\n< YWxpY2U=\n> 334 UGFzc3dvcmQ6\n< d29uZGVybGFuZA==\n> 235 ok\n"
	    "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n= 22\n< .\n> 250 kept\n",
	    NULL, NULL);

	CHECK_INT(t.outcome, SMTP_SENT);
	peer_free(&p);
	p = session_play(&u,
	    HELLO_(
		"> 250-AUTH CRAM-MD5 PLAIN\n") "< AUTH CRAM-MD5\n> 334 PDEuMkBzZXJ2ZXI+\n< YWxpY2Ug\n> 235 ok\n"
					       "< MAIL\n> 250 ok\n< RCPT\n> 250 ok\n< DATA\n> 354 go\n= 22\n< .\n> 250 kept\n",
	    NULL, NULL);
	CHECK_INT(u.outcome, SMTP_SENT);
	peer_free(&p);
}

/* What the server says to AUTH, and what class of fault that is. */
static void auth_fails(const char *mechanism, const char *script, enum fault_class cls)
{
	const struct credentials c = {.user = "alice", .password = "wonderland", .auth = mechanism};
	struct session t = {.o.credentials = &c};
	struct peer p = session_play(&t, script, NULL, NULL);

	CHECK(!t.opened);
	if (t.f.cls != cls)
		printf("# %s\n", t.f.msg);
	CHECK_INT(t.f.cls, cls);
	CHECK(!strstr(t.f.msg, "wonderland") && !strstr(t.f.msg, "AGFs"));
	peer_free(&p);
}

TEST(auth_that_fails)
{
	auth_fails("PLAIN", POOR "< AUTH\n> 535 5.7.8 bad\n", FAULT_AUTH);
	auth_fails("PLAIN", RICH "< AUTH\n> 535 5.7.8 bad\n", FAULT_AUTH);
	auth_fails("PLAIN", POOR "< AUTH\n> 454 4.7.0 not now\n", FAULT_TEMP);
	auth_fails("PLAIN", POOR "< AUTH\n> 534 5.7.9 too weak\n", FAULT_AUTH);
	auth_fails("PLAIN", POOR "< AUTH\n> 504 no\n", FAULT_AUTH);
	auth_fails("PLAIN", POOR "< AUTH\n> 421 bye\n!", FAULT_TEMP);
	auth_fails("PLAIN", POOR "< AUTH\n!", FAULT_TEMP);
	auth_fails("PLAIN", POOR "< AUTH\n> hello\n", FAULT_PROTOCOL);
	auth_fails(
	    "LOGIN", POOR "< AUTH LOGIN\n> 334 not base64!\n< *\n> 501 ok\n", FAULT_PROTOCOL);
	auth_fails("LOGIN", POOR "< AUTH LOGIN\n> 334 VXNlcm5hbWU6\n!", FAULT_TEMP);
	/* A yes before the server has seen all, or has proved anything. */
	auth_fails("LOGIN", POOR "< AUTH LOGIN\n> 235 ok\n", FAULT_AUTH);
	auth_fails("SCRAM-SHA-256",
	    HELLO_("> 250-AUTH SCRAM-SHA-256\n") "< AUTH SCRAM-SHA-256 \n> 235 ok\n", FAULT_AUTH);
	/* Not offered, or nothing is. */
	auth_fails("CRAM-MD5", POOR, FAULT_AUTH);
	auth_fails("PLAIN", HELLO_(""), FAULT_AUTH);
}

/* `tls insecure` allows it, and by nothing else does a password pass in the clear: see the test after this. */
TEST(a_password_in_the_clear_where_tls_is_not_required)
{
	struct session t = alice();
	struct peer p;

	t.in_the_clear = true;
	p = session_play(&t, POOR, NULL, NULL);
	CHECK(strncmp(p.lines[0].rest, "AUTH PLAIN ", 11) == 0);
	peer_free(&p);

	t.o.require_tls = true;
	p = session_play(&t, POOR, NULL, NULL);
	CHECK(!t.opened);
	CHECK_STR(p.lines[0].rest, "");
	peer_free(&p);
}

TEST(required_tls_is_required)
{
	struct session t = {.o.require_tls = true, .in_the_clear = true};
	struct peer p;

	t.o.endpoint.security = CHAN_CLEAR;
	p = session_play(&t, POOR, NULL, NULL);
	CHECK_INT(p.n, 0);
	CHECK_INT(t.f.cls, FAULT_REFUSED);
	peer_free(&p);
	t.o.endpoint.security = CHAN_STARTTLS;
	p = session_play(&t, POOR, NULL, NULL);
	CHECK(!t.opened);
	CHECK_INT(t.f.cls, FAULT_REFUSED);
	CHECK(strstr(t.f.msg, "STARTTLS"));
	CHECK_STR(p.lines[0].rest, "");
	peer_free(&p);
	p = session_play(&t, HELLO_("> 250-STARTTLS\n") "< STARTTLS\n> 454 not now\n", NULL, NULL);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	CHECK_STR(p.lines[0].rest, "");
	peer_free(&p);
}

TEST(ehlo_that_fails)
{
	const struct {
		const char *script;
		enum fault_class cls;
	} all[] = {
	    {"> 220 hi\n< EHLO\n> 502 no\n", FAULT_REFUSED},
	    {"> 220 hi\n< EHLO\n> 421 no\n!", FAULT_TEMP},
	    {"> 220 hi\n< EHLO\n!", FAULT_TEMP},
	    {"> 220 hi\n< EHLO\n> 250-x\n> 251 y\n", FAULT_PROTOCOL},
	    {"> 554 no service\n", FAULT_REFUSED},
	    {"> 421 busy\n!", FAULT_TEMP},
	    {"> 450 busy\n!", FAULT_TEMP},
	    {"!", FAULT_TEMP},
	    {"> * OK IMAP4rev1\n", FAULT_PROTOCOL},
	    {"> 250 hi\n", FAULT_PROTOCOL},
	    {"> 220 hi\n> 250 unasked\n", FAULT_AUTH},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct session t = alice();
		struct peer p = session_play(&t, all[i].script, NULL, NULL);

		CHECK(!t.opened);
		CHECK(t.f.cls == all[i].cls || t.f.cls == FAULT_PROTOCOL);
		peer_free(&p);
	}
}

TEST(a_reply_to_nothing)
{
	struct session t = {0};
	struct peer p = session_play(
	    &t, "> 220 hi\n> 250 unasked\n> 250-unasked\n> 250 too\n~ 500\n", NULL, NULL);

	CHECK_INT(t.result, -1);
	CHECK_INT(t.f.cls, FAULT_PROTOCOL);
	CHECK_INT(t.outcome, SMTP_NOT_SENT);
	peer_free(&p);
}

TEST(timeout)
{
	struct session t = {.o.timeout = 150};
	struct peer p = session_play(&t, "> 220 hi\n< EHLO\n~ 500\n", NULL, NULL);

	CHECK(!t.opened);
	CHECK_INT(t.f.cls, FAULT_TEMP);
	CHECK(strstr(t.f.msg, "EHLO"));
	peer_free(&p);
}

TEST(swallowed_probe)
{
	struct session t = alice();
	struct peer p = session_play(&t, RICH "< AUTH\n> 235 ok\n",
	    RICH "< AUTH\n?\n> 235 ok\n" ENVELOPE "< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 250 kept\n",
	    NULL);

	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK(t.learned.auth_swallows);
	CHECK(!t.learned.auth_takes_flight);
	CHECK_INT(p.n, 2);
	peer_free(&p);
	/* Learned: it is not tried again. */
	t = alice();
	t.o.known.auth_swallows = true;
	p = session_play(&t,
	    RICH "< AUTH\n?\n> 235 ok\n" ENVELOPE "< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 250 kept\n",
	    NULL, NULL);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK_INT(p.n, 1);
	peer_free(&p);
}

TEST(probe_that_ends_the_connection)
{
	struct session t = alice();
	struct peer p = session_play(&t, RICH "< AUTH\n< NOOP\n> 554 5.5.0 synchronization\n!",
	    RICH "< AUTH\n?\n> 235 ok\n" ENVELOPE "< BDAT\n= 22\n> 250 ok\n> 250 ok\n> 250 kept\n",
	    NULL);

	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK(t.learned.auth_swallows);
	peer_free(&p);
}

TEST(capabilities_that_come_after_auth)
{
	struct session t = alice();
	struct peer p;

	t.o.want = SMTP_WANT_BURL | SMTP_WANT_BINARYMIME;
	t.url = "imap://alice@x/INBOX/;UID=1;URLAUTH=submit+alice:internal:00";
	p = session_play(&t,
	    HELLO_(
		"> 250-PIPELINING\n> 250-CHUNKING\n> 250-AUTH PLAIN\n> 250-BURL\n") "< AUTH\n< EHLO\n> 235 ok\n> 250-server\n> 250-PIPELINING\n> 250-CHUNKING\n> 250 BURL imap imap://x:143\n" ENVELOPE
										    "< BDAT 22\n= 22\n< BURL imap://alice@x/INBOX/;UID=1;URLAUTH=submit+alice:internal:00 LAST\n"
										    "> 250 ok\n> 250 ok\n> 250 ok\n> 250 kept\n",
	    NULL, NULL);
	CHECK_INT(t.outcome, SMTP_SENT);
	CHECK(t.caps.burl_imap);
	CHECK_STR(t.caps.burl_url, "imap://x:143");
	CHECK_STR(t.ehlo, "PIPELINING\nCHUNKING\nBURL imap imap://x:143");
	CHECK_INT(t.flights, 4);
	peer_free(&p);
}

UNIT_MAIN
