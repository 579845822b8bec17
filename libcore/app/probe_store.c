/* probe_store: what a store keeps of messages, and other ways to bring them: MULTIAPPEND (RFC 3502), UNSELECT (RFC
 * 3691), REPLACE (RFC 8508), PREVIEW (RFC 8970), SAVEDATE (RFC 8514), OBJECTID (RFC 8474), STATUS=SIZE (RFC 8438). */
#include <string.h>

#include "app/probe_impl.h"

/* ---- MULTIAPPEND */

/* How many messages have the subject; -1. */
static int with_subject(struct imap_line *l, const char *subject, struct fault *f)
{
	struct set found;
	int r = probe_search(l, "SUBJECT", subject, &found, f);

	if (r == 0)
		r = (int)set_count(&found);
	set_free(&found);
	return r;
}

int probe_multiappend(struct probe *p, struct fault *f)
{
	static const char message[] = "Subject: probe-multiappend\r\n\r\ntwice\r\n";
	struct imap_cmd c;
	uint32_t uid;
	int n;

	imap_cmd_init(&c, p->line->imap, "APPEND");
	imap_mailbox(&c, p->mailbox);
	imap_literal(&c, message, strlen(message), false);
	imap_literal(&c, message, strlen(message), false);
	if (probe_append_run(p, &c, &uid, f) == -1)
		return -1;
	n = with_subject(p->line, "probe-multiappend", f);
	if (n == -1)
		return -1;
	if (n != 2)
		return probe_wrong(f, "APPEND of two messages: %d are there", n);
	return probe_detail(p, "two messages in one APPEND");
}

/* ---- UNSELECT */

/* CLOSE would expunge; UNSELECT must not. */
int probe_unselect(struct probe *p, struct fault *f)
{
	struct imap_cmd c;
	uint32_t uid;
	int r;

	if (probe_append(p, p->mailbox, "unselect", NULL, &uid, f) == -1 ||
	    probe_store(p->line, uid, "+FLAGS.SILENT", "\\Deleted", f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, "UNSELECT");
	if (imap_run(p->line->imap, &c, NULL, f) == -1 ||
	    probe_select(p->line, p->mailbox, false, f) == -1)
		return -1;
	r = probe_has_flag(p->line, uid, "\\Deleted", f);
	if (r == 0)
		return probe_wrong(f, "UNSELECT: a flag is lost");
	if (r == -1 || probe_expunge(p, uid, f) == -1)
		return -1;
	return probe_detail(p, "a deleted message stayed");
}

/* ---- REPLACE */

static int replace(struct probe *p, uint32_t uid, struct fault *f)
{
	static const char message[] = "Subject: probe-replace-new\r\n\r\nnew\r\n";
	struct imap_cmd c;
	uint32_t newer;

	imap_cmd_init(&c, p->line->imap, "UID REPLACE");
	imap_uid(&c, uid);
	imap_mailbox(&c, p->mailbox);
	imap_literal(&c, message, strlen(message), false);
	return probe_append_run(p, &c, &newer, f);
}

int probe_replace(struct probe *p, struct fault *f)
{
	uint32_t uid;
	int before, after;

	if (probe_append(p, p->mailbox, "probe-replace-old", NULL, &uid, f) == -1 ||
	    replace(p, uid, f) == -1)
		return -1;
	before = with_subject(p->line, "probe-replace-old", f);
	after = before == -1 ? -1 : with_subject(p->line, "probe-replace-new", f);
	if (after == -1)
		return -1;
	if (before != 0 || after != 1)
		return probe_wrong(f, "UID REPLACE: the %s message is %s",
		    before != 0 ? "old" : "new", before != 0 ? "still there" : "not there");
	return probe_detail(p, "one gone, one there");
}

/* ---- PREVIEW, SAVEDATE, OBJECTID: one item of the sample */

/* The text of a FETCH item of the sample (in a list: of its first), "" where it is NIL or not there. */
static int fetch_item(struct probe *p, const char *name, struct buf *out, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	if (probe_home(p, f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_uid(&c, p->uid);
	imap_list(&c);
	imap_atom(&c, name);
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		const struct node *n = ev.kind == EV_FETCH && ev.fetch.uid == p->uid
		    ? node_pair(ev.fetch.items, name)
		    : NULL;

		if (n != NULL && n->kind == NODE_LIST)
			n = n->child;
		if (n != NULL)
			buf_put(out, n->s, n->len);
	}
	return r;
}

/* The item holds `part` ("": anything). */
static int item_has(struct probe *p, const char *name, const char *part, struct fault *f)
{
	struct buf text;
	int r;

	buf_init(&text, PROBE_DATA_MAX);
	r = fetch_item(p, name, &text, f);
	if (r == 0 && text.len == 0)
		r = probe_wrong(f, "UID FETCH (%s): nothing", name);
	else if (r == 0 && strstr(buf_str(&text), part) == NULL)
		r = probe_wrong(f, "UID FETCH (%s): not \"%s\"", name, part);
	buf_free(&text);
	return r;
}

int probe_preview(struct probe *p, struct fault *f)
{
	if (item_has(p, "PREVIEW", "Caf\xc3\xa9 au lait", f) == -1)
		return -1;
	return probe_detail(p, "the text, decoded");
}

int probe_savedate(struct probe *p, struct fault *f)
{
	return item_has(p, "SAVEDATE", ":", f) == -1 ? -1 : probe_detail(p, "a time");
}

/* ---- OBJECTID and STATUS=SIZE */

/* STATUS of the first scratch mailbox, which is not open then (RFC 9051 section 6.3.11). */
static int status(
    struct probe *p, const char *item, struct status_event *out, size_t *id_len, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	*out = (struct status_event){0};
	if (probe_select(p->line, p->second, false, f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, "STATUS");
	imap_mailbox(&c, p->mailbox);
	imap_list(&c);
	imap_atom(&c, item);
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1) {
		if (ev.kind != EV_MAILBOX_STATUS)
			continue;
		*out = ev.status;
		*id_len = ev.status.mailboxid != NULL ? strlen(ev.status.mailboxid) : 0;
	}
	/* The names went with the event. */
	out->mailbox = out->mailboxid = NULL;
	return r;
}

int probe_objectid(struct probe *p, struct fault *f)
{
	struct status_event s;
	size_t id_len = 0;

	if (item_has(p, "EMAILID", "", f) == -1 || status(p, "MAILBOXID", &s, &id_len, f) == -1)
		return -1;
	if (id_len == 0)
		return probe_wrong(f, "STATUS (MAILBOXID): nothing");
	return probe_detail(p, "EMAILID, MAILBOXID");
}

/* The sizes of all messages together. */
static int sum_sizes(struct probe *p, uint64_t *sum, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	*sum = 0;
	if (probe_home(p, f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_atom(&c, "1:*");
	imap_list(&c);
	imap_atom(&c, "RFC822.SIZE");
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_FETCH && (ev.fetch.has & FETCH_SIZE) != 0)
			*sum += ev.fetch.size;
	return r;
}

/* It may be more than the sum of what there is, but not less (RFC 8438 section 3). */
int probe_status_size(struct probe *p, struct fault *f)
{
	struct status_event s;
	uint64_t sum;
	size_t ignored;

	if (sum_sizes(p, &sum, f) == -1 || status(p, "SIZE", &s, &ignored, f) == -1)
		return -1;
	if ((s.has & STATUS_SIZE) == 0)
		return probe_wrong(f, "STATUS (SIZE): no SIZE");
	if (s.size < sum)
		return probe_wrong(f, "STATUS (SIZE): %llu, but the messages have %llu octets",
		    (unsigned long long)s.size, (unsigned long long)sum);
	return probe_detail(p, "%llu octets", (unsigned long long)s.size);
}
