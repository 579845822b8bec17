/* response_field: named values to the fields of a struct. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/response_impl.h"

const char *response_text_of(const struct node *n)
{
	return n != NULL && (n->kind == NODE_ATOM || n->kind == NODE_STRING) ? n->s : NULL;
}

static bool all_digits(const struct node *n)
{
	return n->len > 0 && strspn(n->s, "0123456789") == n->len;
}

int response_number(const struct node *n, uint64_t max, uint64_t *out, struct fault *f)
{
	uint64_t v;

	if (response_text_of(n) == NULL || !all_digits(n))
		return 1;
	if (num_u63(n->s, n->len, &v) == -1 || v > max)
		return fault_set(f, FAULT_PROTOCOL, "a number that does not fit %d bits: %.40s",
		    max == UINT32_MAX ? 32 : 63, n->s);
	*out = v;
	return 0;
}

static int take_number(const struct node *v, bool wide, void *to, struct fault *f)
{
	uint64_t n;
	int got = response_number(v, wide ? INT64_MAX : UINT32_MAX, &n, f);

	if (got == 0 && wide)
		memcpy(to, &n, sizeof(n));
	if (got == 0 && !wide)
		memcpy(to, &(uint32_t){(uint32_t)n}, sizeof(uint32_t));
	return got;
}

static int take_text(const struct node *v, void *to)
{
	const char *s = response_text_of(v);

	if (s == NULL)
		return 1;
	memcpy(to, &s, sizeof(s));
	return 0;
}

static int take_node(const struct node *v, void *to)
{
	const struct node **slot = to;

	*slot = v;
	return 0;
}

static int take_value(enum field_type type, const struct node *v, void *to, struct fault *f)
{
	const struct node *inner = v->kind == NODE_LIST && v->child != NULL ? v->child : v;

	switch (type) {
	case FIELD_U32:
		return take_number(v, false, to, f);
	case FIELD_U63:
		return take_number(v, true, to, f);
	case FIELD_U63_LISTED:
		return take_number(inner, true, to, f);
	case FIELD_TEXT:
		return take_text(v, to);
	case FIELD_TEXT_LISTED:
		return take_text(inner, to);
	case FIELD_NODE:
		return take_node(v, to);
	case FIELD_NODE_LISTED:
		return take_node(inner, to);
	case FIELD_LIST:
		return v->kind == NODE_LIST ? take_node(v, to) : 1;
	default:
		return 0;
	}
}

static int compare(const void *key, const void *entry)
{
	return strcasecmp(key, ((const struct field *)entry)->name);
}

int response_field(const struct field *fields, size_t n, const struct node *name,
    const struct node *value, void *to, unsigned *has, struct fault *f)
{
	const char *key = response_text_of(name);
	const struct field *field;
	int got;

	if (key == NULL || value == NULL)
		return 0;
	field = bsearch(key, fields, n, sizeof(*fields), compare);
	if (field == NULL)
		return 0;
	got = take_value(field->type, value, (char *)to + field->at, f);
	if (got == 0)
		*has |= field->bit;
	return got == -1 ? -1 : 0;
}
