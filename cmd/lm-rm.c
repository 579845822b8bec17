/* lm-rm: messages into the trash, or away for good. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/draft.h"
#include "app/lines.h"
#include "app/transfer.h"
#include "app/urls.h"

enum { OPT_CREATE = TOOL_OWN, OPT_EXPUNGE };

static const struct option long_options[] = {
    {"create", no_argument, NULL, OPT_CREATE},
    {"expunge", no_argument, NULL, OPT_EXPUNGE},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-rm [--expunge | --create] [--json]\n"
    "             [-a account] [-c file] [-o keyword=value] [-v] [url... | -]\n";

static const struct tool_cli cli = {TOOL_OPTIONS "h", long_options, usage, NULL};

struct job {
	struct tool tool;
	struct lines lines;
	struct transfer transfer;
	bool expunge;
};

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0) {
		if (option == OPT_CREATE)
			j->transfer.create = true;
		else
			j->expunge = true;
	}
	return option;
}

static char *trash_of(struct imap_line *l, struct fault *f)
{
	struct buf name;
	char *trash = NULL;

	buf_init(&name, URL_MAX);
	if (draft_special(l, l->account->trash, "\\Trash", "Trash", &name, f) == 0) {
		trash = buf_steal(&name);
		if (trash == NULL)
			fault_set(f, FAULT_TEMP, "out of memory");
	}
	buf_free(&name);
	return trash;
}

/* The trash of the batch's account, asked for once. -1: *f says why there is none. */
static int find_trash(struct job *j, const struct batch *b, struct fault *f)
{
	struct transfer *t = &j->transfer;
	struct imap_line *l;
	char *trash;

	if (t->account == b->account)
		return 0;
	l = lines_get(&j->lines, b->account, false, f);
	trash = l != NULL ? trash_of(l, f) : NULL;
	if (trash == NULL)
		return -1;
	url_free(&t->target);
	t->account = NULL;
	if (url_copy(&t->target, &b->item[0].url, f) == -1) {
		free(trash);
		return -1;
	}
	free(t->target.mailbox);
	t->target.mailbox = trash;
	if (strcasecmp(trash, "INBOX") == 0)
		memcpy(trash, "INBOX", 5);
	t->target.uidvalidity = 0;
	t->account = b->account;
	t->created = false;
	return 0;
}

static int remove_batch(struct job *j, struct batch *b, struct fault *f)
{
	struct transfer *t = &j->transfer;
	struct fault why = {0};

	if (j->expunge)
		return transfer_expunge(t, b, f);
	if (find_trash(j, b, &why) == 0 && strcmp(b->mailbox, t->target.mailbox) == 0)
		fault_set(
		    &why, FAULT_DATA, "is in the trash already: --expunge removes it for good");
	if (why.cls == FAULT_NONE)
		return transfer_batch(t, b, f);
	urls_failed_batch(t->urls, b, &why);
	return 0;
}

/* The exit code, or -1 with the fault. */
static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	struct transfer *t = &j->transfer;
	struct batch *b;
	int r;

	if (j->expunge && t->create)
		return fault_set(f, FAULT_USAGE, "--expunge uses no trash: no --create");
	t->urls = urls_new(&j->tool, argv, (size_t)argc, stdin, f);
	if (t->urls == NULL)
		return -1;
	urls_want_messages(t->urls);
	while ((r = urls_next(t->urls, &b, f)) == 1 && remove_batch(j, b, f) == 0 &&
	    tool_flush(stdout, f) == 0)
		;
	r = r == 0 ? (int)urls_result(t->urls) : -1;
	urls_free(t->urls);
	return r;
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code = 0;

	tool_init(&j.tool, "lm-rm", stderr);
	lines_init(&j.lines, &j.tool);
	j.transfer.tool = &j.tool;
	j.transfer.lines = &j.lines;
	j.transfer.out = stdout;
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && (code = work(&j, argc - optind, argv + optind, &f)) == -1))
		code = tool_fail(&j.tool, &f);
	lines_free(&j.lines);
	url_free(&j.transfer.target);
	tool_free(&j.tool);
	return code;
}
