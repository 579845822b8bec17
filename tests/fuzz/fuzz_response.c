/* A transcript comes to the same events, in the same order, however its octets come in; what an event promises holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/response_print.h"
#include "imap/set.h"

enum { INPUT_MAX = 16384, PRINT_MAX = 1 << 24 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_set(const struct set_event *e)
{
	struct set_walk w = {e->text, e->len};
	uint32_t lo, hi;
	size_t n = 0;
	int got;

	must(e->len <= 4096 && memchr(e->text, '*', e->len) == NULL);
	while ((got = set_walk_next(&w, &lo, &hi)) == 1) {
		must(lo > 0 && hi > 0);
		n++;
	}
	must(got == 0 && n > 0);
}

static void check_fetch(const struct fetch_event *e)
{
	size_t n = 0;

	for (const struct node *i = e->items; i != NULL; i = i->next)
		n++;
	must(n % 2 == 0);
	must((e->has & FETCH_UID) == 0 || e->uid > 0);
	must((e->has & FETCH_BINARY_SIZE) == 0 || e->binary_size_section != NULL);
	must(e->size <= INT64_MAX && e->modseq <= INT64_MAX);
}

struct order {
	bool open; /* within a section */
	bool nil;
	uint64_t data, size;
	bool sized;
};

static void check_section(struct order *o, const struct event *ev)
{
	const struct section_event *e = &ev->section;

	switch (ev->kind) {
	case EV_SECTION:
		must(!o->open && e->item != NULL && e->section != NULL && e->detail != NULL);
		*o =
		    (struct order){.open = true, .nil = e->nil, .sized = e->sized, .size = e->size};
		return;
	case EV_SECTION_DATA:
		must(o->open && !o->nil && ev->len > 0);
		o->data += ev->len;
		return;
	case EV_SECTION_END:
		must(o->open && (!o->sized || o->data == o->size));
		o->open = false;
		return;
	default:
		must(!o->open);
	}
}

static void check(struct order *o, const struct event *ev)
{
	check_section(o, ev);
	switch (ev->kind) {
	case EV_SET:
		check_set(&ev->set);
		break;
	case EV_FETCH:
		check_fetch(&ev->fetch);
		must((ev->num == 0) == (strcasecmp(ev->name, "UIDFETCH") == 0));
		break;
	case EV_TAGGED:
		must(ev->tag != NULL && ev->cond <= COND_BAD && ev->text != NULL);
		break;
	case EV_STATUS:
		must(ev->text != NULL && (ev->code == CODE_NONE) == (ev->code_name == NULL));
		break;
	case EV_LIST:
		must(ev->list.mailbox != NULL && strlen(ev->list.mailbox) == ev->list.mailbox_len);
		break;
	case EV_MAILBOX_STATUS:
		must(strlen(ev->status.mailbox) == ev->status.mailbox_len);
		break;
	case EV_URLFETCH:
		must(ev->urlfetch.url != NULL);
		break;
	default:
		break;
	}
}

static void check_events(const char *p, size_t n)
{
	struct fault f;
	struct response_parser *r = response_new(&f);
	struct order o = {0};
	struct event ev;
	size_t used;

	must(r != NULL);
	while (response_feed(r, p, n, &used, &ev, &f) == 0) {
		must(used <= n);
		p += used;
		n -= used;
		if (ev.kind == EV_NONE)
			break;
		check(&o, &ev);
	}
	response_free(r);
}

static void same(struct buf *whole, const char *p, size_t n, size_t first, size_t each)
{
	struct buf b;

	buf_init(&b, PRINT_MAX);
	print_transcript(&b, p, n, first, each);
	must(b.len == whole->len && memcmp(buf_str(&b), buf_str(whole), b.len) == 0);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct buf whole;
	size_t sum = n;

	if (n > INPUT_MAX)
		return 0;
	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + data[i];
	check_events(p, n);
	buf_init(&whole, PRINT_MAX);
	print_transcript(&whole, p, n, n, n);
	same(&whole, p, n, 1, 1);
	if (n > 0)
		same(&whole, p, n, 1 + sum % n, 1 + sum / n % 7);
	buf_free(&whole);
	return 0;
}
