/*
 * tool: what every lm program has in common: the options -a, -c, -o, -v, --json, --help and --version, the configuration, lines of output, and what went wrong on the way.
 */
#ifndef LM_APP_TOOL_H
#define LM_APP_TOOL_H

#include <getopt.h>
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
	int verbose;             /* -v: what is done and why; -vv: the dialogue with the servers */
	bool json;               /* --json: records as JSON lines */
	bool finished;           /* --help or --version was all that was wanted, and is printed */
	FILE *err;               /* where notes and diagnostics go (stderr) */
	struct config *config;   /* after tool_config() */
	enum fault_class result; /* of tool_failed() */
};

/* The short options that all programs have, for getopt_long(): a string literal, to be put before a program's own. */
#define TOOL_OPTIONS "a:c:o:v"

/* The values of the long options that all programs have. A program's own begin with TOOL_OWN. */
enum { TOOL_HELP = 256, TOOL_JSON, TOOL_VERSION, TOOL_OWN };

/* What tool_next() understands. All borrowed. */
struct tool_cli {
	const char *letters;        /* as getopt_long() takes them */
	const struct option *table; /* as getopt_long() takes it; no flag pointers */
	const char *usage;          /* what --help prints */
	const char *own; /* NULL, or those of a, c, h, o, v that this program has for itself */
};

/* Readies the process, too: a closed standard descriptor cannot become a socket, and SIGPIPE is ignored. */
void tool_init(struct tool *t, const char *name, FILE *err);
void tool_free(struct tool *t);
/*
 * The next option that is the program's own, as getopt_long() returns it: its argument is optarg, and optind counts as usual. 0: there are no more, and argv[optind] is the first
 * operand. Those that all programs have are taken in on the way; --help (-h) and --version are printed to `out` and set t->finished: then, too, 0, and what follows
 * is not looked at. -1: FAULT_USAGE for an option that is not known or lacks its argument, FAULT_IO of `out`.
 */
int tool_next(struct tool *t, int argc, char *const *argv, const struct tool_cli *cli, FILE *out,
    struct fault *f);
/* Takes one option in that all programs have: of TOOL_OPTIONS, with its argument, or TOOL_JSON. For a program that has -o as its own and finds that it was not. 0, or
 * -1 (FAULT_USAGE). */
int tool_option(struct tool *t, int option, const char *argument, struct fault *f);
/* What getopt_long() (with opterr 0) did not understand, as a FAULT_USAGE: `word` is argv[optind - 1], or "" when the word is not done (optind stands where it stood), `letter` is optopt. Returns -1. */
int tool_bad_option(const struct tool *t, const char *word, int letter, struct fault *f);
/* Loads the configuration (once) and applies the overrides. */
int tool_config(struct tool *t, struct fault *f);
/* With -v: a line "NAME: ..." on t->err, made safe. */
void tool_note(const struct tool *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Always: the same for a warning or an error. */
void tool_warn(const struct tool *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints the fault as "NAME: message" and returns its class, to be main's exit code. */
int tool_fail(const struct tool *t, const struct fault *f);
/* One thing among many failed, and the others are still to be done: prints "NAME: WHAT: message" (without "WHAT: " when `what` is NULL; nothing when the message is empty, as it was said already), and puts the class into t->result: the first that is for
 * good stays there, or FAULT_TEMP when all may go well next time. */
void tool_failed(struct tool *t, const char *what, const struct fault *why);

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
