#include "store/maildir_watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { CAME = IN_CREATE | IN_MOVED_TO, WENT = IN_DELETE | IN_MOVED_FROM };

static int watch(int fd, int dir)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	return inotify_add_watch(fd, path, CAME | WENT | IN_ONLYDIR);
}

void maildir_watch_begin(struct maildir_watch *w, const struct maildir *m)
{
	*w = MAILDIR_WATCH_OFF;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd == -1)
		return;
	w->cur = watch(w->fd, m->cur);
	w->new = watch(w->fd, m->new);
	if (w->cur == -1 || w->new == -1)
		maildir_watch_end(w);
}

void maildir_watch_end(struct maildir_watch *w)
{
	if (w->fd != -1)
		close(w->fd);
	*w = MAILDIR_WATCH_OFF;
}

/* FNV-1a, and its bits mixed, so that sums of hashes tell sets apart. */
static uint64_t hash(bool in_new, const char *file, bool came)
{
	uint64_t h = 0xcbf29ce484222325u ^ (in_new ? 2u : 0u) ^ (came ? 1u : 0u);

	for (const char *p = file; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

void maildir_watch_own(struct maildir_watch *w, bool in_new, const char *file, bool came)
{
	w->own += hash(in_new, file, came);
}

static void take(struct maildir_watch *w, const struct inotify_event *e)
{
	if ((e->mask & (CAME | WENT)) == 0 || e->len == 0 || (e->wd != w->cur && e->wd != w->new)) {
		w->lost = true; /* the queue ran over, or the directory is gone */
		return;
	}
	w->seen += hash(e->wd == w->new, e->name, (e->mask & CAME) != 0);
}

void maildir_watch_drain(struct maildir_watch *w)
{
	_Alignas(struct inotify_event) char octets[16384];
	ssize_t n;

	if (w->fd == -1)
		return;
	while ((n = read(w->fd, octets, sizeof(octets))) > 0 || (n == -1 && errno == EINTR))
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(octets + at);

			take(w, e);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	if (n == -1 && errno != EAGAIN)
		w->lost = true;
}

bool maildir_watch_clean(struct maildir_watch *w)
{
	maildir_watch_drain(w);
	return w->fd != -1 && !w->lost && w->seen == w->own;
}
