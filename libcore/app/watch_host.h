/*
 * watch_host: what the machine has to tell a program that runs for months: signals, that it slept, that its addresses or routes changed; and what the service manager
 * wants to hear (sd_notify(3), without its library).
 */
#ifndef LM_APP_WATCH_HOST_H
#define LM_APP_WATCH_HOST_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

enum {
	HOST_STOP = 1,   /* SIGTERM, SIGINT or SIGHUP came: host.signal */
	HOST_CHILD = 2,  /* SIGCHLD */
	HOST_SLEPT = 4,  /* the machine was suspended */
	HOST_ROUTES = 8, /* an address or a route came or went */
	HOST_FDS = 3,
};

struct host {
	int signals, jumps, routes; /* descriptors; -1: not to be had here */
	int64_t slept;              /* clock_slept()'s mark */
	int signal;                 /* the one that stops us, or 0 */
	int notify;                 /* socket of the service manager, or -1 */
	int64_t watchdog;           /* ms between signs of life; 0: nobody wants any */
	int64_t watchdog_at;        /* clock_awake() of the next */
};

/* Signals are blocked from here on; the descriptors say when one came. -1: FAULT_IO. */
int host_init(struct host *h, struct fault *f);
/* Signals do again what they did before. */
void host_free(struct host *h);
/* While something blocks that we cannot interrupt, a signal ends the program at once: `on`, until off. */
void host_mortal(struct host *h, bool on);
/* What to poll for. */
void host_poll(const struct host *h, struct pollfd fds[static HOST_FDS]);
/* What has happened since: HOST_* bits. Never blocks. */
unsigned host_news(struct host *h);

/* Tells the service manager (newline-separated VARIABLE=value); nothing where there is none. */
void host_tell(const struct host *h, const char *text);
/* A sign of life, where one is due; returns when the next is (clock_awake()), or -1. */
int64_t host_alive(struct host *h);

/* Whether a connection of ours still has the address that would be taken for its peer now. True when it cannot be told. */
bool host_route_stands(int fd);
/* A connection whose peer does not answer for a minute is lost: keepalive and user timeout. No harm on what is no TCP. */
void host_keepalive(int fd);

#endif
