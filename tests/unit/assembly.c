#include "msg/assembly.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

enum { LIMIT = 8 << 20 };

/* Without the NUL of a string. */
static void put_at(char *to, const char *s)
{
	while (*s != '\0')
		*to++ = *s++;
}

static int file_with(const void *p, size_t n)
{
	struct fault f = {0};
	int fd = assembly_spool(&f);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n)
		return -1;
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Small enough for the pipe's buffer, so that nobody has to read meanwhile. */
static int pipe_with(const void *p, size_t n)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1 || write(fd[1], p, n) != (ssize_t)n)
		return -1;
	close(fd[1]);
	return fd[0];
}

static void contents(int fd, struct buf *b)
{
	char octets[4096];
	ssize_t n;
	off_t at = 0;

	buf_reset(b);
	while ((n = pread(fd, octets, sizeof(octets), at)) > 0) {
		buf_put(b, octets, (size_t)n);
		at += n;
	}
}

static void octets_of(const struct assembly *a, size_t i, const char *want, size_t n)
{
	char octets[64];
	struct fault f = {0};

	REQUIRE(i < a->n);
	CHECK_INT(a->piece[i].size, n);
	CHECK_MEM(octets, (size_t)assembly_octets(a, &a->piece[i], 0, octets, sizeof(octets), &f),
	    want, n);
	if (n > 2)
		CHECK_MEM(octets, (size_t)assembly_octets(a, &a->piece[i], 1, octets, n - 2, &f),
		    want + 1, n - 2);
	CHECK_INT(assembly_octets(a, &a->piece[i], n, octets, sizeof(octets), &f), 0);
	CHECK_INT(assembly_octets(a, &a->piece[i], UINT64_MAX, octets, sizeof(octets), &f), 0);
}

static const char whole[] = "text 5\na\n\0\xff.\n"
			    "url imap://example.org/INBOX/;UID=1\n"
			    "text 0\n\n"
			    "text 9\ntext 3\nab\n"
			    "url work/INBOX/;UID=2/;SECTION=1\n";

static void check_whole(const struct assembly *a)
{
	CHECK_INT(a->n, 5);
	octets_of(a, 0, "a\n\0\xff.", 5);
	CHECK_STR(a->piece[1].name, "imap://example.org/INBOX/;UID=1");
	CHECK_INT(a->piece[1].kind, PIECE_URL);
	CHECK_INT(a->piece[1].size, 0);
	octets_of(a, 2, "", 0);
	octets_of(a, 3, "text 3\nab", 9);
	CHECK_STR(a->piece[4].name, "work/INBOX/;UID=2/;SECTION=1");
	CHECK_INT(assembly_size(a), 14);
}

TEST(assembly_read_leaves_the_texts_of_a_file_in_place)
{
	int fd = file_with(whole, sizeof(whole) - 1);
	struct assembly a;
	struct fault f = {0};

	REQUIRE(fd != -1);
	CHECK_INT(assembly_read(&a, fd, &f), 0);
	CHECK_INT(a.fd, fd);
	CHECK(!a.own_fd);
	check_whole(&a);
	assembly_free(&a);
	CHECK(fcntl(fd, F_GETFD) != -1);
	close(fd);
}

TEST(assembly_read_begins_at_the_offset_of_a_file)
{
	int fd = file_with("junk text 1\nx\n", 14);
	struct assembly a;
	struct fault f = {0};

	REQUIRE(fd != -1);
	lseek(fd, 5, SEEK_SET);
	CHECK_INT(assembly_read(&a, fd, &f), 0);
	CHECK_INT(a.n, 1);
	octets_of(&a, 0, "x", 1);
	assembly_free(&a);
	close(fd);
}

TEST(assembly_read_spools_a_pipe)
{
	int fd = pipe_with(whole, sizeof(whole) - 1);
	struct assembly a;
	struct fault f = {0};

	REQUIRE(fd != -1);
	CHECK_INT(assembly_read(&a, fd, &f), 0);
	CHECK(a.fd != fd && a.own_fd);
	check_whole(&a);
	assembly_free(&a);
	close(fd);
}

TEST(assembly_write_gives_back_what_was_read)
{
	int fd = pipe_with(whole, sizeof(whole) - 1), out;
	struct assembly a;
	struct fault f = {0};
	struct buf b;

	out = assembly_spool(&f);
	REQUIRE(fd != -1 && out != -1);
	buf_init(&b, LIMIT);
	CHECK_INT(assembly_read(&a, fd, &f), 0);
	CHECK_INT(assembly_write(&a, out, &f), 0);
	contents(out, &b);
	CHECK_MEM(b.data, b.len, whole, sizeof(whole) - 1);
	assembly_free(&a);
	buf_free(&b);
	close(fd);
	close(out);
}

static void refused(const char *s, size_t n, const char *message)
{
	struct assembly a;
	struct fault f = {0};
	int fd[] = {file_with(s, n), pipe_with(s, n)};

	for (size_t i = 0; i < 2; i++) {
		REQUIRE(fd[i] != -1);
		CHECK_INT(assembly_read(&a, fd[i], &f), -1);
		CHECK_INT(f.cls, FAULT_DATA);
		CHECK_STR(f.msg, message);
		CHECK_INT(a.n, 0);
		close(fd[i]);
	}
}

static void refuses(const char *s, const char *message)
{
	refused(s, strlen(s), message);
}

TEST(assembly_read_refuses_what_is_malformed)
{
	refuses("", "the assembly is empty");
	refuses("\n", "assembly, record 1: \"\" is neither text, file nor url");
	refuses("text 1\nx\nText 1\nx\n",
	    "assembly, record 2: \"Text 1\" is neither text, file nor url");
	refuses("texts 1\nx\n", "assembly, record 1: \"texts 1\" is neither text, file nor url");
	refuses("text\n", "assembly, record 1: \"text\" is neither text, file nor url");
	refuses(" text 1\nx\n", "assembly, record 1: \" text 1\" is neither text, file nor url");
	refuses("text \n\n", "assembly, record 1: \"\" is no length");
	refuses("text -1\nx\n", "assembly, record 1: \"-1\" is no length");
	refuses("text 1 \nx\n", "assembly, record 1: \"1 \" is no length");
	refuses("text  1\nx\n", "assembly, record 1: \" 1\" is no length");
	refuses("text 1\r\nx\n", "assembly, record 1: \"1\\r\" is no length");
	refuses("text 9223372036854775808\nx\n",
	    "assembly, record 1: \"9223372036854775808\" is no length");
	refuses("text 18446744073709551617\nx\n",
	    "assembly, record 1: \"18446744073709551617\" is no length");
	refuses("text 9223372036854775807\nx\n", "assembly, record 1: the text is cut short");
	refuses("text 3\nx\n", "assembly, record 1: the text is cut short");
	refuses("text 2\nx\n", "assembly, record 1: no newline after the text");
	refuses("text 1\nxy\n", "assembly, record 1: no newline after the text");
	refuses("text 1\nx", "assembly, record 1: no newline after the text");
	refuses("url imap://x", "assembly, record 1: the line has no newline");
	refuses("url \n", "assembly, record 1: \"\" cannot stand in an assembly");
	refuses("url a\tb\n", "assembly, record 1: \"a\\tb\" cannot stand in an assembly");
	refuses("url a\r\n", "assembly, record 1: \"a\\r\" cannot stand in an assembly");
	refuses("file \n", "assembly, record 1: \"\" cannot stand in an assembly");
	refused("url a\0b\n", 8, "assembly, record 1: a NUL in the line");
}

TEST(assembly_read_takes_any_prefix)
{
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		struct assembly a[2];
		struct fault f = {0};
		int file = file_with(whole, i), fd = pipe_with(whole, i);

		REQUIRE(file != -1 && fd != -1);
		CHECK_INT(assembly_read(&a[0], file, &f), assembly_read(&a[1], fd, &f));
		CHECK_INT(a[0].n, a[1].n);
		assembly_free(&a[0]);
		assembly_free(&a[1]);
		close(file);
		close(fd);
	}
}

TEST(assembly_read_has_limits)
{
	struct assembly a;
	struct fault f = {0};
	struct buf b;

	buf_init(&b, LIMIT);
	for (size_t i = 0; i < ASSEMBLY_PIECES_MAX; i++)
		buf_puts(&b, "text 0\n\n");
	int fd = file_with(b.data, b.len);
	CHECK_INT(assembly_read(&a, fd, &f), 0);
	CHECK_INT(a.n, ASSEMBLY_PIECES_MAX);
	assembly_free(&a);
	close(fd);
	buf_puts(&b, "url x\n");
	fd = file_with(b.data, b.len);
	CHECK_INT(assembly_read(&a, fd, &f), -1);
	CHECK_INT(f.cls, FAULT_DATA);
	close(fd);
	buf_reset(&b);
	buf_puts(&b, "url ");
	for (size_t i = 0; i < ASSEMBLY_LINE_MAX - 16; i++)
		buf_putc(&b, 'x');
	buf_putc(&b, '\n');
	fd = file_with(b.data, b.len);
	CHECK_INT(assembly_read(&a, fd, &f), 0);
	assembly_free(&a);
	close(fd);
	b.data[b.len - 1] = 'x';
	buf_putc(&b, '\n');
	fd = file_with(b.data, b.len);
	CHECK_INT(assembly_read(&a, fd, &f), -1);
	CHECK_INT(f.cls, FAULT_DATA);
	close(fd);
	buf_free(&b);
}

TEST(assembly_read_takes_texts_over_the_buffer)
{
	struct buf b;
	struct assembly a;
	struct fault f = {0};
	char octets[16];

	buf_init(&b, LIMIT);
	buf_puts(&b, "text 50000\n");
	for (size_t i = 0; i < 5000; i++)
		buf_puts(&b, "0123456789");
	buf_puts(&b, "\nurl x\ntext 1\ny\n");
	int fd[] = {file_with(b.data, b.len), pipe_with(b.data, b.len)};
	for (size_t i = 0; i < 2; i++) {
		REQUIRE(fd[i] != -1);
		CHECK_INT(assembly_read(&a, fd[i], &f), 0);
		CHECK_INT(a.n, 3);
		CHECK_INT(a.piece[0].size, 50000);
		CHECK_INT(assembly_octets(&a, &a.piece[0], 49995, octets, 16, &f), 5);
		CHECK_MEM(octets, 5, "56789", 5);
		octets_of(&a, 2, "y", 1);
		assembly_free(&a);
		close(fd[i]);
	}
	buf_free(&b);
}

TEST(assembly_is_built_piece_by_piece)
{
	char path[] = "/tmp/lm-unit-XXXXXX";
	struct assembly a;
	struct fault f = {0};
	struct buf b;
	int fd = mkstemp(path), out = assembly_spool(&f);

	REQUIRE(fd != -1 && out != -1 && write(fd, "file!", 5) == 5);
	buf_init(&b, LIMIT);
	assembly_init(&a);
	CHECK_INT(assembly_text(&a, "one", 3, &f), 0);
	CHECK_INT(assembly_file(&a, path, &f), 0);
	CHECK_INT(assembly_url(&a, "imap://x/y", 7, &f), 0);
	CHECK_INT(assembly_text(&a, "three", 5, &f), 0);
	octets_of(&a, 0, "one", 3);
	octets_of(&a, 1, "file!", 5);
	octets_of(&a, 3, "three", 5);
	CHECK_INT(assembly_size(&a), 20);
	CHECK_INT(assembly_write(&a, out, &f), 0);
	contents(out, &b);
	CHECK(memcmp(b.data, "text 3\none\nfile /tmp/lm-unit-", 29) == 0);
	CHECK(memmem(b.data, b.len, "\nurl imap://x/y\ntext 5\nthree\n", 29) != NULL);
	/* A file that shrank is short, and one that grew is not longer. */
	CHECK_INT(ftruncate(fd, 2), 0);
	char octets[8];
	CHECK_INT(assembly_octets(&a, &a.piece[1], 0, octets, 8, &f), 2);
	CHECK_INT(ftruncate(fd, 9), 0);
	CHECK_INT(assembly_octets(&a, &a.piece[1], 0, octets, 8, &f), 5);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(assembly_octets(&a, &a.piece[1], 0, octets, 8, &f), -1);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	CHECK_INT(assembly_octets(&a, &a.piece[2], 0, octets, 8, &f), -1);
	assembly_free(&a);
	CHECK_INT(a.n, 0);
	buf_free(&b);
	close(fd);
	close(out);
}

TEST(assembly_text_never_writes_to_the_input)
{
	int fd = file_with("text 2\nab\n", 10);
	struct assembly a;
	struct fault f = {0};
	struct buf b;

	REQUIRE(fd != -1);
	buf_init(&b, LIMIT);
	CHECK_INT(assembly_read(&a, fd, &f), 0);
	CHECK_INT(assembly_text(&a, "cd", 2, &f), 0);
	octets_of(&a, 0, "ab", 2);
	octets_of(&a, 1, "cd", 2);
	CHECK(a.fd != fd);
	contents(fd, &b);
	CHECK_MEM(b.data, b.len, "text 2\nab\n", 10);
	assembly_free(&a);
	buf_free(&b);
	close(fd);
}

TEST(assembly_refuses_files_that_are_none)
{
	char dir[] = "/tmp/lm-unit-XXXXXX", path[64];
	struct assembly a;
	struct fault f = {0};

	REQUIRE(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/x", dir);
	assembly_init(&a);
	CHECK_INT(assembly_file(&a, path, &f), -1);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	CHECK_INT(assembly_file(&a, dir, &f), -1);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(assembly_file(&a, path, &f), -1);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	CHECK_INT(a.n, 0);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(rmdir(dir), 0);
	assembly_free(&a);
}

TEST(assembly_head_ends_where_text_does)
{
	struct assembly a;
	struct fault f = {0};
	struct buf b;

	buf_init(&b, LIMIT);
	assembly_init(&a);
	CHECK_INT(assembly_text(&a, "Subject: ", 9, &f), 0);
	CHECK_INT(assembly_text(&a, "x\r\n\r\n", 5, &f), 0);
	CHECK_INT(assembly_url(&a, "imap://x", 7, &f), 0);
	CHECK_INT(assembly_text(&a, "y", 1, &f), 0);
	CHECK_INT(assembly_head(&a, &b, 100, &f), 0);
	CHECK_STR(buf_str(&b), "Subject: x\r\n\r\n");
	buf_reset(&b);
	CHECK_INT(assembly_head(&a, &b, 10, &f), 0);
	CHECK_STR(buf_str(&b), "Subject: x");
	buf_free(&b);
	assembly_free(&a);
}

TEST(assembly_size_does_not_overflow)
{
	struct assembly a;
	struct fault f = {0};

	assembly_init(&a);
	CHECK_INT(assembly_url(&a, "x", UINT64_MAX - 1, &f), 0);
	CHECK_INT(assembly_url(&a, "y", 2, &f), 0);
	CHECK(assembly_size(&a) == UINT64_MAX);
	assembly_free(&a);
}

TEST(assembly_spool_has_no_name_and_takes_tmpdir)
{
	char dir[] = "/tmp/lm-unit-XXXXXX";
	struct fault f = {0};
	struct stat st;
	int fd = assembly_spool(&f);

	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(st.st_nlink, 0);
	CHECK_INT(st.st_mode & 077, 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
	setenv("TMPDIR", "/nonexistent/lm", 1);
	CHECK_INT(assembly_spool(&f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	REQUIRE(mkdtemp(dir) != NULL);
	setenv("TMPDIR", dir, 1);
	fd = assembly_spool(&f);
	CHECK(fd != -1);
	close(fd);
	unsetenv("TMPDIR");
	CHECK_INT(rmdir(dir), 0);
}

/* ---- normalising */

static void normalised(
    const char *s, size_t n, bool dot, const char *want, size_t m, enum content kind)
{
	struct fault f = {0};
	struct buf b;
	uint64_t octets = 0;
	enum content got = CONTENT_7BIT;
	int in = pipe_with(s, n), out = assembly_spool(&f);

	REQUIRE(in != -1 && out != -1);
	buf_init(&b, LIMIT);
	CHECK_INT(assembly_normalise(in, out, dot, &octets, &got, &f), 0);
	contents(out, &b);
	CHECK_MEM(buf_str(&b), b.len, want, m);
	CHECK_INT(octets, m);
	CHECK_INT(got, kind);
	buf_free(&b);
	close(in);
	close(out);
}

static void normalises(const char *s, bool dot, const char *want)
{
	normalised(s, strlen(s), dot, want, strlen(want), CONTENT_7BIT);
}

TEST(assembly_normalise_makes_every_line_end_crlf)
{
	normalises("", false, "");
	normalises("a\nb\r\nc\rd", false, "a\r\nb\r\nc\r\nd\r\n");
	normalises("a\r\n", false, "a\r\n");
	normalises("a\r", false, "a\r\n");
	normalises("\n\r\r\n\n\r", false, "\r\n\r\n\r\n\r\n\r\n");
	normalises("a\r\r\nb", false, "a\r\n\r\nb\r\n");
}

TEST(assembly_normalise_drops_an_mbox_line_at_the_beginning)
{
	normalises("From a Tue Nov\nSubject: x\n", false, "Subject: x\r\n");
	normalises("From a Tue Nov\r\nSubject: x\n", false, "Subject: x\r\n");
	normalises("From a", false, "");
	normalises("From", false, "From\r\n");
	normalises("From: a\n", false, "From: a\r\n");
	normalises("\nFrom a\n", false, "\r\nFrom a\r\n");
	normalises("From a\nFrom b\n", false, "From b\r\n");
	normalises("From a\n.\nb", true, "");
}

TEST(assembly_normalise_ends_at_a_dot_only_when_asked)
{
	normalises("a\n.\nb\n", false, "a\r\n.\r\nb\r\n");
	normalises("a\n.\nb\n", true, "a\r\n");
	normalises("a\n.\r\nb\n", true, "a\r\n");
	normalises(".\nb\n", true, "");
	normalises("a\n.", true, "a\r\n");
	normalises("..\n.a\n. \na.\n", true, "..\r\n.a\r\n. \r\na.\r\n");
	normalises("..", true, "..\r\n");
}

TEST(assembly_normalise_tells_what_it_holds)
{
	char line[2000];

	normalised("\xc3\xb6\n", 3, false, "\xc3\xb6\r\n", 4, CONTENT_8BIT);
	normalised("a\0b\n", 4, false, "a\0b\r\n", 5, CONTENT_BINARY);
	memset(line, 'a', sizeof(line));
	line[998] = '\r';
	line[999] = '\n';
	normalised(line, 1000, false, line, 1000, CONTENT_7BIT);
	line[998] = 'a';
	line[999] = '\r';
	line[1000] = '\n';
	normalised(line, 1001, false, line, 1001, CONTENT_BINARY);
	/* What was dropped does not count. */
	normalised("From \xff\0\nx\n", 10, false, "x\r\n", 3, CONTENT_7BIT);
	normalised("x\n.\n\xff", 5, true, "x\r\n", 3, CONTENT_7BIT);
}

TEST(assembly_normalise_does_not_care_where_reads_end)
{
	struct fault f = {0};
	struct buf in, want, out;
	uint64_t octets;
	enum content kind;

	buf_init(&in, LIMIT);
	buf_init(&want, LIMIT);
	buf_init(&out, LIMIT);
	for (size_t i = 0; i < 90000; i++) {
		buf_puts(&in, i % 3 == 0 ? "\r\n" : i % 3 == 1 ? "ab\r" : "c\n");
		buf_puts(&want, i % 3 == 0 ? "\r\n" : i % 3 == 1 ? "ab\r\n" : "c\r\n");
	}
	for (size_t shift = 0; shift < 3; shift++) {
		int fd = file_with(in.data, in.len), to = assembly_spool(&f);

		REQUIRE(fd != -1 && to != -1);
		CHECK_INT(assembly_normalise(fd, to, true, &octets, &kind, &f), 0);
		contents(to, &out);
		CHECK_INT(out.len, want.len);
		CHECK(out.len == want.len && memcmp(out.data, want.data, want.len) == 0);
		close(fd);
		close(to);
		buf_drop(&in, 1);
		if (shift == 1)
			buf_drop(&want, 2);
	}
	buf_free(&in);
	buf_free(&want);
	buf_free(&out);
}

TEST(assembly_normalise_reports_input_and_output_that_fail)
{
	struct fault f = {0};
	uint64_t octets;
	enum content kind;
	int in = file_with("a\n", 2), full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	CHECK_INT(assembly_normalise(in, full, false, &octets, &kind, &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	f.cls = FAULT_NONE;
	CHECK_INT(assembly_normalise(-1, full, false, &octets, &kind, &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	close(in);
	close(full);
}

/* ---- scanning */

static enum content scan(const char *s, size_t n, size_t step)
{
	struct content_scan c = {0};

	for (size_t i = 0; i < n; i += step)
		content_feed(&c, s + i, n - i < step ? n - i : step);
	return content_result(&c);
}

TEST(content_scan_carries_its_state)
{
	static const struct {
		const char *s;
		size_t n;
		enum content want;
	} cases[] = {
	    {"", 0, CONTENT_7BIT},
	    {"abc\r\ndef\r\n", 10, CONTENT_7BIT},
	    {"abc\r\ndef", 8, CONTENT_7BIT},
	    {"abc\xc3\xb6\r\n", 7, CONTENT_8BIT},
	    {"abcdefgh\x80", 9, CONTENT_8BIT},
	    {"\x80"
	     "abcdefgh",
		9, CONTENT_8BIT},
	    {"abc\ndef", 7, CONTENT_BINARY},
	    {"abc\rdef", 7, CONTENT_BINARY},
	    {"abc\r", 4, CONTENT_BINARY},
	    {"\r\r\n", 3, CONTENT_BINARY},
	    {"\r\n\n", 3, CONTENT_BINARY},
	    {"a\0\r\n", 4, CONTENT_BINARY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step <= 10; step++)
			CHECK_INT(scan(cases[i].s, cases[i].n, step), cases[i].want);
}

TEST(content_scan_counts_lines_across_pieces)
{
	char line[1002];

	memset(line, 'a', sizeof(line));
	put_at(line + 998, "\r\nb");
	CHECK_INT(scan(line, 1001, 7), CONTENT_7BIT);
	put_at(line + 998, "a\r\n");
	CHECK_INT(scan(line, 1001, 7), CONTENT_BINARY);
	CHECK_INT(scan(line, 1001, 1001), CONTENT_BINARY);
}

UNIT_MAIN
