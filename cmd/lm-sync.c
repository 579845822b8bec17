/* lm-sync: a Maildir in step with the server. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/sync.h"
#include "base/clock.h"

enum { ACCOUNTS_MAX = 16, PATTERNS_MAX = 64, GATHER = 20, GATHER_MAX = 200 /* ms */ };
enum { OPT_PULL = TOOL_OWN, OPT_PUSH, OPT_FORCE, OPT_WHOLE };

static const struct option long_options[] = {
    {"dry-run", no_argument, NULL, 'n'},
    {"force", no_argument, NULL, OPT_FORCE},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"pull", no_argument, NULL, OPT_PULL},
    {"push", no_argument, NULL, OPT_PUSH},
    {"quiet", no_argument, NULL, 'q'},
    {"version", no_argument, NULL, TOOL_VERSION},
    {"whole", no_argument, NULL, OPT_WHOLE},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-sync [-nq] [--pull | --push] [--force] [--json]\n"
    "               [-a account] [-c file] [-o keyword=value] [-v] account[/pattern] ... | -\n"
    "       lm-sync --whole [-a account] [-c file] [-o keyword=value] [-v] url ... | -\n";

static const struct tool_cli cli = {TOOL_OPTIONS "hnq", long_options, usage, NULL};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* One account, and which of its mailboxes are to be looked at. */
struct target {
	const struct account *account;
	struct sync *sync;
	char *pattern[PATTERNS_MAX];
	size_t n;
	bool all; /* every mailbox: no pattern counts */
	bool due;
};

struct job {
	struct tool tool;
	struct sync_options options;
	bool whole;
	struct target target[ACCOUNTS_MAX];
	size_t n;
	int64_t
	    since; /* when the first line came of those that wait for their run; 0: there is none */
};

static void set_option(struct job *j, int option)
{
	switch (option) {
	case 'n':
		j->options.dry_run = true;
		break;
	case 'q':
		j->options.quiet = true;
		break;
	case OPT_PULL:
		j->options.pull = true;
		break;
	case OPT_PUSH:
		j->options.push = true;
		break;
	case OPT_FORCE:
		j->options.force = true;
		break;
	default: /* --whole */
		j->whole = true;
		break;
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0)
		set_option(j, option);
	return option;
}

static struct target *target_of(struct job *j, const struct account *a, struct fault *f)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->target[i].account == a)
			return &j->target[i];
	if (j->n == ACCOUNTS_MAX) {
		fault_set(f, FAULT_USAGE, "more than %d accounts", ACCOUNTS_MAX);
		return NULL;
	}
	j->target[j->n] = (struct target){.account = a};
	return &j->target[j->n++];
}

/* More patterns than there is room for: then it is all of them. */
static int add_pattern(struct target *t, const char *pattern, struct fault *f)
{
	t->due = true;
	if (pattern == NULL || t->n == PATTERNS_MAX) {
		t->all = true;
		return 0;
	}
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->pattern[i], pattern) == 0)
			return 0;
	t->pattern[t->n] = strdup(pattern);
	if (t->pattern[t->n] == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	t->n++;
	return 0;
}

static void clear_patterns(struct target *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->pattern[i]);
	t->n = 0;
	t->all = t->due = false;
}

/* A URL, or a line of another program. */
static int add_url(struct job *j, const char *text, struct fault *f)
{
	const struct account *a;
	struct target *t;
	struct url u;
	int r = -1;

	if (locate(&j->tool, text, &a, &u, f) == -1)
		return -1;
	t = target_of(j, a, f);
	if (t != NULL)
		r = add_pattern(t, u.mailbox, f);
	url_free(&u);
	return r;
}

static int add_argument(struct job *j, const char *text, struct fault *f)
{
	const char *slash = strchr(text, '/');
	size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
	const struct account *a;
	struct target *t;
	char name[256];

	if (strncasecmp(text, "imap", 4) == 0 && strstr(text, "://") != NULL)
		return add_url(j, text, f);
	if (n >= sizeof(name))
		return fault_set(f, FAULT_USAGE, "%s: no account has such a name", text);
	memcpy(name, text, n);
	name[n] = '\0';
	a = locate_account(&j->tool, name, f);
	t = a == NULL ? NULL : target_of(j, a, f);
	if (t == NULL)
		return -1;
	return add_pattern(t, slash == NULL || slash[1] == '\0' ? NULL : slash + 1, f);
}

static void run_target(struct job *j, struct target *t)
{
	struct fault f;
	int r = -1;

	if (t->sync == NULL)
		t->sync = sync_open(&j->tool, t->account, &j->options, &f);
	if (t->sync != NULL)
		r = sync_run(t->sync, (const char *const *)t->pattern, t->all ? 0 : t->n, &f);
	if (r == -1)
		tool_failed(&j->tool, NULL, &f);
	clear_patterns(t);
}

static void run_due(struct job *j)
{
	for (size_t i = 0; i < j->n && !stopped; i++)
		if (j->target[i].due)
			run_target(j, &j->target[i]);
	j->since = 0;
}

/* ---- standard input: a line names what is to be looked at, and those that come together are one run */

static bool is_due(const struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->target[i].due)
			return true;
	return false;
}

static void take_url(struct job *j, const char *url)
{
	struct fault f;

	if (url != NULL && add_url(j, url, &f) == -1)
		tool_failed(&j->tool, NULL, &f);
}

/* A mailbox that was renamed has two: both are looked at in one run, so that it is not taken for gone. */
static void take_line(struct job *j, char *line)
{
	static const char renamed[] = "mailbox-renamed\t";
	bool has_two = strncmp(line, renamed, sizeof(renamed) - 1) == 0;
	const char *end = line + strlen(line);
	char *url = locate_field(line);

	take_url(j, url);
	if (has_two && url + strlen(url) < end)
		take_url(j, locate_field(url + strlen(url) + 1));
}

/* Lines that come without a pause do not keep the first one waiting for ever. */
static void run_overdue(struct job *j)
{
	if (!is_due(j))
		return;
	if (j->since == 0)
		j->since = clock_awake();
	else if (clock_awake() - j->since >= GATHER_MAX)
		run_due(j);
}

/* Waits for the first line, and a moment for those that come with it. 1: go on, 0: there is no more, or -1. */
static int gather(struct job *j, struct input *in, struct fault *f)
{
	char *line = NULL;
	struct fault why;
	const enum input_kind kind = input_next(in, is_due(j) ? GATHER : -1, &line, f);

	switch (kind) {
	case INPUT_LINE:
		take_line(j, line);
		run_overdue(j);
		return 1;
	case INPUT_LONG:
	case INPUT_NUL:
		input_bad(in, kind, &why);
		tool_failed(&j->tool, NULL, &why);
		run_overdue(j);
		return 1;
	case INPUT_PAUSE:
		run_due(j);
		return 1;
	default:
		run_due(j);
		return kind == INPUT_END ? 0 : -1;
	}
}

static int follow_input(struct job *j, struct fault *f)
{
	struct input in;
	int r;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	in.stop = &stopped;
	while ((r = gather(j, &in, f)) == 1)
		;
	input_free(&in);
	return r;
}

/* ---- --whole */

static void fetch_whole(struct job *j, const char *text)
{
	const struct account *a;
	struct target *t;
	struct url u;
	struct fault f;
	int r = -1;

	if (locate(&j->tool, text, &a, &u, &f) == -1) {
		tool_failed(&j->tool, NULL, &f);
		return;
	}
	t = target_of(j, a, &f);
	if (t != NULL && t->sync == NULL)
		t->sync = sync_open(&j->tool, a, &j->options, &f);
	if (t != NULL && t->sync != NULL)
		r = sync_whole(t->sync, &u, &f);
	if (r == 0)
		r = tool_flush(stdout, &f);
	if (r == -1)
		tool_failed(&j->tool, text, &f);
	url_free(&u);
}

static int fetch_lines(struct job *j, struct fault *f)
{
	struct input in;
	char *text;
	int r = 0;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	in.stop = &stopped;
	while (!stopped && (r = locate_next(&in, &text, f)) == 1)
		fetch_whole(j, text);
	input_free(&in);
	return r == -1 ? -1 : 0;
}

static int fetch_each_whole(struct job *j, char **argument, int n, struct fault *f)
{
	if (n == 0)
		return fault_set(f, FAULT_USAGE, "--whole: which messages?");
	for (int i = 0; i < n && !stopped; i++) {
		if (strcmp(argument[i], "-") != 0)
			fetch_whole(j, argument[i]);
		else if (fetch_lines(j, f) == -1)
			return -1;
	}
	return 0;
}

static int run(struct job *j, char **argument, int n, struct fault *f)
{
	if (j->options.pull && j->options.push)
		return fault_set(f, FAULT_USAGE, "--pull and --push: without both it is two ways");
	if (tool_config(&j->tool, f) == -1)
		return -1;
	if (j->whole)
		return fetch_each_whole(j, argument, n, f);
	if (n == 1 && strcmp(argument[0], "-") == 0)
		return follow_input(j, f);
	if (n == 0) {
		const struct account *a = locate_account(&j->tool, NULL, f);
		struct target *t = a == NULL ? NULL : target_of(j, a, f);

		if (t == NULL || add_pattern(t, NULL, f) == -1)
			return -1;
	}
	/* A line of input may name what is gone meanwhile; an argument that names nothing is a mistake. */
	j->options.strict = true;
	for (int i = 0; i < n; i++)
		if (add_argument(j, argument[i], f) == -1)
			return -1;
	run_due(j);
	return 0;
}

static void handle_signals(void)
{
	/* Where the server has fallen silent, the second one ends it: the state stands whenever that is. */
	struct sigaction sa = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGXFSZ, SIG_IGN); /* a write that is too long fails instead */
}

int main(int argc, char **argv)
{
	struct job *j = calloc(1, sizeof(*j));
	struct fault f = {0};
	int code = FAULT_TEMP;

	if (j == NULL)
		return code;
	tool_init(&j->tool, "lm-sync", stderr);
	j->options.out = stdout;
	j->options.stop = &stopped;
	handle_signals();
	if (parse_options(j, argc, argv, &f) == -1 ||
	    (!j->tool.finished && run(j, argv + optind, argc - optind, &f) == -1))
		code = tool_fail(&j->tool, &f);
	else
		code = (int)j->tool.result;
	for (size_t i = 0; i < j->n; i++) {
		clear_patterns(&j->target[i]);
		sync_close(j->target[i].sync);
	}
	tool_free(&j->tool);
	free(j);
	return code;
}
