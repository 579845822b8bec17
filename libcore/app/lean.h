/*
 * lean: messages without their big parts (lm-sync(1), LEAN MODE): the parts stay on the server, and in the place of each is a message/external-body part with the
 * part's IMAP URL (RFC 2017, access-type=URL; RFC 2046 section 5.2.3).
 *
 * What is left is exactly a leaf of the MIME tree that has more octets (in its transfer encoding) than the limit: text as well as any other. A multipart or a
 * message/rfc822 that holds such a part is opened and keeps its structure and boundary; one that holds none comes as it is. What cannot be taken
 * apart is left in one piece when something in it would have been left: a multipart whose boundary is missing, that of one around it or no text, a message/rfc822 that is encoded, and
 * the whole body of a message whose structure is beyond the limits of imap/structure.h, or does not account for its octets. What comes and would break what is around it - longer than was said, a boundary in it, not
 * to be had - is left, too, in a second try. Boundaries of multiparts are the original's; text before the first and behind the last boundary of an opened multipart is lost.
 *
 * The file begins with the field "X-Lm-Lean: N": N parts are on the server. Fields that are no longer true (Content-Length, Lines) or not ours (an X-Lm-Lean that
 * came with the message) are dropped. Such a part has no other content than, of the original, Content-Type, Content-ID (or one that is made from the URL), Content-Transfer-Encoding, Content-Description and
 * Content-Disposition. `size` is that of the part as it will be after decoding; for quoted-printable an upper bound, for base64 an estimate.
 */
#ifndef LM_APP_LEAN_H
#define LM_APP_LEAN_H

#include <stdbool.h>
#include <stdint.h>

#include "app/line.h"
#include "imap/url.h"
#include "store/maildir_delivery.h"

/*
 * Fetches the message that `u` names (its mailbox is open on l; UIDVALIDITY and UID are set, and server and user, as its URLs go into the file) without the parts over max_part octets, and writes it
 * to the delivery, which is begun and will be finished by the caller: also after a second try, for which it is begun anew here. Two flights, whatever the number of parts (up to LEAN_AHEAD):
 * structure and header, then what is wanted. At most 5 MiB are held for the most hostile message, some KiB for a common one.
 * *left: how many parts stayed on the server (0: the message is whole, octet by octet). 0.
 * 1: no such message (any more). -1: the line is lost, or the delivery has failed (it is aborted) and the line stands.
 * After 1 and -1 the delivery holds a part of the message at most and is to be aborted.
 * Events of other messages that come meanwhile are dropped.
 */
enum { LEAN_AHEAD = 256 }; /* commands in flight */
int lean_fetch(struct imap_line *l, const struct url *u, uint64_t max_part, struct delivery *d,
    unsigned *left, struct fault *f);

/*
 * The same without a look at the structure: the whole body stays on the server, in one flight. For a message whose lean_fetch() was FAULT_PROTOCOL and lost the line, as its structure is more than the
 * parser of responses takes (2 MiB, or 512 levels; some 2,000 parts are enough): anybody can send one, and it must not keep the others from coming. The line has to be opened anew before.
 */
int lean_stub(
    struct imap_line *l, const struct url *u, struct delivery *d, unsigned *left, struct fault *f);

/* Whether a file in a Maildir is such a message: its header has the field that lean_fetch() puts first. Reads at most HEADER_SECTION_MAX octets, from its
 * beginning, and leaves the descriptor's offset alone. 1, 0, -1 (FAULT_IO). */
int lean_is(int fd, struct fault *f);

#endif
