/*
 * net: from a host name to a connected, non-blocking socket, and clocks for deadlines.
 */
#ifndef LM_WIRE_NET_H
#define LM_WIRE_NET_H

#include <stdint.h>

#include "base/fault.h"

/* Milliseconds on CLOCK_MONOTONIC: what deadlines are written in. */
int64_t net_now(void);

/*
 * Resolves `host` (a name, IDN names by RFC 5891; or an address literal, IPv6 without brackets) and connects
 * to `port`: both families in parallel, as RFC 8305 asks (addresses interleaved, IPv6 first, attempts
 * 250 ms apart or as soon as one fails, the first to connect wins, the others are closed). Everything
 * together, resolving too, ends by `deadline` (net_now() time).
 * Returns a descriptor owned by the caller: O_NONBLOCK, O_CLOEXEC, TCP_NODELAY, SO_KEEPALIVE. Or -1:
 * FAULT_NOHOST when the name does not exist, FAULT_TEMP when it could not be resolved now, or no address
 * answered, or the deadline passed.
 */
int net_connect(const char *host, uint16_t port, int64_t deadline, struct fault *f);

/*
 * Runs `command` with /bin/sh -c (it comes from the configuration, never from mail) on one end of a
 * socket pair and returns the other end (non-blocking, close-on-exec); its standard error stays ours.
 * *pid is the child: the caller reaps it. Or -1, FAULT_IO.
 */
int net_tunnel(const char *command, int *pid, struct fault *f);

/* The A-label form of a host name for SNI, certificate checks and EHLO (libidn2); address literals come back as
 * they are. Writes at most `n` octets with the NUL; 0, or -1 (FAULT_USAGE: not a host name). */
int net_ascii_host(const char *host, char *out, unsigned n, struct fault *f);

#endif
