#include "wire/chan.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire/chan_impl.h"
#include "wire/net.h"

enum {
	CONNECT_TIMEOUT = 30000, /* ms */
	ZOUT_MAX = 262144, /* a piece that does not compress, and what the deflater had kept */
	HOST_MAX = 256,
	TUNNEL_GRACE = 500, /* ms that a tunnel gets to end by itself, and again after SIGTERM */
	TUNNEL_CHECK = 5,
};

/* ---- making and unmaking */

struct chan *chan_from_fd(int fd, struct trace *trace, struct fault *f)
{
	struct chan *c = calloc(1, sizeof(*c));
	int flags;

	if (c == NULL || queue_init(&c->in) == -1 || queue_init(&c->out) == -1) {
		fault_set(f, FAULT_TEMP, "out of memory");
		goto none;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		fault_errno(f, FAULT_IO, "descriptor %d", fd);
		goto none;
	}
	link_init(&c->link, fd);
	buf_init(&c->zout, ZOUT_MAX);
	c->trace = trace;
	return c;
none:
	if (c != NULL) {
		free(c->in.data);
		free(c->out.data);
	}
	free(c);
	close(fd);
	return NULL;
}

/* True when the child has ended (or is somebody else's to reap), after at most `ms`. */
static bool has_ended(pid_t pid, int ms)
{
	const struct timespec pause = {.tv_nsec = TUNNEL_CHECK * 1000000L};
	int64_t deadline = net_now() + ms;

	for (;;) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return true;
		if (net_now() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
}

/* The end of its input is what asks a tunnel to end. */
static void reap(pid_t pid)
{
	if (has_ended(pid, TUNNEL_GRACE))
		return;
	kill(-pid, SIGTERM);
	if (has_ended(pid, TUNNEL_GRACE))
		return;
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void chan_free(struct chan *c)
{
	if (c == NULL)
		return;
	if (c->tls != NULL)
		tls_close(c->tls);
	tls_free(c->tls);
	deflate_free(c->deflate);
	close(c->link.fd);
	if (c->pid != 0)
		reap(c->pid);
	/* Passwords went through here. */
	explicit_bzero(c->out.data, CHAN_BUFFER);
	explicit_bzero(c->in.data, CHAN_BUFFER);
	free(c->in.data);
	free(c->out.data);
	free(c->zin.data);
	buf_free(&c->zout);
	free(c->host);
	free(c->ca_file);
	free(c->fingerprint);
	free(c->session_file);
	free(c);
}

/* ---- TLS */

static int shake(struct chan *c, int64_t deadline, struct fault *f)
{
	for (;;) {
		enum tls_status s = tls_handshake(c->tls, f);
		int r;

		if (s == TLS_DONE)
			return 0;
		if (s == TLS_ERROR || s == TLS_EOF)
			return -1;
		r = chan_wait(c->link.fd, s == TLS_WANT_WRITE ? POLLOUT : POLLIN, deadline, f);
		if (r == 0)
			return fault_set(f, FAULT_TEMP, "no answer to the TLS handshake in time");
		if (r == -1)
			return -1;
	}
}

static int start_tls(struct chan *c, const char *host, const struct tls_options *o,
    int64_t deadline, struct fault *f)
{
	char name[HOST_MAX];

	if (net_ascii_host(host, name, sizeof(name), f) == -1)
		return -1;
	c->tls = tls_new(&c->link, name, o, f);
	if (c->tls == NULL || shake(c, deadline, f) == -1) {
		tls_free(c->tls);
		c->tls = NULL;
		return -1;
	}
	if (c->trace != NULL)
		trace_note(c->trace, "%s", tls_describe(c->tls));
	return 0;
}

/* TLS was to be and is not: nothing may go out in the clear any more, or come in. */
static int shut(struct chan *c, const struct fault *f)
{
	queue_drop(&c->in, c->in.len);
	c->told = c->app_down;
	c->failed = c->lost = true;
	c->why = *f;
	return -1;
}

int chan_starttls(struct chan *c, struct fault *f)
{
	struct tls_options o = {
	    .ca_file = c->ca_file,
	    .fingerprint = c->fingerprint,
	    .session_file = c->session_file,
	};

	if (c->host == NULL || c->tls != NULL || c->deflate != NULL || chan_unsent(c) > 0)
		return fault_set(f, FAULT_BUG, "STARTTLS out of order");
	if (c->in.len > 0)
		fault_set(f, FAULT_PROTOCOL,
		    "the server went on in the clear after it agreed to STARTTLS");
	else if (start_tls(c, c->host, &o, net_now() + c->connect_timeout, f) == 0)
		return 0;
	return shut(c, f);
}

/* ---- opening */

static int copy_text(char **to, const char *s)
{
	*to = s == NULL ? NULL : strdup(s);
	return s != NULL && *to == NULL ? -1 : 0;
}

static int remember(struct chan *c, const struct endpoint *e, struct fault *f)
{
	if (copy_text(&c->host, e->host) == -1 || copy_text(&c->ca_file, e->tls.ca_file) == -1 ||
	    copy_text(&c->fingerprint, e->tls.fingerprint) == -1 ||
	    copy_text(&c->session_file, e->tls.session_file) == -1)
		return fault_set(f, FAULT_TEMP, "out of memory");
	return 0;
}

static struct chan *open_tunnel(const struct endpoint *e, struct fault *f)
{
	struct chan *c;
	int pid, fd = net_tunnel(e->tunnel, &pid, f);

	if (fd == -1)
		return NULL;
	c = chan_from_fd(fd, e->trace, f);
	if (c == NULL)
		reap(pid);
	else
		c->pid = pid;
	return c;
}

static struct chan *open_socket(const struct endpoint *e, struct fault *f)
{
	int timeout = e->connect_timeout > 0 ? e->connect_timeout : CONNECT_TIMEOUT;
	int64_t deadline = net_now() + timeout;
	int fd = net_connect(e->host, e->port, deadline, f), r = 0;
	struct chan *c = fd == -1 ? NULL : chan_from_fd(fd, e->trace, f);

	if (c == NULL)
		return NULL;
	c->connect_timeout = timeout;
	if (e->security == CHAN_TLS)
		r = start_tls(c, e->host, &e->tls, deadline, f);
	else if (e->security == CHAN_STARTTLS)
		r = remember(c, e, f);
	if (r == 0)
		return c;
	chan_free(c);
	return NULL;
}

struct chan *chan_open(const struct endpoint *e, struct fault *f)
{
	struct chan *c;
	bool bare;

	if (e->tunnel != NULL)
		return open_tunnel(e, f);
	c = open_socket(e, f);
	bare = strchr(e->host, ':') == NULL;
	if (c == NULL)
		fault_while(
		    f, "%s%s%s:%u", bare ? "" : "[", e->host, bare ? "" : "]", (unsigned)e->port);
	return c;
}

/* ---- layers */

int chan_deflate(struct chan *c, struct fault *f)
{
	if (c->deflate != NULL || chan_unsent(c) > 0)
		return fault_set(f, FAULT_BUG, "COMPRESS out of order");
	if (queue_init(&c->zin) == -1)
		return fault_set(f, FAULT_TEMP, "out of memory");
	c->deflate = deflate_new(f);
	if (c->deflate == NULL) {
		free(c->zin.data);
		c->zin.data = NULL;
		return -1;
	}
	if (c->in.len > 0) {
		memcpy(c->zin.data, c->in.data + c->in.start, c->in.len);
		c->zin.len = c->in.len;
		c->app_down -= c->in.len;
		c->told = c->app_down < c->told ? c->app_down : c->told;
		queue_drop(&c->in, c->in.len);
	}
	if (c->trace != NULL)
		trace_note(c->trace, "DEFLATE on");
	return 0;
}

bool chan_is_deflated(const struct chan *c)
{
	return c->deflate != NULL;
}

bool chan_is_tls(const struct chan *c)
{
	return c->tls != NULL;
}

bool chan_is_safe(const struct chan *c)
{
	return c->tls != NULL || c->pid != 0;
}

const char *chan_binding(const struct chan *c, struct buf *out)
{
	return c->tls == NULL ? NULL : tls_binding(c->tls, out);
}

const char *chan_describe(const struct chan *c)
{
	if (c->tls != NULL)
		return tls_describe(c->tls);
	return c->pid != 0 ? "tunnel" : "in the clear";
}

/* ---- the two buffers */

size_t chan_room(const struct chan *c)
{
	return queue_room(&c->out);
}

/* A hidden line still ends where it ends. */
static void trace_secret(struct trace *t, const char *p, size_t n)
{
	size_t end = n;

	while (end > 0 && (p[end - 1] == '\r' || p[end - 1] == '\n'))
		end--;
	trace_hidden(t, true, end, "secret");
	trace_octets(t, true, p + end, n - end);
}

size_t chan_put(struct chan *c, const void *p, size_t n, bool secret)
{
	size_t room = chan_room(c);

	if (n > room)
		n = room;
	if (n == 0)
		return 0;
	memcpy(queue_tail(&c->out), p, n);
	c->out.len += n;
	c->app_up += n;
	if (c->trace != NULL && secret)
		trace_secret(c->trace, p, n);
	else if (c->trace != NULL)
		trace_octets(c->trace, true, p, n);
	return n;
}

size_t chan_unsent(const struct chan *c)
{
	return c->out.len + c->zout.len - c->zsent;
}

const char *chan_peek(const struct chan *c, size_t *n)
{
	*n = c->in.len;
	return c->in.data + c->in.start;
}

void chan_take(struct chan *c, size_t n)
{
	queue_drop(&c->in, n);
}

bool chan_eof(const struct chan *c)
{
	return c->eof;
}

struct chan_stats chan_stats(const struct chan *c)
{
	return (struct chan_stats){
	    .up = c->link.up,
	    .down = c->link.down,
	    .app_up = c->app_up,
	    .app_down = c->app_down,
	    .turnarounds = c->link.turnarounds,
	};
}
