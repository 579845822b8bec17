/* lm-mbox: mailboxes made, removed, renamed, subscribed to. */
#include <bsd/readpassphrase.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/changes.h"
#include "app/lines.h"
#include "app/locate.h"
#include "app/mailboxes.h"
#include "base/enc.h"

enum { OPT_USE = TOOL_OWN };

enum { PROMPT_MAX = 2 * URL_MAX, ANSWER_MAX = 64 };

static const struct option long_options[] = {
    {"force", no_argument, NULL, 'f'},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"use", required_argument, NULL, OPT_USE},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-mbox create [--use use]... [--json] [common options] mailbox...\n"
    "       lm-mbox delete [-f] [--json] [common options] mailbox...\n"
    "       lm-mbox rename [--json] [common options] from to [from to]...\n"
    "       lm-mbox subscribe [--json] [common options] mailbox...\n"
    "       lm-mbox unsubscribe [--json] [common options] mailbox...\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

static const struct tool_cli cli = {TOOL_OPTIONS "fh", long_options, usage, NULL};

static const struct verb {
	const char *name, *event;
	enum change_kind kind;
} verbs[] = {
    {"create", "mailbox-new", CHANGE_CREATE},
    {"delete", "mailbox-gone", CHANGE_DELETE},
    {"rename", "mailbox-renamed", CHANGE_RENAME},
    {"subscribe", "subscribed", CHANGE_SUBSCRIBE},
    {"unsubscribe", "unsubscribed", CHANGE_UNSUBSCRIBE},
};

struct job {
	struct tool tool;
	struct lines lines;
	bool force;
	unsigned use;
	const struct verb *verb;
	/* one flight: changes of one account, with the URLs that their names are in */
	const struct account *account;
	struct change change[CHANGES_MAX];
	struct url from[CHANGES_MAX], to[CHANGES_MAX];
	bool kept[CHANGES_MAX]; /* the person said no */
	size_t n;
};

/* ---- options */

/* "\Sent", or without the backslash that shells eat. */
static int add_use(struct job *j, const char *word, struct fault *f)
{
	char name[32];
	unsigned use;

	snprintf(name, sizeof(name), "%s%s", word[0] == '\\' ? "" : "\\", word);
	use = mailboxes_attribute(name, strlen(name)) & LIST_USES;
	if (use == 0)
		return fault_set(f, FAULT_USAGE,
		    "--use takes \\All, \\Archive, \\Drafts, \\Flagged, \\Important, \\Junk, \\Sent or "
		    "\\Trash: %s",
		    word);
	j->use |= use;
	return 0;
}

static int set_verb(struct job *j, const char *word, struct fault *f)
{
	for (size_t i = 0; word != NULL && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, word) == 0)
			j->verb = &verbs[i];
	if (j->verb == NULL)
		return fault_set(f, FAULT_USAGE,
		    "create, delete, rename, subscribe or unsubscribe what? See lm-mbox --help");
	if (j->use != 0 && j->verb->kind != CHANGE_CREATE)
		return fault_set(f, FAULT_USAGE, "--use goes with create");
	if (j->force && j->verb->kind != CHANGE_DELETE)
		return fault_set(f, FAULT_USAGE, "-f goes with delete");
	return 0;
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0) {
		if (option == 'f')
			j->force = true;
		else if (add_use(j, optarg, f) == -1)
			return -1;
	}
	return option;
}

/* ---- what was done, and what was not */

static void put_url(const struct url *from, uint32_t uidvalidity, struct buf *out)
{
	struct url u = *from;

	buf_init(out, URL_MAX);
	u.uidvalidity = uidvalidity;
	url_build(out, &u);
}

static void report_failure(struct job *j, size_t i)
{
	struct buf name;

	buf_init(&name, PROMPT_MAX);
	buf_printf(&name, "%s/%s", j->account->name, j->change[i].name);
	tool_failed(&j->tool, buf_str(&name), &j->change[i].why);
	buf_free(&name);
}

/* Of INBOX only the mail goes: the other mailbox is new, and INBOX is still there. */
static int report_done(struct job *j, size_t i, struct fault *f)
{
	const struct change *c = &j->change[i];
	bool renamed = c->kind == CHANGE_RENAME && strcasecmp(c->name, "INBOX") != 0;
	bool only_new = c->kind == CHANGE_RENAME && !renamed;
	struct record_field fields[3];
	struct buf from, to;
	size_t n = 0;
	int r;

	put_url(&j->from[i], c->uidvalidity, &from);
	put_url(&j->to[i], c->to_uidvalidity, &to);
	fields[n++] =
	    (struct record_field){"event", only_new ? "mailbox-new" : j->verb->event, false};
	fields[n++] = (struct record_field){"url", buf_str(only_new ? &to : &from), false};
	if (renamed)
		fields[n++] = (struct record_field){"to", buf_str(&to), false};
	r = tool_record(&j->tool, stdout, fields, n, f);
	buf_free(&from);
	buf_free(&to);
	return r;
}

static int report(struct job *j, struct fault *f)
{
	int r = 0;

	for (size_t i = 0; i < j->n && r == 0; i++) {
		if (j->change[i].done)
			r = report_done(j, i, f);
		else if (!j->kept[i])
			report_failure(j, i);
	}
	return r == 0 ? tool_flush(stdout, f) : -1;
}

/* ---- one flight */

/* 1: yes, 0: no, -1: there is nobody to ask. */
static int ask(struct job *j, const struct change *c)
{
	char answer[ANSWER_MAX];
	const char *typed;
	struct buf prompt;

	buf_init(&prompt, PROMPT_MAX);
	buf_printf(&prompt, "lm-mbox: delete %s/", j->account->name);
	enc_safe(&prompt, c->name, strlen(c->name));
	buf_printf(
	    &prompt, " with %u message%s in it? [y/N] ", c->messages, c->messages == 1 ? "" : "s");
	typed =
	    readpassphrase(buf_str(&prompt), answer, sizeof(answer), RPP_ECHO_ON | RPP_REQUIRE_TTY);
	buf_free(&prompt);
	if (typed == NULL)
		return -1;
	return answer[0] == 'y' || answer[0] == 'Y';
}

/* A mailbox that is to go without -f: is it empty, or may it go all the same? */
static void consider(struct job *j, size_t i)
{
	struct change *c = &j->change[i];
	int answer;

	if (c->kind != CHANGE_DELETE || j->force || (c->why.cls == FAULT_NONE && c->messages == 0))
		return;
	if (c->why.cls != FAULT_NONE) {
		if (c->looked && c->uidvalidity == 0)
			fault_while(&c->why,
			    "whether mail is in it is not known (-f deletes it all the same)");
		return;
	}
	answer = ask(j, c);
	j->kept[i] = answer == 0;
	if (answer == -1)
		fault_set(&c->why, FAULT_USAGE, "%u message%s in it: give -f to delete it",
		    c->messages, c->messages == 1 ? " is" : "s are");
	else if (answer == 0)
		fault_set(&c->why, FAULT_USAGE, "kept");
}

static void make(struct job *j, struct imap *s)
{
	struct fault lost;

	if (changes_look(s, j->change, j->n, &lost) == -1)
		return;
	for (size_t i = 0; i < j->n; i++)
		consider(j, i);
	changes_make(s, j->change, j->n, &lost);
}

static void drop(struct job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		url_free(&j->from[i]);
		url_free(&j->to[i]);
	}
	j->n = 0;
}

static int flush(struct job *j, struct fault *f)
{
	struct fault why = {0};
	struct imap_line *line;
	int r;

	if (j->n == 0)
		return 0;
	line = lines_get(&j->lines, j->account, false, &why);
	if (line != NULL)
		make(j, line->imap);
	for (size_t i = 0; line == NULL && i < j->n; i++)
		j->change[i].why = why;
	r = report(j, f);
	drop(j);
	return r;
}

/* ---- arguments */

static int find_mailbox(
    struct job *j, const char *text, const struct account **a, struct url *u, struct fault *f)
{
	bool message;

	if (locate(&j->tool, text, a, u, f) == -1)
		return -1;
	message = u->uid != 0;
	if (u->mailbox != NULL && !message)
		return 0;
	url_free(u);
	return fault_set(f, FAULT_DATA, "%s",
	    message ? "a URL of a message, not of a mailbox" : "an account, not a mailbox");
}

static int find_both(struct job *j, const char *from, const char *to, const struct account **a,
    struct url u[2], struct fault *f)
{
	const struct account *other;

	if (find_mailbox(j, from, a, &u[0], f) == -1)
		return -1;
	if (to == NULL)
		return 0;
	if (find_mailbox(j, to, &other, &u[1], f) == -1)
		return fault_while(f, "%s", to);
	if (other == *a)
		return 0;
	return fault_set(f, FAULT_USAGE, "in another account than %s", to);
}

static void add(struct job *j, const struct url u[2])
{
	const uint32_t expected = u[0].uidvalidity;
	size_t i = j->n++;

	j->from[i] = u[0];
	j->to[i] = u[1];
	j->kept[i] = false;
	j->change[i] = (struct change){
	    .kind = j->verb->kind, .name = u[0].mailbox, .to = u[1].mailbox, .use = j->use};
	/* A mailbox that is made has no past. */
	if (j->verb->kind == CHANGE_CREATE)
		return;
	j->change[i].expected = expected;
	j->change[i].look = expected != 0 || (j->verb->kind == CHANGE_DELETE && !j->force);
}

static int take(struct job *j, const char *from, const char *to, struct fault *f)
{
	struct url u[2] = {0};
	const struct account *a;
	struct fault why;

	if (tool_config(&j->tool, f) == -1)
		return -1;
	if (find_both(j, from, to, &a, u, &why) == -1) {
		url_free(&u[0]);
		url_free(&u[1]);
		tool_failed(&j->tool, from, &why);
		return 0;
	}
	if ((j->n == CHANGES_MAX || a != j->account) && flush(j, f) == -1) {
		url_free(&u[0]);
		url_free(&u[1]);
		return -1;
	}
	j->account = a;
	add(j, u);
	return 0;
}

/* A line of two names, for rename: a TAB between. */
static int take_pair(struct job *j, char *line, struct fault *f)
{
	struct fault why;
	char *to;

	line[strcspn(line, "\r\n")] = '\0';
	if (line[strspn(line, " \t")] == '\0')
		return 0;
	to = strchr(line, '\t');
	if (to == NULL || to[1] == '\0' || strchr(to + 1, '\t') != NULL) {
		fault_set(&why, FAULT_DATA, "not two names with a TAB between");
		tool_failed(&j->tool, line, &why);
		return 0;
	}
	*to = '\0';
	return take(j, line, to + 1, f);
}

static int take_line(struct job *j, char *line, struct fault *f)
{
	char *text;

	if (j->verb->kind == CHANGE_RENAME)
		return take_pair(j, line, f);
	text = locate_field(line);
	return text == NULL ? 0 : take(j, text, NULL, f);
}

/* A writer that pauses waits for what became of its lines. */
static int take_lines(struct job *j, struct fault *f)
{
	enum input_kind kind;
	struct input in;
	char *line;
	int r = 0;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	while (r == 0 && (kind = locate_line(&j->tool, &in, j->n > 0, &line, f)) != INPUT_END) {
		if (kind == INPUT_FAULT)
			r = -1;
		else
			r = kind == INPUT_PAUSE ? flush(j, f) : take_line(j, line, f);
	}
	input_free(&in);
	return r;
}

/* Before anything is sent: rename takes two names each. */
static int check_pairs(int argc, char **argv, struct fault *f)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0)
			continue;
		if (i + 1 == argc || strcmp(argv[i + 1], "-") == 0)
			return fault_set(f, FAULT_USAGE,
			    "rename takes two names each: %s has none after it", argv[i]);
		i++;
	}
	return 0;
}

static int take_all(struct job *j, int argc, char **argv, struct fault *f)
{
	int step = j->verb->kind == CHANGE_RENAME ? 2 : 1, r = 0;

	if (argc == 0)
		return fault_set(f, FAULT_USAGE, "no mailbox: give some, or - for standard input");
	if (step == 2 && check_pairs(argc, argv, f) == -1)
		return -1;
	for (int i = 0; i < argc && r == 0;) {
		bool input = strcmp(argv[i], "-") == 0;

		r = input ? take_lines(j, f) : take(j, argv[i], step == 2 ? argv[i + 1] : NULL, f);
		i += input ? 1 : step;
	}
	if (r == 0)
		r = flush(j, f);
	drop(j);
	return r;
}

static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	return set_verb(j, argv[0], f) == -1 ? -1 : take_all(j, argc - 1, argv + 1, f);
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code;

	tool_init(&j.tool, "lm-mbox", stderr);
	lines_init(&j.lines, &j.tool);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && work(&j, argc - optind, argv + optind, &f) == -1))
		code = tool_fail(&j.tool, &f);
	else
		code = (int)j.tool.result;
	lines_free(&j.lines);
	tool_free(&j.tool);
	return code;
}
