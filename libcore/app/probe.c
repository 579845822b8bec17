/* probe: the run through the table, and the mailboxes that it needs. */
#include "app/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/probe_impl.h"
#include "imap/utf7.h"

/* Without a capability the probe finds out for itself. */
static const struct {
	const char *name, *capability;
	probe_run *run;
} table[] = {
    {"NAMESPACE", "NAMESPACE", probe_namespace},
    {"CONDSTORE", "CONDSTORE", probe_condstore},
    {"URLAUTH", "URLAUTH", probe_urlauth},
    {"CATENATE", "CATENATE", probe_catenate},
    {"UIDPLUS", "UIDPLUS", probe_uidplus},
    {"LITERAL+", "LITERAL+", probe_literal_plus},
    {"IDLE", "IDLE", probe_idle},
    {"NOTIFY", "NOTIFY", probe_notify},
    {"$Forwarded", NULL, probe_forwarded},
    {"BINARY", "BINARY", probe_binary},
    {"QRESYNC", "QRESYNC", probe_qresync},
    {"ESEARCH", "ESEARCH", probe_esearch},
    {"WITHIN", "WITHIN", probe_within},
    {"CONTEXT=SEARCH", "CONTEXT=SEARCH", probe_context},
    {"CONVERT", "CONVERT", probe_convert},
    {"COMPRESS=DEFLATE", "COMPRESS=DEFLATE", probe_compress},
    {"METADATA", "METADATA", probe_metadata},
    {"LIST-EXTENDED", "LIST-EXTENDED", probe_list_extended},
    {"MOVE", "MOVE", probe_move},
    {"SPECIAL-USE", "SPECIAL-USE", probe_special_use},
    {"LIST-STATUS", "LIST-STATUS", probe_list_status},
    {"SORT", "SORT", probe_sort},
    {"ESORT", "ESORT", probe_esort},
    {"CONTEXT=SORT", "CONTEXT=SORT", probe_context_sort},
    {"SORT=DISPLAY", "SORT=DISPLAY", probe_sort_display},
    {"SEARCHRES", "SEARCHRES", probe_searchres},
    {"PARTIAL", "PARTIAL", probe_partial},
    {"MULTISEARCH", "MULTISEARCH", probe_multisearch},
    {"STATUS=SIZE", "STATUS=SIZE", probe_status_size},
    {"LIST-METADATA", "LIST-METADATA", probe_list_metadata},
    {"METADATA-SERVER", "METADATA-SERVER", probe_metadata_server},
    {"PREVIEW", "PREVIEW", probe_preview},
    {"MULTIAPPEND", "MULTIAPPEND", probe_multiappend},
    {"UNSELECT", "UNSELECT", probe_unselect},
    {"REPLACE", "REPLACE", probe_replace},
    {"OBJECTID", "OBJECTID", probe_objectid},
    {"SAVEDATE", "SAVEDATE", probe_savedate},
    {"CREATE-SPECIAL-USE", "CREATE-SPECIAL-USE", probe_create_special_use},
};

const char *probe_word(enum probe_verdict v)
{
	static const char *const words[] = {"works", "broken", "absent"};

	return words[v];
}

const char *probe_mailbox(const struct probe *p)
{
	return p->mailbox;
}

int probe_detail(struct probe *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->detail, sizeof(p->detail), fmt, ap);
	va_end(ap);
	return 0;
}

int probe_wrong(struct fault *f, const char *fmt, ...)
{
	char text[PROBE_DETAIL_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fault_set(f, FAULT_REFUSED, "%s", text);
}

/* ---- scratch mailboxes */

/* The prefix of the first personal namespace: `(("INBOX." ".")) NIL NIL`. */
static void take_prefix(struct probe *p, const struct node *personal)
{
	const struct node *first = personal != NULL ? personal->child : NULL;
	const struct node *prefix = first != NULL ? first->child : NULL;
	struct buf utf8;

	if (prefix == NULL)
		return;
	buf_init(&utf8, sizeof(p->prefix) - 1);
	if (utf7_decode(&utf8, prefix->s, prefix->len) == 0)
		snprintf(p->prefix, sizeof(p->prefix), "%s", buf_str(&utf8));
	buf_free(&utf8);
}

/* New mailboxes may be made below the personal namespace only (RFC 2342). */
static int find_prefix(struct probe *p, struct fault *f)
{
	struct imap *s = p->line->imap;
	struct imap_cmd c;
	struct event ev;
	int r;

	if (!imap_has(s, "NAMESPACE") && !imap_has(s, "IMAP4rev2"))
		return 0;
	imap_cmd_init(&c, s, "NAMESPACE");

	uint32_t tag = imap_send(s, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(s, tag, &ev, f)) == 1)
		if (ev.kind == EV_NAMESPACE)
			take_prefix(p, ev.args);
	return imap_alive(s) ? 0 : r; /* a refusal is for the probe to report */
}

/* Letters, digits and hyphens only: no server's hierarchy delimiter. */
static int name_mailboxes(struct probe *p, struct fault *f)
{
	unsigned char r[8];
	char name[32];

	if (getentropy(r, sizeof(r)) == -1)
		return fault_errno(f, FAULT_TEMP, "a name for the scratch mailbox");
	snprintf(name, sizeof(name), "lm-probe-%02x%02x%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2],
	    r[3], r[4], r[5], r[6], r[7]);
	snprintf(p->mailbox, sizeof(p->mailbox), "%s%s", p->prefix, name);
	snprintf(p->second, sizeof(p->second), "%s%s-2", p->prefix, name);
	return 0;
}

static int on_mailbox(
    struct imap_line *l, const char *command, const char *mailbox, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, command);
	imap_mailbox(&c, mailbox);
	return imap_run(l->imap, &c, NULL, f);
}

int probe_mailbox_create(struct probe *p, const char *mailbox, bool *made, struct fault *f)
{
	*made = true; /* even if the answer is lost */
	if (on_mailbox(p->line, "CREATE", mailbox, f) == -1) {
		*made = !imap_alive(p->line->imap);
		return fault_while(f, "%s", mailbox);
	}
	return 0;
}

static int put_sample(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	struct buf message;
	int r = -1;

	buf_init(&message, PROBE_DATA_MAX);
	if (probe_sample(p, &message, f) == 0 && probe_select(p->line, p->mailbox, false, f) == 0) {
		p->uidvalidity = p->line->mailbox.uidvalidity;
		imap_cmd_init(&c, p->line->imap, "APPEND");
		imap_mailbox(&c, p->mailbox);
		imap_literal(&c, message.data, message.len, false);
		r = probe_append_run(p, &c, &p->uid, f);
	}
	buf_free(&message);
	return r;
}

static int set_up(struct probe *p, struct fault *f)
{
	if (find_prefix(p, f) == -1 || name_mailboxes(p, f) == -1)
		return -1;
	if (probe_mailbox_create(p, p->mailbox, &p->made, f) == -1)
		return -1;
	if (probe_mailbox_create(p, p->second, &p->made_second, f) == -1)
		return -1;
	return put_sample(p, f);
}

struct probe *probe_open(struct imap_line *l, const volatile sig_atomic_t *stop, struct fault *f)
{
	struct probe *p = calloc(1, sizeof(*p));
	struct fault left = {0};

	if (p == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	p->tool = l->tool;
	p->line = p->given = l;
	p->stop = stop;
	buf_init(&p->plain, PROBE_DATA_MAX);
	buf_init(&p->octets, PROBE_DATA_MAX);
	buf_init(&p->encoded, PROBE_DATA_MAX);
	if (set_up(p, f) == 0)
		return p;
	if (probe_close(p, &left) == -1)
		fault_set(f, f->cls, "%s; %s", f->msg, left.msg);
	return NULL;
}

/* ---- the run */

/* A connection that a probe broke is opened anew. */
static int reopen(struct probe *p, struct fault *f)
{
	struct imap_line *l;

	if (imap_alive(p->line->imap))
		return 0;
	tool_note(p->tool, "imap: the connection is gone; opening another");
	l = probe_line(p, false, f);
	if (l == NULL)
		return -1;
	if (p->line != p->given)
		imap_line_close(p->line);
	p->line = l;
	return 0;
}

static bool offers(const struct probe *p, const char *capability)
{
	return capability == NULL || imap_has(p->line->imap, capability) ||
	    (strcmp(capability, "CONDSTORE") == 0 && imap_has(p->line->imap, "QRESYNC"));
}

int probe_next(struct probe *p, struct probe_result *r, struct fault *f)
{
	struct fault why = {0};
	int done;

	if (p->next == sizeof(table) / sizeof(table[0]) || (p->stop != NULL && *p->stop))
		return 0;
	if (reopen(p, f) == -1)
		return -1;

	size_t k = p->next++;
	*r = (struct probe_result){.name = table[k].name, .detail = p->detail};
	p->detail[0] = '\0';
	if (!offers(p, table[k].capability)) {
		r->verdict = PROBE_ABSENT;
		probe_detail(p, "not offered");
		return 1;
	}
	tool_note(p->tool, "imap: trying %s", table[k].name);
	done = table[k].run(p, &why);
	r->verdict = done == 0 ? PROBE_WORKS : done == -1 ? PROBE_BROKEN : PROBE_ABSENT;
	if (done == -1)
		probe_detail(p, "%s", why.msg);
	return 1;
}

/* ---- the end */

int probe_mailbox_remove(struct imap_line *l, const char *mailbox, bool *made, struct fault *f)
{
	if (!*made)
		return 0;
	if (on_mailbox(l, "DELETE", mailbox, f) == -1)
		return -1;
	*made = false;
	return 0;
}

static int remove_both(struct probe *p, struct imap_line *l, struct fault *f)
{
	struct fault ignored;
	int r;

	/* Some servers do not delete what is selected. INBOX is always there to go to. */
	imap_line_select(l, "INBOX", true, 0, &ignored);
	r = probe_mailbox_remove(l, p->second, &p->made_second, f);
	return probe_mailbox_remove(l, p->mailbox, &p->made, f) == -1 ? -1 : r;
}

static int clean_up(struct probe *p, struct fault *f)
{
	int r = -1;

	if (!p->made && !p->made_second)
		return 0;
	if (imap_alive(p->line->imap))
		r = remove_both(p, p->line, f);
	if (r == -1) {
		struct imap_line *l = probe_line(p, false, f);

		if (l != NULL)
			r = remove_both(p, l, f);
		imap_line_close(l);
	}
	return r;
}

int probe_close(struct probe *p, struct fault *f)
{
	int r = 0;

	if (p == NULL)
		return 0;
	if (clean_up(p, f) == -1)
		r = fault_while(f, "left on the server: mailbox %s%s%s",
		    p->made ? p->mailbox : p->second, p->made && p->made_second ? " and " : "",
		    p->made && p->made_second ? p->second : "");
	if (p->line != p->given)
		imap_line_close(p->line);
	buf_free(&p->plain);
	buf_free(&p->octets);
	buf_free(&p->encoded);
	free(p);
	return r;
}
