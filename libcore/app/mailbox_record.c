/* mailbox_record: a mailbox as a line. */
#include "app/mailbox_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "imap/response.h"

enum {
	FIELDS_MAX = 9 + MAILBOXES_ENTRIES_MAX,
	NUMBERS_MAX = 5,
	NUMBER_LEN = 21, /* octets of a number, with its NUL */
	ATTRIBUTES_MAX = 512,
};

struct line {
	struct record_field field[FIELDS_MAX];
	size_t n;
	struct buf url, attributes;
	char number[NUMBERS_MAX][NUMBER_LEN];
	size_t nnumber;
};

static void add(struct line *l, const char *name, const char *value)
{
	l->field[l->n++] = (struct record_field){name, value, false};
}

static void add_number(struct line *l, const char *name, bool has, uint64_t value)
{
	char *text = l->number[l->nnumber++];

	snprintf(text, NUMBER_LEN, "%" PRIu64, value);
	l->field[l->n++] = (struct record_field){name, has ? text : NULL, true};
}

static void add_status(struct line *l, const struct mailbox_entry *e)
{
	add_number(l, "messages", (e->has & STATUS_MESSAGES) != 0, e->messages);
	add_number(l, "unseen", (e->has & STATUS_UNSEEN) != 0, e->unseen);
	add_number(l, "size", (e->has & STATUS_SIZE) != 0, e->size);
	add_number(l, "uidnext", (e->has & STATUS_UIDNEXT) != 0, e->uidnext);
	add_number(l, "modseq", (e->has & STATUS_HIGHESTMODSEQ) != 0, e->highestmodseq);
}

bool mailbox_record_holds(const struct mailbox_value *v)
{
	return v->s == NULL || strlen(v->s) == v->len;
}

static int put_url(
    struct buf *out, const struct url *base, const struct mailbox_entry *e, struct fault *f)
{
	struct url u = *base;

	u.mailbox = strdup(e->name);
	if (u.mailbox == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	u.uidvalidity = (e->has & STATUS_UIDVALIDITY) != 0 ? e->uidvalidity : 0;
	url_build(out, &u);
	free(u.mailbox);
	return 0;
}

/* Without their backslashes, which a line would double. */
static void put_attributes(struct buf *out, unsigned attributes)
{
	struct buf b;

	buf_init(&b, ATTRIBUTES_MAX);
	mailboxes_attributes(&b, attributes);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] != '\\')
			buf_putc(out, b.data[i]);
	buf_free(&b);
}

static void fill(struct line *l, const struct mailbox_record *r, const struct mailbox_entry *e)
{
	enum namespace_kind kind = namespaces_kind(r->namespaces, e->name);

	put_attributes(&l->attributes, e->attributes);
	add(l, "url", buf_str(&l->url));
	add(l, "attributes", l->attributes.len > 0 ? buf_str(&l->attributes) : NULL);
	add(l, "namespace", namespace_word(kind));
	add(l, "name", e->name);
	if (r->status)
		add_status(l, e);
	for (size_t k = 0; k < r->nentry; k++)
		add(l, r->entry[k], mailbox_record_holds(&e->meta[k]) ? e->meta[k].s : NULL);
}

int mailbox_record(const struct mailbox_record *r, const struct mailbox_entry *e, struct fault *f)
{
	struct line l = {.n = 0};
	int result;

	buf_init(&l.url, URL_MAX);
	buf_init(&l.attributes, ATTRIBUTES_MAX);
	result = put_url(&l.url, &r->base, e, f);
	if (result == 0) {
		fill(&l, r, e);
		result = tool_record(r->tool, r->out, l.field, l.n, f);
	}
	buf_free(&l.url);
	buf_free(&l.attributes);
	return result;
}
