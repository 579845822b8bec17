/* mailboxes_query: what is asked, copied and sent. */
#include <stdlib.h>
#include <string.h>

#include "app/mailboxes_impl.h"

static int no_memory(struct fault *f)
{
	return fault_set(f, FAULT_TEMP, "out of memory");
}

static int copy_strings(
    char **to, size_t *nto, const char *const *from, size_t n, size_t max, struct fault *f)
{
	if (n > max)
		return fault_set(f, FAULT_USAGE, "more than %zu patterns or entries", max);
	for (; *nto < n; ++*nto) {
		to[*nto] = strdup(from[*nto]);
		if (to[*nto] == NULL)
			return no_memory(f);
	}
	return 0;
}

static int copy_query(struct mailboxes *m, const struct mailboxes_query *q, struct fault *f)
{
	static const char *const all[] = {"*"};
	bool any = q->npattern > 0;

	m->status = q->status;
	m->subscribed = q->subscribed || q->only_subscribed;
	m->only_subscribed = q->only_subscribed;
	m->only_special = q->only_special;
	if (copy_strings(m->pattern, &m->npattern, any ? q->pattern : all, any ? q->npattern : 1,
		MAILBOXES_PATTERNS_MAX, f) == -1)
		return -1;
	return copy_strings(m->entry, &m->nentry, q->entry, q->nentry, MAILBOXES_ENTRIES_MAX, f);
}

struct mailboxes *mailboxes_send(struct imap *s, const struct mailboxes_query *q, struct fault *f)
{
	struct mailboxes *m = calloc(1, sizeof(*m));
	struct imap_cmd c;

	if (m == NULL) {
		no_memory(f);
		return NULL;
	}
	m->imap = s;
	imap_cmd_init(&c, s, "LIST");
	m->utf8 = c.utf8;
	imap_cmd_free(&c);
	table_init(&m->table);
	buf_init(&m->later, 2 * MAILBOXES_HELD_MAX);
	if (copy_query(m, q, f) == 0) {
		mailboxes_choose(m);
		if (mailboxes_send_lists(m, f) == 0)
			return m;
	}
	mailboxes_free(m);
	return NULL;
}

void mailboxes_free(struct mailboxes *m)
{
	if (m == NULL)
		return;
	while (mailboxes_pop(m) != NULL)
		;
	table_free(&m->table);
	buf_free(&m->later);
	for (size_t i = 0; i < m->npattern; i++)
		free(m->pattern[i]);
	for (size_t i = 0; i < m->nentry; i++)
		free(m->entry[i]);
	free(m);
}
