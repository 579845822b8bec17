/* fetch_answer: an answer looked at, and printed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/fetch_impl.h"
#include "base/utf8.h"
#include "msg/header.h"

static const char output[] = "standard output";

void part_url(const struct urls_item *item, const char *section, struct buf *out)
{
	struct url u = item->url;
	char text[RESPONSE_SECTION_MAX + 1];

	/* The struct borrows everything. A section that is longer than any request may be names nothing. */
	snprintf(text, sizeof(text), "%s", section);
	u.section = text;
	u.has_partial = false;
	url_build(out, &u);
}

/* ---- records */

static int print_part(
    const struct run *r, const struct urls_item *item, const struct part *p, struct fault *f)
{
	char type[512], octets[24];
	struct buf url;
	int got;

	buf_init(&url, URL_MAX);
	part_url(item, p->section, &url);
	snprintf(type, sizeof(type), "%s/%s", p->type, p->subtype);
	snprintf(octets, sizeof(octets), "%" PRIu64, p->octets);
	struct record_field fields[] = {{"url", buf_str(&url), false},
	    {"section", p->section, false}, {"type", type, false}, {"charset", p->charset, false},
	    {"encoding", p->encoding, false}, {"octets", p->multipart ? NULL : octets, true},
	    {"name", p->name, false}};
	got = tool_record(r->job->tool, r->job->out, fields, sizeof(fields) / sizeof(fields[0]), f);
	buf_free(&url);
	return got;
}

/* The part and all beneath it. */
static int print_structure(
    const struct run *r, const struct ask *a, const struct part *part, bool whole, struct fault *f)
{
	const struct structure *s = &r->structure;
	size_t first = (size_t)(part - s->part);

	for (size_t i = first; i < s->n; i++) {
		if (i > first && !whole && s->part[i].depth <= part->depth)
			break;
		if (print_part(r, a->item, &s->part[i], f) == -1)
			return -1;
	}
	return 0;
}

/* A preview is short, whatever the server says; it is cut where a character begins. */
static void cut_preview(struct buf *text)
{
	size_t at = 0;

	for (int n = 0; n < PREVIEW_MAX && at < text->len; n++) {
		uint32_t cp;
		size_t len = utf8_next(text->data + at, text->len - at, &cp);

		at += len > 0 ? len : 1;
	}
	text->len = at;
}

int answer_preview(
    const struct run *r, const struct urls_item *item, const char *text, struct fault *f)
{
	struct buf url, some;
	int got;

	buf_init(&url, URL_MAX);
	buf_init(&some, RESPONSE_STRING_MAX);
	part_url(item, "", &url);
	buf_puts(&some, text != NULL ? text : "");
	cut_preview(&some);
	struct record_field fields[] = {{"url", buf_str(&url), false},
	    {"preview", text != NULL ? buf_str(&some) : NULL, false}};
	got = tool_record(r->job->tool, r->job->out, fields, sizeof(fields) / sizeof(fields[0]), f);
	buf_free(&url);
	buf_free(&some);
	return got;
}

static const char *text_of(const struct node *n)
{
	return n->kind == NODE_NIL || n->kind == NODE_LIST ? NULL : n->s;
}

static int take_preview(struct run *r, struct ask *a, struct fault *f)
{
	const struct event *ev = &r->event;
	bool seen = false;
	int got;

	while ((got = flow_next(r, a, true, f)) == 1) {
		if (ev->kind != EV_FETCH || ev->fetch.uid != a->item->url.uid)
			continue;
		seen = true;
		if ((ev->fetch.has & FETCH_PREVIEW) != 0)
			return answer_preview(r, a->item, text_of(ev->fetch.preview), f);
	}
	if (got == -1)
		return -1;
	return flow_absent(
	    a, true, seen ? "the server does not give a preview" : "no such message", f);
}

/* ---- octets */

/* Whether BODYSTRUCTURE says that there are octets in this section. */
static bool is_known_full(const struct part *p, const char *section)
{
	return !p->multipart && p->octets > 0 && section[0] != '\0' &&
	    section[strspn(section, "0123456789.")] == '\0';
}

/* `p` is NULL where the structure was not asked for. */
static int take_octets(struct run *r, struct ask *a, const struct part *p, struct fault *f)
{
	bool expected = a->how == ASK_AS_IS && p != NULL && is_known_full(p, a->section);
	struct sink sink;
	int got;

	sink_init(&sink, r->job->out, output);
	got = ask_octets(r, a, &sink, expected, f);
	sink_free(&sink);
	return got;
}

static int take_decoded(struct run *r, struct ask *a, const struct part *p, struct fault *f)
{
	enum decode_kind kind = p->message ? DECODE_NONE : decode_kind(p->encoding);
	struct sink sink;
	int got;

	if (p->multipart)
		return fault_set(f, FAULT_DATA,
		    "it has several parts: name one of them (lm-fetch -s lists them)");
	/* Servers decode what is within a message too: then it is another message. */
	if (p->message && a->how == ASK_BINARY)
		return ANSWER_AGAIN;
	if (kind == DECODE_UNKNOWN && a->how == ASK_AS_IS)
		return fault_set(
		    f, FAULT_DATA, "its transfer encoding is not known: %s", p->encoding);
	sink_init(&sink, r->job->out, output);
	if (a->how == ASK_AS_IS)
		sink.decode.kind = kind;
	got = ask_octets(r, a, &sink, kind == DECODE_NONE && p->octets > 0, f);
	sink_free(&sink);
	return got;
}

/* Some servers give the header of the whole message as that of its only part: what is not the part's is left out. */
static void keep_mime(const struct buf *raw, struct buf *out)
{
	struct header h = {.text = raw->data, .len = raw->len};
	struct field field;
	size_t pos = 0;

	while (header_next(&h, &pos, &field))
		if (field.namelen > 8 && strncasecmp(field.name, "Content-", 8) == 0)
			buf_put(out, field.raw, field.rawlen);
	buf_puts(out, "\r\n");
}

static int take_mime_header(struct run *r, struct ask *a, struct fault *f)
{
	struct buf raw, kept;
	struct sink sink;
	int got;

	buf_init(&raw, HEADER_SECTION_MAX);
	buf_init(&kept, HEADER_SECTION_MAX + 2);
	sink_init(&sink, NULL, output);
	sink.mem = &raw;
	got = ask_octets(r, a, &sink, false, f);
	keep_mime(&raw, &kept);
	if (got == 0 && (buf_failed(&raw) || buf_failed(&kept)))
		got = fault_set(
		    f, FAULT_PROTOCOL, "its header is over %d octets", HEADER_SECTION_MAX);
	if (got == 0 && fwrite(kept.data, 1, kept.len, r->job->out) != kept.len)
		got = fault_errno(f, FAULT_IO, "%s", output);
	sink_free(&sink);
	buf_free(&raw);
	buf_free(&kept);
	return got;
}

/* ---- by form */

static int take_part(struct run *r, struct ask *a, struct fault *f)
{
	const char *section = a->item->url.section;
	bool whole = false;
	const struct part *p =
	    structure_find(&r->structure, section != NULL ? section : "", &whole);

	if (p == NULL)
		return fault_set(f, FAULT_DATA, "no such section");
	switch (r->job->form) {
	case FORM_STRUCTURE:
		return print_structure(r, a, p, whole, f);
	case FORM_FILES:
		return files_list(r, a, f);
	case FORM_PREVIEW:
		return preview_list(r, a, f);
	case FORM_DECODED:
		return take_decoded(r, a, p, f);
	case FORM_HEADER:
		if (a->own != NULL)
			return take_mime_header(r, a, f);
		return take_octets(r, a, p, f);
	default:
		return take_octets(r, a, p, f);
	}
}

int answer_take(struct run *r, struct ask *a, struct fault *f)
{
	int got = ANSWER_DONE;

	if (a->how == ASK_PREVIEW)
		return take_preview(r, a, f);
	if (a->wanted != NULL)
		return r->job->form == FORM_FILES ? files_take(r, a, f) : preview_take(r, a, f);
	if (!a->look && !a->shared)
		return take_octets(r, a, NULL, f);
	if (a->look)
		got = ask_look(r, a, f);
	else if (r->structure.n == 0)
		got = flow_absent(a, true, "its structure did not come", f);
	return got == ANSWER_DONE ? take_part(r, a, f) : got;
}
