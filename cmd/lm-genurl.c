/* lm-genurl: URLs that someone else may use, for a while (URLAUTH). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "app/authorise.h"
#include "app/locate.h"
#include "app/source.h"
#include "app/urlfetch.h"
#include "base/num.h"
#include "msg/assembly.h"

enum { BATCH = 64, DEFAULT_LIFETIME = 3600 };

enum { OPT_ASSEMBLY = TOOL_OWN, OPT_FETCH, OPT_RESET, OPT_DECODE, OPT_STRUCTURE };

static const struct option long_options[] = {
    {"assembly", no_argument, NULL, OPT_ASSEMBLY},
    {"decode", no_argument, NULL, OPT_DECODE},
    {"fetch", no_argument, NULL, OPT_FETCH},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"reset", no_argument, NULL, OPT_RESET},
    {"structure", no_argument, NULL, OPT_STRUCTURE},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-genurl [-x when] [-u access] [--json] [common options] [url...]\n"
    "       lm-genurl [-x when] [-u access] --assembly [common options] < assembly\n"
    "       lm-genurl --fetch [--decode | --structure] [common options] [url...]\n"
    "       lm-genurl --reset [common options] account[/mailbox]\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

static const struct tool_cli cli = {TOOL_OPTIONS "x:u:h", long_options, usage, NULL};

enum mode { MODE_URLS, MODE_ASSEMBLY, MODE_FETCH, MODE_RESET };

struct job {
	struct tool tool;
	enum mode mode;
	enum urlfetch_form form;
	const char *access; /* -u, or NULL: submit+user */
	time_t expire;
	const struct account *account; /* of the line */
	struct imap_line *line;
	const struct account *owner; /* of the batch */
	struct url url[BATCH];
	char *text[BATCH]; /* of those that are authorised */
	size_t nurl;
};

/* -x: a duration from now or an RFC 3339 time; "never" for none. */
static int parse_when(const char *text, time_t *expire, struct fault *f)
{
	time_t now = time(NULL), t;

	if (strcmp(text, "never") == 0) {
		*expire = 0;
		return 0;
	}
	if (num_rfc3339(text, &t) == 0)
		*expire = t;
	else if (num_duration(text, &t) == 0)
		*expire = now + t;
	else
		return fault_set(
		    f, FAULT_USAGE, "-x takes 90m, 7d, 2026-11-24T10:00:00Z or never: %s", text);
	if (*expire <= now)
		return fault_set(f, FAULT_USAGE, "-x %s is in the past", text);
	return 0;
}

/* RFC 4467 section 3, RFC 5593 section 3. */
static int check_access(const char *text, struct fault *f)
{
	static const char *const plain[] = {"authuser", "anonymous", "stream"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(text, plain[i]) == 0)
			return 0;
	if ((strncmp(text, "submit+", 7) == 0 && text[7] != '\0') ||
	    (strncmp(text, "user+", 5) == 0 && text[5] != '\0'))
		return 0;
	return fault_set(f, FAULT_USAGE,
	    "-u takes submit+USER, user+USER, authuser, anonymous or stream: %s", text);
}

static int set_mode(struct job *j, enum mode mode, struct fault *f)
{
	if (j->mode != MODE_URLS && j->mode != mode)
		return fault_set(
		    f, FAULT_USAGE, "--assembly, --fetch and --reset exclude each other");
	j->mode = mode;
	return 0;
}

static int set_form(struct job *j, enum urlfetch_form form, struct fault *f)
{
	if (j->form != URLFETCH_OCTETS && j->form != form)
		return fault_set(f, FAULT_USAGE, "--decode and --structure exclude each other");
	j->form = form;
	return 0;
}

static int set_option(struct job *j, int option, char *arg, struct fault *f)
{
	switch (option) {
	case 'x':
		return parse_when(arg, &j->expire, f);
	case 'u':
		j->access = arg;
		return check_access(arg, f);
	case OPT_ASSEMBLY:
		return set_mode(j, MODE_ASSEMBLY, f);
	case OPT_FETCH:
		return set_mode(j, MODE_FETCH, f);
	case OPT_RESET:
		return set_mode(j, MODE_RESET, f);
	case OPT_DECODE:
		return set_form(j, URLFETCH_BINARY, f);
	default: /* --structure */
		return set_form(j, URLFETCH_STRUCTURE, f);
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
	if (j->tool.json && j->mode == MODE_FETCH && j->form != URLFETCH_STRUCTURE)
		return fault_set(
		    f, FAULT_USAGE, "--fetch writes octets: --json goes with --structure only");
	if (j->form != URLFETCH_OCTETS && j->mode != MODE_FETCH)
		return fault_set(f, FAULT_USAGE, "--decode and --structure go with --fetch");
	return 0;
}

static int ensure_line(struct job *j, const struct account *a, struct fault *f)
{
	if (j->line != NULL && j->account == a)
		return 0;
	imap_line_close(j->line);
	j->account = a;
	j->line = imap_line_open(&j->tool, a, false, f);
	return j->line == NULL ? -1 : 0;
}

/* Looks at all URLs of the batch, as what is not there is not signed, and has them authorised. */
static int authorise_batch(struct job *j, struct fault *f)
{
	const char *user = line_user(j->owner, &j->owner->submit);
	struct source look[BATCH] = {0};
	char access[512];

	snprintf(access, sizeof(access), "submit+%s", user != NULL ? user : "");
	if (j->access == NULL && user == NULL)
		return fault_set(
		    f, FAULT_CONFIG, "account %s has no user name: give -u", j->owner->name);
	if (ensure_line(j, j->owner, f) == -1 ||
	    source_look_all(j->line, j->url, look, j->nurl, f) == -1)
		return -1;
	return authorise(&j->tool, j->line, j->url, j->text, j->nurl,
	    j->access != NULL ? j->access : access, j->expire, f);
}

static void drop_batch(struct job *j)
{
	for (size_t i = 0; i < j->nurl; i++) {
		url_free(&j->url[i]);
		free(j->text[i]);
		j->text[i] = NULL;
	}
	j->nurl = 0;
}

static int flush_urls(struct job *j, struct fault *f)
{
	int r = 0;

	if (j->nurl == 0)
		return 0;
	r = authorise_batch(j, f);
	for (size_t i = 0; i < j->nurl && r == 0; i++) {
		struct record_field field = {"url", j->text[i], false};

		r = tool_record(&j->tool, stdout, &field, 1, f);
	}
	drop_batch(j);
	return r == -1 ? -1 : tool_flush(stdout, f);
}

/* A URL of this account has no room in the batch. */
static bool is_full(const struct job *j, const struct account *a)
{
	return j->nurl == BATCH || (j->nurl > 0 && a != j->owner);
}

static void put_url(struct job *j, const struct account *a, const struct url *u)
{
	j->owner = a;
	j->url[j->nurl++] = *u;
}

static int take_url(struct job *j, const char *text, struct fault *f)
{
	const struct account *a;
	struct url u;

	if (locate(&j->tool, text, &a, &u, f) == -1)
		return -1;
	if (is_full(j, a) && flush_urls(j, f) == -1) {
		url_free(&u);
		return -1;
	}
	put_url(j, a, &u);
	return 0;
}

static int fetch_url(struct job *j, const char *text, struct fault *f)
{
	const struct account *a;
	struct url u = {0};
	int r = -1;

	if (url_parse(&u, text, strlen(text), f) == -1)
		return -1;
	if (u.token == NULL) {
		url_free(&u);
		return fault_set(f, FAULT_DATA, "not an authorised URL: %s", text);
	}
	url_free(&u);
	if (j->tool.account != NULL) {
		/* Someone else's URL may be fetched with one's own account: the server decides. */
		a = locate_account(&j->tool, NULL, f);
		if (a == NULL)
			return -1;
	} else if (locate(&j->tool, text, &a, &u, f) == -1) {
		return fault_while(f, "give -a to say which account fetches it");
	}
	if (ensure_line(j, a, f) == 0)
		r = urlfetch(&j->tool, j->line, text, j->form, stdout, f);
	url_free(&u);
	return r;
}

static int take(struct job *j, const char *text, struct fault *f)
{
	return j->mode == MODE_FETCH ? fetch_url(j, text, f) : take_url(j, text, f);
}

static int take_lines(struct job *j, struct fault *f)
{
	struct input in;
	char *text;
	int r = 0, taken = 0;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	while (taken == 0 && (r = locate_next(&in, &text, f)) == 1)
		taken = take(j, text, f);
	input_free(&in);
	return taken == 0 ? r : -1;
}

static int take_all(struct job *j, int argc, char **argv, struct fault *f)
{
	int r = 0;

	if (argc == 0 || (argc == 1 && strcmp(argv[0], "-") == 0))
		r = take_lines(j, f);
	else
		for (int i = 0; i < argc && r == 0; i++)
			r = take(j, argv[i], f);
	if (r == 0)
		r = flush_urls(j, f);
	return r == -1 ? -1 : tool_flush(stdout, f);
}

/* Puts the batch's URLs, authorised, where they came from: the pieces `first` and on. */
static int store_batch(struct job *j, struct piece **where, struct fault *f)
{
	int r = authorise_batch(j, f);

	for (size_t i = 0; i < j->nurl && r == 0; i++) {
		if (where[i] == NULL)
			continue;
		free(where[i]->name);
		where[i]->name = j->text[i];
		j->text[i] = NULL;
	}
	drop_batch(j);
	return r;
}

/* One URL of the assembly into the batch. */
static int take_piece(struct job *j, struct piece *p, struct piece **where, struct fault *f)
{
	const struct account *a;
	struct url u;

	if (locate(&j->tool, p->name, &a, &u, f) == -1)
		return -1;
	if (is_full(j, a) && store_batch(j, where, f) == -1) {
		url_free(&u);
		return -1;
	}
	where[j->nurl] = p;
	put_url(j, a, &u);
	return 0;
}

static int authorise_assembly(struct job *j, struct fault *f)
{
	struct piece *where[BATCH] = {NULL};
	struct assembly a;
	int r = 0;

	if (assembly_read(&a, STDIN_FILENO, f) == -1)
		return -1;
	for (size_t i = 0; i < a.n && r == 0; i++)
		if (a.piece[i].kind == PIECE_URL)
			r = take_piece(j, &a.piece[i], where, f);
	if (r == 0 && j->nurl > 0)
		r = store_batch(j, where, f);
	if (r == 0)
		r = assembly_write(&a, STDOUT_FILENO, f);
	assembly_free(&a);
	return r;
}

static int reset(struct job *j, int argc, char **argv, struct fault *f)
{
	const struct account *a;
	struct url u;
	int r = -1;

	if (argc != 1)
		return fault_set(f, FAULT_USAGE, "--reset takes one account or mailbox");
	if (locate(&j->tool, argv[0], &a, &u, f) == -1)
		return -1;
	if (u.uid != 0)
		fault_set(f, FAULT_USAGE,
		    "--reset takes an account or a mailbox, not a message: %s", argv[0]);
	else if (ensure_line(j, a, f) == 0)
		r = authorise_reset(j->line, u.mailbox, f);
	url_free(&u);
	return r;
}

static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	if (check_options(j, f) == -1)
		return -1;
	switch (j->mode) {
	case MODE_ASSEMBLY:
		if (argc > 0)
			return fault_set(
			    f, FAULT_USAGE, "--assembly reads standard input and takes no URLs");
		return authorise_assembly(j, f);
	case MODE_RESET:
		return reset(j, argc, argv, f);
	default:
		return take_all(j, argc, argv, f);
	}
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code = 0;

	tool_init(&j.tool, "lm-genurl", stderr);
	j.expire = time(NULL) + DEFAULT_LIFETIME;
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && work(&j, argc - optind, argv + optind, &f) == -1))
		code = tool_fail(&j.tool, &f);
	drop_batch(&j);
	imap_line_close(j.line);
	tool_free(&j.tool);
	return code;
}
