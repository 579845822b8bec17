#include "imap/command.h"

#include <stdlib.h>

#include "imap/session_impl.h"
#include "unit.h"

/* ---- a command as text: literals as {n} and what they hold, between bars */

static void shows(struct imap_cmd *c, const char *want)
{
	struct buf b;
	size_t at = 0;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < c->nliteral; i++) {
		const struct command_literal *l = &c->literal[i];

		buf_put(&b, c->text.data + at, l->at - at);
		at = l->at;
		buf_printf(&b, "%s{%" PRIu64 "}|", l->binary ? "~" : "", l->size);
		if (l->fd == -1) {
			buf_put(&b, c->text.data + at, (size_t)l->size);
			at += (size_t)l->size;
		} else {
			buf_printf(&b, "from %jd", (intmax_t)l->offset);
		}
		buf_putc(&b, '|');
	}
	buf_put(&b, c->text.data + at, c->text.len - at);
	CHECK_STR(buf_str(&b), want);
	CHECK_STR(c->fault.cls == FAULT_NONE ? "" : c->fault.msg, "");
	buf_free(&b);
	imap_cmd_free(c);
	CHECK(c->text.data == NULL && c->literal == NULL);
}

static void refused(struct imap_cmd *c)
{
	CHECK_INT(c->fault.cls, FAULT_DATA);
	imap_cmd_free(c);
}

static struct imap_cmd make(void)
{
	struct imap_cmd c;

	imap_cmd_init(&c, NULL, "X");
	return c;
}

#define SHOWS(call, want)                   \
	do {                                \
		struct imap_cmd c = make(); \
		call;                       \
		shows(&c, want);            \
	} while (0)
#define REFUSED(call)                       \
	do {                                \
		struct imap_cmd c = make(); \
		call;                       \
		refused(&c);                \
	} while (0)

TEST(command_takes_atoms)
{
	SHOWS(imap_atom(&c, "ALL"), "X ALL");
	SHOWS(imap_atom(&c, "%"), "X %");
	SHOWS(imap_atom(&c, "\\*"), "X \\*");
	SHOWS(imap_number(&c, UINT64_MAX), "X 18446744073709551615");
	REFUSED(imap_atom(&c, ""));
	REFUSED(imap_atom(&c, "a b"));
	REFUSED(imap_atom(&c, "a\r\nb"));
	REFUSED(imap_atom(&c, "a(b"));
	REFUSED(imap_atom(&c, "a)"));
	REFUSED(imap_atom(&c, "a\"b"));
	REFUSED(imap_atom(&c, "{3}"));
	REFUSED(imap_atom(&c, "\xc3\xa9"));
	REFUSED(imap_atom(&c, "a\x7f"));
}

TEST(command_quotes)
{
	SHOWS(imap_string(&c, "", 0), "X \"\"");
	SHOWS(imap_string(&c, "a", 1), "X \"a\"");
	SHOWS(imap_string(&c, "a \"b\\c", 6), "X \"a \\\"b\\\\c\"");
	SHOWS(imap_string(&c, "a\r\nb", 4), "X {4}|a\r\nb|");
	SHOWS(imap_string(&c, "\xc3\xa9", 2), "X {2}|\xc3\xa9|");
	SHOWS(imap_string(&c, "\t", 1), "X {1}|\t|");
	REFUSED(imap_string(&c, "a\0b", 3));
	SHOWS(imap_date_time(&c, "17-Jul-1996 02:44:25 -0700"), "X \"17-Jul-1996 02:44:25 -0700\"");
}

TEST(command_writes_astrings)
{
	SHOWS(imap_astring(&c, "abc]", 4), "X abc]");
	SHOWS(imap_astring(&c, "", 0), "X \"\"");
	SHOWS(imap_astring(&c, "nil", 3), "X \"nil\"");
	SHOWS(imap_astring(&c, "nile", 4), "X nile");
	SHOWS(imap_astring(&c, "a b", 3), "X \"a b\"");
	SHOWS(imap_astring(&c, "a%", 2), "X \"a%\"");
	SHOWS(imap_astring(&c, "a*", 2), "X \"a*\"");
	SHOWS(imap_astring(&c, "(", 1), "X \"(\"");
	SHOWS(imap_astring(&c, "{3}", 3), "X \"{3}\"");
	SHOWS(imap_astring(&c, "\\Seen", 5), "X \"\\\\Seen\"");
	SHOWS(imap_astring(&c, "a\nb", 3), "X {3}|a\nb|");
	REFUSED(imap_astring(&c, "\0", 1));
}

TEST(command_sends_long_strings_as_literals)
{
	char longer[1001], *want = malloc(1100);

	REQUIRE(want != NULL);
	memset(longer, 'x', sizeof(longer));
	snprintf(want, 1100, "X {1001}|%.1001s|", longer);
	SHOWS(imap_astring(&c, longer, 1001), want);
	SHOWS(imap_string(&c, longer, 1001), want);
	snprintf(want, 1100, "X %.1000s", longer);
	SHOWS(imap_astring(&c, longer, 1000), want);
	free(want);
}

TEST(command_names_mailboxes)
{
	struct imap utf8 = {.utf8 = true};
	struct imap_cmd u;

	SHOWS(imap_mailbox(&c, "InBox"), "X INBOX");
	SHOWS(imap_mailbox(&c, "inbox/x"), "X inbox/x");
	SHOWS(imap_mailbox(&c, "Entw\xc3\xbcrfe"), "X Entw&APw-rfe");
	SHOWS(imap_mailbox(&c, "A & B"), "X \"A &- B\"");
	SHOWS(imap_mailbox(&c, ""), "X \"\"");
	SHOWS(imap_mailbox(&c, "NIL"), "X \"NIL\"");
	SHOWS(imap_mailbox(&c, "a\r\nb"), "X a&AA0ACg-b");
	REFUSED(imap_mailbox(&c, "\xff"));
	REFUSED(imap_mailbox(&c, "\xc3"));

	imap_cmd_init(&u, &utf8, "X");
	imap_mailbox(&u, "Entw\xc3\xbcrfe & x");
	imap_mailbox(&u, "inbox");
	shows(&u, "X \"Entw\xc3\xbcrfe & x\" INBOX");
	imap_cmd_init(&u, &utf8, "X");
	imap_mailbox(&u, "\xff");
	refused(&u);
	imap_cmd_init(&u, &utf8, "X");
	imap_mailbox(&u, "a\r\nb");
	refused(&u);
}

TEST(command_takes_flags)
{
	SHOWS(imap_flag(&c, "\\Seen"), "X \\Seen");
	SHOWS(imap_flag(&c, "$Forwarded"), "X $Forwarded");
	REFUSED(imap_flag(&c, ""));
	REFUSED(imap_flag(&c, "\\"));
	REFUSED(imap_flag(&c, "\\*"));
	REFUSED(imap_flag(&c, "\\\\Seen"));
	REFUSED(imap_flag(&c, "a b"));
	REFUSED(imap_flag(&c, "a]"));
	REFUSED(imap_flag(&c, "a\r\nb"));
}

TEST(command_takes_sets)
{
	struct set s;

	set_init(&s, 100);
	REFUSED(imap_uids(&c, &s));
	CHECK_INT(set_parse(&s, "5,1:3,7:*", 9), 0);
	SHOWS(imap_uids(&c, &s), "X 1:3,5,7:*");
	set_free(&s);
	SHOWS(imap_uid(&c, UINT32_MAX), "X 4294967295");
	REFUSED(imap_uid(&c, 0));
}

TEST(command_takes_sections)
{
	SHOWS(imap_section(&c, "BODY.PEEK", "", 0, 0), "X BODY.PEEK[]");
	SHOWS(imap_section(&c, "BODY.PEEK", "1.2.MIME", 0, 0), "X BODY.PEEK[1.2.MIME]");
	SHOWS(imap_section(&c, "BINARY", "1", 10, 20), "X BINARY[1]<10.20>");
	SHOWS(imap_section(&c, "BODY", "HEADER.FIELDS (To Cc)", 0, 0),
	    "X BODY[HEADER.FIELDS (To Cc)]");
	REFUSED(imap_section(&c, "BODY", "1]\r\na2 DELETE x", 0, 0));
	REFUSED(imap_section(&c, "BODY", "0", 0, 0));
	REFUSED(imap_section(&c, "BODY", "HEADER.FIELDS (To", 0, 0));
	REFUSED(imap_section(&c, "BODY", "HEADER.FIELDS (To\r\n)", 0, 0));
}

TEST(command_puts_blanks_between_arguments)
{
	SHOWS(imap_list(&c); imap_flag(&c, "\\Seen"); imap_flag(&c, "a"); imap_list_end(&c);
	      imap_list(&c); imap_list_end(&c); imap_list(&c); imap_list(&c); imap_number(&c, 1);
	      imap_list_end(&c); imap_literal(&c, "x", 1, false); imap_list_end(&c);
	      imap_atom(&c, "y"), "X (\\Seen a) () ((1) {1}|x|) y");
}

TEST(command_takes_literals)
{
	SHOWS(imap_literal(&c, "a)", 2, true); imap_literal(&c, NULL, 0, false);
	      imap_literal_fd(&c, 7, 5, 1ULL << 40, true);
	      imap_atom(&c, "z"), "X ~{2}|a)| {0}|| ~{1099511627776}|from 5| z");
	REFUSED(imap_literal(&c, "a\0b", 3, false));

	struct imap_cmd c = make();
	imap_literal(&c, "a\0b", 3, true);
	CHECK_INT(c.fault.cls, FAULT_NONE);
	CHECK_INT(c.text.len, 5);
	imap_cmd_free(&c);
}

TEST(command_has_limits)
{
	struct imap_cmd c = make();
	char *big = calloc(1, COMMAND_MAX);
	struct imap s = {0};
	struct fault f = {0};

	REQUIRE(big != NULL);
	for (int i = 0; i < COMMAND_LITERALS_MAX; i++)
		imap_literal(&c, "x", 1, false);
	CHECK_INT(c.fault.cls, FAULT_NONE);
	imap_literal(&c, "x", 1, false);
	refused(&c);
	c = make();
	memset(big, 'x', COMMAND_MAX);
	imap_literal(&c, big, COMMAND_MAX, false);
	CHECK_INT(imap_send(&s, &c, &f), 0);
	CHECK_INT(f.cls, FAULT_DATA);
	CHECK_STR(f.msg, "command: the command is too long");
	CHECK(c.text.data == NULL && s.head == NULL);
	free(big);
}

/* The first thing that is wrong is what is told. */
TEST(command_refuses_with_the_first_fault)
{
	struct imap_cmd c;
	struct imap s = {0};
	struct fault f = {0};

	imap_cmd_init(&c, &s, "UID COPY");
	imap_uid(&c, 0);
	imap_atom(&c, "a b");
	imap_mailbox(&c, "x");
	CHECK_INT(imap_send(&s, &c, &f), 0);
	CHECK_STR(f.msg, "UID COPY: a UID of 0");
	CHECK_INT(s.ninflight, 0);
}

UNIT_MAIN
