/* lean_plan: which parts come, which stay, and in which order it is all written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/lean_impl.h"

enum { PART_HEADER = 2048 }; /* octets that boundaries and MIME header of a part may take */

static int no_memory(struct fault *f)
{
	return fault_set(f, FAULT_TEMP, "out of memory");
}

int lean_plan_opaque(struct lean *m, struct fault *f)
{
	struct part *p = calloc(1, sizeof(*p));

	structure_free(&m->s);
	free(m->part);
	m->part = calloc(1, sizeof(*m->part));
	m->s = (struct structure){.part = p, .n = 1, .cap = 1};
	if (p == NULL || m->part == NULL) {
		m->s.n = 0;
		return no_memory(f);
	}
	p->section = strdup("TEXT");
	p->type = strdup("text");
	p->subtype = strdup("plain");
	p->octets = m->size > m->header.len ? m->size - m->header.len : 0;
	m->part[0].leave = true;
	return p->section == NULL || p->type == NULL || p->subtype == NULL ? no_memory(f) : 0;
}

void lean_plan_free(struct lean *m)
{
	structure_free(&m->s);
	free(m->part);
	free(m->step);
	m->part = NULL;
	m->step = NULL;
}

/* ---- what becomes of each */

static bool is_boundary(const char *s)
{
	size_t n = s == NULL ? 0 : strlen(s);

	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return n > 0 && n <= LEAN_BOUNDARY_MAX && s[n - 1] != ' ';
}

static bool is_used_around(const struct lean *m, size_t i)
{
	const char *boundary = m->s.part[i].boundary;

	while (m->part[i].parent != i) {
		i = m->part[i].parent;
		if (m->s.part[i].boundary != NULL && strcmp(m->s.part[i].boundary, boundary) == 0)
			return true;
	}
	return false;
}

/* RFC 2046 section 5.2.1 and RFC 2045 section 6.4: what is not the octets themselves is forbidden here. */
static bool is_identity(const char *encoding)
{
	return encoding == NULL || strcmp(encoding, "7bit") == 0 || strcmp(encoding, "8bit") == 0 ||
	    strcmp(encoding, "binary") == 0;
}

static bool can_open(const struct lean *m, size_t i)
{
	const struct part *p = &m->s.part[i];

	if (p->multipart)
		return is_boundary(p->boundary) && !is_used_around(m, i);
	return p->message && is_identity(p->encoding);
}

static enum lean_mode mode_of(const struct lean *m, size_t i, bool holds_left)
{
	if (m->part[i].leave)
		return LEAN_LEAVE;
	if (holds_left)
		return can_open(m, i) ? LEAN_OPEN : LEAN_LEAVE;
	return LEAN_KEEP;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* Returns the index behind the last part in part i. */
static size_t decide(struct lean *m, size_t i, size_t parent)
{
	const struct part *p = &m->s.part[i];
	struct lean_part *own = &m->part[i];
	size_t next = i + 1;
	bool holds_left = false;

	own->parent = parent;
	own->size = 0;
	while (next < m->s.n && m->s.part[next].depth > p->depth) {
		size_t child = next;

		next = decide(m, child, i);
		own->size = sum(own->size, m->part[child].size);
		holds_left = holds_left || m->part[child].mode != LEAN_KEEP;
	}
	if (p->octets > own->size)
		own->size = p->octets;
	if (next == i + 1 && own->size > m->max_part)
		own->mode = LEAN_LEAVE;
	else
		own->mode = mode_of(m, i, holds_left);
	return next;
}

/* ---- the steps */

static int add(struct lean *m, enum lean_kind kind, size_t part, struct fault *f)
{
	if (m->nstep == m->capstep) {
		size_t cap = m->capstep == 0 ? 32 : 2 * m->capstep;
		struct lean_step *more = reallocarray(m->step, cap, sizeof(*more));

		if (more == NULL)
			return no_memory(f);
		m->step = more;
		m->capstep = cap;
	}
	m->step[m->nstep++] = (struct lean_step){.kind = kind, .part = (uint32_t)part};
	return 0;
}

static int add_part(struct lean *m, size_t i, struct fault *f);

static int add_parts(struct lean *m, size_t i, struct fault *f)
{
	const struct part *part = m->s.part;
	enum lean_kind kind = LEAN_FIRST;

	for (size_t c = i + 1; c < m->s.n && part[c].depth > part[i].depth; c++) {
		if (m->part[c].parent != i)
			continue;
		if (part[i].multipart && add(m, kind, i, f) == -1)
			return -1;
		if (add_part(m, c, f) == -1)
			return -1;
		kind = LEAN_NEXT;
	}
	return part[i].multipart ? add(m, LEAN_CLOSE, i, f) : 0;
}

static int add_part(struct lean *m, size_t i, struct fault *f)
{
	if (add(m, LEAN_HEAD, i, f) == -1)
		return -1;
	if (m->part[i].mode == LEAN_OPEN)
		return add_parts(m, i, f);
	if (m->part[i].mode == LEAN_KEEP)
		return add(m, LEAN_BODY, i, f);
	m->left++;
	return 0;
}

/*
 * The structure does not account for the octets of the message: they stand before the first boundary, or the parts
 * could not be found.
 */
static bool has_more(const struct lean *m)
{
	uint64_t told = sum(m->part[0].size, m->header.len + m->s.n * PART_HEADER);

	return m->size > told && m->size - told > m->max_part;
}

int lean_plan(struct lean *m, struct fault *f)
{
	if (m->part == NULL)
		m->part = calloc(m->s.n, sizeof(*m->part));
	if (m->part == NULL)
		return no_memory(f);
	m->left = 0;
	m->nstep = 0;
	decide(m, 0, 0);
	if (m->part[0].mode == LEAN_KEEP && has_more(m)) {
		m->part[0].mode = LEAN_LEAVE;
		m->part[0].size = m->size - m->header.len;
	}
	return add_part(m, 0, f);
}

bool lean_is_message(const struct lean *m, size_t i)
{
	return m->part[i].parent == i || m->s.part[m->part[i].parent].message;
}

const char *lean_section(
    const struct lean *m, const struct lean_step *st, char name[static RESPONSE_SECTION_MAX])
{
	const char *section = m->s.part[st->part].section, *of = "MIME";

	if (st->kind == LEAN_BODY)
		return section;
	if (st->kind != LEAN_HEAD || st->part == 0)
		return NULL;
	if (lean_is_message(m, st->part)) {
		section = m->s.part[m->part[st->part].parent].section;
		of = "HEADER";
	}
	snprintf(name, RESPONSE_SECTION_MAX, "%s.%s", section, of);
	return name;
}
