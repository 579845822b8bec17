/*
 * places: the directories of XDG, made when needed (mode 0700).
 */
#ifndef LM_CONF_PLACES_H
#define LM_CONF_PLACES_H

#include "base/buf.h"
#include "base/fault.h"

/* Append the path of `name` below $XDG_CONFIG_HOME/lm, $XDG_STATE_HOME/lm or $XDG_CACHE_HOME/lm (with the defaults of the XDG base directory
 * specification; a relative value is ignored, as it says) to `out`. state and cache make the directories. -1: FAULT_CONFIG without a
 * home directory, FAULT_IO. */
int places_config(struct buf *out, const char *name, struct fault *f);
int places_state(struct buf *out, const char *name, struct fault *f);
int places_cache(struct buf *out, const char *name, struct fault *f);
/* Makes the directory and what is missing above it (mode 0700). -1: FAULT_IO. */
int places_make(const char *path, struct fault *f);
/* "~/x" to the home directory's x; anything else as it is. */
int places_expand(struct buf *out, const char *path, struct fault *f);

#endif
