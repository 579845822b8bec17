/* state_mailbox: the mailboxes of the state, and what is on its way to them. */
#include <inttypes.h>

#include "store/state_impl.h"

/* `complete` and `window` are one column: 0, or one more than the window. */
static int64_t completeness(const struct state_mailbox *m)
{
	return m->complete ? 1 + m->window : 0;
}

static void read_mailbox(sqlite3_stmt *r, struct state_mailbox *m)
{
	*m = (struct state_mailbox){.id = sqlite3_column_int64(r, 0),
	    .delimiter = (char)sqlite3_column_int(r, 3),
	    .owner = (uint64_t)sqlite3_column_int64(r, 4),
	    .uidvalidity = (uint32_t)sqlite3_column_int64(r, 5),
	    .uidnext = (uint32_t)sqlite3_column_int64(r, 6),
	    .modseq = (uint64_t)sqlite3_column_int64(r, 7),
	    .messages = (uint64_t)sqlite3_column_int64(r, 8),
	    .skipped = (uint64_t)sqlite3_column_int64(r, 9),
	    .complete = sqlite3_column_int64(r, 10) != 0,
	    .window = sqlite3_column_int64(r, 10) > 0 ? sqlite3_column_int64(r, 10) - 1 : 0,
	    .stamp = {.cur_ns = sqlite3_column_int64(r, 11),
		.new_ns = sqlite3_column_int64(r, 12),
		.dev = (uint64_t)sqlite3_column_int64(r, 13),
		.ino = (uint64_t)sqlite3_column_int64(r, 14)}};
	state_text(r, 1, m->name, sizeof(m->name));
	state_text(r, 2, m->path, sizeof(m->path));
}

static int find(struct state *s, sqlite3_stmt *stmt, struct state_mailbox *out, struct fault *f)
{
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	read_mailbox(stmt, out);
	return state_reset(stmt, 1);
}

int state_mailbox_after(
    struct state *s, const char *name, struct state_mailbox *out, struct fault *f)
{
	return find(s, state_sql(s, SQL_MAILBOX_AFTER, f, "t", name), out, f);
}

int state_mailbox_named(
    struct state *s, const char *name, struct state_mailbox *out, struct fault *f)
{
	return find(s, state_sql(s, SQL_MAILBOX_NAMED, f, "t", name), out, f);
}

int state_mailbox_at(struct state *s, const char *path, struct state_mailbox *out, struct fault *f)
{
	return find(s, state_sql(s, SQL_MAILBOX_AT, f, "t", path), out, f);
}

int state_mailbox_owned(struct state *s, uint64_t owner, struct state_mailbox *out, struct fault *f)
{
	return find(s, state_sql(s, SQL_MAILBOX_OWNED, f, "i", (int64_t)owner), out, f);
}

int state_mailbox_get(struct state *s, int64_t id, struct state_mailbox *out, struct fault *f)
{
	return find(s, state_sql(s, SQL_MAILBOX_GET, f, "i", id), out, f);
}

int state_mailbox_put(struct state *s, struct state_mailbox *m, struct fault *f)
{
	static const char types[] = "ttiiiiiiiiiiii";
	enum statement which = m->id == 0 ? SQL_MAILBOX_INSERT : SQL_MAILBOX_UPDATE;

	if (state_run(s, which, f, m->id == 0 ? "ttiiiiiiiiiii" : types, m->name, m->path,
		(int64_t)m->delimiter, (int64_t)m->owner, (int64_t)m->uidvalidity,
		(int64_t)m->uidnext, (int64_t)m->modseq, (int64_t)m->skipped, completeness(m),
		m->stamp.cur_ns, m->stamp.new_ns, (int64_t)m->stamp.dev, (int64_t)m->stamp.ino,
		m->id) == -1)
		return -1;
	if (m->id == 0)
		m->id = sqlite3_last_insert_rowid(s->db);

	sqlite3_stmt *stmt = state_sql(s, SQL_MAILBOX_COUNT, f, "i", m->id);
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);
	if (r == 0)
		return fault_set(f, FAULT_BUG, "%s: no mailbox %" PRId64, s->path, m->id);
	if (r == -1)
		return -1;
	m->messages = (uint64_t)sqlite3_column_int64(stmt, 0);
	return state_reset(stmt, 0);
}

int state_mailbox_clear(struct state *s, int64_t id, struct fault *f)
{
	return state_run(s, SQL_MAILBOX_CLEAR, f, "i", id);
}

int state_mailbox_drop(struct state *s, int64_t id, struct fault *f)
{
	if (state_mailbox_clear(s, id, f) == -1 || state_intent_clear(s, id, f) == -1)
		return -1;
	return state_run(s, SQL_MAILBOX_DROP, f, "i", id);
}

/* ---- intents */

int state_intent_put(struct state *s, int64_t mailbox, const char *base, uint64_t size,
    uint64_t key, struct fault *f)
{
	return state_run(s, SQL_INTENT_PUT, f, "itii", mailbox, base, (int64_t)size, (int64_t)key);
}

int state_intent_find(struct state *s, int64_t mailbox, uint64_t size, uint64_t key,
    char base[static MAILDIR_NAME_MAX + 1], struct fault *f)
{
	sqlite3_stmt *stmt =
	    state_sql(s, SQL_INTENT_FIND, f, "iii", mailbox, (int64_t)size, (int64_t)key);
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	state_text(stmt, 0, base, MAILDIR_NAME_MAX + 1);
	return state_reset(stmt, 1);
}

static int is_there(struct state *s, sqlite3_stmt *stmt, struct fault *f)
{
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	return r == 1 ? state_reset(stmt, 1) : r;
}

int state_intent_has(struct state *s, int64_t mailbox, const char *base, struct fault *f)
{
	return is_there(s, state_sql(s, SQL_INTENT_HAS, f, "it", mailbox, base), f);
}

int state_intent_any(struct state *s, int64_t mailbox, struct fault *f)
{
	return is_there(s, state_sql(s, SQL_INTENT_ANY, f, "i", mailbox), f);
}

int state_intent_drop(struct state *s, int64_t mailbox, const char *base, struct fault *f)
{
	return state_run(s, SQL_INTENT_DROP, f, "it", mailbox, base);
}

int state_intent_clear(struct state *s, int64_t mailbox, struct fault *f)
{
	return state_run(s, SQL_INTENT_CLEAR, f, "i", mailbox);
}
