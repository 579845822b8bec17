/* watch_ask: the single commands by which a connection asks after mailboxes. */
#include <stdio.h>

#include "app/watch_impl.h"

uint32_t post_send_examine(struct post *p, const struct box *b, bool qresync, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "EXAMINE");
	imap_mailbox(&c, b->name);
	if (qresync) {
		imap_list(&c);
		imap_atom(&c, "QRESYNC");
		imap_list(&c);
		imap_number(&c, b->uidvalidity);
		imap_number(&c, b->modseq);
		imap_list_end(&c);
		imap_list_end(&c);
	}
	return imap_send(p->line->imap, &c, f);
}

uint32_t post_send_fetch_new(struct post *p, uint32_t from, struct fault *f)
{
	struct imap_cmd c;
	char range[24];

	snprintf(range, sizeof(range), "%u:*", from == 0 ? 1 : from);
	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_atom(&c, range);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "FLAGS");
	if (p->site->watch->o.headers)
		imap_atom(&c, "ENVELOPE");
	imap_list_end(&c);
	return imap_send(p->line->imap, &c, f);
}

uint32_t post_send_fetch_changed(struct post *p, uint64_t modseq, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_atom(&c, "1:*");
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "FLAGS");
	imap_list_end(&c);
	imap_list(&c);
	imap_atom(&c, "CHANGEDSINCE");
	imap_number(&c, modseq);
	imap_list_end(&c);
	return imap_send(p->line->imap, &c, f);
}

uint32_t post_send_search_all(struct post *p, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "UID SEARCH");
	if (imap_has(p->line->imap, "ESEARCH")) {
		imap_atom(&c, "RETURN");
		imap_list(&c);
		imap_atom(&c, "ALL");
		imap_list_end(&c);
	}
	imap_atom(&c, "ALL");
	return imap_send(p->line->imap, &c, f);
}

uint32_t post_send_status(struct post *p, const struct box *b, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, p->line->imap, "STATUS");
	imap_mailbox(&c, b->name);
	imap_list(&c);
	imap_atom(&c, "MESSAGES");
	imap_atom(&c, "UNSEEN");
	imap_atom(&c, "UIDNEXT");
	imap_atom(&c, "UIDVALIDITY");
	if (p->condstore)
		imap_atom(&c, "HIGHESTMODSEQ");
	imap_list_end(&c);
	return imap_send(p->line->imap, &c, f);
}
