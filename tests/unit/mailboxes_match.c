/* Patterns of mailbox names, and the keyword `mailboxes`. */
#include "unit.h"

#include "app/mailboxes.h"

TEST(patterns)
{
	static const struct {
		const char *pattern, *name;
		char delimiter;
		bool in;
	} cases[] = {
	    {"a", "a", '/', true},
	    {"a", "A", '/', false},
	    {"a", "", '/', false},
	    {"", "", '/', true},
	    {"*", "", '/', true},
	    {"%", "", '/', true},
	    {"*", "a/b/c", '/', true},
	    {"%", "a/b", '/', false},
	    {"%", "a/b", '.', true},
	    {"%", "a/b", 0, true},
	    {"%/%", "a/b", '/', true},
	    {"%/%", "a/b/c", '/', false},
	    {"*/c", "a/b/c", '/', true},
	    {"a*c", "a/b/c", '/', true},
	    {"a%c", "a/b/c", '/', false},
	    {"a%c", "abc", '/', true},
	    {"%b%", "aabb", '/', true},
	    {"*b%c", "b/xb/bzc", '/', true},
	    {"*b%c", "b/xc/bz/c", '/', false},
	    {"%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", '/',
		false},
	    {"Entw\xc3\xbcrfe", "Entw\xc3\xbcrfe", '/', true},
	    {"inbox", "INBOX", '/', true},
	    {"InB%", "INBOX", '/', true},
	    {"inbox", "INBOX2", '/', false},
	    {"INBOX", "inbox", '/', true},
	    {"inbox/sub", "INBOX/sub", '/', true},
	    {"inbox/sub", "INBOX/Sub", '/', false},
	    {"inbox.sub", "INBOX.sub", '/', false},
	    {"x/inbox", "x/INBOX", '/', false},
	    {"\\*", "\\x", '/', true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (mailboxes_pattern(cases[i].pattern, cases[i].name, cases[i].delimiter) !=
		    cases[i].in) {
			printf("# %s %s\n", cases[i].pattern, cases[i].name);
			CHECK(false);
		}
}

/* The definition, tried in every way. */
static bool by_definition(const char *p, const char *s)
{
	if (*p == '\0')
		return *s == '\0';
	if (*p == '*' || *p == '%') {
		if (by_definition(p + 1, s))
			return true;
		return *s != '\0' && (*p == '*' || *s != '/') && by_definition(p, s + 1);
	}
	return *p == *s && by_definition(p + 1, s + 1);
}

/* Every text of at most `max` of the letters; false when there is no more. */
static bool next_text(char *s, const char *letters, size_t max)
{
	size_t n = strlen(s), i = n;

	while (i > 0) {
		const char *at = strchr(letters, s[--i]);

		if (at[1] != '\0') {
			s[i] = at[1];
			return true;
		}
		s[i] = letters[0];
	}
	if (n == max)
		return false;
	s[n] = letters[0];
	s[n + 1] = '\0';
	return true;
}

TEST(patterns_by_their_definition)
{
	char pattern[8] = "", name[8];
	size_t wrong = 0;

	do {
		name[0] = '\0';
		do
			wrong +=
			    mailboxes_pattern(pattern, name, '/') != by_definition(pattern, name);
		while (next_text(name, "ab/", 5));
	} while (next_text(pattern, "*%ab/", 6));
	CHECK_INT(wrong, 0);
}

TEST(a_long_name_is_matched_in_time)
{
	static char pattern[MAILBOXES_NAME_MAX + 1], name[MAILBOXES_NAME_MAX + 1];

	memset(name, 'a', MAILBOXES_NAME_MAX);
	for (size_t i = 0; i + 2 < MAILBOXES_NAME_MAX; i++)
		pattern[i] = "*a%%a*"[i % 6];
	CHECK(!mailboxes_pattern(pattern, "b", '/'));
	pattern[strlen(pattern)] = 'b';
	CHECK(!mailboxes_pattern(pattern, name, '/'));
}

TEST(the_keyword)
{
	static const struct {
		const char *patterns, *name;
		bool in;
	} cases[] = {
	    {NULL, "a", true},
	    {"", "a", true},
	    {"  \t ", "a", true},
	    {"a", "a", true},
	    {"a", "b", false},
	    {"a b", "b", true},
	    {" a  b\t", "b", true},
	    {"* !Trash", "Trash", false},
	    {"* !Trash", "Sent", true},
	    {"!Trash", "Sent", true},
	    {"!Trash", "Trash", false},
	    {"!lists/* lists/c", "lists/c", true},
	    {"!lists/* lists/c", "lists/d", false},
	    {"!lists/* lists/c", "Sent", true},
	    {"lists/c !lists/*", "lists/c", false},
	    {"% !Junk", "a/b", false},
	    {"\"My Mail\"", "My Mail", true},
	    {"My Mail", "My Mail", false},
	    {"* !\"My Mail\"", "My Mail", false},
	    {"* !\"My Mail\"", "Mail", true},
	    {"\"a \\\"b\\\" \\\\\"", "a \"b\" \\", true},
	    {"\"!odd\"", "!odd", true},
	    {"!!odd", "!odd", false},
	    {"\"My \"Mail", "My Mail", true},
	    {"\"My Mail", "My Mail", true},
	    {"\"\"", "a", false},
	    {"\"\"", "", true},
	    {"inbox", "INBOX", true},
	    {"* !inbox", "INBOX", false},
	    {"!", "a", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (mailboxes_match(cases[i].patterns, cases[i].name, '/') != cases[i].in) {
			printf("# %s: %s\n", cases[i].patterns, cases[i].name);
			CHECK(false);
		}
}

TEST(a_pattern_longer_than_a_name_matches_none)
{
	static char text[MAILBOXES_NAME_MAX + 2], name[MAILBOXES_NAME_MAX + 1];

	memset(text, 'a', MAILBOXES_NAME_MAX);
	memset(name, 'a', MAILBOXES_NAME_MAX);
	CHECK(mailboxes_match(text, name, '/'));
	text[MAILBOXES_NAME_MAX] = 'a';
	CHECK(!mailboxes_match(text, name, '/'));
	CHECK(mailboxes_pattern("*", name, '/'));
}

TEST(attributes)
{
	struct buf b;

	buf_init(&b, 1000);
	mailboxes_attributes(&b, 0);
	CHECK_STR(buf_str(&b), "");
	mailboxes_attributes(&b, LIST_SENT | LIST_HASNOCHILDREN | LIST_SUBSCRIBED);
	CHECK_STR(buf_str(&b), "\\HasNoChildren \\Subscribed \\Sent");
	buf_free(&b);
	CHECK_INT(mailboxes_attribute("\\SENT", 5), LIST_SENT);
	CHECK_INT(mailboxes_attribute("\\Sen", 4), 0);
	CHECK_INT(mailboxes_attribute("\\Sent", 4), 0);
	CHECK_INT(mailboxes_attribute("", 0), 0);
	CHECK_INT(mailboxes_attribute("\\nonexistent", 12), LIST_NONEXISTENT | LIST_NOSELECT);
	CHECK_INT(mailboxes_attribute("\\NoInferiors", 12), LIST_NOINFERIORS | LIST_HASNOCHILDREN);
}

UNIT_MAIN
