#include "msg/assembly.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "msg/assembly_impl.h"

enum { COPY_OCTETS = 65536, HEAD_CHUNK = 4096 };

void assembly_init(struct assembly *a)
{
	*a = (struct assembly){.fd = -1};
}

void assembly_free(struct assembly *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->piece[i].name);
	free(a->piece);
	if (a->own_fd && a->fd != -1)
		close(a->fd);
	assembly_init(a);
}

static int linkless(const char *dir)
{
	char *path = NULL;
	int fd = -1;

	if (asprintf(&path, "%s/lm-XXXXXX", dir) == -1)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		unlink(path);
	free(path);
	return fd;
}

int assembly_spool(struct fault *f)
{
	const char *dir = secure_getenv("TMPDIR");
	int fd;

	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	/* Not every file system has files without a name. */
	fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		fd = linkless(dir);
	if (fd == -1)
		return fault_errno(f, FAULT_IO, "cannot make a temporary file in %s", dir);
	return fd;
}

int assembly_add(struct assembly *a, const struct piece *p, const char *name, struct fault *f)
{
	if (a->n == ASSEMBLY_PIECES_MAX)
		return fault_set(
		    f, FAULT_DATA, "an assembly of more than %d pieces", ASSEMBLY_PIECES_MAX);
	if (a->n == a->cap) {
		size_t cap = a->cap == 0 ? 8 : 2 * a->cap;
		struct piece *more = reallocarray(a->piece, cap, sizeof(*more));

		if (more == NULL)
			return fault_set(f, FAULT_TEMP, "out of memory");
		a->piece = more;
		a->cap = cap;
	}
	a->piece[a->n] = *p;
	a->piece[a->n].name = name == NULL ? NULL : strdup(name);
	if (name != NULL && a->piece[a->n].name == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	a->n++;
	return 0;
}

int assembly_write_all(int fd, const char *p, size_t n, struct fault *f)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return fault_errno(f, FAULT_IO, "cannot write the message");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int assembly_text(struct assembly *a, const void *p, size_t n, struct fault *f)
{
	off_t end;

	if (assembly_own_spool(a, f) == -1)
		return -1;
	end = lseek(a->fd, 0, SEEK_END);
	if (end == -1)
		return fault_errno(f, FAULT_IO, "cannot use the temporary file");
	if (assembly_write_all(a->fd, p, n, f) == -1)
		return -1;
	return assembly_add(a, &(struct piece){.kind = PIECE_TEXT, .size = n, .at = end}, NULL, f);
}

static int check_name(const char *name, struct fault *f)
{
	const char *c = name;

	while ((unsigned char)*c >= ' ' && *c != 0x7f)
		c++;
	if (c == name || *c != '\0')
		return fault_set(f, FAULT_DATA, "\"%s\" cannot stand in an assembly", name);
	if (strlen(name) > ASSEMBLY_NAME_MAX)
		return fault_set(f, FAULT_DATA, "a name over %d octets", ASSEMBLY_NAME_MAX);
	return 0;
}

int assembly_url(struct assembly *a, const char *url, uint64_t size, struct fault *f)
{
	if (check_name(url, f) == -1)
		return -1;
	return assembly_add(a, &(struct piece){.kind = PIECE_URL, .size = size}, url, f);
}

/* O_NONBLOCK: a FIFO would make us wait, only to be refused then. */
static int open_file(const char *path, uint64_t *size, struct fault *f)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1)
		return fault_errno(f, FAULT_NOINPUT, "cannot open %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	close(fd);
	return fault_set(f, FAULT_NOINPUT, "%s is no regular file", path);
}

int assembly_file(struct assembly *a, const char *path, struct fault *f)
{
	uint64_t size = 0;
	int fd;

	if (check_name(path, f) == -1)
		return -1;
	fd = open_file(path, &size, f);
	if (fd == -1)
		return -1;
	close(fd);
	return assembly_add(a, &(struct piece){.kind = PIECE_FILE, .size = size}, path, f);
}

static ssize_t read_at(int fd, char *to, size_t n, uint64_t at, const char *name, struct fault *f)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, to + got, n - got, (off_t)(at + got));

		if (r == 0)
			break;
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return fault_errno(f, FAULT_IO, "cannot read %s", name);
		got += (size_t)r;
	}
	return (ssize_t)got;
}

ssize_t assembly_octets(const struct assembly *a, const struct piece *p, uint64_t at, void *to,
    size_t n, struct fault *f)
{
	uint64_t size;

	if (p->kind == PIECE_URL)
		return fault_set(f, FAULT_BUG, "the octets of a URL are not here");
	if (at >= p->size)
		return 0;
	if (n > p->size - at)
		n = (size_t)(p->size - at);
	if (p->kind == PIECE_TEXT)
		return read_at(a->fd, to, n, (uint64_t)p->at + at, "the assembly", f);
	int fd = open_file(p->name, &size, f);
	if (fd == -1)
		return -1;
	ssize_t r = read_at(fd, to, n, (uint64_t)p->at + at, p->name, f);
	close(fd);
	return r;
}

static int write_text(const struct assembly *a, const struct piece *p, int fd, struct fault *f)
{
	char *octets = malloc(COPY_OCTETS);
	uint64_t at = 0;
	ssize_t n = 0;

	if (octets == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	while (at < p->size && (n = assembly_octets(a, p, at, octets, COPY_OCTETS, f)) > 0) {
		if (assembly_write_all(fd, octets, (size_t)n, f) == -1)
			n = -1;
		if (n == -1)
			break;
		at += (uint64_t)n;
	}
	free(octets);
	if (n == 0 && at < p->size)
		return fault_set(f, FAULT_IO, "the assembly was cut while it was read");
	return n == -1 ? -1 : assembly_write_all(fd, "\n", 1, f);
}

static int write_piece(const struct assembly *a, const struct piece *p, int fd, struct fault *f)
{
	struct buf line;
	int r;

	buf_init(&line, ASSEMBLY_LINE_MAX);
	if (p->kind == PIECE_TEXT)
		buf_printf(&line, "text %" PRIu64 "\n", p->size);
	else
		buf_printf(&line, "%s %s\n", p->kind == PIECE_FILE ? "file" : "url", p->name);
	r = buf_failed(&line) ? fault_set(f, FAULT_DATA, "a name over %d octets", ASSEMBLY_NAME_MAX)
			      : assembly_write_all(fd, buf_str(&line), line.len, f);
	buf_free(&line);
	return r == 0 && p->kind == PIECE_TEXT ? write_text(a, p, fd, f) : r;
}

int assembly_write(const struct assembly *a, int fd, struct fault *f)
{
	for (size_t i = 0; i < a->n; i++)
		if (write_piece(a, &a->piece[i], fd, f) == -1)
			return -1;
	return 0;
}

uint64_t assembly_size(const struct assembly *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->n; i++)
		sum = a->piece[i].size > UINT64_MAX - sum ? UINT64_MAX : sum + a->piece[i].size;
	return sum;
}

bool assembly_has_url(const struct assembly *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->piece[i].kind == PIECE_URL)
			return true;
	return false;
}

int assembly_head(const struct assembly *a, struct buf *out, size_t max, struct fault *f)
{
	char octets[HEAD_CHUNK];

	for (size_t i = 0; i < a->n && max > 0 && a->piece[i].kind != PIECE_URL; i++) {
		uint64_t at = 0;
		ssize_t n;

		while ((n = assembly_octets(a, &a->piece[i], at, octets,
			    max < sizeof(octets) ? max : sizeof(octets), f)) > 0) {
			buf_put(out, octets, (size_t)n);
			at += (uint64_t)n;
			max -= (size_t)n;
		}
		if (n == -1)
			return -1;
	}
	return buf_failed(out) ? fault_set(f, FAULT_DATA, "the header is too long") : 0;
}
