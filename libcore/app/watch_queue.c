#include "app/watch_queue.h"

#include <stdint.h>
#include <string.h>

void watch_queue_init(struct watch_queue *q)
{
	buf_init(&q->data, WATCH_QUEUE_MAX);
	q->at = q->n = 0;
}

void watch_queue_free(struct watch_queue *q)
{
	buf_free(&q->data);
	q->at = q->n = 0;
}

static const char *value(const char *field)
{
	return field == NULL ? "" : field;
}

/* A record: how many fields, then each with a NUL behind it. */
int watch_queue_add(struct watch_queue *q, const char *const *field, size_t n)
{
	size_t octets = 1;

	for (size_t i = 0; i < n; i++)
		octets += strlen(value(field[i])) + 1;
	if (n == 0 || n > WATCH_FIELDS || octets > WATCH_QUEUE_MAX - (q->data.len - q->at))
		return -1;
	/* What was taken off the front makes way when it is worth it. */
	if (q->at > 0 && (q->data.len + octets > WATCH_QUEUE_MAX || q->at > q->data.len / 2)) {
		buf_drop(&q->data, q->at);
		q->at = 0;
	}
	size_t before = q->data.len;

	buf_putc(&q->data, (char)n);
	for (size_t i = 0; i < n; i++)
		buf_put(&q->data, value(field[i]), strlen(value(field[i])) + 1);
	if (buf_failed(&q->data)) {
		q->data.failed = false; /* without memory: the record goes whole or not at all */
		q->data.len = before;
		return -1;
	}
	q->n++;
	return 0;
}

size_t watch_queue_first(const struct watch_queue *q, const char *field[static WATCH_FIELDS])
{
	const char *p;
	size_t n;

	if (q->n == 0)
		return 0;
	p = q->data.data + q->at;
	n = (size_t)*p++;
	for (size_t i = 0; i < n; i++) {
		field[i] = p;
		p += strlen(p) + 1;
	}
	return n;
}

void watch_queue_drop(struct watch_queue *q)
{
	const char *field[WATCH_FIELDS];
	size_t n = watch_queue_first(q, field);

	if (n == 0)
		return;
	q->at = (size_t)(field[n - 1] + strlen(field[n - 1]) + 1 - q->data.data);
	if (--q->n == 0) {
		/* A burst's memory is given back. */
		buf_free(&q->data);
		q->at = 0;
	}
}

bool watch_queue_is_low(const struct watch_queue *q)
{
	return q->data.len - q->at < WATCH_QUEUE_MAX / 2;
}
