/*
 * link: a connected stream socket with its octets counted: what TLS and chan read and write through.
 * Nothing blocks, and a peer that is gone raises no SIGPIPE.
 */
#ifndef LM_WIRE_LINK_H
#define LM_WIRE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct link {
	int fd;            /* not owned */
	bool eof;          /* the peer has closed its side */
	int read_error;    /* errno of a read that failed for good, else 0 */
	int write_error;   /* the same of a write; reading may go on, there may be last words */
	uint64_t up, down; /* octets that went out and came in */
	bool wrote;        /* something went out since octets last came in */
	/* Set by the owner while more waits to go out: what comes in meanwhile was not waited for. */
	bool busy;
	unsigned turnarounds; /* see struct chan_stats */
};

void link_init(struct link *l, int fd);
/* Octets read, at least one. 0: the peer has closed (eof). -1: nothing now, or read_error. */
ssize_t link_read(struct link *l, void *p, size_t n);
/* Octets written, at least one. -1: not now, or write_error. */
ssize_t link_write(struct link *l, const void *p, size_t n);
/* The same from two places in one segment, a before b. Either may be empty, not both. */
ssize_t link_write2(struct link *l, const void *a, size_t na, const void *b, size_t nb);

#endif
