/*
 * tool: what every lm program has in common: the options -a, -c, -o, -v, the configuration, and lines of output.
 */
#ifndef LM_APP_TOOL_H
#define LM_APP_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"
#include "conf/config.h"

#define LM_VERSION "0.1.0"

enum { TOOL_OVERRIDES_MAX = 64 };

struct tool {
	const char *name;                         /* of the program, for messages */
	const char *account;                      /* -a, or NULL */
	const char *config_path;                  /* -c, or NULL */
	const char *override[TOOL_OVERRIDES_MAX]; /* -o keyword=value */
	size_t noverride;
	int verbose;           /* -v: what is done and why; -vv: the dialogue with the servers */
	bool json;             /* --json: records as JSON lines */
	FILE *err;             /* where notes and diagnostics go (stderr) */
	struct config *config; /* after tool_config() */
};

/* The short options that tool_option() understands, for getopt(): a string literal, to be put before a program's own. */
#define TOOL_OPTIONS "a:c:o:v"

void tool_init(struct tool *t, const char *name, FILE *err);
void tool_free(struct tool *t);
/* One option of TOOL_OPTIONS with its argument. 0, or -1 (FAULT_USAGE). */
int tool_option(struct tool *t, int option, const char *argument, struct fault *f);
/* What getopt_long() (with opterr 0) did not understand, as a FAULT_USAGE: `word` is argv[optind - 1], `letter` is optopt. Returns -1. */
int tool_bad_option(const struct tool *t, const char *word, int letter, struct fault *f);
/* Loads the configuration (once) and applies the overrides. */
int tool_config(struct tool *t, struct fault *f);
/* With -v: a line "NAME: ..." on t->err, made safe. */
void tool_note(const struct tool *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Always: the same for a warning or an error. */
void tool_warn(const struct tool *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints the fault as "NAME: message" and returns its class, to be main's exit code. */
int tool_fail(const struct tool *t, const struct fault *f);

/* One field of a record: its name (for --json) and value; NULL values are "-" in lines and null in JSON. `number`: JSON shows it without quotes. In lines,
 * a field called "flags" keeps its backslashes as they are (`\Seen`): a flag has no other octets that enc_safe() would have to tell apart. */
struct record_field {
	const char *name;
	const char *value;
	bool number;
};
/* Prints a record: values split by TAB, made safe (enc_safe), or a JSON object on one line. -1: FAULT_IO. */
int tool_record(
    const struct tool *t, FILE *out, const struct record_field *fields, size_t n, struct fault *f);
/* Flushes; -1 FAULT_IO when anything written to `out` was lost. */
int tool_flush(FILE *out, struct fault *f);

#endif
