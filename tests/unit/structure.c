#include "imap/structure.h"

#include <stdlib.h>

#include "unit.h"

/* Parses the BODYSTRUCTURE `text` through the response parser, as a session would. */
static int parse(struct structure *s, const char *text, struct fault *f)
{
	struct response_parser *r = response_new(f);
	struct buf b;
	struct event ev;
	size_t used = 0, at = 0;
	int result = -1;

	buf_init(&b, RESPONSE_MAX);
	buf_printf(&b, "* 1 FETCH (BODYSTRUCTURE %s)\r\n", text);
	while (at < b.len && response_feed(r, b.data + at, b.len - at, &used, &ev, f) == 0) {
		at += used;
		if (ev.kind == EV_FETCH && (ev.fetch.has & FETCH_BODYSTRUCTURE) != 0) {
			result = structure_parse(s, ev.fetch.bodystructure, f);
			break;
		}
	}
	response_free(r);
	buf_free(&b);
	return result;
}

static void show_field(struct buf *b, const char *name, const char *value)
{
	if (value != NULL)
		buf_printf(b, " %s=%s", name, value);
}

static void show_part(struct buf *b, const struct part *p)
{
	buf_printf(b, "%u %s %s/%s", p->depth, p->section, p->type, p->subtype);
	show_field(b, "charset", p->charset);
	show_field(b, "name", p->name);
	show_field(b, "id", p->id);
	show_field(b, "description", p->description);
	show_field(b, "encoding", p->encoding);
	show_field(b, "disposition", p->disposition);
	show_field(b, "boundary", p->boundary);
	buf_printf(b, " %" PRIu64 " %" PRIu64 "%s%s\n", p->octets, p->lines,
	    p->multipart ? " multipart" : "", p->message ? " message" : "");
}

static void shows(const char *text, const char *want)
{
	struct structure s;
	struct fault f = {0};
	struct buf b;

	buf_init(&b, 1 << 20);
	if (parse(&s, text, &f) == -1) {
		CHECK_STR(f.msg, "no fault");
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		show_part(&b, &s.part[i]);
	CHECK_STR(buf_str(&b), want);
	structure_free(&s);
	buf_free(&b);
}

TEST(structure_parses_a_single_part)
{
	shows("(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 2279 48)",
	    "0 1 text/plain charset=US-ASCII encoding=7bit 2279 48\n");
	shows("(\"IMAGE\" \"JPEG\" (\"NAME\" \"a.jpg\") \"<id@x>\" \"=?utf-8?Q?caf=C3=A9?=\" "
	      "\"BASE64\" 1000 NIL (\"ATTACHMENT\" (\"FILENAME\" \"b.jpg\")) NIL NIL)",
	    "0 1 image/jpeg name=b.jpg id=<id@x> description=caf\xc3\xa9 encoding=base64 "
	    "disposition=attachment 1000 0\n");
}

static const char mixed[] =
    "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23)"
    "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\")"
    " \"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"BASE64\" 4554 73)"
    " \"MIXED\" (\"BOUNDARY\" \"xyz\") NIL (\"en\") NIL)";

TEST(structure_parses_a_multipart)
{
	shows(mixed,
	    "0  multipart/mixed boundary=xyz 0 0 multipart\n"
	    "1 1 text/plain charset=US-ASCII encoding=7bit 1152 23\n"
	    "1 2 text/plain charset=US-ASCII name=cc.diff id=<960723163407.20117h@cac.washington.edu>"
	    " description=Compiler diff encoding=base64 4554 73\n");
}

#define TEXT_PART "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 1)"
#define ENVELOPE  "(NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"

/* The example of RFC 3501 section 6.4.5. */
static const char nested[] =
    "(" TEXT_PART "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 2)"
    "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 300 " ENVELOPE "(" TEXT_PART
    "(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 2) \"mixed\") 30)"
    "((\"image\" \"gif\" NIL NIL NIL \"base64\" 3)"
    "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 400 " ENVELOPE "(" TEXT_PART
    "(" TEXT_PART TEXT_PART "\"alternative\") \"mixed\") 40) \"mixed\") \"mixed\")";

TEST(structure_numbers_parts_as_rfc_3501_does)
{
	shows(nested,
	    "0  multipart/mixed 0 0 multipart\n"
	    "1 1 text/plain encoding=7bit 1 1\n"
	    "1 2 application/octet-stream encoding=base64 2 0\n"
	    "1 3 message/rfc822 encoding=7bit 300 30 message\n"
	    "2 3.TEXT multipart/mixed 0 0 multipart\n"
	    "3 3.1 text/plain encoding=7bit 1 1\n"
	    "3 3.2 application/octet-stream encoding=base64 2 0\n"
	    "1 4 multipart/mixed 0 0 multipart\n"
	    "2 4.1 image/gif encoding=base64 3 0\n"
	    "2 4.2 message/rfc822 encoding=7bit 400 40 message\n"
	    "3 4.2.TEXT multipart/mixed 0 0 multipart\n"
	    "4 4.2.1 text/plain encoding=7bit 1 1\n"
	    "4 4.2.2 multipart/alternative 0 0 multipart\n"
	    "5 4.2.2.1 text/plain encoding=7bit 1 1\n"
	    "5 4.2.2.2 text/plain encoding=7bit 1 1\n");
}

TEST(structure_numbers_a_message_without_multipart)
{
	shows("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 300 " ENVELOPE TEXT_PART " 30)",
	    "0 1 message/rfc822 encoding=7bit 300 30 message\n"
	    "1 1.1 text/plain encoding=7bit 1 1\n");
	shows("((\"message\" \"global\" NIL NIL NIL \"8bit\" 300 " ENVELOPE
	      "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 300 " ENVELOPE TEXT_PART
	      " 30) 30) \"digest\")",
	    "0  multipart/digest 0 0 multipart\n"
	    "1 1 message/global encoding=8bit 300 30 message\n"
	    "2 1.1 message/rfc822 encoding=7bit 300 30 message\n"
	    "3 1.1.1 text/plain encoding=7bit 1 1\n");
}

TEST(structure_decodes_file_names)
{
	shows("(\"a\" \"b\" (\"name*\" \"utf-8''caf%C3%A9\") NIL NIL \"7bit\" 1)",
	    "0 1 a/b name=caf\xc3\xa9 encoding=7bit 1 0\n");
	shows("(\"a\" \"b\" (\"name\" \"=?utf-8?Q?caf=C3=A9?=\") NIL NIL \"7bit\" 1)",
	    "0 1 a/b name=caf\xc3\xa9 encoding=7bit 1 0\n");
	shows("(\"a\" \"b\" NIL NIL NIL \"7bit\" 1 NIL (\"attachment\" (\"filename*1\" \"b\\\"c\" "
	      "\"filename*0*\" \"iso-8859-1'en'%E9\")))",
	    "0 1 a/b name=\xc3\xa9"
	    "b\"c encoding=7bit disposition=attachment 1 0\n");
	shows("(\"a\" \"b\" (\"name\" \"x; name2=y\" \"bad name\" \"z\") NIL NIL \"7bit\" 1)",
	    "0 1 a/b name=x; name2=y encoding=7bit 1 0\n");
}

TEST(structure_takes_missing_fields)
{
	shows("(\"text\")", "0 1 text/plain 0 0\n");
	shows("(\"image\" \"gif\")", "0 1 image/gif 0 0\n");
	shows("(NIL NIL NIL NIL NIL NIL NIL)", "0 1 application/octet-stream 0 0\n");
	shows("(\"text\" \"html\" (\"charset\") NIL NIL NIL NIL)", "0 1 text/html 0 0\n");
	shows("(" TEXT_PART ")",
	    "0  multipart/mixed 0 0 multipart\n1 1 text/plain encoding=7bit 1 1\n");
	shows("(" TEXT_PART " NIL NIL NIL)",
	    "0  multipart/mixed 0 0 multipart\n1 1 text/plain encoding=7bit 1 1\n");
	shows("(NIL " TEXT_PART " \"mixed\")",
	    "0  multipart/mixed 0 0 multipart\n1 1 application/octet-stream 0 0\n"
	    "1 2 text/plain encoding=7bit 1 1\n");
	shows("(()" TEXT_PART " \"mixed\")",
	    "0  multipart/mixed 0 0 multipart\n1 1 application/octet-stream 0 0\n"
	    "1 2 text/plain encoding=7bit 1 1\n");
}

TEST(structure_takes_what_servers_send)
{
	/* No number, or "-1", for a size. */
	shows("(\"text\" \"plain\" NIL NIL NIL \"7bit\" NIL NIL NIL (\"inline\" NIL))",
	    "0 1 text/plain encoding=7bit disposition=inline 0 0\n");
	shows(
	    "(\"text\" \"plain\" NIL NIL NIL \"7bit\" -1 5 NIL (\"inline\" (\"filename\" \"a\")))",
	    "0 1 text/plain name=a encoding=7bit disposition=inline 0 5\n");
	/* A text without lines, a disposition without MD5 before it, one without a list. */
	shows("(\"text\" \"plain\" NIL NIL NIL \"7bit\" 7 \"md5\" (\"inline\" NIL))",
	    "0 1 text/plain encoding=7bit disposition=inline 7 0\n");
	shows("(\"image\" \"gif\" NIL NIL NIL \"7bit\" 7 (\"inline\" NIL))",
	    "0 1 image/gif encoding=7bit disposition=inline 7 0\n");
	shows("(\"image\" \"gif\" NIL NIL NIL \"7bit\" 7 NIL \"inline\")",
	    "0 1 image/gif encoding=7bit disposition=inline 7 0\n");
	/* Messages that the server could not parse. */
	shows("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 7 NIL NIL 3)",
	    "0 1 message/rfc822 encoding=7bit 7 3 message\n");
	shows("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 7 NIL (\"attachment\" NIL) NIL NIL)",
	    "0 1 message/rfc822 encoding=7bit disposition=attachment 7 0\n");
	shows("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 7)",
	    "0 1 message/rfc822 encoding=7bit 7 0\n");
	shows("(\"message\" \"delivery-status\" NIL NIL NIL \"7bit\" 7)",
	    "0 1 message/delivery-status encoding=7bit 7 0\n");
	/* Body extensions of the future. */
	shows("(\"a\" \"b\" NIL NIL NIL \"7bit\" 1 NIL NIL NIL NIL (1 (2 3)) \"x\")",
	    "0 1 a/b encoding=7bit 1 0\n");
}

static void refuses(const struct node *list, const char *message)
{
	struct structure s = {0};
	struct fault f = {0};

	CHECK_INT(structure_parse(&s, list, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	CHECK_STR(f.msg, message);
	CHECK_INT(s.n, 0);
}

TEST(structure_refuses_what_is_none)
{
	struct node empty = {.kind = NODE_LIST, .s = ""}, nil = {.kind = NODE_NIL, .s = ""},
		    atom = {.kind = NODE_ATOM, .s = "x", .len = 1};

	refuses(NULL, "a BODYSTRUCTURE that is none");
	refuses(&empty, "a BODYSTRUCTURE that is none");
	refuses(&nil, "a BODYSTRUCTURE that is none");
	refuses(&atom, "a BODYSTRUCTURE that is none");
}

TEST(structure_has_a_limit_of_depth)
{
	struct node text = {.kind = NODE_STRING, .s = "text", .len = 4};
	struct node list[STRUCTURE_DEPTH_MAX + 2];

	for (size_t i = 0; i < STRUCTURE_DEPTH_MAX + 2; i++)
		list[i] = (struct node){
		    .kind = NODE_LIST, .s = "", .child = i == 0 ? &text : &list[i - 1], .count = 1};
	refuses(&list[STRUCTURE_DEPTH_MAX + 1], "a message nested over 100 levels deep");
	struct structure s;
	struct fault f = {0};
	REQUIRE(structure_parse(&s, &list[STRUCTURE_DEPTH_MAX], &f) == 0);
	CHECK_INT(s.n, STRUCTURE_DEPTH_MAX + 1);
	CHECK_INT(strlen(s.part[STRUCTURE_DEPTH_MAX].section), 2 * STRUCTURE_DEPTH_MAX - 1);
	structure_free(&s);
}

TEST(structure_has_a_limit_of_parts)
{
	struct node *part = calloc(STRUCTURE_PARTS_MAX, sizeof(*part));
	struct node root = {
	    .kind = NODE_LIST, .s = "", .child = part, .count = STRUCTURE_PARTS_MAX};
	struct node text = {.kind = NODE_STRING, .s = "text", .len = 4};

	REQUIRE(part != NULL);
	for (size_t i = 0; i < STRUCTURE_PARTS_MAX; i++)
		part[i] = (struct node){.kind = NODE_LIST,
		    .s = "",
		    .child = &text,
		    .count = 1,
		    .next = i + 1 < STRUCTURE_PARTS_MAX ? &part[i + 1] : NULL};
	refuses(&root, "a message of more than 10000 parts");
	part[STRUCTURE_PARTS_MAX - 2].next = NULL;
	struct structure s;
	struct fault f = {0};
	REQUIRE(structure_parse(&s, &root, &f) == 0);
	CHECK_INT(s.n, STRUCTURE_PARTS_MAX);
	CHECK_STR(s.part[STRUCTURE_PARTS_MAX - 1].section, "9999");
	structure_free(&s);
	free(part);
}

static void finds(const struct structure *s, const char *section, const char *want, bool want_whole)
{
	bool whole = !want_whole;
	const struct part *p = structure_find(s, section, &whole);

	CHECK_STR(p == NULL ? NULL : p->section, want);
	CHECK_INT(whole, want_whole);
}

TEST(structure_find_knows_which_sections_there_are)
{
	struct structure s;
	struct fault f = {0};

	REQUIRE(parse(&s, nested, &f) == 0);
	finds(&s, "", "", true);
	finds(&s, "HEADER", "", true);
	finds(&s, "text", "", true);
	finds(&s, "HEADER.FIELDS (SUBJECT)", "", true);
	finds(&s, "HEADER.FIELDS.NOT (SUBJECT)", "", true);
	finds(&s, "1", "1", false);
	finds(&s, "1.MIME", "1", false);
	finds(&s, "4.2.2.1", "4.2.2.1", false);
	finds(&s, "4", "4", false);
	finds(&s, "3.HEADER", "3", false);
	finds(&s, "3.text", "3", false);
	finds(&s, "3.mime", "3", false);
	finds(&s, "3.HEADER.FIELDS (A B)", "3", false);
	finds(&s, "4.2.TEXT", "4.2", false);
	finds(&s, "3.2", "3.2", false);

	static const char *const none[] = {"MIME", "0", "5", "3.3", "1.1", "1.HEADER", "1.TEXT",
	    "4.TEXT", "4.HEADER", "1.", ".1", ".", "1..MIME", "1MIME", "01", "1.BINARY",
	    "3.TEXT.MIME", "3.TEXT.1", "3.HEADER.", "HEADER.FIELDSX", "X", "1.MIME.1", "3.MIMEX",
	    " 1", "1 "};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		finds(&s, none[i], NULL, false);
	structure_free(&s);
}

TEST(structure_find_knows_the_only_part)
{
	struct structure s;
	struct fault f = {0};

	REQUIRE(parse(&s, TEXT_PART, &f) == 0);
	finds(&s, "", "1", true);
	finds(&s, "TEXT", "1", true);
	finds(&s, "1", "1", false);
	finds(&s, "1.MIME", "1", false);
	finds(&s, "1.TEXT", NULL, false);
	finds(&s, "1.1", NULL, false);
	structure_free(&s);
}

UNIT_MAIN
