/* Search keys as people write them, and what goes out for them. */
#include "imap/search_key.h"

#include <stdlib.h>
#include <time.h>

#include "unit.h"

/* Tue, 24 Nov 2026 10:00:00 UTC */
enum { NOW = 1795514400, WORDS_MAX = 64 };

/* Splits at blanks; "_" is an empty word, "~" in a word a blank. */
static size_t split(char *text, const char **word)
{
	char *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(text, " ", &save); w != NULL && n < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save)) {
		for (char *p = w; *p != '\0'; p++)
			*p = *p == '~' ? ' ' : *p;
		word[n++] = strcmp(w, "_") == 0 ? "" : w;
	}
	return n;
}

static int parse(struct search_key *k, char *text, struct fault *f)
{
	static const char *word[WORDS_MAX];

	return search_key_parse(k, word, split(text, word), NOW, f);
}

static void check(const char *keys, bool within, const char *expected)
{
	struct search_key k;
	struct imap_cmd c;
	struct fault f = {0};
	char text[1024];

	snprintf(text, sizeof(text), "%s", keys);
	REQUIRE(parse(&k, text, &f) == 0);
	imap_cmd_init(&c, NULL, "");
	c.space = false;
	search_key_put(&c, &k, within, NOW);
	CHECK_STR(buf_str(&c.text), expected);
	CHECK(c.fault.cls == FAULT_NONE);
	imap_cmd_free(&c);
	search_key_free(&k);
}

static void goes(const char *keys, const char *expected)
{
	check(keys, true, expected);
}

static void refused(const char *keys, const char *why)
{
	struct search_key k;
	struct fault f = {0};
	char text[1024];

	snprintf(text, sizeof(text), "%s", keys);
	CHECK_INT(parse(&k, text, &f), -1);
	CHECK_INT(f.cls, FAULT_USAGE);
	CHECK(strstr(f.msg, why) != NULL);
	if (strstr(f.msg, why) == NULL)
		printf("# %s: %s\n", keys, f.msg);
	CHECK(k.node == NULL);
}

TEST(each_key)
{
	static const char *const plain[][2] = {{"all", "ALL"}, {"answered", "ANSWERED"},
	    {"deleted", "DELETED"}, {"draft", "DRAFT"}, {"flagged", "FLAGGED"}, {"new", "NEW"},
	    {"old", "OLD"}, {"recent", "RECENT"}, {"seen", "SEEN"}, {"unanswered", "UNANSWERED"},
	    {"undeleted", "UNDELETED"}, {"undraft", "UNDRAFT"}, {"unflagged", "UNFLAGGED"},
	    {"unseen", "UNSEEN"}, {"UNSEEN", "UNSEEN"}, {"UnSeen", "UNSEEN"}};
	static const char *const text[][2] = {{"from", "FROM"}, {"to", "TO"}, {"cc", "CC"},
	    {"bcc", "BCC"}, {"subject", "SUBJECT"}, {"body", "BODY"}, {"text", "TEXT"}};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		goes(plain[i][0], plain[i][1]);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		char keys[64], expected[64];

		snprintf(keys, sizeof(keys), "%s boss", text[i][0]);
		snprintf(expected, sizeof(expected), "%s boss", text[i][1]);
		goes(keys, expected);
	}
	goes("", "ALL");
	goes("keyword $Forwarded", "KEYWORD $Forwarded");
	goes("unkeyword x-y", "UNKEYWORD x-y");
	goes("header X-Mailer mutt", "HEADER X-Mailer mutt");
	goes("header List-Id _", "HEADER List-Id \"\"");
	goes("uid 7,12:20,100:*", "UID 7,12:20,100:*");
	goes("larger 5M smaller 300k", "LARGER 5242880 SMALLER 307200");
	goes("larger 0", "LARGER 0");
}

TEST(values_are_values_whatever_they_look_like)
{
	goes("from from", "FROM from");
	goes("subject or", "SUBJECT or");
	goes("subject ( unseen", "SUBJECT \"(\" UNSEEN");
	goes("subject not body )", "SUBJECT not BODY \")\"");
	goes("subject -f", "SUBJECT -f");
	goes("subject NIL", "SUBJECT \"NIL\"");
	goes("subject a~\"b\\", "SUBJECT \"a \\\"b\\\\\"");
	goes("subject *", "SUBJECT \"*\"");
	goes("subject {3+}", "SUBJECT \"{3+}\"");
}

TEST(dates)
{
	goes("since 2026-01-01", "SINCE 1-Jan-2026");
	goes("before 2024-02-29 on 2026-12-31", "BEFORE 29-Feb-2024 ON 31-Dec-2026");
	goes("sentsince 2026-11-24 sentbefore 2000-02-29 senton 0001-09-09",
	    "SENTSINCE 24-Nov-2026 SENTBEFORE 29-Feb-2000 SENTON 9-Sep-0001");
	goes("on today", "ON 24-Nov-2026");
	goes("on Yesterday", "ON 23-Nov-2026");
	refused("since 2026-02-29", "not a date");
	refused("since 1900-02-29", "not a date");
	refused("since 2026-13-01", "not a date");
	refused("since 2026-00-10", "not a date");
	refused("since 2026-04-31", "not a date");
	refused("since 2026-04-00", "not a date");
	refused("since 0000-04-01", "not a date");
	refused("since 26-04-01", "not a date");
	refused("since 2026-4-1", "not a date");
	refused("since 2026-04-01x", "not a date");
	refused("since tomorrow", "not a date");
	refused("since _", "not a date");
}

TEST(ages_by_the_second_or_by_the_day)
{
	goes("younger 7d", "YOUNGER 604800");
	goes("older 1y", "OLDER 31536000");
	goes("younger 90m older 1", "YOUNGER 5400 OLDER 1");
	goes("younger 4294967295", "YOUNGER 4294967295");
	check("younger 7d", false, "SINCE 17-Nov-2026");
	check("older 1y not older 12h", false, "BEFORE 24-Nov-2025 NOT BEFORE 23-Nov-2026");
	refused("younger 0", "not an age");
	refused("younger 0d", "not an age");
	refused("younger 4294967296", "not an age");
	refused("younger 200y", "not an age");
	refused("older -1", "not an age");
	refused("older 1x", "not an age");
	refused("older soon", "not an age");
}

TEST(not_or_and_parentheses)
{
	goes("not seen", "NOT SEEN");
	goes("not not seen", "NOT NOT SEEN");
	goes("from a from b", "FROM a FROM b");
	goes("from a or from b", "OR FROM a FROM b");
	goes("or from a from b", "OR FROM a FROM b");
	goes("OR from a from b unseen", "OR FROM a FROM b UNSEEN");
	goes("from a or from b or not from c", "OR FROM a OR FROM b NOT FROM c");
	goes("or from a or from b from c", "OR FROM a OR FROM b FROM c");
	goes("or from a from b or from c", "OR OR FROM a FROM b FROM c");
	goes("( seen )", "SEEN");
	goes("( ( seen ) )", "SEEN");
	goes("( from a from b ) or seen", "OR (FROM a FROM b) SEEN");
	goes("unseen ( from a or from b )", "UNSEEN OR FROM a FROM b");
	goes("not ( seen flagged )", "NOT (SEEN FLAGGED)");
	goes("not ( seen or flagged ) draft", "NOT OR SEEN FLAGGED DRAFT");
	goes("( or seen ( draft new ) ) old", "OR SEEN (DRAFT NEW) OLD");
	goes("or not seen not draft", "OR NOT SEEN NOT DRAFT");
}

TEST(what_could_be_read_in_two_ways)
{
	refused("unseen or from a from b", "say with ( and )");
	refused("unseen flagged or from a", "say with ( and )");
	refused("unseen ( seen or new old )", "say with ( and )");
}

TEST(what_is_wrong_is_named)
{
	refused("fron boss", "no such search key: fron");
	refused("boss", "no such search key: boss");
	refused("_", "no such search key");
	refused("from", "from wants a value");
	refused("header X", "header wants the name of a field and a text");
	refused("header", "header wants");
	refused("unseen from", "from wants a value");
	refused("from _", "would find everything");
	refused("header X:Y z", "not the name of a header field");
	refused("header _ z", "not the name");
	refused("header a~b z", "not the name");
	refused("keyword \\Seen", "for system flags");
	refused("keyword a~b", "not a keyword");
	refused("keyword a(b", "not a keyword");
	refused("keyword a]", "not a keyword");
	refused("keyword _", "not a keyword");
	refused("keyword \xc3\xa4", "not a keyword");
	refused("larger big", "not a size");
	refused("larger -1", "not a size");
	refused("uid 0", "not a set");
	refused("uid 1,", "not a set");
	refused("uid $", "not a set");
	refused("uid _", "not a set");
	refused("(", "without its \")\"");
	refused("( seen", "without its \")\"");
	refused("seen )", "without its \"(\"");
	refused(")", "\")\"");
	refused("( )", "no key between");
	refused("not", "not wants a key");
	refused("not )", "not wants a key");
	refused("or", "or wants two keys");
	refused("or seen", "or wants two keys");
	refused("seen or", "or wants a key on both sides");
	refused("( seen or ) draft", "or wants a key on both sides");
	refused("seen or or new", "or wants two keys");
	refused("subject a\nb", "on one line");
	refused("subject a\rb", "on one line");
	refused("subject \xff", "not UTF-8");
	refused("subject \xc3", "not UTF-8");
}

TEST(utf8_goes_as_a_literal_and_is_noted)
{
	struct search_key k;
	struct imap_cmd c;
	struct fault f = {0};
	char text[] = "subject Entw\xc3\xbcrfe from boss", plain[] = "subject x";

	REQUIRE(parse(&k, plain, &f) == 0);
	CHECK(!k.utf8 && !k.ages);
	search_key_free(&k);
	REQUIRE(parse(&k, text, &f) == 0);
	CHECK(k.utf8);
	imap_cmd_init(&c, NULL, "UID SEARCH");
	search_key_put(&c, &k, true, NOW);
	CHECK_INT(c.nliteral, 1);
	CHECK_INT(c.literal[0].size, 9);
	imap_cmd_free(&c);
	/* where UTF-8 may be quoted (RFC 6855) */
	imap_cmd_init(&c, NULL, "UID SEARCH");
	c.utf8 = true;
	search_key_put(&c, &k, true, NOW);
	CHECK_STR(buf_str(&c.text), "UID SEARCH SUBJECT \"Entw\xc3\xbcrfe\" FROM boss");
	imap_cmd_free(&c);
	search_key_free(&k);
}

TEST(words_that_begin_the_keys)
{
	static const char *const yes[] = {"from", "FROM", "(", "not", "Or", "all", "younger"};
	static const char *const no[] = {")", "", "work/INBOX", "-", "fron", "from ", "boss"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		CHECK(search_key_begins(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK(!search_key_begins(no[i]));
}

/* `inside` within n parentheses. */
static int nested(size_t n, struct fault *f)
{
	static const char *word[2 * (SEARCH_DEPTH_MAX + 1) + 1];
	struct search_key k;
	int r;

	for (size_t i = 0; i < n; i++) {
		word[i] = "(";
		word[n + 1 + i] = ")";
	}
	word[n] = "seen";
	r = search_key_parse(&k, word, 2 * n + 1, NOW, f);
	if (r == 0)
		search_key_free(&k);
	return r;
}

TEST(limits)
{
	static const char *word[SEARCH_WORDS_MAX + 1];
	static char value[SEARCH_VALUE_MAX + 2];
	struct search_key k;
	struct fault f = {0};

	CHECK_INT(nested(SEARCH_DEPTH_MAX - 1, &f), 0);
	CHECK_INT(nested(SEARCH_DEPTH_MAX, &f), -1);
	CHECK(strstr(f.msg, "within each other") != NULL);
	for (size_t i = 0; i <= SEARCH_WORDS_MAX; i++)
		word[i] = "seen";
	REQUIRE(search_key_parse(&k, word, SEARCH_WORDS_MAX, NOW, &f) == 0);
	search_key_free(&k);
	CHECK_INT(search_key_parse(&k, word, SEARCH_WORDS_MAX + 1, NOW, &f), -1);
	memset(value, 'x', SEARCH_VALUE_MAX);
	for (size_t i = 0; i < SEARCH_WORDS_MAX; i++)
		word[i] = i % 2 == 0 ? "from" : value;
	REQUIRE(search_key_parse(&k, word, 2 * SEARCH_TOTAL_MAX / SEARCH_VALUE_MAX, NOW, &f) == 0);
	search_key_free(&k);
	CHECK_INT(
	    search_key_parse(&k, word, 2 * SEARCH_TOTAL_MAX / SEARCH_VALUE_MAX + 2, NOW, &f), -1);
	CHECK(strstr(f.msg, "octets of values") != NULL);
	value[SEARCH_VALUE_MAX] = 'x';
	CHECK_INT(search_key_parse(&k, word, 2, NOW, &f), -1);
	CHECK(strstr(f.msg, "a value of more than") != NULL);
}

/* Days are days of local time. */
TEST(days_are_local)
{
	setenv("TZ", "XXX-14", 1);
	tzset();
	goes("on today", "ON 25-Nov-2026");
	check("younger 1d", false, "SINCE 24-Nov-2026");
	setenv("TZ", "UTC", 1);
	tzset();
}

__attribute__((constructor)) static void use_utc(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
}

UNIT_MAIN
