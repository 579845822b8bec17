/* probe_message: putting messages somewhere: LITERAL+ (RFC 7888), UIDPLUS (RFC 4315), MOVE (RFC
 * 6851), $Forwarded (RFC 5788), and COMPRESS (RFC 4978) for the way there. */
#include <stdlib.h>
#include <string.h>

#include "app/probe_impl.h"

enum { LARGE = 8192 }; /* octets: over the 4096 of LITERAL- */

/* ---- LITERAL+ */

static void put_large(struct buf *out)
{
	buf_puts(out, "Subject: literal\r\n\r\n");
	while (out->len < LARGE)
		buf_puts(out, "This line is one of many, so that the literal is a large one.\r\n");
}

/* With LITERAL+ the session waits for no "+", and none must come (RFC 7888 section 4). */
static int append_at_once(struct probe *p, const struct buf *message, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	bool asked = false;
	int r;

	imap_cmd_init(&c, p->line->imap, "APPEND");
	imap_mailbox(&c, p->second);
	imap_literal(&c, message->data, message->len, false);

	uint32_t tag = imap_send(p->line->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(p->line->imap, tag, &ev, f)) == 1)
		asked = asked || ev.kind == EV_CONTINUE;
	if (r == 0 && asked)
		return probe_wrong(f, "APPEND {%d+}: the server sent \"+\" all the same", LARGE);
	return r;
}

int probe_literal_plus(struct probe *p, struct fault *f)
{
	struct buf message;
	int r = -1;

	buf_init(&message, PROBE_DATA_MAX);
	put_large(&message);
	if (buf_failed(&message))
		fault_set(f, FAULT_TEMP, "out of memory");
	else
		r = append_at_once(p, &message, f);
	probe_detail(p, "%zu octets at once", message.len);
	buf_free(&message);
	return r;
}

/* ---- UIDPLUS and MOVE */

/* 1 the message is in the first scratch mailbox, 0 not, -1. */
static int is_home(struct probe *p, uint32_t uid, struct fault *f)
{
	struct set all;
	int r = probe_search(p->line, "ALL", NULL, &all, f);

	if (r == 0)
		r = set_has(&all, uid);
	set_free(&all);
	return r;
}

/* UID EXPUNGE takes one of two deleted messages and leaves the other. */
static int expunge_one(struct probe *p, uint32_t goes, uint32_t stays, struct fault *f)
{
	int r;

	if (probe_store(p->line, stays, "+FLAGS.SILENT", "\\Deleted", f) == -1 ||
	    probe_expunge(p, goes, f) == -1)
		return -1;
	r = is_home(p, goes, f);
	if (r == 1)
		return probe_wrong(f, "UID EXPUNGE: OK, but the message is there");
	if (r == -1)
		return -1;
	r = is_home(p, stays, f);
	if (r == 0)
		return probe_wrong(f, "UID EXPUNGE: took another deleted message with it");
	return r == -1 ? -1 : probe_expunge(p, stays, f);
}

/* APPENDUID of an APPEND, bare: probe_append() would help itself without one. */
static int append_uid(struct probe *p, struct fault *f)
{
	static const char message[] = "Subject: uidplus\r\n\r\nuidplus\r\n";
	struct imap_cmd c;
	struct event ev;

	imap_cmd_init(&c, p->line->imap, "APPEND");
	imap_mailbox(&c, p->second);
	imap_literal(&c, message, strlen(message), false);
	if (imap_run(p->line->imap, &c, &ev, f) == -1)
		return -1;
	if (ev.code != CODE_APPENDUID || ev.uids_to == NULL)
		return probe_wrong(f, "APPEND: no APPENDUID");
	return 0;
}

int probe_uidplus(struct probe *p, struct fault *f)
{
	uint32_t goes, stays, to;

	if (append_uid(p, f) == -1 ||
	    probe_append(p, p->mailbox, "uidplus, goes", NULL, &goes, f) == -1 ||
	    probe_append(p, p->mailbox, "uidplus, stays", NULL, &stays, f) == -1 ||
	    probe_transfer(p, "UID COPY", goes, &to, f) == -1)
		return -1;
	if (to == 0)
		return probe_wrong(f, "UID COPY: no COPYUID");
	if (expunge_one(p, goes, stays, f) == -1)
		return -1;
	return probe_detail(p, "APPENDUID, COPYUID, UID EXPUNGE of one of two");
}

int probe_move(struct probe *p, struct fault *f)
{
	uint32_t uid, to;
	int r;

	if (probe_append(p, p->mailbox, "move", NULL, &uid, f) == -1 ||
	    probe_transfer(p, "UID MOVE", uid, &to, f) == -1)
		return -1;
	r = is_home(p, uid, f);
	if (r == 1)
		return probe_wrong(f, "UID MOVE: OK, but the message is still there");
	if (r == -1)
		return -1;
	if (to == 0 && imap_has(p->line->imap, "UIDPLUS"))
		return probe_wrong(f, "UID MOVE: no COPYUID");
	return probe_detail(p, "gone here%s", to == 0 ? "" : ", COPYUID there");
}

/* ---- $Forwarded */

static const char keyword[] = "$Forwarded";

/* The open mailbox has a message with the keyword, by SEARCH. */
static int finds_keyword(struct imap_line *l, const char *where, struct fault *f)
{
	struct set found;
	int r = probe_search(l, "KEYWORD", keyword, &found, f);

	if (r == 0 && found.n == 0)
		r = probe_wrong(f, "UID SEARCH KEYWORD: does not find %s%s", keyword, where);
	set_free(&found);
	return r;
}

static int forwarded_copy(struct probe *p, struct fault *f)
{
	uint32_t to;
	int r;

	if (probe_transfer(p, "UID COPY", p->uid, &to, f) == -1 ||
	    probe_select(p->line, p->second, false, f) == -1)
		return -1;
	r = finds_keyword(p->line, " on the copy", f);
	return r == -1 ? -1 : probe_home(p, f);
}

int probe_forwarded(struct probe *p, struct fault *f)
{
	int r;

	if (probe_select(p->line, p->mailbox, false, f) == -1)
		return -1;
	if (!p->line->mailbox.forwarded) {
		probe_detail(p, "PERMANENTFLAGS has neither \\* nor it");
		return PROBE_RUN_ABSENT;
	}
	if (probe_store(p->line, p->uid, "+FLAGS.SILENT", keyword, f) == -1)
		return -1;
	/* What is only kept for this session is not kept. */
	if (probe_select(p->line, p->mailbox, false, f) == -1)
		return -1;
	r = probe_has_flag(p->line, p->uid, keyword, f);
	if (r == 0)
		return probe_wrong(f, "UID STORE: OK, but the keyword is not there");
	if (r == -1 || finds_keyword(p->line, "", f) == -1 || forwarded_copy(p, f) == -1)
		return -1;
	return probe_detail(p, "stored, found, kept by COPY");
}

/* ---- COMPRESS=DEFLATE */

/* Once compression is on, asking for it again is refused (RFC 4978 section 3). */
static int is_compressed(struct imap_line *l, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, l->imap, "COMPRESS");
	imap_atom(&c, "DEFLATE");
	if (imap_run(l->imap, &c, NULL, f) == 0)
		return probe_wrong(f, "COMPRESS DEFLATE: not on after it was asked for");
	if (!imap_alive(l->imap))
		return -1;
	imap_cmd_init(&c, l->imap, "NOOP");
	return imap_run(l->imap, &c, NULL, f);
}

int probe_compress(struct probe *p, struct fault *f)
{
	struct imap_line *l = probe_line(p, true, f);
	struct buf message;
	struct chan_stats before, after;
	int r = -1;

	buf_init(&message, PROBE_DATA_MAX);
	if (l != NULL && is_compressed(l, f) == 0 &&
	    imap_line_select(l, p->mailbox, true, 0, f) == 0) {
		before = imap_stats(l->imap);
		r = probe_fetch(l, p->uid, "BODY.PEEK", "", &message, f);
		after = imap_stats(l->imap);
		probe_detail(p, "%llu octets came as %llu",
		    (unsigned long long)(after.app_down - before.app_down),
		    (unsigned long long)(after.down - before.down));
	}
	buf_free(&message);
	imap_line_close(l);
	return r;
}
