/*
 * secret: where passwords and tokens come from.
 *
 * In order: oauth-command, pass-command, `password` of the configuration, ~/.netrc (machine = host, login = user), a prompt on /dev/tty. Never
 * from the environment or the command line; never to a log.
 */
#ifndef LM_CONF_SECRET_H
#define LM_CONF_SECRET_H

#include "base/buf.h"
#include "base/fault.h"
#include "conf/config.h"

enum { SECRET_MAX = 65536 };

struct secret {
	struct buf value; /* NUL-terminated by buf_str(); wiped by secret_wipe() */
	int is_token;     /* an OAuth 2.0 access token */
};

/*
 * Fetches the secret for `server` of account `a` and user `user`. Commands: a line for /bin/sh -c, run without a controlling prompt of ours, its standard input from
 * /dev/null; the first line of output is the secret, without its line end; the command's exit status must be 0. 0, or -1: FAULT_AUTH
 * (command failed, empty, no terminal to ask on) or FAULT_CONFIG. ~/.netrc must not be readable by others where a
 * password is taken from it (FAULT_CONFIG).
 */
int secret_get(struct secret *s, const struct account *a, const struct server *server,
    const char *user, struct fault *f);
void secret_wipe(struct secret *s);

#endif
