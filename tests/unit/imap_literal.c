/* Literals, from memory and from descriptors, against a scripted server. */
#include "imap_peer.h"

#include <fcntl.h>

/* X with a literal of n octets. */
static uint32_t send_literal(struct talk *t, const char *name, size_t n)
{
	struct imap_cmd c;
	char octets[8192];

	memset(octets, 'x', sizeof(octets));
	imap_cmd_init(&c, t->s, name);
	imap_literal(&c, octets, n, false);
	return imap_send(t->s, &c, &t->f);
}

/* ---- literals */

TEST(literals_without_leave)
{
	struct talk t = {0};

	REQUIRE(talk_open(&t,
	    PEER_IN("LITERAL+") "< a1 X {3+}\n= xxx\n< \n< a2 Y {5000+}\n< xxx...\n> a1 OK\n"
				"> a2 OK\n"));
	send_literal(&t, "X", 3);
	CHECK_INT(talk_finish(&t, send_literal(&t, "Y", 5000)), 0);
	talk_close(&t);
	REQUIRE(talk_open(&t,
	    PEER_IN("LITERAL-") "< a1 X {4096+}\n< xxx...\n< a2 Y {4097}\n?\n> + go\n"
				"< xxx...\n> a1 OK\n> a2 OK\n"));
	send_literal(&t, "X", 4096);
	CHECK_INT(talk_finish(&t, send_literal(&t, "Y", 4097)), 0);
	talk_close(&t);
}

TEST(literals_with_leave)
{
	struct talk t = {0};
	struct imap_cmd c;

	REQUIRE(talk_open(&t,
	    PEER_IN("") "< a1 X {3}\n?\n> * 5 EXISTS\n> + \n= xxx\n< \n< a2 Y {0}\n?\n"
			"> + go\n<  ~{2}\n?\n> +\n= y)\n< \n> a1 OK\n> a2 OK\n"));
	send_literal(&t, "X", 3);
	imap_cmd_init(&c, t.s, "Y");
	imap_literal(&c, "", 0, false);
	imap_literal(&c, "y)", 2, true);
	CHECK_INT(talk_finish(&t, imap_send(t.s, &c, &t.f)), 0);
	talk_close(&t);
}

TEST(literal_refused)
{
	struct talk t = {0};

	/* the rest of the command is dropped, and what waited behind it goes on */
	REQUIRE(talk_open(&t,
	    PEER_IN("") "< a1 X {3}\n> a1 NO [TOOBIG] no\n< a2 NOOP\n> a2 OK\n"
			"< a3 Y {3}\n> a3 BAD\n< a4 NOOP\n> a4 OK\n"));
	uint32_t x = send_literal(&t, "X", 3);
	uint32_t noop = talk_send(&t, "NOOP");
	CHECK_INT(talk_finish(&t, x), -1);
	CHECK_STR(t.f.msg, "command: NO [TOOBIG] no");
	CHECK(imap_alive(t.s));
	CHECK_INT(talk_finish(&t, noop), 0);
	CHECK_INT(talk_finish(&t, send_literal(&t, "Y", 3)), -1);
	CHECK_INT(talk_finish(&t, talk_send(&t, "NOOP")), 0);
	talk_close(&t);
}

TEST(leave_that_nobody_asked_for)
{
	struct talk t = {0};
	struct event ev;

	REQUIRE(talk_open(&t,
	    PEER_IN("") "< a1 NOOP\n> + what\n> a1 OK\n< a2 X {3}\n?\n> + \n= xxx\n< \n> + \n"
			"> a2 OK\n"));
	uint32_t tag = talk_send(&t, "NOOP");
	CHECK_INT(imap_until(t.s, tag, &ev, &t.f), 1);
	CHECK_INT(ev.kind, EV_CONTINUE);
	CHECK_STR(ev.text, "what");
	CHECK_INT(imap_until(t.s, tag, &ev, &t.f), 0);
	CHECK_INT(talk_finish(&t, send_literal(&t, "X", 3)), 0);
	talk_close(&t);
}

/* ---- literals from a descriptor */

enum { BIG = 5000000 };

static int big_file(size_t n)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char block[50000];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7 % 251);
	for (size_t at = 0; at < n; at += sizeof(block))
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			abort();
	return fd;
}

static uint32_t send_file(struct talk *t, int fd, off_t offset, uint64_t n)
{
	struct imap_cmd c;

	imap_cmd_init(&c, t->s, "APPEND");
	imap_mailbox(&c, "x");
	imap_literal_fd(&c, fd, offset, n, false);
	return imap_send(t->s, &c, &t->f);
}

/* Floods the client with ten times what any buffer holds before it reads, and again while it does. */
static void flood(struct peer *p)
{
	static const char hello[] = "> * PREAUTH [CAPABILITY LITERAL+] hello";
	static const char append[] = "a1 APPEND x {5000000+}";
	static const char talk[] = "* OK this server talks a lot\r\n";
	char line[200];
	size_t got = 0;

	peer_step(p, hello, strlen(hello));
	for (int i = 0; i < 60000; i++)
		peer_say(p, talk, strlen(talk));
	peer_expect(p, append, strlen(append));
	while (got < BIG) {
		char c[10000];
		ssize_t r = read(p->fd, c, sizeof(c) < BIG - got ? sizeof(c) : BIG - got);

		if (r <= 0)
			return;
		for (ssize_t i = 0; i < r; i++, got++)
			if (c[i] != (char)(got % 50000 * 7 % 251))
				peer_wrong(p, "the octets of the file", 22, "something else");
		peer_say(p, "* 5 EXISTS\r\n", 12);
	}
	peer_line(p, line, sizeof(line));
	if (*line != '\0')
		peer_wrong(p, "", 0, line);
	peer_say(p, "a1 OK done\r\n", 12);
}

TEST(an_upload_into_a_flood)
{
	struct talk t = {.peer.talk = flood};
	int fd = big_file(BIG);

	REQUIRE(talk_open(&t, NULL));
	CHECK_INT(talk_finish(&t, send_file(&t, fd, 0, BIG)), 0);
	CHECK(imap_stats(t.s).app_up >= BIG);
	talk_close(&t);
	close(fd);
}

TEST(a_piece_of_a_file)
{
	struct talk t = {0};
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	CHECK(write(fd, "0123456789", 10) == 10);
	REQUIRE(talk_open(&t, PEER_IN("") "< a1 APPEND x {4}\n> + \n= 3456\n< \n> a1 OK\n"));
	CHECK_INT(talk_finish(&t, send_file(&t, fd, 3, 4)), 0);
	talk_close(&t);
	close(fd);
}

TEST(a_file_that_is_short)
{
	struct talk t = {0};
	int fd = big_file(50000);

	REQUIRE(talk_open(&t, PEER_IN("LITERAL+")));
	CHECK_INT(talk_finish(&t, send_file(&t, fd, 0, 50001)), -1);
	CHECK_INT(t.f.cls, FAULT_IO);
	CHECK(!imap_alive(t.s));
	talk_close(&t);
	close(fd);
}

TEST(a_descriptor_that_is_closed)
{
	struct talk t = {0};
	int fd = big_file(50000);

	REQUIRE(talk_open(&t, PEER_IN("LITERAL+")));
	CHECK(send_file(&t, fd, 0, 50000) != 0);
	close(fd);
	/* no LOGOUT, which would have to wait for the file */
	talk_close(&t);
	CHECK_STR(t.peer.rest, "");
}

/* NO while the file is on its way: it counts, and the line ends there. */
TEST(an_upload_refused_halfway)
{
	struct talk t = {0};
	int fd = big_file(BIG);

	REQUIRE(talk_open(
	    &t, PEER_IN("LITERAL+") "< a1 APPEND x {5000000+}\n> a1 NO [OVERQUOTA] full\n"));
	CHECK_INT(talk_finish(&t, send_file(&t, fd, 0, BIG)), -1);
	CHECK_STR(t.f.msg, "APPEND: NO [OVERQUOTA] full");
	CHECK(!imap_alive(t.s));
	close(fd);
	talk_close(&t);
}

UNIT_MAIN
