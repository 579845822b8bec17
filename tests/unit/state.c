/* The state of a sync: rows, transactions, kills, and how much memory many messages take. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "state_dir.h"

/* AddressSanitizer's own memory hides what a program needs. */
#ifdef __SANITIZE_ADDRESS__
enum { MEASURES_MEMORY = 0 };
#else
enum { MEASURES_MEMORY = 1 };
#endif

TEST(begin)
{
	dir_make();
}

/* ---- mailboxes */

static void check_box(const struct state_mailbox *a, const struct state_mailbox *b)
{
	CHECK_INT(a->id, b->id);
	CHECK_STR(a->name, b->name);
	CHECK_STR(a->path, b->path);
	CHECK_INT(a->delimiter, b->delimiter);
	CHECK_INT(a->owner, b->owner);
	CHECK_INT(a->uidvalidity, b->uidvalidity);
	CHECK_INT(a->uidnext, b->uidnext);
	CHECK_INT(a->modseq, b->modseq);
	CHECK_INT(a->messages, b->messages);
	CHECK_INT(a->skipped, b->skipped);
	CHECK_INT(a->complete, b->complete);
	CHECK_INT(a->window, b->window);
	CHECK(maildir_stamp_same(&a->stamp, &b->stamp));
}

TEST(a_mailbox_comes_back_as_it_was)
{
	struct state *s = open_state("boxes");
	struct state_mailbox a, b;

	REQUIRE(s);
	a = (struct state_mailbox){.name = "Entw\xc3\xbcrfe",
	    .path = "dir/Entw\xc3\xbcrfe",
	    .delimiter = (char)0xa7,
	    .owner = UINT64_MAX,
	    .uidvalidity = UINT32_MAX,
	    .uidnext = UINT32_MAX,
	    .modseq = INT64_MAX,
	    .messages = 77,
	    .skipped = 5,
	    .complete = true,
	    .window = INT32_MAX,
	    .stamp = {.cur_ns = -1, .new_ns = INT64_MAX, .dev = UINT64_MAX, .ino = 3}};
	CHECK_INT(state_mailbox_put(s, &a, &fault), 0);
	CHECK(a.id > 0);
	CHECK_INT(a.messages, 0);
	CHECK_INT(state_mailbox_get(s, a.id, &b, &fault), 1);
	check_box(&b, &a);
	CHECK_INT(state_mailbox_named(s, a.name, &b, &fault), 1);
	check_box(&b, &a);
	CHECK_INT(state_mailbox_at(s, a.path, &b, &fault), 1);
	check_box(&b, &a);
	CHECK_INT(state_mailbox_owned(s, a.owner, &b, &fault), 1);
	check_box(&b, &a);
	CHECK_INT(state_mailbox_named(s, a.path, &b, &fault), 0);
	CHECK_INT(state_mailbox_at(s, a.name, &b, &fault), 0);
	CHECK_INT(state_mailbox_owned(s, 1, &b, &fault), 0);
	CHECK_INT(state_mailbox_get(s, a.id + 1, &b, &fault), 0);

	/* stored again, and on the disk */
	put_message(s, a.id, 9);
	snprintf(a.name, sizeof(a.name), "Drafts");
	a.complete = false;
	a.window = 0;
	CHECK_INT(state_mailbox_put(s, &a, &fault), 0);
	CHECK_INT(a.messages, 1);
	state_close(s);
	s = open_state("boxes");
	REQUIRE(s);
	CHECK_INT(state_mailbox_named(s, "Drafts", &b, &fault), 1);
	check_box(&b, &a);
	state_close(s);
}

TEST(mailboxes_in_order)
{
	static const char *const name[] = {"INBOX", "Z", "a", "a/b", "ab", "\xc3\xa4"};
	struct state *s = open_state("order");
	struct state_mailbox m = {0};

	REQUIRE(s);
	for (size_t i = sizeof(name) / sizeof(name[0]); i-- > 0;)
		put_box(s, name[i]);
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		CHECK_INT(state_mailbox_after(s, m.name, &m, &fault), 1);
		CHECK_STR(m.name, name[i]);
	}
	CHECK_INT(state_mailbox_after(s, m.name, &m, &fault), 0);
	state_close(s);
}

TEST(two_mailboxes_do_not_share_a_name_or_a_path)
{
	struct state *s = open_state("unique");
	struct state_mailbox a = box_of("a"), b = box_of("a");

	REQUIRE(s);
	CHECK_INT(state_mailbox_put(s, &a, &fault), 0);
	CHECK_INT(state_mailbox_put(s, &b, &fault), -1);
	CHECK_INT(fault.cls, FAULT_DATA);
	snprintf(b.name, sizeof(b.name), "b");
	CHECK_INT(state_mailbox_put(s, &b, &fault), -1);
	snprintf(b.path, sizeof(b.path), "b");
	CHECK_INT(state_mailbox_put(s, &b, &fault), 0);
	snprintf(b.path, sizeof(b.path), "a");
	CHECK_INT(state_mailbox_put(s, &b, &fault), -1);
	b.id = 99;
	snprintf(b.path, sizeof(b.path), "c");
	CHECK_INT(state_mailbox_put(s, &b, &fault), -1);
	CHECK_INT(fault.cls, FAULT_BUG);
	state_close(s);
}

TEST(a_name_of_the_greatest_length)
{
	struct state *s = open_state("long");
	struct state_mailbox a = box_of("x"), b;

	REQUIRE(s);
	memset(a.name, 'n', STATE_MAILBOX_MAX);
	memset(a.path, 'p', STATE_MAILBOX_MAX);
	a.name[STATE_MAILBOX_MAX] = a.path[STATE_MAILBOX_MAX] = '\0';
	CHECK_INT(state_mailbox_put(s, &a, &fault), 0);
	CHECK_INT(state_mailbox_get(s, a.id, &b, &fault), 1);
	check_box(&b, &a);
	state_close(s);
}

/* What else refers to a mailbox must never mean another one. */
TEST(an_id_is_used_once)
{
	struct state *s = open_state("ids");

	REQUIRE(s);
	int64_t a = put_box(s, "a"), b = put_box(s, "b");
	put_message(s, a, 1);
	put_message(s, b, 1);
	CHECK_INT(state_intent_put(s, b, "base", 5, 6, &fault), 0);
	CHECK_INT(state_mailbox_drop(s, b, &fault), 0);
	CHECK_INT(count_of(s, a), 1);
	CHECK_INT(state_intent_any(s, b, &fault), 0);
	CHECK_INT(state_mailbox_named(s, "b", &(struct state_mailbox){0}, &fault), 0);
	CHECK(put_box(s, "c") > b);
	state_close(s);
	s = open_state("ids");
	REQUIRE(s);
	CHECK(put_box(s, "d") > b + 1);
	state_close(s);
}

/* ---- messages */

TEST(a_message_comes_back_as_it_was)
{
	struct state *s = open_state("messages");
	struct state_message a = {.uid = UINT32_MAX,
	    .flags = UINT32_MAX,
	    .date = -1,
	    .size = INT64_MAX,
	    .key = UINT64_MAX,
	    .lean = true,
	    .in_new = true};
	struct state_message b = {0};

	REQUIRE(s);
	memset(a.base, 'b', MAILDIR_NAME_MAX);
	int64_t box = put_box(s, "a");
	CHECK_INT(state_message_put(s, box, &a, &fault), 0);
	CHECK_INT(state_message_get(s, box, UINT32_MAX, &b, &fault), 1);
	CHECK(b.uid == a.uid && b.flags == a.flags && b.date == -1 && b.size == a.size);
	CHECK(b.key == a.key && b.lean && b.in_new);
	CHECK_STR(b.base, a.base);
	a.lean = a.in_new = false;
	a.date = INT64_MAX;
	a.base[0] = '\0';
	CHECK_INT(state_message_put(s, box, &a, &fault), 0);
	CHECK_INT(state_message_get(s, box, UINT32_MAX, &b, &fault), 1);
	CHECK(!b.lean && !b.in_new && b.date == INT64_MAX);
	CHECK_STR(b.base, "");
	CHECK_INT(count_of(s, box), 1);
	CHECK_INT(state_message_get(s, box, 1, &b, &fault), 0);
	CHECK_INT(state_message_get(s, box + 1, UINT32_MAX, &b, &fault), 0);
	state_close(s);
}

TEST(messages_in_order_and_counted)
{
	static const uint32_t uid[] = {7, 1, UINT32_MAX, 300, 7};
	struct state *s = open_state("walk");
	struct state_message m = {0};
	char order[100] = "";

	REQUIRE(s);
	int64_t a = put_box(s, "a"), b = put_box(s, "b");
	for (size_t i = 0; i < 5; i++)
		put_message(s, a, uid[i]);
	put_message(s, b, 5);
	CHECK_INT(count_of(s, a), 4);
	for (uint32_t at = 0; state_message_from(s, a, at, &m, &fault) == 1; at = m.uid + 1) {
		snprintf(order + strlen(order), sizeof(order) - strlen(order), "%u ", m.uid);
		if (m.uid == UINT32_MAX)
			break;
	}
	CHECK_STR(order, "1 7 300 4294967295 ");
	CHECK_INT(state_message_drop(s, a, 7, &fault), 0);
	CHECK_INT(state_message_drop(s, a, 7, &fault), 0);
	CHECK_INT(state_message_from(s, a, 2, &m, &fault), 1);
	CHECK_INT(m.uid, 300);
	CHECK_INT(count_of(s, a), 3);
	CHECK_INT(state_mailbox_clear(s, a, &fault), 0);
	CHECK_INT(count_of(s, a), 0);
	CHECK_INT(count_of(s, b), 1);
	CHECK_INT(state_message_from(s, a, 0, &m, &fault), 0);
	state_close(s);
}

TEST(a_key_is_never_0)
{
	unsigned char sha256[DIGEST_LEN] = {0};

	sha256[31] = 9;
	CHECK_INT(state_key(sha256), 1);
	for (int i = 0; i < DIGEST_LEN; i++)
		sha256[i] = (unsigned char)(0xf0 + i);
	CHECK(state_key(sha256) == 0xf0f1f2f3f4f5f6f7);
}

TEST(intents)
{
	struct state *s = open_state("intents");
	const uint64_t one = 1, two = UINT64_MAX;
	char base[MAILDIR_NAME_MAX + 1];

	REQUIRE(s);
	CHECK_INT(state_intent_any(s, 1, &fault), 0);
	CHECK_INT(state_intent_put(s, 1, "a", 10, one, &fault), 0);
	CHECK_INT(state_intent_put(s, 1, "b", 10, two, &fault), 0);
	CHECK_INT(state_intent_put(s, 2, "c", 10, one, &fault), 0);
	CHECK_INT(state_intent_any(s, 1, &fault), 1);
	CHECK_INT(state_intent_has(s, 1, "a", &fault), 1);
	CHECK_INT(state_intent_has(s, 1, "c", &fault), 0);
	CHECK_INT(state_intent_find(s, 1, 10, two, base, &fault), 1);
	CHECK_STR(base, "b");
	CHECK_INT(state_intent_find(s, 1, 11, two, base, &fault), 0);
	CHECK_INT(state_intent_find(s, 2, 10, two, base, &fault), 0);
	/* put again, it is another content */
	CHECK_INT(state_intent_put(s, 1, "b", 12, two, &fault), 0);
	CHECK_INT(state_intent_find(s, 1, 10, two, base, &fault), 0);
	CHECK_INT(state_intent_find(s, 1, 12, two, base, &fault), 1);
	CHECK_INT(state_intent_drop(s, 1, "b", &fault), 0);
	CHECK_INT(state_intent_find(s, 1, 12, two, base, &fault), 0);
	CHECK_INT(state_intent_clear(s, 1, &fault), 0);
	CHECK_INT(state_intent_any(s, 1, &fault), 0);
	CHECK_INT(state_intent_any(s, 2, &fault), 1);
	state_close(s);
}

/* ---- transactions */

TEST(all_or_nothing)
{
	struct state *s = open_state("atomic");

	REQUIRE(s);
	int64_t box = put_box(s, "a");
	CHECK_INT(state_commit(s, &fault), 0); /* none is open */
	state_rollback(s);
	CHECK_INT(state_begin(s, &fault), 0);
	CHECK_INT(state_begin(s, &fault), 0);
	put_message(s, box, 1);
	CHECK_INT(state_commit(s, &fault), 0);
	CHECK_INT(state_begin(s, &fault), 0);
	put_message(s, box, 2);
	CHECK_INT(scratch_range_add(s, SCRATCH_YOUNG, 4, 5, &fault), 0);
	CHECK_INT(count_of(s, box), 2);
	state_rollback(s);
	CHECK_INT(count_of(s, box), 1);
	/* undone in the scratch tables as well */
	CHECK_INT(scratch_range_to(s, SCRATCH_YOUNG, 9, &(uint32_t){0}, &(uint32_t){0}, &fault), 0);
	CHECK_INT(state_begin(s, &fault), 0);
	put_message(s, box, 3);
	state_close(s);
	s = open_state("atomic");
	REQUIRE(s);
	CHECK_INT(count_of(s, box), 1);
	state_close(s);
}

/* A child puts messages 1 to 9 and dies, in the transaction or behind it. */
static void die_with(bool commits, bool durable)
{
	struct state *s = state_open(path_of("killed"), false, durable, &fault);
	struct state_message m = {0};

	if (s == NULL || state_begin(s, &fault) == -1)
		_exit(1);
	for (m.uid = 1; m.uid < 10; m.uid++)
		if (state_message_put(s, 1, &m, &fault) == -1)
			_exit(2);
	if (commits && state_commit(s, &fault) == -1)
		_exit(3);
	raise(SIGKILL);
}

static void killed(bool commits, bool durable, uint64_t count)
{
	int status;
	pid_t pid;

	dir_clean();
	snprintf(dir_path, sizeof(dir_path), "/tmp/lm-maildir-XXXXXX");
	dir_make();
	struct state *s = open_state("killed");
	REQUIRE(s);
	int64_t box = put_box(s, "a");
	state_close(s);
	pid = fork();
	if (pid == 0)
		die_with(commits, durable);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	s = open_state("killed");
	REQUIRE(s);
	CHECK_INT(count_of(s, box), count);
	CHECK_INT(state_message_get(s, box, 5, &(struct state_message){0}, &fault), count > 0);
	state_close(s);
}

TEST(a_killed_process_leaves_all_or_nothing)
{
	killed(false, true, 0);
	killed(true, true, 9);
	killed(false, false, 0);
	killed(true, false, 9);
}

/* A disk that is full: RLIMIT_FSIZE stands in for it. */
static void fill(void)
{
	struct state *s = state_open(path_of("full"), false, true, &fault);
	struct state_message m = {.uid = 1};
	int r;

	signal(SIGXFSZ, SIG_IGN);
	if (s == NULL || setrlimit(RLIMIT_FSIZE, &(struct rlimit){200000, 200000}) == -1 ||
	    state_begin(s, &fault) == -1)
		_exit(1);
	memset(m.base, 'x', MAILDIR_NAME_MAX);
	while (m.uid < 100000 && (r = state_message_put(s, 1, &m, &fault)) == 0)
		m.uid++;
	if (r == 0)
		r = state_commit(s, &fault);
	if (r == 0 || fault.cls != FAULT_IO)
		_exit(2);
	/* what was undone stays undone, whatever is still tried */
	(void)state_message_put(s, 1, &(struct state_message){.uid = 200000}, &fault);
	state_close(s);
	_exit(0);
}

TEST(a_full_disk_undoes_the_transaction)
{
	struct state *s = open_state("full");
	int status;
	pid_t pid;

	REQUIRE(s);
	int64_t box = put_box(s, "a");
	state_close(s);
	pid = fork();
	if (pid == 0)
		fill();
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	s = open_state("full");
	REQUIRE(s);
	CHECK_INT(count_of(s, box), 0);
	CHECK_INT(state_message_get(s, box, 200000, &(struct state_message){0}, &fault), 0);
	state_close(s);
}

/* ---- memory */

static long resident_kib(void)
{
	struct rusage u;

	return getrusage(RUSAGE_SELF, &u) == 0 ? u.ru_maxrss : -1;
}

enum { MANY = 200000, MANY_KIB = 8 * 1024 };

/* All that a run does with each message, in a process of its own. Every other number: no two ranges touch. */
static int do_many(struct state *s)
{
	struct state_message m = {.date = 1700000000};
	struct scratch_change c = {.mailbox = 1, .gone = true};
	struct scratch_file e;
	int r = state_begin(s, &fault);

	for (m.uid = 1; r == 0 && m.uid < 2 * MANY; m.uid += 2) {
		m.key = c.uid = e.uid = 0x9e3779b1 * m.uid;
		r = state_message_put(s, 1, &m, &fault);
		e = (struct scratch_file){.uid = c.uid};
		if (r == 0)
			r = scratch_scan_add(s, &e, &fault);
		c.uid = m.uid;
		if (r == 0)
			r = scratch_local_put(s, &c, &fault);
		if (r == 0)
			r = scratch_range_add(s, SCRATCH_WANTED, m.uid, m.uid, &fault);
	}
	if (r == 0)
		r = state_commit(s, &fault);
	if (r == 0)
		r = scratch_remote_gone(s, 1, 1, UINT32_MAX, &fault);
	if (r == 0)
		r = scratch_scan_begin(s, &fault);
	while (r == 0 && scratch_scan_next(s, &e, &fault) == 1)
		continue;
	return r;
}

TEST(two_hundred_thousand_messages)
{
	long before = resident_kib();
	int status;
	pid_t pid;

	struct state *s = open_state("many");
	REQUIRE(s);
	int64_t box = put_box(s, "a");
	CHECK_INT(box, 1);
	state_close(s);
	pid = fork();
	if (pid == 0) {
		s = open_state("many");
		if (s == NULL || do_many(s) == -1)
			_exit(1);
		printf("# %d messages: %ld KiB, %ld before\n", MANY, resident_kib(), before);
		fflush(stdout);
		_exit(MEASURES_MEMORY && resident_kib() - before > MANY_KIB ? 2 : 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	s = open_state("many");
	REQUIRE(s);
	CHECK_INT(count_of(s, box), MANY);
	CHECK_INT(state_mailbox_drop(s, box, &fault), 0);
	state_close(s);
}

TEST(end)
{
	dir_clean();
}

UNIT_MAIN
