/* state_scratch: tables of one run. */
#include "store/state_impl.h"

/* ---- a scan */

int scratch_scan_clear(struct state *s, struct fault *f)
{
	return state_run(s, SQL_SCAN_CLEAR, f, "");
}

int scratch_scan_add(struct state *s, const struct scratch_file *e, struct fault *f)
{
	return state_run(
	    s, SQL_SCAN_ADD, f, "iii", (int64_t)e->uid, (int64_t)e->flags, (int64_t)e->in_new);
}

int scratch_scan_begin(struct state *s, struct fault *f)
{
	return state_sql(s, SQL_SCAN_WALK, f, "") == NULL ? -1 : 0;
}

int scratch_scan_next(struct state *s, struct scratch_file *e, struct fault *f)
{
	sqlite3_stmt *stmt = s->stmt[SQL_SCAN_WALK];
	int r = state_step(s, stmt, f);

	if (r != 1)
		return r;
	*e = (struct scratch_file){.uid = (uint32_t)sqlite3_column_int64(stmt, 0),
	    .flags = (uint32_t)sqlite3_column_int64(stmt, 1),
	    .in_new = sqlite3_column_int(stmt, 2) != 0};
	return 1;
}

void scratch_scan_end(struct state *s)
{
	if (s->stmt[SQL_SCAN_WALK] != NULL)
		sqlite3_reset(s->stmt[SQL_SCAN_WALK]);
}

/* ---- changes of the Maildir */

static int local_row(struct state *s, sqlite3_stmt *stmt, struct scratch_change *c, struct fault *f)
{
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	*c = (struct scratch_change){.mailbox = sqlite3_column_int64(stmt, 0),
	    .uid = (uint32_t)sqlite3_column_int64(stmt, 1),
	    .flags = (uint32_t)sqlite3_column_int64(stmt, 2),
	    .gone = sqlite3_column_int(stmt, 3) != 0,
	    .in_new = sqlite3_column_int(stmt, 4) != 0};
	return state_reset(stmt, 1);
}

int scratch_local_put(struct state *s, const struct scratch_change *c, struct fault *f)
{
	return state_run(s, SQL_LOCAL_PUT, f, "iiiii", c->mailbox, (int64_t)c->uid,
	    (int64_t)c->flags, (int64_t)c->gone, (int64_t)c->in_new);
}

int scratch_local_get(
    struct state *s, int64_t mailbox, uint32_t uid, struct scratch_change *c, struct fault *f)
{
	return local_row(s, state_sql(s, SQL_LOCAL_GET, f, "ii", mailbox, (int64_t)uid), c, f);
}

int scratch_local_from(
    struct state *s, int64_t mailbox, uint32_t uid, struct scratch_change *c, struct fault *f)
{
	return local_row(s, state_sql(s, SQL_LOCAL_FROM, f, "ii", mailbox, (int64_t)uid), c, f);
}

int scratch_local_drop(struct state *s, int64_t mailbox, uint32_t uid, struct fault *f)
{
	return state_run(s, SQL_LOCAL_DROP, f, "ii", mailbox, (int64_t)uid);
}

int scratch_local_clear(struct state *s, int64_t mailbox, struct fault *f)
{
	return state_run(s, SQL_LOCAL_CLEAR, f, "i", mailbox);
}

int scratch_local_count(
    struct state *s, int64_t mailbox, uint64_t *gone, uint64_t *all, struct fault *f)
{
	sqlite3_stmt *stmt = state_sql(s, SQL_LOCAL_COUNT, f, "i", mailbox);
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	*gone = *all = 0;
	if (r != 1)
		return r;
	*gone = (uint64_t)sqlite3_column_int64(stmt, 0);
	*all = (uint64_t)sqlite3_column_int64(stmt, 1);
	return state_reset(stmt, 0);
}

int scratch_gone_find(
    struct state *s, uint64_t size, uint64_t key, int64_t *mailbox, uint32_t *uid, struct fault *f)
{
	sqlite3_stmt *stmt = state_sql(s, SQL_GONE_FIND, f, "ii", (int64_t)size, (int64_t)key);
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	*mailbox = sqlite3_column_int64(stmt, 0);
	*uid = (uint32_t)sqlite3_column_int64(stmt, 1);
	return state_reset(stmt, 1);
}

/* ---- changes of the server */

static int remote_row(
    struct state *s, sqlite3_stmt *stmt, struct scratch_change *c, struct fault *f)
{
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	*c = (struct scratch_change){.uid = (uint32_t)sqlite3_column_int64(stmt, 0),
	    .flags = (uint32_t)sqlite3_column_int64(stmt, 1),
	    .gone = sqlite3_column_int(stmt, 2) != 0};
	return state_reset(stmt, 1);
}

int scratch_remote_clear(struct state *s, struct fault *f)
{
	return state_run(s, SQL_REMOTE_CLEAR, f, "");
}

int scratch_remote_put(struct state *s, const struct scratch_change *c, struct fault *f)
{
	return state_run(
	    s, SQL_REMOTE_PUT, f, "iii", (int64_t)c->uid, (int64_t)c->flags, (int64_t)c->gone);
}

int scratch_remote_get(struct state *s, uint32_t uid, struct scratch_change *c, struct fault *f)
{
	return remote_row(s, state_sql(s, SQL_REMOTE_GET, f, "i", (int64_t)uid), c, f);
}

int scratch_remote_from(struct state *s, uint32_t uid, struct scratch_change *c, struct fault *f)
{
	return remote_row(s, state_sql(s, SQL_REMOTE_FROM, f, "i", (int64_t)uid), c, f);
}

int scratch_remote_gone(struct state *s, int64_t mailbox, uint32_t lo, uint32_t hi, struct fault *f)
{
	return state_run(s, SQL_REMOTE_GONE, f, "iii", mailbox, (int64_t)lo, (int64_t)hi);
}

int scratch_range_clear(struct state *s, enum scratch_set which, struct fault *f)
{
	return state_run(s, SQL_RANGE_CLEAR, f, "i", (int64_t)which);
}

static int range_row(
    struct state *s, sqlite3_stmt *stmt, uint32_t *lo, uint32_t *hi, struct fault *f)
{
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	*lo = (uint32_t)sqlite3_column_int64(stmt, 0);
	*hi = (uint32_t)sqlite3_column_int64(stmt, 1);
	return state_reset(stmt, 1);
}

/* Those that overlap or touch become one, so that no two in the table do. */
int scratch_range_add(
    struct state *s, enum scratch_set which, uint32_t lo, uint32_t hi, struct fault *f)
{
	uint32_t low, high, swap = lo;
	int r;

	if (lo > hi) {
		lo = hi;
		hi = swap;
	}
	while (
	    (r = scratch_range_to(s, which, hi < UINT32_MAX ? hi + 1 : hi, &low, &high, f)) == 1) {
		if (high < UINT32_MAX && high + 1 < lo)
			break;
		if (state_run(s, SQL_RANGE_DROP, f, "ii", (int64_t)which, (int64_t)low) == -1)
			return -1;
		lo = low < lo ? low : lo;
		hi = high > hi ? high : hi;
	}
	if (r == -1)
		return -1;
	return state_run(s, SQL_RANGE_ADD, f, "iii", (int64_t)which, (int64_t)lo, (int64_t)hi);
}

int scratch_range_from(struct state *s, enum scratch_set which, uint32_t uid, uint32_t *lo,
    uint32_t *hi, struct fault *f)
{
	int r = scratch_range_to(s, which, uid, lo, hi, f);

	if (r == -1 || (r == 1 && *hi >= uid))
		return r;
	return range_row(
	    s, state_sql(s, SQL_RANGE_NEXT, f, "ii", (int64_t)which, (int64_t)uid), lo, hi, f);
}

int scratch_range_to(struct state *s, enum scratch_set which, uint32_t uid, uint32_t *lo,
    uint32_t *hi, struct fault *f)
{
	return range_row(
	    s, state_sql(s, SQL_RANGE_TO, f, "ii", (int64_t)which, (int64_t)uid), lo, hi, f);
}

/* ---- files without a message */

static int unknown_row(
    struct state *s, sqlite3_stmt *stmt, struct scratch_unknown *u, struct fault *f)
{
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	u->id = sqlite3_column_int64(stmt, 0);
	u->mailbox = sqlite3_column_int64(stmt, 1);
	state_text(stmt, 2, u->file, sizeof(u->file));
	u->in_new = sqlite3_column_int(stmt, 3) != 0;
	u->size = (uint64_t)sqlite3_column_int64(stmt, 4);
	u->key = (uint64_t)sqlite3_column_int64(stmt, 5);
	u->id_key = (uint64_t)sqlite3_column_int64(stmt, 6);
	u->ours = sqlite3_column_int(stmt, 7) != 0;
	return state_reset(stmt, 1);
}

int scratch_unknown_put(struct state *s, struct scratch_unknown *u, struct fault *f)
{
	enum statement which = u->id == 0 ? SQL_UNKNOWN_INSERT : SQL_UNKNOWN_UPDATE;

	if (state_run(s, which, f, u->id == 0 ? "itiiiii" : "itiiiiii", u->mailbox, u->file,
		(int64_t)u->in_new, (int64_t)u->size, (int64_t)u->key, (int64_t)u->id_key,
		(int64_t)u->ours, u->id) == -1)
		return -1;
	if (u->id == 0)
		u->id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int scratch_unknown_drop(struct state *s, int64_t id, struct fault *f)
{
	return state_run(s, SQL_UNKNOWN_DROP, f, "i", id);
}

int scratch_unknown_drop_file(struct state *s, int64_t mailbox, const char *file, struct fault *f)
{
	return state_run(s, SQL_UNKNOWN_DROP_FILE, f, "it", mailbox, file);
}

int scratch_unknown_after(
    struct state *s, int64_t mailbox, int64_t id, struct scratch_unknown *u, struct fault *f)
{
	return unknown_row(s, state_sql(s, SQL_UNKNOWN_AFTER, f, "ii", mailbox, id), u, f);
}

int scratch_unknown_find(struct state *s, int64_t mailbox, uint64_t size, uint64_t key,
    uint64_t id_key, struct scratch_unknown *u, struct fault *f)
{
	return unknown_row(s,
	    state_sql(s, SQL_UNKNOWN_FIND, f, "iiii", mailbox, (int64_t)size, (int64_t)key,
		(int64_t)id_key),
	    u, f);
}

int scratch_unknown_clear(struct state *s, int64_t mailbox, struct fault *f)
{
	return state_run(s, SQL_UNKNOWN_CLEAR, f, "i", mailbox);
}

/* ---- moves */

int scratch_move_put(struct state *s, const struct scratch_move *m, struct fault *f)
{
	return state_run(s, SQL_MOVE_PUT, f, "iiiiit", m->from, m->to, (int64_t)m->uid,
	    (int64_t)!m->copy, (int64_t)m->in_new, m->file);
}

int scratch_move_after(struct state *s, int64_t from, const struct scratch_move *after,
    struct scratch_move *m, struct fault *f)
{
	sqlite3_stmt *stmt = state_sql(s, SQL_MOVE_AFTER, f, "iiiii", from,
	    (int64_t)(after->id == 0 ? -1 : !after->copy), after->to, (int64_t)after->uid,
	    after->id);
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	if (r != 1)
		return r;
	m->id = sqlite3_column_int64(stmt, 0);
	m->from = sqlite3_column_int64(stmt, 1);
	m->to = sqlite3_column_int64(stmt, 2);
	m->uid = (uint32_t)sqlite3_column_int64(stmt, 3);
	m->copy = sqlite3_column_int(stmt, 4) == 0;
	m->in_new = sqlite3_column_int(stmt, 5) != 0;
	state_text(stmt, 6, m->file, sizeof(m->file));
	return state_reset(stmt, 1);
}

int scratch_move_drop(struct state *s, int64_t id, struct fault *f)
{
	return state_run(s, SQL_MOVE_DROP, f, "i", id);
}

int scratch_move_any(struct state *s, int64_t from, struct fault *f)
{
	sqlite3_stmt *stmt = state_sql(s, SQL_MOVE_ANY, f, "i", from);
	int r = stmt == NULL ? -1 : state_step(s, stmt, f);

	return r == 1 ? state_reset(stmt, 1) : r;
}
