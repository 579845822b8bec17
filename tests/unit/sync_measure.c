/* What a file is on the server, in spite of the line that mbsync puts into it. */
#include "app/sync_impl.h"

#include "maildir_dir.h"

static struct maildir folder;

TEST(a_home)
{
	dir_make();
	folder = dir_folder("u");
}

static void measure(const char *p, size_t n, uint64_t *size, uint64_t *key)
{
	struct upload_file u;

	dir_write_n("u/cur/m", p, n);
	CHECK_INT(upload_open(&u, &folder, false, "m", &fault), 1);
	CHECK_INT(sync_measure(&u, size, key, &fault), 0);
	upload_close(&u);
}

/* `text` counts as `like` does. */
static void check(const char *text, const char *like, bool same)
{
	uint64_t size, key, want_size, want_key;

	measure(text, strlen(text), &size, &key);
	measure(like, strlen(like), &want_size, &want_key);
	CHECK((size == want_size) == same);
	CHECK((key == want_key) == same);
}

TEST(without_the_line)
{
	check("A: b\nX-TUID: YLP8Tp63lrvX\n\nbody\n", "A: b\n\nbody\n", true);
	check("X-TUID: YLP8Tp63lrvX\nA: b\n\nbody\n", "A: b\n\nbody\n", true);
	check("A: b\r\nx-tuid: YLP8Tp63lrvX\r\n\r\nbody\r\n", "A: b\n\nbody\n", true);
	check("A: b\nX-TUID: YLP8Tp63lrvX\n", "A: b\n", true);
}

TEST(other_lines_count)
{
	check("A: b\n\nX-TUID: YLP8Tp63lrvX\nbody\n", "A: b\n\nbody\n", false);
	check("A: b\r\n\r\nX-TUID: YLP8Tp63lrvX\r\n", "A: b\r\n\r\n", false);
	check("A: b\nX-TUIDs: YLP8Tp63lrvX\n\nbody\n", "A: b\n\nbody\n", false);
	check("A: b\nX-TUID: no end", "A: b\n", false);
	check("", "", true);
}

/* A body longer than what is read at a time; a header beyond what is looked at. */
TEST(long_ones)
{
	static char text[200 * 1024], like[200 * 1024];
	static const char head[6] = {'A', ':', ' ', 'b', '\n', '\n'};
	static const char tuid[] = "X-TUID: YLP8Tp63lrvX\n";
	uint64_t size, key, want_size, want_key;

	memset(like, 'x', sizeof(like));
	memcpy(like, head, sizeof(head));
	memcpy(text, head, 5);
	memcpy(text + 5, tuid, sizeof(tuid) - 1);
	memcpy(text + 5 + sizeof(tuid) - 1, like + 5, 100000);
	measure(text, 100005 + sizeof(tuid) - 1, &size, &key);
	measure(like, 100005, &want_size, &want_key);
	CHECK_INT(size, want_size);
	CHECK(key == want_key);

	memset(text, 'h', 70000);
	text[69999] = '\n';
	memcpy(text + 70000, tuid, sizeof(tuid) - 1);
	measure(text, 70000 + sizeof(tuid) - 1, &size, &key);
	CHECK_INT(size, 70002 + sizeof(tuid) - 1);
}

TEST(clean)
{
	maildir_close(&folder);
	dir_clean();
}

UNIT_MAIN
