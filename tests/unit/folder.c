/* Folders below a root: found, made, removed, renamed. */
#include "store/folder.h"

#include <sys/wait.h>

#include "maildir_dir.h"

TEST(a_home)
{
	dir_make();
}

static int root_at(const char *path)
{
	CHECK_INT(mkdirat(dir_fd, path, 0700), 0);
	return openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void make(int root, enum folder_layout layout, const char *path)
{
	struct maildir m;

	CHECK_INT(folder_create(root, layout, path, &m, &fault), 0);
	maildir_close(&m);
}

enum { TEXT_LEN = 1024 };

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* All folders that a walk finds, sorted, with a blank behind each. */
static const char *walked(int root, enum folder_layout layout, uint64_t *skipped)
{
	static char text[TEXT_LEN];
	char found[32][256];
	struct folder_walk w;
	size_t n = 0, len = 0;
	int r;

	folder_walk_begin(&w, layout, root);
	while ((r = folder_walk_next(&w, &fault)) == 1 && n < 32)
		snprintf(found[n++], sizeof(found[0]), "%.255s", w.path);
	CHECK_INT(r, 0);
	folder_walk_end(&w);
	*skipped = w.skipped;
	qsort(found, n, sizeof(found[0]), compare);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ", found[i]);
	return text;
}

static void check_walk(int root, enum folder_layout layout, const char *want)
{
	uint64_t skipped;

	CHECK_STR(walked(root, layout, &skipped), want);
	CHECK_INT(skipped, 0);
}

TEST(walk_fs)
{
	int before = dir_descriptors(), root = root_at("walk");

	check_walk(root, FOLDER_FS, "");
	make(root, FOLDER_FS, "INBOX");
	make(root, FOLDER_FS, "a/b/c");
	make(root, FOLDER_FS, "a");
	make(root, FOLDER_FS, ".hidden");
	make(root, FOLDER_FS, "a/.hidden");
	make(root, FOLDER_FS, "a/cur/x");
	make(root, FOLDER_FS, "half");
	CHECK_INT(unlinkat(root, "half/new", AT_REMOVEDIR), 0);
	CHECK_INT(symlinkat("a", root, "link"), 0);
	dir_write("walk/file", "");
	check_walk(root, FOLDER_FS, "INBOX a a/b/c ");
	close(root);
	CHECK_INT(dir_descriptors(), before);
}

TEST(walk_maildirpp)
{
	int root = root_at("walkpp");

	check_walk(root, FOLDER_MAILDIRPP, "");
	make(root, FOLDER_MAILDIRPP, ".a.b");
	check_walk(root, FOLDER_MAILDIRPP, ".a.b ");
	make(root, FOLDER_MAILDIRPP, ".");
	make(root, FOLDER_MAILDIRPP, ".c");
	make(root, FOLDER_FS, "other");
	make(root, FOLDER_FS, ".c/.d");
	CHECK_INT(mkdirat(root, ".empty", 0700), 0);
	CHECK_INT(symlinkat(".c", root, ".link"), 0);
	check_walk(root, FOLDER_MAILDIRPP, ". .a.b .c ");
	CHECK(dir_has("walkpp/.c/maildirfolder") && !dir_has("walkpp/maildirfolder"));
	close(root);
}

TEST(walk_too_deep)
{
	char path[2 * FOLDER_DEPTH_MAX + 8] = "", deeper[2 * FOLDER_DEPTH_MAX + 8];
	int root = root_at("deep"), n = 0;
	uint64_t skipped;

	for (int i = 0; i < FOLDER_DEPTH_MAX; i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%sd", i > 0 ? "/" : "");
	make(root, FOLDER_FS, path);
	snprintf(deeper, sizeof(deeper), "%.*s ", n, path);
	check_walk(root, FOLDER_FS, deeper);
	snprintf(path + n, sizeof(path) - (size_t)n, "/d");
	make(root, FOLDER_FS, path);
	CHECK_STR(walked(root, FOLDER_FS, &skipped), deeper);
	CHECK_INT(skipped, 1);
	close(root);
}

TEST(a_walk_that_is_left)
{
	int before = dir_descriptors(), root = root_at("left");
	struct folder_walk w;

	make(root, FOLDER_FS, "a/b");
	folder_walk_begin(&w, FOLDER_FS, root);
	CHECK_INT(folder_walk_next(&w, &fault), 1);
	folder_walk_end(&w);
	folder_walk_begin(&w, FOLDER_FS, root);
	folder_walk_end(&w);
	close(root);
	CHECK_INT(dir_descriptors(), before);
	folder_walk_begin(&w, FOLDER_FS, -1);
	CHECK_INT(folder_walk_next(&w, &fault), -1);
	CHECK_INT(fault.cls, FAULT_IO);
	folder_walk_end(&w);
}

TEST(remove_empty)
{
	int before = dir_descriptors(), root = root_at("remove");

	make(root, FOLDER_FS, "a/b/c");
	make(root, FOLDER_FS, "d");
	dir_write("remove/d/dovecot-keywords", "0 x\n");
	dir_write("remove/d/dovecot.index.log", "");
	CHECK_INT(folder_remove(root, FOLDER_FS, "d", &fault), 1);
	CHECK_INT(folder_remove(root, FOLDER_FS, "d", &fault), 1);
	CHECK_INT(folder_remove(root, FOLDER_FS, "x/y", &fault), 1);
	CHECK_INT(folder_remove(root, FOLDER_FS, "a/b/c", &fault), 1);
	CHECK_INT(dir_count("remove"), 0);
	CHECK_INT(folder_remove(root, FOLDER_FS, ".", &fault), 0);
	CHECK_INT(folder_remove(root, FOLDER_FS, "..", &fault), -1);
	CHECK_INT(folder_remove(root, FOLDER_FS, "../remove", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK(dir_has("remove"));
	close(root);
	CHECK_INT(dir_descriptors(), before);
}

/* Whatever is not ours keeps the folder, and all of it. */
TEST(remove_never_loses)
{
	static const char *const keepers[] = {"a/cur/m:2,S", "a/new/m", "a/tmp/x", "a/notes",
	    "a/.x", "a/cur/.x", "a/dovecot-uidlist.old"};
	int root = root_at("keep");
	char path[64];

	for (size_t i = 0; i < sizeof(keepers) / sizeof(keepers[0]); i++) {
		make(root, FOLDER_FS, "a");
		dir_write("keep/a/dovecot-keywords", "0 x\n");
		snprintf(path, sizeof(path), "keep/%s", keepers[i]);
		dir_write(path, "");
		CHECK_INT(folder_remove(root, FOLDER_FS, "a", &fault), 0);
		CHECK(dir_has(path) && dir_has("keep/a/cur") && dir_has("keep/a/new") &&
		    dir_has("keep/a/tmp") && dir_has("keep/a/dovecot-keywords"));
		CHECK_INT(unlinkat(dir_fd, path, 0), 0);
	}
	make(root, FOLDER_FS, "a/.hidden");
	CHECK_INT(folder_remove(root, FOLDER_FS, "a", &fault), 0);
	CHECK(dir_has("keep/a/cur"));
	make(root, FOLDER_MAILDIRPP, ".b/c");
	make(root, FOLDER_MAILDIRPP, ".b");
	CHECK_INT(folder_remove(root, FOLDER_MAILDIRPP, ".b", &fault), 0);
	CHECK_INT(symlinkat("a", root, "link"), 0);
	CHECK_INT(folder_remove(root, FOLDER_FS, "link", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	dir_write("keep/file", "");
	CHECK_INT(folder_remove(root, FOLDER_FS, "file", &fault), -1);
	CHECK(dir_has("keep/file"));
	close(root);
}

TEST(remove_with_children)
{
	int root = root_at("children");

	make(root, FOLDER_FS, "a");
	make(root, FOLDER_FS, "a/b");
	CHECK_INT(folder_remove(root, FOLDER_FS, "a", &fault), 1);
	check_walk(root, FOLDER_FS, "a/b ");
	CHECK_INT(folder_remove(root, FOLDER_FS, "a/b", &fault), 1);
	CHECK_INT(dir_count("children"), 0);
	make(root, FOLDER_MAILDIRPP, ".a");
	make(root, FOLDER_MAILDIRPP, ".a.b");
	CHECK_INT(folder_remove(root, FOLDER_MAILDIRPP, ".a", &fault), 1);
	check_walk(root, FOLDER_MAILDIRPP, ".a.b ");
	close(root);
}

/* A kill left half a folder: the next call removes the rest. What a dead delivery left does not keep it. */
TEST(remove_goes_on)
{
	char host[MAILDIR_HOST_MAX + 1] = "", name[MAILDIR_NAME_MAX + 1];
	int root = root_at("goes-on");
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	make(root, FOLDER_FS, "a");
	gethostname(host, sizeof(host) - 1);
	snprintf(
	    name, sizeof(name), "goes-on/a/tmp/1.P%ld_0123456789abcdef.lm.%s", (long)pid, host);
	dir_write(name, "half");
	CHECK_INT(folder_remove(root, FOLDER_FS, "a", &fault), 1);
	make(root, FOLDER_FS, "a");
	CHECK_INT(unlinkat(root, "a/tmp", AT_REMOVEDIR), 0);
	CHECK_INT(unlinkat(root, "a/new", AT_REMOVEDIR), 0);
	CHECK_INT(folder_remove(root, FOLDER_FS, "a", &fault), 1);
	CHECK_INT(dir_count("goes-on"), 0);
	close(root);
}

TEST(rename_fs)
{
	int before = dir_descriptors(), root = root_at("rename");

	make(root, FOLDER_FS, "x/a");
	make(root, FOLDER_FS, "x/a/b");
	dir_write("rename/x/a/cur/m:2,S", "");
	CHECK_INT(folder_rename(root, FOLDER_FS, "x/a", "y/z", &fault), 1);
	check_walk(root, FOLDER_FS, "y/z y/z/b ");
	CHECK(dir_has("rename/y/z/cur/m:2,S") && !dir_has("rename/x"));
	CHECK_INT(folder_rename(root, FOLDER_FS, "x/a", "y/z", &fault), 0);
	CHECK_INT(folder_rename(root, FOLDER_FS, "none", "deep/er", &fault), 0);
	CHECK(!dir_has("rename/deep"));
	make(root, FOLDER_FS, "c");
	CHECK_INT(folder_rename(root, FOLDER_FS, "c", "y/z", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK_INT(folder_rename(root, FOLDER_FS, "c", "c/d", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_FS, "c", "c", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_FS, "c", "../c", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_FS, "c", "x/..", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_FS, ".", "x", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK_INT(folder_rename(root, FOLDER_FS, "c", "cc", &fault), 1);
	check_walk(root, FOLDER_FS, "cc y/z y/z/b ");
	close(root);
	CHECK_INT(dir_descriptors(), before);
}

TEST(rename_maildirpp)
{
	int before = dir_descriptors(), root = root_at("renamepp");

	make(root, FOLDER_MAILDIRPP, ".");
	make(root, FOLDER_MAILDIRPP, ".a");
	make(root, FOLDER_MAILDIRPP, ".a.b");
	make(root, FOLDER_MAILDIRPP, ".a.b.c");
	make(root, FOLDER_MAILDIRPP, ".ab");
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".a", ".x.y", &fault), 1);
	check_walk(root, FOLDER_MAILDIRPP, ". .ab .x.y .x.y.b .x.y.b.c ");
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".a", ".x.y", &fault), 0);
	/* Interrupted: the folder itself, and one child, are left. */
	make(root, FOLDER_MAILDIRPP, ".old");
	make(root, FOLDER_MAILDIRPP, ".old.one");
	make(root, FOLDER_MAILDIRPP, ".now.two");
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".old", ".now", &fault), 1);
	check_walk(root, FOLDER_MAILDIRPP, ". .ab .now .now.one .now.two .x.y .x.y.b .x.y.b.c ");
	/* Nothing is renamed when one of them cannot be. */
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".now", ".ab", &fault), -1);
	make(root, FOLDER_MAILDIRPP, ".c.two");
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".now", ".c", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	check_walk(
	    root, FOLDER_MAILDIRPP, ". .ab .c.two .now .now.one .now.two .x.y .x.y.b .x.y.b.c ");
	/* Whichever of the two is met first. */
	CHECK_INT(folder_remove(root, FOLDER_MAILDIRPP, ".c.two", &fault), 1);
	make(root, FOLDER_MAILDIRPP, ".c.one");
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".now", ".c", &fault), -1);
	check_walk(
	    root, FOLDER_MAILDIRPP, ". .ab .c.one .now .now.one .now.two .x.y .x.y.b .x.y.b.c ");
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".", ".c", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".ab", ".", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".ab", "ab", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".ab", "..", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".ab", ".a/b", &fault), -1);
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".ab", ".ab.c", &fault), -1);
	close(root);
	CHECK_INT(dir_descriptors(), before);
}

TEST(rename_too_long)
{
	char name[FOLDER_COMPONENT_MAX + 1];
	int root = root_at("long");

	memset(name, 'x', sizeof(name));
	name[0] = '.';
	name[FOLDER_COMPONENT_MAX - 1] = '\0';
	make(root, FOLDER_MAILDIRPP, ".a");
	make(root, FOLDER_MAILDIRPP, ".a.bc");
	CHECK_INT(folder_rename(root, FOLDER_MAILDIRPP, ".a", name, &fault), -1);
	check_walk(root, FOLDER_MAILDIRPP, ".a .a.bc ");
	close(root);
}

TEST(clean)
{
	dir_clean();
}

UNIT_MAIN
