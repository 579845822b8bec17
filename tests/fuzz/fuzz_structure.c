/* A BODYSTRUCTURE, as it comes off the wire: the parts keep the promises of their struct, and each
 * section leads back to its part. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "imap/structure.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_text(const char *s)
{
	must(s == NULL || enc_is_utf8(s, strlen(s)));
}

static void check_part(const struct structure *s, const struct part *p)
{
	char section[STRUCTURE_DEPTH_MAX * 6 + 16];
	bool whole = true;
	size_t n = strlen(p->section);

	must(p->type != NULL && p->subtype != NULL && p->depth <= STRUCTURE_DEPTH_MAX);
	must(!p->multipart || strcmp(p->type, "multipart") == 0);
	must(!p->message || strcmp(p->type, "message") == 0);
	must(p->boundary == NULL || p->multipart);
	check_text(p->name);
	check_text(p->charset);
	check_text(p->description);
	must((n == 0) == (p->multipart && p == s->part) && n + 8 < sizeof(section));
	if (n > 5 && strcmp(p->section + n - 5, ".TEXT") == 0) {
		const struct part *message = structure_find(s, p->section, &whole);
		must(p->multipart && message != NULL && message < p && message->message && !whole);
		return;
	}
	must(structure_find(s, p->section, &whole) == p && whole == (n == 0));
	memcpy(section, p->section, n);
	memcpy(section + n, ".HEADER", sizeof(".HEADER"));
	if (n > 0)
		must(structure_find(s, section, &whole) == (p->message ? p : NULL));
}

static void check(const struct node *list)
{
	struct structure s;
	struct fault f = {0};

	if (structure_parse(&s, list, &f) == -1) {
		must(f.cls == FAULT_PROTOCOL && s.n == 0);
		return;
	}
	must(s.n > 0 && s.n <= STRUCTURE_PARTS_MAX);
	/* Finding is linear. */
	for (size_t i = 0; i < s.n && i < 200; i++)
		check_part(&s, &s.part[i]);
	structure_free(&s);
}

static void feed(const char *p, size_t n)
{
	struct fault f = {0};
	struct response_parser *r = response_new(&f);
	struct event ev;
	size_t used;

	must(r != NULL);
	while (n > 0 && response_feed(r, p, n, &used, &ev, &f) == 0) {
		if (ev.kind == EV_FETCH && ev.fetch.bodystructure != NULL)
			check(ev.fetch.bodystructure);
		p += used;
		n -= used;
	}
	response_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf b;

	buf_init(&b, RESPONSE_MAX);
	buf_puts(&b, "* 1 FETCH (BODYSTRUCTURE ");
	buf_put(&b, data, n);
	buf_puts(&b, ")\r\n");
	feed(b.data, b.len);
	buf_free(&b);
	return 0;
}
