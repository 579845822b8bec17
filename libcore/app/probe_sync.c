/* probe_sync: coming back to a mailbox: CONDSTORE and QRESYNC (RFC 7162). */
#include "app/probe_impl.h"

/* ---- CONDSTORE */

/* The sample's MODSEQ. */
static int fetch_modseq(struct probe *p, uint64_t *modseq, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	*modseq = 0;
	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_uid(&c, p->uid);
	imap_list(&c);
	imap_atom(&c, "MODSEQ");
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_FETCH && (ev.fetch.has & FETCH_MODSEQ) != 0)
			*modseq = ev.fetch.modseq;
	if (r == 0 && *modseq == 0)
		return probe_wrong(f, "UID FETCH (MODSEQ): no MODSEQ");
	return r;
}

/* 1 stored, 0 MODIFIED said that it was not, -1. */
static int store_unchanged(struct probe *p, uint64_t since, const char *flag, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;

	imap_cmd_init(&c, p->line->imap, "UID STORE");
	imap_uid(&c, p->uid);
	imap_list(&c);
	imap_atom(&c, "UNCHANGEDSINCE");
	imap_number(&c, since);
	imap_list_end(&c);
	imap_atom(&c, "+FLAGS.SILENT");
	imap_list(&c);
	imap_flag(&c, flag);
	imap_list_end(&c);
	if (imap_run(p->line->imap, &c, &ev, f) == -1)
		return -1;
	return ev.code != CODE_MODIFIED;
}

/* FETCH (CHANGEDSINCE) tells of the change. */
static int fetch_changed(struct probe *p, uint64_t since, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool told = false;
	int r;

	imap_cmd_init(&c, p->line->imap, "UID FETCH");
	imap_atom(&c, "1:*");
	imap_list(&c);
	imap_atom(&c, "FLAGS");
	imap_list_end(&c);
	imap_list(&c);
	imap_atom(&c, "CHANGEDSINCE");
	imap_number(&c, since);
	imap_list_end(&c);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_FETCH && ev.fetch.uid == p->uid && ev.fetch.modseq > since)
			told = true;
	if (r == 0 && !told)
		return probe_wrong(f, "UID FETCH (CHANGEDSINCE): the change is not told");
	return r;
}

static int conditional_stores(struct probe *p, uint64_t before, struct fault *f)
{
	uint64_t after = 0;
	int r = store_unchanged(p, before, "\\Flagged", f);

	if (r == 0)
		return probe_wrong(f, "UID STORE (UNCHANGEDSINCE): refused without a change");
	if (r == -1 || fetch_modseq(p, &after, f) == -1)
		return -1;
	if (after <= before)
		return probe_wrong(f, "MODSEQ did not grow with a change");
	r = store_unchanged(p, before, "\\Answered", f);
	if (r == 1)
		return probe_wrong(f, "UID STORE (UNCHANGEDSINCE): no MODIFIED after a change");
	if (r == -1)
		return -1;
	r = probe_has_flag(p->line, p->uid, "\\Answered", f);
	if (r == 1)
		return probe_wrong(f, "UID STORE (UNCHANGEDSINCE): MODIFIED, but stored");
	return r == -1 ? -1 : fetch_changed(p, before, f);
}

int probe_condstore(struct probe *p, struct fault *f)
{
	uint64_t before;
	int r;

	if (probe_select(p->line, p->mailbox, true, f) == -1)
		return -1;
	if (p->line->mailbox.highestmodseq == 0)
		return probe_wrong(f, "SELECT: no HIGHESTMODSEQ");
	if (fetch_modseq(p, &before, f) == -1)
		return -1;
	r = conditional_stores(p, before, f);
	if (r == 0)
		r = probe_store(p->line, p->uid, "-FLAGS.SILENT", "\\Flagged", f);
	return r == -1 ? -1
		       : probe_detail(p, "HIGHESTMODSEQ, UNCHANGEDSINCE, MODIFIED, CHANGEDSINCE");
}

/* ---- QRESYNC */

static int enable(struct imap_line *l, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool enabled = false;
	int r;

	imap_cmd_init(&c, l->imap, "ENABLE");
	imap_atom(&c, "QRESYNC");

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		for (const struct node *n = ev.kind == EV_ENABLED ? ev.args : NULL; n != NULL;
		     n = n->next)
			enabled = enabled || node_is(n, "QRESYNC");
	if (r == 0 && !enabled)
		return probe_wrong(f, "ENABLE QRESYNC: no ENABLED");
	return r;
}

/* What a SELECT (QRESYNC) told. */
struct resync {
	bool vanished, vanished_more, changed;
};

static void take_resync(
    const struct event *ev, uint32_t gone, uint32_t changed, struct resync *seen)
{
	struct set set;

	if (ev->kind == EV_FETCH && ev->fetch.uid == changed && ev->fetch.modseq > 0)
		seen->changed = probe_has_node(ev->fetch.flags, "\\Flagged");
	if (ev->kind != EV_SET || ev->set.source != SET_VANISHED || !ev->set.earlier)
		return;
	set_init(&set, 1024);
	if (set_parse(&set, ev->set.text, ev->set.len) == 0) {
		seen->vanished = seen->vanished || set_has(&set, gone);
		seen->vanished_more = seen->vanished_more || set_has(&set, changed);
	}
	set_free(&set);
}

static int resync(struct probe *p, struct imap_line *l, uint64_t modseq, uint32_t gone,
    struct resync *seen, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	imap_cmd_init(&c, l->imap, "SELECT");
	imap_mailbox(&c, p->mailbox);
	imap_list(&c);
	imap_atom(&c, "QRESYNC");
	imap_list(&c);
	imap_number(&c, p->uidvalidity);
	imap_number(&c, modseq);
	imap_list_end(&c);
	imap_list_end(&c);

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		take_resync(&ev, gone, p->uid, seen);
	return r;
}

static int come_back(struct probe *p, uint64_t modseq, uint32_t gone, struct fault *f)
{
	struct resync seen = {0};
	struct imap_line *l = probe_line(p, false, f);
	int r = -1;

	if (l != NULL && enable(l, f) == 0)
		r = resync(p, l, modseq, gone, &seen, f);
	imap_line_close(l);
	if (r == -1)
		return -1;
	if (!seen.vanished)
		return probe_wrong(f, "SELECT (QRESYNC): no VANISHED (EARLIER) of what is gone");
	if (seen.vanished_more)
		return probe_wrong(f, "SELECT (QRESYNC): VANISHED of what is there");
	if (!seen.changed)
		return probe_wrong(f, "SELECT (QRESYNC): no FETCH of what has changed");
	return probe_detail(p, "ENABLE, SELECT (QRESYNC), VANISHED (EARLIER), FETCH");
}

/* While nobody else looks, one message goes and one changes; then somebody comes back. */
int probe_qresync(struct probe *p, struct fault *f)
{
	uint32_t gone;
	uint64_t modseq;
	int r;

	if (probe_append(p, p->mailbox, "qresync", NULL, &gone, f) == -1 ||
	    probe_select(p->line, p->mailbox, true, f) == -1)
		return -1;
	modseq = p->line->mailbox.highestmodseq;
	if (modseq == 0)
		return probe_wrong(f, "SELECT: no HIGHESTMODSEQ");
	if (probe_expunge(p, gone, f) == -1 ||
	    probe_store(p->line, p->uid, "+FLAGS.SILENT", "\\Flagged", f) == -1)
		return -1;
	r = come_back(p, modseq, gone, f);
	if (r == 0)
		r = probe_store(p->line, p->uid, "-FLAGS.SILENT", "\\Flagged", f);
	return r;
}
