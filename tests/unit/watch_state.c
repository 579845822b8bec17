#include "app/watch_impl.h"
#include "unit.h"

#define SERVER "alice@mail.example.org:993"

static void fill(struct boxes *b)
{
	static const char *const names[] = {"INBOX", "a b", "Entw\xc3\xbcrfe", " end 0"};

	for (size_t i = 0; i < 4; i++) {
		struct box *x = boxes_add(b, names[i]);

		REQUIRE(x != NULL);
		*x = (struct box){.name = x->name,
		    .uidvalidity = UINT32_MAX,
		    .uidnext = (uint32_t)i + 1,
		    .messages = (uint32_t)i,
		    .modseq = INT64_MAX};
	}
}

TEST(state_round_trip)
{
	struct boxes a = {0}, b = {0};
	struct buf text, again;

	buf_init(&text, 1 << 20);
	buf_init(&again, 1 << 20);
	fill(&a);
	watch_state_format(&text, &a, SERVER);
	REQUIRE(watch_state_parse(&b, buf_str(&text), text.len, SERVER) == 0);
	CHECK_INT(b.n, 4);
	REQUIRE(boxes_find(&b, "a b") != NULL);
	CHECK_INT(boxes_find(&b, "a b")->uidnext, 2);
	CHECK_INT(boxes_find(&b, "a b")->modseq, INT64_MAX);
	watch_state_format(&again, &b, SERVER);
	CHECK_STR(buf_str(&again), buf_str(&text));
	boxes_free(&a);
	boxes_free(&b);
	buf_free(&text);
	buf_free(&again);
}

TEST(state_without_mailboxes)
{
	struct boxes none = {0}, b = {0};
	struct buf text;

	buf_init(&text, 1 << 20);
	watch_state_format(&text, &none, SERVER);
	CHECK_INT(watch_state_parse(&b, buf_str(&text), text.len, SERVER), 0);
	CHECK_INT(b.n, 0);
	buf_free(&text);
}

TEST(state_leaves_out_what_is_not_known)
{
	struct boxes a = {0}, b = {0};
	struct buf text;
	struct box *x;

	buf_init(&text, 1 << 20);
	fill(&a);
	x = boxes_add(&a, "fresh");
	REQUIRE(x != NULL);
	x->fresh = true;
	REQUIRE(boxes_add(&a, "unknown") != NULL);
	watch_state_format(&text, &a, SERVER);
	CHECK_INT(watch_state_parse(&b, buf_str(&text), text.len, SERVER), 0);
	CHECK_INT(b.n, 4);
	boxes_free(&a);
	boxes_free(&b);
	buf_free(&text);
}

TEST(state_cut_anywhere_or_changed_is_damaged)
{
	struct boxes a = {0};
	struct buf text;

	buf_init(&text, 1 << 20);
	fill(&a);
	watch_state_format(&text, &a, SERVER);
	for (size_t n = 0; n < text.len; n++) {
		struct boxes b = {0};

		CHECK_INT(watch_state_parse(&b, buf_str(&text), n, SERVER), -1);
		boxes_free(&b);
	}
	for (size_t i = 0; i < text.len; i++) {
		struct boxes b = {0};

		text.data[i] ^= 1;
		CHECK_INT(watch_state_parse(&b, buf_str(&text), text.len, SERVER), -1);
		text.data[i] ^= 1;
		boxes_free(&b);
	}
	boxes_free(&a);
	buf_free(&text);
}

TEST(state_of_another_server)
{
	struct boxes a = {0}, b = {0};
	struct buf text;

	buf_init(&text, 1 << 20);
	fill(&a);
	watch_state_format(&text, &a, SERVER);
	CHECK_INT(watch_state_parse(&b, buf_str(&text), text.len, "bob@mail.example.org:993"), -1);
	boxes_free(&a);
	boxes_free(&b);
	buf_free(&text);
}

UNIT_MAIN
