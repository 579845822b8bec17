/* sync_measure: what a file is on the server. mbsync puts a line of its own, X-TUID, into the header of what it fetches. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/sync_impl.h"

enum { HEAD_MAX = 64 * 1024, PIECE = 16 * 1024 };

struct line {
	size_t at, n; /* octets of the file, with the line's end; n 0: there is none */
	size_t text;  /* without it */
};

static struct line find_tuid(const char *head, size_t n)
{
	static const char tuid[] = "X-TUID: ";
	struct line line = {0};

	while (line.at < n) {
		const char *start = head + line.at, *lf = memchr(start, '\n', n - line.at);

		if (lf == NULL || lf == start || (lf == start + 1 && *start == '\r'))
			break;
		size_t len = (size_t)(lf - start) + 1;
		if (len > sizeof(tuid) && strncasecmp(start, tuid, sizeof(tuid) - 1) == 0) {
			line.n = len;
			line.text = len - (lf[-1] == '\r' ? 2 : 1);
			return line;
		}
		line.at += len;
	}
	return line;
}

static int failed(const struct upload_file *u, struct fault *f)
{
	return fault_errno(f, FAULT_IO, "cannot read %s", u->name);
}

/* Adds the octets from `from` up to `to` (0: the end). */
static int add(
    const struct upload_file *u, struct lines_digest *d, off_t from, off_t to, struct fault *f)
{
	char piece[PIECE];

	while (to == 0 || from < to) {
		size_t want = to != 0 && to - from < PIECE ? (size_t)(to - from) : PIECE;
		ssize_t n = pread(u->fd, piece, want, from);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return failed(u, f);
		if (n == 0)
			return 0;
		lines_digest_add(d, piece, (size_t)n);
		from += n;
	}
	return 0;
}

int sync_measure(const struct upload_file *u, uint64_t *size, uint64_t *key, struct fault *f)
{
	unsigned char sha256[DIGEST_LEN];
	char head[HEAD_MAX];
	struct lines_digest d;
	ssize_t n = pread(u->fd, head, sizeof(head), 0);

	if (n == -1)
		return failed(u, f);

	struct line line = find_tuid(head, (size_t)n);
	*size = u->size;
	*key = state_key(u->sha256);
	if (line.n == 0)
		return 0;
	lines_digest_init(&d);
	if ((line.at > 0 && add(u, &d, 0, (off_t)line.at, f) == -1) ||
	    add(u, &d, (off_t)(line.at + line.n), 0, f) == -1)
		return -1;
	lines_digest_end(&d, sha256);
	*size -= line.text + 2;
	*key = state_key(sha256);
	return 0;
}
