/* mailboxes: what comes in, joined by mailbox. */
#include "app/mailboxes.h"

#include <stdlib.h>
#include <string.h>

#include "app/mailboxes_impl.h"
#include "imap/response.h"

static int no_memory(struct fault *f)
{
	return fault_set(f, FAULT_TEMP, "out of memory");
}

/* ---- on their way out */

/* Whether there is a command of its own to be sent for it. */
static bool needs_own(const struct mailboxes *m, const struct held *h)
{
	return (h->status_due && !m->list_status) || (h->meta_due && !m->list_meta);
}

/* Whether LIST, or LSUB, has not yet brought all that it will. */
static bool needs_more(const struct mailboxes *m, const struct held *h)
{
	return m->lsub_left > 0 || (h->status_due && m->list_status) ||
	    (h->meta_due && m->list_meta);
}

size_t mailboxes_octets(const struct mailboxes *m)
{
	return m->table.octets + m->later.len - m->later_at;
}

static void take_out(struct mailboxes *m, struct held *h)
{
	queue_take(h->asked ? &m->asked : &m->waiting, h);
	m->nasked -= h->asked;
	h->asked = false;
	table_remove(&m->table, h);
}

/* Hands it out as it is. */
static void release(struct mailboxes *m, struct held *h)
{
	take_out(m, h);
	if (m->only_subscribed && (h->e.attributes & LIST_SUBSCRIBED) == 0)
		held_free(h);
	else
		queue_put(&m->ready, h);
}

static void refuse(struct mailboxes *m, struct held *h, const struct fault *why)
{
	if (h->refusal != NULL)
		return;
	h->refusal = strdup(why->msg);
	h->e.refusal = h->refusal;
	if (h->refusal != NULL)
		table_charge(&m->table, h, strlen(h->refusal) + 1);
}

/* Sends its own commands. */
static void ask(struct mailboxes *m, struct held *h)
{
	struct fault why;

	queue_take(&m->waiting, h);
	queue_put(&m->asked, h);
	h->asked = true;
	m->nasked++;
	if (mailboxes_send_own(m, h, &why) == 0)
		return;
	refuse(m, h, &why);
	h->status_due = h->status_due && h->status_tag != 0;
	h->meta_due = false;
	if (!h->status_due)
		release(m, h);
}

/* One for which LIST is done: asked for at once, later, or, where there is no room for that, not at all. */
static void ask_or_wait(struct mailboxes *m, struct held *h)
{
	if (m->nasked < MAILBOXES_WINDOW && m->later.len == 0) {
		ask(m, h);
	} else if (later_put(m, h)) {
		take_out(m, h);
		held_free(h);
	} else {
		release(m, h);
	}
}

/* After each thing that came in. */
static void advance(struct mailboxes *m, struct held *h)
{
	if (needs_more(m, h))
		return;
	if (!needs_own(m, h))
		release(m, h);
	else if (!h->asked)
		ask_or_wait(m, h);
}

static void advance_all(struct mailboxes *m)
{
	for (struct held *h = m->waiting.head, *next; h != NULL; h = next) {
		next = h->next;
		advance(m, h);
	}
}

/* Whose turn it is now. */
static int refill(struct mailboxes *m, struct fault *f)
{
	while (m->later.len > 0 && m->nasked < MAILBOXES_WINDOW) {
		struct held *h = later_take(m);

		if (h == NULL)
			return no_memory(f);
		table_add(&m->table, h);
		queue_put(&m->waiting, h);
		ask(m, h);
	}
	return 0;
}

/* Makes room: the one that has waited longest goes as it is. */
static int make_room(struct mailboxes *m, struct fault *f)
{
	while (mailboxes_octets(m) > MAILBOXES_HELD_MAX) {
		struct held *h = m->waiting.head != NULL ? m->waiting.head : m->asked.head;

		if (h == NULL || m->lsub_left > 0)
			return fault_set(f, FAULT_PROTOCOL,
			    "more subscriptions than there is room for (%d octets)",
			    MAILBOXES_HELD_MAX);
		release(m, h);
	}
	return 0;
}

/* ---- what comes in */

static unsigned attributes_of(const struct list_event *l)
{
	unsigned set = 0;

	for (const struct node *n = l->attributes; n != NULL; n = n->next)
		if (n->kind == NODE_ATOM)
			set |= mailboxes_attribute(n->s, n->len);
	return set;
}

static struct held *find_or_add(struct mailboxes *m, const struct list_event *l, struct fault *f)
{
	struct held *h = table_find(&m->table, l->mailbox, l->mailbox_len);

	if (h != NULL)
		return h;
	h = held_new(l->mailbox, l->mailbox_len, l->delimiter, m->utf8, m->nentry);
	if (h == NULL)
		no_memory(f);
	else
		table_add(&m->table, h);
	return h;
}

/* One that LSUB lists only for the sake of its children is not subscribed (RFC 3501 section 6.3.9). */
static int take_lsub(struct mailboxes *m, const struct list_event *l, struct fault *f)
{
	struct held *h;

	if (m->lsub_left == 0)
		return 0;
	if ((attributes_of(l) & LIST_NOSELECT) != 0)
		return 1;
	h = find_or_add(m, l, f);
	if (h == NULL)
		return -1;
	h->e.attributes |= LIST_SUBSCRIBED;
	return make_room(m, f) == -1 ? -1 : 1;
}

/* With one LIST for each pattern, what an earlier one has brought comes again. */
static bool came_before(const struct mailboxes *m, const struct held *h)
{
	size_t now = 0;

	while (now < m->nlist && m->list_tag[now] == 0)
		now++;
	for (size_t k = 0; !m->extended && k < now; k++)
		if (mailboxes_pattern(m->pattern[k], h->e.name, h->e.delimiter))
			return true;
	return false;
}

static void expect(const struct mailboxes *m, struct held *h)
{
	bool can = (h->e.attributes & (LIST_NOSELECT | LIST_NONEXISTENT)) == 0 &&
	    (h->e.bad & (NAME_LINE | NAME_LONG | NAME_EMPTY)) == 0;

	h->status_due = can && m->status != 0;
	h->meta_due = can && m->meta;
}

static void drop(struct mailboxes *m, struct held *h)
{
	table_remove(&m->table, h);
	held_free(h);
}

static int take_list(struct mailboxes *m, const struct list_event *l, struct fault *f)
{
	struct held *h;

	if (m->list_left == 0)
		return 0;
	h = find_or_add(m, l, f);
	if (h == NULL)
		return -1;
	if (h->listed)
		return 1;
	h->e.attributes |= attributes_of(l);
	if (m->extended && m->only_subscribed)
		h->e.attributes |= LIST_SUBSCRIBED;
	if ((m->only_special && (h->e.attributes & LIST_USES) == 0) || came_before(m, h)) {
		drop(m, h);
		return 1;
	}
	h->listed = true;
	expect(m, h);
	queue_put(&m->waiting, h);
	advance(m, h);
	return make_room(m, f) == -1 ? -1 : 1;
}

/* With a command of its own, its end is waited for. */
static int take_status(struct mailboxes *m, const struct status_event *s)
{
	struct held *h = table_find(&m->table, s->mailbox, s->mailbox_len);

	if (h == NULL || !h->status_due)
		return 0;
	h->e.has |= s->has & m->status;
	h->e.messages = s->messages;
	h->e.unseen = s->unseen;
	h->e.uidnext = s->uidnext;
	h->e.uidvalidity = s->uidvalidity;
	h->e.highestmodseq = s->highestmodseq;
	h->e.size = s->size;
	if (m->list_status) {
		h->status_due = false;
		advance(m, h);
	}
	return 1;
}

static int take_value(
    struct mailboxes *m, struct held *h, size_t k, const struct node *n, struct fault *f)
{
	char *copy;

	if (n->kind == NODE_NIL || n->kind == NODE_LIST || h->value[k].s != NULL)
		return 0;
	if (n->len > MAILBOXES_VALUE_MAX) {
		h->e.meta_long |= 1u << k;
		return 0;
	}
	copy = malloc(n->len + 1);
	if (copy == NULL)
		return no_memory(f);
	memcpy(copy, n->s, n->len);
	copy[n->len] = '\0';
	h->value[k].s = copy;
	h->value[k].len = n->len;
	table_charge(&m->table, h, n->len + 1);
	return 0;
}

/* A list that is none of pairs is news of a change (RFC 5464 section 4.4.2): not for us. */
static int take_metadata(struct mailboxes *m, const struct node *args, struct fault *f)
{
	const struct node *list = args != NULL ? args->next : NULL;
	struct held *h;

	if (list == NULL || list->kind != NODE_LIST)
		return 0;
	h = table_find(&m->table, args->s, args->len);
	if (h == NULL || !h->meta_due)
		return 0;
	for (size_t k = 0; k < m->nentry; k++) {
		const struct node *n = node_pair(list->child, m->entry[k]);

		if (n != NULL && take_value(m, h, k, n, f) == -1)
			return -1;
	}
	if (m->list_meta) {
		h->meta_due = false;
		advance(m, h);
	}
	return make_room(m, f) == -1 ? -1 : 1;
}

/* ---- commands that are done */

static bool take_tag(uint32_t *tags, size_t n, uint32_t tag)
{
	for (size_t k = 0; k < n; k++)
		if (tags[k] == tag) {
			tags[k] = 0;
			return true;
		}
	return false;
}

static void note_refusal(struct mailboxes *m, const struct event *ev)
{
	if (ev->cond != COND_OK && m->fault.cls == FAULT_NONE)
		imap_refusal(ev, ev->name, &m->fault);
}

/* Subscribed ones that LIST did not name: there is no such mailbox (RFC 5258 section 3.1). */
static void finish_unlisted(struct mailboxes *m)
{
	for (size_t i = 0; i < MAILBOXES_BUCKETS; i++)
		for (struct held *h = m->table.bucket[i], *next; h != NULL; h = next) {
			next = h->chain;
			if (h->listed)
				continue;
			table_remove(&m->table, h);
			h->e.attributes |= LIST_NONEXISTENT | LIST_NOSELECT;
			if (m->only_subscribed && !m->only_special)
				queue_put(&m->ready, h);
			else
				held_free(h);
		}
}

static void finish_lists(struct mailboxes *m)
{
	for (struct held *h = m->waiting.head; h != NULL; h = h->next) {
		h->status_due = h->status_due && !m->list_status;
		h->meta_due = h->meta_due && !m->list_meta;
	}
	advance_all(m);
}

static void drop_all(struct mailboxes *m)
{
	table_free(&m->table);
	m->table.octets = 0;
	m->waiting = (struct queue){0};
}

/* BAD for what the capabilities promise: then the commands that every server knows. */
static int fall_back(struct mailboxes *m, struct fault *f)
{
	drop_all(m);
	m->plain = true;
	mailboxes_choose(m);
	return mailboxes_send_lists(m, f);
}

static int list_done(struct mailboxes *m, const struct event *ev, struct fault *f)
{
	bool fancy = m->extended || m->list_status;
	bool nothing = !m->popped && m->ready.head == NULL && m->asked.head == NULL;

	m->list_left--;
	if (ev->cond == COND_BAD && fancy && m->nlist == 1 && nothing)
		return fall_back(m, f) == -1 ? -1 : 1;
	note_refusal(m, ev);
	if (m->list_left == 0)
		finish_lists(m);
	return 1;
}

/* The mailbox whose own command it was. */
static int own_done(struct mailboxes *m, const struct event *ev, struct fault *f)
{
	struct held *h = m->asked.head;
	struct fault why;

	while (h != NULL && h->status_tag != ev->num && h->meta_tag != ev->num)
		h = h->next;
	if (h == NULL)
		return 0;
	if (ev->cond != COND_OK) {
		imap_refusal(ev, ev->name, &why);
		refuse(m, h, &why);
	}
	if (h->status_tag == ev->num) {
		h->status_tag = 0;
		h->status_due = false;
	} else {
		h->meta_tag = 0;
		h->meta_due = false;
	}
	advance(m, h);
	return refill(m, f) == -1 ? -1 : 1;
}

static int take_tagged(struct mailboxes *m, const struct event *ev, struct fault *f)
{
	int r = 1;

	if (take_tag(m->lsub_tag, m->nlist, ev->num)) {
		note_refusal(m, ev);
		if (--m->lsub_left == 0)
			advance_all(m);
	} else if (take_tag(m->list_tag, m->nlist, ev->num)) {
		r = list_done(m, ev, f);
	} else {
		return own_done(m, ev, f);
	}
	if (r == 1 && m->list_left == 0 && m->lsub_left == 0)
		finish_unlisted(m);
	return r;
}

/* ---- the interface */

int mailboxes_event(struct mailboxes *m, const struct event *ev, struct fault *f)
{
	switch (ev->kind) {
	case EV_LIST:
		return ev->list.lsub ? take_lsub(m, &ev->list, f) : take_list(m, &ev->list, f);
	case EV_MAILBOX_STATUS:
		return take_status(m, &ev->status);
	case EV_METADATA:
		return take_metadata(m, ev->args, f);
	case EV_TAGGED:
		return take_tagged(m, ev, f);
	default:
		return 0;
	}
}

const struct mailbox_entry *mailboxes_pop(struct mailboxes *m)
{
	held_free(m->last);
	m->last = m->ready.head;
	if (m->last == NULL)
		return NULL;
	queue_take(&m->ready, m->last);
	m->popped = true;
	return &m->last->e;
}

bool mailboxes_done(const struct mailboxes *m)
{
	return m->list_left == 0 && m->lsub_left == 0 && m->waiting.head == NULL &&
	    m->asked.head == NULL && m->later.len == 0;
}

int mailboxes_result(const struct mailboxes *m, struct fault *f)
{
	if (m->fault.cls == FAULT_NONE)
		return 0;
	*f = m->fault;
	return -1;
}

int mailboxes_next(struct mailboxes *m, const struct mailbox_entry **e, struct fault *f)
{
	struct event ev;

	while ((*e = mailboxes_pop(m)) == NULL) {
		if (mailboxes_done(m))
			return mailboxes_result(m, f);
		if (imap_next(m->imap, -1, &ev, f) == -1 || mailboxes_event(m, &ev, f) == -1)
			return -1;
	}
	return 1;
}

const char *mailboxes_how(const struct mailboxes *m)
{
	if (m->list_status)
		return m->meta && !m->list_meta ? "LIST with STATUS, GETMETADATA for each"
						: "LIST with STATUS";
	if (m->status == 0)
		return m->extended ? "extended LIST" : "plain LIST";
	return m->extended ? "extended LIST, STATUS for each" : "plain LIST, STATUS for each";
}
