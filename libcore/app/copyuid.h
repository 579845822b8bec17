/*
 * copyuid: where messages went: the pairs of old and new UIDs that COPYUID tells (RFC 4315 section 3, RFC 9051 section 7.1).
 *
 * A server's word is checked before it is believed: both sets must have as many UIDs, each once, and no message may be in them that was
 * not asked for. A pair that leads elsewhere would name another message.
 */
#ifndef LM_APP_COPYUID_H
#define LM_APP_COPYUID_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "imap/set.h"

struct copyuid_pair {
	uint32_t from, to;
};

/* The pairs of one batch of messages: of one COPYUID, or of several for several commands. */
struct copyuid {
	uint32_t uidvalidity;      /* of the target; 0: none told yet */
	struct copyuid_pair *pair; /* owned; by ascending `from` when copyuid_find() is called */
	size_t n, max;
	struct set from, to; /* those that have been told */
};

/* For at most max pairs. 0, or -1 (FAULT_TEMP). */
int copyuid_init(struct copyuid *c, size_t max, struct fault *f);
void copyuid_free(struct copyuid *c);
/*
 * Adds what a COPYUID says; `from` and `to` are its uid-sets as text (without "*"), which pair up by position; a range stands for its numbers in ascending order, however it is
 * written. The same pair may be told again. -1: FAULT_PROTOCOL when it cannot be true (another UIDVALIDITY than before included), with nothing
 * added; FAULT_TEMP.
 */
int copyuid_add(struct copyuid *c, uint32_t uidvalidity, const char *from, const char *to,
    const struct set *asked, struct fault *f);
/* The new UID of message `from`; 0: not told. */
uint32_t copyuid_find(struct copyuid *c, uint32_t from);

#endif
