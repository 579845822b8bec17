/* sync_adopt: a file that is here already becomes that of a message on the server. */
#include <stdio.h>
#include <string.h>

#include "app/sync_impl.h"

enum { FLAGS_ROOM = 3 + 32 }; /* ":2," and every letter */

int sync_new_base(
    const struct sync_job *j, const struct state_message *m, struct maildir_name *name)
{
	char base[MAILDIR_NAME_MAX + 1];
	uint64_t owner;
	uint32_t uid;
	int n;

	if (maildir_base_owner(name->base, &owner, &uid))
		return maildir_base(
		    name->base, sizeof(name->base), m->date, j->row.owner, m->uid, SYNC_HOST);

	const char *mark = strstr(name->base, ",U=");
	size_t len = mark != NULL ? (size_t)(mark - name->base) : strlen(name->base);
	n = snprintf(base, sizeof(base), "%.*s,U=%u", (int)len, name->base, m->uid);
	/* There has to be room for all flags that it may get. */
	if (n <= 0 || (size_t)n + FLAGS_ROOM + strlen(name->other) >= sizeof(base))
		return maildir_base(
		    name->base, sizeof(name->base), m->date, j->row.owner, m->uid, SYNC_HOST);
	memcpy(name->base, base, sizeof(base));
	return 0;
}

int sync_adopt(struct sync_job *j, const char *file, bool in_new, uint32_t flags,
    struct state_message *m, struct fault *f)
{
	struct maildir_name to;
	struct state_message old;
	char name[MAILDIR_NAME_MAX + 1];
	bool to_new = in_new && flags == 0;
	uint64_t owner;
	uint32_t uid;
	/* A server that names the UID of another message does not know which one it gave. */
	int known = state_message_get(j->s->state, j->row.id, m->uid, &old, f);

	if (known != 0)
		return known == 1 ? 0 : -1;
	if (maildir_name_parse(file, &to) == -1 || sync_new_base(j, m, &to) == -1)
		return fault_set(f, FAULT_DATA, "%s: the file name is too long", file);
	to.flags = flags;
	if (maildir_name_build(name, sizeof(name), &to, to_new) == -1)
		return fault_set(f, FAULT_DATA, "%s: the file name is too long", file);
	if (strcmp(name, file) != 0 && !j->s->o->dry_run) {
		int r = sync_rename(j, in_new, file, to_new, name, f);

		if (r != 1)
			return r;
	}
	m->in_new = to_new;
	m->base[0] = '\0';
	if (!maildir_base_owner(to.base, &owner, &uid))
		memcpy(m->base, to.base, sizeof(m->base));
	return state_message_put(j->s->state, j->row.id, m, f) == -1 ? -1 : 1;
}

int sync_adopt_apart(
    struct sync_job *j, const char *file, bool in_new, struct state_message *m, struct fault *f)
{
	struct scratch_change remote = {.uid = m->uid, .flags = m->flags};
	struct scratch_change local = {.mailbox = j->row.id, .uid = m->uid};
	struct maildir_name name;

	if (maildir_name_parse(file, &name) == -1)
		return 0;
	local.flags = name.flags;
	m->flags &= name.flags;

	int r = sync_adopt(j, file, in_new, name.flags, m, f);
	if (r != 1 || remote.flags == local.flags)
		return r;
	local.in_new = m->in_new;
	if (scratch_local_put(j->s->state, &local, f) == -1 ||
	    scratch_remote_put(j->s->state, &remote, f) == -1)
		return -1;
	return 1;
}
