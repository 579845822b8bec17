/* Lean messages: what stays, what comes, and how it is written. */
#include "app/lean_impl.h"
#include "lean_peer.h"

TEST(begin)
{
	signal(SIGPIPE, SIG_IGN);
	dir_make();
	folder = dir_folder("box");
}

TEST(a_big_part_stays)
{
	const char *file = fetch(1000,
	    ASK ANSWER(MULTI("=_out", PLAIN("5") IMAGE("7800")), HEADER_MIXED)
	    /* all of it in one flight */
	    WANT("2", "1.MIME") WANT("3", "1") WANT("4", "2.MIME")
		GIVE("2", "1.MIME", "Content-Type: text/plain||")
	    /* the UID may come behind it */
	    "- * 1 FETCH (BODY[1] <<hello>> UID 7)|a3 OK|\n"
	    /* Dovecot's, for some parts: nothing but what belongs there gets in */
	    GIVE("4", "2.MIME",
		"From: b@example.org|Content-Type: image/jpeg;| name=\"a.jpg\"|X-Leak: 1|"
		"Content-Description: a cat|Content-Transfer-Encoding: base64|Content-MD5: xyz|"
		"Content-ID: <c1>|Content-Disposition: inline|Content-Language: en||"));

	CHECK_INT(result, 0);
	CHECK_INT(left, 1);
	CHECK_STR(file,
	    HEAD_OUT
	    "--=_out\nContent-Type: text/plain\n\nhello\n"
	    "--=_out\n" EXTERNAL("2",
		"5700") "Content-Type: image/jpeg;\n name=\"a.jpg\"\n"
			"Content-ID: <c1>\nContent-Transfer-Encoding: base64\nContent-Description: a cat\n"
			"Content-Disposition: inline\n\n\n--=_out--\n");
}

TEST(what_the_header_does_not_say)
{
	const char *file = fetch(4,
	    ASK ANSWER(MULTI("=_out", PLAIN("5") "(\"IMAGE\" \"a b\" NIL NIL NIL \"BASE64\" 3)"),
		HEADER_MIXED) WANT("2", "1.MIME") WANT("3", "2.MIME") WANT("4", "2") GIVE("2",
		"1.MIME",
		"Content-Type:  |Content-ID:|||") "- * 1 FETCH (UID 7 BODY[2.MIME] NIL)|a3 OK|\n" GIVE("4",
		"2", "abc"));

	CHECK_INT(result, 0);
	CHECK_STR(file,
	    HEAD_OUT "--=_out\n" EXTERNAL(
		"1", "5") "Content-Type: text/plain\n"
			  "Content-ID: <3c319c5b88dd306e8b7e6c4d28931e85@mail.example.org>\n\n"
			  "\n--=_out\nContent-Type: application/octet-stream\n"
			  "Content-Transfer-Encoding: base64\n\nabc\n--=_out--\n");
}

TEST(a_message_that_is_not_multipart)
{
	const char *file = fetch(4,
	    ASK ANSWER(IMAGE("7800"),
		"From a mailbox|From: a@example.org|Content-Type: image/jpeg|X-Lm-Lean: 77|"
		"Content-Transfer-Encoding: base64|Lines: 5|To: b@example.org||"));

	CHECK_INT(result, 0);
	CHECK_INT(left, 1);
	CHECK_STR(file,
	    "X-Lm-Lean: 1\nFrom: a@example.org\nTo: b@example.org\nMIME-Version: 1.0\n" EXTERNAL(
		"1",
		"5700") "Content-Type: image/jpeg\n"
			"Content-ID: <3c319c5b88dd306e8b7e6c4d28931e85@mail.example.org>\nContent-Transfer-Encoding: base64\n\n");
}

/* Nothing is over the limit: not an octet is different. */
TEST(a_message_that_is_whole)
{
	const char *file = fetch(5000,
	    ASK ANSWER_OF("14000", MULTI("=_out", PLAIN("5") PLAIN("5000")), HEADER_MIXED)
		WANT("2", "") GIVE("2", "", "From: x|X-Lm-Lean: 3||preamble||--=_out||epilogue"));

	CHECK_INT(result, 0);
	CHECK_INT(left, 0);
	CHECK_STR(file, "From: x\nX-Lm-Lean: 3\n\npreamble\n\n--=_out\n\nepilogue");
}

/* What the structure does not tell of would come unasked: a text without its boundaries, or in front of them. */
TEST(more_than_the_structure_tells)
{
	const char *file = fetch(
	    5000, ASK ANSWER_OF("20000", MULTI("=_out", PLAIN("5") PLAIN("5000")), HEADER_MIXED));

	CHECK_INT(result, 0);
	CHECK_INT(left, 1);
	CHECK(strstr(file, EXTERNAL("TEXT", "19873")) != NULL);
}

#define ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
#define MESSAGE(octets, body) \
	"(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" " octets " " ENVELOPE " " body " 9)"

/* A small multipart comes in one piece; a message with a big part is opened, whichever body it has. */
TEST(parts_in_parts)
{
	const char *file = fetch(100,
	    ASK ANSWER(MULTI("=_out",
			   MULTI("=_in", PLAIN("5") PLAIN("6"))
			       MESSAGE("900", MULTI("=_two", PLAIN("7") IMAGE("780")))
				   MESSAGE("900", IMAGE("780")) MESSAGE("99", PLAIN("80"))),
		HEADER_MIXED) WANT("2", "1.MIME") WANT("3", "1") WANT("4", "2.MIME")
		WANT("5", "2.HEADER") WANT("6", "2.1.MIME") WANT("7", "2.1") WANT("8", "2.2.MIME")
		    WANT("9", "3.MIME") WANT("10", "3.HEADER") WANT("11", "4.MIME") WANT("12", "4")
			GIVE("2", "1.MIME", "Content-Type: multipart/mixed; boundary==_in||") GIVE(
			    "3", "1", "--=_in||hello|--=_in||thanks|--=_in--|") GIVE("4", "2.MIME",
			    "Content-Type: message/rfc822||") GIVE("5", "2.HEADER",
			    "Subject: inner|MIME-Version: 1.0|Content-Type: "
			    "multipart/mixed; boundary=\"=_two\"||") GIVE("6", "2.1.MIME", "|")
			    GIVE("7", "2.1", "goodbye") GIVE("8", "2.2.MIME", "Content-ID: <x>||")
				GIVE("9", "3.MIME", "Content-Type: message/rfc822||")
				    GIVE("10", "3.HEADER",
					"Subject: single|Content-Type: image/png|"
					"Content-ID: <y>||")
					GIVE("11", "4.MIME", "Content-Type: message/rfc822||")
					    GIVE("12", "4", "Subject: whole||text"));

	CHECK_INT(result, 0);
	CHECK_INT(left, 2);
	CHECK_STR(file,
	    "X-Lm-Lean: 2\nFrom: a@example.org\nSubject: x\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed;\n boundary=\"=_out\"\n\n"
	    "--=_out\nContent-Type: multipart/mixed; boundary==_in\n\n"
	    "--=_in\n\nhello\n--=_in\n\nthanks\n--=_in--\n\n"
	    "--=_out\nContent-Type: message/rfc822\n\n"
	    "Subject: inner\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=\"=_two\"\n\n"
	    "--=_two\n\ngoodbye\n--=_two\n" EXTERNAL("2.2",
		"570") "Content-Type: image/jpeg; name=a.jpg\nContent-ID: <x>\n"
		       "Content-Transfer-Encoding: base64\n\n\n--=_two--\n\n"
		       "--=_out\nContent-Type: message/rfc822\n\n"
		       "Subject: single\nMIME-Version: 1.0\n" EXTERNAL("3.1",
			   "570") "Content-Type: image/png\nContent-ID: <y>\nContent-Transfer-Encoding: base64\n\n\n"
				  "--=_out\nContent-Type: message/rfc822\n\nSubject: whole\n\ntext\n--=_out--\n");
}

/* ---- what cannot be taken apart */

/* One multipart in another, with this boundary: it is left as a whole, whatever is in it. */
static void inner_is_left(const char *boundary)
{
	static char dialogue[4096];
	const char *file;

	snprintf(dialogue, sizeof(dialogue),
	    ASK ANSWER(MULTI("=_out", "(" PLAIN("5") IMAGE("7800") " \"MIXED\" (%s))" PLAIN("2")),
		HEADER_MIXED) WANT("2", "1.MIME") WANT("3", "2.MIME") WANT("4", "2")
		GIVE("2", "1.MIME", "Content-Type: multipart/mixed; x=y|Content-ID: <i>||")
		    GIVE("3", "2.MIME", "|") GIVE("4", "2", "ok"),
	    boundary);
	file = fetch(1000, dialogue);
	CHECK_INT(result, 0);
	CHECK_INT(left, 1);
	CHECK_STR(file,
	    HEAD_OUT "--=_out\n" EXTERNAL(
		"1", "7805") "Content-Type: multipart/mixed; x=y\nContent-ID: <i>\n\n"
			     "\n--=_out\n\nok\n--=_out--\n");
}

TEST(boundaries_that_are_none)
{
	char longest[300];

	inner_is_left("\"X\" \"Y\"");
	inner_is_left("\"BOUNDARY\" \"\"");
	inner_is_left("\"BOUNDARY\" \"=_out\"");
	inner_is_left("\"BOUNDARY\" \"b\303\244d\"");
	snprintf(longest, sizeof(longest), "\"BOUNDARY\" \"%0*d\"", LEAN_BOUNDARY_MAX + 1, 1);
	inner_is_left(longest);
}

/* What the header says is what readers go by: it is put right where it is another boundary. */
TEST(a_boundary_that_the_header_does_not_have)
{
	const char *file = fetch(1000,
	    ASK ANSWER(MULTI("=_out", PLAIN("5") IMAGE("7800")),
		"Content-Type: multipart/mixed; boundary=other|"
		"Content-Transfer-Encoding: base64|Content-Type: text/plain||") WANT("2", "1.MIME")
		WANT("3", "1") WANT("4", "2.MIME") GIVE("2", "1.MIME", "|") GIVE("3", "1", "hello")
		    GIVE("4", "2.MIME", "Content-ID: <x>||"));

	CHECK_INT(result, 0);
	CHECK(strncmp(file,
		  "X-Lm-Lean: 1\nContent-Type: multipart/mixed; boundary=\"=_out\"\n\n"
		  "--=_out\n\nhello\n",
		  70) == 0);
}

TEST(an_encoded_message_is_left)
{
	const char *file = fetch(100,
	    ASK ANSWER(MULTI("=_out",
			   "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"BASE64\" 900 " ENVELOPE
			   " " IMAGE("780") " 9)"),
		HEADER_MIXED) WANT("2", "1.MIME")
		GIVE("2", "1.MIME", "Content-Type: message/rfc822|Content-ID: <e>||"));

	CHECK_INT(result, 0);
	CHECK_STR(file,
	    HEAD_OUT "--=_out\n" EXTERNAL("1", "657") "Content-Type: message/rfc822\n"
						      "Content-ID: <e>\nContent-Transfer-Encoding: "
						      "base64\n\n\n--=_out--\n");
}

/* ---- structures beyond all limits */

static void nest(char *out, size_t n, unsigned depth)
{
	size_t len = 0;

	for (unsigned i = 0; i < depth && len < n; i++)
		out[len++] = '(';
	len += (size_t)snprintf(out + len, n - len, PLAIN("5000"));
	for (unsigned i = 0; i < depth && len < n; i++)
		len += (size_t)snprintf(out + len, n - len, " \"MIXED\")");
}

static const char *fetch_structure(const char *structure, const char *rest)
{
	static char dialogue[SCRIPT_MAX / 2];

	/* in two pieces: the server says at most 8,192 octets at once */
	snprintf(dialogue, sizeof(dialogue),
	    ASK "- * 1 FETCH (UID 7 RFC822.SIZE 100000 BODYSTRUCTURE \n- %s\n- %s\n"
		"-  BODY[HEADER] <<" HEADER_MIXED ">>)|a1 OK|\n",
	    structure, rest);
	return fetch(1000, dialogue);
}

TEST(nested_too_deep)
{
	static char structure[8000];

	nest(structure, sizeof(structure), 300);
	check_opaque(fetch_structure(structure, ""));
	check_opaque(fetch_structure("NIL", ""));
	check_opaque(fetch_structure("()", ""));
	nest(structure, sizeof(structure), 101);
	check_opaque(fetch_structure(structure, ""));
}

/* Beyond what the parser of responses takes the line is lost, with a fault that says so. */
TEST(nested_a_thousand_deep)
{
	struct url u = url_of("INBOX");
	char dialogue[16000] = ASK "- * 1 FETCH (UID 7 RFC822.SIZE 100000 BODYSTRUCTURE ";
	size_t n = strlen(dialogue);

	nest(dialogue + n, sizeof(dialogue) - n - 200, 1000);
	dialogue[7000] = '\0';
	snprintf(dialogue + strlen(dialogue), 100, "\n!");
	open_line(dialogue);
	result = lean_fetch(&line, &u, 1000, &d, &left, &fault);
	CHECK_INT(result, -1);
	CHECK_INT(fault.cls, FAULT_PROTOCOL);
	finish(false);
}

TEST(a_stub)
{
	struct url u = url_of("INBOX");

	open_line(
	    "< a1 UID FETCH 7 (UID RFC822.SIZE BODY.PEEK[HEADER])\n"
	    "- * 1 FETCH (UID 7 RFC822.SIZE 100000 BODY[HEADER] <<" HEADER_MIXED ">>)|a1 OK|\n");
	result = lean_stub(&line, &u, &d, &left, &fault);
	check_opaque(finish(true));
	open_line("< a1 UID FETCH 7 (UID RFC822.SIZE BODY.PEEK[HEADER])\n> a1 OK\n");
	result = lean_stub(&line, &u, &d, &left, &fault);
	CHECK_INT(result, 1);
	finish(true);
}

/* Many parts: more than go out at once, all of them in order. */
TEST(many_parts)
{
	enum { PARTS = 700 };
	static char dialogue[SCRIPT_MAX];
	size_t n = 0, size = sizeof(dialogue);
	const char *p;
	int seen = 0;

#define SAY(...) n += (size_t)snprintf(dialogue + n, size - n, __VA_ARGS__)
	SAY(ASK "- * 1 FETCH (UID 7 RFC822.SIZE 100000 BODYSTRUCTURE (\n");
	for (int i = 0; i < PARTS; i++)
		SAY("- %s\n", i % 2 == 0 ? PLAIN("5") : PLAIN("5000"));
	SAY("-  \"MIXED\" (\"BOUNDARY\" \"=_out\")) BODY[HEADER] <<" HEADER_MIXED ">>)|a1 OK|\n");
	for (int i = 1, tag = 2; i <= PARTS; i++) {
		SAY("< a%d UID FETCH 7 (BODY.PEEK[%d.MIME])\n", tag, i);
		SAY("- * 1 FETCH (UID 7 BODY[%d.MIME] <<|>>)|a%d OK|\n", i, tag++);
		if (i % 2 == 0)
			continue;
		SAY("< a%d UID FETCH 7 (BODY.PEEK[%d])\n", tag, i);
		SAY("- * 1 FETCH (UID 7 BODY[%d] <<p%04d>>)|a%d OK|\n", i, i, tag++);
	}
#undef SAY
	const char *file = fetch(1000, dialogue);
	CHECK_INT(result, 0);
	CHECK_INT(left, PARTS / 2);
	for (p = strstr(file, "\np0"); p != NULL; p = strstr(p + 1, "\np0"))
		CHECK_INT(strtol(p + 2, NULL, 10), 1 + 2 * seen++);
	CHECK(seen > 100); /* as many as the buffer of this test holds */
}

/* ---- URLs */

/* A name of the greatest length in words of 40; a reader takes the blanks out. */
TEST(a_long_url)
{
	char name[1001], url[4000], *to = url;
	const char *file, *p, *end;
	size_t column = 0, longest = 0;

	memset(name, '\xc3', sizeof(name) - 1);
	for (size_t i = 1; i < sizeof(name) - 1; i += 2)
		name[i] = '\xa4';
	name[sizeof(name) - 1] = '\0';
	file = fetch_in(name, 4, ASK ANSWER(PLAIN("500"), "Subject: x||"));
	CHECK_INT(result, 0);
	p = strstr(file, "URL=\"");
	end = p != NULL ? strchr(p + 5, '"') : NULL;
	REQUIRE(end != NULL);
	for (p += 5; p < end; p++) {
		column = *p == '\n' || *p == ' ' ? 0 : column + 1;
		longest = column > longest ? column : longest;
		if (*p > ' ')
			*to++ = *p;
	}
	*to = '\0';
	CHECK_INT(longest, 40);
	struct url u, asked = url_of(name);
	CHECK_INT(url_parse(&u, url, strlen(url), &fault), 0);
	CHECK_STR(u.mailbox, asked.mailbox);
	CHECK_STR(u.section, "1");
	CHECK(u.uid == 7 && u.uidvalidity == 5);
	url_free(&u);
}

/* ---- files */

static int is_lean(const char *file)
{
	int fd, r;

	dir_write("mail", file);
	fd = openat(dir_fd, "mail", O_RDONLY | O_CLOEXEC);
	r = lean_is(fd, &fault);
	CHECK_INT(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
	return r;
}

TEST(files)
{
	static char many[20000];

	CHECK_INT(is_lean("X-Lm-Lean: 1\n\n"), 1);
	CHECK_INT(is_lean("Received: x\n y\nx-lm-lean: 12\n\nText"), 1);
	CHECK_INT(is_lean("X-Lm-Lean: 1"), 1);
	CHECK_INT(is_lean(""), 0);
	CHECK_INT(is_lean("Subject: x\n\nX-Lm-Lean: 1\n"), 0);
	CHECK_INT(is_lean("X-Lm-Lean: 0\n\n"), 0);
	CHECK_INT(is_lean("X-Lm-Lean: many\n\n"), 0);
	CHECK_INT(is_lean("X-Lm-Leaner: 1\n\n"), 0);
	/* beyond the first piece that is read */
	memset(many, 'x', sizeof(many));
	many[0] = 'x';
	many[1] = ':';
	snprintf(many + 10000, 100, "\nX-Lm-Lean: 1\n\ntext");
	CHECK_INT(is_lean(many), 1);
	CHECK_INT(lean_is(-1, &fault), -1);
	CHECK_INT(fault.cls, FAULT_IO);
}

TEST(end)
{
	maildir_close(&folder);
	dir_clean();
}

UNIT_MAIN
