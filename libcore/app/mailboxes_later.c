/* mailboxes_later: mailboxes that wait for their turn to be asked for, packed: a hundred thousand fit in a few megabytes. */
#include <string.h>

#include "app/mailboxes_impl.h"

enum {
	SLACK = 256 * 1024, /* octets that are left for those that are asked for */
	STALE = 256 * 1024, /* octets that have been read, and go when there are as many */
};

/* What stands before a name. The numbers follow only where there are some. */
struct head {
	uint32_t attributes;
	uint32_t has;
	uint16_t wire_len;
	char delimiter;
	bool status_due, meta_due;
};
struct numbers {
	uint64_t highestmodseq, size;
	uint32_t messages, unseen, uidnext, uidvalidity;
};

bool later_put(struct mailboxes *m, const struct held *h)
{
	const struct mailbox_entry *e = &h->e;
	struct head head = {.attributes = e->attributes,
	    .has = e->has,
	    .wire_len = (uint16_t)e->wire_len,
	    .delimiter = e->delimiter,
	    .status_due = h->status_due,
	    .meta_due = h->meta_due};
	struct numbers numbers = {
	    e->highestmodseq, e->size, e->messages, e->unseen, e->uidnext, e->uidvalidity};
	size_t n = sizeof(head) + sizeof(numbers) + e->wire_len;

	if (mailboxes_octets(m) + n > MAILBOXES_HELD_MAX - SLACK || h->refusal != NULL)
		return false;
	buf_put(&m->later, &head, sizeof(head));
	if (e->has != 0)
		buf_put(&m->later, &numbers, sizeof(numbers));
	buf_put(&m->later, e->wire, e->wire_len);
	return !buf_failed(&m->later);
}

static void take(struct mailboxes *m, void *to, size_t n)
{
	memcpy(to, m->later.data + m->later_at, n);
	m->later_at += n;
}

static void restore(struct mailbox_entry *e, const struct numbers *n)
{
	e->highestmodseq = n->highestmodseq;
	e->size = n->size;
	e->messages = n->messages;
	e->unseen = n->unseen;
	e->uidnext = n->uidnext;
	e->uidvalidity = n->uidvalidity;
}

struct held *later_take(struct mailboxes *m)
{
	char wire[MAILBOXES_NAME_MAX];
	struct numbers numbers;
	struct head head;
	struct held *h;

	take(m, &head, sizeof(head));
	if (head.has != 0)
		take(m, &numbers, sizeof(numbers));
	take(m, wire, head.wire_len);
	if (m->later_at == m->later.len || m->later_at > STALE) {
		buf_drop(&m->later, m->later_at);
		m->later_at = 0;
	}
	h = held_new(wire, head.wire_len, head.delimiter, m->utf8, m->nentry);
	if (h == NULL)
		return NULL;
	if (head.has != 0)
		restore(&h->e, &numbers);
	h->e.attributes = head.attributes;
	h->e.has = head.has;
	h->status_due = head.status_due;
	h->meta_due = head.meta_due;
	h->listed = true;
	return h;
}
