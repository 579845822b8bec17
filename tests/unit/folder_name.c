/* Mailbox names and directories: one to one, and never out of the root. */
#include "store/folder.h"

#include <stdlib.h>
#include <strings.h>

#include "unit.h"

static struct fault fault;

static void check(enum folder_layout layout, const char *name, char delimiter, const char *path)
{
	struct buf out, back;

	buf_init(&out, 8192);
	buf_init(&back, 8192);
	CHECK_INT(folder_path(layout, name, delimiter, &out, &fault), 0);
	CHECK_STR(buf_str(&out), path);
	CHECK_INT(folder_name(layout, path, delimiter, &back, &fault), 0);
	CHECK_STR(buf_str(&back), strcasecmp(name, "INBOX") == 0 ? "INBOX" : name);
	buf_free(&out);
	buf_free(&back);
}

TEST(fs)
{
	check(FOLDER_FS, "INBOX", '/', "INBOX");
	check(FOLDER_FS, "inBox", '/', "INBOX");
	check(FOLDER_FS, "inbox/x", '/', "inbox/x");
	check(FOLDER_FS, "a/b/c", '/', "a/b/c");
	check(FOLDER_FS, "a.b.c", '.', "a/b/c");
	check(FOLDER_FS, "a.b/c", '.', "a/b%2Fc");
	check(FOLDER_FS, "a.b/c", '/', "a.b/c");
	check(FOLDER_FS, "a.b/c", '\0', "a.b%2Fc");
	check(FOLDER_FS, "Entw\xc3\xbcrfe", '/', "Entw\xc3\xbcrfe");
	check(FOLDER_FS, "100% x", '/', "100%25 x");
}

TEST(fs_escapes)
{
	check(FOLDER_FS, "..", '/', "%2E.");
	check(FOLDER_FS, ".", '/', "%2E");
	check(FOLDER_FS, "a/../b", '/', "a/%2E./b");
	check(FOLDER_FS, "../../etc", '/', "%2E./%2E./etc");
	check(FOLDER_FS, "../x", '.', "%/%/%2Fx");
	check(FOLDER_FS, "/etc", '/', "%/etc");
	check(FOLDER_FS, "a//b/", '/', "a/%/b/%");
	check(FOLDER_FS, "/", '/', "%/%");
	check(FOLDER_FS, ".hidden/.x.", '/', "%2Ehidden/%2Ex.");
	check(FOLDER_FS, "cur/new/tmp", '/', "%63ur/%6Eew/%74mp");
	check(FOLDER_FS, "curx/Cur", '/', "curx/Cur");
	check(FOLDER_FS, "a\nb\x7f", '/', "a%0Ab%7F");
	check(FOLDER_FS, "\xc2\x85\xe2\x80\xa8", '/', "%C2%85%E2%80%A8");
	check(FOLDER_FS, "\xff\xc3", '/', "%FF%C3");
	check(FOLDER_FS, "%2E", '/', "%252E");
	check(FOLDER_FS, "%", '/', "%25");
}

TEST(maildirpp)
{
	check(FOLDER_MAILDIRPP, "INBOX", '/', ".");
	check(FOLDER_MAILDIRPP, "inbox", '.', ".");
	check(FOLDER_MAILDIRPP, "INBOX/x", '/', ".INBOX.x");
	check(FOLDER_MAILDIRPP, "a/b/c", '/', ".a.b.c");
	check(FOLDER_MAILDIRPP, "a.b/c", '/', ".a%2Eb.c");
	check(FOLDER_MAILDIRPP, "a.b/c", '.', ".a.b%2Fc");
	check(FOLDER_MAILDIRPP, "a.b", '\0', ".a%2Eb");
	check(FOLDER_MAILDIRPP, "..", '/', ".%2E%2E");
	check(FOLDER_MAILDIRPP, "..", '.', ".%.%.%");
	check(FOLDER_MAILDIRPP, ".", '.', ".%.%");
	check(FOLDER_MAILDIRPP, "cur", '/', ".cur");
	check(FOLDER_MAILDIRPP, "%", '/', ".%25");
}

static void check_no_name(enum folder_layout layout, const char *path, char delimiter)
{
	struct buf out;

	buf_init(&out, 8192);
	if (!unit_check(
		folder_name(layout, path, delimiter, &out, &fault) == -1, __FILE__, __LINE__, path))
		printf("#   %s\n", buf_str(&out));
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK_INT(out.len, 0);
	buf_free(&out);
}

/* Directories that no mailbox has: another spelling, or no spelling at all. */
TEST(no_names)
{
	static const char *const fs[] = {"", ".", "..", "a/..", "a//b", "/a", "a/", "inbox", "%2e",
	    "%41", "%2", "%zz", "%00", "a%", "%%", ".x", "cur", "a/new", "a\nb", "%c3%bc", "\xff",
	    "%2F%", "%C3%BC"};
	static const char *const pp[] = {
	    "", "..", "a", "a.b", ".a/b", ".a..b", ".INBOX", ".inbox", ".a.", ".a%2eb", ".a%"};

	for (size_t i = 0; i < sizeof(fs) / sizeof(fs[0]); i++)
		check_no_name(FOLDER_FS, fs[i], '/');
	for (size_t i = 0; i < sizeof(pp) / sizeof(pp[0]); i++)
		check_no_name(FOLDER_MAILDIRPP, pp[i], '/');
	/* What would hold the delimiter, or needs one. */
	check_no_name(FOLDER_FS, "a.b", '.');
	check_no_name(FOLDER_FS, "a/b", '\0');
	check_no_name(FOLDER_MAILDIRPP, ".a%2Eb", '.');
	check_no_name(FOLDER_MAILDIRPP, ".a.b", '\0');
	check_no_name(FOLDER_MAILDIRPP, ".a%2Fb", '/');
}

static void check_no_path(enum folder_layout layout, const char *name, size_t n)
{
	char *text = strndup(name, n);
	struct buf out;

	REQUIRE(text != NULL);
	buf_init(&out, 8192);
	buf_puts(&out, "x");
	CHECK_INT(folder_path(layout, text, '/', &out, &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK_STR(buf_str(&out), "x");
	buf_free(&out);
	free(text);
}

static void check_long(enum folder_layout layout, const char *name, size_t n)
{
	char *text = strndup(name, n);
	struct buf path;

	REQUIRE(text != NULL);
	buf_init(&path, 8192);
	CHECK_INT(folder_path(layout, text, '/', &path, &fault), 0);
	check(layout, text, '/', buf_str(&path));
	buf_free(&path);
	free(text);
}

TEST(limits)
{
	static char name[FOLDER_PATH_MAX + 100], deep[2 * FOLDER_DEPTH_MAX + 2];

	check_no_path(FOLDER_FS, "", 0);
	check_no_path(FOLDER_MAILDIRPP, "", 0);
	memset(name, 'x', sizeof(name) - 1);
	check_long(FOLDER_FS, name, FOLDER_COMPONENT_MAX);
	check_no_path(FOLDER_FS, name, FOLDER_COMPONENT_MAX + 1);
	check_long(FOLDER_MAILDIRPP, name, FOLDER_COMPONENT_MAX - 1);
	check_no_path(FOLDER_MAILDIRPP, name, FOLDER_COMPONENT_MAX);
	memset(name, '%', sizeof(name) - 1);
	check_long(FOLDER_FS, name, FOLDER_COMPONENT_MAX / 3);
	check_no_path(FOLDER_FS, name, FOLDER_COMPONENT_MAX / 3 + 1);
	memset(name, 'x', sizeof(name) - 1);
	for (size_t i = 250; i < sizeof(name) - 1; i += 251)
		name[i] = '/';
	check_long(FOLDER_FS, name, FOLDER_PATH_MAX);
	check_no_path(FOLDER_FS, name, FOLDER_PATH_MAX + 1);
	for (size_t i = 0; i < sizeof(deep) - 1; i++)
		deep[i] = i % 2 == 0 ? 'd' : '/';
	check_long(FOLDER_FS, deep, 2 * FOLDER_DEPTH_MAX - 1);
	check_no_path(FOLDER_FS, deep, 2 * FOLDER_DEPTH_MAX + 1);
	check_no_path(FOLDER_MAILDIRPP, deep, 2 * FOLDER_DEPTH_MAX + 1);
}

/*
 * All names of up to LENGTH octets from an alphabet of what is special: each has a path, gets its name back from
 * it, shares it with no other, and stays in the root.
 */
enum { LENGTH = 5, PATH_LEN = 64, NAMES = 12 + 144 + 1728 + 20736 + 248832 };
static const char alphabet[] = "./%\nn2ewE\xc3\xbc-";

static bool stays_within(enum folder_layout layout, const char *path)
{
	if (layout == FOLDER_MAILDIRPP)
		return path[0] == '.' && strchr(path, '/') == NULL && strcmp(path, "..") != 0;
	for (const char *s = path;; s++) {
		size_t n = strcspn(s, "/");

		if (n == 0 || *s == '.' || (n == 3 && strncmp(s, "new", 3) == 0))
			return false;
		s += n;
		if (*s == '\0')
			return true;
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The name with this number, and its path. */
static bool map(enum folder_layout layout, size_t number, char delimiter, char *path, struct buf *b)
{
	char name[LENGTH + 1];
	size_t n = 0, base = sizeof(alphabet) - 1;

	for (number++; number > 0; number = (number - 1) / base)
		name[n++] = alphabet[(number - 1) % base];
	name[n] = '\0';
	buf_reset(b);
	if (folder_path(layout, name, delimiter, b, &fault) == -1 || b->len >= PATH_LEN)
		return false;
	memcpy(path, buf_str(b), b->len + 1);
	buf_reset(b);
	return folder_name(layout, path, delimiter, b, &fault) == 0 &&
	    strcmp(buf_str(b), name) == 0 && stays_within(layout, path);
}

static void check_all(enum folder_layout layout, char delimiter)
{
	char(*paths)[PATH_LEN] = calloc(NAMES, PATH_LEN);
	struct buf b;
	int bad = 0;

	REQUIRE(paths != NULL);
	buf_init(&b, 8192);
	for (size_t i = 0; i < NAMES; i++)
		bad += !map(layout, i, delimiter, paths[i], &b);
	qsort(paths, NAMES, PATH_LEN, compare);
	for (size_t i = 1; i < NAMES; i++)
		bad += strcmp(paths[i - 1], paths[i]) == 0;
	CHECK_INT(bad, 0);
	buf_free(&b);
	free(paths);
}

TEST(all_short_names_fs)
{
	check_all(FOLDER_FS, '/');
	check_all(FOLDER_FS, '.');
	check_all(FOLDER_FS, '\0');
}

TEST(all_short_names_maildirpp)
{
	check_all(FOLDER_MAILDIRPP, '/');
	check_all(FOLDER_MAILDIRPP, '.');
	check_all(FOLDER_MAILDIRPP, '\0');
}

UNIT_MAIN
