/* Lean messages from servers that are wrong, or where the message goes. */
#include "lean_peer.h"

TEST(begin)
{
	signal(SIGPIPE, SIG_IGN);
	dir_make();
	folder = dir_folder("box");
}

/* ---- servers that do not keep their word */

/* What part 1 gives at first; then it is left. */
static void is_left_in_a_second_try(const char *answer)
{
	static char dialogue[16000];
	const char *file;

	snprintf(dialogue, sizeof(dialogue),
	    ASK ANSWER(MULTI("=_out", PLAIN("50") PLAIN("60") IMAGE("7800")), HEADER_MIXED)
		WANT("2", "1.MIME") WANT("3", "1") WANT("4", "2.MIME") WANT("5", "2")
		    WANT("6", "3.MIME") GIVE("2", "1.MIME", "|") "%s" GIVE("4", "2.MIME", "|")
			GIVE("5", "2", "two") GIVE("6", "3.MIME", "|") WANT("7", "1.MIME")
			    WANT("8", "2.MIME") WANT("9", "2") WANT("10", "3.MIME")
				GIVE("7", "1.MIME", "Content-ID: <1>||") GIVE("8", "2.MIME", "|")
				    GIVE("9", "2", "two") GIVE("10", "3.MIME", "Content-ID: <3>||"),
	    answer);
	file = fetch(100, dialogue);
	CHECK_INT(result, 0);
	CHECK_INT(left, 2);
	CHECK_STR(file,
	    "X-Lm-Lean: 2\nFrom: a@example.org\nSubject: x\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed;\n boundary=\"=_out\"\n\n"
	    "--=_out\n" EXTERNAL("1",
		"50") "Content-Type: text/plain\nContent-ID: <1>\n\n"
		      "\n--=_out\n\ntwo\n"
		      "--=_out\n" EXTERNAL("3",
			  "5700") "Content-Type: image/jpeg; name=a.jpg\n"
				  "Content-ID: <3>\nContent-Transfer-Encoding: base64\n\n\n--=_out--\n");
}

TEST(a_boundary_in_a_part)
{
	is_left_in_a_second_try(GIVE("3", "1", "a|--=_out|b"));
	is_left_in_a_second_try(GIVE("3", "1", "--=_out"));
	is_left_in_a_second_try(GIVE("3", "1", "a|--=_out-- |b"));
	is_left_in_a_second_try(GIVE("3", "1", "a|--=_outer"));
	is_left_in_a_second_try(GIVE("3", "1", "a\r--=_out|"));
}

TEST(no_boundary_in_a_part)
{
	const char *file = fetch(100,
	    ASK ANSWER(MULTI("=_out", PLAIN("50") IMAGE("7800")), HEADER_MIXED) WANT("2", "1.MIME")
		WANT("3", "1") WANT("4", "2.MIME") GIVE("2", "1.MIME", "|")
		    GIVE("3", "1", " --=_out|-=_out|--=_ou|--=_oux|--") GIVE("4", "2.MIME", "|"));

	CHECK_INT(result, 0);
	CHECK_INT(left, 1);
	CHECK(strstr(file, "\n --=_out\n-=_out\n--=_ou\n--=_oux\n--\n--=_out\n") != NULL);
}

TEST(more_than_was_said)
{
	char answer[400] = "- * 1 FETCH (UID 7 BODY[1] <<";

	memset(answer + strlen(answer), 'x', 101);
	snprintf(answer + strlen(answer), 100, ">>)|a3 OK|\n");
	is_left_in_a_second_try(answer);
}

TEST(nothing_or_no)
{
	is_left_in_a_second_try("- * 1 FETCH (UID 7 BODY[1] NIL)|a3 OK|\n");
	is_left_in_a_second_try("- * 1 FETCH (UID 7 BODY[1] <<>>)|a3 OK|\n");
	is_left_in_a_second_try("- a3 NO [SERVERBUG] cannot|\n");
	is_left_in_a_second_try("- a3 BAD what|\n");
}

/* It never ends: the third try leaves all. */
TEST(wrong_twice)
{
	const char *file = fetch(100,
	    ASK ANSWER(MULTI("=_out", PLAIN("50") PLAIN("50") IMAGE("7800")), HEADER_MIXED) WANT(
		"2", "1.MIME") WANT("3", "1") WANT("4", "2.MIME") WANT("5", "2") WANT("6", "3.MIME")
		GIVE("2", "1.MIME", "|") GIVE("3", "1", "--=_out") GIVE("4", "2.MIME", "|")
		    GIVE("5", "2", "two") GIVE("6", "3.MIME", "|") WANT("7", "1.MIME")
			WANT("8", "2.MIME") WANT("9", "2") WANT("10", "3.MIME")
			    GIVE("7", "1.MIME", "|") GIVE("8", "2.MIME", "|")
				GIVE("9", "2", "--=_out") GIVE("10", "3.MIME", "|"));

	check_opaque(file);
}

/* Answers to what was not asked, and of other messages, do not get in. */
TEST(what_else_comes)
{
	const char *file = fetch(100,
	    ASK "- * 2 FETCH (UID 8 BODY[HEADER] <<From: other||>> BODYSTRUCTURE " PLAIN(
		"1") ")|* 3 EXISTS|* 1 FETCH (UID 7 FLAGS ())|\n" ANSWER(MULTI("=_out",
									     PLAIN("50")
										 IMAGE("7800")),
		HEADER_MIXED) WANT("2", "1.MIME") WANT("3", "1") WANT("4", "2.MIME") GIVE("2",
		"1.MIME",
		"|") "- * 2 FETCH (UID 8 BODY[1] <<other>>)|* 1 FETCH (UID 7 FLAGS (\\Seen))|\n"
		     "- * 1 FETCH (UID 7 BODY[1.MIME] <<again>>)|* 1 FETCH (UID 7 BODY[1] <<one>> "
		     "BODY[1] <<two>>)|a3 OK|\n" GIVE("4", "2.MIME", "|"));

	CHECK_INT(result, 0);
	CHECK(strstr(file, "\n--=_out\n\none\n--=_out\n") != NULL);
}

/* ---- messages that are no more */

static void is_gone(const char *dialogue)
{
	fetch(100, dialogue);
	CHECK_INT(result, 1);
	CHECK_INT(fault.cls, FAULT_NONE);
}

TEST(no_such_message)
{
	is_gone(ASK "> a1 OK\n");
	is_gone(ASK "> a1 NO [EXPUNGEISSUED] gone\n");
	is_gone(ASK "> * 1 FETCH (UID 7 FLAGS ())\n> a1 OK\n");
	is_gone(ASK ANSWER_OF("50", PLAIN("5"), "|") WANT("2", "") "> a2 OK\n");
	is_gone(ASK ANSWER_OF("50", PLAIN("5"), "|") WANT("2", "") "> a2 NO [NONEXISTENT] gone\n");
}

#define TWO_PARTS                                                                               \
	ASK ANSWER(MULTI("=_out", PLAIN("50") IMAGE("7800")), HEADER_MIXED) WANT("2", "1.MIME") \
	    WANT("3", "1") WANT("4", "2.MIME")

/* In the middle: what was asked for is pulled to its end, so that the next command's answer is its own. */
TEST(expunged_meanwhile)
{
	is_gone(TWO_PARTS GIVE("2", "1.MIME", "|") "> a3 OK\n" GIVE("4", "2.MIME", "|"));
	is_gone(TWO_PARTS "> a2 OK\n> a3 OK\n> a4 OK\n");
	is_gone(TWO_PARTS GIVE(
	    "2", "1.MIME", "|") "> a3 NO [EXPUNGEISSUED] x\n> a4 NO [EXPUNGEISSUED] x\n");
}

/* Dovecot sends its replies late, and nothing says that it may not. */
TEST(late_replies)
{
	const char *file = fetch(100,
	    TWO_PARTS "- * 1 FETCH (UID 7 BODY[1.MIME] <<|>>)|* 1 FETCH (UID 7 BODY[1] "
		      "<<hello>>)|\n- * 1 FETCH (UID 7 BODY[2.MIME] <<Content-ID: <x>||>>)|"
		      "a2 OK|a3 OK|a4 OK|\n");

	CHECK_INT(result, 0);
	CHECK(strstr(file, "\n--=_out\n\nhello\n--=_out\nContent-Type: message") != NULL);
}

/* The answer that is not there is missed when the next one comes; the reply tells why. */
TEST(late_refusals)
{
	const char *file;

	is_gone(TWO_PARTS "- * 1 FETCH (UID 7 BODY[1.MIME] <<|>>)|"
			  "* 1 FETCH (UID 7 BODY[2.MIME] <<|>>)|a2 OK|a3 OK|a4 OK|\n");
	file = fetch(100,
	    TWO_PARTS "- * 1 FETCH (UID 7 BODY[1.MIME] <<|>>)|"
		      "* 1 FETCH (UID 7 BODY[2.MIME] <<|>>)|a2 OK|a4 OK|a3 NO [LIMIT] x|\n" WANT(
			  "5", "1.MIME") WANT("6", "2.MIME") GIVE("5", "1.MIME", "|")
			  GIVE("6", "2.MIME", "|"));
	CHECK_INT(result, 0);
	CHECK_INT(left, 2);
	CHECK(strstr(file, EXTERNAL("1", "50")) != NULL);
}

TEST(refused)
{
	fetch(100, ASK "> a1 NO not now\n");
	CHECK_INT(result, -1);
	fetch(100, ASK "- * 1 FETCH (UID 7 BODYSTRUCTURE " PLAIN("500") ")|a1 OK|\n");
	CHECK_INT(result, -1);
	CHECK_INT(fault.cls, FAULT_PROTOCOL);
}

TEST(the_line_is_lost)
{
	struct url u = url_of("INBOX");

	open_line(TWO_PARTS GIVE("2", "1.MIME", "|") "!");
	result = lean_fetch(&line, &u, 100, &d, &left, &fault);
	CHECK_INT(result, -1);
	CHECK_INT(fault.cls, FAULT_TEMP);
	finish(false);
}

/* The line stands, and nothing of the message is left on it. */
TEST(the_disk_is_full)
{
	struct url u = url_of("INBOX");
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	open_line(TWO_PARTS GIVE("2", "1.MIME", "|") GIVE("3", "1", "hello")
		GIVE("4", "2.MIME", "|") "< a5 NOOP\n> a5 OK\n");
	CHECK(full != -1 && dup2(full, d.fd) == d.fd);
	close(full);
	result = lean_fetch(&line, &u, 100, &d, &left, &fault);
	CHECK_INT(result, -1);
	CHECK_INT(fault.cls, FAULT_IO);
	CHECK_INT(d.result, DELIVERY_NONE);
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), 0);
	finish(true);
}

TEST(end)
{
	maildir_close(&folder);
	dir_clean();
}

UNIT_MAIN
