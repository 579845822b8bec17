/* search_print: lines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/search_impl.h"

enum { HEAD_MAX = URL_MAX + 64 };

void search_printer_init(struct search_printer *p, struct search *s, const char *verb)
{
	*p = (struct search_printer){.s = s, .verb = verb};
	buf_init(&p->url, URL_MAX + 16);
	buf_init(&p->head, HEAD_MAX);
}

void search_printer_free(struct search_printer *p)
{
	buf_free(&p->url);
	buf_free(&p->head);
}

/* A URL is plain ASCII without quotes and backslashes, so it is fit for a line and for JSON as it is. */
static void make_head(struct search_printer *p)
{
	bool json = p->s->tool->json;

	buf_reset(&p->head);
	if (json)
		buf_puts(&p->head, "{");
	if (p->verb != NULL)
		buf_printf(&p->head, json ? "\"event\":\"%s\"," : "%s\t", p->verb);
	if (json)
		buf_puts(&p->head, "\"url\":\"");
	buf_put(&p->head, p->url.data, p->url.len);
}

int search_printer_mailbox(struct search_printer *p, const struct url *u, struct fault *f)
{
	struct url message = *u;

	if (u->uidvalidity == 0)
		return fault_set(f, FAULT_PROTOCOL,
		    "%s: the server gives no UIDVALIDITY, so no URL would last", u->mailbox);
	message.uid = 1;
	buf_reset(&p->url);
	url_build(&p->url, &message);
	if (!buf_failed(&p->url) && p->url.len > 0)
		p->url.len--;
	make_head(p);
	if (buf_failed(&p->url) || buf_failed(&p->head))
		return fault_set(f, FAULT_DATA, "%s: a URL that is too long", u->mailbox);
	return 0;
}

static int not_written(struct search *s, struct fault *f)
{
	if (errno == EPIPE)
		s->closed = true;
	return fault_errno(f, FAULT_IO, "standard output");
}

/* The digits of a number before `end`; where they begin. */
static char *put_digits(char *end, uint32_t n)
{
	do {
		*--end = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return end;
}

int search_print_range(struct search_printer *p, uint32_t lo, uint32_t hi, struct fault *f)
{
	struct search *s = p->s;
	const char *tail = s->tool->json ? "\"}\n" : "\n";
	char digits[16];

	for (uint64_t uid = lo; uid <= hi; uid++) {
		const char *d = put_digits(digits + 10, (uint32_t)uid);
		size_t n = (size_t)(digits + 10 - d);

		if (s->stop != NULL && *s->stop)
			return 0;
		if (fwrite(p->head.data, 1, p->head.len, s->out) != p->head.len ||
		    fwrite(d, 1, n, s->out) != n || fputs(tail, s->out) == EOF)
			return not_written(s, f);
	}
	return 0;
}

int search_print_fields(struct search_printer *p, uint32_t uid, char *const *value, struct fault *f)
{
	const struct search_request *q = p->s->request;
	struct record_field field[SEARCH_FIELDS_MAX + 2];
	char url[URL_MAX + 32];
	size_t n = 0;

	snprintf(url, sizeof(url), "%s%u", buf_str(&p->url), uid);
	if (p->verb != NULL)
		field[n++] = (struct record_field){"event", p->verb, false};
	field[n++] = (struct record_field){"url", url, false};
	for (size_t i = 0; i < q->nfield; i++)
		field[n++] = (struct record_field){
		    search_field_word(q->field[i]), value[i], q->field[i] == SEARCH_SIZE};
	errno = 0;
	if (tool_record(p->s->tool, p->s->out, field, n, f) == 0)
		return 0;
	p->s->closed = p->s->closed || errno == EPIPE;
	return -1;
}

int search_print_count(struct search *s, const struct url *u, uint64_t n, struct fault *f)
{
	struct buf url;
	char number[24];
	int r;

	buf_init(&url, URL_MAX);
	url_build(&url, u);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)n);

	const struct record_field field[] = {
	    {"url", buf_str(&url), false}, {"count", number, true}};
	errno = 0;
	r = tool_record(s->tool, s->out, field, 2, f);
	s->closed = s->closed || (r == -1 && errno == EPIPE);
	buf_free(&url);
	return r;
}
