/*
 * assembly_impl: what the files of the assembly share.
 */
#ifndef LM_MSG_ASSEMBLY_IMPL_H
#define LM_MSG_ASSEMBLY_IMPL_H

#include <stddef.h>

#include "base/fault.h"
#include "msg/assembly.h"

enum { ASSEMBLY_NAME_MAX = ASSEMBLY_LINE_MAX - 16 };

/* Appends a copy of *p with a copy of the name (or NULL). */
int assembly_add(struct assembly *a, const struct piece *p, const char *name, struct fault *f);
int assembly_write_all(int fd, const char *p, size_t n, struct fault *f);
/* Makes a->fd a temporary file of our own: the texts of an input that is not ours to write to move there. */
int assembly_own_spool(struct assembly *a, struct fault *f);

#endif
