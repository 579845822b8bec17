#include "sasl/sasl.h"

#include <gsasl.h>

#include "base/enc.h"
#include "unit.h"

/* libgsasl asks for randomness by this name, and finds ours first: so the nonces of the RFCs' examples can be had. */
static const char *fixed_nonce;
int gsasl_nonce(char *data, size_t datalen)
{
	struct buf b;
	int r = GSASL_CRYPTO_ERROR;

	if (fixed_nonce == NULL)
		return gsasl_random(data, datalen);
	buf_init(&b, 64);
	if (enc_base64_decode(&b, fixed_nonce, strlen(fixed_nonce)) == 0 && b.len == datalen) {
		memcpy(data, b.data, datalen);
		r = GSASL_OK;
	}
	buf_free(&b);
	return r;
}

static const char exporter[] = "0123456789abcdef0123456789abcdef";
static const struct credentials alice = {.user = "user", .password = "pencil"};
static const struct sasl_peer safe = {
    .service = "imap", .host = "mail.example.org", .port = 993, .safe = true};
static const struct sasl_peer bare = {
    .service = "imap", .host = "mail.example.org", .port = 143, .safe = false};
static const struct sasl_peer bound = {.service = "imap",
    .host = "mail.example.org",
    .port = 993,
    .safe = true,
    .binding_type = "tls-exporter",
    .binding = exporter,
    .binding_len = 32};

static const char all[] = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS "
			  "SCRAM-SHA-256-PLUS XOAUTH2 OAUTHBEARER EXTERNAL ANONYMOUS GSSAPI";

static struct fault f;

static const char *choose(const char *offered, struct credentials c, const struct sasl_peer *p)
{
	f = (struct fault){0};
	return sasl_choose(offered, &c, p, &f);
}

TEST(choose_takes_the_strongest)
{
	struct credentials token = {.user = "u", .token = "t"};

	CHECK_STR(choose(all, alice, &bound), "SCRAM-SHA-256-PLUS");
	CHECK_STR(choose(all, alice, &safe), "SCRAM-SHA-256");
	CHECK_STR(choose("PLAIN SCRAM-SHA-1", alice, &bound), "SCRAM-SHA-1");
	CHECK_STR(choose("SCRAM-SHA-256 SCRAM-SHA-1-PLUS", alice, &bound), "SCRAM-SHA-1-PLUS");
	CHECK_STR(choose("LOGIN PLAIN CRAM-MD5", alice, &safe), "CRAM-MD5");
	CHECK_STR(choose("LOGIN PLAIN", alice, &safe), "PLAIN");
	CHECK_STR(choose("LOGIN", alice, &safe), "LOGIN");
	CHECK_STR(choose("  plain  ", alice, &safe), "PLAIN");
	CHECK_STR(choose(all, token, &safe), "OAUTHBEARER");
	CHECK_STR(choose("PLAIN XOAUTH2", token, &safe), "XOAUTH2");
}

TEST(choose_never_bares_a_secret_on_an_open_line)
{
	struct credentials token = {.user = "u", .token = "t"};
	struct credentials pinned = {.user = "u", .password = "p", .auth = "PLAIN LOGIN"};

	CHECK_STR(choose(all, alice, &bare), "SCRAM-SHA-256");
	CHECK_STR(choose("PLAIN LOGIN CRAM-MD5", alice, &bare), "CRAM-MD5");
	CHECK(choose("PLAIN LOGIN", alice, &bare) == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "not encrypted") != NULL);
	CHECK(choose(all, token, &bare) == NULL);
	CHECK(choose(all, pinned, &bare) == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
}

TEST(choose_keeps_to_a_pinned_list)
{
	struct credentials c = alice;

	c.auth = "PLAIN SCRAM-SHA-256";
	CHECK_STR(choose(all, c, &safe), "PLAIN");
	CHECK_STR(choose("SCRAM-SHA-256 LOGIN", c, &safe), "SCRAM-SHA-256");
	CHECK(choose("LOGIN CRAM-MD5", c, &safe) == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "LOGIN CRAM-MD5") != NULL);
	CHECK(strstr(f.msg, "PLAIN is not offered") != NULL);
	c.auth = "SCRAM-SHA-256-PLUS";
	CHECK(choose(all, c, &safe) == NULL);
	CHECK_STR(choose(all, c, &bound), "SCRAM-SHA-256-PLUS");
	c.auth = "scram-sha-1";
	CHECK_STR(choose(all, c, &bound), "SCRAM-SHA-1");
	c.auth = "";
	CHECK(choose(all, c, &safe) == NULL);
	c.auth = "NTLM";
	CHECK(choose("NTLM PLAIN", c, &safe) == NULL);
}

TEST(choose_needs_what_a_mechanism_needs)
{
	struct credentials c = {.user = "u"};

	CHECK(choose(all, c, &safe) == NULL);
	c.auth = "EXTERNAL";
	CHECK_STR(choose(all, c, &safe), "EXTERNAL");
	c.auth = "ANONYMOUS";
	CHECK_STR(choose(all, c, &safe), "ANONYMOUS");
	c = (struct credentials){.password = "p"};
	CHECK(choose(all, c, &safe) == NULL);
	c = (struct credentials){.user = "u", .password = "p", .authzid = "other"};
	CHECK_STR(choose("CRAM-MD5 LOGIN PLAIN", c, &safe), "PLAIN");
	CHECK(choose("CRAM-MD5 LOGIN", c, &safe) == NULL);
	c = (struct credentials){.user = "u", .password = "p", .token = "t"};
	CHECK(choose("PLAIN SCRAM-SHA-256", c, &safe) == NULL);
	CHECK(choose("", alice, &safe) == NULL);
	CHECK(choose("GSSAPI", alice, &safe) == NULL);
	CHECK(strstr(f.msg, "GSSAPI") != NULL);
}

TEST(names)
{
	CHECK(sasl_single_step("PLAIN"));
	CHECK(sasl_single_step("OAUTHBEARER"));
	CHECK(sasl_single_step("xoauth2"));
	CHECK(!sasl_single_step("LOGIN"));
	CHECK(!sasl_single_step("SCRAM-SHA-256"));
	CHECK(!sasl_single_step("NTLM"));
	CHECK(sasl_known("scram-sha-256-plus"));
	CHECK(!sasl_known("SCRAM"));
	CHECK(!sasl_known(""));
}

/* One exchange: what the client says to each challenge. */
struct talk {
	struct sasl *s;
	struct buf out;
	int r;
};

static void begin(
    struct talk *t, const char *mechanism, const struct credentials *c, const struct sasl_peer *p)
{
	f = (struct fault){0};
	buf_init(&t->out, 70000);
	t->s = sasl_new(mechanism, c, p, &f);
	t->r = 0;
}

static void say(struct talk *t, const char *challenge, size_t n)
{
	buf_reset(&t->out);
	t->r = sasl_step(t->s, challenge, n, &t->out, &f);
}

static void says(struct talk *t, const char *challenge)
{
	say(t, challenge, challenge != NULL ? strlen(challenge) : 0);
}

static void end(struct talk *t)
{
	sasl_free(t->s);
	buf_wipe(&t->out);
}

TEST(plain_is_one_message)
{
	struct credentials c = alice;
	struct talk t;

	begin(&t, "PLAIN", &alice, &safe);
	REQUIRE(t.s != NULL);
	CHECK(sasl_client_first(t.s));
	says(&t, NULL);
	CHECK_INT(t.r, 0);
	CHECK_MEM(t.out.data, t.out.len, "\0user\0pencil", 12);
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), 0);
	says(&t, "more?");
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	CHECK_INT(t.out.len, 0);
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	end(&t);

	c.authzid = "boss";
	begin(&t, "PLAIN", &c, &safe);
	REQUIRE(t.s != NULL);
	says(&t, NULL);
	CHECK_MEM(t.out.data, t.out.len, "boss\0user\0pencil", 16);
	end(&t);
}

TEST(a_server_that_speaks_first_out_of_turn_gets_nothing)
{
	static const char *const names[] = {
	    "PLAIN", "SCRAM-SHA-256", "EXTERNAL", "ANONYMOUS", "OAUTHBEARER", "XOAUTH2"};
	struct credentials token = {.user = "user", .token = "t"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct talk t;

		begin(&t, names[i], i < 4 ? &alice : &token, &safe);
		REQUIRE(t.s != NULL);
		says(&t, "give it to me");
		CHECK_INT(t.r, -1);
		CHECK_INT(t.out.len, 0);
		end(&t);
	}
}

TEST(login_answers_two_prompts)
{
	struct talk t;

	begin(&t, "LOGIN", &alice, &safe);
	REQUIRE(t.s != NULL);
	CHECK(!sasl_client_first(t.s));
	says(&t, "Username:");
	CHECK_INT(t.r, 0);
	CHECK_STR(buf_str(&t.out), "user");
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	says(&t, "Password:");
	CHECK_STR(buf_str(&t.out), "pencil");
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), 0);
	says(&t, "And again:");
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	end(&t);
}

/* The example of RFC 2195. */
TEST(cram_md5)
{
	struct credentials tim = {.user = "tim", .password = "tanstaaftanstaaf"};
	struct talk t;

	begin(&t, "CRAM-MD5", &tim, &bare);
	REQUIRE(t.s != NULL);
	says(&t, "<1896.697170952@postoffice.reston.mci.net>");
	CHECK_INT(t.r, 0);
	CHECK_STR(buf_str(&t.out), "tim b913a602c7eda7a495b4e6e7334d3890");
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), 0);
	end(&t);

	begin(&t, "CRAM-MD5", &tim, &bare);
	REQUIRE(t.s != NULL);
	says(&t, "");
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	end(&t);
}

TEST(external_and_anonymous)
{
	struct credentials c = {.authzid = "me", .user = "trace"};
	struct talk t;

	begin(&t, "EXTERNAL", &c, &safe);
	REQUIRE(t.s != NULL);
	says(&t, NULL);
	CHECK_STR(buf_str(&t.out), "me");
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), 0);
	end(&t);

	c.authzid = NULL;
	begin(&t, "EXTERNAL", &c, &safe);
	REQUIRE(t.s != NULL);
	says(&t, NULL);
	CHECK_INT(t.r, 0);
	CHECK_INT(t.out.len, 0);
	end(&t);

	begin(&t, "ANONYMOUS", &c, &safe);
	REQUIRE(t.s != NULL);
	says(&t, NULL);
	CHECK_STR(buf_str(&t.out), "trace");
	end(&t);
}

/* The example of RFC 5802 section 5. */
static void scram_sha_1(struct talk *t)
{
	fixed_nonce = "fyko+d2lbbFgONRv9qkxdawL";
	begin(t, "SCRAM-SHA-1", &alice, &safe);
	fixed_nonce = NULL;
	REQUIRE(t->s != NULL);
	says(t, NULL);
	CHECK_STR(buf_str(&t->out), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
}

#define SERVER_FIRST "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"

TEST(scram_as_in_its_rfc)
{
	struct talk t;

	scram_sha_1(&t);
	REQUIRE(t.s != NULL);
	says(&t, SERVER_FIRST);
	CHECK_INT(t.r, 0);
	CHECK_STR(buf_str(&t.out),
	    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	says(&t, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
	CHECK_INT(t.r, 0);
	CHECK_INT(t.out.len, 0);
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), 0);
	end(&t);
}

TEST(scram_takes_the_signature_with_the_success)
{
	static const char proof[] = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";
	struct talk t;

	scram_sha_1(&t);
	REQUIRE(t.s != NULL);
	says(&t, SERVER_FIRST);
	CHECK_INT(sasl_done(t.s, proof, strlen(proof), &f), 0);
	CHECK_INT(sasl_done(t.s, proof, strlen(proof), &f), -1);
	end(&t);
}

TEST(scram_refuses_a_yes_without_a_signature)
{
	struct talk t;

	scram_sha_1(&t);
	REQUIRE(t.s != NULL);
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	CHECK_INT(f.cls, FAULT_AUTH);
	says(&t, SERVER_FIRST);
	CHECK_INT(t.r, 0);
	f = (struct fault){0};
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "never proved") != NULL);
	end(&t);
}

TEST(scram_refuses_a_wrong_signature_for_good)
{
	struct talk t;

	scram_sha_1(&t);
	REQUIRE(t.s != NULL);
	says(&t, SERVER_FIRST);
	says(&t, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_AUTH);
	says(&t, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
	CHECK_INT(t.r, -1);
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	end(&t);
}

TEST(scram_shows_what_the_server_says_of_a_failure)
{
	struct talk t;

	scram_sha_1(&t);
	REQUIRE(t.s != NULL);
	says(&t, SERVER_FIRST);
	says(&t, "e=invalid-proof");
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "invalid-proof") != NULL);
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	end(&t);
}

TEST(scram_refuses_bad_challenges)
{
	static const char *const bad[] = {
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4294967295",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=2000001",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=99999999999999999999",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=-1",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=0",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i= 4096",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096,i=4000000",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92",
	    "r=fyko+d2lbbFgONRv9qkxdawLx,s=,i=4096",
	    "r=somebody else's,s=QSXCR+Q6sek8bf92,i=4096",
	    "m=ext,r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096",
	    "s=QSXCR+Q6sek8bf92,i=4096",
	    "\xff\xfe\xfd",
	    ",,,,",
	    "e=other-error",
	    "",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct talk t;

		scram_sha_1(&t);
		REQUIRE(t.s != NULL);
		says(&t, bad[i]);
		CHECK_INT(t.r, -1);
		if (t.r != -1)
			printf("# %s\n", bad[i]);
		CHECK(f.cls == FAULT_PROTOCOL || f.cls == FAULT_AUTH);
		CHECK_INT(t.out.len, 0);
		CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
		end(&t);
	}
}

TEST(challenges_have_limits)
{
	static char big[20000];
	struct talk t;

	memset(big, 'x', sizeof(big));
	begin(&t, "CRAM-MD5", &alice, &safe);
	REQUIRE(t.s != NULL);
	say(&t, big, sizeof(big));
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	end(&t);

	begin(&t, "LOGIN", &alice, &safe);
	REQUIRE(t.s != NULL);
	say(&t, "User\0name", 9);
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	end(&t);
}

/* The other side, by libgsasl. */
struct server {
	Gsasl *lib;
	Gsasl_session *session;
};

static int give(Gsasl *lib, Gsasl_session *session, Gsasl_property prop)
{
	(void)lib;
	switch (prop) {
	case GSASL_PASSWORD:
		return gsasl_property_set(session, prop, "pencil");
	case GSASL_CB_TLS_EXPORTER:
		return gsasl_property_set(
		    session, prop, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
	default:
		return GSASL_NO_CALLBACK;
	}
}

static int give_unbound(Gsasl *lib, Gsasl_session *session, Gsasl_property prop)
{
	if (prop == GSASL_CB_TLS_EXPORTER || prop == GSASL_CB_TLS_UNIQUE)
		return GSASL_NO_CALLBACK;
	return give(lib, session, prop);
}

/* Runs both sides to the end; *letter: how the client's first message begins. */
static int against_server(const char *mechanism, const struct credentials *c,
    const struct sasl_peer *p, Gsasl_callback_function callback, char *letter)
{
	struct server v;
	struct talk t;
	char *reply = NULL;
	size_t n = 0;
	int r = GSASL_NEEDS_MORE;

	gsasl_init(&v.lib);
	gsasl_callback_set(v.lib, callback);
	gsasl_server_start(v.lib, mechanism, &v.session);
	begin(&t, mechanism, c, p);
	for (int turns = 0; t.s != NULL && turns < 5; turns++) {
		say(&t, reply, n);
		gsasl_free(reply);
		reply = NULL;
		n = 0;
		if (t.r == -1 || r != GSASL_NEEDS_MORE)
			break;
		if (turns == 0)
			*letter = *buf_str(&t.out);
		r = gsasl_step(v.session, buf_str(&t.out), t.out.len, &reply, &n);
		if (r != GSASL_OK && r != GSASL_NEEDS_MORE)
			break;
	}
	gsasl_free(reply);
	if (r == GSASL_OK && (t.r == -1 || sasl_done(t.s, NULL, 0, &f) == -1))
		r = -1;
	end(&t);
	gsasl_finish(v.session);
	gsasl_done(v.lib);
	return r;
}

TEST(scram_against_a_server)
{
	static const char *const names[] = {
	    "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"};
	struct credentials wrong = {.user = "user", .password = "pen"};
	struct sasl_peer other = bound;
	char letter = 0;

	for (size_t i = 0; i < 4; i++) {
		const struct sasl_peer *p = i < 2 ? &safe : &bound;

		CHECK_INT(against_server(names[i], &alice, p, give, &letter), GSASL_OK);
		CHECK_INT(letter, i < 2 ? 'n' : 'p');
		CHECK_INT(
		    against_server(names[i], &wrong, p, give, &letter), GSASL_AUTHENTICATION_ERROR);
	}
	/* A man in the middle has another channel on this side. */
	other.binding = "fedcba9876543210fedcba9876543210";
	CHECK_INT(against_server("SCRAM-SHA-256-PLUS", &alice, &other, give, &letter),
	    GSASL_AUTHENTICATION_ERROR);
}

/* A server that binds takes "y" for a sign of an attack, so it must not come where the person chose the form without binding. */
TEST(scram_without_binding_where_it_could_bind)
{
	struct credentials pinned = alice;
	char letter = 0;

	CHECK_INT(against_server("SCRAM-SHA-256", &alice, &bound, give_unbound, &letter), GSASL_OK);
	CHECK(letter == 'y' || letter == 'n');
	pinned.auth = "SCRAM-SHA-256";
	CHECK_INT(against_server("SCRAM-SHA-256", &pinned, &bound, give, &letter), GSASL_OK);
	CHECK_INT(letter, 'n');
	pinned.auth = "SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
	CHECK_INT(against_server("SCRAM-SHA-256", &pinned, &bound, give, &letter), GSASL_OK);
	CHECK_INT(letter, 'n');
	pinned.auth = "SCRAM-SHA-256-PLUS SCRAM-SHA-256";
	CHECK_INT(
	    against_server("SCRAM-SHA-256", &pinned, &bound, give_unbound, &letter), GSASL_OK);
}

TEST(scram_prepares_the_password)
{
	/* SASLprep maps the soft hyphen to nothing (RFC 4013 section 3). */
	struct credentials c = {.user = "user",
	    .password = "pen\xc2\xad"
			"cil"};
	struct credentials bad = {.user = "user", .password = "\x07"};
	char letter = 0;

	CHECK_INT(against_server("SCRAM-SHA-256", &c, &safe, give, &letter), GSASL_OK);

	CHECK(sasl_new("SCRAM-SHA-1", &bad, &safe, &f) == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "SASLprep") != NULL);
}

/* The example of RFC 7628 section 4.1. */
TEST(oauthbearer)
{
	struct credentials c = {
	    .user = "user@example.com", .token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="};
	struct sasl_peer p = {
	    .service = "imap", .host = "server.example.com", .port = 143, .safe = true};
	struct talk t;

	begin(&t, "OAUTHBEARER", &c, &p);
	REQUIRE(t.s != NULL);
	CHECK(sasl_client_first(t.s));
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	says(&t, NULL);
	CHECK_INT(t.r, 0);
	CHECK_STR(buf_str(&t.out),
	    "n,a=user@example.com,\001host=server.example.com\001port=143\001"
	    "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\001\001");
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), 0);
	end(&t);

	c.user = "a,b=c";
	begin(&t, "OAUTHBEARER", &c, &p);
	REQUIRE(t.s != NULL);
	says(&t, NULL);
	CHECK(strstr(buf_str(&t.out), "n,a=a=2Cb=3Dc,\001") == buf_str(&t.out));
	end(&t);
}

TEST(oauth_errors_are_answered_and_shown)
{
	static const char json[] = "{\"status\":\"invalid_token\"}";
	struct credentials c = {.user = "u", .token = "t"};
	struct talk t;

	begin(&t, "OAUTHBEARER", &c, &safe);
	REQUIRE(t.s != NULL);
	says(&t, NULL);
	says(&t, json);
	CHECK_INT(t.r, -1);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, json) != NULL);
	CHECK_STR(buf_str(&t.out), "\001");
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	says(&t, json);
	CHECK_INT(t.r, -1);
	CHECK_INT(t.out.len, 0);
	end(&t);

	begin(&t, "XOAUTH2", &c, &safe);
	REQUIRE(t.s != NULL);
	says(&t, NULL);
	CHECK_STR(buf_str(&t.out), "user=u\001auth=Bearer t\001\001");
	says(&t, json);
	CHECK_INT(t.r, -1);
	CHECK(strstr(f.msg, json) != NULL);
	CHECK_INT(t.out.len, 0);
	CHECK_INT(sasl_done(t.s, NULL, 0, &f), -1);
	end(&t);
}

TEST(oauth_takes_no_text_that_would_break_out)
{
	static const char *const bad[] = {"t\r\nx", "t\nx", "t\001auth=x", "\r"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct credentials token = {.user = "u", .token = bad[i]};
		struct credentials user = {.user = bad[i], .token = "t"};

		CHECK(sasl_new("OAUTHBEARER", &token, &safe, &f) == NULL);
		CHECK_INT(f.cls, FAULT_AUTH);
		CHECK(strstr(f.msg, "t\\") == NULL);
		CHECK(sasl_new("XOAUTH2", &token, &safe, &f) == NULL);
		CHECK(sasl_new("XOAUTH2", &user, &safe, &f) == NULL);
		CHECK(sasl_new("OAUTHBEARER", &user, &safe, &f) == NULL);
	}
}

TEST(an_unknown_mechanism_is_a_bug)
{
	CHECK(sasl_new("GSSAPI", &alice, &safe, &f) == NULL);
	CHECK_INT(f.cls, FAULT_BUG);
	sasl_free(NULL);
}

TEST(new_does_not_rely_on_choose)
{
	struct credentials nothing = {.user = "u"};
	struct credentials token = {.user = "u", .token = "t"};

	CHECK(sasl_new("PLAIN", &alice, &bare, &f) == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(sasl_new("LOGIN", &alice, &bare, &f) == NULL);
	CHECK(sasl_new("XOAUTH2", &token, &bare, &f) == NULL);
	CHECK(sasl_new("SCRAM-SHA-256", &nothing, &safe, &f) == NULL);
	CHECK(sasl_new("SCRAM-SHA-256-PLUS", &alice, &safe, &f) == NULL);
	CHECK(sasl_new("OAUTHBEARER", &alice, &safe, &f) == NULL);
}

UNIT_MAIN
