/* The letters of keywords. */
#include "store/maildir_keywords.h"

#include <sys/time.h>

#include "maildir_dir.h"

#define KEYWORDS "k/dovecot-keywords"

static struct maildir folder;

TEST(a_home)
{
	dir_make();
	folder = dir_folder("k");
}

static void check_malformed(const char *text, const char *where)
{
	struct keywords k;

	CHECK_INT(keywords_parse(&k, text, strlen(text), &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	if (!unit_check(strstr(fault.msg, where) != NULL, __FILE__, __LINE__, text))
		printf("#   %s\n", fault.msg);
	for (int i = 0; i < KEYWORDS_MAX; i++)
		CHECK_STR(k.name[i], "");
}

TEST(parse)
{
	static const char text[] = "0 $Label1\n25 work\n3 x!";
	struct keywords k;

	CHECK_INT(keywords_parse(&k, text, sizeof(text) - 1, &fault), 0);
	CHECK_STR(k.name[0], "$Label1");
	CHECK_STR(k.name[1], "");
	CHECK_STR(k.name[3], "x!");
	CHECK_STR(k.name[25], "work");
	CHECK(!k.changed);
	CHECK_INT(keywords_parse(&k, NULL, 0, &fault), 0);
}

TEST(parse_malformed)
{
	char text[KEYWORD_LEN_MAX + 8] = "0 ";
	struct keywords k;

	check_malformed("0 a\nx\n", ":2:");
	check_malformed("0\n", ":1:");
	check_malformed("0 \n", ":1:");
	check_malformed(" a\n", ":1:");
	check_malformed("0 a\n\n1 b\n", ":2:");
	check_malformed("26 a\n", ":1:");
	check_malformed("-1 a\n", ":1:");
	check_malformed("4294967296 a\n", ":1:");
	check_malformed("0 a\n0 b\n", ":2:");
	check_malformed("0 a\n1 A\n", ":2:");
	check_malformed("0 a b\n", ":1:");
	check_malformed("0 \\Seen\n", ":1:");
	check_malformed("0 a\r\n", ":1:");
	check_malformed("0 a\xc3\xa9\n", ":1:");
	check_malformed("0 a]\n", ":1:");
	memset(text + 2, 'x', KEYWORD_LEN_MAX);
	CHECK_INT(keywords_parse(&k, text, KEYWORD_LEN_MAX + 2, &fault), 0);
	memset(text + 2, 'x', KEYWORD_LEN_MAX + 1);
	check_malformed(text, ":1:");
}

TEST(find_and_add)
{
	struct keywords k;
	char name[16];

	CHECK_INT(keywords_parse(&k, "1 b\n", 4, &fault), 0);
	CHECK_INT(keywords_find(&k, "b"), 1U << 7);
	CHECK_INT(keywords_find(&k, "B"), 1U << 7);
	CHECK_INT(keywords_find(&k, "a"), 0);
	CHECK_INT(keywords_find(&k, ""), 0);
	CHECK_INT(keywords_add(&k, "B"), 1U << 7);
	CHECK(!k.changed);
	CHECK_INT(keywords_add(&k, "two words"), 0);
	CHECK_INT(keywords_add(&k, ""), 0);
	CHECK_INT(keywords_add(&k, "\\Seen"), 0);
	CHECK(!k.changed);
	CHECK_INT(keywords_add(&k, "a"), 1U << 6);
	CHECK(k.changed);
	for (int i = 2; i < KEYWORDS_MAX; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		CHECK(keywords_add(&k, name) == 1U << (MAILDIR_LETTER + i));
	}
	CHECK_INT(keywords_add(&k, "more"), 0);
	CHECK_STR(keywords_name(&k, 1U << 6), "a");
	CHECK_STR(keywords_name(&k, 1U << 31), "k25");
	CHECK_STR(keywords_name(&k, MAILDIR_SEEN), NULL);
	k.name[4][0] = '\0';
	CHECK_STR(keywords_name(&k, 1U << 10), NULL);
}

TEST(load_and_save)
{
	int before = dir_descriptors();
	struct keywords k;
	struct stat st;

	CHECK_INT(keywords_load(&k, &folder, &fault), 0);
	CHECK_INT(keywords_save(&k, &folder, &fault), 0);
	CHECK(!dir_has(KEYWORDS));
	CHECK(keywords_add(&k, "one") != 0);
	CHECK_INT(keywords_save(&k, &folder, &fault), 0);
	CHECK(!k.changed);
	CHECK_STR(dir_read(KEYWORDS), "0 one\n");
	CHECK(fstatat(dir_fd, KEYWORDS, &st, 0) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(keywords_add(&k, "two") != 0);
	CHECK_INT(keywords_save(&k, &folder, &fault), 0);
	CHECK_INT(fchmodat(dir_fd, KEYWORDS, 0640, 0), 0);
	CHECK_INT(keywords_load(&k, &folder, &fault), 0);
	CHECK_STR(k.name[1], "two");
	CHECK(keywords_add(&k, "three") != 0);
	CHECK_INT(keywords_save(&k, &folder, &fault), 0);
	CHECK_STR(dir_read(KEYWORDS), "0 one\n1 two\n2 three\n");
	CHECK(fstatat(dir_fd, KEYWORDS, &st, 0) == 0 && (st.st_mode & 0777) == 0640);
	CHECK_INT(dir_count("k"), 4);
	CHECK_INT(dir_descriptors(), before);
}

TEST(others_changes_are_kept)
{
	struct keywords k;

	CHECK_INT(keywords_load(&k, &folder, &fault), 0);
	dir_write(KEYWORDS, "0 other program\n");
	CHECK(keywords_add(&k, "mine") != 0);
	CHECK_INT(keywords_save(&k, &folder, &fault), -1);
	CHECK_INT(fault.cls, FAULT_TEMP);
	CHECK(k.changed);
	CHECK_STR(dir_read(KEYWORDS), "0 other program\n");
	/* Malformed: not loaded, and what is saved after that does not replace it. */
	CHECK_INT(keywords_load(&k, &folder, &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK(strstr(fault.msg, "dovecot-keywords:1") != NULL);
	CHECK(keywords_add(&k, "mine") != 0);
	CHECK_INT(keywords_save(&k, &folder, &fault), -1);
	CHECK_STR(dir_read(KEYWORDS), "0 other program\n");
	CHECK_INT(unlinkat(dir_fd, KEYWORDS, 0), 0);
}

TEST(dovecots_lock)
{
	const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct keywords k;

	CHECK_INT(keywords_load(&k, &folder, &fault), 0);
	CHECK(keywords_add(&k, "a") != 0);
	dir_write("k/dovecot-keywords.lock", "");
	CHECK_INT(keywords_save(&k, &folder, &fault), -1);
	CHECK_INT(fault.cls, FAULT_TEMP);
	CHECK_INT(utimensat(dir_fd, "k/dovecot-keywords.lock", old, 0), 0);
	CHECK_INT(keywords_save(&k, &folder, &fault), 0);
	CHECK_STR(dir_read(KEYWORDS), "0 a\n");
}

TEST(files_that_are_none)
{
	static char text[KEYWORDS_FILE_MAX + 2048];
	struct keywords k;

	memset(text, 'x', sizeof(text));
	dir_write_n(KEYWORDS, text, sizeof(text));
	CHECK_INT(keywords_load(&k, &folder, &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK(strstr(fault.msg, "too long") != NULL);
	CHECK_INT(unlinkat(dir_fd, KEYWORDS, 0), 0);
	CHECK_INT(mkdirat(dir_fd, KEYWORDS, 0700), 0);
	CHECK_INT(keywords_load(&k, &folder, &fault), -1);
	CHECK_INT(unlinkat(dir_fd, KEYWORDS, AT_REMOVEDIR), 0);
	CHECK_INT(symlinkat("/etc/passwd", dir_fd, KEYWORDS), 0);
	CHECK_INT(keywords_load(&k, &folder, &fault), -1);
	CHECK_INT(fault.cls, FAULT_IO);
}

TEST(clean)
{
	maildir_close(&folder);
	dir_clean();
}

UNIT_MAIN
