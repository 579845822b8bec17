/*
 * lean: messages without their big parts (lm-sync(1), LEAN MODE): the parts stay on the server, and in their place is a message/external-body part with the IMAP
 * URL of the part (RFC 2017, access-type=URL; RFC 2046 section 5.2.3).
 */
#ifndef LM_APP_LEAN_H
#define LM_APP_LEAN_H

#include <stdbool.h>
#include <stdint.h>

#include "app/line.h"
#include "imap/url.h"
#include "store/maildir_delivery.h"

/*
 * Fetches the message that `u` names (its mailbox is open on l; UIDVALIDITY and UID are set) without the parts whose size is over max_part octets, and writes it to the delivery, which is
 * begun and will be finished by the caller. *left: how many parts stayed on the server (0: the message is whole). 0; 1: no such message (any more); -1.
 */
int lean_fetch(struct imap_line *l, const struct url *u, uint64_t max_part, struct delivery *d,
    unsigned *left, struct fault *f);

/* Whether a file in a Maildir is such a message: its header has the field that lean_fetch() put there. 1, 0, -1. */
int lean_is(int fd, struct fault *f);

#endif
