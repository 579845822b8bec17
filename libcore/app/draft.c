/* draft: APPEND and CATENATE, and what must be known afterwards. */
#include "app/draft.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/locate.h"
#include "app/removal.h"
#include "app/source.h"
#include "app/urls.h"
#include "base/num.h"
#include "base/whole.h"
#include "imap/utf7.h"

static int spool_local(int fd, const struct assembly *a, const struct piece *p, struct fault *f)
{
	char octets[16384];
	uint64_t at = 0;
	ssize_t n;

	while ((n = assembly_octets(a, p, at, octets, sizeof(octets), f)) > 0) {
		if (write_whole(fd, octets, (size_t)n) == -1)
			return fault_errno(f, FAULT_IO, "temporary file");
		at += (uint64_t)n;
	}
	if (n == 0 && at != p->size)
		return fault_set(f, FAULT_IO, "%s changed while it was read",
		    p->name != NULL ? p->name : "the input");
	return n == -1 ? -1 : 0;
}

static int spool_url(struct imap_line *l, int fd, const struct piece *p, struct fault *f)
{
	struct url u = {0};
	struct event ev;
	bool complete = false;
	int r = -1;

	if (url_parse(&u, p->name, strlen(p->name), f) == -1)
		return -1;
	if (imap_line_select(l, u.mailbox, true, u.uidvalidity, f) == 0) {
		uint32_t tag = source_fetch(l, &u, f);

		while (tag != 0 && (r = imap_until(l->imap, tag, &ev, f)) == 1) {
			if (ev.kind == EV_SECTION_DATA && write_whole(fd, ev.data, ev.len) == -1) {
				fault_errno(f, FAULT_IO, "temporary file");
				break;
			}
			if (ev.kind == EV_SECTION_END)
				complete = true;
		}
		if (r == 0 && !complete)
			r = fault_set(f, FAULT_DATA, "no such message: %s", p->name);
	}
	url_free(&u);
	return r == 0 ? 0 : -1;
}

/* Everything in one unlinked file, for a plain APPEND. */
static int spool(struct imap_line *l, const struct assembly *a, off_t *size, struct fault *f)
{
	int fd = assembly_spool(f);

	for (size_t i = 0; fd != -1 && i < a->n; i++) {
		const struct piece *p = &a->piece[i];
		int r = p->kind == PIECE_URL ? spool_url(l, fd, p, f) : spool_local(fd, a, p, f);

		if (r == -1) {
			close(fd);
			return -1;
		}
	}
	if (fd != -1)
		*size = lseek(fd, 0, SEEK_END);
	return fd;
}

/* One making of a draft. */
struct making {
	struct imap_line *l;
	const struct draft *d;
	struct url *made;
	uint32_t uidvalidity, uidnext; /* before it; 0: not known */
	bool refused;                  /* the server said NO: it is not there */
};

static void begin_append(struct imap_cmd *c, const struct making *m)
{
	imap_cmd_init(c, m->l->imap, "APPEND");
	imap_mailbox(c, m->d->mailbox);
	if (m->d->nflag == 0)
		return;
	imap_list(c);
	for (size_t i = 0; i < m->d->nflag; i++)
		imap_flag(c, m->d->flag[i]);
	imap_list_end(c);
}

static int catenate_url(struct imap_cmd *c, const struct piece *p, struct fault *f)
{
	struct url u = {0};
	struct buf b;

	if (url_parse(&u, p->name, strlen(p->name), f) == -1)
		return -1;
	buf_init(&b, URL_MAX);
	url_build_relative(&b, &u);
	imap_atom(c, "URL");
	imap_astring(c, buf_str(&b), b.len);
	buf_free(&b);
	url_free(&u);
	return 0;
}

/* Opens FILE pieces for the time of the command, as the session reads them while it sends. */
static int catenate_text(struct imap_cmd *c, const struct assembly *a, const struct piece *p,
    int spool_fd, off_t *spooled, struct fault *f)
{
	imap_atom(c, "TEXT");
	if (p->kind == PIECE_TEXT) {
		imap_literal_fd(c, a->fd, p->at, p->size, false);
		return 0;
	}
	off_t at = *spooled;
	if (spool_local(spool_fd, a, p, f) == -1)
		return -1;
	*spooled += (off_t)p->size;
	imap_literal_fd(c, spool_fd, at, p->size, false);
	return 0;
}

static int catenate_parts(
    struct imap_cmd *c, const struct assembly *a, int spool_fd, struct fault *f)
{
	off_t spooled = 0;

	imap_atom(c, "CATENATE");
	imap_list(c);
	for (size_t i = 0; i < a->n; i++) {
		const struct piece *p = &a->piece[i];
		int r = p->kind == PIECE_URL ? catenate_url(c, p, f)
					     : catenate_text(c, a, p, spool_fd, &spooled, f);

		if (r == -1)
			return -1;
	}
	imap_list_end(c);
	return 0;
}

/* Where the mailbox's UIDs stand now, in the flight of the APPEND: should its reply be lost, what has that Message-ID from before is not ours. */
static int ask_uidnext(const struct making *m, struct fault *f)
{
	struct imap_cmd c;

	if (m->d->unique || m->d->message_id == NULL)
		return 0;
	imap_cmd_init(&c, m->l->imap, "STATUS");
	imap_mailbox(&c, m->d->mailbox);
	imap_list(&c);
	imap_atom(&c, "UIDNEXT");
	imap_atom(&c, "UIDVALIDITY");
	imap_list_end(&c);
	return imap_send(m->l->imap, &c, f) == 0 ? -1 : 0;
}

static int run_append(struct making *m, struct imap_cmd *c, struct fault *f)
{
	struct event ev = {0};
	uint32_t tag = ask_uidnext(m, f) == -1 ? 0 : imap_send(m->l->imap, c, f);
	int r = -1;

	while (tag != 0 && (r = imap_until(m->l->imap, tag, &ev, f)) == 1)
		if (ev.kind == EV_MAILBOX_STATUS) {
			m->uidnext = ev.status.uidnext;
			m->uidvalidity = ev.status.uidvalidity;
		}
	if (r == -1) {
		m->refused = ev.kind == EV_TAGGED;
		/* The mailbox is missing, and with the message nothing is wrong. */
		if (f->cls == FAULT_DATA && m->refused && ev.code == CODE_TRYCREATE)
			f->cls = FAULT_REFUSED;
		return -1;
	}
	if (ev.code == CODE_APPENDUID && ev.uids_to != NULL) {
		m->made->uidvalidity = ev.uidvalidity;
		if (num_nz32(ev.uids_to, strlen(ev.uids_to), &m->made->uid) == -1)
			return fault_set(
			    f, FAULT_PROTOCOL, "APPENDUID with a UID that is none: %s", ev.uids_to);
	}
	return 0;
}

static int catenate(struct making *m, struct fault *f)
{
	struct imap_cmd c;
	int fd = assembly_spool(f), r = -1;

	if (fd == -1)
		return -1;
	begin_append(&c, m);
	if (catenate_parts(&c, m->d->assembly, fd, f) == 0)
		r = run_append(m, &c, f);
	imap_cmd_free(&c);
	close(fd);
	return r;
}

static int append(struct making *m, struct fault *f)
{
	const struct assembly *a = m->d->assembly;
	struct imap_cmd c;
	off_t size = 0;
	int fd, r;

	if (a->n == 1 && a->piece[0].kind == PIECE_TEXT) {
		begin_append(&c, m);
		imap_literal_fd(&c, a->fd, a->piece[0].at, a->piece[0].size, false);
		return run_append(m, &c, f);
	}
	fd = spool(m->l, a, &size, f);
	if (fd == -1)
		return -1;
	begin_append(&c, m);
	imap_literal_fd(&c, fd, 0, (uint64_t)size, false);
	r = run_append(m, &c, f);
	close(fd);
	return r;
}

/* The newest of those found. */
static void note_found(const struct event *ev, struct url *made)
{
	uint32_t lo, hi;
	struct set_walk w;

	if (ev->kind != EV_SET ||
	    (ev->set.source != SET_SEARCH && ev->set.source != SET_ESEARCH_ALL))
		return;
	w = (struct set_walk){.p = ev->set.text, .n = ev->set.len};
	while (set_walk_next(&w, &lo, &hi) == 1)
		if (hi > made->uid)
			made->uid = hi;
}

/* Looks for the message by its Message-ID. made->uid stays 0 when it is not there, or was there before. */
static int find_message(struct making *m, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	if (imap_line_select(m->l, m->d->mailbox, true, m->uidvalidity, f) == -1)
		return -1;
	m->made->uidvalidity = m->l->mailbox.uidvalidity;
	imap_cmd_init(&c, m->l->imap, "UID SEARCH");
	imap_atom(&c, "HEADER");
	imap_atom(&c, "Message-ID");
	imap_string(&c, m->d->message_id, strlen(m->d->message_id));

	uint32_t tag = imap_send(m->l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(m->l->imap, tag, &ev, f)) == 1)
		note_found(&ev, m->made);
	if (m->made->uid < m->uidnext)
		m->made->uid = 0;
	return r;
}

/* The reply to APPEND never came: only a new connection can tell. */
static int find_after_loss(struct tool *t, struct making *m, struct fault *f)
{
	struct fault later = {0};
	struct imap_line *again;

	tool_note(
	    t, "the connection was lost during APPEND (%s): looking whether it was done", f->msg);
	if (!m->d->unique && m->uidnext == 0)
		return fault_while(f, "%s: the message may or may not be there", m->d->mailbox);
	again = imap_line_open(t, m->l->account, false, &later);
	if (again == NULL)
		return fault_while(f, "%s: the message may or may not be there", m->d->mailbox);
	imap_line_close(m->l);
	m->l = again;
	if (find_message(m, &later) == -1)
		return fault_while(f, "%s: the message may or may not be there", m->d->mailbox);
	return m->made->uid != 0 ? 0 : -1;
}

static int name_it(
    struct tool *t, const struct account *a, const char *mailbox, struct url *u, struct fault *f)
{
	const char *user = line_user(a, &a->imap);

	u->absolute_path = true;
	u->mailbox = strdup(mailbox);
	u->user = user == NULL ? NULL : strdup(user);
	if (u->mailbox == NULL || (user != NULL && u->user == NULL))
		return fault_set(f, FAULT_TEMP, "out of memory");
	return locate_authority(t, a, false, u, NULL, f);
}

int draft_make(
    struct tool *t, struct imap_line **l, const struct draft *d, struct url *made, struct fault *f)
{
	struct making m = {.l = *l, .d = d, .made = made};
	bool urls = assembly_has_url(d->assembly);
	bool catenates = imap_has(m.l->imap, "CATENATE");
	int r;

	*made = (struct url){0};
	if (name_it(t, m.l->account, d->mailbox, made, f) == -1)
		return -1;
	if (urls && !catenates)
		tool_note(t, "the server has no CATENATE: the octets come here and go up again");
	r = urls && catenates ? catenate(&m, f) : append(&m, f);
	if (r == -1 && !m.refused && !imap_alive(m.l->imap) && d->message_id != NULL)
		r = find_after_loss(t, &m, f);
	else if (r == 0 && made->uid == 0 && d->message_id != NULL)
		r = find_message(&m, f);
	*l = m.l;
	if (r == -1)
		url_free(made);
	return r;
}

static int open_to_write(struct imap_line *l, const struct url *u, struct fault *f)
{
	if (imap_line_select(l, u->mailbox, false, u->uidvalidity, f) == -1)
		return -1;
	if (l->mailbox.read_only)
		return fault_set(f, FAULT_REFUSED, "%s is read-only", u->mailbox);
	return 0;
}

static int store(struct imap_line *l, const struct set *uids, enum draft_store how,
    const char *const *flags, size_t nflags, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "UID STORE");
	imap_uids(&c, uids);
	imap_atom(&c, how == DRAFT_ADD ? "+FLAGS.SILENT" : "FLAGS.SILENT");
	imap_list(&c);
	for (size_t i = 0; i < nflags; i++)
		imap_flag(&c, flags[i]);
	imap_list_end(&c);
	return imap_run(l->imap, &c, NULL, f);
}

/* In a set, UINT32_MAX would be "*": the last message, whichever that is. */
static int add_uid(struct set *s, uint32_t uid, struct fault *f)
{
	if (uid == UINT32_MAX)
		return fault_set(f, FAULT_DATA, "no such message: UID %u", uid);
	return set_add(s, uid, uid) == -1 ? fault_set(f, FAULT_TEMP, "out of memory") : 0;
}

int draft_flag(struct imap_line *l, const struct url *u, size_t n, enum draft_store how,
    const char *const *flags, size_t nflags, struct fault *f)
{
	struct set all, piece;
	size_t at = 0;
	int r, more = 0;

	set_init(&all, n);
	set_init(&piece, n);
	r = open_to_write(l, u, f);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_uid(&all, u[i].uid, f);
	while (r == 0 && (more = urls_set_piece(&all, &at, &piece, f)) == 1)
		r = store(l, &piece, how, flags, nflags, f);
	set_free(&all);
	set_free(&piece);
	return more == -1 ? -1 : r;
}

static int remove_one(struct imap_line *l, uint32_t uid, struct removal *r, struct fault *f)
{
	struct set one;
	int result;

	set_init(&one, 1);
	result = add_uid(&one, uid, f);
	if (result == 0)
		result = removal_run(r, l->imap, &one, false, f);
	set_free(&one);
	return result;
}

int draft_remove(struct imap_line *l, const struct url *u, struct fault *f)
{
	struct removal r;
	int result;

	if (open_to_write(l, u, f) == -1)
		return -1;
	removal_init(&r, 1);
	result = remove_one(l, u->uid, &r, f);
	if (result == 0 && r.gone.n == 0) {
		*f = r.left;
		result = fault_while(f, "%s", u->mailbox);
	}
	removal_free(&r);
	return result;
}

/* LIST (SPECIAL-USE) "" "*" (RFC 6154): the mailbox with the attribute. */
static int find_special(struct imap_line *l, const char *use, struct buf *out, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	int r;

	imap_cmd_init(&c, l->imap, "LIST");
	if (imap_has(l->imap, "LIST-EXTENDED")) {
		imap_list(&c);
		imap_atom(&c, "SPECIAL-USE");
		imap_list_end(&c);
	}
	imap_string(&c, "", 0);
	imap_string(&c, "*", 1);

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1) {
		if (ev.kind != EV_LIST || out->len > 0)
			continue;
		for (const struct node *n = ev.list.attributes; n != NULL; n = n->next)
			if (node_is(n, use) && out->len == 0)
				utf7_decode(out, ev.list.mailbox, ev.list.mailbox_len);
	}
	return r;
}

int draft_special(struct imap_line *l, const char *keyword, const char *use, const char *fallback,
    struct buf *out, struct fault *f)
{
	if (keyword != NULL) {
		buf_puts(out, keyword);
		return 0;
	}
	if (imap_has(l->imap, "SPECIAL-USE") && find_special(l, use, out, f) == -1)
		return -1;
	if (out->len == 0)
		buf_puts(out, fallback);
	return 0;
}
