/* watch_out: lines, and commands. */
#include "app/watch_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imap/url.h"

enum {
	BATCH = 16 * 1024,    /* octets of lines that are made at once */
	FACTS = 12,           /* that one command is told */
	FACT_MAX = 64 * 1024, /* octets of one */
};

/* The names of the fields behind verb and account, for JSON and for the environment. */
struct verb {
	const char *name;
	const char *json[WATCH_FIELDS], *fact[WATCH_FIELDS];
	bool numbers;
};

static const struct verb verbs[] = {
    {"flags", {"url", "flags"}, {"LM_URL", "LM_FLAGS"}, false},
    {"mailbox-renamed", {"url", "to"}, {"LM_URL", "LM_TO"}, false},
    {"metadata", {"url", "entry"}, {"LM_URL", "LM_ENTRY"}, false},
    {"new", {"url", "from", "subject", "date"}, {"LM_URL", "LM_FROM", "LM_SUBJECT", "LM_DATE"},
	false},
    {"status", {"url", "messages", "unseen", "uidnext"},
	{"LM_URL", "LM_MESSAGES", "LM_UNSEEN", "LM_UIDNEXT"}, true},
    {"", {"url"}, {"LM_URL"}, false},
};

static const struct verb *verb_of(const char *name)
{
	const struct verb *v = verbs;

	while (v->name[0] != '\0' && strcmp(v->name, name) != 0)
		v++;
	return v;
}

void watch_out_init(struct watch_out *o, const struct tool *t, int fd, const char *command)
{
	*o = (struct watch_out){.tool = t, .fd = fd, .command = command};
	watch_queue_init(&o->queue);
}

void watch_out_free(struct watch_out *o)
{
	while (o->child > 0 && waitpid(o->child, NULL, 0) == -1 && errno == EINTR)
		continue;
	watch_queue_free(&o->queue);
	free(o->lines);
}

int watch_out_add(struct watch_out *o, const char *const *field, size_t n)
{
	return watch_queue_add(&o->queue, field, n);
}

bool watch_out_is_empty(const struct watch_out *o)
{
	return o->queue.n == 0 && o->lines == NULL && o->child == 0;
}

struct pollfd watch_out_poll(const struct watch_out *o)
{
	if (o->command != NULL || o->closed)
		return (struct pollfd){.fd = -1};
	return (struct pollfd){.fd = o->fd, .events = watch_out_is_empty(o) ? 0 : (short)POLLOUT};
}

/* ---- lines */

static int format(const struct watch_out *o, FILE *to, struct fault *f)
{
	const char *field[WATCH_FIELDS] = {NULL};
	struct record_field record[WATCH_FIELDS];
	size_t n = watch_queue_first(&o->queue, field), k = 0;
	const struct verb *v = verb_of(field[0]);

	record[k++] = (struct record_field){"event", field[0], false};
	for (size_t i = 2; i < n && v->json[i - 2] != NULL; i++)
		record[k++] = (struct record_field){v->json[i - 2],
		    v->numbers && field[i][0] == '\0' ? NULL : field[i], v->numbers && i > 2};
	return tool_record(o->tool, to, record, k, f);
}

/* The next lines, a few at once. */
static int make_lines(struct watch_out *o, struct fault *f)
{
	FILE *to = open_memstream(&o->lines, &o->len);
	int r = to == NULL ? -1 : 0;

	if (to == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	o->sent = 0;
	while (r == 0 && o->queue.n > 0 && ftell(to) < BATCH) {
		r = format(o, to, f);
		watch_queue_drop(&o->queue);
		o->told++;
	}
	if (fclose(to) == EOF && r == 0)
		r = fault_set(f, FAULT_TEMP, "out of memory");
	return r;
}

static bool is_writable(const struct watch_out *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1;
}

/* A pipe that can be written takes PIPE_BUF octets without blocking. 1 something went, 0 not now, -1. */
static int write_some(struct watch_out *o, struct fault *f)
{
	size_t n = o->len - o->sent;
	ssize_t r;

	if (!is_writable(o))
		return 0;
	r = write(o->fd, o->lines + o->sent, n < PIPE_BUF ? n : PIPE_BUF);
	if (r == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (r == -1 && errno == EPIPE) {
		o->closed = true;
		return 0;
	}
	if (r == -1)
		return fault_errno(f, FAULT_IO, "standard output");
	o->sent += (size_t)r;
	o->stuck = false;
	if (o->sent == o->len) {
		free(o->lines);
		o->lines = NULL;
	}
	return 1;
}

static int push_lines(struct watch_out *o, struct fault *f)
{
	int r = 1;

	while (r == 1 && !o->closed && (o->lines != NULL || o->queue.n > 0)) {
		if (o->lines == NULL && make_lines(o, f) == -1)
			return -1;
		r = write_some(o, f);
	}
	return r == -1 ? -1 : 0;
}

/* ---- commands */

static void add_fact(char **env, size_t *n, const char *name, const char *value)
{
	struct buf b;

	buf_init(&b, FACT_MAX);
	buf_puts(&b, name);
	buf_putc(&b, '=');
	buf_puts(&b, value);
	env[*n] = buf_steal(&b);
	*n += env[*n] != NULL;
}

/* What the URL itself says, for those who do not take it apart. */
static void add_url_facts(char **env, size_t *n, const char *text)
{
	struct fault ignored;
	struct url u;
	char number[16];

	if (url_parse(&u, text, strlen(text), &ignored) == -1)
		return;
	if (u.mailbox != NULL)
		add_fact(env, n, "LM_MAILBOX", u.mailbox);
	if (u.uidvalidity != 0) {
		snprintf(number, sizeof(number), "%u", u.uidvalidity);
		add_fact(env, n, "LM_UIDVALIDITY", number);
	}
	if (u.uid != 0) {
		snprintf(number, sizeof(number), "%u", u.uid);
		add_fact(env, n, "LM_UID", number);
	}
	url_free(&u);
}

static size_t make_facts(const struct watch_out *o, char **env)
{
	const char *field[WATCH_FIELDS] = {NULL};
	size_t n = watch_queue_first(&o->queue, field), k = 0;
	const struct verb *v = verb_of(field[0]);

	add_fact(env, &k, "LM_EVENT", field[0]);
	add_fact(env, &k, "LM_ACCOUNT", field[1]);
	for (size_t i = 2; i < n && v->fact[i - 2] != NULL; i++)
		add_fact(env, &k, v->fact[i - 2], field[i]);
	add_url_facts(env, &k, field[2]);
	return k;
}

/* Our own environment without the facts of whoever started us, and room for ours behind. */
static char **make_environment(const struct watch_out *o, size_t *own)
{
	size_t n = 0, k = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + FACTS + 1, sizeof(*env));
	if (env == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "LM_", 3) != 0)
			env[k++] = environ[i];
	*own = k;
	make_facts(o, env + k);
	return env;
}

static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t normal, none;

	sigemptyset(&none);
	sigemptyset(&normal);
	sigaddset(&normal, SIGPIPE);
	posix_spawnattr_setsigdefault(attr, &normal);
	posix_spawnattr_setsigmask(attr, &none);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static int spawn(const char *command, char *const *env, pid_t *pid)
{
	char sh[] = "sh", c[] = "-c";
	/* posix_spawn(3) does not change its arguments, whatever its prototype says. */
	union {
		const char *in;
		char *out;
	} line = {.in = command};
	char *const argv[] = {sh, c, line.out, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&files);

	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = set_attributes(&attr);
		if (r == 0)
			r = posix_spawn_file_actions_addopen(
			    &files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
		if (r == 0)
			r = posix_spawn(pid, "/bin/sh", &files, &attr, argv, env);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&files);
	return r;
}

static int start_command(struct watch_out *o, struct fault *f)
{
	size_t own = 0;
	char **env = make_environment(o, &own);
	int r;

	if (env == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	r = spawn(o->command, env, &o->child);
	for (size_t i = own; env[i] != NULL; i++)
		free(env[i]);
	free(env);
	watch_queue_drop(&o->queue);
	if (r == 0)
		return 0;
	o->child = 0;
	errno = r;
	return fault_errno(f, FAULT_IO, "-x: /bin/sh");
}

/* Fetches the command that has ended, if it has. */
static void reap(struct watch_out *o)
{
	int status;
	pid_t r = waitpid(o->child, &status, WNOHANG);

	if (r == 0 || (r == -1 && errno == EINTR))
		return;
	o->child = 0;
	o->stuck = false;
	o->told++;
	if (r == -1)
		return;
	if (WIFSIGNALED(status))
		tool_warn(o->tool, "-x: ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		tool_note(o->tool, "-x: exit status %d", WEXITSTATUS(status));
}

static int push_commands(struct watch_out *o, struct fault *f)
{
	for (;;) {
		if (o->child > 0)
			reap(o);
		if (o->child > 0 || o->queue.n == 0)
			return 0;
		if (start_command(o, f) == -1)
			return -1;
	}
}

int watch_out_push(struct watch_out *o, struct fault *f)
{
	return o->command != NULL ? push_commands(o, f) : push_lines(o, f);
}
