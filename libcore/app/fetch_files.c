/* fetch_files: which parts of a message are attachments, and each into a file. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/fetch_impl.h"

/* ---- which */

static int add_file(
    struct run *r, const struct urls_item *item, const struct part *p, struct fault *f)
{
	struct wanted *w = wanted_add(r, item, f);

	if (w == NULL || wanted_fill(w, p, f) == -1)
		return -1;
	file_name(w->name, p->name, p->section, p->type, p->subtype);
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
	size_t before = r->nwanted;

	for (size_t i = first; i < s->n; i++) {
		const struct part *p = &s->part[i];

		if (i > first && !whole && p->depth <= s->part[first].depth)
			break;
		if (!p->multipart && is_attachment(p)) {
			if (r->nwanted - before == FETCH_ATTACHMENTS_MAX)
				return fault_set(f, FAULT_DATA, "more than %d attachments",
				    FETCH_ATTACHMENTS_MAX);
			if (add_file(r, item, p, f) == -1)
				return -1;
		}
		while (p->message && i + 1 < s->n && s->part[i + 1].depth > p->depth)
			i++;
	}
	if (r->nwanted == before)
		tool_note(r->job->tool, "no attachments: UID %u", item->url.uid);
	return 0;
}

int files_list(struct run *r, const struct ask *a, struct fault *f)
{
	const struct structure *s = &r->structure;
	const char *section = a->item->url.section;
	size_t before = r->nwanted;
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
		wanted_forget(r, before);
	return got;
}

/* ---- into files */

static int print_file(
    const struct run *r, const struct wanted *w, uint64_t octets, const char *path, struct fault *f)
{
	char number[24];
	struct buf url;
	int got;

	buf_init(&url, URL_MAX);
	part_url(w->item, w->section, &url);
	snprintf(number, sizeof(number), "%" PRIu64, octets);
	struct record_field fields[] = {{"url", buf_str(&url), false},
	    {"section", w->section, false}, {"type", w->type, false}, {"octets", number, true},
	    {"path", path, false}};
	got = tool_record(r->job->tool, r->job->out, fields, sizeof(fields) / sizeof(fields[0]), f);
	buf_free(&url);
	return got;
}

static int save(struct run *r, struct ask *a, struct saved *to, struct fault *f)
{
	const struct wanted *w = a->wanted;
	struct sink sink;
	struct buf path;
	int got;

	sink_init(&sink, to->out, w->name);
	if (a->how == ASK_AS_IS)
		sink.decode.kind = w->kind;
	got = ask_octets(r, a, &sink, w->kind == DECODE_NONE && w->octets > 0, f);
	buf_init(&path, RESPONSE_STRING_MAX);
	if (got == 0)
		got = saver_finish(r->saver, to, w->name, &path, f);
	if (got == 0)
		got = print_file(r, w, sink.octets, buf_str(&path), f);
	buf_free(&path);
	sink_free(&sink);
	return got;
}

int files_take(struct run *r, struct ask *a, struct fault *f)
{
	struct saved to;
	int got;

	if (a->wanted->kind == DECODE_UNKNOWN)
		return fault_set(f, FAULT_DATA, "section %s: its transfer encoding is not known",
		    a->wanted->section);
	if (saver_begin(r->saver, &to, f) == -1)
		return -1;
	got = save(r, a, &to, f);
	saver_drop(r->saver, &to);
	if (got == -1 && f->cls != FAULT_IO)
		fault_while(f, "section %s", a->wanted->section);
	return got;
}
