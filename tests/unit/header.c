#include "msg/header.h"

#include <stdlib.h>

#include "unit.h"

enum { LIMIT = 4 << 20 };

/* Without the NUL of a string. */
static void put_at(char *to, const char *s)
{
	while (*s != '\0')
		*to++ = *s++;
}

static struct header whole(const char *s)
{
	return (struct header){.text = s, .len = strlen(s)};
}

static const char message[] = "From alice@example.org Tue Nov 24 10:00:00 2026\r\n"
			      ">From bob Tue Nov 24 10:00:00 2026\r\n"
			      " a line that continues nothing\r\n"
			      "Subject: one\r\n"
			      "To : bob@example.org,\r\n"
			      "\tcarol@example.org\r\n"
			      "no field at all\r\n"
			      ": no name\r\n"
			      "Bad name: x\r\n"
			      "X-Empty:\r\n"
			      "subject: two\r\n"
			      "\r\n"
			      "Body: no field\r\n";

TEST(header_length_takes_the_empty_line)
{
	CHECK_INT(header_length("A: b\r\n\r\nbody", 12), 8);
	CHECK_INT(header_length("A: b\n\nbody", 10), 6);
	CHECK_INT(header_length("\r\nbody", 6), 2);
	CHECK_INT(header_length("\n", 1), 1);
	CHECK_INT(header_length("A: b\r\n \r\n\r\n", 11), 11);
	CHECK_INT(header_length("A: b\r\nC: d", 10), 10);
	CHECK_INT(header_length("A: b\r\n\r", 7), 7);
	CHECK_INT(header_length("", 0), 0);
}

TEST(header_length_of_each_prefix_is_within_it)
{
	size_t n = header_length(message, strlen(message));

	CHECK_STR(message + n, "Body: no field\r\n");
	for (size_t i = 0; i <= strlen(message); i++)
		CHECK_INT(header_length(message, i), i < n ? i : n);
}

TEST(header_next_walks_the_fields_and_skips_the_rest)
{
	static const struct {
		const char *name, *value, *raw;
	} want[] = {
	    {"Subject", " one", "Subject: one\r\n"},
	    {"To", " bob@example.org,\r\n\tcarol@example.org",
		"To : bob@example.org,\r\n\tcarol@example.org\r\n"},
	    {"X-Empty", "", "X-Empty:\r\n"},
	    {"subject", " two", "subject: two\r\n"},
	};
	struct header h = whole(message);
	struct field f;
	size_t pos = 0;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		REQUIRE(header_next(&h, &pos, &f));
		CHECK_MEM(f.name, f.namelen, want[i].name, strlen(want[i].name));
		CHECK_MEM(f.value, f.valuelen, want[i].value, strlen(want[i].value));
		CHECK_MEM(f.raw, f.rawlen, want[i].raw, strlen(want[i].raw));
	}
	CHECK(!header_next(&h, &pos, &f));
	CHECK(!header_next(&h, &pos, &f));
}

TEST(header_next_takes_lf_and_a_section_without_an_end)
{
	struct header h = whole("A: 1\nB: 2\n 3");
	struct field f;
	size_t pos = 0;

	REQUIRE(header_next(&h, &pos, &f));
	CHECK_MEM(f.value, f.valuelen, " 1", 2);
	REQUIRE(header_next(&h, &pos, &f));
	CHECK_MEM(f.value, f.valuelen, " 2\n 3", 5);
	CHECK(!header_next(&h, &pos, &f));
}

TEST(header_next_takes_any_prefix)
{
	for (size_t i = 0; i <= strlen(message); i++) {
		/* Of its own size, so that a read behind it is seen. */
		char *copy = malloc(i + 1);
		struct header h = {.text = copy, .len = i};
		struct field f;
		size_t pos = 0, n = 0;

		REQUIRE(copy != NULL);
		memcpy(copy, message, i);
		while (header_next(&h, &pos, &f)) {
			n++;
			CHECK(f.raw >= copy && f.raw + f.rawlen <= copy + i);
			CHECK(f.value >= f.raw && f.value + f.valuelen <= f.raw + f.rawlen);
		}
		CHECK(n <= 4);
		free(copy);
	}
}

TEST(header_names_have_a_limit)
{
	char text[HEADER_NAME_MAX + 8];
	struct header h = {.text = text, .len = sizeof(text)};
	struct field f;

	memset(text, 'a', sizeof(text));
	put_at(text + HEADER_NAME_MAX, ":b\n\n\n\n\n\n");
	size_t pos = 0;
	CHECK(header_next(&h, &pos, &f));
	CHECK_INT(f.namelen, HEADER_NAME_MAX);
	put_at(text + HEADER_NAME_MAX, "a:b\n\n\n\n\n");
	pos = 0;
	CHECK(!header_next(&h, &pos, &f));
}

TEST(header_find_takes_the_first_of_any_case)
{
	struct header h = whole(message);
	struct field f;

	REQUIRE(header_find(&h, "SUBJECT", &f));
	CHECK_MEM(f.value, f.valuelen, " one", 4);
	CHECK(field_is(&f, "sUbJeCt"));
	CHECK(!field_is(&f, "Subjec") && !field_is(&f, "Subjects"));
	CHECK(!header_find(&h, "Body", &f));
	CHECK(!header_find(&h, "From", &f));
}

static void check_unfold(const char *value, size_t n, const char *want)
{
	struct field f = {.value = value, .valuelen = n};
	struct buf b;

	buf_init(&b, LIMIT);
	field_unfold(&b, &f);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

TEST(field_unfold_joins_lines_and_drops_controls)
{
	check_unfold(" one\r\n two\n\tthree \r\n ", 21, "one two three");
	check_unfold("a\0b\x07"
		     "c\x7f"
		     "d\re",
	    10, "abcde");
	check_unfold("  \xc3\xb6 \t", 6, "\xc3\xb6");
	check_unfold("", 0, "");
	check_unfold(" \t\r\n ", 5, "");
	check_unfold(" a \0\r", 5, "a");
}

static void check_put(const char *name, const char *value, const char *want)
{
	struct fault f = {0};
	struct buf b;

	buf_init(&b, LIMIT);
	CHECK_INT(header_put(&b, name, value, &f), 0);
	CHECK_STR(buf_str(&b), want);
	buf_free(&b);
}

TEST(header_put_folds_at_blanks)
{
	check_put("Subject", "short", "Subject: short\r\n");
	check_put("Subject", "  trimmed \t", "Subject: trimmed\r\n");
	check_put("Subject", "", "Subject: \r\n");
	check_put("References",
	    "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org> "
	    "<bbbbbbbbbbbbbbbbbbbbbbbbbbbbb@example.org>  <c@example.org>",
	    "References: <aaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org>\r\n"
	    " <bbbbbbbbbbbbbbbbbbbbbbbbbbbbb@example.org>  <c@example.org>\r\n");
}

TEST(header_put_keeps_an_encoded_word_within_76)
{
	char word[76], want[128];

	memset(word, 'x', sizeof(word));
	put_at(word, "=?utf-8?Q?");
	put_at(word + 73, "?=");
	word[75] = '\0';
	snprintf(want, sizeof(want), "Subject:\r\n %s\r\n", word);
	check_put("Subject", word, want);
}

TEST(header_put_leaves_a_long_first_word_on_its_line)
{
	check_put("Message-ID",
	    "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org>",
	    "Message-ID: "
	    "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org>\r\n");
}

static void check_refused(const char *name, const char *value)
{
	struct fault f = {0};
	struct buf b;

	buf_init(&b, LIMIT);
	CHECK_INT(header_put(&b, name, value, &f), -1);
	CHECK_INT(f.cls, FAULT_DATA);
	CHECK_INT(b.len, 0);
	buf_free(&b);
}

TEST(header_put_refuses_what_could_add_a_field)
{
	check_refused("Subject", "a\r\nBcc: mallory@example.org");
	check_refused("Subject", "a\nBcc: mallory@example.org");
	check_refused("Subject", "a\rb");
	check_refused("Subject\r\nBcc", "a");
	check_refused("Subject: x", "a");
	check_refused("", "a");
	check_refused("Subject", "\xff\xfe");
	check_refused("S\xc3\xb6", "a");
}

TEST(header_put_never_passes_the_line_limit)
{
	char value[1000];

	memset(value, 'a', sizeof(value));
	value[997] = '\0';
	struct fault f = {0};
	struct buf b;
	buf_init(&b, LIMIT);
	CHECK_INT(header_put(&b, "Subject", value, &f), 0);
	CHECK_INT(b.len, 10 + 998 + 2);
	CHECK(memcmp(b.data, "Subject:\r\n a", 12) == 0);
	buf_free(&b);
	value[997] = 'a';
	value[998] = '\0';
	check_refused("Subject", value);
}

TEST(header_put_reports_a_full_buffer)
{
	struct fault f = {0};
	struct buf b;

	buf_init(&b, 8);
	CHECK_INT(header_put(&b, "Subject", "text", &f), -1);
	CHECK_INT(f.cls, FAULT_DATA);
	buf_free(&b);
}

TEST(header_put_is_undone_by_field_unfold)
{
	const char *value = "words and more words and more words, and more words, and again more "
			    "words and \xc3\xb6\xc3\xb6 more words until it has three lines or so, "
			    "which takes quite some words";
	struct fault f = {0};
	struct field field;
	struct buf b, back;

	buf_init(&b, LIMIT);
	buf_init(&back, LIMIT);
	CHECK_INT(header_put(&b, "X-Long", value, &f), 0);
	struct header h = {.text = buf_str(&b), .len = b.len};
	REQUIRE(header_find(&h, "x-long", &field));
	field_unfold(&back, &field);
	CHECK_STR(buf_str(&back), value);
	buf_free(&b);
	buf_free(&back);
}

UNIT_MAIN
