/* What a server says to a list of mailboxes, on every rung: whatever it is, the names that come out lead back to the same mailbox, or are marked as leading nowhere. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/mailboxes.h"
#include "app/namespaces.h"
#include "base/enc.h"
#include "imap/session_impl.h"
#include "imap/url.h"

static const char *const greetings[] = {
    "* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n",
    "* PREAUTH [CAPABILITY IMAP4rev1 LIST-EXTENDED METADATA] hi\r\n",
    "* PREAUTH [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS METADATA CONDSTORE] hi\r\n",
    "* PREAUTH [CAPABILITY IMAP4rev1 LIST-EXTENDED LIST-STATUS LIST-METADATA METADATA SPECIAL-USE STATUS=SIZE] hi\r\n",
};

enum { INPUT_MAX = 48 * 1024 };

/* A session with a server that has said all this, and hears no more. */
static struct imap *open_session(const char *greeting, const uint8_t *data, size_t n)
{
	static const struct imap_options o = {.timeout = 1000};
	struct fault f;
	struct chan *c;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		abort();
	if (write(fds[1], greeting, strlen(greeting)) == -1 ||
	    (n > 0 && write(fds[1], data, n) == -1))
		abort();
	/* Its end stays for reading, so that what we send does not break the line before all is read. */
	shutdown(fds[1], SHUT_WR);
	c = chan_from_fd(fds[0], NULL, &f);
	struct imap *s = c == NULL ? NULL : imap_open_chan(c, &o, true, &f);
	close(fds[1]);
	return s;
}

static void same_command(struct imap *s, const struct mailbox_entry *e)
{
	struct imap_cmd by_name, by_wire;

	imap_cmd_init(&by_name, s, "STATUS");
	imap_cmd_init(&by_wire, s, "STATUS");
	imap_mailbox(&by_name, e->name);
	imap_astring(&by_wire, e->wire, e->wire_len);
	if (by_name.fault.cls != FAULT_NONE || by_wire.fault.cls != FAULT_NONE)
		abort();
	if (strcmp(e->name, "INBOX") != 0 &&
	    (by_name.text.len != by_wire.text.len ||
		memcmp(by_name.text.data, by_wire.text.data, by_wire.text.len) != 0))
		abort();
	imap_cmd_free(&by_name);
	imap_cmd_free(&by_wire);
}

static void same_url(const struct mailbox_entry *e)
{
	char host[] = "h", name[8 * MAILBOXES_NAME_MAX];
	struct url u = {.host = host, .absolute_path = true, .mailbox = name}, back = {0};
	struct fault f;
	struct buf b;

	if (strlen(e->name) >= sizeof(name))
		abort();
	memcpy(name, e->name, strlen(e->name) + 1);
	buf_init(&b, URL_MAX);
	url_build(&b, &u);
	if (buf_failed(&b) || url_parse(&back, b.data, b.len, &f) == -1 || back.mailbox == NULL ||
	    strcmp(back.mailbox, e->name) != 0)
		abort();
	url_free(&back);
	buf_free(&b);
}

static void check(struct imap *s, const struct mailbox_entry *e, unsigned asked)
{
	if (!enc_is_utf8(e->name, strlen(e->name)) || e->wire_len > MAILBOXES_NAME_MAX ||
	    (e->has & ~asked) != 0)
		abort();
	if ((e->bad & NAME_UNUSABLE) != 0)
		return;
	same_command(s, e);
	same_url(e);
	if (!mailboxes_pattern("*", e->name, e->delimiter) ||
	    !mailboxes_pattern(e->name, e->name, e->delimiter))
		abort();
}

static void run(struct imap *s, unsigned bits)
{
	static const char *const entries[] = {"/private/comment", "/shared/comment"};
	static const char *const patterns[] = {"*", "a%"};
	struct mailboxes_query q = {.pattern = patterns,
	    .npattern = 1 + (bits >> 2 & 1),
	    .status = STATUS_UIDVALIDITY | STATUS_MESSAGES | STATUS_SIZE,
	    .subscribed = (bits & 8) != 0,
	    .only_subscribed = (bits & 16) != 0,
	    .only_special = (bits & 32) != 0,
	    .entry = entries,
	    .nentry = (bits & 64) != 0 ? 2 : 0};
	struct namespaces ns = {0};
	const struct mailbox_entry *e;
	struct fault f;
	struct event ev;
	struct mailboxes *m = mailboxes_send(s, &q, &f);

	if (m == NULL)
		abort();
	while (!mailboxes_done(m) && imap_next(s, -1, &ev, &f) == 1) {
		namespaces_event(&ns, s, &ev);
		if (mailboxes_event(m, &ev, &f) == -1)
			break;
		while ((e = mailboxes_pop(m)) != NULL) {
			check(s, e, q.status);
			namespaces_kind(&ns, e->name);
		}
	}
	namespaces_free(&ns);
	mailboxes_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1 || n > INPUT_MAX)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	struct imap *s = open_session(greetings[data[0] & 3], data + 1, n - 1);
	if (s != NULL)
		run(s, data[0]);
	imap_drop(s);
	return 0;
}
