/*
 * shell: the output of a command of the configuration.
 */
#ifndef LM_CONF_SHELL_H
#define LM_CONF_SHELL_H

#include "base/buf.h"
#include "base/fault.h"

/*
 * Runs `command` by /bin/sh -c, its standard input from /dev/null, its standard error ours, no other descriptor of ours, and appends its standard output to
 * `out` until it ends. More than `out` takes: it is killed. `what` names it in messages. 0, or -1: FAULT_AUTH (it failed, or floods), FAULT_IO.
 */
int shell_output(const char *what, const char *command, struct buf *out, struct fault *f);

#endif
