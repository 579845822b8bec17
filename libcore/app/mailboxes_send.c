/* mailboxes_send: the commands of a list. */
#include <string.h>

#include "app/mailboxes_impl.h"
#include "imap/response.h"

static const struct {
	unsigned bit;
	const char *item;
} items[] = {
    {STATUS_MESSAGES, "MESSAGES"},
    {STATUS_UNSEEN, "UNSEEN"},
    {STATUS_UIDNEXT, "UIDNEXT"},
    {STATUS_UIDVALIDITY, "UIDVALIDITY"},
    {STATUS_HIGHESTMODSEQ, "HIGHESTMODSEQ"},
    {STATUS_SIZE, "SIZE"},
};

void mailboxes_choose(struct mailboxes *m)
{
	struct imap *s = m->imap;
	/* Where both are offered, what IMAP4rev2 brings counts only by its own capability (RFC 9051 section 6.3.1). */
	bool rev2 = imap_has(s, "IMAP4rev2") && !imap_has(s, "IMAP4rev1");

	if (!imap_has(s, "CONDSTORE") && !imap_has(s, "QRESYNC"))
		m->status &= ~(unsigned)STATUS_HIGHESTMODSEQ;
	if (!imap_has(s, "STATUS=SIZE") && !rev2)
		m->status &= ~(unsigned)STATUS_SIZE;
	m->meta = m->nentry > 0 && imap_has(s, "METADATA");
	m->extended = !m->plain && (imap_has(s, "LIST-EXTENDED") || rev2);
	m->list_status = !m->plain && (imap_has(s, "LIST-STATUS") || rev2) && m->status != 0;
	m->list_meta = m->extended && imap_has(s, "LIST-METADATA") && m->meta;
	m->special = m->extended && (imap_has(s, "SPECIAL-USE") || rev2);
}

static void add_status(const struct mailboxes *m, struct imap_cmd *c)
{
	imap_list(c);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if ((m->status & items[i].bit) != 0)
			imap_atom(c, items[i].item);
	imap_list_end(c);
}

static void add_entries(const struct mailboxes *m, struct imap_cmd *c)
{
	imap_list(c);
	for (size_t i = 0; i < m->nentry; i++)
		imap_astring(c, m->entry[i], strlen(m->entry[i]));
	imap_list_end(c);
}

/* What is left out of the list at the server. */
static void add_selection(const struct mailboxes *m, struct imap_cmd *c)
{
	bool special = m->only_special && m->special;

	if (!m->extended || (!m->only_subscribed && !special))
		return;
	imap_list(c);
	if (m->only_subscribed)
		imap_atom(c, "SUBSCRIBED");
	if (special)
		imap_atom(c, "SPECIAL-USE");
	imap_list_end(c);
}

static void add_return(const struct mailboxes *m, struct imap_cmd *c)
{
	if (!m->extended && !m->list_status)
		return;
	imap_atom(c, "RETURN");
	imap_list(c);
	if (m->extended)
		imap_atom(c, "CHILDREN");
	if (m->extended && m->subscribed)
		imap_atom(c, "SUBSCRIBED");
	if (m->special)
		imap_atom(c, "SPECIAL-USE");
	if (m->list_status) {
		imap_atom(c, "STATUS");
		add_status(m, c);
	}
	if (m->list_meta) {
		imap_atom(c, "METADATA");
		add_entries(m, c);
	}
	imap_list_end(c);
}

/* All patterns in one list, or only the k-th. */
static void add_patterns(const struct mailboxes *m, struct imap_cmd *c, size_t k)
{
	if (!m->extended || m->npattern == 1) {
		imap_mailbox(c, m->pattern[k]);
		return;
	}
	imap_list(c);
	for (size_t i = 0; i < m->npattern; i++)
		imap_mailbox(c, m->pattern[i]);
	imap_list_end(c);
}

static uint32_t send_list(struct mailboxes *m, size_t k, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->imap, "LIST");
	add_selection(m, &c);
	imap_string(&c, "", 0);
	add_patterns(m, &c, k);
	add_return(m, &c);
	return imap_send(m->imap, &c, f);
}

static uint32_t send_lsub(struct mailboxes *m, size_t k, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->imap, "LSUB");
	imap_string(&c, "", 0);
	imap_mailbox(&c, m->pattern[k]);
	return imap_send(m->imap, &c, f);
}

/* LSUB goes first, so that what is subscribed is known when the list comes. */
int mailboxes_send_lists(struct mailboxes *m, struct fault *f)
{
	m->nlist = m->extended ? 1 : m->npattern;
	m->lsub_left = m->list_left = 0;
	for (size_t k = 0; m->subscribed && !m->extended && k < m->nlist; k++) {
		m->lsub_tag[k] = send_lsub(m, k, f);
		if (m->lsub_tag[k] == 0)
			return -1;
		m->lsub_left++;
	}
	for (size_t k = 0; k < m->nlist; k++) {
		m->list_tag[k] = send_list(m, k, f);
		if (m->list_tag[k] == 0)
			return -1;
		m->list_left++;
	}
	return 0;
}

static int send_status(struct mailboxes *m, struct held *h, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->imap, "STATUS");
	imap_astring(&c, h->e.wire, h->e.wire_len);
	add_status(m, &c);
	h->status_tag = imap_send(m->imap, &c, f);
	return h->status_tag == 0 ? -1 : 0;
}

static int send_metadata(struct mailboxes *m, struct held *h, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, m->imap, "GETMETADATA");
	imap_astring(&c, h->e.wire, h->e.wire_len);
	add_entries(m, &c);
	h->meta_tag = imap_send(m->imap, &c, f);
	return h->meta_tag == 0 ? -1 : 0;
}

int mailboxes_send_own(struct mailboxes *m, struct held *h, struct fault *f)
{
	if (h->status_due && !m->list_status && send_status(m, h, f) == -1)
		return -1;
	if (h->meta_due && !m->list_meta && send_metadata(m, h, f) == -1)
		return -1;
	return 0;
}
