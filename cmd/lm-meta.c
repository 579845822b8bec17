/* lm-meta: what is noted with a mailbox or a server (METADATA). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/input.h"
#include "app/lines.h"
#include "app/locate.h"
#include "app/meta.h"
#include "app/meta_print.h"
#include "base/num.h"

enum {
	LARGE = 16 *
	    1024, /* octets of a value: such are set one by one, as each command has its copy */
};

enum { OPT_DELETE = TOOL_OWN, OPT_RAW };

static const struct option long_options[] = {
    {"delete", no_argument, NULL, OPT_DELETE},
    {"depth", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"max-size", required_argument, NULL, 'm'},
    {"raw", no_argument, NULL, OPT_RAW},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-meta [-d depth] [-m size] [--json] [common options] account[/mailbox]|- [entry]\n"
    "       lm-meta [-m size] --raw [common options] account[/mailbox] entry\n"
    "       lm-meta [common options] account[/mailbox]|- entry value|-\n"
    "       lm-meta --delete [common options] account[/mailbox]|- entry\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

static const struct tool_cli cli = {TOOL_OPTIONS "d:m:h", long_options, usage, NULL};

/* A mailbox, or the server itself. */
struct target {
	char *name; /* as given, for messages */
	const struct account *account;
	struct url url;
	size_t found; /* entries that were shown */
};

struct job {
	struct tool tool;
	struct lines lines;
	bool delete, raw;
	bool has_depth, has_maxsize;
	enum meta_depth depth;
	uint32_t maxsize;
	const char *entry; /* NULL: all of them */
	bool has_value;
	struct buf value;
	/* Those of the flight. */
	struct target target[META_QUERIES_MAX];
	struct meta_query query[META_QUERIES_MAX];
	size_t n;
	bool singly; /* each in a flight of its own */
};

/* ---- the command line */

static int parse_depth(struct job *j, const char *text, struct fault *f)
{
	static const char *const name[] = {"0", "1", "infinity"};

	j->has_depth = true;
	for (int i = META_HERE; i <= META_BELOW; i++)
		if (strcmp(text, name[i]) == 0) {
			j->depth = (enum meta_depth)i;
			return 0;
		}
	return fault_set(f, FAULT_USAGE, "-d takes 0, 1 or infinity: %s", text);
}

static int parse_size(struct job *j, const char *text, struct fault *f)
{
	uint64_t size;

	if (num_size(text, &size) == -1 || size > META_SIZE_MAX)
		return fault_set(
		    f, FAULT_USAGE, "-m takes a size of at most %d: %s", META_SIZE_MAX, text);
	j->has_maxsize = true;
	j->maxsize = (uint32_t)size;
	return 0;
}

static int set_option(struct job *j, int option, char *arg, struct fault *f)
{
	switch (option) {
	case 'd':
		return parse_depth(j, arg, f);
	case 'm':
		return parse_size(j, arg, f);
	case OPT_DELETE:
		j->delete = true;
		return 0;
	default: /* --raw */
		j->raw = true;
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

static int check_options(const struct job *j, struct fault *f)
{
	bool change = j->has_value || j->delete;

	if (j->delete &&j->has_value)
		return fault_set(f, FAULT_USAGE, "--delete takes no value");
	if (j->delete &&j->entry == NULL)
		return fault_set(f, FAULT_USAGE, "--delete takes one entry");
	if (change && (j->has_depth || j->has_maxsize || j->raw || j->tool.json))
		return fault_set(f, FAULT_USAGE, "-d, -m, --raw and --json are for reading");
	if (j->raw && j->tool.json)
		return fault_set(f, FAULT_USAGE, "--raw and --json exclude each other");
	if (j->raw && (j->entry == NULL || j->depth != META_HERE))
		return fault_set(f, FAULT_USAGE, "--raw writes the value of one entry");
	return j->entry == NULL ? 0 : meta_check(j->entry, !change && !j->raw, f);
}

/* RFC 5464 section 3.2: the lines of a text end in CRLF. */
static int take_argument(struct job *j, const char *text, struct fault *f)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n' && (p == text || p[-1] != '\r'))
			buf_putc(&j->value, '\r');
		buf_putc(&j->value, *p);
	}
	return buf_failed(&j->value)
	    ? fault_set(f, FAULT_DATA, "a value over %d octets", META_VALUE_MAX)
	    : 0;
}

/* Standard input, octet for octet. */
static int take_input(struct job *j, struct fault *f)
{
	char octets[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, octets, sizeof(octets))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_errno(f, FAULT_IO, "standard input");
		buf_put(&j->value, octets, (size_t)n);
		if (buf_failed(&j->value))
			return fault_set(f, FAULT_DATA, "standard input: a value over %d octets",
			    META_VALUE_MAX);
	}
	return 0;
}

static int take_operands(struct job *j, int argc, char **argv, struct fault *f)
{
	if (argc < 1 || argc > 3)
		return fault_set(f, FAULT_USAGE,
		    "takes an account or mailbox, an entry and a value: see lm-meta --help");
	j->entry = argc > 1 ? argv[1] : NULL;
	j->has_value = argc > 2;
	if (j->entry == NULL && !j->has_depth)
		j->depth = META_BELOW;
	if (check_options(j, f) == -1)
		return -1;
	if (strcmp(argv[0], "-") == 0 && (j->raw || (argc > 2 && strcmp(argv[2], "-") == 0)))
		return fault_set(f, FAULT_USAGE,
		    "mailboxes from standard input go neither with --raw nor with a value from there");
	if (!j->has_value)
		return 0;
	return strcmp(argv[2], "-") == 0 ? take_input(j, f) : take_argument(j, argv[2], f);
}

/* ---- what came of it */

/* The URL has the UIDVALIDITY that the mailbox has now. */
static int show(
    struct job *j, const struct meta_query *q, const struct meta_value *v, struct fault *f)
{
	struct target *t = &j->target[q - j->query];
	struct buf url;
	int r;

	/* Of one entry there is one value. */
	if (v->value == NULL || (j->raw && t->found > 0))
		return 0;
	t->found++;
	t->url.uidvalidity = q->uidvalidity;
	buf_init(&url, URL_MAX);
	url_build(&url, &t->url);
	r = meta_print(stdout,
	    j->raw             ? META_RAW
		: j->tool.json ? META_JSON
			       : META_RECORD,
	    buf_str(&url), v, f);
	buf_free(&url);
	return r;
}

/* Whether it went well, when all that came has been shown. */
static void judge_values(struct job *j, size_t i)
{
	struct meta_query *q = &j->query[i];
	bool one = j->entry != NULL && j->depth == META_HERE;

	if (q->why.cls != FAULT_NONE)
		return;
	if (q->longest > 0)
		fault_set(&q->why, FAULT_DATA,
		    "values over %u octets are left out; the largest has %llu%s", j->maxsize,
		    (unsigned long long)q->longest,
		    q->longest <= META_SIZE_MAX ? ": see -m"
						: ", which is more than lm-meta takes");
	else if (one && j->target[i].found == 0)
		fault_set(&q->why, FAULT_DATA, "no such entry: %s", j->entry);
}

/* Many values may be more than a response may be, though each is not. */
static void add_hint(const struct job *j, struct fault *f)
{
	struct fault was = *f;

	if (f->cls == FAULT_PROTOCOL && (j->entry == NULL || j->depth != META_HERE))
		fault_set(f, was.cls, "%s (-m, or one entry, asks for less)", was.msg);
}

/* ---- the work */

/* The n targets from `at` on. */
static int run_get(struct job *j, struct imap_line *l, const struct meta_what *what, size_t at,
    size_t n, struct fault *f)
{
	struct meta_get g;
	struct meta_query *q;
	struct meta_value v;
	struct fault lost;

	meta_get(&g, l, what, j->query + at, n);
	while (meta_get_next(&g, &q, &v, &lost) == 1)
		if (show(j, q, &v, f) == -1)
			return -1;
	return 0;
}

/* Servers have been seen that show nothing of their own below the roots, but do below what the RFC puts there. */
static int look_further(struct job *j, struct imap_line *l, size_t i, struct fault *f)
{
	static const char *const below[] = {"/private/comment", "/private/vendor",
	    "/shared/comment", "/shared/admin", "/shared/vendor"};
	const struct meta_what what = {
	    below, sizeof(below) / sizeof(below[0]), j->depth, j->maxsize};
	const struct meta_query *q = &j->query[i];

	if (q->mailbox != NULL || !q->over || q->why.cls != FAULT_NONE || q->longest > 0 ||
	    j->target[i].found > 0 || j->entry != NULL || j->depth == META_HERE)
		return 0;
	tool_note(&j->tool, "%s: nothing below /private and /shared: asking further down",
	    j->target[i].name);
	return run_get(j, l, &what, i, 1, f);
}

static int get(struct job *j, struct imap_line *l, size_t n, struct fault *f)
{
	static const char *const all[] = {"/private", "/shared"};
	const struct meta_what what = {j->entry != NULL ? &j->entry : all,
	    j->entry != NULL ? 1 : sizeof(all) / sizeof(all[0]), j->depth, j->maxsize};

	if (run_get(j, l, &what, 0, n, f) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (look_further(j, l, i, f) == -1)
			return -1;
		judge_values(j, i);
		add_hint(j, &j->query[i].why);
	}
	return 0;
}

static void change(struct job *j, struct imap_line *l, size_t n)
{
	const char *value = j->has_value ? buf_str(&j->value) : NULL;
	struct fault lost;

	meta_set(l, j->query, n, j->entry, value, j->value.len, &lost);
}

static void drop_target(struct target *t)
{
	free(t->name);
	url_free(&t->url);
}

/*
 * Says what failed of the first n, and drops them. But those that had no answer when the line was lost may go well on another, and nobody knows which of them it was that the
 * server, or we, could not bear: they stay, to be done one by one.
 */
static void settle(struct job *j, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (!j->query[i].over && n > 1 && j->target[i].found == 0) {
			j->target[kept++] = j->target[i];
			continue;
		}
		if (j->query[i].why.cls != FAULT_NONE)
			tool_failed(&j->tool, j->target[i].name, &j->query[i].why);
		drop_target(&j->target[i]);
	}
	j->singly = j->singly || kept > 0;
	for (size_t i = n; i < j->n; i++)
		j->target[kept++] = j->target[i];
	j->n = kept;
}

/* One flight for the first targets, all or one. -1: output failed. */
static int run_flight(struct job *j, struct fault *f)
{
	size_t n = j->singly || j->value.len > LARGE ? 1 : j->n;
	struct fault why;
	struct imap_line *l = lines_get(&j->lines, j->target[0].account, false, &why);

	for (size_t i = 0; i < n; i++) {
		j->query[i] = (struct meta_query){.mailbox = j->target[i].url.mailbox,
		    .uidvalidity = j->target[i].url.uidvalidity,
		    .over = true};
		if (l == NULL)
			j->query[i].why = why;
		else
			meta_offered(l, j->query[i].mailbox, &j->query[i].why);
	}
	if (l != NULL && (j->has_value || j->delete))
		change(j, l, n);
	else if (l != NULL && get(j, l, n, f) == -1)
		return -1;
	settle(j, n);
	return tool_flush(stdout, f);
}

static int flush_targets(struct job *j, struct fault *f)
{
	int r = 0;

	while (j->n > 0 && r == 0)
		r = run_flight(j, f);
	j->singly = false;
	return r;
}

static int locate_target(struct job *j, const char *text, struct target *t, struct fault *f)
{
	*t = (struct target){0};
	if (locate(&j->tool, text, &t->account, &t->url, f) == -1)
		return fault_while(f, "%s", text);
	if (t->url.uid != 0 || t->url.search != NULL || t->url.token != NULL)
		fault_set(f, FAULT_DATA,
		    "entries belong to a mailbox or a server, not to messages: %s", text);
	else if ((t->name = strdup(text)) == NULL)
		fault_set(f, FAULT_TEMP, "out of memory");
	else
		return 0;
	url_free(&t->url);
	return -1;
}

/* A target that is none is told; -1: output failed. */
static int take_target(struct job *j, const char *text, struct fault *f)
{
	struct target t;
	struct fault why = {0};

	if (locate_target(j, text, &t, &why) == -1) {
		tool_failed(&j->tool, NULL, &why);
		return 0;
	}
	if ((j->n == META_QUERIES_MAX || (j->n > 0 && j->target[0].account != t.account)) &&
	    flush_targets(j, f) == -1) {
		drop_target(&t);
		return -1;
	}
	j->target[j->n++] = t;
	return 0;
}

/* A writer that pauses waits for the answers. */
static int take_lines(struct job *j, struct fault *f)
{
	enum input_kind kind;
	struct input in;
	char *text;
	int r = 0;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	while (r == 0 && (kind = locate_listed(&j->tool, &in, j->n > 0, &text, f)) != INPUT_END) {
		if (kind == INPUT_FAULT)
			r = -1;
		else
			r = kind == INPUT_PAUSE ? flush_targets(j, f) : take_target(j, text, f);
	}
	input_free(&in);
	return r;
}

static int run(struct job *j, int argc, char **argv, struct fault *f)
{
	int r;

	if (parse_options(j, argc, argv, f) == -1)
		return -1;
	if (j->tool.finished)
		return 0;
	argv += optind;
	if (take_operands(j, argc - optind, argv, f) == -1 || tool_config(&j->tool, f) == -1)
		return -1;
	r = strcmp(argv[0], "-") == 0 ? take_lines(j, f) : take_target(j, argv[0], f);
	/* What was read is done, even when no more can be. */
	struct fault ignored;
	if (flush_targets(j, r == -1 ? &ignored : f) == -1)
		return -1;
	return r;
}

int main(int argc, char **argv)
{
	struct job j = {.maxsize = META_SIZE_MAX};
	struct fault f = {0};
	int code;

	tool_init(&j.tool, "lm-meta", stderr);
	lines_init(&j.lines, &j.tool);
	buf_init(&j.value, META_VALUE_MAX);
	code = run(&j, argc, argv, &f) == -1 ? tool_fail(&j.tool, &f) : (int)j.tool.result;
	while (j.n > 0)
		drop_target(&j.target[--j.n]);
	lines_free(&j.lines);
	buf_free(&j.value);
	tool_free(&j.tool);
	return code;
}
