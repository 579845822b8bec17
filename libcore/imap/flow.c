/* flow: the queue of commands into the channel, literals and their permissions included (RFC 9051 section 4.3, RFC 7888). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imap/session_impl.h"

enum { LITERAL_MINUS_MAX = 4096 }; /* RFC 7888 section 5 */

static bool nonsync(const struct imap *s, const struct command_literal *l)
{
	if (imap_has(s, "LITERAL+"))
		return true;
	return l->size <= LITERAL_MINUS_MAX &&
	    (imap_has(s, "LITERAL-") || imap_has(s, "IMAP4rev2"));
}

/* Puts up to `end` of the command's text; true when all of it went. */
static bool put_text(struct imap *s, struct queued *q, size_t end)
{
	size_t n = end - q->text_sent;

	if (n > 0)
		q->text_sent +=
		    chan_put(s->chan, q->cmd.text.data + q->text_sent, n, q->cmd.secret);
	return q->text_sent == end;
}

/* A short string goes whole or not at all. */
static bool put_whole(struct imap *s, const char *p)
{
	size_t n = strlen(p);

	if (chan_room(s->chan) < n)
		return false;
	chan_put(s->chan, p, n, false);
	return true;
}

static bool announce(struct imap *s, struct queued *q, const struct command_literal *l)
{
	char text[40];
	bool free_to_go = nonsync(s, l);

	snprintf(text, sizeof(text), "%s{%llu%s}\r\n", l->binary ? "~" : "",
	    (unsigned long long)l->size, free_to_go ? "+" : "");
	if (!put_whole(s, text))
		return false;
	q->announced = true;
	q->granted = free_to_go;
	q->octets_sent = 0;
	return true;
}

/* Octets of a literal from its descriptor. 1 all of it, 0 no room, -1 fault. */
static int put_octets(
    struct imap *s, struct queued *q, const struct command_literal *l, struct fault *f)
{
	char octets[16384];

	while (q->octets_sent < l->size) {
		size_t n = chan_room(s->chan);
		uint64_t left = l->size - q->octets_sent;

		if (n == 0)
			return 0;
		if (n > sizeof(octets))
			n = sizeof(octets);
		if (n > left)
			n = (size_t)left;

		ssize_t r = pread(l->fd, octets, n, l->offset + (off_t)q->octets_sent);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return fault_errno(f, FAULT_IO, "reading what is to be sent");
		if (r == 0)
			return fault_set(
			    f, FAULT_IO, "what is to be sent became shorter while it was sent");
		q->octets_sent += chan_put(s->chan, octets, (size_t)r, false);
	}
	return 1;
}

/* One literal of the command at the head. 1 done, 0 has to wait, -1 fault. */
static int put_literal(struct imap *s, struct queued *q, struct fault *f)
{
	const struct command_literal *l = &q->cmd.literal[q->literal];

	if (!q->announced && (!put_text(s, q, l->at) || !announce(s, q, l)))
		return 0;
	if (!q->granted)
		return 0;
	if (l->fd == -1) {
		if (!put_text(s, q, l->at + (size_t)l->size))
			return 0;
	} else {
		int r = put_octets(s, q, l, f);

		if (r != 1)
			return r;
	}
	q->literal++;
	q->announced = q->granted = false;
	return 1;
}

void queued_free(struct queued *q)
{
	imap_cmd_free(&q->cmd);
	free(q);
}

static struct queued *take(struct imap *s)
{
	struct queued *q = s->head;

	s->head = q->next;
	if (s->head == NULL)
		s->tail = &s->head;
	return q;
}

/* The command at the head is out. */
static void pop(struct imap *s)
{
	struct early *e = &s->early;
	struct queued *q = take(s);
	bool unsure = e->phase == EARLY_GREETING || e->phase == EARLY_LOGIN;

	if (!unsure || q->tag == e->login_tag) {
		queued_free(q);
		return;
	}
	q->next = NULL;
	*e->kept_tail = q;
	e->kept_tail = &q->next;
}

void imap_flow_again(struct imap *s)
{
	struct early *e = &s->early;

	for (struct queued *q = e->kept; q != NULL; q = q->next) {
		q->tag_sent = q->announced = q->granted = false;
		q->text_sent = q->literal = 0;
		q->octets_sent = 0;
	}
	if (e->kept == NULL)
		return;
	if (s->head == NULL)
		s->tail = e->kept_tail;
	*e->kept_tail = s->head;
	s->head = e->kept;
	e->kept = NULL;
	e->kept_tail = &e->kept;
}

/* The command at the head. 1 all of it is out, 0 has to wait, -1 fault. */
static int put_command(struct imap *s, struct queued *q, struct fault *f)
{
	char tag[16];

	if (!q->tag_sent) {
		snprintf(tag, sizeof(tag), "a%u ", q->tag);
		if (!put_whole(s, tag))
			return 0;
		q->tag_sent = true;
	}
	while (q->literal < q->cmd.nliteral) {
		int r = put_literal(s, q, f);

		if (r != 1)
			return r;
	}
	return put_text(s, q, q->cmd.text.len) && put_whole(s, "\r\n");
}

/* Behind COMPRESS nothing may go before it is answered (RFC 4978 section 3). */
static bool is_held(const struct imap *s)
{
	return s->compress_tag != 0 && s->head->tag != s->compress_tag && !s->head->tag_sent &&
	    s->head->tag > s->compress_tag;
}

int imap_flow(struct imap *s, struct fault *f)
{
	while (s->head != NULL && !is_held(s)) {
		int r = put_command(s, s->head, f);

		if (r == -1)
			s->alive = false;
		if (r != 1)
			return r;
		pop(s);
	}
	return 0;
}

bool imap_flow_ready(const struct imap *s)
{
	const struct queued *q = s->head;

	return q != NULL && !is_held(s) && (!q->announced || q->granted);
}

bool imap_flow_grant(struct imap *s)
{
	struct queued *q = s->head;

	if (q == NULL || !q->announced || q->granted)
		return false;
	q->granted = true;
	return true;
}

int imap_flow_refused(struct imap *s, uint32_t tag, struct fault *f)
{
	for (const struct queued *q = s->head; q != NULL; q = q->next)
		if (q->tag == tag && !q->tag_sent) {
			s->alive = false;
			return fault_set(
			    f, FAULT_PROTOCOL, "the server answered a command before it was sent");
		}
	if (s->head == NULL || s->head->tag != tag)
		return 0;
	/* Octets that were announced as non-synchronising are owed even now, and nobody may keep their source open any longer: the reply
	 * counts, and the connection ends with it. */
	if (!s->head->announced || s->head->granted)
		s->alive = false;
	queued_free(take(s));
	return 0;
}

void imap_flow_clear(struct imap *s)
{
	while (s->head != NULL)
		queued_free(take(s));
}
