/* lm-list: the mailboxes of an account, and how they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/line.h"
#include "app/locate.h"
#include "app/mailbox_record.h"
#include "app/mailbox_target.h"
#include "base/enc.h"

enum {
	TARGETS_MAX = 60, /* of one flight */
};

enum { OPT_META = TOOL_OWN, OPT_SPECIAL, OPT_SUBSCRIBED };

static const struct option long_options[] = {
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"meta", required_argument, NULL, OPT_META},
    {"namespace", required_argument, NULL, 'n'},
    {"special", no_argument, NULL, OPT_SPECIAL},
    {"status", no_argument, NULL, 's'},
    {"subscribed", no_argument, NULL, OPT_SUBSCRIBED},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-list [-s] [-n own|others|shared]... [--special] [--subscribed] [--meta entry]...\n"
    "               [--json] [common options] [account[/pattern] | url | -]...\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

static const struct tool_cli cli = {TOOL_OPTIONS "shn:", long_options, usage, NULL};

struct job {
	struct tool tool;
	bool special, subscribed;
	unsigned kinds; /* -n: bits by enum namespace_kind; 0: all */
	const char *entry[MAILBOXES_ENTRIES_MAX];
	struct mailbox_target target[TARGETS_MAX];
	size_t ntarget;
	/* of the account at hand: */
	const struct account *account;
	struct namespaces namespaces;
	struct mailbox_record record; /* its entries are those of the query */
	struct imap_line *line;       /* of the account that was listed last */
	/* The account that could not be reached last, and why: it is not tried for every flight. */
	const struct account *dead;
	struct fault death;
	const struct account *warned; /* of what its server lacks */
};

/* ---- options */

/* RFC 5464 section 3.2: entry names that can be asked for. */
static int add_entry(struct job *j, const char *entry, struct fault *f)
{
	bool rooted =
	    strncasecmp(entry, "/private/", 9) == 0 || strncasecmp(entry, "/shared/", 8) == 0;

	if (!rooted || strpbrk(entry, "*%") != NULL || !enc_is_ascii(entry) ||
	    strstr(entry, "//") != NULL || entry[strlen(entry) - 1] == '/')
		return fault_set(f, FAULT_USAGE,
		    "--meta takes an entry as /private/comment or /shared/comment: %s", entry);
	if (j->record.nentry == MAILBOXES_ENTRIES_MAX)
		return fault_set(f, FAULT_USAGE, "more than %d --meta", MAILBOXES_ENTRIES_MAX);
	j->entry[j->record.nentry++] = entry;
	return 0;
}

static int add_kind(struct job *j, const char *word, struct fault *f)
{
	for (enum namespace_kind k = NAMESPACE_OWN; k <= NAMESPACE_SHARED; k++)
		if (strcmp(word, namespace_word(k)) == 0) {
			j->kinds |= 1u << k;
			return 0;
		}
	return fault_set(f, FAULT_USAGE, "-n takes own, others or shared: %s", word);
}

static int set_option(struct job *j, int option, char *arg, struct fault *f)
{
	switch (option) {
	case 's':
		j->record.status = true;
		return 0;
	case 'n':
		return add_kind(j, arg, f);
	case OPT_META:
		return add_entry(j, arg, f);
	case OPT_SPECIAL:
		j->special = true;
		return 0;
	default: /* --subscribed */
		j->subscribed = true;
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

/* ---- what went wrong on the way */

/* A name that is none is shown as the server wrote it. */
static void note_mailbox(struct job *j, const struct mailbox_entry *e, const struct fault *why)
{
	struct fault f = *why;

	fault_while(
	    &f, "%s/%s", j->account->name, (e->bad & NAME_ENCODING) != 0 ? e->wire : e->name);
	tool_failed(&j->tool, NULL, &f);
}

/* ---- which mailboxes */

/* 1: to be shown; 0: not asked for, or stale. */
static int wanted(struct job *j, const struct mailbox_entry *e)
{
	unsigned kind = 1u << namespaces_kind(&j->namespaces, e->name);
	bool show = false;
	struct fault why;

	for (size_t i = 0; i < j->ntarget; i++) {
		struct mailbox_target *t = &j->target[i];

		if (t->account != j->account || !mailbox_target_fits(t, e))
			continue;
		t->found = true;
		if (t->uidvalidity == 0 || t->uidvalidity == e->uidvalidity) {
			show = true;
			continue;
		}
		fault_set(&why, FAULT_DATA, "stale URL: its UIDVALIDITY is %u now, not %u",
		    e->uidvalidity, t->uidvalidity);
		note_mailbox(j, e, &why);
	}
	return show && (j->kinds == 0 || (j->kinds & kind) != 0);
}

/* Values that a field cannot hold. */
static void complain_values(struct job *j, const struct mailbox_entry *e)
{
	struct fault why;

	for (size_t k = 0; k < j->record.nentry; k++) {
		bool large = (e->meta_long & 1u << k) != 0;

		if (!large && mailbox_record_holds(&e->meta[k]))
			continue;
		fault_set(&why, FAULT_DATA, "the value of %s %s: lm-meta(1) has it", j->entry[k],
		    large ? "is too long" : "has a NUL in it");
		note_mailbox(j, e, &why);
	}
}

/* What a reader of the lines would not see. */
static void complain(struct job *j, const struct mailbox_entry *e)
{
	bool dead = (e->attributes & (LIST_NOSELECT | LIST_NONEXISTENT)) != 0;
	struct fault why = {0};

	if (e->refusal != NULL)
		fault_set(&why, FAULT_REFUSED, "%s", e->refusal);
	else if (!dead && (e->has & STATUS_UIDVALIDITY) == 0)
		fault_set(&why, FAULT_TEMP, "the server does not tell its STATUS");
	if (why.cls != FAULT_NONE)
		note_mailbox(j, e, &why);
	complain_values(j, e);
}

static int take_mailbox(struct job *j, const struct mailbox_entry *e, struct fault *f)
{
	struct fault why;

	if ((e->bad & NAME_UNUSABLE) != 0) {
		fault_set(&why, FAULT_DATA,
		    (e->bad & NAME_LONG) != 0
			? "left out: a name that is too long"
			: "left out: a name that no command can name the mailbox by");
		note_mailbox(j, e, &why);
		return 0;
	}
	if (!wanted(j, e))
		return 0;
	complain(j, e);
	return mailbox_record(&j->record, e, f);
}

/* ---- one account */

/* Pulls until both are done. The namespaces come first, as they were asked for first. */
static int pull(struct job *j, struct imap *s, struct mailboxes *m, struct fault *f)
{
	const struct mailbox_entry *e;
	struct event ev;

	while (!mailboxes_done(m)) {
		if (imap_next(s, -1, &ev, f) == -1)
			return -1;
		namespaces_event(&j->namespaces, s, &ev);
		if (mailboxes_event(m, &ev, f) == -1)
			return -1;
		while ((e = mailboxes_pop(m)) != NULL)
			if (take_mailbox(j, e, f) == -1)
				return -1;
	}
	return mailboxes_result(m, f);
}

static int list_patterns(
    struct job *j, struct imap *s, const char *const *pattern, size_t n, struct fault *f)
{
	struct mailboxes_query q = {.pattern = pattern,
	    .npattern = n,
	    .status = STATUS_UIDVALIDITY,
	    .subscribed = true,
	    .only_subscribed = j->subscribed,
	    .only_special = j->special,
	    .entry = j->entry,
	    .nentry = j->record.nentry};
	struct mailboxes *m;
	int r;

	if (j->record.status)
		q.status |= STATUS_MESSAGES | STATUS_UNSEEN | STATUS_UIDNEXT |
		    STATUS_HIGHESTMODSEQ | STATUS_SIZE;
	m = mailboxes_send(s, &q, f);
	if (m == NULL)
		return -1;
	r = pull(j, s, m, f);
	tool_note(&j->tool, "%s: %s", j->account->name, mailboxes_how(m));
	mailboxes_free(m);
	return r;
}

/* -n with a whole account: a plain list need not show all namespaces, so their prefixes are asked for first. */
static int list_namespaces(struct job *j, struct imap *s, struct fault *f)
{
	char *pattern[NAMESPACES_MAX + 1];
	size_t n = 0;
	int r = 0;

	if ((j->kinds & 1u << NAMESPACE_OWN) != 0)
		pattern[n++] = strdup("INBOX");
	for (size_t i = 0; i < j->namespaces.n && n < TARGETS_MAX; i++) {
		const struct namespace *ns = &j->namespaces.ns[i];

		if ((j->kinds & 1u << ns->kind) != 0 &&
		    asprintf(&pattern[n], "%s*", ns->prefix) != -1)
			n++;
	}
	if (n > 0)
		r = list_patterns(j, s, (const char *const *)pattern, n, f);
	while (n > 0)
		free(pattern[--n]);
	return r;
}

/* Sends NAMESPACE, and with `wait` takes its answer in. */
static int ask_namespaces(struct job *j, struct imap *s, bool wait, struct fault *f)
{
	struct event ev;
	uint32_t tag;
	int r = 0;

	namespaces_free(&j->namespaces);
	if (!imap_has(s, "NAMESPACE") && !imap_has(s, "IMAP4rev2"))
		return j->kinds == 0
		    ? 0
		    : fault_set(f, FAULT_REFUSED, "the server has no NAMESPACE, which -n needs");
	tag = namespaces_send(s, f);
	if (tag == 0)
		return -1;
	while (wait && (r = imap_until(s, tag, &ev, f)) == 1)
		namespaces_event(&j->namespaces, s, &ev);
	return r;
}

static int list_account(struct job *j, struct imap *s, struct fault *f)
{
	const char *pattern[TARGETS_MAX];
	bool whole = false;
	size_t n = 0;

	for (size_t i = 0; i < j->ntarget; i++) {
		if (j->target[i].account != j->account)
			continue;
		whole = whole || mailbox_target_is_all(&j->target[i]);
		pattern[n++] = j->target[i].pattern;
	}
	whole = whole && j->kinds != 0;
	if (ask_namespaces(j, s, whole, f) == -1)
		return -1;
	return whole ? list_namespaces(j, s, f) : list_patterns(j, s, pattern, n, f);
}

static void name_missing(struct job *j)
{
	struct fault why;

	for (size_t i = 0; i < j->ntarget; i++) {
		const struct mailbox_target *t = &j->target[i];

		if (t->account != j->account || t->found || j->special || j->subscribed ||
		    !mailbox_target_is_one(t))
			continue;
		fault_set(&why, FAULT_DATA, "no such mailbox");
		fault_while(&why, "%s/%s", j->account->name, t->pattern);
		tool_failed(&j->tool, NULL, &why);
	}
}

/* The account's server and user, for URLs. */
static int find_base(struct job *j, struct fault *f)
{
	const struct account *a;

	url_free(&j->record.base);
	return locate(&j->tool, j->account->name, &a, &j->record.base, f);
}

/* The account's line: the one that is open, or a new one, whose login need not be waited for. */
static int open_line(struct job *j, struct fault *f)
{
	if (j->line != NULL && j->line->account == j->account && imap_alive(j->line->imap))
		return 0;
	imap_line_close(j->line);
	j->line = NULL;
	if (j->dead != j->account)
		j->line = imap_line_early(&j->tool, j->account, f);
	else
		*f = j->death;
	return j->line == NULL ? -1 : 0;
}

/* The server did not take commands with the login: nothing of them was done. */
static int open_again(struct job *j, struct fault *f)
{
	imap_line_close(j->line);
	j->line = imap_line_open(&j->tool, j->account, false, f);
	return j->line == NULL ? -1 : 0;
}

static int list_line(struct job *j, struct fault *f)
{
	int r = open_line(j, f);

	if (r == 0)
		r = list_account(j, j->line->imap, f);
	if (r == -1 && j->line != NULL && imap_early_failed(j->line->imap)) {
		r = open_again(j, f);
		if (r == 0)
			r = list_account(j, j->line->imap, f);
	}
	if (j->line == NULL) {
		j->dead = j->account;
		j->death = *f;
	}
	return r;
}

/* Columns without a value would look as if there were none. */
static void warn_of_meta(struct job *j)
{
	if (j->record.nentry == 0 || j->warned == j->account || imap_has(j->line->imap, "METADATA"))
		return;
	tool_warn(&j->tool, "%s: the server has no METADATA, and so no values for --meta",
	    j->account->name);
	j->warned = j->account;
}

static int work_account(struct job *j, const struct account *a, struct fault *f)
{
	struct fault why = {0};

	j->account = a;
	if (find_base(j, f) == -1)
		return -1;
	if (list_line(j, &why) == -1) {
		tool_failed(&j->tool, a->name, &why);
	} else {
		warn_of_meta(j);
		name_missing(j);
	}
	for (size_t i = 0; i < j->ntarget; i++)
		j->target[i].done = j->target[i].done || j->target[i].account == a;
	return why.cls == FAULT_IO ? fault_set(f, FAULT_IO, "%s", why.msg) : 0;
}

/* ---- arguments */

static void drop_targets(struct job *j)
{
	while (j->ntarget > 0)
		mailbox_target_free(&j->target[--j->ntarget]);
}

static int flush_targets(struct job *j, struct fault *f)
{
	int r = 0;

	for (size_t i = 0; i < j->ntarget && r == 0; i++)
		if (!j->target[i].done)
			r = work_account(j, j->target[i].account, f);
	drop_targets(j);
	return r == 0 ? tool_flush(stdout, f) : -1;
}

static int take_target(struct job *j, const char *text, struct fault *f)
{
	struct mailbox_target t;
	struct fault why;

	if (tool_config(&j->tool, f) == -1)
		return -1;
	if (mailbox_target_parse(&j->tool, text, &t, &why) == -1) {
		tool_failed(&j->tool, text, &why);
		return 0;
	}
	j->target[j->ntarget++] = t;
	return j->ntarget == TARGETS_MAX ? flush_targets(j, f) : 0;
}

/* A writer that pauses waits for the answers. It may be long until more comes: the server is not kept waiting. */
static int work_off(struct job *j, struct fault *f)
{
	int r = flush_targets(j, f);

	imap_line_close(j->line);
	j->line = NULL;
	return r;
}

static int take_lines(struct job *j, struct fault *f)
{
	enum input_kind kind;
	struct input in;
	char *text;
	int r = 0;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	while (r == 0 &&
	    (kind = locate_listed(&j->tool, &in, j->ntarget > 0, &text, f)) != INPUT_END) {
		if (kind == INPUT_FAULT)
			r = -1;
		else
			r = kind == INPUT_PAUSE ? work_off(j, f) : take_target(j, text, f);
	}
	input_free(&in);
	return r;
}

static int take_default(struct job *j, struct fault *f)
{
	const struct account *a = locate_account(&j->tool, NULL, f);

	return a == NULL ? -1 : take_target(j, a->name, f);
}

static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	int r = argc == 0 ? take_default(j, f) : 0;

	for (int i = 0; i < argc && r == 0; i++)
		r = strcmp(argv[i], "-") == 0 ? take_lines(j, f) : take_target(j, argv[i], f);
	if (r == 0)
		r = flush_targets(j, f);
	drop_targets(j);
	return r;
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code;

	tool_init(&j.tool, "lm-list", stderr);
	j.record = (struct mailbox_record){
	    .tool = &j.tool, .out = stdout, .entry = j.entry, .namespaces = &j.namespaces};
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && work(&j, argc - optind, argv + optind, &f) == -1))
		code = tool_fail(&j.tool, &f);
	else
		code = (int)j.tool.result;
	namespaces_free(&j.namespaces);
	url_free(&j.record.base);
	imap_line_close(j.line);
	tool_free(&j.tool);
	return code;
}
