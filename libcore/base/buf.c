#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_CAP = 64,
	/* Secrets are shorter than this; what a buffer of this size grows out of is wiped, so that
	 * buf_wipe() keeps its word. Above, realloc(3) may move pages instead of copying them. */
	WIPE_CAP = 65536,
};

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_free(b);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

static char *move_wiping(struct buf *b, size_t cap)
{
	char *p = malloc(cap);

	if (p == NULL)
		return NULL;
	if (b->data != NULL) {
		memcpy(p, b->data, b->len);
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	return p;
}

/* need counts the terminating NUL that buf_str() puts; so may cap be max + 1. */
static bool grow(struct buf *b, size_t need)
{
	size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > need && cap - 1 > b->max)
		cap = b->max + 1;
	char *p = b->cap <= WIPE_CAP ? move_wiping(b, cap) : realloc(b->data, cap);
	if (p == NULL)
		return false;
	b->data = p;
	b->cap = cap;
	return true;
}

char *buf_room(struct buf *b, size_t n)
{
	size_t max = b->max < PTRDIFF_MAX ? b->max : PTRDIFF_MAX - 1;

	if (b->failed)
		return NULL;
	if (n > max - b->len || (b->len + n + 1 > b->cap && !grow(b, b->len + n + 1))) {
		b->failed = true;
		return NULL;
	}
	return b->data + b->len;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	char *to = buf_room(b, n);

	if (to == NULL || n == 0)
		return;
	memcpy(to, p, n);
	b->len += n;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

__attribute__((format(printf, 3, 0))) static void vprint(
    struct buf *b, size_t len, const char *fmt, va_list ap)
{
	/* The NUL that vsnprintf(3) writes has its place: buf_room() always leaves one octet. */
	char *to = buf_room(b, len);

	if (to == NULL)
		return;
	vsnprintf(to, len + 1, fmt, ap);
	b->len += len;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vprint(b, (size_t)len, fmt, ap);
	va_end(ap);
}

void buf_drop(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

const char *buf_str(struct buf *b)
{
	if (b->failed || b->len == 0)
		return "";
	b->data[b->len] = '\0';
	return b->data;
}

char *buf_steal(struct buf *b)
{
	char *p = buf_room(b, 0);

	if (p == NULL) {
		buf_free(b);
		return NULL;
	}
	*p = '\0';
	p = b->data;
	buf_init(b, b->max);
	return p;
}
