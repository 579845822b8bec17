/* urlfetch: one URL, streamed. */
#include "app/urlfetch.h"

#include <inttypes.h>
#include <string.h>

#include "imap/structure.h"

static void put_command(
    struct imap_cmd *c, struct imap_line *l, const char *url, enum urlfetch_form form)
{
	imap_cmd_init(c, l->imap, "URLFETCH");
	if (form == URLFETCH_OCTETS) {
		imap_string(c, url, strlen(url));
		return;
	}
	imap_list(c);
	imap_string(c, url, strlen(url));
	imap_atom(c, form == URLFETCH_BINARY ? "BINARY" : "BODYPARTSTRUCTURE");
	imap_list_end(c);
}

static int print_part(const struct tool *t, FILE *out, const struct part *p, struct fault *f)
{
	char type[256], octets[24];
	struct record_field fields[] = {{"section", p->section, false}, {"type", type, false},
	    {"charset", p->charset, false}, {"encoding", p->encoding, false},
	    {"octets", octets, true}, {"name", p->name, false}};

	snprintf(type, sizeof(type), "%s/%s", p->type != NULL ? p->type : "",
	    p->subtype != NULL ? p->subtype : "");
	snprintf(octets, sizeof(octets), "%" PRIu64, p->octets);
	return tool_record(t, out, fields, sizeof(fields) / sizeof(fields[0]), f);
}

static int print_structure(
    const struct tool *t, FILE *out, const struct node *list, struct fault *f)
{
	struct structure s = {0};
	int r = structure_parse(&s, list, f);

	for (size_t i = 0; i < s.n && r == 0; i++)
		r = print_part(t, out, &s.part[i], f);
	structure_free(&s);
	return r;
}

/* One event of the answer. *got: something of the URL came. */
static int take(const struct tool *t, FILE *out, const struct event *ev, enum urlfetch_form form,
    bool *got, struct fault *f)
{
	if (ev->kind == EV_SECTION)
		*got = *got || !ev->section.nil;
	if (ev->kind == EV_SECTION_DATA && form != URLFETCH_STRUCTURE &&
	    fwrite(ev->data, 1, ev->len, out) != ev->len)
		return fault_errno(f, FAULT_IO, "standard output");
	if (ev->kind == EV_URLFETCH && form == URLFETCH_STRUCTURE &&
	    ev->urlfetch.bodypartstructure != NULL) {
		*got = true;
		return print_structure(t, out, ev->urlfetch.bodypartstructure, f);
	}
	return 0;
}

int urlfetch(const struct tool *t, struct imap_line *l, const char *url, enum urlfetch_form form,
    FILE *out, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool got = false;
	int r;

	if (!imap_has(l->imap, "URLAUTH"))
		return fault_set(f, FAULT_REFUSED, "the server does not offer URLAUTH");
	if (form != URLFETCH_OCTETS && !imap_has(l->imap, "URLAUTH=BINARY"))
		return fault_set(
		    f, FAULT_REFUSED, "the server does not offer URLAUTH=BINARY (RFC 5524)");
	put_command(&c, l, url, form);

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		if (take(t, out, &ev, form, &got, f) == -1)
			return -1;
	if (r == 0 && !got)
		return fault_set(f, FAULT_DATA,
		    "the server does not give it: expired, revoked, gone or not for this user: %s",
		    url);
	return r;
}
