/* Files that are no state, or are not to be had. */
#include <sqlite3.h>
#include <sys/wait.h>

#include "state_dir.h"

TEST(begin)
{
	dir_make();
}

/* ---- files that are none */

static void refused(const char *name, bool create, enum fault_class cls)
{
	fault = (struct fault){0};
	CHECK(state_open(path_of(name), create, true, &fault) == NULL);
	CHECK_INT(fault.cls, cls);
	if (fault.cls != cls)
		printf("# %s: %s\n", name, fault.msg);
	CHECK(strstr(fault.msg, name) != NULL);
}

TEST(not_there)
{
	refused("nowhere", false, FAULT_NOINPUT);
	refused("nowhere/at-all", false, FAULT_NOINPUT);
	refused("nowhere/at-all", true, FAULT_IO);
	CHECK(!dir_has("nowhere"));
}

TEST(an_empty_file_becomes_a_state)
{
	struct state *s;

	dir_write("empty", "");
	s = state_open(path_of("empty"), false, true, &fault);
	REQUIRE(s);
	CHECK(put_box(s, "a") > 0);
	state_close(s);
}

TEST(nobody_else_may_read_it)
{
	struct state *s = open_state("mode");
	struct stat st = {0};

	REQUIRE(s);
	put_box(s, "a");
	CHECK(fstatat(dir_fd, "mode", &st, 0) == 0);
	CHECK_INT(st.st_mode & 077, 0);
	CHECK(fstatat(dir_fd, "mode-wal", &st, 0) == 0);
	CHECK_INT(st.st_mode & 077, 0);
	state_close(s);
	CHECK(!dir_has("mode-wal"));
}

TEST(no_database)
{
	char page[4096];

	memset(page, 'x', sizeof(page));
	dir_write_n("text", page, sizeof(page));
	refused("text", true, FAULT_DATA);
	CHECK(strstr(fault.msg, "Move it away") != NULL);
	CHECK_MEM(dir_read("text"), sizeof(page), page, sizeof(page));
	dir_write("short", "no database");
	refused("short", true, FAULT_DATA);
	CHECK_STR(dir_read("short"), "no database");
}

TEST(a_directory_in_its_place)
{
	CHECK(mkdirat(dir_fd, "dir", 0700) == 0);
	refused("dir", true, FAULT_IO);
	refused("dir", false, FAULT_IO);
}

/* A database of somebody else's. */
static void make_foreign(const char *sql)
{
	sqlite3 *db;

	(void)unlinkat(dir_fd, "foreign", 0);
	CHECK(sqlite3_open(path_of("foreign"), &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

TEST(foreign_databases)
{
	static const char *const sql[] = {"CREATE TABLE t(x); INSERT INTO t VALUES(1)",
	    "PRAGMA application_id = -1", "PRAGMA user_version = 1",
	    "PRAGMA application_id = 0x6c6d7374; PRAGMA user_version = 2",
	    "PRAGMA application_id = 0x6c6d7374; PRAGMA user_version = 0"};
	char before[8192];
	struct stat a, b;

	for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
		make_foreign(sql[i]);
		CHECK(fstatat(dir_fd, "foreign", &a, 0) == 0);
		REQUIRE(a.st_size <= (off_t)sizeof(before));
		memcpy(before, dir_read("foreign"), (size_t)a.st_size);
		refused("foreign", true, FAULT_DATA);
		CHECK(fstatat(dir_fd, "foreign", &b, 0) == 0);
		CHECK_MEM(dir_read("foreign"), (size_t)b.st_size, before, (size_t)a.st_size);
	}
}

/* Damage in any page is found when it is read, and is a fault of its class, not a wrong answer or a crash. */
static void read_damaged(off_t at)
{
	static const char junk[512] = "junk";
	struct state_message m = {0};
	int fd = openat(dir_fd, "damaged", O_WRONLY | O_CLOEXEC), r;

	CHECK(fd != -1 && pwrite(fd, junk, sizeof(junk), at) == (ssize_t)sizeof(junk));
	close(fd);
	struct state *s = state_open(path_of("damaged"), false, true, &fault);
	if (s == NULL) {
		CHECK_INT(fault.cls, FAULT_DATA);
		return;
	}
	while ((r = state_message_from(s, 1, m.uid + 1, &m, &fault)) == 1)
		continue;
	if (r == -1)
		CHECK_INT(fault.cls, FAULT_DATA);
	r = state_mailbox_clear(s, 1, &fault);
	if (r == -1)
		CHECK_INT(fault.cls, FAULT_DATA);
	state_close(s);
}

TEST(a_damaged_file)
{
	struct stat st;

	for (off_t at = 0; at == 0 || at < st.st_size; at += 4096) {
		(void)unlinkat(dir_fd, "damaged", 0);
		struct state *s = open_state("damaged");
		REQUIRE(s);
		int64_t box = put_box(s, "a");
		CHECK_INT(state_begin(s, &fault), 0);
		for (uint32_t uid = 1; uid < 500; uid++)
			put_message(s, box, uid);
		CHECK_INT(state_commit(s, &fault), 0);
		state_close(s);
		CHECK(fstatat(dir_fd, "damaged", &st, 0) == 0);
		read_damaged(at);
	}
}

TEST(a_file_that_was_cut)
{
	struct stat st;

	(void)unlinkat(dir_fd, "damaged", 0);
	struct state *s = open_state("damaged");
	REQUIRE(s);
	put_box(s, "a");
	state_close(s);
	CHECK(fstatat(dir_fd, "damaged", &st, 0) == 0);
	CHECK(truncate(path_of("damaged"), st.st_size / 2) == 0);
	refused("damaged", false, FAULT_DATA);
}

/* As one who may not write there. */
static void as_nobody(void)
{
	if (geteuid() == 0 && setuid(65534) == -1)
		_exit(1);
	if (state_open(path_of("closed/state"), true, true, &fault) != NULL ||
	    fault.cls != FAULT_IO)
		_exit(2);
	if (state_open(path_of("closed/new"), true, true, &fault) != NULL || fault.cls != FAULT_IO)
		_exit(3);
	_exit(0);
}

TEST(an_unwritable_directory)
{
	struct state *s;
	int status;
	pid_t pid;

	CHECK(mkdirat(dir_fd, "closed", 0755) == 0);
	s = open_state("closed/state");
	REQUIRE(s);
	state_close(s);
	CHECK(fchmodat(dir_fd, "closed/state", 0444, 0) == 0);
	CHECK(fchmodat(dir_fd, "closed", 0555, 0) == 0);
	CHECK(fchmodat(dir_fd, ".", 0755, 0) == 0);
	pid = fork();
	if (pid == 0)
		as_nobody();
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	CHECK(fchmodat(dir_fd, "closed", 0755, 0) == 0);
	CHECK(!dir_has("closed/new"));
}

TEST(one_process_at_a_time)
{
	struct state *s = open_state("held");
	int status;
	pid_t pid;

	REQUIRE(s);
	put_box(s, "a");
	pid = fork();
	if (pid == 0) {
		if (state_open(path_of("held"), true, true, &fault) != NULL)
			_exit(1);
		_exit(fault.cls == FAULT_TEMP ? 0 : 2);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	state_close(s);
}

TEST(end)
{
	dir_clean();
}

UNIT_MAIN
