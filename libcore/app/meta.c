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

/* What the commands of a flight are for. The rest of a command's kind is the number of its query. */
enum command { COMMAND_STATUS, COMMAND_METADATA, COMMANDS };

static void send(
    struct flight *fl, struct imap_cmd *c, enum command kind, struct meta_query *q, size_t i)
{
	flight_send(fl, c, (int)(i * COMMANDS + kind), &q[i].why);
}

/* RFC 5464 section 4.2 has the options behind the mailbox in its examples, and before it in its syntax: that is what servers take. */
static void send_get(struct meta_get *g, size_t i)
{
	const struct meta_what *what = g->what;
	struct imap_cmd c;

	imap_cmd_init(&c, g->line->imap, "GETMETADATA");
	imap_list(&c);
	imap_atom(&c, "MAXSIZE");
	imap_number(&c, what->maxsize);
	if (what->depth != META_HERE) {
		imap_atom(&c, "DEPTH");
		imap_atom(&c, what->depth == META_BELOW ? "infinity" : "1");
	}
	imap_list_end(&c);
	put_mailbox(&c, g->q[i].mailbox);
	if (what->n > 1)
		imap_list(&c);
	for (size_t k = 0; k < what->n; k++)
		imap_astring(&c, what->entry[k], strlen(what->entry[k]));
	if (what->n > 1)
		imap_list_end(&c);
	send(&g->flight, &c, COMMAND_METADATA, g->q, i);
}

/* For the UIDVALIDITY: STATUS changes nothing, where even EXAMINE has a mailbox closed that somebody else on this line may have open. */
static void send_status(struct flight *fl, struct meta_query *q, size_t i)
{
	struct imap_cmd c;

	imap_cmd_init(&c, fl->imap, "STATUS");
	imap_mailbox(&c, q[i].mailbox);
	imap_list(&c);
	imap_atom(&c, "UIDVALIDITY");
	imap_list_end(&c);
	send(fl, &c, COMMAND_STATUS, q, i);
}

static void begin(struct meta_query *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		q[i].wanted = q[i].uidvalidity;
		q[i].uidvalidity = 0;
		q[i].longest = 0;
		q[i].known = q[i].mailbox == NULL;
		q[i].over = q[i].why.cls != FAULT_NONE;
	}
}

void meta_get(struct meta_get *g, struct imap_line *l, const struct meta_what *what,
    struct meta_query *q, size_t n)
{
	g->line = l;
	g->what = what;
	g->q = q;
	g->n = n;
	g->walk.at = NULL;
	flight_init(&g->flight, l->imap);
	begin(q, n);
	for (size_t i = 0; i < n; i++) {
		if (q[i].why.cls == FAULT_NONE && q[i].mailbox != NULL)
			send_status(&g->flight, q, i);
		if (q[i].why.cls == FAULT_NONE)
			send_get(g, i);
		q[i].over = q[i].why.cls != FAULT_NONE;
	}
}

static void check_uidvalidity(struct meta_query *q)
{
	q->known = true;
	if (q->why.cls != FAULT_NONE || q->wanted == 0 || q->uidvalidity == q->wanted ||
	    q->mailbox == NULL)
		return;
	if (q->uidvalidity != 0)
		fault_set(&q->why, FAULT_DATA, "stale URL: its UIDVALIDITY is %u now, not %u",
		    q->uidvalidity, q->wanted);
	else
		fault_set(&q->why, FAULT_DATA,
		    "stale URL: its UIDVALIDITY is %u, and the server does not say what it is now",
		    q->wanted);
}

static void note_status(struct meta_query *q, size_t n, const struct event *ev)
{
	const struct node name = {
	    .kind = NODE_STRING, .s = ev->status.mailbox, .len = ev->status.mailbox_len};

	if ((ev->status.has & STATUS_UIDVALIDITY) == 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (q[i].mailbox != NULL && is_mailbox(&name, q[i].mailbox))
			q[i].uidvalidity = ev->status.uidvalidity;
}

/* The values are those of the first query of that mailbox that is still open; where it has failed, nobody's. */
static void note_values(struct meta_get *g, const struct event *ev)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->q[i].over || !meta_walk_begin(&g->walk, ev, g->q[i].mailbox))
			continue;
		/* The answers may come in another order than the questions went. */
		if (!g->q[i].known)
			check_uidvalidity(&g->q[i]);
		if (g->q[i].why.cls != FAULT_NONE)
			g->walk.at = NULL;
		g->at = i;
		return;
	}
}

/* A command of the flight has its reply. */
static void complete(struct meta_query *q, const struct flight_cmd *done, const struct event *ev)
{
	q += done->kind / COMMANDS;
	check_uidvalidity(q);
	if (done->kind % COMMANDS == COMMAND_STATUS)
		return;
	q->over = true;
	if (q->why.cls == FAULT_NONE)
		q->why = done->why;
	/* RFC 5464 section 4.2.1. */
	if (ev->code == CODE_METADATA && node_is(ev->args, "LONGENTRIES"))
		q->longest = ev->number;
}

/* The line is lost: for those that have no reply. */
static void lose(struct meta_query *q, size_t n, const struct fault *f)
{
	for (size_t i = 0; i < n; i++)
		if (!q[i].over && q[i].why.cls == FAULT_NONE)
			q[i].why = *f;
}

static bool was_asked(const struct meta_what *what, const char *name)
{
	for (size_t i = 0; i < what->n; i++)
		if (meta_is_asked(what->entry[i], what->depth, name))
			return true;
	return false;
}

/* The next value of the response at hand: 1, or 0. */
static int next_value(struct meta_get *g, struct meta_value *v)
{
	struct fault f;
	int r;

	while ((r = meta_walk_next(&g->walk, v, &f)) == 1) {
		if (was_asked(g->what, v->entry))
			return 1;
		tool_note(g->line->tool, "not asked for, left out: %s", v->entry);
	}
	if (r == -1) {
		g->walk.at = NULL;
		g->q[g->at].why = f;
	}
	return 0;
}

int meta_get_next(
    struct meta_get *g, struct meta_query **which, struct meta_value *v, struct fault *f)
{
	struct flight_cmd *done;
	struct event ev;
	int r;

	for (;;) {
		if (next_value(g, v) == 1) {
			*which = &g->q[g->at];
			return 1;
		}
		r = flight_next(&g->flight, &ev, &done, f);
		if (r == -1)
			lose(g->q, g->n, f);
		if (r != 1)
			return r;
		if (done != NULL)
			complete(g->q, done, &ev);
		else if (ev.kind == EV_MAILBOX_STATUS)
			note_status(g->q, g->n, &ev);
		else
			note_values(g, &ev);
	}
}

/* ---- setting */

/* The refusals of RFC 5464 section 4.3, and of a literal8. */
static void explain(const struct event *ev, const char *value, size_t n, struct fault *f)
{
	bool binary = n > 0 && memchr(value, '\0', n) != NULL;

	if (ev->code == CODE_METADATA && node_is(ev->args, "MAXSIZE"))
		fault_set(f, FAULT_REFUSED, "a value of %zu octets: the server takes at most %llu",
		    n, (unsigned long long)ev->number);
	else if (ev->code == CODE_METADATA && node_is(ev->args, "TOOMANY"))
		fault_set(f, FAULT_REFUSED, "the server takes no more entries here (TOOMANY)");
	else if (ev->code == CODE_METADATA && node_is(ev->args, "NOPRIVATE"))
		fault_set(f, FAULT_REFUSED,
		    "the server has no private entries here (NOPRIVATE): /shared/ may do");
	else if (binary && (ev->cond == COND_BAD || ev->code == CODE_CANNOT))
		fault_while(f, "a value with NUL octets (literal8)");
}

static int check_mailboxes(struct imap_line *l, struct meta_query *q, size_t n, struct fault *f)
{
	struct flight_cmd *done;
	struct flight fl;
	struct event ev;
	int r;

	flight_init(&fl, l->imap);
	for (size_t i = 0; i < n; i++)
		if (q[i].why.cls == FAULT_NONE && q[i].mailbox != NULL && q[i].wanted != 0)
			send_status(&fl, q, i);
	while ((r = flight_next(&fl, &ev, &done, f)) == 1) {
		if (done != NULL)
			check_uidvalidity(&q[done->kind / COMMANDS]);
		else if (ev.kind == EV_MAILBOX_STATUS)
			note_status(q, n, &ev);
	}
	return r;
}

static void send_set(struct flight *fl, struct meta_query *q, size_t i, const char *entry,
    const char *value, size_t n)
{
	struct imap_cmd c;

	imap_cmd_init(&c, fl->imap, "SETMETADATA");
	put_mailbox(&c, q[i].mailbox);
	imap_list(&c);
	imap_astring(&c, entry, strlen(entry));
	if (value == NULL)
		imap_atom(&c, "NIL");
	else if (n > 0 && memchr(value, '\0', n) != NULL)
		imap_literal(&c, value, n, true);
	else
		imap_string(&c, value, n);
	imap_list_end(&c);
	send(fl, &c, COMMAND_METADATA, q, i);
}

static int set_all(struct imap_line *l, struct meta_query *q, size_t n, const char *entry,
    const char *value, size_t len, struct fault *f)
{
	struct flight_cmd *done;
	struct flight fl;
	struct event ev;
	int r;

	flight_init(&fl, l->imap);
	for (size_t i = 0; i < n; i++) {
		if (q[i].why.cls == FAULT_NONE)
			send_set(&fl, q, i, entry, value, len);
		q[i].over = q[i].why.cls != FAULT_NONE;
	}
	while ((r = flight_next(&fl, &ev, &done, f)) == 1) {
		if (done == NULL)
			continue;
		if (done->why.cls != FAULT_NONE)
			explain(&ev, value, len, &done->why);
		q[done->kind / COMMANDS].over = true;
		q[done->kind / COMMANDS].why = done->why;
	}
	return r;
}

int meta_set(struct imap_line *l, struct meta_query *q, size_t n, const char *entry,
    const char *value, size_t len, struct fault *f)
{
	begin(q, n);
	if (check_mailboxes(l, q, n, f) == 0 && set_all(l, q, n, entry, value, len, f) == 0)
		return 0;
	lose(q, n, f);
	return -1;
}
