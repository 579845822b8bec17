#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/config_impl.h"
#include "conf/places.h"

static const struct account fresh = {.compress = true,
    .copy_sent = true,
    .fsync = true,
    .timeout = 60,
    .create = CONFIG_LOCAL | CONFIG_REMOTE,
    .expunge = CONFIG_LOCAL | CONFIG_REMOTE,
    .idle_connections = 4};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+");

	return n > 0 && n <= CONFIG_NAME_MAX && s[n] == '\0' && *s != '-' && *s != '.';
}

static int begin_account(struct config *c, const char *name, struct fault *f)
{
	struct block *more;

	if (!is_name(name))
		return fault_set(f, FAULT_CONFIG,
		    "account: a name of letters, digits, `-`, `_`, `.` and `+`, not `%.80s`", name);
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->blocks[i].account.name, name) == 0)
			return fault_set(f, FAULT_CONFIG, "account %s for the second time", name);
	if (c->n >= CONFIG_ACCOUNTS_MAX)
		return fault_set(f, FAULT_CONFIG, "over %d accounts", CONFIG_ACCOUNTS_MAX);
	more = reallocarray(c->blocks, c->n + 1, sizeof(*more));
	if (more == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	c->blocks = more;
	c->current = &more[c->n];
	*c->current = (struct block){.account = fresh};
	c->current->account.name = pool_keep(&c->pool, strdup(name), f);
	if (c->current->account.name == NULL)
		return -1;
	c->n++;
	return 0;
}

/* A default is tried on an account that nobody sees, so that the fault names its line. */
static int add_default(
    struct config *c, const struct keyword *w, size_t k, const char *value, struct fault *f)
{
	struct account nobody = fresh;

	if (c->defaults[k] != NULL)
		return fault_set(f, FAULT_CONFIG, "%s for the second time", w->name);
	if (keyword_apply(w, &c->pool, &nobody, value, f) == -1)
		return -1;
	c->defaults[k] = pool_keep(&c->pool, strdup(value), f);
	return c->defaults[k] != NULL ? 0 : -1;
}

static int add_keyword(struct config *c, const struct source *from, const char *name,
    const char *value, struct fault *f)
{
	size_t k;
	const struct keyword *w = keyword_find(name, &k);

	if (w == NULL)
		return fault_set(f, FAULT_CONFIG, "unknown keyword `%.60s`", name);
	if (w->secret && from->shared)
		return fault_set(f, FAULT_CONFIG,
		    "a %s in a file that others can read (chmod 600 would do)", w->name);
	if (c->current == NULL)
		return add_default(c, w, k, value, f);
	if (c->current->given[k])
		return fault_set(f, FAULT_CONFIG, "%s for the second time in account %s", w->name,
		    c->current->account.name);
	c->current->given[k] = true;
	return keyword_apply(w, &c->pool, &c->current->account, value, f);
}

/* What follows an include belongs to the block that was open before it. */
static int include(struct config *c, const struct source *from, const char *value, struct fault *f)
{
	const char *slash = strrchr(from->name, '/');
	size_t current = c->current != NULL ? (size_t)(c->current - c->blocks) : SIZE_MAX;
	struct buf path;
	int r = -1;

	if (from->depth >= CONFIG_INCLUDE_DEPTH)
		return fault_set(
		    f, FAULT_CONFIG, "include: over %d files deep", CONFIG_INCLUDE_DEPTH);
	buf_init(&path, CONFIG_LINE_MAX * 2);
	if (*value != '/' && strncmp(value, "~/", 2) != 0 && slash != NULL)
		buf_put(&path, from->name, (size_t)(slash + 1 - from->name));
	if (places_expand(&path, value, f) == 0)
		r = config_read(c, buf_str(&path), from->depth + 1, f);
	buf_free(&path);
	c->current = current != SIZE_MAX ? &c->blocks[current] : NULL;
	return r;
}

static int parse_line(struct config *c, const struct source *from, char *line, struct fault *f)
{
	char *value = line + strcspn(line, " \t");

	for (const char *s = line; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return fault_set(f, FAULT_CONFIG, "control character");
	if (*value != '\0')
		*value++ = '\0';
	value += strspn(value, " \t");
	if (strchr(value, '\t') != NULL)
		return fault_set(f, FAULT_CONFIG, "TAB within a value");
	if (*value == '\0')
		return fault_set(f, FAULT_CONFIG, "`%.60s` without a value", line);
	if (strcasecmp(line, "account") == 0)
		return begin_account(c, value, f);
	if (strcasecmp(line, "include") == 0)
		return include(c, from, value, f);
	return add_keyword(c, from, line, value, f);
}

/* Cuts the line out of the text; NULL when it is a blank one or a comment. */
static char *trim(char *line, size_t n)
{
	if (n > 0 && line[n - 1] == '\r')
		n--;
	while (n > 0 && is_blank(line[n - 1]))
		n--;
	line[n] = '\0';
	line += strspn(line, " \t");
	return *line == '\0' || *line == '#' ? NULL : line;
}

int config_parse(struct config *c, const struct source *from, struct buf *text, struct fault *f)
{
	unsigned number = 0;

	buf_putc(text, '\n'); /* the last line may lack it, and trim() writes there */
	if (buf_failed(text))
		return fault_set(
		    f, FAULT_CONFIG, "%s: over %d octets", from->name, CONFIG_FILE_MAX);
	for (char *p = text->data, *end = p + text->len, *next; p < end; p = next) {
		size_t n = (size_t)((char *)memchr(p, '\n', (size_t)(end - p)) - p);
		bool has_nul = memchr(p, '\0', n) != NULL;
		char *line = trim(p, n);

		number++;
		next = p + n + 1;
		if (n > CONFIG_LINE_MAX)
			fault_set(f, FAULT_CONFIG, "a line over %d octets", CONFIG_LINE_MAX);
		else if (has_nul)
			fault_set(f, FAULT_CONFIG, "NUL in a line");
		else if (line == NULL || parse_line(c, from, line, f) == 0)
			continue;
		return fault_while(f, "%s:%u", from->name, number);
	}
	return 0;
}

/* One octet past the limit is read, to know of it. */
static int read_all(int fd, const char *path, struct buf *text, struct fault *f)
{
	for (;;) {
		char *room = buf_room(text, 4096);
		ssize_t n;

		if (room == NULL)
			return fault_set(
			    f, FAULT_CONFIG, "%s: over %d octets", path, CONFIG_FILE_MAX);
		n = read(fd, room, 4096);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fault_errno(f, FAULT_NOINPUT, "%s", path);
		if (n == 0)
			return 0;
		text->len += (size_t)n;
	}
}

int config_read(struct config *c, const char *path, unsigned depth, struct fault *f)
{
	struct source from = {.name = path, .depth = depth};
	struct stat st;
	struct buf text;
	int r = -1, fd;

	if (++c->files > CONFIG_FILES_MAX)
		return fault_set(f, FAULT_CONFIG, "over %d files", CONFIG_FILES_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return fault_errno(f, FAULT_NOINPUT, "%s", path);
	buf_init(&text, CONFIG_FILE_MAX + 4096);
	if (fstat(fd, &st) == -1) {
		fault_errno(f, FAULT_NOINPUT, "%s", path);
	} else if (read_all(fd, path, &text, f) == 0) {
		from.shared = (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
		r = config_parse(c, &from, &text, f);
	}
	buf_wipe(&text);
	close(fd);
	return r;
}

int config_settle(struct config *c, struct fault *f)
{
	const struct keyword *w;

	for (size_t i = 0; i < c->n; i++) {
		struct block *b = &c->blocks[i];

		for (size_t k = 0; (w = keyword_nth(k)) != NULL; k++)
			if (!b->given[k] && c->defaults[k] != NULL &&
			    keyword_apply(w, &c->pool, &b->account, c->defaults[k], f) == -1)
				return -1;
	}
	c->current = NULL;
	return 0;
}
