/* meta: GETMETADATA and SETMETADATA. */
#include "app/meta.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "imap/command.h"
#include "imap/utf7.h"

enum { MAILBOX_NAME_MAX = 65536 };

/* ---- names */

static const char *const roots[] = {"/private", "/shared"};

/* The length of the root that the name begins with, or 0. */
static size_t root_length(const char *entry)
{
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		size_t n = strlen(roots[i]);

		if (strncasecmp(entry, roots[i], n) == 0 && (entry[n] == '/' || entry[n] == '\0'))
			return n;
	}
	return 0;
}

int meta_check(const char *entry, bool below, struct fault *f)
{
	size_t n = strlen(entry), root = root_length(entry);

	if (root == 0)
		return fault_set(
		    f, FAULT_USAGE, "an entry begins with /private/ or /shared/: %s", entry);
	if (n > META_ENTRY_MAX)
		return fault_set(
		    f, FAULT_USAGE, "the name of an entry is over %d octets", META_ENTRY_MAX);
	if (!below && entry[root] == '\0')
		return fault_set(f, FAULT_USAGE, "no entry, but what entries are below: %s", entry);
	if (strstr(entry, "//") != NULL || entry[n - 1] == '/')
		return fault_set(f, FAULT_USAGE, "an entry with an empty part: %s", entry);
	for (const char *p = entry; *p != '\0'; p++)
		if (*p < ' ' || *p > '~' || *p == '*' || *p == '%')
			return fault_set(f, FAULT_USAGE,
			    "an entry with what cannot stand in its name: %s", entry);
	return 0;
}

bool meta_is_asked(const char *entry, enum meta_depth depth, const char *name)
{
	size_t n = strlen(entry);

	if (strncasecmp(entry, name, n) != 0)
		return false;
	if (name[n] == '\0')
		return true;
	if (name[n] != '/' || depth == META_HERE)
		return false;
	return depth == META_BELOW || strchr(name + n + 1, '/') == NULL;
}

/* ---- responses */

static bool is_mailbox(const struct node *wire, const char *utf8)
{
	struct buf name;
	bool same;

	if (utf8 == NULL)
		return wire->len == 0;
	if (strcasecmp(utf8, "INBOX") == 0)
		return node_is(wire, "INBOX");
	if (wire->len == strlen(utf8) && memcmp(wire->s, utf8, wire->len) == 0)
		return true;
	buf_init(&name, MAILBOX_NAME_MAX);
	same = utf7_decode(&name, wire->s, wire->len) == 0 && strcmp(buf_str(&name), utf8) == 0;
	buf_free(&name);
	return same;
}

static bool is_text(const struct node *n)
{
	return n != NULL && (n->kind == NODE_ATOM || n->kind == NODE_STRING);
}

bool meta_walk_begin(struct meta_walk *w, const struct event *ev, const char *mailbox)
{
	const struct node *list;

	w->at = NULL;
	if (ev->kind != EV_METADATA || !is_text(ev->args) || !is_mailbox(ev->args, mailbox))
		return false;
	list = ev->args->next;
	if (list == NULL || list->kind != NODE_LIST)
		return false;
	w->at = list->child;
	return true;
}

int meta_walk_next(struct meta_walk *w, struct meta_value *v, struct fault *f)
{
	const struct node *name = w->at, *value = name != NULL ? name->next : NULL;

	if (name == NULL)
		return 0;
	if (!is_text(name) || strlen(name->s) != name->len)
		return fault_set(f, FAULT_PROTOCOL, "METADATA with a name that is none");
	if (!is_text(value) && (value == NULL || value->kind != NODE_NIL))
		return fault_set(f, FAULT_PROTOCOL, "METADATA without a value for %.200s", name->s);
	*v = (struct meta_value){.entry = name->s,
	    .value = value->kind == NODE_NIL ? NULL : value->s,
	    .len = value->len};
	w->at = value->next;
	return 1;
}

/* ---- asking */

int meta_offered(const struct imap_line *l, const char *mailbox, struct fault *f)
{
	if (imap_has(l->imap, "METADATA") ||
	    (mailbox == NULL && imap_has(l->imap, "METADATA-SERVER")))
		return 0;
	if (imap_has(l->imap, "METADATA-SERVER"))
		return fault_set(f, FAULT_REFUSED,
		    "the server has METADATA for itself (METADATA-SERVER), not for mailboxes");
	return fault_set(f, FAULT_REFUSED, "the server does not offer METADATA");
}

static void put_mailbox(struct imap_cmd *c, const char *mailbox)
{
	if (mailbox != NULL)
		imap_mailbox(c, mailbox);
	else
		imap_string(c, "", 0);
}

/* RFC 5464 section 4.2 has the options behind the mailbox in its examples, and before it in its syntax: that is what servers take. */
static uint32_t send_get(struct imap_line *l, const struct meta_query *q, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "GETMETADATA");
	imap_list(&c);
	imap_atom(&c, "MAXSIZE");
	imap_number(&c, q->maxsize);
	if (q->depth != META_HERE) {
		imap_atom(&c, "DEPTH");
		imap_atom(&c, q->depth == META_BELOW ? "infinity" : "1");
	}
	imap_list_end(&c);
	put_mailbox(&c, q->mailbox);
	if (q->n > 1)
		imap_list(&c);
	for (size_t i = 0; i < q->n; i++)
		imap_astring(&c, q->entry[i], strlen(q->entry[i]));
	if (q->n > 1)
		imap_list_end(&c);
	return imap_send(l->imap, &c, f);
}

/* For the UIDVALIDITY: STATUS changes nothing, where even EXAMINE has a mailbox closed that somebody else on this line may have open. */
static uint32_t send_status(struct imap_line *l, const char *mailbox, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "STATUS");
	imap_mailbox(&c, mailbox);
	imap_list(&c);
	imap_atom(&c, "UIDVALIDITY");
	imap_list_end(&c);
	return imap_send(l->imap, &c, f);
}

int meta_ask(struct imap_line *l, struct meta_query *q, struct fault *f)
{
	q->wanted = q->uidvalidity;
	q->uidvalidity = 0;
	q->longest = 0;
	q->status_tag = q->tag = 0;
	q->walk.at = NULL;
	if (q->mailbox != NULL && (q->status_tag = send_status(l, q->mailbox, f)) == 0)
		return -1;
	q->tag = send_get(l, q, f);
	return q->tag == 0 ? -1 : 0;
}

static void note_status(const struct event *ev, const char *mailbox, uint32_t *uidvalidity)
{
	const struct node name = {
	    .kind = NODE_STRING, .s = ev->status.mailbox, .len = ev->status.mailbox_len};

	if ((ev->status.has & STATUS_UIDVALIDITY) != 0 && is_mailbox(&name, mailbox))
		*uidvalidity = ev->status.uidvalidity;
}

static int check_uidvalidity(uint32_t is, uint32_t wanted, struct fault *f)
{
	if (wanted == 0 || is == wanted)
		return 0;
	if (is == 0)
		return fault_set(f, FAULT_DATA,
		    "stale URL: its UIDVALIDITY is %u, and the server does not say what it is now",
		    wanted);
	return fault_set(f, FAULT_DATA, "stale URL: its UIDVALIDITY is %u now, not %u", is, wanted);
}

/* What an event tells, but for values. */
static int note_event(struct meta_query *q, const struct event *ev, struct fault *f)
{
	if (ev->kind == EV_MAILBOX_STATUS && q->mailbox != NULL)
		note_status(ev, q->mailbox, &q->uidvalidity);
	if (ev->kind != EV_TAGGED || ev->num != q->status_tag)
		return 0;
	q->status_tag = 0;
	return check_uidvalidity(q->uidvalidity, q->wanted, f);
}

static bool was_asked(const struct meta_query *q, const char *name)
{
	for (size_t i = 0; i < q->n; i++)
		if (meta_is_asked(q->entry[i], q->depth, name))
			return true;
	return false;
}

/* RFC 5464 section 4.2.1. */
static int note_end(struct meta_query *q, const struct event *ev, struct fault *f)
{
	q->tag = 0;
	if (ev->code == CODE_METADATA && node_is(ev->args, "LONGENTRIES"))
		q->longest = ev->number;
	return q->status_tag == 0 ? 0 : check_uidvalidity(q->uidvalidity, q->wanted, f);
}

int meta_next(struct imap_line *l, struct meta_query *q, struct meta_value *v, struct fault *f)
{
	struct event ev;
	int r;

	for (;;) {
		while ((r = meta_walk_next(&q->walk, v, f)) == 1) {
			/* The answers may come in another order than the questions went. */
			if (q->status_tag != 0 &&
			    check_uidvalidity(q->uidvalidity, q->wanted, f) == -1)
				return -1;
			if (was_asked(q, v->entry))
				return 1;
			tool_note(l->tool, "not asked for, left out: %s", v->entry);
		}
		if (r == -1 || q->tag == 0)
			return r;
		r = imap_until(l->imap, q->tag, &ev, f);
		if (r == -1 || (r == 0 ? note_end(q, &ev, f) : note_event(q, &ev, f)) == -1)
			return -1;
		if (r == 1)
			meta_walk_begin(&q->walk, &ev, q->mailbox);
	}
}

/* ---- setting */

/* The refusals of RFC 5464 section 4.3, and of a literal8. */
static int explain(const struct event *ev, const char *value, size_t n, struct fault *f)
{
	bool binary = n > 0 && memchr(value, '\0', n) != NULL;

	if (ev->kind != EV_TAGGED)
		return -1;
	if (ev->code == CODE_METADATA && node_is(ev->args, "MAXSIZE"))
		return fault_set(f, FAULT_REFUSED,
		    "a value of %zu octets: the server takes at most %llu", n,
		    (unsigned long long)ev->number);
	if (ev->code == CODE_METADATA && node_is(ev->args, "TOOMANY"))
		return fault_set(
		    f, FAULT_REFUSED, "the server takes no more entries here (TOOMANY)");
	if (ev->code == CODE_METADATA && node_is(ev->args, "NOPRIVATE"))
		return fault_set(f, FAULT_REFUSED,
		    "the server has no private entries here (NOPRIVATE): /shared/ may do");
	if (binary && (ev->cond == COND_BAD || ev->code == CODE_CANNOT)) {
		f->cls = FAULT_REFUSED;
		return fault_while(f, "a value with NUL octets (literal8)");
	}
	return -1;
}

static int check_mailbox(
    struct imap_line *l, const char *mailbox, uint32_t uidvalidity, struct fault *f)
{
	uint32_t is = 0, tag = send_status(l, mailbox, f);
	struct event ev;
	int r;

	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_MAILBOX_STATUS)
			note_status(&ev, mailbox, &is);
	return r == -1 ? -1 : check_uidvalidity(is, uidvalidity, f);
}

static void put_value(struct imap_cmd *c, const char *value, size_t n)
{
	if (value == NULL)
		imap_atom(c, "NIL");
	else if (n > 0 && memchr(value, '\0', n) != NULL)
		imap_literal(c, value, n, true);
	else
		imap_string(c, value, n);
}

int meta_set(struct imap_line *l, const char *mailbox, uint32_t uidvalidity, const char *entry,
    const char *value, size_t n, struct fault *f)
{
	struct event ev = {0};
	struct imap_cmd c;
	uint32_t tag;
	int r;

	if (n > META_VALUE_MAX)
		return fault_set(f, FAULT_DATA, "a value over %d octets", META_VALUE_MAX);
	if (mailbox != NULL && uidvalidity != 0 && check_mailbox(l, mailbox, uidvalidity, f) == -1)
		return -1;
	imap_cmd_init(&c, l->imap, "SETMETADATA");
	put_mailbox(&c, mailbox);
	imap_list(&c);
	imap_astring(&c, entry, strlen(entry));
	put_value(&c, value, n);
	imap_list_end(&c);
	tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		;
	return r == -1 ? explain(&ev, value, n, f) : 0;
}
