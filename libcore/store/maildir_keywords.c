#include "store/maildir_keywords.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "store/maildir_impl.h"

enum { LOCK_STALE_S = 120 };

static const char file[] = "dovecot-keywords";
static const char lock[] = "dovecot-keywords.lock";
static const char draft[] = ".dovecot-keywords.lm";

/* flag-keyword of RFC 9051 section 9: an atom. */
static bool is_keyword(const char *s, size_t n)
{
	if (n == 0 || n > KEYWORD_LEN_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f || strchr("(){%*\"\\]", s[i]) != NULL)
			return false;
	return true;
}

static int letter_of(const struct keywords *k, const char *name)
{
	for (int i = 0; i < KEYWORDS_MAX; i++)
		if (strcasecmp(k->name[i], name) == 0)
			return i;
	return -1;
}

/* "INDEX NAME" without its line end. */
static int parse_line(struct keywords *k, const char *s, size_t n)
{
	const char *space = memchr(s, ' ', n);
	char name[KEYWORD_LEN_MAX + 1];
	uint32_t index;
	size_t len;

	if (space == NULL || num_u32(s, (size_t)(space - s), &index) == -1 || index >= KEYWORDS_MAX)
		return -1;
	len = n - (size_t)(space + 1 - s);
	if (!is_keyword(space + 1, len))
		return -1;
	memcpy(name, space + 1, len);
	name[len] = '\0';
	if (k->name[index][0] != '\0' || letter_of(k, name) != -1)
		return -1;
	memcpy(k->name[index], name, len + 1);
	return 0;
}

int keywords_parse(struct keywords *k, const char *p, size_t n, struct fault *f)
{
	unsigned line = 0;

	*k = (struct keywords){.mode = 0600};
	for (size_t at = 0, len; at < n; at += len + 1) {
		const char *lf = memchr(p + at, '\n', n - at);

		len = lf != NULL ? (size_t)(lf - p) - at : n - at;
		line++;
		if (parse_line(k, p + at, len) == 0)
			continue;
		*k = (struct keywords){.mode = 0600};
		return fault_set(f, FAULT_DATA,
		    "%s:%u: not \"NUMBER KEYWORD\", out of range, or there already", file, line);
	}
	return 0;
}

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static void identify(struct keywords *k, const struct stat *st)
{
	k->ino = st->st_ino;
	k->mtime_ns = mtime_ns(st);
	k->size = st->st_size;
	k->mode = st->st_mode & 0777;
}

static int failed(const struct maildir *m, const char *what, struct fault *f)
{
	return fault_errno(f, FAULT_IO, "cannot %s %s/%s", what, m->path, file);
}

static int read_file(int fd, const struct maildir *m, struct buf *text, struct fault *f)
{
	char *room;
	ssize_t r = 0;

	while ((room = buf_room(text, 1024)) != NULL) {
		r = read(fd, room, 1024);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		text->len += (size_t)r;
	}
	if (r == -1)
		return failed(m, "read", f);
	if (buf_failed(text))
		return fault_set(f, FAULT_DATA, "%s/%s is too long", m->path, file);
	return 0;
}

static int load(struct keywords *k, int fd, const struct maildir *m, struct fault *f)
{
	struct stat st;
	struct buf text;
	int r;

	if (fstat(fd, &st) == -1)
		return failed(m, "read", f);
	if (!S_ISREG(st.st_mode))
		return fault_set(f, FAULT_DATA, "%s/%s is no regular file", m->path, file);
	buf_init(&text, KEYWORDS_FILE_MAX + 1024);
	r = read_file(fd, m, &text, f);
	if (r == 0 && (r = keywords_parse(k, text.data, text.len, f)) == -1)
		fault_while(f, "%s", m->path);
	if (r == 0)
		identify(k, &st);
	buf_free(&text);
	return r;
}

int keywords_load(struct keywords *k, const struct maildir *m, struct fault *f)
{
	int fd = openat(m->fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), r;

	*k = (struct keywords){.mode = 0600};
	if (fd == -1)
		return errno == ENOENT ? 0 : failed(m, "read", f);
	r = load(k, fd, m, f);
	close(fd);
	return r;
}

/* That the file is still the one that was read, and that Dovecot is not writing a new one. */
static int check_unchanged(const struct keywords *k, const struct maildir *m, struct fault *f)
{
	struct stat st;
	bool same;

	if (fstatat(m->fd, lock, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime > time(NULL) - LOCK_STALE_S)
		return fault_set(
		    f, FAULT_TEMP, "%s/%s is locked by another program", m->path, file);
	if (fstatat(m->fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
		same = k->ino == st.st_ino && k->mtime_ns == mtime_ns(&st) && k->size == st.st_size;
	else if (errno == ENOENT)
		same = k->ino == 0;
	else
		return failed(m, "read", f);
	if (!same)
		return fault_set(
		    f, FAULT_TEMP, "%s/%s was changed by another program", m->path, file);
	return 0;
}

static void format(const struct keywords *k, struct buf *out)
{
	buf_init(out, KEYWORDS_FILE_MAX);
	for (int i = 0; i < KEYWORDS_MAX; i++)
		if (k->name[i][0] != '\0')
			buf_printf(out, "%d %s\n", i, k->name[i]);
}

/* The new file, complete and on the disk, under its name. */
static int replace(struct keywords *k, int fd, const struct maildir *m, struct buf *text)
{
	struct stat st;

	if (maildir_write(fd, text->data, text->len, -1) == -1 || fchmod(fd, k->mode) == -1 ||
	    fsync(fd) == -1 || fstat(fd, &st) == -1)
		return -1;
	if (renameat(m->fd, draft, m->fd, file) == -1 || fsync(m->fd) == -1)
		return -1;
	identify(k, &st);
	k->changed = false;
	return 0;
}

int keywords_save(struct keywords *k, const struct maildir *m, struct fault *f)
{
	struct buf text;
	int fd, r;

	if (!k->changed)
		return 0;
	if (check_unchanged(k, m, f) == -1)
		return -1;
	unlinkat(m->fd, draft, 0);
	fd = openat(m->fd, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return failed(m, "write", f);
	format(k, &text);
	r = replace(k, fd, m, &text);
	if (r == -1) {
		failed(m, "write", f);
		unlinkat(m->fd, draft, 0);
	}
	close(fd);
	buf_free(&text);
	return r;
}

uint32_t keywords_find(const struct keywords *k, const char *name)
{
	int i = *name != '\0' ? letter_of(k, name) : -1;

	return i != -1 ? 1U << (MAILDIR_LETTER + i) : 0;
}

uint32_t keywords_add(struct keywords *k, const char *name)
{
	uint32_t bit = keywords_find(k, name);
	size_t n = strnlen(name, KEYWORD_LEN_MAX + 1);

	if (bit != 0 || !is_keyword(name, n))
		return bit;
	for (int i = 0; i < KEYWORDS_MAX; i++) {
		if (k->name[i][0] != '\0')
			continue;
		memcpy(k->name[i], name, n + 1);
		k->changed = true;
		return 1U << (MAILDIR_LETTER + i);
	}
	return 0;
}

const char *keywords_name(const struct keywords *k, uint32_t bit)
{
	for (int i = 0; i < KEYWORDS_MAX; i++)
		if (bit == 1U << (MAILDIR_LETTER + i) && k->name[i][0] != '\0')
			return k->name[i];
	return NULL;
}
