/*
 * whole: all of it, or an error.
 */
#ifndef LM_BASE_WHOLE_H
#define LM_BASE_WHOLE_H

#include <stddef.h>

/* Writes the n octets at p to a blocking descriptor, however few it takes at a time. 0, or -1 with errno; some of them may then be written. */
int write_whole(int fd, const void *p, size_t n);

#endif
