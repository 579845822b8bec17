/* watch_event: what is told, and what becomes of it where there is no room. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/watch_impl.h"
#include "base/clock.h"
#include "msg/word.h"

enum { FLAGS_MAX = 16384, HEADER_MAX = 4096 };

/* The URL of the account, a mailbox, or a message. */
static void put_url(struct buf *out, const struct site *s, const struct box *b, uint32_t uid)
{
	union {
		const char *in;
		char *out;
	} name = {.in = b != NULL ? b->name : NULL};
	struct url u = s->base;

	u.mailbox = name.out; /* url_build() changes nothing */
	u.uidvalidity = b != NULL ? b->uidvalidity : 0;
	u.uid = uid;
	url_build(out, &u);
}

/* The reader, or the command, is behind: gives it some time, but not again and again. */
static void wait_for_room(struct watch *w)
{
	int64_t end = clock_awake() + PATIENCE;
	struct fault ignored;

	w->out.stuck = true; /* until something moves */
	while (w->out.stuck && !w->out.closed && clock_awake() < end && w->host.signal == 0) {
		struct pollfd p[2] = {
		    watch_out_poll(&w->out), {.fd = w->host.signals, .events = POLLIN}};

		poll(p, 2, 1000);
		w->news |= host_news(&w->host);
		host_alive(&w->host);
		if (watch_out_push(&w->out, &ignored) == -1)
			return;
	}
	if (w->out.stuck)
		tool_note(w->tool, "a reader who does not read: what it misses becomes a resync");
}

static bool tell(struct watch *w, const char *const *field, size_t n, bool wait)
{
	struct fault ignored;

	if (!watch_queue_is_low(&w->out.queue))
		watch_out_push(&w->out, &ignored); /* a fault comes again */
	if (watch_out_add(&w->out, field, n) == 0)
		return true;
	if (!wait || w->out.stuck)
		return false;
	wait_for_room(w);
	return watch_out_add(&w->out, field, n) == 0;
}

static void note_event(struct watch *w)
{
	w->events++;
	w->event_at = clock_awake();
}

static void lose(struct site *s, struct box *b)
{
	b->lost = true;
	s->any_lost = true;
}

/* With -d: only that something came. */
static void gather(struct site *s, struct box *b)
{
	b->burst = true;
	if (s->burst_at == 0)
		s->burst_at = clock_awake() + s->watch->o.delay;
}

void event_flags(struct buf *out, const struct node *list)
{
	for (const struct node *n = list != NULL ? list->child : NULL; n != NULL; n = n->next) {
		if (n->kind != NODE_ATOM || node_is(n, "\\Recent"))
			continue;
		if (out->len > 0)
			buf_putc(out, ' ');
		buf_put(out, n->s, n->len);
	}
}

/* ---- the envelope (RFC 9051 section 7.5.2) */

static const struct node *child(const struct node *list, size_t k)
{
	const struct node *n = list != NULL ? list->child : NULL;

	while (n != NULL && k-- > 0)
		n = n->next;
	return n;
}

static void put_words(struct buf *out, const struct node *n)
{
	if (n != NULL && n->kind == NODE_STRING)
		word_decode(out, n->s, n->len);
}

/* The first sender: name <mailbox@host>. */
static void put_sender(struct buf *out, const struct node *addresses)
{
	const struct node *a = child(addresses, 0), *mailbox = child(a, 2), *host = child(a, 3);

	put_words(out, child(a, 0));
	if (mailbox == NULL || mailbox->kind == NODE_NIL || host == NULL || host->kind == NODE_NIL)
		return;
	buf_puts(out, out->len > 0 ? " <" : "<");
	put_words(out, mailbox);
	buf_putc(out, '@');
	put_words(out, host);
	buf_putc(out, '>');
}

static void put_headers(struct buf out[static 3], const struct node *envelope)
{
	for (size_t i = 0; i < 3; i++)
		buf_init(&out[i], HEADER_MAX);
	put_sender(&out[0], child(envelope, 2));
	put_words(&out[1], child(envelope, 1));
	put_words(&out[2], child(envelope, 0));
}

/* ---- messages */

void event_message(struct site *s, struct box *b, unsigned kind, uint32_t uid, const char *flags,
    const struct fetch_event *fetch)
{
	static const char *const verb[] = {
	    [WANT_NEW] = "new", [WANT_FLAGS] = "flags", [WANT_GONE] = "gone"};
	const char *field[WATCH_FIELDS] = {verb[kind], s->account.name};
	struct buf url, header[3] = {{0}};
	size_t n = 3;

	s->changed = true;
	if ((s->watch->o.want & kind) == 0 || b->lost)
		return;
	if (s->watch->o.delay > 0) {
		gather(s, b);
		return;
	}
	buf_init(&url, URL_MAX);
	put_url(&url, s, b, uid);
	field[2] = buf_str(&url);
	if (kind == WANT_FLAGS)
		field[n++] = flags;
	if (kind == WANT_NEW && fetch != NULL && s->watch->o.headers) {
		put_headers(header, fetch->envelope);
		for (size_t i = 0; i < 3; i++)
			field[n++] = buf_str(&header[i]);
	}
	if (tell(s->watch, field, n, true))
		note_event(s->watch);
	else
		lose(s, b);
	buf_free(&url);
	for (size_t i = 0; i < 3; i++)
		buf_free(&header[i]);
}

void event_mailbox(
    struct site *s, const struct box *b, unsigned kind, const char *verb, const char *other)
{
	const char *field[WATCH_FIELDS] = {verb, s->account.name};
	struct buf url, to;
	struct box renamed;
	size_t n = 3;

	s->changed = true;
	if ((s->watch->o.want & kind) == 0)
		return;
	buf_init(&url, URL_MAX);
	buf_init(&to, URL_MAX);
	put_url(&url, s, b, 0);
	field[2] = buf_str(&url);
	if (strcmp(verb, "mailbox-renamed") == 0) {
		union {
			const char *in;
			char *out;
		} name = {.in = other};

		renamed = *b;
		renamed.name = name.out;
		put_url(&to, s, &renamed, 0);
		field[n++] = buf_str(&to);
	} else if (other != NULL) {
		field[n++] = other;
	}
	if (tell(s->watch, field, n, true))
		note_event(s->watch);
	else
		s->lost = true;
	buf_free(&url);
	buf_free(&to);
}

static bool tell_status(struct site *s, const struct box *b)
{
	char messages[16], unseen[16] = "", uidnext[16];
	struct buf url;
	bool told;

	buf_init(&url, URL_MAX);
	put_url(&url, s, b, 0);
	snprintf(messages, sizeof(messages), "%u", b->messages);
	snprintf(uidnext, sizeof(uidnext), "%u", b->uidnext);
	if (b->unseen_known)
		snprintf(unseen, sizeof(unseen), "%u", b->unseen);

	const char *field[] = {"status", s->account.name, buf_str(&url), messages, unseen, uidnext};
	told = tell(s->watch, field, sizeof(field) / sizeof(field[0]), true);
	buf_free(&url);
	return told;
}

void event_status(struct site *s, const struct box *b)
{
	if (!tell_status(s, b))
		s->lost = true;
}

/* "resync" for the mailbox, or the account. */
static bool tell_resync(struct site *s, const struct box *b)
{
	struct buf url;
	bool told;

	buf_init(&url, URL_MAX);
	put_url(&url, s, b, 0);

	const char *field[] = {"resync", s->account.name, buf_str(&url)};
	told = tell(s->watch, field, sizeof(field) / sizeof(field[0]), false);
	buf_free(&url);
	if (told)
		note_event(s->watch);
	return told;
}

void event_resync(struct site *s, struct box *b)
{
	s->changed = true;
	if ((s->watch->o.want & WANT_MESSAGES) == 0)
		return;
	lose(s, b);
	if (s->watch->o.delay > 0)
		gather(s, b);
	else
		event_flush(s->watch);
}

static void flush_site(struct site *s)
{
	bool left = false;

	if (s->lost && tell_resync(s, NULL))
		s->lost = false;
	if (!s->any_lost)
		return;
	for (size_t i = 0; i < s->boxes.n; i++) {
		struct box *b = s->boxes.box[i];

		if (b->lost && !b->burst && tell_resync(s, b))
			b->lost = false;
		left = left || b->lost;
	}
	s->any_lost = left;
}

void event_flush(struct watch *w)
{
	if (!watch_queue_is_low(&w->out.queue))
		return;
	for (size_t i = 0; i < w->nsites; i++)
		flush_site(w->site[i]);
}

void event_burst(struct site *s)
{
	s->burst_at = 0;
	for (size_t i = 0; i < s->boxes.n; i++) {
		struct box *b = s->boxes.box[i];

		if (!b->burst)
			continue;
		b->burst = false;
		if (b->lost)
			continue;
		if (tell_status(s, b))
			note_event(s->watch);
		else
			lose(s, b);
	}
	event_flush(s->watch);
}
