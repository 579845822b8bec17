/*
 * flags: changes of flags as people write them, "+flagged -\Seen", and a batch of messages that is changed so (UID STORE).
 */
#ifndef LM_APP_FLAGS_H
#define LM_APP_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/line.h"
#include "app/urls.h"

enum { FLAGS_MAX = 64 };

/* How a change is written: the sign is also its word's first character. */
enum flags_sign { FLAGS_ADD = '+', FLAGS_REMOVE = '-', FLAGS_SET = '=' };

struct flags_change {
	enum flags_sign sign;
	const char
	    *flag; /* as on the wire; borrowed from the word. "" in a FLAGS_SET: no flag at all */
};
struct flags_changes {
	struct flags_change change[FLAGS_MAX];
	size_t n;
};

/* It can be sent as a flag: \Seen, $Forwarded, todo. */
bool flags_is_flag(const char *text);
/* The word is a change: a sign and something behind it, or "=" alone. */
bool flags_is_change(const char *word);
/* Takes a word for which flags_is_change() holds; it is borrowed. System flags may lack their backslash, in any case: "+seen" is "+\Seen". -1: FAULT_USAGE for what is no flag,
 * one that nobody can set (\Recent, \*), one that is named twice, "=" beside "+" or "-", too many. */
int flags_take(struct flags_changes *c, const char *word, struct fault *f);
bool flags_has(const struct flags_changes *c, enum flags_sign sign);
/* They would remove $Forwarded, which should stay once it is set (Lemonade Profile section 5.9). */
bool flags_lose_forwarded(const struct flags_changes *c);

/* What is to be done to each batch. All borrowed. */
struct flags_job {
	struct tool *tool;
	struct urls *urls;
	FILE *out;
	const struct flags_changes *changes;
	bool force; /* "=" may remove $Forwarded, too */
	bool
	    conditional; /* only messages that have not changed since `modseq` (RFC 7162 section 3.1.3) */
	uint64_t modseq;
};

/*
 * Changes the messages of the batch, whose mailbox is opened on the line: one STORE for each kind of change and a FETCH of what came of it, in one flight. Prints for each message
 *
 *     flags URL FLAGS            (and its MODSEQ where the change is conditional)
 *
 * with the flags as they are then. What went wrong with a message goes to urls_failed(): FAULT_DATA for one that is not there, or has $Forwarded that "=" would remove;
 * FAULT_TEMP for one that has changed since; FAULT_REFUSED where the server refuses, cannot keep the flag (PERMANENTFLAGS), did not keep it, has no
 * CONDSTORE. -1: FAULT_IO of `out`, FAULT_TEMP without memory: no use to go on.
 */
int flags_batch(const struct flags_job *j, struct imap_line *l, struct batch *b, struct fault *f);

#endif
