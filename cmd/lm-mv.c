/* lm-mv: messages into another mailbox. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/lines.h"
#include "app/locate.h"
#include "app/transfer.h"
#include "app/urls.h"

enum { OPT_CREATE = TOOL_OWN };

static const struct option long_options[] = {
    {"copy", no_argument, NULL, 'k'},
    {"create", no_argument, NULL, OPT_CREATE},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-mv [-k] [--create] [--json]\n"
    "             [-a account] [-c file] [-o keyword=value] [-v] account/mailbox [url... | -]\n"
    "       lm-mv -c account/mailbox [url... | -]\n";

static const struct tool_cli cli = {TOOL_OPTIONS "kh", long_options, usage, "c"};

struct job {
	struct tool tool;
	struct lines lines;
	struct transfer transfer;
	const char *target; /* given with -c, or NULL */
};

/* A mailbox of an account, or its URL, rather than the path of a file. */
static bool is_mailbox(const char *text)
{
	return strchr(text, '/') != NULL && strchr("./~", *text) == NULL && access(text, F_OK) != 0;
}

static int set_option(struct job *j, int option, const char *arg, struct fault *f)
{
	switch (option) {
	case 'c': /* a configuration, as everywhere; but one that is no file may be a mailbox */
		if (!is_mailbox(arg))
			return tool_option(&j->tool, option, arg, f);
		j->target = arg;
		j->transfer.copy = true;
		return 0;
	case 'k':
		j->transfer.copy = true;
		return 0;
	default: /* --create */
		j->transfer.create = true;
		return 0;
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0)
		if (set_option(j, option, optarg, f) == -1)
			return -1;
	return option;
}

/* -a is about the URLs, which may be of other accounts than the target: it is found by its own name. */
static int find_target(struct job *j, const char *text, struct fault *f)
{
	struct transfer *t = &j->transfer;
	const char *account = j->tool.account;
	int r;

	j->tool.account = NULL;
	r = locate(&j->tool, text, &t->account, &t->target, f);
	j->tool.account = account;
	if (r == -1)
		return fault_while(f, "%s", text);
	if (t->target.uid != 0 || t->target.search != NULL)
		return fault_set(
		    f, FAULT_USAGE, "a mailbox is wanted first, not messages: %s", text);
	if (t->target.mailbox == NULL)
		return fault_set(f, FAULT_USAGE, "account %s, and which mailbox?", text);
	if (strcasecmp(t->target.mailbox, "INBOX") == 0)
		memcpy(t->target.mailbox, "INBOX", 5);
	return 0;
}

/* The exit code, or -1 with the fault. */
static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	struct transfer *t = &j->transfer;
	struct batch *b;
	int r;

	if (j->target == NULL && argc == 0)
		return fault_set(f, FAULT_USAGE, "which mailbox? See lm-mv --help");
	if (j->target == NULL) {
		j->target = *argv++;
		argc--;
	}
	if (tool_config(&j->tool, f) == -1 || find_target(j, j->target, f) == -1 ||
	    transfer_check(t, f) == -1)
		return -1;
	t->urls = urls_new(&j->tool, argv, (size_t)argc, stdin, f);
	if (t->urls == NULL)
		return -1;
	urls_want_messages(t->urls);
	while ((r = urls_next(t->urls, &b, f)) == 1 && transfer_batch(t, b, f) == 0 &&
	    tool_flush(stdout, f) == 0)
		;
	r = r == 0 ? (int)urls_result(t->urls) : -1;
	urls_free(t->urls);
	return r;
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code = 0;

	tool_init(&j.tool, "lm-mv", stderr);
	lines_init(&j.lines, &j.tool);
	j.transfer.tool = &j.tool;
	j.transfer.lines = &j.lines;
	j.transfer.out = stdout;
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && (code = work(&j, argc - optind, argv + optind, &f)) == -1))
		code = tool_fail(&j.tool, &f);
	lines_free(&j.lines);
	url_free(&j.transfer.target);
	tool_free(&j.tool);
	return code;
}
