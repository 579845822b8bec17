/*
 * netrc: the file of passwords that ftp(1) brought and many programs read. No I/O here.
 *
 * Words with blanks or line ends between; "..." holds blanks, and a backslash takes the next octet as it is, within and without.
 * `machine` or `default` starts an entry, `login`, `password`, `account` and `port` have a value, `macdef` runs to the next empty line, `#` at
 * the start of a line makes a comment. Other words are passed over.
 */
#ifndef LM_CONF_NETRC_H
#define LM_CONF_NETRC_H

#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

enum { NETRC_WORD_MAX = 4096 };

/*
 * Appends to `password` that of the first entry with one for `host` (letters in any case; or `default`) and `user` (an entry without a
 * login is for any). 1: found; 0: none; -1: FAULT_CONFIG "line N: ...".
 */
int netrc_find(const char *text, size_t n, const char *host, const char *user, struct buf *password,
    struct fault *f);

#endif
