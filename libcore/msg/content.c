#include <string.h>

#include "msg/assembly.h"
#include "msg/octets.h"

enum { LINE_OCTETS_MAX = 998 };

/* Eight octets at a time: messages are large, and most of them are ASCII. */
static bool has_eight(const char *p, size_t n)
{
	uint64_t all = 0, some;

	for (; n >= sizeof(some); n -= sizeof(some), p += sizeof(some)) {
		memcpy(&some, p, sizeof(some));
		all |= some;
	}
	for (; n > 0; n--)
		all |= (unsigned char)*p++;
	return (all & 0x8080808080808080) != 0;
}

void content_feed_line(struct content_scan *s, const char *p, size_t n)
{
	if (n == 0)
		return;
	s->eight = s->eight || has_eight(p, n);
	/* Once over the limit it stays there, however many octets follow. */
	s->column =
	    n > LINE_OCTETS_MAX - (s->column > LINE_OCTETS_MAX ? LINE_OCTETS_MAX : s->column)
	    ? LINE_OCTETS_MAX + 1
	    : s->column + n;
	s->binary = s->binary || s->column > LINE_OCTETS_MAX || memchr(p, '\0', n) != NULL;
}

/* A line end octet: only CR and LF in a row are one. */
static void feed_end(struct content_scan *s, char c)
{
	if (c == '\r') {
		s->binary = s->binary || s->cr;
		s->cr = true;
		return;
	}
	s->binary = s->binary || !s->cr;
	s->cr = false;
	s->column = 0;
}

void content_feed(struct content_scan *s, const char *p, size_t n)
{
	while (n > 0 && !s->binary) {
		size_t len = 0;

		while (len < n && p[len] != '\r' && p[len] != '\n')
			len++;
		s->binary = s->binary || (len > 0 && s->cr);
		content_feed_line(s, p, len);
		if (len < n)
			feed_end(s, p[len++]);
		p += len;
		n -= len;
	}
}

enum content content_result(const struct content_scan *s)
{
	if (s->binary || s->cr)
		return CONTENT_BINARY;
	return s->eight ? CONTENT_8BIT : CONTENT_7BIT;
}
