/* session: the loop that moves octets and hands out events. */
#include "imap/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "imap/session_impl.h"
#include "wire/net.h"

enum {
	LOGOUT_WAIT = 500, /* ms: politeness has a limit */
	BYE_WAIT = 1000,   /* ms: for what comes behind an untagged BYE */
};

bool imap_has(const struct imap *s, const char *capability)
{
	size_t n = strlen(capability);
	const char *p = s->caps;

	while (p != NULL && *p != '\0') {
		size_t len = strcspn(p, " ");

		if (len == n && strncasecmp(p, capability, n) == 0)
			return true;
		p += len + (p[len] == ' ');
	}
	return false;
}

const char *imap_caps(const struct imap *s)
{
	return s->caps == NULL ? "" : s->caps;
}

const char *imap_caps_before(const struct imap *s)
{
	return s->caps_before == NULL ? "" : s->caps_before;
}

bool imap_alive(const struct imap *s)
{
	return s->alive;
}

bool imap_is_compressed(const struct imap *s)
{
	return chan_is_deflated(s->chan);
}

bool imap_is_tls(const struct imap *s)
{
	return chan_is_tls(s->chan);
}

bool imap_is_safe(const struct imap *s)
{
	return s->safe || chan_is_safe(s->chan);
}

struct chan_stats imap_stats(const struct imap *s)
{
	return chan_stats(s->chan);
}

const char *imap_describe(const struct imap *s)
{
	return chan_describe(s->chan);
}

/* The first word or two of a command's text, for messages. Our own constants, so it may be cut at the first argument. */
static const char *command_name(const struct imap_cmd *c)
{
	static const char *const names[] = {"APPEND", "AUTHENTICATE", "CANCELUPDATE", "CAPABILITY",
	    "CHECK", "CLOSE", "COMPRESS", "CONVERSIONS", "COPY", "CREATE", "DELETE", "ENABLE",
	    "ESEARCH", "EXAMINE", "EXPUNGE", "FETCH", "GENURLAUTH", "GETMETADATA", "GETQUOTAROOT",
	    "ID", "IDLE", "LIST", "LOGIN", "LOGOUT", "LSUB", "MOVE", "NAMESPACE", "NOOP", "NOTIFY",
	    "RENAME", "RESETKEY", "SEARCH", "SELECT", "SETMETADATA", "SORT", "STARTTLS", "STATUS",
	    "STORE", "SUBSCRIBE", "UID CONVERT", "UID COPY", "UID EXPUNGE", "UID FETCH", "UID MOVE",
	    "UID REPLACE", "UID SEARCH", "UID SORT", "UID STORE", "UID THREAD", "UNSELECT",
	    "UNSUBSCRIBE", "URLFETCH", NULL};

	for (size_t i = 0; names[i] != NULL; i++) {
		size_t n = strlen(names[i]);

		if (c->text.len >= n && strncmp(c->text.data, names[i], n) == 0 &&
		    (c->text.len == n || c->text.data[n] == ' '))
			return names[i];
	}
	return "command";
}

/* Why the command cannot go; nothing when it can. */
static void check_command(const struct imap *s, struct imap_cmd *c)
{
	if (c->fault.cls != FAULT_NONE)
		return;
	if (buf_failed(&c->text))
		fault_set(&c->fault, FAULT_DATA, "the command is too long");
	else if (s->ninflight == IMAP_INFLIGHT_MAX)
		fault_set(&c->fault, FAULT_BUG, "too many commands in flight");
}

uint32_t imap_send(struct imap *s, struct imap_cmd *c, struct fault *f)
{
	struct queued *q;

	check_command(s, c);
	if (c->fault.cls != FAULT_NONE) {
		fault_set(f, c->fault.cls, "%s: %s", command_name(c), c->fault.msg);
		imap_cmd_free(c);
		return 0;
	}
	q = calloc(1, sizeof(*q));
	if (q == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		imap_cmd_free(c);
		return 0;
	}
	q->cmd = *c;
	q->tag = ++s->next_tag;
	s->inflight[s->ninflight] = q->tag;
	s->inflight_name[s->ninflight++] = command_name(c);
	memset(c, 0, sizeof(*c));
	*s->tail = q;
	s->tail = &q->next;
	return q->tag;
}

/* Finds the command that a tag names and takes it out of the table; its name, or NULL when there is none such. */
static const char *complete(struct imap *s, const char *tag, uint32_t *number)
{
	if (tag[0] != 'a' || num_nz32(tag + 1, strlen(tag + 1), number) == -1)
		return NULL;
	for (size_t i = 0; i < s->ninflight; i++) {
		if (s->inflight[i] != *number)
			continue;

		const char *name = s->inflight_name[i];
		s->ninflight--;
		memmove(&s->inflight[i], &s->inflight[i + 1],
		    (s->ninflight - i) * sizeof(s->inflight[0]));
		memmove(&s->inflight_name[i], &s->inflight_name[i + 1],
		    (s->ninflight - i) * sizeof(s->inflight_name[0]));
		return name;
	}
	return NULL;
}

static int broken(struct imap *s, struct fault *f)
{
	s->alive = false;
	imap_early_lost(s);
	if (s->bye.cls != FAULT_NONE)
		*f = s->bye;
	return -1;
}

/* For good only where the code says so: most goodbyes are about the moment. */
static void note_bye(struct imap *s, const struct event *ev)
{
	if (ev->cond != COND_BYE || s->closing || s->bye.cls != FAULT_NONE)
		return;
	imap_refusal(ev, "the server says goodbye", &s->bye);
	if (s->bye.cls != FAULT_AUTH && ev->code != CODE_TOOBIG)
		s->bye.cls = FAULT_TEMP;
	s->bye_end = net_now() + BYE_WAIT;
}

static void note_compress(struct imap *s, const struct event *ev)
{
	if (ev->num != s->compress_tag)
		return;
	s->compress_tag = 0;
	s->deflate_due = ev->cond == COND_OK;
}

/* What the session itself makes of an event before the caller sees it. 1: hand it out, 0: it was for us, -1: fault. */
static int digest(struct imap *s, struct event *ev, struct fault *f)
{
	if (s->early.phase == EARLY_GREETING)
		return imap_early_event(s, ev, f);
	switch (ev->kind) {
	case EV_CONTINUE:
		return imap_flow_grant(s) ? 0 : imap_early_event(s, ev, f);
	case EV_CAPABILITY:
		return imap_set_caps(s, ev->args, f) == -1 ? -1 : 1;
	case EV_TAGGED:
		ev->name = complete(s, ev->tag, &ev->num);
		if (ev->name == NULL)
			return fault_set(f, FAULT_PROTOCOL,
			    "a reply to a command that was not sent: %s", ev->tag);
		if (imap_flow_refused(s, ev->num, f) == -1)
			return -1;
		note_compress(s, ev);
		break;
	case EV_STATUS:
		note_bye(s, ev);
		break;
	default:
		return 1;
	}
	if (ev->code == CODE_CAPABILITY && imap_set_caps(s, ev->args, f) == -1)
		return -1;
	return imap_early_event(s, ev, f);
}

/* What is left of the last event goes, and with it perhaps the end of what comes uncompressed. */
int imap_take(struct imap *s, struct fault *f)
{
	chan_take(s->chan, s->taken);
	s->taken = 0;
	if (!s->deflate_due)
		return 0;
	s->deflate_due = false;
	return chan_deflate(s->chan, f) == -1 ? broken(s, f) : 0;
}

/* Looks for an event in what has come in. 1 found, 0 none yet, -1 fault. */
static int parse(struct imap *s, struct event *ev, struct fault *f)
{
	for (;;) {
		size_t n, used;

		if (imap_take(s, f) == -1)
			return -1;

		const char *p = chan_peek(s->chan, &n);
		if (response_feed(s->parser, p, n, &used, ev, f) == -1)
			return broken(s, f);
		s->taken = used;
		if (ev->kind == EV_NONE)
			return 0;

		int r = digest(s, ev, f);
		if (r == -1)
			s->alive = false;
		if (r != 0)
			return r;
	}
}

/* Waits until octets have moved. 1 go on, 0 the time is over, -1 fault. */
static int wait_for_octets(struct imap *s, int64_t deadline, struct fault *f)
{
	int want = CHAN_IN;

	if (chan_eof(s->chan)) {
		fault_set(f, FAULT_TEMP, "the server closed the connection");
		return broken(s, f);
	}
	if (imap_flow_ready(s))
		want |= CHAN_OUT;

	int r = chan_pump(s->chan, want, deadline, f);
	return r == -1 ? broken(s, f) : r > 0;
}

static int too_late(struct imap *s, int limit, struct fault *f)
{
	s->alive = false;
	return fault_set(f, FAULT_TEMP, "no answer from the server for %d s", (limit + 999) / 1000);
}

/* The deadline, or the end of what a BYE leaves us. */
static int64_t until(const struct imap *s, int64_t deadline)
{
	return s->bye.cls != FAULT_NONE && s->bye_end < deadline ? s->bye_end : deadline;
}

int imap_next(struct imap *s, int timeout, struct event *ev, struct fault *f)
{
	int limit = timeout == -1 ? s->timeout : timeout;
	int64_t deadline = net_now() + limit;

	ev->kind = EV_NONE;
	if (!s->alive)
		return fault_set(f, FAULT_TEMP, "the connection is gone");
	for (;;) {
		int r = parse(s, ev, f);

		if (r != 0)
			return r;
		if (imap_take(s, f) == -1 || imap_early_silence(s, f) == -1 ||
		    imap_flow(s, f) == -1)
			return -1;

		struct chan_stats before = chan_stats(s->chan);
		int64_t wake = imap_early_until(s, until(s, deadline));
		r = wait_for_octets(s, wake, f);
		if (r == -1)
			return -1;
		struct chan_stats now = chan_stats(s->chan);
		bool moved = now.up != before.up || now.down != before.down;
		if (r == 0 && s->bye.cls != FAULT_NONE && net_now() >= s->bye_end)
			return broken(s, f);
		if (r == 0 && net_now() < deadline)
			continue;
		if (r == 0 && timeout != -1)
			return 0;
		if (r == 0 && !moved)
			return too_late(s, limit, f);
		if (timeout == -1 && moved)
			deadline = net_now() + limit;
	}
}

int imap_until(struct imap *s, uint32_t tag, struct event *ev, struct fault *f)
{
	if (imap_next(s, -1, ev, f) == -1) {
		ev->kind = EV_NONE;
		return -1;
	}
	if (ev->kind != EV_TAGGED || ev->num != tag)
		return 1;
	return ev->cond == COND_OK ? 0 : imap_refusal(ev, ev->name, f);
}

int imap_run(struct imap *s, struct imap_cmd *c, struct event *ev, struct fault *f)
{
	struct event own;
	struct event *e = ev != NULL ? ev : &own;
	uint32_t tag = imap_send(s, c, f);
	int r;

	if (tag == 0)
		return -1;
	do
		r = imap_until(s, tag, e, f);
	while (r == 1);
	return r;
}

struct pollfd imap_poll(const struct imap *s)
{
	return (struct pollfd){.fd = chan_fd(s->chan), .events = chan_events(s->chan)};
}

bool imap_ready(const struct imap *s)
{
	return chan_has_pending(s->chan);
}

uint32_t imap_idle(struct imap *s, struct fault *f)
{
	struct imap_cmd c;

	imap_cmd_init(&c, s, "IDLE");
	return imap_send(s, &c, f);
}

int imap_done(struct imap *s, struct fault *f)
{
	static const char done[] = "DONE\r\n";

	if (s->head != NULL || chan_room(s->chan) < sizeof(done) - 1)
		return fault_set(f, FAULT_BUG, "DONE with octets still to go");
	chan_put(s->chan, done, sizeof(done) - 1, false);
	return 0;
}

static enum fault_class refusal_class(const struct event *ev)
{
	switch (ev->code) {
	case CODE_AUTHENTICATIONFAILED:
	case CODE_AUTHORIZATIONFAILED:
	case CODE_EXPIRED:
	case CODE_PRIVACYREQUIRED:
		return FAULT_AUTH;
	case CODE_UNAVAILABLE:
	case CODE_TEMPFAIL:
	case CODE_INUSE:
	case CODE_SERVERBUG:
		return FAULT_TEMP;
	case CODE_BADURL:
	case CODE_EXPUNGEISSUED:
	case CODE_NONEXISTENT:
	case CODE_TRYCREATE:
		return FAULT_DATA;
	default:
		return FAULT_REFUSED;
	}
}

int imap_refusal(const struct event *ev, const char *command, struct fault *f)
{
	static const char *const cond[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
	const char *text = ev->text != NULL ? ev->text : "";

	if (ev->code_name == NULL)
		return fault_set(f, refusal_class(ev), "%s: %s %s", command, cond[ev->cond], text);
	return fault_set(
	    f, refusal_class(ev), "%s: %s [%s] %s", command, cond[ev->cond], ev->code_name, text);
}

void imap_drop(struct imap *s)
{
	if (s == NULL)
		return;
	imap_flow_clear(s);
	imap_early_free(s);
	chan_free(s->chan);
	response_free(s->parser);
	free(s->caps);
	free(s->caps_before);
	free(s);
}

/* Only where nothing is on its way: a literal would have to come first, from a descriptor that its owner may have closed. All that we
 * asked for has been answered, so the goodbye is not waited for: that would be a round trip. */
static void log_out(struct imap *s)
{
	int64_t end = net_now() + LOGOUT_WAIT;
	struct fault f;
	struct imap_cmd c;

	s->closing = true;
	imap_cmd_init(&c, s, "LOGOUT");
	if (imap_send(s, &c, &f) == 0 || imap_flow(s, &f) == -1)
		return;
	while (chan_unsent(s->chan) > 0 && net_now() < end)
		if (chan_pump(s->chan, CHAN_OUT, end, &f) <= 0)
			break;
}

void imap_close(struct imap *s)
{
	if (s != NULL && s->alive && s->head == NULL && s->bye.cls == FAULT_NONE)
		log_out(s);
	imap_drop(s);
}

struct imap *imap_open_chan(
    struct chan *c, const struct imap_options *o, bool safe, struct fault *f)
{
	struct imap *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		chan_free(c);
		return NULL;
	}
	s->tail = &s->head;
	s->timeout = o->timeout > 0 ? o->timeout : 60000;
	s->safe = safe;
	s->chan = c;
	s->parser = response_new(f);
	s->alive = s->parser != NULL;
	if (!s->alive || imap_login(s, o, f) == -1) {
		imap_close(s);
		return NULL;
	}
	return s;
}

struct imap *imap_open(const struct imap_options *o, struct fault *f)
{
	struct chan *c = chan_open(&o->endpoint, f);
	struct imap *s;

	if (c == NULL)
		return NULL;
	s = imap_open_chan(c, o, false, f);
	if (s == NULL)
		fault_while(f, "%s", o->endpoint.host != NULL ? o->endpoint.host : "tunnel");
	return s;
}
