/* lm-idle: hear of what happens in mailboxes, as it happens. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/watch.h"
#include "base/num.h"

enum { DEFAULT_POLL = 60, SECONDS_MAX = 365 * 24 * 3600 };

enum { OPT_HEADERS = TOOL_OWN, OPT_POLL, OPT_RESUME, OPT_STATUS };

static const struct option long_options[] = {
    {"headers", no_argument, NULL, OPT_HEADERS},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"poll", required_argument, NULL, OPT_POLL},
    {"resume", optional_argument, NULL, OPT_RESUME},
    {"status", no_argument, NULL, OPT_STATUS},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-idle [-1] [-t seconds] [-d seconds] [-e event,event...] [-x command]\n"
    "               [--headers] [--json] [--poll seconds] [--resume[=name]] [--status]\n"
    "               [-a account] [-c file] [-o keyword=value] [-v] account[/pattern]...\n";

static const struct tool_cli cli = {TOOL_OPTIONS "1t:d:e:x:h", long_options, usage, NULL};

struct job {
	struct tool tool;
	struct watch_options options;
	struct watch *watch;
};

/* -e: "new,flags,gone,mailbox,metadata". */
static int parse_events(const char *text, unsigned *want, struct fault *f)
{
	static const struct {
		const char *name;
		unsigned want;
	} known[] = {{"new", WANT_NEW}, {"flags", WANT_FLAGS}, {"gone", WANT_GONE},
	    {"mailbox", WANT_MAILBOX}, {"metadata", WANT_METADATA}, {"all", WANT_ALL}};

	*want = 0;
	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");
		unsigned found = 0;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strlen(known[i].name) == n && strncmp(p, known[i].name, n) == 0)
				found = known[i].want;
		if (found == 0)
			return fault_set(f, FAULT_USAGE,
			    "-e takes new, flags, gone, mailbox, metadata, commas between: %s",
			    text);
		*want |= found;
		p += n;
		if (*p == '\0')
			return 0;
	}
}

/* Seconds, or a duration such as 5m; as milliseconds. */
static int parse_seconds(const char *option, const char *text, int64_t *ms, struct fault *f)
{
	time_t seconds;

	if (num_duration(text, &seconds) == -1 || seconds < 1 || seconds > SECONDS_MAX)
		return fault_set(f, FAULT_USAGE, "%s takes seconds: %s", option, text);
	*ms = (int64_t)seconds * 1000;
	return 0;
}

static int set_option(struct job *j, int option, const char *arg, struct fault *f)
{
	switch (option) {
	case '1':
		j->options.once = true;
		return 0;
	case 't':
		return parse_seconds("-t", arg, &j->options.timeout, f);
	case 'd':
		return parse_seconds("-d", arg, &j->options.delay, f);
	case 'e':
		return parse_events(arg, &j->options.want, f);
	case 'x':
		j->options.command = arg;
		return 0;
	case OPT_HEADERS:
		j->options.headers = true;
		return 0;
	case OPT_POLL:
		return parse_seconds("--poll", arg, &j->options.poll, f);
	case OPT_RESUME:
		j->options.resume = arg != NULL ? arg : "";
		return 0;
	default: /* --status */
		j->options.status = true;
		return 0;
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0)
		if (set_option(j, option, optarg, f) == -1)
			return -1;
	if (option == -1)
		return -1;
	if (j->tool.json && j->options.command != NULL)
		return fault_set(
		    f, FAULT_USAGE, "-x prints nothing: --json says nothing to a command");
	return 0;
}

static int add_all(struct job *j, int argc, char **argv, struct fault *f)
{
	const struct account *a;

	for (int i = 0; i < argc; i++)
		if (watch_add(j->watch, argv[i], f) == -1)
			return -1;
	if (argc > 0)
		return 0;
	if (j->tool.account == NULL)
		return fault_set(f, FAULT_USAGE, "say which account: lm-idle account[/pattern]...");
	a = locate_account(&j->tool, NULL, f);
	return a == NULL ? -1 : watch_add(j->watch, a->name, f);
}

static int work(struct job *j, int argc, char **argv, int *stopped, struct fault *f)
{
	j->watch = watch_new(&j->tool, &j->options, f);
	if (j->watch == NULL || add_all(j, argc, argv, f) == -1)
		return -1;
	return watch_run(j->watch, stopped, f);
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {
	    .options = {
		.want = WANT_ALL, .poll = (int64_t)DEFAULT_POLL * 1000, .out = STDOUT_FILENO}};
	int code = 0, stopped = 0;

	tool_init(&j.tool, "lm-idle", stderr);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && work(&j, argc - optind, argv + optind, &stopped, &f) == -1))
		code = tool_fail(&j.tool, &f);
	watch_free(j.watch);
	tool_free(&j.tool);
	/* A signal that we took notice of does what it does: whoever waits for us sees it. */
	if (stopped != 0)
		raise(stopped);
	return code;
}
