/* lm-fwd: forwards messages and parts that stay where they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/forward.h"
#include "app/locate.h"
#include "app/send.h"
#include "base/enc.h"

enum { SECTIONS_MAX = 256, MESSAGES_MAX = 1024, NOTE_MAX = 8 * 1024 * 1024 };

enum { OPT_ASSEMBLY = TOOL_OWN, OPT_ALL_OR_NONE };

static const struct option long_options[] = {
    {"all-or-none", no_argument, NULL, OPT_ALL_OR_NONE},
    {"assembly", no_argument, NULL, OPT_ASSEMBLY},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-fwd -T to [-C cc] [-B bcc] [-F from] [-s subject] [-m note] [-p section]...\n"
    "              [-S auto|catenate|burl|relay] [--all-or-none] [--assembly] [--json]\n"
    "              [-a account] [-c file] [-o keyword=value] [-v] url... | -\n";

static const struct tool_cli cli = {TOOL_OPTIONS "T:C:B:F:s:m:p:S:h", long_options, usage, NULL};

struct job {
	struct tool tool;
	struct forward what;
	const char *from;
	const char *note;
	const char *section[SECTIONS_MAX];
	enum strategy strategy;
	bool assembly, all_or_none;
	const struct account *account;
	struct url *url;
	size_t nurl;
	struct buf note_text;
};

static int set_option(struct job *j, int option, char *arg, struct fault *f)
{
	switch (option) {
	case 'T':
		return addresses_add(&j->what.to, arg, f);
	case 'C':
		return addresses_add(&j->what.cc, arg, f);
	case 'B':
		return addresses_add(&j->what.bcc, arg, f);
	case 'F':
		j->from = arg;
		return 0;
	case 's':
		j->what.subject = arg;
		return 0;
	case 'm':
		j->note = arg;
		return 0;
	case 'p':
		if (!url_section_valid(arg))
			return fault_set(f, FAULT_USAGE, "no part specifier: %s", arg);
		if (j->what.nsection == SECTIONS_MAX)
			return fault_set(f, FAULT_USAGE, "more than %d parts", SECTIONS_MAX);
		j->section[j->what.nsection++] = arg;
		return 0;
	case 'S':
		if (strategy_parse(arg, &j->strategy) == -1)
			return fault_set(f, FAULT_USAGE, "no such strategy: %s", arg);
		return 0;
	case OPT_ASSEMBLY:
		j->assembly = true;
		return 0;
	default: /* --all-or-none */
		j->all_or_none = true;
		return 0;
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0)
		if (set_option(j, option, optarg, f) == -1)
			return f->cls == FAULT_DATA ? fault_while(f, "-%c", option) : -1;
	return option;
}

static int add_url(struct job *j, const char *text, struct fault *f)
{
	const struct account *a;

	if (j->nurl == MESSAGES_MAX)
		return fault_set(f, FAULT_USAGE, "more than %d messages", MESSAGES_MAX);
	if (locate(&j->tool, text, &a, &j->url[j->nurl], f) == -1)
		return -1;
	j->nurl++;
	if (j->account != NULL && a != j->account)
		return fault_set(f, FAULT_DATA,
		    "messages of two accounts, %s and %s: forward them one by one",
		    j->account->name, a->name);
	j->account = a;
	if (j->url[j->nurl - 1].uid == 0)
		return fault_set(f, FAULT_DATA,
		    "the URL names no message (a ? in a mailbox is written %%3F): %s", text);
	if (j->url[j->nurl - 1].has_partial)
		return fault_set(
		    f, FAULT_DATA, "only whole messages and parts can be forwarded: %s", text);
	return 0;
}

static int read_urls(struct job *j, struct fault *f)
{
	struct input in;
	char *text;
	int r = 0, added = 0;

	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	while (added == 0 && (r = locate_next(&in, &text, f)) == 1)
		added = add_url(j, text, f);
	input_free(&in);
	return added == 0 ? r : -1;
}

static int read_note(struct job *j, struct fault *f)
{
	char octets[4096];
	size_t n;

	j->what.note = j->note != NULL ? j->note : "";
	if (j->note == NULL || strcmp(j->note, "-") != 0)
		return 0;
	while ((n = fread(octets, 1, sizeof(octets), stdin)) > 0)
		buf_put(&j->note_text, octets, n);
	if (ferror(stdin))
		return fault_errno(f, FAULT_IO, "standard input");
	if (buf_failed(&j->note_text))
		return fault_set(f, FAULT_DATA, "the note is over %d octets", NOTE_MAX);
	if (j->note_text.len > 0 && memchr(j->note_text.data, '\0', j->note_text.len) != NULL)
		return fault_set(f, FAULT_DATA, "the note holds a NUL");
	j->what.note = buf_str(&j->note_text);
	return 0;
}

static int take_arguments(struct job *j, int argc, char **argv, struct fault *f)
{
	bool from_input = argc == 1 && strcmp(argv[0], "-") == 0;

	if (argc == 0)
		return fault_set(f, FAULT_USAGE, "no message to forward: see lm-fwd --help");
	if (j->what.to.n + j->what.cc.n + j->what.bcc.n == 0)
		return fault_set(f, FAULT_USAGE, "nobody to forward to: give -T, -C or -B");
	if (from_input && j->note != NULL && strcmp(j->note, "-") == 0)
		return fault_set(
		    f, FAULT_USAGE, "the note and the URLs cannot both come from standard input");
	j->url = calloc(MESSAGES_MAX, sizeof(*j->url));
	if (j->url == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	if (from_input && read_urls(j, f) == -1)
		return -1;
	for (int i = 0; i < argc && !from_input; i++)
		if (add_url(j, argv[i], f) == -1)
			return -1;
	if (j->nurl == 0)
		return fault_set(f, FAULT_NOINPUT, "no URL on standard input");
	return read_note(j, f);
}

static int take_sender(struct job *j, struct fault *f)
{
	const char *from = j->from != NULL ? j->from : j->account->from;
	size_t pos = 0;

	if (from == NULL)
		return fault_set(f, FAULT_CONFIG, "account %s has no `from`, and there is no -F",
		    j->account->name);
	struct address more;
	int r = address_next(from, strlen(from), &pos, false, &j->what.from, f);

	if (r != 1)
		return r == -1 ? -1
			       : fault_set(f, FAULT_DATA, "the sender is no mailbox: %s", from);
	if (address_next(from, strlen(from), &pos, false, &more, f) != 0)
		return fault_set(f, FAULT_DATA, "more than one sender: %s", from);
	return address_check(j->what.from.spec, false, NULL, f);
}

static int report(struct job *j, const struct forwarding *w, struct fault *f)
{
	struct buf copy;
	struct record_field fields[] = {{"event", "sent", false},
	    {"message-id", w->message.message_id, false},
	    {"strategy", strategy_name(w->strategy), false}, {"copy", NULL, false},
	    {"reply", w->reply, false}};
	int r;

	buf_init(&copy, URL_MAX);
	if (w->copy.uid != 0) {
		url_build(&copy, &w->copy);
		fields[3].value = buf_str(&copy);
	}
	r = tool_record(&j->tool, stdout, fields, sizeof(fields) / sizeof(fields[0]), f);
	buf_free(&copy);
	return r == -1 ? -1 : tool_flush(stdout, f);
}

/* The mail is away: mark the originals, and say so. */
static int settle(struct job *j, struct forwarding *w, struct fault *f)
{
	struct fault mark;

	if (forward_mark(w, j->url, j->nurl, &mark) == -1)
		tool_warn(&j->tool, "sent, but $Forwarded could not be set: %s", mark.msg);
	return report(j, w, f) == -1 ? fault_while(f, "sent, but") : 0;
}

static int send_forward(struct job *j, struct forwarding *w, struct fault *f)
{
	struct fault later;
	enum fault_class cls;
	size_t bad;
	int r;

	w->smtp =
	    smtp_line_open(&j->tool, j->account, SMTP_WANT_BURL | locate_wants(j->account), f);
	if (w->smtp == NULL || forward_choose(w, f) == -1)
		return -1;
	r = forward_send(w, f);
	bad = send_refused(&j->tool, w->rcpt, w->nrcpt, w->sent, &cls);
	if (!w->sent)
		return r;
	if (r == -1) { /* trying again would send it twice */
		f->cls = FAULT_IO;
		settle(j, w, &later);
		return -1;
	}
	if (settle(j, w, f) == -1)
		return -1;
	if (bad > 0)
		return fault_set(f, cls, "sent, but not to %zu of %zu recipients", bad, w->nrcpt);
	return 0;
}

static int forward_all(struct job *j, struct fault *f)
{
	struct forwarding w = {.tool = &j->tool,
	    .account = j->account,
	    .what = &j->what,
	    .strategy = j->strategy,
	    .all_or_none = j->all_or_none};
	int r;

	w.imap = imap_line_open(&j->tool, j->account, false, f);
	if (w.imap == NULL)
		return -1;
	j->what.section = j->section;
	r = compose_forward(w.imap, &j->what, j->url, j->nurl, j->assembly, &w.message, f);
	if (r == 0 && j->assembly) {
		r = assembly_write(&w.message.assembly, STDOUT_FILENO, f);
	} else if (r == 0) {
		r = send_forward(j, &w, f);
	}
	imap_line_close(w.imap);
	smtp_line_close(w.smtp);
	forward_free(&w);
	return r;
}

static void job_free(struct job *j)
{
	addresses_free(&j->what.to);
	addresses_free(&j->what.cc);
	addresses_free(&j->what.bcc);
	for (size_t i = 0; i < j->nurl; i++)
		url_free(&j->url[i]);
	free(j->url);
	buf_free(&j->note_text);
	tool_free(&j->tool);
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {.strategy = STRATEGY_AUTO};
	int code = 0;

	tool_init(&j.tool, "lm-fwd", stderr);
	buf_init(&j.note_text, NOTE_MAX);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished &&
		(take_arguments(&j, argc - optind, argv + optind, &f) == -1 ||
		    take_sender(&j, &f) == -1 || forward_all(&j, &f) == -1)))
		code = tool_fail(&j.tool, &f);
	job_free(&j);
	return code;
}
