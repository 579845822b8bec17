/* The list of mailboxes against a scripted server: each rung, each order, odd and hostile names. */
#include <stdarg.h>

#include "imap_peer.h"

#include "app/mailboxes.h"
#include "base/buf.h"

enum {
	COUNTS = STATUS_MESSAGES | STATUS_UNSEEN | STATUS_UIDNEXT | STATUS_UIDVALIDITY |
	    STATUS_HIGHESTMODSEQ | STATUS_SIZE,
};

#define FULL "LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE STATUS=SIZE METADATA LIST-METADATA"

static void show_number(struct buf *b, const struct mailbox_entry *e, unsigned bit, uint64_t n)
{
	if ((e->has & bit) != 0)
		buf_printf(b, " %" PRIu64, n);
	else
		buf_puts(b, " -");
}

/* One line of text for an entry: name, delimiter, attributes, numbers, values, what is wrong. */
static void show(struct buf *b, const struct mailbox_entry *e, size_t nentry)
{
	buf_printf(b, "%s %c (", e->name, e->delimiter != '\0' ? e->delimiter : '-');
	mailboxes_attributes(b, e->attributes);
	buf_putc(b, ')');
	if (e->has != 0) {
		show_number(b, e, STATUS_MESSAGES, e->messages);
		show_number(b, e, STATUS_UNSEEN, e->unseen);
		show_number(b, e, STATUS_UIDNEXT, e->uidnext);
		show_number(b, e, STATUS_UIDVALIDITY, e->uidvalidity);
		show_number(b, e, STATUS_HIGHESTMODSEQ, e->highestmodseq);
		show_number(b, e, STATUS_SIZE, e->size);
	}
	for (size_t i = 0; i < nentry; i++)
		buf_printf(b, " %s", e->meta[i].s != NULL ? e->meta[i].s : "-");
	if (e->bad != 0)
		buf_printf(b, " bad=%u", e->bad);
	if (e->refusal != NULL)
		buf_printf(b, " refused: %s", e->refusal);
	buf_putc(b, '\n');
}

/* What the query gives against the script, as lines; the fault at its end. */
static void lists(const char *script, const struct mailboxes_query *q, const char *expected)
{
	struct talk t = {0};
	const struct mailbox_entry *e;
	struct mailboxes *m;
	struct buf b;
	int r;

	buf_init(&b, 65536);
	REQUIRE(talk_open(&t, script));
	m = mailboxes_send(t.s, q, &t.f);
	if (m == NULL)
		buf_printf(&b, "fault %d %s\n", t.f.cls, t.f.msg);
	while (m != NULL && (r = mailboxes_next(m, &e, &t.f)) != 0) {
		if (r == 1)
			show(&b, e, q->nentry);
		else
			buf_printf(&b, "fault %d %s\n", t.f.cls, t.f.msg);
		if (r == -1)
			break;
	}
	mailboxes_free(m);
	talk_close(&t);
	CHECK_STR(buf_str(&b), expected);
	buf_free(&b);
}

#define BOX(...)              \
	(const char *const[]) \
	{                     \
		__VA_ARGS__   \
	}

TEST(everything_in_one_command)
{
	struct mailboxes_query q = {
	    .status = COUNTS, .subscribed = true, .entry = BOX("/private/comment"), .nentry = 1};

	lists(
	    PEER_IN(
		FULL) "< a1 LIST \"\" \"*\" RETURN (CHILDREN SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UNSEEN "
		      "UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE) METADATA (/private/comment))\n"
		      "> * LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX\n"
		      "> * STATUS INBOX (MESSAGES 3 UNSEEN 1 UIDNEXT 4 UIDVALIDITY 7 HIGHESTMODSEQ 9 SIZE 300)\n"
		      "> * METADATA INBOX (/private/comment \"mine\")\n"
		      "> * LIST (\\HasNoChildren \\SENT \\Odd) \"/\" \"Entw&APw-rfe\"\n"
		      "> * METADATA \"Entw&APw-rfe\" (/private/comment NIL)\n"
		      "> * STATUS \"Entw&APw-rfe\" (UIDVALIDITY 8 MESSAGES 0 SIZE 0)\n"
		      "> a1 OK done\n",
	    &q,
	    "INBOX / (\\HasNoChildren \\Subscribed) 3 1 4 7 9 300 mine\n"
	    "Entw\xc3\xbcrfe / (\\HasNoChildren \\Sent) 0 - - 8 - 0 -\n");
}

TEST(only_what_the_server_knows_is_asked_for)
{
	struct mailboxes_query q = {
	    .status = COUNTS, .entry = BOX("/private/comment"), .nentry = 1};

	lists(
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS") "< a1 LIST \"\" \"*\" RETURN (CHILDREN STATUS (MESSAGES UNSEEN UIDNEXT UIDVALIDITY))\n"
					     "> * LIST () NIL INBOX\n"
					     "> * STATUS INBOX (MESSAGES 3 UNSEEN 1 UIDNEXT 4 UIDVALIDITY 7 HIGHESTMODSEQ 9)\n"
					     "> a1 OK done\n",
	    &q, "INBOX - () 3 1 4 7 - - -\n");
}

TEST(status_in_any_order)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};

	lists(
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS") "< a1 LIST...\n"
					     "> * LIST () \".\" a\n> * LIST () \".\" b\n> * LIST () \".\" c\n> * LIST (\\NoSelect) \".\" d\n"
					     "> * STATUS b (UIDVALIDITY 2)\n"
					     "> * STATUS x (UIDVALIDITY 9)\n"
					     "> * LIST () \".\" e\n"
					     "> * STATUS {1}\n> a (UIDVALIDITY 1)\n"
					     "> * STATUS a (UIDVALIDITY 11)\n"
					     "> * STATUS \"e\" (UIDVALIDITY 5)\n"
					     "> a1 OK done\n",
	    &q,
	    "d . (\\Noselect)\n"
	    "b . () - - - 2 - -\n"
	    "a . () - - - 1 - -\n"
	    "e . () - - - 5 - -\n"
	    "c . ()\n");
}

TEST(inbox_is_one_name)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};

	lists(
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS") "< a1 LIST...\n> * LIST () \"/\" Inbox\n> * STATUS inbox (UIDVALIDITY 1)\n> a1 OK done\n",
	    &q, "INBOX / () - - - 1 - -\n");
}

TEST(a_status_for_each)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY | STATUS_MESSAGES};

	lists(
	    PEER_IN(
		"LIST-EXTENDED") "< a1 LIST \"\" \"*\" RETURN (CHILDREN)\n"
				 "> * LIST () \"/\" \"a b\"\n> * LIST (\\Noselect) \"/\" n\n> * LIST () \"/\" c\n"
				 "> * LIST () \"/\" d\n"
				 "< a2 STATUS \"a b\" (MESSAGES UIDVALIDITY)\n"
				 "< a3 STATUS c (MESSAGES UIDVALIDITY)\n"
				 "< a4 STATUS d (MESSAGES UIDVALIDITY)\n"
				 "> a1 OK done\n"
				 "> * STATUS c (MESSAGES 3 UIDVALIDITY 3)\n> a3 OK\n"
				 "> a2 NO [NONEXISTENT] gone\n"
				 "> * STATUS d (MESSAGES 4 UIDVALIDITY 4)\n> a4 OK\n",
	    &q,
	    "n / (\\Noselect)\n"
	    "c / () 3 - - 3 - -\n"
	    "a b / () refused: STATUS: NO [NONEXISTENT] gone\n"
	    "d / () 4 - - 4 - -\n");
}

TEST(a_getmetadata_for_each)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY,
	    .entry = BOX("/private/comment", "/shared/comment"),
	    .nentry = 2};

	lists(
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS METADATA") "< a1 LIST \"\" \"*\" RETURN (CHILDREN STATUS (UIDVALIDITY))\n"
						      "> * LIST () \"/\" a\n> * STATUS a (UIDVALIDITY 1)\n> * LIST () \"/\" b\n> * STATUS b (UIDVALIDITY 2)\n"
						      "< a2 GETMETADATA a (/private/comment /shared/comment)\n"
						      "< a3 GETMETADATA b (/private/comment /shared/comment)\n"
						      "> a1 OK\n"
						      "> * METADATA a (/private/comment one)\n> * METADATA a (/SHARED/comment \"two 2\")\n"
						      "> * METADATA a /shared/comment\n> a2 OK\n"
						      "> a3 NO no\n",
	    &q,
	    "a / () - - - 1 - - one two 2\n"
	    "b / () - - - 2 - - - - refused: GETMETADATA: NO no\n");
}

TEST(nothing_but_list_and_lsub)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY, .subscribed = true};

	lists(
	    PEER_IN(
		"") "< a1 LSUB \"\" \"*\"\n< a2 LIST \"\" \"*\"\n"
		    "> * LSUB () \"/\" gone\n> * LSUB () \"/\" b\n> * LSUB (\\Noselect) \"/\" a\n> a1 OK\n"
		    "> * LIST () \"/\" a\n> * LIST () \"/\" b\n> a2 OK\n"
		    "< a3 STATUS a (UIDVALIDITY)\n< a4 STATUS b (UIDVALIDITY)\n"
		    "> * STATUS a (UIDVALIDITY 1)\n> a3 OK\n> * STATUS b (UIDVALIDITY 2)\n> a4 OK\n",
	    &q, "a / () - - - 1 - -\nb / (\\Subscribed) - - - 2 - -\n");
}

TEST(subscriptions_that_come_after_the_list)
{
	struct mailboxes_query q = {.only_subscribed = true};

	lists(PEER_IN("") "< a1 LSUB \"\" \"*\"\n< a2 LIST \"\" \"*\"\n"
			  "> * LIST () \"/\" a\n> * LIST () \"/\" b\n> a2 OK\n"
			  "> * LSUB () \"/\" gone\n> * LSUB () \"/\" b\n> a1 OK\n",
	    &q, "b / (\\Subscribed)\ngone / (\\NonExistent \\Noselect \\Subscribed)\n");
}

TEST(selected_at_the_server)
{
	struct mailboxes_query q = {.only_subscribed = true,
	    .only_special = true,
	    .pattern = BOX("a*", "Entw\xc3\xbcrfe", "inbox"),
	    .npattern = 3};

	lists(
	    PEER_IN(
		"LIST-EXTENDED SPECIAL-USE") "< a1 LIST (SUBSCRIBED SPECIAL-USE) \"\" (\"a*\" Entw&APw-rfe INBOX) RETURN (CHILDREN SUBSCRIBED "
					     "SPECIAL-USE)\n"
					     "> * LIST (\\Drafts) \"/\" a\n> * LIST () \"/\" b\n> a1 OK\n",
	    &q, "a / (\\Subscribed \\Drafts)\n");
}

TEST(several_patterns_for_a_plain_server)
{
	struct mailboxes_query q = {.pattern = BOX("a*", "*b"), .npattern = 2};

	lists(PEER_IN("") "< a1 LIST \"\" \"a*\"\n< a2 LIST \"\" \"*b\"\n"
			  "> * LIST () \"/\" a\n> * LIST () \"/\" ab\n> a1 OK\n"
			  "> * LIST () \"/\" ab\n> * LIST () \"/\" b\n> a2 OK\n",
	    &q, "a / ()\nab / ()\nb / ()\n");
}

TEST(status_with_the_list_and_nothing_else)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY,
	    .subscribed = true,
	    .pattern = BOX("a", "b"),
	    .npattern = 2};

	lists(
	    PEER_IN(
		"LIST-STATUS SPECIAL-USE") "< a1 LSUB \"\" a\n< a2 LSUB \"\" b\n"
					   "< a3 LIST \"\" a RETURN (STATUS (UIDVALIDITY))\n"
					   "< a4 LIST \"\" b RETURN (STATUS (UIDVALIDITY))\n"
					   "> * LSUB () \"/\" a\n> a1 OK\n> a2 OK\n"
					   "> * LIST () \"/\" a\n> * STATUS a (UIDVALIDITY 1)\n> a3 OK\n"
					   "> * LIST () \"/\" b\n> * STATUS b (UIDVALIDITY 2)\n> a4 OK\n",
	    &q, "a / (\\Subscribed) - - - 1 - -\nb / () - - - 2 - -\n");
}

TEST(a_server_of_imap4rev2)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY | STATUS_SIZE};

	lists(
	    "> * PREAUTH [CAPABILITY IMAP4rev2] hello\n"
	    "< a1 LIST \"\" \"*\" RETURN (CHILDREN SPECIAL-USE STATUS (UIDVALIDITY SIZE))\n"
	    "> * LIST (\\Sent) \"/\" a (\"OLDNAME\" (\"b\"))\n> * STATUS a (UIDVALIDITY 1 SIZE 9)\n> a1 OK\n",
	    &q, "a / (\\Sent) - - - 1 - 9\n");
}

TEST(an_extended_list_that_is_bad_after_all)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY, .subscribed = true};

	lists(
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS") "< a1 LIST \"\" \"*\" RETURN (CHILDREN SUBSCRIBED STATUS (UIDVALIDITY))\n"
					     "> a1 BAD what?\n"
					     "< a2 LSUB \"\" \"*\"\n< a3 LIST \"\" \"*\"\n"
					     "> a2 OK\n> * LIST () \"/\" a\n> a3 OK\n< a4 STATUS a (UIDVALIDITY)\n"
					     "> * STATUS a (UIDVALIDITY 5)\n> a4 OK\n",
	    &q, "a / () - - - 5 - -\n");
}

TEST(a_list_that_is_refused)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};

	lists(
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS") "< a1 LIST...\n> * LIST () \"/\" a\n> * STATUS a (UIDVALIDITY 5)\n> a1 NO [SERVERBUG] oops\n",
	    &q, "a / () - - - 5 - -\nfault 75 LIST: NO [SERVERBUG] oops\n");
	lists(PEER_IN("") "< a1 LIST...\n> a1 BAD oops\n", &q, "fault 69 LIST: BAD oops\n");
	q.status = 0;
	lists(PEER_IN("") "< a1 LIST...\n> * LIST () \"/\" a\n!\n", &q,
	    "a / ()\nfault 75 the server closed the connection\n");
}

TEST(names_that_no_command_can_hold)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};
	char expected[400];

	snprintf(expected, sizeof(expected),
	    "AT&T / () - - - 1 - - bad=%d\n"
	    "a\\r\\n* b / () bad=%d\n"
	    " / () bad=%d\n"
	    "a/../b / () - - - 3 - - bad=%d\n"
	    "a\x1b[m / () - - - 4 - - bad=%d\n"
	    "..  / () - - - 5 - -\n"
	    "Entw\xc3\xbcrfe / () - - - 6 - - bad=%d\n"
	    "x\\377 / () - - - 7 - - bad=%d\n"
	    "/ / () - - - 8 - - bad=%d\n"
	    "a/b . () - - - 9 - - bad=%d\n",
	    NAME_ENCODING, NAME_ENCODING | NAME_LINE, NAME_EMPTY, NAME_LEVEL, NAME_CONTROL,
	    NAME_ENCODING, NAME_ENCODING, NAME_LEVEL, NAME_SLASH);
	lists(
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS") "< a1 LIST...\n"
					     "> * LIST () \"/\" AT&T\n> * STATUS AT&T (UIDVALIDITY 1)\n"
					     "> * LIST () \"/\" {6}\n> a\n> * b\n"
					     "> * LIST () \"/\" \"\"\n"
					     "> * LIST () \"/\" a/../b\n> * STATUS a/../b (UIDVALIDITY 3)\n"
					     "> * LIST () \"/\" \"a&ABs-[m\"\n> * STATUS \"a&ABs-[m\" (UIDVALIDITY 4)\n"
					     "> * LIST () \"/\" \".. \"\n> * STATUS \".. \" (UIDVALIDITY 5)\n"
					     "> * LIST () \"/\" \"Entw\xc3\xbcrfe\"\n> * STATUS \"Entw\xc3\xbcrfe\" (UIDVALIDITY 6)\n"
					     "> * LIST () \"/\" \"x\xff\"\n> * STATUS \"x\xff\" (UIDVALIDITY 7)\n"
					     "> * LIST () \"/\" \"/\"\n> * STATUS \"/\" (UIDVALIDITY 8)\n"
					     "> * LIST () \".\" \"a/b\"\n> * STATUS \"a/b\" (UIDVALIDITY 9)\n"
					     "> a1 OK done\n",
	    &q, expected);
}

/* ---- limits */

TEST(a_name_that_is_too_long)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};
	static char script[8 * MAILBOXES_NAME_MAX], expected[4 * MAILBOXES_NAME_MAX];
	static char name[MAILBOXES_NAME_MAX + 1];

	memset(name, 'n', MAILBOXES_NAME_MAX);
	snprintf(script, sizeof(script),
	    PEER_IN(
		"") "< a1 LIST...\n> * LIST () \"/\" %s\n> * LIST () \"/\" %sx\n> a1 OK\n"
		    "< a2 STATUS {2000}\n> + go\n< nnnn...\n> * STATUS %.10s (UIDVALIDITY 1)\n> a2 OK\n",
	    name, name, name);
	snprintf(expected, sizeof(expected), "%s / () bad=%d\n%s / ()\n", name, NAME_LONG, name);
	lists(script, &q, expected);
}

TEST(a_value_that_is_too_long)
{
	struct mailboxes_query q = {.entry = BOX("/private/comment"), .nentry = 1};
	static char script[2 * MAILBOXES_VALUE_MAX], value[MAILBOXES_VALUE_MAX + 2];
	const struct mailbox_entry *e;
	struct mailboxes *m;
	struct talk t = {0};

	memset(value, 'v', MAILBOXES_VALUE_MAX + 1);
	for (int long_one = 0; long_one < 2; long_one++) {
		value[MAILBOXES_VALUE_MAX] = long_one ? 'v' : '\0';
		snprintf(script, sizeof(script),
		    PEER_IN(FULL) "< a1 LIST...\n> * LIST () NIL a\n"
				  "> * METADATA a (/private/comment \"%s\")\n> a1 OK\n",
		    value);
		REQUIRE(talk_open(&t, script));
		m = mailboxes_send(t.s, &q, &t.f);
		REQUIRE(m != NULL);
		CHECK_INT(mailboxes_next(m, &e, &t.f), 1);
		CHECK_INT(e->meta_long, long_one);
		CHECK_INT(e->meta[0].len, long_one ? 0 : MAILBOXES_VALUE_MAX);
		CHECK((e->meta[0].s == NULL) == (long_one == 1));
		mailboxes_free(m);
		talk_close(&t);
	}
}

TEST(too_much_in_one_query)
{
	const char *many[MAILBOXES_PATTERNS_MAX + 1];
	struct mailboxes_query q = {.pattern = many, .npattern = MAILBOXES_PATTERNS_MAX + 1};

	for (size_t i = 0; i < MAILBOXES_PATTERNS_MAX + 1; i++)
		many[i] = "a";
	lists(PEER_IN(""), &q, "fault 64 more than 64 patterns or entries\n");
	q = (struct mailboxes_query){.entry = many, .nentry = MAILBOXES_ENTRIES_MAX + 1};
	lists(PEER_IN(""), &q, "fault 64 more than 16 patterns or entries\n");
	q = (struct mailboxes_query){.pattern = BOX("a\xff"), .npattern = 1};
	lists(PEER_IN(""), &q, "fault 65 LIST: a mailbox name that is not UTF-8\n");
}

static void say(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct peer *p, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	peer_say(p, text, (size_t)n);
}

enum { MANY = 3 * MAILBOXES_WINDOW + 7 };

/* Lists MANY mailboxes, then answers a window of STATUS at a time. */
static void talk_windows(struct peer *p)
{
	char line[200], expected[100];

	say(p, "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n");
	peer_line(p, line, sizeof(line));
	for (int i = 0; i < MANY; i++)
		say(p, "* LIST () \"/\" box%d\r\n", i);
	say(p, "a1 OK\r\n");
	for (int i = 0; i < MANY; i++) {
		peer_line(p, line, sizeof(line));
		snprintf(expected, sizeof(expected), "a%d STATUS box%d (UIDVALIDITY)", i + 2, i);
		if (strcmp(line, expected) != 0)
			peer_wrong(p, expected, strlen(expected), line);
		if (i % MAILBOXES_WINDOW != MAILBOXES_WINDOW - 1 && i < MANY - 1)
			continue;
		if (peer_readable(p->fd, 40))
			snprintf(p->wrong, sizeof(p->wrong), "more than a window after %d", i);
		for (int k = i - i % MAILBOXES_WINDOW; k <= i; k++)
			say(p, "* STATUS box%d (UIDVALIDITY %d)\r\na%d OK\r\n", k, k + 1, k + 2);
	}
}

TEST(a_window_at_a_time)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};
	struct talk t = {.peer.talk = talk_windows};
	const struct mailbox_entry *e;
	struct mailboxes *m;
	uint32_t n = 0;

	REQUIRE(talk_open(&t, NULL));
	m = mailboxes_send(t.s, &q, &t.f);
	REQUIRE(m != NULL);
	while (mailboxes_next(m, &e, &t.f) == 1)
		CHECK_INT(e->uidvalidity, ++n);
	CHECK_INT(n, MANY);
	mailboxes_free(m);
	talk_close(&t);
}

/* The same with a GETMETADATA for each, and STATUS in the list. */
static void talk_meta_windows(struct peer *p)
{
	char line[200], expected[100];

	say(p, "* PREAUTH [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS METADATA] hello\r\n");
	peer_line(p, line, sizeof(line));
	for (int i = 0; i < MANY; i++)
		say(p,
		    "* LIST (\\Sent) \".\" box%d\r\n* STATUS box%d (UIDVALIDITY %d MESSAGES 5)\r\n",
		    i, i, i + 1);
	say(p, "a1 OK\r\n");
	for (int i = 0; i < MANY; i++) {
		peer_line(p, line, sizeof(line));
		snprintf(
		    expected, sizeof(expected), "a%d GETMETADATA box%d (/private/a)", i + 2, i);
		if (strcmp(line, expected) != 0)
			peer_wrong(p, expected, strlen(expected), line);
		say(p, "* METADATA box%d (/private/a v%d)\r\na%d OK\r\n", i, i, i + 2);
	}
}

TEST(what_is_packed_comes_back_whole)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY | STATUS_MESSAGES,
	    .entry = BOX("/private/a"),
	    .nentry = 1};
	struct talk t = {.peer.talk = talk_meta_windows};
	const struct mailbox_entry *e;
	struct mailboxes *m;
	char expected[100];
	struct buf b;
	int n = 0;

	buf_init(&b, 1000);
	REQUIRE(talk_open(&t, NULL));
	m = mailboxes_send(t.s, &q, &t.f);
	REQUIRE(m != NULL);
	while (mailboxes_next(m, &e, &t.f) == 1) {
		buf_reset(&b);
		show(&b, e, 1);
		snprintf(
		    expected, sizeof(expected), "box%d . (\\Sent) 5 - - %d - - v%d\n", n, n + 1, n);
		CHECK_STR(buf_str(&b), expected);
		n++;
	}
	CHECK_INT(n, MANY);
	buf_free(&b);
	mailboxes_free(m);
	talk_close(&t);
}

enum { CROWD = 60000 };

/* A server that says all of LIST before the first STATUS. */
static void talk_crowd(struct peer *p)
{
	char line[200];

	say(p, "* PREAUTH [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS] hello\r\n");
	peer_line(p, line, sizeof(line));
	for (int i = 0; i < CROWD; i++)
		say(p, "* LIST () \"/\" box%d\r\n", i);
	for (int i = 0; i < CROWD; i++)
		say(p, "* STATUS box%d (UIDVALIDITY %d)\r\n", i, i + 1);
	say(p, "a1 OK\r\n");
}

TEST(more_than_the_table_holds)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};
	struct talk t = {.peer.talk = talk_crowd};
	const struct mailbox_entry *e;
	struct mailboxes *m;
	int n = 0, without = 0;

	REQUIRE(talk_open(&t, NULL));
	m = mailboxes_send(t.s, &q, &t.f);
	REQUIRE(m != NULL);
	while (mailboxes_next(m, &e, &t.f) == 1) {
		n++;
		without += e->has == 0;
	}
	CHECK_INT(n, CROWD);
	CHECK(without > 0);
	CHECK(without < CROWD * 3 / 4);
	mailboxes_free(m);
	talk_close(&t);
}

/* ---- in a flight with others */

TEST(other_commands_in_the_same_flight)
{
	struct mailboxes_query q = {.status = STATUS_UIDVALIDITY};
	struct talk t = {0};
	const struct mailbox_entry *e;
	struct mailboxes *m;
	struct event ev;
	int r, others = 0, mine = 0;

	REQUIRE(talk_open(&t,
	    PEER_IN(
		"LIST-EXTENDED LIST-STATUS") "< a1 SELECT\n< a2 LIST...\n< a3 NOOP\n"
					     "> * 4 EXISTS\n> a1 OK\n> * LIST () \"/\" a\n"
					     "> * STATUS other (UIDVALIDITY 9)\n"
					     "> * STATUS a (UIDVALIDITY 1)\n> a2 OK\n> a3 OK\n"));
	talk_send(&t, "SELECT");
	m = mailboxes_send(t.s, &q, &t.f);
	REQUIRE(m != NULL);
	uint32_t last = talk_send(&t, "NOOP");
	while ((r = imap_until(t.s, last, &ev, &t.f)) == 1) {
		r = mailboxes_event(m, &ev, &t.f);
		others += r == 0;
		while ((e = mailboxes_pop(m)) != NULL)
			mine += e->uidvalidity == 1;
	}
	CHECK_INT(r, 0);
	CHECK_INT(others, 3);
	CHECK_INT(mine, 1);
	CHECK(mailboxes_done(m));
	CHECK_INT(mailboxes_result(m, &t.f), 0);
	CHECK_STR(mailboxes_how(m), "LIST with STATUS");
	mailboxes_free(m);
	talk_close(&t);
}

UNIT_MAIN
