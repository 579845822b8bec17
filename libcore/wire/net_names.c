#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/net_impl.h"

/* One question to the resolver. It has an allocation of its own, because a question that is given up while
 * a thread of the C library works on it must outlive us: see drop(). */
struct question {
	struct gaicb cb;
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
static struct question *question_new(const char *host, uint16_t port, int family, int flags)
{
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	snprintf(q->host, sizeof(q->host), "%s", host);
	snprintf(q->service, sizeof(q->service), "%u", (unsigned)port);
	q->hints.ai_family = family;
	q->hints.ai_socktype = SOCK_STREAM;
	q->hints.ai_flags = AI_NUMERICSERV | flags;
	q->cb.ar_name = q->host;
	q->cb.ar_service = q->service;
	q->cb.ar_request = &q->hints;
	return q;
}

static void answered(struct family *fam, int error)
{
	fam->saved_errno = errno;
	fam->error = error;
	fam->list = fam->next = error == 0 ? fam->q->cb.ar_result : NULL;
	free(fam->q);
	fam->q = NULL;
}

/* A question that cannot be taken back is left to the thread that holds it. There are at most two of them in a
 * connection that failed, and the program is about to say so. */
static void drop(struct family *fam)
{
	int r;

	if (fam->q == NULL)
		return;
	r = gai_cancel(&fam->q->cb);
	if (r == EAI_NOTCANCELED) {
		fam->q = NULL;
		return;
	}
	answered(fam, r == EAI_CANCELED ? EAI_AGAIN : gai_error(&fam->q->cb));
}

/* Address literals, and the names that RFC 6761 section 6.3 reserves, whatever the hosts file has. */
static void know(struct family *fam, const char *host, uint16_t port, int family)
{
	struct question *q = question_new(host, port, family, AI_NUMERICHOST);

	if (q == NULL) {
		fam->error = EAI_MEMORY;
		return;
	}
	fam->error = getaddrinfo(q->host, q->service, &q->hints, &fam->list);
	fam->next = fam->error == 0 ? fam->list : NULL;
	free(q);
}

static void ask(struct family *fam, const char *host, uint16_t port, int family)
{
	struct gaicb *list[1];
	int r;

	fam->q = question_new(host, port, family, 0);
	if (fam->q == NULL) {
		fam->error = EAI_MEMORY;
		return;
	}
	list[0] = &fam->q->cb;
	r = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	if (r != 0)
		answered(fam, r);
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
		drop(&n->family[i]);
		if (n->family[i].list != NULL)
			freeaddrinfo(n->family[i].list);
	}
	free(n);
}

static void collect(struct family *fam)
{
	int r;

	if (fam->q == NULL)
		return;
	r = gai_error(&fam->q->cb);
	if (r != EAI_INPROGRESS)
		answered(fam, r);
}

void names_wait(struct names *n, int ms)
{
	const struct gaicb *list[NET_FAMILIES];
	struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	int count = 0;

	for (int i = 0; i < NET_FAMILIES; i++)
		if (n->family[i].q != NULL)
			list[count++] = &n->family[i].q->cb;
	if (count > 0 && ms > 0)
		gai_suspend(list, count, &limit);
	for (int i = 0; i < NET_FAMILIES; i++)
		collect(&n->family[i]);
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
