/* lm-submit: hands a message to the submission server, sendmail style. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/outgoing.h"
#include "app/pieces.h"
#include "app/send.h"
#include "base/enc.h"
#include "msg/header.h"

enum { OPT_ASSEMBLY = TOOL_OWN, OPT_BURL, OPT_ALL_OR_NONE };

static const struct option long_options[] = {
    {"all-or-none", no_argument, NULL, OPT_ALL_OR_NONE},
    {"assembly", no_argument, NULL, OPT_ASSEMBLY},
    {"burl", required_argument, NULL, OPT_BURL},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-submit [-t] [-i] [-f from] [-F name] [-N notify] [-R full|hdrs] [-V envid]\n"
    "                 [--assembly | --burl url] [--all-or-none] [--json]\n"
    "                 [-a account] [-c file] [-o keyword=value] [-v] [recipient...]\n";

static const char letters[] = TOOL_OPTIONS "tif:r:F:N:R:V:A:b:B:d:e:h:L:mO:p:q::X:nGU";

/* -h (hops) is sendmail's, and -o as well where its value has no "=". */
static const struct tool_cli cli = {letters, long_options, usage, "ho"};

struct job {
	struct tool tool;
	struct outgoing out;
	const char *from, *name, *notify, *ret, *envid, *burl;
	bool headers, dots, assembly, all_or_none;
	const struct account *account;
	struct address author; /* what From says when the message has none */
	char sender[ADDRESS_MAX + 1];
	struct smtp_envelope envelope;
	bool eight, binary; /* of what stays on the server */
	uint64_t octets;    /* of it; 0: not known */
	bool unknown_size;
	struct imap_line *imap; /* when URLs had to be looked at */
	struct buf fetched;     /* the header of the message that --burl names */
};

/* Options of sendmail(8) that change nothing here; those that would are refused. */
static int sendmail_option(struct job *j, int option, const char *arg, struct fault *f)
{
	switch (option) {
	case 'b':
		if (strcmp(arg, "m") == 0)
			return 0;
		return fault_set(f, FAULT_USAGE, "-b%s: only -bm is understood", arg);
	case 'B':
		return 0; /* the message itself shows what body type it needs */
	case 'o':
		if (strchr(arg, '=') != NULL)
			return tool_option(&j->tool, 'o', arg, f);
		if (strcmp(arg, "i") == 0)
			j->dots = true;
		return 0;
	default: /* -e -L -m -O -q -X and the like: manners of a local queue */
		return 0;
	}
}

static int check_notify(const char *arg, struct fault *f)
{
	const char *p = arg;

	if (strcasecmp(arg, "never") == 0)
		return 0;
	while (*p != '\0') {
		size_t n = strcspn(p, ",");

		if (!(n == 7 && strncasecmp(p, "success", 7) == 0) &&
		    !(n == 7 && strncasecmp(p, "failure", 7) == 0) &&
		    !(n == 5 && strncasecmp(p, "delay", 5) == 0))
			return fault_set(f, FAULT_USAGE,
			    "-N takes never, or success, failure and delay with commas between: %s",
			    arg);
		p += n;
		if (*p == ',' && *++p == '\0')
			return fault_set(f, FAULT_USAGE, "-N ends in a comma: %s", arg);
	}
	return *arg == '\0' ? fault_set(f, FAULT_USAGE, "-N is empty") : 0;
}

static int set_option(struct job *j, int option, char *arg, struct fault *f)
{
	switch (option) {
	case 't':
		j->headers = true;
		return 0;
	case 'i':
		j->dots = true;
		return 0;
	case 'f':
	case 'r':
		j->from = arg;
		return 0;
	case 'F':
		j->name = arg;
		return 0;
	case 'N':
		j->notify = arg;
		return check_notify(arg, f);
	case 'R':
		if (strcasecmp(arg, "full") != 0 && strcasecmp(arg, "hdrs") != 0)
			return fault_set(f, FAULT_USAGE, "-R takes full or hdrs: %s", arg);
		j->ret = strcasecmp(arg, "full") == 0 ? "FULL" : "HDRS";
		return 0;
	case 'V':
		j->envid = arg;
		for (const char *p = arg; *p != '\0'; p++)
			if (*p < 0x20 || *p > 0x7e)
				return fault_set(
				    f, FAULT_DATA, "-V takes printable ASCII: %s", arg);
		return 0;
	case OPT_ASSEMBLY:
		j->assembly = true;
		return 0;
	case OPT_BURL:
		j->burl = arg;
		return 0;
	case OPT_ALL_OR_NONE:
		j->all_or_none = true;
		return 0;
	default:
		return sendmail_option(j, option, arg, f);
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

/* The one URL on standard input. */
static int read_url(struct job *j, struct fault *f)
{
	struct input in;
	char *text;
	int r = 0, found = 0;

	if (strcmp(j->burl, "-") != 0)
		return outgoing_url(&j->out, j->burl, f);
	input_init(&in, STDIN_FILENO, INPUT_LINE_MAX);
	while (found >= 0 && (r = locate_next(&in, &text, f)) == 1)
		if (found++ > 0)
			found = fault_set(
			    f, FAULT_DATA, "more than one URL on standard input: a message is one");
		else if (outgoing_url(&j->out, text, f) == -1)
			found = -1;
	input_free(&in);
	if (found == -1 || r == -1)
		return -1;
	return found == 1 ? 0 : fault_set(f, FAULT_NOINPUT, "no URL on standard input");
}

static int read_input(struct job *j, struct fault *f)
{
	if (j->burl != NULL)
		return read_url(j, f);
	if (j->assembly)
		return outgoing_assembly(&j->out, STDIN_FILENO, f);
	return outgoing_message(&j->out, STDIN_FILENO, !j->dots, f);
}

/* By -a; else by the author's address, else by -f; else the first of the configuration. */
static int choose_account(struct job *j, struct fault *f)
{
	char author[ADDRESS_MAX + 1];

	if (tool_config(&j->tool, f) == -1)
		return -1;
	outgoing_author(&j->out, author, sizeof(author));
	if (j->tool.account == NULL && *author != '\0')
		j->account = config_by_address(j->tool.config, author);
	if (j->tool.account == NULL && j->account == NULL && j->from != NULL)
		j->account = config_by_address(j->tool.config, j->from);
	if (j->account == NULL)
		j->account = locate_account(&j->tool, NULL, f);
	if (j->account == NULL)
		return -1;
	tool_note(&j->tool, "account %s", j->account->name);
	return 0;
}

static int one_address(const char *text, bool bare, struct address *out, struct fault *f)
{
	size_t pos = 0;
	int r = address_next(text, strlen(text), &pos, bare, out, f);

	struct address more;

	if (r == 1 && address_check(out->spec, bare, NULL, f) == -1)
		return -1;
	if (r == 1 && address_next(text, strlen(text), &pos, bare, &more, f) != 0)
		return fault_set(f, FAULT_DATA, "more than one mailbox: %s", text);
	if (r == 1)
		return 0;
	return r == 0 ? fault_set(f, FAULT_DATA, "no mailbox: %s", text) : -1;
}

/* The envelope's sender: -f ("" and "<>" too), else the account's. From for a message that has none: the account's, with the name of -F. */
static int choose_sender(struct job *j, struct fault *f)
{
	struct address sender = {0};

	if (j->account->from != NULL) {
		if (one_address(j->account->from, false, &j->author, f) == -1)
			return -1;
	} else if (j->from == NULL || *j->from == '\0') {
		return fault_set(f, FAULT_CONFIG, "account %s has no `from`, and there is no -f",
		    j->account->name);
	}
	if (j->from == NULL)
		sender = j->author;
	else if (*j->from != '\0' && strcmp(j->from, "<>") != 0 &&
	    one_address(j->from, true, &sender, f) == -1)
		return fault_while(f, "-f");
	if (j->account->from == NULL)
		j->author = sender;
	if (j->from != NULL && sender.spec[0] != '\0' && strchr(sender.spec, '@') == NULL) {
		tool_note(
		    &j->tool, "the sender %s has no domain: %s it is", sender.spec, j->author.spec);
		sender = j->author; /* a local user name of cron's and the like */
	}
	if (j->name != NULL)
		snprintf(j->author.name, sizeof(j->author.name), "%s", j->name);
	snprintf(j->sender, sizeof(j->sender), "%s", sender.spec);
	return 0;
}

/* The account that a URL belongs to: not always the one that submits. */
static int locate_owner(
    struct job *j, const char *text, const struct account **a, struct url *u, struct fault *f)
{
	const char *chosen = j->tool.account;
	struct fault first = {0};
	int r = locate(&j->tool, text, a, u, &first);

	if (r == -1 && chosen != NULL) {
		j->tool.account = NULL;
		r = locate(&j->tool, text, a, u, f);
		j->tool.account = chosen;
	}
	if (r == -1)
		*f = first;
	return r;
}

static int open_owner(struct job *j, const struct account *a, const char *text, struct fault *f)
{
	if (j->imap == NULL)
		j->imap = imap_line_open(&j->tool, a, false, f);
	if (j->imap == NULL)
		return -1;
	if (!line_same_store(j->imap->account, a))
		return fault_set(f, FAULT_DATA, "an assembly with URLs of two accounts: %s", text);
	return 0;
}

/* A URL is looked at over the IMAP account that it belongs to. No such account: its size stays unknown, and the server is asked to judge. */
static int gather_url(struct job *j, struct pieces *p, struct piece *piece, struct fault *f)
{
	const struct account *a;
	struct fault nobody = {0};
	struct url u;

	if (locate_owner(j, piece->name, &a, &u, &nobody) == -1) {
		if (strncasecmp(piece->name, "imap://", 7) != 0) {
			*f = nobody;
			return -1;
		}
		tool_note(&j->tool, "%s: its size is not known", nobody.msg);
		j->unknown_size = true;
		return 0;
	}
	if (open_owner(j, a, piece->name, f) == -1) {
		url_free(&u);
		return -1;
	}
	pieces_put(p, piece, &u, piece == j->out.assembly.piece ? &j->fetched : NULL);
	return 0;
}

static int look_at_urls(struct job *j, struct fault *f)
{
	struct assembly *a = &j->out.assembly;
	struct pieces p;
	int r = pieces_init(&p, a, f);

	for (size_t i = 0; i < a->n && r == 0; i++)
		if (a->piece[i].kind == PIECE_URL)
			r = gather_url(j, &p, &a->piece[i], f);
	if (r == 0)
		r = pieces_look(&p, j->imap, true, f);
	for (size_t i = 0; i < p.n && r == 0; i++) {
		j->eight = j->eight || p.source[i].eight;
		j->binary = j->binary || p.source[i].binary;
	}
	pieces_free(&p);
	return r;
}

/* Nothing can be taken out of a message that begins on the server: a Bcc in its header would reach everybody. */
static int check_fetched(const struct job *j, struct fault *f)
{
	struct header h = {.text = j->fetched.data, .len = j->fetched.len};
	struct field field;

	if (j->fetched.len > 0 &&
	    (header_find(&h, "Bcc", &field) || header_find(&h, "Resent-Bcc", &field)))
		return fault_set(f, FAULT_DATA,
		    "the message on the server has a Bcc field, and it would be sent to everybody");
	return 0;
}

static int fetched_recipients(struct job *j, const char *domain, struct fault *f)
{
	struct header h = {.text = buf_str(&j->fetched), .len = j->fetched.len};

	if (j->fetched.len == 0)
		return fault_set(f, FAULT_USAGE, "-t needs an account that has the URL's server");
	return outgoing_recipients(&j->out, &h, domain, f);
}

static int choose_recipients(struct job *j, int argc, char **argv, struct fault *f)
{
	const char *at = strrchr(j->author.spec, '@');
	const char *domain = at != NULL ? at + 1 : NULL;
	struct header h = {.text = buf_str(&j->out.header), .len = j->out.header.len};

	for (int i = 0; i < argc; i++)
		if (outgoing_recipient(&j->out, argv[i], domain, f) == -1)
			return -1;
	if (j->headers && j->burl != NULL) {
		if (fetched_recipients(j, domain, f) == -1)
			return -1;
	} else if (j->headers) {
		if (!j->out.complete_header)
			return fault_set(f, FAULT_DATA,
			    "-t: the header of the assembly is not all in its first texts");
		if (outgoing_recipients(&j->out, &h, domain, f) == -1)
			return -1;
	}
	if (j->out.rcpt.n == 0)
		return fault_set(f, FAULT_USAGE, "no recipients");
	return 0;
}

static int make_envelope(struct job *j, const struct smtp_caps *caps, struct fault *f)
{
	struct smtp_envelope *e = &j->envelope;
	enum content content = j->out.content;

	*e = (struct smtp_envelope){.from = j->sender,
	    .ret = j->ret,
	    .envid = j->envid,
	    .size = j->unknown_size ? 0 : assembly_size(&j->out.assembly),
	    .nrcpt = j->out.rcpt.n,
	    .all_or_none = j->all_or_none,
	    .smtputf8 = !enc_is_ascii(j->sender)};
	e->rcpt = calloc(e->nrcpt, sizeof(*e->rcpt));
	if (e->rcpt == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (size_t i = 0; i < e->nrcpt; i++) {
		e->rcpt[i].address = j->out.rcpt.a[i].spec;
		e->rcpt[i].notify = j->notify;
		e->rcpt[i].orcpt = j->notify != NULL ? e->rcpt[i].address : NULL;
		e->smtputf8 = e->smtputf8 || !enc_is_ascii(e->rcpt[i].address);
	}
	if (content == CONTENT_BINARY || j->binary)
		e->body = SMTP_BINARYMIME;
	else if (content == CONTENT_8BIT || j->eight || (j->out.has_url && caps->eightbitmime))
		e->body = SMTP_8BITMIME;
	return 0;
}

/* What became of a recipient. */
static const char *event_of(const struct smtp_rcpt *r, bool sent)
{
	if (r->code >= 400)
		return "refused";
	return sent && r->code >= 200 ? "accepted" : "not-sent";
}

static int report(struct job *j, bool sent, struct fault *f)
{
	for (size_t i = 0; i < j->envelope.nrcpt && j->tool.json; i++) {
		const struct smtp_rcpt *r = &j->envelope.rcpt[i];
		char code[16];
		struct record_field fields[] = {{"event", event_of(r, sent), false},
		    {"recipient", r->address, false}, {"code", code, true},
		    {"reply", r->reply, false}};

		snprintf(code, sizeof(code), "%d", r->code);
		if (tool_record(&j->tool, stdout, fields, 4, f) == -1)
			return -1;
	}
	return tool_flush(stdout, f);
}

/* BURL is the first choice for URLs; where an assembly's server has none the octets are relayed. */
static struct imap_line *relay_line(struct job *j, const struct smtp_caps *caps)
{
	if (!j->out.has_url || j->burl != NULL || (caps->burl && caps->burl_imap))
		return NULL;
	if (j->imap != NULL)
		tool_note(&j->tool, "no BURL: the octets are relayed from the IMAP server");
	return j->imap;
}

/* BURL takes authorised URLs only, and says less clearly why. */
static int check_authorised(const struct job *j, struct fault *f)
{
	for (size_t i = 0; i < j->out.assembly.n; i++) {
		const struct piece *p = &j->out.assembly.piece[i];
		struct url u;
		bool authorised;

		if (p->kind != PIECE_URL)
			continue;
		if (url_parse(&u, p->name, strlen(p->name), f) == -1)
			return -1;
		authorised = u.token != NULL;
		url_free(&u);
		if (!authorised)
			return fault_set(
			    f, FAULT_DATA, "not an authorised URL, see lm-genurl(1): %s", p->name);
	}
	return 0;
}

static int send_it(
    struct job *j, struct smtp_line *l, char *reply, size_t replylen, struct fault *f)
{
	const struct smtp_caps *caps = smtp_caps(l->smtp);
	struct imap_line *relay = relay_line(j, caps);
	enum smtp_outcome outcome;

	if (make_envelope(j, caps, f) == -1 ||
	    (relay == NULL && caps->burl && check_authorised(j, f) == -1))
		return -1;
	return send_assembly(
	    l, &j->envelope, &j->out.assembly, relay, &outcome, reply, replylen, f);
}

static int submit(struct job *j, struct fault *f)
{
	unsigned want = (j->out.has_url ? SMTP_WANT_BURL : 0) |
	    (j->notify != NULL || j->ret != NULL || j->envid != NULL ? SMTP_WANT_DSN : 0) |
	    (j->out.content == CONTENT_BINARY || j->binary ? SMTP_WANT_BINARYMIME : 0);
	struct smtp_line *l = smtp_line_open(&j->tool, j->account, want, f);
	enum fault_class cls;
	char reply[256] = "";
	int r;

	if (l == NULL)
		return -1;
	r = send_it(j, l, reply, sizeof(reply), f);
	smtp_line_close(l);
	size_t bad = send_refused(&j->tool, j->envelope.rcpt, j->envelope.nrcpt, r == 0, &cls);
	if (r == -1) {
		struct fault output;

		report(j, false, &output);
		return -1;
	}
	tool_note(&j->tool, "accepted: %s", reply);
	if (report(j, true, f) == -1)
		return fault_while(f, "sent, but");
	if (bad > 0)
		return fault_set(
		    f, cls, "sent, but not to %zu of %zu recipients", bad, j->envelope.nrcpt);
	return 0;
}

static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	if (j->assembly && j->burl != NULL)
		return fault_set(f, FAULT_USAGE, "--assembly and --burl exclude each other");
	if (read_input(j, f) == -1 || choose_account(j, f) == -1 || choose_sender(j, f) == -1 ||
	    look_at_urls(j, f) == -1 || check_fetched(j, f) == -1 ||
	    choose_recipients(j, argc, argv, f) == -1)
		return -1;
	if (j->burl == NULL &&
	    (outgoing_complete(&j->out, &j->author, f) == -1 || outgoing_seal(&j->out, f) == -1 ||
		outgoing_scan(&j->out, f) == -1))
		return -1;
	return submit(j, f);
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code = 0;

	tool_init(&j.tool, "lm-submit", stderr);
	outgoing_init(&j.out);
	buf_init(&j.fetched, HEADER_SECTION_MAX);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && work(&j, argc - optind, argv + optind, &f) == -1))
		code = tool_fail(&j.tool, &f);
	imap_line_close(j.imap);
	outgoing_free(&j.out);
	free(j.envelope.rcpt);
	buf_free(&j.fetched);
	tool_free(&j.tool);
	return code;
}
