/* FETCH, CONVERTED and URLFETCH, and the message data in them (RFC 9051, 3516, 4467, 5259, 5524, 7162, 8474, 8970, 9586). */
#include "response_table.h"

TEST(items)
{
	static const struct transcript t[] = {
	    {IN("* 12 FETCH (FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 "
		"-0700\" RFC822.SIZE 4286 ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 "
		"(PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" ((\"Terry Gray\" "
		"NIL \"gray\" \"cac.washington.edu\")) NIL NIL NIL NIL NIL NIL "
		"\"<B27397-0100000@cac.washington.ed>\") BODY (\"TEXT\" \"PLAIN\" "
		"(\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3028 92))\r\n"),
		"fetch 12 size=4286 date=\"17-Jul-1996 02:44:25 -0700\" flags "
		"envelope body: FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 "
		"-0700\" RFC822.SIZE 4286 ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 "
		"-0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" ((\"Terry "
		"Gray\" NIL \"gray\" \"cac.washington.edu\")) NIL NIL NIL NIL NIL "
		"NIL \"<B27397-0100000@cac.washington.ed>\") BODY (\"TEXT\" "
		"\"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3028 92)\n"},
	    {IN("* 1 FETCH (UID 4 MODSEQ (65402) FLAGS (\\Seen))\r\n"
		"* 2 fetch (flags () uid 3)\r\n"
		"* 3 FETCH ()\r\n"
		"* 4 FETCH (UID 5 )\r\n"
		"* 5 FETCH (MODSEQ 12)\r\n"
		"* 6 FETCH (MODSEQ (NIL) UID -1 RFC822.SIZE NIL)\r\n"),
		"fetch 1 uid=4 modseq=65402 flags: UID 4 MODSEQ (65402) FLAGS "
		"(\\Seen)\n"
		"fetch 2 uid=3 flags: flags () uid 3\n"
		"fetch 3: \n"
		"fetch 4 uid=5: UID 5\n"
		"fetch 5 modseq=12: MODSEQ 12\n"
		"fetch 6: MODSEQ (NIL) UID -1 RFC822.SIZE NIL\n"},
	    {IN("* 25997 UIDFETCH (FLAGS (\\Flagged) MODSEQ (5))\r\n"
		"* 3 UIDFETCH (BODY[] {1}\r\n"
		"x)\r\n"),
		"fetch 0 uid=25997 modseq=5 flags: FLAGS (\\Flagged) MODSEQ (5)\n"
		"section BODY \"\" uid=3 size=1 \"x\"\n"
		"fetch 0 uid=3: BODY[] NIL\n"},
	    {IN("* 1 FETCH (BODYSTRUCTURE ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 1 "
		"1)(\"image\" \"png\" NIL NIL NIL \"base64\" 9) \"mixed\" "
		"(\"boundary\" \"x\") NIL NIL) UID 1)\r\n"
		"* 1 FETCH (BODY (\"a\" \"b\") BODYSTRUCTURE (\"c\" \"d\"))\r\n"
		"* 1 FETCH (BODYSTRUCTURE (\"c\" \"d\") BODY (\"a\" \"b\"))\r\n"
		"* 1 FETCH (BODYSTRUCTURE NIL)\r\n"),
		"fetch 1 uid=1 bodystructure: BODYSTRUCTURE ((\"text\" \"plain\" NIL "
		"NIL NIL \"7bit\" 1 1) (\"image\" \"png\" NIL NIL NIL \"base64\" 9) "
		"\"mixed\" (\"boundary\" \"x\") NIL NIL) UID 1\n"
		"fetch 1 bodystructure body: BODY (\"a\" \"b\") BODYSTRUCTURE (\"c\" "
		"\"d\")\n"
		"fetch 1 bodystructure: BODYSTRUCTURE (\"c\" \"d\") BODY (\"a\" "
		"\"b\")\n"
		"fetch 1: BODYSTRUCTURE NIL\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(malformed_items)
{
	static const struct transcript t[] = {
	    {IN("* 3 FETCH (EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9))\r\n"
		"* 4 FETCH (THREADID NIL EMAILID NIL)\r\n"
		"* 5 FETCH (PREVIEW \"Hello\" SAVEDATE \"01-Jan-2015 00:00:01 "
		"+0000\")\r\n"
		"* 6 FETCH (PREVIEW NIL SAVEDATE NIL)\r\n"
		"* 7 FETCH (PREVIEW {5}\r\n"
		"a\r\n"
		"bc)\r\n"
		"* 8 FETCH (BINARY.SIZE[1.2] 7 BINARY.SIZE[] 8)\r\n"),
		"fetch 3 emailid=M6d99ac3275bb4e threadid=T64b478a75b7ea9: EMAILID "
		"(M6d99ac3275bb4e) THREADID (T64b478a75b7ea9)\n"
		"fetch 4 emailid=NIL threadid=NIL: THREADID NIL EMAILID NIL\n"
		"fetch 5 preview savedate=\"01-Jan-2015 00:00:01 +0000\": PREVIEW "
		"\"Hello\" SAVEDATE \"01-Jan-2015 00:00:01 +0000\"\n"
		"fetch 6 preview savedate=NIL: PREVIEW NIL SAVEDATE NIL\n"
		"fetch 7 preview: PREVIEW \"a%0d%0abc\"\n"
		"fetch 8 binary[]=8: BINARY.SIZE[1.2] 7 BINARY.SIZE[] 8\n"},
	    {IN("* 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"a "
		"b\") X-ODD[x (y)] NIL X \"z\" ANNOTATION (/c (\"value.priv\" "
		"\"x\")))\r\n"),
		"fetch 1: X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"a "
		"b\") X-ODD[x (y)] NIL X \"z\" ANNOTATION (/c (\"value.priv\" \"x\"))\n"},
	    {IN("* 0 FETCH ()\r\n"), "76 the number 0 in a FETCH response\n"},
	    {IN("* 1 FETCH\r\n"), "76 a malformed FETCH response\n"},
	    {IN("* 1 FETCH x\r\n"), "76 a malformed FETCH response\n"},
	    {IN("* 1 FETCH (UID)\r\n"), "76 a malformed FETCH response\n"},
	    {IN("* 1 FETCH (\"UID\" 1)\r\n"), "76 a malformed FETCH response\n"},
	    {IN("* 1 FETCH ((x) 1)\r\n"), "76 a malformed FETCH response\n"},
	    {IN("* 1 FETCH (UID 4294967296)\r\n"),
		"76 a number that does not fit 32 bits: 4294967296\n"},
	    {IN("* 1 FETCH (MODSEQ (9223372036854775808))\r\n"),
		"76 a number that does not fit 63 bits: 9223372036854775808\n"},
	    {IN("* 1 FETCH (RFC822.SIZE 9223372036854775808)\r\n"),
		"76 a number that does not fit 63 bits: 9223372036854775808\n"},
	    {IN("* 1 FETCH (UID 1\r\n"), "76 a line that ends within a list\n"},
	    {IN("* 1 FETCH UID 1)\r\n"), "76 a closing parenthesis too many\n"},
	    {IN("* 0 EXPUNGE\r\n"), "76 the number 0 in a EXPUNGE response\n"},
	    {IN("* 0 EXISTS\r\n"), "exists 0\n"},
	    {IN("* 1 FETCH (UID 0)\r\n"), "76 a UID of 0 in a FETCH response\n"},
	    {IN("* 4294967296 EXISTS\r\n"), "76 a number that does not fit 32 bits: 4294967296\n"},
	    {IN("* 1 FETCH (BODY[TEXT\r\n"), "76 a line end or a NUL within an item's brackets\n"},
	    {IN("* 1 FETCH ({3}\r\n"
		"UID 1)\r\n"),
		"76 a literal where the name of an item belongs\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(message_data)
{
	static const struct transcript t[] = {
	    {IN("* 1 FETCH (BODY[] {12}\r\n"
		"hello\r\n"
		"you\r\n"
		" UID 7 FLAGS ())\r\n"
		"* 1 FETCH (UID 7 BODY[] {0}\r\n"
		")\r\n"),
		"section BODY \"\" num=1 size=12 \"hello%0d%0ayou%0d%0a\"\n"
		"fetch 1 uid=7 flags: BODY[] NIL UID 7 FLAGS ()\n"
		"section BODY \"\" num=1 uid=7 size=0 \"\"\n"
		"fetch 1 uid=7: UID 7 BODY[] NIL\n"},
	    {IN("* 2 FETCH (UID 9 BODY[HEADER.FIELDS (SUBJECT \"x y\" [z)] {3}\r\n"
		"abc BODY[1.MIME]<0> \"q\\\"u\\\\o\" BODY[TEXT]<5> NIL RFC822 \"\" "
		"rfc822.header {2}\r\n"
		"hi RFC822.TEXT nil)\r\n"),
		"section BODY \"HEADER.FIELDS (SUBJECT %22x y%22 [z)\" num=2 uid=9 "
		"size=3 \"abc\"\n"
		"section BODY \"1.MIME\" num=2 uid=9 origin=0 \"q%22u\\o\"\n"
		"section BODY \"TEXT\" num=2 uid=9 origin=5 NIL \"\"\n"
		"section RFC822 \"\" num=2 uid=9 \"\"\n"
		"section rfc822.header \"\" num=2 uid=9 size=2 \"hi\"\n"
		"section RFC822.TEXT \"\" num=2 uid=9 NIL \"\"\n"
		"fetch 2 uid=9: UID 9 BODY[HEADER.FIELDS (SUBJECT %22x y%22 [z)] NIL "
		"BODY[1.MIME]<0> NIL BODY[TEXT]<5> NIL RFC822 NIL rfc822.header NIL "
		"RFC822.TEXT NIL\n"},
	    {IN("* 3 FETCH (BINARY[1.2] ~{5}\r\n"
		"a\000b\r\n"
		" BINARY[2]<7> {3}\r\n"
		"\000\000\000 BINARY[3] \"x\" BINARY[4] NIL BINARY[5] ~{0}\r\n"
		")\r\n"),
		"section BINARY \"1.2\" num=3 size=5 literal8 \"a%00b%0d%0a\"\n"
		"section BINARY \"2\" num=3 origin=7 size=3 \"%00%00%00\"\n"
		"section BINARY \"3\" num=3 \"x\"\n"
		"section BINARY \"4\" num=3 NIL \"\"\n"
		"section BINARY \"5\" num=3 size=0 literal8 \"\"\n"
		"fetch 3: BINARY[1.2] NIL BINARY[2]<7> NIL BINARY[3] NIL BINARY[4] "
		"NIL BINARY[5] NIL\n"},
	    {IN("* 4 FETCH (BODY[] {4+}\r\n"
		"abcdUID 3)\r\n"
		"* 5 FETCH (BODY[]{3}\r\n"
		"abc)\r\n"),
		"section BODY \"\" num=4 size=4 \"abcd\"\n"
		"fetch 4 uid=3: BODY[] NIL UID 3\n"
		"76 a line that ends within a list\n"},
	    {IN("* 6 FETCH (BODY[HEADER.FIELDS (\"a\\\"b]\" c]d)] {1}\r\n"
		"x)\r\n"
		"* 7 FETCH (BODY[] (a b) BODY[1] atom)\r\n"
		"* 8 FETCH (BODY[HEADER.FIELDS.NOT (a b)]<0.9> {1}\r\n"
		"x)\r\n"),
		"section BODY \"HEADER.FIELDS (%22a\\%22b]%22 c]d)\" num=6 size=1 "
		"\"x\"\n"
		"fetch 6: BODY[HEADER.FIELDS (%22a\\%22b]%22 c]d)] NIL\n"
		"fetch 7: BODY[] (a b) BODY[1] atom\n"
		"section BODY \"HEADER.FIELDS.NOT (a b)\" num=8 origin=0 size=1 \"x\"\n"
		"fetch 8: BODY[HEADER.FIELDS.NOT (a b)]<0.9> NIL\n"},
	    {IN("* 9 FETCH (BODY[] {2}\n"
		"xy)\n"),
		"section BODY \"\" num=9 size=2 \"xy\"\n"
		"fetch 9: BODY[] NIL\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(converted)
{
	static const struct transcript t[] = {
	    {IN("* 2 CONVERTED (TAG \"b001\") (UID 120 BODYPARTSTRUCTURE[3] "
		"(\"IMAGE\" \"JPEG\" () NIL NIL \"8bit\" 4182 NIL NIL NIL) BINARY[3] "
		"~{4}\r\n"
		"\000abc)\r\n"),
		"section CONVERTED \"3\" detail=\"BINARY\" num=2 uid=120 size=4 "
		"literal8 \"%00abc\"\n"
		"converted num=2: (TAG \"b001\") (UID 120 BODYPARTSTRUCTURE[3] "
		"(\"IMAGE\" \"JPEG\" () NIL NIL \"8bit\" 4182 NIL NIL NIL) BINARY[3] "
		"NIL)\n"},
	    {IN("* 3 CONVERTED (TAG \"e001\") (BINARY.SIZE[2] 8 BINARY[2] {2}\r\n"
		"xy BODY[HEADER] \"h\" BINARY[4] NIL)\r\n"
		"* 4 CONVERTED (TAG \"a\") (BINARY[3] (ERROR \"Source text can not be "
		"converted\" BADPARAMETERS \"text/html\" \"application/pdf\"))\r\n"
		"* 5 CONVERTED (TAG \"f\") (AVAILABLECONVERSIONS[2] ((\"image/jpeg\" "
		"\"image/png\")))\r\n"),
		"section CONVERTED \"2\" detail=\"BINARY\" num=3 size=2 \"xy\"\n"
		"section CONVERTED \"HEADER\" detail=\"BODY\" num=3 \"h\"\n"
		"section CONVERTED \"4\" detail=\"BINARY\" num=3 NIL \"\"\n"
		"converted num=3: (TAG \"e001\") (BINARY.SIZE[2] 8 BINARY[2] NIL "
		"BODY[HEADER] NIL BINARY[4] NIL)\n"
		"converted num=4: (TAG \"a\") (BINARY[3] (ERROR \"Source text can "
		"not be converted\" BADPARAMETERS \"text/html\" \"application/pdf\"))\n"
		"converted num=5: (TAG \"f\") (AVAILABLECONVERSIONS[2] "
		"((\"image/jpeg\" \"image/png\")))\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(urlfetch)
{
	static const struct transcript t[] = {
	    {IN("* URLFETCH \"imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:91354a473744909de610943775f92038\" "
		"{28}\r\n"
		"Si vis pacem, para bellum.\r\n"
		"\r\n"),
		"section URLFETCH \"imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:91354a473744909de610943775f92038\" "
		"size=28 \"Si vis pacem, para bellum.%0d%0a\"\n"
		"urlfetch \"imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:91354a473744909de610943775f92038\"\n"},
	    {IN("* URLFETCH \"a\" NIL \"b\" \"\" \"c\" {3}\r\n"
		"xyz \"d\" \"e f\"\r\n"
		"* URLFETCH {1}\r\n"
		"u {1}\r\n"
		"v\r\n"
		"* URLFETCH \"a\"\r\n"
		"* URLFETCH\r\n"
		"* urlfetch x NIL y nil\r\n"),
		"section URLFETCH \"a\" NIL \"\"\n"
		"urlfetch \"a\" NIL\n"
		"section URLFETCH \"b\" \"\"\n"
		"urlfetch \"b\"\n"
		"section URLFETCH \"c\" size=3 \"xyz\"\n"
		"urlfetch \"c\"\n"
		"section URLFETCH \"d\" \"e f\"\n"
		"urlfetch \"d\"\n"
		"section URLFETCH \"u\" size=1 \"v\"\n"
		"urlfetch \"u\"\n"
		"urlfetch \"a\" NIL\n"
		"section URLFETCH \"x\" NIL \"\"\n"
		"urlfetch \"x\" NIL\n"
		"section URLFETCH \"y\" NIL \"\"\n"
		"urlfetch \"y\" NIL\n"},
	    {IN("* URLFETCH \"u\" (BINARY {28}\r\n"
		"Si vis pacem, para bellum.\r\n"
		")\r\n"),
		"section URLFETCH \"u\" detail=\"BINARY\" size=28 \"Si vis pacem, "
		"para bellum.%0d%0a\"\n"
		"urlfetch \"u\"\n"},
	    {IN("* URLFETCH \"u\" (BODYPARTSTRUCTURE (\"IMAGE\" \"PNG\" () NIL NIL "
		"\"BINARY\" 4)) (BINARY ~{4}\r\n"
		"\000abc)\r\n"),
		"section URLFETCH \"u\" detail=\"BINARY\" size=4 literal8 "
		"structure=(\"IMAGE\" \"PNG\" () NIL NIL \"BINARY\" 4) \"%00abc\"\n"
		"urlfetch \"u\" structure=(\"IMAGE\" \"PNG\" () NIL NIL \"BINARY\" 4)\n"},
	    {IN("* URLFETCH \"u\" (BODYPARTSTRUCTURE (\"IMAGE\" \"PNG\" () NIL NIL "
		"\"BINARY\" 4) BINARY ~{4}\r\n"
		"\000abc)\r\n"),
		"section URLFETCH \"u\" detail=\"BINARY\" size=4 literal8 "
		"structure=(\"IMAGE\" \"PNG\" () NIL NIL \"BINARY\" 4) \"%00abc\"\n"
		"urlfetch \"u\" structure=(\"IMAGE\" \"PNG\" () NIL NIL \"BINARY\" 4)\n"},
	    {IN("* URLFETCH \"u\" (BINARY \"x\" BODYPARTSTRUCTURE (\"a\" \"b\")) "
		"\"v\" (BODYPARTSTRUCTURE (\"c\" \"d\")) \"w\" (BODY {1}\r\n"
		"y) \"z\" NIL\r\n"),
		"section URLFETCH \"u\" detail=\"BINARY\" \"x\"\n"
		"urlfetch \"u\" structure=(\"a\" \"b\")\n"
		"urlfetch \"v\" structure=(\"c\" \"d\")\n"
		"section URLFETCH \"w\" detail=\"BODY\" size=1 \"y\"\n"
		"urlfetch \"w\"\n"
		"section URLFETCH \"z\" NIL \"\"\n"
		"urlfetch \"z\" NIL\n"},
	    {IN("* URLFETCH \"u\" (BODYPARTSTRUCTURE (\"IMAGE\" \"PNG\" () NIL NIL "
		"\"X-BLURDYBLOOP\" 123)) (BINARY NIL)\r\n"
		"* URLFETCH \"u\" (BINARY NIL)\r\n"
		"* URLFETCH \"u\" ()\r\n"
		"* URLFETCH \"u\" (X-NEW (y)) (body \"b\")\r\n"),
		"section URLFETCH \"u\" detail=\"BINARY\" structure=(\"IMAGE\" "
		"\"PNG\" () NIL NIL \"X-BLURDYBLOOP\" 123) NIL \"\"\n"
		"urlfetch \"u\" structure=(\"IMAGE\" \"PNG\" () NIL NIL "
		"\"X-BLURDYBLOOP\" 123)\n"
		"section URLFETCH \"u\" detail=\"BINARY\" NIL \"\"\n"
		"urlfetch \"u\" NIL\n"
		"urlfetch \"u\" NIL\n"
		"section URLFETCH \"u\" detail=\"BODY\" \"b\"\n"
		"urlfetch \"u\"\n"},
	    {IN("* URLFETCH (BODY \"x\")\r\n"), "76 a URLFETCH response without a URL\n"},
	    {IN("* URLFETCH NIL NIL\r\n"), ""},
	};

	CHECK_TRANSCRIPTS(t);
}

UNIT_MAIN
