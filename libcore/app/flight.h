/*
 * flight: several commands that go out together, each with its own result.
 *
 *     flight_init(&fl, imap);
 *     flight_send(&fl, &c, KIND, f); ...
 *     while ((r = flight_next(&fl, &ev, &done, f)) == 1)
 *             ... what is untagged ...
 *
 * Servers complete in order what depends on one another, and only that (RFC 9051 section 5.5): Dovecot answers a FETCH or SEARCH behind another one before or
 * between that one's answers. So what is untagged belongs to the message, mailbox or tag that it names; to flight_current(&fl) only where all commands wait for each other.
 */
#ifndef LM_APP_FLIGHT_H
#define LM_APP_FLIGHT_H

#include "imap/session.h"
#include "imap/set.h"

enum { FLIGHT_MAX = 64 };

struct flight_cmd {
	uint32_t tag;
	int kind; /* the caller's */
	bool done;
	enum code code; /* of the tagged reply */
	struct fault
	    why; /* cls FAULT_NONE: OK. Lost before its reply: done is false, why the line's fault */
};

struct flight {
	struct imap *imap;
	struct flight_cmd cmd[FLIGHT_MAX];
	size_t n, ndone;
};

/* An empty flight of the session (borrowed). Allocates nothing. */
void flight_init(struct flight *fl, struct imap *s);
/* Queues the command and takes its content over. -1 with the fault: the command's own, or FLIGHT_MAX are in it (FAULT_BUG). */
int flight_send(struct flight *fl, struct imap_cmd *c, int kind, struct fault *f);
/*
 * 1 with an event; *done is the command that it completes, its result filled in, or NULL. 0: all are complete. -1: the line is lost; the commands
 * that were not complete have its fault as theirs.
 */
int flight_next(struct flight *fl, struct event *ev, struct flight_cmd **done, struct fault *f);
/* The first that is not complete, or NULL. */
struct flight_cmd *flight_current(struct flight *fl);
/* Adds what an answer to SEARCH in `ev` holds of the UIDs in `asked` to `found`; other events are left alone. -1: FAULT_TEMP. */
int flight_take_search(
    const struct event *ev, const struct set *asked, struct set *found, struct fault *f);
/* UID SEARCH [RETURN (ALL)] UID set [KEYWORD keyword] into the flight: which of them are there. */
int flight_search(
    struct flight *fl, const struct set *uids, const char *keyword, int kind, struct fault *f);
/*
 * Which of the messages are in the open mailbox, and have the keyword (NULL: any): in a flight of its own. 0 with `found`; 1: that could not be found
 * out, and *why says why; -1: FAULT_TEMP without memory.
 */
int flight_find(struct imap *s, const struct set *which, const char *keyword, struct set *found,
    struct fault *why, struct fault *f);

#endif
