/*
 * smtp_peer.h - a scripted SMTP server on the other end of a socket pair, for the unit tests of the session.
 *
 * A script is lines:
 *	> TEXT    the server says TEXT (and CRLF)
 *	< TEXT    the client's next line begins with TEXT
 *	= N       the client's next N octets are data; they are kept
 *	?         nothing has come from the client yet (a look of 40 ms)
 *	~ N       N ms pass
 *	!         the server closes
 * At its end the rest of what the client says is kept, until it closes. Each connection takes the next script.
 */
#ifndef LM_TESTS_SMTP_PEER_H
#define LM_TESTS_SMTP_PEER_H

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtp/session_impl.h"
#include "unit.h"

enum { PEER_SCRIPTS = 4, PEER_TEXT = 200000, PEER_WAIT = 10000 };

struct peer_line {
	pthread_t thread;
	int fd;
	const char *script;
	char wrong[512]; /* what the client did wrong, or "" */
	char *data;      /* octets of "= N" */
	size_t ndata;
	char rest[512];
};

struct peer {
	const char *scripts[PEER_SCRIPTS];
	struct peer_line lines[PEER_SCRIPTS];
	size_t n; /* connections made */
};

static inline bool peer_readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/* One octet, or false at the end. */
static inline bool peer_octet(int fd, char *c)
{
	return peer_readable(fd, PEER_WAIT) && read(fd, c, 1) == 1;
}

static inline bool peer_expect(struct peer_line *l, const char *text, size_t n)
{
	char line[16384];
	size_t len = 0;

	while (len < sizeof(line) - 1 && peer_octet(l->fd, &line[len]) && line[len] != '\n')
		len++;
	line[len] = '\0';
	if (len >= n && memcmp(line, text, n) == 0)
		return true;
	snprintf(l->wrong, sizeof(l->wrong), "\"%.*s\" was expected, \"%.200s\" came", (int)n, text,
	    line);
	return false;
}

static inline bool peer_read_data(struct peer_line *l, size_t n)
{
	for (size_t end = l->ndata + n; l->ndata < end && l->ndata < PEER_TEXT; l->ndata++) {
		if (!peer_octet(l->fd, &l->data[l->ndata])) {
			snprintf(l->wrong, sizeof(l->wrong), "data ended early");
			return false;
		}
	}
	return true;
}

static inline bool peer_say(struct peer_line *l, const char *text, size_t n)
{
	return send(l->fd, text, n, MSG_NOSIGNAL) == (ssize_t)n &&
	    send(l->fd, "\r\n", 2, MSG_NOSIGNAL) == 2;
}

/* One line of the script; false: it is over. */
static inline bool peer_step(struct peer_line *l, const char *line, size_t n)
{
	const char *text = n > 2 ? line + 2 : "";
	size_t len = n > 2 ? n - 2 : 0;

	switch (line[0]) {
	case '>':
		return peer_say(l, text, len);
	case '<':
		return peer_expect(l, text, len);
	case '=':
		return peer_read_data(l, strtoul(text, NULL, 10));
	case '~':
		usleep((useconds_t)strtoul(text, NULL, 10) * 1000);
		return true;
	case '?':
		if (peer_readable(l->fd, 40))
			snprintf(l->wrong, sizeof(l->wrong), "the client spoke too early");
		return true;
	default:
		return false;
	}
}

static inline void *peer_run(void *arg)
{
	struct peer_line *l = arg;
	size_t len = 0;
	bool on = true, closes = false;

	for (const char *p = l->script; on && *p != '\0';) {
		size_t n = strcspn(p, "\n");
		closes = *p == '!';
		on = peer_step(l, p, n);
		p += n + (p[n] == '\n');
	}
	while (!closes && len < sizeof(l->rest) - 1 && peer_octet(l->fd, &l->rest[len]))
		len++;
	l->rest[len] = '\0';
	close(l->fd);
	return NULL;
}

static inline struct chan *peer_dial(const struct endpoint *e, void *arg, struct fault *f)
{
	struct peer *p = arg;
	struct peer_line *l = &p->lines[p->n];
	int fds[2];

	(void)e;
	if (p->n == PEER_SCRIPTS || !p->scripts[p->n] ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1) {
		fault_set(f, FAULT_TEMP, "nobody answers");
		return NULL;
	}
	*l =
	    (struct peer_line){.fd = fds[1], .script = p->scripts[p->n], .data = malloc(PEER_TEXT)};
	if (!l->data || pthread_create(&l->thread, NULL, peer_run, l) != 0)
		abort();
	p->n++;
	return chan_from_fd(fds[0], NULL, f);
}

/* Waits for the servers to end: the session must be closed before. */
static inline void peer_join(struct peer *p)
{
	for (size_t i = 0; i < p->n; i++)
		pthread_join(p->lines[i].thread, NULL);
}

static inline void peer_free(struct peer *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->lines[i].data);
	p->n = 0;
}

/* ---- one session with one message */

/* base64 of NUL alice NUL wonderland */
#define PEER_PLAIN   "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ="
#define PEER_MESSAGE "Subject: hi\r\n\r\nText.\r\n" /* 22 octets */

struct session {
	struct smtp_options o;  /* zero: alice by PLAIN, if `credentials` is not NULL */
	struct smtp_envelope e; /* zero: from alice to bob */
	const char *text;       /* NULL: PEER_MESSAGE */
	const char *url;        /* BURL LAST behind the text */
	bool data;              /* DATA although there is CHUNKING */
	bool in_the_clear;      /* the line does not count as encrypted */
	bool stubborn;          /* goes on to smtp_finish() after a failure */
	/* results */
	bool opened;
	int result;
	enum smtp_outcome outcome;
	char reply[256];
	struct fault f;
	struct smtp_known learned;
	struct smtp_caps caps;
	unsigned flights;
	struct smtp_rcpt bob[1];
	char ehlo[8192], before[8192];
};

static const struct credentials peer_alice = {
    .user = "alice", .password = "wonderland", .auth = "PLAIN"};

static inline int session_body(struct session *t, struct smtp *s)
{
	const char *text = t->text ? t->text : PEER_MESSAGE;
	size_t n = strlen(text);

	if (t->data || (!smtp_uses_bdat(s) && !t->url)) {
		if (smtp_data(s, &t->f) == -1)
			return -1;
	} else if (smtp_bdat(s, n, !t->url, &t->f) == -1) {
		return -1;
	}
	for (size_t at = 0, piece; at < n; at += piece) {
		piece = n - at < 7 ? n - at : 7;
		if (smtp_write(s, text + at, piece, &t->f) == -1)
			return -1;
	}
	return t->url ? smtp_burl(s, t->url, true, &t->f) : 0;
}

static inline int session_message(struct session *t, struct smtp *s)
{
	int result;

	if (!t->e.from)
		t->e.from = "alice@example.org";
	if (t->e.nrcpt == 0) {
		t->bob[0].address = "bob@example.org";
		t->e.rcpt = t->bob;
		t->e.nrcpt = 1;
	}
	if (smtp_begin(s, &t->e, &t->f) == -1)
		return -1;
	result = session_body(t, s);
	if (result == -1 && !t->stubborn) {
		smtp_abort(s);
		return -1;
	}
	return smtp_finish(s, &t->outcome, t->reply, sizeof(t->reply), &t->f);
}

static inline void session_results(struct session *t, const struct smtp *s)
{
	smtp_learned(s, &t->learned);
	snprintf(t->ehlo, sizeof(t->ehlo), "%s", t->learned.ehlo ? t->learned.ehlo : "");
	snprintf(t->before, sizeof(t->before), "%s",
	    t->learned.ehlo_before ? t->learned.ehlo_before : "");
	t->caps = *smtp_caps(s);
	t->flights = smtp_flights(s);
}

static inline void session_run(struct session *t, struct peer *p)
{
	struct smtp_dialer d = {.dial = peer_dial, .arg = p, .safe = !t->in_the_clear};
	struct smtp *s;

	t->outcome = SMTP_NOT_SENT;
	t->o.helo = "me.example.org";
	if (t->o.timeout == 0)
		t->o.timeout = 5000;
	s = smtp_open_by(&t->o, &d, &t->f);
	t->opened = s != NULL;
	t->result = s ? session_message(t, s) : -1;
	if (s)
		session_results(t, s);
	smtp_quit(s);
	peer_join(p);
}

/* Runs against up to three servers, one after the other, and checks that the client kept to their scripts. */
static inline struct peer session_play(
    struct session *t, const char *first, const char *second, const char *third)
{
	struct peer p = {.scripts = {first, second, third}};

	session_run(t, &p);
	for (size_t i = 0; i < p.n; i++)
		CHECK_STR(p.lines[i].wrong, "");
	return p;
}

#endif
