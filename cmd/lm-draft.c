/* lm-draft: an assembly becomes a message on the IMAP server. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/draft.h"
#include "app/locate.h"
#include "app/pieces.h"
#include "app/source.h"
#include "base/whole.h"
#include "msg/header.h"

enum { FLAGS_MAX = 64 };
enum { OPT_REPLACE = TOOL_OWN };

static const struct option long_options[] = {
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"replace", required_argument, NULL, OPT_REPLACE},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-draft [-f flag,flag...] [--replace url] [--json]\n"
    "                [-a account] [-c file] [-o keyword=value] [-v] account[/mailbox]\n";

static const struct tool_cli cli = {TOOL_OPTIONS "f:h", long_options, usage, NULL};

struct job {
	struct tool tool;
	const char *flag[FLAGS_MAX];
	size_t nflag;
	char *flags; /* what `flag` points into */
	const char *replace;
	const struct account *account;
	struct imap_line *line;
	struct assembly assembly;
	char message_id[512];
};

/* "draft,seen" or "\\Draft,$Work": the system flags may be written without their backslash. */
static int parse_flags(struct job *j, const char *text, struct fault *f)
{
	static const char *const system[] = {
	    "\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen"};
	char *save = NULL;

	free(j->flags);
	j->nflag = 0;
	j->flags = strdup(text);
	if (j->flags == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (char *p = strtok_r(j->flags, ", ", &save); p != NULL;
	     p = strtok_r(NULL, ", ", &save)) {
		if (j->nflag == FLAGS_MAX)
			return fault_set(f, FAULT_USAGE, "more than %d flags", FLAGS_MAX);
		j->flag[j->nflag] = p;
		for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
			if (strcasecmp(p, system[i] + 1) == 0)
				j->flag[j->nflag] = system[i];
		j->nflag++;
	}
	return 0;
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	if (parse_flags(j, "draft,seen", f) == -1)
		return -1;
	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0) {
		if (option == OPT_REPLACE)
			j->replace = optarg;
		else if (parse_flags(j, optarg, f) == -1)
			return -1;
	}
	return option;
}

/* Standard input in a file that can be looked at twice. */
static int spool_input(struct fault *f)
{
	char octets[65536];
	int fd = assembly_spool(f);
	ssize_t n;

	while (fd != -1 && (n = read(STDIN_FILENO, octets, sizeof(octets))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || write_whole(fd, octets, (size_t)n) == -1) {
			fault_errno(f, FAULT_IO, "standard input to a temporary file");
			close(fd);
			return -1;
		}
	}
	if (fd != -1)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static bool looks_like_assembly(int fd)
{
	char head[8];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 && assembly_is(head, (size_t)n);
}

static int read_message(struct job *j, int in, struct fault *f)
{
	int fd = assembly_spool(f);
	enum content content;
	uint64_t octets;

	if (fd == -1)
		return -1;
	if (assembly_normalise(in, fd, false, &octets, &content, f) == -1) {
		close(fd);
		return -1;
	}
	if (octets == 0) {
		close(fd);
		return fault_set(f, FAULT_DATA, "an empty message");
	}
	assembly_init(&j->assembly);
	return assembly_adopt(&j->assembly, fd, octets, f);
}

static void find_message_id(struct job *j)
{
	struct fault ignored;
	struct buf head, id;
	struct field field;

	buf_init(&head, HEADER_SECTION_MAX);
	buf_init(&id, sizeof(j->message_id) - 1);
	if (assembly_head(&j->assembly, &head, HEADER_SECTION_MAX, &ignored) == 0) {
		struct header h = {
		    .text = buf_str(&head), .len = header_length(buf_str(&head), head.len)};

		if (header_find(&h, "Message-ID", &field))
			field_unfold(&id, &field);
	}
	snprintf(j->message_id, sizeof(j->message_id), "%s", buf_str(&id));
	buf_free(&head);
	buf_free(&id);
}

static int read_input(struct job *j, struct fault *f)
{
	int in = spool_input(f), r;

	if (in == -1)
		return -1;
	if (looks_like_assembly(in)) {
		r = assembly_read(&j->assembly, in, f);
		if (r == 0 && j->assembly.fd == in) {
			j->assembly.own_fd = true;
			in = -1;
		}
	} else {
		r = read_message(j, in, f);
	}
	if (in != -1)
		close(in);
	if (r == 0)
		find_message_id(j);
	return r;
}

/* It must be of this account's server. */
static int gather_url(struct job *j, struct pieces *p, struct piece *piece, struct fault *f)
{
	const struct account *a;
	struct url u;

	if (locate(&j->tool, piece->name, &a, &u, f) == -1)
		return -1;
	if (!line_same_store(a, j->account)) {
		url_free(&u);
		return fault_set(f, FAULT_DATA, "a URL of another server or user: %s", piece->name);
	}
	pieces_put(p, piece, &u, NULL);
	return 0;
}

/* And all must be there. */
static int look_at_urls(struct job *j, struct fault *f)
{
	struct pieces p;
	int r = pieces_init(&p, &j->assembly, f);

	for (size_t i = 0; i < j->assembly.n && r == 0; i++)
		if (j->assembly.piece[i].kind == PIECE_URL)
			r = gather_url(j, &p, &j->assembly.piece[i], f);
	if (r == 0)
		r = pieces_look(&p, j->line, false, f);
	pieces_free(&p);
	return r;
}

static int print_url(struct job *j, const struct url *u, struct fault *f)
{
	struct buf b;
	struct record_field field = {"url", NULL, false};
	int r;

	buf_init(&b, URL_MAX);
	if (u->uid != 0) {
		url_build(&b, u);
		field.value = buf_str(&b);
	}
	r = tool_record(&j->tool, stdout, &field, 1, f);
	buf_free(&b);
	return r == -1 ? -1 : tool_flush(stdout, f);
}

/* The earlier draft goes when the new one is safe. */
static int remove_replaced(struct job *j, const struct url *old, struct fault *f)
{
	if (j->replace == NULL)
		return 0;
	if (draft_remove(j->line, old, f) == -1)
		return fault_while(f, "the new draft is made, but the earlier one is still there");
	return 0;
}

static int look_at_replaced(struct job *j, struct url *old, struct fault *f)
{
	const struct account *a;
	struct source s = {0};

	if (j->replace == NULL)
		return 0;
	if (locate(&j->tool, j->replace, &a, old, f) == -1)
		return -1;
	if (!line_same_store(a, j->account))
		return fault_set(f, FAULT_DATA, "a URL of another account: %s", j->replace);
	if (old->section != NULL)
		return fault_set(
		    f, FAULT_DATA, "only a whole message can be replaced: %s", j->replace);
	if (source_look(j->line, old, &s, f) == -1)
		return -1;
	source_free(&s);
	return 0;
}

static int make(struct job *j, const char *mailbox, struct fault *f)
{
	struct draft d = {.mailbox = mailbox,
	    .flag = j->flag,
	    .nflag = j->nflag,
	    .assembly = &j->assembly,
	    .message_id = *j->message_id != '\0' ? j->message_id : NULL};
	struct url made = {0}, old = {0};
	int r = look_at_replaced(j, &old, f);

	if (r == 0)
		r = draft_make(&j->tool, &j->line, &d, &made, f);
	if (r == 0) {
		r = print_url(j, &made, f);
		if (r == 0)
			r = remove_replaced(j, &old, f);
	}
	url_free(&made);
	url_free(&old);
	return r;
}

static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	struct buf mailbox;
	struct url u;
	int r = -1;

	if (argc != 1)
		return fault_set(f, FAULT_USAGE, "one mailbox, please: see lm-draft --help");
	if (locate(&j->tool, argv[0], &j->account, &u, f) == -1)
		return -1;
	buf_init(&mailbox, URL_MAX);
	if (u.uid != 0)
		fault_set(f, FAULT_USAGE, "a mailbox is wanted, not a message: %s", argv[0]);
	else if (read_input(j, f) == 0 &&
	    (j->line = imap_line_open(&j->tool, j->account, false, f)) != NULL &&
	    look_at_urls(j, f) == 0)
		r = draft_special(j->line, u.mailbox != NULL ? u.mailbox : j->account->drafts,
		    "\\Drafts", "Drafts", &mailbox, f);
	if (r == 0)
		r = make(j, buf_str(&mailbox), f);
	buf_free(&mailbox);
	url_free(&u);
	return r;
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code = 0;

	tool_init(&j.tool, "lm-draft", stderr);
	assembly_init(&j.assembly);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && work(&j, argc - optind, argv + optind, &f) == -1))
		code = tool_fail(&j.tool, &f);
	imap_line_close(j.line);
	assembly_free(&j.assembly);
	free(j.flags);
	tool_free(&j.tool);
	return code;
}
