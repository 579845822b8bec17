/* fetch_files: which parts of a message are attachments, and each into a file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/fetch_impl.h"

static void drop_files(struct run *r)
{
	for (size_t i = 0; i < r->nfile; i++) {
		free(r->file[i].section);
		free(r->file[i].type);
	}
	r->nfile = 0;
}

/* ---- which */

static int add_file(
    struct run *r, const struct urls_item *item, const struct part *p, struct fault *f)
{
	struct part_file *file;

	if (r->nfile == r->capfile) {
		size_t cap = r->capfile == 0 ? 16 : 2 * r->capfile;
		struct part_file *more = reallocarray(r->file, cap, sizeof(*more));

		if (more == NULL)
			return fault_set(f, FAULT_TEMP, "out of memory");
		r->file = more;
		r->capfile = cap;
	}
	file = &r->file[r->nfile];
	memset(file, 0, sizeof(*file));
	file->item = item;
	file->section = strdup(p->section);
	if (asprintf(&file->type, "%s/%s", p->type, p->subtype) == -1)
		file->type = NULL;
	r->nfile++;
	if (file->section == NULL || file->type == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	file->octets = p->octets;
	file->kind = p->message ? DECODE_NONE : decode_kind(p->encoding);
	file_name(file->name, p->name, p->section, p->type, p->subtype);
	return 0;
}

/* What a mail program would show as text is none, unless it has a name or says that it is one. */
static bool is_attachment(const struct part *p)
{
	return p->message || p->name != NULL || strcmp(p->type, "text") != 0 ||
	    (p->disposition != NULL && strcmp(p->disposition, "attachment") == 0);
}

/* A message that is attached is one file, with all that is in it. */
static int add_beneath(
    struct run *r, const struct urls_item *item, size_t first, bool whole, struct fault *f)
{
	const struct structure *s = &r->structure;
	size_t before = r->nfile;

	for (size_t i = first; i < s->n; i++) {
		const struct part *p = &s->part[i];

		if (i > first && !whole && p->depth <= s->part[first].depth)
			break;
		if (!p->multipart && is_attachment(p)) {
			if (r->nfile - before == FETCH_ATTACHMENTS_MAX)
				return fault_set(f, FAULT_DATA, "more than %d attachments",
				    FETCH_ATTACHMENTS_MAX);
			if (add_file(r, item, p, f) == -1)
				return -1;
		}
		while (p->message && i + 1 < s->n && s->part[i + 1].depth > p->depth)
			i++;
	}
	if (r->nfile == before)
		tool_note(r->job->tool, "no attachments: UID %u", item->url.uid);
	return 0;
}

static void forget_since(struct run *r, size_t before)
{
	while (r->nfile > before) {
		r->nfile--;
		free(r->file[r->nfile].section);
		free(r->file[r->nfile].type);
	}
}

int files_list(struct run *r, const struct ask *a, struct fault *f)
{
	const struct structure *s = &r->structure;
	const char *section = a->item->url.section;
	size_t before = r->nfile;
	bool whole;
	const struct part *p = structure_find(s, section != NULL ? section : "", &whole);
	int got;

	if (p == NULL)
		return fault_set(f, FAULT_DATA, "no such section");
	if (whole || p->multipart)
		got = add_beneath(r, a->item, (size_t)(p - s->part), whole, f);
	else
		got = add_file(r, a->item, p, f);
	/* All of a message or nothing. */
	if (got == -1)
		forget_since(r, before);
	return got;
}

/* ---- into files */

static int print_file(const struct run *r, const struct part_file *file, uint64_t octets,
    const char *path, struct fault *f)
{
	char number[24];
	struct buf url;
	int got;

	buf_init(&url, URL_MAX);
	part_url(file->item, file->section, &url);
	snprintf(number, sizeof(number), "%" PRIu64, octets);
	struct record_field fields[] = {{"url", buf_str(&url), false},
	    {"section", file->section, false}, {"type", file->type, false},
	    {"octets", number, true}, {"path", path, false}};
	got = tool_record(r->job->tool, r->job->out, fields, sizeof(fields) / sizeof(fields[0]), f);
	buf_free(&url);
	return got;
}

static int save(struct run *r, struct ask *a, struct saved *to, struct fault *f)
{
	const struct part_file *file = a->file;
	struct sink sink;
	struct buf path;
	int got;

	sink_init(&sink, to->out, file->name);
	if (a->how == ASK_AS_IS)
		sink.decode.kind = file->kind;
	got = ask_octets(r, a, &sink, file->kind == DECODE_NONE && file->octets > 0, f);
	buf_init(&path, RESPONSE_STRING_MAX);
	if (got == 0)
		got = saver_finish(r->saver, to, file->name, &path, f);
	if (got == 0)
		got = print_file(r, file, sink.octets, buf_str(&path), f);
	buf_free(&path);
	sink_free(&sink);
	return got;
}

int files_take(struct run *r, struct ask *a, struct fault *f)
{
	struct saved to;
	int got;

	if (a->file->kind == DECODE_UNKNOWN)
		return fault_set(f, FAULT_DATA, "section %s: its transfer encoding is not known",
		    a->file->section);
	if (saver_begin(r->saver, &to, f) == -1)
		return -1;
	got = save(r, a, &to, f);
	saver_drop(r->saver, &to);
	if (got == -1 && f->cls != FAULT_IO)
		fault_while(f, "section %s", a->file->section);
	return got;
}

/* ---- a batch */

static int look_at(struct run *r, struct ask *ask, size_t first, size_t n, struct fault *f)
{
	for (size_t i = 0; i < n; i++) {
		struct fault why = {0};

		if (ask_make(r, &r->batch->item[first + i], &ask[i], &why) == -1) {
			flow_told(r, &ask[i], &why);
		}
	}
	return run_asks(r, ask, n, f);
}

static int fetch_files(struct run *r, struct fault *f)
{
	struct ask *ask = calloc(r->nfile + 1, sizeof(*ask));
	int got;

	if (ask == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	for (size_t i = 0; i < r->nfile; i++) {
		const struct part_file *file = &r->file[i];
		bool coded = file->kind == DECODE_BASE64 || file->kind == DECODE_QUOTED;

		ask[i] = (struct ask){.item = file->item,
		    .section = file->section,
		    .file = file,
		    .how = file->kind == DECODE_UNKNOWN ? ASK_NOTHING
			: coded && r->binary            ? ASK_BINARY
							: ASK_AS_IS};
	}
	got = run_asks(r, ask, r->nfile, f);
	free(ask);
	return got;
}

int files_run(struct run *r, struct fault *f)
{
	struct ask ask[ASK_GROUP];
	int got = 0;

	for (size_t i = 0; i < r->batch->n && got == 0; i += ASK_GROUP) {
		size_t n = r->batch->n - i < ASK_GROUP ? r->batch->n - i : ASK_GROUP;

		got = look_at(r, ask, i, n, f);
		if (got == 0)
			got = fetch_files(r, f);
		drop_files(r);
	}
	free(r->file);
	r->file = NULL;
	r->nfile = r->capfile = 0;
	return got;
}
