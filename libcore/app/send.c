/* send: the pieces of an assembly, one after the other. */
#include "app/send.h"

#include <string.h>

#include "app/source.h"
#include "imap/url.h"

enum { PIECE_OCTETS = 16384 };

struct sending {
	struct smtp *smtp;
	struct imap_line *from;
	bool bdat;
	bool guard; /* the server takes 7-bit only: an 8-bit octet ends it */
};

static int guarded_write(struct sending *s, const char *p, size_t n, struct fault *f)
{
	if (s->guard)
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)p[i] >= 0x80)
				return fault_set(f, FAULT_REFUSED,
				    "8-bit content, and the submission server does not offer 8BITMIME");
	return smtp_write(s->smtp, p, n, f);
}

static int send_octets(
    struct sending *s, const struct assembly *a, const struct piece *p, struct fault *f)
{
	char octets[PIECE_OCTETS];
	uint64_t at = 0;

	while (at < p->size) {
		size_t want =
		    p->size - at < sizeof(octets) ? (size_t)(p->size - at) : sizeof(octets);
		ssize_t n = assembly_octets(a, p, at, octets, want, f);

		if (n == -1)
			return -1;
		if (n == 0)
			return fault_set(f, FAULT_IO, "%s became shorter while it was sent",
			    p->name != NULL ? p->name : "the input");
		if (guarded_write(s, octets, (size_t)n, f) == -1)
			return -1;
		at += (uint64_t)n;
	}
	return 0;
}

/* Local pieces in a row, from `first` to before `end`, are one chunk. */
static int send_local(
    struct sending *s, const struct assembly *a, size_t first, size_t end, struct fault *f)
{
	uint64_t size = 0;

	for (size_t i = first; i < end; i++)
		size += a->piece[i].size;
	if (s->bdat && smtp_bdat(s->smtp, size, end == a->n, f) == -1)
		return -1;
	for (size_t i = first; i < end; i++)
		if (send_octets(s, a, &a->piece[i], f) == -1)
			return -1;
	return 0;
}

/* The section's size is known when its literal begins: then it is one BDAT chunk of that size. A quoted string is short and comes whole. */
static int begin_section(
    struct sending *s, const struct section_event *e, bool last, struct fault *f)
{
	if (e->nil)
		return fault_set(f, FAULT_DATA, "the IMAP server does not give what the URL names");
	if (!s->bdat)
		return 0;
	if (!e->sized)
		return fault_set(f, FAULT_PROTOCOL, "message data that is no literal");
	return smtp_bdat(s->smtp, e->size, last, f);
}

static int relay_events(struct sending *s, uint32_t tag, bool last, bool *complete, struct fault *f)
{
	struct event ev;
	bool begun = false;
	int r;

	while ((r = imap_until(s->from->imap, tag, &ev, f)) == 1) {
		int w = 0;

		if (ev.kind == EV_SECTION && !begun) {
			begun = true;
			w = begin_section(s, &ev.section, last, f);
		} else if (ev.kind == EV_SECTION_DATA && begun && !*complete) {
			w = guarded_write(s, ev.data, ev.len, f);
		} else if (ev.kind == EV_SECTION_END && begun) {
			*complete = true;
		}
		if (w == -1)
			return -1;
	}
	if (r == -1)
		return fault_while(f, "reading what is to be relayed");
	return 0;
}

static int send_relayed(struct sending *s, const struct piece *p, bool last, struct fault *f)
{
	struct url u = {0};
	bool complete = false;
	int r = -1;

	if (url_parse(&u, p->name, strlen(p->name), f) == -1)
		return -1;
	if (imap_line_select(s->from, u.mailbox, true, u.uidvalidity, f) == 0) {
		uint32_t tag = source_fetch(s->from, &u, f);

		if (tag != 0)
			r = relay_events(s, tag, last, &complete, f);
		if (r == 0 && !complete)
			r = fault_set(f, FAULT_DATA, "no such message: %s", p->name);
	}
	url_free(&u);
	return r;
}

static int send_url(struct sending *s, const struct piece *p, bool last, struct fault *f)
{
	if (s->from != NULL)
		return send_relayed(s, p, last, f);
	return smtp_burl(s->smtp, p->name, last, f);
}

static int send_pieces(struct sending *s, const struct assembly *a, struct fault *f)
{
	size_t i = 0, end;

	while (i < a->n) {
		for (end = i; end < a->n && a->piece[end].kind != PIECE_URL;)
			end++;
		if (end > i && send_local(s, a, i, end, f) == -1)
			return -1;
		if (end < a->n && send_url(s, &a->piece[end], end + 1 == a->n, f) == -1)
			return -1;
		i = end < a->n ? end + 1 : end;
	}
	return 0;
}

static int check(
    struct smtp_line *to, const struct assembly *a, const struct imap_line *from, struct fault *f)
{
	const struct smtp_caps *caps = smtp_caps(to->smtp);

	if (from != NULL || !assembly_has_url(a))
		return 0;
	if (!caps->burl)
		return fault_set(f, FAULT_REFUSED, "the submission server does not offer BURL");
	if (!caps->chunking && a->n > 1)
		return fault_set(f, FAULT_REFUSED,
		    "the submission server offers BURL without CHUNKING: only a whole message can be sent by URL");
	return 0;
}

int send_assembly(struct smtp_line *to, struct smtp_envelope *e, const struct assembly *a,
    struct imap_line *from, enum smtp_outcome *outcome, char *reply, size_t replylen,
    struct fault *f)
{
	const struct smtp_caps *caps = smtp_caps(to->smtp);
	bool burl = from == NULL && assembly_has_url(a);
	struct sending s = {.smtp = to->smtp,
	    .from = from,
	    .bdat = caps->chunking || burl,
	    .guard = !caps->eightbitmime && e->body == SMTP_7BIT};

	*outcome = SMTP_NOT_SENT;
	if (check(to, a, from, f) == -1 || smtp_begin(to->smtp, e, f) == -1)
		return -1;
	if ((!s.bdat && smtp_data(to->smtp, f) == -1) || send_pieces(&s, a, f) == -1) {
		smtp_abort(to->smtp);
		return -1;
	}
	return smtp_finish(to->smtp, outcome, reply, replylen, f);
}

size_t send_refused(
    const struct tool *t, const struct smtp_rcpt *r, size_t n, bool sent, enum fault_class *cls)
{
	size_t bad = 0;

	*cls = FAULT_TEMP;
	for (size_t i = 0; i < n; i++) {
		if (r[i].code < 400)
			continue;
		bad++;
		if (r[i].code >= 500)
			*cls = FAULT_REFUSED;
		if (sent || n > 1)
			tool_warn(t, "%s: %s", r[i].address, r[i].reply);
	}
	return bad;
}
