#include "app/flags.h"

#include "unit.h"

static struct flags_changes c;
static struct fault f;

/* Takes the words, blanks between; what they mean as "+\Seen -x", or what is wrong. */
static const char *take(const char *words)
{
	static char text[4096], copy[4096];
	char *save = NULL;
	int n = 0;

	c = (struct flags_changes){0};
	f = (struct fault){0};
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		if (!flags_is_change(w))
			return "no change";
		if (flags_take(&c, w, &f) == -1)
			return f.cls == FAULT_USAGE ? f.msg : "another class";
	}
	text[0] = '\0';
	for (size_t i = 0; i < c.n; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%c%s", i > 0 ? " " : "",
		    (char)c.change[i].sign, c.change[i].flag);
	return text;
}

TEST(words_that_are_changes)
{
	CHECK(flags_is_change("+x"));
	CHECK(flags_is_change("-x"));
	CHECK(flags_is_change("=x"));
	CHECK(flags_is_change("="));
	CHECK(!flags_is_change("-"));
	CHECK(!flags_is_change("+"));
	CHECK(!flags_is_change(""));
	CHECK(!flags_is_change("work/INBOX/;UID=1"));
}

TEST(flags_as_on_the_wire)
{
	CHECK_STR(take("+seen -Flagged +DRAFT -deleted +answered"),
	    "+\\Seen -\\Flagged +\\Draft -\\Deleted +\\Answered");
	CHECK_STR(take("+\\seen +$Forwarded -todo"), "+\\Seen +$Forwarded -todo");
	CHECK_STR(take("+\\Other +seen2 -a,b"), "+\\Other +seen2 -a,b");
	CHECK_STR(take("=seen =x"), "=\\Seen =x");
	CHECK_STR(take("="), "=");
}

TEST(what_is_no_flag)
{
	static const char *const bad[] = {"+a(b", "+a)", "-a{", "+\"", "=a%", "+a*", "+\\", "-a]",
	    "+\xc3\xa4", "+a\x7f", "+a\x01", "=\\a\\b"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(strncmp(take(bad[i]), "not a flag: ", 12) == 0);
		CHECK_INT(f.cls, FAULT_USAGE);
	}
	CHECK_STR(take("+\\Recent"), "\\Recent is not for clients to set");
	CHECK_STR(take("=\\*"), "\\* is not for clients to set");
}

TEST(what_does_not_go_together)
{
	CHECK(strstr(take("=seen +x"), "all flags") != NULL);
	CHECK(strstr(take("-x =seen"), "all flags") != NULL);
	CHECK_STR(take("+seen -\\Seen"), "named twice: \\Seen");
	CHECK_STR(take("+x +X"), "named twice: X");
	CHECK_STR(take("= ="), "named twice: \"=\" alone");
	CHECK_STR(take("= =x"), "\"=\" alone is no flag at all, not x");
	CHECK_STR(take("=x ="), "\"=\" alone is no flag at all, not x");
}

TEST(no_more_than_so_many)
{
	char words[1024];
	int n = 0;

	for (int i = 0; i < FLAGS_MAX; i++)
		n += snprintf(words + n, sizeof(words) - (size_t)n, "+k%d ", i);
	take(words);
	CHECK_INT(c.n, FLAGS_MAX);
	CHECK_INT(flags_take(&c, "+one-more", &f), -1);
	CHECK_INT(f.cls, FAULT_USAGE);
}

TEST(forwarded_stays)
{
	take("+x -$forwarded");
	CHECK(flags_lose_forwarded(&c));
	take("+$Forwarded -x");
	CHECK(!flags_lose_forwarded(&c));
	take("=x");
	CHECK(flags_lose_forwarded(&c));
	take("=x =$FORWARDED");
	CHECK(!flags_lose_forwarded(&c));
	take("=");
	CHECK(flags_lose_forwarded(&c));
	take("+x -y");
	CHECK(!flags_lose_forwarded(&c));
}

TEST(signs)
{
	take("+x +y");
	CHECK(flags_has(&c, FLAGS_ADD));
	CHECK(!flags_has(&c, FLAGS_REMOVE));
	CHECK(!flags_has(&c, FLAGS_SET));
}

UNIT_MAIN
