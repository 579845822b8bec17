/* Whose changes they were. */
#include "store/maildir_watch.h"

#include "maildir_dir.h"

TEST(a_home)
{
	dir_make();
}

static void rename_own(
    struct maildir_watch *w, const struct maildir *m, const char *from, const char *to)
{
	CHECK_INT(maildir_rename(m, false, from, false, to, &fault), 1);
	maildir_watch_own(w, false, from, false);
	maildir_watch_own(w, false, to, true);
}

TEST(our_own)
{
	struct maildir m = dir_folder("own");
	struct maildir_watch w;

	dir_write("own/cur/a:2,", "x");
	dir_write("own/new/b", "x");
	maildir_watch_begin(&w, &m);
	REQUIRE(w.fd != -1);
	CHECK(maildir_watch_clean(&w));
	rename_own(&w, &m, "a:2,", "a:2,S");
	CHECK(maildir_watch_clean(&w));
	CHECK_INT(maildir_rename(&m, true, "b", false, "b:2,F", &fault), 1);
	maildir_watch_own(&w, true, "b", false);
	CHECK(!maildir_watch_clean(&w));
	maildir_watch_own(&w, false, "b:2,F", true);
	CHECK(maildir_watch_clean(&w));
	CHECK_INT(maildir_remove(&m, false, "b:2,F", &fault), 1);
	maildir_watch_own(&w, false, "b:2,F", false);
	CHECK(maildir_watch_clean(&w));
	maildir_watch_end(&w);
	maildir_close(&m);
}

TEST(of_others)
{
	struct maildir m = dir_folder("other");
	struct maildir_watch w;

	dir_write("other/cur/a:2,", "x");
	maildir_watch_begin(&w, &m);
	REQUIRE(w.fd != -1);
	/* what goes on in tmp is nobody's business */
	dir_write("other/tmp/t", "x");
	CHECK(maildir_watch_clean(&w));
	/* there and back again is a change */
	CHECK_INT(maildir_rename(&m, false, "a:2,", false, "a:2,S", &fault), 1);
	CHECK_INT(maildir_rename(&m, false, "a:2,S", false, "a:2,", &fault), 1);
	CHECK(!maildir_watch_clean(&w));
	maildir_watch_end(&w);
	CHECK(!maildir_watch_clean(&w));
	maildir_watch_begin(&w, &m);
	dir_write("other/new/c", "x");
	rename_own(&w, &m, "a:2,", "a:2,S");
	CHECK(!maildir_watch_clean(&w));
	maildir_watch_end(&w);
	maildir_close(&m);
}

static unsigned queue_length(void)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	char text[32];
	unsigned long n = 0;

	if (f != NULL && fgets(text, sizeof(text), f) != NULL)
		n = strtoul(text, NULL, 10);
	if (f != NULL)
		fclose(f);
	return n == 0 || n > 1000000 ? 16384 : (unsigned)n;
}

static void go_there_and_back(struct maildir_watch *w, const struct maildir *m, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		rename_own(w, m, "a:2,", "a:2,S");
		rename_own(w, m, "a:2,S", "a:2,");
	}
}

/* More than the kernel's queue holds: then nothing is certain. */
TEST(too_many)
{
	struct maildir m = dir_folder("many");
	struct maildir_watch w;
	unsigned tens = queue_length() / 40 + 1; /* four changes each */

	dir_write("many/cur/a:2,", "x");
	maildir_watch_begin(&w, &m);
	REQUIRE(w.fd != -1);
	for (int i = 0; i < 12; i++) {
		go_there_and_back(&w, &m, tens);
		maildir_watch_drain(&w);
	}
	CHECK(maildir_watch_clean(&w));
	go_there_and_back(&w, &m, 12 * tens);
	CHECK(!maildir_watch_clean(&w));
	maildir_watch_end(&w);
	maildir_close(&m);
}

TEST(the_end)
{
	dir_clean();
}

UNIT_MAIN
