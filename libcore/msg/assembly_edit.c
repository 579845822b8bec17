/* assembly_edit: taking a spool over, and another header in front. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg/assembly_impl.h"

enum { COPY_OCTETS = 16384 };

int assembly_adopt(struct assembly *a, int fd, uint64_t size, struct fault *f)
{
	a->fd = fd;
	a->own_fd = true;
	a->piece = calloc(1, sizeof(*a->piece));
	if (a->piece == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	a->n = a->cap = 1;
	a->piece[0] = (struct piece){.kind = PIECE_TEXT, .size = size};
	return 0;
}

static int write_at(int fd, off_t at, const char *p, size_t n, struct fault *f)
{
	while (n > 0) {
		ssize_t w = pwrite(fd, p, n, at);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return fault_errno(f, FAULT_IO, "temporary file");
		p += w;
		n -= (size_t)w;
		at += w;
	}
	return 0;
}

static int copy_text(const struct assembly *a, struct piece *p, int fd, off_t *end, struct fault *f)
{
	char octets[COPY_OCTETS];
	off_t start = *end;
	uint64_t at = 0;
	ssize_t n;

	while ((n = assembly_octets(a, p, at, octets, sizeof(octets), f)) > 0) {
		if (write_at(fd, *end, octets, (size_t)n, f) == -1)
			return -1;
		at += (uint64_t)n;
		*end += n;
	}
	if (n == -1)
		return -1;
	if (at < p->size)
		return fault_set(f, FAULT_IO, "the assembly was cut while it was read");
	p->at = start;
	return 0;
}

int assembly_own_spool(struct assembly *a, struct fault *f)
{
	off_t end = 0;
	int fd;

	if (a->own_fd && a->fd != -1)
		return 0;
	fd = assembly_spool(f);
	if (fd == -1)
		return -1;
	for (size_t i = 0; i < a->n; i++)
		if (a->piece[i].kind == PIECE_TEXT &&
		    copy_text(a, &a->piece[i], fd, &end, f) == -1) {
			close(fd);
			return -1;
		}
	a->fd = fd;
	a->own_fd = true;
	return 0;
}

static int make_room_in_front(struct assembly *a, struct fault *f)
{
	if (a->n >= ASSEMBLY_PIECES_MAX)
		return fault_set(f, FAULT_DATA, "more than %d pieces", ASSEMBLY_PIECES_MAX);
	if (a->n == a->cap) {
		struct piece *p = reallocarray(a->piece, a->cap + 8, sizeof(*p));

		if (p == NULL)
			return fault_set(f, FAULT_TEMP, "out of memory");
		a->piece = p;
		a->cap += 8;
	}
	memmove(a->piece + 1, a->piece, a->n * sizeof(*a->piece));
	a->n++;
	return 0;
}

/* Takes `n` octets off the front of the local pieces from piece 1 on. */
static void trim(struct assembly *a, uint64_t n)
{
	for (size_t i = 1; i < a->n && n > 0 && a->piece[i].kind != PIECE_URL; i++) {
		uint64_t k = n < a->piece[i].size ? n : a->piece[i].size;

		a->piece[i].at += (off_t)k;
		a->piece[i].size -= k;
		n -= k;
	}
}

/* A piece of which nothing is left would be an empty chunk on the wire. */
static void drop_empty(struct assembly *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (a->piece[i].kind != PIECE_URL && a->piece[i].size == 0) {
			free(a->piece[i].name);
			continue;
		}
		a->piece[kept++] = a->piece[i];
	}
	a->n = kept;
}

int assembly_replace_head(
    struct assembly *a, uint64_t old, const void *p, size_t n, struct fault *f)
{
	off_t end;

	if (assembly_own_spool(a, f) == -1)
		return -1;
	end = lseek(a->fd, 0, SEEK_END);
	if (end == -1)
		return fault_errno(f, FAULT_IO, "temporary file");
	if (write_at(a->fd, end, p, n, f) == -1 || make_room_in_front(a, f) == -1)
		return -1;
	a->piece[0] = (struct piece){.kind = PIECE_TEXT, .size = n, .at = end};
	trim(a, old);
	drop_empty(a);
	return 0;
}

bool assembly_is(const char *p, size_t n)
{
	return (n >= 5 && (memcmp(p, "text ", 5) == 0 || memcmp(p, "file ", 5) == 0)) ||
	    (n >= 4 && memcmp(p, "url ", 4) == 0);
}
