#include <string.h>
#include <strings.h>

#include "smtp/session_impl.h"

void early_is_over(struct smtp *s)
{
	s->early = s->probing = false;
	s->log.nops = 0;
	buf_free(&s->log.octets);
}

int early_confirm(struct smtp *s, struct fault *f)
{
	while (s->early) {
		if (pipe_round(s, f) == -1)
			return -1;
		if (s->t.refused) {
			*f = s->t.why;
			return -1;
		}
	}
	return 0;
}

/* "MAIL FROM:" at p, or another verb that would make or steer a message. */
static bool is_verb(const char *p, size_t n)
{
	static const char verbs[][5] = {"MAIL", "RCPT", "DATA", "BDAT", "BURL"};

	if (n < 5 || (p[4] >= 'A' && p[4] <= 'Z') || (p[4] >= 'a' && p[4] <= 'z'))
		return false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strncasecmp(p, verbs[i], 4) == 0)
			return true;
	}
	return false;
}

/*
 * A server that has lost CHUNKING since last time reads the octets behind BDAT as commands, and whoever wrote the message
 * that is being sent would be giving them. So lines that look like one wait until the server has said that it still has it.
 */
static bool reads_like_commands(const struct log *l, size_t chunk_at, size_t from)
{
	const char *p = l->octets.data;
	size_t back = from - chunk_at < 6 ? from - chunk_at : 6;

	for (size_t i = from - back; i < l->octets.len; i++) {
		if ((i == chunk_at || p[i - 1] == '\n') && is_verb(p + i, l->octets.len - i))
			return true;
	}
	return false;
}

static bool has_room(const struct log *l, size_t n)
{
	return l->nops < LOG_OPS && n <= LOG_MAX - l->octets.len;
}

/* Octets go on with the op that they belong to, for they come in any pieces. */
static bool goes_on(const struct log *l, const struct op *op)
{
	return op->kind == OP_OCTETS && l->nops > 0 && l->ops[l->nops - 1].kind == OP_OCTETS;
}

int early_room(struct smtp *s, size_t n, struct fault *f)
{
	if (s->early && !has_room(&s->log, n))
		return early_confirm(s, f);
	return 0;
}

static struct op *note_op(struct log *l, const struct op *op)
{
	struct op *to;

	if (goes_on(l, op))
		return &l->ops[l->nops - 1];
	to = &l->ops[l->nops++];
	*to = *op;
	to->at = l->octets.len;
	to->len = 0;
	return to;
}

int early_note(struct smtp *s, const struct op *op, const void *p, struct fault *f)
{
	struct log *l = &s->log;
	struct op *to;

	if (!s->early)
		return 0;
	to = note_op(l, op);
	buf_put(&l->octets, p, op->len);
	to->len += op->len;
	if (buf_failed(&l->octets))
		return fault_set(f, FAULT_TEMP, "out of memory");
	if (op->kind == OP_OCTETS && reads_like_commands(l, to->at, l->octets.len - op->len))
		return early_confirm(s, f);
	return 0;
}

int early_perform(struct smtp *s, const struct op *op, const void *p, struct fault *f)
{
	switch (op->kind) {
	case OP_BDAT:
		return transfer_bdat(s, op->n, op->last, f);
	case OP_BURL:
		return transfer_burl(s, p, op->len, op->last, f);
	case OP_OCTETS:
		break;
	}
	return transfer_octets(s, p, op->len, f);
}

/* ---- the second try */

/* The new connection may be to a server that has other ideas of what it offers. */
static int check_op(const struct smtp *s, const struct op *op, struct fault *f)
{
	bool whole = op->kind == OP_BURL && op->last && s->t.chunk_left == 0;

	if (op->kind == OP_BURL && !s->caps.burl)
		return fault_set(f, FAULT_TEMP, "the server does not offer BURL any more");
	if (op->kind != OP_OCTETS && !s->caps.chunking && !whole)
		return fault_set(f, FAULT_TEMP, "the server does not offer CHUNKING any more");
	return 0;
}

static int replay(struct smtp *s, const struct log *l, struct fault *f)
{
	int result = envelope_open(s, s->t.e, f);

	for (size_t i = 0; i < l->nops && result == 0; i++) {
		const struct op *op = &l->ops[i];
		const char *p = op->len > 0 ? l->octets.data + op->at : NULL;

		result = check_op(s, op, f);
		if (result == 0)
			result = early_perform(s, op, p, f);
	}
	return result;
}

/* What turned out to be too much for this server. A flight that failed because the capabilities have changed says nothing of that: the
 * next one will rest on the new ones. */
static void learn(struct smtp *s, bool after_ehlo)
{
	if (after_ehlo) {
		s->learned.ehlo_alone = true;
		s->learned.ehlo_takes_flight = false;
	} else {
		s->learned.auth_swallows = true;
		s->learned.auth_takes_flight = false;
	}
}

/* The message may be there already, or what went wrong is not the flight's fault. */
static bool must_not(const struct smtp *s)
{
	return !s->retry || s->timid || s->t.final_yes || (s->t.complete && !s->t.refused);
}

int early_again(struct smtp *s, struct fault *f)
{
	bool after_ehlo = s->fast && !s->authenticated;
	bool stale = s->stale;
	struct smtp_envelope *e = s->t.e;
	struct log log = s->log;
	int result;

	if (must_not(s))
		return -1;
	/* Out of the session's sight, or its first reply would forget it. */
	s->log = (struct log){0};
	buf_init(&s->log.octets, LOG_MAX);
	pipe_drop(s);
	s->t = (struct transaction){.e = e};
	s->timid = true;
	s->early = s->retry = s->probing = false;
	result = session_start(s, f);
	if (result == 0 && !stale)
		learn(s, after_ehlo);
	if (result == 0 && s->t.e)
		result = replay(s, &log, f);
	buf_free(&log.octets);
	return result;
}
