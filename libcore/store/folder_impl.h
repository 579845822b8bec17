/*
 * folder_impl: what the files of folder have in common. Not for others.
 */
#ifndef LM_STORE_FOLDER_IMPL_H
#define LM_STORE_FOLDER_IMPL_H

#include <stdbool.h>

/* cur, new or tmp */
bool folder_is_part(const char *name);
/* Itself, not a link to one. */
bool folder_is_dir(int at, const char *name);

#endif
