/* Sets of numbers: SEARCH, SORT, ESEARCH, VANISHED (RFC 9051, 4731, 5256, 5267, 7162, 7377, 9394). */
#include "response_table.h"

TEST(search_and_sort)
{
	static const struct transcript t[] = {
	    {IN("* SEARCH 2 3 6\r\n"
		"* SEARCH\r\n"
		"* SEARCH \r\n"
		"* SEARCH 2 5 6 7 11 12 18 19 20 23 (MODSEQ 917162500)\r\n"
		"* SORT 5 3 4 1 2\r\n"
		"* SORT\r\n"
		"* sort 2 84 882 (modseq 7)\r\n"
		"* SEARCH  1   2  \r\n"),
		"set search 2,3,6\n"
		"search\n"
		"search\n"
		"search\n"
		"set search 2,5,6,7,11,12,18,19,20,23\n"
		"search modseq=917162500: (MODSEQ 917162500)\n"
		"set sort 5,3,4,1,2\n"
		"sort\n"
		"sort\n"
		"set sort 2,84,882\n"
		"sort modseq=7: (modseq 7)\n"
		"set search 1,2\n"
		"search\n"},
	    {IN("* SEARCH 0001 4294967295\r\n"
		"* SEARCH 1,2:3 9\r\n"
		"* SEARCH NIL\r\n"
		"* SEARCH (MODSEQ 7) 1\r\n"),
		"set search 1,4294967295\n"
		"search\n"
		"set search 1,2:3,9\n"
		"search\n"
		"search: NIL\n"
		"set search 1\n"
		"search modseq=7: (MODSEQ 7)\n"},
	    {IN("* SEARCH 0\r\n"), "76 the number 0 in a set of messages\n"},
	    {IN("* SEARCH -1\r\n"), "76 no set where a set of numbers belongs\n"},
	    {IN("* SEARCH 4294967296\r\n"), "76 a number in a set that does not fit 32 bits\n"},
	    {IN("* SEARCH 1 x\r\n"), "76 no set where a set of numbers belongs\n"},
	    {IN("* SEARCH 1x\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* SEARCH \"1\"\r\n"), "76 no set where a set of numbers belongs\n"},
	    {IN("* SEARCH {1}\r\n"
		"1\r\n"),
		"76 no set where a set of numbers belongs\n"},
	    {IN("* SEARCH 1:\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* SEARCH 1:2:3\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* SEARCH (MODSEQ 9223372036854775808)\r\n"),
		"76 a number that does not fit 63 bits: 9223372036854775808\n"},
	    {IN("* SEARCH 1 (MODSEQ -1)\r\n"),
		"set search 1\n"
		"search: (MODSEQ -1)\n"},
	    {IN("* SEARCH *\r\n"), "76 no set where a set of numbers belongs\n"},
	    {IN("* SEARCH 00000000000000000000000000000000000000000001\r\n"),
		"76 a number in a set that does not fit 32 bits\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(vanished)
{
	static const struct transcript t[] = {
	    {IN("* VANISHED (EARLIER) 41,43:116,118,120:211,214:540\r\n"
		"* VANISHED 405,407,410,425\r\n"
		"* vanished (earlier) 1:3\r\n"),
		"set vanished earlier 41,43:116,118,120:211,214:540\n"
		"vanished earlier: (EARLIER)\n"
		"set vanished 405,407,410,425\n"
		"vanished\n"
		"set vanished earlier 1:3\n"
		"vanished earlier: (earlier)\n"},
	    {IN("* VANISHED\r\n"
		"* VANISHED (EARLIER)\r\n"
		"* VANISHED (EARLIER) \r\n"
		"* VANISHED 0\r\n"
		"* VANISHED (EARLIER) 1:0,7,0:5\r\n"
		"* VANISHED ,\r\n"
		"* VANISHED ,1,,2,\r\n"
		"* VANISHED 9:3\r\n"
		"* VANISHED 1 2:3  4\r\n"
		"* VANISHED NIL\r\n"
		"* VANISHED () 5\r\n"),
		"vanished\n"
		"vanished earlier: (EARLIER)\n"
		"vanished earlier: (EARLIER)\n"
		"vanished\n"
		"set vanished earlier 7\n"
		"vanished earlier: (EARLIER)\n"
		"vanished\n"
		"set vanished 1,2\n"
		"vanished\n"
		"set vanished 9:3\n"
		"vanished\n"
		"set vanished 1,2:3,4\n"
		"vanished\n"
		"vanished: NIL\n"
		"set vanished 5\n"
		"vanished: ()\n"},
	    {IN("* VANISHED 1:*\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* VANISHED :5\r\n"), "76 no set where a set of numbers belongs\n"},
	    {IN("* VANISHED 5:\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* VANISHED 1:,2\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* VANISHED 1-3\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* VANISHED 99999999999\r\n"), "76 a number in a set that does not fit 32 bits\n"},
	    {IN("* VANISHED \"1\"\r\n"), "76 no set where a set of numbers belongs\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(esearch)
{
	static const struct transcript t[] = {
	    {IN("* ESEARCH (TAG \"A282\") MIN 2 COUNT 3\r\n"
		"* ESEARCH (TAG \"A283\") ALL 2,10:11\r\n"
		"* ESEARCH (TAG \"A286\") UID MIN 7 MAX 3800\r\n"
		"* ESEARCH (TAG \"A284\")\r\n"
		"* ESEARCH\r\n"
		"* ESEARCH UID\r\n"
		"* ESEARCH COUNT 0\r\n"
		"* esearch (tag \"x\") uid all 4 count 1\r\n"),
		"esearch tag=\"A282\" min=2 count=3: MIN 2 COUNT 3\n"
		"set all tag=\"A283\" 2,10:11\n"
		"esearch tag=\"A283\" all: ALL NIL\n"
		"esearch tag=\"A286\" uid min=7 max=3800: MIN 7 MAX 3800\n"
		"esearch tag=\"A284\": \n"
		"esearch: \n"
		"esearch uid: \n"
		"esearch count=0: COUNT 0\n"
		"set all tag=\"x\" uid 4\n"
		"esearch tag=\"x\" uid count=1 all: all NIL count 1\n"},
	    {IN("* ESEARCH (TAG \"a567\") UID COUNT 17 ALL 4:18,21,28\r\n"
		"* ESEARCH (TAG \"a\") ALL 1,2 MODSEQ 1236\r\n"
		"* ESEARCH (TAG h) UID ALL 5 MODSEQ 12345 X-NEW (a (b) \"c\") X 5\r\n"),
		"set all tag=\"a567\" uid 4:18,21,28\n"
		"esearch tag=\"a567\" uid count=17 all: COUNT 17 ALL NIL\n"
		"set all tag=\"a\" 1,2\n"
		"esearch tag=\"a\" modseq=1236 all: ALL NIL MODSEQ 1236\n"
		"set all tag=\"h\" uid 5\n"
		"esearch tag=\"h\" uid modseq=12345 all: ALL NIL MODSEQ 12345 X-NEW "
		"(a (b) \"c\") X 5\n"},
	    {IN("* ESEARCH (TAG \"tag1\" MAILBOX \"folder1\" UIDVALIDITY 1) UID ALL "
		"4001,4003,4005,4007,4009\r\n"
		"* ESEARCH (UIDVALIDITY 603 MAILBOX \"folder2/banana\" TAG tag1) UID "
		"ALL 50003 MIN 1\r\n"),
		"set all tag=\"tag1\" mailbox=\"folder1\" uidvalidity=1 uid "
		"4001,4003,4005,4007,4009\n"
		"esearch tag=\"tag1\" mailbox=\"folder1\" uidvalidity=1 uid all: ALL "
		"NIL\n"
		"set all tag=\"tag1\" mailbox=\"folder2/banana\" uidvalidity=603 uid "
		"50003\n"
		"esearch tag=\"tag1\" mailbox=\"folder2/banana\" uidvalidity=603 uid "
		"min=1 all: ALL NIL MIN 1\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(esearch_more)
{
	static const struct transcript t[] = {
	    {IN("* ESEARCH (TAG \"B01\") UID ADDTO (0 32768:32769)\r\n"
		"* ESEARCH (TAG \"B02\") UID REMOVEFROM (0 32768)\r\n"
		"* ESEARCH (TAG \"C01\") UID ADDTO (1 2731:2733 4 7) REMOVEFROM (2 "
		"9)\r\n"
		"* ESEARCH (TAG \"C\") ADDTO ()\r\n"),
		"set addto tag=\"B01\" uid 32768:32769\n"
		"esearch tag=\"B01\" uid: ADDTO (0 NIL)\n"
		"set removefrom tag=\"B02\" uid 32768\n"
		"esearch tag=\"B02\" uid: REMOVEFROM (0 NIL)\n"
		"set addto tag=\"C01\" uid position=1 2731:2733\n"
		"set addto tag=\"C01\" uid position=4 7\n"
		"set removefrom tag=\"C01\" uid position=2 9\n"
		"esearch tag=\"C01\" uid: ADDTO (1 NIL 4 NIL) REMOVEFROM (2 NIL)\n"
		"esearch tag=\"C\": ADDTO ()\n"},
	    {IN("* ESEARCH (TAG \"B01\") UID PARTIAL (1:100 1,5:7)\r\n"
		"* ESEARCH (TAG \"A04\") UID PARTIAL (24000:24500 NIL) COUNT 9\r\n"
		"* ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 5,3)\r\n"),
		"set partial tag=\"B01\" uid 1,5:7\n"
		"esearch tag=\"B01\" uid partial: PARTIAL (1:100 NIL)\n"
		"esearch tag=\"A04\" uid count=9 partial: PARTIAL (24000:24500 NIL) "
		"COUNT 9\n"
		"set partial tag=\"A01\" uid 5,3\n"
		"esearch tag=\"A01\" uid partial: PARTIAL (-1:-100 NIL)\n"},
	    {IN("* ESEARCH (TAG \"ALL\") ALL NIL\r\n"
		"* ESEARCH (TAG \"x\") ALL \r\n"
		"* ESEARCH (TAG \"x\") COUNT -1 MIN NIL\r\n"),
		"esearch tag=\"ALL\" all: ALL NIL\n"
		"esearch tag=\"x\": ALL\n"
		"esearch tag=\"x\": COUNT -1 MIN NIL\n"},
	    {IN("* ESEARCH (TAG \"x\") ALL $\r\n"), "76 no set where a set of numbers belongs\n"},
	    {IN("* ESEARCH (TAG \"x\") ALL 1:x\r\n"), "76 a malformed set of numbers\n"},
	    {IN("* ESEARCH (TAG \"x\") ALL (1)\r\n"), "76 no set where a set of numbers belongs\n"},
	    {IN("* ESEARCH (TAG \"x\") ALL {1}\r\n"
		"1\r\n"),
		"76 no set where a set of numbers belongs\n"},
	    {IN("* ESEARCH (TAG \"x\") COUNT 4294967296\r\n"),
		"76 a number that does not fit 32 bits: 4294967296\n"},
	    {IN("* ESEARCH (TAG \"x\") MODSEQ 9223372036854775808\r\n"),
		"76 a number that does not fit 63 bits: 9223372036854775808\n"},
	    {IN("* ESEARCH (TAG \"x\") PARTIAL (1:2 0)\r\n"),
		"76 the number 0 in a set of messages\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

UNIT_MAIN
