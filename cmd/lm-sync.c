/* lm-sync: a Maildir in step with the server. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/sync.h"

enum { ACCOUNTS_MAX = 16, PATTERNS_MAX = 64, INPUT_MAX = 65536, GATHER = 20 /* ms */ };
enum { OPT_PULL = 256, OPT_PUSH, OPT_FORCE, OPT_JSON, OPT_WHOLE, OPT_VERSION };

static const struct option long_options[] = {
    {"dry-run", no_argument, NULL, 'n'},
    {"force", no_argument, NULL, OPT_FORCE},
    {"help", no_argument, NULL, 'h'},
    {"json", no_argument, NULL, OPT_JSON},
    {"pull", no_argument, NULL, OPT_PULL},
    {"push", no_argument, NULL, OPT_PUSH},
    {"quiet", no_argument, NULL, 'q'},
    {"version", no_argument, NULL, OPT_VERSION},
    {"whole", no_argument, NULL, OPT_WHOLE},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-sync [-nq] [--pull | --push] [--force] [--json]\n"
    "               [-a account] [-c file] [-o keyword=value] [-v] account[/pattern] ... | -\n"
    "       lm-sync --whole [-a account] [-c file] [-o keyword=value] [-v] url ... | -\n";

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
	bool finished, whole;
	struct target target[ACCOUNTS_MAX];
	size_t n;
	enum fault_class worst;
};

static int parse_option(struct job *j, int option, struct fault *f)
{
	switch (option) {
	case 'n':
		j->options.dry_run = true;
		return 0;
	case 'q':
		j->options.quiet = true;
		return 0;
	case OPT_PULL:
		j->options.pull = true;
		return 0;
	case OPT_PUSH:
		j->options.push = true;
		return 0;
	case OPT_FORCE:
		j->options.force = true;
		return 0;
	case OPT_WHOLE:
		j->whole = true;
		return 0;
	case OPT_JSON:
		j->tool.json = true;
		return 0;
	default:
		return tool_option(&j->tool, option, optarg, f);
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option, r = 0;

	opterr = 0;
	while (r == 0 &&
	    (option = getopt_long(argc, argv, TOOL_OPTIONS "hnq", long_options, NULL)) != -1) {
		if (option == '?')
			return tool_bad_option(&j->tool, argv[optind - 1], optopt, f);
		if (option == 'h' || option == OPT_VERSION) {
			fputs(option == 'h' ? usage : "lm-sync " LM_VERSION "\n", stdout);
			j->finished = true;
			return 0;
		}
		r = parse_option(j, option, f);
	}
	if (r == 0 && j->options.pull && j->options.push)
		return fault_set(f, FAULT_USAGE, "--pull and --push: without both it is two ways");
	return r;
}

static void note(struct job *j, const struct fault *f)
{
	if (j->worst == FAULT_NONE || j->worst == FAULT_TEMP)
		j->worst = f->cls;
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
	if (r == -1) {
		if (f.msg[0] != '\0')
			tool_warn(&j->tool, "%s", f.msg);
		note(j, &f);
	}
	clear_patterns(t);
}

static void run_due(struct job *j)
{
	for (size_t i = 0; i < j->n && !stopped; i++)
		if (j->target[i].due)
			run_target(j, &j->target[i]);
}

/* ---- standard input: a line names what is to be looked at, and those that come together are one run */

struct input {
	char line[INPUT_MAX];
	size_t n;
	bool end;
};

static void take_line(struct job *j, char *line)
{
	struct fault f;
	char *url = locate_field(line);

	if (url == NULL || add_url(j, url, &f) == 0)
		return;
	tool_warn(&j->tool, "%s", f.msg);
	note(j, &f);
}

static void take_lines(struct job *j, struct input *in)
{
	char *start = in->line, *end;

	while ((end = memchr(start, '\n', in->n - (size_t)(start - in->line))) != NULL) {
		*end = '\0';
		take_line(j, start);
		start = end + 1;
	}
	in->n -= (size_t)(start - in->line);
	memmove(in->line, start, in->n);
	if (in->n == sizeof(in->line)) /* no URL is that long */
		in->n = 0;
}

/* Reads what is there, waiting for the first of it and a moment for the rest. */
static void gather(struct job *j, struct input *in)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int wait = -1;

	while (!in->end && !stopped && poll(&p, 1, wait) > 0) {
		ssize_t r = read(STDIN_FILENO, in->line + in->n, sizeof(in->line) - in->n);

		if (r == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		in->end = r <= 0;
		if (r > 0)
			in->n += (size_t)r;
		take_lines(j, in);
		wait = GATHER;
	}
	if (in->end && in->n > 0) {
		in->line[in->n < sizeof(in->line) ? in->n : in->n - 1] = '\0';
		take_line(j, in->line);
		in->n = 0;
	}
}

static int follow_input(struct job *j, struct fault *f)
{
	struct input *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	while (!in->end && !stopped) {
		gather(j, in);
		run_due(j);
	}
	free(in);
	return 0;
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
		tool_warn(&j->tool, "%s", f.msg);
		note(j, &f);
		return;
	}
	t = target_of(j, a, &f);
	if (t != NULL && t->sync == NULL)
		t->sync = sync_open(&j->tool, a, &j->options, &f);
	if (t != NULL && t->sync != NULL)
		r = sync_whole(t->sync, &u, &f);
	if (r == 0)
		r = tool_flush(stdout, &f);
	if (r == -1) {
		tool_warn(&j->tool, "%s: %s", text, f.msg);
		note(j, &f);
	}
	url_free(&u);
}

static int fetch_each_whole(struct job *j, char **argument, int n, struct fault *f)
{
	char *line = NULL, *url;
	size_t size = 0;

	if (n == 0)
		return fault_set(f, FAULT_USAGE, "--whole: which messages?");
	for (int i = 0; i < n && !stopped; i++) {
		if (strcmp(argument[i], "-") != 0) {
			fetch_whole(j, argument[i]);
			continue;
		}
		while (!stopped && getline(&line, &size, stdin) != -1)
			if ((url = locate_field(line)) != NULL)
				fetch_whole(j, url);
	}
	free(line);
	return 0;
}

static int run(struct job *j, char **argument, int n, struct fault *f)
{
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
	for (int i = 0; i < n; i++)
		if (add_argument(j, argument[i], f) == -1)
			return -1;
	run_due(j);
	return 0;
}

static void handle_signals(void)
{
	struct sigaction sa = {.sa_handler = stop};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
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
	    (!j->finished && run(j, argv + optind, argc - optind, &f) == -1))
		code = tool_fail(&j->tool, &f);
	else
		code = (int)j->worst;
	for (size_t i = 0; i < j->n; i++) {
		clear_patterns(&j->target[i]);
		sync_close(j->target[i].sync);
	}
	tool_free(&j->tool);
	free(j);
	return code;
}
