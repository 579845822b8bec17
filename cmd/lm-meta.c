/* lm-meta: what is noted with a mailbox or a server (METADATA). */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/meta.h"
#include "base/enc.h"
#include "base/num.h"

enum {
	PIECE =
	    4080, /* octets of a value that are made safe at once: a multiple of 3, for base64 */
	PIECE_TEXT_MAX = 8 * PIECE,
};

enum { OPT_DELETE = 256, OPT_JSON, OPT_RAW, OPT_VERSION };

static const struct option long_options[] = {
    {"delete", no_argument, NULL, OPT_DELETE},
    {"depth", required_argument, NULL, 'd'},
    {"help", no_argument, NULL, 'h'},
    {"json", no_argument, NULL, OPT_JSON},
    {"max-size", required_argument, NULL, 'm'},
    {"raw", no_argument, NULL, OPT_RAW},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-meta [-d depth] [-m size] [--json] [common options] account[/mailbox] [entry]\n"
    "       lm-meta [-m size] --raw [common options] account[/mailbox] entry\n"
    "       lm-meta [common options] account[/mailbox] entry value|-\n"
    "       lm-meta --delete [common options] account[/mailbox] entry\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

struct job {
	struct tool tool;
	bool delete, raw, finished;
	bool has_depth, has_maxsize;
	enum meta_depth depth;
	uint32_t maxsize;
	const char *target; /* as given, for messages */
	const char *entry;  /* NULL: all of them */
	bool has_value;
	struct buf value;
	const struct account *account;
	struct url url;
	struct imap_line *line;
	struct buf text; /* the URL for output */
	size_t found;
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
	case OPT_JSON:
		j->tool.json = true;
		return 0;
	case OPT_RAW:
		j->raw = true;
		return 0;
	default:
		return tool_option(&j->tool, option, arg, f);
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, TOOL_OPTIONS "d:m:h", long_options, NULL)) != -1) {
		if (option == '?')
			return tool_bad_option(&j->tool, argv[optind - 1], optopt, f);
		if (option == 'h' || option == OPT_VERSION) {
			fputs(option == 'h' ? usage : "lm-meta " LM_VERSION "\n", stdout);
			j->finished = true;
			return tool_flush(stdout, f);
		}
		if (set_option(j, option, optarg, f) == -1)
			return -1;
	}
	return 0;
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
	j->target = argv[0];
	j->entry = argc > 1 ? argv[1] : NULL;
	j->has_value = argc > 2;
	if (j->entry == NULL && !j->has_depth)
		j->depth = META_BELOW;
	if (check_options(j, f) == -1)
		return -1;
	if (!j->has_value)
		return 0;
	return strcmp(argv[2], "-") == 0 ? take_input(j, f) : take_argument(j, argv[2], f);
}

/* ---- output */

/* The next piece of a value, in whole characters where it has any. */
static size_t next_piece(const char *s, size_t n)
{
	size_t len = PIECE;

	if (n <= PIECE)
		return n;
	for (int i = 0; i < 3 && ((unsigned char)s[len] & 0xc0) == 0x80; i++)
		len--;
	return len;
}

static int put(const char *s, size_t n, struct fault *f)
{
	return fwrite(s, 1, n, stdout) == n ? 0 : fault_errno(f, FAULT_IO, "standard output");
}

enum form { FORM_SAFE, FORM_JSON, FORM_BASE64 };

/* A value may be as large as memory may be in all, so it goes out in pieces. */
static int put_value(const struct meta_value *v, enum form form, struct fault *f)
{
	const char *s = v->value;
	size_t n = v->len;
	struct buf b;
	int r = 0;

	buf_init(&b, PIECE_TEXT_MAX);
	while (n > 0 && r == 0) {
		size_t len = form != FORM_BASE64 ? next_piece(s, n) : n < PIECE ? n : PIECE;

		buf_reset(&b);
		if (form == FORM_SAFE)
			enc_safe(&b, s, len);
		else if (form == FORM_JSON)
			enc_json(&b, s, len);
		else
			enc_base64(&b, s, len);
		/* The quotes around a JSON string are around all of it, not around a piece. */
		if (buf_failed(&b))
			r = fault_set(f, FAULT_TEMP, "out of memory");
		else if (form == FORM_JSON)
			r = put(b.data + 1, b.len - 2, f);
		else
			r = put(b.data, b.len, f);
		s += len;
		n -= len;
	}
	buf_free(&b);
	return r;
}

static int put_lines(struct job *j, const struct meta_value *v, struct fault *f)
{
	struct meta_value name = {.value = v->entry, .len = strlen(v->entry)};

	if (put(j->text.data, j->text.len, f) == -1 || put("\t", 1, f) == -1 ||
	    put_value(&name, FORM_SAFE, f) == -1 || put("\t", 1, f) == -1 ||
	    put_value(v, FORM_SAFE, f) == -1)
		return -1;
	return put("\n", 1, f);
}

/* {"url":...,"entry":...,"value":...}; octets that are no UTF-8 stand as "base64". */
static int put_object(struct job *j, const struct meta_value *v, struct fault *f)
{
	bool text = enc_is_utf8(v->value, v->len);
	struct buf b;
	int r;

	buf_init(&b, 8 * URL_MAX + 8 * (size_t)RESPONSE_ATOM_MAX);
	buf_puts(&b, "{\"url\":");
	enc_json(&b, j->text.data, j->text.len);
	buf_puts(&b, ",\"entry\":");
	enc_json(&b, v->entry, strlen(v->entry));
	buf_puts(&b, text ? ",\"value\":\"" : ",\"base64\":\"");
	r = buf_failed(&b) ? fault_set(f, FAULT_PROTOCOL, "the name of an entry is too long")
			   : put(b.data, b.len, f);
	buf_free(&b);
	if (r == -1 || put_value(v, text ? FORM_JSON : FORM_BASE64, f) == -1)
		return -1;
	return put("\"}\n", 3, f);
}

/* The URL of what has the entries, with the UIDVALIDITY that it has now. */
static int make_url(struct job *j, uint32_t uidvalidity, struct fault *f)
{
	if (j->text.len > 0)
		return 0;
	j->url.uidvalidity = uidvalidity;
	url_build(&j->text, &j->url);
	return buf_failed(&j->text) ? fault_set(f, FAULT_DATA, "a URL over %d octets", URL_MAX) : 0;
}

static int show(
    struct job *j, const struct meta_query *q, const struct meta_value *v, struct fault *f)
{
	if (v->value == NULL || (j->raw && j->found > 0))
		return 0;
	j->found++;
	if (j->raw)
		return put(v->value, v->len, f);
	if (make_url(j, q->uidvalidity, f) == -1)
		return -1;
	return j->tool.json ? put_object(j, v, f) : put_lines(j, v, f);
}

/* ---- the work */

static int locate_target(struct job *j, struct fault *f)
{
	if (locate(&j->tool, j->target, &j->account, &j->url, f) == -1)
		return -1;
	if (j->url.uid != 0 || j->url.search != NULL || j->url.token != NULL)
		return fault_set(
		    f, FAULT_USAGE, "entries belong to a mailbox or a server, not to messages");
	return 0;
}

/* What came of it, when all that came has been shown. */
static int judge(const struct job *j, const struct meta_query *q, struct fault *f)
{
	if (q->longest > 0)
		return fault_set(f, FAULT_DATA,
		    "values over %u octets are left out; the largest has %llu%s", q->maxsize,
		    (unsigned long long)q->longest,
		    q->longest <= META_SIZE_MAX ? ": see -m"
						: ", which is more than lm-meta takes");
	if (j->found == 0 && j->entry != NULL && j->depth == META_HERE)
		return fault_set(f, FAULT_DATA, "no such entry: %s", j->entry);
	return 0;
}

/* Many values may be more than a response may be, though each is not. */
static void hint(struct fault *f)
{
	struct fault was = *f;

	fault_set(f, was.cls, "%s (-m, or one entry, asks for less)", was.msg);
}

static int ask(
    struct job *j, const char *const *entry, size_t n, struct meta_query *q, struct fault *f)
{
	struct meta_value v;
	int r;

	*q = (struct meta_query){.mailbox = j->url.mailbox,
	    .entry = entry,
	    .n = n,
	    .depth = j->depth,
	    .maxsize = j->maxsize,
	    .uidvalidity = j->url.uidvalidity};
	if (meta_ask(j->line, q, f) == -1)
		return -1;
	while ((r = meta_next(j->line, q, &v, f)) == 1)
		if (show(j, q, &v, f) == -1)
			return -1;
	if (r == -1 && f->cls == FAULT_PROTOCOL && (n > 1 || j->depth != META_HERE))
		hint(f);
	return r;
}

/* Servers have been seen that show nothing of their own below the roots, but do below what the RFC puts there. */
static int get(struct job *j, struct fault *f)
{
	static const char *const all[] = {"/private", "/shared"};
	static const char *const below[] = {"/private/comment", "/private/vendor",
	    "/shared/comment", "/shared/admin", "/shared/vendor"};
	struct meta_query q;
	int r;

	if (j->entry != NULL)
		r = ask(j, &j->entry, 1, &q, f);
	else
		r = ask(j, all, sizeof(all) / sizeof(all[0]), &q, f);
	if (r == 0 && j->entry == NULL && j->url.mailbox == NULL && j->found == 0 &&
	    q.longest == 0 && j->depth != META_HERE) {
		tool_note(&j->tool, "nothing below /private and /shared: asking further down");
		r = ask(j, below, sizeof(below) / sizeof(below[0]), &q, f);
	}
	/* Even when there is no more to come, what came is shown. */
	struct fault ignored;
	if (tool_flush(stdout, r == -1 ? &ignored : f) == -1 || r == -1)
		return -1;
	return judge(j, &q, f);
}

static int change(struct job *j, struct fault *f)
{
	const char *value = j->has_value ? buf_str(&j->value) : NULL;

	return meta_set(
	    j->line, j->url.mailbox, j->url.uidvalidity, j->entry, value, j->value.len, f);
}

static int work(struct job *j, struct fault *f)
{
	int r;

	if (locate_target(j, f) == -1)
		return -1;
	j->line = imap_line_open(&j->tool, j->account, false, f);
	if (j->line == NULL)
		return -1;
	r = meta_offered(j->line, j->url.mailbox, f);
	if (r == 0)
		r = j->has_value || j->delete ? change(j, f) : get(j, f);
	return r == -1 ? fault_while(f, "%s", j->target) : 0;
}

static int run(struct job *j, int argc, char **argv, struct fault *f)
{
	if (parse_options(j, argc, argv, f) == -1)
		return -1;
	if (j->finished)
		return 0;
	if (take_operands(j, argc - optind, argv + optind, f) == -1)
		return -1;
	return work(j, f);
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {.maxsize = META_SIZE_MAX};
	int code = 0;

	signal(SIGPIPE, SIG_IGN);
	tool_init(&j.tool, "lm-meta", stderr);
	buf_init(&j.value, META_VALUE_MAX);
	buf_init(&j.text, URL_MAX);
	if (run(&j, argc, argv, &f) == -1)
		code = tool_fail(&j.tool, &f);
	imap_line_close(j.line);
	url_free(&j.url);
	buf_free(&j.value);
	buf_free(&j.text);
	tool_free(&j.tool);
	return code;
}
