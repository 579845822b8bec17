/* An assembly is the same from a file and from a pipe, and writing it is stable; a normalised message
 * has CRLF only, and what is said of it is so. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "msg/assembly.h"

enum { INPUT_MAX = 32768 }; /* fits the buffer of a pipe */

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int memory_with(const void *p, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd != -1 && write(fd, p, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int pipe_with(const void *p, size_t n)
{
	int fd[2];

	must(pipe2(fd, O_CLOEXEC) == 0 && write(fd[1], p, n) == (ssize_t)n);
	close(fd[1]);
	return fd[0];
}

static void contents(int fd, struct buf *b)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *to = buf_room(b, (size_t)size);

	must(to != NULL && pread(fd, to, (size_t)size, 0) == size);
	b->len = (size_t)size;
}

static void written(const struct assembly *a, struct buf *b)
{
	struct fault f;
	int fd = memory_with("", 0);

	must(assembly_write(a, fd, &f) == 0);
	contents(fd, b);
	close(fd);
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void check_read(const void *p, size_t n)
{
	struct assembly a, b;
	struct fault f = {0}, g = {0};
	struct buf one, two;
	int file = memory_with(p, n), fd = pipe_with(p, n);
	int r = assembly_read(&a, file, &f);

	must(assembly_read(&b, fd, &g) == r && strcmp(f.msg, g.msg) == 0);
	buf_init(&one, SIZE_MAX);
	buf_init(&two, SIZE_MAX);
	if (r == 0) {
		must(a.n == b.n && a.n > 0 && a.n <= ASSEMBLY_PIECES_MAX);
		written(&a, &one);
		written(&b, &two);
		must(same(&one, &two) && one.len <= n && assembly_size(&a) <= n);
	} else {
		must(f.cls == FAULT_DATA && a.n == 0 && b.n == 0);
	}
	assembly_free(&a);
	assembly_free(&b);
	buf_free(&one);
	buf_free(&two);
	close(file);
	close(fd);
}

static void check_lines(const struct buf *b, enum content kind)
{
	struct content_scan scan = {0};

	for (size_t i = 0; i < b->len; i += 7)
		content_feed(&scan, b->data + i, b->len - i < 7 ? b->len - i : 7);
	must(content_result(&scan) == kind);
	must(b->len == 0 || b->data[b->len - 1] == '\n');
	for (size_t i = 0; i < b->len; i++) {
		must(b->data[i] != '\n' || (i > 0 && b->data[i - 1] == '\r'));
		must(b->data[i] != '\r' || b->data[i + 1] == '\n');
	}
}

static enum content normalised(const void *p, size_t n, bool dot, struct buf *b)
{
	int in = memory_with(p, n), out = memory_with("", 0);
	struct fault f;
	uint64_t octets = 0;
	enum content kind;

	must(assembly_normalise(in, out, dot, &octets, &kind, &f) == 0);
	contents(out, b);
	must(octets == b->len);
	close(in);
	close(out);
	return kind;
}

static void check_normalise(const void *p, size_t n, bool dot)
{
	struct buf one, two;
	enum content kind;

	buf_init(&one, SIZE_MAX);
	buf_init(&two, SIZE_MAX);
	kind = normalised(p, n, dot, &one);
	check_lines(&one, kind);
	if (one.len < 5 || memcmp(one.data, "From ", 5) != 0) {
		must(normalised(one.data, one.len, dot, &two) == kind);
		must(same(&one, &two));
	}
	buf_free(&one);
	buf_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n > INPUT_MAX)
		return 0;
	/* Names of files are not for a fuzzer to make up. */
	if (memmem(data, n, "file ", 5) == NULL)
		check_read(data, n);
	check_normalise(data, n, false);
	check_normalise(data, n, true);
	return 0;
}
