#include "msg/fold.h"

#include "msg/header.h"
#include "msg/text.h"

static size_t blanks(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && text_is_blank(s[i]))
		i++;
	return i;
}

static size_t solid(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && !text_is_blank(s[i]))
		i++;
	return i;
}

size_t fold_put(struct buf *out, const char *s, size_t n, size_t column)
{
	while (n > 0) {
		size_t gap = blanks(s, n);
		size_t word = solid(s + gap, n - gap);

		/* A line of blanks only would be obsolete syntax, and an end of the header to some. */
		if (word == 0)
			break;
		if (gap > 0 && column + gap + word > FOLD_WIDTH) {
			buf_puts(out, "\r\n");
			column = 0;
		}
		buf_put(out, s, gap + word);
		column += gap + word;
		s += gap + word;
		n -= gap + word;
	}
	return column;
}

int fold_check_name(const char *name, struct fault *f)
{
	size_t i = 0;

	while (text_is_ftext(name[i]))
		i++;
	if (name[i] != '\0' || i == 0 || i > HEADER_NAME_MAX)
		return fault_set(f, FAULT_DATA, "\"%s\" is no name for a header field", name);
	return 0;
}
