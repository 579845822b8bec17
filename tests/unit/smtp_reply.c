#include <stdlib.h>

#include "smtp/reply.h"
#include "unit.h"

/* Feeds text in pieces of `size` octets: the result of the last feed, with the reply. */
static int feed(struct reply *r, const char *text, size_t n, size_t size, struct fault *f)
{
	size_t at = 0, used;
	int got = 0;

	while (at < n && got == 0) {
		size_t len = n - at < size ? n - at : size;
		got = reply_feed(r, text + at, len, &used, f);
		if (got == 0)
			CHECK_INT(used, len);
		at += used;
	}
	return got;
}

static void check(const char *text, size_t size, int code, const char *want)
{
	struct fault f = {0};
	struct reply r;

	reply_init(&r);
	CHECK_INT(feed(&r, text, strlen(text), size, &f), 1);
	CHECK_INT(r.code, code);
	CHECK_STR(buf_str(&r.text), want);
	reply_free(&r);
}

TEST(replies_whole_and_octet_by_octet)
{
	for (size_t size = 1; size < 64; size += 62) {
		check("250 ok\r\n", size, 250, "ok");
		check("250\r\n", size, 250, "");
		check("250 \r\n", size, 250, "");
		check("354 go ahead\n", size, 354, "go ahead");
		check("250-a\r\n250-b c\r\n250 d\r\n", size, 250, "a\nb c\nd");
		check("250-a\r\n250\r\n", size, 250, "a\n");
		check("550-5.1.1 no such\r\n550 5.1.1 user\r\n", size, 550, "no such\nuser");
		check("334 2.7.0\r\n", size, 334, "2.7.0");
		check("250 2.1.5\r\n", size, 250, "");
		check("250 2.1\r\n", size, 250, "2.1");
		check("250 5.1.1 other class\r\n", size, 250, "5.1.1 other class");
		check("250 2.1.1x\r\n", size, 250, "2.1.1x");
		check("250 2.1234.1 x\r\n", size, 250, "2.1234.1 x");
	}
}

TEST(enhanced_status)
{
	struct fault f = {0};
	struct reply r;
	const char *text = "554-5.6.6 IMAP URL\r\n554 5.6.6 resolution failed\r\n";

	reply_init(&r);
	CHECK_INT(feed(&r, text, strlen(text), 1000, &f), 1);
	CHECK(r.enhanced);
	CHECK_INT(r.status[0], 5);
	CHECK_INT(r.status[1], 6);
	CHECK_INT(r.status[2], 6);
	CHECK_INT(r.lines, 2);
	reply_free(&r);
}

TEST(one_after_the_other)
{
	static const char text[] = "220 hi\r\n250-x\r\n250 y\r\n221 bye\r\n";
	const int codes[] = {220, 250, 221};
	struct fault f = {0};
	struct reply r;
	size_t at = 0, used;

	reply_init(&r);
	for (size_t i = 0; i < 3; i++) {
		CHECK_INT(reply_feed(&r, text + at, strlen(text) - at, &used, &f), 1);
		CHECK_INT(r.code, codes[i]);
		at += used;
	}
	CHECK_INT(at, strlen(text));
	CHECK_STR(buf_str(&r.text), "bye");
	CHECK_INT(r.lines, 1);
	reply_free(&r);
}

static void broken(const char *text, size_t n)
{
	for (size_t size = 1; size <= n; size += n > 1 ? n - 1 : 1) {
		struct fault f = {0};
		struct reply r;

		reply_init(&r);
		CHECK_INT(feed(&r, text, n, size, &f), -1);
		CHECK_INT(f.cls, FAULT_PROTOCOL);
		reply_free(&r);
	}
}

TEST(what_is_no_reply)
{
	const char *texts[] = {"\r\n", "ok\r\n", "25 ok\r\n", "25x ok\r\n", "150 early\r\n",
	    "600 x\r\n", "250_ok\r\n", "2500 ok\r\n", "250-a\r\n251 b\r\n", "250-a\r\nb\r\n",
	    " 250 ok\r\n", "* OK IMAP\r\n", "-50 x\r\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		broken(texts[i], strlen(texts[i]));
	broken("250 a\0b\r\n", 9);
	broken("250\0\r\n", 6);
}

static char *line_of(size_t n, const char *end)
{
	char *s = malloc(n + strlen(end) + 1);

	if (!s)
		abort();
	memset(s, 'x', n);
	s[0] = '2';
	s[1] = '5';
	s[2] = '0';
	s[3] = ' ';
	memcpy(s + n, end, strlen(end) + 1);
	return s;
}

TEST(line_limit)
{
	struct fault f = {0};
	struct reply r;
	char *fits = line_of(REPLY_LINE_MAX, "\n"), *is_long = line_of(REPLY_LINE_MAX + 1, "\n");
	char *endless = line_of(REPLY_LINE_MAX + 2, "");

	reply_init(&r);
	CHECK_INT(feed(&r, fits, strlen(fits), 1000, &f), 1);
	CHECK_INT(feed(&r, is_long, strlen(is_long), 1000, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	reply_free(&r);
	reply_init(&r);
	CHECK_INT(feed(&r, endless, strlen(endless), 7, &f), -1);
	reply_free(&r);
	free(fits);
	free(is_long);
	free(endless);
}

TEST(lines_limit)
{
	struct fault f = {0};
	struct reply r;
	size_t used;

	reply_init(&r);
	for (int i = 0; i < REPLY_LINES_MAX; i++)
		CHECK_INT(reply_feed(&r, "250-x\r\n", 7, &used, &f), 0);
	CHECK_INT(reply_feed(&r, "250 x\r\n", 7, &used, &f), -1);
	CHECK_INT(f.cls, FAULT_PROTOCOL);
	reply_free(&r);
}

static enum fault_class class_of(int code)
{
	struct reply r = {.code = code};

	return reply_class(&r);
}

TEST(classes)
{
	CHECK_INT(class_of(250), FAULT_NONE);
	CHECK_INT(class_of(354), FAULT_NONE);
	CHECK_INT(class_of(421), FAULT_TEMP);
	CHECK_INT(class_of(454), FAULT_TEMP);
	CHECK_INT(class_of(530), FAULT_AUTH);
	CHECK_INT(class_of(534), FAULT_AUTH);
	CHECK_INT(class_of(535), FAULT_AUTH);
	CHECK_INT(class_of(538), FAULT_AUTH);
	CHECK_INT(class_of(550), FAULT_REFUSED);
}

TEST(shown_safely)
{
	static const char text[] = "550-5.7.1 \033[31mred\r\n550 5.7.1 caf\xc3\xa9\r\n";
	struct fault f = {0};
	struct reply r;
	char out[64], small[12];

	reply_init(&r);
	CHECK_INT(feed(&r, text, strlen(text), 1000, &f), 1);
	reply_show(&r, out, sizeof(out));
	CHECK_STR(out, "550 5.7.1 \\033[31mred; caf\xc3\xa9");
	reply_show(&r, small, sizeof(small));
	CHECK_STR(small, "550 5.7.1 ");
	CHECK_INT(reply_fault(&r, &f, "MAIL"), -1);
	CHECK_STR(f.msg, "MAIL: 550 5.7.1 \\033[31mred; caf\xc3\xa9");
	CHECK_INT(f.cls, FAULT_REFUSED);
	reply_free(&r);
}

UNIT_MAIN
