#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "msg/assembly_impl.h"

enum { INPUT_OCTETS = 16384 };

struct reader {
	int fd;
	bool in_place; /* a regular file: texts stay where they are */
	uint64_t next; /* in place: where the next pread(2) begins */
	uint64_t end;  /* in place: the size of the file */
	size_t at, have;
	size_t linelen;
	char octets[INPUT_OCTETS];
	char line[ASSEMBLY_LINE_MAX + 1];
};

/* More input when all was taken: 1, 0 at its end, -1. */
static int fill(struct reader *r, struct fault *f)
{
	ssize_t n;

	if (r->at < r->have)
		return 1;
	do {
		if (r->in_place)
			n = pread(r->fd, r->octets, sizeof(r->octets), (off_t)r->next);
		else
			n = read(r->fd, r->octets, sizeof(r->octets));
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return fault_errno(f, FAULT_IO, "cannot read");
	r->at = 0;
	r->have = (size_t)n;
	r->next += (uint64_t)n;
	return n > 0;
}

/* A line without its newline: 1, 0 at the end of the input, -1. */
static int read_line(struct reader *r, struct fault *f)
{
	int more;

	for (r->linelen = 0; (more = fill(r, f)) == 1;) {
		const char *p = r->octets + r->at;
		size_t n = r->have - r->at;
		const char *newline = memchr(p, '\n', n);

		if (newline != NULL)
			n = (size_t)(newline - p);
		if (n > ASSEMBLY_LINE_MAX - r->linelen)
			return fault_set(f, FAULT_DATA, "a line over %d octets", ASSEMBLY_LINE_MAX);
		memcpy(r->line + r->linelen, p, n);
		r->linelen += n;
		r->at += n + (newline != NULL);
		if (newline != NULL) {
			r->line[r->linelen] = '\0';
			return 1;
		}
	}
	if (more == 0 && r->linelen > 0)
		return fault_set(f, FAULT_DATA, "the line has no newline");
	return more;
}

static int cut_short(struct fault *f)
{
	return fault_set(f, FAULT_DATA, "the text is cut short");
}

/* Goes past n octets of a regular file; where they stand is the piece. */
static int pass_text(struct reader *r, struct piece *p, struct fault *f)
{
	uint64_t here = r->next - (r->have - r->at);

	if (here > r->end || p->size > r->end - here)
		return cut_short(f);
	p->at = (off_t)here;
	if (p->size <= r->have - r->at) {
		r->at += (size_t)p->size;
	} else {
		r->next = here + p->size;
		r->at = r->have = 0;
	}
	return 0;
}

static int spool_text(struct reader *r, struct assembly *a, struct piece *p, struct fault *f)
{
	uint64_t left = p->size;

	if (assembly_own_spool(a, f) == -1)
		return -1;
	p->at = lseek(a->fd, 0, SEEK_END);
	if (p->at == -1)
		return fault_errno(f, FAULT_IO, "cannot use the temporary file");
	while (left > 0) {
		int more = fill(r, f);
		size_t n = r->have - r->at;

		if (more != 1)
			return more == 0 ? cut_short(f) : -1;
		if (n > left)
			n = (size_t)left;
		if (assembly_write_all(a->fd, r->octets + r->at, n, f) == -1)
			return -1;
		r->at += n;
		left -= n;
	}
	return 0;
}

static int read_text(struct reader *r, struct assembly *a, const char *length, struct fault *f)
{
	struct piece p = {.kind = PIECE_TEXT};
	int more;

	if (num_u63(length, r->linelen - (size_t)(length - r->line), &p.size) == -1)
		return fault_set(f, FAULT_DATA, "\"%s\" is no length", length);
	if ((r->in_place ? pass_text(r, &p, f) : spool_text(r, a, &p, f)) == -1)
		return -1;
	more = fill(r, f);
	if (more == -1)
		return -1;
	if (more == 0 || r->octets[r->at] != '\n')
		return fault_set(f, FAULT_DATA, "no newline after the text");
	r->at++;
	return assembly_add(a, &p, NULL, f);
}

static int read_record(struct reader *r, struct assembly *a, struct fault *f)
{
	const char *blank = strchr(r->line, ' ');
	size_t verb = blank == NULL ? 0 : (size_t)(blank - r->line);

	if (strlen(r->line) != r->linelen)
		return fault_set(f, FAULT_DATA, "a NUL in the line");
	if (verb == 4 && memcmp(r->line, "text", 4) == 0)
		return read_text(r, a, blank + 1, f);
	if (verb == 4 && memcmp(r->line, "file", 4) == 0)
		return assembly_file(a, blank + 1, f);
	if (verb == 3 && memcmp(r->line, "url", 3) == 0)
		return assembly_url(a, blank + 1, 0, f);
	return fault_set(f, FAULT_DATA, "\"%.40s\" is neither text, file nor url", r->line);
}

static int read_records(struct reader *r, struct assembly *a, struct fault *f)
{
	int more;

	while ((more = read_line(r, f)) == 1)
		if (read_record(r, a, f) == -1)
			break;
	if (more != 0)
		return fault_while(f, "assembly, record %zu", a->n + 1);
	if (a->n == 0)
		return fault_set(f, FAULT_DATA, "the assembly is empty");
	return 0;
}

static void look_at_input(struct reader *r, struct assembly *a)
{
	struct stat st;
	off_t here = lseek(r->fd, 0, SEEK_CUR);

	if (here == -1 || fstat(r->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	r->in_place = true;
	r->next = (uint64_t)here;
	r->end = (uint64_t)st.st_size;
	a->fd = r->fd;
}

int assembly_read(struct assembly *a, int fd, struct fault *f)
{
	struct reader *r = malloc(sizeof(*r));
	int result;

	assembly_init(a);
	if (r == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	r->fd = fd;
	r->in_place = false;
	r->next = r->end = r->at = r->have = 0;
	look_at_input(r, a);
	result = read_records(r, a, f);
	free(r);
	if (result == -1)
		assembly_free(a);
	return result;
}
