/* search_fields: what -o adds, by FETCH. ENVELOPE is what servers keep at hand. */
#include <stdlib.h>
#include <string.h>

#include "app/search_impl.h"
#include "base/num.h"
#include "msg/date.h"
#include "msg/text.h"
#include "msg/word.h"

enum {
	VALUE_MAX = 65536,  /* octets of a value, decoded */
	ADDRESSES_MAX = 32, /* of one field */
	SET_TEXT = SEARCH_CHUNK_RANGES * 22,
};

static unsigned needed(const struct search_request *q)
{
	unsigned need = 0;

	for (size_t i = 0; i < q->nfield; i++) {
		if (q->field[i] == SEARCH_FLAGS)
			need |= FETCH_FLAGS;
		else if (q->field[i] == SEARCH_RECEIVED)
			need |= FETCH_INTERNALDATE;
		else if (q->field[i] != SEARCH_SIZE)
			need |= FETCH_ENVELOPE;
	}
	return need;
}

uint32_t search_fields_send(
    const struct search *s, struct imap *imap, const char *set, struct fault *f)
{
	unsigned need = needed(s->request);
	struct imap_cmd c;

	imap_cmd_init(&c, imap, "UID FETCH");
	imap_atom(&c, set);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "RFC822.SIZE");
	if (need & FETCH_FLAGS)
		imap_atom(&c, "FLAGS");
	if (need & FETCH_INTERNALDATE)
		imap_atom(&c, "INTERNALDATE");
	if (need & FETCH_ENVELOPE)
		imap_atom(&c, "ENVELOPE");
	imap_list_end(&c);
	return imap_send(imap, &c, f);
}

/* ---- values */

/* The k-th element of the list, if it is text. */
static const struct node *element(const struct node *list, size_t k)
{
	const struct node *n = list != NULL ? list->child : NULL;

	for (; n != NULL && k > 0; k--)
		n = n->next;
	return n != NULL && (n->kind == NODE_ATOM || n->kind == NODE_STRING) ? n : NULL;
}

static size_t cut(const struct node *n)
{
	return n->len < SEARCH_VALUE_CUT ? n->len : SEARCH_VALUE_CUT;
}

/* A name is quoted where it could be taken for more than a name. */
static void put_name(struct buf *out, const struct node *name)
{
	struct buf text;

	buf_init(&text, VALUE_MAX);
	word_decode(&text, name->s, cut(name));

	const char *s = buf_str(&text);
	bool quote = strpbrk(s, "<>@,;:\"\\") != NULL;

	if (quote)
		buf_putc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *s);
	}
	if (quote)
		buf_putc(out, '"');
	buf_free(&text);
}

/* address of RFC 9051 section 9: name, adl, mailbox, host. Where a group begins and ends there is no host. */
static bool put_address(struct buf *out, const struct node *address)
{
	const struct node *name = element(address, 0), *mailbox = element(address, 2),
			  *host = element(address, 3);

	if (mailbox == NULL || host == NULL)
		return false;
	if (out->len > 0)
		buf_puts(out, ", ");
	if (name != NULL && name->len > 0) {
		put_name(out, name);
		buf_puts(out, " <");
	}
	text_put(out, mailbox->s, cut(mailbox));
	buf_putc(out, '@');
	text_put(out, host->s, cut(host));
	if (name != NULL && name->len > 0)
		buf_putc(out, '>');
	return true;
}

static void put_addresses(struct buf *out, const struct node *list)
{
	size_t n = 0;

	for (; list != NULL && n < ADDRESSES_MAX && !buf_failed(out); list = list->next)
		n += put_address(out, list);
	if (list != NULL)
		buf_puts(out, ", ...");
}

/* The k-th element of the envelope as it stands, lists included. */
static const struct node *envelope_list(const struct node *envelope, size_t k)
{
	const struct node *n = envelope != NULL ? envelope->child : NULL;

	for (; n != NULL && k > 0; k--)
		n = n->next;
	return n != NULL && n->kind == NODE_LIST ? n->child : NULL;
}

static void put_time(struct buf *out, time_t t)
{
	char text[NUM_RFC3339_LEN];

	num_format_rfc3339(t, text);
	buf_puts(out, text);
}

static void put_date(struct buf *out, const struct node *date)
{
	time_t t;

	if (date != NULL && date_parse(date->s, cut(date), &t) == 0)
		put_time(out, t);
}

static void put_received(struct buf *out, const char *date)
{
	time_t t;

	if (date != NULL && date_parse_imap(date, strlen(date), &t) == 0)
		put_time(out, t);
}

static void put_flags(struct buf *out, const struct node *list)
{
	const struct node *n = list != NULL ? list->child : NULL;

	for (; n != NULL && out->len < SEARCH_VALUE_CUT; n = n->next) {
		if (out->len > 0)
			buf_putc(out, ' ');
		text_put(out, n->s, cut(n));
	}
}

static void put_field(struct buf *out, enum search_field field, const struct fetch_event *e)
{
	const struct node *subject;

	switch (field) {
	case SEARCH_DATE:
		put_date(out, element(e->envelope, 0));
		break;
	case SEARCH_RECEIVED:
		put_received(out, e->internaldate);
		break;
	case SEARCH_FROM:
		put_addresses(out, envelope_list(e->envelope, 2));
		break;
	case SEARCH_TO:
		put_addresses(out, envelope_list(e->envelope, 5));
		break;
	case SEARCH_SUBJECT:
		subject = element(e->envelope, 1);
		if (subject != NULL)
			word_decode(out, subject->s, cut(subject));
		break;
	case SEARCH_SIZE:
		if (e->has & FETCH_SIZE)
			buf_printf(out, "%llu", (unsigned long long)e->size);
		break;
	case SEARCH_FLAGS:
		put_flags(out, e->flags);
		break;
	}
}

static void drop_values(char **value, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(value[i]);
		value[i] = NULL;
	}
}

/* Values to be freed; NULL: there is none. */
static int make_values(
    const struct search_request *q, const struct fetch_event *e, char **value, struct fault *f)
{
	for (size_t i = 0; i < q->nfield; i++) {
		struct buf b;

		buf_init(&b, VALUE_MAX);
		put_field(&b, q->field[i], e);
		if (b.len > 0 && (value[i] = strdup(buf_str(&b))) == NULL) {
			buf_free(&b);
			drop_values(value, i);
			return fault_set(f, FAULT_TEMP, "out of memory");
		}
		buf_free(&b);
	}
	return 0;
}

/* RFC822.SIZE is always asked for: no server sends it unasked, so what comes with it is an answer, whatever else of it is missing. */
static bool is_answer(const struct event *ev)
{
	return ev->kind == EV_FETCH && ev->fetch.uid != 0 &&
	    node_pair(ev->fetch.items, "RFC822.SIZE") != NULL;
}

static int print_answer(struct search_printer *p, const struct fetch_event *e, struct fault *f)
{
	const struct search_request *q = p->s->request;
	char *value[SEARCH_FIELDS_MAX] = {NULL};
	int r = make_values(q, e, value, f);

	if (r == 0)
		r = search_print_fields(p, e->uid, value, f);
	drop_values(value, q->nfield);
	return r;
}

int search_fields_take(struct search_printer *p, const struct event *ev, struct fault *f)
{
	if (!is_answer(ev))
		return 0;
	return print_answer(p, &ev->fetch, f) == -1 ? -1 : 1;
}

int search_fields_read(struct search_printer *p, struct imap *imap, uint32_t tag, struct fault *f)
{
	struct event ev;
	int r;

	while ((r = imap_until(imap, tag, &ev, f)) == 1)
		if (search_fields_take(p, &ev, f) == -1)
			return -1;
	return r;
}

/* ---- in any order: a chunk is under way while the one before it is printed */

void search_put_range(struct buf *set, uint32_t lo, uint32_t hi)
{
	if (set->len > 0)
		buf_putc(set, ',');
	buf_printf(set, lo == hi ? "%u" : "%u:%u", lo, hi);
}

/* The FETCH of the next chunk. *tag is 0 at the end. */
static int send_chunk(struct search_printer *p, struct imap *imap, struct spool *spool,
    uint32_t *tag, struct fault *f)
{
	struct spool_range range;
	struct buf set;
	size_t n = 0;
	int more = 1;

	*tag = 0;
	buf_init(&set, SET_TEXT);
	while (n < SEARCH_CHUNK_RANGES && (more = spool_next(spool, &range, f)) == 1) {
		search_put_range(&set, range.lo, range.hi);
		n++;
	}
	if (more != -1 && n > 0 && (*tag = search_fields_send(p->s, imap, buf_str(&set), f)) == 0)
		more = -1;
	buf_free(&set);
	return more == -1 ? -1 : 0;
}

static int print_chunks(
    struct search_printer *p, struct imap *imap, struct spool *spool, struct fault *f)
{
	uint32_t tag, next;

	if (send_chunk(p, imap, spool, &tag, f) == -1)
		return -1;
	for (; tag != 0; tag = next)
		if (send_chunk(p, imap, spool, &next, f) == -1 ||
		    search_fields_read(p, imap, tag, f) == -1)
			return -1;
	return 0;
}

/* ---- in the spool's order */

struct window {
	uint32_t uid[SEARCH_WINDOW];
	char *value[SEARCH_WINDOW][SEARCH_FIELDS_MAX];
	bool filled[SEARCH_WINDOW];
	size_t n;
	struct spool_range rest; /* of the last range; lo 0: none */
};

/* 0, or -1; n is 0 at the end. */
static int fill_window(struct window *w, struct spool *spool, struct fault *f)
{
	w->n = 0;
	while (w->n < SEARCH_WINDOW) {
		if (w->rest.lo == 0) {
			int r = spool_next(spool, &w->rest, f);

			if (r != 1)
				return r;
		}
		w->filled[w->n] = false;
		w->uid[w->n++] = w->rest.lo;
		w->rest.lo = w->rest.lo == w->rest.hi ? 0 : w->rest.lo + 1;
	}
	return 0;
}

static int take_answer(
    const struct search_request *q, struct window *w, const struct fetch_event *e, struct fault *f)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->uid[i] != e->uid || w->filled[i])
			continue;
		w->filled[i] = true;
		return make_values(q, e, w->value[i], f);
	}
	return 0;
}

static int ask_window(
    struct search_printer *p, struct imap *imap, struct window *w, struct fault *f)
{
	struct event ev;
	struct buf set;
	uint32_t tag;
	int r;

	buf_init(&set, SET_TEXT);
	for (size_t i = 0; i < w->n; i++)
		search_put_range(&set, w->uid[i], w->uid[i]);
	tag = search_fields_send(p->s, imap, buf_str(&set), f);
	buf_free(&set);
	if (tag == 0)
		return -1;
	while ((r = imap_until(imap, tag, &ev, f)) == 1)
		if (is_answer(&ev) && take_answer(p->s->request, w, &ev.fetch, f) == -1)
			return -1;
	return r;
}

static int print_window(struct search_printer *p, struct window *w, struct fault *f)
{
	int r = 0;

	for (size_t i = 0; i < w->n && r == 0; i++)
		if (w->filled[i])
			r = search_print_fields(p, w->uid[i], w->value[i], f);
	return r;
}

static void drop_window(struct window *w, size_t nfield)
{
	for (size_t i = 0; i < w->n; i++)
		drop_values(w->value[i], nfield);
}

static int print_windows(
    struct search_printer *p, struct imap *imap, struct spool *spool, struct fault *f)
{
	struct window *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	while ((r = fill_window(w, spool, f)) == 0 && w->n > 0) {
		r = ask_window(p, imap, w, f);
		if (r == 0)
			r = print_window(p, w, f);
		drop_window(w, p->s->request->nfield);
		if (r == -1)
			break;
	}
	free(w);
	return r;
}

int search_fields_spool(
    struct search_printer *p, struct imap *imap, struct spool *spool, bool ordered, struct fault *f)
{
	return ordered ? print_windows(p, imap, spool, f) : print_chunks(p, imap, spool, f);
}
