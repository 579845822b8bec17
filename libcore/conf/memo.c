#include "conf/memo.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/whole.h"
#include "conf/places.h"

enum {
	MEMO_KEYS_MAX = 64,
	MEMO_KEY_LEN_MAX = 64,
	MEMO_VALUE_MAX = 16 * 1024,
	MEMO_FILE_MAX = 256 * 1024,
	MEMO_PATH_MAX = 4096,
};

static const char magic[] = "lm-memo 1\t";

struct memo {
	char *server;
	char *path;    /* NULL: nothing is kept */
	char *session; /* NULL as well then */
	bool changed;
	size_t n;
	struct entry {
		char *key, *value;
	} entries[MEMO_KEYS_MAX];
};

static bool is_text(const char *s, size_t max)
{
	size_t n = 0;

	for (; s[n] != '\0'; n++)
		if (n >= max || (unsigned char)s[n] < 0x20 || s[n] == 0x7f)
			return false;
	return true;
}

/* A name that is no path, nor hidden, whatever it is made of. */
static void put_name(struct buf *out, const char *name)
{
	for (const char *s = name; *s != '\0'; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || *s == '-' || *s == '_' || (*s == '.' && s > name);

		if (plain)
			buf_putc(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

static char *cache_path(const char *name, const char *suffix)
{
	struct fault ignored;
	struct buf file, path;
	char *result = NULL;

	buf_init(&file, 255);
	buf_init(&path, MEMO_PATH_MAX);
	put_name(&file, name);
	buf_puts(&file, suffix);
	if (!buf_failed(&file) && places_cache(&path, buf_str(&file), &ignored) == 0)
		result = buf_steal(&path);
	buf_free(&file);
	buf_free(&path);
	return result;
}

static struct entry *find(struct memo *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->entries[i].key, key) == 0)
			return &m->entries[i];
	return NULL;
}

static void drop(struct memo *m, struct entry *e)
{
	free(e->key);
	free(e->value);
	*e = m->entries[--m->n];
}

static void set(struct memo *m, const char *key, const char *value)
{
	struct entry *e = find(m, key), new;

	if (e != NULL)
		drop(m, e);
	if (value == NULL || m->n >= MEMO_KEYS_MAX)
		return;
	new = (struct entry){.key = strdup(key), .value = strdup(value)};
	m->entries[m->n++] = new;
	if (new.key == NULL || new.value == NULL)
		drop(m, &m->entries[m->n - 1]);
}

static bool is_kept(const char *key, const char *value)
{
	return *key != '\0' && is_text(key, MEMO_KEY_LEN_MAX) &&
	    (value == NULL || is_text(value, MEMO_VALUE_MAX));
}

/* Lines, the first of which says whose they are. -1: not ours, or not a memo. */
static int parse(struct memo *m, char *text)
{
	size_t n = strlen(magic);
	char *next = strchr(text, '\n');

	if (next == NULL || strncmp(text, magic, n) != 0)
		return -1;
	*next++ = '\0';
	if (strcmp(text + n, m->server) != 0)
		return -1;
	for (char *line = next; *line != '\0'; line = next) {
		char *tab = strchr(line, '\t');

		next = strchr(line, '\n');
		if (next == NULL || tab == NULL || tab > next)
			return -1;
		*next++ = '\0';
		*tab++ = '\0';
		if (!is_kept(line, tab))
			return -1;
		set(m, line, tab);
	}
	return 0;
}

static void forget(struct memo *m)
{
	while (m->n > 0)
		drop(m, &m->entries[m->n - 1]);
}

static int load(struct memo *m)
{
	struct buf text;
	ssize_t got = 0;
	int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = -1;

	if (fd == -1)
		return -1;
	buf_init(&text, MEMO_FILE_MAX);
	for (char *room; (room = buf_room(&text, 4096)) != NULL;) {
		got = read(fd, room, 4096);
		if (got <= 0)
			break;
		text.len += (size_t)got;
	}
	close(fd);
	buf_putc(&text, '\0');
	if (got == 0 && !buf_failed(&text) && strlen(text.data) == text.len - 1)
		r = parse(m, text.data);
	buf_free(&text);
	if (r == -1)
		forget(m);
	return r;
}

struct memo *memo_open(const char *name, const char *server)
{
	struct memo *m = calloc(1, sizeof(*m));

	if (m == NULL || (m->server = strdup(server)) == NULL) {
		free(m);
		return NULL;
	}
	if (is_text(server, MEMO_VALUE_MAX)) {
		m->path = cache_path(name, ".memo");
		m->session = cache_path(name, ".tls");
	}
	if (m->path != NULL && load(m) == -1) {
		/* Whose TLS session lies there is not known: another server's must not be shown to this one. */
		if (m->session != NULL)
			unlink(m->session);
		m->changed = true;
	}
	return m;
}

const char *memo_get(const struct memo *m, const char *key)
{
	for (size_t i = 0; m != NULL && i < m->n; i++)
		if (strcmp(m->entries[i].key, key) == 0)
			return m->entries[i].value;
	return NULL;
}

void memo_set(struct memo *m, const char *key, const char *value)
{
	const char *old = memo_get(m, key);

	if (m == NULL || !is_kept(key, value) || old == value ||
	    (old != NULL && value != NULL && strcmp(old, value) == 0))
		return;
	set(m, key, value);
	m->changed = true;
}

/* Whoever renames last has the say: a memo of the same server is as good as another. */
static void replace_file(const struct memo *m, const struct buf *text)
{
	char temp[MEMO_PATH_MAX + 16];
	int fd;

	snprintf(temp, sizeof(temp), "%s.XXXXXX", m->path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd == -1)
		return;
	bool written = write_whole(fd, text->data, text->len) == 0;
	if (close(fd) == -1 || !written || rename(temp, m->path) == -1)
		unlink(temp);
}

static void save(const struct memo *m)
{
	struct buf text;

	buf_init(&text, MEMO_FILE_MAX);
	buf_printf(&text, "%s%s\n", magic, m->server);
	for (size_t i = 0; i < m->n; i++) {
		buf_puts(&text, m->entries[i].key);
		buf_putc(&text, '\t');
		buf_puts(&text, m->entries[i].value);
		buf_putc(&text, '\n');
	}
	if (!buf_failed(&text))
		replace_file(m, &text);
	buf_free(&text);
}

void memo_close(struct memo *m)
{
	if (m == NULL)
		return;
	if (m->path != NULL && m->changed)
		save(m);
	forget(m);
	free(m->server);
	free(m->path);
	free(m->session);
	free(m);
}

const char *memo_session_file(const struct memo *m)
{
	return m != NULL ? m->session : NULL;
}
