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

static const char entry[] = "/private/comment";
static const char value[] = "lm-probe \"quoted\"";

static int set_metadata(struct probe *p, const char *text, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "SETMETADATA");
	imap_mailbox(&c, p->mailbox);
	imap_list(&c);
	imap_astring(&c, entry, strlen(entry));
	if (text == NULL)
		imap_atom(&c, "NIL");
	else
		imap_string(&c, text, strlen(text));
	imap_list_end(&c);
	return imap_run(p->line->imap, &c, NULL, f);
}

/* 1 the entry has our value, 0 it has none, -1. */
static int get_metadata(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r, has = 0;

	imap_cmd_init(&c, p->line->imap, "GETMETADATA");
	imap_mailbox(&c, p->mailbox);
	imap_astring(&c, entry, strlen(entry));

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		const struct node *list = ev.kind == EV_METADATA ? ev.args->next : NULL;
		const struct node *found = list != NULL ? node_pair(list->child, entry) : NULL;

		if (found == NULL || found->kind == NODE_NIL)
			continue;
		if (found->len != strlen(value) || memcmp(found->s, value, found->len) != 0)
			has = -1;
		else
			has = 1;
	}
	if (r == 0 && has == -1)
		return probe_wrong(f, "GETMETADATA: another value than the one set");
	return r == -1 ? -1 : has;
}

int probe_metadata(struct probe *p, struct fault *f)
{
	int has;

	if (set_metadata(p, value, f) == -1)
		return -1;
	has = get_metadata(p, f);
	if (has == 0)
		return probe_wrong(f, "SETMETADATA: OK, but the value is not there");
	if (has == -1 || set_metadata(p, NULL, f) == -1)
		return -1;
	has = get_metadata(p, f);
	if (has == 1)
		return probe_wrong(f, "SETMETADATA: OK, but the value was not removed");
	return has == -1 ? -1 : probe_detail(p, "%s set, read and removed", entry);
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
