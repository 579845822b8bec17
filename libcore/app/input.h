/*
 * input: lines of a descriptor, of bounded length, for a reader who wants to know when the writer pauses.
 */
#ifndef LM_APP_INPUT_H
#define LM_APP_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

struct input {
	int fd;
	size_t max;     /* octets of a line, without its end */
	char *data;     /* owned */
	size_t at, len; /* what is not taken yet: data[at .. len) */
	bool over;      /* nothing more comes */
	bool skipping;  /* within a line that was too long */
	size_t line;    /* number of the line that came last */
};

enum input_kind {
	INPUT_LINE,
	INPUT_LONG,  /* a line with more than `max` octets: passed over */
	INPUT_NUL,   /* a line with a NUL in it: passed over */
	INPUT_PAUSE, /* nothing came for so long */
	INPUT_END,
	INPUT_FAULT,
};

/* The descriptor is borrowed. Nothing is allocated or read. */
void input_init(struct input *in, int fd, size_t max);
void input_free(struct input *in);
/*
 * The next line: *text is NUL-terminated without its LF, may be changed, and is valid until the next call. The last line may lack its LF. Waits at most `pause` ms
 * for more input (-1: for ever). FAULT: FAULT_IO of the descriptor, FAULT_TEMP without memory.
 */
enum input_kind input_next(struct input *in, int pause, char **text, struct fault *f);

#endif
