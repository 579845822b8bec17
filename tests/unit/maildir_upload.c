/* Messages on their way from a folder to a server. */
#include "store/maildir_upload.h"

#include "maildir_dir.h"
#include "store/maildir_delivery.h"

static struct maildir folder;

TEST(a_home)
{
	dir_make();
	folder = dir_folder("u");
}

static void open_text(struct upload_file *u, const char *p, size_t n)
{
	dir_write_n("u/cur/m", p, n);
	CHECK_INT(upload_open(u, &folder, false, "m", &fault), 1);
}

/* As it is written for the server, behind what is there already. */
static void check_wire(const struct upload_file *u, const char *want, size_t n)
{
	static char got[256 * 1024];
	int fd = upload_spool(&folder, &fault);

	REQUIRE(fd != -1);
	CHECK_INT(u->size, n);
	CHECK_INT(upload_write(u, fd, 3, &fault), 0);
	CHECK_INT(pread(fd, got, sizeof(got), 3), n);
	CHECK_MEM(got, n, want, n);
	CHECK_INT(dir_count("u/tmp"), 0);
	close(fd);
}

static void check(const char *text, const char *want)
{
	struct upload_file u;

	open_text(&u, text, strlen(text));
	CHECK_INT(u.octets, strlen(text));
	CHECK_INT(u.plain, strcmp(text, want) == 0);
	CHECK(!u.has_nul);
	check_wire(&u, want, strlen(want));
	upload_close(&u);
	upload_close(&u);
}

TEST(line_ends)
{
	check("", "");
	check("a", "a");
	check("a\n", "a\r\n");
	check("a\r\nb\n", "a\r\nb\r\n");
	check("a\r\nb\r\n", "a\r\nb\r\n");
	check("a\rb\n\n", "a\rb\r\n\r\n");
	check("\n", "\r\n");
}

/* Line ends at the seams of what is read at a time. */
TEST(a_large_message)
{
	enum { N = 100000 };
	static char text[N], want[N + N / 13 + 1];
	struct upload_file u;
	size_t len = 0;

	for (size_t i = 0; i < N; i++) {
		text[i] = i % 13 == 12 ? '\n' : i % 29 == 0 ? '\r' : 'x';
		if (text[i] == '\n' && text[i - 1] != '\r')
			want[len++] = '\r';
		want[len++] = text[i];
	}
	open_text(&u, text, N);
	CHECK(!u.plain);
	check_wire(&u, want, len);
	upload_close(&u);
}

TEST(nul_octets)
{
	struct upload_file u;

	open_text(&u, "a\0b\n", 4);
	CHECK(u.has_nul);
	check_wire(&u, "a\0b\r\n", 5);
	upload_close(&u);
}

static void check_id(const char *text, const char *want)
{
	struct upload_file u;

	open_text(&u, text, strlen(text));
	CHECK_STR(u.message_id, want);
	upload_close(&u);
}

TEST(message_ids)
{
	check_id("Message-ID: <a@b>\n\nbody\n", "<a@b>");
	check_id("Subject: x\r\nmessage-id:\r\n <a@b> \r\n\r\n", "<a@b>");
	check_id("Message-Id:<a@b>", "<a@b>");
	check_id("Subject: x\n\nMessage-ID: <a@b>\n", "");
	check_id("", "");
	check_id("Message-ID: <a\001b>\n\n", "<ab>");
}

TEST(message_ids_within_limits)
{
	static char text[UPLOAD_HEADER_MAX + 100];
	int n = snprintf(text, sizeof(text), "Message-ID: ");

	memset(text + n, 'x', UPLOAD_MESSAGE_ID_MAX);
	text[n + UPLOAD_MESSAGE_ID_MAX] = '\0';
	check_id(text, text + n);
	text[n + UPLOAD_MESSAGE_ID_MAX] = 'x';
	check_id(text, "");
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "Subject: ", 9);
	memcpy(text + UPLOAD_HEADER_MAX, "\nMessage-ID: <late@h>\n", 22);
	check_id(text, "");
}

/* What was delivered is read again: the size that the server has, and the same digest. */
TEST(there_and_back)
{
	static const char text[] = "Message-ID: <a@b>\r\n\r\nline\r\n\r\nlast\r\n";
	struct delivery d;
	struct upload_file u;

	REQUIRE(delivery_begin(&d, &folder, DELIVERY_DIGEST, &fault) == 0);
	CHECK_INT(delivery_write(&d, text, sizeof(text) - 1, &fault), 0);
	CHECK_INT(delivery_finish(&d, "back", false, 99, &fault), 0);
	CHECK_INT(delivery_commit(&d, 1, &fault), 0);
	REQUIRE(upload_open(&u, &folder, false, "back", &fault) == 1);
	CHECK_INT(u.size, d.octets_in);
	CHECK_INT(u.octets, d.octets);
	CHECK_INT(u.mtime, 99);
	CHECK_MEM(u.sha256, DIGEST_LEN, d.sha256, DIGEST_LEN);
	check_wire(&u, text, sizeof(text) - 1);
	upload_close(&u);
}

TEST(what_cannot_be_read)
{
	int before = dir_descriptors();
	struct upload_file u;

	CHECK_INT(upload_open(&u, &folder, false, "none", &fault), 0);
	upload_close(&u);
	CHECK_INT(upload_open(&u, &folder, false, "../cur/m", &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	CHECK_INT(symlinkat("m", folder.cur, "link"), 0);
	CHECK_INT(upload_open(&u, &folder, false, "link", &fault), -1);
	CHECK_INT(fault.cls, FAULT_IO);
	CHECK(strstr(fault.msg, "u/cur") != NULL && strstr(fault.msg, "link") != NULL);
	CHECK_INT(mkfifoat(folder.cur, "fifo", 0600), 0);
	CHECK_INT(upload_open(&u, &folder, false, "fifo", &fault), -1);
	CHECK_INT(mkdirat(folder.cur, "dir", 0700), 0);
	CHECK_INT(upload_open(&u, &folder, false, "dir", &fault), -1);
	CHECK_INT(dir_descriptors(), before);
}

static void check_changed(const char *text, const char *later)
{
	struct upload_file u;
	int fd = upload_spool(&folder, &fault);
	struct stat st;

	open_text(&u, text, strlen(text));
	dir_write("u/cur/m", later);
	CHECK_INT(upload_write(&u, fd, 0, &fault), -1);
	CHECK_INT(fault.cls, FAULT_TEMP);
	CHECK(fstat(fd, &st) == 0 && (uint64_t)st.st_size <= u.size);
	upload_close(&u);
	close(fd);
}

TEST(changed_meanwhile)
{
	check_changed("a\nb\n", "a\n");
	check_changed("a\nb\n", "a\nb\nc\n");
	check_changed("a\nb\n", "a\r\nb\r\n");
	check_changed("a\n", "");
}

TEST(clean)
{
	maildir_close(&folder);
	dir_clean();
}

UNIT_MAIN
