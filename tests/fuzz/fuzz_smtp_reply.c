/* Replies are the same whole and octet by octet, keep their limits, and can be shown without harm. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/reply.h"

static void check_shown(const struct reply *r)
{
	char text[100];
	struct fault f;

	reply_show(r, text, sizeof(text));
	if (memchr(text, '\0', sizeof(text)) == NULL)
		abort();
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			abort();
	if (reply_fault(r, &f, "what") != -1 || f.cls == FAULT_NONE)
		abort();
}

static void check_reply(const struct reply *r)
{
	if (r->code < 200 || r->code > 599 || r->lines == 0 || r->lines > REPLY_LINES_MAX)
		abort();
	if (r->enhanced &&
	    ((int)r->status[0] != r->code / 100 || r->status[1] > 999 || r->status[2] > 999))
		abort();
	if (r->text.len > 0 && memchr(r->text.data, '\0', r->text.len) != NULL)
		abort();
	check_shown(r);
}

/* The next reply, fed in pieces of `size` octets: what reply_feed() said last, with *at moved on. */
static int next(struct reply *r, const char *p, size_t n, size_t size, size_t *at)
{
	int got = 0;

	while (*at < n && got == 0) {
		size_t len = n - *at < size ? n - *at : size, used;
		struct fault f;

		got = reply_feed(r, p + *at, len, &used, &f);
		if (used > len || (got == 0 && used != len))
			abort();
		if (got == -1 && f.cls != FAULT_PROTOCOL)
			abort();
		*at += used;
	}
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct reply whole, pieces;
	size_t a = 0, b = 0;
	int got;

	reply_init(&whole);
	reply_init(&pieces);
	do {
		got = next(&whole, p, n, n, &a);
		if (next(&pieces, p, n, 1, &b) != got)
			abort();
		if (got != 1)
			break;
		if (a != b || whole.code != pieces.code || whole.text.len != pieces.text.len)
			abort();
		check_reply(&whole);
	} while (a < n);
	reply_free(&whole);
	reply_free(&pieces);
	return 0;
}
