/* mailboxes_name: from a server's spelling to a name, and what is wrong with it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/mailboxes_impl.h"
#include "base/enc.h"
#include "base/utf8.h"
#include "imap/utf7.h"

enum {
	SHOWN_MAX =
	    5 * MAILBOXES_NAME_MAX, /* a name made safe: "\ooo" for each octet, and room to spare */
	RECORD_OVERHEAD = 32,       /* what an allocation costs besides */
};

static bool is_level_fault(const char *s, size_t n)
{
	return n == 0 || (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}

/* Levels between delimiters, or between slashes, as a path would have them. */
static unsigned level_faults(const char *name, size_t n, char delimiter)
{
	size_t begin = 0;
	unsigned bad = 0;

	for (size_t i = 0; i <= n; i++) {
		bool slash = i < n && name[i] == '/' && delimiter != '/';

		if (slash)
			bad |= NAME_SLASH;
		if (i < n && !slash && (delimiter == '\0' || name[i] != delimiter))
			continue;
		if (is_level_fault(name + begin, i - begin))
			bad |= NAME_LEVEL;
		begin = i + 1;
	}
	return bad;
}

static unsigned control_faults(const char *name, size_t n)
{
	unsigned bad = 0;
	uint32_t cp;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_next(name + i, n - i, &cp);

		if (len == 0)
			return bad;
		if (cp == '\r' || cp == '\n' || cp == 0)
			bad |= NAME_LINE;
		else if (utf8_is_unsafe(cp))
			bad |= NAME_CONTROL;
		i += len;
	}
	return bad;
}

unsigned mailboxes_name_faults(const char *name, size_t n, char delimiter)
{
	if (n == 0)
		return NAME_EMPTY;
	return control_faults(name, n) | level_faults(name, n, delimiter);
}

/* The UTF-8 name of the wire's octets, and whether it is one that leads back to them. */
static unsigned decode(struct buf *name, const char *wire, size_t n, bool utf8)
{
	if (n == 5 && strncasecmp(wire, "INBOX", 5) == 0) {
		buf_puts(name, "INBOX");
		return 0;
	}
	if (utf8 && enc_is_utf8(wire, n)) {
		buf_put(name, wire, n);
		return 0;
	}
	if (!utf8 && utf7_decode(name, wire, n) == 0)
		return 0;
	enc_safe(name, wire, n);
	return NAME_ENCODING;
}

static unsigned wire_faults(const char *wire, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (wire[i] == '\r' || wire[i] == '\n' || wire[i] == '\0')
			return NAME_LINE;
	return 0;
}

static struct held *held_alloc(const char *wire, size_t n, const struct buf *name, size_t nvalue)
{
	struct held *h = calloc(1, sizeof(*h) + n + name->len + 2);
	char *copy;

	if (h == NULL)
		return NULL;
	h->cost = sizeof(*h) + n + name->len + 2 + RECORD_OVERHEAD;
	if (nvalue > 0) {
		h->value = calloc(nvalue, sizeof(*h->value));
		if (h->value == NULL) {
			free(h);
			return NULL;
		}
		h->nvalue = nvalue;
		h->cost += nvalue * sizeof(*h->value) + RECORD_OVERHEAD;
	}
	memcpy(h->text, wire, n);
	copy = h->text + n + 1;
	if (name->len > 0)
		memcpy(copy, name->data, name->len);
	h->e.wire = h->text;
	h->e.wire_len = n;
	h->e.name = copy;
	h->e.meta = h->value;
	return h;
}

struct held *held_new(const char *wire, size_t n, char delimiter, bool utf8, size_t nvalue)
{
	unsigned bad = n > MAILBOXES_NAME_MAX ? NAME_LONG : 0;
	struct held *h = NULL;
	struct buf name;

	if (bad != 0)
		n = MAILBOXES_NAME_MAX;
	buf_init(&name, SHOWN_MAX);
	bad |= decode(&name, wire, n, utf8) | wire_faults(wire, n);
	if (!buf_failed(&name)) {
		bad |= mailboxes_name_faults(name.data, name.len, delimiter);
		h = held_alloc(wire, n, &name, nvalue);
	}
	buf_free(&name);
	if (h == NULL)
		return NULL;
	h->e.bad = bad;
	h->e.delimiter = delimiter;
	return h;
}
