#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"

enum { ESCAPE_MAX = 4 }; /* octets: "\033" */

static const char cut_mark[] = "...";

/* More than fits into a message, so that where the text is cut no half of a character is shown. */
struct draft {
	char s[FAULT_MSG_MAX + 8];
};

__attribute__((format(printf, 2, 0))) static void draft_vprint(
    struct draft *d, const char *fmt, va_list ap)
{
	if (vsnprintf(d->s, sizeof(d->s), fmt, ap) < 0)
		d->s[0] = '\0';
}

static void draft_append(struct draft *d, const char *s)
{
	size_t len = strlen(d->s);

	snprintf(d->s + len, sizeof(d->s) - len, ": %s", s);
}

/* A backslash stays single here: the text is read, not decoded, and it may have been escaped once. */
static void publish(struct fault *f, const struct draft *d)
{
	size_t n = strlen(d->s), at = 0, len = 0;

	while (at < n) {
		char one[ENC_SAFE_MAX];
		size_t size;
		at += enc_safe_one(one, &size, d->s + at, n - at);
		if (size >= sizeof(f->msg) - len)
			break;
		memcpy(f->msg + len, one, size);
		len += size;
	}
	f->msg[len] = '\0';
}

int fault_set(struct fault *f, enum fault_class cls, const char *fmt, ...)
{
	struct draft d;
	va_list ap;

	va_start(ap, fmt);
	draft_vprint(&d, fmt, ap);
	va_end(ap);
	publish(f, &d);
	f->cls = cls;
	return -1;
}

int fault_errno(struct fault *f, enum fault_class cls, const char *fmt, ...)
{
	int error = errno;
	char why[128];
	struct draft d;
	va_list ap;

	va_start(ap, fmt);
	draft_vprint(&d, fmt, ap);
	va_end(ap);
	draft_append(&d, strerror_r(error, why, sizeof(why)));
	publish(f, &d);
	f->cls = cls;
	return -1;
}

/* Cuts a safe text that has more than `room` octets: no half of a character or escape stays. */
static void cut(char *s, size_t room)
{
	size_t n = room - strlen(cut_mark);

	if (strlen(s) <= room)
		return;
	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = n - ESCAPE_MAX + 1; i < n; i++)
		if (s[i] == '\\')
			n = i;
	memcpy(s + n, cut_mark, sizeof(cut_mark));
}

int fault_while(struct fault *f, const char *fmt, ...)
{
	size_t most = FAULT_MSG_MAX - sizeof(": "), len = strlen(f->msg);
	struct fault what;
	struct draft d;
	va_list ap;

	va_start(ap, fmt);
	draft_vprint(&d, fmt, ap);
	va_end(ap);
	publish(&what, &d);
	/* A name may be long, and what is wrong with it stands behind it. */
	cut(what.msg, len < most / 2 ? most - len : most / 2);
	memcpy(d.s, what.msg, sizeof(what.msg));
	draft_append(&d, f->msg);
	publish(f, &d);
	return -1;
}
