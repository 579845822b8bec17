#include "app/tool.h"

#include <stdlib.h>

#include "unit.h"

enum { OPT_FAST = TOOL_OWN };

static const struct option table[] = {
    {"fast", no_argument, NULL, OPT_FAST},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"size", required_argument, NULL, 's'},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const struct tool_cli cli = {TOOL_OPTIONS "s:h", table, "usage: lm-test\n", NULL};

static struct tool tool;
static struct fault f;
static char *printed;
static FILE *out;
static char *said;
static size_t printed_len, said_len;

static char line_words[2048], *word[256];
static int nword;

/* The words of the command line, blanks between. */
static void begin(const char *line)
{
	char *save = NULL;

	snprintf(line_words, sizeof(line_words), "%s", line);
	nword = 0;
	for (char *p = strtok_r(line_words, " ", &save); p != NULL; p = strtok_r(NULL, " ", &save))
		word[nword++] = p;
	word[nword] = NULL;
	out = open_memstream(&printed, &printed_len);
	f = (struct fault){0};
	tool_init(&tool, "lm-test", open_memstream(&said, &said_len));
	optind = 0;
}

static void end(void)
{
	fclose(out);
	fclose(tool.err);
	free(printed);
	free(said);
	tool_free(&tool);
}

static int next(const struct tool_cli *c)
{
	return tool_next(&tool, nword, word, c, out, &f);
}

TEST(own_options_come_out_and_common_ones_go_in)
{
	begin("lm-test -a work -s 5 -vc conf here --json --fast -o x=y --size=7 -v -- -a");
	CHECK_INT(next(&cli), 's');
	CHECK_STR(optarg, "5");
	CHECK_STR(tool.account, "work");
	CHECK(!tool.json);
	CHECK_INT(next(&cli), OPT_FAST);
	CHECK(tool.json);
	CHECK_STR(tool.config_path, "conf");
	CHECK_INT(next(&cli), 's');
	CHECK_STR(optarg, "7");
	CHECK_INT(tool.noverride, 1);
	CHECK_STR(tool.override[0], "x=y");
	CHECK_INT(next(&cli), 0);
	CHECK_INT(tool.verbose, 2);
	CHECK_STR(tool.account, "work");
	CHECK_STR(word[optind], "here");
	CHECK_STR(word[optind + 1], "-a");
	CHECK(!tool.finished);
	fflush(out);
	CHECK_INT(printed_len, 0);
	end();
}

TEST(letters_that_a_program_has_as_its_own)
{
	static const struct tool_cli own = {"-a:o:h:", table, "usage: lm-test\n", "ho"};

	begin("lm-test -h 3 -o fields word -a work --help");
	CHECK_INT(next(&own), 'h');
	CHECK_STR(optarg, "3");
	CHECK_INT(next(&own), 'o');
	CHECK_STR(optarg, "fields");
	CHECK_INT(tool.noverride, 0);
	CHECK_INT(next(&own), 1); /* "-" in front: a word in its place */
	CHECK_STR(optarg, "word");
	CHECK(!tool.finished);
	CHECK_INT(next(&own), 0);
	CHECK_STR(tool.account, "work");
	CHECK(tool.finished);
	end();
}

/* prints OPTION: what it is answered with; what stands behind it is not looked at. */
static void prints(const char *option, const char *text)
{
	char line[64];

	snprintf(line, sizeof(line), "lm-test -v %s --no-such", option);
	begin(line);
	CHECK_INT(next(&cli), 0);
	CHECK(tool.finished);
	CHECK_INT(tool.verbose, 1);
	CHECK_STR(printed, text); /* without fflush(): that is done */
	end();
}

TEST(help_and_version)
{
	prints("--help", "usage: lm-test\n");
	prints("-h", "usage: lm-test\n");
	prints("--version", "lm-test " LM_VERSION "\n");
}

TEST(help_that_is_lost_is_a_fault)
{
	FILE *full = fopen("/dev/full", "w");

	REQUIRE(full != NULL);
	begin("lm-test --help");
	CHECK_INT(tool_next(&tool, nword, word, &cli, full, &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	fclose(full);
	end();
}

static void refuses(const char *option, const char *message)
{
	char line[64];

	snprintf(line, sizeof(line), "lm-test %s", option);
	begin(line);
	CHECK_INT(next(&cli), -1);
	CHECK_INT(f.cls, FAULT_USAGE);
	CHECK_STR(f.msg, message);
	end();
}

TEST(what_is_no_option)
{
	refuses("-x", "-x is no option, or lacks its argument: see lm-test --help");
	refuses("-s", "-s is no option, or lacks its argument: see lm-test --help");
	refuses(
	    "--no-such", "--no-such is no option, or not with this argument: see lm-test --help");
	refuses("--fast=1", "--fast=1 is no option, or not with this argument: see lm-test --help");
	refuses("--size", "--size is no option, or not with this argument: see lm-test --help");
	refuses("-\303", "-\\303 is no option, or lacks its argument: see lm-test --help");
}

TEST(the_word_that_is_no_option_is_named_and_not_the_one_before_it)
{
	static const char message[] = "-x is no option, or lacks its argument: see lm-test --help";
	static const char *const lines[] = {"lm-test --fast -xv", "lm-test --fast -x",
	    "lm-test --fast -vx", "lm-test --fast word -xv", "lm-test --size=1 -xsv"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		begin(lines[i]);
		while (next(&cli) > 0)
			;
		CHECK_INT(f.cls, FAULT_USAGE);
		CHECK_STR(f.msg, message);
		end();
	}
}

TEST(overrides_have_a_limit)
{
	char line[1024] = "lm-test";

	for (int i = 0; i < TOOL_OVERRIDES_MAX; i++)
		strncat(line, " -ox=y", sizeof(line) - strlen(line) - 1);
	begin(line);
	CHECK_INT(next(&cli), 0);
	CHECK_INT(tool.noverride, TOOL_OVERRIDES_MAX);
	end();
	strncat(line, " -ox=y", sizeof(line) - strlen(line) - 1);
	begin(line);
	CHECK_INT(next(&cli), -1);
	CHECK_INT(f.cls, FAULT_USAGE);
	CHECK_INT(tool.noverride, TOOL_OVERRIDES_MAX);
	end();
}

static void fails(const char *what, enum fault_class cls)
{
	struct fault why;

	fault_set(&why, cls, "not \\ there");
	tool_failed(&tool, what, &why);
	CHECK_STR(strstr(why.msg, "x/y"), NULL); /* the caller's stays as it is */
}

TEST(the_first_failure_for_good_counts)
{
	begin("lm-test");
	CHECK_INT(tool.result, FAULT_NONE);
	fails("x/y\n", FAULT_TEMP);
	CHECK_INT(tool.result, FAULT_TEMP);
	fails(NULL, FAULT_DATA);
	CHECK_INT(tool.result, FAULT_DATA);
	fails(NULL, FAULT_REFUSED);
	fails(NULL, FAULT_TEMP);
	CHECK_INT(tool.result, FAULT_DATA);
	fflush(tool.err);
	CHECK(strncmp(said, "lm-test: x/y\\n: not \\", 21) == 0);
	CHECK(strstr(said, "\nlm-test: not \\") != NULL);
	end();
}

TEST(a_failure_without_a_message_only_counts)
{
	const struct fault why = {.cls = FAULT_IO};

	begin("lm-test");
	tool_failed(&tool, "x/y", &why);
	CHECK_INT(tool.result, FAULT_IO);
	fflush(tool.err);
	CHECK_INT(said_len, 0);
	end();
}

TEST(a_failure_of_no_class_is_one)
{
	const struct fault why = {.cls = FAULT_NONE};

	begin("lm-test");
	fails("x/y", FAULT_TEMP);
	tool_failed(&tool, NULL, &why);
	CHECK_INT(tool.result, FAULT_BUG);
	end();
}

UNIT_MAIN
