/* state_impl: what the files of the state share; nobody else includes it. */
#ifndef LM_STORE_STATE_IMPL_H
#define LM_STORE_STATE_IMPL_H

#include <sqlite3.h>

#include "store/state.h"

/* Every statement is prepared once, when it is first needed. */
enum statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_MAILBOX_AFTER,
	SQL_MAILBOX_NAMED,
	SQL_MAILBOX_AT,
	SQL_MAILBOX_OWNED,
	SQL_MAILBOX_GET,
	SQL_MAILBOX_INSERT,
	SQL_MAILBOX_UPDATE,
	SQL_MAILBOX_DROP,
	SQL_MAILBOX_CLEAR,
	SQL_MAILBOX_COUNT,
	SQL_MESSAGE_GET,
	SQL_MESSAGE_PUT,
	SQL_MESSAGE_DROP,
	SQL_MESSAGE_FROM,
	SQL_INTENT_PUT,
	SQL_INTENT_FIND,
	SQL_INTENT_HAS,
	SQL_INTENT_DROP,
	SQL_INTENT_ANY,
	SQL_INTENT_CLEAR,
	SQL_SCAN_CLEAR,
	SQL_SCAN_ADD,
	SQL_SCAN_WALK,
	SQL_LOCAL_PUT,
	SQL_LOCAL_GET,
	SQL_LOCAL_DROP,
	SQL_LOCAL_FROM,
	SQL_LOCAL_CLEAR,
	SQL_LOCAL_COUNT,
	SQL_GONE_FIND,
	SQL_REMOTE_CLEAR,
	SQL_REMOTE_PUT,
	SQL_REMOTE_GET,
	SQL_REMOTE_FROM,
	SQL_REMOTE_GONE,
	SQL_RANGE_CLEAR,
	SQL_RANGE_ADD,
	SQL_RANGE_DROP,
	SQL_RANGE_NEXT,
	SQL_RANGE_TO,
	SQL_UNKNOWN_INSERT,
	SQL_UNKNOWN_UPDATE,
	SQL_UNKNOWN_DROP,
	SQL_UNKNOWN_DROP_FILE,
	SQL_UNKNOWN_AFTER,
	SQL_UNKNOWN_FIND,
	SQL_UNKNOWN_CLEAR,
	SQL_MOVE_PUT,
	SQL_MOVE_AFTER,
	SQL_MOVE_DROP,
	SQL_MOVE_ANY,
	SQL_COUNT,
};

struct state {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *stmt[SQL_COUNT];
	bool begun; /* a transaction that was neither committed nor rolled back */
};

/* The statement with its arguments bound, ready to be stepped; NULL with the fault. `types`, one letter an argument: i int64_t, t text. */
sqlite3_stmt *state_sql(
    struct state *s, enum statement which, struct fault *f, const char *types, ...);
/* Steps: 1 a row, 0 done (and reset), -1 with the fault (and reset). */
int state_step(struct state *s, sqlite3_stmt *stmt, struct fault *f);
/* Binds and runs to the end. 0 or -1. */
int state_run(struct state *s, enum statement which, struct fault *f, const char *types, ...);
/* The statement is of no more use until it is bound again. Returns r. */
int state_reset(sqlite3_stmt *stmt, int r);
/* What SQLite said last, as a fault. Returns -1. */
int state_fault(const struct state *s, struct fault *f);
/* Copies a text column into a string of n octets; what does not fit is cut. */
void state_text(sqlite3_stmt *stmt, int column, char *out, size_t n);

#endif
