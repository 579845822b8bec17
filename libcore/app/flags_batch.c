/* flags_batch: what may be changed at all. */
#include <stdlib.h>
#include <string.h>

#include "app/flags_impl.h"
#include "app/flight.h"

static int check_mailbox(
    const struct flags_job *j, const struct imap_line *l, const struct batch *b, struct fault *why)
{
	if (j->conditional && !imap_has(l->imap, "CONDSTORE") && !imap_has(l->imap, "QRESYNC"))
		return fault_set(why, FAULT_REFUSED, "--if-unchanged: the server has no CONDSTORE");
	for (size_t i = 0; i < j->changes->n; i++) {
		const char *flag = j->changes->change[i].flag;

		if (*flag != '\0' && !mailbox_keeps(&l->mailbox, flag))
			return fault_set(why, FAULT_REFUSED, "%s keeps no flag %s (PERMANENTFLAGS)",
			    b->mailbox, flag);
	}
	return 0;
}

/* The batch's messages without these. */
static int leave_out(struct batch *b, const struct set *these, struct fault *f)
{
	set_free(&b->uids);
	for (size_t i = 0; i < b->n; i++) {
		uint32_t uid = b->item[i].url.uid;

		if (!set_has(these, uid) && set_add(&b->uids, uid, uid) == -1)
			return fault_set(f, FAULT_TEMP, "out of memory");
	}
	return 0;
}

/* "=" would remove $Forwarded from those that have it: they are left alone, and named. */
static int spare_forwarded(
    const struct flags_job *j, struct imap_line *l, struct batch *b, struct fault *f)
{
	struct set forwarded;
	struct fault why;
	int r;

	set_init(&forwarded, URLS_WINDOW);
	r = flight_find(l->imap, &b->uids, "$Forwarded", &forwarded, &why, f);
	if (r == 1) {
		urls_failed_batch(j->urls, b, &why);
		set_free(&b->uids);
	} else if (r == 0 && forwarded.n > 0) {
		fault_set(&why, FAULT_DATA,
		    "has $Forwarded, which \"=\" would remove: give --force, or =$Forwarded");
		urls_failed_uids(j->urls, b, &forwarded, &why);
		r = leave_out(b, &forwarded, f);
	}
	set_free(&forwarded);
	return r == -1 ? -1 : 0;
}

int flags_batch(const struct flags_job *j, struct imap_line *l, struct batch *b, struct fault *f)
{
	struct fault why;

	if (batch_open(l, b, false, &why) == -1 || check_mailbox(j, l, b, &why) == -1) {
		urls_failed_batch(j->urls, b, &why);
		return 0;
	}
	if (!j->force && flags_has(j->changes, FLAGS_SET) && flags_lose_forwarded(j->changes) &&
	    spare_forwarded(j, l, b, f) == -1)
		return -1;
	return flags_store(j, l, b, f);
}
