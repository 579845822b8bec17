/* watch_site: an account, its mailboxes, and who looks after which. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/watch_impl.h"
#include "base/enc.h"
#include "imap/utf7.h"

struct site *site_new(struct watch *w, const struct account *a, const char *name, struct fault *f)
{
	const struct account *same;
	struct site *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	s->watch = w;
	s->account = *a;
	s->lock = -1;
	if (s->account.timeout > DIAL_LIMIT)
		s->account.timeout = DIAL_LIMIT;
	if (locate(w->tool, name, &same, &s->base, f) == -1) {
		free(s);
		return NULL;
	}
	return s;
}

void site_free(struct site *s)
{
	for (size_t i = 0; i < s->nposts; i++) {
		post_close(s->post[i]);
		map_free(&s->post[i]->map);
		free(s->post[i]);
	}
	for (size_t i = 0; i < s->npattern; i++)
		free(s->pattern[i]);
	site_bury(s);
	boxes_free(&s->boxes);
	url_free(&s->base);
	watch_state_close(s);
	free(s);
}

bool site_matches(const struct site *s, const char *name)
{
	if (s->keyword && mailboxes_match(s->account.mailboxes, name, s->delimiter))
		return true;
	for (size_t i = 0; i < s->npattern; i++)
		if (mailboxes_pattern(s->pattern[i], name, s->delimiter))
			return true;
	return false;
}

struct box *site_box(const struct site *s, const char *wire, size_t n, char **name)
{
	struct buf b;

	buf_init(&b, (size_t)4 * BOX_NAME_MAX);
	if (n == 5 && strncasecmp(wire, "INBOX", 5) == 0)
		buf_puts(&b, "INBOX");
	else if (utf7_decode(&b, wire, n) == -1 && enc_is_utf8(wire, n))
		buf_put(&b, wire, n);
	*name = b.len > 0 ? buf_steal(&b) : NULL;
	buf_free(&b);
	if (*name == NULL || strchr(*name, '\n') != NULL || strchr(*name, '\r') != NULL) {
		free(*name);
		*name = NULL;
		return NULL;
	}
	return boxes_find(&s->boxes, *name);
}

bool site_is_open(const struct box *b)
{
	return b->owner != NULL && b->owner->line != NULL && b->owner->opened;
}

struct box *site_new_box(struct site *s, const char *name)
{
	struct box *b = boxes_add(&s->boxes, name);

	if (b == NULL) {
		tool_warn(s->watch->tool, "account %s: no room for another mailbox: %s",
		    s->account.name, name);
		return NULL;
	}
	b->fresh = true;
	b->generation = s->generation;
	return b;
}

/* A new mailbox. What is in it came while we watched, unless it is so much that it must have been there before. */
static void fresh_status(struct site *s, struct box *b, const struct box_status *st)
{
	const unsigned needed = STATUS_UIDVALIDITY | STATUS_UIDNEXT | STATUS_MESSAGES;

	if ((st->has & needed) != needed || st->uidvalidity == 0)
		return;
	b->fresh = false;
	b->refusals = 0;
	b->uidvalidity = st->uidvalidity;
	event_mailbox(s, b, WANT_MAILBOX, "mailbox-new", NULL);
	if (st->messages == 0 || st->messages > FRESH_MAX || (s->watch->o.want & WANT_NEW) == 0) {
		box_take(b, st);
		if (st->messages > FRESH_MAX)
			event_resync(s, b);
		return;
	}
	b->uidnext = 1;
	b->messages = 0;
	b->modseq = 0;
	b->dirty = true;
}

void site_status(struct site *s, struct box *b, const struct box_status *st)
{
	uint32_t lo, hi;

	b->covered = true;
	if (b->fresh) {
		fresh_status(s, b, st);
		return;
	}
	if (b->dirty)
		return;
	switch (box_compare(b, st, s->watch->o.want, s->watch->o.headers, &lo, &hi)) {
	case BOX_LOOK:
		b->dirty = true;
		return;
	case BOX_NEW:
		for (uint32_t uid = lo; uid <= hi; uid++)
			event_message(s, b, WANT_NEW, uid, NULL, NULL);
		break;
	case BOX_RESYNC:
		box_take(b, st); /* first, for the UIDVALIDITY in its URL */
		event_resync(s, b);
		break;
	case BOX_SAME:
		break;
	}
	box_take(b, st);
	s->changed = true;
}

static void disown(struct box *b)
{
	if (b->owner == NULL)
		return;
	b->owner->home = NULL;
	b->owner->opened = false;
	b->owner = NULL;
}

void site_gone(struct site *s, struct box *b)
{
	if (!b->fresh)
		event_mailbox(s, b, WANT_MAILBOX, "mailbox-gone", NULL);
	disown(b);
	/* Answers that are on their way may still be about it. */
	boxes_take(&s->boxes, b);
	b->dead = true;
	b->next = s->grave;
	s->grave = b;
	s->changed = true;
}

void site_bury(struct site *s)
{
	while (s->grave != NULL) {
		struct box *b = s->grave;

		s->grave = b->next;
		box_free(b);
	}
}

/* ---- LIST that nobody asked for (RFC 5465 section 5.4) */

static void rename_box(struct site *s, struct box *b, const char *name)
{
	char *old = strdup(b->name);
	struct box before = *b;

	if (!site_matches(s, name) || old == NULL || boxes_rename(&s->boxes, b, name) == -1) {
		site_gone(s, b);
	} else if (!b->fresh) {
		before.name = old;
		event_mailbox(s, &before, WANT_MAILBOX, "mailbox-renamed", name);
		s->unnamed = true;
	}
	free(old);
}

/* What is below it is renamed with it, and nobody says so. */
static void rename_children(struct site *s, const char *old, const char *name)
{
	size_t n = strlen(old);

	for (size_t i = 0; s->delimiter != '\0' && i < s->boxes.n;) {
		struct box *b = s->boxes.box[i];
		struct buf to;

		i++;
		if (strncmp(b->name, old, n) != 0 || b->name[n] != s->delimiter)
			continue;
		buf_init(&to, BOX_NAME_MAX);
		buf_puts(&to, name);
		buf_puts(&to, b->name + n);
		rename_box(s, b, buf_str(&to));
		buf_free(&to);
		i = 0; /* the order has changed */
	}
}

static bool has_attribute(const struct list_event *l, const char *attribute)
{
	for (const struct node *n = l->attributes; n != NULL; n = n->next)
		if (node_is(n, attribute))
			return true;
	return false;
}

/* 1 renamed, 0 not. */
static bool take_rename(struct site *s, const struct list_event *l, const char *name)
{
	const struct node *pair =
	    l->extended == NULL ? NULL : node_pair(l->extended->child, "OLDNAME");
	const struct node *wire = pair != NULL ? pair->child : NULL;
	struct box *b;
	char *old;

	if (wire == NULL || wire->len == 0)
		return false;
	b = site_box(s, wire->s, wire->len, &old);
	if (b != NULL && boxes_find(&s->boxes, name) == NULL)
		rename_box(s, b, name);
	if (old != NULL && strcmp(old, name) != 0)
		rename_children(s, old, name);
	free(old);
	return b != NULL;
}

static void take_subscription(struct site *s, struct box *b, bool subscribed)
{
	/* Some servers list a mailbox for other reasons, too. */
	if (b->subscribed != -1 && b->subscribed != subscribed && !b->fresh)
		event_mailbox(s, b, WANT_MAILBOX, subscribed ? "subscribed" : "unsubscribed", NULL);
	b->subscribed = subscribed;
}

void site_list_event(struct post *p, const struct list_event *l)
{
	struct site *s = p->site;
	char *name;
	struct box *b = site_box(s, l->mailbox, l->mailbox_len, &name);
	bool gone = has_attribute(l, "\\NonExistent") || has_attribute(l, "\\NoSelect") ||
	    has_attribute(l, "\\NoAccess");

	if (name == NULL || l->lsub)
		return;
	if (l->delimiter != '\0')
		s->delimiter = l->delimiter;
	if (gone) {
		if (b != NULL)
			site_gone(s, b);
	} else if (!take_rename(s, l, name)) {
		if (b == NULL && site_matches(s, name)) {
			b = site_new_box(s, name);
			s->unnamed = true;
		}
		if (b != NULL)
			take_subscription(s, b, has_attribute(l, "\\Subscribed"));
	}
	free(name);
}

/* ---- who looks after which */

/* The mailbox that is to be open next: INBOX, then in the order in which they were asked for, then by name. */
static struct box *next_home(const struct site *s)
{
	struct box *b = boxes_find(&s->boxes, "INBOX");

	if (b != NULL && b->owner == NULL && b->refusals < BOX_REFUSALS_MAX)
		return b;
	for (size_t k = 0; k <= s->npattern; k++)
		for (size_t i = 0; i < s->boxes.n; i++) {
			b = s->boxes.box[i];
			if (b->owner == NULL && b->refusals < BOX_REFUSALS_MAX &&
			    (k == s->npattern ||
				mailboxes_pattern(s->pattern[k], b->name, s->delimiter)))
				return b;
		}
	return NULL;
}

static void drop_post(struct site *s)
{
	struct post *p = s->post[--s->nposts];

	post_close(p);
	if (p->home != NULL)
		disown(p->home);
	map_free(&p->map);
	free(p);
}

static void add_post(struct site *s)
{
	struct post *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return;
	p->site = s;
	p->primary = s->nposts == 0;
	map_init(&p->map);
	s->post[s->nposts++] = p;
}

void site_assign(struct site *s)
{
	size_t wanted = 1;

	if (s->rung == RUNG_IDLE)
		wanted = s->account.idle_connections < 1 ? 1 : (size_t)s->account.idle_connections;
	if (wanted > POSTS_MAX)
		wanted = POSTS_MAX;
	if (wanted > s->boxes.n && s->boxes.n > 0)
		wanted = s->boxes.n;
	while (s->nposts > wanted)
		drop_post(s);
	while (s->nposts < wanted) {
		size_t before = s->nposts;

		add_post(s);
		if (s->nposts == before)
			return;
	}
	for (size_t i = 0; i < s->nposts; i++) {
		struct post *p = s->post[i];

		if (p->home != NULL || (p->home = next_home(s)) == NULL)
			continue;
		p->home->owner = p;
		p->opened = p->mapped = false;
	}
}
