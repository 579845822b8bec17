/*
 * buf: a growing array of octets that knows its limit.
 *
 * The limit is given at init and never passed: an append that would pass it, or for which there is
 * no memory, appends nothing and marks the buffer as failed. The mark stays until buf_reset(), and
 * while it is there nothing more is appended, so that a run of appends needs one check at the end: `if (buf_failed(&b)) return fault_set(...)`.
 * The content may hold NUL octets; buf_str() gives it a terminating NUL for use as a C string.
 */
#ifndef LM_BASE_BUF_H
#define LM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* owned; NULL while nothing was appended */
	size_t len; /* octets in use */
	size_t cap; /* octets allocated */
	size_t max; /* len never passes this */
	bool failed;
};

/* An empty buffer that holds at most `max` octets. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* Releases the memory; the buffer is as after buf_init() with the same limit. */
void buf_free(struct buf *b);
/* Overwrites the memory (explicit_bzero) and releases it: for secrets. */
void buf_wipe(struct buf *b);
/* Forgets content and failure mark, keeps the memory. */
void buf_reset(struct buf *b);
static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

/* Append. `p` may be NULL when n is 0; it must not point into b. */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
/* printf into the buffer. For text of our own; protocol text has its own typed appenders. */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for n more octets and returns where they go, or NULL (marked as failed). The caller
 * writes there and adds what it wrote to b->len. */
char *buf_room(struct buf *b, size_t n);
/* Drops n octets (at most len) from the front. */
void buf_drop(struct buf *b, size_t n);
/* The content with a NUL behind it (not counted in len); "" for an empty or failed buffer. Valid
 * until the next change of b. */
const char *buf_str(struct buf *b);
/* Hands the NUL-terminated content over to the caller, who frees it; b is empty afterwards. NULL
 * when failed. */
char *buf_steal(struct buf *b);

#endif
