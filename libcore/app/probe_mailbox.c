/* probe_mailbox: extensions about mailboxes: NAMESPACE, METADATA, and those of LIST. */
#include <stdio.h>
#include <string.h>

#include "app/probe_impl.h"

/* ---- NAMESPACE (RFC 2342) */

int probe_namespace(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	const struct node *kind;
	size_t count[3] = {0};
	int r;

	imap_cmd_init(&c, p->line->imap, "NAMESPACE");

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		if (ev.kind != EV_NAMESPACE)
			continue;
		kind = ev.args;
		for (int i = 0; i < 3 && kind != NULL; i++, kind = kind->next)
			count[i] = kind->count;
	}
	if (r == -1)
		return -1;
	if (count[0] + count[1] + count[2] == 0)
		return probe_wrong(f, "NAMESPACE: no namespace");
	return probe_detail(
	    p, "%zu personal, %zu of other users, %zu shared", count[0], count[1], count[2]);
}

/* ---- METADATA (RFC 5464) */

/* Of a server section 6.2.1 has no private entry but those of vendors. */
static const char entry[] = "/private/comment";
static const char server_entry[] = "/private/vendor/vendor.lm/probe";
static const char value[] = "lm-probe \"quoted\"";

/* The command for the first scratch mailbox, or for the server. */
static void start_metadata(struct imap_cmd *c, const struct probe *p, const char *name, bool server)
{
	imap_cmd_init(c, p->line->imap, name);
	if (server)
		imap_string(c, "", 0);
	else
		imap_mailbox(c, p->mailbox);
}

/* *cond is how it was answered (COND_OK where it was not), and may be NULL. */
static int set_metadata(
    struct probe *p, bool server, const char *text, enum cond *cond, struct fault *f)
{
	const char *name = server ? server_entry : entry;
	struct event ev = {0};
	struct imap_cmd c;
	int r;

	start_metadata(&c, p, "SETMETADATA", server);
	imap_list(&c);
	imap_astring(&c, name, strlen(name));
	if (text == NULL)
		imap_atom(&c, "NIL");
	else
		imap_string(&c, text, strlen(text));
	imap_list_end(&c);
	r = imap_run(p->line->imap, &c, &ev, f);
	if (cond != NULL)
		*cond = r == -1 && imap_alive(p->line->imap) ? ev.cond : COND_OK;
	return r;
}

/* Runs a ready command that tells the value of an entry: 1 it is ours, 0 there is none, -1. */
static int read_metadata(
    struct probe *p, struct imap_cmd *c, const char *name, const char *what, struct fault *f)
{
	struct event ev;
	uint32_t tag = imap_send(p->line->imap, c, f);
	int r, has = 0;

	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		const struct node *list = ev.kind == EV_METADATA ? ev.args->next : NULL;
		const struct node *found = list != NULL ? node_pair(list->child, name) : NULL;

		if (found == NULL || found->kind == NODE_NIL)
			continue;
		if (found->len != strlen(value) || memcmp(found->s, value, found->len) != 0)
			has = -1;
		else
			has = 1;
	}
	if (r == 0 && has == -1)
		return probe_wrong(f, "%s: another value than the one set", what);
	return r == -1 ? -1 : has;
}

static int get_metadata(struct probe *p, bool server, struct fault *f)
{
	const char *name = server ? server_entry : entry;
	struct imap_cmd c;

	start_metadata(&c, p, "GETMETADATA", server);
	imap_astring(&c, name, strlen(name));
	return read_metadata(p, &c, name, "GETMETADATA", f);
}

/* What was set is there, and then is not. */
static int take_back(struct probe *p, bool server, struct fault *f)
{
	int has = get_metadata(p, server, f);

	if (has == 0)
		return probe_wrong(f, "SETMETADATA: OK, but the value is not there");
	if (has == -1 || set_metadata(p, server, NULL, NULL, f) == -1)
		return -1;
	has = get_metadata(p, server, f);
	if (has == 1)
		return probe_wrong(f, "SETMETADATA: OK, but the value was not removed");
	return has == -1
	    ? -1
	    : probe_detail(p, "%s set, read and removed", server ? server_entry : entry);
}

int probe_metadata(struct probe *p, struct fault *f)
{
	return set_metadata(p, false, value, NULL, f) == -1 ? -1 : take_back(p, false, f);
}

/* Who may set entries of the server is the server's affair: a NO is no fault, if they can be read. */
int probe_metadata_server(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	enum cond cond;

	start_metadata(&c, p, "GETMETADATA", true);
	imap_atom(&c, "/shared/comment");
	if (imap_run(p->line->imap, &c, NULL, f) == -1)
		return -1;
	if (set_metadata(p, true, value, &cond, f) == 0)
		return take_back(p, true, f);
	return cond == COND_NO ? probe_detail(p, "/shared/comment read; %s", f->msg) : -1;
}

/* ---- LIST (RFC 5258, RFC 5819, RFC 6154) */

static bool has_attribute(const struct list_event *list, const char *name)
{
	for (const struct node *n = list->attributes; n != NULL; n = n->next)
		if (node_is(n, name))
			return true;
	return false;
}

static void list_return(struct imap_cmd *c, const char *option)
{
	imap_atom(c, "RETURN");
	imap_list(c);
	imap_atom(c, option);
}

/* LIST-METADATA (RFC 9590) */
int probe_list_metadata(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	int has;

	if (set_metadata(p, false, value, NULL, f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, "LIST");
	imap_string(&c, "", 0);
	imap_mailbox(&c, p->mailbox);
	list_return(&c, "METADATA");
	imap_list(&c);
	imap_astring(&c, entry, strlen(entry));
	imap_list_end(&c);
	imap_list_end(&c);
	has = read_metadata(p, &c, entry, "LIST RETURN (METADATA)", f);
	if (has == 0)
		return probe_wrong(f, "LIST RETURN (METADATA): no value");
	if (has == -1 || set_metadata(p, false, NULL, NULL, f) == -1)
		return -1;
	return probe_detail(p, "LIST and METADATA in one");
}

int probe_list_extended(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r, listed = 0, said = 0;

	imap_cmd_init(&c, p->line->imap, "LIST");
	imap_string(&c, "", 0);
	imap_list(&c);
	imap_mailbox(&c, p->mailbox);
	imap_mailbox(&c, p->second);
	imap_list_end(&c);
	list_return(&c, "CHILDREN");
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		if (ev.kind != EV_LIST)
			continue;
		listed++;
		said += has_attribute(&ev.list, "\\HasNoChildren") ||
		    has_attribute(&ev.list, "\\Noinferiors");
	}
	if (r == -1)
		return -1;
	if (listed != 2)
		return probe_wrong(f, "LIST: %d mailboxes for two patterns, not 2", listed);
	if (said != 2)
		return probe_wrong(f, "LIST RETURN (CHILDREN): no \\HasNoChildren");
	return probe_detail(p, "two patterns, RETURN (CHILDREN)");
}

int probe_list_status(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool listed = false, counted = false;
	int r;

	imap_cmd_init(&c, p->line->imap, "LIST");
	imap_string(&c, "", 0);
	imap_mailbox(&c, p->mailbox);
	list_return(&c, "STATUS");
	imap_list(&c);
	imap_atom(&c, "MESSAGES");
	imap_atom(&c, "UIDVALIDITY");
	imap_list_end(&c);
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		listed = listed || ev.kind == EV_LIST;
		if (ev.kind == EV_MAILBOX_STATUS &&
		    probe_is_mailbox(ev.status.mailbox, ev.status.mailbox_len, p->mailbox))
			counted = (ev.status.has & STATUS_MESSAGES) != 0 &&
			    ev.status.messages > 0 && ev.status.uidvalidity == p->uidvalidity;
	}
	if (r == -1)
		return -1;
	if (!listed || !counted)
		return probe_wrong(
		    f, "LIST RETURN (STATUS): %s", listed ? "no right STATUS" : "no LIST");
	return probe_detail(p, "LIST and STATUS in one");
}

static const char *const uses[] = {
    "\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Important", "\\Junk", "\\Sent", "\\Trash"};

/* Appends the special uses of one mailbox to the remark. */
static void note_use(struct probe *p, const struct list_event *list)
{
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		size_t n = strlen(p->detail);

		if (has_attribute(list, uses[i]) && strstr(p->detail, uses[i]) == NULL)
			snprintf(p->detail + n, sizeof(p->detail) - n, "%s%s", n > 0 ? " " : "",
			    uses[i]);
	}
}

int probe_special_use(struct probe *p, struct fault *f)
{
	bool extended = imap_has(p->line->imap, "LIST-EXTENDED");
	struct imap_cmd c;
	struct event ev;
	int r;

	imap_cmd_init(&c, p->line->imap, "LIST");
	if (extended) {
		imap_list(&c);
		imap_atom(&c, "SPECIAL-USE");
		imap_list_end(&c);
	}
	imap_string(&c, "", 0);
	imap_atom(&c, "*");

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_LIST)
			note_use(p, &ev.list);
	if (r == 0 && p->detail[0] == '\0')
		probe_detail(p, "no mailbox has a special use");
	return r;
}

/* ---- CREATE-SPECIAL-USE (RFC 6154) */

static int create_archive(struct probe *p, struct event *ev, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "CREATE");
	imap_mailbox(&c, p->second);
	imap_list(&c);
	imap_atom(&c, "USE");
	imap_list(&c);
	imap_flag(&c, "\\Archive");
	imap_list_end(&c);
	imap_list_end(&c);
	return imap_run(p->line->imap, &c, ev, f);
}

/* The second mailbox has the special use: 1 or 0, or -1. */
static int is_archive(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r, has = 0;

	imap_cmd_init(&c, p->line->imap, "LIST");
	imap_string(&c, "", 0);
	imap_mailbox(&c, p->second);
	if (imap_has(p->line->imap, "LIST-EXTENDED")) {
		list_return(&c, "SPECIAL-USE");
		imap_list_end(&c);
	}

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_LIST)
			has |= has_attribute(&ev.list, "\\Archive");
	return r == -1 ? -1 : has;
}

/* CREATE (USE): 1 listed with the use, 0 not so, PROBE_USEATTR refused as a server may, which has
 * one mailbox only for each use; or -1. */
enum { PROBE_USEATTR = 2 };
static int make_archive(struct probe *p, struct fault *f)
{
	struct event ev = {0};

	p->made_second = true; /* even if the answer is lost */
	if (create_archive(p, &ev, f) == 0)
		return is_archive(p, f);
	p->made_second = !imap_alive(p->line->imap);
	return imap_alive(p->line->imap) && ev.code == CODE_USEATTR ? PROBE_USEATTR : -1;
}

/* The second mailbox is made anew with a use, and then without: nobody is to take it for the
 * archive longer than that. */
int probe_create_special_use(struct probe *p, struct fault *f)
{
	struct fault again = {0};
	int seen;

	if (probe_home(p, f) == -1 ||
	    probe_mailbox_remove(p->line, p->second, &p->made_second, f) == -1)
		return -1;
	seen = make_archive(p, f);
	if (!imap_alive(p->line->imap))
		return -1;
	if (probe_mailbox_remove(p->line, p->second, &p->made_second, &again) == -1 ||
	    probe_mailbox_create(p, p->second, &p->made_second, &again) == -1)
		seen = seen == -1 ? -1 : fault_set(f, again.cls, "%s", again.msg);
	if (seen == 0)
		return probe_wrong(f, "CREATE (USE): OK, but LIST does not show \\Archive");
	return seen == -1 ? -1
			  : probe_detail(p, "\\Archive %s",
				seen == 1 ? "made, listed and removed" : "refused with USEATTR");
}
