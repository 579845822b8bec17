/* The plan for a lean message, from a BODYSTRUCTURE off the wire, and its headers: up to the first NUL the structure, behind it one header for all parts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/lean_impl.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* The steps of a plan are a tree in order: each multipart that is opened is closed, and what is left has no body. */
static void check_steps(const struct lean *m)
{
	size_t open = 0;
	unsigned left = 0;

	must(m->nstep > 0 && m->step[0].kind == LEAN_HEAD && m->step[0].part == 0);
	for (size_t i = 0; i < m->nstep; i++) {
		const struct lean_step *st = &m->step[i];
		enum lean_mode mode = m->part[st->part].mode;

		must(st->part < m->s.n);
		open += st->kind == LEAN_FIRST;
		must(open > 0 || (st->kind != LEAN_NEXT && st->kind != LEAN_CLOSE));
		open -= st->kind == LEAN_CLOSE;
		left += st->kind == LEAN_HEAD && mode == LEAN_LEAVE;
		must(st->kind != LEAN_BODY || mode == LEAN_KEEP);
		must(st->kind == LEAN_HEAD || st->kind == LEAN_BODY || mode == LEAN_OPEN);
	}
	must(open == 0 && left == m->left);
}

/* It ends with its empty line; where a part is left there are two headers, and each has a type. */
static void check_head(const struct lean *m, size_t i, const struct header *raw)
{
	struct fault f;
	struct buf out;

	buf_init(&out, LEAN_OUT_MAX);
	if (lean_head(m, i, raw, &out, &f) == 0) {
		struct header h = {.text = buf_str(&out), .len = out.len};
		struct field field;
		size_t n = header_length(h.text, h.len);

		if (m->part[i].mode == LEAN_LEAVE) {
			must(header_find(&h, "Content-Type", &field));
			must(n < h.len);
			h = (struct header){.text = h.text + n, .len = h.len - n};
			must(header_find(&h, "Content-Type", &field));
			must(header_find(&h, "Content-ID", &field));
			n = header_length(h.text, h.len);
		}
		must(n == h.len && n >= 2 && memcmp(h.text + n - 2, "\r\n", 2) == 0);
	}
	buf_free(&out);
}

static void check(const struct node *list, const char *p, size_t n)
{
	char name[RESPONSE_SECTION_MAX], user[] = "alice", host[] = "mail.example.org",
					 box[] = "INBOX";
	struct url u = {.user = user,
	    .host = host,
	    .absolute_path = true,
	    .mailbox = box,
	    .uidvalidity = 5,
	    .uid = 7};
	struct lean m = {.u = &u, .max_part = 100, .size = 100000};
	const struct header raw = {.text = p, .len = n};
	struct fault f;

	buf_init(&m.header, HEADER_SECTION_MAX);
	if (structure_parse(&m.s, list, &f) == -1)
		must(lean_plan_opaque(&m, &f) == 0);
	must(lean_plan(&m, &f) == 0);
	check_steps(&m);
	for (size_t i = 0; i < m.nstep; i++) {
		struct lean_scan scan;

		lean_section(&m, &m.step[i], name);
		if (i < 200 && m.step[i].kind == LEAN_HEAD)
			check_head(&m, m.step[i].part, &raw);
		lean_scan_begin(&scan, &m, m.step[i].part);
		lean_scan(&scan, p, n < 1000 ? n : 1000);
	}
	lean_plan_free(&m);
}

static void feed(const char *p, size_t n, const char *header, size_t len)
{
	struct fault f = {0};
	struct response_parser *r = response_new(&f);
	struct event ev;
	size_t used;

	must(r != NULL);
	while (n > 0 && response_feed(r, p, n, &used, &ev, &f) == 0) {
		if (ev.kind == EV_FETCH && ev.fetch.bodystructure != NULL)
			check(ev.fetch.bodystructure, header, len);
		p += used;
		n -= used;
	}
	response_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data, *nul = n > 0 ? memchr(text, '\0', n) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - text) : n;
	struct buf b;

	buf_init(&b, RESPONSE_MAX);
	buf_puts(&b, "* 1 FETCH (BODYSTRUCTURE ");
	buf_put(&b, text, len);
	buf_puts(&b, ")\r\n");
	if (nul != NULL)
		feed(b.data, b.len, nul + 1, n - len - 1);
	else
		feed(b.data, b.len, "", 0);
	buf_free(&b);
	return 0;
}
