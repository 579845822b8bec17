/* fetch_file: safe names, and files that are whole or not there. */
#include "app/fetch_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

enum { EXTENSION_OCTETS = 20, PATH_OCTETS = 8192 };

/* ---- names */

static bool is_separator(char c)
{
	return c == '/' || c == '\\';
}

static const char *last_component(const char *s)
{
	const char *last = s;

	for (; *s != '\0'; s++)
		if (is_separator(*s))
			last = s + 1;
	return last;
}

/* The rest is what makes names invisible, or different from what they look like. */
static void put_clean(struct buf *out, const char *s)
{
	size_t n = strlen(s);

	while (n > 0) {
		uint32_t cp = 0;
		size_t len = utf8_next(s, n, &cp);

		if (len == 0 || utf8_is_unsafe(cp) || (out->len == 0 && cp == '-'))
			buf_putc(out, '_');
		else if (out->len > 0 || (cp != '.' && cp != ' '))
			buf_put(out, s, len);
		len += len == 0;
		s += len;
		n -= len;
	}
	while (out->len > 0 && (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '.'))
		out->len--;
}

/* Where the extension begins, its dot included; the end when there is none. */
static size_t extension_at(const char *name, size_t n)
{
	for (size_t i = n; i > 1 && n - i < EXTENSION_OCTETS; i--)
		if (name[i - 1] == '.')
			return i - 1;
	return n;
}

/* How much of the n octets at s is no more than `max` and whole characters. */
static size_t whole_characters(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static const char *extension_of(const char *type, const char *subtype)
{
	static const struct {
		const char *type, *subtype, *extension;
	} known[] = {{"text", "plain", ".txt"}, {"text", "html", ".html"},
	    {"text", "calendar", ".ics"}, {"text", "vcard", ".vcf"}, {"text", "csv", ".csv"},
	    {"image", "jpeg", ".jpg"}, {"image", "png", ".png"}, {"image", "gif", ".gif"},
	    {"image", "svg+xml", ".svg"}, {"application", "pdf", ".pdf"},
	    {"application", "zip", ".zip"}, {"application", "pgp-signature", ".asc"},
	    {"application", "pkcs7-signature", ".p7s"}, {"message", "rfc822", ".eml"},
	    {"message", "global", ".eml"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].type, type) == 0 && strcmp(known[i].subtype, subtype) == 0)
			return known[i].extension;
	return ".bin";
}

static void put_default(struct buf *out, const char *section, const char *type, const char *subtype)
{
	buf_reset(out);
	buf_puts(out, "part");
	if (section[0] != '\0')
		buf_printf(out, "-%s", section);
	buf_puts(out, extension_of(type, subtype));
}

void file_name(char out[static FILE_NAME_OCTETS + 1], const char *wanted, const char *section,
    const char *type, const char *subtype)
{
	struct buf b;
	size_t extension, stem;

	buf_init(&b, SIZE_MAX);
	if (wanted != NULL)
		put_clean(&b, last_component(wanted));
	if (b.len == 0)
		put_default(&b, section, type, subtype);
	/* Without memory there is still a name. */
	const char *name = buf_failed(&b) ? "part.bin" : buf_str(&b);
	size_t n = strlen(name);
	extension = extension_at(name, n);
	stem = whole_characters(name, extension, FILE_NAME_OCTETS - (n - extension));
	memcpy(out, name, stem);
	memcpy(out + stem, name + extension, n - extension + 1);
	buf_free(&b);
}

void file_numbered(struct buf *out, const char *name, unsigned k)
{
	size_t n = strlen(name), extension = extension_at(name, n);

	buf_put(out, name, extension);
	buf_printf(out, "-%u", k);
	buf_puts(out, name + extension);
}

/* ---- files */

int saver_open(struct saver *s, const char *path, struct fault *f)
{
	memset(s, 0, sizeof(*s));
	s->path = path;
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->dir == -1 ? fault_errno(f, FAULT_IO, "%s", path) : 0;
}

void saver_close(struct saver *s)
{
	if (s->dir != -1)
		close(s->dir);
	s->dir = -1;
}

/* What a process of the same number has left behind is passed over. */
static int create_hidden(struct saver *s, struct saved *file)
{
	int fd;

	do {
		snprintf(file->hidden, sizeof(file->hidden), ".lm-fetch-%ld-%u", (long)getpid(),
		    s->serial++);
		fd = openat(s->dir, file->hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	} while (fd == -1 && errno == EEXIST && s->serial < FILE_NUMBER_MAX);
	return fd;
}

int saver_begin(struct saver *s, struct saved *file, struct fault *f)
{
	int fd = create_hidden(s, file);

	file->out = NULL;
	if (fd == -1)
		return fault_errno(f, FAULT_IO, "a new file in %s", s->path);
	file->out = fdopen(fd, "w");
	if (file->out != NULL)
		return 0;
	close(fd);
	unlinkat(s->dir, file->hidden, 0);
	return fault_set(f, FAULT_TEMP, "out of memory");
}

void saver_drop(struct saver *s, struct saved *file)
{
	if (file->out == NULL)
		return;
	fclose(file->out);
	file->out = NULL;
	unlinkat(s->dir, file->hidden, 0);
}

static int sync_and_close(struct saved *file)
{
	bool lost = fflush(file->out) == EOF || ferror(file->out) || fsync(fileno(file->out)) == -1;
	int why = errno;

	if (fclose(file->out) == EOF && !lost) {
		lost = true;
		why = errno;
	}
	file->out = NULL;
	errno = why;
	return lost ? -1 : 0;
}

/* A rename that never replaces; where the file system has none such, a link is as good. */
static int publish(const struct saver *s, const char *hidden, const char *name)
{
	if (renameat2(s->dir, hidden, s->dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(s->dir, hidden, s->dir, name, 0) == -1)
		return -1;
	return unlinkat(s->dir, hidden, 0);
}

/* FNV-1a: any hash would do, for names that meet only share their numbers. */
static unsigned slot_of(const char *name)
{
	uint32_t h = 2166136261U;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619U;
	return h % SAVER_SLOTS;
}

/* The name, or a numbered one; -1 with errno. */
static int publish_free(struct saver *s, const char *hidden, const char *name, struct buf *final)
{
	unsigned *next = &s->next[slot_of(name)], k = 1;

	for (;;) {
		buf_reset(final);
		if (k == 1)
			buf_puts(final, name);
		else
			file_numbered(final, name, k);
		if (publish(s, hidden, buf_str(final)) == 0)
			break;
		if (errno != EEXIST || k >= FILE_NUMBER_MAX)
			return -1;
		k = k == 1 && *next > 1 ? *next : k + 1;
	}
	if (k > 1)
		*next = k + 1;
	return 0;
}

static void put_path(struct buf *out, const char *dir, const char *name)
{
	size_t n = strlen(dir);

	buf_puts(out, dir);
	if (n > 0 && dir[n - 1] != '/')
		buf_putc(out, '/');
	buf_puts(out, name);
}

/* Some file systems cannot do that for a directory, and need not. */
static int sync_directory(int fd)
{
	return fsync(fd) == -1 && errno != EINVAL ? -1 : 0;
}

int saver_finish(
    struct saver *s, struct saved *file, const char *name, struct buf *path, struct fault *f)
{
	struct buf final;
	int r = 0;

	buf_init(&final, PATH_OCTETS);
	if (sync_and_close(file) == -1 || publish_free(s, file->hidden, name, &final) == -1 ||
	    sync_directory(s->dir) == -1) {
		r = fault_errno(f, FAULT_IO, "%s: %s", s->path, name);
		unlinkat(s->dir, file->hidden, 0);
	} else {
		put_path(path, s->path, buf_str(&final));
	}
	buf_free(&final);
	return r;
}
