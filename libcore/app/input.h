/*
 * input: lines of a descriptor, of bounded length, for a reader who wants to know when the writer pauses.
 */
#ifndef LM_APP_INPUT_H
#define LM_APP_INPUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

enum {
	INPUT_LINE_MAX = 64 * 1024, /* for lines that hold URLs: octets, more than any needs */
	INPUT_PAUSE_MS =
	    250, /* without input: what was read is worked off, as the writer may wait for long */
};

struct input {
	int fd;
	size_t max;     /* octets of a line, without its end */
	char *data;     /* owned */
	size_t at, len; /* what is not taken yet: data[at .. len) */
	bool over;      /* nothing more comes */
	bool skipping;  /* within a line that was too long */
	size_t line;    /* number of the line that came last */
	const volatile sig_atomic_t
	    *stop; /* NULL, or what a signal sets: then nothing more is waited for */
};

enum input_kind {
	INPUT_LINE,
	INPUT_LONG,  /* a line with more than `max` octets: passed over */
	INPUT_NUL,   /* a line with a NUL in it: passed over */
	INPUT_PAUSE, /* nothing came for so long */
	INPUT_END,   /* nothing more comes, or `stop` is set */
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
/* The fault of a line that was passed over (INPUT_LONG, INPUT_NUL): FAULT_DATA with its number. Returns -1. */
int input_bad(const struct input *in, enum input_kind kind, struct fault *f);
/* The next line for a reader who does not care about pauses. 1, 0: no more, -1: input_bad(), after which the next call goes on behind that line, or the faults of input_next(). */
int input_line(struct input *in, char **text, struct fault *f);

#endif
