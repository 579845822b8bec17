#include "app/watch_queue.h"

#include <stdlib.h>

#include "unit.h"

static int add(struct watch_queue *q, const char *a, const char *b, const char *c)
{
	const char *field[] = {a, b, c};

	return watch_queue_add(q, field, 3);
}

TEST(queue_order)
{
	struct watch_queue q;
	const char *f[WATCH_FIELDS];

	watch_queue_init(&q);
	CHECK_INT(watch_queue_first(&q, f), 0);
	watch_queue_drop(&q);
	CHECK_INT(add(&q, "new", "work", "url"), 0);
	CHECK_INT(add(&q, "gone", NULL, ""), 0);
	CHECK_INT(q.n, 2);
	CHECK_INT(watch_queue_first(&q, f), 3);
	CHECK_STR(f[0], "new");
	CHECK_STR(f[2], "url");
	watch_queue_drop(&q);
	CHECK_INT(watch_queue_first(&q, f), 3);
	CHECK_STR(f[0], "gone");
	CHECK_STR(f[1], "");
	watch_queue_drop(&q);
	CHECK_INT(q.n, 0);
	CHECK(q.data.data == NULL);
	watch_queue_free(&q);
}

TEST(queue_fields)
{
	struct watch_queue q;
	const char *many[WATCH_FIELDS + 1] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};

	watch_queue_init(&q);
	CHECK_INT(watch_queue_add(&q, many, 0), -1);
	CHECK_INT(watch_queue_add(&q, many, WATCH_FIELDS + 1), -1);
	CHECK_INT(watch_queue_add(&q, many, WATCH_FIELDS), 0);
	watch_queue_free(&q);
}

TEST(queue_is_bounded)
{
	struct watch_queue q;
	const char *f[WATCH_FIELDS];
	size_t n = 0;

	watch_queue_init(&q);
	CHECK(watch_queue_is_low(&q));
	while (add(&q, "new", "work", "imap://alice@example.org/INBOX;UIDVALIDITY=1/;UID=1") == 0)
		n++;
	CHECK(n > 5000 && n < 20000);
	CHECK(!watch_queue_is_low(&q));
	CHECK(q.data.len <= WATCH_QUEUE_MAX);
	CHECK_INT(watch_queue_first(&q, f), 3);
	/* one out, one in, again and again: nothing moves that need not, and nothing grows */
	for (size_t i = 0; i < 50000; i++) {
		watch_queue_drop(&q);
		REQUIRE(add(&q, "new", "work",
			    "imap://alice@example.org/INBOX;UIDVALIDITY=1/;UID=2") == 0);
	}
	CHECK_INT(q.n, n);
	CHECK(q.data.len <= WATCH_QUEUE_MAX);
	while (q.n > 0) {
		REQUIRE(watch_queue_first(&q, f) == 3);
		watch_queue_drop(&q);
	}
	CHECK(watch_queue_is_low(&q));
	watch_queue_free(&q);
}

TEST(queue_too_large_a_record)
{
	struct watch_queue q;
	char *large = malloc(WATCH_QUEUE_MAX);
	const char *f[WATCH_FIELDS];

	REQUIRE(large != NULL);
	memset(large, 'x', WATCH_QUEUE_MAX - 1);
	large[WATCH_QUEUE_MAX - 1] = '\0';
	watch_queue_init(&q);
	CHECK_INT(add(&q, large, "", ""), -1);
	CHECK_INT(q.n, 0);
	CHECK_INT(add(&q, "a", "b", "c"), 0);
	CHECK_INT(watch_queue_first(&q, f), 3);
	watch_queue_free(&q);
	free(large);
}

UNIT_MAIN
