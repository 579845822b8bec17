/* state_message: the messages of the state. */
#include "store/state_impl.h"

/* The column `lean`. */
enum { LEAN = 1, KEPT = 2, ABSENT = 4 };

static int bits_of(const struct state_message *m)
{
	return (m->lean ? LEAN : 0) | (m->kept ? KEPT : 0) | (m->absent ? ABSENT : 0);
}

uint64_t state_key(const unsigned char sha256[static DIGEST_LEN])
{
	uint64_t key = 0;

	for (int i = 0; i < 8; i++)
		key = key << 8 | sha256[i];
	return key == 0 ? 1 : key;
}

static int find(struct state *s, sqlite3_stmt *stmt, struct state_message *out, struct fault *f)
{
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	out->uid = (uint32_t)sqlite3_column_int64(stmt, 0);
	out->flags = (uint32_t)sqlite3_column_int64(stmt, 1);
	out->date = sqlite3_column_int64(stmt, 2);
	out->size = (uint64_t)sqlite3_column_int64(stmt, 3);
	out->key = (uint64_t)sqlite3_column_int64(stmt, 4);
	int bits = sqlite3_column_int(stmt, 5);
	out->lean = (bits & LEAN) != 0;
	out->kept = (bits & KEPT) != 0;
	out->absent = (bits & ABSENT) != 0;
	out->in_new = sqlite3_column_int(stmt, 6) != 0;
	state_text(stmt, 7, out->base, sizeof(out->base));
	return state_reset(stmt, 1);
}

int state_message_get(
    struct state *s, int64_t mailbox, uint32_t uid, struct state_message *out, struct fault *f)
{
	return find(s, state_sql(s, SQL_MESSAGE_GET, f, "ii", mailbox, (int64_t)uid), out, f);
}

int state_message_from(
    struct state *s, int64_t mailbox, uint32_t uid, struct state_message *out, struct fault *f)
{
	return find(s, state_sql(s, SQL_MESSAGE_FROM, f, "ii", mailbox, (int64_t)uid), out, f);
}

int state_message_put(
    struct state *s, int64_t mailbox, const struct state_message *m, struct fault *f)
{
	return state_run(s, SQL_MESSAGE_PUT, f, "iiiiiiiit", mailbox, (int64_t)m->uid,
	    (int64_t)m->flags, m->date, (int64_t)m->size, (int64_t)m->key, (int64_t)bits_of(m),
	    (int64_t)m->in_new, m->base);
}

int state_message_drop(struct state *s, int64_t mailbox, uint32_t uid, struct fault *f)
{
	return state_run(s, SQL_MESSAGE_DROP, f, "ii", mailbox, (int64_t)uid);
}
