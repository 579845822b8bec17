/*
 * state_dir: states in a directory of a test's own, shared by the unit tests of the state.
 */
#ifndef LM_TESTS_STATE_DIR_H
#define LM_TESTS_STATE_DIR_H

#include "maildir_dir.h"
#include "store/state.h"

static char file_path[64];

static inline const char *path_of(const char *name)
{
	snprintf(file_path, sizeof(file_path), "%s/%s", dir_path, name);
	return file_path;
}

static inline struct state *open_state(const char *name)
{
	struct state *s = state_open(path_of(name), true, false, &fault);

	if (s == NULL)
		printf("# %s\n", fault.msg);
	return s;
}

static inline struct state_mailbox box_of(const char *name)
{
	struct state_mailbox m = {.delimiter = '/', .owner = 0xfedcba9876543210};

	snprintf(m.name, sizeof(m.name), "%s", name);
	snprintf(m.path, sizeof(m.path), "%s", name);
	return m;
}

static inline int64_t put_box(struct state *s, const char *name)
{
	struct state_mailbox m = box_of(name);

	CHECK_INT(state_mailbox_put(s, &m, &fault), 0);
	return m.id;
}

static inline void put_message(struct state *s, int64_t box, uint32_t uid)
{
	struct state_message m = {.uid = uid, .size = 1000 + uid, .key = 7};

	CHECK_INT(state_message_put(s, box, &m, &fault), 0);
}

static inline uint64_t count_of(struct state *s, int64_t box)
{
	struct state_mailbox m = {0};

	CHECK_INT(state_mailbox_get(s, box, &m, &fault), 1);
	return m.messages;
}

#endif
