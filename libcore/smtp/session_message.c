#include <stdio.h>
#include <string.h>

#include "smtp/session_impl.h"

static int out_of_order(struct fault *f, const char *what)
{
	return fault_set(f, FAULT_BUG, "%s out of order", what);
}

/* A message is open, and its next piece may begin. */
static bool takes_piece(const struct smtp *s)
{
	return s->t.e && !s->t.last_queued && !s->t.in_data && s->t.chunk_left == 0;
}

/* The message cannot be had any more. After a refusal the connection is as good as before. */
static int failed(struct smtp *s, const struct fault *f)
{
	if (!s->t.refused)
		pipe_drop(s);
	transfer_refuse(s, f);
	return -1;
}

static int piece(struct smtp *s, const struct op *op, const void *p, struct fault *f)
{
	if (early_room(s, op->len, f) == -1 && early_again(s, f) == -1)
		return failed(s, f);
	if (early_note(s, op, p, f) == 0 && early_perform(s, op, p, f) == 0)
		return 0;
	return early_again(s, f) == 0 ? 0 : failed(s, f);
}

int smtp_bdat(struct smtp *s, uint64_t n, bool last, struct fault *f)
{
	const struct op op = {.kind = OP_BDAT, .n = n, .last = last};

	if (!takes_piece(s))
		return out_of_order(f, "BDAT");
	if (!s->caps.chunking)
		return fault_set(f, FAULT_REFUSED, "the server does not offer CHUNKING");
	return piece(s, &op, NULL, f);
}

static int check_url(const char *url, struct fault *f)
{
	size_t n = 0;

	while (url[n] > ' ' && url[n] <= '~')
		n++;
	if (url[n] != '\0' || n == 0 || n > URL_LEN_MAX)
		return fault_set(f, FAULT_DATA, "not a URL for BURL: \"%.300s\"", url);
	return 0;
}

int smtp_burl(struct smtp *s, const char *url, bool last, struct fault *f)
{
	const struct op op = {.kind = OP_BURL, .len = strlen(url), .last = last};

	if (!takes_piece(s))
		return out_of_order(f, "BURL");
	if (check_url(url, f) == -1)
		return -1;
	if (!s->caps.burl)
		return fault_set(f, FAULT_REFUSED, "the server does not offer BURL");
	return piece(s, &op, url, f);
}

int smtp_data(struct smtp *s, struct fault *f)
{
	if (!takes_piece(s))
		return out_of_order(f, "DATA");
	if (s->t.e->body == SMTP_BINARYMIME)
		return out_of_order(f, "binary data by DATA: DATA");
	/* What follows 354 could not be sent again. */
	if (early_confirm(s, f) == -1 && early_again(s, f) == -1)
		return failed(s, f);
	return transfer_data(s, f) == 0 ? 0 : failed(s, f);
}

int smtp_write(struct smtp *s, const void *p, size_t n, struct fault *f)
{
	const struct op op = {.kind = OP_OCTETS, .len = n};

	if (!s->t.e || (!s->t.in_data && n > s->t.chunk_left))
		return out_of_order(f, "data");
	if (n == 0)
		return 0;
	return piece(s, &op, p, f);
}

/* Every octet had left, and nothing that came back says no: the server may have the message. */
static bool is_open(const struct smtp *s, size_t unsent)
{
	return s->t.complete && unsent == 0 && !s->t.refused && !s->t.final[0];
}

static int unknown(struct smtp *s, enum smtp_outcome *outcome, struct fault *f)
{
	*outcome = SMTP_UNKNOWN;
	f->cls = FAULT_TEMP;
	/* Not once more in one flight with what went wrong here. */
	if (s->early)
		s->learned.ehlo_alone = true;
	return fault_while(f, "the message may have been sent, its reply did not come");
}

static int end(struct smtp *s, struct fault *f)
{
	if (transfer_end(s, f) == 0)
		return 0;
	return early_again(s, f) == -1 ? -1 : transfer_end(s, f);
}

static void close_transaction(struct smtp *s, bool sent)
{
	s->t.e = NULL;
	s->t.chunk_left = 0;
	s->t.in_data = false;
	s->dirty = !sent;
	early_is_over(s);
}

int smtp_finish(
    struct smtp *s, enum smtp_outcome *outcome, char *reply, size_t replylen, struct fault *f)
{
	int result;

	*outcome = SMTP_NOT_SENT;
	if (replylen > 0)
		reply[0] = '\0';
	if (!s->t.e)
		return out_of_order(f, "the end of a message");
	result = end(s, f);
	if (replylen > 0)
		snprintf(reply, replylen, "%s", s->t.final);
	if (result == 0)
		*outcome = SMTP_SENT;
	else if (is_open(s, s->chan ? chan_unsent(s->chan) : 0))
		unknown(s, outcome, f);
	if (result == -1 && (s->waiting > 0 || !s->t.refused))
		pipe_drop(s);
	close_transaction(s, result == 0);
	return result;
}

void smtp_abort(struct smtp *s)
{
	struct fault ignored;

	if (!s->t.e)
		return;
	/* Replies that are still to come must not be written to an envelope that is gone. */
	if (s->early || s->t.chunk_left > 0 || s->t.in_data || s->t.last_queued ||
	    pipe_await(s, 0, &ignored) == -1)
		pipe_drop(s);
	close_transaction(s, false);
}
