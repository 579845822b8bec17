/* lm-flag: flags of messages, set and removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/flags.h"
#include "app/lines.h"
#include "app/urls.h"
#include "base/num.h"

enum { OPT_FORCE = TOOL_OWN, OPT_IF_UNCHANGED };

static const char if_unchanged[] = "--if-unchanged";

static const struct option long_options[] = {
    {"force", no_argument, NULL, OPT_FORCE},
    {"help", no_argument, NULL, TOOL_HELP},
    {"if-unchanged", required_argument, NULL, OPT_IF_UNCHANGED},
    {"json", no_argument, NULL, TOOL_JSON},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-flag [--if-unchanged modseq] [--force] [--json]\n"
    "               [-a account] [-c file] [-o keyword=value] [-v]\n"
    "               [+flag | -flag | =flag]... [url... | -]\n"
    "Words that begin with - are options only as written here; -- ends the options.\n";

static const struct tool_cli cli = {TOOL_OPTIONS "h", long_options, usage, NULL};

struct job {
	struct tool tool;
	struct flags_changes changes;
	struct flags_job flags;
	/* The words of the command line, sorted: both as long as argv. */
	char **option, **operand;
	int noption, noperand;
};

/* The options that have a word of their own behind them. */
static bool takes_word(const char *word)
{
	size_t n = strlen(word);

	return strcmp(word, "-a") == 0 || strcmp(word, "-c") == 0 || strcmp(word, "-o") == 0 ||
	    (n > 2 && strncmp(word, if_unchanged, n) == 0);
}

/* "-f" removes the flag f, "-flagged" another: so only the options' own spellings are options. */
static bool is_option(const char *word)
{
	return strncmp(word, "--", 2) == 0 || strcmp(word, "-v") == 0 || strcmp(word, "-vv") == 0 ||
	    strcmp(word, "-h") == 0 || takes_word(word);
}

static int sort_words(struct job *j, int argc, char **argv, struct fault *f)
{
	bool options = true;

	j->option = calloc((size_t)argc + 1, sizeof(char *));
	j->operand = calloc((size_t)argc + 1, sizeof(char *));
	if (j->option == NULL || j->operand == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	j->option[j->noption++] = argv[0];
	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && is_option(argv[i])) {
			j->option[j->noption++] = argv[i];
			if (takes_word(argv[i]) && i + 1 < argc)
				j->option[j->noption++] = argv[++i];
		} else {
			j->operand[j->noperand++] = argv[i];
		}
	}
	return 0;
}

static int set_condition(struct job *j, const char *modseq, struct fault *f)
{
	j->flags.conditional = true;
	if (num_u63(modseq, strlen(modseq), &j->flags.modseq) == 0)
		return 0;
	return fault_set(f, FAULT_USAGE, "%s takes a number: %s", if_unchanged, modseq);
}

static int parse_options(struct job *j, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, j->noption, j->option, &cli, stdout, f)) > 0) {
		if (option == OPT_FORCE)
			j->flags.force = true;
		else if (set_condition(j, optarg, f) == -1)
			return -1;
	}
	return option;
}

/* What is left in the operands are URLs. */
static int take_changes(struct job *j, struct fault *f)
{
	int n = 0;

	for (int i = 0; i < j->noperand; i++) {
		if (!flags_is_change(j->operand[i]))
			j->operand[n++] = j->operand[i];
		else if (flags_take(&j->changes, j->operand[i], f) == -1)
			return -1;
	}
	j->noperand = n;
	return 0;
}

static int check(const struct job *j, struct fault *f)
{
	const struct flags_changes *c = &j->changes;

	if (c->n == 0)
		return fault_set(
		    f, FAULT_USAGE, "no flag to change (+flag, -flag, =flag): see lm-flag --help");
	if (flags_has(c, FLAGS_REMOVE) && flags_lose_forwarded(c) && !j->flags.force)
		return fault_set(f, FAULT_USAGE,
		    "$Forwarded should stay once it is set: give --force to remove it");
	/* The first STORE would be the change that the second is not to follow. */
	if (j->flags.conditional && flags_has(c, FLAGS_ADD) && flags_has(c, FLAGS_REMOVE))
		return fault_set(
		    f, FAULT_USAGE, "%s goes with \"+\" or \"-\", not both", if_unchanged);
	return 0;
}

static int change_batch(struct job *j, struct lines *lines, struct batch *b, struct fault *f)
{
	struct fault why;
	struct imap_line *l = lines_get(lines, b->account, false, &why);

	if (l == NULL) {
		urls_failed_batch(j->flags.urls, b, &why);
		return 0;
	}
	return flags_batch(&j->flags, l, b, f);
}

static int change_all(struct job *j, struct fault *f)
{
	struct lines lines;
	struct batch *b;
	int r;

	lines_init(&lines, &j->tool);
	while ((r = urls_next(j->flags.urls, &b, f)) == 1 && change_batch(j, &lines, b, f) == 0 &&
	    tool_flush(stdout, f) == 0)
		;
	lines_free(&lines);
	return r == 0 ? 0 : -1;
}

/* The exit code, or -1 with the fault. */
static int work(struct job *j, struct fault *f)
{
	struct urls *u;
	int r;

	if (take_changes(j, f) == -1 || check(j, f) == -1)
		return -1;
	u = urls_new(&j->tool, j->operand, (size_t)j->noperand, stdin, f);
	if (u == NULL)
		return -1;
	urls_want_messages(u);
	j->flags.tool = &j->tool;
	j->flags.urls = u;
	j->flags.out = stdout;
	j->flags.changes = &j->changes;
	r = change_all(j, f) == -1 ? -1 : (int)urls_result(u);
	urls_free(u);
	return r;
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code = 0;

	tool_init(&j.tool, "lm-flag", stderr);
	if (sort_words(&j, argc, argv, &f) == -1 || parse_options(&j, &f) == -1 ||
	    (!j.tool.finished && (code = work(&j, &f)) == -1))
		code = tool_fail(&j.tool, &f);
	free(j.option);
	free(j.operand);
	tool_free(&j.tool);
	return code;
}
