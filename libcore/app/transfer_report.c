/* transfer_report: what has become of each message. */
#include "app/transfer_impl.h"

int transit_fail(struct transit *s, uint32_t uid, const struct fault *why, struct fault *f)
{
	if (set_has(&s->told, uid))
		return 0;
	urls_failed_uid(s->t->urls, s->batch, uid, why);
	return set_add(&s->told, uid, uid) == -1 ? fault_set(f, FAULT_TEMP, "out of memory") : 0;
}

static void new_url(const struct transit *s, uint32_t uid, struct buf *out)
{
	const struct url *to = &s->t->target;
	struct url u = {.user = to->user,
	    .auth = to->auth,
	    .host = to->host,
	    .port = to->port,
	    .tls = to->tls,
	    .absolute_path = true,
	    .mailbox = to->mailbox,
	    .uidvalidity = s->pairs.uidvalidity,
	    .uid = uid};

	url_build(out, &u);
}

static int print_new(struct transit *s, uint32_t uid, struct fault *f)
{
	uint32_t to = copyuid_find(&s->pairs, uid);
	struct buf url, old;
	int r;

	buf_init(&url, URL_MAX);
	buf_init(&old, URL_MAX);
	if (to != 0)
		new_url(s, to, &url);
	batch_url(s->batch, uid, &old);

	struct record_field fields[] = {{"event", "new", false},
	    {"url", to != 0 ? buf_str(&url) : NULL, false}, {"old", buf_str(&old), false}};
	r = tool_record(s->t->tool, s->t->out, fields, 3, f);
	buf_free(&url);
	buf_free(&old);
	return r;
}

static int print_gone(const struct transit *s, uint32_t uid, struct fault *f)
{
	struct buf url;
	int r;

	buf_init(&url, URL_MAX);
	batch_url(s->batch, uid, &url);

	struct record_field fields[] = {{"event", "gone", false}, {"url", buf_str(&url), false}};
	r = tool_record(s->t->tool, s->t->out, fields, 2, f);
	buf_free(&url);
	return r;
}

/* A message that has not reached the target. */
static int report_missing(
    struct transit *s, const struct transit_piece *p, uint32_t uid, struct fault *f)
{
	struct fault why = p->why;

	if (why.cls == FAULT_NONE && p->blind)
		fault_set(&why, FAULT_TEMP, "the server does not say whether it was there");
	else if (why.cls == FAULT_NONE && set_has(&s->source.there, uid))
		fault_set(&why, FAULT_PROTOCOL, "the server said OK, but not that it did this one");
	else if (why.cls == FAULT_NONE)
		fault_set(&why, FAULT_DATA, "no such message");
	return transit_fail(s, uid, &why, f);
}

static int report_copied(struct transit *s, uint32_t uid, struct fault *f)
{
	bool gone = set_has(&s->source.gone, uid);

	if (print_new(s, uid, f) == -1 || (gone && print_gone(s, uid, f) == -1))
		return -1;
	if (s->lie.cls != FAULT_NONE && copyuid_find(&s->pairs, uid) == 0)
		return transit_fail(s, uid, &s->lie, f);
	if (!gone && !s->t->copy)
		return transit_fail(s, uid, &s->source.left, f);
	return 0;
}

static int report_piece(struct transit *s, const struct transit_piece *p, struct fault *f)
{
	for (size_t i = 0; i < p->uids.n; i++)
		for (uint32_t uid = p->uids.r[i].lo; uid <= p->uids.r[i].hi; uid++) {
			int r = set_has(&s->copied, uid) ? report_copied(s, uid, f)
							 : report_missing(s, p, uid, f);

			if (r == -1)
				return -1;
		}
	return 0;
}

int transit_report(struct transit *s, struct fault *f)
{
	for (size_t k = 0; k < s->npiece; k++)
		if (report_piece(s, &s->piece[k], f) == -1)
			return -1;
	return 0;
}

/* ---- for good */

static int report_removed(struct transit *s, uint32_t uid, struct fault *f)
{
	struct fault why = s->source.left;
	bool there = set_has(&s->source.there, uid);

	if (there && set_has(&s->source.gone, uid))
		return print_gone(s, uid, f);
	if (!there && !s->source.blind)
		fault_set(&why, FAULT_DATA, "no such message");
	return transit_fail(s, uid, &why, f);
}

int transit_report_removed(struct transit *s, struct fault *f)
{
	for (size_t k = 0; k < s->npiece; k++) {
		const struct transit_piece *p = &s->piece[k];

		for (size_t i = 0; i < p->uids.n; i++)
			for (uint32_t uid = p->uids.r[i].lo; uid <= p->uids.r[i].hi; uid++)
				if (report_removed(s, uid, f) == -1)
					return -1;
	}
	return 0;
}
