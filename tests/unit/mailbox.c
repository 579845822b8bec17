#include "imap/mailbox.h"

#include "imap_peer.h"

/* Opens a mailbox whose SELECT is answered with this line. */
static void open_with(const char *line, struct mailbox *m)
{
	struct talk t = {0};
	char script[8192];

	snprintf(script, sizeof(script),
	    PEER_IN("UIDPLUS") "< a1 SELECT x\n> * OK [UIDVALIDITY 3] x\n%s> a1 OK done\n", line);
	REQUIRE(talk_open(&t, script));
	CHECK_INT(mailbox_open(t.s, "x", false, 0, m, &t.f), 0);
	talk_close(&t);
}

TEST(flags_that_stay)
{
	struct mailbox m;

	open_with("> * OK [PERMANENTFLAGS (\\Seen \\Deleted $Forwarded)] x\n", &m);
	CHECK(mailbox_keeps(&m, "\\Seen"));
	CHECK(mailbox_keeps(&m, "\\deleted"));
	CHECK(mailbox_keeps(&m, "$forwarded"));
	CHECK(!mailbox_keeps(&m, "\\Flagged"));
	CHECK(!mailbox_keeps(&m, "$Junk"));
	CHECK(!mailbox_keeps(&m, "Seen"));
	CHECK(!mailbox_keeps(&m, "\\See"));
	CHECK(!mailbox_keeps(&m, ""));
}

TEST(any_keyword_stays)
{
	struct mailbox m;

	open_with("> * OK [PERMANENTFLAGS (\\Seen \\*)] x\n", &m);
	CHECK(mailbox_keeps(&m, "\\Seen"));
	CHECK(mailbox_keeps(&m, "$Junk"));
	CHECK(!mailbox_keeps(&m, "\\Flagged"));
}

TEST(no_flag_stays)
{
	struct mailbox m;

	open_with("> * OK [PERMANENTFLAGS ()] x\n", &m);
	CHECK(!mailbox_keeps(&m, "\\Seen"));
	CHECK(!mailbox_keeps(&m, "$Junk"));
}

TEST(nothing_is_known)
{
	struct mailbox m;

	open_with("", &m);
	CHECK(mailbox_keeps(&m, "\\Seen"));
	CHECK(mailbox_keeps(&m, "$Junk"));
}

TEST(more_flags_than_are_kept)
{
	char line[4096];
	struct mailbox m;
	int n = snprintf(line, sizeof(line), "> * OK [PERMANENTFLAGS (\\Seen");

	for (int i = 0; i < MAILBOX_PERMANENT_MAX / 8; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " word%04d", i);
	snprintf(line + n, sizeof(line) - (size_t)n, ")] x\n");
	open_with(line, &m);
	CHECK_STR(m.permanent, "");
	CHECK(mailbox_keeps(&m, "\\Seen"));
	CHECK(mailbox_keeps(&m, "\\Flagged"));
}

UNIT_MAIN
