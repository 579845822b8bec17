/*
 * net_impl: what the files of net share.
 */
#ifndef LM_WIRE_NET_IMPL_H
#define LM_WIRE_NET_IMPL_H

#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

enum { NET_HOST_MAX = 256 };

/* An IPv4 address, or an IPv6 address with or without a zone: nothing to ask a resolver for. */
bool net_is_address(const char *host);

/*
 * The addresses of one host, coming in for both families independently: the answer for one is of use while
 * the other's is outstanding (a server that drops AAAA questions costs nothing).
 */
enum { NET_V6, NET_V4, NET_FAMILIES };

struct names;

/* Starts to resolve an ASCII host. NULL: fault. */
struct names *names_start(const char *host, uint16_t port, struct fault *f);
/* Gives up what is outstanding and releases the rest. */
void names_free(struct names *n);
/* What to poll for while answers are outstanding: writes at most NET_FAMILIES entries, returns how many. */
nfds_t names_poll(const struct names *n, struct pollfd fds[static NET_FAMILIES]);
/* Takes the answers that came in. */
void names_collect(struct names *n);
/* The resolver has not answered for this family yet. */
bool names_pending(const struct names *n, int family);
/* The next address of a family, each once; NULL: none (yet). Valid until names_free(). */
const struct addrinfo *names_next(struct names *n, int family);
bool names_has(const struct names *n, int family);
/* Sets the fault for a host without any address. Returns -1. */
int names_fault(const struct names *n, struct fault *f);

#endif
