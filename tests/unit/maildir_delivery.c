/* Messages on their way into a folder. */
#include "store/maildir_delivery.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "maildir_dir.h"

TEST(a_home)
{
	dir_make();
}

static bool deliver(struct delivery *d, const struct maildir *m, const char *text, size_t piece)
{
	size_t n = strlen(text);

	if (delivery_begin(d, m, DELIVERY_DIGEST, &fault) == -1)
		return false;
	for (size_t at = 0; at < n; at += piece)
		if (delivery_write(d, text + at, n - at < piece ? n - at : piece, &fault) == -1)
			return false;
	return true;
}

TEST(one_message)
{
	int before = dir_descriptors();
	struct maildir m = dir_folder("one");
	struct delivery d;
	struct stat st;

	CHECK(deliver(&d, &m, "Subject: x\r\n\r\nhi\r\n", 5));
	CHECK_INT(d.result, DELIVERY_OPEN);
	CHECK_INT(dir_count("one/tmp"), 1);
	CHECK_INT(delivery_finish(&d, "a,U=1:2,S", false, 1000000000, &fault), 0);
	CHECK_INT(dir_count("one/cur"), 0);
	CHECK_INT(delivery_commit(&d, 1, &fault), 0);
	CHECK_INT(d.result, DELIVERY_DONE);
	CHECK_INT(d.octets_in, 18);
	CHECK_INT(d.octets, 15);
	CHECK_STR(dir_read("one/cur/a,U=1:2,S"), "Subject: x\n\nhi\n");
	CHECK(fstatat(dir_fd, "one/cur/a,U=1:2,S", &st, 0) == 0 && st.st_mtime == 1000000000);
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK_INT(dir_count("one/tmp"), 0);
	delivery_abort(&d);
	CHECK(dir_has("one/cur/a,U=1:2,S"));
	maildir_close(&m);
	CHECK_INT(dir_descriptors(), before);
}

/* Cut anywhere, the same file, counts and digest come out. */
TEST(pieces)
{
	static const char text[] = "a\r\nb\r\r\n\r\rc\nd\r\n\r";
	struct maildir m = dir_folder("pieces");
	unsigned char first[DIGEST_LEN] = {0};

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct delivery d;
		char name[32], path[64];

		snprintf(name, sizeof(name), "m%zu", piece);
		snprintf(path, sizeof(path), "pieces/new/%s", name);
		REQUIRE(deliver(&d, &m, text, piece));
		REQUIRE(delivery_finish(&d, name, true, 1, &fault) == 0);
		REQUIRE(delivery_commit(&d, 1, &fault) == 0);
		CHECK_STR(dir_read(path), "a\nb\r\n\r\rc\nd\n\r");
		CHECK_INT(d.octets_in, sizeof(text) - 1);
		CHECK_INT(d.octets, sizeof(text) - 4);
		if (piece == 1)
			memcpy(first, d.sha256, sizeof(first));
		CHECK_MEM(d.sha256, sizeof(first), first, sizeof(first));
	}
	maildir_close(&m);
}

/* More than the converter takes at a time. */
TEST(a_large_message)
{
	enum { LINES = 4000, LINE = 77 };
	static char text[LINES * LINE];
	struct maildir m = dir_folder("large");
	struct delivery d;
	struct stat st;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < LINES; i++) {
		text[i * LINE + LINE - 2] = '\r';
		text[i * LINE + LINE - 1] = '\n';
	}
	REQUIRE(delivery_begin(&d, &m, 0, &fault) == 0);
	CHECK_INT(delivery_write(&d, text, sizeof(text), &fault), 0);
	CHECK_INT(delivery_finish(&d, "l", true, 1, &fault), 0);
	CHECK_INT(delivery_commit(&d, 1, &fault), 0);
	CHECK_INT(d.octets, LINES * (LINE - 1));
	CHECK(fstatat(dir_fd, "large/new/l", &st, 0) == 0 && st.st_size == LINES * (LINE - 1));
	maildir_close(&m);
}

TEST(a_batch)
{
	enum { N = 100 };
	int before = dir_descriptors();
	static struct delivery d[N];
	struct maildir m = dir_folder("batch");
	char name[32];

	dir_write("batch/cur/m40", "old");
	for (int i = 0; i < N; i++) {
		REQUIRE(deliver(&d[i], &m, i == 40 ? "new\r\n" : "x\r\n", 100));
		snprintf(name, sizeof(name), "m%d", i);
		CHECK_INT(delivery_finish(&d[i], name, i % 10 == 1, i, &fault), 0);
	}
	delivery_abort(&d[7]);
	delivery_abort(&d[7]);
	CHECK_INT(delivery_commit(d, N, &fault), 0);
	for (int i = 0; i < N; i++)
		CHECK_INT(d[i].result,
		    i == 7        ? DELIVERY_NONE
			: i == 40 ? DELIVERY_EXISTS
				  : DELIVERY_DONE);
	CHECK_STR(dir_read("batch/cur/m40"), "old");
	CHECK_INT(dir_count("batch/cur"), N - 10 - 1);
	CHECK_INT(dir_count("batch/new"), 10);
	CHECK_INT(dir_count("batch/tmp"), 0);
	maildir_close(&m);
	CHECK_INT(dir_descriptors(), before);
}

TEST(without_syncing)
{
	struct maildir m = dir_folder("unsynced");
	struct delivery d;

	CHECK_INT(delivery_begin(&d, &m, DELIVERY_UNSYNCED, &fault), 0);
	CHECK_INT(delivery_finish(&d, "a", true, 1, &fault), 0);
	CHECK_INT(delivery_commit(&d, 1, &fault), 0);
	CHECK_STR(dir_read("unsynced/new/a"), "");
	maildir_close(&m);
}

TEST(names_are_no_paths)
{
	static const char *const bad[] = {"", ".x", "../cur/x", "/tmp/x", ".."};
	int before = dir_descriptors();
	struct maildir m = dir_folder("paths");

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct delivery d;

		REQUIRE(deliver(&d, &m, "x", 1));
		CHECK_INT(delivery_finish(&d, bad[i], false, 1, &fault), -1);
		CHECK_INT(fault.cls, FAULT_DATA);
		CHECK_INT(d.result, DELIVERY_NONE);
	}
	CHECK_INT(dir_count("paths/tmp"), 0);
	maildir_close(&m);
	CHECK_INT(dir_descriptors(), before);
}

/* A full disk, as a limit on the size of files. */
TEST(a_full_disk)
{
	static char text[10000];
	struct rlimit old, small;
	struct maildir m = dir_folder("full");
	struct delivery d, good;

	memset(text, 'x', sizeof(text));
	REQUIRE(deliver(&good, &m, "x", 1));
	REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
	signal(SIGXFSZ, SIG_IGN);
	small = (struct rlimit){4096, old.rlim_max};
	REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
	CHECK_INT(delivery_begin(&d, &m, 0, &fault), 0);
	CHECK_INT(delivery_write(&d, text, sizeof(text), &fault), -1);
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK_INT(fault.cls, FAULT_IO);
	CHECK(strstr(fault.msg, "full/tmp/") != NULL && strstr(fault.msg, strerror(EFBIG)) != NULL);
	CHECK_INT(d.result, DELIVERY_NONE);
	CHECK_INT(dir_count("full/tmp"), 1);
	CHECK_INT(delivery_finish(&good, "g", true, 1, &fault), 0);
	CHECK_INT(delivery_commit(&good, 1, &fault), 0);
	CHECK_INT(dir_count("full/tmp"), 0);
	CHECK_INT(dir_count("full/new"), 1);
	maildir_close(&m);
}

/* The folder goes away while messages are on their way: nothing is left, and it is said. */
TEST(a_folder_that_goes)
{
	int before = dir_descriptors();
	struct maildir m = dir_folder("goes");
	struct delivery d[2];

	REQUIRE(deliver(&d[0], &m, "x", 1) && deliver(&d[1], &m, "x", 1));
	CHECK_INT(delivery_finish(&d[0], "a", true, 1, &fault), 0);
	CHECK_INT(delivery_finish(&d[1], "b", false, 1, &fault), 0);
	CHECK_INT(unlinkat(dir_fd, "goes/new", AT_REMOVEDIR), 0);
	CHECK_INT(delivery_commit(d, 2, &fault), -1);
	CHECK_INT(fault.cls, FAULT_IO);
	CHECK(d[0].result == DELIVERY_NONE && d[1].result == DELIVERY_NONE);
	CHECK_INT(dir_count("goes/tmp"), 0);
	CHECK_INT(dir_count("goes/cur"), 0);
	maildir_close(&m);
	CHECK_INT(dir_descriptors(), before);
}

TEST(clean)
{
	dir_clean();
}

UNIT_MAIN
