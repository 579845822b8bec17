#include "app/input.h"

#include <unistd.h>

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

UNIT_MAIN
