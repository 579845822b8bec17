/*
 * lm-caps: what the two servers of an account offer, and whether they keep the promises of the
 * Lemonade Profile.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/line.h"
#include "app/locate.h"
#include "app/probe.h"
#include "app/profile.h"
#include "app/tool.h"
#include "conf/memo.h"

enum { WORD_MAX = 1024 };

enum { OPT_PROBE = TOOL_OWN, OPT_PROFILE };

static const struct option long_options[] = {
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"probe", no_argument, NULL, OPT_PROBE},
    {"profile", no_argument, NULL, OPT_PROFILE},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-caps [-a account] [-c file] [-o keyword=value] [-v] [--json] [--profile] [--probe] "
    "[account | url]\n";

static const struct tool_cli cli = {TOOL_OPTIONS "h", long_options, usage, NULL};

struct job {
	struct tool tool;
	bool profile, probe;
	const struct account *account;
	struct imap_line *imap;   /* NULL: not configured, or not to be had */
	struct smtp_line *submit; /* likewise */
	int status;               /* of the first thing that went wrong */
};

/* ---- what went wrong: the first decides the exit code */

static void note_status(struct job *j, int status)
{
	if (j->status == 0)
		j->status = status;
}

static void failed(struct job *j, const struct fault *f)
{
	note_status(j, tool_fail(&j->tool, f));
}

/* Prints a record. A reader that has gone away is no news to anybody. */
static int put(struct job *j, const struct record_field *fields, size_t n)
{
	struct fault f = {0};

	errno = 0;
	if (tool_record(&j->tool, stdout, fields, n, &f) == 0 && tool_flush(stdout, &f) == 0)
		return 0;
	if (errno == EPIPE)
		note_status(j, (int)f.cls);
	else
		failed(j, &f);
	return -1;
}

/* ---- the two servers */

static void open_imap(struct job *j)
{
	struct fault f = {0};

	if (!j->account->imap.set && j->account->tunnel == NULL) {
		tool_warn(&j->tool, "account %s has no `imap` server", j->account->name);
		return;
	}
	j->imap = imap_line_open(&j->tool, j->account, false, &f);
	if (j->imap == NULL)
		failed(j, &f);
}

/* We are asked what the server offers now, not what it did last time. */
static void forget(const struct account *a)
{
	char name[WORD_MAX], server[WORD_MAX];
	struct memo *m;

	snprintf(name, sizeof(name), "%s.submit", a->name);
	snprintf(server, sizeof(server), "%s:%u",
	    a->submit.host != NULL ? a->submit.host : "tunnel", a->submit.port);
	m = memo_open(name, server);
	memo_set(m, "ehlo", NULL);
	memo_set(m, "ehlo-before", NULL);
	memo_close(m);
}

static void open_submit(struct job *j)
{
	const unsigned all = SMTP_WANT_BURL | SMTP_WANT_DSN | SMTP_WANT_BINARYMIME |
	    SMTP_WANT_SIZE | SMTP_WANT_SMTPUTF8 | SMTP_WANT_REQUIRETLS | SMTP_WANT_CHUNKING;
	struct fault f = {0};

	if (!j->account->submit.set && j->account->submit_tunnel == NULL) {
		tool_warn(&j->tool, "account %s has no `submit` server", j->account->name);
		return;
	}
	forget(j->account);
	j->submit = smtp_line_open(&j->tool, j->account, all, &f);
	if (j->submit == NULL)
		failed(j, &f);
}

/* ---- capabilities as they are */

/* One line: the n octets at `word`, of which what follows the first blank are arguments. */
static int put_capability(struct job *j, const char *service, const char *word, size_t n)
{
	char text[WORD_MAX];
	struct record_field fields[3];
	char *arguments;

	snprintf(text, sizeof(text), "%.*s", (int)n, word);
	arguments = strchr(text, ' ');
	if (arguments != NULL)
		*arguments++ = '\0';
	fields[0] = (struct record_field){.name = "service", .value = service};
	fields[1] = (struct record_field){.name = "capability", .value = text};
	fields[2] = (struct record_field){.name = "arguments", .value = arguments};
	return put(j, fields, arguments != NULL && *arguments != '\0' ? 3 : 2);
}

/* The items of a list, `between` two a separator. */
static int put_list(struct job *j, const char *service, const char *list, const char *between)
{
	while (*list != '\0') {
		size_t n = strcspn(list, between);

		if (n > 0 && put_capability(j, service, list, n) == -1)
			return -1;
		list += n + (list[n] != '\0');
	}
	return 0;
}

static int put_capabilities(struct job *j)
{
	if (j->imap != NULL && put_list(j, "imap", imap_caps(j->imap->imap), " ") == -1)
		return -1;
	if (j->submit != NULL &&
	    put_list(j, "submit", smtp_caps(j->submit->smtp)->ehlo, "\n") == -1)
		return -1;
	return 0;
}

/* ---- the profile */

/* How a line that stands is protected; `description` is the session's. */
static enum profile_line protection(
    const struct server *s, const char *tunnel, const char *description)
{
	if (tunnel != NULL)
		return PROFILE_LINE_OTHER;
	if (s->security == CONFIG_TLS)
		return PROFILE_LINE_TLS;
	return strncmp(description, "TLS", 3) == 0 ? PROFILE_LINE_STARTTLS : PROFILE_LINE_CLEAR;
}

/* Whether $Forwarded can be stored in INBOX. EXAMINE would not tell: there no flag can. */
static int can_forward(struct job *j)
{
	struct fault f = {0};

	if (imap_line_select(j->imap, "INBOX", false, 0, &f) == 0)
		return j->imap->mailbox.forwarded;
	failed(j, &f);
	return -1;
}

static void look(struct job *j, struct profile_view *v)
{
	const struct account *a = j->account;

	*v = (struct profile_view){.forwarded = -1};
	if (j->submit != NULL) {
		struct smtp *s = j->submit->smtp;

		v->ehlo = smtp_caps(s)->ehlo;
		v->ehlo_before = smtp_ehlo_before(s);
		v->submit_line = protection(&a->submit, a->submit_tunnel, smtp_describe(s));
	}
	if (j->imap != NULL) {
		struct imap *s = j->imap->imap;

		v->forwarded = can_forward(j);
		v->caps = imap_caps(s);
		v->imap_line = protection(&a->imap, a->tunnel, imap_describe(s));
	}
}

static int put_row(
    struct job *j, const struct profile_row *row, enum profile_state state, const char *note)
{
	const struct record_field fields[] = {
	    {.name = "service", .value = row->service == PROFILE_IMAP ? "imap" : "submit"},
	    {.name = "extension", .value = row->extension},
	    {.name = "state", .value = profile_word(state)},
	    {.name = "required", .value = row->required},
	    {.name = "note", .value = note},
	};

	return put(j, fields, note != NULL ? 5 : 4);
}

static int put_profile(struct job *j)
{
	const struct profile_row *row;
	struct profile_view view;
	int r = 0;

	look(j, &view);
	for (size_t k = 0; r == 0 && (row = profile_row(k)) != NULL; k++) {
		const char *note;
		enum profile_state state = profile_judge(row, &view, &note);

		if (profile_breaks(state))
			note_status(j, FAULT_REFUSED);
		r = put_row(j, row, state, note);
	}
	return r;
}

/* ---- probing, and signals: the first has the scratch mailboxes removed, the second ends us */

static volatile sig_atomic_t stopped;
/* What to say when there is no time to clean up. */
static char left_behind[2048] =
    "lm-caps: stopped; a mailbox lm-probe-* may be left on the server\n";

static void on_signal(int number)
{
	if (stopped != 0) {
		ssize_t n = write(STDERR_FILENO, left_behind, strlen(left_behind));

		(void)n;
		_exit(128 + number);
	}
	stopped = number;
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
	struct sigaction sa = {.sa_handler = on_signal};

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &sa, NULL);
}

static int put_result(struct job *j, const struct probe_result *r)
{
	const struct record_field fields[] = {
	    {.name = "service", .value = "imap"},
	    {.name = "extension", .value = r->name},
	    {.name = "result", .value = probe_word(r->verdict)},
	    {.name = "detail", .value = r->detail},
	};

	if (r->verdict == PROBE_BROKEN)
		note_status(j, FAULT_REFUSED);
	return put(j, fields, 4);
}

static void run_probes(struct job *j, struct probe *p)
{
	struct probe_result result;
	struct fault f = {0};
	int r;

	while ((r = probe_next(p, &result, &f)) == 1)
		if (put_result(j, &result) == -1)
			break;
	if (r == -1)
		failed(j, &f);
}

static void put_probes(struct job *j)
{
	struct fault f = {0};
	struct probe *p;

	catch_signals();
	p = probe_open(j->imap, &stopped, &f);
	if (p == NULL) {
		failed(j, &f);
		return;
	}
	tool_note(&j->tool, "imap: the scratch mailbox is %s", probe_mailbox(p));
	snprintf(left_behind, sizeof(left_behind),
	    "lm-caps: stopped; left on the server: mailboxes %s and %s-2\n", probe_mailbox(p),
	    probe_mailbox(p));
	run_probes(j, p);
	if (probe_close(p, &f) == -1)
		failed(j, &f);
}

/* ---- main */

static void bad_usage(struct job *j)
{
	fputs(usage, stderr);
	note_status(j, FAULT_USAGE);
}

/* False: the line about it is on standard error. */
static bool parse_options(struct job *j, int argc, char **argv)
{
	struct fault f = {0};
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, &f)) > 0) {
		if (option == OPT_PROBE)
			j->probe = true;
		else
			j->profile = true;
	}
	if (option == -1 && f.cls != FAULT_USAGE)
		failed(j, &f);
	else if (option == -1 || (!j->tool.finished && argc - optind > 1))
		bad_usage(j);
	else
		return true;
	return false;
}

/* An account by its name, or by a URL that it has. */
static const struct account *choose(struct job *j, const char *text, struct fault *f)
{
	const struct account *a;
	struct url u;

	if (text == NULL || strpbrk(text, "/:") == NULL)
		a = locate_account(&j->tool, text, f);
	else if (locate(&j->tool, text, &a, &u, f) == 0)
		url_free(&u);
	else if (fault_while(f, "%s", text) == -1)
		return NULL;
	if (a == NULL || text == NULL || j->tool.account == NULL ||
	    strcmp(a->name, j->tool.account) == 0)
		return a;
	fault_set(f, FAULT_USAGE, "-a %s, but %s", j->tool.account, text);
	return NULL;
}

/* Both servers, but for --probe alone, which is the store's business. */
static void run(struct job *j)
{
	const struct account *a = j->account;
	bool submit = j->profile || !j->probe;
	struct fault f = {0};
	int r = 0;

	if (!a->imap.set && a->tunnel == NULL &&
	    (!submit || (!a->submit.set && a->submit_tunnel == NULL))) {
		fault_set(&f, FAULT_CONFIG, "account %s has no server to ask", a->name);
		failed(j, &f);
		return;
	}
	open_imap(j);
	if (submit)
		open_submit(j);
	if (j->imap == NULL && j->submit == NULL)
		return;
	if (j->profile)
		r = put_profile(j);
	else if (!j->probe)
		r = put_capabilities(j);
	if (r == -1 || !j->probe || j->imap == NULL)
		return;
	/* Nothing more is asked of it, and probing takes a while. */
	smtp_line_close(j->submit);
	j->submit = NULL;
	put_probes(j);
}

int main(int argc, char **argv)
{
	struct job j = {0};
	struct fault f = {0};

	tool_init(&j.tool, "lm-caps", stderr);
	if (parse_options(&j, argc, argv) && !j.tool.finished) {
		if (tool_config(&j.tool, &f) == 0)
			j.account = choose(&j, argv[optind], &f);
		if (j.account == NULL)
			failed(&j, &f);
		else
			run(&j);
	}
	smtp_line_close(j.submit);
	imap_line_close(j.imap);
	tool_free(&j.tool);
	if (tool_flush(stdout, &f) == -1 && j.status == 0)
		failed(&j, &f);
	if (stopped != 0) {
		signal(stopped, SIG_DFL);
		raise(stopped);
	}
	return j.status;
}
