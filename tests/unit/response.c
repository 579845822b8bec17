/* Greetings, tagged and untagged conditions, mailbox data and the rest. */
#include "response_table.h"

TEST(greeting_and_login)
{
	static const struct transcript t[] = {
	    {IN("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] Dovecot ready.\r\n"),
		"OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] \"Dovecot ready.\"\n"},
	    {IN("* PREAUTH IMAP4rev2 server logged in as Smith\r\n"),
		"PREAUTH \"IMAP4rev2 server logged in as Smith\"\n"},
	    {IN("* BYE Autologout; idle for too long\r\n"),
		"BYE \"Autologout; idle for too long\"\n"},
	    {IN("* CAPABILITY IMAP4rev1 LITERAL+ AUTH=GSSAPI X-STRANGE[1]\r\n"),
		"capability: IMAP4rev1 LITERAL+ AUTH=GSSAPI X-STRANGE[1]\n"},
	    {IN("* ENABLED CONDSTORE QRESYNC\r\n"
		"* ENABLED\r\n"),
		"enabled: CONDSTORE QRESYNC\n"
		"enabled\n"},
	    {IN("a002 OK [CAPABILITY IMAP4rev2] LOGIN completed\r\n"),
		"tagged a002 OK [CAPABILITY IMAP4rev2] \"LOGIN completed\"\n"},
	    {IN("+ \r\n"
		"+\r\n"
		"+ YGgGCSqGSIb3EgECAgIAb1kwV6ADAgEFoQMCAQ+iSzBJoAMC\r\n"
		"+ Ready for literal data [x]\r\n"),
		"continue \"\"\n"
		"continue \"\"\n"
		"continue \"YGgGCSqGSIb3EgECAgIAb1kwV6ADAgEFoQMCAQ+iSzBJoAMC\"\n"
		"continue \"Ready for literal data [x]\"\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(tagged_and_untagged)
{
	static const struct transcript t[] = {
	    {IN("A1 OK done\r\n"
		"A2 NO no\r\n"
		"A3 BAD bad\r\n"
		"a4 ok lower case\r\n"),
		"tagged A1 OK \"done\"\n"
		"tagged A2 NO \"no\"\n"
		"tagged A3 BAD \"bad\"\n"
		"tagged a4 OK \"lower case\"\n"},
	    {IN("* OK\r\n"
		"* NO \r\n"
		"A1 OK\r\n"
		"A2 OK \r\n"),
		"OK \"\"\n"
		"NO \"\"\n"
		"tagged A1 OK \"\"\n"
		"tagged A2 OK \"\"\n"},
	    {IN("* OK    blanks   stay \r\n"
		"* OK caf\303\251 \377 (not [a code]\r\n"),
		"OK \"blanks   stay \"\n"
		"OK \"caf%c3%a9 %ff (not [a code]\"\n"},
	    {IN("* OK bare LF\n"
		"A1 OK too\n"),
		"OK \"bare LF\"\n"
		"tagged A1 OK \"too\"\n"},
	    {IN("\r\n"
		"* OK after an empty line\r\n"
		"\r\n"),
		"OK \"after an empty line\"\n"},
	    {IN("HTTP/1.1 400 Bad Request\r\n"),
		"76 a tagged response that is neither OK, NO nor BAD: 400\n"},
	    {IN("A1 BYE x\r\n"), "76 a tagged response that is neither OK, NO nor BAD: BYE\n"},
	    {IN("A1 FETCH\r\n"), "76 a tagged response that is neither OK, NO nor BAD: FETCH\n"},
	    {IN("*\r\n"), "76 a response that is cut short\n"},
	    {IN("* \r\n"), "76 a response that is cut short\n"},
	    {IN("* 5\r\n"), "76 a response that is cut short\n"},
	    {IN("(* OK)\r\n"), "76 a list where a response begins\n"},
	    {IN("\"*\" OK\r\n"), "76 a string where a response begins\n"},
	    {IN("{3}\r\n"
		"abc OK\r\n"),
		"76 a literal where a response begins\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(mailbox_data)
{
	static const struct transcript t[] = {
	    {IN("* FLAGS (\\Answered \\Flagged $Forwarded NonJunk [odd] x]y)\r\n"
		"* FLAGS ()\r\n"),
		"flags: (\\Answered \\Flagged $Forwarded NonJunk [odd] x]y)\n"
		"flags: ()\n"},
	    {IN("* 172 EXISTS\r\n"
		"* 0 recent\r\n"
		"* 44 Expunge\r\n"
		"* 3 EXISTS \r\n"),
		"exists 172\n"
		"recent 0\n"
		"expunge num=44\n"
		"exists 3\n"},
	    {IN("* LIST () \"/\" blurdybloop\r\n"
		"* LIST (\\Noselect \\HasChildren) \"/\" foo\r\n"
		"* LIST (\\Marked) \"\\\\\" \"a\\\"b\"\r\n"
		"* LSUB () \".\" #news.comp.mail.misc\r\n"
		"* LIST () NIL INBOX\r\n"
		"* list (\\X) NIL {5}\r\n"
		"a b c\r\n"),
		"list () / \"blurdybloop\"\n"
		"list (\\Noselect \\HasChildren) / \"foo\"\n"
		"list (\\Marked) \\ \"a%22b\"\n"
		"lsub () . \"#news.comp.mail.misc\"\n"
		"list () NIL \"INBOX\"\n"
		"list (\\X) NIL \"a b c\"\n"},
	    {IN("* LIST (\\HasNoChildren) \"/\" [Gmail]/All\r\n"
		"* LIST () \"/\" \"[Gmail]/All Mail\"\r\n"
		"* LIST () \"/\" BODY[x\r\n"
		"* LIST () \"/\" NIL\r\n"
		"* LIST NIL \"/\" \"\" \r\n"),
		"list (\\HasNoChildren) / \"[Gmail]/All\"\n"
		"list () / \"[Gmail]/All Mail\"\n"
		"list () / \"BODY[x\"\n"
		"list () / \"NIL\"\n"
		"list () / \"\"\n"},
	    {IN("* LIST () \"/\" \"Foo\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
		"* LIST (\\NonExistent) \"/\" x (\"OLDNAME\" (\"y\") \"CHILDINFO\" "
		"(\"A\" \"B\"))\r\n"
		"* LIST () \"/\" foo (X-y (1 2) z 3)\r\n"),
		"list () / \"Foo\" (\"CHILDINFO\" (\"SUBSCRIBED\"))\n"
		"list (\\NonExistent) / \"x\" (\"OLDNAME\" (\"y\") \"CHILDINFO\" "
		"(\"A\" \"B\"))\n"
		"list () / \"foo\" (X-y (1 2) z 3)\n"},
	    {IN("* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)\r\n"
		"* STATUS \"a b\" (MESSAGES 1 RECENT 2 UIDNEXT 3 UIDVALIDITY 4 UNSEEN "
		"5 HIGHESTMODSEQ 6 SIZE 7 DELETED 8 DELETED-STORAGE 9 APPENDLIMIT 10 "
		"MAILBOXID (F2212ea87))\r\n"),
		"mailbox \"blurdybloop\" messages=231 uidnext=44292\n"
		"mailbox \"a b\" messages=1 recent=2 uidnext=3 uidvalidity=4 "
		"unseen=5 highestmodseq=6 size=7 deleted=8 deleted-storage=9 "
		"appendlimit=10 mailboxid=\"F2212ea87\"\n"},
	    {IN("* STATUS INBOX (messages 17 UNSEEN -1 RECENT NIL X-NEW (a b) ) \r\n"
		"* STATUS INBOX ()\r\n"
		"* STATUS {3}\r\n"
		"a\"b (UIDNEXT 7)\r\n"
		"* STATUS nil (APPENDLIMIT NIL MESSAGES 0)\r\n"),
		"mailbox \"INBOX\" messages=17\n"
		"mailbox \"INBOX\"\n"
		"mailbox \"a%22b\" uidnext=7\n"
		"mailbox \"nil\" messages=0\n"},
	    {IN("* LIST\r\n"), "76 a malformed LIST response\n"},
	    {IN("* LIST () \"/\"\r\n"), "76 a malformed LIST response\n"},
	    {IN("* LIST x \"/\" y\r\n"), "76 a malformed LIST response\n"},
	    {IN("* LIST () \"/\" (y)\r\n"), "76 a malformed LIST response\n"},
	    {IN("* STATUS x\r\n"), "76 a malformed STATUS response\n"},
	    {IN("* STATUS x y\r\n"), "76 a malformed STATUS response\n"},
	    {IN("* STATUS (x) (y 1)\r\n"), "76 a malformed STATUS response\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

TEST(other_data)
{
	static const struct transcript t[] = {
	    {IN("* NAMESPACE ((\"\" \"/\")) ((\"~\" \"/\")) NIL\r\n"
		"* NAMESPACE ((\"\" \"/\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL "
		"NIL\r\n"),
		"namespace: ((\"\" \"/\")) ((\"~\" \"/\")) NIL\n"
		"namespace: ((\"\" \"/\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL NIL\n"},
	    {IN("* ID (\"name\" \"Cyrus\" \"version\" \"1.5\" \"os\" NIL)\r\n"
		"* ID NIL\r\n"),
		"id: (\"name\" \"Cyrus\" \"version\" \"1.5\" \"os\" NIL)\n"
		"id: NIL\n"},
	    {IN("* METADATA \"INBOX\" (/shared/comment \"Shared comment\" "
		"/private/comment NIL)\r\n"
		"* METADATA \"\" (/shared/admin ~{4}\r\n"
		"a\000b\000 /x {0}\r\n"
		")\r\n"
		"* METADATA \"\" /shared/comment /private/comment\r\n"
		"* METADATA NIL (/private/comment \"x\")\r\n"),
		"metadata: \"INBOX\" (/shared/comment \"Shared comment\" "
		"/private/comment NIL)\n"
		"metadata: \"\" (/shared/admin \"a%00b%00\" /x \"\")\n"
		"metadata: \"\" /shared/comment /private/comment\n"
		"metadata: NIL (/private/comment \"x\")\n"},
	    {IN("* QUOTA \"\" (STORAGE 10 512)\r\n"
		"* QUOTAROOT INBOX \"\"\r\n"
		"* ACL INBOX Fred rwipslda\r\n"
		"* LISTRIGHTS ~/Mail/saved smith la r swicdkxte\r\n"
		"* MYRIGHTS INBOX rwiptsldaex\r\n"),
		"quota: \"\" (STORAGE 10 512)\n"
		"quotaroot: INBOX \"\"\n"
		"acl: INBOX Fred rwipslda\n"
		"listrights: ~/Mail/saved smith la r swicdkxte\n"
		"myrights: INBOX rwiptsldaex\n"},
	    {IN("* LANGUAGE (EN)\r\n"
		"* COMPARATOR \"i;ascii-casemap\" (\"i;octet\")\r\n"
		"* THREAD (2)(3 6 (4 23)(44 7 96))\r\n"
		"* THREAD\r\n"),
		"language: (EN)\n"
		"comparator: \"i;ascii-casemap\" (\"i;octet\")\n"
		"thread: (2) (3 6 (4 23) (44 7 96))\n"
		"thread\n"},
	    {IN("* GENURLAUTH \"imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2006-10-31T23:59:59Z;urlauth=anonymous:internal:91354a473744909de610943775f92038\" "
		"\"x\"\r\n"),
		"genurlauth: \"imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2006-10-31T23:59:59Z;urlauth=anonymous:internal:91354a473744909de610943775f92038\" "
		"\"x\"\n"},
	    {IN("* CONVERSION \"IMAGE/GIF\" \"IMAGE/JPEG\" "
		"(\"UNKNOWN-CHARACTER-REPLACEMENT\")\r\n"),
		"conversion: \"IMAGE/GIF\" \"IMAGE/JPEG\" "
		"(\"UNKNOWN-CHARACTER-REPLACEMENT\")\n"},
	    {IN("* XLIST (\\Inbox) \"/\" Inbox\r\n"
		"* 5 X-ODD (a \"b\" NIL {3}\r\n"
		"x y)\r\n"
		"* X-ALONE\r\n"
		"* FETCH 5\r\n"
		"* 3 SEARCH 1\r\n"
		"* 3 OK\r\n"),
		"other \"XLIST\": (\\Inbox) \"/\" Inbox\n"
		"other \"X-ODD\" num=5: (a \"b\" NIL \"x y\")\n"
		"other \"X-ALONE\"\n"
		"other \"FETCH\": 5\n"
		"other \"SEARCH\" num=3: 1\n"
		"other \"OK\" num=3\n"},
	    {IN("* X-~ ~ ~x ~\"q\" a{3} %*\r\n"
		"* X-TAB a\tb\r\n"
		"* X-GLUE a(b)c\"d\"e\r\n"),
		"other \"X-~\": ~ ~x ~ \"q\" a{3} %25*\n"
		"other \"X-TAB\": a b\n"
		"other \"X-GLUE\": a (b) c \"d\" e\n"},
	    {IN("* X-WIDE   a    b   \r\n"), "other \"X-WIDE\": a b\n"},
	};

	CHECK_TRANSCRIPTS(t);
}

static struct node atom_node(const char *s, const struct node *next)
{
	return (struct node){.kind = NODE_ATOM, .s = s, .len = strlen(s), .next = next};
}

TEST(nodes)
{
	struct node number = atom_node("4294967296", NULL);
	struct node name = atom_node("Size", &number);
	struct node list = {.kind = NODE_LIST, .s = "", .next = &name};
	struct node key = atom_node("size", &list);
	struct node nil = {.kind = NODE_NIL, .s = ""};
	uint32_t small = 7;
	uint64_t big = 7;

	CHECK(node_is(&name, "SIZE"));
	CHECK(!node_is(&name, "SIZ") && !node_is(&name, "SIZES"));
	CHECK(!node_is(&list, "") && !node_is(&nil, "") && !node_is(NULL, ""));
	CHECK(node_pair(&name, "size") == &number);
	CHECK(node_pair(&key, "SIZE") == &list);
	CHECK(node_pair(&list, "SIZE") == NULL); /* no name of a pair */
	CHECK(node_pair(&number, "4294967296") == NULL);
	CHECK(node_pair(NULL, "x") == NULL);
	CHECK_INT(node_u32(&number, &small), -1);
	CHECK_INT(node_u32(&list, &small), -1);
	CHECK_INT(node_u32(&nil, &small), -1);
	CHECK_INT(node_u32(NULL, &small), -1);
	CHECK_INT(small, 7);
	CHECK_INT(node_u63(NULL, &big), -1);
	CHECK_INT(node_u63(&number, &big), 0);
	CHECK_INT(big, 4294967296);
}

UNIT_MAIN
