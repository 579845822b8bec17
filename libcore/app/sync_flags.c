/* sync_flags: flags of IMAP and letters of Maildir. */
#include <string.h>
#include <strings.h>

#include "app/sync_impl.h"

static const struct {
	const char *flag;
	uint32_t bit;
} system_flag[] = {
    {"\\Answered", MAILDIR_REPLIED},
    {"\\Deleted", MAILDIR_TRASHED},
    {"\\Draft", MAILDIR_DRAFT},
    {"\\Flagged", MAILDIR_FLAGGED},
    {"\\Seen", MAILDIR_SEEN},
    {"$Forwarded", MAILDIR_PASSED},
};
enum { SYSTEM_FLAGS = sizeof(system_flag) / sizeof(system_flag[0]) };

static uint32_t bit_of(struct sync_job *j, const char *flag)
{
	for (size_t i = 0; i < SYSTEM_FLAGS; i++)
		if (strcasecmp(flag, system_flag[i].flag) == 0)
			return system_flag[i].bit;
	if (*flag == '\\') /* \Recent, and what nobody can set */
		return 0;
	return keywords_add(&j->keywords, flag); /* a plan does not save it */
}

uint32_t sync_mask(struct sync_job *j, const struct node *flags)
{
	uint32_t mask = 0;

	for (const struct node *n = flags != NULL ? flags->child : NULL; n != NULL; n = n->next)
		mask |= bit_of(j, n->s);
	return mask;
}

const char *sync_flag(const struct sync_job *j, uint32_t bit)
{
	for (size_t i = 0; i < SYSTEM_FLAGS; i++)
		if (system_flag[i].bit == bit)
			return system_flag[i].flag;
	return keywords_name(&j->keywords, bit);
}

uint32_t sync_storable(const struct sync_job *j, uint32_t bits)
{
	uint32_t storable = 0;

	for (int i = 0; i < 32; i++) {
		uint32_t bit = (uint32_t)1 << i;
		const char *flag = (bits & bit) != 0 ? sync_flag(j, bit) : NULL;

		/* A mailbox that is only looked at has no PERMANENTFLAGS. */
		if (flag != NULL && (j->s->o->dry_run || mailbox_keeps(&j->seen, flag)))
			storable |= bit;
	}
	return storable;
}

void sync_put_flags(struct imap_cmd *c, const struct sync_job *j, uint32_t flags)
{
	imap_list(c);
	for (int i = 0; i < 32; i++) {
		uint32_t bit = (uint32_t)1 << i;
		const char *flag = (flags & bit) != 0 ? sync_flag(j, bit) : NULL;

		if (flag != NULL)
			imap_flag(c, flag);
	}
	imap_list_end(c);
}
