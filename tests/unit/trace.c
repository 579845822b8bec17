#include "wire/trace.h"

#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int fds[2];
static char shown[16384];

static struct trace *begin(void)
{
	return pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0 ? trace_new(fds[1], "imap") : NULL;
}

static const char *end(struct trace *t)
{
	trace_free(t);
	close(fds[1]);
	ssize_t n = read(fds[0], shown, sizeof(shown) - 1);
	close(fds[0]);
	shown[n > 0 ? n : 0] = '\0';
	return shown;
}

static void up(struct trace *t, const char *s)
{
	trace_octets(t, true, s, strlen(s));
}

static void down(struct trace *t, const char *s)
{
	trace_octets(t, false, s, strlen(s));
}

TEST(lines_both_ways)
{
	struct trace *t = begin();

	REQUIRE(t != NULL);
	down(t, "* OK ready\r\n");
	up(t, "a1 NOOP\r\na2 NOOP\r\n");
	down(t, "a1 OK\r\na2 ");
	down(t, "OK\r\n");
	trace_note(t, "%s on", "COMPRESS");
	CHECK_STR(end(t),
	    "imap< * OK ready\nimap> a1 NOOP\nimap> a2 NOOP\nimap< a1 OK\nimap< a2 OK\n"
	    "imap- COMPRESS on\n");
}

TEST(octet_by_octet)
{
	const char *s = "* 1 FETCH (BODY[] {5}\r\na\r\nb\n FLAGS ())\r\n* 2 EXISTS\r\n";
	struct trace *t = begin();

	REQUIRE(t != NULL);
	for (size_t i = 0; s[i] != '\0'; i++)
		trace_octets(t, false, s + i, 1);
	CHECK_STR(
	    end(t), "imap< * 1 FETCH (BODY[] {5}\nimap< [5 octets] FLAGS ())\nimap< * 2 EXISTS\n");
}

TEST(literals_are_sizes)
{
	struct trace *t = begin();

	REQUIRE(t != NULL);
	up(t, "a APPEND x {3+}\r\nabc\r\n");
	up(t, "b X ~{2}\r\n\r\n y {0}\r\nz\r\n");
	up(t, "c {99999999999999999999}\r\nd {x}\r\n{}\r\n}\r\n");
	CHECK_STR(end(t),
	    "imap> a APPEND x {3+}\nimap> [3 octets]\nimap> b X ~{2}\nimap> [2 octets] y {0}\n"
	    "imap> z\nimap> c {99999999999999999999}\nimap> d {x}\nimap> {}\nimap> }\n");
}

TEST(chunks_are_sizes)
{
	struct trace *t = begin();

	REQUIRE(t != NULL);
	up(t, "BDAT 7\r\nSubject");
	up(t, "BDAT 3 LAST\r\n: x");
	down(t, "250 ok\r\n");
	CHECK_STR(end(t),
	    "imap> BDAT 7\nimap> [7 octets]\nimap> BDAT 3 LAST\nimap> [3 octets]\nimap< 250 ok\n");
}

TEST(secrets_are_numbers)
{
	struct trace *t = begin();

	REQUIRE(t != NULL);
	up(t, "a LOGIN alice ");
	trace_hidden(t, true, 10, "secret");
	up(t, "\r\n");
	trace_hidden(t, true, 16384, NULL);
	trace_hidden(t, true, 1, NULL);
	trace_hidden(t, true, 1, "secret");
	trace_hidden(t, true, 0, "secret");
	down(t, "a OK\r\n");
	CHECK_STR(end(t),
	    "imap> a LOGIN alice [secret, 10 octets]\nimap> [16385 octets][secret, 1 octet]\n"
	    "imap< a OK\n");
}

TEST(a_secret_literal)
{
	struct trace *t = begin();

	REQUIRE(t != NULL);
	up(t, "a LOGIN alice {4+}\r\n");
	trace_hidden(t, true, 4, "secret");
	up(t, "\r\nb NOOP\r\n");
	CHECK_STR(end(t), "imap> a LOGIN alice {4+}\nimap> [secret, 4 octets]\nimap> b NOOP\n");
}

TEST(safe_for_a_terminal)
{
	struct trace *t = begin();

	REQUIRE(t != NULL);
	trace_octets(t, false, "* OK \033]0;x\007 \377\0\xc3\xa9\r\n", 18);
	CHECK_STR(end(t), "imap< * OK \\033]0;x\\007 \\377\\000\xc3\xa9\n");
}

TEST(long_lines_are_cut)
{
	struct trace *t = begin();
	char line[600], want[600] = "imap< ";

	REQUIRE(t != NULL);
	memset(line, 'x', sizeof(line));
	line[599] = '\n';
	trace_octets(t, false, line, sizeof(line));
	trace_octets(t, false, "short\n", 6);
	memset(want + 6, 'x', 512);
	memcpy(want + 518, "...\nimap< short\n", 17);
	CHECK_STR(end(t), want);
}

UNIT_MAIN
