/* lean_scan: boundaries where none belongs. */
#include <string.h>

#include "app/lean_impl.h"

static const size_t no_boundary = SIZE_MAX;

void lean_scan_begin(struct lean_scan *c, const struct lean *m, size_t part)
{
	c->m = m;
	c->part = part;
	c->n = 0;
}

/* A line that only begins like a boundary counts, because for some readers it is one. */
static bool is_boundary(const struct lean_scan *c)
{
	const struct lean *m = c->m;
	size_t i = c->part;

	if (c->n == no_boundary || c->n < 2)
		return false;
	while (m->part[i].parent != i) {
		i = m->part[i].parent;
		const char *boundary = m->s.part[i].boundary;
		size_t n = boundary != NULL ? strlen(boundary) : SIZE_MAX;

		if (n <= c->n - 2 && memcmp(c->line + 2, boundary, n) == 0)
			return true;
	}
	return false;
}

/* Also behind a bare CR: some readers end a line there. */
static bool take(struct lean_scan *c, char ch)
{
	if (ch == '\n' || ch == '\r') {
		bool found = is_boundary(c);

		c->n = 0;
		return found;
	}
	if (c->n == no_boundary)
		return false;
	if (c->n < 2 && ch != '-') {
		c->n = no_boundary;
		return false;
	}
	c->line[c->n++] = ch;
	if (c->n < sizeof(c->line))
		return false;
	bool found = is_boundary(c);
	c->n = no_boundary;
	return found;
}

bool lean_scan(struct lean_scan *c, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (take(c, p[i]))
			return true;
	return n == 0 && is_boundary(c);
}
