/* changes: to mailboxes, in flights. */
#include "app/changes.h"

#include <string.h>
#include <strings.h>

#include "app/flight.h"
#include "app/mailboxes.h"
#include "base/buf.h"
#include "imap/utf7.h"

enum { NAME_OCTETS = 64 * 1024 };

/* What a command is to its change. */
enum { ROLE_BEFORE, ROLE_CHANGE, ROLE_AFTER, ROLES };

_Static_assert((int)CHANGES_MAX *(int)ROLES <= (int)FLIGHT_MAX, "a flight holds all");

static bool is_name(const struct imap *s, const char *wire, size_t n, const char *name)
{
	struct imap_cmd c;
	struct buf b;
	bool same;

	imap_cmd_init(&c, s, "");
	buf_init(&b, NAME_OCTETS);
	if (c.utf8 || utf7_decode(&b, wire, n) == -1)
		buf_put(&b, wire, n);
	same = strcmp(buf_str(&b), name) == 0 ||
	    (strcasecmp(name, "INBOX") == 0 && strcasecmp(buf_str(&b), name) == 0);
	buf_free(&b);
	imap_cmd_free(&c);
	return same;
}

/* ---- out */

static void add_uses(struct imap_cmd *c, unsigned use)
{
	struct buf words;
	char *word, *save = NULL;

	buf_init(&words, 1000);
	mailboxes_attributes(&words, use);
	imap_list(c);
	imap_atom(c, "USE");
	imap_list(c);
	buf_str(&words);
	for (word = strtok_r(words.data, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save))
		imap_flag(c, word);
	imap_list_end(c);
	imap_list_end(c);
	buf_free(&words);
}

static void change_command(struct imap_cmd *c, struct imap *s, const struct change *ch)
{
	static const char *const names[] = {
	    "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE"};

	imap_cmd_init(c, s, names[ch->kind]);
	imap_mailbox(c, ch->name);
	if (ch->kind == CHANGE_RENAME)
		imap_mailbox(c, ch->to);
	if (ch->kind == CHANGE_CREATE && ch->use != 0)
		add_uses(c, ch->use);
}

static void status_command(struct imap_cmd *c, struct imap *s, const char *name)
{
	imap_cmd_init(c, s, "STATUS");
	imap_mailbox(c, name);
	imap_list(c);
	imap_atom(c, "MESSAGES");
	imap_atom(c, "UIDVALIDITY");
	imap_list_end(c);
}

/* One that cannot be sent is its change's fault; what is lost with the line comes out later. */
static void send(struct flight *fl, struct imap_cmd *c, struct change *ch, size_t i, int role)
{
	if (ch->why.cls != FAULT_NONE)
		imap_cmd_free(c);
	else
		flight_send(fl, c, (int)i * ROLES + role, &ch->why);
}

static void send_change(struct flight *fl, struct change *ch, size_t i)
{
	bool before = ch->kind != CHANGE_CREATE && !ch->looked;
	bool after = ch->kind == CHANGE_CREATE || ch->kind == CHANGE_RENAME;
	struct imap_cmd c;

	if (ch->use != 0 && !imap_has(fl->imap, "CREATE-SPECIAL-USE")) {
		fault_set(&ch->why, FAULT_REFUSED,
		    "the server has no CREATE-SPECIAL-USE: it gives no mailbox a special use");
		return;
	}
	if (before) {
		status_command(&c, fl->imap, ch->name);
		send(fl, &c, ch, i, ROLE_BEFORE);
	}
	change_command(&c, fl->imap, ch);
	send(fl, &c, ch, i, ROLE_CHANGE);
	if (after) {
		status_command(&c, fl->imap, ch->kind == CHANGE_RENAME ? ch->to : ch->name);
		send(fl, &c, ch, i, ROLE_AFTER);
	}
}

/* ---- in */

/* The STATUS that is answered now: those of one mailbox wait for what changes it in between. */
static void take_status(struct flight *fl, struct change *c, const struct status_event *st)
{
	const struct flight_cmd *cmd = flight_current(fl);
	struct change *ch;
	int role;

	if (cmd == NULL)
		return;
	ch = &c[cmd->kind / ROLES];
	role = cmd->kind % ROLES;
	if (role == ROLE_AFTER && ch->kind == CHANGE_RENAME) {
		if (is_name(fl->imap, st->mailbox, st->mailbox_len, ch->to))
			ch->to_uidvalidity = st->uidvalidity;
	} else if (role != ROLE_CHANGE &&
	    is_name(fl->imap, st->mailbox, st->mailbox_len, ch->name)) {
		ch->uidvalidity = st->uidvalidity;
		ch->messages = st->messages;
	}
}

/* The STATUS around a change may fail: it only tells. */
static void take_end(struct change *c, const struct flight_cmd *cmd)
{
	struct change *ch = &c[cmd->kind / ROLES];

	if (cmd->kind % ROLES != ROLE_CHANGE)
		return;
	ch->why = cmd->why;
	ch->done = cmd->why.cls == FAULT_NONE;
}

static void take_look(struct change *c, const struct flight_cmd *cmd)
{
	struct change *ch = &c[cmd->kind / ROLES];

	ch->why = cmd->why;
	ch->looked = true;
	if (ch->why.cls == FAULT_NONE && ch->expected != 0 && ch->expected != ch->uidvalidity)
		fault_set(&ch->why, FAULT_DATA, "stale URL: its UIDVALIDITY is %u now, not %u",
		    ch->uidvalidity, ch->expected);
}

/* With the line, what was under way is lost. */
static void lose(struct flight *fl, struct change *c)
{
	for (size_t k = 0; k < fl->n; k++)
		if (!fl->cmd[k].done && c[fl->cmd[k].kind / ROLES].why.cls == FAULT_NONE &&
		    !c[fl->cmd[k].kind / ROLES].done)
			c[fl->cmd[k].kind / ROLES].why = fl->cmd[k].why;
}

static int pull(struct flight *fl, struct change *c, bool look, struct fault *f)
{
	struct flight_cmd *done;
	struct event ev;
	int r;

	while ((r = flight_next(fl, &ev, &done, f)) == 1) {
		if (ev.kind == EV_MAILBOX_STATUS)
			take_status(fl, c, &ev.status);
		if (done != NULL && look)
			take_look(c, done);
		else if (done != NULL)
			take_end(c, done);
	}
	if (r == -1)
		lose(fl, c);
	return r;
}

int changes_look(struct imap *s, struct change *c, size_t n, struct fault *f)
{
	struct imap_cmd cmd;
	struct flight fl;

	flight_init(&fl, s);
	for (size_t i = 0; i < n; i++) {
		if (!c[i].look || c[i].why.cls != FAULT_NONE)
			continue;
		status_command(&cmd, s, c[i].name);
		send(&fl, &cmd, &c[i], i, ROLE_BEFORE);
	}
	return pull(&fl, c, true, f);
}

int changes_make(struct imap *s, struct change *c, size_t n, struct fault *f)
{
	struct flight fl;

	flight_init(&fl, s);
	for (size_t i = 0; i < n; i++)
		if (c[i].why.cls == FAULT_NONE)
			send_change(&fl, &c[i], i);
	return pull(&fl, c, false, f);
}
