/*
 * meta_print: an entry and its value on a line. A value may be as large as memory may be in all, so it goes out in pieces.
 */
#ifndef LM_APP_META_PRINT_H
#define LM_APP_META_PRINT_H

#include <stdio.h>

#include "app/meta.h"
#include "base/fault.h"

enum meta_form {
	META_RECORD, /* URL, name and value, made safe, with TABs between */
	META_JSON, /* {"url":...,"entry":...,"value":...}; a value that is not UTF-8 stands as "base64" in place of "value" */
	META_RAW,  /* the octets of the value */
};

/* Writes an entry that has a value. -1: FAULT_IO; FAULT_TEMP without memory. */
int meta_print(
    FILE *out, enum meta_form form, const char *url, const struct meta_value *v, struct fault *f);

#endif
