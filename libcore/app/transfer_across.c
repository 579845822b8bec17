/* transfer_across: from one store to another, by way of a temporary file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/flags.h"
#include "app/transfer_impl.h"
#include "msg/assembly.h"

enum {
	PARCELS_MAX = 32,                 /* messages that go in one flight */
	PARCELS_OCTETS = 8 * 1024 * 1024, /* of those together, unless it is one alone */
	FLAGS_TEXT_MAX = 65536,
	DATE_MAX = 64,
};

/* A message in the temporary file. */
struct parcel {
	uint32_t uid;
	off_t at;
	uint64_t size;
	char *flags; /* owned; blanks between */
	char date[DATE_MAX];
	bool waits; /* its APPEND has no answer yet */
};

/* What is asked before: which are there, and how large. By UID. */
struct candidate {
	uint32_t uid;
	uint64_t size;
};

struct crossing {
	struct transit *s;
	struct imap_line *to;
	int fd;
	off_t end;   /* of what has been written */
	off_t begin; /* of the message that is coming */
	bool whole;  /* it has come */
	struct candidate *candidate;
	size_t n;
	struct parcel parcel[PARCELS_MAX];
	size_t nparcel;
	struct fault stop; /* why no more can go; cls FAULT_NONE: it can */
};

/* ---- what there is */

static int send_sizes(struct crossing *x, struct fault *f)
{
	struct transit *s = x->s;

	flight_init(&s->flight, s->line->imap);
	for (size_t k = 0; k < s->npiece; k++) {
		struct imap_cmd c;

		imap_cmd_init(&c, s->line->imap, "UID FETCH");
		imap_uids(&c, &s->piece[k].uids);
		imap_list(&c);
		imap_atom(&c, "UID");
		imap_atom(&c, "RFC822.SIZE");
		imap_list_end(&c);
		if (flight_send(&s->flight, &c, (int)k, f) == -1)
			return -1;
	}
	return 0;
}

static int take_size(struct crossing *x, const struct event *ev, struct fault *f)
{
	struct transit *s = x->s;
	const unsigned both = FETCH_UID | FETCH_SIZE;

	if (ev->kind != EV_FETCH || (ev->fetch.has & both) != both || x->n == URLS_WINDOW ||
	    !set_has(&s->batch->uids, ev->fetch.uid) || set_has(&s->source.there, ev->fetch.uid))
		return 0;
	if (set_add(&s->source.there, ev->fetch.uid, ev->fetch.uid) == -1)
		return fault_set(f, FAULT_TEMP, "out of memory");
	x->candidate[x->n++] = (struct candidate){.uid = ev->fetch.uid, .size = ev->fetch.size};
	return 0;
}

static int by_uid(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static void note_unanswered(struct crossing *x, const struct fault *lost)
{
	struct transit *s = x->s;

	x->stop = *lost;
	for (size_t i = 0; i < s->flight.n; i++)
		if (!s->flight.cmd[i].done)
			s->piece[s->flight.cmd[i].kind].why = *lost;
}

static int ask_sizes(struct crossing *x, struct fault *f)
{
	struct transit *s = x->s;
	struct flight_cmd *done;
	struct event ev;
	struct fault lost;
	int r;

	if (send_sizes(x, f) == -1)
		return -1;
	while ((r = flight_next(&s->flight, &ev, &done, &lost)) == 1) {
		if (take_size(x, &ev, f) == -1)
			return -1;
		if (done != NULL)
			s->piece[done->kind].why = done->why;
	}
	if (r == -1)
		note_unanswered(x, &lost);
	if (x->n > 0)
		qsort(x->candidate, x->n, sizeof(x->candidate[0]), by_uid);
	return 0;
}

/* ---- FETCH */

static int write_all(int fd, off_t at, const char *p, size_t n, struct fault *f)
{
	while (n > 0) {
		ssize_t w = pwrite(fd, p, n, at);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return fault_errno(f, FAULT_IO, "temporary file");
		p += w;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

/* What is about this session only, or cannot be sent, stays behind. */
static void put_flags(struct buf *out, const struct node *flags)
{
	for (const struct node *n = flags != NULL ? flags->child : NULL; n != NULL; n = n->next) {
		if (strcasecmp(n->s, "\\Recent") == 0 || !flags_is_flag(n->s))
			continue;
		if (out->len > 0)
			buf_putc(out, ' ');
		buf_puts(out, n->s);
	}
}

/* The message whose octets came before. */
static int take_parcel(struct crossing *x, const struct fetch_event *e, struct fault *f)
{
	struct parcel *p = &x->parcel[x->nparcel];
	struct buf flags;

	if ((e->has & FETCH_UID) == 0 || !x->whole || x->nparcel == PARCELS_MAX ||
	    !set_has(&x->s->source.there, e->uid))
		return 0;
	buf_init(&flags, FLAGS_TEXT_MAX);
	put_flags(&flags, e->flags);
	*p = (struct parcel){.uid = e->uid, .at = x->begin, .size = (uint64_t)(x->end - x->begin)};
	if (e->internaldate != NULL && strlen(e->internaldate) < sizeof(p->date))
		snprintf(p->date, sizeof(p->date), "%s", e->internaldate);
	p->flags = buf_failed(&flags) ? NULL : strdup(buf_str(&flags));
	buf_free(&flags);
	if (p->flags == NULL)
		return fault_set(f, FAULT_TEMP, "no room for the flags of a message");
	x->nparcel++;
	x->whole = false;
	return 0;
}

static int take_octets(struct crossing *x, const struct event *ev, struct fault *f)
{
	switch (ev->kind) {
	case EV_SECTION:
		x->begin = x->end;
		x->whole =
		    !ev->section.nil && ev->section.section[0] == '\0' && !ev->section.has_origin;
		return 0;
	case EV_SECTION_DATA:
		if (write_all(x->fd, x->end, ev->data, ev->len, f) == -1)
			return -1;
		x->end += (off_t)ev->len;
		return 0;
	case EV_FETCH:
		return take_parcel(x, &ev->fetch, f);
	default:
		return 0;
	}
}

static int send_fetch(struct crossing *x, const struct set *uids, uint32_t *tag, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, x->s->line->imap, "UID FETCH");
	imap_uids(&c, uids);
	imap_list(&c);
	imap_atom(&c, "UID");
	imap_atom(&c, "FLAGS");
	imap_atom(&c, "INTERNALDATE");
	imap_section(&c, "BODY.PEEK", "", 0, 0);
	imap_list_end(&c);
	*tag = imap_send(x->s->line->imap, &c, f);
	return *tag == 0 ? -1 : 0;
}

static int fail_those_without_parcel(
    struct crossing *x, const struct set *uids, const struct fault *why, struct fault *f)
{
	for (size_t i = 0; i < uids->n; i++)
		for (uint32_t uid = uids->r[i].lo; uid <= uids->r[i].hi; uid++) {
			size_t k = 0;

			while (k < x->nparcel && x->parcel[k].uid != uid)
				k++;
			if (k == x->nparcel && transit_fail(x->s, uid, why, f) == -1)
				return -1;
		}
	return 0;
}

static int fetch(struct crossing *x, const struct set *uids, struct fault *f)
{
	struct imap *imap = x->s->line->imap;
	struct fault why;
	struct event ev;
	uint32_t tag;
	int r;

	x->end = 0;
	x->whole = false;
	if (ftruncate(x->fd, 0) == -1)
		return fault_errno(f, FAULT_IO, "temporary file");
	if (send_fetch(x, uids, &tag, f) == -1)
		return -1;
	while ((r = imap_until(imap, tag, &ev, &why)) == 1)
		if (take_octets(x, &ev, f) == -1)
			return -1;
	if (r == 0)
		fault_set(&why, FAULT_DATA, "the server does not give its octets");
	else if (!imap_alive(imap))
		x->stop = why;
	return fail_those_without_parcel(x, uids, &why, f);
}

/* ---- APPEND */

static void put_flag_list(struct imap_cmd *c, const char *flags)
{
	char *copy = strdup(flags), *save = NULL;

	imap_list(c);
	for (char *p = copy != NULL ? strtok_r(copy, " ", &save) : NULL; p != NULL;
	     p = strtok_r(NULL, " ", &save))
		imap_flag(c, p);
	imap_list_end(c);
	free(copy);
}

static int send_append(struct crossing *x, size_t k, struct fault *f)
{
	const struct parcel *p = &x->parcel[k];
	struct imap_cmd c;

	imap_cmd_init(&c, x->to->imap, "APPEND");
	imap_mailbox(&c, x->s->t->target.mailbox);
	put_flag_list(&c, p->flags);
	if (p->date[0] != '\0')
		imap_date_time(&c, p->date);
	imap_literal_fd(&c, x->fd, p->at, p->size, false);
	return flight_send(&x->s->flight, &c, (int)k, f);
}

static int note_appended(
    struct crossing *x, const struct parcel *p, const struct event *ev, struct fault *f)
{
	char uid[16];

	if (set_add(&x->s->copied, p->uid, p->uid) == -1)
		return fault_set(f, FAULT_TEMP, "out of memory");
	if (ev->code != CODE_APPENDUID || ev->uids_to == NULL)
		return 0;
	snprintf(uid, sizeof(uid), "%u", p->uid);
	return transit_pair(x->s, ev->uidvalidity, uid, ev->uids_to, f);
}

static int take_append(struct crossing *x, const struct event *ev, const struct flight_cmd *done,
    bool *refused, struct fault *f)
{
	struct parcel *p;

	if (done == NULL)
		return 0;
	p = &x->parcel[done->kind];
	p->waits = false;
	if (done->why.cls == FAULT_NONE)
		return note_appended(x, p, ev, f);
	*refused = true;
	return transit_fail(x->s, p->uid, &done->why, f);
}

static int fail_waiting(struct crossing *x, const struct fault *why, struct fault *f)
{
	for (size_t k = 0; k < x->nparcel; k++)
		if (x->parcel[k].waits && transit_fail(x->s, x->parcel[k].uid, why, f) == -1)
			return -1;
	return 0;
}

/* All that wait, in one flight. 1: some wait still, and may go again, 0: none does, -1. */
static int append(struct crossing *x, struct fault *f)
{
	struct flight *fl = &x->s->flight;
	struct flight_cmd *done;
	struct event ev;
	struct fault lost;
	bool refused = false;
	int r;

	flight_init(fl, x->to->imap);
	for (size_t k = 0; k < x->nparcel; k++)
		if (x->parcel[k].waits && send_append(x, k, f) == -1)
			return -1;
	while ((r = flight_next(fl, &ev, &done, &lost)) == 1)
		if (take_append(x, &ev, done, &refused, f) == -1)
			return -1;
	/* A literal that is refused while it is on its way ends the connection (see the session): what was to follow it has not gone out. */
	if (r == 0 || refused)
		return r != 0;
	x->stop = lost;
	fault_while(&lost, "may or may not be copied to %s, too", x->s->t->target.mailbox);
	return fail_waiting(x, &lost, f);
}

static int deliver(struct crossing *x, struct fault *f)
{
	struct fault why;
	int r = 1;

	for (size_t k = 0; k < x->nparcel; k++)
		x->parcel[k].waits = true;
	while (r == 1) {
		x->to = lines_get(x->s->t->lines, x->s->t->account, true, &why);
		if (x->to == NULL) {
			x->stop = why;
			return fail_waiting(x, &why, f);
		}
		r = append(x, f);
	}
	return r;
}

/* ---- all of it */

static void drop_parcels(struct crossing *x)
{
	for (size_t k = 0; k < x->nparcel; k++)
		free(x->parcel[k].flags);
	x->nparcel = 0;
}

/* The next few that are not too much together. */
static int next_few(const struct crossing *x, size_t *at, struct set *uids, struct fault *f)
{
	uint64_t octets = 0;

	set_free(uids);
	for (size_t n = 0; *at < x->n && n < PARCELS_MAX; n++, ++*at) {
		const struct candidate *c = &x->candidate[*at];

		octets += c->size;
		if (n > 0 && octets > PARCELS_OCTETS)
			break;
		if (set_add(uids, c->uid, c->uid) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
	}
	return 0;
}

static int carry(struct crossing *x, struct fault *f)
{
	struct set uids;
	size_t at = 0;
	int r = 0;

	set_init(&uids, PARCELS_MAX);
	while (r == 0 && at < x->n && x->stop.cls == FAULT_NONE) {
		r = next_few(x, &at, &uids, f);
		if (r == 0)
			r = fetch(x, &uids, f);
		if (r == 0 && x->nparcel > 0)
			r = deliver(x, f);
		drop_parcels(x);
	}
	for (; r == 0 && at < x->n; at++)
		r = transit_fail(x->s, x->candidate[at].uid, &x->stop, f);
	set_free(&uids);
	return r;
}

static int fail_all(struct transit *s, const struct fault *why, struct fault *f)
{
	const struct set *uids = &s->batch->uids;

	for (size_t i = 0; i < uids->n; i++)
		for (uint32_t uid = uids->r[i].lo; uid <= uids->r[i].hi; uid++)
			if (transit_fail(s, uid, why, f) == -1)
				return -1;
	return 0;
}

static int cross(struct crossing *x, struct fault *f)
{
	struct transit *s = x->s;

	x->candidate = calloc(URLS_WINDOW, sizeof(x->candidate[0]));
	x->fd = assembly_spool(f);
	if (x->candidate == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	if (x->fd == -1 || ask_sizes(x, f) == -1 || carry(x, f) == -1)
		return -1;
	return s->t->copy ? 0 : transit_remove_originals(s, f);
}

/* Before the first octets go up: whether there is a mailbox for them, and where there is none, perhaps made. */
static int prepare_target(const struct transit *s, struct imap_line *to, struct fault *why)
{
	struct transfer *t = s->t;

	if (t->created || transfer_status(to, t->target.mailbox, NULL, why) == 0)
		return 0;
	if (!imap_alive(to->imap))
		return -1;
	if (t->create)
		return transit_create(s, to, why);
	transit_explain_missing(s, why);
	return -1;
}

int transit_across(struct transit *s, struct fault *f)
{
	struct crossing *x = calloc(1, sizeof(*x));
	struct fault why;
	int r;

	if (x == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	x->s = s;
	x->fd = -1;
	x->to = lines_get(s->t->lines, s->t->account, true, &why);
	if (x->to == NULL || prepare_target(s, x->to, &why) == -1)
		r = fail_all(s, &why, f);
	else
		r = cross(x, f);
	drop_parcels(x);
	if (x->fd != -1)
		close(x->fd);
	free(x->candidate);
	free(x);
	return r;
}
