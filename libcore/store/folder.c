#include "store/folder.h"

#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "base/utf8.h"

static const char inbox[] = "INBOX";

static bool is_taken(enum folder_layout layout, const char *s, size_t n)
{
	return layout == FOLDER_FS && n == 3 &&
	    (memcmp(s, "cur", 3) == 0 || memcmp(s, "new", 3) == 0 || memcmp(s, "tmp", 3) == 0);
}

/* Whether the character of `len` octets (0: not UTF-8) at the place `at` of a component is written as %XX. */
static bool is_escaped(enum folder_layout layout, size_t at, size_t len, uint32_t cp)
{
	return len == 0 || utf8_is_unsafe(cp) || cp == '%' || cp == '/' ||
	    (cp == '.' && (layout == FOLDER_MAILDIRPP || at == 0));
}

static void put_component(struct buf *out, enum folder_layout layout, const char *s, size_t n)
{
	bool taken = is_taken(layout, s, n);

	if (n == 0)
		buf_putc(out, '%');
	for (size_t at = 0; at < n;) {
		uint32_t cp = 0;
		size_t len = utf8_next(s + at, n - at, &cp);
		bool escaped = is_escaped(layout, at, len, cp) || (at == 0 && taken);

		if (len == 0)
			len = 1;
		for (size_t i = 0; escaped && i < len; i++)
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)s[at + i]);
		if (!escaped)
			buf_put(out, s + at, len);
		at += len;
	}
}

static size_t component_length(const char *s, char delimiter)
{
	const char *end = delimiter != '\0' ? strchr(s, delimiter) : NULL;

	return end != NULL ? (size_t)(end - s) : strlen(s);
}

/* 0, or -1 for a limit. `name` is not INBOX. */
static int put_path(struct buf *out, enum folder_layout layout, const char *name, char delimiter)
{
	size_t depth = 0, start = 0;

	for (const char *s = name;; s++) {
		size_t n = component_length(s, delimiter);

		if (++depth > FOLDER_DEPTH_MAX)
			return -1;
		if (layout == FOLDER_MAILDIRPP)
			buf_putc(out, '.');
		else if (depth > 1)
			buf_putc(out, '/');
		if (layout == FOLDER_FS)
			start = out->len;
		put_component(out, layout, s, n);
		if (buf_failed(out) || out->len - start > FOLDER_COMPONENT_MAX)
			return -1;
		s += n;
		if (*s == '\0')
			return 0;
	}
}

int folder_path(
    enum folder_layout layout, const char *name, char delimiter, struct buf *out, struct fault *f)
{
	struct buf path;
	int r = 0;

	if (*name == '\0')
		return fault_set(f, FAULT_DATA, "a mailbox without a name has no folder");
	buf_init(&path, FOLDER_PATH_MAX);
	if (strcasecmp(name, inbox) == 0)
		buf_puts(&path, layout == FOLDER_FS ? inbox : ".");
	else
		r = put_path(&path, layout, name, delimiter);
	if (r == -1)
		fault_set(f, FAULT_DATA,
		    "the name of the mailbox \"%s\" is too long or too deep for a folder", name);
	else
		buf_put(out, path.data, path.len);
	buf_free(&path);
	return r;
}

/* 0, or -1 for what put_component() does not write. */
static int decode_component(struct buf *out, const char *s, size_t n)
{
	if (n == 1 && *s == '%')
		return 0;
	for (size_t i = 0; i < n; i++) {
		int high, low;

		if (s[i] != '%') {
			buf_putc(out, s[i]);
			continue;
		}
		if (n - i < 3 || (high = enc_hex_value(s[i + 1])) == -1 ||
		    (low = enc_hex_value(s[i + 2])) == -1)
			return -1;
		buf_putc(out, (char)(high << 4 | low));
		i += 2;
	}
	return 0;
}

static int decode_path(struct buf *out, enum folder_layout layout, const char *path, char delimiter)
{
	char separator = layout == FOLDER_FS ? '/' : '.';

	if (layout == FOLDER_MAILDIRPP) {
		if (strcmp(path, ".") == 0) {
			buf_puts(out, inbox);
			return 0;
		}
		if (*path++ != '.')
			return -1;
	}
	for (;;) {
		size_t n = component_length(path, separator);

		if (decode_component(out, path, n) == -1)
			return -1;
		path += n;
		if (*path++ == '\0')
			return 0;
		if (delimiter == '\0')
			return -1;
		buf_putc(out, delimiter);
	}
}

/* Only the one path that a name has stands for it; whatever else decodes to it is another directory. */
static bool is_path_of(
    enum folder_layout layout, const char *path, const char *name, char delimiter)
{
	struct fault ignored;
	struct buf again;
	bool same;

	buf_init(&again, FOLDER_PATH_MAX);
	same = folder_path(layout, name, delimiter, &again, &ignored) == 0 &&
	    strcmp(buf_str(&again), path) == 0;
	buf_free(&again);
	return same;
}

int folder_name(
    enum folder_layout layout, const char *path, char delimiter, struct buf *out, struct fault *f)
{
	struct buf name;
	int r;

	buf_init(&name, FOLDER_PATH_MAX + 1);
	r = decode_path(&name, layout, path, delimiter);
	if (r == -1 || buf_failed(&name) || !is_path_of(layout, path, buf_str(&name), delimiter))
		r = fault_set(f, FAULT_DATA, "the folder %s has no name of a mailbox", path);
	else
		buf_put(out, name.data, name.len);
	buf_free(&name);
	return r;
}
