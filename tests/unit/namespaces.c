/* NAMESPACE: what the server says, and whose a mailbox is. */
#include "imap_peer.h"

#include "app/namespaces.h"

/* The namespaces of a response; what is not one leaves none. */
static void say(struct namespaces *n, const char *response)
{
	struct talk t = {0};
	struct event ev;
	char script[4096];
	int r, ours = 0;

	snprintf(script, sizeof(script),
	    PEER_IN("NAMESPACE") "< a1 NAMESPACE\n> * 1 EXISTS\n> %s\n> a1 OK\n", response);
	REQUIRE(talk_open(&t, script));
	uint32_t tag = namespaces_send(t.s, &t.f);
	while ((r = imap_until(t.s, tag, &ev, &t.f)) == 1)
		ours += namespaces_event(n, t.s, &ev);
	CHECK_INT(r, 0);
	CHECK_INT(ours, 1);
	talk_close(&t);
}

TEST(whose_it_is)
{
	static const struct {
		const char *name;
		enum namespace_kind kind;
	} cases[] = {{"INBOX", NAMESPACE_OWN}, {"Sent", NAMESPACE_OWN}, {"user", NAMESPACE_OTHERS},
	    {"user/bob", NAMESPACE_OTHERS}, {"users", NAMESPACE_OWN},
	    {"Gr\xc3\xbcn/x", NAMESPACE_SHARED}, {"Gr\xc3\xbcn", NAMESPACE_SHARED},
	    {"user/public/x", NAMESPACE_SHARED}, {"", NAMESPACE_OWN}};
	struct namespaces n = {0};

	CHECK_INT(namespaces_kind(&n, "INBOX"), NAMESPACE_UNKNOWN);
	say(&n,
	    "* NAMESPACE ((\"\" \"/\")) ((\"user/\" \"/\" \"X-PARAM\" (\"a\" \"b\"))) "
	    "((\"Gr&APw-n/\" \"/\")(\"user/public/\" \"/\"))");
	CHECK_INT(n.n, 4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(namespaces_kind(&n, cases[i].name), cases[i].kind);
	namespaces_free(&n);
}

TEST(a_prefix_before_everything)
{
	struct namespaces n = {0};

	say(&n, "* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared.\" NIL))");
	CHECK_INT(n.n, 2);
	CHECK_INT(n.ns[0].delimiter, '.');
	CHECK_INT(n.ns[1].delimiter, 0);
	CHECK_INT(namespaces_kind(&n, "INBOX"), NAMESPACE_OWN);
	CHECK_INT(namespaces_kind(&n, "inbox"), NAMESPACE_OWN);
	CHECK_INT(namespaces_kind(&n, "INBOX.a"), NAMESPACE_OWN);
	CHECK_INT(namespaces_kind(&n, "other"), NAMESPACE_UNKNOWN);
	CHECK_INT(namespaces_kind(&n, "#shared.x"), NAMESPACE_SHARED);
	CHECK_INT(namespaces_kind(&n, "#shared"), NAMESPACE_UNKNOWN);
	namespaces_free(&n);
}

TEST(odd_answers)
{
	static const char *const odd[] = {"* NAMESPACE NIL NIL NIL", "* NAMESPACE",
	    "* NAMESPACE NIL", "* NAMESPACE (NIL) (()) ((NIL NIL))", "* NAMESPACE ((a \"/\")) x y",
	    "* NAMESPACE ((\"a\xff\" \"/\")) NIL NIL", "* NAMESPACE ((\"A&B\" \"/\")) NIL NIL",
	    "* NAMESPACE NIL NIL NIL (((\"\" \"/\")))"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct namespaces n = {0};

		say(&n, odd[i]);
		CHECK_INT(n.n, 0);
		namespaces_free(&n);
	}
}

TEST(no_more_than_there_is_room_for)
{
	struct namespaces n = {0};
	char text[4096] = "* NAMESPACE (", *p = text + strlen(text);

	for (int i = 0; i < NAMESPACES_MAX + 3; i++)
		p += sprintf(p, "(\"n%d/\" \"/\")", i);
	sprintf(p, ") NIL NIL");
	say(&n, text);
	CHECK_INT(n.n, NAMESPACES_MAX);
	say(&n, "* NAMESPACE ((\"\" NIL)) NIL NIL");
	CHECK_INT(n.n, 1);
	namespaces_free(&n);

	snprintf(text, sizeof(text), "* NAMESPACE ((\"%0*d\" \"/\")(\"%0*d\" NIL)) NIL NIL",
	    NAMESPACE_PREFIX_MAX + 1, 0, NAMESPACE_PREFIX_MAX, 0);
	say(&n, text);
	CHECK_INT(n.n, 1);
	namespaces_free(&n);
}

TEST(words)
{
	CHECK_STR(namespace_word(NAMESPACE_UNKNOWN), NULL);
	CHECK_STR(namespace_word(NAMESPACE_OWN), "own");
	CHECK_STR(namespace_word(NAMESPACE_OTHERS), "others");
	CHECK_STR(namespace_word(NAMESPACE_SHARED), "shared");
}

UNIT_MAIN
