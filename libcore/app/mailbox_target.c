/* mailbox_target: accounts, patterns and URLs. */
#include "app/mailbox_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/locate.h"
#include "base/enc.h"

enum { ACCOUNT_NAME_MAX = 256 };

static int parse_url(struct tool *t, const char *text, struct mailbox_target *to, struct fault *f)
{
	struct url u;

	if (locate(t, text, &to->account, &u, f) == -1)
		return -1;
	if (u.uid != 0) {
		url_free(&u);
		return fault_set(f, FAULT_DATA, "a URL of a message, not of a mailbox");
	}
	to->exact = u.mailbox != NULL;
	to->uidvalidity = u.uidvalidity;
	to->pattern = strdup(to->exact ? u.mailbox : "*");
	url_free(&u);
	return 0;
}

static int parse_pattern(
    struct tool *t, const char *text, struct mailbox_target *to, struct fault *f)
{
	size_t n = strcspn(text, "/");
	char name[ACCOUNT_NAME_MAX];

	if (n >= sizeof(name))
		return fault_set(f, FAULT_DATA, "neither ACCOUNT/PATTERN nor an IMAP URL");
	snprintf(name, sizeof(name), "%.*s", (int)n, text);
	if (t->account != NULL && strcmp(t->account, name) != 0)
		return fault_set(
		    f, FAULT_USAGE, "not in the account that -a names: %s", t->account);
	to->account = locate_account(t, name, f);
	if (to->account == NULL)
		return -1;
	text += n + (text[n] == '/');
	if (!enc_is_utf8(text, strlen(text)))
		return fault_set(f, FAULT_DATA, "not UTF-8");
	to->pattern = strdup(*text != '\0' ? text : "*");
	return 0;
}

int mailbox_target_parse(
    struct tool *t, const char *text, struct mailbox_target *to, struct fault *f)
{
	bool url = strncasecmp(text, "imap:", 5) == 0 || strncasecmp(text, "imaps:", 6) == 0;

	*to = (struct mailbox_target){0};
	if (tool_config(t, f) == -1 ||
	    (url ? parse_url(t, text, to, f) : parse_pattern(t, text, to, f)) == -1)
		return -1;
	return to->pattern != NULL ? 0 : fault_set(f, FAULT_TEMP, "out of memory");
}

void mailbox_target_free(struct mailbox_target *t)
{
	free(t->pattern);
	*t = (struct mailbox_target){0};
}

bool mailbox_target_is_all(const struct mailbox_target *t)
{
	return !t->exact && strcmp(t->pattern, "*") == 0;
}

bool mailbox_target_is_one(const struct mailbox_target *t)
{
	return t->exact || strpbrk(t->pattern, "*%") == NULL;
}

bool mailbox_target_fits(const struct mailbox_target *t, const struct mailbox_entry *e)
{
	if (!t->exact)
		return mailboxes_pattern(t->pattern, e->name, e->delimiter);
	return strcmp(t->pattern, e->name) == 0 ||
	    (strcasecmp(t->pattern, "INBOX") == 0 && strcmp(e->name, "INBOX") == 0);
}
