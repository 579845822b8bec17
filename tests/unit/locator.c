#include "app/locator.h"

#include <stdlib.h>
#include <unistd.h>

#include "tree.h"
#include "unit.h"

static char home[] = "/tmp/lm-locator-XXXXXX", config[64];
static struct tool tool;
static struct locator locator;
static struct fault f;

static void begin(const char *account)
{
	f = (struct fault){0};
	tool_init(&tool, "lm-test", stderr);
	tool.config_path = config;
	tool.account = account;
	locator_init(&locator, &tool);
}

static void end(void)
{
	locator_free(&locator);
	tool_free(&tool);
}

/* "account url", or what is wrong. */
static const char *describe(int r, const struct account *a, struct url *u)
{
	static char text[2][1000];
	static int which;
	struct buf b;

	which = !which;
	if (r == -1)
		return f.msg;
	buf_init(&b, URL_MAX);
	url_build(&b, u);
	snprintf(text[which], sizeof(text[which]), "%s %s", a->name, buf_str(&b));
	buf_free(&b);
	url_free(u);
	return text[which];
}

static const char *found(const char *text)
{
	const struct account *a = NULL;
	struct url u;
	int r = locator_find(&locator, text, &a, &u, &f);

	return describe(r, a, &u);
}

static const char *located(const char *text)
{
	const struct account *a = NULL;
	struct url u;
	int r = locate(&tool, text, &a, &u, &f);

	return describe(r, a, &u);
}

static const char *const urls[] = {"work/INBOX/;UID=1", "work/INBOX/;UID=2", "home/A/;UID=1",
    "work/B", "work", "work/", "work/;UID=3", "workshop/INBOX/;UID=1", "wor/INBOX/;UID=1",
    "work/a b/;UID=7/;SECTION=1", "work//;UID=7", "work/%zz", "", "/", "/INBOX/;UID=1",
    "imap://alice@mail.example.org/INBOX/;UID=1", "imap://alice@mail.example.org/INBOX/;UID=2",
    "imap://alice@mail.example.org:993/INBOX/;UID=2",
    "imap://alice@mail.example.org:143/INBOX/;UID=2", "imap://bob@home.example.org/INBOX/;UID=1",
    "imap://alice@home.example.org/INBOX/;UID=1", "imap://mail.example.org/INBOX/;UID=1",
    "imap://alice@mail.example.org/INBOX/;UID=0", "imaps://alice@mail.example.org/INBOX/;UID=1",
    "imap://alice@auth.example.org:10143/INBOX/;UID=1", "IMAP://alice@mail.example.org/INBOX"};

enum { URLS = sizeof(urls) / sizeof(urls[0]) };

TEST(a_home)
{
	FILE *to;

	REQUIRE(mkdtemp(home) != NULL);
	setenv("HOME", home, 1);
	unsetenv("XDG_CACHE_HOME");
	snprintf(config, sizeof(config), "%s/config", home);
	to = fopen(config, "w");
	REQUIRE(to != NULL);
	fputs("account work\nimap imaps://alice@mail.example.org\n"
	      "url-authority auth.example.org:10143\n"
	      "account home\nimap imaps://bob@home.example.org\n",
	    to);
	CHECK_INT(fclose(to), 0);
}

/* Whatever came before, the answer is that of locate(). */
TEST(each_after_each)
{
	begin(NULL);
	for (size_t i = 0; i < URLS; i++)
		for (size_t k = 0; k < URLS; k++) {
			found(urls[i]);
			CHECK_STR(found(urls[k]), located(urls[k]));
		}
	end();
}

TEST(an_account_that_was_asked_for)
{
	begin("work");
	for (size_t i = 0; i < URLS; i++)
		for (size_t k = 0; k < URLS; k++) {
			found(urls[i]);
			CHECK_STR(found(urls[k]), located(urls[k]));
		}
	end();
}

TEST(the_home_goes)
{
	CHECK_INT(tree_remove(home), 0);
}

UNIT_MAIN
