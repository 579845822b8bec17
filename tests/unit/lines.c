#include "app/lines.h"

#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

/* Servers are tunnels: a line for each in the file `dialled` says who was asked. */
static char home[] = "/tmp/lm-lines-XXXXXX", config[64], dialled[64];
static struct fault f;
static struct tool tool;
static struct lines lines;

enum { ACCOUNTS = LINES_MAX + 2 };

static void write_config(void)
{
	FILE *to = fopen(config, "w");

	if (to == NULL) {
		unit_failed = true;
		return;
	}
	for (int i = 0; i < ACCOUNTS; i++)
		fprintf(to,
		    "account a%d\ntunnel echo a%d >>%s; printf '* PREAUTH [CAPABILITY IMAP4rev1] "
		    "hi\\r\\n'; read line; printf '* BYE bye\\r\\n'\n",
		    i, i, dialled);
	fprintf(to, "account down\ntunnel echo down >>%s; exit 1\n", dialled);
	fprintf(to, "account nobody\nfrom x@example.org\n");
	if (fclose(to) != 0)
		unit_failed = true;
}

static void begin(void)
{
	f = (struct fault){0};
	unlink(dialled);
	tool_init(&tool, "lm-test", stderr);
	tool.config_path = config;
	CHECK_INT(tool_config(&tool, &f), 0);
	lines_init(&lines, &tool);
}

static void end(void)
{
	lines_free(&lines);
	tool_free(&tool);
}

static struct imap_line *get(const char *name)
{
	const struct account *a = config_account(tool.config, name, &f);

	f = (struct fault){0};
	return lines_get(&lines, a, false, &f);
}

static struct imap_line *get_nth(int i)
{
	char name[16];

	snprintf(name, sizeof(name), "a%d", i);
	return get(name);
}

static int dials(void)
{
	FILE *from = fopen(dialled, "r");
	int n = 0, c;

	while (from != NULL && (c = getc(from)) != EOF)
		n += c == '\n';
	if (from != NULL)
		fclose(from);
	return n;
}

TEST(a_home)
{
	REQUIRE(mkdtemp(home) != NULL);
	setenv("HOME", home, 1);
	unsetenv("XDG_CACHE_HOME");
	snprintf(config, sizeof(config), "%s/config", home);
	snprintf(dialled, sizeof(dialled), "%s/dialled", home);
	write_config();
}

TEST(an_open_line_is_used_again)
{
	begin();
	struct imap_line *first = get("a0"), *other = get("a1");
	REQUIRE(first != NULL && other != NULL);
	CHECK(get("a0") == first);
	CHECK(get("a1") == other);
	CHECK(first != other);
	CHECK_INT(dials(), 2);
	end();
}

TEST(the_one_used_longest_ago_goes)
{
	begin();
	for (int i = 0; i < LINES_MAX; i++)
		CHECK(get_nth(i) != NULL);
	CHECK(get_nth(0) != NULL);
	CHECK_INT(dials(), LINES_MAX);
	CHECK(get_nth(LINES_MAX) != NULL); /* a1 goes */
	CHECK_INT(lines.n, LINES_MAX);
	CHECK(get_nth(0) != NULL);
	CHECK_INT(dials(), LINES_MAX + 1);
	CHECK(get_nth(1) != NULL);
	CHECK_INT(dials(), LINES_MAX + 2);
	CHECK_INT(lines.n, LINES_MAX);
	end();
}

TEST(a_lost_line_is_dialled_again)
{
	struct event ev;
	struct imap_cmd c;

	begin();
	struct imap_line *l = get("a0");
	REQUIRE(l != NULL);
	imap_cmd_init(&c, l->imap, "NOOP");
	CHECK_INT(imap_run(l->imap, &c, &ev, &f), -1);
	CHECK(!imap_alive(l->imap));
	CHECK(get("a0") != NULL);
	CHECK_INT(lines.n, 1);
	CHECK_INT(dials(), 2);
	end();
}

TEST(what_cannot_be_reached_is_not_tried_at_once)
{
	begin();
	CHECK(get("down") == NULL);
	CHECK_INT(f.cls, FAULT_TEMP);
	CHECK(get("down") == NULL);
	CHECK_INT(f.cls, FAULT_TEMP);
	CHECK_INT(dials(), 1);
	REQUIRE(lines.nrefusal == 1);
	lines.refusal[0].when -= LINES_PATIENCE;
	CHECK(get("down") == NULL);
	CHECK_INT(dials(), 2);
	CHECK_INT(lines.nrefusal, 1);
	end();
}

TEST(a_wrong_configuration_stays_wrong)
{
	begin();
	CHECK(get("nobody") == NULL);
	CHECK_INT(f.cls, FAULT_CONFIG);
	REQUIRE(lines.nrefusal == 1);
	lines.refusal[0].when -= LINES_PATIENCE;
	snprintf(lines.refusal[0].why.msg, sizeof(lines.refusal[0].why.msg), "remembered");
	CHECK(get("nobody") == NULL);
	CHECK_STR(f.msg, "remembered");
	CHECK(get("a0") != NULL);
	end();
}

TEST(the_home_goes)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	CHECK_INT(system(command), 0);
}

UNIT_MAIN
