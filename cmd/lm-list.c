/* lm-list: the mailboxes of an account, and how they are. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/line.h"
#include "app/locate.h"
#include "app/mailboxes.h"
#include "app/namespaces.h"
#include "base/enc.h"

enum {
	TARGETS_MAX = 60, /* of one flight */
	FIELDS_MAX = 9 + MAILBOXES_ENTRIES_MAX,
	NUMBER_MAX = 21, /* octets of a number, with its NUL */
	ATTRIBUTES_MAX = 512,
};

enum { OPT_META = 256, OPT_SPECIAL, OPT_SUBSCRIBED, OPT_JSON, OPT_VERSION };

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"json", no_argument, NULL, OPT_JSON},
    {"meta", required_argument, NULL, OPT_META},
    {"namespace", required_argument, NULL, 'n'},
    {"special", no_argument, NULL, OPT_SPECIAL},
    {"status", no_argument, NULL, 's'},
    {"subscribed", no_argument, NULL, OPT_SUBSCRIBED},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-list [-s] [-n own|others|shared]... [--special] [--subscribed] [--meta entry]...\n"
    "               [--json] [common options] [account[/pattern] | url | -]...\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

/* What one argument names. */
struct target {
	const struct account *account;
	char *pattern;        /* "*" for an account alone */
	bool exact;           /* from a URL: "*" and "%" stand for themselves */
	uint32_t uidvalidity; /* of the URL, or 0 */
	bool done, found;
};

struct job {
	struct tool tool;
	bool finished, status, special, subscribed;
	unsigned kinds; /* -n: bits by enum namespace_kind; 0: all */
	const char *entry[MAILBOXES_ENTRIES_MAX];
	size_t nentry;
	struct target target[TARGETS_MAX];
	size_t ntarget;
	enum fault_class result;
	/* of the account at hand: */
	const struct account *account;
	struct url base;
	struct namespaces namespaces;
	struct imap_line *line; /* of the account that was listed last */
	/* The account that could not be reached last, and why: it is not tried for every flight. */
	const struct account *dead;
	struct fault death;
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
	if (j->nentry == MAILBOXES_ENTRIES_MAX)
		return fault_set(f, FAULT_USAGE, "more than %d --meta", MAILBOXES_ENTRIES_MAX);
	j->entry[j->nentry++] = entry;
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
		j->status = true;
		return 0;
	case 'n':
		return add_kind(j, arg, f);
	case OPT_META:
		return add_entry(j, arg, f);
	case OPT_SPECIAL:
		j->special = true;
		return 0;
	case OPT_SUBSCRIBED:
		j->subscribed = true;
		return 0;
	case OPT_JSON:
		j->tool.json = true;
		return 0;
	default:
		return tool_option(&j->tool, option, arg, f);
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, TOOL_OPTIONS "shn:", long_options, NULL)) != -1) {
		if (option == '?')
			return tool_bad_option(&j->tool, argv[optind - 1], optopt, f);
		if (option == 'h' || option == OPT_VERSION) {
			fputs(option == 'h' ? usage : "lm-list " LM_VERSION "\n", stdout);
			j->finished = true;
			return 0;
		}
		if (set_option(j, option, optarg, f) == -1)
			return -1;
	}
	return 0;
}

/* ---- what went wrong on the way */

/* The first of those that are equally bad; what may be better next time counts less. */
static void note_class(struct job *j, enum fault_class cls)
{
	if (j->result == FAULT_NONE || (j->result == FAULT_TEMP && cls != FAULT_TEMP))
		j->result = cls;
}

static void note_failure(struct job *j, const char *what, const struct fault *why)
{
	if (what != NULL)
		fprintf(j->tool.err, "%s: %s: %s\n", j->tool.name, what, why->msg);
	else
		tool_fail(&j->tool, why);
	note_class(j, why->cls);
}

static void note_mailbox(
    struct job *j, const struct mailbox_entry *e, enum fault_class cls, const char *what)
{
	/* A name that is none is shown as the server wrote it. */
	tool_warn(&j->tool, "%s/%s: %s", j->account->name,
	    (e->bad & NAME_ENCODING) != 0 ? e->wire : e->name, what);
	note_class(j, cls);
}

/* ---- records */

struct line {
	struct record_field field[FIELDS_MAX];
	size_t n;
	struct buf url, attributes;
	char number[5][NUMBER_MAX];
	size_t nnumber;
};

static void add_field(struct line *l, const char *name, const char *value, bool number)
{
	l->field[l->n++] = (struct record_field){name, value, number};
}

static void add_number(struct line *l, const char *name, bool has, uint64_t value)
{
	char *text = l->number[l->nnumber++];

	snprintf(text, NUMBER_MAX, "%" PRIu64, value);
	add_field(l, name, has ? text : NULL, true);
}

static void add_status(struct line *l, const struct mailbox_entry *e)
{
	add_number(l, "messages", (e->has & STATUS_MESSAGES) != 0, e->messages);
	add_number(l, "unseen", (e->has & STATUS_UNSEEN) != 0, e->unseen);
	add_number(l, "size", (e->has & STATUS_SIZE) != 0, e->size);
	add_number(l, "uidnext", (e->has & STATUS_UIDNEXT) != 0, e->uidnext);
	add_number(l, "modseq", (e->has & STATUS_HIGHESTMODSEQ) != 0, e->highestmodseq);
}

/* A value that a field cannot hold is left out, and said so. */
static void add_value(struct job *j, struct line *l, const struct mailbox_entry *e, size_t k)
{
	const struct mailbox_value *v = &e->meta[k];
	bool binary = v->s != NULL && strlen(v->s) != v->len;

	if (binary || (e->meta_long & 1u << k) != 0)
		note_mailbox(j, e, FAULT_DATA,
		    binary ? "a METADATA value with a NUL: lm-meta(1) has it"
			   : "a METADATA value that is too long: lm-meta(1) has it");
	add_field(l, j->entry[k], binary ? NULL : v->s, false);
}

static int put_url(struct job *j, const struct mailbox_entry *e, struct buf *out, struct fault *f)
{
	struct url u = j->base;

	u.mailbox = strdup(e->name);
	if (u.mailbox == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	u.uidvalidity = (e->has & STATUS_UIDVALIDITY) != 0 ? e->uidvalidity : 0;
	url_build(out, &u);
	free(u.mailbox);
	return 0;
}

/* Without their backslashes, which a line would double. */
static void put_attributes(struct buf *out, unsigned attributes)
{
	struct buf b;

	buf_init(&b, ATTRIBUTES_MAX);
	mailboxes_attributes(&b, attributes);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] != '\\')
			buf_putc(out, b.data[i]);
	buf_free(&b);
}

static int print_mailbox(struct job *j, const struct mailbox_entry *e, struct fault *f)
{
	struct line l = {.n = 0};
	int r;

	buf_init(&l.url, URL_MAX);
	buf_init(&l.attributes, ATTRIBUTES_MAX);
	r = put_url(j, e, &l.url, f);
	put_attributes(&l.attributes, e->attributes);
	add_field(&l, "url", buf_str(&l.url), false);
	add_field(&l, "attributes", l.attributes.len > 0 ? buf_str(&l.attributes) : NULL, false);
	add_field(&l, "namespace", namespace_word(namespaces_kind(&j->namespaces, e->name)), false);
	add_field(&l, "name", e->name, false);
	if (j->status)
		add_status(&l, e);
	for (size_t k = 0; k < j->nentry; k++)
		add_value(j, &l, e, k);
	if (r == 0)
		r = tool_record(&j->tool, stdout, l.field, l.n, f);
	buf_free(&l.url);
	buf_free(&l.attributes);
	return r;
}

/* ---- which mailboxes */

static bool fits(const struct target *t, const struct mailbox_entry *e)
{
	if (!t->exact)
		return mailboxes_pattern(t->pattern, e->name, e->delimiter);
	return strcmp(t->pattern, e->name) == 0 ||
	    (strcasecmp(t->pattern, "INBOX") == 0 && strcmp(e->name, "INBOX") == 0);
}

/* 1: to be shown; 0: not asked for, or stale. */
static int wanted(struct job *j, const struct mailbox_entry *e)
{
	unsigned kind = 1u << namespaces_kind(&j->namespaces, e->name);
	bool show = false;
	char text[128];

	for (size_t i = 0; i < j->ntarget; i++) {
		struct target *t = &j->target[i];

		if (t->account != j->account || !fits(t, e))
			continue;
		t->found = true;
		if (t->uidvalidity == 0 || t->uidvalidity == e->uidvalidity) {
			show = true;
			continue;
		}
		snprintf(text, sizeof(text), "stale URL: its UIDVALIDITY is %u now, not %u",
		    e->uidvalidity, t->uidvalidity);
		note_mailbox(j, e, FAULT_DATA, text);
	}
	return show && (j->kinds == 0 || (j->kinds & kind) != 0);
}

/* What a reader of the lines would not see. */
static void complain(struct job *j, const struct mailbox_entry *e)
{
	bool dead = (e->attributes & (LIST_NOSELECT | LIST_NONEXISTENT)) != 0;

	if (e->refusal != NULL)
		note_mailbox(j, e, FAULT_REFUSED, e->refusal);
	else if (!dead && (e->has & STATUS_UIDVALIDITY) == 0)
		note_mailbox(j, e, FAULT_TEMP, "the server does not tell its STATUS");
}

static int take_mailbox(struct job *j, const struct mailbox_entry *e, struct fault *f)
{
	if ((e->bad & NAME_UNUSABLE) != 0) {
		note_mailbox(j, e, FAULT_DATA,
		    (e->bad & NAME_LONG) != 0
			? "left out: a name that is too long"
			: "left out: a name that no command can name the mailbox by");
		return 0;
	}
	if (!wanted(j, e))
		return 0;
	complain(j, e);
	return print_mailbox(j, e, f);
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
	    .nentry = j->nentry};
	struct mailboxes *m;
	int r;

	if (j->status)
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
		whole = whole || (!j->target[i].exact && strcmp(j->target[i].pattern, "*") == 0);
		pattern[n++] = j->target[i].pattern;
	}
	whole = whole && j->kinds != 0;
	if (ask_namespaces(j, s, whole, f) == -1)
		return -1;
	return whole ? list_namespaces(j, s, f) : list_patterns(j, s, pattern, n, f);
}

/* A name without wildcards that is not there is an error, and so is a URL. */
static void name_missing(struct job *j)
{
	for (size_t i = 0; i < j->ntarget; i++) {
		const struct target *t = &j->target[i];

		if (t->account != j->account || t->found || j->special || j->subscribed ||
		    (!t->exact && strpbrk(t->pattern, "*%") != NULL))
			continue;
		tool_warn(&j->tool, "%s/%s: no such mailbox", j->account->name, t->pattern);
		note_class(j, FAULT_DATA);
	}
}

/* The account's server and user, for URLs. */
static int find_base(struct job *j, struct fault *f)
{
	const struct account *a;

	url_free(&j->base);
	return locate(&j->tool, j->account->name, &a, &j->base, f);
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

static int work_account(struct job *j, const struct account *a, struct fault *f)
{
	struct fault why = {0};

	j->account = a;
	if (find_base(j, f) == -1)
		return -1;
	if (list_line(j, &why) == -1)
		note_failure(j, a->name, &why);
	else
		name_missing(j);
	for (size_t i = 0; i < j->ntarget; i++)
		j->target[i].done = j->target[i].done || j->target[i].account == a;
	return why.cls == FAULT_IO ? fault_set(f, FAULT_IO, "%s", why.msg) : 0;
}

/* ---- arguments */

static void drop_targets(struct job *j)
{
	while (j->ntarget > 0)
		free(j->target[--j->ntarget].pattern);
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

static int take_url(struct job *j, const char *text, struct target *t, struct fault *f)
{
	struct url u;

	if (locate(&j->tool, text, &t->account, &u, f) == -1)
		return -1;
	if (u.uid != 0) {
		url_free(&u);
		return fault_set(f, FAULT_DATA, "a URL of a message, not of a mailbox");
	}
	t->exact = u.mailbox != NULL;
	t->uidvalidity = u.uidvalidity;
	t->pattern = strdup(t->exact ? u.mailbox : "*");
	url_free(&u);
	return 0;
}

/* ACCOUNT or ACCOUNT/PATTERN; what is behind the "/" is taken as it is. */
static int take_pattern(struct job *j, const char *text, struct target *t, struct fault *f)
{
	size_t n = strcspn(text, "/");
	char name[256];

	if (n >= sizeof(name))
		return fault_set(f, FAULT_DATA, "neither ACCOUNT/PATTERN nor an IMAP URL");
	snprintf(name, sizeof(name), "%.*s", (int)n, text);
	if (j->tool.account != NULL && strcmp(j->tool.account, name) != 0)
		return fault_set(f, FAULT_USAGE, "-a %s, but %s", j->tool.account, text);
	t->account = locate_account(&j->tool, name, f);
	if (t->account == NULL)
		return -1;
	if (!enc_is_utf8(text, strlen(text)))
		return fault_set(f, FAULT_DATA, "not UTF-8");
	text += n + (text[n] == '/');
	t->pattern = strdup(*text != '\0' ? text : "*");
	return 0;
}

static int parse_target(struct job *j, const char *text, struct target *t, struct fault *f)
{
	bool url = strncasecmp(text, "imap:", 5) == 0 || strncasecmp(text, "imaps:", 6) == 0;

	if ((url ? take_url(j, text, t, f) : take_pattern(j, text, t, f)) == -1)
		return -1;
	return t->pattern != NULL ? 0 : fault_set(f, FAULT_TEMP, "out of memory");
}

static int take_target(struct job *j, const char *text, struct fault *f)
{
	struct target t = {0};
	struct fault why;

	if (tool_config(&j->tool, f) == -1)
		return -1;
	if (parse_target(j, text, &t, &why) == -1) {
		tool_warn(&j->tool, "%s: %s", text, why.msg);
		note_class(j, why.cls);
		return 0;
	}
	j->target[j->ntarget++] = t;
	return j->ntarget == TARGETS_MAX ? flush_targets(j, f) : 0;
}

static int take_lines(struct job *j, struct fault *f)
{
	char *line = NULL;
	size_t size = 0;
	int r = 0;

	while (r == 0 && getline(&line, &size, stdin) > 0) {
		char *text = locate_field(line);

		if (text != NULL)
			r = take_target(j, text, f);
	}
	free(line);
	if (r == 0 && ferror(stdin))
		return fault_errno(f, FAULT_IO, "standard input");
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

	signal(SIGPIPE, SIG_IGN);
	tool_init(&j.tool, "lm-list", stderr);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.finished && work(&j, argc - optind, argv + optind, &f) == -1))
		code = tool_fail(&j.tool, &f);
	else
		code = (int)j.result;
	namespaces_free(&j.namespaces);
	url_free(&j.base);
	imap_line_close(j.line);
	tool_free(&j.tool);
	return code;
}
