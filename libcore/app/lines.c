/* lines: one connection an account, the least used one closed for another. */
#include "app/lines.h"

#include <stdlib.h>
#include <string.h>

static time_t now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

void lines_init(struct lines *l, struct tool *t)
{
	*l = (struct lines){.tool = t};
}

void lines_free(struct lines *l)
{
	while (l->n > 0)
		imap_line_close(l->line[--l->n]);
	free(l->refusal);
	*l = (struct lines){.tool = l->tool};
}

static size_t find_line(const struct lines *l, const struct account *a)
{
	size_t i = 0;

	while (i < l->n && l->line[i]->account != a)
		i++;
	return i;
}

/* Takes line i out, without closing it. */
static struct imap_line *take_out(struct lines *l, size_t i)
{
	struct imap_line *line = l->line[i];

	l->n--;
	for (; i < l->n; i++)
		l->line[i] = l->line[i + 1];
	return line;
}

static struct imap_line *put_first(struct lines *l, struct imap_line *line)
{
	if (l->n == LINES_MAX)
		imap_line_close(take_out(l, LINES_MAX - 1));
	for (size_t i = l->n; i > 0; i--)
		l->line[i] = l->line[i - 1];
	l->line[0] = line;
	l->n++;
	return line;
}

static size_t find_refusal(const struct lines *l, const struct account *a)
{
	size_t i = 0;

	while (i < l->nrefusal && l->refusal[i].account != a)
		i++;
	return i;
}

static void drop_refusal(struct lines *l, size_t i)
{
	if (i >= l->nrefusal)
		return;
	l->nrefusal--;
	memmove(l->refusal + i, l->refusal + i + 1, (l->nrefusal - i) * sizeof(l->refusal[0]));
}

/* Without memory nothing is remembered, and the account is asked once more. */
static void note_refusal(struct lines *l, const struct account *a, const struct fault *why)
{
	if (l->refusal == NULL)
		l->refusal = calloc(LINES_MAX, sizeof(l->refusal[0]));
	if (l->refusal == NULL)
		return;
	drop_refusal(l, find_refusal(l, a));
	if (l->nrefusal == LINES_MAX)
		l->nrefusal--;
	memmove(l->refusal + 1, l->refusal, l->nrefusal * sizeof(l->refusal[0]));
	l->refusal[0] = (struct lines_refusal){.account = a, .when = now(), .why = *why};
	l->nrefusal++;
}

static bool is_final(const struct fault *f)
{
	return f->cls == FAULT_AUTH || f->cls == FAULT_CONFIG;
}

/* NULL: the account may be asked. */
static const struct fault *refusal_of(const struct lines *l, const struct account *a)
{
	size_t i = find_refusal(l, a);

	if (i == l->nrefusal ||
	    (!is_final(&l->refusal[i].why) && now() - l->refusal[i].when >= LINES_PATIENCE))
		return NULL;
	return &l->refusal[i].why;
}

struct imap_line *lines_get(struct lines *l, const struct account *a, bool bulk, struct fault *f)
{
	size_t i = find_line(l, a);
	struct imap_line *line = i < l->n ? take_out(l, i) : NULL;

	if (line != NULL && imap_alive(line->imap))
		return put_first(l, line);
	imap_line_close(line);

	const struct fault *refusal = refusal_of(l, a);
	if (refusal != NULL) {
		*f = *refusal;
		return NULL;
	}
	line = imap_line_open(l->tool, a, bulk, f);
	if (line == NULL) {
		note_refusal(l, a, f);
		return NULL;
	}
	drop_refusal(l, find_refusal(l, a));
	return put_first(l, line);
}
