/*
 * What the files of sasl/ share, and nobody else includes.
 */
#ifndef LM_SASL_SASL_IMPL_H
#define LM_SASL_SASL_IMPL_H

#include <gsasl.h>

#include "sasl/sasl.h"

enum {
	/* A longer challenge has no sense in any of our mechanisms. */
	SASL_CHALLENGE_MAX = 16384,
	SASL_FIRST_MAX = 65536,
	/* SCRAM's work for the client, which the server chooses: some seconds at the most. Recommendations
	 * are near 600 000 today. */
	SASL_ITERATIONS_MAX = 2000000,
};

enum mech_flags {
	MECH_NEEDS_USER = 1 << 0,
	MECH_NEEDS_PASSWORD = 1 << 1,
	MECH_NEEDS_TOKEN = 1 << 2,
	MECH_BARES = 1 << 3,   /* shows the secret itself to whoever reads the line */
	MECH_PINNED = 1 << 4,  /* only when asked for by name */
	MECH_BINDS = 1 << 5,   /* to the TLS channel */
	MECH_AUTHZID = 1 << 6, /* can carry an authorization identity */
	MECH_FIRST = 1 << 7,   /* the client speaks first */
	MECH_SINGLE = 1 << 8,  /* one message is all */
	MECH_SCRAM = 1 << 9,
	MECH_OAUTH = 1 << 10,
};

struct mech {
	const char *name;
	unsigned flags;
};

/* NULL when it is none of ours. */
const struct mech *mech_find(const char *name, size_t n);
/* True when the list (names, blanks between) has `name`. */
bool mech_listed(const char *list, const char *name);
/* Why a mechanism cannot be used with these credentials on this line, or NULL. */
const char *mech_obstacle(
    const struct mech *m, const struct credentials *c, const struct sasl_peer *p);
/* True when this side could bind to the channel. */
bool mech_can_bind(const struct sasl_peer *p);

struct sasl {
	const struct mech *mech;
	unsigned steps; /* taken so far */
	bool over;      /* the mechanism has come to its end, well */
	bool broken;    /* a step failed: nothing makes it good again */
	Gsasl *lib;
	Gsasl_session *session;
	struct buf first; /* what to say first, where that was made at the start */
};

/* Builds the message; FAULT_AUTH for a user or token that it cannot carry. */
int oauth_prepare(
    struct sasl *s, const struct credentials *c, const struct sasl_peer *p, struct fault *f);
int oauth_step(struct sasl *s, const char *in, size_t n, struct buf *out, struct fault *f);

#endif
