/* From the greeting to the authenticated state, against a scripted server. */
#include "base/enc.h"
#include "imap_peer.h"

/* ---- opened, or not */

static void opens_with(const struct credentials *k, const char *script, const char *caps)
{
	struct talk t = {.o.credentials = k};

	if (talk_open(&t, script) == NULL)
		CHECK_STR(t.f.msg, "");
	else
		CHECK_STR(imap_caps(t.s), caps);
	talk_close(&t);
}

static void opens(const char *script, const char *caps)
{
	opens_with(&peer_alice, script, caps);
}

static void fails_for(struct talk *t, const char *script, enum fault_class cls, const char *part)
{
	CHECK(talk_open(t, script) == NULL);
	CHECK_INT(t->f.cls, cls);
	if (!unit_check(strstr(t->f.msg, part) != NULL, __FILE__, __LINE__, part))
		printf("# %s\n", t->f.msg);
	talk_close(t);
}

static void fails(const char *script, enum fault_class cls, const char *part)
{
	struct talk t = {.o.credentials = &peer_alice};

	fails_for(&t, script, cls, part);
}

#define HELLO(caps) "> * OK [CAPABILITY " caps "] hello\n"
#define LOGGED_IN(caps)                       \
	HELLO("IMAP4rev1 SASL-IR AUTH=PLAIN") \
	"< a1 AUTHENTICATE PLAIN " PEER_PLAIN "\n> a1 OK [CAPABILITY " caps "] in\n"
#define CAPABILITY(tag, caps) "< " tag " CAPABILITY\n> * CAPABILITY " caps "\n> " tag " OK done\n"

/* ---- greetings */

TEST(greeting_ok)
{
	opens(LOGGED_IN("IMAP4rev1 IDLE"), "IMAP4rev1 IDLE");
}

TEST(greeting_preauth)
{
	opens("> * PREAUTH [CAPABILITY IMAP4rev1 X] hello\n", "IMAP4rev1 X");
	opens("> * PREAUTH hello\n" CAPABILITY("a1", "IMAP4rev1"), "IMAP4rev1");
}

TEST(greeting_bye)
{
	fails("> * BYE overloaded\n", FAULT_TEMP, "overloaded");
	fails("> * BYE [UNAVAILABLE] later\n!", FAULT_TEMP, "later");
}

TEST(greeting_of_something_else)
{
	fails("> 220 mail.example.org ESMTP\n", FAULT_PROTOCOL, "");
	fails("> SSH-2.0-OpenSSH_9\n", FAULT_PROTOCOL, "");
	fails("> HTTP/1.1 400 Bad Request\n", FAULT_PROTOCOL, "");
	fails("> * NO not now\n", FAULT_PROTOCOL, "not an IMAP greeting");
	fails("> * 5 EXISTS\n", FAULT_PROTOCOL, "not an IMAP greeting");
	fails("> + go\n", FAULT_PROTOCOL, "not an IMAP greeting");
	fails("> a1 OK done\n", FAULT_PROTOCOL, "not sent: a1");
	fails("!", FAULT_TEMP, "closed");
	fails("- * OK\n!", FAULT_TEMP, "closed");
}

TEST(greeting_with_capabilities_before_it)
{
	opens("> * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\n> * OK hello\n"
	      "< a1 AUTHENTICATE PLAIN " PEER_PLAIN "\n> a1 OK [CAPABILITY IMAP4rev1] in\n",
	    "IMAP4rev1");
}

/* ---- TLS that is required */

TEST(tls_required)
{
	struct talk t = {
	    .o = {.require_tls = true, .credentials = &peer_alice}, .in_the_clear = true};

	fails_for(&t, "> * PREAUTH hello\n", FAULT_PROTOCOL, "PREAUTH");
	fails_for(&t, "> * OK hello\n", FAULT_REFUSED, "not encrypted");
	t.o.endpoint.security = CHAN_STARTTLS;
	fails_for(&t, "> * PREAUTH hello\n", FAULT_PROTOCOL, "PREAUTH");
	fails_for(&t, HELLO("IMAP4rev1 AUTH=PLAIN"), FAULT_REFUSED, "does not offer STARTTLS");
	fails_for(&t, "> * OK hello\n" CAPABILITY("a1", "IMAP4rev1"), FAULT_REFUSED,
	    "does not offer STARTTLS");
	fails_for(&t, HELLO("IMAP4rev1 STARTTLS") "< a1 STARTTLS\n> a1 NO not now\n", FAULT_REFUSED,
	    "STARTTLS: NO not now");
	fails_for(&t, HELLO("STARTTLS") "< a1 STARTTLS\n> a1 BAD what\n", FAULT_REFUSED, "BAD");
	/* an answer that was there before its question */
	fails_for(&t, "- * OK [CAPABILITY STARTTLS] hello|a1 OK go|\n", FAULT_PROTOCOL, "");
}

/* ---- capabilities */

TEST(capabilities_on_demand)
{
	opens("> * OK hello\n" CAPABILITY(
		  "a1", "IMAP4rev1 AUTH=PLAIN") "< a2 AUTHENTICATE PLAIN\n> + \n< " PEER_PLAIN
						"\n> a2 OK in\n" CAPABILITY("a3", "IMAP4rev1 IDLE"),
	    "IMAP4rev1 IDLE");
}

TEST(capabilities_change_with_the_login)
{
	struct talk t = {.o.credentials = &peer_alice};

	REQUIRE(talk_open(&t, LOGGED_IN("IMAP4rev1 IDLE")) != NULL);
	CHECK(imap_has(t.s, "idle"));
	CHECK(!imap_has(t.s, "AUTH=PLAIN"));
	CHECK(!imap_has(t.s, "IDL"));
	CHECK(!imap_has(t.s, ""));
	CHECK_STR(imap_caps_before(t.s), "IMAP4rev1 SASL-IR AUTH=PLAIN");
	CHECK(!imap_is_compressed(t.s) && !imap_is_tls(t.s));
	talk_close(&t);
	/* untagged, before the OK */
	opens(HELLO("IMAP4rev1 SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
						    "\n> * CAPABILITY IMAP4rev1 X\n> a1 OK in\n",
	    "IMAP4rev1 X");
	/* said before the login, they say nothing about what comes behind it */
	opens(HELLO("IMAP4rev1 SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
						    "\n> a1 OK in\n" CAPABILITY("a2", "IMAP4rev1"),
	    "IMAP4rev1");
	fails(HELLO("IMAP4rev1 SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
						    "\n> a1 OK in\n< a2 CAPABILITY\n> a2 OK done\n",
	    FAULT_PROTOCOL, "does not say what it can");
}

TEST(capabilities_have_a_limit)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	buf_puts(&b, "> * OK [CAPABILITY");
	for (int i = 0; i < IMAP_CAPS_MAX / 2 + 1; i++)
		buf_puts(&b, " x");
	buf_puts(&b, "] hello\n");
	fails(buf_str(&b), FAULT_PROTOCOL, "over 16384 octets");
	buf_free(&b);
}

/* ---- authentication */

TEST(auth_refused)
{
	fails(HELLO("SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
					  "\n> a1 NO [AUTHENTICATIONFAILED] no\n",
	    FAULT_AUTH, "AUTHENTICATE: NO [AUTHENTICATIONFAILED] no");
	fails(HELLO("SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN "\n> a1 NO no\n",
	    FAULT_AUTH, "no");
	fails(HELLO("SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
					  "\n> a1 NO [UNAVAILABLE] later\n",
	    FAULT_TEMP, "later");
	fails(HELLO("SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
					  "\n> * BYE too many\n!",
	    FAULT_TEMP, "too many");
	fails(HELLO("SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
					  "\n> * BYE [AUTHENTICATIONFAILED] go\n!",
	    FAULT_AUTH, "go");
	fails(HELLO("AUTH=X-OURS LOGINDISABLED"), FAULT_AUTH, "X-OURS");
	fails(HELLO("LOGINDISABLED"), FAULT_AUTH, "no way to authenticate");
}

TEST(auth_challenged_where_there_is_none)
{
	/* with the command, so that it cannot be the answer to it */
	fails("- * OK [CAPABILITY SASL-IR AUTH=PLAIN] hello|+ |\n?\n", FAULT_PROTOCOL,
	    "where there is none");
	/* PLAIN has said all: the exchange is cancelled */
	fails(HELLO("SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
					  "\n> + \n< *\n> a1 BAD cancelled\n",
	    FAULT_PROTOCOL, "PLAIN");
	fails(HELLO("SASL-IR AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN " PEER_PLAIN
					  "\n> + \n< *\n> + \n?\n",
	    FAULT_PROTOCOL, "a challenge where there is none");
	fails(HELLO("AUTH=CRAM-MD5") "< a1 AUTHENTICATE CRAM-MD5\n> + %%%\n< *\n> a1 BAD no\n",
	    FAULT_PROTOCOL, "not base64");
}

TEST(auth_cram_md5)
{
	static const struct credentials tim = {.user = "tim", .password = "tanstaaftanstaaf"};

	/* RFC 2195 section 2 */
	opens_with(&tim,
	    HELLO("AUTH=CRAM-MD5") "< a1 AUTHENTICATE CRAM-MD5\n"
				   "> + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n"
				   "< dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\n"
				   "> a1 OK [CAPABILITY X] in\n",
	    "X");
}

TEST(auth_scram_wants_proof)
{
	/* yes before the server has shown anything */
	fails(
	    HELLO("SASL-IR AUTH=SCRAM-SHA-256") "< a1 AUTHENTICATE SCRAM-SHA-256 ...\n> a1 OK in\n",
	    FAULT_AUTH, "never proved");
	fails(HELLO("AUTH=SCRAM-SHA-256") "< a1 AUTHENTICATE SCRAM-SHA-256\n> a1 OK in\n",
	    FAULT_AUTH, "never proved");
	/* nonsense: cancelled */
	fails(HELLO("SASL-IR AUTH=SCRAM-SHA-256") "< a1 AUTHENTICATE SCRAM-SHA-256 ...\n"
						  "> + cj14eA==\n< *\n> a1 BAD cancelled\n",
	    FAULT_PROTOCOL, "SCRAM");
}

static void challenge(struct peer *p, const char *raw)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_puts(&b, "+ ");
	enc_base64(&b, raw, strlen(raw));
	buf_puts(&b, "\r\n");
	peer_say(p, b.data, b.len);
	buf_free(&b);
}

/* Goes through the motions of SCRAM without knowing the password. */
static void pretend(struct peer *p)
{
	static const char hello[] = "> * OK [CAPABILITY SASL-IR AUTH=SCRAM-SHA-256] hello";
	static const char command[] = "a1 AUTHENTICATE SCRAM-SHA-256 ";
	char line[2048], first[2048];
	struct buf b;

	peer_step(p, hello, strlen(hello));
	peer_line(p, line, sizeof(line));
	buf_init(&b, 4096);
	enc_base64_decode(&b, line + strlen(command), strlen(line) - strlen(command));
	const char *nonce = strstr(buf_str(&b), "r=");
	snprintf(first, sizeof(first), "%.200s3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
	    nonce != NULL ? nonce : "");
	buf_free(&b);
	challenge(p, first);
	peer_line(p, line, sizeof(line));
	challenge(p, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
	peer_expect(p, "*", 1);
	peer_say(p, "a1 BAD cancelled\r\n", 18);
}

TEST(auth_scram_proof_is_wrong)
{
	struct talk t = {.o.credentials = &peer_alice, .peer.talk = pretend};

	fails_for(&t, NULL, FAULT_AUTH, "proof is wrong");
}

TEST(auth_oauth_refusal_is_answered)
{
	static const struct credentials x = {.user = "a", .token = "t", .auth = "XOAUTH2"};
	static const struct credentials o = {.user = "a", .token = "t", .auth = "OAUTHBEARER"};
	struct talk t = {.o.credentials = &x};

	/* {"status":"401"} */
	fails_for(&t,
	    HELLO("SASL-IR AUTH=XOAUTH2") "< a1 AUTHENTICATE XOAUTH2 ...\n"
					  "> + eyJzdGF0dXMiOiI0MDEifQ==\n< \n> a1 NO sorry\n",
	    FAULT_AUTH, "401");
	t.o.credentials = &o;
	fails_for(&t,
	    HELLO("SASL-IR AUTH=OAUTHBEARER") "< a1 AUTHENTICATE OAUTHBEARER ...\n"
					      "> + eyJzdGF0dXMiOiI0MDEifQ==\n< AQ==\n> a1 NO no\n",
	    FAULT_AUTH, "401");
	/* without a host, as in a tunnel */
	opens_with(&o,
	    HELLO("SASL-IR AUTH=OAUTHBEARER") "< a1 AUTHENTICATE OAUTHBEARER ...\n"
					      "> a1 OK [CAPABILITY X] in\n",
	    "X");
}

TEST(auth_by_login)
{
	static const struct credentials odd = {.user = "a b\"", .password = "\xc3\xa9 {3}"};

	opens(HELLO("IMAP4rev1") "< a1 LOGIN alice wonderland\n> a1 OK [CAPABILITY X] in\n", "X");
	opens_with(&odd,
	    HELLO("IMAP4rev1") "< a1 LOGIN \"a b\\\"\" {6}\n> + go\n= \xc3\xa9 {3}\n"
			       "< \n> a1 OK [CAPABILITY X] in\n",
	    "X");
	fails(HELLO("IMAP4rev1") "< a1 LOGIN alice wonderland\n> a1 NO no\n", FAULT_AUTH,
	    "LOGIN: NO no");
	fails(HELLO("IMAP4rev1 LOGINDISABLED"), FAULT_AUTH, "no way");

	struct talk t = {.o.credentials = &peer_alice, .in_the_clear = true};
	fails_for(&t, HELLO("IMAP4rev1"), FAULT_AUTH, "no way");
}

TEST(auth_not_asked_for)
{
	struct talk t = {0};

	REQUIRE(talk_open(&t, HELLO("IMAP4rev1 AUTH=PLAIN")) != NULL);
	CHECK_STR(imap_caps(t.s), "IMAP4rev1 AUTH=PLAIN");
	CHECK_STR(imap_caps_before(t.s), "");
	talk_close(&t);
	CHECK_STR(t.peer.rest, "a1 LOGOUT\r\n");
}

/* ---- what is remembered */

static struct talk knowing(const char *caps)
{
	return (struct talk){.o = {.credentials = &peer_alice, .known.caps_before = caps}};
}

TEST(remembered_offer_saves_asking)
{
	struct talk t = knowing("IMAP4rev1 SASL-IR AUTH=PLAIN");

	REQUIRE(talk_open(&t,
		    "> * OK hello\n< a1 AUTHENTICATE PLAIN " PEER_PLAIN
		    "\n> a1 OK in\n" CAPABILITY("a2", "IMAP4rev1 IDLE")) != NULL);
	CHECK_STR(imap_caps(t.s), "IMAP4rev1 IDLE");
	CHECK_STR(imap_caps_before(t.s), "IMAP4rev1 SASL-IR AUTH=PLAIN");
	talk_close(&t);
	/* the greeting knows better */
	REQUIRE(talk_open(&t,
		    HELLO("AUTH=PLAIN") "< a1 AUTHENTICATE PLAIN\n> + \n< " PEER_PLAIN
					"\n> a1 OK [CAPABILITY X] in\n") != NULL);
	CHECK_STR(imap_caps_before(t.s), "AUTH=PLAIN");
	talk_close(&t);
}

TEST(remembered_offer_is_used_where_it_may_be)
{
	struct talk t = knowing("AUTH=PLAIN");

	REQUIRE(talk_open(&t,
		    "> * OK hello\n" CAPABILITY(
			"a1", "SASL-IR AUTH=PLAIN") "< a2 AUTHENTICATE PLAIN " PEER_PLAIN
						    "\n> a2 OK [CAPABILITY X] in\n") != NULL);
	talk_close(&t);
	t = knowing("SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256");
	fails_for(&t, "> * OK hello\n" CAPABILITY("a1", "LOGINDISABLED"), FAULT_AUTH, "no way");
	t = knowing("SASL-IR AUTH=PLAIN");
	t.in_the_clear = true;
	fails_for(&t, "> * OK hello\n" CAPABILITY("a1", "LOGINDISABLED"), FAULT_AUTH, "no way");
	t = knowing("");
	fails_for(&t, "> * OK hello\n" CAPABILITY("a1", "LOGINDISABLED"), FAULT_AUTH, "no way");
}

TEST(remembered_offer_that_is_stale)
{
	struct talk t = knowing("SASL-IR AUTH=PLAIN");

	REQUIRE(
	    talk_open(&t,
		"> * OK hello\n< a1 AUTHENTICATE PLAIN " PEER_PLAIN "\n> a1 BAD what\n" CAPABILITY(
		    "a2", "AUTH=PLAIN") "< a3 AUTHENTICATE PLAIN\n> + \n< " PEER_PLAIN
					"\n> a3 OK [CAPABILITY X] in\n") != NULL);
	CHECK_STR(imap_caps_before(t.s), "AUTH=PLAIN");
	talk_close(&t);
	/* a wrong password is not tried twice */
	fails_for(&t,
	    "> * OK hello\n< a1 AUTHENTICATE PLAIN " PEER_PLAIN
	    "\n> a1 NO [AUTHENTICATIONFAILED] wrong\n" CAPABILITY("a2", "SASL-IR AUTH=PLAIN"),
	    FAULT_AUTH, "wrong");
	CHECK_STR(t.peer.rest, "a3 LOGOUT\r\n");
	fails_for(&t,
	    "> * OK hello\n< a1 AUTHENTICATE PLAIN " PEER_PLAIN "\n> a1 NO [INUSE] busy\n",
	    FAULT_TEMP, "busy");
	CHECK_STR(t.peer.rest, "a2 LOGOUT\r\n");
}

/* ---- COMPRESS */

TEST(compress_refused_is_no_matter)
{
	struct talk t = {.o = {.credentials = &peer_alice, .compress = true}};

	REQUIRE(
	    talk_open(&t,
		LOGGED_IN(
		    "IMAP4rev1 COMPRESS=DEFLATE") "< a2 COMPRESS DEFLATE\n> a2 NO [COMPRESSIONACTIVE] TLS does\n") !=
	    NULL);
	CHECK(!imap_is_compressed(t.s));
	talk_close(&t);
	REQUIRE(talk_open(&t, LOGGED_IN("IMAP4rev1")) != NULL);
	CHECK(!imap_is_compressed(t.s));
	talk_close(&t);
	fails_for(
	    &t, LOGGED_IN("COMPRESS=DEFLATE") "< a2 COMPRESS DEFLATE\n!", FAULT_TEMP, "closed");
}

TEST(compress_takes_nothing_in_the_clear_behind_the_ok)
{
	struct talk t = {.o = {.credentials = &peer_alice, .compress = true}};
	struct event ev;

	REQUIRE(talk_open(&t,
		    LOGGED_IN(
			"COMPRESS=DEFLATE") "< a2 COMPRESS DEFLATE\n- a2 OK go|* 666 EXISTS|\n") !=
	    NULL);
	CHECK(imap_is_compressed(t.s));
	CHECK_INT(imap_next(t.s, -1, &ev, &t.f), -1);
	CHECK_INT(t.f.cls, FAULT_PROTOCOL);
	CHECK(!imap_alive(t.s));
	talk_close(&t);
}

UNIT_MAIN
