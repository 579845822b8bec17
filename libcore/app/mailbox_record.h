/*
 * mailbox_record: the line that lm-list(1) prints for a mailbox.
 *
 *     URL ATTRIBUTES NAMESPACE NAME [MESSAGES UNSEEN SIZE UIDNEXT MODSEQ] [VALUE ...]
 */
#ifndef LM_APP_MAILBOX_RECORD_H
#define LM_APP_MAILBOX_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include "app/mailboxes.h"
#include "app/namespaces.h"
#include "app/tool.h"
#include "imap/url.h"

struct mailbox_record {
	const struct tool *tool;
	FILE *out;
	bool status; /* the five numbers, too */
	/* The METADATA entries of the query: their names in JSON. */
	const char *const *entry;
	size_t nentry;
	struct url base; /* the account's server and user; owned by the caller */
	const struct namespaces *namespaces;
};

/* Prints it. A value with a NUL in it is left out: see mailbox_record_holds(). -1: FAULT_IO, FAULT_TEMP. */
int mailbox_record(const struct mailbox_record *r, const struct mailbox_entry *e, struct fault *f);
/* Whether a field can hold the value, or there is none. */
bool mailbox_record_holds(const struct mailbox_value *v);

#endif
