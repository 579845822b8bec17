/*
 * flags_impl: what the files of flags share.
 */
#ifndef LM_APP_FLAGS_IMPL_H
#define LM_APP_FLAGS_IMPL_H

#include "app/flags.h"

/* As flags_batch(), for a batch whose mailbox is open and where nothing speaks against the change. */
int flags_store(const struct flags_job *j, struct imap_line *l, struct batch *b, struct fault *f);

#endif
