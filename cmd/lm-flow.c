/* lm-flow: plain text to format=flowed and back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/tool.h"
#include "base/num.h"
#include "msg/flow.h"

enum {
	WIDTH = 72,
	WIDTH_MIN = 10,
	INPUT_PIECE = 65536,
	/* More than a call to either direction appends: twice its input, FLOW_PIECE_MAX, a line. */
	OUTPUT_MAX = 4 * INPUT_PIECE,
};

enum { OPT_DELSP = TOOL_OWN };

static const struct option long_options[] = {
    {"decode", no_argument, NULL, 'd'},
    {"delsp", no_argument, NULL, OPT_DELSP},
    {"help", no_argument, NULL, TOOL_HELP},
    {"version", no_argument, NULL, TOOL_VERSION},
    {"width", required_argument, NULL, 'w'},
    {NULL, 0, NULL, 0},
};

static const char usage[] = "usage: lm-flow [-w width] [--delsp] < text > flowed\n"
			    "       lm-flow -d [--delsp] < flowed > text\n";

static const struct tool_cli cli = {"dw:h", long_options, usage, NULL};

struct job {
	struct tool tool;
	bool decode, delsp;
	const char *width_text; /* -w, or NULL */
	uint32_t width;
	bool begun; /* something was read */
	struct flow_encoder encoder;
	struct flow_decoder decoder;
	struct buf out;
};

static int parse_width(struct job *j, const char *text, struct fault *f)
{
	j->width_text = text;
	if (num_u32(text, strlen(text), &j->width) == 0 &&
	    (j->width == 0 || (j->width >= WIDTH_MIN && j->width <= FLOW_WIDTH_MAX)))
		return 0;
	return fault_set(f, FAULT_USAGE, "-w takes %d to %d, or 0 to break no line: %s", WIDTH_MIN,
	    FLOW_WIDTH_MAX, text);
}

static int set_option(struct job *j, int option, const char *arg, struct fault *f)
{
	switch (option) {
	case 'd':
		j->decode = true;
		return 0;
	case 'w':
		return parse_width(j, arg, f);
	default: /* --delsp */
		j->delsp = true;
		return 0;
	}
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0)
		if (set_option(j, option, optarg, f) == -1)
			return -1;
	return option;
}

static int write_out(struct job *j, struct fault *f)
{
	size_t at = 0;

	if (buf_failed(&j->out))
		return fault_set(f, FAULT_TEMP, "out of memory");
	while (at < j->out.len) {
		ssize_t n = write(STDOUT_FILENO, j->out.data + at, j->out.len - at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_errno(f, FAULT_IO, "standard output");
		at += (size_t)n;
	}
	buf_reset(&j->out);
	return 0;
}

static int take(struct job *j, const char *s, size_t n, struct fault *f)
{
	if (j->decode) {
		flow_decoder_feed(&j->decoder, &j->out, s, n);
		return write_out(j, f);
	}
	if (!j->begun)
		flow_encoder_look(&j->encoder, s, n);
	j->begun = true;
	while (n > 0) {
		size_t used = flow_encoder_feed(&j->encoder, &j->out, s, n);

		s += used;
		n -= used;
		if (write_out(j, f) == -1)
			return -1;
	}
	return 0;
}

static int filter(struct job *j, struct fault *f)
{
	static char octets[INPUT_PIECE];
	ssize_t n;

	flow_encoder_init(&j->encoder, j->width, j->delsp, FLOW_KEEP);
	flow_decoder_init(&j->decoder, j->delsp, FLOW_KEEP);
	while ((n = read(STDIN_FILENO, octets, sizeof(octets))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_errno(f, FAULT_IO, "standard input");
		if (take(j, octets, (size_t)n, f) == -1)
			return -1;
	}
	if (j->decode)
		flow_decoder_end(&j->decoder, &j->out);
	else
		flow_encoder_end(&j->encoder, &j->out);
	return write_out(j, f);
}

static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	if (argc > 0)
		return fault_set(
		    f, FAULT_USAGE, "a filter: it reads standard input, not files: %s", argv[0]);
	if (j->decode && j->width_text != NULL)
		return fault_set(f, FAULT_USAGE, "-w is for encoding: -d makes whole lines");
	return filter(j, f);
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {.width = WIDTH};
	int code = 0;

	tool_init(&j.tool, "lm-flow", stderr);
	buf_init(&j.out, OUTPUT_MAX);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && work(&j, argc - optind, argv + optind, &f) == -1))
		code = tool_fail(&j.tool, &f);
	buf_free(&j.out);
	tool_free(&j.tool);
	return code;
}
