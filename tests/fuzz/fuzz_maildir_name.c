/* A file name is a message or not; what is one comes back the same from what is built of it, with all its flags. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/maildir.h"

static void check_owner(const struct maildir_name *name)
{
	uint64_t owner;
	uint32_t uid;

	if (maildir_base_owner(name->base, &owner, &uid) && (uid == 0 || uid != name->uid))
		abort();
}

static void check_again(const struct maildir_name *name, bool in_new)
{
	char text[MAILDIR_NAME_MAX + 1], twice[MAILDIR_NAME_MAX + 1];
	struct maildir_name again;

	if (maildir_name_build(text, sizeof(text), name, in_new) == -1)
		return;
	if (maildir_name_parse(text, &again) == -1)
		abort();
	if (strcmp(again.base, name->base) != 0 || again.uid != name->uid ||
	    again.flags != name->flags || strlen(again.other) != strlen(name->other))
		abort();
	if (maildir_name_build(twice, sizeof(twice), &again, in_new) == -1 ||
	    strcmp(text, twice) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1);
	struct maildir_name name;

	if (text == NULL)
		return 0;
	if (n > 0)
		memcpy(text, data, n);
	text[n] = '\0';
	if (maildir_name_parse(text, &name) == 0) {
		check_owner(&name);
		check_again(&name, false);
		check_again(&name, true);
	}
	free(text);
	return 0;
}
