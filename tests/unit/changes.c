/* Changes to mailboxes against a scripted server: what goes in one flight, and whose answer is whose. */
#include "imap_peer.h"

#include "app/changes.h"
#include "app/mailboxes.h"

/* Makes the changes against the script, after a look where `look` is set. */
static int make(const char *script, struct change *c, size_t n, bool look)
{
	struct talk t = {0};
	int r = 0;

	if (talk_open(&t, script) == NULL)
		return -2;
	if (look)
		r = changes_look(t.s, c, n, &t.f);
	if (r == 0)
		r = changes_make(t.s, c, n, &t.f);
	talk_close(&t);
	return r;
}

TEST(all_kinds_in_one_flight)
{
	struct change c[] = {{.kind = CHANGE_CREATE, .name = "Entw\xc3\xbcrfe"},
	    {.kind = CHANGE_RENAME, .name = "a b", .to = "c"}, {.kind = CHANGE_DELETE, .name = "d"},
	    {.kind = CHANGE_SUBSCRIBE, .name = "inbox"}, {.kind = CHANGE_UNSUBSCRIBE, .name = "e"}};

	CHECK_INT(
	    make(PEER_IN("") "< a1 CREATE Entw&APw-rfe\n"
			     "< a2 STATUS Entw&APw-rfe (MESSAGES UIDVALIDITY)\n"
			     "< a3 STATUS \"a b\" (MESSAGES UIDVALIDITY)\n"
			     "< a4 RENAME \"a b\" c\n"
			     "< a5 STATUS c (MESSAGES UIDVALIDITY)\n"
			     "< a6 STATUS d (MESSAGES UIDVALIDITY)\n"
			     "< a7 DELETE d\n"
			     "< a8 STATUS INBOX (MESSAGES UIDVALIDITY)\n"
			     "< a9 SUBSCRIBE INBOX\n"
			     "< a10 STATUS e (MESSAGES UIDVALIDITY)\n"
			     "< a11 UNSUBSCRIBE e\n"
			     "> a1 OK\n"
			     "> * STATUS Entw&APw-rfe (UIDVALIDITY 1)\n> a2 OK\n"
			     "> * STATUS \"a b\" (UIDVALIDITY 2 MESSAGES 5)\n> a3 OK\n> a4 OK\n"
			     "> * STATUS c (UIDVALIDITY 3)\n> a5 OK\n"
			     "> * STATUS d (UIDVALIDITY 4 MESSAGES 9)\n> a6 OK\n> a7 OK\n"
			     "> * STATUS Inbox (UIDVALIDITY 6)\n> a8 OK\n> a9 OK\n"
			     "> a10 NO no such\n> a11 OK\n",
		c, 5, false),
	    0);
	for (size_t i = 0; i < 5; i++) {
		CHECK(c[i].done);
		CHECK_INT(c[i].why.cls, FAULT_NONE);
	}
	CHECK_INT(c[0].uidvalidity, 1);
	CHECK_INT(c[1].uidvalidity, 2);
	CHECK_INT(c[1].to_uidvalidity, 3);
	CHECK_INT(c[2].uidvalidity, 4);
	CHECK_INT(c[3].uidvalidity, 6);
	CHECK_INT(c[4].uidvalidity, 0);
}

TEST(a_refusal_is_its_own)
{
	struct change c[] = {{.kind = CHANGE_CREATE, .name = "a"},
	    {.kind = CHANGE_CREATE, .name = "b\xff"}, {.kind = CHANGE_CREATE, .name = "d"},
	    {.kind = CHANGE_CREATE, .name = "e", .use = LIST_SENT},
	    {.kind = CHANGE_CREATE, .name = "f", .why = {FAULT_DATA, "before"}}};

	CHECK_INT(
	    make(PEER_IN("") "< a1 CREATE a\n< a2 STATUS a...\n< a3 CREATE d\n< a4 STATUS d...\n"
			     "> a1 NO [ALREADYEXISTS] it is\n"
			     "> * STATUS a (UIDVALIDITY 7)\n> a2 OK\n"
			     "> a3 OK\n> * STATUS d (UIDVALIDITY 8)\n> a4 OK\n",
		c, 5, false),
	    0);
	CHECK(!c[0].done);
	CHECK_INT(c[0].why.cls, FAULT_REFUSED);
	CHECK_STR(c[0].why.msg, "CREATE: NO [ALREADYEXISTS] it is");
	CHECK(!c[1].done);
	CHECK_INT(c[1].why.cls, FAULT_DATA);
	CHECK(c[2].done);
	CHECK_INT(c[2].uidvalidity, 8);
	CHECK(!c[3].done);
	CHECK_INT(c[3].why.cls, FAULT_REFUSED);
	CHECK(!c[4].done);
	CHECK_STR(c[4].why.msg, "before");
}

TEST(special_uses)
{
	struct change c = {.kind = CHANGE_CREATE, .name = "a", .use = LIST_SENT | LIST_DRAFTS};

	CHECK_INT(make(PEER_IN("CREATE-SPECIAL-USE") "< a1 CREATE a (USE (\\Drafts \\Sent))\n"
						     "< a2 STATUS a (MESSAGES UIDVALIDITY)\n"
						     "> a1 NO [USEATTR] one only\n> a2 NO no\n",
		      &c, 1, false),
	    0);
	CHECK_STR(c.why.msg, "CREATE: NO [USEATTR] one only");
}

TEST(a_look_before)
{
	struct change c[] = {{.kind = CHANGE_DELETE, .name = "a", .look = true},
	    {.kind = CHANGE_DELETE, .name = "b", .look = true, .expected = 5},
	    {.kind = CHANGE_RENAME, .name = "c", .to = "d", .look = true, .expected = 3},
	    {.kind = CHANGE_DELETE, .name = "e"},
	    {.kind = CHANGE_DELETE, .name = "f", .look = true}};

	CHECK_INT(
	    make(PEER_IN(
		     "") "< a1 STATUS a...\n< a2 STATUS b...\n< a3 STATUS c...\n< a4 STATUS f...\n"
			 "> * STATUS a (UIDVALIDITY 1 MESSAGES 0)\n> a1 OK\n"
			 "> * STATUS b (UIDVALIDITY 2 MESSAGES 0)\n> a2 OK\n"
			 "> * STATUS c (UIDVALIDITY 3 MESSAGES 4)\n> a3 OK\n"
			 "> a4 NO [NONEXISTENT] gone\n"
			 "< a5 DELETE a\n< a6 RENAME c d\n< a7 STATUS d...\n"
			 "< a8 STATUS e...\n< a9 DELETE e\n"
			 "> a5 OK\n> a6 OK\n> * STATUS d (UIDVALIDITY 6)\n> a7 OK\n"
			 "> * STATUS e (UIDVALIDITY 7)\n> a8 OK\n> a9 OK\n",
		c, 5, true),
	    0);
	CHECK(c[0].done && c[2].done && c[3].done);
	CHECK_INT(c[0].uidvalidity, 1);
	CHECK_STR(c[1].why.msg, "stale URL: its UIDVALIDITY is 2 now, not 5");
	CHECK_INT(c[1].why.cls, FAULT_DATA);
	CHECK_INT(c[2].uidvalidity, 3);
	CHECK_INT(c[2].to_uidvalidity, 6);
	CHECK_INT(c[2].messages, 4);
	CHECK_INT(c[4].why.cls, FAULT_DATA);
}

TEST(the_status_of_another_is_nobodys)
{
	struct change c = {.kind = CHANGE_DELETE, .name = "a"};

	CHECK_INT(
	    make(
		PEER_IN(
		    "") "< a1 STATUS a...\n< a2 DELETE a\n"
			"> * STATUS b (UIDVALIDITY 9)\n> a1 OK\n> * STATUS a (UIDVALIDITY 8)\n> a2 OK\n",
		&c, 1, false),
	    0);
	CHECK(c.done);
	CHECK_INT(c.uidvalidity, 0);
}

TEST(a_line_that_is_lost)
{
	struct change c[] = {
	    {.kind = CHANGE_CREATE, .name = "a"}, {.kind = CHANGE_CREATE, .name = "b"}};

	CHECK_INT(
	    make(
		PEER_IN(
		    "") "< a1 CREATE a\n< a2 STATUS a...\n< a3 CREATE b\n< a4 STATUS b...\n> a1 OK\n!\n",
		c, 2, false),
	    -1);
	CHECK(c[0].done);
	CHECK_INT(c[0].why.cls, FAULT_NONE);
	CHECK(!c[1].done);
	CHECK_INT(c[1].why.cls, FAULT_TEMP);
}

TEST(as_many_as_a_flight_holds)
{
	struct change c[CHANGES_MAX];
	char script[8000] = PEER_IN(""), name[CHANGES_MAX][16];
	size_t at = strlen(script);

	for (int i = 0; i < CHANGES_MAX; i++) {
		snprintf(name[i], sizeof(name[i]), "n%d", i);
		c[i] = (struct change){.kind = CHANGE_RENAME, .name = name[i], .to = "x"};
	}
	for (int i = 0; i < CHANGES_MAX; i++)
		at += (size_t)snprintf(script + at, sizeof(script) - at,
		    "< a%d STATUS n%d...\n< a%d RENAME n%d x\n< a%d STATUS x...\n", 3 * i + 1, i,
		    3 * i + 2, i, 3 * i + 3);
	for (int i = 0; i < 3 * CHANGES_MAX; i++)
		at += (size_t)snprintf(script + at, sizeof(script) - at, "> a%d OK\n", i + 1);
	CHECK_INT(make(script, c, CHANGES_MAX, false), 0);
	for (int i = 0; i < CHANGES_MAX; i++)
		CHECK(c[i].done);
}

UNIT_MAIN
