#include "conf/secret.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "conf/netrc.h"
#include "conf/places.h"
#include "conf/shell.h"

enum { NETRC_MAX = 256 * 1024, PROMPT_MAX = 1024, TYPED_MAX = 4096, PATH_LEN_MAX = 4096 };

/* What a keyword, a file or a person gave must be good for a secret. */
static int check(const struct secret *s, const char *source, struct fault *f)
{
	if (buf_failed(&s->value))
		return fault_set(f, FAULT_AUTH, "%s: over %d octets", source, SECRET_MAX);
	if (s->value.len == 0)
		return fault_set(f, FAULT_AUTH, "%s gives an empty %s", source,
		    s->is_token ? "token" : "password");
	if (memchr(s->value.data, '\0', s->value.len) != NULL)
		return fault_set(f, FAULT_AUTH, "%s gives a NUL", source);
	return 0;
}

static void cut_line(struct buf *b)
{
	char *end = b->len > 0 ? memchr(b->data, '\n', b->len) : NULL;
	size_t n = end != NULL ? (size_t)(end - b->data) : b->len;

	if (n > 0 && b->data[n - 1] == '\r')
		n--;
	if (b->len > n)
		explicit_bzero(b->data + n, b->len - n);
	b->len = n;
}

static int from_command(struct secret *s, const char *what, const char *command, struct fault *f)
{
	if (shell_output(what, command, &s->value, f) == -1)
		return -1;
	cut_line(&s->value);
	return check(s, what, f);
}

/* 1 with the file's content, 0 when there is none. */
static int read_netrc(const char *path, struct buf *text, struct stat *st, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;
	ssize_t n = 0;

	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR
		    ? 0
		    : fault_errno(f, FAULT_CONFIG, "%s", path);
	while (fstat(fd, st) == 0 && S_ISREG(st->st_mode)) {
		char *room = buf_room(text, 4096);

		if (room == NULL || (n = read(fd, room, 4096)) <= 0)
			break;
		text->len += (size_t)n;
	}
	error = errno;
	close(fd);
	if (buf_failed(text))
		return fault_set(f, FAULT_CONFIG, "%s: over %d octets", path, NETRC_MAX);
	errno = error;
	return n == -1 ? fault_errno(f, FAULT_CONFIG, "%s", path) : 1;
}

/* 1: found; 0: nothing there. */
static int from_netrc(struct secret *s, const char *host, const char *user, struct fault *f)
{
	struct buf path, text;
	struct stat st = {0};
	int r;

	buf_init(&path, PATH_LEN_MAX);
	buf_init(&text, NETRC_MAX + 4096);
	r = places_expand(&path, "~/.netrc", f);
	if (r == 0)
		r = read_netrc(buf_str(&path), &text, &st, f);
	if (r == 1) {
		r = netrc_find(buf_str(&text), text.len, host, user, &s->value, f);
		if (r == -1)
			fault_while(f, "%s", buf_str(&path));
	}
	if (r == 1 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		r = fault_set(f, FAULT_CONFIG,
		    "%s has passwords, and others can read it (chmod 600 would do)",
		    buf_str(&path));
	if (r == 1)
		r = check(s, buf_str(&path), f) == -1 ? -1 : 1;
	buf_free(&path);
	buf_wipe(&text);
	return r;
}

static int from_person(struct secret *s, const char *host, const char *user, struct fault *f)
{
	struct buf prompt;
	char *room;
	const char *typed = NULL;

	buf_init(&prompt, PROMPT_MAX);
	buf_puts(&prompt, "Password for ");
	enc_safe(&prompt, user, strlen(user));
	buf_puts(&prompt, " at ");
	enc_safe(&prompt, host, strlen(host));
	buf_puts(&prompt, ": ");
	room = buf_room(&s->value, TYPED_MAX);
	if (room != NULL)
		typed = readpassphrase(buf_failed(&prompt) ? "Password: " : buf_str(&prompt), room,
		    TYPED_MAX, RPP_REQUIRE_TTY);
	buf_free(&prompt);
	if (typed == NULL)
		return fault_set(f, FAULT_AUTH,
		    "no password for %s at %s: no pass-command, nothing in ~/.netrc, and no "
		    "terminal to ask on",
		    user, host);
	s->value.len = strlen(typed);
	return check(s, "the terminal", f);
}

static int from_somewhere(
    struct secret *s, const struct account *a, const char *host, const char *user, struct fault *f)
{
	int r;

	s->is_token = a->oauth_command != NULL;
	if (a->oauth_command != NULL)
		return from_command(s, "oauth-command", a->oauth_command, f);
	if (a->pass_command != NULL)
		return from_command(s, "pass-command", a->pass_command, f);
	if (a->password != NULL) {
		buf_puts(&s->value, a->password);
		return check(s, "password", f);
	}
	r = from_netrc(s, host, user, f);
	if (r == 0)
		return from_person(s, host, user, f);
	return r == 1 ? 0 : -1;
}

int secret_get(struct secret *s, const struct account *a, const struct server *server,
    const char *user, struct fault *f)
{
	/* A tunnel's server may have no name; then the account's does. */
	const char *host = server->host != NULL ? server->host : a->name;

	*s = (struct secret){0};
	buf_init(&s->value, SECRET_MAX);
	if (from_somewhere(s, a, host, user, f) == 0) {
		buf_str(&s->value);
		return 0;
	}
	secret_wipe(s);
	return fault_while(f, "account %s", a->name);
}

void secret_wipe(struct secret *s)
{
	buf_wipe(&s->value);
	s->is_token = 0;
}
