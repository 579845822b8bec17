/* search_option: what -s, -l and -o say. */
#include <string.h>
#include <strings.h>

#include "app/search_impl.h"
#include "base/num.h"

/* sort-key of RFC 5256 section 5, and RFC 5957. */
static const char *const sort_keys[] = {
    "ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO"};

static const char *const field_words[] = {[SEARCH_DATE] = "date",
    [SEARCH_RECEIVED] = "received",
    [SEARCH_FROM] = "from",
    [SEARCH_TO] = "to",
    [SEARCH_SUBJECT] = "subject",
    [SEARCH_SIZE] = "size",
    [SEARCH_FLAGS] = "flags"};

const char *search_field_word(enum search_field field)
{
	return field_words[field];
}

/* Which of the k words the n octets at s are; k when none. */
static size_t which(const char *const *words, size_t k, const char *s, size_t n)
{
	size_t i = 0;

	while (i < k && (strlen(words[i]) != n || strncasecmp(words[i], s, n) != 0))
		i++;
	return i;
}

int search_sort_parse(const char *text, struct search_sort *s, struct fault *f)
{
	enum { KEYS = sizeof(sort_keys) / sizeof(sort_keys[0]) };

	*s = (struct search_sort){0};
	for (const char *p = text;; p++) {
		bool reverse = *p == '-';
		size_t n = strcspn(p += reverse, ",");
		size_t k = which(sort_keys, KEYS, p, n);

		if (k == KEYS)
			return fault_set(f, FAULT_USAGE,
			    "-s takes arrival, cc, date, from, size, subject, to, displayfrom and displayto, with "
			    "commas between, each with \"-\" before it for the other way round: %s",
			    text);
		if (s->n == SEARCH_SORT_MAX)
			return fault_set(
			    f, FAULT_USAGE, "more than %d keys to sort by", SEARCH_SORT_MAX);
		s->key[s->n] = sort_keys[k];
		s->reverse[s->n++] = reverse;
		s->display = s->display || strncmp(sort_keys[k], "DISPLAY", 7) == 0;
		p += n;
		if (*p == '\0')
			return 0;
	}
}

static bool has_field(const struct search_request *q, size_t field)
{
	for (size_t i = 0; i < q->nfield; i++)
		if ((size_t)q->field[i] == field)
			return true;
	return false;
}

int search_fields_parse(const char *text, struct search_request *q, struct fault *f)
{
	enum { WORDS = sizeof(field_words) / sizeof(field_words[0]) };

	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");
		size_t k = which(field_words, WORDS, p, n);

		if (k == WORDS)
			return fault_set(f, FAULT_USAGE,
			    "the fields are date, received, from, to, subject, size and flags, with commas "
			    "between: %s",
			    text);
		if (has_field(q, k))
			return fault_set(f, FAULT_USAGE, "a field twice: %s", field_words[k]);
		q->field[q->nfield++] = (enum search_field)k;
		p += n;
		if (*p == '\0')
			return 0;
	}
}

int search_slice_parse(const char *text, struct search_request *q, struct fault *f)
{
	const char *colon = strchr(text, ':');
	bool back = text[0] == '-';
	uint32_t a, b;

	if (colon == NULL || back != (colon[1] == '-') ||
	    num_nz32(text + back, (size_t)(colon - text) - back, &a) == -1 ||
	    num_nz32(colon + 1 + back, strlen(colon + 1 + back), &b) == -1)
		return fault_set(f, FAULT_USAGE,
		    "-l takes FIRST:LAST, as in 1:50, or -50:-1 for the last fifty: %s", text);
	q->first = a < b ? a : b;
	q->last = a < b ? b : a;
	q->from_end = back;
	return 0;
}
