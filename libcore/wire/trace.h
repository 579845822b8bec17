/*
 * trace: the dialogue with a server, line by line, for `-vv`. Secrets never reach it (chan_put() with
 * `secret`), literals are shown as their size. Every line is made safe for a terminal with enc_safe().
 */
#ifndef LM_WIRE_TRACE_H
#define LM_WIRE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

struct trace;

/* Writes to descriptor fd (not owned) lines "NAME> text" and "NAME< text". NULL when there is no memory. */
struct trace *trace_new(int fd, const char *name);
void trace_free(struct trace *t);
/* Octets that go out (up) or come in, in pieces of any size; lines are cut at 512 characters. */
void trace_octets(struct trace *t, bool up, const void *p, size_t n);
/* n octets that are not shown: "NAME> [n octets]". */
void trace_hidden(struct trace *t, bool up, size_t n, const char *what);
/* "NAME- text": an event, such as "TLSv1.3 ..." or "COMPRESS on". */
void trace_note(struct trace *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
