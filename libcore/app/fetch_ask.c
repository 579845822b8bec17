/* fetch_ask: commands for one message, and the octets that answer them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/fetch_impl.h"

/* ---- asking */

static uint32_t send_look(struct imap_line *l, uint32_t uid, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "UID FETCH");
	imap_uid(&c, uid);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "BODYSTRUCTURE");
	imap_list_end(&c);
	return imap_send(l->imap, &c, f);
}

static uint32_t send_preview(struct imap_line *l, uint32_t uid, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "UID FETCH");
	imap_uid(&c, uid);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "PREVIEW");
	imap_list_end(&c);
	return imap_send(l->imap, &c, f);
}

/* What is decoded here has to come whole, for nobody knows which octets make the range. */
static bool cuts_here(const struct run *r, const struct ask *a)
{
	return a->how == ASK_AS_IS && r->job->form == FORM_DECODED;
}

/* The length for the server, which wants one of 32 bits (RFC 3501); 0: no range. */
static uint64_t span(const struct run *r, const struct ask *a)
{
	if (cuts_here(r, a))
		return 0;
	return a->length > 0 || a->offset == 0 ? a->length : UINT32_MAX;
}

static uint32_t send_octets(const struct run *r, const struct ask *a, struct fault *f)
{
	struct imap *s = r->line->imap;
	uint32_t uid = a->item->url.uid;
	struct imap_cmd c;

	if (a->how == ASK_CONVERT) {
		conversion_put(r->job->conversion, &c, s, uid, a->section, a->offset, span(r, a));
		return imap_send(s, &c, f);
	}
	imap_cmd_init(&c, s, "UID FETCH");
	imap_uid(&c, uid);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_section(&c, a->how == ASK_BINARY ? "BINARY.PEEK" : "BODY.PEEK", a->section, a->offset,
	    span(r, a));
	imap_list_end(&c);
	return imap_send(s, &c, f);
}

int ask_send(struct run *r, struct ask *a, struct fault *f)
{
	free(a->refusal);
	a->refusal = NULL;
	a->look_tag = a->data_tag = 0;
	a->looked = false;
	a->look_done = !a->look;
	a->data_done = a->how == ASK_NOTHING;
	if (a->look && (a->look_tag = send_look(r->line, a->item->url.uid, f)) == 0)
		return -1;
	if (a->how == ASK_PREVIEW)
		a->data_tag = send_preview(r->line, a->item->url.uid, f);
	else if (a->how != ASK_NOTHING)
		a->data_tag = send_octets(r, a, f);
	return a->how != ASK_NOTHING && a->data_tag == 0 ? -1 : 0;
}

/* ---- the structure */

int ask_look(struct run *r, struct ask *a, struct fault *f)
{
	const struct event *ev = &r->event;
	bool seen = false;
	int got;

	structure_free(&r->structure);
	while ((got = flow_next(r, a, false, f)) == 1) {
		if (ev->kind != EV_FETCH || ev->fetch.uid != a->item->url.uid)
			continue;
		seen = true;
		if ((ev->fetch.has & FETCH_BODYSTRUCTURE) == 0)
			continue;
		a->looked = true;
		return structure_parse(&r->structure, ev->fetch.bodystructure, f) == -1
		    ? -1
		    : ANSWER_DONE;
	}
	if (got == -1)
		return -1;
	return flow_absent(
	    a, false, seen ? "the server does not give its structure" : "no such message", f);
}

/* ---- the octets */

void sink_init(struct sink *s, FILE *out, const char *name)
{
	memset(s, 0, sizeof(*s));
	s->out = out;
	s->name = name;
	decode_init(&s->decode, DECODE_NONE, 0, 0);
}

void sink_free(struct sink *s)
{
	decode_free(&s->decode);
}

static int write_out(struct sink *s, const char *p, size_t n, struct fault *f)
{
	s->octets += n;
	if (s->out == NULL)
		buf_put(s->mem, p, n);
	else if (n > 0 && fwrite(p, 1, n, s->out) != n)
		return fault_errno(f, FAULT_IO, "%s", s->name);
	return 0;
}

static int sink_put(struct sink *s, const char *p, size_t n, struct fault *f)
{
	while (n > 0) {
		size_t piece = n < DECODE_PIECE ? n : DECODE_PIECE, len;
		const char *out;

		len = decode_feed(&s->decode, p, piece, &out);
		if (write_out(s, out, len, f) == -1)
			return -1;
		p += piece;
		n -= piece;
	}
	return 0;
}

static int sink_end(struct sink *s, struct fault *f)
{
	const char *out;
	size_t len = decode_end(&s->decode, &out);

	return write_out(s, out, len, f);
}

/* Without regard to case; some servers quote the names of fields. */
static bool same_section(const char *asked, const char *given)
{
	for (;; asked++, given++) {
		asked += strspn(asked, "\"");
		given += strspn(given, "\"");
		if (strncasecmp(asked, given, 1) != 0)
			return false;
		if (*asked == '\0')
			return true;
	}
}

bool ask_is_section(const struct ask *a, const struct section_event *s)
{
	static const char *const items[] = {
	    [ASK_AS_IS] = "BODY", [ASK_BINARY] = "BINARY", [ASK_CONVERT] = "CONVERTED"};

	if (a->how == ASK_NOTHING || a->how == ASK_PREVIEW)
		return false;
	return (s->uid == 0 || s->uid == a->item->url.uid) &&
	    strcasecmp(s->item, items[a->how]) == 0 && same_section(a->section, s->section);
}

/* An answer on its way. */
struct taking {
	bool found;     /* the section came */
	bool mine;      /* octets are of it */
	bool anonymous; /* its message is known only at the end of the response */
	bool ended;     /* so is the response */
	struct fault why;
};

static void take_section(
    const struct run *r, const struct ask *a, const struct section_event *s, struct taking *t)
{
	bool ranged = span(r, a) > 0;

	t->mine = !t->found && !s->nil && ask_is_section(a, s);
	if (!t->mine)
		return;
	t->found = true;
	t->anonymous = s->uid == 0;
	if (ranged && (!s->has_origin || s->origin != a->offset)) {
		fault_set(&t->why, FAULT_PROTOCOL, "the server gives another range than was asked");
		t->mine = false;
	}
}

/* The end of a response: of the one with the octets it is next. */
static void take_end(const struct ask *a, const struct event *ev, struct taking *t)
{
	if (ev->kind == EV_FETCH && t->anonymous && ev->fetch.uid != a->item->url.uid)
		fault_set(&t->why, FAULT_PROTOCOL, "octets of another message came");
	if (ev->kind == EV_CONVERTED && t->why.cls == FAULT_NONE)
		conversion_error(ev, &t->why);
	t->ended = t->found || (ev->kind == EV_CONVERTED && t->why.cls != FAULT_NONE);
}

static int take_event(
    const struct ask *a, struct run *r, struct sink *sink, struct taking *t, struct fault *f)
{
	const struct event *ev = &r->event;

	switch (ev->kind) {
	case EV_SECTION:
		take_section(r, a, &ev->section, t);
		return 0;
	case EV_SECTION_DATA:
		return t->mine ? sink_put(sink, ev->data, ev->len, f) : 0;
	case EV_SECTION_END:
		t->mine = false;
		return 0;
	case EV_FETCH:
	case EV_CONVERTED:
		take_end(a, ev, t);
		return 0;
	default:
		return 0;
	}
}

/* Whether what the server gave can be all of it. */
static int check(const struct run *r, const struct ask *a, const struct sink *sink, bool expected,
    struct fault *f)
{
	if (expected && sink->octets == 0 && a->offset == 0)
		return fault_set(f, FAULT_DATA, "the server gives nothing where octets should be");
	if (span(r, a) == UINT32_MAX && a->length == 0 && sink->octets >= UINT32_MAX)
		return fault_set(f, FAULT_DATA, "more octets than a range can have: give its end");
	return 0;
}

/* The range, where it is cut here; where the server cuts it, not more than was asked. */
static void set_range(const struct run *r, const struct ask *a, struct sink *sink)
{
	if (cuts_here(r, a))
		sink->decode.skip = a->offset;
	if (a->length > 0)
		sink->decode.left = a->length;
}

static int not_given(struct run *r, struct ask *a, struct fault *f)
{
	if (a->how == ASK_BINARY) {
		tool_note(r->job->tool, "the server does not decode it%s%s",
		    a->refusal != NULL ? ": " : "", a->refusal != NULL ? a->refusal->msg : "");
		return ANSWER_AGAIN;
	}
	return flow_absent(
	    a, true, a->look || a->shared ? "the server does not give it" : "no such message", f);
}

int ask_octets(struct run *r, struct ask *a, struct sink *sink, bool expected, struct fault *f)
{
	struct taking t = {0};
	int got = 1;

	set_range(r, a, sink);
	while (!t.ended && (got = flow_next(r, a, true, f)) == 1)
		if (take_event(a, r, sink, &t, f) == -1)
			return -1;
	if (got == -1)
		return -1;
	if (t.why.cls != FAULT_NONE) {
		*f = t.why;
		return -1;
	}
	if (!t.found)
		return not_given(r, a, f);
	if (sink_end(sink, f) == -1)
		return -1;
	return check(r, a, sink, expected, f);
}
