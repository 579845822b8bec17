/* tool: options, notes and records that all programs share. */
#include "app/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"

enum { LINE_MAX_OCTETS = 1024 * 1024 };

/* A standard descriptor that is closed would be the next socket's number, and what we print would go there. In its place comes one that
 * cannot be used, so that reading or writing fails as it should. */
static void guard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return;
}

void tool_init(struct tool *t, const char *name, FILE *err)
{
	guard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	memset(t, 0, sizeof(*t));
	t->name = name;
	t->err = err;
}

void tool_free(struct tool *t)
{
	config_free(t->config);
	t->config = NULL;
}

int tool_option(struct tool *t, int option, const char *argument, struct fault *f)
{
	switch (option) {
	case 'a':
		t->account = argument;
		return 0;
	case 'c':
		t->config_path = argument;
		return 0;
	case 'o':
		if (t->noverride == TOOL_OVERRIDES_MAX)
			return fault_set(
			    f, FAULT_USAGE, "more than %d -o options", TOOL_OVERRIDES_MAX);
		t->override[t->noverride++] = argument;
		return 0;
	case 'v':
		t->verbose++;
		return 0;
	case TOOL_JSON:
		t->json = true;
		return 0;
	default:
		return fault_set(f, FAULT_USAGE, "unknown option");
	}
}

int tool_bad_option(const struct tool *t, const char *word, int letter, struct fault *f)
{
	if (letter != 0 && letter <= UCHAR_MAX && strncmp(word, "--", 2) != 0)
		return fault_set(f, FAULT_USAGE,
		    "-%c is no option, or lacks its argument: see %s --help", letter, t->name);
	return fault_set(f, FAULT_USAGE,
	    "%s is no option, or not with this argument: see %s --help", word, t->name);
}

static bool is_own(const struct tool_cli *cli, int option)
{
	if (option > UCHAR_MAX)
		return option >= TOOL_OWN;
	return strchr("achov", option) == NULL ||
	    (cli->own != NULL && strchr(cli->own, option) != NULL);
}

static int finish(struct tool *t, const char *usage, FILE *out, struct fault *f)
{
	if (usage != NULL)
		fputs(usage, out);
	else
		fprintf(out, "%s %s\n", t->name, LM_VERSION);
	t->finished = true;
	return tool_flush(out, f);
}

int tool_next(struct tool *t, int argc, char *const *argv, const struct tool_cli *cli, FILE *out,
    struct fault *f)
{
	int option, before = optind;

	opterr = 0;
	for (; (option = getopt_long(argc, argv, cli->letters, cli->table, NULL)) != -1;
	     before = optind) {
		/* A letter with others behind it: its word is not done, and the one before it is another. */
		if (option == '?')
			return tool_bad_option(
			    t, optind > before ? argv[optind - 1] : "", optopt, f);
		if (is_own(cli, option))
			return option;
		if (option == TOOL_VERSION)
			return finish(t, NULL, out, f);
		if (option == 'h' || option == TOOL_HELP)
			return finish(t, cli->usage, out, f);
		if (tool_option(t, option, optarg, f) == -1)
			return -1;
	}
	return 0;
}

int tool_config(struct tool *t, struct fault *f)
{
	if (t->config != NULL)
		return 0;
	t->config = config_load(t->config_path, f);
	if (t->config == NULL)
		return -1;
	for (size_t i = 0; i < t->noverride; i++)
		if (config_override(t->config, t->override[i], f) == -1)
			return -1;
	return 0;
}

static void say(const struct tool *t, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void say(const struct tool *t, const char *fmt, va_list ap)
{
	char text[4096];
	struct buf safe;

	vsnprintf(text, sizeof(text), fmt, ap);
	buf_init(&safe, LINE_MAX_OCTETS);
	enc_safe(&safe, text, strlen(text));
	fprintf(t->err, "%s: %s\n", t->name, buf_str(&safe));
	buf_free(&safe);
}

void tool_note(const struct tool *t, const char *fmt, ...)
{
	va_list ap;

	if (t->verbose == 0)
		return;
	va_start(ap, fmt);
	say(t, fmt, ap);
	va_end(ap);
}

void tool_warn(const struct tool *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(t, fmt, ap);
	va_end(ap);
}

/* A fault's message is safe already: printed as it is. */
int tool_fail(const struct tool *t, const struct fault *f)
{
	fprintf(t->err, "%s: %s\n", t->name, f->msg);
	return f->cls == FAULT_NONE ? FAULT_BUG : (int)f->cls;
}

void tool_failed(struct tool *t, const char *what, const struct fault *why)
{
	struct fault f = *why;

	if (what != NULL)
		fault_while(&f, "%s", what);
	if (why->msg[0] != '\0')
		tool_fail(t, &f);
	if (t->result == FAULT_NONE || t->result == FAULT_TEMP)
		t->result = why->cls == FAULT_NONE ? FAULT_BUG : why->cls;
}

/* Flags look as IMAP writes them: a backslash is not doubled. */
static void put_flags(struct buf *b, const char *s)
{
	size_t left = strlen(s);

	while (left > 0) {
		char safe[ENC_SAFE_MAX];
		size_t n, used = enc_safe_one(safe, &n, s, left);

		buf_put(b, safe, n);
		s += used;
		left -= used;
	}
}

static void put_line(struct buf *b, const struct record_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *v = fields[i].value;

		if (i > 0)
			buf_putc(b, '\t');
		if (v == NULL)
			buf_putc(b, '-');
		else if (strcmp(fields[i].name, "flags") == 0)
			put_flags(b, v);
		else
			enc_safe(b, v, strlen(v));
	}
}

static void put_json(struct buf *b, const struct record_field *fields, size_t n)
{
	buf_putc(b, '{');
	for (size_t i = 0; i < n; i++) {
		const char *v = fields[i].value;

		if (i > 0)
			buf_putc(b, ',');
		enc_json(b, fields[i].name, strlen(fields[i].name));
		buf_putc(b, ':');
		if (v == NULL)
			buf_puts(b, "null");
		else if (fields[i].number)
			buf_puts(b, v);
		else
			enc_json(b, v, strlen(v));
	}
	buf_putc(b, '}');
}

int tool_record(
    const struct tool *t, FILE *out, const struct record_field *fields, size_t n, struct fault *f)
{
	struct buf b;
	int r = 0;

	buf_init(&b, LINE_MAX_OCTETS);
	if (t->json)
		put_json(&b, fields, n);
	else
		put_line(&b, fields, n);
	buf_putc(&b, '\n');
	if (buf_failed(&b))
		r = fault_set(f, FAULT_IO, "a line of output over %d octets", LINE_MAX_OCTETS);
	else if (fwrite(b.data, 1, b.len, out) != b.len)
		r = fault_errno(f, FAULT_IO, "standard output");
	buf_free(&b);
	return r;
}

int tool_flush(FILE *out, struct fault *f)
{
	if (fflush(out) == EOF || ferror(out))
		return fault_errno(f, FAULT_IO, "standard output");
	return 0;
}
