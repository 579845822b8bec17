/* probe_kit: the commands that the probes are made of. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/probe_impl.h"
#include "base/enc.h"
#include "base/num.h"
#include "imap/utf7.h"
#include "msg/date.h"

enum { PROBE_SET_MAX = 1024 };

struct imap_line *probe_line(struct probe *p, bool compress, struct fault *f)
{
	struct account a = *p->given->account;

	/* What the account prefers does not count here. */
	a.compress = compress;

	struct imap_line *l = imap_line_open(p->tool, &a, compress, f);
	if (l != NULL)
		l->account = p->given->account;
	return l;
}

/* ---- mailboxes */

static void take_select(struct imap_line *l, const struct event *ev)
{
	if (ev->code == CODE_UIDVALIDITY)
		l->mailbox.uidvalidity = ev->uidvalidity;
	if (ev->code == CODE_HIGHESTMODSEQ)
		l->mailbox.highestmodseq = ev->number;
}

static int select_condstore(struct imap_line *l, const char *mailbox, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	imap_cmd_init(&c, l->imap, "SELECT");
	imap_mailbox(&c, mailbox);
	imap_list(&c);
	imap_atom(&c, "CONDSTORE");
	imap_list_end(&c);
	l->mailbox.highestmodseq = 0;

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_STATUS)
			take_select(l, &ev);
	return r;
}

int probe_select(struct imap_line *l, const char *mailbox, bool modseq, struct fault *f)
{
	free(l->selected);
	l->selected = NULL;
	if (imap_line_select(l, mailbox, false, 0, f) == -1)
		return -1;
	return modseq ? select_condstore(l, mailbox, f) : 0;
}

int probe_home(struct probe *p, struct fault *f)
{
	return imap_line_select(p->line, p->mailbox, false, 0, f);
}

bool probe_is_mailbox(const char *wire, size_t n, const char *utf8)
{
	struct buf name;
	bool same;

	if (n == strlen(utf8) && memcmp(wire, utf8, n) == 0)
		return true;
	buf_init(&name, PROBE_NAME_MAX);
	same = utf7_decode(&name, wire, n) == 0 && strcmp(buf_str(&name), utf8) == 0;
	buf_free(&name);
	return same;
}

/* ---- messages */

static const char us[] = "lm-caps <lm-caps@localhost>";

static void put_head(struct buf *out, const char *subject, const char *address)
{
	char date[DATE_LEN];

	date_format(time(NULL), date);
	buf_printf(out,
	    "Date: %s\r\n"
	    "From: %s\r\n"
	    "To: %s\r\n"
	    "Subject: %s\r\n"
	    "MIME-Version: 1.0\r\n",
	    date, address, address, subject);
}

/* What the sample's parts hold, once. */
static void fill_parts(struct probe *p)
{
	if (p->plain.len > 0)
		return;
	buf_puts(&p->plain, "Caf=E9 au lait.\r\n");
	for (int i = 0; i < PROBE_OCTETS; i++)
		buf_putc(&p->octets, (char)i);
	enc_base64_mime(&p->encoded, p->octets.data, p->octets.len);
}

int probe_sample(struct probe *p, struct buf *out, struct fault *f)
{
	static const char boundary[] = "=_lm-probe";

	fill_parts(p);
	put_head(out, "sample", us);
	buf_printf(out,
	    "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n"
	    "--%s\r\n"
	    "Content-Type: text/plain; charset=iso-8859-1\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
	    boundary, boundary);
	buf_put(out, p->plain.data, p->plain.len);
	buf_printf(out,
	    "\r\n--%s\r\n"
	    "Content-Type: application/octet-stream\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n",
	    boundary);
	buf_put(out, p->encoded.data, p->encoded.len);
	buf_printf(out, "\r\n--%s--\r\n", boundary);
	if (buf_failed(out) || buf_failed(&p->encoded))
		return fault_set(f, FAULT_TEMP, "out of memory");
	return 0;
}

/* The UID of the newest message, where APPENDUID did not tell it. */
static int newest(struct imap_line *l, uint32_t *uid, struct fault *f)
{
	struct set all;
	int r;

	set_init(&all, PROBE_SET_MAX);
	r = probe_search(l, "ALL", NULL, &all, f);
	if (r == 0 && all.n > 0)
		*uid = all.r[all.n - 1].hi;
	else if (r == 0)
		r = probe_wrong(f, "APPEND: the message is not there");
	set_free(&all);
	return r;
}

int probe_append_run(struct probe *p, struct imap_cmd *c, uint32_t *uid, struct fault *f)
{
	struct imap_cmd noop;
	struct event ev;

	if (probe_home(p, f) == -1) {
		imap_cmd_free(c);
		return -1;
	}
	if (imap_run(p->line->imap, c, &ev, f) == -1)
		return -1;
	*uid = 0;
	if (ev.code == CODE_APPENDUID && ev.uids_to != NULL)
		num_nz32(ev.uids_to, strlen(ev.uids_to), uid);
	imap_cmd_init(&noop, p->line->imap, "NOOP");
	if (imap_run(p->line->imap, &noop, NULL, f) == -1)
		return -1;
	return *uid != 0 ? 0 : newest(p->line, uid, f);
}

/* An APPEND of a small message. */
static void put_append(struct probe *p, struct imap_cmd *c, const char *mailbox, const char *date,
    const char *subject, const char *address)
{
	struct buf message;

	buf_init(&message, PROBE_DATA_MAX);
	put_head(&message, subject, address);
	buf_printf(&message, "\r\nMessage %u of a probe.\r\n", ++p->serial);
	imap_cmd_init(c, p->line->imap, "APPEND");
	imap_mailbox(c, mailbox);
	if (date != NULL)
		imap_date_time(c, date);
	imap_literal(c, message.data, message.len, false);
	buf_free(&message);
}

int probe_append_of(
    struct probe *p, const char *address, const char *subject, uint32_t *uid, struct fault *f)
{
	struct imap_cmd c;

	put_append(p, &c, p->mailbox, NULL, subject, address);
	return probe_append_run(p, &c, uid, f);
}

int probe_append(struct probe *p, const char *mailbox, const char *subject, const char *date,
    uint32_t *uid, struct fault *f)
{
	struct imap_cmd c;
	int r;

	put_append(p, &c, mailbox, date, subject, us);
	if (strcmp(mailbox, p->mailbox) == 0)
		return probe_append_run(p, &c, uid, f);
	*uid = 0;
	r = imap_run(p->line->imap, &c, NULL, f);
	return r;
}

/* ---- flags, copies */

int probe_store(
    struct imap_line *l, uint32_t uid, const char *item, const char *flag, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "UID STORE");
	imap_uid(&c, uid);
	imap_atom(&c, item);
	imap_list(&c);
	imap_flag(&c, flag);
	imap_list_end(&c);
	return imap_run(l->imap, &c, NULL, f);
}

static void take_copyuid(const struct event *ev, uint32_t *to)
{
	if (ev->code == CODE_COPYUID && ev->uids_to != NULL)
		num_nz32(ev->uids_to, strlen(ev->uids_to), to);
}

int probe_transfer(
    struct probe *p, const char *command, uint32_t uid, uint32_t *to, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	*to = 0;
	if (probe_home(p, f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, command);
	imap_uid(&c, uid);
	imap_mailbox(&c, p->second);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	/* MOVE tells it before its EXPUNGEs, in an untagged OK. */
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_STATUS)
			take_copyuid(&ev, to);
	if (r == 0)
		take_copyuid(&ev, to);
	return r;
}

int probe_expunge(struct probe *p, uint32_t uid, struct fault *f)
{
	bool by_uid = imap_has(p->line->imap, "UIDPLUS");
	struct imap_cmd c;

	if (probe_home(p, f) == -1 ||
	    probe_store(p->line, uid, "+FLAGS.SILENT", "\\Deleted", f) == -1)
		return -1;
	imap_cmd_init(&c, p->line->imap, by_uid ? "UID EXPUNGE" : "EXPUNGE");
	if (by_uid)
		imap_uid(&c, uid);
	return imap_run(p->line->imap, &c, NULL, f);
}

/* ---- looking */

int probe_uids(struct imap_line *l, struct imap_cmd *c, struct set *out, struct fault *f)
{
	struct event ev;
	uint32_t tag = imap_send(l->imap, c, f);
	int r;

	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1) {
		if (ev.kind != EV_SET || ev.set.source == SET_VANISHED)
			continue;
		if (set_parse(out, ev.set.text, ev.set.len) == -1)
			return fault_set(f, FAULT_PROTOCOL, "more messages than there can be");
	}
	return r;
}

int probe_search(
    struct imap_line *l, const char *key, const char *argument, struct set *out, struct fault *f)
{
	struct imap_cmd c;

	set_init(out, PROBE_SET_MAX);
	imap_cmd_init(&c, l->imap, "UID SEARCH");
	imap_atom(&c, key);
	if (argument != NULL)
		imap_atom(&c, argument);
	return probe_uids(l, &c, out, f);
}

bool probe_has_node(const struct node *list, const char *keyword)
{
	for (const struct node *n = list != NULL ? list->child : NULL; n != NULL; n = n->next)
		if (node_is(n, keyword))
			return true;
	return false;
}

int probe_has_flag(struct imap_line *l, uint32_t uid, const char *flag, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r, has = -1;

	imap_cmd_init(&c, l->imap, "UID FETCH");
	imap_uid(&c, uid);
	imap_list(&c);
	imap_atom(&c, "FLAGS");
	imap_list_end(&c);

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_FETCH && (ev.fetch.has & FETCH_FLAGS) != 0 && ev.fetch.uid == uid)
			has = probe_has_node(ev.fetch.flags, flag);
	if (r == 0 && has == -1)
		return probe_wrong(f, "UID FETCH: no FLAGS of the message");
	return r == -1 ? -1 : has;
}

int probe_octets(struct imap_line *l, struct imap_cmd *c, struct buf *out, struct fault *f)
{
	struct event ev;
	uint32_t tag = imap_send(l->imap, c, f);
	int r;

	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_SECTION_DATA)
			buf_put(out, ev.data, ev.len);
	if (r == 0 && buf_failed(out))
		return fault_set(f, FAULT_PROTOCOL, "more octets than there can be");
	return r;
}

int probe_fetch(struct imap_line *l, uint32_t uid, const char *item, const char *section,
    struct buf *out, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "UID FETCH");
	imap_uid(&c, uid);
	imap_list(&c);
	imap_section(&c, item, section, 0, 0);
	imap_list_end(&c);
	return probe_octets(l, &c, out, f);
}

int probe_same(const char *what, const struct buf *got, const void *p, size_t n, struct fault *f)
{
	size_t i = 0;

	if (got->len == n && (n == 0 || memcmp(got->data, p, n) == 0))
		return 0;
	if (got->len != n)
		return probe_wrong(
		    f, "%s: %zu octets came, not the %zu that there are", what, got->len, n);
	while (got->data[i] == ((const char *)p)[i])
		i++;
	return probe_wrong(f, "%s: octet %zu of %zu is another", what, i + 1, n);
}
