/*
 * memo: what is remembered of a server from last time: key and value lines in the cache directory. Safe to delete,
 * never trusted for security, wrong at most at the cost of a round trip.
 */
#ifndef LM_CONF_MEMO_H
#define LM_CONF_MEMO_H

#include "base/fault.h"

struct memo;

/* Opens the memo `name` (account and service: "work.imap"; octets other than letters, digits, "." "-" "_" are escaped) for a server "host:port";
 * what was remembered of another server under that name is forgotten. An unreadable or malformed file is an empty memo. Never fails but for lack of
 * memory: without a cache directory it is only not kept. */
struct memo *memo_open(const char *name, const char *server);
/* The remembered value or NULL; valid until the key is set. */
const char *memo_get(const struct memo *m, const char *key);
/* Sets (NULL: forgets). Values with control characters or over 16 KiB are not kept. */
void memo_set(struct memo *m, const char *key, const char *value);
/* Writes it back if something changed (temp file and rename, mode 0600) and releases it. NULL is fine. */
void memo_close(struct memo *m);
/* Path for the TLS session of this memo, or NULL; valid until memo_close(). */
const char *memo_session_file(const struct memo *m);

#endif
