/* watch_state: what is known, kept between runs: a small text file, replaced whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/watch_impl.h"
#include "base/num.h"
#include "conf/places.h"

enum {
	STATE_MAX = BOXES_MAX * 512,
	STATE_LINE_FIELDS = 4, /* numbers before the name */
	NAME_PART_MAX = 200,
};

static const char magic[] = "lm-idle state 1\n";

/* FNV-1a: tells a file that was cut or changed from a whole one, and is no protection against anybody. */
static uint64_t checksum(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h;
}

void watch_state_format(struct buf *out, const struct boxes *b, const char *server)
{
	size_t start = out->len;

	buf_puts(out, magic);
	buf_printf(out, "server %s\n", server);
	for (size_t i = 0; i < b->n; i++) {
		const struct box *x = b->box[i];

		if (x->fresh || x->uidvalidity == 0)
			continue;
		buf_printf(out, "%u %u %u %llu ", x->uidvalidity, x->uidnext, x->messages,
		    (unsigned long long)x->modseq);
		buf_puts(out, x->name);
		buf_putc(out, '\n');
	}
	if (!buf_failed(out))
		buf_printf(out, "end %016llx\n",
		    (unsigned long long)checksum(out->data + start, out->len - start));
}

/* The number before the next blank. */
static int take_number(const char **p, const char *end, uint64_t *out)
{
	const char *blank = memchr(*p, ' ', (size_t)(end - *p));

	if (blank == NULL || num_u63(*p, (size_t)(blank - *p), out) == -1)
		return -1;
	*p = blank + 1;
	return 0;
}

static int parse_line(struct boxes *b, const char *p, const char *end)
{
	uint64_t v[STATE_LINE_FIELDS];
	char name[BOX_NAME_MAX + 1];
	struct box *box;

	for (size_t i = 0; i < STATE_LINE_FIELDS; i++)
		if (take_number(&p, end, &v[i]) == -1 || (i < 3 && v[i] > UINT32_MAX))
			return -1;
	if (p == end || (size_t)(end - p) > BOX_NAME_MAX ||
	    memchr(p, '\0', (size_t)(end - p)) != NULL)
		return -1;
	memcpy(name, p, (size_t)(end - p));
	name[end - p] = '\0';
	if (v[0] == 0 || boxes_find(b, name) != NULL || (box = boxes_add(b, name)) == NULL)
		return -1;
	box->uidvalidity = (uint32_t)v[0];
	box->uidnext = (uint32_t)v[1];
	box->messages = (uint32_t)v[2];
	box->modseq = v[3];
	return 0;
}

/* Whether the text is whole: its last line has the sum of what is before. *n becomes what is before. */
static bool is_whole(const char *text, size_t *n)
{
	char end[32];
	size_t len = strlen("end 0123456789abcdef\n");

	if (*n < len)
		return false;
	snprintf(end, sizeof(end), "end %016llx\n", (unsigned long long)checksum(text, *n - len));
	*n -= len;
	return memcmp(text + *n, end, len) == 0;
}

int watch_state_parse(struct boxes *b, const char *text, size_t n, const char *server)
{
	char head[600];
	int len = snprintf(head, sizeof(head), "%sserver %s\n", magic, server);
	const char *p, *end;

	if (len < 0 || (size_t)len >= sizeof(head) || !is_whole(text, &n) || n < (size_t)len ||
	    memcmp(text, head, (size_t)len) != 0)
		return -1;
	end = text + n;
	for (p = text + len; p < end;) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL || parse_line(b, p, lf) == -1)
			return -1;
		p = lf + 1;
	}
	return 0;
}

/* ---- the file */

static void put_safe(struct buf *out, const char *name)
{
	for (const char *s = name; *s != '\0' && s - name < NAME_PART_MAX; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
		    (*s >= '0' && *s <= '9') || *s == '-' || *s == '_';

		if (plain)
			buf_putc(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
	}
}

static void server_of(const struct site *s, char *out, size_t n)
{
	const char *user = line_user(&s->account, &s->account.imap);

	snprintf(out, n, "%.200s@%.200s:%u", user != NULL ? user : "",
	    s->account.imap.host != NULL ? s->account.imap.host : "tunnel", s->account.imap.port);
}

static int make_path(struct site *s, const char *name, struct fault *f)
{
	struct buf file, path;
	int r;

	buf_init(&file, 2048);
	buf_init(&path, 8192);
	buf_puts(&file, "idle/");
	put_safe(&file, s->account.name);
	if (name[0] != '\0') {
		buf_putc(&file, '.');
		put_safe(&file, name);
	}
	r = places_state(&path, buf_str(&file), f);
	if (r == 0 && (s->state = buf_steal(&path)) == NULL)
		r = fault_set(f, FAULT_TEMP, "out of memory");
	buf_free(&file);
	buf_free(&path);
	return r;
}

static int lock(struct site *s, struct fault *f)
{
	struct buf path;
	int r = 0;

	buf_init(&path, 8192);
	buf_printf(&path, "%s.lock", s->state);
	s->lock = open(buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock == -1)
		r = fault_errno(f, FAULT_IO, "%s", buf_str(&path));
	else if (flock(s->lock, LOCK_EX | LOCK_NB) == -1)
		r = fault_set(f, FAULT_TEMP,
		    "account %s: another lm-idle keeps this state (give --resume=NAME one of its own): %s",
		    s->account.name, s->state);
	buf_free(&path);
	return r;
}

/* 1 with the content, 0 there is none, -1. */
static int read_file(const char *path, struct buf *out, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = 0;

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1)
		return fault_errno(f, FAULT_IO, "%s", path);
	for (;;) {
		char *room = buf_room(out, 65536);

		if (room == NULL)
			break;
		n = read(fd, room, 65536);
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	close(fd);
	return n == -1 ? fault_errno(f, FAULT_IO, "%s", path) : 1;
}

/* What was damaged cannot be trusted, and what happened in the meantime is not known: whoever listens reads everything again. */
static void forget(struct site *s)
{
	tool_warn(s->watch->tool,
	    "account %s: the state in %s is damaged or another server's: beginning anew",
	    s->account.name, s->state);
	boxes_free(&s->boxes);
	s->lost = true;
}

int watch_state_open(struct site *s, const char *name, struct fault *f)
{
	struct buf text;
	char server[512];
	int r;

	if (make_path(s, name, f) == -1 || lock(s, f) == -1)
		return -1;
	buf_init(&text, STATE_MAX);
	server_of(s, server, sizeof(server));
	r = read_file(s->state, &text, f);
	if (r == 1) {
		if (watch_state_parse(&s->boxes, buf_str(&text), text.len, server) == -1)
			forget(s);
		else
			s->listed = true;
	}
	buf_free(&text);
	return r == -1 ? -1 : 0;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, p, n);

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		p += r;
		n -= (size_t)r;
	}
	return fdatasync(fd) == -1 && errno != EINVAL ? -1 : 0;
}

static int replace(const char *path, const char *p, size_t n, struct fault *f)
{
	struct buf temporary;
	int fd, r = 0;

	buf_init(&temporary, 8192);
	buf_printf(&temporary, "%s.new", path);
	fd = open(buf_str(&temporary), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1 || write_all(fd, p, n) == -1)
		r = fault_errno(f, FAULT_IO, "%s", buf_str(&temporary));
	if (fd != -1 && close(fd) == -1 && r == 0)
		r = fault_errno(f, FAULT_IO, "%s", buf_str(&temporary));
	if (r == 0 && rename(buf_str(&temporary), path) == -1)
		r = fault_errno(f, FAULT_IO, "%s", path);
	buf_free(&temporary);
	return r;
}

int watch_state_save(struct site *s, struct fault *f)
{
	struct buf text;
	char server[512];
	int r;

	s->changed = false;
	if (s->state == NULL || !s->listed)
		return 0;
	buf_init(&text, STATE_MAX);
	server_of(s, server, sizeof(server));
	watch_state_format(&text, &s->boxes, server);
	if (buf_failed(&text))
		r = fault_set(f, FAULT_IO, "%s: too much to keep", s->state);
	else
		r = replace(s->state, text.data, text.len, f);
	buf_free(&text);
	return r;
}

void watch_state_close(struct site *s)
{
	free(s->state);
	s->state = NULL;
	if (s->lock != -1)
		close(s->lock);
	s->lock = -1;
}
