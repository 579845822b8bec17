#include "app/fetch_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "unit.h"

static void is_named(const char *wanted, const char *want)
{
	char name[FILE_NAME_OCTETS + 1];

	file_name(name, wanted, "2.1", "image", "png");
	CHECK_STR(name, want);
}

TEST(file_name_keeps_good_names)
{
	static const char *const good[] = {"photo.jpg", "a b.txt", "Entw\xc3\xbcrfe.pdf",
	    "a.tar.gz", "x", "a..b", "100%.txt", "a~", "#1", "it's",
	    "\xe6\xb8\xac\xe8\xa9\xa6.doc"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_named(good[i], good[i]);
}

TEST(file_name_stays_in_the_directory)
{
	is_named("../../etc/passwd", "passwd");
	is_named("/etc/passwd", "passwd");
	is_named("C:\\WINDOWS\\system.ini", "system.ini");
	is_named("..\\..\\x", "x");
	is_named("a/..", "part-2.1.png");
	is_named("..", "part-2.1.png");
	is_named(".", "part-2.1.png");
	is_named("", "part-2.1.png");
	is_named("/", "part-2.1.png");
	is_named("a/", "part-2.1.png");
	is_named("...", "part-2.1.png");
	is_named(". .", "part-2.1.png");
	is_named(NULL, "part-2.1.png");
}

TEST(file_name_hides_nothing)
{
	is_named(".bashrc", "bashrc");
	is_named("..bashrc", "bashrc");
	is_named(" .x", "x");
	is_named("x. . ", "x");
	is_named("-rf", "_rf");
	is_named("--help", "_-help");
	is_named(".-x", "_x");
	is_named("a\r\nb", "a__b");
	is_named("\x1b[31mred", "_[31mred");
	is_named("a\tb\x7f", "a_b_");
	/* U+202E, right-to-left override: "exe.txt" written backwards */
	const char override[] = {
	    'a', '\xe2', '\x80', '\xae', 't', 'x', 't', '.', 'e', 'x', 'e', '\0'};
	is_named(override, "a_txt.exe");
	is_named("a\xff\xc3", "a__");
	is_named("\xc2\x85", "_");
}

TEST(file_name_has_an_end)
{
	char wanted[1000], want[FILE_NAME_OCTETS + 1];

	memset(wanted, 'x', sizeof(wanted));
	memcpy(wanted + sizeof(wanted) - 5, ".jpg", 5);
	memset(want, 'x', sizeof(want));
	memcpy(want + FILE_NAME_OCTETS - 4, ".jpg", 5);
	is_named(wanted, want);
	/* never within a character */
	for (size_t i = 0; i + 1 < sizeof(wanted); i += 2)
		memcpy(wanted + i, "\xc3\xbc", 2);
	wanted[sizeof(wanted) - 2] = '\0';
	for (int shift = 0; shift < 2; shift++) {
		char name[FILE_NAME_OCTETS + 1];

		wanted[0] = 'a';
		wanted[1] = 'b';
		file_name(name, wanted + shift, "", "image", "png");
		CHECK(enc_is_utf8(name, strlen(name)));
		CHECK(strlen(name) >= FILE_NAME_OCTETS - 1);
	}
	/* an extension that is none */
	memset(wanted, 'y', sizeof(wanted) - 1);
	wanted[1] = '.';
	wanted[sizeof(wanted) - 1] = '\0';
	memset(want, 'y', sizeof(want));
	want[1] = '.';
	want[FILE_NAME_OCTETS] = '\0';
	is_named(wanted, want);
}

TEST(file_name_of_a_part_without_one)
{
	static const struct {
		const char *section, *type, *subtype, *want;
	} rows[] = {{"1", "text", "plain", "part-1.txt"}, {"1", "text", "html", "part-1.html"},
	    {"2", "message", "rfc822", "part-2.eml"}, {"3.1", "image", "jpeg", "part-3.1.jpg"},
	    {"1", "application", "pdf", "part-1.pdf"}, {"1", "x", "../../y", "part-1.bin"},
	    {"", "application", "octet-stream", "part.bin"}};
	char name[FILE_NAME_OCTETS + 1], section[2000];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		file_name(name, NULL, rows[i].section, rows[i].type, rows[i].subtype);
		CHECK_STR(name, rows[i].want);
	}
	for (size_t i = 0; i < sizeof(section) - 1; i++)
		section[i] = i % 2 ? '.' : '1';
	section[sizeof(section) - 1] = '\0';
	file_name(name, NULL, section, "image", "png");
	CHECK(strlen(name) <= FILE_NAME_OCTETS && strncmp(name, "part-1.1.1.", 11) == 0);
}

TEST(file_numbered_before_the_extension)
{
	struct buf b;
	static const char *const rows[][2] = {{"photo.jpg", "photo-2.jpg"}, {"x", "x-2"},
	    {"a.tar.gz", "a.tar-2.gz"}, {"a b.c", "a b-2.c"}, {"a.", "a-2."}};

	buf_init(&b, 1024);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		file_numbered(&b, rows[i][0], 2);
		CHECK_STR(buf_str(&b), rows[i][1]);
	}
	buf_free(&b);
}

/* ---- files */

static char dir[] = "/tmp/lmu-fetch.XXXXXX";

static bool make_dir(void)
{
	memset(dir + sizeof(dir) - 7, 'X', 6);
	return mkdtemp(dir) != NULL;
}

static size_t remove_all(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			unlinkat(dirfd(d), e->d_name, 0);
			n++;
		}
	if (d != NULL)
		closedir(d);
	rmdir(dir);
	return n;
}

static void save(struct saver *s, const char *name, const char *content, const char *want)
{
	struct saved file;
	struct fault f = {0};
	struct buf path, wanted;
	char got[64] = "";

	buf_init(&path, 4096);
	buf_init(&wanted, 4096);
	buf_printf(&wanted, "%s/%s", dir, want);
	REQUIRE(saver_begin(s, &file, &f) == 0);
	fputs(content, file.out);
	CHECK_INT(saver_finish(s, &file, name, &path, &f), 0);
	CHECK_STR(buf_str(&path), buf_str(&wanted));

	FILE *in = fopen(buf_str(&path), "r");
	CHECK(in != NULL && fgets(got, sizeof(got), in) != NULL);
	CHECK_STR(got, content);
	if (in != NULL)
		fclose(in);
	saver_drop(s, &file);
	buf_free(&path);
	buf_free(&wanted);
}

TEST(saver_overwrites_nothing)
{
	struct saver s;
	struct fault f = {0};

	REQUIRE(make_dir() && saver_open(&s, dir, &f) == 0);
	save(&s, "a.txt", "1", "a.txt");
	save(&s, "a.txt", "2", "a-2.txt");
	save(&s, "a.txt", "3", "a-3.txt");
	save(&s, "a-2.txt", "4", "a-2-2.txt");
	saver_close(&s);
	/* one that does not remember the numbers, and a link that leads elsewhere */
	REQUIRE(saver_open(&s, dir, &f) == 0);
	save(&s, "a.txt", "5", "a-4.txt");
	CHECK_INT(symlinkat("/tmp/lmu-nowhere", s.dir, "b.txt"), 0);
	save(&s, "b.txt", "6", "b-2.txt");
	CHECK_INT(access("/tmp/lmu-nowhere", F_OK), -1);
	saver_close(&s);
	CHECK_INT(remove_all(), 7);
}

TEST(saver_leaves_nothing_unfinished)
{
	struct saver s;
	struct saved file, other;
	struct fault f = {0};

	REQUIRE(make_dir() && saver_open(&s, dir, &f) == 0);
	REQUIRE(saver_begin(&s, &file, &f) == 0 && saver_begin(&s, &other, &f) == 0);
	CHECK(file.hidden[0] == '.' && strcmp(file.hidden, other.hidden) != 0);
	saver_drop(&s, &file);
	saver_drop(&s, &file);
	saver_drop(&s, &other);
	saver_close(&s);
	saver_close(&s);
	CHECK_INT(remove_all(), 0);
}

TEST(saver_passes_over_what_another_left_behind)
{
	struct saver s;
	struct saved first, again;
	struct fault f = {0};

	REQUIRE(make_dir() && saver_open(&s, dir, &f) == 0);
	REQUIRE(saver_begin(&s, &first, &f) == 0);
	s.serial = 0;
	REQUIRE(saver_begin(&s, &again, &f) == 0);
	CHECK(strcmp(first.hidden, again.hidden) != 0);
	saver_drop(&s, &first);
	saver_drop(&s, &again);
	saver_close(&s);
	CHECK_INT(remove_all(), 0);
}

TEST(saver_says_what_is_wrong)
{
	struct saver s;
	struct saved file;
	struct fault f = {0};

	CHECK_INT(saver_open(&s, "/nonexistent", &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	CHECK_STR(f.msg, "/nonexistent: No such file or directory");
	CHECK_INT(saver_open(&s, "/dev/null", &f), -1);
	CHECK_STR(f.msg, "/dev/null: Not a directory");
	/* nobody can make files there, root neither */
	REQUIRE(saver_open(&s, "/proc/self/fd", &f) == 0);
	CHECK_INT(saver_begin(&s, &file, &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	CHECK(strncmp(f.msg, "a new file in /proc/self/fd: ", 29) == 0);
	saver_drop(&s, &file);
	saver_close(&s);
}

TEST(saver_remembers_numbers_for_many_of_one_name)
{
	struct saver s;
	struct saved file;
	struct fault f = {0};
	struct buf path;
	char want[80];

	buf_init(&path, 4096);
	REQUIRE(make_dir() && saver_open(&s, dir, &f) == 0);
	for (unsigned i = 1; i <= 300; i++) {
		REQUIRE(saver_begin(&s, &file, &f) == 0);
		buf_reset(&path);
		CHECK_INT(saver_finish(&s, &file, "x", &path, &f), 0);
	}
	snprintf(want, sizeof(want), "%s/x-300", dir);
	CHECK_STR(buf_str(&path), want);
	saver_close(&s);
	buf_free(&path);
	CHECK_INT(remove_all(), 300);
}

UNIT_MAIN
