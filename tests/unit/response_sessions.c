/* Whole answers, as the RFCs show them, and what is cut off. */
#include "response_table.h"

TEST(select)
{
	static const struct transcript t[] = {
	    {IN("* 172 EXISTS\r\n"
		"* OK [UIDVALIDITY 3857529045] UIDs valid\r\n"
		"* OK [UIDNEXT 4392] Predicted next UID\r\n"
		"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
		"* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited\r\n"
		"* LIST () \"/\" INBOX (\"OLDNAME\" (\"inbox\"))\r\n"
		"A142 OK [READ-WRITE] SELECT completed\r\n"),
		"exists 172\n"
		"OK [UIDVALIDITY 3857529045] uidvalidity=3857529045 "
		"number=3857529045 \"UIDs valid\"\n"
		"OK [UIDNEXT 4392] number=4392 \"Predicted next UID\"\n"
		"flags: (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\n"
		"OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] \"Limited\"\n"
		"list () / \"INBOX\" (\"OLDNAME\" (\"inbox\"))\n"
		"tagged A142 OK [READ-WRITE] \"SELECT completed\"\n"},
	    {IN("* OK [CLOSED]\r\n"
		"* 100 EXISTS\r\n"
		"* OK [UIDVALIDITY 67890007] UIDVALIDITY\r\n"
		"* OK [HIGHESTMODSEQ 90060115205545359] Highest mailbox mod-sequence\r\n"
		"* VANISHED (EARLIER) 41,43:116,118,120:211,214:540\r\n"
		"* 49 FETCH (UID 117 FLAGS (\\Seen \\Answered) MODSEQ "
		"(90060115194045001))\r\n"
		"B04 OK [READ-WRITE] mailbox selected\r\n"),
		"OK [CLOSED] \"\"\n"
		"exists 100\n"
		"OK [UIDVALIDITY 67890007] uidvalidity=67890007 number=67890007 "
		"\"UIDVALIDITY\"\n"
		"OK [HIGHESTMODSEQ 90060115205545359] number=90060115205545359 "
		"\"Highest mailbox mod-sequence\"\n"
		"set vanished earlier 41,43:116,118,120:211,214:540\n"
		"vanished earlier: (EARLIER)\n"
		"fetch 49 uid=117 modseq=90060115194045001 flags: UID 117 FLAGS "
		"(\\Seen \\Answered) MODSEQ (90060115194045001)\n"
		"tagged B04 OK [READ-WRITE] \"mailbox selected\"\n"},
	    {IN("* LIST () \".\" \"INBOX\"\r\n"
		"* STATUS \"INBOX\" (MESSAGES 17 UNSEEN 16)\r\n"
		"* LIST (\\NoSelect) \".\" \"bar\"\r\n"
		"A01 OK List completed.\r\n"),
		"list () . \"INBOX\"\n"
		"mailbox \"INBOX\" messages=17 unseen=16\n"
		"list (\\NoSelect) . \"bar\"\n"
		"tagged A01 OK \"List completed.\"\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(notify)
{
	static const struct transcript t[] = {
	    {IN("* STATUS misc (UIDVALIDITY 1 UIDNEXT 7 MESSAGES 6)\r\n"
		"* LIST (\\NoSelect) \".\" \"bar\" (\"OLDNAME\" (\"foo\"))\r\n"
		"* METADATA \"INBOX\" /shared/comment\r\n"
		"* OK [NOTIFICATIONOVERFLOW] ...A comment can go here...\r\n"
		"* 3 EXISTS\r\n"
		"* 3 FETCH (UID 90 BODY[HEADER.FIELDS (FROM TO)] {22}\r\n"
		"From: a\r\n"
		"To: bcdef\r\n"
		"\r\n"
		" FLAGS ())\r\n"
		"* VANISHED 5\r\n"
		"a OK [HIGHESTMODSEQ 65] idle\r\n"),
		"mailbox \"misc\" messages=6 uidnext=7 uidvalidity=1\n"
		"list (\\NoSelect) . \"bar\" (\"OLDNAME\" (\"foo\"))\n"
		"metadata: \"INBOX\" /shared/comment\n"
		"OK [NOTIFICATIONOVERFLOW] \"...A comment can go here...\"\n"
		"exists 3\n"
		"section BODY \"HEADER.FIELDS (FROM TO)\" num=3 uid=90 size=22 "
		"\"From: a%0d%0aTo: bcdef%0d%0a%0d%0a\"\n"
		"fetch 3 uid=90 flags: UID 90 BODY[HEADER.FIELDS (FROM TO)] NIL "
		"FLAGS ()\n"
		"set vanished 5\n"
		"vanished\n"
		"tagged a OK [HIGHESTMODSEQ 65] number=65 \"idle\"\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(unfinished)
{
	static const struct transcript t[] = {
	    {IN("* OK no end"), "...\n"},
	    {IN("* 1 FETCH (BODY[] {5}\r\n"
		"abc"),
		"section BODY \"\" num=1 size=5 \"abc...\n"},
	    {IN("* 1 FETCH (UID"), "...\n"},
	    {IN("A1"), "...\n"},
	    {IN("* SEARCH 1 2"), "...\n"},
	    {IN("\r\n"
		"\r\n"),
		""},
	    {IN(""), ""},
	};

	CHECK_TRANSCRIPTS(t);
}

UNIT_MAIN
