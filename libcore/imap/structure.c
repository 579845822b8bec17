#include "imap/structure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "msg/word.h"

/* Of one field, as it was sent and decoded: a whole response is shorter. */
enum { FIELD_MAX = 4 * RESPONSE_MAX };

struct walk {
	struct structure *s;
	struct fault *f;
};

static bool is_list(const struct node *n)
{
	return n != NULL && n->kind == NODE_LIST;
}

static bool is_text(const struct node *n)
{
	return n != NULL && (n->kind == NODE_ATOM || n->kind == NODE_STRING);
}

static const struct node *first(const struct node *n)
{
	return n != NULL && n->kind == NODE_LIST ? n->child : NULL;
}

static const struct node *next(const struct node *n)
{
	return n == NULL ? NULL : n->next;
}

static int no_memory(struct walk *w)
{
	return fault_set(w->f, FAULT_TEMP, "out of memory");
}

/* ---- fields */

static int copy(struct walk *w, char **to, const struct node *n)
{
	if (n == NULL || !is_text(n))
		return 0;
	*to = strndup(n->s, n->len);
	return *to == NULL ? no_memory(w) : 0;
}

static int copy_lower(struct walk *w, char **to, const struct node *n, const char *otherwise)
{
	if (copy(w, to, n) == -1)
		return -1;
	if (*to == NULL && otherwise != NULL) {
		*to = strdup(otherwise);
		return *to == NULL ? no_memory(w) : 0;
	}
	for (char *p = *to; p != NULL && *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	return 0;
}

/* What is no number says nothing: servers send NIL and "-1" for sizes that they do not know. */
static uint64_t number(const struct node *n)
{
	uint64_t value = 0;

	return is_text(n) && num_u63(n->s, n->len, &value) == 0 ? value : 0;
}

static bool is_number(const struct node *n)
{
	uint64_t value;

	return is_text(n) && num_u63(n->s, n->len, &value) == 0;
}

static bool fits_name(const struct node *n)
{
	for (size_t i = 0; i < n->len; i++)
		if (n->s[i] <= ' ' || n->s[i] == 0x7f || strchr("()<>@,;:\\\"/[]?=", n->s[i]))
			return false;
	return n->len > 0;
}

static void put_pair(struct buf *b, const struct node *name, const struct node *value)
{
	buf_puts(b, "; ");
	buf_put(b, name->s, name->len);
	buf_puts(b, "=\"");
	for (size_t i = 0; i < value->len; i++) {
		if (value->s[i] == '"' || value->s[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, value->s[i]);
	}
	buf_putc(b, '"');
}

/* Pairs back to the field that the server read them from: continuations and charsets are a matter of
 * the field's grammar (RFC 2231), and msg/ knows it. */
static void put_pairs(struct buf *b, const struct node *params)
{
	const struct node *name = first(params);

	for (; name != NULL && name->next != NULL; name = name->next->next)
		if (is_text(name) && is_text(name->next) && fits_name(name))
			put_pair(b, name, name->next);
}

static int get_param(struct walk *w, char **to, const struct buf *field, const char *name)
{
	struct buf value;
	int r = 0;

	buf_init(&value, FIELD_MAX);
	if (field->len > 0 && param_get(&value, field->data, field->len, name) == 0) {
		*to = buf_steal(&value);
		r = *to == NULL ? no_memory(w) : 0;
	}
	buf_free(&value);
	return r;
}

static int content_params(struct walk *w, struct part *p, const struct node *params)
{
	struct buf field;
	int r = 0;

	buf_init(&field, FIELD_MAX);
	put_pairs(&field, params);
	if (buf_failed(&field))
		r = no_memory(w);
	else if (p->multipart)
		r = get_param(w, &p->boundary, &field, "boundary");
	else
		r = get_param(w, &p->name, &field, "name");
	if (r == 0 && strcmp(p->type, "text") == 0)
		r = get_param(w, &p->charset, &field, "charset");
	buf_free(&field);
	return r;
}

static int description(struct walk *w, struct part *p, const struct node *n)
{
	struct buf text;

	if (!is_text(n))
		return 0;
	buf_init(&text, FIELD_MAX);
	word_decode(&text, n->s, n->len);
	p->description = buf_steal(&text);
	buf_free(&text);
	return p->description == NULL ? no_memory(w) : 0;
}

/* ("attachment" ("filename" "a.txt")), NIL, or, from some, "attachment". */
static int disposition(struct walk *w, struct part *p, const struct node *n)
{
	struct buf field;
	char *filename = NULL;
	int r;

	if (copy_lower(w, &p->disposition, is_list(n) ? first(n) : n, NULL) == -1)
		return -1;
	buf_init(&field, FIELD_MAX);
	put_pairs(&field, next(first(n)));
	r = buf_failed(&field) ? no_memory(w) : get_param(w, &filename, &field, "filename");
	buf_free(&field);
	if (filename != NULL) {
		free(p->name);
		p->name = filename;
	}
	return r;
}

/* ---- the tree */

static void part_free(struct part *p)
{
	free(p->section);
	free(p->type);
	free(p->subtype);
	free(p->charset);
	free(p->name);
	free(p->id);
	free(p->description);
	free(p->encoding);
	free(p->disposition);
	free(p->boundary);
}

static int make_room(struct walk *w, unsigned depth)
{
	struct structure *s = w->s;

	if (depth > STRUCTURE_DEPTH_MAX)
		return fault_set(w->f, FAULT_PROTOCOL, "a message nested over %d levels deep",
		    STRUCTURE_DEPTH_MAX);
	if (s->n == STRUCTURE_PARTS_MAX)
		return fault_set(
		    w->f, FAULT_PROTOCOL, "a message of more than %d parts", STRUCTURE_PARTS_MAX);
	if (s->n < s->cap)
		return 0;
	size_t cap = s->cap == 0 ? 8 : 2 * s->cap;
	struct part *more = reallocarray(s->part, cap, sizeof(*more));
	if (more == NULL)
		return no_memory(w);
	s->part = more;
	s->cap = cap;
	return 0;
}

/* Takes the section over, also when it fails. The part moves when another is made. */
static struct part *new_part(struct walk *w, char *section, unsigned depth)
{
	if (section == NULL) {
		no_memory(w);
		return NULL;
	}
	if (make_room(w, depth) == -1) {
		free(section);
		return NULL;
	}
	struct part *p = &w->s->part[w->s->n++];
	*p = (struct part){.section = section, .depth = depth};
	return p;
}

static char *child_section(const char *prefix, size_t i)
{
	char *section = NULL;

	if (asprintf(&section, "%s%s%zu", prefix, prefix[0] == '\0' ? "" : ".", i) == -1)
		return NULL;
	return section;
}

static char *text_section(const char *message)
{
	char *section = NULL;

	return asprintf(&section, "%s.TEXT", message) == -1 ? NULL : section;
}

/* A list of lists. Some servers give NIL for a first part that they cannot describe. */
static bool is_multipart(const struct node *n)
{
	const struct node *first = is_list(n) ? n->child : NULL;

	return is_list(first) || (first != NULL && first->kind == NODE_NIL && is_list(first->next));
}

static int parse_body(
    struct walk *w, const struct node *n, char *section, const char *prefix, unsigned depth);

/* The parts, numbered below `prefix`, and what stands behind them: subtype, parameters,
 * disposition. */
static int parse_multipart(
    struct walk *w, const struct node *n, char *section, const char *prefix, unsigned depth)
{
	size_t at = w->s->n, i = 1;
	struct part *p = new_part(w, section, depth);
	const struct node *child = first(n);

	if (p == NULL)
		return -1;
	p->multipart = true;
	do {
		char *number = child_section(prefix, i++);
		if (parse_body(w, child, number, number, depth + 1) == -1)
			return -1;
		child = child->next;
	} while (is_list(child));
	p = &w->s->part[at];
	if (copy_lower(w, &p->type, NULL, "multipart") == -1 ||
	    copy_lower(w, &p->subtype, child, "mixed") == -1 ||
	    content_params(w, p, next(child)) == -1)
		return -1;
	return disposition(w, p, next(next(child)));
}

/*
 * The body of a message: RFC 3501 section 6.4.5 numbers the parts of a multipart N.1, N.2, and has no
 * number for the multipart, whose octets are N.TEXT.
 */
static int parse_inner(struct walk *w, const struct node *n, const char *section, unsigned depth)
{
	char *inner = is_multipart(n) ? text_section(section) : child_section(section, 1);

	return parse_body(w, n, inner, section, depth);
}

/* Whether envelope, body and lines stand at n. Servers that could not parse the message leave them
 * away, or give NIL. */
static bool is_message(const struct part *p, const struct node *n)
{
	if (strcmp(p->type, "message") != 0 ||
	    (strcmp(p->subtype, "rfc822") != 0 && strcmp(p->subtype, "global") != 0))
		return false;
	if (n == NULL || is_text(n) || is_text(next(n)))
		return false;
	return (is_list(n) && is_list(next(n))) || is_number(next(next(n)));
}

static int basic_fields(struct walk *w, struct part *p, const struct node *n)
{
	const char *otherwise = "octet-stream";

	if (copy_lower(w, &p->type, n, "application") == -1)
		return -1;
	if (strcmp(p->type, "text") == 0)
		otherwise = "plain";
	if (copy_lower(w, &p->subtype, next(n), otherwise) == -1)
		return -1;
	n = next(next(n));
	if (content_params(w, p, n) == -1 || copy(w, &p->id, next(n)) == -1)
		return -1;
	n = next(next(n));
	return description(w, p, n) == -1 ? -1 : copy_lower(w, &p->encoding, next(n), NULL);
}

/* Node i of the siblings at n. */
static const struct node *nth(const struct node *n, unsigned i)
{
	for (; i > 0; i--)
		n = next(n);
	return n;
}

static int parse_leaf(struct walk *w, const struct node *n, char *section, unsigned depth)
{
	size_t at = w->s->n;
	struct part *p = new_part(w, section, depth);

	n = first(n);
	if (p == NULL || basic_fields(w, p, n) == -1)
		return -1;
	n = nth(n, 6);
	p->octets = number(n);
	n = next(n);
	if (is_message(p, n)) {
		p->message = true;
		if (is_list(next(n)) && parse_inner(w, next(n), section, depth + 1) == -1)
			return -1;
		n = nth(n, 2);
	}
	p = &w->s->part[at];
	/* Only the types that have lines may skip the field. */
	if (p->message || strcmp(p->type, "text") == 0) {
		p->lines = number(n);
		if (is_number(n) || !is_text(n))
			n = next(n);
	}
	/* MD5 comes first; where it was left out, what stands here is the disposition. */
	return disposition(w, p, is_list(n) ? n : next(n));
}

static int parse_body(
    struct walk *w, const struct node *n, char *section, const char *prefix, unsigned depth)
{
	if (is_multipart(n))
		return parse_multipart(w, n, section, prefix, depth);
	return parse_leaf(w, n, section, depth);
}

int structure_parse(struct structure *s, const struct node *list, struct fault *f)
{
	struct walk w = {s, f};
	bool multipart = is_multipart(list);

	*s = (struct structure){0};
	if (!is_list(list) || list->child == NULL)
		return fault_set(f, FAULT_PROTOCOL, "a BODYSTRUCTURE that is none");
	if (parse_body(&w, list, strdup(multipart ? "" : "1"), "", 0) == 0)
		return 0;
	structure_free(s);
	return -1;
}

void structure_free(struct structure *s)
{
	for (size_t i = 0; i < s->n; i++)
		part_free(&s->part[i]);
	free(s->part);
	*s = (struct structure){0};
}

/* ---- finding */

static const struct part *find_number(const struct structure *s, const char *section, size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->part[i].section) == n && memcmp(s->part[i].section, section, n) == 0)
			return &s->part[i];
	return NULL;
}

static bool is_message_text(const char *text)
{
	return strcasecmp(text, "HEADER") == 0 || strcasecmp(text, "TEXT") == 0 ||
	    strncasecmp(text, "HEADER.FIELDS ", 14) == 0 ||
	    strncasecmp(text, "HEADER.FIELDS.NOT ", 18) == 0;
}

const struct part *structure_find(const struct structure *s, const char *section, bool *whole)
{
	size_t n = strspn(section, "0123456789.");
	const char *text = section + n;
	const struct part *p;

	*whole = n == 0 && (text[0] == '\0' || is_message_text(text));
	if (*whole)
		return s->n > 0 ? &s->part[0] : NULL;
	if (n == 0)
		return NULL;
	if (text[0] != '\0' && section[--n] != '.')
		return NULL;
	p = find_number(s, section, n);
	if (p == NULL || text[0] == '\0' || strcasecmp(text, "MIME") == 0)
		return p;
	return p->message && is_message_text(text) ? p : NULL;
}
