/* search_watch: results that are followed together, each on a connection of its own. */
#include <poll.h>

#include "app/search_impl.h"

struct watch {
	struct search *s;
	struct follow *follow[SEARCH_FOLLOW_MAX]; /* NULL: has failed */
	struct search_target *target;
	size_t n;
};

/* Nobody reads: there is no need to wait for a line that cannot be written. */
static bool unread(struct search *s)
{
	struct pollfd p = {.fd = fileno(s->out)};

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0)
		s->closed = true;
	return s->closed;
}

static bool over(struct search *s)
{
	return *s->stop || unread(s);
}

/* The mailbox is followed no more. -1: nor is any other. */
static int drop(struct watch *w, size_t i, struct fault *f)
{
	follow_free(w->follow[i]);
	w->follow[i] = NULL;
	if (f->cls == FAULT_IO)
		return -1;
	search_failed(w->s, &w->target[i], f);
	return 0;
}

static int begin(struct watch *w, struct imap_line *const *l, struct fault *f)
{
	for (size_t i = 0; i < w->n && !over(w->s); i++) {
		w->follow[i] = follow_new(w->s, l[i], &w->target[i], SEARCH_RANGES_MAX / w->n, f);
		if (w->follow[i] == NULL && drop(w, i, f) == -1)
			return -1;
	}
	return 0;
}

/* How many are followed still. -1 */
static int step(struct watch *w, struct fault *f)
{
	int left = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->follow[i] == NULL)
			continue;
		if (follow_step(w->follow[i], f) == 0)
			left++;
		else if (drop(w, i, f) == -1)
			return -1;
	}
	return left;
}

/* Until something may have come, or it is time to look at other things. */
static void wait_for_news(const struct watch *w)
{
	struct pollfd fds[SEARCH_FOLLOW_MAX];
	nfds_t n = 0;
	int patience = -1;

	for (size_t i = 0; i < w->n; i++) {
		if (w->follow[i] == NULL)
			continue;

		int ms = follow_patience(w->follow[i]);
		patience = patience == -1 || ms < patience ? ms : patience;
		fds[n++] = follow_poll(w->follow[i]);
	}
	if (n > 0)
		poll(fds, n, patience);
}

static int run(struct watch *w, struct imap_line *const *l, struct fault *f)
{
	int left = 1;

	if (begin(w, l, f) == -1)
		return -1;
	while (left > 0 && !over(w->s)) {
		left = step(w, f);
		if (left > 0)
			wait_for_news(w);
	}
	return left == -1 ? -1 : 0;
}

int search_follow(struct search *s, struct imap_line *const *l, struct search_target *t, size_t n,
    struct fault *f)
{
	struct watch w = {.s = s, .target = t, .n = n};
	int r = run(&w, l, f);

	for (size_t i = 0; i < n; i++) {
		if (w.follow[i] != NULL && r == 0 && !s->closed)
			follow_cancel(w.follow[i]);
		follow_free(w.follow[i]);
	}
	return r == -1 && s->closed ? 0 : r;
}
