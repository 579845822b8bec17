/* input: read(2) and poll(2), as what stdio holds back cannot be seen. */
#include "app/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void input_init(struct input *in, int fd, size_t max)
{
	*in = (struct input){.fd = fd, .max = max};
}

void input_free(struct input *in)
{
	free(in->data);
	in->data = NULL;
}

/* 1: there is something to read, 0: it pauses, 2: a signal came. */
static int await(const struct input *in, int pause, struct fault *f)
{
	struct pollfd p = {.fd = in->fd, .events = POLLIN};
	int r = poll(&p, 1, pause);

	if (r != -1)
		return r;
	return errno == EINTR ? 2 : fault_errno(f, FAULT_IO, "standard input");
}

/* There is always room for one octet more than a line may have, and for the NUL behind it. */
static int make_room(struct input *in, struct fault *f)
{
	if (in->data == NULL)
		in->data = malloc(in->max + 2);
	if (in->data == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	memmove(in->data, in->data + in->at, in->len - in->at);
	in->len -= in->at;
	in->at = 0;
	return 0;
}

static int refill(struct input *in, struct fault *f)
{
	ssize_t n;

	do
		n = read(in->fd, in->data + in->len, in->max + 1 - in->len);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return fault_errno(f, FAULT_IO, "standard input");
	in->over = n == 0;
	in->len += (size_t)n;
	return 0;
}

/* Takes the n octets of a line, and its end, out. */
static enum input_kind take(struct input *in, size_t n, char **text)
{
	char *line = in->data + in->at;
	bool was_skipping = in->skipping;

	in->at += n < in->len - in->at ? n + 1 : n;
	in->skipping = false;
	in->line++;
	if (was_skipping || n > in->max)
		return INPUT_LONG;
	line[n] = '\0';
	*text = line;
	return memchr(line, '\0', n) != NULL ? INPUT_NUL : INPUT_LINE;
}

/* A line that does not fit is forgotten up to here. */
static void skip(struct input *in)
{
	in->skipping = true;
	in->at = in->len = 0;
}

enum input_kind input_next(struct input *in, int pause, char **text, struct fault *f)
{
	for (;;) {
		size_t held = in->len - in->at;
		const char *end = held > 0 ? memchr(in->data + in->at, '\n', held) : NULL;

		if (end != NULL)
			return take(in, (size_t)(end - (in->data + in->at)), text);
		if (in->over && held == 0 && !in->skipping)
			return INPUT_END;
		if (in->over)
			return take(in, held, text);
		if (held > in->max)
			skip(in);
		if (make_room(in, f) == -1)
			return INPUT_FAULT;
		if (in->stop != NULL && *in->stop != 0)
			return INPUT_END;

		int ready = await(in, pause, f);
		if (ready == 0)
			return INPUT_PAUSE;
		if (ready == -1 || (ready == 1 && refill(in, f) == -1))
			return INPUT_FAULT;
	}
}

int input_bad(const struct input *in, enum input_kind kind, struct fault *f)
{
	return fault_set(f, FAULT_DATA, "standard input, line %zu: %s", in->line,
	    kind == INPUT_NUL ? "has a NUL in it" : "too long");
}

int input_line(struct input *in, char **text, struct fault *f)
{
	enum input_kind kind = input_next(in, -1, text, f);

	switch (kind) {
	case INPUT_LINE:
		return 1;
	case INPUT_LONG:
	case INPUT_NUL:
		return input_bad(in, kind, f);
	case INPUT_END:
		return 0;
	default:
		return -1;
	}
}
