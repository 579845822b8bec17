/*
 * urlfetch: what an authorised URL yields (URLFETCH of RFC 4467, with the items of RFC 5524).
 */
#ifndef LM_APP_URLFETCH_H
#define LM_APP_URLFETCH_H

#include <stdio.h>

#include "app/line.h"
#include "base/fault.h"

enum urlfetch_form {
	URLFETCH_OCTETS,    /* as they are in the message */
	URLFETCH_BINARY,    /* transfer encoding undone by the server (URLAUTH=BINARY) */
	URLFETCH_STRUCTURE, /* BODYPARTSTRUCTURE: a record a part (URLAUTH=BINARY) */
};

/* Writes it to `out`, octets as they come. FAULT_DATA when the server gives NIL (expired, revoked, not for this user, gone), FAULT_REFUSED for a form that is not offered. */
int urlfetch(const struct tool *t, struct imap_line *l, const char *url, enum urlfetch_form form,
    FILE *out, struct fault *f);

#endif
