/* mailbox: opening one. */
#include "imap/mailbox.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static struct mailbox nothing_known(bool read_only)
{
	return (struct mailbox){.read_only = read_only, .any_keyword = true, .forwarded = true};
}

/* The list as text. What does not fit is not known at all, rather than in part. */
static void keep_list(struct mailbox *m, const struct node *list)
{
	size_t len = 0;

	for (const struct node *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		int w = snprintf(m->permanent + len, sizeof(m->permanent) - len, "%s%s ",
		    len == 0 ? " " : "", n->s);

		if (w < 0 || (size_t)w >= sizeof(m->permanent) - len) {
			m->permanent[0] = '\0';
			return;
		}
		len += (size_t)w;
	}
	/* An empty list is not the same as none. */
	if (len == 0)
		snprintf(m->permanent, sizeof(m->permanent), " ");
}

static void permanent_flags(struct mailbox *m, const struct node *list)
{
	m->any_keyword = m->forwarded = false;
	keep_list(m, list);
	for (const struct node *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (strcmp(n->s, "\\*") == 0)
			m->any_keyword = m->forwarded = true;
		if (strcasecmp(n->s, "$Forwarded") == 0)
			m->forwarded = true;
	}
}

static void note_code(struct mailbox *m, const struct event *ev)
{
	switch (ev->code) {
	case CODE_UIDVALIDITY:
		m->uidvalidity = (uint32_t)ev->uidvalidity;
		break;
	case CODE_UIDNEXT:
		m->uidnext = (uint32_t)ev->number;
		break;
	case CODE_HIGHESTMODSEQ:
		m->highestmodseq = ev->number;
		break;
	case CODE_NOMODSEQ:
		m->highestmodseq = 0;
		break;
	case CODE_PERMANENTFLAGS:
		permanent_flags(m, ev->args);
		break;
	case CODE_READ_ONLY:
		m->read_only = true;
		break;
	case CODE_CLOSED: /* what came so far was of the mailbox before (RFC 7162 section 3.2.11) */
		*m = nothing_known(m->read_only);
		break;
	default:
		break;
	}
}

void mailbox_begin(struct mailbox *m, bool read_only)
{
	*m = nothing_known(read_only);
}

void mailbox_event(struct mailbox *m, const struct event *ev)
{
	if (ev->kind == EV_EXISTS)
		m->exists = ev->num;
	if (ev->kind == EV_STATUS || ev->kind == EV_TAGGED)
		note_code(m, ev);
}

uint32_t mailbox_send(struct imap *s, const char *name, bool read_only, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s, read_only ? "EXAMINE" : "SELECT");
	imap_mailbox(&c, name);
	return imap_send(s, &c, f);
}

int mailbox_finish(struct imap *s, uint32_t tag, const char *name, bool read_only,
    uint32_t uidvalidity, struct mailbox *m, struct fault *f)
{
	struct event ev;
	int r;

	mailbox_begin(m, read_only);
	while ((r = imap_until(s, tag, &ev, f)) == 1)
		if (ev.kind != EV_TAGGED)
			mailbox_event(m, &ev);
	if (r == -1)
		return fault_while(f, "%s", name);
	mailbox_event(m, &ev);
	if (uidvalidity != 0 && m->uidvalidity != uidvalidity)
		return fault_set(f, FAULT_DATA, "%s: stale URL: its UIDVALIDITY is %u now, not %u",
		    name, m->uidvalidity, uidvalidity);
	return 0;
}

int mailbox_open(struct imap *s, const char *name, bool read_only, uint32_t uidvalidity,
    struct mailbox *m, struct fault *f)
{
	uint32_t tag = mailbox_send(s, name, read_only, f);

	return tag == 0 ? -1 : mailbox_finish(s, tag, name, read_only, uidvalidity, m, f);
}

bool mailbox_keeps(const struct mailbox *m, const char *flag)
{
	char word[MAILBOX_PERMANENT_MAX];

	if (m->permanent[0] == '\0' || (*flag != '\\' && m->any_keyword))
		return true;
	snprintf(word, sizeof(word), " %s ", flag);
	return strcasestr(m->permanent, word) != NULL;
}
