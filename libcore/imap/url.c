#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "imap/url_text.h"

enum { NSTRINGS = 10, IMAP_PORT = 143, IMAPS_PORT = 993 };

struct strings {
	char **at[NSTRINGS];
};

static struct strings strings_of(struct url *u)
{
	return (struct strings){{&u->user, &u->auth, &u->host, &u->mailbox, &u->search, &u->section,
	    &u->expire, &u->access, &u->mechanism, &u->token}};
}

void url_free(struct url *u)
{
	struct strings strings = strings_of(u);

	for (size_t i = 0; i < NSTRINGS; i++)
		free(*strings.at[i]);
	*u = (struct url){0};
}

int url_copy(struct url *to, const struct url *from, struct fault *f)
{
	struct url source = *from;
	*to = *from;
	struct strings old = strings_of(&source), fresh = strings_of(to);
	bool failed = false;

	for (size_t i = 0; i < NSTRINGS; i++) {
		const char *s = *old.at[i];
		*fresh.at[i] = s == NULL ? NULL : strdup(s);
		failed = failed || (s != NULL && *fresh.at[i] == NULL);
	}
	if (!failed)
		return 0;
	url_free(to);
	return fault_set(f, FAULT_TEMP, "out of memory");
}

/* What a reference that does not say it takes from the base. Strings stay where they are: the result
 * is a view of both, to be copied, not freed. */
static struct url merge(const struct url *base, const struct url *ref)
{
	struct url u = *ref;

	u.user = base->user;
	u.auth = base->auth;
	u.host = base->host;
	u.port = base->port;
	u.tls = base->tls;
	u.absolute_path = true;
	if (ref->mailbox != NULL || ref->absolute_path)
		return u;
	u.mailbox = base->mailbox;
	u.uidvalidity = base->uidvalidity;
	if (ref->uid != 0)
		return u;
	u.uid = base->uid;
	if (ref->section == NULL)
		u.section = base->section;
	return u;
}

int url_resolve(struct url *out, const struct url *base, const struct url *ref, struct fault *f)
{
	if (ref->host != NULL)
		return url_copy(out, ref, f);
	struct url u = merge(base, ref);
	if (u.host == NULL)
		return fault_set(f, FAULT_DATA, "a relative IMAP URL has no server of its own");
	if (u.mailbox == NULL && (u.uid != 0 || u.section != NULL || u.has_partial))
		return fault_set(f, FAULT_DATA, "an IMAP URL of a message names no mailbox");
	if (u.uid == 0 && (u.section != NULL || u.has_partial))
		return fault_set(f, FAULT_DATA, "an IMAP URL of a part names no message");
	if (!url_fits(&u))
		return fault_set(f, FAULT_DATA, "an IMAP URL is longer than %d octets", URL_MAX);
	return url_copy(out, &u, f);
}

static unsigned port_of(const struct url *u)
{
	if (u->port != 0)
		return u->port;
	return u->tls ? IMAPS_PORT : IMAP_PORT;
}

bool url_same_server(const struct url *a, const struct url *b)
{
	return a->host != NULL && b->host != NULL && strcasecmp(a->host, b->host) == 0 &&
	    port_of(a) == port_of(b);
}
