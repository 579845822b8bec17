/* fetch: batches of questions, and answers in their order. */
#include "app/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "app/fetch_impl.h"

/* ---- questions */

static bool is_part_number(const char *section)
{
	return section[strspn(section, "0123456789.")] == '\0';
}

/* What the URL wants has to make sense in this form. */
static int check_url(const struct fetch *j, const struct url *u, struct fault *f)
{
	bool octets =
	    j->form == FORM_OCTETS || j->form == FORM_DECODED || j->form == FORM_CONVERTED;
	bool numbers =
	    j->form == FORM_DECODED || j->form == FORM_CONVERTED || j->form == FORM_FILES;

	if (u->access != NULL)
		return fault_set(
		    f, FAULT_DATA, "an authorised URL: lm-genurl --fetch is for those");
	if (u->has_partial && (!octets || j->has_range))
		return fault_set(f, FAULT_DATA, "the URL has a range already (;PARTIAL=)");
	if (u->section == NULL)
		return 0;
	if (j->form == FORM_PREVIEW)
		return fault_set(f, FAULT_DATA, "a preview is of a whole message, not of a part");
	if (numbers && !is_part_number(u->section))
		return fault_set(f, FAULT_DATA, "the section is no part with a content of its own");
	if (j->form == FORM_HEADER && strcmp(u->section, "TEXT") == 0)
		return fault_set(f, FAULT_DATA, "the section has no header");
	return 0;
}

/* -H of "2" is "2.MIME"; what names a header already stays. */
static int header_section(struct ask *a, const char *section, struct fault *f)
{
	a->section = section != NULL ? section : "HEADER";
	if (section == NULL || !is_part_number(section))
		return 0;
	if (asprintf(&a->own, "%s.MIME", section) == -1) {
		a->own = NULL;
		return fault_set(f, FAULT_TEMP, "out of memory");
	}
	a->section = a->own;
	return 0;
}

/* A message as it is, its header or text, is there or it is not; only of parts servers say {0}. */
static bool needs_structure(const struct fetch *j, const char *section)
{
	return (j->form != FORM_OCTETS && j->form != FORM_HEADER) ||
	    (section != NULL && section[0] >= '0' && section[0] <= '9');
}

static enum ask_how how_of(const struct run *r)
{
	switch (r->job->form) {
	case FORM_DECODED:
		return r->binary ? ASK_BINARY : ASK_AS_IS;
	case FORM_CONVERTED:
		return ASK_CONVERT;
	case FORM_PREVIEW:
		return r->preview ? ASK_PREVIEW : ASK_NOTHING;
	case FORM_STRUCTURE:
	case FORM_FILES:
		return ASK_NOTHING;
	default:
		return ASK_AS_IS;
	}
}

int ask_make(const struct run *r, const struct urls_item *item, struct ask *a, struct fault *f)
{
	const struct fetch *j = r->job;
	const struct url *u = &item->url;

	*a = (struct ask){.item = item,
	    .section = u->section != NULL ? u->section : "",
	    .look = j->form == FORM_PREVIEW ? !r->preview : needs_structure(j, u->section),
	    .how = how_of(r),
	    .offset = j->has_range ? j->offset : u->partial_offset,
	    .length = j->has_range ? j->length : u->partial_length};
	if (check_url(j, u, f) == -1)
		return -1;
	/* A message that is not multipart: whether it is, the structure will tell. */
	if (j->form == FORM_DECODED && u->section == NULL)
		a->section = "1";
	return j->form == FORM_HEADER ? header_section(a, u->section, f) : 0;
}

/* ---- the connection */

static int check_capability(const struct run *r, struct fault *f)
{
	if (r->job->form == FORM_CONVERTED && !imap_has(r->line->imap, "CONVERT"))
		return fault_set(f, FAULT_REFUSED, "the server does not offer CONVERT (RFC 5259)");
	return 0;
}

/* A connection with the EXAMINE on its way. */
static int begin(struct run *r, struct fault *f)
{
	struct batch *b = r->batch;
	/* Attachments that the server has decoded are compressed already, most of them. */
	bool bulk = r->job->form != FORM_FILES && b->n >= ASK_GROUP;

	r->line = lines_get(r->lines, b->account, bulk, f);
	if (r->line == NULL)
		return -1;
	r->opened = false;
	r->reused = r->line->selected != NULL;
	if (check_capability(r, f) == -1)
		return -1;
	return imap_line_select_begin(r->line, b->mailbox, true, b->uidvalidity, &r->opening, f);
}

/* As batch_open(), when the questions are out already. */
static int finish_opening(struct run *r, struct fault *f)
{
	struct batch *b = r->batch;

	if (r->opened)
		return 0;
	if (imap_line_select_end(r->line, b->mailbox, true, b->uidvalidity, r->opening, f) == -1)
		return -1;
	if (r->line->mailbox.uidvalidity == 0)
		return fault_set(
		    f, FAULT_PROTOCOL, "%s: the server does not say UIDVALIDITY", b->mailbox);
	r->opened = true;
	b->uidvalidity = r->line->mailbox.uidvalidity;
	for (size_t i = 0; i < b->n; i++)
		b->item[i].url.uidvalidity = b->uidvalidity;
	return 0;
}

/* ---- answers */

/* What of r->ask did not get its turn. */
static void all_failed(struct run *r, const struct fault *why)
{
	for (; r->next < r->n; r->next++)
		flow_told(r, &r->ask[r->next], why);
}

/* The server would not decode one: from here on it is done here, and what was asked is asked again. */
static int without_binary(struct run *r, struct fault *f)
{
	r->binary = false;
	for (size_t i = r->next; i < r->n; i++)
		if (r->ask[i].how == ASK_BINARY)
			r->ask[i].how = ASK_AS_IS;
	if (flow_drain(r, f) == -1)
		return -1;
	r->sent = r->next;
	return 0;
}

/* One question's turn. 1: it has to be asked again, 0 done or told, -1: nothing more can be done. */
static int take_turn(struct run *r, struct ask *a, struct fault *f)
{
	struct fault why = {0};
	int got = flow_send(r, &why);

	if (got == 0)
		got = answer_take(r, a, &why);
	if (got == ANSWER_AGAIN && without_binary(r, &why) == 0)
		return 1;
	if (got == -1 && why.cls == FAULT_IO) {
		*f = why;
		return -1;
	}
	/* The line was lost while the rest passed by: the question is asked on another. */
	if (got == ANSWER_AGAIN)
		return 1;
	if (got == -1)
		flow_told(r, a, &why);
	return 0;
}

/* Takes answers until all are there or the connection is lost. -1: nothing more can be done. */
static int take_answers(struct run *r, struct fault *f)
{
	struct fault ignored;

	while (r->next < r->n && imap_alive(r->line->imap)) {
		struct ask *a = &r->ask[r->next];
		int got = a->failed ? 0 : take_turn(r, a, f);

		if (got == -1)
			return -1;
		r->next += got == 0;
	}
	if (!imap_alive(r->line->imap) || flow_drain(r, &ignored) == -1)
		r->line = NULL;
	return 0;
}

/* A connection with the mailbox open and the first questions asked. -1: the fault is r->refused, too: it will be no other next time. */
static int ready(struct run *r)
{
	struct fault *why = &r->refused;

	if (why->cls != FAULT_NONE)
		return -1;
	if (r->line == NULL && r->retries == 0)
		return fault_set(why, FAULT_TEMP, "the connection was lost too often");
	r->retries -= r->line == NULL;
	if (r->line == NULL && begin(r, why) == -1)
		return -1;
	return flow_send(r, why) == -1 ? -1 : finish_opening(r, why);
}

/* Answers to what was asked of a mailbox that is not the one that was meant pass by. */
static void give_up(struct run *r)
{
	struct fault ignored;

	all_failed(r, &r->refused);
	if (r->line != NULL && imap_alive(r->line->imap))
		flow_drain(r, &ignored);
}

static void tell_absent(struct run *r, struct ask *a)
{
	struct fault why;

	if (a->absent != NULL && !a->failed) {
		fault_set(&why, FAULT_DATA, "%s", a->absent);
		flow_told(r, a, &why);
	}
	free(a->refusal);
	a->refusal = NULL;
}

/* A server may close a connection that nobody used for long, and we learn it only now. */
static bool was_stale(struct run *r)
{
	if (!r->reused || r->opened || r->line == NULL || imap_alive(r->line->imap))
		return false;
	r->line = NULL;
	r->refused = (struct fault){0};
	return true;
}

int run_asks(struct run *r, struct ask *ask, size_t n, struct fault *f)
{
	int got = 0;

	r->ask = ask;
	r->n = n;
	r->next = 0;
	while (r->next < n && got == 0) {
		r->sent = r->next;
		r->outstanding = 0;
		r->held = false;
		if (ready(r) == 0)
			got = take_answers(r, f);
		else if (!was_stale(r))
			give_up(r);
	}
	for (size_t i = 0; i < n; i++)
		tell_absent(r, &ask[i]);
	return got;
}

/* ---- batches */

/* Of several parts of a message the structure is asked for once. */
static void share_structures(struct ask *ask, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct ask *before = &ask[i - 1];

		if (ask[i].failed || before->failed || !ask[i].look ||
		    (!before->look && !before->shared) ||
		    before->item->url.uid != ask[i].item->url.uid)
			continue;
		ask[i].look = false;
		ask[i].shared = true;
	}
}

static int ask_batch(struct run *r, struct fault *f)
{
	struct batch *b = r->batch;
	struct ask *ask = calloc(b->n, sizeof(*ask));
	int got;

	if (ask == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (size_t i = 0; i < b->n; i++) {
		struct fault why = {0};

		if (ask_make(r, &b->item[i], &ask[i], &why) == -1)
			flow_told(r, &ask[i], &why);
	}
	share_structures(ask, b->n);
	got = run_asks(r, ask, b->n, f);
	for (size_t i = 0; i < b->n; i++)
		free(ask[i].own);
	free(ask);
	return got;
}

/* With -v: what the server does, and what is done here. */
static void note_rung(const struct run *r)
{
	const struct tool *t = r->job->tool;

	if (r->job->form == FORM_DECODED || r->job->form == FORM_FILES)
		tool_note(t, "%s",
		    r->binary ? "the server decodes (BINARY)"
			      : "decoded here: the server does not offer BINARY");
	if (r->job->form == FORM_PREVIEW)
		tool_note(t, "%s",
		    r->preview ? "the server makes previews (PREVIEW)"
			       : "previews are made here: the server does not offer PREVIEW");
}

static int run_batch(struct run *r, struct fault *f)
{
	int got;

	r->line = NULL;
	r->retries = ASK_RETRIES;
	r->refused = (struct fault){0};
	if (begin(r, &r->refused) == -1) {
		urls_failed_batch(r->urls, r->batch, &r->refused);
		return 0;
	}
	r->binary = imap_has(r->line->imap, "BINARY");
	r->preview = imap_has(r->line->imap, "PREVIEW");
	note_rung(r);
	if (r->job->form == FORM_FILES || (r->job->form == FORM_PREVIEW && !r->preview))
		got = group_run(r, f);
	else
		got = ask_batch(r, f);
	structure_free(&r->structure);
	return got;
}

int fetch_run(const struct fetch *j, struct urls *u, struct fault *f)
{
	struct lines lines;
	struct saver saver = {.dir = -1};
	struct run r = {.job = j, .urls = u, .lines = &lines, .saver = &saver};
	int got = 1;

	if (j->form == FORM_FILES && saver_open(&saver, j->directory, f) == -1)
		return -1;
	if (j->form == FORM_OCTETS || j->form == FORM_DECODED || j->form == FORM_CONVERTED ||
	    j->form == FORM_HEADER)
		urls_keep_order(u);
	lines_init(&lines, j->tool);
	while (got == 1) {
		got = urls_next(u, &r.batch, f);
		if (got == 1 && (run_batch(&r, f) == -1 || tool_flush(j->out, f) == -1))
			got = -1;
	}
	lines_free(&lines);
	saver_close(&saver);
	return got;
}
