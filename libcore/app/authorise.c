/* authorise: GENURLAUTH and RESETKEY. */
#include "app/authorise.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/locate.h"
#include "base/num.h"

enum { BATCH = 64 }; /* URLs in one command */

static int set_string(char **to, const char *value, struct fault *f)
{
	char *copy = value == NULL ? NULL : strdup(value);

	if (value != NULL && copy == NULL)
		return fault_set(f, FAULT_TEMP, "out of memory");
	free(*to);
	*to = copy;
	return 0;
}

/* The rump URL of u on this server: what is to be signed. */
static int prepare(const struct url *authority, struct imap_line *l, struct url *u,
    const char *access, time_t expire, struct fault *f)
{
	char when[NUM_RFC3339_LEN];

	if (u->mailbox == NULL || u->uid == 0 || u->uidvalidity == 0)
		return fault_set(
		    f, FAULT_DATA, "only a URL of a message, with UIDVALIDITY, can be authorised");
	num_format_rfc3339(expire, when);
	u->port = authority->port;
	u->tls = false;
	if (set_string(&u->host, authority->host, f) == -1 ||
	    set_string(&u->user, line_user(l->account, &l->account->imap), f) == -1 ||
	    set_string(&u->auth, NULL, f) == -1 || set_string(&u->mechanism, NULL, f) == -1 ||
	    set_string(&u->token, NULL, f) == -1 ||
	    set_string(&u->expire, expire == 0 ? NULL : when, f) == -1)
		return -1;
	return set_string(&u->access, access, f);
}

/* What the server made of u, if it is u. */
static char *accept_url(const struct url *u, const struct node *answer, struct fault *f)
{
	struct buf rump;
	char *text = NULL;

	buf_init(&rump, URL_MAX);
	url_build_rump(&rump, u);
	if (answer->len <= rump.len + 1 || answer->len > URL_MAX || answer->s[rump.len] != ':' ||
	    strncasecmp(answer->s, buf_str(&rump), rump.len) != 0 ||
	    strpbrk(answer->s, " \t\r\n") != NULL)
		fault_set(f, FAULT_PROTOCOL, "GENURLAUTH: asked for %s, got %s", buf_str(&rump),
		    answer->s);
	else if ((text = strdup(answer->s)) == NULL)
		fault_set(f, FAULT_TEMP, "out of memory");
	buf_free(&rump);
	return text;
}

static int generate(
    struct imap_line *l, const struct url *urls, char **text, size_t n, struct fault *f)
{
	struct imap_cmd c;
	struct event ev;
	struct buf rump;
	size_t got = 0;
	int r;

	imap_cmd_init(&c, l->imap, "GENURLAUTH");
	for (size_t i = 0; i < n; i++) {
		buf_init(&rump, URL_MAX);
		url_build_rump(&rump, &urls[i]);
		imap_string(&c, buf_str(&rump), rump.len);
		imap_atom(&c, "INTERNAL");
		buf_free(&rump);
	}

	uint32_t tag = imap_send(l->imap, &c, f);
	if (tag == 0)
		return -1;
	while ((r = imap_until(l->imap, tag, &ev, f)) == 1) {
		if (ev.kind != EV_GENURLAUTH)
			continue;
		for (const struct node *a = ev.args; a != NULL && got < n; a = a->next) {
			text[got] = accept_url(&urls[got], a, f);
			if (text[got++] == NULL)
				return -1;
		}
	}
	if (r == 0 && got < n)
		return fault_set(
		    f, FAULT_PROTOCOL, "GENURLAUTH: %zu URLs asked for, %zu came", n, got);
	return r;
}

int authorise(struct tool *t, struct imap_line *l, struct url *urls, char **text, size_t n,
    const char *access, time_t expire, struct fault *f)
{
	struct url authority = {0};
	const char *how;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		text[i] = NULL;
	if (!imap_has(l->imap, "URLAUTH"))
		return fault_set(f, FAULT_REFUSED, "the server does not offer URLAUTH");
	if (locate_authority(t, l->account, true, &authority, &how, f) == -1)
		return -1;
	tool_note(t, "URL authority %s:%u (%s)", authority.host, authority.port, how);
	for (size_t i = 0; i < n && r == 0; i++)
		r = prepare(&authority, l, &urls[i], access, expire, f);
	for (size_t i = 0; i < n && r == 0; i += BATCH)
		r = generate(l, urls + i, text + i, n - i < BATCH ? n - i : BATCH, f);
	if (r == -1 && imap_alive(l->imap) && f->cls == FAULT_REFUSED)
		fault_while(f,
		    "authority \"%s:%u\" was tried (%s); another can be set with url-authority",
		    authority.host, authority.port == 0 ? 143 : authority.port, how);
	for (size_t i = 0; i < n && r == -1; i++) {
		free(text[i]);
		text[i] = NULL;
	}
	url_free(&authority);
	return r;
}

int authorise_reset(struct imap_line *l, const char *mailbox, struct fault *f)
{
	struct imap_cmd c;

	if (!imap_has(l->imap, "URLAUTH"))
		return fault_set(f, FAULT_REFUSED, "the server does not offer URLAUTH");
	imap_cmd_init(&c, l->imap, "RESETKEY");
	if (mailbox != NULL)
		imap_mailbox(&c, mailbox);
	return imap_run(l->imap, &c, NULL, f);
}
