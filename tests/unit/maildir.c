/* A Maildir folder: opened, stamped, scanned, changed. */
#include "store/maildir.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "maildir_dir.h"

TEST(a_home)
{
	dir_make();
}

static void check_refused(const char *path, enum fault_class cls, const char *why)
{
	struct maildir m;

	CHECK_INT(maildir_open(dir_fd, path, false, &m, &fault), -1);
	CHECK_INT(fault.cls, cls);
	if (!unit_check(strstr(fault.msg, why) != NULL, __FILE__, __LINE__, why))
		printf("#   %s\n", fault.msg);
	CHECK(m.fd == -1 && m.cur == -1 && m.new == -1 && m.tmp == -1 && m.path == NULL);
}

TEST(opening)
{
	int before = dir_descriptors();
	struct maildir m;
	struct stat st;

	check_refused("a/b", FAULT_NOINPUT, "a/b");
	m = dir_folder("a/b");
	CHECK(fstatat(dir_fd, "a/b/cur", &st, 0) == 0 && (st.st_mode & 07777) == 0700);
	CHECK(dir_has("a/b/new") && dir_has("a/b/tmp"));
	maildir_close(&m);
	maildir_close(&m);
	CHECK_INT(maildir_open(dir_fd, "a/b", false, &m, &fault), 0);
	CHECK_STR(m.path, "a/b");
	maildir_close(&m);
	check_refused("a", FAULT_DATA, "it has no cur");
	check_refused("a/b/c", FAULT_NOINPUT, "a/b/c");
	CHECK_INT(dir_descriptors(), before);
}

TEST(opening_the_root)
{
	struct maildir m = dir_folder("root"), r;

	CHECK_INT(maildir_open(m.fd, ".", false, &r, &fault), 0);
	maildir_close(&r);
	CHECK_INT(maildir_open(m.fd, "", false, &r, &fault), 0);
	maildir_close(&r);
	maildir_close(&m);
}

TEST(opening_what_is_no_folder)
{
	int before = dir_descriptors();
	struct maildir m = dir_folder("half");

	maildir_close(&m);
	CHECK_INT(unlinkat(dir_fd, "half/tmp", AT_REMOVEDIR), 0);
	check_refused("half", FAULT_DATA, "half is no Maildir folder: it has no tmp");
	m = dir_folder("half");
	maildir_close(&m);
	CHECK(dir_has("half/tmp"));
	dir_write("file", "");
	check_refused("file", FAULT_DATA, "no directory");
	check_refused("file/x", FAULT_DATA, "no directory");
	CHECK_INT(symlinkat("half", dir_fd, "link"), 0);
	check_refused("link", FAULT_DATA, "symbolic link");
	CHECK_INT(unlinkat(dir_fd, "half/cur", AT_REMOVEDIR), 0);
	CHECK_INT(symlinkat("../a/b/cur", dir_fd, "half/cur"), 0);
	check_refused("half", FAULT_DATA, "symbolic link");
	CHECK_INT(maildir_open(dir_fd, "half", true, &m, &fault), -1);
	CHECK_INT(dir_descriptors(), before);
}

TEST(opening_by_bad_paths)
{
	static const char *const bad[] = {"..", "a/..", "../a", "a//b", "/a", "a/../a"};
	char longer[MAILDIR_NAME_MAX + 2];
	struct maildir m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_refused(bad[i], FAULT_DATA, "no path of a folder");
		CHECK_INT(maildir_open(dir_fd, bad[i], true, &m, &fault), -1);
	}
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	check_refused(longer, FAULT_DATA, "no path of a folder");
}

/*
 * Stamps.
 */

static struct maildir_stamp stamp_of(const struct maildir *m)
{
	struct maildir_stamp s = {0};

	CHECK_INT(maildir_stamp(m, &s, &fault), 0);
	return s;
}

TEST(a_stamp_shows_changes)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct maildir m = dir_folder("stamp"), other = dir_folder("stamp2");
	struct maildir_stamp a, b;

	/* A change in the granule of the one before it may leave the same time: put the clock out of the way. */
	do
		a = stamp_of(&m);
	while (!maildir_stamp_settled(&a, maildir_now()));
	b = stamp_of(&m);
	CHECK(maildir_stamp_same(&a, &b));
	dir_write("stamp/cur/x", "");
	b = stamp_of(&m);
	CHECK(!maildir_stamp_same(&a, &b));
	CHECK(a.new_ns == b.new_ns && a.cur_ns != b.cur_ns);
	CHECK_INT(futimens(m.cur, old), 0);
	b = stamp_of(&m);
	CHECK(b.cur_ns > a.cur_ns);
	b = stamp_of(&other);
	CHECK(a.ino != b.ino && a.dev == b.dev);
	b.cur_ns = a.cur_ns;
	b.new_ns = a.new_ns;
	CHECK(!maildir_stamp_same(&a, &b));
	maildir_close(&m);
	maildir_close(&other);
}

TEST(a_stamp_settles)
{
	const int64_t s = 1000000000, ms = 1000000, t = 1700000000 * s;
	struct maildir_stamp a = {.cur_ns = t + 1, .new_ns = t + 5};

	CHECK(!maildir_stamp_settled(&a, t + 5));
	CHECK(!maildir_stamp_settled(&a, t + 10 * ms));
	CHECK(!maildir_stamp_settled(&a, t + 10 * ms + 4));
	CHECK(maildir_stamp_settled(&a, t + 10 * ms + 5));
	/* The clock went back. */
	CHECK(!maildir_stamp_settled(&a, t - s));
	/* Whole seconds. */
	a.cur_ns = t;
	CHECK(!maildir_stamp_settled(&a, t + 2 * s - 1));
	CHECK(maildir_stamp_settled(&a, t + 2 * s));
	a.cur_ns = INT64_MAX;
	CHECK(!maildir_stamp_settled(&a, t));
}

/*
 * Scans.
 */

struct seen {
	int in_new, in_cur;
	uint64_t foreign;
	uint32_t uids; /* their sum */
};

static struct seen scan(const struct maildir *m)
{
	struct seen seen = {0};
	struct maildir_scan s;
	struct maildir_entry e;
	int r;

	if (!unit_check(maildir_scan_begin(&s, m, &fault) == 0, __FILE__, __LINE__, "scan"))
		return seen;
	while ((r = maildir_scan_next(&s, &e, &fault)) == 1) {
		seen.in_new += e.in_new;
		seen.in_cur += !e.in_new;
		seen.uids += e.name.uid;
		CHECK(strncmp(e.file, e.name.base, strlen(e.name.base)) == 0);
		CHECK(!e.in_new || seen.in_cur == 0);
	}
	CHECK_INT(r, 0);
	seen.foreign = s.foreign;
	maildir_scan_end(&s);
	maildir_scan_end(&s);
	return seen;
}

TEST(scanning)
{
	int before = dir_descriptors();
	struct maildir m = dir_folder("scan");
	struct seen seen = scan(&m);

	CHECK(seen.in_new == 0 && seen.in_cur == 0 && seen.foreign == 0);
	dir_write("scan/new/1.h,U=1", "");
	dir_write("scan/cur/2.h,U=20:2,S", "");
	dir_write("scan/cur/3.h,U=300:2,", "");
	dir_write("scan/tmp/4.h,U=4000", "");
	dir_write("scan/cur/.hidden,U=5", "");
	CHECK_INT(mkdirat(dir_fd, "scan/new/dir,U=6", 0700), 0);
	CHECK_INT(symlinkat("2.h,U=20:2,S", dir_fd, "scan/cur/link,U=7"), 0);
	CHECK_INT(mkfifoat(dir_fd, "scan/cur/fifo,U=8", 0600), 0);
	seen = scan(&m);
	CHECK_INT(seen.in_new, 1);
	CHECK_INT(seen.in_cur, 2);
	CHECK_INT(seen.uids, 321);
	CHECK_INT(seen.foreign, 4);
	maildir_close(&m);
	CHECK_INT(dir_descriptors(), before);
}

/* What is moved from new to cur in the middle of a scan is seen. */
TEST(scanning_what_moves)
{
	struct maildir m = dir_folder("moves");
	struct maildir_scan s;
	struct maildir_entry e;
	int n = 0;

	dir_write("moves/new/a", "");
	dir_write("moves/new/b", "");
	REQUIRE(maildir_scan_begin(&s, &m, &fault) == 0);
	while (maildir_scan_next(&s, &e, &fault) == 1) {
		n++;
		if (n > 1)
			continue;
		CHECK_INT(renameat(m.new, "a", m.cur, "a:2,S"), 0);
		CHECK_INT(renameat(m.new, "b", m.cur, "b:2,S"), 0);
	}
	maildir_scan_end(&s);
	CHECK(n >= 3);
	maildir_close(&m);
}

enum { MANY = 20000 };

/* Resident memory does not grow with the folder. */
TEST(scanning_many)
{
	struct maildir m = dir_folder("many");
	struct rusage before, after;
	struct seen seen;
	char name[64];

	for (int i = 1; i <= MANY; i++) {
		snprintf(name, sizeof(name), "%d.h,U=%d:2,S", i, i);
		if (mknodat(i % 2 == 0 ? m.cur : m.new, name, S_IFREG | 0600, 0) != 0)
			unit_failed = true;
	}
	getrusage(RUSAGE_SELF, &before);
	seen = scan(&m);
	getrusage(RUSAGE_SELF, &after);
	CHECK_INT(seen.in_new, MANY / 2);
	CHECK_INT(seen.in_cur, MANY / 2);
	CHECK_INT(seen.uids, (uint32_t)((uint64_t)MANY * (MANY + 1) / 2));
	CHECK(after.ru_maxrss - before.ru_maxrss < 512);
	maildir_close(&m);
}

/*
 * Changes.
 */

TEST(renaming)
{
	struct maildir m = dir_folder("rename");

	dir_write("rename/new/a", "A");
	dir_write("rename/cur/b:2,", "B");
	CHECK_INT(maildir_rename(&m, true, "a", false, "a:2,S", &fault), 1);
	CHECK_STR(dir_read("rename/cur/a:2,S"), "A");
	CHECK_INT(maildir_rename(&m, true, "a", false, "a:2,F", &fault), 0);
	CHECK_INT(maildir_rename(&m, false, "a:2,S", false, "a:2,S", &fault), 1);
	CHECK_INT(maildir_rename(&m, false, "x:2,S", false, "x:2,S", &fault), 0);
	CHECK_INT(maildir_rename(&m, false, "a:2,S", false, "b:2,", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK(strstr(fault.msg, "rename/cur/b:2,") != NULL);
	CHECK_STR(dir_read("rename/cur/b:2,"), "B");
	CHECK_STR(dir_read("rename/cur/a:2,S"), "A");
	CHECK_INT(maildir_sync(&m, &fault), 0);
	maildir_close(&m);
}

TEST(changes_take_names_only)
{
	static const char *const bad[] = {
	    "", ".", "..", "../cur/a", "../../rename/cur/b:2,", "a/b"};
	struct maildir m = dir_folder("names"), *p = &m;
	bool in_new;
	char found[MAILDIR_NAME_MAX + 1];

	dir_write("names/cur/a", "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(maildir_rename(p, false, bad[i], false, "b", &fault), -1);
		CHECK_INT(fault.cls, FAULT_DATA);
		CHECK_INT(maildir_rename(p, false, "a", false, bad[i], &fault), -1);
		CHECK_INT(maildir_remove(p, false, bad[i], &fault), -1);
		CHECK_INT(maildir_move(p, false, "a", p, true, bad[i], &fault), -1);
		CHECK_INT(maildir_find(p, bad[i], found, &in_new, &fault), 0);
	}
	CHECK(dir_has("names/cur/a") && dir_has("rename/cur/b:2,"));
	maildir_close(&m);
}

TEST(removing)
{
	struct maildir m = dir_folder("remove");

	dir_write("remove/new/a", "");
	CHECK_INT(maildir_remove(&m, false, "a", &fault), 0);
	CHECK_INT(maildir_remove(&m, true, "a", &fault), 1);
	CHECK_INT(maildir_remove(&m, true, "a", &fault), 0);
	CHECK_INT(mkdirat(m.cur, "d", 0700), 0);
	CHECK_INT(maildir_remove(&m, false, "d", &fault), -1);
	CHECK_INT(fault.cls, FAULT_IO);
	maildir_close(&m);
}

TEST(moving)
{
	struct maildir a = dir_folder("from"), b = dir_folder("to/x");

	dir_write("from/cur/m:2,S", "M");
	CHECK_INT(maildir_move(&a, false, "m:2,S", &b, true, "n", &fault), 1);
	CHECK_STR(dir_read("to/x/new/n"), "M");
	CHECK_INT(maildir_move(&a, false, "m:2,S", &b, true, "n", &fault), 0);
	dir_write("from/cur/m:2,S", "other");
	CHECK_INT(maildir_move(&a, false, "m:2,S", &b, true, "n", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK_STR(dir_read("to/x/new/n"), "M");
	maildir_close(&a);
	maildir_close(&b);
}

TEST(finding)
{
	struct maildir m = dir_folder("find");
	char found[MAILDIR_NAME_MAX + 1];
	bool in_new;

	dir_write("find/cur/a:2,FSx", "");
	dir_write("find/cur/ab:2,", "");
	dir_write("find/new/c", "");
	CHECK_INT(maildir_find(&m, "a", found, &in_new, &fault), 1);
	CHECK_STR(found, "a:2,FSx");
	CHECK(!in_new);
	CHECK_INT(maildir_find(&m, "c", found, &in_new, &fault), 1);
	CHECK_STR(found, "c");
	CHECK(in_new);
	CHECK_INT(maildir_find(&m, "b", found, &in_new, &fault), 0);
	CHECK_INT(maildir_find(&m, "a:2,FSx", found, &in_new, &fault), 0);
	maildir_close(&m);
}

/* The process id of one that is no more. */
static pid_t dead_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

TEST(cleaning_tmp)
{
	const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	char host[MAILDIR_HOST_MAX + 1], name[MAILDIR_NAME_MAX + 1];
	struct maildir m = dir_folder("clean");
	static const char *const others[] = {"1.P5Q6.h", "1.P1_0123456789abcde.lm.h",
	    "1.P1_0123456789abcdef.ln.h", "x.P1_0123456789abcdef.lm.h", "file"};

	gethostname(host, sizeof(host));
	host[MAILDIR_HOST_MAX] = '\0';
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK_INT(mknodat(m.tmp, others[i], S_IFREG | 0600, 0), 0);
	snprintf(name, sizeof(name), "1.P%ld_0123456789abcdef.lm.%s", (long)getpid(), host);
	CHECK_INT(mknodat(m.tmp, name, S_IFREG | 0600, 0), 0);
	/* The date of a delivery is that of its message, and says nothing about its age. */
	CHECK_INT(utimensat(m.tmp, name, old, 0), 0);
	snprintf(name, sizeof(name), "1.P%ld_0123456789abcdef.lm.elsewhere", (long)dead_process());
	CHECK_INT(mknodat(m.tmp, name, S_IFREG | 0600, 0), 0);
	CHECK_INT(maildir_clean_tmp(&m, MAILDIR_TMP_AGE), 0);
	snprintf(name, sizeof(name), "1.P%ld_0123456789abcdef.lm.%s", (long)dead_process(), host);
	CHECK_INT(mknodat(m.tmp, name, S_IFREG | 0600, 0), 0);
	CHECK_INT(maildir_clean_tmp(&m, MAILDIR_TMP_AGE), 1);
	CHECK_INT(dir_count("clean/tmp"), 7);
	CHECK_INT(maildir_clean_tmp(&m, 0), 2);
	CHECK_INT(dir_count("clean/tmp"), 5);
	maildir_close(&m);
}

TEST(clean)
{
	dir_clean();
}

UNIT_MAIN
