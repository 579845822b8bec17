#include "app/input.h"

#include <sys/time.h>
#include <unistd.h>

#include "app/locate.h"

#include "unit.h"

static struct fault f;
static struct input in;
static int writer;

static void begin(size_t max)
{
	int fd[2];

	f = (struct fault){0};
	if (pipe(fd) == -1)
		unit_failed = true;
	input_init(&in, fd[0], max);
	writer = fd[1];
}

static void put(const char *p, size_t n)
{
	if (write(writer, p, n) != (ssize_t)n)
		unit_failed = true;
}

static void end(void)
{
	close(in.fd);
	input_free(&in);
}

/* The next line as "text", or the kind as a word. */
static const char *next(void)
{
	static const char *const kinds[] = {"", "LONG", "NUL", "PAUSE", "END", "FAULT"};
	char *text = NULL;
	enum input_kind kind = input_next(&in, 0, &text, &f);

	return kind == INPUT_LINE ? text : kinds[kind];
}

TEST(lines_come_whole)
{
	begin(10);
	put("a\n\nbb\r\nlast", 11);
	close(writer);
	CHECK_STR(next(), "a");
	CHECK_STR(next(), "");
	CHECK_STR(next(), "bb\r");
	CHECK_INT(in.line, 3);
	CHECK_STR(next(), "last");
	CHECK_STR(next(), "END");
	CHECK_STR(next(), "END");
	CHECK_INT(in.line, 4);
	end();
}

TEST(lines_come_octet_by_octet)
{
	begin(10);
	CHECK_STR(next(), "PAUSE");
	for (const char *p = "one\ntwo\n"; *p != '\0'; p++) {
		put(p, 1);
		if (*p == '\n')
			CHECK_STR(next(), p[-1] == 'e' ? "one" : "two");
		else
			CHECK_STR(next(), "PAUSE");
	}
	close(writer);
	CHECK_STR(next(), "END");
	end();
}

TEST(the_longest_line)
{
	begin(10);
	put("0123456789\n0123456789x\nnext\n0123456789", 38);
	close(writer);
	CHECK_STR(next(), "0123456789");
	CHECK_STR(next(), "LONG");
	CHECK_STR(next(), "next");
	CHECK_STR(next(), "0123456789");
	CHECK_STR(next(), "END");
	CHECK_INT(in.line, 4);
	end();
}

TEST(a_line_much_too_long_is_one_line)
{
	begin(4);
	for (int i = 0; i < 100; i++)
		put("0123456789", 10);
	put("\nok\n", 4);
	CHECK_STR(next(), "LONG");
	CHECK_STR(next(), "ok");
	put("012345678", 9);
	CHECK_STR(next(), "PAUSE");
	close(writer);
	CHECK_STR(next(), "LONG");
	CHECK_STR(next(), "END");
	end();
}

TEST(a_nul_is_told)
{
	begin(10);
	put("a\0b\n\0\nc\n", 8);
	close(writer);
	CHECK_STR(next(), "NUL");
	CHECK_STR(next(), "NUL");
	CHECK_STR(next(), "c");
	CHECK_STR(next(), "END");
	end();
}

TEST(nothing_at_all)
{
	begin(10);
	close(writer);
	CHECK_STR(next(), "END");
	CHECK_INT(in.line, 0);
	end();
}

TEST(a_descriptor_that_is_none)
{
	input_init(&in, 999, 10);
	f = (struct fault){0};
	CHECK_STR(next(), "FAULT");
	CHECK_INT(f.cls, FAULT_IO);
	input_free(&in);
}

/* The next line as "text", or the fault, or "END". */
static const char *line(void)
{
	char *text = NULL;
	int r = input_line(&in, &text, &f);

	return r == 1 ? text : r == 0 ? "END" : f.msg;
}

TEST(one_line_after_the_other)
{
	begin(10);
	put("one\n\n0123456789x\na\0b\ntwo", 24);
	close(writer);
	CHECK_STR(line(), "one");
	CHECK_STR(line(), "");
	CHECK_STR(line(), "standard input, line 3: too long");
	CHECK_INT(f.cls, FAULT_DATA);
	f = (struct fault){0};
	CHECK_STR(line(), "standard input, line 4: has a NUL in it");
	CHECK_INT(f.cls, FAULT_DATA);
	CHECK_STR(line(), "two");
	CHECK_STR(line(), "END");
	end();
	input_init(&in, 999, 10);
	line();
	CHECK_INT(f.cls, FAULT_IO);
	input_free(&in);
}

TEST(urls_in_lines)
{
	char *text = NULL;

	begin(40);
	put("\n \t\r\nnew\tx\timap://h/a\r\n  work/b \n\n", 34);
	close(writer);
	CHECK_INT(locate_next(&in, &text, &f), 1);
	CHECK_STR(text, "imap://h/a");
	CHECK_INT(locate_next(&in, &text, &f), 1);
	CHECK_STR(text, "work/b");
	CHECK_INT(locate_next(&in, &text, &f), 0);
	end();
	input_init(&in, 999, 10);
	CHECK_INT(locate_next(&in, &text, &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	input_free(&in);
}

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

/* More than one signal, as the first may come before anybody waits. */
TEST(a_signal_ends_the_wait)
{
	struct sigaction sa = {.sa_handler = stop};
	struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};

	begin(10);
	in.stop = &stopped;
	put("one\npart", 8);
	CHECK_STR(line(), "one");
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	CHECK_STR(line(), "END");
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK_INT(stopped, SIGALRM);
	close(writer);
	end();
}

UNIT_MAIN
