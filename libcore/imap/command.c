/* command: building one IMAP command; nothing here sends. */
#include "imap/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "imap/session_impl.h"
#include "imap/url.h"
#include "imap/utf7.h"

enum { QUOTED_MAX = 1000 }; /* longer strings go as literals, as some servers limit their lines */

static void fail(struct imap_cmd *c, const char *what)
{
	if (c->fault.cls == FAULT_NONE)
		fault_set(&c->fault, FAULT_DATA, "%s", what);
}

static void separate(struct imap_cmd *c)
{
	if (c->space)
		buf_putc(&c->text, ' ');
	c->space = true;
}

void imap_cmd_init(struct imap_cmd *c, const struct imap *s, const char *name)
{
	memset(c, 0, sizeof(*c));
	buf_init(&c->text, COMMAND_MAX);
	c->utf8 = s != NULL && s->utf8;
	c->space = true;
	buf_puts(&c->text, name);
}

void imap_cmd_free(struct imap_cmd *c)
{
	if (c->secret)
		buf_wipe(&c->text);
	buf_free(&c->text);
	free(c->literal);
	c->literal = NULL;
	c->nliteral = c->capliteral = 0;
}

/* atom-specials of RFC 9051; "*" and "%" are let through by imap_atom() for patterns, "]" is fine in an astring. */
static bool atom_char(unsigned char ch)
{
	return ch > ' ' && ch < 0x7f && strchr("(){%*\"\\", ch) == NULL;
}

void imap_atom(struct imap_cmd *c, const char *s)
{
	separate(c);
	if (*s == '\0')
		fail(c, "an empty atom");
	for (const char *p = s; *p != '\0'; p++)
		if (!atom_char((unsigned char)*p) && strchr("*%\\", *p) == NULL)
			fail(c, "an octet that an atom cannot hold");
	buf_puts(&c->text, s);
}

void imap_number(struct imap_cmd *c, uint64_t n)
{
	separate(c);
	buf_printf(&c->text, "%llu", (unsigned long long)n);
}

static struct command_literal *add_literal(struct imap_cmd *c)
{
	if (c->nliteral == COMMAND_LITERALS_MAX) {
		fail(c, "too many literals in one command");
		return NULL;
	}
	if (c->nliteral == c->capliteral) {
		size_t cap = c->capliteral == 0 ? 8 : 2 * c->capliteral;
		struct command_literal *l = reallocarray(c->literal, cap, sizeof(*l));

		if (l == NULL) {
			fail(c, "out of memory");
			return NULL;
		}
		c->literal = l;
		c->capliteral = cap;
	}
	return &c->literal[c->nliteral++];
}

void imap_literal(struct imap_cmd *c, const void *p, size_t n, bool binary)
{
	separate(c);
	if (!binary && n > 0 && memchr(p, '\0', n) != NULL)
		fail(c, "a NUL in a string");

	struct command_literal *l = add_literal(c);
	if (l == NULL)
		return;
	*l = (struct command_literal){.at = c->text.len, .size = n, .fd = -1, .binary = binary};
	buf_put(&c->text, p, n);
}

void imap_literal_fd(struct imap_cmd *c, int fd, off_t offset, uint64_t size, bool binary)
{
	separate(c);

	struct command_literal *l = add_literal(c);
	if (l == NULL)
		return;
	*l = (struct command_literal){
	    .at = c->text.len, .size = size, .fd = fd, .offset = offset, .binary = binary};
}

static bool quotable(const char *s, size_t n, bool utf8)
{
	if (n > QUOTED_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)s[i];

		if (ch < ' ' || ch == 0x7f || (ch >= 0x80 && !utf8))
			return false;
	}
	return true;
}

void imap_string(struct imap_cmd *c, const char *s, size_t n)
{
	if (!quotable(s, n, c->utf8)) {
		imap_literal(c, s, n, false);
		return;
	}
	separate(c);
	buf_putc(&c->text, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_putc(&c->text, '\\');
		buf_putc(&c->text, s[i]);
	}
	buf_putc(&c->text, '"');
}

void imap_astring(struct imap_cmd *c, const char *s, size_t n)
{
	bool atom = n > 0 && n <= QUOTED_MAX && !(n == 3 && strncasecmp(s, "NIL", 3) == 0);

	for (size_t i = 0; i < n && atom; i++)
		atom = atom_char((unsigned char)s[i]);
	if (!atom) {
		imap_string(c, s, n);
		return;
	}
	separate(c);
	buf_put(&c->text, s, n);
}

void imap_mailbox(struct imap_cmd *c, const char *utf8)
{
	struct buf wire;

	if (strcasecmp(utf8, "INBOX") == 0) {
		imap_atom(c, "INBOX");
		return;
	}
	if (c->utf8) {
		if (!enc_is_utf8(utf8, strlen(utf8)) || strpbrk(utf8, "\r\n") != NULL)
			fail(c, "a mailbox name that is not UTF-8");
		imap_string(c, utf8, strlen(utf8));
		return;
	}
	buf_init(&wire, COMMAND_MAX);
	if (utf7_encode(&wire, utf8, strlen(utf8)) == -1 || buf_failed(&wire))
		fail(c, "a mailbox name that is not UTF-8");
	imap_astring(c, wire.len > 0 ? wire.data : "", wire.len);
	buf_free(&wire);
}

void imap_flag(struct imap_cmd *c, const char *flag)
{
	const char *name = *flag == '\\' ? flag + 1 : flag;

	separate(c);
	if (*name == '\0')
		fail(c, "an empty flag");
	for (const char *p = name; *p != '\0'; p++)
		if (!atom_char((unsigned char)*p) || *p == ']')
			fail(c, "a flag with an octet that a flag cannot hold");
	buf_puts(&c->text, flag);
}

void imap_uids(struct imap_cmd *c, const struct set *s)
{
	separate(c);
	if (s->n == 0)
		fail(c, "an empty set of messages");
	set_format(&c->text, s);
}

void imap_uid(struct imap_cmd *c, uint32_t uid)
{
	if (uid == 0)
		fail(c, "a UID of 0");
	imap_number(c, uid);
}

void imap_list(struct imap_cmd *c)
{
	separate(c);
	buf_putc(&c->text, '(');
	c->space = false;
}

void imap_list_end(struct imap_cmd *c)
{
	buf_putc(&c->text, ')');
	c->space = true;
}

void imap_section(
    struct imap_cmd *c, const char *item, const char *section, uint64_t offset, uint64_t length)
{
	separate(c);
	if (*section != '\0' && !url_section_valid(section))
		fail(c, "a section that is none");
	buf_puts(&c->text, item);
	buf_putc(&c->text, '[');
	buf_puts(&c->text, section);
	buf_putc(&c->text, ']');
	if (length > 0)
		buf_printf(&c->text, "<%llu.%llu>", (unsigned long long)offset,
		    (unsigned long long)length);
}

void imap_date_time(struct imap_cmd *c, const char *date)
{
	imap_string(c, date, strlen(date));
}
