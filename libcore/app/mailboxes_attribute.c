/* mailboxes_attribute: the attributes of LIST by name. */
#include <string.h>
#include <strings.h>

#include "app/mailboxes.h"

static const struct {
	const char *name;
	unsigned bit;
	unsigned implies;
} attributes[] = {
    {"\\NonExistent", LIST_NONEXISTENT, LIST_NOSELECT},
    {"\\Noselect", LIST_NOSELECT, 0},
    {"\\Noinferiors", LIST_NOINFERIORS, LIST_HASNOCHILDREN},
    {"\\HasChildren", LIST_HASCHILDREN, 0},
    {"\\HasNoChildren", LIST_HASNOCHILDREN, 0},
    {"\\Marked", LIST_MARKED, 0},
    {"\\Unmarked", LIST_UNMARKED, 0},
    {"\\Remote", LIST_REMOTE, 0},
    {"\\Subscribed", LIST_SUBSCRIBED, 0},
    {"\\All", LIST_ALL, 0},
    {"\\Archive", LIST_ARCHIVE, 0},
    {"\\Drafts", LIST_DRAFTS, 0},
    {"\\Flagged", LIST_FLAGGED, 0},
    {"\\Important", LIST_IMPORTANT, 0},
    {"\\Junk", LIST_JUNK, 0},
    {"\\Sent", LIST_SENT, 0},
    {"\\Trash", LIST_TRASH, 0},
};

enum { ATTRIBUTES = sizeof(attributes) / sizeof(attributes[0]) };

unsigned mailboxes_attribute(const char *name, size_t n)
{
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (strlen(attributes[i].name) == n &&
		    strncasecmp(attributes[i].name, name, n) == 0)
			return attributes[i].bit | attributes[i].implies;
	return 0;
}

void mailboxes_attributes(struct buf *out, unsigned set)
{
	size_t before = out->len;

	for (size_t i = 0; i < ATTRIBUTES; i++) {
		if ((set & attributes[i].bit) == 0)
			continue;
		if (out->len > before)
			buf_putc(out, ' ');
		buf_puts(out, attributes[i].name);
	}
}
