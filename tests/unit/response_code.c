/* resp-text: codes, known and unknown, whole and broken. */
#include "response_table.h"

TEST(codes_with_numbers)
{
	static const struct transcript t[] = {
	    {IN("* OK [UIDVALIDITY 3857529045] UIDs valid\r\n"
		"* OK [UIDNEXT 4392] Predicted next UID\r\n"
		"* OK [UNSEEN 12] Message 12 is first unseen\r\n"
		"* OK [HIGHESTMODSEQ 715194045007]\r\n"
		"* OK [HIGHESTMODSEQ 0] none\r\n"
		"* OK [NOMODSEQ] Sorry\r\n"),
		"OK [UIDVALIDITY 3857529045] uidvalidity=3857529045 "
		"number=3857529045 \"UIDs valid\"\n"
		"OK [UIDNEXT 4392] number=4392 \"Predicted next UID\"\n"
		"OK [UNSEEN 12] number=12 \"Message 12 is first unseen\"\n"
		"OK [HIGHESTMODSEQ 715194045007] number=715194045007 \"\"\n"
		"OK [HIGHESTMODSEQ 0] \"none\"\n"
		"OK [NOMODSEQ] \"Sorry\"\n"},
	    {IN("a NO [MAXCONVERTMESSAGES 1]\r\n"
		"a NO [MAXCONVERTPARTS 10] x\r\n"
		"a OK [METADATA LONGENTRIES 2199] GETMETADATA complete\r\n"
		"a NO [METADATA MAXSIZE 1024] x\r\n"
		"a NO [METADATA TOOMANY] x\r\n"),
		"tagged a NO [MAXCONVERTMESSAGES 1] number=1 \"\"\n"
		"tagged a NO [MAXCONVERTPARTS 10] number=10 \"x\"\n"
		"tagged a OK [METADATA LONGENTRIES 2199] number=2199 \"GETMETADATA "
		"complete\"\n"
		"tagged a NO [METADATA MAXSIZE 1024] number=1024 \"x\"\n"
		"tagged a NO [METADATA TOOMANY] \"x\"\n"},
	    {IN("A003 OK [APPENDUID 38505 3955] APPEND completed\r\n"
		"A003 OK [APPENDUID 38505 3955:3957] three\r\n"
		"A004 OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n"
		"a OK [COPYUID 1 2] short\r\n"
		"a OK [APPENDUID 1 x] odd\r\n"
		"a OK [APPENDUID 1 (5)] odd\r\n"
		"a OK [APPENDUID] odd\r\n"),
		"tagged A003 OK [APPENDUID 38505 3955] uidvalidity=38505 to=\"3955\" "
		"\"APPEND completed\"\n"
		"tagged A003 OK [APPENDUID 38505 3955:3957] uidvalidity=38505 "
		"to=\"3955:3957\" \"three\"\n"
		"tagged A004 OK [COPYUID 38505 304,319:320 3956:3958] "
		"uidvalidity=38505 from=\"304,319:320\" to=\"3956:3958\" \"Done\"\n"
		"tagged a OK [COPYUID 1 2] uidvalidity=1 \"short\"\n"
		"tagged a OK [APPENDUID 1 x] uidvalidity=1 \"odd\"\n"
		"tagged a OK [APPENDUID 1 (5)] uidvalidity=1 \"odd\"\n"
		"tagged a OK [APPENDUID] \"odd\"\n"},
	    {IN("a OK [APPENDUID 1 0] odd\r\n"
		"a OK [APPENDUID 1 2,,3] odd\r\n"
		"a OK [APPENDUID 1 2:] odd\r\n"
		"a OK [APPENDUID 1 4294967296] odd\r\n"
		"a OK [APPENDUID x 5] odd\r\n"
		"a OK [COPYUID 1 2, 3] odd\r\n"
		"a OK [COPYUID 1 2 x] odd\r\n"
		"a OK [COPYUID x 2 3] odd\r\n"),
		"tagged a OK [APPENDUID 1 0] uidvalidity=1 \"odd\"\n"
		"tagged a OK [APPENDUID 1 2,,3] uidvalidity=1 \"odd\"\n"
		"tagged a OK [APPENDUID 1 2:] uidvalidity=1 \"odd\"\n"
		"tagged a OK [APPENDUID 1 4294967296] uidvalidity=1 \"odd\"\n"
		"tagged a OK [APPENDUID x 5] \"odd\"\n"
		"tagged a OK [COPYUID 1 2, 3] uidvalidity=1 \"odd\"\n"
		"tagged a OK [COPYUID 1 2 x] uidvalidity=1 \"odd\"\n"
		"tagged a OK [COPYUID x 2 3] \"odd\"\n"},
	    {IN("d105 OK [MODIFIED 7,9] Conditional STORE failed\r\n"
		"d NO [modified 12] x\r\n"),
		"tagged d105 OK [MODIFIED 7,9] to=\"7,9\" \"Conditional STORE "
		"failed\"\n"
		"tagged d NO [modified 12] to=\"12\" \"x\"\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(codes_with_words)
{
	static const struct transcript t[] = {
	    {IN("* OK [PERMANENTFLAGS (\\Answered \\Deleted \\Seen \\*)] Limited\r\n"
		"* OK [PERMANENTFLAGS ()] None\r\n"
		"a NO [BADCHARSET (UTF-8 \"US ASCII\")] x\r\n"
		"a NO [BADCHARSET] x\r\n"),
		"OK [PERMANENTFLAGS (\\Answered \\Deleted \\Seen \\*)] \"Limited\"\n"
		"OK [PERMANENTFLAGS ()] \"None\"\n"
		"tagged a NO [BADCHARSET (UTF-8 \"US ASCII\")] \"x\"\n"
		"tagged a NO [BADCHARSET] \"x\"\n"},
	    {IN("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN]\r\n"
		"a OK [READ-ONLY] x\r\n"
		"a OK [read-write] x\r\n"
		"* BYE [ALERT] now\r\n"
		"* BYE [UNAVAILABLE]\r\n"),
		"OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] \"\"\n"
		"tagged a OK [READ-ONLY] \"x\"\n"
		"tagged a OK [read-write] \"x\"\n"
		"BYE [ALERT] \"now\"\n"
		"BYE [UNAVAILABLE] \"\"\n"},
	    {IN("a NO [BADURL \"/INBOX;UIDVALIDITY=785799047/;UID=113330;section=1.5.9\"] "
		"CATENATE failed\r\n"
		"a NO [BADURL /x(y z;UID=\"1] z :) [x]\r\n"
		"a NO [BADURL] x\r\n"
		"a OK [REFERRAL imap://user;AUTH=*@[2001:db8::1]/INBOX] x\r\n"),
		"tagged a NO [BADURL \"/INBOX;UIDVALIDITY=785799047/;UID=113330;section=1.5.9\"] "
		"\"CATENATE failed\"\n"
		"tagged a NO [BADURL \"/x(y z;UID=%221\"] \"z :) [x]\"\n"
		"tagged a NO [BADURL \"\"] \"x\"\n"
		"tagged a OK [REFERRAL \"imap://user;AUTH=*@[2001:db8::1]/INBOX\"] "
		"\"x\"\n"},
	    {IN("* OK [URLMECH INTERNAL XSAMPLE=P34OKhO7VEkCbsiYY8rGEg==] done\r\n"
		"* NO [NOUPDATE \"B02\"] Too many contexts\r\n"
		"a NO [BADEVENT (MessageNew FlagChange)] x\r\n"
		"* OK [NOTIFICATIONOVERFLOW] x\r\n"
		"a OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] x\r\n"),
		"OK [URLMECH INTERNAL XSAMPLE=P34OKhO7VEkCbsiYY8rGEg==] \"done\"\n"
		"NO [NOUPDATE \"B02\"] \"Too many contexts\"\n"
		"tagged a NO [BADEVENT (MessageNew FlagChange)] \"x\"\n"
		"OK [NOTIFICATIONOVERFLOW] \"x\"\n"
		"tagged a OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] \"x\"\n"},
	    {IN("a NO [AUTHENTICATIONFAILED]\r\n"
		"a NO [OVERQUOTA] Sorry\r\n"
		"a NO [UNDEFINED-FILTER on-the-road] x\r\n"
		"a NO [TEMPFAIL]\r\n"
		"* OK [CLOSED] x\r\n"
		"a NO [UNKNOWN-CTE] x\r\n"
		"a NO [USEATTR] x\r\n"
		"a NO [TOOBIG] x\r\n"
		"a OK [COMPRESSIONACTIVE] x\r\n"),
		"tagged a NO [AUTHENTICATIONFAILED] \"\"\n"
		"tagged a NO [OVERQUOTA] \"Sorry\"\n"
		"tagged a NO [UNDEFINED-FILTER on-the-road] \"x\"\n"
		"tagged a NO [TEMPFAIL] \"\"\n"
		"OK [CLOSED] \"x\"\n"
		"tagged a NO [UNKNOWN-CTE] \"x\"\n"
		"tagged a NO [USEATTR] \"x\"\n"
		"tagged a NO [TOOBIG] \"x\"\n"
		"tagged a OK [COMPRESSIONACTIVE] \"x\"\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(odd_codes)
{
	static const struct transcript t[] = {
	    {IN("* OK [X-NEW a \"b]c\" (d])] text\r\n"
		"* OK [X-NEW   a  b ] text\r\n"
		"* OK [X-NEW a \"b c] text\r\n"
		"* OK [X-NEW (a] text\r\n"
		"* OK [X-NEW )] text\r\n"
		"* OK [X-NEW a) b] text\r\n"
		"* OK [X-NEW {3}] text\r\n"),
		"OK [?X-NEW a \"b]c\" (d])] \"text\"\n"
		"OK [?X-NEW a b] \"text\"\n"
		"OK [?X-NEW \"a %22b c\"] \"text\"\n"
		"OK [?X-NEW \"(a\"] \"text\"\n"
		"OK [?X-NEW \")\"] \"text\"\n"
		"OK [?X-NEW \"a) b\"] \"text\"\n"
		"OK [?X-NEW \"{3}\"] \"text\"\n"},
	    {IN("* OK [ALERT text\r\n"
		"* OK [] text\r\n"
		"* OK [ ] text\r\n"
		"* OK []\r\n"
		"* OK [ALERT]text\r\n"
		"* OK [ALERT]  two\r\n"
		"* OK text [ALERT] more\r\n"
		"* OK [PERMANENTFLAGS(\\Seen)] glued\r\n"
		"* OK [[x]] y\r\n"),
		"OK \"[ALERT text\"\n"
		"OK \"[] text\"\n"
		"OK \"[ ] text\"\n"
		"OK \"[]\"\n"
		"OK [ALERT] \"text\"\n"
		"OK [ALERT] \" two\"\n"
		"OK \"text [ALERT] more\"\n"
		"OK [PERMANENTFLAGS (\\Seen)] \"glued\"\n"
		"OK [?[x] \"] y\"\n"},
	    {IN("* OK [UIDNEXT] none\r\n"
		"* OK [UIDNEXT x] none\r\n"
		"* OK [UIDNEXT -1] none\r\n"
		"* OK [UIDVALIDITY NIL] none\r\n"
		"* OK [ALERT (] x\r\n"),
		"OK [UIDNEXT] \"none\"\n"
		"OK [UIDNEXT x] \"none\"\n"
		"OK [UIDNEXT -1] \"none\"\n"
		"OK [UIDVALIDITY NIL] \"none\"\n"
		"OK [ALERT] \"x\"\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(digits_that_do_not_fit_in_codes)
{
	static const struct transcript t[] = {
	    {IN("* OK [UIDNEXT 4294967296] x\r\n"),
		"76 a number that does not fit 32 bits: 4294967296\n"},
	    {IN("* OK [UIDVALIDITY 99999999999] x\r\n"),
		"76 a number that does not fit 32 bits: 99999999999\n"},
	    {IN("* OK [HIGHESTMODSEQ 9223372036854775808] x\r\n"),
		"76 a number that does not fit 63 bits: 9223372036854775808\n"},
	    {IN("* OK [HIGHESTMODSEQ 9223372036854775807] x\r\n"),
		"OK [HIGHESTMODSEQ 9223372036854775807] number=9223372036854775807 "
		"\"x\"\n"},
	    {IN("a OK [APPENDUID 4294967296 1] x\r\n"),
		"76 a number that does not fit 32 bits: 4294967296\n"},
	    {IN("a OK [COPYUID 99999999999999999999999 1 1] x\r\n"),
		"76 a number that does not fit 32 bits: 99999999999999999999999\n"},
	    {IN("* OK [X-NEW 99999999999999999999999] x\r\n"),
		"OK [?X-NEW 99999999999999999999999] \"x\"\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

UNIT_MAIN
