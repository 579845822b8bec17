/* state: the SQLite file, its tables, and how a statement is run. */
#include "store/state_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	APPLICATION_ID = 0x6c6d7374, /* "lmst" */
	BUSY_WAIT = 5000,            /* ms */
};

#define AFRESH "Move it away to start afresh: what is here is then matched with the server"

static const char schema[] =
    "CREATE TABLE mailbox(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, path TEXT NOT NULL"
    " UNIQUE, delimiter INTEGER, owner INTEGER, uidvalidity INTEGER, uidnext INTEGER, modseq"
    " INTEGER, messages INTEGER DEFAULT 0, skipped INTEGER, complete INTEGER, cur_ns INTEGER,"
    " new_ns INTEGER, dev INTEGER, ino INTEGER);"
    "CREATE TABLE message(mailbox INTEGER, uid INTEGER, flags INTEGER, date INTEGER, size INTEGER,"
    " key INTEGER, lean INTEGER, in_new INTEGER, base TEXT, PRIMARY KEY(mailbox, uid)) WITHOUT"
    " ROWID;"
    "CREATE TABLE intent(mailbox INTEGER, base TEXT, size INTEGER, key INTEGER, PRIMARY"
    " KEY(mailbox, base)) WITHOUT ROWID;"
    "CREATE INDEX intent_content ON intent(mailbox, size);"
    "CREATE TRIGGER counts AFTER INSERT ON message BEGIN UPDATE mailbox SET messages = messages + 1"
    " WHERE id = new.mailbox; END;"
    "CREATE TRIGGER uncounts AFTER DELETE ON message BEGIN UPDATE mailbox SET messages = messages -"
    " 1 WHERE id = old.mailbox; END;";

static const char scratch[] =
    "CREATE TEMP TABLE scan(uid INTEGER, flags INTEGER, in_new INTEGER);"
    "CREATE TEMP TABLE local(mailbox INTEGER, uid INTEGER, flags INTEGER, gone INTEGER, in_new"
    " INTEGER, key INTEGER, PRIMARY KEY(mailbox, uid)) WITHOUT ROWID;"
    "CREATE INDEX temp.local_key ON local(key) WHERE key IS NOT NULL;"
    "CREATE TEMP TABLE remote(uid INTEGER PRIMARY KEY, flags INTEGER, gone INTEGER);"
    "CREATE TEMP TABLE range(which INTEGER, lo INTEGER, hi INTEGER, PRIMARY KEY(which, lo)) WITHOUT ROWID;"
    "CREATE TEMP TABLE unknown(id INTEGER PRIMARY KEY AUTOINCREMENT, mailbox INTEGER, file TEXT, in_new INTEGER,"
    " size INTEGER, key INTEGER, id_key INTEGER, ours INTEGER);"
    "CREATE INDEX temp.unknown_mailbox ON unknown(mailbox, id);"
    "CREATE INDEX temp.unknown_size ON unknown(mailbox, size);"
    "CREATE TEMP TABLE move(id INTEGER PRIMARY KEY, source INTEGER, target INTEGER, uid INTEGER,"
    " late INTEGER, in_new INTEGER, file TEXT);"
    "CREATE INDEX temp.move_source ON move(source, late, target, uid, id);";

#define MAILBOX                                                                              \
	"id, name, path, delimiter, owner, uidvalidity, uidnext, modseq, messages, skipped," \
	" complete, cur_ns, new_ns, dev, ino FROM mailbox "
#define MESSAGE "uid, flags, date, size, key, lean, in_new, base FROM message "
#define LOCAL   "mailbox, uid, flags, gone, in_new FROM temp.local "
#define REMOTE  "uid, flags, gone FROM temp.remote "
#define UNKNOWN "id, mailbox, file, in_new, size, key, id_key, ours FROM temp.unknown "

static const char *const text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_MAILBOX_AFTER] = "SELECT " MAILBOX "WHERE name > ? ORDER BY name LIMIT 1",
    [SQL_MAILBOX_NAMED] = "SELECT " MAILBOX "WHERE name = ?",
    [SQL_MAILBOX_AT] = "SELECT " MAILBOX "WHERE path = ?",
    [SQL_MAILBOX_OWNED] = "SELECT " MAILBOX "WHERE owner = ?",
    [SQL_MAILBOX_GET] = "SELECT " MAILBOX "WHERE id = ?",
    [SQL_MAILBOX_INSERT] =
	"INSERT INTO mailbox(name, path, delimiter, owner, uidvalidity, uidnext, modseq,"
	" skipped, complete, cur_ns, new_ns, dev, ino) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_MAILBOX_UPDATE] =
	"UPDATE mailbox SET name=?, path=?, delimiter=?, owner=?, uidvalidity=?, uidnext=?,"
	" modseq=?, skipped=?, complete=?, cur_ns=?, new_ns=?, dev=?, ino=? WHERE id=?",
    [SQL_MAILBOX_DROP] = "DELETE FROM mailbox WHERE id = ?",
    [SQL_MAILBOX_CLEAR] = "DELETE FROM message WHERE mailbox = ?",
    [SQL_MAILBOX_COUNT] = "SELECT messages FROM mailbox WHERE id = ?",
    [SQL_MESSAGE_GET] = "SELECT " MESSAGE "WHERE mailbox = ? AND uid = ?",
    [SQL_MESSAGE_PUT] =
	"INSERT INTO message(mailbox, uid, flags, date, size, key, lean, in_new, base)"
	" VALUES(?,?,?,?,?,?,?,?,NULLIF(?,'')) ON CONFLICT DO UPDATE SET flags=excluded.flags,"
	" date=excluded.date, size=excluded.size, key=excluded.key, lean=excluded.lean,"
	" in_new=excluded.in_new, base=excluded.base",
    [SQL_MESSAGE_DROP] = "DELETE FROM message WHERE mailbox = ? AND uid = ?",
    [SQL_MESSAGE_FROM] = "SELECT " MESSAGE "WHERE mailbox = ? AND uid >= ? ORDER BY uid LIMIT 1",
    [SQL_INTENT_PUT] = "INSERT OR REPLACE INTO intent(mailbox, base, size, key) VALUES(?,?,?,?)",
    [SQL_INTENT_FIND] =
	"SELECT base FROM intent WHERE mailbox = ? AND size = ? AND key = ? LIMIT 1",
    [SQL_INTENT_HAS] = "SELECT 1 FROM intent WHERE mailbox = ? AND base = ?",
    [SQL_INTENT_DROP] = "DELETE FROM intent WHERE mailbox = ? AND base = ?",
    [SQL_INTENT_ANY] = "SELECT 1 FROM intent WHERE mailbox = ? AND size > 0 LIMIT 1",
    [SQL_INTENT_CLEAR] = "DELETE FROM intent WHERE mailbox = ?",
    [SQL_SCAN_CLEAR] = "DELETE FROM temp.scan",
    [SQL_SCAN_ADD] = "INSERT INTO temp.scan VALUES(?,?,?)",
    [SQL_SCAN_WALK] = "SELECT uid, flags, in_new FROM temp.scan ORDER BY uid, in_new",
    /* Of what is gone the key is kept as well: to find it among many takes an index. */
    [SQL_LOCAL_PUT] =
	"INSERT OR REPLACE INTO temp.local VALUES(?1,?2,?3,?4,?5, CASE WHEN ?4 THEN (SELECT key"
	" FROM message WHERE mailbox = ?1 AND uid = ?2) END)",
    [SQL_LOCAL_GET] = "SELECT " LOCAL "WHERE mailbox = ? AND uid = ?",
    [SQL_LOCAL_DROP] = "DELETE FROM temp.local WHERE mailbox = ? AND uid = ?",
    [SQL_LOCAL_FROM] = "SELECT " LOCAL "WHERE mailbox = ? AND uid >= ? ORDER BY uid LIMIT 1",
    [SQL_LOCAL_CLEAR] = "DELETE FROM temp.local WHERE mailbox = ?",
    [SQL_LOCAL_COUNT] = "SELECT total(gone), count(*) FROM temp.local WHERE mailbox = ?",
    [SQL_GONE_FIND] =
	"SELECT l.mailbox, l.uid FROM temp.local l JOIN message m ON m.mailbox = l.mailbox AND m.uid"
	" = l.uid WHERE (m.size = ?1 OR m.lean & 1) AND m.key = ?2 AND l.key = ?2 LIMIT 1",
    [SQL_REMOTE_CLEAR] = "DELETE FROM temp.remote",
    [SQL_REMOTE_PUT] = "INSERT OR REPLACE INTO temp.remote VALUES(?,?,?)",
    [SQL_REMOTE_GET] = "SELECT " REMOTE "WHERE uid = ?",
    [SQL_REMOTE_FROM] = "SELECT " REMOTE "WHERE uid >= ? ORDER BY uid LIMIT 1",
    [SQL_REMOTE_GONE] =
	"INSERT OR REPLACE INTO temp.remote SELECT uid, flags, 1 FROM message WHERE mailbox = ? AND"
	" uid BETWEEN ? AND ?",
    [SQL_RANGE_CLEAR] = "DELETE FROM temp.range WHERE which = ?",
    [SQL_RANGE_ADD] = "INSERT INTO temp.range VALUES(?,?,?)",
    [SQL_RANGE_DROP] = "DELETE FROM temp.range WHERE which = ? AND lo = ?",
    [SQL_RANGE_NEXT] =
	"SELECT lo, hi FROM temp.range WHERE which = ? AND lo > ? ORDER BY lo LIMIT 1",
    [SQL_RANGE_TO] =
	"SELECT lo, hi FROM temp.range WHERE which = ? AND lo <= ? ORDER BY lo DESC LIMIT 1",
    [SQL_UNKNOWN_INSERT] =
	"INSERT INTO temp.unknown(mailbox, file, in_new, size, key, id_key, ours)"
	" VALUES(?,?,?,?,?,?,?)",
    [SQL_UNKNOWN_UPDATE] = "UPDATE temp.unknown SET mailbox=?, file=?, in_new=?, size=?, key=?,"
			   " id_key=?, ours=? WHERE id=?",
    [SQL_UNKNOWN_DROP_FILE] = "DELETE FROM temp.unknown WHERE mailbox = ? AND file = ?",
    [SQL_UNKNOWN_DROP] = "DELETE FROM temp.unknown WHERE id = ?",
    [SQL_UNKNOWN_AFTER] = "SELECT " UNKNOWN "WHERE mailbox = ? AND id > ? ORDER BY id LIMIT 1",
    [SQL_UNKNOWN_FIND] =
	"SELECT " UNKNOWN
	"WHERE mailbox = ?1 AND size = ?2 AND CASE ?3 WHEN 0 THEN ?4 <> 0 AND id_key = ?4 ELSE"
	" key = ?3 END ORDER BY id LIMIT 1",
    [SQL_UNKNOWN_CLEAR] = "DELETE FROM temp.unknown WHERE mailbox = ?",
    [SQL_MOVE_PUT] = "INSERT INTO temp.move(source, target, uid, late, in_new, file)"
		     " VALUES(?,?,?,?,?,?)",
    [SQL_MOVE_AFTER] =
	"SELECT id, source, target, uid, late, in_new, file FROM temp.move WHERE source = ? AND"
	" (late, target, uid, id) > (?,?,?,?) ORDER BY late, target, uid, id LIMIT 1",
    [SQL_MOVE_DROP] = "DELETE FROM temp.move WHERE id = ?",
    [SQL_MOVE_ANY] = "SELECT 1 FROM temp.move WHERE source = ? LIMIT 1",
};

int state_fault(const struct state *s, struct fault *f)
{
	int code = sqlite3_errcode(s->db);
	const char *what = sqlite3_errmsg(s->db);

	switch (code) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_ERROR:
		return fault_set(f, FAULT_DATA,
		    "%s: the state cannot be read (%s); nothing was changed. " AFRESH, s->path,
		    what);
	case SQLITE_CONSTRAINT:
		return fault_set(f, FAULT_DATA, "%s: %s", s->path, what);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fault_set(f, FAULT_TEMP, "%s: in use", s->path);
	case SQLITE_NOMEM:
		return fault_set(f, FAULT_TEMP, "%s: %s", s->path, what);
	case SQLITE_CANTOPEN:
		errno = sqlite3_system_errno(s->db);
		return errno == 0 ? fault_set(f, FAULT_IO, "%s: %s", s->path, what)
				  : fault_errno(f, FAULT_IO, "%s: %s", s->path, what);
	default:
		return fault_set(f, FAULT_IO, "%s: %s", s->path, what);
	}
}

static int bind(sqlite3_stmt *stmt, int i, char type, va_list *ap)
{
	if (type == 'i')
		return sqlite3_bind_int64(stmt, i, va_arg(*ap, int64_t));
	return sqlite3_bind_text(stmt, i, va_arg(*ap, const char *), -1, SQLITE_TRANSIENT);
}

static bool in_transaction(const struct state *s)
{
	return sqlite3_get_autocommit(s->db) == 0;
}

static sqlite3_stmt *prepared(
    struct state *s, enum statement which, struct fault *f, const char *types, va_list *ap)
{
	/* A full disk may have ended the transaction: nothing may be done alone that belongs to it. */
	if (s->begun && !in_transaction(s)) {
		fault_set(f, FAULT_IO, "%s: the changes were undone", s->path);
		return NULL;
	}
	if (s->stmt[which] == NULL &&
	    sqlite3_prepare_v3(s->db, text[which], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[which],
		NULL) != SQLITE_OK) {
		state_fault(s, f);
		return NULL;
	}

	/* One that was left in the middle would refuse its arguments, or go on where it was. */
	sqlite3_stmt *stmt = s->stmt[which];
	sqlite3_reset(stmt);
	for (int i = 1; *types != '\0'; i++, types++)
		if (bind(stmt, i, *types, ap) != SQLITE_OK) {
			state_fault(s, f);
			return NULL;
		}
	return stmt;
}

sqlite3_stmt *state_sql(
    struct state *s, enum statement which, struct fault *f, const char *types, ...)
{
	va_list ap;

	va_start(ap, types);
	sqlite3_stmt *stmt = prepared(s, which, f, types, &ap);
	va_end(ap);
	return stmt;
}

int state_reset(sqlite3_stmt *stmt, int r)
{
	sqlite3_reset(stmt);
	return r;
}

int state_step(struct state *s, sqlite3_stmt *stmt, struct fault *f)
{
	int r = sqlite3_step(stmt);

	if (r == SQLITE_ROW)
		return 1;
	if (r == SQLITE_DONE)
		return state_reset(stmt, 0);
	state_fault(s, f);
	return state_reset(stmt, -1);
}

int state_run(struct state *s, enum statement which, struct fault *f, const char *types, ...)
{
	va_list ap;

	va_start(ap, types);
	sqlite3_stmt *stmt = prepared(s, which, f, types, &ap);
	va_end(ap);
	if (stmt == NULL)
		return -1;
	int r = state_step(s, stmt, f);
	return r == 1 ? state_reset(stmt, 0) : r;
}

void state_text(sqlite3_stmt *stmt, int column, char *out, size_t n)
{
	const unsigned char *t = sqlite3_column_text(stmt, column);

	snprintf(out, n, "%s", t != NULL ? (const char *)t : "");
}

/* One number: 0 or -1. */
static int ask(struct state *s, const char *sql, int64_t *value, struct fault *f)
{
	sqlite3_stmt *stmt;
	int r;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return state_fault(s, f);
	r = state_step(s, stmt, f);
	if (r == 1)
		*value = sqlite3_column_int64(stmt, 0);
	else if (r == 0)
		r = fault_set(f, FAULT_DATA, "%s: the state cannot be read", s->path);
	sqlite3_finalize(stmt);
	return r == 1 ? 0 : -1;
}

static int execute(struct state *s, const char *sql, struct fault *f)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : state_fault(s, f);
}

static int make_tables(struct state *s, struct fault *f)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	    APPLICATION_ID, STATE_VERSION);
	if (execute(s, "BEGIN IMMEDIATE", f) == -1 || execute(s, schema, f) == -1)
		return -1;
	return execute(s, sql, f);
}

/* A new file gets its tables; an old one must be ours. */
static int check(struct state *s, struct fault *f)
{
	int64_t id = 0, version = 0, tables = 0;

	if (ask(s, "PRAGMA application_id", &id, f) == -1 ||
	    ask(s, "PRAGMA user_version", &version, f) == -1 ||
	    ask(s, "SELECT count(*) FROM sqlite_schema", &tables, f) == -1)
		return -1;
	if (id == 0 && version == 0 && tables == 0)
		return make_tables(s, f);
	if (id != APPLICATION_ID || version != STATE_VERSION)
		return fault_set(f, FAULT_DATA,
		    "%s: no state of this version of lm; nothing was changed. " AFRESH, s->path);
	return 0;
}

/* SQLite opens for reading only what it may not write, and tells only later. */
static int check_writable(const struct state *s, struct fault *f)
{
	if (sqlite3_db_readonly(s->db, "main") == 0)
		return 0;
	return fault_set(f, FAULT_IO, "%s: may not be written", s->path);
}

static int set_up(struct state *s, bool durable, struct fault *f)
{
	sqlite3_busy_timeout(s->db, BUSY_WAIT);
	if (check_writable(s, f) == -1 ||
	    execute(s,
		"PRAGMA cache_size = -2000; PRAGMA temp_store = FILE; PRAGMA temp.cache_size = -1000;"
		" PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0",
		f) == -1 ||
	    execute(s, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF", f) ==
		-1 ||
	    check(s, f) == -1 ||
	    execute(s, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 500", f) == -1)
		return -1;
	return execute(s, scratch, f);
}

/* A state is nobody else's business: it is made before SQLite would make it readable for all. */
static int make_file(const char *path, struct fault *f)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd == -1)
		return fault_errno(f, FAULT_IO, "%s", path);
	close(fd);
	return 0;
}

static int find_file(const char *path, bool create, struct fault *f)
{
	if (create)
		return make_file(path, f);
	if (access(path, F_OK) == 0)
		return 0;
	return fault_errno(
	    f, errno == ENOENT || errno == ENOTDIR ? FAULT_NOINPUT : FAULT_IO, "%s", path);
}

struct state *state_open(const char *path, bool create, bool durable, struct fault *f)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		fault_set(f, FAULT_TEMP, "out of memory");
		return NULL;
	}
	if (find_file(path, create, f) == 0) {
		if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
			state_fault(s, f);
		else if (set_up(s, durable, f) == 0)
			return s;
	}
	state_close(s);
	return NULL;
}

void state_close(struct state *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(s->stmt[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

int state_begin(struct state *s, struct fault *f)
{
	if (in_transaction(s))
		return 0;
	s->begun = state_run(s, SQL_BEGIN, f, "") == 0;
	return s->begun ? 0 : -1;
}

int state_commit(struct state *s, struct fault *f)
{
	if (!s->begun)
		return 0;
	s->begun = false;
	if (!in_transaction(s))
		return fault_set(f, FAULT_IO, "%s: the changes were undone", s->path);
	if (state_run(s, SQL_COMMIT, f, "") == 0)
		return 0;
	state_rollback(s);
	return -1;
}

void state_rollback(struct state *s)
{
	struct fault ignored;

	s->begun = false;
	if (in_transaction(s))
		(void)state_run(s, SQL_ROLLBACK, &ignored, "");
}
