/* lm-search: messages by what they hold, what they are, and when they came. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/search.h"
#include "base/num.h"

enum {
	WINDOW = 1024,         /* mailboxes held at once */
	DEFAULT_INTERVAL = 60, /* seconds */
	WORD_IN_ORDER = 1,     /* what getopt() returns for an argument that is no option */
};

enum { OPT_FIELDS = TOOL_OWN, OPT_INTERVAL };

static const struct option long_options[] = {
    {"fields", required_argument, NULL, OPT_FIELDS},
    {"follow", no_argument, NULL, 'f'},
    {"help", no_argument, NULL, TOOL_HELP},
    {"interval", required_argument, NULL, OPT_INTERVAL},
    {"json", no_argument, NULL, TOOL_JSON},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-search [-r all|count|min|max] [-s sort] [-l first:last] [-o fields] [--json]\n"
    "                 [common options] mailbox... [--] [key...]\n"
    "       lm-search -f [--interval seconds] [-o fields] [--json] [common options]\n"
    "                 mailbox... [--] [key...]\n"
    "keys: from to cc bcc subject body text TEXT, header NAME TEXT, seen unseen flagged answered ...,\n"
    "      keyword NAME, younger older 7d, since before on 2026-01-01, larger smaller 5M, uid SET,\n"
    "      not KEY, KEY or KEY, ( KEYS )\n"
    "fields: date received from to subject size flags\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

static const struct tool_cli cli = {"-" TOOL_OPTIONS "r:s:l:fh", long_options, usage, "o"};

struct job {
	struct tool tool;
	struct search search;
	struct search_request request;
	struct search_key keys;
	struct search_target *target; /* WINDOW of them */
	size_t ntarget;
	bool follow;
	bool everything; /* no key narrows the result */
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

/* ---- options */

static int set_return(struct search_request *q, const char *text, struct fault *f)
{
	static const char *const words[] = {[SEARCH_ALL] = "all",
	    [SEARCH_COUNT] = "count",
	    [SEARCH_MIN] = "min",
	    [SEARCH_MAX] = "max"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], text) == 0) {
			q->give = (enum search_return)i;
			return 0;
		}
	return fault_set(f, FAULT_USAGE, "-r takes all, count, min or max: %s", text);
}

static int set_interval(struct search_request *q, const char *text, struct fault *f)
{
	uint32_t seconds;

	if (num_nz32(text, strlen(text), &seconds) == -1 || seconds > 24 * 3600)
		return fault_set(f, FAULT_USAGE, "--interval takes 1 to 86400 seconds: %s", text);
	q->interval = (int)seconds;
	return 0;
}

/* -o is the keyword of a configuration, as in every program, where its value has a "=", and else fields. */
static int set_option(struct job *j, int option, const char *arg, struct fault *f)
{
	switch (option) {
	case 'r':
		return set_return(&j->request, arg, f);
	case 's':
		return search_sort_parse(arg, &j->request.sort, f);
	case 'l':
		return search_slice_parse(arg, &j->request, f);
	case 'f':
		j->follow = true;
		return 0;
	case OPT_FIELDS:
		return search_fields_parse(arg, &j->request, f);
	case 'o':
		return strchr(arg, '=') == NULL ? search_fields_parse(arg, &j->request, f)
						: tool_option(&j->tool, option, arg, f);
	default: /* --interval */
		return set_interval(&j->request, arg, f);
	}
}

static int check_options(const struct job *j, struct fault *f)
{
	const struct search_request *q = &j->request;

	if (j->follow && (q->give != SEARCH_ALL || q->sort.n > 0 || q->first != 0))
		return fault_set(f, FAULT_USAGE, "-f goes with none of -r, -s and -l");
	if (q->first != 0 && q->give != SEARCH_ALL)
		return fault_set(f, FAULT_USAGE, "-l goes with -r all only");
	if (q->nfield > 0 && q->give == SEARCH_COUNT)
		return fault_set(f, FAULT_USAGE, "-r count has no fields");
	if (q->sort.n > 0 && q->give == SEARCH_COUNT)
		return fault_set(f, FAULT_USAGE, "-r count has no order");
	return 0;
}

/* ---- arguments: mailboxes have a "/" (or are "-"), and the first word without one begins the keys */

static bool is_mailbox(const char *word)
{
	return strcmp(word, "-") == 0 || strchr(word, '/') != NULL;
}

struct words {
	char **mailbox;
	size_t nmailbox;
	char **key;
	size_t nkey;
};

/* What stands behind "--", or behind the first word of the keys. */
static void take_rest(struct words *w, char **argv, int argc)
{
	int at = 0;

	while (w->nmailbox == 0 && at < argc && is_mailbox(argv[at]))
		at++;
	if (w->nmailbox == 0)
		w->nmailbox = (size_t)at;
	for (int i = 0; i < at; i++)
		w->mailbox[i] = argv[i];
	w->key = argv + at;
	w->nkey = (size_t)(argc - at);
}

static int parse_options(struct job *j, struct words *w, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0) {
		if (option == WORD_IN_ORDER && !is_mailbox(optarg)) {
			optind--;
			break;
		}
		if (option == WORD_IN_ORDER)
			w->mailbox[w->nmailbox++] = optarg;
		else if (set_option(j, option, optarg, f) == -1)
			return -1;
	}
	if (option == -1 || j->tool.finished)
		return option;
	take_rest(w, argv + optind, argc - optind);
	if (w->nmailbox == 0 && w->nkey > 0)
		return fault_set(f, FAULT_USAGE,
		    "no mailbox before the keys: one is written as in work/INBOX, not %s",
		    w->key[0]);
	if (w->nmailbox == 0)
		return fault_set(f, FAULT_USAGE, "no mailbox: see lm-search --help");
	return check_options(j, f);
}

/* ---- searching */

/* Moves all that are in the first one's account to the front, without changing the order otherwise. How many those are. */
static size_t gather(struct search_target *t, size_t n)
{
	size_t same = 1;

	for (size_t i = 1; i < n; i++) {
		struct search_target moved = t[i];

		if (moved.account != t[0].account)
			continue;
		memmove(t + same + 1, t + same, (i - same) * sizeof(*t));
		t[same++] = moved;
	}
	return same;
}

/* Fields of whole mailboxes are much, and worth the round trips for COMPRESS; an answer that keys or -l make short is had in one
 * flight with the login. */
static bool is_bulk(const struct job *j)
{
	return j->request.nfield > 0 && j->request.give == SEARCH_ALL && j->request.first == 0 &&
	    j->everything;
}

static struct imap_line *open_line(
    struct job *j, const struct account *a, bool early, struct fault *f)
{
	bool bulk = is_bulk(j);
	struct imap_line *l =
	    early && !bulk ? imap_line_early(&j->tool, a, f) : imap_line_open(&j->tool, a, bulk, f);

	if (l == NULL)
		fault_while(f, "account %s", a->name);
	return l;
}

/* The login that was not waited for did not work out, or what was remembered made us refuse: nothing was done yet. */
static bool was_too_early(const struct imap_line *l, const struct fault *f)
{
	return l->early && (imap_early_failed(l->imap) || f->cls == FAULT_REFUSED);
}

static int search_account(struct job *j, struct search_target *t, size_t n, struct fault *f)
{
	bool again = true;
	int r = -1;

	for (bool early = true; again; early = false) {
		struct imap_line *l = open_line(j, t->account, early, f);

		if (l == NULL)
			return -1;
		r = search_run(&j->search, l, t, n, f);
		again = r == -1 && was_too_early(l, f);
		imap_line_close(l);
	}
	return r;
}

/* An account that cannot be reached does not keep the others from being searched. */
static int search_all(struct job *j, struct fault *f)
{
	for (size_t at = 0, n; at < j->ntarget; at += n) {
		n = gather(j->target + at, j->ntarget - at);
		if (search_account(j, j->target + at, n, f) == 0)
			continue;
		if (f->cls == FAULT_IO)
			return -1;
		tool_failed(&j->tool, NULL, f);
	}
	return 0;
}

/* Each mailbox has a connection of its own, as a connection hears of the one that it has open. */
static int follow_all(struct job *j, struct fault *f)
{
	struct imap_line *line[SEARCH_FOLLOW_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < j->ntarget && stopped == 0; i++) {
		struct search_target t = j->target[i];

		line[n] = imap_line_open(&j->tool, t.account, false, f);
		if (line[n] == NULL) {
			search_failed(&j->search, &t, f);
			continue;
		}
		j->target[i] = j->target[n];
		j->target[n++] = t;
	}
	r = search_follow(&j->search, line, j->target, n, f);
	while (n > 0)
		imap_line_close(line[--n]);
	return r;
}

static void listen_for_signals(void)
{
	struct sigaction sa = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static int flush(struct job *j, struct fault *f)
{
	if (tool_flush(stdout, f) == 0)
		return 0;
	j->search.closed = j->search.closed || errno == EPIPE;
	return -1;
}

/* ---- mailboxes */

static int check_target(const struct url *u, struct fault *f)
{
	if (u->mailbox == NULL)
		return fault_set(f, FAULT_DATA, "names an account, not a mailbox");
	if (u->uid != 0 || u->token != NULL)
		return fault_set(f, FAULT_DATA, "names a message, not a mailbox");
	if (u->search != NULL)
		return fault_set(f, FAULT_DATA, "has a search of its own: say it as keys");
	return 0;
}

/* What was taken is searched, and forgotten. */
static int search_window(struct job *j, struct fault *f)
{
	int r = search_all(j, f);

	while (j->ntarget > 0)
		url_free(&j->target[--j->ntarget].url);
	return r;
}

/* One that is wrong is named, and the others are searched all the same. -1: no more can be taken. */
static int take_mailbox(struct job *j, const char *text, struct fault *f)
{
	struct search_target *t = &j->target[j->ntarget];
	struct fault why;

	*t = (struct search_target){0};
	if (locate(&j->tool, text, &t->account, &t->url, &why) == -1 ||
	    check_target(&t->url, &why) == -1) {
		url_free(&t->url);
		tool_failed(&j->tool, text, &why);
		return 0;
	}
	j->ntarget++;
	if (!j->follow)
		return j->ntarget == WINDOW ? search_window(j, f) : 0;
	return j->ntarget <= SEARCH_FOLLOW_MAX
	    ? 0
	    : fault_set(f, FAULT_USAGE, "-f follows %d mailboxes at most", SEARCH_FOLLOW_MAX);
}

/* A writer that pauses waits for the results. */
static int work_off(struct job *j, struct fault *f)
{
	return search_window(j, f) == -1 ? -1 : flush(j, f);
}

/* What is followed is one list, and its end is waited for. */
static int take_lines(struct job *j, struct fault *f)
{
	enum input_kind kind;
	struct input in;
	char *text;
	int r = 0;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	while (r == 0 &&
	    (kind = locate_listed(&j->tool, &in, j->ntarget > 0 && !j->follow, &text, f)) !=
		INPUT_END) {
		if (kind == INPUT_FAULT)
			r = -1;
		else
			r = kind == INPUT_PAUSE ? work_off(j, f) : take_mailbox(j, text, f);
	}
	input_free(&in);
	return r;
}

static int take_mailboxes(struct job *j, const struct words *w, struct fault *f)
{
	int r = 0;

	if (tool_config(&j->tool, f) == -1)
		return -1;
	j->target = calloc(WINDOW, sizeof(j->target[0]));
	if (j->target == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (size_t i = 0; i < w->nmailbox && r == 0; i++)
		r = strcmp(w->mailbox[i], "-") == 0 ? take_lines(j, f)
						    : take_mailbox(j, w->mailbox[i], f);
	return r;
}

static int work(struct job *j, const struct words *w, struct fault *f)
{
	j->request.now = time(NULL);
	j->request.keys = &j->keys;
	j->everything = w->nkey == 0 || (w->nkey == 1 && strcasecmp(w->key[0], "all") == 0);
	if (search_key_parse(&j->keys, (const char *const *)w->key, w->nkey, j->request.now, f) ==
		-1 ||
	    take_mailboxes(j, w, f) == -1)
		return -1;
	if (j->follow)
		listen_for_signals();
	return (j->follow ? follow_all(j, f) : search_window(j, f)) == -1 ? -1 : flush(j, f);
}

static void release(struct job *j)
{
	for (size_t i = 0; i < j->ntarget; i++)
		url_free(&j->target[i].url);
	free(j->target);
	search_key_free(&j->keys);
	tool_free(&j->tool);
}

/* Who closes the pipe has had enough: that is no failure of ours. */
static int outcome(struct job *j, const struct fault *f)
{
	if (!j->search.closed || f->cls != FAULT_IO)
		tool_failed(&j->tool, NULL, f);
	return (int)j->tool.result;
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {.request.interval = DEFAULT_INTERVAL};
	struct words w = {.mailbox = calloc((size_t)argc + 1, sizeof(char *))};
	bool good = false;
	int code;

	tool_init(&j.tool, "lm-search", stderr);
	j.search = (struct search){
	    .tool = &j.tool, .request = &j.request, .out = stdout, .stop = &stopped};
	if (w.mailbox == NULL)
		fault_set(&f, FAULT_TEMP, "out of memory");
	else if (parse_options(&j, &w, argc, argv, &f) == 0)
		good = j.tool.finished || work(&j, &w, &f) == 0;
	code = good ? (int)j.tool.result : outcome(&j, &f);
	free(w.mailbox);
	release(&j);
	return code;
}
