/*
 * watch_out: where events go: lines on a descriptor, or a command for each (-x). What cannot go at once waits in a queue of bounded size.
 */
#ifndef LM_APP_WATCH_OUT_H
#define LM_APP_WATCH_OUT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "app/tool.h"
#include "app/watch_queue.h"
#include "base/buf.h"
#include "base/fault.h"

struct watch_out {
	const struct tool *tool;
	int fd;              /* not owned */
	const char *command; /* for /bin/sh -c, or NULL: lines to fd */
	struct watch_queue queue;
	char *lines;   /* on their way to fd, */
	size_t len;    /* how many octets, */
	size_t sent;   /* and how many of these have gone */
	pid_t child;   /* the command that runs, or 0 */
	bool closed;   /* nobody reads any more */
	bool stuck;    /* we waited for the reader in vain, and nothing has moved since */
	uint64_t told; /* events that were written or whose command has ended */
};

void watch_out_init(struct watch_out *o, const struct tool *t, int fd, const char *command);
/* Waits for a command that still runs. */
void watch_out_free(struct watch_out *o);

/*
 * Queues an event. Its fields: verb, account, URL, then those of the verb:
 *     new            [FROM SUBJECT DATE]
 *     flags          FLAGS
 *     mailbox-renamed URL
 *     metadata       ENTRY
 *     status         MESSAGES UNSEEN UIDNEXT
 * 0, or -1: no room.
 */
int watch_out_add(struct watch_out *o, const char *const *field, size_t n);
/* Writes what can be written, runs the next command where the last has ended. Never blocks. 0, or -1 (FAULT_IO); a reader who went away sets o->closed. */
int watch_out_push(struct watch_out *o, struct fault *f);
/* Nothing waits or is on its way. */
bool watch_out_is_empty(const struct watch_out *o);
/* What to poll for: only errors while nothing waits. With a command: nothing (fd -1), SIGCHLD says when it has ended. */
struct pollfd watch_out_poll(const struct watch_out *o);

#endif
