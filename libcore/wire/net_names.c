#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wire/net_impl.h"

/* One question to the resolver, asked in a thread of its own, as getaddrinfo(3) can neither be given a
 * deadline nor be given up. Who of the two lets go of it last releases it. (getaddrinfo_a(3) is no help:
 * gai_suspend(3) of glibc leaves its stack in a list when it returns just as an answer comes in.) */
struct question {
	pthread_mutex_t
	    lock; /* over owners and is_done; the answer belongs to the thread until then */
	int owners;
	bool is_done;
	pthread_t thread;
	int fd; /* an eventfd: readable when it is done */
	int error, saved_errno;
	struct addrinfo *list;
	struct addrinfo hints;
	char host[NET_HOST_MAX];
	char service[8];
};

struct names {
	char host[NET_HOST_MAX];
	struct family {
		struct question *q; /* NULL when it is answered */
		struct addrinfo *list, *next;
		int error; /* EAI_... of the answer */
		int saved_errno;
	} family[NET_FAMILIES];
};

static const int domain[NET_FAMILIES] = {[NET_V6] = AF_INET6, [NET_V4] = AF_INET};

/* Without AI_ADDRCONFIG: with it, a machine that has only its loopback would find no address for itself.
 * An address that cannot be reached from here fails at connect(2), without a packet. */
static void prepare(struct question *q, const char *host, uint16_t port, int family, int flags)
{
	snprintf(q->host, sizeof(q->host), "%s", host);
	snprintf(q->service, sizeof(q->service), "%u", (unsigned)port);
	q->hints.ai_family = family;
	q->hints.ai_socktype = SOCK_STREAM;
	q->hints.ai_flags = AI_NUMERICSERV | flags;
}

static void let_go(struct question *q)
{
	pthread_mutex_lock(&q->lock);
	int left = --q->owners;
	pthread_mutex_unlock(&q->lock);

	if (left > 0)
		return;
	if (q->list != NULL)
		freeaddrinfo(q->list);
	pthread_mutex_destroy(&q->lock);
	if (q->fd != -1)
		close(q->fd);
	free(q);
}

static void *answer(void *arg)
{
	struct question *q = arg;
	struct addrinfo *list = NULL;
	int error = getaddrinfo(q->host, q->service, &q->hints, &list);

	pthread_mutex_lock(&q->lock);
	q->saved_errno = errno;
	q->error = error;
	q->list = error == 0 ? list : NULL;
	q->is_done = true;
	pthread_mutex_unlock(&q->lock);
	eventfd_write(q->fd, 1);
	let_go(q);
	return NULL;
}

/* Signals are for the thread that knows what they mean. */
static int start_thread(struct question *q)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = pthread_create(&q->thread, NULL, answer, q);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

static void ask(struct family *fam, const char *host, uint16_t port, int family)
{
	struct question *q = calloc(1, sizeof(*q));

	fam->error = EAI_MEMORY;
	if (q == NULL)
		return;
	pthread_mutex_init(&q->lock, NULL);
	q->owners = 2;
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	prepare(q, host, port, family, 0);
	if (q->fd != -1 && start_thread(q) == 0) {
		fam->q = q;
		return;
	}
	q->owners = 1;
	let_go(q);
}

/* Address literals, and the names that RFC 6761 section 6.3 reserves, whatever the hosts file has. */
static void know(struct family *fam, const char *host, uint16_t port, int family)
{
	struct question q = {0};

	prepare(&q, host, port, family, AI_NUMERICHOST);
	fam->error = getaddrinfo(q.host, q.service, &q.hints, &fam->list);
	fam->next = fam->error == 0 ? fam->list : NULL;
}

static bool is_localhost(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0;
}

struct names *names_start(const char *host, uint16_t port, struct fault *f)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL) {
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	snprintf(n->host, sizeof(n->host), "%s", host);
	if (is_localhost(host)) {
		know(&n->family[NET_V6], "::1", port, AF_INET6);
		know(&n->family[NET_V4], "127.0.0.1", port, AF_INET);
	} else if (net_is_address(host)) {
		int one = strchr(host, ':') != NULL ? NET_V6 : NET_V4;
		n->family[!one].error = EAI_NODATA;
		know(&n->family[one], host, port, domain[one]);
	} else {
		for (int i = 0; i < NET_FAMILIES; i++)
			ask(&n->family[i], host, port, domain[i]);
	}
	return n;
}

void names_free(struct names *n)
{
	if (n == NULL)
		return;
	for (int i = 0; i < NET_FAMILIES; i++) {
		if (n->family[i].q != NULL) {
			pthread_detach(n->family[i].q->thread);
			let_go(n->family[i].q);
		}
		if (n->family[i].list != NULL)
			freeaddrinfo(n->family[i].list);
	}
	free(n);
}

static void collect(struct family *fam)
{
	struct question *q = fam->q;

	pthread_mutex_lock(&q->lock);
	bool is_done = q->is_done;
	pthread_mutex_unlock(&q->lock);

	if (!is_done)
		return;
	/* It has only to end, which takes no time; left alone it might still be at that when the program ends, and what the
	 * resolver keeps for each thread would look lost. */
	pthread_join(q->thread, NULL);
	fam->error = q->error;
	fam->saved_errno = q->saved_errno;
	fam->list = fam->next = q->list;
	q->list = NULL;
	fam->q = NULL;
	let_go(q);
}

void names_collect(struct names *n)
{
	for (int i = 0; i < NET_FAMILIES; i++)
		if (n->family[i].q != NULL)
			collect(&n->family[i]);
}

nfds_t names_poll(const struct names *n, struct pollfd fds[static NET_FAMILIES])
{
	nfds_t count = 0;

	for (int i = 0; i < NET_FAMILIES; i++)
		if (n->family[i].q != NULL)
			fds[count++] = (struct pollfd){.fd = n->family[i].q->fd, .events = POLLIN};
	return count;
}

bool names_pending(const struct names *n, int family)
{
	return n->family[family].q != NULL;
}

bool names_has(const struct names *n, int family)
{
	return n->family[family].next != NULL;
}

const struct addrinfo *names_next(struct names *n, int family)
{
	struct addrinfo *a = n->family[family].next;

	if (a != NULL)
		n->family[family].next = a->ai_next;
	return a;
}

static bool is_absence(int error)
{
	return error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY;
}

/* That the host does not exist is true only when both answers say so. */
int names_fault(const struct names *n, struct fault *f)
{
	for (int i = 0; i < NET_FAMILIES; i++) {
		const struct family *fam = &n->family[i];
		const char *why = fam->error == EAI_SYSTEM ? strerrordesc_np(fam->saved_errno)
							   : gai_strerror(fam->error);

		if (!is_absence(fam->error))
			return fault_set(f, FAULT_TEMP, "resolving %s: %s", n->host,
			    why != NULL ? why : "failed");
	}
	return fault_set(f, FAULT_NOHOST, "the host %s does not exist or has no address", n->host);
}
