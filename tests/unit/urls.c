#include "app/urls.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tree.h"
#include "unit.h"

enum { ARGS_MAX = 8 };

static struct fault f;
static struct tool tool;
static char home[] = "/tmp/lm-urls-XXXXXX", config[64];
static char *said; /* what went to t->err */
static size_t said_len;
static struct urls *u;
static struct batch *b;
static FILE *in;

static void write_config(void)
{
	FILE *to;

	snprintf(config, sizeof(config), "%s/config", home);
	to = fopen(config, "w");
	if (to == NULL ||
	    fputs("account work\nimap imaps://alice@mail.example.org\n"
		  "account home\nimap imaps://bob@home.example.org\n",
		to) == EOF ||
	    fclose(to) != 0)
		unit_failed = true;
}

static char *copies[ARGS_MAX];

/* Arguments may be written to, literals may not. */
static void copy_arguments(const char *const *arg, size_t n)
{
	for (size_t i = 0; i < ARGS_MAX; i++) {
		free(copies[i]);
		copies[i] = arg != NULL && i < n ? strdup(arg[i]) : NULL;
	}
}

static void begin(const char *const *arg, size_t n, const char *text)
{
	copy_arguments(arg, n);
	f = (struct fault){0};
	free(said);
	said = NULL;
	tool_init(&tool, "lm-test", open_memstream(&said, &said_len));
	tool.config_path = config;
	in = tmpfile();
	if (in == NULL || tool.err == NULL) {
		unit_failed = true;
		return;
	}
	if (fputs(text, in) == EOF || fflush(in) != 0)
		unit_failed = true;
	rewind(in);
	u = urls_new(&tool, copies, n, in, &f);
	if (u == NULL)
		unit_failed = true;
}

static void end(void)
{
	urls_free(u);
	fclose(in);
	fclose(tool.err);
	tool_free(&tool);
}

/* The next batch as "account mailbox uidvalidity: uid uid ...", or "end", "fault". */
static const char *next(void)
{
	static char text[400];
	int r = urls_next(u, &b, &f), n;

	if (r != 1)
		return r == 0 ? "end" : "fault";
	n = snprintf(text, sizeof(text), "%s %s %u:", b->account->name, b->mailbox, b->uidvalidity);
	for (size_t i = 0; i < b->n && i < 20; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %u", b->item[i].url.uid);
	return text;
}

static const char *uids(const struct set *s)
{
	static char text[200];
	struct buf out;

	buf_init(&out, sizeof(text) - 1);
	set_format(&out, s);
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	buf_free(&out);
	return text;
}

static const char *err(void)
{
	fflush(tool.err);
	return said;
}

TEST(a_home)
{
	REQUIRE(mkdtemp(home) != NULL);
	setenv("HOME", home, 1);
	unsetenv("XDG_CACHE_HOME");
	write_config();
}

TEST(mixed_mailboxes_are_sorted_out)
{
	const char *arg[] = {"work/INBOX;UIDVALIDITY=5/;UID=7", "work/Lists;UIDVALIDITY=9/;UID=1",
	    "home/INBOX;UIDVALIDITY=5/;UID=3", "work/inbox;UIDVALIDITY=5/;UID=2",
	    "imap://alice@mail.example.org/Lists;UIDVALIDITY=9/;UID=4",
	    "work/INBOX;UIDVALIDITY=5/;UID=3"};

	begin(arg, 6, "");
	CHECK_STR(next(), "work INBOX 5: 7 2 3");
	CHECK_STR(uids(&b->uids), "2:3,7");
	CHECK_STR(b->item[1].url.mailbox, "INBOX");
	CHECK_STR(next(), "work Lists 9: 1 4");
	CHECK_STR(next(), "home INBOX 5: 3");
	CHECK_STR(next(), "end");
	CHECK_STR(next(), "end");
	CHECK_INT(urls_result(u), FAULT_NONE);
	CHECK_STR(err(), "");
	end();
}

TEST(another_uidvalidity_is_another_batch)
{
	const char *arg[] = {"work/A/;UID=1", "work/A;UIDVALIDITY=2/;UID=2",
	    "work/A;UIDVALIDITY=3/;UID=3", "work/A/;UID=4"};

	begin(arg, 4, "");
	CHECK_STR(next(), "work A 0: 1 4");
	CHECK_STR(next(), "work A 2: 2");
	CHECK_STR(next(), "work A 3: 3");
	CHECK_STR(next(), "end");
	end();
}

TEST(what_comes_twice_is_an_item_twice)
{
	const char *arg[] = {"work/A/;UID=2", "work/A/;UID=1", "work/A/;UID=2/;SECTION=1"};

	begin(arg, 3, "");
	CHECK_STR(next(), "work A 0: 2 1 2");
	CHECK_STR(uids(&b->uids), "1:2");
	CHECK_STR(b->item[2].url.section, "1");
	CHECK_STR(next(), "end");
	end();
}

TEST(lines_stand_where_the_dash_is)
{
	const char *arg[] = {"work/A/;UID=1", "-", "work/A/;UID=9"};

	begin(arg, 3, "work/A/;UID=5\r\n\n  work/A/;UID=3  \nwork/B/;UID=1");
	CHECK_STR(next(), "work A 0: 1 5 3 9");
	CHECK_STR(next(), "work B 0: 1");
	CHECK_STR(next(), "end");
	end();
}

TEST(no_argument_is_standard_input)
{
	begin(NULL, 0, "work/A/;UID=5\n");
	CHECK_STR(next(), "work A 0: 5");
	CHECK_STR(next(), "end");
	end();
}

TEST(an_empty_list)
{
	begin(NULL, 0, "");
	CHECK_STR(next(), "end");
	CHECK_INT(urls_result(u), FAULT_NONE);
	end();
}

TEST(two_dashes)
{
	const char *arg[] = {"-", "-"};

	f = (struct fault){0};
	copy_arguments(arg, 2);
	CHECK(urls_new(&tool, copies, 2, stdin, &f) == NULL);
	CHECK_INT(f.cls, FAULT_USAGE);
}

TEST(events_and_records)
{
	begin(NULL, 0,
	    "new\timap://alice@mail.example.org/A;UIDVALIDITY=1/;UID=5\tx\n"
	    "flags\timap://alice@mail.example.org/A;UIDVALIDITY=1/;UID=6\t\\Seen\n"
	    "gone\timap://alice@mail.example.org/A;UIDVALIDITY=1/;UID=7\n"
	    "\timap://alice@mail.example.org/A;UIDVALIDITY=1/;UID=8\n");
	CHECK_STR(next(), "work A 1: 5 6 8");
	CHECK_STR(next(), "end");
	CHECK_STR(err(), "");
	end();
}

TEST(bad_lines_are_named_and_passed_over)
{
	const char *arg[] = {"work/A/;UID=0", "-", "elsewhere/A/;UID=1"};

	begin(arg, 3,
	    "work/A\nwork/A/;UID=1\nimap://mallory@mail.example.org/A/;UID=2\n"
	    "imap://mail.example.org/A/;UID=3;URLAUTH=anonymous:internal:0011223344556677889\n");
	CHECK_STR(next(), "work A 0: 1");
	CHECK_STR(next(), "end");
	CHECK_INT(urls_result(u), FAULT_DATA);
	CHECK(strstr(err(), "lm-test: work/A/;UID=0: ") != NULL);
	CHECK(strstr(err(), "lm-test: line 1: work/A: the URL names no message\n") != NULL);
	CHECK(strstr(err(), "lm-test: line 3: imap://mallory@mail.example.org/A/;UID=2: ") != NULL);
	CHECK(strstr(err(), "lm-test: elsewhere/A/;UID=1: ") != NULL);
	CHECK(strstr(err(), "line 4: imap://mail.example.org/A/;UID=3: ") != NULL);
	CHECK(strstr(err(), "001122") == NULL);
	end();
}

TEST(the_highest_uid_would_be_a_star)
{
	const char *arg[] = {"work/A/;UID=4294967295", "work/A/;UID=4294967294"};

	begin(arg, 2, "");
	CHECK_STR(next(), "work A 0: 4294967294");
	CHECK_STR(uids(&b->uids), "4294967294");
	CHECK_STR(next(), "end");
	CHECK_INT(urls_result(u), FAULT_DATA);
	CHECK(strstr(err(), "UID=4294967295: no such message") != NULL);
	end();
}

TEST(failures_of_a_set_are_named_once)
{
	const char *arg[] = {"work/A/;UID=1", "work/A/;UID=2", "work/A/;UID=1", "work/A/;UID=3"};
	struct fault why = {.cls = FAULT_TEMP, .msg = "later"};
	struct set some;

	begin(arg, 4, "");
	set_init(&some, 10);
	set_add(&some, 1, 1);
	set_add(&some, 3, 1000000);
	CHECK_STR(next(), "work A 0: 1 2 1 3");
	urls_failed_uids(u, b, &some, &why);
	CHECK_STR(err(),
	    "lm-test: imap://alice@mail.example.org/A/;UID=1: later\n"
	    "lm-test: imap://alice@mail.example.org/A/;UID=3: later\n");
	set_free(&some);
	end();
}

TEST(a_part_is_no_message)
{
	const char *arg[] = {
	    "work/A/;UID=1/;SECTION=1", "work/A/;UID=2", "work/A/;UID=3/;PARTIAL=0.10"};

	begin(arg, 3, "");
	urls_want_messages(u);
	CHECK_STR(next(), "work A 0: 2");
	CHECK_STR(next(), "end");
	CHECK_INT(urls_result(u), FAULT_DATA);
	CHECK(strstr(err(), "SECTION=1: the URL names a part") != NULL);
	CHECK(strstr(err(), "PARTIAL=0.10: the URL names a part") != NULL);
	end();
}

TEST(lines_that_are_too_long)
{
	char *text = malloc(URLS_LINE_MAX + 100);

	REQUIRE(text != NULL);
	memset(text, 'x', URLS_LINE_MAX + 1);
	snprintf(text + URLS_LINE_MAX + 1, 99, "\nwork/A/;UID=1\n");
	begin(NULL, 0, text);
	CHECK_STR(next(), "work A 0: 1");
	CHECK_STR(next(), "end");
	CHECK_INT(urls_result(u), FAULT_DATA);
	CHECK_STR(err(), "lm-test: line 1: too long for a URL\n");
	free(text);
	end();
}

TEST(failures_are_weighed)
{
	const char *arg[] = {"work/A/;UID=1", "work/A/;UID=2"};
	struct fault why = {.cls = FAULT_TEMP, .msg = "later"};

	begin(arg, 2, "");
	CHECK_STR(next(), "work A 0: 1 2");
	urls_failed(u, &b->item[0].url, &why);
	CHECK_INT(urls_result(u), FAULT_TEMP);
	CHECK_STR(err(), "lm-test: imap://alice@mail.example.org/A/;UID=1: later\n");
	why.cls = FAULT_REFUSED;
	urls_failed_batch(u, b, &why);
	CHECK_INT(urls_result(u), FAULT_REFUSED);
	why.cls = FAULT_DATA;
	urls_failed(u, &b->item[0].url, &why);
	why.cls = FAULT_TEMP;
	urls_failed(u, &b->item[0].url, &why);
	CHECK_INT(urls_result(u), FAULT_REFUSED);
	end();
}

TEST(a_token_is_not_shown)
{
	const char *arg[] = {
	    "imap://alice@mail.example.org/A/;UID=1;URLAUTH=anonymous:internal:00112233445566778899aabbccddeeff"};
	struct fault why = {.cls = FAULT_TEMP, .msg = "later"};

	begin(arg, 1, "");
	CHECK_STR(next(), "work A 0: 1");
	urls_failed(u, &b->item[0].url, &why);
	CHECK(strstr(err(), "URLAUTH=anonymous: later") != NULL);
	CHECK(strstr(err(), "0011") == NULL);
	end();
}

TEST(the_url_of_a_message)
{
	const char *arg[] = {"work/INBOX/;UID=1/;SECTION=1"};
	struct buf out;

	begin(arg, 1, "");
	buf_init(&out, URL_MAX);
	CHECK_STR(next(), "work INBOX 0: 1");
	b->uidvalidity = 12;
	batch_url(b, 345, &out);
	CHECK_STR(buf_str(&out), "imap://alice@mail.example.org/INBOX;UIDVALIDITY=12/;UID=345");
	buf_free(&out);
	end();
}

static long rss_kib(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_maxrss;
}

TEST(a_hundred_thousand_lines)
{
	size_t batches = 0, items = 0, most = 0;
	uint32_t last = 0;
	bool ordered = true;
	long before;
	int r;

	begin(NULL, 0, "");
	before = rss_kib();
	for (int i = 1; i <= 100000; i++)
		fprintf(in, "imap://alice@mail.example.org/%s;UIDVALIDITY=1/;UID=%d\n",
		    i % 2 != 0 ? "Odd" : "Even", i);
	fflush(in);
	rewind(in);
	while ((r = urls_next(u, &b, &f)) == 1) {
		batches++;
		items += b->n;
		most = b->n > most ? b->n : most;
		for (size_t i = 0; i < b->n && b->item[i].url.uid % 2 == 1; i++) {
			ordered = ordered && b->item[i].url.uid > last;
			last = b->item[i].url.uid;
		}
	}
	CHECK_INT(r, 0);
	CHECK_INT(items, 100000);
	CHECK_INT(batches, 2 * ((100000 + URLS_WINDOW - 1) / URLS_WINDOW));
	CHECK_INT(most, URLS_WINDOW / 2);
	CHECK(ordered);
	/* A sanitizer keeps what is released for a while. */
	CHECK(getenv("LM_ASAN") != NULL || rss_kib() - before < 4096);
	end();
}

TEST(long_urls_make_a_window_shorter)
{
	char name[6001];
	size_t batches = 0;

	memset(name, 'm', 6000);
	name[6000] = '\0';
	begin(NULL, 0, "");
	for (int i = 1; i <= 1000; i++)
		fprintf(in, "work/%s/;UID=%d\n", name, i);
	fflush(in);
	rewind(in);
	while (urls_next(u, &b, &f) == 1) {
		batches++;
		CHECK(b->n <= URLS_WINDOW_OCTETS / 6000 + 1);
	}
	CHECK_INT(batches, 6);
	end();
}

TEST(a_writer_that_pauses_is_served)
{
	int fd[2];

	begin(NULL, 0, "");
	urls_free(u);
	fclose(in);
	REQUIRE(pipe(fd) == 0);
	in = fdopen(fd[0], "r");
	u = urls_new(&tool, NULL, 0, in, &f);
	CHECK_INT(write(fd[1], "work/A/;UID=1\nwork/A/;U", 23), 23);
	CHECK_STR(next(), "work A 0: 1");
	CHECK_INT(write(fd[1], "ID=2\n", 5), 5);
	CHECK_STR(next(), "work A 0: 2");
	close(fd[1]);
	CHECK_STR(next(), "end");
	end();
}

TEST(a_set_in_pieces)
{
	struct set all, piece;
	struct buf out;
	size_t at = 0, pieces = 0;
	uint64_t count = 0;

	set_init(&all, 10000);
	set_init(&piece, 10000);
	CHECK_INT(urls_set_piece(&all, &at, &piece, &f), 0);
	for (uint32_t i = 0; i < 2000; i++)
		CHECK_INT(set_add(&all, 4000000000 + 3 * i, 4000000000 + 3 * i + i % 2), 0);
	buf_init(&out, URLS_SET_OCTETS);
	while (urls_set_piece(&all, &at, &piece, &f) == 1) {
		pieces++;
		count += set_count(&piece);
		buf_reset(&out);
		set_format(&out, &piece);
		CHECK(!buf_failed(&out));
	}
	CHECK_INT(count, set_count(&all));
	CHECK_INT(pieces, 5);
	buf_free(&out);
	set_free(&all);
	set_free(&piece);
}

TEST(the_home_goes)
{
	copy_arguments(NULL, 0);
	free(said);
	CHECK_INT(tree_remove(home), 0);
}

UNIT_MAIN
