#include <inttypes.h>
#include <string.h>

#include "smtp/session_impl.h"

enum { LINE_LEN_MAX = URL_LEN_MAX + 64 };

void transfer_refuse(struct smtp *s, const struct fault *why)
{
	if (!s->t.e || s->t.refused)
		return;
	s->t.refused = true;
	s->t.why = *why;
}

void transfer_refuse_reply(struct smtp *s, const char *what)
{
	struct fault why;

	reply_fault(&s->reply, &why, what);
	transfer_refuse(s, &why);
}

/* The reply to what ended the message. */
static void note_final(struct smtp *s)
{
	reply_show(&s->reply, s->t.final, sizeof(s->t.final));
	s->t.final_yes = s->reply.code / 100 == 2;
}

static int no_go_ahead(const struct smtp *s, struct fault *f, const char *what)
{
	if (s->reply.code / 100 != 3)
		return 0;
	return fault_set(f, FAULT_PROTOCOL, "%s was answered with %d", what, s->reply.code);
}

/* What a person can do about a refused BURL (RFC 4468 section 6), or "". */
static const char *burl_hint(const struct reply *r)
{
	if (!r->enhanced)
		return "";
	if (r->status[1] == 6 && r->status[2] == 6)
		return " (the URL gave nothing: is it still valid, made for this user, and its "
		       "authority the one that the IMAP server calls its own?)";
	if (r->status[1] == 7 && r->status[2] == 8)
		return " (the submission server may not fetch from the IMAP server of this URL)";
	if (r->status[1] == 4)
		return " (the submission server does not reach the IMAP server of this URL)";
	return "";
}

static void refuse_chunk(struct smtp *s, const char *what, bool burl)
{
	struct fault said, why;

	reply_fault(&s->reply, &said, what);
	fault_set(&why, said.cls, "%.700s%s", said.msg, burl ? burl_hint(&s->reply) : "");
	transfer_refuse(s, &why);
}

int transfer_on_chunk(struct smtp *s, const struct pending *p, struct fault *f)
{
	const char *what = p->verb == VERB_BURL ? "BURL" : "BDAT";

	if (no_go_ahead(s, f, what) == -1)
		return -1;
	if (s->reply.code / 100 != 2)
		refuse_chunk(s, what, p->verb == VERB_BURL);
	else if (p->verb == VERB_BDAT && s->waiting == 0 && s->t.chunk_left > 0)
		return fault_set(f, FAULT_PROTOCOL, "a chunk was accepted before its end");
	if (p->last)
		note_final(s);
	return 0;
}

int transfer_on_data(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	if (s->reply.code == 354) {
		s->t.go_ahead = true;
		return 0;
	}
	if (s->reply.code / 100 < 4)
		return fault_set(f, FAULT_PROTOCOL, "DATA was answered with %d", s->reply.code);
	transfer_refuse_reply(s, "DATA");
	return 0;
}

int transfer_on_end(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	if (no_go_ahead(s, f, "the message") == -1)
		return -1;
	if (s->reply.code / 100 != 2)
		transfer_refuse_reply(s, "the message");
	else if (!s->t.complete)
		return fault_set(f, FAULT_PROTOCOL, "the message was accepted before its end");
	note_final(s);
	return 0;
}

/* ---- before data */

static int refusal(const struct smtp *s, struct fault *f)
{
	*f = s->t.why;
	return -1;
}

/* Nothing speaks against sending more of the message. */
static int ready(struct smtp *s, struct fault *f)
{
	bool hold = s->t.e->all_or_none && s->t.answered < s->t.e->nrcpt;

	if ((hold || !s->pipelining) && pipe_await(s, 0, f) == -1)
		return -1;
	return s->t.refused ? refusal(s, f) : 0;
}

static int chunk_command(
    struct smtp *s, struct pending p, struct buf *line, bool last, struct fault *f)
{
	/* An authorised URL opens what it names to whoever has it: it is kept out of the trace. */
	bool secret = p.verb == VERB_BURL && strcasestr(buf_str(line), ";URLAUTH=");

	if (last)
		buf_puts(line, " LAST");
	buf_puts(line, "\r\n");
	p.last = last;
	if (pipe_command(s, p, line, secret, f) == -1)
		return -1;
	s->t.last_queued = s->t.last_queued || last;
	return 0;
}

int transfer_bdat(struct smtp *s, uint64_t n, bool last, struct fault *f)
{
	struct buf line;
	int result;

	if (ready(s, f) == -1)
		return -1;
	buf_init(&line, LINE_LEN_MAX);
	buf_printf(&line, "BDAT %" PRIu64, n);
	result = chunk_command(s, (struct pending){.verb = VERB_BDAT}, &line, last, f);
	buf_free(&line);
	if (result == -1)
		return -1;
	s->t.chunk_left = n;
	s->t.complete = last && n == 0;
	return 0;
}

int transfer_burl(struct smtp *s, const char *url, size_t n, bool last, struct fault *f)
{
	struct buf line;
	int result;

	if (ready(s, f) == -1)
		return -1;
	buf_init(&line, LINE_LEN_MAX);
	buf_puts(&line, "BURL ");
	buf_put(&line, url, n);
	result = chunk_command(s, (struct pending){.verb = VERB_BURL}, &line, last, f);
	buf_free(&line);
	if (result == -1)
		return -1;
	s->t.complete = last;
	return 0;
}

/* ---- DATA */

/* 354 although no recipient is left: the message must be ended, and an empty one goes to nobody (RFC 2920 section 3.1). */
static int lone_dot(struct smtp *s, struct fault *f)
{
	pipe_expect(s, (struct pending){.verb = VERB_END, .last = true});
	s->t.complete = true;
	if (pipe_put(s, ".\r\n", 3, false, false, f) == -1 || pipe_await(s, 0, f) == -1)
		return -1;
	return refusal(s, f);
}

int transfer_data(struct smtp *s, struct fault *f)
{
	struct buf line;
	int result;

	if (ready(s, f) == -1)
		return -1;
	buf_init(&line, LINE_LEN_MAX);
	buf_puts(&line, "DATA\r\n");
	result = pipe_command(s, (struct pending){.verb = VERB_DATA}, &line, false, f);
	buf_free(&line);
	if (result == -1 || pipe_await(s, 0, f) == -1)
		return -1;
	if (s->t.go_ahead && s->t.refused)
		return lone_dot(s, f);
	if (s->t.refused)
		return refusal(s, f);
	s->t.in_data = true;
	pipe_expect(s, (struct pending){.verb = VERB_END, .last = true});
	return 0;
}

static int bare(struct smtp *s, const char *what, struct fault *f)
{
	struct fault why;

	fault_set(&why, FAULT_DATA, "a bare %s in the message: lines end in CR LF", what);
	transfer_refuse(s, &why);
	pipe_drop(s);
	*f = why;
	return -1;
}

/* RFC 5321 section 4.5.2: a dot before each dot at the front of a line. */
static int stuff(struct smtp *s, const char *p, size_t n, struct fault *f)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (s->t.line == AFTER_CR && p[i] != '\n')
			return bare(s, "CR", f);
		if (s->t.line != AFTER_CR && p[i] == '\n')
			return bare(s, "LF", f);
		if (s->t.line == AT_LINE_START && p[i] == '.') {
			if (pipe_put(s, p + from, i - from, false, true, f) == -1 ||
			    pipe_put(s, ".", 1, false, true, f) == -1)
				return -1;
			from = i;
		}
		s->t.line = p[i] == '\r' ? AFTER_CR : p[i] == '\n' ? AT_LINE_START : IN_LINE;
	}
	return pipe_put(s, p + from, n - from, false, true, f);
}

static int end_data(struct smtp *s, struct fault *f)
{
	const char *end = s->t.line == AT_LINE_START ? ".\r\n" : "\r\n.\r\n";

	if (s->t.line == AFTER_CR)
		return bare(s, "CR", f);
	s->t.in_data = false;
	s->t.last_queued = s->t.complete = true;
	return pipe_put(s, end, strlen(end), false, false, f);
}

/* ---- octets, and the end */

int transfer_octets(struct smtp *s, const void *p, size_t n, struct fault *f)
{
	if (s->t.refused)
		return refusal(s, f);
	if (s->t.in_data)
		return stuff(s, p, n, f);
	if (pipe_put(s, p, n, false, true, f) == -1)
		return -1;
	s->t.chunk_left -= n;
	s->t.complete = s->t.last_queued && s->t.chunk_left == 0;
	return 0;
}

/* The caller was told of a refusal, and ends without having sent all. The recipients' replies are of use to it. */
static int end_refused(struct smtp *s, struct fault *f)
{
	struct fault ignored;

	if (s->t.chunk_left > 0 || s->t.in_data)
		pipe_drop(s);
	else
		(void)pipe_await(s, 0, &ignored);
	return refusal(s, f);
}

int transfer_end(struct smtp *s, struct fault *f)
{
	if (s->t.in_data && !s->t.refused && end_data(s, f) == -1)
		return -1;
	if (s->t.refused && !s->t.complete)
		return end_refused(s, f);
	if (!s->t.complete && !s->t.refused)
		return fault_set(f, FAULT_BUG, "a message is ended before its last octet");
	if (pipe_await(s, 0, f) == -1)
		return -1;
	if (s->t.final_yes && s->t.mail_ok && s->t.accepted > 0)
		return 0;
	if (!s->t.refused)
		return fault_set(f, FAULT_PROTOCOL, "a message without its replies");
	return refusal(s, f);
}
