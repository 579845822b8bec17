/* mailboxes_table: the mailboxes that wait, by name and in order. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>

#include "app/mailboxes_impl.h"

void table_init(struct table *t)
{
	memset(t, 0, sizeof(*t));
	t->seed = arc4random();
}

void held_free(struct held *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->nvalue; i++)
		free(h->value[i].s);
	free(h->value);
	free(h->refusal);
	free(h);
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < MAILBOXES_BUCKETS; i++)
		for (struct held *h = t->bucket[i], *next; h != NULL; h = next) {
			next = h->chain;
			held_free(h);
		}
	memset(t->bucket, 0, sizeof(t->bucket));
}

static bool is_inbox(const char *wire, size_t n)
{
	return n == 5 && strncasecmp(wire, "INBOX", 5) == 0;
}

/* FNV-1a with a seed: a server shall not choose the buckets. */
static uint32_t hash_of(const struct table *t, const char *wire, size_t n)
{
	uint32_t x = UINT32_C(2166136261) ^ t->seed;

	if (is_inbox(wire, n))
		wire = "INBOX";
	for (size_t i = 0; i < n; i++)
		x = (x ^ (unsigned char)wire[i]) * UINT32_C(16777619);
	return x ^ x >> 15;
}

struct held *table_find(const struct table *t, const char *wire, size_t n)
{
	uint32_t hash = hash_of(t, wire, n);

	for (struct held *h = t->bucket[hash % MAILBOXES_BUCKETS]; h != NULL; h = h->chain)
		if (h->hash == hash && h->e.wire_len == n &&
		    (memcmp(h->e.wire, wire, n) == 0 ||
			(is_inbox(wire, n) && is_inbox(h->e.wire, n))))
			return h;
	return NULL;
}

void table_add(struct table *t, struct held *h)
{
	h->hash = hash_of(t, h->e.wire, h->e.wire_len);
	h->chain = t->bucket[h->hash % MAILBOXES_BUCKETS];
	t->bucket[h->hash % MAILBOXES_BUCKETS] = h;
	t->octets += h->cost;
}

void table_remove(struct table *t, struct held *h)
{
	struct held **p = &t->bucket[h->hash % MAILBOXES_BUCKETS];

	while (*p != NULL && *p != h)
		p = &(*p)->chain;
	if (*p == NULL)
		return;
	*p = h->chain;
	t->octets -= h->cost;
}

void table_charge(struct table *t, struct held *h, size_t octets)
{
	h->cost += octets;
	t->octets += octets;
}

void queue_put(struct queue *q, struct held *h)
{
	h->next = NULL;
	h->prev = q->tail;
	if (q->tail != NULL)
		q->tail->next = h;
	else
		q->head = h;
	q->tail = h;
}

void queue_take(struct queue *q, struct held *h)
{
	if (h->prev != NULL)
		h->prev->next = h->next;
	else
		q->head = h->next;
	if (h->next != NULL)
		h->next->prev = h->prev;
	else
		q->tail = h->prev;
	h->next = h->prev = NULL;
}
