/*
 * imap_peer.h - a scripted IMAP server on the other end of a socket pair, for the unit tests of the session.
 *
 * A script is lines:
 *	> TEXT    the server says TEXT (and CRLF)
 *	- TEXT    the server says TEXT, at once, without a line end; | in it is CRLF
 *	< TEXT    the client's next line is TEXT; with "..." at its end it only has to begin so
 *	= TEXT    the client's next octets are TEXT
 *	?         nothing comes from the client but its end (a look of 40 ms)
 *	~ N       N ms pass
 *	!         the server closes
 * At its end the server keeps what the client says until it closes. LOGOUT is then answered.
 */
#ifndef LM_TESTS_IMAP_PEER_H
#define LM_TESTS_IMAP_PEER_H

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imap/session_impl.h"
#include "unit.h"

enum { PEER_WAIT = 10000 };

struct peer {
	pthread_t thread;
	int fd;
	const char *script;
	void (*talk)(struct peer *); /* instead of the script */
	char wrong[2048];            /* what the client did wrong, or "" */
	char rest[4096];             /* what it said behind the script */
};

static inline bool peer_readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static inline bool peer_octet(const struct peer *p, char *c)
{
	return peer_readable(p->fd, PEER_WAIT) && read(p->fd, c, 1) == 1;
}

static inline bool peer_say(const struct peer *p, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t r = send(p->fd, s, n, MSG_NOSIGNAL);

		if (r <= 0)
			return false;
		s += r;
		n -= (size_t)r;
	}
	return true;
}

static inline bool peer_say_at_once(const struct peer *p, const char *s, size_t n)
{
	char text[8192];
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(text) - 2; i++) {
		if (s[i] == '|')
			text[len++] = '\r';
		text[len++] = s[i] == '|' ? '\n' : s[i];
	}
	return peer_say(p, text, len);
}

static inline bool peer_wrong(struct peer *p, const char *text, size_t n, const char *came)
{
	snprintf(p->wrong, sizeof(p->wrong), "\"%.*s\" was expected, \"%.400s\" came", (int)n, text,
	    came);
	return false;
}

static inline bool peer_line(struct peer *p, char *line, size_t size)
{
	size_t len = 0;

	while (len < size - 1 && peer_octet(p, &line[len]) && line[len] != '\n')
		len++;
	line[len] = '\0';
	if (len > 0 && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return len > 0;
}

static inline bool peer_expect(struct peer *p, const char *text, size_t n)
{
	char line[16384];
	bool begins = n > 3 && memcmp(text + (n - 3), "...", 3) == 0;

	peer_line(p, line, sizeof(line));
	if (begins ? strncmp(line, text, n - 3) == 0
		   : strlen(line) == n && memcmp(line, text, n) == 0)
		return true;
	return peer_wrong(p, text, n, line);
}

static inline bool peer_expect_octets(struct peer *p, const char *text, size_t n)
{
	char got[4096];
	size_t len = 0;

	while (len < n && len < sizeof(got) - 1 && peer_octet(p, &got[len]))
		len++;
	got[len] = '\0';
	return (len == n && memcmp(got, text, n) == 0) || peer_wrong(p, text, n, got);
}

/* One line of the script; false: it is over. */
static inline bool peer_step(struct peer *p, const char *line, size_t n)
{
	const char *text = n > 2 ? line + 2 : "";
	size_t len = n > 2 ? n - 2 : 0;
	char c;

	switch (line[0]) {
	case '>':
		return peer_say(p, text, len) && peer_say(p, "\r\n", 2);
	case '-':
		return peer_say_at_once(p, text, len);
	case '<':
		return peer_expect(p, text, len);
	case '=':
		return peer_expect_octets(p, text, len);
	case '~':
		usleep((useconds_t)strtoul(text, NULL, 10) * 1000);
		return true;
	case '?':
		if (peer_readable(p->fd, 40) && recv(p->fd, &c, 1, MSG_PEEK) > 0)
			snprintf(p->wrong, sizeof(p->wrong), "the client spoke too early");
		return true;
	default:
		return false;
	}
}

/* What comes behind the script. */
static inline void peer_rest(struct peer *p)
{
	size_t len = 0;

	while (len < sizeof(p->rest) - 1 && peer_octet(p, &p->rest[len])) {
		len++;
		p->rest[len] = '\0';
		if (len > 8 && strcmp(p->rest + len - 8, "LOGOUT\r\n") == 0)
			break;
	}
}

static inline void *peer_run(void *arg)
{
	struct peer *p = arg;
	bool on = true, closes = false;

	if (p->talk != NULL)
		p->talk(p);
	for (const char *s = p->script; s != NULL && on && *s != '\0';) {
		size_t n = strcspn(s, "\n");

		closes = *s == '!';
		on = peer_step(p, s, n);
		s += n + (s[n] == '\n');
	}
	if (!closes)
		peer_rest(p);
	close(p->fd);
	return NULL;
}

/* Starts the server; the chan is the client's end. */
static inline struct chan *peer_start(struct peer *p)
{
	struct fault f;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		abort();
	p->fd = fds[1];
	if (pthread_create(&p->thread, NULL, peer_run, p) != 0)
		abort();
	return chan_from_fd(fds[0], NULL, &f);
}

/* Waits for the server's end; the session must be closed before. */
static inline void peer_end(struct peer *p)
{
	pthread_join(p->thread, NULL);
	CHECK_STR(p->wrong, "");
}

/* ---- sessions */

/* base64 of NUL alice NUL wonderland */
#define PEER_PLAIN "AGFsaWNlAHdvbmRlcmxhbmQ="

static const struct credentials peer_alice = {.user = "alice", .password = "wonderland"};

struct talk {
	struct peer peer;
	struct imap_options o;
	bool in_the_clear; /* the line does not count as encrypted */
	struct imap *s;
	struct fault f;
};

/* Opens a session with the script's server. */
static inline struct imap *talk_open(struct talk *t, const char *script)
{
	t->peer = (struct peer){.script = script, .talk = t->peer.talk};
	t->f = (struct fault){0};
	if (t->o.timeout == 0)
		t->o.timeout = 5000;
	t->s = imap_open_chan(peer_start(&t->peer), &t->o, !t->in_the_clear, &t->f);
	return t->s;
}

static inline void talk_close(struct talk *t)
{
	imap_close(t->s);
	t->s = NULL;
	peer_end(&t->peer);
}

/* A line that is logged in already. */
#define PEER_IN(caps) "> * PREAUTH [CAPABILITY IMAP4rev1 " caps "] hello\n"

static inline uint32_t talk_send(struct talk *t, const char *name)
{
	struct imap_cmd c;

	imap_cmd_init(&c, t->s, name);
	return imap_send(t->s, &c, &t->f);
}

static inline int talk_finish(struct talk *t, uint32_t tag)
{
	struct event ev;
	int r;

	while ((r = imap_until(t->s, tag, &ev, &t->f)) == 1)
		continue;
	return r;
}

#endif
