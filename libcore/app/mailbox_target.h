/*
 * mailbox_target: what an argument of lm-list(1) names: the mailboxes of an account, those that a pattern matches, or one.
 *
 *     work                            all of them
 *     work/lists/%                    a pattern, taken as it is: nothing is percent-decoded, as "%" is a wildcard
 *     imap://alice@host/lists%2Fc     one mailbox
 */
#ifndef LM_APP_MAILBOX_TARGET_H
#define LM_APP_MAILBOX_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "app/mailboxes.h"
#include "app/tool.h"

struct mailbox_target {
	const struct account *account;
	char *pattern;        /* owned, UTF-8; "*" for a whole account */
	bool exact;           /* from a URL: "*" and "%" stand for themselves */
	uint32_t uidvalidity; /* of the URL, or 0 */
	bool found;           /* the caller's: a mailbox fits */
	bool done;            /* the caller's: its account was listed */
};

/* 0 with *to filled, or -1: the faults of locate(), FAULT_DATA for the URL of a message and for what is not UTF-8. Loads the configuration. */
int mailbox_target_parse(
    struct tool *t, const char *text, struct mailbox_target *to, struct fault *f);
void mailbox_target_free(struct mailbox_target *t);
/* It is a whole account. */
bool mailbox_target_is_all(const struct mailbox_target *t);
/* It names one mailbox, so that there must be one: a URL, or a pattern without wildcards. */
bool mailbox_target_is_one(const struct mailbox_target *t);
bool mailbox_target_fits(const struct mailbox_target *t, const struct mailbox_entry *e);

#endif
