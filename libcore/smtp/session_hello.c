#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "smtp/session_impl.h"

enum { LINE_MAX_EHLO = 1024 };

/* The address literal of our end (RFC 5321 section 4.1.3), for who has no name. */
static void own_literal(struct smtp *s, struct buf *out)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	char text[INET6_ADDRSTRLEN];
	const void *addr = NULL;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (getsockname(chan_fd(s->chan), (struct sockaddr *)&ss, &len) == -1)
		ss.ss_family = AF_UNSPEC;
	memcpy(&in, &ss, sizeof(in));
	memcpy(&in6, &ss, sizeof(in6));
	if (ss.ss_family == AF_INET)
		addr = &in.sin_addr;
	else if (ss.ss_family == AF_INET6)
		addr = &in6.sin6_addr;
	if (!addr || !inet_ntop(ss.ss_family, addr, text, sizeof(text)))
		buf_puts(out, "[127.0.0.1]");
	else
		buf_printf(out, "[%s%s]", ss.ss_family == AF_INET6 ? "IPv6:" : "", text);
}

int hello_send(struct smtp *s, bool after, struct fault *f)
{
	struct buf line;
	int result;

	buf_init(&line, LINE_MAX_EHLO);
	buf_puts(&line, "EHLO ");
	if (s->o.helo)
		buf_puts(&line, s->o.helo);
	else
		own_literal(s, &line);
	buf_puts(&line, "\r\n");
	result =
	    pipe_command(s, (struct pending){.verb = VERB_EHLO, .after = after}, &line, false, f);
	buf_free(&line);
	return result;
}

int hello_on_greeting(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	if (s->reply.code == 220)
		return 0;
	/* A server that did not expect early octets says 554 in place of its greeting; one that is busy says
	 * 4yz and means it. */
	s->retry = s->before_greeting && s->reply.code >= 500;
	reply_fault(&s->reply, f, "the greeting");
	/* Either way nothing of what may have followed was taken (RFC 5321 section 3.1). */
	transfer_refuse(s, f);
	return -1;
}

/* A word of the list `all` (blanks between). */
static bool holds_word(const char *all, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = all; *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		if (len == n && strncasecmp(p, word, n) == 0)
			return true;
		p += len;
	}
	return false;
}

/* Something that the flight relied on is not there any more. */
static bool lacks(const struct smtp *s, const struct smtp_caps *had, const struct smtp_caps *has)
{
	uint64_t size = s->t.e ? s->t.e->size : 0;

	if (s->mechanism && !holds_word(has->auth, s->mechanism))
		return true;
	if (has->size_max != 0 && size > has->size_max)
		return true;
	return (had->pipelining && !has->pipelining) || (had->chunking && !has->chunking) ||
	    (had->binarymime && !has->binarymime) || (had->eightbitmime && !has->eightbitmime) ||
	    (had->dsn && !has->dsn) || (had->smtputf8 && !has->smtputf8) ||
	    (had->burl && !has->burl) || (had->size && !has->size) ||
	    (had->requiretls && !has->requiretls);
}

/* The first line is the server's name and greeting. */
static void parse_reply(struct smtp *s, struct smtp_caps *c)
{
	const char *text = buf_str(&s->reply.text);
	const char *lf = strchr(text, '\n');

	smtp_caps_parse(c, lf ? lf + 1 : "");
}

/* The EHLO before AUTH, when commands were sent behind it that rest on what was remembered. */
static int check_memory(struct smtp *s, const struct smtp_caps *had, struct fault *f)
{
	if (!s->fast || !lacks(s, had, &s->before))
		return 0;
	s->retry = s->stale = true;
	/* With the message under way to its end only its reply can tell what became of it. */
	if (s->t.complete)
		return 0;
	return fault_set(f, FAULT_TEMP, "the server does not offer what it did last time");
}

static int on_ehlo_before(struct smtp *s, struct fault *f)
{
	struct smtp_caps had = s->before;
	const char *remembered = s->learned.ehlo_before;

	parse_reply(s, &s->before);
	s->before_read = true;
	s->before_changed = remembered && strcmp(s->before.ehlo, remembered) != 0;
	s->pipelining = s->before.pipelining;
	if (check_memory(s, &had, f) == -1)
		return -1;
	if (!s->fast)
		hello_believe(s);
	if (!s->o.credentials && !s->retry)
		early_is_over(s);
	return 0;
}

static void on_ehlo_after(struct smtp *s)
{
	parse_reply(s, &s->caps);
	s->after_read = true;
	s->pipelining = s->caps.pipelining;
	if (s->probing)
		s->learned.auth_takes_flight = true;
	early_is_over(s);
}

int hello_on_ehlo(struct smtp *s, const struct pending *p, struct fault *f)
{
	if (s->reply.code != 250) {
		s->retry = s->early;
		reply_fault(&s->reply, f, "EHLO");
		transfer_refuse(s, f);
		/* Where the message has followed to its end, its own reply counts. */
		return s->t.e && s->t.complete ? 0 : -1;
	}
	if (!p->after)
		return on_ehlo_before(s, f);
	on_ehlo_after(s);
	return 0;
}

void hello_believe(struct smtp *s)
{
	const char *after = s->learned.ehlo;
	bool same = !s->before_read || !s->before_changed;

	s->after_remembered = s->o.credentials && after && same && s->safe;
	if (s->after_remembered)
		smtp_caps_parse(&s->caps, after);
	else
		s->caps = s->before;
}

bool hello_wants_met(const struct smtp *s)
{
	const struct smtp_caps *c = &s->caps;
	unsigned met = (c->burl_imap ? SMTP_WANT_BURL : 0) | (c->dsn ? SMTP_WANT_DSN : 0) |
	    (c->binarymime ? SMTP_WANT_BINARYMIME : 0) | (c->size ? SMTP_WANT_SIZE : 0) |
	    (c->smtputf8 ? SMTP_WANT_SMTPUTF8 : 0) | (c->requiretls ? SMTP_WANT_REQUIRETLS : 0) |
	    (c->chunking ? SMTP_WANT_CHUNKING : 0) |
	    (c->burl_url[0] != '\0' ? SMTP_WANT_BURL_URL : 0);

	return (s->o.want & ~met) == 0;
}

int hello_on_starttls(struct smtp *s, const struct pending *p, struct fault *f)
{
	(void)p;
	if (s->reply.code != 220)
		return reply_fault(&s->reply, f, "STARTTLS");
	return 0;
}

static int start_tls(struct smtp *s, struct fault *f)
{
	struct buf line;
	int result;

	buf_init(&line, LINE_MAX_EHLO);
	buf_puts(&line, "STARTTLS\r\n");
	result = pipe_command(s, (struct pending){.verb = VERB_STARTTLS}, &line, false, f);
	buf_free(&line);
	if (result == -1 || pipe_await(s, 0, f) == -1 || chan_starttls(s->chan, f) == -1)
		return -1;
	/* What was said in the clear counts for nothing now. */
	s->safe = true;
	memset(&s->before, 0, sizeof(s->before));
	memset(&s->caps, 0, sizeof(s->caps));
	s->before_read = s->before_changed = s->pipelining = false;
	return 0;
}

static int starttls_or_not(struct smtp *s, struct fault *f)
{
	if (hello_send(s, false, f) == -1 || pipe_await(s, 0, f) == -1)
		return -1;
	if (s->before.starttls)
		return start_tls(s, f);
	if (s->o.require_tls)
		return fault_set(
		    f, FAULT_REFUSED, "the server does not offer STARTTLS, and TLS is required");
	return 0;
}

int hello_greet(struct smtp *s, struct fault *f)
{
	pipe_expect(s, (struct pending){.verb = VERB_GREETING});
	s->said = true;
	if (s->before_greeting)
		return 0;
	if (pipe_await(s, 0, f) == -1)
		return -1;
	if (s->o.endpoint.security == CHAN_STARTTLS && !s->o.endpoint.tunnel)
		return starttls_or_not(s, f);
	return 0;
}
