#include "conf/memo.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static char dir[] = "/tmp/lm-memo-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/.cache/lm/%s", dir, name);
	return path;
}

static void write_file(const char *name, const char *text, size_t n)
{
	FILE *to = fopen(path_of(name), "w");

	if (to == NULL || fwrite(text, 1, n, to) != n || fclose(to) != 0)
		unit_failed = true;
}

static int files(void)
{
	DIR *d = opendir(path_of(""));
	int n = 0;

	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

/* What a memo of this name and server has for "k", as a copy. */
static const char *remembered(const char *name, const char *server)
{
	static char value[100];
	struct memo *m = memo_open(name, server);
	const char *got = memo_get(m, "k");

	snprintf(value, sizeof(value), "%s", got != NULL ? got : "");
	got = got != NULL ? value : NULL;
	memo_close(m);
	return got;
}

static void remember(const char *name, const char *server, const char *value)
{
	struct memo *m = memo_open(name, server);

	memo_set(m, "k", value);
	memo_close(m);
}

TEST(a_home)
{
	REQUIRE(mkdtemp(dir) != NULL);
	setenv("HOME", dir, 1);
	unsetenv("XDG_CACHE_HOME");
}

TEST(it_remembers)
{
	struct memo *m = memo_open("work.imap", "h:993");
	struct stat st;

	REQUIRE(m != NULL);
	CHECK(memo_get(m, "caps") == NULL);
	memo_set(m, "caps", "IMAP4rev1 IDLE");
	memo_set(m, "empty", "");
	memo_set(m, "gone", "x");
	memo_set(m, "gone", NULL);
	memo_set(m, "never", NULL);
	CHECK_STR(memo_get(m, "caps"), "IMAP4rev1 IDLE");
	memo_close(m);
	CHECK_INT(stat(path_of("work.imap.memo"), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);

	m = memo_open("work.imap", "h:993");
	REQUIRE(m != NULL);
	CHECK_STR(memo_get(m, "caps"), "IMAP4rev1 IDLE");
	CHECK_STR(memo_get(m, "empty"), "");
	CHECK(memo_get(m, "gone") == NULL);
	memo_set(m, "caps", "IMAP4rev2");
	CHECK_STR(memo_get(m, "caps"), "IMAP4rev2");
	memo_close(m);
	CHECK_INT(files(), 1);
}

TEST(another_server_is_another_memo)
{
	remember("a", "h:1", "one");
	write_file("a.tls", "session", 7);
	CHECK_STR(remembered("a", "h:1"), "one");
	CHECK_INT(access(path_of("a.tls"), F_OK), 0);
	CHECK(remembered("a", "h:2") == NULL);
	CHECK_INT(access(path_of("a.tls"), F_OK), -1);
	CHECK(remembered("a", "h:1") == NULL);
}

TEST(names_are_no_paths)
{
	struct memo *m = memo_open("../x y", "h:1");

	REQUIRE(m != NULL);
	CHECK_STR(memo_session_file(m), path_of("%2E.%2Fx%20y.tls"));
	memo_close(m);
	CHECK_INT(access(path_of("%2E.%2Fx%20y.memo"), F_OK), 0);
}

TEST(files_that_are_no_memos_are_empty_ones)
{
	static const struct {
		const char *text;
		size_t n;
	} bad[] = {
	    {"", 0},
	    {"lm-memo 1\th:1", 13},
	    {"lm-memo 2\th:1\nk\tv\n", 18},
	    {"lm-memo 1\th:1\nk\tv", 17},
	    {"lm-memo 1\th:1\nk\n", 16},
	    {"lm-memo 1\th:1\nk\nx\ty\n", 20},
	    {"lm-memo 1\th:1\n\tv\n", 17},
	    {"lm-memo 1\th:1\nk\tv\tw\n", 20},
	    {"lm-memo 1\th:1\nk\tv\001\n", 19},
	    {"lm-memo 1\th:1\nk\tv\n\0\n", 20},
	    {"k\tv\n", 4},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file("bad.memo", bad[i].text, bad[i].n);
		CHECK(remembered("bad", "h:1") == NULL);
	}
	write_file("bad.memo", "lm-memo 1\th:1\nk\tv\n", 18);
	CHECK_STR(remembered("bad", "h:1"), "v");
}

TEST(limits)
{
	static char big[300 * 1024];
	struct memo *m = memo_open("limits", "h:1");
	char key[16];

	REQUIRE(m != NULL);
	memset(big, 'x', sizeof(big));
	big[16 * 1024 + 1] = '\0';
	memo_set(m, "k", big);
	CHECK(memo_get(m, "k") == NULL);
	big[16 * 1024] = '\0';
	memo_set(m, "k", big);
	CHECK(memo_get(m, "k") != NULL);
	memo_set(m, "k", "a\nb");
	CHECK(memo_get(m, "k") != NULL);
	memo_set(m, "", "v");
	CHECK(memo_get(m, "") == NULL);
	memo_set(m, "a\tb", "v");
	CHECK(memo_get(m, "a\tb") == NULL);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%d", i);
		memo_set(m, key, "v");
	}
	CHECK(memo_get(m, "62") != NULL);
	CHECK(memo_get(m, "63") == NULL);
	memo_close(m);
	CHECK_INT(strlen(remembered("limits", "h:1")), 99);

	memset(big, 'x', sizeof(big));
	write_file("limits.memo", big, sizeof(big));
	CHECK(remembered("limits", "h:1") == NULL);
}

TEST(a_memo_that_cannot_be_kept_works_still)
{
	struct memo *m;

	setenv("HOME", "/dev/null", 1);
	m = memo_open("x", "h:1");
	REQUIRE(m != NULL);
	CHECK(memo_session_file(m) == NULL);
	memo_set(m, "k", "v");
	CHECK_STR(memo_get(m, "k"), "v");
	memo_close(m);
	setenv("HOME", dir, 1);
	m = memo_open("x", "h:1\nk\tv");
	REQUIRE(m != NULL);
	CHECK(memo_session_file(m) == NULL);
	memo_close(m);
	memo_close(NULL);
	memo_set(NULL, "k", "v");
	CHECK(memo_get(NULL, "k") == NULL);
	CHECK(memo_session_file(NULL) == NULL);
}

TEST(many_writers)
{
	int before, bad = 0, status;

	remember("many", "h:1", "start");
	before = files();
	for (int i = 0; i < 8; i++) {
		if (fork() != 0)
			continue;
		for (int k = 0; k < 50; k++) {
			char value[32];

			snprintf(value, sizeof(value), "%d.%d", i, k);
			remember("many", "h:1", value);
			/* Whole files only: nobody ever sees none, or half of one. */
			bad += remembered("many", "h:1") == NULL;
		}
		_exit(bad);
	}
	while (wait(&status) != -1)
		CHECK_INT(status, 0);
	CHECK_INT(files(), before);
}

TEST(clean)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

UNIT_MAIN
