/*
 * response_table.h - transcripts and what they come to, for the tests of the response parser.
 *
 * Each transcript is read whole, octet by octet, and in two pieces cut at every place: it is the same every time.
 */
#ifndef LM_TESTS_RESPONSE_TABLE_H
#define LM_TESTS_RESPONSE_TABLE_H

#include "response_print.h"
#include "unit.h"

struct transcript {
	const char *in;
	size_t n;
	const char *want; /* as response_print.h prints it; a fault is its class and message */
};

/* A transcript may hold NUL. */
#define IN(s) s, sizeof(s) - 1

#define CHECK_TRANSCRIPTS(t) check_transcripts((t), sizeof(t) / sizeof((t)[0]), __FILE__, __LINE__)

static inline bool transcript_is(const struct transcript *t, size_t first, size_t each)
{
	struct buf b;
	bool same;

	buf_init(&b, 1 << 20);
	print_transcript(&b, t->in, t->n, first, each);
	same = strcmp(buf_str(&b), t->want) == 0;
	if (!same)
		printf("# --- wanted\n%s# --- got, in pieces of %zu and %zu\n%s# ---\n", t->want,
		    first, each, buf_str(&b));
	buf_free(&b);
	return same;
}

static inline void check_transcripts(
    const struct transcript *t, size_t n, const char *file, int line)
{
	for (; n > 0; n--, t++) {
		bool same = transcript_is(t, t->n, t->n) && transcript_is(t, 1, 1);

		for (size_t at = 1; at < t->n && same; at++)
			same = transcript_is(t, at, t->n);
		unit_check(same, file, line, t->in);
	}
}

#endif
